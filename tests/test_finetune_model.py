"""What is trained: counted from the config, counted in the model, and the traps in between."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from finetune.checks.preflight import Context
from finetune.checks.preflight_model import check_ledger as check_ledger_ahead
from finetune.checks.preflight_model import check_processes, check_room, check_versions, gpu_bytes, wrong_version
from finetune.families.family import library
from finetune.families.llava_form import LORA_TARGETS
from finetune.families.llava_onevision import HUB, LLAVA_ONEVISION, PUBLISHED
from finetune.network.groups import group_of, group_of_weight, layer_of
from finetune.network.model import (
    check_ledger,
    config_of,
    ledger_of,
    load,
    on_meta,
    problems,
    read_model,
)
from finetune.network.shapes import Shape, expected
from finetune.recipe import recipe
from schemas.errors import CheckpointError, RecipeError

LORA = {"trainable": '{llm = "lora", newline = false}', "lora": "{r = 4, alpha = 8}"}
PAPER = {**PUBLISHED[HUB.format("7b")]}
PAPER["text_config"] = {**PAPER["text_config"], "vocab_size": 152064}  # Qwen2-7B's own


@pytest.fixture(scope="module")
def smoke(tiny_model):
    """The smoke recipe on the tiny model, with changes."""
    return lambda **changes: recipe("smoke", {"model.name": str(tiny_model), **changes})


def shape_of_tiny(tiny_model):
    return Shape.of(json.loads((tiny_model / "config.json").read_text()))


def test_the_paper_s_model_has_the_weights_of_the_design():
    counts = Shape.of(PAPER).groups
    assert round(counts["projector"] / 1e6, 2) == 16.98
    assert round(counts["llm"] / 1e6, 1) == 6525.6
    assert round((counts["embed"] + counts["lm_head"]) / 1e6, 1) == 1090.0
    assert counts["newline"] == 3584
    assert round(sum(expected(recipe("full_shallow_qa"), Shape.of(PAPER)).values()) / 1e6, 1) == 7632.6


@pytest.mark.parametrize(("name", "n_million"), [("lora_shallow_qa", 178.46), ("v6", 339.94)])
def test_low_rank_weights_of_the_paper_are_counted(name, n_million):
    assert round(sum(expected(recipe(name), Shape.of(PAPER)).values()) / 1e6, 2) == n_million


@pytest.mark.parametrize("size", ["0.5b", "7b"])
@pytest.mark.parametrize("name", ["full_shallow_qa", "lora_shallow_qa", "vision_unfrozen"])
def test_a_built_model_has_the_weights_that_its_config_promises(size, name):
    shape = Shape.of(PUBLISHED[HUB.format(size)])
    one = recipe(name)
    assert not problems(ledger_of(on_meta(config_of(shape), one)), one, shape)


def test_gpu_memory_is_that_of_the_design():
    shape = Shape.of(PAPER)

    def gigabytes(name, n_processes, **changes):
        context = Context(recipe(name, changes), None, "", n_processes=n_processes)
        return round(gpu_bytes(context, shape) / 1e9, 1)

    assert gigabytes("full_shallow_qa", 4) == pytest.approx(42.8, abs=0.1)
    assert gigabytes("full_shallow_qa", 4, **{"run.zero": "3"}) == pytest.approx(30.7, abs=0.1)
    assert gigabytes("lora_shallow_qa", 1) == pytest.approx(19.0, abs=0.2)


def test_a_tensor_without_a_group_is_refused():
    with pytest.raises(CheckpointError, match="no group"):
        group_of("vision_projector.weight", LLAVA_ONEVISION)
    assert group_of_weight("base_model.model.lm_head.weight", LLAVA_ONEVISION) == "lm_head"
    assert layer_of("language_model.model.layers.13.mlp.up_proj.weight", LLAVA_ONEVISION) == 13
    assert layer_of("vision_tower.encoder.layers.3.mlp.fc1.weight", LLAVA_ONEVISION) is None


def test_bare_names_of_targets_would_train_the_vision_tower_too(tiny_model):
    from peft import LoraConfig, get_peft_model

    def hit(targets):
        model = get_peft_model(read_model(tiny_model), LoraConfig(r=2, target_modules=targets))
        return {name for name, _ in model.named_parameters() if ".lora_" in name and "vision_tower" in name}

    assert len(hit(["q_proj", "k_proj", "v_proj"])) == 12
    assert not hit(LORA_TARGETS)


@pytest.mark.parametrize(
    ("changes", "trained"),
    [
        ({}, {"llm", "embed", "lm_head", "projector", "newline"}),
        (LORA, {"lora", "projector"}),
        ({"trainable": '{llm = "frozen", vision = "full", newline = false}'}, {"projector", "vision"}),
        ({**LORA, "trainable": '{llm = "lora", newline = false, vision = "full"}'}, {"lora", "projector", "vision"}),
    ],
)
def test_the_ledger_says_what_is_trained(smoke, tiny_model, changes, trained):
    one = smoke(**changes)
    ledger = check_ledger(load(one), one, shape_of_tiny(tiny_model))
    assert {group for group, count in ledger.groups.items() if count.n_trainable} == trained
    assert ledger.written()["n_trainable"] == sum(expected(one, shape_of_tiny(tiny_model)).values())


def test_a_wrong_group_is_refused_before_training(smoke, tiny_model):
    one = smoke()
    model = load(one)
    for name, weight in model.named_parameters():
        weight.requires_grad_("vision_tower" in name or weight.requires_grad)
    with pytest.raises(CheckpointError, match=r"vision: 36,512 trainable weights, expected 0"):
        check_ledger(model, one, shape_of_tiny(tiny_model))


def test_without_zero_trainable_weights_have_exact_copies(smoke, tiny_model):
    one = smoke(**{"model.dtype": "bfloat16", **LORA})
    model = load(one)
    dtypes = {weight.requires_grad: weight.dtype for weight in model.parameters()}
    assert dtypes == {True: torch.float32, False: torch.bfloat16}
    model.base_model.model.model.multi_modal_projector.to(torch.bfloat16)
    assert "projector: trainable in bfloat16" in problems(ledger_of(model), one, shape_of_tiny(tiny_model))[0]


def test_tied_embeddings_count_once(smoke, tiny_model):
    said = json.loads((tiny_model / "config.json").read_text())
    said["tie_word_embeddings"] = said["text_config"]["tie_word_embeddings"] = True
    config, one = library("LlavaOnevisionConfig")(**said), smoke()
    model = on_meta(config, one)
    shape = Shape.of(said)
    assert shape.groups["lm_head"] == 0
    assert not problems(ledger_of(model), one, shape)


def test_low_rank_weights_begin_alike_for_one_seed(smoke):
    one, other, third = load(smoke(**LORA)), load(smoke(**LORA)), load(smoke(**LORA, **{"run.seed": "7"}))
    name = next(name for name, _ in one.named_parameters() if ".lora_A." in name)
    assert torch.equal(one.get_parameter(name), other.get_parameter(name))
    assert not torch.equal(one.get_parameter(name), third.get_parameter(name))


def spoiled(tiny_model, folder, change):
    shutil.copytree(tiny_model, folder)
    tensors = load_file(folder / "model.safetensors")
    save_file(change(tensors), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def without(name):
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


def test_a_model_that_lacks_a_tensor_is_not_filled_with_random_numbers(tiny_model, tmp_path):
    folder = spoiled(tiny_model, tmp_path / "cut", without("image_newline"))
    with pytest.raises(CheckpointError, match=r"missing keys: .*image_newline"):
        read_model(folder)


def test_a_name_that_is_no_model_is_a_users_mistake(tmp_path):
    with pytest.raises(RecipeError, match="cannot be loaded"):
        read_model(tmp_path)


def test_check_finds_a_wrong_ledger_without_loading_a_weight(tiny_model, tmp_path):
    name = "language_model.model.layers.1.mlp.up_proj.weight"
    folder = spoiled(tiny_model, tmp_path / "cut", without(name))
    context = Context(recipe("smoke", {"model.name": str(folder)}), tmp_path, folder)
    told = [one.message for one in check_ledger_ahead(context)]
    assert len(told) == 1
    assert "its files hold 66,112 weights of llm, its config says 74,304" in told[0]
    assert not check_ledger_ahead(Context(recipe("smoke", {"model.name": str(tiny_model)}), tmp_path, tiny_model))


def test_check_holds_processes_versions_and_room_against_the_recipe(tiny_model, tmp_path, monkeypatch):
    one = recipe("smoke", {"model.name": str(tiny_model)})
    with pytest.raises(RecipeError, match="3 processes"):
        check_processes(Context(one, tmp_path, tiny_model, n_processes=3))
    assert not check_versions(Context(one, tmp_path, tiny_model))
    assert not check_room(Context(one, tmp_path, tiny_model, extra={"out": tmp_path / "run"}))
    full = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: full)
    found = check_room(Context(one, tmp_path, tiny_model, extra={"out": tmp_path / "run"}))
    assert "3 checkpoints and the export need 0.0 GB" in found[0].message


def test_versions_outside_their_window_are_told():
    assert wrong_version("transformers", "5.23.0") is None
    assert "tested from" in wrong_version("transformers", "5.24.0")
    assert "tested from" in wrong_version("torch", "2.12.1+cpu")
    assert "not installed" in wrong_version("deepspeed", None)
