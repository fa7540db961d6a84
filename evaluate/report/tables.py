"""Tables of the report, each once as rows of text: written as HTML, Markdown, CSV and LaTeX."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluate.scoring.compare import Comparison
from evaluate.scoring.numbers import NOTHING, Number, ScoredRun, blinds_of, headlines, plainest
from evaluate.standard.forgetting import Forgotten, Loss, mean_and_worst

TEX = str.maketrans({"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "–": "--", "−": "$-$", "$": r"\$", "~": r"\~{}"})


@dataclass(frozen=True)
class Table:
    """A table of text: its file name, title, what must be known to read it, head and rows."""

    name: str
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def csv(self) -> str:
        """Comma-separated, with the head."""
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerows([self.head, *self.rows])
        return sink.getvalue()

    def markdown(self) -> str:
        """A pipe table below its title."""
        lines = [f"## {self.title}", "", self.note, "", f"| {' | '.join(self.head)} |", "|---" * len(self.head) + "|"]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in self.rows), ""])

    def latex(self) -> str:
        """A booktabs tabular with its caption."""
        columns = "l" + "r" * (len(self.head) - 1)
        lines = [" & ".join(cell.translate(TEX) for cell in row) + r" \\" for row in (self.head, *self.rows)]
        return "\n".join(
            [r"\begin{table}", rf"\caption{{{self.title.translate(TEX)}. {self.note.translate(TEX)}}}",
             rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule",
             r"\end{tabular}", r"\end{table}", ""]
        )  # fmt: skip


def summary(runs: Sequence[ScoredRun]) -> Table:
    """A row for each run that looked: the headline, what form costs, how sure, and what is said without looking."""
    rows = [
        (
            one.benchmark, one.label, one.number("f1").percent, one.number("coverage", "all", "all").percent,
            one.number("f1", scoring="lenient").percent, one.number("f1", scoring="choice").percent,
            one.right.percent, _blind(one, runs).percent, _n(one),
        )
        for one in headlines(runs)
    ]  # fmt: skip
    return Table(
        "summary", "Macro-F1 over the true classes",
        "Percent, with 95 % intervals. strict: the whole reply is an allowed answer; coverage: share of such replies; "
        "lenient: what can be read of the reply; choice: the most likely allowed answer; blind: strict, with pictures "
        "that show nothing of the sky asked about.",
        ("benchmark", "model", "strict", "coverage", "lenient", "choice", "right", "blind", "pictures"), tuple(rows),
    )  # fmt: skip


def asked(runs: Sequence[ScoredRun], titles: Mapping[str, str], counts: Mapping[str, str]) -> Table:
    """What each benchmark asks, of how many pictures, and what whoever always says the same would get."""
    first = {one.benchmark: one for one in reversed(headlines(runs))}
    rows = [
        (name, titles.get(name, ""), _n(one),
         ", ".join(f"{of} {one.number('support', of).n:,}" for of in one.classes),
         f"{100 * always(one):.1f}", counts.get(name, ""))
        for name, one in sorted(first.items())
    ]  # fmt: skip
    head = ("benchmark", "about", "pictures", "classes", "always", "remark")
    n_columns = len(head) if any(row[-1] for row in rows) else len(head) - 1
    return Table(
        "benchmarks", "What is asked",
        "Pictures of each class by the benchmark's truth rule; always: the macro-F1, percent, of a model that gives "
        "the most frequent class to every picture.",
        head[:n_columns], tuple(row[:n_columns] for row in rows),
    )  # fmt: skip


def always(one: ScoredRun) -> float:
    """The macro-F1 of saying the most frequent class of every picture: a score below it has no merit."""
    supports = [one.number("support", of).n for of in one.classes]
    n = one.number("coverage", "all", "all").n
    return 2 * max(supports) / (max(supports) + n) / len(supports) if supports and n else 0.0


def per_class(runs: Sequence[ScoredRun]) -> Table:
    """Precision, recall and F1 of each class."""
    rows = [
        (
            one.benchmark, one.label, of, *(one.number(metric, of).percent for metric in ("precision", "recall", "f1")),
            one.number("auroc", of, "choice").percent, f"{one.number('support', of).n:,}",
        )
        for one in plainest(runs)
        for of in one.classes
    ]  # fmt: skip
    return Table(
        "classes", "Each class", "Strict, percent, with 95 % intervals; AUROC from the likelihoods of answers.",
        ("benchmark", "model", "class", "precision", "recall", "F1", "AUROC", "pictures"), tuple(rows),
    )  # fmt: skip


def dropping(runs: Sequence[ScoredRun]) -> Table:
    """Ours beside the paper's way of scoring: how much leaving out unreadable replies inflates."""
    rows = list[tuple[str, ...]]()
    for one in plainest(runs):
        ours, theirs = one.number("f1"), one.number("f1", scoring="paper")
        same = one.number("f1", "macro-true-classes", "paper")
        kept = one.number("coverage", "all", "paper")
        if theirs.value is None and same.value is None:
            continue
        gain = None if not kept.value or same.value is None or ours.value is None else 100 * (same.value - ours.value)
        rows.append((one.benchmark, one.label, ours.percent, kept.percent, theirs.percent, same.percent,
                     "–" if gain is None else f"{gain:+.1f}"))  # fmt: skip
    return Table(
        "dropping", "The paper's scoring beside ours",
        "Percent. The original's reader drops every reply that it cannot read, and counts NONE as a class even where "
        "no picture has it; kept: the share of pictures it keeps. inflation: its F1 over the true classes less ours.",
        ("benchmark", "model", "ours", "kept", "paper", "paper, true classes", "inflation"), tuple(rows),
    )  # fmt: skip


def statuses(runs: Sequence[ScoredRun], names: Sequence[str]) -> Table:
    """How replies could be read."""
    rows = [
        (one.benchmark, one.label, *(_share(one.number("share", status, "all")) for status in names)) for one in runs
    ]
    return Table(
        "statuses", "How replies could be read", "Percent of all pictures; every picture has a row.",
        ("benchmark", "run", *names), tuple(rows),
    )  # fmt: skip


def rules(runs: Sequence[ScoredRun]) -> Table:
    """The same replies by every truth rule."""
    rows = [
        (one.benchmark, one.label, rule, one.by_rule(rule, "f1").percent,
         ", ".join(f"{of} {one.by_rule(rule, 'support', of).n:,}" for of in one.classes))
        for one in plainest(runs) if len(one.rules) > 1 for rule in one.rules
    ]  # fmt: skip
    return Table(
        "truth-rules", "The same replies by each truth rule", "Strict macro-F1, percent; the pictures of each class.",
        ("benchmark", "model", "rule", "macro-F1", "pictures"), tuple(rows),
    )  # fmt: skip


def comparisons(found: Sequence[Comparison]) -> Table:
    """Differences, each with its interval."""
    rows = [
        (one.benchmark, f"{one.ours} − {one.theirs}",
         one.points,
         f"{one.p:.3g}", f"{one.p_holm:.3g}", f"{one.p_mcnemar:.3g}", f"{one.n:,}")
        for one in found
    ]  # fmt: skip
    return Table(
        "differences", "Differences on the same pictures",
        "Macro-F1, points; 95 % intervals of paired draws; p raised by Holm's method over the benchmarks.",
        ("benchmark", "models", "difference", "p", "p (Holm)", "p (McNemar)", "pictures"), tuple(rows),
    )  # fmt: skip


def forgetting(found: Sequence[Forgotten]) -> Table:
    """What was forgotten, and what is only said in another form."""
    rows = [
        (one.name, f"{one.n:,}", f"{100 * one.strict_base:.1f}", f"{100 * one.strict_tuned:.1f}",
         *map(_loss, (one.total, one.knowledge, one.form)))
        for one in found
    ]  # fmt: skip
    note = "Points; loss of knowledge: the same answers read leniently; loss of form: the rest."
    if found:
        mean, worst, name = mean_and_worst(found)
        note += f" Knowledge, mean {mean:.1f}, worst {worst:.1f} ({name})."
    return Table(
        "forgetting", "What was forgotten", note,
        ("benchmark", "questions", "base", "tuned", "loss", "of knowledge", "of form"), tuple(rows),
    )  # fmt: skip


def _blind(one: ScoredRun, runs: Sequence[ScoredRun]) -> Number:
    blind = blinds_of(one, runs)
    return blind[0].number("f1") if blind else NOTHING


def _n(one: ScoredRun) -> str:
    return f"{one.number('coverage', 'all', 'all').n:,}"


def _share(one: Number) -> str:
    return "–" if one.value is None else f"{100 * one.value:.1f}"


def _loss(one: Loss) -> str:
    return f"{one.points:.1f} [{one.low:.1f}, {one.high:.1f}]"
