"""SMGPS extended sources: morphology, islands and types of source, each picture cut around its source's box.

The catalogue gives the tile, the box in the tile's pixels and the morphology; a list made for the original builders
(`annotations/smgps_extcat/*.json`, where there is one) adds islands and types, by the source's name in its file names.
Bordiu et al. 2025, Table B.1; Riggi et al. 2025, A.1.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from catalogs.catalog import catalog, read_catalog
from catalogs.dataset import CutoutRecipe, Published
from catalogs.formats.lists import ListedSource, read_smgps_list
from catalogs.formats.yolo import polygon_of_box
from catalogs.pixels import pixels_of_sky, sky_of_pixels, sky_polygon
from catalogs.statements import Said, all_labels
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import OBJECTS, SOURCES

NAME = "smgps_extcat"
TITLE = "SMGPS extended sources with morphology and types"
SCHEME, SURVEY = "smgps_extcat", "smgps"
CITE = "Bordiu et al. 2025, A&A 695, A144; Riggi et al. 2025, Appendix A.1"
CATALOG, FILE = "smgps_extended_sources", "catalogs/smgps_extended_sources.fits"
LISTS = "annotations/smgps_extcat/*.json"
SHA256 = {FILE: "", LISTS: ""}  # the list is not public
CATALOGS = (CATALOG,)
CUTOUT = CutoutRecipe()
PUBLISHED = Published(
    # Not one to one: the catalogue has 16,534 sources.
    source="Riggi et al. 2025, Table 1; objects: Bordiu et al. 2025, the catalogue's rows",
    n_images=17_062,
    n_objects=16_534,
)
CLASSES = {
    "wise_hii": "HII", "green_snr": "SNR", "manitoba_snrcat": "SNR", "atnf_pulsars": "PULSAR", "kohoutek_pn": "PN",
}  # fmt: skip
"""What a source is that a row of one of these catalogues matches."""
SIDE_OVER_BOX = 1.5  # Riggi et al. 2025, A.1
FIRST_PIXEL = 0  # of the catalogue's pixels; not published, so it is held against positions in pixels and on the sky
MOST_OFFSET_PX, SAMPLE = 0.6, 200
MORPHOLOGY, DIFFUSE_CODE = ("EXTENDED", "DIFFUSE"), {0: "EXTENDED", 1: "DIFFUSE"}
ISLANDS = {False: "SINGLE-ISLAND", True: "MULTI-ISLAND"}
TYPES = ("GALAXY", "HII", "PN", "SNR", "PULSAR", "STAR", "YSO", "LBV", "WR", "HMXB", "LMXB")
NO_TYPE = ("UNKNOWN",)
TILE = re.compile(r"G(?P<l>\d{1,3}(?:\.\d+)?)(?P<b>[+-]\d+(?:\.\d+)?)")
Row = dict[str, Any]


@dataclass(frozen=True)
class _Listed:
    """An entry of a list with the file it stands in."""

    file: str
    entry: ListedSource


@dataclass(frozen=True)
class _Told:
    """What somebody says of a source: truth and original word by label."""

    said: Said
    states: Mapping[str, Truth]
    originals: Mapping[str, str]


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """A square of 1.5 times the source's box about the box's centre, cut from its own tile.

    *In* are the rows of the catalogue, and the entries of the lists that could not be used. Refused: `no-tile`;
    `bad-box`; `unknown-morphology`; `unknown-label`, a type that the scheme does not know; of lists `no-source`,
    `duplicate-id` and what the list's reader refuses. Morphology: one of EXTENDED and DIFFUSE. Where types are
    listed the others are absent; where none is, all are unknown.
    """
    scheme = label_scheme(SCHEME)
    read = read_catalog(raw / FILE, catalog(CATALOG))
    tiles, rows, refused = _tiles(mosaics), list[Row](), list(read.rejections)
    found = read.table.to_pylist()
    listed, more = _listed(raw, {one["name"] for one in found})
    for cells in found:
        made = _source(cells, tiles, listed.get(cells["name"]), scheme)
        (refused if isinstance(made, Rejection) else rows).append(made)  # type: ignore[arg-type]
    _check_first_pixel(raw / FILE, found, tiles)
    return sieved(SOURCES.of(rows), refused + more, read.n_in + len(more))


def read_objects(raw: Path, mosaics: pa.Table) -> Sieved:
    """The box of every source on the sky, without a class: what a source is, SOURCES say. *In* are catalogue rows."""
    read = read_catalog(raw / FILE, catalog(CATALOG))
    tiles, rows, refused = _tiles(mosaics), list[Row](), list(read.rejections)
    source_ids = set(read_sources(raw, mosaics).kept["source_id"].to_pylist())
    for cells in read.table.to_pylist():
        source_id, placed = content_id("source", NAME, FILE, cells["name"]), _placed(cells, tiles)
        if isinstance(placed, Rejection):
            refused.append(placed)
            continue
        outline = sky_polygon(placed.tile["header"], polygon_of_box(placed.box_fits_px))
        if outline is None:
            refused.append(_refusal(cells, "bad-box", "a corner of the box is not on the sky"))
            continue
        rows.append(
            {
                "object_id": content_id("object", NAME, FILE, cells["name"]),
                "object_name": cells["name"],
                "dataset": NAME,
                "source_id": source_id if source_id in source_ids else None,
                "ra_deg": placed.ra_deg,
                "dec_deg": placed.dec_deg,
                "sky_polygon_deg": outline,
                "labels": [],
                "detector": "SMGPS extended source catalogue",
                "origin_catalog": FILE,
                "origin_row": cells["row"],
            }
        )
    return sieved(OBJECTS.of(rows), refused, read.n_in)


def tile_centre(name: str) -> tuple[float, float] | None:
    """Galactic longitude and latitude in a tile's name, in degrees: latitude is written +0.0, +000, -0.5."""
    found = TILE.search(PurePosixPath(name).name)
    return (float(found["l"]), float(found["b"]) + 0.0) if found else None


@dataclass(frozen=True)
class _Placed:
    """A source's box in its tile, and the box's centre on the sky."""

    tile: Row
    box_fits_px: tuple[float, float, float, float]
    ra_deg: float
    dec_deg: float


def _tiles(mosaics: pa.Table) -> dict[tuple[float, float], Row]:
    tiles = dict[tuple[float, float], Row]()
    for one in mosaics.to_pylist():
        centre = tile_centre(one["mosaic"])
        if centre is None or one["header"] is None:
            continue
        other = tiles.setdefault(centre, one)
        if other is not one:
            raise CatalogError(f"{other['mosaic']} and {one['mosaic']} are both the tile {centre}: keep one of them")
    return tiles


def _placed(cells: Row, tiles: Mapping[tuple[float, float], Row]) -> _Placed | Rejection:
    centre = tile_centre(cells["tile"] or "")
    tile = None if centre is None else tiles.get(centre)
    if tile is None:
        known = ", ".join(one["mosaic"].rsplit("/", 1)[1] for one in tiles.values()) or "none"
        return _refusal(cells, "no-tile", f"tile {cells['tile']!r}; the mosaics are {known:.300}")
    numbers = [cells[f"bbox_{name}_px"] for name in ("x", "y", "width", "height")]
    if any(one is None for one in numbers) or not (numbers[2] > 0 and numbers[3] > 0):
        return _refusal(cells, "bad-box", f"found {numbers}, expected the centre and the size of a box in pixels")
    x, y = numbers[0] - FIRST_PIXEL, numbers[1] - FIRST_PIXEL
    ra, dec = (float(one[0]) for one in sky_of_pixels(tile["header"], x, y))
    if not np.isfinite([ra, dec]).all():
        return _refusal(cells, "bad-box", f"pixel {x}, {y} of {tile['mosaic']} is not on the sky")
    # The centre is that of pixels whose own centres are at integers; edges begin half a pixel before.
    left, bottom = x + 0.5 - numbers[2] / 2, y + 0.5 - numbers[3] / 2
    return _Placed(tile, (left, bottom, left + numbers[2], bottom + numbers[3]), ra, dec)


def _source(
    cells: Row, tiles: Mapping[tuple[float, float], Row], listed: _Listed | None, scheme: LabelScheme
) -> Row | Rejection:
    placed = _placed(cells, tiles)
    if isinstance(placed, Rejection):
        return placed
    if cells["morph_type"] not in DIFFUSE_CODE:
        return _refusal(cells, "unknown-morphology", f"morph_type {cells['morph_type']}, known: {DIFFUSE_CODE}")
    present = DIFFUSE_CODE[cells["morph_type"]]
    states = {one: Truth.PRESENT if one == present else Truth.ABSENT for one in MORPHOLOGY} | {"COMPACT": Truth.ABSENT}
    told = [_Told(Said(Tier.EXPERT, FILE, cells["row"]), states, {present: str(cells["morph_type"])})]
    if listed is not None:
        try:
            told += _told_by_list(listed, scheme)
        except CatalogError as error:
            return _refusal(cells, "unknown-label", f"{listed.file}:{listed.entry.row}: {error}")
    width, height = (far - near for near, far in zip(placed.box_fits_px[:2], placed.box_fits_px[2:], strict=True))
    return {
        "source_id": content_id("source", NAME, FILE, cells["name"]),
        "source_name": cells["name"],
        "dataset": NAME,
        "survey": SURVEY,
        "scheme": SCHEME,
        "ra_deg": placed.ra_deg,
        "dec_deg": placed.dec_deg,
        "sky_polygon_deg": sky_polygon(placed.tile["header"], polygon_of_box(placed.box_fits_px)),
        "image_path": placed.tile["mosaic"],
        "side_arcsec": SIDE_OVER_BOX * max(width, height) * placed.tile["pixel_arcsec"],
        "labels": _together(scheme, told),
        "origin_catalog": FILE,
        "origin_row": cells["row"],
    }


def _listed(raw: Path, names: set[str]) -> tuple[dict[str, _Listed], list[Rejection]]:
    """The entries by the name of their source, and those that could not be used."""
    of, refused = dict[str, _Listed](), list[Rejection]()
    for path in sorted(raw.glob(LISTS)):
        file, found = path.relative_to(raw).as_posix(), read_smgps_list(path)
        refused += [replace(bad, row_id=f"{file}:{bad.row_id.split(':')[-1]}") for bad in found.rejections]
        for entry in found.entries:
            name, where = PurePosixPath(entry.picture).name.split(".fits")[0], f"{file}:{entry.row}"
            name = name if name in names else PurePosixPath(entry.picture).stem
            seen = {"filename": entry.picture}
            if name not in names:
                refused.append(Rejection(where, "no-source", f"no source {name!r} in {FILE}", seen))
            elif of.setdefault(name, _Listed(file, entry)).entry is not entry:
                refused.append(Rejection(where, "duplicate-id", f"{name} is also entry {of[name].entry.row}", seen))
    return of, refused


def _told_by_list(listed: _Listed, scheme: LabelScheme) -> Iterable[_Told]:
    entry, said = listed.entry, Said(Tier.EXPERT, listed.file, listed.entry.row)
    if entry.morphologies:
        words = {scheme.harmonised(one): one for one in entry.morphologies}
        states = {one: Truth.PRESENT if one in words else Truth.ABSENT for one in ("COMPACT", *MORPHOLOGY)}
        yield _Told(said, states, words)
    if entry.is_multi_island is not None:
        islands = {label: Truth.PRESENT if entry.is_multi_island is is_it else Truth.ABSENT
                   for is_it, label in ISLANDS.items()}  # fmt: skip
        yield _Told(said, islands, {ISLANDS[entry.is_multi_island]: f"nislands {entry.n_islands}"})
    words = {scheme.harmonised(one): one for one in entry.types if one.upper() not in NO_TYPE}
    if words:
        states = {one: Truth.PRESENT if one in words else Truth.ABSENT for one in TYPES}
        yield _Told(Said(Tier.MATCH, listed.file, entry.row), states, words)


def _together(scheme: LabelScheme, told: Iterable[_Told]) -> list[dict[str, Any]]:
    """One statement a label; where two contradict each other it is unknown, with both words."""
    made = {one["label"]: one for one in all_labels(scheme, {}, {}, Said(Tier.EXPERT, FILE))}
    for part in told:
        new = {one["label"]: one for one in all_labels(scheme, part.states, part.originals, part.said)}
        for label, state in part.states.items():
            known = made[label]
            if known["state"] == Truth.UNKNOWN and not known["original"]:
                made[label] = new[label]
            elif known["state"] != state.value:
                words = f"{known['state']} in {known['catalog']}, {state.value} in {part.said.catalog}"
                made[label] = {**known, "state": Truth.UNKNOWN.value, "original": words}
    return list(made.values())


def _check_first_pixel(path: Path, rows: list[Row], tiles: Mapping[tuple[float, float], Row]) -> None:
    """The catalogue says each source's place in pixels and on the sky: they must agree, or the origin is another."""
    offsets = list[tuple[float, float]]()
    for cells in rows[:: max(1, len(rows) // SAMPLE)]:
        tile = tiles.get(tile_centre(cells["tile"] or "") or (-1.0, -1.0))
        if tile is not None and cells.get("x_px") is not None and cells.get("y_px") is not None:
            x, y = (float(one[0]) for one in pixels_of_sky(tile["header"], cells["ra_deg"], cells["dec_deg"]))
            offsets.append((cells["x_px"] - FIRST_PIXEL - x, cells["y_px"] - FIRST_PIXEL - y))
    if not offsets:
        return
    dx, dy = np.nanmedian(np.array(offsets), axis=0)
    if max(abs(dx), abs(dy)) > MOST_OFFSET_PX:
        raise CatalogError(
            f"{path}: x, y lie {dx:+.2f}, {dy:+.2f} px (median of {len(offsets)}) from where the tiles' headers put "
            f"RA, Dec; expected 0. Is its first pixel {FIRST_PIXEL}? Set FIRST_PIXEL of catalogs/datasets/{NAME}.py"
        )


def _refusal(cells: Row, reason: str, detail: str) -> Rejection:
    return Rejection(f"{FILE}:{cells['row']}", reason, detail, cells)
