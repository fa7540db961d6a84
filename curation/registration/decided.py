"""Of all places that a picture may have: the one that stands out, or why none does, as a row of REGISTRATIONS."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalogs.sky import separation_arcsec
from catalogs.wcs_sky import read_wcs
from curation.pictures.local_sky import local_sky
from curation.pictures.window_sky import window_sky
from curation.registration.placing import SYMMETRIES, Placing, Symmetry
from curation.registration.search import is_same_place
from curation.registration.texture import significance

LEAST_CONFIDENCE = 7.0
"""Measured: `docs/pictures.md`."""
DIGITS = 4
Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """A place on a mosaic (a row of MOSAICS), and how well the picture fits there."""

    mosaic: Row
    placing: Placing
    scale: float = 1.0
    """Pixels of the picture to a pixel of the mosaic."""
    correlation: float = 1.0
    n_elements: float = 0.0
    """Independent elements of what of the picture is on the mosaic."""

    @property
    def significance(self) -> float:
        """Standard deviations from no correlation."""
        return significance(self.correlation, self.n_elements)

    @property
    def told(self) -> str:
        """For people."""
        return f"{self.mosaic['mosaic']}, x {self.placing.x_min_px}, y {self.placing.y_min_px}"

    def centre_deg(self) -> tuple[float, float]:
        """ICRS; NaN off the sky."""
        (sky,) = window_sky([self.placing.box], self.mosaic)
        ra, dec = (np.nan if sky[name] is None else sky[name] for name in ("ra_deg", "dec_deg"))
        return ra, dec


def by_values(found: Sequence[Found]) -> Row:
    """Columns of a picture whose pixels are those of one place or more."""
    best = min(found, key=lambda one: (one.mosaic["mosaic"], one.placing.symmetry, one.placing.box))
    other = next((one for one in found if _is_rival(best, one)), None)
    if other is not None:
        return unknown("ambiguous", f"the same pixels stand at {best.told} and at {other.told}")
    return {**_placed(best, "values"), "correlation": 1.0}


def by_correlation(found: Sequence[Found], allowed: Sequence[Symmetry] = SYMMETRIES) -> Row:
    """Columns of a picture by its candidates on all mosaics, at least one; `allowed`: how it may lie."""
    ordered = sorted(found, key=lambda one: (-one.significance, one.mosaic["mosaic"], one.placing.box))
    best = ordered[0]
    other = next((one for one in ordered[1:] if _is_rival(best, one)), None)
    confidence = best.significance - (other.significance if other else 0.0)
    measured = {
        "correlation": round(best.correlation, DIGITS),
        "runner_up": round(other.correlation, DIGITS) if other else None,
        "confidence": round(confidence, 2),
    }
    if confidence < LEAST_CONFIDENCE:
        detail = f"fits best at {best.told}, confidence {confidence:.1f}, expected at least {LEAST_CONFIDENCE:g}"
        return {**unknown("not-found", detail), **measured}
    if best.placing.symmetry not in allowed:
        return {**unknown("turned", f"found at {best.told}, but turned as was not asked for"), **measured}
    return {**_placed(best, "correlation"), **measured}


def unknown(reason: str, detail: str) -> Row:
    """Columns of a picture whose place is not known."""
    return {"state": "unknown", "reason": reason, "detail": detail}


def _is_rival(best: Found, other: Found) -> bool:
    """Whether two places cannot both be right: on one mosaic, or on two mosaics and not on the same sky."""
    if best.mosaic["mosaic"] == other.mosaic["mosaic"]:
        return not is_same_place(best.placing, other.placing)
    side = min(best.placing.width_px, best.placing.height_px) * best.mosaic["pixel_arcsec"]
    apart = float(separation_arcsec(*best.centre_deg(), *other.centre_deg())[0])
    return not apart <= side / 4  # also where one is off the sky


def _placed(one: Found, method: str) -> Row:
    ra, dec = one.centre_deg()
    header = one.placing.header(one.mosaic["header"])
    if not np.isfinite([ra, dec]).all() or header is None:
        return unknown("no-sky", f"{one.told}: " + ("off the sky" if header else "turned, and the mosaic is distorted"))
    width, height = one.placing.picture_px
    edges = zip(("x_min_px", "y_min_px", "x_max_px", "y_max_px"), one.placing.box, strict=True)
    return {
        "state": "found",
        "method": method,
        "mosaic": one.mosaic["mosaic"],
        "mosaic_sha256": one.mosaic["sha256"],
        **dict(edges),
        "is_mirrored": one.placing.symmetry.is_mirrored,
        "turn_deg": float(one.placing.symmetry.turn_deg),
        "scale": one.scale,
        "ra_deg": ra,
        "dec_deg": dec,
        "pixel_arcsec": float(local_sky(read_wcs(header), (width - 1) / 2, (height - 1) / 2).mean_arcsec[0]),
        "header": header,
    }
