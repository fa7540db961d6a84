"""Checkpoints count when they are whole, and belong to one run; exports are what the run was."""

import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from finetune.data.origins import origins
from finetune.data.sources import located
from finetune.export.card import card, evaluation, fill
from finetune.export.export import Made, check_changed
from finetune.export.publish import CARD, SUMS, finished, sums_of
from finetune.export.verify import wrong_in
from finetune.network.model import Count, Ledger
from finetune.network.template import template
from finetune.network.weights import changed_by_group, weights_of
from finetune.recipe import recipe
from finetune.rows.sampler import Position
from finetune.training.checkpoint import Checkpoint, Identity, keep_newest, last_complete, mark_complete
from schemas.errors import CheckpointError, RecipeError

IDENTITY = Identity("recipe", "data", "template", "order")


def written(folder, step, *, n_processes=1, zero=0):
    one = folder / f"checkpoint-{step}"
    one.mkdir(parents=True)
    (one / "model.safetensors").write_bytes(b"x" * 10)
    mark_complete(one, IDENTITY, Position(step, 0, step * 2, "order"), n_processes=n_processes, zero=zero)
    return one


def test_the_newest_whole_checkpoint_is_taken(tmp_path):
    assert last_complete(tmp_path / "none") is None
    written(tmp_path, 5)
    written(tmp_path, 10)
    (tmp_path / "checkpoint-15").mkdir()
    (tmp_path / "checkpoint-15" / "model.safetensors").write_bytes(b"half")  # killed before the end
    assert last_complete(tmp_path).position.step == 10


def test_a_checkpoint_that_was_cut_is_told_and_not_skipped(tmp_path):
    written(tmp_path, 5)
    (written(tmp_path, 10) / "model.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"model\.safetensors is not as it was written"):
        last_complete(tmp_path)


def test_only_whole_checkpoints_are_counted_when_old_ones_go(tmp_path):
    for step in (5, 10, 15):
        written(tmp_path, step)
    (tmp_path / "checkpoint-7").mkdir()
    (tmp_path / "checkpoint-20").mkdir()  # being written
    keep_newest(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-15", "checkpoint-20"]


def test_a_run_goes_on_with_what_it_began_with(tmp_path):
    written(tmp_path, 5, n_processes=4, zero=2)
    found = last_complete(tmp_path)
    assert isinstance(found, Checkpoint)
    found.check(IDENTITY, 4, 2)
    with pytest.raises(RecipeError, match="made with another recipe, data;"):
        found.check(Identity("other", "other", "template", "order"), 4, 2)
    with pytest.raises(RecipeError, match=r"4 processes, here are 2; ZeRO-2 .*--weights-only"):
        found.check(IDENTITY, 2, 2)
    found.check(IDENTITY, 2, 2, is_weights_only=True)
    written(tmp_path, 6, n_processes=4, zero=0)
    last_complete(tmp_path).check(IDENTITY, 2, 0)


def test_how_the_global_batch_is_made_up_is_no_part_of_a_run():
    def of(**batch):
        said = "{" + ", ".join(f"{name} = {value}" for name, value in batch.items()) + "}"
        return Identity.of(recipe("smoke", {"batch": said}), data="", template="", order="")

    assert of(per_device=1, accumulate=4, global_batch=4) == of(per_device=2, accumulate=1, global_batch=4)
    assert of(per_device=1, accumulate=4, global_batch=4) != of(per_device=1, accumulate=4, global_batch=8)


def test_only_trained_groups_may_have_changed_and_all_of_them():
    ledger = Ledger({"llm": Count(0, 9), "projector": Count(5), "vision": Count(0, 7), "lora": Count(3)})
    assert ledger.trained == {"projector", "llm"}
    check_changed({"llm": (2, 2), "projector": (1, 4), "vision": (0, 3)}, ledger)
    with pytest.raises(CheckpointError, match=r"vision: 1 of 3 tensors changed, though frozen; projector: tr"):
        check_changed({"llm": (2, 2), "vision": (1, 3), "projector": (0, 4)}, ledger)


@pytest.fixture
def model(tiny_model, tmp_path):
    """A model folder of ours, to be spoiled."""
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    (folder / SUMS).write_text(sums_of(folder))
    return folder


def changed(folder, change):
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})
    (folder / SUMS).write_text(sums_of(folder))


def test_a_sound_model_passes(model):
    assert wrong_in(model) == []


def test_a_changed_file_is_found(model):
    (model / "generation_config.json").write_text("{}")
    assert "files are not as it says" in wrong_in(model)[0]
    (model / SUMS).unlink()
    assert "has no SHA256SUMS" in wrong_in(model)[0]


def test_a_missing_tensor_is_found(model):
    changed(model, lambda all_: {name: one for name, one in all_.items() if "layers.0.mlp.up" not in name})
    assert "missing keys: " in wrong_in(model)[0]


def test_a_value_that_is_no_number_is_found(model):
    changed(model, lambda all_: {**all_, "image_newline": torch.full((64,), float("nan"))})
    assert "hold a value that is no number, model.image_newline first" in wrong_in(model)[0]


def test_a_template_that_others_cannot_read_is_found(model):
    (model / "chat_template.jinja").write_text("{% generation %}{{ messages }}{% endgeneration %}")
    (model / SUMS).write_text(sums_of(model))
    assert "generation mark" in wrong_in(model)[0]


def canary(folder, *, base=None, moved=0.0):
    from finetune.network.model import read_model

    tokens = torch.arange(5, 25)[None]
    at = torch.arange(19)
    with torch.no_grad():
        logits = read_model(folder).eval()(input_ids=tokens, logits_to_keep=at).logits[0]
    return {
        "inputs": {"input_ids": tokens}, "predicted_at": at, "logits": logits + moved,
        "base": logits + 1 if base is None else logits,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"), [({}, None), ({"moved": 0.1}, "differs from the live"), ({"base": 1}, "as its base does")]
)
def test_a_model_must_answer_as_the_live_one_and_not_as_its_base(model, tmp_path, more, said):
    path = tmp_path / "canaries.pt"
    torch.save([canary(model, **more)], path)
    wrong = wrong_in(model, path)
    assert (said in wrong[0]) if said else not wrong


def test_changed_tensors_are_counted_by_group(model, tiny_model):
    def moved(all_):
        name = "language_model.model.norm.weight"
        return {**all_, name: all_[name] + 1, "image_newline": all_["image_newline"] + 1}

    changed(model, moved)
    counts = changed_by_group(weights_of(tiny_model), weights_of(model))
    assert {group for group, (n, _) in counts.items() if n} == {"llm", "newline"}
    assert sum(n for _, n in counts.values()) == 69


@pytest.mark.slow
def test_a_model_that_fails_its_verification_never_appears(tiny_model, tmp_path):
    out = tmp_path / "out"

    def fill(folder):
        shutil.copytree(tiny_model, folder, dirs_exist_ok=True)
        said = json.loads((folder / "config.json").read_text())
        said["text_config"]["num_hidden_layers"] = 3
        said["text_config"]["layer_types"] = ["full_attention"] * 3
        (folder / "config.json").write_text(json.dumps(said))

    with pytest.raises(CheckpointError, match="missing keys"), finished(out) as aside:
        fill(aside)
    assert not list(tmp_path.iterdir())


def number(value, low, high, **said):
    return {
        "truth_rule": "ours", "scoring": "strict", "of": "macro", "predicted_as": "", "metric": "f1", "value": value,
        "low": low, "high": high, "n": 101, **said,
    }  # fmt: skip


def scores(folder, *runs):
    """A scores.json as `evaluate report` writes it."""
    said = [
        {
            "run_id": str(k), "benchmark": "b1_extended", "benchmark_version": 1, "prompt_variant": "fixed",
            "option_order": 0, "shots": 0, "shot_seed": 0, "shown": "picture", "model": "tuned", "model_sha": "0" * 64,
            "decode": "greedy-256", "numbers": [number(0.5, 0.4, 0.6, metric="recall"), number(0.8, 0.7, 0.9)], **run,
        }
        for k, run in enumerate(runs)
    ]  # fmt: skip
    path = folder / "scores.json"
    path.write_text(json.dumps({"form": 1, "runs": said}))
    return path


@pytest.fixture
def carded(model):
    """The model folder with a card that has a place for an evaluation."""
    (model / CARD).write_text(f"# A model\n\n{evaluation({}, None)}\n\nwhat follows\n")
    (model / SUMS).write_text(sums_of(model))
    return model


def test_a_card_has_a_place_for_each_benchmark_before_anything_is_measured():
    text = evaluation({}, None)
    assert [line for line in text.splitlines() if line.startswith("| B")] == [
        f"| B{k} | not measured | – |" for k in range(1, 7)
    ]
    assert "Standard benchmarks: not measured." in text


def test_scores_are_written_into_the_card_and_nothing_else_changes(carded, tmp_path):
    path = scores(
        tmp_path, {}, {"benchmark": "b6_fanaroff_riley", "numbers": [number(0.25, None, None)]}, {"model": "base"},
        {"benchmark": "b2_morphology", "prompt_variant": "paper"}, {"benchmark": "b3_radio_galaxies", "shown": "grey"},
        {"benchmark": "b4_artefacts", "n_sampled": 20}, {"benchmark": "demo_extended"},
        {"numbers": [number(0.1, 0.0, 0.2)], "decode": "greedy-256-constrained"},
    )  # fmt: skip
    lost = tmp_path / "forgetting.csv"
    lost.write_text(
        "benchmark,questions,base,tuned,loss,of knowledge,of form\nAI2D,100,81.0,79.0,2.0 [1.0; 3.0],1.0,1.0\n"
    )
    before = {one.name: one.read_bytes() for one in carded.iterdir()}
    fill(carded, path, name="tuned", base="base", forgetting=lost)
    text = (carded / CARD).read_text()
    assert "| b1_extended | 80.0 [70.0, 90.0] | 80.0 [70.0, 90.0] | 101 |" in text
    assert "| b6_fanaroff_riley | 25.0 | not measured | 101 |" in text
    assert text.count("not measured | not measured") == 4  # asked otherwise, in grey, or of a sample only
    assert "| demo_extended | 80.0" in text
    assert "| AI2D | 100 | 81.0 | 79.0 | 2.0 [1.0; 3.0] | 1.0 | 1.0 |" in text
    assert text.startswith("# A model\n")
    assert text.endswith("what follows\n")
    after = {one.name: one.read_bytes() for one in carded.iterdir()}
    assert {name for name in after if after[name] != before.get(name)} == {CARD, SUMS}
    assert wrong_in(carded) == []
    fill(carded, path, name="tuned", base="base", forgetting=lost)  # again: the same
    assert (carded / CARD).read_text() == text


def test_a_card_is_not_filled_from_anything(carded, tmp_path):
    two = scores(tmp_path, {}, {"model": "base"})
    with pytest.raises(RecipeError, match="several models, so --name says which; there are base, tuned"):
        fill(carded, two)
    with pytest.raises(RecipeError, match="no model 'other'"):
        fill(carded, two, name="other")
    with pytest.raises(RecipeError, match=r"expected the scores\.json of"):
        fill(carded, carded / "config.json")
    with pytest.raises(RecipeError, match="expected benchmark, questions"):
        fill(carded, two, name="base", forgetting=two)
    (carded / "generation_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"generation_config\.json: not as it says"):
        fill(carded, two, name="base")
    (carded / CARD).write_text("# Somebody's own words")
    with pytest.raises(CheckpointError, match="has no place for an evaluation"):
        fill(carded, two, name="base")


def test_the_card_tells_version_licences_and_writers_of_the_data(made_handover, tmp_path):
    def licensed(draft):
        for k, row in enumerate(draft.provenance):
            row |= {"survey": ("FIRST", "EMU")[k % 2], "licence": ("CC-BY-4.0", None)[row["dataset"] == "other"]}

    data = made_handover(tmp_path / "data", 6, licensed)
    (tmp_path / "general.jsonl").write_text('{"id": "a", "conversations": []}\n')
    places = located({"qa": data, "general": tmp_path / "general.jsonl"}, ["qa", "general"])
    one, other = origins(places)
    assert one.version == "llava/test/0"
    assert (one.licences, one.writers, one.surveys) == (("CC-BY-4.0", "unknown"), ("template",), ("EMU", "FIRST"))
    assert other.version.startswith("general.jsonl, digest ")
    assert other.licences == ("unknown",)
    shared = origins(located(data, ["demo", "other"]))
    assert [origin.licences for origin in shared] == [("CC-BY-4.0",), ("unknown",)]  # each tag has its own


def test_a_card_tells_how_a_model_was_made(made_handover, tmp_path):
    found = origins(located(made_handover(tmp_path / "data", 4), ["all"]))
    one = recipe("lora_deep_qa")
    ledger = Ledger({"llm": Count(0, 9), "projector": Count(1500), "lora": Count(3)})
    facts = {"data": "d" * 64, "n_records": 1000, "n_steps": 12, "gpu_hours": 3.25, "origins": found}
    encoder = SimpleNamespace(template=template("llava_next_qwen"))
    text = card(Made(one, tmp_path, tmp_path, ledger, encoder, facts), {"llm": (2, 4), "vision": (0, 3)})
    local = recipe("smoke", {"model.name": str(tmp_path / "mine")})
    assert str(tmp_path) not in card(
        Made(local, tmp_path, tmp_path, ledger, encoder, facts), {}
    )  # no path of a machine
    for said in (
        'base_model: "llava-hf/llava-onevision-qwen2-7b-ov-hf"', "3.25 device-hours", "llm lora 64/128",
        "projector 1,500, lora 3", "| all | llava/test/0 | unknown | template | unknown |", "no licence that is known",
        "| vision | 0 of 3 |", "| B6 | not measured |", "## Limits", f"- assumption: {one.assumptions[0]}",
    ):  # fmt: skip
        assert said in text
