"""The command `claims`: annotations of every form, texts of every form, spans and verdicts; no traceback."""

import json

import pytest
from click.testing import CliRunner

from curation import claims as command
from curation.cli import curation
from curation.pictures.boxes import DIALECTS
from curation.verification.annotation_files import Reading, read_annotations
from schemas.errors import CorpusError
from schemas.labels import Truth

OURS = {
    "scheme": "caesar_mrcnn",
    "objects": [
        {"label": "COMPACT", "box": [0.1, 0.1, 0.16, 0.16]},
        {"label": "EXTENDED", "box": [0.6, 0.2, 0.8, 0.4]},
    ],
}


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def run(tmp_path, objects, text, *more, name="objects.json", text_name="text.txt"):
    known, said = written(tmp_path, name, objects), written(tmp_path, text_name, text)
    return CliRunner().invoke(curation, ["claims", "--objects", str(known), "--text", str(said), *more])


def verdicts(tmp_path, objects, text, *more, **names):
    found = run(tmp_path, objects, text, "--json", *more, **names)
    assert found.exit_code == 0, found.output
    return [one["verdict"] for one in json.loads(found.output)["turns"]]


def test_each_claim_is_shown_with_its_span_and_what_it_was_compared_with(tmp_path):
    answer = "There are two compact sources, and an extended source in the upper right."
    found = run(tmp_path, OURS, answer, "--json")
    (turn,) = json.loads(found.output)["turns"]
    assert (turn["verdict"], turn["refused"]) == ("contradicted", "contradicted")
    wrong = next(one for one in turn["claims"] if one["verdict"] == "contradicted")
    assert (wrong["kind"], wrong["subject"], wrong["count"], wrong["compared"]) == (
        "count",
        "COMPACT",
        2,
        "1 are known",
    )
    assert wrong["text"] == answer[wrong["start"] : wrong["end"]] == "two compact sources"
    place = next(one for one in turn["claims"] if one["kind"] == "position")
    assert (place["other"], place["verdict"]) == ("upper right", "supported")


def test_the_same_in_lines_for_people(tmp_path):
    found = run(tmp_path, OURS, "No compact sources are seen.", "--question", "What is seen?")
    assert found.exit_code == 0
    assert "Q: What is seen?" in found.output
    assert "contradicted  presence COMPACT absent" in found.output


def test_turns_and_llava_records_are_read(tmp_path):
    turns = [
        {"question": "How many compact sources are there?", "answer": "One."},
        {"id": "a", "image": "a.png", "conversations": [
            {"from": "human", "value": "<image>\nWhere is the largest source?"},
            {"from": "gpt", "value": "Lower left."},
        ]},
        {"turns": [{"question": "Is the image free of artefacts?", "answer": "Yes."}]},
    ]  # fmt: skip
    assert verdicts(tmp_path, OURS, turns, text_name="t.json") == ["supported", "contradicted", "supported"]


COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 200, "height": 100},
               {"id": 2, "file_name": "b.png", "width": 200, "height": 100}],
    "categories": [{"id": 1, "name": "compact"}, {"id": 2, "name": "extended"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [20, 10, 20, 10], "area": 200, "iscrowd": 0},
                    {"id": 2, "image_id": 2, "category_id": 2, "bbox": [20, 10, 20, 10], "area": 200, "iscrowd": 0}],
}  # fmt: skip


def test_coco_boxes_are_turned_into_fractions_from_the_top(tmp_path):
    known = read_annotations(written(tmp_path, "c.json", COCO), Reading("caesar_mrcnn", "a.png"))
    (one,) = known.objects
    assert one.box_norm == pytest.approx((0.1, 0.1, 0.2, 0.2))
    assert (known.state("COMPACT"), known.state("EXTENDED")) == (Truth.PRESENT, Truth.ABSENT)


def test_a_name_of_two_coco_images_is_ambiguous_and_an_id_is_not(tmp_path):
    images = [{**one, "file_name": "a.png"} for one in COCO["images"]]
    path = written(tmp_path, "c.json", {**COCO, "images": images})
    with pytest.raises(CorpusError, match=r"2 images have the file_name a\.png; give an id"):
        read_annotations(path, Reading("caesar_mrcnn", "a.png"))
    assert read_annotations(path, Reading("caesar_mrcnn", "2")).state("EXTENDED") is Truth.PRESENT


def test_yolo_text_has_the_ids_of_the_scheme_or_those_given(tmp_path):
    path = written(tmp_path, "a.txt", "1 0.2 0.3 0.1 0.1\n")
    assert read_annotations(path, Reading("caesar_mrcnn")).objects[0].box_norm == pytest.approx(
        (0.15, 0.25, 0.25, 0.35)
    )
    known = read_annotations(path, Reading("caesar_mrcnn", classes={1: "SPURIOUS"}))
    assert known.state("SPURIOUS") is Truth.PRESENT


def test_detections_in_pixels_need_the_size_of_their_picture(tmp_path):
    found = {"image_id": "a", "objs": [{"class_id": 1, "class_name": "compact", "score": 0.9, "name": "S1",
                                        "x1": 10, "y1": 20, "x2": 30, "y2": 40}]}  # fmt: skip
    path = written(tmp_path, "d.json", found)
    with pytest.raises(CorpusError, match="--size"):
        read_annotations(path, Reading())
    known = read_annotations(path, Reading(size_px=(100, 100)))
    assert known.state("COMPACT") is Truth.PRESENT


def test_the_emu_list_gives_either_vocabulary(tmp_path):
    path = written(tmp_path, "e.json", [{"filename": "a.fits", "objs": [
        {"label": "FR-II", "bbox_norm": [0.5, 0.5, 0.2, 0.2],
         "label_caesar": "EXTENDED", "bbox_norm_caesar": [0.5, 0.5, 0.3, 0.3]},
    ]}])  # fmt: skip
    assert read_annotations(path, Reading("rgcat")).state("FR-II") is Truth.PRESENT
    known = read_annotations(path, Reading("caesar_mrcnn"))
    assert known.objects[0].box_norm == pytest.approx((0.35, 0.35, 0.65, 0.65))


def test_labels_without_objects_say_nothing_of_numbers(tmp_path):
    labels = {"scheme": "radioimg_multilabel", "labels": {"COMPACT": "present", "ARTEFACT": "absent"}}
    said = [{"question": "Describe it.", "answer": one} for one in (
        "Compact sources are visible.", "Three compact sources are visible.", "Artefacts are visible.",
    )]  # fmt: skip
    assert verdicts(tmp_path, labels, said, text_name="t.json") == ["supported", "unverifiable", "contradicted"]


def test_a_list_of_objects_in_pixels(tmp_path):
    known = {"scheme": "caesar_mrcnn", "box_format": "xywh_px", "picture": {"width_px": 100, "height_px": 200},
             "objects": [{"label": "COMPACT", "box": [10, 20, 30, 40]}]}  # fmt: skip
    found = read_annotations(written(tmp_path, "p.json", known), Reading())
    assert found.objects[0].box_norm == pytest.approx((0.1, 0.1, 0.4, 0.3))


@pytest.mark.parametrize(
    ("objects", "text", "more", "says"),
    [
        ({"objects": []}, "a", (), "--scheme"),
        ({"scheme": "caesar_mrcnn", "objects": [{"label": "X", "box": [0, 0, 1, 1]}]}, "a", (), "unknown label 'X'"),
        ({"scheme": "caesar_mrcnn", "objects": [{"label": "COMPACT", "box": [0, 0, 1]}]}, "a", (), "objects.0.box"),
        ({"scheme": "caesar_mrcnn", "objects": [{"label": "COMPACT", "box": [1, 2, 30, 40]}]}, "a", (), "xyxy_px"),
        ({"scheme": "caesar_mrcnn", "strange": 1}, "a", (), "strange"),
        ({"scheme": "nothing"}, "a", (), "no label scheme 'nothing'"),
        ("{", "a", (), "not JSON"),
        (COCO, "a", ("--scheme", "caesar_mrcnn"), "--image"),
        (OURS, "a", ("--size", "12"), "--size 12"),
        (OURS, "a", ("--classes", "x"), "--classes x"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path, objects, text, more, says):
    with pytest.raises(CorpusError, match=r"^[^\n]+$") as raised:
        found = run(tmp_path, objects, text, *more)
        assert found.exception is not None, found.output
        raise found.exception
    assert says in str(raised.value)


def test_json_of_another_form_is_refused_and_a_missing_file_named(tmp_path):
    assert "question and answer" in str(run(tmp_path, OURS, [1, 2], text_name="t.json").exception)
    known = written(tmp_path, "o.json", OURS)
    found = CliRunner().invoke(curation, ["claims", "--objects", str(known), "--text", str(tmp_path / "none.txt")])
    assert "no such file" in str(found.exception)


def test_the_dialects_of_the_command_are_those_of_the_boxes():
    assert command.DIALECTS == DIALECTS
    assert json.loads(command.FORM)["scheme"] == "caesar_mrcnn"
