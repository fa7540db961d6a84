"""A hand-over in other software's forms: read back by that software, whole, and the same bytes each time."""

import hashlib
import json
import re
import struct
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import webdataset
from astropy.io import fits
from astropy.wcs import WCS

from curation.release.certificate import FILE_OF, PROVENANCE
from curation.release.forms import FORMS, key_of, write_form
from curation.release.handover_rows import Row, Split
from schemas.errors import RecipeError, StoreError
from schemas.llava import LlavaRecord
from schemas.whole import published
from tests.making_handover import png

NAMES = {"train": ("J1234.5-67", "J1234.6-67", "J1234.5-67.a", "plain"), "validation": ("v.1",), "test": ()}
PLACES = {
    "J1234.5-67": (0.0, 89.9),
    "J1234.6-67": (359.999, -0.001),
    "J1234.5-67.a": (0.001, 0.001),
    "v.1": (10.0, 10.0),
}
"""Of those that are somewhere: `plain` is not."""
CUT = ("x_min_px", "x_max_px", "y_min_px", "y_max_px")


@pytest.fixture(scope="module")
def handover(tmp_path_factory) -> Path:
    """A hand-over of five records, with dots in their names and no test record."""
    out = tmp_path_factory.mktemp("forms") / "handover"
    with published(out, {"corpus": "small", "address": "llava/small/0123456789ab"}) as folder:
        for split, names in NAMES.items():
            lines = [json.dumps(record(folder, number, name)) for number, name in enumerate(names)]
            text = "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"
            (folder / FILE_OF[split]).write_text(text)
        rows = [provenance(split, name) for split, names in NAMES.items() for name in names]
        pq.write_table(pa.Table.from_pylist(rows), folder / PROVENANCE)
    return out


def provenance(split: str, name: str) -> dict[str, object]:
    ra_deg, dec_deg = PLACES.get(name, (None, None))
    return {
        "sample_id": name, "split": split, "ra_deg": ra_deg, "dec_deg": dec_deg, "pixel_x_arcsec": 2.0,
        "pixel_y_arcsec": 3.0, "up_pa_deg": 0.0, "left_pa_deg": 90.0, "x_min_px": 5, "x_max_px": 69,
        "y_min_px": 7, "y_max_px": 55,
    }  # fmt: skip


def record(folder: Path, number: int, name: str) -> dict[str, object]:
    body = png(number, (24, 32))
    sha256 = hashlib.sha256(body).hexdigest()
    path = folder / "images" / sha256[:2] / f"{sha256}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    said = [("human", f"<image>\nWhat is {name}?"), ("gpt", "A source."), ("human", "Sure?"), ("gpt", "Yes")]
    return {
        "id": name,
        "image": path.relative_to(folder).as_posix(),
        "conversations": [{"from": who, "value": value} for who, value in said],
    }


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def loaded(folder: Path, tmp_path: Path) -> datasets.DatasetDict:
    return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_the_same_bytes_each_time(handover, tmp_path, form):
    one = write_form(handover, form, tmp_path / "one")
    write_form(handover, form, tmp_path / "elsewhere" / "two")
    assert files(tmp_path / "one") == files(tmp_path / "elsewhere" / "two")
    wanted = {split: [name for name in names if form != "hats" or name in PLACES] for split, names in NAMES.items()}
    assert one["counts"] == {split: len(names) for split, names in wanted.items()}


def test_parquet_is_loaded_with_its_pictures(handover, tmp_path):
    write_form(handover, "hf-parquet", tmp_path / "out")
    found = loaded(tmp_path / "out", tmp_path)
    assert {split: tuple(one["id"]) for split, one in found.items()} == {s: n for s, n in NAMES.items() if n}
    for row, wanted in zip(found["train"], Split(handover, "train").rows(), strict=True):
        assert row["messages"] == wanted.messages
        assert [picture.size for picture in row["images"]] == [(32, 24)]
        assert "<image>" not in json.dumps(row["messages"])


def test_messages_are_loaded_by_datasets_and_taken_by_trl(handover, tmp_path):
    import schemas.torchvision_cpu  # noqa: F401  before transformers

    # isort: split
    from trl.data_utils import prepare_multimodal_messages

    write_form(handover, "messages", tmp_path / "out")
    found = loaded(tmp_path / "out", tmp_path)
    assert tuple(found["train"]["id"]) == NAMES["train"]
    row = found["train"][0]
    assert (tmp_path / "out" / row["images"][0]).is_file()
    taken = prepare_multimodal_messages(row["messages"], images=row["images"])
    assert [part["type"] for part in taken[0]["content"]] == ["image", "text"]
    assert sum(part["type"] == "image" for one in taken for part in one["content"]) == 1


def test_a_dot_in_a_name_merges_no_samples_of_webdataset(handover, tmp_path):
    write_form(handover, "webdataset", tmp_path / "out", shard_mb=1)
    shards = sorted(str(path) for path in (tmp_path / "out").glob("train-*.tar"))
    found = list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode("pil"))
    assert tuple(one["json"]["id"] for one in found) == NAMES["train"]
    assert len({one["__key__"] for one in found}) == len(found)
    for one, wanted in zip(found, Split(handover, "train").rows(), strict=True):
        assert one["json"]["messages"] == wanted.messages
        assert one["png"].size == (32, 24)
        assert one["__key__"] == key_of(wanted)


def test_keys_hold_no_dot_and_differ_where_names_do_not(handover):
    rows = list(Split(handover, "train").rows())
    assert not [row for row in rows if "." in key_of(row) or "/" in key_of(row)]
    assert len({key_of(row) for row in rows}) == len(rows)


def test_a_shard_of_mds_says_where_each_sample_begins(handover, tmp_path, monkeypatch):
    monkeypatch.setattr("curation.release.forms.MB", 1_000)
    write_form(handover, "mds", tmp_path / "out", shard_mb=1)
    index = json.loads((tmp_path / "out" / "train" / "index.json").read_text())
    rows = Split(handover, "train").rows()
    assert len(index["shards"]) > 1 and not (tmp_path / "out" / "test").exists()
    for shard in index["shards"]:
        body = (tmp_path / "out" / "train" / shard["raw_data"]["basename"]).read_bytes()
        n = int.from_bytes(body[:4], "little")
        begins = struct.unpack_from(f"<{n + 1}I", body, 4)
        config = json.loads(body[4 * (n + 2) : begins[0]])
        assert (n, len(body), begins[-1]) == (shard["samples"], shard["raw_data"]["bytes"], len(body))
        assert config["column_names"] == shard["column_names"] == ["id", "image", "messages"]
        for start in begins[:-1]:
            sizes, at, parts = struct.unpack_from("<3I", body, start), start + 12, []
            for size in sizes:
                parts.append(body[at : at + size])
                at += size
            wanted = next(rows)
            assert parts[:2] == [wanted.record.id.encode(), wanted.png] and json.loads(parts[2]) == wanted.messages
    assert next(rows, None) is None


def test_tiles_of_the_sky_hold_each_placed_sample_once_where_it_is(handover, tmp_path):
    write_form(handover, "hats", tmp_path / "out", shard_mb=1)
    out = tmp_path / "out" / "train"
    listed = {tuple(map(int, line.split(","))) for line in (out / "partition_info.csv").read_text().split()[1:]}
    tiles = {tuple(map(int, re.findall(r"=(\d+)", path.as_posix())))[-3:]: path for path in out.rglob("Npix=*.parquet")}
    assert {(order, pixel) for order, _, pixel in tiles} == listed and len(listed) == 2
    found = {}
    for (order, folder, pixel), path in tiles.items():
        rows = pq.read_table(path).to_pylist()
        assert rows == sorted(rows, key=lambda row: row["_healpix_29"]) and folder == pixel // 10_000 * 10_000
        assert {row["_healpix_29"] >> 2 * (29 - order) for row in rows} == {pixel}
        found |= {row["id"]: row for row in rows}
    assert {name: (row["ra"], row["dec"]) for name, row in found.items()} == {
        name: place for name, place in PLACES.items() if name in NAMES["train"]
    }
    for wanted in Split(handover, "train").rows():
        if (row := found.get(wanted.record.id)) is not None:
            assert row["messages"] == wanted.messages and row["image"]["bytes"] == wanted.png
    assert pq.read_metadata(out / "dataset" / "_metadata").num_rows == len(found)
    assert f"hats_nrows={len(found)}" in (out / "hats.properties").read_text().split()
    assert "not here" in (tmp_path / "out" / "README.md").read_text()
    assert loaded(tmp_path / "out", tmp_path)["train"].num_rows == len(found)


def test_a_tile_is_divided_until_its_pictures_fit(handover, tmp_path, monkeypatch):
    monkeypatch.setattr("curation.release.forms.MB", 1)
    write_form(handover, "hats", tmp_path / "out", shard_mb=1)
    tiles = [pq.read_metadata(path).num_rows for path in (tmp_path / "out" / "train").rglob("Npix=*.parquet")]
    assert tiles == [1, 1, 1]


def test_the_wcs_of_a_picture_is_that_of_its_mosaic(demo_build):
    table = pq.read_table(demo_build.handover / PROVENANCE, columns=["sample_id", "mosaic", *CUT])
    of = {row["sample_id"]: row for row in table.to_pylist()}
    split = Split(demo_build.handover, "train")
    sky, seen = split.sky(), set()
    for _, record in split.places():
        cut = of[record.id]
        if cut["mosaic"] in seen:
            continue
        seen.add(cut["mosaic"])
        width, height = Row(0, record, split.png(record)).size_px
        header = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", **sky[record.id].wcs((width, height))}
        x, y = np.asarray([[0, 0], [width - 1, 0], [0, height - 1], [width // 3, height // 2]]).T
        mosaic = WCS(fits.getheader(demo_build.out / "raw" / cut["mosaic"])).celestial
        there = mosaic.pixel_to_world(
            cut["x_min_px"] + (x + 0.5) * (cut["x_max_px"] - cut["x_min_px"]) / width - 0.5,
            cut["y_max_px"] - (y + 0.5) * (cut["y_max_px"] - cut["y_min_px"]) / height - 0.5,
        )
        apart = WCS(fits.Header(header)).pixel_to_world(x, y).icrs.separation(there.icrs).arcsec
        assert max(apart) < 0.01 * sky[record.id].pixel_x_arcsec
    assert len(seen) == 3


@pytest.mark.parametrize("form", ["hf-parquet", "webdataset"])
def test_shards_are_cut_between_records_and_lose_none(handover, tmp_path, form, monkeypatch):
    monkeypatch.setattr("curation.release.forms.MB", 1_000)
    write_form(handover, form, tmp_path / "out", shard_mb=1)
    found = loaded(tmp_path / "out", tmp_path)
    assert found["train"].num_rows == len(NAMES["train"])
    assert len([name for name in files(tmp_path / "out") if Path(name).name.startswith("train-")]) > 1


def test_what_is_no_hand_over_or_in_the_way_is_one_line(handover, tmp_path):
    with pytest.raises(RecipeError, match="no hand-over; expected a folder such as"):
        write_form(tmp_path, "messages", tmp_path / "out")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").write_text("")
    with pytest.raises(StoreError, match="there is something already"):
        write_form(handover, "messages", tmp_path / "there")


def test_a_picture_of_another_digest_leaves_nothing(tmp_path):
    with published(tmp_path / "in", {"corpus": "small", "address": "a"}) as folder:
        one = record(folder, 0, "one")
        (folder / str(one["image"])).write_bytes(png(9, (24, 32)))
        for split, name in FILE_OF.items():
            (folder / name).write_text(f"[\n{json.dumps(one)}\n]\n" if split == "train" else "[]\n")
    with pytest.raises(StoreError, match="its bytes are not those that its name says"):
        write_form(tmp_path / "in", "messages", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_records_are_read_as_they_were_written(handover):
    assert [row.record.id for row in Split(handover, "train").rows()] == list(NAMES["train"])
    assert all(isinstance(row.record, LlavaRecord) for row in Split(handover, "validation").rows())
