"""HATS, the tiles of the sky in which lsdb, hats and Multimodal Universe keep catalogues: a catalogue for each split.

    <split>/hats.properties                               what it is
    <split>/partition_info.csv                            its tiles: HEALPix order and pixel, nested
    <split>/dataset/_metadata, _common_metadata           of all tiles
    <split>/dataset/Norder=…/Dir=…/Npix=….parquet         a tile: samples by `_healpix_29`, their pictures embedded

A tile is divided in four until its pictures are at most a shard's bytes. Samples without a position, such as figures of
papers, are in no tile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curation.release.handover_rows import Sky, Split

INDEX, ORDER, DEEPEST = "_healpix_29", 29, 20
PER_FOLDER = 10_000  # tiles of a `Dir=`
ROWS_OF_A_GROUP = 64
SCHEMA = pa.schema(
    [
        (INDEX, pa.int64()), ("id", pa.string()), ("ra", pa.float64()), ("dec", pa.float64()),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("wcs", pa.struct([(name, pa.float64()) for name in
                           ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")])),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Tile:
    """A pixel of the sky, and its samples by their place in the index; see `Placed`."""

    order: int
    pixel: int
    start: int
    stop: int

    @property
    def path(self) -> str:
        """Its file in `dataset/`."""
        folder = self.pixel // PER_FOLDER * PER_FOLDER
        return f"Norder={self.order}/Dir={folder}/Npix={self.pixel}.parquet"


@dataclass(frozen=True)
class Placed:
    """Samples that are somewhere, sorted by their HEALPix pixel of order 29 and by id."""

    pixels: np.ndarray
    """int64."""
    places: np.ndarray
    """int64: where the line of the record begins."""
    n_bytes: np.ndarray
    """int64, of pictures before each sample, and at the end of all."""


def write_hats(split: Split, folder: Path, shard_bytes: int) -> int:
    """Write the catalogue of a split, and give the number of its records; nothing where none has a position."""
    sky = split.sky()
    placed = _placed(split, sky)
    if not len(placed.pixels):
        return 0
    out = folder / split.name
    (out / "dataset").mkdir(parents=True)
    tiles = list(_tiles(placed, shard_bytes))
    kept = list[pq.FileMetaData]()
    for tile in tiles:
        path = out / "dataset" / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_tile(path, _groups(split, sky, placed, tile))
        kept.append(pq.read_metadata(path))
        kept[-1].set_file_path(tile.path)
    pq.write_metadata(SCHEMA, out / "dataset" / "_common_metadata")
    for one in kept[1:]:
        kept[0].append_row_groups(one)
    kept[0].write_metadata_file(str(out / "dataset" / "_metadata"))
    lines = [f"{one.order},{one.pixel}" for one in tiles]
    _write(out / "partition_info.csv", ["Norder,Npix", *lines])
    _write(out / "hats.properties", _properties(split, tiles, len(placed.pixels)))
    return len(placed.pixels)


def _placed(split: Split, sky: Mapping[str, Sky]) -> Placed:
    from astropy.units import deg
    from astropy_healpix import lonlat_to_healpix

    found = [
        (sky[record.id], place, (split.handover / record.image).stat().st_size)
        for place, record in split.places()
        if record.id in sky
    ]
    ra, dec = ([getattr(one[0], name) for one in found] for name in ("ra_deg", "dec_deg"))
    pixels = np.asarray(lonlat_to_healpix(ra * deg, dec * deg, 2**ORDER, order="nested"), np.int64)
    order = np.argsort(pixels, kind="stable")  # records come by id
    places, sizes = (np.asarray([one[at] for one in found], np.int64)[order] for at in (1, 2))
    return Placed(pixels[order], places, np.concatenate([[0], np.cumsum(sizes)]))


def _tiles(placed: Placed, most_bytes: int, order: int = 0, first: int = 0, last: int = 12) -> Iterator[Tile]:
    for pixel in range(first, last):
        width = 2 * (ORDER - order)
        edges = np.asarray([pixel, pixel + 1], np.int64) << width
        start, stop = (int(at) for at in np.searchsorted(placed.pixels, edges))
        if start == stop:
            continue
        n_bytes = placed.n_bytes[stop] - placed.n_bytes[start]
        if n_bytes <= most_bytes or order == DEEPEST or stop - start == 1:
            yield Tile(order, pixel, start, stop)
        else:
            yield from _tiles(placed, most_bytes, order + 1, 4 * pixel, 4 * pixel + 4)


def _write_tile(path: Path, groups: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(path, SCHEMA, compression="none") as out:  # pictures are compressed already
        for group in groups:
            out.write_table(group)


def _groups(split: Split, sky: Mapping[str, Sky], placed: Placed, tile: Tile) -> Iterator[pa.Table]:
    for start in range(tile.start, tile.stop, ROWS_OF_A_GROUP):
        stop = min(start + ROWS_OF_A_GROUP, tile.stop)
        yield pa.Table.from_pylist([_row(split, sky, placed, at) for at in range(start, stop)], SCHEMA)


def _row(split: Split, sky: Mapping[str, Sky], placed: Placed, at: int) -> dict[str, object]:
    row = split.row_at(int(placed.places[at]))
    where = sky[row.record.id]
    return {
        INDEX: int(placed.pixels[at]), "id": row.record.id, "ra": where.ra_deg, "dec": where.dec_deg,
        "image": {"bytes": row.png, "path": Path(row.record.image).name}, "messages": row.messages,
        "wcs": where.wcs(row.size_px),
    }  # fmt: skip


def _properties(split: Split, tiles: list[Tile], n_rows: int) -> list[str]:
    orders = [one.order for one in tiles]
    share = sum(1 / (12 * 4**one.order) for one in tiles)
    said = {
        "obs_collection": f"radio_{split.name}", "dataproduct_type": "object", "hats_nrows": n_rows,
        "hats_col_ra": "ra", "hats_col_dec": "dec", "hats_col_healpix": INDEX, "hats_col_healpix_order": ORDER,
        "hats_npix_suffix": ".parquet", "hats_order": max(orders), "moc_sky_fraction": f"{share:.6g}",
        "hats_builder": "radio-corpus",
    }  # fmt: skip
    return [f"{name}={value}" for name, value in said.items()]


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
