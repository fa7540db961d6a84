"""Files that stand in for real ones: a raw folder that the demo wrote says so, file by file.

A real file is pinned by its SHA-256. What the demo writes under the same name is another file, and is taken only where
`_generated.json` of the raw folder lists it with its own SHA-256.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

RECORD = "_generated.json"
NOTE = "Synthetic examples, written by radio-corpus; nobody's measurement. They stand in for files of the same name."


def stands_in(raw: Path, name: str, sha256: str) -> bool:
    """Whether the raw folder lists this file, with this content, as generated."""
    try:
        found = json.loads((raw / RECORD).read_text(encoding="utf-8"))
        return bool(found["files"].get(name) == sha256)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def write_record(raw: Path, names: Iterable[str]) -> Path:
    """List these files of the raw folder as generated."""
    files = {name: hashlib.sha256((raw / name).read_bytes()).hexdigest() for name in sorted(names)}
    path = raw / RECORD
    path.write_text(json.dumps({"note": NOTE, "files": files}, indent=1) + "\n", encoding="utf-8")
    return path
