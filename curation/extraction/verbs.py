"""The forms of English verbs, by rule: "shine" and "shines", "shone" where it is irregular, "shining"."""

import re
from collections.abc import Iterator
from typing import NamedTuple

SHORT = re.compile(r"[^aeiou]*[aeiou][bdglmnprt]")
"""Of one syllable, so that the last letter is doubled: "spotted"."""
HISSING = ("s", "x", "z", "ch", "sh", "o")


class Forms(NamedTuple):
    """The forms of a verb, each with the words that stand behind it."""

    present: str
    third: str
    past: str
    participle: str
    gerund: str


def forms(written: str) -> Forms:
    """Of a verb as `verbs.toml` writes it: "spot", "turn up", "see/saw/seen", "break/broke/broken through"."""
    verb, *rest = written.split(" ")
    base, *irregular = verb.split("/")
    past, participle = irregular or (_ended(base, "ed"), _ended(base, "ed"))
    return Forms(*(" ".join([one, *rest]) for one in (base, _third(base), past, participle, _ended(base, "ing"))))


def entries(category: str, written: str) -> Iterator[tuple[str, str]]:
    """The category of each form: what was perceived is visible, and a participle of place needs no "is"."""
    one = forms(written)
    yield from ((category, said) for said in dict.fromkeys((one.present, one.third, one.past)))
    if category == "perceive":
        yield "visible", one.participle
    elif category != "exist":
        yield category, one.gerund


def _third(base: str) -> str:
    if base == "have":
        return "has"
    if base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ies"
    return f"{base}es" if base.endswith(HISSING) else f"{base}s"


def _ended(base: str, ending: str) -> str:
    if ending == "ing" and base.endswith("ie"):
        return f"{base[:-2]}ying"
    if base.endswith("e") and not base.endswith("ee"):
        return f"{base[:-1]}{ending}"
    if ending == "ed" and base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ied"
    return f"{base}{base[-1] if SHORT.fullmatch(base) else ''}{ending}"
