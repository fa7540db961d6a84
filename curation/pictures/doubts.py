"""What a header says and its own pixels make unlikely: notes for a person, who alone can know."""

import numpy as np

from curation.engine.objects import AnyPath
from curation.pictures.cards import ImageError, number
from curation.pictures.fits_header import FitsImage
from curation.pictures.plane import IN_MEMORY, Box, open_plane
from curation.pictures.zscale import clipped_rms, extent

PIXELS_PER_BEAM = (1.0, 100.0)  # along an axis; images are made with 3 to 10
NOISE_MJY_PER_BEAM = (2e-4, 2000.0)  # the deepest images published reach 3e-4; at 74 MHz, VLSSr has 100
PEAK_MJY_PER_BEAM = 50_000.0  # a handful of sources of the sky; the brightest of a VLSSr picture at hand has 35,000
SAMPLE_PX = 512
WHOLE_PX = 2**20  # an image of at most so many pixels is looked at whole


def beam_doubts(major_arcsec: float | None, minor_arcsec: float | None, pixel_arcsec: float | None) -> list[str]:
    """A note where a beam has fewer pixels than one, or more than a hundred: one of them is in another unit."""
    if not (major_arcsec and minor_arcsec and pixel_arcsec):
        return []
    least, most = PIXELS_PER_BEAM
    if minor_arcsec >= least * pixel_arcsec and major_arcsec <= most * pixel_arcsec:
        return []
    beam = f"{major_arcsec:.4g} x {minor_arcsec:.4g} arcsec"
    n_px = f"{major_arcsec / pixel_arcsec:.3g} x {minor_arcsec / pixel_arcsec:.3g}"
    return [f"beam-doubtful: {beam} are {n_px} pixels, expected {least:g} to {most:g}; look at BMAJ and CDELT"]


def brightness_doubts(path: AnyPath, image: FitsImage, factor: float | None) -> list[str]:
    """Notes where noise or peak, in the unit of the header, are such as no radio telescope has seen.

    `factor` gives mJy/beam; without one there is nothing to hold the numbers against. A large image is looked at in
    five squares, and not at all where it had to be unpacked to a file first.
    """
    if factor is None or (image.is_gzip and image.n_data_bytes > IN_MEMORY):
        return []
    try:
        plane = open_plane(path)
        boxes = _sample(image.width_px, image.height_px)
        plane.expect(boxes)
        pixels = np.concatenate([plane.read(box).ravel() for box in boxes])
    except ImageError:
        return []  # CUTOUTS refuses it by that
    with np.errstate(over="ignore", invalid="ignore"):
        sample = np.ascontiguousarray(pixels * factor, np.float32)[None, :]
    noise, peak = clipped_rms(sample), max(extent(sample)[2], (number(image.header, "DATAMAX") or 0.0) * factor)
    why = [f"noise {noise:.3g} mJy/beam"] if noise and not _is_in(noise, NOISE_MJY_PER_BEAM) else []
    why += [f"peak {peak / 1000:.3g} Jy/beam"] if np.isfinite(peak) and peak > PEAK_MJY_PER_BEAM else []
    return [f"brightness-doubtful: {' and '.join(why)}, by the unit of the header; look at BUNIT"] if why else []


def _is_in(number_: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= number_ <= limits[1]


def _sample(width_px: int, height_px: int) -> list[Box]:
    if width_px * height_px <= WHOLE_PX:
        return [(0, 0, width_px, height_px)]
    places = ((2, 2), (1, 1), (3, 1), (1, 3), (3, 3))
    corners = [(x * width_px // 4 - SAMPLE_PX // 2, y * height_px // 4 - SAMPLE_PX // 2) for x, y in places]
    return [(x, y, x + SAMPLE_PX, y + SAMPLE_PX) for x, y in corners]
