"""One exchange with an OpenAI-compatible server: what is sent, how much may come back, what an answer means.

httpx2 carries the request; deadline, size of the body, redirects and the reading of the reply are ours.
Nothing here tries twice.
"""

import asyncio
import base64
import json
import math
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import Any, Literal

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curation.asking.key import server_key, without_key
from curation.asking.request import Reply, Request
from schemas.errors import ModelError

MAX_BODY_BYTES = 2**20
MAX_RETRY_AFTER_S = 120.0
MAX_DETAIL = 300
MOST_TOKENS = 2**40  # of one answer; more is no count
MAX_UNREADABLE = 10_000  # characters kept of a body that is no reply
ERROR, SERVER_ERROR, SLOWER = 400, 500, (429, 503)
MAY_PASS = {408, 409, 425}  # of the 4xx; 429 and 503 mean "slower"
OF_THE_SERVER = {401, 403, 404, 405}  # no other request would fare better


@dataclass(frozen=True)
class Failure:
    """An attempt that failed in a way that may pass."""

    kind: Literal["busy", "broken", "gone", "timeout", "unreadable"]
    detail: str
    retry_after_s: float | None = None
    text: str = ""


_Call = Callable[[], Awaitable[httpx2.Response]]
_Problem = tuple[str, str, str]
"""A problem, its detail, and what was said."""


class _TooLongError(Exception):
    """The body is longer than a reply may be."""


class _PackedError(Exception):
    """The body is compressed, though it was asked not to be: its size could not be bounded."""


class _Capped(httpx2.AsyncByteStream):
    """A body that ends in `_TooLongError` once it is too long."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        n_bytes = 0
        async for chunk in self._stream:
            n_bytes += len(chunk)
            if n_bytes > MAX_BODY_BYTES:
                raise _TooLongError(f"over {MAX_BODY_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _CappedTransport(httpx2.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        error = _unbounded(response.headers)
        if error is not None:
            await response.aclose()
            raise error
        response.stream = _Capped(response.stream)
        return response


def _unbounded(headers: httpx2.Headers) -> Exception | None:
    length, encoding = headers.get("content-length", ""), headers.get("content-encoding", "identity")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        return _TooLongError(f"{length} bytes, over {MAX_BODY_BYTES}")
    return _PackedError(f"content-encoding {encoding!r:.40}") if encoding != "identity" else None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Message(_Part):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Part):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Part):
    prompt_tokens: int = Field(default=0, ge=0, le=MOST_TOKENS)
    completion_tokens: int = Field(default=0, ge=0, le=MOST_TOKENS)


class _Completion(_Part):
    model: str = ""
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class _Model(_Part):
    id: str


class _Models(_Part):
    data: list[_Model]


def body(request: Request) -> dict[str, Any]:
    """The request as chat completion: each picture once, as PNG data URL, before its text; the form a strict schema."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": request.system}] * bool(request.system)
    for one in request.examples:
        messages += [_asked(one.text, one.png), {"role": "assistant", "content": one.answer}]
    sampling = request.sampling
    sent: dict[str, Any] = {
        "model": request.served.model,
        "messages": [*messages, _asked(request.text, request.png)],
        "temperature": sampling.temperature, "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens, "seed": sampling.seed,
    }  # fmt: skip
    if request.form is not None:
        form = {"name": "reply", "schema": json.loads(request.form), "strict": True}
        sent["response_format"] = {"type": "json_schema", "json_schema": form}
    return sent


def _asked(text: str, png: bytes | None) -> dict[str, Any]:
    """A turn of the user."""
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    if png is not None:
        url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        content.insert(0, {"type": "image_url", "image_url": {"url": url}})
    return {"role": "user", "content": content}


class Exchange:
    """A server's address and the client that talks to it. Close it in the loop that used it."""

    def __init__(self, server: str, deadline_s: float, in_flight: int) -> None:
        self.server, self.deadline_s = server, deadline_s
        self._key = server_key()
        limits = httpx2.Limits(max_connections=in_flight + 4, max_keepalive_connections=in_flight + 4)
        # No redirects (the key would travel with them), no proxies from the environment: the server is ours.
        self._client = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}", "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(None, connect=10.0),  # reads: the deadline is over the whole call, not over each
            transport=_CappedTransport(limits=limits, verify=_tls(server)), follow_redirects=False, trust_env=False,
        )  # fmt: skip

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def models(self) -> list[str] | Failure:
        """The names that the server answers to. Raises ModelError where it is no server of models."""
        got = await self._call(partial(self._client.get, self._url("models")), min(self.deadline_s, 30.0))
        if isinstance(got, Failure):
            return got
        if not isinstance(got, bytes):
            raise ModelError(f"{self.server}/models: {got[1]}; is this the address of a model server, ending in /v1?")
        try:
            return [model.id for model in _Models.model_validate_json(got).data]
        except ValidationError:
            raise ModelError(
                f"{self.server}/models answers with no list of models ({_cut(got.decode(errors='replace'), 60)!r}); "
                "give the address of an OpenAI-compatible server, ending in /v1"
            ) from None

    async def ask(self, request: Request) -> Reply | Failure:
        """One attempt. Raises ModelError for what concerns every request: key, address, another model."""
        started = time.monotonic()
        got = await self._call(partial(self._post, request), self.deadline_s)
        if isinstance(got, Failure):
            return got
        seconds = round(time.monotonic() - started, 3)
        if not isinstance(got, bytes):
            problem, detail, text = got
            return Reply(request.key, text, problem, detail, seconds=seconds)
        return self._read(request, got, seconds)

    async def _post(self, request: Request) -> httpx2.Response:
        packed, head = json.dumps(body(request)).encode(), {"Content-Type": "application/json"}
        return await self._client.post(self._url("chat/completions"), content=packed, headers=head)

    def _url(self, path: str) -> str:
        return f"{self.server.rstrip('/')}/{path}"

    async def _call(
        self, call: Callable[[], Awaitable[httpx2.Response]], deadline_s: float
    ) -> bytes | Failure | _Problem:
        """The body of the answer; a failure that may pass; or a problem with its detail and what was said."""
        try:
            async with asyncio.timeout(deadline_s):
                got = await call()
            return without_key(got.content, self._key) if got.is_success else self._status(got)
        except TimeoutError:
            return Failure("timeout", f"no whole answer within {deadline_s:g} s")
        except _TooLongError as error:
            return "too-long-body", str(error), ""
        except _PackedError as error:
            return "unreadable-body", str(error), ""
        except httpx2.RequestError as error:
            return Failure("gone", self._told(f"{type(error).__name__}: {error}".rstrip(": ")))

    def _status(self, response: httpx2.Response) -> Failure | _Problem:
        status, said = response.status_code, self._told(response.text)
        detail = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        if status in SLOWER:
            return Failure("busy", detail, _retry_after_s(response.headers.get("retry-after")))
        if status >= SERVER_ERROR or status in MAY_PASS:
            return Failure("broken", detail, _retry_after_s(response.headers.get("retry-after")))
        if status < ERROR:
            to = self._told(response.headers.get("location", "elsewhere"))
            raise ModelError(
                f"{self.server} sends on to {to} (HTTP {status}), which is not followed; give that address"
            )
        if status in OF_THE_SERVER:
            raise ModelError(f"{self.server} refuses: {detail}; {_advice(status)}")
        return "refused-by-server", detail, ""

    def _read(self, request: Request, got: bytes, seconds: float) -> Reply | Failure:
        try:
            completion = _Completion.model_validate_json(got)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "body"
            text = got.decode(errors="replace")[:MAX_UNREADABLE]
            return Failure("unreadable", f"{where}: {_cut(first['msg'], 120)}", text=text)
        asked = request.served.model
        if completion.model and completion.model != asked:
            raise ModelError(
                f"{self.server} was asked for {asked!r}, and {_cut(completion.model, 80)!r} answered; name the model "
                "as the server does: what another one says must not be kept under its name"
            )
        choice, usage = completion.choices[0], completion.usage or _Usage()
        text = choice.message.content or choice.message.refusal or ""
        reason = choice.finish_reason
        if reason == "abort":  # how vLLM and SGLang say that they dropped it: no fault of what was asked
            return Failure("broken", "finish_reason is 'abort'", text=text[:MAX_UNREADABLE])
        if reason not in ("stop", "length", "content_filter"):
            return Failure("unreadable", f"finish_reason is {_cut(str(reason), 40)!r}", text=text[:MAX_UNREADABLE])
        problem = {"length": "truncated", "content_filter": "refused-by-server"}.get(reason)
        if problem is None and not text.strip():
            problem = "empty"
        return Reply(
            request.key, text, problem, f"finish_reason {reason}" if problem else "", reason,
            usage.prompt_tokens, usage.completion_tokens, seconds,
        )  # fmt: skip

    def _told(self, text: str) -> str:
        """What the server said, on one line, short, without the key."""
        return _cut(without_key(text.encode(errors="replace"), self._key).decode(), MAX_DETAIL)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def _tls(server: str) -> ssl.SSLContext | bool:
    """Reading the certificates takes longer than a request: once, and only where they are looked at."""
    return _trusted() if server.startswith("https://") else False


def _cut(text: str, n: int) -> str:
    line = " ".join(text[: 4 * n].split())
    return line if len(line) <= n else f"{line[:n]}…"


def _advice(status: int) -> str:
    if status in (401, 403):
        return "set RADIO_SERVER_KEY, or RADIO_SERVER_KEY_FILE, to its key"
    return "is the address right (it ends in /v1), and does the server know this model?"


def _retry_after_s(header: str | None) -> float | None:
    """Seconds or an HTTP date; None for anything else."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError, TypeError, IndexError):  # of a year beyond all calendars, or no date
            return None
    return min(max(0.0, seconds), MAX_RETRY_AFTER_S) if math.isfinite(seconds) else None
