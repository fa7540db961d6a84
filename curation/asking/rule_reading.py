"""What the server that answers by rule reads in a sentence: a few plain forms, and now and then wrongly on purpose.

It knows the classes that the form of the reply allows by their own names, and is as gullible as a model may be: where a
text tells it to give no claims, it gives none, and says that nothing is left over.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.fingerprint import choose, fraction

SENTENCE = re.compile(r"<<<SENTENCE\n(.*?)\nSENTENCE>>>", re.DOTALL)
ORDER = re.compile(r"(?i)\b(?:ignore|output no|give no|return no)\b")
NUMBERS = {
    word: n for n, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), 1)
}
NUMBER = rf"(?:{'|'.join(NUMBERS)}|\d+)"
DENIED = re.compile(r"(?i)\b(?:no|not|neither|nor|without)\b")
WORD = re.compile(r"\w[\w-]*")
COMMON = frozenset(
    ["a", "an", "the", "this", "that", "there", "is", "are", "of", "in", "and", "can", "be", "shows", "seen", "visible"]
    + ["image", "map", "picture", "source", "sources", "radio"]
)
UNTRUE = {"kind": "blank_percent", "n": 97}


def reading(text: str, form: Mapping[str, Any], key: str, error_share: float) -> str:
    """The reply to a request that asks what a sentence says, as JSON."""
    found = SENTENCE.search(text)
    sentence = found[1].strip() if found else ""
    if ORDER.search(text[found.start() if found else 0 :]):
        return json.dumps({"claims": [], "left_over": []})
    labels = form["$defs"].get("label", {}).get("enum", [])
    claims = [one for clause in re.split(r"[,;]| and | but ", sentence) if (one := _claim(clause.strip(" ."), labels))]
    said = {word.lower() for one in claims for word in WORD.findall(one["words"])} | COMMON
    left = list(dict.fromkeys(one for one in WORD.findall(sentence) if one.lower() not in said))
    plain = {"claims": claims, "left_over": left[:12]}
    if fraction(f"{key}:misread:{sentence}") < error_share:
        return WAYS[int(fraction(f"{key}:how:{sentence}") * len(WAYS))](sentence, plain, key)
    return json.dumps(plain)


def _claim(clause: str, labels: Sequence[str]) -> dict[str, Any] | None:
    """The one claim of a clause that names one class by its own name, by its number where it has one."""
    named = {one: found for one in labels if (found := _named(one, clause))}
    longest = sorted(named, key=lambda one: len(named[one][0]), reverse=True)
    if not longest:
        return None
    label = longest[0]
    count = re.search(rf"(?i)\b({NUMBER})\s+(?:\w+\s+)?$", clause[: named[label].start()])
    if count:
        n = NUMBERS.get(count[1].lower()) or int(count[1])
        words = clause[count.start() :]
        return {"words": words, "kind": "count", "what": label, "bound": "exactly", "n": min(n, 999)}
    state = "absent" if DENIED.search(clause) else "present"
    return {"words": clause, "kind": "presence", "label": label, "state": state}


def _named(label: str, clause: str) -> re.Match[str] | None:
    return re.search(rf"(?i)(?<![\w-]){re.escape(label.replace('_', ' '))}(?![\w-])", clause)


def _more(sentence: str, plain: Mapping[str, Any], key: str) -> str:
    """A claim that the sentence does not make."""
    return json.dumps({**plain, "claims": [*plain["claims"], {"words": sentence[:400], **UNTRUE}]})


def _elsewhere(sentence: str, plain: Mapping[str, Any], key: str) -> str:
    """Words that are not in the sentence."""
    return json.dumps({**plain, "claims": [{"words": "twelve pulsars", **UNTRUE}]})


WAYS: Sequence[Callable[[str, Mapping[str, Any], str], str]] = (
    lambda sentence, plain, key: json.dumps({"claims": [], "left_over": []}),
    lambda sentence, plain, key: json.dumps({**plain, "left_over": []}),
    _more,
    _elsewhere,
    lambda sentence, plain, key: json.dumps({**plain, "sure": True}),
    lambda sentence, plain, key: json.dumps(plain)[: choose((5, 20, 40), key)],
)
"""Nothing is said; nothing is left over; too much is said; words of its own; another form; cut."""
