"""Tables opened by what they are, without a door: FITS, VOTable, Parquet, IPAC, and text by its separator."""

import csv
import io
import re
import tarfile
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from astropy.io import fits, votable

from catalogs.formats import archives, fits_tables, parquet_tables, text_tables, typed_tables, whitespace
from catalogs.formats.tables import RawTable
from curation.pictures.fits_header import BROKEN_GZIP, open_fits
from schemas.errors import CatalogError

FITS, PARQUET, XML = b"SIMPLE  =", b"PAR1", (b"<?xml", b"<VOTABLE")
ARCHIVES = (b"PK\x03\x04", b"\x89HDF")
SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
HEAD_BYTES = 2**18  # of a text are looked at to find what separates its fields
SURE_SHARE = 0.9  # of the lines must have as many fields as the header
UNREADABLE = cast("tuple[type[Exception], ...]", BROKEN_GZIP)
MOST_NUMBERS = 0.3  # share of the header's fields that are numbers, from which on it is a row
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?")


@dataclass(frozen=True)
class Form:
    """How a table is to be read, in the words of a catalogue's door."""

    format: str
    member: str | None = None
    hdu: int | None = None
    delimiter: str | None = None
    comment: str = ""
    below_header: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """For people: `csv, semicolon, below its header units and dashes`."""
        parts = [self.format, *([f"table {self.hdu}"] if self.hdu is not None else [])]
        parts += [self.member] if self.member else []
        parts += [SEPARATORS.get(self.delimiter, self.delimiter)] if self.delimiter else []
        parts += [f"comments {self.comment}"] if self.comment else []
        return ", ".join(
            [*parts, *([f"below its header {' and '.join(self.below_header)}"] if self.below_header else [])]
        )


@dataclass(frozen=True)
class Opened:
    """A table with its form, and what it says of the meaning of its columns (UCDs, descriptions) by their names."""

    raw: RawTable
    form: Form
    meanings: dict[str, str] = field(default_factory=dict[str, str])


def open_tables(path: Path) -> list[Opened]:
    """Every table of a file. Raises CatalogError, one line, for a file that holds none."""
    body = _first_bytes(path)
    if body.startswith(FITS):
        return _fits(path)
    if body.startswith(ARCHIVES):
        raise CatalogError(f"{path}: an archive that is no table; unpack it, expected FITS, VOTable, Parquet or text")
    member = _member(path)
    body = archives.read_body(path, member)
    where = str(path) if member is None else f"{path}: {member}"
    if body.startswith(PARQUET):
        return [Opened(parquet_tables.read_parquet(body, where), Form("parquet", member))]
    if body.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(XML) and b"<VOTABLE" in body[:HEAD_BYTES]:
        return _votable(body, where, member)
    if _is_ipac(body):
        return [Opened(typed_tables.read_ipac(body, where), Form("ipac", member))]
    if (between_blanks := _between_blanks(body, where)) is not None:
        return [Opened(between_blanks, Form("whitespace", member))]
    form = text_form(body, where, member)
    raw = text_tables.read_delimited(
        body, where, form.delimiter or ("\t" if form.format == "tsv" else ","), form.comment, form.below_header
    )
    return [Opened(raw, form)]


def _between_blanks(body: bytes, where: str) -> RawTable | None:
    """A table with blanks between its values, as source finders write them; None for what has another separator."""
    head = body[:HEAD_BYTES].decode("utf-8", "replace")
    lines = [line for line in head.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if "\0" in head or any(_agreement(lines, one) >= SURE_SHARE for one in SEPARATORS):
        return None
    try:
        raw = whitespace.read_whitespace(body, where)
    except CatalogError:
        return None
    return raw if len(raw.columns) > 1 and len(raw.row) >= SURE_SHARE * raw.n_rows > 0 else None


def text_form(body: bytes, where: str, member: str | None = None) -> Form:
    """The form of a table that is text. Raises CatalogError where its lines have no separator in common."""
    if b"\0" in body[:HEAD_BYTES]:
        raise CatalogError(f"{where}: neither an image nor a table that is known, it begins with {body[:12]!r}")
    text = body[:HEAD_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    if text.lstrip()[:1] in ("{", "[", "<"):
        raise CatalogError(f"{where}: JSON or a web page, neither an image nor a table; it begins with {text[:24]!r}")
    lines = [line for line in text.splitlines() if line.strip()][: None if len(body) <= HEAD_BYTES else -1]
    comment = "#" if any(line.startswith("#") for line in lines) else ""
    lines = [line for line in lines if not comment or not line.startswith(comment)]
    found = {one: share for one in SEPARATORS if (share := _agreement(lines, one)) >= SURE_SHARE}
    if not found:
        raise CatalogError(
            f"{where}: neither an image nor a table: its lines have no separator in common; expected FITS, VOTable, "
            "Parquet, IPAC, or text with commas, tabs, semicolons or blanks between its fields and a header line"
        )
    separator = max(found, key=lambda one: len(_fields(lines[0], one)))
    names = _fields(lines[0], separator)
    numbers = [one.strip() for one in names if NUMBER.fullmatch(one.strip())]
    if len(numbers) >= MOST_NUMBERS * len(names):
        seen = f"its first line holds numbers ({', '.join(numbers[:3])})"
        raise CatalogError(f"{where}: {seen}, expected the names of its columns; add a header line")
    below = _below(lines[1:3], separator)
    is_tsv = separator == "\t"
    return Form("tsv" if is_tsv else "csv", member, None, None if separator in ",\t" else separator, comment, below)


def _first_bytes(path: Path) -> bytes:
    """The file's first bytes as read, unzipped where they are gzip. Raises CatalogError where there are none."""
    try:
        with open_fits(path) as stream:
            found = stream.read(64)
    except FileNotFoundError:
        raise CatalogError(f"{path}: no such file") from None
    except UNREADABLE as error:
        raise CatalogError(f"{path}: cannot be read: {error}") from error
    if not found:
        raise CatalogError(f"{path}: empty file")
    return found


def _fits(path: Path) -> list[Opened]:
    try:
        with fits.open(path, memmap=False, lazy_load_hdus=False) as opened:
            hdus = list[Any](opened)
            numbers = [at for at, one in enumerate(hdus) if isinstance(one, fits.BinTableHDU | fits.TableHDU)]
            meanings = [_fits_meanings(hdus[at].header) for at in numbers]
    except Exception as error:  # astropy raises whatever a broken header leads to
        raise CatalogError(f"{path}: not a readable FITS table: {error}".replace("\n", " ")) from error
    if not numbers:
        raise CatalogError(f"{path}: FITS without a table and without an image of two axes")
    only = len(numbers) == 1
    return [
        Opened(fits_tables.read_fits(path, at), Form("fits", hdu=None if only else at), said)
        for at, said in zip(numbers, meanings, strict=True)
    ]


def _fits_meanings(header: Any) -> dict[str, str]:
    """UCD and comment of each column, as far as there are any."""
    found = dict[str, str]()
    for at in range(1, int(header.get("TFIELDS", 0)) + 1):
        name = str(header.get(f"TTYPE{at}", ""))
        said = [str(header.get(f"{key}{at}", "") or "") for key in ("TUCD", "TCOMM")]
        if any(said):
            found[name] = " ".join(one for one in said if one)
    return found


def _votable(body: bytes, where: str, member: str | None) -> list[Opened]:

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inside = list(votable.parse(io.BytesIO(body), verify="ignore").iter_tables())
    except Exception as error:  # astropy raises whatever broken XML leads to
        raise CatalogError(f"{where}: not a readable VOTable: {error}".replace("\n", " ")) from error
    if not inside:
        raise CatalogError(f"{where}: a VOTable without a table")
    only = len(inside) == 1
    return [
        Opened(
            typed_tables.read_votable(body, where, at), Form("votable", member, None if only else at),
            {str(one.name): f"{one.ucd or ''} {one.description or ''}".strip() for one in table.fields},
        )
        for at, table in enumerate(inside)
    ]  # fmt: skip


def _member(path: Path) -> str | None:
    """The one file of a tar; None for what is no tar. Raises CatalogError where it holds several."""
    if not tarfile.is_tarfile(path):
        return None
    with tarfile.open(path) as tar:
        inside = [one.name for one in tar if one.isreg()]
    if len(inside) != 1:
        listed = ", ".join(inside[:5])
        raise CatalogError(f"{path}: a tar with {len(inside)} files, expected one table; unpack it: {listed}")
    return inside[0]


def _is_ipac(body: bytes) -> bool:
    lines = body[:HEAD_BYTES].decode("utf-8", "replace").splitlines()
    after = [line for line in lines if line.strip() and not line.startswith("\\")]
    return len(after) > 1 and all(line.startswith("|") and line.rstrip().endswith("|") for line in after[:2])


def _agreement(lines: Sequence[str], separator: str) -> float:
    """Share of the lines with as many fields as the first, at least two; 0 where the first has one only."""
    if not lines:
        return 0.0
    try:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
    except csv.Error:
        return 0.0
    wanted = len(_fields(lines[0], separator))
    return counts[wanted] / sum(counts.values()) if wanted > 1 else 0.0


def _fields(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _below(lines: Sequence[str], separator: str) -> tuple[str, ...]:
    """What stands between header and data: nothing, dashes, or units and dashes."""
    is_dashed = [all(one.strip() and not one.strip().strip("-") for one in _fields(line, separator)) for line in lines]
    if is_dashed[:1] == [True]:
        return ("dashes",)
    return ("units", "dashes") if is_dashed[1:2] == [True] else ()
