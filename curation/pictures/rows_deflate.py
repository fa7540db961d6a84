"""PNG rows as DEFLATE (RFC 1951), by runs and one Huffman code: the same bytes on every processor, in integers alone.

A picture of the sky is noise for the most part. Longer matches than runs of a byte are not searched for: behind the
Paeth filter they gain nothing there, and the search is three quarters of what a general library's quickest level takes.
"""

import numpy as np
from isal import isal_zlib
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
N_HEAD = len(HEAD) + N_SYMBOLS + 1
TOLD_OF_HEAD = np.array([*HEAD, *_FOUR_BITS], np.uint64).T
EIGHT = 8  # bytes that are looked at together
TOKENS_A_STEP = 3  # of at most 21 bits each: 63
HIGH_AT, LOW, ONE = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(1)
# In what is told of a token: its bits are low, their number is high.


def zlib_of_rows(rows: Bytes) -> bytes:
    """Filtered rows [y, x] in zlib's form (RFC 1950)."""
    flat = np.ascontiguousarray(rows).reshape(-1)
    tokens, counts = _tokens(flat, RUNS[0], N_HEAD)
    lengths = _code_lengths(counts)
    head = np.append(np.arange(len(HEAD)), len(HEAD) + np.append(lengths, DISTANCE_BITS))
    tokens[:N_HEAD] = FIRST_OF_HEAD + head
    codes, n_bits = np.concatenate([_told(lengths, RUNS), TOLD_OF_HEAD], axis=1)
    body = np.empty(tokens.size // TOKENS_A_STEP + 2, "<u8")
    n_bytes = _packed(tokens, codes | (n_bits << HIGH_AT), body)
    return b"\x78\x01" + body.view(np.uint8)[:n_bytes].tobytes() + isal_zlib.adler32(flat).to_bytes(4, "big")


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
def _goes_on(flat: Bytes) -> Bytes:  # pragma: no cover -- compiled
    """Of each byte 1 where it belongs to at least LEAST_RUN in a row that are the same as the one before them, else 0.

    With EIGHT that are 0 behind the last.
    """
    n, goes_on = flat.size, np.zeros(flat.size + EIGHT, np.uint8)
    if n <= LEAST_RUN:
        return goes_on
    apart = np.ones(n + LEAST_RUN - 1, np.uint8)
    begins = apart[LEAST_RUN - 1 : n - 1]  # 0 where a run begins behind a byte
    first, second, third, fourth = flat[: n - 3], flat[1 : n - 2], flat[2 : n - 1], flat[3:]
    for i in range(begins.size):
        begins[i] = (first[i] ^ second[i]) | (first[i] ^ third[i]) | (first[i] ^ fourth[i])
    three, two, one, behind = apart[: n - 1], apart[1:n], apart[2:], goes_on[1:n]
    for i in range(behind.size):
        behind[i] = np.uint8(three[i] == 0) | np.uint8(two[i] == 0) | np.uint8(one[i] == 0)
    return goes_on


@njit(cache=True, nogil=True)
def _tokens(flat: Bytes, run_symbol: NDArray[np.int64], n_before: int):  # noqa: ANN202 # pragma: no cover -- compiled
    """Bytes as they are, runs of the byte before as END + their length, and END; and how often each symbol is there.

    Before them `n_before` places stay free.
    """
    n_over = -flat.size % EIGHT
    given = np.append(flat, np.zeros(n_over, np.uint8)) if n_over else flat
    goes_on, tokens = _goes_on(flat), np.empty(n_before + given.size + 1, np.uint16)
    n, plain = n_before, 0  # the next place; the last byte that stands as it is
    eights = goes_on[: given.size].view(np.uint64)
    for eight in range(eights.size):
        begin = EIGHT * eight
        if eights[eight] == 0:  # no run: several at a time
            from_, to = given[begin : begin + EIGHT], tokens[n : n + EIGHT]
            for k in range(EIGHT):
                to[k] = from_[k]
            n, plain = n + EIGHT, begin + EIGHT - 1
            continue
        for k in range(EIGHT):  # without a branch but for the longest runs: where one ends cannot be foreseen
            i = begin + k
            here, is_last = np.int64(goes_on[i]), 1 - np.int64(goes_on[i + 1])
            in_run = -here  # all bits, or none
            plain = (plain & in_run) | (i & ~in_run)
            tokens[np.uint64(n)] = ((END + i - plain) & in_run) | (np.int64(given[i]) & ~in_run)
            n += (1 - here) | is_last
            if i - plain == MOST_RUN and not is_last:
                _break_run(goes_on, i + 1)
                n += 1
    n -= n_over
    tokens[n] = END
    tokens = tokens[: n + 1]
    counts = _counts(tokens[n_before:])
    for length in range(LEAST_RUN, MOST_RUN + 1):
        found, counts[END + length] = counts[END + length], 0
        counts[run_symbol[length]] += found
    return tokens, counts[:N_SYMBOLS]


@njit(cache=True, nogil=True)
def _break_run(goes_on: Bytes, at: int) -> None:  # pragma: no cover -- compiled
    """A run that is too long begins anew behind this byte; what is left of it is no run where it is too short."""
    left = 0
    while left <= LEAST_RUN and goes_on[at + left]:
        left += 1
    goes_on[at : at + (1 if left > LEAST_RUN else left)] = 0


@njit(cache=True, nogil=True)
def _counts(tokens: NDArray[np.uint16]) -> NDArray[np.int64]:  # pragma: no cover -- compiled
    """In four counts side by side, so that equal tokens do not wait for each other."""
    counts = np.zeros((4, FIRST_OF_HEAD), np.int64)
    a, b, c, d = counts
    whole = tokens.size // 4 * 4
    for i in range(0, whole, 4):
        a[tokens[i]] += 1
        b[tokens[i + 1]] += 1
        c[tokens[i + 2]] += 1
        d[tokens[i + 3]] += 1
    for token in tokens[whole:]:
        a[token] += 1
    return counts.sum(axis=0)


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
    tokens: NDArray[np.uint16], told: NDArray[np.uint64], body: NDArray[np.uint64]
) -> int:  # pragma: no cover -- compiled
    """The bits of all tokens, lowest first; gives the number of bytes."""
    held, n_held, n_words = np.uint64(0), np.uint64(0), 0
    whole = tokens.size // TOKENS_A_STEP * TOKENS_A_STEP
    for i in range(0, whole + TOKENS_A_STEP, TOKENS_A_STEP):
        bits, n_bits = np.uint64(0), np.uint64(0)
        if i < whole:
            for k in range(TOKENS_A_STEP):
                one = told[tokens[i + k]]
                bits |= (one & LOW) << n_bits
                n_bits += one >> HIGH_AT
        else:
            for token in tokens[whole:]:
                one = told[token]
                bits |= (one & LOW) << n_bits
                n_bits += one >> HIGH_AT
        both, n_both = held | (bits << n_held), n_held + n_bits
        body[n_words] = both
        rest = (bits >> ONE) >> (np.uint64(63) - n_held)
        is_full = n_both >= np.uint64(64)
        held = rest if is_full else both
        n_words += is_full
        n_held = n_both & np.uint64(63)
    body[n_words] = held
    return 8 * n_words + (np.int64(n_held) + 7) // 8
