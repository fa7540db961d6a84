"""FRAMES: on which pixels each cutout is made, and of which mosaics. Made from WINDOWS, MOSAICS and SOURCES.

Only corpora with a `[frame]` have them. Mosaics that show the source are looked at, for what is taken depends on noise
and blanks; CUTOUTS are made of what stands here, and look at nothing else.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from catalogs.dataset import CutoutRecipe
from catalogs.wcs_sky import pixels_of_sky, read_wcs, sky_of_pixels
from curation.engine.objects import AnyPath
from curation.engine.steps import Input, Resources, Step
from curation.pictures.cards import ImageError
from curation.pictures.common_beam import covariance_px, is_same_beam, own_beam
from curation.pictures.covering import covered
from curation.pictures.cutouts import MANY_WINDOWS
from curation.pictures.frame import LEAST_PER_BEAM, Beam, Frame
from curation.pictures.grids import Grid, box_under, grid_at, grid_of_window, marks, steps_of, turn_of
from curation.pictures.local_sky import local_sky
from curation.pictures.overlaps import Look, best, look, nearest, why_not
from curation.pictures.readings import Readings
from curation.pictures.regrid import margin_px, peak_loss
from curation.pictures.unchanged import Stamps
from curation.pictures.windows import LEAST_SIDE_PX, MOST_SIDE_PX
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import EDGES, FRAMES

SOURCE_COLUMNS = ("source_id", "ra_deg", "dec_deg", "image_path", "side_arcsec")
FROM_WINDOW = ("source_id", "dataset", "survey")
PUT_TOGETHER = 0.01  # by how much the beams of mosaics may differ that are combined as they are
COARSER = 1.01  # a mosaic's own pixels are as good as they are
LEAST_SHARE_PX = 100  # pixels that a mosaic must have in a picture for its noise to be known
Row = dict[str, Any]


def frames(
    windows: pa.Table,
    mosaics: pa.Table,
    sources: pa.Table,
    recipe: CutoutRecipe,
    frame: Frame,
    *,
    raw: AnyPath,
    stamps: Stamps | None = None,
) -> Sieved:
    """FRAMES of a part of WINDOWS; *in* are its rows.

    Refused, for what the first mosaic shows where none can be taken: as by `cutouts`; with a common beam
    `beam-unknown`, `beam-too-large`, `unit-unknown`; `no-wcs` where a picture needs a place on the sky; `too-large`;
    `too-coarse` for pixels that miss what is between them.
    Raises OSError and CatalogError as `cutouts` does.
    """
    rows = windows.to_pylist()
    wanted = pa.array({one["source_id"] for one in rows}, pa.string())
    known = {
        one["source_id"]: one for one in sources.filter(compute.is_in(sources["source_id"], wanted)).to_pylist()
    }  # fmt: skip
    index = {one["mosaic"]: one for one in sorted(mosaics.to_pylist(), key=lambda one: one["mosaic"])}
    n_windows = Counter(box["mosaic"] for row in rows for box in _boxes(row))
    often = {name for name, n in n_windows.items() if n > MANY_WINDOWS}
    readings = Readings(raw, index, frame.beam, stamps, often)
    planned, refused = list[_Planned](), list[Rejection]()
    for row in rows:
        try:
            planned.append(_plan(row, known[row["source_id"]], readings, recipe, frame))
        except ImageError as error:
            refused.append(_refusal(row, error))
    if frame.overlap == "combined":
        _find_others(planned, readings)
    made = list[Row]()
    for one in planned:
        try:
            made.append(_row(one, frame, readings))
        except ImageError as error:
            refused.append(_refusal(one.window, error))
    return sieved(FRAMES.of(made), refused, len(rows))


def frames_step(
    windows_step: Step,
    mosaics_step: Step,
    sources_step: Step,
    dataset_name: str,
    recipe: CutoutRecipe,
    frame: Frame,
    raw: AnyPath,
    *,
    stamps: Stamps | None = None,
) -> Step:
    """The step that makes `frames/<dataset>`, part by part."""
    return Step(
        name=f"frames/{dataset_name}",
        make=partial(frames, raw=raw, stamps=stamps),
        table=FRAMES,
        config=(recipe, frame),
        inputs=(
            Input(windows_step, by_part=True),
            Input(mosaics_step),
            Input(sources_step, columns=SOURCE_COLUMNS),
        ),
        resources=Resources(memory_mb=1000),
    )


@dataclass
class _Planned:
    """A picture on its way."""

    window: Row
    source: Row
    taken: Look
    looks: list[Look]
    grid: Grid
    others: list[Look] = field(default_factory=list[Look])
    """The other mosaics that show any of it, by name; looked for where mosaics are combined."""


def _plan(window: Row, source: Row, readings: Readings, recipe: CutoutRecipe, frame: Frame) -> _Planned:
    """Which mosaic is taken, and the pixels. Raises ImageError."""
    looks = list[Look]()
    most_blank = 1.0 if frame.overlap == "combined" else recipe.most_blank  # what is blank, others may show
    for box in _boxes(window):
        mosaic = readings.mosaics[box["mosaic"]]
        edges = tuple(box[name] for name in EDGES)
        is_whole = edges == (0, 0, mosaic["width_px"], mosaic["height_px"])
        looks.append(look(readings, mosaic, edges, is_whole=is_whole, most_blank=most_blank))
        if frame.overlap == "nearest" and looks[-1].is_of_the_source:
            break
    taken = nearest(looks) if frame.overlap == "nearest" else best(looks)
    grid = _grid(taken, source, frame)
    if max(grid.width_px, grid.height_px) > MOST_SIDE_PX:
        size = f"{grid.width_px} x {grid.height_px} px of {frame.pixel_arcsec} arcsec"
        raise ImageError("too-large", f"{size}, at most {MOST_SIDE_PX} a side")
    return _Planned(window, source, taken, looks, grid)


def _grid(taken: Look, source: Row, frame: Frame) -> Grid:
    """The pixels of a picture. Raises ImageError where they need a place on the sky and there is none."""
    mosaic, box = taken.mosaic, taken.box
    if not frame.is_regridded:
        return grid_of_window(mosaic, box)
    if mosaic["header"] is None:
        raise ImageError("no-wcs", f"{mosaic['mosaic']}: without a place on the sky it has no north", mosaic["sha256"])
    wcs = read_wcs(mosaic["header"])
    x, y = (box[0] + box[2] - 1) / 2, (box[1] + box[3] - 1) / 2
    if source["side_arcsec"] is not None and source["ra_deg"] is not None and source["dec_deg"] is not None:
        ra, dec = source["ra_deg"], source["dec_deg"]
        x, y = (float(one[0]) for one in pixels_of_sky(wcs, ra, dec))
    else:
        ra, dec = (float(one[0]) for one in sky_of_pixels(wcs, x, y))
    here = local_sky(wcs, x, y)
    pixel = frame.pixel_arcsec or float(here.mean_arcsec[0])
    if not np.isfinite([ra, dec, pixel, here.up_pa_deg[0]]).all():
        raise ImageError("no-wcs", f"{mosaic['mosaic']}: the middle of the window is off the sky", mosaic["sha256"])
    up, is_mirrored = turn_of(mosaic, x, y)
    if source["side_arcsec"] is not None:
        n = max(LEAST_SIDE_PX, round(source["side_arcsec"] / pixel))
        size = n, n
    else:
        sides = (box[2] - box[0]) * float(here.x_arcsec[0]), (box[3] - box[1]) * float(here.y_arcsec[0])
        is_on_its_side = frame.north_up and abs(np.sin(np.radians(up))) > np.sqrt(0.5)
        wide, high = (max(LEAST_SIDE_PX, round(one / pixel)) for one in (sides[::-1] if is_on_its_side else sides))
        size = wide, high
    return grid_at(ra, dec, size, pixel, (0.0, False) if frame.north_up else (up, is_mirrored))


def _find_others(planned: Sequence[_Planned], readings: Readings) -> None:
    """Put into each picture the other mosaics that show any of it; none into one that came with its own file."""
    placed = [one for one in readings.mosaics.values() if one["header"] is not None]
    open_ = [one for one in planned if one.grid.header is not None and one.source["image_path"] is None]
    if not open_:
        return
    places = [marks(one.grid) for one in open_]
    ra, dec = (np.concatenate([place[axis] for place in places]) for axis in (0, 1))
    per_picture = len(places[0][0])
    for found in covered(ra, dec, placed):
        mosaic = placed[found.mosaic]
        for k in np.unique(found.positions // per_picture):
            one = open_[int(k)]
            box = box_under(one.grid, mosaic)
            if mosaic["mosaic"] != one.taken.mosaic["mosaic"] and box is not None:
                one.others.append(look(readings, mosaic, box, is_whole=True))


def _row(planned: _Planned, frame: Frame, readings: Readings) -> Row:
    window, taken, grid = planned.window, planned.taken, planned.grid
    apart = {one.mosaic["mosaic"]: _why_apart(one, taken, frame) for one in planned.others}
    used = [taken, *(one for one in planned.others if apart[one.mosaic["mosaic"]] is None)]
    shares = _shares(used)
    regridded = shares if frame.is_regridded else shares[1:]
    losses = [loss for one in regridded for loss in _read_under(one, readings.mosaics[one["mosaic"]], grid, frame)]
    unused = [one.share(why=why) for one in planned.others if (why := apart[one.mosaic["mosaic"]])]
    if frame.overlap != "combined":
        unused = [one.share(why=why_not(one, taken)) for one in planned.looks if one is not taken]
    return {
        **{name: window[name] for name in FROM_WINDOW},
        "cutout_id": next(one["cutout_id"] for one in _boxes(window) if one["mosaic"] == taken.mosaic["mosaic"]),
        "mosaic": taken.mosaic["mosaic"],
        "overlap": frame.overlap,
        "mosaics": [*shares, *unused],
        "wcs_header": grid.header,
        "width_px": grid.width_px,
        "height_px": grid.height_px,
        "method": frame.how if regridded else None,
        "n_per_beam": _n_per_beam(taken, frame.beam or own_beam(taken.mosaic)),
        "peak_loss": max(losses, key=abs) if losses else None,
        **_beam_columns([one.mosaic for one in used], frame.beam),
    }


def _shares(used: Sequence[Look]) -> list[Row]:
    """What each has in a picture, by its noise: the one that is taken first, then the largest."""
    weights = [1 / one.rms**2 if one.rms else 1.0 for one in used]
    first, *others = (one.share(weight / sum(weights)) for one, weight in zip(used, weights, strict=True))
    return [first, *sorted(others, key=lambda one: (-one["weight"], one["mosaic"]))]


def _read_under(share: Row, mosaic: Row, grid: Grid, frame: Frame) -> list[float]:
    """Let a share have the box that its pixels on the grid are made of; gives what a point source loses, if known."""
    width, height = grid.width_px, grid.height_px
    ra, dec = sky_of_pixels(read_wcs(grid.header or ""), (width - 1) / 2, (height - 1) / 2)
    at = [float(one[0]) for one in pixels_of_sky(read_wcs(mosaic["header"]), ra, dec)]
    steps = steps_of(mosaic["header"], *at)
    per_grid = np.linalg.inv(steps) @ steps_of(grid.header or "", (width - 1) / 2, (height - 1) / 2)
    box = box_under(grid, mosaic, margin_px(frame.how, float(np.linalg.norm(per_grid, axis=1).max())))
    if box is None or not np.isfinite(per_grid).all():
        raise ImageError("no-wcs", f"{mosaic['mosaic']}: the picture is off its sky", mosaic["sha256"])
    share |= dict(zip(EDGES, box, strict=True))
    beam = frame.beam or own_beam(mosaic)
    if beam is None:
        return []
    own, pixel = (float(np.sqrt(abs(np.linalg.det(one)))) for one in (steps, steps @ per_grid))
    if frame.how != "adaptive" and pixel > COARSER * own and pixel * LEAST_PER_BEAM > beam[1]:
        raise ImageError(
            "too-coarse",
            f"{mosaic['mosaic']}: pixels of {pixel:.3g} arcsec for a beam of {beam[1]:.3g}, expected two or more to a "
            "beam; smaller pixels, a larger common beam, or method = 'adaptive', which takes means",
            mosaic["sha256"],
        )
    return [peak_loss(covariance_px(beam, steps), per_grid, frame.how)]


def _why_apart(one: Look, taken: Look, frame: Frame) -> str | None:
    """Why another mosaic cannot be combined with the one that is taken; None: it can."""
    if one.error:
        return one.error.reason
    if taken.mosaic["to_mjy_per_beam"] is None or one.mosaic["to_mjy_per_beam"] is None:
        return "of unknown unit"
    beams = own_beam(taken.mosaic), own_beam(one.mosaic)
    if frame.beam is None and not (beams[0] == beams[1] or _is_same(*beams)):
        return "of another beam"
    width, height = one.box[2] - one.box[0], one.box[3] - one.box[1]
    if (n_known := round((1 - one.blank_fraction) * width * height)) < LEAST_SHARE_PX:
        return f"{n_known} pixels, too few to know their noise"
    return None


def _is_same(one: Beam | None, other: Beam | None) -> bool:
    return one is not None and other is not None and is_same_beam(one, other, PUT_TOGETHER)


def _beam_columns(mosaics: Sequence[Row], target: Beam | None) -> Row:
    """The beam of a picture of these mosaics, the first of which gives its own where none is changed."""
    names = ("beam_major_arcsec", "beam_minor_arcsec", "beam_pa_deg", "beam_from")
    owns = [own_beam(one) for one in mosaics]
    if target is None or all(own is not None and is_same_beam(own, target) for own in owns):
        return {name: mosaics[0][name] for name in names}
    return dict(zip(names, (*target, "convolution"), strict=True))


def _n_per_beam(taken: Look, beam: Beam | None) -> float | None:
    pixel = taken.mosaic["pixel_arcsec"]
    return beam[1] / pixel if beam and pixel else None


def _boxes(window: Row) -> list[Row]:
    return [window, *(window["others"] or ())]


def _refusal(window: Row, error: ImageError) -> Rejection:
    return Rejection(window["cutout_id"], error.reason, str(error), {**window, "mosaic_sha256": error.sha256})
