"""ms-swift takes a hand-over as it is: `messages.jsonl` as its data set, ROOT_IMAGE_DIR for the pictures."""

import math

import pytest

from tests.peers.running import records_of, rendered, said_by, turns

pytestmark = pytest.mark.peer


def test_ms_swift_reads_messages_and_trains_on_them(demo_build, tiny_model, tmp_path):
    said = said_by("ms_swift", demo_build.handover, tiny_model, tmp_path)
    files = {"train": "llava.json", "validation": "llava-validation.json"}
    assert said["versions"]["ms_swift"] == "4.6.0"
    assert said["n"] == {split: len(records_of(demo_build.handover, name)) for split, name in files.items()}
    rows = zip(records_of(demo_build.handover), said["first"], said["texts"], said["answers"], strict=False)
    for record, row, text, answers in rows:
        assert [one["path"] for one in row["images"]] == [record["image"]]
        assert [one["content"] for one in row["messages"]] == turns(record)
        assert text == rendered(record, placeholders="\n")  # the picture's tokens, taken out here, stand before it
        assert answers == "".join(f"{answer}<|im_end|>\n" for answer in turns(record)[1::2])
    assert all(n > 16 for n in said["n_placeholders"])
    assert len(said["losses"]) == 2 and all(math.isfinite(one) for one in said["losses"])
