"""PNG rows as DEFLATE (RFC 1951), by runs and one Huffman code: the same bytes on every processor, in integers alone.

A picture of the sky is noise for the most part. Longer matches than runs of a byte are not searched for: behind the
Paeth filter they gain nothing there, and the search is three quarters of what a general library's quickest level takes.
"""

import zlib

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
PAETH = 4  # the filter's number, as the byte that a row begins with
END = 256  # the symbol after the last byte; above it stand lengths of runs
N_SYMBOLS, MAX_BITS = 286, 15
LEAST_RUN, MOST_RUN = 3, 258
# RFC 1951, 3.2.5: the shortest run of each symbol from 257 on, and how many further bits tell the rest of its length.
RUN_FROM = np.array([*range(3, 11), 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
                     258])  # fmt: skip
RUN_BITS = np.array([0] * 8 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4 + [5] * 4 + [0])
_of_run = np.searchsorted(RUN_FROM, np.arange(MOST_RUN + 1), side="right") - 1
RUNS = np.stack([_of_run + 257, RUN_FROM[_of_run], RUN_BITS[_of_run]])  # by length; nothing below LEAST_RUN is used
DISTANCE_BITS = 1
# 3.2.7: the last block, with its own codes: 286 symbols, one distance, 19 lengths of the code that tells lengths.
HEAD = [(1, 1), (2, 2), (N_SYMBOLS - 257, 5), (0, 5), (15, 4)]
# That code is the plain number of four bits, first bit first, for 0 to 15; 16 to 18, which stand first, have none.
HEAD += [(0, 3)] * 3 + [(4, 3)] * 16
_FOUR_BITS = [(int(f"{length:04b}"[::-1], 2), 4) for length in range(16)]
FIRST_OF_HEAD = END + MOST_RUN + 1  # tokens from here on stand before all others: those of HEAD, and the 16 lengths
TOLD_OF_HEAD = np.array([*HEAD, *_FOUR_BITS], np.uint64).T


def zlib_of_rows(rows: Bytes) -> bytes:
    """Filtered rows [y, x] in zlib's form (RFC 1950)."""
    flat = np.ascontiguousarray(rows).reshape(-1)
    tokens, counts = _tokens(flat, RUNS[0])
    lengths = _code_lengths(counts)
    head = FIRST_OF_HEAD + np.append(np.arange(len(HEAD)), len(HEAD) + np.append(lengths, DISTANCE_BITS))
    told = np.concatenate([_told(lengths, RUNS), TOLD_OF_HEAD], axis=1)
    body = np.empty(tokens.size + head.size + 1, "<u4")  # no token has more than 21 bits
    n_bytes = _packed(np.concatenate([head.astype(np.uint16), tokens]), told, body)
    return b"\x78\x01" + body.view(np.uint8)[:n_bytes].tobytes() + zlib.adler32(flat).to_bytes(4, "big")


@njit(cache=True, nogil=True)
def filter_paeth(pixels: Bytes, n_channels: int, rows: Bytes) -> None:  # pragma: no cover -- compiled
    """Each byte of pixels [y, x * n_channels] less its Paeth prediction, into rows [y, 1 + x * n_channels]."""
    height, width = pixels.shape
    for y in range(height):
        rows[y, 0] = PAETH
        if y == 0:
            for x in range(width):
                rows[0, x + 1] = pixels[0, x] - (pixels[0, x - n_channels] if x >= n_channels else 0)
            continue
        here, above = pixels[y], pixels[y - 1]
        rows[y, 1 : n_channels + 1] = here[:n_channels] - above[:n_channels]
        _paeth_row(
            here[n_channels:], here[:-n_channels], above[n_channels:], above[:-n_channels], rows[y, n_channels + 1 :]
        )


@njit(cache=True, nogil=True)
def _paeth_row(here: Bytes, left: Bytes, up: Bytes, corner: Bytes, out: Bytes) -> None:  # pragma: no cover -- compiled
    for x in range(here.size):
        a, b, c = np.int16(left[x]), np.int16(up[x]), np.int16(corner[x])
        to_a, to_b = np.int16(b - c), np.int16(a - c)
        to_c = np.int16(to_a + to_b)
        to_a, to_b, to_c = np.int16(abs(to_a)), np.int16(abs(to_b)), np.int16(abs(to_c))
        nearest = b if to_b <= to_c else c
        nearest = a if (to_a <= to_b) & (to_a <= to_c) else nearest
        out[x] = here[x] - np.uint8(nearest)


@njit(cache=True, nogil=True)
def _begin_runs(flat: Bytes) -> NDArray[np.bool_]:  # pragma: no cover -- compiled
    """Of each byte whether the LEAST_RUN behind it are the same."""
    begins = np.zeros(flat.size, np.bool_)
    for i in range(flat.size - LEAST_RUN):
        begins[i] = (flat[i + 1] == flat[i]) & (flat[i + 2] == flat[i]) & (flat[i + 3] == flat[i])
    return begins


@njit(cache=True, nogil=True)
def _tokens(flat: Bytes, run_symbol: NDArray[np.int64]):  # noqa: ANN202 # pragma: no cover -- compiled
    """Bytes as they are, runs of the byte before as END + their length, and END; and how often each symbol is there."""
    tokens, counts = np.empty(flat.size + 1, np.uint16), np.zeros(FIRST_OF_HEAD, np.int64)
    n, i = 0, 0
    for begin in np.flatnonzero(_begin_runs(flat)):
        if begin < i:
            continue
        end, limit = begin + 1 + LEAST_RUN, min(flat.size, begin + 1 + MOST_RUN)
        while end < limit and flat[end] == flat[begin]:
            end += 1
        n_plain = begin + 1 - i
        tokens[n : n + n_plain] = flat[i : begin + 1]
        tokens[n + n_plain] = END + (end - begin - 1)
        n, i = n + n_plain + 1, end
    n_plain = flat.size - i
    tokens[n : n + n_plain] = flat[i:]
    tokens[n + n_plain] = END
    tokens = tokens[: n + n_plain + 1]
    for token in tokens:
        counts[token] += 1
    for length in range(LEAST_RUN, MOST_RUN + 1):
        found, counts[END + length] = counts[END + length], 0
        counts[run_symbol[length]] += found
    return tokens, counts[:N_SYMBOLS]


@njit(cache=True, nogil=True)
def _code_lengths(counts: NDArray[np.int64]) -> NDArray[np.int64]:  # pragma: no cover -- compiled
    """Huffman's code lengths, at most MAX_BITS: where one is longer, counts are halved until none is."""
    weights = counts.copy()
    while True:
        lengths = _huffman(weights)
        if lengths.max() <= MAX_BITS:
            return lengths
        for i in range(weights.size):
            if weights[i]:
                weights[i] = (weights[i] >> 1) + 1


@njit(cache=True, nogil=True)
def _huffman(weights: NDArray[np.int64]) -> NDArray[np.int64]:  # pragma: no cover -- compiled
    """From two queues: the symbols by weight, and the nodes in the order in which they are made."""
    lengths = np.zeros(weights.size, np.int64)
    used = np.flatnonzero(weights)
    if used.size == 1:
        lengths[used[0]] = 1
        return lengths
    # A weight and a symbol are one number, so that equal weights come in the order of symbols with any sort.
    leaves = np.sort(weights[used] * weights.size + used)
    n = leaves.size
    weight, parent = np.empty(2 * n - 1, np.int64), np.zeros(2 * n - 1, np.int64)
    for i in range(n):
        weight[i] = leaves[i] // weights.size
    leaf, node = 0, n
    for made in range(n, 2 * n - 1):
        total = 0
        for _ in range(2):
            if leaf < n and (node >= made or weight[leaf] <= weight[node]):
                taken = leaf
                leaf += 1
            else:
                taken = node
                node += 1
            total += weight[taken]
            parent[taken] = made
        weight[made] = total
    depth = np.zeros(2 * n - 1, np.int64)
    for i in range(2 * n - 3, -1, -1):
        depth[i] = depth[parent[i]] + 1
    for i in range(n):
        lengths[leaves[i] % weights.size] = depth[i]
    return lengths


@njit(cache=True, nogil=True)
def _codes(lengths: NDArray[np.int64]) -> NDArray[np.uint64]:  # pragma: no cover -- compiled
    """The canonical codes of RFC 1951, 3.2.2, their first bit lowest."""
    codes = np.zeros(lengths.size, np.uint64)
    code = 0
    for bits in range(1, MAX_BITS + 1):
        for symbol in range(lengths.size):
            if lengths[symbol] == bits:
                turned = 0
                for k in range(bits):
                    turned |= ((code >> k) & 1) << (bits - 1 - k)
                codes[symbol] = np.uint64(turned)
                code += 1
        code <<= 1
    return codes


@njit(cache=True, nogil=True)
def _told(lengths: NDArray[np.int64], runs: NDArray[np.int64]) -> NDArray[np.uint64]:  # pragma: no cover -- compiled
    """What stands in the file for a token, and in how many bits: [2, tokens]; a run's further bits behind its code.

    `runs`: symbol, shortest run and number of further bits by length of run, [3, MOST_RUN + 1].
    """
    codes, told = _codes(lengths), np.zeros((2, END + MOST_RUN + 1), np.uint64)
    told[0, : END + 1], told[1, : END + 1] = codes[: END + 1], lengths[: END + 1].astype(np.uint64)
    for length in range(LEAST_RUN, MOST_RUN + 1):
        symbol, least, more = runs[0, length], runs[1, length], runs[2, length]
        told[0, END + length] = codes[symbol] | (np.uint64(length - least) << np.uint64(lengths[symbol]))
        told[1, END + length] = lengths[symbol] + more + DISTANCE_BITS  # whose one code, for a distance of 1, is 0
    return told


@njit(cache=True, nogil=True)
def _packed(
    tokens: NDArray[np.uint16], told: NDArray[np.uint64], body: NDArray[np.uint32]
) -> int:  # pragma: no cover -- compiled
    """The bits of all tokens, lowest first; gives the number of bytes."""
    held, n_held, n_words = np.uint64(0), np.uint64(0), 0
    word, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    for token in tokens:
        held |= told[0, token] << n_held
        n_held += told[1, token]
        if n_held >= word:
            body[n_words] = np.uint32(held & mask)
            held >>= word
            n_held -= word
            n_words += 1
    body[n_words] = np.uint32(held & mask)
    return 4 * n_words + (np.int64(n_held) + 7) // 8
