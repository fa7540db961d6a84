"""The command `fetch`: mosaics and catalogues from their archives into the raw folder."""

import json
import math
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.command_line import doors_option
from schemas.errors import FetchError, RecipeError

if TYPE_CHECKING:
    from catalogs.archive import Archive
    from curation.fetching.line import Line
    from curation.fetching.wanted import Wanted

LOGIN = "RADIO_CASDA_LOGIN_FILE"


@click.command()
@click.argument("archive", required=False)
@click.argument("names", nargs=-1)
@doors_option
@click.option("--raw", metavar="FOLDER", help="Where it goes; else RADIO_RAW.")
@click.option("--only", metavar="PATTERN", default="*", help="Of the files' names, as in a shell: 'G00*'.")
@click.option("--dry-run", is_flag=True, help="Only say what would be fetched; listings are asked for.")
@click.option("--rate", metavar="MB", type=click.FloatRange(0, min_open=True), help="At most so many MB a second.")
@click.option("--pause", metavar="S", type=click.FloatRange(0), help="Seconds between requests; default: the list's.")
@click.option("--wait", metavar="S", type=click.FloatRange(0), default=900.0, show_default=True,
              help="The longest that an archive may ask to wait.")  # fmt: skip
@click.option(
    "--login", type=click.Path(path_type=Path), help=f"CASDA's account and password, a line each; else {LOGIN}."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def fetch(  # noqa: PLR0913, PLR0917 -- the options of a command
    archive: str | None, names: tuple[str, ...], raw: str | None, only: str, dry_run: bool, rate: float | None,
    pause: float | None, wait: float, login: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Bring mosaics and catalogues from their archives into the raw folder: whole and right, or not at all.

    Without ARCHIVE the lists that there are. NAMES say which, where a list has too much: `lotss_dr2 P205+55`. The
    terms are shown before the first download. What was stopped goes on from there; what is there is not asked for
    again. Where files came from is kept in RAW/fetched, and told by `why --raw` and `release --raw`. Proxies are those
    of HTTPS_PROXY. docs/fetch.md has more.

    \b
    Example:   python -m curation fetch
               python -m curation fetch rgz --raw RAW
               python -m curation fetch smgps --raw RAW --only 'G00*' --dry-run
               python -m curation fetch lotss_dr2 P205+55 P218+55 --raw RAW --rate 20
               python -m curation fetch vizier IV/24 J/ApJS/212/1 --raw RAW
               python -m curation fetch emu 2042-55 --raw RAW --login casda.login
    """
    from catalogs.archive import archives
    from curation.fetching.line import Line, Manners
    from curation.settings import settings
    from schemas.folder import one_door

    if archive is None:
        return _tell_lists(as_json)
    asked = one_door(archives(), archive, "archive")
    where = settings(raw, None).raw
    most = rate * 1e6 if rate else math.inf
    manners = Manners(pause_s=asked.pause_s if pause is None else pause, most_bytes_per_s=most, longest_wait_s=wait)
    line = Line(asked.hosts, manners, lambda told: _say(f"     {told}"))
    try:
        found = _wanted(asked, names, only, login, line)
        return _tell(found, as_json) if dry_run else _fetch(asked, found, where, line, as_json)
    finally:
        line.close()


def _wanted(asked: "Archive", names: tuple[str, ...], only: str, login: Path | None, line: "Line") -> "list[Wanted]":
    from curation.fetching.casda import login_of, staged
    from curation.fetching.wanted import check_names, wanted

    if not asked.casda:
        return wanted(asked, names, only, line)
    check_names(asked, names)
    file = login or (Path(os.environ[LOGIN]) if os.environ.get(LOGIN) else None)
    if file is None:
        raise RecipeError(f"{asked.name}: CASDA wants a login: --login FILE, or {LOGIN}; docs/fetch.md says how")
    return staged(asked, names, only, login_of(file), line)


def _fetch(asked: "Archive", found: "list[Wanted]", raw: Path, line: "Line", as_json: bool) -> None:
    """One file after the other; what fails is told, and the next one is fetched all the same."""
    from curation.fetching.download import download, is_here
    from curation.fetching.records import Records

    records = Records(raw, asked)
    if records.is_first:
        _say(f"{asked.title}\nterms  {asked.licence}\ncite   {asked.cite}")
    told = {"fetched": list[str](), "here": list[str](), "failed": dict[str, str]()}
    for k, one in enumerate(found, 1):
        try:
            if is_here(one, raw, records):
                told["here"].append(one.path)
                continue
            _say(f"{k}/{len(found)}  {one.path}  {_size(one.n_bytes)}")
            came = download(one, raw, line, records)
            _say(f"     {came.n_bytes:,} bytes, SHA-256 {came.sha256[:12]}…")
            told["fetched"].append(one.path)
        except FetchError as error:
            _say(f"     not fetched: {error}")
            told["failed"][one.path] = str(error)
    if as_json:
        click.echo(json.dumps({"archive": asked.name, **told}))
    else:
        click.echo(f"{asked.name}: {len(told['fetched'])} fetched, {len(told['here'])} were here, "
                   f"{len(told['failed'])} not; below {raw}")  # fmt: skip
    if told["failed"]:
        raise FetchError(
            f"{asked.name}: {len(told['failed'])} of {len(found)} files were not fetched; the lines above say why"
        )


def _tell(found: "list[Wanted]", as_json: bool) -> None:
    if as_json:
        return click.echo(json.dumps({"files": [asdict(one) for one in found]}))
    for one in found:
        click.echo(f"{one.path}  {_size(one.n_bytes)}  {one.url}")
    known = [one.n_bytes for one in found if one.n_bytes is not None]
    return click.echo(f"{len(found)} files; {sum(known):,} bytes of the {len(known)} whose size is known")


def _tell_lists(as_json: bool) -> None:
    from catalogs.archive import archives

    found: list[dict[str, Any]] = [
        {"archive": one.name, "title": one.title, "hosts": one.hosts, "names": one.names_told}
        for one in archives().values()
    ]
    if as_json:
        return click.echo(json.dumps({"archives": found}))
    for one in found:
        click.echo(f"{one['archive']:<15} {one['title']}" + (f"; name {one['names']}" if one["names"] else ""))
    return None


def _size(n_bytes: int | None) -> str:
    return "size unknown" if n_bytes is None else f"{n_bytes:,} bytes"


def _say(line: str) -> None:
    print(line, file=sys.stderr)
