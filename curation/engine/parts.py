"""The bytes of a part: Parquet with page checksums, its own counts, and a seal, a digest of all its other bytes.

Equal rows give equal bytes, so a part that is made again is the same file. The seal makes a part its own witness: what
a killed build left is taken up only when not a bit of it has changed, though no manifest lists it yet.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from schemas.errors import DamageError
from schemas.manifest import Part
from schemas.rejection import Sieved

if TYPE_CHECKING:
    import pyarrow.dataset as ds  # brings pandas along, which takes a while

COUNTS = b"radio-corpus"  # the key of a part's own counts in its Parquet footer
SEAL = b"radio-corpus-seal:"
UNSEALED = SEAL + b"0" * 64
ROWS_AT_ONCE = 1024  # to a page before its size is looked at; fewer where rows are pictures, or a page would hold all
PAGE_BYTES = 2**20
FOOTER_END = 8  # bytes of a Parquet file after its footer: how long that is, and PAR1


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


def as_part(record: PartRecord) -> Part:
    """A part record as a manifest lists it."""
    return Part(name=record.name, n_rows=record.n_kept, sha256=record.sha256)


def parquet(table: pa.Table) -> memoryview:
    """A table as Parquet in one row group, without a clock, each page with its checksum."""
    sink = BytesIO()  # which grows without a second copy beside it
    n_rows = max(1, table.num_rows)
    pq.write_table(
        table.combine_chunks(), sink, compression="zstd", row_group_size=n_rows, write_page_checksum=True,
        write_batch_size=max(1, min(ROWS_AT_ONCE, PAGE_BYTES * n_rows // max(1, table.nbytes))),
    )  # fmt: skip
    return sink.getbuffer()


def sealed_part(name: str, sieved: Sieved, rejected_sha256: str) -> tuple[memoryview, PartRecord]:
    """A part's bytes, sealed, and what they say of themselves: as `record_of` finds it.

    `rejected_sha256`: of the file of its refused rows, empty where there are none.
    """
    counts = {
        "n_in": sieved.n_in, "n_rejected": sieved.rejected.num_rows, "reasons": sieved.reasons,
        "rejected_sha256": rejected_sha256, "seal": UNSEALED.decode(),
    }  # fmt: skip
    body = parquet(sieved.kept.replace_schema_metadata({COUNTS: json.dumps(counts, sort_keys=True).encode()}))
    footer = len(body) - FOOTER_END - int.from_bytes(body[-FOOTER_END:-4], "little")
    at = footer + bytes(body[footer:]).rindex(UNSEALED)  # the schema's copy of it is coded
    seal, sha256 = _digests(body, at)
    body[at : at + len(seal)] = seal
    n_kept = sieved.kept.num_rows
    return body, PartRecord(
        name, sieved.n_in, n_kept, sieved.rejected.num_rows, sieved.reasons, sha256, rejected_sha256
    )


def record_of(name: str, body: bytes, where: str) -> PartRecord:
    """What a part says of itself. Raises DamageError when it has no seal, or a bit of it is not as it was sealed."""
    at = body.rfind(SEAL)
    seal, sha256 = _digests(memoryview(body), at) if at >= 0 else (b"", "")
    if at < 0 or body[at : at + len(UNSEALED)] != seal:
        raise DamageError(f"{where}: damaged, or no part of ours: it is not what its own seal says")
    footer = pq.read_metadata(pa.BufferReader(body))
    counts: dict[str, Any] = json.loads((footer.metadata or {})[COUNTS])
    return PartRecord(
        name, counts["n_in"], footer.num_rows, counts["n_rejected"], counts["reasons"], sha256,
        counts["rejected_sha256"],
    )  # fmt: skip


def _digests(body: memoryview, at: int) -> tuple[bytes, str]:
    """The seal that belongs at a place of a part, and the SHA-256 of the part with it; one pass over its rows."""
    before, after = hashlib.sha256(body[:at]), body[at + len(UNSEALED) :]
    unsealed = before.copy()
    unsealed.update(UNSEALED)
    unsealed.update(after)
    seal = SEAL + unsealed.hexdigest().encode()
    before.update(seal)
    before.update(after)
    return seal, before.hexdigest()


def dataset_of(paths: Sequence[str], files: pafs.FileSystem) -> "ds.Dataset":
    """Parts as one dataset, in order; pages that are read are held against their checksums. Raises OSError."""
    import pyarrow.dataset as ds

    checked = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    return ds.dataset(paths, filesystem=files, format=ds.ParquetFileFormat(default_fragment_scan_options=checked))
