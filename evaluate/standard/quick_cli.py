"""`python -m evaluate quick-set` and `quick`: what is said on the command line."""

import json
from pathlib import Path

import click


@click.command("quick-set")
@click.option("--python", type=click.Path(path_type=Path), required=True,
              help="Python of the environment of `make standard-setup`.")  # fmt: skip
@click.option("--task", "tasks", multiple=True, help="A task of lmms-eval; may be given again; default: six.")
@click.option("--questions", type=click.IntRange(1), default=300, show_default=True, help="Of each task.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The Parquet file to write.")
def quick_set(python: Path, tasks: tuple[str, ...], questions: int, out: Path) -> None:
    """Write questions of standard benchmarks to a file, for `quick`.

    \b
    Example:  python -m evaluate quick-set --python .venv-standard/bin/python --out quick.parquet
    """
    from evaluate.standard.quick import TASKS, write_quick_set

    click.echo(f"{out}: {write_quick_set(python.absolute(), out, tasks or TASKS, questions):,} questions")


@click.command()
@click.argument("questions", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--model-dir", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="A Hugging Face folder, such as `python -m finetune merge` writes.")  # fmt: skip
@click.option("--model", default="", help="The name to tell of it; else the folder's.")
@click.option("--dtype", default="float32", show_default=True, help="bfloat16 on a GPU.")
@click.option("--device", default="cpu", show_default=True, help="cuda on a GPU.")
@click.option(
    "--store", metavar="PLACE", help="Where likelihoods are kept: a folder or s3://bucket/folder; else RADIO_STORE."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def quick(
    questions: Path, model_dir: Path, model: str, dtype: str, device: str, store: str | None, as_json: bool
) -> None:
    """What a model knows of standard benchmarks, by the likelihood of each allowed answer: for merge sweeps.

    \b
    Example:  python -m evaluate quick quick.parquet --model-dir merged --store STORE
    """
    from curation.settings import store_place
    from evaluate.asking.local import local_backend
    from evaluate.standard.quick import quick_scores, read_quick_set

    asked = read_quick_set(questions)
    backend = local_backend(model_dir, store_place(store), name=model, dtype=dtype, device=device)
    backend.check(is_constrained=False)
    found = quick_scores(backend, backend.served, asked)
    if as_json:
        told = [{"task": one.task, "n": one.n, "value": one.share.value, "low": one.share.low, "high": one.share.high,
                 "mass": one.mass} for one in found]  # fmt: skip
        return click.echo(json.dumps({"model": backend.served.model, "scores": told}))
    for one in found:
        of = f"{100 * one.share.value:.1f} % [{100 * one.share.low:.1f}, {100 * one.share.high:.1f}]"
        click.echo(f"{one.task}: {of} of {one.n:,}; mass {one.mass:.3f}")
    return None
