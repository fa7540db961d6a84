"""Templates of answers: what is left of them without names, numbers and boxes; a view that the report and a rule count.

An answer whose form its question prescribes is left out: a list of classes, of boxes, a single word. Of all others
of a corpus no template should be more than 2 % (`rules/no_template_too_frequent.sql`).
"""

import re

from curation.realisation.nouns import ANY_NOUN, WORDS
from schemas.labels import label_schemes

SHORTEST = 2
"""Letters of a name; a class of one letter cannot be told from a word."""


def templates_view() -> str:
    """The statement that makes `templates`: dataset, kind, template, n, an example."""
    boxes, number = r"\[[-0-9., ]+\]", r"(?i)\b(?:[0-9]+(?:[.,][0-9]+)*|" + "|".join(WORDS) + r")\b"
    names = [(_names(is_label=is_label), "NAME") for is_label in (False, True)]
    told = _replaced("turn.answer", (boxes, "[]"), (r"\[\](?:, \[\])+", "[]"), *names, (number, "#"))
    return f"""
        CREATE VIEW templates AS
        SELECT dataset, turn.kind AS kind, {told} AS template, count(*) AS n, min(turn.answer) AS example
        FROM (SELECT dataset, unnest(turns) AS turn FROM conversations)
        WHERE turn.kind NOT IN ('class', 'labels') AND contains(trim(turn.answer), ' ')
              AND NOT regexp_full_match(trim(turn.answer), '{boxes}(, {boxes})*')
        GROUP BY ALL
    """


def _names(*, is_label: bool) -> str:
    """The labels as they are spelt, or the nouns for what has them; the longer ones first."""
    labels = [(name, one) for scheme in label_schemes().values() for name, one in scheme.labels.items()]
    nouns = {*ANY_NOUN, *(noun for _, one in labels for noun in (one.noun, one.noun_one))}
    names = {name for name, _ in labels} if is_label else nouns
    told = sorted((one for one in names if len(one) >= SHORTEST), key=lambda one: (-len(one), one))
    return rf"{'' if is_label else '(?i)'}\b(?:an? )?(?:" + "|".join(map(re.escape, told)) + r")\b"


def _replaced(text: str, *rules: tuple[str, str]) -> str:
    for pattern, word in rules:
        text = f"regexp_replace({text}, '{_quoted(pattern)}', '{word}', 'g')"
    return text


def _quoted(text: str) -> str:
    return text.replace("'", "''")
