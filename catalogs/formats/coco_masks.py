"""COCO's run-length masks: runs of pixels down the columns, outside and inside in turn, plain or compressed."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.formats.plain_json import RefusedError

Mask = NDArray[np.bool_]
MOST_PIXELS = 1 << 26  # a mask of 8192 x 8192; more is a broken or hostile file
# Compressed counts: six bits a character from "0", five of the number and one that says it goes on.
FIRST_CHARACTER, BITS, SIGN, GOES_ON, LAST_DIGIT = 48, 5, 0x10, 0x20, 0x3F
MOST_DIGITS = 7


def mask_of_runs(segmentation: Mapping[str, Any]) -> Mask:
    """A mask as bool[y, x], row 0 at the BOTTOM. Raises RefusedError, `bad-mask`, before a bad one takes memory."""
    size = segmentation.get("size")
    is_size = isinstance(size, list) and len(size) == len("hw") and all(type(one) is int and one > 0 for one in size)
    if not is_size or math.prod(size) > MOST_PIXELS:
        raise RefusedError(
            "bad-mask", f"size: found {size!r:.60}, expected [height, width], at most {MOST_PIXELS} pixels"
        )
    counts = segmentation.get("counts")
    runs = _runs(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(one) is int and 0 <= one <= MOST_PIXELS for one in runs):
        raise RefusedError("bad-mask", f"counts: found {counts!r:.60}, expected runs of pixels")
    if sum(runs) != math.prod(size):
        raise RefusedError("bad-mask", f"counts: {sum(runs)} pixels, expected {size[0]} x {size[1]}")
    inside = np.arange(len(runs)) % 2 == 1
    # Runs go down the columns, not along the rows; and row 0 of the picture is at the top.
    return np.repeat(inside, runs).reshape(size, order="F")[::-1]


def _runs(text: str) -> list[int]:
    """Runs of pixels from COCO's compressed text: signed numbers, from the fourth on as a change against two before."""
    runs, place = list[int](), 0
    while place < len(text):
        value, shift, goes_on, digit = 0, 0, True, 0
        while goes_on:
            if place >= len(text) or shift >= MOST_DIGITS * BITS:
                raise RefusedError("bad-mask", "counts: a number does not end")
            digit = ord(text[place]) - FIRST_CHARACTER
            if not 0 <= digit <= LAST_DIGIT:
                raise RefusedError("bad-mask", f"counts: found {text[place]!r}, expected characters from '0' to 'o'")
            value |= (digit & 0x1F) << shift
            goes_on, place, shift = bool(digit & GOES_ON), place + 1, shift + BITS
        if digit & SIGN:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))  # noqa: PLR2004
    return runs
