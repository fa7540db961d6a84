"""A look at one place: the picture that a build would cut there, made when it is asked for, and kept nowhere.

A sight is a row of CUTOUTS like any other, by the same code: same window, same stretch, same WCS. It has no source.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs.dataset import CutoutRecipe
from curation.pictures.covering import Covered
from curation.pictures.cutouts import cutouts
from curation.pictures.render import Picture
from curation.pictures.unchanged import Stamps
from curation.pictures.views import SHOWN, Ints, side_in_arcsec, side_in_px, views_of_positions
from schemas.errors import RecipeError
from schemas.tables import MOSAICS, WINDOWS

Row = dict[str, Any]
Side = Callable[[Row, Covered], Ints]
EDGES = ("x_min_px", "y_min_px", "x_max_px", "y_max_px")
NOWHERE = "none"
__all__ = ["side_in_arcsec", "side_in_px", "sight_at", "sight_of"]


def sight_at(
    position_deg: tuple[float, float],
    mosaics: pa.Table,
    side: Side,
    picture: Picture,
    *,
    raw: Path,
    stamps: Stamps | None = None,
) -> Row:
    """The picture around an ICRS position, cut from the mosaic that covers it and whose centre is nearest.

    Raises RecipeError for a place that no mosaic covers, or that shows nothing.
    """
    ra, dec = position_deg
    shown = pa.table([["sight"], [ra], [dec], [[]]], schema=SHOWN)
    views = views_of_positions(shown, mosaics, side)
    if views.refused:
        raise RecipeError(views.refused[0].detail)
    rows = [(views.mosaics[int(row[0])], row[1:]) for row in views.windows.tolist()]
    return _cut(rows, mosaics, picture, raw, stamps)


def sight_of(mosaic: Row, picture: Picture, *, raw: Path) -> Row:
    """The picture of a whole image, by its row of MOSAICS. Raises RecipeError where it shows nothing."""
    box = [0, 0, mosaic["width_px"], mosaic["height_px"]]
    return _cut([(mosaic, box)], MOSAICS.of([mosaic]), picture, raw, None)


def _cut(
    found: Sequence[tuple[Mapping[str, Any], Sequence[int]]],
    mosaics: pa.Table,
    picture: Picture,
    raw: Path,
    stamps: Stamps | None,
) -> Row:
    boxes = [
        {"cutout_id": f"sight-{place}", "mosaic": one["mosaic"], **dict(zip(EDGES, box, strict=True))}
        for place, (one, box) in enumerate(found)
    ]
    survey = found[0][0]["survey"]
    named = {"source_id": NOWHERE, "dataset": NOWHERE, "survey": survey, "n_mosaics": len(boxes)}
    windows = WINDOWS.of([{**boxes[0], **named, "others": boxes[1:] or None}])
    made = cutouts(windows, mosaics, CutoutRecipe(most_blank=1.0), picture, raw=raw, stamps=stamps)
    if made.kept.num_rows:
        return made.kept.to_pylist()[0]
    (refused,) = made.rejected.to_pylist()
    raise RecipeError(f"{refused['reason']}: {refused['detail']}")
