"""Sources of papers as they lie in the raw folder: which paper each is, its size and its content."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.captions.settings import PaperChoice
from curation.pictures.mosaics import indexed
from curation.pictures.unchanged import Stamps, stamps_of, unchanged
from schemas.errors import CatalogError
from schemas.fingerprint import fingerprint

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".gz", ".pdf")
IDENTIFIER = re.compile(r"(?P<old>[a-z]+(?:-[a-z]+)?)(?:\.[A-Z]{2})?[_/]?(?P<digits>\d{7})|(?P<new>\d{4}\.\d{4,5})")
VERSION = re.compile(r"v([1-9]\d{0,2})$")
MOST_MEMBERS = 20_000  # of a folder


@dataclass(frozen=True)
class PaperFile:
    """A source as it counts for an address; its name is relative to the raw folder."""

    name: str
    is_folder: bool
    n_bytes: int
    sha256: str
    """Of the file's bytes; of a folder that of its names and their digests."""


@dataclass(frozen=True)
class PaperFiles:
    """All sources, the files of metadata with their digests, and the stamps of all of them."""

    sources: tuple[PaperFile, ...]
    metadata: tuple[tuple[str, str], ...]
    stamps: Stamps


def find_papers(raw: Path, choice: PaperChoice, digests: dict[str, Any]) -> PaperFiles:
    """The sources and the metadata below `raw`, by name. Raises CatalogError where there is none of either.

    `digests`: see `curation.pictures.mosaics.find_files`; what has its size and times still is not read again.
    """
    files, metadata = choice.files, choice.metadata
    told = _matched(raw, metadata)
    if not told:
        raise CatalogError(
            f"captions: nothing matches {', '.join(metadata)} below {raw}; expected arXiv's records, a JSON object a "
            "line: fetch them, or name others in [captions.papers] metadata"
        )
    paths = [one for one in _matched(raw, files) if one not in told and (one.is_dir() or _is_source(one))]
    if not paths:
        raise CatalogError(
            f"captions: nothing matches {', '.join(files)} below {raw}; expected sources of papers, "
            f"{', '.join(SUFFIXES)} or folders: fetch them, or name others in [captions.papers] files"
        )
    listed = tuple((_name(raw, one), indexed(_name(raw, one), one, digests).sha256) for one in told)
    found = tuple(_paper_file(raw, one, digests) for one in paths)
    return PaperFiles(found, listed, stamps_of(digests, list(digests)))


def paper_of(name: str) -> tuple[str, int]:
    """The arXiv identifier that a source's name begins with, and its version: 0 where it says none; "" for no name."""
    stem = stem_of(name)
    if version := VERSION.search(stem):
        stem = stem[: version.start()]
    found = IDENTIFIER.fullmatch(stem)
    if not found:
        return "", 0
    paper = found["new"] or f"{found['old']}/{found['digits']}"
    return paper, int(version[1]) if version else 0


def stem_of(name: str) -> str:
    """The last part of a path without the ending of an archive."""
    last = name.rsplit("/", 1)[-1]
    return next((last[: -len(one)] for one in SUFFIXES if last.lower().endswith(one)), last)


@contextmanager
def unchanged_source(raw: Path, source: PaperFile, stamps: Stamps) -> Generator[None]:
    """Hold a source to its digest, before it is read in this block and after. Raises CatalogError for other content."""
    path = raw / source.name
    if not source.is_folder:
        with unchanged(path, source.sha256, stamps.get(source.name)):
            yield
        return
    _check_folder(raw, source)
    yield
    _check_folder(raw, source)


def _check_folder(raw: Path, source: PaperFile) -> None:
    """All of it is read again: the folder of a paper is small."""
    path = raw / source.name
    if _paper_file(raw, path, {}).sha256 != source.sha256:
        raise CatalogError(f"{path}: not the folder it was when it was indexed; run `build` again, it will notice")


def _matched(raw: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted({path for one in patterns for path in raw.glob(one)})


def _is_source(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES)


def _name(raw: Path, path: Path) -> str:
    name = path.relative_to(raw).as_posix()
    if not name.isprintable():
        raise CatalogError(
            f"{raw}: captions: found the name {name!a:.200}, expected one that can be printed; rename it"
        )
    return name


def _paper_file(raw: Path, path: Path, digests: dict[str, Any]) -> PaperFile:
    name = _name(raw, path)
    if not path.is_dir():
        one = indexed(name, path, digests)
        return PaperFile(name, is_folder=False, n_bytes=one.n_bytes, sha256=one.sha256)
    members: list[tuple[str, str]] = []
    n_bytes = 0
    for member in sorted(path.rglob("*")):
        if member.is_symlink() or not member.is_file():
            continue  # a link counts for nothing here, and is refused where figures are read
        name_of_it = member.relative_to(raw).as_posix()
        one = indexed(name_of_it, member, digests if name_of_it.isprintable() else {})
        members.append((member.relative_to(path).as_posix(), one.sha256))
        n_bytes += one.n_bytes
        if len(members) > MOST_MEMBERS:
            raise CatalogError(
                f"{path}: more than {MOST_MEMBERS} files, expected the source of one paper; move it away"
            )
    return PaperFile(name, is_folder=True, n_bytes=n_bytes, sha256=fingerprint(members))
