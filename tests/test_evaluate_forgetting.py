"""Standard benchmarks from recorded result files; what was forgotten, and what is only said otherwise."""

import json
import sys

import numpy as np
import pytest

from evaluate.forgetting import forgotten, lenient_score, mean_and_worst, strict_score
from evaluate.standard import (
    FAILED,
    STANDARDS,
    Logged,
    Result,
    check_base,
    check_harness,
    command,
    environment,
    read_result,
    run_task,
)
from schemas.errors import CatalogError, GateError, RecipeError, StepError


def record(folder, task, replies, targets, *, metric="exact_match", scores=None):
    """Result files as lmms-eval 0.7.3 writes them."""
    scores = scores or [float(reply == target) for reply, target in zip(replies, targets, strict=True)]
    place = folder / "org__model"
    place.mkdir(parents=True, exist_ok=True)
    head = "20260101_120000"
    told = {"results": {task: {"alias": task, f"{metric},none": float(np.mean(scores)), f"{metric}_stderr,none": 0.01}},
            "lmms_eval_version": "0.7.3", "model_name": "org/model"}  # fmt: skip
    (place / f"{head}_results.json").write_text(json.dumps(told))
    lines = [json.dumps({"doc_id": k, "target": target, "filtered_resps": reply, metric: score, "input": "?"})
             for k, (reply, target, score) in enumerate(zip(replies, targets, scores, strict=True))]  # fmt: skip
    (place / f"{head}_samples_{task}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def result(task, replies, targets):
    samples = tuple(Logged(k, t, r, float(r == t)) for k, (r, t) in enumerate(zip(replies, targets, strict=True)))
    return Result(task, "m", float(np.mean([one.score for one in samples])), len(samples), "0.7.3", samples)


def test_recorded_results_are_read(tmp_path):
    found = read_result(record(tmp_path, "scienceqa_img", ["A", "B"], ["A", "C"]), "scienceqa_img")
    assert (found.score, found.n, found.version, found.model) == (0.5, 2, "0.7.3", "org/model")
    assert found.samples[1] == Logged(1, "C", "B", 0.0)


def test_replies_in_lists_and_scores_in_objects_are_read(tmp_path):
    record(tmp_path, "mme", ["Yes"], ["Yes"], metric="mme_perception_score")
    (log,) = tmp_path.rglob("*.jsonl")
    log.write_text(json.dumps({"doc_id": 0, "target": "Yes", "resps": [["Yes."]], "filtered_resps": ["Yes"],
                               "mme_perception_score": {"score": 1.0, "category": "color"}}))  # fmt: skip
    assert read_result(tmp_path, "mme").samples == (Logged(0, "Yes", "Yes.", 1.0),)


def test_a_run_of_failed_requests_is_refused(tmp_path):
    replies = [f"[{FAILED} after 5 retries] 500", "", *["A"] * 98]
    with pytest.raises(GateError, match="2 of 100"):
        read_result(record(tmp_path, "ai2d", replies, ["A"] * 100), "ai2d")


@pytest.mark.parametrize("fault", ["nothing", "no log", "no json", "other task", "other metric"])
def test_files_that_are_not_what_they_must_be_are_named(tmp_path, fault):
    folder = tmp_path if fault == "nothing" else record(tmp_path, "ai2d", ["A"], ["A"])
    if fault == "no log":
        next(folder.rglob("*.jsonl")).unlink()
    if fault == "no json":
        next(folder.rglob("*_results.json")).write_text("{")
    if fault == "other metric":
        record(tmp_path, "ai2d", ["A"], ["A"], metric="bleu")
    with pytest.raises(CatalogError, match=str(tmp_path)):
        read_result(folder, "mmstar" if fault == "other task" else "ai2d")


def test_a_base_off_its_card_writes_no_table():
    base = "llava-onevision-qwen2-7b-ov"
    good = Result("ai2d", base, 0.80, 1, "", ())
    check_base([good, Result("mme", base, 1600.0, 1, "", ()), Result("ocrbench", base, 0.1, 1, "", ())], base)
    with pytest.raises(GateError, match=r"harness drift.*AI2D.*79\.4"):
        check_base([good, Result("ai2d", base, 0.794, 1, "", ())], base)
    with pytest.raises(GateError, match="MME"):
        check_base([Result("mme", base, 1500.0, 1, "", ())], base)


def test_planted_sentence_answers_show_as_format_loss_alone():
    targets = ["ABCD"[k % 4] for k in range(400)]
    wrong = ["ABCD"[(k + 1) % 4] for k in range(400)]
    before = [t if k % 5 else w for k, (t, w) in enumerate(zip(targets, wrong, strict=True))]
    spoken = [f"The answer is {one}." if k % 2 else one for k, one in enumerate(before)]
    row = forgotten(result("scienceqa_img", before, targets), result("scienceqa_img", spoken, targets))
    assert row.knowledge.points == 0 and (row.knowledge.low, row.knowledge.high) == (0, 0)
    assert row.form.points == pytest.approx(40.0, abs=0.5) and row.form.low > 30
    assert row.total.points == pytest.approx(row.knowledge.points + row.form.points)
    assert row.name == "ScienceQA-IMG"


def test_planted_wrong_answers_show_as_knowledge_loss_alone():
    targets = ["A"] * 300
    after = ["A" if k % 3 else "B" for k in range(300)]
    row = forgotten(result("ai2d", targets, targets), result("ai2d", after, targets))
    assert row.form.points == 0 and row.knowledge.points == pytest.approx(100 / 3)
    assert row.knowledge.low < 100 / 3 < row.knowledge.high
    assert mean_and_worst([row]) == (row.knowledge.points, row.knowledge.points, "AI2D")


def test_runs_over_different_documents_are_not_compared():
    with pytest.raises(CatalogError, match="different documents"):
        forgotten(result("ai2d", ["A"], ["A"]), result("ai2d", ["A", "A"], ["A", "A"]))


@pytest.mark.parametrize(
    ("reply", "target", "score"),
    [
        ("B", "B", 1), ("(B)", "B", 1), ("B. A tail", "B", 1), ("The answer is B.", "B", 1), ("**B**", "B", 1),
        ("It is B, not C.", "B", 0), ("A star is seen.", "A", 0), ("I think C", "C", 1), ("", "B", 0),
        ("Yes, it is.", "Yes", 1), ("No. Yes would be wrong", "Yes", 0), ("The total is 42.", "42", 1),
        ("The total is 420.", "42", 0), ("It says Main Street.", "['main street', 'street']", 1),
    ],
)  # fmt: skip
def test_a_lenient_score_finds_the_answer_in_a_sentence(reply, target, score):
    one = Logged(0, target, reply, None)
    assert lenient_score(one) == score
    assert lenient_score(one) >= strict_score(one)


# -- the process ------------------------------------------------------------------------------------------------------


def test_the_process_sees_nothing_of_ours(tmp_path):
    words = command(tmp_path / "python", "ai2d", server="http://127.0.0.1:1/v1", model="m", out=tmp_path, limit=8)
    assert words[1:3] == ["-m", "lmms_eval"] and "--log_samples" in words and words[-1] == "8"
    cleaned = environment({"PATH": "/bin", "PYTHONPATH": "x", "RADIO_SERVER_KEY": "k", "PYTHONSTARTUP": "y"})
    assert cleaned == {"PATH": "/bin", "PYTHONSAFEPATH": "1", "OPENAI_API_KEY": "k"}


def test_an_environment_without_the_pinned_harness_is_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"not at all, expected 0\.7\.3"):
        check_harness(sys.executable)
    with pytest.raises(RecipeError, match="cannot be started"):
        check_harness(tmp_path / "nothing")


def test_a_task_is_run_once_and_its_failure_is_told(tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho it broke >&2\nexit 3\n")
    fake.chmod(0o755)
    with pytest.raises(StepError, match="it broke"):
        run_task(fake, "ai2d", server="s", model="m", out=tmp_path / "out")
    record(tmp_path / "out" / "ai2d", "ai2d", ["A"], ["A"])
    assert run_task(fake, "ai2d", server="s", model="m", out=tmp_path / "out").score == 1.0
    assert not (tmp_path / "out" / "ai2d" / "said.log").read_text().startswith("done")


def test_the_standard_benchmarks_of_the_paper_are_there():
    assert len(STANDARDS) == 11 and sum(one.n_items for one in STANDARDS.values()) == 51_561
