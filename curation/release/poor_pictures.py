"""Which pictures are too poor to become samples, by the limits of their survey's file."""

from collections.abc import Mapping
from typing import Any

from catalogs.survey import PictureLimits

COLUMNS = (
    "rms_mjy_per_beam", "peak_mjy_per_beam", "stripes", "noise_step", "level_step", "depth", "saturated_share",
    "beam_minor_arcsec", "pixel_x_arcsec", "pixel_y_arcsec",
)  # fmt: skip


def beyond_limits(cutout: Mapping[str, Any], limits: PictureLimits, survey_rms_mjy_per_beam: float | None) -> list[str]:
    """Each limit that a row of CUTOUTS is beyond, in words; what is not known of it breaks none."""
    measured = _measured(cutout, survey_rms_mjy_per_beam)
    found = list[str]()
    for name, limit in limits:
        bound, _, what = name.partition("_")
        value = measured[what]
        if limit is None or value is None:
            continue
        if (value > limit) if bound == "most" else (value < limit):
            found.append(f"{what.replace('_', ' ')} {value:.3g}, at {bound} {limit:g}")
    return found


def _measured(cutout: Mapping[str, Any], survey_rms_mjy_per_beam: float | None) -> dict[str, float | None]:
    """By the names of the limits."""
    sides = [cutout[name] for name in ("pixel_x_arcsec", "pixel_y_arcsec")]
    longer = None if None in sides else max(sides)
    return {
        "noise": _ratio(cutout["rms_mjy_per_beam"], survey_rms_mjy_per_beam),
        "dynamic_range": _ratio(cutout["peak_mjy_per_beam"], cutout["rms_mjy_per_beam"]),
        "stripes": cutout["stripes"],
        "noise_step": cutout["noise_step"],
        "level_step": cutout["level_step"],
        "depth": cutout["depth"],
        "saturated": cutout["saturated_share"],
        "pixels_per_beam": _ratio(cutout["beam_minor_arcsec"], longer),
    }


def _ratio(value: float | None, other: float | None) -> float | None:
    return None if value is None or not other else value / other
