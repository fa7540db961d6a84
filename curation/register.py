"""The command `register`: pictures that lost their place on the sky, found again in the mosaics of a survey."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.command_line import doors_option
from schemas.errors import CatalogError, RecipeError, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

    from curation.registration.legacy import Legacy

SYMMETRIES = {"all": "all eight turns and mirror images", "y": "as they are, or upside down", "none": "as they are"}
SHOWN = 20


@click.command()
@click.argument("pictures")
@doors_option
@click.option(
    "--in", "survey", required=True, metavar="SURVEY", help="The survey in whose mosaics they are looked for."
)
@click.option("--raw", metavar="FOLDER", help="Folder of mosaics; else RADIO_RAW.")
@click.option("--only", metavar="PATTERN", default="*", help="Of the mosaics' names, as in a shell: '*2042-55*'.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.parquet",
              help="The table; default for a survey of pictures: where its builds find it.")  # fmt: skip
@click.option("--scale", "scales", type=click.FloatRange(0.1, 10), multiple=True,
              help="Pixels of a picture to one of the mosaic, where it was resized; may be given again.")  # fmt: skip
@click.option("--flips", type=click.Choice(list(SYMMETRIES)), default="all", show_default=True,
              help="; ".join(f"{name}: {what}" for name, what in SYMMETRIES.items()) + ".")  # fmt: skip
@click.option("--exact", is_flag=True, help="Only copies of mosaic pixels, bit for bit: one pass over each mosaic.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def register(  # noqa: PLR0913, PLR0917 -- the options of a command
    pictures: str, survey: str, raw: str | None, only: str, out: Path | None, scales: tuple[float, ...], flips: str,
    exact: bool, as_json: bool,
) -> None:  # fmt: skip
    """Find the place of pictures without a usable WCS in the mosaics of a survey, or say that it is not known.

    PICTURES is a folder of FITS and PNG files, or a survey whose files are pictures. Copies of a mosaic's pixels are
    found by their values; others (stretched, scaled, with noise, resized by --scale) by their texture, and only where
    one place stands out. Of a survey of pictures the table goes where builds find it: RAW/registrations/<survey>; the
    pictures found have sky from then on, which splits keep apart. docs/pictures.md says how sure this is.

    \b
    Example:  python -m curation register old_cutouts --in first --raw RAW --out found.parquet
              python -m curation register caesar_mrcnn --in emu_pilot --raw RAW --only '*2042*'
              python -m curation register pngs --in first --raw RAW --scale 1.939 --flips y --out found.parquet
    """
    from catalogs.survey import surveys
    from curation.engine.parts import parquet
    from curation.pictures.found_sky import FOLDER
    from curation.pictures.unchanged import stamps_of
    from curation.registration.register import Ways
    from curation.registration.register import register as found_places
    from curation.settings import settings
    from schemas.folder import one_door

    where = settings(raw, None).raw
    asked = one_door(surveys(), survey, "survey")
    read = _pictures(pictures, where)
    if out is None and pictures not in surveys():
        raise RecipeError("--out: found none; expected FILE.parquet, for a folder is nobody's pictures")
    file = out or where / FOLDER / pictures / f"{survey}.parquet"
    index, digests = _mosaics(asked, where, only)
    ways = Ways(scales or (1.0,), _symmetries(flips), exact)
    stamps = stamps_of(digests, index["mosaic"].to_pylist())
    table = found_places(read, index, where, ways, stamps=stamps, say=lambda line: print(line, file=sys.stderr))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(parquet(table))
    except OSError as error:
        raise StoreError(f"cannot write {file}: {error.strerror or error}") from error
    _tell(table, file, as_json)


def _pictures(named: str, raw: Path) -> "list[Legacy]":
    """Those of a folder, by their names in it; or of a survey, by those below the raw folder."""
    from catalogs.survey import surveys
    from curation.pictures.mosaics import find_files
    from curation.registration.legacy import read_all, read_legacy

    if named not in surveys():
        return list(read_all(Path(named)))
    return [read_legacy(raw / one.mosaic, one.mosaic) for one in find_files(raw, surveys()[named], {})]


def _mosaics(asked: Any, raw: Path, only: str) -> "tuple[pa.Table, dict[str, list[Any]]]":
    """MOSAICS of a survey, of files whose name fits, and their digests. Raises CatalogError where none has a WCS."""
    from fnmatch import fnmatch

    from curation.pictures.mosaics import find_files, mosaics

    digests: dict[str, list[Any]] = {}
    files = [one for one in find_files(raw, asked, digests) if fnmatch(one.mosaic, only)]
    index = mosaics(tuple(files), asked, raw=raw).kept
    if index.num_rows == index["header"].null_count:
        raise CatalogError(f"survey {asked.name}: found {index.num_rows} images {only!r} and none of them with a WCS; "
                           "expected its mosaics below --raw")  # fmt: skip
    return index, digests


def _symmetries(flips: str) -> Any:
    from curation.registration.placing import SYMMETRIES as EVERY
    from curation.registration.placing import Symmetry

    return {"all": EVERY, "y": (Symmetry(), Symmetry(is_mirrored=True)), "none": (Symmetry(),)}[flips]


def _tell(table: "pa.Table", file: Path, as_json: bool) -> None:
    rows = table.to_pylist()
    states = dict(sorted(Counter(one["reason"] or one["method"] for one in rows).items()))
    n_found = sum(one["state"] == "found" for one in rows)
    if as_json:
        return click.echo(json.dumps({"file": str(file), "n": len(rows), "n_found": n_found, "by": states}))
    for one in rows[:SHOWN]:
        click.echo(_line(one))
    if len(rows) > SHOWN:
        click.echo(f"… and {len(rows) - SHOWN} more")
    click.echo("; ".join(f"{name} {n}" for name, n in states.items()))
    return click.echo(f"{n_found} of {len(rows)} pictures found; wrote {file}")


def _line(one: dict[str, Any]) -> str:
    if one["state"] == "unknown":
        return f"{one['picture']}: unknown, {one['reason']}: {one['detail']}"
    how = f"confidence {one['confidence']:.1f}" if one["confidence"] is not None else "the same pixels"
    turned = ", mirrored" if one["is_mirrored"] else ""
    turned += f", turned by {one['turn_deg']:g} deg" if one["turn_deg"] else ""
    place = f"RA {one['ra_deg']:.5f}, Dec {one['dec_deg']:.5f}"
    return f"{one['picture']}: {one['mosaic']}, x {one['x_min_px']}, y {one['y_min_px']}{turned}; {place}; {how}"
