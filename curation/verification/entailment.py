"""Whether what one list of claims says follows from another."""

from collections.abc import Iterable

from curation.verification.claims import Claim, ExtractedClaim


def are_equal(recorded: Iterable[Claim], found: Iterable[ExtractedClaim]) -> bool:
    """Whether what was recorded is what was read, whatever the order and the evidence."""
    return sorted(map(str, (one.content for one in recorded))) == sorted(map(str, (one.claim.content for one in found)))
