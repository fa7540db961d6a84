"""SCORES: equal to scikit-learn, every picture in them, and how far the paper's way of scoring is from ours."""

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluate.scoring import metrics
from evaluate.scoring.scores import scores
from evaluate.tasks.benchmark import benchmark
from schemas.errors import TableError
from schemas.tables import SCORES
from tests.making_predictions import predictions

B1, B2, B3, B5, B6 = (benchmark(f"b{k}") for k in (1, 2, 3, 5, 6))
RNG = np.random.default_rng(11)


def value(table, scoring, of, metric, *, said="", rule=None, column="value"):
    rows = [
        row for row in table.to_pylist()
        if (row["scoring"], row["of"], row["metric"], row["predicted_as"]) == (scoring, of, metric, said)
        and rule in (None, row["truth_rule"])
    ]  # fmt: skip
    assert len(rows) == 1, rows
    return rows[0][column]


def drawn(one, n, right=0.7):
    """Truth and answers of a model that is right as often as said, else anything."""
    choices = one.choices
    truth = [choices[k] for k in RNG.integers(len(choices), size=n)]
    said = [t if RNG.random() < right else choices[RNG.integers(len(choices))] for t in truth]
    return truth, said


@pytest.mark.parametrize("one", [B2, B3, B5, B6], ids=lambda one: one.name)
def test_one_label_scores_are_those_of_scikit_learn(one):
    truth, said = drawn(one, 400)
    found = scores(predictions(one, [t.labels for t in truth], [s.text for s in said]), one, n_draws=0)
    y, p = [t.labels[0] for t in truth], [s.labels[0] for s in said]
    for name, theirs in (
        ("precision", oracle.precision_score),
        ("recall", oracle.recall_score),
        ("f1", oracle.f1_score),
    ):
        each = theirs(y, p, labels=one.classes, average=None)
        assert [value(found, "strict", c, name, rule=one.truth) for c in one.classes] == pytest.approx(list(each))
    for average in ("macro", "weighted", "micro"):
        theirs = oracle.f1_score(y, p, labels=one.classes, average=average)
        assert value(found, "strict", average, "f1", rule=one.truth) == pytest.approx(theirs)
    assert value(found, "strict", "all", "accuracy", rule=one.truth) == pytest.approx(oracle.accuracy_score(y, p))
    theirs = oracle.balanced_accuracy_score(y, p)
    assert value(found, "strict", "all", "balanced_accuracy", rule=one.truth) == pytest.approx(theirs)
    table = oracle.confusion_matrix(y, p, labels=one.classes)
    for k, true in enumerate(one.classes):
        ours = [value(found, "strict", true, "count", said=c, rule=one.truth) for c in (*one.classes, "invalid")]
        assert ours == [*table[k], 0]


def test_several_label_scores_are_those_of_scikit_learn():
    truth, said = drawn(B1, 400)
    found = scores(predictions(B1, [t.labels for t in truth], [s.text for s in said]), B1, n_draws=0)
    y, p = (np.array([[c in one.labels for c in B1.classes] for one in some]) for some in (truth, said))
    for average in ("macro", "weighted", "micro"):
        theirs = oracle.f1_score(y, p, average=average)
        assert value(found, "strict", average, "f1") == pytest.approx(theirs)
    assert value(found, "strict", "all", "exact_set") == pytest.approx(oracle.accuracy_score(y, p))
    theirs = oracle.jaccard_score(y, p, average="samples", zero_division=1.0)
    assert value(found, "strict", "all", "jaccard") == pytest.approx(theirs)
    with_none = [np.c_[one, ~one.any(1)] for one in (y, p)]
    assert value(found, "strict", "macro-with-none", "f1") == pytest.approx(
        oracle.f1_score(*with_none, average="macro")
    )
    assert value(found, "strict", "NONE", "f1") == pytest.approx(oracle.f1_score(*with_none, average=None)[3])


def test_ranks_and_calibration_are_those_of_scikit_learn_and_of_the_definition():
    n, prob = 300, RNG.dirichlet(np.ones(3), size=300)
    truth = [(B5.classes[RNG.choice(3, p=one)],) for one in prob]
    table = predictions(B5, truth, [B5.classes[0]] * n, logprobs=np.log(prob * 0.8))
    found = scores(table, B5, n_draws=50)
    for k, label in enumerate(B5.classes):
        y = [t == (label,) for t in truth]
        rule = B5.truth
        assert value(found, "choice", label, "auroc", rule=rule) == pytest.approx(oracle.roc_auc_score(y, prob[:, k]))
        theirs = oracle.average_precision_score(y, prob[:, k])
        assert value(found, "choice", label, "average_precision", rule=rule) == pytest.approx(theirs)
    hot = np.array([[c in t for c in B5.classes] for t in truth], float)
    assert value(found, "choice", "all", "brier", rule=B5.truth) == pytest.approx(((prob - hot) ** 2).mean())
    assert value(found, "choice", "all", "mass", rule=B5.truth) == pytest.approx(0.8)
    assert value(found, "choice", "all", "ece", rule=B5.truth) < 0.12  # drawn from its own probabilities
    low, high = (value(found, "choice", "PECULIAR", "auroc", rule=B5.truth, column=c) for c in ("low", "high"))
    assert low < value(found, "choice", "PECULIAR", "auroc", rule=B5.truth) < high


def test_equal_scores_count_half_also_with_weights():
    score, true = np.array([0.9, 0.5, 0.5, 0.5, 0.1]), np.array([True, True, False, True, False])
    weight = np.array([[1, 1, 1, 1, 1], [2, 0, 3, 1, 1]], float)
    areas, averages = metrics.rank_scores(score, true, weight)
    for k, w in enumerate(weight):
        assert areas[k] == pytest.approx(oracle.roc_auc_score(true, score, sample_weight=w))
        assert averages[k] == pytest.approx(oracle.average_precision_score(true, score, sample_weight=w))
    assert np.isnan(metrics.rank_scores(score, np.ones(5, bool), weight[:1])[0][0])


REPLIES = [
    "EXTENDED", "DIFFUSE, EXTENDED", "NONE", "", None, "I'm sorry", "COMPACT", "NONE, DIFFUSE", "EXTENDED and DIFFUSE"
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(B1.choices), st.sampled_from(REPLIES)), min_size=1, max_size=30))
def test_every_picture_is_scored_whatever_the_replies(drawn):
    truth, replies = [t.labels for t, _ in drawn], [reply for _, reply in drawn]
    found = scores(predictions(B1, truth, replies), B1, n_draws=20)
    assert found.schema == SCORES.schema
    for row in found.to_pylist():
        if row["scoring"] in ("strict", "lenient", "all") and row["of"] in ("all", "macro"):
            assert row["n"] == len(drawn)
    for scoring in ("strict", "lenient"):
        for label in B1.classes:
            counted = sum(
                value(found, scoring, of, "count", said=said)
                for of in (label, f"not {label}") for said in (label, f"not {label}", "invalid")
            )  # fmt: skip
            assert counted == len(drawn)
    keys = [tuple(row[name] for name in SCORES.key) for row in found.to_pylist()]
    assert len(set(keys)) == len(keys)


def test_an_unreadable_answer_is_a_miss_of_its_class_and_nobodys_false_alarm():
    found = scores(predictions(B3, [("YES",), ("NO",)], ["Yes", "who knows"]), B3, n_draws=0)
    assert value(found, "strict", "NO", "recall") == 0
    assert value(found, "strict", "YES", "precision") == 1
    assert value(found, "strict", "NO", "count", said="invalid") == 1
    assert value(found, "all", "unknown_label", "share") == 0.5


def test_an_unreadable_answer_to_an_empty_picture_is_not_none():
    found = scores(predictions(B1, [(), ()], ["NONE", "???"]), B1, n_draws=0)
    assert value(found, "strict", "all", "exact_set") == 0.5
    assert value(found, "strict", "all", "jaccard") == 0.5
    assert value(found, "strict", "NONE", "f1") == pytest.approx(2 / 3)


def test_strict_and_lenient_differ_by_what_form_costs():
    found = scores(predictions(B6, [("FR-I",), ("FR-II",)], ["FR-I", "It is an FR-II galaxy."]), B6, n_draws=0)
    assert value(found, "strict", "all", "accuracy") == 0.5
    assert value(found, "lenient", "all", "accuracy") == 1
    assert value(found, "all", "all", "coverage") == 0.5


# -- the paper's scoring beside ours ---


def test_the_paper_shows_a_macro_f1_of_0_85_as_0_566():
    """NONE is a class without a picture: two classes become three (E3)."""
    n = 1000
    truth = [("FR-I",)] * n + [("FR-II",)] * n
    replies = ["FR-I"] * 850 + ["FR-II"] * 150 + ["FR-II"] * 850 + ["FR-I"] * 150
    found = scores(predictions(B6, truth, replies), B6, n_draws=0)
    assert value(found, "strict", "macro", "f1") == pytest.approx(0.850, abs=5e-4)
    assert value(found, "paper", "macro", "f1") == pytest.approx(0.566, abs=1e-3)
    assert value(found, "paper", "macro-true-classes", "f1") == pytest.approx(0.850, abs=5e-4)


def test_dropping_what_cannot_be_read_inflates():
    """Half of the wrong answers are not readable: higher on the rest than on all (E1)."""
    truth, replies = [], []
    for label, other in (("FR-I", "FR-II"), ("FR-II", "FR-I")):
        truth += [(label,)] * 1000
        replies += [label] * 672 + [other] * 164 + ["I see a galaxy"] * 164
    found = scores(predictions(B6, truth, replies), B6, n_draws=0)
    ours, theirs = value(found, "strict", "macro", "f1"), value(found, "paper", "macro-true-classes", "f1")
    assert ours == pytest.approx(0.733, abs=2e-3)
    assert theirs == pytest.approx(0.804, abs=1e-3)
    assert value(found, "paper", "all", "coverage") == pytest.approx(0.836)
    assert value(found, "paper", "all", "accuracy", column="n") == 1672


def test_a_model_that_is_never_readable_has_no_score_by_the_paper_and_nought_by_ours():
    found = scores(predictions(B6, [("FR-I",)] * 3, ["well"] * 3), B6, n_draws=100)
    assert value(found, "paper", "all", "accuracy") is None
    assert value(found, "strict", "macro", "f1") == 0
    assert value(found, "strict", "all", "accuracy") == 0
    assert scores(predictions(B6, [], []), B6).num_rows == 0


def test_both_rules_of_peculiarity_are_scored_from_the_same_replies():
    truth = [("COMPLEX",), ("ORDINARY",)]
    others = [{"peculiarity-narrow": ("ORDINARY",)}, {"peculiarity-narrow": ("ORDINARY",)}]
    found = scores(predictions(B5, truth, ["ORDINARY"] * 2, other_truths=others), B5, n_draws=0)
    assert value(found, "strict", "all", "accuracy", rule="peculiarity") == 0.5
    assert value(found, "strict", "all", "accuracy", rule="peculiarity-narrow") == 1
    assert value(found, "paper", "ORDINARY", "support") == 2


def test_a_rule_that_cannot_tell_of_a_picture_leaves_it_out_of_its_own_scores_alone():
    others = [{"peculiarity-narrow": ("ORDINARY",)}, {}]
    found = scores(predictions(B5, [("COMPLEX",)] * 2, ["COMPLEX"] * 2, other_truths=others), B5, n_draws=0)
    assert value(found, "strict", "all", "accuracy", rule="peculiarity", column="n") == 2
    assert value(found, "strict", "all", "accuracy", rule="peculiarity-narrow", column="n") == 1


def test_choices_of_the_misprint_are_read_in_its_wording():
    texts = ["1C-2C" if one.text == "1C-2P" else one.text for one in B2.choices]
    table = predictions(B2, [("1C-2P",)], ["1C-2C"], logprobs=[[-9, -1, -9, -9, -9, -9]], prompt_variant="paper",
                        choices=texts)  # fmt: skip
    assert value(scores(table, B2, n_draws=0), "choice", "all", "accuracy") == 1


def test_all_right_is_not_sure():
    """Every draw agrees, so the bootstrap alone would say [1, 1]."""
    found = scores(predictions(B3, [("YES",)] * 20, ["Yes"] * 20), B3, n_draws=100)
    low, high = (value(found, "strict", "all", "accuracy", column=c) for c in ("low", "high"))
    assert (round(low, 3), high) == (0.832, 1)
    assert value(found, "strict", "YES", "support", column="low") is None


def test_the_same_rows_in_another_order_give_the_same_bytes():
    truth, said = drawn(B2, 60)
    table = predictions(B2, [t.labels for t in truth], [s.text for s in said])
    assert scores(table, B2, n_draws=50).equals(scores(table.take(RNG.permutation(60)), B2, n_draws=50))


def test_several_runs_or_another_version_are_refused():
    table = predictions(B3, [("YES",)], ["Yes"])
    import pyarrow as pa

    with pytest.raises(TableError, match="2 runs, which differ in model"):
        scores(pa.concat_tables([table, predictions(B3, [("YES",)], ["Yes"], model="n")]), B3)
    with pytest.raises(TableError, match="cannot be scored as b4"):
        scores(table, benchmark("b4"))
