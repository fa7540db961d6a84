"""What is fed with spoilt input: each reader with valid inputs, and with words that mean something to it."""

import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from catalogs.formats.ds9 import read_ds9
from catalogs.formats.text_tables import read_delimited
from catalogs.formats.typed_tables import read_ipac, read_votable
from catalogs.formats.whitespace import read_whitespace
from catalogs.survey import surveys
from curation.asking.request import Reply
from curation.extraction.reading import extract_claims
from curation.generation.caption import caption, told_objects
from curation.generation.judge import read_scores
from curation.generation.stated_claims import Told, written_claims
from curation.generation.turns import read_turns
from curation.papers.figures import figures_of
from curation.pictures.boxes import DIALECT_WORDS, decode_box
from curation.pictures.mosaics import read_mosaic
from curation.pictures.plane import open_plane
from curation.words.every_text import every_picture, every_text
from curation.words.question import questions
from evaluate.tasks.answers import read_as_paper, read_reply
from evaluate.tasks.reply_words import Vocabulary
from schemas.errors import CatalogError, ReplyError
from schemas.labels import label_scheme
from tests.making_papers import FLOATS, MACROS, NONE, TEXTS

SCHEME = label_scheme("rgcat")


@dataclass(frozen=True)
class Reader:
    """A reader of bytes, opened in a folder of its own; valid inputs; words that mean something to it."""

    opened: Callable[[Path], Callable[[bytes], object]]
    made: Callable[[], Sequence[bytes]]
    words: Sequence[bytes]

    @cached_property
    def seeds(self) -> Sequence[bytes]:
        """Valid inputs."""
        return self.made()


# -- FITS --------------------------------------------------------------------------------------------------------------


def _images() -> list[bytes]:
    """Small images of the sky: plain, with a beam and more axes, as integers, tile-compressed, in gzip."""
    wcs = {
        "CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": 210.0, "CRVAL2": 54.0, "CRPIX1": 8.0, "CRPIX2": 8.0,
        "CDELT1": -5e-4, "CDELT2": 5e-4, "CUNIT1": "deg", "CUNIT2": "deg", "BUNIT": "JY/BEAM", "BMAJ": 0.0015,
        "BMIN": 0.0014, "BPA": 12.0, "RADESYS": "FK5", "EQUINOX": 2000.0,
    }  # fmt: skip
    pixels = np.random.default_rng(1).normal(size=(16, 16)).astype(np.float32)
    header = fits.Header(wcs)
    integers = fits.PrimaryHDU((pixels * 100).astype(np.int16), header)
    integers.header["BLANK"], integers.header["BSCALE"] = -32768, 0.01
    many = [
        fits.HDUList([fits.PrimaryHDU(pixels, header)]),
        fits.HDUList([fits.PrimaryHDU(pixels[None, None], header)]),
        fits.HDUList([integers]),
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels, header, compression_type="RICE_1")]),
    ]
    bodies = []
    for one in many:
        sink = io.BytesIO()
        one.writeto(sink)
        bodies.append(sink.getvalue())
    return [*bodies, gzip.compress(bodies[0], mtime=0)]


def _mosaic(folder: Path) -> Callable[[bytes], object]:
    survey = next(one for one in surveys().values() if not one.pictures)

    def read(body: bytes) -> object:
        path = folder / "a.fits"
        path.write_bytes(body)
        row = read_mosaic(path, path.name, survey)
        plane = open_plane(path)
        return row, plane.read((0, 0, 8, 8))

    return read


CARDS = [
    f"{card:<80}".encode()
    for card in (
        "NAXIS   =                    3", "NAXIS1  =           1000000000", "NAXIS2  =                   -1",
        "BITPIX  =                   17", "CTYPE1  = 'GLON-CAR'", "CTYPE2  = 'DEC--NCP'", "CDELT1  =               0.0",
        "CRVAL1  =                  NaN", "BSCALE  =                  0.0", "BZERO   =               1E400", "END",
        "XTENSION= 'BINTABLE'", "ZTILE1  =           1000000000", "ZCMPTYPE= 'HCOMPRESS_1'", "TFIELDS =           999",
        "PC1_1   =                  0.0", "CONTINUE  'a&'", "BUNIT   = 'K'", "BMAJ    =                -1.0",
        "LONPOLE =               180.0", "HIERARCH a b = 1", "CRPIX1  = 'eight'", "GROUPS  =                    T",
    )
]  # fmt: skip


# -- words -------------------------------------------------------------------------------------------------------------


def _texts() -> list[bytes]:
    """Sentences of ours, boxes and numbers among them."""
    said = [one.text for one in every_text(SCHEME, questions().values()) if one.is_sentence]
    return [one.encode() for one in said[:: max(1, len(said) // 300)]]


def _claims(_: Path) -> Callable[[bytes], object]:
    def read(body: bytes) -> object:
        text = body.decode("utf-8", "replace")
        return [extract_claims(asked, text, SCHEME, "xyxy_norm") for asked in ("Describe the image.", text[:500])]

    return read


def _picture() -> Told:
    known = next(one for one, _ in islice(every_picture(SCHEME), 5, None) if one.objects and len(one.objects) > 1)
    return Told(known, told_objects(known))


def _replies() -> list[bytes]:
    """Replies as a served model should write them: turns with the claims of each sentence, scores, an answer."""
    picture = _picture()
    told = caption(picture.known, "xyxy_norm")
    stated = [{"text": one.text, "claims": written_claims(one.claims, picture.objects)} for one in told]
    turns = {"turns": [{"question": "What is there?", "answer": stated}] * 2}
    scores = {"truth": 9, "use": 3, "score": 8.5}
    return [json.dumps(one).encode() for one in (turns, scores, {"answer": "FR-I"}, ["FR-II", "C"])]


def _reply(_: Path) -> Callable[[bytes], object]:
    picture = _picture()
    words = [
        Vocabulary("labels", ("COMPACT", "EXTENDED", "RADIO-GALAXY"), none="NONE"),
        Vocabulary("one-label", ("FR-I", "FR-II"), aliases={"FANAROFF-RILEY ONE": "FR-I"}),
        Vocabulary("yes-no", ("YES", "NO")),
    ]

    def read(body: bytes) -> object:
        reply = Reply("key", body.decode("utf-8", "replace"))
        found: list[Any] = [read_turns(reply, picture)]
        found += [read_reply(reply.text, "stop", one) for one in words]
        found += [read_as_paper(reply.text, one) for one in words]
        return found, read_scores(reply, ("truth", "use", "score"))

    return read


def _box(_: Path) -> Callable[[bytes], object]:
    def read(body: bytes) -> object:
        found = []
        for dialect in DIALECT_WORDS:
            try:
                box = decode_box(body.decode("utf-8", "replace"), dialect)
            except ReplyError:
                continue
            assert 0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1, box
            found.append(box)
        return found

    return read


# -- papers and tables -------------------------------------------------------------------------------------------------


def _papers() -> list[bytes]:
    head, tail = "\\documentclass{article}\n%s\n\\begin{document}\nText.\n", "\n\\end{document}\n"
    every = [*FLOATS, *MACROS, *NONE, *TEXTS]
    return [(one.tex if "\\document" in one.tex else head % one.preamble + one.tex + tail).encode() for one in every]


def _latex(folder: Path) -> Callable[[bytes], object]:
    """LaTeX whose pictures are not there: of the text alone."""

    def read(body: bytes) -> object:
        (folder / "main.tex").write_bytes(body)
        paper = figures_of(folder)
        assert all(one.reason and "\n" not in one.detail for one in paper.refused), paper.refused
        return paper

    return read


def _tables() -> list[bytes]:
    rows = 'a,b,c\n1,2.5,x\n2,nan,"y, z"\n3,-1e3,\n'
    ipac = "|  a|    b|\n|int| real|\n|   |  deg|\n   1   2.5\n   2  -1.0\n"
    votable = (
        '<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        '<FIELD name="a" datatype="int"/><FIELD name="b" datatype="double" unit="deg"/><DATA><TABLEDATA>'
        "<TR><TD>1</TD><TD>2.5</TD></TR><TR><TD>2</TD><TD/></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    ds9 = (
        '# Region file format: DS9 version 4.1\nfk5\ncircle(210.1,54.2,3") # text={a}\n'
        "polygon(1,1,2,1,2,2) # tag={COMPACT}\nimage\nbox(5,5,2,3,30)\nellipse(4,4,2,1,10)\n"
    )
    return [one.encode() for one in (rows, ipac, votable, ds9, rows.replace(",", "  "))]


def _table(folder: Path) -> Callable[[bytes], object]:
    """By each reader of text tables: what is valid for one is spoilt for the others."""
    many = [
        partial(read_delimited, where="a.csv"), partial(read_ipac, where="a.tbl"),
        partial(read_votable, where="a.xml"), partial(read_whitespace, where="a.txt"),
    ]  # fmt: skip

    def read(body: bytes) -> object:
        (folder / "a.reg").write_bytes(body)
        found: list[Any] = []
        for one in (*many, lambda _: read_ds9(folder / "a.reg")):
            try:
                found.append(one(body))
            except CatalogError as error:
                assert str(error) and "\n" not in str(error), error
        return found

    return read


def _bytes(*words: str) -> list[bytes]:
    return [one.encode() for one in words]


FIGURE_WORDS = _bytes(
    "\\begin{figure}", "\\end{figure}", "\\caption{", "\\caption[", "\\includegraphics{", "\\input{main}", "\\def\\x{",
    "\\newcommand{\\x}[2]{#1#2", "\\x", "{", "}", "$", "%", "\\verb|", "1\\farcs5", "\\label{a}", "^{", "_", "&", "#1",
    "\\begin{verbatim}", "~", "\\subfloat[", "\\\\", "\\cite{a}", "\\text{",
)  # fmt: skip
CLAIM_WORDS = _bytes(
    " not", " no", " neither", " and", " or", " only", " FR-II", " at the top left", " 30 %", " 1.4 GHz", " more than",
    " [0.1, 0.2, 0.3, 0.4]", " twelve", " of them", " except", ", which", " isn't", "?", ";", " (",
)  # fmt: skip
REPLY_WORDS = _bytes(
    "<think>", "</think>", "\\boxed{", "```json", "FR-I", "NO", "yes", '"claims": [', '"kind": "box"', "}", "]",
    '"question"', ': "', "Answer: ", " is ruled out", "rather than ",
)  # fmt: skip
TABLE_WORDS = _bytes(",", "|", "\n", "<TD>", "</TR>", "<!DOCTYPE a [", "&lt;", "#", "circle(", ")", "fk5\n")
BOXES = _bytes("[0.120, 0.305, 0.188, 0.410]", "[120, 305, 188, 410]")

READERS = {
    "fits": Reader(_mosaic, _images, CARDS),
    "box": Reader(_box, lambda: BOXES, _bytes(",", "0.5", "]")),
    "claims": Reader(_claims, _texts, CLAIM_WORDS),
    "reply": Reader(_reply, _replies, REPLY_WORDS),
    "latex": Reader(_latex, _papers, FIGURE_WORDS),
    "table": Reader(_table, _tables, TABLE_WORDS),
}
"""By name; what each may raise is `schemas.errors`."""
