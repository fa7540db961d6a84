"""Ghostscript as a library that waits for files: `python -m curation.papers.ghostscript VERSION PAGE SAID`.

To start it takes 45 ms, so it is started once; each file is drawn by a fork of what was started, finds nothing of
another file's, and ends within limits of its own. Imports little, for a fork pays for what there is.
"""

import ctypes
import json
import os
import sys
from typing import Any

from curation.papers.wanted import limit_cpu

FLAGS = (
    "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dNOPROMPT", "-dEPSCrop", "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4",
    "-dMaxBitmap=200000000", "-dUseFastColor=true", "-sDEVICE=ppmraw", "-sstdout=%stderr", "-sOutputFile=-",
)  # fmt: skip
LIBRARIES = ("libgs.so.10", "libgs.so.9")
UTF_8, FOR_READING = 1, 0  # of its iapi.h


class Revision(ctypes.Structure):
    """What a library says of itself."""

    _fields_ = (
        ("product", ctypes.c_char_p), ("copyright", ctypes.c_char_p), ("revision", ctypes.c_long),
        ("date", ctypes.c_long),
    )  # fmt: skip


class Library:
    """An interpreter that is started, in this process."""

    def __init__(self, version: str) -> None:
        """Raises OSError without a library of that version, or where it does not start."""
        self.gs, self.one = _loaded(version), ctypes.c_void_p()
        words = [one.encode() for one in ("gs", *FLAGS)]
        if (
            self.gs.gsapi_new_instance(ctypes.byref(self.one), None)
            or self.gs.gsapi_set_arg_encoding(self.one, UTF_8)
            or self.gs.gsapi_init_with_args(self.one, len(words), (ctypes.c_char_p * len(words))(*words))
        ):
            raise OSError("Ghostscript's library does not start")

    def draws(self, path: bytes, setup: bytes) -> bool:
        """Draws a file to the standard output; it may read this file and no other."""
        code = ctypes.c_int()
        is_drawn = not (
            self.gs.gsapi_add_control_path(self.one, FOR_READING, path)
            or self.gs.gsapi_run_string(self.one, setup, 0, ctypes.byref(code))
            or self.gs.gsapi_run_file(self.one, path, 0, ctypes.byref(code))
        )
        ctypes.CDLL(None).fflush(None)
        return is_drawn


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


def drawn_by_fork(library: Library, asked: dict[str, Any], page: int, said: int) -> int:
    """How the file's own process ended, its code, or a signal as a negative number; it writes to two open files."""
    child = os.fork()
    if not child:
        try:
            limit_cpu(asked["seconds"])
            os.dup2(page, 1)
            os.dup2(said, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.closerange(3, 256)
            os._exit(0 if library.draws(asked["path"].encode(), asked["setup"].encode()) else 1)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Draw until the pipe ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        library = Library(sys.argv[1])
    except OSError as error:
        sys.exit(str(error))
    print("ready", file=answers)
    for line in sys.stdin:
        print(drawn_by_fork(library, json.loads(line), int(sys.argv[2]), int(sys.argv[3])), file=answers)


if __name__ == "__main__":
    main()
