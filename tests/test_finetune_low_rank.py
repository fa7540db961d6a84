"""Low-rank weights beside some of a model's linear layers, and beside those of its vision tower."""

import json

import pytest

from finetune.export.merges import shares_of_recipe
from finetune.network.model import config_of, ledger_of, on_meta, problems
from finetune.network.shapes import Shape, expected
from finetune.network.shapes import shape_of as published_shape
from finetune.recipe import LINEARS, recipe
from schemas.errors import RecipeError

ON_TWO = '{r = 4, alpha = 8, on = ["q", "v"]}'
TOWER = '{r = 4, alpha = 8, on = ["q", "v"], vision = true}'


def smoke(folder, lora):
    changes = {"model.name": str(folder), "trainable": '{llm = "lora", projector = "frozen", newline = false}'}
    return recipe("smoke", {**changes, "lora": lora})


def shape_of(folder):
    return Shape.of(json.loads((folder / "config.json").read_text()))


@pytest.mark.parametrize(("lora", "beside"), [(ON_TWO, ("llm",)), (TOWER, ("llm", "vision"))])
def test_the_weights_beside_chosen_layers_are_those_that_the_config_gives(tiny_of, lora, beside):
    folder = tiny_of("qwen2_5_vl")
    one, shape = smoke(folder, lora), shape_of(folder)
    model = on_meta(config_of(shape), one)
    ledger = ledger_of(model)
    assert problems(ledger, one, shape) == []
    assert ledger.merged_into == beside and ledger.trained == set(beside)
    assert (
        0 < ledger.n_trainable == expected(one, shape)["lora"] < expected(smoke(folder, "{r = 4}"), shape)["lora"] * 2
    )
    layers = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name, _ in model.named_parameters() if ".lora_" in name}
    assert {"q_proj", "v_proj"} <= layers and "o_proj" not in layers and ("qkv" in layers) == ("vision" in beside)


def test_a_tower_that_is_not_known_is_refused_by_name(tiny_of):
    folder = tiny_of("llava_onevision")
    with pytest.raises(
        RecipeError, match=r"lora.vision: the tower of .* is not known here; expected one of qwen2_5_vl"
    ):
        expected(smoke(folder, TOWER), shape_of(folder))


def test_beside_the_tower_goes_with_a_frozen_one_and_what_is_not_said_leaves_the_fingerprint(tiny_of):
    whole = {"trainable": '{llm = "lora", vision = "full", newline = false}', "lora": TOWER}
    with pytest.raises(RecipeError, match='lora.vision goes with trainable.vision = "frozen" only'):
        recipe("smoke", {"model.name": str(tiny_of("qwen2_5_vl")), **whole})
    told = recipe("lora_deep_qa", {"lora.on": json.dumps(LINEARS), "lora.vision": "false"})
    assert told.fingerprint == recipe("lora_deep_qa").fingerprint
    assert told.fingerprint != recipe("lora_deep_qa", {"lora.on": '["q"]'}).fingerprint


def test_a_mixture_with_the_base_mixes_the_tower_where_it_learned(tiny_of):
    folder = tiny_of("qwen2_5_vl")
    shares = [shares_of_recipe(smoke(folder, lora), 0.5) for lora in (ON_TWO, TOWER)]
    assert [one.vision for one in shares] == [0.0, 0.5]


def test_the_published_lora_on_mirabest_is_of_about_as_many_weights():
    one = recipe("drozdova2025_qwen2_5_vl_7b")
    assert expected(one, published_shape(one))["lora"] == 28 * 16 * (2 * 3584 + 3584 + 512) + 32 * 16 * (
        6 * 1280 + 3 * 4700
    )
