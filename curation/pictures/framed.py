"""CUTOUTS of a corpus with a `[frame]` or a `[noise]`: each picture made of its mosaics on its pixels.

From FRAMES and MOSAICS, and from NOISE where there are some.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogs.dataset import CutoutRecipe
from curation.engine.objects import AnyPath
from curation.engine.steps import Input, Resources, Step
from curation.pictures.cards import ImageError
from curation.pictures.cutouts import FROM_MOSAIC, FROM_WINDOW, VERSION, mosaics_by_name, pixel_columns
from curation.pictures.frame import Frame
from curation.pictures.grids import Grid
from curation.pictures.noise import background_of, box_of, refusal, rms_of, shares_of, subtraction_told
from curation.pictures.readings import Readings
from curation.pictures.regrid import regridded
from curation.pictures.render import Picture
from curation.pictures.unchanged import Stamps
from curation.pictures.window_sky import moved_header, window_sky
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import CUTOUTS

Row = dict[str, Any]


def framed_cutouts(
    frames: pa.Table,
    mosaics: pa.Table,
    recipe: CutoutRecipe,
    picture: Picture,
    frame: Frame,
    *,
    raw: AnyPath,
    stamps: Stamps | None = None,
) -> Sieved:
    """CUTOUTS of a part of FRAMES; *in* are its rows. Refused, and raised, as by `cutouts`."""
    rows = frames.to_pylist()
    return _made(rows, _Sources(frame, _readings(rows, mosaics, frame, raw, stamps)), recipe, picture)


def levelled_cutouts(
    noise: pa.Table,
    frames: pa.Table,
    mosaics: pa.Table,
    recipe: CutoutRecipe,
    picture: Picture,
    frame: Frame,
    *,
    raw: AnyPath,
    stamps: Stamps | None = None,
) -> Sieved:
    """CUTOUTS of a part of NOISE and the same of FRAMES: with that noise, and less that background.

    *In* are the rows of NOISE. Refused, and raised, as by `cutouts`; `stretch` says what was subtracted.
    """
    known = {row["cutout_id"]: row for row in noise.to_pylist()}
    rows = [row for row in frames.to_pylist() if row["cutout_id"] in known]
    return _made(rows, _Sources(frame, _readings(rows, mosaics, frame, raw, stamps), known), recipe, picture)


def framed_cutouts_step(
    frames_step: Step,
    mosaics_step: Step,
    dataset_name: str,
    recipe: CutoutRecipe,
    picture: Picture,
    frame: Frame,
    raw: AnyPath,
    *,
    noise: Step | None = None,
    stamps: Stamps | None = None,
) -> Step:
    """The step that makes `cutouts/<dataset>` of FRAMES, and of `noise` where there is one, part by part."""
    inputs = (Input(frames_step, by_part=True), Input(mosaics_step))
    return Step(
        name=f"cutouts/{dataset_name}",
        make=partial(levelled_cutouts if noise else framed_cutouts, raw=raw, stamps=stamps),
        table=CUTOUTS,
        version=VERSION,
        config=(recipe, picture, frame),
        inputs=(Input(noise, by_part=True), *inputs) if noise else inputs,
        resources=Resources(memory_mb=1000),
    )


@dataclass(frozen=True)
class _Sources:
    """What pictures are made of."""

    frame: Frame
    readings: Readings
    noise: Mapping[str, Row] = field(default_factory=dict[str, Row])
    """Rows of NOISE by cutout; none: each picture has its own noise, and nothing is subtracted."""

    def image(self, row: Row, grid: Grid) -> NDArray[np.floating]:
        """image[y, x] on the grid, in mJy/beam: of the one mosaic that has a share, or the mean of those that have.

        Each pixel is the mean of those that show something there, by their weights. Near its blanks a mosaic that was
        convolved does not know its pixels well: it has a part there only where no other knows better.
        """
        shares = shares_of(row)
        if len(shares) == 1:
            return self._layer(shares[0], row, grid)
        made = _mean(shares, [self._layer(one, row, grid, only_sure=True) for one in shares])
        if self.frame.beam is None or np.isfinite(made).all():
            return made
        others = _mean(shares, [self._layer(one, row, grid) for one in shares])
        return np.where(np.isfinite(made), made, others)

    def _layer(self, share: Row, row: Row, grid: Grid, *, only_sure: bool = False) -> NDArray[np.floating]:
        """What one mosaic shows on the grid, less its background; `only_sure`: see `convolved`."""
        x_min, y_min, x_max, y_max = box = box_of(share)
        image = self.readings.read(share["mosaic"], box, only_sure=only_sure)
        if level := self.noise.get(row["cutout_id"]):
            image = image - background_of(level, share["mosaic"], box)
        if share["mosaic"] == row["mosaic"] and not self.frame.is_regridded:
            return image
        header = moved_header(self.readings.mosaics[share["mosaic"]]["header"], x_min, y_min)
        return regridded(image, header, grid, self.frame.how)


def _readings(rows: Sequence[Row], mosaics: pa.Table, frame: Frame, raw: AnyPath, stamps: Stamps | None) -> Readings:
    index = mosaics_by_name(mosaics, {share["mosaic"] for row in rows for share in shares_of(row)})
    return Readings(raw, index, frame.beam, stamps)


def _made(rows: Sequence[Row], sources: _Sources, recipe: CutoutRecipe, picture: Picture) -> Sieved:
    made, refused = list[Row](), list[Rejection]()
    for row in rows:
        mosaic = sources.readings.mosaics[row["mosaic"]]
        grid, level = Grid(row["wcs_header"], row["width_px"], row["height_px"]), sources.noise.get(row["cutout_id"])
        is_known_unit, rms = mosaic["to_mjy_per_beam"] is not None, rms_of(level) if level else None
        try:
            image = np.ascontiguousarray(sources.image(row, grid), np.float32)
            pixels = pixel_columns(image, recipe, picture, is_known_unit=is_known_unit, rms=rms)
        except ImageError as error:
            refused.append(refusal(row, error))
            continue
        (place,) = window_sky([grid.box], {"header": grid.header, "pixel_arcsec": mosaic["pixel_arcsec"]})
        pixels["stretch"] = (subtraction_told(level) if level else "") + pixels["stretch"]
        made.append(
            {
                **{name: row[name] for name in (*FROM_WINDOW, *FROM_MOSAIC)},
                "mosaic_sha256": mosaic["sha256"],
                **pixels,
                **place,
            }
        )
    return sieved(CUTOUTS.of(made), refused, len(rows))


def _mean(shares: Sequence[Row], layers: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    total, weight = np.zeros(layers[0].shape), np.zeros(layers[0].shape)
    for share, layer in zip(shares, layers, strict=True):
        known = np.isfinite(layer)
        total[known] += share["weight"] * layer[known]
        weight[known] += share["weight"]
    with np.errstate(invalid="ignore"):
        return total / weight  # 0 / 0, where nobody shows anything, is blank
