"""SPLITS: train, validation or test for every cutout, by patch of sky.

Reads CUTOUTS and SOURCES of every dataset of the corpus, and ALIKE. A patch is what must not be torn apart: cutouts
that overlap or come nearer than the guard, that show the same source, or whose pictures are the same or nearly so.
The published split is kept where there is one; the sky of a benchmark is sealed: its patch is test as a whole. SEALED
is the sky of benchmarks whose own cutouts need not be there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.engine.steps import Input, Resources, Step
from curation.truth.discs import Discs, Ints, near_others, near_pairs
from schemas.errors import TableError
from schemas.fingerprint import content_id, fraction
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import ALIKE, SEALED, SPLITS

CUTOUT_COLUMNS = (
    "cutout_id", "source_id", "dataset", "ra_deg", "dec_deg", "width_px", "height_px", "pixel_x_arcsec",
    "pixel_y_arcsec", "beam_major_arcsec", "sha256",
)  # fmt: skip
SOURCE_COLUMNS = ("source_id", "source_name", "split", "benchmark")
ALIKE_COLUMNS = ("left_id", "right_id", "likeness")
SEALED_COLUMNS = ("sealed_id", "benchmark", "source_name", "ra_deg", "dec_deg", "radius_arcsec")
HELD_OUT = {"train": 0, "validation": 1, "test": 2}  # the more held out, the higher

ROUNDING = 1e-9


class SplitConfig(BaseModel):
    """Shares of the patches without a published split, and the guard between splits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: float = Field(default=0.8, ge=0, le=1)
    validation: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)
    guard_beams: float = Field(default=2.0, ge=0)
    """Sky left free between two cutouts of different splits, in beams of the one with the larger beam."""
    unknown_beam_arcsec: float = Field(default=45.0, gt=0)
    """Taken for the beam where none is known: NVSS's, wide enough to be safe with FIRST or LoTSS."""

    @model_validator(mode="after")
    def _whole(self) -> "SplitConfig":
        if abs(self.train + self.validation + self.test - 1) > ROUNDING:
            raise ValueError(
                f"train {self.train}, validation {self.validation} and test {self.test} must add up to 1, "
                f"not {self.train + self.validation + self.test:g}"
            )
        return self

    def of(self, key: str) -> str:
        """The split of a patch, by its key alone."""
        place = fraction(f"split {key}")
        return "train" if place < self.train else "validation" if place < self.train + self.validation else "test"


def splits(
    cutouts: Sequence[pa.Table],
    sources: Sequence[pa.Table],
    config: SplitConfig,
    *,
    alike: pa.Table | None = None,
    sealed: pa.Table | None = None,
) -> Sieved:
    """Each cutout with its patch and split. *In* are the cutouts of all datasets; `alike`: None where none are.

    A patch takes the most held-out of its benchmarks' and published splits, else a share by its key; one that comes
    near `sealed` sky is test. A cutout that was published in a less held-out split than its patch is refused: it is
    never moved.
    """
    rows = pa.concat_tables(one.select(CUTOUT_COLUMNS) for one in cutouts).sort_by("cutout_id").to_pylist()
    known = {row["source_id"]: row for one in sources for row in one.select(SOURCE_COLUMNS).to_pylist()}
    strays = [row["cutout_id"] for row in rows if row["source_id"] not in known]
    if strays:
        raise TableError(f"{len(strays)} cutouts show a source that SOURCES do not have, first {strays[0]}")
    near = _alike(rows, ALIKE.of([]) if alike is None else alike)
    sky = SEALED.of([]) if sealed is None else sealed
    field = _Field.of(rows, known, config, sealed=sky, alike=near)
    kept, refused = list[dict[str, Any]](), list[Rejection]()
    for patch in _patches(field):
        _sort_out(patch, field, config, kept, refused)
    return sieved(SPLITS.of(sorted(kept, key=lambda row: row["cutout_id"])), refused, len(rows))


def splits_step(
    corpus_name: str,
    pairs: Sequence[tuple[Step, Step]],
    config: SplitConfig,
    *,
    alike: Step,
    sealed: Step | None = None,
) -> Step:
    """The whole step over every dataset's (cutouts, sources), pictures that are alike, and sealed sky where any is."""
    cutouts = [Input(cutout_step, columns=CUTOUT_COLUMNS) for cutout_step, _ in pairs]
    sources = [Input(source_step, columns=SOURCE_COLUMNS) for _, source_step in pairs]
    sky = [Input(sealed, columns=SEALED_COLUMNS)] if sealed else []
    return Step(
        f"splits/{corpus_name}",
        _splits_of_all,
        SPLITS,
        config=(config,),
        inputs=(*cutouts, *sources, Input(alike, columns=ALIKE_COLUMNS), *sky),
        counts="cutouts of all datasets",
        resources=Resources(cpus=1, memory_mb=1000),
    )


@dataclass(frozen=True)
class _Field:
    """All cutouts, sorted by id: their rows, their sources, and those with a position as discs."""

    rows: list[dict[str, Any]]
    known: dict[str, dict[str, Any]]
    placed: Ints  # disc -> row
    disc: dict[int, int]  # row -> disc
    discs: Discs
    radius_arcsec: list[float | None]
    guard_arcsec: list[float]
    sealed: dict[int, dict[str, Any]]  # row -> the sealed sky that it comes nearest to the middle of
    alike: dict[tuple[int, int], float]  # two rows, either first -> likeness of pictures that are nearly the same

    @staticmethod
    def of(
        rows: list[dict[str, Any]],
        known: dict[str, dict[str, Any]],
        config: SplitConfig,
        *,
        sealed: pa.Table,
        alike: dict[tuple[int, int], float],
    ) -> "_Field":
        radius = [_radius_arcsec(row) for row in rows]
        guard = [config.guard_beams * (row["beam_major_arcsec"] or config.unknown_beam_arcsec) for row in rows]
        placed = np.array([k for k, one in enumerate(radius) if one is not None], np.int64)
        columns = [[rows[k]["ra_deg"] for k in placed], [rows[k]["dec_deg"] for k in placed]]
        columns += [[radius[k] for k in placed], [guard[k] for k in placed]]
        discs = Discs.at(*(np.array(column, np.float64) for column in columns))
        disc = {row: place for place, row in enumerate(placed.tolist())}
        return _Field(rows, known, placed, disc, discs, radius, guard, _sealed(discs, placed, sealed), alike)

    def source(self, k: int) -> dict[str, Any]:
        return self.known[self.rows[k]["source_id"]]

    def nearest(self, k: int, others: Sequence[int]) -> tuple[int, str]:
        """The one of `others` nearest to cutout k; in words who it is, how far, and how far it would have to be."""
        near = [one for one in others if one in self.disc]
        looks = max(others, key=lambda one: self.alike.get((k, one), 0.0))
        if (k, looks) in self.alike:
            what = f"whose picture is nearly the same (likeness {self.alike[k, looks]:.1f})"
            return looks, f"{self._named(looks)}, {what}"
        if k not in self.disc or not near:
            other = min(others)
            return other, f"{self._named(other)}, which has the same source, or the same or nearly the same picture"
        right = np.array([self.disc[one] for one in near])
        left = np.full(len(right), self.disc[k])
        apart = self.discs.separation_arcsec(left, right)
        best = int(np.argmin(apart))
        required = self.discs.required_arcsec(left, right)[best]
        return near[best], f'{self._named(near[best])}, {apart[best]:.1f}" away; {required:.1f}" are needed'

    def _named(self, k: int) -> str:
        return f"cutout {self.rows[k]['cutout_id']} of {self.source(k)['source_name']}"


def _sealed(discs: Discs, placed: Ints, sealed: pa.Table) -> dict[int, dict[str, Any]]:
    """For each cutout (by its row) near sealed sky: the piece of it whose middle is nearest, and how far that is."""
    sky = sealed.select(SEALED_COLUMNS).sort_by("sealed_id")
    columns = [sky[name].to_numpy() for name in ("ra_deg", "dec_deg", "radius_arcsec")]
    pieces = Discs.at(*columns, np.zeros(sky.num_rows))
    both, n = discs.and_(pieces), len(placed)
    found: dict[int, tuple[float, int, float]] = {}
    for left, right in near_others(discs, pieces):
        apart, required = both.separation_arcsec(left, right + n), both.required_arcsec(left, right + n)
        for i, j, separation, least in zip(*(one.tolist() for one in (left, right, apart, required)), strict=True):
            found[i] = min(found.get(i, (np.inf, 0, 0.0)), (separation, j, least))
    rows = sky.to_pylist()
    return {
        int(placed[i]): {**rows[j], "separation_arcsec": separation, "required_arcsec": required}
        for i, (separation, j, required) in found.items()
    }


def _splits_of_all(*tables_and_config: Any) -> Sieved:
    *tables, config = tables_and_config
    n = (len(tables) - 1) // 2
    sealed = tables[2 * n + 1] if len(tables) > 2 * n + 1 else None
    return splits(tables[:n], tables[n : 2 * n], config, alike=tables[2 * n], sealed=sealed)


def _alike(rows: list[dict[str, Any]], alike: pa.Table) -> dict[tuple[int, int], float]:
    place = {row["cutout_id"]: k for k, row in enumerate(rows)}
    found: dict[tuple[int, int], float] = {}
    for one in alike.select(ALIKE_COLUMNS).to_pylist():
        left, right = place[one["left_id"]], place[one["right_id"]]
        found[left, right] = found[right, left] = one["likeness"]
    return found


def _radius_arcsec(row: dict[str, Any]) -> float | None:
    """Half the diagonal; None where there is no position, or no scale to measure with."""
    if None in (row["ra_deg"], row["dec_deg"], row["pixel_x_arcsec"], row["pixel_y_arcsec"]):
        return None
    return float(np.hypot(row["width_px"] * row["pixel_x_arcsec"], row["height_px"] * row["pixel_y_arcsec"]) / 2)


def _patches(field: _Field) -> list[list[int]]:
    """Rows that must stay together, each patch in the order of ids."""
    from scipy.sparse import coo_matrix  # slow to import, and only a build that makes splits needs it
    from scipy.sparse.csgraph import connected_components

    if not field.rows:
        return []
    n_rows = len(field.rows)
    patch = np.arange(n_rows)
    for left, right in _links(field):
        # Labels are joined chunk by chunk: memory stays that of one chunk, however many pairs there are.
        links = coo_matrix((np.ones(len(left), np.int8), (patch[left], patch[right])), shape=(n_rows, n_rows))
        patch = connected_components(links, directed=False)[1][patch]
    members: dict[int, list[int]] = {}
    for k, label in enumerate(patch.tolist()):
        members.setdefault(label, []).append(k)
    return list(members.values())


def _links(field: _Field) -> Iterator[tuple[Ints, Ints]]:
    for name in ("source_id", "sha256"):
        ids = np.array([row[name] for row in field.rows], dtype=object)
        _, first, where = np.unique(ids.astype(str), return_index=True, return_inverse=True)
        yield np.arange(len(ids)), first[where]
    if field.alike:
        pairs = np.array([*field.alike], np.int64)
        yield pairs[:, 0], pairs[:, 1]
    for left, right in near_pairs(field.discs):
        yield field.placed[left], field.placed[right]


def _sort_out(
    patch: list[int], field: _Field, config: SplitConfig, kept: list[dict[str, Any]], refused: list[Rejection]
) -> None:
    """Give every cutout of a patch its split, or its refusal."""
    # By source, not by cutout: another cutout size of the same sources leaves them where they are.
    key = min({field.rows[k]["source_id"] for k in patch}, key=lambda one: (fraction(one), one))
    tested = [k for k in patch if field.source(k)["benchmark"]]
    sealed = tested or [k for k in patch if k in field.sealed]
    published = [k for k in patch if field.source(k)["split"]]
    split = "test" if sealed else max((field.source(k)["split"] for k in published), key=HELD_OUT.get, default=None)
    split = split or config.of(key)
    winners = sealed or [k for k in published if field.source(k)["split"] == split]
    for k in patch:
        row, source = field.rows[k], field.source(k)
        if not source["benchmark"] and source["split"] and HELD_OUT[source["split"]] < HELD_OUT[split]:
            refused.append(_refusal(k, field, winners, split))
            continue
        names = ("cutout_id", "source_id", "dataset", "ra_deg", "dec_deg")
        kept.append(
            {name: row[name] for name in names}
            | {
                "radius_arcsec": field.radius_arcsec[k],
                "guard_arcsec": field.guard_arcsec[k],
                "patch_id": content_id("patch", key),
                "split": split,
                "benchmark": source["benchmark"],
            }
        )


def _refusal(k: int, field: _Field, winners: list[int], split: str) -> Rejection:
    row, source = field.rows[k], field.source(k)
    other, named = field.nearest(k, winners)
    benchmark, sky = field.source(other)["benchmark"], field.sealed.get(k) or field.sealed.get(other)
    if benchmark:
        whose = f"its patch of sky is sealed by {benchmark}: nearest is {named}"
    elif sky is None:
        whose = f"its patch of sky has published {split} rows: nearest is {named}"
    else:
        benchmark = sky["benchmark"]
        whom = "its sky" if k in field.sealed else f"its patch of sky, through {named},"
        whose = (
            f'{whom} is sealed by {benchmark}: {sky["source_name"]} is {sky["separation_arcsec"]:.1f}" away; '
            f'{sky["required_arcsec"]:.1f}" are needed'
        )
    reason = f"sealed-by-{benchmark}" if benchmark else f"published-{source['split']}-near-{split}"
    detail = f"published as {source['split']}, but {whose}"
    return Rejection(row["cutout_id"], reason, detail, {**row, "split": source["split"]})
