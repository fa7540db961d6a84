"""The quick set: questions by lmms-eval's tasks, and shares of right answers by likelihood."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from curation.asking.request import Served
from evaluate.cli import evaluate
from evaluate.standard.quick import COLUMNS, quick_scores, read_quick_set
from evaluate.standard.quick_docs import questions_of
from schemas.errors import CatalogError
from tests.making_standard import png

LISTED = "Which?\nA. a star\nB. a quasar\nC. a galaxy"


def write(file, rows):
    names = COLUMNS.names
    pq.write_table(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], COLUMNS), file)
    return file


def rows(n=8):
    """Half of them with letters, half with yes and no."""
    return [("ai2d", k, LISTED, "ABC"[k % 3], png(k)) for k in range(n)] + [
        ("mme", k, "Is it?", ("Yes", "no")[k % 2], png(k)) for k in range(n)
    ]


class Knowing:
    """Likes the first answer of each; every answer has e^-2."""

    def log_likelihoods(self, requests, answers):
        return [(-1.0, *[-2.0] * (len(some) - 1)) for some in answers]


def test_a_quick_set_is_read_with_what_may_be_answered(tmp_path):
    found = read_quick_set(write(tmp_path / "q.parquet", rows()))
    assert [one.choices for one in found] == [("A", "B", "C")] * 8 + [("Yes", "No")] * 8
    assert {one.target for one in found[8:]} == {"Yes", "No"}
    (unlisted,) = read_quick_set(write(tmp_path / "r.parquet", [("mmstar", 0, "Which?", "D", png(0))]))
    assert unlisted.choices == ("A", "B", "C", "D")


def test_shares_have_intervals_and_the_mean_is_over_tasks(tmp_path):
    found = quick_scores(Knowing(), Served("m"), read_quick_set(write(tmp_path / "q.parquet", rows())))
    assert [(one.task, one.n) for one in found] == [("ai2d", 8), ("mme", 8), ("all", 16)]
    assert [one.share.value for one in found] == [3 / 8, 1 / 2, 7 / 16]
    assert all(one.share.low < one.share.value < one.share.high for one in found)
    assert found[1].mass == pytest.approx(np.exp(-1) + np.exp(-2))
    assert found == quick_scores(Knowing(), Served("m"), read_quick_set(tmp_path / "q.parquet"))


@pytest.mark.parametrize("fault", ["text", "columns", "answer", "empty"])
def test_a_file_that_is_no_quick_set_is_refused(tmp_path, fault):
    file = tmp_path / "q.parquet"
    if fault == "text":
        file.write_text("no")
    elif fault == "columns":
        pq.write_table(pa.table({"task": ["ai2d"]}), file)
    else:
        write(file, [] if fault == "empty" else [("ai2d", 0, LISTED, "H", png(0))])
    with pytest.raises(CatalogError, match=r"no quick set|may be one of"):
        read_quick_set(file)


class Task:
    """What the harness offers of a task."""

    def __init__(self, docs):
        from PIL import Image

        self.config = type("Config", (), {"task": "t"})
        self.eval_docs, self.picture = docs, Image.new("RGB", (4, 4))

    def doc_to_target(self, doc):
        return doc[0]

    def doc_to_messages(self, doc):
        images = [{"type": "image", "url": self.picture}] * doc[1]
        return [{"role": "user", "content": [*images, {"type": "text", "text": "Which?"}]}]


def test_questions_with_one_picture_and_a_short_answer_are_taken_and_fewer_are_part_of_more():
    task = Task([("ABX"[k % 3] if k % 5 else "Downhill", 1 + (k % 7 == 0)) for k in range(60)])
    many, few = questions_of("t", task, 20), questions_of("t", task, 5)
    assert few == many[:5] and len({row["doc_id"] for row in many}) == 20
    assert {row["target"] for row in many} == {"A", "B"}
    assert all(row["doc_id"] % 7 and row["doc_id"] % 5 for row in many)
    assert len(questions_of("t", task, 1000)) < 60


def test_a_model_answers_the_quick_set(tiny_model: Path, tmp_path):
    file = write(tmp_path / "q.parquet", rows(3))
    words = ["quick", str(file), "--model-dir", str(tiny_model), "--store", str(tmp_path / "store")]
    done = CliRunner().invoke(evaluate, [*words, "--json"], catch_exceptions=False)
    told = json.loads(done.stdout)["scores"]
    assert [one["n"] for one in told] == [3, 3, 6] and all(0 < one["mass"] <= 1 for one in told)
    assert CliRunner().invoke(evaluate, words, catch_exceptions=False).stdout.splitlines()[-1].startswith("all: ")
