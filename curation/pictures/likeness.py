"""How alike two pictures are, however they are turned, mirrored, scaled between 0.8 and 1.25 or stretched anew.

A picture is looked at as 48 x 48 greys (`small`), in rings about its middle out to 0.4 of its side. Greys are their
ranks (so that no stretch matters) less the mean of the cells around each, over their spread (so that fine structure,
most of it noise, weighs as much as a bright source or an edge, which many pictures have in common). Of each ring all
angular modes but the mean are kept: a turn is a phase of them, a mirrored picture their conjugate, another scale other
rings.

*Likeness* is atanh(correlation) times the root of *detail*, the number of independent elements that the picture with
fewer of them has: about how many standard deviations the correlation is away from chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

SMALL_PX = 48
REACH = 0.4  # of the side: rings of a picture 1.25 times as wide are then still inside
N_RINGS, N_ANGLES, N_TURNS = 16, 64, 128
INNERMOST_PX = 1.2
RINGS_PX = np.linspace(INNERMOST_PX, REACH * SMALL_PX, N_RINGS)
WEIGHTS = (RINGS_PX / RINGS_PX.sum()).astype(np.float32)  # a ring counts by its length
LEAST_SCALE = 0.8
SCALES = np.geomspace(LEAST_SCALE, 1 / LEAST_SCALE, 13)
AS_IT_IS = len(SCALES) // 2
AROUND_PX = 7  # cells about each that it is held against
FLOOR = 0.0015  # of their variance in ranks: where nearly nothing is, little is made of it
LEAST_DETAIL = 20.0  # below this nothing is said of a picture: a blob on black looks like any other
MOST_CORRELATED = 0.9999
NORMAL_KURTOSIS = 3.0

Greys = NDArray[np.uint8]
Floats = NDArray[np.float32]
Modes = NDArray[np.complex64]


def small(picture: Greys) -> Greys:
    """A square picture [side, side] or [side, side, 3], row 0 at the top, as 48 x 48 greys; colours by their mean."""
    grey = picture if picture.ndim == 2 else (picture.sum(axis=2, dtype=np.uint16) // 3).astype(np.uint8)  # noqa: PLR2004
    return cv2.resize(grey, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA)


def ranks(smalls: Greys) -> Floats:
    """Of each small picture [n, 48, 48] its greys as ranks from 0 to 1, a little smoothed."""
    return _along(_ranked(smalls), np.array([1, 2, 1], np.float32) / 4)


@njit(cache=True, nogil=True)
def _ranked(smalls: Greys) -> Floats:  # pragma: no cover -- compiled
    made = np.empty(smalls.shape, np.float32)
    for k in range(len(smalls)):
        counts = np.zeros(256, np.int64)
        for grey in smalls[k].flat:
            counts[grey] += 1
        rank = ((np.cumsum(counts) - counts / 2) / smalls[k].size).astype(np.float32)
        for y in range(smalls.shape[1]):
            for x in range(smalls.shape[2]):
                made[k, y, x] = rank[smalls[k, y, x]]
    return made


def at_rings(smalls: Floats, scales: Sequence[float] | NDArray[np.floating]) -> Floats:
    """Values [n, 48, 48] at the angles of each ring, [n, scale, ring, angle]; at scale s rings are s times as wide."""
    angle = 2 * np.pi * np.arange(N_ANGLES) / N_ANGLES
    radius = np.asarray(scales)[:, None, None] * RINGS_PX[:, None]
    x, y = ((SMALL_PX - 1) / 2 + radius * one(angle) for one in (np.cos, np.sin))
    x0, y0 = (np.clip(np.floor(one), 0, SMALL_PX - 2).astype(np.int64) for one in (x, y))
    x, y, corner = (x - x0).astype(np.float32), (y - y0).astype(np.float32), y0 * SMALL_PX + x0
    weights = np.stack([(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x])
    made = _between(smalls.reshape(len(smalls), -1), corner.ravel(), weights.reshape(len(weights), -1))
    return made.reshape(len(smalls), *corner.shape)


@njit(cache=True, nogil=True)
def _between(flat: Floats, corners: NDArray[np.int64], weights: Floats) -> Floats:  # pragma: no cover -- compiled
    """Of each picture the values between four cells, by the first of them."""
    made = np.empty((len(flat), len(corners)), np.float32)
    for k in range(len(flat)):
        for at, corner in enumerate(corners):
            value = flat[k, corner] * weights[0, at]
            value += flat[k, corner + 1] * weights[1, at]
            value += flat[k, corner + SMALL_PX] * weights[2, at]
            value += flat[k, corner + SMALL_PX + 1] * weights[3, at]
            made[k, at] = value
    return made


def modes(smalls: Greys, scales: Sequence[float] | NDArray[np.floating] = SCALES) -> Modes:
    """Of small pictures [n, 48, 48] the angular modes 1 to 31, [n, scale, ring, mode], of unit power at each scale."""
    return of_unit_power(np.fft.rfft(at_rings(_held_against_what_is_around(ranks(smalls)), scales), axis=-1))


def of_unit_power(spectra: NDArray[np.complexfloating]) -> Modes:
    """Modes 1 to 31 of the rings' spectra [..., ring, mode], by the root of their power over all rings."""
    some = spectra[..., 1:-1]
    power = 2 * (WEIGHTS[:, None] * np.abs(some) ** 2).sum((-1, -2), keepdims=True)
    return (some / np.sqrt(np.where(power > 0, power, 1))).astype(np.complex64)


def detail(of: Modes) -> Floats:
    """How many independent elements pictures have, by their modes at one scale [n, ring, mode].

    Few modes that hold most of the power (stripes, rings, a large source) are few elements, and so are few cells that
    do.
    """
    power = WEIGHTS[:, None] * np.abs(of) ** 2
    spread = 2 * (power**2).sum((-1, -2))
    values = _of_modes(of, N_ANGLES)
    share = WEIGHTS[:, None] / N_ANGLES
    variance, fourth = ((share * values**one).sum((-1, -2)) for one in (2, 4))
    is_flat = (spread <= 0) | (variance <= 0)
    kurtosis = fourth / np.where(is_flat, 1, variance) ** 2
    n_modes = 1 / np.where(is_flat, 1, spread)
    return np.where(is_flat, 0, n_modes * np.minimum(1, NORMAL_KURTOSIS / np.where(is_flat, 1, kurtosis)))


@dataclass(frozen=True)
class Aligned:
    """How one picture lies on each of n others where they are most alike; arrays [n]."""

    correlation: Floats
    scale: NDArray[np.float64]
    """How many times larger it shows everything."""
    turn_deg: NDArray[np.float64]
    """By how much it is turned clockwise, after the other was turned upside down where it `is_mirrored`."""
    is_mirrored: NDArray[np.bool_]


def aligned(others: Modes, one: Modes, every: int = 1) -> Aligned:
    """The best of all turns, mirrored or not, and of all scales: `others` [n, ring, mode] as they are, `one` at all.

    `every`: only each second, third … of the scales and turns is tried.
    """
    scales, n_turns = SCALES[::every], N_TURNS // every
    weighted = np.conj(others) * WEIGHTS[:, None]
    both = np.stack([one[::every], np.conj(one[::every])])  # [mirrored, scale, ring, mode]
    found = _of_modes(np.einsum("nkm,fskm->nfsm", weighted, both, optimize=True), n_turns).reshape(len(others), -1)
    best = found.argmax(axis=1)
    mirrored, scale, turn = np.unravel_index(best, (2, len(scales), n_turns))
    return Aligned(
        found[np.arange(len(found)), best], scales[scale], turn * 360 / n_turns, np.asarray(mirrored, np.bool_)
    )


def likeness(correlation: Any, least_detail: Any) -> Any:
    """Of the correlation and the detail of the picture that has less of it; arrays [n] or numbers."""
    return np.arctanh(np.clip(correlation, 0, MOST_CORRELATED)) * np.sqrt(least_detail)


def _held_against_what_is_around(given: Floats) -> Floats:
    box = np.full(AROUND_PX, 1 / AROUND_PX, np.float32)
    away = given - _along(given, box)
    return away / np.sqrt(_along(away * away, box) + np.float32(FLOOR))


@njit(cache=True, nogil=True)
def _along(given: Floats, kernel: Floats) -> Floats:  # pragma: no cover -- compiled
    """Convolved along both sides; beyond an edge its cells go on."""
    half, size = len(kernel) // 2, given.shape[1]
    down, made = np.zeros_like(given), np.zeros_like(given)
    for k in range(len(given)):
        for y in range(size):
            for part in range(len(kernel)):
                beside = min(max(y + part - half, 0), size - 1)
                for x in range(size):
                    down[k, y, x] += given[k, beside, x] * kernel[part]
        for part in range(len(kernel)):
            for y in range(size):
                for x in range(size):
                    made[k, y, x] += down[k, y, min(max(x + part - half, 0), size - 1)] * kernel[part]
    return made


def _of_modes(of: NDArray[np.complexfloating], n_angles: int) -> Floats:
    """The values at so many angles of modes 1 to 31."""
    spectra = np.zeros((*of.shape[:-1], n_angles // 2 + 1), np.complex64)
    spectra[..., 1 : of.shape[-1] + 1] = of
    return np.fft.irfft(spectra, n=n_angles, axis=-1) * n_angles
