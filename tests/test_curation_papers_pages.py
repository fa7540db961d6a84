"""Papers without sources: captions and pictures read from the pages of a PDF."""

import io
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure as Page
from PIL import Image

from curation.papers.figures import figures_of
from tests.making_papers import COLOURS, shown

WIDE, HIGH = 8.0, 11.0  # inches
BODY = "words of the running text that fill a whole column of the page, line after line of it, and say little"


CAPTION = (
    "A radio image at 1.4 GHz with a beam of 5.4 arcsec; contours start at 0.3 mJy and rise to 10⁻³ Jy, "
    "with a factor of 2."
)


def text(page: Page, x: float, y: float, words: str, size: float = 9.0) -> None:
    page.text(x / WIDE, y / HIGH, words, fontsize=size, va="baseline")


def block(page: Page, box: tuple[float, float, float, float], colour: str, is_image: bool = False) -> None:
    """A picture at left, bottom, width, height in inches: vectors, or an image."""
    axes = page.add_axes((box[0] / WIDE, box[1] / HIGH, box[2] / WIDE, box[3] / HIGH))
    tone = tuple(one / 255 for one in COLOURS[colour])
    if is_image:
        axes.imshow(Image.new("RGB", (40, 40), COLOURS[colour]), aspect="auto")
    else:
        axes.fill_between([0, 1], [0, 0], [1, 1], color=tone)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pdf") / "paper.pdf"
    with mpl.rc_context({"pdf.fonttype": 42}), PdfPages(path) as pages:
        one = Page(figsize=(WIDE, HIGH))
        for line in range(4):
            text(one, 0.8, 10.2 - 0.15 * line, BODY)
        block(one, (1.5, 6.5, 4.5, 2.5), "a")
        text(one, 0.8, 5.9, "Figure 1. A radio image at 1.4 GHz with a beam of 5.4 arcsec; contours", 8)
        text(one, 0.8, 5.75, "start at 0.3 mJy and rise to $10^{-3}$ Jy, with a factor of 2.", 8)
        text(one, 0.8, 5.2, "Figure 1 shows the image. " + BODY[:70])
        block(one, (1.5, 2.2, 4.5, 2.2), "b", is_image=True)
        text(one, 0.8, 1.7, "Fig. 2: The same field in the infrared.", 8)
        pages.savefig(one)
        two = Page(figsize=(WIDE, HIGH))
        block(two, (0.9, 7.0, 2.6, 2.0), "c")
        block(two, (4.7, 7.0, 2.6, 2.0), "d")
        text(two, 0.8, 6.4, "Figure 3. The left column.", 8)
        text(two, 4.6, 6.4, "Figure 4. The right column.", 8)
        text(two, 0.8, 3.0, "Figure 5. A caption whose picture was lost.", 8)
        pages.savefig(two)
    return path


def test_captions_and_pictures_of_pages(paper):
    found = figures_of(paper)
    assert [(one.number, one.kind, one.caption, shown(one.png)) for one in found.figures] == [
        (1, "pdf-page", CAPTION, "a"),
        (2, "pdf-page", "The same field in the infrared.", "b"),
        (3, "pdf-page", "The left column.", "c"),
        (4, "pdf-page", "The right column.", "d"),
    ]  # fmt: skip
    assert [(one.number, one.reason) for one in found.refused] == [(5, "no-picture")]


def test_the_picture_holds_the_labels_of_its_axes_and_not_the_text(paper):
    one = figures_of(paper).figures[0]
    with Image.open(io.BytesIO(one.png)) as image:
        share = image.width / image.height
    assert 1.5 < share < 2.0  # 4.5 x 2.5 inches, and the labels around it
    assert max(one.width_px, one.height_px) > 900


def test_what_is_no_pdf_is_refused(tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.5\nbroken")
    assert [one.reason for one in figures_of(path).refused] == ["not-a-paper"]


def test_a_pdf_without_captions_says_so(tmp_path):
    path = tmp_path / "x.pdf"
    Image.new("RGB", (50, 50)).save(path, "PDF")
    assert [one.reason for one in figures_of(path).refused] == ["no-figures"]
