"""The hand-over: a folder that a trainer can use without anything of ours.

llava.json holds training records only; validation and test have files of their own. Everything is written aside and
appears under its name at the end, the manifest last: a hand-over is whole or absent. No clock, host or path goes in,
so the same tables give the same bytes.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import duckdb
import pyarrow.parquet as pq
from pydantic import ValidationError

from catalogs.database import read_sql
from curation.release.built import Built, Tables, opened
from curation.release.card import Credit, bibliography, card, credits_of, frames_told, noise_told
from curation.release.certificate import CERTIFICATE, FILE_OF, MESSAGES_OF, PROVENANCE, promised
from curation.release.moc import write_mocs
from schemas.errors import RecipeError, StoreError, TableError
from schemas.llava import LlavaRecord, json_schema
from schemas.whole import MANIFEST, is_whole, published, read_manifest

FORMAT = 7  # raised when the folder starts to look different
ROWS_AT_ONCE = 2000
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# JSON allows them inside a string, but many readers of lines end a line there.
LINE_ENDS = {ord(one): f"\\u{ord(one):04x}" for one in "\x85\u2028\u2029"}

RECORDS = """
SELECT sample_id AS id, image, conversations FROM (
    SELECT sample_id, image, conversations, split FROM samples
    UNION ALL SELECT sample_id, image, conversations, split FROM captions
)
WHERE split = $split ORDER BY sample_id
"""
SAMPLES_A_RUN = 50_000
RUNS = """
SELECT min(sample_id), max(sample_id) FROM (
    SELECT sample_id, (row_number() OVER (ORDER BY sample_id) - 1) // $n AS run
    FROM (SELECT sample_id FROM samples UNION ALL SELECT sample_id FROM captions)
)
GROUP BY run ORDER BY run
"""
PAPERS = "SELECT DISTINCT paper_id, attribution, licence FROM captions ORDER BY ALL"
COUNTS = """
SELECT dataset, split, count(*) AS n_samples, count(DISTINCT png_sha256) AS n_pictures, sum(n_turns)::BIGINT AS n_turns
FROM (
    SELECT dataset, split, png_sha256, n_turns FROM samples
    UNION ALL SELECT 'captions', split, png_sha256, len(turns) FROM captions
)
GROUP BY ALL ORDER BY ALL
"""


def export(store: Tables, made: Built, out: Path) -> dict[str, Any]:
    """Write the hand-over of a built corpus to `out`, and give its manifest.

    Does nothing when `out` is this hand-over already, and whole. Another hand-over of the same corpus is replaced, and
    what is left of a damaged one; anything else in the way is a StoreError.
    """
    if is_exported(out) and (there := handover_manifest(out)) and there["address"] == made.handover:
        return there
    _check_way(out, made.corpus.name)
    said = {"format": FORMAT, "corpus": made.corpus.name, "address": made.handover}
    with published(out, said) as aside:
        said |= _write(store, made, aside)
    return read_manifest(out)


def _check_way(out: Path, corpus: str) -> None:
    """Raise StoreError where something stands in the way that is no hand-over of the corpus, whole or damaged."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    there = handover_manifest(out)
    if there and there["corpus"] != corpus:
        raise StoreError(
            f"{out}: holds a hand-over of corpus {there['corpus']!r}, not {corpus!r}; choose another folder"
        )
    if not there and not (out / MANIFEST).exists() and not (out / CERTIFICATE).exists():
        raise StoreError(f"{out}: there is something that is no hand-over; choose another folder, or empty this one")


def handover_manifest(out: Path) -> dict[str, Any] | None:
    """The manifest of a hand-over; None where there is none, or a damaged one."""
    try:
        found = read_manifest(out)
    except StoreError:
        return None
    return found if {"address", "corpus"} <= found.keys() else None


def whole_handover(folder: Path) -> dict[str, Any]:
    """The manifest of a hand-over. Raises RecipeError for a folder that is none, StoreError for one not whole."""
    there = handover_manifest(folder)
    if there is None:
        raise no_handover(folder)
    if not is_whole(folder):
        raise StoreError(f"{folder}: not whole; `python -m curation build --repair` makes it again")
    return there


def no_handover(folder: Path) -> RecipeError:
    """What to raise for a folder that is no hand-over."""
    return RecipeError(f"{folder}: no hand-over; expected a folder such as store/llava/NAME/0123456789ab")


def is_exported(out: Path) -> bool:
    """Whether a whole hand-over is there: its manifest, and every file of it, each of its size."""
    return handover_manifest(out) is not None and is_whole(out)


def example_id(out: Path) -> str:
    """The id of a sample of the hand-over, to show somebody; empty where it has none."""
    with pq.ParquetFile(out / PROVENANCE) as file:
        first = next(file.iter_batches(1, columns=["sample_id"]), None)
    return "" if first is None or not first.num_rows else first["sample_id"][0].as_py()


def plain_json(value: object) -> str:
    """Deterministic JSON for people: sorted keys, real letters, a newline at the end."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _write(store: Tables, made: Built, folder: Path) -> dict[str, Any]:
    addresses = made.addresses()
    surveys = {one.survey.name: one.survey for one in made.of.values()}
    credits = credits_of([one.dataset for one in made.of.values()], surveys)
    for records, pictures, digest in (("samples", "cutouts", "sha256"), ("captions", "captions", "png_sha256")):
        wanted = _paths(store, addresses.get(records, ()), folder)
        _write_pictures(_pictures(store, addresses.get(pictures, ()), digest), wanted)
    with opened(store, addresses) as db:
        for split, name in FILE_OF.items():
            twin = folder / "llava.jsonl" if split == "train" else None
            _write_records(_records(db, split), folder / name, folder / MESSAGES_OF[split], twin)
        _write_provenance(db, _provenance(db, addresses), folder / PROVENANCE)
        counts = db.sql(COUNTS).to_arrow_table().to_pylist()
        promise, mocs = promised(db)
        frames, noise = (db.sql(read_sql(Path(__file__).parent / f"numbers/{name}.sql")).to_arrow_table().to_pylist()
                         for name in ("frames", "noise"))  # fmt: skip
        papers = [Credit("paper", row["paper_id"], row["attribution"], row["attribution"], row["licence"])
                  for row in db.sql(PAPERS).to_arrow_table().to_pylist()]  # fmt: skip
    write_mocs(mocs, folder)
    texts = {
        CERTIFICATE: plain_json(promise),
        "llava.schema.json": plain_json(json_schema()),
        "README.md": card(made.corpus.name, made.corpus.title, made.handover, counts, promise, [*credits, *papers])
        + frames_told(frames)
        + noise_told(noise),
        "dataset_info.json": plain_json(llama_factory({row["split"] for row in counts})),
        "ATTRIBUTION.bib": bibliography([*credits, *papers]),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return {
        "tables": {name: list(addresses[name]) for name in sorted(addresses)},
        "doors": [{"kind": one.kind, "name": one.name, "sha256": one.sha256} for one in made.doors],
        "counts": counts,
        **({"withdrawn": [one.model_dump() for one in made.withdrawn]} if made.withdrawn else {}),
    }


def llama_factory(splits: Collection[str]) -> dict[str, Any]:
    """LLaMA-Factory's list of datasets: `radio_train` and so on, each a file of records with its columns."""
    columns = {"messages": "conversations", "images": "image"}
    return {
        f"radio_{split}": {"file_name": name, "formatting": "sharegpt", "columns": columns}
        for split, name in FILE_OF.items()
        if split in splits
    }


def _paths(store: Tables, addresses: Sequence[str], folder: Path) -> dict[str, Path]:
    """Where the picture of each record goes, by its digest."""
    found: dict[str, Path] = {}
    for address in addresses:
        for row in store.dataset(address).to_table(["image", "png_sha256"]).to_pylist():
            path = found[row["png_sha256"]] = folder / row["image"]
            if path.name != f"{row['png_sha256']}.png" or path.parent.parent != folder / "images":
                raise TableError(f"{address}: the path of picture {row['png_sha256']} is not its own: {row['image']}")
    return found


def _pictures(store: Tables, addresses: Sequence[str], digest: str) -> Iterator[tuple[str, str, bytes]]:
    """Of each row its table, its picture's digest and its picture."""
    for address in addresses:
        # Little read ahead: a part of pictures is tens of megabytes.
        batches = store.dataset(address).to_batches(
            [digest, "png"], batch_size=64, batch_readahead=2, fragment_readahead=1
        )
        for batch in batches:
            yield from ((address, row[digest], row["png"]) for row in batch.to_pylist())


def _write_pictures(given: Iterable[tuple[str, str, bytes]], wanted: Mapping[str, Path]) -> None:
    left = {**wanted}
    for address, sha256, png in given:
        path = left.pop(sha256, None)
        if path is None:
            continue
        if hashlib.sha256(png).hexdigest() != sha256 or not png.startswith(PNG_SIGNATURE):
            raise TableError(f"{address}: the picture {sha256} is not the PNG that its digest names")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    if left:
        raise TableError(f"{len(left)} pictures of records are in no table of pictures, such as {min(left)}")


def _write_records(records: Iterable[LlavaRecord], array: Path, messages: Path, lines: Path | None) -> None:
    """The records of a split: a JSON array with a record a line, its twin without the array, and lines of messages.

    A split without records has no messages: loaders take an empty file amiss.
    """
    with ExitStack() as files:

        def opened_for(path: Path) -> TextIO:
            return files.enter_context(path.open("w", encoding="utf-8", newline="\n"))

        out, twin = opened_for(array), opened_for(lines) if lines else None
        said: TextIO | None = None
        for record in records:
            line = _json_line(record.as_json())
            out.write(f"{',' if said else '['}\n{line}")
            if twin:
                twin.write(f"{line}\n")
            said = said or opened_for(messages)
            said.write(f"{_json_line(record.as_messages())}\n")
        out.write("\n]\n" if said else "[]\n")


def _json_line(said: object) -> str:
    return json.dumps(said, sort_keys=True, ensure_ascii=False).translate(LINE_ENDS)


def _records(db: duckdb.DuckDBPyConnection, split: str) -> Iterator[LlavaRecord]:
    """The records of a split by sample id. Raises TableError for a row that is none."""
    for batch in db.sql(RECORDS, params={"split": split}).to_arrow_reader(ROWS_AT_ONCE):
        for row in batch.to_pylist():
            try:
                record = LlavaRecord.model_validate(row)
            except ValidationError as error:
                why = "; ".join(one["msg"] for one in error.errors())
                raise TableError(f"sample {row['id']} is no record: {why}") from error
            yield record


def _provenance(db: duckdb.DuckDBPyConnection, tables: Collection[str]) -> str:
    """The query of provenance: with what pictures are made of, and their noise, where a corpus has such tables."""
    query = read_sql(Path(__file__).parent / "provenance.sql")
    for table, before in (("frames", "provenance"), ("noise", "provenance_framed")):
        if table in tables:
            db.execute(f"CREATE VIEW {before} AS {query}")
            query = read_sql(Path(__file__).parent / f"provenance_{table}.sql")
    return query


def _write_provenance(db: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """In runs of so many samples, so that what is joined and sorted at a time does not grow with the corpus."""
    with ExitStack() as open_file:
        out: pq.ParquetWriter | None = None
        for ends in db.sql(RUNS, params={"n": SAMPLES_A_RUN}).fetchall() or [("", "")]:
            for name, end in zip(("first_sample", "last_sample"), ends, strict=True):
                db.execute(f"SET VARIABLE {name} = ?", [end])
            batches = db.sql(query).to_arrow_reader(ROWS_AT_ONCE)
            out = out or open_file.enter_context(pq.ParquetWriter(path, batches.schema, compression="zstd"))
            for batch in batches:
                out.write_batch(batch)
