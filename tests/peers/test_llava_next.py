"""LLaVA-NeXT's data set takes a hand-over as it is: `llava.json`, and the folder as `image_folder`."""

import pytest

from tests.peers.running import LLAVA_NEXT, records_of, rendered, said_by, turns

pytestmark = pytest.mark.peer


def test_llava_next_reads_every_record_under_its_own_id(demo_build):
    if not (LLAVA_NEXT / "llava" / "train").is_dir():
        pytest.skip(f"no LLaVA-NeXT in {LLAVA_NEXT}: `make peers-setup` clones it, or LLAVA_NEXT names its folder")
    said = said_by("llava_next", demo_build.handover, PYTHONPATH=str(LLAVA_NEXT))
    records = records_of(demo_build.handover)
    assert said["ids"] == [one["id"] for one in records]  # it puts another in the place of what it cannot read
    assert said["pictures"] == [[5, 3, 56, 56]] and said["n_placeholders"] == [1, 1]
    for record, text, supervised in zip(records, said["texts"], said["supervised"], strict=False):
        assert text == rendered(record, placeholders="\n", system="You are a helpful assistant.")
        assert all(f"<|im_start|>assistant\n{answer}<|im_end|>\n" in supervised for answer in turns(record)[1::2])
        assert not any(question in supervised for question in turns(record)[::2])
    assert said["batch"]["input_ids"] == said["batch"]["labels"]
