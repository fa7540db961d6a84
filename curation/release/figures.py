"""Figures of the report as SVG: from counts, never from rows; the same counts give the same bytes.

matplotlib draws axes, grids and outlines. What people point at, bins and dots, is written here, each with a title that
a browser shows. A figure has no colours of its own: it names those of the page, so that light and dark are its matter.
"""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from catalogs.sky import positions_deg, unit_vectors
from curation.release.histograms import Histogram
from schemas.tables import SPLITS_OF

N_COLOURS = 8
INK, SOFT, FAINT = "#010101", "#010102", "#010103"
NAMED = {INK: "ink", SOFT: "soft", FAINT: "line", **{f"#0201{k:02x}": f"series-{k}" for k in range(N_COLOURS)}}
"""Colours that stand for those of the page; nothing is ever seen in them."""
FEW_DECADES, HALF = 200, 0.5
WIDEST_NEAR_DEG = 20.0
STYLE: Mapping[str, Any] = {
    "svg.hashsalt": "radio-corpus",  # else ids inside the file are random
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
Cells = Sequence[Mapping[str, Any]]


def sky_map(cells: Cells) -> str:
    """Cells of the sky by split, Mollweide, ICRS, right ascension growing to the left; larger dots hold more."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.9))
        axes = figure.add_axes((0.03, 0.02, 0.94, 0.96), projection="mollweide")
        axes.grid(color=FAINT, linewidth=0.6)
        hours = np.arange(2, 24, 2)
        axes.set_xticks(np.radians(180 - hours * 15), [f"{hour}h" for hour in hours])
        axes.tick_params(labelsize=8)
        axes.apply_aspect()
        # Seen from inside the sphere: right ascension grows to the left, with 12 h in the middle.
        at = np.radians([[180 - one["ra_deg"], one["dec_deg"]] for one in cells])
        return _svg(figure, "sky", f"Map of the sky. {_of_splits(cells)}", _dots(figure, axes, at, cells))


def sky_near(cells: Cells) -> str:
    """The same, as offsets from the middle in degrees, east to the left; empty where the sky is wider than 20 deg."""
    ra, dec = (np.array([cell[name] for cell in cells]) for name in ("ra_deg", "dec_deg"))
    ra_0, dec_0 = middle_deg(cells)
    east = ((ra - ra_0 + 180) % 360 - 180) * np.cos(np.radians(dec_0))
    north = dec - dec_0
    if max(np.ptp(east), np.ptp(north)) > WIDEST_NEAR_DEG:
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.2))
        axes = figure.add_axes((0.08, 0.09, 0.9, 0.88))
        axes.plot(east, north, alpha=0)  # for the limits
        axes.set_aspect("equal", adjustable="datalim")
        axes.invert_xaxis()
        axes.grid(color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.apply_aspect()
        dots = _dots(figure, axes, np.stack([east, north], axis=1), cells)
        return _svg(figure, "sky-near", f"Map of the sky from near. {_of_splits(cells)}", dots)


def middle_deg(cells: Cells) -> tuple[float, float]:
    """Right ascension and declination of the middle of some cells, ICRS."""
    ra, dec = ([cell[name] for cell in cells] for name in ("ra_deg", "dec_deg"))
    middle_ra, middle_dec = positions_deg(unit_vectors(ra, dec).mean(axis=0))
    return float(middle_ra), float(middle_dec)


def histogram(found: Histogram, colours: Mapping[str, int]) -> str:
    """One stepped outline for each dataset over shared bins; dashed, what chance alone would give.

    `colours`: the place of each dataset among the page's colours; others come after them.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 2.2))
        axes = figure.add_axes((0.12, 0.22, 0.86, 0.74))
        for name, some in found.counts.items():
            colour = f"#0201{colours[name] % N_COLOURS:02x}"
            line = "-" if colours[name] < N_COLOURS else "--"
            axes.stairs(some, found.edges, fill=True, color=colour, alpha=0.18)
            axes.stairs(some, found.edges, color=colour, linewidth=1.4, linestyle=line)
        if found.expected:
            axes.stairs(found.expected, found.edges, color=INK, linewidth=1.2, linestyle=":")
        _ticks(axes, found)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
        axes.set_xlabel(found.label)
        axes.grid(axis="y", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        return _svg(figure, found.label, found.alternative, _bins(figure, axes, found))


def _ticks(axes: Axes, found: Histogram) -> None:
    edges = found.edges
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    if found.log:
        axes.set_xscale("log")
        # Over less than two decades, 1, 2 and 5 of each; else powers of ten alone.
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if edges[-1] < FEW_DECADES * edges[0] else (1.0,)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    elif edges[0] % 1 == edges[-1] % 1 == HALF:  # whole numbers, each in the middle of its bin
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))


def _of_splits(cells: Cells) -> str:
    counted = {split: sum(one["n"] for one in cells if one["split"] == split) for split in SPLITS_OF}
    return "; ".join(f"{split}: {n:,} cutouts" for split, n in counted.items())


# -- what people point at ----------------------------------------------------------------------------------------------


def _dots(figure: Figure, axes: Axes, at: np.ndarray, cells: Cells) -> str:
    """A circle for each cell, at float64[n, 2] in the coordinates of the axes; small ones last, so that none hides."""
    places = _in_points(figure, axes, at)
    made = list[str]()
    for k in sorted(range(len(cells)), key=lambda k: -cells[k]["n"]):
        one, (x, y) = cells[k], places[k]
        radius = np.sqrt(20 + 9 * np.log2(one["n"])) / 2
        sealed = ", sealed by a benchmark" if one["is_sealed"] else ""
        told = f"RA {one['ra_deg']:.2f}°, Dec {one['dec_deg']:+.2f}°: {one['n']:,} in {one['split']}{sealed}"
        names = f"dot {one['split']}{' sealed' if one['is_sealed'] else ''}"
        circle = f'<circle class="{names}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
        made.append(f"{circle}<title>{escape(told)}</title></circle>")
    return "".join(made)


def _bins(figure: Figure, axes: Axes, found: Histogram) -> str:
    """A rectangle without colour over each bin that holds something, as high as the axes, with its numbers."""
    bottom, top = axes.get_ylim()
    made = list[str]()
    for k, (low, high) in enumerate(zip(found.edges[:-1], found.edges[1:], strict=True)):
        here = {name: some[k] for name, some in found.counts.items() if some[k]}
        if not here:
            continue
        (left, lower), (right, upper) = _in_points(figure, axes, np.array([[low, bottom], [high, top]]))
        where = f"{(low + high) / 2:g}" if found.whole and high - low == 1 else f"{low:.3g} to {high:.3g}"
        told = f"{where}: " + ", ".join(f"{name} {n:,}" for name, n in here.items())
        told += f"; by chance {found.expected[k]:.1f}" if found.expected else ""
        shape = f'x="{left:.1f}" y="{upper:.1f}" width="{right - left:.1f}" height="{lower - upper:.1f}"'
        made.append(f'<rect class="bin" {shape}><title>{escape(told)}</title></rect>')
    return "".join(made)


def _in_points(figure: Figure, axes: Axes, at: np.ndarray) -> np.ndarray:
    """Places in the coordinates of the axes as points of the SVG, y downwards."""
    pixels = axes.transData.transform(at.reshape(-1, 2))
    points = pixels * 72 / figure.dpi
    points[:, 1] = figure.get_figheight() * 72 - points[:, 1]
    return points


def _svg(figure: Figure, key: str, alternative: str, over: str) -> str:
    """The figure as a fragment to stand inside a page, `over` it what is written here; ids of its own, no header."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)  # it would hold for all of the page
    text = re.sub(r'font: ([0-9.]+)px [^;"]*', r"font-size: \1px", text)
    text = re.sub("|".join(NAMED), lambda match: f"var(--{NAMED[match[0]]})", text)
    name = re.sub(r"[^a-z0-9]+", "-", key.lower())
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(xlink:href="|url\()#', rf"\1#{name}-", text)
    text = text.replace("</svg>", f"{over}</svg>")
    return text.replace("<svg ", f'<svg role="img" aria-label="{escape(alternative)}" ', 1).strip()
