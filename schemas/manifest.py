"""What a table's `_manifest.json` says: the recipe, the counts, a digest of every part, and who made it when."""

import hashlib

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.errors import StoreError


class Part(BaseModel):
    """One file of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    n_rows: int
    sha256: str


class Manifest(BaseModel):
    """Written last: a table is done when it is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    table: str
    recipe: dict[str, object]
    inputs: list[str]
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

    @property
    def content(self) -> str:
        """A digest of the table's bytes: equal for equal parts, whoever made them when."""
        text = "\n".join(f"{part.name} {part.sha256}" for part in [*self.parts, *self.rejected])
        return hashlib.sha256(text.encode()).hexdigest()

    def written(self) -> bytes:
        """The file's bytes."""
        return self.model_dump_json(indent=1).encode() + b"\n"


def read_manifest(body: bytes, where: str) -> Manifest:
    """A manifest from its bytes. Raises StoreError naming the file when it is not one."""
    try:
        return Manifest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise StoreError(
            f"{where}: not a manifest: {'.'.join(map(str, first['loc']))}: {first['msg']}; "
            "remove its folder to make the table again"
        ) from error
