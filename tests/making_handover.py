"""A small hand-over, made without curation: what `finetune` reads, down to the manifest."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

SIZES_PX = ((40, 40), (64, 64), (60, 100))
KINDS = ("spiral", "compact core", "bent tail", "diffuse halo")
CLASSES = "Which class is it?\nFR-I\nFR-II"


@dataclass
class Draft:
    """What goes into a hand-over, before anything is written: to be spoiled by a test."""

    records: list[dict[str, Any]] = field(default_factory=list)
    provenance: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)


def png(number: int, size_px: tuple[int, int], *, in_colour: bool = False) -> bytes:
    """A picture of noise, by number; `size_px` is height and width."""
    shape = (*size_px, 3) if in_colour else size_px
    pixels = np.random.default_rng(number).integers(0, 255, shape, dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "png")
    return out.getvalue()


def add(
    draft: Draft, number: int, *, split: str = "train", n_turns: int = 3, dataset: str = "demo", in_colour: bool = False
) -> None:
    """One sample of a draft, a degree from the next."""
    content = png(number, SIZES_PX[number % len(SIZES_PX)], in_colour=in_colour)
    sha256 = hashlib.sha256(content).hexdigest()
    image = f"images/{sha256[:2]}/{sha256}.png"
    kind = KINDS[number % len(KINDS)]
    asked = ["Describe the image.", f"Is there a {kind}?", CLASSES, "How many sources are seen?", "Is it bright?"]
    said = [f"A {kind} number {number} fills the image.", ("Yes", "No")[number % 2], "FR-II", str(number), "No"]
    pairs = [pair for k in range(n_turns) for pair in (("human", asked[k]), ("gpt", said[k]))]
    conversations = [{"from": who, "value": text} for who, text in pairs]
    conversations[0]["value"] = "<image>\n" + conversations[0]["value"]
    sample_id = f"sample-{number:016x}"
    draft.pictures[image] = content
    draft.records += [{"id": sample_id, "image": image, "conversations": conversations}] if split == "train" else []
    draft.provenance.append(
        {
            "sample_id": sample_id, "dataset": dataset, "generator": "template", "split": split,
            "benchmark": "b1_demo" if split == "test" else None, "image": image, "png_sha256": sha256,
            "ra_deg": float(number), "dec_deg": -30.0, "radius_arcsec": 60.0, "guard_arcsec": 10.0,
        }
    )  # fmt: skip
    if split == "test":
        place = {name: draft.provenance[-1][name] for name in ("ra_deg", "dec_deg", "radius_arcsec", "guard_arcsec")}
        sealed = draft.certificate.setdefault("sealed", {})
        sealed.setdefault("b1_demo", []).append({"cutout_id": f"cutout-{number:016x}", **place})


def draft_of(n_records: int = 12, n_tests: int = 2) -> Draft:
    """A sound draft: records of two to five turns, of two datasets, and test samples beside them."""
    draft = Draft(certificate={"sealed_sky": {}})
    for number in range(n_records):
        add(draft, number, n_turns=2 + number % 4, dataset=("demo", "other")[number % 3 == 2])
    for number in range(n_records, n_records + n_tests):
        add(draft, number, split="test")
    return draft


def write_handover(
    folder: Path, n_records: int = 12, spoil: Callable[[Draft], None] | None = None, *, n_tests: int = 2
) -> Path:
    """Write a hand-over to `folder`, manifest last; `spoil` changes the draft before."""
    draft = draft_of(n_records, n_tests)
    if spoil:
        spoil(draft)
    texts = {
        "llava.json": "[\n" + ",\n".join(json.dumps(one) for one in draft.records) + "\n]\n",
        "llava.jsonl": "".join(json.dumps(one) + "\n" for one in draft.records),
        "split_certificate.json": json.dumps(draft.certificate),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, content in draft.pictures.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    pq.write_table(pa.Table.from_pylist(draft.provenance), folder / "provenance.parquet")
    files = {
        path.relative_to(folder).as_posix(): {
            "n_bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }  # fmt: skip
    manifest = {"format": 2, "corpus": "test", "address": "llava/test/0", "tables": {}, "counts": [], "files": files}
    (folder / "_manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
