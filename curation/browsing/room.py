"""A person looking through a hand-over: what the page asks for."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.browsing.chained import chained
from curation.browsing.compared import Compared
from curation.browsing.shelf import Filters, Shelf
from curation.pages.served import place_in_list, validated
from curation.release.why import chain
from curation.reviewing.desk import Desk
from curation.truth.withdrawn import stone_of, tombstones
from schemas.errors import RecipeError
from schemas.llava import image_path

SHA256 = re.compile(r"[0-9a-f]{64}")
HERE = "here"
"""In the place of a number: the hand-over that is looked through."""


class Room:
    """The newest hand-over of a corpus on a shelf."""

    def __init__(self, desk: Desk, beside: tuple[Path, ...] = ()) -> None:
        """`beside`: releases or hand-overs elsewhere, to compare with."""
        self.desk = desk
        judged = [desk.store.read(one) for one in desk.tables.get("judged", ())]
        self.shelf = Shelf(desk.handover, pa.concat_tables(judged) if judged else None)
        self.compared = Compared(desk.store, desk.handover.parents[2], beside)

    @property
    def told(self) -> dict[str, Any]:
        """What the page needs first."""
        corpus = self.desk.corpus
        address = "/".join(self.desk.handover.parts[-3:])
        return {"corpus": corpus.name, "title": corpus.title, "address": address, "facets": self.shelf.facets(),
                "handovers": self.compared.told}  # fmt: skip

    def samples(self, said: Mapping[str, str]) -> dict[str, Any]:
        """What filters find, by their names; an empty one is left out."""
        return self.shelf.found(validated(Filters, {name: value for name, value in said.items() if value}))

    def sample(self, sample_id: str) -> dict[str, Any]:
        """One sample with its whole chain. Raises RecipeError where the hand-over has none of this id."""
        row = self.shelf.row(sample_id)
        if row is None:
            raise RecipeError(f"no sample {sample_id!r:.80} in {self.told['address']}")
        found = chain(sample_id, self.desk.store)
        stone = stone_of(found["sample"], tombstones(self.desk.store))
        return {**row, **chained(found), "withdrawn": stone.line if stone else None,
                "others": [one for one in self.shelf.of_source(row["source_id"]) if one["sample_id"] != sample_id],
                "command": f"curation why {sample_id}"}  # fmt: skip

    def difference(self, said: Mapping[str, str]) -> dict[str, Any]:
        """Two hand-overs, by `a`, `b`, `kind` and `start`."""
        named = (said.get(name, "") for name in ("a", "b", "kind"))
        return self.compared.difference(*named, place_in_list(said))

    def picture(self, number: str, sha256: str) -> bytes:
        """The PNG of a hand-over. Raises RecipeError where it has none of this digest."""
        if not SHA256.fullmatch(sha256):
            raise RecipeError("no such picture")
        if number == HERE:
            file = self.desk.handover / image_path(sha256)
            if not self.shelf.has_picture(sha256) or not file.is_file():
                raise RecipeError("no such picture")
            return file.read_bytes()
        return self.compared.picture(number, sha256).read_bytes()
