"""JUDGED: every conversation scored by a model on a few axes, in one structured reply.

Reads CONVERSATIONS and CUTOUTS by part. The judge sees the picture and the turns; of the labels it is told nothing, so
that its scores say something that the rules do not. What it is told is a door of `prompts/` with a task `judge`, whose
form names the axes. A judgement that did not come to be is a refused row; the conversation stays, without scores.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from curation.asking.request import Asks, Reply, Request, Sampling, Served
from curation.engine.steps import Input, Resources, Step
from curation.generation.asked_model import AskedModel
from curation.generation.prompt import Prompt, prompt, render
from curation.generation.reply_json import whole_json
from schemas.errors import RecipeError, ReplyError
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import JUDGED
from schemas.touches import only

TASK = "judge"
BEST = 10
LONGEST_TALK = 24_000
"""Characters of a conversation that a judge is shown; the turns after it are left out, and their number is told."""
LONGEST_RAW = 3_000


class Judging(AskedModel):
    """`[judge]` of a corpus file: who judges, how it is told, how it draws."""

    prompt: str = "judge"
    """A door of `prompts/` with a task `judge`."""


def judge_door(name: str) -> Prompt:
    """A judge's prompt. Raises RecipeError where its form is not a whole number, 0 to 10, for each of some axes."""
    door = prompt(name).only(TASK)
    form = door.task[TASK].form
    axes = form.get("properties", {})
    wrong = [one for one in axes if not re.fullmatch(r"[a-z][a-z_]{0,30}", one)]
    wrong += [
        one
        for one, said in axes.items()
        if (said.get("type"), said.get("minimum"), said.get("maximum")) != ("integer", 0, BEST)
    ]
    if wrong or not axes or sorted(form.get("required", ())) != sorted(axes):
        raise RecipeError(
            f"prompt {name}: task {TASK}: found {', '.join(wrong) or 'other axes required than described'}; "
            f"expected axes in lower case, each required, an integer with minimum 0 and maximum {BEST}"
        )
    return door


def axes_of(door: Prompt) -> tuple[str, ...]:
    """What a judge scores, in the order of its form."""
    return tuple(door.task[TASK].form["properties"])


def judged(
    conversations: pa.Table, cutouts: pa.Table, door: Prompt, served: Served, sampling: Sampling, *, asker: Asks
) -> Sieved:
    """One row per conversation; *in* are the conversations. All requests of a part are asked together.

    Refused, each with what the judge replied: `no-cutout`, the picture is not there; `no-json` and `wrong-form`, the
    reply is no judgement; and the problems of a reply (`curation.asking.request.PROBLEMS`).
    """
    pictures = dict(zip(cutouts["cutout_id"].to_pylist(), cutouts["png"].to_pylist(), strict=True))
    refused: list[Rejection] = []
    asked: list[tuple[Mapping[str, Any], Request]] = []
    for row in conversations.select(["conversation_id", "cutout_id", "turns"]).to_pylist():
        png = pictures.get(row["cutout_id"])
        if png:
            asked.append((row, request_of(row["turns"], png, door, served, sampling)))
        else:
            refused.append(Rejection(row["conversation_id"], "no-cutout", f"cutout {row['cutout_id']}"))
    kept: list[dict[str, Any]] = []
    for (row, _), reply in zip(asked, asker.ask([one for _, one in asked]) if asked else (), strict=True):
        try:
            scores = read_scores(reply, axes_of(door))
        except ReplyError as error:
            refused.append(_refusal(row, reply, str(error)))
        else:
            kept.append(
                {
                    "conversation_id": row["conversation_id"], "cutout_id": row["cutout_id"],
                    "scores": list(scores.items()), "model": served.model, "revision": served.revision,
                    "prompt": door.name, "request_sha": reply.key,
                }
            )  # fmt: skip
    return sieved(JUDGED.of(kept), refused, conversations.num_rows)


def judged_step(dataset_name: str, conversations: Step, cutouts: Step, judging: Judging, asker: Asks) -> Step:
    """The step that makes `judged/<dataset>`, part by part.

    In its recipe are the door's content, the model, its revision and how it draws; `asker`, which says where the model
    is served and where replies are kept, is not.
    """
    door = judge_door(judging.prompt)
    sampling = judging.sampling(door.task[TASK].max_tokens(0))
    return Step(
        name=f"judged/{dataset_name}",
        make=partial(judged, asker=asker),
        table=JUDGED,
        config=(only(door, "judged"), judging.served, sampling),
        inputs=(Input(conversations, by_part=True), Input(cutouts, by_part=True, columns=("cutout_id", "png"))),
        resources=Resources(cpus=0.5, memory_mb=700),  # it waits for a model
    )


def request_of(
    turns: Sequence[Mapping[str, Any]], png: bytes, door: Prompt, served: Served, sampling: Sampling
) -> Request:
    """The question to the judge: the picture, then the conversation between its fences, then the task."""
    told = render(door, TASK, {"conversation": shown(turns)})
    return Request(served, told.system, told.text, png, told.form, sampling)


def shown(turns: Sequence[Mapping[str, Any]]) -> list[str]:
    """A conversation as lines, a question or an answer each."""
    lines: list[str] = []
    n_characters = 0
    for at, turn in enumerate(turns, start=1):
        pair = [f"Q{at}: {turn['question']}", f"A{at}: {turn['answer']}"]
        n_characters += sum(map(len, pair))
        if lines and n_characters > LONGEST_TALK:
            return [*lines, f"(and {len(turns) - at + 1} turns more)"]
        lines += pair
    return lines


def read_scores(reply: Reply, axes: Sequence[str]) -> dict[str, float]:
    """The scores of a reply, in the order of the axes.

    Raises ReplyError for anything but one JSON object with a whole number from 0 to 10 for each axis; its message
    begins with the reason in a word, then a colon.
    """
    found = whole_json(reply)
    if not isinstance(found, dict) or found.keys() != set(axes):
        said = ", ".join(sorted(found)) or "nothing" if isinstance(found, dict) else f"a {type(found).__name__}"
        raise ReplyError(f"wrong-form: found {said[:200]}, expected {', '.join(axes)}")
    wrong = [f"{name} {str(score)[:40]}" for name, score in found.items() if not _is_score(score)]
    if wrong:
        raise ReplyError(f"wrong-form: {', '.join(wrong)}: expected whole numbers from 0 to {BEST}")
    return {name: float(found[name]) for name in axes}


def _is_score(value: object) -> bool:
    """Whether it is a whole number in bounds; JSON's true is none, though Python counts it as 1."""
    return type(value) is int and 0 <= value <= BEST


def _refusal(row: Mapping[str, Any], reply: Reply, why: str) -> Rejection:
    reason, _, detail = why.partition(": ")
    raw = {"cutout_id": row["cutout_id"], "request_sha": reply.key, "reply": reply.text[:LONGEST_RAW]}
    return Rejection(row["conversation_id"], reason, detail, raw)
