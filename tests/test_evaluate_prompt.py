"""What is asked: golden texts of every wording, orders of options, examples that share nothing with what is tested."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluate.tasks.benchmark import Task, benchmark
from evaluate.tasks.prompt import VARIANTS, examples_for, is_apart, option_orders, prompt_for
from schemas.errors import RecipeError

GOLDEN = Path(__file__).parent / "golden"
SIX = [f"b{k}" for k in range(1, 7)]


def told(name: str) -> str:
    """Every wording of a benchmark, as it is sent."""
    one = benchmark(name)
    parts = [f"=== {variant}\n{prompt_for(one, variant).text}\n" for variant in VARIANTS]
    return "\n".join(parts)


@pytest.mark.parametrize("name", SIX)
def test_the_wordings_are_the_golden_ones(name):
    file = GOLDEN / f"evaluate_{name}.txt"
    assert told(name) == file.read_text(encoding="utf-8"), f"changed on purpose? write the new text to {file.name}"


@pytest.mark.parametrize("name", ["b1", "b2", "b5", "b6"])
@pytest.mark.parametrize("variant", ["fixed", "paper", "structured"])
def test_every_option_has_a_line_of_its_own(name, variant):
    asked = prompt_for(benchmark(name), variant)
    offered = {one.text for one in asked.choices if len(one.labels) == 1}
    assert offered <= set(asked.text.splitlines())  # D16: none is glued to the instruction


def test_the_misprint_is_in_the_papers_wording_alone():
    b2 = benchmark("b2")
    for variant in VARIANTS:
        text = prompt_for(b2, variant).text
        assert ("1C-2C" in text) == (variant == "paper")
        assert ("1C-2P" in text) == (variant != "paper")
    texts = {one.text: one.labels for one in prompt_for(b2, "paper").choices}
    assert texts["1C-2C"] == ("1C-2P",)


def test_examples_are_named_only_where_there_are_some():
    assert "(and examples)" not in prompt_for(benchmark("b6")).text
    assert "(and examples)" in prompt_for(benchmark("b6"), shots=2).text
    assert "(and examples)" in prompt_for(benchmark("b6"), "paper").text  # as printed


def test_the_code_asks_of_peculiarity_without_any_option():
    assert "COMPLEX" not in prompt_for(benchmark("b5"), "code").text


def test_orders_differ_and_the_answers_stay():
    b2 = benchmark("b2")
    assert len({prompt_for(b2, order=k).sha for k in range(4)}) == 4
    assert len({prompt_for(b2, order=k).choices for k in range(4)}) == 1
    assert option_orders(benchmark("b3")) == [("YES", "NO"), ("NO", "YES")]
    assert prompt_for(benchmark("b3"), order=1).text.endswith("No or Yes.")
    with pytest.raises(RecipeError, match="known: 0 to 1"):
        prompt_for(benchmark("b3"), order=2)
    with pytest.raises(RecipeError, match="no wording 'loud'; known: fixed"):
        prompt_for(benchmark("b3"), "loud")


def test_definitions_are_told_once():
    asked = prompt_for(benchmark("b6"), shots=2)
    turns = asked.turns([task("a", ("FR-I",)), task("b", ("FR-II",))])
    assert [answer for _, answer in turns] == ["FR-I", "FR-II", ""]
    assert ["### Context" in text for text, _ in turns] == [True, False, False]
    assert all("FR-I\nFR-II\n" in text for text, _ in turns)


def task(name, truth=("FR-I",), split="train", **places) -> Task:
    given = {"source_id": f"s-{name}", "mosaic": f"m-{name}", "patch_id": f"p-{name}"} | places
    return Task(f"cutout-{name}", given.pop("image_sha", f"sha-{name}"), truth, {}, "c", split, **given)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 6)] * 4, st.sampled_from(["FR-I", "FR-II"])), min_size=1, max_size=25),
    st.sampled_from(["random", "balanced"]),
    st.integers(0, 3),
)
def test_examples_share_neither_source_nor_mosaic_nor_sky_nor_bytes(drawn, select, seed):
    candidates = [
        task(str(k), (truth,), source_id=f"s{a}", mosaic=f"m{b}", patch_id=f"p{c}", image_sha=f"i{d}")
        for k, (a, b, c, d, truth) in enumerate(drawn)
    ]
    query = task("q", split="test", source_id="s0", mosaic="m0", patch_id="p0", image_sha="i0")
    try:
        chosen = examples_for(query, candidates, shots=3, seed=seed, select=select)
    except RecipeError:
        return
    assert len({one.picture_id for one in chosen}) == 3
    for one in chosen:
        assert not {one.source_id, one.mosaic, one.patch_id, one.image_sha} & {"s0", "m0", "p0", "i0"}
        assert is_apart(one, query)


def test_balanced_examples_have_every_class_alike_and_a_seed_gives_the_same():
    candidates = [task(str(k), ("FR-I",) if k < 30 else ("FR-II",)) for k in range(33)]
    query = task("q", split="test")
    for seed in range(5):
        chosen = examples_for(query, candidates, shots=4, seed=seed)
        assert sorted(one.truth[0] for one in chosen) == ["FR-I", "FR-I", "FR-II", "FR-II"]
        assert chosen == examples_for(query, candidates[::-1], shots=4, seed=seed)
    drawn = [examples_for(query, candidates, shots=4, seed=k) for k in range(5)]
    assert len({tuple(one.picture_id for one in chosen) for chosen in drawn}) > 1


def test_the_nearest_example_comes_last():
    candidates = [task(str(k)) for k in range(5)]
    features = {f"cutout-{k}": np.array([float(k)]) for k in range(5)} | {"cutout-q": np.array([3.1])}
    chosen = examples_for(task("q", split="test"), candidates, shots=3, seed=0, select="nearest", features=features)
    assert [one.picture_id for one in chosen] == ["cutout-2", "cutout-4", "cutout-3"]


def test_the_nearest_of_every_truth_come_in_turn():
    candidates = [task(str(k), ("FR-I",) if k < 5 else ("FR-II",)) for k in range(8)]
    features = {f"cutout-{k}": np.array([float(k)]) for k in range(8)} | {"cutout-q": np.array([0.1])}
    query, select = task("q", split="test"), "nearest-balanced"
    chosen = examples_for(query, candidates, shots=4, seed=0, select=select, features=features)
    assert sorted(one.picture_id for one in chosen) == ["cutout-0", "cutout-1", "cutout-5", "cutout-6"]
    assert {one.picture_id for one in chosen[2:]} == {"cutout-0", "cutout-5"}  # the nearest last


def test_an_example_from_outside_the_training_split_is_refused():
    with pytest.raises(RecipeError, match="not of the training split"):
        examples_for(task("q", split="test"), [task("a", split="test")], shots=1, seed=0)
    with pytest.raises(RecipeError, match="2 examples are wanted, 1"):
        examples_for(task("q", split="test"), [task("a")], shots=2, seed=0)
