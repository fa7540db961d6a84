"""What killed builds left where no table's own end takes it away. A later build does; nothing of a living builder goes.

A mark that stands on a finished table goes when its builder is dead, as `marks` tells it. A file that was being written
goes an hour after it was touched last: nobody writes one file for so long, and a writer that was paused and comes back
finds it gone and writes it again.
"""

import re
import time
from collections.abc import Sequence
from contextlib import suppress

import pyarrow.fs as pafs

from curation.engine.marks import take_dead_mark
from curation.engine.store import Store
from schemas.errors import StoreError

ASIDE = re.compile(r"\..+\.[0-9a-f]{32}")
DEAD_S = 3600.0
FOLDERS = ("tags", "replies")


def sweep(store: Store, finished: Sequence[str]) -> None:
    """Marks of dead builders on finished tables, and files aside in the store's root, its tags and replies.

    What cannot be taken away now stays for the next build: a store that is away is told by whoever needs it.
    """
    with suppress(StoreError):
        for name in finished:
            take_dead_mark(store, name)
        found = store.listed("")
        for folder in FOLDERS:
            found += store.below(folder)
        for info in found:
            if ASIDE.fullmatch(info.base_name) and _is_dead(info):
                store.remove(store.name_of(info))


def _is_dead(info: pafs.FileInfo) -> bool:
    return info.type == pafs.FileType.File and time.time() - info.mtime_ns / 1e9 > DEAD_S
