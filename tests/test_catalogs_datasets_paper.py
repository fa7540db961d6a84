"""The paper's datasets whose files are not public: every door on generated examples, from the files to judged turns."""

import hashlib
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from catalogs.catalog import catalog, file_digest
from catalogs.dataset import Published, dataset, datasets
from catalogs.datasets import caesar_mrcnn, emu_pilot_rgcat, smgps_extcat
from catalogs.formats.caesar import read_detections, read_training
from catalogs.formats.ds9 import read_ds9
from catalogs.formats.yolo import label_path, read_image_list, read_yolo
from catalogs.survey import surveys
from curation.corpus import Corpus, graph
from curation.demo_annotations import CLASS_IDS, write_annotations
from curation.demo_sky import NOISE_MJY_PER_BEAM
from curation.engine.store import Store
from curation.pictures.boxes import box_fits_px, visible_boxes
from curation.pictures.mosaics import find_files, mosaics
from schemas.errors import CatalogError, RecipeError
from schemas.labels import label_scheme

DOORS = ("radioimg_multilabel", "smgps_extcat", "caesar_mrcnn", "emu_pilot_rgcat")
ALL = (*DOORS, "mirabest", "rgz_smorph")
WITH_OBJECTS = ("smgps_extcat", "caesar_mrcnn", "emu_pilot_rgcat")
BRIGHT = 5.0  # times the noise


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    raw = tmp_path_factory.mktemp("paper") / "raw"
    write_annotations(raw)
    return raw


@pytest.fixture
def own(written, tmp_path):
    """A copy of one's own, to spoil."""
    return Path(shutil.copytree(written, tmp_path / "raw"))


def index(raw, name):
    survey = surveys()[dataset(name).survey]
    return mosaics(find_files(raw, survey, {}), survey, raw=raw).kept


def run(raw, store, *names):
    """Every step of a corpus of these datasets, one after the other and each whole: {kind/dataset: Sieved}."""
    made = graph(Corpus(name="paper", title="paper", datasets=names), raw, Store(str(store)))
    by_address, found = {}, {}
    for step in made.steps:
        tables = [by_address[one.step.address].kept for one in step.inputs]
        tables = [
            table.select(one.columns) if one.columns else table
            for one, table in zip(step.inputs, tables, strict=True)
        ]  # fmt: skip
        found[step.name] = by_address[step.address] = step.run(tables)
    return found


@pytest.fixture(scope="module")
def built(written, tmp_path_factory):
    return {name: run(written, tmp_path_factory.mktemp(name), name) for name in ALL}


def as_read(built, kind, name):
    """What the door itself gives, before Galactic classes or detections are added."""
    return built[name].get(f"{kind}_as_read/{name}", built[name][f"{kind}/{name}"])


def present(rows):
    return Counter(one["label"] for row in rows for one in row["labels"] if one["state"] == "present")


# -- what was published ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "counts", [{"n_images": 34}, {"n_objects": 1}, {"n_by_label": {"FR-I": 1}}, {"n_by_split": {"test": 1}},
               {"n_by_survey": {"first": 1}}, {"n_by_class": {"C": 1}}],
)  # fmt: skip
def test_counts_without_a_publication_are_refused_and_no_counts_need_none(counts):
    assert Published() == Published(source="")
    with pytest.raises(RecipeError, match="published counts need their source"):
        Published(**counts)
    assert Published(source="Riggi et al. 2025", **counts).source


def test_a_source_that_says_that_nothing_was_published_has_no_counts():
    said = [one.published for one in datasets().values()]
    assert not [one.source for one in said if re.search(r"no published|not published|demo", one.source)]


def test_the_published_counts_add_up():
    of = {name: dataset(name).published for name in DOORS}
    assert {name: one.n_images for name, one in of.items()} == {
        "radioimg_multilabel": 19_060, "smgps_extcat": 17_062, "caesar_mrcnn": 12_774, "emu_pilot_rgcat": 10_414,
    }  # fmt: skip
    assert sum(of["radioimg_multilabel"].n_by_survey.values()) == 19_060
    assert sum(of["radioimg_multilabel"].n_by_split.values()) == 19_060
    assert sum(of["radioimg_multilabel"].n_by_label.values()) == 30_015
    by_class = of["emu_pilot_rgcat"].n_by_class
    assert sum(n for name, n in by_class.items() if name != "C") == 10_414
    assert sum(by_class.values()) == 211_625
    assert (of["emu_pilot_rgcat"].n_objects, of["caesar_mrcnn"].n_objects) == (185_294, 38_342)


@pytest.mark.parametrize("name", DOORS)
def test_a_door_cites_and_its_labels_survey_and_catalogue_exist(name):
    door = dataset(name)
    assert door.cite
    assert door.published.source
    assert set(door.published.n_by_label) <= label_scheme(door.scheme).labels.keys()
    assert door.survey in surveys()
    assert set(door.classes.values()) <= label_scheme(door.scheme).labels.keys()
    assert set(door.files.values()) == {""}


def test_the_doors_read_the_files_that_their_catalogues_name():
    for door in (smgps_extcat, emu_pilot_rgcat):
        assert catalog(door.CATALOG).file == door.FILE


# -- every door, from its files to judged turns ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_every_turn_of_a_door_is_supported_and_unsuspected(built, name):
    quality = built[name][f"quality/{name}"]
    assert quality.kept.num_rows >= 2 * built[name][f"sources/{name}"].kept.num_rows  # answers are made even
    assert Counter(quality.kept["verdict"].to_pylist()) == {"supported": quality.kept.num_rows}
    flags = {one for some in quality.kept["flags"].to_pylist() for one in some}
    assert flags <= {"answerable-earlier"}  # by the description, which comes first


@pytest.mark.parametrize("name", ALL)
def test_every_picture_of_a_door_gets_its_conversation(built, name):
    n_sources = built[name][f"sources/{name}"].kept.num_rows
    assert n_sources >= 16
    for kind in ("windows", "cutouts", "descriptions"):
        found = built[name][f"{kind}/{name}"]
        assert (found.kept.num_rows, found.reasons) == (n_sources, {}), kind
    conversations, samples = (built[name][f"{kind}/{name}"] for kind in ("conversations", "samples"))
    assert (conversations.reasons, samples.reasons) == ({}, {})
    assert len(set(conversations.kept["cutout_id"].to_pylist())) == n_sources  # each has several, its description one
    assert samples.kept.num_rows == conversations.kept.num_rows
    assert all(conversations.kept["turns"].to_pylist())


@pytest.mark.parametrize("name", ALL)
def test_every_source_says_all_labels_of_its_scheme_each_once(built, name):
    scheme = label_scheme(dataset(name).scheme)
    for row in as_read(built, "sources", name).kept.to_pylist():
        assert [one["label"] for one in row["labels"]] == list(scheme.labels)


EXPECTED = {
    "mirabest": (24, 21, {"duplicate-id": 1, "label-conflict": 1, "no-picture": 1}, 0, 0, {}),
    "rgz_smorph": (24, 16, {"duplicate-id": 1, "no-label": 6, "no-picture": 1}, 0, 0, {}),
    "radioimg_multilabel": (
        41, 36, {"bad-path": 1, "duplicate-id": 1, "no-label": 1, "no-picture": 1, "unknown-label": 1},
        0, 0, {},
    ),
    "smgps_extcat": (
        36, 29, {"duplicate-id": 2, "island-conflict": 1, "no-source": 1, "no-tile": 1, "unknown-label": 1,
                 "unknown-morphology": 1},
        33, 31, {"duplicate-id": 1, "no-tile": 1},
    ),
    "caesar_mrcnn": (
        32, 29, {"duplicate-id": 1, "no-picture": 1, "objects-refused": 1},
        66, 61, {"bad-mask": 1, "duplicate-id": 2, "no-picture": 2},
    ),
    "emu_pilot_rgcat": (
        47, 24, {"compact": 20, "duplicate-id": 1, "no-position": 1, "unknown-class": 1},
        47, 44, {"bad-box": 1, "duplicate-id": 1, "no-position": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_the_planted_faults_are_refused_each_for_its_reason(built, name):
    sources, objects = as_read(built, "sources", name), as_read(built, "objects", name)
    found = (sources.n_in, sources.kept.num_rows, sources.reasons, objects.n_in, objects.kept.num_rows, objects.reasons)
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", WITH_OBJECTS)
def test_an_object_names_a_source_that_is_there_or_none(built, name):
    there = set(built[name][f"sources/{name}"].kept["source_id"].to_pylist())
    assert set(built[name][f"objects/{name}"].kept["source_id"].to_pylist()) <= there | {None}


@pytest.mark.parametrize("name", WITH_OBJECTS)
def test_an_objects_box_lies_on_its_light(built, name):
    """Turned rows, a shifted origin or a wrong frame would put most boxes on noise."""
    objects, n_bright, n_seen = built[name][f"objects/{name}"].kept, 0, 0
    for cutout in built[name][f"cutouts/{name}"].kept.to_pylist():
        size = cutout["width_px"], cutout["height_px"], cutout["png_side_px"]
        image = np.frombuffer(cutout["pixels"], "<f4").reshape(size[1], size[0])
        for one in visible_boxes(objects, cutout):
            if one.reason or one.share_inside < 0.9:
                continue
            x_min, y_min, x_max, y_max = (round(edge) for edge in box_fits_px(one.box_norm, *size))
            n_seen += 1
            n_bright += bool(np.nanmax(image[y_min:y_max, x_min:x_max]) > BRIGHT * NOISE_MJY_PER_BEAM)
    assert n_seen > 25
    assert n_bright / n_seen > 0.97


# -- radioimg-multilabel ----------------------------------------------------------------------------------------------


def test_what_is_not_listed_is_absent_and_aliases_are_understood(built):
    rows = built["radioimg_multilabel"]["sources/radioimg_multilabel"].kept.to_pylist()
    assert {one["state"] for row in rows for one in row["labels"]} == {"present", "absent"}
    originals = {one["original"] for row in rows for one in row["labels"] if one["state"] == "present"}
    assert {"ARTEFACT", "WTF", "MOSAICING", "DIFFUSE LARGE"} <= originals
    assert {"ARTIFACT", "PECULIAR", "MOSAICKING", "DIFFUSE-LARGE", "BORDER", "FILAMENT"} <= present(rows).keys()
    for row in rows:
        states = {one["label"]: one["state"] for one in row["labels"]}
        assert states["RADIO-GALAXY"] != "present" or states["EXTENDED"] == "present"


def test_pictures_keep_their_survey_place_and_published_split(built):
    rows = built["radioimg_multilabel"]["sources/radioimg_multilabel"].kept.to_pylist()
    assert {row["survey"] for row in rows} == {"smgps", "emu_main", "emu_pilot", "emu_pilot_gp"}
    assert all(row["ra_deg"] is not None and row["side_arcsec"] is None for row in rows)
    assert Counter(row["split"] for row in rows) == {"train": 24, "test": 12}
    assert all((row["split"] == "test") == (row["benchmark"] == "b1_extended") for row in rows)
    # the picture of both lists is a test picture
    assert {row["origin_catalog"].rsplit("/", 1)[1] for row in rows if row["source_name"] == "r000"} == {"test.json"}


def test_no_text_names_a_frequency_that_not_all_pictures_have(built):
    texts = built["radioimg_multilabel"]["descriptions/radioimg_multilabel"].kept["text"].to_pylist()
    assert not any("MHz" in text for text in texts)


# -- smgps-extcat -----------------------------------------------------------------------------------------------------


def test_a_cutout_is_half_as_wide_again_as_its_sources_box(built):
    rows = {row["source_id"]: row for row in built["smgps_extcat"]["sources/smgps_extcat"].kept.to_pylist()}
    boxes = built["smgps_extcat"]["objects/smgps_extcat"].kept
    for cutout in built["smgps_extcat"]["cutouts/smgps_extcat"].kept.to_pylist():
        own = [one for one in boxes.to_pylist() if one["source_id"] == cutout["source_id"]]
        (box,) = visible_boxes(own, cutout)
        x_min, y_min, x_max, y_max = box.box_norm
        assert max(x_max - x_min, y_max - y_min) == pytest.approx(1 / 1.5, abs=0.06)
        assert ((x_min + x_max) / 2, (y_min + y_max) / 2) == pytest.approx((0.5, 0.5), abs=0.05)
        assert cutout["mosaic"] == rows[cutout["source_id"]]["image_path"]


@pytest.mark.parametrize(
    ("name", "centre"),
    [
        ("G005.5+0.0IFx", (5.5, 0.0)),
        ("images/smgps/G309.5+000IFx_Mosaic_Mom0.fits", (309.5, 0.0)),
        ("G282.5-0.5IFx", (282.5, -0.5)),
        ("tile 7", None),
    ],
)
def test_tiles_are_matched_by_their_coordinates(name, centre):
    assert smgps_extcat.tile_centre(name) == centre


def test_types_are_known_only_where_somebody_names_one(built):
    rows = as_read(built, "sources", "smgps_extcat").kept.to_pylist()
    for row in rows:
        states = {one["label"]: one["state"] for one in row["labels"] if one["label"] in smgps_extcat.TYPES}
        assert set(states.values()) in ({"unknown"}, {"present", "absent"})
        morphology = {one["label"]: one["state"] for one in row["labels"]}
        assert {morphology["EXTENDED"], morphology["DIFFUSE"]} == {"present", "absent"}
    assert any(set(one["state"] for one in row["labels"] if one["label"] == "HII") == {"unknown"} for row in rows)
    assert {"SNR", "PULSAR", "PN", "HII", "GALAXY", "SINGLE-ISLAND", "MULTI-ISLAND"} <= present(rows).keys()


def test_galactic_catalogues_add_types_and_unclassified_sources_stay_so(built):
    before = as_read(built, "sources", "smgps_extcat").kept.to_pylist()
    after = built["smgps_extcat"]["sources/smgps_extcat"].kept.to_pylist()
    for label in ("HII", "SNR", "PULSAR", "PN"):
        assert present(after)[label] > present(before)[label], label
    assert present(after)["GALAXY"] == present(before)["GALAXY"]


def test_a_source_that_only_the_catalogue_has_says_nothing_of_islands(own):
    (own / "annotations/smgps_extcat/list.json").unlink()
    found = smgps_extcat.read_sources(own, index(own, "smgps_extcat"))
    assert found.kept.num_rows == 30
    for row in found.kept.to_pylist():
        assert {one["state"] for one in row["labels"] if "ISLAND" in one["label"]} == {"unknown"}


def test_catalogue_and_list_that_contradict_each_other_leave_the_morphology_unknown(own):
    path = own / "annotations/smgps_extcat/list.json"
    text = json.loads(path.read_text())
    entry = next(one for one in text["data"] if one["smorph"] == ["DIFFUSE"])
    entry["smorph"] = ["EXTENDED"]
    path.write_text(json.dumps(text))
    name = Path(entry["filename"]).stem
    rows = smgps_extcat.read_sources(own, index(own, "smgps_extcat")).kept.to_pylist()
    (row,) = (one for one in rows if one["source_name"] == name)
    labels = {one["label"]: one for one in row["labels"]}
    assert (labels["EXTENDED"]["state"], labels["DIFFUSE"]["state"]) == ("unknown", "unknown")
    assert "absent in catalogs/smgps_extended_sources.fits, present in annotations" in labels["EXTENDED"]["original"]


def test_pixels_that_are_counted_from_1_stop_the_reader(own):
    table = Table.read(own / smgps_extcat.FILE)
    for name in ("x", "y", "bbox_x", "bbox_y"):
        table[name] += 1
    table.write(own / smgps_extcat.FILE, overwrite=True)
    with pytest.raises(CatalogError, match=r"x, y lie \+1\.00, \+1\.00 px .* Set FIRST_PIXEL"):
        smgps_extcat.read_sources(own, index(own, "smgps_extcat"))


# -- caesar-mrcnn -----------------------------------------------------------------------------------------------------


def test_objects_stay_in_the_pixels_of_pictures_without_a_place(built):
    rows = built["caesar_mrcnn"]["objects/caesar_mrcnn"].kept.to_pylist()
    assert all(row["sky_polygon_deg"] is None and row["image_path"].startswith("images/caesar_mrcnn/") for row in rows)
    assert present(rows).keys() == {"COMPACT", "EXTENDED", "EXTENDED-MULTISLAND", "SPURIOUS", "FLAGGED"}
    originals = {one["original"] for row in rows for one in row["labels"]}
    assert originals >= {"compact", "extended", "galaxy", "artefact"} or originals >= {
        "compact",
        "extended",
        "sidelobe",
    }


def test_an_object_of_an_unknown_class_is_there_but_denies_nothing(built):
    found = built["caesar_mrcnn"]
    (strange,) = (
        row for row in found["objects/caesar_mrcnn"].kept.to_pylist() if not present([row])
    )  # fmt: skip
    assert {one["original"] for one in strange["labels"]} == {"galaxy"}
    source = next(
        row
        for row in found["sources/caesar_mrcnn"].kept.to_pylist()
        if row["source_id"] == strange["source_id"]
    )  # fmt: skip
    assert {one["state"] for one in source["labels"]} == {"present", "unknown"}


def test_a_picture_with_a_refused_object_is_refused_and_one_without_objects_kept(built):
    found = built["caesar_mrcnn"]["sources/caesar_mrcnn"]
    reasons = dict(zip(found.rejected["row_id"].to_pylist(), found.rejected["reason"].to_pylist(), strict=True))
    assert reasons == {
        "annotations/caesar_mrcnn/mask_c004.json": "objects-refused",
        "annotations/caesar_mrcnn/mask_c900.json": "no-picture",
        "annotations/caesar_mrcnn/mask_d001.json": "duplicate-id",
    }
    empty = [row for row in found.kept.to_pylist() if {one["state"] for one in row["labels"]} == {"absent"}]
    assert len(empty) == 3


def test_the_same_objects_in_yolo_text_have_the_same_boxes_and_classes(written):
    scheme, folder = label_scheme("caesar_mrcnn"), written / "annotations/caesar_mrcnn_yolo"
    names, refused = read_image_list(folder / "images.txt")
    assert (len(names), refused) == (8, [])
    n_empty = 0
    for name in names:
        stem = Path(name).stem
        if stem == "c004":  # its mask is spoilt
            continue
        trained = read_training(written / f"annotations/caesar_mrcnn/mask_{stem}.json", scheme)
        found = read_yolo(folder / label_path(name), CLASS_IDS, trained.width_px, trained.height_px)
        assert len(found.outlines) == trained.n_in
        n_empty += not found.outlines
        for one, other in zip(found.outlines, trained.objects, strict=True):
            assert one.label == other.label
            # a rectangle without its mask is a little wider
            assert one.box_fits_px == pytest.approx(other.outline.box_fits_px, abs=0.01 if other.from_mask else 4)
    assert n_empty == 1


def test_detections_as_json_and_as_regions_agree(written):
    folder = written / "annotations/caesar_mrcnn_detections"
    found = read_detections(folder / "out_c000.json", label_scheme("caesar_mrcnn"))
    regions = read_ds9(folder / "out_c000.reg").regions
    assert len(found.objects) == len(regions) == 2
    for one, region in zip(found.objects, regions, strict=True):
        assert one.outline.image_polygon_px == pytest.approx(region.image_polygon_px, abs=1e-3)
        assert (one.label, one.name) == (region.tags[0], region.text)


def test_a_picture_of_another_size_is_refused(own):
    path = own / "annotations/caesar_mrcnn/mask_c003.json"
    path.write_text(path.read_text().replace('"nx": 96', '"nx": 95'))
    found = caesar_mrcnn.read_sources(own, index(own, "caesar_mrcnn"))
    assert found.reasons["size-conflict"] == 1


def test_without_annotations_the_door_says_so(own):
    for path in (own / caesar_mrcnn.FOLDER).glob("*.json"):
        path.unlink()
    with pytest.raises(CatalogError, match=r"no \*\.json; the annotations of caesar_mrcnn are not public"):
        caesar_mrcnn.read_sources(own, index(own, "caesar_mrcnn"))


def test_the_public_samples_are_pictures_without_a_place_and_without_annotations(raw):
    found = index(raw, "caesar_mrcnn").to_pylist()
    assert [Path(one["mosaic"]).name for one in found] == ["galaxy0002.fits", "sidelobe0001.fits"]
    assert all(one["header"] is None and one["to_mjy_per_beam"] == 1000 for one in found)
    with pytest.raises(CatalogError, match="not public"):
        caesar_mrcnn.read_objects(raw, index(raw, "caesar_mrcnn"))


# -- emu-pilot-rgcat --------------------------------------------------------------------------------------------------


def test_pictures_are_about_the_galaxies_that_are_not_compact(built):
    rows = built["emu_pilot_rgcat"]["sources/emu_pilot_rgcat"].kept.to_pylist()
    assert present(rows).keys() == {"FR-I", "FR-II", "FR-X", "R", "PEC"}
    assert {one["tier"] for row in rows for one in row["labels"]} == {"model"}
    assert {row["side_arcsec"] for row in rows} == {540.0}


def test_detections_lie_on_the_sky_of_their_mosaic_with_a_score(written):
    found = dataset("emu_pilot_rgcat").read_detections(written, index(written, "emu_pilot_rgcat"))
    rows = found.kept.to_pylist()
    assert (found.reasons, len({row["object_id"] for row in rows})) == ({}, len(rows))
    assert all(0.7 <= row["score"] <= 1 for row in rows)
    assert {one["scheme"] for row in rows for one in row["labels"]} == {"caesar_mrcnn"}
    assert {"COMPACT", "EXTENDED", "SPURIOUS"} <= present(rows).keys()
    objects = emu_pilot_rgcat.read_objects(written, index(written, "emu_pilot_rgcat")).kept.to_pylist()
    places = {(round(row["ra_deg"], 3), round(row["dec_deg"], 3)) for row in objects}
    shared = [row for row in rows if (round(row["ra_deg"], 3), round(row["dec_deg"], 3)) in places]
    assert 0.4 < len(shared) / len(rows) < 0.95  # some only here, some only there


def test_detections_of_no_known_mosaic_are_refused(own):
    folder = own / "annotations/emu_pilot_rgcat"
    path = sorted(folder.glob("catalog_*.json"))[0]
    text = json.loads(path.read_text())
    (folder / "catalog_other.json").write_text(json.dumps({**text, "image_id": "other.fits"}))
    found = emu_pilot_rgcat.read_detections(own, index(own, "emu_pilot_rgcat"))
    assert found.reasons == {"no-picture": len(text["sources"])}


# -- FIRST, where generated files stand in for pinned ones ------------------------------------------------------------


def test_a_generated_file_is_taken_for_a_pinned_one_only_where_the_folder_says_so(own):
    for name in ("mirabest", "rgz_smorph"):
        assert dataset(name).file_digests(own)
    for name in smgps_extcat.CLASSES:
        assert file_digest(catalog(name), own)
    text = own / "catalogs/first_mirabest_labels.csv"
    text.write_text(text.read_text() + "\n")
    with pytest.raises(CatalogError, match="expected ae14428b"):
        dataset("mirabest").file_digests(own)
    (own / "_generated.json").unlink()
    with pytest.raises(CatalogError, match="expected 33ec4dc1"):
        file_digest(catalog("wise_hii"), own)


# -- the files themselves ---------------------------------------------------------------------------------------------


def digest(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_examples_are_small_repeat_their_bytes_and_say_what_they_are(written, own):
    for path in (path for path in own.rglob("*") if path.is_file()):
        path.write_bytes(b"what is there")
    write_annotations(own)
    assert digest(own) == digest(written)
    assert sum(path.stat().st_size for path in written.rglob("*") if path.is_file()) < 10_000_000
    for path in (written / "images").rglob("*.fits"):
        header = fits.getheader(path)
        assert header["OBJECT"] == "synthetic sky"
        assert "nobody's measurement" in str(header["COMMENT"])


def test_a_name_with_a_star_stands_for_the_content_of_all_files(own):
    door = dataset("caesar_mrcnn")
    before = door.file_digests(own)
    assert door.file_digests(own) == before
    (own / caesar_mrcnn.FOLDER / "mask_new.json").write_text("{}")
    after = door.file_digests(own)
    assert [name for name in before if before[name] != after[name]] == [f"{caesar_mrcnn.FOLDER}/*.json"]
