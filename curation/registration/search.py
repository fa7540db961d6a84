"""Where on a plane a picture lies, by correlation: coarse over the whole plane by tiles, then fine where it peaks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from scipy import fft as scipy_fft

from curation.pictures.plane import Box, Plane
from curation.registration.placing import Placing, Symmetry
from curation.registration.texture import Floats, correlation, n_elements, ranks, reordered, texture

fft: Any = scipy_fft  # which has no types that pyright could follow
BIN_PX = 2  # pixels to a coarse one; a beam has some three, so that little of the noise's pattern is lost
COARSE_AROUND_PX = 7
TILE_PX = 512  # side of a tile in coarse pixels; larger for pictures that fill more than a quarter of it
PER_TILE = 2  # peaks kept of each tile and symmetry
N_CANDIDATES = 4  # of each picture and plane that are kept
LEAST_POWER = 1e-6
LEAST_OVERLAP = 0.5  # share of a picture that must be on the plane


@dataclass(frozen=True)
class Sought:
    """A picture to be found."""

    image: Floats
    """image[y, x], row 0 at the bottom, NaN where it is blank."""
    scale: float = 1.0
    """Pixels of the picture to a pixel of the mosaic: 2 for one that was made twice as large."""
    symmetries: tuple[Symmetry, ...] = (Symmetry(),)

    @property
    def picture_px(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.shape[1], self.image.shape[0]

    @cached_property
    def placed(self) -> Floats:
        """The picture in pixels of the mosaic."""
        width, height = (max(1, round(side / self.scale)) for side in self.picture_px)
        return resized(self.image, width, height)

    @cached_property
    def n_elements(self) -> float:
        """How many independent elements it has, in whichever pixels are larger."""
        smaller = self.placed if self.scale > 1 else self.image
        return n_elements(texture(ranks(smaller)))


@dataclass(frozen=True)
class Candidate:
    """A place where a picture may lie, and how well it fits there."""

    placing: Placing
    correlation: float
    n_elements: float
    """Independent elements of the picture, or of what of it is on the plane."""


def resized(image: Floats, width: int, height: int) -> Floats:
    """The image[y, x] on so many pixels; blank where any of what a new pixel is made of was."""
    if image.shape == (height, width):
        return image
    is_smaller = width * height < image.size
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC
    known = np.isfinite(image)
    made = cv2.resize(np.where(known, image, np.float32(0)).astype(np.float32), (width, height), interpolation=how)
    if not known.all():
        share = cv2.resize(known.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        made[share < 1 - 1e-3] = np.nan
    return made


@dataclass
class Batch:
    """Pictures that are looked for together, on one plane after the other."""

    pictures: Sequence[Sought]
    spectra: dict[tuple[int, int], list["_Spectra"]] = field(default_factory=dict[tuple[int, int], list["_Spectra"]])
    """Of the last shape of tiles."""

    @property
    def side_px(self) -> int:
        """The longest side of any, in pixels of the mosaic."""
        return max(max(one.placed.shape) for one in self.pictures)

    def of(self, shape: tuple[int, int]) -> list["_Spectra"]:
        """Transformed for tiles of a shape."""
        if shape not in self.spectra:
            self.spectra = {shape: [_Spectra.of(one, shape) for one in self.pictures]}
        return self.spectra[shape]


def tile_px(side_px: int) -> int:
    """The side of the tiles, in pixels of the mosaic, for pictures of that side."""
    tile = TILE_PX * BIN_PX
    while tile < 4 * side_px:
        tile *= 2
    return tile


def candidates(plane: Plane, batch: Batch) -> list[list[Candidate]]:
    """Of each picture its best places on a plane, the best first, in coarse pixels: to be `refined`."""
    found: list[list[Candidate]] = [[] for _ in batch.pictures]
    for box in _tiles(plane, batch.side_px):
        tile = _Tile.of(plane, box)
        if tile is None:
            continue
        for one, spectra, places in zip(batch.pictures, batch.of(tile.shape), found, strict=True):
            places += tile.peaks(one, spectra)
            places[:] = _apart(places, N_CANDIDATES)
    return found


def _tiles(plane: Plane, side_px: int) -> Iterator[Box]:
    """Boxes of one size that overlap by a picture, from half a picture before the plane to half a picture beyond it."""
    edge, tile = side_px // 2, tile_px(side_px)
    step = tile - side_px - BIN_PX
    width, height = (min(tile, side + 2 * edge) for side in (plane.width_px, plane.height_px))
    for y in _starts(plane.height_px + edge, height, step, -edge):
        for x in _starts(plane.width_px + edge, width, step, -edge):
            yield x, y, x + width, y + height


def _starts(end: int, side: int, step: int, first: int) -> Iterator[int]:
    """Of boxes of a side, up to the one that reaches the end."""
    yield first
    while first + side < end:
        first += step
        yield first


def _binned(image: Floats) -> Floats:
    """Means of BIN_PX x BIN_PX pixels; NaN where one of them is."""
    height, width = (side // BIN_PX * BIN_PX for side in image.shape)
    parts = image[:height, :width].reshape(height // BIN_PX, BIN_PX, width // BIN_PX, BIN_PX)
    return parts.mean(axis=(1, 3), dtype=np.float32)


@dataclass(frozen=True)
class _Spectra:
    """A picture's coarse texture in each symmetry, transformed."""

    conjugate: list[np.ndarray]
    shapes: list[tuple[int, int]]
    power: float
    n_known: int

    @staticmethod
    def of(one: Sought, shape: tuple[int, int]) -> "_Spectra":
        binned = [_binned(symmetry.of(one.placed)) for symmetry in one.symmetries]
        turned = [texture(ranks(image), COARSE_AROUND_PX) for image in binned]
        spectra = [np.conj(fft.rfft2(image, shape)) for image in turned]
        return _Spectra(
            spectra, [image.shape for image in turned], float((turned[0] ** 2).sum()), int(np.isfinite(binned[0]).sum())
        )


@dataclass(frozen=True)
class _Window:
    """Of a tile, at each place of pictures of one size."""

    scale: Floats
    """One over the root of the power of the texture below."""
    known: Floats
    """How many of its coarse pixels are not blank."""


@dataclass(frozen=True)
class _Tile:
    """A part of a plane in coarse pixels, transformed."""

    box: Box
    shape: tuple[int, int]
    spectrum: np.ndarray
    power: np.ndarray
    """Integral of the squares, for the power below any picture."""
    known: np.ndarray
    """The same of pixels that are not blank."""
    windows: dict[tuple[int, int], "_Window"] = field(default_factory=dict[tuple[int, int], "_Window"])
    """By their height and width: pictures of one size share them."""

    def window(self, height: int, width: int) -> "_Window":
        """What pictures of a size meet at each place."""
        if (height, width) not in self.windows:
            power, known = (_boxes(table, height, width) for table in (self.power, self.known))
            scale = (1 / np.sqrt(np.maximum(power, LEAST_POWER))).astype(np.float32)
            self.windows[height, width] = _Window(scale, known.astype(np.float32))
        return self.windows[height, width]

    @staticmethod
    def of(plane: Plane, box: Box) -> "_Tile | None":
        image = _binned(plane.read(box).astype(np.float32))
        if not np.isfinite(image).any():
            return None
        made = texture(ranks(image), COARSE_AROUND_PX)
        # Smaller than the texture by no pixel: what comes around the edge meets places that are not asked for.
        shape = tuple(fft.next_fast_len(side, real=True) for side in made.shape)
        return _Tile(
            box, (shape[0], shape[1]), fft.rfft2(made, shape), cv2.integral(made * made, sdepth=cv2.CV_64F),
            cv2.integral(np.isfinite(image).astype(np.uint8)),
        )  # fmt: skip

    def peaks(self, one: Sought, of: _Spectra) -> list[Candidate]:
        """The highest correlations in each symmetry, with the places of their coarse pixels."""
        found = list[Candidate]()
        for symmetry, spectrum, (height, width) in zip(one.symmetries, of.conjugate, of.shapes, strict=True):
            n_rows, n_columns = self.power.shape[0] - height, self.power.shape[1] - width
            if n_rows <= 0 or n_columns <= 0:
                continue
            both = fft.irfft2(self.spectrum * spectrum, self.shape)[:n_rows, :n_columns]
            values = both * self.window(height, width).scale / np.float32(np.sqrt(max(of.power, LEAST_POWER)))
            share = self.window(height, width).known / np.float32(max(of.n_known, 1))
            if share.min() < 1:
                values = np.where(share < LEAST_OVERLAP, np.float32(-1), values / np.sqrt(np.clip(share, 1e-6, 1)))
            found += self._highest(one, symmetry, values, min(height, width))
        return found

    def _highest(self, one: Sought, symmetry: Symmetry, values: np.ndarray, side: int) -> list[Candidate]:
        found, around = list[Candidate](), max(1, side // 4)
        width, height = symmetry.of(one.placed).shape[::-1]
        for _ in range(PER_TILE):
            y, x = np.unravel_index(int(values.argmax()), values.shape)
            if values[y, x] <= 0:
                break
            place = self.box[0] + BIN_PX * int(x), self.box[1] + BIN_PX * int(y)
            placing = Placing(symmetry, *place, width, height, one.picture_px)
            found.append(Candidate(placing, float(values[y, x]), one.n_elements))
            values[max(0, y - around) : y + around + 1, max(0, x - around) : x + around + 1] = -1
        return found


def _boxes(table: np.ndarray, height: int, width: int) -> np.ndarray:
    """Sums below a box at each place, of an integral image."""
    return table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width]


def _apart(places: list[Candidate], n: int) -> list[Candidate]:
    """The best of them, none twice: tiles overlap."""
    kept = list[Candidate]()
    for one in sorted(places, key=lambda one: (-one.correlation, one.placing.symmetry, one.placing.box)):
        if len(kept) == n:
            break
        if not any(is_same_place(one.placing, other.placing) for other in kept):
            kept.append(one)
    return kept


def is_same_place(one: Placing, other: Placing) -> bool:
    """Whether two placings on one plane are in one symmetry, their centres not a quarter of a side apart."""
    near = min(one.width_px, one.height_px) / 4
    is_near = all(abs(ours - theirs) <= near for ours, theirs in zip(one.centre_px, other.centre_px, strict=True))
    return is_near and one.symmetry == other.symmetry


def refined(plane: Plane, one: Sought, coarse: Candidate) -> Candidate:
    """The pixel where it fits best, near the coarse one.

    Its correlation there is 1 for a picture that is made of the mosaic's pixels by any stretch, clipping or rounding.
    """
    placing, reach = coarse.placing, BIN_PX + 1
    x_min, y_min, x_max, y_max = placing.box
    window = plane.read((x_min - reach, y_min - reach, x_max + reach, y_max + reach)).astype(np.float32)
    placed = texture(ranks(placing.symmetry.of(one.placed)))
    maps = cv2.matchTemplate(texture(ranks(window)), placed, cv2.TM_CCORR_NORMED)
    y, x = (int(at) for at in np.unravel_index(int(maps.argmax()), maps.shape))
    picture = ranks(placing.symmetry.of(one.placed if one.scale > 1 else one.image))  # in whichever pixels are larger
    best = Candidate(placing, -1.0, 0.0)
    for row, column in ((y, x), (y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
        if not (0 <= row <= 2 * reach and 0 <= column <= 2 * reach):
            continue
        part = window[row : row + placing.height_px, column : column + placing.width_px]
        here = reordered(resized(part, picture.shape[1], picture.shape[0]), picture)
        wanted = texture(np.where(np.isfinite(here), picture, np.float32(np.nan)))
        value = correlation(wanted, texture(here))
        if value > best.correlation:
            moved = replace(placing, x_min_px=x_min - reach + column, y_min_px=y_min - reach + row)
            best = Candidate(moved, value, n_elements(wanted))
    return best
