"""Mixes models: the low-rank weights into their base, and a tuned model with its base by shares of each group.

Tensor by tensor, in float32, written in the base's dtype and files. Every tensor goes in and comes out; what does not
fit is refused. The paper (Riggi et al. 2025, section 5) names merging as a remedy against forgetting, and could not
evaluate it.
"""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from finetune.families.family import Family
from finetune.families.known import family_of_folder
from finetune.network.groups import group_of, layer_of
from finetune.network.weights import Weights, check_alike, file_digest, weights_of
from schemas.errors import CheckpointError, RecipeError

ROUNDING = 1e-9
MERGED = "merge.json"
WEIGHT_FILES = ("*.safetensors", "*.safetensors.index.json", "SHA256SUMS", "README.md", MERGED)


@dataclass(frozen=True)
class Shares:
    """The share of a tuned model in each group. `layers`: shares of layers of the LLM, from first to last."""

    llm: float = 0.0
    projector: float = 0.0
    newline: float = 0.0
    embed: float = 0.0
    lm_head: float = 0.0
    vision: float = 0.0
    layers: tuple[tuple[int, int, float], ...] = ()

    @classmethod
    def even(cls, share: float) -> Self:
        """The same share of everything but the vision tower."""
        return cls(share, share, share, share, share)

    def of(self, name: str, family: Family) -> float:
        """The share of one tensor."""
        layer = layer_of(name, family)
        found = [share for first, last, share in self.layers if layer is not None and first <= layer <= last]
        return found[0] if found else getattr(self, group_of(name, family))

    def problems(self, is_tied: bool, n_layers: int) -> list[str]:
        """What is impossible about them."""
        named = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "layers"}
        named |= {f"layers {first}-{last}": share for first, last, share in self.layers}
        wrong = [f"{name} {share:g} is no share: 0 to 1" for name, share in named.items() if not 0 <= share <= 1]
        if is_tied and self.embed != self.lm_head:
            wrong.append(f"embed {self.embed:g} and lm_head {self.lm_head:g} are one tensor here and take one share")
        ranges = sorted((first, last) for first, last, _ in self.layers)
        wrong += [
            f"layers {first}-{last}: the model has 0-{n_layers - 1}"
            for first, last in ranges
            if not 0 <= first <= last < n_layers
        ]
        wrong += ["layers overlap" for (_, end), (start, _) in zip(ranges, ranges[1:], strict=False) if start <= end]
        return wrong


def mixed(base: Tensor, tuned: Tensor, share: float) -> Tensor:
    """`share` of the tuned tensor and the rest of the base, in the base's dtype."""
    if share in (0.0, 1.0):  # exact to the byte: -0.0 * 1 + x * 0 would lose a sign bit
        return base if share == 0.0 else tuned.to(base.dtype)
    return torch.lerp(base.float(), tuned.float(), share).to(base.dtype)


def merge(base: Path, tuned: Sequence[tuple[Path, Shares]], out: Path) -> Path:
    """Write the mix of a base and tuned models to `out`, whole or not at all.

    Tokenizer, processor and template are the tuned models'; they must agree, for the base's own template is not the
    one it was trained with.
    """
    from finetune.export.publish import finished

    base_weights = weights_of(base)
    others = [(weights_of(path), shares) for path, shares in tuned]
    _check(base_weights, others)
    with finished(out) as aside:
        mix(base_weights, others, aside)
        _check_moved(base_weights, aside, [shares for _, shares in tuned])
        _copy_rest(tuned[0][0], aside)
        _set_dtype(aside, base)
        said = described(base, tuned)
        (aside / MERGED).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        (aside / "README.md").write_text(_card(said, family_of_folder(base)), encoding="utf-8")
    return out


def described(base: Path, tuned: Sequence[tuple[Path, Shares]]) -> dict[str, Any]:
    """What a merge is made of, as merge.json has it: equal for equal weights and shares, wherever they lie."""
    said = {"base": _named(base), "tuned": [{**_named(path), "shares": asdict(shares)} for path, shares in tuned]}
    return json.loads(json.dumps(said))


def mix(base: Weights, tuned: Sequence[tuple[Weights, Shares]], out: Path, dtype: torch.dtype | None = None) -> None:
    """The weights alone; `dtype` instead of the base's."""

    def of(name: str, tensor: Tensor) -> Tensor:
        wanted = tensor if dtype is None else tensor.to(dtype)
        shares = [(weights, share) for weights, said in tuned if (share := said.of(name, base.family))]
        if not shares:
            return wanted
        if len(shares) == 1:
            weights, share = shares[0]
            return mixed(wanted, weights.read(name), share)
        total = sum(weights.read(name).float() * share for weights, share in shares)
        return (tensor.float() * (1 - sum(share for _, share in shares)) + total).to(wanted.dtype)

    base.rewritten(out, of)


def merge_lora(base: Path, adapter: Path, out: Path, *, processor: Any = None) -> Path:
    """Merge low-rank weights (and a projector trained beside them) into their base, as a plain model.

    Near the adapter *and* far from the base: an adapter that did not load agrees with itself. Both are measured on
    random tokens, and CheckpointError raised where one fails.
    """
    from finetune.export.publish import finished
    from finetune.network.hf import read_processor
    from finetune.network.lora import ADAPTER, merged

    with finished(out) as aside:
        merged(base, adapter, aside)
        (processor or read_processor(base)).save_pretrained(aside)
        weights = file_digest(adapter / ADAPTER)
        said = {"base": _named(base), "adapter": {"name": adapter.resolve().name, "weights": weights}}
        (aside / MERGED).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        (aside / "README.md").write_text(_card(said, family_of_folder(base)), encoding="utf-8")
    return out


def steps_of(sweep: str) -> list[float]:
    """The shares of `first:last:step`."""
    found = re.fullmatch(r"([\d.]+):([\d.]+):([\d.]+)", sweep)
    try:
        first, last, step = (float(one) for one in found.groups()) if found else (0.0, 0.0, 0.0)
    except ValueError:
        step = 0.0
    if not step or not 0 <= first <= last <= 1:
        raise RecipeError(f"--sweep {sweep}: expected first:last:step between 0 and 1, such as 0:1:0.1")
    n = int((last - first) / step + ROUNDING)
    return [round(first + number * step, 6) for number in range(n + 1)]


def layers_of(text: str) -> tuple[tuple[int, int, float], ...]:
    """Layers and their shares from `0-13:0.3,14-27:0.6`."""
    found = [re.fullmatch(r"\s*(\d+)(?:-(\d+))?:([\d.]+)\s*", one) for one in text.split(",")]
    if not all(found):
        raise RecipeError(f"--layers {text}: expected first-last:share, such as 0-13:0.3,14-27:0.6")
    return tuple((int(one[1]), int(one[2] or one[1]), float(one[3])) for one in found if one)


def _check(base: Weights, tuned: Sequence[tuple[Weights, Shares]]) -> None:
    names = base.names
    is_tied = not any(group_of(name, base.family) == "lm_head" for name in names)
    n_layers = max((layer_of(name, base.family) or 0) for name in names) + 1
    wrong = [problem for _, shares in tuned for problem in shares.problems(is_tied, n_layers)]
    wrong += [
        f"the shares of {name} sum to {total:g}"
        for name in names
        if (total := sum(shares.of(name, base.family) for _, shares in tuned)) > 1 + ROUNDING
    ][:1]
    if wrong:
        raise RecipeError("; ".join(wrong))
    for weights, _ in tuned:
        check_alike(base, weights)
    words = {path: _vocabulary(path) for path in [base.folder, *(weights.folder for weights, _ in tuned)]}
    other = [str(path) for path, said in words.items() if said != words[base.folder]]
    if other:
        raise CheckpointError(f"{', '.join(other)}: its tokenizer is not that of {base.folder}; token ids differ")
    templates = {weights.folder: _template(weights.folder) for weights, _ in tuned}
    if len(set(templates.values())) > 1:
        raise CheckpointError(f"{', '.join(map(str, templates))}: were trained with different chat templates")


def _vocabulary(folder: Path) -> tuple[Any, ...]:
    try:
        said = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder}: no tokenizer.json can be read: {error}") from error
    model = said["model"]
    merges = [" ".join(one) if isinstance(one, list) else one for one in model.get("merges", [])]
    return model["vocab"], merges, {one["content"]: one["id"] for one in said.get("added_tokens", [])}


def _template(folder: Path) -> str:
    path = folder / "chat_template.jinja"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _copy_rest(tuned: Path, out: Path) -> None:
    left_out = shutil.ignore_patterns(*WEIGHT_FILES)
    shutil.copytree(tuned, out, ignore=left_out, dirs_exist_ok=True)


def _set_dtype(out: Path, base: Path) -> None:
    said = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    dtype = said.get("dtype", said.get("torch_dtype"))
    if dtype:
        config["dtype"] = dtype
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _named(folder: Path) -> dict[str, str]:
    """A model by its folder's name and the digest of its weights: a path is no part of it."""
    return {"name": folder.resolve().name, "weights": weights_of(folder).digest}


def _check_moved(base: Weights, out: Path, shares: Sequence[Shares]) -> None:
    """Raise CheckpointError when a mix with shares is the base itself: what was tuned then changed nothing."""
    wanted = any(one != Shares(layers=one.layers) or any(share for *_, share in one.layers) for one in shares)
    made = weights_of(out)
    if wanted and all(torch.equal(tensor, made.read(name)) for name, tensor in base.tensors()):
        raise CheckpointError(f"{base.folder}: mixed with the tuned model it is the same; nothing was learned there")


def _card(said: dict[str, Any], family: Family) -> str:
    from finetune.export.card import LIMITS, evaluation

    lines = [f"# A merged {family.title}", "", f"- base: {said['base']['name']}"]
    if "adapter" in said:
        lines.append(f"- low-rank weights: {said['adapter']['name']}, merged in full")
    for one in said.get("tuned", []):
        shares = ", ".join(f"{name} {share}" for name, share in one["shares"].items() if share)
        lines.append(f"- tuned: {one['name']}, shares: {shares or 'none'}")
    return "\n".join(
        [*lines, "", "Licences are those of the models it was made from.", "", evaluation({}, None), "", LIMITS, ""]
    )
