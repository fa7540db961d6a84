"""What a question asks: its options, its subject, the form of answer it wants, and what "yes" would say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from curation.extraction.chunks import chunks_of
from curation.extraction.clauses import clause, trimmed
from curation.extraction.constructions import Context, turned_round
from curation.extraction.text import flattened
from curation.extraction.tokens import Token, tokens_of
from curation.verification.claims import ANY_OBJECT, Claim
from schemas.labels import LabelScheme, plain_label

PECULIARITIES = ("ORDINARY", "COMPLEX", "PECULIAR")
ONE_BOX = re.compile(r"(?i)\bone of\b|\bits (?:bounding )?box\b|\bpoint out one\b|\bone (?!bounding|box|each)[\w-]+")
MEASURES = re.compile(
    r"(?i)\bhow (?:large|big|wide|long|high|tall|much|extended)\b|\bwhat (?:is|are) the (?:\w+ )*(?:size|extent|width"
    r"|height|diameter|resolution|length|beam|frequency)\b|\bwhat (?:share|fraction|part|proportion|percentage)\b"
    r"|\bfrequency\b|\bbeam\b"
)


ASKED_POSITIVELY = re.compile(r"(?i)^(\W*(?:is|are|was|were|do|does|did|has|have|ca|could|would))n't\b")
"""Of "aren't there any?": yes and no mean to it what they mean to "are there any?"."""
CHOSEN = re.compile(
    r"(?i)\b(?:the|its)\s+(?:[\w-]+\s+)?(?:larg|small|bigg|bright|left|right|upper|lower|top|bottom|centr|middle|most)"
    r"[\w-]*(?:\s+[\w-]+)*?\s+(?:source|one|object|galaxy|artefact|detection)\b"
)
"""One of several, by its size or place."""


TURNING = frozenset(
    {"compare", "compare_verb", "beside", "surround", "surrounded", "number_verb", "absent", "lack", "reject", "than",
     "extreme", "most", "minority", "besides", "only", "nothing_else", "with_ex", "see_not", "not", "rather"}
)  # fmt: skip
"""What stands in a question that asks for something else than what is there."""
TURNED = re.compile(
    r"(?i)\b(?:absent|missing|lacking|excluded?|ruled out|rejected|not|cannot|most|least|dominant|prevalent|rarest"
    r"|majority|minority|next to|surround\w*|encircl\w+|accompan\w+|flank\w*|neighbou?r\w*|wrong|unlikely|impossible"
    r"|fails?|without|except|besides|instead|rather)\b|n't\b"
)

ABSENT = re.compile(
    r"(?i)\b(?:(?:is|are|were) (?:absent|missing|lacking|excluded|ruled out)"
    r"|(?:is|are|were) not (?:present|seen|visible|found|there|it|this)"
    r"|(?:can|could) be (?:excluded|ruled out)|(?:do|does)(?: not|n't) (?:apply|occur|appear|hold|fit|exist)"
    r"|is (?:it|this|the source) not)\b(?! (?:an?|the)\b)"
)
EACH = re.compile(r"(?i)\b(?:each|per|every)\b(?! cent)")
"""Of "how many peaks does each island have?", whose answer is no number of all."""
HOW_MANY_EACH = re.compile(r"(?i)\bhow many\b[^?.]*\b(?:each|per|every)\b(?! cent)")
WHAT = re.compile(r"(?i)\W*(?:and |so |but )?(?:what|which|who|where|name|tell)\b")
ABSENT_OPTIONS = re.compile(
    r"(?i)\bwhich (?:one )?of (?:these|the|those)[^.?\n]*"
    r"\b(?:absent|missing|not|excluded|ruled out|cannot|\w+n't)\b[^.\n]*\?"
)


@dataclass(frozen=True)
class Asked:
    """What a question is about."""

    options: tuple[str, ...] = ()
    """The classes offered, one a line; empty where it offers none."""
    subject: str | None = None
    """The label, "source", "blank" or "edge" it asks about."""
    is_boxes: bool = False
    is_count: bool = False
    is_class: bool = False
    is_polar: bool = False
    is_where: bool = False
    is_plural: bool = False
    """Where several things are."""
    is_one: bool = False
    """It asks for the box of one object, not of all."""
    is_odd: bool = False
    """It asks how ordinary the picture is."""
    proposition: tuple[Claim, ...] = ()
    """What "yes" says."""
    measured: str | None = None
    """"size", "beam" or "frequency" of the picture, "blank", or "share" or "angle" of the subject, with its axis."""
    parts: str | None = None
    """"islands" or "peaks", where their number is asked for."""
    extreme: str | None = None
    place: str | None = None
    is_of_some: bool = False
    """It names some, of which the answer tells those that are there."""
    is_negative: bool = False
    """It denies: what "no" means to it nobody knows."""
    choices: tuple[str, ...] = ()
    """The labels between which it lets choose, in its order."""
    compared: str | None = None
    """"larger" or "smaller", where it lets choose between two."""
    is_turned: bool = False
    """It asks for what is not there, is more, is beside something: a name alone does not say that it is there."""
    is_absent: bool = False
    """It asks which classes are not there."""
    leading: str | None = None
    """What it speaks of first: not the class in "is the central source compact?"."""
    is_about_the_source: bool = False
    """It asks of the source at the centre, which an answer of a noun then means."""

    @property
    def is_peculiarity(self) -> bool:
        """Whether the options are those of peculiarity, not labels of the scheme."""
        return set(self.options) >= set(PECULIARITIES)


@lru_cache(maxsize=4096)
def _words(question: str) -> str:
    return flattened(question)[0]


def read_question(question: str, scheme: LabelScheme) -> Asked:
    """What is asked: its options, its subject, and the form of answer it wants."""
    known = {plain_label(label): label for label in (*scheme.labels, *PECULIARITIES)}
    options: list[str] = []
    rest: list[str] = []
    for line in _words(question).split("\n"):
        label = known.get(plain_label(line))
        if label:
            options.append(label)
        elif plain_label(line.split(":")[0]) not in known:  # a line "LABEL: meaning" is a definition
            rest.append(line)
    text = ASKED_POSITIVELY.sub(r"\1", " ".join(rest))
    tokens = chunks_of(
        (text if rest[1:] else re.split(r"(?<=[?.:])\s", text.strip())[0]).rstrip("?. "),
        scheme,
        "xyxy_norm",
    )
    nouns = [one for token in tokens if token.category == "np" for one in token.value.nouns]
    labels = [one.subject for one in nouns if one.subject not in ("it", ANY_OBJECT)]
    generic = [one.subject for one in nouns if one.subject == ANY_OBJECT]
    said = [one.value for one, before in zip(tokens[1:], tokens, strict=False) if before.category == "be"
            and one.category == "adjective" and not before.is_denied]  # fmt: skip
    parts = [one.value.what for one in tokens if one.category == "parts"]
    polar = bool(re.match(r"(?i)\W*(?:is|are|was|were|do|does|did|can|could|has|have|would|will|isn't|aren't)\b", text))
    is_count = bool(re.search(r"(?i)\b(?:how many|number of|count)\b", text))
    is_class = bool(
        re.search(
            r"(?i)\b(?:class|classes|classify|classification|types?|morpholog\w+|kinds?|which of|what is)\b", text
        )
    )
    is_blank = any(one.category == "blank" for one in tokens)
    is_negative = bool(re.search(r"(?i)\b(?:no|not|none|nothing)\b|n't\b", text))
    is_negative |= is_count and HOW_MANY_EACH.search(text) is not None
    labels = [] if is_count and is_negative else labels or ([str(one) for one in said] if is_count else [])
    first = re.split(r"(?<=[?.])\s", text.strip())[0]
    is_what = bool(WHAT.match(first)) and not (is_count or options)
    is_turned = is_what and bool(TURNED.search(first) or any(one.category in TURNING for one in tokens))
    is_turned |= bool(options) and ABSENT_OPTIONS.search(text) is not None
    return Asked(
        options=tuple(options),
        subject=labels[0] if labels else "blank" if is_blank else None if is_count and is_negative
        else generic[0] if generic else None,
        is_boxes=bool(re.search(r"(?i)\bbox(?:es)?\b", text)),
        is_negative=is_negative,
        choices=tuple(dict.fromkeys(labels)) if re.search(r"(?i)\bor\b", text) else (),
        is_count=is_count, is_class=is_class, is_polar=polar,
        is_of_some=bool(re.search(r"(?i)\bwhich (?:\w+ )?of (?:the|these|those)\b", text)) and not options,
        is_where=bool(re.search(r"(?i)\bwhere\b|\bin which (?:part|quadrant|half|corner|area|region)\b", text)),
        is_plural=bool(re.search(r"(?i)\bare\b", text)),
        is_one=bool(CHOSEN.search(text) or (ONE_BOX.search(text) and ONE_BOX.search(_unnamed(text, scheme)))),
        is_odd=bool(re.search(r"(?i)\bordinary|\bpeculiar\b.*\bcomplex|\bcomplex\b.*\bpeculiar", text)),
        proposition=proposition(tokens, Context(scheme)) if polar else (),
        measured=_measured(text, is_blank=is_blank, has_source=bool(nouns)),
        parts=parts[0] if parts and (is_count or "how many" in text.lower()) and not EACH.search(text) else None,
        extreme=next((one.extreme for one in nouns if one.extreme), None)
        or next((str(one.value) for one in tokens if one.category == "extreme" and not polar), None),
        compared=next((str(one.value) for one in tokens if one.category == "compare" and not polar), None),
        is_turned=is_turned,
        is_absent=is_turned and ABSENT.search(first if is_what else text) is not None,
        leading=nouns[0].subject if nouns else None,
        place=next((one.value.name for one in tokens if one.category == "place"), None),
        is_about_the_source=scheme.about == "source" and (is_class or bool(generic)) and not is_count,
    )  # fmt: skip


def _unnamed(text: str, scheme: LabelScheme) -> str:
    """The text without names of classes: "one" of "a source of one island" is no number of boxes."""
    for one in tokens_of(text, scheme, "xyxy_norm"):
        if one.category in ("noun", "adjective"):
            text = text[: one.start] + " " * (one.end - one.start) + text[one.end :]
    return text


def proposition(tokens: Sequence[Token], context: Context) -> tuple[Claim, ...]:
    """What "yes" says: the question as a statement, its verb after its subject."""
    tokens = trimmed(tokens)
    first, rest = tokens[0] if tokens else None, list(tokens[1:])
    if first is None or first.is_denied:
        return ()
    orders = (
        [[*rest[:at], first, *rest[at:]] for at in range(1, len(rest) + 1)] + [rest]
        if first.category in ("be", "have", "lie")
        else [rest, list(tokens)]
    )
    for order in orders:
        made = clause([replace(one, start=at, end=at + 1) for at, one in enumerate(order)], context)
        if made is not None and made.claims:
            return tuple(one.claim for one in made.claims)
    return ()


def _measured(text: str, *, is_blank: bool, has_source: bool) -> str | None:
    """What a question wants measured."""
    if not MEASURES.search(text):
        return None
    for word in ("frequency", "beam", "resolution"):
        if re.search(rf"(?i)\b{word}\b", text):
            return "beam" if word == "resolution" else word
    if is_blank:
        return "blank"
    axis = re.search(r"(?i)\b(?:width|wide|height|high|tall)\b", text)
    along = f" {'width' if axis[0].lower() in ('width', 'wide') else 'height'}" if axis else ""
    if has_source:
        is_share = re.search(
            r"(?i)\bhow much\b|\bcompared with\b|\bshare\b|\bfraction\b|\bproportion\b|\bper ?cent", text
        )
        return f"{'share' if is_share else 'angle'}{along}"
    return "size"


def denied(claims: Sequence[Claim]) -> Claim:
    """What "no" says: which of several things does not hold, nobody can tell."""
    if len(claims) != 1:
        return Claim("unread", "no to several things that were asked")
    return turned_round(claims[0]) or Claim("unread", "no to what was asked")
