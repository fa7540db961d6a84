"""The key of a model server: from the environment of the node that asks, never from a file of the project or a flag."""

import os
from pathlib import Path

from schemas.errors import ModelError


def server_key() -> str:
    """The key for the server, from RADIO_SERVER_KEY or the file that RADIO_SERVER_KEY_FILE names; else a stand-in.

    Raises ModelError for a file that is not there, is empty, or may be read by others.
    """
    key, where = os.environ.get("RADIO_SERVER_KEY"), os.environ.get("RADIO_SERVER_KEY_FILE")
    if key or not where:
        return (key or "none").strip()
    try:
        if Path(where).stat().st_mode & 0o077:
            raise ModelError(f"RADIO_SERVER_KEY_FILE {where} may be read by others; make it yours alone: chmod 600")
        key = Path(where).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ModelError(f"RADIO_SERVER_KEY_FILE {where} cannot be read: {type(error).__name__}") from None
    if not key:
        raise ModelError(f"RADIO_SERVER_KEY_FILE {where} is empty; put the server's key into it")
    return key
