"""Replies as pairs of question and answer: strict where the reply is whole, piece by piece where it is broken.

A pair is taken as it stands or refused with a reason; nothing is guessed, repaired or filled in.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curation.asking.request import Reply
from curation.words.flags import is_repetitive, names_caption
from curation.words.language import is_wrong_language
from schemas.conversation import Turn

LONGEST_RAW = 3000
"""Characters of a reply that are kept with its refusal; all of it is in the store's replies."""
MOST_PAIRS = 50
LONGEST_REPLY = 200_000
MEMBER = re.compile(r'\{\s*"(?:question|answer)"')
DECLINED = re.compile(
    r"""(?ix) ^\W* (?: i['’]?m[ ]sorry | i[ ]am[ ]sorry | sorry | i[ ]apologi[sz]e | unfortunately,[ ]i | as[ ]an[ ]ai
    | i[ ](?:cannot|can['’]t|am[ ]not[ ]able|am[ ]unable) )\b
    | \bi[ ](?:cannot|can['’]t|am[ ]unable[ ]to|am[ ]not[ ]able[ ]to)[ ]
      (?:assist|help|comply|see|view|analy[sz]e|provide)\b"""
)


class Reworded(BaseModel):
    """The reply to a rewording: its form in the prompt's door says the same."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: str = Field(min_length=1)


@dataclass(frozen=True)
class Refused:
    """Something that was found and cannot be used."""

    reason: str
    detail: str
    question: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Read:
    """What a reply gave: pairs, pieces that are none, and what is wrong with the reply as a whole, if anything."""

    pairs: tuple[Turn, ...] = ()
    pieces: tuple[Refused, ...] = ()
    problem: Refused | None = None


def read_pairs(reply: Reply) -> Read:
    """The pairs of a reply, in order.

    A reply that was cut gives the pairs that were whole before the cut: where its JSON closes nevertheless, the last
    pair may be the one that was cut, and is left out.
    """
    if reply.problem and reply.problem != "truncated":
        return Read(problem=Refused(reply.problem, reply.detail))
    body, is_whole = _json(reply.text)
    found = body.get("pairs") if isinstance(body, dict) else body
    problem = None
    if isinstance(found, list):
        members = found[:-1] if reply.problem else found
        strange = sorted(body.keys() - {"pairs"}) if isinstance(body, dict) else []
        problem = Refused("wrong-form", f"not asked for: {', '.join(strange)}"[:300]) if strange else None
        problem = problem if members else Refused("empty", "the list of pairs is empty")
    else:
        members = [] if is_whole else list(_objects(reply.text))
        problem = Refused("wrong-form", "no list of pairs") if is_whole else _no_json(reply.text)
    if reply.problem:
        problem = Refused("truncated", reply.detail or "the reply was cut at the limit of its length")
    sorted_out = [_pair(one) for one in members[:MOST_PAIRS]]
    pairs = tuple(one for one in sorted_out if isinstance(one, Turn))
    return Read(pairs, tuple(one for one in sorted_out if isinstance(one, Refused)), problem)


def read_rewording(reply: Reply) -> str | Refused:
    """The text of a rewording, or why there is none: a part of it is no use."""
    if reply.problem:
        return Refused(reply.problem, reply.detail)
    body, _ = _json(reply.text)
    try:
        text = Reworded.model_validate(body).text.strip()
        return Turn(question="Describe the image.", answer=text).answer
    except ValidationError as error:
        return _no_json(reply.text) if body is None else Refused("wrong-form", _messages(error))


def ill_formed(question: str, answer: str) -> Refused | None:
    """What is wrong with the words of a turn, whatever the picture; None where nothing is.

    Reasons: `refusal`, `echo`, `wrong-language`, `names-caption`, `repetition`.
    """
    if DECLINED.search(answer) or DECLINED.search(question):
        return Refused("refusal", "the model declines", question, answer)
    if _plain(question) == _plain(answer):
        return Refused("echo", "the answer is the question again", question, answer)
    if is_wrong_language(question) or is_wrong_language(answer):
        return Refused("wrong-language", "not English", question, answer)
    if names_caption(question) or names_caption(answer):
        return Refused("names-caption", "it speaks of what only its writer was shown", question, answer)
    if is_repetitive(answer):
        return Refused("repetition", "the same words again and again", question, answer)
    return None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _pair(member: Any) -> Turn | Refused:
    if not isinstance(member, dict):
        return Refused("wrong-form", f"found {json.dumps(member)[:200]}, expected an object")
    question, answer = (member.get(name) for name in ("question", "answer"))
    said = {
        "question": question if isinstance(question, str) else "",
        "answer": answer if isinstance(answer, str) else "",
    }
    blank = [name for name in said if name in member and isinstance(member[name], str) and not member[name].strip()]
    if blank:
        return Refused("empty-turn", f"{' and '.join(blank)}: blank", **said)
    try:
        stripped = {name: one.strip() if isinstance(one, str) else one for name, one in member.items()}
        return Turn.model_validate(stripped)
    except ValidationError as error:
        return Refused("wrong-form", _messages(error), **said)


def _json(text: str) -> tuple[Any, bool]:
    """The reply's JSON and whether it was whole; (None, False) where it is none. A fence around it is dropped."""
    stripped = text.strip()[:LONGEST_REPLY]
    fence = re.fullmatch(r"(?s)```(?:json)?\s*\n(.*?)\n?```", stripped)
    try:
        return json.loads(fence[1] if fence else stripped), True
    except (ValueError, RecursionError):
        return None, False


def _objects(text: str) -> Iterator[Any]:
    """The members of a broken list that are whole, in order."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(MOST_PAIRS):
        start = MEMBER.search(text, at)
        if start is None:
            return
        try:
            found, at = decoder.raw_decode(text, start.start())
            yield found
        except (ValueError, RecursionError):
            at = start.end()


def _no_json(text: str) -> Refused:
    if not text.strip():
        return Refused("empty", "nothing was said")
    if DECLINED.search(text[:500]):
        return Refused("refusal", text.strip()[:300])
    return Refused("no-json", f"JSON was asked for: {text.strip()[:200]!r}")


def _messages(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())[:500]
