"""The page of `assistant`: what its script asks for, out of a room."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from curation.asking.exchange import Exchange, Failure
from curation.asking.request import Served as ServedModel
from curation.assisting.room import Model, Room
from curation.assisting.saved import annotations, conversation
from curation.assisting.upload import MOST_BYTES
from curation.pages.served import Page, Served, json_of, object_in, until_stopped
from schemas.errors import ModelError, RecipeError

DEADLINE_S, AT_ONCE = 300.0, 4
ROOM_FOR_FORM = 4096
"""Bytes of a request beside the file that it brings."""


def page_of(room: Room) -> Page:
    """The page of a person with a model."""
    return Page("assistant", Path(__file__).parent, _Asked(room).routes, MOST_BYTES + ROOM_FOR_FORM)


class _Asked:
    """What a page's script asks of a room."""

    def __init__(self, room: Room) -> None:
        self.room = room

    @property
    def routes(self) -> tuple[web.RouteDef, ...]:
        of_talk = "/api/talk/{id}"
        return (
            web.get("/api/start", self.start),
            web.get(of_talk, self.talk),
            web.get(f"{of_talk}/picture.png", self.picture),
            web.get(f"{of_talk}/conversation.json", self.conversation),
            web.get(f"{of_talk}/annotations.json", self.annotations),
            web.post("/api/upload", self.upload),
            web.post("/api/look", self.look),
            web.post(f"{of_talk}/annotations", self.annotate),
            web.post(f"{of_talk}/known", self.known),
            web.post(f"{of_talk}/ask", self.ask),
            web.post(f"{of_talk}/back", self.back),
        )

    async def start(self, _request: web.Request) -> web.Response:
        return json_of(await asyncio.to_thread(lambda: self.room.told))

    async def talk(self, request: web.Request) -> web.Response:
        return json_of(await asyncio.to_thread(lambda: self.room.talk(_named(request)).told))

    async def upload(self, request: web.Request) -> web.Response:
        body = await request.read()
        return json_of(await asyncio.to_thread(self.room.upload, body, request.query.get("name", "")))

    async def look(self, request: web.Request) -> web.Response:
        return json_of(await asyncio.to_thread(self.room.look, await object_in(request)))

    async def annotate(self, request: web.Request) -> web.Response:
        return json_of(await asyncio.to_thread(self.room.annotate, _named(request), await request.read()))

    async def known(self, request: web.Request) -> web.Response:
        name = (await object_in(request)).get("name")
        return json_of(await asyncio.to_thread(self.room.hold_against, _named(request), name))

    async def ask(self, request: web.Request) -> web.Response:
        return json_of(await self.room.ask(_named(request), await object_in(request)))

    async def back(self, request: web.Request) -> web.Response:
        is_all = (await object_in(request)).get("is_all") is True
        return json_of(await self.room.take_back(_named(request), is_all=is_all))

    async def picture(self, request: web.Request) -> web.Response:
        sight = self.room.talk(_named(request)).sight
        return _file(sight.png, "image/png", f"{sight.sha256}.png")

    async def conversation(self, request: web.Request) -> web.Response:
        body = await asyncio.to_thread(conversation, self.room.talk(_named(request)))
        return _file(body.encode(), "application/json", "conversation.json")

    async def annotations(self, request: web.Request) -> web.Response:
        body = await asyncio.to_thread(annotations, self.room.talk(_named(request)))
        return _file(body.encode(), "application/json", "annotations.json")


@dataclass(frozen=True)
class Wanted:
    """Where a model is served, and its name; None: the only one there."""

    server: str
    model: str | None = None


def serve(wanted: Wanted, room_with: Callable[[Model], Room], port: int, *, say: Callable[[str], None]) -> None:
    """Serve until ctrl-C or SIGTERM. Raises ModelError where no such model is served, RecipeError for a taken port."""
    asyncio.run(_serve(wanted, room_with, port, say))


async def _serve(wanted: Wanted, room_with: Callable[[Model], Room], port: int, say: Callable[[str], None]) -> None:
    exchange = Exchange(wanted.server, DEADLINE_S, AT_ONCE)
    try:
        room = room_with(Model(exchange, ServedModel(await served_name(exchange, wanted.model))))
        async with Served(page_of(room), port) as address:
            say(f"{room.model.served.model}, asked about pictures as in {room.corpus.name}: {address}")
            say("whoever has this address asks the model; ctrl-C ends it, and what was not saved is gone")
            await until_stopped()
    finally:
        await exchange.close()


async def served_name(exchange: Exchange, wanted: str | None) -> str:
    """The model to ask: the one that is wanted, or the only one. Raises ModelError where it is not served."""
    names = await exchange.models()
    if isinstance(names, Failure):
        raise ModelError(f"{exchange.server}: {names.detail}; start the server first (`curation serve`)")
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted not in names or wanted is None:
        asked = f"no model {wanted!r}" if wanted else f"{len(names)} models are served"
        raise RecipeError(f"{exchange.server}: {asked}; --model must name one of {', '.join(names)}")
    return wanted


def _named(request: web.Request) -> str:
    return request.match_info["id"]


def _file(body: bytes, kind: str, name: str) -> web.Response:
    return web.Response(body=body, content_type=kind, headers={"Content-Disposition": f'inline; filename="{name}"'})
