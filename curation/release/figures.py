"""Figures of the report as SVG: from counts, never from rows; the same counts give the same bytes."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

SPLIT_COLOUR = {"train": "#2b6cb0", "validation": "#dd9a1f", "test": "#c0392b"}
PALETTE = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280", "#4a5568", "#975a16", "#00838f")
INK, FAINT = "#1f2933", "#d5dce4"
FEW_DECADES, HALF = 200, 0.5
WIDEST_NEAR_DEG = 20.0
STYLE: Mapping[str, Any] = {
    "svg.hashsalt": "radio-corpus",  # else ids inside the file are random
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": "#52606d",
    "ytick.color": "#52606d",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def sky_map(cells: Sequence[Mapping[str, Any]]) -> str:
    """Cells of the sky by split, Mollweide, ICRS, right ascension growing to the left; larger dots hold more."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.9))
        axes = figure.add_axes((0.03, 0.09, 0.94, 0.88), projection="mollweide")
        axes.grid(color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        for split, colour in SPLIT_COLOUR.items():
            some = [cell for cell in cells if cell["split"] == split]
            _dots(axes, [one for one in some if not one["is_sealed"]], colour, split)
            _dots(axes, [one for one in some if one["is_sealed"]], colour, f"{split}, sealed by a benchmark", edge=INK)
        hours = np.arange(2, 24, 2)
        axes.set_xticks(np.radians(180 - hours * 15), [f"{hour}h" for hour in hours])
        axes.tick_params(labelsize=7.5)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncol=4, frameon=False, fontsize=8.5)
        return _svg(figure, "sky")


def sky_near(cells: Sequence[Mapping[str, Any]]) -> str:
    """The same, as offsets from the middle in degrees, east to the left; empty where the sky is wider than 20 deg."""
    ra, dec = (np.radians([cell[name] for cell in cells]) for name in ("ra_deg", "dec_deg"))
    middle = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]).mean(axis=1)
    ra_0, dec_0 = np.arctan2(middle[1], middle[0]), np.arctan2(middle[2], np.hypot(middle[0], middle[1]))
    east = np.degrees((ra - ra_0 + np.pi) % (2 * np.pi) - np.pi) * np.cos(dec_0)
    north = np.degrees(dec - dec_0)
    if max(np.ptp(east), np.ptp(north)) > WIDEST_NEAR_DEG:
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.2))
        axes = figure.add_axes((0.07, 0.13, 0.9, 0.78))
        for split, colour in SPLIT_COLOUR.items():
            for is_sealed in (False, True):
                some = [k for k, one in enumerate(cells) if (one["split"], one["is_sealed"]) == (split, is_sealed)]
                sizes = [14 + 6 * np.log2(cells[k]["n"]) for k in some]
                edge = INK if is_sealed else "none"
                axes.scatter(east[some], north[some], s=sizes, color=colour, edgecolors=edge, linewidths=0.8)
        axes.set_aspect("equal", adjustable="datalim")
        axes.invert_xaxis()
        axes.set_xlabel(f"degrees east of RA {np.degrees(ra_0) % 360:.2f}")
        axes.set_ylabel(f"degrees north of Dec {np.degrees(dec_0):+.2f}")
        axes.grid(color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        return _svg(figure, "sky-near")


def histogram(counts: Mapping[str, Sequence[int]], edges: Sequence[float], label: str, *, log: bool = False) -> str:
    """One stepped outline for each dataset over shared bins."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 2.35))
        axes = figure.add_axes((0.1, 0.22, 0.87, 0.63))
        for k, (name, some) in enumerate(counts.items()):
            colour = PALETTE[k % len(PALETTE)]
            axes.stairs(some, edges, fill=True, color=colour, alpha=0.16)
            axes.stairs(some, edges, color=colour, linewidth=1.4, label=name)
        _ticks(axes, edges, log=log)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
        axes.set_xlabel(label)
        axes.grid(axis="y", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.98), ncol=4, frameon=False, fontsize=8, handlelength=1.2)
        return _svg(figure, label)


def _ticks(axes: Axes, edges: Sequence[float], *, log: bool) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    if log:
        axes.set_xscale("log")
        # Over less than two decades, 1, 2 and 5 of each; else powers of ten alone.
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if edges[-1] < FEW_DECADES * edges[0] else (1.0,)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    elif edges[0] % 1 == edges[-1] % 1 == HALF:  # whole numbers, each in the middle of its bin
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))


def _dots(axes: Axes, cells: Sequence[Mapping[str, Any]], colour: str, name: str, edge: str = "none") -> None:
    if not cells:
        return
    # Seen from inside the sphere: right ascension grows to the left, with 12 h in the middle.
    x = [np.radians(180 - cell["ra_deg"]) for cell in cells]
    y = [np.radians(cell["dec_deg"]) for cell in cells]
    sizes = [16 + 10 * np.log2(cell["n"]) for cell in cells]
    axes.scatter(x, y, s=sizes, color=colour, edgecolors=edge, linewidths=0.8, alpha=0.85, label=name)


def _svg(figure: Figure, key: str) -> str:
    """The figure as a fragment to stand inside a page: no header, no date, ids of its own."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    name = re.sub(r"[^a-z0-9]+", "-", key.lower())
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(xlink:href="|url\()#', rf"\1#{name}-", text)
    return text.replace("<svg ", '<svg role="img" ', 1).strip()
