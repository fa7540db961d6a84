"""The split certificate, and a verifier that believes nothing it says.

The certificate is written from SPLITS by the code that made them. The verifier reads only the hand-over, measures
every distance again in another way, and opens every file.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.truth.discs import nearest_margin
from schemas.errors import CorpusError
from schemas.llava import LlavaRecord, read_llava

RULE = (
    "Two cutouts of different splits lie at least radius + radius + guard apart: radius is half a cutout's diagonal, "
    "guard the wider one of the two. Cutouts that do not, or that show the same source or the same picture, are one "
    "patch and have one split. The sky of a benchmark is test as a whole."
)
PLACE = (
    "cutout_id",
    "source_id",
    "patch_id",
    "split",
    "benchmark",
    "ra_deg",
    "dec_deg",
    "radius_arcsec",
    "guard_arcsec",
)
FILE_OF = {"train": "llava.json", "validation": "llava-validation.json", "test": "llava-test.json"}
MANIFEST, CERTIFICATE, PROVENANCE = "_manifest.json", "split_certificate.json", "provenance.parquet"
ROUNDING_ARCSEC = 1e-3

Rows = list[dict[str, Any]]


def certificate(cutouts: pa.Table, sealed: pa.Table) -> dict[str, Any]:
    """What is promised of the splits, in numbers; arcsec.

    `cutouts` are the SPLITS of the cutouts that have samples, `sealed` those of every benchmark cutout.
    """
    margin = nearest_margin(cutouts)
    rows = cutouts.select(PLACE).to_pylist()
    sizes = Counter(row["patch_id"] for row in rows)
    nearest = margin and {
        "cutouts": [margin.left_id, margin.right_id],
        "splits": [margin.left_split, margin.right_split],
        "separation_arcsec": round(margin.separation_arcsec, 3),
        "required_arcsec": round(margin.required_arcsec, 3),
        "margin_arcsec": round(margin.margin_arcsec, 3),
    }
    return {
        "rule": RULE,
        "splits": {split: _counts([row for row in rows if row["split"] == split]) for split in FILE_OF},
        "n_cutouts_without_position": sum(row["radius_arcsec"] is None for row in rows),
        "largest_patch": max(sizes.values(), default=0),
        "nearest": nearest,
        "sealed": _sealed(sealed),
    }


def verify(handover: Path) -> list[str]:
    """Everything that is wrong with a hand-over, one line each; nothing when it keeps its promises."""
    try:
        manifest = _json(handover / MANIFEST)
        claimed = _json(handover / CERTIFICATE)
        rows = pq.read_table(handover / PROVENANCE).to_pylist()
        digests = _digests(handover)
        return [
            *_file_problems(manifest.get("files", {}), digests),
            *_record_problems(handover, rows),
            *_picture_problems(rows, digests),
            *_group_problems(rows),
            *_sky_problems(rows, claimed),
        ]
    except (CorpusError, OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        return [f"{handover}: cannot be verified: {type(error).__name__}: {error}"]


def _counts(rows: Rows) -> dict[str, int]:
    return {"n_cutouts": len(rows), "n_patches": len({row["patch_id"] for row in rows})}


def _sealed(table: pa.Table) -> dict[str, Rows]:
    names = ("cutout_id", "ra_deg", "dec_deg", "radius_arcsec", "guard_arcsec")
    found: dict[str, Rows] = {}
    for row in table.filter(pc.is_valid(table["benchmark"])).sort_by("cutout_id").to_pylist():
        found.setdefault(row["benchmark"], []).append({name: row[name] for name in names})
    return dict(sorted(found.items()))


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _digests(handover: Path) -> dict[str, str]:
    files = sorted(path for path in handover.rglob("*") if not path.is_dir() and path.name != MANIFEST)
    links = [path.name for path in files if path.is_symlink()]
    if links:
        raise CorpusError(f"links are no part of a hand-over: {', '.join(links[:3])}")
    return {path.relative_to(handover).as_posix(): file_sha256(path) for path in files}


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _file_problems(listed: Mapping[str, Mapping[str, Any]], digests: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(listed.keys() | digests.keys()):
        if name not in digests:
            yield f"{name}: the manifest lists it, but it is not there"
        elif name not in listed:
            yield f"{name}: not in the manifest"
        elif digests[name] != listed[name]["sha256"]:
            yield f"{name}: SHA-256 is {digests[name][:12]}…, the manifest says {listed[name]['sha256'][:12]}…"


def _record_problems(handover: Path, rows: Rows) -> Iterator[str]:
    """The records of each file are exactly the rows of its split, and say what the turns say."""
    if len({row["sample_id"] for row in rows}) != len(rows):
        twice = [name for name, n in Counter(row["sample_id"] for row in rows).items() if n > 1]
        yield f"{PROVENANCE}: {len(twice)} samples stand there twice, first {min(twice)}"
    for split, name in FILE_OF.items():
        expected = {row["sample_id"]: row for row in rows if row["split"] == split}
        records = {record.id: record for record in read_llava(handover / name)}
        for sample_id in sorted(expected.keys() ^ records.keys()):
            where = f"is in {name}" if sample_id in records else f"is not in {name}"
            yield f"sample {sample_id} {where}, but provenance says {_split_of(sample_id, rows)}"
        both = sorted(expected.keys() & records.keys())
        yield from (
            f"sample {one}: picture or words of {name} are not those of its provenance"
            for one in both
            if not _is_told(records[one], expected[one])
        )
    if [*read_llava(handover / "llava.json")] != [*read_llava(handover / "llava.jsonl")]:
        yield "llava.jsonl does not hold the records of llava.json"


def _split_of(sample_id: str, rows: Rows) -> str:
    return next((f"its split is {row['split']}" for row in rows if row["sample_id"] == sample_id), "nothing of it")


def _is_told(record: LlavaRecord, row: Mapping[str, Any]) -> bool:
    told = [(turn.question, turn.answer) for turn in record.turns()]
    return record.image == row["image"] and told == [(turn["question"], turn["answer"]) for turn in row["turns"]]


def _picture_problems(rows: Rows, digests: Mapping[str, str]) -> Iterator[str]:
    splits: dict[str, dict[str, str]] = {}
    for row in rows:
        found = digests.get(row["image"])
        if found is None:
            yield f"sample {row['sample_id']}: there is no {row['image']}"
        elif found != row["png_sha256"]:
            yield f"sample {row['sample_id']}: {row['image']} is not the picture it was"
        else:
            splits.setdefault(found, {})[row["split"]] = row["sample_id"]
    for digest, samples in sorted(splits.items()):
        if len(samples) > 1:
            yield f"picture {digest[:12]}… is in two splits: {_named(samples)}"


def _group_problems(rows: Rows) -> Iterator[str]:
    for name in ("source_id", "cutout_id", "patch_id"):
        splits: dict[str, dict[str, str]] = {}
        for row in rows:
            splits.setdefault(row[name], {})[row["split"]] = row["sample_id"]
        for key, samples in sorted(splits.items()):
            if len(samples) > 1:
                yield f"{name} {key} is in two splits: {_named(samples)}"
    for row in rows:
        if row["benchmark"] and row["split"] != "test":
            yield f"sample {row['sample_id']} is of benchmark {row['benchmark']}, but its split is {row['split']}"
        if row["ra_deg"] is not None and not (row["radius_arcsec"] or 0) > 0:
            yield f"sample {row['sample_id']} has a position, but no radius: its distance cannot be judged"


def _named(samples: Mapping[str, str]) -> str:
    return ", ".join(f"{samples[split]} ({split})" for split in sorted(samples))


def _sky_problems(rows: Rows, claimed: Mapping[str, Any]) -> Iterator[str]:
    """Distances measured again, and the certificate's numbers against what was found."""
    unique = {tuple(row[name] for name in PLACE): row for row in sorted(rows, key=lambda row: row["sample_id"])}
    cutouts = list(unique.values())
    placed = [row for row in cutouts if row["radius_arcsec"] is not None]
    nearest = claimed["nearest"]
    beyond_arcsec = nearest["margin_arcsec"] + 1 if nearest else 0.0
    best: float | None = None
    for left, right, separation, required in _near(placed, beyond_arcsec):
        margin = separation - required
        best = margin if best is None else min(best, margin)
        if margin < -ROUNDING_ARCSEC:
            a, b = placed[left], placed[right]
            yield (
                f'samples {a["sample_id"]} ({a["split"]}) and {b["sample_id"]} ({b["split"]}) are {separation:.1f}" '
                f'apart; {required:.1f}" are required (cutouts {a["cutout_id"]}, {b["cutout_id"]})'
            )
    said = nearest["margin_arcsec"] if nearest else None
    if (best is None) != (said is None) or (best is not None and abs(best - said) > 2 * ROUNDING_ARCSEC):
        measured = "none" if best is None else f'{best:.3f}"'
        yield f"{CERTIFICATE}: the smallest margin is {measured}, the certificate says {said}"
    yield from _sealed_problems(placed, claimed["sealed"])
    for split in FILE_OF:
        found = _counts([row for row in cutouts if row["split"] == split])
        if found != claimed["splits"][split]:
            yield f"{CERTIFICATE}: {split} has {found}, the certificate says {claimed['splits'][split]}"
    n_unplaced = len(cutouts) - len(placed)
    if n_unplaced != claimed["n_cutouts_without_position"]:
        yield f"{CERTIFICATE}: {n_unplaced} cutouts without position, not {claimed['n_cutouts_without_position']}"


def _sealed_problems(placed: Rows, sealed: Mapping[str, Rows]) -> Iterator[str]:
    """Training samples in the sky of a benchmark, also where the benchmark's own cutout has no sample."""
    for benchmark, places in sealed.items():
        discs = [{**place, "split": "sealed"} for place in places if place["radius_arcsec"] is not None]
        both = [*(row for row in placed if row["split"] != "test"), *discs]
        for left, right, separation, required in _near(both, 0.0):
            pair = {both[k]["split"] == "sealed": both[k] for k in (left, right)}
            if len(pair) > 1 and separation < required - ROUNDING_ARCSEC:
                trained, place = pair[False], pair[True]
                yield (
                    f"sample {trained['sample_id']} ({trained['split']}) lies in the sealed sky of {benchmark}: "
                    f'{separation:.1f}" from cutout {place["cutout_id"]}; {required:.1f}" are required'
                )


def _near(rows: Rows, beyond_arcsec: float) -> Iterator[tuple[int, int, float, float]]:
    """Pairs of different splits up to `beyond_arcsec` farther apart than required: (left, right, apart, required).

    By the haversine formula along bands of declination: on purpose not the way in which the splits were made.
    """
    if not rows:
        return
    columns = ("ra_deg", "dec_deg", "radius_arcsec", "guard_arcsec")
    ra, dec, radius, guard = (np.array([row[name] for row in rows], np.float64) for name in columns)
    split = np.array([row["split"] for row in rows])
    order = np.argsort(dec, kind="stable")
    height_deg = (2 * radius.max() + guard.max() + beyond_arcsec) / 3600
    ends = np.searchsorted(dec[order], dec[order] + height_deg, side="right")
    for place, i in enumerate(order.tolist()):
        others = order[place + 1 : ends[place]]
        others = others[split[others] != split[i]]
        apart = _haversine_arcsec(ra[i], dec[i], ra[others], dec[others])
        required = radius[i] + radius[others] + np.maximum(guard[i], guard[others])
        for k in np.flatnonzero(apart <= required + beyond_arcsec).tolist():
            yield i, int(others[k]), float(apart[k]), float(required[k])


def _haversine_arcsec(ra: float, dec: float, ras: Any, decs: Any) -> Any:
    ra, dec, ras, decs = (np.radians(one) for one in (ra, dec, ras, decs))
    h = np.sin((decs - dec) / 2) ** 2 + np.cos(dec) * np.cos(decs) * np.sin((ras - ra) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(np.clip(h, 0, 1)))) * 3600
