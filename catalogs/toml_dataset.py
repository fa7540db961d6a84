"""A dataset from its TOML file."""

from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs.catalog import catalog
from catalogs.dataset import CutoutRecipe, Dataset, Published
from catalogs.dataset_door import DatasetDoor
from catalogs.door_faults import faults
from catalogs.pictures import Archive, read_archive
from catalogs.table_dataset import read_objects, read_sources
from schemas.errors import RecipeError
from schemas.folder import read_door
from schemas.rejection import Sieved
from schemas.touches import only


def read_toml_dataset(file: Path) -> Dataset:
    """The dataset that a file says. Raises RecipeError with everything that is wrong with it, one line each."""
    door = read_door(DatasetDoor, file)
    wrong = faults(door)
    if wrong:
        raise RecipeError("\n".join(f"{file}: {line}" for line in wrong))
    counts: dict[str, Any] = door.published.model_dump() if door.published else {}
    used = tuple(dict.fromkeys(name for name in (door.catalog, door.labels.catalog if door.labels else "") if name))
    return Dataset(
        name=door.name,
        title=door.title,
        scheme=door.scheme,
        survey=door.survey,
        cite=door.cite,
        files={one.file: one.sha256 for one in map(catalog, used)},
        cutout=CutoutRecipe(most_blank=door.cutout.most_blank),
        published=Published(**counts),
        read_sources=partial(read_sources if door.catalog else _archive, only(door, "sources")),
        read_objects=partial(read_objects, only(door, "objects")) if door.objects else None,
        classes=door.classes,
        catalogs=used,
        door=door,
    )


def _archive(door: DatasetDoor, raw: Path, mosaics: pa.Table) -> Sieved:
    del raw  # the pictures are all there is
    side = door.cutout.side_arcsec
    return read_archive(mosaics, Archive(door.name, door.survey, door.scheme, door.pictures, side))
