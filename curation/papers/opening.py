"""Pictures of papers as RGB or grey of 8 bit: by Pillow, pypdfium2 and Ghostscript. In the converting process only.

A vector picture is rendered so that its longer side has the wanted pixels; a raster one is only ever made smaller.
"""

import gzip
import io
import math
import re
from collections.abc import Sequence
from typing import Any

import pypdfium2 as pdfium
from PIL import Image

from curation.papers.png import plain
from curation.papers.postscript import of_postscript
from curation.papers.wanted import DOS_EPS, UnusableError, Want, scale_of
from schemas.errors import CatalogError
from schemas.pictures import FORMATS as PILLOWS
from schemas.pictures import opened
from schemas.trouble import in_one_line, pass_on

POINTS = {"": 1.0, "bp": 1.0, "pt": 72 / 72.27, "in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "px": 72 / 72.27}
GAP_PX = 16
BAND, SHAPE = 5.0, 1.5  # widths over heights: of a row that is broken, and of what is made of it
FORMATS = {
    b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"II*\0": "tiff", b"MM\0*": "tiff", b"GIF8": "gif", b"BM": "bmp",
    b"%PDF": "pdf", b"%!": "ps", DOS_EPS: "eps",
}  # fmt: skip
_LENGTH = re.compile(r"([-+]?\d*\.?\d+)\s*(bp|pt|in|cm|mm|px|)")


def format_of(content: bytes) -> str:
    """What a file is by its first bytes: "png", "jpeg", "tiff", "pdf", "eps", "ps" …; empty where unknown."""
    start = content.lstrip(b"\r\n \x04")[:1024]
    found = next((kind for magic, kind in FORMATS.items() if content.startswith(magic) or start.startswith(magic)), "")
    if found == "ps" and b"EPSF" in start[:64]:
        return "eps"
    if not found and b"%PDF-" in start:
        return "pdf"
    return found


def unpacked(content: bytes, most_bytes: int) -> bytes:
    """A picture that was packed by gzip, as submissions of the 1990s have them."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            found = stream.read(most_bytes + 1)
    except (OSError, EOFError, ValueError) as error:
        pass_on(error)
        raise UnusableError("picture-broken", f"gzip: {in_one_line(error)}") from None
    if len(found) > most_bytes:
        raise UnusableError("picture-too-large", f"unpacks to more than {most_bytes} bytes")
    return found


def as_image(content: bytes, want: Want) -> tuple[Image.Image, str]:
    """The picture as it is shown, and what it was. Raises UnusableError."""
    kind = format_of(content)
    if kind == "pdf":
        image, dots_per_point = _of_pdf(content, want)
    elif kind in ("ps", "eps"):
        image, dots_per_point = of_postscript(content, want)
    elif kind:
        image, dots_per_point = _of_raster(content, want)
    else:
        found = content[:8].hex(" ")
        raise UnusableError("picture-unknown", f"{want.name}: found a file that begins with {found}, no known picture")
    image = _cut(image, want, dots_per_point)
    return _turned(_at_most(image, want.side_px), want.angle_deg), kind


def joined(images: Sequence[tuple[Image.Image, int]], side_px: int) -> Image.Image:
    """Pictures with the rows they stand in: of one row side by side at one height, rows below each other, on white.

    A row that would be a band, as LaTeX would break it, is broken. The longer side of all is at most 1.5 `side_px`.
    """
    if len(images) == 1:
        return images[0][0]
    mode = "L" if all(image.mode == "L" for image, _ in images) else "RGB"
    rows = [[image.convert(mode) for image, at in images if at == row] for row in sorted({row for _, row in images})]
    strips = [_strip(part, mode) for row in rows for part in _broken(row)]
    width = max(strip.width for strip in strips)
    height = sum(strip.height for strip in strips) + GAP_PX * (len(strips) - 1)
    whole = Image.new(mode, (width, height), "white")
    top = 0
    for strip in strips:
        whole.paste(strip, ((width - strip.width) // 2, top))
        top += strip.height + GAP_PX
    return _at_most(whole, side_px * 3 // 2)


def _broken(row: list[Image.Image]) -> list[list[Image.Image]]:
    """A row as it is, or in parts of equal count where it would be wider than a band."""
    wide = sum(image.width / image.height for image in row)
    if wide <= BAND or len(row) == 1:
        return [row]
    n_rows = math.ceil(math.sqrt(wide / SHAPE))
    each = math.ceil(len(row) / n_rows)
    return [row[start : start + each] for start in range(0, len(row), each)]


def _strip(images: list[Image.Image], mode: str) -> Image.Image:
    height = sorted(image.height for image in images)[len(images) // 2]
    same = [image if image.height == height else _scaled(image, height / image.height) for image in images]
    strip = Image.new(mode, (sum(one.width for one in same) + GAP_PX * (len(same) - 1), height), "white")
    left = 0
    for one in same:
        strip.paste(one, (left, 0))
        left += one.width + GAP_PX
    return strip


def _of_raster(content: bytes, want: Want) -> tuple[Image.Image, float]:
    try:
        head = Image.open(io.BytesIO(content), formats=PILLOWS)
        _held_to(want, head)
        dots_per_inch = head.info.get("dpi", (72, 72))[0]
        has_alpha = "A" in head.mode or "a" in head.mode or "transparency" in head.info
        image = _on_white(head) if has_alpha else opened(content, want.name)
    except UnusableError:
        raise
    except (CatalogError, Exception) as error:  # Pillow raises whatever its readers do
        pass_on(error)
        raise UnusableError("picture-broken", in_one_line(error)) from None
    dots = float(dots_per_inch)
    return image, dots / 72 if math.isfinite(dots) and 1 <= dots <= 10_000 else 1.0  # noqa: PLR2004


def _held_to(want: Want, image: Image.Image) -> None:
    if image.width * image.height > want.pixels:
        raise UnusableError("picture-too-large", f"{want.name}: {image.width} x {image.height} pixels")


def _on_white(image: Image.Image) -> Image.Image:
    """Transparent parts as the page they lie on."""
    rgba = image.convert("RGBA")
    ground = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    ground.alpha_composite(rgba)
    return ground.convert("RGB")


def _of_pdf(content: bytes, want: Want) -> tuple[Image.Image, float]:
    try:
        document = pdfium.PdfDocument(content)
        try:
            if want.page > len(document):
                raise UnusableError("picture-broken", f"{want.name}: page {want.page} of {len(document)}")
            page = document[want.page - 1]
            scale = scale_of(page.get_size(), want.side_px, want.name)
            return rendered(page, scale), scale
        finally:
            document.close()
    except pdfium.PdfiumError as error:
        raise UnusableError("picture-broken", f"{want.name}: {in_one_line(error)}") from None


def rendered(page: Any, scale: float, **how: Any) -> Image.Image:
    """A page, or its part, as RGB; grey where it has no colour."""
    return plain(page.render(scale=scale, rev_byteorder=True, **how).to_numpy())


def _cut(image: Image.Image, want: Want, dots_per_point: float) -> Image.Image:
    """What \\includegraphics leaves with trim or viewport, and clip."""
    lengths = [_points(one) * dots_per_point for one in _LENGTH.findall(want.trim or want.viewport)]
    if len(lengths) != 4:  # noqa: PLR2004
        return image
    left, bottom, right, top = lengths
    if want.trim:
        box = (left, top, image.width - right, image.height - bottom)
    else:
        box = (left, image.height - top, right, image.height - bottom)
    inside = (
        max(0, round(box[0])),
        max(0, round(box[1])),
        min(image.width, round(box[2])),
        min(image.height, round(box[3])),
    )
    is_some = inside[2] - inside[0] >= 8 and inside[3] - inside[1] >= 8  # noqa: PLR2004
    return image.crop(inside) if is_some else image


def _points(length: tuple[str, str]) -> float:
    return float(length[0]) * POINTS[length[1]]


def _at_most(image: Image.Image, side_px: int) -> Image.Image:
    longest = max(image.size)
    return image if longest <= side_px else _scaled(image, side_px / longest)


def _scaled(image: Image.Image, by: float) -> Image.Image:
    size = (max(1, round(image.width * by)), max(1, round(image.height * by)))
    return image.resize(size, Image.Resampling.LANCZOS if by < 1 else Image.Resampling.BICUBIC, reducing_gap=3.0)


def _turned(image: Image.Image, angle_deg: float) -> Image.Image:
    """By quarters, as pictures drawn in landscape are; other angles are set aside."""
    quarters = round(angle_deg / 90) % 4
    turns = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    turn = turns[quarters]
    return image if turn is None else image.transpose(turn)
