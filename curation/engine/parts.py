"""The bytes of a part: Parquet with page checksums, its own counts, and a seal, a digest of all its other bytes.

Equal rows give equal bytes, so a part that is made again is the same file. The seal makes a part its own witness: what
a killed build left is taken up only when not a bit of it has changed, though no manifest lists it yet.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from schemas.errors import DamageError
from schemas.manifest import Part
from schemas.rejection import Sieved

COUNTS = b"radio-corpus"  # the key of a part's own counts in its Parquet footer
SEAL = b"radio-corpus-seal:"
UNSEALED = SEAL + b"0" * 64
FORMAT = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
)


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


def parquet(table: pa.Table) -> bytes:
    """A table as Parquet in one row group, without a clock, each page with its checksum."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.combine_chunks(), sink, compression="zstd", row_group_size=max(1, table.num_rows),
        write_page_checksum=True,
    )  # fmt: skip
    return sink.getvalue().to_pybytes()


def part_bytes(sieved: Sieved, rejected_sha256: str) -> bytes:
    """A part's bytes, sealed. `rejected_sha256`: of the file of its refused rows, empty where there are none."""
    counts = {
        "n_in": sieved.n_in, "n_rejected": sieved.rejected.num_rows, "reasons": sieved.reasons,
        "rejected_sha256": rejected_sha256, "seal": UNSEALED.decode(),
    }  # fmt: skip
    body = parquet(sieved.kept.replace_schema_metadata({COUNTS: json.dumps(counts, sort_keys=True).encode()}))
    at = body.rindex(UNSEALED)  # the footer stands last; the schema's copy of it is coded
    return body[:at] + SEAL + hashlib.sha256(body).hexdigest().encode() + body[at + len(UNSEALED) :]


def record_of(name: str, body: bytes, where: str) -> PartRecord:
    """What a part says of itself. Raises DamageError when it has no seal, or a bit of it is not as it was sealed."""
    at = body.rfind(SEAL)
    end = at + len(UNSEALED)
    if at < 0 or SEAL + hashlib.sha256(body[:at] + UNSEALED + body[end:]).hexdigest().encode() != body[at:end]:
        raise DamageError(f"{where}: damaged, or no part of ours: it is not what its own seal says")
    footer = pq.read_metadata(pa.BufferReader(body))
    counts: dict[str, Any] = json.loads((footer.metadata or {})[COUNTS])
    return PartRecord(
        name, counts["n_in"], footer.num_rows, counts["n_rejected"], counts["reasons"],
        hashlib.sha256(body).hexdigest(), counts["rejected_sha256"],
    )  # fmt: skip
