"""Two hand-overs side by side: what `diff` finds, with the pictures of both."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from curation.deposit.diff import KINDS, diff
from curation.deposit.impact import handovers_below
from curation.engine.store import Store
from curation.release.certificate import PROVENANCE
from curation.release.export import handover_manifest
from schemas.errors import RecipeError
from schemas.llava import image_path

AT_ONCE = 50
Row = dict[str, Any]


class Compared:
    """The hand-overs of a folder, and of releases named beside."""

    def __init__(self, store: Store, out: Path, beside: tuple[Path, ...] = ()) -> None:
        """`out`: where hand-overs are."""
        self.store = store
        self.folders = {f"{number}": folder for number, folder in enumerate(handovers_below(out, beside))}
        self._diff = lru_cache(maxsize=4)(self._difference)
        self._pictures = lru_cache(maxsize=4)(_pictures)

    @property
    def told(self) -> list[Row]:
        """For the page: each hand-over by its number, with its tags."""
        tags = dict[str, list[str]]()
        for name, address in self.store.tags().items():
            tags.setdefault(address, []).append(name)
        found = list[Row]()
        for number, folder in self.folders.items():
            manifest = handover_manifest(folder)
            if manifest:
                address = manifest["address"]
                row = {"number": number, "address": address, "corpus": manifest["corpus"]}
                found.append({**row, "tags": sorted(tags.get(address, []))})
        return found

    def difference(self, a: str, b: str, kind: str, start: int) -> Row:
        """The counts of all kinds, the rows of one from `start` on, and what the recipes say."""
        wrong = [one for one in (a, b) if one not in self.folders]
        if wrong or kind not in KINDS or start < 0:
            raise RecipeError(f"expected two of the hand-overs, and a kind of {', '.join(KINDS)}")
        found = self._diff(a, b)
        sides = self._pictures(self.folders[a]), self._pictures(self.folders[b])
        rows = [
            {**row, "pictures": [side.get(row["id"]) for side in sides]}
            for row in found.changes[kind][start : start + AT_ONCE]
        ]
        counts = {name: len(some) for name, some in found.changes.items()}
        return {"a": found.a, "b": found.b, "counts": counts, "kind": kind, "rows": rows, "recipes": found.recipes}

    def picture(self, number: str, sha256: str) -> Path:
        """The file of a picture of a hand-over. Raises RecipeError where there is none."""
        folder = self.folders.get(number)
        file = folder and folder / image_path(sha256)
        if folder is None or file is None or not file.is_file():
            raise RecipeError("no such picture")
        return file

    def _difference(self, a: str, b: str) -> Any:
        return diff(self.folders[a], self.folders[b], self.store)


def _pictures(folder: Path) -> dict[str, str]:
    """The digest of the first picture of each source or figure."""
    names = set(pq.read_schema(folder / PROVENANCE).names)
    columns = [one for one in ("source_id", "figure_id", "png_sha256") if one in names]
    found = dict[str, str]()
    for row in pq.read_table(folder / PROVENANCE, columns=columns).to_pylist():
        found.setdefault(row["source_id"] or row.get("figure_id"), row["png_sha256"])
    return found
