"""The ways to cross-match that `crossmatch.py` compares: in this process, and each as a process of its own.

As a process: python benchmarks/crossmatch_peers.py NAME FOLDER RADIUS_ARCSEC OUT
reads FOLDER/left.parquet and right.parquet (id, ra_deg, dec_deg, x, y, z) and writes pairs to OUT. What a library needs
is imported where it is used, so that a process pays for its own and for no other.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ARCSEC_PER_RADIAN = np.degrees(1.0) * 3600
Pairs = tuple[np.ndarray, np.ndarray]


def chord_of(radius_arcsec: float) -> float:
    return 2 * np.sin(radius_arcsec / ARCSEC_PER_RADIAN / 2)


def sql_text() -> str:
    from catalogs.crossmatch import HERE
    from catalogs.database import read_sql

    return read_sql(HERE / "crossmatch.sql")


def ours_pairs(left: pa.Table, right: pa.Table, radius_arcsec: float) -> Pairs:
    """Tables of id, x, y, z."""
    from catalogs.database import connect

    with connect({"left_xyz": left, "right_xyz": right}, memory_mb=4000) as db:
        db.execute("SET VARIABLE radius_arcsec = ?", [radius_arcsec])
        db.execute(sql_text())
        found = db.sql("FROM pairs").to_arrow_table()
    return found["left_id"].to_numpy(), found["right_id"].to_numpy()


def ours_from_degrees(left: pa.Table, right: pa.Table, radius_arcsec: float) -> Pairs:
    """Tables of id, ra_deg, dec_deg: the directions are made in the query."""
    from catalogs.database import connect

    with connect({"left_deg": left, "right_deg": right}, memory_mb=4000) as db:
        for side in ("left", "right"):
            db.execute(
                f"CREATE TEMP VIEW {side}_xyz AS SELECT id, cos(radians(dec_deg)) * cos(radians(ra_deg)) AS x, "
                f"cos(radians(dec_deg)) * sin(radians(ra_deg)) AS y, sin(radians(dec_deg)) AS z FROM {side}_deg"
            )
        db.execute("SET VARIABLE radius_arcsec = ?", [radius_arcsec])
        db.execute(sql_text())
        found = db.sql("FROM pairs").to_arrow_table()
    return found["left_id"].to_numpy(), found["right_id"].to_numpy()


def ckdtree(left: np.ndarray, right: np.ndarray, radius_arcsec: float) -> Pairs:
    """Directions [n, 3]. All pairs with their distances; of the tree's ways to give them, the fastest."""
    from scipy.spatial import cKDTree

    chord = chord_of(radius_arcsec) * (1 + 1e-9)
    found = cKDTree(left).sparse_distance_matrix(cKDTree(right), chord, output_type="ndarray")
    return found["i"], found["j"]


def astropy_sky(left: object, right: object, radius_arcsec: float) -> Pairs:
    """SkyCoords. The trees are not kept between calls."""
    from astropy import units as u
    from astropy.coordinates import search_around_sky

    first, second, _, _ = search_around_sky(left, right, radius_arcsec * (1 + 1e-9) * u.arcsec, storekdtree=False)
    return first, second


def filled(way: Callable[..., int], n_room: int) -> Pairs:
    """Pairs that `way` writes into arrays; asked again with room for all, where there were too many.

    (Arrays that grow inside a compiled loop cost ten times the loop: each turn counts references.)
    """
    first, second, number = np.empty(n_room, np.int64), np.empty(n_room, np.int64), np.empty(n_room)
    n_found = way(first, second, number)
    return (first[:n_found], second[:n_found]) if n_found <= n_room else filled(way, n_found)


def make_numba_grid():  # noqa: C901  one kernel, compiled
    """The same grid as the SQL, as compiled loops: both sides sorted by cube, the right cubes hashed. The floor."""
    import numba

    @numba.njit(inline="always")
    def cube_key(i, j, k):
        return (i * 2097152 + j) * 2097152 + k

    @numba.njit(inline="always")
    def slot_of(key, n_bits):
        return np.int64(np.uint64(key * np.int64(-7046029254386353131)) >> np.uint64(64 - n_bits))

    @numba.njit
    def keys_of(x, y, z, per_edge):
        keys = np.empty(len(x), np.int64)
        for n in range(len(x)):
            i, j, k = (x[n] + 1) * per_edge, (y[n] + 1) * per_edge, (z[n] + 1) * per_edge
            keys[n] = cube_key(np.int64(i), np.int64(j), np.int64(k))
        return keys

    @numba.njit
    def hashed(keys, n_bits):
        """First place of each key among the sorted keys, by open addressing."""
        last = (1 << n_bits) - 1
        slots = np.full((last + 1, 2), -1, np.int64)
        for n in range(len(keys)):
            if n and keys[n] == keys[n - 1]:
                continue
            slot = slot_of(keys[n], n_bits)
            while slots[slot, 0] != -1:
                slot = (slot + 1) & last
            slots[slot, 0], slots[slot, 1] = keys[n], n
        return slots

    @numba.njit
    def probe(left, right, keys, slots, per_edge, reach, first, second, apart):
        """How many pairs there are; as many are written as there is room for."""
        (lx, ly, lz), (rx, ry, rz) = left, right
        last, n_found = len(slots) - 1, 0
        n_bits = np.int64(np.log2(len(slots)) + 0.5)
        for n in range(len(lx)):
            x, y, z = lx[n], ly[n], lz[n]
            i_low, i_high = np.int64((x - reach + 1) * per_edge), np.int64((x + reach + 1) * per_edge)
            j_low, j_high = np.int64((y - reach + 1) * per_edge), np.int64((y + reach + 1) * per_edge)
            k_low, k_high = np.int64((z - reach + 1) * per_edge), np.int64((z + reach + 1) * per_edge)
            for i in range(i_low, i_high + 1):
                for j in range(j_low, j_high + 1):
                    for k in range(k_low, k_high + 1):
                        key = cube_key(i, j, k)
                        slot = slot_of(key, n_bits)
                        while slots[slot, 0] != -1 and slots[slot, 0] != key:
                            slot = (slot + 1) & last
                        m = slots[slot, 1]
                        while m >= 0 and m < len(keys) and keys[m] == key:
                            chord2 = (x - rx[m]) ** 2 + (y - ry[m]) ** 2 + (z - rz[m]) ** 2
                            if chord2 <= reach * reach:
                                if n_found < len(first):
                                    first[n_found], second[n_found] = n, m
                                    apart[n_found] = 2 * np.arcsin(np.sqrt(chord2) / 2)
                                n_found += 1
                            m += 1
        return n_found

    def match(left, right, radius_arcsec, edge_arcsec):
        reach = chord_of(radius_arcsec) * (1 + 1e-9)
        per_edge = 1 / max(4 * reach, np.radians(edge_arcsec / 3600))
        n_bits = int(np.ceil(np.log2(2 * len(right[0]) + 16)))
        left_order = np.argsort(keys_of(*left, per_edge))
        keys = keys_of(*right, per_edge)
        right_order = np.argsort(keys)
        keys = keys[right_order]
        ours, theirs = tuple(one[left_order] for one in left), tuple(one[right_order] for one in right)
        slots = hashed(keys, n_bits)
        first, second = filled(
            lambda *room: probe(ours, theirs, keys, slots, per_edge, reach, *room), 2 * len(left_order)
        )
        return left_order[first], right_order[second]

    return match


def make_numba_sweep():  # noqa: C901  compiled: loops, not calls
    """Boxes of both sides by picture and x, swept once: the floor for overlap."""
    import numba

    @numba.njit
    def swept(left, right, widest, least_iou, first, second, ious):
        """How many pairs there are; as many are written as there is room for."""
        (x_min, y_min, x_max, y_max), (u_min, v_min, u_max, v_max) = left, right
        n_right, n_found, begin = len(u_min), 0, 0
        for n in range(len(x_min)):
            low, high, bottom, top = x_min[n], x_max[n], y_min[n], y_max[n]
            area = (high - low) * (top - bottom)
            while begin < n_right and u_min[begin] + widest <= low:
                begin += 1
            m = begin
            while m < n_right and u_min[m] < high:
                # One `&`, not `and`: a branch on each of three conditions would be guessed wrong half of the time.
                if (v_min[m] < top) & (v_max[m] > bottom) & (u_max[m] > low):
                    shared = (min(high, u_max[m]) - max(low, u_min[m])) * (min(top, v_max[m]) - max(bottom, v_min[m]))
                    iou = shared / (area + (u_max[m] - u_min[m]) * (v_max[m] - v_min[m]) - shared)
                    if iou >= least_iou:
                        if n_found < len(first):
                            first[n_found], second[n_found], ious[n_found] = n, m, iou
                        n_found += 1
                m += 1
        return n_found

    def in_a_row(picture, columns, span_px):
        """Pictures side by side along x, so that one sort and one comparison see to both."""
        aside = picture * span_px
        x_min, y_min, x_max, y_max = columns
        x_min, x_max = x_min + aside, x_max + aside
        order = np.argsort(x_min)
        return order, (x_min[order], y_min[order], x_max[order], y_max[order])

    def match(left_picture, left, right_picture, right, least_iou):
        span_px = 10 * max(left[2].max(), right[2].max())
        left_order, ours = in_a_row(left_picture, left, span_px)
        right_order, theirs = in_a_row(right_picture, right, span_px)
        widest = (right[2] - right[0]).max() * (1 + 1e-9)
        first, second = filled(lambda *room: swept(ours, theirs, widest, least_iou, *room), 2 * len(left_order))
        return left_order[first], right_order[second]

    return match


def ours_boxes(left: pa.Table, right: pa.Table, least_iou: float) -> Pairs:
    """Tables of id, picture and box; pairs with IoU, without who is best."""
    from catalogs.crossmatch import HERE
    from catalogs.database import connect, read_sql

    with connect({"left_boxes": left, "right_boxes": right}, memory_mb=4000) as db:
        db.execute("SET VARIABLE least_iou = ?", [least_iou])
        db.execute(read_sql(HERE / "overlap.sql"))
        found = db.sql("SELECT left_id, right_id, box_iou FROM box_pairs").to_arrow_table()
    return found["left_id"].to_numpy(), found["right_id"].to_numpy()


# --- each as a process of its own: Parquet in, Parquet out ---


def process_ours(folder: Path, radius_arcsec: float, out: Path, memory_mb: int = 500) -> None:
    from catalogs.database import connect

    files = {"left_xyz": folder / "left.parquet", "right_xyz": folder / "right.parquet"}
    with connect({}, files=files, memory_mb=memory_mb) as db:
        db.execute("SET VARIABLE radius_arcsec = ?", [radius_arcsec])
        db.execute(sql_text())
        reader = db.sql("FROM pairs").to_arrow_reader(100_000)
        with pq.ParquetWriter(out, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)


def process_ours_300mb(folder: Path, radius_arcsec: float, out: Path) -> None:
    process_ours(folder, radius_arcsec, out, memory_mb=300)


def process_ours_8gb(folder: Path, radius_arcsec: float, out: Path) -> None:
    process_ours(folder, radius_arcsec, out, memory_mb=8000)


def process_ours_best(folder: Path, radius_arcsec: float, out: Path) -> None:
    from catalogs.crossmatch import crossmatch_files

    crossmatch_files(folder / "left.parquet", folder / "right.parquet", out, radius_arcsec)


def process_ckdtree(folder: Path, radius_arcsec: float, out: Path) -> None:
    from scipy.spatial import cKDTree

    left, right = (columns(folder, side, ("x", "y", "z")) for side in ("left", "right"))
    chord = chord_of(radius_arcsec) * (1 + 1e-9)
    found = cKDTree(np.stack(left, axis=-1)).sparse_distance_matrix(
        cKDTree(np.stack(right, axis=-1)), chord, output_type="ndarray"
    )
    write_pairs(out, found["i"], found["j"], 2 * np.arcsin(found["v"] / 2) * ARCSEC_PER_RADIAN)


def process_astropy(folder: Path, radius_arcsec: float, out: Path) -> None:
    from astropy import units as u
    from astropy.coordinates import SkyCoord, search_around_sky

    left, right = (SkyCoord(*columns(folder, side, ("ra_deg", "dec_deg")), unit="deg") for side in ("left", "right"))
    first, second, apart, _ = search_around_sky(left, right, radius_arcsec * (1 + 1e-9) * u.arcsec)
    write_pairs(out, first, second, apart.arcsec)


def process_lsdb_catalogues(folder: Path, radius_arcsec: float, out: Path) -> None:
    """Its own form of both catalogues, with margins; not counted."""
    import dask
    import lsdb
    import pandas as pd

    del out
    dask.config.set(scheduler="synchronous")
    for side in ("left", "right"):
        rows = pd.read_parquet(folder / f"{side}.parquet", columns=["id", "ra_deg", "dec_deg"])
        catalogue = lsdb.from_dataframe(
            rows, ra_column="ra_deg", dec_column="dec_deg", margin_threshold=radius_arcsec + 1, partition_rows=200_000
        )
        catalogue.write_catalog(folder / f"hats_{side}_{radius_arcsec}", catalog_name=side)


def process_lsdb(folder: Path, radius_arcsec: float, out: Path) -> None:
    """The nearest one only: it has no way to ask for all."""
    import dask
    import lsdb

    dask.config.set(scheduler="synchronous")
    left, right = (lsdb.open_catalog(folder / f"hats_{side}_{radius_arcsec}") for side in ("left", "right"))
    names = {"suffixes": ("_left", "_right"), "suffix_method": "all_columns"}
    found = left.crossmatch(right, n_neighbors=1, radius_arcsec=radius_arcsec, **names).compute()
    write_pairs(out, found["id_left"], found["id_right"], found["_dist_arcsec"])


PROCESSES = {
    "ours": process_ours,
    "ours 300 MB": process_ours_300mb,
    "ours 8 GB": process_ours_8gb,
    "ours best": process_ours_best,
    "cKDTree": process_ckdtree,
    "astropy": process_astropy,
    "LSDB catalogues": process_lsdb_catalogues,
    "LSDB": process_lsdb,
}


def columns(folder: Path, side: str, names: tuple[str, ...]) -> list[np.ndarray]:
    table = pq.read_table(folder / f"{side}.parquet", columns=list(names))
    return [table[name].to_numpy() for name in names]


def write_pairs(out: Path, left_id: object, right_id: object, separation_arcsec: object) -> None:
    names = ("left_id", "right_id", "separation_arcsec")
    types = (pa.int64(), pa.int64(), pa.float64())
    arrays = list[pa.Array]()
    for kind, values in zip(types, (left_id, right_id, separation_arcsec), strict=True):
        flat = np.ascontiguousarray(values, kind.to_pandas_dtype())
        # Not pa.array, which imports pandas: the process would pay for it.
        arrays.append(pa.Array.from_buffers(kind, len(flat), [None, pa.py_buffer(flat)]))
    pq.write_table(pa.Table.from_arrays(arrays, names), out)


if __name__ == "__main__":
    PROCESSES[sys.argv[1]](Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
