"""What the server that answers by rule says: pairs and rewordings made from the caption it is shown, scores, a look.

A share of what it says is wrong on purpose, so that whoever checks has something to find. The same request gets the
same answer; another seed other words.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from curation.asking.rule_choices import closed_answer, options_of
from schemas.fingerprint import choose, fraction
from schemas.pictures import opened

CAPTION = re.compile(r"<<<CAPTION\n(.*?)\nCAPTION>>>", re.DOTALL)
N_PAIRS = re.compile(r"at least (\d+) pairs")
DENIAL = re.compile(r"No (.+?) (?:is|are|has|have|needs?|surrounds?|stands?|crosses|cross|lies?|can)\b")
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
COUNT = re.compile(rf"(?i)^(?:there (?:is|are) )?(?:\d+|{'|'.join(NUMBERS)})\b")
BOX = re.compile(r"[\[{(]\s*(?:\"?\w+\"?\s*[:=]\s*)?\d+(?:\.\d+)?\s*,")
SWAPS = (("FR-II", "FR-I"), ("FR-I", "FR-II"), ("compact", "extended"), ("extended", "compact"),
         ("single", "several"), ("MHz", "GHz"), ("left", "right"), ("upper", "lower"))  # fmt: skip
QUESTIONS = {
    "denial": ("Is any {subject} seen in the image?", "Does this image show any {subject}?",
               "Would you say that there is any {subject} in this map?"),
    "count": ("How many such sources are there in the image?", "What is the number of sources here?",
              "Can you count the sources of this kind?"),
    "box": ("Where does this object lie in the image?", "What is the bounding box of the object?"),
    "map": ("What kind of image is this?", "What is known of the map that this image is taken from?",
            "From which sort of observation does the image come?"),
    "else": ("What stands out in the image?", "What can be said of the content of the image?",
             "Which morphology is visible here?", "What would an astronomer note in this picture?"),
}  # fmt: skip
SAME = ((" is visible", " can be seen"), (" are visible", " can be seen"), ("The picture shows", "This image presents"),
        ("There is", "The image contains"), ("There are", "The image contains"),
        ("This is a cutout", "What is shown is a cutout"),
        ("The image is a cutout", "Shown here is a cutout"))  # fmt: skip
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
    """The reply: JSON where a form is asked for, an option of a closed question, else a sentence."""
    sentences = caption_sentences(asked.text)
    fields = set((asked.form or {}).get("properties", {}))
    if asked.form is None:
        options = options_of(asked.text) if asked.png is not None else []
        seen = look(asked.png)
        return closed_answer(asked.text, options, seen, asked.error_share, asked.earlier) if len(options) > 1 else seen
    if fields == {"pairs"} and sentences:
        return json.dumps({"pairs": pairs(asked, sentences)})
    if fields == {"text"} and sentences:
        return json.dumps({"text": reworded(asked, sentences)})
    return json.dumps(_filled(asked.form, asked, "reply"))


def caption_sentences(text: str) -> list[str]:
    """The sentences between the fences of the caption."""
    found = CAPTION.search(text)
    lines = found.group(1).splitlines() if found else []
    return [one for line in lines for one in re.split(r"(?<=[.?!])\s+(?=[A-Z])", line.strip()) if one]


def pairs(asked: Asked, sentences: Sequence[str]) -> list[dict[str, str]]:
    """As many questions with answers as are asked for, each about another sentence."""
    wanted = N_PAIRS.search(asked.text)
    most = asked.form["properties"]["pairs"].get("maxItems", 12) if asked.form else 12
    n = min(int(wanted.group(1)) if wanted else 3, most, len(sentences))
    chosen = sorted(sentences, key=lambda one: fraction(asked.key("which", one)))[:n]
    return [_pair(asked, sentence) for sentence in chosen]


def reworded(asked: Asked, sentences: Sequence[str]) -> str:
    """Every sentence once in other words, the first one first."""
    rest = sorted(sentences[1:], key=lambda one: fraction(asked.key("order", one)))
    return " ".join(_said(asked, sentence) for sentence in [*sentences[:1], *rest])


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


def _pair(asked: Asked, sentence: str) -> dict[str, str]:
    kind, subject = _kind(sentence)
    question = choose(QUESTIONS[kind], asked.key("question", sentence)).format(subject=subject)
    said = _said(asked, sentence)
    if kind == "denial":
        said = f"No, {said[0].lower()}{said[1:]}" if said.startswith("No ") else f"Yes. {said}"
    return {"question": question, "answer": said}


def _kind(sentence: str) -> tuple[str, str]:
    denied = DENIAL.match(sentence)
    if denied and "pixel" not in denied[1]:  # "is any pixel seen?" asks for nothing
        return "denial", denied.group(1)
    if BOX.search(sentence):
        return "box", ""
    if COUNT.search(sentence):
        return "count", ""
    return ("map", "") if re.search(r"\b(?:map|beam)\b", sentence) else ("else", "")


def _said(asked: Asked, sentence: str) -> str:
    """The sentence in words that mean the same; now and then, wrong."""
    if fraction(asked.key("wrong", sentence)) < asked.error_share:
        return _wrong(sentence, asked.key("how", sentence))
    for this, that in SAME:
        if this in sentence and fraction(asked.key(this, sentence)) < HALF:
            sentence = sentence.replace(this, that, 1)
    return sentence


def _wrong(sentence: str, key: str) -> str:
    """The sentence with one thing changed so that it no longer holds."""
    ways: list[Callable[[str], str]] = [_miscounted, _swapped, _denied]
    at = int(fraction(key) * len(ways))
    tried = (way(sentence) for way in [*ways[at:], *ways[:at]])
    return next((one for one in tried if one != sentence), f"It is not true that {sentence[0].lower()}{sentence[1:]}")


def _miscounted(sentence: str) -> str:
    for word, more in zip(NUMBERS, NUMBERS[1:], strict=False):
        if re.search(rf"(?i)\b{word}\b", sentence) and COUNT.search(sentence):
            return re.sub(rf"(?i)\b{word}\b", lambda found, more=more: _cased(more, found.group()), sentence, count=1)
    return re.sub(r"\b\d+\b", lambda found: str(int(found.group()) + 1), sentence, count=1)


def _swapped(sentence: str) -> str:
    for this, that in SWAPS:
        if re.search(rf"\b{re.escape(this)}\b", sentence, re.IGNORECASE):
            return re.sub(
                rf"\b{re.escape(this)}\b", lambda found, that=that: _cased(that, found.group()), sentence,
                count=1, flags=re.IGNORECASE,
            )  # fmt: skip
    return sentence


def _denied(sentence: str) -> str:
    denied = DENIAL.match(sentence)
    if denied and "pixel" not in denied[1]:  # "is any pixel seen?" asks for nothing
        return f"{_cased(denied.group(1), 'A')} can clearly be seen."
    seen = re.match(r"(.+?) (?:is|are) visible", sentence)
    return f"No {seen.group(1)[0].lower()}{seen.group(1)[1:]} can be seen." if seen else sentence


def _cased(word: str, like: str) -> str:
    return f"{word[0].upper()}{word[1:]}" if like[0].isupper() else word


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
