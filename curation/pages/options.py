"""Options of the commands that open a page about the newest hand-over of a corpus, or act on it as one would there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from schemas.command_line import doors_option

Command = Callable[..., Any]
STORE = "Where tables are: a folder or s3://bucket/folder; else RADIO_STORE, else ./store."
OUT = "Folder of the hand-over; default: the store."

port_option = click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: one that is free."
)


def of_handover(command: Command) -> Command:
    """The corpus, and where its hand-over and tables are: `corpus`, `store`, `out`; --doors holds for the process."""
    command = click.option("--out", type=click.Path(path_type=Path), help=OUT)(command)
    command = click.option("--store", metavar="PLACE", help=STORE)(command)
    return doors_option(click.argument("corpus")(command))
