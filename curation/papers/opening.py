"""Pictures of papers as RGB or grey of 8 bit: by Pillow, pypdfium2 and Ghostscript. In the converting process only.

A vector picture is rendered so that its longer side has the wanted pixels; a raster one is only ever made smaller.
PostScript goes to Ghostscript alone, in its safest mode, from a file in a folder of its own.
"""

import gzip
import io
import math
import re
import resource
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from PIL import Image

from schemas.errors import CatalogError
from schemas.pictures import FORMATS as PILLOWS
from schemas.pictures import opened
from schemas.trouble import in_one_line, pass_on

POINTS = {"": 1.0, "bp": 1.0, "pt": 72 / 72.27, "in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "px": 72 / 72.27}
DOS_EPS = b"\xc5\xd0\xd3\xc6"
GAP_PX = 16
BAND, SHAPE = 5.0, 1.5  # widths over heights: of a row that is broken, and of what is made of it
LEAST_PT, MOST_PT = 1.0, 20_000.0
GS = (
    "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dNOPROMPT", "-dEPSCrop", "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4",
    "-dMaxBitmap=200000000", "-sDEVICE=ppmraw", "-sstdout=%stderr", "-sOutputFile=-",
)  # fmt: skip
MOST_GS_BYTES = 400_000_000
FORMATS = {
    b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"II*\0": "tiff", b"MM\0*": "tiff", b"GIF8": "gif", b"BM": "bmp",
    b"%PDF": "pdf", b"%!": "ps", DOS_EPS: "eps",
}  # fmt: skip
_BOX = re.compile(rb"%%(HiRes)?BoundingBox:\s*(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)")
_LENGTH = re.compile(r"([-+]?\d*\.?\d+)\s*(bp|pt|in|cm|mm|px|)")


class UnusableError(ValueError):
    """A picture that is not given, with the reason of the closed list."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Want:
    """One picture as the paper shows it, and what it may cost."""

    name: str
    angle_deg: float = 0.0
    page: int = 1
    trim: str = ""
    viewport: str = ""
    row: int = 0
    side_px: int = 1024
    pixels: int = 1 << 26
    seconds: float = 20.0
    ghostscript: str = ""


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
        image, dots_per_point = _of_postscript(content, want)
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
    return _plain(page.render(scale=scale, **how).to_pil().convert("RGB"))


def _plain(image: Image.Image) -> Image.Image:
    red, green, blue = image.split()
    is_grey = red.tobytes() == green.tobytes() == blue.tobytes()
    return red if is_grey else image


def scale_of(size_pt: tuple[float, float], side_px: int, name: str) -> float:
    """Pixels of a point, so that the longer side has the wanted pixels."""
    longest = max(size_pt)
    if not (all(math.isfinite(one) and one >= LEAST_PT for one in size_pt) and longest <= MOST_PT):
        raise UnusableError("picture-broken", f"{name}: a page of {size_pt[0]:g} x {size_pt[1]:g} points")
    return side_px / longest


def _of_postscript(content: bytes, want: Want) -> tuple[Image.Image, float]:
    if not want.ghostscript:
        told = "PostScript needs Ghostscript: install it (Debian: apt-get install ghostscript), so that `gs` is found"
        raise UnusableError("no-ghostscript", f"{want.name}: {told}")
    body = _eps_of(content)
    box = _bounding_box(body)
    size = (box[2] - box[0], box[3] - box[1]) if box else (612.0, 792.0)
    scale = scale_of(size, want.side_px, want.name)
    with tempfile.TemporaryDirectory(prefix="eps-") as folder:
        source = Path(folder) / "picture.eps"
        source.write_bytes(body)
        given = _asked([want.ghostscript, *GS, f"-r{72 * scale:.4f}", str(source)], folder, want)
    try:
        with Image.open(io.BytesIO(given), formats=("PPM",)) as image:
            return _plain(image.convert("RGB")), scale
    except Exception as error:
        pass_on(error)
        raise UnusableError("picture-broken", f"{want.name}: Ghostscript drew no page") from None


def _asked(command: list[str], folder: str, want: Want) -> bytes:
    """What Ghostscript draws, first page first; its own process has the seconds of the picture, by its own clock."""
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": folder, "HOME": folder, "LANG": "C"}
    with tempfile.TemporaryFile(dir=folder) as drawn:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=drawn, stderr=subprocess.PIPE, cwd=folder, env=environment,
            check=False, preexec_fn=partial(limit_cpu, want.seconds),  # noqa: PLW1509 - this process has one thread
        )  # fmt: skip
        drawn.seek(0)
        given = drawn.read(MOST_GS_BYTES)
    if ended.returncode == -signal.SIGXCPU:
        raise UnusableError("picture-too-slow", f"{want.name}: more than {want.seconds:g} s in Ghostscript")
    if not given.startswith(b"P6"):
        told = " ".join(ended.stderr.decode("utf-8", "replace").split())[:200] or "no page"
        raise UnusableError("picture-broken", f"{want.name}: Ghostscript ended with {ended.returncode}: {told}")
    return given


def limit_cpu(seconds: float) -> None:
    """This process ends by SIGXCPU after so many more seconds of the processor, however busy the machine is."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _eps_of(content: bytes) -> bytes:
    """The PostScript of a file, marked as encapsulated where it tells its bounding box: LaTeX shows that part alone."""
    if content.startswith(DOS_EPS) and len(content) >= 12:  # noqa: PLR2004
        start, length = int.from_bytes(content[4:8], "little"), int.from_bytes(content[8:12], "little")
        content = content[start : start + length]
    start = content.find(b"%!")
    content = content[max(start, 0) :]
    first, end, rest = content.partition(b"\n" if b"\n" in content[:200] else b"\r")
    if b"EPSF" in first or not _bounding_box(content):
        return content
    return b"%!PS-Adobe-3.0 EPSF-3.0" + end + rest


def _bounding_box(content: bytes) -> tuple[float, float, float, float] | None:
    """Left, bottom, right, top in points, from the head, else the end of the file."""
    found = _BOX.search(content[:20_000]) or _BOX.search(content[-20_000:])
    if not found:
        return None
    try:
        left, bottom, right, top = (float(one) for one in found.groups()[1:])
    except ValueError:
        return None
    return (left, bottom, right, top) if right - left >= LEAST_PT and top - bottom >= LEAST_PT else None


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
