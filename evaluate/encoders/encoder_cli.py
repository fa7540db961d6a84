"""`python -m evaluate encoders`: what is said on the command line, as learners."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from schemas.command_line import corpus_option, doors_option
from schemas.errors import RecipeError

if TYPE_CHECKING:
    from evaluate.encoders.encoders import Learners

HEADS = ("logistic", "lightgbm", "finetuned", "scratch", "probes")
OF_NETWORKS = ("epochs", "learning_rate", "train_batch", "class_weights", "seed")


@click.command("encoders")
@click.argument("names", nargs=-1, required=True, metavar="BENCHMARK...")
@click.option(
    "--head",
    type=click.Choice(HEADS),
    required=True,
    help="On frozen features: logistic, lightgbm. With all weights learning: finetuned, scratch (a small "
    "network, which needs no encoder). probes: a logistic head after each layer of --model-dir.",
)
@click.option(
    "--encoder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A Hugging Face folder with a vision tower, such as siglip-so400m-patch14-384.",
)
@click.option(
    "--model-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A Hugging Face folder of a vision-language model, for probes.",
)
@click.option("--model", help="The name to tell of it; else the folder's.")
@click.option("--epochs", type=click.IntRange(1), help="finetuned: 10, scratch: 30, unless told otherwise.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), help="finetuned: 5e-5, scratch: 2e-3.")
@click.option("--train-batch", type=click.IntRange(2), help="Pictures to a step; finetuned: 8, scratch: 32.")
@click.option("--class-weights/--no-class-weights", default=None, help="Rare classes count more; scratch: they do.")
@click.option("--seed", type=click.IntRange(0), help="Of first weights, order and turns; else 0.")
@click.option(
    "--middle",
    type=click.FloatRange(0.05, 1),
    default=0.5,
    show_default=True,
    help="scratch: the share of a picture's side that is looked at, around its centre.",
)
@click.option(
    "--side",
    "side_px",
    type=click.IntRange(16),
    default=75,
    show_default=True,
    help="scratch: pixels of that share's side.",
)
@corpus_option
@doors_option
@click.option("--raw", metavar="FOLDER", help="Folder of mosaics and catalogues; else RADIO_RAW.")
@click.option(
    "--store", metavar="PLACE", help="Where tables, features and what was fitted are; else RADIO_STORE, else ./store."
)
@click.option("--device", default="cpu", show_default=True, help="Where torch computes.")
@click.option("--dtype", default="float32", show_default=True, help="Of the model that is probed.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Pictures at a time, frozen.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="CPU threads of torch; another number may give other last digits.",
)
@click.option("--workers", type=click.IntRange(1), help="CPUs of the embedded Ray; default: all.")
@click.option("--shortfall", default="", metavar="REASON", help="Why there are fewer pictures than the paper's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def encoders(names: tuple[str, ...], **given: Any) -> None:
    """Say what the picture alone gives: encoders without words, on a benchmark's own splits, scored as any model.

    BENCHMARK is as in `run`, or a picture set: a name of evaluate/picture_sets/, or a TOML file of your own. Training
    pictures teach, validation pictures choose, test pictures are only scored. Features and what was fitted are kept in
    the store; `report` shows the results beside those of the models.

    \b
    Example:  python -m evaluate encoders griese --head scratch --raw RAW --store STORE
    Example:  python -m evaluate encoders b1 b2 --head logistic --encoder siglip-so400m-patch14-384 --raw RAW \\
                  --corpus CORPUS --store STORE
    Example:  python -m evaluate encoders b6 --head probes --model-dir TUNED --corpus first_real --raw RAW --store STORE
    """  # noqa: D301
    check(given)
    from curation.engine.store import Store
    from curation.settings import settings
    from evaluate.encoders.encoders import run_encoders, subjects
    from evaluate.tasks.inputs import wanted

    place = settings(given["raw"], given["store"])
    store = Store(place.store)
    learners = learners_of(given, place.store)
    ready = subjects(
        wanted(names), (place.raw, store), given["named"], workers=given["workers"], say=_say
    )  # fmt: skip
    found = run_encoders(
        ready, learners, store, workers=given["workers"], shortfall=given["shortfall"], say=_say
    )  # fmt: skip
    if given["as_json"]:
        return click.echo(json.dumps([asdict(one) for one in found]))
    for one in found:
        numbers = ", ".join(
            f"{name.replace('_', ' ')} {number.percent} %" for name, number in one.numbers.items()
            if number.value is not None
        )  # fmt: skip
        click.echo(f"{one.benchmark}: {one.model}: {numbers}; {one.scores}")
    return None


def check(given: dict[str, Any]) -> None:
    """Raise RecipeError for options that do not go together."""
    head = given["head"]
    if (head in ("logistic", "lightgbm", "finetuned")) != bool(given["encoder"]):
        needs = "takes no" if given["encoder"] else "needs"
        raise RecipeError(f"--head {head} {needs} --encoder FOLDER")
    if (head == "probes") != bool(given["model_dir"]):
        raise RecipeError("--head probes and --model-dir FOLDER go together, and with nothing else")
    idle = [name for name in OF_NETWORKS if given[name] is not None]
    if head not in ("finetuned", "scratch") and idle:
        raise RecipeError(f"--{idle[0].replace('_', '-')} is for --head finetuned and scratch; {head} has none")


def learners_of(given: dict[str, Any], place: str) -> "Learners":
    """From a benchmark to those who are to learn it."""
    import torch

    from evaluate.asking.local import local_backend
    from evaluate.encoders.eyes import SmallEyes
    from evaluate.encoders.learners import FineTuned, FromScratch, heads_on
    from evaluate.encoders.networks import FROM_SCRATCH, OF_TOWER, with_options
    from evaluate.encoders.probes import probed
    from evaluate.encoders.towers import tower

    torch.set_num_threads(given["threads"])
    head = given["head"]
    options = {
        "epochs": given["epochs"], "learning_rate": given["learning_rate"], "batch": given["train_batch"],
        "has_class_weights": given["class_weights"], "seed": given["seed"],
    }  # fmt: skip
    if head == "scratch":
        how = with_options(FROM_SCRATCH, **options)
        eyes = SmallEyes(given["side_px"], given["middle"])
        return lambda _: [FromScratch(eyes, how, given["device"], given["model"] or "small-network")]
    if head == "probes":
        model = local_backend(
            given["model_dir"], place, name=given["model"] or "", dtype=given["dtype"], device=given["device"]
        )
        return lambda benchmark: heads_on(probed(model, benchmark), "logistic")
    one = tower(given["encoder"], device=given["device"], batch=given["batch"])
    if head == "finetuned":
        return lambda _: [FineTuned(one, with_options(OF_TOWER, **options))]
    return lambda _: heads_on(one, head)


def _say(text: str) -> None:
    """One line for a person who waits; results alone go to stdout."""
    print(text, file=sys.stderr, flush=True)
