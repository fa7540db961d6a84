"""How the server that answers by rule rates a figure and its caption: by its words and its picture.

It is gullible on purpose: a caption that asks for a score gets it, so that whoever bounds scores has something to do.
"""

import re
from typing import Any

import numpy as np

from schemas.pictures import opened

RATED = {"has_multiplot", "is_astromap", "is_corrupted", "caption_score"}
CAPTION = re.compile(r"^<<<CAPTION\n(.*?)\nCAPTION>>>", re.DOTALL | re.MULTILINE)
ORDER = re.compile(r"\b(?:score|rate|rating|give)\b.{0,40}?\b(10|[0-9])\b", re.IGNORECASE)
PANELS = re.compile(r"\bpanels?\b|\binset\b|\bleft\b.*\bright\b", re.IGNORECASE | re.DOTALL)
ON_THE_SKY = re.compile(
    r"\b(map|mosaic|contours?|image of|radio image|continuum|cutout|field|sky|beam)\b", re.IGNORECASE
)
LEAST_DARK = 0.2  # of a map, which is seldom white
WHITE = 200
SHORT, BEST = 4, 10


def rating(text: str, png: bytes | None) -> dict[str, Any]:
    """The fields of a rating, the same for the same caption and picture."""
    found = CAPTION.search(text)
    caption = found[1] if found else ""
    words = re.findall(r"\w+", caption)
    order = ORDER.search(caption)
    score = min(BEST, SHORT + len(set(map(str.lower, words))) // 3)
    return {
        "has_multiplot": bool(PANELS.search(caption)),
        "is_astromap": bool(ON_THE_SKY.search(caption)) and _is_dark(png),
        "is_corrupted": bool(re.search(r"[\\$?]{2}|\b(the|of|and|with)$", caption)),
        "caption_score": int(order[1]) if order else score,
    }


def _is_dark(png: bytes | None) -> bool:
    if png is None:
        return False
    grey = np.asarray(opened(png, "the picture asked about").convert("L").resize((64, 64)))
    return float((grey < WHITE).mean()) >= LEAST_DARK
