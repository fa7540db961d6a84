"""The command `review`: a page to look at samples and decide, and the same by command and as CSV."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curation.pages.options import Command, of_handover, port_option
from curation.settings import images_if_any, open_store
from schemas.command_line import images_option
from schemas.errors import RecipeError

if TYPE_CHECKING:
    from curation.decisions.rows import Decision
    from curation.reviewing.desk import Desk

VERDICTS = ("accept", "reject", "correct", "note", "undo")
MOST_LETTERS = 80
STATES = ("present", "absent", "unknown")


class _PageOrCommand(click.Group):
    """`review CORPUS` opens the page; `review list CORPUS` and its like are commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The first word is a command, or the page's corpus."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["page", *args]
        return super().resolve_command(ctx, args)


def _reviewer(command: Command) -> Command:
    return click.option("--reviewer", required=True, metavar="NAME", help="Who decides.", callback=_named)(command)


def _named(_context: click.Context, _option: click.Parameter, name: str) -> str:
    """A reviewer's name that a decision can have. Raises RecipeError for another, before anything is looked at."""
    bare = " ".join(name.split())
    if not bare or len(bare) > MOST_LETTERS or not bare.isprintable():
        raise RecipeError(f"--reviewer {name!r:.100}: expected a name of 1 to {MOST_LETTERS} letters")
    return bare


@click.group(cls=_PageOrCommand, subcommand_metavar="CORPUS | COMMAND CORPUS ...")
def review() -> None:
    """Look at the newest hand-over and decide: accept, reject, correct a label, note, undo. The next build goes by it.

    With a CORPUS alone a page opens on 127.0.0.1 (see `review page --help`). Decisions are files of the store: any
    number of reviewers work at a time, each with a process of their own.

    \b
    Example:  python -m curation review first_real --reviewer ann --store STORE
    Without:  python -m curation review decide first_real sample-0123456789abcdef reject --reviewer ann
    All:      python -m curation review list first_real --store STORE
    """


@review.command()
@of_handover
@_reviewer
@port_option
@images_option
@click.option(
    "--raw", metavar="FOLDER", help="Folder of mosaics, to show the same sky in other surveys; else RADIO_RAW."
)
def page(corpus: str, store: str | None, out: Path | None, reviewer: str, port: int, raw: str | None) -> None:
    """Serve the page on 127.0.0.1 until ctrl-C, and print its address, which only you should know.

    \b
    Example:  python -m curation review page first_real --reviewer ann --store STORE
    """
    from curation.reviewing.page import serve
    from curation.reviewing.room import Room

    serve(Room(_desk(corpus, store, out), reviewer, images_if_any(raw)), port, say=click.echo)


@review.command()
@of_handover
@click.argument("sample_id")
@click.argument("verdict", type=click.Choice(VERDICTS))
@_reviewer
@click.option("--label", help="Of `correct`: the label, by its name or an alias.")
@click.option("--state", type=click.Choice(STATES), default="present", show_default=True, help="What it is.")
@click.option("--object", "subject_id", metavar="ID", help="Whose label: an object's; default: the source's.")
@click.option("--instead", is_flag=True, help="In the place of the labels that are present now.")
@click.option("--note", default="", help="Why.")
def decide(corpus: str, store: str | None, out: Path | None, sample_id: str, verdict: str, **said: Any) -> None:
    """Decide about a sample (or a conversation, by its id). `undo` takes back your last decision about it.

    \b
    Example:  python -m curation review decide first_real sample-0123456789abcdef correct --label FR2 --reviewer ann
    """
    from curation.decisions.rows import keep

    desk = _desk(corpus, store, out)
    act = _decided(desk, sample_id, verdict, said)
    keep(desk.store, act)
    for one in act:
        click.echo(f"{one.decision_id}  {one.told}")


@review.command("list")
@of_handover
@click.option("--open", "open_only", is_flag=True, help="Those alone that somebody should look at again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def list_(corpus: str, store: str | None, out: Path | None, open_only: bool, as_json: bool) -> None:
    """Every decision and what became of it, and how far reviewers agree (Cohen's kappa).

    \b
    Example:  python -m curation review list first_real --open --store STORE
    """
    from dataclasses import asdict

    from curation.decisions.standing import agreements
    from curation.reviewing.standings import standings

    desk = _desk(corpus, store, out)
    reviews = desk.reviews()
    rows = [one for one in standings(desk.went, reviews) if one.is_open or not open_only]
    pairs = agreements([one for some in reviews.values() for one in some])
    if as_json:
        told = [
            {"decision_id": one.decision.decision_id, "standing": one.standing, "is_open": one.is_open}
            | one.decision.model_dump(mode="json")
            for one in rows
        ]
        return click.echo(json.dumps({"decisions": told, "agreement": [asdict(one) for one in pairs]}))
    for one in rows:
        click.echo(one.line)
    n_open = sum(one.is_open for one in rows)
    click.echo(f"{len(rows)} decisions, {n_open} open again")
    for pair in pairs:
        click.echo(pair.told)
    return None


@review.command("export")
@of_handover
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
def export_csv(corpus: str, store: str | None, out: Path | None, file: Path) -> None:
    """Write all decisions as CSV, to FILE or to stdout: with their evidence, so that another store can take them.

    \b
    Example:  python -m curation review export first_real decisions.csv --store STORE
    """
    from curation.reviewing.csv_rows import written

    reviews = _desk(corpus, store, out).reviews()
    text = written([one for some in reviews.values() for one in some])
    if str(file) == "-":
        click.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8", newline="")
        click.echo(f"{file}: {text.count(chr(10)) - 1:,} lines", err=True)


@review.command("import")
@of_handover
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--reviewer", metavar="NAME", help="Whose rows are that name nobody.")
def import_csv(corpus: str, store: str | None, out: Path | None, file: Path, reviewer: str | None) -> None:
    """Take the decisions of a CSV file: of `review export`, or any with the columns id and decision.

    Whole or not at all. What the store has already is not taken twice.

    \b
    Example:  python -m curation review import first_real review.csv --reviewer ann --store STORE
    """
    from curation.decisions.rows import keep
    from curation.reviewing.csv_rows import read

    desk = _desk(corpus, store, out)
    found, remarks = read(file, desk, reviewer)
    strange = sorted({one.dataset for one in found} - set(desk.datasets))
    if strange:
        raise RecipeError(f"{file}: {', '.join(strange)}: no dataset of {corpus}; known: {', '.join(desk.datasets)}")
    there = {one.decision_id for some in desk.reviews().values() for one in some}
    new = [one for one in found if one.decision_id not in there]
    keep(desk.store, new)
    for line in remarks:
        print(f"warning: {line}", file=sys.stderr)
    click.echo(f"{len(new):,} decisions taken, {len(found) - len(new):,} were there")


def _desk(name: str, store: str | None, out: Path | None) -> "Desk":
    from curation.corpus import corpus
    from curation.reviewing.desk import Desk

    return Desk.of(open_store(store), corpus(name), out)


def _decided(desk: "Desk", sample_id: str, verdict: str, said: dict[str, Any]) -> "list[Decision]":
    from curation.reviewing.deciding import Corrected, acted

    seen = desk.seen(desk.found(sample_id))
    if verdict == "correct" and not said["label"]:
        scheme = desk.scheme(seen.dataset)
        raise RecipeError(f"--label: missing; expected one of {', '.join(scheme.labels)}")
    told = Corrected(said["label"] or "", said["state"], said["subject_id"], said["instead"])
    return acted(desk, seen, reviewer=said["reviewer"], verdict=verdict, corrected=told, note=said["note"])
