"""Rules for chunks of one source's looks: lobes, hotspots, islands and peaks with how many, verbs with denials."""

from dataclasses import replace

from curation.extraction.phrases import PRE, Amount, Group, Noun, Parts, as_category, determined, joined
from curation.extraction.tokens import UNKNOWN, Match, Token
from curation.verification.claims import ANY_OBJECT

PEAKED = {"peaked_one": 1, "peaked_two": 2, "peaked_three": 3}
LATER = ("third", "fourth", "fifth", "sixth", "last", "final")
"""Of several, which are then as many at least."""
PREDICATES = (
    *("profile", "fade_in_place", "bend", "enclose", "end_in", "mark", "falls_into", "merge", "alike", "straight"),
    *("reject", "peaked", "connected", "disconnected", "whole", "broken"),
)


def _thing(category: str):  # noqa: ANN202
    def made(match: Match) -> Token:
        noun = determined(match, match.matched[-1])
        named = [str(one.value) for one in match.all("adjective")]
        token = joined(match, category, replace(noun, subject=named[0] if named else ""))
        return replace(token, is_denied=noun.quantifier == "no")

    return made


def _parts(match: Match) -> Token | None:
    head = match.matched[-1]
    noun = determined(match, head)
    if match.all("percent") or any(one.text.lower() in LATER for one in match.all("other")):
        return joined(match, UNKNOWN)  # "a third peak"
    if (
        match.all("more")
        or len(match.all("amount")) > 1
        or (match.all("of") and match.all("the") and match.all("amount"))
    ):
        return None  # "two of the three islands"
    is_plural = head.text.lower().split(" of ")[0].rstrip(" ,").endswith(("s", "maxima"))
    amount = noun.amount or (Amount(None, "several") if is_plural else Amount(1))
    is_further = noun.is_other or head.text.lower().startswith("second")
    made = Parts(head.category, amount, noun.is_definite, noun.amount is None and is_plural, is_further)
    return replace(joined(match, "parts", made), is_denied=noun.quantifier == "no")


def _nothing(match: Match) -> Token:
    value = match.matched[1].value
    return joined(match, "np", Group((Noun(str(value[0] if isinstance(value, tuple) else value), quantifier="no"),)))


def _peaked(match: Match) -> Token:
    return replace(match.matched[0], category="peaked", value=PEAKED[match.matched[0].category])


def _of_it(match: Match) -> Token | None:
    """As in "the remnant's emission", "the emission of the remnant": what is said of it is said of the source."""
    first, *_, last = match.matched
    owner, owned = (first, last) if match.all("be") else (last, first)
    plain = owned.category == "gleam" or all(
        one.subject == ANY_OBJECT and not one.quantifier and not one.amount for one in owned.value.nouns
    )
    is_owner = owned.category == "gleam" or owned.text.lower().split()[-1] in ("emission", "structure")
    is_poss = not match.all("be") or match.all("be")[0].text.lower() == "'s"
    return replace(owner, start=match.span[0], end=match.span[1]) if plain and is_owner and is_poss else None


def _linked(match: Match) -> Token:
    """As in "is associated with": the type of a source is that of what it belongs to."""
    n = match.matched[0].is_denied + len(match.all("not")) + len(match.all("unlinked"))
    return replace(joined(match, "be"), is_denied=bool(n % 2))


THINGS = [
    ("nothing (adjective|noun)", _nothing),
    (f"{PRE} (adjective comma?)* qualifier* lobe", _thing("lobes")),
    (f"{PRE} qualifier* hotspot", _thing("hotspots")),
    *((f"{PRE} {one}", lambda match: joined(match, match.matched[-1].category)) for one in ("gleam", "brightest_part")),
    (f"{PRE} pair", _thing("pairs")),
    (f"{PRE} (islands|peaks)", _parts),
]
"""Before nouns are put together, which would take their numbers."""
LINKED = [("be not? linked", _linked), ("be not? unlinked", _linked)]
VERBS = [
    ("np be the? (np|gleam)", _of_it),
    ("(np|gleam) of np", _of_it),
    ("(peaked_one|peaked_two|peaked_three)", _peaked),
    *((form.format(one), as_category(one)) for form in ("(do|be)? not (do|be)? {}", "do {}") for one in PREDICATES),
]
