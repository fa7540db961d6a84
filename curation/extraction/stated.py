"""What a name means and what a few words say of it: the claims of entries and of short answers."""

from collections.abc import Sequence

from curation.extraction.chunks import Amount
from curation.extraction.constructions import Context
from curation.extraction.tokens import Token
from curation.verification.claims import ANY_OBJECT, Claim
from schemas.labels import Truth

QUIET = ("lpar", "rpar", "quote", "comma", "a", "the")


def subject_of(tokens: Sequence[Token], context: Context) -> str | None:
    """The label that a name means, such as "extended (single island)"; None where it says more than that."""
    subjects: list[str] = []
    for one in tokens:
        if one.category == "np" and not one.is_denied:
            nouns = one.value.nouns
            said = any(
                each.amount or each.quantifier or each.is_restricted or each.places or each.extreme or each.is_other
                for each in nouns
            )
            if said or one.value.is_either or any(each.subject == "it" for each in nouns):
                return None
            subjects += [each.subject for each in nouns]
        elif one.category in ("adjective", "sign"):
            subjects.append(str(one.value))
        elif one.category == "parts" and one.value[0] == "islands" and "EXTENDED-MULTISLAND" in context.scheme.labels:
            subjects.append("EXTENDED" if one.value[1].count == 1 else "EXTENDED-MULTISLAND")
        elif one.category not in QUIET:
            return None
    subjects = [one for one in subjects if one != ANY_OBJECT] or subjects
    both = set.intersection(*(set(one.split("|")) for one in subjects)) if subjects else set[str]()
    return next((one for one in subjects if set(one.split("|")) == both), "|".join(sorted(both))) if both else None


def there(subject: str, *, is_there: bool) -> list[Claim]:
    """That some of a subject are there, or none."""
    if subject == ANY_OBJECT:
        return [Claim("count", subject, count=1, how="at least") if is_there else Claim("count", subject, count=0)]
    if subject in ("blank", "edge"):
        return [Claim("border", subject, Truth.PRESENT if is_there else Truth.ABSENT)]
    subjects = [subject] if is_there else subject.split("|")
    return [Claim("presence", one, Truth.PRESENT if is_there else Truth.ABSENT) for one in subjects]


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
