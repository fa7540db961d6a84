"""A sample's chain for a page: what it says and why, picture, pixels, source, catalogue row, tables."""

from collections.abc import Iterator, Mapping
from typing import Any

from curation.release.why import claim_told, decided_told, evidence_told, label_told, position_told
from schemas.manifest import DoorFile

Row = Mapping[str, Any]
Facts = list[tuple[str, str]]


def chained(found: Row) -> dict[str, Any]:
    """`release.why.chain` as turns, and links of the chain, each a title and facts in its order."""
    links = list(_of_figure(found) if "figure" in found else _of_source(found))
    turns = [_turn(one, found) for one in found["turns"]]
    doors: Facts = [("door", DoorFile(**one).line) for one in found["doors"]]
    tables: Facts = [("table", one) for one in found["tables"]]
    return {"turns": turns, "links": [*links, ("Doors", doors), ("Tables", tables)]}


def _turn(turn: Row, found: Row) -> dict[str, Any]:
    claims = turn.get("claims") or ()
    return {
        "question": turn["question"], "answer": turn["answer"], "verdict": turn.get("verdict"),
        "reasons": turn.get("reasons") or [], "writer": turn.get("writer") or "template",
        "claims": [{"says": claim_told(one), "because": [evidence_told(each, found) for each in one["evidence"] or ()],
                    "box": one["box"]} for one in claims],
        "fates": [f"{one['written']} ({one['fate']}{', ' + one['reason'] if one['reason'] else ''})"
                  for one in turn.get("written", {}).get("sentences") or ()],
    }  # fmt: skip


def _of_source(found: Row) -> Iterator[tuple[str, Facts]]:
    sample, cutout, source = found["sample"], found["cutout"], found["source"]
    x_min, y_min, x_max, y_max = cutout["box_fits_px"]
    yield "Sample", [
        ("id", sample["sample_id"]), ("split", sample["split"] or "none"), ("benchmark", sample["benchmark"] or "none"),
        ("licence", sample["licence"]), ("words by", sample["generator"]),
        *(("review", decided_told(one)) for one in found["decisions"]),
    ]  # fmt: skip
    nearest = cutout["nearest_mosaic"]
    yield "Picture", [
        ("cutout", cutout["cutout_id"]), ("drawn", cutout["stretch"]), ("SHA-256", cutout["sha256"]),
        ("pixels", f"x {x_min} to {x_max}, y {y_min} to {y_max} of the mosaic"),
    ]  # fmt: skip
    yield "Mosaic", [
        ("file", cutout["mosaic"]), ("SHA-256", cutout["mosaic_sha256"]),
        *([("nearer", f"{nearest}, which is blank there")] if nearest != cutout["mosaic"] else []),
    ]  # fmt: skip
    yield "Source", [
        ("id", source["source_id"]), ("name", source["source_name"] or ""), ("place", position_told(source)),
        *(("label", label_told(one)) for one in source["labels"] or () if one["state"] != "absent"),
        ("absent", ", ".join(one["label"] for one in source["labels"] or () if one["state"] == "absent") or "none"),
    ]  # fmt: skip
    yield "Catalogue row", [("file", source["origin_catalog"]), ("data row", f"{source['origin_row']} (0-based)")]


def _of_figure(found: Row) -> Iterator[tuple[str, Facts]]:
    sample, figure, paper, rating = (found[name] for name in ("sample", "figure", "paper", "rating"))
    yield "Sample", [("id", sample["sample_id"]), ("split", sample["split"] or "none"), ("licence", sample["licence"])]
    yield "Caption", [
        ("LaTeX", sample["caption_latex"]),
        ("rated", f"{rating['caption_score']} of 10 by {rating['model']}, the rules allow {rating['score_bound']}"),
        *(("statement", f"{one['verdict']}: {one['kind']} {one['said']}") for one in sample["statements"] or ()),
    ]  # fmt: skip
    yield "Figure", [("number", f"{figure['number']}{figure['panel'] or ''}"), ("files", ", ".join(figure["files"])),
                     ("SHA-256", figure["source_sha256"])]  # fmt: skip
    yield "Paper", [("cited", paper["attribution"]), ("licence", paper["licence"]), ("source", paper["source"]),
                    ("SHA-256", paper["sha256"])]  # fmt: skip
