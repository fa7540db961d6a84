"""Names of files that stand in files from outside: never trusted to lead out of their folder."""

import re
from pathlib import Path, PurePosixPath

from catalogs.formats.plain_json import RefusedError

NOT_PLAIN = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z][A-Za-z0-9+.-]*:")
LONGEST = 1000


def relative_name(text: str) -> str:
    """The name without `.` and doubled slashes. Raises RefusedError, `bad-path`, for one that is not plainly below."""
    found = PurePosixPath(text)
    if not text.strip() or len(text) > LONGEST or NOT_PLAIN.search(text) or str(found) == ".":
        raise RefusedError("bad-path", f"found {text!r:.120}, expected the name of a file, with / between folders")
    if found.is_absolute() or ".." in found.parts or text.startswith("~"):
        raise RefusedError("bad-path", f"found {text!r:.120}, expected a name relative to its folder, without ..")
    return str(found)


def inside(folder: Path, name: str) -> Path:
    """The file of that name below `folder`. Raises RefusedError where the name, or a link, leads out of it."""
    path = folder / relative_name(name)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RefusedError("bad-path", f"{name!r:.120}: a link that leads out of {folder.name}/")
    return path
