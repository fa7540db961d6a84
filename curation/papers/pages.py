"""Figures of a PDF without sources: caption blocks found by their first word, pictures by what is drawn beside them.

Runs in the converting process only. Coordinates are points of the page, from its lower left corner. A picture is the
part of the page that holds the drawing above its caption (else below it), rendered, so that vectors, images and the
labels between them stay together.
"""

import re
import statistics
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from curation.papers.opening import rendered
from curation.papers.wanted import UnusableError, scale_of
from schemas.trouble import in_one_line

MOST_PAGES = 300
MOST_LINES_OF_A_CAPTION = 60
MOST_CHARACTERS = 60_000  # of a page
DRAWINGS = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING, raw.FPDF_PAGEOBJ_FORM)
START = re.compile(
    r"^\s*(?P<word>Fig(?:ure|\.)?|FIG(?:URE|\.)?)\s*(?P<number>\d{1,3}|[A-Z]\.?\d{1,2}|[IVX]{1,5})\s*(?P<mark>[.:|—–-]|$)?"
)
WORD = re.compile(r"[^\W\d_]{2,}")
HYPHENS = "\x02\ufffe\u00ad"
SUPERSCRIPT = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
LEAST_WORDS_OF_A_PARAGRAPH = 6
LEAST_PICTURE_PT = 30.0
MARGIN_PT = 4.0

HIGH_HALVES, LOW_HALVES = range(0xD800, 0xDC00), range(0xDC00, 0xE000)  # of UTF-16
LETTERS_OF_MATHS = range(0x1D400, 0x1D800)
LEAST_SPACE, WIDEST_SPACE = 0.17, 1.4  # between words, of the size of the type: the next column is farther

Box = tuple[float, float, float, float]  # left, bottom, right, top
Character = tuple[str, Box, float]  # with its size in points


@dataclass(frozen=True)
class Line:
    """A line of text, with raised numbers as Unicode writes them."""

    text: str
    box: Box
    size_pt: float


def figures_of_pages(content: bytes, side_px: int, most: int) -> Iterator[tuple[dict[str, Any], Image.Image | None]]:
    """The figures of a PDF: what is known of each, and its picture; None where no drawing stands by the caption.

    Raises UnusableError for a file that is no PDF.
    """
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        raise UnusableError("not-a-paper", f"no PDF that can be read: {in_one_line(error)}") from None
    found = 0
    try:
        for index in range(min(len(document), MOST_PAGES)):
            for figure, image in _of_page(document[index], index + 1, side_px):
                found += 1
                yield figure, image
                if found >= most:
                    return
    finally:
        document.close()


def _of_page(page: Any, number: int, side_px: int) -> Iterator[tuple[dict[str, Any], Image.Image | None]]:
    lines, plain = lines_of(page)
    blocks = list(captions_of(lines))
    if not blocks:
        return
    drawings = _drawings(page)
    held = {id(line) for block in blocks for line in block}
    for block in blocks:
        caption = caption_of(block)
        bounds = _around([line.box for line in block])
        text = _bounded_text(plain, bounds)
        region = region_of(block, [line for line in lines if id(line) not in held], blocks, drawings)
        image = _picture(page, region, side_px, number) if region else None
        yield {"page": number, "caption": caption, "text": text}, image


def lines_of(page: Any) -> tuple[list[Line], Any]:
    """The lines of a page in the order of its text, and pdfium's own page of text.

    Lines are put together by where their characters stand: pdfium breaks one at a superscript, and joins columns.
    """
    plain = page.get_textpage()
    lines: list[Line] = []
    line: list[Character] = []
    is_apart = False  # a space or the end of pdfium's line came before
    high = 0  # the first half of a character beyond 16 bit
    for index in range(min(plain.count_chars(), MOST_CHARACTERS)):
        code = raw.FPDFText_GetUnicode(plain, index)
        if code in HIGH_HALVES:
            high = code
            continue
        text, high = _character(code, high), 0
        if text.isspace():
            is_apart = True
            continue
        one = (text, plain.get_charbox(index), raw.FPDFText_GetFontSize(plain, index))
        if line and not _follows(line, one):
            lines += _line(line)
            line = []
        elif line and is_apart and one[1][0] - line[-1][1][2] > LEAST_SPACE * max(one[2], line[-1][2]):
            line.append((" ", one[1], one[2]))
        line.append(one)
        is_apart = False
    return lines + (_line(line) if line else []), plain


def _character(code: int, high: int) -> str:
    """A character of pdfium's, of two halves where it needs them; letters of maths as the letters that they are."""
    if high and code in LOW_HALVES:
        code = 0x10000 + ((high - HIGH_HALVES.start) << 10) + (code - LOW_HALVES.start)
    text = chr(code)
    return unicodedata.normalize("NFKC", text) if code in LETTERS_OF_MATHS else text


def _follows(line: Sequence[Character], one: Character) -> bool:
    """Whether a character stands to the right of the last one, in its line."""
    last = line[-1]
    box, before = one[1], last[1]
    size = max(one[2], last[2])
    is_level = min(box[3], before[3]) - max(box[1], before[1]) > -0.25 * size and abs(box[1] - before[1]) < 0.8 * size
    return is_level and -size < box[0] - before[2] < WIDEST_SPACE * size


def _line(characters: list[Character]) -> list[Line]:
    shown = [one for one in characters if not one[0].isspace() and one[1][2] > one[1][0]]
    if not shown:
        return []
    size = statistics.median(one[2] for one in shown)
    digits = [one[1][1] for one in shown if one[0].isdigit() and one[2] > 0.85 * size]  # noqa: PLR2004
    base = statistics.median(digits or [one[1][1] for one in shown])
    return [Line(_with_scripts(characters, size, base), _around([one[1] for one in shown]), size or 1.0)]


def _with_scripts(characters: list[Character], size: float, base: float) -> str:
    """A line's text: raised numbers as superscripts, so that 10 to the 3 is no 103; `_` before what is lowered."""
    text, was_lowered = "", False
    for one, box, own in characters:
        is_small = own < 0.85 * size and not one.isspace()  # noqa: PLR2004
        is_raised = is_small and box[1] > base + 0.15 * size  # noqa: PLR2004
        is_lowered = is_small and not is_raised and box[1] < base - 0.08 * size  # noqa: PLR2004
        text += "_" * (is_lowered and not was_lowered) + (one.translate(SUPERSCRIPT) if is_raised else one)
        was_lowered = is_lowered or (was_lowered and (is_small or one.isspace()))
    return text


def captions_of(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Blocks of lines that begin as captions do. A sentence that begins with "Figure 3 shows" is none."""
    held = set[int]()
    for index, line in enumerate(lines):
        start = START.match(line.text)
        if not start or id(line) in held or not _begins(lines, index, start):
            continue
        block = [line]
        while len(block) < MOST_LINES_OF_A_CAPTION:
            after = [one for one in lines if id(one) not in held and one is not block[-1] and _goes_on(block, one)]
            if not after:
                break
            block.append(max(after, key=lambda one: one.box[3]))
        held.update(id(one) for one in block)
        yield block


def _begins(lines: Sequence[Line], index: int, start: re.Match[str]) -> bool:
    if start["mark"]:
        return True
    rest = lines[index].text[start.end() :].lstrip()
    if not rest[:1].isupper():
        return False
    before = lines[index - 1] if index else None
    own = lines[index]
    return before is None or not _is_below(before.box, own.box) or before.box[1] - own.box[3] > 0.8 * own.size_pt  # noqa: PLR2004


def _goes_on(block: list[Line], line: Line) -> bool:
    last = block[-1]
    gap = last.box[1] - line.box[3]
    is_near = -0.6 * last.size_pt < gap < 0.9 * last.size_pt and line.box[1] < last.box[1]
    is_alike = abs(line.size_pt - block[0].size_pt) < 0.12 * block[0].size_pt  # noqa: PLR2004
    return is_near and is_alike and _overlap(last.box, line.box) > 0 and not START.match(line.text)


def caption_of(block: Sequence[Line]) -> str:
    """A caption's lines as one text, without its number; words broken at a line's end are whole again."""
    text = ""
    for line in block:
        part = line.text.strip()
        if text and text[-1] in HYPHENS:
            is_word = part[:1].islower() and text[-2:-1].isalpha()
            text = f"{text[:-1]}{'' if is_word else '-'}{part}"
        elif text.endswith("-"):
            text += part
        else:
            text = f"{text} {part}".strip()
    start = START.match(text)
    text = text[start.end() :] if start else text
    text = "".join(one for one in text if one.isprintable() and one not in HYPHENS)
    return re.sub(r"\s+", " ", text).strip(" .:|—–-") if len(text) < 3 else re.sub(r"\s+", " ", text).strip(" :|—–")  # noqa: PLR2004


def region_of(
    block: Sequence[Line], others: Sequence[Line], blocks: Sequence[Sequence[Line]], drawings: Sequence[Box]
) -> Box | None:
    """The part of the page with the drawing of a caption: above it, else below; None where nothing is drawn."""
    caption = _around([line.box for line in block])
    walls = [_around([line.box for line in one]) for one in blocks if one is not block]
    walls += [line.box for line in others if _is_paragraph(line, caption)]
    above = [box for box in walls if box[1] >= caption[3] - 1 and _overlap(box, caption) > 0]
    ceiling = min((box[1] for box in above), default=1e9)
    below = [box for box in walls if box[3] <= caption[1] + 1 and _overlap(box, caption) > 0]
    floor = max((box[3] for box in below), default=-1e9)
    for low, high in ((caption[3] - 1, ceiling), (floor, caption[1] + 1)):
        band = [box for box in drawings if low - 2 <= box[1] and box[3] <= high + 2]
        region = _grown(caption, band)
        if region and region[2] - region[0] >= LEAST_PICTURE_PT and region[3] - region[1] >= LEAST_PICTURE_PT:
            labels = [line.box for line in others if low - 1 <= line.box[1] and line.box[3] <= high + 1]
            near = [box for box in labels if _touches(region, box) and not _is_inside(box, walls)]
            return _around([region, *near])
    return None


def _grown(caption: Box, band: Sequence[Box]) -> Box | None:
    """All drawings of a band that overlap the caption's columns, or what they make together."""
    chosen = [box for box in band if _overlap(box, caption) > 0]
    if not chosen:
        return None
    region = _around(chosen)
    more = [box for box in band if _overlap(box, region) > 0]
    return _around(more or chosen)


def _drawings(page: Any) -> list[Box]:
    width, height = page.get_size()
    found: list[Box] = []
    for one in page.get_objects(filter=DRAWINGS, max_depth=1):
        box = one.get_bounds()
        wide, high = box[2] - box[0], box[3] - box[1]
        is_rule = high < 2 and wide > 0.3 * width  # noqa: PLR2004  # lines of headers, footers and tables
        is_ground = wide > 0.95 * width and high > 0.95 * height  # noqa: PLR2004
        if not is_rule and not is_ground and wide >= 0 and high >= 0:
            found.append((max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height)))
    return [box for box in found if box[2] > box[0] or box[3] > box[1]]


def _picture(page: Any, region: Box, side_px: int, number: int) -> Image.Image:
    width, height = page.get_size()
    left, bottom = max(0.0, region[0] - MARGIN_PT), max(0.0, region[1] - MARGIN_PT)
    right, top = min(width, region[2] + MARGIN_PT), min(height, region[3] + MARGIN_PT)
    scale = scale_of((right - left, top - bottom), side_px, f"page {number}")
    return rendered(page, min(scale, 4.0), crop=(left, bottom, width - right, height - top))


def _bounded_text(plain: Any, box: Box) -> str:
    return plain.get_text_bounded(box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)


def _is_paragraph(line: Line, caption: Box) -> bool:
    n_words = len(WORD.findall(line.text))
    return n_words >= LEAST_WORDS_OF_A_PARAGRAPH and line.box[2] - line.box[0] > 0.5 * min(
        caption[2] - caption[0], 240.0
    )


def _is_below(above: Box, below: Box) -> bool:
    return below[3] <= above[1] + 2 and _overlap(above, below) > 0


def _touches(region: Box, box: Box) -> bool:
    near = 14.0  # labels of axes stand so far from them
    return (
        box[0] < region[2] + near
        and box[2] > region[0] - near
        and box[1] < region[3] + near
        and box[3] > region[1] - near
    )


def _is_inside(box: Box, walls: Sequence[Box]) -> bool:
    return any(box == wall for wall in walls)


def _overlap(one: Box, other: Box) -> float:
    return min(one[2], other[2]) - max(one[0], other[0])


def _around(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes), min(box[1] for box in boxes), max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )  # fmt: skip
