"""Before anything is spent on a served model: is it the one, does it see the picture, does it obey the form?

A server may take pictures and never show them to the model, or take a JSON Schema and ignore it; the words that come
back then look well. So two plainly different pictures and an empty one are described, and the answers must differ.
Nothing of this is kept in the store.
"""

import asyncio
import io
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from itertools import combinations

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curation.asking.dispatch import Dispatch
from curation.asking.exchange import Exchange
from curation.asking.request import Reply, Request, Sampling, Served
from curation.asking.vlm import Asker
from schemas.errors import ModelError
from schemas.fingerprint import canonical_json

SIDE_PX = 224
PATIENCE_S = 20.0  # nobody has waited for anything yet: better one line soon
READ = "A map shows two bright points, one above the other. Say in a few words what it shows. Answer as JSON."
TEXT = "Describe what this picture shows: which shapes, where in the picture, how bright. Answer as JSON."


class Look(BaseModel):
    """The form of the answer."""

    model_config = ConfigDict(strict=True, extra="forbid")

    description: str = Field(min_length=1, max_length=120)


FORM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["description"],
    "properties": {"description": {"type": "string", "minLength": 1, "maxLength": 120}},
}


def check(asker: Asker, served: Served, *, sees: bool = True) -> None:
    """Ask each server three questions; of a model that `sees` no picture one, in words.

    Raises ModelError, saying which of them it fails, and how.
    """
    if not asker.servers:
        raise ModelError(f"no server of {served.model} is named: give --server http://HOST/v1, or set RADIO_SERVER")
    asyncio.run(_check(replace(asker, patience_s=min(asker.patience_s, PATIENCE_S)), served, sees))


def pictures() -> dict[str, bytes]:
    """Pictures that no one who sees can mistake for each other, as PNG."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    disc = np.where((x - SIDE_PX / 4) ** 2 + (y - SIDE_PX / 4) ** 2 < (SIDE_PX / 6) ** 2, 255, 0)
    stripes = np.where((y // (SIDE_PX // 14)) % 2 == 1, 235, 90)
    return {name: _png(image) for name, image in {"disc": disc, "stripes": stripes, "blank": np.zeros_like(x)}.items()}


async def _check(asker: Asker, served: Served, sees: bool) -> None:
    exchanges = [Exchange(server, asker.deadline_s, asker.in_flight) for server in dict.fromkeys(asker.servers)]
    try:
        for exchange in await asker.serving(served, exchanges):
            await _check_server(asker, served, exchange, pictures() if sees else {"described": None})
    finally:
        for exchange in exchanges:
            await exchange.close()


async def _check_server(
    asker: Asker, served: Served, exchange: Exchange, shown: Mapping[str, bytes | None]
) -> None:  # fmt: skip
    sampling = Sampling(temperature=0.0, max_tokens=400)
    asked = {
        name: Request(served, "", READ if png is None else TEXT, png, canonical_json(FORM), sampling)
        for name, png in shown.items()
    }
    names = {request.key: name for name, request in asked.items()}
    said: dict[str, str] = {}
    async with aclosing(Dispatch([exchange], list(asked.values()), asker.limits).replies()) as replies:
        async for reply in replies:
            said[names[reply.key]] = _description(reply, f"{exchange.server}: {served.model}", names[reply.key])
    for this, that in combinations(said, 2):
        if said[this] == said[that]:
            raise ModelError(
                f"{exchange.server}: {served.model} does not see its picture: of a {this} picture and of a {that} one "
                f"it says the same, {said[this][:80]!r}; is it served with its vision part, and is a picture allowed?"
            )


def _description(reply: Reply, who: str, name: str) -> str:
    if reply.problem:
        raise ModelError(f"{who} cannot answer about a {name} picture: {reply.problem}, {reply.detail}")
    try:
        return Look.model_validate(json.loads(reply.text)).description.strip()
    except (ValueError, ValidationError, RecursionError):
        raise ModelError(
            f"{who} does not obey the form of the reply: it says {' '.join(reply.text.split())[:80]!r} where JSON with "
            "a text `description` was due; does the server support structured output (response_format json_schema)?"
        ) from None


def _png(image: np.ndarray) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(image.astype(np.uint8)).convert("RGB").save(sink, "PNG")
    return sink.getvalue()
