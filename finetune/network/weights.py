"""The tensors of a model folder, one at a time: a 7B model in little memory."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from finetune.families.family import Family
from finetune.families.known import family_of, family_of_folder
from finetune.network.groups import group_of, name_in_file
from schemas.errors import CheckpointError, RecipeError
from schemas.fingerprint import fingerprint, sha256_of

INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
SUMS = "SHA256SUMS"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


@dataclass(frozen=True)
class Weights:
    """Where each tensor of a model lies."""

    folder: Path
    shards: dict[str, tuple[str, ...]]
    """File names, and the tensors in each."""

    @property
    def names(self) -> list[str]:
        """All tensors."""
        return [name for names in self.shards.values() for name in names]

    @cached_property
    def family(self) -> Family:
        """By the folder's config. CheckpointError where there is none, or of no known family."""
        return family_of_folder(self.folder)

    @cached_property
    def _places(self) -> dict[str, str]:
        return {name: shard for shard, names in self.shards.items() for name in names}

    @cached_property
    def _spelled(self) -> dict[str, str]:
        return {self.family.one_spelling(name): name for name in self._places}

    @property
    def digest(self) -> str:
        """Of the weight files. What SHA256SUMS says of them is taken where it stands: it was verified when written."""
        sums = self.folder / SUMS
        known: dict[str, str] = {}
        if sums.is_file():
            pairs = (line.split("  ", 1) for line in sums.read_text(encoding="utf-8").splitlines())
            known = {name: digest for digest, name in pairs}
        return fingerprint({file: known.get(file) or file_digest(self.folder / file) for file in sorted(self.shards)})

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor, from the headers."""
        from safetensors import safe_open

        found: dict[str, tuple[int, ...]] = {}
        for shard, names in self.shards.items():
            with safe_open(self.folder / shard, "pt") as file:
                found.update({name: tuple(file.get_slice(name).get_shape()) for name in names})
        return found

    def read(self, name: str) -> Tensor:
        """One tensor, however its name is spelled."""
        from safetensors import safe_open

        there = name if name in self._places else self._spelled[self.family.one_spelling(name)]
        with safe_open(self.folder / self._places[there], "pt") as file:
            return file.get_tensor(there)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """All tensors, file by file."""
        from safetensors import safe_open

        for shard, names in self.shards.items():
            with safe_open(self.folder / shard, "pt") as file:
                for name in names:
                    yield name, file.get_tensor(name)

    def rewritten(self, out: Path, change: Callable[[str, Tensor], Tensor]) -> None:
        """The same tensors in the same files, each changed; the rest of the folder is not copied."""
        from safetensors.torch import save_file

        kept = {}
        for shard in self.shards:
            one = Weights(self.folder, {shard: self.shards[shard]})
            kept = {name: change(name, tensor).contiguous() for name, tensor in one.tensors()}
            save_file(kept, out / shard, metadata={"format": "pt"})
            del kept
        if (self.folder / INDEX).is_file():
            shutil.copy(self.folder / INDEX, out / INDEX)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex; not read again while it is not written."""
    said = path.resolve().stat()
    return _digest_of(path.resolve(), said.st_size, said.st_mtime_ns)


@cache
def _digest_of(path: Path, n_bytes: int, written_ns: int) -> str:
    # A sweep asks for the same base again and again.
    return sha256_of(path)


def weights_of(folder: Path) -> Weights:
    """The weights of a model folder. CheckpointError when files are missing, or hold other tensors than promised."""
    from safetensors import SafetensorError, safe_open

    index = folder / INDEX
    if not index.is_file() and not (folder / SINGLE).is_file():
        pickles = sorted(path.name for path in folder.glob("*") if path.suffix in PICKLES)
        if pickles:
            raise CheckpointError(
                f"{folder}: has {', '.join(pickles[:3])} and no safetensors; a pickle can run any code when it is "
                "opened, and is not read here. Have its maker save it as safetensors"
            )
    try:
        promised = json.loads(index.read_text(encoding="utf-8"))["weight_map"] if index.is_file() else None
        files = sorted(set(promised.values())) if promised else [SINGLE]
        shards = {}
        for file in files:
            with safe_open(folder / file, "pt") as opened:
                shards[file] = tuple(opened.keys())
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: its weights cannot be read: {error}") from error
    found = {name: file for file, names in shards.items() for name in names}
    if promised is not None and found != promised:
        differ = sorted(found.keys() ^ promised.keys()) or sorted(
            name for name in found if found[name] != promised[name]
        )
        raise CheckpointError(f"{index}: promises other tensors than the files hold: {', '.join(differ[:3])}")
    return Weights(folder, shards)


def local_folder(name: str | Path, revision: str | None = None) -> Path:
    """The folder of a model: the name itself, or where the hub's files were put when it was loaded."""
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(str(name), revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise RecipeError(f"model {name}: neither a folder nor among the files downloaded from the hub") from error


def restore(model: Any, folder: Path) -> None:
    """Put the weights of a checkpoint into a built model. CheckpointError unless each finds its place.

    The Trainer's own loading takes the names in the file for those in memory, finds none of them, warns, and goes on
    with the weights of the base.
    """
    import torch

    weights, family = weights_of(folder), family_of(model)
    places = {name_in_file(name, family): weight for name, weight in model.named_parameters()}
    differ = sorted(places.keys() ^ {family.one_spelling(name) for name in weights.names})
    if differ:
        raise CheckpointError(f"{folder}: its tensors are not those of the model: {', '.join(differ[:3])}")
    with torch.no_grad():
        for name, tensor in weights.tensors():
            place = places[family.one_spelling(name)]
            if tensor.dtype != place.dtype:
                raise CheckpointError(f"{folder}: {name} is {tensor.dtype}, in the model {place.dtype}")
            place.copy_(tensor)


def changed_by_group(base: Weights, tuned: Weights, dtype: Any = None) -> dict[str, tuple[int, int]]:
    """Tensors of each group that differ in `dtype`, the base's where not given, and how many there are.

    A run loads its base in the recipe's dtype: held against the base's own, rounding alone would count as training.
    Raises CheckpointError when names or shapes differ: every tensor in, every tensor out.
    """
    import torch

    check_alike(base, tuned)
    counts: dict[str, tuple[int, int]] = {}
    for name, tensor in base.tensors():
        one = tensor.to(dtype or tensor.dtype)
        differs = not torch.equal(one, tuned.read(name).to(one.dtype))
        group = group_of(name, base.family)
        n_changed, n = counts.get(group, (0, 0))
        counts[group] = (n_changed + differs, n + 1)
    return counts


def check_alike(base: Weights, other: Weights) -> None:
    """Raise CheckpointError unless both have the same tensors of the same shapes."""
    spelled = base.family.one_spelling
    mine, theirs = ({spelled(name): shape for name, shape in one.shapes().items()} for one in (base, other))
    missing, added = sorted(mine.keys() - theirs.keys()), sorted(theirs.keys() - mine.keys())
    shapes = [
        f"{name} {theirs[name]} for {mine[name]}" for name in mine.keys() & theirs.keys() if mine[name] != theirs[name]
    ]
    told = [
        f"{word} {len(found)}: {', '.join(sorted(found)[:3])}"
        for word, found in (("missing", missing), ("not in the base", added), ("of other shape", shapes))
        if found
    ]
    if told:
        raise CheckpointError(f"{other.folder}: its tensors are not those of {base.folder}: {'; '.join(told)}")
