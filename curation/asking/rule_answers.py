"""What the server that answers by rule says: turns made from its caption, readings, scores, a look.

A share of what it says is wrong on purpose, so that whoever checks has something to find. The same request gets the
same answer; another seed other words.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from curation.asking.rule_boxes import asks_for_boxes, boxes_in_words
from curation.asking.rule_choices import closed_answer, options_of
from curation.asking.rule_rating import RATED, rating
from curation.asking.rule_reading import reading
from curation.asking.rule_turns import caption_statements, n_turns, turns
from schemas.fingerprint import fraction
from schemas.pictures import opened

GREY_LEVELS, N_CELLS, HALF = 256, 16, 0.5


@dataclass(frozen=True)
class Asked:
    """What a request asked: its words, its picture, the form of the reply, and what decides the words of the answer."""

    text: str
    png: bytes | None
    form: dict[str, Any] | None
    seed: int
    error_share: float
    earlier: tuple[str, ...] = ()
    """What was answered in earlier turns: examples."""

    def key(self, *parts: object) -> str:
        """A key for choices: another one for another seed, text or part."""
        return ":".join(map(str, (self.seed, self.text, *parts)))


def answer(asked: Asked) -> str:
    """The reply: JSON where a form is asked for, an option of a closed question, boxes, else a sentence."""
    statements = caption_statements(asked.text)
    fields = set((asked.form or {}).get("properties", {}))
    if asked.form is None:
        options = options_of(asked.text) if asked.png is not None else []
        if asked.png is not None and len(options) < 2 and asks_for_boxes(asked.text):  # noqa: PLR2004
            return boxes_in_words(asked.text, asked.png)
        seen = look(asked.png)
        return closed_answer(asked.text, options, seen, asked.error_share, asked.earlier) if len(options) > 1 else seen
    if fields == {"turns"} and statements:
        return turns(statements, n_turns(asked.text, asked.form), asked.key(), asked.error_share)
    if fields == RATED:
        return json.dumps(rating(asked.text, asked.png))
    if fields == {"claims", "left_over"}:
        return reading(asked.text, asked.form, asked.key(), asked.error_share)
    return json.dumps(_filled(asked.form, asked, "reply"))


def look(png: bytes | None) -> str:
    """What meets the eye: how bright the picture is, and where most."""
    if png is None:
        return "I was given no picture."
    picture = opened(png, "the picture asked about").convert("L")
    grey = np.asarray(picture.resize((N_CELLS, N_CELLS), Image.Resampling.BOX), dtype=float)
    if np.ptp(grey) < 1:
        return f"An even surface of brightness {int(grey.mean())}, with nothing on it."
    y, x = np.unravel_index(int(grey.argmax()), grey.shape)
    height, side = ("upper" if 2 * y < N_CELLS else "lower"), ("left" if 2 * x < N_CELLS else "right")
    share = float((grey > GREY_LEVELS / 2).mean())
    return f"A picture of brightness {int(grey.mean())}, brightest at the {height} {side}, {share:.0%} of it bright."


def _filled(form: dict[str, Any], asked: Asked, where: str) -> Any:
    """Anything that obeys the form; the same for the same request."""
    drawn = fraction(asked.key(where, look(asked.png)))
    if "const" in form or "enum" in form:
        options = form.get("enum") or [form["const"]]
        return options[int(drawn * len(options))]
    match form.get("type"):
        case "object":
            return {name: _filled(one, asked, f"{where}.{name}") for name, one in form.get("properties", {}).items()}
        case "array":
            n = max(form.get("minItems", 1), min(2, form.get("maxItems", 2)))
            return [_filled(form.get("items", {}), asked, f"{where}.{k}") for k in range(n)]
        case "integer":
            least, most = form.get("minimum", 0), form.get("maximum", 10)
            return max(least, most - int(drawn * 4))  # a judge who is seldom severe
        case "number":
            return round(form.get("minimum", 0) + drawn * (form.get("maximum", 1) - form.get("minimum", 0)), 3)
        case "boolean":
            return drawn < HALF
        case _:
            return look(asked.png)[: form.get("maxLength", 500)].ljust(form.get("minLength", 0), ".")
