"""Pictures that are nearly the same: what the certificate says of them, and whether a hand-over keeps it.

ALIKE were found in the pictures as they were drawn; here they are found again in the files.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import duckdb
import numpy as np

from curation.pictures.likeness import small
from curation.pictures.lookalikes import LEAST_LIKENESS, Pair, lookalikes


def n_alike(db: duckdb.DuckDBPyConnection) -> int:
    """Pairs of pictures with samples that are nearly the same, in a corpus opened as a database."""
    told = "(SELECT cutout_id FROM samples)"
    return len(db.sql(f"SELECT left_id FROM alike WHERE left_id IN {told} AND right_id IN {told}").fetchall())


def alike_counts(n_pairs: int) -> dict[str, float]:
    """Pairs of pictures that are nearly the same; each lies in one split."""
    return {"least_likeness": LEAST_LIKENESS, "n_pairs": n_pairs}


def alike_problems(
    handover: Path, rows: list[dict[str, Any]], digests: Mapping[str, str], said: Mapping[str, float] | None
) -> Iterator[str]:
    """Pictures that are nearly the same in two splits, found again in the files; and a count that is another.

    `said` by the certificate; None: by one from before they were looked for.
    """
    shown = {row["cutout_id"]: row for row in rows if row["cutout_id"] is not None}
    found = [(shown[one], _small(handover, shown[one], digests)) for one in sorted(shown)]
    seen = [(row, picture) for row, picture in found if picture is not None]
    pairs = lookalikes(np.array([picture for _, picture in seen])).pairs if seen else ()
    for one in pairs:
        left, right = seen[one.left][0], seen[one.right][0]
        if left["split"] != right["split"]:
            yield (
                f"the pictures of cutouts {left['cutout_id']} (sample {left['sample_id']}, {left['split']}) and "
                f"{right['cutout_id']} (sample {right['sample_id']}, {right['split']}) are nearly the same: {_how(one)}"
            )
    counts = alike_counts(len(pairs))
    if said is not None and len(seen) == len(found) and said != counts:
        yield f"split_certificate.json: pictures that are alike are {counts}, the certificate says {said}"


def _small(handover: Path, row: Mapping[str, Any], digests: Mapping[str, str]) -> Any:
    """Its picture as 48 x 48 greys; None for one that is not the picture it was, which is told elsewhere."""
    if digests.get(row["image"]) != row["png_sha256"]:
        return None
    picture = cv2.imread(str(handover / row["image"]), cv2.IMREAD_UNCHANGED)
    return None if picture is None else small(picture)


def _how(pair: Pair) -> str:
    mirrored = "mirrored, " if pair.is_mirrored else ""
    turned = f"turned by {pair.turn_deg:.0f} deg, " if pair.turn_deg else ""
    return (
        f"likeness {pair.likeness:.1f}, at least {LEAST_LIKENESS:g}; {mirrored}{turned}{pair.scale:.2f} times as large"
    )
