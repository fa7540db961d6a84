"""What goes over the pipes between this process and the one that opens pictures: JSON and bytes, never pickles."""

import json
import struct
from typing import IO, Any

HEAD = struct.Struct(">II")
MOST_JSON = 4_000_000


def write(stream: IO[bytes], message: dict[str, Any], payload: bytes = b"") -> None:
    """One frame: the lengths of both, the message as JSON, the payload."""
    text = json.dumps(message).encode()
    stream.write(HEAD.pack(len(text), len(payload)))
    stream.write(text)
    stream.write(payload)
    stream.flush()


def read(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next frame; None at the end."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    n_text, n_payload = HEAD.unpack(head)
    return json.loads(stream.read(n_text)), stream.read(n_payload)
