"""A process that is ready to fork builds: all is imported, read and built once, undisturbed."""

import atexit
import gc
import os
import shutil
import sys
from pathlib import Path

import curation.corpus
from curation.engine import run as runner
from curation.papers import convert
from schemas import expectations
from tests.faults import forked
from tests.faults.world import World, world

KEEP_FILES = ("_open_plane", "_digest", "_digest_once")


def prepared(folder: Path) -> World:
    """The undisturbed build, in this process; what costs and cannot come out otherwise is not worked out again."""
    judge, told = expectations.judge, {}

    def judged(tables, docs=None):
        key = repr(tables)
        if key not in told:
            told[key] = judge(tables, docs), docs and shutil.copytree(docs, folder / f"docs-{os.getpid()}-{len(told)}")
        elif docs and told[key][1]:
            shutil.copytree(told[key][1], docs, dirs_exist_ok=True)
        return told[key][0]

    expectations.judge = judged
    made = world(folder)
    convert.close()  # each worker that reads papers has a process for pictures of its own
    runner._ray = forked.forked
    curation.corpus.word_faults = lambda *_: []  # of the same scheme and questions each time
    _forget_files()
    gc.collect()
    gc.freeze()  # forks share what is here
    atexit.register(gc.unfreeze)  # at the end libraries look for what was left
    return made


def _forget_files() -> None:
    """Raw files are opened anew by each build, as if it had never seen them."""
    readers = [one for name, one in sys.modules.items() if name.startswith(("curation.pictures.", "catalogs."))]
    for module in readers:
        for one in vars(module).values():
            if hasattr(one, "cache_clear") and one.__name__ in KEEP_FILES:
                one.cache_clear()
