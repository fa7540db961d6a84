"""FIGURE_SPLITS: which figures are copies, which show sky that is not trained on, and the split of the others.

Reads FIGURES of the corpus whole, without pictures; SEALED, SPLITS and SOURCES where the corpus has them. What stays
together is a paper, and papers that share a picture or a text: a copy that was refused ties its paper to the other.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from curation.captions.copies import copies
from curation.captions.held_out import HeldOut
from curation.captions.places import places_in
from curation.engine.steps import Input, Resources, Step
from curation.truth.splits import SplitConfig
from schemas.fingerprint import content_id
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import FIGURE_SPLITS

FIGURE_COLUMNS = (
    "figure_id", "paper_id", "published", "number", "panel", "picture_hash", "small", "caption",
)  # fmt: skip
SEALED_COLUMNS = ("benchmark", "source_name", "ra_deg", "dec_deg", "radius_arcsec")
SPLIT_COLUMNS = ("source_id", "split", "benchmark", "ra_deg", "dec_deg", "radius_arcsec")
SOURCE_COLUMNS = ("source_id", "source_name")


def figure_splits(figures: pa.Table, config: SplitConfig, held_out: HeldOut) -> Sieved:
    """FIGURE_SPLITS; *in* are the figures.

    Refused: `duplicate-picture` and `duplicate-text`; `sealed-by-<benchmark>`, `shows-validation-sky` and
    `shows-test-sky`, where the caption names a source or a place there.
    """
    rows = figures.select(FIGURE_COLUMNS).sort_by("figure_id").to_pylist()
    known = copies(rows)
    group = _groups(rows, {one: copy.of for one, copy in known.items()})
    kept: list[dict[str, Any]] = []
    refused: list[Rejection] = []
    for row in rows:
        named = {"paper_id": row["paper_id"], "number": row["number"], "panel": row["panel"]}
        if copy := known.get(row["figure_id"]):
            refused.append(Rejection(row["figure_id"], copy.reason, copy.detail, {**named, "of": copy.of}))
            continue
        places = places_in(row["caption"])
        if shown := held_out.shown_by(row["caption"], places):
            owner, why = shown
            reason = f"shows-{owner}-sky" if owner in ("validation", "test") else f"sealed-by-{owner}"
            refused.append(Rejection(row["figure_id"], reason, why, {**named, "caption": row["caption"]}))
            continue
        key = group[row["paper_id"]]
        kept.append(
            {
                "figure_id": row["figure_id"], "paper_id": row["paper_id"], "group_id": content_id("papers", key),
                "split": config.of(f"papers {key}"), "places": [asdict(one) for one in places],
            }
        )  # fmt: skip
    return sieved(FIGURE_SPLITS.of(kept), refused, len(rows))


def figure_splits_step(
    corpus: str,
    figures: Step,
    config: SplitConfig,
    *,
    sealed: Step | None,
    splits: Step | None,
    sources: Sequence[Step],
) -> Step:
    """The whole step; `sealed`, `splits` and `sources` of the corpus where it has them."""
    sky = [Input(sealed, columns=SEALED_COLUMNS)] if sealed else []
    sky += [Input(splits, columns=SPLIT_COLUMNS)] if splits else []
    sky += [Input(one, columns=SOURCE_COLUMNS) for one in sources] if splits else []
    return Step(
        f"figure_splits/{corpus}",
        _figure_splits_of_all,
        FIGURE_SPLITS,
        config=(config, sealed is not None, splits is not None),
        inputs=(Input(figures, columns=FIGURE_COLUMNS), *sky),
        resources=Resources(cpus=1, memory_mb=2000),
    )


def _figure_splits_of_all(figures: pa.Table, *given: Any) -> Sieved:
    *tables, config, has_sealed, has_splits = given
    sealed = tables.pop(0) if has_sealed else None
    splits = tables.pop(0) if has_splits else None
    return figure_splits(figures, config, HeldOut.of(sealed, splits, tables))


def _groups(rows: Sequence[dict[str, Any]], copy_of: dict[str, str]) -> dict[str, str]:
    """The first paper of each group, by paper: papers that share a picture or a text are one group."""
    from scipy.sparse import coo_array  # slow to import
    from scipy.sparse.csgraph import connected_components

    paper = {row["figure_id"]: row["paper_id"] for row in rows}
    names = sorted(set(paper.values()))
    at = {one: k for k, one in enumerate(names)}
    left, right = [at[paper[one]] for one in copy_of], [at[paper[one]] for one in copy_of.values()]
    links = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(names), len(names)))
    group = connected_components(links, directed=False)[1].tolist()
    first: dict[int, str] = {}
    for name, one in zip(names, group, strict=True):
        first.setdefault(one, name)
    return {name: first[one] for name, one in zip(names, group, strict=True)}
