"""What a sentence says of each class that it names: that it is there, that it is not, or neither.

A class that is denied, asked about, supposed, or described as a kind is not said. Nothing but the standard library is
used here: an exported lmms-eval task carries this file along.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evaluate.tasks.reply_words import DENIED, NEGATION, Mention

HELD, DENIES, HEDGED, OPEN, EITHER = "held", "denied", "hedged", "open", "either"

# Between members of one list.
GLUE = re.compile(r"\s*(?:,|&|/|\bAND\b|\bOR\b|\bNOR\b|\bVS\b|\bVERSUS\b|\b(?:AN?|THE|ANY|BOTH|ALSO|OF)\b|\s)*\s*")
# What ends the reach of a "not" that stands before; "all but" and the like are no ends.
ENDS_BEFORE = re.compile(
    r"[,;|]|\s-\s|\b(?:(?<!ANYTHING )(?<!EVERYTHING )(?<!NOTHING )(?<!NONE )(?<!ALL )(?<!CLASSES )BUT|HOWEVER|WHILE|"
    r"WHEREAS|ALTHOUGH|THOUGH|SINCE|BECAUSE|SO|HENCE|THEREFORE|THUS|WHICH|WHERE|YET|LEAVING|LEAVES|REMAINS|"
    r"AND(?=\s+(?:IT|THIS|THE|SO|I|THERE|FOR|IS|IN FAVOU?R)\b))\b"
)
ENDS_AFTER = re.compile(r"[,;|]|\b(?:SINCE|BECAUSE|AS|WHILE|WHEREAS|AND|WITH|BUT|WHERE|WHICH|THAT|SO)\b")
IS_THIS = re.compile(r"\b(?:IT|THIS|THAT)(?: IS|'S| MUST BE)\b")
REJECTS = re.compile(
    NEGATION.pattern
    + r"|\b(?:DISCARD\w*|REJECT\w*|DISMISS\w*|DOUBT\w*|FAR FROM|HESITATE\w*|RELUCTANT|FAIL\w*|NOTHING|OPPOSED TO|THAN|"
    r"EXCEPT|LITTLE|FEW|TOO(?: \w+){1,3} (?:FOR|TO)|CONFUS\w+|MISTAK\w+|WRONG|INCORRECT|AGAINST|DENY|NONE OF|MISSING)\b"
)
OF_OPINION = re.compile(  # reaches over "it is"
    r"(?:\bNOT|N'T|\bNEVER|\bHARDLY)\s+(?:\w+\s+)?(?:THINK|BELIEVE|SAY|CALL|SURE|CERTAIN|CLEAR|CONVINCED|CLAIM|"
    r"SUGGEST|MEAN)\b|"
    r"\b(?:DOUBT\w*|UNSURE|UNCERTAIN|UNCLEAR|UNLIKELY|WRONG|INCORRECT|HESITATE\w*|RELUCTANT)\b"
)
HEADING = re.compile(
    r"\b(?:ABSENT|NOT (?:PRESENT|SEEN|VISIBLE|FOUND)|MISSING|EXCLUDED|RULED OUT|NO)\s*:\s*(?:AN?\s+)?$"
)
ALL_BUT = re.compile(
    r"\b(?P<all>EVERYTHING|ALL(?: \w+){0,2}|EVERY \w+)\s+(?:BUT|EXCEPT(?: FOR)?|OTHER THAN|APART FROM|"
    r"BESIDES)\s+(?:AN?\s+|THE\s+)?$|"
    r"\b(?:NOTHING|NONE|NO (?:OTHER )?\w+)\s+(?:BUT|EXCEPT(?: FOR)?|OTHER THAN|APART FROM|BESIDES)\s+(?:AN?\s+|"
    r"THE\s+)?$"
)
TAKEN_BACK = re.compile(
    r"^[^;]*?\bBUT (?:I )?(?:HAVE )?(?:RULED|EXCLUDED|REJECTED|DISCARDED|DISMISSED) (?:IT|THIS|THAT)\b|"
    r"^[^;]*?\bBUT IT (?:IS|WAS|DOES|DID)\s*(?:NOT|N'T)\b"
)
NOT_EXCLUDED = re.compile(
    r"\b(?:NOT|CANNOT|CAN'T|COULDN'T|HARDLY|NEVER)\s+(?:BE\s+)?(?:\w+\s+)?(?:EXCLUDED|RULED OUT|DISCARDED|"
    r"REJECTED|WRONG|IMPOSSIBLE|UNLIKELY)\b"
)
OF_OTHERS = re.compile(
    r"\b(?:SOME|OTHERS|CATALOGU?E?S?|AUTHORS|PEOPLE|PAPERS|LITERATURE)\b.*\b(?:LIST|CALL|SAY|LABEL|CLASSIF|NAME|"
    r"WOULD|MAY|MIGHT)"
)
SECOND_BEST = re.compile(r"\b(?:SECOND|NEXT|ALTERNATIVE|FIRST) (?:CHOICE|GUESS|BEST|THOUGHT)\b")
FOR_LACK_OF = re.compile(
    r"\b(?:ABSENCE|LACK) OF\b.*\b(?=(?:SPEAKS? FOR|ARGUES? FOR|POINTS? TO|SUGGESTS?|INDICATES?|MEANS)\b)"
)
AS_WELL = re.compile(r"^\s*(?:AS WELL|TOO|LIKEWISE)\s*(?:$|[.,;])")
WOULD = re.compile(r"\b(?:WOULD|SHOULD|'D)\b")
OWN_WORD = re.compile(  # "would" that supposes nothing
    r"\b(?:I|WE|ONE)(?:'D| WOULD| SHOULD)\b|\b(?:ANSWER|CLASS|LABEL|CHOICE|GUESS|CLASSIFICATION|VERDICT|THIS)"
    r"(?:'D| WOULD| SHOULD) BE\b|\b(?:WOULD|SHOULD) BE (?:\w+ )?(?:CLASSIFIED|DESCRIBED|LABELL?ED|CATEGORI[SZ]ED|"
    r"CALLED)\b|"
    r"\bWOULD BE (?:MY|THE) \w+|\bWOULD UNDERSELL\b"
)
AS_BEFORE = re.compile(r"\b(?:SO|AS|NEITHER|NOR)\s+(?:IS|ARE|WAS|WERE|DOES|DO)\s+(?:AN?\s+|THE\s+)?$")
SUPPOSED = re.compile(r"\b(?:IF|UNLESS|WHETHER|OTHERWISE|SUPPOSE|ASSUMING)\b")
MADE_TO_CHOOSE = re.compile(r"\bIF (?:I|ONE) (?:HAD|HAVE|MUST|WERE|AM)\b[^,;:]*")
CONCEDED = re.compile(
    r"(?:^|[,;:]\s*|\s-\s*)(?:ALTHOUGH|WHILE|THOUGH|WHEREAS|EVEN IF|DESPITE|IN CONTRAST TO|COMPARED (?:TO|WITH)|"
    r"LIKE)\b[^,;]*$"
)
MAYBE = re.compile(
    r"\b(?:POSSIBLY|PERHAPS|MAYBE|MIGHT|MAY|COULD|AT FIRST|FIRST THOUGHT|INITIALLY|RESEMBL\w+|REMINISCENT|AS IN|"
    r"SUSPECT\w*|HINTS?|EVEN)\b"
)
CONSIDERED = re.compile(r"\b(?:CONSIDER\w*|ARGUE|BETWEEN|TEMPTING|COMPAR\w+|DISTINGUISH\w*|DEFINITION|MEANS)\b")
PLURAL = r"(?:\s+(?:RADIO\s+)?(?:GALAXIES|SOURCES|OBJECTS|IMAGES|ONES|TYPES|MORPHOLOGIES))"
KIND = re.compile(
    rf"{PLURAL}(?!.*\b(?:VISIBLE|PRESENT|SEEN|DETECTED|FOUND|HERE|SHOWN|IDENTIFIED|OBSERVED|IMAGE|PICTURE)\b)\s+\w+|"
    r"\s+(?:IS|ARE|REFERS?|MEANS?|DENOTES?)\s+(?:TO\s+)?(?:A|THE)\s+(?:CLASS|KIND|TYPE|CATEGORY) OF\b|"
    r"(?:\s+\w+){0,3}?\s+(?:WOULD|SHOULD|TYPICALLY|USUALLY|GENERALLY|TEND)\b(?!\s+BE\s+(?:MY|THE) )"
)
KIND_BEFORE = re.compile(r"^\W*(?:(?:IN|FOR|OF|AN?|THE|MOST|ALL|TYPICAL|AND|THAT|BOTH)\s+)*$")

# What says that a class is there: words before it that lead to it, and words after it that take nothing back. A mention
# in other surroundings is not read, for a wrong reading is worse than none.
SURE = (
    r"(?:AN?|THE|ONE|SOME|SEVERAL|TWO|MANY|ONLY|BOTH|MORE|CLEAR(?:LY)?|LIKELY|PROBABLY|MOST|DEFINITELY|SIMPLY|"
    r"THEREFORE|THUS|"
    r"HENCE|INDEED|ALSO|SURELY|CERTAINLY|BEST|JUST|SOURCES?|CLASS(?:ES)?|TYPE|LABELS?|CATEGORY|GALAXY|GALAXIES|RADIO|"
    r"STRONG|FAINT|BRIGHT|LARGE|SMALL|TYPICAL|CLASSIC|BE|IN|BEING|IMAGE|MORPHOLOGY|MORPHOLOGICAL|EMISSION|PRESENCE)"
)
LINKS = re.compile(
    r"(?:^|[:→>=-]|'S|'D|\b(?:IS|ARE|BE|WAS|AS|SHOWS?|SHOWN|SEE|SEES|CONTAINS?|HAS|HAVE|EXHIBITS?|DEPICTS?|DISPLAYS?|"
    r"PRESENTS?|FEATURES?|INCLUDES?|MATCH(?:ES)?|FITS?|SUGGESTS?|INDICATES?|POINTS?|TO|OF|WITH|TOWARDS?|SAY|"
    r"CHOOSE|PICK|"
    r"SELECT|CALL|CALLED|LABEL|ANSWER|LEAVES?|LEAVING|REMAINS|GIVES?|MEANS|SO|THUS|THEREFORE|HENCE|FOR|LIKE|AND|"
    r"ITSELF|IT|THIS|YES|LOOKS?|SEEMS?|APPEARS?|FINALLY|DETECT|FIND|IDENTIFY|OBSERVE|RECOGNI[SZ]E|VISIBLE|TWO))"
    rf"\s*(?:{SURE}\s+)*$"
)
THING = (
    r"(?:TYPE|CLASS|RADIO|GALAX(?:Y|IES)|SOURCES?|OBJECTS?|EMISSION|MORPHOLOGY|STRUCTURES?|IMAGES?|PICTURES?|CATEGORY|"
    r"LABEL|ONES?|SYSTEM|BLOBS?|PATCH)"
)
GOES_ON = re.compile(
    rf"(?:\s+{THING})*(?:\s*(?:$|[^\w\s])|\s+(?:IN|AT|ON|NEAR|OF|FROM|AROUND|HERE|CHARACTERI[SZ]ED|SHOWING|WHOSE|BY|"
    r"COVERING|DUE|RATHER|INSTEAD|OVER|UNLIKE|THAN|MORPHOLOGY|IT IS|BEST|WELL|YES|I GUESS|REMAINS|APPLIES|"
    r"INSIDE|OUT OF|ITSELF|TOO|SINGLE|IMAGE|NOT ONLY)\b|"
    r"\s+FITS?(?!\s+(?:BADLY|POORLY|LESS|ILL|WORSE))\b|"
    r"\s+(?:IS|ARE|WAS|WOULD BE|MUST BE)\s*(?:$|(?:CLEARLY |ALSO |THUS |MOST |BOTH )?(?:PRESENT|VISIBLE|SEEN|DETECTED|"
    r"IDENTIFIED|SHOWN|FOUND|THE|MY|CORRECT|RIGHT|HERE|LIKELY|EVIDENT|OBVIOUS)\b(?!\s+(?:FIRST|WRONG|INITIAL))))"
)
OTHERS = re.compile(r"\bOTHER (?:CLASS(?:ES)?|LABELS?|OPTIONS?|CATEGOR(?:Y|IES))\b")


MOST_GROUPS = 60
"""Mentions of classes in a sentence, lists counted once; a model that repeats itself has thousands."""


@dataclass(frozen=True)
class Stance:
    """What a sentence says of a class."""

    label: str
    says: str
    """held, denied, hedged, open, or either: one of several."""
    words: str


def stances(sentence: str, found: Sequence[Mention], is_asked: bool) -> list[Stance]:
    """What a sentence in capitals says of each of its mentions, in their order; of very many it says nothing clear."""
    said, groups = list[Stance](), _groups(sentence, found)
    if len(groups) > MOST_GROUPS:
        return [Stance(one.label, OPEN, sentence[one.start : one.end]) for one in found]
    for group in groups:
        is_as_before = said and (
            AS_BEFORE.search(sentence[: group[0].start]) or AS_WELL.match(sentence[group[-1].end :])
        )
        says = OPEN if is_asked else said[-1].says if is_as_before else _says(sentence, group)
        said += [Stance(one.label, says, sentence[one.start : one.end]) for one in group]
    return said


def _groups(sentence: str, found: Sequence[Mention]) -> list[list[Mention]]:
    """Mentions that stand in one list."""
    groups = list[list[Mention]]()
    for one in found:
        if groups and GLUE.fullmatch(sentence[groups[-1][-1].end : one.start]):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _says(sentence: str, group: Sequence[Mention]) -> str:
    start, end = group[0].start, group[-1].end
    joined = sentence[start:end]
    is_listed = len({one.label for one in group}) > 1
    is_joined = re.search(r"\b(?:AND|OR|NOR)\b|[&/]", joined) is not None
    lead, rest = sentence[:start], sentence[end:]
    before, after = ENDS_BEFORE.split(lead)[-1], _clause_after(rest)
    aside = DENIES if TAKEN_BACK.match(rest) and not is_listed else _of_form(sentence, lead, after)
    if aside:
        return aside
    n_before = len(REJECTS.findall(_reach(before)))
    is_denied_after = DENIED.search(after) is not None
    if n_before + is_denied_after > 1:
        return OPEN
    if n_before and is_listed and not re.search(r"\b(?:OR|NOR)\b", joined):
        return EITHER  # "no A, B"; "not A and B"
    if is_denied_after and is_listed and not is_joined:
        return EITHER  # "A, B is not seen"
    if n_before or is_denied_after:
        return DENIES
    return _without_not(before, after, lead, joined if is_listed else "")


def _of_form(sentence: str, lead: str, after: str) -> str | None:
    """What forms of words say that mean another thing than their "not" and "but"; None where there is none."""
    excepted = ALL_BUT.search(lead)
    if excepted:
        return HELD if not excepted["all"] or DENIED.search(after) else OPEN
    if NOT_EXCLUDED.search(after) or _is_supposed(sentence, lead):
        return OPEN
    if HEADING.search(lead):
        return DENIES
    if OTHERS.search(lead):
        return DENIES if DENIED.search(after) else OPEN
    return None


def _without_not(before: str, after: str, lead: str, listed: str) -> str:
    if listed and re.search(r"\b(?:OR|VS|VERSUS)\b|/", listed):
        return EITHER
    if SECOND_BEST.search(after) or any(one.search(lead) for one in (OF_OTHERS, CONCEDED)) or CONSIDERED.search(before):
        return OPEN
    if WOULD.search(OWN_WORD.sub(" ", f"{before} {after}")):
        return OPEN
    if KIND_BEFORE.match(_reach(before)) and KIND.match(after):
        return OPEN
    if not (LINKS.search(_reach(before)) and GOES_ON.match(after)):
        return OPEN
    return HEDGED if MAYBE.search(before) or re.match(r"\s+(?:IS|SEEMS|REMAINS) (?:ALSO )?POSSIBLE\b", after) else HELD


def _clause_after(rest: str) -> str:
    """What a clause says after a mention; "A (B), …, is not" goes on after the comma."""
    aside = re.match(r"\s*,\s*(?=(?:IS|ARE|WAS|WERE|DOES|DO|CAN|COULD|HAS|HAVE)\b)", rest)
    return ENDS_AFTER.split(rest[aside.end() :] if aside else rest)[0]


def _reach(before: str) -> str:
    """The part of a clause that a "not" can stand in: from "it is" on, unless an opinion is denied."""
    if OF_OPINION.search(before):
        return before
    for_it = FOR_LACK_OF.search(before)
    if for_it:
        return before[for_it.end() :]
    starts = list(IS_THIS.finditer(before))
    last = before[starts[-1].start() :] if starts else before
    head, colon, tail = last.rpartition(":")
    return tail if colon and not HEADING.search(head + ":") else last


def _is_supposed(sentence: str, lead: str) -> bool:
    """Whether a mention stands in or after an "if" of its sentence, or as what would follow."""
    return SUPPOSED.search(MADE_TO_CHOOSE.sub(" ", lead)) is not None or sentence.startswith(("IF IT WERE", "WERE IT"))
