"""Standard benchmarks by lmms-eval: the process, its files as recorded, and the real thing where it is installed.

The recorded files are what lmms-eval 0.7.3 wrote of data made up here: tests/making_standard.py. The last tests run it,
skipped aloud where no Python with it is found (RADIO_STANDARD_PYTHON, .venv-standard: `make standard-setup`).
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from evaluate.cli import evaluate
from evaluate.standard.logged import Logged, check_answered, logged
from evaluate.standard.quick import read_quick_set, write_quick_set
from evaluate.standard.standard import (
    LMMS_EVAL,
    STANDARDS,
    Harness,
    Result,
    check_base,
    check_harness,
    command,
    environment,
    read_result,
    run_task,
    weights,
)
from schemas.errors import CatalogError, GateError, RecipeError, StepError
from tests.making_standard import StandardServer, answer, tasks_of, write_datasets, write_tasks

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "tests" / "recorded" / f"lmms_eval_{LMMS_EVAL}"
BASE = "llava-onevision-qwen2-7b-ov"


def one_of(folder, name, task):
    """A task's recorded files alone, in a folder to be changed."""
    place = folder / task / "tests__model"
    place.mkdir(parents=True)
    for file in [*(RECORDED / name).glob("*_results.json"), *(RECORDED / name).glob(f"*_samples_{task}.jsonl")]:
        shutil.copyfile(file, place / file.name)
    return folder / task


# -- what is in the files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", STANDARDS)
def test_the_files_that_the_harness_wrote_are_read(task):
    found = read_result(RECORDED / "base", task)
    assert set(STANDARDS[task].metrics) <= found.scores.keys() and found.model == "tests/base"
    assert {one.reply for one in found.samples} == {answer(task, one.doc_id) for one in found.samples}
    assert all(one.score is not None and f"[{task} {one.doc_id}]" in one.question for one in found.samples)
    right = [one.score > 0 for one in found.samples]
    assert 0 < sum(right) < len(right)


def test_ocrbench_is_a_share_of_what_was_asked():
    """Its code divides by 1,000, however many were."""
    found = read_result(RECORDED / "base", "ocrbench")
    assert (found.scores["ocrbench_accuracy"], found.score) == (0.009, pytest.approx(0.75))


def test_mmstar_is_a_mean_over_its_categories():
    found = read_result(RECORDED / "base", "mmstar")
    assert len({one.group for one in found.samples}) == 3 and sum(weights(found.samples)) == pytest.approx(found.n)
    assert found.score != pytest.approx(sum(one.score for one in found.samples) / found.n)


def test_a_real_run_of_failed_requests_has_a_score_and_is_refused():
    (file,) = (RECORDED / "broken").glob("*_results.json")
    told = json.loads(file.read_text())["results"]
    assert told["mmmu_val"]["mmmu_acc,none"] > 0.1 and told["realworldqa"]["exact_match,none"] > 0.1
    for task in told:
        with pytest.raises(GateError, match="12 of 12 answers are empty or failed"):
            read_result(RECORDED / "broken", task)


@pytest.mark.parametrize(
    "reply",
    ["", " \n", "[LMMS_EVAL_REQUEST_FAILED after 5 retries] 500", "[LMMS_EVAL_BUDGET_EXCEEDED]",
     'Error: can only concatenate str (not "NoneType") to str'],
)  # fmt: skip
def test_what_stands_in_place_of_an_answer_is_none(reply):
    said = [Logged(k, "A", "A", 1.0) for k in range(999)]
    check_answered("ai2d", [*said, Logged(999, "A", reply, 0.0)])
    with pytest.raises(GateError, match="2 of 1,001"):
        check_answered("ai2d", [*said, *[Logged(k, "A", reply, 0.0) for k in (999, 1000)]])


@pytest.mark.parametrize(
    ("told", "score"),
    [
        (0.5, 0.5), ({"score": 1}, 1.0), ({"pred": "b", "answer": "B"}, 1.0), ({"pred": "T", "answer": "B"}, 0.0),
        ({"question_type": "multiple-choice", "answer": "B", "parsed_pred": ["B"]}, 1.0),
        ({"question_type": "multiple-choice", "answer": ["A", "B"], "parsed_pred": ["C"]}, 0.0),
        ({"question_type": "open", "answer": "3.140", "parsed_pred": [["it is pi", 3.14]]}, 1.0),
        ({"question_type": "open", "answer": "Pi", "parsed_pred": [["it is pi"]]}, 1.0),
        ({"question_type": "open", "answer": "['x', '2']", "parsed_pred": [["a box"]]}, 0.0),
        ("so", None), ({"said": []}, None),
    ],
)  # fmt: skip
def test_a_score_is_read_in_every_form_that_the_harness_has(told, score):
    assert logged({"doc_id": 1, "filtered_resps": "B", "resps": [["B."]], "m": told}, ["m"]).score == score


@pytest.mark.parametrize(
    "fault", ["nothing", "no log", "no json", "no line", "other task", "other metric", "other log"]
)
def test_files_that_are_not_what_they_must_be_are_named(tmp_path, fault):
    folder = tmp_path / "none" if fault == "nothing" else one_of(tmp_path, "base", "ai2d")
    results, log = (next(folder.rglob(f"*{end}"), None) for end in ("_results.json", ".jsonl"))
    if fault == "no log":
        log.unlink()
    elif fault == "no json":
        results.write_text("{")
    elif fault == "no line":
        log.write_text('{"doc_id": 0,\n')
    elif fault == "other metric":
        results.write_text(results.read_text().replace("exact_match", "bleu"))
    elif fault == "other log":
        log.write_text(log.read_text().replace('"exact_match": 1.0', '"exact_match": 0.0', 1))
    with pytest.raises(CatalogError, match=str(tmp_path)):
        read_result(folder, "mme" if fault == "nothing" else "gqa" if fault == "other task" else "ai2d")


# -- the gate ---------------------------------------------------------------------------------------------------------


def test_a_base_two_points_off_its_card_writes_no_table():
    good = Result("ai2d", BASE, 0.80, 1, "", ())
    mme = {"mme_perception_score": 1600.0, "mme_cognition_score": 410.0}
    check_base([good, Result("mme", BASE, 1600.0, 1, "", (), mme), Result("ocrbench", BASE, 0.1, 1, "", ())], BASE)
    with pytest.raises(GateError, match=r"harness drift, no table.*AI2D: the base has 79\.4, its card says 81\.4"):
        check_base([good, Result("ai2d", BASE, 0.794, 1, "", ())], BASE)
    for metric, value in (("mme_perception_score", 1500.0), ("mme_cognition_score", 380.0)):
        with pytest.raises(GateError, match="MME"):
            check_base([Result("mme", BASE, 1600.0, 1, "", (), {**mme, metric: value})], BASE)


def test_the_standard_benchmarks_of_the_paper_are_there():
    assert len(STANDARDS) == 11 and sum(one.n_items for one in STANDARDS.values()) == 51_561
    assert [one.name for one in STANDARDS.values() if BASE not in one.cards] == ["OCRBench"]


# -- the process ------------------------------------------------------------------------------------------------------


def test_the_process_sees_nothing_of_ours(tmp_path):
    harness = Harness(tmp_path / "python", "http://127.0.0.1:1/v1", "m", tmp_path, 8, tmp_path, 4)
    words = command(harness, "ai2d")
    assert words[1:3] == ["-m", "lmms_eval"] and "--log_samples" in words and words[-2:] == ["--limit", "8"]
    assert words[words.index("--process_docs_parallel") + 1] == "1" and "num_cpus=4" in words[6]
    cleaned = environment({"PATH": "/bin", "PYTHONPATH": "x", "RADIO_SERVER_KEY": "k", "PYTHONSTARTUP": "y"})
    assert cleaned == {"PATH": "/bin", "PYTHONSAFEPATH": "1", "OPENAI_API_KEY": "k"}


def test_an_environment_without_the_pinned_harness_is_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"not at all, expected 0\.7\.3; make one: make standard-setup"):
        check_harness(sys.executable)
    with pytest.raises(RecipeError, match="cannot be started"):
        check_harness(tmp_path / "nothing")


def test_a_name_that_the_harness_would_cut_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="no comma"):
        Harness(tmp_path, "http://127.0.0.1/v1", "a,b=c", tmp_path).check()


def test_a_task_is_run_once_and_its_failure_is_told(tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho before; printf '\\033[31mit broke\\033[0m\\n\\n' >&2\nexit 3\n")
    fake.chmod(0o755)
    harness = Harness(fake, "s", "m", tmp_path / "out")
    with pytest.raises(StepError, match=r"exit code 3; all that it said is in .*said\.log, and last: it broke$"):
        run_task(harness, "ai2d")
    one_of(tmp_path / "out", "base", "ai2d")
    found = run_task(harness, "ai2d")
    assert (found.score, found.version) == (0.75, LMMS_EVAL)
    for other in (Harness(fake, "s", "other", harness.out), Harness(fake, "s", "m", harness.out, limit=3)):
        with pytest.raises(RecipeError, match="another --out, or remove it"):
            run_task(other, "ai2d")
    (harness.out / "ai2d" / "asked.json").unlink()
    with pytest.raises(RecipeError, match=r"a run without asked\.json"):
        run_task(harness, "ai2d")


# -- the real thing ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def python():
    found = Path(os.environ.get("RADIO_STANDARD_PYTHON") or ROOT / ".venv-standard" / "bin" / "python")
    try:
        check_harness(found)
    except RecipeError as error:
        pytest.skip(str(error))
    return found


def run_standard(out, *words):
    done = CliRunner().invoke(evaluate, ["standard", *map(str, words), "--out", str(out), "--json"])
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_real_harness_scores_an_exported_task_as_we_do(python, tmp_path, monkeypatch):
    from tests.test_evaluate_lmms_task import check_same_as_ours

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_tasks(tmp_path / "tasks")
    task = tasks_of(tmp_path / "tasks")[-1]
    with StandardServer() as server:
        words = ("--server", server.address, "--model", "m", "--python", python, "--include", tmp_path / "tasks")
        (said,) = run_standard(tmp_path / "out", *words, "--task", task)
        n_calls = server.n_calls
        assert run_standard(tmp_path / "out", *words, "--task", task) == [said]
        assert server.n_calls == n_calls == said["n"] == 12  # the second time, nothing was asked
    check_same_as_ours(tmp_path / "out" / task, task)


@pytest.mark.slow
def test_the_real_harness_runs_a_standard_benchmark_and_a_base_off_its_card_ends_with_3(python, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_datasets(tmp_path / "out" / "scienceqa_img")
    with StandardServer() as server:
        done = subprocess.run(
            [sys.executable, "-m", "evaluate", "standard", "--server", server.address, "--model", "m",
             "--python", python, "--task", "scienceqa_img", "--out", tmp_path / "out", "--base", BASE],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=1500,
        )  # fmt: skip
    assert done.returncode == 3 and "ScienceQA-IMG: the base has 75.0, its card says 96.0" in done.stderr, done.stderr
    found = read_result(tmp_path / "out" / "scienceqa_img", "scienceqa_img")
    recorded = read_result(RECORDED / "base", "scienceqa_img")
    assert found.samples == recorded.samples and found.version == LMMS_EVAL


@pytest.mark.slow
def test_the_real_harness_writes_a_quick_set(python, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    write_datasets(tmp_path)
    assert write_quick_set(python, tmp_path / "quick.parquet", ("ai2d", "mme", "mmstar"), 4) == 12
    found = read_quick_set(tmp_path / "quick.parquet")
    letters = ("A", "B", "C", "D")
    assert [one.choices for one in found] == [letters] * 4 + [("Yes", "No")] * 4 + [letters] * 4
    assert all(f"[{one.task} {one.doc_id}]" in one.text for one in found)
