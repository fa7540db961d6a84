"""Mixing models: every tensor in, every tensor out, exact where nothing is mixed."""

import json
import shutil
import warnings

import pytest
import torch
from safetensors.torch import load_file, save_file

from finetune.export.merge import Shares, _check, layers_of, merge, merge_lora, mix, mixed, steps_of
from finetune.export.merges import merged_shares, shares_of_recipe
from finetune.families.llava_onevision import LLAVA_ONEVISION
from finetune.network.groups import group_of, layer_of
from finetune.network.weights import INDEX, weights_of
from finetune.recipe import recipe
from finetune.shown import shares_of
from schemas.errors import CheckpointError, RecipeError


@pytest.fixture(scope="module")
def tuned(tiny_model, tmp_path_factory):
    """The tiny model with every tensor moved, and a lost sign where zeros stand."""
    folder = tmp_path_factory.mktemp("tuned") / "model"
    shutil.copytree(tiny_model, folder)
    torch.manual_seed(1)
    tensors = {name: one + 0.1 * torch.randn_like(one) for name, one in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def mixture(base, tuned, tmp_path, shares, dtype=None):
    mix(weights_of(base), [(weights_of(tuned), shares)], tmp_path, dtype)
    return load_file(tmp_path / "model.safetensors")


def bytes_of(tensor):
    return tensor.contiguous().view(torch.uint8).numpy().tobytes()


def test_a_share_of_none_or_all_is_exact_to_the_byte():
    base = torch.tensor([-0.0, 1.0, float("inf")])
    tuned = torch.tensor([3.0, -0.0, 2.0])
    assert bytes_of(mixed(base, tuned, 0.0)) == bytes_of(base)
    assert bytes_of(mixed(base, tuned, 1.0)) == bytes_of(tuned)
    assert mixed(base[1:2].bfloat16(), tuned[1:2], 0.5).dtype == torch.bfloat16


@pytest.mark.parametrize(("share", "which"), [(0.0, 0), (1.0, 1)])
def test_every_tensor_of_a_model_at_none_and_all_is_one_of_the_two(tiny_model, tuned, tmp_path, share, which):
    found = mixture(tiny_model, tuned, tmp_path, Shares(**dict.fromkeys(LLAVA_ONEVISION.groups, share)))
    wanted = load_file((tiny_model, tuned)[which] / "model.safetensors")
    assert len(found) == 69
    assert {name: bytes_of(one) for name, one in found.items()} == {name: bytes_of(one) for name, one in wanted.items()}


def test_each_group_has_its_own_share(tiny_model, tuned, tmp_path):
    base, other = load_file(tiny_model / "model.safetensors"), load_file(tuned / "model.safetensors")
    shares = Shares(llm=0.25, projector=1.0, newline=0.5, embed=0.75, layers=((1, 1, 0.9),))
    for name, one in mixture(tiny_model, tuned, tmp_path, shares).items():
        share = 0.9 if layer_of(name, LLAVA_ONEVISION) == 1 else getattr(shares, group_of(name, LLAVA_ONEVISION))
        torch.testing.assert_close(one, base[name] + share * (other[name] - base[name]))


def test_several_tuned_models_share_with_their_base(tiny_model, tuned, tmp_path):
    pair = [(weights_of(tuned), Shares.even(0.3)), (weights_of(tiny_model), Shares.even(0.5))]
    mix(weights_of(tiny_model), pair, tmp_path)
    found, base, other = (load_file(folder / "model.safetensors") for folder in (tmp_path, tiny_model, tuned))
    for name, one in found.items():
        share = 0.3 if group_of(name, LLAVA_ONEVISION) != "vision" else 0.0
        torch.testing.assert_close(one, base[name] + share * (other[name] - base[name]))


def test_a_model_in_several_files_stays_in_them(tiny_model, tuned, tmp_path):
    sharded = tmp_path / "sharded"
    shutil.copytree(tiny_model, sharded)
    tensors = load_file(sharded / "model.safetensors")
    (sharded / "model.safetensors").unlink()
    names = sorted(tensors)
    weight_map = {}
    for number, part in enumerate((names[:40], names[40:]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({name: tensors[name] for name in part}, sharded / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    (sharded / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    out = tmp_path / "out"
    out.mkdir()
    mix(weights_of(sharded), [(weights_of(tuned), Shares.even(1.0))], out)
    assert weights_of(out).shards == weights_of(sharded).shards
    weight_map.popitem()
    (sharded / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    with pytest.raises(CheckpointError, match="promises other tensors"):
        weights_of(sharded)


def checked(base, *tuned):
    _check(weights_of(base), [(weights_of(folder), shares) for folder, shares in tuned])


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        (Shares(llm=1.5), "llm 1.5 is no share"),
        (Shares(layers=((0, 9, 0.5),)), "the model has 0-1"),
        (Shares(layers=((0, 1, 0.5), (1, 1, 0.2))), "layers overlap"),
    ],
)
def test_impossible_shares_are_refused(tiny_model, shares, said):
    with pytest.raises(RecipeError, match=said):
        checked(tiny_model, (tiny_model, shares))


def test_shares_of_several_sum_to_one_at_most(tiny_model):
    with pytest.raises(RecipeError, match=r"sum to 1\.2"):
        checked(tiny_model, (tiny_model, Shares.even(0.6)), (tiny_model, Shares.even(0.6)))


def test_tied_embeddings_take_one_share(tiny_model, tmp_path):
    tied = tmp_path / "tied"
    shutil.copytree(tiny_model, tied)
    tensors = load_file(tied / "model.safetensors")
    del tensors["language_model.lm_head.weight"]
    save_file(tensors, tied / "model.safetensors")
    checked(tied, (tied, Shares.even(0.5)))
    with pytest.raises(RecipeError, match="are one tensor here"):
        checked(tied, (tied, Shares(embed=0.5)))


def test_other_tensors_shapes_and_tokenizers_are_refused(tiny_model, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    tensors = load_file(other / "model.safetensors")
    del tensors["image_newline"]
    tensors["multi_modal_projector.linear_1.bias"] = torch.zeros(3)
    save_file(tensors, other / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"missing 1: image_newline; of other shape 1: .*linear_1\.bias \(3,\)"):
        checked(tiny_model, (other, Shares.even(0.5)))
    shutil.copy(tiny_model / "model.safetensors", other / "model.safetensors")
    said = json.loads((other / "tokenizer.json").read_text())
    said["model"]["vocab"] |= {word: 399 - number for word, number in said["model"]["vocab"].items() if number > 390}
    (other / "tokenizer.json").write_text(json.dumps(said))
    with pytest.raises(CheckpointError, match="tokenizer is not that of"):
        checked(tiny_model, (other, Shares.even(0.5)))


def test_tuned_models_of_different_templates_are_refused(tiny_model, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    (other / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(CheckpointError, match="different chat templates"):
        checked(tiny_model, (tiny_model, Shares.even(0.5)), (other, Shares.even(0.5)))


def test_sweeps_and_layers_are_read_from_the_command_line():
    assert steps_of("0:1:0.25") == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert len(steps_of("0:1:0.1")) == 11
    assert layers_of("0-13:0.3,14:0.6") == ((0, 13, 0.3), (14, 14, 0.6))
    for wrong in ("1:0:0.1", "0:1", "0:1:0", "a:b:c", "0:1:1.2.3"):
        with pytest.raises(RecipeError, match="expected first:last:step"):
            steps_of(wrong)
    with pytest.raises(RecipeError, match="expected first-last:share"):
        layers_of("0-13")


def test_one_share_stands_for_every_group_but_the_vision_tower():
    assert shares_of({"share": "0.5", "lm_head": "0.1"}, 1, ()) == [Shares(0.5, 0.5, 0.5, 0.5, 0.1, 0.0)]
    assert [one.llm for one in shares_of({"llm": "0.3,0.2"}, 2, ())] == [0.3, 0.2]
    with pytest.raises(RecipeError, match="2 shares for 1 tuned"):
        shares_of({"llm": "0.3,0.2"}, 1, ())


@pytest.mark.slow
def test_a_merge_is_a_model_that_loads_and_answers(tiny_model, tuned, tmp_path):
    from PIL import Image

    from finetune.network.hf import read_processor
    from finetune.network.model import read_model

    out = merge(tiny_model, [(tuned, Shares.even(0.5))], tmp_path / "half")
    assert json.loads((out / "merge.json").read_text())["tuned"][0]["shares"]["llm"] == 0.5
    assert "| B1 | not measured | – |" in (out / "README.md").read_text()  # a place that `card` fills
    model, processor = read_model(out), read_processor(out)
    asked = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Is it a galaxy?"}]}]
    text = processor.apply_chat_template(asked, add_generation_prompt=True)
    given = processor(text=text, images=Image.new("RGB", (60, 60)), return_tensors="pt")
    said = model.generate(**given, max_new_tokens=4)
    assert said.shape[1] > given["input_ids"].shape[1]
    again = merge(tiny_model, [(tuned, Shares.even(0.25))], out)  # a model of ours is replaced
    assert json.loads((again / "merge.json").read_text())["tuned"][0]["shares"]["llm"] == 0.25
    with pytest.raises(CheckpointError, match="no model of ours"):
        merge(tiny_model, [(tuned, Shares.even(0.5))], tuned)


def adapter_of(base, folder, change=None):
    """Low-rank weights with something in them."""
    from peft import LoraConfig, get_peft_model

    from finetune.families.llava_form import LORA_TARGETS
    from finetune.network.model import read_model

    torch.manual_seed(0)
    settings = LoraConfig(r=2, target_modules=LORA_TARGETS, modules_to_save=["multi_modal_projector"])
    model = get_peft_model(read_model(base), settings)
    for name, weight in model.named_parameters():
        if ".lora_B." in name:
            weight.data.normal_(0, 0.5)
    model.save_pretrained(folder)
    if change:
        path = folder / "adapter_model.safetensors"
        save_file(change(load_file(path)), path, metadata={"format": "pt"})
    return folder


def renamed(tensors):
    return {name.replace(".layers.1.", ".layers.7."): one for name, one in tensors.items()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda all_: {name: torch.zeros_like(one) for name, one in all_.items()}, "every low-rank product is zero"),
        (lambda all_: {name: one if "lora" not in name else torch.zeros(0) for name, one in all_.items()}, "are empty"),
        (lambda all_: {name: one for name, one in all_.items() if "lora" not in name}, "no low-rank weights"),
        (renamed, "tensors found no place"),
    ],
)
def test_an_adapter_that_does_not_load_is_refused(tiny_model, tmp_path, change, said):
    adapter = adapter_of(tiny_model, tmp_path / "adapter", change)
    with pytest.raises(CheckpointError, match=said):
        merge_lora(tiny_model, adapter, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]  # nothing is left behind


def test_a_folder_without_an_adapter_is_refused(tiny_model, tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read"):
        merge_lora(tiny_model, tmp_path, tmp_path / "out")


@pytest.mark.slow
def test_merged_low_rank_weights_are_a_plain_model(tiny_model, tmp_path):
    out = merge_lora(tiny_model, adapter_of(tiny_model, tmp_path / "adapter"), tmp_path / "out")
    base, found = load_file(tiny_model / "model.safetensors"), load_file(out / "model.safetensors")
    assert base.keys() == found.keys()
    changed = {group_of(name, LLAVA_ONEVISION) for name in base if not torch.equal(base[name], found[name])}
    assert changed == {"llm"}  # its projector was saved, but not trained


def adapter_on(base, folder, *names, change=None, weight_change=None):
    """Low-rank weights on the modules of these names, each of the two of a product set."""
    from peft import LoraConfig, get_peft_model

    from finetune.network.model import read_model

    torch.manual_seed(0)
    loaded = read_model(base)
    if weight_change:
        weight_change(loaded)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft warns of embeddings, which is what is tried here
        model = get_peft_model(loaded, LoraConfig(r=2, target_modules=list(names)))
        for name, weight in model.named_parameters():
            if ".lora_" in name:
                weight.data.normal_(0, 0.3)
        model.save_pretrained(folder)
    if change:
        path = folder / "adapter_model.safetensors"
        save_file(change(load_file(path)), path, metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["embed_tokens", "gate_proj"], {"embed", "llm"}),
        (["lm_head", "gate_proj"], {"lm_head", "llm"}),
        (["embed_tokens", "lm_head"], {"embed", "lm_head"}),
        (["embed_tokens"], {"embed"}),
        (["lm_head"], {"lm_head"}),
    ],
)
def test_low_rank_weights_on_embeddings_are_merged_and_nothing_else_changes(tiny_model, tmp_path, names, groups):
    adapter = adapter_on(tiny_model, tmp_path / "adapter", *names)
    out = merge_lora(tiny_model, adapter, tmp_path / "out")
    base, found = load_file(tiny_model / "model.safetensors"), load_file(out / "model.safetensors")
    assert base.keys() == found.keys()
    assert {group_of(name, LLAVA_ONEVISION) for name in base if not torch.equal(base[name], found[name])} == groups
    low_rank, kind = load_file(adapter / "adapter_model.safetensors"), names[0]
    if kind == "embed_tokens":  # peft's own scale: alpha 8 over rank 2
        (a,) = (one for name, one in low_rank.items() if name.endswith("lora_embedding_A"))
        (b,) = (one for name, one in low_rank.items() if name.endswith("lora_embedding_B"))
        (name,) = (one for one in base if one.endswith("embed_tokens.weight"))
        assert torch.allclose(found[name].float(), base[name].float() + 4 * (b @ a).T.float(), atol=1e-2)


def test_an_adapter_beside_an_embedding_of_another_base_is_refused(tiny_model, tmp_path):
    def other(model):
        model.get_input_embeddings().weight.data.add_(1.0)

    adapter = adapter_on(tiny_model, tmp_path / "adapter", "embed_tokens", "q_proj", weight_change=other)
    with pytest.raises(CheckpointError, match="the adapter is of another base, or of other tokens"):
        merge_lora(tiny_model, adapter, tmp_path / "out")


def test_an_adapter_of_a_larger_vocabulary_is_refused(tiny_model, tmp_path):
    def larger(model):
        model.resize_token_embeddings(model.get_input_embeddings().weight.shape[0] + 8)

    adapter = adapter_on(tiny_model, tmp_path / "adapter", "embed_tokens", "q_proj", weight_change=larger)
    with pytest.raises(CheckpointError, match="does not fit this base"):
        merge_lora(tiny_model, adapter, tmp_path / "out")


def test_an_adapter_on_an_embedding_that_was_never_trained_is_refused(tiny_model, tmp_path):
    def idle(tensors):
        return {name: torch.zeros_like(one) if "lora_embedding_A" in name else one for name, one in tensors.items()}

    adapter = adapter_on(tiny_model, tmp_path / "adapter", "embed_tokens", change=idle)
    with pytest.raises(CheckpointError, match="every low-rank product is zero"):
        merge_lora(tiny_model, adapter, tmp_path / "out")


@pytest.mark.parametrize("name", ["embed_tokens", "lm_head"])
def test_an_adapter_on_one_of_two_tied_embeddings_is_refused_by_name(tiny_model, tmp_path, name):
    tied = tmp_path / "tied"
    shutil.copytree(tiny_model, tied)
    config = json.loads((tied / "config.json").read_text())
    config["tie_word_embeddings"] = config["text_config"]["tie_word_embeddings"] = True
    (tied / "config.json").write_text(json.dumps(config))
    tensors = load_file(tied / "model.safetensors")
    tensors.pop(next(one for one in tensors if "lm_head" in one))
    save_file(tensors, tied / "model.safetensors", metadata={"format": "pt"})
    adapter = adapter_on(tied, tmp_path / "adapter", name, "q_proj")
    with pytest.raises(CheckpointError, match="adapters on tied embeddings are not taken"):
        merge_lora(tied, adapter, tmp_path / "out")


def test_two_spellings_of_the_vision_tower_are_one(tiny_model, tuned, tmp_path):
    """Loaded in another way, the same model is saved with another name for its vision tower."""
    other = tmp_path / "other"
    shutil.copytree(tuned, other)
    tensors = load_file(other / "model.safetensors")
    spelled = {name.replace("vision_tower.", "vision_tower.vision_model."): one for name, one in tensors.items()}
    save_file(spelled, other / "model.safetensors", metadata={"format": "pt"})
    checked(tiny_model, (other, Shares.even(0.5)))
    found = mixture(tiny_model, other, tmp_path, Shares(vision=1.0))
    assert found.keys() == load_file(tiny_model / "model.safetensors").keys()
    assert all(torch.equal(one, tensors[name]) for name, one in found.items() if name.startswith("vision_tower"))


def shared(share, **changes):
    """The smoke recipe with merges."""
    return recipe("smoke", {"merges": str(share), **changes})


@pytest.fixture
def finished_run(tuned, tmp_path, monkeypatch):
    """A run's folder with its model; what is written is counted, and not opened by a fresh process."""
    made = []
    monkeypatch.setattr("finetune.export.publish.verify", lambda folder, canaries: made.append(folder.name))
    shutil.copytree(tuned, tmp_path / "run" / "model")
    return tmp_path / "run", made


def test_merges_of_a_recipe_are_made_once_and_told(tiny_model, tuned, finished_run):
    out, made = finished_run
    told = merged_shares(shared([0.3, 0.125]), tiny_model, out)
    assert told == [{"share": 0.3, "folder": "merges/llm-0.30"}, {"share": 0.125, "folder": "merges/llm-0.125"}]
    base, other = (load_file(folder / "model.safetensors") for folder in (tiny_model, tuned))
    for name, one in load_file(out / "merges/llm-0.30/model.safetensors").items():
        share = 0.0 if group_of(name, LLAVA_ONEVISION) == "vision" else 0.3
        torch.testing.assert_close(one, base[name] + share * (other[name] - base[name]))
    assert len(made) == 2
    assert merged_shares(shared([0.3, 0.125]), tiny_model, out) == told
    assert len(made) == 2  # nothing is done again
    assert len(merged_shares(shared([0.3, 0.7, 0.125]), tiny_model, out)) == 3
    assert len(made) == 3


def test_a_merge_of_another_model_or_a_changed_file_is_made_again(tiny_model, finished_run):
    out, made = finished_run
    merged_shares(shared([0.3]), tiny_model, out)
    (out / "merges/llm-0.30/config.json").write_text("{}")
    merged_shares(shared([0.3]), tiny_model, out)
    assert len(made) == 2
    path = out / "model" / "model.safetensors"
    save_file({name: one * 2 for name, one in load_file(path).items()}, path, metadata={"format": "pt"})
    merged_shares(shared([0.3]), tiny_model, out)
    assert len(made) == 3


def test_a_merge_that_was_killed_leaves_the_others_and_goes_on(tiny_model, finished_run, monkeypatch):
    out, made = finished_run

    def killed(folder, canaries):
        if made:
            raise KeyboardInterrupt
        made.append(folder.name)

    monkeypatch.setattr("finetune.export.publish.verify", killed)
    with pytest.raises(KeyboardInterrupt):
        merged_shares(shared([0.3, 0.5]), tiny_model, out)
    assert [path.name for path in (out / "merges").iterdir()] == ["llm-0.30"]
    monkeypatch.setattr("finetune.export.publish.verify", lambda folder, canaries: made.append(folder.name))
    merged_shares(shared([0.3, 0.5]), tiny_model, out)
    assert [name[: len(".llm-0.30")] for name in made] == [".llm-0.30", ".llm-0.50"]


def test_a_trained_vision_tower_is_mixed_and_a_frozen_one_is_not():
    assert shares_of_recipe(shared([0.5]), 0.5) == Shares.even(0.5)
    assert shares_of_recipe(shared([0.5], **{"trainable.vision": "full"}), 0.5).vision == 0.5


def test_a_mix_that_is_its_base_is_refused(tiny_model, tmp_path):
    with pytest.raises(CheckpointError, match="nothing was learned there"):
        merge(tiny_model, [(tiny_model, Shares.even(0.5))], tmp_path / "out")
    assert not (tmp_path / "out").exists()
