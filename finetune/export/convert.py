"""LLaVA-NeXT's files and Hugging Face's: the same tensors under other names, in both directions.

No number is changed and none is left out: each tensor keeps its bytes, its dtype and its file, and what was written is
read again and held against what was there. A name that neither side knows is refused. The names are those of the
published checkpoints (lmms-lab/llava-onevision-qwen2-*, llava-hf/llava-onevision-qwen2-*-hf).
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from finetune.families.known import FAMILIES
from finetune.families.llava_onevision import LLAVA_ONEVISION
from finetune.network.groups import group_of
from finetune.network.weights import INDEX, Weights, weights_of
from schemas.errors import CheckpointError, RecipeError

Form = Literal["llava-next", "hugging-face"]
HUB, PLAIN = "vision_tower.vision_model.", "vision_tower."  # how the vision tower of a Hugging Face file is spelled
NEXT_TOWER = "model.vision_tower.vision_tower."
NAMES = {  # LLaVA-NeXT's, Hugging Face's
    "model.embed_tokens.": "language_model.model.embed_tokens.",
    "model.layers.": "language_model.model.layers.",
    "model.norm.": "language_model.model.norm.",
    "lm_head.": "language_model.lm_head.",
    "model.mm_projector.0.": "multi_modal_projector.linear_1.",
    "model.mm_projector.2.": "multi_modal_projector.linear_2.",
    "model.image_newline": "image_newline",
    **{f"{NEXT_TOWER}vision_model.{part}": f"{HUB}{part}" for part in ("embeddings.", "encoder.", "post_layernorm.")},
}
COPIED = (".json", ".jinja", ".txt", ".model")
NOT_COPIED = ("config.json", INDEX, "trainer_state.json")
N_TOLD = 5


@dataclass(frozen=True)
class Renaming:
    """Tensors of a folder by their new names."""

    names: Mapping[str, str]
    left_out: frozenset[str] = frozenset()
    """The second copy of tied embeddings: nothing else is ever dropped."""


def convert(source: Path, to: Form, out: Path) -> Path:
    """Write the model of `source` to `out` in the other form, whole or not at all.

    Only safetensors are read. CheckpointError names tensors that are unknown, missing, or of another size than the
    config says; RecipeError says that the model is not of the other form.
    """
    from finetune.export.convert_config import KEPT, is_tied, to_hugging_face, to_llava_next
    from finetune.export.publish import finished

    said = _config(source)
    _check_form(source, said, to)
    weights = weights_of(source)
    tower = said.get(KEPT, {}).get("vision_tower", HUB)
    renaming = _renaming(weights, to, tower, is_tied=is_tied(said))
    spelled = HUB if any(name.startswith(HUB) for name in weights.names) else PLAIN
    config = to_llava_next(said, spelled) if to == "llava-next" else to_hugging_face(said)
    _check_sizes(weights, renaming, said if to == "llava-next" else config, to)
    check = None if to == "hugging-face" else _nothing_more  # no library here opens LLaVA-NeXT's folders
    with finished(out, check=check) as aside:
        _write(weights, renaming, aside)
        _check_written(weights, renaming, weights_of(aside))
        _rest(source, aside)
        _write_config(aside, config)
        if to == "hugging-face":
            _write_config(aside, _with_processor(source, aside, config))
        (aside / "README.md").write_text(_card(source, to), encoding="utf-8")
    return out


def renamed(name: str, to: Form, tower: str = HUB) -> str:
    """A tensor's name in the other form; CheckpointError when neither form knows it.

    `tower` is how Hugging Face's vision tower is to be spelled; either spelling is read.
    """
    plain = _one_spelling(name)
    pairs = NAMES if to == "hugging-face" else {theirs: ours for ours, theirs in NAMES.items()}
    for old, new in pairs.items():
        if plain == old or (old.endswith(".") and plain.startswith(old)):
            found = new + plain.removeprefix(old)
            return found.replace(HUB, tower, 1) if found.startswith(HUB) else found
    raise CheckpointError(f"tensor {name!r} is none of a LLaVA-OneVision's; expected one of {', '.join(pairs)}")


def _one_spelling(name: str) -> str:
    for long, short in ((HUB, PLAIN), (f"{NEXT_TOWER}vision_model.", NEXT_TOWER)):
        if name.startswith(short) and not name.startswith(long):
            return long + name.removeprefix(short)
    return name


def _renaming(weights: Weights, to: Form, tower: str, *, is_tied: bool) -> Renaming:
    names, unknown = {}, []
    for name in weights.names:
        try:
            names[name] = renamed(name, to, tower)
        except CheckpointError:
            unknown.append(name)
    if unknown:
        more = f" and {len(unknown) - N_TOLD} more" if len(unknown) > N_TOLD else ""
        raise CheckpointError(
            f"{weights.folder}: {', '.join(sorted(unknown)[:N_TOLD])}{more}: no such tensor is in a LLaVA-OneVision, "
            "and none is left out in silence; is this another model, or is something trained beside it?"
        )
    if len(set(names.values())) < len(names):
        twice = sorted(name for name in names if list(names.values()).count(names[name]) > 1)
        raise CheckpointError(f"{weights.folder}: {', '.join(twice[:N_TOLD])} are two spellings of one tensor")
    return _without_copy(weights, names, is_tied=is_tied)


def _without_copy(weights: Weights, names: dict[str, str], *, is_tied: bool) -> Renaming:
    """Tied embeddings stand once in a file: a head that is their copy goes, one that differs is a contradiction."""
    import torch

    groups = {group_of(_theirs(name), LLAVA_ONEVISION): name for name in names}
    head = groups.get("lm_head")
    if head is None and not is_tied:
        raise CheckpointError(f"{weights.folder}: has no lm_head, and its config does not say that embeddings are tied")
    if head is None or not is_tied:
        return Renaming(names)
    if not torch.equal(weights.read(head), weights.read(groups["embed"])):
        raise CheckpointError(
            f"{weights.folder}: its config ties the embeddings, but {head} is another tensor than {groups['embed']}; "
            "set tie_word_embeddings to false where the head was trained by itself"
        )
    return Renaming({old: new for old, new in names.items() if old != head}, frozenset([head]))


def _theirs(name: str) -> str:
    """A name as Hugging Face has it, whatever form it is in."""
    return renamed(name, "hugging-face") if name.startswith(("model.", "lm_head.")) else name


def _check_sizes(weights: Weights, renaming: Renaming, config: Mapping[str, Any], to: Form) -> None:
    """The tensors are as many and as large as the Hugging Face config says, group by group."""
    from collections import Counter
    from math import prod

    from finetune.network.shapes import Shape

    counts: Counter[str] = Counter()
    for name, sides in weights.shapes().items():
        if name not in renaming.left_out:
            counts[group_of(_theirs(name), LLAVA_ONEVISION)] += prod(sides)
    wrong = [
        f"{group}: {counts[group]:,} weights, its config says {n:,}"
        for group, n in Shape.of(config).groups.items()
        if counts[group] != n
    ]
    if wrong:
        raise CheckpointError(f"{weights.folder}: " + "; ".join(wrong))


def _write(weights: Weights, renaming: Renaming, out: Path) -> None:
    """File by file, under the same file names."""
    from safetensors.torch import save_file

    for shard, names in weights.shards.items():
        one = Weights(weights.folder, {shard: names})
        kept = {renaming.names[name]: tensor for name, tensor in one.tensors() if name in renaming.names}
        if kept:
            save_file(kept, out / shard, metadata={"format": "pt"})
        del kept
    index = weights.folder / INDEX
    if index.is_file():
        said = json.loads(index.read_text(encoding="utf-8"))
        said["weight_map"] = {
            renaming.names[name]: file for name, file in said["weight_map"].items() if name in renaming.names
        }
        (out / INDEX).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def _check_written(source: Weights, renaming: Renaming, written: Weights) -> None:
    """Every tensor stands in the new files with its dtype and its bytes, and nothing else does."""
    added = sorted(set(written.names) - set(renaming.names.values()))
    differ = list(_differing(source, renaming, written))
    if added or differ:
        raise CheckpointError(f"{written.folder}: not what was read: {', '.join([*differ, *added][:N_TOLD])}")


def _differing(source: Weights, renaming: Renaming, written: Weights) -> Iterator[str]:
    import torch

    there = set(written.names)
    for name, tensor in source.tensors():
        if name in renaming.left_out:
            continue
        new = renaming.names[name]
        if new not in there:
            yield name
            continue
        other = written.read(new)
        is_same = tensor.dtype == other.dtype and tensor.shape == other.shape
        if not is_same or not torch.equal(tensor.contiguous().view(torch.uint8), other.view(torch.uint8)):
            yield name


def _config(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"{folder}: no config.json can be read: {error}") from error
    if not isinstance(said, dict):
        raise RecipeError(f"{folder / 'config.json'}: holds no object")
    return said


def _write_config(folder: Path, config: Mapping[str, Any]) -> None:
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _check_form(folder: Path, said: Mapping[str, Any], to: Form) -> None:
    is_theirs = said.get("model_type") == LLAVA_ONEVISION.name
    is_next = "LlavaQwenForCausalLM" in (said.get("architectures") or ()) or said.get("model_type") == "llava_qwen"
    if (is_theirs, is_next)[to == "hugging-face"]:
        return
    what = f"model_type {said.get('model_type')!r}, architectures {said.get('architectures')!r}"
    if is_theirs or is_next:
        raise RecipeError(f"{folder}: is {to} already ({what})")
    other = FAMILIES.get(str(said.get("model_type")))
    if other:
        raise RecipeError(f"{folder}: is of {other.title}; LLaVA-NeXT's form is that of {LLAVA_ONEVISION.title} alone")
    raise RecipeError(f"{folder}: no LLaVA-OneVision with a Qwen2, neither Hugging Face's nor LLaVA-NeXT's: {what}")


def _rest(source: Path, out: Path) -> None:
    """Tokenizer, processor, template and generation, as they are; never a pickle."""
    for path in sorted(source.iterdir()):
        if path.is_file() and path.suffix in COPIED and path.name not in NOT_COPIED:
            shutil.copy(path, out / path.name)


def _with_processor(source: Path, out: Path, config: dict[str, Any]) -> dict[str, Any]:
    """The config; where LLaVA-NeXT's folder has no processor, one is made, and its tokens are the config's."""
    from finetune.export.convert_config import made_processor

    if any((source / name).is_file() for name in ("processor_config.json", "preprocessor_config.json")):
        return config
    processor = made_processor(out, config)
    ids = processor.tokenizer.convert_tokens_to_ids(["<image>", "<video>"])
    n_rows = config["text_config"]["vocab_size"]
    if max(ids) >= n_rows:
        raise CheckpointError(f"{source}: <image> and <video> are tokens {ids}, but it has {n_rows} embeddings")
    processor.save_pretrained(out)
    return {**config, "image_token_index": ids[0], "video_token_index": ids[1]}


def _nothing_more(_: Path) -> None:
    """What was written has been read again and compared."""


def _card(source: Path, to: Form) -> str:
    from finetune.export.card import evaluation

    name = source.resolve().name
    return (
        f"# {name}, in the form of {to}\n\nThe tensors of {name} byte for byte, under other names. The licence is "
        f"that of the model it was made from.\n\n{evaluation({}, None)}\n"
    )
