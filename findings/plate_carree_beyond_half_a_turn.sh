#!/usr/bin/env bash
# A tile of an all-plane Galactic mosaic in plate carree (CAR) has no coordinates when its reference point lies more than
# 180 degrees of longitude away along the pixel axis.
#
# Behaviour seen (astropy 8.0.2): CRPIX1 = -19950 at 0.01 deg a pixel puts the tile 200 deg from CRVAL1 = 0, as in tiles cut
# from one mosaic whose header is kept. all_pix2world gives NaN for every pixel, without a warning, for wcslib's check of
# native longitudes is on; world to pixel gives the pixel one turn away. With bounds_check(False, False) the pixel has its
# position, and the sky is the same as that of a header whose reference is moved by a whole turn.
# Matters to: cutouts from tiles of Galactic plane surveys, which come out as "off the sky".
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet astropy==8.0.2
"$folder/env/bin/python" - <<'PYTHON'
import warnings

import astropy
import numpy as np
from astropy.wcs import WCS

print(f"astropy {astropy.__version__}")


def tile(crpix1: float) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "GLON-CAR", "GLAT-CAR"
    wcs.wcs.crval, wcs.wcs.cdelt, wcs.wcs.crpix = (0, 0), (-0.01, 0.01), (crpix1, 50)
    return wcs


with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    far, near = tile(-19950.0), tile(-19950.0 + 36000)
    lon, lat = far.all_pix2world(50, 50, 0)
    print("200 deg from the reference:", lon, lat, "warnings:", len(said))
    assert np.isnan(lon) and np.isnan(lat) and not said
    far.wcs.bounds_check(False, False)
    lon, lat = far.all_pix2world(50, 50, 0)
    same = near.all_pix2world(50, 50, 0)
print("without the check:", lon, lat, "; reference moved by a turn:", *same)
assert np.allclose([lon % 360, lat], [same[0] % 360, same[1]])
print("as described")
PYTHON
