"""What builds of a corpus took: the ledger `builds/<corpus>.json` of the store, for `plan`, `status` and metrics.

It is in no recipe, and no table is made by it. A build that cannot write it is done all the same, and where it is
missing or damaged nothing is known of earlier builds. It holds one entry for each step, so it does not grow.
"""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from curation.engine.store import Store
from schemas.errors import DamageError, GoneError, StoreError
from schemas.manifest import Manifest
from schemas.whole import sealed, unsealed

FOLDER = "builds"
_CONFIG = ConfigDict(frozen=True, extra="ignore")


class Took(BaseModel):
    """What the newest build that made a step's table took for it."""

    model_config = _CONFIG

    address: str
    n_in: int
    task_s: float
    """Seconds of its tasks, one after another: how long one worker would have been at it."""


class Ended(BaseModel):
    """The newest build that ended well, whether it had anything to make or not."""

    model_config = _CONFIG

    at: str
    """UTC, as ISO 8601."""
    wall_s: float
    n_made: int
    """Tables made."""
    handover: str

    @property
    def timestamp_s(self) -> float:
        """`at`, in seconds since 1970."""
        return datetime.fromisoformat(self.at).timestamp()


class History(BaseModel):
    """What is known of earlier builds of a corpus."""

    model_config = _CONFIG

    last: Ended | None = None
    tables: dict[str, Took] = {}
    """By the names of steps."""


def history(store: Store, corpus: str) -> History:
    """What the ledger says; nothing where there is none, or a damaged one."""
    where = _file(corpus)
    try:
        return History.model_validate(unsealed(store.read_bytes(where), store.path(where)))
    except (GoneError, DamageError, ValidationError):
        return History()


def took(manifest: Manifest, task_s: float) -> tuple[str, Took]:
    """A table that was just made, by the name of its step."""
    name = manifest.address.rpartition("/")[0]
    return name, Took(address=manifest.address, n_in=manifest.n_in, task_s=round(task_s, 3))


def keep(store: Store, corpus: str, made: dict[str, Took], *, wall_s: float, handover: str) -> str | None:
    """Write a build that ended well into the ledger; gives what the store says where that cannot be done."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    last = Ended(at=at, wall_s=round(wall_s, 3), n_made=len(made), handover=handover)
    try:
        known = history(store, corpus).tables
        told = History(last=last, tables={**known, **made})
        store.publish(_file(corpus), sealed(told.model_dump(mode="json")))
    except StoreError as error:
        return str(error)
    return None


def _file(corpus: str) -> str:
    return f"{FOLDER}/{corpus}.json"
