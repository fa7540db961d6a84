"""The published catalogues on their real files: rows, facts, and the traps that lie in them."""

import gzip
import json
import warnings
from collections import Counter

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from catalogs.catalog import Catalog, catalog, catalogs, file_digest, read_catalog
from catalogs.columns import CatalogColumn
from catalogs.formats import archives, text_tables
from catalogs.sky import angle_arcsec, nearest, unit_vectors
from schemas.errors import CatalogError
from schemas.labels import label_scheme

N_ROWS = {
    "atnf_pulsars": 2535, "first_mirabest_labels": 297, "green_snr": 294, "griese_pngs": 2158, "kohoutek_pn": 1510,
    "lotss_dr1_sources": 12093, "lotss_lomorph": 5805, "manitoba_snrcat": 378, "mirabest_parent": 1300,
    "racs_1357_18": 7225, "racs_dr1_gaussians": 3, "racs_dr1_sources": 1, "radcat": 2510, "rgz_claran_sources": 11836,
    "wise_hii": 8412,
}  # fmt: skip
"""Rows of the files that are here; all other doors are of files that are not public, or were not fetched."""
REFUSED = {
    "green_snr": {"name-disagrees-with-position": 5},
    "atnf_pulsars": {"name-disagrees-with-position": 6},
}
NOT_PUBLIC = {
    "rgcat", "smgps_extended_sources", "first_components", "emu_selavy_components", "caesar_mrcnn_catalog",
    "emu_dragns", "lotss_dr3_sources", "smgps_compact_sources",
}  # fmt: skip
OF_THE_DEMO = {"demo_fields", "demo_fanaroff", "demo_objects"}


def read(raw, name):
    door = catalog(name)
    return read_catalog(raw / door.file, door)


def rows_of(raw, name):
    return {one["name"]: one for one in read(raw, name).table.to_pylist()}


def edited(name, **columns):
    """The door with other columns."""
    door = catalog(name)
    made = {ours: CatalogColumn.model_validate(one) for ours, one in columns.items()}
    return Catalog.model_validate({**door.model_dump(), "cite": door.cite, "columns": door.columns | made})


def test_every_door_is_of_a_file_that_is_here_or_is_known_not_to_be():
    assert set(catalogs()) == set(N_ROWS) | NOT_PUBLIC | OF_THE_DEMO


@pytest.mark.parametrize("name", sorted(N_ROWS))
def test_the_file_is_the_pinned_one_and_every_row_is_counted(raw, name):
    door, found = catalog(name), read(raw, name)
    assert file_digest(door, raw) == door.sha256
    assert found.n_in == N_ROWS[name]
    assert door.n_rows in (None, found.n_in)
    assert Counter(one.reason for one in found.rejections) == REFUSED.get(name, {})
    assert found.table.num_rows + len(found.rejections) == found.n_in
    assert found.absent == ()


@pytest.mark.parametrize("name", sorted(catalogs()))
def test_a_door_has_a_known_scheme_and_labels_that_the_scheme_knows(name):
    labels = catalog(name).labels
    if labels is not None:
        scheme = label_scheme(labels.scheme)
        for label in [*labels.names.values(), *labels.flags.values()]:
            assert not label or label in scheme.labels
        assert bool(labels.label) != bool(labels.flags)


@pytest.mark.parametrize("name", sorted(NOT_PUBLIC))
def test_a_file_with_other_columns_gives_one_error_with_all_names(tmp_path, name):
    door = catalog(name)
    columns = [fits.Column("class_nam", "4A", array=["x"]), fits.Column("RA_J2000", "D", unit="deg", array=[1.0])]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "mine")
    with pytest.raises(CatalogError) as caught:
        read_catalog(tmp_path / "mine", door.model_copy(update={"format": "fits", "member": None}))
    said = str(caught.value)
    wanted = [one for one in door.columns.values() if one.required]
    assert said.count("\n") == len(wanted) + 1
    for ours, one in door.columns.items():
        assert (f"no column {one.name!r}" in said and f"edit columns.{ours}.name" in said) == one.required
    assert "found: class_nam (FITS 4A), RA_J2000 (FITS D, deg)" in said
    assert f"{tmp_path / 'mine'}: {len(wanted)} columns of catalogs/published/{name}.toml are not in it" in said
    assert said.count("our guess") == sum(one.guess for one in wanted)


def test_the_unknown_columns_of_smgps_are_named_and_told_of_where_they_lack(tmp_path):
    door = catalog("smgps_extended_sources")
    columns = [
        fits.Column(one.name, form, array=["1" if form == "8A" else 1])
        for one in door.columns.values()
        if not one.guess or one.required
        for form in ["J" if one.type == "int" else "D" if one.unit or one.type == "real" else "8A"]
    ]
    assert len(columns) == 43
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "mine")
    found = read_catalog(tmp_path / "mine", door)
    assert found.table.num_rows == 1
    assert found.table["radius_arcsec"].to_pylist() == [60]
    assert len(found.absent) == 11
    assert all("our guess" in one for one in found.absent)


# --- traps


def test_green_is_read_but_for_five_rows_whose_names_say_another_place(raw):
    found = read(raw, "green_snr")
    assert [one.row["name"] for one in found.rejections] == [
        "G113.0+00.2", "G178.2-04.2", "G308.4-01.4", "G350.1-00.3", "G358.1+00.1",
    ]  # fmt: skip
    assert found.rejections[2].reason == "name-disagrees-with-position"
    said = (
        "G308.4-01.4 lies 1876.9 arcmin from where its name says: found RA 280.3750, Dec -63.7333, the name is RA 205."
    )
    assert found.rejections[2].detail.startswith(said)
    rows = rows_of(raw, "green_snr")
    assert rows["G160.9+02.6"]["radius_arcsec"] == 70 * 60  # 30 arcmin off its name, well within itself
    assert Counter(one["snr_type"] for one in rows.values())["S"] == 199 - 2
    assert rows["G000.0+00.0"]["flux_1ghz_mjy"] == 100_000
    strict = Catalog.model_validate(
        {
            **(door := catalog("green_snr")).model_dump(),
            "cite": door.cite,
            "name_position": {**door.name_position.model_dump(), "within_radius": False},
        }
    )
    assert len(read_catalog(raw / door.file, strict).rejections) == 19


def test_pulsars_without_a_declination_do_not_stand_at_the_equator(raw):
    found = read(raw, "atnf_pulsars")
    assert {one.row["name"] for one in found.rejections} == {
        "J1708-52", "J1456-48", "J1255-46", "J1559-44", "J1947-43", "J0919-42",
    }  # fmt: skip
    assert {one.row["dec_deg"] for one in found.rejections} == {0.0}


def test_missing_values_of_the_pulsar_catalogue_are_null(raw):
    rows = rows_of(raw, "atnf_pulsars")
    assert sum(one["b_name"] is None for one in rows.values()) == 2006 - 6
    assert rows["J0007+7303"]["dispersion_pc_per_cm3"] is None
    assert rows["J0014+4746"]["b_name"] == "B0011+47"
    assert not any(one["year"] == 999999 for one in rows.values())


def test_radcat_is_read_by_its_degrees_and_its_hours_are_refused_by_name(raw):
    rows = rows_of(raw, "radcat")
    assert Counter(one["class_name"] for one in rows.values()) == {"FRI": 1605, "FRII": 792, "COMPACT": 113}
    assert sum(one["source_catalog"] == "LoMorph" for one in rows.values()) == 1613
    assert sum(len(set(one["votes"])) > 1 for one in rows.values()) == 25
    assert rows["263"]["ra_deg"] == pytest.approx(208.074208)
    door = catalog("radcat")
    for unit, said in (("hourangle", "is in hours by its unit"), ("deg", "is called hours")):
        hours = edited("radcat", ra_deg={"name": "RAh", "unit": unit})
        with pytest.raises(
            CatalogError, match=f"RAh: {said}, but 1613 of 2510 values lie above 24, up to 230: those are"
        ):
            read_catalog(raw / door.file, hours)


def test_lomorphs_first_hdu_is_a_votable_in_bytes_and_refused_as_one(raw):
    door = catalog("lotss_lomorph")
    with pytest.raises(CatalogError, match=r"expected a table HDU 0.*0 'PRIMARY' PrimaryHDU, a VOTable as \d+ bytes"):
        read_catalog(raw / door.file, door.model_copy(update={"hdu": 0}))
    assert read_catalog(raw / door.file, door.model_copy(update={"hdu": None})).n_in == 5805


def test_the_rgz_archive_is_a_tar_and_not_a_table_in_gzip(raw):
    door = catalog("rgz_claran_sources")
    path = raw / door.file
    with pytest.raises(
        CatalogError, match=r"a tar archive, expected a table; set `member` to one of: full_catalogue.csv"
    ):
        read_catalog(path, door.model_copy(update={"member": None}))
    with gzip.open(path) as stream:  # what a reader that goes by the suffix would have seen
        as_gzip = stream.read()
    assert not as_gzip.startswith(b"catalog_id")
    assert archives.read_body(path, "full_catalogue.csv").startswith(b"catalog_id,first_id")


def test_rgz_positions_are_means_of_components_and_first_id_is_no_key(raw):
    rows = read(raw, "rgz_claran_sources").table.to_pylist()
    assert len({one["first_id"] for one in rows}) == 10744
    assert len({one["name"] for one in rows}) == 11836
    assert all(len(one["component_ra_deg"]) == one["n_components"] for one in rows)
    assert Counter(f"{one['n_components']}C-{one['n_peaks']}P" for one in rows) == {
        "1C-1P": 5300, "1C-2P": 1331, "1C-3P": 1412, "2C-2P": 1251, "2C-3P": 1208, "3C-3P": 1334,
    }  # fmt: skip
    three = next(one for one in rows if one["name"] == "7276")
    assert three["ra_deg"] == pytest.approx(np.mean(three["component_ra_deg"]), abs=1e-6)
    assert three["dec_deg"] == pytest.approx(np.mean(three["component_dec_deg"]), abs=1e-6)
    assert sum(one["is_training"] for one in rows) == 6978
    said = [one["first_id"][6:] for one in rows]
    named = SkyCoord([f"{s[:2]}h{s[2:4]}m{s[4:8]}s {s[8:11]}d{s[11:13]}m{s[13:15]}s" for s in said])
    apart = angle_arcsec(
        unit_vectors(named.ra.deg, named.dec.deg),
        unit_vectors([one["ra_deg"] for one in rows], [one["dec_deg"] for one in rows]),
    )
    assert 60 < apart.max() < 130


def test_kohouteks_lines_of_units_and_dashes_are_no_rows(raw):
    door = catalog("kohoutek_pn")
    found = read_catalog(raw / door.file, door)
    assert found.n_in == 1510
    first = found.table.to_pylist()[0]
    sky = SkyCoord("00h12.9m", "+69d11m", frame="fk5").icrs
    assert first["name"] == "119+06.1"
    assert (first["ra_deg"], first["dec_deg"]) == (pytest.approx(sky.ra.deg), pytest.approx(sky.dec.deg))
    assert door.accuracy_arcsec == pytest.approx(np.hypot(45, 30), abs=0.1)
    with pytest.raises(CatalogError, match="a line of dashes, no row"):
        read_catalog(raw / door.file, door.model_copy(update={"below_header": ()}))
    body = (raw / door.file).read_bytes().split(b"\nPK;")[1]
    assert len([line for line in body.split(b"\n")[1:] if line.strip()]) == 1512  # what was to be avoided


def test_kohouteks_positions_are_where_their_names_say(raw):
    table = read(raw, "kohoutek_pn").table
    sky = SkyCoord(table["ra_deg"].to_numpy(), table["dec_deg"].to_numpy(), unit="deg").galactic
    named = np.array([[float(one[:3]), float(one[3:6])] for one in table["name"].to_pylist()])
    assert np.median(np.abs(sky.b.deg - named[:, 1])) < 1.5


def test_snrcats_positions_are_rounded_and_its_zeros_are_unknown(raw):
    door, rows = catalog("manitoba_snrcat"), rows_of(raw, "manitoba_snrcat")
    assert door.accuracy_arcsec == pytest.approx(np.hypot(180, 180), abs=1)
    assert sum(one["radius_arcsec"] is None for one in rows.values()) == 7
    assert sum(one["age_yr"] is None for one in rows.values()) == 256
    assert sum(one["distance_kpc"] is None for one in rows.values()) == 210
    assert max(one["radius_arcsec"] or 0 for one in rows.values()) == 1440 * 30
    assert sum(one["is_uncertain"] == 1 for one in rows.values()) == 67
    green = read_catalog(
        raw / catalog("green_snr").file, catalog("green_snr").model_copy(update={"name_position": None})
    )
    both = [(one, rows[one["name"]]) for one in green.table.to_pylist() if one["name"] in rows]
    apart = [
        float(angle_arcsec(unit_vectors(a["ra_deg"], a["dec_deg"]), unit_vectors(b["ra_deg"], b["dec_deg"]))[0])
        for a, b in both
    ]
    assert len(both) == 294
    assert np.median(apart) / 60 == pytest.approx(3.0, abs=0.05)


def test_wise_has_lists_of_velocities_and_a_class_of_zero(raw):
    rows = rows_of(raw, "wise_hii")
    assert Counter(one["class_name"] for one in rows.values()) == {"Q": 3780, "K": 2210, "C": 1767, "G": 654, "0": 1}
    assert rows["G049.792+00.360"]["class_name"] == "0"
    assert rows["G000.003+00.127"]["vlsr_km_per_s"] == [7.5, -12.1]
    assert sum(len(one["vlsr_km_per_s"] or ()) > 1 for one in rows.values()) == 174
    assert max(one["radius_arcsec"] for one in rows.values()) == 18666
    assert sum(one["flux_20cm_mjy"] is not None for one in rows.values()) == 8412 - 7826


def test_fourteen_hii_regions_lie_in_the_magpis_picture(raw):
    table = read(raw, "wise_hii").table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = fits.getheader(raw / "images/magpis_galactic/G10.5+0.0_20cm.fits")
        wcs = WCS(header).celestial
    sky = SkyCoord(table["ra_deg"].to_numpy(), table["dec_deg"].to_numpy(), unit="deg").galactic
    near = np.flatnonzero((np.abs(sky.l.deg - 10.5) < 0.2) & (np.abs(sky.b.deg) < 0.2))
    x, y = wcs.world_to_pixel_values(sky.l.deg[near], sky.b.deg[near])
    inside = [
        table["name"][int(k)].as_py()
        for k, i, j in zip(near, x, y, strict=True)
        if -0.5 <= i < header["NAXIS1"] - 0.5 and -0.5 <= j < header["NAXIS2"] - 0.5
    ]
    assert len(inside) == 14
    assert {"G010.462+00.034", "G010.533+00.032"} <= set(inside)
    assert "G010.585-00.051" not in inside


def test_codes_of_mirabest_that_no_scheme_has_are_kept_as_they_are(raw):
    codes = Counter(read(raw, "mirabest_parent").table["code"].to_pylist())
    assert [codes[code] for code in (200, 100, 400, 402, 103)] == [433, 340, 39, 1, 1]
    assert not {"400", "402", "103"} & catalog("mirabest_parent").labels.names.keys()


def test_racs_has_single_precision_positions_and_errors_that_were_not_fitted(raw):
    table = read(raw, "racs_1357_18").table
    ra = table["ra_deg"].to_numpy()
    assert np.array_equal(ra, ra.astype(np.float32))
    assert np.spacing(np.float32(ra.max())) * 3600 / 2 <= catalog("racs_1357_18").accuracy_arcsec
    assert table["major_error_arcsec"].null_count == 265
    assert table["peak_mjy_per_beam"][0].as_py() == pytest.approx(16.557, abs=0.001)
    assert 205 < ra.min() < ra.max() < 214


def test_the_racs_layouts_agree_on_their_one_source(raw):
    (source,) = read(raw, "racs_dr1_sources").table.to_pylist()
    parts = read(raw, "racs_dr1_gaussians").table.to_pylist()
    assert {one["source_id"] for one in parts} == {source["source_id"]} == {"RACS_1237+12A_3165"}
    assert sum(one["flux_mjy"] for one in parts) == pytest.approx(source["flux_mjy"]) == pytest.approx(186673.179)
    with pytest.raises(CatalogError, match="no column 'DEC'; near: Dec"):
        door = catalog("racs_dr1_sources")
        read_catalog(raw / door.file, edited("racs_dr1_sources", dec_deg={"name": "DEC", "unit": "deg"}))


def test_griese_names_are_read_once_each_and_agree_with_their_folders(raw):
    rows = rows_of(raw, "griese_pngs")
    code_of = {"FRI": 0, "FRII": 1, "Compact": 2, "Bent": 3}
    assert all(code_of[one["class_name"]] == one["code"] for one in rows.values())
    assert Counter(one["class_name"] for one in rows.values()) == {"FRI": 495, "FRII": 924, "Compact": 391, "Bent": 348}
    assert Counter(one["source_catalog"] for one in rows.values()) == {
        "MiraBest": 745, "Gendre": 810, "Proctor_Tab1": 281, "Capetti2017a": 165, "Baldi2018": 108, "Capetti2017b": 49,
    }  # fmt: skip
    assert rows["139.007_17.59_2_Baldi2018"]["dec_deg"] == 17.59


def test_203_mirabest_pictures_are_also_in_the_griese_set(raw):
    found = []
    for path in sorted((raw / "images/first_mirabest").glob("*.fits.gz")):
        with gzip.open(path) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tabs in the comments
            header = fits.Header.fromstring(stream.read(2880 * 8).split(b"END" + b" " * 77)[0].decode("latin-1"))
        found.append((header["CRVAL1"], header["CRVAL2"]))  # the reference pixel is the centre
    assert len(found) == 297
    centres = SkyCoord(found, unit="deg", frame="fk5").icrs
    table = read(raw, "griese_pngs").table
    there = unit_vectors(table["ra_deg"].to_numpy(), table["dec_deg"].to_numpy())
    near = nearest(unit_vectors(centres.ra.deg, centres.dec.deg), there, 10.0)
    assert (near.index >= 0).sum() == 203


def test_the_units_of_a_vizier_line_are_kept_to_be_held_against_the_door(raw):
    door = catalog("kohoutek_pn")
    body = archives.read_body(raw / door.file)
    found = text_tables.read_delimited(body, "mine", ";", "#", ("units", "dashes"))
    assert json.dumps(found.units) == '{"PK": "", "RAJ2000": "h:m:s", "DEJ2000": "d:m:s"}'
