"""Questions that a served model asks: whether one may be asked, and whether an answer stands for it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from curation.extraction.reading import extract_claims
from curation.generation.fates import Judged
from curation.generation.readers import LEFT_OVER, OF_THE_ANSWER
from curation.generation.turns import ill_worded
from curation.pictures.boxes import Dialect
from curation.verification.claims import Annotations, Claim
from curation.verification.entailment import entails
from curation.verification.premises import Premises
from curation.verification.verify import Judgement, verify, verify_turn
from schemas.labels import Truth

PART = re.compile(r"[^.?!\n]+(?:\.\d[^.?!\n]*)*[.?!\n]*")
REQUEST = re.compile(
    r"(?i)^(?:please\s+)?(?:describe|list|give|name|state|count|locate|identify|tell|report|provide|classify|say|specify"
    r"|summari[sz]e|outline|mark|find|determine|characteri[sz]e|explain|estimate|point|answer|write|choose)\b"
)
QUESTION = re.compile(
    r"(?i)^(?:(?:in|on|at|from|of|for|to|by|within|across|near|around|and|so|then|also|now|overall|looking|briefly"
    r"|considering|concerning|regarding)\b[^?]{0,80}?[\s,])?"
    r"(?:what|which|where|who|whose|when|why|how|is|are|was|were|does|do|did|can|could|has|have|would|will|should|may|might"
    r"|isn['’]t|aren['’]t|doesn['’]t|don['’]t)\b"
)
ODD_SIGNS = re.compile(r"[{}|`\\\\<>]")
"""Pieces of a reply's form, of a table or of a page, which nobody asks in."""
SUPPOSED = re.compile(
    r"(?i)^(?:given|since|because|as|considering that|knowing|although|though|while|assuming|if|seeing)\b"
    r"|\b(?:did|do) you (?:know|agree|reali[sz]e)\b|\b(?:besides|apart from|aside from|other than|in addition to)\b"
)
"""What brings a statement into a question."""
NOT_ASKED = frozenset({*LEFT_OVER, OF_THE_ANSWER, "class"})
"""Kinds that "yes" may be taken for where nothing was proposed."""
COUNTED = re.compile(
    r"(?i)\b(?:the|these|those|all|its|their)\s+(?:\d+|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen"
    r"|several|many)\s+[^?.,;:]+"
)
LONGEST_COUNTED = 8  # words


def ill_asked(question: str) -> tuple[str, str] | None:
    """The same of a question, which also may say nothing of its own: `no-question` where it does."""
    parts = [one.strip() for one in PART.findall(question) if re.search(r"\w", one)]
    if ill := ill_worded(question):
        return ill
    wrong = [question] if ODD_SIGNS.search(question) else []
    wrong += [one for one in parts if SUPPOSED.search(one) or not _is_asked(one)]
    if wrong or not parts:
        return "no-question", f"found {(wrong or [question])[0][:120]!r}, expected a question and nothing besides"
    return None


def false_premise(question: str, known: Annotations, dialect: Dialect) -> str | None:
    """What a question supposes though it is not so: a number or place that is contradicted, a class of another scheme.

    One of yes or no proposes, and one about a class that is not there may be answered so; neither supposes.
    """
    scheme = known.scheme
    if any(one.claim.kind not in NOT_ASKED for one in extract_claims(question, "Yes.", scheme, dialect)):
        return None
    found = extract_claims("", f"{question.rstrip(' ?')}.", scheme, dialect)
    for one in [*found, *(each for part in _counted(question) for each in extract_claims("", part, scheme, dialect))]:
        is_foreign = one.claim.kind == "class" or ":" in one.claim.subject
        is_false = one.claim.kind != "presence" and verify(one, known).judgement is Judgement.CONTRADICTED
        if one.claim.kind not in (*LEFT_OVER, OF_THE_ANSWER) and (is_foreign or is_false):
            return f"it supposes what is not so: {one.text[:120]!r}"
    return None


def unanswered(turn: Judged, dialect: Dialect) -> tuple[str, str] | None:
    """Why an answer whose sentences were judged may not stand for its question, by reason; None where it may.

    `all-cut`; `not-answered`: the sentence that answered is gone, or what is left is about something else;
    `contradicted`: what is left is false together, such as one box given twice.
    """
    if not any(one.stated for one in turn.standing):
        said = "; ".join(f"{one.reason}: {one.detail}" for one in turn.told if one.reason)
        return "all-cut", said or "no sentence states anything"
    first = next(one for one in turn.told if one.stated or one.reason == "wrong-form")
    if first.fate == "cut":
        return "not-answered", f"its first sentence was cut: {first.reason}: {first.detail}"
    found = extract_claims(turn.question, turn.asked.answer, turn.known.scheme, dialect)
    off = [one.claim.subject for one in found if one.claim.kind == OF_THE_ANSWER]
    if off or not _decides(turn, [one.claim for one in found], dialect):
        return "not-answered", f"it does not speak of {', '.join(off) or 'what was asked'}"
    judgement, reasons = verify_turn([one for one in found if one.claim.kind not in LEFT_OVER], turn.known)
    return ("contradicted", "; ".join(reasons)) if judgement is Judgement.CONTRADICTED else None


def _is_asked(part: str) -> bool:
    return bool(QUESTION.match(part)) if part.endswith("?") else bool(REQUEST.match(part))


def _counted(question: str) -> Iterator[str]:
    """What a question counts as if it were known, each as a sentence, long and short: "The two FR-I galaxies."."""
    for found in COUNTED.finditer(question):
        words = found[0].split()
        yield from (f"The {' '.join(words[1:n])}." for n in range(min(len(words), LONGEST_COUNTED), 2, -1))


def _decides(turn: Judged, found: Sequence[Claim], dialect: Dialect) -> bool:
    """Whether an answer speaks of what a question of yes or no proposes; True of any other question."""
    scheme = turn.known.scheme
    asked = [one.claim for one in extract_claims(turn.question, "Yes.", scheme, dialect)]
    asked = [one for one in asked if one.kind not in NOT_ASKED]
    if not asked:
        return True
    subjects = {part for one in asked for part in one.subject.split("|")}
    if any(subjects & set(one.subject.split("|")) for one in found):
        return True
    said = Premises(found, scheme)
    denied = [replace(one, state=Truth.ABSENT if one.state is Truth.PRESENT else Truth.PRESENT) for one in asked]
    return any(entails(said, one, scheme) is None for one in (*asked, *denied))
