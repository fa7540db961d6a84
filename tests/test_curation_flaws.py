"""What may be wrong with an image is measured, and judged by the limits of its survey alone."""

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from catalogs.survey import PictureLimits, Survey
from curation.pictures.flaws import Flaws, flaws
from curation.pictures.zscale import clipped_noise, clipped_rms
from curation.release.poor_pictures import beyond_limits

SIDE_PX = 128
Y, X = np.indices((SIDE_PX, SIDE_PX))


def plain(seed: int = 1) -> np.ndarray:
    """Noise of rms 1 with a beam, and a source of 200 rms that has the form of a double."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, X.shape), (0, 0), 1.3)
    image = noise / noise.std()
    for dx in (-9, 9):
        image += 200 * np.exp(-((X - 64 - dx) ** 2 + (Y - 60) ** 2) / (2 * 2.5**2))
    return image.astype(np.float32)


def measured(image: np.ndarray) -> Flaws:
    return flaws(image, *clipped_noise(image))


def test_a_sky_with_a_bright_source_has_none():
    for seed in range(8):
        found = measured(plain(seed))
        assert found.stripes < 0.3 and found.noise_step < 0.3 and found.level_step < 0.6 and found.depth < 6


@pytest.mark.parametrize("turn", [0.0, 0.7, 1.57, 2.4])
def test_stripes_of_any_direction_are_found_and_nothing_else_is(turn: float):
    wave = np.sqrt(2) * np.sin(2 * np.pi * (X * np.cos(turn) + Y * np.sin(turn)) / 11)
    found = measured((plain() + wave).astype(np.float32))
    assert found.stripes > 0.3 and found.noise_step < 0.3 and found.level_step < 0.6 and found.depth < 7


def test_a_seam_in_the_noise_and_one_in_the_level_are_told_apart():
    noisy = np.where(X > 50, plain() * 2, plain()).astype(np.float32)
    found = measured(noisy)
    assert found.noise_step == pytest.approx(np.log(2), abs=0.15) and found.level_step < 0.6
    turned = measured(np.ascontiguousarray(noisy.T))
    assert turned.noise_step == found.noise_step
    high = measured((plain() + 1.5 * (Y > 70)).astype(np.float32))
    assert high.level_step > 0.9 and high.noise_step < 0.3


def test_depth_is_the_most_negative_pixel_in_rms():
    image = plain()
    image[20, 30] = -12
    mean, rms = clipped_noise(image)
    assert measured(image).depth == pytest.approx((12 + mean) / rms, abs=0.01)
    assert rms == clipped_rms(image)


def test_blanks_take_no_part_and_what_is_too_little_is_not_judged():
    blank = np.where(X < 40, np.nan, plain()).astype(np.float32)
    found = measured(blank)
    assert found.stripes < 0.3 and found.level_step < 0.6 and found.noise_step < 0.3
    assert measured(np.where(X < 110, np.nan, plain()).astype(np.float32)).stripes is None
    small = measured(np.ascontiguousarray(plain()[:20, :20]))
    assert small.stripes is small.noise_step is small.level_step is None and small.depth is not None
    assert measured(np.zeros((64, 64), np.float32)) == measured(np.full((64, 64), np.nan, np.float32)) == Flaws()


CUTOUT = {
    "rms_mjy_per_beam": 0.3, "peak_mjy_per_beam": 6.0, "stripes": 0.4, "noise_step": 0.1, "level_step": None,
    "depth": 9.0, "saturated_share": 0.5, "beam_minor_arcsec": 4.0, "pixel_x_arcsec": 1.0, "pixel_y_arcsec": 2.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({}, []),
        ({"most_noise": 1.9}, ["noise 2, at most 1.9"]),
        ({"most_noise": 2.1}, []),
        ({"least_dynamic_range": 25}, ["dynamic range 20, at least 25"]),
        ({"most_stripes": 0.3, "most_noise_step": 0.2}, ["stripes 0.4, at most 0.3"]),
        ({"most_level_step": 0.1}, []),
        ({"most_depth": 7.5, "most_saturated": 0.4}, ["depth 9, at most 7.5", "saturated 0.5, at most 0.4"]),
        ({"least_pixels_per_beam": 3}, ["pixels per beam 2, at least 3"]),
    ],
)
def test_a_picture_is_beyond_a_limit_only_where_the_survey_has_one(limits: dict, told: list[str]):
    assert beyond_limits(CUTOUT, PictureLimits(**limits), 0.15) == told


def test_a_survey_whose_noise_is_not_known_cannot_be_held_against_it():
    about = {"name": "s", "title": "S", "files": ("*",), "cite": ""}
    assert Survey(**about).limits == PictureLimits()
    assert Survey(**about, limits={"most_noise": 2}, rms_mjy_per_beam=0.1).limits.most_noise == 2
    with pytest.raises(ValidationError, match="limits.most_noise: expected rms_mjy_per_beam beside it"):
        Survey(**about, limits={"most_noise": 2})
    with pytest.raises(ValidationError, match="most_stripe"):
        Survey(**about, limits={"most_stripe": 2})
