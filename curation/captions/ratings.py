"""RATINGS: what a figure and its caption are, by a model that sees both, and by rules beside it.

One structured reply a figure, kept and replayed as all replies are. Nobody is asked about a caption that is too short
or a figure that is out already (a copy, sealed sky). The caption is data: it stands between fences, and whatever it
asks for, the score is at most what the rules allow (`rules`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pyarrow as pa

from curation.asking.request import Asks, Reply, Request, Sampling, Served
from curation.captions.rules import BEST, findings
from curation.captions.settings import Captions
from curation.engine.steps import Input, Resources, Step
from curation.generation.prompt import Prompt, prompt, render
from curation.generation.reply_json import whole_json
from schemas.errors import RecipeError, ReplyError
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import RATINGS
from schemas.touches import only

TASK = "rate"
FLAGS = ("has_multiplot", "is_astromap", "is_corrupted")
SCORE = "caption_score"
FIGURE_COLUMNS = ("figure_id", "caption", "n_words", "png", "n_pictures", "n_panels")
NOT_ASKED = "not-asked"
TOO_FEW_WORDS = "too-few-words"
LONGEST_RAW = 3_000


def rating_door(name: str) -> Prompt:
    """The prompt of a rating. Raises RecipeError where its form is not the three flags and the score."""
    door = prompt(name).only(TASK)
    form = door.task[TASK].form
    said = form.get("properties", {})
    score = {name: said.get(SCORE, {}).get(name) for name in ("type", "minimum", "maximum")}
    is_whole = sorted(form.get("required", ())) == sorted(said) == sorted((*FLAGS, SCORE))
    are_flags = all(said.get(one, {}).get("type") == "boolean" for one in FLAGS)
    if not is_whole or not are_flags or score != {"type": "integer", "minimum": 0, "maximum": BEST}:
        raise RecipeError(
            f"prompt {name}: task {TASK}: found the fields {', '.join(sorted(said)) or 'none'}; expected "
            f"{', '.join(FLAGS)} (boolean) and {SCORE} (integer, minimum 0, maximum {BEST}), each required"
        )
    return door


def ratings(
    figures: pa.Table, splits: pa.Table, door: Prompt, served: Served, sampling: Sampling, words_above: int, *,
    asker: Asks,
) -> Sieved:  # fmt: skip
    """RATINGS; *in* are the figures. All requests of a part are asked together.

    Refused: `too-few-words` and `not-asked` (the splits refused the figure), about which nobody was asked; `no-json`
    and `wrong-form`; and the problems of a reply (`curation.asking.request.PROBLEMS`).
    """
    placed = set(splits["figure_id"].to_pylist())
    refused: list[Rejection] = []
    asked: list[tuple[Mapping[str, Any], Request]] = []
    for row in figures.select(FIGURE_COLUMNS).to_pylist():
        if row["n_words"] <= words_above:
            detail = f"{row['n_words']} words, more than {words_above} are wanted"
            refused.append(Rejection(row["figure_id"], TOO_FEW_WORDS, detail, {"caption": row["caption"]}))
        elif row["figure_id"] not in placed:
            refused.append(Rejection(row["figure_id"], NOT_ASKED, "the splits refused it"))
        else:
            asked.append((row, request_of(row["caption"], row["png"], door, served, sampling)))
    kept: list[dict[str, Any]] = []
    for (row, _), reply in zip(asked, asker.ask([one for _, one in asked]) if asked else (), strict=True):
        try:
            said = read_rating(reply)
        except ReplyError as error:
            reason, _, detail = str(error).partition(": ")
            raw = {"request_sha": reply.key, "reply": reply.text[:LONGEST_RAW]}
            refused.append(Rejection(row["figure_id"], reason, detail, raw))
        else:
            kept.append(
                {"figure_id": row["figure_id"], **_rated(row, said), "model": served.model,
                 "revision": served.revision, "prompt": door.name, "request_sha": reply.key}
            )  # fmt: skip
    return sieved(RATINGS.of(kept), refused, figures.num_rows)


def ratings_step(corpus: str, figures: Step, splits: Step, wanted: Captions, asker: Asks) -> Step:
    """The step that makes `ratings/<corpus>`, part by part; where the model is served is not in its recipe."""
    door = rating_door(wanted.prompt)
    sampling = wanted.sampling(door.task[TASK].max_tokens(0))
    return Step(
        f"ratings/{corpus}",
        partial(ratings, asker=asker),
        RATINGS,
        config=(only(door, "ratings"), wanted.served, sampling, wanted.selection.words_above),
        inputs=(
            Input(figures, by_part=True, columns=FIGURE_COLUMNS),
            Input(splits, columns=("figure_id",)),
        ),
        resources=Resources(cpus=0.5, memory_mb=700),  # it waits for a model
    )


def request_of(caption: str, png: bytes, door: Prompt, served: Served, sampling: Sampling) -> Request:
    """The question: the picture, then the caption between its fences, then the task."""
    told = render(door, TASK, {"caption": [caption]})
    return Request(served, told.system, told.text, png, told.form, sampling)


def read_rating(reply: Reply) -> dict[str, Any]:
    """The fields of a reply. Raises ReplyError for anything but one JSON object with exactly these fields.

    Its message begins with the reason in a word, then a colon. Booleans are booleans: "YES" is another form.
    """
    found = whole_json(reply)
    if not isinstance(found, dict) or found.keys() != {*FLAGS, SCORE}:
        said = ", ".join(sorted(found)) or "nothing" if isinstance(found, dict) else f"a {type(found).__name__}"
        raise ReplyError(f"wrong-form: found {said[:200]}, expected {', '.join((*FLAGS, SCORE))}")
    wrong = [f"{one} {str(found[one])[:40]}" for one in FLAGS if not isinstance(found[one], bool)]
    score = found[SCORE]
    wrong += [f"{SCORE} {str(score)[:40]}"] if type(score) is not int or not 0 <= score <= BEST else []
    if wrong:
        raise ReplyError(f"wrong-form: {', '.join(wrong)}: expected true or false, and a whole number from 0 to {BEST}")
    return found


def _rated(row: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The model's word, the rules', and the score within their bound."""
    found = findings(row["caption"], row["n_pictures"], row["n_panels"])
    bound = found.bound(has_multiplot=said["has_multiplot"], is_corrupted=said["is_corrupted"])
    return {
        **{name: said[name] for name in FLAGS}, "model_score": said[SCORE],
        "rule_multiplot": found.multiplot, "rule_corrupted": found.corrupted, "rules": list(found.told),
        "score_bound": bound, "caption_score": min(said[SCORE], bound),
    }  # fmt: skip
