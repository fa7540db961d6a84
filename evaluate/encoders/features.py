"""What a frozen encoder makes of a picture, kept in the store by the digests of encoder and picture.

    features/<encoder>/<kind>/<content>.npz     some pictures each: their digests, and a row of numbers for each

An encoder may give several kinds at once, such as one of each layer. Files are written aside and renamed, and named by
the pictures in them, so a run that was killed makes nothing twice.
"""

import hashlib
import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow.fs as pafs
from numpy.typing import NDArray
from tqdm import tqdm

from curation.engine.store import Store
from evaluate.tasks.benchmark import Task
from schemas.errors import StoreError

FOLDER = "features"
N_TOGETHER = 64  # pictures to a file: what a killed run loses
Numbers = NDArray[np.float32]


class Encoder(Protocol):
    """Who makes features."""

    @property
    def name(self) -> str:
        """As it is told in tables."""
        ...

    @property
    def sha(self) -> str:
        """Of all that decides a feature: weights, preparation, kind of numbers."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of features that it gives."""
        ...

    def encoded(self, tasks: Sequence[Task]) -> Mapping[str, Numbers]:
        """Of each kind (n_pictures, n_features)."""
        ...


def make_features(encoder: Encoder, tasks: Sequence[Task], store: Store) -> int:
    """Make and keep what is missing of some pictures; gives of how many that was."""
    there = [_files(store, encoder, kind) for kind in encoder.kinds]
    asked = {one.image_sha: one for one in sorted(tasks, key=lambda one: one.image_sha)}
    missing = [one for sha, one in asked.items() if any(sha not in some for some in there)]
    with tqdm(total=len(missing), unit="picture", desc=encoder.name, disable=not sys.stderr.isatty()) as bar:
        for start in range(0, len(missing), N_TOGETHER):
            some = missing[start : start + N_TOGETHER]
            for kind, numbers in encoder.encoded(some).items():
                _keep(store, _folder(encoder, kind), [one.image_sha for one in some], numbers)
            bar.update(len(some))
    return len(missing)


def features(encoder: Encoder, kind: str, tasks: Sequence[Task], store: Store) -> Numbers:
    """(n_pictures, n_features) of one kind, in the order of tasks; what is missing is made first."""
    make_features(encoder, tasks, store)
    files = _files(store, encoder, kind)
    rows: dict[str, Numbers] = {}
    for name in sorted({files[one.image_sha] for one in tasks}):
        shas, numbers = _read(store, name)
        rows |= dict(zip(shas, numbers, strict=True))
    return np.stack([rows[one.image_sha] for one in tasks])


def _folder(encoder: Encoder, kind: str) -> str:
    return f"{FOLDER}/{encoder.sha[:16]}/{kind}"


def _keep(store: Store, folder: str, shas: Sequence[str], numbers: Numbers) -> None:
    sink = io.BytesIO()
    np.savez(sink, image_sha=np.array(shas), features=np.asarray(numbers, np.float32))
    store.publish(f"{folder}/{hashlib.sha256(' '.join(shas).encode()).hexdigest()[:16]}.npz", sink.getvalue())


def _files(store: Store, encoder: Encoder, kind: str) -> dict[str, str]:
    """The file that each picture's features are in."""
    folder = _folder(encoder, kind)
    if not store.exists(folder):
        return {}
    found = store.files.get_file_info(pafs.FileSelector(store.path(folder)))
    names = sorted(one.base_name for one in found if one.base_name.endswith(".npz") and one.base_name[0] != ".")
    return {sha: f"{folder}/{name}" for name in names for sha in _read(store, f"{folder}/{name}", only_names=True)[0]}


def _read(store: Store, name: str, *, only_names: bool = False) -> tuple[list[str], Numbers]:
    """Digests and rows of a file. Raises StoreError for a damaged one."""
    try:
        with np.load(io.BytesIO(store.read_bytes(name)), allow_pickle=False) as found:
            shas = found["image_sha"].tolist()
            numbers = np.empty((0, 0), np.float32) if only_names else found["features"]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"{store.path(name)}: damaged ({error}); delete it, and it is made again") from error
    return shas, numbers
