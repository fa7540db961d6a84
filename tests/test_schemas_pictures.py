"""Pictures of any depth, opened by one function: what is seen of them, and what is refused in one line."""

import ast
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from schemas.errors import CatalogError
from schemas.pictures import MOST_PIXELS, as_png, opened, opened_rgb, size_px

ROOT = Path(__file__).resolve().parent.parent
RAMP = np.tile(np.linspace(0, 65535, 300).astype(np.uint16), (6, 1))
GREYS = (RAMP >> 8).astype(np.uint8)
# Files that others take along and run without this package.
ELSEWHERE = {
    "evaluate/standard/lmms_scoring.py",
    "curation/papers/opening.py",  # within limits of its own; transparency on white paper
}


def saved(image, kind="PNG", **options):
    sink = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(sink, kind, **options)
    return sink.getvalue()


def with_alpha(mode="RGBA"):
    """White all over, seen by its transparency only."""
    pixels = np.full((*GREYS.shape, 4), 255, np.uint8)
    pixels[..., 3] = GREYS
    return Image.fromarray(pixels).convert(mode)


PICTURES = {
    "grey of 8 bit": lambda: saved(GREYS),
    "grey of 16 bit": lambda: saved(RAMP),
    "TIFF of 16 bit": lambda: saved(RAMP, "TIFF"),
    "TIFF of 16 bit, packed": lambda: saved(RAMP, "TIFF", compression="tiff_lzw"),
    "TIFF of 16 bit, the other end first": lambda: saved(RAMP.astype(">u2"), "TIFF"),
    "PGM of 16 bit": lambda: saved(RAMP, "PPM"),
    "JPEG 2000 of 16 bit": lambda: saved(RAMP, "JPEG2000"),
    "TIFF of floats": lambda: saved(RAMP.astype(np.float32) / 65535, "TIFF"),
    "grey with transparency": lambda: saved(with_alpha("LA")),
    "colour with transparency": lambda: saved(with_alpha()),
    "WebP with transparency": lambda: saved(with_alpha(), "WEBP", lossless=True),
    "palette": lambda: saved(Image.fromarray(GREYS).convert("P")),
    "GIF": lambda: saved(GREYS, "GIF"),
    "colour": lambda: saved(Image.fromarray(GREYS).convert("RGB")),
    "BMP": lambda: saved(GREYS, "BMP"),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_the_grey_scale_is_kept_whatever_the_file_stores(kind):
    content = PICTURES[kind]()
    assert np.array_equal(np.asarray(opened(content, "a").convert("L")), GREYS)
    for image in (opened_rgb(content, "a"), opened_rgb(as_png(content, "a"), "a")):
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), np.stack([GREYS] * 3, axis=-1))
    assert size_px(content, "a") == GREYS.shape


def test_a_png_that_nobody_can_misread_keeps_its_bytes():
    for kind in ("grey of 8 bit", "colour"):
        content = PICTURES[kind]()
        assert as_png(content, "a") == content
    for kind in ("grey of 16 bit", "colour with transparency", "TIFF of floats", "palette"):
        again = Image.open(io.BytesIO(as_png(PICTURES[kind](), "a")))
        assert again.format == "PNG"
        assert again.mode in ("L", "RGB")


def test_a_transparent_colour_is_black_as_a_transparent_pixel_is():
    assert np.asarray(opened(saved(np.full((4, 4), 9, np.uint8), transparency=9), "a")).max() == 0
    palette = Image.fromarray(GREYS).convert("P")
    seen = np.asarray(opened_rgb(saved(palette, transparency=255), "a"))
    assert seen[GREYS == 255].max(initial=0) == 0
    assert np.array_equal(seen[GREYS < 255][:, 0], GREYS[GREYS < 255])


def test_a_tiff_of_12_bit_is_stretched_by_its_own_range():
    values = np.linspace(0, 4095, 64).astype(np.uint16).reshape(8, 8)
    packed = values.reshape(-1, 2).astype(np.uint32)
    whole = (packed[:, 0] << 12 | packed[:, 1]).astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:]
    entries = [
        (256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 200),
        (277, 3, 1, 1), (278, 3, 1, 8), (279, 4, 1, whole.size),
    ]  # fmt: skip
    head = b"II*\0" + (8).to_bytes(4, "little") + len(entries).to_bytes(2, "little")
    for tag, kind, n, value in entries:
        head += b"".join(one.to_bytes(size, "little") for one, size in ((tag, 2), (kind, 2), (n, 4), (value, 4)))
    content = (head + b"\0" * 4).ljust(200, b"\0") + whole.tobytes()
    assert np.array_equal(np.asarray(opened(content, "a")), values >> 4)


def test_a_preview_beside_a_photograph_is_no_second_picture():
    """Telephones write such files: their first picture is the photograph."""
    small = Image.fromarray(GREYS[:3, :100])
    photograph = saved(Image.fromarray(GREYS), "MPO", save_all=True, append_images=[small], quality=100)
    assert opened(photograph, "a").size == (300, 6)


def several(kind, **options):
    frames = [Image.fromarray(np.full((5, 5), level, np.uint8)) for level in (1, 200)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)


REFUSED = {
    "floats beyond 1": (lambda: saved(np.linspace(0, 255, 36, dtype="f4").reshape(6, 6), "TIFF"), "0 to 255, expected"),
    "floats below 0": (lambda: saved(np.linspace(-1, 1, 36, dtype="f4").reshape(6, 6), "TIFF"), "-1 to 1, expected"),
    "blank floats": (lambda: saved(np.full((6, 6), np.nan, "f4"), "TIFF"), "none, and some that are no number"),
    "32 bit": (lambda: saved(RAMP.astype(np.int32), "TIFF"), "mode I, whose white is not known"),
    "Lab": (lambda: saved(Image.new("LAB", (6, 6)), "TIFF"), "LAB"),
    "moving GIF": (lambda: several("GIF"), "2 pictures in one file"),
    "moving PNG": (lambda: several("PNG"), "2 pictures in one file"),
    "moving WebP": (lambda: several("WEBP", lossless=True), "2 pictures in one file"),
    "pages": (lambda: several("TIFF"), "2 pictures in one file"),
    "no picture": (lambda: b"SIMPLE  =                    T", "found none of PNG, JPEG"),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "found none of"),
    "nothing": (lambda: b"", "found none of"),
    "a bomb": (lambda: saved(Image.new("1", (1 << 14, (MOST_PIXELS >> 14) + 1))), "expected at most"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_has_no_one_right_look_is_refused_in_one_line(fault):
    make, says = REFUSED[fault]
    content = make()
    for look in (opened, opened_rgb, as_png):
        with pytest.raises(CatalogError) as caught:
            look(content, "folder/a.png")
        assert str(caught.value).startswith("folder/a.png: ")
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_picture_beyond_pillows_own_limit_is_refused_as_well():
    head = bytearray(saved(np.zeros((2, 2), np.uint8)))
    for side in (12_000, 2**31 - 1):
        head[16:24] = side.to_bytes(4, "big") * 2
        with pytest.raises(CatalogError, match="a: no picture can be opened"):
            size_px(bytes(head), "a")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([one for one in PICTURES if one != "JPEG 2000 of 16 bit"]),
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
)
def test_a_cut_or_broken_file_is_seen_in_full_or_refused(kind, share, changes):
    content = bytearray(PICTURES[kind]())
    for place, value in changes:
        content[min(int(place * len(content)), len(content) - 1)] = value
    content = bytes(content[: len(content) - int((1 - share) * len(content))])
    try:
        found = opened(content, "a")
    except CatalogError as error:
        assert str(error).startswith("a: ")
    else:
        assert found.mode in ("L", "RGB")
        assert size_px(content, "a") == (found.height, found.width)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["grey of 16 bit", "colour with transparency", "TIFF of floats", "palette", "BMP"]), st.data())
def test_a_cut_file_never_gives_another_picture(kind, data):
    content = PICTURES[kind]()
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    try:
        found = np.asarray(opened(cut, "a").convert("L"))
    except CatalogError:
        return
    assert np.array_equal(found, GREYS)


def test_pictures_are_opened_in_one_place():
    users = {
        str(file.relative_to(ROOT))
        for package in ("schemas", "catalogs", "curation", "evaluate", "finetune")
        for file in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "open" and ast.unparse(node.value).split(".")[-1] == "Image"
    }
    assert users == {"schemas/pictures.py", *ELSEWHERE}
