"""What a question asks: its options, its subject, the form of answer it wants, and what "yes" would say."""

import re
import unicodedata
from dataclasses import dataclass

from curation.extraction import grammar as g
from curation.extraction.clauses import Clause
from curation.extraction.nouns import Context, Noun, nouns
from curation.extraction.places import places
from curation.extraction.quantities import BLANK, EDGE
from curation.extraction.statements import statements
from curation.verification.claims import ANY_OBJECT, Claim
from schemas.labels import LabelScheme, Truth, plain_label

PECULIARITIES = ("ORDINARY", "COMPLEX", "PECULIAR")

ASKS = re.compile(
    r"(?i)(?:^|[.!?\n:]\s*)\W*(?P<aux>is|are|was|were|do|does|did|can|could|has|have|will|would|isn't|aren't"
    r"|doesn't|don't|can't|may)\b(?P<rest>[^?]*)\?"
)

ONE_BOX = re.compile(r"(?i)\bone of\b|\bits (?:bounding )?box\b|\bpoint out one\b|\bone (?!bounding|box|each)[\w-]+")

PARTS = re.compile(r"(?i)\bhow many\s+(?:[\w-]+\s+){0,3}?(?P<what>islands?|components?|peaks?|maxima)\b")

LOOKALIKES = str.maketrans("аеорсухіјАВЕКМНОРСТХІοιανΟΑΒΕΗΙΚΜΝΡΤΧ", "aeopcyxijABEKMHOPCTXIoiavOABEHIKMNPTX")


@dataclass(frozen=True)
class Asked:
    """What a question is about."""

    options: tuple[str, ...]
    """The classes offered, one a line; empty where it offers none."""
    subject: str | None
    """The label, "source", "blank" or "edge" it asks about."""
    is_boxes: bool
    is_count: bool
    is_class: bool
    proposition: tuple[Claim, ...] = ()
    """What "yes" says, where more is asked than whether something is there."""
    is_negative: bool = False
    """It asks whether something is not there, so that nobody can tell what "no" says."""
    is_odd: bool = False
    """It asks how ordinary the picture is."""
    is_any: bool = False
    """It asks whether there are any sources at all."""
    place: str | None = None
    """Where those are whose number is asked for."""
    is_one: bool = False
    """It asks for the box of one object, not of all."""
    is_polar: bool = False
    """It wants yes or no."""
    is_where: bool = False
    extreme: tuple[str, str] | None = None
    """The superlative it asks about, and of what."""
    measured: str | None = None
    """What is to be measured: "size" of the picture, "beam", or "angle" or "share" of the subject, with its axis."""
    parts: str | None = None
    """"islands" or "peaks", where their number is asked for."""

    @property
    def is_peculiarity(self) -> bool:
        """Whether the options are those of peculiarity, not labels of the scheme."""
        return set(self.options) >= set(PECULIARITIES)


def flattened(text: str) -> tuple[str, list[int]]:
    """The text without invisible characters, in plain letters, and where in it each character stood."""
    letters: list[str] = []
    where: list[int] = []
    for at, character in enumerate(text):
        if unicodedata.category(character) in ("Cf", "Mn"):
            continue
        if character in " \t\u00a0" and letters and letters[-1] == " ":
            continue
        for one in g.plain(unicodedata.normalize("NFKC", g.plain(character)).replace("⁄", "/").translate(LOOKALIKES)):
            letters.append(one)
            where.append(at)
    return g.plain("".join(letters)), [*where, len(text)]


def read_question(question: str, scheme: LabelScheme) -> Asked:
    """What is asked: its options, its subject, and the form of answer it wants."""
    text, words = flattened(question)[0], g.grammar(scheme)
    known = {plain_label(label): label for label in (*scheme.labels, *PECULIARITIES)}
    options: list[str] = []
    rest: list[str] = []
    for line in text.split("\n"):
        label = known.get(plain_label(line))
        if label:
            options.append(label)
        elif plain_label(line.split(":")[0]) not in known:  # a line "LABEL: meaning" is a definition
            rest.append(line)
    asked = " ".join(rest)
    proposition, is_negative = _proposition(asked, words)
    unnamed = g.blanked(asked, ((one.start, one.end) for one in words.mentions(asked)))  # "of one island" names a class
    parts = PARTS.search(unnamed)
    extreme = next((one for one in _nouns(asked, words) if one.extreme), None)
    return Asked(
        options=tuple(options),
        subject=_subject(asked, words),
        is_boxes=bool(re.search(r"(?i)\bbox(?:es)?\b", asked)),
        is_count=bool(re.search(r"(?i)\b(?:how many|number of|count)\b", asked)),
        is_class=bool(
            re.search(
                r"(?i)\b(?:class|classes|classify|classification|types?|morpholog(?:y|ical)|kinds?|which of)\b", asked
            )
        ),
        proposition=proposition,
        is_negative=is_negative,
        is_odd=bool(re.search(r"(?i)\bordinary|\bpeculiar\b.*\bcomplex|\bcomplex\b.*\bpeculiar", asked)),
        is_any=bool(re.search(r"(?i)\bany\s+(?:(?:catalogu?ed|radio|visible)\s+)*(?:sources?|objects?)\b", asked)),
        place=next((one.name for one in places(asked)), None),
        is_one=bool(ONE_BOX.search(unnamed)),
        is_polar=bool(ASKS.search(asked)),
        is_where=bool(re.search(r"(?i)\bwhere\b|\bin which (?:part|quadrant|half|corner|area|region)\b", asked)),
        extreme=(str(extreme.extreme), str(extreme.subject)) if extreme else None,
        measured=_measured(asked),
        parts=None if parts is None else "peaks" if parts["what"].lower().startswith(("peak", "max")) else "islands",
    )


def _nouns(text: str, words: g.Grammar) -> list[Noun]:
    """The nouns of a question."""
    mentions = words.mentions(text)
    return nouns(text, Clause(0, len(text)), mentions, Context(), is_central=False)


def _measured(text: str) -> str | None:
    """What a question wants measured."""
    if not MEASURES.search(text):
        return None
    if re.search(r"(?i)\b(?:beam|resolution)\b", text):
        return "beam"
    axis = re.search(r"(?i)\b(?:width|wide|height|high|tall)\b", text)
    along = f" {'width' if axis[0].lower() in ('width', 'wide') else 'height'}" if axis else ""
    if re.search(
        r"(?i)\b(?:sources?|objects?|galax(?:y|ies)|artifacts?|regions?|nebulae?|remnants?|binar(?:y|ies)"
        r"|stars?|pulsars?|variables?|filaments?|structures?|take up|compared)\b",
        text,
    ):
        is_share = re.search(
            r"(?i)\bhow much\b|\bcompared with\b|\bshare\b|\bfraction\b|\bproportion\b|\bper ?cent", text
        )
        return f"{'share' if is_share else 'angle'}{along}"
    return "size" if re.search(r"(?i)\b(?:image|picture|field|cutout|map|side)\b", text) else f"angle{along}"


MEASURES = re.compile(
    r"(?i)\bhow (?:large|big|wide|long|high|tall|much|extended)\b|\bwhat (?:is|are) the (?:angular "
    r"|approximate )*(?:size|extent|width|height|diameter|resolution|length|beam)\b|\bwhat (?:share|fraction"
    r"|part|proportion|percentage)\b"
)


def _subject(text: str, words: g.Grammar) -> str | None:
    mentions = words.mentions(text)
    if mentions:
        return mentions[0].label
    blank = BLANK.search(text)
    if blank:
        return "edge" if EDGE.search(text) else "blank"
    return ANY_OBJECT if re.search(r"(?i)\b(?:sources?|objects?)\b", text) else None


SPECIFIC = (
    "peculiarity", "position", "extreme", "share", "only", "more", "fewer", "equal", "larger", "smaller", "left",
    "right", "above", "below", "nearer", "extent", "structure", "count", "north", "south", "east", "west", "north-east",
    "north-west", "south-east", "south-west", "orientation",
)  # fmt: skip


def _proposition(text: str, words: g.Grammar) -> tuple[tuple[Claim, ...], bool]:
    """What "yes" says to a question, beyond that a class is there; and whether it is asked in the negative."""
    asks = ASKS.search(text)
    if not asks:
        return (), False
    rest = f"{asks['aux'].removesuffix(chr(39) + 't').removesuffix('n')} {asks['rest'].strip()}."
    subject_first = re.sub(
        r"(?i)^(is|are|was|were)\s+((?:the|all|most|both|any of the|none of the|half of the)\b.*)", r"\2", rest
    )
    said = [one.claim for one in statements(_declared(rest, subject_first, words), words)]
    special = [one for one in said if one.kind in SPECIFIC]
    labels = list(dict.fromkeys(one.subject for one in said if one.kind == "presence" and one.state is Truth.PRESENT))
    if not special and len(labels) > 1:
        if re.search(r"(?i)\bor\b", text):
            special = [Claim("presence", "|".join(labels))]
        else:
            special = [Claim("presence", one) for one in labels]
    if not special and re.search(r"(?i)\b(?:whole|entire)\s+(?:image|picture|field)\s+covered\b", text):
        special = [Claim("border", "blank", Truth.ABSENT)]
    if not special and re.search(r"(?i)\breach(?:es)? the (?:border|edge|end) of the (?:map|mosaic|survey)\b", text):
        special = [Claim("border", "edge")]
    denied = [one for one in said if one.kind in ("presence", "border") and one.state is Truth.ABSENT]
    if denied and not special and not re.search(r"(?i)\b(?:no|not|none|never|nothing)\b", rest):
        special = denied  # "is it free of artefacts": a plain question
    return tuple(special), bool(denied) and not special


def _declared(asked: str, subject_first: str, words: g.Grammar) -> str:
    """A question as a statement: "is the largest source on the left" as "the largest source is on the left"."""
    if asked == subject_first:
        return re.sub(r"(?i)^(?:is|are|was|were) there\b", "there are", asked)
    held = _nouns(subject_first, words)
    end = held[0].end if held else 0
    where = re.match(r"(?i)\s+(?:in|at) the (?:cent(?:re|er)|image|picture)\b", subject_first[end:])
    end += where.end() if where else 0
    verb = asked.split(" ", 1)[0]
    return f"{subject_first[:end]} {verb}{subject_first[end:]}" if held else subject_first
