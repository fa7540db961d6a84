"""What a figure looks like, by rule: a hash that copies share, and plots told apart by gaps and axes."""

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
HASHED_PX, HASH_SIDE, SMALL_PX = 64, 16, 24
BY_FREQUENCY = np.argsort(np.add.outer(np.arange(HASH_SIDE), np.arange(HASH_SIDE)).ravel(), kind="stable")
INK = 40  # grey levels from the ground
LEAST_SHARE = 0.16  # of the picture's side that a plot takes
LEAST_GAP = 0.012  # of the picture's side
LINE_SHARE = 0.7  # of a block's side that an axis runs along
MOST_LINE_PX = 4
MOST_PANELS = 99


def picture_hash(grey: Bytes) -> str:
    """A perceptual hash of 256 bits, in hex: signs of the lowest 16 x 16 cosines about their median (pHash).

    The slowest cosines come first. The same picture in another size or format differs in a few of the last bits;
    another picture in about half of all.
    """
    shrunk = cv2.resize(grey, (HASHED_PX, HASHED_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(shrunk)[:HASH_SIDE, :HASH_SIDE].ravel()[BY_FREQUENCY]
    bits = low > np.median(low[1:])
    return np.packbits(bits).tobytes().hex()


def small(grey: Bytes) -> bytes:
    """The picture as 24 x 24 greys: what a hash leaves open is seen there."""
    return cv2.resize(grey, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA).tobytes()


def panels(grey: Bytes) -> int:
    """Plots in a picture, at least 1: blocks between empty gaps, and cells between axes that share a border.

    The ground is the most frequent grey of the border. A block or cell counts from 16 % of the picture's sides on, so
    that colour bars, titles and labels of axes do not.
    """
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = int(np.bincount(edge, minlength=256).argmax())
    ink = cv2.absdiff(grey, np.full_like(grey, ground)) > INK
    blocks = _blocks(ink, ink.shape)
    return int(np.clip(sum(_cells(one, ink.shape) for one in blocks), 1, MOST_PANELS))


def _blocks(ink: NDArray[np.bool_], whole: tuple[int, ...], depth: int = 4) -> list[NDArray[np.bool_]]:
    """Blocks of ink between empty rows and columns, cut again and again; only those as large as a plot."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        return []
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if ink.shape[0] < LEAST_SHARE * whole[0] or ink.shape[1] < LEAST_SHARE * whole[1]:
        return []
    for axis in (0, 1) if depth else ():
        least = max(2, round(LEAST_GAP * whole[axis]))
        cuts = _gaps(ink.any(1 - axis), least)
        pieces = np.split(ink, cuts, axis=axis) if cuts else []
        found = [block for piece in pieces for block in _blocks(piece, whole, depth - 1)]
        if len(found) > 1:
            return found
    return [ink]


def _gaps(filled: NDArray[np.bool_], least: int) -> list[int]:
    """The middles of runs of empty rows that are at least so long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[1], filled.astype(np.int8), [1]])))
    return [int(start + end) // 2 for start, end in edges.reshape(-1, 2).tolist() if end - start >= least]


def _cells(block: NDArray[np.bool_], whole: tuple[int, ...]) -> int:
    """Cells of a block between long straight lines; 1 where there are no more than those of one frame."""
    across = _between(_lines(block.mean(0)), LEAST_SHARE * whole[1])
    down = _between(_lines(block.mean(1)), LEAST_SHARE * whole[0])
    return max(1, across) * max(1, down)


def _lines(share: NDArray[np.float64]) -> list[float]:
    """Where thin lines run along most of a block, by the share of ink in each of its rows or columns."""
    is_line = share >= LINE_SHARE
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_line.astype(np.int8), [0]])))
    return [(start + end) / 2 for start, end in edges.reshape(-1, 2).tolist() if end - start <= MOST_LINE_PX]


def _between(lines: list[float], least: float) -> int:
    return sum(right - left >= least for left, right in zip(lines, lines[1:], strict=False))
