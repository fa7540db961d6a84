"""Outlines of many objects on the sky: made once of a table's columns, and asked for every cutout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalogs.sky import Reals, unit_vectors
from schemas.errors import TableError
from schemas.remembered import per_table
from schemas.tables import OBJECTS

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

WANTED = ("object_id", "sky_polygon_deg", "image_polygon_px", "image_path")
COLUMNS = pa.schema({name: OBJECTS.schema.field(name).type for name in WANTED})
"""What is read of OBJECTS."""
USUAL = 0.99
"""Share of the outlines that are searched by a tree; the wider ones are measured one by one."""
SLACK = 1e-9  # of the tree's own arithmetic, in radians; what it finds is measured again


@dataclass(frozen=True)
class SkyOutlines:
    """Outlines of many objects: vertices in a row, objects by their slices."""

    object_ids: tuple[str, ...]
    """In the order of the slices, none twice."""
    starts: np.ndarray
    """Where the vertices of each object begin; one more number than objects."""
    vertices: Reals
    """Directions [n_vertices, 3], ICRS."""
    centres: Reals
    """A direction amid the vertices of each object [n, 3]."""
    chords: Reals
    """From there to the farthest vertex [n]."""
    in_pixels: Mapping[str, tuple[tuple[str, tuple[float, ...]], ...]]
    """By picture without WCS: (object id, outline in its pixels)."""

    def near(self, direction: Reals, reach: float) -> np.ndarray:
        """Indices, ascending, of the objects that may have a vertex within a chord of a direction [3]."""
        if not len(self.object_ids):
            return np.arange(0)
        tree, small, others, longest = self._tree
        held = small[tree.query_ball_point(direction, reach + longest + SLACK)]
        found = np.sort(np.concatenate([held, others]))
        distance = np.linalg.norm(self.centres[found] - direction, axis=1)
        return found[distance <= reach + self.chords[found]]

    @cached_property
    def _tree(self) -> "Tree":
        """Of all but the few widest outlines, which would make every search as wide as they are."""
        from scipy.spatial import cKDTree  # slow to import, and few need it

        longest = float(np.quantile(self.chords, USUAL))
        is_small = self.chords <= longest
        small, others = np.flatnonzero(is_small), np.flatnonzero(~is_small)
        return Tree(cKDTree(self.centres[small]), small, others, longest)


class Tree(NamedTuple):
    """Centres of outlines that are at most `longest` (a chord) wide, their indices, and those of the wider ones."""

    tree: "cKDTree"
    small: np.ndarray
    others: np.ndarray
    longest: float


def sky_outlines(objects: pa.Table | Sequence[Mapping[str, Any]]) -> SkyOutlines:
    """The outlines of OBJECTS. Raises TableError where an object stands twice or has no outline."""
    if not isinstance(objects, pa.Table):
        objects = pa.Table.from_pylist([{name: row.get(name) for name in WANTED} for row in objects], COLUMNS)
    table = objects.select(WANTED).cast(COLUMNS).sort_by("object_id").combine_chunks()
    ids = cast(list[str], table["object_id"].to_pylist())
    if twice := sorted({one for one, other in zip(ids, ids[1:], strict=False) if one == other}):
        raise TableError(f"OBJECTS: {len(twice)} objects stand twice, such as {twice[0]}")
    on_sky, in_picture = _has(table["sky_polygon_deg"]), _has(table["image_polygon_px"])
    in_picture &= pc.fill_null(pc.utf8_length(table["image_path"]), 0).to_numpy() > 0
    if not (on_sky | in_picture).all():
        raise TableError(f"OBJECTS: {ids[int(np.argmin(on_sky | in_picture))]} has no outline")
    outlined = table.filter(pa.array(on_sky))
    starts = np.cumsum([0, *(pc.list_value_length(outlined["sky_polygon_deg"]).to_numpy() // 2)])
    numbers = pc.list_flatten(outlined["sky_polygon_deg"]).to_numpy().reshape(-1, 2)
    vertices = unit_vectors(numbers[:, 0], numbers[:, 1])
    centres, chords = _hulls(vertices, starts)
    pixels: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    for row in table.filter(pa.array(~on_sky)).to_pylist():
        pixels.setdefault(row["image_path"], []).append((row["object_id"], tuple(row["image_polygon_px"])))
    return SkyOutlines(
        tuple(outlined["object_id"].to_pylist()), starts, vertices, centres, chords,
        {path: tuple(found) for path, found in pixels.items()},
    )  # fmt: skip


@per_table
def outlines_of(objects: pa.Table) -> SkyOutlines:
    """The same of a table that is asked about again."""
    return sky_outlines(objects)


def _has(lists: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(pc.list_value_length(lists), 0).to_numpy() > 0


def _hulls(vertices: Reals, starts: np.ndarray) -> tuple[Reals, Reals]:
    """The mean direction of each object's vertices, and the chord to the farthest of them."""
    if len(starts) == 1:
        return np.empty((0, 3)), np.empty(0)
    counts = np.diff(starts)
    centres = np.add.reduceat(vertices, starts[:-1], axis=0) / counts[:, None]
    norm = np.linalg.norm(centres, axis=1, keepdims=True)
    centres = np.where(norm > 0, centres / np.where(norm > 0, norm, 1), vertices[starts[:-1]])
    far = np.linalg.norm(vertices - np.repeat(centres, counts, axis=0), axis=1)
    return centres, np.maximum.reduceat(far, starts[:-1])
