"""`[captions]` of a corpus file: which papers, who rates their captions, which are taken."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.generation.asked_model import AskedModel

KEYWORDS = (
    "radio galaxy", "radio galaxies", "radio source", "radio sources", "radio continuum", "radio emission",
    "radio halo", "radio relic", "radio relics", "radio lobe", "radio lobes", "radio jet", "radio jets",
    "radio survey", "radio surveys", "radio image", "radio images", "radio telescope", "radio telescopes",
    "radio astronomy", "radio interferometry", "radio interferometer", "radio loud", "radio-loud",
    "radio quiet", "radio-quiet", "radio AGN", "radio map", "radio maps", "radio sky", "radio observations",
    "radio spectrum", "radio spectra", "supernova remnant", "supernova remnants", "synchrotron", "21 cm",
    "21-cm", "VLA", "JVLA", "EVLA", "Very Large Array", "VLBA", "VLBI", "ATCA",
    "Australia Telescope Compact Array", "ASKAP", "MeerKAT", "LOFAR", "GMRT", "uGMRT", "WSRT", "Westerbork",
    "Apertif", "e-MERLIN", "MERLIN", "MWA", "Murchison Widefield Array", "SKA", "Square Kilometre Array",
    "Parkes", "Effelsberg", "Arecibo", "NVSS", "FIRST survey", "VLASS", "SUMSS", "TGSS", "EMU",
)  # fmt: skip
"""Ours: the paper says "radio astronomy-related keywords" and prints none (Riggi et al. 2025, 3.1.2)."""
CATEGORIES = ("astro-ph", "astro-ph.CO", "astro-ph.EP", "astro-ph.GA", "astro-ph.HE", "astro-ph.IM", "astro-ph.SR")
"""Of arXiv; `astro-ph` alone is what papers before 2009 have."""


class PaperChoice(BaseModel):
    """`[captions.papers]`: where papers are, and which of them are taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[str, ...] = ("papers/*",)
    """Glob patterns of sources, relative to the raw folder: .tar, .tar.gz, .gz of one file, folders, .pdf."""
    metadata: tuple[str, ...] = ("papers/metadata.jsonl",)
    """arXiv's public records, a JSON object a line, relative to the raw folder."""
    categories: tuple[str, ...] = Field(default=CATEGORIES, min_length=1)
    """A paper has one of them."""
    keywords: tuple[Annotated[str, Field(min_length=2)], ...] = Field(default=KEYWORDS, min_length=1)
    """Its title or abstract has one of them; one with a capital is looked for as it is written."""
    years: tuple[int, int] = (2000, 2025)
    """The first and the last year in which its first version came (Riggi et al. 2025, 3.1.2)."""

    @model_validator(mode="after")
    def _whole(self) -> "PaperChoice":
        if self.years[0] > self.years[1]:
            raise ValueError(f"years: found {self.years[0]} to {self.years[1]}, expected the earlier one first")
        outside = [one for one in (*self.files, *self.metadata) if one.startswith("/") or ".." in one.split("/")]
        if outside:
            raise ValueError(f"files, metadata: {outside[0]!r} leaves the raw folder; give patterns relative to it")
        return self


class Selection(BaseModel):
    """`[captions.selection]`: the bounds of Riggi et al. 2025, 3.1.2, as printed there.

    "n_words>5, has_multiplot=0, is_corrupted=0, and caption_score>7"; is_astromap is kept, and not applied.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    words_above: int = Field(default=5, ge=0)
    score_above: int = Field(default=7, ge=0, le=9)
    detailed_above: int = Field(default=30, ge=1)
    """Words of a caption above which a description in detail is asked for: the published code's bound."""
    redistributable_only: bool = True
    """Only figures whose licence lets changed copies be passed on."""


class Captions(AskedModel):
    """`[captions]` of a corpus file: a second kind of samples, and the model that rates them."""

    prompt: str = "caption_rating"
    """A door of `prompts/` with a task `rate`."""
    papers_per_part: int = Field(default=16, gt=0)
    """A part holds all pictures of so many papers."""
    papers: PaperChoice = PaperChoice()
    selection: Selection = Selection()
