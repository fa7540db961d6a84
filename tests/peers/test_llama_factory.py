"""LLaMA-Factory takes a hand-over as it is: the folder as `dataset_dir`, `radio_train` as its data set."""

import math

import pytest

from tests.peers.running import records_of, rendered, said_by, turns

pytestmark = pytest.mark.peer


def test_llama_factory_finds_the_data_sets_by_name_and_trains_on_them(demo_build, tiny_model, tmp_path):
    said = said_by("llama_factory", demo_build.handover, tiny_model, tmp_path)
    files = {"train": "llava.json", "validation": "llava-validation.json"}
    assert said["versions"]["llamafactory"] == "0.9.5"
    assert said["n"] == {split: len(records_of(demo_build.handover, name)) for split, name in files.items()}
    for record, row in zip(records_of(demo_build.handover), said["first"], strict=False):
        assert row["images"] == [str(demo_build.handover / record["image"])]
        n_tokens = row["input"].count("<image>")
        assert row["input"] == rendered(
            record, placeholders="<image>" * n_tokens + "\n", system="You are a helpful assistant."
        )
        assert row["answers"] == "".join(f"{answer}<|im_end|>\n" for answer in turns(record)[1::2]) and n_tokens > 16
    assert said["pictures"][0] == len(said["first"])
    assert said["steps"] == len(said["losses"]) == 2 and all(math.isfinite(one) for one in said["losses"])
