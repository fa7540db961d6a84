"""CUTOUTS: the pixels of each window, in mJy/beam, with their WCS, noise and picture. From WINDOWS and MOSAICS."""

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from catalogs.dataset import CutoutRecipe
from curation.engine.objects import AnyPath
from curation.engine.steps import Input, Resources, Step
from curation.pictures.bulk import Bulk
from curation.pictures.cards import ImageError
from curation.pictures.flaws import flaws
from curation.pictures.likeness import small
from curation.pictures.plane import Box, Plane, open_plane
from curation.pictures.png import png_bytes
from curation.pictures.render import Picture, draw, stretch_name
from curation.pictures.seen import seen
from curation.pictures.turn import SHOWS_NOTHING, Turn
from curation.pictures.unchanged import Stamp, Stamps, unchanged
from curation.pictures.window_sky import window_sky
from curation.pictures.windows import windows, windows_step
from curation.pictures.zscale import clipped_noise, extent
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import CUTOUTS

__all__ = ["cutouts", "cutouts_step", "windows", "windows_step"]

MANY_WINDOWS = 31  # of one mosaic: from here a tile-compressed one is faster decoded whole
VERSION = 8  # of `pixel_columns`: what may be wrong with an image; the small picture, by which equal ones are found
FROM_WINDOW = ("cutout_id", "source_id", "dataset", "survey", "mosaic")
BULKY = ("pixels", "png")  # nearly all of a part
FROM_MOSAIC = ("beam_major_arcsec", "beam_minor_arcsec", "beam_pa_deg", "beam_from")
Row = dict[str, Any]


def cutouts(
    windows: pa.Table,
    mosaics: pa.Table,
    recipe: CutoutRecipe,
    picture: Picture,
    *,
    raw: AnyPath,
    stamps: Stamps | None = None,
) -> Sieved:
    """CUTOUTS of a part of WINDOWS; *in* are its rows. Each mosaic is opened once a round.

    A window that shows nothing in the nearest mosaic, or nothing where the source is, is cut from the next of the
    others that does; `mosaic` says from which. Refused, for what the nearest shows: `mostly-blank` above the recipe's
    share of blank pixels, `all-blank`, `constant`; and `unreadable`, as a file that is broken is not sky without data.
    A refusal names the mosaic's digest. Raises OSError for a mosaic that the machine cannot read now, and CatalogError
    for one that is not the one of the index any more; `stamps`: see `unchanged`.
    """
    rows = windows.to_pylist()
    turns = [Turn[Row, Row]([{**row, **box} for box in (row, *(row["others"] or ()))]) for row in rows]
    by_name = mosaics_by_name(mosaics, {box["mosaic"] for turn in turns for box in turn.left})
    came_to, bulk = dict[int, Row | ImageError](), Bulk(BULKY)

    def show(plane: Plane, box: Row, mosaic: Row) -> Row:
        return bulk.put(_shown(plane, box, mosaic, recipe=recipe, picture=picture))

    todo = list(range(len(turns)))
    while todo:
        todo.sort(key=lambda place: turns[place].left[0]["mosaic"])  # stable: row bands stay together
        for name, group in groupby(todo, key=lambda place: turns[place].left[0]["mosaic"]):
            places = list(group)
            boxes = [turns[place].left[0] for place in places]
            known = (stamps or {}).get(name)
            found = _of_mosaic(boxes, by_name[name], raw / name, show, known)
            for place, box, made in zip(places, boxes, found, strict=True):
                turn = turns[place]
                if isinstance(made, ImageError):
                    turn.fail(made)
                else:
                    turn.take(made, is_blank=_is_blank_at_the_source(made, _box_fits_px(box), by_name[name]))
                if turn.made is not None:
                    came_to[place] = turn.made
        todo = [place for place in range(len(turns)) if place not in came_to]
    kept = [one for _, one in sorted(came_to.items()) if not isinstance(one, ImageError)]
    refused = [_refusal(rows[place], one) for place, one in came_to.items() if isinstance(one, ImageError)]
    return sieved(CUTOUTS.of(kept, bulk.columns(kept)), refused, windows.num_rows)


def _refusal(window: Row, error: ImageError) -> Rejection:
    others = window["others"] or ()
    window = {**window, "mosaic_sha256": error.sha256}
    nor = f"; of {len(others)} other mosaics none shows more" if others and error.reason in SHOWS_NOTHING else ""
    return Rejection(window["cutout_id"], error.reason, f"{error}{nor}", window)


def _is_blank_at_the_source(cutout: Row, box: Box, mosaic: Row) -> bool:
    """Whether every pixel is blank on which the source may be: the middle ones, but in a whole mosaic any."""
    if cutout["blank_mask"] is None or box == (0, 0, mosaic["width_px"], mosaic["height_px"]):
        return False
    height, width = cutout["height_px"], cutout["width_px"]
    is_blank = np.unpackbits(np.frombuffer(cutout["blank_mask"], np.uint8), count=height * width)
    return bool(_middle(is_blank.reshape(height, width)).all())


def is_blank_in_the_middle(image: NDArray[np.floating]) -> bool:
    """Whether no pixel of the middle one, two or four of image[y, x] is a number."""
    return not np.isfinite(_middle(image)).any()


def _middle(image: NDArray[Any]) -> NDArray[Any]:
    height, width = image.shape
    return image[(height - 1) // 2 : height // 2 + 1, (width - 1) // 2 : width // 2 + 1]


def mosaics_by_name(mosaics: pa.Table, names: Iterable[str]) -> dict[str, Row]:
    """The rows of MOSAICS of these names."""
    wanted = pa.array(list(names), pa.string())
    return {one["mosaic"]: one for one in mosaics.filter(compute.is_in(mosaics["mosaic"], wanted)).to_pylist()}


def cutouts_step(
    windows_step: Step,
    mosaics_step: Step,
    dataset_name: str,
    recipe: CutoutRecipe,
    picture: Picture,
    raw: AnyPath,
    *,
    stamps: Stamps | None = None,
) -> Step:
    """The step that makes `cutouts/<dataset>`, part by part."""
    return Step(
        name=f"cutouts/{dataset_name}",
        make=partial(cutouts, raw=raw, stamps=stamps),
        table=CUTOUTS,
        version=VERSION,
        config=(recipe, picture),
        inputs=(Input(windows_step, by_part=True), Input(mosaics_step)),
        resources=Resources(memory_mb=800),
    )


def _of_mosaic(
    windows: list[Row], mosaic: Row, path: AnyPath, show: Callable[[Plane, Row, Row], Row], known: Stamp | None
) -> list[Row | ImageError]:
    """Of each window of one mosaic its cutout, or why there is none, once it is sure that the file has stayed."""
    made = list[Row | ImageError]()
    with unchanged(path, mosaic["sha256"], known):
        try:
            plane = open_plane(path, is_wanted_whole=len(windows) > MANY_WINDOWS)
        except ImageError as error:
            return [of_the_file(error, mosaic) for _ in windows]
        plane.expect([_box_fits_px(one) for one in windows])
        places = window_sky([_box_fits_px(one) for one in windows], mosaic)
        for window, place in zip(windows, places, strict=True):
            try:
                made.append({**show(plane, window, mosaic), **place})
            except ImageError as error:
                made.append(of_the_file(error, mosaic))
    return made


def of_the_file(error: ImageError, mosaic: Row) -> ImageError:
    """The error, with the digest of the file that it is about; whatever is wrong with the file makes it unreadable."""
    if error.reason in SHOWS_NOTHING:
        return ImageError(error.reason, str(error), mosaic["sha256"])
    return ImageError("unreadable", f"{mosaic['mosaic']} (SHA-256 {mosaic['sha256']}): {error}", mosaic["sha256"])


def _box_fits_px(window: Row) -> Box:
    return window["x_min_px"], window["y_min_px"], window["x_max_px"], window["y_max_px"]


def _shown(plane: Plane, window: Row, mosaic: Row, *, recipe: CutoutRecipe, picture: Picture) -> Row:
    """The columns that come from pixels and headers; raises ImageError for a cutout that shows nothing."""
    factor = mosaic["to_mjy_per_beam"]
    image = in_mjy_per_beam(plane.read(_box_fits_px(window)), factor)
    return {
        **{name: window[name] for name in FROM_WINDOW},
        **{name: mosaic[name] for name in FROM_MOSAIC},
        "mosaic_sha256": mosaic["sha256"],
        **pixel_columns(image, recipe, picture, is_known_unit=factor is not None),
    }


def pixel_columns(
    image: NDArray[np.float32],
    recipe: CutoutRecipe,
    picture: Picture,
    *,
    is_known_unit: bool,
    rms: float | None = None,
) -> Row:
    """The columns that come from image[y, x], and its picture. `rms`: its noise, where that is not of its own pixels.

    Raises ImageError where it shows nothing.
    """
    blank_fraction, peak = check_shows(image, recipe)
    drawn = draw(image, picture)
    png, (mean, own_rms) = png_bytes(drawn.picture), clipped_noise(image)
    rms = own_rms if rms is None else rms
    wrong = flaws(image, mean, rms)
    shown = seen(image, picture.stretches, drawn.scales, rms)
    return {
        "width_px": image.shape[1],
        "height_px": image.shape[0],
        "rms_mjy_per_beam": rms if is_known_unit else None,
        "peak_mjy_per_beam": peak if is_known_unit else None,
        "blank_fraction": blank_fraction,
        "blank_mask": np.packbits(~np.isfinite(image)).tobytes() if blank_fraction else None,
        "pixels": image.astype("<f4", copy=False).tobytes(),
        "png": png,
        "png_side_px": picture.side_px,
        "small": small(drawn.picture).tobytes(),
        "stretch": stretch_name(picture),
        "channels": shown.channels,
        "source_px": shown.source_px,
        "saturated_share": shown.saturated_share,
        "range_kept": shown.range_kept,
        "stripes": wrong.stripes,
        "noise_step": wrong.noise_step,
        "level_step": wrong.level_step,
        "depth": wrong.depth,
        "sha256": hashlib.sha256(png).hexdigest(),
    }


def read_window(
    plane: Plane, box: Box, factor: float | None, recipe: CutoutRecipe
) -> tuple[NDArray[np.float32], float]:
    """image[y, x] of a window in mJy/beam, by the factor from the file's unit (None: unknown, as it stands).

    With its share of blank pixels. Raises ImageError for a file that cannot be read, and as `check_shows`.
    """
    image = in_mjy_per_beam(plane.read(box), factor)
    return image, check_shows(image, recipe)[0]


def check_shows(image: NDArray[np.float32], recipe: CutoutRecipe) -> tuple[float, float]:
    """Its share of blank pixels and its greatest value.

    Raises ImageError, with its reason, where it is blank, more so than `recipe` allows, or constant.
    """
    n_finite, least, most = extent(image)
    blank_fraction = (image.size - n_finite) / image.size
    if n_finite == 0:
        raise ImageError("all-blank", "every pixel is blank")
    if blank_fraction > recipe.most_blank:
        raise ImageError("mostly-blank", f"{blank_fraction:.3f} of the pixels are blank, at most {recipe.most_blank}")
    if least == most:
        raise ImageError("constant", f"every pixel that is not blank is {least:g}")
    return blank_fraction, most


def in_mjy_per_beam(image: NDArray[np.floating], factor: float | None) -> NDArray[np.float32]:
    """Brightness in the file's unit as float32 in mJy/beam, by its factor; None: of unknown unit, as it stands."""
    with np.errstate(over="ignore", invalid="ignore"):
        made = np.ascontiguousarray(image if factor in (None, 1) else image * image.dtype.type(factor), np.float32)
    if image.dtype.itemsize > made.dtype.itemsize:
        made[np.isinf(made)] = np.nan  # more than a float32 holds
    return made
