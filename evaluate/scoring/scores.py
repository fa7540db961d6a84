"""SCORES: every number of a run, with its interval, made from PREDICTIONS alone.

Six scorings. strict, the headline: the whole reply is an allowed answer, else wrong. lenient: what can be read of it.
choice: the most likely allowed answer. tuned: the same with thresholds fitted elsewhere. paper: the original's reader,
which drops what it cannot read, before its retries and (paper-retried) after; for comparison, and not to be trusted.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from curation.engine.steps import Input, Resources, Step
from evaluate.scoring import metrics
from evaluate.scoring.intervals import FEW_CLUSTERS, N_DRAWS, interval, seed_of, weights
from evaluate.scoring.metrics import Bools, Floats
from evaluate.scoring.said import Row, Said, has_choices, has_retries, label_scores, said_by, truth_of
from evaluate.scoring.sheet import Sheet, alone, counts_in, share, with_interval
from evaluate.scoring.thresholds import Thresholds
from evaluate.tasks.benchmark import Benchmark
from schemas.errors import TableError
from schemas.rejection import Sieved, sieved
from schemas.tables import RUN, SCORES, STATUSES

N_RANK_DRAWS = 1_000
INVALID, NOT = "invalid", "not "


def scores(
    predictions: pa.Table, benchmark: Benchmark, *, thresholds: Thresholds | None = None, n_draws: int = N_DRAWS
) -> pa.Table:
    """SCORES of one run, by every truth rule of the benchmark. Of no picture: no rows.

    Raises TableError where the table holds several runs, or another benchmark's.
    """
    rows = predictions.sort_by("image_id").to_pylist()
    if not rows:
        return SCORES.of([])
    run = _run(rows, benchmark)
    if thresholds is not None:
        thresholds.check(benchmark, rows)
    made = list[Row]()
    for rule in dict.fromkeys((benchmark.truth, *benchmark.truth_variants)):
        known = [row for row in rows if truth_of(row, rule, benchmark) is not None]
        if known:
            made += _by_rule(known, benchmark, rule, thresholds, n_draws)
    for scoring in ("paper", *(["paper-retried"] if has_retries(rows) else [])):
        made += _by_paper(rows, benchmark, scoring, n_draws)
    if thresholds is not None and has_choices(rows):
        made += _thresholds(thresholds, benchmark)
    return SCORES.of({**run, "predicted_as": "", **row} for row in made)


def scores_step(benchmark: Benchmark, predictions: Step, thresholds: Thresholds | None = None) -> Step:
    """The step that makes `scores/<benchmark>`: every number of a run, from its predictions alone."""
    return Step(
        name=f"scores/{benchmark.name}",
        make=_scored,
        table=SCORES,
        config=(benchmark, thresholds) if thresholds else (benchmark,),
        inputs=(Input(predictions),),
        counts="numbers",
        resources=Resources(memory_mb=1_500),
    )


def _scored(predictions: pa.Table, benchmark: Benchmark, thresholds: Thresholds | None = None) -> Sieved:
    found = scores(predictions, benchmark, thresholds=thresholds)
    return sieved(found, [], found.num_rows)


def _by_rule(
    rows: list[Row], benchmark: Benchmark, rule: str, thresholds: Thresholds | None, n_draws: int
) -> list[Row]:
    sheet = Sheet([row["cluster"] for row in rows])
    if rule == benchmark.truth:
        _statuses(sheet, rows, rule)
    scorings = ["strict", "lenient", *(["choice"] if has_choices(rows) else [])]
    scorings += ["tuned"] if thresholds is not None and has_choices(rows) else []
    for scoring in scorings:
        said = said_by(rows, benchmark, scoring, rule, thresholds if scoring == "tuned" else None)
        _score(sheet, said, {"truth_rule": rule, "scoring": scoring}, benchmark)
    seed = seed_of(benchmark.name)
    if not has_choices(rows):
        return sheet.rows(seed, n_draws)
    _calibration(sheet, rows, benchmark, rule)
    return sheet.rows(seed, n_draws) + _ranks(rows, benchmark, rule, n_draws)


def _thresholds(found: Thresholds, benchmark: Benchmark) -> list[Row]:
    """The thresholds themselves; `n`: the validation pictures that they were fitted on."""
    about = {"truth_rule": benchmark.truth, "scoring": "tuned", "metric": "threshold", "n": found.n_pictures}
    return [
        with_interval({**about, "of": label}, alone(value), "none")
        for label, value in zip(found.classes, found.values, strict=True)
    ]


def _by_paper(rows: list[Row], benchmark: Benchmark, scoring: str, n_draws: int) -> list[Row]:
    rule = benchmark.paper.truth
    known = [row for row in rows if truth_of(row, rule, benchmark) is not None]
    if not known:
        return []
    sheet, said = Sheet([row["cluster"] for row in known]), said_by(known, benchmark, scoring, rule)
    about = {"truth_rule": rule, "scoring": scoring}
    _score(sheet, said, about, benchmark)
    read = sheet.add(np.stack([said.is_read.astype(float), np.ones(len(known))], axis=1))
    sheet.want({**about, "of": "all", "metric": "coverage", "n": len(known)}, read, share)
    # What dropping alone does: the mean over the true classes, as ours, on the pictures that were not dropped.
    true = [k for k, one in enumerate(said.classes) if one in benchmark.classes]
    place = sheet.add(metrics.counts_of(said.truth, said.said)[:, true].reshape(len(known), -1) * said.counted[:, None])
    row = {**about, "of": "macro-true-classes", "metric": "f1", "n": int(said.counted.sum())}
    sheet.want(row, place, lambda sums: metrics.macro_f1(counts_in(sums)))
    return sheet.rows(seed_of(benchmark.name), n_draws)


def _score(sheet: Sheet, said: Said, about: Row, benchmark: Benchmark) -> None:
    """All numbers of one scoring."""
    dropped = ~said.counted
    counts = metrics.counts_of(said.truth, said.said)
    counts[dropped] = 0
    n, classes = int(said.counted.sum()), len(said.classes)
    place = sheet.add(counts.reshape(len(counts), -1))

    def want(of: str, metric: str, n_of: int, made: Callable[[Floats], Floats]) -> None:
        sheet.want({**about, "of": of, "metric": metric, "n": n_of}, place, lambda sums: made(counts_in(sums)))

    for k, label in enumerate(said.classes):
        support = int(said.truth[said.counted, k].sum())
        for name, metric in (("precision", metrics.precision), ("recall", metrics.recall), ("f1", metrics.f1)):
            want(label, name, support, lambda counts, metric=metric, k=k: metric(counts)[..., k])
        want(label, "support", support, lambda counts, k=k: counts[..., k, 0] + counts[..., k, 2])
    want("macro", "precision", n, lambda counts: metrics.precision(counts).mean(-1))
    want("macro", "recall", n, lambda counts: metrics.recall(counts).mean(-1))
    for of, metric in (("macro", metrics.macro_f1), ("weighted", metrics.weighted_f1), ("micro", metrics.micro_f1)):
        want(of, "f1", n, metric)
    if benchmark.answer != "labels":
        want("all", "balanced_accuracy", n, metrics.balanced_accuracy)
    _of_pictures(sheet, said, about, benchmark)
    if benchmark.none and not about["scoring"].startswith("paper"):
        none = np.stack([~said.truth.any(1), said.is_read & ~said.said.any(1)])
        also = sheet.add(
            np.concatenate([counts, metrics.counts_of(none[0], none[1])[:, None]], 1).reshape(len(counts), -1)
        )
        sheet.want({**about, "of": "macro-with-none", "metric": "f1", "n": n}, also,
                   lambda sums: metrics.macro_f1(counts_in(sums)))  # fmt: skip
        support = int(none[0].sum())
        sheet.want({**about, "of": benchmark.none, "metric": "f1", "n": support}, also,
                   lambda sums: metrics.f1(counts_in(sums))[..., classes])  # fmt: skip
    _confusion(sheet, said, about, benchmark)


def _of_pictures(sheet: Sheet, said: Said, about: Row, benchmark: Benchmark) -> None:
    right = (said.truth == said.said).all(1) & said.is_read & said.counted
    shared = metrics.jaccard(said.truth, said.said, said.is_read) * said.counted
    place = sheet.add(np.stack([right, shared, said.counted], axis=1).astype(float))
    n, name = int(said.counted.sum()), "exact_set" if benchmark.answer == "labels" else "accuracy"
    sheet.want({**about, "of": "all", "metric": name, "n": n}, place, lambda sums: share(sums[..., [0, 2]]))
    if benchmark.answer == "labels":
        sheet.want({**about, "of": "all", "metric": "jaccard", "n": n}, place, lambda sums: share(sums[..., [1, 2]]))


def _confusion(sheet: Sheet, said: Said, about: Row, benchmark: Benchmark) -> None:
    """Counts of truth against answer, with a column for replies that were not readable; of several labels one each."""
    classes = said.classes
    one_of = benchmark.answer != "labels"
    pairs = [(classes, said.truth, said.said)] if one_of else [
        ((one, NOT + one), _two(said.truth[:, k]), _two(said.said[:, k])) for k, one in enumerate(classes)
    ]  # fmt: skip
    for names, truth, answers in pairs:
        unread = (~said.is_read & said.counted)[:, None]
        columns = np.concatenate([answers & said.is_read[:, None] & said.counted[:, None], unread], axis=1)
        for k, name in enumerate(names):
            n = int((truth[:, k] & said.counted).sum())
            place = sheet.add((columns & truth[:, [k]]).astype(float))
            for j, answer in enumerate((*names, INVALID)):
                row = {**about, "of": name, "predicted_as": answer, "metric": "count", "n": n}
                sheet.want(row, place, lambda sums, j=j: sums[..., j])


def _statuses(sheet: Sheet, rows: Sequence[Row], rule: str) -> None:
    about = {"truth_rule": rule, "scoring": "all", "n": len(rows)}
    found = np.array([[row["status"] == one for one in STATUSES] + [True] for row in rows], float)
    place = sheet.add(found)
    for k, status in enumerate(STATUSES):
        sheet.want({**about, "of": status, "metric": "share"}, place, lambda sums, k=k: share(sums[..., [k, -1]]))
    sheet.want({**about, "of": "all", "metric": "coverage"}, place,
               lambda sums: share(np.stack([sums[..., 0] + sums[..., 1], sums[..., -1]], -1)))  # fmt: skip


def _calibration(sheet: Sheet, rows: Sequence[Row], benchmark: Benchmark, rule: str) -> None:
    about = {"truth_rule": rule, "scoring": "choice", "n": len(rows)}
    said = said_by(rows, benchmark, "choice", rule)
    right = (said.truth == said.said).all(1)
    confidence = np.array([max(row["choice_prob"]) for row in rows])
    columns = metrics.calibration_columns(confidence, right)
    place = sheet.add(columns)
    sheet.want({**about, "of": "all", "metric": "ece"}, place, metrics.expected_calibration_error)
    for k in range(metrics.N_BINS):
        name = f"bin {k + 1:02d}"
        here = slice(place.start + 3 * k, place.start + 3 * k + 3)
        n = int(columns[:, 3 * k].sum())
        sheet.want({**about, "of": name, "metric": "confidence", "n": n}, here, lambda sums: share(sums[..., [1, 0]]))
        sheet.want({**about, "of": name, "metric": "accuracy", "n": n}, here, lambda sums: share(sums[..., [2, 0]]))
    squares = ((label_scores(rows, benchmark) - said.truth) ** 2).mean(1)
    mass = np.array([row["mass"] for row in rows], float)
    place = sheet.add(np.stack([squares, mass, np.ones(len(rows))], axis=1))
    sheet.want({**about, "of": "all", "metric": "brier"}, place, lambda sums: share(sums[..., [0, 2]]))
    sheet.want({**about, "of": "all", "metric": "mass"}, place, lambda sums: share(sums[..., [1, 2]]))


def _ranks(rows: Sequence[Row], benchmark: Benchmark, rule: str, n_draws: int) -> list[Row]:
    """Area under the ROC curve and average precision of each class, from its probability."""
    given, truth = label_scores(rows, benchmark), said_by(rows, benchmark, "choice", rule).truth
    names, place = np.unique([row["cluster"] for row in rows], return_inverse=True)
    n_draws = min(n_draws, N_RANK_DRAWS) if len(names) >= FEW_CLUSTERS else 0
    made = list[Row]()
    for k, label in enumerate(benchmark.classes):
        once = metrics.rank_scores(given[:, k], truth[:, k], np.ones((1, len(rows))))
        drawn = [
            metrics.rank_scores(given[:, k], truth[:, k], one[:, place])
            for one in weights(len(names), seed_of(benchmark.name), n_draws)
        ]
        for j, metric in enumerate(("auroc", "average_precision")):
            value = float(once[j][0])
            found = interval(value, np.concatenate([one[j] for one in drawn])) if drawn else alone(value)
            if found.low == found.high:  # every draw says the same: of so few pictures nothing follows
                found = alone(value)
            row = {"truth_rule": rule, "scoring": "choice", "of": label, "metric": metric, "n": int(truth[:, k].sum())}
            made.append(with_interval(row, found, f"bootstrap-{n_draws} of {len(names)} clusters" if drawn else "none"))
    return made


def _two(holds: Bools) -> Bools:
    """(n_pictures, 2): with the label, without it."""
    return np.stack([holds, ~holds], axis=1)


def _run(rows: Sequence[Row], benchmark: Benchmark) -> Row:
    """What all rows share."""
    names = [column.name for column in RUN]
    runs = {tuple(row[name] for name in names) for row in rows}
    if len(runs) > 1:
        apart = [name for k, name in enumerate(names) if len({run[k] for run in runs}) > 1]
        raise TableError(f"PREDICTIONS of {len(runs)} runs, which differ in {', '.join(apart)}; score one at a time")
    run = dict(zip(names, runs.pop(), strict=True))
    if run["benchmark"] != benchmark.name or run["benchmark_version"] != benchmark.version:
        raise TableError(
            f"PREDICTIONS of {run['benchmark']} version {run['benchmark_version']} cannot be scored as "
            f"{benchmark.name} version {benchmark.version}; run it again"
        )
    return run
