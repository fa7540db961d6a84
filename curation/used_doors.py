"""Which doors a dataset's samples are made by, with digests: for `status`, `why`, the report and the hand-over."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel

from catalogs import benchmark, catalog, dataset, survey
from catalogs.dataset import Dataset
from curation.extraction.lexicon import name_files
from curation.generation import prompt
from curation.words import question
from curation.words.question import Question, for_scheme
from schemas import labels
from schemas.doors import NAMES, door_files
from schemas.folder import read_toml
from schemas.manifest import DoorFile, door_of

OURS: dict[str, Path] = {
    "surveys": survey.HERE, "catalogs": catalog.HERE, "label_schemes": labels.HERE, "datasets": dataset.HERE,
    "benchmarks": benchmark.HERE, "questions": question.HERE, "prompts": prompt.HERE,
}  # fmt: skip
"""The package's folder of each kind."""
LATER: dict[str, tuple[str, ...]] = {"surveys": ("noise",)}
"""Fields that doors got later: of one whose file does not say them the digest is that of before."""


def doors_of(one: Dataset, asked: Iterable[Question], prompts: Iterable[str] = ()) -> tuple[DoorFile, ...]:
    """The doors of a dataset: its own, survey, scheme, catalogues, what of `asked` is for it, prompts, names."""
    scheme = labels.label_scheme(one.scheme)
    found = [
        used_door("surveys", survey.surveys()[one.survey]),
        used_door("label_schemes", scheme),
        dataset_door(one),
        *(used_door("catalogs", catalog.catalog(name)) for name in sorted({*one.classes, *one.catalogs})),
        *(used_door("questions", asks) for asks in for_scheme(asked, scheme)),
        *(used_door("prompts", prompt.prompt(name)) for name in sorted(set(prompts))),
        *(door_of("names", NAMES, file, read_toml(file)) for file in name_files()),
    ]
    return tuple(sorted(found))


def dataset_door(one: Dataset) -> DoorFile:
    """The door of a dataset: what its file says, or its source where it is written in Python."""
    said = _said("datasets", one.door) if one.door else {"code": one.code}
    return door_of("datasets", one.name, _file("datasets", one.name), said)


def used_door(kind: str, door: BaseModel) -> DoorFile:
    """A TOML door, by its name, with the digest of all that it says."""
    name = str(getattr(door, "name"))  # noqa: B009 -- every door has one, which no common model says
    return door_of(kind, name, _file(kind, name), _said(kind, door))


def _said(kind: str, door: BaseModel) -> Mapping[str, object]:
    """All fields, also those that are for people."""
    unsaid = {name for name in LATER.get(kind, ()) if name not in door.model_fields_set}
    return {name: getattr(door, name) for name in type(door).model_fields if name not in unsaid}


def _file(kind: str, name: str) -> Path:
    return door_files(kind, OURS[kind], (".py", ".toml"))[name]
