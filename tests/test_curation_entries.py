"""ENTRIES: every catalogue as one table, with what it says and what it refuses."""

import gzip
import json
import struct
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from catalogs.catalog import Catalog, catalog, catalogs, read_catalog
from catalogs.crossmatch import best, crossmatch
from catalogs.sky import unit_vectors
from curation.truth.entries import entries_step
from schemas.errors import CatalogError, RecipeError
from schemas.tables import ENTRIES

COLUMNS = {
    "name": {"name": "Name"},
    "ra_deg": {"name": "RA", "unit": "deg"},
    "dec_deg": {"name": "DEC", "unit": "deg"},
    "class_name": {"name": "Class"},
}
LABELS = {"scheme": "mirabest", "tier": "expert", "label": "{class_name}"}


def a_door(tmp_path, text, **more):
    (tmp_path / "mine.csv").write_text(text)
    columns = COLUMNS | more.pop("columns", {})
    base = {"name": "mine", "title": "t", "file": "mine.csv", "cite": "c", "format": "csv", "key": "name"}
    return Catalog.model_validate({**base, "columns": columns, **more})


def made(tmp_path, text, **more):
    return entries_step(a_door(tmp_path, text, **more), tmp_path).run([])


def said(row, state="present"):
    return [one["label"] for one in row["labels"] if one["state"] == state]


def of(raw, name):
    return entries_step(catalog(name), raw).run([])


def test_a_row_becomes_an_entry_with_direction_labels_and_cells(tmp_path):
    text = "Name,RA,DEC,Class,Size,N\na,10,-20,FRI,2,\nb,0,90,,,3\n"
    more = {"radius_arcsec": {"name": "Size", "unit": "arcmin", "times": 0.5}, "n_stars": {"name": "N", "type": "int"}}
    found = made(tmp_path, text, columns=more, labels=LABELS, accuracy_arcsec=7.0)
    first, second = found.kept.to_pylist()
    assert (first["catalog"], first["name"], first["origin_catalog"], first["origin_row"]) == (
        "mine",
        "a",
        "mine.csv",
        0,
    )
    assert [first[one] for one in "xyz"] == unit_vectors(10, -20)[0].tolist()
    assert (first["radius_arcsec"], second["radius_arcsec"]) == (60, None)
    assert said(first) == ["FR-I"]
    assert said(first, "absent") == ["FR-II", "HYBRID"]
    assert {one["original"] for one in first["labels"]} == {"FRI"}
    assert said(second, "unknown") == ["FR-I", "FR-II", "HYBRID"]
    assert json.loads(first["cells"]) == {"class_name": "FRI", "n_stars": None, "accuracy_arcsec": 7.0}
    assert first["labels"][0]["catalog"] == "mine.csv"
    assert [one["row"] for one in second["labels"]] == [1, 1, 1]


def test_a_class_that_nobody_knows_is_refused_and_one_that_says_nothing_is_kept(tmp_path):
    text = "Name,RA,DEC,Class\na,1,2,FRI\nb,1,2,400\nc,1,2,Compact\nd,1,2,0\n"
    found = made(tmp_path, text, labels={**LABELS, "names": {"Compact": "", "0": "FR-II"}})
    assert [said(one) for one in found.kept.to_pylist()] == [["FR-I"], [], ["FR-II"]]
    assert found.n_in == 4
    assert found.reasons == {"unknown-class": 1}
    (refused,) = found.rejected.to_pylist()
    assert refused["row_id"] == "mine.csv:1"
    assert "unknown label '400' in scheme mirabest" in refused["detail"]


def test_a_doubtful_class_and_one_that_others_vote_against_say_nothing(tmp_path):
    more = {"is_odd": {"name": "Odd", "type": "bool"}, "votes": {"name": "Votes", "separator": ","}}
    text = (
        "Name,RA,DEC,Class,Odd,Votes\na,1,2,FRI,0,\"['FRI', 'fri']\"\n"
        "b,1,2,FRI,1,['FRI']\nc,1,2,FRI,,\"['FRI', 'FRII']\"\n"
    )
    found = made(tmp_path, text, columns=more, labels={**LABELS, "doubtful": "is_odd", "votes": "votes"})
    assert [said(one) for one in found.kept.to_pylist()] == [["FR-I"], [], []]
    assert said(found.kept.to_pylist()[1], "absent") == []


def test_a_scheme_of_several_labels_says_nothing_of_the_others(tmp_path):
    labels = {"scheme": "smgps_extcat", "tier": "expert", "label": "SNR"}
    (one,) = made(tmp_path, "Name,RA,DEC,Class\na,1,2,\n", labels=labels).kept.to_pylist()
    assert said(one) == ["SNR"]
    assert said(one, "absent") == []


def test_ids_sort_as_the_rank_says_and_do_not_depend_on_other_rows(tmp_path):
    more = {"score": {"name": "S", "type": "real"}, "number": {"name": "N", "type": "int"}}
    header = "Name,RA,DEC,Class,S,N\n"
    lines = [
        "a,1,2,,0.5,7",
        "b,1,2,,1.0,9",
        "c,1,2,,0.5,-3",
        "d,1,2,,,1",
        "e,1,2,,-0.5,1",
        "f,1,2,,1.0,10",
        "g,1,2,,0,2",
    ]
    rank = {"columns": more, "rank": ["-score", "number"]}
    found = made(tmp_path, header + "\n".join(lines), **rank).kept
    in_order = sorted(zip(found["entry_id"].to_pylist(), found["name"].to_pylist(), strict=True))
    assert [name for _, name in in_order] == ["b", "f", "c", "a", "g", "e", "d"]
    again = made(tmp_path, header + lines[2], **rank).kept
    assert again["entry_id"][0].as_py() == next(one for one, name in in_order if name == "c")
    with pytest.raises(RecipeError, match="32 bits"):
        made(tmp_path, header + "a,1,2,,1,99999999999", **rank)


def test_equal_names_are_told_apart_by_their_rows(tmp_path):
    text = "Name,RA,DEC,Class\na,1,2,\na,1,2,\n,1,2,\n"
    found = made(tmp_path, text, key=None).kept
    assert found["name"].to_pylist() == ["a", "a", "row 2"]
    assert len(set(found["entry_id"].to_pylist())) == 3
    keyed = made(tmp_path, text)
    assert keyed.reasons == {"duplicate-id": 1, "no-id": 1}
    assert keyed.kept["entry_id"][0] not in found["entry_id"].to_pylist()[:2]


def test_a_negative_extent_is_refused_with_the_key_to_edit(tmp_path):
    more = {"radius_arcsec": {"name": "Size", "unit": "arcsec"}}
    found = made(tmp_path, "Name,RA,DEC,Class,Size\na,1,2,,-1\nb,1,2,,0\n", columns=more)
    assert found.reasons == {"negative-extent": 1}
    assert "columns.radius_arcsec.missing of catalogs/published/mine.toml" in found.rejected["detail"][0].as_py()


def test_the_address_moves_with_the_file_and_the_door_but_not_with_pin_and_citation(tmp_path):
    text = "Name,RA,DEC,Class\na,1,2,\n"
    first = entries_step(a_door(tmp_path, text), tmp_path)
    assert first.name == "entries/mine"
    assert first.counts == "rows of the file"
    assert first.table is ENTRIES
    same = a_door(tmp_path, text, cite="other", n_rows=7)
    assert entries_step(same, tmp_path).address == first.address
    assert entries_step(a_door(tmp_path, text, frame="fk5"), tmp_path).address != first.address
    assert entries_step(a_door(tmp_path, text, labels=LABELS), tmp_path).address != first.address
    assert entries_step(a_door(tmp_path, text + "b,1,2,\n"), tmp_path).address != first.address
    with pytest.raises(CatalogError, match="SHA-256"):
        entries_step(a_door(tmp_path, text, sha256="0" * 64), tmp_path)


def test_a_catalogue_without_positions_has_no_entries(raw):
    with pytest.raises(RecipeError, match="catalogue first_mirabest_labels has no positions"):
        entries_step(catalog("first_mirabest_labels"), raw)


HERE = (
    "atnf_pulsars", "green_snr", "griese_pngs", "kohoutek_pn", "lotss_dr1_sources", "lotss_lomorph", "manitoba_snrcat",
    "mirabest_parent", "racs_1357_18", "racs_dr1_gaussians", "racs_dr1_sources", "radcat", "rgz_claran_sources",
    "wise_hii",
)  # fmt: skip
REFUSED = {
    "green_snr": {"name-disagrees-with-position": 5},
    "atnf_pulsars": {"name-disagrees-with-position": 6},
    "mirabest_parent": {"unknown-class": 41},
    "wise_hii": {"unknown-class": 1},
}


@pytest.mark.parametrize("name", HERE)
def test_every_real_catalogue_becomes_entries_with_ids_of_their_own(raw, name):
    found = of(raw, name)
    assert catalogs()[name].n_rows in (None, found.n_in)
    assert found.reasons == REFUSED.get(name, {})
    assert len(set(found.kept["entry_id"].to_pylist())) == found.kept.num_rows
    xyz = np.stack([found.kept[one].to_numpy() for one in "xyz"], axis=1)
    assert np.allclose(np.linalg.norm(xyz, axis=1), 1, atol=1e-15)
    assert found.kept["origin_row"].to_pylist() == sorted(found.kept["origin_row"].to_pylist())


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("atnf_pulsars", {"PULSAR": 2529}),
        ("green_snr", {"SNR": 289}),
        ("griese_pngs", {"FR-I": 495, "FR-II": 924}),
        ("kohoutek_pn", {"PN": 1510}),
        (
            "lotss_lomorph",
            {"FR1": 2965, "FR2": 546, "INDETERMINATE": 1241, "SMALL": 3112, "NAT": 264, "WAT": 195, "D-D": 19},
        ),
        ("manitoba_snrcat", {"SNR": 311}),
        ("mirabest_parent", {"FR-I": 592, "FR-II": 633, "HYBRID": 34}),
        ("radcat", {"FR-I": 1594, "FR-II": 778}),
        (
            "rgz_claran_sources",
            {"1C-1P": 5300, "1C-2P": 1331, "1C-3P": 1412, "2C-2P": 1251, "2C-3P": 1208, "3C-3P": 1334},
        ),
        ("wise_hii", {"HII": 2210 + 654}),
        ("racs_1357_18", {}),
    ],
)
def test_the_labels_of_real_catalogues_are_as_published(raw, name, counts):
    rows = of(raw, name).kept.to_pylist()
    assert Counter(label for row in rows for label in said(row)) == counts


def test_the_stray_class_of_wise_and_the_odd_codes_of_mirabest_are_quarantined(raw):
    (stray,) = of(raw, "wise_hii").rejected.to_pylist()
    assert json.loads(stray["row"])["name"] == "G049.792+00.360"
    codes = Counter(json.loads(one)["code"] for one in of(raw, "mirabest_parent").rejected["row"].to_pylist())
    assert codes == {400: 39, 402: 1, 103: 1}


def test_radii_are_half_the_published_diameters(raw):
    radius = {one["name"]: one["radius_arcsec"] for one in of(raw, "green_snr").kept.to_pylist()}
    assert radius["G000.0+00.0"] == 105  # 3.5 x 2.5 arcmin
    snrcat = {one["name"]: one["radius_arcsec"] for one in of(raw, "manitoba_snrcat").kept.to_pylist()}
    assert snrcat["G000.0+00.0"] == 87
    wise = {one["name"]: one["radius_arcsec"] for one in of(raw, "wise_hii").kept.to_pylist()}
    assert wise["G000.003+00.127"] == 206


def test_219_mirabest_pictures_find_the_rgz_row_that_was_worked_out_by_hand_ties_too(raw):
    centres, names = [], []
    for path in sorted((raw / "images/first_mirabest").glob("*.fits.gz")):
        cards = gzip.decompress(path.read_bytes())[: 2880 * 8].decode("latin-1")
        position = [float(cards[cards.index(f"CRVAL{k}  =") :][10:30]) for k in (1, 2)]
        centres.append(position)  # the reference pixel is the centre; FK5 and ICRS are 0.03 arcsec apart at most
        names.append(path.name)
    left = _directions(names, unit_vectors(*np.array(centres).T))
    table = of(raw, "rgz_claran_sources").kept
    right = _directions(table["entry_id"].to_pylist(), np.stack([table[one].to_numpy() for one in "xyz"], axis=1))
    cells = dict(zip(table["entry_id"].to_pylist(), map(json.loads, table["cells"].to_pylist()), strict=True))
    found = {one["left_id"]: cells[one["right_id"]] for one in best(crossmatch(left, right, 30.0)).to_pylist()}
    assert len(found) == 219
    door = catalog("first_mirabest_labels")
    for row in read_catalog(raw / door.file, door).table.to_pylist():
        theirs = found.get(row["file"])
        assert (theirs or {}).get("first_id") == row["rgz_name"]
        assert theirs is None or round(theirs["consensus"], 4) == row["rgz_consensus"]


def _directions(ids, vectors):
    return pa.table({"id": ids, "x": vectors[:, 0], "y": vectors[:, 1], "z": vectors[:, 2]})


def test_single_precision_is_enough_to_rank_a_consensus(raw):
    values = {json.loads(one)["consensus"] for one in of(raw, "rgz_claran_sources").kept["cells"].to_pylist()}
    single = {struct.unpack(">f", struct.pack(">f", one))[0] for one in values}
    assert len(single) == len(values)
