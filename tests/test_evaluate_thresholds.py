"""Thresholds: planted ones are found again, test pictures never enter a fit, tuned scores stand beside raw ones."""

import numpy as np
import pytest

from evaluate.scoring.said import label_scores, said_by
from evaluate.scoring.scores import scores
from evaluate.scoring.thresholds import Thresholds, fitted
from evaluate.tasks.benchmark import benchmark
from schemas.errors import RecipeError
from tests.making_predictions import predictions

B1, B3 = benchmark("b1"), benchmark("b3")
RNG = np.random.default_rng(8)


def run(one, truth, prob, split, first=0):
    """A run whose choice probabilities are given; replies are the most likely answers."""
    said = [one.choices[int(np.argmax(p))].text for p in prob]
    table = predictions(one, truth, said, logprobs=np.log(prob), split=split)
    shas = [f"{first + k:064x}" for k in range(len(truth))]
    at = table.schema.get_field_index("image_sha")
    import pyarrow as pa

    return table.set_column(at, table.schema.field(at), pa.array(shas))


def shifted(n):
    """Yes is likely wherever it is true, but never more likely than No: as where the prior of training has shifted."""
    is_yes = RNG.random(n) < 0.2
    p_yes = np.where(is_yes, RNG.uniform(0.25, 0.45, n), RNG.uniform(0.0, 0.2, n))
    return [("YES",) if one else ("NO",) for one in is_yes], np.stack([p_yes, 1 - p_yes], axis=1)


def fit(one, table):
    rows = table.sort_by("image_id").to_pylist()
    return fitted(rows, label_scores(rows, one), said_by(rows, one, "choice", one.truth).truth, one)


def test_a_shifted_prior_is_found_on_validation_and_helps_on_the_test():
    thresholds = fit(B3, run(B3, *shifted(300), "validation"))
    test = run(B3, *shifted(400), "test", first=1_000)
    found = scores(test, B3, thresholds=thresholds, n_draws=0).to_pylist()
    f1 = {row["scoring"]: row["value"] for row in found if (row["of"], row["metric"]) == ("YES", "f1")}
    assert f1["choice"] == 0  # raw and tuned stand side by side
    assert f1["tuned"] == 1
    assert Thresholds.model_validate_json(thresholds.model_dump_json()) == thresholds  # stored, never refitted


def test_a_planted_threshold_of_each_label_is_recovered():
    n, planted = 3_000, np.array([0.3, 0.6, 0.8])
    each = RNG.random((n, 3))
    truth = [tuple(c for c, one in zip(B1.classes, row >= planted, strict=True) if one) for row in each]
    prob = np.stack([np.prod([each[:, k] if c in one.labels else 1 - each[:, k] for k, c in enumerate(B1.classes)],
                             axis=0) for one in B1.choices], axis=1)  # fmt: skip
    thresholds = fit(B1, run(B1, truth, prob, "validation"))
    assert thresholds.values == pytest.approx(planted, abs=0.005)
    assert thresholds.chosen(np.array([0.31, 0.5, 0.9])) == ("EXTENDED", "DIFFUSE-LARGE")
    assert thresholds.chosen(np.array([0.1, 0.1, 0.1])) == ()  # NONE


def test_test_pictures_never_enter_a_fit():
    with pytest.raises(RecipeError, match="found test"):
        fit(B3, run(B3, *shifted(20), "test"))
    thresholds = fit(B3, run(B3, *shifted(20), "validation"))
    with pytest.raises(RecipeError, match="fitted on 20 of the pictures"):
        scores(run(B3, *shifted(20), "test"), B3, thresholds=thresholds)


def test_thresholds_of_another_model_or_benchmark_are_refused():
    thresholds = fit(B3, run(B3, *shifted(20), "validation"))
    b4 = benchmark("b4")
    with pytest.raises(RecipeError, match="fit them again"):
        scores(run(b4, *shifted(5), "test", first=99), b4, thresholds=thresholds)
