"""FIGURES: the figures of each chosen paper, part by part; what a paper holds is read by `curation.papers`."""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curation.captions.found import PaperFile, unchanged_source
from curation.captions.looks import panels, picture_hash, small
from curation.engine.steps import Input, Resources, Step
from curation.papers.figures import DEFAULT_LIMITS, Figure, Limits, Paper, Refused, figures_of
from curation.papers.paper import looked_at
from curation.pictures.unchanged import Stamps
from schemas.fingerprint import content_id
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import FIGURES

PAPER_COLUMNS = (
    "paper_id", "published", "licence", "is_redistributable", "attribution", "source", "n_bytes", "sha256",
)  # fmt: skip
WORD = re.compile(r"\w[\w'’.,:+-]*")
Read = Callable[[Path, Limits], Paper]
Row = dict[str, Any]


def figures(papers: pa.Table, limits: Limits, *, raw: Path, stamps: Stamps, read: Read = figures_of) -> Sieved:
    """FIGURES; *in* are figures with a caption or a picture, and whatever else of a paper was refused.

    The reasons are those of `curation.papers.figures.Reason`, and `duplicate-id`, a figure that stands there twice.
    Raises CatalogError for a source that is not the one that was indexed, and what the machine raises.
    """
    kept: dict[str, Row] = {}
    refused: list[Rejection] = []
    n_in = 0
    for row in papers.select(PAPER_COLUMNS).to_pylist():
        source = PaperFile(row["source"], (raw / row["source"]).is_dir(), row["n_bytes"], row["sha256"])
        with unchanged_source(raw, source, stamps):
            paper = read(raw / row["source"], limits)
        found = [_row(one, row) for one in paper.figures]
        refusals = [_refusal(one, row) for one in paper.refused]
        if not found and not refusals:
            refusals = [Rejection(row["paper_id"], "no-figures", f"{row['source']} has none")]
        n_in += len(found) + len(refusals)
        for one in found:
            if one["figure_id"] in kept:
                refusals.append(Rejection(one["figure_id"], "duplicate-id", "the same picture at the same place"))
            else:
                kept[one["figure_id"]] = one
        refused += refusals
    return sieved(FIGURES.of(kept.values()), refused, n_in)


def figures_step(corpus: str, papers: Step, raw: Path, stamps: Stamps, limits: Limits = DEFAULT_LIMITS) -> Step:
    """The step that makes `figures/<corpus>`, part by part."""
    return Step(
        f"figures/{corpus}",
        partial(figures, raw=raw, stamps=stamps),
        FIGURES,
        config=(limits,),
        inputs=(Input(papers, by_part=True, columns=PAPER_COLUMNS),),
        version=3,
        counts="figures of papers, and what else of them was refused",
        resources=Resources(cpus=1, memory_mb=2000),
    )


def n_words(caption: str) -> int:
    """Words of a caption: whatever begins with a letter or a digit; a number with its unit is two."""
    return len(WORD.findall(caption))


def _row(figure: Figure, paper: Row) -> Row:
    sha256 = hashlib.sha256(figure.png).hexdigest()
    width, height = looked_at(figure.width_px, figure.height_px)
    grey = np.frombuffer(figure.grey, np.uint8).reshape(height, width)
    names = (
        "number", "panel", "kind", "label", "caption_latex", "caption", "n_pictures", "source_format", "source_sha256",
        "png", "width_px", "height_px",
    )  # fmt: skip
    return {name: getattr(figure, name) for name in names} | {
        "figure_id": content_id("figure", paper["paper_id"], figure.number, figure.panel, sha256),
        "paper_id": paper["paper_id"], "files": list(figure.files), "n_words": n_words(figure.caption),
        "sha256": sha256, "picture_hash": picture_hash(grey), "small": small(grey), "n_panels": panels(grey),
        "published": paper["published"], "licence": paper["licence"],
        "is_redistributable": paper["is_redistributable"], "attribution": paper["attribution"],
    }  # fmt: skip


def _refusal(one: Refused, paper: Row) -> Rejection:
    name = f"{paper['paper_id']}:{one.number}{one.panel}"
    came_in = {"paper_id": paper["paper_id"], "number": one.number, "panel": one.panel, "label": one.label}
    return Rejection(name, one.reason, f"{paper['source']}: {one.detail}", came_in)
