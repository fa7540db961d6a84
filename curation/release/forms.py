"""A hand-over in the forms that other software reads, with the pictures inside or beside: streamed, in shards.

    hf-parquet   Parquet with pictures embedded: `datasets.load_dataset(FOLDER)` gives images that are opened
    webdataset   TAR shards: a picture and its record under one key
    messages     JSON lines of `messages` and `images`, as TRL and ms-swift take them, pictures beside
    mds          MosaicML's Streaming: shards and an index for each split
    hats         tiles of the sky, for lsdb and hats: Parquet with pictures embedded, a catalogue for each split

Equal hand-overs give equal bytes: no clock, host or path goes in. The folder is whole or absent.
"""

import io
import json
import re
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.release.card import Config, front_matter
from curation.release.certificate import FILE_OF
from curation.release.export import whole_handover
from curation.release.form_hats import write_hats
from curation.release.form_mds import write_mds
from curation.release.handover_rows import Row, Split
from curation.release.shards import json_line, shards
from schemas.whole import check_free, published, read_manifest

VERSION = 1  # raised when a form starts to look different
MB = 1_000_000
ROWS_OF_A_GROUP = 64
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
TEXT = {"dtype": "string", "_type": "Value"}
FEATURES = {  # as Hugging Face's datasets writes them into a schema
    "id": TEXT,
    "images": {"feature": {"_type": "Image"}, "_type": "List"},
    "messages": {"feature": {"role": TEXT, "content": TEXT}, "_type": "List"},
}


def write_form(handover: Path, form: str, out: Path, *, shard_mb: int = 500) -> dict[str, Any]:
    """Write a whole hand-over to `out` in a form of FORMS, and give the manifest of what was written.

    RecipeError for a folder that is no hand-over, StoreError for one that is damaged or for anything in the way.
    """
    there = whole_handover(handover)
    check_free(out)
    said = {"form": form, "version": VERSION, "corpus": there["corpus"], "handover": there["address"]}
    with published(out, said) as aside:
        counts = {split: FORMS[form](Split(handover, split), aside, shard_mb * MB) for split in FILE_OF}
        said["counts"] = counts
        (aside / "README.md").write_text(_readme(said, form, counts), encoding="utf-8", newline="\n")
    return read_manifest(out)


def key_of(row: Row) -> str:
    """The key of a sample in a TAR: WebDataset ends it at the first dot, so `J1234.5+67` and `J1234.5-67` would be one.

    Whatever is no letter, digit, `-` or `_` is written as its hexadecimal code; the number in front makes keys differ.
    """
    name = re.sub(r"[^A-Za-z0-9_-]", lambda found: f"_{ord(found[0]):x}_", row.record.id)
    return f"{row.number:09d}-{name}"


# -- forms -----------------------------------------------------------------------------------------------------------


def _hf_parquet(split: Split, folder: Path, shard_bytes: int) -> int:
    schema = pa.schema(
        [("id", pa.string()), ("images", pa.list_(PICTURE)), ("messages", MESSAGES)],
        metadata={"huggingface": json.dumps({"info": {"features": FEATURES}}, sort_keys=True)},
    )
    n = 0
    for number, shard in enumerate(shards(split.rows(), shard_bytes)):
        path = folder / "data" / f"{split.name}-{number:05d}.parquet"
        path.parent.mkdir(exist_ok=True)
        with pq.ParquetWriter(path, schema, compression="none") as out:  # pictures are compressed already
            while group := list(islice(shard, ROWS_OF_A_GROUP)):
                out.write_table(pa.Table.from_pylist([_as_row(one) for one in group], schema))
                n += len(group)
    return n


def _as_row(row: Row) -> dict[str, Any]:
    picture = {"bytes": row.png, "path": Path(row.record.image).name}
    return {"id": row.record.id, "images": [picture], "messages": row.messages}


def _webdataset(split: Split, folder: Path, shard_bytes: int) -> int:
    n = 0
    for number, shard in enumerate(shards(split.rows(), shard_bytes)):
        with tarfile.open(folder / f"{split.name}-{number:05d}.tar", "w", format=tarfile.USTAR_FORMAT) as out:
            for row in shard:
                key = key_of(row)
                said = {"id": row.record.id, "messages": row.messages}
                _add(out, f"{key}.json", json_line(said))
                _add(out, f"{key}.png", row.png)
                n += 1
    return n


def _add(out: tarfile.TarFile, name: str, body: bytes) -> None:
    entry = tarfile.TarInfo(name)  # no clock and no owner: its defaults are zeros
    entry.size = len(body)
    out.addfile(entry, io.BytesIO(body))


def _messages(split: Split, folder: Path, _shard_bytes: int) -> int:
    n = 0
    with ExitStack() as files:
        out = None
        for row in split.rows():
            if out is None:  # a split without records has no file: loaders take an empty one for a mistake
                out = files.enter_context((folder / f"{split.name}.jsonl").open("wb"))
            path = folder / row.record.image
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(row.png)
            out.write(json_line(row.record.as_messages()))
            n += 1
    return n


FORMS: dict[str, Callable[[Split, Path, int], int]] = {
    "hf-parquet": _hf_parquet,
    "webdataset": _webdataset,
    "messages": _messages,
    "mds": write_mds,
    "hats": write_hats,
}
FILES = {"hf-parquet": "data/{}-*.parquet", "webdataset": "{}-*.tar", "messages": "{}.jsonl",
         "hats": "{}/dataset/Norder=*/Dir=*/Npix=*.parquet"}  # fmt: skip
"""What `datasets.load_dataset(FOLDER)` finds of a split, where it can read the form."""
NOTES = {"hats": "Samples without a position on the sky, such as figures of papers, are in no tile and so not here."}


def _readme(said: dict[str, Any], form: str, counts: dict[str, int]) -> str:
    paths = {split: FILES[form].format(split) for split, n in counts.items() if n} if form in FILES else {}
    configs = [Config("default", paths)] if paths else []
    lines = [*front_matter(said["corpus"], *configs), f"# {said['corpus']}", ""]
    lines += [
        f"Hand-over `{said['handover']}` as `{form}`, written by radio-corpus. Terms of use and whom to cite stand in "
        "the README.md and ATTRIBUTION.bib of the hand-over.",
        "",
        *([NOTES[form], ""] if form in NOTES else []),
    ]
    return "\n".join([*lines, *(f"* {split}: {n:,} records" for split, n in counts.items())]) + "\n"
