"""The command `gc`: what of a store nothing reaches any more, listed, and taken away where that is said."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from curation.settings import settings
from schemas.command_line import doors_option, images_option
from schemas.errors import RecipeError


@click.command()
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...")
@doors_option
@images_option
@click.option("--raw", metavar="FOLDER", help="Folder of mosaics and catalogues; else RADIO_RAW.")
@click.option("--store", metavar="PLACE", help="The store: a folder or s3://…; else RADIO_STORE, else ./store.")
@click.option("--out", type=click.Path(path_type=Path), help="Where hand-overs are; default: the store.")
@click.option("--days", type=click.FloatRange(0), default=7.0, show_default=True, help="What is younger stays.")
@click.option("--keep", type=click.IntRange(1), help="Hand-overs kept of a corpus beside tagged ones; default: all.")
@click.option("--yes", is_flag=True, help="Take it away; otherwise it is listed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def gc(  # noqa: PLR0913 -- the options of a command
    corpora: tuple[str, ...],
    raw: str | None,
    store: str | None,
    out: Path | None,
    days: float,
    keep: int | None,
    yes: bool,
    as_json: bool,
) -> None:
    """List tables that no tag, no kept hand-over and none of these corpora reaches; with --yes, take them away.

    Name every corpus that is built into the store. Tag what somebody trains on: a tagged hand-over and all that it is
    made of stay. Nothing goes that is younger than --days, that is being built, or that a process has open.

    \b
    Example:  python -m curation gc first_real lotss_real --raw RAW --store STORE --keep 4
    """
    from curation.corpus import corpus, graph
    from curation.engine.store import Store
    from curation.operation.unreached import DAY_S, take_away, unreached

    where = settings(raw, store)
    place = Store(where.store)
    if out is None and not place.is_local:
        raise RecipeError(f"{place.where}: say with --out FOLDER where the hand-overs of its corpora are")
    folder = out or Path(place.root)
    graphs = [graph(corpus(name), where.raw, place) for name in corpora]
    found = unreached(graphs, place, folder.absolute(), grace_s=days * DAY_S, n_handovers=keep)
    gone = take_away(found, place, folder.absolute(), _say) if yes and found else []
    if as_json:
        return click.echo(json.dumps({"unreached": [asdict(one) for one in found], "removed": gone}))
    for one in found:
        click.echo(f"{'removed  ' if one.address in gone else ''}{one.line}")
    size = sum(one.n_bytes for one in found) / 1e6
    ending = f"{len(gone)} removed" if yes else "--yes takes them away"
    return click.echo(f"{len(found)} that nothing reaches, {size:,.1f} MB" + (f"; {ending}" if found else ""))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
