"""How fast figures and captions come out of papers, without a model, against pandoc and a converter call a figure.

Papers are made here: a body of some 40 kB of LaTeX with macros, maths and citations, and six figures: `now` four PDF,
a PNG and a JPEG; `then`, as before about 2010, four EPS, a PNG and a JPEG. Each round is a fresh process; CPU seconds
are those of the process and of all that it started, and slopes between two numbers of papers, so that imports and the
start of the converter weigh nothing.

    here     the steps papers, figures, figure_splits, ratings (with an asker that always says the same) and captions of
             a corpus, down to their tables in a store
    pandoc   one process that does what a script would: unpacks, has pandoc read the LaTeX once a paper, takes figures
             and captions from its JSON, and calls Ghostscript once for each EPS and PDF, ImageMagick for each bitmap.
             Vector pictures are drawn with the pixels that they have here, 1024 x 768, and with smooth edges as here.
             It writes PNG and captions and nothing else: no checks, no hashes, no panels, no tables

Then where the time goes here, by step and within `figures`, and how seconds grow with the number of papers.

Example:
    python benchmarks/captions.py                     # minutes; --quick: does it run?
    python benchmarks/captions.py --pandoc PATH       # of pypandoc-binary, in an environment of its own
"""

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import against, ratio_lines

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("now", "then")
GOALS = {"now": 5.0, "then": 5.0, "both kinds": 5.0}
SIZES, GROWTH, ROUNDS = (10, 40), (10, 100, 1000), 3
N_FIGURES = 6
WIDTH_INCH = 4  # of vector pictures
N_DIFFERENT = 20  # pictures of a kind; papers beyond take them again, with captions of their own
MACROS = r"""
\newcommand{\hi}{H\,\textsc{i}}\newcommand{\jy}{mJy\,beam$^{-1}$}\newcommand{\fig}[3]{\begin{figure}
\centering\includegraphics[width=\columnwidth]{#1}\caption{#2}\label{#3}\end{figure}}
"""
SENTENCE = (
    r"The source at $\alpha = 12^{\rm h}34^{\rm m}56^{\rm s}$ has a flux density of $%d.%d \pm 0.%d$\,mJy at "
    r"1.4\,GHz \citep{ref%d}, and \hi{} emission of $\log M = 9.%d$ is seen in Table~\ref{tab:%d}. "
)


# -- papers -----------------------------------------------------------------------------------------------------------


def pictures(kind: str) -> list[dict[str, bytes]]:
    """Of each number four graphs, EPS or PDF, a PNG and a JPEG."""
    from matplotlib.figure import Figure

    from curation.demo_papers import graph, sky_map

    def eps(number: int) -> bytes:
        figure = Figure(figsize=(WIDTH_INCH, 3))
        axes = figure.add_subplot()
        axes.plot(range(20), [(k * number) % 17 for k in range(20)])
        axes.set(xlabel="Frequency (GHz)", ylabel="Flux density (mJy)")
        sink = io.BytesIO()
        figure.savefig(sink, format="eps")
        return sink.getvalue()

    return [
        {**({f"{name}.eps": eps(4 * k + n + 1) for n, name in enumerate("abcd")} if kind == "then" else
            {f"{name}.pdf": graph(4 * k + n) for n, name in enumerate("abcd")}),
         "e.png": sky_map("fr2", 100 + k), "f.jpg": sky_map("fr1", 200 + k, "JPEG")}
        for k in range(N_DIFFERENT)
    ]  # fmt: skip


def latex(number: int) -> str:
    """A paper of some 40 kB with six figures, one of them through a macro of its own."""
    body = [SENTENCE % (k % 9, k % 7, k % 5, k, k % 8, k % 6) for k in range(220)]
    parts = ["".join(body[k::N_FIGURES]) for k in range(N_FIGURES)]
    names = ("a", "b", "c", "d", "e.png", "f.jpg")
    told = [
        rf"Radio image {k} of field {number} at 1.4\,GHz. Contours are at 1, 2 and {k + 4} \jy, and the beam of "
        rf"$5\farcs4$ is in a corner \citep{{ref{k}}}; $S_\nu \propto \nu^{{-0.7}}$ is assumed."
        for k in range(N_FIGURES)
    ]
    figures = [
        rf"\begin{{figure*}}\includegraphics{{{name}}}\caption{{{one}}}\label{{fig:{k}}}\end{{figure*}}" if k
        else rf"\fig{{{name}}}{{{one}}}{{fig:{k}}}"
        for k, (name, one) in enumerate(zip(names, told, strict=True))
    ]  # fmt: skip
    text = "\n\n".join(f"\\section{{Part {k}}}\n{part}\n\n{figures[k]}" for k, part in enumerate(parts))
    head = rf"\documentclass{{article}}\usepackage{{graphicx}}{MACROS}"
    opening = rf"{head}\begin{{document}}\title{{Radio field {number}}}"
    return f"{opening}\n{text}\n\\end{{document}}\n"


def write_papers(raw: Path, n: int, shown: list[dict[str, bytes]]) -> None:
    """So many sources and their records below `raw/papers`."""
    folder = raw / "papers"
    folder.mkdir(parents=True)
    lines: list[str] = []
    for number in range(n):
        name = f"{2001 + number // 10000:04d}.{number % 10000:05d}"
        with tarfile.open(folder / f"{name}.tar.gz", "w:gz", compresslevel=6) as tar:
            for member, content in {"main.tex": latex(number).encode(), **shown[number % N_DIFFERENT]}.items():
                info = tarfile.TarInfo(member)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        lines.append(
            json.dumps(
                {
                    "id": name,
                    "title": f"Radio field {number}",
                    "abstract": "A radio survey with the VLA.",
                    "categories": "astro-ph.GA",
                    "license": "http://creativecommons.org/licenses/by/4.0/",
                    "authors": "A. One",
                    "update_date": "2020-01-01",
                }
            )  # fmt: skip
        )
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


# -- the two ways -----------------------------------------------------------------------------------------------------


class Says:
    """An asker that always gives the same rating: the model costs nothing."""

    def ask(self, requests: Any) -> Any:
        """A reply for each."""
        from curation.asking.request import Reply

        fields = {"has_multiplot": False, "is_astromap": True, "is_corrupted": False, "caption_score": 9}
        return [Reply(one.key, json.dumps(fields)) for one in requests]


def here(raw: Path, out: Path) -> dict[str, Any]:
    """All steps, in this process and the one that it has pictures converted by; seconds by step."""
    from curation.captions.found import find_papers
    from curation.captions.settings import Captions
    from curation.captions.steps import AtHand, caption_steps
    from curation.engine.record import made_manifest
    from curation.engine.run import make_parts
    from curation.engine.steps import in_order
    from curation.engine.store import Store
    from curation.truth.splits import SplitConfig

    wanted = Captions(model="says")
    seconds = {"index": time.monotonic()}
    there = find_papers(raw, wanted.papers, {})
    seconds["index"] = time.monotonic() - seconds["index"]
    store = Store(str(out))
    made = caption_steps("bench", wanted, there, AtHand(), SplitConfig(), raw=raw, asker=Says())
    counts: dict[str, int] = {}
    for step in in_order([made.captions]):
        began = time.monotonic()
        n_parts = len(store.manifest(step.inputs[0].step.address).parts) if step.is_by_part else 1
        records = {one.name: one for k in range(n_parts) for one in make_parts(step, k, store)}
        manifest = made_manifest(step, records)
        store.finish(manifest)
        name = step.name.split("/")[0]
        seconds[name] = time.monotonic() - began
        counts[name] = manifest.n_kept
    return {"seconds": seconds, "counts": counts}


def with_pandoc(raw: Path, out: Path, pandoc: str) -> dict[str, Any]:
    """One process, as a script would do it."""
    convert = shutil.which("convert-im6") or shutil.which("magick") or shutil.which("convert") or ""
    n = 0
    for source in sorted((raw / "papers").glob("*.tar.gz")):
        folder = out / source.name.removesuffix(".tar.gz")
        folder.mkdir(parents=True)
        with tarfile.open(source) as tar:
            tar.extractall(folder, filter="data")
        read = subprocess.run(
            [pandoc, "--from", "latex", "--to", "json", "main.tex"], cwd=folder, capture_output=True, check=True
        )
        for k, (name, caption) in enumerate(pandoc_figures(json.loads(read.stdout)["blocks"])):
            file = next(one for one in map(folder.joinpath, (name, f"{name}.pdf", f"{name}.eps")) if one.is_file())
            target = folder / f"figure-{k}.png"
            if file.suffix in (".pdf", ".eps"):
                flags = ["-dSAFER", "-dBATCH", "-dNOPAUSE", "-q", "-sDEVICE=png16m", f"-r{1024 / WIDTH_INCH:g}"]
                flags += ["-dTextAlphaBits=4", "-dGraphicsAlphaBits=4"]
                crop = ["-dEPSCrop"] if file.suffix == ".eps" else []
                subprocess.run(["gs", *flags, *crop, f"-sOutputFile={target}", file], check=True, capture_output=True)
            else:
                subprocess.run([convert, file, target], check=True, capture_output=True)
            (folder / f"figure-{k}.txt").write_text(caption, encoding="utf-8")
            n += 1
    return {"seconds": {}, "counts": {"figures": n}}


def pandoc_figures(blocks: Any) -> list[tuple[str, str]]:
    """The picture and the caption of each figure of pandoc's document."""
    found: list[tuple[str, str]] = []
    for block in blocks:
        if block["t"] == "Figure":
            _, (_, caption), content = block["c"]
            names = [one["c"][2][0] for one in walked(content) if one.get("t") == "Image"]
            text = "".join(
                {"Str": one.get("c"), "Space": " ", "SoftBreak": " "}.get(one.get("t"), "")  # type: ignore[arg-type]
                or (one["c"][1] if one.get("t") == "Math" else "")
                for one in walked(caption)
            )
            found += [(name, text) for name in names[:1]]
        elif block["t"] == "Div":
            found += pandoc_figures(block["c"][1])
    return found


def walked(node: Any) -> list[dict[str, Any]]:
    """Every element of pandoc's JSON below a node, in order."""
    if isinstance(node, list):
        return [found for one in node for found in walked(one)]
    if isinstance(node, dict):
        return [node, *walked(node.get("c"))]
    return []


def inside_figures(raw: Path, n: int) -> dict[str, float]:
    """Where the time of `figures` goes: share of CPU and waiting, by what is called."""
    import cProfile
    import pstats

    from curation.captions import figures as room
    from curation.papers.figures import figures_of

    sources = sorted((raw / "papers").glob("*.tar.gz"))[:n]
    figures_of(sources[0])
    profile = cProfile.Profile()
    began = time.monotonic()
    with_rows = {"published": "2020-01-01", "licence": "", "is_redistributable": True, "attribution": ""}
    profile.enable()
    for one in sources:
        for figure in figures_of(one).figures:
            room._row(figure, {"paper_id": one.name, "source": one.name, **with_rows})
    profile.disable()
    total = time.monotonic() - began
    stats: dict[tuple[str, int, str], Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    wanted = {
        "archive": ("archive.py", "contents_of"), "LaTeX: macros and floats": ("floats.py", "found_in"),
        "captions as text": ("caption.py", "caption_text"),
        "pictures, waiting for the converter": ("convert.py", "picture_of"),
        "hash, panels": ("captions/figures.py", "_row"),
    }  # fmt: skip
    return {
        told: sum(one[3] for (file, _, name), one in stats.items() if file.endswith(ending) and name == called) / total
        for told, (ending, called) in wanted.items()
    }


# -- measuring --------------------------------------------------------------------------------------------------------


def in_a_process(way: str, raw: Path, folder: Path, pandoc: str) -> dict[str, Any]:
    """One run in a process of its own: CPU and wall seconds, peak memory, and what it tells."""
    out = Path(tempfile.mkdtemp(dir=folder))
    command = [
        sys.executable,
        "-S",
        str(ROOT / "benchmarks/measured_process.py"),
        sys.executable,
        __file__,
        "--as",
        way,
    ]
    command += ["--raw", str(raw), "--out", str(out), "--pandoc", pandoc]
    paths = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | paths)
    told = out / "told.json"
    if done.returncode or not told.exists():
        sys.exit(f"{way}: {done.stderr[-1500:]}")
    found = {**json.loads(told.read_text()), **json.loads(done.stdout.splitlines()[-1])}
    shutil.rmtree(out)
    return found


def slopes(ways: list[str], folder: Path, pandoc: str, sizes: tuple[int, int], rounds: int) -> dict[str, float]:
    """CPU seconds a paper by way, median of the rounds; ends the run where a figure is missing."""
    few, many = sizes
    found: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            ran = {n: in_a_process(way, folder / str(n), folder, pandoc) for n in sizes}
            for n, one in ran.items():
                if one["counts"]["figures"] != N_FIGURES * n:
                    sys.exit(f"{way}: {one['counts']} of {n} papers, expected {N_FIGURES} figures each")
            found[way].append((ran[many]["cpu_s"] - ran[few]["cpu_s"]) / (many - few))
    return {way: statistics.median(values) for way, values in found.items()}


def run(pandoc: str, sizes: tuple[int, int], growth: tuple[int, ...], rounds: int) -> dict[str, Any]:
    """Slopes, ratios, growth and where the time goes."""
    ways = ["here", *(["pandoc"] if pandoc else [])]
    seconds: dict[str, dict[str, float]] = {}
    grown: dict[int, dict[str, Any]] = {}
    inside: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="captions-") as name:
        for kind in KINDS:
            folder, shown = Path(name) / kind, pictures(kind)
            for n in sorted({*sizes, *(growth if kind == "now" else ())}):
                write_papers(folder / str(n), n, shown)
            seconds[kind] = slopes(ways, folder, pandoc, sizes, rounds)
            inside[kind] = inside_figures(folder / str(sizes[0]), sizes[0])
            if kind == "now":
                grown = {n: in_a_process("here", folder / str(n), folder, "") for n in growth}
    told_of = ("cpu_s", "wall_s", "peak_mb", "seconds", "counts")
    ratios = {kind: one["pandoc"] / one["here"] for kind, one in seconds.items() if pandoc}
    if pandoc:  # a paper of each kind
        ratios["both kinds"] = sum(one["pandoc"] for one in seconds.values()) / sum(
            one["here"] for one in seconds.values()
        )
    return {
        "papers": {"figures": N_FIGURES, "latex_bytes": len(latex(0))},
        "cpu_s_per_paper": seconds,
        "growth": {n: {name: one[name] for name in told_of} for n, one in grown.items()},
        "inside_figures": inside,
        "ratios": against(ratios, GOALS) if ratios else {},
    }


def told(found: dict[str, Any]) -> str:
    """Tables for people."""
    lines = [
        f"papers of {found['papers']['latex_bytes']:,} bytes of LaTeX and {found['papers']['figures']} figures",
        "",
    ]
    lines += ["| papers | way | CPU s a paper | papers a minute per core |", "|---|---|---|---|"]
    lines += [
        f"| {kind} | {way} | {one:.3f} | {60 / one:,.0f} |"
        for kind, ways in found["cpu_s_per_paper"].items()
        for way, one in ways.items()
    ]
    if not found["ratios"]:
        lines += ["", "no pandoc: give --pandoc PATH (of pypandoc-binary, in an environment of its own, or apt)"]
    lines += ratio_lines("papers a minute: here / pandoc", found["ratios"]) if found["ratios"] else []
    lines += ["", "| papers | CPU s | ms a paper | peak MB | by step, s |", "|---|---|---|---|---|"]
    for n, one in found["growth"].items():
        steps = ", ".join(f"{name} {value:.2f}" for name, value in one["seconds"].items())
        each = f"{one['cpu_s']:.1f} | {1000 * one['cpu_s'] / n:.0f} | {one['peak_mb']:.0f}"
        lines.append(f"| {n:,} | {each} | {steps} |")
    lines += ["", "| within figures | share of its time, now | then |", "|---|---|---|"]
    now, then = (found["inside_figures"][kind] for kind in ("now", "then"))
    lines += [f"| {name} | {share:.0%} | {then[name]:.0%} |" for name, share in now.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure, and print tables or JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pandoc", default=shutil.which("pandoc") or "", help="the program; else our side alone")
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--quick", action="store_true", help="few papers: does it run?")
    options.add_argument("--json", action="store_true")
    options.add_argument("--as", dest="way", help=argparse.SUPPRESS)
    options.add_argument("--raw", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        one = with_pandoc(given.raw, given.out, given.pandoc) if given.way == "pandoc" else here(given.raw, given.out)
        (given.out / "told.json").write_text(json.dumps(one))
        return
    missing = [one for one in ("gs", "convert") if not shutil.which(one)]
    if missing:
        sys.exit(f"no {', '.join(missing)}: apt-get install ghostscript imagemagick; EPS needs the first here as well")
    sizes, growth, rounds = ((2, 6), (2, 6), 1) if given.quick else (SIZES, GROWTH, given.rounds)
    found = run(given.pandoc, sizes, growth, rounds)
    print(json.dumps(found, indent=1) if given.json else told(found))


if __name__ == "__main__":
    main()
