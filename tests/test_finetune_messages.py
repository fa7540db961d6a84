"""Records as users bring them: `messages` of OpenAI's and TRL's form, system turns, several pictures."""

import json
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from finetune.cli import finetune
from finetune.data.samples import open_handover
from finetune.network.hf import read_processor
from finetune.network.model import read_model
from finetune.recipe import recipe
from finetune.rows.encode import Encoder
from finetune.rows.lengths import lengths_of
from finetune.rows.pack import row_of
from finetune.rows.sampler import Collate, Rows, plan_of_run
from finetune.watch.probes import Prober, probes_of
from schemas.errors import CatalogError
from schemas.llava import LlavaRecord
from tests.making_handover import png

PICTURE = {"type": "image"}


def text(value):
    return {"type": "text", "text": value}


def record(*contents, system=None, **more):
    """A record of messages, the user's and the assistant's in turn."""
    said = [] if system is None else [{"role": "system", "content": system}]
    said += [{"role": ("user", "assistant")[at % 2], "content": one} for at, one in enumerate(contents)]
    return {"messages": said, **more}


@pytest.fixture
def opened(tmp_path):
    """A function that writes records, and four pictures, and opens them."""
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(png(number, (40, 40)))

    def made(*records):
        file = tmp_path / "own.jsonl"
        file.write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")
        return open_handover(file, tags=["all"], index_dir=tmp_path / "index")

    return made


def said(sample):
    pictures = [picture.where.rsplit("/", 1)[1] for picture in sample.pictures]
    return sample.system, [(one.role, one.text) for one in sample.messages], pictures


FORMS = {  # what is written, and pictures and the first question as LLaVA's form has them
    "parts and images": (record([PICTURE, text("Is it?")], "Yes", images=["0.png"]), "<image>\nIs it?", ["0.png"]),
    "a path in its part": (
        record([PICTURE | {"image": "1.png"}, text("Is it?")], "Yes"), "<image>\nIs it?", ["1.png"],
    ),
    "OpenAI's own": (
        record([text("Is it?"), {"type": "image_url", "image_url": {"url": "file://2.png"}}], "Yes"),
        "Is it?<image>\n", ["2.png"],
    ),
    "pictures among words": (
        record([text("Here"), PICTURE, text("and here"), PICTURE, text("?")], "Yes", images=["2.png", "3.png"]),
        "Here<image>\nand here<image>\n?", ["2.png", "3.png"],
    ),
    "text that says where": (
        record("First.\n<image>\nIs it?", "Yes", images=["0.png"]), "First.\n<image>\nIs it?", ["0.png"],
    ),
    "text alone that does not": (
        record("Is it?", "Yes", images=["0.png", "1.png"]), "<image>\n<image>\nIs it?", ["0.png", "1.png"],
    ),
    "nulls of a table": (
        record([PICTURE | {"text": None}, text("Is it?") | {"image": None}], [text("Yes")], image="0.png"),
        "<image>\nIs it?", ["0.png"],
    ),
    "no picture": (record("Is it?", "Yes"), "Is it?", []),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("system", [None, "You see the sky.", [text("You see "), text("the sky.")]])
def test_messages_are_the_same_record_as_conversations(opened, form, system):
    written, question, pictures = FORMS[form]
    if system:
        written = written | {"messages": [{"role": "system", "content": system}, *written["messages"]]}
    turns = [{"from": "human", "value": question}, {"from": "gpt", "value": "Yes"}]
    before = [{"from": "system", "value": "You see the sky."}] if system else []
    ours, llava = opened(written, {"id": "b", "conversations": [*before, *turns], "images": pictures})
    assert said(ours) == said(llava)
    assert ours.sample_id == "all:0"  # this form has no ids, and the row says which it is
    assert said(ours) == ("You see the sky." if system else None, [("user", question), ("assistant", "Yes")], pictures)


def test_a_hand_over_s_messages_are_its_records(made_handover, tmp_path):
    root = made_handover(tmp_path / "data", 6)
    lines = [json.loads(line) for line in (root / "llava.jsonl").read_text().splitlines()]
    as_messages = [LlavaRecord.model_validate(one).as_messages() for one in lines]
    (root / "messages.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in as_messages))
    index_dir = tmp_path / "index"
    both = [open_handover(root / f"{one}.jsonl", tags=["all"], index_dir=index_dir) for one in ("llava", "messages")]
    assert [said(one) for one in both[0]] == [said(one) for one in both[1]]
    assert both[0].ids == both[1].ids


BAD = {
    "unknown role": (record("Is it?", "Yes") | {"messages": [{"role": "tool", "content": "x"}]},
        "message 0: role is str 'tool'; known: system, user, assistant"),
    "no picture for a part": (record([PICTURE, text("Is it?"), PICTURE], "Yes", images=["0.png"]),
        "message 0, part 2: an image without a picture: images has 1"),
    "a part among others that name theirs": (record([PICTURE | {"path": "0.png"}, PICTURE, text("?")], "Yes"),
        "message 0, part 1: an image without a picture: others name theirs"),
    "no URL": (record([{"type": "image_url"}, text("?")], "Yes"), "message 0, part 0: an image without a picture"),
    "a picture elsewhere": (record([PICTURE | {"url": "https://a.b/c.png"}, text("?")], "Yes"),
        "message 0, part 0: its picture is str 'https://a.b/c.png'; expected a path"),
    "bytes": (record([PICTURE | {"image": {"bytes": "x"}}, text("?")], "Yes"),
        "message 0, part 0: its picture is dict {'bytes': 'x'}, expected a path"),
    "both": (record([PICTURE | {"path": "0.png"}, text("?")], "Yes", images=["1.png"]), "parts of messages and in im"),
    "a part of another kind": (record([{"type": "video"}, text("?")], "Yes"),
        "message 0, part 0: type is str 'video'; known: text, image, image_url"),
    "no part": (record(["Is it?"], "Yes"), "message 0, part 0: is str 'Is it?'; known: text, image"),
    "a placeholder among parts": (record([PICTURE, text("<image> Is it?")], "Yes", images=["0.png"]),
        "message 0, part 1: <image> in a text; among parts a picture is a part of its own"),
    "an answer's picture": (record("?", [PICTURE, text("Yes")], images=["0.png"]),
        "message 1, part 0: a picture of the assistant; pictures stand in messages of the user"),
    "no content": (record("Is it?", None), "message 1: content is null, expected text, or a list of parts"),
    "no parts": (record([], "Yes"), "message 0: content is list [], expected text, or a list of parts of type text"),
    "a call": (record("?", "Yes") | {"messages": [{"role": "assistant", "content": "x", "tool_calls": [1]}]},
        "message 0: tool_calls is list [1]; of a message role and content are read, and nothing else"),
    "no message": ({"messages": []}, "messages is list [], expected a list of messages with role and content"),
    "no path": (record([PICTURE, text("?")], "Yes", images=[None]), "record 1: images, picture 0: is null, expected a"),
    "two forms": (record("?", "Yes", conversations=[]), "conversations and messages: give one of them"),
    "a system turn beside": (record("?", "Yes") | {"system": "You see."}, "system: str 'You see.' would be left out"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_a_form_that_is_none_is_one_line_with_its_file_and_row(opened, tmp_path, fault):
    wrong, why = BAD[fault]
    with pytest.raises(CatalogError) as error:
        opened(record("Is it?", "Yes"), wrong)
    lines = str(error.value).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{tmp_path / 'own.jsonl'}, record 1: ")
    assert why in lines[0]


WRONG_TURNS = {
    "an answer first": (
        {"messages": [{"role": "assistant", "content": "Yes"}]},
        "message 0 is of the assistant, expected the user: they take turns",
    ),
    "two questions": (
        {"messages": [{"role": "system", "content": "x"}, *2 * [{"role": "user", "content": "?"}]]},
        "message 2 is of the user, expected the assistant: they take turns",
    ),
    "a late system turn": (
        record("?", "Yes") | {"messages": [*record("?", "Yes")["messages"], {"role": "system", "content": "x"}]},
        "message 2 is of the system, expected the user: a system turn stands first or not at all",
    ),
    "no answer": (record("?"), "message 0 is the last, expected an answer of the assistant"),
    "more placeholders": (record("<image>\n<image>\nIs it?", "Yes", image="0.png"), "2 <image> for 1 pictures, expect"),
    "fewer": (record([PICTURE, text("?")], "Yes", images=["0.png", "1.png"]), "1 <image> for 2 pictures, expected one"),
    "an empty answer": (record("Is it?", ""), "message 1: blank text: at least one visible character"),
    "an empty system turn": (record("Is it?", "Yes", system=" "), "message 0: blank text"),
    "a picture of the system": (record("Is it?", "Yes", system="<image>"), "message 0: <image> in a system turn"),
}


@pytest.mark.parametrize("fault", WRONG_TURNS)
def test_turns_that_nobody_can_learn_are_one_line_of_check(opened, tmp_path, tiny_model, fault):
    wrong, why = WRONG_TURNS[fault]
    opened(record("Is it?", "Yes"), wrong)
    words = ["check", "smoke", "--data", str(tmp_path / "own.jsonl"), "--set", f"model.name={tiny_model}"]
    done = CliRunner().invoke(finetune, words, standalone_mode=False)
    assert done.return_value == 1
    told = [line for line in done.output.splitlines() if why in line]
    assert len(told) == 1
    assert told[0].split()[:2] == ["E", "turns"]
    assert f"{tmp_path / 'own.jsonl'}, record 1 (all:1)" in told[0]


def test_records_share_their_pictures_in_a_row_where_their_system_turns_are_one(opened, tiny_model):
    asked = [[PICTURE, PICTURE, text("Is it?")], "Yes", "Which?", "FR-II"]
    of = {"images": ["0.png", "1.png"]}
    systems = (None, "You see.", "You look.", "You see.", None, "You see.")
    samples = opened(*(record(*asked, system=one, **of) for one in systems))
    assert samples.beginnings == [0, 1, 2, 1, 0, 1]
    changes = {"turns.pack_tokens": "4000", "batch.accumulate": "1", "batch.global_batch": "1"}
    encoder = Encoder(read_processor(tiny_model), recipe("smoke", changes))
    plan = plan_of_run(samples, lengths_of(samples, encoder), encoder, n_processes=1)
    rows = Rows(samples, encoder, plan)
    assert len(plan.rows) == 1
    found = Collate()([rows[0]])
    assert found["input_ids"].shape[1] == plan.rows[0].n_tokens  # as many as were foretold
    assert len(found["batch_num_images"]) == 3  # once for each system turn


def test_a_system_turn_is_seen_and_not_learned_and_probes_are_asked_behind_it(opened, tiny_model, tmp_path):
    of = {"images": ["0.png", "1.png"]}
    texts = [([PICTURE, PICTURE, text("Is it?")], answer) for answer in ("Yes", "No")]
    samples = opened(*(record(*one, system="You see the sky.", **of) for one in texts))
    encoder = Encoder(read_processor(tiny_model), recipe("smoke", {"turns.share_sequential": "0.0"}))
    prober = Prober(probes_of(samples, 0), encoder, every=0, path=tmp_path / "probes.jsonl", general=[])
    assert [(one.question, one.choices) for one in prober.probes] == [("Is it?", ("No", "Yes"))] * 2
    for sample in samples:
        encoded = encoder.tokens(sample)
        read = encoder.processor.tokenizer.decode(encoded.input_ids)
        assert read.startswith("<|im_start|>system\nYou see the sky.<|im_end|>\n<|im_start|>user\n<image>")
        assert read.count("<|im_start|>system") == 1
        learned = encoder.processor.tokenizer.decode(encoded.input_ids[encoded.labels >= 0])
        assert learned in ("Yes<|im_end|>", "No<|im_end|>")
        alone = encoder.tokens(replace(sample, system=None))
        assert alone.n_tokens != encoded.n_tokens
    with torch.no_grad():
        assert prober.answered(read_model(tiny_model).eval(), prober.probes[0], "cpu")[1] > 0
    assert row_of([encoder.encode(samples[0])])["weight"].sum() == pytest.approx(1.0)
