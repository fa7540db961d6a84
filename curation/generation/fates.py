"""Fates: what becomes of each sentence of an answer that a model wrote, and of the answer.

as-written   its claims are supported, all that any reader read of it follows from what was stated and supported, and
             at least one reader understood all of it, and read all that the others read
reworded     its claims are supported, its words were not understood or say something else: the claims in our own words,
             as many as we have words for, which were read back as these claims
cut          with its reason: `contradicted`, `unverifiable`, `unverifiable-number`, `no-claim`, `wrong-form`, or, where
             our own words for it were none, did not come back or say nothing new, that of the words: `not-read`,
             `read-otherwise`, `refusal`, `wrong-language`, `names-caption`, `repetition`

Words are read in their place. So a sentence that goes or changes has the others read again, until nothing changes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from curation.generation.readers import Answered, Reader, Reading, rule_reader
from curation.generation.turns import StatedSentence, StatedTurn, ill_worded
from curation.pictures.boxes import Dialect
from curation.realisation.realise import realise
from curation.verification.claims import Annotations, Claim, ExtractedClaim
from curation.verification.entailment import entails
from curation.verification.policy import Verdicts
from curation.verification.premises import Premises
from curation.verification.verify import Judgement, is_number, verify
from schemas.labels import LabelScheme, Truth

WORDINGS = 4
"""Of our own, tried for one sentence."""
Fate = Literal["as-written", "reworded", "cut"]
Realiser = Callable[[Sequence[Claim], Annotations, Dialect, str], str | None]
"""Claims in our own words; None where it has none for them. The key decides which of many words."""


@dataclass(frozen=True)
class Told:
    """A sentence and its fate so far."""

    written: str
    """As the model wrote it."""
    stated: tuple[ExtractedClaim, ...]
    accepted: tuple[Claim, ...]
    """Of what was stated, what is supported, and what is unknown where the policy keeps that. Of a reworded sentence,
    what our own words say."""
    text: str
    """As it stands; empty where it was cut."""
    fate: Fate = "as-written"
    reason: str = ""
    """Why it does not stand as written; empty where it does."""
    detail: str = ""

    def cut(self, reason: str, detail: str) -> "Told":
        """The same, cut."""
        return replace(self, text="", fate="cut", reason=reason, detail=detail)


@dataclass(frozen=True)
class Judged:
    """An answer while its sentences are judged."""

    question: str
    told: tuple[Told, ...]
    known: Annotations
    key: str
    """Decides which of our own words are taken."""
    realiser: Realiser = field(default=realise, repr=False)

    @property
    def standing(self) -> tuple[Told, ...]:
        """The sentences that were not cut, in order."""
        return tuple(one for one in self.told if one.fate != "cut")

    @property
    def asked(self) -> Answered:
        """The answer as it stands."""
        return Answered(self.question, tuple(one.text for one in self.standing))

    @cached_property
    def premises(self) -> Premises:
        """All that was stated in the answer and accepted, also in sentences that were cut for their words."""
        return Premises([claim for one in self.told for claim in one.accepted], self.known.scheme)


def judged(turns: Sequence[Judged], readers: Sequence[Reader], dialect: Dialect) -> list[Judged]:
    """The turns with the fate of every sentence; all of one scheme. What is to be read at a time is read at once."""
    found = list(turns)
    open_ = [at for at, one in enumerate(found) if one.standing]
    while open_:
        asked, scheme = [found[at].asked for at in open_], found[open_[0]].known.scheme
        by_reader = [reader(asked, scheme, dialect) for reader in readers]
        before = list(found)
        for at, readings in zip(open_, zip(*by_reader, strict=True), strict=True):
            found[at] = _after_reading(found[at], list(zip(*readings, strict=True)), dialect)
        open_ = [at for at in open_ if found[at].told != before[at].told and found[at].standing]
    return found


def begun(turn: StatedTurn, known: Annotations, policy: Verdicts, key: str, realiser: Realiser = realise) -> Judged:
    """A turn with its stated claims verified; no word of it is read yet."""
    return Judged(turn.question, tuple(_verified(one, known, policy) for one in turn.sentences), known, key, realiser)


def fate(
    question: str,
    sentence: str,
    stated: Sequence[Claim | ExtractedClaim],
    known: Annotations,
    dialect: Dialect = "xyxy_norm",
    *,
    policy: Verdicts | None = None,
    readers: Sequence[Reader] = (rule_reader,),
    key: str = "",
    realiser: Realiser = realise,
) -> Told:
    """The fate of one sentence that is the whole answer to a question, with what was stated with it."""
    claims = tuple(one if isinstance(one, ExtractedClaim) else ExtractedClaim(one, 0, 0) for one in stated)
    turn = StatedTurn(question, (StatedSentence(sentence, claims),))
    (found,) = judged([begun(turn, known, policy or Verdicts(), key, realiser)], readers, dialect)
    return found.told[0]


def _verified(one: StatedSentence, known: Annotations, policy: Verdicts) -> Told:
    """A sentence whose stated claims are held against what is known; nothing of its words was read yet."""
    verdicts = [(each, verify(each, known)) for each in one.stated]
    good = [each.claim for each, said in verdicts if said.judgement is Judgement.SUPPORTED]
    told = Told(one.text, one.stated, tuple(good), one.text)
    if one.fault or not one.text:
        return told.cut("wrong-form", one.fault.detail if one.fault else "no words")
    wrong = [said.reason for _, said in verdicts if said.judgement is Judgement.CONTRADICTED]
    if wrong:
        return told.cut("contradicted", "; ".join(wrong))
    unknown = [(each.claim, said.reason) for each, said in verdicts if said.judgement is Judgement.UNVERIFIABLE]
    loose = [reason for claim, reason in unknown if is_number(claim)]
    if loose and policy.unverifiable_number == "reject":
        return told.cut("unverifiable-number", "; ".join(loose))
    if unknown and policy.unverifiable == "reject":
        return told.cut("unverifiable", "; ".join(reason for _, reason in unknown))
    return replace(told, accepted=(*good, *(claim for claim, _ in unknown)))


def _after_reading(turn: Judged, readings: Sequence[tuple[Reading, ...]], dialect: Dialect) -> Judged:
    """The turn after every sentence that stands was read by every reader."""
    rest, told = iter(readings), list[Told]()
    for one in turn.told:
        told.append(one if one.fate == "cut" else _read(one, next(rest), turn, told, dialect))
    return replace(turn, told=tuple(told))


def _read(one: Told, readings: Sequence[Reading], turn: Judged, before: Sequence[Told], dialect: Dialect) -> Told:
    """What becomes of a sentence by what was read of it; `before`: the sentences before it, as they are by now."""
    if "?" in one.text:  # the reader takes no claim from a question, which may suppose some
        fault: tuple[str, str] | None = ("read-otherwise", "a question in an answer")
        return _reworded(one, fault, turn, before, dialect) if one.stated else one.cut("no-claim", fault[1])
    if not one.stated:
        is_empty = all(each.is_understood and not each.claims for each in readings)
        return one if is_empty else one.cut("no-claim", "it says something and states nothing")
    fault = _otherwise(readings, turn.premises)
    if one.fate == "reworded":
        lost = fault or _lost(one.accepted, readings, turn.known.scheme)
        return one.cut(one.reason, f"{one.detail}; and our own words for it: {lost[1]}") if lost else one
    fault = ill_worded(one.text) or fault
    return _reworded(one, fault, turn, before, dialect) if fault else replace(one, detail=_vouched(readings))


def _otherwise(readings: Sequence[Reading], premises: Premises) -> tuple[str, str] | None:
    """Why words may not stand for what was stated: a reader read more or something else, or none read all of them."""
    for reading in readings:
        for read in reading.claims:
            more = entails(premises, read.claim, premises.scheme)
            if more:
                return "read-otherwise", f"{more}: {read.text!r:.120}"
    if any(_has_all(one, readings, premises.scheme) for one in readings):
        return None
    left = [f"{one.by}: {one.detail}" for one in readings if one.detail]
    return "not-read", "; ".join(["no reader understood all of it", *left])


def _has_all(one: Reading, readings: Sequence[Reading], scheme: LabelScheme) -> bool:
    """Whether a reader understood a sentence, and all that the others read of it follows from what it read."""
    if not one.is_understood or not one.claims:
        return False
    read = Premises([each.claim for each in one.claims], scheme)
    others = [each.claim for other in readings if other is not one for each in other.claims]
    return not any(entails(read, claim, scheme) for claim in others)


def _vouched(readings: Sequence[Reading]) -> str:
    """By whose word a sentence stands, where that is not the word of the reader by rule."""
    understood = [one.by for one in readings if one.is_understood and one.claims]
    return "" if "rule" in understood else f"understood by {', '.join(understood)}"


def _lost(claims: Sequence[Claim], readings: Sequence[Reading], scheme: LabelScheme) -> tuple[str, str] | None:
    """Why our own words are not those of the claims: some of them did not come back from any reader."""
    for reading in readings:
        read = Premises([_of_survey(each.claim) for each in reading.claims], scheme)
        if reading.is_understood and not any(entails(read, claim, scheme) for claim in claims):
            return None
    return "not-read", "they do not say all of it"


def _of_survey(read: Claim) -> Claim:
    """The title of a survey as our own claims have it, however its words were taken for a title."""
    return replace(read, how=None) if read.kind == "survey" else read


def _reworded(one: Told, fault: tuple[str, str], turn: Judged, before: Sequence[Told], dialect: Dialect) -> Told:
    """The claims of a sentence in our own words; cut where there are none, or they were said before."""
    reason, detail = fault
    said = Premises([claim for each in before if each.fate != "cut" for claim in each.accepted], turn.known.scheme)
    if not any(entails(said, claim, said.scheme) for claim in one.accepted):
        return one.cut(reason, f"{detail}; what it states was said before")
    text, claims = _own_words(one.accepted, turn, f"{turn.key}:{len(before)}", dialect)
    if not text:
        return one.cut(reason, f"{detail}; no words of our own for it")
    return replace(one, text=text, accepted=claims, fate="reworded", reason=reason, detail=detail)


def _own_words(
    claims: Sequence[Claim], turn: Judged, key: str, dialect: Dialect
) -> tuple[str | None, tuple[Claim, ...]]:
    """Words of ours for all of the claims, else for those that have some, and the claims that they say.

    Only words that come back from the reader by rule, alone and at once, are taken.
    """
    claims = [_as_told(one, turn.known.scheme) for one in claims]
    if whole := _come_back(claims, turn, key, dialect):
        return whole, tuple(claims)
    single = {one: _come_back([one], turn, f"{key}:{at}", dialect) for at, one in enumerate(claims)}
    said = {one: text for one, text in single.items() if text}
    return " ".join(dict.fromkeys(said.values())) or None, tuple(said)


def _as_told(one: Claim, scheme: LabelScheme) -> Claim:
    """None of a class, as one says it: that there is none."""
    is_none = one.kind == "count" and one.count == 0 and one.how in (None, "at most") and one.state is Truth.PRESENT
    is_of_picture = one.subject in scheme.labels and scheme.about != "source"
    return Claim("presence", one.subject, Truth.ABSENT) if is_none and is_of_picture else one


def _come_back(claims: Sequence[Claim], turn: Judged, key: str, dialect: Dialect) -> str | None:
    """The first of a few wordings of the claims from which the reader by rule takes just these claims."""
    known, premises = turn.known, Premises(claims, turn.known.scheme)
    for at in range(WORDINGS if claims else 0):
        text = turn.realiser(claims, known, dialect, f"{key}:{at}")
        if not text:
            return None
        (readings,) = rule_reader([Answered(turn.question, (text,))], known.scheme, dialect)
        if not (_otherwise(readings, premises) or _lost(claims, readings, known.scheme)):
            return text
    return None
