"""Checkpoints count when they are whole, and belong to one run; exports are what the run was."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from finetune.checkpoint import Checkpoint, Identity, keep_newest, last_complete, mark_complete
from finetune.export import check_changed
from finetune.model import Count, Ledger
from finetune.publish import SUMS, finished, sums_of
from finetune.recipe import recipe
from finetune.sampler import Position
from finetune.verify import wrong_in
from finetune.weights import changed_by_group, weights_of
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
    from finetune.model import read_model

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
