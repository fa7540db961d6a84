"""The ways to cross-match that `crossmatch.py` compares: in this process, and each as a process of its own.

As a process: python benchmarks/crossmatch_peers.py NAME FOLDER RADIUS_ARCSEC OUT
reads FOLDER/left.parquet and right.parquet (id, ra_deg, dec_deg, x, y, z) and writes pairs to OUT. What a library needs
is imported where it is used, so that a process pays for its own and for no other.
"""

import sys
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


def make_numba_grid():  # noqa: C901  one kernel, compiled
    """The same grid as the SQL, as compiled loops over a sorted right side and a hash table of its cubes: the floor."""
    import numba

    @numba.njit(inline="always")
    def cube_key(i, j, k):
        return (i * 2097152 + j) * 2097152 + k

    @numba.njit
    def keys_of(v, per_edge):
        keys = np.empty(len(v), np.int64)
        for n in range(len(v)):
            keys[n] = cube_key(
                np.int64((v[n, 0] + 1) * per_edge),
                np.int64((v[n, 1] + 1) * per_edge),
                np.int64((v[n, 2] + 1) * per_edge),
            )
        return keys

    @numba.njit
    def hashed(keys, n_slots):
        """First place of each key among the sorted keys, by open addressing."""
        slot_key, slot_first = np.full(n_slots, -1, np.int64), np.zeros(n_slots, np.int64)
        for n in range(len(keys)):
            if n and keys[n] == keys[n - 1]:
                continue
            slot = (keys[n] * np.int64(-7046029254386353131)) & (n_slots - 1)
            while slot_key[slot] != -1:
                slot = (slot + 1) & (n_slots - 1)
            slot_key[slot], slot_first[slot] = keys[n], n
        return slot_key, slot_first

    @numba.njit
    def probe(left, right, keys, slot_key, slot_first, per_edge, reach):
        capacity = max(1024, len(left))
        first, second = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
        apart = np.empty(capacity)
        n_found, n_slots = 0, len(slot_key)
        for n in range(len(left)):
            x, y, z = left[n, 0], left[n, 1], left[n, 2]
            i_low, i_high = np.int64((x - reach + 1) * per_edge), np.int64((x + reach + 1) * per_edge)
            j_low, j_high = np.int64((y - reach + 1) * per_edge), np.int64((y + reach + 1) * per_edge)
            k_low, k_high = np.int64((z - reach + 1) * per_edge), np.int64((z + reach + 1) * per_edge)
            for i in range(i_low, i_high + 1):
                for j in range(j_low, j_high + 1):
                    for k in range(k_low, k_high + 1):
                        key = cube_key(i, j, k)
                        slot = (key * np.int64(-7046029254386353131)) & (n_slots - 1)
                        while slot_key[slot] != -1 and slot_key[slot] != key:
                            slot = (slot + 1) & (n_slots - 1)
                        if slot_key[slot] == -1:
                            continue
                        m = slot_first[slot]
                        while m < len(keys) and keys[m] == key:
                            chord2 = (x - right[m, 0]) ** 2 + (y - right[m, 1]) ** 2 + (z - right[m, 2]) ** 2
                            if chord2 <= reach * reach:
                                if n_found == capacity:
                                    capacity *= 2
                                    first, second = grown(first, capacity), grown(second, capacity)
                                    apart = grown(apart, capacity)
                                first[n_found], second[n_found] = n, m
                                apart[n_found] = 2 * np.arcsin(np.sqrt(chord2) / 2)
                                n_found += 1
                            m += 1
        return first[:n_found], second[:n_found], apart[:n_found]

    @numba.njit
    def grown(values, capacity):
        more = np.empty(capacity, values.dtype)
        more[: len(values)] = values
        return more

    def match(left, right, radius_arcsec):
        reach = chord_of(radius_arcsec) * (1 + 1e-9)
        per_edge = 1 / max(4 * reach, np.radians(120 / 3600))
        keys = keys_of(right, per_edge)
        order = np.argsort(keys)
        n_slots = 1 << int(np.ceil(np.log2(2 * len(right) + 16)))
        first, second, _ = probe(left, right[order], keys[order], *hashed(keys[order], n_slots), per_edge, reach)
        return first, order[second]

    return match


def make_numba_sweep():
    """Boxes of both sides by picture and x, swept once: the floor for overlap."""
    import numba

    @numba.njit
    def swept(left_picture, left, right_picture, right, widest, least_iou):
        capacity = max(1024, len(left))
        first, second, ious = np.empty(capacity, np.int64), np.empty(capacity, np.int64), np.empty(capacity)
        n_found, begin = 0, 0
        for n in range(len(left)):
            picture, x_min, y_min, x_max, y_max = left_picture[n], left[n, 0], left[n, 1], left[n, 2], left[n, 3]
            while begin < len(right) and (
                right_picture[begin] < picture
                or (right_picture[begin] == picture and right[begin, 0] + widest <= x_min)
            ):
                begin += 1
            m = begin
            while m < len(right) and right_picture[m] == picture and right[m, 0] < x_max:
                width = min(x_max, right[m, 2]) - max(x_min, right[m, 0])
                height = min(y_max, right[m, 3]) - max(y_min, right[m, 1])
                if width > 0 and height > 0:
                    shared = width * height
                    both = (x_max - x_min) * (y_max - y_min) + (right[m, 2] - right[m, 0]) * (right[m, 3] - right[m, 1])
                    iou = shared / (both - shared)
                    if iou >= least_iou:
                        if n_found == capacity:
                            capacity *= 2
                            first, second = grown(first, capacity), grown(second, capacity)
                            ious = grown(ious, capacity)
                        first[n_found], second[n_found], ious[n_found] = n, m, iou
                        n_found += 1
                m += 1
        return first[:n_found], second[:n_found], ious[:n_found]

    @numba.njit
    def grown(values, capacity):
        more = np.empty(capacity, values.dtype)
        more[: len(values)] = values
        return more

    def match(left_picture, left, right_picture, right, least_iou):
        order = np.lexsort((left[:, 0], left_picture)), np.lexsort((right[:, 0], right_picture))
        widest = (right[:, 2] - right[:, 0]).max()
        first, second, _ = swept(
            left_picture[order[0]], left[order[0]], right_picture[order[1]], right[order[1]], widest, least_iou
        )
        return order[0][first], order[1][second]

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
    arrays = {"left_id": left_id, "right_id": right_id, "separation_arcsec": separation_arcsec}
    pq.write_table(pa.table({name: pa.array(np.asarray(values)) for name, values in arrays.items()}), out)


if __name__ == "__main__":
    PROCESSES[sys.argv[1]](Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
