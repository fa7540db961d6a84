"""What the page shows of a conversation, as plain values: the picture's sky and boxes, labels, turns, claims."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curation.decisions.rows import Decision
from curation.pages.sky_grid import sky_grid
from curation.pictures.boxes import box_fits_px, visible_boxes
from curation.reviewing.desk import Desk, Seen
from curation.reviewing.queue import Waiting
from curation.reviewing.standings import TOLD, Standing
from curation.verification.claims import Annotations, Claim, ExtractedClaim
from curation.verification.verdicts import words
from curation.verification.verify import verify

PERCENTILES = (1.0, 99.7)  # of the brightness, black and white when the picture opens
FACTS = (
    "cutout_id", "width_px", "height_px", "survey", "mosaic", "stretch", "ra_deg", "dec_deg", "pixel_x_arcsec",
    "rms_mjy_per_beam", "peak_mjy_per_beam", "beam_major_arcsec", "beam_minor_arcsec", "blank_fraction",
)  # fmt: skip
Row = Mapping[str, Any]


def shown(desk: Desk, one: Waiting, standings: Sequence[Standing]) -> dict[str, Any]:
    """A conversation for the page; `standings`: of all about its dataset, of which those about its source are told."""
    seen = desk.seen(one)
    known = desk.annotations(one.dataset).of(seen.cutout)
    scheme = desk.scheme(one.dataset)
    about = [each for each in standings if each.decision.source_id == seen.cutout["source_id"]]
    return {
        "conversation_id": one.conversation_id, "sample_id": one.sample_id, "dataset": one.dataset,
        "source_id": seen.cutout["source_id"], "source_name": one.source_name, "split": one.split,
        "refused": one.refused, "doubts": list(one.doubts),
        "picture": _picture(seen),
        "boxes": _boxes(desk, seen),
        "scheme": {"name": scheme.name, "is_single": scheme.kind == "single",
                   "labels": [{"name": name, "definition": each.definition} for name, each in scheme.labels.items()]},
        "labels": [_label(each) for each in seen.source["labels"] or ()],
        "before": [_label(each) for each in seen.before],
        "turns": [_turn(*each, known) for each in zip(seen.conversation["turns"], seen.turns, strict=False)],
        "twins": desk.twins.get(seen.cutout["cutout_id"], []),
        "decisions": [_told(each.decision, TOLD[each.standing], one) for each in about],
    }  # fmt: skip


def pixels(seen: Seen) -> bytes:
    """image[y, x] in mJy/beam as little-endian float32, row 0 at the bottom: as the table has it."""
    return seen.cutout["pixels"]


def _picture(seen: Seen) -> dict[str, Any]:
    cutout = seen.cutout
    image = np.frombuffer(cutout["pixels"], "<f4")
    finite = image[np.isfinite(image)]
    if not finite.size:
        finite = np.zeros(1)
    low, high = np.percentile(finite, PERCENTILES)
    return {name: cutout[name] for name in FACTS} | {
        "low": float(low), "high": float(max(high, low + 1e-12)), "least": float(finite.min()),
        "most": float(finite.max()),
        "sky": sky_grid(cutout["wcs_header"], (0, 0, cutout["width_px"], cutout["height_px"])),
    }  # fmt: skip


def _boxes(desk: Desk, seen: Seen) -> list[dict[str, Any]]:
    """Boxes of all objects in the picture, in pixels of the image from its left and upper edges."""
    known = desk.objects(seen.dataset)
    if not known:
        return []
    width, height, side = (seen.cutout[name] for name in ("width_px", "height_px", "png_side_px"))
    found: list[dict[str, Any]] = []
    for one in visible_boxes(desk.outlines(seen.dataset), seen.cutout, desk.corpus.dialect):  # pyright: ignore
        x_min, y_min, x_max, y_max = box_fits_px(one.box_norm, width, height, side)
        row = known[one.object_id]
        found.append(
            {
                "object_id": one.object_id,
                "name": row["object_name"],
                "box": [x_min, height - y_max, x_max, height - y_min],
                "labels": [_label(each) for each in row["labels"] or ()],
                "reason": one.reason,
            }
        )
    return found


def _turn(turn: Row, judged: Row, known: Annotations | None) -> dict[str, Any]:
    claims = [Claim.of(one) for one in turn["claims"] or ()]
    return {
        "question": turn["question"], "answer": turn["answer"], "kind": turn["kind"], "writer": turn["writer"],
        "verdict": judged["verdict"], "reasons": judged["reasons"] or [], "flags": judged["flags"] or [],
        "claims": [_claim(one, known) for one in claims],
    }  # fmt: skip


def _claim(one: Claim, known: Annotations | None) -> dict[str, Any]:
    if known is None:
        return {"told": words(one), "verdict": "unverifiable", "reason": ""}
    said = verify(ExtractedClaim(one, 0, 0), known)
    return {"told": words(one), "verdict": str(said.judgement), "reason": said.reason}


def _label(one: Row) -> dict[str, Any]:
    return {name: one[name] for name in ("label", "state", "tier", "original", "catalog", "row", "confidence")}


def _told(one: Decision, standing: str, here: Waiting) -> dict[str, Any]:
    return {
        "decision_id": one.decision_id, "reviewer": one.reviewer, "told": one.told, "verdict": str(one.verdict),
        "at": one.decided_at, "standing": standing, "is_here": one.sample_id == here.sample_id,
    }  # fmt: skip
