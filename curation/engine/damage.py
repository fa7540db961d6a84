"""Damage of finished tables: every part against the digest that its manifest lists, many at a time."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow.parquet as pq
from tqdm import tqdm

from curation.engine.files import patiently
from curation.engine.steps import Step
from curation.engine.store import REJECTED_FOLDER, Store
from schemas.errors import DamageError, GoneError
from schemas.manifest import Part
from schemas.whole import MANIFEST

N_READERS = 8


@dataclass(frozen=True, order=True)
class Damage:
    """A file of the store that is not what was written: of which table, and what is wrong, on one line."""

    address: str
    file: str
    """Relative to the store."""
    told: str


def damage_of(store: Store, addresses: Sequence[str], *, quick: bool = False) -> list[Damage]:
    """All damage of finished tables, in order. `quick`: rows are counted by footers, and nothing else is read.

    Raises StoreError where the store itself cannot be read: nothing is said of its files then.
    """
    found, wanted = list[Damage](), list[tuple[str, str, Part]]()
    for address in addresses:
        try:
            manifest = store.manifest(address)
        except (DamageError, GoneError) as error:
            found.append(Damage(address, f"{address}/{MANIFEST}", str(error)))
            continue
        wanted += [(address, f"{address}/{part.name}", part) for part in manifest.parts]
        wanted += [(address, f"{address}/{REJECTED_FOLDER}/{part.name}", part) for part in manifest.rejected]
    read = _miscounted if quick else _changed
    bar = tqdm(total=len(wanted), unit="part", desc="check", disable=not sys.stderr.isatty(), dynamic_ncols=True)
    with bar, ThreadPoolExecutor(N_READERS) as pool:
        for one in pool.map(lambda each: _judged(store, *each, read), wanted):
            bar.update(1)
            found += [one] if one else []
    return sorted(found)


def _judged(
    store: Store, address: str, file: str, part: Part, read: Callable[[Store, str, Part], str | None]
) -> Damage | None:
    try:
        told = read(store, file, part)
    except GoneError:
        told = "missing"
    except DamageError as error:
        told = str(error)
    return Damage(address, file, f"{store.path(file)}: {told}") if told else None


def _changed(store: Store, file: str, part: Part) -> str | None:
    found = hashlib.sha256(store.read_bytes(file)).hexdigest()
    if found == part.sha256:
        return None
    return f"damaged: SHA-256 is {found[:12]}…, its manifest says {part.sha256[:12]}…"


def _miscounted(store: Store, file: str, part: Part) -> str | None:
    def count() -> int:
        with store.files.open_input_file(store.path(file)) as opened:
            return pq.ParquetFile(opened).metadata.num_rows

    found = patiently(count, f"read {store.path(file)}")
    return None if found == part.n_rows else f"damaged: {found:,} rows, its manifest says {part.n_rows:,}"


def drop_damaged(store: Store, steps: Sequence[Step], damaged: Sequence[Damage]) -> list[str]:
    """Take away damaged parts, and all of the tables that depend on theirs, so that a build makes them again.

    `steps`: the corpus in its order, each after its inputs. Gives the addresses that are no longer done. The manifest
    goes first: whatever ends this half-way, no table counts as done that is not whole.
    """
    hurt = {one.address for one in damaged}
    below: list[str] = []
    for step in steps:
        if step.address not in hurt and {one.step.address for one in step.inputs} & {*hurt, *below}:
            below.append(step.address)
    for address in [*sorted(hurt), *below]:
        store.remove(f"{address}/{MANIFEST}")
    for one in damaged:
        store.remove(one.file)
    for address in below:
        for info in store.listed(address):
            if info.base_name.endswith(".parquet"):
                store.remove(f"{address}/{info.base_name}")
    return [*sorted(hurt), *below]
