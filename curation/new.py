"""The command `new`: the door files of a corpus of one's own, drafted from its images and tables."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from schemas.command_line import doors_option


@click.command()
@click.argument("name")
@click.argument("more", nargs=-1, metavar="[MOSAIC]…")
@click.option("--mosaics", multiple=True, required=True, metavar="PATH", help="FITS images: files, folders, globs.")
@click.option("--table", "tables", multiple=True, required=True, metavar="FILE", help="Sources; FILE:1 of several.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder to write into; default: here.")
@click.option("--raw", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Folder that holds all files; default: the deepest one that does.")  # fmt: skip
@doors_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def new(
    name: str, more: tuple[str, ...], mosaics: tuple[str, ...], tables: tuple[str, ...], out: Path, raw: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Draft a corpus of your own: survey, catalogue, label scheme and dataset beside a corpus file.

    Looks at FITS images and a table of sources and writes NAME.toml and doors/ into --out. Every guess is marked
    `# guess`, every doubt stands as a comment with what else it could be, and a key that cannot be guessed holds
    "TODO: …", which `plan` refuses by its name. Nothing is overwritten.

    \b
    Example:  python -m curation new mine --mosaics 'data/*.fits' --table data/sources.csv
              python -m curation plan mine.toml --raw data
    """
    from curation.drafting.new import new_corpus, told

    written = new_corpus(name, (*mosaics, *more), tables, out=out, raw=raw)
    click.echo(json.dumps(asdict(written), default=str) if as_json else "\n".join(told(written)))
