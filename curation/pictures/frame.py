"""`[frame]` of a corpus file: of which mosaics pictures are made where several overlap, on which pixels, at which beam.

    [frame]
    overlap      = "best"        # nearest, best, or combined
    beam_arcsec  = 12.0          # or [major, minor, position angle]
    pixel_arcsec = 2.0
    north_up     = true
    method       = "bicubic"     # bilinear, bicubic, or adaptive

What is not said stays as it is in the mosaic.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.pictures.sky_pixels import PIXEL_ARCSEC

METHOD = "bicubic"
"""What is taken where a corpus file names none: see docs/pictures.md for what each loses."""
MOST_BEAM_ARCSEC = 3600.0
LEAST_PER_BEAM = 2.0  # pixels to the minor axis: with fewer, a beam is not sampled
Axis = Annotated[float, Field(gt=0, le=MOST_BEAM_ARCSEC)]
Beam = tuple[float, float, float]
"""Major and minor axis in arcsec, FWHM; position angle in degrees, north through east."""


class Frame(BaseModel):
    """What a corpus file says of pixels. Without a `[frame]` a cutout is a slice of the nearest mosaic."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap: Literal["nearest", "best", "combined"] = "nearest"
    """Where mosaics overlap: the one whose centre is nearest; the one with least noise, of equals the one whose edge is
    farthest; or all of them, weighted by their noise. In any case the next where it is blank."""
    beam_arcsec: Axis | tuple[Axis, Axis, float] | None = None
    """The beam that all pictures are brought to; one number: a round one. None: each keeps its own."""
    pixel_arcsec: Annotated[float, Field(ge=PIXEL_ARCSEC[0], le=PIXEL_ARCSEC[1])] | None = None
    """The side of square pixels with the source at the centre. None: as in the mosaic."""
    north_up: bool = False
    """Whether pictures have north up and east left. False: up is where it is in the mosaic."""
    method: Literal["bilinear", "bicubic", "adaptive"] | None = None
    """How other pixels are made of those of a mosaic; None: `METHOD`, where that is needed."""

    @model_validator(mode="after")
    def _can_be(self) -> "Frame":
        if self == AS_CUT:
            raise ValueError("nothing is chosen: say overlap, beam_arcsec, pixel_arcsec or north_up, or leave it out")
        if self.method and not (self.is_regridded or self.overlap == "combined"):
            raise ValueError(
                "method: pixels stay as they are; say pixel_arcsec, north_up or overlap = 'combined', or leave it out"
            )
        if self.beam and self.beam[0] < self.beam[1]:
            raise ValueError(f"beam_arcsec: found {self.beam[0]} and {self.beam[1]}, expected the major axis first")
        is_coarse = self.beam and self.pixel_arcsec and self.pixel_arcsec * LEAST_PER_BEAM > self.beam[1]
        if self.beam and is_coarse and self.how != "adaptive":
            raise ValueError(
                f"pixel_arcsec: found {self.pixel_arcsec}, expected at most half of the beam's {self.beam[1]} arcsec, "
                "or method = 'adaptive'"
            )
        return self

    @property
    def beam(self) -> Beam | None:
        """The common beam; None where each picture keeps its own."""
        if isinstance(self.beam_arcsec, float):
            return self.beam_arcsec, self.beam_arcsec, 0.0
        return self.beam_arcsec

    @property
    def is_regridded(self) -> bool:
        """Whether pictures stand on other pixels than their mosaics, wherever those overlap."""
        return self.north_up or self.pixel_arcsec is not None

    @property
    def is_as_cut(self) -> bool:
        """Whether every picture is a slice of one mosaic, unchanged."""
        return self.beam is None and not self.is_regridded and self.overlap != "combined"

    @property
    def how(self) -> Literal["bilinear", "bicubic", "adaptive"]:
        """The method of regridding."""
        return self.method or METHOD


AS_CUT = Frame.model_construct()
"""What a corpus file without a `[frame]` chooses: slices of the nearest mosaic that shows the source."""
