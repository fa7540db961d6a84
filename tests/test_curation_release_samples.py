"""SAMPLES: only conversations that are judged, in a split, valid and new become records."""

import hashlib
from typing import Any

import pyarrow as pa

from catalogs.survey import PictureLimits
from curation.release.samples import SampleConfig, image_path, samples
from schemas.fingerprint import content_id
from schemas.llava import LlavaRecord
from schemas.rejection import Sieved
from schemas.tables import CONVERSATIONS, CUTOUTS, QUALITY, SOURCES, SPLITS

PNG = b"not looked into"
SHA = hashlib.sha256(PNG).hexdigest()
CUTOUT, SOURCE = content_id("cutout", 1), content_id("source", 1)


def turn(question: str = "What is seen?", answer: str = "A radio galaxy.") -> dict[str, Any]:
    return {"question": question, "answer": answer, "kind": "presence", "question_id": "seen", "claims": []}


def conversation(name: str = "a", turns: list[dict] | None = None, **more: Any) -> dict[str, Any]:
    ordinary = {"conversation_id": content_id("conversation", name), "cutout_id": CUTOUT, "dataset": "tiny",
                "turns": [turn()] if turns is None else turns, "generator": "template"}  # fmt: skip
    return ordinary | more


def verdicts(row: dict[str, Any], verdict: str = "supported") -> list[dict[str, Any]]:
    return [
        {
            "conversation_id": row["conversation_id"],
            "turn": k,
            "verdict": verdict,
            "reasons": ["count is 2"],
            "flags": [],
        }
        for k in range(len(row["turns"]))
    ]


def made(
    conversations: list[dict], judged: list[dict] | None = None, in_splits: bool = True, limits=PictureLimits(), **seen
) -> Sieved:
    quality = judged if judged is not None else [one for row in conversations for one in verdicts(row)]
    cutout = {name: None for name in CUTOUTS.schema.names} | {
        "cutout_id": CUTOUT, "source_id": SOURCE, "survey": "first", "sha256": SHA,
    } | seen  # fmt: skip
    source = {"source_id": SOURCE, "origin_catalog": "catalogs/tiny.csv", "origin_row": 7}
    place = {"cutout_id": CUTOUT, "source_id": SOURCE, "dataset": "tiny", "ra_deg": 1.0, "dec_deg": 2.0,
             "radius_arcsec": 30.0, "guard_arcsec": 10.0, "patch_id": content_id("patch", 1),
             "split": "train"}  # fmt: skip
    return samples(
        CONVERSATIONS.of(conversations),
        pa.Table.from_pylist([cutout], CUTOUTS.schema.empty_table().schema),
        QUALITY.of(quality),
        SPLITS.of([place] if in_splits else []),
        pa.Table.from_pylist([source], pa.schema([SOURCES.schema.field(name) for name in source])),
        SampleConfig("CC-BY-4.0", limits),
    )


def test_a_sample_is_a_valid_record_with_its_picture_split_and_origin():
    (row,) = made([conversation(turns=[turn(), turn("How many?", "One.")])]).kept.to_pylist()
    record = LlavaRecord.model_validate(
        {"id": row["sample_id"], "image": row["image"], "conversations": row["conversations"]}
    )
    assert record.conversations[0].value == "<image>\nWhat is seen?"
    assert row["image"] == image_path(SHA) == f"images/{SHA[:2]}/{SHA}.png"
    assert (row["split"], row["licence"], row["origin_row"], row["n_turns"]) == ("train", "CC-BY-4.0", 7, 2)
    assert row["verdicts"] == ["supported", "supported"]


def test_a_picture_beyond_a_limit_of_its_survey_is_refused_with_what_was_measured():
    poor = made([conversation()], limits=PictureLimits(most_stripes=0.3, most_depth=8), stripes=0.51, depth=4.0)
    (refused,) = poor.rejected.to_pylist()
    assert refused["reason"] == "poor-picture"
    assert refused["detail"] == "stripes 0.51, at most 0.3 (limits of survey first)"
    assert made([conversation()], stripes=0.51, depth=40.0).kept.num_rows == 1


def test_a_cutout_refused_by_the_splits_takes_its_conversation_with_it():
    assert made([conversation()], in_splits=False).reasons == {"not-in-splits": 1}


def test_a_contradicted_turn_refuses_the_conversation_and_is_named():
    row = conversation(turns=[turn(), turn("How many?", "Three.")])
    judged = [*verdicts(row)[:1], *verdicts(row, "contradicted")[1:]]
    (refused,) = made([row], judged).rejected.to_pylist()
    assert refused["reason"] == "contradicted"
    assert refused["detail"] == "turn 1 (seen): 'Three.': count is 2"


def test_an_unverifiable_turn_is_a_bug_of_a_template_but_not_of_a_model():
    by_template, by_model = conversation(), conversation(generator="internvl")
    assert made([by_template], verdicts(by_template, "unverifiable")).reasons == {"unverifiable": 1}
    assert made([by_model], verdicts(by_model, "unverifiable")).kept.num_rows == 1


def test_a_turn_without_verdict_is_refused():
    assert made([conversation()], []).reasons == {"not-judged": 1}


def test_the_same_picture_with_the_same_words_is_a_duplicate():
    given = [conversation("a"), conversation("b"), conversation("c", [turn(answer="A supernova remnant.")])]
    found = made(given)
    assert found.reasons == {"duplicate": 1} and found.n_in == 3
    assert found.kept.equals(made(given[::-1]).kept)


def test_words_that_break_the_records_rules_are_refused_with_the_rule():
    found = made([conversation(turns=[turn(answer="See <image>.")]), conversation("b", turns=[])])
    assert found.reasons == {"bad-record": 2}
    assert "<image> must stand exactly once" in str(found.rejected["detail"].to_pylist())


def test_no_conversations_give_no_samples():
    assert made([]).kept.num_rows == 0
