"""How claims about islands and peaks are judged: as far as the labels tell."""

import re

from curation.verification.claims import Annotations, Claim
from curation.verification.verdicts import (
    Verdict,
    fits,
    told,
)  # fmt: skip
from schemas.labels import Truth

PEAKS = re.compile(r"(\d)C-(\d)P")


def structure_verdict(claim: Claim, known: Annotations) -> Verdict:
    """Islands and peaks, as far as the labels say: those that may hold all agree, or none does."""
    may = [label for label in known.scheme.labels if known.state(label) is not Truth.ABSENT]
    if all(PEAKS.fullmatch(label) for label in known.scheme.labels):
        if claim.other and claim.other.endswith("peaks"):
            n_peaks = int(claim.other.split()[0])
            same = {tuple(map(int, PEAKS.fullmatch(label).groups())) == (claim.count, n_peaks) for label in may}  # type: ignore[union-attr]
            both = same.pop() if len(same) == 1 else None
            return told(
                None if both is None else both is (claim.state is Truth.PRESENT),
                claim,
                f"the class is {' or '.join(may)}",
            )
        numbers = [int(PEAKS.fullmatch(label)[1 if claim.subject == "islands" else 2]) for label in may]  # type: ignore[index]
        found = {fits(claim, n) for n in numbers}
        truth = found.pop() if len(found) == 1 else None
        truth = truth if truth is None else truth is (claim.state is Truth.PRESENT)
        return told(truth, claim, f"the class is {' or '.join(may)}")
    single, several = (
        next((known.state(one) for one in names if one in known.scheme.labels), Truth.UNKNOWN)
        for names in (("SINGLE-ISLAND",), ("MULTI-ISLAND", "EXTENDED-MULTISLAND"))
    )
    if claim.state is Truth.ABSENT:
        return told(None, claim, "nothing is known of islands and peaks")
    if (
        claim.subject == "islands"
        and "MULTI-ISLAND" in known.scheme.labels
        and claim.how in (None, "several", "at least")
    ):
        ours, other = (single, several) if claim.count == 1 else (several, single)
        if Truth.UNKNOWN not in (ours, other):
            is_true = (
                None
                if ours is Truth.PRESENT and (claim.count or 2) > 1 and claim.how is None
                else ours is Truth.PRESENT
            )
            return told(is_true, claim, f"the catalogue says {ours}")
        if ours is Truth.ABSENT or (other is Truth.PRESENT and ours is Truth.UNKNOWN):
            return told(False, claim, "the catalogue says otherwise")
        if ours is Truth.PRESENT:
            return told(True if claim.count == 1 or claim.how else None, claim, "the catalogue says so")
    return told(None, claim, "nothing is known of islands and peaks")
