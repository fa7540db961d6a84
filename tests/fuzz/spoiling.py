"""Valid input, spoilt: what stands there twice, not at all, elsewhere, often, or as something else."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

LONGEST = 200_000
MOST_CHANGES = 5
ODD = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", "\u202e".encode(), "\u0663".encode(), "\U0001f52d".encode(),
    b"nan", b"-inf", b"1e999", b"1" * 400, b"-0", b"[" * 200, b"{" * 200, b"(" * 200, b"<", b"&", b'"', b"'", b"\\",
    b"%", b"$", b"../../x", b"null", b"true",
)  # fmt: skip


class Spoilable(Protocol):
    """Valid inputs, and words that mean something to their reader."""

    @property
    def seeds(self) -> Sequence[bytes]: ...

    @property
    def words(self) -> Sequence[bytes]: ...


def spoilt(random: Random, of: Spoilable) -> bytes:
    """One of the inputs with one to five changes."""
    body = random.choice(of.seeds)
    for _ in range(random.randint(1, MOST_CHANGES)):
        body = random.choice(CHANGES)(random, body, of)[:LONGEST]
    return body


def _span(random: Random, body: bytes) -> tuple[int, int]:
    start = random.randrange(len(body) + 1)
    return start, min(len(body), start + int(random.expovariate(1 / 20)) + 1)


def _without(random: Random, body: bytes, of: Spoilable) -> bytes:
    start, stop = _span(random, body)
    return body[:start] + body[stop:]


def _bit(random: Random, body: bytes, of: Spoilable) -> bytes:
    if not body:
        return body
    at = random.randrange(len(body))
    return body[:at] + bytes([body[at] ^ 1 << random.randrange(8)]) + body[at + 1 :]


def _put(random: Random, body: bytes, of: Spoilable) -> bytes:
    start, stop = _span(random, body)
    word = random.choice([*ODD, *of.words, *of.words])
    return body[:start] + word + body[stop if random.random() < 1 / 2 else start :]


def _often(random: Random, body: bytes, of: Spoilable) -> bytes:
    """A piece, or a word, many times: what a pattern that looks back takes long for."""
    start, stop = _span(random, body)
    piece = random.choice([body[start:stop], *of.words]) or b" "
    return body[:start] + piece * random.choice((2, 3, 20, 400, 3_000)) + body[stop:]


def _elsewhere(random: Random, body: bytes, of: Spoilable) -> bytes:
    start, stop = _span(random, body)
    rest = body[:start] + body[stop:]
    at = random.randrange(len(rest) + 1)
    return rest[:at] + body[start:stop] + rest[at:]


def _cut(random: Random, body: bytes, of: Spoilable) -> bytes:
    return body[: random.randrange(len(body) + 1)]


def _joined(random: Random, body: bytes, of: Spoilable) -> bytes:
    other = random.choice(of.seeds)
    return body[: random.randrange(len(body) + 1)] + other[random.randrange(len(other) + 1) :]


CHANGES: tuple[Callable[[Random, bytes, Spoilable], bytes], ...] = (
    _without, _bit, _bit, _put, _put, _put, _often, _elsewhere, _cut, _joined,
)  # fmt: skip
