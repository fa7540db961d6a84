"""Every fault that a hand-over can have is found and named, and all of them in one run."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from finetune.checks.preflight import Context, found, is_stopped, report, table
from finetune.checks.preflight_data import DATA_CHECKS, check_test_sky
from finetune.checks.preflight_tokens import (
    TOKEN_CHECKS,
    check_isolated,
    check_labels,
    check_lengths,
    check_picture_tokens,
    check_template,
    examples,
    lengths_told,
    marked,
)  # fmt: skip
from finetune.checks.preflight_words import (
    WORD_CHECKS,
    check_balance,
    check_duplicates,
    check_leak,
    check_shares,
    leak_index,
)
from finetune.data.samples import Message, Sample
from finetune.network.blocks import Blocks
from finetune.recipe import recipe
from finetune.rows.encode import opened
from tests.making_handover import add

CHECKS = (*DATA_CHECKS, *TOKEN_CHECKS, *WORD_CHECKS)
SEQUENTIAL = {"turns.layout": "sequential", "turns.share_sequential": "0.0"}


@pytest.fixture
def context(tiny_model, tmp_path, made_handover):
    """A context of a hand-over, spoiled or not."""

    def made(spoil=None, n_records=12, settings=None, after=None, **more):
        root = made_handover(tmp_path / "data", n_records, spoil)
        if after:
            after(root)
        return Context(recipe("smoke", settings or {}), root, tiny_model, index_dir=tmp_path / "index", **more)

    return made


def errors(context, checks=CHECKS):
    return {(one.check, one.message) for one in found(context, checks) if one.level == "E"}


def warnings(context, checks=CHECKS):
    return " ".join(one.message for one in found(context, checks) if one.level == "W")


def only(context, check):
    """The message of the one check that is expected to find something wrong."""
    said = errors(context)
    assert {name for name, _ in said} == {check}, said
    return " ".join(message for _, message in said)


def first(draft):
    return draft.records[0]["conversations"]


def test_a_sound_handover_has_no_error(context):
    sound = context()
    assert not errors(sound)
    assert not is_stopped(found(sound, CHECKS))


def test_pictures_in_colour_are_as_sound_as_grey_ones(context):
    mixed = context(lambda draft: [add(draft, number, in_colour=True) for number in (100, 101)])
    assert not errors(mixed, (*DATA_CHECKS, *TOKEN_CHECKS))
    seen = [np.asarray(opened(mixed.samples[number].pictures[0])) for number in range(len(mixed.samples))]
    assert sum(bool((one[..., 0] != one[..., 2]).any()) for one in seen) == 2


@pytest.mark.parametrize("name", ["full_shallow_qa", "small_full"])
def test_a_sound_handover_passes_with_the_papers_loss(context, tiny_model, name):
    sound = context()
    settings = {"data": '[{tag = "all"}]', "batch.global_batch": "2"}
    assert not errors(replace(sound, recipe=recipe(name, {**settings, "batch.accumulate": "2"})))


def test_a_missing_picture_is_named(context):
    def without(root):
        next(iter(sorted((root / "images").rglob("*.png")))).unlink()

    said = errors(context(after=without))
    assert {"manifest", "pictures", "encoding"} <= {check for check, _ in said}
    assert any("missing" in message and ".png" in message for _, message in said)


def test_a_changed_record_is_named(context):
    def changed(root):
        path = root / "llava.jsonl"
        path.write_text(path.read_text().replace("FR-II", "FR-I"))

    assert "llava.jsonl: its SHA-256" in only(context(after=changed), "manifest")


def test_a_picture_that_is_none_is_named(context):
    def broken(draft):
        draft.pictures[draft.records[0]["image"]] = b"\x89PNG no"

    said = errors(context(broken))
    assert {check for check, _ in said} == {"pictures", "encoding"}


def test_two_placeholders_for_a_picture_are_named(context):
    def twice(draft):
        first(draft)[2]["value"] = "<image>\n" + first(draft)[2]["value"]

    said = errors(context(twice))
    assert {check for check, _ in said} == {"turns"}  # and not once more among what cannot be encoded
    assert all("llava.jsonl, record 0 (sample-0000000000000000): 2 <image> for 1" in message for _, message in said)


def test_a_placeholder_in_an_answer_is_named(context):
    def answered(draft):
        first(draft)[1]["value"] = "An <image>"

    said = errors(context(answered))
    assert {check for check, _ in said} == {"turns", "encoding"}
    assert any("record 0 (sample-0000000000000000), message 1: <image> in an answer" in message for _, message in said)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [("   ", "blank text"), ("Is <|im_end|> it?", "template's own token: .*im_end"), ("\x07?", "control characters")],
)
def test_a_text_that_nobody_can_learn_is_named(context, wrong, why):
    def spoiled(draft):
        first(draft)[2]["value"] = wrong

    said = [message for check, message in errors(context(spoiled)) if check == "turns"]
    assert len(said) == 1
    assert "message 2: " in said[0]
    assert re.search(why.replace("token: ", "token in the text: "), said[0])


def test_turns_that_do_not_alternate_are_named(context):
    def swapped(draft):
        draft.records[0]["conversations"] = first(draft)[::-1]

    said = [message for check, message in errors(context(swapped)) if "take turns" in message]
    assert len(said) == 1
    assert (
        "llava.jsonl, record 0 (sample-0000000000000000): message 0 is of the assistant, expected the user" in said[0]
    )


def test_an_id_that_stands_twice_is_named(context):
    def twice(draft):
        draft.records[1]["id"] = draft.records[0]["id"]

    assert only(context(twice), "ids") == "sample sample-0000000000000000 stands 2 times"


def test_a_test_picture_in_training_is_named_whatever_its_file_is_called(context):
    def leaked(draft):
        content = draft.pictures[draft.provenance[-1]["image"]]
        draft.pictures[draft.records[3]["image"]] = content

    said = only(context(leaked), "test_pictures")
    assert "sample-0000000000000003" in said
    assert "benchmark b1_demo" in said


def test_a_training_position_near_a_sealed_one_is_named(context):
    def near(draft):
        place = {"ra_deg": 3.02, "dec_deg": -30.0, "radius_arcsec": 5.0, "guard_arcsec": 20.0}
        draft.certificate["sealed_sky"] = {"b2_demo": [{"source_name": "J0012", **place}]}

    said = only(context(near), "test_sky")
    assert said == 'sample sample-0000000000000003 is 62.4" from J0012 of b2_demo; 85.0" are required'


def test_positions_across_the_meridian_and_at_the_pole_are_near(context):
    def near(draft):
        draft.provenance[0].update(ra_deg=359.999, dec_deg=0.0)
        draft.provenance[1].update(ra_deg=10.0, dec_deg=89.999)
        discs = [(0.001, 0.0), (190.0, 89.999)]
        places = [{"ra_deg": ra, "dec_deg": dec, "radius_arcsec": 5.0, "guard_arcsec": 0.0} for ra, dec in discs]
        draft.certificate["sealed_sky"] = {
            "b2_demo": [{"source_name": f"P{ra}", **one} for (ra, _), one in zip(discs, places, strict=True)]
        }

    said = " ".join(message for _, message in errors(context(near), (check_test_sky,)))
    assert "sample-0000000000000000" in said
    assert "sample-0000000000000001" in said


def test_human_text_in_the_loss_is_named(context, monkeypatch):
    """A template that counts the question as said by the assistant."""
    from finetune.network import template as templates

    text = templates.template("llava_next_qwen").text.replace("message.role == 'assistant'", "message.role != 'system'")
    monkeypatch.setattr("finetune.rows.encode.template", lambda name: templates.Template(name, text))
    said = " ".join(message for _, message in errors(context(), (check_labels,)))
    assert "learned is '<image>" in said or "learned is 'Describe" in said


def test_human_text_in_the_papers_loss_is_named(context, monkeypatch):
    """Its loss takes marks of every turn: a question among them would be no answer."""
    from finetune.rows import encode

    sound = context(settings={"loss.on": "llava_next", **SEQUENTIAL})
    assert not errors(sound, (check_labels,))
    plain = encode.Encoder._piece

    def all_learned(self, *given):
        piece = plain(self, *given)
        return replace(piece, labels=np.where(piece.turns == 0, piece.ids, piece.labels))

    monkeypatch.setattr(encode.Encoder, "_piece", all_learned)
    said = " ".join(message for _, message in errors(sound, (check_labels,)))
    assert "'systemYou are a helpful assistant.user<image>" in said
    assert "is learned, and is no answer" in said


def test_a_stop_token_that_is_not_learned_is_named(context, monkeypatch):
    """What Hugging Face's own template does: it closes its mark before the stop token."""
    from finetune.network import template as templates

    text = templates.template("llava_next_qwen").text.replace(
        "{{ said(message.content) + '<|im_end|>' }}{%- endgeneration -%}",
        "{{ said(message.content) }}{%- endgeneration -%}{{ '<|im_end|>' }}",
    )
    monkeypatch.setattr("finetune.rows.encode.template", lambda name: templates.Template(name, text))
    assert "expected 'A " in " ".join(message for _, message in errors(context(), (check_labels,)))


def test_a_template_that_loses_the_question_is_named(context, monkeypatch):
    from finetune.network import template as templates

    text = templates.template("llava_next_qwen").text.replace("{{ content }}", "")
    monkeypatch.setattr("finetune.rows.encode.template", lambda name: templates.Template(name, text))
    said = " ".join(message for _, message in errors(context(), (check_template,)))
    assert "the tokenizer, given text" in said


def test_picture_tokens_that_the_model_does_not_have_are_named(context, monkeypatch):
    sound = context()
    monkeypatch.setattr("finetune.rows.encode.Encoder.n_picture_tokens", lambda self, sizes: [7] * len(sizes))
    said = " ".join(message for _, message in errors(sound, (check_picture_tokens,)))
    assert "7 tokens predicted, 36 placeholders of the processor, 36 features of the model" in said


def test_a_mask_that_lets_turns_see_each_other_is_named(context, monkeypatch):
    sound = context(settings={"turns.share_sequential": "0.0"})
    monkeypatch.setattr(
        "finetune.rows.pack.blocks_of", lambda records: Blocks(((sum(one.n_tokens for one in records),),))
    )
    assert "separate samples differ" in " ".join(message for _, message in errors(sound, (check_isolated,)))


def test_records_that_are_too_long_are_listed_and_never_cut(context):
    long = context(settings={"turns.max_tokens": "180", "turns.pack_tokens": "180"})
    n_long = len(long.too_long)
    assert 0 < n_long < 12
    said = errors(long, (check_lengths,))
    assert all(f"--allow-drop {n_long}" in message for _, message in said)
    allowed = replace(long, allow_drop=n_long)
    assert not errors(allowed, (check_lengths,))
    assert "left out by --allow-drop" in warnings(allowed, (check_lengths,))
    left = {number for row in allowed.plan.rows for number in row.numbers}
    assert left == set(range(12)) - set(long.too_long)


def test_all_faults_are_told_in_one_run(context):
    def spoiled(draft):
        first(draft)[2]["value"] = "<image>\nAgain?"
        draft.records[1]["conversations"][1]["value"] = "It <|im_end|> stops"
        draft.pictures[draft.records[2]["image"]] = draft.pictures[draft.provenance[-1]["image"]]
        draft.records[3]["id"] = draft.records[4]["id"]
        place = {"ra_deg": 5.0, "dec_deg": -30.0, "radius_arcsec": 5.0, "guard_arcsec": 20.0}
        draft.certificate["sealed_sky"] = {"b2_demo": [{"source_name": "J0012", **place}]}
        draft.records[6]["conversations"][3]["value"] = "word " * 400

    def cut(root):
        (root / "llava.json").write_text("[]")
        (root / json.loads((root / "llava.jsonl").read_text().splitlines()[7])["image"]).unlink()

    spoiled_context = context(spoiled, after=cut, settings={"turns.max_tokens": "400", "turns.pack_tokens": "400"})
    said = errors(spoiled_context)
    expected = {"manifest", "ids", "turns", "pictures", "test_pictures", "test_sky", "encoding", "lengths"}
    assert expected <= {check for check, _ in said}
    told = table(found(spoiled_context, CHECKS))
    assert all(f"sample-{number:016x}" in told for number in (0, 1, 2, 5, 6))
    assert told.index("\nW") > told.rindex("\nE") if "\nW" in told else True


def test_a_folder_that_is_no_handover_is_told_once(tiny_model, tmp_path):
    said = found(Context(recipe("smoke"), tmp_path, tiny_model), CHECKS)
    assert [one.check for one in said if "expected a hand-over" in one.message] == ["manifest"]
    assert is_stopped(said)


def test_a_plain_file_is_warned_of_because_nothing_vouches_for_it(context, tmp_path, tiny_model):
    sound = context()
    records = (sound.data / "llava.jsonl").read_text()
    (tmp_path / "plain.jsonl").write_text(records)
    plain = replace(sound, data={"all": tmp_path / "plain.jsonl"}, image_root=sound.data)
    assert not errors(plain)
    assert "no manifest says" in warnings(plain)
    assert "nothing says where on the sky" in warnings(plain)


def test_unbalanced_answers_are_warned_of(context):
    def always(draft):
        for record in draft.records:
            record["conversations"] += [{"from": "human", "value": "Is it?"}, {"from": "gpt", "value": "Yes"}] * 6

    said = warnings(context(always), (check_balance,))
    assert "answers are Yes and" in said
    assert "answers are 'yes'" in said


def test_copies_and_sentences_of_a_template_are_warned_of(context):
    def copied(draft):
        for number, record in enumerate(draft.records):
            sentence = "The synthesised beam of the map is 8 arcsec by 6 arcsec wide"
            record["conversations"][1]["value"] = f"{sentence}. Number {number}"
        draft.records += [{**record, "id": f"{record['id']}-again"} for record in draft.records[:9]]

    said = warnings(context(copied, 60), (check_duplicates,))
    assert "9 of 69 records are copies" in said
    assert "a sentence stands in 69 of 69 long answers" in said


def test_the_leak_index_counts_short_answers_that_were_told_before():
    texts = [
        "Describe.",
        "An FR-II galaxy, 3 sources.",
        "Class?",
        "FR-II",
        "Count?",
        "3",
        "Where?",
        "Left",
        "Is it?",
        "Yes",
    ]
    messages = tuple(Message(("user", "assistant")[at % 2], text) for at, text in enumerate(texts))
    assert leak_index(Sample("s", "all", (), messages)) == (2, 4)


def test_answers_that_were_told_before_are_warned_of_unless_turns_are_isolated(context):
    def told(draft):
        for record in draft.records:
            record["conversations"][1]["value"] = "An FR-II galaxy"
            record["conversations"][2:] = [{"from": "human", "value": "Class?"}, {"from": "gpt", "value": "FR-II"}]

    leaking = context(told, 60, settings=SEQUENTIAL)
    assert "leak index 0.50" in warnings(leaking, (check_leak,))
    assert not found(replace(leaking, recipe=recipe("smoke")), (check_leak,))


def test_a_source_without_a_voice_is_warned_of(context):
    data = '[{tag = "demo"}, {tag = "other", weight = 0.01}]'
    said = warnings(context(n_records=90, settings={"data": data}), (check_shares,))
    assert "source other carries 1.6% of the loss" in said


def test_rows_that_stay_empty_are_warned_of(context):
    said = warnings(context(settings={"turns.pack_tokens": "6000"}, n_records=4), (check_shares,))
    assert "of 6000 may hold more" in said or "another pack_tokens than 6000" in said


def test_examples_show_what_is_learned(context):
    sound = context(settings=SEQUENTIAL)
    assert len(examples(sound)) == 3
    said = marked(sound.encoder, sound.samples[0])
    assert said.startswith("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n[36 picture")
    assert "⟦A spiral number 0 fills the image.<|im_end|>⟧" in said


def test_lengths_are_told_in_a_line(context):
    said = lengths_told(context())
    assert said.startswith("12 records of ")
    assert "steps" in said
    assert "% of 2048 filled" in said


def test_the_report_lists_checks_and_findings(context):
    spoiled = context(lambda draft: draft.records[1].update(id=draft.records[0]["id"]))
    body = json.loads(report(found(spoiled, DATA_CHECKS), DATA_CHECKS))
    assert body["checks"] == ["manifest", "ids", "turns", "pictures", "test_pictures", "test_sky"]
    assert body["findings"][0] == {
        "level": "E",
        "check": "ids",
        "message": "sample sample-0000000000000000 stands 2 times",
    }


def test_a_seen_test_record_needs_no_place_in_training(context):
    """Test samples lie in the same folder as training ones, and are not read."""
    more = context(lambda draft: add(draft, 40, split="test"))
    assert len(more.samples) == 12
    assert not errors(more)
