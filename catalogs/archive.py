"""A list of what an archive holds: addresses, hosts, licence. A door: one TOML file each in `archives/`."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from schemas.doors import door_roots
from schemas.errors import RecipeError
from schemas.folder import read_doors

HERE = Path(__file__).parent / "archives"
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
"""How a file may be called that a listing or a manifest names; it becomes a name below the raw folder."""
PLACES = ("{name}", "{file}", "{key}")


class Kept(BaseModel):
    """One file, or a kind of files, and where it goes.

    `{name}` stands for what the user names, `{file}` for a name from a listing or a manifest, `{key}` for a listed file
    with the folders that the listing has before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    path: str
    """Where it goes, relative to the raw folder."""
    n_bytes: PositiveInt | None = None
    sha256: str | None = Field(default=None, pattern=r"[0-9a-f]{64}")
    manifest: str = ""
    """A CSV file beside this one with the columns file, bytes and sha256: each row is one file."""
    listing: Literal["", "s3", "index"] = ""
    """How files are found out: the XML of a bucket, or the links of a page. `listed` is its address."""
    listed: str = ""
    pattern: str = "*"
    """Of the names that are taken from a listing, as in a shell."""
    note: str = ""
    """What people should know before they take it."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        path = PurePosixPath(self.path)
        if path.is_absolute() or ".." in path.parts or not self.path or "\\" in self.path:
            raise ValueError(f"path: found {self.path!r}, expected a path below the raw folder")
        if bool(self.listing) != bool(self.listed):
            raise ValueError("listing and listed stand together: how files are found out, and where")
        if self.listing and self.manifest:
            raise ValueError("found a listing and a manifest, expected one of them")
        if not re.fullmatch(f"({FILE.pattern})?", self.manifest):
            raise ValueError(f"manifest: found {self.manifest!r}, expected the name of a file beside the list")
        is_several = bool(self.listing or self.manifest)
        if is_several != ("{file}" in self.path):
            raise ValueError(f"path: found {self.path!r}; it holds {{file}} where a listing or manifest names files")
        if ("{name}" in self.url + self.listed) and "{name}" not in self.path:
            raise ValueError(f"path: found {self.path!r}; files of different names would go to the same place")
        return self


class Archive(BaseModel):
    """What may be fetched, from whom, and on which terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    hosts: tuple[str, ...] = Field(min_length=1)
    """All that is ever asked, by https; a redirect to another host is refused."""
    licence: str
    """The terms, as people read them before the first download."""
    cite: str
    files: tuple[Kept, ...] = ()
    names: str = ""
    """A pattern of what users may name, where addresses hold `{name}`; empty: nothing."""
    names_told: str = ""
    """What that is, for people: "a pointing, such as P205+55"."""
    pause_s: float = Field(default=1.0, ge=0, le=3600)
    """Between two requests."""
    casda: str = ""
    """An ADQL condition on CASDA's ivoa.obscore, with `{name}`: such files are staged for a login, then fetched."""
    casda_path: str = ""
    """Where these go; holds `{file}`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if wrong := [one for one in self.hosts if not HOST.fullmatch(one)]:
            raise ValueError(f"hosts: found {', '.join(wrong)}, expected names such as archive.stsci.edu")
        said = [*(one.url + one.listed for one in self.files), self.casda]
        if any("{name}" in one for one in said) and not (self.names and self.names_told):
            raise ValueError("names and names_told: expected what {name} may be")
        if not self.files and not self.casda:
            raise ValueError("files: found none, and no casda; nothing could be fetched")
        if bool(self.casda) != ("{file}" in self.casda_path):
            raise ValueError("casda_path: expected a path with {file}, with casda and only then")
        return self


def archives() -> Mapping[str, Archive]:
    """Every list, by the name of its file."""
    return read_doors(Archive, "archives", HERE)


def manifest_rows(name: str) -> list[tuple[str, int, str]]:
    """Names, bytes and SHA-256 of a manifest that lies beside a list. Raises RecipeError for what is none."""
    file = next((one for root in door_roots() if (one := root / "archives" / name).is_file()), HERE / name)
    try:
        with file.open(encoding="utf-8", newline="") as text:
            rows = [(one["file"], int(one["bytes"]), one["sha256"]) for one in csv.DictReader(text)]
    except (OSError, KeyError, ValueError) as error:
        raise RecipeError(f"{file}: {error}; expected a CSV file with file, bytes and sha256") from None
    if wrong := [one for one in rows if not FILE.fullmatch(one[0]) or not re.fullmatch("[0-9a-f]{64}", one[2])]:
        raise RecipeError(f"{file}: found {wrong[0]}, expected a file's name, its bytes and its SHA-256")
    return rows
