"""SHA256SUMS of a folder, as `sha256sum -c` reads it."""

from pathlib import Path

from schemas.fingerprint import sha256_of
from schemas.whole import MANIFEST

FILE = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """Write the digest of every file of a folder, but of the list itself and the folder's own manifest, by name."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in files if name not in (FILE, MANIFEST)]
    (folder / FILE).write_text("".join(lines), encoding="utf-8", newline="\n")
