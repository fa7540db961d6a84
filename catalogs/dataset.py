"""What a dataset offers. A door: one module each in `datasets/`, with the names of `Dataset` in capitals."""

import hashlib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs import datasets as folder
from catalogs.generated import stands_in
from schemas.errors import CatalogError, RecipeError
from schemas.rejection import Sieved


@dataclass(frozen=True)
class CutoutRecipe:
    """How a dataset's pictures are cut. The side is in SOURCES: null there means the whole picture."""

    most_blank: float = 0.5  # share of NaN pixels; above it the cutout is refused as mostly-blank


@dataclass(frozen=True)
class Published:
    """Counts somebody published, with their source; the report shows them beside what was found."""

    source: str
    n_images: int | None = None
    n_by_label: dict[str, int] = field(default_factory=dict[str, int])
    """Pictures that show a label."""
    n_by_split: dict[str, int] = field(default_factory=dict[str, int])
    n_by_survey: dict[str, int] = field(default_factory=dict[str, int])
    n_objects: int | None = None
    n_by_class: dict[str, int] = field(default_factory=dict[str, int])
    """Objects of a class, by the labels of the dataset's scheme."""


@dataclass(frozen=True)
class Dataset:
    """An annotated dataset: where it comes from, how to read it, what was published of it."""

    name: str
    title: str
    scheme: str
    survey: str
    cite: str
    files: dict[str, str]
    """Catalogue and annotation files, relative to the raw folder, each with its pinned SHA-256; the SHA-256 is empty
    for files that are not public and those that the demo writes anew. A name with * stands for every file that
    matches, also for none: its door says what it cannot do without."""
    cutout: CutoutRecipe
    published: Published
    read_sources: Callable[[Path, pa.Table], Sieved]
    """(raw folder, MOSAICS of its survey) -> SOURCES; *in* are the rows of its catalogue."""
    read_objects: Callable[[Path, pa.Table], Sieved] | None
    """(raw folder, MOSAICS of its survey) -> OBJECTS; *in* are the rows of its catalogue. None: it has no objects."""
    read_detections: Callable[[Path, pa.Table], Sieved] | None = None
    """The same for what a second detector found on the same sky, which completes the objects. None: there is none."""
    classes: dict[str, str] = field(default_factory=dict[str, str])
    """Label of the scheme by published catalogue: what a source is that one of its rows matches."""

    def file_digests(self, raw: Path) -> dict[str, str]:
        """SHA-256 of each file as found. Raises CatalogError for files that are absent or not the pinned ones.

        For a name with * it is that of the names and digests of all files that match.
        """
        found, wrong = dict[str, str](), list[str]()
        for name, pinned in self.files.items():
            path = raw / name
            if "*" in name:
                found[name] = _digest_of_all(raw, name)
            elif path.is_file():
                found[name] = _digest(path)
            else:
                wrong.append(f"{path}: no such file; dataset {self.name} needs it below --raw")
                continue
            if pinned and found[name] != pinned and not stands_in(raw, name, found[name]):
                wrong.append(f"{path}: SHA-256 {found[name]}, expected {pinned}; fetch it again, or pin the new one")
        if wrong:
            raise CatalogError("\n".join(wrong))
        return found


def datasets() -> dict[str, Dataset]:
    """Every dataset, by the name of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    return {name: _dataset(importlib.import_module(f"catalogs.datasets.{name}")) for name in names}


def dataset(name: str) -> Dataset:
    """One dataset; raises RecipeError, listing the known ones, for another name."""
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    if name not in names:
        raise RecipeError(f"no dataset {name!r}; known: {', '.join(names)}")
    return _dataset(importlib.import_module(f"catalogs.datasets.{name}"))


def _dataset(module: Any) -> Dataset:
    wanted = ("TITLE", "SCHEME", "SURVEY", "CITE", "SHA256", "CUTOUT", "PUBLISHED", "read_sources")
    missing = [name for name in wanted if not hasattr(module, name)]
    if missing:
        raise RecipeError(f"{module.__name__}: a dataset's module must define {', '.join(missing)}")
    return Dataset(
        name=module.__name__.rsplit(".", 1)[1],
        title=module.TITLE,
        scheme=module.SCHEME,
        survey=module.SURVEY,
        cite=module.CITE,
        files=module.SHA256,
        cutout=module.CUTOUT,
        published=module.PUBLISHED,
        read_sources=module.read_sources,
        read_objects=getattr(module, "read_objects", None),
        read_detections=getattr(module, "read_detections", None),
        classes=dict(getattr(module, "CLASSES", {})),
    )


def _digest(path: Path) -> str:
    try:
        stat = path.stat()
        return _digest_once(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror or error}") from error


def _digest_of_all(raw: Path, pattern: str) -> str:
    whole = hashlib.sha256()
    for path in sorted(one for one in raw.glob(pattern) if one.is_file()):
        whole.update(f"{path.relative_to(raw).as_posix()}\0{_digest(path)}\n".encode())
    return whole.hexdigest()


@lru_cache(maxsize=100_000)
def _digest_once(path: Path, n_bytes: int, mtime_ns: int) -> str:
    """Not read again while size and time stay: a graph asks for the same files several times."""
    del n_bytes, mtime_ns
    return hashlib.sha256(path.read_bytes()).hexdigest()
