"""Picture sets in the forms of public releases, made here: AstroVLBench's folder, and MiraBest's batches."""

import hashlib
import io
import json
import pickle
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from catalogs.benchmark import benchmark
from catalogs.datasets import astrovlbench_radio
from curation.truth.sealed import MOSAIC_COLUMNS, SealConfig, sealed
from evaluate.asking.fewshot import examples_step
from evaluate.cli import evaluate
from evaluate.tasks.benchmark import pictures
from evaluate.tasks.inputs import with_inputs
from evaluate.tasks.lessons_out import write_lessons
from evaluate.tasks.pickled import plain_pickle
from evaluate.tasks.picture_set import PictureSet, inputs_of_set, picture_set
from evaluate.tasks.prompt import prompt_for
from finetune.data.samples import open_handover
from schemas.errors import CatalogError, RecipeError
from schemas.tables import MOSAICS
from tests.making_pictures import png_of

NAMES = [
    "100_010.451-009.284_0.0529_0080.60",
    "200_198.125+019.841_0.3720_0030.50",
    "100_150.000+020.000_0.1000_0040.00",
]
CODE = '''
import openai  # never imported
USER_TEXT = "Label this {radio} image."
HEAD = "You see a"
def build_prompt_guided(survey: str) -> str:
    """What to look for."""
    return f"{HEAD} picture of {survey}. Answer FRI or FRII."
'''


# --- AstroVLBench


def row(raw: Path, survey: str, name: str, label: str, body: bytes | None) -> dict[str, str]:
    member = f"images/{label}/{name}.png"
    folder = raw / astrovlbench_radio.FOLDER / survey
    (folder / member).parent.mkdir(parents=True, exist_ok=True)
    if body is not None:
        (folder / member).write_bytes(body)
    return {"filename": member, "label": label, "source_split": "test"}


@pytest.fixture
def release(tmp_path):
    """Three sources in both surveys; of FIRST one picture is missing and one empty, as in the release."""
    for survey in ("MiraBest_F", "MiraBest_N"):
        is_first = survey == "MiraBest_F"
        bodies = [
            png_of("FR-I", 1 + is_first),
            b"" if is_first else png_of("FR-II", 2),
            None if is_first else png_of("FR-I", 9),
        ]
        labels = ["FRI", "FRII", "FRI"]
        rows = [row(tmp_path, survey, *one) for one in zip(NAMES, labels, bodies, strict=True)]
        text = "".join(json.dumps(one) + "\n" for one in rows)
        (tmp_path / astrovlbench_radio.FOLDER / survey / "metadata.jsonl").write_text(text)
    path = tmp_path / "benchmarks/astrovlbench/code/task2/llm.py"
    path.parent.mkdir(parents=True)
    path.write_text(CODE)
    return tmp_path


def tables(one: PictureSet, raw: Path):
    return [step.run([]) for step in inputs_of_set(one, raw)]


def test_pictures_that_the_release_lacks_are_refused_with_their_reason_and_the_others_asked_about(release):
    one = picture_set("astrovlbench_first")
    cutouts, sources, splits = tables(one, release)
    assert cutouts.reasons == sources.reasons == splits.reasons == {"no-picture": 2}
    assert sorted(one["detail"].split(": ")[1] for one in cutouts.rejected.to_pylist()) == ["empty", "not there"]
    tested = one.asked.tested(pictures(cutouts.kept, sources.kept, splits.kept)).tasks
    assert [task.truth for task in tested] == [("FR-I",)]
    with pytest.raises(CatalogError, match="found 1 pictures, expected 833; 605 would do: revision d1708958"):
        one.asked.check_count(1)
    assert one.asked.check_count(605).startswith("605 of 833 pictures: revision d1708958")


def test_a_picture_that_changes_moves_the_address(release):
    one = picture_set("astrovlbench_nvss")
    before = [step.address for step in inputs_of_set(one, release)]
    assert before == [step.address for step in inputs_of_set(one, release)]
    (release / astrovlbench_radio.FOLDER / f"MiraBest_N/images/FRI/{NAMES[0]}.png").write_bytes(png_of("FR-I", 77))
    assert not set(before) & {step.address for step in inputs_of_set(one, release)}


def test_the_releases_own_words_are_read_out_of_its_code_and_nothing_is_run(release):
    ((asked, _),) = with_inputs([picture_set("astrovlbench_nvss")], release, None, None)
    prompt = prompt_for(asked, "paper")
    assert prompt.system == "You see a picture of NVSS. Answer FRI or FRII."
    assert prompt.text == "Label this {radio} image."
    assert [one.text for one in prompt_for(asked).choices] == ["FR-I", "FR-II"]
    path = release / "benchmarks/astrovlbench/code/task2/llm.py"
    path.write_text(CODE.replace('return f"{HEAD}', 'return survey.upper() + f"{HEAD}'))
    with pytest.raises(CatalogError, match="build_prompt_guided and USER_TEXT are not plain texts"):
        picture_set("astrovlbench_nvss").asked_as_published(release)
    path.unlink()
    with pytest.raises(RecipeError, match="no wording 'paper'; known: fixed, code, structured, short"):
        prompt_for(picture_set("astrovlbench_nvss").asked_as_published(release), "paper")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("filename", "../../x.png", "leaves the folder of the list"),
        ("label", "FRIII", "label 'FRIII', expected one of FRI, FRII"),
        ("filename", None, "filename: found None, expected text; its keys are filename, label"),
    ],
)
def test_a_row_that_is_not_as_known_stops_with_its_line(release, key, value, said):
    path = release / astrovlbench_radio.FOLDER / "MiraBest_N/metadata.jsonl"
    first = json.loads(path.read_text().splitlines()[0])
    path.write_text(json.dumps({**first, key: value}) + "\n")
    with pytest.raises(CatalogError, match=f"metadata.jsonl, line 1: .*{said}"):
        inputs_of_set(picture_set("astrovlbench_nvss"), release)[0].run([])


def test_its_sources_seal_their_sky_once_by_the_names_of_their_pictures(release):
    found = astrovlbench_radio.read_sources(release, MOSAICS.of([]))
    assert (found.n_in, found.reasons) == (6, {"same-source": 3})
    made = sealed(
        [found.kept], [MOSAICS.of([]).select(MOSAIC_COLUMNS)], SealConfig(benchmarks=(benchmark("astrovlbench_radio"),))
    ).kept.to_pylist()
    assert {(one["ra_deg"], one["dec_deg"], one["radius_arcsec"]) for one in made} == {
        (10.451, -9.284, 600.0), (198.125, 19.841, 600.0), (150.0, 20.0, 600.0),
    }  # fmt: skip


# --- MiraBest's batches


def batch(numbers, first: int) -> dict:
    """A batch in the form of the release: pictures as rows of bytes, classes by number, names of files."""
    shapes = [
        np.asarray(Image.open(io.BytesIO(png_of("FR-I" if n < 5 else "FR-II", first + k))))
        for k, n in enumerate(numbers)
    ]
    names = [f"{n}00_{first + k:03d}.000+010.000_0.1000_0040.00.png" for k, n in enumerate(numbers)]
    return {"data": np.stack(shapes).reshape(len(shapes), -1), "labels": list(numbers), "filenames": names}


def batches(raw: Path, **changed) -> PictureSet:
    """Twelve pictures to learn from and six to test on, among them classes that are no part of the set."""
    parts = {"data_batch_1": batch([0, 1, 5, 6, 3, 8], 10), "data_batch_2": batch([0, 2, 5, 5, 1, 6], 30),
             "test_batch": batch([0, 0, 5, 6, 4, 9], 60)} | changed.pop("parts", {})  # fmt: skip
    path = raw / "images/MiraBest_full_batches.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in parts.items():
            body = pickle.dumps(content)
            info = tarfile.TarInfo(f"batches/{name}")
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    door = picture_set("mirabest_confident").model_dump()
    own = {
        "md5": hashlib.md5(path.read_bytes()).hexdigest(), "side_px": 48, "train": ["data_batch_1", "data_batch_2"],
        "held_back": {"n_train": 8, "seed": 42}, "n_pictures": {"train": 8, "validation": 2, "test": 4},
    }  # fmt: skip
    return PictureSet.model_validate({**door, "name": "batches", "pictures": {**door["pictures"], **own, **changed}})


def test_the_published_split_is_kept_and_validation_is_the_draw_of_random_split(tmp_path):
    from torch import Generator
    from torch.utils.data import random_split

    cutouts, sources, splits = tables(batches(tmp_path), tmp_path)
    assert cutouts.kept.num_rows == splits.kept.num_rows == 14
    assert Image.open(io.BytesIO(cutouts.kept["png"][0].as_py())).size == (224, 224)
    assert Counter(splits.kept["split"].to_pylist()) == {"train": 8, "validation": 2, "test": 4}
    named = {one["source_name"]: one["split"] for one in sources.kept.to_pylist()}
    order = [
        f"{n}00_{k:03d}" for n, k in zip([0, 1, 5, 6, 0, 2, 5, 5, 1, 6], [10, 11, 12, 13, *range(30, 36)], strict=True)
    ]
    drawn, _ = random_split(order, [8, 2], generator=Generator().manual_seed(42))
    assert {name[:7] for name, split in named.items() if split == "train"} == {order[k] for k in drawn.indices}


def test_an_archive_that_is_another_or_runs_something_is_refused(tmp_path):
    one = batches(tmp_path)
    with pytest.raises(CatalogError, match=r"MD5 [0-9a-f]{32}, expected 965b5daa"):
        inputs_of_set(picture_set("mirabest_confident"), tmp_path)

    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    hostile = batches(tmp_path, parts={"test_batch": Hostile()})
    with pytest.raises(CatalogError, match="not MiraBest's batches: ValueError: found pathlib"):
        inputs_of_set(hostile, tmp_path)[0].run([])
    assert not (tmp_path / "ran").exists()
    fewer = batches(tmp_path, n_pictures={"train": 9, "validation": 1, "test": 4})
    with pytest.raises(CatalogError, match="found {'train': 8, 'validation': 2, 'test': 4} pictures, expected"):
        inputs_of_set(fewer, tmp_path)[0].run([])
    assert one.asked.expected_images == 4


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_read_without_being_run(protocol):
    held = {
        "data": np.arange(12, dtype=np.uint8).reshape(3, 4), "reals": np.linspace(0, 1, 3).astype(">f4"),
        "turned": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)), "labels": [0, 1, 70_000, 2**40, -3],
        "names": ["a.png", "é.png"], "nested": {"none": None, "is": (True, 1.5, [np.float64(2.5), b"\x00\xff"])},
    }  # fmt: skip
    read = plain_pickle(pickle.dumps(held, protocol=protocol))
    assert read.keys() == held.keys()
    for name in ("data", "reals", "turned"):
        assert np.array_equal(read[name], held[name]) and read[name].dtype == held[name].dtype
    assert {name: read[name] for name in ("labels", "names", "nested")} == {
        name: held[name] for name in ("labels", "names", "nested")
    }
    endless: dict = {}
    endless["again"] = endless
    for strange in (endless, np.array(["text"]), np.array([object()], object), {1, 2}, np.datetime64(1, "s")):
        with pytest.raises((ValueError, LookupError, TypeError, AttributeError)):
            plain_pickle(pickle.dumps({"data": strange}, protocol=protocol))


def test_examples_before_the_question_are_of_its_training_pictures(tmp_path):
    one = batches(tmp_path)
    inputs = inputs_of_set(one, tmp_path)
    step = examples_step(one.asked, inputs, "nearest")
    cutouts, sources, splits = (made.run([]).kept for made in inputs)
    assert step.table is inputs[0].table
    found = step.run([cutouts, sources, splits.select(step.inputs[2].columns)])
    assert found.kept.num_rows == 8 and found.reasons == {"no-example": 6}


def test_lessons_are_the_training_pictures_with_the_question_that_is_asked(tmp_path):
    one = batches(tmp_path)
    counts = write_lessons(one, tmp_path, tmp_path / "data")
    records = json.loads((tmp_path / "data/llava.json").read_text())
    assert sum(counts.values()) == len(records) == 8
    (system, human, gpt) = records[0]["conversations"]
    assert system == {"from": "system", "value": prompt_for(one.asked).system}
    assert human["value"] == f"<image>\n{prompt_for(one.asked).text}" and gpt["value"] in ("FR-I", "FR-II")
    samples = open_handover(tmp_path / "data", tags=["all"], index_dir=tmp_path / "index")
    assert len(samples) == 8 and samples[0].n_placeholders == 1
    with pytest.raises(RecipeError, match="not empty; give a new folder"):
        write_lessons(one, tmp_path, tmp_path / "data")
    said = CliRunner().invoke(evaluate, ["lessons", "nope", "--raw", str(tmp_path), "--out", str(tmp_path / "x")])
    assert said.exit_code != 0
