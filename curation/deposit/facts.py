"""What a hand-over says of itself, counted once: for card, Croissant, DataCite and the gate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalogs.database import connect
from curation.release.certificate import FILE_OF, PROVENANCE
from curation.release.export import no_handover, whole_handover

Row = dict[str, Any]
QUERIES = {
    "licences": "SELECT survey, licence, count(*) AS n_samples FROM provenance GROUP BY ALL ORDER BY ALL",
    "generators": "SELECT generator, count(*) AS n_samples FROM provenance GROUP BY ALL ORDER BY ALL",
    "stretches": "SELECT DISTINCT stretch FROM provenance WHERE stretch IS NOT NULL ORDER BY ALL",
    "labels": """
        SELECT dataset, label.label AS label, label.tier AS tier, count(DISTINCT source_id) AS n_sources
        FROM (SELECT dataset, source_id, unnest(labels) AS label FROM provenance WHERE labels IS NOT NULL)
        WHERE label.state = 'present' GROUP BY ALL ORDER BY ALL
    """,
    "papers": """
        SELECT DISTINCT paper_id, attribution, licence FROM provenance WHERE paper_id IS NOT NULL ORDER BY ALL
    """,
    "sources": "SELECT DISTINCT source_id FROM provenance WHERE source_id IS NOT NULL ORDER BY ALL",
    "mosaics": """
        SELECT DISTINCT mosaic, mosaic_sha256 FROM provenance WHERE mosaic IS NOT NULL ORDER BY ALL
    """,
    "datasets": "SELECT DISTINCT dataset, survey FROM provenance ORDER BY ALL",
}


@dataclass(frozen=True)
class Facts:
    """A whole hand-over: its manifest, and rows counted over its samples."""

    folder: Path
    manifest: Row
    rows: dict[str, list[Row]]
    """By the names of QUERIES."""

    @property
    def corpus(self) -> str:
        """The corpus that it is of."""
        return self.manifest["corpus"]

    @property
    def counts(self) -> list[Row]:
        """Samples, pictures and turns of each dataset and split."""
        return self.manifest["counts"]

    def n_of(self, split: str) -> int:
        """Samples of a split."""
        return sum(one["n_samples"] for one in self.counts if one["split"] == split)

    @property
    def splits(self) -> list[str]:
        """The splits that have samples."""
        return [split for split in FILE_OF if self.n_of(split)]

    def doors(self, kind: str) -> list[str]:
        """Names of the doors of a kind that it was made by."""
        return sorted({one["name"] for one in self.manifest["doors"] if one["kind"] == kind})


def facts_of(handover: Path) -> Facts:
    """Read a hand-over. RecipeError for a folder that is none, StoreError for one that is not whole."""
    manifest = whole_handover(handover)
    if "doors" not in manifest:
        raise no_handover(handover)
    wanted = ["dataset", "survey", "licence", "split", "generator", "stretch", "source_id", "labels", "paper_id",
              "attribution", "mosaic", "mosaic_sha256"]  # fmt: skip
    table = pq.read_table(handover / PROVENANCE, columns=wanted)
    return Facts(handover, manifest, _counted(table))


def _counted(provenance: pa.Table) -> dict[str, list[Row]]:
    with connect({"provenance": provenance}) as db:
        return {name: db.sql(query).to_arrow_table().to_pylist() for name, query in QUERIES.items()}
