"""The facts of an image as lines for people."""

from typing import Any

STRAIGHT_DEG = 0.05
Row = dict[str, Any]


def image_lines(facts: Row) -> list[str]:
    """The file's name with shape, a line each for what is known, notes, and the error where a build refuses it."""
    lines = list[str]()
    if "width_px" in facts:
        packed = " in tiles" if facts["is_tile_compressed"] else " in gzip" if facts["is_gzip"] else ""
        bits = f"{abs(facts['bitpix'])}-bit {'floats' if facts['bitpix'] < 0 else 'integers'}{packed}"
        size = f"{facts['width_px']} x {facts['height_px']} px in HDU {facts['hdu']}, {facts['n_axes']} axes, {bits}"
        lines = [f"{facts['file']}: {size}", *(f"  {line}" for line in _known(facts))]
    lines += [f"  note: {one}" for one in facts.get("warnings", ())]
    return [*lines, f"error: {facts['error']}"] if "error" in facts else lines


def _known(facts: Row) -> list[str]:
    lines = [_sky(facts)]
    if facts.get("up_pa_deg") is not None:
        lines.append(_up(facts))
    if facts.get("pixel_arcsec"):
        lines.append(_pixel(facts))
    lines += [_beam(facts), _frequency(facts), _unit(facts)]
    return [*lines, *_values(facts)] if "blank_share" in facts else lines


def _sky(facts: Row) -> str:
    if facts.get("frame") is None:
        return "sky: no WCS"
    equinox = f" {facts['equinox']}" if facts["equinox"] else ""
    told = f"sky: {facts['projection']}, {facts['frame']}{equinox} ({', '.join(facts['axes'])})"
    if facts["ra_deg"] is None:
        return f"{told}; its centre is not on the sky"
    galactic = f" (l {facts['l_deg']:.5f} b {facts['b_deg']:+.5f})" if "l_deg" in facts else ""
    size = "" if facts["size_deg"] is None else "; {:.4g} x {:.4g} deg".format(*facts["size_deg"])
    return f"{told}; centre ra {facts['ra_deg']:.5f} dec {facts['dec_deg']:+.5f}{galactic}{size}"


def _up(facts: Row) -> str:
    up = facts["up_pa_deg"]
    is_north = min(up, 360 - up) < STRAIGHT_DEG
    told = "north is up" if is_north else f"up is {_degrees(up)} deg from north through east"
    if "up_from_galactic_north_deg" in facts:
        told += f", {_degrees(facts['up_from_galactic_north_deg'])} deg from Galactic north"
    side = "right" if facts["is_mirrored"] else "left"
    return (
        f"turned: {told}; "
        + (f"east is {side}" if is_north else f"east is to the {side} of north")
        + (" (mirrored)" if facts["is_mirrored"] else "")
    )


def _degrees(angle: float) -> str:
    return f"{round(angle, 1) % 360:.1f}"


def _pixel(facts: Row) -> str:
    told = "pixel: {:.4f} x {:.4f} arcsec at the centre".format(*facts["pixel_arcsec"])
    corners = [one for one in facts["corner_pixels_arcsec"] if one]
    if not corners:
        return f"{told}; no corner is on the sky"
    spans = [f"{min(one[at] for one in corners):.4f} to {max(one[at] for one in corners):.4f}" for at in (0, 1)]
    return f"{told}, {spans[0]} x {spans[1]} at the corners" + (
        f", {4 - len(corners)} of which are not on the sky" if len(corners) < 4 else ""  # noqa: PLR2004
    )


def _beam(facts: Row) -> str:
    if facts.get("beam_major_arcsec") is None:
        return "beam: unknown"
    angle = "at an unknown angle" if facts["beam_pa_deg"] is None else f"at {facts['beam_pa_deg']:.1f} deg"
    axes = f"{facts['beam_major_arcsec']:.4g} x {facts['beam_minor_arcsec']:.4g} arcsec"
    told = f"beam: {axes} {angle}, from {facts['beam_from']}"
    if "pixels_per_beam" not in facts:
        return told
    return (
        told
        + "; {:.2f} x {:.2f} pixels".format(*facts["pixels_per_beam"])
        + f", {facts['pixels_per_beam_area']:.1f} in its area"
    )


def _frequency(facts: Row) -> str:
    if facts["frequency_mhz"] is None:
        return "frequency: the header names none"
    return f"frequency: {facts['frequency_mhz']:.6g} MHz, from {facts['frequency_from']}"


def _unit(facts: Row) -> str:
    if facts.get("to_mjy_per_beam"):
        return f"unit: {facts['unit'] or 'none in BUNIT'}, x {facts['to_mjy_per_beam']:g} to mJy/beam"
    return f"unit: {facts['unit'] or 'unknown unit'}, none of brightness per beam"


def _values(facts: Row) -> list[str]:
    shares = f"blank {facts['blank_share']:.2%}, exactly zero {facts['zero_share']:.2%}"
    if facts["peak"] is None:
        return [f"values: {shares}: no pixel has a value"]
    suffix, unit = ("_mjy_per_beam", "mJy/beam") if "peak_mjy_per_beam" in facts else ("", facts["unit"] or "")
    rms, peak, least = (facts[f"{name}{suffix}"] for name in ("rms", "peak", "least"))
    place = f"x {facts['peak_px'][0]} y {facts['peak_px'][1]}"
    if facts.get("peak_ra_deg") is not None:
        place += f", ra {facts['peak_ra_deg']:.5f} dec {facts['peak_dec_deg']:+.5f}"
    told = f"values: rms {rms:.4g}, least {least:.4g}, peak {peak:.4g} {unit} at {place}; {shares}".replace("  ", " ")
    return [told, *_boxes(facts)]


def _boxes(facts: Row) -> list[str]:
    """Noise and background, and how they vary over the image; nothing where no box was measured."""
    found = facts.get("boxes")
    if not found:
        return []
    unit = "mJy/beam" if facts.get("to_mjy_per_beam") else facts["unit"] or "of unknown unit"
    told = [f"{name} {one[0]:.4g} to {one[2]:.4g}, median {one[1]:.4g}"
            for name in ("rms", "background") for one in [found[name]]]  # fmt: skip
    return [f"noise in {found['n']} boxes of {found['box_px']} px: {'; '.join(told)} {unit}"]
