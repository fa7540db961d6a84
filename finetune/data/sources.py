"""Where the records of each tag lie, and whether the bytes are the ones that the manifests promise.

A place is a hand-over (llava.jsonl, images, certificate), a SAMPLES table in Parquet, or a plain file of records. A tag
has a place of its own, `DIR/<tag>`, `DIR/<tag>.json` or `DIR/<tag>.jsonl`; or DIR is one place for all, and the tags
are the names of datasets or of generators in its provenance.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from schemas.errors import RecipeError, StoreError
from schemas.fingerprint import sha256_of
from schemas.manifest import Manifest, read_manifest
from schemas.whole import MANIFEST

CERTIFICATE, PROVENANCE = "split_certificate.json", "provenance.parquet"
RECORDS = ("llava.jsonl", "llava.json")
TAGGED_BY = ("dataset", "generator")


@dataclass(frozen=True)
class Location:
    """The files of one tag. `column` and the tag choose rows of the provenance, where a place serves several tags."""

    tag: str
    kind: Literal["handover", "samples", "llava"]
    root: Path
    files: tuple[Path, ...]
    column: str | None = None

    @cached_property
    def content(self) -> str:
        """A digest of the records and pictures, or for a plain file of its text and picture paths."""
        if self.kind == "handover":
            return f"{self.manifest['address']} {self.column} {sha256_of(self.root / MANIFEST)}"
        if self.kind == "samples":
            return " ".join(manifest.content for _, manifest in self.tables)
        return " ".join(sha256_of(path) for path in self.files)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest of a hand-over."""
        return json.loads((self.root / MANIFEST).read_text(encoding="utf-8"))

    @cached_property
    def tables(self) -> list[tuple[Path, Manifest]]:
        """The folders of a SAMPLES table with their manifests."""
        return list(_tables(self.root))

    def chosen(self) -> set[str] | None:
        """The ids of the tag's records; None where all are."""
        if self.column is None:
            return None
        rows = pq.read_table(self.root / PROVENANCE, columns=["sample_id", self.column]).to_pylist()
        return {row["sample_id"] for row in rows if row[self.column] == self.tag}


def located(folder: Path | Mapping[str, Path], tags: Sequence[str], image_root: Path | None = None) -> list[Location]:
    """The place of every tag. RecipeError says which tags have none, and what there is instead."""
    if isinstance(folder, Mapping):
        missing = [tag for tag in tags if tag not in folder]
        if missing:
            raise RecipeError(f"no data is given for {', '.join(missing)}; given: {', '.join(folder)}")
        return [_place(folder[tag], tag, image_root) for tag in tags]
    own = {tag: found for tag in tags if (found := _own(folder, tag))}
    if own:
        missing = [tag for tag in tags if tag not in own]
        if missing:
            raise RecipeError(f"{folder}: has {', '.join(own)}, but nothing for {', '.join(missing)}")
        return [_place(own[tag], tag, image_root) for tag in tags]
    if len(tags) == 1:
        return [_place(folder, tags[0], image_root)]
    return _shared(folder, tags)


def problems(locations: Sequence[Location]) -> list[str]:
    """Every file that is missing, changed or not promised; nothing where a plain file promises nothing."""
    roots: dict[Path, Location] = {location.root: location for location in locations if location.kind != "llava"}
    return [problem for location in roots.values() for problem in _problems(location)]


def _own(folder: Path, tag: str) -> Path | None:
    return next((path for name in (tag, f"{tag}.jsonl", f"{tag}.json") if (path := folder / name).exists()), None)


def _place(path: Path, tag: str, image_root: Path | None) -> Location:
    if path.is_file() and path.suffix in (".json", ".jsonl"):
        return Location(tag, "llava", image_root or path.parent, (path,))
    records = [path / name for name in RECORDS if (path / name).is_file()][:1]
    if records and (path / MANIFEST).is_file():
        return Location(tag, "handover", path, tuple(records))
    if records:
        return Location(tag, "llava", image_root or path, tuple(records))
    parts = [folder / part.name for folder, manifest in _tables(path) for part in manifest.parts]
    if parts:
        return Location(tag, "samples", path, tuple(parts))
    raise RecipeError(
        f"{path}: no data for {tag!r}: expected a hand-over with {RECORDS[0]} and {MANIFEST}, a SAMPLES table with "
        f"its {MANIFEST}, or a file of records ending in .json or .jsonl"
    )


def _tables(path: Path) -> Iterator[tuple[Path, Manifest]]:
    for found in sorted(path.rglob(MANIFEST)):
        manifest = read_manifest(found.read_bytes(), str(found))
        if manifest.table == "SAMPLES":
            yield found.parent, manifest


def _shared(folder: Path, tags: Sequence[str]) -> list[Location]:
    place = _place(folder, tags[0], None)
    known: dict[str, set[str]] = {}
    if place.kind == "handover":
        table = pq.read_table(folder / PROVENANCE, columns=list(TAGGED_BY))
        known = {name: set(table[name].to_pylist()) for name in TAGGED_BY}
    columns = {tag: next((name for name in TAGGED_BY if tag in known.get(name, ())), None) for tag in tags}
    missing = [tag for tag, column in columns.items() if column is None]
    if missing:
        names = ", ".join(sorted({one for values in known.values() for one in values})) or "none"
        raise RecipeError(
            f"{folder}: one place for the tags {', '.join(tags)}, but its provenance knows nothing of "
            f"{', '.join(missing)} (datasets and generators there: {names}). Give each tag a folder: "
            f"{folder}/{missing[0]}, or --data {missing[0]}=DIR"
        )
    return [Location(tag, "handover", folder, place.files, column) for tag, column in columns.items()]


def _problems(location: Location) -> Iterator[str]:
    try:
        promised = dict(_promised(location))
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"{location.root / MANIFEST}: no manifest can be read: {type(error).__name__}: {error}"
        return
    except StoreError as error:
        yield str(error)
        return
    for path, sha256 in promised.items():
        if not path.is_file():
            yield f"{path}: promised by the manifest, but missing"
        elif sha256_of(path) != sha256:
            yield f"{path}: its SHA-256 is not the manifest's; the file was changed or cut"
    if location.kind == "handover":
        found = {path for path in location.root.rglob("*") if path.is_file() and path.name != MANIFEST}
        yield from (f"{path}: is no part of the manifest" for path in sorted(found - promised.keys()))


def _promised(location: Location) -> Iterator[tuple[Path, str]]:
    if location.kind == "handover":
        for name, said in location.manifest["files"].items():
            yield location.root / name, said["sha256"]
        return
    for folder, manifest in location.tables:
        for part in manifest.parts:
            yield folder / part.name, part.sha256
