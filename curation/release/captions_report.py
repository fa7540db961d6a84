"""What the report shows of captions: pictures that were taken, by key, and some of each cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from curation.release.montage import picture_address
from curation.release.picked import Tables, rows_of

N_TAKEN, N_CUT = 24, 3
TAKEN = f"""
SELECT sample_id, figure_id, split, turns[1].question AS question, turns[1].answer AS caption, caption_score,
       attribution, licence,
       '' AS reason, '' AS detail
FROM captions
WHERE figure_id IN (SELECT figure_id FROM captions ORDER BY md5(figure_id), figure_id LIMIT {N_TAKEN})
ORDER BY md5(figure_id), figure_id
"""
CUT = f"""
WITH told AS (
    SELECT one.row_id, coalesce(placed.reason, one.reason) AS reason, coalesce(placed.detail, one.detail) AS detail
    FROM rejections AS one
    LEFT JOIN (SELECT row_id, reason, detail FROM rejections WHERE step = 'figure_splits') AS placed
           ON one.reason = 'not-in-splits' AND placed.row_id = one.row_id
    WHERE one.step = 'captions'
    QUALIFY row_number() OVER (
        PARTITION BY coalesce(placed.reason, one.reason) ORDER BY md5(one.row_id), one.row_id) <= {N_CUT}
)
SELECT '' AS sample_id, figure_id, '' AS split, '' AS question, caption, NULL::BIGINT AS caption_score,
       attribution, licence, reason, detail
FROM told JOIN figures ON figures.figure_id = told.row_id
ORDER BY reason, md5(figure_id), figure_id
"""
SCORES = (
    ("score of a caption", "SELECT 'by the model' AS dataset, model_score AS value FROM ratings "
     "UNION ALL SELECT 'within the bounds of the rules', caption_score FROM ratings"),
)  # fmt: skip
WORDS = (("words of a caption", "SELECT 'figures' AS dataset, n_words AS value FROM figures "
          "UNION ALL SELECT 'taken', n_words FROM captions"),)  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A figure on the page: what was made of it, or why not."""

    sample_id: str
    """Empty where none was made of it."""
    figure_id: str
    split: str
    question: str
    caption: str
    caption_score: int | None
    attribution: str
    licence: str
    reason: str
    detail: str
    picture: str
    """A `data:` address."""


def taken(db: duckdb.DuckDBPyConnection, store: Tables, addresses: Mapping[str, Sequence[str]]) -> Sequence[Shown]:
    """Figures that became samples, the same ones for the same tables."""
    return _shown(db.sql(TAKEN), store, addresses.get("captions", ()))


def cut(db: duckdb.DuckDBPyConnection, store: Tables, addresses: Mapping[str, Sequence[str]]) -> Sequence[Shown]:
    """Some figures of each reason, by reason."""
    return _shown(db.sql(CUT), store, addresses.get("figures", ()))


def _shown(found: duckdb.DuckDBPyRelation, store: Tables, addresses: Sequence[str]) -> list[Shown]:
    rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
    pictures = rows_of(store, addresses, "figure_id", [row["figure_id"] for row in rows], ("png",))
    return [Shown(picture=picture_address(pictures[row["figure_id"]]["png"]), **row) for row in rows]
