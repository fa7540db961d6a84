"""The command `inspect`: what images, tables and folders are, before any work is done."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.command_line import doors_option
from schemas.errors import CorpusError, RecipeError

if TYPE_CHECKING:
    from catalogs.survey import Survey

Row = dict[str, Any]


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@doors_option
@click.option("--survey", default=None, help="The survey they belong to: supplies what their headers leave out.")
@click.option("--catalog", "table", default=None, help="They are tables: read them as this catalogue's door says.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def inspect(paths: tuple[Path, ...], survey: str | None, table: str | None, as_json: bool) -> None:
    """What images, tables and folders are; exit code 1 if one cannot be read, after all others.

    Of an image: shape, projection, frame, where north and east are, pixel at the centre and at the corners, beam and
    where it is from, frequency, unit, noise, peak, blank share, and what had to be assumed. Of a table, in whatever
    format: columns, units, types, ranges, nulls, distinct values. Of a folder: a summary.

    With --catalog: which column of a table is which of ours, what is missing and what is near it, and how many rows
    would be kept.

    \b
    Example:  python -m curation inspect RAW/images/lotss_dr1/*.fits --survey lotss_dr1
              python -m curation inspect mine.csv
              python -m curation inspect rgcat.fits --catalog rgcat
    """
    from curation.looking.images import survey_of

    if table is not None and survey is not None:
        raise RecipeError("--catalog is for tables, --survey for images: give one of them")
    known = survey_of(survey)
    found = [one for path in paths for one in (_as_catalog(path, table) if table else _looked_at(path, known))]
    if as_json:
        told = json.dumps({"files": found, "n_unreadable": sum(map(_n_bad, found))}, ensure_ascii=False)
        # What is no number in JSON, NaN of a list column, is null there.
        click.echo(json.dumps(json.loads(told, parse_constant=lambda _: None), ensure_ascii=False))
    for one in () if as_json else found:
        for line in _lines(one):
            click.echo(line, err=line.startswith("error: "))
    if any(map(_n_bad, found)):
        raise click.exceptions.Exit(1)


def _as_catalog(path: Path, name: str) -> list[Row]:
    from curation.looking.catalogs import catalog_facts

    return [catalog_facts(path, name)]


def _looked_at(path: Path, survey: "Survey") -> list[Row]:
    """The facts of a folder, of an image, or of each table of a file."""
    from catalogs.formats.tables import check_plain
    from curation.looking.columns import table_facts
    from curation.looking.folders import folder_facts, is_image
    from curation.looking.images import image_facts
    from curation.looking.tables import open_tables

    if path.is_dir():
        return [folder_facts(path, survey)]
    if path.is_file() and is_image(path):
        return [image_facts(path, survey)]
    try:
        if path.exists():
            check_plain(path)
        return [table_facts(path, one) for one in open_tables(path)]
    except (CorpusError, OSError) as error:
        told = str(error)
        return [{"file": str(path), "kind": "unknown", "error": told if str(path) in told else f"{path}: {told}"}]


def _n_bad(one: Row) -> int:
    return len(one["unreadable"]) if one["kind"] == "folder" else int("error" in one)


def _lines(one: Row) -> list[str]:
    from curation.looking.catalogs import catalog_lines
    from curation.looking.folders import folder_lines
    from curation.looking.image_lines import image_lines
    from curation.looking.table_lines import table_lines

    kinds = {"folder": folder_lines, "image": image_lines, "table": table_lines, "catalog": catalog_lines}
    return kinds[one["kind"]](one) if one["kind"] in kinds else [f"error: {one['error']}"]
