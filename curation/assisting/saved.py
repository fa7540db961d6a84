"""A conversation as a file: a record of LLaVA's form, as a hand-over has them, so that other commands read it."""

import json
from typing import Any

from pydantic import ValidationError

from curation.assisting.known import as_file
from curation.assisting.talk import Talk
from schemas.errors import RecipeError
from schemas.llava import image_path, llava_record, sample_id_of


def conversation(talk: Talk) -> str:
    """A list of one record. Raises RecipeError where nothing was said yet, or a text may not stand in a hand-over."""
    turns = [(one.question.strip(), one.answer.strip()) for one in talk.turns]
    if not turns:
        raise RecipeError("nothing was asked yet: there is no conversation to save")
    sha256 = talk.sight.sha256
    try:
        record = llava_record(sample_id_of(sha256, turns), image_path(sha256), turns)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RecipeError(f"this conversation cannot be a sample: {first['msg']}") from None
    return _text([record.as_json()])


def annotations(talk: Talk) -> str:
    """What the answers were held against, as `curation claims --objects` reads it."""
    return _text(as_file(talk.known.annotations))


def _text(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
