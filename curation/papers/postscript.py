"""PostScript by Ghostscript in its safest mode, each file in a process of its own. In the converting process only.

Its library waits in a process beside this one, started once; without it, the program `gs` draws the same.
"""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from curation.papers.ghostscript import FLAGS, HEAD, PAGE_AT, SHEET_BYTES, TO_A_FILE, TOO_LARGE
from curation.papers.png import plain
from curation.papers.wanted import DOS_EPS, LEAST_PT, UnusableError, Want, limit_cpu, scale_of

ROOT = Path(__file__).resolve().parent.parent.parent
RESOLUTION = "/HWResolution [{0:.4f} {0:.4f}]"
PAGE_SIZE = "/PageSize [{0:.4f} {1:.4f}]"  # told early, so that no page of paper's size is cleared first
MOST_GS_BYTES = 400_000_000
MOST_TOLD_BYTES = 10_000
PPM = re.compile(rb"P6\s(?:#[^\n]*\n)?(\d{1,6}) (\d{1,6})\n255\n")
_BOX = re.compile(rb"%%(HiRes)?BoundingBox:\s*(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)")
_COMMENTS = re.compile(rb"(?:%[^\r\n]*[\r\n]+)*")


def of_postscript(content: bytes, want: Want) -> tuple[Image.Image, float]:
    """The first page and its dots per point. Raises UnusableError."""
    if not want.ghostscript:
        told = "PostScript needs Ghostscript: install it (Debian: apt-get install ghostscript), so that `gs` is found"
        raise UnusableError("no-ghostscript", f"{want.name}: {told}")
    body = _eps_of(content)
    box = _bounding_box(body)
    size = (box[2] - box[0], box[3] - box[1]) if box else (612.0, 792.0)
    scale = scale_of(size, want.side_px, want.name)
    setup = f"<< {RESOLUTION.format(72 * scale)} {PAGE_SIZE.format(*size) if box else ''} >> setpagedevice"
    with Desk() as desk:
        desk.source.write_bytes(body)
        return plain(_drawn(desk, setup, want)), scale


class Desk:
    """A folder for Ghostscript and files in memory for what it draws and says; for each picture they are empty.

    Its safest mode lets PostScript write into the folder of temporary files, so that one goes with each picture.
    The library draws on the sheet, which it clears itself; the program writes to the page.
    """

    folder: ClassVar[Path | None] = None
    sheet: ClassVar[int] = -1
    page: ClassVar[int] = -1
    said: ClassVar[int] = -1

    def __enter__(self) -> Self:
        if Desk.folder is None:
            Desk.sheet, Desk.page, Desk.said = (os.memfd_create(one) for one in ("sheet", "page", "said"))
            os.ftruncate(Desk.sheet, SHEET_BYTES)
            Desk.folder = Path(tempfile.mkdtemp(prefix="eps-"))
            Desk.folder.rmdir()
        Desk.folder.mkdir(mode=0o700)
        self.source = Desk.folder / "picture.eps"
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        shutil.rmtree(self.source.parent, ignore_errors=True)

    def clear(self) -> None:
        """Nothing is written or said."""
        for one in (self.page, self.said):
            os.ftruncate(one, 0)
            os.lseek(one, 0, os.SEEK_SET)

    def environment(self) -> dict[str, str]:
        """Of Ghostscript's processes."""
        folder = str(self.source.parent)
        return {"PATH": "/usr/bin:/bin", "TMPDIR": folder, "HOME": folder, "LANG": "C"}

    def on_sheet(self) -> NDArray[np.uint8] | None:
        """The first page as rgb[y, x, 3]; None where there is none."""
        width, height, row = HEAD.unpack(os.pread(self.sheet, HEAD.size, 0))
        if not (0 < 3 * width <= row and height > 0 and row * height <= SHEET_BYTES - PAGE_AT):
            return None
        rows = np.frombuffer(os.pread(self.sheet, row * height, PAGE_AT), np.uint8).reshape(height, row)
        return rows[:, : 3 * width].reshape(height, width, 3)

    def on_page(self) -> NDArray[np.uint8] | None:
        """The same of the program, where its first page is whole."""
        head = PPM.match(os.pread(self.page, 1000, 0))
        if not head:
            return None
        width, height = int(head[1]), int(head[2])
        whole = np.frombuffer(os.pread(self.page, min(3 * width * height, MOST_GS_BYTES), head.end()), np.uint8)
        return whole.reshape(height, width, 3) if whole.size == 3 * width * height else None

    def words(self) -> str:
        """What was said, in one line."""
        return " ".join(os.pread(self.said, MOST_TOLD_BYTES, 0).decode("utf-8", "replace").split())[:200]


def _drawn(desk: Desk, setup: str, want: Want) -> NDArray[np.uint8]:
    """What Ghostscript draws, first page first; its own process has the seconds of the picture, by its own clock."""
    ended, pixels = _by_library(desk, setup, want), desk.on_sheet
    if ended is None or ended == TOO_LARGE or (ended < 0 and ended != -signal.SIGXCPU):
        desk.clear()
        ended, pixels = _by_program(desk, setup, want), desk.on_page
    if ended == -signal.SIGXCPU:
        raise UnusableError("picture-too-slow", f"{want.name}: more than {want.seconds:g} s in Ghostscript")
    if ended in (-signal.SIGKILL, -signal.SIGTERM):  # twice, as no picture brings about
        raise OSError(errno.ECHILD, f"Ghostscript was ended from outside: {ended}")
    page = pixels()
    if page is None:
        told = f"{want.name}: Ghostscript ended with {ended}: {desk.words() or 'no page'}"
        raise UnusableError("picture-broken", told)
    return page


def _by_program(desk: Desk, setup: str, want: Want) -> int:
    return subprocess.run(
        [want.ghostscript, *FLAGS, *TO_A_FILE, "-c", setup, "-f", str(desk.source)],
        stdin=subprocess.DEVNULL, stdout=desk.page, stderr=desk.said, cwd=desk.source.parent, env=desk.environment(),
        check=False, preexec_fn=partial(limit_cpu, want.seconds),  # noqa: PLW1509 - this process has one thread
    ).returncode  # fmt: skip


def _by_library(desk: Desk, setup: str, want: Want) -> int | None:
    """How drawing ended, as the program would end; None where there is no library, or its process ended."""
    if not _WAITING:
        _WAITING.append(_started(want.ghostscript, desk))
    child = _WAITING[0]
    if child is None or child.stdin is None or child.stdout is None:
        return None
    with suppress(BrokenPipeError, ValueError):
        child.stdin.write(json.dumps({"path": str(desk.source), "setup": setup, "seconds": want.seconds}) + "\n")
        child.stdin.flush()
        return int(child.stdout.readline())
    close()
    return None


_WAITING: list["subprocess.Popen[str] | None"] = []


def _started(program: str, desk: Desk) -> "subprocess.Popen[str] | None":
    """The process with the library of a program's version. Raises OSError where the program is gone."""
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "curation.papers.ghostscript", version, str(desk.sheet), str(desk.said)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        pass_fds=(desk.sheet, desk.said), env={"PYTHONPATH": str(ROOT), **desk.environment()},
    )  # fmt: skip
    if child.stdout and child.stdout.readline() == "ready\n":
        return child
    child.communicate()
    return None


def close() -> None:
    """End the process with the library, if there is one."""
    while _WAITING:
        if child := _WAITING.pop():
            child.kill()
            child.communicate()


def _eps_of(content: bytes) -> bytes:
    """The PostScript of a file, marked as encapsulated where it tells its bounding box: LaTeX shows that part alone.

    A box at the end of a file, or behind its comments, is told in its head as well, where Ghostscript looks for it.
    """
    if content.startswith(DOS_EPS) and len(content) >= 12:  # noqa: PLR2004
        start, length = int.from_bytes(content[4:8], "little"), int.from_bytes(content[8:12], "little")
        content = content[start : start + length]
    start = content.find(b"%!")
    content = content[max(start, 0) :]
    first, end, rest = content.partition(b"\n" if b"\n" in content[:200] else b"\r")
    box = _bounding_box(content)
    if not box or (b"EPSF" in first and _box_in(_COMMENTS.match(content)[0])):  # type: ignore[index] - matches nothing too
        return content
    told = " ".join(f"{one:g}" for one in box).encode()
    return b"%!PS-Adobe-3.0 EPSF-3.0" + end + b"%%BoundingBox: " + told + end + rest


def _bounding_box(content: bytes) -> tuple[float, float, float, float] | None:
    """Left, bottom, right, top in points, from the head, else the end of the file."""
    return _box_in(content[:20_000]) or _box_in(content[-20_000:])


def _box_in(part: bytes) -> tuple[float, float, float, float] | None:
    found = _BOX.search(part)
    if not found:
        return None
    try:
        left, bottom, right, top = (float(one) for one in found.groups()[1:])
    except ValueError:
        return None
    return (left, bottom, right, top) if right - left >= LEAST_PT and top - bottom >= LEAST_PT else None
