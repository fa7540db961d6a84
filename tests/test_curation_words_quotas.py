"""Which pictures are asked what: answers are even in each split, by key, and what is left out is counted."""

import random
from collections import Counter

import pyarrow as pa
import pytest

from curation.verification.claims import Claim
from curation.words.conversations import conversations, with_generated
from curation.words.descriptions import descriptions
from curation.words.question import questions
from curation.words.quotas import (
    NO_SPLIT,
    Balance,
    Quotas,
    answers,
    answers_with_generated,
    most_of_one,
    place_of,
    quotas,
)
from curation.words.turns import answer_of, asking
from schemas.fingerprint import content_id
from schemas.labels import Truth, label_scheme
from schemas.tables import ANSWERS, GENERATED, OBJECTS, QUOTAS, SOURCES, SPLITS
from tests.making_conversations import cutout, seen, source, turns_of

SPLIT_OF = ("train", "train", "train", "validation", "test")


def able(*said, question_id="blank", kind="border"):
    """ANSWERS of one question: a cutout for each answer."""
    return ANSWERS.of(
        {"cutout_id": content_id("cutout", at), "dataset": "demo", "question_id": question_id, "turn": 0, "kind": kind,
         "answer": one}
        for at, one in enumerate(said)
    )  # fmt: skip


def in_splits(table, of=SPLIT_OF):
    """SPLITS of the cutouts, one split after the other."""
    return SPLITS.of(
        {"cutout_id": one, "source_id": content_id("source", at), "dataset": "demo", "guard_arcsec": 0.0,
         "patch_id": content_id("patch", at), "split": of[at % len(of)]}
        for at, one in enumerate(table["cutout_id"].to_pylist())
    )  # fmt: skip


def n_asked(made):
    """How often each answer is asked for, by split."""
    found = {}
    for row in made.kept.to_pylist():
        found.setdefault(row["split"], {})[row["answer"]] = row["n_asked"]
    return found


@pytest.mark.parametrize("share", [0.2, 0.34, 0.5, 0.6, 1.0])
def test_no_answer_is_asked_more_often_than_its_share_and_as_often_as_that_allows(share):
    draw = random.Random(7)
    for _ in range(300):
        sizes = [draw.randint(1, 40) for _ in range(draw.randint(1, 8))]
        most = most_of_one(sizes, share)
        cut = [min(one, most) for one in sizes]
        assert max(cut) <= share * sum(cut) + 1e-6
        more = [min(one, most + 1) for one in sizes]
        assert most == max(sizes) or max(more) > share * sum(more)


def test_yes_and_no_are_asked_equally_often_in_each_split():
    table = able(*(["yes", "no", "no", "no", "no", "no", "no"] * 30))
    made = quotas(table, in_splits(table), 0.5)
    QUOTAS.check(made.kept)
    by_split = n_asked(made)
    assert set(by_split) == {"train", "validation", "test"}
    assert all(one["yes"] == one["no"] > 0 for one in by_split.values())
    assert all(row["n_asked"] == row["n"] for row in made.kept.to_pylist() if row["answer"] == "yes")
    assert sum(made.kept["n"].to_pylist()) == table.num_rows  # what is not asked is counted


def test_what_the_quotas_say_is_what_is_asked_and_the_order_of_rows_says_nothing():
    table = able(*(["yes", "no", "no", "maybe"] * 50))
    split = in_splits(table)
    made = quotas(table, split, 0.5)
    turned = table.take(pa.array(range(table.num_rows - 1, -1, -1)))
    assert quotas(turned, split, 0.5).kept.equals(made.kept)
    asked = Counter()
    for part in (table.slice(0, 33), table.slice(33)):  # a part knows of its own cutouts alone
        held = Quotas.of(made.kept, split, part["cutout_id"])
        for row in part.to_pylist():
            up_to = held.up_to[held.split_of[row["cutout_id"]], row["question_id"], row["answer"]]
            asked[row["answer"]] += up_to is not None and place_of(row["cutout_id"], "blank") <= up_to
    assert asked == {one: sum(by[one] for by in n_asked(made).values()) for one in ("yes", "no", "maybe")}


def test_a_question_with_one_answer_is_not_asked_for_nobody_needs_to_look():
    table = able(*["no"] * 40)
    made = quotas(table, in_splits(table), 0.5).kept.to_pylist()
    assert {(row["n_asked"], row["up_to"]) for row in made} == {(0, None)}
    assert {row["n"] for row in made} == {24, 8}


def test_where_everything_may_be_asked_everything_is():
    table = able(*["no"] * 40, "yes")
    assert all(row["n_asked"] == row["n"] for row in quotas(table, in_splits(table), 1.0).kept.to_pylist())


def test_of_lists_of_boxes_only_the_empty_one_can_be_too_frequent():
    many_empty = able(*["some"] * 5, *["none"] * 60, question_id="boxes", kind="boxes")
    assert n_asked(quotas(many_empty, in_splits(many_empty, ("train",)), 0.5)) == {"train": {"some": 5, "none": 5}}
    few_empty = able(*["some"] * 60, *["none"] * 5, question_id="boxes", kind="boxes")
    assert n_asked(quotas(few_empty, in_splits(few_empty, ("train",)), 0.5)) == {"train": {"some": 60, "none": 5}}
    never_empty = able(*["some"] * 9, question_id="boxes", kind="boxes")
    assert n_asked(quotas(never_empty, in_splits(never_empty, ("train",)), 0.5)) == {"train": {"some": 9}}


def test_classes_are_kept_as_far_as_none_outweighs_the_others():
    table = able(*["FR-I"] * 60, *["FR-II"] * 20, *["HYBRID"] * 5, question_id="fr_class", kind="class")
    assert n_asked(quotas(table, in_splits(table, ("test",)), 0.5)) == {"test": {"FR-I": 25, "FR-II": 20, "HYBRID": 5}}


def test_pictures_that_the_splits_refused_are_a_group_of_their_own():
    table = able("yes", "no", "no", "no")
    assert n_asked(quotas(table, SPLITS.of([]), 0.5)) == {NO_SPLIT: {"yes": 1, "no": 1}}


def test_another_share_is_another_table_and_the_bound_of_warnings_is_not():
    assert Balance().most_frequent == 0.5
    with pytest.raises(ValueError, match="most_frequent"):
        Balance(most_frequent=0)


def small_sky():
    """Cutouts of mirabest, 40 FR-I and 10 FR-II, two of them partly blank."""
    names = [f"s{at}" for at in range(50)]
    rows = [cutout(one, blank_fraction=0.1 if one in ("s3", "s44") else 0.0) for one in names]
    sources = SOURCES.of(source(one, **{"FR-II" if at % 5 == 0 else "FR-I": "present"}) for at, one in enumerate(names))
    scheme = label_scheme("mirabest")
    cutouts, objects = seen(rows), OBJECTS.of([])
    return cutouts, descriptions(cutouts, sources, objects, scheme).kept, sources, objects


def spoken(tables, split, parts):
    """CONVERSATIONS, made in so many parts."""
    cutouts, told, sources, objects = tables
    how = asking(label_scheme("mirabest"), tuple(questions().values()), "xyxy_norm")
    quota = quotas(answers(cutouts, sources, objects, how).kept, split, 0.5).kept
    step = -(-cutouts.num_rows // parts)
    made = [conversations(cutouts.slice(at, step), told.slice(at, step), sources, objects, quota, split, how)
            for at in range(0, cutouts.num_rows, step)]  # fmt: skip
    return quota, pa.concat_tables(one.kept for one in made)


def test_conversations_ask_what_the_quotas_say_however_they_are_cut_into_parts():
    tables = small_sky()
    split = in_splits(tables[0], ("train", "test"))
    quota, whole = spoken(tables, split, 1)
    assert spoken(tables, split, 7)[1].equals(whole)
    planned = Counter()
    for row in quota.to_pylist():
        planned[row["question_id"], row["answer"]] += row["n_asked"]
    told = Counter()
    for turn in turns_of(whole):
        if turn["kind"] != "description":
            word = turn["answer"] if turn["kind"] == "class" else turn["answer"].split(" ")[0].strip(".,").lower()
            told[turn["question_id"], word] += 1
    assert told == +planned
    assert told["fr_class", "FR-I"] == told["fr_class", "FR-II"] == 10
    assert told["blank", "yes"] == told["blank", "no"] == 2
    assert ("border", "no") not in told  # of no picture it is known that a side is blank
    assert sum(turn["kind"] == "description" for turn in turns_of(whole)) == 50


def test_where_the_quotas_leave_nothing_the_cutout_is_refused_for_that():
    cutouts, told, sources, objects = small_sky()
    how = asking(label_scheme("mirabest"), (questions()["blank"],), "xyxy_norm")
    quota = quotas(answers(cutouts, sources, objects, how).kept, SPLITS.of([]), 0.5).kept
    made = conversations(cutouts, told, sources, objects, quota, SPLITS.of([]), how)
    assert (made.kept.num_rows, made.reasons) == (4, {"left-out-for-balance": 46})


def written(*said):
    """GENERATED about the first cutouts of the small sky, a pair for each answer with its claims."""
    return GENERATED.of(
        {"cutout_id": content_id("cutout", f"s{at}"), "turn": 0, "dataset": "demo", "sentences": [],
         "n_as_written": 1, "n_reworded": 0, "n_cut": 0,
         "verdict": "supported", "question": f"Is it so {at}?", "answer": answer, "reasons": [],
         "claims": [one.row() for one in claims],
         "model": "m", "revision": "", "prompt": "p", "prompt_sha": "0" * 64, "request_sha": "0" * 64, "seed": 0,
         "attempt": 1}
        for at, (answer, claims) in enumerate(said)
    )  # fmt: skip


def test_of_what_a_model_asks_yes_and_no_are_even_too_and_longer_answers_stay():
    cutouts, told, sources, objects = small_sky()
    blank = [Claim("border", "blank", Truth.ABSENT)]
    said = [("No, none.", blank)] * 9 + [("Yes, some.", [Claim("border", "blank")])] * 2
    said += [("No, and it is FR-I.", [*blank, Claim("presence", "FR-I")])] * 3 + [("A map.", [])]
    generated, how = written(*said), asking(label_scheme("mirabest"), (), "xyxy_norm")
    able = answers_with_generated(cutouts, generated, sources, objects, how).kept
    assert set(able["question_id"].to_pylist()) == {"generated/blank"}
    quota = quotas(able, SPLITS.of([]), 0.5).kept
    made = with_generated(cutouts, told, generated, sources, objects, quota, SPLITS.of([]), how).kept
    assert Counter(turn["answer"] for turn in turns_of(made)) == {
        "No, none.": 2, "Yes, some.": 2, "No, and it is FR-I.": 3, "A map.": 1,
    }  # fmt: skip


def test_a_word_for_each_answer_whatever_its_wording():
    assert answer_of("description", []) is None
    tables = small_sky()
    _, whole = spoken(tables, in_splits(tables[0], ("train",)), 1)
    assert {turn["answer"] for turn in turns_of(whole) if turn["question_id"] == "fr_class"} == {"FR-I", "FR-II"}
