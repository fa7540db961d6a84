import io

import numpy as np
import pytest
from astropy.stats import sigma_clipped_stats
from astropy.visualization import ZScaleInterval
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from curation.pictures.png import png_bytes
from curation.pictures.render import Picture, draw, png_scale, render, stretch_name
from curation.pictures.seen import seen
from curation.pictures.stretches import N_STEPS, STRETCHES, Scale, log_curve
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
    grey = render(framed, Picture(160, "zscale"))
    assert (grey[30:130, 104:] == 0).all() and grey[30:130, :96].mean() > 60
    infinite = np.where(np.isnan(framed), np.inf, framed)
    assert (render(infinite, Picture(160, "zscale")) == grey).all()


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


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (384, 384), (5, 4, 3), (384, 384, 3)])
def test_the_png_is_the_picture_byte_for_byte(shape):
    picture = np.random.default_rng(2).integers(0, 256, shape).astype(np.uint8)
    with Image.open(io.BytesIO(png_bytes(picture))) as image:
        assert image.mode == ("L" if len(shape) == 2 else "RGB")
        assert (np.asarray(image) == picture).all()


def test_a_picture_in_colour_is_three_grey_ones():
    image, three = sky(), ("zscale", "asinh", "log")
    colour = draw(image, Picture(64, three))
    assert colour.picture.shape == (64, 64, 3)
    for k, one in enumerate(three):
        assert (colour.picture[..., k] == render(image, Picture(64, one))).all()
    assert [one.high for one in colour.scales] == [draw(image, Picture(64, one)).scales[0].high for one in three]
    assert stretch_name(Picture(stretch=three)).startswith("red zscale contrast=0.25; green asinh")
    for wrong in (("zscale", "asinh", "root"), ("zscale", "asinh")):
        with pytest.raises(RecipeError, match="stretch: found"):
            Picture(stretch=wrong)  # pyright: ignore[reportArgumentType]


def test_an_image_that_is_nearly_all_one_value_is_drawn_and_not_black():
    image = np.zeros((100, 100), np.float32)
    image[50:53, 50:53] = np.arange(9).reshape(3, 3)
    for one in ("zscale", "percentile", "asinh", "log", "minmax"):
        assert render(image, Picture(100, one)).max() == 255
    assert render(image, Picture(100, "paper")).max() == 0  # as theirs


def test_log_is_the_logarithm_above_its_knee_and_dark_where_there_is_noise_alone():
    image = sky((200, 200))
    (scale,) = draw(image, Picture(stretch="log")).scales
    noise = 1.4826 * np.median(np.abs(image - np.median(image)))
    assert scale.low == pytest.approx(float(np.median(image)), abs=0.06)  # of a sample
    assert scale.high == pytest.approx(scale.low + 100 * noise, rel=0.05)  # the source is fainter than that
    values = np.array([5, 10, 20, 40, 80], np.float32)
    wanted = 255 * np.log1p((values - scale.low) / (3 * noise)) / np.log1p((scale.high - scale.low) / (3 * noise))
    assert np.abs(scale.greys(values) - wanted).max() < 2
    assert np.median(render(np.random.default_rng(3).normal(0, 1, (200, 200)), Picture(200, "log"))) < 30


@pytest.mark.parametrize("knee", [1e-3, 0.0123, 0.03, 1.0])
def test_the_curve_of_log_is_that_of_its_formula(knee):
    x = np.linspace(0, 1, N_STEPS) ** 2
    np.testing.assert_array_equal(log_curve(knee), np.round(255 * np.log1p(x / knee) / np.log1p(1 / knee)))


@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=60))
def test_limits_are_the_percentiles_of_numpy(values):
    image = np.array([values], np.float32)
    (scale,) = draw(image, Picture(stretch="asinh")).scales
    assert scale.low == float(np.percentile(image, [0.5])[0])


def test_what_is_white_is_counted_and_so_is_the_range_that_is_left():
    pixels = np.array([[0, 0, 0], [6, 12, 100], [100, 100, np.nan]], np.float32)
    found = seen(pixels, ("a",), (Scale(0, 50),), 1.0)
    assert found.source_px == 5 and found.saturated_share == pytest.approx(3 / 5)
    assert found.channels == ({"stretch": "a", "low": 0, "high": 50, "saturated_share": 0.6},)
    # A doubling about v is (sqrt 2 - 1/sqrt 2) v 255/50 greys, and none where even v/sqrt 2 is white.
    v = np.geomspace(6, 100, 100_000)
    step = 255 / 50 * (np.minimum(v * 2**0.5, 50) - np.minimum(v / 2**0.5, 50))
    assert found.range_kept == pytest.approx((step >= 8).mean(), abs=0.03)
    both = seen(pixels, ("a", "b"), (Scale(0, 50), Scale(0, 100)), 1.0)
    assert both.saturated_share == 0 and both.range_kept == 1
    assert [one["saturated_share"] for one in both.channels] == [0.6, 0]
    assert seen(pixels, ("a",), (Scale(0, 0),), 1.0).range_kept == 0  # all black shows nothing, and nothing is white
    for rms in (None, 0.0, 30.0):
        none = seen(pixels, ("a",), (Scale(0, 50),), rms)
        assert (none.source_px, none.saturated_share, none.range_kept) == (0, None, None)


@pytest.mark.parametrize("stretch", ["asinh", "log", "minmax"])
def test_a_bright_source_is_not_burnt_out_by_stretches_of_the_whole_range(stretch):
    image = sky((300, 300))
    image += 500 * np.exp(-((np.indices(image.shape) - 150) ** 2).sum(0) / 200).astype(np.float32)
    burnt = seen(image, ("zscale",), draw(image, Picture(stretch="zscale")).scales, 1.0)
    whole = seen(image, (stretch,), draw(image, Picture(stretch=stretch)).scales, 1.0)
    assert burnt.saturated_share is not None and burnt.saturated_share > 0.5
    assert burnt.range_kept is not None and burnt.range_kept < 0.3
    assert whole.saturated_share == 0 and whole.range_kept is not None and whole.range_kept > 0.6


def test_a_picture_repeats_to_the_byte():
    assert png_bytes(render(sky(), Picture())) == png_bytes(render(sky().copy(), Picture()))


def test_the_stretch_is_named_with_its_numbers_and_which_way_is_up():
    assert stretch_name(Picture(stretch="zscale")) == "zscale contrast=0.25; up as in FITS, row 0 at the top"
    assert stretch_name(Picture()) == (
        "log knee=3 sigma from the median to the maximum, at least 100 sigma; up as in FITS, row 0 at the top"
    )
    assert len({stretch_name(Picture(stretch=one)) for one in STRETCHES}) == len(STRETCHES)
    with pytest.raises(RecipeError, match="stretch: found 'root', expected one of zscale"):
        Picture(stretch="root")
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
