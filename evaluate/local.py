"""A Hugging Face model in this process: greedy replies, and the exact likelihood of every allowed answer.

All answers to a question stand in one row behind the prompt (`choices`), so the picture goes through the model once.
"""

import hashlib
import importlib
import io
import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from curation.asking.replies import Replies, replies
from curation.asking.request import Reply, Request, Served
from evaluate.backends import BackendInfo
from evaluate.choices import choice_row, log_likelihoods, may_see
from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint

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

    def describe(self) -> BackendInfo:
        """The digest of its weights is its revision."""
        name = self.served.model
        return BackendInfo(
            "local", f"transformers-{self.dtype}", name, self.model_sha, self.template_sha, can_score=True
        )

    def check(self, *, is_constrained: bool) -> None:
        """It must load; a choice cannot be forced on it, for its likelihoods say more."""
        if is_constrained:
            raise RecipeError(
                "--constrained is for servers; of a model in this process take --choices, its likelihoods"
            )
        _model(self.folder, self.dtype, self.device)

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
        groups: dict[tuple[int, int], list[tuple[str, dict[str, Any]]]] = {}
        for key, request in asked.items():
            given = model.given(request)
            groups.setdefault((given["input_ids"].shape[1], request.sampling.max_tokens), []).append((key, given))
        found: list[Reply] = []
        for (_, n_new), group in groups.items():
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
    return LocalBackend(str(folder.resolve()), served, model_sha, template_sha, place, dtype, device, batch)


class _Model:
    """A loaded model with its processor."""

    def __init__(self, folder: str, dtype: str, device: str) -> None:
        import torch

        _make_torchvision_ready(torch)
        from transformers import AutoModelForImageTextToText, AutoProcessor

        self.torch, self.device = torch, device
        try:
            self.processor: Any = AutoProcessor.from_pretrained(folder)
            model: Any = AutoModelForImageTextToText.from_pretrained(
                folder, dtype=getattr(torch, dtype), attn_implementation="sdpa"
            )
        except (OSError, ValueError, ImportError) as error:
            raise RecipeError(f"model {folder}: cannot be loaded: {error}") from error
        self.model = model.to(device).eval()
        self.template = (Path(folder) / "chat_template.jinja").read_text(encoding="utf-8")
        stop = self.model.generation_config.eos_token_id
        self.stops = set(stop if isinstance(stop, list) else [stop])
        self.pad = self.model.generation_config.pad_token_id

    def given(self, request: Request, answer: str | None = None) -> dict[str, Any]:
        """What goes into the model: the whole conversation as one text, tokenised at once; with an answer, with it."""
        parts = [{"type": "text", "text": request.text}]
        images = None
        if request.png is not None:
            parts.insert(0, {"type": "image"})
            with Image.open(io.BytesIO(request.png)) as image:
                images = [image.convert("RGB")]
        turns: list[dict[str, Any]] = [{"role": "user", "content": parts}]
        if request.system:
            turns.insert(0, {"role": "system", "content": request.system})
        if answer is not None:
            turns.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
        text = self.processor.apply_chat_template(
            turns, chat_template=self.template, add_generation_prompt=answer is None, tokenize=False
        )
        return dict(self.processor(text=[text], images=images, return_tensors="pt"))

    def replies(self, group: Sequence[tuple[str, dict[str, Any]]], n_new: int) -> list[Reply]:
        """Greedy replies to prompts of one length."""
        torch, started = self.torch, time.monotonic()
        given = {name: torch.cat([one[name] for _, one in group]) for name in group[0][1]}
        n_in = given["input_ids"].shape[1]
        with torch.inference_mode():
            out = self.model.generate(
                **self._here(given), max_new_tokens=n_new, do_sample=False, pad_token_id=self.pad
            )  # fmt: skip
        seconds = (time.monotonic() - started) / len(group)
        return [self._reply(key, ids[n_in:].tolist(), n_in, seconds) for (key, _), ids in zip(group, out, strict=True)]

    def log_likelihoods(self, request: Request, answers: Sequence[str]) -> list[float]:
        """Ln p of each answer, from one forward over one row."""
        torch, given = self.torch, self._here(self.given(request))
        prompt = given.pop("input_ids")[0].tolist()
        given.pop("attention_mask", None)
        row = choice_row(prompt, self.branches(request, prompt, answers))
        ids, positions, predicted_at, seen = (
            torch.from_numpy(one).to(self.device) for one in (row.ids, row.positions, row.predicted_at, may_see(row))
        )
        with torch.inference_mode():
            logits = self.model(
                input_ids=ids[None], position_ids=positions[None], attention_mask=seen[None, None],
                logits_to_keep=predicted_at, use_cache=False, **given,
            ).logits[0]  # fmt: skip
        return log_likelihoods(logits.float().cpu().numpy(), row).tolist()

    def branches(self, request: Request, prompt: Sequence[int], answers: Sequence[str]) -> list[list[int]]:
        """Token ids of each answer with its stop token, cut from conversations that were tokenised whole."""
        found: list[list[int]] = []
        for answer in answers:
            whole = self.given(request, answer)["input_ids"][0].tolist()
            said = whole[len(prompt) :]
            stop = next((at for at, token in enumerate(said) if token in self.stops), None)
            if whole[: len(prompt)] != list(prompt) or stop is None:
                raise RecipeError(
                    f"the answer {answer!r} cannot be told from its question in tokens: the chat template joins them, "
                    "or ends the answer with no stop token"
                )
            found.append(said[: stop + 1])
        return found

    def _here(self, given: dict[str, Any]) -> dict[str, Any]:
        floats = {name: one.to(self.model.dtype) for name, one in given.items() if one.is_floating_point()}
        return {name: floats.get(name, one).to(self.device) for name, one in given.items()}

    def _reply(self, key: str, ids: list[int], n_in: int, seconds: float) -> Reply:
        n_out = next((at + 1 for at, token in enumerate(ids) if token in self.stops), len(ids))
        is_whole = bool(n_out) and ids[n_out - 1] in self.stops
        text = self.processor.tokenizer.decode(ids[:n_out], skip_special_tokens=True)
        problem = ("empty" if not text.strip() else None) if is_whole else "truncated"
        reason = "stop" if is_whole else "length"
        return Reply(key, text, problem, "", reason, n_in, n_out, round(seconds, 3))


def _make_torchvision_ready(torch: Any) -> None:
    """PyPI's torchvision beside a torch for the CPU must be helped before its first import; see the module below."""
    if "torchvision" in sys.modules or hasattr(torch.ops.torchvision, "nms"):
        return
    importlib.import_module("curation.asking.torchvision_cpu")  # declares what is missing at the import that follows
    with suppress(ImportError):
        importlib.import_module("torchvision")


@lru_cache(maxsize=1)
def _model(folder: str, dtype: str, device: str) -> _Model:
    """The model of this process; a second one takes its place."""
    return _Model(folder, dtype, device)


@lru_cache(maxsize=256)
def _sha256(file: Path, _modified: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
