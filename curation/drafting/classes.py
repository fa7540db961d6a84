"""Classes of a column as labels of a scheme, each with words drafted from its value, for a person to correct."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curation.drafting.draft import Draft, toml_key
from curation.looking.columns import UNKNOWN_WORDS
from curation.words.english import COMMON, plurals
from schemas.fingerprint import fingerprint
from schemas.labels import LabelDefinition, LabelScheme, package_schemes, plain_label

NAME = re.compile(r"[\w+./()-]+( [\w+./()-]+)*")
UNSURE = re.compile(r"(.+?)\s*(\?+|\(\?\))")
UNKNOWN_CODES = ("-9", "-99", "-999", "-9999", "-99.0", "-999.0")
NOUNS = frozenset(COMMON)


@dataclass
class Classes:
    """The labels of a column: by label the values that mean it with their counts; values that mean nothing known."""

    labels: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    unknown: dict[str, int] = field(default_factory=dict[str, int])
    unsure: dict[str, str] = field(default_factory=dict[str, str])
    """Values that look like another one in doubt, with that other."""

    @property
    def renamed(self) -> dict[str, str]:
        """Label by value, of values that a scheme would not know by themselves."""
        return {
            value: label for label, values in self.labels.items() for value in values
            if plain_label(value) != plain_label(label)
        }  # fmt: skip


def classes_of(values: Mapping[str, int]) -> Classes:
    """The classes among values with their counts. Spellings that differ by case, blanks and dashes are one class."""
    found = Classes()
    for value, n in values.items():
        plain = value.strip().lower()
        if plain in UNKNOWN_WORDS or plain in UNKNOWN_CODES or plain_label(value) == "NONE":
            found.unknown[value] = n
            continue
        if unsure := UNSURE.fullmatch(value.strip()):
            found.unsure[value] = unsure[1]
            found.unknown[value] = n
            continue
        label = _label(value)
        known = next((one for one in found.labels if plain_label(one) == plain_label(label)), label)
        found.labels.setdefault(known, {})[value] = n
    return found


def scheme_draft(draft: Draft, title: str, classes: Classes, column: str, *, kind: str, kind_why: str) -> None:
    """Write the scheme: one label a class, its words borrowed from a scheme of ours or made of its value."""
    draft.note(
        f"What the classes of column {column!r} mean, and the words that questions and descriptions use for them."
    )
    draft.note(
        "Correct the words: they are drafted from the values. `single`: exactly one holds, the others are absent."
    )
    draft.key("title", title, "the name")
    draft.key("cite", "unpublished", "nothing in the files says whom to cite")
    draft.key("kind", kind, kind_why)
    draft.key("about", "source", "a row is one source, and its class is that of the source at the centre")
    for at, (label, values) in enumerate(classes.labels.items()):
        draft.section(f"labels.{toml_key(label)}")
        draft.note("values: " + ", ".join(f"{value!r} ({n:,})" for value, n in values.items()))
        draft.key("id", at)
        aliases = [value for value in values if plain_label(value) != plain_label(label)]
        if aliases:
            draft.key("aliases", aliases)
        for key, (text, why) in words(label).items():
            draft.key(key, text, why)


def words(label: str) -> dict[str, tuple[str, str]]:
    """Definition, noun, noun_one, phrase and absent_phrase of a label, each with what it was guessed from."""
    known = _known(label)
    if known:
        scheme, one = known
        definition, noun_one, noun, why = one.definition, one.noun_one, one.noun, f"as in scheme {scheme.name}"
    else:
        noun_one, why = _noun_one(label), "from the value"
        noun, definition = _plural(noun_one), f"a source that the catalogue calls {label}"
    a_noun = LabelDefinition(id=0, definition=definition, noun=noun, noun_one=noun_one).a_noun_one
    return {
        "definition": (definition, why),
        "noun": (noun, why),
        "noun_one": (noun_one, why),
        "phrase": (f"The source at the centre is {a_noun}.", why),
        "absent_phrase": (f"The source at the centre is not {a_noun}.", why),
    }


def _label(value: Any) -> str:
    """A value as the name of a label: letters, digits, blanks and a few signs."""
    text = str(value).strip()
    if NAME.fullmatch(text):
        return text
    plain = re.sub(r"[^\w+./()-]+", " ", text).strip()
    return plain if NAME.fullmatch(plain) else f"class {fingerprint(text)[:6]}"


def _known(label: str) -> tuple[LabelScheme, LabelDefinition] | None:
    """A label of the package's schemes with that name or alias and with all its nouns; one letter means anything."""
    if len(label) == 1:
        return None
    for scheme in package_schemes().values():
        for name, one in scheme.labels.items():
            if plain_label(label) in {plain_label(two) for two in (name, *one.aliases)} and one.noun and one.noun_one:
                return scheme, one
    return None


def _noun_one(label: str) -> str:
    """`Ring` -> ring, `compact` -> compact source, `FRII` -> FRII source, `100` -> source of class 100."""
    text = " ".join(re.sub(r"[_/]+", " ", label).split())
    text = " ".join(
        word if sum(map(str.isupper, word)) > 1 or re.search(r"\d", word) else word.lower() for word in text.split()
    )
    if re.fullmatch(r"[\d .+-]+", text):
        return f"source of class {text}"
    text = text.strip(" .-+()") or "source"
    last = text.split()[-1]
    singular = next((one for one in NOUNS if last in plurals(one)), None)
    if singular:
        return " ".join([*text.split()[:-1], singular])
    return text if last in NOUNS else f"{text} source"


def _plural(noun_one: str) -> str:
    """Of "source of class 3" the first word, else the last."""
    first, of, rest = noun_one.partition(" of ")
    before, blank, last = first.rpartition(" ")
    return f"{before}{blank}{plurals(last)[0]}{of}{rest}"
