"""Doors of large public releases, on small files in the form that is known of each."""

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from catalogs.benchmark import benchmark
from catalogs.catalog import catalog, read_catalog
from catalogs.dataset import dataset
from catalogs.datasets import radiogalaxynet
from catalogs.formats import fits_tables
from catalogs.formats.coco import read_coco
from catalogs.survey import surveys
from curation.looking.catalogs import catalog_facts, catalog_lines
from curation.pictures.mosaics import find_files, mosaics
from curation.truth.sealed import MOSAIC_COLUMNS, SealConfig, sealed
from schemas.errors import CatalogError
from schemas.tables import MOSAICS

SIDE, HEIGHT = 60, 60


def table(path: Path, **columns) -> Path:
    """A binary table; values by column, each with its FITS format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [fits.Column(name.replace("__", " "), form, array=values) for name, (form, values) in columns.items()]
    fits.BinTableHDU.from_columns(made).writeto(path)
    return path


def lotss(path: Path, n: int, **more) -> Path:
    real = ("D", np.linspace(1, 9, n))
    names = [f"ILTJ{k:06d}" for k in range(n)]
    return table(
        path, Source_Name=("22A", names), RA=("D", np.linspace(0, 359, n)), E_RA=real, DEC=real, Peak_flux=real,
        Total_flux=real, Maj=real, Min=real, S_Code=("1A", ["S"] * n), Isl_id=("J", np.arange(n)), **more,
    )  # fmt: skip


# --- catalogues


def test_lotss_dr3_is_read_by_the_columns_that_are_known_and_told_of_the_others(tmp_path):
    found = read_catalog(lotss(tmp_path / "a.fits", 5), catalog("lotss_dr3_sources"))
    assert (found.n_in, found.table.num_rows, found.rejections) == (5, 5, ())
    assert found.table["peak_mjy_per_beam"].to_pylist() == [1, 3, 5, 7, 9]
    assert len(found.absent) == 3 and all("our guess" in one for one in found.absent)


@pytest.mark.parametrize("name", ["lotss_dr3_sources", "smgps_compact_sources", "emu_dragns"])
def test_another_number_of_rows_is_told_beside_the_published_one(tmp_path, name):
    makers = {"lotss_dr3_sources": lotss, "smgps_compact_sources": compact, "emu_dragns": dragns}
    facts = catalog_facts(makers[name](tmp_path / "a.fits", 3), name)
    assert catalog_lines(facts)[-1].endswith(
        f"3 refused; published were {catalog(name).n_rows:,}".replace("3 r", "0 r")
    )


def test_a_file_in_other_units_stops_the_reader_with_the_key_to_edit(tmp_path):
    door = catalog("lotss_dr3_sources")
    path = lotss(tmp_path / "a.fits", 3)
    with fits.open(path, mode="update") as hdus:
        hdus[1].header["TUNIT6"] = "Jy"  # Total_flux
        hdus[1].columns["Total_flux"].unit = "Jy"
    with pytest.raises(
        CatalogError, match="Total_flux: the file is in 'Jy', the TOML says 'mJy'; edit columns.flux_mjy"
    ):
        read_catalog(path, door)


def compact(path: Path, n: int) -> Path:
    texts = {
        name: ("20A", [f"{name}{k}" for k in range(n)]) for name in ("csc_id", "Name", "IAUName", "tileName", "nbs")
    }
    reals = [
        "background", "local_rms", "lon", "lat", "ra", "dec", "peak_flux", "err_peak_flux", "int_flux", "err_int_flux",
        "a", "err_a", "b", "err_b", "pa", "err_pa", "snr", "area", "err_lon", "err_lat",
    ]  # fmt: skip
    whole = {name: ("J", np.arange(n)) for name in ("island", "source", "flags")}
    return table(path, **texts, **whole, **{name: ("D", np.arange(1, n + 1)) for name in reals})


def test_the_compact_sources_of_smgps_are_read_by_the_names_of_their_own_list(tmp_path):
    found = read_catalog(compact(tmp_path / "a.fits", 4), catalog("smgps_compact_sources"))
    (first, *_) = found.table.to_pylist()
    assert (found.n_in, found.rejections, found.absent) == (4, (), ())
    assert (first["source_id"], first["iau_name"], first["flux_mjy"], first["l_deg"]) == ("csc_id0", "IAUName0", 1, 1)


def dragns(path: Path, n: int) -> Path:
    tags = ["FR1, BT", "FR2", "HyMoRS", "WTF", "FR1,FR2", "Spiral"]
    return table(
        path, Box__RA__centroid=("D", np.linspace(310, 320, n)), Box__Dec__centroid=("D", np.linspace(-55, -50, n)),
        CATWISE__ID=("20A", ["J204212.20-552612.1"] * n), Tags=("20A", tags[:n]),
    )  # fmt: skip


def test_of_the_dragns_only_fanaroff_riley_tags_say_a_class_and_an_unknown_one_refuses_its_row(tmp_path):
    door = dataset("emu_dragns")
    dragns(tmp_path / catalog("emu_dragns").file, 6)
    found = door.read_sources(tmp_path, MOSAICS.of([]))
    present = [[one["label"] for one in row["labels"] if one["state"] == "present"] for row in found.kept.to_pylist()]
    assert present == [["FR-I"], ["FR-II"], ["HYBRID"], []]
    assert found.reasons == {"label-conflict": 1, "unknown-class": 1}
    assert {row["side_arcsec"] for row in found.kept.to_pylist()} == {432.0}


# --- large tables


def test_a_large_table_in_slices_is_the_same_as_read_whole(tmp_path, monkeypatch):
    door = catalog("lotss_dr3_sources")
    path = lotss(tmp_path / "a.fits", 101, PA=("D", [np.nan] * 101), Mosaic_ID=("8A", ["P1"] * 101))
    whole = read_catalog(path, door)
    monkeypatch.setattr(fits_tables, "LARGE_BYTES", 0)
    monkeypatch.setattr(fits_tables, "SLICE_BYTES", 1_000)
    assert read_catalog(path, door).table.equals(whole.table)
    raw = fits_tables.read_fits(path, 1, {"RA"})
    assert raw.columns["E_RA"].null_count == 101 and raw.types["E_RA"] == "FITS D" and raw.n_rows == 101


def test_a_large_table_that_is_cut_short_or_has_another_id_twice_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(fits_tables, "LARGE_BYTES", 0)
    monkeypatch.setattr(fits_tables, "SLICE_BYTES", 1_000)
    door, path = catalog("lotss_dr3_sources"), lotss(tmp_path / "a.fits", 101)
    body = path.read_bytes()
    path.write_bytes(body[:9_000])
    with pytest.raises(CatalogError, match="not a readable FITS table|cut short in data row"):
        read_catalog(path, door)
    path.write_bytes(body.replace(b"ILTJ000007", b"ILTJ000006"))
    (twice,) = read_catalog(path, door).rejections
    assert (twice.reason, twice.row_id[-2:]) == ("duplicate-id", ":7")


def test_lists_beside_the_rows_are_read_whole_whatever_the_size(tmp_path, monkeypatch):
    path = tmp_path / "a.fits"
    lists = np.array([np.arange(2), np.arange(3)], dtype=object)
    fits.BinTableHDU.from_columns([fits.Column("v", "PJ()", array=lists)]).writeto(path)
    monkeypatch.setattr(fits_tables, "LARGE_BYTES", 0)
    assert fits_tables.read_fits(path, None, {"v"}).columns["v"].to_pylist() == [[0, 1], [0, 1, 2]]


# --- RadioGalaxyNET


def annotation(number: int, image: int, category: int, **more):
    square = [10, 10, 30, 10, 30, 20, 10, 20]
    return {"id": number, "image_id": image, "category_id": category, "bbox": [10, 10, 20, 10], "iscrowd": 0,
            "segmentation": [square], "keypoints": [20, 15, 2], "num_keypoints": 1, "area": 200} | more  # fmt: skip


@pytest.fixture
def net(tmp_path):
    """A collection of four pictures: two of train, one of val, one of test."""
    categories = [{"id": k, "name": name} for k, name in enumerate(["FR-I", "FR-II", "FR-X", "R", "odd"], 1)]
    splits = {
        "train": ([1, 2], [annotation(1, 1, 1), annotation(2, 1, 2, keypoints=[0, 0, 0]), annotation(3, 2, 5)]),
        "val": ([3], [annotation(1, 3, 3, segmentation={"size": [SIDE, SIDE], "counts": [610, 5, 2985]})]),
        "test": ([4], [annotation(1, 4, 4)]),
    }
    for split, (numbers, annotations) in splits.items():
        images = [{"id": k, "file_name": f"J{k}_rgb.png", "height": HEIGHT, "width": SIDE} for k in numbers]
        path = tmp_path / radiogalaxynet.FOLDER / f"{split}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"images": images, "categories": categories, "annotations": annotations}))
        for k in numbers:
            folder = tmp_path / radiogalaxynet.IMAGES / (split if k % 2 else f"{split}_fits")
            folder.mkdir(parents=True, exist_ok=True)
            picture(folder / f"J{k}_emu.fits", ra_deg=310.0 + k)
    return tmp_path


def picture(path: Path, ra_deg: float) -> None:
    header = fits.Header()
    header.update({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRPIX1": 30.5, "CRPIX2": 30.5, "CRVAL1": ra_deg})
    header.update({"CRVAL2": -55.0, "CDELT1": -2 / 3600, "CDELT2": 2 / 3600, "BUNIT": "Jy/beam"})
    values = np.random.default_rng(3).normal(0, 1e-5, (HEIGHT, SIDE)).astype("f4")
    fits.PrimaryHDU(values, header).writeto(path)


def index(raw):
    survey = surveys()["radiogalaxynet"]
    return mosaics(find_files(raw, survey, {}), survey, raw=raw).kept


def test_pictures_have_their_split_and_the_published_test_pictures_are_the_benchmark(net):
    found = radiogalaxynet.read_sources(net, index(net))
    said = {one["source_name"]: (one["split"], one["benchmark"]) for one in found.kept.to_pylist()}
    assert found.n_in == 4 and found.rejected.num_rows == 0
    assert said == {
        "J1_rgb.png": ("train", None), "J2_rgb.png": ("train", None), "J3_rgb.png": ("validation", None),
        "J4_rgb.png": ("test", "radiogalaxynet"),
    }  # fmt: skip
    door = benchmark("radiogalaxynet")
    (place,) = sealed(
        [found.kept], [index(net).select(MOSAIC_COLUMNS)], SealConfig(benchmarks=(door,))
    ).kept.to_pylist()
    assert place["source_name"] == "J4_rgb.png" and place["ra_deg"] == pytest.approx(314, abs=1e-3)
    assert place["radius_arcsec"] == pytest.approx(60 * np.sqrt(2), rel=1e-3)


def test_a_galaxy_lies_at_its_host_with_its_outline_on_the_sky_and_its_class(net):
    found = radiogalaxynet.read_objects(net, index(net))
    first, second, odd, masked, _ = found.kept.to_pylist()
    wcs = WCS(fits.getheader(net / radiogalaxynet.IMAGES / "train/J1_emu.fits"))
    host, corner = wcs.all_pix2world([[19.5, 44.5], [9.5, 49.5]], 0).tolist()
    # COCO counts from the top left corner: the host at 20, 15 is the pixel 19.5, 44.5 from the bottom.
    assert [first["ra_deg"], first["dec_deg"]] == pytest.approx(host)
    assert [second["ra_deg"], second["dec_deg"]] == pytest.approx(host)  # no host: the middle of the box
    assert first["sky_polygon_deg"][:2] == pytest.approx(corner)
    assert [one["label"] for one in first["labels"]] == ["FR-I"]
    assert {one["state"] for one in odd["labels"]} == {"unknown"} and odd["labels"][0]["original"] == "odd"
    assert masked["labels"][0]["label"] == "FR-X" and len(masked["sky_polygon_deg"]) == 8
    assert all(one["source_id"] for one in found.kept.to_pylist())


def test_a_missing_picture_and_an_object_that_cannot_be_used_refuse_what_depends_on_them(net):
    (net / radiogalaxynet.IMAGES / "val/J3_emu.fits").unlink()
    path = net / radiogalaxynet.FOLDER / "train.json"
    path.write_text(path.read_text().replace("[20, 15, 2]", "[20, 15]", 1))
    sources, objects = (read(net, index(net)) for read in (radiogalaxynet.read_sources, radiogalaxynet.read_objects))
    assert sources.reasons == {"no-picture": 1, "objects-refused": 1}
    assert objects.reasons == {"bad-annotation": 1, "no-picture": 1}
    assert objects.n_in == 5 == objects.kept.num_rows + objects.rejected.num_rows
    assert {one["object_name"]: one["source_id"] for one in objects.kept.to_pylist()}["J1_rgb.png#1"] is None


def test_a_list_of_detections_is_no_annotation_of_a_split(net):
    (net / radiogalaxynet.FOLDER / "val.json").write_text("[]")
    with pytest.raises(CatalogError, match=r"val.json: found no images with a file_name, expected a COCO dataset"):
        radiogalaxynet.read_sources(net, index(net))


def test_keypoints_that_nobody_could_place_are_left_out(net):
    found = read_coco(net / radiogalaxynet.FOLDER / "train.json")
    assert [one.points_px for one in found.outlines] == [((19.5, 44.5),), (), ((19.5, 44.5),)]
    assert found.files == {"1": "J1_rgb.png", "2": "J2_rgb.png"}
