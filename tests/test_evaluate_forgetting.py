"""What was forgotten, and what is only said otherwise: on made answers, and on files that lmms-eval wrote."""

from pathlib import Path

import numpy as np
import pytest

from evaluate.report.reporting import forgotten_of
from evaluate.standard.forgetting import forgotten, lenient_score, mean_and_worst, strict_score
from evaluate.standard.lenient import options_in
from evaluate.standard.letters import letter_of
from evaluate.standard.logged import Logged
from evaluate.standard.standard import STANDARDS, Result, read_result
from schemas.errors import CatalogError, GateError, RecipeError

RECORDED = Path(__file__).parent / "recorded" / "lmms_eval_0.7.3"


def result(task, replies, targets):
    samples = tuple(Logged(k, t, r, float(r == t)) for k, (r, t) in enumerate(zip(replies, targets, strict=True)))
    return Result(task, "m", float(np.mean([one.score for one in samples])), len(samples), "0.7.3", samples)


def test_planted_sentence_answers_show_as_format_loss_alone():
    targets = ["ABCD"[k % 4] for k in range(400)]
    wrong = ["ABCD"[(k + 1) % 4] for k in range(400)]
    before = [t if k % 5 else w for k, (t, w) in enumerate(zip(targets, wrong, strict=True))]
    spoken = [f"The answer is {one}." if k % 2 else one for k, one in enumerate(before)]
    row = forgotten(result("scienceqa_img", before, targets), result("scienceqa_img", spoken, targets))
    assert row.knowledge.points == 0 and (row.knowledge.low, row.knowledge.high) == (0, 0)
    assert row.form.points == pytest.approx(40.0, abs=0.5) and row.form.low > 30
    assert row.total.points == pytest.approx(row.knowledge.points + row.form.points)
    assert row.name == "ScienceQA-IMG"


def test_planted_wrong_answers_show_as_knowledge_loss_alone():
    targets = ["A"] * 300
    after = ["A" if k % 3 else "B" for k in range(300)]
    row = forgotten(result("ai2d", targets, targets), result("ai2d", after, targets))
    assert row.form.points == 0 and row.knowledge.points == pytest.approx(100 / 3)
    assert row.knowledge.low < 100 / 3 < row.knowledge.high
    assert mean_and_worst([row]) == (row.knowledge.points, row.knowledge.points, "AI2D")


def test_runs_over_different_documents_are_not_compared():
    with pytest.raises(CatalogError, match="different documents"):
        forgotten(result("ai2d", ["A"], ["A"]), result("ai2d", ["A", "A"], ["A", "A"]))


@pytest.mark.parametrize(
    ("reply", "target", "score"),
    [
        ("B", "B", 1), ("(B)", "B", 1), ("B. A tail", "B", 1), ("The answer is B.", "B", 1), ("**B**", "B", 1),
        ("It is B, not C.", "B", 1), ("A star is seen.", "A", 0), ("I think C", "C", 1), ("", "B", 0),
        ("I would say that it is A.", "A", 1), ("Option A, as is seen", "A", 1), ("It is A or D.", "A", 0),
        ("Yes, it is.", "Yes", 1), ("No. Yes would be wrong", "Yes", 0), ("The total is 42.", "42", 1),
        ("The total is 420.", "42", 0), ("It says Main Street.", "['main street', 'street']", 1),
    ],
)  # fmt: skip
def test_a_lenient_score_finds_the_answer_in_a_sentence(reply, target, score):
    one = Logged(0, target, reply, None)
    assert lenient_score(one) == score
    assert lenient_score(one) >= strict_score(one)


@pytest.mark.parametrize(
    ("task", "reply", "target", "score"),
    [
        ("chartqa", "The value is 0.58.", "0.57", 1), ("chartqa", "The value is 0.61.", "0.57", 0),
        ("chartqa", "From 0.57 to 0.9", "0.57", 1), ("chartqa", "0.56 or 0.9", "0.57", 0),
        ("chartqa", "About 1,190 people", "1200", 1), ("chartqa", "It is 42%.", "0.42", 1),
        ("docvqa_val", "It says Green Bnak.", "['Green Bank']", 0.8), ("docvqa_val", "It says Effelsberg.", "A", 0),
        ("infovqa_val", "It is 7.", "['12', '13']", 0), ("docvqa_val", "The letter is B.", "['B']", 1),
    ],
)  # fmt: skip
def test_a_lenient_score_has_the_tolerance_of_the_benchmark(task, reply, target, score):
    assert lenient_score(Logged(0, target, reply, 0.0), task) == pytest.approx(score)


def test_an_option_is_known_by_its_words():
    options = options_in("What is it?\nA. a red dwarf\nB. a dwarf\nC. a quasar\nAnswer with the letter.")
    assert options == {"A": "a red dwarf", "B": "a dwarf", "C": "a quasar"}
    assert options_in("Which?\nOptions: A: a lake, B: a sea\nAnswer") == {"A": "a lake", "B": "a sea"}
    assert letter_of("It must be a red dwarf.", options) == "A"
    assert letter_of("Surely a quasar, not a dwarf", options) is None
    assert letter_of("Nothing of these.", options) is None


OPTIONS = {"A": "a star", "B": "red", "C": "green", "D": "blue"}
MEAN_A = (
    "The answer is A.", "A", "a", "(a)", "It is a star", "The answer is a star", "A star is seen",
    "I would say that it is A.", "Option A, as is seen", "a)", "Answer: A because B is wrong", "A. a star",
)  # fmt: skip
MEAN_B = (
    "Answer: B", "Answer: B. Option C is wrong because it is green.", "Answer: B\nExplanation: A and C are wrong.",
    "ANSWER: B, not C", "Choice: B\nReason: C is absent", "First I considered (A), but the answer is B",
    "answer is option B, not option C", "B - since C is green", "b", "(b)", "**B**", "Answer: **B**",
    "The correct option is (B)", "The correct option is (B), as C is green", "The correct answer is B.",
    "The best choice is B", "I choose B", "I would go with (B).", "B is correct",
    "B is the correct answer. A, C and D are wrong.", "A, C and D are wrong, so it must be B", "Not A, not C, but B",
    "It is (B), not (C)", "It is not A. It is B.", "The answer is not C but B", "Answer: (B) red", "(B) red",
    "B) red", "b) red", "b.", "The answer is b.", "option b", "Option B", "Final answer: B",
    "The answer is A? No. Final answer: B", "Eliminating A, C and D leaves B", "neither A nor C; B",
    "<think>A or C</think>B", "\\boxed{B}", "$\\boxed{\\text{B}}$", "The answer is red", "It's red.",
    "B, because it's red", "Answer is B because A is wrong", "The answer should be B: red", "Answer B", "[B]",
    "\"B\"", "B: red", "answer: b", "Correct answer: option (b)", "My answer is: B",
    "The answer to the question is B.", "A is wrong. B is right.", "(A) is incorrect; (B) is correct", "Answer:\nB",
    "Answer:\n\n(B)", "The final answer is (B).", "_B_", "Option (B) is the correct one, not (A).",
    "Among the options, B is the best", "The answer is: **(B) red**", "the letter is B", "ANSWER:B", "Answer – B",
    "I pick option b because", "A: incorrect. B: correct. C: incorrect.",
)  # fmt: skip
MEAN_NONE = (
    "A or B", "Answer: A or B", "Answer: B, C", "B and C", "not B", "The answer is not B", "B is wrong", "Is it B?",
    "(B)?", "The answer is B? I do not know", "A, B and C are all correct", "It is not red", "Either B or C",
    "I cannot say", "B is not the answer", "None of A, B or C", "The source B is bright", "all but B",
    "The answer is A. Wait, the answer is B", "", "The answer could be B or C", "Option B is wrong",
    "As seen in panel B", "(A) and (B)", "X-ray", "Not red but pink", "no B", "B or C", "B, C", "B?",
    "I don't think B is correct", "B can't be right", "it isn't (B)", "B is unlikely to be correct",
    "I doubt it is B", "Answer: E. (B) is near it",
)  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "letter"),
    [*((one, "A") for one in MEAN_A), *((one, "B") for one in MEAN_B), *((one, None) for one in MEAN_NONE)],
)
def test_the_letter_that_is_said_to_be_the_answer_counts_before_those_mentioned(reply, letter):
    assert letter_of(reply, OPTIONS) == letter


def test_yes_and_no_of_the_standard_benchmarks_are_answers_not_words_in_a_sentence():
    asked = "Is there a dog in the image?"
    said = {"There is no dog.": "no", "A dog is seen; no cat is.": "", "No, a cat.": "no", "There is no cat.": "",
            "<think>No?</think>Yes": "yes", "Yes, there is no dog": ""}  # fmt: skip
    for reply, answer in said.items():
        found = {due for due in ("yes", "no") if lenient_score(Logged(0, due, reply, 0.0, asked), "mme")}
        assert found == ({answer} - {""}), reply


def test_a_point_by_luck_is_no_knowledge():
    lucky = Logged(0, "B", "Nothing can be said.", 1.0, "[1]\nA. x\nB. y")
    assert (lenient_score(lucky, "mmmu_val"), lenient_score(lucky, "mmstar")) == (0.0, 1.0)
    assert lenient_score(Logged(0, "3.14", "it is 3.1400", 1.0), "mmmu_val") == 1.0


# -- on what lmms-eval 0.7.3 wrote: tests/making_standard.py --------------------------------------------------------


@pytest.mark.parametrize("task", STANDARDS)
def test_of_the_real_harness_the_same_answers_in_sentences_cost_form_alone(task):
    base, spoken = (read_result(RECORDED / name, task) for name in ("base", "spoken"))
    row = forgotten(base, spoken)
    assert (row.knowledge.points, row.knowledge.low, row.knowledge.high) == (0, 0, 0)
    assert row.lenient_base == pytest.approx(row.strict_base)
    is_read_in_sentences = task in ("mmstar", "ocrbench")
    assert row.form.points == pytest.approx(0) if is_read_in_sentences else row.form.points > 10


def test_the_harness_score_is_the_mean_over_the_questions_that_count():
    for task in STANDARDS:
        found = read_result(RECORDED / "base", task)
        row = forgotten(found, found)
        if STANDARDS[task].is_share:
            assert row.strict_base == pytest.approx(found.score)
    assert read_result(RECORDED / "base", "seedbench").n == 10  # of 12, two of videos


def test_a_table_of_the_real_files_is_made_and_none_where_the_base_is_off_its_card(tmp_path):
    for name in ("base", "spoken"):
        for task in STANDARDS:
            (tmp_path / name / task).mkdir(parents=True)
            for file in (RECORDED / name).glob(f"*_samples_{task}.jsonl"):
                (tmp_path / name / task / file.name).write_bytes(file.read_bytes())
            (told,) = (RECORDED / name).glob("*_results.json")
            (tmp_path / name / task / told.name).write_bytes(told.read_bytes())
    rows = forgotten_of(tmp_path / "base", tmp_path / "spoken", None)
    assert len(rows) == 11 and mean_and_worst(rows)[:2] == (0, 0)
    assert np.mean([row.form.points for row in rows]) > 30
    with pytest.raises(GateError, match=r"harness drift, no table.*MME, mme_cognition_score: the base has 200\.0"):
        forgotten_of(tmp_path / "base", tmp_path / "spoken", "llava-onevision-qwen2-7b-ov")
    with pytest.raises(RecipeError, match="no task"):
        forgotten_of(tmp_path, tmp_path / "spoken", None)
