"""What readers of replies share: what may be answered, what was read, and where classes stand in a text.

Nothing but the standard library is used here: an exported lmms-eval task carries this file along.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

STRICT = ("exact", "alias")
NEGATION = re.compile(
    r"\b(NO|NOT|WITHOUT|NEITHER|NOR|CANNOT|ABSENT|ABSENCE|NEVER|HARDLY|LACKS?|LACKING|UNLIKE|UNLIKELY|EXCLUD\w+|"
    r"ELIMINAT\w+|RUL(?:E|ED|ES|ING) OUT|RATHER THAN|INSTEAD OF|ANYTHING BUT|FREE (?:OF|FROM)|DEVOID)\b|N'T\b"
)
DENIED = re.compile(  # after what it denies, in the same clause
    r"\b(?:IS|ARE|WAS|WERE|DOES|DO|DID|CAN|COULD|WOULD|SHOULD|SEEMS?|HAS|HAVE)\s*(?:NOT\b|N'T\b|NO\b|NOWHERE\b)|"
    r"[:=?-]\s*NO(?=$|\s*[,.;])|\b(?:CANNOT|UNLIKELY|EXCLUDED|DISCARDED|REJECTED|DISMISSED|ELIMINATED|RULED OUT|WRONG|"
    r"INCORRECT|ABSENT|FALSE|IMPOSSIBLE|MISSING|LACKING|OUT OF THE QUESTION|DOES NOT|FAILS?)\b"
)
LEAD = re.compile(
    r"^\s*(?:THE\s+)?(?:FINAL\s+)?(?:ANSWER|RESPONSE|ASSISTANT|CLASS(?:ES|IFICATION)?|LABELS?|CONCLUSION)"
    r"(?:\s+(?:IS|ARE))?\s*[:=]\s*",
    re.IGNORECASE,
)
DASHES = re.compile("[‐-―−﹘﹣－-]")
QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
# Fanaroff-Riley classes and Radio Galaxy Zoo's counts, written otherwise.
ROMAN = {"0": "0", "1": "I", "2": "II", "I": "I", "II": "II"}
FANAROFF_RILEY = re.compile(
    r"\b(?:FANAROFF\s*(?:-|AND|&)?\s*RILEY(?:'S)?|FR)[\s-]*(?:TYPE|CLASS|CATEGORY|MORPHOLOGY)[\s-]*(II|I|[012])\b(?!\s*/)|"
    r"\bFANAROFF\s*(?:-|AND|&)?\s*RILEY(?:'S)?[\s-]*(?:FR[\s-]*)?(II|I|[012])\b(?!\s*/)|"
    r"\b(?:TYPE|CLASS)[\s-]*(II|I|[12])\s+FANAROFF\s*(?:-|AND|&)?\s*RILEY\b|\bFR[\s-]?(II|I)'?S\b",
    re.IGNORECASE,
)
PEAKS = re.compile(r"(?<![\w-])([1-9]C)\s*[/_-]?\s*([1-9]P)(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True)
class Vocabulary:
    """What may be answered to a benchmark."""

    answer: str
    """labels, one-label or yes-no."""
    classes: tuple[str, ...]
    none: str = ""
    """The answer for no class at all; empty where there is none."""
    joiner: str = ", "
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other spellings, each with the class it means."""
    paper_classes: tuple[str, ...] = ()
    """All classes of the original's list, NONE included where it had one."""
    subjects: tuple[str, ...] = ()
    """Of yes-no: nouns for what is asked about; "no" before another noun answers something else."""
    question: str = ""


@dataclass(frozen=True)
class Answer:
    """What a reply says: `labels` are classes in the benchmark's order (none: NONE), or None: not readable."""

    labels: tuple[str, ...] | None
    status: str
    n_unknown: int = 0
    """Pieces that are no answer."""
    taken: tuple[str, ...] = ()
    """The words that were taken as the answer, in capitals and without markup; empty where none were."""

    @property
    def strict(self) -> tuple[str, ...] | None:
        """The classes where the whole reply is an allowed answer, else None: wrong."""
        return self.labels if self.status in STRICT else None


@dataclass(frozen=True)
class Mention:
    """A class in a text, and from where to where."""

    label: str
    start: int
    end: int


def unmarked(text: str) -> str:
    """One kind of dash and of quote; without markdown, quotes, brackets, end punctuation and a lead; case as it was."""
    text = DASHES.sub("-", unicodedata.normalize("NFKC", text).translate(QUOTES))
    text = re.sub(r"(?<=\s)\(|\)(?=\s+\w)", ", ", text)  # an aside is a clause of its own
    text = re.sub(r'[*`"\[\](){}<>]|^\s*(?:#+|>)\s*', "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<![A-Za-z0-9])[_']+|[_']+(?![A-Za-z0-9])", "", text)  # emphasis and single quotes about a word
    text = re.sub(r"^\s*(?:[-+•]|\d{1,2}[.)](?=\s))\s+", "", text, flags=re.MULTILINE)  # the marks of a list
    text = LEAD.sub("", text.strip(" \n\t,"))
    is_question = re.search(r"\?[\s.,;:!]*$", text)
    said = re.sub(r"[\s.,;:!?]+$", "", text).strip()
    return f"{said}?" if said and is_question else said


def spelled_alike(text: str) -> str:
    """Classes that are written in words or run together, as they are listed: FR-II, 2C-3P."""
    text = FANAROFF_RILEY.sub(_listed, text)
    return PEAKS.sub(lambda found: f"{found[1]}-{found[2]}".upper(), text)


def _listed(found: re.Match[str]) -> str:
    number = next(filter(None, found.groups())).upper()
    return f"FR-{ROMAN[number]}" + (" galaxies" if found[4] else "")


def sentences(said: str) -> list[tuple[str, bool]]:
    """Each sentence, and whether it asks: what a model asks itself it does not say."""
    found = [one.strip() for one in re.split(r"(?<=[.!?;])\s+|(?<=[?;])|\n+", said)]
    return [(one.strip(" .!?;"), one.endswith("?")) for one in found if one.strip(" .!?;")]


def in_order(found: set[str], words: Vocabulary) -> tuple[str, ...]:
    """Classes as the benchmark lists them; NONE is no class: the empty tuple."""
    return tuple(one for one in words.classes if one in found)


def whole(said: str, words: Vocabulary) -> tuple[str, bool] | None:
    """The answer that the whole text is, and whether by an alias."""
    said = said.strip(" ?")
    for text, is_spelled in ((said, False), (spelled_alike(said), True)):
        for spelling, label in spellings(words):
            if _key(spelling) == _key(text):
                return label, is_spelled or spelling != label
    return None


def mentions(said: str, words: Vocabulary) -> list[Mention]:
    """Every answer that is a whole token of a text in capitals, in its order; DIFFUSE-LARGE is not DIFFUSE."""
    found, rest = list[Mention](), said
    for spelling, label in sorted(spellings(words), key=lambda one: (-len(one[0]), one[0])):
        inside = r"[\s_-]+".join(re.escape(part) for part in re.split(r"[\s_-]+", spelling.upper()))
        pattern = re.compile(rf"(?<![A-Z0-9/-]){inside}(?![A-Z0-9/]|-[A-Z0-9])")
        found += [Mention(label, one.start(), one.end()) for one in pattern.finditer(rest)]
        rest = pattern.sub(lambda one: "." * len(one[0]), rest)
    return sorted(found, key=lambda one: one.start)


def spellings(words: Vocabulary) -> list[tuple[str, str]]:
    """Every way of writing an answer, and the answer."""
    own = [(one, one) for one in (*words.classes, *((words.none,) if words.none else ()))]
    return own + list(words.aliases.items())


def _key(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().upper())
