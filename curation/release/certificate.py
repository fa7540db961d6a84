"""The split certificate, and a verifier that believes nothing it says.

The certificate is written from SPLITS by the code that made them. The verifier reads only the hand-over, measures
every distance again in another way, and opens every file.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.captions.held_out import HeldOut
from curation.captions.places import places_in
from curation.release.alike import alike_counts, alike_problems, n_alike
from curation.release.moc import SEALED, area_deg2, file_of, footprints, holds, read_moc
from curation.truth.discs import nearest_margin
from schemas.errors import CorpusError
from schemas.fingerprint import sha256_of
from schemas.llava import LlavaRecord, read_llava
from schemas.whole import MANIFEST

if TYPE_CHECKING:
    from mocpy import MOC

RULE = (
    "Two cutouts of different splits lie at least radius + radius + guard apart: radius is half a cutout's diagonal, "
    "guard the wider one of the two. Cutouts that do not, or that show the same source, or the same or nearly the same "
    "picture, are one patch and have one split. The sky of a benchmark is test as a whole, also where none of its "
    "pictures is here."
)
FIGURE_RULE = (
    "Figures of one paper have one split, and so have papers that share a picture or a text. No figure whose caption "
    "names a source or a place of held-out sky is here."
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
MESSAGES_OF = {"train": "messages.jsonl", "validation": "messages-validation.jsonl", "test": "messages-test.jsonl"}
"""The same records for trainers that want messages; a split without any has no such file."""
SKY = ("benchmark", "dataset", "source_name", "ra_deg", "dec_deg", "radius_arcsec")
CERTIFICATE, PROVENANCE = "split_certificate.json", "provenance.parquet"
ROUNDING_ARCSEC = 1e-3

Rows = list[dict[str, Any]]


def promised(db: duckdb.DuckDBPyConnection) -> "tuple[dict[str, Any], dict[str, MOC]]":
    """The certificate of a corpus, opened as a database, and the coverage maps that it names."""
    places = ", ".join(PLACE)
    sampled = db.sql(f"SELECT {places} FROM splits SEMI JOIN samples USING (cutout_id)").to_arrow_table()
    tested = db.sql(f"SELECT {places} FROM splits WHERE benchmark IS NOT NULL").to_arrow_table()
    sealed = db.sql(f"SELECT DISTINCT {', '.join(SKY)} FROM sealed").to_arrow_table()
    figures = db.sql("SELECT split, group_id AS patch_id FROM captions").to_arrow_table().to_pylist()
    mocs = footprints(db)
    areas = {name: area_deg2(moc) for name, moc in mocs.items()}
    of_figures = {split: _figure_counts([row for row in figures if row["split"] == split]) for split in FILE_OF}
    told = {"figures": of_figures, "figure_rule": FIGURE_RULE, "alike": alike_counts(n_alike(db))}
    return {**certificate(sampled, tested, sealed, areas), **told}, mocs


def certificate(
    cutouts: pa.Table, tested: pa.Table, sealed: pa.Table, areas_deg2: Mapping[str, float]
) -> dict[str, Any]:
    """What is promised of the splits of all datasets together, in numbers; arcsec.

    `cutouts` are the SPLITS of the cutouts that have samples, `tested` those of every benchmark cutout, `sealed` the
    sky of benchmarks whether or not their pictures are here; `areas_deg2` are those of the coverage maps, by name.
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
        "sealed": _tested(tested),
        "sealed_sky": _sealed(sealed),
        "sky": {name: {"moc": file_of(name), "area_deg2": areas_deg2[name]} for name in sorted(areas_deg2)},
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
            *alike_problems(handover, rows, digests, claimed.get("alike")),
            *_group_problems(rows),
            *_sky_problems([row for row in rows if row["cutout_id"] is not None], claimed),
            *_caption_problems([row for row in rows if row["cutout_id"] is None], claimed),
            *_moc_problems(handover, rows, claimed["sky"]),
        ]
    except (CorpusError, OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        return [f"{handover}: cannot be verified: {type(error).__name__}: {error}"]


def _counts(rows: Rows) -> dict[str, int]:
    return {"n_cutouts": len(rows), "n_patches": len({row["patch_id"] for row in rows})}


def _sealed(table: pa.Table) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for row in table.sort_by([(name, "ascending") for name in SKY]).to_pylist():
        found.setdefault(row["benchmark"], []).append({name: row[name] for name in SKY[1:]})
    return found


def _tested(table: pa.Table) -> dict[str, Rows]:
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
    return {path.relative_to(handover).as_posix(): sha256_of(path) for path in files}


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
    for split, name in MESSAGES_OF.items():
        path = handover / name  # which hand-overs of older formats do not have
        if path.exists() and not _holds_messages(path, read_llava(handover / FILE_OF[split])):
            yield f"{name} does not hold the records of {FILE_OF[split]}"


def _holds_messages(path: Path, records: Iterable[LlavaRecord]) -> bool:
    with path.open(encoding="utf-8", newline="\n") as lines:
        pairs = zip_longest(lines, records)
        return all(line and record and _same(line, record.as_messages()) for line, record in pairs)


def _same(line: str, said: Mapping[str, Any]) -> bool:
    try:
        return json.loads(line) == said
    except ValueError:
        return False


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
    for name in ("source_id", "cutout_id", "patch_id", "paper_id"):
        splits: dict[str, dict[str, str]] = {}
        for row in (one for one in rows if one.get(name) is not None):
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
    yield from _sealed_problems(placed, claimed["sealed_sky"])
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
        discs = [{"guard_arcsec": 0.0, **place, "split": "sealed"} for place in places]
        discs = [disc for disc in discs if disc["radius_arcsec"] is not None]
        both = [*(row for row in placed if row["split"] != "test"), *discs]
        for left, right, separation, required in _near(both, 0.0):
            pair = {both[k]["split"] == "sealed": both[k] for k in (left, right)}
            if len(pair) > 1 and separation < required - ROUNDING_ARCSEC:
                trained, place = pair[False], pair[True]
                whom = f"cutout {place['cutout_id']}" if "cutout_id" in place else place["source_name"]
                yield (
                    f"sample {trained['sample_id']} ({trained['split']}) lies in the sealed sky of {benchmark}: "
                    f'{separation:.1f}" from {whom}; {required:.1f}" are required'
                )


def _caption_problems(rows: Rows, claimed: Mapping[str, Any]) -> Iterator[str]:
    """Figures of papers whose caption names a source or a place of sealed sky, and counts that are others."""
    sky = [{"owner": name, **place} for name, places in claimed["sealed_sky"].items() for place in places]
    sealed = HeldOut.of_rows(sky)
    for row in rows:
        caption = row["turns"][0]["answer"]
        if row["split"] != "test" and (shown := sealed.shown_by(caption, places_in(caption))):
            yield f"sample {row['sample_id']} ({row['split']}) shows the sealed sky of {shown[0]}: {shown[1]}"
    for split in FILE_OF:
        found = _figure_counts([row for row in rows if row["split"] == split])
        said = claimed.get("figures", {}).get(split, _figure_counts([]))  # of a hand-over from before there were any
        if found != said:
            yield f"{CERTIFICATE}: {split} has {found}, the certificate says {said}"


def _figure_counts(rows: Rows) -> dict[str, int]:
    return {"n_figures": len(rows), "n_groups": len({row["patch_id"] for row in rows})}


def _moc_problems(handover: Path, rows: Rows, sky: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Coverage maps of another area than promised, samples outside the map of their split, or in sealed sky."""
    placed = [row for row in rows if row["ra_deg"] is not None and row["radius_arcsec"] is not None]
    missing = sorted({row["split"] for row in placed} - sky.keys())
    yield from (f"{CERTIFICATE}: no coverage map of {split}" for split in missing)
    for name, said in sky.items():
        moc = read_moc(handover / said["moc"])
        if area_deg2(moc) != said["area_deg2"]:
            yield f"{said['moc']}: covers {area_deg2(moc)} deg2, the certificate says {said['area_deg2']}"
        is_inside = holds(moc, [row["ra_deg"] for row in placed], [row["dec_deg"] for row in placed])
        for row, is_in in zip(placed, is_inside.tolist(), strict=True):
            if row["split"] == name and not is_in:
                yield f"sample {row['sample_id']} ({row['split']}) lies outside {said['moc']}"
            if name.startswith(SEALED) and is_in and row["split"] != "test":
                yield f"sample {row['sample_id']} ({row['split']}) lies in {said['moc']}, which is sealed"


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
