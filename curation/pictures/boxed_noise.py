"""The noise and the level of a mosaic, box by box, and interpolated between: what source finders call rms maps.

Boxes of `box_px` a side begin at every half side, counted from the mosaic's first pixel and not from a window's, so
that a box is the same whoever asks for it. Compare BANE (Hancock et al. 2018), and `rms_box` of PyBDSF (Mohan &
Rafferty 2015).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.noise import BOX_BEAMS, BOX_PX, NoiseRecipe
from curation.pictures.cards import ImageError
from curation.pictures.frame import Beam
from curation.pictures.plane import Box
from curation.pictures.zscale import clipped_noise, extent

LEAST_KNOWN = 0.25  # of the pixels of a box; with less that is not blank it is no measurement
LEAST_KNOWN_PX = 64
BOXES_OF_A_LEVEL = 8  # along each axis at most, of the one level of a whole mosaic
Reals = NDArray[np.float64]
Row = dict[str, Any]
Read = Callable[[str, Box], NDArray[np.floating]]
"""image[y, x] of a box of a mosaic, by its name, NaN where it is blank."""


@dataclass(frozen=True)
class Side:
    """The boxes along one axis of a mosaic."""

    n_px: int
    box_px: int

    @property
    def step_px(self) -> int:
        """From the beginning of a box to that of the next."""
        return self.box_px // 2

    @property
    def n_boxes(self) -> int:
        """How many there are; the last one ends with the mosaic, and has half of a side at least."""
        return max(1, -(-self.n_px // self.step_px) - 1)

    def edges(self, k: int) -> tuple[int, int]:
        """First pixel of a box, and the one behind its last."""
        return k * self.step_px, min(k * self.step_px + self.box_px, self.n_px)

    @property
    def middles(self) -> Reals:
        """The middle of each box, in pixels, whose own middles are whole numbers."""
        return np.array([(sum(self.edges(k)) - 1) / 2 for k in range(self.n_boxes)])

    def around(self, first_px: int, end_px: int) -> range:
        """The boxes between whose middles the pixels lie; beyond the outermost ones these alone."""
        middles = self.middles
        first = max(0, int(np.searchsorted(middles, first_px, "right")) - 1)
        last = min(self.n_boxes - 1, int(np.searchsorted(middles, end_px - 1, "left")))
        return range(min(first, last), max(first, last) + 1)

    def spread(self) -> list[int]:
        """At most `BOXES_OF_A_LEVEL` boxes, evenly over the axis."""
        return sorted({round(k) for k in np.linspace(0, self.n_boxes - 1, min(self.n_boxes, BOXES_OF_A_LEVEL))})


@dataclass(frozen=True)
class BoxedNoise:
    """Boxes under a window of a mosaic; in mJy/beam, of a mosaic of unknown unit as it stands."""

    box_px: int
    x_px: Reals
    """Middles of the boxes, 0-based FITS pixels of the mosaic."""
    y_px: Reals
    background: Reals
    """[y, x]: clipped mean; NaN where too little is known."""
    rms: Reals
    """[y, x]: clipped standard deviation."""
    level: float | None = None
    """Of the whole mosaic, where that is asked for: the median of its boxes; None where none is known."""

    @property
    def median_background(self) -> float | None:
        """Of the boxes that are measured; None where none is."""
        known = self.background[np.isfinite(self.background)]
        return float(np.median(known)) if known.size else None

    def at(self, x: float, y: float) -> tuple[float, float, bool]:
        """Background and rms there, and whether all boxes around it were measured; NaN where no box is."""
        near = _corners(self.x_px, x), _corners(self.y_px, y)
        is_whole = bool(np.isfinite(self.rms[np.ix_(near[1], near[0])]).all())
        place = np.array([x]), np.array([y])
        return float(self._map(self.background, *place)[0, 0]), float(self._map(self.rms, *place)[0, 0]), is_whole

    def background_of(self, box: Box) -> Reals:
        """background[y, x] of each pixel of a box of the mosaic; NaN where no box is measured."""
        return self._map(self.background, np.arange(box[0], box[2]), np.arange(box[1], box[3]))

    def _map(self, values: Reals, x: NDArray[Any], y: NDArray[Any]) -> Reals:
        """Bilinear between the middles of boxes, and as the outermost ones beyond; in plain sums, the same anywhere."""
        filled = _filled(values)
        (low, high, share), (down, up, part) = _places(self.x_px, x), _places(self.y_px, y)
        rows = filled[:, low] * (1 - share) + filled[:, high] * share
        return rows[down] * (1 - part)[:, None] + rows[up] * part[:, None]


class NoiseBoxes:
    """The boxes of mosaics, each measured once."""

    def __init__(self, mosaics: Mapping[str, Row], read: Read, recipe: NoiseRecipe, beam: Beam | None = None) -> None:
        """`mosaics`: rows of MOSAICS by name; `read`: their pixels, in mJy/beam; `beam`: one that is not their own."""
        self._mosaics, self._read, self._recipe, self._beam = mosaics, read, recipe, beam
        self._known = dict[tuple[str, int, int], tuple[float, float]]()
        self._levels = dict[str, float | None]()

    def under(self, name: str, box: Box) -> BoxedNoise:
        """What is known under a window. Raises ImageError: `beam-unknown`, `box-too-large`, and as `read` does."""
        x, y = self._sides(name)
        found = self._measured(name, x.around(box[0], box[2]), y.around(box[1], box[3]))
        if self._recipe.background != "global":
            return found
        if name not in self._levels:
            self._levels[name] = self.spread(name).median_background
        return replace(found, level=self._levels[name])

    def spread(self, name: str) -> BoxedNoise:
        """At most 8 x 8 boxes, evenly over a whole mosaic. Raises ImageError as `under`."""
        x, y = self._sides(name)
        return self._measured(name, x.spread(), y.spread())

    def _sides(self, name: str) -> tuple[Side, Side]:
        mosaic = self._mosaics[name]
        box_px = box_side_px(mosaic, self._recipe, self._beam)
        return Side(mosaic["width_px"], box_px), Side(mosaic["height_px"], box_px)

    def _measured(self, name: str, across: Sequence[int], along: Sequence[int]) -> BoxedNoise:
        x, y = self._sides(name)
        both = np.array([[self._box(name, x.edges(i), y.edges(j)) for i in across] for j in along])
        return BoxedNoise(x.box_px, x.middles[list(across)], y.middles[list(along)], both[..., 0], both[..., 1])

    def _box(self, name: str, x: tuple[int, int], y: tuple[int, int]) -> tuple[float, float]:
        key = name, x[0], y[0]
        if key not in self._known:
            image = self._read(name, (x[0], y[0], x[1], y[1]))
            self._known[key] = noise_of_box(np.ascontiguousarray(image, np.float32))
        return self._known[key]


def box_side_px(mosaic: Row, recipe: NoiseRecipe, beam: Beam | None = None) -> int:
    """The side of a box in pixels of a mosaic, even. `beam`: of the pictures, where it is not the mosaic's own.

    Raises ImageError: `beam-unknown` where it is wanted in beams, and beam or scale are not known; `box-too-large`.
    """
    if recipe.box_px is not None:
        return 2 * (recipe.box_px // 2)
    axes = beam or (mosaic["beam_major_arcsec"], mosaic["beam_minor_arcsec"])
    pixel, n_beams = mosaic["pixel_arcsec"], recipe.box_beams or BOX_BEAMS
    if axes[0] is None or axes[1] is None or pixel is None:
        told = f"{mosaic['mosaic']}: a box of {n_beams:g} beams needs its beam and the scale of its pixels"
        raise ImageError("beam-unknown", f"{told}; say box_px in [noise]", mosaic["sha256"])
    side = n_beams * float(np.sqrt(axes[0] * axes[1])) / pixel
    if side > BOX_PX[1]:
        told = f"{mosaic['mosaic']}: {n_beams:g} beams are {side:.0f} pixels, expected {BOX_PX[1]} at most"
        raise ImageError("box-too-large", f"{told}; say fewer box_beams in [noise]", mosaic["sha256"])
    return 2 * max(BOX_PX[0] // 2, round(side / 2))


def noise_of_box(image: NDArray[np.float32]) -> tuple[float, float]:
    """Mean and standard deviation of what is left of image[y, x] at three sigma; NaN where too little is known."""
    if extent(image)[0] < max(LEAST_KNOWN * image.size, LEAST_KNOWN_PX):
        return np.nan, np.nan
    mean, rms = clipped_noise(image)
    return (mean, rms) if rms else (np.nan, np.nan)  # pixels that are all equal are no sky


def _corners(middles: Reals, place: float) -> list[int]:
    low, high, _ = _places(middles, np.array([place]))
    return [int(low[0]), int(high[0])]


def _places(middles: Reals, pixels: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp], Reals]:
    """Of pixels the boxes before and behind, and the share of the one behind."""
    inside = np.clip(pixels, middles[0], middles[-1])
    low = np.clip(np.searchsorted(middles, inside, "right") - 1, 0, max(0, len(middles) - 2))
    high = np.minimum(low + 1, len(middles) - 1)
    apart = np.where(high > low, middles[high] - middles[low], 1.0)
    return low, high, (inside - middles[low]) / apart


def _filled(values: Reals) -> Reals:
    """With the nearest box that is measured, by their places, for each that is not; of equals the first."""
    known = np.argwhere(np.isfinite(values))
    if not len(known) or len(known) == values.size:
        return values
    made = values.copy()
    for place in _unknown(values):
        nearest = known[np.argmin(((known - place) ** 2).sum(axis=1))]
        made[place] = values[tuple(nearest)]
    return made


def _unknown(values: Reals) -> Iterator[tuple[int, int]]:
    height, width = values.shape
    yield from ((y, x) for y, x in product(range(height), range(width)) if not np.isfinite(values[y, x]))
