"""Figures that are copies of earlier ones: the same picture in any size, or the words of another paper printed again.

Nothing here decides by chance or by order of parts: the earliest figure stays.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BITS = 40
"""Of 256 by which the hashes of one picture in two sizes or formats may differ; 32 was the most that was seen."""
MOST_GREYS, MEAN_GREYS = 14, 3.0
"""Between the small pictures of copies; 10 and 2.0 were the most that was seen, 27 the least of other pictures."""
BAND_BITS, N_BANDS = 12, 21
"""Copies agree in at least one run of so many bits: those that differ are among the fast cosines."""
LEAST_WORDS = 12  # of a caption that is compared with those of other papers
LEAST_ALIKE = 0.9  # share of three-word runs that two captions share
SHINGLE = 3
MOST_IN_A_BUCKET = 2_000  # captions that share a rare run of words
Ints = NDArray[np.int64]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Copy:
    """That a figure is a copy: of which, and in what."""

    of: str
    reason: str
    """duplicate-picture or duplicate-text."""
    detail: str


def copies(rows: Sequence[Row]) -> dict[str, Copy]:
    """The figures that are copies, by id; each of the earliest one that it is like.

    `rows`: figure_id, paper_id, published, number, panel, picture_hash, small, caption. Pictures are alike whatever
    their captions say; captions only between papers, where all numbers and names in them are the same too.
    """
    order = sorted(
        rows, key=lambda row: (row["published"], row["paper_id"], row["number"], row["panel"], row["figure_id"])
    )
    found: dict[str, Copy] = {}
    first_of: dict[tuple[str, bytes], Row] = {}  # those that are equal to the last grey are held against others once
    for row in order:
        first_of.setdefault((row["picture_hash"], row["small"]), row)
    unlike = list(first_of.values())
    for later, earlier, n_bits in _alike_pictures([row["picture_hash"] for row in unlike]):
        first, row = unlike[earlier], unlike[later]
        if first["figure_id"] in found or row["figure_id"] in found or not _look_alike(row["small"], first["small"]):
            continue  # a faint source in a large frame changes few bits
        found[row["figure_id"]] = _copied_picture(first, n_bits)
    for row in order:
        first = first_of[row["picture_hash"], row["small"]]
        if first is not row:
            found[row["figure_id"]] = found.get(first["figure_id"]) or _copied_picture(first, 0)
    left = [row for row in order if row["figure_id"] not in found]
    for later, earlier, share in _alike_texts(left):
        first = left[earlier]
        if first["figure_id"] in found or left[later]["figure_id"] in found:
            continue
        what = f"{_named(first)} has {share:.0%} of its words"
        found[left[later]["figure_id"]] = Copy(first["figure_id"], "duplicate-text", what)
    return found


def _copied_picture(first: Row, n_bits: int) -> Copy:
    but = f", but for {n_bits} of 256 bits of its hash" if n_bits else ""
    return Copy(first["figure_id"], "duplicate-picture", f"{_named(first)} has the same picture{but}")


def _named(row: Row) -> str:
    return f"figure {row['number']}{row['panel']} of {row['paper_id']} ({row['figure_id']})"


# -- pictures -------------------------------------------------------------------------------------------------------


def _alike_pictures(hashes: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """(later, earlier, bits that differ), by later, then earlier."""
    if not hashes:
        return
    packed = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8).reshape(len(hashes), -1)
    pairs = np.concatenate([np.empty((0, 2), np.int64), *_candidates(np.unpackbits(packed, axis=1))])
    pairs = np.unique(pairs, axis=0)
    bits = np.bitwise_count(packed[pairs[:, 0]] ^ packed[pairs[:, 1]]).sum(1, dtype=np.int64)
    for (later, earlier), n in zip(pairs.tolist(), bits.tolist(), strict=True):
        if n <= MOST_BITS:
            yield later, earlier, n


def _look_alike(left: bytes, right: bytes) -> bool:
    """Whether two small pictures differ by no more than another size or a lossy format makes them differ."""
    one, other = (np.frombuffer(each, np.uint8).astype(np.int16) for each in (left, right))
    apart = np.abs(one - other)
    return bool(apart.max() <= MOST_GREYS and apart.mean() <= MEAN_GREYS)


def _candidates(bits: NDArray[np.uint8]) -> Iterator[Ints]:
    """Pairs (later, earlier) that agree in a band of bits and are near: those in one bucket, each with each."""
    weights = 1 << np.arange(BAND_BITS)
    packed = np.packbits(bits, axis=1)
    for band in range(N_BANDS):
        keys = bits[:, band * BAND_BITS : (band + 1) * BAND_BITS] @ weights
        order = np.argsort(keys, kind="stable")
        edges = np.flatnonzero(np.diff(keys[order])) + 1
        for bucket in np.split(order, edges):
            for at in range(1, len(bucket)):
                later, earlier = bucket[at], bucket[:at]
                near = np.bitwise_count(packed[earlier] ^ packed[later]).sum(1, dtype=np.int64) <= MOST_BITS
                if near.any():
                    yield np.column_stack([np.full(int(near.sum()), later), earlier[near]])


# -- texts ----------------------------------------------------------------------------------------------------------


def _alike_texts(rows: Sequence[Row]) -> Iterator[tuple[int, int, float]]:
    """(later, earlier, share of the runs of words) of captions of other papers, by later, then earlier."""
    words = [_words(row["caption"]) for row in rows]
    runs = [_runs(one) if len(one) >= LEAST_WORDS else frozenset[str]() for one in words]
    seen: dict[str, list[int]] = {}
    for later, mine in enumerate(runs):
        # Of runs in the order of their text a share of 1 - 0.9 suffices to meet every text that is alike so far.
        prefix = sorted(mine)[: len(mine) - int(np.ceil(LEAST_ALIKE * len(mine))) + 1]
        others = sorted({one for run in prefix for one in seen.get(run, ())})
        for earlier in others:
            share = len(mine & runs[earlier]) / len(mine | runs[earlier])
            is_other = rows[earlier]["paper_id"] != rows[later]["paper_id"]
            if is_other and share >= LEAST_ALIKE and _marked(words[later]) == _marked(words[earlier]):
                yield later, earlier, share
        for run in prefix:
            bucket = seen.setdefault(run, [])
            if len(bucket) < MOST_IN_A_BUCKET:
                bucket.append(later)


def _words(caption: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", caption).lower()
    return re.findall(r"[a-z0-9]+(?:[.+-][a-z0-9]+)*", plain)


def _runs(words: Sequence[str]) -> frozenset[str]:
    return frozenset(" ".join(words[k : k + SHINGLE]) for k in range(len(words) - SHINGLE + 1))


def _marked(words: Sequence[str]) -> frozenset[str]:
    """The words with a digit: numbers and names of sources."""
    return frozenset(one for one in words if any(letter.isdigit() for letter in one))
