"""What a name means and what a few words say of it: the claims of entries and of short answers."""

from collections.abc import Sequence
from operator import attrgetter

from curation.extraction.constructions import LABELS_OF_A_PICTURE, Context, state
from curation.extraction.phrases import Amount
from curation.extraction.tokens import Token
from curation.verification.claims import ANY_OBJECT, Claim
from schemas.labels import Truth

SAYS_MORE = attrgetter("amount", "quantifier", "is_restricted", "places", "extreme", "is_other")
QUIET = ("lpar", "rpar", "quote", "comma", "a", "the")


def subject_of(tokens: Sequence[Token], context: Context) -> str | None:
    """The label that a name means, such as "extended (single island)"; None where it says more than that."""
    subjects: list[str] = []
    for one in tokens:
        if one.category == "np" and not one.is_denied:
            nouns = one.value.nouns
            if one.value.is_either or any(each.subject == "it" or any(SAYS_MORE(each)) for each in nouns):
                return None
            subjects += [each.subject for each in nouns]
        elif one.category in ("adjective", "sign"):
            subjects.append(str(one.value))
        elif one.category == "parts" and one.value.what == "islands" and "EXTENDED-MULTISLAND" in context.scheme.labels:
            subjects.append("EXTENDED" if one.value.amount.count == 1 else "EXTENDED-MULTISLAND")
        elif one.category not in QUIET:
            return None
    subjects = [one for one in subjects if one != ANY_OBJECT] or subjects
    both = set.intersection(*(set(one.split("|")) for one in subjects)) if subjects else set[str]()
    return next((one for one in subjects if set(one.split("|")) == both), "|".join(sorted(both))) if both else None


def there(subject: str, *, is_there: bool) -> list[Claim]:
    """That some of a subject are there, or none."""
    if subject == ANY_OBJECT:
        return [Claim("count", subject, count=int(is_there), how="at least" if is_there else None)]
    if subject in LABELS_OF_A_PICTURE:
        return [Claim("border", subject, state(is_there))]
    return [Claim("presence", one, state(is_there)) for one in ([subject] if is_there else subject.split("|"))]


def counted(subject: str, amount: Amount) -> Claim:
    """So many of a subject; of a label none is its absence."""
    if amount.count == 0 and amount.how is None and subject != ANY_OBJECT and "|" not in subject:
        return Claim("presence", subject, Truth.ABSENT)
    return Claim("count", subject, count=amount.count, how=amount.how)


def counted_at(subject: str, amount: Amount, place: str) -> Claim:
    """So many of a subject at a place."""
    if amount.count == 0:
        return Claim("position", subject, Truth.ABSENT, other=place)
    return Claim("position", subject, count=amount.count, how=amount.how, other=place)
