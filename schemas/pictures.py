"""A picture's bytes as pixels of 8 bit: the one place where pictures are opened, for all who look at them.

Pillow's own `convert("RGB")` clips grey of 16 bit at 255 (a white picture), floats at 0 and 1 as if they were greys (a
black one), and drops transparency. Here instead:

- 16 bit: the high byte, value >> 8, so that the full stored range becomes the full grey scale; a TIFF of fewer bits
  (12) by its own range, a PGM by its own maximum;
- float: 0 to 1 becomes 0 to 255, floor(256 value); other values are refused, for their white is not known;
- whole numbers of 32 bit, or with a sign: refused, for the same reason;
- transparency, also of a palette: put on black, which is what a render of empty sky is;
- several pictures in one file (animations, pages): refused; a phone's preview beside a JPEG is no picture of its own.

What is refused is one CatalogError, naming the picture. Sides are as stored: an EXIF rotation is not applied.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.errors import CatalogError
from schemas.trouble import machine_failed

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "JPEG2000")
MOST_PIXELS = 1 << 26  # 8192 x 8192: more is a broken or hostile file
BITS_PER_SAMPLE = 258  # the tag of TIFF
GREY, COLOUR = ("1", "L"), ("RGB", "CMYK", "YCbCr", "HSV")
WITH_ALPHA = ("LA", "La", "PA", "P", "RGBA", "RGBa", "RGBX")
SAVE_AS = "save it as grey or RGB of 8 or 16 bit"


def opened(content: bytes, where: str) -> "Image.Image":
    """The picture in mode L where it is grey without transparency, else RGB; in memory. Raises CatalogError."""
    with _Opening(where):
        image = _first(content, where)
        image.load()
        return _of_8_bit(image, where)


def opened_rgb(content: bytes, where: str) -> "Image.Image":
    """The same in mode RGB, as models look at it. Raises CatalogError."""
    return opened(content, where).convert("RGB")


def size_px(content: bytes | Path, where: str) -> tuple[int, int]:
    """Height and width by the header alone, of bytes or of a file that need not be read whole. Raises CatalogError."""
    with _Opening(where):
        image = _first(content, where)
        image.close()
        return image.height, image.width


def as_png(content: bytes, where: str) -> bytes:
    """The picture for those who open it elsewhere: its own bytes where nobody can misread them, else a PNG of 8 bit.

    Raises CatalogError.
    """
    with _Opening(where):
        image = _first(content, where)
        image.load()
        is_plain = image.format == "PNG" and image.mode in ("L", "RGB") and "transparency" not in image.info
        if is_plain:
            return content
        sink = io.BytesIO()
        _of_8_bit(image, where).save(sink, "PNG")
        return sink.getvalue()


class _Opening:
    """Whatever Pillow raises on a broken file, as one CatalogError that names the picture."""

    def __init__(self, where: str) -> None:
        self.where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, CatalogError) and not machine_failed(error):
            found = str(error).replace("\n", " ") or type(error).__name__
            raise CatalogError(f"{self.where}: no picture can be opened: {found:.200}") from error


def _first(content: bytes | Path, where: str) -> "Image.Image":
    """The file's only picture, its pixels not read yet. Raises CatalogError for too many pixels, or pictures."""
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS)
    except UnidentifiedImageError:
        known = ", ".join(FORMATS)
        raise CatalogError(f"{where}: no picture can be opened: found none of {known}") from None
    if image.width * image.height > MOST_PIXELS:
        size = f"{image.width} x {image.height} pixels"
        raise CatalogError(f"{where}: no picture can be opened: found {size}, expected at most {MOST_PIXELS}")
    n_pictures = int(getattr(image, "n_frames", 1))
    if n_pictures > 1 and image.format != "MPO":
        raise CatalogError(f"{where}: found {n_pictures} pictures in one file, expected one; save them apart")
    return image


def _of_8_bit(image: "Image.Image", where: str) -> "Image.Image":
    if image.mode in WITH_ALPHA or "transparency" in image.info:
        return _on_black(image)
    if image.mode in GREY:
        return image.convert("L")
    if image.mode in COLOUR:
        return image.convert("RGB")
    if image.mode.startswith("I;16"):
        n_bits = _bits(image)
        return _grey(np.asarray(image).astype(np.uint32) >> (n_bits - 8))
    if image.mode == "I" and image.format == "PPM":
        return _grey(np.asarray(image) >> 8)  # Pillow has stretched its maximum to 65535
    if image.mode == "F":
        return _grey(np.minimum(np.floor(_shares(image, where) * 256), 255))
    raise CatalogError(f"{where}: found pixels of mode {image.mode}, whose white is not known; {SAVE_AS}")


def _on_black(image: "Image.Image") -> "Image.Image":
    """Transparent parts as black; grey where all of it is."""
    from PIL import Image

    rgba = image.convert("RGBA")
    ground = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
    ground.alpha_composite(rgba)
    return ground.convert("RGB")


def _bits(image: "Image.Image") -> int:
    """Bits of a grey pixel that were stored: 16, or what a TIFF says."""
    tags: Any = getattr(image, "tag_v2", {})
    found = tags.get(BITS_PER_SAMPLE, 16)
    n_bits = found[0] if isinstance(found, tuple) else found
    return n_bits if isinstance(n_bits, int) and 8 <= n_bits <= 16 else 16  # noqa: PLR2004


def _shares(image: "Image.Image", where: str) -> np.ndarray:
    values = np.asarray(image, np.float64)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        finite = values[np.isfinite(values)]
        span = f"{finite.min():g} to {finite.max():g}" if finite.size else "none"
        blank = "" if finite.size == values.size else ", and some that are no number"
        raise CatalogError(f"{where}: found floating-point pixels, {span}{blank}, expected 0 to 1; {SAVE_AS}")
    return values


def _grey(levels: np.ndarray) -> "Image.Image":
    from PIL import Image

    return Image.fromarray(levels.astype(np.uint8))
