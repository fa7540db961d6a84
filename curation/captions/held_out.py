"""Sky that is not trained on, as captions may name it: by the name of a source, or by a place."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from catalogs.sky import Reals, separation_arcsec
from curation.captions.places import Place

LEAST_NAME = 4  # letters and digits of a name that is looked for
MOST_TOKENS = 4  # that a name is made of
SHOWN_ARCSEC = 300.0
"""Half of what a picture of a paper may show around a place that its caption names: its scale is not known."""
TOKEN = re.compile(r"[A-Za-z0-9.]+|[+\-−–]")
DIGIT, LETTER = re.compile(r"[0-9]"), re.compile(r"[A-Za-z]")
DASHES = str.maketrans("−–", "--")


@dataclass(frozen=True)
class HeldOut:
    """Discs on the sky, each with whose they are, and names of sources there."""

    owner: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    ra_deg: Reals = field(default_factory=lambda: np.empty(0))
    dec_deg: Reals = field(default_factory=lambda: np.empty(0))
    radius_arcsec: Reals = field(default_factory=lambda: np.empty(0))
    names: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """By plain name: whose, and the name as it stands."""

    @staticmethod
    def of(sealed: pa.Table | None, splits: pa.Table | None, sources: Iterable[pa.Table]) -> "HeldOut":
        """SEALED, and of SPLITS what is validation or test, with SOURCES for the names."""
        rows: list[dict[str, Any]] = sealed.to_pylist() if sealed is not None else []
        for row in rows:
            row["owner"] = row["benchmark"]
        known = {row["source_id"]: row["source_name"] for one in sources for row in one.to_pylist()}
        for row in splits.to_pylist() if splits is not None else ():
            if row["split"] != "train":
                name = known.get(row["source_id"], "")
                rows.append({**row, "owner": row["benchmark"] or row["split"], "source_name": name})
        return HeldOut.of_rows(rows)

    @staticmethod
    def of_rows(rows: Sequence[dict[str, Any]]) -> "HeldOut":
        """Rows with owner, source_name, ra_deg, dec_deg and radius_arcsec."""
        placed = [row for row in rows if row["ra_deg"] is not None and row["radius_arcsec"] is not None]
        names = {plain(row["source_name"]): (row["owner"], row["source_name"]) for row in rows}
        return HeldOut(
            tuple(row["owner"] for row in placed),
            tuple(row["source_name"] for row in placed),
            *(np.array([row[name] for row in placed], float) for name in ("ra_deg", "dec_deg", "radius_arcsec")),
            {name: one for name, one in names.items() if _is_telling(name)},
        )

    def shown_by(self, caption: str, places: Sequence[Place]) -> tuple[str, str] | None:
        """Whose sky a caption names, and how that is known; None where it names none of it."""
        for name in names_in(caption) if self.names else ():
            if name in self.names:
                owner, source = self.names[name]
                return owner, f"its caption names {source}"
        for place in places if len(self.owner) else ():
            apart = separation_arcsec(self.ra_deg, self.dec_deg, place.ra_deg, place.dec_deg)
            required = self.radius_arcsec + place.radius_arcsec + SHOWN_ARCSEC
            at = int(np.argmin(apart - required))
            if apart[at] < required[at]:
                named = f'its caption names {place.said}, {apart[at]:.1f}" from {self.source[at]}'
                return self.owner[at], f'{named}; {required[at]:.1f}" are needed'
        return None


def plain(name: str) -> str:
    """A name by its letters, digits, signs and dots alone: 3C 31 and 3C31 are one."""
    return "".join(TOKEN.findall(name)).lower().translate(DASHES).strip(".")


def names_in(text: str) -> set[str]:
    """Whatever in a text could be the name of a source, as `plain` gives it: runs of up to four tokens."""
    tokens = [one.strip(".") for one in TOKEN.findall(text.lower().translate(DASHES))]
    found: set[str] = set()
    for k in range(len(tokens)):
        run = ""
        for token in tokens[k : k + MOST_TOKENS]:
            run += token
            if _is_telling(run):
                found.add(run)
    return found


def _is_telling(name: str) -> bool:
    return len(name) >= LEAST_NAME and DIGIT.search(name) is not None and LETTER.search(name) is not None
