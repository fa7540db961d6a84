"""REGISTRATIONS: where in the mosaics of a survey pictures lie that lost their WCS, or that this is not known.

First by their values, which is certain (`exact`); what is not found so, by its texture (`search`) in every mosaic. A
place is told only where it stands out: by how many standard deviations of chance it fits better than the next best one
is its *confidence*, and the least that is enough was measured (`benchmarks/registration.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.pictures.planes import Planes
from curation.pictures.unchanged import Stamps, unchanged
from curation.registration.decided import Found, by_correlation, by_values, unknown
from curation.registration.exact import copies
from curation.registration.legacy import LEAST_SIDE_PX, Legacy
from curation.registration.placing import SYMMETRIES, Symmetry
from curation.registration.search import BIN_PX, Batch, Candidate, Sought, candidates, refined, tile_px
from curation.registration.texture import significance
from schemas.tables import REGISTRATIONS

LEAST_ELEMENTS = 20.0
"""Independent elements of a picture; one with fewer, as a blob on black, looks like many."""
BATCH_BYTES = 2**28
"""Of the spectra of pictures that are looked for together."""
MOST_PLACES = 6  # of each picture that are looked at in fine; in overlapping mosaics several are one
Row = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Ways:
    """How pictures may lie on mosaics."""

    scales: tuple[float, ...] = (1.0,)
    """Pixels of a picture to a pixel of the mosaic, each of which is tried."""
    symmetries: tuple[Symmetry, ...] = SYMMETRIES
    """That they may have. Others, half a turn further, are looked at as rivals."""
    is_exact_only: bool = False
    """True: none is looked for by its texture."""

    @property
    def tried(self) -> tuple[Symmetry, ...]:
        """Also half turns: side lobes, which fields of one survey have in common, look the same in these."""
        return tuple(dict.fromkeys([*self.symmetries, *(one.upside_down for one in self.symmetries)]))


@dataclass
class _State:
    """What is known of a picture so far."""

    picture: Legacy
    copies: list[Found] = field(default_factory=list[Found])
    unusable: tuple[str, str] | None = None
    """Why its texture tells nothing."""
    places: list[tuple[Row, Sought, Candidate]] = field(default_factory=list[tuple[Row, Sought, Candidate]])

    def take(self, mosaic: Row, sought: Sought, found: Sequence[Candidate]) -> None:
        """Keep the best coarse places of all mosaics and scales."""
        self.places += [(mosaic, sought, one) for one in found]
        self.places.sort(key=lambda one: -significance(one[2].correlation, one[1].n_elements))
        del self.places[MOST_PLACES:]

    def found(self, raw: Path, planes: Planes) -> list[Found]:
        """These places in fine."""
        made = list[Found]()
        for mosaic, sought, coarse in self.places:
            one = refined(planes.get(raw / mosaic["mosaic"], is_wanted_whole=True), sought, coarse)
            made.append(Found(mosaic, one.placing, sought.scale, one.correlation, one.n_elements))
        return made

    def row(self, raw: Path, planes: Planes, ways: Ways) -> Row:
        """Its row of REGISTRATIONS."""
        named = {"picture": self.picture.name, "sha256": self.picture.sha256}
        if self.picture.fault is not None:
            return {**named, **unknown(*self.picture.fault)}
        if self.copies:
            return {**named, **by_values(self.copies)}
        if self.places:
            return {**named, **by_correlation(self.found(raw, planes), ways.symmetries)}
        if ways.is_exact_only:
            return {**named, **unknown("no-copy", "no mosaic has its pixels; its texture was not looked for")}
        return {**named, **unknown(*(self.unusable or ("no-overlap", "no mosaic has room for half of it")))}


def register(
    pictures: Sequence[Legacy],
    mosaics: pa.Table,
    raw: Path,
    ways: Ways = Ways(),
    *,
    stamps: Stamps | None = None,
    say: Say = lambda _: None,
) -> pa.Table:
    """REGISTRATIONS, one row a picture, by name; `mosaics`: MOSAICS, of which those with a WCS are looked through.

    Holds all pictures in memory, and of a mosaic a tile. Raises ImageError for a mosaic that cannot be read, and
    CatalogError for one that is not the file of its row any more; `stamps`: see `unchanged`.
    """
    states = [_State(one) for one in sorted(pictures, key=lambda one: one.name)]
    rows = [one for one in mosaics.sort_by("mosaic").to_pylist() if one["header"] is not None]
    planes, usable = Planes(), [one for one in states if one.picture.fault is None]
    of_values = [one for one in usable if not one.picture.is_drawn]
    for k, mosaic in enumerate(rows, 1):
        path = raw / mosaic["mosaic"]
        with unchanged(path, mosaic["sha256"], (stamps or {}).get(mosaic["mosaic"])):
            found = copies(
                planes.get(path, is_wanted_whole=True), [one.picture.image for one in of_values], ways.symmetries
            )
        for state, places in zip(of_values, found, strict=True):
            state.copies += [Found(mosaic, one) for one in places]
        say(f"{k}/{len(rows)}  {mosaic['mosaic']}: {sum(bool(one) for one in found)} found by their values")
    left = [] if ways.is_exact_only else [one for one in usable if not one.copies]
    for some in _batches(left, ways):
        batch = Batch([sought for _, sought in some])
        for mosaic in rows:
            found_here = candidates(planes.get(raw / mosaic["mosaic"], is_wanted_whole=True), batch)
            for (state, sought), found in zip(some, found_here, strict=True):
                state.take(mosaic, sought, found)
        say(f"{len(some)} of {len(left) * len(ways.scales)} looked for by their texture")
    return REGISTRATIONS.of([one.row(raw, planes, ways) for one in states])


def _batches(states: Sequence[_State], ways: Ways) -> Iterator[list[tuple[_State, Sought]]]:
    """Pictures of like size together, so that no small one is looked for in the tiles of a large one."""
    some = list[tuple[_State, Sought]]()
    for one in states:
        for scale in ways.scales:
            sought = Sought(one.picture.image, scale, ways.tried)
            one.unusable = _unusable(sought)
            some += [] if one.unusable else [(one, sought)]
    some.sort(key=lambda one: max(one[1].placed.shape))
    batch, n_bytes = list[tuple[_State, Sought]](), 0
    for one in some:
        tile = tile_px(max(one[1].placed.shape)) // BIN_PX
        n_more = 4 * tile * tile * len(ways.tried)
        if batch and n_bytes + n_more > BATCH_BYTES:
            yield batch
            batch, n_bytes = [], 0
        batch.append(one)
        n_bytes += n_more
    if batch:
        yield batch


def _unusable(one: Sought) -> tuple[str, str] | None:
    """Reason and detail of a picture whose texture tells nothing."""
    height, width = one.placed.shape
    if min(height, width) < LEAST_SIDE_PX:
        return "too-small", f"{width} x {height} pixels of a mosaic, expected at least {LEAST_SIDE_PX} a side"
    if one.n_elements < LEAST_ELEMENTS:
        n = f"{one.n_elements:.1f} independent elements"
        return "too-plain", f"{n}, expected at least {LEAST_ELEMENTS:g}; it looks like many places"
    return None
