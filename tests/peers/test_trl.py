"""TRL takes a hand-over as it is: load_dataset(FOLDER, "messages"), then SFTTrainer."""

import math

import pytest

from tests.peers.running import records_of, rendered, said_by

pytestmark = pytest.mark.peer
SYSTEM = "You are a helpful assistant."


def test_trl_loads_every_split_and_trains_on_it(demo_build, tiny_model, tmp_path):
    said = said_by("trl", demo_build.handover, tiny_model, tmp_path)
    files = {"train": "llava.json", "validation": "llava-validation.json", "test": "llava-test.json"}
    assert said["versions"]["trl"] == "1.16.0"
    assert said["n"] == {split: len(records_of(demo_build.handover, name)) for split, name in files.items()}
    records = records_of(demo_build.handover)
    for record, row, text in zip(records, said["first"], said["texts"], strict=False):
        assert (row["id"], row["images"]) == (record["id"], [record["image"]])
        n_tokens = text.count("<image>")
        wanted = rendered(record, placeholders="<image>" * n_tokens + "\n", system=SYSTEM)
        assert text.replace("<|endoftext|>", "") == wanted and n_tokens > 16
    assert said["pictures"][0] == len(said["first"])
    assert said["steps"] == len(said["losses"]) == 2
    assert all(math.isfinite(one) and one > 0 for one in [*said["losses"], said["eval_loss"]])
