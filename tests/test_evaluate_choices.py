"""Likelihoods of all allowed answers in one forward: equal to separate ones, and three mistakes that must show."""

import numpy as np
import pytest

from evaluate.asking.choices import choice_row, label_probabilities, likelihoods, log_likelihoods, may_see, of_logprobs
from evaluate.tasks.benchmark import Choice, benchmark

VOCABULARY, STOP = 40, 39
RNG = np.random.default_rng(6)
EMBEDDING, HEAD = RNG.normal(size=(VOCABULARY, 16)), RNG.normal(size=(16, VOCABULARY))
PROMPT = [5, 17, 3, 22, 9]
# As DIFF USE and DIFF USE -L ARGE: one answer is the beginning of another.
DIFFUSE, DIFFUSE_LARGE, NONE = [7, 8], [7, 8, 11, 12], [30]


def forward(ids, positions, sees):
    """A model of one attention layer: what a token predicts depends on all it sees and on how far away that is."""
    far = positions[:, None] - positions[None, :]
    weight = np.where(sees, np.exp(-0.3 * far), 0)
    state = np.tanh((weight / weight.sum(1, keepdims=True)) @ EMBEDDING[ids])
    return (3 * state @ HEAD).astype(np.float32)


def alone(prompt, answer):
    """Ln p of one answer by a forward of its own, token after token."""
    ids = np.array(prompt + answer)
    n = len(ids)
    logits = forward(ids, np.arange(n), np.tril(np.ones((n, n), bool))).astype(float)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return sum(log_p[len(prompt) - 1 + k, token] for k, token in enumerate(answer))


def in_one_row(prompt, answers):
    row = choice_row(prompt, answers)
    logits = forward(row.ids, row.positions, may_see(row))
    return row, logits, log_likelihoods(logits[row.predicted_at], row)


ANSWERS = [[*one, STOP] for one in (DIFFUSE, DIFFUSE_LARGE, NONE)]


def test_one_row_gives_what_separate_forwards_give():
    _, _, found = in_one_row(PROMPT, ANSWERS)
    assert np.abs(found - [alone(PROMPT, one) for one in ANSWERS]).max() < 1e-5


def test_a_branch_changes_nothing_of_the_others():
    _, _, together = in_one_row(PROMPT, ANSWERS)
    for k, one in enumerate(ANSWERS):
        assert in_one_row(PROMPT, [one])[2][0] == pytest.approx(together[k], abs=1e-5)


def test_mistake_one_the_first_token_is_predicted_at_the_prompts_end():
    row, logits, found = in_one_row(PROMPT, ANSWERS)
    before_it = np.flatnonzero(row.branches > 0) - 1  # the token before it in the row
    wrong = log_likelihoods(logits[before_it], row)
    assert wrong[0] == pytest.approx(found[0], abs=1e-6)  # of the first branch they are the same: no error to see
    assert np.abs(wrong[1:] - found[1:]).min() > 0.05


def test_mistake_two_without_its_stop_an_answer_never_comes_out_below_one_that_it_begins():
    _, _, without = in_one_row(PROMPT, [DIFFUSE, DIFFUSE_LARGE])
    assert without[0] > without[1]  # whatever the model: the sum over more tokens is lower
    sure = forward_that_says(DIFFUSE_LARGE)
    row = choice_row(PROMPT, [[*DIFFUSE, STOP], [*DIFFUSE_LARGE, STOP]])
    with_stop = log_likelihoods(sure(row)[row.predicted_at], row)
    assert with_stop[1] > with_stop[0]


def test_mistake_three_the_first_token_cannot_tell_answers_that_share_it():
    row = choice_row(PROMPT, [[*DIFFUSE, STOP], [*DIFFUSE_LARGE, STOP]])
    first = [int(row.said[np.flatnonzero(row.branch_of_said == k)[0]]) for k in (0, 1)]
    assert first[0] == first[1]
    sure = forward_that_says(DIFFUSE_LARGE)
    assert np.ptp(log_likelihoods(sure(row)[row.predicted_at], row)) > 1


def forward_that_says(answer):
    """A model that is sure of one answer: of each next token of it, and of its end."""

    def logits(row):
        made = np.zeros((row.ids.size, VOCABULARY), np.float32)
        for at in range(row.ids.size):
            k = row.positions[at] - len(PROMPT) + 1
            if 0 <= k <= len(answer):
                made[at, [*answer, STOP][k]] = 9
        return made

    return logits


def test_mass_and_probabilities():
    choices = (Choice("Yes", ("YES",)), Choice("No", ("NO",)))
    found = of_logprobs([np.log(0.3), np.log(0.1)], choices)
    assert found.mass == pytest.approx(0.4)
    assert found.prob == pytest.approx((0.75, 0.25))
    assert found.best.text == "Yes"
    assert of_logprobs([-800.0, -801.0], choices).prob[0] == pytest.approx(1 / (1 + np.exp(-1)))
    with pytest.raises(ValueError, match="3 likelihoods for 2 answers"):
        of_logprobs([0.0, 0.0, 0.0], choices)


def test_the_probability_of_a_label_is_the_sum_over_sets_that_hold_it():
    choices = benchmark("b1").choices
    prob = np.arange(1, 9) / 36
    by_hand = [sum(p for p, one in zip(prob, choices, strict=True) if label in one.labels) for label in
               ("EXTENDED", "DIFFUSE", "DIFFUSE-LARGE")]  # fmt: skip
    found = label_probabilities(prob, [one.labels for one in choices], benchmark("b1").classes)
    assert found == pytest.approx(by_hand)
    assert of_logprobs(np.log(prob), choices).of_labels(benchmark("b1").classes) == pytest.approx(by_hand)


def test_a_backend_is_asked_for_every_allowed_answer():
    class Fixed:
        def log_likelihoods(self, requests, answers):
            assert [list(one) for one in answers] == [["FR-I", "FR-II"]] * 2
            return [(-1.0, -2.0), (-3.0, -1.0)]

    found = likelihoods(Fixed(), ["a", "b"], benchmark("b6").choices)
    assert [one.best.text for one in found] == ["FR-I", "FR-II"]
