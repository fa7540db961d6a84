"""Boxes and points of a statement: of the noun before them, else of that after them, else of what was asked."""

from collections.abc import Sequence

from curation.extraction.clauses import Reading
from curation.extraction.constructions import Context
from curation.extraction.tokens import Token
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from schemas.labels import Truth

NAMES = ("np", "adjective", "sign")
BESIDE = frozenset(
    {
        "comma", "and", "semi", "colon", "be", "lie", "have", "there", "a", "the", "at", "span", "dash", "exist",
        "visible", "by", "to", "of", "quote", "lpar", "rpar", "box_word", "see", "image", "with",
    }
)  # fmt: skip
"""Words that may stand between a noun and its box."""


def boxed(tokens: Sequence[Token], asked: str | None, context: Context) -> Reading | None:
    """The boxes of a statement as claims, with the numbers said of them; None where it has none or says more.

    A number that differs from that of the boxes, or nouns on both sides of them, are not understood.
    """
    boxes = [one for one in tokens if one.category in ("box", "point")]
    if not boxes or any(one.is_denied or one.category not in (*NAMES, "box", "point", *BESIDE) for one in tokens):
        return None
    if any(one.value.is_beyond and len(one.value.numbers) != (2 if one.category == "point" else 4) for one in boxes):  # noqa: PLR2004
        return None
    content = [one for one in tokens if one.category in (*NAMES, "box", "point")]
    content = _without_generic(content)
    names = [one for one in content if one.category in NAMES]
    if names and content[0].category in NAMES and content[-1].category in NAMES:
        return None
    is_after = bool(names) and content[0].category not in NAMES
    if is_after and content[-1].category not in NAMES:
        return None
    found: list[ExtractedClaim] = []
    for name, some in _by_name(list(reversed(content)) if is_after else content):
        made = _of_one(name, some[::-1] if is_after else some, asked, context)
        if made is None:
            return None
        found += made
    is_total = any(one.category in ("there", "colon", "have") for one in tokens)
    found = [one for one in found if is_total or (one.claim.kind, one.claim.count) != ("count", 1)]  # "one … lies at"
    return Reading(tuple(sorted(found, key=lambda one: one.start)), context.noun)


def _without_generic(content: Sequence[Token]) -> Sequence[Token]:
    """As in "The source in the box … is an artefact": the first noun says nothing that the last does not."""
    first, last = content[0], content[-1]
    if (
        first.category != "np"
        or last.category not in NAMES
        or len(first.value.nouns) != 1
        or content[1].category in NAMES
    ):
        return content
    (noun,) = first.value.nouns
    is_plain = noun.is_definite and not (
        noun.is_plural or noun.amount or noun.places or noun.is_restricted or noun.extreme or noun.is_other
    )
    return content[1:] if noun.subject == ANY_OBJECT and is_plain else content


def _by_name(content: Sequence[Token]) -> list[tuple[Token | None, list[Token]]]:
    """Each name with the boxes that follow it."""
    found: list[tuple[Token | None, list[Token]]] = [(None, [])]
    for one in content:
        if one.category in NAMES:
            found.append((one, []))
        else:
            found[-1][1].append(one)
    return found if found[0][1] else found[1:]


def _of_one(
    name: Token | None, boxes: Sequence[Token], asked: str | None, context: Context
) -> list[ExtractedClaim] | None:
    subject = asked if asked not in (None, "blank", "edge", "it") else ANY_OBJECT
    found: list[ExtractedClaim] = []
    if name is not None and not boxes:
        return None
    if name is not None and name.category != "np":
        subject = str(name.value)
    elif name is not None:
        if len(name.value.nouns) > 1:
            return None
        (noun,) = name.value.nouns
        if noun.quantifier or noun.places or noun.extreme or noun.is_other or noun.is_only:
            return None
        subject = noun.subject if noun.subject != "it" else context.noun.subject if context.noun else subject
        amount = noun.amount
        if amount is not None and (amount.how or amount.count != len(boxes)):
            return None
        if (
            amount is None
            and not noun.is_plural
            and noun.subject != "it"
            and len(boxes) > 1
            and (noun.is_article or noun.is_definite)
        ):
            return None
        is_count = amount is not None and not noun.is_definite or (noun.is_definite and noun.is_plural)
        if is_count and not noun.is_restricted and noun.subject != "it":
            found.append(
                ExtractedClaim(
                    Claim("count", subject, Truth.PRESENT, len(boxes)), name.start, max(one.end for one in boxes)
                )
            )
    return [*found, *(ExtractedClaim(_claim(one, str(subject)), one.start, one.end) for one in boxes)]


def _claim(one: Token, subject: str) -> Claim:
    """That a box or a point is one of a subject's, in fractions of the picture or in its pixels."""
    kind = "point" if one.category == "point" else "box"
    if one.value.is_beyond:
        return Claim("pixels", subject, box=one.value.numbers * (1 if kind == "box" else 2), other=kind)
    how = "rounded" if one.value.is_rounded and kind == "box" else None
    return Claim(kind, subject, box=one.value.box, how=how)
