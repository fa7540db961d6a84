"""The command `exam`: the reader tried on statements that nobody derived from its grammar."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.command_line import doors_option
from schemas.errors import RecipeError

if TYPE_CHECKING:
    from curation.exams.figures import Counts
    from curation.exams.taken import Outcome

BOTH = "both"
LOUD = (
    "these are statements of the held-back half: whoever has seen them may not change the reader any more, "
    "or the figures on that half mean nothing"
)


@click.command()
@doors_option
@click.option(
    "--half", type=click.Choice(["development", "held-back", BOTH]), default=BOTH, show_default=True,
    help="Which statements.",
)  # fmt: skip
@click.option("--raw", metavar="FOLDER", help="Folder of raw files, for captions of real images; else RADIO_RAW.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
@click.option("--misses", is_flag=True, help="Show the texts that were judged wrongly; of the development half only.")
@click.option(
    "--look-at-held-back", is_flag=True, help="With --misses: show those of the held-back half too. Spoils it."
)
@click.option("--write-docs", is_flag=True, help="Write the figures into docs/truth.md and for reports; both halves.")
def exam(half: str, raw: str | None, as_json: bool, misses: bool, look_at_held_back: bool, write_docs: bool) -> None:
    """Try the reader on texts whose truth was judged by hand, none of them made from its grammar.

    Half of the texts is held back: nobody who changes the reader reads them. Shares have 95 % intervals (Wilson).
    False kept: of the texts that are false. True contradicted, true kept: of those that are true.

    \b
    Example:  python -m curation exam --half development --misses
    """
    from curation.exams import figures
    from curation.exams.captions import agreements
    from curation.exams.written import write

    if write_docs and half != BOTH:
        raise RecipeError(f"--write-docs writes figures of both halves: leave out --half {half}")
    where = _raw(raw)
    if write_docs and not (where and (where / "captions").is_dir()):
        raise RecipeError(
            f"--write-docs writes figures of every set: {where or 'no raw files'} has no folder captions/"
        )
    found, skipped = _taken(half, where)
    told = figures.by_set(found)
    result = figures.as_json(told, skipped, agreements())
    broken = figures.broken(one for halves in found.values() for some in halves.values() for one in some)
    for place, n in broken.items():
        click.echo(f"BROKEN on {n} texts: {place}", err=True)
    wrong = _wrong(found, look_at_held_back=look_at_held_back) if misses else None
    if write_docs:
        click.echo("\n".join(f"written: {path}" for path in write(result)), err=True)
    if as_json:
        return click.echo(json.dumps(result | ({"misses": wrong} if misses else {}), ensure_ascii=False))
    return click.echo("\n".join(_lines(told, result, wrong or {})))


def _raw(raw: str | None) -> Path | None:
    where = raw or os.environ.get("RADIO_RAW")
    if raw and not Path(raw).is_dir():
        raise RecipeError(f"--raw {raw}: no such folder")
    return Path(where) if where else None


def _taken(half: str, raw: Path | None) -> "tuple[dict[str, dict[str, list[Outcome]]], dict[str, str]]":
    """Outcomes by set and half, and sets that were left out with the reason."""
    from curation.exams.cases import Half
    from curation.exams.taken import outcomes, paper

    found: dict[str, dict[str, list[Outcome]]] = {}
    skipped: dict[str, str] = {}
    for one in Half if half == BOTH else (Half(half),):
        sheet = paper(one, raw)
        skipped |= sheet.skipped
        for name in sheet.cases:
            found.setdefault(name, {})[str(one)] = list(outcomes(sheet, name))
    return found, skipped


def _wrong(found: "Mapping[str, Mapping[str, list[Outcome]]]", *, look_at_held_back: bool) -> dict[str, list[str]]:
    from curation.exams.cases import Half
    from curation.exams.figures import misses

    if look_at_held_back:
        click.echo(f"LOOK AWAY: {LOUD}", err=True)
    return {
        name: [line for half, some in halves.items() if look_at_held_back or half == Half.DEVELOPMENT
               for line in misses(some)]
        for name, halves in found.items()
    }  # fmt: skip


def _lines(
    told: "Mapping[str, Mapping[str, Counts]]", result: Mapping[str, Any], wrong: Mapping[str, list[str]]
) -> list[str]:
    from curation.exams.figures import lines

    shown = lines(told)
    shown += [f"{name}: LEFT OUT, {why}" for name, why in result["skipped"].items()]
    shown += [
        f"captions of {label}: a second reader of {one['n']} agrees in {one['share']:.1%}, kappa {one['kappa']:.2f}"
        for label, one in result["agreement"].items()
    ]
    for name, some in wrong.items():
        shown += [f"{name}: judged wrongly", *(f"  {line}" for line in some)]
    return shown
