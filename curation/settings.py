"""Where things are: read once, from flags, else from RADIO_RAW and RADIO_STORE."""

import os
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import RecipeError


@dataclass(frozen=True)
class Settings:
    """The raw files that come in, and the store that tables go to. Never part of a recipe."""

    raw: Path
    store: str


def settings(raw: str | None, store: str | None) -> Settings:
    """Flags first, then the environment. Raises RecipeError for a raw folder that is not there."""
    where = raw or os.environ.get("RADIO_RAW")
    if not where:
        raise RecipeError("where are the raw files? Give --raw FOLDER, or set RADIO_RAW (`curation demo` makes some)")
    if not Path(where).is_dir():
        raise RecipeError(f"--raw {where}: no such folder; it must hold the mosaics and catalogues of the datasets")
    return Settings(Path(where).absolute(), store_place(store))


def store_place(store: str | None) -> str:
    """The store's place: the flag, RADIO_STORE, or `store` in the working directory."""
    return store or os.environ.get("RADIO_STORE") or "store"
