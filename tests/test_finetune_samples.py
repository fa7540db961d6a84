"""Records from a hand-over, a SAMPLES table or a LLaVA file."""

import hashlib
import json
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finetune.data.json_records import json_records
from finetune.data.samples import open_handover
from schemas.errors import CatalogError, RecipeError, StoreError
from schemas.manifest import Manifest, Part
from tests.making_handover import draft_of


@pytest.fixture
def index_dir(tmp_path):
    return tmp_path / "index"


def opened(folder, index_dir, tags=("all",), **options):
    return open_handover(folder, tags=tags, index_dir=index_dir, **options)


def said(samples):
    return [(one.sample_id, one.messages, [picture.read() for picture in one.pictures]) for one in samples]


def write_table(folder, n_records=5):
    """The same records as a hand-over's, as a SAMPLES table of two parts."""
    draft = draft_of(n_records)
    records = {one["id"]: one for one in draft.records}
    rows = [
        {
            **{name: row[name] for name in ("sample_id", "split", "benchmark", "image", "png_sha256")},
            **{name: row[name] for name in ("ra_deg", "dec_deg", "radius_arcsec")},
            "conversations": records.get(row["sample_id"], draft.records[0])["conversations"],
            "png": draft.pictures[row["image"]],
        }
        for row in draft.provenance
    ]
    folder.mkdir(parents=True)
    parts = []
    for number, part in enumerate((rows[:3], rows[3:])):
        path = folder / f"part-{number:05}.parquet"
        pq.write_table(pa.Table.from_pylist(part), path)
        parts.append(Part(name=path.name, n_rows=len(part), sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    manifest = Manifest(
        address="samples/demo/0", table="SAMPLES", recipe={}, inputs=[], counts="rows", n_in=len(rows),
        n_kept=len(rows), n_rejected=0, reasons={}, parts=parts, rejected=[], versions={}, commit="", made_at="",
        made_by="",
    )  # fmt: skip
    (folder / "_manifest.json").write_bytes(manifest.written())
    return folder


def test_a_handover_gives_its_training_records_by_number(made_handover, tmp_path, index_dir):
    samples = opened(made_handover(tmp_path / "data", 7), index_dir)
    assert len(samples) == 7
    assert [one.sample_id for one in samples] == samples.ids
    assert samples[4].messages[0].text == "<image>\nDescribe the image."
    assert samples[4].messages[0].role == "user"
    assert hashlib.sha256(samples[4].pictures[0].read()).hexdigest() in samples[4].pictures[0].where


def test_a_table_with_pictures_inside_gives_the_same_records(made_handover, tmp_path, index_dir):
    folder = opened(made_handover(tmp_path / "data", 5), index_dir)
    table = opened(write_table(tmp_path / "samples"), index_dir)
    assert said(folder) == said(table)
    assert folder.digest != table.digest


def test_test_records_of_a_table_are_not_read(tmp_path, index_dir):
    assert len(opened(write_table(tmp_path / "samples", 5), index_dir)) == 5


def test_an_indented_array_and_lines_give_the_same_records(made_handover, tmp_path, index_dir):
    root = made_handover(tmp_path / "data", 6)
    records = [json.loads(line) for line in (root / "llava.jsonl").read_text().splitlines()]
    (tmp_path / "paper.json").write_text(json.dumps(records, indent=2), encoding="utf-8")
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    both = [opened(tmp_path / name, index_dir, image_root=root) for name in ("paper.json", "lines.jsonl")]
    assert said(both[0]) == said(both[1]) == said(opened(root, index_dir))


def test_several_pictures_and_none_are_taken(tmp_path, index_dir):
    talk = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
    records = [
        {"id": 1, "image": ["a.png", "b.png"], "conversations": talk},
        {"id": "2", "conversations": talk},
    ]
    (tmp_path / "all.json").write_text(json.dumps(records), encoding="utf-8")
    samples = opened(tmp_path, index_dir)
    assert [[picture.where for picture in one.pictures] for one in samples] == [
        [str(tmp_path / "a.png"), str(tmp_path / "b.png")], []
    ]  # fmt: skip
    assert samples.ids == ["1", "2"]


def test_a_large_file_is_read_a_piece_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("finetune.data.json_records.CHUNK", 7)
    records = [{"id": str(number), "text": 'a "quoted" [text], {with} all\u2028 of é'} for number in range(50)]
    for text in (json.dumps(records), json.dumps(records, indent=2), "\n".join(map(json.dumps, records)) + "\n", "[]"):
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        assert list(json_records(tmp_path / "x.json")) == (records if len(text) > 2 else [])


@pytest.mark.parametrize("text", ['[{"id": 1}, {"id', '[{"id": 1}, {"id": 2}', '{"id": 1}\n{"id": 2', "[{'id': 1}]"])
def test_a_file_that_was_cut_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"x\.json: not a JSON array and not JSON lines, or cut"):
        list(json_records(tmp_path / "x.json"))


@pytest.mark.parametrize(
    "record",
    [
        {"id": "a", "conversations": [{"from": "tool", "value": "x"}]},
        {"id": "a"},
        {"id": "a", "conversations": [{"from": "human"}]},
        ["a"],
    ],
)
def test_a_record_of_another_shape_is_named(tmp_path, index_dir, record):
    (tmp_path / "all.json").write_text(json.dumps([{"id": "b", "conversations": []}, record]), encoding="utf-8")
    with pytest.raises(CatalogError, match=r"all\.json, record 1"):
        opened(tmp_path, index_dir)
    assert not list(index_dir.glob("*.arrow"))


def record(answer="A galaxy.", question="<image>\nWhat is it?", **others):
    said = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
    return {"id": "r9", "conversations": said} | (others or {"image": "p.png"})


@pytest.mark.parametrize("pictures", [{"images": ["p.png"]}, {"images": "p.png"}, {"image": ["p.png"], "images": None}])
def test_pictures_are_read_from_image_and_from_images(tmp_path, index_dir, pictures):
    file = tmp_path / "own.json"
    file.write_text(json.dumps([record(**pictures)]))
    (one,) = opened(file, index_dir)
    assert [picture.where for picture in one.pictures] == [str(tmp_path / "p.png")]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (record(None), "message 1: value is null, expected text"),
        (record(5), "message 1: value is int 5, expected text"),
        (record(0.5), "message 1: value is float 0.5, expected text"),
        (record(True), "message 1: value is bool True, expected text"),
        (record(["A galaxy."]), "message 1: value is list"),
        (record(question=None), "message 0: value is null, expected text"),
        (record(question="What?", image_path="p.png"), "image_path: pictures are read from image or images"),
        (record(question="What?", pictures=["p.png"]), "pictures: pictures are read from image or images"),
        (record(question="What?", video="v.mp4"), "video: pictures are read from image or images"),
        (record(question="What?", where=["a/p.PNG"]), "where: pictures are read from image or images"),
        (record(image="a.png", images=["b.png"]), "image and images name different pictures"),
        (record(image=7), "image is int 7, expected a path or a list of paths"),
        (record(images=[None]), "images, picture 0: is null, expected a path"),
        (record(image={"bytes": "x"}), "image is dict"),
        ({**record(), "id": None}, "id is null, expected text"),
        ({**record(), "conversations": "text"}, "conversations is str 'text', expected a list of messages"),
        ({**record(), "conversations": []}, "conversations is list [], expected a list of messages"),
        (
            {"id": "r9", "chat": []},
            "conversations is null, expected a list of messages with from and value (or messages); its keys",
        ),
        ({**record(), "conversations": [None]}, "message 0: is null, expected from and value"),
        (
            {**record(), "conversations": [{"from": 3, "value": "x"}]},
            "'from' is int 3; known: human, gpt, system",
        ),
    ],
)
@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_a_record_that_is_none_is_refused_with_its_row_its_id_and_the_reason(tmp_path, index_dir, bad, told, ending):
    file, all_of_them = tmp_path / f"own.{ending}", [record(f"It is {n}.") | {"id": f"r{n}"} for n in range(2)] + [bad]
    lines = "\n".join(json.dumps(one) for one in all_of_them)
    file.write_text(lines if ending == "jsonl" else json.dumps(all_of_them))
    with pytest.raises(CatalogError) as error:
        opened(file, index_dir)
    assert f"{file}, record 2" in str(error.value) and told in str(error.value)


def test_all_wrong_records_are_told_together(tmp_path, index_dir):
    file = tmp_path / "own.json"
    file.write_text(json.dumps([record(None), record(), record(3), "text"]))
    with pytest.raises(CatalogError) as error:
        opened(file, index_dir)
    assert [line.split(": ")[0].rsplit(", ", 1)[1] for line in str(error.value).splitlines()] == [
        "record 0 (r9)", "record 2 (r9)", "record 3",
    ]  # fmt: skip


def test_every_wrong_file_is_told_before_anything_is_read(made_handover, tmp_path, index_dir):
    root = made_handover(tmp_path / "data")
    pictures = sorted((root / "images").rglob("*.png"))
    pictures[0].unlink()
    pictures[1].write_bytes(b"something else")
    (root / "extra.txt").write_text("x")
    with pytest.raises(StoreError) as error:
        opened(root, index_dir)
    assert pictures[0].name in str(error.value)
    assert pictures[1].name in str(error.value)
    assert "extra.txt" in str(error.value)


def test_a_part_of_a_table_that_was_changed_is_told(tmp_path, index_dir):
    root = write_table(tmp_path / "samples")
    path = root / "part-00001.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(StoreError, match="part-00001"):
        opened(root, index_dir)


def test_each_tag_may_have_a_folder_of_its_own(made_handover, tmp_path, index_dir):
    made_handover(tmp_path / "data/qa", 4)
    made_handover(tmp_path / "data/captions", 3)
    samples = opened(tmp_path / "data", index_dir, ["qa", "captions"])
    assert samples.sources == ["qa"] * 4 + ["captions"] * 3
    apart = {"qa": tmp_path / "data/qa", "captions": tmp_path / "data/captions"}
    assert said(opened(apart, index_dir, ["qa", "captions"])) == said(samples)


def test_tags_may_be_datasets_of_one_handover(made_handover, tmp_path, index_dir):
    samples = opened(made_handover(tmp_path / "data", 6), index_dir, ["other", "demo"])
    assert samples.sources == ["other"] * 2 + ["demo"] * 4


def test_a_tag_that_nothing_has_is_answered_with_what_there_is(made_handover, tmp_path, index_dir):
    with pytest.raises(RecipeError, match=r"knows nothing of captions \(.*demo, other, template\)"):
        opened(made_handover(tmp_path / "data"), index_dir, ["demo", "captions"])


def test_a_folder_without_data_is_a_users_mistake(tmp_path, index_dir):
    with pytest.raises(RecipeError, match="expected a hand-over"):
        opened(tmp_path, index_dir)


def test_the_digest_is_of_the_data_and_not_of_the_place(made_handover, tmp_path, index_dir):
    one, moved = (opened(made_handover(tmp_path / name), index_dir) for name in ("a", "b"))
    other = opened(made_handover(tmp_path / "c", 5), index_dir)
    assert one.digest == moved.digest != other.digest
    assert moved[0].pictures[0].where.startswith(str(tmp_path / "b"))


def test_a_worker_opens_the_same_file_again(made_handover, tmp_path, index_dir):
    samples = opened(made_handover(tmp_path / "data"), index_dir)
    size = len(pickle.dumps(samples))
    assert len(samples) == 12  # what was read is not sent along
    assert len(pickle.dumps(samples)) == size
    assert said(pickle.loads(pickle.dumps(samples))) == said(samples)


def test_records_lie_in_a_mapped_file_and_not_in_memory(tmp_path, index_dir):
    talk = [{"from": "human", "value": "x" * 20_000}, {"from": "gpt", "value": "y" * 20_000}]
    with (tmp_path / "all.jsonl").open("w") as file:
        file.writelines(json.dumps({"id": str(number), "conversations": talk}) + "\n" for number in range(2000))
    before = pa.total_allocated_bytes()
    samples = opened(tmp_path, index_dir)
    assert samples[1234].messages[1].text == "y" * 20_000
    assert samples.index.stat().st_size > 80_000_000
    assert pa.total_allocated_bytes() - before < 1_000_000
