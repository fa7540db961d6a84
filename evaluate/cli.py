"""The command line: parses and prints. What it calls is imported when it is called, so that `--help` is quick."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from evaluate.encoders.encoder_cli import encoders
from evaluate.standard.quick_cli import quick, quick_set
from schemas.command_line import corpus_option, doors_option

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
    click.option("--tuned", is_flag=True, help="Also by thresholds fitted on validation pictures; with --choices."),
    click.option("--band", is_flag=True, help="Ask a sample in 3 wordings by 4 orders: how much the prompt decides."),
    click.option("--retries", metavar="MODEL", help="Ask again as the original did of this model or family (llava …); "
                 "for the paper's scoring alone."),
    click.option("--merge-shares", metavar="TEXT", help="Of the models it was merged from; --model-dir knows them."),
)  # fmt: skip
_of_examples = _together(
    click.option("--shots", type=click.IntRange(0), default=0, show_default=True,
                 help="Training pictures with their answers shown before the question."),
    click.option("--select", type=click.Choice(["random", "balanced", "nearest", "nearest-balanced"]),
                 default="balanced", show_default=True, help="How they are chosen."),
    click.option("--seeds", type=click.IntRange(1), default=1, show_default=True,
                 help="Asked so often, with other examples each time."),
    click.option("--parity-dir", type=click.Path(path_type=Path, exists=True, file_okay=False),
                 help="The served model's weights: it must say of several pictures what they say here."),
    click.option("--no-parity", is_flag=True, help="Its weights are not to be had; ask without that proof."),
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
@_of_examples
@_of_cost
@corpus_option
@doors_option
@click.option("--raw", metavar="FOLDER", help="Folder of mosaics and catalogues; else RADIO_RAW.")
@_store
@click.option("--workers", type=click.IntRange(0), help="CPUs of the embedded Ray; default: all. 0: no Ray.")
@click.option("--most-errors", type=click.FloatRange(0, 1), default=0.001, show_default=True,
              help="Share of pictures without a reply; above it the run breaks off (exit 3).")  # fmt: skip
@click.option("--shortfall", default="", metavar="REASON", help="Why there are fewer pictures than the paper's.")
@_json
def run(names: tuple[str, ...], **given: Any) -> None:
    """Ask a model about every picture of benchmarks, and score it. May be killed and run again at any moment.

    BENCHMARK is a name of evaluate/benchmarks/, its first word (b2), a picture set of evaluate/picture_sets/, or a
    TOML file of your own.

    \b
    Example:  python -m evaluate run b2 --corpus first_real --raw RAW --store STORE --model NAME --server URL
    """
    from curation.settings import settings
    from evaluate.given import asked, check_together, like
    from evaluate.run import Wanted, open_store
    from evaluate.run import run as run_benchmarks
    from evaluate.tasks.inputs import wanted

    place = settings(given["raw"], given["store"], given["servers"])
    check_together(given)
    backend, manners, prices = asked(given, place.servers, place.store)
    how = Wanted(
        given["workers"], given["most_errors"], given["shortfall"], prices, given["max_cost"],
        given["tuned"], given["band"], like(given, place.store),
    )  # fmt: skip
    said = run_benchmarks(
        wanted(names), backend, manners, (place.raw, open_store(place.store)), how, named=given["named"], say=_say
    )  # fmt: skip
    if given["as_json"]:
        return click.echo(json.dumps({"model": manners[0].model, "benchmarks": said}))
    for one in said:
        click.echo(_line(one, has_way=len(manners) > 1))
    return None


def _line(one: dict[str, Any], *, has_way: bool) -> str:
    """What became of a benchmark, for a person."""
    sampled = f"{one['n_sampled']:,} of them asked; " if one["n_sampled"] else ""
    way = f" ({one['variant']}, order {one['order']}, {one['shots']} shots, seed {one['seed']})" if has_way else ""
    pictures = f"{one['n_rows']:,} pictures" if has_way else one["pictures"]
    tuned = f", {_number('tuned', one['tuned_f1'])}" if one["tuned_f1"] else ""
    errors = f", {_number('errors', one['error_rate'])}" if one["error_rate"] else ""
    return (f"{one['benchmark']}{way}: {pictures}; {sampled}{_number('macro-F1', one['macro_f1'])}{tuned}{errors}, "
            f"{_number('coverage', one['coverage'])}; {one['scores']}")  # fmt: skip


def _number(name: str, told: dict[str, float | None] | None) -> str:
    if told is None or told["value"] is None:
        return f"{name} –"
    between = f" [{100 * told['low']:.1f}, {100 * told['high']:.1f}]" if told["low"] is not None else ""
    return f"{name} {100 * told['value']:.1f} %{between}"


def _say(text: str) -> None:
    """One line for a person who waits; results alone go to stdout."""
    print(text, file=sys.stderr, flush=True)


_benchmarks = click.argument("names", nargs=-1, metavar="[BENCHMARK]...")
_models = click.option("--model", "models", multiple=True, help="Only this one; may be given again; default: all.")


@evaluate.command()
@_benchmarks
@doors_option
@_models
@_store
@_out
@click.option("--base", help="The model that the others are held against.")
@click.option(
    "--standard-base", type=click.Path(path_type=Path, exists=True), help="Results of lmms-eval, of the base."
)
@click.option("--standard-tuned", type=click.Path(path_type=Path, exists=True), help="The same of the tuned model.")
@click.option("--points", type=click.Path(path_type=Path, exists=True),
              help="CSV of merged models: name, share, radio, general.")  # fmt: skip
@click.option("--no-pictures", is_flag=True, help="Without the contact sheets of the worst pictures.")
def report(names: tuple[str, ...], models: tuple[str, ...], store: str | None, out: Path, **given: Any) -> None:
    """Write the report of every run in the store: tables, the paper's figures, confusion, the worst pictures.

    \b
    Example:  python -m evaluate report --store STORE --out report --base llava-onevision-qwen2-7b-ov
    """
    from evaluate.report.reporting import report_of

    click.echo(report_of(names, models, store, out, **given))


@evaluate.command()
@_benchmarks
@doors_option
@_store
@click.option("--base", required=True, help="The model that the others are held against.")
@_models
@_json
def compare(names: tuple[str, ...], store: str | None, base: str, models: tuple[str, ...], as_json: bool) -> None:
    """Hold models against a base on the same pictures: differences with paired intervals, p by Holm.

    \b
    Example:  python -m evaluate compare b1 b6 --base llava-onevision-qwen2-7b-ov --store STORE
    """
    from evaluate.report.reporting import comparisons_of

    table, rows = comparisons_of(names, models, store, base)
    click.echo(json.dumps(rows) if as_json else table.markdown())


@evaluate.command()
@_benchmarks
@doors_option
@_store
@_json
def score(names: tuple[str, ...], store: str | None, as_json: bool) -> None:
    """Make SCORES again from the PREDICTIONS in the store, with the benchmarks as they stand now; asks no model.

    \b
    Example:  python -m evaluate score b5 --store STORE
    """
    from evaluate.report.reporting import scores_again

    made = scores_again(names, store, _say)
    click.echo(json.dumps(made) if as_json else "\n".join(f"{one['predictions']} -> {one['scores']}" for one in made))


@evaluate.command()
@click.option("--server", required=True, metavar="URL", help="Where the model is served.")
@click.option("--model", required=True, help="The name that the server answers to.")
@click.option("--python", type=click.Path(path_type=Path), required=True,
              help="Python of the environment of `make standard-setup`.")  # fmt: skip
@click.option(
    "--task", "tasks", multiple=True, help="A task of lmms-eval; may be given again; default: the paper's 11."
)
@click.option("--base", help="The card to hold the results against; beyond it: harness drift, exit 3.")
@click.option("--limit", type=click.IntRange(1), help="Only so many questions of each task.")
@click.option("--include", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="A folder of further tasks, as export-task writes them.")  # fmt: skip
@click.option("--in-flight", type=click.IntRange(1), default=32, show_default=True, help="Requests at a time.")
@_out
@_json
def standard(server: str, model: str, python: Path, tasks: tuple[str, ...], **given: Any) -> None:
    """Run standard benchmarks by lmms-eval, in an environment of its own; a result that is there is not made again.

    \b
    Example:  python -m evaluate standard --server URL --model NAME --python .venv-standard/bin/python --out results
    """
    from evaluate.standard.standard import STANDARDS, Harness, check_base, run_task

    harness = Harness(
        python.absolute(), server, model, given["out"].absolute(), given["limit"], given["include"], given["in_flight"]
    )
    harness.check()
    found = [run_task(harness, one) for one in tasks or STANDARDS]
    if given["base"]:
        check_base(found, given["base"])
    if given["as_json"]:
        return click.echo(json.dumps([{"task": one.task, "score": one.score, "n": one.n} for one in found]))
    for one in found:
        click.echo(f"{one.task}: {one.score:.4f} over {one.n:,} questions (lmms-eval {one.version})")
    return None


@evaluate.command("export-task")
@click.argument("name", metavar="BENCHMARK")
@click.option("--variant", default="fixed", show_default=True, help="fixed, paper, code, structured or short.")
@corpus_option
@doors_option
@click.option("--raw", metavar="FOLDER", help="Folder of mosaics and catalogues; else RADIO_RAW.")
@_store
@_out
def export_task(name: str, variant: str, named: str | None, raw: str | None, store: str | None, out: Path) -> None:
    """Write a benchmark as a task of lmms-eval, for others to run in their harness.

    \b
    Example:  python -m evaluate export-task b6 --corpus first_real --raw RAW --store STORE --out tasks
    """
    from evaluate.report.reporting import exported

    click.echo(exported(name, variant, named, raw, store, out))


@evaluate.command("lessons")
@click.argument("name", metavar="SET")
@click.option("--variant", default="fixed", show_default=True, help="fixed, paper, code, structured or short.")
@doors_option
@click.option("--raw", metavar="FOLDER", help="Folder of mosaics and catalogues; else RADIO_RAW.")
@_out
def lessons(name: str, variant: str, raw: str | None, out: Path) -> None:
    """Write the training pictures of a picture set, with question and answer, as data for `finetune train`.

    \b
    Example:  python -m evaluate lessons mirabest_confident --raw RAW --out DATA
    """
    from curation.settings import settings
    from evaluate.tasks.lessons_out import write_lessons
    from evaluate.tasks.picture_set import picture_set, picture_sets
    from schemas.errors import RecipeError

    found = picture_set(name)
    if found is None:
        raise RecipeError(f"no picture set {name!r}; known: {', '.join(picture_sets())}")
    counts = write_lessons(found, settings(raw, None, ()).raw, out, variant=variant)
    click.echo(f"{out}: {sum(counts.values()):,} pictures ({', '.join(f'{k} {n:,}' for k, n in counts.items())})")


for one in (encoders, quick_set, quick):
    evaluate.add_command(one)
