"""A Hugging Face model in this process: greedy replies, and the exact likelihood of every allowed answer.

All answers to a question stand in one row behind the prompt (`choices`), so the picture goes through the model once.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from curation.asking.replies import Replies, replies
from curation.asking.request import Reply, Request, Served
from evaluate.asking.backends import BackendInfo, several_requests
from evaluate.asking.hf_model import HfModel
from schemas.errors import ModelError, RecipeError
from schemas.fingerprint import fingerprint, sha256_of

CANARY_ANSWERS = ("A disc.", "Stripes.")
MOST_APART = 0.05  # of log-likelihoods, in the coarsest number format
N_KEPT = 16  # replies written together: what a killed run loses
DTYPES = ("float32", "bfloat16", "float16")
WEIGHTS, WORDS = ("*.safetensors", "*.bin"), ("config.json", "preprocessor_config.json", "tokenizer.json")


@dataclass(frozen=True)
class LocalBackend:
    """A folder of a model. Its address in the store is the content of its weights, wherever the folder is."""

    folder: str
    served: Served
    model_sha: str
    template_sha: str
    place: str
    """Of the store that keeps its replies."""
    dtype: str = "float32"
    device: str = "cpu"
    batch: int = 8
    merge_shares: str | None = None
    """Of the models that it was merged from, as its folder tells; None: it tells of none."""

    def describe(self) -> BackendInfo:
        """The digest of its weights is its revision."""
        name = self.served.model
        return BackendInfo(
            "local", f"transformers-{self.dtype}", name, self.model_sha, self.template_sha, can_score=True
        )

    def check(self, *, is_constrained: bool, is_several: bool = False) -> None:
        """It must load; a choice cannot be forced on it, for its likelihoods say more.

        Of several pictures it must find answers in one row as likely as each in a row of its own, and must look at the
        last one: ModelError.
        """
        if is_constrained:
            raise RecipeError(
                "--constrained is for servers; of a model in this process take --choices, its likelihoods"
            )
        model = _model(self.folder, self.dtype, self.device)
        if is_several:
            _check_several(model, self.served)

    def answer(self, requests: Sequence[Request]) -> list[Reply]:
        """Greedy; requests of equal length go through the model together, so that nothing is padded."""
        return self._kept({one.key: one for one in requests}, [one.key for one in requests], self._said)

    def log_likelihoods(self, requests: Sequence[Request], answers: Sequence[Sequence[str]]) -> list[tuple[float, ...]]:
        """Ln p of each whole answer to each request, stop token included."""
        asked = {
            fingerprint({"request": request.key, "answers": list(some)}): (request, tuple(some))
            for request, some in zip(requests, answers, strict=True)
        }
        order = [
            fingerprint({"request": request.key, "answers": list(some)})
            for request, some in zip(requests, answers, strict=True)
        ]
        return [tuple(json.loads(reply.text)) for reply in self._kept(asked, order, self._scored)]

    def _kept(self, asked: dict[str, Any], order: Sequence[str], make: Any) -> list[Reply]:
        """What the store has, and the rest made and kept a few at a time."""
        kept: Replies = replies(self.place, self.served)
        found = kept.find(asked)
        missing = [key for key in asked if key not in found]
        try:
            for start in range(0, len(missing), N_KEPT):
                some = make({key: asked[key] for key in missing[start : start + N_KEPT]})
                kept.keep(some)
                found |= {reply.key: reply for reply in some}
        finally:
            kept.settle()
        return [found[key] for key in order]

    def _said(self, asked: dict[str, Request]) -> list[Reply]:
        model = _model(self.folder, self.dtype, self.device)
        groups: dict[tuple[int, Any, int], list[tuple[str, dict[str, Any]]]] = {}
        for key, request in asked.items():
            given = model.given(request)
            shapes = tuple(tuple(one.shape[1:]) for one in given.values())
            groups.setdefault((request.n_pictures, shapes, request.sampling.max_tokens), []).append((key, given))
        found: list[Reply] = []
        for (_, _, n_new), group in groups.items():
            for start in range(0, len(group), self.batch):
                found += model.replies(group[start : start + self.batch], n_new)
        return found

    def _scored(self, asked: dict[str, tuple[Request, tuple[str, ...]]]) -> list[Reply]:
        model = _model(self.folder, self.dtype, self.device)
        found: list[Reply] = []
        for key, (request, answers) in asked.items():
            started = time.monotonic()
            said = json.dumps(model.log_likelihoods(request, answers))
            found.append(Reply(key, said, finish_reason="stop", seconds=round(time.monotonic() - started, 3)))
        return found


def local_backend(
    folder: Path, place: str, *, name: str = "", dtype: str = "float32", device: str = "cpu", batch: int = 8
) -> LocalBackend:
    """The backend of a model's folder. RecipeError for a folder without weights or chat template."""
    if dtype not in DTYPES:
        raise RecipeError(f"--dtype {dtype}: expected one of {', '.join(DTYPES)}")
    files = sorted({file for pattern in WEIGHTS for file in folder.glob(pattern)})
    template = folder / "chat_template.jinja"
    if not files or not (folder / "config.json").is_file():
        raise RecipeError(f"--model-dir {folder}: no model there: it must hold config.json and *.safetensors")
    if not template.is_file():
        raise RecipeError(f"{template}: no such file; likelihoods mean nothing in another template than training's")
    words = [folder / one for one in WORDS if (folder / one).is_file()]
    digests = [[file.name, _sha256(file, file.stat().st_mtime_ns)] for file in [*files, *words]]
    model_sha = fingerprint({"files": digests, "dtype": dtype})
    template_sha = _sha256(template, template.stat().st_mtime_ns)
    served = Served(name or folder.resolve().name, f"{model_sha[:32]}-{template_sha[:16]}")
    return LocalBackend(
        str(folder.resolve()), served, model_sha, template_sha, place, dtype, device, batch, merge_shares_of(folder)
    )


def merge_shares_of(folder: Path) -> str | None:
    """What `merge.json` says, which finetune writes beside merged weights: each model with its shares.

    RecipeError where the file is there and cannot be read.
    """
    file = folder / "merge.json"
    if not file.is_file():
        return None
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        base = said["base"]["name"]
        if "adapter" in said:
            return f"{base} + {said['adapter']['name']}: all of it"
        shares = [f"{one['name']}: {_shares(one['shares'])}" for one in said["tuned"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecipeError(f"{file}: not as `python -m finetune merge` writes it: {error!r}; remove it") from error
    return " + ".join([base, *shares])


def _shares(said: dict[str, Any]) -> str:
    """Shares of the groups that have one, such as llm 0.5, projector 0.5."""
    groups = [f"{name} {share:g}" for name, share in sorted(said.items()) if name != "layers" and share]
    layers = [f"layers {first}-{last} {share:g}" for first, last, share in said.get("layers", ())]
    return ", ".join([*groups, *layers]) or "nothing"


def _check_several(model: HfModel, served: Served) -> None:
    """Raise ModelError where several pictures are not taken as they should be; tried on some that differ plainly."""
    found: list[list[float]] = []
    for request in several_requests(served):
        together, apart = model.log_likelihoods(request, CANARY_ANSWERS), model.separate(request, CANARY_ANSWERS)
        far = max(abs(one - other) for one, other in zip(together, apart, strict=True))
        if far > MOST_APART:
            raise ModelError(
                f"{served.model}: with several pictures the likelihood of an answer in a row with others is {far:.3g} "
                f"off that of the answer alone, {MOST_APART:g} allowed; ask it without --shots"
            )
        found.append(together)
    if any(one == other for k, one in enumerate(found) for other in found[:k]):
        raise ModelError(f"{served.model} does not look at the picture that it is asked about when it is shown several")


@lru_cache(maxsize=1)
def _model(folder: str, dtype: str, device: str) -> HfModel:
    """The model of this process; a second one takes its place."""
    return HfModel(folder, dtype, device)


@lru_cache(maxsize=256)
def _sha256(file: Path, _modified: int) -> str:
    return sha256_of(file)
