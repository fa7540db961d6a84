"""PREDICTIONS out of nothing: rows of a run whose replies and truth a test chooses."""

import numpy as np
import pyarrow as pa

from evaluate.tasks.answers import read_reply
from evaluate.tasks.benchmark import Benchmark
from schemas.tables import PREDICTIONS

RUN = {
    "run_id": "run-1", "prompt_variant": "fixed", "option_order": 0, "shots": 0, "shot_seed": 0,
    "shot_select": "", "n_sampled": 0, "examples": [], "shown": "picture",
    "model": "m", "model_sha": "0" * 64, "decode": "greedy-256", "prompt_sha": "0" * 64, "system": "",
    "backend": "replay", "backend_version": "1", "template_sha": "", "split": "test", "attempts": 1,
}  # fmt: skip


def predictions(one: Benchmark, truths, replies, *, logprobs=None, clusters=None, other_truths=None, **run) -> pa.Table:
    """A run: truths are tuples of classes, replies texts or None; by default all truth rules agree."""
    rules = {one.paper.truth, *one.truth_variants} - {one.truth}
    rows = []
    for k, (truth, reply) in enumerate(zip(truths, replies, strict=True)):
        read = read_reply(reply, "stop", one)
        row = {
            **RUN, "benchmark": one.name, "benchmark_version": one.version, "image_id": f"cutout-{k:06d}",
            "image_sha": f"{k:064x}", "cluster": clusters[k] if clusters is not None else f"c{k:06d}",
            "truth": list(truth), "truths": [(rule, list(truth)) for rule in sorted(rules)],
            "reply": reply, "finish_reason": "stop", "status": read.status,
            "predicted": None if read.labels is None else list(read.labels), "n_unknown": read.n_unknown,
            "taken": list(read.taken),
        }  # fmt: skip
        if other_truths is not None:
            row["truths"] = [(rule, list(said)) for rule, said in other_truths[k].items()]
        if logprobs is not None:
            likely = np.exp(logprobs[k])
            row |= {
                "choices": [choice.text for choice in one.choices], "choice_logprob": list(logprobs[k]),
                "choice_prob": list(likely / likely.sum()), "mass": float(min(likely.sum(), 1.0)),
            }  # fmt: skip
        rows.append(row | run)
    return PREDICTIONS.of(rows)
