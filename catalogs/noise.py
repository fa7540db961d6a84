"""`[noise]` of a survey's file and of a corpus file: which noise pictures are said to have, and what is taken off them.

    [noise]
    rms        = "local"      # window, or local
    background = "local"      # none, global, or local
    box_beams  = 30           # or box_px

What neither file says is as before: the noise of the picture itself, and nothing is subtracted.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

BOX_BEAMS = 30.0
"""The side of a box where no file says one, about that of BANE (Hancock et al. 2018, PASA 35, e011): some 800
independent beams, of which a standard deviation is known to 2.5 %."""
BOX_PX = (16, 4096)
Rms = Literal["window", "local"]
Background = Literal["none", "global", "local"]


class NoiseOptions(BaseModel):
    """What a file says of noise; None: what the survey's says, then the usual."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rms: Rms | None = None
    """The noise of a picture: of its own pixels, or interpolated at its middle between boxes of the mosaic."""
    background: Background | None = None
    """What is subtracted: nothing, one level of the mosaic, or one interpolated between the same boxes."""
    box_beams: Annotated[float, Field(ge=5, le=1000)] | None = None
    """The side of a box over the beam's, the geometric mean of its axes (FWHM)."""
    box_px: Annotated[int, Field(ge=BOX_PX[0], le=BOX_PX[1])] | None = None
    """The same in pixels of the mosaic, also where a beam is not known."""

    @model_validator(mode="after")
    def _of_one_size(self) -> "NoiseOptions":
        if self.box_beams is not None and self.box_px is not None:
            raise ValueError("found box_beams and box_px, expected one of them: they are the side of the same box")
        return self


@dataclass(frozen=True)
class NoiseRecipe:
    """What is made of both files, where anything is measured in boxes of the mosaic."""

    rms: Rms
    background: Background
    box_beams: float | None
    box_px: int | None


def noise_recipe(of_corpus: NoiseOptions, of_survey: NoiseOptions) -> NoiseRecipe | None:
    """What the corpus file says, else the survey's; None: the noise of each picture, and nothing subtracted."""
    both = (of_corpus, of_survey)
    rms: Rms = next((one.rms for one in both if one.rms), "window")
    background: Background = next((one.background for one in both if one.background), "none")
    if rms == "window" and background == "none":
        return None
    sized = next((one for one in both if one.box_beams or one.box_px), NoiseOptions(box_beams=BOX_BEAMS))
    return NoiseRecipe(rms, background, sized.box_beams, sized.box_px)
