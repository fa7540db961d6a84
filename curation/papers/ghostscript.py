"""Ghostscript as a library that waits for files: `python -m curation.papers.ghostscript VERSION SHEET SAID`.

To start it takes 45 ms, so it is started once; each file is drawn by a fork of what was started, finds nothing of
another file's, and ends within limits of its own. A page is drawn straight into a sheet: a file in memory, shared with
who asks. Imports little, for a fork pays for what there is.
"""

import ctypes
import errno
import json
import mmap
import os
import struct
import sys
from contextlib import suppress
from ctypes import CFUNCTYPE, c_char_p, c_int, c_size_t, c_uint, c_ushort, c_void_p
from typing import Any

from curation.papers.wanted import limit_cpu

FLAGS = (
    "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dNOPROMPT", "-dEPSCrop", "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4",
    "-dMaxBitmap=200000000", "-dUseFastColor=true", "-sstdout=%stderr",
)  # fmt: skip
TO_A_FILE = ("-sDEVICE=ppmraw", "-sOutputFile=-")
RGB, OF_8_BIT, RED_FIRST, TOP_FIRST = 0x4, 0x800, 0x0, 0x0  # of its gdevdsp.h
FORM = RGB | OF_8_BIT | RED_FIRST | TOP_FIRST
TO_A_SHEET = ("-sDEVICE=display", f"-dDisplayFormat={FORM}", "-sDisplayHandle=16#0")
LIBRARIES = ("libgs.so.10", "libgs.so.9")
UTF_8, FOR_READING = 1, 0  # of its iapi.h

HEAD = struct.Struct("3i")  # width, height and bytes a row of the page, at the sheet's start; zeros where there is none
PAGE_AT = mmap.PAGESIZE
SHEET_BYTES = PAGE_AT + (1 << 26) * 3
KEPT_BYTES = PAGE_AT + (1 << 20) * 4  # are made zeros after a page; what lies beyond is given back
TO_BE_WRITTEN = 23  # MADV_POPULATE_WRITE
DRAWN, NOT_DRAWN, TOO_LARGE = 0, 1, 3


class Revision(ctypes.Structure):
    """What a library says of itself."""

    _fields_ = (
        ("product", ctypes.c_char_p), ("copyright", ctypes.c_char_p), ("revision", ctypes.c_long),
        ("date", ctypes.c_long),
    )  # fmt: skip


OF_DEVICE = CFUNCTYPE(c_int, c_void_p, c_void_p)
OF_SIZE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int, c_int, c_uint)
OF_BITMAP = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int, c_int, c_uint, c_void_p)
OF_PAGE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int)
OF_PART = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int, c_int, c_int)
OF_MEMORY = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t)
OF_FREE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)
OF_INK = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_char_p, c_ushort, c_ushort, c_ushort, c_ushort)


class Display(ctypes.Structure):
    """Whom the library tells of a page: version 2 of its display_callback."""

    _fields_ = (
        ("size", c_int), ("version_major", c_int), ("version_minor", c_int), ("open", OF_DEVICE),
        ("preclose", OF_DEVICE), ("close", OF_DEVICE), ("presize", OF_SIZE), ("resized", OF_BITMAP),
        ("sync", OF_DEVICE), ("page", OF_PAGE), ("update", OF_PART), ("memory", OF_MEMORY), ("free", OF_FREE),
        ("separation", OF_INK),
    )  # fmt: skip


class Sheet:
    """A file in memory for one page, mapped into this process and its forks."""

    def __init__(self, file: int) -> None:
        self.file, self.memory = file, mmap.mmap(file, SHEET_BYTES)
        self.at = ctypes.addressof(ctypes.c_char.from_buffer(self.memory)) + PAGE_AT
        self.sides = (0, 0, 0)

    def display(self) -> Display:
        """Pages of the library lie in this sheet. The first one ends the process that draws it."""

        def resized(_: Any, _device: Any, width: int, height: int, row: int, form: int, *_memory: Any) -> int:
            self.sides = (width, height, row)
            return 0 if form == FORM else -1

        def page(*_: Any) -> int:
            HEAD.pack_into(self.memory, 0, *self.sides)
            os._exit(DRAWN)

        def memory(_: Any, _device: Any, n_bytes: int) -> int:
            if n_bytes > SHEET_BYTES - PAGE_AT:
                os._exit(TOO_LARGE)
            with suppress(OSError, ValueError):  # where the kernel knows it: at once, not page by page
                self.memory.madvise(TO_BE_WRITTEN, 0, min(PAGE_AT + n_bytes, KEPT_BYTES))
            return self.at

        def fine(*_: Any) -> int:
            return 0

        return Display(
            ctypes.sizeof(Display), 2, 0, OF_DEVICE(fine), OF_DEVICE(fine), OF_DEVICE(fine), OF_SIZE(fine),
            OF_BITMAP(resized), OF_DEVICE(fine), OF_PAGE(page), OF_PART(0), OF_MEMORY(memory), OF_FREE(fine),
            OF_INK(fine),
        )  # fmt: skip

    def clear(self) -> None:
        """Nothing of a page is left, wherever its process wrote."""
        ctypes.memset(self.at - PAGE_AT, 0, KEPT_BYTES)
        try:
            os.lseek(self.file, KEPT_BYTES, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # nothing lies beyond
                raise
            return
        os.ftruncate(self.file, KEPT_BYTES)
        os.ftruncate(self.file, SHEET_BYTES)


class Library:
    """An interpreter that is started, in this process, and draws on a sheet."""

    def __init__(self, version: str, sheet: Sheet) -> None:
        """Raises OSError without a library of that version, or where it does not start."""
        self.gs, self.one, self.sheet, self.display = _loaded(version), ctypes.c_void_p(), sheet, sheet.display()
        words = [one.encode() for one in ("gs", *FLAGS, *TO_A_SHEET)]
        if (
            self.gs.gsapi_new_instance(ctypes.byref(self.one), None)
            or self.gs.gsapi_set_arg_encoding(self.one, UTF_8)
            or self.gs.gsapi_set_display_callback(self.one, ctypes.byref(self.display))
            or self.gs.gsapi_init_with_args(self.one, len(words), (ctypes.c_char_p * len(words))(*words))
        ):
            raise OSError("Ghostscript's library does not start")

    def draw(self, path: bytes, setup: bytes) -> None:
        """Draws a file, which may read itself and no other; its first page, if it has one, ends this process."""
        code = ctypes.c_int()
        if not (
            self.gs.gsapi_add_control_path(self.one, FOR_READING, path)
            or self.gs.gsapi_run_string(self.one, setup, 0, ctypes.byref(code))
        ):
            self.gs.gsapi_run_file(self.one, path, 0, ctypes.byref(code))


def _loaded(version: str) -> Any:
    """The library whose revision, 10021, is the version 10.02.1. Raises OSError."""
    told = Revision()
    for name in LIBRARIES:
        try:
            gs = ctypes.CDLL(name)
        except OSError:
            continue
        is_told = gs.gsapi_revision(ctypes.byref(told), ctypes.sizeof(told)) == 0
        if is_told and str(told.revision) == version.replace(".", ""):
            return gs
    raise OSError(f"no library of Ghostscript {version}")


def drawn_by_fork(library: Library, asked: dict[str, Any], said: int) -> int:
    """How the file's own process ended, its code, or a signal as a negative number; it speaks to an open file."""
    library.sheet.clear()
    child = os.fork()
    if not child:
        try:
            limit_cpu(asked["seconds"])
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.closerange(3, 256)
            library.draw(asked["path"].encode(), asked["setup"].encode())
        finally:
            os._exit(NOT_DRAWN)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Draw until the pipe ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        library = Library(sys.argv[1], Sheet(int(sys.argv[2])))
    except OSError as error:
        sys.exit(str(error))
    print("ready", file=answers)
    for line in sys.stdin:
        print(drawn_by_fork(library, json.loads(line), int(sys.argv[3])), file=answers)


if __name__ == "__main__":
    main()
