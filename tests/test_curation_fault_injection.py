"""Planted faults are false, paraphrases are true, both grow by a file, and neither reaches a hand-over."""

import json
import re
import secrets
from pathlib import Path

import duckdb
import jinja2
import pyarrow as pa
import pytest
from click.testing import CliRunner

from catalogs.database import read_sql
from curation.cli import curation as commands
from curation.corpus import corpus, graph
from curation.engine.steps import in_order
from curation.engine.store import Store
from curation.fault_injection.faults import HERE as FAULTS
from curation.fault_injection.faults import Edited, faults
from curation.fault_injection.injections import (
    TRUE,
    InjectionSetup,
    fault_injections,
    figures,
    injections,
    injections_step,
    synthetic_injections,
    tried,
    true_controls,
)
from curation.fault_injection.scenes import Scene, synthetic_scene, synthetic_scenes
from curation.fault_injection.telling import QUESTIONS, can_say, realisation_questions, told
from curation.realisation.draw import Draw
from curation.realisation.facts import KINDS, Fact, holds
from curation.realisation.wording import TELLABLE, styles
from curation.release import gates
from curation.verification.annotation_tables import CUTOUT_COLUMNS
from curation.verification.claims import Annotations, SurveyFacts
from curation.verification.policy import Verdicts
from curation.words.conversations import conversations
from curation.words.descriptions import descriptions
from curation.words.question import questions
from schemas.errors import RecipeError
from schemas.fingerprint import content_id
from schemas.labels import Truth, label_scheme, label_schemes
from schemas.tables import CUTOUTS, INJECTIONS, OBJECTS, SOURCES
from tests.making_conversations import all_asked

P, A = Truth.PRESENT, Truth.ABSENT
SURVEY = SurveyFacts("A Survey", 1400.0)


@pytest.fixture(scope="module")
def scenes():
    return synthetic_scenes("tests", 70)


def test_every_fault_is_false_and_every_paraphrase_is_of_true_facts(scenes):
    for scene in scenes:
        assert all(holds(one, scene.known) is P for some in scene.facts.values() for one in some)
    # fault_injections leaves out what is not false; that most of what is offered is false keeps the files honest
    offered = [
        (one.fact if isinstance(one, Edited) else one, scene)
        for scene in scenes
        for kind, plant in faults().items()
        for one in plant(scene, Draw(f"{scene.key}:{kind}"))
    ]
    annotations = [holds(fact, scene.known) for fact, scene in offered]
    assert annotations.count(A) > 0.7 * len(annotations)


def test_an_edited_turn_differs_from_the_true_one_in_its_answer_alone(scenes):
    for scene in scenes:
        true = {turn.question: turn.answer for turn in scene.turns}
        for kind, plant in faults().items():
            for one in plant(scene, Draw(kind)):
                if isinstance(one, Edited) and holds(one.fact, scene.known) is A:
                    assert one.question in true, kind
                    assert one.answer.strip() != true[one.question].strip(), (kind, one)


def test_there_are_many_of_each_kind_and_style_over_every_scheme():
    found = figures(rows := synthetic_injections("some", 140))
    assert set(found["kinds"]) == set(faults())
    assert set(found["styles"]) == {*styles(), "template"}
    assert min(one["n"] for one in found["kinds"].values()) >= 15
    assert min(one["n"] for one in found["styles"].values()) >= 50
    assert {row["dataset"] for row in rows} == set(label_schemes())
    told_kinds = {row["style"] for row in rows if not row["is_true"]}
    assert "cautious" not in told_kinds, "what is only held possible is no fault"
    assert len({row["answer"] for row in rows}) > 0.8 * len(rows)


def test_texts_have_no_holes(scenes):
    tellers = styles()
    for scene in scenes:
        for one in (*fault_injections(scene, faults(), tellers), *true_controls(scene, tellers)):
            assert one.question.strip() == one.question
            assert one.answer.strip() == one.answer
            assert one.answer
            wrong = re.search(r"[{}]|  |\.\.|\ba [aeio]\w|\bthe all\b| [,.;]|\b(?:one|1) \w+ (?:lie|are)\b", one.answer)
            assert not wrong, (one, wrong[0])


def test_the_same_seed_gives_the_same_texts_and_another_one_others():
    first, again, other = (synthetic_injections(seed, 14) for seed in ("1", "1", "2"))
    assert first == again
    shared = {row["answer"] for row in first} & {row["answer"] for row in other}
    assert len(shared) < 0.3 * len(first)  # "Yes." is "Yes."


def test_every_kind_of_fact_can_be_told_by_several_styles_and_is_asked_for():
    told_by = {kind: [one.name for one in styles().values() if kind in {*one.say, *one.alone}] for kind in TELLABLE}
    few = {kind: some for kind, some in told_by.items() if len(some) < 3}
    assert not few
    assert not TELLABLE - set(realisation_questions()["ask"])
    assert set(KINDS) <= TELLABLE


def test_a_kind_of_fault_grows_by_one_file(tmp_path, scenes):
    for file in FAULTS.glob("*.py"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (
        "from curation.realisation.facts import Fact\n\n\n"
        "def plant(scene, draw):\n"
        "    yield Fact('invented', draw.one(('FR-IX', 'FR-VII')))\n"
    )
    (tmp_path / "ninth_class.py").write_text(text, encoding="utf-8")
    more = faults(tmp_path)
    assert set(more) - set(faults()) == {"ninth-class"}
    (one,) = fault_injections(scenes[0], {"ninth-class": more["ninth-class"]}, styles())
    assert re.search("FR-IX|FR-VII", one.answer)
    (tmp_path / "empty.py").write_text("", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"empty\.py.*plant"):
        faults(tmp_path / ".." / tmp_path.name)


def test_a_style_grows_by_one_file(tmp_path, scenes, monkeypatch):
    before = dict(styles())
    (tmp_path / "styles").mkdir()
    monkeypatch.setenv("RADIO_DOORS", str(tmp_path))
    text = 'title = "A new one"\n[say]\npresent = ["Lo, {noun}"]\nis = ["Lo, {a_one}"]\n'
    (tmp_path / "styles/lofty.toml").write_text(text, encoding="utf-8")
    more = styles()
    assert set(more) - set(before) == {"lofty"}
    found = [
        one.answer for scene in scenes for one in true_controls(scene, {"lofty": more["lofty"]}) if one.style == "lofty"
    ]
    assert found
    assert all("Lo, " in one for one in found)


@pytest.mark.parametrize(
    ("line", "said"),
    [('present = ["{nuon}"]', "no slot {nuon}"), ('presents = ["{noun}"]', "no kind of fact 'presents'")],
)
def test_a_style_with_a_mistake_is_refused_in_one_line(tmp_path, line, said, monkeypatch):
    (tmp_path / "styles").mkdir()
    monkeypatch.setenv("RADIO_DOORS", str(tmp_path))
    (tmp_path / "styles/bad.toml").write_text(f'title = "Bad"\n[say]\n{line}\n', encoding="utf-8")
    with pytest.raises(RecipeError, match=re.escape(said)) as caught:
        styles()
    assert "\n" not in str(caught.value)


def test_figures_count_what_the_policy_refuses():
    scene = synthetic_scene("one", label_scheme("mirabest"))
    rows = [tried(one, scene, "demo", Verdicts()) for one in fault_injections(scene, faults(), styles())]
    mild = Verdicts(unverifiable="keep", unverifiable_number="keep")
    some = [tried(one, scene, "demo", mild) for one in fault_injections(scene, faults(), styles())]
    assert figures(rows)["caught"] > 0.5
    assert figures(some)["caught"] <= figures(rows)["caught"]
    assert figures([])["caught"] == figures([])["false_alarms"] == 0
    assert len(figures(some, 3)["missed"]) <= 3


def test_bare_replies_answer_the_question_that_states_the_fact():
    one = label_scheme("caesar_mrcnn")
    known = Annotations("c", "s", one, dict.fromkeys(one.labels, A) | {"COMPACT": P})
    scene = Scene(known, (), "xyxy_norm", "bare")
    style = styles()["bare"]
    for fact, reply in ((Fact("present", "COMPACT"), "yes"), (Fact("absent", "FLAGGED"), "no")):
        question, answer = told([fact], scene, style, Draw(fact.kind))
        assert question.endswith("?")
        assert reply in answer.lower()
    assert not can_say(style, Fact("contrast", "COMPACT", "FLAGGED"), scene)


def small_tables():
    """CONVERSATIONS, CUTOUTS, SOURCES and OBJECTS of some pictures without a sky, and one without its source."""
    scheme, asked = label_scheme("mirabest"), tuple(questions().values())
    cutouts, sources = [], []
    for at, label in enumerate(["FR-I", "FR-II", "HYBRID"] * 6):
        source_id = content_id("source", at)
        cutouts.append({
            "cutout_id": content_id("cutout", at), "source_id": source_id, "dataset": "demo", "survey": "first",
            "mosaic": f"{at}.png", "mosaic_sha256": "0" * 64, "width_px": 100, "height_px": 100,
            "pixel_x_arcsec": 1.8, "pixel_y_arcsec": 1.8,
            "beam_major_arcsec": 5.4, "beam_minor_arcsec": 5.4, "blank_fraction": 0.0, "pixels": b"", "png": b"",
            "png_side_px": 200, "stretch": "zscale", "small": b"", "channels": [], "source_px": 0, "sha256": "0" * 64,
        })  # fmt: skip
        labels = [{"scheme": "mirabest", "label": label, "original": label, "state": "present", "tier": "expert",
                   "catalog": "c.csv", "row": 0}]  # fmt: skip
        sources.append({
            "source_id": source_id, "source_name": str(at), "dataset": "demo", "survey": "first", "scheme": "mirabest",
            "labels": labels, "origin_catalog": "c.csv", "origin_row": 0,
        })  # fmt: skip
    seen_cutouts = CUTOUTS.of(cutouts).select(list(CUTOUT_COLUMNS))
    sources, objects = SOURCES.of(sources[:-1]), OBJECTS.of([])
    told_texts = descriptions(seen_cutouts, sources, objects, scheme, SURVEY).kept
    return (
        conversations(
            seen_cutouts, told_texts, sources, objects, *all_asked(seen_cutouts, sources, objects, scheme, asked)
        ).kept,
        seen_cutouts,
        sources,
        objects,
    )


def made(seed, tables=None):
    how = InjectionSetup(
        label_scheme("mirabest"), "xyxy_norm", SURVEY, Verdicts(), tuple(styles().values()), tuple(faults()), seed
    )
    return injections(*(tables or small_tables()), how)


def test_a_part_of_a_corpus_gives_trials_of_some_of_its_pictures():
    found = made("a")
    INJECTIONS.check(found.kept)
    rows = found.kept.to_pylist()
    assert found.n_in == len(rows) + found.rejected.num_rows
    assert len({row["cutout_id"] for row in rows}) in (11, 12)
    assert 50 < sum(not row["is_true"] for row in rows) < 100
    assert {row["kind"] for row in rows if row["is_true"]} == {TRUE}
    assert set(found.rejected["reason"].to_pylist()) <= {"no-source"}
    assert made("a").kept.equals(found.kept)
    assert not made("b").kept.equals(found.kept)


def test_a_models_turns_are_taken_for_no_truth():
    spoken, *others = small_tables()
    rows = spoken.to_pylist()
    for row in rows:
        row["turns"] = [turn | {"writer": "a-model", "answer": "Bananas."} for turn in row["turns"]]
    found = made("a", (pa.Table.from_pylist(rows, spoken.schema), *others)).kept
    assert not [one for one in found["answer"].to_pylist() if "Bananas" in one]


@pytest.fixture(scope="module")
def tiny(demo_raw, tmp_path_factory):
    return graph(corpus("tiny"), demo_raw, Store(str(tmp_path_factory.mktemp("tiny") / "store")))


def test_every_build_makes_trials_and_no_other_step_reads_them(tiny):
    assert {step.name for step in tiny.steps if step.table is INJECTIONS} == {f"injections/{name}" for name in tiny.of}
    readers = [step.name for step in tiny.steps if any(one.step.table is INJECTIONS for one in step.inputs)]
    assert not readers
    upstream = in_order([one.samples for one in tiny.of.values()])
    assert not [step.name for step in upstream if step.table is INJECTIONS]


def test_another_corpus_is_another_sample(tiny):
    one = next(iter(tiny.of.values()))
    other = injections_step(
        one.dataset.name, one.quality, one.cutouts, one.sources, one.objects, label_scheme("mirabest"), "xyxy_norm"
    )
    assert other.config[0].seed != one.injections.config[0].seed
    assert other.address != one.injections.address


def rule(name, db):
    text = read_sql(Path(gates.RULES) / f"{name}.sql")
    return db.execute(text).fetchall()


def test_the_gate_weighs_the_checker_and_finds_a_fault_that_slipped_into_a_sample():
    db = duckdb.connect()
    rows = [("c", "q", f"wrong {k}", False, k >= 5, "unverifiable") for k in range(100)]
    rows += [("c", "q", f"right {k}", True, k < 2, "supported") for k in range(100)]
    db.execute(
        "CREATE TABLE injections"
        " (cutout_id TEXT, question TEXT, answer TEXT, is_true BOOL, is_refused BOOL, verdict TEXT)"
    )
    db.executemany("INSERT INTO injections VALUES (?, ?, ?, ?, ?, ?)", rows)
    db.execute("ALTER TABLE injections ADD COLUMN injection_id TEXT DEFAULT 'injection-1'")
    db.execute("CREATE TABLE samples AS SELECT 's' AS sample_id, 'c' AS cutout_id, 'v' AS conversation_id")
    turns = "[{'question': 'q', 'answer': 'right 1'}]"
    db.execute(f"CREATE TABLE conversations AS SELECT 'v' AS conversation_id, {turns} AS turns")
    assert rule("verification_catches_faults", db) == [("planted faults", "95 of 100 were caught")]
    assert rule("verification_is_of_use", db) == []
    assert rule("verification_lets_truth_pass", db) == [("true texts", "2 of 100 were refused")]
    assert rule("no_planted_fault_in_a_sample", db) == []
    db.execute("UPDATE conversations SET turns = [{'question': 'q', 'answer': 'wrong 7'}]")
    assert rule("no_planted_fault_in_a_sample", db) == [("s", "injection-1")]
    db.execute(
        "UPDATE injections SET is_refused = false, verdict = 'supported' WHERE answer < 'wrong 3' AND NOT is_true"
    )
    assert rule("verification_is_of_use", db) != []
    severity = {one.rule.name: one.rule.severity for one in gates.between_checks().by_query}
    ours = ("catches_faults", "lets_truth_pass", "is_of_use")
    assert [severity[f"verification_{name}"] for name in ours] == ["warning", "warning", "critical"]


def test_the_report_tells_shares_and_what_went_wrong():
    rows = synthetic_injections("report", 14)
    db = duckdb.connect()
    db.register("injections", INJECTIONS.of(rows))
    release = Path(gates.RULES).parent
    numbers = {name: db.sql(read_sql(release / "numbers" / f"{name}.sql")).to_arrow_table().to_pylist()
               for name in ("injections", "injections_wrong")}  # fmt: skip
    assert sum(one["n"] for one in numbers["injections"] if one["is_total"]) == len(rows)
    assert sum(one["n"] for one in numbers["injections"] if not one["is_total"]) == len(rows)
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(release), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page.filters |= {"n": lambda one: f"{one:,}", "share": lambda part, whole: f"{part / whole:.1%}"}
    macro = "{% macro cell(value) %}<td>{{ value }}</td>{% endmacro %}"
    html = page.from_string(macro + "{% include 'injections_report.html' %}").render(numbers=numbers)
    assert "wrong-place" in html
    assert "scientific" in html
    assert page.from_string("{% include 'injections_report.html' %}").render(numbers={"injections": []}).strip() == ""


def test_the_command_prints_its_figures():
    done = CliRunner().invoke(commands, ["mutations", "--seed", "7", "--n", "7", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert {"caught", "false_alarms", "kinds", "styles", "missed", "alarms"} <= set(found)
    assert 0 <= found["false_alarms"] <= 1
    assert all({"n", "caught"} == set(one) for one in found["kinds"].values())
    assert all({"n", "false_alarms"} == set(one) for one in found["styles"].values())
    plain = CliRunner().invoke(commands, ["mutations", "--seed", "7", "--n", "7"])
    assert "caught" in plain.output
    assert "invented-class" in plain.output
    assert CliRunner().invoke(commands, ["mutations", "--seed", "7", "--n", "0"]).exit_code == 2


def test_the_checker_catches_planted_faults_and_lets_true_texts_pass_on_a_seed_of_the_moment():
    seed = secrets.token_hex(4)
    found = figures(synthetic_injections(seed, 140))
    missed = {kind: one for kind, one in found["kinds"].items() if one["n"] - one["caught"] > 1 + 0.02 * one["n"]}
    assert found["caught"] >= 0.98, (seed, found["missed"][:3])
    assert found["false_alarms"] <= 0.01, (seed, found["alarms"][:3])
    assert not missed, (seed, missed)


def test_questions_of_trials_stand_beside_the_styles():
    assert QUESTIONS.is_file()
    assert set(realisation_questions()) == {"ask", "polar", "polar_no"}
