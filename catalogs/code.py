"""The source of a dataset that is written in Python, as it counts for its tables' addresses."""

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parent
FOLDERS = ("catalogs.datasets", "catalogs.formats")
"""What of a dataset's imports is its own: the readers of its formats, and what datasets share."""


def code_digests(file: Path) -> dict[str, str]:
    """SHA-256 by name of the module's file and of all it imports, directly or not, from `FOLDERS` or from beside it.

    Found from the text, nothing is run. What the package's other rooms mean is said by the versions of steps.
    """
    found, todo = dict[str, str](), [file]
    while todo:
        one = todo.pop()
        if _name(one, file) in found:
            continue
        source = one.read_bytes()
        found[_name(one, file)] = hashlib.sha256(source.replace(b"\r\n", b"\n")).hexdigest()
        todo += [path for module in _imports(source) if (path := _file(module, one.parent)) is not None]
    return dict(sorted(found.items()))


@lru_cache(maxsize=256)
def _imports(source: bytes) -> tuple[str, ...]:
    return tuple(_named(ast.parse(source)))


def _named(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module_name = "." * node.level + (node.module or "")
            yield module_name
            yield from (f"{module_name}.{alias.name}" for alias in node.names)


def _file(module: str, beside: Path) -> Path | None:
    """The source of a module of the dataset's own; None for any other."""
    if module.startswith(FOLDERS):
        path = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")
    else:
        path = beside.joinpath(*module.lstrip(".").split(".")).with_suffix(".py") if module.strip(".") else beside
    return path if path.is_file() else None


def _name(path: Path, dataset: Path) -> str:
    """The same on every machine: relative to the package, or to the dataset's folder."""
    root = ROOT if path.is_relative_to(ROOT) else dataset.parent
    return path.relative_to(root).as_posix()
