"""Whether a file is a whole one of its kind, by its ending: where nobody knows its size or checksum, this is known.

Kinds: FITS (all bytes that its headers claim), gzip (to its checksum), Parquet, ZIP, VOTable. Of others: no web page.
"""

import re
from pathlib import Path

from isal import igzip

from curation.pictures.fits_header import BROKEN_GZIP, ImageError, hdus, open_fits

PAGE = re.compile(rb"\s*<(?:!doctype\s+html|html)", re.IGNORECASE)
BEGINS = {
    ".fits": b"SIMPLE  =", ".gz": b"\x1f\x8b", ".tgz": b"\x1f\x8b", ".parquet": b"PAR1", ".zip": b"PK", ".xml": b"<",
}  # fmt: skip
ENDS = {".parquet": b"PAR1", ".xml": b"</VOTABLE>"}
CUT = b'"OVERFLOW"'
"""What a TAP service says at the end of a table that it cut."""
BEGIN, END = 512, 4096


def trouble_of(file: Path, name: str) -> str:
    """What is wrong with a file that came under a name, in a few words; empty: nothing that can be seen."""
    ending = Path(name).suffix.lower()
    with file.open("rb") as found:
        begin = found.read(BEGIN)
        found.seek(max(0, file.stat().st_size - END))
        end = found.read().rstrip()
    if not begin:
        return "nothing came"
    if PAGE.match(begin):
        return f"a web page came, and no {ending or 'file'}"
    if not begin.startswith(BEGINS.get(ending, b"")):
        return f"something that begins with {begin[:12]!r} came, and no {ending}"
    if not end.endswith(ENDS.get(ending, b"")):
        return f"it ends before its end: no {ENDS[ending].decode()} stands there"
    if ending == ".xml" and CUT in end:
        return "the service cut the table (OVERFLOW); ask for less, or elsewhere"
    return _of_fits(file) if ending == ".fits" else _of_gzip(file) if ending in (".gz", ".tgz") else ""


def _of_fits(file: Path) -> str:
    try:
        with open_fits(file) as stream:
            for _ in hdus(stream, file.stat().st_size):
                pass
    except ImageError as error:
        return str(error).removesuffix("; fetch it again")
    return ""


def _of_gzip(file: Path) -> str:
    try:
        with igzip.open(file, "rb") as stream:
            while stream.read(1 << 20):
                pass
    except BROKEN_GZIP as error:
        return f"its gzip is broken: {' '.join(str(error).split())[:100]}"
    return ""
