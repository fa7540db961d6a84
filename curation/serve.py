"""`curation serve`: parses, starts, prints the address, and holds it until ctrl-C."""

import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

import click

from schemas.command_line import doors_option
from schemas.errors import RecipeError
from schemas.stopping import SIGNALS

ROLES = ("generation", "judge", "reader")


@click.command()
@doors_option
@click.argument("corpus", required=False)
@click.option(
    "--role", type=click.Choice(ROLES), default="generation", show_default=True, help="Whose model of CORPUS."
)
@click.option("--model", metavar="NAME", help="The model's name, where there is no CORPUS or another is wanted.")
@click.option("--revision", help="Of the model; default: the corpus file's, else main.")
@click.option("--weights", metavar="FOLDER", help="Where its weights are; default: looked up by the model's name.")
@click.option("--tiny", is_flag=True, help="A small InternVL with random weights, as `tiny-internvl`: no GPU needed.")
@click.option("--tiny-words", is_flag=True, help="The same with SmolLM2 as language model, as `tiny-words-internvl`.")
@click.option("--tiny-text", is_flag=True, help="SmolLM2 by itself, a model of text for a reader, as `tiny-text`.")
@click.option("--server", "servers", multiple=True, metavar="URL", help="It runs there already: check, use as it is.")
@click.option("--replicas", type=click.IntRange(1), help="Servers behind the one address; default: the corpus file's.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: one that is free.")
@click.option("--here", is_flag=True, help="On this machine, also where RAY_ADDRESS names a cluster.")
@click.option("--python", metavar="FILE", help="The Python that has vLLM; else RADIO_SERVE_PYTHON, else .venv-serve.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where tiny models are kept; default: the cache.")
@click.option("--deadline-s", type=click.FloatRange(1), help="To be ready; default: the corpus file's, else 1800.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def serve(**given: Any) -> None:
    """Serve a model with vLLM, wait until it is ready, print its address; ctrl-C ends it.

    Model, revision, dtype, tensor parallel size and replicas come from CORPUS ([generation], [serving]). On the GPU
    nodes of the cluster that RAY_ADDRESS names, else on this machine.

    \b
    Example:  python -m curation serve paper_doors --port 8000
    No GPU:   python -m curation serve --tiny
    Then:     python -m curation build CORPUS --server http://127.0.0.1:8000/v1
    """
    stop, came = Event(), list[int]()

    def asked(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        stop.set()

    for kind in SIGNALS:
        signal.signal(kind, asked)
    try:
        _hold(given, stop)
    except KeyboardInterrupt:  # it was not ready; once it is, a signal is how it ends
        _say("stopped before the model was served")
        sys.exit(128 + came[0])


def _hold(given: dict[str, Any], stop: Event) -> None:
    from curation.asking.launch import TINY, serving_python, tiny_model
    from curation.asking.serving import Place, launch_of, use, watch
    from curation.asking.serving import serve as served
    from schemas.loopback import names_cluster

    tiny = _one_of(given)
    wanted, serving = _wanted(given, TINY[tiny] if tiny else None)
    is_cluster = names_cluster() and not given["here"] and not tiny
    place = Place(given["host"], given["port"], is_cluster, serving.tensor_parallel_size)
    with ExitStack() as held:
        if given["servers"]:
            endpoint = held.enter_context(use(given["servers"], wanted, place))
        else:
            if tiny:
                python = serving_python(given["python"])[0]
                _say(f"{wanted.model}: made here, unless it is there already")
                folder = tiny_model(python, tiny, given["folder"])
                serving = serving.model_copy(update={"weights": str(folder.absolute())})
            launch = launch_of(wanted, serving, given["python"])
            endpoint = held.enter_context(served(launch, place, stop=stop, say=_say))
        for log in endpoint.logs:
            _say(f"log: {log}")
        found = {
            "address": endpoint.address, "model": wanted.model, "revision": wanted.revision,
            "replicas": list(endpoint.replicas), "logs": list(endpoint.logs),
        }  # fmt: skip
        click.echo(json.dumps(found) if given["as_json"] else endpoint.address)
        sys.stdout.flush()
        if endpoint.children:
            _say(f"{wanted.model} at revision {wanted.revision} is served; ctrl-C ends it")
            watch(endpoint.children, stop, _say)
        elif len(endpoint.replicas) > 1:
            _say(f"{len(endpoint.replicas)} servers are behind it; ctrl-C ends this, not them")
            stop.wait()


def _one_of(given: dict[str, Any]) -> str | None:
    """The tiny model that is asked for, if one is; raises RecipeError for words that exclude each other."""
    asked = [name for name in ("tiny", "tiny-words", "tiny-text") if given[name.replace("-", "_")]]
    others = [name for name in ("model", "weights", "revision") if given[name]]
    if len(asked) > 1 or (asked and others):
        raise RecipeError(f"--{asked[0]} says which model is served: it goes without --{(asked[1:] + others)[0]}")
    if not asked and not given["model"] and not given["corpus"]:
        raise RecipeError(
            "which model? Name a corpus whose file says it, or give --model NAME, --tiny, --tiny-words or --tiny-text"
        )
    return asked[0] if asked else None


def _wanted(given: dict[str, Any], tiny: Any) -> tuple[Any, Any]:
    """The model and how it is served: from the corpus file, then from the flags."""
    from curation.asking.launch import TINY_SERVING, Serving
    from curation.asking.request import Served

    model, revision, serving = None, "main", Serving()
    if given["corpus"]:
        from curation.corpus import corpus

        found = corpus(given["corpus"])
        serving, asked = found.serving, getattr(found, given["role"], None)
        if asked is not None:
            model, revision = asked.model, asked.revision
    if given["model"] and given["model"] != model:
        revision = "main"  # the corpus file's is another model's
    model = given["model"] or model
    flags = {name: given[name] for name in ("weights", "replicas", "deadline_s") if given[name] is not None}
    serving = serving.model_copy(update=flags)
    if tiny is not None:
        return tiny, Serving(**TINY_SERVING, replicas=serving.replicas, deadline_s=serving.deadline_s)
    if model is None:
        raise RecipeError(f"{given['corpus']} names no model for {given['role']}: add [{given['role']}] with `model`")
    return Served(model, given["revision"] or revision), serving


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
