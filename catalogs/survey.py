"""A survey: its beam, pixel, frequency, unit and citation. A door: one TOML file each in `surveys/`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from schemas.folder import read_doors

HERE = Path(__file__).parent / "surveys"


class Survey(BaseModel):
    """What is known of a survey beside its files' headers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    frequency_mhz: PositiveFloat | None = None
    """None where its pictures come from several surveys: then no text names a frequency."""
    beam_arcsec: tuple[PositiveFloat, PositiveFloat] | None = None
    """Synthesised beam, FWHM: major axis, minor axis; used only where a header gives none."""
    beam_pa_deg: float = 0.0
    pixel_arcsec: PositiveFloat | None = None
    brightness_unit: Literal["Jy/beam", "mJy/beam", "uJy/beam"] | None = None
    """Used only where a header gives none; a header that disagrees is an error."""
    projection: str = ""
    files: tuple[str, ...]
    """Glob patterns of its images, relative to the raw folder."""
    pictures: bool = False
    """True: each file is one picture among many, and a bad one is a rejected row. False: mosaics, and a bad one
    stops the build."""
    stale_wcs: tuple[str, ...] = ()
    """Glob patterns of files whose header is known to give a wrong position: they are read without WCS."""
    licence: str = "unknown"
    """Of the pixels; `unknown` blocks a release."""
    cite: str = Field(exclude=True)
    acknowledgement: str = Field(default="", exclude=True)
    archive: str = Field(default="", exclude=True)


def surveys() -> Mapping[str, Survey]:
    """Every survey, by the name of its file."""
    return read_doors(Survey, "surveys", HERE)
