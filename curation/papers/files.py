"""Which member of a paper a picture's name means: by folders, endings left out, and case."""

import re
from collections.abc import Iterable, Iterator

from curation.papers.macros import group

ENDINGS = (".pdf", ".png", ".jpg", ".jpeg", ".eps", ".ps", ".epsi", ".tif", ".tiff", ".gif", ".bmp", ".mps")
PACKED = (".gz", ".Z")
_PATHS = re.compile(r"\\graphicspath(?![a-zA-Z])")


def graphics_paths(text: str) -> list[str]:
    """The folders of all \\graphicspath of a document."""
    found: list[str] = []
    for call in _PATHS.finditer(text):
        inside, _ = group(text, call.end())
        at = 0
        while inside is not None:
            folder, at = group(inside, at)
            if folder is None:
                break
            found.append(folder.strip())
    return found


class Pictures:
    """The picture files of a paper by their names."""

    def __init__(self, names: Iterable[str], root: str, paths: Iterable[str]) -> None:
        self.exact = {name: name for name in names}
        self.lower: dict[str, str] = {}
        self.by_base: dict[str, list[str]] = {}
        for name in sorted(self.exact):
            self.lower.setdefault(name.lower(), name)
            self.by_base.setdefault(name.lower().rpartition("/")[2], []).append(name)
        folder = root.rpartition("/")[0]
        self.folders = [_joined(folder, path) for path in ("", *paths)] + [_joined("", path) for path in ("", *paths)]

    def find(self, name: str) -> str | None:
        """The member that LaTeX would take, else the one that was meant; None where there is none."""
        called = name.replace("\\", "/").strip()
        for table in (self.exact, self.lower):
            for candidate in self._candidates(called):
                found = table.get(candidate if table is self.exact else candidate.lower())
                if found:
                    return found
        return self._elsewhere(called)

    def _candidates(self, called: str) -> Iterator[str]:
        stem = _stem(called)
        for folder in self.folders:
            whole = _joined(folder, called)
            yield whole if whole.lower().endswith(ENDINGS) else f"{whole}.pdf"
            for ending in ENDINGS:
                yield whole + ending
            yield from (whole + ending for ending in PACKED)
        for folder in self.folders:  # the ending of another time: .eps in the text, .pdf in the archive
            yield from (_joined(folder, stem) + ending for ending in ENDINGS)
            yield f"{_joined(folder, stem)}-eps-converted-to.pdf"

    def _elsewhere(self, called: str) -> str | None:
        """In another folder than told, where only one file has that name."""
        base = called.rpartition("/")[2].lower()
        stem = _stem(base)
        for name in (base, *(base + ending for ending in ENDINGS), *(stem + ending for ending in ENDINGS)):
            found = self.by_base.get(name, [])
            if len(found) == 1:
                return found[0]
        return None


def _stem(name: str) -> str:
    lower = name.lower()
    ending = next((one for one in ENDINGS if lower.endswith(one)), "")
    return name[: len(name) - len(ending)] if ending else name


def _joined(folder: str, name: str) -> str:
    """A name in a folder, with "." and ".." resolved inside the paper."""
    parts: list[str] = []
    for part in [*folder.split("/"), *name.split("/")]:
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
