"""MosaicML's Streaming reads what `export --to mds` wrote: every sample, its pixels and its words."""

import hashlib
import io

import pytest
from PIL import Image

from curation.release.forms import write_form
from curation.release.handover_rows import Split
from tests.peers.running import said_by

pytestmark = pytest.mark.peer


def test_streaming_reads_every_sample_of_every_shard(demo_build, tmp_path):
    write_form(demo_build.handover, "mds", tmp_path / "out", shard_mb=1)
    said = said_by("streaming", tmp_path / "out" / "train", TMPDIR=str(tmp_path))
    assert said["versions"] == {"mosaicml-streaming": "0.13.0"} and said["shards"] > 1
    for row, wanted in zip(said["rows"], Split(demo_build.handover, "train").rows(), strict=True):
        assert (row["id"], row["messages"]) == (wanted.record.id, wanted.messages)
        picture = Image.open(io.BytesIO(wanted.png))
        assert tuple(row["size"]) == picture.size
        assert row["pixels"] == hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()
