"""What a table's `_manifest.json` says: the recipe, the counts, a digest of every part, and who made it when."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.doors import door_roots, user_doors
from schemas.errors import DamageError
from schemas.fingerprint import fingerprint
from schemas.whole import is_sealed, sealed

OFF_MOSAIC = "off-mosaic"  # the reason of `curation.pictures.windows`


class Part(BaseModel):
    """One file of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    n_rows: int
    sha256: str


@dataclass(frozen=True, order=True)
class DoorFile:
    """A door that a corpus uses, for people: no recipe holds it, for its values are there."""

    kind: str
    name: str
    file: str
    """Relative to its folder of doors, after whose it is: radio-corpus, an installed package, or yours."""
    sha256: str
    """Of what it says: a comment or another order of keys changes nothing."""

    @property
    def line(self) -> str:
        """The door on one line, with twelve digits of its digest."""
        return f"{self.sha256[:12]}  {self.kind}/{self.name}  ({self.file})"


def door_of(kind: str, name: str, file: Path, said: object) -> DoorFile:
    """A door as it is told to people; `said` is all that its file says."""
    digest = fingerprint(said)
    for root in door_roots():
        if file.is_relative_to(root):
            who = "yours" if root == user_doors() else root.name
            return DoorFile(kind, name, f"{who}: {file.relative_to(root).as_posix()}", digest)
    return DoorFile(kind, name, f"radio-corpus: {file.parent.name}/{file.name}", digest)


class Manifest(BaseModel):
    """Written last: a table is done when it is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    table: str
    recipe: dict[str, object]
    inputs: list[str]
    doors: list[DoorFile] = []
    """The doors it was made by, where that is told: of the tables of samples."""
    counts: str
    """What is counted as *in*."""
    n_in: int
    n_kept: int
    n_rejected: int
    reasons: dict[str, int]
    parts: list[Part]
    rejected: list[Part]
    versions: dict[str, str]
    commit: str
    made_at: str
    made_by: str
    sha256: str = ""
    """Of all that the file says beside it; a manifest from before there was one has none."""

    @property
    def n_off_mosaic(self) -> int:
        """Of the rejected rows, those whose place no mosaic of the survey covers: nothing is wrong with them."""
        return self.reasons.get(OFF_MOSAIC, 0)

    @property
    def n_refused(self) -> int:
        """The other rejected rows."""
        return self.n_rejected - self.n_off_mosaic

    @property
    def told(self) -> str:
        """In = kept + rejected, as people are told: rows off the mosaics stand apart from refused ones."""
        apart = f" + {self.n_off_mosaic:,} off the mosaics" if self.n_off_mosaic else ""
        return f"{self.n_in:,} in = {self.n_kept:,} kept{apart} + {self.n_refused:,} refused"

    @property
    def content(self) -> str:
        """A digest of the table's bytes: equal for equal parts, whoever made them when."""
        text = "\n".join(f"{part.name} {part.sha256}" for part in [*self.parts, *self.rejected])
        return hashlib.sha256(text.encode()).hexdigest()

    def written(self) -> bytes:
        """The file's bytes."""
        return sealed(self.model_dump(mode="json"))


def read_manifest(body: bytes, where: str) -> Manifest:
    """A manifest from its bytes. Raises DamageError naming the file when it is not one, or a bit of it has changed."""
    try:
        found, is_its = _read(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise DamageError(
            f"{where}: not a manifest, or damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}; "
            "`curation build --repair` makes its table again"
        ) from error
    if not is_its:
        raise DamageError(
            f"{where}: damaged: it is not what its own digest says; `curation build --repair` makes its table again"
        )
    return found


@lru_cache(2048)
def _read(body: bytes) -> tuple[Manifest, bool]:
    """A manifest, and whether it is what its own digest says; a build reads each of its manifests dozens of times."""
    found = Manifest.model_validate_json(body)
    return found, not found.sha256 or is_sealed(body)
