import io

import numpy as np
import pytest
from astropy.stats import sigma_clipped_stats
from astropy.visualization import ZScaleInterval
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from curation.pictures.png import png_bytes
from curation.pictures.render import STRETCHES, Picture, png_scale, render, stretch_name
from curation.pictures.zscale import clipped_rms, extent, zscale_limits
from schemas.errors import RecipeError

NOTHING_TO_SEE = [
    np.full((5, 9), np.nan),
    np.ones((4, 4)),
    np.zeros((50, 3)),
    np.array([[np.inf, 1.0], [-np.inf, 0.0]]),
    np.full((3, 3), 1e300),
    np.array([[1e-45, 0.0]], np.float32),
]


def sky(shape=(150, 170), seed=1) -> np.ndarray:
    y, x = np.indices(shape)
    source = 30 * np.exp(-((x - shape[1] / 3) ** 2 + (y - shape[0] / 4) ** 2) / 30)
    return (np.random.default_rng(seed).normal(0, 1, shape) + source).astype(np.float32)


@pytest.mark.parametrize("contrast", [0.1, 0.25, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_zscale_is_astropys_blank_borders_included(seed, contrast):
    rng = np.random.default_rng(seed)
    for image in (sky(seed=seed), sky((7, 3), seed), sky((400, 300), seed)):
        for blank in (0, 0.3, 0.95):
            image = image.copy()
            image[rng.random(image.shape) < blank] = np.nan
            image[: int(blank * 20)] = np.nan
            if np.isfinite(image).any():
                theirs = ZScaleInterval(contrast=contrast).get_limits(image)
                assert zscale_limits(image, contrast) == pytest.approx(theirs, abs=1e-12, rel=1e-12)


@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("image", NOTHING_TO_SEE)
def test_an_image_without_anything_to_see_is_drawn_without_an_error(stretch, image):
    grey = render(image, Picture(32, stretch))
    assert grey.shape == (32, 32) and grey.dtype == np.uint8


@pytest.mark.parametrize("stretch", STRETCHES)
def test_the_bottom_row_of_fits_is_the_bottom_of_the_picture(stretch):
    image = sky((64, 64))
    image[:8, :8] += 500  # bottom left: the south-east
    grey = render(image, Picture(64, stretch)).astype(int)
    assert grey[-8:, :8].mean() > grey[:8].mean() + 20


def test_blank_pixels_move_no_limit_and_are_drawn_at_the_lower_one():
    image = sky((100, 100)) + 50
    framed = np.full((100, 160), np.nan, np.float32)
    framed[:, :100] = image
    assert zscale_limits(framed, 0.25) == pytest.approx(zscale_limits(image, 0.25), abs=1e-6)
    grey = render(framed, Picture(160))
    assert (grey[30:130, 104:] == 0).all() and grey[30:130, :96].mean() > 60
    infinite = np.where(np.isnan(framed), np.inf, framed)
    assert (render(infinite, Picture(160)) == grey).all()


def test_the_papers_stretch_counts_blanks_as_zero():
    image = sky((100, 100)) + 50
    image[:, 60:] = np.nan
    ours, paper = (render(image, Picture(100, name)) for name in ("zscale", "paper"))
    assert len(np.unique(paper[:, :60])) < len(np.unique(ours[:, :60]))  # the border took the greys


@given(st.integers(1, 90), st.integers(1, 90), st.data())
@settings(max_examples=60, deadline=None)
def test_a_pixel_is_found_where_png_scale_says(width, height, data):
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    side = 360
    image = np.zeros((height, width))
    image[y, x] = 1
    scale, x_offset, y_offset = png_scale(width, height, side)
    grey = render(image, Picture(side, "minmax")).astype(float) if image.size > 1 else np.ones((side, side))
    rows, columns = np.indices(grey.shape)
    at = ((columns + 0.5) * grey).sum() / grey.sum(), ((rows + 0.5) * grey).sum() / grey.sum()
    wanted = (x + 0.5) * scale + x_offset, side - ((y + 0.5) * scale + y_offset)
    # Half a pixel at most: at the picture's edge the cubic kernel leans inwards.
    assert np.abs(np.subtract(at, wanted)).max() <= 0.5 * scale + 0.5


def test_a_strip_is_centred_and_not_stretched():
    grey = render(np.random.default_rng(0).random((223, 22)), Picture(384, "minmax"))
    scale, x_offset, y_offset = png_scale(22, 223, 384)
    assert scale == 384 / 223 and y_offset == 0
    lit = np.flatnonzero(grey.max(axis=0))
    assert lit.min() == pytest.approx(x_offset, abs=4) and lit.max() == pytest.approx(x_offset + 22 * scale, abs=4)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (384, 384)])
def test_the_png_is_the_picture_byte_for_byte(shape):
    grey = np.random.default_rng(2).integers(0, 256, shape).astype(np.uint8)
    with Image.open(io.BytesIO(png_bytes(grey))) as image:
        assert image.mode == "L"
        assert (np.asarray(image) == grey).all()


def test_a_picture_repeats_to_the_byte():
    assert png_bytes(render(sky(), Picture())) == png_bytes(render(sky().copy(), Picture()))


def test_the_stretch_is_named_with_its_numbers_and_which_way_is_up():
    assert stretch_name(Picture()) == "zscale contrast=0.25; up as in FITS, row 0 at the top"
    assert len({stretch_name(Picture(stretch=one)) for one in STRETCHES}) == len(STRETCHES)
    with pytest.raises(RecipeError, match="stretch: found 'log', expected one of zscale"):
        Picture(stretch="log")
    with pytest.raises(RecipeError, match="side_px 0"):
        Picture(side_px=0)


def test_the_noise_is_that_of_pixels_without_source_or_blank():
    image = sky((300, 300)) * 0.2 + 7
    image[:100] = np.nan
    _, _, theirs = sigma_clipped_stats(image[100:].astype(float), sigma=3, maxiters=20)
    assert clipped_rms(image) == pytest.approx(theirs, rel=0.01)
    assert clipped_rms(image) == pytest.approx(0.2, rel=0.03)
    assert clipped_rms(np.full((3, 3), np.nan, np.float32)) is None
    assert clipped_rms(np.ones((3, 3), np.float32)) == 0


def test_the_extent_leaves_out_what_is_not_finite():
    image = np.array([[np.nan, np.inf], [-np.inf, 3.0], [-5.0, 1.0]], np.float32)
    assert extent(image) == (3, -5.0, 3.0)
    assert extent(np.full((2, 2), np.nan, np.float32)) == (0, 0.0, 0.0)
