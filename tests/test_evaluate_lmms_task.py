"""A benchmark as an lmms-eval task: what the harness would read, and our scores from its code."""

import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from evaluate.scoring.scores import scores
from evaluate.standard.lmms_task import export_task
from evaluate.tasks.benchmark import Task, benchmark, benchmarks
from evaluate.tasks.prompt import prompt_for
from schemas.errors import RecipeError
from tests.making_predictions import predictions

B1 = benchmark("b1")
RECORDED = Path(__file__).parent / "recorded" / "lmms_eval_0.7.3" / "radio"


class Harness(yaml.SafeLoader):
    """Reads `!function module.name` as the harness does: from the file beside the YAML."""


def _function(loader, node):
    module, name = loader.construct_scalar(node).split(".")
    spec = importlib.util.spec_from_file_location(module, loader.place / f"{module}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return getattr(made, name)


Harness.add_constructor("!function", _function)


def png():
    sink = io.BytesIO()
    Image.new("L", (8, 8), 7).save(sink, "PNG")
    return sink.getvalue()


def tasks(one):
    return [Task(f"cutout-{k}", f"sha-{k}", c.labels, {}, "c", "test", png=png()) for k, c in enumerate(one.choices)]


def read(file, monkeypatch):
    monkeypatch.setattr(Harness, "place", file.parent, raising=False)
    return yaml.load(file.read_text(encoding="utf-8"), Harness)  # noqa: S506


def test_the_task_is_what_the_harness_reads_and_scores_as_we_do(tmp_path, monkeypatch):
    file = export_task(B1, tasks(B1), tmp_path)
    config = read(file, monkeypatch)
    assert config["task"] == file.stem == "radio_b1_extended"
    docs = pq.read_table(config["dataset_kwargs"]["data_files"]["test"]).to_pylist()
    assert config["doc_to_text"](docs[0]) == prompt_for(B1).text
    (picture,) = config["doc_to_visual"](docs[0])
    assert (picture.size, picture.mode) == ((8, 8), "RGB")
    assert [doc["answer"] for doc in docs] == [one.text for one in B1.choices]
    replies = [
        "EXTENDED",
        "diffuse.",
        "DIFFUSE",
        "I see EXTENDED",
        "",
        "None",
        "EXTENDED, DIFFUSE, DIFFUSE LARGE",
        "NONE",
    ]
    results = [config["process_results"](doc, [reply]) for doc, reply in zip(docs, replies, strict=True)]
    found = scores(predictions(B1, [c.labels for c in B1.choices], replies), B1, n_draws=0).to_pylist()
    ours = {row["scoring"]: row["value"] for row in found if (row["of"], row["metric"]) == ("macro", "f1")}
    for metric, scoring in (("macro_f1", "strict"), ("macro_f1_lenient", "lenient")):
        aggregate = next(one["aggregation"] for one in config["metric_list"] if one["metric"] == metric)
        assert aggregate([one[metric] for one in results]) == pytest.approx(ours[scoring])
    assert sum(one["coverage"] for one in results) == 6


@pytest.mark.parametrize("name", [name for name in benchmarks() if not name.startswith("demo")])
def test_every_benchmark_can_be_exported_in_its_wording(name, tmp_path, monkeypatch):
    one = benchmark(name)
    config = read(export_task(one, tasks(one), tmp_path, "paper"), monkeypatch)
    assert config["task"].endswith("_paper")
    docs = pq.read_table(config["dataset_kwargs"]["data_files"]["test"]).to_pylist()
    for doc in docs:  # also the paper's misprint is read
        assert config["process_results"](doc, [doc["answer"]])["macro_f1"]["said"] == json.loads(doc["truth"])


def test_the_exported_code_needs_nothing_of_ours(tmp_path):
    file = export_task(B1, tasks(B1), tmp_path)
    doc = {"id": "cutout-0", "truth": '["EXTENDED"]'}
    code = (
        f"import sys; sys.path.insert(0, {str(file.parent)!r}); import radio_b1_extended_scoring as task\n"
        f"print(task.process_results({doc!r}, ['Extended.'])['macro_f1']['said'])"
    )
    said = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "['EXTENDED']"


def test_a_benchmark_without_pictures_is_not_exported(tmp_path):
    with pytest.raises(RecipeError, match="no picture to export"):
        export_task(B1, [], tmp_path)


# -- by the harness itself --------------------------------------------------------------------------------------------


def check_same_as_ours(folder, task):
    """Every number that lmms-eval made of an exported task is ours, of the replies that it logged."""
    file = next(folder.rglob("*_results.json"))
    told = json.loads(file.read_text(encoding="utf-8"))["results"][task]
    log = file.with_name(file.name.replace("_results.json", f"_samples_{task}.jsonl"))
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    one = benchmark(task.removeprefix("radio_"))
    truths, replies = [tuple(row["macro_f1"]["truth"]) for row in rows], [row["filtered_resps"] for row in rows]
    assert [row["macro_f1"]["id"] for row in rows] == sorted(row["macro_f1"]["id"] for row in rows)
    made = scores(predictions(one, truths, replies), one, n_draws=0).to_pylist()
    ours = {(row["scoring"], row["of"], row["metric"]): row["value"] for row in made if row["truth_rule"] == one.truth}
    whole = "exact_set" if one.answer == "labels" else "accuracy"
    same = {"macro_f1": ("strict", "macro", "f1"), "macro_f1_lenient": ("lenient", "macro", "f1"),
            "accuracy": ("strict", "all", whole), "coverage": ("all", "all", "coverage")}  # fmt: skip
    for theirs, name in same.items():
        assert told[f"{theirs},none"] == pytest.approx(ours[name]), (task, theirs)
    return told


@pytest.mark.parametrize("name", ["b1", "b2", "b3", "b4", "b5", "b6"])
def test_what_the_real_harness_scored_is_what_we_score(name):
    """Recorded by tests/making_standard.py; made again in tests/test_evaluate_standard.py where lmms-eval is."""
    told = check_same_as_ours(RECORDED, f"radio_{benchmark(name).name}")
    assert 0 < told["macro_f1,none"] < 1 and 0 < told["coverage,none"] < 1
