"""PREDICTIONS: what a model answered about every picture of a benchmark.

Reads CUTOUTS by part, SOURCES and SPLITS whole. Every picture of the benchmark has a row, whatever the model said; a
picture that cannot be scored is refused with its reason. A part that is there is done, and replies are kept by their
request, so a run that was killed asks nothing twice. Riggi et al. 2025, 4.1.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

import pyarrow as pa
from PIL import Image

from curation.asking.request import Reply, Request
from curation.engine.steps import Input, Resources, Step
from evaluate.answers import Answer, read_reply
from evaluate.backends import GREEDY, MAX_NEW_TOKENS, Backend, BackendInfo, choice_form, chosen
from evaluate.benchmark import CUTOUT_COLUMNS, SOURCE_COLUMNS, SPLIT_COLUMNS, Benchmark, Task, pictures
from evaluate.choices import Likelihoods, likelihoods
from evaluate.prompt import Asked, prompt_for
from schemas.errors import GateError
from schemas.fingerprint import content_id, fingerprint
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import PREDICTIONS

MOST_ERRORS = 0.001
KEPT_PROBLEMS = ("truncated", "empty", "refused-by-server")
"""Of these the server's word is an answer; any other problem means that none came."""
GREY_LEVEL = 128
OF_A_CLIENT = Resources(cpus=0.5, memory_mb=1_000)
Row = dict[str, Any]


@dataclass(frozen=True)
class Manner:
    """How a benchmark is asked of a model: all of it decides the replies."""

    model: str
    model_sha: str
    template_sha: str
    variant: str = "fixed"
    option_order: int = 0
    shown: str = "picture"
    """The picture itself, an even grey one, or another picture of the benchmark."""
    is_constrained: bool = False
    has_choices: bool = False
    """Whether the likelihood of every allowed answer is taken."""
    merge_shares: str | None = None

    @property
    def decode(self) -> str:
        """How words are drawn, and what else forms the reply."""
        return f"greedy-{MAX_NEW_TOKENS}" + ("-constrained" if self.is_constrained else "")


@dataclass(frozen=True)
class Asking:
    """A benchmark asked in one way."""

    benchmark: Benchmark
    asked: Manner
    words_sha: str
    """Of all words: the prompt, and the spellings by which a reply is read; they stand in other files too."""
    run_id: str


@dataclass(frozen=True)
class _Question:
    """What one picture is asked: its task, the request, the answers that are allowed."""

    task: Task
    request: Request
    prompt: Asked


def predictions(
    backend: Backend,
    most_errors: float,
    together: Sequence[Asking],
    cutouts: pa.Table,
    sources: pa.Table,
    splits: pa.Table,
    asking: Asking,
) -> Sieved:
    """A row for each picture of the benchmark; *in* are the cutouts.

    Refused: `not-tested` for another benchmark's pictures, and the reasons of a truth rule. `together`: what else will
    be asked of the same pictures, so asked now, a picture at a time, while a server still has it at hand. Raises
    GateError where more than `most_errors` of the pictures got no reply.
    """
    rows = pictures(cutouts, sources, splits)
    tested = asking.benchmark.tested(rows)
    questions = _questions(asking, tested.tasks, backend)
    others = [one for other in together for one in _questions(other, other.benchmark.tested(rows).tasks, backend)]
    ahead = sorted([*questions, *others], key=lambda one: one.task.picture_id)  # stable: a benchmark after another
    said = dict(zip([one.request.key for one in ahead], backend.answer([one.request for one in ahead]), strict=True))
    replies = [said[one.request.key] for one in questions]
    _check_errors(asking, replies, most_errors)
    likely = _likelihoods(asking, questions, backend)
    info = backend.describe()
    made = [
        _row(asking, info, question, reply, one)
        for question, reply, one in zip(questions, replies, likely, strict=True)
    ]
    left_out = {one.row_id for one in tested.left_out} | {one.picture_id for one in tested.tasks}
    refused = [*tested.left_out, *(_not_tested(row, asking) for row in rows if row["cutout_id"] not in left_out)]
    return sieved(PREDICTIONS.of(made), refused, cutouts.num_rows)


def predictions_step(
    backend: Backend,
    benchmark: Benchmark,
    asked: Manner,
    inputs: tuple[Step, Step, Step],
    *,
    most_errors: float = MOST_ERRORS,
    together: Sequence[Asking] = (),
    resources: Resources = OF_A_CLIENT,
) -> Step:
    """The step that makes `predictions/<benchmark>`, part by part, from CUTOUTS, SOURCES, SPLITS.

    Who answers, and from where, is no part of the recipe: the digests of model and template are.
    """
    cutouts, sources, splits = inputs
    asking = asking_of(benchmark, asked, inputs)
    return Step(
        name=f"predictions/{benchmark.name}",
        make=partial(predictions, backend, most_errors, tuple(together)),
        table=PREDICTIONS,
        config=(asking,),
        inputs=(
            Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS),
            Input(sources, columns=SOURCE_COLUMNS),
            Input(splits, columns=SPLIT_COLUMNS),
        ),
        resources=resources,
    )


def asking_of(benchmark: Benchmark, asked: Manner, inputs: tuple[Step, Step, Step]) -> Asking:
    """The benchmark asked in this way of these pictures, with the id of its run."""
    prompt = prompt_for(benchmark, asked.variant, asked.option_order)
    words_sha = fingerprint([prompt.sha, benchmark.vocabulary.aliases])
    seen = [step.address for step in inputs]
    run_id = content_id("run", asked, benchmark.name, benchmark.version, words_sha, seen)
    return Asking(benchmark, asked, words_sha, run_id)


def requests_of(
    asking: Asking, backend: Backend, cutouts: pa.Table, sources: pa.Table, splits: pa.Table
) -> list[Request]:
    """What would be asked about these pictures; to know what it costs before anything is sent."""
    tested = asking.benchmark.tested(pictures(cutouts, sources, splits))
    return [one.request for one in _questions(asking, tested.tasks, backend)]


def _questions(asking: Asking, tasks: Sequence[Task], backend: Backend) -> list[_Question]:
    asked, benchmark = asking.asked, asking.benchmark
    prompt = prompt_for(benchmark, asked.variant, asked.option_order)
    form = choice_form([one.text for one in prompt.choices]) if asked.is_constrained else None
    shown = SHOWN[asked.shown](tasks)
    return [
        _Question(task, Request(backend.served, prompt.system, prompt.text, png, form, GREEDY), prompt)
        for task, png in zip(tasks, shown, strict=True)
    ]


def _row(asking: Asking, info: BackendInfo, question: _Question, reply: Reply, likely: Likelihoods | None) -> Row:
    asked, benchmark, task, request = asking.asked, asking.benchmark, question.task, question.request
    answer, text, error = _read(reply, question, asking)
    return {
        "run_id": asking.run_id, "benchmark": benchmark.name, "benchmark_version": benchmark.version,
        "prompt_variant": asked.variant, "option_order": asked.option_order, "shots": 0, "shot_seed": 0,
        "shown": asked.shown, "model": asked.model, "model_sha": asked.model_sha, "decode": asked.decode,
        "prompt_sha": question.prompt.sha, "system": request.system,
        "merge_shares": asked.merge_shares, "backend": info.name, "backend_version": info.version,
        "template_sha": asked.template_sha, "image_id": task.picture_id,
        "image_sha": sha256(request.png or b"").hexdigest(), "cluster": task.cluster, "split": task.split,
        "truth": list(task.truth), "truths": [(rule, list(truth)) for rule, truth in sorted(task.truths.items())],
        "reply": text, "finish_reason": reply.finish_reason,
        "status": answer.status, "predicted": None if answer.labels is None else list(answer.labels),
        "n_unknown": answer.n_unknown, **_choice_columns(likely),
        "n_tokens_in": reply.n_prompt_tokens or None, "n_tokens_out": reply.n_completion_tokens or None,
        "latency_ms": 1_000 * reply.seconds if reply.seconds else None, "attempts": 1, "error": error, "at": None,
    }  # fmt: skip


def _read(reply: Reply, question: _Question, asking: Asking) -> tuple[Answer, str | None, str | None]:
    """What the reply says, its text, and why none came where none did. A choice stands without its form."""
    if reply.problem is not None and reply.problem not in KEPT_PROBLEMS:
        return Answer(None, "backend_error"), None, f"{reply.problem}: {reply.detail}"
    if reply.problem == "refused-by-server":
        return Answer(None, "refused"), reply.text, None
    text = reply.text
    if asking.asked.is_constrained:
        text = chosen(text, [one.text for one in question.prompt.choices]) or text
    return read_reply(text, reply.finish_reason, asking.benchmark), text, None


def _likelihoods(asking: Asking, questions: Sequence[_Question], backend: Backend) -> Sequence[Likelihoods | None]:
    if not asking.asked.has_choices or not questions:
        return [None] * len(questions)
    return likelihoods(backend, [one.request for one in questions], questions[0].prompt.choices)


def _choice_columns(likely: Likelihoods | None) -> Row:
    if likely is None:
        return {"choices": None, "choice_logprob": None, "choice_prob": None, "mass": None}
    return {"choices": [one.text for one in likely.choices], "choice_logprob": list(likely.logprob),
            "choice_prob": list(likely.prob), "mass": likely.mass}  # fmt: skip


def _check_errors(asking: Asking, replies: Sequence[Reply], most_errors: float) -> None:
    lost = [one for one in replies if one.problem is not None and one.problem not in KEPT_PROBLEMS]
    if len(lost) > most_errors * len(replies):
        raise GateError(
            f"{asking.benchmark.name}: no reply about {len(lost):,} of {len(replies):,} pictures, {most_errors:.1%} "
            f"allowed; the first: {lost[0].problem}, {lost[0].detail}. Run it again: what was answered is kept; "
            "with --most-errors SHARE the rest counts as wrong"
        )


def _not_tested(row: Mapping[str, Any], asking: Asking) -> Rejection:
    told = {name: row[name] for name in ("source_id", "dataset", "split", "benchmark", "held_out")}
    return Rejection(row["cutout_id"], "not-tested", f"no picture of {asking.benchmark.name}", told)


# -- what is shown ----------------------------------------------------------------------------------------------------


def _pictures(tasks: Sequence[Task]) -> list[bytes]:
    return [task.png for task in tasks]


def _grey(tasks: Sequence[Task]) -> list[bytes]:
    """An even grey picture of the same size: what a model says without looking."""
    return [_grey_like(task.png) for task in tasks]


def _shuffled(tasks: Sequence[Task]) -> list[bytes]:
    """Each picture's neighbour in an order by key; alone in its part, a picture has none and becomes grey."""
    if len(tasks) < 2:  # noqa: PLR2004
        return _grey(tasks)
    order = sorted(range(len(tasks)), key=lambda k: content_id("shuffled", tasks[k].picture_id))
    other = {k: order[(at + 1) % len(order)] for at, k in enumerate(order)}
    return [tasks[other[k]].png for k in range(len(tasks))]


def _grey_like(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        size, mode = picture.size, picture.mode
    sink = io.BytesIO()
    Image.new("L", size, GREY_LEVEL).convert(mode if mode in ("L", "RGB") else "L").save(sink, "PNG")
    return sink.getvalue()


SHOWN = {"picture": _pictures, "grey": _grey, "shuffled": _shuffled}
