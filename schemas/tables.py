"""The tables of the corpus, on one page."""

import pyarrow as pa

from schemas.table import Column, Table

TEXT, INT, REAL, BYTES = pa.string(), pa.int64(), pa.float64(), pa.binary()
REALS, TEXTS = pa.list_(REAL), pa.list_(TEXT)
ID = "[a-z0-9]+-[0-9a-f]{16}"
SPLITS_OF = ("train", "validation", "test")

LABEL = pa.struct(
    [
        ("scheme", TEXT), ("label", TEXT), ("original", TEXT), ("state", TEXT), ("tier", TEXT), ("catalog", TEXT),
        ("row", INT), ("confidence", REAL),
    ]
)  # fmt: skip
CLAIM = pa.struct(
    [
        ("kind", TEXT),  # presence, class, count, box, border, peculiarity …: see curation/verification/claims.py
        ("subject", TEXT),  # the label, or "source" for any object
        ("state", TEXT),  # present or absent
        ("count", INT),
        ("box", REALS),  # x_min, y_min, x_max, y_max as fractions of the picture, origin top left
        ("how", TEXT),  # of a count or a share: "at least", "all" …; null: exactly so
        ("other", TEXT),  # the place, or what it is held against
        ("evidence", TEXTS),  # label:<source_id>:<label>, object:<object_id>, objects:<cutout_id>, pixels:<cutout_id>
    ]
)
TURN = pa.struct(
    [
        ("question", TEXT), ("answer", TEXT), ("kind", TEXT), ("question_id", TEXT), ("claims", pa.list_(CLAIM)),
        ("writer", TEXT),  # template, or the model that put it so
        ("request_sha", TEXT),  # key of the cached reply; null for templates
    ]
)  # fmt: skip
SENTENCE = pa.struct(
    [
        ("written", TEXT),  # as the model wrote it
        ("text", TEXT),  # as it stands in the answer; empty where it was cut
        ("fate", TEXT),  # as-written, reworded, cut
        ("reason", TEXT),  # why it does not stand as written; null where it does
        ("detail", TEXT),  # of the reason; where it stands by the word of a model, whose
        ("claims", pa.list_(CLAIM)),  # what the model stated with it; evidence where it is supported
    ]
)
EDGES = ("x_min_px", "y_min_px", "x_max_px", "y_max_px")
"""A box in an image, 0-based FITS pixels: the columns of its edges, wherever a row has some."""
WINDOW = pa.struct(
    [
        ("cutout_id", TEXT), ("mosaic", TEXT), ("x_min_px", INT), ("y_min_px", INT), ("x_max_px", INT),
        ("y_max_px", INT),
    ]
)  # fmt: skip
SHARE = pa.struct(
    [
        ("mosaic", TEXT),
        ("sha256", TEXT),
        ("x_min_px", INT),
        ("y_min_px", INT),
        ("x_max_px", INT),
        ("y_max_px", INT),  # the box that is read of it
        ("weight", REAL),  # its share where all mosaics show something; 0: it has none
        ("why_not", TEXT),  # why it has none; null where it has some
        ("rms_mjy_per_beam", REAL),
        ("blank_fraction", REAL),  # of its window, at the beam of the picture
        ("edge_arcsec", REAL),  # from the middle of the window to the nearest edge of the mosaic
        ("beam_major_arcsec", REAL),
        ("beam_minor_arcsec", REAL),
        ("beam_pa_deg", REAL),  # its own
    ]
)
BOXES = pa.struct(
    [
        ("mosaic", TEXT),
        ("weight", REAL),  # its share in the picture, as in FRAMES
        ("box_px", INT),  # side of a box
        ("x_px", REALS), ("y_px", REALS),  # middles of the boxes, 0-based FITS pixels of the mosaic
        ("background", REALS), ("rms", REALS),  # of each box, row by row, in the unit of `pixels`; null: not known
        ("level", REAL),  # of the whole mosaic; null where it is not asked for, or no box is known
        ("rms_there", REAL), ("background_there", REAL),  # between them, at the middle of the picture; null: no box is
        # known, or the middle is off the mosaic
    ]
)  # fmt: skip
CHANNEL = pa.struct(
    [
        ("stretch", TEXT),
        ("low", REAL), ("high", REAL),  # black and white, in the unit of `pixels`
        ("saturated_share", REAL),  # of the pixels above 5 rms, those brighter than white; null where there are none
    ]
)  # fmt: skip
MESSAGE = pa.struct([("from", TEXT), ("value", TEXT)])
PLACE = pa.struct(
    [
        ("said", TEXT),  # the words
        ("ra_deg", REAL), ("dec_deg", REAL),  # ICRS, degrees
        ("radius_arcsec", REAL),  # how exactly the words say it
    ]
)  # fmt: skip
STATEMENT = pa.struct(
    [
        ("kind", TEXT),  # survey, frequency, beam, source, place
        ("said", TEXT),  # the words
        ("verdict", TEXT),  # supported, contradicted, author: only the author says so
        ("evidence", TEXT),  # what supports or contradicts it: survey:<name>, source:<id>, entry:<id>; else null
    ]
)


def _id(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, TEXT, meaning, pattern=ID, nullable=nullable)


def _text(name: str, meaning: str, *, nullable: bool = False, one_of: tuple[str, ...] = ()) -> Column:
    return Column(name, TEXT, meaning, nullable=nullable, one_of=one_of)


def _position(*, nullable: bool = False) -> tuple[Column, Column]:
    return (
        Column("ra_deg", REAL, "Right ascension, ICRS", "deg", least=0, below=360, nullable=nullable),
        Column("dec_deg", REAL, "Declination, ICRS", "deg", least=-90, most=90, nullable=nullable),
    )


def _origin() -> tuple[Column, Column]:
    return (
        _text("origin_catalog", "The file the row stands in, relative to the raw folder"),
        Column("origin_row", INT, "Its 0-based data row; -1 where the file has no rows", least=-1),
    )


SKY_POLYGON = Column("sky_polygon_deg", REALS, "Outline, ICRS: ra, dec, ra, dec, …", "deg", nullable=True)
BEAM_AXES = (
    Column("beam_major_arcsec", REAL, "Synthesised beam, FWHM of the major axis", "arcsec", least=0, nullable=True),
    Column("beam_minor_arcsec", REAL, "Synthesised beam, FWHM of the minor axis", "arcsec", least=0, nullable=True),
    Column("beam_pa_deg", REAL, "Position angle of the beam, north through east", "deg", nullable=True),
)
BEAM_FROM = ("header", "table", "history", "survey")
BEAM = (*BEAM_AXES, _text("beam_from", "Where the beam is known from", one_of=BEAM_FROM, nullable=True))
BEAM_OF_PICTURE = (
    *BEAM_AXES,
    _text("beam_from", "Where the beam is known from; convolution: the picture was brought to it",
          one_of=(*BEAM_FROM, "convolution"), nullable=True),
)  # fmt: skip
LABELS = Column("labels", pa.list_(LABEL), "Statements, each with its truth, tier and origin")
BENCHMARK = _text("benchmark", "The benchmark whose sky this is; null for other rows", nullable=True)

MOSAICS = Table(
    "MOSAICS", "an image file of a survey, and how to read it", ("mosaic",),
    (
        _text("mosaic", "The file, relative to the raw folder"),
        _text("survey", "Its survey"),
        Column("n_bytes", INT, "Size of the file", least=0),
        Column("sha256", TEXT, "SHA-256 of the file", pattern="[0-9a-f]{64}"),
        Column("hdu", INT, "The HDU that holds the image", least=0),
        Column("data_offset", INT, "Byte at which the pixels begin; -1 where the file is compressed", least=-1),
        Column("bitpix", INT, "BITPIX of the pixels"),
        Column("width_px", INT, "NAXIS1", "px", least=1),
        Column("height_px", INT, "NAXIS2", "px", least=1),
        Column("n_axes", INT, "NAXIS", least=2),
        _text("header", "The cards of the celestial WCS, as text; null for a picture without WCS", nullable=True),
        Column("to_mjy_per_beam", REAL, "Factor from the file's unit to mJy/beam; null where unknown", nullable=True),
        Column("pixel_arcsec", REAL, "Side of a square as large as a pixel at the centre", "arcsec", least=0,
               nullable=True),
        *BEAM, *_position(nullable=True), SKY_POLYGON,
        Column("warnings", TEXTS, "What the reader had to assume or repair"),
    ),
)  # fmt: skip
SOURCES = Table(
    "SOURCES", "a catalogued source, or an annotated picture of a dataset", ("source_id",),
    (
        _id("source_id", "Made of the dataset, the catalogue file and the source's name"),
        _text("source_name", "The name in its catalogue"),
        _text("dataset", "The dataset"), _text("survey", "The survey its picture is of"),
        _text("scheme", "The label scheme"),
        *_position(nullable=True), SKY_POLYGON,
        _text("image_path", "The picture it came with, relative to the raw folder", nullable=True),
        Column("side_arcsec", REAL, "Side of the cutout wanted; null: the whole picture", "arcsec", nullable=True),
        Column("name_offset_arcsec", REAL, "From the position in the name to the picture's centre", "arcsec",
               least=0, nullable=True),
        LABELS,
        _text("split", "The published split; null where there is none", one_of=SPLITS_OF, nullable=True),
        BENCHMARK, *_origin(),
    ),
)  # fmt: skip
OBJECTS = Table(
    "OBJECTS", "an object with an extent", ("object_id",),
    (
        _id("object_id", "Made of the catalogue file and the object's name"),
        _text("object_name", "The name in its catalogue"),
        _text("dataset", "The dataset"),
        _id("source_id", "The source it is, where there is one", nullable=True),
        *_position(nullable=True), SKY_POLYGON,
        Column("image_polygon_px", REALS, "Outline in a picture without WCS: x, y, x, y, …; FITS pixels, 0-based",
               "px", nullable=True),
        _text("image_path", "That picture, relative to the raw folder", nullable=True),
        Column("peak_mjy_per_beam", REAL, "Peak brightness in the catalogue", "mJy/beam", nullable=True),
        Column("flux_mjy", REAL, "Integrated flux density in the catalogue", "mJy", nullable=True),
        LABELS,
        Column("score", REAL, "The detector's score; null for people and catalogues", least=0, most=1, nullable=True),
        _text("detector", "Who found it: a catalogue, a person, a network"),
        *_origin(),
    ),
)  # fmt: skip
ENTRIES = Table(
    "ENTRIES", "a row of a published catalogue", ("entry_id",),
    (
        _id("entry_id", "Made of the catalogue, its file and the row's name, or its number where names repeat"),
        _text("catalog", "The catalogue's door"), _text("name", "The name in the catalogue"),
        *_position(),
        Column("x", REAL, "Direction as a unit vector, ICRS", least=-1, most=1),
        Column("y", REAL, "Direction as a unit vector, ICRS", least=-1, most=1),
        Column("z", REAL, "Direction as a unit vector, ICRS", least=-1, most=1),
        Column("radius_arcsec", REAL, "Published extent; null for a point", "arcsec", least=0, nullable=True),
        LABELS,
        _text("cells", "JSON of the other mapped columns, by our names, in our units"),
        *_origin(),
    ),
)  # fmt: skip
MATCHES = Table(
    "MATCHES", "a pair across two catalogues", ("left_id", "right_id"),
    (
        _text("left_id", "Id in the left catalogue"), _text("right_id", "Id in the right catalogue"),
        Column("separation_arcsec", REAL, "Great-circle separation", "arcsec", least=0),
        Column("box_iou", REAL, "Overlap of the boxes; null without boxes", least=0, most=1, nullable=True),
        Column("is_best", pa.bool_(), "Nearest right one of the left one"),
        Column("is_mutual_best", pa.bool_(), "Nearest of each other"),
        Column("n_candidates", INT, "Right ones within the radius of the left one", least=1),
    ),
)  # fmt: skip
MATCHINGS = Table(
    "MATCHINGS", "a cross-match and how far it can be trusted", ("matching",),
    (
        _text("matching", "Its name in the corpus file"), _text("left_table", "Address of the left table"),
        _text("right_table", "Address of the right table"),
        _text("mode", "By position, or by overlap of boxes", one_of=("position", "overlap")),
        Column("radius_arcsec", REAL, "Largest separation", "arcsec", least=0),
        Column("n_left", INT, "Left rows with a position", least=0),
        Column("n_right", INT, "Right rows with a position", least=0),
        Column("n_pairs", INT, "Pairs within the radius", least=0),
        Column("n_left_matched", INT, "Left rows with at least one partner", least=0),
        Column("n_ambiguous", INT, "Left rows with several partners", least=0),
        Column("offset_east_arcsec", REAL, "Median of right minus left over best pairs; null without pairs", "arcsec",
               nullable=True),
        Column("offset_north_arcsec", REAL, "Median of right minus left over best pairs; null without pairs", "arcsec",
               nullable=True),
        Column("is_offset_removed", pa.bool_(), "Whether the right positions were moved by it before the match"),
        Column("chance_share", REAL, "Share of left rows that shifted right catalogues match", least=0, most=1,
               nullable=True),
    ),
)  # fmt: skip
TWINS = Table(
    "TWINS", "two cutouts of different surveys or datasets that show the same sky", ("left_id", "right_id"),
    (
        _id("left_id", "A cutout"), _id("right_id", "Another cutout"),
        _text("left_dataset", "Its dataset"), _text("right_dataset", "Its dataset"),
        _text("left_survey", "Its survey"), _text("right_survey", "Its survey"),
        Column("separation_arcsec", REAL, "Between their centres", "arcsec", least=0),
        Column("overlap", REAL, "Shared sky over the smaller one's sky, both taken as squares", least=0, most=1),
        Column("conflicts", TEXTS, "Labels that one says are present and the other absent"),
    ),
)  # fmt: skip
ALIKE = Table(
    "ALIKE", "two cutouts whose pictures are nearly the same, whatever their places", ("left_id", "right_id"),
    (
        _id("left_id", "A cutout"), _id("right_id", "Another cutout"),
        _text("left_dataset", "Its dataset"), _text("right_dataset", "Its dataset"),
        Column("likeness", REAL, "How sure that is, in standard deviations: atanh(correlation) times the root of how "
               "many independent elements the plainer picture has", least=0),
        Column("correlation", REAL, "Of the two where they are most alike", least=0, most=1),
        Column("scale", REAL, "How many times larger the right one shows everything", least=0),
        Column("turn_deg", REAL, "By how much the right one is turned clockwise, after the left one was turned upside "
               "down where it is mirrored", "deg", least=0, below=360),
        Column("is_mirrored", pa.bool_(), "Whether it is mirrored"),
    ),
)  # fmt: skip
SEALED = Table(
    "SEALED", "a piece of sky that a benchmark tests on", ("sealed_id",),
    (
        _id("sealed_id", "Made of the benchmark and the source"), _text("benchmark", "The benchmark"),
        _text("source_name", "Its source there"), _text("dataset", "The dataset the benchmark is of"),
        *_position(),
        Column("radius_arcsec", REAL, "Half the diagonal of the benchmark's picture", "arcsec", least=0),
        *_origin(),
    ),
)  # fmt: skip
WINDOWS = Table(
    "WINDOWS", "a square to be cut out of a mosaic, in pixels", ("cutout_id",),
    (
        _id("cutout_id", "Made of the source, the mosaic's content and the box"),
        _id("source_id", "The source at its centre"), _text("dataset", "The dataset"), _text("survey", "The survey"),
        _text("mosaic", "The mosaic, relative to the raw folder"),
        Column("n_mosaics", INT, "Mosaics that cover the position; the one nearest to it stands here", least=1),
        Column("x_min_px", INT, "Box in the mosaic, 0-based FITS pixels", "px"),
        Column("y_min_px", INT, "Box in the mosaic, 0-based FITS pixels", "px"),
        Column("x_max_px", INT, "Box in the mosaic, far edge outside", "px"),
        Column("y_max_px", INT, "Box in the mosaic, far edge outside", "px"),
        Column("others", pa.list_(WINDOW), "The window in the other mosaics, nearest first: for where those before are "
               "blank; null: none", nullable=True),
    ),
)  # fmt: skip
FRAMES = Table(
    "FRAMES", "the pixels and mosaics that a cutout is made of, where a corpus has a `[frame]`", ("cutout_id",),
    (
        _id("cutout_id", "The window in the mosaic that is taken"),
        _id("source_id", "The source at its centre"), _text("dataset", "The dataset"), _text("survey", "The survey"),
        _text("mosaic", "The mosaic that is taken; of several that are combined the one that shows most"),
        _text("overlap", "Which is taken where several show the source", one_of=("nearest", "best", "combined")),
        Column("mosaics", pa.list_(SHARE), "Those that were looked at: the one that is taken, others with a share, "
               "those that have none and why"),
        _text("wcs_header", "The cards of the celestial WCS of the pixels, as text", nullable=True),
        Column("width_px", INT, "Pixels in a row", "px", least=1),
        Column("height_px", INT, "Pixels in a column", "px", least=1),
        _text("method", "How they are made of those of a mosaic; null: they are its own",
              one_of=("bilinear", "bicubic", "adaptive"), nullable=True),
        Column("n_per_beam", REAL, "Pixels of the mosaic to the minor axis of the beam; null where it is not known",
               least=0, nullable=True),
        Column("peak_loss", REAL, "Share of a point source's peak that the method takes, at the worst of four places "
               "between pixels, measured with this beam and these pixels; null: nothing is regridded, or the beam is "
               "not known", least=-1, most=1, nullable=True),
        *BEAM_OF_PICTURE,
    ),
)  # fmt: skip
NOISE = Table(
    "NOISE", "the noise and the background of a cutout, where a corpus or a survey has a `[noise]`", ("cutout_id",),
    (
        _id("cutout_id", "The cutout"),
        _id("source_id", "The source at its centre"), _text("dataset", "The dataset"), _text("survey", "The survey"),
        _text("rms", "Which noise CUTOUTS tell: of the picture's own pixels, or of boxes around its middle",
              one_of=("window", "local")),
        _text("background", "What is subtracted from `pixels`: nothing, the level of the mosaic, or of boxes around",
              one_of=("none", "global", "local")),
        _text("state", "How the middle is known: local: by the boxes around it; nearest: some of them have too few "
              "pixels that are not blank, and others stand for them; window: no box has enough, so the noise is of the "
              "picture's own pixels and nothing is subtracted", one_of=("local", "nearest", "window")),
        Column("box_px", INT, "Side of a box in pixels of the mosaic; a box begins at every half of it", "px", least=1),
        Column("box_arcsec", REAL, "The same on the sky; null where the scale is not known", "arcsec", least=0,
               nullable=True),
        Column("n_boxes", INT, "Boxes under the picture that were measured", least=0),
        Column("rms_local_mjy_per_beam", REAL, "Sigma-clipped noise between the boxes, at the middle of the picture; "
               "null: state window, or a unit that is not known", "mJy/beam", least=0, nullable=True),
        Column("background_local_mjy_per_beam", REAL, "The same of the clipped mean", "mJy/beam", nullable=True),
        Column("background_taken_mjy_per_beam", REAL, "What is subtracted there; null: nothing, or a unit that is not "
               "known", "mJy/beam", nullable=True),
        Column("boxes", pa.list_(BOXES), "For each mosaic of the picture the boxes under it"),
    ),
)  # fmt: skip
CUTOUTS = Table(
    "CUTOUTS", "a picture of the sky", ("cutout_id",),
    (
        _id("cutout_id", "Made of the source, the mosaic's content and the box"),
        _id("source_id", "The source at its centre"), _text("dataset", "The dataset"), _text("survey", "The survey"),
        _text("mosaic", "The mosaic it was cut from: the nearest, the next that is not blank there, or as FRAMES say"),
        Column("mosaic_sha256", TEXT, "SHA-256 of the mosaic", pattern="[0-9a-f]{64}"),
        *_position(nullable=True), SKY_POLYGON,
        Column("width_px", INT, "Width of `pixels`", "px", least=1),
        Column("height_px", INT, "Height of `pixels`", "px", least=1),
        Column("pixel_x_arcsec", REAL, "Length of the middle row on the sky, over `width_px`", "arcsec", least=0,
               nullable=True),
        Column("pixel_y_arcsec", REAL, "Length of the middle column on the sky, over `height_px`", "arcsec", least=0,
               nullable=True),
        Column("up_pa_deg", REAL, "Position angle of up at the centre, ICRS, north through east", "deg", least=0,
               most=360, nullable=True),
        Column("left_pa_deg", REAL, "The same of left; 90 more than up, in a mirrored picture 90 less", "deg", least=0,
               most=360, nullable=True),
        Column("turn_deg", REAL, "By how much `up_pa_deg` is another at the left or the right edge", "deg", least=0,
               most=180, nullable=True),
        _text("wcs_header", "The cards of the cutout's celestial WCS, as text", nullable=True),
        *BEAM_OF_PICTURE,
        Column("rms_mjy_per_beam", REAL, "Sigma-clipped noise over pixels that are not blank; where NOISE say local, "
               "of those around", "mJy/beam", least=0, nullable=True),
        Column("peak_mjy_per_beam", REAL, "Brightest pixel", "mJy/beam", nullable=True),
        Column("blank_fraction", REAL, "Share of NaN pixels", least=0, most=1),
        Column("blank_mask", BYTES, "One bit for each of image[y, x], set where it is blank; null where none is",
               nullable=True),
        Column("pixels", BYTES, "image[y, x] in mJy/beam, little-endian float32, row 0 at the bottom"),
        Column("png", BYTES, "The 8-bit picture, grey or of three channels, row 0 at the top"),
        Column("png_side_px", INT, "Its side", "px", least=1),
        Column("small", BYTES, "The same as 48 x 48 greys, row 0 at the top: by them pictures that are nearly the same "
               "are found"),
        _text("stretch", "How brightness became grey, or each colour, and which way is up"),
        Column("channels", pa.list_(CHANNEL), "Of each channel, grey or red, green, blue: stretch, the brightness that "
               "is black and that is white in the unit of `pixels`, share of the source's pixels above white"),
        Column("source_px", INT, "Pixels above 5 rms, before the picture is resized", "px", least=0),
        Column("saturated_share", REAL, "Of these, brighter than white in every channel; null where there are none",
               least=0, most=1, nullable=True),
        Column("range_kept", REAL, "Of their range in brightness (logarithm), the part where a doubling is at least 8 "
               "of 256 greys in some channel; null where there is no range", least=0, most=1, nullable=True),
        Column("stripes", REAL, "Share of one wave, in any direction, in the power of all structure shorter than a "
               "quarter of the image, sources left out; null here and below: no noise, or too little is left of the "
               "image", least=0, most=1, nullable=True),
        Column("noise_step", REAL, "Logarithm of the ratio of the noise on both sides of the row or column where it is "
               "most: of a seam", least=0, nullable=True),
        Column("level_step", REAL, "Difference of the mean level on both sides, in rms", least=0, nullable=True),
        Column("depth", REAL, "The most negative pixel, in rms: holes and sidelobes", least=0, nullable=True),
        Column("sha256", TEXT, "SHA-256 of `png`", pattern="[0-9a-f]{64}"),
    ),
)  # fmt: skip
CUTOUTS_WITHOUT_PICTURES = tuple(
    one.name for one in CUTOUTS.columns if one.name not in ("pixels", "png", "small", "channels")
)
"""The columns from which all is told of a picture but the picture itself."""
DESCRIPTIONS = Table(
    "DESCRIPTIONS", "the template text of a cutout", ("cutout_id",),
    (
        _id("cutout_id", "The cutout"), _text("text", "One paragraph"),
        Column("claims", pa.list_(CLAIM), "What the text says, as data, each with its evidence"),
    ),
)  # fmt: skip
ANSWERS = Table(
    "ANSWERS", "a question that a cutout can be asked", ("cutout_id", "question_id", "turn"),
    (
        _id("cutout_id", "The cutout"), _text("dataset", "The dataset"),
        _text("question_id", "The question; generated/<subject>: one of a model's that is answered yes or no"),
        Column("turn", INT, "0; of a model's question its 1-based place among those of the cutout", least=0),
        _text("kind", "Its kind"),
        _text("answer", "What is true, in a word: yes, no, classes, a number; of boxes some or none"),
    ),
)  # fmt: skip
QUOTAS = Table(
    "QUOTAS", "an answer to a question in a split, and how many pictures are asked for it",
    ("dataset", "question_id", "split", "answer"),
    (
        _text("dataset", "The dataset"), _text("question_id", "The question"), _text("kind", "Its kind"),
        _text("split", "Of the pictures; none: those that the splits refused", one_of=(*SPLITS_OF, "none")),
        _text("answer", "What is true, in a word"),
        Column("n", INT, "Pictures in which it is true and could be asked for", least=1),
        Column("n_asked", INT, "Those that are asked; the others are left out, so that answers are even", least=0),
        Column("up_to", REAL, "Place, by key, up to which a picture is asked; null: none is", least=0, below=1,
               nullable=True),
    ),
)  # fmt: skip
CONVERSATIONS = Table(
    "CONVERSATIONS", "a conversation about a cutout, which may have several", ("conversation_id",),
    (
        _id("conversation_id", "Made of the cutout and the turns"), _id("cutout_id", "The cutout"),
        _text("dataset", "The dataset"),
        Column("turns", pa.list_(TURN), "Question, answer, kind, question id, claims and writer, in order"),
        _text("generator", "`template`, or the model that wrote some of the turns"),
        _text("prompt_sha", "SHA-256 of what the model was told first; null for templates", nullable=True),
        _text("request_sha", "Key of its first cached reply; null for templates", nullable=True),
    ),
)  # fmt: skip
GENERATED = Table(
    "GENERATED", "a turn that a model wrote and that was kept", ("cutout_id", "turn"),
    (
        _id("cutout_id", "The cutout"), Column("turn", INT, "0-based place among those kept", least=0),
        _text("dataset", "The dataset"),
        _text("question", "As the model put it"), _text("answer", "Of the sentences that stand"),
        Column("sentences", pa.list_(SENTENCE), "Each that was written, its stated claims, and what became of it"),
        Column("n_as_written", INT, "Sentences that stand as written", least=0),
        Column("n_reworded", INT, "Sentences whose claims stand in our own words", least=0),
        Column("n_cut", INT, "Sentences that were cut", least=0),
        Column("claims", pa.list_(CLAIM), "What was read from the answer"),
        _text("verdict", "By rule", one_of=("supported", "contradicted", "unverifiable")),
        Column("reasons", TEXTS, "One for each claim that is not supported"),
        _text("model", "Who wrote it"), _text("revision", "Of the model"), _text("prompt", "Its door"),
        Column("prompt_sha", TEXT, "SHA-256 of what the model was told", pattern="[0-9a-f]{64}"),
        Column("request_sha", TEXT, "Key of the cached reply", pattern="[0-9a-f]{64}"),
        Column("seed", INT, "Of the sampling"), Column("attempt", INT, "1-based; above 1 a retry", least=1),
    ),
)  # fmt: skip
JUDGED = Table(
    "JUDGED", "a conversation scored by a model", ("conversation_id",),
    (
        _id("conversation_id", "The conversation"), _id("cutout_id", "Its cutout"),
        Column("scores", pa.map_(TEXT, REAL), "Axis and score, 0 to 10"),
        _text("model", "Who judged"), _text("revision", "Of the model"), _text("prompt", "Its door"),
        Column("request_sha", TEXT, "Key of the cached reply", pattern="[0-9a-f]{64}"),
    ),
)  # fmt: skip
INJECTIONS = Table(
    "INJECTIONS", "a text whose truth is known, given to the checker", ("injection_id",),
    (
        _id("injection_id", "Made of the cutout, the turn and what was done to it"), _id("cutout_id", "The cutout"),
        _text("dataset", "The dataset"),
        _text("kind", "Of the planted fault; `true` where the text was only reworded"),
        _text("style", "How it was worded"),
        _text("question", "As asked"), _text("answer", "As put before the checker"),
        Column("is_true", pa.bool_(), "Whether the answer is true"),
        _text("verdict", "By rule", one_of=("supported", "contradicted", "unverifiable")),
        Column("is_refused", pa.bool_(), "Whether the policy of the corpus refuses the turn"),
        Column("reasons", TEXTS, "One for each claim that is not supported"),
    ),
)  # fmt: skip
QUALITY = Table(
    "QUALITY", "a turn judged", ("conversation_id", "turn"),
    (
        _id("conversation_id", "The conversation"), Column("turn", INT, "0-based", least=0),
        _text("verdict", "By rule", one_of=("supported", "contradicted", "unverifiable")),
        Column("reasons", TEXTS, "One for each claim that is not supported"),
        Column("judge_scores", pa.map_(TEXT, REAL), "Axis and score, 0 to 10; null without a judge", nullable=True),
        Column("flags", TEXTS, "Names of the checks that spoke"),
    ),
)  # fmt: skip
PAPERS = Table(
    "PAPERS", "a paper whose source is there and that is about the radio sky", ("paper_id",),
    (
        _text("paper_id", "Its arXiv identifier, without version"),
        Column("version", INT, "Of the file; 0 where its name does not say", least=0),
        _text("title", "As listed"), Column("categories", TEXTS, "Of arXiv, the first one its own"),
        Column("keywords", TEXTS, "Those of the corpus that title or abstract have"),
        Column("published", TEXT, "When its first version came", pattern="[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        _text("licence", "A short name; `unknown` where none is listed"),
        Column("is_redistributable", pa.bool_(), "Whether the licence lets changed copies be passed on"),
        _text("attribution", "Who wrote it, when, what, and where it stands"),
        _text("doi", "Of the publication", nullable=True),
        _text("source", "The file or folder, relative to the raw folder"),
        Column("n_bytes", INT, "Its size", least=0),
        Column("sha256", TEXT, "SHA-256 of the file; of a folder of its names and digests", pattern="[0-9a-f]{64}"),
    ),
)  # fmt: skip
FIGURES = Table(
    "FIGURES", "a figure of a paper with its caption", ("figure_id",),
    (
        _id("figure_id", "Made of the paper, the number, the panel and the picture"),
        _text("paper_id", "The paper"), Column("number", INT, "Its place in the paper", least=1),
        _text("panel", "Letter of a subfigure with a caption of its own; else empty"),
        _text("kind", "The environment that it stands in"), _text("label", "Its first label; empty: none"),
        _text("caption_latex", "As in the source"), _text("caption", "Clean text"),
        Column("n_words", INT, "Words of the caption", least=0),
        Column("files", TEXTS, "Pictures in the source, in order"),
        Column("n_pictures", INT, "Pictures put side by side", least=1), _text("source_format", "Of the pictures"),
        Column("source_sha256", TEXT, "SHA-256 of the pictures as found", pattern="[0-9a-f]{64}"),
        Column("png", BYTES, "The picture"), Column("sha256", TEXT, "SHA-256 of `png`", pattern="[0-9a-f]{64}"),
        Column("width_px", INT, "Width", "px", least=1), Column("height_px", INT, "Height", "px", least=1),
        Column("picture_hash", TEXT, "Perceptual hash of 256 bits: alike where the pictures are, whatever their size",
               pattern="[0-9a-f]{64}"),
        Column("small", BYTES, "The picture as 24 x 24 greys, row 0 at the top"),
        Column("n_panels", INT, "Plots in the picture, by gaps and axes", least=1),
        Column("published", TEXT, "Of the paper", pattern="[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        _text("licence", "Of the paper"), Column("is_redistributable", pa.bool_(), "By the licence"),
        _text("attribution", "To be named with the picture"),
    ),
)  # fmt: skip
FIGURE_SPLITS = Table(
    "FIGURE_SPLITS", "a figure that is no copy of another, with its place among train, validation and test",
    ("figure_id",),
    (
        _id("figure_id", "The figure"), _text("paper_id", "The paper"),
        _id("group_id", "What stays together: papers that share a figure or its copies"),
        _text("split", "Train, validation or test", one_of=SPLITS_OF),
        Column("places", pa.list_(PLACE), "Places on the sky that the caption names"),
    ),
)  # fmt: skip
RATINGS = Table(
    "RATINGS", "a figure and its caption, rated by a model and by rules", ("figure_id",),
    (
        _id("figure_id", "The figure"),
        Column("has_multiplot", pa.bool_(), "The model: several plots in one picture"),
        Column("is_astromap", pa.bool_(), "The model: a map of the sky with sources"),
        Column("is_corrupted", pa.bool_(), "The model: the text is incomplete or broken"),
        Column("model_score", INT, "The model: how good the caption is", least=0, most=10),
        Column("rule_multiplot", pa.bool_(), "By rule: panels in the picture, and in the words"),
        Column("rule_corrupted", pa.bool_(), "By rule: the text is incomplete or broken"),
        Column("rules", TEXTS, "What the rules found"),
        Column("score_bound", INT, "The highest score that the rules allow", least=0, most=10),
        Column("caption_score", INT, "The lower one of `model_score` and `score_bound`", least=0, most=10),
        _text("model", "Who rated"), _text("revision", "Of the model"), _text("prompt", "Its door"),
        Column("request_sha", TEXT, "Key of the cached reply", pattern="[0-9a-f]{64}"),
    ),
)  # fmt: skip
CAPTIONS = Table(
    "CAPTIONS", "a record of the hand-over made of a figure and its caption", ("sample_id",),
    (
        _id("sample_id", "Made of the picture and the messages"), _id("figure_id", "The figure"),
        _text("paper_id", "The paper"),
        Column("image", TEXT, "Path of the picture inside the hand-over",
               pattern="images/[0-9a-f]{2}/[0-9a-f]{64}[.]png"),
        Column("conversations", pa.list_(MESSAGE), "One question with its answer, the caption"),
        Column("turns", pa.list_(TURN), "The same"),
        _text("split", "Train, validation or test", one_of=SPLITS_OF), _id("group_id", "What stays together"),
        _text("caption_latex", "As in the source"), Column("n_words", INT, "Words of the caption", least=0),
        Column("is_astromap", pa.bool_(), "The model: a map of the sky with sources"),
        Column("caption_score", INT, "Within the bound of the rules", least=0, most=10),
        Column("statements", pa.list_(STATEMENT), "What the caption says that catalogues and surveys may know"),
        _text("verdict", "supported where any statement is; else it is the author's word",
              one_of=("supported", "author")),
        _text("licence", "Of the paper"), Column("is_redistributable", pa.bool_(), "By the licence"),
        _text("attribution", "To be named with the picture"),
        Column("png", BYTES, "The picture"), Column("png_sha256", TEXT, "Its SHA-256", pattern="[0-9a-f]{64}"),
    ),
)  # fmt: skip
SPLITS = Table(
    "SPLITS", "a cutout with its place among train, validation and test", ("cutout_id",),
    (
        _id("cutout_id", "The cutout"), _id("source_id", "Its source"), _text("dataset", "The dataset"),
        *_position(nullable=True),
        Column("radius_arcsec", REAL, "Half the diagonal of the cutout", "arcsec", least=0, nullable=True),
        Column("guard_arcsec", REAL, "Added to the two radii before cutouts count as apart", "arcsec", least=0),
        _id("patch_id", "The patch of sky: cutouts that overlap, are near, or share a source"),
        _text("split", "Train, validation or test", one_of=SPLITS_OF),
        BENCHMARK,
    ),
)  # fmt: skip
SAMPLES = Table(
    "SAMPLES", "a record of the hand-over", ("sample_id",),
    (
        _id("sample_id", "Made of the picture and the messages"),
        Column("image", TEXT, "Path of the picture inside the hand-over",
               pattern="images/[0-9a-f]{2}/[0-9a-f]{64}[.]png"),
        Column("conversations", pa.list_(MESSAGE), "from, value; human and gpt take turns"),
        _text("split", "Train, validation or test", one_of=SPLITS_OF),
        BENCHMARK,
        _text("dataset", "The dataset"), _text("survey", "The survey"), _text("licence", "Of the pixels"),
        _id("conversation_id", "The conversation"), _id("cutout_id", "The cutout"), _id("source_id", "The source"),
        _id("patch_id", "The patch of sky"),
        *_position(nullable=True),
        Column("radius_arcsec", REAL, "Half the diagonal of the cutout", "arcsec", least=0, nullable=True),
        _text("generator", "Who wrote the turns"),
        Column("n_turns", INT, "Questions asked", least=1),
        Column("verdicts", TEXTS, "One a turn"),
        _text("review", "accepted: most of its reviewers say so; null: nobody looked, or they differ", nullable=True,
              one_of=("accepted",)),
        *_origin(),
        Column("png_sha256", TEXT, "SHA-256 of the picture, which is in CUTOUTS", pattern="[0-9a-f]{64}"),
    ),
)  # fmt: skip
DECISIONS = Table(
    "DECISIONS", "a decision of a reviewer that counts", ("decision_id",),
    (
        _id("decision_id", "Made of all that it says"),
        _text("dataset", "The dataset"), _text("reviewer", "Who decided"),
        _text("decided_at", "When, UTC"),
        _text("verdict", "Of the sample, or that a label is another one", one_of=("accept", "reject", "correct")),
        _id("sample_id", "The sample that was seen"), _id("conversation_id", "Its conversation"),
        _id("cutout_id", "Its cutout"), _id("source_id", "Its source"),
        Column("picture_sha256", TEXT, "SHA-256 of the picture that was seen", pattern="[0-9a-f]{64}"),
        Column("labels_sha256", TEXT, "SHA-256 of the labels in it before any review", pattern="[0-9a-f]{64}"),
        _id("subject_id", "Of a correction: the source or object whose label it is; else null", nullable=True),
        _text("scheme", "Of the label", nullable=True), _text("label", "The label", nullable=True),
        _text("state", "What it is", one_of=("present", "absent", "unknown"), nullable=True),
        _text("note", "What the reviewer wrote beside it", nullable=True),
    ),
)  # fmt: skip
BLIND = Table(
    "BLIND", "a question of a scheme in a split, answered without the picture", ("scheme", "question_id", "split"),
    (
        _text("scheme", "The label scheme"), _text("question_id", "The question"), _text("kind", "Its kind"),
        _text("split", "Validation or test", one_of=SPLITS_OF[1:]),
        Column("n", INT, "Turns answered", least=1),
        Column("n_train", INT, "Turns of train that were learnt from", least=0),
        _text("answer", "The most frequent one in train, in a word; null: train has none", nullable=True),
        Column("n_most_frequent", INT, "Turns of which that is the answer", least=0),
        Column("n_words", INT, "Turns that a bag of the words before the answer gets right", least=0),
        Column("n_name", INT, "Turns that the name of the picture's file gets right", least=0),
    ),
)  # fmt: skip
STATUSES = (
    "exact", "alias", "extracted", "contradictory", "unknown_label", "empty", "refused", "truncated", "backend_error",
)  # fmt: skip
SCORINGS = ("strict", "lenient", "choice", "tuned", "paper", "paper-retried", "all")
RUN = (
    _text("run_id", "The run: model, benchmark and all that was chosen for it"),
    _text("benchmark", "The benchmark"),
    Column("benchmark_version", INT, "Of its file", least=1),
    _text("prompt_variant", "The wording: fixed, paper, code, structured, short"),
    Column("option_order", INT, "0: as listed; above: another order of the options", least=0),
    Column("shots", INT, "Examples shown before the question", least=0),
    Column("shot_seed", INT, "Of their choice; 0 without examples", least=0),
    _text("shot_select", "How examples are chosen; empty: there is none",
          one_of=("", "random", "balanced", "nearest", "nearest-balanced")),
    Column("n_sampled", INT, "Asked about so many pictures, a fixed sample; 0: about all", least=0),
    _text("shown", "The picture itself, an even grey one, or another picture of the benchmark",
          one_of=("picture", "grey", "shuffled")),
    _text("model", "Its name"),
    Column("model_sha", TEXT, "Of the weights, or of the name and revision that a server answers to",
           pattern="[0-9a-f]{64}"),
    _text("decode", "How words are drawn, and what else forms the reply, such as greedy-256 or greedy-256-constrained"),
)  # fmt: skip
REGISTRATIONS = Table(
    "REGISTRATIONS", "a picture without WCS, and where in the mosaics of a survey it was found", ("picture",),
    (
        _text("picture", "The file, relative to the folder that was registered"),
        Column("sha256", TEXT, "SHA-256 of the file", pattern="[0-9a-f]{64}"),
        _text("state", "Whether its place is known", one_of=("found", "unknown")),
        _text("reason", "Why it is not known; null where it is", nullable=True),
        _text("detail", "What was found instead, for people", nullable=True),
        _text("method", "values: its pixels are the mosaic's, bit for bit; correlation: they are most like them",
              one_of=("values", "correlation"), nullable=True),
        _text("mosaic", "The mosaic, relative to the raw folder", nullable=True),
        Column("mosaic_sha256", TEXT, "SHA-256 of the mosaic", pattern="[0-9a-f]{64}", nullable=True),
        *(Column(edge, INT, "The box of the mosaic that it shows; it may reach beyond", "px", nullable=True)
          for edge in EDGES),
        Column("is_mirrored", pa.bool_(), "Whether its rows are in reverse order on the mosaic", nullable=True),
        Column("turn_deg", REAL, "How far it is turned counterclockwise on the mosaic, after that", "deg", least=0,
               below=360, nullable=True),
        Column("scale", REAL, "Pixels of it to a pixel of the mosaic", least=0, nullable=True),
        *_position(nullable=True),
        Column("pixel_arcsec", REAL, "Side of a square as large as a pixel of it at its centre", "arcsec", least=0,
               nullable=True),
        _text("header", "The cards of its own WCS, as in MOSAICS, row 0 at the bottom", nullable=True),
        Column("correlation", REAL, "Of its texture with that of the place that fits best", least=-1, most=1,
               nullable=True),
        Column("runner_up", REAL, "The same of the next best place", least=-1, most=1, nullable=True),
        Column("confidence", REAL, "By how many standard deviations of chance the best place fits better than the "
               "next; null where pixels are the same", nullable=True),
    ),
)  # fmt: skip
PREDICTIONS = Table(
    "PREDICTIONS", "what a model answered about a picture of a benchmark",
    ("model_sha", "template_sha", "benchmark", "benchmark_version", "prompt_sha", "image_id", "image_sha", "decode",
     "shots", "shot_seed"),
    (
        *RUN,
        Column("prompt_sha", TEXT, "SHA-256 of system turn, examples and question", pattern="[0-9a-f]{64}"),
        _text("system", "The system turn; empty: as the template has it"),
        _text("merge_shares", "Shares of the merged models; null: not merged", nullable=True),
        _text("backend", "Who answered: served, local, replay, encoder"),
        _text("backend_version", "Of server or library"),
        _text("template_sha", "SHA-256 of the chat template; empty where a server keeps it to itself"),
        _text("image_id", "The cutout"),
        Column("image_sha", TEXT, "SHA-256 of the picture as shown", pattern="[0-9a-f]{64}"),
        _text("cluster", "What is resampled together: the picture, its mosaic or its patch of sky"),
        _text("split", "Where the picture stands", one_of=SPLITS_OF),
        Column("truth", TEXTS, "True classes, by the benchmark's rule; none: the answer NONE"),
        Column("truths", pa.map_(TEXT, TEXTS), "The same by its other rules; a rule that cannot tell is left out"),
        Column("examples", TEXTS, "The cutouts shown before it with their true answers; none: no examples"),
        _text("reply", "What the model said, a choice without its form; null: none came", nullable=True),
        _text("raw_reply", "As the model gave it, where that is something else; null: it is the same", nullable=True),
        Column("retries", TEXTS, "What it said to the original's retries; null: there were none", nullable=True),
        _text("finish_reason", "Why the model ended; null where nobody says", nullable=True),
        _text("status", "How the reply could be read", one_of=STATUSES),
        Column("predicted", TEXTS, "Classes read from the reply; none: NONE; null: not readable", nullable=True),
        Column("n_unknown", INT, "Pieces of the reply that are no answer", least=0),
        Column("taken", TEXTS, "Words that were read as the answer, in capitals and without markup; empty: none were"),
        Column("choices", TEXTS, "The allowed answers, where their likelihoods were taken", nullable=True),
        Column("choice_logprob", REALS, "Log-likelihood of each, its end included", nullable=True),
        Column("choice_prob", REALS, "Probability of each among them", nullable=True),
        Column("mass", REAL, "How likely the model gives any of them", least=0, most=1.001, nullable=True),
        Column("n_tokens_in", INT, "Of the prompt, the picture included; null: unknown", least=0, nullable=True),
        Column("n_tokens_out", INT, "Of the reply; null: unknown", least=0, nullable=True),
        Column("latency_ms", REAL, "From question to reply; null: unknown", least=0, nullable=True),
        Column("attempts", INT, "Questions asked for it, retries included", least=0),
        _text("error", "Why no reply came", nullable=True),
        _text("at", "When it was answered, UTC; null: unknown", nullable=True),
    ),
)  # fmt: skip
SCORES = Table(
    "SCORES", "a number that says how well a run did, with its interval",
    ("run_id", "benchmark", "truth_rule", "scoring", "of", "predicted_as", "metric"),
    (
        *RUN,
        _text("truth_rule", "The rule that made the truth"),
        _text("scoring", "How replies became classes", one_of=SCORINGS),
        _text("of", "A class, an average (macro, macro-with-none, weighted, micro, all), a status or a bin"),
        _text("predicted_as", "Of a confusion matrix: the class said, or invalid; else empty"),
        _text("metric", "precision, recall, f1, support, accuracy, coverage …"),
        Column("value", REAL, "The number; null where it has no meaning", nullable=True),
        Column("low", REAL, "Lower end of the 95 % interval; null: none was made", nullable=True),
        Column("high", REAL, "Upper end of the 95 % interval; null: none was made", nullable=True),
        Column("n", INT, "Pictures it is made of; of a class, those that truly are of it", least=0),
        _text("method", "How the interval was made, or none"),
    ),
)  # fmt: skip

CORPUS_TABLES = (
    MOSAICS, SOURCES, OBJECTS, ENTRIES, MATCHES, MATCHINGS, WINDOWS, FRAMES, NOISE, CUTOUTS, DESCRIPTIONS, ANSWERS,
    QUOTAS,
    GENERATED, CONVERSATIONS, JUDGED, QUALITY, INJECTIONS, TWINS, ALIKE, SEALED, SPLITS, SAMPLES, BLIND, PAPERS,
    FIGURES, FIGURE_SPLITS, RATINGS, CAPTIONS, DECISIONS,
)  # fmt: skip
TABLES = (*CORPUS_TABLES, REGISTRATIONS, PREDICTIONS, SCORES)
