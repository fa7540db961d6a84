"""The steps of a corpus that has captions, from its papers to its records.

papers ─► figures ─► figure_splits ─► ratings ─► captions
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from curation.asking.request import Asks
from curation.captions.figures import figures_step
from curation.captions.found import PaperFiles
from curation.captions.papers import papers_step
from curation.captions.ratings import ratings_step
from curation.captions.selected import captions_step
from curation.captions.settings import Captions
from curation.captions.splits import figure_splits_step
from curation.engine.steps import Step
from curation.truth.splits import SplitConfig
from curation.truth.withdrawn import Withdrawn
from schemas.manifest import DoorFile


@dataclass(frozen=True)
class CaptionSteps:
    """The steps, in order."""

    papers: Step
    figures: Step
    splits: Step
    ratings: Step
    captions: Step


@dataclass(frozen=True)
class AtHand:
    """Tables of the corpus that captions are held against."""

    sealed: Step | None = None
    splits: Step | None = None
    sources: Sequence[Step] = ()
    entries: Sequence[Step] = ()


def caption_steps(
    corpus: str, wanted: Captions, there: PaperFiles, at_hand: AtHand, config: SplitConfig, *, raw: Path, asker: Asks,
    doors: tuple[DoorFile, ...] = (), withdrawn: tuple[Withdrawn, ...] = (),
) -> CaptionSteps:  # fmt: skip
    """All steps of `[captions]`; `config` are the splits of the corpus, `doors` those that the records are made by."""
    papers = papers_step(corpus, wanted, there, raw, withdrawn)
    figures = figures_step(corpus, papers, raw, there.stamps)
    splits = figure_splits_step(
        corpus, figures, config, sealed=at_hand.sealed, splits=at_hand.splits, sources=at_hand.sources
    )
    ratings = ratings_step(corpus, figures, splits, wanted, asker)
    chosen = captions_step(corpus, figures, ratings, splits, wanted, sources=at_hand.sources, entries=at_hand.entries)
    return CaptionSteps(papers, figures, splits, ratings, replace(chosen, doors=doors))
