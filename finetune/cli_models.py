"""The verbs of the command line that take models and give models: merging, converting, cards.

Parses and prints; what it calls is imported when it is called, so that `--help` is quick.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from finetune.families.known import FAMILIES

Command = Callable[..., Any]


@click.command(name="merge-lora")
@click.option("--base", required=True, help="The model that the adapter belongs to: a folder or a name.")
@click.option("--adapter", required=True, type=click.Path(path_type=Path), help="Folder of the low-rank weights.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the new model.")
def merge_lora(base: str, adapter: Path, out: Path) -> None:
    """Merge low-rank weights into their base. An adapter that does not load, or does nothing, is refused.

    \b
    Example: python -m finetune merge-lora --base ./tiny --adapter run/adapter --out merged
    """
    from finetune.export.merge import merge_lora as merged
    from finetune.network.weights import local_folder

    click.echo(merged(local_folder(base), adapter, out))


def _share(command: Command) -> Command:
    for group in ("vision", "lm-head", "embed", "newline", "projector", "llm"):
        text = "Share of the tuned model; several tuned models: shares with commas."
        command = click.option(f"--{group}", metavar="SHARE", help=text)(command)
    return command


@click.command()
@click.option("--base", required=True, help="The model that was tuned: a folder or a name.")
@click.option("--tuned", required=True, multiple=True, help="A tuned model; may be given again.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the new model, or of all.")
@click.option("--share", metavar="SHARE", help="Of everything but the vision tower, where nothing else is said.")
@_share
@click.option("--layers", metavar="A-B:SHARE,…", help="Shares of layers of the LLM, such as 0-13:0.3,14-27:0.6.")
@click.option("--sweep", metavar="A:B:STEP", help="Many models, one for each --share, such as 0:1:0.1.")
def merge(base: str, tuned: tuple[str, ...], out: Path, layers: str | None, sweep: str | None, **given: Any) -> None:
    """Mix tuned models with their base, by shares of each group of weights. Every tensor in, every tensor out.

    \b
    Example: python -m finetune merge --base ./tiny --tuned run/model --share 0.5 --out half
    """
    from finetune.export.merge import layers_of, steps_of
    from finetune.export.merge import merge as mixed
    from finetune.network.weights import local_folder
    from finetune.shown import shares_of

    others = [local_folder(one) for one in tuned]
    ranges = layers_of(layers) if layers else ()
    shares = [{**given, "share": str(one)} for one in steps_of(sweep)] if sweep else [given]
    for one in shares:
        chosen = shares_of(one, len(others), ranges)
        place = out / f"{float(one['share']):g}" if sweep else out
        click.echo(mixed(local_folder(base), list(zip(others, chosen, strict=True)), place))


@click.command()
@click.option("--to", "form", required=True, type=click.Choice(["llava-next", "hugging-face"]), help="The other form.")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="Folder of the model, in safetensors.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the converted model.")
def convert(form: Any, model: Path, out: Path) -> None:
    """Give a model the names of LLaVA-NeXT or of Hugging Face. Every tensor, byte for byte; an unknown one is refused.

    \b
    Example: python -m finetune convert --to llava-next --model run/model --out next
    """
    from finetune.export.convert import convert as converted

    click.echo(converted(model, form, out))


@click.command()
@click.option(
    "--model", required=True, type=click.Path(path_type=Path), help="Folder of a model that was trained here."
)
@click.option("--scores", required=True, type=click.Path(path_type=Path), help="scores.json of `evaluate report`.")
@click.option("--name", help="The model in the scores; needed where they are of several.")
@click.option("--base", help="The model in the scores that it is held against.")
@click.option("--forgetting", type=click.Path(path_type=Path), help="tables/forgetting.csv of the same report.")
def card(model: Path, scores: Path, **given: Any) -> None:
    """Write what was measured into a model's card: B1 to B6 with intervals, and what was forgotten.

    \b
    Example: python -m finetune card --model run/model --scores report/scores.json --name tuned --base base
    """
    from finetune.export.card import fill

    click.echo(fill(model, scores, **given))


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the model.")
@click.option(
    "--family", default=next(iter(FAMILIES)), show_default=True, type=click.Choice(list(FAMILIES)),
    help="Of which family of models.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True)
def tiny(out: Path, family: str, seed: int) -> None:
    """Write a model of 160,000 random weights, to try everything on a CPU.

    \b
    Example: python -m finetune tiny --out tiny
    """
    from finetune.network.tiny import build_tiny

    click.echo(build_tiny(out, family=family, seed=seed))


@click.command(hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--canaries", type=click.Path(path_type=Path))
def verify(folder: Path, canaries: Path | None) -> int:
    """Open a model folder and tell what is wrong with it; what an export asks a fresh process to do."""
    from finetune.export.verify import wrong_in

    wrong = wrong_in(folder, canaries)
    for one in wrong:
        print(f"error: {one}", file=sys.stderr)
    return 1 if wrong else 0


VERBS = (merge_lora, merge, convert, card, tiny, verify)
