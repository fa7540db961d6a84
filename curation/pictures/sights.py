"""A look at one place: the picture that a build would cut there, made when it is asked for, and kept nowhere.

A sight is a row of CUTOUTS like any other, by the same code: same window, same stretch, same WCS. It has no source.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from catalogs.dataset import CutoutRecipe
from catalogs.noise import NoiseRecipe
from curation.engine.objects import AnyPath
from curation.pictures.covering import Covered
from curation.pictures.cutouts import cutouts
from curation.pictures.frame import AS_CUT, Frame
from curation.pictures.framed import framed_cutouts, levelled_cutouts
from curation.pictures.frames import SOURCE_COLUMNS, frames
from curation.pictures.noise import noise as noise_of
from curation.pictures.render import Picture
from curation.pictures.unchanged import Stamps
from curation.pictures.views import SHOWN, Ints, side_in_arcsec, side_in_px, views_of_positions
from schemas.errors import RecipeError
from schemas.rejection import Sieved
from schemas.tables import EDGES, MOSAICS, SOURCES, WINDOWS

Row = dict[str, Any]
Side = Callable[[Row, Covered], Ints]
NOWHERE = "none"
ALL = CutoutRecipe(most_blank=1.0)
__all__ = ["side_in_arcsec", "side_in_px", "sight_at", "sight_of"]


def sight_at(
    position_deg: tuple[float, float],
    mosaics: pa.Table,
    side: Side,
    picture: Picture,
    *,
    raw: AnyPath,
    stamps: Stamps | None = None,
    frame: Frame | None = None,
    noise: NoiseRecipe | None = None,
) -> Row:
    """The picture around an ICRS position, cut from the mosaic that covers it and whose centre is nearest.

    `frame`, `noise`: of a corpus that makes its pictures otherwise of mosaics, or less a background: so is this one.
    Raises RecipeError for a place that no mosaic covers, or that shows nothing.
    """
    ra, dec = position_deg
    shown = pa.table([["sight"], [ra], [dec], [[]]], schema=SHOWN)
    views = views_of_positions(shown, mosaics, side)
    if views.refused:
        raise RecipeError(views.refused[0].detail)
    rows = [(views.mosaics[int(row[0])], row[1:]) for row in views.windows.tolist()]
    windows = _windows(rows)
    if frame is None and noise is None:
        return _shown(cutouts(windows, mosaics, ALL, picture, raw=raw, stamps=stamps))
    source = {"source_id": NOWHERE, "ra_deg": ra, "dec_deg": dec}  # no side: that of the window
    sources = pa.Table.from_pylist([source], pa.schema([SOURCES.schema.field(name) for name in SOURCE_COLUMNS]))
    frame = frame or AS_CUT
    found = frames(windows, mosaics, sources, ALL, frame, raw=raw, stamps=stamps)
    if not found.kept.num_rows:
        return _shown(found)
    if noise is None:
        return _shown(framed_cutouts(found.kept, mosaics, ALL, picture, frame, raw=raw, stamps=stamps))
    levels = noise_of(found.kept, mosaics, noise, frame, raw=raw, stamps=stamps)
    if not levels.kept.num_rows:
        return _shown(levels)
    return _shown(levelled_cutouts(levels.kept, found.kept, mosaics, ALL, picture, frame, raw=raw, stamps=stamps))


def sight_of(mosaic: Row, picture: Picture, *, raw: AnyPath) -> Row:
    """The picture of a whole image, by its row of MOSAICS. Raises RecipeError where it shows nothing."""
    box = [0, 0, mosaic["width_px"], mosaic["height_px"]]
    return _shown(cutouts(_windows([(mosaic, box)]), MOSAICS.of([mosaic]), ALL, picture, raw=raw))


def _windows(found: Sequence[tuple[Mapping[str, Any], Sequence[int]]]) -> pa.Table:
    """WINDOWS of one row: the box in each mosaic, the nearest first."""
    boxes = [
        {"cutout_id": f"sight-{place}", "mosaic": one["mosaic"], **dict(zip(EDGES, box, strict=True))}
        for place, (one, box) in enumerate(found)
    ]
    survey = found[0][0]["survey"]
    named = {"source_id": NOWHERE, "dataset": NOWHERE, "survey": survey, "n_mosaics": len(boxes)}
    return WINDOWS.of([{**boxes[0], **named, "others": boxes[1:] or None}])


def _shown(made: Sieved) -> Row:
    """The one picture. Raises RecipeError where it was refused."""
    if made.kept.num_rows:
        return made.kept.to_pylist()[0]
    (refused,) = made.rejected.to_pylist()
    raise RecipeError(f"{refused['reason']}: {refused['detail']}")
