"""Replies as turns: a question, and an answer in sentences, each with the claims that it states.

Strict where the reply is whole, turn by turn where it is broken. A turn is taken as it stands or refused with a reason,
and so is each sentence; nothing is guessed, repaired or filled in.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from curation.asking.request import Reply
from curation.generation.stated_claims import Told, read_claims
from curation.verification.claims import ExtractedClaim
from curation.words.flags import is_repetitive, names_caption
from curation.words.language import is_wrong_language
from schemas.conversation import Turn
from schemas.errors import ReplyError

LONGEST_RAW = 3000
"""Characters of a reply that are kept with its refusal; all of it is in the store's replies."""
MOST_TURNS, MOST_SENTENCES = 50, 12
LONGEST_REPLY = 200_000
MEMBER = re.compile(r'\{\s*"question"')
DECLINED = re.compile(
    r"""(?ix) ^\W* (?: i['’]?m[ ]sorry | i[ ]am[ ]sorry | sorry | i[ ]apologi[sz]e | unfortunately,[ ]i | as[ ]an[ ]ai
    | i[ ](?:cannot|can['’]t|am[ ]not[ ]able|am[ ]unable) )\b
    | \bi[ ](?:cannot|can['’]t|am[ ]unable[ ]to|am[ ]not[ ]able[ ]to)[ ]
      (?:assist|help|comply|see|view|analy[sz]e|provide)\b"""
)


@dataclass(frozen=True)
class Refused:
    """Something that was found and cannot be used."""

    reason: str
    detail: str
    question: str = ""
    answer: str = ""


@dataclass(frozen=True)
class StatedSentence:
    """A sentence as a model wrote it, and what it states; `fault` says why it cannot be used, where it cannot."""

    text: str
    stated: tuple[ExtractedClaim, ...] = ()
    fault: Refused | None = None


@dataclass(frozen=True)
class StatedTurn:
    """A question, and its answer as sentences."""

    question: str
    sentences: tuple[StatedSentence, ...]

    @property
    def answer(self) -> str:
        """All that was written."""
        return " ".join(one.text for one in self.sentences)


@dataclass(frozen=True)
class Read:
    """What a reply gave: turns, pieces that are none, and what is wrong with the reply as a whole, if anything."""

    turns: tuple[StatedTurn, ...] = ()
    pieces: tuple[Refused, ...] = ()
    problem: Refused | None = None


def read_turns(reply: Reply, told: Told) -> Read:
    """The turns of a reply, in order.

    A reply that was cut gives the turns that were whole before the cut: where its JSON closes nevertheless, the last
    turn may be the one that was cut, and is left out.
    """
    if reply.problem and reply.problem != "truncated":
        return Read(problem=Refused(reply.problem, reply.detail))
    body, is_whole = _json(reply.text)
    found = body.get("turns") if isinstance(body, dict) else body
    problem = None
    if isinstance(found, list):
        members = found[:-1] if reply.problem else found
        strange = sorted(body.keys() - {"turns"}) if isinstance(body, dict) else []
        problem = Refused("wrong-form", f"not asked for: {', '.join(strange)}"[:300]) if strange else None
        problem = problem if members else Refused("empty", "the list of turns is empty")
    else:
        members = [] if is_whole else list(_objects(reply.text))
        problem = Refused("wrong-form", "no list of turns") if is_whole else _no_json(reply.text)
    if reply.problem:
        problem = Refused("truncated", reply.detail or "the reply was cut at the limit of its length")
    sorted_out = [_turn(one, told) for one in members[:MOST_TURNS]]
    turns = tuple(one for one in sorted_out if isinstance(one, StatedTurn))
    return Read(turns, tuple(one for one in sorted_out if isinstance(one, Refused)), problem)


def ill_worded(text: str) -> tuple[str, str] | None:
    """What is wrong with words, whatever the picture: reason and detail; None where nothing is.

    Reasons: `refusal`, `wrong-language`, `names-caption`, `repetition`.
    """
    if DECLINED.search(text):
        return "refusal", "the model declines"
    if is_wrong_language(text):
        return "wrong-language", "not English"
    if names_caption(text):
        return "names-caption", "it speaks of what only its writer was shown"
    return ("repetition", "the same words again and again") if is_repetitive(text) else None


def _turn(member: Any, told: Told) -> StatedTurn | Refused:
    if not isinstance(member, dict):
        return Refused("wrong-form", f"found {json.dumps(member)[:200]}, expected an object")
    question, answer = member.get("question"), member.get("answer")
    said = {"question": question.strip() if isinstance(question, str) else "", "answer": _said(answer)}
    if member.keys() != {"question", "answer"} or not isinstance(question, str) or not isinstance(answer, list):
        found = ", ".join(sorted(map(str, member)))[:200]
        return Refused("wrong-form", f"found {found}, expected a question and an answer in sentences", **said)
    blank = [name for name, one in said.items() if not one]
    if blank:
        return Refused("empty-turn", f"{' and '.join(blank)}: blank", **said)
    if len(answer) > MOST_SENTENCES:
        return Refused("wrong-form", f"found {len(answer)} sentences, expected {MOST_SENTENCES} at most", **said)
    try:
        Turn(**said)
    except ValidationError as error:
        return Refused("wrong-form", _messages(error), **said)
    return StatedTurn(said["question"], tuple(_sentence(one, told) for one in answer))


def _said(answer: Any) -> str:
    texts = [one.get("text") for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []
    return " ".join(one.strip() for one in texts if isinstance(one, str)).strip()


def _sentence(member: Any, told: Told) -> StatedSentence:
    text = member.get("text") if isinstance(member, dict) else None
    if not isinstance(member, dict) or not isinstance(text, str) or member.keys() != {"text", "claims"}:
        found = ", ".join(sorted(map(str, member))) if isinstance(member, dict) else json.dumps(member)
        detail = f"found {found[:200]}, expected text and claims"
        return StatedSentence(text.strip() if isinstance(text, str) else "", fault=Refused("wrong-form", detail))
    try:
        return StatedSentence(text.strip(), read_claims(member["claims"], told))
    except ReplyError as error:
        return StatedSentence(text.strip(), fault=Refused("wrong-form", str(error)[:500]))


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
    for _ in range(MOST_TURNS):
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
