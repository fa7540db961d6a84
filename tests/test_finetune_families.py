"""Every family of models: its masks, rows and weights, held against the library's own text, samples and tensors."""

import json
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import jinja2
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from finetune.checks.preflight import Context
from finetune.checks.preflight_tokens import check_picture_tokens, check_template
from finetune.data.samples import Message, Sample, open_handover
from finetune.export.convert import convert
from finetune.families.internvl import INTERNVL
from finetune.families.known import FAMILIES, family_named, published, unknown
from finetune.network.groups import group_of, layer_of, name_in_file
from finetune.network.hf import read_config, read_processor
from finetune.network.model import (
    check_ledger,
    config_of,
    ledger_of,
    load,
    no_picture,
    on_meta,
    problems,
    read_model,
    seeing_nothing,
)
from finetune.network.shapes import Shape
from finetune.network.weights import weights_of
from finetune.recipe import recipe
from finetune.rows.agreement import separate_rows, token_losses
from finetune.rows.encode import Encoder, opened
from finetune.rows.encoded import IGNORED
from finetune.rows.pack import row_of
from schemas.errors import CatalogError, RecipeError
from tests.test_finetune_encode import WORDS, picture, random_talk, talk
from tests.test_finetune_pack import gradients, largest, random_sample

LORA = {"trainable": '{llm = "lora", newline = false}', "lora": "{r = 4, alpha = 8}"}
SIZES_PX = ((40, 40), (64, 64), (60, 100), (200, 30), (30, 200), (333, 500))
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
OWN = {  # what stands before a conversation, and what a picture is, in the text that each was trained with
    "llava_onevision": (SYSTEM, "<image>\n"),
    "internvl": ("", "<IMG_CONTEXT>\n"),
    "qwen2_5_vl": (SYSTEM, "<|vision_start|><|image_pad|><|vision_end|>"),
    "qwen3_vl": ("", "<|vision_start|><|image_pad|><|vision_end|>"),
}
QWENS = ("qwen2_5_vl", "qwen3_vl")  # what they have in common


@pytest.fixture(scope="module", params=list(FAMILIES))
def family(request):
    return family_named(request.param)


@pytest.fixture(scope="module")
def folder(family, tiny_of):
    return tiny_of(family.name)


@pytest.fixture(scope="module")
def processor(folder):
    return read_processor(folder)


@pytest.fixture(scope="module")
def model(folder):
    """The tiny model with larger weights: as it comes, it hardly minds what it sees."""
    found = read_model(folder).eval()
    with torch.no_grad():
        for weights in found.parameters():
            if weights.ndim == 2:
                weights *= 3
    return found


def encoder_of(processor, layout="sequential", **more):
    return Encoder(processor, recipe("smoke", {"turns.layout": layout, "turns.share_sequential": "0.0", **more}))


def own_text(family, sample):
    """The conversation as text, without our template. A system turn stands where that of the family would."""
    before, seen = OWN[family.name]
    said = [
        f"<|im_start|>{one.role}\n{one.text.replace('<image>' + chr(10), seen)}<|im_end|>\n" for one in sample.messages
    ]
    own = before if sample.system is None else f"<|im_start|>system\n{sample.system}<|im_end|>\n"
    return own + "".join(said)


def located(processor, ids):
    """Which tokens are answers with their stop token: what stands behind each header of an assistant."""
    header, stop = processor.tokenizer("<|im_start|>assistant\n")["input_ids"], processor.tokenizer.eos_token_id
    is_answer, at = np.zeros(len(ids), bool), 0
    while at < len(ids):
        if ids[at : at + len(header)] == header:
            end = ids.index(stop, at)
            is_answer[at + len(header) : end + 1] = True
            at = end
        at += 1
    return is_answer


def test_ids_labels_and_pixels_are_those_of_the_processor_and_the_text_it_was_trained_with(family, processor):
    encoder, rng = encoder_of(processor), np.random.default_rng(3)
    for number in range(30):
        sample = random_talk(rng, f"s{number}", pictures=number % 3)
        pictures = tuple(picture(k, SIZES_PX[(number + k) % len(SIZES_PX)]) for k in range(number % 3))
        system = ("You see the radio\nsky.", None)[number % 2]
        sample = Sample(sample.sample_id, "all", pictures, sample.messages, system)
        images = [[opened(one) for one in pictures]] if pictures else None
        theirs = processor(text=own_text(family, sample), images=images, return_tensors="pt")
        ids, ours = theirs["input_ids"][0].tolist(), encoder.encode(sample)
        assert ours.input_ids.tolist() == ids
        assert (ours.labels != IGNORED).tolist() == located(processor, ids).tolist()
        assert all(torch.equal(one, theirs[name]) for name, one in ours.pictures.items() if name in theirs)
        assert ("pixel_values" in ours.pictures) == bool(pictures)


def test_the_template_makes_the_text_it_was_trained_with_also_in_plain_jinja(family, processor):
    sample = talk("Is it?", "Yes", "Which?", "FR-II")
    asked = [{"type": "image"}, {"type": "text", "text": "Is it?"}]
    chat = [{"role": one.role, "content": one.text} for one in sample.messages]
    chat[0]["content"] = asked
    wanted = own_text(family, sample)
    assert processor.apply_chat_template(chat, chat_template=encoder_of(processor).template.text) == wanted
    plain = jinja2.Environment().from_string(processor.chat_template)
    assert plain.render(messages=chat) == wanted
    assert plain.render(messages=chat, add_generation_prompt=True) == f"{wanted}<|im_start|>assistant\n"


def chat_of(rng, *, system, n_pictures):
    """A record as a user has it, in `messages`: text or parts, pictures between words, each named where it stands."""
    said = [{"role": "system", "content": [{"type": "text", "text": "You see the sky."}]}] if system else []
    named = iter(range(n_pictures))
    for turn in range(3):
        asked = [{"type": "text", "text": " ".join(rng.choice(WORDS, 3)).strip()} for _ in range(2)]
        for number in named:
            asked.insert(int(rng.integers(0, 3)), {"type": "image", "image": f"{number}.png"})
            if rng.random() < 0.5:
                break
        said += [{"role": "user", "content": asked}, {"role": "assistant", "content": f"It is {turn}."}]
    return {"messages": said}


def test_messages_are_what_the_family_s_own_template_makes_of_them(family, processor, tmp_path):
    """Also by the template of the hub, where TRL has it: its text, and what its mask for training learns."""
    from finetune.network.hf import render_jinja_template

    rng, encoder = np.random.default_rng(11), encoder_of(processor)
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture(number, SIZES_PX[number]).read())
    chats = [chat_of(rng, system=number % 2, n_pictures=number % 4) for number in range(12)]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(one) + "\n" for one in chats))
    samples = open_handover(tmp_path / "own.jsonl", tags=["all"], index_dir=tmp_path / "index")
    trl = Path(find_spec("trl").origin).parent / "chat_templates" / f"{family.name}_training.jinja"
    assert trl.is_file() == (family.name in QWENS)
    n_pictures = 0
    for sample, chat in zip(samples, chats, strict=True):
        text = processor.apply_chat_template(chat["messages"], chat_template=processor.chat_template)
        images = [[opened(one) for one in sample.pictures]] if sample.pictures else None
        theirs = processor(text=text, images=images, return_tensors="pt")["input_ids"][0].tolist()
        ours = encoder.encode(sample)
        assert ours.input_ids.tolist() == theirs
        assert (ours.labels != IGNORED).tolist() == located(processor, theirs).tolist()
        n_pictures += len(sample.pictures)
        if not trl.is_file():
            continue
        (hub,), (spans,) = render_jinja_template(
            conversations=[chat["messages"]], chat_template=trl.read_text(), return_assistant_tokens_mask=True
        )
        assert text == hub
        decoded = processor.tokenizer.decode(ours.input_ids[ours.labels != IGNORED])
        assert decoded == "".join(hub[begin:end].removesuffix("\n") for begin, end in spans)
    assert n_pictures >= 8


@pytest.mark.parametrize("pictures", [1, 2])
def test_isolated_turns_are_the_tokens_of_separate_conversations(processor, pictures):
    pairs = [("Is it?", "Yes"), ("Which\nclass?", "FR-II"), ("And?", "No")]
    sample = talk(*[text for pair in pairs for text in pair], pictures=pictures)
    rows = encoder_of(processor, "isolated").separate(sample)
    for row, pair in zip(rows, pairs, strict=True):
        alone = encoder_of(processor).tokens(talk(*pair, pictures=pictures))
        assert row.input_ids.tolist() == alone.input_ids.tolist()
        assert row.positions.tolist() == alone.positions.tolist()
        assert row.labels.tolist() == alone.labels.tolist()


def test_a_packed_row_has_the_losses_and_gradients_of_separate_samples(processor, model):
    """Isolated turns and dialogues, with one picture, several and none, some of the same pictures, in one row.

    Records of other system turns do not share their pictures: what stands before them is another.
    """
    rng = np.random.default_rng(7)
    encoder = encoder_of(processor, "isolated", **{"turns.share_sequential": "0.3"})
    kinds, n_shared = set(), 0
    for first in range(0, 12, 3):
        samples = [random_sample(rng, first + k) for k in range(3)]
        samples[0] = replace(samples[0], system=(None, "You see the sky.")[first % 2])
        samples.insert(1, replace(samples[0], sample_id=f"again{first}"))
        samples.insert(2, replace(samples[0], sample_id=f"other{first}", system="Answer briefly."))
        encoded = [encoder.encode(sample) for sample in samples]
        kinds |= {(one.is_dialogue, len(one.sizes_px)) for one in encoded}
        in_row = encoder.encode_row(samples)
        n_shared += in_row[1].is_rest
        assert not in_row[2].is_rest
        together = row_of(in_row)
        apart = [row for pair in zip(samples, encoded, strict=True) for row in separate_rows(encoder, *pair)]
        with torch.no_grad():
            losses = token_losses(model, together)[0]
            expected = torch.cat([token_losses(model, row)[0] for row in apart])
        assert torch.allclose(losses, expected, rtol=1e-4, atol=1e-5)
        ours, theirs = gradients(model, [together]), gradients(model, apart)
        assert ours.keys() == theirs.keys()
        assert largest(ours, theirs) < 1e-4
    assert {number for _, number in kinds} == {0, 1, 2}
    assert {is_dialogue for is_dialogue, _ in kinds} == {True, False}
    assert n_shared


def test_a_record_alone_has_the_logits_of_the_model_s_own_call(family, processor, model):
    """Of all that the processor gives, positions left to the model: what it does when it answers."""
    for number, size in enumerate(SIZES_PX):
        sample = talk("Is it?", "Yes", sample_id=f"s{number}")
        sample = Sample(sample.sample_id, "all", (picture(number, size),), sample.messages)
        given = processor(text=own_text(family, sample), images=[[opened(sample.pictures[0])]], return_tensors="pt")
        row = row_of([encoder_of(processor).encode(sample)])
        with torch.no_grad():
            theirs = model(**given).logits[0, row["predicted_at"]]
            ours = token_losses(model, row)[0]
        assert torch.allclose(
            ours, torch.nn.functional.cross_entropy(theirs, row["target"], reduction="none"), rtol=1e-4
        )


def test_a_picture_changes_what_is_likely(processor, model):
    one, other = (talk("Is it?", "Yes") for _ in range(2))
    other = Sample("s", "all", (picture(5),), other.messages)
    rows = [row_of([encoder_of(processor).encode(sample)]) for sample in (one, other)]
    with torch.no_grad():
        first, second = (token_losses(model, row)[0] for row in rows)
    assert (first - second).abs().max() > 1e-3


def test_tokens_foretold_are_placeholders_are_features(folder, made_handover, tmp_path, monkeypatch):
    context = Context(recipe("smoke"), made_handover(tmp_path / "data", 3), folder, index_dir=tmp_path / "index")
    monkeypatch.setattr("finetune.checks.preflight_tokens.sizes_of", lambda _: [*SIZES_PX, (500, 500), (5, 900)])
    assert not check_picture_tokens(context)
    assert not check_template(context)


@pytest.mark.parametrize(
    ("changes", "trained"),
    [
        ({}, {"llm", "embed", "lm_head", "projector", "newline"}),
        (LORA, {"lora", "projector"}),
        ({"trainable": '{llm = "frozen", vision = "full", newline = false}'}, {"projector", "vision"}),
    ],
)
def test_the_ledger_says_what_is_trained(family, folder, changes, trained):
    one, shape = recipe("smoke", {"model.name": str(folder), **changes}), Shape.of(read_config(folder).to_dict())
    built = load(one)
    ledger = check_ledger(built, one, shape)
    has = {*family.groups, "lora"}
    assert {group for group, count in ledger.groups.items() if count.n_trainable} == trained & has
    with_lora = [name for name, _ in built.named_parameters() if ".lora_" in name]
    n_layers = built.config.text_config.num_hidden_layers
    assert len(with_lora) == (2 * 7 * n_layers if "lora" in changes else 0)  # two of each of seven
    assert not [name for name in with_lora if "vis" in name]


def test_every_weight_is_called_in_a_file_as_its_model_says(family, folder):
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = set(file.keys())
    assert {name_in_file(name, family) for name, _ in read_model(folder).named_parameters()} == names
    wrapped = load(recipe("smoke", {"model.name": str(folder), **LORA}))
    plain = {name_in_file(name, family) for name, _ in wrapped.named_parameters() if ".lora_" not in name}
    assert {one.replace("original_module.", "") for one in plain} == names
    assert {group_of(name, family) for name in names} == set(family.groups)
    assert {layer_of(name, family) for name in names} == {None, *range(wrapped.config.text_config.num_hidden_layers)}
    assert weights_of(folder).family is family


@pytest.mark.parametrize("name", published())
def test_a_published_size_is_that_of_a_built_model(name):
    shape, one = Shape.of(published()[name]), recipe("full_shallow_qa")
    assert not problems(ledger_of(on_meta(config_of(shape), one)), one, shape)


def test_a_text_only_row_uses_what_the_others_use_and_changes_nothing(family, folder):
    model = read_model(folder)
    tokens = torch.tensor([[300, 301, 302, 303]])
    plain = model(input_ids=tokens).logits
    with seeing_nothing(model):
        seen = model(input_ids=tokens, position_ids=torch.arange(4)[None], **no_picture(model, "cpu")).logits
        assert torch.equal(plain, seen)
        seen.sum().backward()
    assert "get_image_features" not in vars(model.model)
    touched = {
        name: weight.grad for name, weight in model.named_parameters()
        if group_of(name_in_file(name, family), family) in ("projector", "vision", "newline")
    }  # fmt: skip
    unused = {name for name, gradient in touched.items() if gradient is None}
    assert all("vision_tower" in name and ("head" in name or "post_layernorm" in name) for name in unused), unused
    assert all(not gradient.any() for gradient in touched.values() if gradient is not None)


def test_a_text_that_spells_the_picture_s_token_is_named(family, processor):
    messages = (Message("user", f"Is {family.placeholder} it?"), Message("assistant", "Yes"))
    with pytest.raises(CatalogError, match=r"s: (a text spells a special token|1 <image> for 0 pictures)"):
        encoder_of(processor).tokens(Sample("s", "all", (), messages))


def test_the_template_of_another_family_is_refused(family, processor):
    other = next(one.template for one in FAMILIES.values() if one is not family)
    with pytest.raises(RecipeError, match=rf"model.template: '{other}' is not that of {family.title}"):
        encoder_of(processor, **{"model.template": other})
    assert encoder_of(processor, **{"model.template": family.template}).template.name == family.template


def test_only_llava_onevision_has_llava_next_s_form(family, folder, tmp_path):
    if family.name == "llava_onevision":
        assert convert(folder, "llava-next", tmp_path / "next").is_dir()
        return
    with pytest.raises(RecipeError, match=f"is of {family.title}; LLaVA-NeXT's form is that of LLaVA-OneVision alone"):
        convert(folder, "llava-next", tmp_path / "next")


@pytest.mark.parametrize("name", QWENS)
def test_tokens_counted_one_after_another_would_be_elsewhere_for_a_qwen(tiny_of, name):
    """The trap of positions in time, height and width: no error is raised, and only the loss tells."""
    encoder, model = encoder_of(read_processor(tiny_of(name)), "isolated"), read_model(tiny_of(name))
    row = row_of([encoder.encode(talk("Is it?", "Yes", "Which?", "FR-II"))])
    n = row["input_ids"].shape[1]
    assert row["position_ids"].shape == (3, 1, n)
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 3 if weight.ndim == 2 else 1
        right, wrong = (
            token_losses(model, {**row, "position_ids": places})[0]
            for places in (row["position_ids"], row["position_ids"][:1, :, 0, None] + torch.arange(n))
        )
    assert (right - wrong).abs().max() > 1e-3


def test_a_qwen_whose_config_is_of_the_published_form_is_read(tiny_of, tmp_path):
    """The LLM's values beside those of the whole, positions by `rope_scaling`, and tied embeddings without a head."""
    folder = shutil.copytree(tiny_of("qwen2_5_vl"), tmp_path / "model")
    said = json.loads((folder / "config.json").read_text())
    text = said.pop("text_config")
    rope = text.pop("rope_parameters")
    kept = {name: value for name, value in text.items() if name not in ("model_type", "layer_types")}
    said |= {**kept, "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]}}
    said |= {"rope_theta": rope["rope_theta"], "tie_word_embeddings": True, "sliding_window": 32768}
    said["vision_config"]["model_type"] = "qwen2_5_vl"
    (folder / "config.json").write_text(json.dumps(said))
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    one = recipe("smoke", {"model.name": str(folder)})
    model, nested = load(one), read_model(tiny_of("qwen2_5_vl"))
    ledger = check_ledger(model, one, Shape.of(said))
    assert (ledger.groups["lm_head"].n_trainable, ledger.groups["embed"].n_trainable) == (0, 25_600)
    rope = nested.config.text_config.rope_parameters
    assert model.config.text_config.rope_parameters == {**rope, "type": "mrope"}
    assert {group_of(name, weights_of(folder).family) for name in tensors} == {"vision", "projector", "embed", "llm"}


@pytest.mark.parametrize("name", QWENS)
def test_a_picture_that_a_qwen_does_not_take_is_named(tiny_of, name):
    sample = Sample("s", "all", (picture(0, (10, 2100)),), talk("Is it?", "Yes").messages)
    title = FAMILIES[name].title
    with pytest.raises(CatalogError, match=rf"sample s: .* {title} does not take: absolute aspect ratio"):
        encoder_of(read_processor(tiny_of(name))).tokens(sample)


@pytest.mark.parametrize("name", QWENS)
def test_a_qwen_s_tower_is_not_trained_whole_beside_low_rank_weights(tiny_of, name):
    changes = {**LORA, "trainable": '{llm = "lora", newline = false, vision = "full"}'}
    title = FAMILIES[name].title
    with pytest.raises(RecipeError, match=rf"trainable\.vision: beside low-rank weights that of {title}"):
        load(recipe("smoke", {"model.name": str(tiny_of(name)), **changes}))


def test_a_qwen3_s_llm_sees_a_picture_in_several_layers_in_a_packed_row_too(tiny_of):
    """Without its features of a layer a row has other losses, and every merger learns from the row's pictures."""
    encoder, model = encoder_of(read_processor(tiny_of("qwen3_vl")), "isolated"), read_model(tiny_of("qwen3_vl"))
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 3 if weight.ndim == 2 else 1
    rng = np.random.default_rng(5)
    samples = [replace(random_talk(rng, f"s{k}", pictures=1), pictures=(picture(k // 2),)) for k in range(4)]
    row = row_of(encoder.encode_row(samples))
    assert len(row["image_grid_thw"]) == 2  # two records share a picture, twice
    whole = token_losses(model, row)[0]
    (whole * row["weight"]).sum().backward()
    mergers = model.model.visual.deepstack_merger_list
    assert len(mergers) == 2
    for merger in mergers:
        assert all(weight.grad.any() for weight in merger.parameters())
        kept = merger.linear_fc2.weight.detach().clone()
        with torch.no_grad():
            merger.linear_fc2.weight.zero_()
            less = token_losses(model, row)[0]
            merger.linear_fc2.weight.copy_(kept)
        assert (whole - less).abs().max() > 1e-3


def test_a_published_qwen3_has_as_many_weights_as_the_hub_counts():
    counted = {name: Shape.of(config).n_weights for name, config in FAMILIES["qwen3_vl"].published.items()}
    assert counted == {
        "Qwen/Qwen3-VL-2B-Instruct": 2_127_532_032, "Qwen/Qwen3-VL-4B-Instruct": 4_437_815_808,
        "Qwen/Qwen3-VL-8B-Instruct": 8_767_123_696,
    }  # fmt: skip


def test_a_mixture_of_experts_is_refused_by_name():
    said = {"model_type": "qwen3_vl_moe", "text_config": {"model_type": "qwen3_vl_moe_text"}}
    with pytest.raises(RecipeError, match=r"is of a 'qwen3_vl_moe'; expected model_type .* or 'qwen3_vl'$"):
        Shape.of(said)
    reason = unknown({**said, "model_type": "qwen3_vl"})
    assert reason == "is of Qwen3-VL with a 'qwen3_vl_moe_text' as its LLM; expected 'qwen3_vl_text'"


def test_a_qwen3_whose_config_is_of_the_published_form_is_read(tiny_of, tmp_path):
    """Positions by `rope_scaling`, an older name of the tower, and tied embeddings without a head, as small ones."""
    folder = shutil.copytree(tiny_of("qwen3_vl"), tmp_path / "model")
    said = json.loads((folder / "config.json").read_text())
    rope = said["text_config"].pop("rope_parameters")
    said["text_config"] |= {"rope_theta": rope.pop("rope_theta"), "rope_scaling": rope, "tie_word_embeddings": True}
    said["tie_word_embeddings"], said["vision_config"]["model_type"] = True, "qwen3_vl"
    (folder / "config.json").write_text(json.dumps(said))
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    one = recipe("smoke", {"model.name": str(folder)})
    model, nested = load(one), read_model(tiny_of("qwen3_vl"))
    ledger = check_ledger(model, one, Shape.of(said))
    assert (ledger.groups["lm_head"].n_trainable, ledger.groups["embed"].n_trainable) == (0, 25_600)
    theirs, ours = (found.config.text_config.rope_parameters for found in (nested, model))
    assert {name: ours[name] for name in theirs} == theirs


def test_an_internvl_with_a_qwen3_is_counted_and_one_with_another_llm_refused(tiny_of):
    said = json.loads((tiny_of("internvl") / "config.json").read_text())
    text = {**said["text_config"], "model_type": "qwen3"}
    said["vision_config"] |= {"use_qk_norm": True, "norm_type": "rms_norm"}  # as the largest have it
    shape = Shape.of({**said, "text_config": text})
    for one in (recipe("smoke"), recipe("smoke", LORA)):
        assert not problems(ledger_of(on_meta(config_of(shape), one)), one, shape)
    reason = unknown({**said, "text_config": {**text, "model_type": "llama"}})
    assert reason == "is of InternVL with a 'llama' as its LLM; expected 'qwen2' or 'qwen3'"


def test_a_head_of_its_own_is_kept_where_the_config_says_nothing_of_the_whole(tiny_of, tmp_path):
    """Files of older versions say it of the LLM alone; transformers takes the whole for tied, warns, and keeps both."""
    shutil.copytree(tiny_of("internvl"), tmp_path / "model")
    said = json.loads((tmp_path / "model/config.json").read_text())
    del said["tie_word_embeddings"]
    (tmp_path / "model/config.json").write_text(json.dumps(said))
    one = recipe("smoke", {"model.name": str(tmp_path / "model")})
    model = load(one)
    assert model.lm_head.weight is not model.get_input_embeddings().weight
    assert check_ledger(model, one, Shape.of(said)).groups["lm_head"].n_trainable
    assert INTERNVL.published["OpenGVLab/InternVL3-8B-hf"]["tie_word_embeddings"] is False
