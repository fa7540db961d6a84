"""The command `inspect`: what images, tables and folders are, before any work is done."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.command_line import doors_option
from schemas.errors import CorpusError, RecipeError, StoreError

if TYPE_CHECKING:
    from catalogs.survey import Survey

Row = dict[str, Any]


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@doors_option
@click.option("--survey", default=None, help="The survey they belong to: supplies what their headers leave out.")
@click.option("--catalog", "table", default=None, help="They are tables: read them as this catalogue's door says.")
@click.option(
    "--pictures",
    "sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="SHEET.png",
    help="Draw the images by every stretch, side by side, into this file, and tell what each shows of the source.",
)
@click.option(
    "--side",
    "side_px",
    type=click.IntRange(8),
    default=300,
    show_default=True,
    help="--pictures: pixels of an image's middle that are drawn.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def inspect(paths: tuple[Path, ...], **given: Any) -> None:
    """What images, tables and folders are; exit code 1 if one cannot be read, after all others.

    Of an image: shape, projection, frame, where north and east are, pixel at the centre and at the corners, beam and
    where it is from, frequency, unit, noise, peak, blank share, and what had to be assumed. Of a table, in whatever
    format: columns, units, types, ranges, nulls, distinct values. Of a folder: a summary.

    With --catalog: which column of a table is which of ours, what is missing and what is near it, and how many rows
    would be kept.

    With --pictures: a contact sheet of the images, drawn by every stretch that `[picture]` of a corpus file knows.

    \b
    Example:  python -m curation inspect RAW/images/lotss_dr1/*.fits --survey lotss_dr1
              python -m curation inspect mine.csv
              python -m curation inspect rgcat.fits --catalog rgcat
              python -m curation inspect RAW/images/first_small --pictures sheet.png
    """
    from curation.looking.images import survey_of

    survey, table, as_json = given["survey"], given["table"], given["as_json"]
    if given["sheet"] is not None:
        return _draw(paths, given)
    if table is not None and survey is not None:
        raise RecipeError("--catalog is for tables, --survey for images: give one of them")
    known = survey_of(survey)
    found = [one for path in paths for one in (_as_catalog(path, table) if table else _looked_at(path, known))]
    return _tell(found, _lines, sum(map(_n_bad, found)), as_json=as_json)


def _tell(found: list[Row], lines: Callable[[Row], list[str]], n_bad: int, *, as_json: bool) -> None:
    """Everything found, for people or machines; exit code 1 where something could not be read."""
    if as_json:
        told = json.dumps({"files": found, "n_unreadable": n_bad}, ensure_ascii=False)
        # What is no number in JSON, NaN of a list column, is null there.
        click.echo(json.dumps(json.loads(told, parse_constant=lambda _: None), ensure_ascii=False))
    for one in () if as_json else found:
        for line in lines(one):
            click.echo(line, err=line.startswith("error: "))
    if n_bad:
        raise click.exceptions.Exit(1)


def _draw(paths: tuple[Path, ...], given: dict[str, Any]) -> None:
    """The contact sheet of the images named, or in the folders named."""
    from curation.looking.contact_sheet import lines, sheet
    from curation.looking.folders import images_in

    if given["survey"] is not None or given["table"] is not None:
        raise RecipeError("--pictures draws images as they are: it goes with neither --survey nor --catalog")
    file: Path = given["sheet"]
    named = [one for path in paths for one in (images_in(path) if path.is_dir() else [path])]
    if not named:
        raise RecipeError(f"found no image in {', '.join(map(str, paths))}: nothing to draw")
    try:
        found = sheet(named, given["side_px"], file)
    except OSError as error:
        raise StoreError(f"cannot write the sheet {file}: {error.strerror or error}") from error
    n_bad = sum("error" in one for one in found)
    _tell(found, lines, n_bad, as_json=given["as_json"])
    if n_bad < len(found) and not given["as_json"]:
        click.echo(f"wrote {file}")


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
