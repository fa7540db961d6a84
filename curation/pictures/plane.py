"""The pixels of one mosaic, read by windows: a cutout costs its own bytes, however large the mosaic is."""

import mmap
import shutil
import tempfile
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed import _codecs, _compression
from isal import isal_zlib
from numpy.typing import NDArray

from curation.engine.objects import AnyPath, ObjectPath, ObjectStream
from curation.pictures.cards import ImageError, number, value, whole_number
from curation.pictures.fits_header import BROKEN_GZIP, MAX_TILE_PIXELS, FitsImage, find_image, open_fits
from curation.pictures.ranged import RangedPixels, RangedTiles
from curation.pictures.unchanged import Stamp, last_stamp_of
from schemas.trouble import pass_on

DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
UNSIGNED_64, BYTES_64 = 2**63, 8
IN_MEMORY = 2**26  # bytes; an unpacked .gz larger than this goes to a scratch file
MOST_MAPPED = 2**27  # bytes of a mapped file, about, that a process holds
AROUND = 2**16  # bytes that the kernel maps with each row of a window: fault_around_bytes
WHOLE_TILED = 2**26  # pixels; a larger tile-compressed image is always read by sections
MAX_DECODED, MAX_DECODED_RATIO = 2**26, 4  # pixels decoded for a window, and to each pixel of a large one
MAX_TILE_BYTES = 8 * MAX_TILE_PIXELS
GZIP_WBITS = 31  # of zlib: with the header of gzip
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Plane:
    """An open image. `raw` is [y, x] as in the file, without BSCALE and BLANK; a section reader where tiled."""

    header: fits.Header
    width_px: int
    height_px: int
    raw: Any
    is_native: bool  # the file's values are the brightness: floats without BSCALE and BZERO
    is_double: bool  # given as float64: of doubles, and of integers that have more digits than a float32
    scale: float = 1.0
    zero: float = 0.0
    blank: int | None = None

    @property
    def is_mapped(self) -> bool:
        """Whether the file itself is mapped, so that keeping the plane open costs next to nothing."""
        return isinstance(self.raw, _Mapped)

    def expect(self, boxes: Sequence[Box]) -> None:
        """These are read next: from an object store those that are near each other come together."""
        if isinstance(self.raw, RangedPixels):
            inside = [self.inside(box) for box in boxes]
            self.raw.expect([(slice(y_min, y_max), slice(x_min, x_max)) for x_min, y_min, x_max, y_max in inside])

    def read(self, box: Box) -> NDArray[np.floating]:
        """image[y, x] of the box (x_min, y_min, x_max, y_max), 0-based, in the file's unit.

        NaN outside of the plane, where the file is blank, and where it is infinite. float32, or float64 for a file
        of doubles or of integers of 32 bits and more. Raises ImageError for pixels that cannot be decoded.
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
        dtype = np.float64 if self.is_double else np.float32
        if self.is_native:
            return raw.astype(dtype)
        if self.zero == UNSIGNED_64 and self.scale == 1 and raw.dtype.itemsize == BYTES_64:
            # A double has 53 bits: small unsigned numbers would be lost beside 2**63, so the sign bit is turned.
            image = (raw.astype(np.int64).view(np.uint64) ^ np.uint64(UNSIGNED_64)).astype(np.float64)
        else:
            with np.errstate(all="ignore"):
                image = raw.astype(np.float64) * self.scale + self.zero
        if self.blank is not None:
            image[np.asarray(raw) == self.blank] = np.nan
        with np.errstate(all="ignore"):
            return image.astype(dtype)


def open_plane(path: AnyPath, *, is_wanted_whole: bool = False, most_mapped: int = MOST_MAPPED) -> Plane:
    """The file's image, ready to be read by windows. Raises ImageError. The last few stay open in the process.

    `is_wanted_whole`: so many windows are to come that a tile-compressed image is best decoded once. `most_mapped`: how
    many bytes of a mapped file, about, this process holds at a time.
    """
    return _open_plane(path, last_stamp_of(path), is_wanted_whole, most_mapped)


@lru_cache(maxsize=2)
def _open_plane(path: AnyPath, stamp: Stamp, is_wanted_whole: bool, most_mapped: int) -> Plane:
    try:
        with open_fits(path) as stream:
            image = find_image(stream, stamp[0])
            if image.is_tiled:
                return _tiled(path, image, is_wanted_whole)
            raw = _unpacked(stream, image) if image.is_gzip else _mapped(path, image, most_mapped)
            return _plane(image, raw, blank_of(image.header) if image.bitpix > 0 else None)
    except BROKEN_GZIP as error:
        pass_on(error)
        raise ImageError("truncated", f"{path}: cannot be read: {error}") from error


def _plane(image: FitsImage, raw: Any, blank: int | None) -> Plane:
    scale, zero = scaling(image)
    is_float = image.bitpix < 0
    return Plane(
        image.header, image.width_px, image.height_px, raw,
        is_native=is_float and scale == 1 and zero == 0,
        is_double=image.bitpix in (32, 64, -64),
        scale=scale, zero=zero, blank=None if is_float else blank,  # means nothing on floats, and is written there
    )  # fmt: skip


def scaling(image: FitsImage) -> tuple[float, float]:
    """BSCALE and BZERO. Raises ImageError where they are no finite numbers, or BLANK is none of integer pixels."""
    scale, zero = number(image.header, "BSCALE"), number(image.header, "BZERO")
    scale, zero = 1.0 if scale is None else scale, zero or 0.0
    if scale == 0 or not np.isfinite([scale, zero]).all():
        raise ImageError(
            "bad-header", f"BSCALE {scale}, BZERO {zero}: expected finite numbers, BSCALE not 0; correct the header"
        )
    if image.bitpix > 0:
        for keyword in ("BLANK", "ZBLANK"):
            blank_of(image.header, keyword)
    return scale, zero


def blank_of(header: fits.Header, keyword: str = "BLANK") -> int | None:
    """The pixel value that means blank; None where there is none. Raises ImageError where it is no whole number."""
    found = number(header, keyword)
    if found is None:
        return None
    if not found.is_integer():
        raise ImageError("bad-header", f"{keyword}: found {found}, expected a whole number; correct the header")
    return int(cast(float, value(header, keyword)))


def _mapped(path: AnyPath, image: FitsImage, most_held: int) -> "_Mapped | RangedPixels":
    if isinstance(path, ObjectPath):
        return RangedPixels(path, np.dtype(DTYPES[image.bitpix]), image.data_offset, image.width_px)
    # The whole file is mapped but only the pages of the windows are read; no advice on order: read-ahead is wanted.
    shape = (image.height_px, image.width_px)
    mapped = np.memmap(path, DTYPES[image.bitpix], "r", image.data_offset, shape)
    return _Mapped(mapped.view(np.ndarray), mapped._mmap, most_held)  # noqa: SLF001 -- a plain view: memmap's own is slow


@dataclass
class _Mapped:
    """A mapped image that is let go of now and then, so that a process never holds more of it than so many bytes."""

    pixels: NDArray[Any]
    file: mmap.mmap
    most_held: int
    n_held: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.pixels.dtype

    def __getitem__(self, window: tuple[slice, slice]) -> NDArray[Any]:
        n_rows, row = window[0].stop - window[0].start, (window[1].stop - window[1].start) * self.dtype.itemsize
        if self.n_held > self.most_held:
            self.file.madvise(mmap.MADV_DONTNEED)  # the file keeps all; nobody writes here
            self.n_held = 0
        self.n_held += AROUND + n_rows * min(row + AROUND, self.pixels.strides[0])
        return self.pixels[window]


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


def _tiled(path: AnyPath, image: FitsImage, is_wanted_whole: bool) -> Plane:
    is_whole = is_wanted_whole and image.width_px * image.height_px <= WHOLE_TILED
    where = RangedTiles(path, image) if isinstance(path, ObjectPath) else path
    sections = _Sections(where, image.hdu, image.n_axes - 2, image.tile_px, is_float=image.bitpix < 0)
    sections.check_places()
    raw = sections[0 : image.height_px, 0 : image.width_px] if is_whole else sections
    return _plane(image, raw, None if image.bitpix < 0 else sections.blank())


@contextmanager
def _bounded_gzip() -> Generator[None]:
    """Astropy unpacks a tile of gzip to whatever it claims; in this block to no more than a tile may hold."""
    before = _codecs.gzip_decompress
    _codecs.gzip_decompress = _unpacked_tile
    try:
        yield
    finally:
        _codecs.gzip_decompress = before


def _unpacked_tile(body: bytes) -> bytes:
    unpacker = isal_zlib.decompressobj(wbits=GZIP_WBITS)
    found = unpacker.decompress(body, MAX_TILE_BYTES + 1)
    if len(found) > MAX_TILE_BYTES:
        raise ValueError(f"a tile of {len(body)} bytes unpacks to over {MAX_TILE_BYTES}")
    if not unpacker.eof:
        raise EOFError("a tile ends before its end")
    return found


UNDECODABLE = (
    *BROKEN_GZIP, _compression.CfitsioException, fits.VerifyError,
    ValueError, TypeError, RuntimeError, ArithmeticError, LookupError, AttributeError,
)  # fmt: skip
"""What astropy and cfitsio raise of tiles that are not what their headers say."""


@dataclass(frozen=True)
class _Sections:
    """A tile-compressed image that decodes the tiles a slice needs; its values are those of the file, unscaled."""

    where: Path | RangedTiles
    hdu: int
    n_extra_axes: int
    tile_px: tuple[int, int]  # width and height
    is_float: bool

    def __getitem__(self, window: tuple[slice, slice]) -> NDArray[Any]:
        """Raises ImageError for a tile that cannot be decoded, whatever the decoder says of it."""
        self._check_cost(window)
        try:
            if isinstance(self.where, RangedTiles):
                self.where.fetch(window)
            with self._opened() as hdu:
                self._forget_blanks(hdu)
                return np.array(hdu.section[(0,) * self.n_extra_axes + window])
        finally:
            if isinstance(self.where, RangedTiles):
                self.where.drop()

    def check_places(self) -> None:
        """Raise ImageError where a tile is said to lie outside of the table's heap: astropy reads memory there."""
        with self._opened() as hdu:
            table = hdu._bintable  # noqa: SLF001 -- as in _forget_blanks
            heap = whole_number(table.header, "PCOUNT", 0)
            for name, (kind, *_) in table.data.dtype.fields.items():
                if kind.shape == (2,):  # where values of changing length lie: how many, and from which byte on
                    sizes, starts = np.array(table.data[name]).astype(np.int64).T
                    if min(sizes.min(initial=0), starts.min(initial=0)) < 0 or (sizes + starts).max(initial=0) > heap:
                        raise ImageError("unreadable", f"{name}: a tile outside of its {heap} bytes; fetch it again")
                    if isinstance(self.where, RangedTiles):
                        self.where.add_places(sizes, starts, str(table.columns[name].format))

    def _check_cost(self, window: tuple[slice, slice]) -> None:
        """Raise ImageError where the tiles under a window are far more than it: all of them are decoded together."""
        n_wanted = n_decoded = 1
        for one, side in zip(window, reversed(self.tile_px), strict=True):
            n_wanted *= one.stop - one.start
            n_decoded *= -(-one.stop // side) * side - one.start // side * side
        if n_decoded > max(MAX_DECODED, MAX_DECODED_RATIO * n_wanted):
            width, height = self.tile_px
            raise ImageError(
                "too-large",
                f"tiles of {width} x {height} pixels: {n_decoded} pixels would be decoded for {n_wanted}; compress it "
                "by rows, as fpack does where nothing else is asked",
            )

    def _forget_blanks(self, hdu: Any) -> None:
        """Take away what astropy would replace, and stumbles over where it is large.

        BLANK on floats means nothing, and on integers the plane sees to it; ZBLANK means nothing where no tile was
        quantised and none has its own.
        """
        table = hdu._bintable  # noqa: SLF001 -- its header is nowhere else, once the tiles are an image
        columns = table.columns.names
        for header in (hdu.header, table.header):
            if self.is_float or "ZBLANK" not in columns:
                header.remove("BLANK", ignore_missing=True, remove_all=True)
            if "ZBLANK" not in columns and "ZSCALE" not in columns:
                header.remove("ZBLANK", ignore_missing=True, remove_all=True)

    def blank(self) -> int | None:
        """BLANK of integers, or else what the tiles say: ZBLANK, or the least number where each tile has its own."""
        with self._opened() as hdu:
            return blank_of(hdu.header)

    @contextmanager
    def _opened(self) -> Generator[Any]:
        # Unscaled: astropy maps no file that it must scale, and takes BLANK for a value of floats as well.
        where: Any = self.where
        if isinstance(where, RangedTiles):
            where = ObjectStream(where.path, where.held)
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                _bounded_gzip(),
                fits.open(where, memmap=isinstance(where, Path), do_not_scale_image_data=True) as file,
            ):
                yield file[self.hdu]
        except UNDECODABLE as error:
            pass_on(error)
            raise ImageError("unreadable", f"its pixels cannot be decoded: {error or type(error).__name__}") from error
