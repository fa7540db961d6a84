"""Tables of the report about runs that are held together: examples, prompts, thresholds, blind, retries."""

from collections.abc import Sequence

from evaluate.report.blind import Blind
from evaluate.report.tables import Table
from evaluate.scoring.numbers import ScoredRun, headlines, of_examples, plainest, prompt_band, without_examples


def blind(found: Sequence[Blind]) -> Table:
    """What is really seen: the score less what is said without looking."""
    rows = [
        (one.run.benchmark, one.run.label, str(one.control.run["shown"]), one.run.number("f1").percent,
         one.control.number("f1").percent, one.comparison.points, f"{one.comparison.p:.3g}", f"{one.comparison.n:,}")
        for one in found
    ]  # fmt: skip
    return Table(
        "blind", "What is really seen",
        "Strict macro-F1, percent; blind: the same questions about even grey pictures, or about other pictures of the "
        "benchmark (shuffled). seen: the score less the blind one, points, with the interval of paired draws; where it "
        "holds 0, nothing shows that the model looks.",
        ("benchmark", "model", "shown", "score", "blind", "seen", "p", "pictures"), tuple(rows),
    )  # fmt: skip


def examples(runs: Sequence[ScoredRun]) -> Table:
    """Few-shot beside zero-shot, over seeds."""
    rows = list[tuple[str, ...]]()
    for one in of_examples(runs):
        zero = without_examples(one.runs[0], runs)
        rows.append((
            one.benchmark, one.model, one.way, str(len(one.values)), f"{100 * one.mean:.1f}",
            "–" if one.deviation is None else f"{100 * one.deviation:.1f}", f"{100 * min(one.values):.1f}",
            f"{100 * max(one.values):.1f}", zero.number("f1").percent if zero else "–",
        ))  # fmt: skip
    return Table(
        "examples", "With examples before the question",
        "Strict macro-F1, percent. Examples are of the training split and share neither source, mosaic, sky nor bytes "
        "with what is asked about; spread: the standard deviation over seeds, each with other examples.",
        ("benchmark", "model", "examples", "seeds", "mean", "spread", "least", "most", "zero-shot"), tuple(rows),
    )  # fmt: skip


def band(runs: Sequence[ScoredRun]) -> Table:
    """How much the prompt decides."""
    rows = [
        (one.benchmark, one.model, one.way, str(len(one.values)),
         *(f"{100 * value:.1f}" for value in (min(one.values), _median(one.values), max(one.values))))
        for one in prompt_band(runs)
    ]  # fmt: skip
    return Table(
        "prompt-band", "How much wording and order of options decide", "Strict macro-F1, percent.",
        ("benchmark", "model", "pictures", "prompts", "least", "median", "most"), tuple(rows),
    )  # fmt: skip


def thresholds(runs: Sequence[ScoredRun]) -> Table:
    """Raw and tuned side by side."""
    rows = [
        (one.benchmark, one.label, one.number("f1", scoring="choice").percent,
         one.number("f1", scoring="tuned").percent,
         ", ".join(f"{of} {one.number('threshold', of, 'tuned').value or 0:.3g}" for of in one.classes),
         f"{one.number('threshold', one.classes[0], 'tuned').n:,}")
        for one in headlines(runs) if "tuned" in one.scorings
    ]  # fmt: skip
    return Table(
        "thresholds", "With thresholds",
        "Macro-F1 of the most likely answers, percent: raw, and with thresholds on the probability of each class, "
        "fitted once on validation pictures of the training data and never on a picture of the test.",
        ("benchmark", "model", "raw", "tuned", "thresholds", "fitted on"), tuple(rows),
    )  # fmt: skip


def retries(runs: Sequence[ScoredRun]) -> Table:
    """The paper's scoring before and after the original's retries."""
    rows = [
        (one.benchmark, one.label, *(one.number(metric, of, scoring).percent for scoring in ("paper", "paper-retried")
                                     for metric, of in (("coverage", "all"), ("f1", "macro"))))
        for one in plainest(runs) if "paper-retried" in one.scorings
    ]  # fmt: skip
    return Table(
        "retries", "The original's retries",
        "Percent, by the paper's scoring: the share of pictures kept and macro-F1, before and after it asked again.",
        ("benchmark", "model", "kept before", "F1 before", "kept after", "F1 after"), tuple(rows),
    )  # fmt: skip


def _median(values: Sequence[float]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
