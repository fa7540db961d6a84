"""PNG of our own coding, held against readers that are not ours."""

import io
import os
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from curation.pictures.png import png_bytes
from curation.pictures.rows_deflate import MAX_BITS, N_SYMBOLS, RUN_BITS, RUN_FROM, _code_lengths, zlib_of_rows

RNG = np.random.default_rng(4)
PICTURES = {
    "noise": RNG.normal(60, 9, (384, 384)),
    "even": np.full((40, 30), 7),
    "one-pixel": np.zeros((1, 1)),
    "one-row": np.arange(300)[None] % 256,
    "one-column": np.arange(300)[:, None] % 256,
    "all-values": RNG.integers(0, 256, (90, 71)),
    "long-runs": np.arange(200)[:, None] // 40 * 50 + np.zeros((200, 700)),
    "saturated": np.clip(RNG.normal(0, 300, (64, 64)), 0, 255).repeat(5, 0).repeat(5, 1),
    "colour": RNG.normal(90, 20, (50, 60, 3)),
    "colour-of-one-pixel": np.full((1, 1, 3), 200),
}


@pytest.mark.parametrize("name", PICTURES)
def test_other_libraries_read_what_was_drawn(name):
    pixels = np.clip(PICTURES[name], 0, 255).astype(np.uint8)
    body = png_bytes(pixels)
    with Image.open(io.BytesIO(body)) as image:
        image.verify()
    with Image.open(io.BytesIO(body)) as image:
        assert image.mode == ("RGB" if pixels.ndim == 3 else "L")
        np.testing.assert_array_equal(np.asarray(image), pixels)
    theirs = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(theirs[..., ::-1] if pixels.ndim == 3 else theirs, pixels)


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.sampled_from([0, 0, 0, 1, 255])))
def test_any_rows_come_back(rows):
    assert zlib.decompress(zlib_of_rows(rows)) == rows.tobytes()


@pytest.mark.parametrize("length", [*range(1, 12), 257, 258, 259, 260, 261, 262, 600, 258 * 40, 258 * 40 + 1])
def test_a_run_of_any_length_comes_back(length):
    rows = np.array([[9] + [5] * length + [9]], np.uint8)
    assert zlib.decompress(zlib_of_rows(rows)) == rows.tobytes()


def test_codes_are_as_short_as_can_be_and_never_too_long():
    fibonacci = [1, 1]
    while len(fibonacci) < 40:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])  # the weights of the deepest tree
    counts = np.zeros(N_SYMBOLS, np.int64)
    counts[:40] = fibonacci
    lengths = _code_lengths(counts)
    assert lengths.max() == MAX_BITS and (lengths[40:] == 0).all()
    assert (0.5 ** lengths[:40]).sum() <= 1  # Kraft: a code that can be told apart
    counts[:40] = RNG.integers(100, 10_000, 40)
    lengths = _code_lengths(counts)
    assert (0.5 ** lengths[:40]).sum() == 1
    share = counts[:40] / counts.sum()
    mean, entropy = (share * lengths[:40]).sum(), -(share * np.log2(share)).sum()
    assert entropy <= mean < entropy + 0.1


def test_the_table_of_runs_has_no_gap():
    assert (RUN_FROM[:-2] + 2 ** RUN_BITS[:-2] == RUN_FROM[1:-1]).all() and RUN_FROM[-1] == 258


def test_the_bytes_are_the_same_where_nothing_is_compiled():
    script = (
        "import hashlib, sys, numpy as np; from curation.pictures.png import png_bytes; n = int(sys.argv[1])\n"
        "y, x = np.mgrid[:n, :n]; noise = ((x * 7919 + y * 104729) ** 2 >> 5) % 251\n"
        "bands = np.where(y % 9 < 5, 0, noise)\n"
        "print(*(hashlib.sha256(png_bytes(one.astype(np.uint8))).hexdigest() for one in "
        "(noise, bands, np.zeros((n, n)), np.stack([noise, bands, noise], axis=2))))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, "61"], capture_output=True, text=True, check=True,
            env={**os.environ, "NUMBA_DISABLE_JIT": off},
        ).stdout.split()
        for off in ("0", "1")
    ]  # fmt: skip
    assert said[0] == said[1] and len(set(said[0])) == 4


def test_the_bytes_stay():
    """A picture is named by its bytes: another coder is another version of the step."""
    y, x = np.mgrid[:64, :64]
    grey = ((x * x + 3 * y * y) // 7 % 256).astype(np.uint8)
    assert len(png_bytes(grey)) == len(png_bytes(np.asfortranarray(grey)))
    assert zlib.crc32(png_bytes(grey)) == 3692751568
