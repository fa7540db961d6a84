"""Where things are: read once, from flags, else from RADIO_RAW, RADIO_IMAGES, RADIO_STORE and RADIO_SERVER."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.addresses import IMAGES, server_address, without_keys
from schemas.errors import RecipeError

if TYPE_CHECKING:
    from curation.engine.objects import AnyPath
    from curation.engine.store import Store


@dataclass(frozen=True)
class Settings:
    """The raw files that come in, the store that tables go to, and where models are served. Never part of a recipe."""

    raw: Path
    store: str
    servers: tuple[str, ...] = ()
    """Addresses such as http://127.0.0.1:8000/v1; none: replies come from the store alone."""


def settings(raw: str | None, store: str | None, servers: Sequence[str] = ()) -> Settings:
    """Flags first, then the environment. Raises RecipeError for a raw folder that is not there."""
    where = raw_if_any(raw)
    if where is None:
        raise RecipeError("where are the raw files? Give --raw FOLDER, or set RADIO_RAW (`curation demo` makes some)")
    return Settings(where, store_place(store), server_addresses(servers))


def raw_if_any(raw: str | None) -> Path | None:
    """The folder of raw files; None where neither the flag nor RADIO_RAW names one. Raises RecipeError for none."""
    where = _given("--raw", raw) or os.environ.get("RADIO_RAW")
    if where and not Path(where).is_dir():
        raise RecipeError(f"--raw {where}: no such folder; it must hold the mosaics and catalogues of the datasets")
    return Path(where).absolute() if where else None


def images_place(raw: Path) -> "AnyPath":
    """Where the images of surveys are: a folder or an object store that RADIO_IMAGES names, else the raw folder.

    Raises RecipeError for a folder that is not there; an object store is not asked yet.
    """
    return _images() or raw


def images_if_any(raw: str | None) -> "AnyPath | None":
    """The same; None where neither RADIO_IMAGES, nor the flag --raw, nor RADIO_RAW names a place."""
    return _images() or raw_if_any(raw)


def _images() -> "AnyPath | None":
    named = os.environ.get(IMAGES)
    if not named:
        return None
    from curation.engine.objects import open_images

    place = open_images(named)
    if isinstance(place, Path) and not place.is_dir():
        raise RecipeError(f"--images {place}: no such folder; it must hold the images of the surveys")
    return place


def store_place(store: str | None) -> str:
    """The store's place: the flag, RADIO_STORE, or `store` in the working directory. Keys in it are moved away."""
    return without_keys(_given("--store", store) or os.environ.get("RADIO_STORE") or "store")


def open_store(store: str | None) -> "Store":
    """A store that is there. Raises RecipeError for another: nothing can be found or named in it."""
    from curation.engine.store import Store

    place = Store(store_place(store))
    if not place.exists(""):
        raise RecipeError(f"--store {place.where}: no such folder; a build makes it")
    return place


def _given(option: str, value: str | None) -> str | None:
    """What an option says. Raises RecipeError for nothing but blanks: a variable in a script that was never set."""
    if value is not None and not value.strip():
        raise RecipeError(f"{option}: found {value!r}, expected a place; leave the option away for the usual one")
    return value


def server_addresses(servers: Sequence[str]) -> tuple[str, ...]:
    """Where models are served: the flags, else RADIO_SERVER, separated by commas; each once."""
    named = servers or os.environ.get("RADIO_SERVER", "").split(",")
    return tuple(dict.fromkeys(server_address(one.strip()).rstrip("/") for one in named if one.strip()))
