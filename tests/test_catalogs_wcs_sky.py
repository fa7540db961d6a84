"""Between pixels and sky: what a quick way says is what astropy says, to the last bit."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame

from catalogs.wcs_sky import pixels_of_sky, quiet_wcs, read_wcs, sky_of_pixels
from curation.pictures.sky_pixels import wcs_text

FRAMES = {
    "icrs": (("RA--", "DEC-"), "ICRS", None), "fk5": (("RA--", "DEC-"), "FK5", 2000.0),
    "fk5 of 1975": (("RA--", "DEC-"), "FK5", 1975.0), "fk4": (("RA--", "DEC-"), "FK4", 1950.0),
    "galactic": (("GLON", "GLAT"), "", None), "ecliptic": (("ELON", "ELAT"), "", 2000.0),
}  # fmt: skip


def header(axes, radesys, equinox, projection="SIN", order=1):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"{axis}-{projection}" for axis in axes][::order]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [31.0, -20.0][::order], [33.3, -12.25], [-0.1, 0.1]
    wcs.wcs.pc = [[0.8, -0.6], [0.6, 0.8]]
    wcs.wcs.radesys = radesys
    if equinox:
        wcs.wcs.equinox = equinox
    return wcs_text(wcs)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("projection", ["SIN", "TAN", "CAR", "AIT"])
def test_pixels_and_sky_are_those_of_astropy_to_the_last_bit(frame, projection):
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-300, 700, (2, 50))
    ra, dec = np.append(rng.uniform(0, 360, 50), [0, 360, 10]), np.append(rng.uniform(-90, 90, 50), [0, 90, -90])
    for order in (1, -1):
        text = header(*FRAMES[frame], projection, order)
        slow, quick = quiet_wcs(fits.Header.fromstring(text, sep="\n")), read_wcs(text)
        theirs = wcs_to_celestial_frame(slow)
        world = slow.all_pix2world(np.column_stack([x, y]), 0)
        is_sky = np.isfinite(world).all(axis=1) & (np.abs(world[:, slow.wcs.lat]) <= 90)
        sky = SkyCoord(*world[is_sky].T[::order], unit="deg", frame=theirs).icrs
        found = sky_of_pixels(quick, x, y)
        assert np.array_equal(found[0][is_sky], sky.ra.deg) and np.array_equal(found[1][is_sky], sky.dec.deg)
        assert np.isnan(found).all(axis=0).tolist() == (~is_sky).tolist()
        there = SkyCoord(ra, dec, unit="deg").transform_to(theirs).spherical
        pixels = slow.all_world2pix(np.column_stack([there.lon.deg, there.lat.deg][::order]), 0, quiet=True)
        assert np.array_equal(np.column_stack(pixels_of_sky(quick, ra, dec)), pixels, equal_nan=True)


def test_what_is_no_place_on_the_sky_has_no_pixel():
    wcs = read_wcs(header(*FRAMES["galactic"], "CAR"))
    x, y = pixels_of_sky(wcs, [10.0, np.nan, 10.0, np.inf], [20.0, 20.0, 90.5, 0.0])
    assert np.isfinite([x[0], y[0]]).all() and np.isnan([x[1:], y[1:]]).all()


def test_a_wcs_with_more_than_plain_cards_is_read_by_astropy_itself():
    text = header(*FRAMES["icrs"], "TAN")
    bent = text.replace("RA---TAN", "RA---TPV").replace("DEC--TAN", "DEC--TPV") + "\nPV1_1   =                 1.01"
    at = sky_of_pixels(read_wcs(bent), 100.0, 50.0)
    theirs = WCS(fits.Header.fromstring(bent, sep="\n")).pixel_to_world(100.0, 50.0)
    assert theirs.separation(SkyCoord(at[0][0], at[1][0], unit="deg")) < 1e-9 * u.arcsec
    plain = sky_of_pixels(read_wcs(text), 100.0, 50.0)
    assert abs(at[0][0] - plain[0][0]) > 1e-3
