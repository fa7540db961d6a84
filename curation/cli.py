"""The command line: parses and prints. What it calls is imported when it is called, so that `--help` is quick."""

import json
import os
import shlex
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curation.assistant import assistant
from curation.browse import browse
from curation.claims import claims
from curation.exam import exam
from curation.fetch import fetch
from curation.inspect import inspect
from curation.mutations import mutations
from curation.new import new
from curation.register import register
from curation.releases import diff, impact, publish, release, withdraw
from curation.replies import replies
from curation.retention import gc
from curation.review import review
from curation.serve import serve
from curation.settings import open_store, raw_if_any, settings
from schemas.addresses import IMAGES
from schemas.command_line import doors_option, images_option
from schemas.doors import VARIABLE
from schemas.errors import DamageError, GateError, RecipeError

if TYPE_CHECKING:
    from curation.corpus import Graph
    from curation.engine.store import Store

Command = Callable[..., Any]
LOOKS = ("none", "quick", "whole")
"""How far `status` looks for damage: not at all, by counts and sizes, or by every digest."""


def _raw(command: Command) -> Command:
    text = "Folder of mosaics and catalogues; else RADIO_RAW."
    return click.option("--raw", metavar="FOLDER", help=text)(images_option(command))


def _store(command: Command) -> Command:
    text = "Where tables go: a folder or s3://bucket/folder; else RADIO_STORE, else ./store."
    return click.option("--store", metavar="PLACE", help=text)(command)


def _out(command: Command) -> Command:
    text = "Folder for hand-over and report; default: the store. Needed where the store is remote."
    return click.option("--out", type=click.Path(path_type=Path), help=text)(command)


def _json(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")(command)


def _server(command: Command) -> Command:
    text = "Where the corpus' model is served, such as http://127.0.0.1:8000/v1; may be given again; else RADIO_SERVER."
    return click.option("--server", "servers", multiple=True, metavar="URL", help=text)(command)


def _workers(command: Command) -> Command:
    text = "CPUs of the embedded Ray; default: all. A cluster named by RAY_ADDRESS has its own. 0: without Ray."
    return click.option("--workers", type=click.IntRange(0), help=text)(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def curation() -> None:
    """Make a training corpus for radio astronomy: mosaics and catalogues in, a LLaVA hand-over out.

    \b
    A first run:    python -m curation demo
    Real images:    python -m curation build first_real --raw RAW --store STORE
    Where from?     python -m curation why SAMPLE_ID --store STORE

    Exit codes: 0 done, 1 failed (run it again: it resumes), 2 wrong use or recipe, 3 a gate refused,
    4 more rows rejected than the corpus file allows, 130 stopped by ctrl-C, 143 by SIGTERM.
    """


@curation.command()
@click.argument("corpus")
@doors_option
@_raw
@_store
@_json
def plan(corpus: str, raw: str | None, store: str | None, as_json: bool) -> None:
    """What a build would make: every table, done or to do; of the latter why, and for how long one worker.

    How long is what earlier builds into this store took; nothing is made up where there is none.

    \b
    Example:  python -m curation plan first_real --raw RAW --store STORE
    """
    from curation.operation.history import history
    from curation.operation.reasons import to_do
    from curation.reviewing.changes import change_lines

    made, place = _graph(corpus, raw, store)
    known = history(place, made.corpus.name)
    rows = list[dict[str, Any]]()
    for step in made.steps:
        done = place.is_done(step.address)
        rows.append({"address": step.address, "done": done, **({} if done else asdict(to_do(step, place, known)))})
    warnings, decided = made.blind_warnings(place), change_lines(made, place)
    warnings += [f"withdrawn, and used no more: {one.line}" for one in made.withdrawn]
    if as_json:
        found = {"corpus": corpus, "tables": rows, "handover": made.handover, "warnings": warnings}
        found["decisions"] = decided
        return click.echo(json.dumps(found))
    for row in rows:
        click.echo(f"{'done ' if row['done'] else 'to do'}  {row['address']}{_cost(row)}")
        for why in row.get("why", ()):
            click.echo(f"       {why}")
    for line in decided:
        click.echo(line)
    _warn(warnings)
    todo = [row for row in rows if not row["done"]]
    click.echo(f"{len(rows) - len(todo)} of {len(rows)} tables done; the hand-over will be {made.handover}")
    if todo:
        known_s = [row["task_s"] for row in todo if row["task_s"] is not None]
        unknown = f"; of {len(todo) - len(known_s)} nobody knows" if len(todo) > len(known_s) else ""
        click.echo(f"about {sum(known_s):,.0f} s of one worker for {len(known_s)} tables{unknown}")
    return None


@curation.command()
@click.argument("corpus")
@doors_option
@_raw
@_store
@_out
@_workers
@_server
@_json
@click.option("--dry-run", is_flag=True, help="Only say what would be made.")
@click.option("--repair", is_flag=True, help="First take away what is damaged and what depends on it.")
def build(
    corpus: str,
    raw: str | None,
    store: str | None,
    out: Path | None,
    workers: int | None,
    servers: tuple[str, ...],
    as_json: bool,
    dry_run: bool,
    repair: bool,
) -> None:
    """Make what is missing: tables, gate, hand-over, report. May be killed and run again at any moment.

    CORPUS is a name of curation/corpora/, or a TOML file of your own. Where it asks a model, say with --server where
    that is served; what was answered once is in the store and is not asked again.

    \b
    Example:  python -m curation build first_real --raw ../data --store store --workers 2
    """
    if dry_run:
        context = click.get_current_context()
        return context.invoke(plan, corpus=corpus, raw=raw, store=store, as_json=as_json)
    from curation.build import build_corpus

    _say(f"to resume: python -m curation {shlex.join(_build_words(corpus, raw, store, out, workers, servers))}")
    made, place = _graph(corpus, raw, store, servers)
    if repair:
        from curation.whole import repair as take_away

        _say(f"{take_away(made, place, out, _say)} damaged files taken away")
    result = build_corpus(made, place, out=out, workers=workers, say=_say)
    if as_json:
        return click.echo(json.dumps(result))
    if result["n_made"] == 0 and not result["exported"]:
        click.echo(f"nothing to do: all {result['n_tables']} tables of {corpus} and its hand-over are there")
    click.echo(f"hand-over: {result['handover']}")
    return click.echo(f"report:    {result['report']}")


@curation.command()
@click.argument("corpus")
@doors_option
@_raw
@_store
@_out
@_json
@click.option("--damage", type=click.Choice(LOOKS), help="Look for damage; default: quick with metrics, else none.")
@click.option("--textfile", type=click.Path(path_type=Path), metavar="FILE.prom", help="Metrics for node_exporter.")
@click.option("--listen", type=click.IntRange(0, 65535), metavar="PORT", help="Metrics on 127.0.0.1, until stopped.")
def status(
    corpus: str,
    raw: str | None,
    store: str | None,
    out: Path | None,
    as_json: bool,
    damage: str | None,
    textfile: Path | None,
    listen: int | None,
) -> None:
    """The counts of every table: rows in, kept, rejected, and why; the newest release and build; damage.

    \b
    Example:  python -m curation status first_real --raw RAW --store STORE --json
    Metrics:  python -m curation status first_real --textfile /var/lib/node_exporter/first_real.prom
              python -m curation status first_real --listen 9105      at http://127.0.0.1:9105/metrics
    """
    from curation.operation.metrics import metrics_text, write_metrics
    from curation.operation.state import state

    made, place = _graph(corpus, raw, store)
    if listen is not None:
        return _listen(lambda: metrics_text(state(*_graph(corpus, raw, store), out, look=damage or "quick")), listen)
    now = state(made, place, out, look=damage or ("quick" if textfile else "none"))
    if textfile:
        write_metrics(now, textfile)
    rows: list[dict[str, Any]] = []
    for step in made.steps:
        if step.address not in now.done:
            rows.append({"address": step.address, "state": "building" if step.address in now.building else "to do"})
            continue
        found = now.done[step.address]
        wanted = ("address", "counts", "n_in", "n_kept", "n_rejected", "reasons")
        apart = {"n_off_mosaic": found.n_off_mosaic, "n_refused": found.n_refused}
        rows.append({"state": "done", **found.model_dump(include=set(wanted)), **apart, "told": found.told})
    if as_json:
        doors, warnings = [asdict(one) for one in made.doors], made.blind_warnings(place)
        told = {"corpus": corpus, "tables": rows, "doors": doors, "warnings": warnings, **now.told}
        return click.echo(json.dumps(told))
    for row in rows:
        counts = row.get("told", row["state"])
        why = "; ".join(f"{reason} {n:,}" for reason, n in row.get("reasons", {}).items())
        click.echo(f"{row['address']:<48} {counts}  {why}".rstrip())
    _warn(made.blind_warnings(place))
    click.echo("\n".join(["doors", *(f"  {one.line}" for one in made.doors)]))
    click.echo("\n".join(now.lines))
    return None


@curation.command()
@click.argument("corpus")
@doors_option
@_raw
@_store
@_out
@_json
@click.option("--quick", is_flag=True, help="Count rows and sizes; compare no digest of tables and hand-over.")
def check(corpus: str, raw: str | None, store: str | None, out: Path | None, as_json: bool, quick: bool) -> None:
    """Hold all that was written against its digests, then every table against its gate.

    Exit code 1 where something is damaged, a line each, 3 when the gate refuses.

    \b
    Example:  python -m curation check first_real --raw RAW --store STORE
    """
    from curation.build import run_gate
    from curation.whole import find_damage

    made, place = _graph(corpus, raw, store)
    _check_built(made, place)
    if damaged := find_damage(made, place, out, quick=quick).lines:
        if as_json:
            click.echo(json.dumps({"ok": False, "n_rules": 0, "refusals": [], "damaged": damaged}))
        told = f"{len(damaged)} files are damaged; `curation build {corpus} --repair` makes them again"
        raise DamageError("\n".join([*damaged, told]))
    result = run_gate(made, place, out, say=_say)
    if as_json:
        click.echo(
            json.dumps({"ok": result.ok, "n_rules": result.n_rules, "refusals": result.lines, "damaged": damaged})
        )
    if not result.ok:
        raise GateError("\n".join(result.lines))
    if not as_json:
        click.echo(f"the gate lets it pass: {result.n_rules} rules held, {len(result.lines)} warnings; {result.folder}")


@curation.command()
@click.argument("corpus")
@doors_option
@_raw
@_store
@_out
def report(corpus: str, raw: str | None, store: str | None, out: Path | None) -> None:
    """Write the HTML report of a finished build again, and print where it is.

    \b
    Example:  python -m curation report first_real --raw RAW --store STORE
    """
    from curation.build import report_file, run_gate

    made, place = _graph(corpus, raw, store)
    _check_built(made, place)
    run_gate(made, place, out, say=_say, with_report=True)
    click.echo(report_file(made, place, out))


@curation.command()
@click.argument("name")
@click.argument("address")
@_store
@click.option("--move", is_flag=True, help="Let a name that points elsewhere point here.")
def tag(name: str, address: str, store: str | None, move: bool) -> None:
    """Give a table or a hand-over a name for people. A name that is given stays where it points, unless --move is said.

    ADDRESS may be another tag, such as latest-CORPUS: the new name points where that one does now.

    \b
    Example:  python -m curation tag qa-2026.12 samples/mirabest/91c0a1b2c3d4 --store STORE
    """
    if not name.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise RecipeError(f"tag {name!r}: letters, digits, dots, dashes and underscores only")
    place = open_store(store)
    known = place.tags()
    if address not in known and not place.exists(f"{address}/_manifest.json"):
        raise RecipeError(f"nothing finished at {address} in {place.where}")
    now, address = known.get(name), known.get(address, address)
    if now not in (None, address) and not move:
        raise RecipeError(f"tag {name!r} points at {now}: with --move it will point at {address}; or take another name")
    place.tag(name, address)
    click.echo(f"{name} -> {address}")


@curation.command()
@click.argument("sample_id")
@_store
@_raw
@_json
def why(sample_id: str, store: str | None, raw: str | None, as_json: bool) -> None:
    """The chain from a sample back to the catalogue row and the pixels; with --raw to where `fetch` had them from.

    \b
    Example:  python -m curation why sample-0123456789abcdef --store STORE
    """
    from curation.fetching.records import fetched_in
    from curation.release.why import chain, told
    from curation.truth.withdrawn import stone_of, tombstones

    place = open_store(store)
    found = chain(sample_id, place)
    stone = stone_of(found["sample"], tombstones(place))
    where = raw_if_any(raw)
    came = fetched_in(found, where) if where else []
    if as_json:
        more = {"withdrawn": stone.reason if stone else None, "fetched": [asdict(one) for one in came]}
        return click.echo(json.dumps({**found, **more}))
    gone = [f"withdrawn, and used no more: {stone.line}"] if stone else []
    return click.echo("\n".join([*told(found), *(f"fetched {one.path}  {one.line}" for one in came), *gone]))


@curation.command("verify-split")
@click.argument("handover", type=click.Path(path_type=Path))
@_json
def verify_split(handover: Path, as_json: bool) -> None:
    """Recompute the certificate of a hand-over: no sky that is tested on is trained on. Exit code 3 if it is.

    \b
    Example:  python -m curation verify-split store/llava/first_real/91c0a1b2c3d4
    """
    from curation.release.certificate import verify

    if not handover.is_dir():
        raise RecipeError(f"{handover}: no such folder; expected a hand-over, such as store/llava/NAME/0123456789ab")
    problems = verify(handover)
    if as_json:
        click.echo(json.dumps({"ok": not problems, "problems": problems}))
    if problems:
        raise GateError("\n".join(problems))
    if not as_json:
        click.echo(f"{handover}: the certificate holds")


@curation.command("export")
@click.argument("handover", type=click.Path(path_type=Path))
@click.option("--to", "form", required=True, type=click.Choice(["hf-parquet", "webdataset", "messages", "mds", "hats"]))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--shard-mb", default=500, show_default=True, type=click.IntRange(1), help="Pictures of one shard.")
def export_form(handover: Path, form: str, out: Path, shard_mb: int) -> None:
    """Write a hand-over in a form that other software reads: the same bytes each time.

    \b
    Example:  python -m curation export store/llava/first_real/91c0a1b2c3d4 --to hf-parquet --out radio
    """
    from curation.release.forms import write_form
    from schemas.tables import SPLITS_OF

    said = write_form(handover, form, out, shard_mb=shard_mb)
    told = ", ".join(f"{split} {said['counts'][split]:,}" for split in SPLITS_OF)
    click.echo(f"{out}: {form}, records: {told}")


@curation.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="Folder to make.")
@_workers
def demo(out: Path, workers: int | None) -> None:
    """A small synthetic sky with known truth, built from mosaics to the hand-over.

    Two corpora go into one store: `tiny`, and `paper_doors`, each dataset of the paper in its own format.

    \b
    Example:  python -m curation demo --out demo
    """
    from curation.demo_build import build_demo, told

    _say(f"to resume: python -m curation demo --out {out}")
    click.echo("\n".join(told(build_demo(out, workers=workers, say=_say), out / "store")))


curation.add_command(serve)
curation.add_command(assistant)
curation.add_command(replies)
curation.add_command(gc)
curation.add_command(fetch)
curation.add_command(mutations)
curation.add_command(claims)
curation.add_command(exam)
curation.add_command(inspect)
curation.add_command(register)
curation.add_command(new)
curation.add_command(release)
curation.add_command(publish)
curation.add_command(review)
curation.add_command(browse)
curation.add_command(diff)
curation.add_command(impact)
curation.add_command(withdraw)


def _graph(name: str, raw: str | None, store: str | None, servers: tuple[str, ...] = ()) -> "tuple[Graph, Store]":
    from curation.corpus import corpus, graph
    from curation.engine.store import Store

    wanted = corpus(name)
    where = settings(raw, store, servers)
    place = Store(where.store)
    return graph(wanted, where.raw, place, where.servers), place


def _listen(take: Callable[[], bytes], port: int) -> None:
    from curation.operation.listening import listening

    with listening(take, port) as server:
        click.echo(f"metrics: {server.address} (Ctrl-C ends it)")
        threading.Event().wait()


def _check_built(made: "Graph", place: "Store") -> None:
    missing = [step.address for step in made.steps if not place.is_done(step.address)]
    if missing:
        raise RecipeError(f"{len(missing)} tables are not built yet, first {missing[0]}: run `curation build` first")


def _build_words(
    corpus: str, raw: str | None, store: str | None, out: Path | None, workers: int | None, servers: tuple[str, ...]
) -> list[str]:
    given = [("--raw", raw), ("--store", store), ("--out", out), ("--workers", workers)]
    given += [("--doors", os.environ.get(VARIABLE)), ("--images", os.environ.get(IMAGES))]
    given += [("--server", one) for one in servers]
    return ["build", corpus, *(word for flag, value in given if value for word in (flag, str(value)))]


def _cost(row: dict[str, Any]) -> str:
    """Rows and seconds of a table that is to be made, as far as they are known."""
    known = [f"{row['n_rows']:,} rows"] if row.get("n_rows") is not None else []
    known += [f"about {row['task_s']:,.1f} s"] if row.get("task_s") is not None else []
    return f"  ({', '.join(known)})" if known else ""


def _warn(lines: list[str]) -> None:
    for line in lines:
        click.echo(f"warning: {line}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
