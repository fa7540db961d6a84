"""The command line: parses and prints. What it calls is imported when it is called, so that `--help` is quick."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from finetune.cli_models import VERBS
from finetune.launch import LAUNCHERS, Machines, launch_of, start
from finetune.recipe import recipe, recipes
from schemas.errors import RecipeError
from schemas.loopback import free_port

Command = Callable[..., Any]


def _data(command: Command) -> Command:
    text = "Hand-over, SAMPLES table or file of records; TAG=PLACE for each source, where they lie apart."
    command = click.option("--data", required=True, multiple=True, metavar="[TAG=]PLACE", help=text)(command)
    text = "Where the pictures of a file of records lie; default: beside the file."
    return click.option("--image-root", type=click.Path(path_type=Path), help=text)(command)


def _recipe(command: Command) -> Command:
    text = "Change a value of the recipe, such as model.name=./tiny or batch.accumulate=4; may be given again."
    command = click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help=text)(command)
    text = "Leave out up to N records that are longer than turns.max_tokens; without it they are an error."
    command = click.option("--allow-drop", default=0, show_default=True, metavar="N", help=text)(command)
    return click.argument("name", metavar="RECIPE")(command)


def _machines(command: Command) -> Command:
    command = click.option("--dry-run", is_flag=True, help="Print what would be started.")(command)
    command = click.option("--gpus", default=None, type=click.IntRange(1), help="Processes on each node.")(command)
    command = click.option("--nodes", default=1, show_default=True, type=click.IntRange(1))(command)
    kinds = click.Choice([*LAUNCHERS, "ray-here"])
    return click.option("--launcher", default="local", show_default=True, type=kinds, metavar="|".join(LAUNCHERS))(
        command
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def finetune() -> None:
    """Train LLaVA-OneVision, InternVL, Qwen2.5-VL or Qwen3-VL on a hand-over, and prove what was trained.

    \b
    On a CPU:   python -m finetune tiny --out tiny
                python -m finetune train smoke --data HANDOVER --out run --set model.name=./tiny
    For real:   python -m finetune check full_shallow_qacap --data DIR --gpus 4
                python -m finetune train full_shallow_qacap --data DIR --out run --launcher deepspeed --gpus 4
    """


@finetune.command()
@click.argument("name", metavar="[RECIPE]", required=False)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a value first.")
def show(name: str | None, changes: tuple[str, ...]) -> None:
    """List the recipes, or print all of one with what it trains and needs.

    \b
    Example: python -m finetune show full_shallow_qacap
    """
    from finetune.shown import listed, told

    click.echo(told(recipe(name, _changes(changes))) if name else listed(recipes()))


@finetune.command()
@_recipe
@_data
@click.option("--out", type=click.Path(path_type=Path), help="Where preflight.json goes; default: printed only.")
@click.option("--nodes", default=1, show_default=True, type=click.IntRange(1))
@click.option("--gpus", type=click.IntRange(1), help="Processes on each node; default: as many as the recipe asks for.")
def check(name: str, out: Path | None, nodes: int, gpus: int | None, **given: Any) -> int:
    """Look for everything that would go wrong, before anything runs. Needs no GPU; tells all at once.

    \b
    Example: python -m finetune check full_shallow_qa --data HANDOVER --gpus 4
    """
    import tempfile

    with tempfile.TemporaryDirectory() as aside:
        job = _job(name, out or Path(aside), **given)
        processes = nodes * gpus if gpus else job.recipe.batch.n_gpus
        return _checked(job, processes, nodes=nodes, says_examples=True)


@finetune.command()
@_recipe
@_data
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the run.")
@click.option("--no-check", is_flag=True, help="Begin without `check`.")
@click.option("--weights-only", is_flag=True, hidden=True)
@_machines
def train(name: str, out: Path, **given: Any) -> int:
    """Check, train, export and verify. Given again, it goes on where it was.

    \b
    Example: python -m finetune train smoke --data HANDOVER --out run --set model.name=./tiny
    """
    launched = _launched(out, given)
    if launched is not None:
        return launched
    nodes, is_unchecked = given["nodes"], given.pop("no_check")
    job = _job(name, out, **_of_job(given))
    if not is_unchecked and _is_first():
        code = _checked(job, _world(given), nodes=nodes)
        if code:
            return code
    return _trained(job, given, is_checked=not is_unchecked)


@finetune.command()
@click.argument("out", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--weights-only", is_flag=True, help="Keep weights and place in the data; the optimiser begins anew.")
@_machines
def resume(out: Path, **given: Any) -> int:
    """Go on with a run that was stopped, from its last whole checkpoint.

    \b
    Example: python -m finetune resume run
    """
    from finetune.training.run import Job

    Job.of_folder(out)
    launched = _launched(out, given)
    if launched is not None:
        return launched
    return _trained(Job.of_folder(out), given)


for verb in VERBS:
    finetune.add_command(verb)


def _job(name: str, out: Path, *, data: Sequence[str], changes: Sequence[str], **given: Any) -> Any:
    from finetune.training.run import Job

    return Job(recipe(name, _changes(changes)), _places(data), out, given["image_root"], given["allow_drop"])


def _checked(job: Any, n_processes: int, *, nodes: int, says_examples: bool = False) -> int:
    from finetune.checked import checked

    result = checked(job, n_processes, nodes)
    click.echo(result.text if says_examples else result.short, err=not says_examples)
    return 1 if result.is_stopped else 0


def _trained(job: Any, given: dict[str, Any], *, is_checked: bool = False) -> int:
    from dataclasses import replace

    if given.get("launcher") == "ray-here":
        from finetune.ray_train import train_on_ray

        return train_on_ray(job, given["nodes"] * (given["gpus"] or 1))
    from finetune.training.stopping import ignore_signals
    from finetune.training.train import train as run

    code = run(replace(job, is_checked=is_checked, is_weights_only=given["weights_only"]))
    ignore_signals()
    return code


def _launched(out: Path, given: dict[str, Any]) -> int | None:
    """The exit code of what a launcher started; None where the run is in this process."""
    own = given["launcher"] == "deepspeed" and given["nodes"] == 1
    machines = Machines(given["launcher"], given["nodes"], given["gpus"] or 1, free_port() if own else None)
    is_dry = given.pop("dry_run")
    if machines.launcher == "ray-here" and not is_dry:
        return None
    launch = launch_of(_verb(sys.argv[1:]), machines, out)
    if machines.launcher == "local" and not is_dry:
        return None
    if is_dry:
        click.echo(launch.told)
        return 0
    return start(launch, out)


def _verb(words: Sequence[str]) -> list[str]:
    """The command line without what the launcher reads of it."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("--launcher", "--nodes", "--gpus"):
            skip = True
        elif word != "--dry-run" and not word.startswith(("--launcher=", "--nodes=", "--gpus=")):
            kept.append(word)
    return kept


def _of_job(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("data", "changes", "image_root", "allow_drop")}


def _world(given: dict[str, Any]) -> int:
    return int(os.environ.get("WORLD_SIZE", "0")) or (given["gpus"] or 1)


def _is_first() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _changes(words: Sequence[str]) -> dict[str, str]:
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise RecipeError(f"--set {wrong[0]}: expected KEY=VALUE")
    return dict(word.split("=", 1) for word in words)


def _places(words: Sequence[str]) -> Any:
    if len(words) == 1 and "=" not in words[0]:
        return Path(words[0])
    lone = [word for word in words if "=" not in word]
    if lone:
        raise RecipeError(f"--data {lone[0]}: with several places each needs its tag: TAG={lone[0]}")
    return {tag: Path(place) for tag, place in (word.split("=", 1) for word in words)}
