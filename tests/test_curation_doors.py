"""Address = recipe, for doors too: each field of each door, changed in turn, moves the tables it decides alone.

Fields and models are found from the models; what a field decides is said beside it.
"""

import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

import catalogs.toml_dataset
import curation.corpus
import schemas.folder
from catalogs.benchmark import Benchmark
from catalogs.catalog import Catalog
from catalogs.dataset import dataset
from catalogs.dataset_door import DatasetDoor
from catalogs.survey import Survey
from curation.corpus import Corpus, Graph, corpus, graph
from curation.engine.steps import Step
from curation.engine.store import Store
from curation.generation.prompt import Prompt
from curation.words.question import Question
from schemas.errors import CorpusError
from schemas.fingerprint import fingerprint
from schemas.labels import LabelScheme, package_schemes
from schemas.touches import touched

WITH_ANSWERS = ("descriptions", "answers", "conversations", "generated", "quality", "injections")
OF_SURVEY = ("windows", "descriptions", "generated", "quality", "injections", "samples")
OF_CATALOGUE = ("sources", "sources_as_read", "objects", "objects_as_read", "detections")
BY_NAMES = ("generated", "quality", "injections")
"""The tables of texts that are read: by the names of the package's other schemes as well."""
AS_READ = "_as_read"


@pytest.fixture(scope="module")
def both() -> Corpus:
    """The demo's two corpora as one: every kind of door is used."""
    tiny, paper = corpus("tiny"), corpus("paper_doors")
    return tiny.model_copy(
        update={
            "name": "both", "datasets": (*tiny.datasets, "smgps_extcat", "rgz_smorph"), "matching": paper.matching[:1],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(both, demo_raw, tmp_path_factory):
    """The graph of the corpus with some doors changed: by model and name, what stands in its place."""
    store = Store(str(tmp_path_factory.mktemp("store")))
    read, read_one = schemas.folder._read_files, schemas.folder.read_door

    def with_changed(changed: dict[tuple[type, str], BaseModel]) -> Graph:
        def changing(model: type, files: Any) -> Any:
            return {name: changed.get((model, name), door) for name, door in read(model, files).items()}

        def one(model: type, file: Path) -> Any:
            return changed.get((model, file.stem)) or read_one(model, file)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(schemas.folder, "_read_files", changing)
            patch.setattr(curation.corpus, "word_faults", lambda *_: [])  # tried elsewhere, and half of the time
            patch.setattr(catalogs.toml_dataset, "read_door", one)
            return graph(both, demo_raw, store, ["http://127.0.0.1:9/v1"])

    return with_changed


@pytest.fixture(scope="module")
def before(made):
    return made({})


DOORS = {
    (Survey, "smgps"), (Catalog, "wise_hii"), (Catalog, "smgps_extended_sources"), (LabelScheme, "smgps_extcat"),
    (Benchmark, "demo_fanaroff_riley"), (Question, "label_of_source"), (Prompt, "claims"), (Prompt, "judge"),
    (DatasetDoor, "rgz_smorph"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "name"), sorted(DOORS, key=lambda one: (one[0].__name__, one[1])))
def test_every_field_of_a_door_moves_what_it_decides_and_nothing_else(model, name, made, before):
    door, n_moved, wrong = _read(model, name), 0, list[str]()
    for path, decides in fields_of(door):
        where = f"{name}: {'.'.join(map(str, path))}"
        as_expected, has_moved = False, False
        for other in others_than(door, path):
            try:
                instead = valid(changed(door, path, other))
                after = made({(model, name): instead})
            except (CorpusError, ValidationError):
                continue  # refused: nothing is made of it
            found, expected = own_moved(before, after), decided(before, (door, instead), decides)
            if found - expected:
                wrong.append(f"{where}: moved {sorted(found - expected)}")
            if moved(before, after) != downstream(after, found):
                wrong.append(f"{where}: what reads the tables did not follow")
            has_moved, as_expected = has_moved or bool(found), found == expected
            if as_expected:
                break
        if has_moved and not as_expected and not list(_models_in(_at(door, path))):  # those are walked by themselves
            wrong.append(f"{where}: did not move {sorted(expected - found)}")
        n_moved += has_moved
    assert not wrong, "\n".join(wrong)
    assert n_moved


def test_a_field_for_people_moves_the_hand_over_and_no_table(made, before):
    door = _read(Survey, "demo_wide")
    after = made({(Survey, "demo_wide"): door.model_copy(update={"cite": "Somebody else"})})
    assert not moved(before, after)
    assert after.handover != before.handover


def test_the_order_of_labels_is_in_the_recipe_for_it_is_the_order_in_texts(made, before):
    door = _read(LabelScheme, "caesar_mrcnn")
    turned = door.model_copy(update={"labels": dict(reversed(door.labels.items()))})
    after = made({(LabelScheme, "caesar_mrcnn"): turned})
    assert "conversations/demo_objects" in own_moved(before, after)


def own_moved(before: Graph, after: Graph) -> set[str]:
    """The steps whose own recipe has changed: without inputs, and without what is drawn or named by their addresses."""
    old, new = ({step.name: step for step in one.steps} for one in (before, after))
    has_moved = moved(before, after)  # no other's recipe can have changed
    return {name for name in has_moved if name not in old or _own(old[name]) != _own(new[name])}


def _own(step: Step) -> str:
    recipe = {**step.recipe, "inputs": None}
    if step.name.startswith("injections/"):
        (how,) = step.config
        recipe["config"] = {name: value for name, value in vars(how).items() if name != "seed"}
    if step.name.startswith("matchings/"):
        recipe["config"] = step.config[:1]
    return fingerprint(recipe)


def moved(before: Graph, after: Graph) -> set[str]:
    old = {step.name: step.address for step in before.steps}
    return {step.name for step in after.steps if old.get(step.name) != step.address}


def downstream(made: Graph, roots: set[str]) -> set[str]:
    """The roots, what reads them, and the injections of conversations that moved."""
    found = set(roots)
    for step in made.steps:  # each after what it reads
        talk = step.name.replace("injections/", "conversations/")
        if any(one.step.name in found for one in step.inputs) or (
            step.name.startswith("injections/") and talk in found
        ):
            found.add(step.name)
    return found


def decided(made: Graph, doors: tuple[BaseModel, BaseModel], decides: frozenset[str] | None) -> set[str]:
    """The steps that a field of a door decides, by what the corpus says of the door and what its model of the field."""
    return {
        step for step, (kind, is_said) in reach(made, doors).items()
        if (not is_said if decides is None else kind in decides)
    }  # fmt: skip


def reach(made: Graph, doors: tuple[BaseModel, BaseModel]) -> dict[str, tuple[str, bool]]:
    """The steps that a door may decide: by fields of which table, and whether by those alone that say so."""
    of, name = {one: made.of[one].dataset for one in made.of}, doors[0].name  # type: ignore[attr-defined]
    told = [one for one, door in of.items() if door.classes]  # what is read of these is `sources_as_read`
    wanted, more, by_names = set[str](), set[str](), set[str]()
    match doors[0]:
        case Survey():
            users = [one for one, door in of.items() if door.survey == name]
            wanted = {f"mosaics/{name}", *(f"{kind}/{one}" for one in users for kind in OF_SURVEY)}
        case LabelScheme():
            users = [one for one, door in of.items() if name in (door.scheme, *door.schemes)]
            mine = [one for one, door in of.items() if name == door.scheme]
            wanted = {f"{kind}/{one}" for one in users for kind in OF_CATALOGUE}
            wanted |= {f"{kind}/{one}" for one in mine for kind in WITH_ANSWERS}
            by_names = {f"{kind}/{one}" for one in of for kind in BY_NAMES if name in package_schemes()} - wanted
            wanted |= {f"entries/{one}" for one in schemes_of_catalogues(name)}
        case Catalog():
            users = [one for one, door in of.items() if name in door.catalogs]
            wanted = {f"{kind}/{one}" for one in users for kind in OF_CATALOGUE} - {f"sources/{one}" for one in told}
            wanted |= {f"entries/{name}"}
        case DatasetDoor():
            wanted, more = {f"sources/{name}", f"objects/{name}"}, {f"windows/{name}", f"cutouts/{name}"}
        case Question():
            schemes = {one: _read(LabelScheme, door.scheme) for one, door in of.items()}
            asked = [one for one in of if any(asks.is_for(schemes[one]) for asks in doors)]
            wanted = {f"{kind}/{one}" for one in asked for kind in ("answers", "conversations")}
        case Prompt():
            corpus = made.corpus
            kinds = {"generated": corpus.generation, "judged": corpus.judge}
            kinds = [kind for kind, used in kinds.items() if used and used.prompt == name]
            wanted = {f"{kind}/{one}" for one in of for kind in kinds}
        case _:
            wanted = {f"sealed/{made.corpus.name}"}
    steps = {step.name for step in made.steps} - {f"objects/{one}" for one, door in of.items() if not door.read_objects}
    reached = {step: (step.split("/")[0].removesuffix(AS_READ), step in more) for step in (wanted | more) & steps}
    return reached | {step: ("quality", False) for step in by_names}


def schemes_of_catalogues(scheme: str) -> list[str]:
    from catalogs.catalog import catalogs

    return [name for name, one in catalogs().items() if one.labels and one.labels.scheme == scheme]


def _read(model: type, name: str) -> Any:
    from catalogs.benchmark import benchmarks
    from catalogs.catalog import catalogs
    from catalogs.survey import surveys
    from curation.generation.prompt import prompt
    from curation.words.question import questions
    from schemas.labels import label_schemes

    read = {Survey: surveys, Catalog: catalogs, LabelScheme: label_schemes, Benchmark: benchmarks, Question: questions}
    if model is DatasetDoor:
        return dataset(name).door
    return prompt(name) if model is Prompt else read[model]()[name]


# -- any field of any model, and another value for it ---------------------------------------------------------------


def fields_of(door: BaseModel) -> Iterator[tuple[tuple[Any, ...], frozenset[str] | None]]:
    """The path to each field but the name, of the door and of the first of each model in it, and what it decides."""
    seen = set[type]()
    todo: list[tuple[tuple[Any, ...], BaseModel, frozenset[str] | None]] = [((), door, None)]
    while todo:
        path, one, by_parent = todo.pop()
        if type(one) in seen:
            continue
        seen.add(type(one))
        for field in type(one).model_fields:
            said = touched(type(one), field)
            decides = by_parent if said is None else frozenset(said) if by_parent is None else by_parent & set(said)
            if field != "name" or path:
                yield (*path, field), decides
            todo += [((*path, field, *key), held, decides) for key, held in _models_in(getattr(one, field))]


def _models_in(value: Any) -> Iterator[tuple[tuple[Any, ...], BaseModel]]:
    if isinstance(value, BaseModel):
        yield (), value
    elif isinstance(value, dict):
        yield from (((key,), one) for key, one in value.items() if isinstance(one, BaseModel))
    elif isinstance(value, tuple):
        yield from (((k,), one) for k, one in enumerate(value) if isinstance(one, BaseModel))


def others_than(door: BaseModel, path: tuple[Any, ...]) -> list[Any]:
    """Other values of a field, the likeliest to be allowed first."""
    *before, field = path
    owner = _at(door, before)
    value = getattr(owner, field)
    return [one for one in _others(value, type(owner).model_fields[field].annotation) if one != value]


def _others(value: Any, kind: Any) -> Iterator[Any]:
    options = [one for one in typing.get_args(kind) if one is not type(None)] if _is_union(kind) else [kind]
    for option in options:
        yield from _of_kind(value, option)
    if value is not None and type(None) in typing.get_args(kind):
        yield None


def _of_kind(value: Any, kind: Any) -> Iterator[Any]:
    origin, args = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is typing.Annotated:
        yield from _of_kind(value, args[0])
    elif origin is Literal:
        yield from (one for one in args if one != value)
    elif origin is tuple:
        yield (*(value or ()), *(value[-1:] if value else _sample(args[0])))
        yield (value or ())[:-1]
    elif origin is dict:
        yield {key: next(_of_kind(one, args[1]), one) for key, one in (value or {}).items()}
        yield dict(list((value or {}).items())[:-1])
        yield {**(value or {}), "another": next(iter((value or {}).values()), _sample(args[1])[0])}
    elif isinstance(origin, type):
        yield from _plain(value, origin)


def _plain(value: Any, kind: type) -> Iterator[Any]:
    if issubclass(kind, Enum):
        yield from (one for one in kind if one != value)
    elif kind is bool:
        yield not value
    elif kind in (int, float):
        yield (value or 0) + 1
    elif kind is str:
        yield f"{value or ''}x"


def _sample(kind: Any) -> list[Any]:
    found = list(_others(None, kind))
    return found[:1] or ["another"]


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType)


def _at(value: Any, path: Any) -> Any:
    for key in path:
        value = getattr(value, key) if isinstance(value, BaseModel) else value[key]
    return value


def valid(door: BaseModel) -> BaseModel:
    """The door as its file would be read. Raises ValidationError."""
    return type(door).model_validate(_as_read(door))


def _as_read(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _as_read(one) for name, one in value.__dict__.items() if name in type(value).model_fields}
    if isinstance(value, dict):
        return {key: _as_read(one) for key, one in value.items()}
    return tuple(map(_as_read, value)) if isinstance(value, tuple) else value


def changed(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """A copy with another value at the end of the path, not validated."""
    if not path:
        return other
    key, *rest = path
    made = changed(_at(value, (key,)), tuple(rest), other)
    if isinstance(value, BaseModel):
        return value.model_copy(update={key: made})
    if isinstance(value, dict):
        return {**value, key: made}
    return (*value[:key], made, *value[key + 1 :])


def test_names_of_free_text_move_what_reads_texts_of_their_scheme(made, before, tmp_path, monkeypatch):
    (tmp_path / "names.toml").write_text('[mirabest."FR-I|FR-II"]\nnouns = ["grand double"]\n')
    monkeypatch.setenv("RADIO_DOORS", str(tmp_path))
    mine = {"generated/demo_fanaroff", "quality/demo_fanaroff", "injections/demo_fanaroff"}
    found = own_moved(before, made({}))
    assert mine <= found
    # The package's schemes are foreign words to each other; nothing else reads texts.
    assert {step.split("/")[0] for step in found} == set(BY_NAMES)


def test_a_question_that_is_asked_of_another_scheme_is_no_door_of_a_dataset(before):
    used = {door.name for door in before.of["demo_objects"].samples.doors if door.kind == "questions"}
    assert "count_of_class" in used
    assert "fr_class" not in used
