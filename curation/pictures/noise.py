"""NOISE: noise and background around each cutout, of boxes of its mosaics. Made from FRAMES and MOSAICS.

Only corpora where a `[noise]` asks for it have them. Compare Riggi et al. 2016 (MNRAS 460, 1486), section 2.2, and
`curation.pictures.boxed_noise`; CUTOUTS take their noise, and what is subtracted, from here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogs.noise import NoiseRecipe
from curation.engine.objects import AnyPath
from curation.engine.steps import Input, Resources, Step
from curation.pictures.boxed_noise import BoxedNoise, NoiseBoxes
from curation.pictures.cards import ImageError
from curation.pictures.cutouts import MANY_WINDOWS, mosaics_by_name
from curation.pictures.frame import Frame
from curation.pictures.frames import FROM_WINDOW
from curation.pictures.plane import Box
from curation.pictures.readings import Readings
from curation.pictures.render import LESS
from curation.pictures.unchanged import Stamps
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import NOISE

BOXES_A_WINDOW = 9  # that a tile-compressed mosaic is decoded for, about
Row = dict[str, Any]


def noise(
    frames: pa.Table,
    mosaics: pa.Table,
    recipe: NoiseRecipe,
    frame: Frame,
    *,
    raw: AnyPath,
    stamps: Stamps | None = None,
) -> Sieved:
    """NOISE of a part of FRAMES; *in* are its rows. Each box is measured once.

    Refused: `beam-unknown` and `box-too-large` for boxes in beams, and what cannot be read, as by `cutouts`. Raises
    OSError and CatalogError as `cutouts` does.
    """
    rows = frames.to_pylist()
    n_windows = Counter(share["mosaic"] for row in rows for share in shares_of(row))
    index = mosaics_by_name(mosaics, n_windows)
    often = {name for name, n in n_windows.items() if n * BOXES_A_WINDOW > MANY_WINDOWS}
    readings = Readings(raw, index, frame.beam, stamps, often)
    boxes = NoiseBoxes(index, readings.read, recipe, frame.beam)
    made, refused = list[Row](), list[Rejection]()
    for row in rows:
        try:
            made.append(_row(row, index, boxes, recipe))
        except ImageError as error:
            refused.append(refusal(row, error))
    return sieved(NOISE.of(made), refused, len(rows))


def noise_step(
    frames_step: Step,
    mosaics_step: Step,
    dataset_name: str,
    recipe: NoiseRecipe,
    frame: Frame,
    raw: AnyPath,
    *,
    stamps: Stamps | None = None,
) -> Step:
    """The step that makes `noise/<dataset>`, part by part."""
    return Step(
        name=f"noise/{dataset_name}",
        make=partial(noise, raw=raw, stamps=stamps),
        table=NOISE,
        config=(recipe, frame),
        inputs=(Input(frames_step, by_part=True), Input(mosaics_step)),
        resources=Resources(memory_mb=1000),
    )


def refusal(frame: Row, error: ImageError) -> Rejection:
    """A row of FRAMES of which no picture is made."""
    came_in = {name: value for name, value in frame.items() if name != "wcs_header"}
    return Rejection(frame["cutout_id"], error.reason, str(error), came_in)


def shares_of(frame: Row) -> list[Row]:
    """The mosaics of a row of FRAMES that have a share in the picture."""
    return [one for one in frame["mosaics"] if one["weight"]]


def box_of(share: Row) -> Box:
    """The box that is read of a mosaic."""
    return share["x_min_px"], share["y_min_px"], share["x_max_px"], share["y_max_px"]


def rms_of(row: Row) -> float | None:
    """The noise that a row of NOISE says of its picture, in the unit of `pixels`; None: that of the picture itself."""
    return None if row["rms"] == "window" else _combined(row["boxes"])[0]


def background_of(row: Row, mosaic: str, box: Box) -> NDArray[np.float64] | float:
    """What is taken off each pixel of a box of one of the picture's mosaics, in the unit of `pixels`; 0: nothing."""
    share = next(one for one in row["boxes"] if one["mosaic"] == mosaic)
    if row["background"] == "none" or row["state"] == "window":
        return 0.0
    if row["background"] == "global":
        return share["level"] or 0.0
    found = _boxed(share)
    return found.background_of(box) if found.median_background is not None else 0.0


def subtraction_told(row: Row) -> str:
    """What `stretch` says of a row's background, before how brightness became grey; nothing where none is taken off."""
    is_taken = row["background"] != "none" and row["state"] != "window"
    return LESS.format(row["background"]) if is_taken else ""


def _row(frame: Row, index: Mapping[str, Row], boxes: NoiseBoxes, recipe: NoiseRecipe) -> Row:
    shares, is_whole = list[Row](), list[bool]()
    for share in shares_of(frame):
        mosaic, box = index[share["mosaic"]], box_of(share)
        found = boxes.under(share["mosaic"], box)
        x, y = (box[0] + box[2] - 1) / 2, (box[1] + box[3] - 1) / 2
        is_there = 0 <= x <= mosaic["width_px"] - 1 and 0 <= y <= mosaic["height_px"] - 1
        background, rms, all_known = found.at(x, y) if is_there else (np.nan, np.nan, False)
        is_whole += [all_known] if np.isfinite(rms) else []
        shares.append(_entry(found, share, rms, background))
    rms, background = _combined(shares)
    state = "window" if rms is None else "local" if all(is_whole) else "nearest"
    first = index[frame["mosaic"]]
    is_known_unit, pixel = first["to_mjy_per_beam"] is not None, first["pixel_arcsec"]
    taken = {"none": None, "global": _mean_of_levels(shares), "local": background}[recipe.background]
    return {
        **{name: frame[name] for name in ("cutout_id", *FROM_WINDOW)},
        "rms": recipe.rms,
        "background": recipe.background,
        "state": state,
        "box_px": shares[0]["box_px"],
        "box_arcsec": shares[0]["box_px"] * pixel if pixel else None,
        "n_boxes": sum(value is not None for share in shares for value in share["rms"]),
        "rms_local_mjy_per_beam": rms if is_known_unit else None,
        "background_local_mjy_per_beam": background if is_known_unit else None,
        "background_taken_mjy_per_beam": taken if is_known_unit and state != "window" else None,
        "boxes": shares,
    }


def _entry(found: BoxedNoise, share: Row, rms: float, background: float) -> Row:
    """As an entry of `boxes`; what is not known is null."""
    known = {"background": found.background, "rms": found.rms}
    return {
        "mosaic": share["mosaic"],
        "weight": share["weight"],
        "box_px": found.box_px,
        "x_px": found.x_px.tolist(),
        "y_px": found.y_px.tolist(),
        **{
            name: [one if np.isfinite(one) else None for one in values.ravel().tolist()]
            for name, values in known.items()
        },
        "level": found.level,
        "rms_there": rms if np.isfinite(rms) else None,
        "background_there": background if np.isfinite(background) else None,
    }


def _combined(shares: Sequence[Row]) -> tuple[float | None, float | None]:
    """Noise and background at the middle of a picture, which is a mean of its mosaics, by their weights."""
    known = [one for one in shares if one["rms_there"] is not None]
    total = sum(one["weight"] for one in known)
    if not known:
        return None, None
    variance = sum((one["weight"] * one["rms_there"]) ** 2 for one in known)
    return float(np.sqrt(variance)) / total, sum(one["weight"] * one["background_there"] for one in known) / total


def _mean_of_levels(shares: Sequence[Row]) -> float | None:
    known = [one for one in shares if one["level"] is not None]
    return sum(one["weight"] * one["level"] for one in known) / sum(one["weight"] for one in known) if known else None


def _boxed(share: Row) -> BoxedNoise:
    """An entry of `boxes`, ready to be asked."""
    shape = len(share["y_px"]), len(share["x_px"])
    background, rms = (np.array(share[name], np.float64).reshape(shape) for name in ("background", "rms"))
    x, y = np.array(share["x_px"]), np.array(share["y_px"])
    return BoxedNoise(share["box_px"], x, y, background, rms, share["level"])
