"""LLaVA-NeXT's files and Hugging Face's: every tensor, byte for byte, and nothing that neither knows."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from finetune.export.convert import convert, renamed
from finetune.export.convert_config import KEPT, TOWER, to_hugging_face, to_llava_next
from finetune.families.llava_onevision import PUBLISHED, SIGLIP
from finetune.network.weights import INDEX, weights_of
from schemas.errors import CheckpointError, RecipeError

SINGLE = "model.safetensors"
# Names as they stand in the published checkpoints of both forms.
PAIRS = {
    "model.embed_tokens.weight": "language_model.model.embed_tokens.weight",
    "model.layers.27.self_attn.q_proj.bias": "language_model.model.layers.27.self_attn.q_proj.bias",
    "model.norm.weight": "language_model.model.norm.weight",
    "lm_head.weight": "language_model.lm_head.weight",
    "model.mm_projector.0.weight": "multi_modal_projector.linear_1.weight",
    "model.mm_projector.2.bias": "multi_modal_projector.linear_2.bias",
    "model.image_newline": "image_newline",
    "model.vision_tower.vision_tower.vision_model.embeddings.patch_embedding.weight":
        "vision_tower.vision_model.embeddings.patch_embedding.weight",
    "model.vision_tower.vision_tower.vision_model.encoder.layers.25.mlp.fc1.weight":
        "vision_tower.vision_model.encoder.layers.25.mlp.fc1.weight",
    "model.vision_tower.vision_tower.vision_model.post_layernorm.bias": "vision_tower.vision_model.post_layernorm.bias",
}  # fmt: skip


@pytest.fixture
def unverified(monkeypatch):
    """Not opened by a fresh process: that takes seconds."""
    monkeypatch.setattr("finetune.export.publish.verify", lambda *_: None)


@pytest.fixture(scope="module")
def following(tiny_model, tmp_path_factory):
    """The tiny model as LLaVA-NeXT has it."""
    return convert(tiny_model, "llava-next", tmp_path_factory.mktemp("convert") / "next")


def copied(source, folder, change=None, **config):
    """A model folder with other tensors or another config."""
    shutil.copytree(source, folder)
    if change:
        save_file(change(load_file(folder / SINGLE)), folder / SINGLE, metadata={"format": "pt"})
    if config:
        said = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**said, **config}))
    return folder


def test_names_are_those_of_the_published_files_both_ways():
    for ours, theirs in PAIRS.items():
        assert renamed(ours, "hugging-face") == theirs
        assert renamed(theirs, "llava-next") == ours


def test_both_spellings_of_the_vision_tower_are_read_and_written():
    for spelled in (
        "vision_tower.encoder.layers.0.layer_norm1.bias",
        "vision_tower.vision_model.encoder.layers.0.layer_norm1.bias",
    ):
        found = renamed(spelled, "llava-next")
        assert found == "model.vision_tower.vision_tower.vision_model.encoder.layers.0.layer_norm1.bias"
    assert renamed(found, "hugging-face", "vision_tower.") == "vision_tower.encoder.layers.0.layer_norm1.bias"
    short = found.replace("vision_model.", "")
    assert renamed(short, "hugging-face") == "vision_tower.vision_model.encoder.layers.0.layer_norm1.bias"


@pytest.mark.parametrize("name", ["model.layers_extra.0", "vision_tower.head.probe", "model.rotary_emb.inv_freq", "x"])
def test_a_name_that_neither_knows_is_refused(name):
    for to in ("llava-next", "hugging-face"):
        with pytest.raises(CheckpointError, match="is none of a LLaVA-OneVision's"):
            renamed(name, to)


def test_there_and_back_is_the_same_to_the_byte(tiny_model, following, tmp_path, unverified):
    back = convert(following, "hugging-face", tmp_path / "back")
    assert (back / SINGLE).read_bytes() == (tiny_model / SINGLE).read_bytes()
    for name in ("config.json", "tokenizer.json", "processor_config.json", "chat_template.jinja"):
        assert json_or_text(back / name) == json_or_text(tiny_model / name), name
    again = convert(back, "llava-next", tmp_path / "again")
    assert (again / SINGLE).read_bytes() == (following / SINGLE).read_bytes()


def json_or_text(path):
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else text


def test_every_tensor_comes_out_under_one_name(tiny_model, following):
    ours, theirs = load_file(following / SINGLE), load_file(tiny_model / SINGLE)
    assert len(ours) == len(theirs) == 69
    assert {"model.image_newline", "model.mm_projector.0.weight", "lm_head.weight"} <= ours.keys()
    assert all(torch.equal(one, ours[renamed(name, "llava-next")]) for name, one in theirs.items())


def test_a_model_in_several_files_stays_in_them(tiny_model, tmp_path, unverified):
    folder = copied(tiny_model, tmp_path / "sharded")
    tensors = load_file(folder / SINGLE)
    (folder / SINGLE).unlink()
    names, weight_map = sorted(tensors), {}
    for number, part in enumerate((names[:30], names[30:]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({name: tensors[name] for name in part}, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    there = convert(folder, "llava-next", tmp_path / "next")
    assert {name: len(names) for name, names in weights_of(there).shards.items()} == {
        "model-00001-of-00002.safetensors": 30, "model-00002-of-00002.safetensors": 39,
    }  # fmt: skip
    back = convert(there, "hugging-face", tmp_path / "back")
    for file in sorted(set(weight_map.values())):
        assert (back / file).read_bytes() == (folder / file).read_bytes()


def test_half_precision_keeps_every_bit(tiny_model, tmp_path):
    def halved(tensors):
        signs = torch.tensor([-0.0, float("nan"), float("inf")])
        halves = {name: one.bfloat16() for name, one in tensors.items()}
        halves["image_newline"][:3] = signs
        return halves

    there = convert(copied(tiny_model, tmp_path / "half", halved, dtype="bfloat16"), "llava-next", tmp_path / "next")
    newline = load_file(there / SINGLE)["model.image_newline"]
    assert newline.dtype == torch.bfloat16
    assert (
        newline[:3].view(torch.int16).tolist()
        == torch.tensor([-0.0, float("nan"), float("inf")]).bfloat16().view(torch.int16).tolist()
    )
    assert json.loads((there / "config.json").read_text())["torch_dtype"] == "bfloat16"


def test_an_unknown_tensor_is_named_and_nothing_is_written(tiny_model, following, tmp_path):
    extra = {"model.vision_resampler.query": torch.zeros(3), "vision_tower.head.probe": torch.zeros(2)}
    for source, to in ((tiny_model, "llava-next"), (following, "hugging-face")):
        folder = copied(source, tmp_path / to, lambda tensors: {**tensors, **extra})
        with pytest.raises(CheckpointError, match=r"model\.vision_resampler\.query, vision_tower\.head\.probe"):
            convert(folder, to, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_tensor_and_a_wrong_size_are_refused(tiny_model, tmp_path):
    def without(tensors):
        return {name: one for name, one in tensors.items() if "linear_2.bias" not in name}

    with pytest.raises(CheckpointError, match="projector: .* weights, its config says"):
        convert(copied(tiny_model, tmp_path / "a", without), "llava-next", tmp_path / "out")
    both = copied(
        tiny_model,
        tmp_path / "b",
        lambda all_: {**all_, "vision_tower.vision_model.post_layernorm.bias": torch.zeros(32)},
    )
    with pytest.raises(CheckpointError, match="are two spellings of one tensor"):
        convert(both, "llava-next", tmp_path / "out")


def tied(tensors, *, head=None):
    tensors = dict(tensors)
    del tensors["language_model.lm_head.weight"]
    if head is not None:
        tensors["language_model.lm_head.weight"] = tensors["language_model.model.embed_tokens.weight"] + head
    return tensors


def test_tied_embeddings_stand_once(tiny_model, tmp_path, unverified):
    plain = copied(tiny_model, tmp_path / "tied", tied, tie_word_embeddings=True)
    there = convert(plain, "llava-next", tmp_path / "next")
    assert json.loads((there / "config.json").read_text())["tie_word_embeddings"] is True
    assert "lm_head.weight" not in load_file(there / SINGLE)
    back = convert(there, "hugging-face", tmp_path / "back")
    assert (back / SINGLE).read_bytes() == (plain / SINGLE).read_bytes()
    twice = copied(tiny_model, tmp_path / "twice", lambda all_: tied(all_, head=0), tie_word_embeddings=True)
    assert (convert(twice, "llava-next", tmp_path / "once") / SINGLE).read_bytes() == (there / SINGLE).read_bytes()


def test_a_head_that_contradicts_the_config_is_refused(tiny_model, tmp_path):
    other = copied(tiny_model, tmp_path / "other", lambda all_: tied(all_, head=1), tie_word_embeddings=True)
    with pytest.raises(CheckpointError, match="ties the embeddings, but language_model.lm_head.weight is another"):
        convert(other, "llava-next", tmp_path / "out")
    lost = copied(tiny_model, tmp_path / "lost", tied)
    with pytest.raises(CheckpointError, match="has no lm_head"):
        convert(lost, "llava-next", tmp_path / "out")


def test_a_pickle_is_refused_by_name(following, tmp_path):
    folder = copied(following, tmp_path / "pickled")
    (folder / SINGLE).rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"has pytorch_model\.bin and no safetensors; a pickle can run any code"):
        convert(folder, "hugging-face", tmp_path / "out")


def test_pickles_beside_the_weights_are_not_taken_along(following, tmp_path, unverified):
    folder = copied(following, tmp_path / "trained")
    for name in ("training_args.bin", "trainer_state.json", "optimizer.pt"):
        (folder / name).write_text("{}")
    out = convert(folder, "hugging-face", tmp_path / "out")
    assert not {"training_args.bin", "trainer_state.json", "optimizer.pt"} & {path.name for path in out.iterdir()}


def test_a_model_that_is_there_already_or_another_is_refused(tiny_model, following, tmp_path):
    with pytest.raises(RecipeError, match="is hugging-face already"):
        convert(tiny_model, "hugging-face", tmp_path / "out")
    with pytest.raises(RecipeError, match="is llava-next already"):
        convert(following, "llava-next", tmp_path / "out")
    other = copied(tiny_model, tmp_path / "other", model_type="llava", architectures=["LlavaLlamaForCausalLM"])
    with pytest.raises(RecipeError, match="no LLaVA-OneVision with a Qwen2"):
        convert(other, "hugging-face", tmp_path / "out")


PUBLISHED_7B = {  # of lmms-lab/llava-onevision-qwen2-7b-ov: what is translated, and some that is not
    "architectures": ["LlavaQwenForCausalLM"], "model_type": "llava", "attention_dropout": 0.0,
    "bos_token_id": 151643, "eos_token_id": 151645, "hidden_act": "silu", "hidden_size": 3584,
    "image_token_index": 151646, "image_aspect_ratio": "anyres_max_9", "image_grid_pinpoints": "(1x1),...,(6x6)",
    "intermediate_size": 18944, "max_position_embeddings": 32768, "mm_vision_tower": TOWER,
    "mm_vision_select_layer": -2, "num_attention_heads": 28, "num_hidden_layers": 28, "num_key_value_heads": 4,
    "rms_norm_eps": 1e-06, "rope_scaling": None, "rope_theta": 1000000.0, "tie_word_embeddings": False,
    "torch_dtype": "bfloat16", "use_sliding_window": False, "vocab_size": 152064, "mm_vision_tower_lr": 2e-06,
}  # fmt: skip


def test_the_published_config_becomes_hugging_faces():
    from finetune.families.family import library

    found = library("LlavaOnevisionConfig").from_dict(to_hugging_face(PUBLISHED_7B))
    wanted = PUBLISHED["llava-hf/llava-onevision-qwen2-7b-ov-hf"]["text_config"]
    sizes = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")
    assert [getattr(found.text_config, key) for key in sizes] == [wanted[key] for key in sizes]
    assert found.text_config.vocab_size == 152064  # rows stay as they are
    assert found.text_config.rope_parameters["rope_theta"] == 1e6
    assert all(found.vision_config.to_dict()[key] == value for key, value in SIGLIP.items())
    assert len(found.image_grid_pinpoints) == 36
    assert found.image_grid_pinpoints[1] == [384, 768]
    assert (found.vision_feature_layer, found.vision_feature_select_strategy) == (-1, "full")
    ours = to_llava_next(found.to_dict(), "vision_tower.vision_model.")
    same = PUBLISHED_7B.keys() - {"model_type", "image_grid_pinpoints", "mm_vision_tower_lr", "torch_dtype"}
    assert {key: ours[key] for key in same} == {key: PUBLISHED_7B[key] for key in same}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mm_vision_tower": "openai/clip-vit-large-patch14-336"}, "its sizes are known for google/siglip"),
        ({"rope_scaling": {"type": "yarn"}}, "rope_scaling is"),
        ({"image_grid_pinpoints": "square"}, "expected a list of sizes or"),
    ],
)
def test_a_config_that_cannot_be_translated_is_refused(change, said):
    with pytest.raises(RecipeError, match=said):
        to_hugging_face({**PUBLISHED_7B, **change})
    del (short := dict(PUBLISHED_7B))["vocab_size"]
    with pytest.raises(RecipeError, match="lacks vocab_size"):
        to_hugging_face(short)


def test_what_llava_next_has_no_word_for_is_refused(tiny_model, tmp_path):
    said = json.loads((tiny_model / "config.json").read_text())
    with pytest.raises(RecipeError, match="it takes another than the last layer"):
        to_llava_next({**said, "vision_feature_layer": -2}, "vision_tower.")
    text = {**said["text_config"], "head_dim": 16}
    with pytest.raises(RecipeError, match="its heads are not hidden_size / num_attention_heads wide"):
        to_llava_next({**said, "text_config": text}, "vision_tower.")


def test_a_grid_of_one_orientation_is_turned():
    said = to_hugging_face({**PUBLISHED_7B, "image_grid_pinpoints": [[384, 768], [384, 384]]})
    assert said["image_grid_pinpoints"] == [[768, 384], [384, 384]]


@pytest.mark.slow
def test_a_folder_without_processor_gets_one_and_answers(tiny_model, following, tmp_path):
    """As LLaVA-NeXT saves it: tokenizer and weights; and trained further there, so its config is another."""
    from PIL import Image

    from finetune.families.family import library
    from finetune.network.hf import read_processor

    folder = copied(following, tmp_path / "next", max_position_embeddings=4096)
    for name in ("processor_config.json", "chat_template.jinja"):
        (folder / name).unlink()
    out = convert(folder, "hugging-face", tmp_path / "out")  # opened by a fresh process
    assert KEPT not in json.loads((out / "config.json").read_text())
    processor = read_processor(out)
    assert list(processor.image_processor.image_mean) == [0.5, 0.5, 0.5]
    assert processor.num_image_tokens == 16
    model = library("LlavaOnevisionForConditionalGeneration").from_pretrained(out)
    assert model.config.text_config.max_position_embeddings == 4096
    asked = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Is it a galaxy?"}]}]
    text = processor.apply_chat_template(asked, add_generation_prompt=True)
    given = processor(text=text, images=Image.new("RGB", (60, 60)), return_tensors="pt")
    assert model.generate(**given, max_new_tokens=3).shape[1] > given["input_ids"].shape[1]
