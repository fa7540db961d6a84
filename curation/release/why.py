"""The chain from a sample back to pixels and catalogue rows: what a person asks when an answer looks wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from curation.release.built import Tables
from schemas.errors import RecipeError, StoreError
from schemas.manifest import DoorFile
from schemas.tables import EDGES

Row = dict[str, Any]
BULKY = ("png", "small", "pixels", "blank_mask", "wcs_header")


class Searchable(Tables, Protocol):
    """A store whose tables can be listed."""

    def addresses(self, folder: str = "") -> Iterator[str]: ...


def chain(sample_id: str, store: Searchable) -> Row:
    """All that leads to a sample: its turns with claims and evidence, cutout, source, catalogue row, and tables.

    A sample that several builds made is followed through the youngest. Raises RecipeError when no build has it.
    """
    address = _address_of(sample_id, store)
    if address.startswith("captions/"):
        return _figure_chain(sample_id, address, store)
    tables = _lineage(address, store)
    sample = _one(store, [address], "sample_id", sample_id)
    conversation = _one(store, tables["conversations"], "conversation_id", sample["conversation_id"])
    cutout = _one(store, tables["cutouts"], "cutout_id", sample["cutout_id"])
    row = _one(store, tables["windows"], "source_id", cutout["source_id"])
    window = _window(row, cutout["cutout_id"])
    known = tables.get("reviewed_sources", tables["sources"])
    source = _one(store, known, "source_id", sample["source_id"])
    verdicts = {
        row["turn"]: row for row in _all(store, tables["quality"], "conversation_id", [sample["conversation_id"]])
    }
    objects = _objects(store, tables.get("reviewed_objects", tables.get("objects", [])), conversation["turns"])
    written = _written(store, tables.get("generated", []), sample["cutout_id"])
    decided = _all(store, tables.get("decisions", []), "source_id", [sample["source_id"]])
    return {
        "sample": {name: value for name, value in sample.items() if name not in ("png", "conversations", "verdicts")},
        "turns": [
            {**turn, "verdict": verdicts[k]["verdict"], "reasons": verdicts[k]["reasons"]}
            | ({"written": written[_key(turn)]} if _key(turn) in written else {})
            for k, turn in enumerate(conversation["turns"])
        ],
        "cutout": {name: value for name, value in cutout.items() if name not in BULKY}
        | {"box_fits_px": [window[edge] for edge in EDGES], "nearest_mosaic": row["mosaic"]}
        | _beside(store, tables, cutout["cutout_id"]),
        "source": source,
        "objects": objects,
        "decisions": [one for one in decided if one["sample_id"] == sample_id or one["verdict"] == "correct"],
        "doors": [asdict(one) for one in store.manifest(address).doors],
        "tables": [nearest for nearest, *_ in tables.values()],  # the splits read other datasets too
    }


def told(found: Mapping[str, Any]) -> list[str]:
    """The chain in lines for people."""
    if "figure" in found:
        return _figure_told(found)
    sample, cutout, source = found["sample"], found["cutout"], found["source"]
    lines = [f"sample  {sample['sample_id']}  ({sample['dataset']}, {sample['split']}{_benchmark(sample)})"]
    lines += [f"  picture {sample['image']}", f"  licence {sample['licence']}; words by {sample['generator']}"]
    lines += [line for k, turn in enumerate(found["turns"]) for line in _turn(k, turn, found)]
    x_min, y_min, x_max, y_max = cutout["box_fits_px"]
    nearest = cutout["nearest_mosaic"]
    is_not = "not taken" if "frame" in cutout else "blank"
    lines += [
        f"cutout  {cutout['cutout_id']}",
        f"  from    {cutout['mosaic']}"
        + (f" ({nearest} is nearer, but {is_not})" if nearest != cutout["mosaic"] else ""),
        f"  pixels  x {x_min} to {x_max}, y {y_min} to {y_max} (0-based FITS pixels, far edge outside)",
        f"  mosaic  SHA-256 {cutout['mosaic_sha256']}",
        *_frame_told(cutout),
        *_noise_told(cutout),
        f"  picture SHA-256 {cutout['sha256']}",
        f"  drawn   {cutout['stretch']}",
        f"source  {source['source_id']}  {source['source_name']}  {position_told(source)}",
    ]
    lines += [f"  label   {label_told(one)}" for one in source["labels"] if one["state"] != "absent"]
    absent = [one["label"] for one in source["labels"] if one["state"] == "absent"]
    lines += [f"  absent  {', '.join(absent)}"] if absent else []
    lines += [f"review  {decided_told(one)}" for one in found["decisions"]]
    lines.append(f"row     {source['origin_catalog']}, data row {source['origin_row']} (0-based)")
    lines += ["doors", *(f"  {DoorFile(**one).line}" for one in found["doors"])]
    return [*lines, "tables", *(f"  {address}" for address in found["tables"])]


def _figure_chain(sample_id: str, address: str, store: Searchable) -> Row:
    """All that leads to a caption: its figure, paper, rating and statements."""
    tables = _lineage(address, store)
    sample = _one(store, [address], "sample_id", sample_id)
    figure = _one(store, tables["figures"], "figure_id", sample["figure_id"])
    return {
        "sample": {name: value for name, value in sample.items() if name not in ("png", "conversations", "turns")},
        "turns": sample["turns"],
        "figure": {name: value for name, value in figure.items() if name not in BULKY},
        "paper": _one(store, tables["papers"], "paper_id", sample["paper_id"]),
        "rating": _one(store, tables["ratings"], "figure_id", sample["figure_id"]),
        "doors": [asdict(one) for one in store.manifest(address).doors],
        "tables": [nearest for nearest, *_ in tables.values()],
    }


def _figure_told(found: Row) -> list[str]:
    sample, figure, paper, rating = (found[name] for name in ("sample", "figure", "paper", "rating"))
    (turn,) = found["turns"]
    by_rule = f" ({'; '.join(rating['rules'])})" if rating["rules"] else ""
    files = ", ".join(figure["files"]) or "a page"
    return [
        f"sample  {sample['sample_id']}  (captions, {sample['split']})",
        f"asked   {_flat(turn['question'])}",
        f"said    {_flat(turn['answer'])}",
        f"latex   {_flat(sample['caption_latex'])}",
        *(f"  {one['verdict']:<9} {one['kind']} {one['said']}" + (f": {one['evidence']}" if one["evidence"] else "")
          for one in sample["statements"]),
        f"rated   {rating['caption_score']} of 10: {rating['model']} ({rating['revision']}) said "
        f"{rating['model_score']}, the rules allow {rating['score_bound']}{by_rule}",
        f"request {rating['request_sha']}",
        f"figure  {figure['number']}{figure['panel']} ({figure['kind']}, label {figure['label'] or 'none'}): {files}",
        f"picture {figure['source_format']}, SHA-256 {figure['source_sha256']}",
        f"paper   {paper['attribution']}; licence {paper['licence']}",
        f"source  {paper['source']}, SHA-256 {paper['sha256']}",
        "doors", *(f"  {DoorFile(**one).line}" for one in found["doors"]),
        "tables", *(f"  {one}" for one in found["tables"]),
    ]  # fmt: skip


def _address_of(sample_id: str, store: Searchable) -> str:
    known = [*store.addresses("samples"), *store.addresses("captions")]
    has_it = [
        one for one in known if store.dataset(one).count_rows(filter=pc.field("sample_id") == sample_id)
    ]  # fmt: skip
    if has_it:
        return max(has_it, key=lambda one: (store.manifest(one).made_at, one))
    if not known:
        raise RecipeError(f"no sample {sample_id!r}: this store has no samples yet; build a corpus first")
    first = next((row["sample_id"] for one in known for row in store.dataset(one).head(1).to_pylist()), None)
    raise RecipeError(
        f"no sample {sample_id!r} in {len(known)} tables of samples; the `id` of a record in llava.json is wanted, "
        f"such as {first}"
    )


def _lineage(address: str, store: Tables) -> dict[str, list[str]]:
    """The tables behind a table, by kind, nearest first."""
    found: dict[str, list[str]] = {}
    todo = [address]
    while todo:
        one = todo.pop(0)
        some = found.setdefault(one.split("/")[0], [])
        if one not in some:
            some.append(one)
            todo += store.manifest(one).inputs
    return found


def _one(store: Tables, addresses: Sequence[str], key: str, value: str) -> Row:
    rows = _all(store, addresses, key, [value])
    if not rows:
        raise StoreError(
            f"{key} {value} is in none of {', '.join(addresses)}: a table was changed by hand; build again"
        )
    return rows[0]


def _window(row: Row, cutout_id: str) -> Row:
    """The window of a row that was cut: in the nearest mosaic, or in one of the others where that is blank."""
    return next((one for one in row.get("others") or () if one["cutout_id"] == cutout_id), row)


def _beside(store: Tables, tables: Mapping[str, Sequence[str]], cutout_id: str) -> Row:
    """The rows of FRAMES and NOISE of a cutout, as `frame` and `noise`; nothing where its corpus has none."""
    named = (("frame", "frames"), ("noise", "noise"))
    return {name: _one(store, tables[kind], "cutout_id", cutout_id) for name, kind in named if kind in tables}


def _noise_told(cutout: Row) -> Iterator[str]:
    """Whose noise a cutout has, and what was subtracted from it."""
    noise = cutout.get("noise")
    if noise is None:
        return
    if noise["state"] == "window":
        yield f"  noise   of the picture: too few pixels are known in all boxes of {noise['box_px']} pixels around it"
        return
    side = "" if noise["box_arcsec"] is None else f" ({noise['box_arcsec']:.4g} arcsec)"
    of = "around its middle" if noise["rms"] == "local" else "of its own pixels"
    local, taken = noise["rms_local_mjy_per_beam"], noise["background_taken_mjy_per_beam"]
    said = "" if local is None else f", {local:.4g} mJy/beam around"
    nearest = "; some are blank, the nearest stand for them" if noise["state"] == "nearest" else ""
    yield f"  noise   {of}{said}; {noise['n_boxes']} boxes of {noise['box_px']} pixels{side}{nearest}"
    if noise["background"] != "none":
        yield f"  less    the {noise['background']} background" + ("" if taken is None else f", {taken:.4g} mJy/beam")


def _frame_told(cutout: Row) -> Iterator[str]:
    """Of which mosaics a cutout is made, on which pixels, and at which beam."""
    frame = cutout.get("frame")
    if frame is None:
        return
    yield f"  overlap {frame['overlap']}"
    for one in frame["mosaics"]:
        share = f"{100 * one['weight']:.3g} %" if one["weight"] else f"not taken: {one['why_not']}"
        noise = "" if one["rms_mjy_per_beam"] is None else f", noise {one['rms_mjy_per_beam']:.4g} mJy/beam"
        box = f"x {one['x_min_px']} to {one['x_max_px']}, y {one['y_min_px']} to {one['y_max_px']}"
        yield f"    {one['mosaic']}  {share}{noise}; {box}; SHA-256 {one['sha256']}"
    pixel = f"{frame['width_px']} x {frame['height_px']} pixels"
    if frame["method"]:
        loss = frame["peak_loss"]
        lost = "" if loss is None else f"; a point source loses at most {100 * loss:.2g} % of its peak"
        yield f"  grid    {pixel} by {frame['method']}{lost}"
    else:
        yield f"  grid    {pixel} of the mosaic"
    if frame["beam_major_arcsec"] is not None:
        axes = f"{frame['beam_major_arcsec']:.4g} x {frame['beam_minor_arcsec']:.4g} arcsec"
        yield f"  beam    {axes}, from the {frame['beam_from']}"


def _all(store: Tables, addresses: Sequence[str], key: str, values: Sequence[str]) -> list[Row]:
    wanted = pc.field(key).isin(pa.array(values, pa.string()))
    found: list[Row] = []
    for address in addresses:
        table = store.dataset(address)
        names = [name for name in table.schema.names if name not in BULKY]
        found += table.to_table(filter=wanted, columns=names).to_pylist()
    return found


def _objects(store: Tables, addresses: Sequence[str], turns: Sequence[Row]) -> list[Row]:
    """The objects that the claims rest on."""
    named = [one for turn in turns for claim in turn["claims"] or () for one in claim["evidence"] or ()]
    ids = sorted({one.removeprefix("object:") for one in named if one.startswith("object:")})
    rows = _all(store, addresses, "object_id", ids) if ids else []
    return sorted(rows, key=lambda row: row["object_id"])


def _written(store: Tables, addresses: Sequence[str], cutout_id: str) -> dict[tuple[str, str], Row]:
    """What a model wrote about a cutout: who, told what, and the fate of each sentence. By request and question."""
    names = ("model", "revision", "prompt", "prompt_sha", "seed", "attempt", "sentences")
    rows = _all(store, addresses, "cutout_id", [cutout_id])
    return {_key(row): {name: row[name] for name in names} for row in rows}


def _key(turn: Row) -> tuple[str, str]:
    return turn.get("request_sha") or "", turn["question"]


def _turn(k: int, turn: Row, found: Mapping[str, Any]) -> Iterator[str]:
    reasons = f": {'; '.join(turn['reasons'])}" if turn["reasons"] else ""
    yield f"turn {k}  ({turn['question_id']}; {turn['verdict']}{reasons})"
    yield f"  asked   {_flat(turn['question'])}"
    yield f"  said    {_flat(turn['answer'])}"
    if "written" in turn:
        by = turn["written"]
        yield f"  written by {by['model']} ({by['revision']}), prompt {by['prompt']}, attempt {by['attempt']}"
        yield f"  request {turn['request_sha']}"
        for one in by["sentences"] or ():
            because = f", {one['reason']}" if one["reason"] else ""
            yield f"  wrote   {_flat(one['written'])}  ({one['fate']}{because})"
            yield from (f"    stated  {claim_told(claim)}" for claim in one["claims"] or ())
    for claim in turn["claims"] or ():
        yield f"  claims  {claim_told(claim)}"
        for evidence in claim["evidence"] or ():
            yield f"    because {evidence_told(evidence, found)}"


def claim_told(claim: Row) -> str:
    """A claim in a few words."""
    parts = [claim["kind"], claim["subject"], claim["state"], claim.get("how"), claim.get("other")]
    parts += [str(claim["count"])] if claim["count"] is not None else []
    parts += ["[" + ", ".join(f"{edge:.3f}" for edge in claim["box"]) + "]"] if claim["box"] else []
    return " ".join(part for part in parts if part)


def evidence_told(evidence: str, found: Mapping[str, Any]) -> str:
    """Evidence in words: the label's own row, the object's own row, or the pixels."""
    kind, _, rest = evidence.partition(":")
    if kind == "object":
        for row in found["objects"]:
            if row["object_id"] == rest:
                where = f"{row['origin_catalog']}, data row {row['origin_row']}"
                return f"object {row['object_name']} ({row['detector']}): {where}"
    if kind == "label":
        name = rest.partition(":")[2]
        said = [one for one in found["source"]["labels"] if one["label"] == name]
        if said:
            return f"label {label_told(said[0])}"
    return evidence


def decided_told(one: Row) -> str:
    """A decision of a reviewer."""
    what = f"{one['label']} is {one['state']}" if one["verdict"] == "correct" else one["verdict"]
    note = f" ({_flat(one['note'])})" if one["note"] else ""
    return f"{one['reviewer']}: {what}{note}, {one['decided_at']}, {one['decision_id']}"


def label_told(one: Row) -> str:
    """A label with who says so, and where."""
    original = f" (as written: {one['original']})" if one["original"] != one["label"] else ""
    sure = f", confidence {one['confidence']:g}" if one["confidence"] is not None else ""
    where = f"{one['catalog']}, data row {one['row']}"
    return f"{one['label']} is {one['state']}{original}, says {one['tier']}{sure}: {where}"


def position_told(row: Row) -> str:
    """A place on the sky."""
    return "no position" if row["ra_deg"] is None else f"ra {row['ra_deg']:.6f} dec {row['dec_deg']:+.6f} (ICRS)"


def _benchmark(sample: Row) -> str:
    return f", benchmark {sample['benchmark']}" if sample["benchmark"] else ""


def _flat(text: str) -> str:
    return " ".join(text.split())
