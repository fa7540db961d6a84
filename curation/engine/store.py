"""The store: Parquet folders with a manifest, on a local path or any object store that pyarrow knows.

    <name>/<twelve digits>/part-00000.parquet …     what was kept
                           _rejected/part-00000.parquet …
                           _manifest.json            written last: the table is done
                           _building.json            while somebody makes it

A part is written aside, then appears under its name. What was rejected is written before the part, and the part
carries its own counts in its footer: a part that is there is done, and needs no second file to say so.
"""

import hashlib
import json
import os
import posixpath
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from schemas.addresses import shown, without_keys
from schemas.errors import StoreError
from schemas.manifest import Manifest, Part, read_manifest
from schemas.rejection import REJECTED, Sieved

COUNTS = b"radio-corpus"  # the key of a part's own counts in its Parquet footer
STALE_S = 60.0  # a building mark that has not been touched for so long has lost its builder
MANIFEST, BUILDING, REJECTED_FOLDER = "_manifest.json", "_building.json", "_rejected"


@dataclass(frozen=True)
class PartRecord:
    """A finished part: its counts, and the digests of what was kept and what was refused."""

    name: str
    n_in: int
    n_kept: int
    n_rejected: int
    reasons: dict[str, int]
    sha256: str
    rejected_sha256: str


def part_name(k: int) -> str:
    """The name of part k."""
    return f"part-{k:05d}.parquet"


class Store:
    """A root under which every table has its address. Knows names and bytes, not what tables mean."""

    def __init__(self, where: str) -> None:
        """Open a store at a local path or at `s3://bucket/folder` (any address pyarrow.fs understands)."""
        self.where = where = without_keys(where)
        try:
            if "://" in where:
                self.files, self.root = pafs.FileSystem.from_uri(where)
            else:
                self.files, self.root = pafs.LocalFileSystem(), str(Path(where).expanduser().absolute())
        except (pa.ArrowInvalid, OSError) as error:
            raise StoreError(f"cannot open the store {shown(where)!r}: {error}") from error
        self.is_local = isinstance(self.files, pafs.LocalFileSystem)

    def path(self, *names: str) -> str:
        """A path below the root, in the file system's own spelling."""
        return posixpath.join(self.root, *names)

    # -- tables -----------------------------------------------------------------------------------------------------

    def is_done(self, address: str) -> bool:
        """Whether the table has its manifest."""
        return self.exists(f"{address}/{MANIFEST}")

    def manifest(self, address: str) -> Manifest:
        """The table's manifest. Raises StoreError when the table is not there."""
        where = f"{address}/{MANIFEST}"
        return read_manifest(self.read_bytes(where), where)

    def dataset(self, address: str) -> ds.Dataset:
        """The table as an Arrow dataset, parts in order; reads nothing yet."""
        parts = [self.path(address, part.name) for part in self.manifest(address).parts]
        return ds.dataset(parts, filesystem=self.files, format="parquet")

    def read(self, address: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The whole table, or some of its columns."""
        return _bare(self.dataset(address).to_table(columns=list(columns) if columns else None))

    def read_part(self, address: str, k: int, columns: Sequence[str] | None = None) -> pa.Table:
        """Part k of the table, or some of its columns."""
        where = self.path(address, part_name(k))
        with self.files.open_input_file(where) as file:
            return _bare(pq.read_table(file, columns=list(columns) if columns else None))

    def rejected(self, address: str) -> pa.Table:
        """Every refused row of the table, in the order of parts."""
        parts = self.manifest(address).rejected
        if not parts:
            return REJECTED.empty_table()
        names = [self.path(address, REJECTED_FOLDER, part.name) for part in parts]
        return ds.dataset(names, filesystem=self.files, format="parquet").to_table()

    def addresses(self, folder: str = "") -> Iterator[str]:
        """The address of every finished table below a folder such as `samples`, by name."""
        if not self.exists(folder):
            return
        found = self.files.get_file_info(pafs.FileSelector(self.path(folder), recursive=True))
        for one in sorted(found, key=lambda info: info.path):
            if one.base_name == MANIFEST:
                yield posixpath.relpath(posixpath.dirname(one.path), self.root)

    # -- publishing -------------------------------------------------------------------------------------------------

    def publish_part(self, address: str, k: int, sieved: Sieved) -> PartRecord:
        """Write part k, whole or not at all: what was rejected first, so that the part means both are there."""
        name, rejected_sha = part_name(k), ""
        if sieved.rejected.num_rows:
            rejected_sha = self.publish(f"{address}/{REJECTED_FOLDER}/{name}", _parquet(sieved.rejected))
        counts = {
            "n_in": sieved.n_in,
            "n_rejected": sieved.rejected.num_rows,
            "reasons": sieved.reasons,
            "rejected_sha256": rejected_sha,
        }
        footer = {COUNTS: json.dumps(counts, sort_keys=True).encode()}
        sha = self.publish(f"{address}/{name}", _parquet(sieved.kept.replace_schema_metadata(footer)))
        return PartRecord(
            name, sieved.n_in, sieved.kept.num_rows, sieved.rejected.num_rows, sieved.reasons, sha, rejected_sha
        )

    def part_record(self, address: str, k: int) -> PartRecord | None:
        """What part k says of itself; None when it is not there."""
        where = f"{address}/{part_name(k)}"
        if not self.exists(where):
            return None
        body = self.read_bytes(where)
        try:
            footer = pq.read_metadata(pa.BufferReader(body))
            counts: dict[str, Any] = json.loads((footer.metadata or {})[COUNTS])
        except (pa.ArrowInvalid, KeyError, ValueError) as error:
            raise StoreError(f"{self.path(where)}: not a part of ours ({error}); remove it and build again") from error
        return PartRecord(
            part_name(k), counts["n_in"], footer.num_rows, counts["n_rejected"], counts["reasons"],
            hashlib.sha256(body).hexdigest(), counts["rejected_sha256"],
        )  # fmt: skip

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, last, after sweeping what killed builds left aside."""
        listed = {part.name for part in manifest.parts}
        for info in self.files.get_file_info(pafs.FileSelector(self.path(manifest.address))):
            strange = info.base_name.endswith(".parquet") and info.base_name not in listed
            if info.base_name.startswith(".") or strange:
                self.files.delete_file(info.path)
        self.publish(f"{manifest.address}/{MANIFEST}", manifest.written())

    def publish(self, name: str, body: bytes) -> str:
        """Write a file aside, then let it appear under its name; gives its SHA-256.

        Raises StoreError when there is no space, leaving nothing under the final name.
        """
        target = self.path(name)
        folder, base = posixpath.split(target)
        aside = f"{folder}/.{base}.{uuid4().hex}"  # readers skip names that begin with a dot
        try:
            self.files.create_dir(folder, recursive=True)
            if self.is_local:
                _write_through(Path(aside), body)
            else:
                with self.files.open_output_stream(aside) as out:
                    out.write(body)
            self.files.move(aside, target)  # on disk a rename; on an object store a copy, never half of one
        except OSError as error:
            self._forget(aside)
            raise StoreError(f"cannot write {target} ({len(body) / 1e6:.1f} MB needed): {error}") from error
        return hashlib.sha256(body).hexdigest()

    def _forget(self, path: str) -> None:
        if self.files.get_file_info(path).type != pafs.FileType.NotFound:
            self.files.delete_file(path)

    # -- plain files ------------------------------------------------------------------------------------------------

    def exists(self, name: str) -> bool:
        """Whether a file or folder stands under the name."""
        return self.files.get_file_info(self.path(name)).type != pafs.FileType.NotFound

    def read_bytes(self, name: str) -> bytes:
        """A file's bytes. Raises StoreError when it is not there."""
        try:
            with self.files.open_input_stream(self.path(name), compression=None) as file:
                return file.read()
        except OSError as error:
            raise StoreError(f"cannot read {self.path(name)}: {error}") from error

    def tag(self, tag: str, address: str) -> None:
        """Point a person's name for a table at its address."""
        self.publish(f"tags/{tag}.json", json.dumps({"address": address}).encode() + b"\n")

    def tags(self) -> dict[str, str]:
        """Every tag and the address it points at."""
        if not self.exists("tags"):
            return {}
        found = self.files.get_file_info(pafs.FileSelector(self.path("tags")))
        names = sorted(info.base_name for info in found if info.base_name.endswith(".json"))
        return {name.removesuffix(".json"): json.loads(self.read_bytes(f"tags/{name}"))["address"] for name in names}

    # -- one builder at a time --------------------------------------------------------------------------------------

    def claim(self, name: str, holder: dict[str, str]) -> None:
        """Mark a folder as being built by `holder`, or touch one's own mark again.

        Raises StoreError, naming the holder, while another one's mark is fresh.
        """
        other = self.holder(name)
        if other and other["id"] != holder["id"]:
            raise StoreError(
                f"{name} is being built by process {other['pid']} on {other['host']}; "
                f"wait for it, or end it: its mark is void {STALE_S:.0f} s after its last sign of life"
            )
        self.publish(f"{name}/{BUILDING}", json.dumps({**holder, "beat": f"{time.time():.1f}"}).encode())

    def holder(self, name: str) -> dict[str, str] | None:
        """Who builds the folder now; None when nobody does, or when the builder is dead."""
        if not self.exists(f"{name}/{BUILDING}"):
            return None
        try:
            mark: dict[str, str] = json.loads(self.read_bytes(f"{name}/{BUILDING}"))
            stale = time.time() - float(mark["beat"]) > STALE_S
            dead = mark["host"] == os.uname().nodename and not _is_alive(int(mark["pid"]), mark["started"])
        except (StoreError, ValueError, KeyError):
            return None
        return None if stale or dead else mark

    def release(self, name: str) -> None:
        """Take one's mark away."""
        if self.exists(f"{name}/{BUILDING}"):
            self.files.delete_file(self.path(name, BUILDING))


def process_started(pid: int) -> str:
    """When a process of this machine began, in clock ticks; empty where that cannot be known."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.read_text().rsplit(")", 1)[1].split()[19] if stat.exists() else ""


def _is_alive(pid: int, started: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process_started(pid) == started  # a number may have been given to another process since


def _write_through(path: Path, body: bytes) -> None:
    with path.open("wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    # One row group and no clock: equal rows give equal bytes.
    pq.write_table(table.combine_chunks(), sink, compression="zstd", row_group_size=max(1, table.num_rows))
    return sink.getvalue().to_pybytes()


def _bare(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


def as_part(record: PartRecord) -> Part:
    """A part record as a manifest lists it."""
    return Part(name=record.name, n_rows=record.n_kept, sha256=record.sha256)
