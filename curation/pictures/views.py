"""Views: which windows of which mosaics are to be shown, as arrays; a million of them are planned in seconds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.pictures.covering import Covered, covered
from curation.pictures.windows import LEAST_SIDE_PX, MOST_SIDE_PX, ROW_BAND_PX, pixel_arcsec
from schemas.errors import CatalogError, RecipeError
from schemas.rejection import Rejection
from schemas.tables import LABELS

Row = dict[str, Any]
Ints = NDArray[np.int64]
SHOWN = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("ra_deg", pa.float64()),
        pa.field("dec_deg", pa.float64()),
        pa.field("labels", LABELS.type),
    ]
)
"""What is known of a view beside its pixels."""


@dataclass(frozen=True)
class Views:
    """n views, each with the windows that may show it, in the mosaics that cover it, the nearest first.

    The windows of view i are `windows[first[i] : first[i + 1]]`, rows of mosaic (its place in `mosaics`) and box
    (x_min, y_min, x_max, y_max; 0-based FITS pixels, half open).
    """

    shown: pa.Table
    mosaics: list[Row]
    first: Ints
    windows: Ints
    refused: tuple[Rejection, ...] = ()
    """What came in and has no window: off the mosaics, without a position, too large."""

    def __len__(self) -> int:
        """The views."""
        return self.shown.num_rows

    @property
    def in_sky_order(self) -> Ints:
        """The views by mosaic, row band and column of their first windows: neighbours share pages of a file."""
        mosaic, x_min, y_min = self.windows[self.first[:-1], :3].T
        return np.lexsort((x_min, y_min // ROW_BAND_PX, mosaic))


def side_in_px(side_px: int) -> Callable[[Row, Covered], Ints]:
    """Windows of so many pixels in every mosaic. Raises RecipeError for a side that cannot be cut."""
    if not LEAST_SIDE_PX <= side_px <= MOST_SIDE_PX:
        raise RecipeError(f"side_px: found {side_px}, expected {LEAST_SIDE_PX} to {MOST_SIDE_PX}")
    return lambda _, one: np.full(one.x_px.size, side_px)


def side_in_arcsec(side_arcsec: float) -> Callable[[Row, Covered], Ints]:
    """Windows of so many arcsec, measured along the shorter side of the pixels at each place."""
    if not 0 < side_arcsec < np.inf:
        raise RecipeError(f"side_arcsec: found {side_arcsec}, expected a size above 0")

    def sides(mosaic: Row, one: Covered) -> Ints:
        pixel = pixel_arcsec(mosaic, one.x_px, one.y_px)
        return np.maximum(LEAST_SIDE_PX, np.round(np.round(side_arcsec / pixel, 6)).astype(np.int64))

    return sides


def views_of_positions(shown: pa.Table, mosaics: pa.Table, side: Callable[[Row, Covered], Ints]) -> Views:
    """Each row of `shown` (of the schema SHOWN) in the mosaics that cover its position, as WINDOWS would have it.

    Refused: `no-position`, `off-mosaic`, and `too-large` for a window above 8192 px.
    """
    rows = sorted(mosaics.to_pylist(), key=lambda one: one["mosaic"])
    ra, dec = (shown[name].to_numpy().astype(np.float64) for name in ("ra_deg", "dec_deg"))
    found = [(one, side(rows[one.mosaic], one)) for one in covered(ra, dec, rows)]
    view = _joined([one.positions for one, _ in found], np.int64)
    mosaic = np.repeat([one.mosaic for one, _ in found], [one.positions.size for one, _ in found]).astype(np.int64)
    sides = _joined([sides for _, sides in found], np.int64)
    chord = _joined([one.chord for one, _ in found], np.float64)
    # As astropy's Cutout2D, but a position on a pixel's centre must not move by a pixel with its last digit.
    x, y = (
        np.ceil(np.round(_joined(centres, np.float64) - sides / 2, 6)).astype(np.int64)
        for centres in ([one.x_px for one, _ in found], [one.y_px for one, _ in found])
    )
    order = np.lexsort((mosaic, chord, view))
    is_first = np.append(True, view[order][1:] != view[order][:-1])[: view.size]
    too_large = np.unique(view[order][is_first & (sides[order] > MOST_SIDE_PX)])
    order = order[(sides[order] <= MOST_SIDE_PX) & ~np.isin(view[order], too_large)]
    windows = np.column_stack([mosaic, x, y, x + sides, y + sides])[order]
    kept, counts = np.unique(view[order], return_counts=True)
    refused = _refused(shown, np.setdiff1d(np.arange(len(ra)), kept), set(too_large.tolist()), len(rows))
    return Views(shown.take(kept), rows, np.append(0, np.cumsum(counts)), windows, refused)


def views_of_windows(shown: pa.Table, windows: Sequence[Row], mosaics: Iterable[Row]) -> Views:
    """One view for each row of `shown` (of the schema SHOWN), by the row of WINDOWS, or of its `others`, beside it."""
    rows = sorted(mosaics, key=lambda one: one["mosaic"])
    place = {one["mosaic"]: i for i, one in enumerate(rows)}
    boxes = [
        (place[one["mosaic"]], one["x_min_px"], one["y_min_px"], one["x_max_px"], one["y_max_px"]) for one in windows
    ]
    return Views(shown, rows, np.arange(len(boxes) + 1), np.array(boxes, np.int64).reshape(-1, 5))


def views_of_everything(mosaics: pa.Table, side_px: int, step_px: int) -> Views:
    """Every mosaic in squares of one side, a step apart, the last of a row or a column pushed back to the edge."""
    side_in_px(side_px)
    if not 0 < step_px <= side_px:
        raise RecipeError(f"step_px: found {step_px}, expected 1 to side_px, {side_px}, or parts would be left out")
    rows = sorted(mosaics.to_pylist(), key=lambda one: one["mosaic"])
    shown, windows = list[pa.Table](), list[Ints]()
    for place, mosaic in enumerate(rows):
        x, y = (one.ravel() for one in np.meshgrid(*(_starts(mosaic[name], side_px, step_px) for name in SIDES)))
        windows.append(np.column_stack([np.full(x.size, place), x, y, x + side_px, y + side_px]))
        shown.append(_tiles(mosaic, x, y, side_px))
    n = sum(one.num_rows for one in shown)
    return Views(pa.concat_tables([SHOWN.empty_table(), *shown]), rows, np.arange(n + 1), np.concatenate(windows))


SIDES = ("width_px", "height_px")


def _starts(n_px: int, side_px: int, step_px: int) -> Ints:
    return np.unique(np.append(np.arange(0, max(n_px - side_px, 0), step_px), max(n_px - side_px, 0)))


def _tiles(mosaic: Row, x: Ints, y: Ints, side_px: int) -> pa.Table:
    ra, dec = np.full(x.size, np.nan), np.full(x.size, np.nan)
    if mosaic["header"] is not None:
        middle = (side_px - 1) / 2
        ra, dec = sky_of_pixels(read_wcs(mosaic["header"]), x + middle, y + middle)
    names = [f"{mosaic['mosaic']}:{left},{bottom}" for left, bottom in zip(x.tolist(), y.tolist(), strict=True)]
    positions = (pa.array(one, pa.float64(), from_pandas=True) for one in (ra, dec))
    return pa.table([pa.array(names), *positions, pa.array([[]] * x.size, LABELS.type)], schema=SHOWN)


def as_shown(table: pa.Table) -> pa.Table:
    """A table of sources in the schema SHOWN: SOURCES, ENTRIES, or any other with ra_deg and dec_deg, ICRS.

    The id is `id`, `source_id` or `entry_id`, else the number of the row; `labels`, where they are there, those of
    SOURCES. Raises CatalogError for a table without positions.
    """
    missing = [name for name in ("ra_deg", "dec_deg") if name not in table.schema.names]
    if missing:
        found = ", ".join(table.schema.names)
        raise CatalogError(f"the table of positions has no column {' and no '.join(missing)}; it has: {found}")
    named = next((name for name in ("id", "source_id", "entry_id") if name in table.schema.names), None)
    n = table.num_rows
    ids = table[named].cast(pa.string()) if named else pa.array([str(i) for i in range(n)])
    labels = table["labels"] if "labels" in table.schema.names else pa.array([[]] * n, LABELS.type)
    try:
        columns = [ids, table["ra_deg"].cast(pa.float64()), table["dec_deg"].cast(pa.float64())]
        return pa.table([*columns, labels.cast(LABELS.type)], schema=SHOWN)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise CatalogError(f"the table of positions: {error}; expected degrees, and labels as in SOURCES") from error


def _joined(arrays: Sequence[NDArray[Any]], dtype: type) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *arrays])


def _refused(shown: pa.Table, places: Ints, too_large: set[int], n_mosaics: int) -> tuple[Rejection, ...]:
    found = list[Rejection]()
    for place, row in zip(places.tolist(), shown.take(places).to_pylist(), strict=True):
        at = f"ra {row['ra_deg']}, dec {row['dec_deg']}"
        if row["ra_deg"] is None or row["dec_deg"] is None or not np.isfinite([row["ra_deg"], row["dec_deg"]]).all():
            found.append(Rejection(row["id"], "no-position", "the row has no position", row))
        elif place in too_large:
            found.append(Rejection(row["id"], "too-large", f"{at}: above {MOST_SIDE_PX} px a side", row))
        else:
            found.append(Rejection(row["id"], "off-mosaic", f"{at}: on none of {n_mosaics} mosaics", row))
    return tuple(found)
