"""Probes: what is asked while training, with and without a picture, and that asking is exact."""

import json
from types import SimpleNamespace

import pytest
import torch

from finetune.data.samples import Message, Picture, Sample, open_handover
from finetune.network.hf import read_processor
from finetune.network.model import read_model, seeing_nothing
from finetune.recipe import recipe
from finetune.rows.agreement import token_losses
from finetune.rows.encode import Encoder
from finetune.rows.pack import row_of
from finetune.watch.general import LETTERS, GeneralRows, questions
from finetune.watch.probes import Prober, heeding_blocks, probes_of
from finetune.watch.progress import lines_of
from tests.making_handover import png


@pytest.fixture(scope="module")
def encoder(tiny_model):
    changes = {"model.name": str(tiny_model), "loss.norm": "token", "turns.share_sequential": "0.0"}
    return Encoder(read_processor(tiny_model), recipe("smoke", changes))


@pytest.fixture(scope="module")
def model(tiny_model):
    return read_model(tiny_model).eval()


def test_a_hundred_questions_with_balanced_truths():
    found = questions()
    assert len(found) == len({one.text for one in found}) == 100
    closed, choices = found[:50], found[50:]
    assert [one.truth for one in closed].count("Yes") == 25
    assert all(one.text.endswith("Answer Yes or No.") and one.choices == ("No", "Yes") for one in closed)
    counts = [[one.truth for one in choices].count(letter) for letter in LETTERS]
    assert max(counts) - min(counts) <= 1
    for one in choices:
        lines = one.text.splitlines()
        assert [line[:3] for line in lines[1:5]] == ["A: ", "B: ", "C: ", "D: "]
        assert len({line[3:] for line in lines[1:5]}) == 4
    assert "A: Oxygen" in choices[0].text
    assert choices[0].truth == "A"


def test_sums_among_the_questions_are_right():
    """Those whose truth can be computed are."""
    truths = {one.text.splitlines()[0]: dict(line.split(": ", 1) for line in one.text.splitlines()[1:5])[one.truth]
              for one in questions()[50:]}  # fmt: skip
    wanted = {
        "What is 15 per cent of 200?": 0.15 * 200, "What is 144 divided by 12?": 144 / 12,
        "What is x, if 2x + 3 = 11?": (11 - 3) / 2, "What is the mean of 2, 4 and 9?": 15 / 3,
        "How many minutes are there in two and a half hours?": 2.5 * 60,
    }  # fmt: skip
    assert {one: float(truths[one]) for one in wanted} == wanted


def test_general_questions_hold_no_special_token_and_no_picture():
    assert not [one for one in questions() if "<" in one.text or "|" in one.text]


def test_answers_of_many_questions_in_a_row_are_as_likely_as_each_by_itself(encoder, model):
    asked = questions()[48:53]
    with torch.no_grad(), seeing_nothing(model):
        found = GeneralRows(encoder, asked).answered(model, "cpu")
    for one, (is_right, nll) in zip(asked, found, strict=True):
        totals = []
        for choice in one.choices:
            record = encoder.encode(
                Sample("alone", "general", (), (Message("user", one.text), Message("assistant", choice)))
            )
            row = row_of([record])
            with torch.no_grad():
                logits = model(input_ids=row["input_ids"], logits_to_keep=row["predicted_at"]).logits[0].float()
            totals.append(-torch.nn.functional.cross_entropy(logits, row["target"], reduction="sum"))
        likely = torch.log_softmax(torch.stack(totals), 0)
        truth = one.choices.index(one.truth)
        assert nll == pytest.approx(float(-likely[truth]), abs=1e-4)
        assert is_right == (int(likely.argmax()) == truth)


def test_a_model_that_only_knows_one_answer_is_seen_to_have_collapsed(encoder, model):
    """All that it says is No: of Yes and No half is right, of the letters a quarter."""
    asked = questions()[:20]
    stuck = torch.nn.Module()
    tokens = encoder.processor.tokenizer("No", add_special_tokens=False)["input_ids"]

    def forward(logits_to_keep, **inputs):
        logits = torch.zeros(1, len(logits_to_keep), 400)
        logits[..., tokens] = 20.0
        return SimpleNamespace(logits=logits)

    stuck.forward = forward
    stuck.model = model.model
    found = GeneralRows(encoder, asked).answered(stuck, "cpu")
    assert sum(is_right for is_right, _ in found) == 10


def test_pictures_and_general_questions_are_told_apart(encoder, model, made_handover, tmp_path):
    samples = open_handover(made_handover(tmp_path / "data", 12), tags=["all"], index_dir=tmp_path / "index")
    path = tmp_path / "probes.jsonl"
    prober = Prober(probes_of(samples, 0, 3), encoder, every=2, path=path, general=questions()[:4])
    state = SimpleNamespace(global_step=0, max_steps=3, is_world_process_zero=True)
    with seeing_nothing(model):
        prober.on_train_begin(SimpleNamespace(device="cpu"), state, None, model=model)
        for state.global_step in (1, 2, 3):
            prober.on_step_end(SimpleNamespace(device="cpu"), state, None, model=model)
    lines = lines_of(path)
    assert [line["step"] for line in lines] == [0, 2, 3]
    assert all(line["general"]["n"] == 4 and 0 <= line["general"]["accuracy"] <= 1 for line in lines)
    assert lines[0]["n"] <= 3
    assert lines[0]["general"] == lines[1]["general"]
    again = Prober((), encoder, every=2, path=path, step=2, general=questions()[:1])
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [0, 2]  # going on from step 2
    state.global_step = 4
    with seeing_nothing(model):
        again.on_step_end(SimpleNamespace(device="cpu"), state, None, model=model)
    assert lines_of(path)[-1]["accuracy"] is None  # no question of a picture
    assert lines_of(path)[-1]["general"]["n"] == 1


def test_while_asked_a_model_heeds_blocks_whatever_it_trains_with(tiny_model, encoder):
    """Isolated turns, of which eager attention sees all: the first states what the others ask for."""
    turns = ["<image>\nDescribe.", "FR-II, bright", "Which class?", "FR-II", "Is it bright?", "Yes"]
    messages = tuple(Message(("user", "assistant")[at % 2], text) for at, text in enumerate(turns))
    row = row_of([encoder.encode(Sample("s", "all", (Picture("p", png(1, (40, 40))),), messages))])
    model = read_model(tiny_model, attention="eager").eval()
    with torch.no_grad():
        wrong = token_losses(model, row)[0]
        with heeding_blocks(model):
            right = token_losses(model, row)[0]
        assert model.config._attn_implementation == "eager"
        wanted = token_losses(read_model(tiny_model).eval(), row)[0]
    assert torch.allclose(right, wanted, atol=1e-5)
    assert not torch.allclose(wrong, wanted, atol=1e-4)
