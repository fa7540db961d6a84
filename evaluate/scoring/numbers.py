"""SCORES looked up by what a number is of: what tables and figures of the report are made of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from schemas.tables import RUN

SHOWN_RUN = ("prompt_variant", "option_order", "shots", "shot_select", "shot_seed", "n_sampled", "shown", "decode")
DEFAULTS = {
    "prompt_variant": "fixed", "option_order": 0, "shots": 0, "shot_select": "", "shot_seed": 0, "n_sampled": 0,
    "shown": "picture", "decode": "greedy-256",
}  # fmt: skip
SUMS = ("macro", "macro-with-none", "macro-true-classes", "weighted", "micro", "all", "NONE")


@dataclass(frozen=True)
class Number:
    """A value with its 95 % interval; None where it has no meaning or none was made."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def percent(self) -> str:
        """Such as 42.7 [22.2, 61.8]; a dash where there is none."""
        if self.value is None:
            return "–"
        between = "" if self.low is None or self.high is None else f" [{100 * self.low:.1f}, {100 * self.high:.1f}]"
        return f"{100 * self.value:.1f}{between}"


NOTHING = Number(None, None, None, 0)


@dataclass(frozen=True)
class ScoredRun:
    """The numbers of one run, by truth rule, scoring, what they are of, what was predicted, and metric."""

    run: dict[str, Any]
    numbers: dict[tuple[str, str, str, str, str], Number] = field(repr=False)

    @property
    def benchmark(self) -> str:
        """The benchmark's name."""
        return str(self.run["benchmark"])

    @cached_property
    def rules(self) -> list[str]:
        """The truth rules that replies were scored by, the benchmark's own first."""
        return list(dict.fromkeys(rule for rule, scoring, *_ in self.numbers if scoring == "strict"))

    @cached_property
    def rule(self) -> str:
        """The benchmark's own truth rule."""
        return self.rules[0] if self.rules else ""

    @cached_property
    def classes(self) -> list[str]:
        """The true classes, in the benchmark's order."""
        keys = (key for key in self.numbers if key[:2] == (self.rule, "strict") and key[4] == "support")
        return [key[2] for key in keys if key[2] not in SUMS]

    @cached_property
    def scorings(self) -> list[str]:
        """strict, lenient and whatever else was made."""
        found = dict.fromkeys(scoring for _, scoring, *_ in self.numbers if scoring != "all")
        return list(found)

    @property
    def manner(self) -> str:
        """What was chosen besides the model, where it is not the default."""
        return ", ".join(_said(name, self.run[name]) for name in SHOWN_RUN if self.run[name] != DEFAULTS[name])

    @property
    def label(self) -> str:
        """Model and manner."""
        return f"{self.run['model']} ({self.manner})" if self.manner else str(self.run["model"])

    def number(self, metric: str, of: str = "macro", scoring: str = "strict", *, predicted_as: str = "") -> Number:
        """A number by the benchmark's own rule; the paper's scoring has a rule of its own."""
        exact = self.numbers.get((self.rule, scoring, of, predicted_as, metric))
        if exact is not None:
            return exact
        others = (one for key, one in self.numbers.items() if key[1:] == (scoring, of, predicted_as, metric))
        return next(others, NOTHING)

    def by_rule(self, rule: str, metric: str, of: str = "macro", scoring: str = "strict") -> Number:
        """The same by another truth rule."""
        return self.numbers.get((rule, scoring, of, "", metric), NOTHING)

    @property
    def right(self) -> Number:
        """Share of pictures answered right: accuracy, or of several labels the exact set."""
        found = self.number("accuracy", "all")
        return found if found.value is not None else self.number("exact_set", "all")

    def matrix(self, scoring: str = "strict") -> list[tuple[str, list[tuple[str, int]]]]:
        """Of each truth, how often each answer was given; the last column is `invalid`."""
        found: dict[str, list[tuple[str, int]]] = {}
        for (rule, kind, of, predicted_as, metric), one in self.numbers.items():
            if (rule, kind, metric) == (self.rule, scoring, "count") and predicted_as:
                found.setdefault(of, []).append((predicted_as, int(one.value or 0)))
        return list(found.items())


def scored_runs(tables: Iterable[pa.Table]) -> list[ScoredRun]:
    """A run for each way of asking, sorted by benchmark, model and manner.

    Of two alike the one with more scorings counts (thresholds, retries), else the later table.
    """
    found: dict[tuple[Any, ...], ScoredRun] = {}
    names = [column.name for column in RUN]
    for table in tables:
        rows = table.to_pylist()
        if not rows:
            continue
        run = {name: rows[0][name] for name in names}
        numbers = {
            (row["truth_rule"], row["scoring"], row["of"], row["predicted_as"], row["metric"]): Number(
                row["value"], row["low"], row["high"], row["n"]
            )
            for row in rows
        }
        key, made = tuple(run[name] for name in names if name != "run_id"), ScoredRun(run, numbers)
        if key not in found or len(made.scorings) >= len(found[key].scorings):
            found[key] = made
    return sorted(found.values(), key=lambda one: (one.benchmark, one.run["shown"] != "picture", one.label))


def seen(runs: Sequence[ScoredRun]) -> list[ScoredRun]:
    """The runs that looked at the pictures."""
    return [one for one in runs if one.run["shown"] == "picture"]


def headlines(runs: Sequence[ScoredRun]) -> list[ScoredRun]:
    """The runs that looked at every picture, without examples, with options as listed; else whatever looked."""
    plain = [one for one in seen(runs) if not (one.run["shots"] or one.run["n_sampled"] or one.run["option_order"])]
    return plain or seen(runs)


def plainest(runs: Sequence[ScoredRun]) -> list[ScoredRun]:
    """Of the headlines one for each benchmark and model: in the default wording, where that was asked."""
    found = headlines(runs)
    default = {(one.benchmark, one.run["model_sha"]) for one in found if _is_default(one)}
    return [one for one in found if _is_default(one) or (one.benchmark, one.run["model_sha"]) not in default]


def blinds_of(one: ScoredRun, runs: Sequence[ScoredRun]) -> list[ScoredRun]:
    """The same run with grey and with shuffled pictures, where there are such; of a blind run none."""
    if one.run["shown"] != "picture":
        return []
    return [other for other in runs if other.run["shown"] != "picture" and _alike(one, other, "shown")]


def without_examples(one: ScoredRun, runs: Sequence[ScoredRun]) -> ScoredRun | None:
    """The same run zero-shot; None where there is none."""
    found = (other for other in runs if not other.run["shots"] and _alike(one, other, "shots", "shot_seed",
                                                                          "shot_select"))  # fmt: skip
    return next(found, None)


@dataclass(frozen=True)
class Spread:
    """Several runs that differ in one thing alone."""

    benchmark: str
    model: str
    way: str
    values: tuple[float, ...]
    """Macro-F1 of each, strict."""
    runs: tuple[ScoredRun, ...] = field(repr=False)

    @property
    def mean(self) -> float:
        """Of the values."""
        return sum(self.values) / len(self.values)

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the runs; None of one alone."""
        n = len(self.values)
        return None if n < 2 else (sum((one - self.mean) ** 2 for one in self.values) / (n - 1)) ** 0.5  # noqa: PLR2004


def of_examples(runs: Sequence[ScoredRun]) -> list[Spread]:
    """Of each benchmark, model, number and choice of examples: the runs over seeds."""
    some = [one for one in seen(runs) if one.run["shots"]]
    return _spreads(some, ("shot_seed",), lambda one: f"{one.run['shots']} {one.run['shot_select']}")


def prompt_band(runs: Sequence[ScoredRun]) -> list[Spread]:
    """Of each benchmark and model asked in several wordings or orders, on the same pictures: the runs."""
    some = [one for one in seen(runs) if not one.run["shots"] and one.run["decode"] == DEFAULTS["decode"]]
    found = _spreads(some, ("prompt_variant", "option_order"), lambda one: _sampled(one.run["n_sampled"]))
    return [one for one in found if len(one.values) > 1]


def _spreads(runs: Sequence[ScoredRun], apart: Sequence[str], way: Callable[[ScoredRun], str]) -> list[Spread]:
    groups: dict[tuple[Any, ...], list[ScoredRun]] = {}
    for one in runs:
        if one.number("f1").value is not None:
            key = tuple(one.run[name] for name in ("benchmark", "model", "model_sha", *SHOWN_RUN) if name not in apart)
            groups.setdefault(key, []).append(one)
    return [
        Spread(some[0].benchmark, str(some[0].run["model"]), way(some[0]),
               tuple(one.number("f1").value or 0.0 for one in some), tuple(some))
        for some in groups.values()
    ]  # fmt: skip


def _alike(one: ScoredRun, other: ScoredRun, *apart: str) -> bool:
    names = ("benchmark", "benchmark_version", "model_sha", *SHOWN_RUN)
    return all(one.run[name] == other.run[name] for name in names if name not in apart)


def _is_default(one: ScoredRun) -> bool:
    return all(one.run[name] == DEFAULTS[name] for name in ("prompt_variant", "decode"))


def _sampled(n: int) -> str:
    return f"{n:,} of them" if n else "all"


def _said(name: str, value: Any) -> str:
    words = {"option_order": f"order {value}", "shots": f"{value} shots", "shot_seed": f"seed {value}",
             "n_sampled": f"{value} pictures"}  # fmt: skip
    if name == "decode":
        return str(value).removeprefix(f"{DEFAULTS['decode']}-")
    return words.get(name, str(value))
