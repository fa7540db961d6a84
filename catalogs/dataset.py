"""What a dataset offers. A door: one file each in `datasets/`.

TOML (`dataset_door.py` says its keys), or, for a format that demands it, a Python module with the names of `Dataset` in
capitals.
"""

import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
from pydantic import BaseModel

from catalogs.code import code_digests
from catalogs.generated import stands_in
from schemas.doors import door_files
from schemas.errors import CatalogError, RecipeError
from schemas.folder import one_door
from schemas.rejection import Sieved

HERE = Path(__file__).parent / "datasets"


@dataclass(frozen=True)
class CutoutRecipe:
    """How a dataset's pictures are cut. The side is in SOURCES: null there means the whole picture."""

    most_blank: float = 0.5  # share of NaN pixels; above it the cutout is refused as mostly-blank


@dataclass(frozen=True)
class Published:
    """Counts that a publication names; the report shows them beside what was found. Without one there are none.

    Raises RecipeError for counts without their source: one's own count beside itself would say "difference 0".
    """

    source: str = ""
    """Where it is published, such as "Riggi et al. 2025, Table 1"; empty where nothing is."""
    n_images: int | None = None
    n_by_label: dict[str, int] = field(default_factory=dict[str, int])
    """Pictures that show a label."""
    n_by_split: dict[str, int] = field(default_factory=dict[str, int])
    n_by_survey: dict[str, int] = field(default_factory=dict[str, int])
    n_objects: int | None = None
    n_by_class: dict[str, int] = field(default_factory=dict[str, int])
    """Objects of a class, by the labels of the dataset's scheme."""

    def __post_init__(self) -> None:
        """Counts stand with their source."""
        counts = (self.n_by_label, self.n_by_split, self.n_by_survey, self.n_by_class)
        has_counts = any(counts) or self.n_images is not None or self.n_objects is not None
        if has_counts and not self.source.strip():
            raise RecipeError("published counts need their source: name the publication, or leave the counts out")


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
    catalogs: tuple[str, ...] = ()
    """The catalogue doors that its readers read, beside those of `classes`."""
    schemes: tuple[str, ...] = ()
    """The label schemes that its readers read, beside `scheme`."""
    door: BaseModel | None = None
    """What its TOML file says; None for a dataset that is written in Python."""
    code: dict[str, str] = field(default_factory=dict[str, str])
    """SHA-256 by name of the source of one that is written in Python, and of what it imports of its own."""

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
    """Every dataset, by the name of its file. Raises RecipeError with all that is wrong with any of them."""
    found, wrong = dict[str, Dataset](), list[str]()
    for name, file in _files().items():
        try:
            found[name] = _read(file)
        except RecipeError as error:
            wrong.append(str(error))
    if wrong:
        raise RecipeError("\n".join(wrong))
    return found


def dataset(name: str) -> Dataset:
    """One dataset; raises RecipeError, listing the known ones, for another name."""
    return _read(one_door(_files(), name, "dataset"))


def _files() -> dict[str, Path]:
    return door_files("datasets", HERE, (".py", ".toml"))


def _read(file: Path) -> Dataset:
    if file.suffix == ".toml":
        from catalogs.toml_dataset import read_toml_dataset  # which, as a dataset in Python, is made of this module

        return read_toml_dataset(file)
    ours = file.parent == HERE
    return _dataset(importlib.import_module(f"catalogs.datasets.{file.stem}") if ours else _loaded(file), file)


def _loaded(file: Path) -> ModuleType:
    """A module of the user's, run once in a process. Raises RecipeError naming file and line where it cannot be."""
    name = f"radio_doors_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}_{file.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise RecipeError(f"{file}: not a Python module")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(file.parent))  # so that it may import from beside it
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # the user's code raises whatever it likes
            del sys.modules[name]
            last = traceback.extract_tb(error.__traceback__)[-1]
            raise RecipeError(
                f"{file}: {type(error).__name__}: {error} ({last.filename}, line {last.lineno})"
            ) from error
        finally:
            sys.path.remove(str(file.parent))
    return sys.modules[name]


def _dataset(module: Any, file: Path) -> Dataset:
    wanted = ("TITLE", "SCHEME", "SURVEY", "CITE", "SHA256", "CUTOUT", "PUBLISHED", "read_sources")
    missing = [name for name in wanted if not hasattr(module, name)]
    if missing:
        raise RecipeError(f"{file}: a dataset's module must define {', '.join(missing)}")
    return Dataset(
        name=file.stem,
        title=module.TITLE,
        scheme=module.SCHEME,
        survey=module.SURVEY,
        cite=module.CITE,
        files=module.SHA256,
        cutout=module.CUTOUT,
        published=module.PUBLISHED,
        read_sources=_reader(module, file, "read_sources"),
        read_objects=_reader(module, file, "read_objects"),
        read_detections=_reader(module, file, "read_detections"),
        classes=dict(getattr(module, "CLASSES", {})),
        catalogs=tuple(getattr(module, "CATALOGS", ())),
        schemes=tuple(getattr(module, "SCHEMES", ())),
        code=code_digests(file),
    )


@dataclass(frozen=True)
class _FromFile:
    """A function of a user's module: another process finds it by its file, not by a name to import."""

    file: Path
    name: str

    def __call__(self, raw: Path, mosaics: pa.Table) -> Sieved:
        return getattr(_loaded(self.file), self.name)(raw, mosaics)


def _reader(module: Any, file: Path, name: str) -> Any:
    """A module's function, None where it has none."""
    if not hasattr(module, name):
        return None
    return getattr(module, name) if file.parent == HERE else _FromFile(file, name)


def _digest(path: Path) -> str:
    try:
        stat = path.stat()
        return _digest_once(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror or error}") from error


def _digest_of_all(raw: Path, pattern: str) -> str:
    whole = hashlib.sha256()
    for path in sorted(one for one in raw.glob(pattern) if one.is_file()):
        whole.update(f"{path.relative_to(raw).as_posix()}\0{_digest(path)}\n".encode())
    return whole.hexdigest()


@lru_cache(maxsize=100_000)
def _digest_once(path: Path, n_bytes: int, mtime_ns: int, ctime_ns: int) -> str:
    """Not read again while size and times stay: a graph asks for the same files several times."""
    del n_bytes, mtime_ns, ctime_ns
    return hashlib.sha256(path.read_bytes()).hexdigest()
