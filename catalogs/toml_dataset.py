"""A dataset from its TOML file."""

from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from catalogs.catalog import catalog
from catalogs.dataset import CutoutRecipe, Dataset, Published
from catalogs.dataset_door import DatasetDoor
from catalogs.door_faults import faults
from catalogs.pictures import Archive, read_archive
from catalogs.table_dataset import read_objects, read_sources
from schemas.errors import CatalogError, RecipeError
from schemas.folder import read_door, read_toml
from schemas.rejection import Sieved
from schemas.touches import only


def read_toml_dataset(file: Path) -> Dataset:
    """The dataset that a file says. Raises RecipeError with everything that is wrong with it, one line each."""
    try:
        door = read_door(DatasetDoor, file)
    except RecipeError as error:
        raise RecipeError("\n".join([str(error), *_beside(file, error.__cause__)])) from error
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


def _beside(file: Path, cause: BaseException | None) -> list[str]:
    """What else is wrong with a file of a wrong form: of the tables and keys that are right in themselves."""
    if not isinstance(cause, ValidationError):
        return []
    bad = {str(one["loc"][0]) for one in cause.errors() if one["loc"]}
    text = {**read_toml(file), "name": file.stem}
    stands_in = {"title": "", "cite": "", "cutout": {"side_arcsec": 1.0}}  # so that what they lack is no mistake too
    try:
        door = DatasetDoor.model_validate(
            {key: value for key, value in text.items() if key not in bad}
            | {key: value for key, value in stands_in.items() if key in bad}
        )
    except ValidationError:  # it does not even say scheme and survey
        return []
    return [f"{file}: {line}" for line in faults(door) if line.split(":")[0].split(".")[0].split("[")[0] not in bad]


def _archive(door: DatasetDoor, raw: Path, mosaics: pa.Table) -> Sieved:
    del raw  # the pictures are all there is
    side = door.cutout.side_arcsec
    found = read_archive(mosaics, Archive(door.name, door.survey, door.scheme, door.pictures, side))
    if found.n_in == 0 and mosaics.num_rows:
        example = mosaics["mosaic"][0].as_py()
        raise CatalogError(
            f"dataset {door.name}: pictures {door.pictures!r} matches none of the {mosaics.num_rows} images of survey "
            f"{door.survey}, such as {example}; mend the pattern, or fetch the pictures"
        )
    return found
