"""The command `browse`: a page to look through a hand-over, and to hold it against another."""

from pathlib import Path

import click

from curation.pages.options import of_handover, port_option
from curation.settings import open_store


@click.command()
@of_handover
@click.option(
    "--beside",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A release elsewhere, to compare; again.",
)
@port_option
def browse(corpus: str, store: str | None, out: Path | None, beside: tuple[Path, ...], port: int) -> None:
    """Serve a page on 127.0.0.1 to look through the newest hand-over of CORPUS, and print its address.

    Samples by survey, dataset, label, split, verdict, score, place and text, and where they are on the sky; a sample's
    chain to the catalogue row and the pixels; any two hand-overs side by side. It changes nothing.

    \b
    Example:  python -m curation browse first_real --store STORE
    """
    from curation.browsing.page import serve
    from curation.browsing.room import Room
    from curation.corpus import corpus as read_corpus
    from curation.reviewing.desk import Desk

    serve(Room(Desk.of(open_store(store), read_corpus(corpus), out), beside), port, say=click.echo)
