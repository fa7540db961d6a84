"""Where the server that answers by rule sees something: boxes around what is bright, in the form that was asked for."""

import re

import numpy as np
from scipy import ndimage

from schemas.pictures import opened

ASKS = re.compile(r"(?i)\bbounding box")
ASKS_ALL = re.compile(r"(?i)\b(?:boxes|each|all|every)\b")
Box = tuple[float, float, float, float]
MOST, LEAST_PX, HALF = 5, 6, 0.5
NUMBERS = ("no", "one", "two", "three", "four", "five")


def asks_for_boxes(text: str) -> bool:
    """Whether a question wants boxes in free words."""
    return bool(ASKS.search(text))


def boxes_in_words(text: str, png: bytes) -> str:
    """What is bright in a picture, with boxes: the brightest, or the largest few where all are asked for."""
    found = [_written(one, text) for one in bright_boxes(png)]
    if not found:
        return "No radio source is visible in the image."
    if not ASKS_ALL.search(text):
        return f"A radio source lies at {found[0]}."
    verb, noun = ("is", "radio source") if len(found) == 1 else ("are", "radio sources")
    said = f"There {verb} {NUMBERS[len(found)]} {noun} in the image: {', '.join(found)}."
    return f"{said} I would call the brightest of them beautiful. The image shows no artefacts."


def bright_boxes(png: bytes) -> list[Box]:
    """Boxes around connected pixels brighter than half way from the median to white, the one with the brightest first.

    At most MOST, of LEAST_PX pixels and more; fractions of the picture from the top left.
    """
    grey = np.asarray(opened(png, "the picture asked about").convert("L"), float)
    middle, most = float(np.median(grey)), float(grey.max())
    if most - middle < 1:
        return []
    labels, _ = ndimage.label(grey > middle + HALF * (most - middle))
    found = list[tuple[float, float, Box]]()
    height, width = grey.shape
    for index, where in enumerate(ndimage.find_objects(labels), start=1):
        is_its = labels[where] == index
        if is_its.sum() >= LEAST_PX:
            y, x = where
            box = x.start / width, y.start / height, x.stop / width, y.stop / height
            found.append((float(grey[where][is_its].max()), float(is_its.sum()), box))
    return [box for *_, box in sorted(found, reverse=True)[:MOST]]


def _written(box: Box, asked: str) -> str:
    """A box in the form that a question asks for: corners as fractions, or in thousandths, or centre and size."""
    x_min, y_min, x_max, y_max = box
    if "thousandths" in asked:
        return f"[{', '.join(str(round(1000 * one)) for one in box)}]"
    if "x_center" in asked:
        box = (x_min + x_max) / 2, (y_min + y_max) / 2, x_max - x_min, y_max - y_min
    return f"[{', '.join(f'{one:.3f}' for one in box)}]"
