"""A model folder: whole or absent, with the digest of every file, and reopened by a fresh process before it counts."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from finetune.network.weights import SUMS
from schemas.errors import CheckpointError
from schemas.fingerprint import sha256_of
from schemas.whole import only_one, swap

CARD = "README.md"
OF_THE_RUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "GROUP_RANK")


@contextmanager
def finished(out: Path, *, canaries: Path | None = None, check: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """A folder to fill. At the end it is verified and takes the name `out`; when anything fails, nothing is there.

    `check` instead of `verify`, for a folder that transformers does not open.
    A model folder that stood there is replaced; anything else in the way is a CheckpointError.
    """
    if out.exists() and not (out / SUMS).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(f"{out}: there is something that is no model of ours; choose another folder")
    aside = out.with_name(f".{out.name}.{uuid4().hex}.aside")  # two exports to one name never share a folder
    with only_one(out, lambda line: print(line, file=sys.stderr)):
        aside.mkdir(parents=True)
        try:
            yield aside
            (aside / SUMS).write_text(sums := sums_of(aside), encoding="utf-8")
            if check:
                check(aside)
            else:
                verify(aside, canaries)
            if sums_of(aside) != sums:
                raise CheckpointError(f"{out}: files changed while they were verified; nothing was published")
            _to_disk(aside)
            swap(aside, out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _to_disk(folder: Path) -> None:
    for path in [*(one for one in folder.rglob("*") if one.is_file()), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sums_of(folder: Path) -> str:
    """As `sha256sum -c` reads it."""
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SUMS:
            lines.append(f"{sha256_of(path)}  {path.relative_to(folder)}\n")
    return "".join(lines)


def verify(folder: Path, canaries: Path | None = None) -> None:
    """Open a model in a process that knows nothing of this one. CheckpointError with everything it finds wrong."""
    root = Path(__file__).resolve().parents[2]
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_RUN}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), environment.get("PYTHONPATH")]))
    done = _command(["verify", str(folder), *(["--canaries", str(canaries)] if canaries else [])], environment)
    if done.returncode:
        told = [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.startswith("error: ")]
        raise CheckpointError(
            "; ".join(told) or f"{folder}: verification ended with {done.returncode}: {done.stderr[-500:]}"
        )


def _command(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    given = [sys.executable, "-m", "finetune", *words]
    return subprocess.run(given, capture_output=True, text=True, check=False, env=environment)


def dtype_of(folder: Path) -> str:
    """The dtype that a model's config names."""
    said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return said.get("dtype") or said.get("torch_dtype") or "float32"
