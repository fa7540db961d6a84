"""Decisions of reviewers change the next build, and only what depends on them; nothing that anybody decided is lost."""

import html
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from curation.cli import curation as command
from curation.decisions.evidence import Annotated, labels_digest
from curation.decisions.reviewed import Vocabulary, corrected, reviewed
from curation.decisions.rows import Decision, Verdict, decision, decisions_of, keep, now
from curation.decisions.standing import agreements, kappa, outcomes, speaking
from curation.decisions.step import Decided, decisions
from curation.deposit.diff import diff
from curation.engine.store import Store
from curation.operation.unreached import unreached
from curation.release.built import opened
from curation.release.gates import GateResult
from curation.release.report import report
from curation.release.review import People
from curation.reviewing.changes import change_lines
from curation.reviewing.csv_rows import read, written
from curation.reviewing.deciding import decided
from curation.verification.annotation_tables import AnnotationTables
from schemas.errors import CatalogError, DamageError, RecipeError
from schemas.fingerprint import content_id
from schemas.labels import label_scheme
from schemas.tables import CUTOUTS, DECISIONS, OBJECTS, SOURCES
from tests import making_conversations as scene
from tests.making_review import CORPUS, NAME, Small, changed_raw, one_of_each_cutout

RULES = Path(__file__).parent.parent / "curation" / "release" / "rules"


@pytest.fixture
def first(reviewed_corpus: Small) -> Small:
    """The corpus without any decision. To be read, not to be written to."""
    return reviewed_corpus


@pytest.fixture
def small(first: Small, tmp_path: Path) -> Small:
    """A copy of it, for the test alone."""
    return first.copied(tmp_path)


# -- what decisions make of the next build ---------------------------------------------------------------------------


def test_accepted_rejected_and_corrected_are_found_in_the_next_hand_over(small: Small):
    good, bad, wrong = one_of_each_cutout(small.desk)[:3]
    seen = small.desk.seen(small.desk.found(wrong))
    small.decide(good, "accept")
    rejected = small.decide(bad, "reject", note="a ring, no source")
    small.decide(wrong, "correct", label="fr_hybrid")
    before = small.desk.handover
    small.build()
    rows = small.provenance()
    of = {one.sample_id: one.source_id for one in small.reviews[NAME]}
    gone = [row for some in diff(before, small.desk.handover, small.store).changes.values() for row in some
            if row["id"] == of[bad]]  # fmt: skip
    assert gone and all(f"rejected-in-review: {bad}: ann says reject (a ring, no source)" in row["why"] for row in gone)
    assert rows[good]["review"] == "accepted" and bad not in rows and wrong not in rows
    told = [row for row in rows.values() if row["source_id"] == seen.cutout["source_id"]]
    states = {one["label"]: (one["state"], one["tier"]) for one in told[0]["labels"]}
    assert states == {"HYBRID": ("present", "expert"), "FR-I": ("absent", "expert"), "FR-II": ("absent", "expert")}
    answers = [turn["answer"] for row in told for turn in row["turns"]]
    assert "HYBRID" in answers and all("HYBRID" in one or "hybrid" in one for one in answers)
    assert set(small.standing().values()) == {"counts"}
    (address,) = [one for one in small.desk.tables["samples"] if NAME in one]
    refused = small.store.rejected(address).to_pylist()
    assert [(one["reason"], one["row_id"]) for one in refused] == [("rejected-in-review", rejected.conversation_id)]
    assert refused[0]["detail"].startswith(f"{bad}: ann says reject (a ring, no source), {rejected.decision_id}")
    with opened(small.store, small.desk.tables) as db:
        assert not db.sql((RULES / "no_rejected_sample.sql").read_text()).fetchall()
        for rule in DECISIONS.rules:
            assert not db.sql(f"FROM decisions WHERE ({rule.holds}) IS NOT TRUE").fetchall(), rule.name
        assert db.sql("SELECT count(*) FROM decisions").fetchall() == [(3,)]


def test_a_decision_rebuilds_only_what_depends_on_it(small: Small):
    good, wrong = one_of_each_cutout(small.desk)[:2]
    small.decide(good, "note", note="pretty")
    small.make()
    assert small.remade == []
    small.decide(good, "reject")
    small.make()
    assert set(small.remade) == {f"decisions/{NAME}/samples", f"samples/{NAME}", "blind/small"}
    small.decide(wrong, "correct", label="HYBRID")
    small.make()
    kinds = {one.split("/")[0] for one in small.remade}
    assert kinds == {"decisions", "reviewed_sources", "descriptions", "answers", "quotas", "conversations", "quality",
                     "samples", "injections", "blind"}  # fmt: skip
    assert not kinds & {"mosaics", "sources", "objects", "windows", "cutouts", "splits"}


def test_what_is_taken_back_leaves_the_addresses_of_before(first: Small, small: Small):
    before = small.graph().handover
    wrong = one_of_each_cutout(small.desk)[0]
    small.decide(wrong, "correct", label="HYBRID")
    changed = small.graph()
    assert changed.handover != before and f"reviewed_sources/{NAME}" in {step.name for step in changed.steps}
    (line,) = change_lines(changed, small.store)
    assert line.startswith("decision of ann: source-") and "all words, no picture" in line
    small.decide(wrong, "undo")
    assert small.graph().handover == before == first.graph().handover
    assert change_lines(small.graph(), small.store) == []
    with pytest.raises(RecipeError, match="nothing about it that could be taken back"):
        small.decide(wrong, "undo")


def test_decisions_stand_while_the_evidence_does_and_are_open_again_when_it_changes(small: Small, tmp_path: Path):
    good, bad, wrong = one_of_each_cutout(small.desk)[:3]
    ids = [small.decide(good, "accept"), small.decide(bad, "reject"), small.decide(wrong, "correct", label="HYBRID")]
    accepted, rejected, made_hybrid = (one.decision_id for one in ids)
    small.file = tmp_path / "small.toml"
    small.file.write_text(CORPUS.replace('"describe"', '"describe", "fr_class"'), encoding="utf-8")
    small.build()  # another question: neither pictures, labels nor these words change
    assert set(small.standing().values()) == {"counts"} and small.provenance()[good]["review"] == "accepted"
    name, other = small.desk.found(bad).source_name, {"FR-I": "FR-II", "FR-II": "FR-I"}
    small.raw = changed_raw(small.raw, tmp_path / "raw", lambda rows: [
        [other.get(cell, cell) for cell in row] if row[0] == name else row for row in rows])  # fmt: skip
    small.build()  # a label of the catalogue changes: its sample is to be looked at again, the others are as they were
    assert small.standing() == {accepted: "counts", rejected: "labels-changed", made_hybrid: "counts"}


def test_most_reviewers_decide_and_a_draw_changes_nothing():
    votes = {"ann": "reject", "ben": "accept", "cid": "reject"}
    rows = [said(who, verdict) for who, verdict in votes.items()]
    rows += [
        said(who, "correct", **label(name)) for who, name in (("ann", "A"), ("ben", "B"), ("cid", "A"), ("dot", "B"))
    ]
    found = {one.decision_id: (one.reviewer, str(one.verdict)) for one in rows}
    made = outcomes(rows, lambda _: True)
    assert {found[name] for name, why in made.items() if why == ""} == {("ann", "reject"), ("cid", "reject")}
    assert [found[name] for name, why in made.items() if why == "outvoted"] == [("ben", "accept")]
    assert sum(why == "draw" for why in made.values()) == 4
    assert set(outcomes(rows[3:], lambda _: False).values()) == {""}  # where each label is a thing of its own


def test_the_label_of_an_object_is_corrected_and_no_other():
    cutouts = CUTOUTS.of([scene.cutout()])
    sources = SOURCES.of([scene.source()])
    other = scene.an_object("b", 70, 60, label="SPURIOUS")
    objects = OBJECTS.of([scene.an_object("a", 30, 40, label="COMPACT"), other])
    evidence = Annotated(sources, objects).of(cutouts.to_pylist()[0])
    wrong = objects["object_id"][0].as_py()
    row = {name: cutouts[name][0].as_py() for name in ("cutout_id", "source_id")}
    act = [
        decision(
            decided_at=now(), reviewer="ann", verdict="correct", dataset="demo", sample_id=content_id("sample", 1),
            conversation_id=content_id("conv", 1), picture_sha256=evidence.picture_sha256,
            labels_sha256=evidence.labels_sha256, subject_id=wrong, scheme="caesar_mrcnn", label=name, state=state,
            **row,
        )
        for name, state in (("EXTENDED", "present"), ("COMPACT", "absent"))
    ]  # fmt: skip
    words = Vocabulary.of(label_scheme("caesar_mrcnn"))
    told = Decided.of(act, words)
    made = decisions(cutouts, sources, objects, told, act)
    assert made.kept.num_rows == 2
    after = reviewed(objects, made.kept, words, table=OBJECTS, key="object_id").kept
    first, second = AnnotationTables(sources, after, label_scheme("caesar_mrcnn")).of(cutouts.to_pylist()[0]).objects
    assert {first.labels, second.labels} == {frozenset({"EXTENDED"}), frozenset({"SPURIOUS"})}
    assert after["labels"][1].as_py() == objects["labels"][1].as_py()
    moved = OBJECTS.of([scene.an_object("a", 31, 40, label="COMPACT"), other])
    assert decisions(cutouts, sources, moved, told, act).reasons == {"labels-changed": 2}
    fewer = Decided.of(act, Vocabulary(words.scheme, words.is_single, ("COMPACT",)))
    assert decisions(cutouts, sources, objects, fewer, act).reasons == {"no-such-label": 1}
    redrawn = CUTOUTS.of([scene.cutout(sha256="1" * 64)])
    assert decisions(redrawn, sources, objects, told, act).reasons == {"picture-changed": 2}
    recut = CUTOUTS.of([scene.cutout(cutout_id=content_id("cutout", "of another mosaic"))])
    assert decisions(recut, sources, objects, told, act).reasons == {"picture-changed": 2}
    assert decisions(cutouts.slice(1), sources, objects, told, act).reasons == {"not-here": 2}


# -- nothing is lost -------------------------------------------------------------------------------------------------


def test_the_report_tells_what_became_of_decisions_and_how_reviewers_agree(small: Small, tmp_path: Path):
    one, two = one_of_each_cutout(small.desk)[:2]
    for sample, reviewer, verdict in ((one, "ann", "accept"), (one, "ben", "reject"), (two, "ann", "accept"),
                                      (two, "ben", "accept")):  # fmt: skip
        small.decide(sample, verdict, reviewer)
    made = small.make()
    gate = GateResult(True, (), 0, 0, tmp_path)
    page = report(small.store, made, gate, tmp_path / "report.html", People.of(small.reviews))
    told = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert told["numbers"]["reviewed"] == [
        {"dataset": NAME, "fate": "counts", "n": 2, "is_open": False},
        {"dataset": NAME, "fate": "draw", "n": 2, "is_open": True},
    ]
    assert told["reviewers"] == [{"left": "ann", "right": "ben", "n": 2, "n_alike": 1, "kappa": 0.0}]
    text = page.read_text(encoding="utf-8")
    assert "Cohen's kappa" in html.unescape(text) and "as many reviewers say otherwise" in text


def test_reviewers_who_decide_at_once_lose_nothing(small: Small):
    desk = small.desk
    ids = one_of_each_cutout(desk)[:12]
    seen = [desk.seen(desk.found(one)) for one in ids]

    def work(who: str) -> list[str]:
        place = Store(small.store.where)
        made = [decided(one, who, "accept" if k % 3 else "reject") for k, one in enumerate(seen)]
        for one in made:
            keep(place, [one])
        return [one.decision_id for one in made]

    with ThreadPoolExecutor(4) as together:
        wanted = [name for names in together.map(work, ("ann", "ben", "cid", "dot")) for name in names]
    assert len(wanted) == len(set(wanted)) == 48
    assert {one.decision_id for one in small.reviews[NAME]} == set(wanted)
    assert not [one for one in unreached([small.graph()], small.store, Path(small.store.root), grace_s=0, n_handovers=1)
                if "review" in one.address]  # fmt: skip
    (pair, *_) = agreements(small.reviews[NAME])
    assert (pair.n, pair.n_alike, pair.kappa) == (12, 12, 1.0)


def test_reviewers_on_an_object_store_lose_nothing(object_store):
    where = f"s3://corpus/store?{object_store}"
    assert decisions_of(Store(where), ["d"]) == {"d": ()}

    def work(who: str) -> None:
        for k in range(6):
            keep(Store(where), [said(who, "accept", k, at=k)])

    keep(Store(where), [said("zoe", "accept")])  # the bucket is there
    with ThreadPoolExecutor(2) as together:
        list(together.map(work, ("ann", "ben")))
    found = decisions_of(Store(where), ["d"])["d"]
    assert len(found) == 13 and [one.decided_at for one in found] == sorted(one.decided_at for one in found)


def test_who_asks_again_reads_only_the_files_that_are_new(tmp_path: Path, monkeypatch):
    store, acts, read_now = Store(str(tmp_path)), dict[str, list[Decision]](), list[str]()
    keep(store, [said("ann", "accept", 1, at=1)])
    first = decisions_of(store, ["d"], acts)["d"]
    keep(store, [said("ben", "reject", 1, at=2)])
    read_bytes = store.read_bytes
    monkeypatch.setattr(store, "read_bytes", lambda name: read_now.append(name) or read_bytes(name))
    both = decisions_of(store, ["d"], acts)["d"]
    assert [one.reviewer for one in both] == ["ann", "ben"] and both[0] is first[0] and len(read_now) == 1
    store.remove(read_now[0])
    assert decisions_of(store, ["d"], acts)["d"] == first == decisions_of(store, ["d"])["d"]


def test_a_damaged_file_of_decisions_ends_the_build_and_stays(small: Small):
    small.decide(one_of_each_cutout(small.desk)[0], "accept")
    (file,) = (Path(small.store.root) / "review" / NAME).iterdir()
    file.write_text(file.read_text().replace("accept", "reject"))
    with pytest.raises(DamageError, match="put the file back from a copy, or move it away") as caught:
        small.graph()
    assert "\n" not in str(caught.value) and file.exists()


def test_decisions_go_out_and_come_in_as_csv(first: Small, small: Small, tmp_path: Path):
    good, bad, wrong = one_of_each_cutout(small.desk)[:3]
    small.decide(good, "accept", note="=HYPERLINK(1)")
    small.decide(bad, "reject", note="two\nlines, and a comma")
    small.decide(wrong, "correct", label="HYBRID")
    file = tmp_path / "out.csv"
    file.write_text(written(small.reviews[NAME]), encoding="utf-8")
    assert "'=HYPERLINK" in file.read_text()
    found, remarks = read(file, first.desk, None)
    assert tuple(found) == small.reviews[NAME] and not remarks
    file.write_text(file.read_text().replace("two", "no"), encoding="utf-8")
    with pytest.raises(CatalogError, match="row 3: decision-[0-9a-f]+ was changed by hand"):
        read(file, first.desk, None)


def test_the_csv_of_before_is_read(first: Small, tmp_path: Path):
    good, bad, wrong = (first.desk.found(one) for one in one_of_each_cutout(first.desk)[:3])
    file = tmp_path / "review.csv"
    file.write_text(
        "\ufeffid,extra,decision,reviewer\r\n"
        f"{good.sample_id},x,Accept,ben\r\n{bad.conversation_id},,reject,\r\n{wrong.sample_id},,correct,\r\n",
        encoding="utf-8",
    )
    found, remarks = read(file, first.desk, "ann")
    assert [(one.sample_id, one.verdict, one.reviewer) for one in found] == [
        (good.sample_id, Verdict.ACCEPT, "ben"), (bad.sample_id, Verdict.REJECT, "ann"),
        (wrong.sample_id, Verdict.REJECT, "ann")]  # fmt: skip
    assert found[2].note == "to be corrected: the file does not say how"
    assert remarks == [f"row 4: {wrong.sample_id} is rejected: no column label says what is right"]
    file.write_text(f"id,decision\n{good.sample_id},accept\nsample-0000000000000000,maybe\n,accept\n", encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        read(file, first.desk, None)
    told = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in told] == ["row 2", "row 3", "row 4"]
    assert "names no reviewer" in told[0] and "found id 'sample-0000000000000000' and decision 'maybe'" in told[1]


def test_the_command_decides_lists_exports_and_imports(small: Small, tmp_path: Path):
    places = ["--store", small.store.where]

    def run(*words: object) -> str:
        done = CliRunner().invoke(command, ["review", *map(str, words)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    good, wrong = one_of_each_cutout(small.desk)[:2]
    run("decide", small.file, good, "accept", "--reviewer", "ann", *places)
    as_ben = ("--reviewer", "ben", *places)
    run("decide", small.file, wrong, "correct", "--label", "hybrid", "--note", "two lobes", *as_ben)
    listed = run("list", small.file, *places)
    assert "ann: accept  [waits for the next build]" in listed and "2 decisions, 0 open again" in listed
    run("export", small.file, tmp_path / "all.csv", *places)
    assert "0 decisions taken, 2 were there" in run("import", small.file, tmp_path / "all.csv", *places)
    run("decide", small.file, wrong, "undo", *as_ben)
    assert "[taken back]" in run("list", small.file, *places)
    with pytest.raises(RecipeError, match="no label 'FR9' in scheme mirabest; known: FR-I"):
        run("decide", small.file, good, "correct", "--label", "FR9", "--reviewer", "ann", *places)
    with pytest.raises(RecipeError, match="--reviewer ' ': expected a name of 1 to 80 letters"):
        run("page", small.file, "--reviewer", " ", *places)
    with pytest.raises(RecipeError, match="expected an id such as sample-"):
        run("decide", small.file, "sample-x", "accept", "--reviewer", "ann", *places)


# -- one by one ------------------------------------------------------------------------------------------------------


def said(reviewer: str, verdict: str, sample: int = 1, at: int = 0, **more) -> Decision:
    ids = {f"{name}_id": content_id(name, sample) for name in ("sample", "conversation", "cutout", "source")}
    when = f"2026-01-01T00:00:{at:02d}.000000+00:00"
    return decision(decided_at=when, reviewer=reviewer, verdict=verdict, dataset="d", picture_sha256="0" * 64,
                    labels_sha256="1" * 64, **ids, **more)  # fmt: skip


def label(name: str, state: str = "present") -> dict[str, str]:
    return {"subject_id": content_id("source", 1), "scheme": "s", "label": name, "state": state}


def test_of_one_reviewer_the_last_word_about_a_thing_counts():
    first = said("ann", "accept", at=1)
    rows = (first, said("ann", "reject", at=2), said("ann", "correct", at=3, **label("A")),
            said("ann", "correct", at=4, **label("B")), said("ben", "accept", at=5),
            said("cid", "undo", at=6, undoes=first.decision_id))  # fmt: skip
    multi, single = speaking(rows, lambda _: False), speaking(rows, lambda _: True)
    assert [one.told for one in multi] == ["reject", "A is present", "B is present", "accept"]
    assert [one.told for one in single] == ["reject", "B is present", "accept"]
    undone = said("ann", "undo", at=7, undoes=rows[1].decision_id)
    assert [one.told for one in speaking((*rows, undone), lambda _: True)] == ["accept", "B is present", "accept"]
    assert set(outcomes(multi, lambda _: False).values()) == {"draw", ""}


def test_kappa_is_cohens():
    """Cohen 1960: 20 both yes, 15 both no, 5 and 10 apart: 0.7 observed, 0.5 by chance."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([]) is None and kappa([("y", "y")] * 3) is None and kappa([("y", "n")] * 3) == 0
    rows = (said("ann", "accept", 1), said("ben", "correct", 1, **label("A")), said("ben", "accept", 2))
    (pair,) = agreements(rows)
    assert (pair.n, pair.n_alike) == (1, 0) and "ann and ben: 0 of 1 samples alike" in pair.told


def test_a_correction_replaces_what_it_denies_and_nothing_else():
    before = [{"scheme": "s", "label": name, "original": name, "state": state, "tier": "crowd", "catalog": "c",
               "row": 3, "confidence": 0.6} for name, state in (("A", "present"), ("B", "absent"))]  # fmt: skip
    before.append({**before[0], "scheme": "t"})
    said = {"label": "B", "state": "present", "dataset": "d", "decision_id": "decision-1"}
    multi = corrected(before, said, Vocabulary("s", False, ("A", "B", "C")))
    assert [(one["scheme"], one["label"], one["state"], one["tier"]) for one in multi] == [
        ("s", "A", "present", "crowd"), ("s", "B", "present", "expert"), ("t", "A", "present", "crowd")]  # fmt: skip
    assert multi[1]["catalog"] == "review/d:decision-1" and multi[0] == before[0]
    single = corrected(before, said, Vocabulary("s", True, ("A", "B", "C")))
    assert [(one["label"], one["state"]) for one in single if one["scheme"] == "s"] == [
        ("A", "absent"), ("B", "present"), ("C", "absent")]  # fmt: skip
    unknown = corrected(before, said | {"state": "unknown"}, Vocabulary("s", True, ("A", "B", "C")))
    assert {one["state"] for one in unknown if one["scheme"] == "s"} == {"unknown"}
    assert labels_digest(before) == labels_digest(before[::-1]) != labels_digest(multi)


@pytest.mark.parametrize(
    ("more", "told"),
    [({"reviewer": " "}, "reviewer"), ({"verdict": "maybe"}, "verdict"), ({"note": "a\x07b"}, "control character"),
     ({"verdict": "correct"}, "a correction names"), ({"verdict": "undo"}, "names in `undoes`"),
     ({"note": "x" * 2001}, "note")],
)  # fmt: skip
def test_what_is_no_decision_is_one_clear_line(more, told):
    words = {"reviewer": "ann", "verdict": "accept"} | more
    with pytest.raises(CatalogError, match=told) as caught:
        said(**words)
    assert "\n" not in str(caught.value)
