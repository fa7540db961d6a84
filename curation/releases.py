"""The commands that look after what goes out: `release`, `publish`, `diff`, `impact`, `withdraw`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curation.settings import open_store, raw_if_any, store_place
from schemas.command_line import doors_option
from schemas.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from curation.engine.store import Store

FILE = click.Path(path_type=Path)


@click.command("release")
@click.argument("handover", type=FILE)
@click.option("--about", "file", required=True, type=FILE, help="Who, version, day, terms: TOML.")
@click.option("--out", required=True, type=FILE, help="Folder to make.")
@click.option("--store", metavar="PLACE", help="Where tombstones are; default: the store that the hand-over lies in.")
@click.option(
    "--raw", metavar="FOLDER", help="Where `fetch` left mosaics, whose sources are then told; else RADIO_RAW."
)
@doors_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def release(handover: Path, file: Path, out: Path, store: str | None, raw: str | None, as_json: bool) -> None:
    """Make of a hand-over a folder that explains itself, ready for a DOI: README, terms, citations, Croissant, ObsCore.

    Exit code 3, with every reason, where a licence does not allow it, an embargo lasts beyond the release's day, a
    source was withdrawn or the certificate does not hold. docs/release.md says what the file holds.

    \b
    Example:  python -m curation release store/llava/first_real/91c0a1b2c3d4 --about release.toml --out radio-1.0
    """
    from curation.deposit.about import read_about
    from curation.deposit.release import release as make
    from curation.fetching.records import fetched_by_digest

    withdrawn = _withdrawn(store, handover)
    where = raw_if_any(raw)
    came = fetched_by_digest(where) if where else {}
    fetched = {sha256: one.published for sha256, one in came.items()}
    said = make(handover, read_about(file), out, withdrawn=withdrawn, fetched=fetched, say=_say)
    if as_json:
        told = {key: said[key] for key in ("corpus", "handover", "version")}
        return click.echo(json.dumps({"release": str(out), **told}))
    return click.echo(f"{out}: {said['corpus']} {said['version']}, {len(said['files']):,} files of {said['handover']}")


@click.command()
@click.argument("folder", metavar="RELEASE", type=FILE)
@click.option("--about", "file", required=True, type=FILE, help="The file that the release was made with.")
@click.option("--to", "repository", required=True, metavar="OWNER/NAME", help="The data set of the hub.")
@click.option("--store", metavar="PLACE", help="Where tombstones are: what was withdrawn does not go out.")
@click.option("--public", is_flag=True, help="A new data set is for everybody; else it is private.")
@click.option(
    "--endpoint", default="https://huggingface.co", envvar="HF_ENDPOINT", show_default=True, metavar="URL",
    help="The hub; else HF_ENDPOINT.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do it; else only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def publish(
    folder: Path, file: Path, repository: str, store: str | None, public: bool, endpoint: str, yes: bool, as_json: bool
) -> None:
    """Put a release onto the Hugging Face hub: says what would be done, and with --yes does it.

    First the gate once more, as of today: licences, embargoes, withdrawals, the certificate, every digest; exit code 3
    with every reason. The token is that of huggingface_hub (HF_TOKEN, or `hf auth login`) and is never shown.
    Afterwards every file is looked for by its size, and then the version becomes a tag.

    \b
    Example:  python -m curation publish radio-1.0 --about release.toml --to my-institute/radio-1.0
    """
    from datetime import UTC, datetime

    from curation.deposit.about import read_about
    from curation.deposit.publish import plan
    from curation.deposit.publish import publish as upload

    today = datetime.now(UTC).date().isoformat()
    withdrawn = _withdrawn(store, None)
    planned = plan(folder, read_about(file), repository, today,
                   withdrawn=withdrawn, endpoint=endpoint.rstrip("/"), is_public=public)  # fmt: skip
    commit = upload(planned) if yes else None
    if as_json:
        told = {"repository": repository, "files": len(planned.files), "version": planned.version, "commit": commit}
        return click.echo(json.dumps(told))
    last = f"published: {commit}" if commit else "nothing was done; --yes does it"
    return click.echo("\n".join([*planned.lines, last]))


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--store", metavar="PLACE", help="The store of both, which tells why; else RADIO_STORE, else ./store.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines: every change.")
def diff(a: str, b: str, store: str | None, as_json: bool) -> None:
    """What is different between two hand-overs or releases: pictures, labels, splits, answers, and why.

    A and B are folders, or addresses or tags of the store.

    \b
    Example:  python -m curation diff store/llava/first_real/91c0a1b2c3d4 latest-first_real --store store
    """
    from curation.deposit.diff import diff as compare

    place = _store_if_any(store)
    found = compare(_folder(a, place), _folder(b, place), place)
    click.echo(json.dumps(found.told, ensure_ascii=False) if as_json else "\n".join(found.lines))


@click.command()
@click.argument("source")
@click.option("--store", metavar="PLACE", help="Where hand-overs are; else RADIO_STORE, else ./store.")
@click.option("--out", type=FILE, help="Where hand-overs are, if not in the store.")
@click.option("--beside", multiple=True, type=FILE, metavar="FOLDER", help="A release or hand-over elsewhere; again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def impact(source: str, store: str | None, out: Path | None, beside: tuple[Path, ...], as_json: bool) -> None:
    """Which hand-overs and releases used a source, and how many samples of which split.

    SOURCE is an id or name of a source, sample, cutout or paper, a mosaic's or catalogue's file, a dataset, survey or
    benchmark, or a door such as label_schemes/mirabest.

    \b
    Example:  python -m curation impact catalogs/first_mirabest_labels.csv --store store --beside radio-1.0
    """
    from curation.deposit.impact import handovers_below
    from curation.deposit.impact import impact as used_by

    place = _store_if_any(store)
    tags = place.tags() if place else {}
    found = used_by(source, handovers_below(_out(place, out), beside), tags)
    if as_json:
        return click.echo(json.dumps({"source": source, "used_by": [asdict(one) for one in found]}, ensure_ascii=False))
    return click.echo("\n".join(one.line for one in found) or f"{source}: no hand-over here used it")


@click.command()
@click.argument("source")
@click.option("--reason", metavar="TEXT", help="Why: it stands among the refused rows and in later releases.")
@click.option("--store", metavar="PLACE", help="The store; else RADIO_STORE, else ./store.")
@click.option("--undo", is_flag=True, help="Take the tombstone away.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def withdraw(source: str, reason: str | None, store: str | None, undo: bool, as_json: bool) -> None:
    """Keep a source or paper out of every later build into this store, by a tombstone with a reason.

    SOURCE is its id, or a name that only one has. What was built stays as it is; `release` refuses it from now on, and
    the hand-overs that used it are told.

    \b
    Example:  python -m curation withdraw source-0123456789abcdef --reason "its owner asked" --store store
    """
    from curation.deposit.impact import handovers_below, to_withdraw
    from curation.deposit.impact import impact as used_by
    from curation.truth import withdrawn

    place = open_store(store)
    if undo:
        known = [one for one in withdrawn.tombstones(place) if source in (one.id, one.name)]
        if len(known) != 1:
            raise RecipeError(f"{source!r}: {len(known) or 'none'} of the withdrawn has that id or name")
        withdrawn.give_back(place, known[0])
        told = {"given_back": known[0].id}
        return click.echo(json.dumps(told) if as_json else f"given back: {known[0].line}; build again")
    if not (reason or "").strip():
        raise RecipeError("--reason: expected why it is withdrawn, in a few words")
    stone = to_withdraw(source, _known(place), " ".join(str(reason).split()))
    withdrawn.withdraw(place, stone)
    uses = used_by(stone.id, handovers_below(_out(place, None)), place.tags()) if place.is_local else []
    if as_json:
        return click.echo(json.dumps({**stone.model_dump(), "used_by": [asdict(one) for one in uses]}))
    lines = [f"withdrawn: {stone.line}", *(f"used by {one.line}" for one in uses)]
    return click.echo("\n".join([*lines, "the next build into this store leaves it out"]))


def _store_if_any(where: str | None) -> "Store | None":
    """The store that is named; where none is, the usual one if it is there."""
    from curation.engine.store import Store

    place = Store(store_place(where))
    return place if where or place.exists("") else None


def _withdrawn(store: str | None, handover: Path | None) -> dict[str, str]:
    """Reasons by what was withdrawn, in the named store or in the one that the hand-over lies in."""
    from curation.truth.withdrawn import tombstones

    place = open_store(store) if store else _around(handover) if handover else None
    return {one.id: one.reason for one in tombstones(place)} if place else {}


def _around(handover: Path) -> "Store | None":
    """The store that a hand-over lies in, by its address; None where it lies elsewhere."""
    from curation.engine.store import Store

    root = handover.absolute().parent.parent
    return Store(str(root.parent)) if root.name == "llava" else None


def _folder(named: str, place: "Store | None") -> Path:
    """A hand-over by its folder, that of its release, its address or its tag."""
    from curation.deposit.places import handover_in

    if (path := Path(named)).is_dir():
        return handover_in(path)
    address = (place.tagged(named) or named) if place else named
    if place and place.is_local and (found := Path(place.root) / address).is_dir():
        return found
    raise RecipeError(f"{named}: neither a folder nor an address or tag of a hand-over in the store")


def _out(place: "Store | None", out: Path | None) -> Path:
    if out is None and place is not None and not place.is_local:
        raise RecipeError(f"{place.where}: say with --out FOLDER where its hand-overs are")
    return out or Path(place.root if place else ".")


def _known(place: "Store") -> "Iterator[tuple[str, pa.Table]]":
    """`sources` or `papers`, and what a tombstone says of its rows: every such table of a store."""
    wanted = {"sources": ["source_id", "source_name", "dataset"], "papers": ["paper_id", "title"]}
    for kind, columns in wanted.items():
        for address in place.addresses(kind):
            yield kind, place.read(address, columns)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
