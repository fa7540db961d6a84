"""The same sky in the corpus's other surveys: where one of their mosaics covers it, though no cutout was made there."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from catalogs.noise import noise_recipe
from catalogs.survey import surveys
from curation.engine.objects import AnyPath
from curation.pictures.covering import covered
from curation.pictures.sights import side_in_arcsec, sight_at
from curation.reviewing.desk import Desk
from schemas.errors import RecipeError

Row = Mapping[str, Any]


def other_surveys(desk: Desk, cutout: Row) -> list[str]:
    """Surveys of the corpus, but for its own, a mosaic of which shows the middle of a row of CUTOUTS."""
    if cutout["ra_deg"] is None or not cutout["pixel_x_arcsec"]:
        return []
    ra, dec = np.array([cutout["ra_deg"]]), np.array([cutout["dec_deg"]])
    others = {name: table for name, table in desk.mosaics.items() if name != cutout["survey"]}
    return sorted(name for name, table in others.items() if any(covered(ra, dec, table.to_pylist())))


def other_sky(desk: Desk, cutout: Row, survey: str, raw: AnyPath) -> bytes:
    """As much sky as a row of CUTOUTS shows, of another survey, drawn as the corpus draws it: PNG.

    Raises RecipeError where that survey shows nothing there.
    """
    if survey not in other_surveys(desk, cutout):
        raise RecipeError(f"survey {survey!r:.60}: no mosaic of this corpus shows that sky")
    side_arcsec = max(cutout["width_px"] * cutout["pixel_x_arcsec"], cutout["height_px"] * cutout["pixel_y_arcsec"])
    row = sight_at(
        (cutout["ra_deg"], cutout["dec_deg"]), desk.mosaics[survey], side_in_arcsec(side_arcsec), desk.corpus.picture,
        raw=raw, stamps=desk.stamps(survey), frame=desk.corpus.frame,
        noise=noise_recipe(desk.corpus.noise, surveys()[survey].noise),
    )  # fmt: skip
    return row["png"]
