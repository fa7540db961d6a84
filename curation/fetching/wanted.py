"""Which files a list means, for the names that a user gives: each with its address, its place, and what is known."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote

from catalogs.archive import Archive, Kept, manifest_rows
from curation.fetching.line import Line
from curation.fetching.listing import listed
from schemas.errors import FetchError, RecipeError


@dataclass(frozen=True)
class Wanted:
    """A file to be fetched."""

    url: str
    path: str
    """Relative to the raw folder."""
    n_bytes: int | None = None
    sha256: str | None = None
    md5: str | None = None


def wanted(archive: Archive, names: Sequence[str], only: str, line: Line) -> list[Wanted]:
    """The files of a list, each place once. `only`: a pattern of the last part of their places, as in a shell.

    Asks the archive for listings alone. Raises RecipeError for names that it has none of, FetchError for listings.
    """
    check_names(archive, names)
    found = [one for kept in archive.files for one in _of(kept, names, line)]
    found = [one for one in found if fnmatchcase(one.path.rsplit("/", 1)[-1], only)]
    places = {one.path: one for one in found}
    if len(places) < len(found):
        twice = sorted(one.path for one in found if places[one.path] is not one)
        raise FetchError(f"{archive.name}: two files would go to {twice[0]}")
    return found


def check_names(archive: Archive, names: Sequence[str]) -> None:
    """Raise RecipeError for names that are none of the list, and where one is needed and none was given."""
    if names and not archive.names:
        told = f"found the name {names[0]!r:.100}, and this list takes none; --only PATTERN chooses"
        raise RecipeError(f"{archive.name}: {told}")
    if wrong := [one for one in names if not re.fullmatch(archive.names, one)]:
        raise RecipeError(f"{archive.name}: found {wrong[0]!r:.100}, expected {archive.names_told}")
    asks_all = archive.casda or all("{name}" in one.url + one.listed for one in archive.files)
    if not names and archive.names and asks_all:
        raise RecipeError(f"{archive.name}: which? Name {archive.names_told}; several may stand one after the other")


def _of(kept: Kept, names: Sequence[str], line: Line) -> Iterator[Wanted]:
    takes_name = "{name}" in kept.url + kept.listed
    for name in names if takes_name else ("",):
        if kept.listing:
            for one in listed(line, kept.listing, _filled(kept.listed, name), kept.pattern):
                url = _filled(kept.url, name).replace("{key}", one.key).replace("{file}", quote(one.file, safe=""))
                yield Wanted(url, _place(kept, name, one.file), one.n_bytes, None, one.md5)
        elif kept.manifest:
            for file, n_bytes, sha256 in manifest_rows(kept.manifest):
                url = _filled(kept.url, name).replace("{file}", quote(file, safe=""))
                yield Wanted(url, _place(kept, name, file), n_bytes, sha256)
        else:
            yield Wanted(_filled(kept.url, name), _place(kept, name, ""), kept.n_bytes, kept.sha256)


def _filled(address: str, name: str) -> str:
    return address.replace("{name}", quote(name, safe=""))


def _place(kept: Kept, name: str, file: str) -> str:
    return kept.path.replace("{name}", name.replace("/", "_")).replace("{file}", file)
