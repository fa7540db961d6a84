"""The page of `browse`: what its script asks for, out of a room."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from curation.browsing.room import Room
from curation.pages.served import Page, Served, json_of, until_stopped


def page_of(room: Room) -> Page:
    """The page of a person at a shelf."""

    async def start(_request: web.Request) -> web.StreamResponse:
        return json_of(await asyncio.to_thread(lambda: room.told))

    async def samples(request: web.Request) -> web.StreamResponse:
        return json_of(await asyncio.to_thread(room.samples, dict(request.query)))

    async def sample(request: web.Request) -> web.StreamResponse:
        return json_of(await asyncio.to_thread(room.sample, request.match_info["id"]))

    async def difference(request: web.Request) -> web.StreamResponse:
        return json_of(await asyncio.to_thread(room.difference, dict(request.query)))

    async def picture(request: web.Request) -> web.StreamResponse:
        named = request.match_info["number"], request.match_info["sha"]
        return web.Response(body=await asyncio.to_thread(room.picture, *named), content_type="image/png")

    routes = (
        web.get("/api/start", start),
        web.get("/api/samples", samples),
        web.get("/api/sample/{id}", sample),
        web.get("/api/difference", difference),
        web.get("/api/picture/{number}/{sha}", picture),
    )
    return Page("browse", Path(__file__).parent, routes)


def serve(room: Room, port: int, *, say: Callable[[str], None]) -> None:
    """Serve until ctrl-C or SIGTERM. Raises RecipeError where the port is taken."""
    asyncio.run(_serve(room, port, say))


async def _serve(room: Room, port: int, say: Callable[[str], None]) -> None:
    async with Served(page_of(room), port) as address:
        told = await asyncio.to_thread(lambda: room.told)
        say(f"{told['address']}, {told['facets']['n']:,} samples: {address}")
        say("it shows and changes nothing; ctrl-C ends it")
        await until_stopped()
