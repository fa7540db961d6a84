"""What the report says of judge and people: estimates that hold for few rows, and queries that count what is there."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from curation.decisions.rows import decision
from curation.generation.judge import judge_door
from curation.release.built import opened
from curation.release.gates import GateResult
from curation.release.lift import ratio_of_shares
from curation.release.report import report
from curation.release.review import Decision, People, by_majority, judgements
from curation.release.words_report import agreement, interval, lifts
from schemas.estimate import share
from schemas.fingerprint import content_id
from schemas.manifest import DoorFile, Manifest, Part
from schemas.rejection import REJECTED, Rejection, Sieved, sieved
from schemas.tables import CONVERSATIONS, GENERATED, JUDGED, QUALITY

AXES = list(judge_door("judge").task["judge"].form["properties"])


# -- lifts by axis and by dataset ----------------------------------------------------------------------------------


def test_a_difference_between_datasets_shows_beside_each_dataset():
    """Simpson: no lift inside either dataset, a strong one over both."""
    rows = [
        {"dataset": name, "axis": axis, "score": score, "n_good": good, "n_faulty": faulty}
        for axis in ("clarity", "mean")
        for name, cells in {"a": [(2, 30, 30), (3, 30, 30)], "b": [(8, 95, 5), (9, 95, 5)]}.items()
        for score, good, faulty in cells
    ]
    found = lifts(rows)
    assert list(found) == [("", "clarity"), ("", "mean"), ("a", "mean"), ("b", "mean")]
    assert found["", "mean"].told == "low scores foretell faults"
    assert found["a", "mean"].told == found["b", "mean"].told == "no lift shown"


def test_an_estimate_in_words():
    assert interval(None) == "–" and interval(share(1, 2), percent=True) == "50.0 % (9.5 % to 90.5 %)"
    assert interval(ratio_of_shares(3, 10, 0, 20)).startswith("∞ (")


# -- what people decided -----------------------------------------------------------------------------------------------


def row(reviewer: str, verdict: str, conversation: str, at: int, **more: Any) -> Any:
    ids = {f"{name}_id": content_id(name, conversation) for name in ("sample", "cutout", "source")}
    return decision(
        decided_at=f"2026-01-01T00:00:{at:02d}+00:00", reviewer=reviewer, verdict=verdict, dataset="demo",
        conversation_id=conversation, picture_sha256="0" * 64, labels_sha256="0" * 64, **ids, **more,
    )  # fmt: skip


def test_what_was_taken_back_and_notes_are_no_judgements():
    first = row("ann", "reject", conv(1), 1)
    rows = (first, row("ann", "note", conv(2), 2, note="pretty"), row("ben", "accept", conv(1), 3),
            row("ann", "undo", conv(1), 4, undoes=first.decision_id))  # fmt: skip
    assert judgements({"demo": rows}) == (Decision(conv(1), False, "ben"),)


def test_a_conversation_is_faulty_when_most_say_so_and_open_when_as_many_say_otherwise():
    said = [Decision("s1", True, "ann"), Decision("s1", False, "bob"), Decision("c1", True, "cec"),
            Decision("s2", True, "ann"), Decision("s2", False, "bob"), Decision("nobody", True),
            Decision("s3", True, "ann"), Decision("s3", False, "ann")]  # fmt: skip
    owner = {"s1": "c1", "c1": "c1", "s2": "c2", "s3": "c3"}
    assert by_majority(said, owner) == ({"c1": True, "c3": False}, 1)


# -- queries and page --------------------------------------------------------------------------------------------------


@dataclass
class Shelf:
    """A store in memory."""

    tables: dict[str, Sieved] = field(default_factory=dict)

    def put(self, address: str, table: Any, rows: list[dict[str, Any]], refused: list[Rejection] | None = None) -> None:
        self.tables[address] = sieved(table.of(rows), refused or [], len(rows) + len(refused or []))

    def dataset(self, address: str) -> ds.Dataset:
        return ds.dataset(self.tables[address].kept)

    def rejected(self, address: str) -> pa.Table:
        return self.tables[address].rejected

    def manifest(self, address: str) -> Manifest:
        made = self.tables[address]
        return Manifest(
            address=address, table=address.split("/")[0].upper(), recipe={}, inputs=[], counts="rows", n_in=made.n_in,
            n_kept=made.kept.num_rows, n_rejected=made.rejected.num_rows, reasons=made.reasons,
            parts=[Part(name="part-00000.parquet", n_rows=made.kept.num_rows, sha256="0" * 64)], rejected=[],
            versions={}, commit="", made_at="now", made_by="a test",
        )  # fmt: skip

    def addresses(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for address in self.tables:
            found.setdefault(address.split("/")[0], []).append(address)
        return found


N = 30
FAULTY = range(8)
"""Conversations about pictures of which the model said something false, refused; the judge gives them less."""


def conv(k: int) -> str:
    return content_id("conv", k)


def cut(k: int) -> str:
    return content_id("cutout", k)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    made = Shelf()

    def turn(question: str, answer: str, kind: str, writer: str) -> dict[str, Any]:
        return {"question": question, "answer": answer, "kind": kind, "question_id": kind, "claims": [],
                "writer": writer, "request_sha": None}  # fmt: skip

    same = "There are no extended sources in the image. <b>"
    talks = [
        {"conversation_id": conv(k), "cutout_id": cut(k), "dataset": "demo", "generator": "a-model",
         "turns": [turn("Is any extended source seen?", same, "yes-no", "template"),
                   turn("What is seen?", f"Number {k} is seen.", "generated", "a-model")]}
        for k in range(N)
    ]  # fmt: skip
    flags = {0: ["answerable-earlier"], 1: ["names-caption", "repetition"]}
    verdicts = [
        {"conversation_id": conv(k), "turn": t, "verdict": "unverifiable" if t and k % 3 == 0 else "supported",
         "reasons": [], "flags": flags.get(k, []) if t else []}
        for k in range(N) for t in (0, 1)
    ]  # fmt: skip
    fates = [("as-written", None), ("reworded", "not-read"), ("cut", "contradicted")]
    told = [{"written": f"So it is {fate}.", "text": "", "fate": fate, "reason": reason, "detail": None, "claims": []}
            for fate, reason in fates]  # fmt: skip
    written = [
        {"cutout_id": cut(k), "turn": 0, "dataset": "demo", "question": "What is seen?",
         "answer": f"Number {k} is seen.", "sentences": told[: 3 if k in FAULTY else 2], "n_as_written": 1,
         "n_reworded": 1, "n_cut": int(k in FAULTY), "claims": [], "verdict": "supported", "reasons": [],
         "model": "a-model", "revision": "main", "prompt": "claims", "prompt_sha": "0" * 64,
         "request_sha": "1" * 64, "seed": 0, "attempt": 2 if k == 9 else 1}
        for k in range(N)
    ]  # fmt: skip
    lost = {"sentences": [{"written": "It is.", "fate": "cut", "reason": "contradicted"},
                          {"written": "So.", "fate": "as-written", "reason": ""}]}  # fmt: skip
    refused = [Rejection(f"{cut(k)}:turns:1:1", "not-answered", "presence FR-I", lost) for k in FAULTY]
    refused += [Rejection(f"{cut(9)}:turns:1:0", "truncated", "length"), Rejection(cut(99), "no-source", "")]
    scores = [
        {"conversation_id": conv(k), "cutout_id": cut(k), "model": "a-judge", "revision": "r1", "prompt": "judge",
         "scores": [(axis, 3.0 if k in FAULTY else 8.0) for axis in AXES], "request_sha": "2" * 64}
        for k in range(N - 1)
    ]  # fmt: skip
    made.put("conversations/demo/1", CONVERSATIONS, talks)
    made.put("quality/demo/1", QUALITY, verdicts)
    made.put("generated/demo/1", GENERATED, written, refused)
    made.put("judged/demo/1", JUDGED, scores, [Rejection(conv(N - 1), "no-json", "")])
    return made


SAID = judgements(
    {
        "demo": [row(f"r{k}", "reject" if k < 6 else "accept", conv(k), k) for k in range(12)]
        + [row("r12", "accept", "conv-ffffffffffffffff", 12)]
    }
)


def rows(shelf: Shelf, name: str) -> list[dict[str, Any]]:
    folder = Path(__file__).parent.parent / "curation" / "release" / "numbers"
    with opened(shelf, shelf.addresses()) as db:
        return db.sql((folder / f"{name}.sql").read_text()).to_arrow_table().to_pylist()


def test_every_request_and_every_turn_of_a_model_is_counted(shelf: Shelf):
    (row,) = rows(shelf, "generated")
    assert row | {"n_requests": 31, "n_again": 1, "n": 39, "n_kept": 30, "n_not_answered": 8, "n_ill_formed": 1} == row
    assert (row["model"], row["n_supported"], row["n_all_cut"]) == ("a-model", 30, 0)


def test_every_sentence_of_a_model_is_counted_by_what_became_of_it(shelf: Shelf):
    found = {(row["fate"], row["reason"]): (row["n"], row["n_all"], row["example"]) for row in rows(shelf, "fates")}
    assert found == {
        ("as-written", ""): (30, 84, "So it is as-written."), ("reworded", "not-read"): (30, 84, "So it is reworded."),
        ("cut", "contradicted"): (16, 84, "It is."), ("refused with its turn", ""): (8, 84, "So."),
    }  # fmt: skip


def test_verdicts_are_told_by_writer(shelf: Shelf):
    template, model = rows(shelf, "verdicts")
    assert (template["writer"], template["n_turns"], template["n_supported"]) == ("template", N, N)
    assert (model["writer"], model["n_turns"], model["n_unverifiable"]) == ("a-model", N, 10)


def test_answers_of_many_pictures_and_flags_are_counted(shelf: Shelf):
    (answer,) = rows(shelf, "answers")
    assert (answer["n_pictures"], answer["n_all"], answer["n_questions"]) == (N, N, 1)
    found = {row["flag"]: (row["n"], row["n_turns"]) for row in rows(shelf, "flags")}
    assert found == {"answerable-earlier": (1, 2 * N), "names-caption": (1, 2 * N), "repetition": (1, 2 * N)}


def test_faults_of_the_lift_are_those_refused_before_the_conversation_too(shelf: Shelf):
    found = lifts(rows(shelf, "judge_lift"))
    assert list(found) == [*(("", axis) for axis in sorted(AXES)), ("", "mean"), ("demo", "mean")]
    mean = found["demo", "mean"]
    assert (mean.n, mean.n_faulty, mean.cut, mean.n_low, mean.n_low_faulty) == (N - 1, 8, 3.0, 8, 8)
    assert mean.chance.value == 1 and mean.told == "low scores foretell faults"
    (first, *_) = rows(shelf, "judged")
    assert (first["axis"], first["n"], first["n_refused"], first["high"]) == ("agreement", N - 1, 1, 8)


def test_decisions_of_people_are_held_against_rules_and_judge(shelf: Shelf):
    with opened(shelf, shelf.addresses()) as db:
        found = agreement(db, SAID)
        assert agreement(db, ()) is None
    assert (found.n_decisions, found.n_unknown, found.n, found.n_faulty, found.n_open) == (13, 1, 12, 6, 0)
    assert (found.n_doubted, found.n_passed) == (2, 4)  # 0 and 3 of six; 6 and 9 doubted of the other six
    assert found.doubted.value == pytest.approx(1 / 3) and found.doubted.low < 0.1 and found.doubted.high > 0.65
    assert (found.judge.n, found.judge.n_faulty, found.judge.n_low) == (12, 6, 8)


@dataclass(frozen=True)
class Names:
    name: str = "demo"
    title: str = "A demo"


@dataclass
class Made:
    shelf: Shelf
    corpus: Names = Names()
    of: dict[str, Any] = field(default_factory=dict)
    handover: str = "llava/demo/1"
    doors: tuple[DoorFile, ...] = ()

    def addresses(self) -> dict[str, list[str]]:
        return self.shelf.addresses()


def test_a_judgement_of_nothing_shuts_the_gate(shelf: Shelf):
    rule = Path(__file__).parent.parent / "curation" / "release" / "rules" / "judgement_has_conversation.sql"
    stray = Shelf({name: one for name, one in shelf.tables.items() if name.startswith(("conv", "judged"))})
    for n_stray in (0, 1):
        with opened(stray, stray.addresses()) as db:
            assert len(db.sql(rule.read_text()).fetchall()) == n_stray
        judged = stray.tables["judged/demo/1"].kept.slice(0, 1)
        index = judged.schema.get_field_index("conversation_id")
        judged = judged.set_column(index, judged.schema.field(index), pa.array([content_id("conv", "nobody")]))
        stray.tables["judged/demo/1"] = Sieved(judged, REJECTED.empty_table(), 1)


def test_the_page_tells_of_them_and_is_the_same_bytes_twice(shelf: Shelf, tmp_path: Path):
    gate = GateResult(True, (), 1, 1, Path())
    files = [tmp_path / f"{k}" / "report.html" for k in (1, 2)]
    pages = [report(shelf, Made(shelf), gate, file, People(SAID)).read_text() for file in files]
    assert pages[0] == pages[1]
    assert len({(tmp_path / str(k) / "report.json").read_bytes() for k in (1, 2)}) == 1
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", pages[0]))
    assert "Does a low score foretell a contradiction?" in text and "low scores foretell faults" in text
    assert "13 decisions; 12 conversations decided, 6 of them faulty; 1 about nothing that this corpus has." in text
    assert (
        "judge: clarity" in text and "a-judge r1" in text and "&lt;b&gt;" in pages[0] and "image. <b>" not in pages[0]
    )
    assert 'id="exam"' in pages[0] and "two who labelled 150 of them agree in" in text
    bare = Shelf({name: one for name, one in shelf.tables.items() if name.startswith(("conv", "quality"))})
    page = report(bare, Made(bare), gate, tmp_path / "bare.html").read_text()
    assert 'id="judge"' not in page and "Written by a model" not in page and 'id="words"' in page
