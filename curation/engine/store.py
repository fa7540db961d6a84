"""The store: Parquet folders with a manifest, on a local path or any object store that pyarrow knows.

    <name>/<twelve digits>/part-00000.parquet …     what was kept
                           _rejected/part-00000.parquet …
                           _manifest.json            written last: the table is done
                           _building.json            while somebody makes it (`marks`)

A part is written aside, then appears under its name. What was rejected is written before the part, and the part
carries its own counts in its footer: a part that is there is done, and needs no second file to say so.
"""

import hashlib
import os
import posixpath
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
import pyarrow.fs as pafs

from curation.engine.files import REPAIR, patiently
from curation.engine.parts import PartRecord, dataset_of, parquet, part_name, record_of, sealed_part
from schemas.addresses import shown, without_keys
from schemas.errors import DamageError, GoneError, StoreError
from schemas.manifest import Manifest, read_manifest
from schemas.rejection import REJECTED, Sieved
from schemas.whole import MANIFEST, sealed, unsealed

if TYPE_CHECKING:
    import pyarrow.dataset as ds  # brings pandas along, which takes a while

REJECTED_FOLDER = "_rejected"


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
        return read_manifest(self.read_bytes(where), self.path(where))

    def dataset(self, address: str) -> "ds.Dataset":
        """The table as an Arrow dataset, parts in order; reads no rows yet. Raises DamageError for a missing part."""
        return self._dataset([f"{address}/{part.name}" for part in self.manifest(address).parts])

    def read(self, address: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The whole table, or some of its columns. Raises DamageError for a part that is missing or damaged."""
        return _bare(self._read(self.dataset(address), address, columns))

    def read_part(self, address: str, k: int, columns: Sequence[str] | None = None) -> pa.Table:
        """Part k of the table, or some of its columns. Raises DamageError where it is missing or damaged."""
        name = f"{address}/{part_name(k)}"
        return _bare(self._read(self._dataset([name]), name, columns))

    def rejected(self, address: str) -> pa.Table:
        """Every refused row of the table, in the order of parts."""
        parts = self.manifest(address).rejected
        if not parts:
            return REJECTED.empty_table()
        found = self._dataset([f"{address}/{REJECTED_FOLDER}/{part.name}" for part in parts])
        return self._read(found, f"{address}/{REJECTED_FOLDER}", None)

    def _dataset(self, names: Sequence[str]) -> "ds.Dataset":
        found = self._info([self.path(name) for name in names])
        if missing := [info.path for info in found if info.type == pafs.FileType.NotFound]:
            raise DamageError(f"{missing[0]}: missing, though the table is done; {REPAIR}")
        paths = [info.path for info in found]
        return patiently(lambda: dataset_of(paths, self.files), f"read {paths[0]}")

    def _read(self, found: "ds.Dataset", where: str, columns: Sequence[str] | None) -> pa.Table:
        wanted = list(columns) if columns else None
        return patiently(lambda: found.to_table(columns=wanted), f"read {self.path(where)}")

    def _info(self, paths: Sequence[str]) -> list[pafs.FileInfo]:
        return patiently(lambda: self.files.get_file_info(list(paths)), f"look at {', '.join(paths[:1])}")

    def below(self, folder: str, *, recursive: bool = True) -> list[pafs.FileInfo]:
        """What is in a folder and, where `recursive`, in those in it; nothing where it is not there."""
        wanted = pafs.FileSelector(self.path(folder), allow_not_found=True, recursive=recursive)
        return patiently(lambda: self.files.get_file_info(wanted), f"look into {wanted.base_dir}")

    def name_of(self, info: pafs.FileInfo) -> str:
        """The name of a file of the store, relative to its root."""
        return posixpath.relpath(info.path, self.root)

    def addresses(self, folder: str = "") -> Iterator[str]:
        """The address of every finished table or hand-over below a folder such as `samples`, by name."""
        found = self.below(folder)
        for one in sorted(found, key=lambda info: info.path):
            address = posixpath.relpath(posixpath.dirname(one.path), self.root)
            if one.base_name == MANIFEST and not address.startswith(("reports/", ".")) and "/." not in address:
                yield address

    # -- publishing -------------------------------------------------------------------------------------------------

    def publish_part(self, address: str, k: int, sieved: Sieved) -> PartRecord:
        """Write part k, whole or not at all: what was rejected first, so that the part means both are there."""
        name, rejected_sha = part_name(k), ""
        if sieved.rejected.num_rows:
            refused = parquet(sieved.rejected)
            self.publish(f"{address}/{REJECTED_FOLDER}/{name}", refused)
            rejected_sha = hashlib.sha256(refused).hexdigest()
        body, record = sealed_part(name, sieved, rejected_sha)
        self.publish(f"{address}/{name}", body)
        return record

    def part_record(self, address: str, k: int) -> PartRecord | None:
        """What part k says of itself; None when it is not there.

        Raises DamageError when a bit of it, or of the file of its refused rows, is not as it was written.
        """
        name = part_name(k)
        try:
            record = record_of(name, self.read_bytes(f"{address}/{name}"), self.path(address, name))
        except GoneError:
            return None
        if record.n_rejected:
            where = f"{address}/{REJECTED_FOLDER}/{name}"
            try:
                is_its = hashlib.sha256(self.read_bytes(where)).hexdigest() == record.rejected_sha256
            except GoneError:
                is_its = False
            if not is_its:
                raise DamageError(f"{self.path(where)}: damaged or missing: it is not what its part says")
        return record

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, last, after sweeping what killed builds left aside."""
        self._sweep(manifest.address, {part.name for part in manifest.parts})
        self._sweep(f"{manifest.address}/{REJECTED_FOLDER}", {part.name for part in manifest.rejected})
        self.publish(f"{manifest.address}/{MANIFEST}", manifest.written())

    def _sweep(self, folder: str, listed: set[str]) -> None:
        for info in self.listed(folder):
            strange = info.base_name.endswith(".parquet") and info.base_name not in listed
            if info.base_name.startswith(".") or strange:
                self.remove(f"{folder}/{info.base_name}")

    def publish(self, name: str, body: bytes | memoryview) -> None:
        """Write a file aside, then let it appear under its name.

        Raises StoreError when there is no space, leaving nothing under the final name.
        """
        target = self.path(name)
        folder, base = posixpath.split(target)
        aside = f"{folder}/.{base}.{uuid4().hex}"  # readers skip names that begin with a dot
        what = f"write {target} ({len(body) / 1e6:.1f} MB needed)"
        try:
            patiently(lambda: self._write(folder, aside, target, body), what)
        except StoreError:
            self._forget(aside)
            raise

    def _write(self, folder: str, aside: str, target: str, body: bytes | memoryview) -> None:
        if self.files.type_name == "s3":
            _bucket_there(self.where)
        else:
            self.files.create_dir(folder, recursive=True)
        if self.is_local:
            _write_through(Path(aside), body)
        else:
            with self.files.open_output_stream(aside) as out:
                out.write(body)
        self.files.move(aside, target)  # on disk a rename; on an object store a copy, never half of one

    def _forget(self, path: str) -> None:
        try:
            self.files.delete_file(path)
        except OSError:
            return  # not there, or the place is away: what is aside is swept when the table is done

    # -- plain files ------------------------------------------------------------------------------------------------

    def exists(self, name: str) -> bool:
        """Whether a file or folder stands under the name."""
        return self._info([self.path(name)])[0].type != pafs.FileType.NotFound

    def listed(self, folder: str) -> list[pafs.FileInfo]:
        """What is in a folder, by name; nothing where it is not there."""
        found = self.below(folder, recursive=False)
        return sorted(found, key=lambda info: info.base_name)

    def read_bytes(self, name: str) -> bytes:
        """A file's bytes. Raises GoneError when it is not there, StoreError when it cannot be read."""
        where = self.path(name)

        def read() -> bytes:
            with self.files.open_input_stream(where, compression=None) as file:
                return file.read()

        return patiently(read, f"read {where}")

    def remove(self, name: str) -> None:
        """Take a file away; nothing where it is gone already."""
        where = self.path(name)
        try:
            patiently(lambda: self.files.delete_file(where), f"remove {where}")
        except GoneError:
            return

    def tag(self, tag: str, address: str) -> None:
        """Point a person's name for a table at its address."""
        self.publish(f"tags/{tag}.json", sealed({"address": address}))

    def tags(self) -> dict[str, str]:
        """Every tag and the address it points at. Raises DamageError for a damaged one."""
        names = [info.base_name.removesuffix(".json") for info in self.listed("tags")]
        found = {name: self.tagged(name) for name in names if not name.startswith(".")}
        return {name: address for name, address in found.items() if address}

    def tagged(self, tag: str) -> str | None:
        """The address that a tag points at; None where there is no such tag. Raises DamageError for a damaged one."""
        where = f"tags/{tag}.json"
        try:
            return unsealed(self.read_bytes(where), self.path(where))["address"]
        except GoneError:
            return None


def _write_through(path: Path, body: bytes | memoryview) -> None:
    with path.open("wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())


@cache
def _bucket_there(where: str) -> None:
    """The bucket of an object store, made where the address allows that; asked once in a process.

    There are no folders in it: to make some, as for each file of a disk, were four requests more for each file, three
    of them writes to the same three names by all workers of a cluster.
    """
    files, root = pafs.FileSystem.from_uri(where)
    files.create_dir(root.partition("/")[0])


def _bare(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)
