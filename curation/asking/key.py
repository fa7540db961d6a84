"""The key of a model server: from the environment of the node that asks, never from a file of the project or a flag."""

import json
import os
from pathlib import Path
from urllib.parse import quote

from schemas.errors import ModelError

NO_KEY = "none"  # what the client sends where there is none


def server_key() -> str:
    """The key for the server, from RADIO_SERVER_KEY or the file that RADIO_SERVER_KEY_FILE names; else a stand-in.

    Raises ModelError for a file that is not there, is empty, or may be read by others.
    """
    key, where = os.environ.get("RADIO_SERVER_KEY"), os.environ.get("RADIO_SERVER_KEY_FILE")
    if key or not where:
        return _whole(key, "RADIO_SERVER_KEY") if key else NO_KEY
    try:
        if Path(where).stat().st_mode & 0o077:
            raise ModelError(f"RADIO_SERVER_KEY_FILE {where} may be read by others; make it yours alone: chmod 600")
        key = Path(where).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ModelError(f"RADIO_SERVER_KEY_FILE {where} cannot be read: {type(error).__name__}") from None
    return _whole(key, f"RADIO_SERVER_KEY_FILE {where}")


def _whole(key: str, where: str) -> str:
    """A key as a header takes it. Raises ModelError, without the key, for one that would be told in an error there."""
    key = key.strip()
    if not key:
        raise ModelError(f"{where} is empty; put the server's key into it")
    if not all("!" <= one <= "~" for one in key):
        raise ModelError(
            f"{where} holds a line break, a blank or a sign beyond ASCII in the middle of the key; expected one key, "
            "on one line"
        )
    return key


def without_key(said: bytes, key: str) -> bytes:
    """What a server said, without the key that it may have repeated, also as JSON or a URL writes it."""
    if key == NO_KEY:
        return said
    for one in {key, quote(key, safe=""), json.dumps(key)[1:-1]}:
        said = said.replace(one.encode(), b"(key)")
    return said
