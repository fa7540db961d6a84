"""Images brought to a common beam: radio-beam says by what they are to be convolved, and it is done exactly.

The usual kernel, a Gaussian at the centres of pixels, is too narrow where the common beam is little larger than the
own one, and the peak of every source comes out some percent too high (docs/pictures.md). So the Gaussian is applied as
it is between the pixels: by its Fourier transform, which is known in closed form.
"""

from typing import Any

import numpy as np
from astropy import units
from numpy.typing import NDArray

from curation.pictures.cards import ImageError
from curation.pictures.frame import Beam
from curation.pictures.zscale import clipped_rms

FWHM_OF_SIGMA = float(np.sqrt(8 * np.log(2)))
SAME_BEAM = 2e-3  # beams whose axes differ by less are one: 0.4 % of a wide source's brightness
HAIR = 1 + SAME_BEAM / 10
REACH_SIGMA = 5.0  # of the Gaussian, that is looked at around a window
HALF, NEARLY_ALL = 0.5, 0.98  # of the Gaussian's weight, that lies on pixels that are not blank
Reals = NDArray[np.float64]
Row = dict[str, Any]


def own_beam(mosaic: Row) -> Beam | None:
    """The beam of a row of MOSAICS; None where it is not known, or where an oblong one has no position angle."""
    major, minor, angle = (mosaic[name] for name in ("beam_major_arcsec", "beam_minor_arcsec", "beam_pa_deg"))
    if major is None or minor is None:
        return None
    if angle is None and abs(major - minor) > SAME_BEAM * major:
        return None
    return max(major, minor), min(major, minor), angle or 0.0


def is_same_beam(one: Beam, other: Beam, tolerance: float = SAME_BEAM) -> bool:
    """Whether two beams differ by less than the tolerance, whatever the position angle of a round one."""
    apart = covariance(one) - covariance(other)
    return bool(np.abs(np.linalg.eigvalsh(apart)).max() <= 2 * tolerance * one[0] ** 2 / FWHM_OF_SIGMA**2)


def smoothing(mosaic: Row, target: Beam) -> Beam | None:
    """What an image is to be convolved with to get from its own beam to `target`; None: it has that beam.

    Raises ImageError: `beam-unknown`, `beam-too-large`, and `unit-unknown`, for only a brightness in Jy/beam changes
    with the beam in a known way.
    """
    from radio_beam import Beam as RadioBeam  # with matplotlib: takes a second
    from radio_beam.utils import BeamError

    own = own_beam(mosaic)
    if own is None:
        raise ImageError("beam-unknown", f"{mosaic['mosaic']}: neither file nor survey tells its beam")
    if mosaic["to_mjy_per_beam"] is None:
        raise ImageError("unit-unknown", f"{mosaic['mosaic']}: its unit is not known, expected one of Jy/beam")
    if mosaic["header"] is None:
        raise ImageError("no-wcs", f"{mosaic['mosaic']}: without a place on the sky its beam has no direction")
    if is_same_beam(own, target):
        return None
    # Where one axis is that of the target, rounding may make it too large: a hair's breadth more is the same beam.
    wider = target[0] * HAIR, target[1] * HAIR, target[2]
    try:
        found = RadioBeam(*wider, default_unit=units.arcsec).deconvolve(RadioBeam(*own, default_unit=units.arcsec))
    except (BeamError, ValueError):
        told = " x ".join(f"{axis:.4g}" for axis in own[:2])
        wanted = " x ".join(f"{axis:g}" for axis in target[:2])
        raise ImageError(
            "beam-too-large",
            f"{mosaic['mosaic']}: its beam of {told} arcsec at {own[2]:.4g} deg does not fit into the common one of "
            f"{wanted} arcsec at {target[2]:g} deg",
        ) from None
    major, minor = (float(axis.to_value("arcsec")) for axis in (found.major, found.minor))
    return major, minor, float(found.pa.to_value("deg"))


def covariance(beam: Beam) -> Reals:
    """The Gaussian's covariance on the sky, east and north, in arcsec squared."""
    angle = np.radians(beam[2])
    along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    axes = (beam[0] / FWHM_OF_SIGMA) ** 2, (beam[1] / FWHM_OF_SIGMA) ** 2
    return axes[0] * np.outer(along, along) + axes[1] * np.outer(across, across)


def covariance_px(beam: Beam, steps: Reals) -> Reals:
    """The same in pixels, x and y; `steps`: see `grids.steps_of`."""
    back = np.linalg.inv(steps)
    return back @ covariance(beam) @ back.T


def reach_px(kernel: Reals) -> int:
    """How far beyond a window the pixels matter to it; `kernel`: covariance in pixels."""
    return int(np.ceil(REACH_SIGMA * np.sqrt(np.linalg.eigvalsh(kernel).max()))) + 1


def area_ratio(own: Beam, target: Beam) -> float:
    """By how much a brightness in Jy/beam grows with the beam's solid angle."""
    return target[0] * target[1] / (own[0] * own[1])


def convolved(image: NDArray[np.floating], kernel: Reals, *, only_sure: bool = False) -> Reals:
    """image[y, x] convolved with a Gaussian of unit sum; `kernel`: its covariance in pixels.

    Blank pixels take no part and stay blank. Beside them a pixel is a mean of what is known: it stands where that is
    nearly all of the Gaussian; and, unless `only_sure`, where it is half and the rest could not change it by more than
    the noise, as it could on the flank of a source that a blank edge cuts. The image reaches `reach_px` beyond what is
    wanted of it: nearer its edges values are wrong.
    """
    known = np.isfinite(image)
    made = _filtered(np.where(known, image, 0.0), kernel)
    if known.all():
        return made
    weight = _filtered(known.astype(float), kernel)
    with np.errstate(divide="ignore", invalid="ignore"):
        made = np.where(known, made / weight, np.nan)
        is_sure = known & (weight >= NEARLY_ALL)
        if only_sure or not is_sure.any():
            return np.where(is_sure, made, np.nan)
        noise = clipped_rms(made[is_sure].astype(np.float32)) or 0.0
        is_harmless = (weight >= HALF) & ((1 - weight) * np.abs(made) <= noise)
    return np.where(is_sure | is_harmless, made, np.nan)


def _filtered(image: Reals, kernel: Reals) -> Reals:
    from scipy import fft  # slow to import, and few need it

    height, width = image.shape
    shape = fft.next_fast_len(height, real=True), fft.next_fast_len(width, real=True)
    y, x = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])[None, :]
    power = kernel[0, 0] * x**2 + 2 * kernel[0, 1] * x * y + kernel[1, 1] * y**2
    transform = fft.rfft2(image, shape) * np.exp(-2 * np.pi**2 * power)
    return fft.irfft2(transform, shape)[:height, :width]
