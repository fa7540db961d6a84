"""LLaVA records: there and back, and every rule with a bad example."""

import copy
import json

import pytest
from pydantic import ValidationError

from schemas.conversation import Turn
from schemas.errors import CatalogError
from schemas.llava import LlavaRecord, json_schema, llava_record, read_llava

IMAGE = f"images/ab/{'ab' * 32}.png"
TURNS = [("What is seen?", "A source."), ("How many?", "One.")]
GOOD = llava_record("sample-0123456789abcdef", IMAGE, TURNS).as_json()


def test_a_record_has_exactly_the_keys_of_llava():
    assert list(GOOD) == ["id", "image", "conversations"]
    assert [message["from"] for message in GOOD["conversations"]] == ["human", "gpt", "human", "gpt"]
    assert GOOD["conversations"][0]["value"] == "<image>\nWhat is seen?"
    assert json.dumps(GOOD).count("<image>") == 1


def test_turns_come_back_as_they_went():
    turns = [Turn(question=asked, answer=said) for asked, said in TURNS]
    assert LlavaRecord.model_validate(GOOD).turns() == turns
    assert llava_record(GOOD["id"], IMAGE, turns).as_json() == GOOD


def changed(change):
    record = copy.deepcopy(GOOD)
    change(record)
    return record


def value(at, text):
    return changed(lambda record: record["conversations"][at].update(value=text))


BAD = {
    "the gpt begins": changed(lambda record: record["conversations"].reverse()),
    "two humans in a row": changed(lambda record: record["conversations"].pop(1)),
    "no answer to the last question": changed(lambda record: record["conversations"].pop()),
    "no messages": changed(lambda record: record["conversations"].clear()),
    "another role": changed(lambda record: record["conversations"][1].update({"from": "assistant"})),
    "no placeholder": value(0, "What is seen?"),
    "the placeholder at the end": value(0, "What is seen?\n<image>"),
    "no newline after the placeholder": value(0, "<image> What is seen?"),
    "the placeholder twice": value(0, "<image>\n<image>\nWhat?"),
    "a placeholder in an answer": value(1, "See <image>"),
    "a placeholder in a later question": value(2, "<image>\nHow many?"),
    "nothing after the placeholder": value(0, "<image>\n  "),
    "a blank answer": value(1, " \n"),
    "an invisible answer": value(1, "\u200b"),
    "an answer that is a number": value(1, 3),
    "a special token": value(1, "A source.<|im_end|>"),
    "an absolute path": changed(lambda record: record.update(image="/images/a.png")),
    "a path that climbs": changed(lambda record: record.update(image="images/../a.png")),
    "a path with a backslash": changed(lambda record: record.update(image="images\\a.png")),
    "a path with a newline": changed(lambda record: record.update(image="a.png\n")),
    "a drive": changed(lambda record: record.update(image="c:/a.png")),
    "a path that is no picture": changed(lambda record: record.update(image="images/a.fits")),
    "a blank id": changed(lambda record: record.update(id=" ")),
    "an id that is a number": changed(lambda record: record.update(id=4)),
    "an unknown key": changed(lambda record: record.update(model="x")),
    "no image": changed(lambda record: record.pop("image")),
}


@pytest.mark.parametrize("why", BAD)
def test_a_record_is_refused_for(why):
    with pytest.raises(ValidationError):
        LlavaRecord.model_validate(BAD[why])


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_file_is_read_as_an_array_or_as_lines(tmp_path, form):
    records = [GOOD, changed(lambda record: record.update(id="other"))]
    file = tmp_path / "llava.json"
    file.write_text(json.dumps(records, indent=1) if form == "array" else "\n".join(map(json.dumps, records)) + "\n")
    assert [record.as_json() for record in read_llava(file)] == records


def test_a_bad_record_of_a_file_is_named(tmp_path):
    file = tmp_path / "llava.json"
    file.write_text(json.dumps([GOOD, BAD["no placeholder"]]))
    with pytest.raises(CatalogError, match="record 1: conversations"):
        list(read_llava(file))


@pytest.mark.parametrize(
    ("change", "told"),
    [({"images": ["p.png"]}, "images: unknown key; known: id, image, conversations"), ({"image": None}, "image: "),
     ({"conversations": [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": None}]},
      "conversations.1.value: Input should be a valid string"),
     ({"conversations": [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": 5}]},
      "conversations.1.value: Input should be a valid string")],
)  # fmt: skip
def test_other_keys_and_answers_that_are_no_text_are_refused_by_row(tmp_path, change, told):
    file = tmp_path / "llava.json"
    good = llava_record("r1", "images/a.png", [("What?", "A galaxy.")]).as_json()
    file.write_text(json.dumps([good, {**good, "id": "r2"} | change]))
    with pytest.raises(CatalogError) as error:
        list(read_llava(file))
    assert f"{file}, record 1: " in str(error.value) and told in str(error.value)


def test_an_id_that_stands_twice_is_refused(tmp_path):
    file = tmp_path / "llava.json"
    file.write_text(json.dumps([GOOD, GOOD]))
    with pytest.raises(CatalogError, match="stands twice"):
        list(read_llava(file))


@pytest.mark.parametrize("text", ["[", "not json", '{"a": 1}\n{'])
def test_a_file_that_is_no_json_raises_one_clear_error(tmp_path, text):
    file = tmp_path / "llava.json"
    file.write_text(text)
    with pytest.raises(CatalogError, match="not a JSON array"):
        list(read_llava(file))


def test_the_json_schema_speaks_of_from_and_of_the_rules_it_cannot_say():
    schema = json_schema()
    assert set(schema["properties"]) == {"id", "image", "conversations"}
    assert "from" in schema["$defs"]["Message"]["properties"]
    assert "take turns" in schema["description"]
