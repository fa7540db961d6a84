"""The figures of a run, written into `docs/truth.md` between two marks, and into `claims/figures.json` for reports."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from curation.exams.figures import STORED, WAYS, figure
from schemas.errors import RecipeError

DOCS = Path(__file__).resolve().parents[2] / "docs" / "truth.md"
BEGIN, END = "<!-- exam: figures, written by `python -m curation exam --write-docs` -->", "<!-- exam: end -->"


def write(result: Mapping[str, Any], docs: Path = DOCS, stored: Path = STORED) -> tuple[Path, Path]:
    """Both files. Raises RecipeError where the marks are not in `docs`, as in an installed package."""
    try:
        put_between(docs, (BEGIN, END), table(result))
    except FileNotFoundError:
        raise RecipeError(f"{docs}: no such file; --write-docs is for a checkout of the sources") from None
    stored.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return docs, stored


def put_between(docs: Path, marks: tuple[str, str], lines: Iterable[str]) -> None:
    """Put lines into a text, in place of those between two marks. Raises RecipeError where the marks are not in it."""
    before, begin, rest = docs.read_text(encoding="utf-8").partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise RecipeError(f"{docs}: expected the lines {' and '.join(marks)}")
    docs.write_text(before + "\n".join([begin, "", *lines, "", end]) + after, encoding="utf-8")


def table(result: Mapping[str, Any]) -> Iterator[str]:
    """The lines of Markdown: for each way a row for each set and half; then how far two readers of captions agree."""
    yield f"Of the reader `{result['reader']}`."
    for way, figures in WAYS.items():
        yield from ("", f"**{way.capitalize()}**", "")
        yield f"| set | half | {' | '.join(name for name, _, _ in figures)} |"
        yield f"|---|---|{'---|' * len(figures)}"
        for name, halves in result["sets"].items():
            for half, one in halves.items():
                yield f"| {name} | {half} | {' | '.join(figure(one[of], one[n]) for _, of, n in figures)} |"
    yield ""
    for label, one in result["agreement"].items():
        yield (
            f"Captions under {label}: the second labelling of {one['n']} is equal in {100 * one['share']:.1f} %, "
            f"Cohen's kappa {one['kappa']:.2f}."
        )
