"""The page of `review`: what its script asks for, out of a room (decision 28)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from curation.pages.served import Page, Served, json_of, object_in, place_in_list, until_stopped
from curation.reviewing.room import Room


def page_of(room: Room) -> Page:
    """The page of a reviewer at a desk."""

    async def queue(request: web.Request) -> web.StreamResponse:
        start = place_in_list(request.query)
        return json_of(await asyncio.to_thread(room.queue, request.query.get("view", "all"), start))

    async def sample(request: web.Request) -> web.StreamResponse:
        return json_of(await asyncio.to_thread(room.sample, request.match_info["id"]))

    async def pixels(request: web.Request) -> web.StreamResponse:
        body = await asyncio.to_thread(room.pixels, request.match_info["id"])
        return web.Response(body=body, content_type="application/octet-stream")

    async def picture(request: web.Request) -> web.StreamResponse:
        body = await asyncio.to_thread(room.picture, request.match_info["id"])
        return web.Response(body=body, content_type="image/png")

    async def sky(request: web.Request) -> web.StreamResponse:
        named = request.match_info["id"], request.match_info["survey"]
        return web.Response(body=await asyncio.to_thread(room.sky, *named), content_type="image/png")

    async def decide(request: web.Request) -> web.StreamResponse:
        return json_of(await asyncio.to_thread(room.decide, await object_in(request)))

    routes = (
        web.get("/api/queue", queue),
        web.get("/api/sample/{id}", sample),
        web.get("/api/pixels/{id}", pixels),
        web.get("/api/picture/{id}", picture),
        web.get("/api/sky/{id}/{survey}", sky),
        web.post("/api/decide", decide),
    )
    return Page("review", Path(__file__).parent, routes)


def serve(room: Room, port: int, *, say: Callable[[str], None]) -> None:
    """Serve until ctrl-C or SIGTERM. Raises RecipeError where the port is taken."""
    asyncio.run(_serve(room, port, say))


async def _serve(room: Room, port: int, say: Callable[[str], None]) -> None:
    async with Served(page_of(room), port) as address:
        say(f"{room.reviewer} reviews {room.desk.corpus.name}, {len(room.desk.queue):,} conversations: {address}")
        say("whoever has this address decides as you; ctrl-C ends it, and all that was decided is kept")
        await until_stopped()
