"""A dataset as data: one TOML file each in `datasets/`, which says what the columns of a catalogue mean for SOURCES.

Columns are named by OUR names, those of the catalogue's door. What the file says is read by `table_dataset.py`, or, for
pictures that no table lists, by `pictures.py`; `door_faults.py` finds what is wrong with it before anything is read.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, field_validator, model_validator

from catalogs.positions import POSITION
from catalogs.row_labels import RowLabels, template_columns
from schemas.touches import Touches

Kind = Literal["radius", "ellipse", "box", "polygon", "pixels"]
BOX_PX = (("x_min", "y_min", "x_max", "y_max"), ("x", "y", "width", "height"), ("vertices",))
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "radius": (("radius",),), "ellipse": (("major", "minor", "pa"),), "box": (("width", "height"),),
    "polygon": (("vertices",),), "pixels": BOX_PX,
}  # fmt: skip
"""Which keys a kind of extent needs: one of these sets of them."""
ALLOWED = {"box": ("pa",)}
SIZES = ("radius", "major", "minor", "pa", "width", "height", "x", "y", "x_min", "y_min", "x_max", "y_max")


class Part(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Extent(Part):
    """Which columns say how large a source is and what its outline is."""

    kind: Kind
    """`radius`: a circle. `ellipse`: full axes (FWHM, or those of an outline) and position angle, north through east.
    `box`: full width and height, the height along `pa` (north where there is none). `polygon`: vertices on the sky.
    `pixels`: a box or an outline in the pixels of the row's picture."""
    radius: str = ""
    major: str = ""
    minor: str = ""
    pa: str = ""
    width: str = ""
    height: str = ""
    vertices: tuple[str, ...] = ()
    """One list column of ra, dec, ra, dec, … (x, y, … in pixels), or two, of ra and of dec."""
    x: str = ""
    y: str = ""
    x_min: str = ""
    y_min: str = ""
    x_max: str = ""
    y_max: str = ""
    north: Literal["icrs", "galactic"] = "icrs"
    """Which north `pa` is counted from, through east; and, of a box without it, which its height is along."""
    times: PositiveFloat = 1.0
    """What sizes are multiplied by: 2 for FWHM, so that the outline holds the wings; 2 for semi-axes."""
    first_pixel: Literal[0, 1] = 0
    """The number of the first pixel's centre in the table; `x_min` … are pixels that belong to the box."""

    @property
    def columns(self) -> dict[str, str]:
        """Our column by key, those of `vertices` as vertices, vertices."""
        named = {key: str(getattr(self, key)) for key in SIZES if getattr(self, key)}
        return named | {f"vertices[{k}]": name for k, name in enumerate(self.vertices)}

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "Extent":
        given = {key for key in (*SIZES, "vertices") if getattr(self, key)}
        ways = NEEDED[self.kind]
        if not any(set(way) <= given <= {*way, *ALLOWED.get(self.kind, ())} for way in ways):
            expected = " or ".join(", ".join(way) for way in ways)
            raise ValueError(f"kind {self.kind}: found {', '.join(sorted(given)) or 'no column'}, expected {expected}")
        if len(self.vertices) > 2:  # noqa: PLR2004
            raise ValueError(f"vertices: found {len(self.vertices)} columns, expected one, or two of ra and of dec")
        if self.kind in ("polygon", "pixels") and self.times != 1:
            raise ValueError(f"times: kind {self.kind} has no sizes to multiply")
        return self


class DatasetLabels(RowLabels):
    """What a row says in the dataset's scheme. Nothing but what is said here makes a label absent."""

    listed: str = ""
    """The list column of ours with every class of a row, instead of `label`."""
    unknown: tuple[str, ...] = ()
    """Classes of theirs that mean "not known", as `?`: the row says nothing by them. Compared as labels are."""
    required: bool = False
    """True: a row that says nothing is refused as `no-label`. False: it is kept, its labels unknown."""
    exhaustive: bool = False
    """True: the row says all that holds, so that a label it does not say, or whose flag is not set, is absent. False:
    that is unknown. A scheme in which exactly one label holds needs no such word."""
    absent_where: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Labels by label: where one of them is present, that label is absent unless it is said too."""
    of: Literal["sources", "objects", "both"] = "sources"
    """Whose the class is. `objects`: outline and class are those of OBJECTS, and SOURCES are places without labels."""
    catalog: str = ""
    """Another catalogue, whose row says it: the one that is nearest to the source, and the source nearest to it."""
    within_arcsec: PositiveFloat | None = None
    """How far that row may be."""

    @property
    def columns(self) -> list[str]:
        """All columns of ours that it reads."""
        return [*super().columns, *([self.listed] if self.listed else [])]

    @model_validator(mode="after")
    def _says_something(self) -> "DatasetLabels":
        if not (self.label or self.flags or self.listed):
            raise ValueError("says nothing; expected label, flags or listed")
        if self.label and self.listed:
            raise ValueError("found label and listed, expected one of them")
        if bool(self.catalog) != bool(self.within_arcsec):
            raise ValueError("catalog and within_arcsec go together: which other catalogue, and how far")
        return self


class Objects(Part):
    """Rows are OBJECTS too, each with its outline."""

    detector: Annotated[str, Touches("objects")]
    """Who found them: a person, a catalogue, a network."""
    score: Annotated[str, Touches("objects")] = ""
    """The column of ours with the detector's score, 0 to 1."""
    flux: Annotated[str, Touches("objects")] = "flux_mjy"
    """The column with the flux density; the catalogue need not have the one that stands here unasked."""
    peak: Annotated[str, Touches("objects")] = "peak_mjy_per_beam"
    in_pictures: bool = False
    """True: SOURCES are whole pictures, and the rows are objects in them, several to a picture. False: each row is a
    source of its own, and its object."""
    complete: Annotated[bool, Touches("sources")] = False
    """Of whole pictures: True where the table has every object that is to be seen, so that a class that none of a
    picture's objects has is absent."""


class Split(Part):
    """The published split."""

    column: str = ""
    fixed: Literal["", "train", "validation", "test"] = ""
    """The same for all rows, instead of a column."""
    names: dict[str, Literal["", "train", "validation", "test"]] = Field(
        default_factory=dict[str, Literal["", "train", "validation", "test"]]
    )
    """Ours for what stands in the column (`true`, `false` for truths); empty: in no split. A null is in none."""
    benchmark: str = ""
    """The benchmark whose rows those of the split `test` are."""

    @model_validator(mode="after")
    def _has_one(self) -> "Split":
        if bool(self.column) == bool(self.fixed):
            raise ValueError("expected column or fixed")
        return self


class Cutout(Part):
    """How large the pictures are. Nothing of a side: the whole picture that the row came with."""

    side_arcsec: Annotated[PositiveFloat | None, Touches("sources")] = None
    """The side of every cutout; the least one where `times` or `column` is given too."""
    times: Annotated[PositiveFloat | None, Touches("sources")] = None
    """The side over the extent's full width, the greater one, as `extent` makes it."""
    column: Annotated[str, Touches("sources")] = ""
    """The column of ours with a side for each row."""
    most_blank: Annotated[float, Field(ge=0, le=1), Touches("windows", "cutouts")] = 0.5
    """Share of blank pixels above which a cutout is refused."""

    @property
    def is_whole(self) -> bool:
        """Whether a cutout is the whole picture."""
        return self.side_arcsec is None and self.times is None and not self.column

    @model_validator(mode="after")
    def _has_one_side(self) -> "Cutout":
        if self.times and self.column:
            raise ValueError("found times and column, expected one of them")
        return self


class Counts(Part):
    """What a publication counts; the report shows it beside what was found. Own counts have no place here."""

    source: str = Field(min_length=1)
    n_images: int | None = None
    n_by_label: dict[str, int] = Field(default_factory=dict[str, int])
    n_by_split: dict[str, int] = Field(default_factory=dict[str, int])
    n_by_survey: dict[str, int] = Field(default_factory=dict[str, int])
    n_objects: int | None = None
    n_by_class: dict[str, int] = Field(default_factory=dict[str, int])


class DatasetDoor(Part):
    """What a dataset's TOML file says."""

    name: str
    title: Annotated[str, Touches()]
    cite: str = Field(exclude=True)
    scheme: str
    survey: str
    catalog: str = ""
    """The catalogue whose rows it has, by the name of its door."""
    pictures: str = ""
    """Without a catalogue: glob pattern of pictures of the survey, relative to the raw folder, that nobody labelled."""
    name_column: str = "name"
    """The column with the row's name; a row without one is called by its number. Empty: all are."""
    position: tuple[str, str] = POSITION
    """The columns with right ascension and declination, ICRS. Where the catalogue has no `ra_deg`, the centre of the
    row's box in pixels or of its picture."""
    picture: str = ""
    """The picture that a row came with, relative to the raw folder, made of columns: `images/mine/{file}`. Its cutouts
    are of that picture; without it they are of the mosaic that covers the position."""
    picture_position: Annotated[str, Touches("sources")] = ""
    """Regular expression with groups `ra`, `dec`, in degrees, of the picture's name: its distance from the picture's
    centre is told."""
    extent: Extent | None = None
    labels: DatasetLabels | None = None
    objects: Objects | None = None
    split: Annotated[Split | None, Touches("sources")] = None
    cutout: Cutout = Cutout()
    classes: Annotated[dict[str, str], Touches("sources")] = Field(default_factory=dict[str, str])
    """Label of the scheme by published catalogue: what a source is that one of its rows matches."""
    published: Counts | None = Field(default=None, exclude=True)

    @property
    def picture_columns(self) -> list[str]:
        """The columns that `picture` is made of."""
        return template_columns(self.picture)

    @property
    def is_of_pictures(self) -> bool:
        """Whether its sources are whole pictures, and its rows objects in them."""
        return self.objects is not None and self.objects.in_pictures

    @field_validator("picture")
    @classmethod
    def _is_a_template(cls, picture: str) -> str:
        template_columns(picture)
        return picture
