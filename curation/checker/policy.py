"""What becomes of a turn that a model wrote, by its verdict: the policy of a corpus file, and the rule it sets."""

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from curation.checker.claims import Truths
from curation.checker.faithfulness import Judgement, judge, judge_turn
from curation.checker.grammar import WORDS, grammar, plain
from curation.checker.reading import FoundClaim
from schemas.labels import LabelScheme

Fate = Literal["keep", "reject"]
DIGITS = r"\d+(?:[.,]\d+)*"
WORD_NUMBERS = "|".join(sorted(WORDS[2:], key=len, reverse=True))  # "one" and "zero" may mean anything
NUMBER = re.compile(rf"(?i)(?<![\w.])(?:{DIGITS}|(?:{WORD_NUMBERS})\b)")


class Verdicts(BaseModel):
    """`[generation.verdicts]`: keep or reject, by verdict.

    A contradicted turn that is kept stays in GENERATED, for study; no conversation takes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contradicted: Fate = "reject"
    unverifiable: Fate = "keep"
    unverifiable_number: Fate = "reject"
    """A number, a box or a size that nothing is known of, or that no claim was read from."""


def refusal(answer: str, found: Sequence[FoundClaim], known: Truths, policy: Verdicts) -> tuple[str, str] | None:
    """Reason and detail where the policy refuses a turn; None where it may stay.

    Reasons: `contradicted`, `unverifiable-number`, `unverifiable`. `found` are the claims read from the answer.
    """
    judgement, reasons = judge_turn(found, known)
    if judgement is Judgement.CONTRADICTED:
        return ("contradicted", "; ".join(reasons)) if policy.contradicted == "reject" else None
    loose = [one.text for one in found if _is_number(one) and judge(one, known).judgement is Judgement.UNVERIFIABLE]
    loose += unread_numbers(answer, found, known.scheme)
    if loose and policy.unverifiable_number == "reject":
        return "unverifiable-number", f"nothing is known of {', '.join(loose)}"
    if judgement is Judgement.UNVERIFIABLE and policy.unverifiable == "reject":
        return "unverifiable", "; ".join(reasons)
    return None


def unread_numbers(answer: str, found: Sequence[FoundClaim], scheme: LabelScheme) -> list[str]:
    """Numbers of an answer that belong to no claim and to no name of a class, in the order of the text."""
    text = plain(answer)
    named = [(one.start, one.end) for one in grammar(scheme).mentions(text)]
    for start, end in [*named, *((one.start, one.end) for one in found)]:
        text = text[:start] + " " * (end - start) + text[end:]
    return [one[0] for one in NUMBER.finditer(text)]


def _is_number(one: FoundClaim) -> bool:
    return one.claim.count is not None or one.claim.box is not None
