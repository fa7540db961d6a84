"""What is wrong with the words of a scheme, told before anything is spent: each with the sentence it would write."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from curation.words.english import Nouns, faults, head, plurals
from curation.words.every_text import DEFINED, Written, every_text
from curation.words.question import Question, for_scheme
from schemas.doors import door_files
from schemas.errors import RecipeError
from schemas.labels import HERE as SCHEMES
from schemas.labels import LabelDefinition, LabelScheme, label_scheme, label_schemes

EXPECTED = {
    "definition": 'what the label means, such as "a source of two lobes"',
    "phrase": 'a sentence about what has the label, such as "Compact sources are visible."',
    "absent_phrase": "a sentence about what does not have the label",
    "noun": 'several of them, such as "compact sources"',
    "noun_one": 'one of them, such as "compact source"',
}
MAY_BE_EMPTY = "absent_phrase"
LEADS = re.compile(r"(?i)(?:a|an|the|any|no|one|two|some|every|each|\d+) ")
LONGEST = 240
"""Characters of a sentence that a fault shows."""


def question_faults(questions: Mapping[str, Question]) -> list[str]:
    """What is wrong with questions that name schemes or each other."""
    found: list[str] = []
    for one in questions.values():
        for what, named, known in (
            ("label scheme", one.schemes, label_schemes()),
            ("question", one.replaces, questions),
        ):
            strange = [name for name in named if name not in known]
            found += [f"question {one.name}: no {what} {name!r}; known: {', '.join(known)}" for name in strange]
    return found


def word_faults(schemes: Iterable[str], asked: Sequence[Question]) -> list[str]:
    """What is wrong with the words of these schemes where some questions are asked; some seconds for many."""
    found: list[str] = []
    for name in sorted(set(schemes)):
        try:
            found += scheme_faults(label_scheme(name), asked, str(door_files("label_schemes", SCHEMES)[name]))
        except RecipeError as error:
            found.append(str(error))
    return found


def scheme_faults(scheme: LabelScheme, questions: Iterable[Question], file: str = "") -> list[str]:
    """What is wrong with the words of a scheme for these questions: a line for each key, with file and sentence."""
    file, asked = file or f"label_schemes/{scheme.name}.toml", for_scheme(questions, scheme)
    strange = [
        f"question {one.name}: {file} has no label {label}; known: {', '.join(scheme.labels)}"
        for one in asked
        for label in one.named
        if label not in scheme.labels
    ]
    found = dict(_of_fields(scheme))
    if not strange:
        for key, why in _of_texts(_mended(scheme), asked):
            found.setdefault(key, why)
    return [*strange, *(f"{file}: {key}: {why}" for key, why in found.items())]


def nouns_of(scheme: LabelScheme) -> Nouns:
    """The nouns whose number is known, those of the scheme among them."""
    return Nouns.of((one.noun_one, one.noun) for one in scheme.labels.values())


def _of_fields(scheme: LabelScheme) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of single fields, and of fields that two labels share."""
    if not scheme.title.strip() or "\n" in scheme.title:
        yield "title", f"found {scheme.title!r}, expected one line of text"
    for key in EXPECTED:
        first: dict[str, str] = {}
        for label, one in scheme.labels.items():
            text, why = getattr(one, key).strip().lower(), _of_field(key, one)
            other = first.setdefault(text, label) if text and key != "definition" else label
            if why:
                yield f"labels.{label}.{key}", f"{why}; {_example(scheme, label, key)}"
            elif other != label:
                yield f"labels.{label}.{key}", f"as labels.{other}.{key}, expected words that tell the two apart"


def _of_field(key: str, one: LabelDefinition) -> str:
    text: str = getattr(one, key)
    if not text.strip():
        return "" if key == MAY_BE_EMPTY else f"missing, expected {EXPECTED[key]}"
    if text != text.strip() or "\n" in text:
        return f"found {text!r}, expected {EXPECTED[key]}, on one line without blanks around it"
    if key in ("noun", "noun_one") and (LEADS.match(text) or not re.search(r"[\w)'’]$", text)):
        return f"found {text!r}, expected {EXPECTED[key]}, without an article, a number or a full stop"
    return _of_plural(one) if key == "noun" and one.noun_one.strip() else ""


def _of_plural(one: LabelDefinition) -> str:
    """Whether `noun` is `noun_one` for several, by the word that bears the number; short forms may be the same."""
    single, several = head(one.noun_one), head(one.noun)
    if single == several and not (one.noun_one.split()[-1].isupper() or single in ("series", "species")):
        return f"found {one.noun!r}, expected {one.noun_one!r} in the plural"
    if single != several and single in plurals(several):
        return f"found {one.noun!r} for several and {one.noun_one!r} for one, expected the one for the other"
    return ""


def _example(scheme: LabelScheme, label: str, key: str) -> str:
    """What the field as it is would make of a sentence."""
    one = scheme.labels[label]
    if key == "definition":
        return f'a question would say "{label}: {one.definition}"'
    if key in ("phrase", "absent_phrase"):
        return f'a description would say "{getattr(one, key)}"'
    said = f"There are two {one.noun}." if key == "noun" else f"There is one {one.noun_one}."
    return f'a description would say "{said}"'


def _mended(scheme: LabelScheme) -> LabelScheme:
    """The scheme with words in the place of those that are told of by themselves."""
    labels: dict[str, LabelDefinition] = {}
    for label, one in scheme.labels.items():
        instead = {"definition": "a source", "phrase": f"{label} is seen.", "absent_phrase": ""}
        wrong = {key: words for key, words in instead.items() if _of_field(key, one)}
        if _of_field("noun", one) or _of_field("noun_one", one):
            wrong |= {"noun": f"{label} sources", "noun_one": f"{label} source"}
        labels[label] = one.model_copy(update=wrong)
    return scheme.model_copy(update={"labels": labels})


def _of_texts(scheme: LabelScheme, asked: Sequence[Question]) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of whole texts."""
    nouns = nouns_of(scheme)
    for one in every_text(scheme, asked):
        found = faults(one.text, nouns, is_sentence=one.is_sentence)
        if found:
            shown = one.text if len(one.text) <= LONGEST else f"{one.text[:LONGEST]} …"
            yield _key_of(scheme, one), f'{"; ".join(found)}; {one.by} would say "{shown}"'


def _key_of(scheme: LabelScheme, one: Written) -> str:
    """The key whose words a text is made of, as far as it is one."""
    if one.by == DEFINED:
        return f"labels.{one.label}.definition"
    for label, words in scheme.labels.items():
        for key in ("phrase", "absent_phrase"):
            said = getattr(words, key)
            if said and said in one.text:
                return f"labels.{label}.{key}"
    return f"labels.{one.label}" if one.label in scheme.labels else one.by
