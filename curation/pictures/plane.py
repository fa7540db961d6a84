"""The pixels of one mosaic, read by windows: a cutout costs its own bytes, however large the mosaic is."""

import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from curation.pictures.fits_header import BROKEN_GZIP, FitsImage, ImageError, find_image, number, open_fits, value

DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
IN_MEMORY = 2**26  # bytes; an unpacked .gz larger than this goes to a scratch file
WHOLE_TILED = 2**26  # pixels; a larger tile-compressed image is always read by sections
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Plane:
    """An open image. `raw` is [y, x] as in the file, without BSCALE and BLANK; a section reader where tiled."""

    header: fits.Header
    width_px: int
    height_px: int
    raw: Any
    is_native: bool  # the file's values are the brightness: no BSCALE, BZERO or BLANK to apply
    scale: float = 1.0
    zero: float = 0.0
    blank: int | None = None

    def read(self, box: Box) -> NDArray[np.floating]:
        """image[y, x] of the box (x_min, y_min, x_max, y_max), 0-based, in the file's unit.

        NaN outside of the plane, where the file is blank, and where it is infinite. float32, or float64 for a file
        of doubles.
        """
        inside = self.inside(box)
        x_min, y_min, x_max, y_max = inside
        image = self._physical(self.raw[y_min:y_max, x_min:x_max])
        if inside != box:
            frame = np.full((box[3] - box[1], box[2] - box[0]), np.nan, image.dtype)
            frame[y_min - box[1] : y_max - box[1], x_min - box[0] : x_max - box[0]] = image
            image = frame
        with np.errstate(all="ignore"):
            is_clean = np.isfinite(image.sum())  # one pass for the many cutouts without any blank pixel
        if not is_clean:
            image[np.isinf(image)] = np.nan
        return image

    def inside(self, box: Box) -> Box:
        """The part of the box that lies on the plane."""
        x_min, x_max = (min(max(x, 0), self.width_px) for x in (box[0], box[2]))
        y_min, y_max = (min(max(y, 0), self.height_px) for y in (box[1], box[3]))
        return x_min, y_min, x_max, y_max

    def _physical(self, raw: NDArray[Any]) -> NDArray[np.floating]:
        if self.is_native:
            return raw.astype(np.float64 if raw.dtype.itemsize == 8 else np.float32)  # noqa: PLR2004 -- bytes
        image = raw.astype(np.float64) * self.scale + self.zero
        if self.blank is not None:
            image[np.asarray(raw) == self.blank] = np.nan
        return image.astype(np.float32)


def open_plane(path: Path, *, is_wanted_whole: bool = False) -> Plane:
    """The file's image, ready to be read by windows. Raises ImageError. The last few stay open in the process.

    `is_wanted_whole`: so many windows are to come that a tile-compressed image is best decoded once.
    """
    stat = path.stat()
    return _open_plane(path, stat.st_size, stat.st_mtime_ns, is_wanted_whole)


@lru_cache(maxsize=2)
def _open_plane(path: Path, n_bytes: int, mtime_ns: int, is_wanted_whole: bool) -> Plane:
    try:
        with open_fits(path) as stream:
            image = find_image(stream, n_bytes)
            if image.is_tiled:
                return _tiled(path, image, is_wanted_whole)
            return _uncompressed(image, _unpacked(stream, image) if image.is_gzip else _mapped(path, image))
    except BROKEN_GZIP as error:
        raise ImageError("truncated", f"{path}: cannot be read: {error}") from error


def _uncompressed(image: FitsImage, raw: NDArray[Any]) -> Plane:
    scale, zero = number(image.header, "BSCALE"), number(image.header, "BZERO")
    scale, zero = 1.0 if scale is None else scale, zero or 0.0
    blank = value(image.header, "BLANK") if image.bitpix > 0 else None  # means nothing on floats, and is written there
    is_native = image.bitpix < 0 and scale == 1 and zero == 0
    return Plane(
        image.header, image.width_px, image.height_px, raw, is_native, scale, zero, cast(int | None, blank)
    )  # fmt: skip


def _mapped(path: Path, image: FitsImage) -> NDArray[Any]:
    # The whole file is mapped but only the pages of the windows are read; no madvise: read-ahead is what is wanted.
    return np.memmap(path, DTYPES[image.bitpix], "r", image.data_offset, (image.height_px, image.width_px))


def _unpacked(stream: BinaryIO, image: FitsImage) -> NDArray[Any]:
    shape, dtype = (image.height_px, image.width_px), DTYPES[image.bitpix]
    if image.n_data_bytes <= IN_MEMORY:
        return np.frombuffer(_all_of(stream, image.n_data_bytes), dtype).reshape(shape)
    with tempfile.TemporaryFile(prefix="radio-corpus-") as scratch:  # its bytes stay as long as the map does
        shutil.copyfileobj(_Bounded(stream, image.n_data_bytes), cast(IO[bytes], scratch), 2**20)
        if scratch.tell() < image.n_data_bytes:
            raise EOFError(f"the header claims {image.n_data_bytes} bytes, found {scratch.tell()}")
        return np.memmap(scratch, dtype, "r", 0, shape)


def _all_of(stream: BinaryIO, n_bytes: int) -> bytes:
    found = stream.read(n_bytes)
    if len(found) < n_bytes:
        raise EOFError(f"the header claims {n_bytes} bytes, found {len(found)}")
    return found


@dataclass
class _Bounded:
    """A stream that ends after so many bytes."""

    stream: BinaryIO
    n_left: int

    def read(self, n_bytes: int) -> bytes:
        chunk = self.stream.read(min(n_bytes, self.n_left))
        self.n_left -= len(chunk)
        return chunk


def _tiled(path: Path, image: FitsImage, is_wanted_whole: bool) -> Plane:
    is_whole = is_wanted_whole and image.width_px * image.height_px <= WHOLE_TILED
    sections = _Sections(path, image.hdu, image.n_axes - 2)
    raw = sections[0 : image.height_px, 0 : image.width_px] if is_whole else sections
    return Plane(image.header, image.width_px, image.height_px, raw, is_native=True)


@dataclass(frozen=True)
class _Sections:
    """A tile-compressed image that decodes the tiles a slice needs; astropy applies BSCALE and BLANK."""

    path: Path
    hdu: int
    n_extra_axes: int

    def __getitem__(self, window: tuple[slice, slice]) -> NDArray[Any]:
        with fits.open(self.path, memmap=True) as file:
            return np.array(file[self.hdu].section[(0,) * self.n_extra_axes + window])
