"""PREDICTIONS: every picture has a row, whatever comes back; a run that was killed asks nothing twice."""

import hashlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from curation.asking.request import PROBLEMS, Reply, Served
from curation.asking.rule_server import RuleServer
from curation.asking.vlm import Asker
from curation.engine.steps import Step
from evaluate.asking.backends import BackendInfo, ServedBackend
from evaluate.asking.predictions import Manner, asking_of, predictions, predictions_step, requests_of
from evaluate.scoring.scores import scores
from evaluate.tasks.benchmark import benchmark
from schemas.errors import GateError
from schemas.fingerprint import content_id
from schemas.labels import label_scheme
from schemas.tables import CUTOUTS, PREDICTIONS, SOURCES, SPLITS, STATUSES
from tests.answering_server import AnsweringServer

B1, B3, B5, B6 = (benchmark(name) for name in ("demo_extended", "demo_radio_galaxies", "demo_peculiarity", "b6"))
STEPS = (Step("cutouts/x", None, CUTOUTS), Step("sources/x", None, SOURCES), Step("splits/x", None, SPLITS))
SERVED = Served("rule-server")


def png(seed):
    sink = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()


def tables(n, door=B6, *, unknown=(), untested=()):
    """Pictures of a benchmark's dataset, with the classes in turn; some of unknown truth, some not of the benchmark."""
    scheme, cutouts, sources, splits = label_scheme(door.scheme), [], [], []
    for k in range(n):
        ids = {"cutout_id": content_id("cutout", k), "source_id": content_id("source", k), "dataset": door.dataset}
        names = list(scheme.labels)
        held = {names[k % 2]} if scheme.kind == "single" else scheme.with_implied([names[k % len(names)]])
        state = {name: "unknown" if k in unknown else "present" if name in held else "absent" for name in names}
        labels = [{"scheme": door.scheme, "label": name, "original": name, "state": state[name], "tier": "expert",
                   "catalog": "c.csv", "row": k} for name in names]  # fmt: skip
        picture = png(k)
        is_tested = k not in untested
        cutouts.append({
            **ids, "survey": "first", "mosaic": f"m{k // 3}.fits", "mosaic_sha256": "0" * 64, "width_px": 48,
            "height_px": 48, "blank_fraction": 0.0, "pixels": b"", "png": picture, "png_side_px": 48,
            "stretch": "zscale", "small": b"", "channels": [], "source_px": 0,
            "sha256": hashlib.sha256(picture).hexdigest(),
        })  # fmt: skip
        sources.append({
            "source_id": ids["source_id"], "source_name": str(k), "dataset": door.dataset, "survey": "first",
            "scheme": door.scheme, "labels": labels, "split": "test" if is_tested else None,
            "benchmark": (door.rows or door.name) if is_tested else None, "origin_catalog": "c.csv", "origin_row": k,
        })  # fmt: skip
        splits.append({**ids, "guard_arcsec": 0.0, "patch_id": content_id("patch", k // 2),
                       "split": "test" if is_tested else "train"})  # fmt: skip
    return CUTOUTS.of(cutouts), SOURCES.of(sources), SPLITS.of(splits)


def manner(**changed):
    return Manner("rule-server", "a" * 64, "", **changed)


class Says:
    """A backend that gives each request what a function says."""

    served = SERVED

    def __init__(self, say):
        self.say, self.asked = say, []

    def describe(self):
        return BackendInfo("replay", "test", "rule-server", "a" * 64, "", can_score=True)

    def answer(self, requests):
        self.asked += requests
        return [self.say(k, one) for k, one in enumerate(requests)]

    def log_likelihoods(self, requests, answers):
        return [tuple(-1.0 - k for k in range(len(some))) for some in answers]


def reply(one, text="", problem=None, reason="stop"):
    return Reply(one.key, text, problem, "", reason, 10, 3, 0.1)


def asked(backend, rows, door=B6, together=(), most_errors=1.0, **changed):
    asking = asking_of(door, manner(**changed), STEPS)
    others = [asking_of(other, manner(**changed), STEPS) for other in together]
    return predictions(backend, most_errors, others, *rows, asking)


ROWS = tables(6)
WORDS = [
    "FR-I",
    "fr2",
    "",
    "I can't tell",
    "It is FR-I, surely",
    "FR-I and FR-II",
    "B612",
    "\n\n",
    "é" * 3000,
    "{}",
    "NONE",
]


def test_every_picture_has_a_row_whatever_comes_back():
    kinds = [("", None), *[(WORDS[k % len(WORDS)], one) for k, one in enumerate([*PROBLEMS, *[None] * len(WORDS)])]]

    def say(k, one):
        text, problem = kinds[k % len(kinds)]
        return reply(one, text, problem, {"truncated": "length", "refused-by-server": None}.get(problem, "stop"))

    found = asked(Says(say), tables(40, unknown={3}, untested={4, 5}))
    rows = found.kept.to_pylist()
    assert len(rows) == 37 and found.n_in == 40
    assert found.reasons == {"not-tested": 2, "unknown-truth": 1}
    assert {row["status"] for row in rows} <= set(STATUSES)
    assert all(
        (row["status"] == "backend_error") == (row["reply"] is None) == (row["error"] is not None) for row in rows
    )
    made = scores(found.kept, B6, n_draws=100)
    shares = [row["value"] for row in made.to_pylist() if row["metric"] == "share" and row["truth_rule"] == B6.truth]
    assert sum(shares) == pytest.approx(1.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.sampled_from([None, *PROBLEMS])), min_size=6, max_size=6))
def test_no_reply_can_lose_a_row(replies):
    found = asked(Says(lambda k, one: reply(one, *replies[k])), ROWS)
    assert found.kept.num_rows == 6 and found.n_in == 6
    assert set(found.kept["status"].to_pylist()) <= set(STATUSES)


@pytest.mark.parametrize(
    ("problem", "reason", "status"),
    [("truncated", "length", "truncated"), ("empty", "stop", "empty"), ("refused-by-server", None, "refused"),
     ("server-error", None, "backend_error"), ("timeout", None, "backend_error"),
     ("unreadable-body", None, "backend_error"), ("too-long-body", None, "backend_error")],
)  # fmt: skip
def test_each_problem_has_its_status(problem, reason, status):
    text = "FR-I" if problem == "truncated" else ""
    rows = asked(Says(lambda _, one: reply(one, text, problem, reason)), tables(2)).kept.to_pylist()
    assert [row["status"] for row in rows] == [status, status]


def test_a_run_breaks_off_where_too_many_replies_are_lost():
    backend = Says(lambda k, one: reply(one, "FR-I", "timeout" if k == 0 else None))
    with pytest.raises(GateError, match="1 of 20 pictures"):
        asked(backend, tables(20), most_errors=0.001)
    assert asked(backend, tables(20), most_errors=0.05).kept["status"].to_pylist().count("backend_error") == 1


def test_a_row_tells_what_was_asked_shown_and_said():
    rows = tables(3)
    found = asked(Says(lambda _, one: reply(one, "FR-II")), rows, has_choices=True)
    row = found.kept.to_pylist()[0]
    (cutout,) = [one for one in rows[0].to_pylist() if one["cutout_id"] == row["image_id"]]
    assert row["image_sha"] == cutout["sha256"] and row["predicted"] == ["FR-II"] and row["status"] == "exact"
    assert row["choices"] == ["FR-I", "FR-II"] and row["choice_logprob"] == [-1.0, -2.0]
    assert sum(row["choice_prob"]) == pytest.approx(1) and row["mass"] == pytest.approx(np.exp(-1) + np.exp(-2))
    assert row["cluster"].startswith("patch-") and row["split"] == "test" and row["decode"] == "greedy-256"
    assert PREDICTIONS.check(found.kept).num_rows == 3


def test_a_choice_stands_in_its_row_without_its_form():
    found = asked(Says(lambda _, one: reply(one, '{"answer": "FR-I"}')), tables(2), is_constrained=True)
    assert found.kept["reply"].to_pylist() == ["FR-I", "FR-I"] and found.kept["status"][0].as_py() == "exact"
    ignored = asked(Says(lambda _, one: reply(one, "some FR-I")), tables(2), is_constrained=True)
    assert ignored.kept["status"].to_pylist() == ["extracted"] * 2


def test_shown_grey_a_model_sees_nothing_and_shuffled_another_picture():
    rows = tables(9)
    own = {one["sha256"] for one in rows[0].to_pylist()}
    blind = Says(lambda _, one: reply(one, "FR-I"))
    grey = asked(blind, rows, shown="grey").kept.to_pylist()
    assert len({row["image_sha"] for row in grey}) == 1 and not {row["image_sha"] for row in grey} & own
    with Image.open(io.BytesIO(blind.asked[0].png)) as image:
        assert image.size == (48, 48) and len(image.getcolors()) == 1
    shuffled = asked(Says(lambda _, one: reply(one, "FR-I")), rows, shown="shuffled").kept.to_pylist()
    ids = {one["sha256"]: one["cutout_id"] for one in rows[0].to_pylist()}
    assert sorted(row["image_sha"] for row in shuffled) == sorted(own)
    assert all(ids[row["image_sha"]] != row["image_id"] for row in shuffled)


def test_benchmarks_of_the_same_pictures_are_asked_a_picture_at_a_time():
    backend = Says(lambda _, one: reply(one, "Yes"))
    asked(backend, tables(12, B3), B3, together=[B1, B5])
    seen = [hashlib.sha256(one.png).hexdigest() for one in backend.asked]
    assert len(seen) == 36 and len({tuple(seen[k : k + 3]) for k in range(0, 36, 3)}) == 12
    assert all(len(set(seen[k : k + 3])) == 1 for k in range(0, 36, 3))


def test_the_address_moves_with_what_decides_the_reply_and_with_nothing_else(tmp_path):
    def address(door=B6, backend=None, **changed):
        return predictions_step(backend or Says(None), door, manner(**changed), STEPS).address

    first = address()
    served = ServedBackend(Asker(("http://127.0.0.1:1/v1",), str(tmp_path)), SERVED)
    assert address(backend=served) == first
    changes = [
        {"variant": "paper"},
        {"option_order": 1},
        {"shown": "grey"},
        {"is_constrained": True},
        {"has_choices": True},
    ]
    others = [address(**one) for one in changes] + [address(B6.model_copy(update={"question": "Which?"}))]
    assert len({first, *others}) == 7


def test_a_run_that_was_killed_asks_nothing_twice(tmp_path):
    rows = tables(30)
    asking = asking_of(B6, manner(), STEPS)
    with AnsweringServer(is_clean=False) as server:
        asker = Asker((server.address,), str(tmp_path), in_flight=4, patience_s=1.0, backoff_s=0.01)
        backend = ServedBackend(asker, SERVED)
        asker.ask(requests_of(asking, backend, *rows)[:11])  # the run before, killed here
        assert server.n_calls == 11
        whole = predictions(backend, 0.0, (), *rows, asking).kept
        assert server.n_calls == 30
        assert predictions(backend, 0.0, (), *rows, asking).kept.drop(["backend"]) == whole.drop(["backend"])
        assert server.n_calls == 30
    replay = ServedBackend(Asker((), str(tmp_path)), SERVED)
    again = predictions(replay, 0.0, (), *rows, asking).kept
    assert again.drop(["backend"]) == whole.drop(["backend"])
    assert {"exact", "extracted"} <= set(whole["status"].to_pylist())


def test_pictures_that_a_server_cannot_answer_are_asked_again_by_the_next_run(tmp_path):
    rows = tables(40)
    asking = asking_of(B6, manner(), STEPS)
    with AnsweringServer(poison="0") as server:
        backend = ServedBackend(
            Asker((server.address,), str(tmp_path), attempts=2, patience_s=2.0, backoff_s=0.01), SERVED
        )  # fmt: skip
        with pytest.raises(GateError, match="server-error"):
            predictions(backend, 0.001, (), *rows, asking)
        assert backend.forget_spoilt() > 0
        server.poison = None
        n_before = server.n_calls
        found = predictions(backend, 0.001, (), *rows, asking).kept
        assert 0 < server.n_calls - n_before < 40 and set(found["status"].to_pylist()) == {"exact"}


def test_the_rule_server_of_curation_answers_a_choice(tmp_path):
    with RuleServer() as server:
        backend = ServedBackend(Asker((server.address,), str(tmp_path)), SERVED)
        backend.check(is_constrained=True)
        found = asked(backend, tables(20), is_constrained=True).kept
    assert set(found["status"].to_pylist()) == {"exact"} and len(set(map(tuple, found["predicted"].to_pylist()))) == 2
