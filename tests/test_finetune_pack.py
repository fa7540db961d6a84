"""Rows equal the records apart, in loss and in gradient."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finetune.data.samples import Message, Picture, Sample
from finetune.network.attention import NAMES, heeds_blocks, implementation, sees, way
from finetune.network.blocks import Blocks
from finetune.network.hf import AttentionInterface, read_processor
from finetune.network.model import read_model
from finetune.recipe import recipe
from finetune.rows.agreement import largest_difference, separate_rows, token_losses
from finetune.rows.encode import Encoder
from finetune.rows.encoded import without_weight
from finetune.rows.pack import bins, fill, row_of
from schemas.errors import RecipeError
from tests.making_handover import SIZES_PX, png

WORDS = ("galaxy", "lobe", "core", "island", "beam", "(FR-II)", "3.5 arcsec", "Yes", "No", "naïve\nline")


@pytest.fixture(scope="module")
def processor(tiny_model):
    return read_processor(tiny_model)


@pytest.fixture(scope="module")
def model(tiny_model):
    """The tiny model with larger weights: as it comes, it hardly minds what it sees."""
    found = read_model(tiny_model).eval()
    with torch.no_grad():
        for weights in found.parameters():
            if weights.ndim == 2:
                weights *= 3
    return found


def encoder_of(processor, norm="sample", share=0.3):
    more = {"turns.share_sequential": str(share), "loss.norm": norm}
    return Encoder(processor, recipe("smoke", more))


def random_sample(rng, number):
    n_pictures = int(rng.choice([0, 1, 1, 1, 2]))
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 9))) for _ in range(2 * rng.integers(1, 5))]
    texts[0] = "<image>\n" * n_pictures + texts[0]
    messages = tuple(Message(("user", "assistant")[at % 2], text) for at, text in enumerate(texts))
    sizes = [SIZES_PX[rng.integers(len(SIZES_PX))] for _ in range(n_pictures)]
    pictures = tuple(Picture(f"{k}.png", png(10 * number + k, size)) for k, size in enumerate(sizes))
    return Sample(f"s{number}", "all", pictures, messages)


def gradients(model, rows):
    model.zero_grad()
    for row in rows:
        losses, weights = token_losses(model, row)
        (losses * weights).sum().backward()
    return {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}


def largest(ours, theirs):
    """The largest difference of a weight's gradient, relative to its tensor's largest.

    A key's bias has no gradient but rounding, so a tensor counts for no less than a thousandth of the largest.
    """
    floor = 1e-3 * max(float(one.abs().max()) for one in theirs.values())
    return max(
        float((ours[name] - other).abs().max()) / max(float(other.abs().max()), floor) for name, other in theirs.items()
    )


@pytest.mark.parametrize("norm", ["sample", "token", "turn"])
def test_a_packed_row_has_the_losses_and_gradients_of_separate_samples(processor, model, norm):
    """Requirements (a) and (b): isolated turns and dialogues, with one picture, several and none, in one row."""
    rng, encoder = np.random.default_rng(7), encoder_of(processor, norm)
    for first in range(0, 24, 3):
        samples = [random_sample(rng, first + k) for k in range(3)]
        encoded = [encoder.encode(sample) for sample in samples]
        together = row_of(encoded)
        apart = [row for pair in zip(samples, encoded, strict=True) for row in separate_rows(encoder, *pair)]
        with torch.no_grad():
            losses = token_losses(model, together)[0]
            expected = torch.cat([token_losses(model, row)[0] for row in apart])
        assert torch.allclose(losses, expected, rtol=1e-4, atol=1e-5)
        assert torch.equal(together["weight"], torch.cat([row["weight"] for row in apart]))
        ours, theirs = gradients(model, [together]), gradients(model, apart)
        assert ours.keys() == theirs.keys()
        assert largest(ours, theirs) < 1e-4


@pytest.mark.parametrize("norm", ["sample", "turn"])
def test_records_of_one_picture_share_it_and_have_the_losses_and_gradients_of_separate_samples(processor, model, norm):
    """(a) and (b) where isolated turns and dialogues of the same pictures stand behind one prefix, others between."""
    rng, encoder, n_shared = np.random.default_rng(17), encoder_of(processor, norm, share=0.5), 0
    for first in range(0, 20, 5):
        drawn = [random_sample(rng, first + k) for k in range(5)]
        pictured = [one for one in drawn if one.pictures]
        others = [replace(one, sample_id=f"{one.sample_id}-{k}") for one in pictured for k in range(2)]
        samples = sorted([*drawn, *others], key=lambda one: one.sample_id.split("-")[0])
        shared = encoder.encode_row(samples)
        n_shared += sum(one.is_rest for one in shared)
        together = row_of(shared)
        pairs = [(sample, encoder.encode(sample)) for sample in samples]
        apart = [row for pair in pairs for row in separate_rows(encoder, *pair)]
        assert together["input_ids"].numel() < sum(one.n_tokens for _, one in pairs)
        with torch.no_grad():
            expected = torch.cat([token_losses(model, row)[0] for row in apart])
            assert torch.allclose(token_losses(model, together)[0], expected, rtol=1e-4, atol=1e-5)
        assert torch.equal(together["weight"], torch.cat([row["weight"] for row in apart]))
        assert largest(gradients(model, [together]), gradients(model, apart)) < 1e-4
    assert n_shared > 20


def test_records_that_begin_otherwise_do_not_share(processor):
    encoder, sizes = encoder_of(processor, share=1.0), SIZES_PX[0]
    other = (Picture("1.png", png(1, sizes)),)
    one = Sample(
        "a", "all", (Picture("0.png", png(0, sizes)),), (Message("user", "<image>\nA?"), Message("assistant", "B"))
    )
    late = replace(one, messages=(Message("user", "A?\n<image>\nB?"), one.messages[1]))
    text = Sample("t", "all", (), (Message("user", "Hi"), Message("assistant", "Hello")))
    for pair in ([one, replace(one, pictures=other)], [one, late], [late, late], [text, text]):
        assert not any(found.is_rest for found in encoder.encode_row(pair))
    assert [found.is_rest for found in encoder.encode_row([one, one, text, one])] == [False, True, False, False]
    papers = Encoder(processor, recipe("smoke", {"turns": '{layout = "sequential"}', "loss.on": "llava_next"}))
    assert not papers.encode_row([one, one])[1].is_rest  # it learns marks of the prefix too


def test_the_random_conversations_are_of_every_kind(processor):
    rng, encoder = np.random.default_rng(7), encoder_of(processor)
    encoded = [encoder.tokens(random_sample(rng, number)) for number in range(24)]
    assert {one.is_dialogue for one in encoded} == {True, False}
    assert {len(one.sizes_px) for one in encoded} == {0, 1, 2}
    assert max(one.branches.max() for one in encoded) > 2


def test_without_the_blocks_or_the_positions_turns_see_each_other_in_silence(processor, model):
    """The traps: no error is raised, and only the loss tells."""
    rng, encoder = np.random.default_rng(8), encoder_of(processor, share=0.0)
    samples = [random_sample(rng, number) for number in range(20)]
    encoded = [encoder.encode(one) for one in samples if len(one.pictures) == 1 and len(one.turns) > 1][:2]
    row = row_of(encoded)
    right = token_losses(model, row)[0].sum().detach()
    no_blocks = {key: value for key, value in row.items() if key != "blocks"}
    of_ones = {**no_blocks, "attention_mask": torch.ones_like(row["input_ids"])}
    running = {**row, "position_ids": torch.arange(row["input_ids"].shape[1])[None]}
    for wrong in (no_blocks, of_ones, running):
        assert abs(token_losses(model, wrong)[0].sum().detach() - right) > 0.1
    dense = {**no_blocks, "attention_mask": seen_of(row["blocks"])[None, None]}
    assert torch.allclose(token_losses(model, dense)[0].sum(), right, rtol=1e-6)


def test_check_measures_the_same(processor, model):
    rng = np.random.default_rng(9)
    samples = [random_sample(rng, number) for number in range(4)]
    assert largest_difference(model, encoder_of(processor), samples) < 1e-5


def test_a_dialogue_alone_goes_without_blocks(processor):
    encoder = encoder_of(processor, share=1.0)
    one = encoder.encode(random_sample(np.random.default_rng(1), 1))
    assert "blocks" not in row_of([one])
    assert row_of([one, one])["blocks"].records == ((one.n_tokens,), (one.n_tokens,))
    assert row_of([one])["position_ids"].tolist() == [list(range(one.n_tokens))]


TWO_RECORDS = Blocks(((2, 2, 1), (1, 1)))
WHO_SEES_WHOM = [
    [1, 0, 0, 0, 0, 0, 0],
    [1, 1, 0, 0, 0, 0, 0],
    [1, 1, 1, 0, 0, 0, 0],
    [1, 1, 1, 1, 0, 0, 0],
    [1, 1, 0, 0, 1, 0, 0],
    [0, 0, 0, 0, 0, 1, 0],
    [0, 0, 0, 0, 0, 1, 1],
]


def seen_of(blocks):
    """The dense mask of a row, from the question that FlexAttention asks of two tokens."""
    places = torch.arange(sum(blocks.lengths))
    return sees(blocks, "cpu")(None, None, places[:, None], places[None, :])


def test_who_may_see_whom_in_a_row():
    """A prefix of two tokens with turns of two and one; a prefix of one with a turn of one."""
    assert seen_of(TWO_RECORDS).int().tolist() == WHO_SEES_WHOM


def attended(how, blocks, given, monkeypatch):
    """What one way of attention makes of three random tensors, and their gradients; two heads share a key's."""
    monkeypatch.setitem(sys.modules, "flash_attn", SimpleNamespace(flash_attn_varlen_func=variable_lengths))
    leaves = [one.clone().requires_grad_() for one in given]
    forward = AttentionInterface()[NAMES[how]]
    module = SimpleNamespace(num_key_value_groups=2, is_causal=True, training=True)
    out, _ = forward(module, *leaves, None, blocks=blocks, dropout=0.0, scaling=0.3, sliding_window=None)
    (out * torch.linspace(0, 1, out.numel()).reshape(out.shape)).sum().backward()
    return [out, *(one.grad for one in leaves)]


def variable_lengths(query, key, value, ends, ends_seen, longest, longest_seen, **given):
    """flash_attn_varlen_func as its documentation has it, slowly: tokens first, causal to the lower right corner."""
    assert given["causal"] and not given["dropout_p"] and ends.dtype == ends_seen.dtype == torch.int32
    assert longest == ends.diff().max() and longest_seen == ends_seen.diff().max()
    key, value = (one.repeat_interleave(query.shape[1] // one.shape[1], 1) for one in (key, value))
    found = []
    for at in range(len(ends) - 1):
        own, seen = slice(ends[at], ends[at + 1]), slice(ends_seen[at], ends_seen[at + 1])
        scores = torch.einsum("qhd,khd->hqk", query[own], key[seen]).float() * given["softmax_scale"]
        mask = torch.ones_like(scores, dtype=torch.bool).tril(scores.shape[2] - scores.shape[1])
        shares = scores.masked_fill(~mask, -torch.inf).softmax(-1).to(value.dtype)
        found.append(torch.einsum("hqk,khd->qhd", shares, value[seen]))
    return torch.cat(found)


@given(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple), min_size=1, max_size=4).map(tuple))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_attention_by_parts_is_that_under_the_dense_mask(monkeypatch, records):
    """By variable lengths too, with a stand-in for the kernel in bfloat16; FlexAttention asks `sees`, the mask here."""
    blocks = Blocks(records)
    n, chance = sum(blocks.lengths), torch.Generator().manual_seed(len(records))
    given = [torch.randn(1, heads, n, 8, generator=chance) for heads in (4, 2, 2)]
    leaves = [one.clone().requires_grad_() for one in given]
    doubled = [one.repeat_interleave(2, 1) for one in leaves[1:]]
    out = torch.nn.functional.scaled_dot_product_attention(
        leaves[0], *doubled, attn_mask=seen_of(blocks), scale=0.3
    ).transpose(1, 2)
    (out * torch.linspace(0, 1, out.numel()).reshape(out.shape)).sum().backward()
    wanted = [out, *(one.grad for one in leaves)]
    for how, near in (("sdpa", 1e-5), ("flash_attention_2", 3e-2)):
        for mine, theirs in zip(attended(how, blocks, given, monkeypatch), wanted, strict=True):
            assert float((mine - theirs).detach().abs().max()) <= near * (1 + float(theirs.detach().abs().max()))


def test_the_way_of_attention_is_what_is_there(monkeypatch):
    there = {"flash_attn", "triton"}
    monkeypatch.setattr("finetune.network.attention.find_spec", lambda name: name if name in there else None)
    assert way("auto", torch.bfloat16) == "sdpa"
    with pytest.raises(RecipeError, match="needs a GPU"):
        way("flash_attention_2", torch.bfloat16)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert way("auto", torch.bfloat16) == "flash_attention_2"
    assert way("auto", torch.float32) == "flex_attention"
    there.clear()
    assert way("auto", torch.bfloat16) == "sdpa"


def test_the_language_model_alone_attends_by_blocks(model, tiny_model):
    assert heeds_blocks(model)
    assert model.config.vision_config._attn_implementation == "sdpa"
    assert not heeds_blocks(read_model(tiny_model, attention="eager"))


def test_padding_is_heeded_and_answers_are_those_of_sdpa(model):
    """A batch of two, one padded, with a cache: what asking a model does."""
    ids = torch.randint(10, 300, (2, 9), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    found = {}
    for name in (implementation("sdpa"), "sdpa"):
        model.set_attn_implementation(name)
        found[str(name)] = model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=4, use_cache=True, do_sample=False,
            output_logits=True, return_dict_in_generate=True,
        )  # fmt: skip
    model.set_attn_implementation(implementation("sdpa"))
    mine, theirs = found.values()
    assert torch.equal(mine.sequences, theirs.sequences)
    assert torch.allclose(torch.stack(mine.logits), torch.stack(theirs.logits), atol=1e-5)


def test_pictures_of_different_records_keep_their_crops(processor):
    encoder = encoder_of(processor)
    sizes = ((40, 40), (64, 64))
    encoded = [
        encoder.encode(
            Sample(
                f"s{k}",
                "all",
                (Picture("p", png(k, size)),),
                (Message("user", "<image>\nA?"), Message("assistant", "B")),
            )
        )
        for k, size in enumerate(sizes)
    ]
    row = row_of(encoded)
    assert row["batch_num_images"].tolist() == [1, 1]
    assert [one.pictures["pixel_values"].shape[1] for one in encoded] == [2, 5]
    assert row["pixel_values"].shape[:2] == (2, 5)
    assert row["image_sizes"].tolist() == [list(size) for size in sizes]


def test_text_alone_brings_no_pixels(processor):
    sample = Sample("s", "all", (), (Message("user", "Hi"), Message("assistant", "Hello")))
    assert "pixel_values" not in row_of([encoder_of(processor).encode(sample)])


def test_a_filler_changes_nothing(processor):
    one = encoder_of(processor).encode(random_sample(np.random.default_rng(2), 2))
    row = row_of([without_weight(one)])
    assert row["weight"].sum() == 0
    assert row["n_units"] == 0
    assert len(row["target"]) == len(row_of([one])["target"])


def test_bins_hold_every_record_once_and_no_more_than_fits():
    lengths = np.random.default_rng(3).integers(100, 4000, 5000).tolist()
    packed = bins(lengths, 8192)
    assert sorted(number for one in packed for number in one) == list(range(5000))
    assert all(sum(lengths[number] for number in one) <= 8192 for one in packed)
    assert fill(packed, lengths, 8192) > 0.99
    assert packed == bins(lengths, 8192)


def test_bins_keep_to_the_order_within_their_window():
    packed = bins([3000] * 4000, 8192, window=1000)
    first = [one[0] for one in packed]
    assert all(abs(at - later) <= 1002 for at, later in zip(first, sorted(first), strict=True))


def test_a_record_longer_than_a_bin_has_one_for_itself():
    assert bins([50, 300, 40], 100) == [[0, 2], [1]]
    assert bins([], 100) == []
