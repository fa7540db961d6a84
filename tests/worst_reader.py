"""The worst reader that could be: it knows the picture, and gives whatever true claims would let a sentence through.

For tests: what it gets through shows what the check of words lets pass, whichever model reads and whatever was stated.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from curation.extraction.tokens import Token, tokens_of
from curation.generation import word_content
from curation.generation.claim_forms import BOUNDS, PLACES, SHARES, STATES, checked, reading_types
from curation.generation.stated_claims import Told, claims_of
from curation.generation.word_content import Quoted, left_over
from curation.pictures.boxes import Dialect
from curation.verification.claims import ANY_OBJECT, Annotations, Claim, ExtractedClaim
from curation.verification.verify import Judgement, verify
from schemas.errors import ReplyError

LONGEST = 14
"""Tokens of a claim's words that are tried."""


def passes(
    text: str, known: Annotations, dialect: Dialect = "xyxy_norm", *, may_say: Callable[[Claim], bool] | None = None
) -> list[dict[str, Any]] | None:
    """Claims with words that let the text through, all true of the picture, or as `may_say` has it; else None."""
    scheme, tokens = known.scheme, tokens_of(text, known.scheme, dialect)
    content = [one for one in tokens if word_content.is_content(one)]
    if not content or any(not word_content.is_known(at, tokens) for at in range(len(tokens))):
        return None
    may_say = may_say or (lambda one: verify(ExtractedClaim(one, 0, 0), known).judgement is Judgement.SUPPORTED)
    spans = {word_content.span_of(one, tokens): one for one in _quotes(text, tokens, known, may_say)}

    def chosen(open_: Sequence[Token], so_far: list[Quoted]) -> list[Quoted] | None:
        if not open_:
            return None if left_over(text, so_far, scheme, dialect) else so_far
        tried = (
            chosen([one for one in open_ if not word_content.is_inside(one, each)], [*so_far, each])
            for each in spans.values()
            if word_content.is_inside(open_[0], each)
        )
        return next((one for one in tried if one), None)

    found = chosen(content, [])
    return found and [{**one.claim, "words": text[one.start : one.end]} for one in found]


def _quotes(
    text: str, tokens: Sequence[Token], known: Annotations, may_say: Callable[[Claim], bool]
) -> Iterator[Quoted]:
    """Every claim that may be said, with every run of words that has its content."""
    told, types = Told(known, {}), reading_types(known.scheme)
    for at in range(len(tokens)):
        for end in range(at + 1, min(len(tokens), at + LONGEST) + 1):
            for claim in _claims(tokens[at:end], known):
                quoted = Quoted(claim, tokens[at].start, tokens[end - 1].end)
                if not word_content.answers(quoted, tokens):
                    continue
                try:
                    made = claims_of(checked(claim, types), told)
                except ReplyError:
                    continue
                if all(map(may_say, made)):
                    yield quoted


def _claims(held: Sequence[Token], known: Annotations) -> Iterator[dict[str, Any]]:
    """Every claim of the vocabulary about what some words name."""
    named = {each for one in held if one.category in word_content.NAMES for each in word_content.labels_of(one)}
    labels = sorted(named & known.scheme.labels.keys())
    values = sorted({str(one.value) for one in held if one.category in word_content.VALUED})
    content = word_content.content_of(held)
    numbers = sorted({0, *(int(one) for one in content.numbers)})
    places = sorted({one.removeprefix("place ") for one in content.words} & set(PLACES))
    for what in (ANY_OBJECT, *labels):
        yield from _about(what, labels, values, numbers, places)
        yield from (
            {"kind": "box", "what": what, "corners": [round(1000 * edge) for edge in box]} for box in content.boxes
        )
    for label in labels:
        yield {"kind": "only", "label": label}
        yield from ({"kind": "presence", "label": label, "state": state} for state in STATES)
    for n in numbers:
        yield {"kind": "blank_percent", "n": n}
        yield from ({"kind": "structure", "what": part, "n": n} for part in ("islands", "peaks"))
    for state in STATES:
        yield from ({"kind": "border", "where": where, "state": state} for where in ("blank", "edge"))
        kinds = ("ORDINARY", "COMPLEX", "PECULIAR")
        yield from ({"kind": "peculiarity", "content": one, "state": state} for one in kinds)
    yield {"kind": "fact", "fact": "map"}


def _about(
    what: str, labels: Sequence[str], values: Sequence[str], numbers: Sequence[int], places: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Those of one class, or of sources."""
    for n in numbers:
        yield from ({"kind": "count", "what": what, "bound": bound, "n": n} for bound in BOUNDS)
        yield from ({"kind": "count_at", "what": what, "n": n, "place": place} for place in places)
    for place in places:
        yield from ({"kind": "place", "what": what, "share": one, "place": place} for one in ("one", "all", "most"))
        yield from ({"kind": "extreme", "what": what, "is": one, "place": place} for one in values)
    for how in values:
        yield from ({"kind": "compare", "what": what, "is": how, "than": other} for other in (ANY_OBJECT, *labels))
        yield from ({"kind": "extreme_class", "what": what, "is": how, "label": label} for label in labels)
    for share in SHARES:
        yield from ({"kind": "share", "label": label, "share": share, "of": what} for label in labels)
