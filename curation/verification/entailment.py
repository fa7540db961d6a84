"""Whether what was read from a text follows from what was stated: exact, and without a word of any language.

What follows is never more than what was stated: an equal claim, a weaker bound, an implied label, a relation told from
its other side, or what verification supports in the small world that the stated claims describe. Whatever is not known
to follow does not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from curation.pictures.boxes import Box
from curation.verification.alternatives import sets_of
from curation.verification.claims import ANY_OBJECT, Annotations, Claim, ExtractedClaim
from curation.verification.premises import Premises, same_box
from curation.verification.regions import holds
from curation.verification.relations import DIFFERENCES
from curation.verification.verdicts import fits, words
from curation.verification.verify import Judgement, verify
from schemas.labels import LabelScheme, Truth

NEAR, NEAR_EXTENT = 0.004, 0.03
"""By how much of itself a frequency or an angle, and a size of an object, may differ where it is told again: with the
three digits of a text it stays within what verification calls true."""
MANY = 100
"""Above the least number, where the greatest is not known: what holds of all of these holds."""
OTHER_SIDE = {
    "more": "fewer", "fewer": "more", "equal": "equal", "larger": "smaller", "smaller": "larger", "left": "right",
    "right": "left", "above": "below", "below": "above", "north": "south", "south": "north", "east": "west",
    "west": "east", "north-east": "south-west", "south-west": "north-east", "north-west": "south-east",
    "south-east": "north-west",
}  # fmt: skip
OPPOSITE = {"up": "down", "down": "up", "left": "right", "right": "left", "north": "south", "south": "north",
            "east": "west", "west": "east"}  # fmt: skip
SIDES = frozenset({"left", "right", "upper", "lower"})
NUMBERS = ("more", "fewer", "equal")


def are_equal(recorded: Iterable[Claim], found: Iterable[ExtractedClaim]) -> bool:
    """Whether what was recorded is what was read, whatever the order and the evidence."""
    return sorted(map(str, (one.content for one in recorded))) == sorted(map(str, (one.claim.content for one in found)))


def entails(stated: Sequence[Claim] | Premises, read: Claim, scheme: LabelScheme) -> str | None:
    """None where `read` follows from claims that are all true of one picture, else why not, in a few words.

    `scheme`: of the labels that the claims name. For many readings of one list make its `Premises` once.
    """
    known = stated if isinstance(stated, Premises) else Premises(stated, scheme)
    if any(one.content in known.contents for one in (read, *_other_ways(read))):
        return None
    rule = _RULES.get(read.kind)
    is_entailed = rule is not None and rule(read, known)
    return None if is_entailed else f"{words(read)}: does not follow from what was stated"


def _other_ways(read: Claim) -> Iterator[Claim]:
    """The same claim told from its other side."""
    if read.kind in OTHER_SIDE and read.other and read.count is None:
        yield replace(read, kind=OTHER_SIDE[read.kind], subject=read.other, other=read.subject)
    if read.kind == "orientation" and read.subject in OPPOSITE and read.other in OPPOSITE and read.count is None:
        yield replace(read, subject=OPPOSITE[read.subject], other=OPPOSITE[read.other])


def _is_supported(read: Claim, world: Annotations | None) -> bool:
    return world is not None and verify(ExtractedClaim(read, 0, 0), world).judgement is Judgement.SUPPORTED


def _by_labels(read: Claim, known: Premises) -> bool:
    return read.how != "one" and _is_supported(read, known.world())


def _by_objects(read: Claim, known: Premises) -> bool:
    subjects = [read.subject]
    if read.kind in (*DIFFERENCES, *NUMBERS, "share"):
        subjects.append(read.other or ANY_OBJECT)
    if read.kind == "extreme" and (read.other or "").startswith("is "):
        subjects.append((read.other or "").removeprefix("is "))
    if any(":" in one or one == "it" for one in subjects):
        return False
    return _is_supported(read, known.world(subjects))


def _count(read: Claim, known: Premises) -> bool:
    if read.other not in (None, "objects") or (read.other and read.subject != ANY_OBJECT) or "|" in read.subject:
        return False
    if (read.other and read.state is Truth.ABSENT) or (read.how == "at least" and not read.count):
        return False
    least, most = known.number(read.subject)
    found = {fits(read, n) for n in range(least, (least + MANY if most is None else min(most, least + MANY)) + 1)}
    return found == {read.state is Truth.PRESENT}


def _box(read: Claim, known: Premises) -> bool:
    if read.state is Truth.ABSENT or read.box is None or ":" in read.subject:
        return False
    held = _boxes_of_any(read.subject, known)
    if read.kind == "box":
        return any(same_box(read.box, one, is_rounded=read.how == "rounded") for one in held)
    return _by_objects(read, known)


def _boxes_of_any(subject: str, known: Premises) -> list[Box]:
    """The boxes of a label, or of either of "A|B"."""
    return [box for part in subject.split("|") for box in known.boxes(part)]


def _position(read: Claim, known: Premises) -> bool:
    if _by_objects(read, known):
        return True
    if read.state is Truth.ABSENT or ":" in read.subject:
        return False
    is_one = (read.how is None and read.count is None) or (read.how == "at least" and read.count == 1)
    kinds = {one for part in read.subject.split("|") for one in known.kinds_of(part)} if is_one else {read.subject}
    told = [one for one in known.stated if one.kind == "position" and one.subject in kinds]
    told = [one for one in told if one.state is Truth.PRESENT and _is_within(one.other or "", read.other or "")]
    if is_one:
        seen = any(holds(read.other or "", box) for box in _boxes_of_any(read.subject, known))
        return seen or any(one.how in (None, "all", "most", "at least") and one.count != 0 for one in told)
    if read.how == "all":
        is_alone = known.number(read.subject) == (1, 1)
        return any(one.how == "all" or (is_alone and one.how is None and one.count in (None, 1)) for one in told)
    return False


def _is_within(place: str, wider: str) -> bool:
    """Whether what lies at a place lies at a wider one: what is at the upper left is on the left."""
    if place == wider:
        return True
    ours, theirs = set(place.split()) - {"corner"}, set(wider.split()) - {"corner"}
    return bool(theirs) and theirs <= ours <= SIDES


def _extreme(read: Claim, known: Premises) -> bool:
    if _by_objects(read, known):
        return True
    what, _, place = (read.other or "").partition(" ")
    return what == "in" and read.state is Truth.PRESENT and any(
        one.kind == "extreme" and (one.subject, one.how, one.count) == (read.subject, read.how, read.count)
        and one.state is Truth.PRESENT and _is_within((one.other or "").removeprefix("in "), place)
        for one in known.stated
    )  # fmt: skip


def _numbers(read: Claim, known: Premises) -> bool:
    """More, fewer or as many, where both numbers were stated."""
    if "|" in read.subject + (read.other or "") or ":" in read.subject + (read.other or ""):
        return False
    (n, n_most), (m, m_most) = known.number(read.subject), known.number(read.other or "")
    if n != n_most or m != m_most:
        return False
    is_so = {"more": n > m, "fewer": n < m, "equal": n == m}[read.kind] if read.count is None else n == read.count * m
    return is_so is (read.state is Truth.PRESENT)


def _share(read: Claim, known: Premises) -> bool:
    """All, where as many are of the label as there are; else where all boxes were stated."""
    every = read.other or ANY_OBJECT
    if "|" in read.subject or ":" in read.subject or read.subject not in known.kinds_of(every):
        return _by_objects(read, known)
    part, whole = known.number(read.subject), known.number(every)
    is_all = read.how == "all" and part == whole and part[0] == part[1] and part[0] > 0
    return (is_all and read.state is Truth.PRESENT) or _by_objects(read, known)


def _extent(read: Claim, known: Premises) -> bool:
    told = [one for one in known.stated if one.kind == "extent" and one.subject == read.subject]
    told = [one for one in told if _measure(one) == _measure(read)]
    is_told = any(one.state is read.state is Truth.PRESENT and _is_near(read, one, NEAR_EXTENT) for one in told)
    return is_told or _by_objects(read, known)


def _measure(one: Claim) -> list[str]:
    """What an extent is of, and its bound; "across width" is what "width" is."""
    words = (one.how or "area").split(" ")
    return sorted(one for one in words if one != "across" or words == ["across"])


def _border(read: Claim, known: Premises) -> bool:
    shares = [one for one in known.stated if one.kind == "border" and one.count is not None and one.how is None]
    if read.state is Truth.ABSENT or read.subject != "blank":
        return False
    if read.count is None:
        return any(one.state is Truth.PRESENT and one.count for one in shares)
    count = read.count
    return any(
        {"at least": (one.count or 0) >= count, "at most": (one.count or 0) <= count}.get(
            read.how or "", one.count == count and read.how in (None, "about")
        )
        for one in shares
    )


def _peculiarity(read: Claim, known: Premises) -> bool:
    """A picture is ordinary, complex or peculiar, and then not another of these."""
    told = {one.subject for one in known.stated if one.kind == "peculiarity" and one.state is Truth.PRESENT}
    is_other = read.state is Truth.ABSENT and bool(told) and read.subject not in told
    return is_other or _by_labels(read, known)


def _number_of_sky(read: Claim, known: Premises) -> bool:
    """A frequency, a beam or a side of the picture, told with other digits."""
    told = [one for one in known.stated if one.kind == read.kind and one.how in (None, read.how)]
    return read.state is Truth.PRESENT and any(_is_near(read, one, NEAR) for one in told)


def _is_near(read: Claim, told: Claim, nearness: float) -> bool:
    if read.count is None or told.count is None:
        return False
    return abs(read.count - told.count) <= nearness * told.count


def _map(read: Claim, known: Premises) -> bool:
    return read.subject == "radio-continuum" and read.state is Truth.PRESENT


def _either(read: Claim, known: Premises) -> bool:
    """Where all claims of one of its sets follow."""
    return any(all(entails(known, one, known.scheme) is None for one in each) for each in sets_of(read))


Rule = Callable[[Claim, Premises], bool]
_RULES: Mapping[str, Rule] = {
    "presence": _by_labels, "structure": _by_labels, "only": _by_labels, "survey": _by_labels,
    "peculiarity": _peculiarity, "border": _border, "map": _map,
    "frequency": _number_of_sky, "beam": _number_of_sky, "size": _number_of_sky,
    "count": _count, "box": _box, "point": _box, "position": _position, "extreme": _extreme, "share": _share,
    "extent": _extent, "either": _either,
} | dict.fromkeys(NUMBERS, _numbers) | dict.fromkeys(DIFFERENCES, _by_objects)  # fmt: skip
