"""What happens to files behind a build's back. Which file and which bit follow from names: a seed repeats them."""

import json
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from curation.engine.marks import BUILDING
from tests.faults.planted import Scene


def flip_bit(file: Path) -> None:
    """One bit of the file is another one."""
    body = bytearray(file.read_bytes())
    place = zlib.crc32(str(file.name).encode()) % (8 * len(body))
    body[place // 8] ^= 1 << place % 8
    file.write_bytes(body)


def _of_table(scene: Scene, pattern: str) -> list[Path]:
    return sorted(file for file in (scene.store / scene.name).parent.glob(pattern) if not file.name.startswith("."))


def _one(files: Sequence[Path]) -> Path:
    return files[zlib.crc32(str(len(files)).encode()) % len(files)]


def flip(pattern: str) -> Callable[[Scene], None]:
    return lambda scene: flip_bit(_one(_of_table(scene, pattern)))


def cut(pattern: str) -> Callable[[Scene], None]:
    """The file ends in its middle."""
    return lambda scene: os.truncate(file := _one(_of_table(scene, pattern)), file.stat().st_size // 2)


def lose(pattern: str) -> Callable[[Scene], None]:
    return lambda scene: _one(_of_table(scene, pattern)).unlink()


def spoil(name: str) -> Callable[[Scene], None]:
    return lambda scene: (scene.store / name).write_bytes(b"\x00\xff{")


def flip_replies(scene: Scene) -> None:
    flip_bit(_one(sorted(scene.store.glob("replies/*/**/*.parquet"))))


def spoil_mark(scene: Scene) -> None:
    (scene.store / scene.name).with_name(BUILDING).write_bytes(b"\x00\xff{")


def foreign_mark(scene: Scene) -> None:
    mark = {"id": "0", "pid": "1", "host": "elsewhere", "started": "1", "beat": "1.0"}
    (scene.store / scene.name).with_name(BUILDING).write_text(json.dumps(mark))


def lose_marks(scene: Scene) -> None:
    for mark in scene.store.rglob(BUILDING):
        mark.unlink(missing_ok=True)


def strangers(scene: Scene) -> None:
    """What an editor, a file manager and a killed write leave."""
    folder = (scene.store / scene.name).parent
    for name in (".part-00000.parquet.0123456789abcdef", ".DS_Store", "part-00000.parquet~"):
        (folder / name).write_bytes(b"nothing")


# -- what comes in ----------------------------------------------------------------------------------------------------


def take_mosaics(scene: Scene) -> None:
    (scene.raw / "images").rename(scene.raw / "away")


def take_catalogue(scene: Scene) -> None:
    (scene.raw / "catalogs/demo_fields.csv").unlink()


def change_catalogue(scene: Scene) -> None:
    file = scene.raw / "catalogs/demo_fields.csv"
    file.write_bytes(file.read_bytes().replace(b"COMPACT", b"DIFFUSE"))


def change_mosaic(scene: Scene) -> None:
    """Other pixels in every mosaic, as many bytes."""
    for file in (scene.raw / "images").glob("*.fits"):
        body = bytearray(file.read_bytes())
        body[5760::4] = bytes(0x41 for _ in body[5760::4])
        file.write_bytes(body)


def cut_mosaic(scene: Scene) -> None:
    for file in (scene.raw / "images").glob("*.fits"):
        os.truncate(file, file.stat().st_size // 3)


def take_papers(scene: Scene) -> None:
    (scene.raw / "papers").rename(scene.raw / "away")


def take_records(scene: Scene) -> None:
    (scene.raw / "papers/metadata.jsonl").unlink()


def change_records(scene: Scene) -> None:
    file = scene.raw / "papers/metadata.jsonl"
    file.write_bytes(file.read_bytes().replace(b"hep-th", b"gr-qc"))


def change_papers(scene: Scene) -> None:
    """Another bit in every archive, as many bytes."""
    for file in _papers(scene):
        flip_bit(file)


def cut_papers(scene: Scene) -> None:
    for file in _papers(scene):
        os.truncate(file, file.stat().st_size // 2)


def _papers(scene: Scene) -> list[Path]:
    return sorted((scene.raw / "papers").glob("*.tar.gz"))


# -- what went out ----------------------------------------------------------------------------------------------------


def _handover(scene: Scene) -> Path:
    return next(one for one in sorted(scene.store.glob("llava/*/*")) if not one.name.startswith("."))


def flip_handover(pattern: str) -> Callable[[Scene], None]:
    return lambda scene: flip_bit(_one(sorted(_handover(scene).glob(pattern))))


def lose_handover(scene: Scene) -> None:
    (_handover(scene) / "provenance.parquet").unlink()


def lose_handover_manifest(scene: Scene) -> None:
    (_handover(scene) / "_manifest.json").unlink()


def lose_report(scene: Scene) -> None:
    next(scene.store.glob("reports/*/*/report.html")).unlink()


def spoil_tags(scene: Scene) -> None:
    next(scene.store.glob("tags/*.json")).write_bytes(b"\x00\xff{")
