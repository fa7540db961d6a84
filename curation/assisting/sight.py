"""What a model is shown, drawn as a build draws it, and what is known of where it is from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogs.sky import positions_deg, unit_vectors
from curation.assisting.upload import Brought, drawn_picture
from curation.pages.sky_grid import sky_grid
from curation.pictures.boxes import Box, box_fits_px, sky_polygon_of_box
from curation.pictures.render import Picture
from curation.pictures.sights import sight_of
from curation.verification.claims import SurveyFacts
from schemas.errors import TableError

Row = Mapping[str, Any]
AS_IT_IS = "as it is in the file"
SMALL = 2
"""Pixels of an image to one of its picture: from here on people are told."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
UNKNOWN = dict.fromkeys(
    ("ra_deg", "dec_deg", "wcs_header", "pixel_x_arcsec", "pixel_y_arcsec", "up_pa_deg", "left_pa_deg", "turn_deg",
     "beam_major_arcsec", "beam_minor_arcsec", "rms_mjy_per_beam", "peak_mjy_per_beam", "blank_mask")
)  # fmt: skip


@dataclass(frozen=True)
class Sight:
    """A picture for a model."""

    name: str
    """A file's, or the place and its survey."""
    png: bytes
    size_px: tuple[int, int]
    """Width and height of the picture."""
    drawn: str
    """The stretch by its name and numbers."""
    cutout: Row
    """As a row of CUTOUTS; null where nothing is known."""
    survey: SurveyFacts | None = None
    notes: tuple[str, ...] = ()
    """What had to be assumed of a header."""

    @property
    def sha256(self) -> str:
        """Of the picture."""
        return hashlib.sha256(self.png).hexdigest()

    @property
    def told(self) -> dict[str, Any]:
        """For the page. The sky is that of the whole picture, bands beside an oblong image included."""
        cutout, (width, height) = self.cutout, self.size_px
        box = box_fits_px(WHOLE, cutout["width_px"], cutout["height_px"], cutout["png_side_px"])
        scale = cutout["pixel_x_arcsec"]
        facts = ("ra_deg", "dec_deg", "rms_mjy_per_beam", "peak_mjy_per_beam", "beam_major_arcsec",
                 "beam_minor_arcsec", "blank_fraction")  # fmt: skip
        return {
            "name": self.name, "drawn": self.drawn, "notes": list(self.notes),
            "width_px": width, "height_px": height,
            "image_px": [cutout["width_px"], cutout["height_px"]],
            "image_pixel_arcsec": scale,
            "pixel_x_arcsec": scale and scale * (box[2] - box[0]) / width,
            "sky": sky_grid(cutout["wcs_header"], box),
            "survey": self.survey.title if self.survey else None,
            **{name: cutout[name] for name in facts},
        }  # fmt: skip


def sight_of_picture(body: bytes, name: str) -> Sight:
    """A picture that is drawn already, as it is. Raises CatalogError, one line, for what is none."""
    png, size = drawn_picture(body, name)
    cutout = {**UNKNOWN, "cutout_id": "picture", "mosaic": name, "width_px": size[0], "height_px": size[1],
              "png_side_px": max(size), "blank_fraction": 0.0}  # fmt: skip
    return Sight(name, png, size, AS_IT_IS, cutout)


def sight_of_fits(brought: Brought, picture: Picture) -> Sight:
    """All of a person's FITS image, drawn by the corpus's stretch. Raises RecipeError where it shows nothing."""
    cutout, notes = sight_of(brought.mosaic, picture, raw=brought.raw), list(brought.mosaic["warnings"])
    longest, side = max(cutout["width_px"], cutout["height_px"]), cutout["png_side_px"]
    if longest > SMALL * side:
        notes.insert(0, f"{longest} pixels are drawn on {side}: what is small is lost; look at a place in it")
    return sight_of_cutout(cutout, brought.name, None, tuple(notes))


def sight_of_cutout(cutout: Row, name: str, survey: SurveyFacts | None, notes: tuple[str, ...] = ()) -> Sight:
    """A row of CUTOUTS as a sight; its pixels are let go of."""
    kept = {one: value for one, value in cutout.items() if one not in ("png", "small", "pixels")}
    side = cutout["png_side_px"]
    return Sight(name, cutout["png"], (side, side), cutout["stretch"], kept, survey, notes)


def box_on_sky(box_norm: Box, sight: Sight) -> dict[str, float] | None:
    """Centre (ICRS degrees) and extent along x and y (arcsec) of a box on the picture; None without WCS."""
    cutout = sight.cutout
    try:
        corners = sky_polygon_of_box(box_norm, cutout)
    except TableError:
        return None
    ra, dec = positions_deg(unit_vectors(corners[0::2], corners[1::2]).mean(axis=0))
    x_min, y_min, x_max, y_max = box_fits_px(box_norm, cutout["width_px"], cutout["height_px"], cutout["png_side_px"])
    return {
        "ra_deg": float(ra), "dec_deg": float(dec),
        "width_arcsec": (x_max - x_min) * cutout["pixel_x_arcsec"],
        "height_arcsec": (y_max - y_min) * cutout["pixel_y_arcsec"],
    }  # fmt: skip
