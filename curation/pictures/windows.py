"""WINDOWS: which square of which mosaic shows a source. Made from SOURCES and MOSAICS; opens no image."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogs.dataset import CutoutRecipe
from catalogs.survey import Survey
from catalogs.wcs_sky import pixels_of_sky, read_wcs
from curation.engine.steps import Input, Step
from curation.pictures.covering import covered, is_on
from curation.pictures.local_sky import local_sky
from schemas.fingerprint import content_id
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import WINDOWS
from schemas.touches import only

LEAST_SIDE_PX = 4
MOST_SIDE_PX = 8192  # a cutout is held in memory: 256 MB at this side
ROW_BAND_PX = 64  # windows of one band are read together, from neighbouring pages of the file
SOURCE_COLUMNS = ("source_id", "dataset", "survey", "ra_deg", "dec_deg", "image_path", "side_arcsec")
Row = dict[str, Any]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, order=True)
class _Covering:
    """A mosaic that covers a source, and where in it the source is; sorted, the nearest is first."""

    away: float  # chord to the mosaic's centre
    place: int  # among the mosaics by name: of equally near ones the first name stays
    x: float
    y: float
    pixel_arcsec: float  # the shorter side of the pixel there


@dataclass
class _Found:
    """Windows and refusals, as they are found."""

    windows: list[Row] = field(default_factory=list[Row])
    refused: list[Rejection] = field(default_factory=list[Rejection])

    def refuse(self, source: Row, reason: str, detail: str) -> None:
        self.refused.append(Rejection(source["source_id"], reason, detail, source))


def windows(sources: pa.Table, mosaics: pa.Table, recipe: CutoutRecipe, survey: Survey) -> Sieved:
    """WINDOWS of a dataset's sources; *in* are the sources.

    A source that came with a picture is cut from that picture, any other from the mosaic that covers its position
    and whose centre is nearest; the window in the others stands beside it, for where that one is blank. No side: the
    whole picture. The window of a side is square in pixels and shows at least that side along both axes, measured at
    the source. `recipe` belongs to the address; pixels decide on it later.
    """
    rows = sources.select(SOURCE_COLUMNS).to_pylist()
    by_name = {one["mosaic"]: one for one in sorted(mosaics.to_pylist(), key=lambda one: one["mosaic"])}
    found = _Found()
    _of_pictures([one for one in rows if one["image_path"] is not None], by_name, found)
    _of_sky([one for one in rows if one["image_path"] is None], list(by_name.values()), survey, found)
    kept = sorted(
        found.windows,
        key=lambda one: (one["mosaic"], one["y_min_px"] // ROW_BAND_PX, one["x_min_px"], one["cutout_id"]),
    )
    return sieved(WINDOWS.of(kept), found.refused, len(rows))


def windows_step(
    sources_step: Step,
    mosaics_step: Step,
    dataset_name: str,
    recipe: CutoutRecipe,
    survey: Survey,
    rows_per_part: int = 256,
) -> Step:
    """The step that makes `windows/<dataset>`: whole, in parts that are one task of cutting each."""
    return Step(
        name=f"windows/{dataset_name}",
        make=windows,
        table=WINDOWS,
        version=3,  # a side is measured at the source; the windows in the other mosaics stand beside the nearest
        config=(recipe, only(survey, "windows")),
        inputs=(Input(sources_step, columns=SOURCE_COLUMNS), Input(mosaics_step)),
        rows_per_part=rows_per_part,
    )


def _of_pictures(sources: list[Row], by_name: dict[str, Row], found: _Found) -> None:
    """Sources that came with a picture: all of it, or a square about the source's position in it."""
    placed: dict[str, list[Row]] = {}
    for source in sources:
        mosaic = by_name.get(source["image_path"])
        if mosaic is None:
            found.refuse(source, "no-picture", f"{source['image_path']}: not among the readable images of its survey")
        elif source["side_arcsec"] is None:
            _add(found, source, [(mosaic, (0, 0, mosaic["width_px"], mosaic["height_px"]))])
        elif source["ra_deg"] is None or source["dec_deg"] is None or mosaic["header"] is None:
            found.refuse(source, "no-position", "a side is asked for, but the source or its picture has no position")
        else:
            placed.setdefault(mosaic["mosaic"], []).append(source)
    for name, group in placed.items():
        mosaic = by_name[name]
        x, y = pixels_of_sky(read_wcs(mosaic["header"]), *_positions(group))
        scales = pixel_arcsec(mosaic, x, y)
        for source, x_px, y_px, pixel, is_there in zip(group, x, y, scales, is_on(mosaic, x, y), strict=True):
            if is_there:
                _add(found, source, [(mosaic, _box(source, mosaic, x_px, y_px, pixel))])
            else:
                found.refuse(source, "off-mosaic", f"{name}: the position is not on the picture it came with")


def _of_sky(sources: list[Row], mosaics: list[Row], survey: Survey, found: _Found) -> None:
    """Sources without a picture: in every mosaic that covers the position, the nearest to its centre first."""
    seen = list[Row]()
    for source in sources:
        if source["ra_deg"] is None or source["dec_deg"] is None:
            found.refuse(source, "no-position", "the source has neither a picture nor a position")
        else:
            seen.append(source)
    placed = [one for one in mosaics if one["header"] is not None]
    for source, covering in zip(seen, _covering(seen, placed), strict=True):
        boxes = [
            (placed[one.place], _box(source, placed[one.place], one.x, one.y, one.pixel_arcsec))
            for one in sorted(covering)
        ]
        if boxes:
            _add(found, source, boxes)
        else:
            at = f"ra {source['ra_deg']:.5f}, dec {source['dec_deg']:.5f}"
            found.refuse(source, "off-mosaic", f"{at}: on none of {len(mosaics)} mosaics of {survey.name}")


def _covering(sources: list[Row], mosaics: list[Row]) -> list[list[_Covering]]:
    """Of each source the mosaics that cover it."""
    found: list[list[_Covering]] = [[] for _ in sources]
    if not sources:
        return found
    for one in covered(*_positions(sources), mosaics):
        pixels = pixel_arcsec(mosaics[one.mosaic], one.x_px, one.y_px)
        for position, *rest in zip(one.positions, one.chord, one.x_px, one.y_px, pixels, strict=True):
            away, x, y, pixel = map(float, rest)
            found[position].append(_Covering(away, one.mosaic, x, y, pixel))
    return found


def _positions(sources: list[Row]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array([one["ra_deg"] for one in sources], float), np.array([one["dec_deg"] for one in sources], float)


def pixel_arcsec(mosaic: Row, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shorter side of the pixels at positions on the mosaic; where that is off the sky, as at its centre."""
    here = local_sky(read_wcs(mosaic["header"]), x, y)
    shorter = np.minimum(here.x_arcsec, here.y_arcsec)
    return np.where(np.isfinite(shorter), shorter, mosaic["pixel_arcsec"])


def _box(source: Row, mosaic: Row, x: float, y: float, pixel_arcsec: float) -> Box:
    if source["side_arcsec"] is None:
        return 0, 0, mosaic["width_px"], mosaic["height_px"]
    side = max(LEAST_SIDE_PX, round(round(source["side_arcsec"] / float(pixel_arcsec), 6)))
    # As astropy's Cutout2D, but a position on a pixel's centre must not move by a pixel with its last digit.
    x_min, y_min = (int(np.ceil(round(float(centre) - side / 2, 6))) for centre in (x, y))
    return x_min, y_min, x_min + side, y_min + side


def _add(found: _Found, source: Row, boxes: list[tuple[Row, Box]]) -> None:
    """The window in the first mosaic, with those in the others; refused where the first is too large to be held."""
    mosaic, box = boxes[0]
    if _side(box) > MOST_SIDE_PX:
        size = f"{box[2] - box[0]} x {box[3] - box[1]} px of {mosaic['mosaic']}"
        found.refuse(source, "too-large", f"{size}, at most {MOST_SIDE_PX} a side")
        return
    others = [_placed(source, *one) for one in boxes[1:] if _side(one[1]) <= MOST_SIDE_PX]
    found.windows.append(
        {
            **_placed(source, mosaic, box),
            "source_id": source["source_id"],
            "dataset": source["dataset"],
            "survey": source["survey"],
            "n_mosaics": len(boxes),
            "others": others or None,
        }
    )


def _placed(source: Row, mosaic: Row, box: Box) -> Row:
    return {
        "cutout_id": content_id("cutout", source["source_id"], mosaic["sha256"], list(box)),
        "mosaic": mosaic["mosaic"],
        "x_min_px": box[0],
        "y_min_px": box[1],
        "x_max_px": box[2],
        "y_max_px": box[3],
    }


def _side(box: Box) -> int:
    return max(box[2] - box[0], box[3] - box[1])
