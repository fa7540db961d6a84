"""The header of a FITS image, read with distrust: what it claims is held against the file before a pixel is decoded.

Our own walk over the blocks, and not astropy's, because astropy opens a file that is cut short with a warning, takes
a header of any length, and decodes what a small compressed file claims to hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
from astropy.io import fits
from isal import igzip, isal_zlib

from curation.engine.objects import AnyPath, fetched
from curation.pictures.cards import ImageError, cleaned, numbers_mended, value, whole_number
from curation.pictures.unchanged import last_stamp_of
from schemas.trouble import pass_on

BLOCK = 2880
MAX_HEADER_BLOCKS = 1000  # 36,000 cards
MAX_HDUS = 100
MAX_PIXELS = 2**33
MAX_TILE_PIXELS = 2**25  # of a tile-compressed image: a tile is decoded whole, however small the window
MAX_UNPACKED_RATIO = 200  # noise hardly shrinks; what unpacks to so many times its size is blank, or meant to harm
MAX_UNPACKED_UNASKED = 2**26  # bytes that any .gz may unpack to, whatever its ratio
BITPIX = (8, 16, 32, 64, -32, -64)
BROKEN_GZIP = (EOFError, OSError, isal_zlib.error)


@dataclass(frozen=True)
class FitsImage:
    """The first image of a FITS file: where its pixels are, and its header as they are seen (tiles undone)."""

    header: fits.Header
    hdu: int
    data_offset: int  # byte of the unpacked file; not the place of a pixel where `is_tiled`
    n_data_bytes: int  # without padding
    width_px: int
    height_px: int
    n_axes: int
    bitpix: int
    is_tiled: bool  # compressed by tiles inside the file (.fz)
    is_gzip: bool  # compressed as a file (.gz)
    n_cleaned: int  # characters of the header that FITS does not allow, now blanks, signs of a unit or `?`
    repairs: tuple[str, ...] = ()  # notes on numbers that were written as text
    tile_px: tuple[int, int] = (1, 1)  # width and height of what is decoded at once, where `is_tiled`


@dataclass(frozen=True)
class Hdu:
    """The header of one HDU, cleaned, and where its data are."""

    header: fits.Header
    index: int
    data_offset: int  # byte of the unpacked file
    n_data_bytes: int  # without padding
    n_cleaned: int


def open_fits(path: AnyPath) -> BinaryIO:
    """The file as a stream, unpacked where it begins like gzip, whatever its name."""
    file = path.open("rb")
    try:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
    except BaseException:
        file.close()
        raise
    if not is_gzip:
        return file
    file.close()
    return cast(BinaryIO, igzip.open(fetched(path), "rb"))


def read_image_header(path: AnyPath) -> FitsImage:
    """The first image of the file, all of whose bytes are there. Raises ImageError; decodes no pixel."""
    n_bytes = last_stamp_of(path)[0]
    if n_bytes == 0:
        raise ImageError("empty", "0 bytes; fetch it again")
    try:
        with open_fits(path) as stream:
            image = find_image(stream, n_bytes)
            _check_length(stream, image, n_bytes)
    except BROKEN_GZIP as error:
        pass_on(error)
        raise ImageError("truncated", f"its {n_bytes} bytes cannot be read: {error}; fetch it again") from error
    return image


def find_image(stream: BinaryIO, n_bytes: int) -> FitsImage:
    """The first HDU with two or more axes, in a file of `n_bytes`; leaves the stream at its first data byte."""
    is_gzip = isinstance(stream, igzip.IGzipFile)
    for hdu in hdus(stream, n_bytes):
        if _is_image(hdu.header):
            image = _image(hdu, is_gzip=is_gzip)
            _check_claim(image, n_bytes)
            return image
    raise ImageError("no-image", "no HDU holds an image of two or more axes")


def hdus(stream: BinaryIO, n_bytes: int) -> Iterator[Hdu]:
    """The HDUs of a file of `n_bytes`, the stream at the first data byte of each; what is between is passed over.

    Raises ImageError for a header that lies about its size, before anything is read that would follow it.
    """
    is_gzip = isinstance(stream, igzip.IGzipFile)
    position = 0
    for index in range(MAX_HDUS):
        text = _header_text(stream, index)
        if text is None:
            return
        position += len(text)
        clean = cleaned(text)
        header = fits.Header.fromstring(clean)
        claimed = _data_bytes(header)
        yield Hdu(header, index, position, claimed, _n_different(text, clean))
        if not is_gzip and position + claimed > n_bytes:
            raise ImageError("truncated", f"HDU {index} claims {claimed} bytes, the file has {n_bytes}; fetch it again")
        position += _padded(claimed)
        if is_gzip and position > max(MAX_UNPACKED_RATIO * n_bytes, MAX_UNPACKED_UNASKED):
            raise ImageError("bomb", f"{n_bytes} bytes claim to unpack to {position}")
        stream.seek(position)


def _n_different(text: str, clean: str) -> int:
    """Characters that differ, of texts of one length."""
    one, other = (np.frombuffer(some.encode("latin-1"), np.uint8) for some in (text, clean))
    return int(np.count_nonzero(one != other))


def _header_text(stream: BinaryIO, hdu: int) -> str | None:
    blocks = list[bytes]()
    while len(blocks) < MAX_HEADER_BLOCKS:
        block = stream.read(BLOCK)
        if not blocks and hdu and not block.startswith(b"XTENSION"):
            return None  # the end, or bytes after the last HDU, which FITS allows
        if not blocks and not hdu and not block.startswith(b"SIMPLE  ="):
            raise ImageError("not-fits", f"begins with {block[:12]!r}, expected b'SIMPLE  ='")
        if len(block) < BLOCK:
            raise ImageError("truncated", f"ends inside the header of HDU {hdu}; fetch it again")
        blocks.append(block)
        if any(block.startswith(b"END     ", at) for at in range(0, BLOCK, 80)):
            return b"".join(blocks).decode("latin-1")
    raise ImageError("bad-header", f"HDU {hdu} has more than {MAX_HEADER_BLOCKS * 36} cards, or no END")


def _axes(header: fits.Header, prefix: str = "") -> list[int]:
    """NAXIS1, NAXIS2, …; `prefix` Z for those of a tiled image."""
    n_axes = whole_number(header, f"{prefix}NAXIS")
    if not 0 <= n_axes <= 999:  # noqa: PLR2004 -- the standard's limit
        raise ImageError("bad-header", f"{prefix}NAXIS: found {n_axes}, expected 0 to 999")
    axes = [whole_number(header, f"{prefix}NAXIS{i + 1}") for i in range(n_axes)]
    if any(axis < 0 for axis in axes):
        raise ImageError("bad-header", f"{prefix}NAXISn: found {axes}, expected none below 0")
    return axes


def _data_bytes(header: fits.Header) -> int:
    axes = _axes(header)
    bitpix = whole_number(header, "BITPIX")
    if bitpix not in BITPIX:
        raise ImageError("bad-header", f"BITPIX: found {bitpix}, expected one of {BITPIX}")
    if not axes:
        return 0
    if len(axes) > 1 and axes[0] == 0:  # random groups
        axes = axes[1:]
    extra, groups = whole_number(header, "PCOUNT", 0), whole_number(header, "GCOUNT", 1)
    if extra < 0 or groups < 0:
        raise ImageError("bad-header", f"PCOUNT {extra}, GCOUNT {groups}: expected none below 0")
    return abs(bitpix) // 8 * groups * (extra + _product(axes))


def _product(axes: list[int]) -> int:
    total = 1
    for axis in axes:
        total *= axis
    return total


def _is_tiled(header: fits.Header) -> bool:
    return value(header, "ZIMAGE") is True


def _is_image(header: fits.Header) -> bool:
    if _is_tiled(header):
        axes = _axes(header, "Z")
    elif str(value(header, "XTENSION") or "IMAGE").strip() == "IMAGE":
        axes = _axes(header)
    else:
        return False
    return len(axes) >= 2 and _product(axes) > 0  # noqa: PLR2004


def _image(hdu: Hdu, *, is_gzip: bool) -> FitsImage:
    header, repairs = hdu.header, numbers_mended(hdu.header)
    prefix = "Z" if _is_tiled(header) else ""
    axes = _axes(header, prefix)
    bitpix = whole_number(header, f"{prefix}BITPIX")
    if _product(axes) > MAX_PIXELS:
        raise ImageError("too-large", f"{prefix}NAXISn: {axes} are over {MAX_PIXELS} pixels")
    if any(axis != 1 for axis in axes[2:]):
        sizes = " x ".join(map(str, axes))
        raise ImageError(
            "not-2d", f"{prefix}NAXISn: {sizes}, expected axes after the second of length 1; give one plane"
        )
    tile_px = _tile_px(header, axes) if prefix else (1, 1)
    if is_gzip and prefix:
        raise ImageError("bad-header", "compressed twice, by tiles and as a file; unpack the .gz")
    return FitsImage(
        header, hdu.index, hdu.data_offset, hdu.n_data_bytes, axes[0], axes[1], len(axes), bitpix,
        is_tiled=bool(prefix), is_gzip=is_gzip, n_cleaned=hdu.n_cleaned, repairs=repairs,
        tile_px=tile_px,
    )  # fmt: skip


def _tile_px(header: fits.Header, axes: list[int]) -> tuple[int, int]:
    """Width and height of the tiles. Raises ImageError for those that are too large to be decoded for a window."""
    sides = [whole_number(header, f"ZTILE{i + 1}", axis if i == 0 else 1) for i, axis in enumerate(axes)]
    if any(side < 1 for side in sides):
        raise ImageError("bad-header", f"ZTILEn: found {sides}, expected none below 1")
    inside = [min(side, axis) for side, axis in zip(sides, axes, strict=True)]
    if _product(inside) > MAX_TILE_PIXELS:
        raise ImageError(
            "too-large",
            f"ZTILEn: {' x '.join(map(str, sides))}, a tile of over {MAX_TILE_PIXELS} pixels; compress it by rows, "
            "as fpack does where nothing else is asked",
        )
    return inside[0], inside[1]


def _check_claim(image: FitsImage, n_bytes: int) -> None:
    wanted = image.data_offset + image.n_data_bytes
    if not image.is_gzip and wanted > n_bytes:
        raise ImageError(
            "truncated",
            f"NAXIS1 x NAXIS2 = {image.width_px} x {image.height_px} and the header need {wanted} bytes, "
            f"the file has {n_bytes}; fetch it again",
        )
    if image.is_gzip and wanted > max(MAX_UNPACKED_RATIO * n_bytes, MAX_UNPACKED_UNASKED):
        raise ImageError(
            "bomb", f"{n_bytes} bytes claim to unpack to {wanted}, over {MAX_UNPACKED_RATIO} times; unpack it yourself"
        )


def _check_length(stream: BinaryIO, image: FitsImage, n_bytes: int) -> None:
    """All bytes are there, padding too; a .gz is read once, never further than its header claims."""
    wanted = image.data_offset + _padded(image.n_data_bytes)
    if not image.is_gzip:
        found = n_bytes
    else:
        found = image.data_offset
        while found < wanted and (chunk := stream.read(min(2**20, wanted - found))):
            found += len(chunk)
        stream.read(BLOCK)  # at the end of the stream gzip checks its sum
    if found < wanted:
        raise ImageError("truncated", f"the header needs {wanted} bytes, found {found}; fetch it again")


def _padded(n_bytes: int) -> int:
    return -(-n_bytes // BLOCK) * BLOCK
