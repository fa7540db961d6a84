"""Figures of the report, from SCORES alone: the same numbers give the same bytes."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from curation.release import figures
from evaluate.scoring.metrics import N_BINS
from evaluate.scoring.numbers import Number, ScoredRun
from evaluate.tasks.models import models

PALETTE = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280", "#4a5568", "#975a16", "#00838f")
INK, FAINT, SOFT = "#1f2933", "#d5dce4", "#52606d"
STYLE = {
    **figures.STYLE, "axes.edgecolor": "#9aa5b1", "axes.labelcolor": INK, "text.color": INK,
    "xtick.color": SOFT, "ytick.color": SOFT,
}  # fmt: skip
"""That of the corpus's report with colours of its own, for these figures are PNGs, too."""
OF_TUNING = ("#c0392b", "#2b6cb0", "#dd7a1f", "#2f855a", "#111111")
"""The paper's Fig. 3: base, Q&A, Q&A and captions; its successor adds the encoder and GPT."""
DASHED = "structured"
PANEL_INCH, ROW_INCH = 3.1, 2.5
MOST_ASIDE = 3
N_RUNS_LEGEND = 4


@dataclass(frozen=True)
class Drawing:
    """A figure as a fragment of SVG for the page, and as PNG."""

    name: str
    caption: str
    svg: str
    png: bytes


@dataclass(frozen=True)
class Point:
    """A merged model: its share of the tuned one, mean score on radio and on general benchmarks, in percent."""

    name: str
    share: float
    radio: float
    general: float


def colours(labels: Sequence[str], *, base: str | None = None) -> dict[str, str]:
    """A colour for each run: the paper's by family, or with a base by place; then others, each once."""
    if base is not None:
        order = sorted(labels, key=lambda label: (not label.startswith(base), label))
        return dict(zip(order, [*OF_TUNING, *PALETTE] * (1 + len(order) // 5), strict=False))
    found: dict[str, str] = {}
    rest = [one for one in PALETTE if one not in {family.colour for family in models().families.values()}]
    for label in labels:
        family = models().family_of(label)
        is_free = family is not None and family.colour not in found.values()
        found[label] = family.colour if family is not None and is_free else rest[len(found) % len(rest)]
    return found


def classes_figure(name: str, caption: str, panels: Sequence[Sequence[ScoredRun]], *, base: str | None) -> Drawing:
    """F1 of every class and their mean, a panel for each benchmark, a bar for each run: the paper's Fig. 2 and 3."""
    labels = list(dict.fromkeys(run.label for panel in panels for run in panel))
    colour = colours(labels, base=base)
    with mpl.rc_context(STYLE):
        figure, grid = _grid(panels, labels, colour)
        for axes, panel in zip(grid, panels, strict=False):
            _panel(axes, panel, colour)
        return _drawn(figure, name, caption)


def differences_figure(name: str, caption: str, rows: Sequence[tuple[str, str, Number]]) -> Drawing:
    """Points lost or won against the base: (benchmark, run, difference), as the successor's Fig. 3."""
    labels = list(dict.fromkeys(run for _, run, _ in rows))
    names = list(dict.fromkeys(benchmark for benchmark, _, _ in rows))
    colour = colours(["", *labels], base="")  # the first colour is the base's own
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.6 + 0.34 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for k, (_, run, one) in enumerate(rows):
            _bar(axes, k, one, colour[run], horizontal=True)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(range(len(rows)), [f"{benchmark}: {run}" for benchmark, run, _ in rows], fontsize=7.5)
        axes.invert_yaxis()
        axes.set_xlabel(f"points against the base, over {len(names)} benchmarks")
        return _drawn(figure, name, caption)


def variants_figure(name: str, caption: str, runs: Sequence[ScoredRun]) -> Drawing:
    """Macro-F1 over benchmarks, a line for each run; the structured prompt dashed: the paper's Fig. C.2."""
    names = list(dict.fromkeys(run.benchmark for run in runs))
    labels = list(dict.fromkeys(run.label for run in runs))
    colour = dict(zip(labels, [*PALETTE, *OF_TUNING] * (1 + len(labels) // 5), strict=False))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        axes = figure.subplots()
        for label in labels:
            some = [run for run in runs if run.label == label]
            at = [names.index(run.benchmark) for run in some]
            found = [run.number("f1") for run in some]
            style = "--" if DASHED in label else "-"
            middle = [100 * (one.value or 0.0) for one in found]
            axes.errorbar(at, middle, yerr=_errors(found), fmt=f"o{style}", color=colour[label], label=label,
                          markersize=3.5, linewidth=1.1, elinewidth=0.8, capsize=2)  # fmt: skip
        axes.set_xticks(range(len(names)), names, fontsize=7.5)
        axes.set_ylim(0, 100)
        axes.set_ylabel("macro-F1 / %")
        axes.grid(axis="y", color=FAINT, linewidth=0.6)
        axes.legend(frameon=False, fontsize=7, ncols=2)
        return _drawn(figure, name, caption)


def calibration_figure(name: str, caption: str, panels: Sequence[Sequence[ScoredRun]], *, base: str | None) -> Drawing:
    """How often the most likely answer is right, by how likely the model took it; a panel for each benchmark."""
    labels = list(dict.fromkeys(run.label for panel in panels for run in panel))
    colour = colours(labels, base=base)
    with mpl.rc_context(STYLE):
        figure, grid = _grid(panels, labels, colour)
        for axes, panel in zip(grid, panels, strict=False):
            axes.plot([0, 100], [0, 100], color=FAINT, linewidth=1)
            for run in panel:
                _calibration(axes, run, colour[run.label])
            axes.set_title(panel[0].benchmark, fontsize=8.5)
            axes.set_xlabel("probability of the answer / %", fontsize=8)
            axes.set_ylabel("right / %", fontsize=8)
            axes.set_xlim(-2, 102)
            axes.set_ylim(-2, 102)
        return _drawn(figure, name, caption)


def merge_figure(name: str, caption: str, points: Sequence[Point]) -> Drawing:
    """Radio against general benchmarks as the share of the tuned model grows; the undominated ones joined."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.6), layout="constrained")
        axes = figure.subplots()
        front = undominated(points)
        axes.plot([one.general for one in front], [one.radio for one in front], color=PALETTE[0], linewidth=1.1)
        for one in points:
            axes.plot(one.general, one.radio, "o", color=PALETTE[0] if one in front else "#9aa5b1", markersize=5)
            axes.annotate(f"{one.name} {one.share:g}", (one.general, one.radio), fontsize=7, xytext=(4, 3),
                          textcoords="offset points")  # fmt: skip
        axes.set_xlabel("general benchmarks, mean / %")
        axes.set_ylabel("radio benchmarks, mean / %")
        axes.grid(color=FAINT, linewidth=0.6)
        return _drawn(figure, name, caption)


def undominated(points: Sequence[Point]) -> list[Point]:
    """Those that no other one beats in one and equals in the other; by their general score."""
    best = [
        one
        for one in points
        if not any(
            other.radio >= one.radio and other.general >= one.general
            and (other.radio, other.general) != (one.radio, one.general)
            for other in points
        )
    ]  # fmt: skip
    return sorted(best, key=lambda one: (one.general, one.radio, one.name))


def _grid(
    panels: Sequence[Sequence[ScoredRun]], labels: Sequence[str], colour: dict[str, str]
) -> tuple[Figure, list[Axes]]:
    """Axes for each panel, at most three aside, with one legend of runs below all."""
    n_aside = min(MOST_ASIDE, len(panels))
    n_rows = -(-len(panels) // n_aside)
    below = 0.28 * (1 + len(labels) // N_RUNS_LEGEND)
    figure = Figure(figsize=(PANEL_INCH * n_aside, ROW_INCH * n_rows + below), layout="constrained")
    grid = list(figure.subplots(n_rows, n_aside, squeeze=False).ravel())
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    bars = [mpl.patches.Patch(color=colour[label], label=label) for label in labels]
    figure.legend(handles=bars, loc="outside lower center", ncols=N_RUNS_LEGEND, frameon=False, fontsize=7.5)
    return figure, grid


def _calibration(axes: Axes, run: ScoredRun, colour: str) -> None:
    bins = [f"bin {number + 1:02d}" for number in range(N_BINS)]
    pairs = [(run.number("confidence", one, "choice"), run.number("accuracy", one, "choice")) for one in bins]
    pairs = [pair for pair in pairs if pair[0].value is not None and pair[1].value is not None]
    x, y = ([100 * (pair[side].value or 0.0) for pair in pairs] for side in (0, 1))
    axes.errorbar(x, y, yerr=_errors([pair[1] for pair in pairs]), fmt="o-", markersize=3.5, linewidth=1.1,
                  elinewidth=0.8, color=colour)  # fmt: skip


def _panel(axes: Axes, panel: Sequence[ScoredRun], colour: dict[str, str]) -> None:
    classes = [*panel[0].classes, "macro"]
    wide = 0.8 / len(panel)
    for k, run in enumerate(panel):
        for at, of in enumerate(classes):
            _bar(axes, at + (k - (len(panel) - 1) / 2) * wide, run.number("f1", of), colour[run.label], wide=0.9 * wide)
    axes.set_title(panel[0].benchmark, fontsize=8.5)
    axes.set_xticks(range(len(classes)), ["AVG" if of == "macro" else of for of in classes], fontsize=6.5, rotation=20)
    axes.set_ylim(0, 100)
    axes.set_ylabel("F1 / %", fontsize=8)
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)


def _bar(axes: Axes, at: float, one: Number, colour: str, *, wide: float = 0.7, horizontal: bool = False) -> None:
    errors = _errors([one]).tolist()  # matplotlib looks for a number in each row, and an array of one is none
    value = 100 * (one.value or 0.0)
    style = {"color": colour, "ecolor": INK, "error_kw": {"elinewidth": 0.8, "capsize": 1.5}}
    if horizontal:
        axes.barh(at, value, height=wide, xerr=errors, **style)
    else:
        axes.bar(at, value, width=wide, yerr=errors, **style)


def _errors(found: Sequence[Number]) -> np.ndarray:
    """(2, n): how far the interval reaches below and above."""
    ends = [(one.value or 0.0, one.low, one.high) for one in found]
    below = [100 * max(0.0, value - (value if low is None else low)) for value, low, _ in ends]
    above = [100 * max(0.0, (value if high is None else high) - value) for value, _, high in ends]
    return np.array([below, above])


def _drawn(figure: Figure, name: str, caption: str) -> Drawing:
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    figure.savefig(png, format="png", dpi=160, metadata={"Software": None})
    text = svg.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(xlink:href="|url\()#', rf"\1#{name}-", text)
    return Drawing(name, caption, text.replace("<svg ", '<svg role="img" ', 1).strip() + "\n", png.getvalue())
