"""What is answered without the picture, by the most frequent answer, words or a file's name; and what is warned of."""

import json
import random

import numpy as np
import pyarrow as pa
import pytest

from curation.engine.steps import Step
from curation.engine.store import Store
from curation.release.bag_of_words import BagOfWords
from curation.release.blind import answer_told, blind, blind_step
from curation.release.blind_told import foreseen, measured
from curation.verification.claims import Claim
from schemas.fingerprint import content_id
from schemas.labels import Truth
from schemas.manifest import Manifest, Part
from schemas.rejection import sieved
from schemas.tables import BLIND, CONVERSATIONS, SAMPLES, SOURCES

YES, NO = (("Yes.", Truth.PRESENT), ("No.", Truth.ABSENT))


def turn(question, answer, *claims, kind="yes-no", name="presence_of_kind/FILAMENT"):
    return {"question": question, "answer": answer, "kind": kind, "question_id": name,
            "claims": [one.row() for one in claims], "writer": "template", "request_sha": None}  # fmt: skip


def yes_no(is_yes, question="Are there filaments in the image?"):
    answer, state = YES if is_yes else NO
    return turn(question, answer, Claim("presence", "FILAMENT", state))


def told(talks, name_of=lambda at: f"{random.Random(at).getrandbits(256):064x}"):
    """CONVERSATIONS and the columns of SAMPLES that are read; each talk is its split and its turns."""
    spoken = CONVERSATIONS.of(
        {"conversation_id": content_id("conv", at), "cutout_id": content_id("cutout", at), "dataset": "demo",
         "turns": turns, "generator": "template"}
        for at, (_, turns) in enumerate(talks)
    )  # fmt: skip
    samples = pa.table(
        {
            "conversation_id": spoken["conversation_id"],
            "split": [split for split, _ in talks],
            "image": [f"images/ab/{name_of(at)}.png" for at in range(len(talks))],
        }
    )
    return spoken, samples


def scored(talks, **how):
    made = blind([("radioimg_multilabel", *told(talks, **how))])
    BLIND.check(made.kept)
    return {(row["question_id"], row["split"]): row for row in made.kept.to_pylist()}


def halves(turns_of):
    """100 talks of train and 40 of test, whose turns are made of their number."""
    return [("train" if at < 100 else "test", turns_of(at)) for at in range(140)]


def test_an_answer_that_is_always_the_same_is_known_without_the_picture():
    (row,) = scored(halves(lambda at: [yes_no(False)])).values()
    assert (row["n_train"], row["n"], row["answer"]) == (100, 40, "no")
    assert row["n_most_frequent"] == row["n_words"] == row["n_name"] == 40


def test_of_even_answers_the_most_frequent_one_is_half():
    (row,) = scored(halves(lambda at: [yes_no(at % 2)])).values()
    assert row["n_most_frequent"] == 20 and 8 <= row["n_words"] <= 32 and 8 <= row["n_name"] <= 32


@pytest.mark.parametrize("is_earlier", [False, True])
def test_words_of_the_question_and_of_earlier_turns_tell_an_answer(is_earlier):
    def talk(at):
        hint = "Long threads of emission are seen." if at % 2 else "Nothing long is seen."
        if is_earlier:
            return [turn("Describe it.", hint, kind="description", name="describe"), yes_no(at % 2)]
        return [yes_no(at % 2, f"{hint} Are there filaments?")]

    row = scored(halves(talk))["presence_of_kind/FILAMENT", "test"]
    assert (row["n_most_frequent"], row["n_words"], row["n"]) == (20, 40, 40)


def test_later_turns_tell_nothing():
    talks = halves(lambda at: [yes_no(at % 2), turn("And?", f"Hint {at % 2}.", kind="description", name="describe")])
    assert scored(talks)["presence_of_kind/FILAMENT", "test"]["n_words"] == 20


def test_the_name_of_a_file_tells_an_answer_where_it_has_the_class_in_it():
    talks = halves(lambda at: [yes_no(at % 2)])
    (row,) = scored(talks, name_of=lambda at: f"{'filament' if at % 2 else 'compact'}-{at:04}").values()
    assert (row["n_most_frequent"], row["n_name"]) == (20, 40)


def test_that_there_are_boxes_is_no_answer_and_that_there_is_none_is_one():
    def boxes(at):
        box = Claim("box", "COMPACT", box=(0.1, 0.1, 0.2, at / 1000))
        some, none = [Claim("count", "COMPACT", count=1), box], [Claim("presence", "COMPACT", Truth.ABSENT)]
        return [turn("Where?", f"[{at}]", *(some if at % 4 else none), kind="boxes", name="boxes")]

    (row,) = scored(halves(boxes)).values()
    assert row["answer"] == "some" and row["n_most_frequent"] == 0


def test_open_answers_are_left_out_and_a_models_yes_and_no_are_not():
    told = [turn("Describe it.", "Yes, a map.", kind="description", name="describe"),
            turn("What is seen?", "A filament.", kind="generated", name="generated"),
            turn("Is it?", "Yes, it is.", Claim("presence", "FILAMENT"), kind="generated", name="generated"),
            turn("Is it?", "Yes, and it is large.", Claim("presence", "FILAMENT"), Claim("extent", "FILAMENT"),
                 kind="generated", name="generated")]  # fmt: skip
    assert [answer_told(one) for one in told] == [None, None, "yes", None]
    assert set(scored(halves(lambda at: told))) == {("generated", "test")}


def test_a_question_that_train_does_not_know_is_guessed_by_nobody():
    (row,) = scored([("test", [yes_no(True)]), ("validation", [yes_no(True)])][:1]).values()
    assert (row["answer"], row["n_train"], row["n_most_frequent"], row["n_words"]) == (None, 0, 0, 0)


def test_the_same_tables_give_the_same_scores_in_any_order():
    talks = halves(lambda at: [yes_no(at % 3 == 0), yes_no(at % 2, "Is any filament there?")])
    spoken, samples = told(talks)
    turned = pa.array(range(len(talks) - 1, -1, -1))
    one, other = (blind([("s", *some)]).kept for some in
                  ((spoken, samples), (spoken.take(turned), samples.take(turned))))  # fmt: skip
    assert one.equals(other)


def test_the_bag_of_words_is_scikit_learns_multinomial_naive_bayes():
    from sklearn.naive_bayes import MultinomialNB

    rng = np.random.default_rng(3)
    words = [f"w{k}" for k in range(30)]
    texts = [[words[k] for k in rng.integers(0, 30, 12)] for _ in range(200)]
    answers = [str(rng.integers(0, 4)) for _ in texts]
    bag = BagOfWords.learnt(texts[:150], answers[:150])
    counts = np.array([[text.count(word) for word in words] for text in texts])
    theirs = MultinomialNB(alpha=1.0).fit(counts[:150], answers[:150]).predict(counts[150:])
    assert [bag.answer(text) for text in texts[150:]] == theirs.tolist()


def test_what_every_question_says_does_not_drown_how_frequent_an_answer_is():
    always = "FR-I: fading outwards. FR-II: brightest at its ends. HYBRID: one of each. " * 5
    texts = [[*always.split(), "which" if at % 3 else "name"] for at in range(60)]
    answers = ["FR-I" if at < 40 else "FR-II" if at < 57 else "HYBRID" for at in range(60)]
    bag = BagOfWords.learnt(texts, answers)
    assert set(bag.place) == {"which", "name"}
    assert [bag.answer(text) for text in texts] == ["FR-I"] * 60


def put(store, address, table, made_at):
    store.publish_part(address, 0, sieved(table, [], table.num_rows))
    record = store.part_record(address, 0)
    part = Part(name=record.name, n_rows=record.n_kept, sha256=record.sha256)
    store.finish(
        Manifest(
            address=address, table="T", recipe={}, inputs=[], counts="rows", n_in=table.num_rows,
            n_kept=table.num_rows, n_rejected=0, reasons={}, parts=[part], rejected=[], versions={}, commit="",
            made_at=made_at, made_by="a test",
        )
    )  # fmt: skip


def scores(question_id, n, n_right):
    return {"scheme": "s", "question_id": question_id, "kind": "yes-no", "split": "test", "n": n, "n_train": 9,
            "answer": "no", "n_most_frequent": n_right, "n_words": 0, "n_name": 0}  # fmt: skip


def test_plan_warns_of_what_the_youngest_build_measured_above_the_bound(tmp_path):
    store, step = Store(str(tmp_path)), blind_step("mine", [])
    assert measured(step, store, 0.6) == []
    put(store, "blind/mine/000000000000", BLIND.of([scores("old", 100, 100)]), "2026-01-01")
    rows = [scores("even", 100, 50), scores("always", 100, 97), scores("few", 10, 10), scores("chance", 20, 13)]
    put(store, "blind/mine/111111111111", BLIND.of(rows), "2026-02-01")
    before = sorted(path for path in tmp_path.rglob("*"))
    (line,) = [one for one in measured(step, store, 0.6) if "all questions" not in one]
    assert "s, always: 97% of 100 test turns are answered without the picture" in line and "60% is the bound" in line
    assert measured(step, store, 0.99) == []
    assert sorted(path for path in tmp_path.rglob("*")) == before  # it writes nothing


def test_plan_warns_of_all_questions_together(tmp_path):
    store, step = Store(str(tmp_path)), blind_step("mine", [])
    put(store, "blind/mine/111111111111", BLIND.of([scores(f"q{k}", 15, 15) for k in range(9)]), "2026-02-01")
    (line,) = measured(step, store, 0.6)
    assert "all questions: 100% of 135 test turns" in line


def sources(scheme, *states):
    return SOURCES.of(
        {
            "source_id": content_id("source", at), "source_name": str(at), "dataset": "d", "survey": "first",
            "scheme": scheme, "origin_catalog": "c.csv", "origin_row": at,
            "labels": [{"scheme": scheme, "label": label, "original": label, "state": state, "tier": "expert",
                        "catalog": "c.csv", "row": at} for label, state in said.items()],
        }
        for at, said in enumerate(states)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "states", "expected"),
    [
        ("mirabest", [{"FR-I": "present"}] * 90 + [{"FR-II": "present"}] * 10, "FR-I 90%"),
        ("mirabest", [{"FR-I": "present"}] * 50 + [{"FR-II": "present"}] * 50, None),
        ("mirabest", [{"FR-I": "present"}] * 9, None),  # too few to say
        ("mirabest", [{}] * 90, None),  # nothing is known
        ("radioimg_multilabel", [{"FILAMENT": "absent"}] * 30 + [{"COMPACT": "present"}] * 5, "FILAMENT absent 100%"),
    ],
)
def test_plan_warns_of_labels_that_say_the_same_before_anything_is_asked(tmp_path, scheme, states, expected):
    store, step = Store(str(tmp_path)), Step("sources/d", lambda: None, SOURCES)
    assert foreseen(step, scheme, store, 0.6) == []  # not made yet
    put(store, step.address, sources(scheme, *states), "2026-01-01")
    lines = foreseen(step, scheme, store, 0.6)
    assert len(lines) == (expected is not None)
    assert expected is None or expected in lines[0]


def test_the_step_reads_conversations_and_samples_of_every_dataset():
    spoken = [Step(f"conversations/{one}", lambda: None, CONVERSATIONS) for one in "ab"]
    samples = [Step(f"samples/{one}", lambda: None, SAMPLES) for one in "ab"]
    step = blind_step("both", list(zip(("mirabest", "rgz_smorph"), spoken, samples, strict=True)))
    talks = [told(halves(lambda at: [yes_no(at % 2)])), told(halves(lambda at: [yes_no(True)]))]
    made = step.run([talks[0][0], talks[1][0], talks[0][1], talks[1][1]])
    assert json.dumps(made.kept["scheme"].to_pylist()) == '["mirabest", "rgz_smorph"]'
    assert made.kept["n_most_frequent"].to_pylist() == [20, 40]
