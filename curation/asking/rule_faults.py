"""The ways in which a served model fails, one function each: what a rule server sends in the place of its answer."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiohttp import web

from schemas.fingerprint import fraction

DRIP_S = 0.25
FLAKY_SHARE = 0.4
HUGE_BYTES = 64 * 2**20
OTHER_LANGUAGE = "L'immagine mostra una galassia radio estesa, e non si vede nessuna sorgente compatta nel campo."
REFUSAL = "I'm sorry, but I can't help with that image."


@dataclass(frozen=True)
class Turn:
    """A request, and the answer that it would have got."""

    request: web.Request
    body: dict[str, Any]
    png: bytes | None
    words: str
    model: str
    n_call: int
    """1-based."""
    poison: str = ""


Fault = Callable[[Turn], Awaitable[web.StreamResponse]]
FAULTS: dict[str, Fault] = {}


def finished(turn: Turn, words: str | None, reason: str = "stop", **message: object) -> web.Response:
    """A whole chat completion with these words; cut, where they are more than may be."""
    n_prompt = len(json.dumps(turn.body.get("messages", []))) // 4 if turn.png is None else 256 + len(turn.words) // 4
    n_words = len(words or "") // 4 + 1
    most = turn.body.get("max_tokens") or n_words
    if words and n_words > most and reason == "stop":
        words, reason, n_words = words[: 4 * most], "length", most
    content = {"role": "assistant", "content": words, **message}
    return web.json_response(
        {
            "id": f"chatcmpl-{turn.n_call}", "object": "chat.completion", "created": 0, "model": turn.model,
            "choices": [{"index": 0, "message": content, "finish_reason": reason, "logprobs": None}],
            "usage": {"prompt_tokens": n_prompt, "completion_tokens": n_words, "total_tokens": n_prompt + n_words},
        }
    )  # fmt: skip


def failed(status: int, message: str, **headers: str) -> web.Response:
    """An error as such servers tell it."""
    return web.json_response({"error": {"message": message, "code": status}}, status=status, headers=headers)


def _mode(name: str) -> Callable[[Fault], Fault]:
    def enter(fault: Fault) -> Fault:
        FAULTS[name] = fault
        return fault

    return enter


def _answers(name: str, make: Callable[[Turn], web.StreamResponse]) -> None:
    """A mode that needs no waiting."""

    async def fault(turn: Turn) -> web.StreamResponse:
        return make(turn)

    FAULTS[name] = fault


_answers("500", lambda turn: failed(500, "internal error"))
_answers("503", lambda turn: failed(503, "no capacity"))
_answers("429", lambda turn: failed(429, "too many requests", **{"Retry-After": "0.2"}))
_answers("400", lambda turn: failed(400, "this model's maximum context length is 1024 tokens"))
_answers("cut", lambda turn: finished(turn, turn.words[: max(1, 2 * len(turn.words) // 3)], "length"))
_answers("cut-valid", lambda turn: finished(turn, turn.words, "length"))
_answers("empty", lambda turn: finished(turn, ""))
_answers("null", lambda turn: finished(turn, None))
_answers("whitespace", lambda turn: finished(turn, "{" + "\n \t" * 3000, "length"))
_answers("refusal", lambda turn: finished(turn, REFUSAL))
_answers("no-json", lambda turn: finished(turn, "Certainly! Here are some questions: what is this? A galaxy."))
_answers(
    "html", lambda turn: web.Response(text="<html><body>Welcome to nginx!</body></html>", content_type="text/html")
)
_answers("broken-body", lambda turn: web.Response(text='{"id": "chatcmpl-1", "choi', content_type="application/json"))
_answers("abort", lambda turn: finished(turn, turn.words, "abort"))
_answers("wrong-language", lambda turn: finished(turn, _in_words(turn, OTHER_LANGUAGE)))
_answers("redirect", lambda turn: web.Response(status=307, headers={"Location": "http://127.0.0.1:9/v1/elsewhere"}))


@_mode("flaky")
async def _flaky(turn: Turn) -> web.StreamResponse:
    is_bad = fraction(f"{turn.n_call}") < FLAKY_SHARE
    return failed(500, "flaky") if is_bad else finished(turn, turn.words)


@_mode("no-choices")
async def _no_choices(turn: Turn) -> web.StreamResponse:
    return web.json_response({"id": "chatcmpl-1", "object": "chat.completion", "model": turn.model, "choices": []})


@_mode("wrong-envelope")
async def _wrong_envelope(turn: Turn) -> web.StreamResponse:
    return web.json_response({"model": turn.model, "choices": [{"message": {"content": 7}, "finish_reason": "stop"}]})


@_mode("wrong-types")
async def _wrong_types(turn: Turn) -> web.StreamResponse:
    return finished(turn, json.dumps({name: 7 for name in _fields(turn)}))


@_mode("extra-keys")
async def _extra_keys(turn: Turn) -> web.StreamResponse:
    return finished(turn, json.dumps({**json.loads(turn.words), "remark": "as you wished"}))


@_mode("huge")
async def _huge(turn: Turn) -> web.StreamResponse:
    """Too much, and no word of how much."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(turn.request)
    for _ in range(HUGE_BYTES // 2**16):
        await response.write(b" " * 2**16)
    return response


@_mode("huge-told")
async def _huge_told(turn: Turn) -> web.StreamResponse:
    """Too much, and it says so before."""
    return web.Response(body=b" " * (4 * 2**20), content_type="application/json")


@_mode("packed")
async def _packed(turn: Turn) -> web.StreamResponse:
    """A small body that unpacks to a large one."""
    return web.Response(body=_bomb(), headers={"Content-Encoding": "gzip"}, content_type="application/json")


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    return gzip.compress(b" " * HUGE_BYTES, compresslevel=1)


@_mode("drip")
async def _drip(turn: Turn) -> web.StreamResponse:
    """One byte at a time: no single read ever waits long."""
    whole = finished(turn, turn.words)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(turn.request)
    for byte in whole.body if isinstance(whole.body, bytes) else b" " * 1000:
        await response.write(bytes([byte]))
        await asyncio.sleep(DRIP_S)
    return response


@_mode("hang")
async def _hang(turn: Turn) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return failed(500, "woke up")


@_mode("reset")
async def _reset(turn: Turn) -> web.StreamResponse:
    """The connection ends in the middle."""
    if turn.request.transport is not None:
        turn.request.transport.abort()
    return web.Response()


@_mode("poison")
async def _poison(turn: Turn) -> web.StreamResponse:
    return failed(500, "the engine died on this picture") if _is_poison(turn) else finished(turn, turn.words)


@_mode("killer")
async def _killer(turn: Turn) -> web.StreamResponse:
    """As poison, but it takes the connection with it."""
    return await _reset(turn) if _is_poison(turn) else finished(turn, turn.words)


@_mode("blind")
async def _blind(turn: Turn) -> web.StreamResponse:
    return finished(turn, turn.words)  # whose words were made without the picture


@_mode("wrong-model")
async def _wrong_model(turn: Turn) -> web.StreamResponse:
    answered = finished(turn, turn.words)
    answered.text = (answered.text or "").replace(f'"model": "{turn.model}"', '"model": "another-model"')
    return answered


def _is_poison(turn: Turn) -> bool:
    sha = hashlib.sha256(turn.png).hexdigest() if turn.png is not None else "-"
    return sha.startswith(turn.poison) if turn.poison else sha[0] in "01"


def _fields(turn: Turn) -> list[str]:
    form = turn.body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    return list(form.get("properties", {})) or ["text"]


def _in_words(turn: Turn, words: str) -> str:
    """The answer with every text in it replaced."""

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: replaced(one) for name, one in value.items()}
        if isinstance(value, list):
            return [replaced(one) for one in value]
        return words if isinstance(value, str) else value

    try:
        return json.dumps(replaced(json.loads(turn.words)))
    except ValueError:
        return words
