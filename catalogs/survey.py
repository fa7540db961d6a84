"""A survey: its beam, pixel, frequency, unit and citation. A door: one TOML file each in `surveys/`."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveFloat, model_validator

from catalogs.noise import NoiseOptions
from schemas.folder import read_doors
from schemas.touches import WORDS, Touches

HERE = Path(__file__).parent / "surveys"
OF_FILES = Touches("mosaics")


def _day(said: Any) -> str:
    """A day as TOML writes it, or as text; empty: none. Raises ValueError for what is neither."""
    if type(said) is date:
        return said.isoformat()
    if not isinstance(said, str):
        raise ValueError(f"found {said!r}, expected a day, such as 2027-01-01")  # noqa: TRY004 -- pydantic's way
    return said and date.fromisoformat(said).isoformat()


Day = Annotated[str, BeforeValidator(_day)]
"""YYYY-MM-DD."""


class PictureLimits(BaseModel):
    """What a picture of a survey may be like to become a sample; None: whatever it is. Columns are those of CUTOUTS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_noise: PositiveFloat | None = None
    """`rms_mjy_per_beam` over the survey's own `rms_mjy_per_beam`."""
    least_dynamic_range: PositiveFloat | None = None
    """`peak_mjy_per_beam` over `rms_mjy_per_beam`."""
    most_stripes: Annotated[float, Field(gt=0, le=1)] | None = None
    most_noise_step: PositiveFloat | None = None
    most_level_step: PositiveFloat | None = None
    most_depth: PositiveFloat | None = None
    most_saturated: Annotated[float, Field(ge=0, le=1)] | None = None
    """`saturated_share`."""
    least_pixels_per_beam: PositiveFloat | None = None
    """The beam's minor axis over the longer side of a pixel; below 3 a beam is not well sampled."""


class Survey(BaseModel):
    """What is known of a survey beside its files' headers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: Annotated[str, Touches(*WORDS)]
    frequency_mhz: Annotated[PositiveFloat | None, Touches(*WORDS)] = None
    """None where its pictures come from several surveys: then no text names a frequency."""
    beam_arcsec: Annotated[tuple[PositiveFloat, PositiveFloat] | None, OF_FILES] = None
    """Synthesised beam, FWHM: major axis, minor axis; used only where a header gives none."""
    beam_pa_deg: Annotated[float, OF_FILES] = 0.0
    pixel_arcsec: Annotated[PositiveFloat | None, OF_FILES] = None
    brightness_unit: Annotated[Literal["Jy/beam", "mJy/beam", "uJy/beam"] | None, OF_FILES] = None
    """Used only where a header gives none; a header that disagrees is an error."""
    rms_mjy_per_beam: Annotated[PositiveFloat | None, Touches("samples")] = None
    """The noise that it is known to have; `limits` hold that of a picture against it."""
    limits: Annotated[PictureLimits, Touches("samples")] = PictureLimits()
    """Of its pictures."""
    noise: Annotated[NoiseOptions, Touches("noise")] = NoiseOptions()
    """How noise and background of its pictures are measured where a corpus file does not say it."""
    projection: Annotated[str, Touches()] = ""
    files: Annotated[tuple[str, ...], Touches()]
    """Glob patterns of its images, relative to the raw folder. What they find is in the recipe, not they."""
    pictures: Annotated[bool, OF_FILES] = False
    """True: each file is one picture among many, and a bad one is a rejected row. False: mosaics, and a bad one
    stops the build."""
    stale_wcs: Annotated[tuple[str, ...], OF_FILES] = ()
    """Glob patterns of files whose header is known to give a wrong position: they are read without WCS."""
    licence: Annotated[str, Touches("samples")] = "unknown"
    """Of the pixels; `unknown` blocks a release."""
    cite: str = Field(exclude=True)
    acknowledgement: str = Field(default="", exclude=True)
    archive: str = Field(default="", exclude=True)
    facility: str = Field(default="", exclude=True)
    """The telescope; empty where its pictures come from several."""
    embargo_until: Day = Field(default="", exclude=True)
    """The first day on which its pixels may be published; empty: any."""

    @model_validator(mode="after")
    def _can_be_judged(self) -> "Survey":
        if self.limits.most_noise and self.rms_mjy_per_beam is None:
            raise ValueError("limits.most_noise: expected rms_mjy_per_beam beside it, the noise it is a multiple of")
        return self


def surveys() -> Mapping[str, Survey]:
    """Every survey, by the name of its file."""
    return read_doors(Survey, "surveys", HERE)
