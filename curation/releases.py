"""The commands that look after what went out: `release`, `diff`, `impact`, `withdraw`."""

import json
import sys
from pathlib import Path

import click

from schemas.command_line import doors_option


@click.command("release")
@click.argument("handover", type=click.Path(path_type=Path))
@click.option("--about", "file", required=True, type=click.Path(path_type=Path), help="Who, version, day, terms: TOML.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@doors_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def release(handover: Path, file: Path, out: Path, as_json: bool) -> None:
    """Make of a hand-over a folder that explains itself, ready for a DOI: README, terms, citations, Croissant, ObsCore.

    Exit code 3, with every reason, where a licence does not allow it, an embargo lasts beyond the release's day, a
    source was withdrawn or the certificate does not hold. docs/release.md says what FILE holds.

    \b
    Example:  python -m curation release store/llava/first_real/91c0a1b2c3d4 --about release.toml --out radio-1.0
    """
    from curation.deposit.about import read_about
    from curation.deposit.release import release as make

    said = make(handover, read_about(file), out, say=_say)
    if as_json:
        told = {key: said[key] for key in ("corpus", "handover", "version")}
        return click.echo(json.dumps({"release": str(out), **told}))
    return click.echo(f"{out}: {said['corpus']} {said['version']}, {len(said['files']):,} files of {said['handover']}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
