"""What a hand-over holds, filtered: a table in memory with a row a sample."""

import math
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from catalogs.database import connect, read_sql
from curation.pages.places import FORMS, place_deg
from curation.release.certificate import PROVENANCE
from schemas.errors import RecipeError
from schemas.tables import JUDGED

HERE = Path(__file__).parent
AT_ONCE, MOST_DOTS, MOST_WORDS = 48, 1500, 8
"""Samples of an answer; dots of the sky; words that are looked for."""
FACETS = ("survey", "dataset", "split", "verdict", "review")
SHOWN = ("sample_id", "name", "dataset", "survey", "split", "labels", "verdict", "score", "review", "n_turns",
         "png_sha256", "question", "answer")  # fmt: skip
Row = dict[str, Any]


class Filters(BaseModel):
    """What is looked for; nothing is said of a field that is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    survey: str = ""
    dataset: str = ""
    split: str = ""
    verdict: str = ""
    review: str = ""
    label: str = ""
    least: float | None = Field(default=None, ge=0, le=10)
    """Score, of 10."""
    most: float | None = Field(default=None, ge=0, le=10)
    text: str = Field(default="", max_length=200)
    """Every word of it stands in the sample's ids, names, questions or answers."""
    near: str = Field(default="", max_length=100)
    """A place, or the name of a source."""
    radius_arcmin: float = Field(default=60.0, gt=0, le=10800)
    start: int = Field(default=0, ge=0)


class Shelf:
    """The samples of a hand-over. One thread at a time."""

    def __init__(self, handover: Path, judged: pa.Table | None) -> None:
        """`judged`: JUDGED of its datasets; None: nobody scored them."""
        self._stack, self._lock = ExitStack(), Lock()
        tables = {"judged": JUDGED.schema.empty_table() if judged is None else judged}
        files = {"provenance": handover / PROVENANCE}
        self._db = self._stack.enter_context(connect(tables, files=files, memory_mb=2000))
        self._db.execute(read_sql(HERE / "shelf.sql"))

    def close(self) -> None:
        """Let go of it."""
        self._stack.close()

    def facets(self) -> Row:
        """Values of each field with their numbers of samples, the most frequent first."""
        found: Row = {}
        for name in FACETS:
            query = f"SELECT {name} AS value, count(*) AS n FROM shelf WHERE {name} IS NOT NULL"  # noqa: S608 -- our own names
            found[name] = self._rows(f"{query} GROUP BY ALL ORDER BY n DESC, value")
        labels = "SELECT value, count(*) AS n FROM (SELECT unnest(labels) AS value FROM shelf)"
        found["label"] = self._rows(f"{labels} GROUP BY ALL ORDER BY n DESC, value")
        (numbers,) = self._rows("SELECT count(*) AS n, count(score) AS n_scored, count(x) AS n_placed FROM shelf")
        return {**found, **numbers}

    def found(self, wanted: Filters) -> Row:
        """Samples from `start` on, how many there are, and dots of the sky, chosen by key.

        One sample of each picture comes first, by name; then a second of those that have several, and so on.
        """
        where, given = self._where(wanted)
        shown, dots = ", ".join(SHOWN), "sample_id, name, split, ra_deg, dec_deg"
        turned = (
            "SELECT *, row_number() OVER (PARTITION BY png_sha256 ORDER BY sample_id) AS turn FROM shelf WHERE "  # noqa: S608
            + where
        )
        rows = self._rows(
            f"SELECT {shown} FROM ({turned}) ORDER BY turn, name, sample_id LIMIT {AT_ONCE} OFFSET $start",  # noqa: S608
            {**given, "start": wanted.start},
        )
        splits = self._rows(
            f"SELECT split, count(*) AS n FROM shelf WHERE {where} GROUP BY ALL ORDER BY n DESC, split",
            given,  # noqa: S608
        )
        sky = [] if wanted.start else self._rows(
            f"SELECT {dots} FROM shelf WHERE ({where}) AND x IS NOT NULL ORDER BY md5(sample_id) LIMIT {MOST_DOTS}",  # noqa: S608
            given,
        )  # fmt: skip
        return {"n": sum(one["n"] for one in splits), "splits": splits, "rows": rows, "sky": sky}

    def row(self, sample_id: str) -> Row | None:
        """One sample."""
        rows = self._rows("SELECT * EXCLUDE (words) FROM shelf WHERE sample_id = $id", {"id": sample_id})
        return rows[0] if rows else None

    def of_source(self, source_id: str) -> list[Row]:
        """Every sample of a source or figure."""
        query = "SELECT sample_id, question, verdict FROM shelf WHERE source_id = $id ORDER BY sample_id LIMIT 50"
        return self._rows(query, {"id": source_id})

    def has_picture(self, sha256: str) -> bool:
        """Whether a picture is one of the hand-over."""
        return bool(self._rows("SELECT 1 FROM shelf WHERE png_sha256 = $sha LIMIT 1", {"sha": sha256}))

    def _where(self, wanted: Filters) -> tuple[str, Row]:
        """The condition, of our own words alone, and what stands in it."""
        said, given = ["TRUE"], Row()
        for name in FACETS:
            if value := getattr(wanted, name):
                said.append(f"{name} = ${name}")
                given[name] = value
        if wanted.label:
            said.append("list_contains(labels, $label)")
            given["label"] = wanted.label
        for name, sign in (("least", ">="), ("most", "<=")):
            if (value := getattr(wanted, name)) is not None:
                said.append(f"score {sign} ${name}")
                given[name] = value
        for place, word in enumerate(wanted.text.lower().split()[:MOST_WORDS]):
            said.append(f"contains(words, $word{place})")
            given[f"word{place}"] = word
        if wanted.near.strip():
            said.append("(x - $x) ** 2 + (y - $y) ** 2 + (z - $z) ** 2 <= $chord2")
            given |= self._cone(wanted)
        return " AND ".join(said), given

    def _cone(self, wanted: Filters) -> Mapping[str, float]:
        ra, dec = (math.radians(one) for one in self._place(wanted.near))
        chord = 2 * math.sin(min(math.radians(wanted.radius_arcmin / 60), math.pi) / 2)
        x, y = math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra)
        return {"x": x, "y": y, "z": math.sin(dec), "chord2": chord**2}

    def _place(self, near: str) -> tuple[float, float]:
        if place := place_deg(near):
            return place
        rows = self._rows("SELECT ra_deg, dec_deg FROM shelf WHERE name = $name AND x IS NOT NULL LIMIT 1",
                          {"name": near.strip()})  # fmt: skip
        if not rows:
            raise RecipeError(
                f"near {near!r:.80}: no sample is of a source with this name, and it is no position; expected {FORMS}"
            )
        return rows[0]["ra_deg"], rows[0]["dec_deg"]

    def _rows(self, query: str, given: Mapping[str, Any] | None = None) -> list[Row]:
        with self._lock:
            return self._db.sql(query, params=dict(given or {})).to_arrow_table().to_pylist()
