"""The order of a run, the shares of its sources, and one denominator for every way to deal its rows."""

import json
from collections import Counter

import numpy as np
import pytest
import torch

from finetune.data.samples import open_handover
from finetune.network.hf import read_processor
from finetune.network.model import read_model
from finetune.recipe import recipe
from finetune.rows.agreement import token_losses
from finetune.rows.encode import Encoder
from finetune.rows.lengths import Lengths, lengths_of
from finetune.rows.sampler import Collate, Rows, order_of, plan_of_run, records_of_source
from schemas.errors import CatalogError, RecipeError
from tests.making_handover import draft_of


class Listed:
    """Ids and sources only: what the order needs of samples."""

    def __init__(self, **n_records):
        self.sources = [tag for tag, n in n_records.items() for _ in range(n)]
        self.ids = [f"{tag}-{number}" for number, tag in enumerate(self.sources)]


def of(data, **more):
    return recipe("full_shallow_qa", {"data": data, **more})


@pytest.fixture(scope="module")
def processor(tiny_model):
    return read_processor(tiny_model)


@pytest.fixture(scope="module")
def samples(made_handover, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sampler")
    return open_handover(made_handover(folder / "data", 22), tags=["all"], index_dir=folder / "index")


def planned(samples, processor, n_processes=1, **more):
    encoder = Encoder(processor, recipe("smoke", more))
    return encoder, plan_of_run(samples, lengths_of(samples, encoder), encoder, n_processes=n_processes)


def records_by_step(plan):
    n = plan.rows_per_step
    steps = [plan.rows[start : start + n] for start in range(0, len(plan.rows), n)]
    return [sorted(number for row in step if not row.is_filler for number in row.numbers) for step in steps]


def test_the_order_depends_on_seed_epoch_and_ids_alone():
    data = '[{tag = "a"}, {tag = "b"}]'
    listed = Listed(a=50, b=50)
    ids = [listed.ids[number] for number in order_of(listed, of(data), 0)]
    assert ids == [listed.ids[number] for number in order_of(listed, of(data), 0)]
    turned = Listed(b=50, a=50)
    turned.ids = [f"b-{number + 50}" for number in range(50)] + [f"a-{number}" for number in range(50)]
    assert [turned.ids[number] for number in order_of(turned, of(data), 0)] == ids
    assert order_of(listed, of(data), 1) != order_of(listed, of(data), 0)
    assert order_of(listed, of(data, **{"run.seed": "1"}), 0) != order_of(listed, of(data), 0)


def test_every_record_comes_once_an_epoch():
    assert sorted(order_of(Listed(a=97), of('[{tag = "a"}]'), 3)) == list(range(97))


@pytest.mark.parametrize(
    ("said", "shares"),
    [
        ({"c": "weight = 0.1"}, {"a": 0.54, "b": 0.36, "c": 0.1}),
        ({"a": "weight = 0.2", "b": "weight = 0.5", "c": "weight = 0.3"}, {"a": 0.2, "b": 0.5, "c": 0.3}),
        ({"a": "count = 300", "b": "count = 100", "c": "count = 600"}, {"a": 0.3, "b": 0.1, "c": 0.6}),
    ],
)
def test_sources_have_their_shares_within_a_percent(said, shares):
    listed = Listed(a=600, b=400, c=130)
    data = "[" + ", ".join(f'{{tag = "{tag}", {said.get(tag, "is_replay = false")}}}' for tag in "abc") + "]"
    for epoch in range(3):
        counts = Counter(listed.sources[number] for number in order_of(listed, of(data), epoch))
        for tag, share in shares.items():
            assert abs(counts[tag] / counts.total() - share) < 0.01


def test_a_source_that_is_too_small_for_its_share_is_gone_through_again():
    counts = Counter(order_of(Listed(a=90, b=4), of('[{tag = "a"}, {tag = "b", weight = 0.1}]'), 0))
    assert sorted(counts[number] for number in range(90, 94)) == [2, 2, 3, 3]


def test_a_part_of_a_source_is_another_one_each_epoch():
    listed, one = Listed(a=1000), of('[{tag = "a", count = 100}]')
    first, second = (set(order_of(listed, one, epoch)) for epoch in (0, 1))
    assert len(first) == len(second) == 100
    assert len(first & second) < 30


def test_a_tag_without_records_is_told():
    with pytest.raises(RecipeError, match="no training record has the tag b"):
        order_of(Listed(a=3), of('[{tag = "a"}, {tag = "b"}]'), 0)


@pytest.mark.parametrize("packed", ["16", "400"])
def test_the_same_records_share_a_step_on_any_number_of_processes(samples, processor, packed):
    more = {"batch.global_batch": "4", "run.epochs": "2", "turns.pack_tokens": packed}
    plans = [
        planned(samples, processor, n, **more, **{"batch.accumulate": str(4 // n)})[1] for n in (1, 2, 4)
    ]  # fmt: skip
    steps = [records_by_step(plan) for plan in plans]
    assert steps[0] == steps[1] == steps[2]
    assert len({plan.order for plan in plans}) == 1
    assert Counter(number for step in steps[0] for number in step) == dict.fromkeys(range(22), 2)


def test_rows_of_like_length_run_at_the_same_time(samples, processor):
    more = {"batch.global_batch": "8", "batch.accumulate": "4", "turns.pack_tokens": "16"}
    plan = planned(samples, processor, 2, **more)[1]
    as_it_came = list(plan.rows)
    np.random.default_rng(0).shuffle(as_it_came)
    shuffled = type(plan)(tuple(as_it_came), 8, 2, 1, plan.steps_of_epoch, plan.order)
    assert 1 <= plan.slowest_rank_factor() < shuffled.slowest_rank_factor()


def test_fillers_complete_the_last_step_of_each_epoch(samples, processor):
    _, plan = planned(
        samples,
        processor,
        **{"run.epochs": "2", "turns.pack_tokens": "16", "batch.global_batch": "8", "batch.accumulate": "8"},
    )
    assert plan.steps_of_epoch == (3, 3)
    assert len(plan.rows) == 48
    assert sum(row.is_filler for row in plan.rows) == 4
    assert records_of_source(plan, samples) == {"all": 44}


def test_the_position_counts_records(samples, processor):
    _, plan = planned(
        samples,
        processor,
        **{"run.epochs": "2", "turns.pack_tokens": "16", "batch.global_batch": "8", "batch.accumulate": "8"},
    )
    assert [plan.position(step).n_records for step in (0, 1, 3, 6)] == [0, 8, 22, 44]
    assert [plan.position(step).epoch for step in (0, 2, 3, 6)] == [0, 0, 1, 1]
    assert plan.position(2).order == plan.order


def test_a_number_of_steps_ends_a_run_early(samples, processor):
    _, plan = planned(samples, processor, **{"run.max_steps": "3", "run.epochs": "4"})
    assert plan.n_steps == 3


def test_processes_that_do_not_make_the_batch_are_refused_with_a_remedy(samples, processor):
    with pytest.raises(RecipeError, match="accumulate=1"):
        planned(samples, processor, 2)
    with pytest.raises(RecipeError, match="use 1 GPUs"):
        planned(samples, processor, 3)


def test_lengths_known_ahead_are_those_of_the_rows(samples, processor, tmp_path):
    encoder = Encoder(processor, recipe("smoke", {"turns.turns_per_image": "2"}))
    lengths = lengths_of(samples, encoder, cache=tmp_path)
    for epoch in (0, 1):
        for number, sample in enumerate(samples):
            encoded = encoder.tokens(sample, epoch=epoch)
            kept = None if encoded.is_dialogue else encoder.kept_turns(sample, epoch)
            assert lengths.of(number, kept) == encoded.n_tokens
    again = lengths_of(samples, encoder, cache=tmp_path)
    assert again.whole.tolist() == lengths.whole.tolist()
    assert list(tmp_path.glob("lengths-*.npz"))


def test_workers_measure_the_same_lengths(samples, processor):
    encoder = Encoder(processor, recipe("smoke"))
    assert lengths_of(samples, encoder, workers=1).whole.tolist() == lengths_of(samples, encoder).whole.tolist()


def test_a_record_that_cannot_be_encoded_stops_the_plan(samples, processor):
    none = np.zeros(0, np.int64)
    wrong = Lengths(np.zeros(23, np.int64), none, none, np.zeros(22, np.int64), (("s", "sample s: why"),))
    with pytest.raises(CatalogError, match="1 records cannot be encoded; the first: sample s: why"):
        plan_of_run(samples, wrong, Encoder(processor, recipe("smoke")), n_processes=1)


@pytest.fixture(scope="module")
def of_few_pictures(made_handover, tmp_path_factory):
    """Twelve records of four pictures."""
    folder = tmp_path_factory.mktemp("shared")
    data = folder / "data" / "llava.jsonl"
    draft = draft_of(4, 0)
    records = [{**one, "id": f"{one['id']}-{k}"} for k in range(3) for one in draft.records]
    for name, content in draft.pictures.items():
        (data.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (data.parent / name).write_bytes(content)
    data.write_text("".join(json.dumps(one) + "\n" for one in records))
    return open_handover(data, tags=["all"], index_dir=folder / "index")


@pytest.mark.parametrize("layout", ["isolated", "sequential"])
def test_records_of_the_same_pictures_share_them_in_a_row(of_few_pictures, processor, layout):
    turns = {"turns": f'{{layout = "{layout}", pack_tokens = 900, max_tokens = 8192}}', "batch.global_batch": "2"}
    encoder, plan = planned(of_few_pictures, processor, **turns)
    begun, real = of_few_pictures.beginnings, [row for row in plan.rows if not row.is_filler]
    together = [{begun[number] for number in row.numbers} for row in real]
    assert sorted(number for one in together for number in one) == [0, 1, 2, 3]  # each picture in one row
    rows = Rows(of_few_pictures, encoder, plan)
    for number, row in enumerate(plan.rows):
        collated = Collate()([rows[number]])
        assert collated["input_ids"].shape[1] == row.n_tokens <= 900
        assert len(collated["image_sizes"]) == len({begun[one] for one in row.numbers})
    _, apart = planned(of_few_pictures, processor, **turns, **{"turns.share_pictures": "false"})
    assert apart.order == plan.order
    assert sum(row.n_tokens for row in apart.rows) > 1.3 * sum(row.n_tokens for row in plan.rows)


def step_gradients(model, encoder, samples, plan):
    """The gradient of the first optimiser step: every process's micro-steps, one denominator."""
    rows, collate = Rows(samples, encoder, plan), Collate()
    n_micro = plan.rows_per_step // plan.per_device
    batches = [
        collate([rows[number] for number in range(start, start + plan.per_device)])
        for start in range(0, n_micro * plan.per_device, plan.per_device)
    ]
    n_units = sum(batch["n_units"] for batch in batches)
    model.zero_grad()
    for batch in batches:
        losses, weights = token_losses(model, batch)
        ((losses * weights).sum() / n_units).backward()
    return torch.cat([one.grad.flatten() for one in model.parameters() if one.grad is not None])


@pytest.mark.parametrize("norm", ["sample", "token", "turn"])
def test_rows_accumulation_and_ranks_give_one_gradient(samples, processor, tiny_model, norm):
    """4 x 1 = 1 x 4 = 2 x 2 = two ranks of 1 x 2, packed by the device's batch or not."""
    model = read_model(tiny_model).eval()
    found = []
    for per_device, accumulate, n_processes in ((4, 1, 1), (1, 4, 1), (2, 2, 1), (1, 2, 2)):
        batch = f"{{ per_device = {per_device}, accumulate = {accumulate}, global_batch = 4 }}"
        more = {"batch": batch, "loss.norm": norm, "turns.pack_tokens": "16"}
        found.append(step_gradients(model, *_with(samples, planned(samples, processor, n_processes, **more))))
    for other in found[1:]:
        assert float((other - found[0]).abs().max()) < 1e-5 * float(found[0].abs().max())


def _with(samples, made):
    encoder, plan = made
    return encoder, samples, plan


def test_each_learned_token_knows_its_source(made_handover, tmp_path, processor):
    data = made_handover(tmp_path / "data", 6)
    tags = ("demo", "other")
    samples = open_handover(data, tags=tags, index_dir=tmp_path / "index")
    encoder = Encoder(processor, recipe("smoke", {"data": '[{tag = "demo"}, {tag = "other"}]'}))
    plan = plan_of_run(samples, lengths_of(samples, encoder), encoder, n_processes=1)
    rows = Rows(samples, encoder, plan)
    row = Collate(tags)([rows[0], rows[1]])
    assert len(row["source"]) == len(row["target"])
    assert set(row["source"].tolist()) == {0, 1}
    assert "source" not in Collate()([rows[0]])
