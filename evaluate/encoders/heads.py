"""What is put on frozen features: logistic regression, or boosted trees by LightGBM.

Both give (n_pictures, n_classes): of one-label and yes-no benchmarks probabilities that add up to 1, of several labels
the probability of each alone. Strength and number of trees are chosen on validation pictures.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluate.encoders.lessons import Known
from evaluate.scoring.metrics import Bools, Floats
from schemas.errors import RecipeError

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Of the penalty on weights, over the number of training pictures; tried from the strongest down."""
N_STEPS = 500
MOST_TREES, PATIENCE = 500, 30
LEAST_P = 1e-7
LIGHTGBM_ABSENT = (
    "LightGBM is not installed, so there is no head `lightgbm`: pip install -c constraints.txt -e '.[encoders]', "
    "or take --head logistic"
)
Numbers = NDArray[np.float32]
Predict = Callable[[Numbers], Floats]


@dataclass(frozen=True)
class Head:
    """A fitted head."""

    predict: Predict
    chosen: dict[str, float]
    """What validation chose, to be told."""
    files: dict[str, bytes]
    """Itself, to be kept."""


def logistic(train: Numbers, truth: Bools, validation: Numbers, known: Bools, *, is_one: bool) -> Head:
    """Logistic regression on standardised features, its penalty chosen by validation's log-loss.

    `is_one`: exactly one class is true, so classes share one softmax; else each stands alone.
    """
    mean, spread = train.mean(0, dtype=float), train.std(0, dtype=float)
    spread = np.where(spread > 0, spread, 1.0)

    def ready(numbers: Numbers) -> Floats:
        return (numbers - mean) / spread

    seen, tried, best, weights = ready(train), ready(validation), np.inf, np.zeros((train.shape[1] + 1, truth.shape[1]))
    strength = STRENGTHS[-1]
    start = weights
    for one in sorted(STRENGTHS, reverse=True):
        start = fitted_weights(seen, truth, one, is_one=is_one, start=start)
        loss = log_loss(linear(tried, start, is_one=is_one), known, is_one=is_one)
        if loss < best:
            best, weights, strength = loss, start, one
    sink = io.BytesIO()
    np.savez(sink, mean=mean, spread=spread, weights=weights)
    return Head(
        lambda numbers: linear(ready(numbers), weights, is_one=is_one),
        {"penalty": strength, "validation_loss": round(best, 6)},
        {"logistic.npz": sink.getvalue()},
    )


def fitted_weights(seen: Floats, truth: Bools, strength: float, *, is_one: bool, start: Floats | None = None) -> Floats:
    """(n_features + 1, n_classes) weights of least log-loss with a penalty of strength / 2 on their squares.

    The last row is the offset, which no penalty holds.
    """
    from scipy.optimize import minimize

    shape = (seen.shape[1] + 1, truth.shape[1])

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        given = linear(seen, weights, is_one=is_one)
        wrong = (given - truth) / len(seen)
        slope = np.concatenate([seen.T @ wrong + strength * weights[:-1], wrong.sum(0, keepdims=True)])
        value = log_loss(given, truth, is_one=is_one) + strength / 2 * float((weights[:-1] ** 2).sum())
        return value, slope.ravel()

    first = np.zeros(shape) if start is None else start
    found: Any = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": N_STEPS})
    return found.x.reshape(shape)


def linear(seen: Floats, weights: Floats, *, is_one: bool) -> Floats:
    """(n_pictures, n_classes) probabilities."""
    score = seen @ weights[:-1] + weights[-1]
    if not is_one:
        return 1 / (1 + np.exp(-np.clip(score, -50, 50)))
    spread = np.exp(score - score.max(1, keepdims=True))
    return spread / spread.sum(1, keepdims=True)


def log_loss(given: Floats, truth: Bools, *, is_one: bool) -> float:
    """The mean over pictures of -ln p of what is true; of several labels the sum over them."""
    given = np.clip(given, LEAST_P, 1 - LEAST_P)
    if is_one:
        return float(-np.log(given[truth]).sum() / len(given))
    return float(-(np.log(given) * truth + np.log1p(-given) * ~truth).sum() / len(given))


def lightgbm(train: Numbers, truth: Bools, validation: Numbers, known: Bools, *, is_one: bool) -> Head:
    """Boosted trees, as many as validation's log-loss wants. RecipeError where LightGBM is not installed."""
    try:
        import lightgbm as trees
    except ImportError as error:
        raise RecipeError(LIGHTGBM_ABSENT) from error
    common = {"verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1, "seed": 0,
              "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 10}  # fmt: skip
    n_classes = truth.shape[1]
    if is_one:
        tasks = [({"objective": "multiclass", "num_class": n_classes}, truth.argmax(1), known.argmax(1))]
    else:
        tasks = [({"objective": "binary"}, truth[:, k], known[:, k]) for k in range(n_classes)]
    made = list[Any]()
    for aim, target, held in tasks:
        data = trees.Dataset(train, target.astype(int))
        made.append(
            trees.train(
                {**common, **aim}, data, MOST_TREES, [trees.Dataset(validation, held.astype(int), reference=data)],
                callbacks=[trees.early_stopping(PATIENCE, verbose=False)],
            )
        )  # fmt: skip

    def predict(numbers: Numbers) -> Floats:
        said = [one.predict(numbers, num_iteration=one.best_iteration) for one in made]
        return np.asarray(said[0] if is_one else np.stack(said, axis=1), float)

    files = {f"lightgbm-{k}.txt": one.model_to_string().encode() for k, one in enumerate(made)}
    return Head(predict, {f"trees_{k}": float(one.best_iteration) for k, one in enumerate(made)}, files)


HEADS: dict[str, Callable[..., Head]] = {"logistic": logistic, "lightgbm": lightgbm}


def fitted_head(name: str, numbers: tuple[Numbers, Numbers], train: Known, validation: Known, *,
                is_one: bool) -> Head:  # fmt: skip
    """A head by name, fitted on the numbers of training and validation pictures."""
    return HEADS[name](numbers[0], train.truth, numbers[1], validation.truth, is_one=is_one)
