"""What of a store nothing reaches any more, and taking it away.

Reached is what a tag, a kept hand-over or the graph of a named corpus is, or is made of; what a table is made of that
no corpus makes, such as the scores of a model; what a living builder holds; and what is younger than a grace period. A
table of which a process of this machine has a file open stays. What models replied is never taken away.
"""

import posixpath
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow.fs as pafs

from curation.corpus import KINDS, Graph
from curation.decisions.rows import FOLDER as REVIEW
from curation.engine.marks import BUILDING, Builder, holder, told
from curation.engine.store import REJECTED_FOLDER, Store
from curation.truth.withdrawn import FOLDER as WITHDRAWN
from schemas.errors import DamageError, RecipeError, StoreError
from schemas.whole import MANIFEST, only_one, read_manifest

HANDOVERS = "llava"
NO_TABLES = (HANDOVERS, "reports", "tags", "replies", "builds", REVIEW, WITHDRAWN)
"""Folders of a store that hold no tables."""
DAY_S = 86_400.0


@dataclass(frozen=True)
class Stored:
    """A table of the store, finished or not, or a hand-over: what it takes, and since when it is as it is."""

    address: str
    n_files: int
    n_bytes: int
    changed_s: float
    """When its newest file was written, seconds since 1970."""
    is_done: bool

    @property
    def is_handover(self) -> bool:
        """Whether it is a hand-over, whose report goes with it."""
        return self.address.startswith(f"{HANDOVERS}/")

    @property
    def line(self) -> str:
        """For people."""
        days = (time.time() - self.changed_s) / DAY_S
        state = "" if self.is_done else ", never finished"
        return f"{self.address}  {self.n_files:,} files, {self.n_bytes / 1e6:,.1f} MB, {days:,.0f} days old{state}"


def unreached(
    graphs: Sequence[Graph], store: Store, out: Path, *, grace_s: float, n_handovers: int | None
) -> list[Stored]:
    """All that nothing reaches, what is made of others before those.

    `out`: where hand-overs are; `n_handovers`: of each corpus the newest so many are kept beside tagged ones, None:
    all. Raises DamageError for a tag or manifest that cannot be read, RecipeError for a tag on what is not here: then
    nobody knows what they reach.
    """
    there = _stored(store) | _handovers(out)
    made_of = {address: _made_of(address, store, out) for address, one in there.items() if one.is_done}
    for name, address in store.tags().items():
        if address not in there:
            raise RecipeError(
                f"the tag {name} names {address}, which is not here: say with --out where hand-overs are, "
                "or move the tag (`curation tag`)"
            )
    young = {address for address, one in there.items() if time.time() - one.changed_s < grace_s}
    roots = {
        *store.tags().values(),
        *(step.address for made in graphs for step in made.steps),
        *(made.handover for made in graphs),
        *(address for address in there if address.split("/")[0] not in (*KINDS, HANDOVERS)),
        *(address for address in there if holder(store, address)),
        *_kept_handovers(there.values(), n_handovers),
        *young,
    }
    kept = _closure(roots, made_of)
    return _dependents_first([one for address, one in there.items() if address not in kept], made_of)


def take_away(found: Sequence[Stored], store: Store, out: Path, say: Callable[[str], None]) -> list[str]:
    """Take away what was found; gives the addresses that are gone. The manifest goes first: none is there by half.

    Each table is held as a builder holds it, so that no build makes it meanwhile. Raises StoreError where another build
    is under way: it may read what it has not told.
    """
    gone = list[str]()
    opened = _opened()
    with Builder(store) as builder:
        tables = [one for one in found if not one.is_handover]
        held = {one.address for one in tables if builder.take(one.address) is None}
        if other := _someone_else(store, held):
            raise StoreError(f"nothing is taken away while tables are being made ({other}); run it again then")
        for one in found:
            is_held = one.is_handover or one.address in held
            if not is_held or _in_use(one, out if one.is_handover else Path(store.root), opened):
                say(f"{one.address} is in use and stays")
                continue
            _drop_handover(out, one.address, say) if one.is_handover else _drop_table(store, one.address)
            gone.append(one.address)
            builder.give_back(one.address)
            _drop_empty(store, one.address)
    return gone


def _stored(store: Store) -> dict[str, Stored]:
    """Every table of the store, by its address; also those that a build never finished."""
    files = dict[str, list[pafs.FileInfo]]()
    for kind in store.listed(""):
        apart = kind.base_name in NO_TABLES or kind.base_name.startswith(".")
        if kind.type != pafs.FileType.Directory or apart:
            continue
        for info in store.below(kind.base_name):
            if info.type == pafs.FileType.File and info.base_name != BUILDING:
                folder = posixpath.dirname(store.name_of(info)).removesuffix(f"/{REJECTED_FOLDER}")
                files.setdefault(folder, []).append(info)
    return {address: _as_stored(address, found) for address, found in files.items()}


def _as_stored(address: str, files: Sequence[pafs.FileInfo]) -> Stored:
    newest = max(info.mtime_ns for info in files) / 1e9
    is_done = any(info.base_name == MANIFEST for info in files)
    return Stored(address, len(files), sum(info.size for info in files), newest, is_done)


def _handovers(out: Path) -> dict[str, Stored]:
    found = dict[str, Stored]()
    for manifest in sorted((out / HANDOVERS).glob(f"*/[!.]*/{MANIFEST}")):
        files = [path.stat() for path in manifest.parent.rglob("*") if path.is_file()]
        address = manifest.parent.relative_to(out).as_posix()
        size = sum(one.st_size for one in files)
        found[address] = Stored(address, len(files), size, manifest.stat().st_mtime, is_done=True)
    return found


def _made_of(address: str, store: Store, out: Path) -> list[str]:
    """What a table or hand-over is made of: the addresses that its manifest names."""
    if not address.startswith(f"{HANDOVERS}/"):
        return store.manifest(address).inputs
    tables = read_manifest(out / address).get("tables")
    if not isinstance(tables, dict):
        raise DamageError(f"{out / address / MANIFEST}: damaged: it names no tables")
    return [str(one) for some in tables.values() for one in some]


def _kept_handovers(there: Iterable[Stored], n_handovers: int | None) -> set[str]:
    by_corpus = dict[str, list[Stored]]()
    for one in there:
        if one.is_handover:
            by_corpus.setdefault(one.address.rpartition("/")[0], []).append(one)
    kept = set[str]()
    for some in by_corpus.values():
        newest = sorted(some, key=lambda one: one.changed_s, reverse=True)
        kept |= {one.address for one in newest[:n_handovers]}
    return kept


def _closure(roots: set[str], made_of: Mapping[str, Sequence[str]]) -> set[str]:
    kept, todo = set[str](), list(roots)
    while todo:
        if (address := todo.pop()) not in kept:
            kept.add(address)
            todo += made_of.get(address, ())
    return kept


def _dependents_first(found: Sequence[Stored], made_of: Mapping[str, Sequence[str]]) -> list[Stored]:
    by_address = {one.address: one for one in found}
    order = list[str]()

    def visit(address: str) -> None:
        if address in by_address and address not in order:
            for one in made_of.get(address, ()):
                visit(one)
            order.append(address)

    for address in sorted(by_address):
        visit(address)
    return [by_address[address] for address in reversed(order)]


def _someone_else(store: Store, mine: set[str]) -> str | None:
    """Who builds a table of the store that we do not hold; None when nobody does."""
    for kind in store.listed(""):
        if kind.type != pafs.FileType.Directory or kind.base_name.startswith("."):
            continue
        for info in store.below(kind.base_name):
            if info.base_name == BUILDING:
                address = posixpath.dirname(store.name_of(info))
                if address not in mine and (other := holder(store, address)):
                    return f"{address} by {told(other)}"
    return None


def _in_use(one: Stored, root: Path, opened: Iterable[str]) -> bool:
    folder = f"{(root / one.address).resolve()}/"
    return any(path.startswith(folder) for path in opened)


def _opened() -> set[str]:
    """Every file that processes of this machine have open, as far as we may look."""
    found = set[str]()
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            found.add(str(handle.readlink()))
    return found


def _drop_table(store: Store, address: str) -> None:
    store.remove(f"{address}/{MANIFEST}")
    for info in store.below(address):
        if info.type == pafs.FileType.File and info.base_name != BUILDING:
            store.remove(store.name_of(info))


def _drop_handover(out: Path, address: str, say: Callable[[str], None]) -> None:
    folder, page = out / address, out / "reports" / address.removeprefix(f"{HANDOVERS}/")
    with only_one(folder, say, beside=page):
        for one in (folder, page):
            (one / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(one, ignore_errors=True)


def _drop_empty(store: Store, address: str) -> None:
    """Folders that hold nothing any more; one in which a builder has begun again is not empty and stays."""
    if store.is_local:
        for folder in (f"{address}/{REJECTED_FOLDER}", address):
            with suppress(OSError):
                Path(store.path(folder)).rmdir()
