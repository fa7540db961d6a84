"""The door of a survey, drafted from its images."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation.drafting.draft import Draft

Row = dict[str, Any]
BEAM_SAME, FREQUENCY_SAME = 0.02, 0.01
MOST_NAMED = 200


def survey_draft(draft: Draft, name: str, images: Sequence[Row], patterns: Sequence[str]) -> None:
    """Write the survey: what its images agree on, and where they differ."""
    draft.note(f"Survey {name}: what {len(images)} images say, or leave out. Where a header says something, it wins.")
    draft.key("title", name, "the name; write it as a text should call the survey")
    _frequency(draft, images)
    _beam(draft, images)
    _unit(draft, images)
    side = _median([one["pixel_arcsec"][0] for one in images if one.get("pixel_arcsec")])
    if side:
        draft.key("pixel_arcsec", round(side, 4), "the headers; used only where one gives none")
    projections = Counter(one["projection"] for one in images if one.get("projection"))
    if projections:
        draft.key("projection", next(iter(projections)), "the headers")
    draft.key("files", list(patterns), "the images that were given, relative to the raw folder")
    draft.key("cite", "unpublished", "nothing in the files says whom to cite")
    draft.note('licence = "…"  # of the pixels; unknown blocks a release')
    for one in images:
        for note in one.get("warnings", ()):
            if not note.startswith(("beam-unknown", "unit-unknown")):
                draft.doubt(f"{Path(one['file']).name}: {note}")


def _frequency(draft: Draft, images: Sequence[Row]) -> None:
    known = [one["frequency_mhz"] for one in images if one.get("frequency_mhz")]
    if not known:
        draft.doubt("frequency_mhz: no header names a frequency; without it no text names one")
        draft.note("frequency_mhz = 1400")
        return
    middle = _median(known)
    if max(known) - min(known) > FREQUENCY_SAME * middle:
        draft.doubt(f"frequency_mhz: the headers say {min(known):g} to {max(known):g} MHz")
    cards = sorted({str(one["frequency_from"]) for one in images if one.get("frequency_from")})
    draft.key("frequency_mhz", round(middle, 4), f"the headers, {'; '.join(cards)}")


def _beam(draft: Draft, images: Sequence[Row]) -> None:
    axes = [(one["beam_major_arcsec"], one["beam_minor_arcsec"]) for one in images if one.get("beam_major_arcsec")]
    if not axes:
        draft.doubt("beam_arcsec: no header gives a beam; sizes in beams and fluxes are unknown until you write it")
        draft.note("beam_arcsec = [6.0, 6.0]  # FWHM: major axis, minor axis")
        return
    major, minor = (_median([one[at] for one in axes]) for at in (0, 1))
    spread = max(max(one[at] for one in axes) / min(one[at] for one in axes) for at in (0, 1))
    if len(axes) < len(images):
        draft.doubt(
            f"beam_arcsec: {len(images) - len(axes)} of {len(images)} headers give none: this one is assumed there"
        )
    if spread > 1 + BEAM_SAME:
        draft.doubt("beam_arcsec: the headers give different beams; each image keeps its own")
    sources = ", ".join(sorted({str(one["beam_from"]) for one in images if one.get("beam_from")}))
    draft.key("beam_arcsec", [round(major, 4), round(minor, 4)], f"{sources}; used only where an image gives none")


def _unit(draft: Draft, images: Sequence[Row]) -> None:
    """The unit for images that name none; their own range is told, for a person can see what it can be."""
    units = Counter(one["unit"] for one in images if one.get("unit"))
    without = [one for one in images if not one.get("unit")]
    if len({one.get("to_mjy_per_beam") for one in images if one.get("unit")}) > 1:
        told = ", ".join(f"{unit} ({n})" for unit, n in units.items())
        draft.doubt(f"brightness_unit: the headers say {told}; each image keeps its own")
    if without:
        spans = [one["peak"] for one in without if one.get("peak") is not None]
        seen = f"; peaks from {min(spans):.4g} to {max(spans):.4g}" if spans else ""
        why = f"BUNIT is missing in {len(without)} of {len(images)} images{seen}"
        draft.todo("brightness_unit", "Jy/beam, mJy/beam or uJy/beam", why)


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0
