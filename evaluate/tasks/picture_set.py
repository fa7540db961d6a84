"""A picture set: pictures with the classes and the splits that somebody published. A door: `picture_sets/*.toml`.

They lie in a zip of PNGs, in a folder with a list, or in MiraBest's batches; the keys of `[pictures]` say which.

Such pictures have no mosaic, so no corpus makes them. A set gives what a corpus would: CUTOUTS, SOURCES and SPLITS, of
which only the columns that an evaluation reads. The published test split stays whole. What may be learned from is less
than was published: no picture there shows sky of another split, or is one that a benchmark tests on.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from catalogs.catalog import catalog, file_digest, read_catalog
from catalogs.sky import nearest, unit_vectors
from curation.engine.steps import Step
from evaluate.tasks.batches import Batched, check_batches, read_batches
from evaluate.tasks.benchmark import CUTOUT_COLUMNS, SOURCE_COLUMNS, SPLIT_COLUMNS, Benchmark, Wording
from evaluate.tasks.listed import Listed, digest_of, published_words, read_listed
from evaluate.tasks.zipped import Found, KeptOut, Picture, Zipped, check_file, read_pictures
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.folder import read_door, read_doors
from schemas.rejection import Rejection, Sieved, sieved
from schemas.table import Table
from schemas.tables import CUTOUTS, SOURCES, SPLITS

HERE = Path(__file__).resolve().parent.parent / "picture_sets"
ROWS_PER_PART = 256
LEARNED_FROM = ("train", "validation")
PLACED_COLUMNS = (*SPLIT_COLUMNS, "source_id")  # examples are chosen by what is known without pictures
Pictures = Zipped | Listed | Batched


class PictureSet(BaseModel):
    """Pictures, and what is asked of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    pictures: Pictures
    benchmark: dict[str, Any]
    """The fields of `Benchmark` that do not follow from the set."""
    cite: str

    @model_validator(mode="after")
    def _asks(self) -> "PictureSet":
        strange = set(self.pictures.labels.values()) - set(self.asked.classes)
        if strange:
            raise ValueError(f"labels {', '.join(sorted(strange))} are no classes of [benchmark]")
        return self

    @cached_property
    def asked(self) -> Benchmark:
        """The set as a benchmark."""
        of_set = {"name": self.name, "title": self.title, "dataset": self.name, "pictures": "held-out",
                  "cite": self.cite}  # fmt: skip
        n_test = self.pictures.n_pictures.get("test")
        return Benchmark.model_validate({"expected_images": n_test, **self.benchmark, **of_set})

    def asked_as_published(self, raw: Path) -> Benchmark:
        """The same, its wording `paper` that of the release's own code, where the door says where and it is there."""
        words = published_words(raw, self.pictures) if isinstance(self.pictures, Listed) else None
        if words is None:
            return self.asked
        system, text = words[0], words[1].replace("{", "{{").replace("}", "}}")
        prompt = {**self.asked.prompt, "paper": Wording(system=system, text=text, again=text)}
        return self.asked.model_copy(update={"prompt": prompt})


def picture_sets() -> Mapping[str, PictureSet]:
    """Every picture set, by the name of its file."""
    return read_doors(PictureSet, "picture_sets", HERE)


def picture_set(name: str) -> PictureSet | None:
    """A set by the name or the path of its file; None where a name is no set's."""
    if name.endswith(".toml"):
        return read_door(PictureSet, Path(name)) if _has_pictures(Path(name)) else None
    return picture_sets().get(name)


def inputs_of_set(one: PictureSet, raw: Path) -> tuple[Step, Step, Step]:
    """The steps of its CUTOUTS, SOURCES and SPLITS. CatalogError for a file that is absent or another one."""
    content = _content(one.pictures, raw)
    made = (("cutouts", _cutouts, CUTOUTS, CUTOUT_COLUMNS), ("sources", _sources, SOURCES, SOURCE_COLUMNS),
            ("splits", _splits, SPLITS, PLACED_COLUMNS))  # fmt: skip
    cutouts, sources, splits = (
        Step(
            name=f"{kind}/{one.name}",
            make=partial(make, raw),
            table=_some(table, columns),
            config=(one.name, one.pictures),
            beside=content,
            rows_per_part=ROWS_PER_PART if kind == "cutouts" else None,
            counts="pictures of the set",
            version=2,
        )
        for kind, make, table, columns in made
    )
    return cutouts, sources, splits


# -- the three tables -------------------------------------------------------------------------------------------------


def _content(pictures: Pictures, raw: Path) -> tuple[str, ...]:
    """What the door does not pin of its pictures. CatalogError where they are absent, or not those that it pins."""
    if isinstance(pictures, Listed):
        return (digest_of(raw, pictures),)
    check_file(pictures, raw) if isinstance(pictures, Zipped) else check_batches(raw, pictures)
    return ()


def _found(raw: Path, name: str, pictures: Pictures) -> Found:
    if isinstance(pictures, Listed):
        return read_listed(raw, name, pictures)
    if isinstance(pictures, Batched):
        return read_batches(raw, name, pictures)
    return Found(read_pictures(raw, name, pictures), ())


def _cutouts(raw: Path, name: str, pictures: Pictures) -> Sieved:
    found = _found(raw, name, pictures)
    rows = [
        {"cutout_id": one.picture_id, "source_id": one.source_id, "mosaic": f"{pictures.file}:{one.member}",
         "png": one.png, "sha256": hashlib.sha256(one.png).hexdigest()}
        for one in found.pictures
    ]  # fmt: skip
    return sieved(_some(CUTOUTS, CUTOUT_COLUMNS).of(rows), found.refused, len(rows) + len(found.refused))


def _sources(raw: Path, name: str, pictures: Pictures) -> Sieved:
    found = _found(raw, name, pictures)
    labels = dict.fromkeys(pictures.labels.values())
    rows = [
        {"source_id": one.source_id, "source_name": one.name, "dataset": name, "split": one.split, "benchmark": None,
         "labels": [_statement(one, label, name, pictures.file) for label in labels]}
        for one in found.pictures
    ]  # fmt: skip
    return sieved(_some(SOURCES, SOURCE_COLUMNS).of(rows), found.refused, len(rows) + len(found.refused))


def _statement(one: Picture, label: str, scheme: str, file: str) -> dict[str, Any]:
    state = "present" if label == one.label else "absent"
    return {"scheme": scheme, "label": label, "original": one.original, "state": state, "tier": "expert",
            "catalog": file, "row": -1, "confidence": None}  # fmt: skip


def _splits(raw: Path, name: str, pictures: Pictures) -> Sieved:
    """Every picture with its patch; refused is what may not be learned from, test pictures never."""
    told = _found(raw, name, pictures)
    found = told.pictures
    vectors = unit_vectors([one.ra_deg for one in found], [one.dec_deg for one in found])
    patches = _patches(vectors, pictures.apart_arcsec)
    splits_in = {patch: {found[k].split for k in np.flatnonzero(patches == patch)} for patch in set(patches.tolist())}
    tested_on = {index: door.catalog for door in pictures.kept_out for index in _near(vectors, door, raw)}
    rows, refused = list[dict[str, Any]](), list(told.refused)
    for k, one in enumerate(found):
        why = _why_not(one, splits_in[patches[k]], tested_on.get(k)) if one.split in LEARNED_FROM else None
        if why:
            refused.append(Rejection(one.picture_id, *why, {"name": one.name, "split": one.split}))
        else:
            first = found[int(np.flatnonzero(patches == patches[k])[0])]
            patch_id = content_id("patch", name, first.picture_id)
            placed = {"cutout_id": one.picture_id, "source_id": one.source_id}
            rows.append({**placed, "patch_id": patch_id, "split": one.split})
    return sieved(_some(SPLITS, PLACED_COLUMNS).of(rows), refused, len(found) + len(told.refused))


def _why_not(one: Picture, splits_in_patch: set[str], tested_on: str | None) -> tuple[str, str] | None:
    """Reason and detail for a picture that may not be learned from; of several reasons the first."""
    if tested_on:
        return "tested-elsewhere", f"{one.name} is also a picture of {tested_on}"
    if one.is_blank:
        return "blank", f"every pixel of {one.name} is the same"
    shared = splits_in_patch - {one.split} - ({"train"} if one.split == "validation" else set())
    if shared:
        return "sky-of-another-split", f"{one.name}, {one.split}, is near pictures of {', '.join(sorted(shared))}"
    return None


def _patches(vectors: NDArray[np.float64], radius_arcsec: float) -> NDArray[np.int32]:
    """(n,) the number of each picture's patch: pictures nearer than the radius, and what is near those.

    One without a place, of NaN, is a patch of its own.
    """
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    is_placed = np.isfinite(vectors).all(axis=1)
    tree = cKDTree(vectors[is_placed])
    chord = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2)
    near = tree.sparse_distance_matrix(tree, chord, output_type="coo_matrix")
    near.data[:] = 1  # the distance of a picture to itself is 0, which would be no neighbour
    n_patches, of_placed = connected_components(near, directed=False)
    patches = np.full(len(vectors), -1, np.int32)
    patches[is_placed] = of_placed
    patches[~is_placed] = n_patches + np.arange(int((~is_placed).sum()))
    return patches


def _near(vectors: NDArray[np.float64], door: KeptOut, raw: Path) -> list[int]:
    """The pictures that a catalogue's sources are in the middle of."""
    source = catalog(door.catalog)
    file_digest(source, raw)
    names = read_catalog(raw / source.file, source).table[door.column].to_pylist()
    found = [re.fullmatch(door.pattern, one or "") for one in names]
    if not found or None in found:
        wrong = names[found.index(None)] if found else "no rows"
        raise CatalogError(f"{raw / source.file}: {door.column} {wrong!r} does not fit {door.pattern!r}")
    there = unit_vectors(
        [float(one["ra_deg"]) for one in found if one], [float(one["dec_deg"]) for one in found if one]
    )
    return np.flatnonzero(nearest(vectors, there, door.radius_arcsec).index >= 0).tolist()


def _some(table: Table, columns: Sequence[str]) -> Table:
    """The columns of a table that an evaluation reads."""
    return Table(table.name, table.row_is, table.key, tuple(one for one in table.columns if one.name in columns))


def _has_pictures(file: Path) -> bool:
    """Whether a TOML file is a picture set's, and no benchmark's."""
    try:
        return isinstance(tomllib.loads(file.read_text(encoding="utf-8")).get("pictures"), dict)
    except (OSError, tomllib.TOMLDecodeError):
        return False  # whoever reads it as a benchmark will say what is wrong
