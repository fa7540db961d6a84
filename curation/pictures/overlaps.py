"""Which mosaic a picture is made of where several show its source: what each shows is looked at, and told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalogs.dataset import CutoutRecipe
from curation.pictures.cards import ImageError
from curation.pictures.cutouts import check_shows, is_blank_in_the_middle, of_the_file
from curation.pictures.plane import Box
from curation.pictures.readings import Readings
from curation.pictures.turn import SHOWS_NOTHING
from curation.pictures.zscale import clipped_rms, extent
from schemas.tables import EDGES

PASSED_OVER = SHOWS_NOTHING | {"beam-unknown", "beam-too-large", "unit-unknown", "no-wcs"}
"""Reasons for which another mosaic is asked; any other one is about a file that is broken."""
NEARLY = 0.9  # of the greatest weight: mosaics that have it are as good as each other
Row = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """What the window of a mosaic shows."""

    mosaic: Row
    box: Box
    edge_arcsec: float | None
    """From its middle to the nearest edge of the mosaic; null where the scale is not known."""
    rms: float | None = None
    blank_fraction: float = 1.0
    is_of_the_source: bool = False
    """Whether there is a pixel where the source is."""
    error: ImageError | None = None
    """Why it shows nothing."""

    @property
    def weight(self) -> float:
        """What it knows of the picture: pixels over the square of their noise."""
        return (1 - self.blank_fraction) / self.rms**2 if self.rms else 0.0

    def share(self, weight: float = 0.0, why: str | None = None) -> Row:
        """As an entry of `mosaics` in FRAMES; `why` it has no share."""
        names = ("beam_major_arcsec", "beam_minor_arcsec", "beam_pa_deg")
        return {
            "mosaic": self.mosaic["mosaic"], "sha256": self.mosaic["sha256"], **dict(zip(EDGES, self.box, strict=True)),
            "weight": weight, "why_not": why, "rms_mjy_per_beam": self.rms, "blank_fraction": self.blank_fraction,
            "edge_arcsec": self.edge_arcsec, **{name: self.mosaic[name] for name in names},
        }  # fmt: skip


def look(readings: Readings, mosaic: Row, box: Box, *, is_whole: bool = False, most_blank: float = 1.0) -> Look:
    """A window looked at; `is_whole`: the source may be anywhere in it. Raises ImageError for a file that is broken."""
    edge = _edge_arcsec(mosaic, box)
    try:
        image = np.ascontiguousarray(readings.read(mosaic["mosaic"], box), np.float32)
    except ImageError as error:
        if error.reason not in PASSED_OVER:
            raise
        return Look(mosaic, box, edge, error=error)
    blank = 1.0 - extent(image)[0] / image.size
    try:
        check_shows(image, CutoutRecipe(most_blank))
    except ImageError as error:
        return Look(mosaic, box, edge, blank_fraction=blank, error=of_the_file(error, mosaic))
    is_there = is_whole or not is_blank_in_the_middle(image)
    return Look(mosaic, box, edge, clipped_rms(image), blank, is_there)


def nearest(looks: Sequence[Look]) -> Look:
    """The first that shows the source, else the first that shows anything. Raises the first one's ImageError."""
    shown = [one for one in looks if one.error is None]
    if not shown:
        raise _none_shows(looks)
    return next((one for one in shown if one.is_of_the_source), shown[0])


def best(looks: Sequence[Look]) -> Look:
    """Of those that show the source, else of those that show anything, the one that knows most of the picture.

    Of several that know nearly as much it is the one whose edge is farthest from the source, then the nearest. Raises
    the first one's ImageError where none shows anything.
    """
    shown = [one for one in looks if one.error is None]
    if not shown:
        raise _none_shows(looks)
    of_source = [one for one in shown if one.is_of_the_source] or shown
    # Pixels of another unit have no noise that could be compared.
    known = [one for one in of_source if one.mosaic["to_mjy_per_beam"] is not None] or of_source
    most = max(one.weight for one in known)
    good = [one for one in known if one.weight >= NEARLY * most]
    return max(good, key=lambda one: one.edge_arcsec or 0.0)  # of equals the first, which is the nearest


def why_not(one: Look, taken: Look) -> str:
    """Why a mosaic was not taken, in a few words."""
    if one.error:
        return one.error.reason
    if taken.is_of_the_source and not one.is_of_the_source:
        return "blank where the source is"
    if one.mosaic["to_mjy_per_beam"] is None or taken.mosaic["to_mjy_per_beam"] is None:
        return "of another unit"
    if one.weight < NEARLY * taken.weight:
        return f"more noise, or more of it is blank: {one.rms:.4g} mJy/beam, {100 * one.blank_fraction:.0f} % blank"
    return "as good, but its edge is nearer" if one.edge_arcsec != taken.edge_arcsec else "as good, and farther"


def _none_shows(looks: Sequence[Look]) -> ImageError:
    first = next(one.error for one in looks if one.error)
    others = f"; of {len(looks) - 1} other mosaics none can be taken" if len(looks) > 1 else ""
    return ImageError(first.reason, f"{first}{others}", first.sha256)


def _edge_arcsec(mosaic: Row, box: Box) -> float | None:
    """From the middle of a box to the nearest edge of its mosaic; 0 where it is beyond."""
    if mosaic["pixel_arcsec"] is None:
        return None
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    nearest_px = min(x, y, mosaic["width_px"] - x, mosaic["height_px"] - y)
    return max(0.0, nearest_px) * mosaic["pixel_arcsec"]
