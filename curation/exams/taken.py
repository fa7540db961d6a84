"""The exam taken: what becomes of each text, bare and claims first.

Bare: the rule reader reads the text, its claims are held against the annotations, the default policy keeps or refuses.
Claims first: see claims_first.py.
"""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curation.exams.captions import caption_cases, caption_scenes
from curation.exams.cases import Case, Half, of_models, scenes, statements
from curation.exams.claims_first import fate_of, nearest, true_claims
from curation.exams.compositions import compositions
from curation.extraction.reading import extract_claims
from curation.generation.fates import Fate
from curation.verification.claims import Annotations, Claim
from curation.verification.policy import Verdicts, refusal
from curation.verification.verdicts import Judgement
from curation.verification.verify import verify_turn

STATEMENTS, CAPTIONS, COMPOSITIONS, MODELS = "statements", "captions", "compositions", "models"


@dataclass(frozen=True)
class Outcome:
    """What became of a case."""

    case: Case
    verdict: Judgement
    """Of the bare text."""
    reasons: tuple[str, ...]
    is_kept: bool
    """By the default policy."""
    stated: Fate | None = None
    """With its own claims beside it; None where nobody stated them."""
    near: Fate | None = None
    """Of a text that is not true: with the claims of the true text that is nearest to it."""
    beside: Fate | None = None
    """Of a text that is not true: with all true claims of its scene beside it."""
    broke: str = ""
    """Where in the code a text that may not break it did; empty where it did not."""


@dataclass(frozen=True)
class Paper:
    """The cases of the exam by set, what is known of their scenes, and why a set is left out."""

    cases: Mapping[str, Sequence[Case]]
    known: Mapping[str, Annotations]
    holds: Mapping[str, Sequence[Claim]]
    """All claims that are true of each scene."""
    skipped: Mapping[str, str] = field(default_factory=dict[str, str])


def paper(half: Half, raw: Path | None) -> Paper:
    """One half of the exam. Without the captions in the folder of raw files that set is left out, and said to be."""
    told = statements(half)
    cases: dict[str, Sequence[Case]] = {
        STATEMENTS: told,
        COMPOSITIONS: compositions(told, half),
        MODELS: of_models(half),
    }
    known = {**scenes(), **caption_scenes()}
    holds = true_claims([case for one in Half for case in statements(one)], known)
    if raw is None or not (raw / "captions").is_dir():
        where = "no raw files: give --raw, or set RADIO_RAW" if raw is None else f"{raw} has no folder captions/"
        return Paper(cases, known, holds, {CAPTIONS: f"{where}; the sentences themselves are not in the repository"})
    return Paper({**cases, CAPTIONS: caption_cases(raw, half)}, known, holds)


def outcomes(sheet: Paper, name: str) -> Iterator[Outcome]:
    """What becomes of each case of a set."""
    true = [one for some in sheet.cases.values() for one in some if one.truth is Judgement.SUPPORTED and one.claims]
    for one in sheet.cases[name]:
        known = sheet.known[one.scene]
        try:
            yield outcome(one, known, nearest(one, true), sheet.holds[one.scene])
        except Exception as error:  # one broken text is told as such, and hides nothing of the others
            yield Outcome(one, Judgement.UNVERIFIABLE, (repr(error),), is_kept=False, broke=_place(error))


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name} ({Path(last.filename).name}:{last.lineno})"


def outcome(case: Case, known: Annotations, near: Sequence[Claim], holds: Sequence[Claim]) -> Outcome:
    """What becomes of one; `near`: claims of the true text that is nearest to it; `holds`: all that is true there."""
    found = extract_claims(case.question, case.text, known.scheme, case.dialect)
    verdict, reasons = verify_turn(found, known)
    is_true = case.truth is Judgement.SUPPORTED
    return Outcome(
        case, verdict, tuple(reasons), refusal(found, known, Verdicts()) is None,
        None if case.claims is None else fate_of(case, case.claims, known),
        None if is_true else fate_of(case, near, known),
        None if is_true else fate_of(case, holds, known),
    )  # fmt: skip
