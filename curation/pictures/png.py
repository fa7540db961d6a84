"""Rows that a filter of PNG has gone over, as a file of 8 bit: the same bytes on every processor, by libdeflate.

ISA-L is twice as quick, but chooses its code by the processor (decision 6).
"""

import struct
import zlib

import deflate
import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
UP = 2  # the filter that takes from each row the one above it, as the byte that a row begins with
COLOUR_TYPES = {1: 0, 3: 2}  # grey, RGB


def packed(filtered: NDArray[np.uint8], *, n_channels: int, level: int) -> bytes:
    """Filtered rows [y, 1 + x * n_channels], each beginning with its filter, as PNG; `level`: of libdeflate."""
    height, width = filtered.shape[0], (filtered.shape[1] - 1) // n_channels
    head = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[n_channels], 0, 0, 0)
    body = deflate.zlib_compress(filtered.tobytes(), level)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
