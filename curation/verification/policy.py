"""What becomes of a turn that a model wrote, by its verdict: the policy of a corpus file, and the rule it sets."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from curation.verification.alternatives import KIND, sets_of
from curation.verification.claims import Annotations, ExtractedClaim
from curation.verification.verify import Judgement, verify, verify_turn

Fate = Literal["keep", "reject"]


class Verdicts(BaseModel):
    """`[generation.verdicts]`: what becomes of claims that nobody can verify. A contradicted one is always refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unverifiable: Fate = "reject"
    unverifiable_number: Fate = "reject"
    """A number, a box or a size that nothing is known of, or that no claim was read from."""


def refusal(found: Sequence[ExtractedClaim], known: Annotations, policy: Verdicts) -> tuple[str, str] | None:
    """Reason and detail where the policy refuses a turn; None where it may stay.

    Reasons: `contradicted`, `unverifiable-number`, `unverifiable`. `found` are the claims read from the answer.
    """
    judgement, reasons = verify_turn(found, known)
    if judgement is Judgement.CONTRADICTED:
        return "contradicted", "; ".join(reasons)
    loose = [one.text for one in found if _is_number(one) and verify(one, known).judgement is Judgement.UNVERIFIABLE]
    if loose and policy.unverifiable_number == "reject":
        return "unverifiable-number", f"nothing is known of {', '.join(loose)}"
    if judgement is Judgement.UNVERIFIABLE and policy.unverifiable == "reject":
        return "unverifiable", "; ".join(reasons)
    return None


def _is_number(one: ExtractedClaim) -> bool:
    is_any = one.claim.kind == KIND and any(each.count is not None for some in sets_of(one.claim) for each in some)
    return is_any or one.claim.count is not None or one.claim.box is not None
