"""The command `assistant`: a page to ask a served model about pictures, its answers checked as they come."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curation.pages.options import of_handover, port_option
from curation.settings import images_if_any, server_addresses, store_place
from schemas.command_line import images_option
from schemas.errors import RecipeError

if TYPE_CHECKING:
    from curation.corpus import Corpus
    from curation.reviewing.desk import Desk

SERVER = "Where the model is served, such as http://127.0.0.1:8000/v1; else RADIO_SERVER."


@click.command()
@of_handover
@click.option("--server", metavar="URL", help=SERVER)
@click.option("--model", metavar="NAME", help="Which model to ask, where several are served.")
@images_option
@click.option("--raw", metavar="FOLDER", help="Folder of mosaics, to look at places; else RADIO_RAW.")
@port_option
def assistant(
    corpus: str, raw: str | None, store: str | None, out: Path | None, port: int, **asked: str | None
) -> None:
    """Serve a page on 127.0.0.1 where a model is asked about pictures, and print its address.

    A FITS, PNG or JPEG file, or a place in a survey of CORPUS, is drawn as CORPUS draws it. Each sentence of an answer
    is marked by what the checker can say of it, by the catalogues of the newest hand-over where they know that sky, or
    by a file of annotations; boxes are drawn on the picture. docs/assistant.md tells more.

    \b
    Example:  python -m curation assistant first_real --server http://127.0.0.1:8000/v1 --raw RAW --store STORE
    """
    from curation.assisting.page import Wanted, serve
    from curation.assisting.room import Room
    from curation.corpus import corpus as read_corpus

    servers = server_addresses([asked["server"]] if asked["server"] else ())
    if len(servers) != 1:
        raise RecipeError("--server: name the one server to ask, such as http://127.0.0.1:8000/v1, or set RADIO_SERVER")
    wanted = read_corpus(corpus)
    desk, folder = _desk(wanted, store, out), images_if_any(raw)
    if folder is None:
        click.echo("no --raw: places cannot be looked at, files can")
    serve(Wanted(servers[0], asked["model"]), lambda model: Room(wanted, desk, folder, model), port, say=click.echo)


def _desk(wanted: "Corpus", store: str | None, out: Path | None) -> "Desk | None":
    """The newest hand-over's tables; None, with a word, where there is none."""
    from curation.engine.store import Store
    from curation.reviewing.desk import Desk

    place = Store(store_place(store))
    if place.exists("") and place.tagged(wanted.latest):
        return Desk.of(place, wanted, out)
    click.echo(
        f"no hand-over of {wanted.name} in {place.where}: files can be asked about, and are held to their headers"
    )
    return None
