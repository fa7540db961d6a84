"""Ecliptic axes (ELON, ELAT) for astropy, whose WCS takes ecliptic longitude for right ascension.

FITS (paper II, 3.1) has them refer to the mean ecliptic and equinox of EQUINOX, J2000 where none is given. Whoever
reads such a header imports this module.
"""

import numpy as np
from astropy.coordinates import BarycentricMeanEcliptic
from astropy.time import Time
from astropy.wcs import WCS
from astropy.wcs.utils import WCS_FRAME_MAPPINGS

AXES = {"ELON", "ELAT"}
J2000 = 2000.0


def ecliptic_frame(wcs: WCS) -> BarycentricMeanEcliptic | None:
    """The frame of a WCS with ecliptic axes; None of any other."""
    if {str(one)[:4] for one in [*wcs.wcs.ctype][:2]} != AXES:
        return None
    equinox = float(wcs.wcs.equinox)
    return BarycentricMeanEcliptic(equinox=Time(equinox if np.isfinite(equinox) else J2000, format="jyear"))


# Astropy's way to add a frame, before its own: wcslib puts a RADESYS beside such axes, and astropy goes by that alone.
# reproject asks the same list.
WCS_FRAME_MAPPINGS.insert(0, [ecliptic_frame])
