"""The model reader: what a text model, asked on its own endpoint, reads in each sentence of an answer (decision 22).

It is told the question, what was answered before, and the sentence: no picture, no annotations, not what was stated. It
says how the words go together; what a word means is in the lexicon (`word_content`). A reply that is not of the form is
no reading, and a word of content that no claim answers for leaves the sentence not understood.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.asking.request import Asks, Reply, Request, Sampling, Served
from curation.generation.asked_model import AskedModel
from curation.generation.claim_forms import LONGEST_WORDS, WORDS, checked, reading_definitions, reading_types
from curation.generation.prompt import Prompt, harmless, prompt, render
from curation.generation.readers import Answered, Reading
from curation.generation.reply_json import whole_json
from curation.generation.stated_claims import Told, claims_of
from curation.generation.word_content import Quoted, left_over
from curation.pictures.boxes import DIALECT_WORDS, Dialect
from curation.verification.claims import Annotations, ExtractedClaim
from schemas.errors import RecipeError, ReplyError
from schemas.labels import LabelScheme, Truth

TASK = "read"
FIELDS = ("claims", "left_over")
MOST_READ = 12
"""Claims of a sentence, and pieces that are left over."""
LONGEST_DETAIL = 300


class ReaderModel(AskedModel):
    """`[reader]` of a corpus file: who reads back what the model of `[generation]` wrote, and how it draws."""

    prompt: str = "reader"
    """A door of `prompts/` with a task `read`."""


@dataclass(frozen=True)
class ReadBack:
    """All that a model's readings depend on, besides what is read: a part of the step's configuration."""

    served: Served
    prompt: Prompt
    sampling: Sampling


def read_back(wanted: ReaderModel) -> ReadBack:
    """The configuration of a reader. Raises RecipeError where its prompt is not there or its form is another one."""
    door = reader_door(wanted.prompt)
    return ReadBack(wanted.served, door, wanted.sampling(door.task[TASK].max_tokens(0)))


def reader_door(name: str) -> Prompt:
    """A reader's prompt. Raises RecipeError where its form is not the two lists that are read."""
    door = prompt(name).only(TASK).model_copy(update={"turns": {}})
    found = sorted(door.task[TASK].form.get("properties", {}))
    if found != sorted(FIELDS):
        raise RecipeError(
            f"prompt {name}: task {TASK}: its form has {', '.join(found) or 'nothing'}, expected {', '.join(FIELDS)}"
        )
    return door


@dataclass(frozen=True)
class ModelReader:
    """A `Reader` that asks a served model, one request a sentence; all that is read at a time is asked at once."""

    asks: Asks
    how: ReadBack

    def __call__(self, asked: Sequence[Answered], scheme: LabelScheme, dialect: Dialect) -> list[tuple[Reading, ...]]:
        """Raises ModelError where the server is gone, is another one, or is needed and not named."""
        requests = [self.request(one, at, scheme, dialect) for one in asked for at in range(len(one.sentences))]
        replies = iter(self.asks.ask(requests) if requests else ())
        return [
            tuple(reading_of(reply, text, scheme, dialect) for text, reply in zip(one.sentences, replies, strict=False))
            for one in asked
        ]

    def request(self, one: Answered, at: int, scheme: LabelScheme, dialect: Dialect) -> Request:
        """The question for one sentence: what goes before it, then the sentence, each between its fences."""
        lines = {
            "answer": [f"Question: {one.question}", *one.sentences[:at]],
            "sentence": [one.sentences[at]],
            "glossary": [f"{label}: {each.definition}" for label, each in scheme.labels.items()],
        }
        words = {"dialect": DIALECT_WORDS[dialect]}
        told = render(self.how.prompt, TASK, lines, words, reading_definitions(scheme))
        return Request(self.how.served, told.system, told.text, None, told.form, self.how.sampling)


def reading_of(reply: Reply, sentence: str, scheme: LabelScheme, dialect: Dialect) -> Reading:
    """What a reply read in a sentence. One that is not of the form is no reading, and says why."""
    try:
        quoted, claims, rest = _checked(reply, sentence, scheme)
    except ReplyError as error:
        return Reading(is_understood=False, by="model", detail=str(error)[:LONGEST_DETAIL])
    rest = [*rest, *left_over(sentence, quoted, scheme, dialect)]
    if harmless(sentence) != sentence:
        rest = [*rest, "signs that the model was not shown"]
    said = f"left over: {'; '.join(rest)}"[:LONGEST_DETAIL] if rest else ""
    return Reading(claims, not rest, "model", said)


def _checked(
    reply: Reply, sentence: str, scheme: LabelScheme
) -> tuple[list[Quoted], tuple[ExtractedClaim, ...], list[str]]:
    """The claims of a reply with their words, the same as claims that can be verified, and what it left over.

    Raises ReplyError for a reply that is cut, no JSON or of another form, and where words are not in the sentence.
    """
    found = whole_json(reply)
    if not isinstance(found, dict) or found.keys() != set(FIELDS):
        said = ", ".join(sorted(map(str, found))) if isinstance(found, dict) else f"a {type(found).__name__}"
        raise ReplyError(f"wrong-form: found {said[:120] or 'nothing'}, expected {', '.join(FIELDS)}")
    for name in FIELDS:
        if not isinstance(found[name], list) or len(found[name]) > MOST_READ:
            raise ReplyError(
                f"wrong-form: {name}: found {str(found[name])[:80]!r}, expected a list of {MOST_READ} at most"
            )
    if not all(isinstance(one, str) for one in found["left_over"]):
        raise ReplyError(f"wrong-form: left_over: found {str(found['left_over'])[:80]!r}, expected texts")
    told = Told(Annotations("", "", scheme, dict.fromkeys(scheme.labels, Truth.UNKNOWN)), {})
    pairs = [_claim(one, sentence, told) for one in found["claims"]]
    claims = {each.claim.content: each for _, some in pairs for each in some}
    return [one for one, _ in pairs], tuple(claims.values()), [one for one in found["left_over"] if one.strip()]


def _claim(found: object, sentence: str, told: Told) -> tuple[Quoted, list[ExtractedClaim]]:
    """A claim with the place of its words in the sentence."""
    words = found.get(WORDS) if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(words, str) or not 0 < len(words.strip()) <= LONGEST_WORDS:
        raise ReplyError(f"wrong-form: claim: found {str(found)[:120]!r}, expected one with the words that make it")
    start = sentence.casefold().find(words.strip().casefold())
    if start < 0 or len(sentence.casefold()) != len(sentence):
        raise ReplyError(f"wrong-form: claim: its words {words[:80]!r} are not in the sentence")
    try:
        claim: Mapping[str, Any] = checked(
            {name: one for name, one in found.items() if name != WORDS}, reading_types(told.known.scheme)
        )
        made = claims_of(claim, told)
    except ReplyError as error:
        raise ReplyError(f"wrong-form: {error}") from error
    end, is_possible = start + len(words.strip()), claim.get("state") == "possible"
    return Quoted(claim, start, end), [
        ExtractedClaim(one, start, end, sentence[start:end], is_hedged=is_possible) for one in made
    ]
