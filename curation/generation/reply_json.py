"""The JSON of a reply that is wanted whole or not at all."""

import json
from typing import Any

from curation.asking.request import Reply
from schemas.errors import ReplyError


def whole_json(reply: Reply) -> Any:
    """What a reply says. Raises ReplyError, whose message begins with the reason in a word, then a colon.

    The problems of a reply (`curation.asking.request.PROBLEMS`), and `no-json`.
    """
    if reply.problem:
        raise ReplyError(f"{reply.problem}: {reply.detail or reply.finish_reason or 'no further detail'}")
    try:
        return json.loads(reply.text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"no-json: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, refused where a name stands twice: nothing may hide another."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found
