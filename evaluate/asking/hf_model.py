"""A loaded Hugging Face model with its processor: what goes in, what it says, how likely it takes an answer."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import schemas.torchvision_cpu  # noqa: F401  before transformers
from curation.asking.request import Reply, Request
from evaluate.asking.choices import ChoiceRow, choice_row, log_likelihoods, may_see
from schemas.errors import RecipeError
from schemas.pictures import opened_rgb


class HfModel:
    """A loaded model with its processor."""

    def __init__(self, folder: str, dtype: str, device: str) -> None:
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor
        from transformers.utils import logging

        logging.disable_progress_bar()
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
        turns: list[dict[str, Any]] = []
        if request.system:
            turns.append({"role": "system", "content": request.system})
        for one in request.examples:
            turns += [_turn("user", one.text, one.png), _turn("assistant", one.answer)]
        turns.append(_turn("user", request.text, request.png))
        if answer is not None:
            turns.append(_turn("assistant", answer))
        pngs = [*(one.png for one in request.examples), *([request.png] if request.png is not None else [])]
        # A list of their own: pictures of one conversation, which the model encodes otherwise than each alone.
        images = [[opened_rgb(png, "a picture of a benchmark") for png in pngs]] if pngs else None
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
        ids, predicted_at, seen = (
            torch.from_numpy(one).to(self.device) for one in (row.ids, row.predicted_at, may_see(row))
        )
        with torch.inference_mode():
            logits = self.model(
                input_ids=ids[None], position_ids=self.positions(row, given), attention_mask=seen[None, None],
                logits_to_keep=predicted_at, use_cache=False, **given,
            ).logits[0]  # fmt: skip
        return log_likelihoods(logits.float().cpu().numpy(), row).tolist()

    def positions(self, row: ChoiceRow, given: dict[str, Any]) -> Any:
        """Where the row's tokens stand: [1, n], or [3, 1, n] for a model that counts time, height and width."""
        torch = self.torch
        counted = torch.from_numpy(row.positions).to(self.device)
        if not hasattr(self.model.model, "get_rope_index"):
            return counted[None]
        n = int((row.branches == 0).sum())
        prompt = torch.from_numpy(row.ids[:n]).to(self.device)[None]
        types = given.pop("mm_token_type_ids")  # of the prompt alone
        places, _ = self.model.model.get_rope_index(prompt, types, image_grid_thw=given.get("image_grid_thw"))
        after = counted[n:] - n + places.max() + 1
        return torch.cat([places, after.expand(3, 1, -1)], dim=-1)

    def separate(self, request: Request, answers: Sequence[str]) -> list[float]:
        """The same from a forward for each answer, alone in its row: what `log_likelihoods` is held against."""
        prompt = self.given(request)["input_ids"][0].tolist()
        found: list[float] = []
        for answer, ids in zip(answers, self.branches(request, prompt, answers), strict=True):
            given = self._here(self.given(request, answer))
            with self.torch.inference_mode():
                logits = self.model(**given, use_cache=False).logits[0].float().log_softmax(-1)
            at = range(len(prompt) - 1, len(prompt) - 1 + len(ids))
            found.append(sum(float(logits[place, token]) for place, token in zip(at, ids, strict=True)))
        return found

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


def _turn(role: str, text: str, png: bytes | None = None) -> dict[str, Any]:
    """A turn as chat templates take it; its picture stands before its words."""
    image = [{"type": "image"}] if png is not None else []
    return {"role": role, "content": [*image, {"type": "text", "text": text}]}
