"""All that a finished build left, held against its digests, and made again where it is damaged.

Tables by their manifests, the hand-over and the report by theirs, the tag and kept digests by their own, replies by
their names.
"""

import hashlib
import posixpath
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from curation.asking.replies import FOLDER as REPLIES
from curation.asking.replies import LEDGER
from curation.build import handover_folder, report_file
from curation.corpus import DIGESTS, Graph
from curation.engine.damage import Damage, damage_of, drop_damaged
from curation.engine.store import Store
from schemas.errors import DamageError, GoneError
from schemas.whole import folder_problems, only_one, unsealed


@dataclass(frozen=True)
class Found:
    """The damage of a build: of tables, of the folders of hand-over and report, and of single files of the store."""

    tables: tuple[Damage, ...]
    folders: tuple[tuple[Path, str], ...]
    files: tuple[tuple[str, str], ...]

    @property
    def lines(self) -> list[str]:
        """One line for each damaged file."""
        told = [one.told for one in self.tables]
        return told + [line for _, line in self.folders] + [line for _, line in self.files]


def find_damage(made: Graph, store: Store, out: Path | None, *, quick: bool = False) -> Found:
    """All damage of what is finished of a corpus; of what is not there nothing is said. `quick`: counts and sizes."""
    done = [step.address for step in made.steps if store.is_done(step.address)]
    handover, page = handover_folder(made, store, out), report_file(made, store, out).parent
    there = [folder for folder in (handover, page) if folder.exists()]
    folders = [(folder, line) for folder in there for line in folder_problems(folder, quick=quick)]
    files = [] if quick else [*_damaged_tag(made, store, has_handover=handover.exists()), *_damaged_files(store)]
    return Found(tuple(damage_of(store, done, quick=quick)), tuple(folders), tuple(files))


def repair(made: Graph, store: Store, out: Path | None, say: Callable[[str], None]) -> int:
    """Take away what is damaged and what depends on it, and say so; a build makes it again. Gives how many files.

    What served models replied is asked again only where a table needs it that is not there.
    """
    found = find_damage(made, store, out)
    for line in found.lines:
        say(line)
    again = drop_damaged(store, made.steps, found.tables)
    for address in again:
        say(f"{address}: to be made again")
    hurt = {folder for folder, _ in found.folders}
    if again:
        hurt |= {handover_folder(made, store, out), report_file(made, store, out).parent}
    for folder in sorted(hurt):
        with only_one(handover_folder(made, store, out), say):
            shutil.rmtree(folder, ignore_errors=True)
    for name, _ in found.files:
        store.remove(name)
    return len(found.lines)


def _damaged_tag(made: Graph, store: Store, *, has_handover: bool) -> list[tuple[str, str]]:
    name = f"tags/{made.latest}.json"
    try:
        unsealed(store.read_bytes(name), store.path(name))
    except GoneError:
        return [(name, f"{store.path(name)}: missing, though the hand-over is there")] if has_handover else []
    except DamageError as error:
        return [(name, str(error))]
    return []


def _damaged_files(store: Store) -> list[tuple[str, str]]:
    """Kept digests and ledgers by what they say of themselves, replies by their names, which are of their bytes."""
    sealed = [DIGESTS] if store.exists(DIGESTS) else []
    named = list[str]()
    for info in store.listed(REPLIES):
        folder = f"{REPLIES}/{info.base_name}"
        sealed += _named(store, f"{folder}/{LEDGER}", ".json")
        named += [*_named(store, folder, ".parquet"), *_named(store, f"{folder}/fresh", ".parquet")]
    found = list[tuple[str, str]]()
    for name in sealed:
        try:
            unsealed(store.read_bytes(name), store.path(name))
        except DamageError as error:
            found.append((name, str(error)))
        except GoneError:
            continue
    return found + [(name, told) for name in named if (told := _misnamed(store, name))]


def _named(store: Store, folder: str, ending: str) -> list[str]:
    names = [info.base_name for info in store.listed(folder)]
    return [f"{folder}/{name}" for name in names if name.endswith(ending) and not name.startswith(".")]


def _misnamed(store: Store, name: str) -> str | None:
    try:
        digest = hashlib.sha256(store.read_bytes(name)).hexdigest()
    except GoneError:  # put together with others meanwhile
        return None
    if digest[:24] == posixpath.basename(name).removesuffix(".parquet"):
        return None
    return (
        f"{store.path(name)}: damaged: it is not what its name, a digest, says; its replies are asked again if needed"
    )
