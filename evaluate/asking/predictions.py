"""PREDICTIONS: what a model answered about every picture of a benchmark.

Reads CUTOUTS by part, SOURCES and SPLITS whole. Every picture of the benchmark has a row, whatever the model said; a
picture that cannot be scored is refused with its reason. A part that is there is done, and replies are kept by their
request, so a run that was killed asks nothing twice. Riggi et al. 2025, 4.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

import pyarrow as pa

from curation.asking.request import Reply, Request
from curation.engine.steps import Input, Resources, Step
from evaluate.asking.asking import Asking, Manner, asking_of
from evaluate.asking.backends import GREEDY, Backend, BackendInfo, choice_form, chosen
from evaluate.asking.choices import Likelihoods, likelihoods
from evaluate.asking.fewshot import Pool, conversation, pool_of, thumbnails
from evaluate.asking.retries import Retries, retried
from evaluate.asking.sample import Sample, Which
from evaluate.asking.shown import pictures_shown
from evaluate.tasks.answers import read_reply
from evaluate.tasks.benchmark import CUTOUT_COLUMNS, SOURCE_COLUMNS, SPLIT_COLUMNS, Benchmark, Task, pictures
from evaluate.tasks.inputs import Inputs
from evaluate.tasks.prompt import NEAREST, Asked, prompt_for
from evaluate.tasks.reply_words import Answer
from schemas.errors import GateError
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import PREDICTIONS

MOST_ERRORS = 0.001
KEPT_PROBLEMS = ("truncated", "empty", "refused-by-server")
"""Of these the server's word is an answer; any other problem means that none came."""
OF_A_CLIENT = Resources(cpus=0.5, memory_mb=1_000)
Row = dict[str, Any]


@dataclass(frozen=True)
class _Question:
    """What one picture is asked: its task, the request, the answers that are allowed, the examples shown before."""

    task: Task
    request: Request
    prompt: Asked
    examples: tuple[str, ...] = ()


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
    return _predictions(backend, most_errors, together, pictures(cutouts, sources, splits), asking, None)


def predictions_after_examples(
    backend: Backend,
    most_errors: float,
    cutouts: pa.Table,
    sources: pa.Table,
    splits: pa.Table,
    examples: pa.Table,
    asking: Asking,
) -> Sieved:
    """The same with examples before each question, from the table `examples` of `fewshot.examples_step`."""
    pool = pool_of(asking.benchmark, examples, sources, splits)
    return _predictions(backend, most_errors, (), pictures(cutouts, sources, splits), asking, pool)


def predictions_step(
    backend: Backend,
    benchmark: Benchmark,
    asked: Manner,
    inputs: Inputs,
    *,
    most_errors: float = MOST_ERRORS,
    together: Sequence[Asking] = (),
    examples: Step | None = None,
    which: Which = Which(),
    resources: Resources = OF_A_CLIENT,
) -> Step:
    """The step that makes `predictions/<benchmark>`, part by part, from CUTOUTS, SOURCES, SPLITS (and the examples).

    Who answers, and from where, is no part of the recipe: the digests of model and template are. Of another split than
    the test's it is `<split>/<benchmark>`: nothing that is to be reported.
    """
    cutouts, sources, splits = inputs
    made = partial(predictions, backend, most_errors, tuple(together))
    return Step(
        name=f"{'predictions' if which.split == 'test' else which.split}/{benchmark.name}",
        make=made if examples is None else partial(predictions_after_examples, backend, most_errors),
        table=PREDICTIONS,
        config=(asking_of(benchmark, asked, inputs, which),),
        inputs=(
            Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS),
            Input(sources, columns=SOURCE_COLUMNS),
            Input(splits, columns=SPLIT_COLUMNS),
            *([] if examples is None else [Input(examples, columns=CUTOUT_COLUMNS)]),
        ),
        resources=resources,
    )


def requests_of(
    asking: Asking, backend: Backend, cutouts: pa.Table, sources: pa.Table, splits: pa.Table,
    examples: pa.Table | None = None,
) -> list[Request]:  # fmt: skip
    """What would be asked about these pictures; to know what it costs before anything is sent."""
    pool = None if examples is None else pool_of(asking.benchmark, examples, sources, splits)
    return [one.request for one in _asked(asking, pictures(cutouts, sources, splits), backend, pool)[0]]


def _predictions(
    backend: Backend, most_errors: float, together: Sequence[Asking], rows: list[Row], asking: Asking, pool: Pool | None
) -> Sieved:
    questions, left_out = _asked(asking, rows, backend, pool)
    others = [one for other in together for one in _asked(other, rows, backend, None)[0]]
    ahead = sorted([*questions, *others], key=lambda one: one.task.picture_id)  # stable: a benchmark after another
    said = dict(zip([one.request.key for one in ahead], backend.answer([one.request for one in ahead]), strict=True))
    replies = [said[one.request.key] for one in questions]
    _check_errors(asking, replies, most_errors)
    again = _retried(asking, questions, replies, backend)
    likely = _likelihoods(asking, questions, backend)
    info = backend.describe()
    made = [
        _row(asking, info, question, reply, one) | {"retries": said_again, "attempts": 1 + len(said_again or ())}
        for question, reply, one, said_again in zip(questions, replies, likely, again, strict=True)
    ]
    told = {one.row_id for one in left_out} | {one.task.picture_id for one in questions}
    refused = [*left_out, *(_not_tested(row, asking) for row in rows if row["cutout_id"] not in told)]
    return sieved(PREDICTIONS.of(made), refused, len(rows))


def _asked(
    asking: Asking, rows: list[Row], backend: Backend, pool: Pool | None
) -> tuple[list[_Question], list[Rejection]]:
    """The questions about these pictures, and the pictures of the benchmark that are left out, with the reason."""
    tested = asking.benchmark.tested(rows, asking.which.split)
    if asking.which.sample is None:
        return _questions(asking, tested.tasks, backend, pool), list(tested.left_out)
    sample = asking.which.sample
    kept = [one for one in tested.tasks if sample.holds(one.picture_id)]
    others = [_not_sampled(one, sample) for one in tested.tasks if not sample.holds(one.picture_id)]
    return _questions(asking, kept, backend, pool), [*tested.left_out, *others]


def _questions(asking: Asking, tasks: Sequence[Task], backend: Backend, pool: Pool | None) -> list[_Question]:
    asked, benchmark = asking.asked, asking.benchmark
    prompt = prompt_for(benchmark, asked.variant, asked.option_order, shots=asked.shots)
    form = choice_form([one.text for one in prompt.choices]) if asked.is_constrained else None
    own = thumbnails(tasks) if pool is not None and asked.shot_select in NEAREST else {}
    found: list[_Question] = []
    for task, png in zip(tasks, pictures_shown(asked.shown, tasks), strict=True):
        examples = pool.of(task, asked.manual, own) if pool is not None and asked.manual is not None else ()
        before, text = conversation(prompt, examples)
        request = Request(backend.served, prompt.system, text, png, form, GREEDY, before)
        found.append(_Question(task, request, prompt, tuple(one.picture_id for one in examples)))
    return found


def _retried(
    asking: Asking, questions: Sequence[_Question], replies: Sequence[Reply], backend: Backend
) -> list[list[str] | None]:
    how = Retries(asking.asked.n_retries, asking.asked.retry)
    if not how.most or not questions:
        return [None] * len(questions)
    requests = [one.request for one in questions]
    return retried(backend, asking.benchmark, questions[0].prompt, requests, replies, how)


def _row(asking: Asking, info: BackendInfo, question: _Question, reply: Reply, likely: Likelihoods | None) -> Row:
    asked, task, request = asking.asked, question.task, question.request
    answer, text, error = _read(reply, question, asking)
    is_raw = text is not None and text != reply.text
    return {
        **_run_columns(asking), "prompt_sha": question.prompt.sha, "system": request.system,
        "merge_shares": asked.merge_shares, "backend": info.name, "backend_version": info.version,
        "template_sha": asked.template_sha, "image_id": task.picture_id,
        "image_sha": sha256(request.png or b"").hexdigest(), "cluster": task.cluster, "split": task.split,
        "truth": list(task.truth), "truths": [(rule, list(truth)) for rule, truth in sorted(task.truths.items())],
        "examples": list(question.examples), "reply": text, "raw_reply": reply.text if is_raw else None,
        "finish_reason": reply.finish_reason, "status": answer.status,
        "predicted": None if answer.labels is None else list(answer.labels),
        "n_unknown": answer.n_unknown, "taken": list(answer.taken), **_choice_columns(likely),
        "n_tokens_in": reply.n_prompt_tokens or None, "n_tokens_out": reply.n_completion_tokens or None,
        "latency_ms": 1_000 * reply.seconds if reply.seconds else None, "error": error, "at": None,
    }  # fmt: skip


def _run_columns(asking: Asking) -> Row:
    """What all rows of a run share."""
    asked, sample = asking.asked, asking.which.sample
    return {
        "run_id": asking.run_id, "benchmark": asking.benchmark.name, "benchmark_version": asking.benchmark.version,
        "prompt_variant": asked.variant, "option_order": asked.option_order, "shots": asked.shots,
        "shot_seed": asked.shot_seed, "shot_select": asked.shot_select,
        "n_sampled": sample.n if sample is not None else 0, "shown": asked.shown, "model": asked.model,
        "model_sha": asked.model_sha, "decode": asked.decode,
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


def _not_sampled(task: Task, sample: Sample) -> Rejection:
    told = {"source_id": task.source_id, "split": task.split}
    return Rejection(task.picture_id, "not-sampled", f"not among the {sample.n:,} of the sample", told)
