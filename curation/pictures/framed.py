"""CUTOUTS of a corpus with a `[frame]`: each picture made of its mosaics on its pixels. From FRAMES and MOSAICS."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from catalogs.dataset import CutoutRecipe
from curation.engine.steps import Input, Resources, Step
from curation.pictures.cards import ImageError
from curation.pictures.cutouts import FROM_MOSAIC, FROM_WINDOW, VERSION, pixel_columns
from curation.pictures.frame import Frame
from curation.pictures.grids import Grid
from curation.pictures.readings import Readings
from curation.pictures.regrid import regridded
from curation.pictures.render import Picture
from curation.pictures.unchanged import Stamps
from curation.pictures.window_sky import moved_header, window_sky
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import CUTOUTS, EDGES

Row = dict[str, Any]


def framed_cutouts(
    frames: pa.Table,
    mosaics: pa.Table,
    recipe: CutoutRecipe,
    picture: Picture,
    frame: Frame,
    *,
    raw: Path,
    stamps: Stamps | None = None,
) -> Sieved:
    """CUTOUTS of a part of FRAMES; *in* are its rows. Refused, and raised, as by `cutouts`."""
    rows = frames.to_pylist()
    names = pa.array({share["mosaic"] for row in rows for share in row["mosaics"] if share["weight"]}, pa.string())
    index = {one["mosaic"]: one for one in mosaics.filter(compute.is_in(mosaics["mosaic"], names)).to_pylist()}
    readings = Readings(raw, index, frame.beam, stamps)
    made, refused = list[Row](), list[Rejection]()
    for row in rows:
        mosaic, grid = index[row["mosaic"]], Grid(row["wcs_header"], row["width_px"], row["height_px"])
        try:
            image = np.ascontiguousarray(_image(row, grid, readings, frame), np.float32)
            pixels = pixel_columns(image, recipe, picture, is_known_unit=mosaic["to_mjy_per_beam"] is not None)
        except ImageError as error:
            came_in = {name: value for name, value in row.items() if name != "wcs_header"}
            refused.append(Rejection(row["cutout_id"], error.reason, str(error), came_in))
            continue
        (place,) = window_sky([grid.box], {"header": grid.header, "pixel_arcsec": mosaic["pixel_arcsec"]})
        made.append(
            {
                **{name: row[name] for name in (*FROM_WINDOW, *FROM_MOSAIC)},
                "mosaic_sha256": mosaic["sha256"],
                **pixels,
                **place,
            }
        )
    return sieved(CUTOUTS.of(made), refused, len(rows))


def framed_cutouts_step(
    frames_step: Step,
    mosaics_step: Step,
    dataset_name: str,
    recipe: CutoutRecipe,
    picture: Picture,
    frame: Frame,
    raw: Path,
    *,
    stamps: Stamps | None = None,
) -> Step:
    """The step that makes `cutouts/<dataset>` of FRAMES, part by part."""
    return Step(
        name=f"cutouts/{dataset_name}",
        make=partial(framed_cutouts, raw=raw, stamps=stamps),
        table=CUTOUTS,
        version=VERSION,
        config=(recipe, picture, frame),
        inputs=(Input(frames_step, by_part=True), Input(mosaics_step)),
        resources=Resources(memory_mb=1000),
    )


def _image(row: Row, grid: Grid, readings: Readings, frame: Frame) -> NDArray[np.floating]:
    """image[y, x] on the grid, in mJy/beam: of the one mosaic that has a share, or the mean of those that have.

    Each pixel is the mean of those that show something there, by their weights. Near its blanks a mosaic that was
    convolved does not know its pixels well: it has a part there only where no other knows better.
    """
    shares = [one for one in row["mosaics"] if one["weight"]]
    if len(shares) == 1:
        return _layer(shares[0], row, grid, readings, frame)
    made = _mean(shares, [_layer(one, row, grid, readings, frame, only_sure=True) for one in shares])
    if frame.beam is None or np.isfinite(made).all():
        return made
    others = _mean(shares, [_layer(one, row, grid, readings, frame) for one in shares])
    return np.where(np.isfinite(made), made, others)


def _mean(shares: Sequence[Row], layers: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    total, weight = np.zeros(layers[0].shape), np.zeros(layers[0].shape)
    for share, layer in zip(shares, layers, strict=True):
        known = np.isfinite(layer)
        total[known] += share["weight"] * layer[known]
        weight[known] += share["weight"]
    with np.errstate(invalid="ignore"):
        return total / weight  # 0 / 0, where nobody shows anything, is blank


def _layer(
    share: Row, row: Row, grid: Grid, readings: Readings, frame: Frame, *, only_sure: bool = False
) -> NDArray[np.floating]:
    """What one mosaic shows on the grid; `only_sure`: see `convolved`."""
    x_min, y_min, x_max, y_max = (share[name] for name in EDGES)
    image = readings.read(share["mosaic"], (x_min, y_min, x_max, y_max), only_sure=only_sure)
    if share["mosaic"] == row["mosaic"] and not frame.is_regridded:
        return image
    header = moved_header(readings.mosaics[share["mosaic"]]["header"], x_min, y_min)
    return regridded(image, header, grid, frame.how)
