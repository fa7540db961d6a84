"""Decisions as they are kept: one file for each act of a reviewer, never changed, so that nobody overwrites another.

    review/<dataset>/<time>-<digest>.json     the decisions of one act: a key pressed, a form sent, a CSV imported

They are no table of the store: `standing` says which of them speak, `step` makes DECISIONS of these.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Protocol

import pyarrow.fs as pafs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import CatalogError, DamageError
from schemas.fingerprint import content_id
from schemas.labels import Truth
from schemas.whole import sealed, unsealed

FOLDER = "review"
AT_ONCE = 16  # files read at a time: an object store answers each after some hundredths of a second
ID = r"[a-z0-9]+-[0-9a-f]{16}"
SHA256 = r"[0-9a-f]{64}"


class Verdict(StrEnum):
    """What a reviewer may say."""

    ACCEPT = "accept"
    REJECT = "reject"
    CORRECT = "correct"
    NOTE = "note"
    """Changes nothing."""
    UNDO = "undo"
    """Takes back a decision of the same reviewer's."""


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n")
    text = " ".join(text.split()) if "\n" not in text else text.strip()
    if any(ord(one) < ord(" ") and one != "\n" for one in text) or "\x7f" in text:
        raise ValueError("found a control character, expected plain text")
    return text


Words = Annotated[str, Field(max_length=2000), AfterValidator(_plain)]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\n]*\S[^\n]*$"), AfterValidator(_plain)]


class Decision(BaseModel):
    """One decision, with what the reviewer saw: it counts while that is what it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decided_at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT[0-9:.]+\+00:00$")
    """UTC, ISO 8601: of one reviewer's decisions about the same thing the last one counts."""
    reviewer: Name
    verdict: Verdict
    dataset: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
    sample_id: str = Field(pattern=f"^{ID}$")
    """The picture and the words that were shown: an id made of both."""
    conversation_id: str = Field(pattern=f"^{ID}$")
    cutout_id: str = Field(pattern=f"^{ID}$")
    source_id: str = Field(pattern=f"^{ID}$")
    picture_sha256: str = Field(pattern=f"^{SHA256}$")
    labels_sha256: str = Field(pattern=f"^{SHA256}$")
    """Of the labels in the picture before any review: see `evidence.labels_digest`."""
    subject_id: str | None = Field(default=None, pattern=f"^{ID}$")
    """Of `correct`: the source or the object whose label it is."""
    scheme: str | None = None
    label: str | None = None
    state: Truth | None = None
    undoes: str | None = Field(default=None, pattern=f"^{ID}$")
    note: Words = ""

    @model_validator(mode="after")
    def _whole(self) -> "Decision":
        said = (self.subject_id, self.scheme, self.label, self.state)
        if self.verdict is Verdict.CORRECT and None in said:
            raise ValueError("a correction names subject_id, scheme, label and state")
        if self.verdict is not Verdict.CORRECT and any(said):
            raise ValueError("only a correction names subject_id, scheme, label and state")
        if (self.verdict is Verdict.UNDO) != (self.undoes is not None):
            raise ValueError("undo, and nothing else, names in `undoes` what it takes back")
        return self

    @cached_property
    def decision_id(self) -> str:
        """Made of all that it says."""
        return content_id("decision", self.model_dump(mode="json"))

    @property
    def about(self) -> str:
        """The id of what it is about: of a correction a source or an object, else the sample."""
        return self.subject_id or self.sample_id

    @property
    def told(self) -> str:
        """In a few words, such as `FR2 is present`."""
        what = f"{self.label} is {self.state}" if self.verdict is Verdict.CORRECT else str(self.verdict)
        return f"{what} ({self.note})" if self.note else what


class Files(Protocol):
    """What is asked of a store."""

    def listed(self, folder: str) -> list[pafs.FileInfo]: ...

    def read_bytes(self, name: str) -> bytes: ...

    def publish(self, name: str, body: bytes | memoryview) -> None: ...

    def path(self, *names: str) -> str: ...


def now() -> str:
    """The time for `decided_at`."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def keep(store: Files, decisions: Sequence[Decision]) -> None:
    """Keep the decisions of one act: a new file for each dataset, whole or not at all."""
    for dataset in dict.fromkeys(one.dataset for one in decisions):
        rows = [one.model_dump(mode="json") for one in decisions if one.dataset == dataset]
        body = sealed({"decisions": rows})
        when = re.sub(r"\D", "", rows[0]["decided_at"].removesuffix("+00:00"))
        store.publish(f"{FOLDER}/{dataset}/{when}-{hashlib.sha256(body).hexdigest()[:12]}.json", body)


def decisions_of(
    store: Files, datasets: Iterable[str], acts: dict[str, list[Decision]] | None = None
) -> dict[str, tuple[Decision, ...]]:
    """All decisions about each dataset, by time, each once.

    `acts`: what was read before, by file, for who asks again: files never change, and those that are new are put there.
    Raises DamageError for a file that is not what was written: a decision is nobody's to guess.
    """
    acts = {} if acts is None else acts
    names = {one: [f"{FOLDER}/{one}/{name}" for name in _files(store, one)] for one in datasets}
    if new := [name for some in names.values() for name in some if name not in acts]:
        with ThreadPoolExecutor(AT_ONCE) as together:
            acts.update(zip(new, together.map(lambda name: _read(store, name), new), strict=True))
    return {one: _in_time(found for name in some for found in acts[name]) for one, some in names.items()}


def _files(store: Files, dataset: str) -> list[str]:
    names = [info.base_name for info in store.listed(f"{FOLDER}/{dataset}")]
    return [name for name in names if name.endswith(".json") and not name.startswith(".")]


def _read(store: Files, name: str) -> list[Decision]:
    where = store.path(name)
    try:
        said: Any = unsealed(store.read_bytes(name), where)["decisions"]
        return [Decision.model_validate(one) for one in said]
    except (DamageError, ValidationError, KeyError, TypeError) as error:
        what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is not what was written"
        raise DamageError(
            f"{where}: decisions of a reviewer are damaged ({what}); put the file back from a copy, or move it away"
        ) from None


def _in_time(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    by_id = {one.decision_id: one for one in decisions}
    return tuple(sorted(by_id.values(), key=lambda one: (one.decided_at, one.decision_id)))


def decision(**said: Any) -> Decision:
    """A decision of words from outside. Raises CatalogError, one line, for what it cannot be."""
    try:
        return Decision(**said)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'decision'}: {one['msg']}" for one in error.errors())
        raise CatalogError(f"not a decision: {told}") from None
