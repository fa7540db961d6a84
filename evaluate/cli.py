"""The command line: parses and prints. What it calls is imported when it is called, so that `--help` is quick."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from schemas.errors import RecipeError

Command = Callable[..., Any]


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_store = click.option(
    "--store", metavar="PLACE", help="Where tables are: a folder or s3://bucket/folder; else RADIO_STORE, else ./store."
)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
_out = click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
_of_model = _together(
    click.option("--model", help="The name that the server answers to, or the one to tell of a model of --model-dir."),
    click.option("--revision", default="main", show_default=True, help="Of the served model."),
    click.option("--server", "servers", multiple=True, metavar="URL",
                 help="Where it is served, such as http://127.0.0.1:8000/v1; may be given again; else RADIO_SERVER; "
                 "with none, replies come from the store alone."),
    click.option("--in-flight", type=click.IntRange(1), default=32, show_default=True, help="Requests at a time."),
    click.option("--model-dir", type=click.Path(path_type=Path, exists=True, file_okay=False),
                 help="A Hugging Face folder, to have the model in this process instead."),
    click.option("--dtype", default="float32", show_default=True, help="Of a model in this process."),
    click.option("--device", default="cpu", show_default=True, help="Of a model in this process."),
    click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Pictures at a time, there."),
)  # fmt: skip
_of_prompt = _together(
    click.option("--variant", default="fixed", show_default=True, help="fixed, paper, code, structured or short."),
    click.option("--order", type=click.IntRange(0), default=0, show_default=True, help="Of the options; 0: as listed."),
    click.option("--shown", type=click.Choice(["picture", "grey", "shuffled"]), default="picture", show_default=True,
                 help="grey and shuffled: what is said without looking."),
    click.option("--constrained", is_flag=True, help="Have the server allow the listed answers only."),
    click.option("--choices", is_flag=True, help="Also the likelihood of every allowed answer; with --model-dir."),
)  # fmt: skip
_of_cost = _together(
    click.option("--max-cost", type=click.FloatRange(0), metavar="USD", help="A paid server: no request beyond this."),
    click.option("--price-in", type=click.FloatRange(0), metavar="USD", help="Of a million tokens asked."),
    click.option("--price-out", type=click.FloatRange(0), metavar="USD", help="Of a million tokens answered."),
    click.option("--price-date", metavar="DATE", help="When the prices were looked up."),
    click.option("--free", "is_free", is_flag=True, help="A server outside that costs nothing."),
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def evaluate() -> None:
    """Say what a model sees in radio pictures, with intervals, and what it forgot.

    \b
    The demo:      python -m evaluate run demo_fanaroff_riley --corpus tiny --raw demo/raw --store demo/store \\
                       --model rule-server --server URL
    The report:    python -m evaluate report --store demo/store --out report

    Exit codes: 0 done, 1 failed (run it again: it resumes), 2 wrong use, 3 a gate, a canary or a cap refused.
    """


@evaluate.command()
@click.argument("names", nargs=-1, required=True, metavar="BENCHMARK...")
@_of_model
@_of_prompt
@_of_cost
@click.option("--corpus", "named", metavar="CORPUS", help="Whose pictures; needed where several have the dataset.")
@click.option("--raw", metavar="FOLDER", help="Folder of mosaics and catalogues; else RADIO_RAW.")
@_store
@click.option("--workers", type=click.IntRange(1), help="CPUs of the embedded Ray; default: all.")
@click.option("--most-errors", type=click.FloatRange(0, 1), default=0.001, show_default=True,
              help="Share of pictures without a reply; above it the run breaks off (exit 3).")  # fmt: skip
@click.option("--shortfall", default="", metavar="REASON", help="Why there are fewer pictures than the paper's.")
@_json
def run(names: tuple[str, ...], **given: Any) -> None:
    """Ask a model about every picture of benchmarks, and score it. May be killed and run again at any moment.

    BENCHMARK is a name of evaluate/benchmarks/, its first word (b2), or a TOML file of your own.

    \b
    Example:  python -m evaluate run b2 --corpus first_real --raw RAW --store STORE --model NAME --server URL
    """
    from curation.settings import settings
    from evaluate.benchmark import benchmark
    from evaluate.run import Wanted, open_store
    from evaluate.run import run as run_benchmarks

    place = settings(given["raw"], given["store"], given["servers"])
    backend, manner, prices = _asked(given, place.servers, place.store)
    how = Wanted(given["workers"], given["most_errors"], given["shortfall"], prices, given["max_cost"])
    wanted = list({one.name: one for one in map(benchmark, names)}.values())
    said = run_benchmarks(
        wanted, backend, manner, (place.raw, open_store(place.store)), how, named=given["named"], say=_say
    )  # fmt: skip
    if given["as_json"]:
        return click.echo(json.dumps({"model": manner.model, "benchmarks": said}))
    for one in said:
        click.echo(f"{one['benchmark']}: {one['pictures']}; {_number('macro-F1', one['macro_f1'])}, "
                   f"{_number('coverage', one['coverage'])}; {one['scores']}")  # fmt: skip
    return None


def _asked(given: dict[str, Any], servers: tuple[str, ...], store: str) -> tuple[Any, Any, Any]:
    """The backend, how it is asked, and its prices."""
    from curation.asking.request import Served
    from curation.asking.vlm import Asker
    from evaluate.backends import ServedBackend
    from evaluate.cost import Prices, check_paid
    from evaluate.local import local_backend
    from evaluate.predictions import Manner
    from evaluate.run import served_manner

    prices = None
    if given["price_in"] is not None and given["price_out"] is not None and given["price_date"]:
        prices = Prices(given["price_in"], given["price_out"], given["price_date"])
    if given["model_dir"]:
        backend: Any = local_backend(
            given["model_dir"], store, name=given["model"] or "", dtype=given["dtype"], device=given["device"],
            batch=given["batch"],
        )  # fmt: skip
    elif not given["model"]:
        raise RecipeError("which model? Give --model NAME (as its server calls it), or --model-dir FOLDER")
    else:
        check_paid(servers, prices, given["max_cost"], is_free=given["is_free"])
        asker = Asker(servers, store, in_flight=given["in_flight"])
        backend = ServedBackend(asker, Served(given["model"], given["revision"]))
    manner = Manner(
        "", "", "", given["variant"], given["order"], given["shown"], given["constrained"], given["choices"]
    )
    if manner.has_choices and not backend.describe().can_score:
        raise RecipeError("--choices: a server gives no likelihoods of given answers; use --model-dir")
    return backend, served_manner(manner, backend), prices


def _number(name: str, told: dict[str, float | None] | None) -> str:
    if told is None or told["value"] is None:
        return f"{name} –"
    between = f" [{100 * told['low']:.1f}, {100 * told['high']:.1f}]" if told["low"] is not None else ""
    return f"{name} {100 * told['value']:.1f} %{between}"


def _say(text: str) -> None:
    """One line for a person who waits; results alone go to stdout."""
    print(text, file=sys.stderr, flush=True)
