"""What a reply says when its thinking is over: served models write that into the reply where nothing takes it out.

Nothing but the standard library is used here: an exported lmms-eval task carries this file along.
"""

import html
import re

TAG = (
    r"(?:THINK(?:ING)?|THOUGHTS?|REASON(?:ING)?|ANALYSIS|REFLECTION|SCRATCH_?PAD|COT|CHAIN_OF_THOUGHT|MEDITATION|"
    r"REDACTED_\w+)"
)
# <think>, [THINK], <|begin_of_thought|>, ◁think▷, <seed:think>; the closing one alone where the template opens it.
OPENED = re.compile(rf"[<\[◁]\s*\|?\s*(?:BEGIN_OF_)?(?:\w+:)?{TAG}\b[^<>\[\]▷]*[>\]▷]", re.IGNORECASE)
CLOSED = re.compile(
    rf"[<\[◁]\s*(?:/\s*\|?|\|?\s*/|\|?\s*END_OF_)\s*(?:\w+:)?{TAG}\s*\|?\s*[>\]▷]|<unused95>", re.IGNORECASE
)
EMPTY = re.compile(rf"<\s*{TAG}\s*/\s*>", re.IGNORECASE)
CHANNEL = re.compile(r"<\|?channel\|?>\s*(\w*)(?:\s*<\|message\|>)?|<(unused94)>", re.IGNORECASE)
SAID = re.compile(
    r"<\s*(answer|response|final_answer|solution)\s*>(.*?)(?:<\s*/\s*\1\s*>|$)|"
    r"<\|begin_of_(?:box|solution)\|>(.*?)(?:<\|end_of_(?:box|solution)\|>|$)|"
    r"\\boxed\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}?",
    re.IGNORECASE | re.DOTALL,
)
SPECIAL = re.compile(r"<\|[\w /-]*\|>|</s>|<eos>|<end_of_(?:turn|utterance)>|<point\b[^<>]*>|</point>", re.IGNORECASE)
TYPESET = re.compile(r"\\(?:text|math)?(?:text|rm|bf|it|tt|sf|bfseries)\s*(?=\{)|\\[,;! ]|[{}$]|\\[()\[\]]")


def spoken(reply: str) -> str:
    """What a reply says when its thinking is over; empty where that does not end. Marks of the final answer are off."""
    text = EMPTY.sub("", html.unescape(reply))
    channels = list(CHANNEL.finditer(text))
    if channels:
        last = channels[-1]
        is_final = (last[1] or "").lower() in ("final", "response", "answer", "") and not last[2]
        text = text[last.end() :] if is_final else text[last.start() :].replace(last[0], "<think>", 1)
    for closed in list(CLOSED.finditer(text))[-1:]:
        text = text[closed.end() :]
    if OPENED.search(text):
        return ""
    found = [(said[2] or said[3] or _typeset(said[4] or "")).strip() for said in SAID.finditer(text)]
    return SPECIAL.sub(" ", "\n".join(dict.fromkeys(found)) if found else text)


def _typeset(box: str) -> str:
    """The words of a LaTeX box."""
    return TYPESET.sub("", box).strip()
