"""The outlines of a table's rows on the sky, or in the pixels of their pictures, from the columns that say them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.coordinates import FK5, Galactic, SkyCoord

from catalogs.dataset_door import Extent
from catalogs.pixels import longer_side_arcsec, sky_of_pixels, sky_polygon
from catalogs.positions import Frame
from catalogs.sky import Reals, box_polygons, ellipse_polygons, separation_arcsec

Cells = Mapping[str, Any]
Fault = tuple[str, str]
FEWEST_NUMBERS = 6  # three vertices


@dataclass(frozen=True)
class Outline:
    """A row's extent. Nothing of it where the row says none, or what it says is at fault."""

    sky_deg: list[float] | None = None
    """ra, dec, ra, dec, …, ICRS."""
    picture_px: list[float] | None = None
    """x, y, … in a picture without WCS."""
    width_arcsec: float | None = None
    """Its full width, the greater one."""
    centre_deg: tuple[float, float] | None = None
    """Of an extent in pixels: its centre on the sky."""
    fault: Fault | None = None
    """`negative-extent`, `bad-extent`: reason and detail."""


def outlines(
    extent: Extent, rows: Sequence[Cells], positions: Reals, images: Sequence[Cells | None], frame: Frame
) -> list[Outline]:
    """The outline of each row about its position (ra, dec; float64[n, 2], NaN where it has none).

    `images`: the row of MOSAICS of each row's picture. `frame`: that of vertices.
    """
    if extent.kind == "pixels":
        return [_in_picture(extent, cells, image) for cells, image in zip(rows, images, strict=True)]
    if extent.kind == "polygon":
        return _polygons(extent, rows, positions, frame)
    return _shapes(extent, rows, positions)


def _shapes(extent: Extent, rows: Sequence[Cells], positions: Reals) -> list[Outline]:
    """Circles, ellipses and boxes, all at once."""
    keys = {"radius": ("radius", "radius"), "ellipse": ("major", "minor"), "box": ("width", "height")}[extent.kind]
    given = np.array([[_real(cells[getattr(extent, key)]) for key in keys] for cells in rows], float).reshape(-1, 2)
    angle = np.array([_real(cells[extent.pa]) if extent.pa else 0.0 for cells in rows], float)
    full = extent.times * (2 * given if extent.kind == "radius" else given)
    is_round = full[:, 0] == full[:, 1] if extent.kind == "ellipse" else np.zeros(len(rows), bool)
    angle = np.where(is_round & np.isnan(angle), 0.0, angle)
    if extent.north == "galactic":
        angle = angle + _galactic_north_deg(positions)
    is_drawn = (full > 0).all(axis=1) & np.isfinite(full).all(axis=1) & np.isfinite(angle)
    is_drawn &= np.isfinite(positions).all(axis=1)
    drawn = np.flatnonzero(is_drawn)
    ra, dec, sizes, turned = positions[drawn, 0], positions[drawn, 1], full[drawn], angle[drawn]
    is_box = extent.kind == "box"
    drawings = box_polygons(ra, dec, sizes, turned) if is_box else ellipse_polygons(ra, dec, sizes, turned)
    made = dict(zip(drawn.tolist(), drawings.tolist(), strict=True))
    found = list[Outline]()
    for k, (numbers, widths) in enumerate(zip(given.tolist(), full, strict=True)):
        if (widths < 0).any():
            words = ", ".join(f"{getattr(extent, key)} {size:g}" for key, size in zip(keys, numbers, strict=True))
            found.append(Outline(fault=("negative-extent", f"found {words}, expected no size below 0")))
        else:
            width = float(widths.max()) if np.isfinite(widths).all() and (widths > 0).any() else None
            found.append(Outline(made.get(k), width_arcsec=width))
    return found


def _polygons(extent: Extent, rows: Sequence[Cells], positions: Reals, frame: Frame) -> list[Outline]:
    found = list[Outline]()
    for cells, (ra, dec) in zip(rows, positions.tolist(), strict=True):
        vertices = _vertices(extent, cells)
        if vertices is None or isinstance(vertices, tuple):
            found.append(Outline(fault=vertices))
            continue
        sky = _icrs(vertices, frame)
        if ((sky[:, 0] < 0) | (sky[:, 0] >= 360) | (np.abs(sky[:, 1]) > 90)).any():  # noqa: PLR2004
            found.append(Outline(fault=("bad-extent", f"a vertex is not on the sky: {sky.ravel().tolist()}")))
            continue
        reach = separation_arcsec(ra, dec, sky[:, 0], sky[:, 1])
        width = float(2 * reach.max()) if np.isfinite(reach).all() else None
        found.append(Outline(sky.ravel().tolist(), width_arcsec=width))
    return found


def _in_picture(extent: Extent, cells: Cells, image: Cells | None) -> Outline:
    pixels = _pixels(extent, cells)
    if image is None or pixels is None:
        return Outline()
    if isinstance(pixels, tuple):
        return Outline(fault=pixels)
    header, outline = image["header"], pixels.ravel().tolist()
    if header is None:
        return Outline(picture_px=outline)
    sky, longer = sky_polygon(header, outline), longer_side_arcsec(header, outline)
    if sky is None or longer is None:
        return Outline(fault=("bad-extent", f"pixels {outline} are not all on the sky of {image['mosaic']}"))
    ra, dec = sky_of_pixels(header, *((pixels.min(axis=0) + pixels.max(axis=0)) / 2))
    return Outline(sky, None, longer, (float(ra[0]), float(dec[0])))


def _pixels(extent: Extent, cells: Cells) -> Reals | Fault | None:
    """The vertices in pixels, 0-based, centres at integers; None where a number is missing."""
    if extent.vertices:
        vertices = _vertices(extent, cells)
        return vertices - extent.first_pixel if isinstance(vertices, np.ndarray) else vertices
    keys = ("x_min", "y_min", "x_max", "y_max") if extent.x_min else ("x", "y", "width", "height")
    numbers = np.array([_real(cells[getattr(extent, key)]) for key in keys])
    if not np.isfinite(numbers).all():
        return None
    if extent.x_min:
        low, high = numbers[:2] - 0.5, numbers[2:] + 0.5  # both pixels belong to the box, whole
    else:
        low, high = numbers[:2] - numbers[2:] / 2, numbers[:2] + numbers[2:] / 2
    if (high <= low).any():
        return "bad-extent", f"found {', '.join(keys)} = {numbers.tolist()}, expected a box with a width and a height"
    (left, bottom), (right, top) = low - extent.first_pixel, high - extent.first_pixel
    return np.array([[left, bottom], [right, bottom], [right, top], [left, top]])


def _vertices(extent: Extent, cells: Cells) -> Reals | Fault | None:
    """float64[n, 2] as written, a last vertex that repeats the first left out; None where there are none."""
    columns = [[_real(one) for one in cells[name] or ()] for name in extent.vertices]
    if not all(columns):
        return None
    if len({len(one) for one in columns}) > 1:
        return "bad-extent", f"found {len(columns[0])} of ra and {len(columns[1])} of dec, expected as many"
    numbers = np.array(columns, float).T.ravel()
    if len(numbers) % 2 or len(numbers) < FEWEST_NUMBERS or not np.isfinite(numbers).all():
        return "bad-extent", f"found {numbers.tolist()}, expected three or more vertices, two numbers each"
    vertices = numbers.reshape(-1, 2)
    is_closed = len(vertices) > FEWEST_NUMBERS // 2 and bool((vertices[0] == vertices[-1]).all())
    return vertices[:-1] if is_closed else vertices


def _galactic_north_deg(positions: Reals) -> Reals:
    """Position angle of the direction to the north Galactic pole, ICRS north through east; NaN without a position."""
    pole = SkyCoord(0, 90, unit="deg", frame=Galactic()).icrs
    ra, dec = np.radians(positions).T
    pole_ra, pole_dec = np.radians([pole.ra.deg, pole.dec.deg])
    east = np.sin(pole_ra - ra) * np.cos(pole_dec)
    north = np.cos(dec) * np.sin(pole_dec) - np.sin(dec) * np.cos(pole_dec) * np.cos(pole_ra - ra)
    return np.degrees(np.arctan2(east, north))


def _icrs(vertices: Reals, frame: Frame) -> Reals:
    if frame == "icrs" or (np.abs(vertices[:, 1]) > 90).any():  # noqa: PLR2004 -- refused later as it is
        return vertices
    sky = SkyCoord(*vertices.T, unit="deg", frame=Galactic() if frame == "galactic" else FK5()).icrs
    return np.column_stack([sky.ra.wrap_at("360d").deg, sky.dec.deg])


def _real(value: Any) -> float:
    return float("nan") if value is None else float(value)
