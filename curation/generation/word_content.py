"""The content of a sentence's words, held against the claims that a model read in them.

A model may say how the words of a sentence go together, never what a word means nor that one means nothing. So the
words of each claim must have the content of that claim and no other: its names, numbers, boxes, places, its denial, its
quantity. Every word of content must stand in the words of such a claim, and claims must be joined by words that join.
What is in no list of this file is left over: an unknown word, a name of another scheme, a unit, a brightness, "it".
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from curation.extraction.places import Place
from curation.extraction.tokens import UNKNOWN, Token, tokens_of
from curation.generation.claim_forms import THOUSANDTHS
from curation.pictures.boxes import Box, Dialect
from curation.verification.claims import ANY_OBJECT
from curation.verification.premises import same_box
from schemas.labels import LabelScheme

SILENT: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "there": "", "be": "", "have": "", "see": "", "visible": "", "lie": "", "located": "", "exist": "", "any": "",
        "some": "", "image": "", "do": "do does did", "the": "the this these", "a": "a an", "of": "of",
        "decoration": "clearly plainly also still here indeed certainly overall evidently simply very quite radio",
        UNKNOWN: ". !",
    }.items()
}  # fmt: skip
"""Categories whose words say nothing by themselves; some of their words only, where words are given."""
IN_THE_PICTURE = re.compile(
    r"(?i)(?:in|within|across|throughout) (?:the|this) (?:radio )?(?:image|picture|field|frame|map|cutout|view)"
)
JOINTS = frozenset({"and", "but", "comma", "semi", "colon", "with"})
VERBS = frozenset({"be", "have", "see", "see_not", "visible", "lie", "exist", "lack"})
"""One of them at least: what has none, such as a list of classes, says what its question makes of it."""
OPEN = frozenset({"be", "have", "see", "do", "lack"})
DENIALS = frozenset({"no", "not", "none_of", "nor", "lack", "absent", "see_not"})
NAMES = frozenset({"noun", "sign", "adjective", "phrase", "part", "odd", "blank", "blank_noun", "border_noun", "map"})
QUANTITIES = frozenset({"all", "most", "only"})
VALUED = frozenset({"extreme", "more", "compare", "beside", "number_verb"})
"""Categories whose value is the word of a claim."""
BOUNDS = ("at least", "at most", "about")
HALF = 50.0
AT = frozenset({"in", "at", "on"})
WHERE = frozenset({"image", "box", "point", "map"})
ODD_SIGNS = str.maketrans("", "", " \n\t.,;:!'\"()-")
WITH_THAN = frozenset({"larger", "smaller", "more", "fewer"})
WIDE = ("presence", "box", "place")
"""Kinds that hold of "A or B" where they hold of A, unless they deny."""


@dataclass(frozen=True)
class Quoted:
    """A claim as JSON of known form, and where in the sentence its words stand: [start, end)."""

    claim: Mapping[str, Any]
    start: int
    end: int


@dataclass
class Content:
    """What words say beyond their grammar."""

    names: list[frozenset[str]] = field(default_factory=list[frozenset[str]])
    """Of each name the labels that it may mean, in order."""
    numbers: list[float] = field(default_factory=list[float])
    boxes: list[Box] = field(default_factory=list[Box])
    words: Counter[str] = field(default_factory=Counter[str])
    """Denials ("no"), quantities, bounds, relations, places ("place upper left")."""


def left_over(sentence: str, quoted: Sequence[Quoted], scheme: LabelScheme, dialect: Dialect) -> list[str]:
    """The words of a sentence that say something and that no claim answers for; empty where all of it was read."""
    tokens = tokens_of(sentence, scheme, dialect)
    strange = [sentence[one.start : one.end] for at, one in enumerate(tokens) if not is_known(at, tokens)]
    content = [one for one in tokens if is_content(one)]
    good = [one for one in quoted if answers(one, tokens)]
    open_ = [one for one in content if not any(is_inside(one, each) for each in good)]
    strange += _elliptical(tokens) if content else []
    strange += _signs(sentence, tokens)
    return [*strange, *(sentence[one.start : one.end] for one in open_), *_unjoined(good, tokens, sentence)]


def _elliptical(tokens: Sequence[Token]) -> list[str]:
    """Why a sentence means what its question makes of it: it has no verb, or ends with one."""
    words = [one.category for one in tokens if one.text not in (".", "!")]
    if not VERBS & set(words):
        return ["no verb"]
    return ["nothing after its verb"] if words[-1] in OPEN else []


def is_known(at: int, tokens: Sequence[Token]) -> bool:
    """Whether the words of a token are in one of the lists."""
    one = tokens[at]
    if one.category == "at":
        rest = [each.category for each in tokens[at + 1 : at + 3] if each.category != "the"]
        return one.text.lower() in AT and bool(rest) and rest[0] in WHERE
    if one.category in SILENT:
        words = SILENT[one.category]
        return not words or one.text.lower() in words or bool(IN_THE_PICTURE.fullmatch(one.text))
    return one.category in (*JOINTS, "object", "than", "to") or is_content(one)


def is_content(one: Token) -> bool:
    """Whether a token says something that a claim can say."""
    if one.category in ("fraction", "bound", "bound_after"):
        return one.value in (HALF, *BOUNDS, "exact")
    return one.category in NAMES | DENIALS | QUANTITIES | VALUED | {
        "number", "decimal", "counted", "box", "place", "side", "percent_sign"
    }  # fmt: skip


def _signs(sentence: str, tokens: Sequence[Token]) -> list[str]:
    """Signs that are no words, but for marks of punctuation."""
    rest = "".join(one for at, one in enumerate(sentence) if not any(each.start <= at < each.end for each in tokens))
    odd = rest.translate(ODD_SIGNS)
    return [odd] if odd else []


def is_inside(one: Token, quoted: Quoted) -> bool:
    """Whether a token stands in the words of a claim."""
    return quoted.start <= one.start and one.end <= quoted.end


def answers(quoted: Quoted, tokens: Sequence[Token]) -> bool:
    """Whether the words of a claim have its content and no other."""
    held = [one for one in tokens if one.start < quoted.end and quoted.start < one.end]
    if any(not is_inside(one, quoted) for one in held if is_content(one)) or not _is_one_clause(quoted, tokens):
        return False  # cut through a word, or words of several
    wanted, found = _of_claim(quoted.claim), content_of(held)
    if wanted is None or found.words != wanted.words or sorted(found.numbers) != sorted(wanted.numbers):
        return False
    is_boxed = len(found.boxes) == len(wanted.boxes) and all(map(same_box, found.boxes, wanted.boxes))
    return is_boxed and _is_named(quoted.claim, wanted, found, held) and _is_ordered(quoted.claim, held)


def _is_one_clause(quoted: Quoted, tokens: Sequence[Token]) -> bool:
    """Whether nothing joins the words between the first and the last that say something."""
    held = [one for one in tokens if is_content(one) and is_inside(one, quoted)]
    between = [one for one in tokens if held and held[0].start < one.start < held[-1].start]
    return not any(one.category in JOINTS or one.text in (".", "!") for one in between)


def _is_several(one: Token) -> bool:
    """Whether a name is of more than one thing."""
    is_noun = one.category == "noun" and bool(one.value[1])
    return is_noun or (one.category == "object" and one.text.lower().endswith("s"))


def _is_named(claim: Mapping[str, Any], wanted: Content, found: Content, held: Sequence[Token]) -> bool:
    """Whether every name is one of the claim's, and each of the claim's stands there."""
    labels = {label for one in wanted.names for label in one}
    if claim["kind"] == "box" and any(map(_is_several, held)):
        return False  # "the sources are at [one box]"
    if ANY_OBJECT in labels and not any(one.category == "object" for one in held):
        return False
    is_wide = claim["kind"] in WIDE and not wanted.words["no"] and claim.get("share", "one") == "one"
    ours = [one for one in found.names if one & labels and (is_wide or one <= labels)]
    return len(ours) == len(found.names) and labels - {ANY_OBJECT} <= frozenset().union(*found.names)


def _is_ordered(claim: Mapping[str, Any], held: Sequence[Token]) -> bool:
    """Whether a claim about two names has them where English does: "A … larger than B", "all A are B"."""
    pairs = {"compare": ("what", "than"), "extreme_class": ("what", "label"), "share": ("of", "label")}
    if claim["kind"] not in pairs:
        return True
    one, other = (_places(str(claim[name]), held) for name in pairs[claim["kind"]])
    if not one or not other or one[0] >= other[-1]:
        return False
    first, last = one[0], other[-1]
    if claim["kind"] != "compare":
        return all(at < first for at, each in enumerate(held) if each.category in (*QUANTITIES, "extreme", "fraction"))
    between = [each for each in held[first + 1 : last]]
    said = [each for each in between if each.category in VALUED]
    return bool(said) and (claim["is"] not in WITH_THAN or _has_than(said[-1], between))


def _has_than(relation: Token, between: Sequence[Token]) -> bool:
    is_after = any(one.category == "than" and one.start >= relation.end for one in between)
    return is_after or relation.category == "number_verb"


def _places(subject: str, held: Sequence[Token]) -> list[int]:
    """Where a subject is named among tokens."""
    return [
        at for at, one in enumerate(held)
        if (subject == ANY_OBJECT and one.category == "object") or (one.category in NAMES and subject in labels_of(one))
    ]  # fmt: skip


def labels_of(one: Token) -> frozenset[str]:
    """What a name may mean."""
    if one.category == "map":
        return frozenset({"map"} if len(one.value) == 1 else {"map", "survey"})
    subject = one.value[0] if one.category in ("noun", "phrase") else one.value
    return frozenset(str(subject).split("|"))


def content_of(held: Iterable[Token]) -> Content:
    """The content of words."""
    found = Content()
    for one in held:
        if one.category in NAMES:
            found.names.append(labels_of(one))
            found.words["no"] += one.category == "phrase" and not one.value[1]
        elif one.category in ("number", "decimal", "counted"):
            found.numbers += sorted({float(each) for each in (one.value if one.category == "number" else [one.value])})
        elif one.category == "box":
            found.boxes += [one.value.box] if one.value.box and not one.value.is_rounded else [(0.0, 0.0, 0.0, 0.0)]
        else:
            found.words.update(_words(one))
    found.words = +found.words
    return found


def _words(one: Token) -> list[str]:
    """The words of a claim that a token stands for."""
    if one.category in DENIALS:
        return ["no"]
    if one.category in QUANTITIES:
        return [one.category]
    if one.category in ("place", "side"):
        name = one.value.name if isinstance(one.value, Place) else one.value
        return [f"place {name}", *(["no"] if isinstance(one.value, Place) and one.value.is_outside else [])]
    if one.category == "fraction":
        return ["half"]
    if one.category == "percent_sign":
        return ["%"]
    return [str(one.value)] if one.category in VALUED | {"bound", "bound_after"} and one.value != "exact" else []


def _of_claim(claim: Mapping[str, Any]) -> Content | None:
    """The content that the words of a claim must have; None for kinds whose words nobody can hold against them."""
    kind, n = claim["kind"], claim.get("n")
    if kind == "extent":
        return None
    named = [claim[one] for one in ("label", "what", "than", "of", "where") if one in claim]
    named += [claim["content"]] if kind == "peculiarity" else ["blank"] if kind == "blank_percent" else []
    named += ["map"] if kind == "fact" else []
    is_none = claim.get("state") == "absent" or (n == 0 and kind in ("count", "count_at"))
    said = ["no"] if is_none else ["possible"] if claim.get("state") == "possible" else []
    said += [claim[one] for one in ("is", "share") if one in claim and claim[one] != "one"]
    said += [f"place {claim['place']}"] if "place" in claim else []
    said += [claim["bound"]] if claim.get("bound", "exactly") != "exactly" else []
    said += [kind] if kind == "only" else ["%"] if kind == "blank_percent" else []
    corners = tuple(edge / THOUSANDTHS for edge in claim.get("corners", ()))
    boxes: list[Box] = [(corners[0], corners[1], corners[2], corners[3])] if corners else []
    numbers = [] if n is None or (is_none and not n) else [float(n)]
    return Content([frozenset({str(one)}) for one in named], numbers, boxes, Counter(said))


def _unjoined(good: Sequence[Quoted], tokens: Sequence[Token], sentence: str) -> list[str]:
    """Words of two claims that no word joins, "compact sources ARE extended", or that share some of what they say.

    Of "two compact sources lie on the right" no claim may take the number and another one the place.
    """
    spans = {span_of(one, tokens) for one in good if any(is_inside(each, one) for each in tokens if is_content(each))}
    found, reach = list[str](), 0
    for start, end in sorted(spans, key=lambda one: (one[0], -one[1])):
        gap = [one for one in tokens if reach <= one.start < start]
        opens = next(one.category for one in tokens if one.start == start)
        is_joined = not reach or opens == "nor" or any(one.category in JOINTS for one in gap)
        if (start >= reach and not is_joined) or start < reach < end:
            found.append(sentence[start:end])
        reach = max(reach, end)
    return found


def span_of(quoted: Quoted, tokens: Sequence[Token]) -> tuple[int, int]:
    """From the first to the last word of content."""
    held = [one for one in tokens if is_content(one) and is_inside(one, quoted)]
    return held[0].start, held[-1].end
