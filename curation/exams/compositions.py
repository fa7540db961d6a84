"""Texts put together from texts whose truth is known: joined, negated, quantified, pronominalised.

What a composition is worth follows from its parts alone: joined texts are true where all parts are, the denial of a
text is true where that is false. The parts are statements of the exam and, all of them true, sentences of the
templates. The ways of putting together stand here as plain patterns; the reader has no part in them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from curation.exams.cases import QUESTION, Case, Half, digest, scenes
from curation.verification.claims import Claim
from curation.verification.verdicts import Judgement
from curation.words.descriptions import sentences
from schemas.fingerprint import choose

ROUNDS = 2
"""How many ways each part is put to."""
TEMPLATES_PER_SCENE = 4
MORE_THAN_A_CLAUSE = re.compile(r"[\n\[:;]|\. ")
NAMES = frozenset({"Fanaroff", "Wolf", "I", "Galactic", "Gaussian", "Radio"})
SUBJECTS = ("The source at the centre", "The source", "The image", "The field", "The frame", "The emission", "The map")


@dataclass(frozen=True)
class Part:
    """A plain clause: its text without the full stop, whether it is true, and its claims where somebody stated them."""

    text: str
    is_true: bool
    claims: tuple[Claim, ...] | None = None

    @property
    def inside(self) -> str:
        """As it stands within a sentence."""
        first = self.text.split(maxsplit=1)[0].split("'")[0].split("-")[0].split("–")[0]
        is_plain = first[1:].islower() or first in ("A", "I'd")
        return self.text[0].lower() + self.text[1:] if is_plain and first not in NAMES else self.text

    @property
    def predicate(self) -> tuple[str, str] | None:
        """A subject that others may have too, and the rest; None where it begins otherwise."""
        subject = next((one for one in SUBJECTS if self.text.startswith(f"{one} ")), None)
        return (subject, self.text[len(subject) + 1 :]) if subject and "," not in self.text else None


Truth = Callable[[Sequence[bool]], bool]
ALL: Truth = all
NONE: Truth = lambda parts: not any(parts)  # noqa: E731
FIRST_ONLY: Truth = lambda parts: parts[0] and not parts[1]  # noqa: E731
WAYS: dict[str, tuple[int, str, Truth]] = {
    "joined: and": (2, "{0}, and {1i}.", ALL),
    "joined: while": (2, "{0}, while {1i}.", ALL),
    "joined: semicolon": (2, "{0}; {1i}.", ALL),
    "joined: sentences": (2, "{0}. {1}.", ALL),
    "joined: concessive": (2, "Although {0i}, {1i}.", ALL),
    "joined: that": (2, "One can say that {0i} and that {1i}.", ALL),
    "joined: commas": (3, "{0}, {1i}, and {2i}.", ALL),
    "negated": (1, "It is not the case that {0i}.", NONE),
    "negated: wrong": (1, "It would be wrong to say that {0i}.", NONE),
    "negated: nor": (2, "It is not true that {0i}, nor that {1i}.", NONE),
    "negated: twice": (1, "It cannot be denied that {0i}.", ALL),
    "quantified: both": (2, "Both of these hold: {0i}, and {1i}.", ALL),
    "quantified: either": (2, "At least one of these two holds: {0i}, or {1i}.", any),
    "quantified: none": (2, "Neither of these holds: {0i}, or {1i}.", NONE),
    "quantified: first": (2, "Of two claims, that {0i} and that {1i}, only the former is right.", FIRST_ONLY),
    "pronominalised: right": (1, "One might say that {0i}. That is right.", ALL),
    "pronominalised: wrong": (1, "One might say that {0i}. That is wrong.", NONE),
}
SHARED = {"relative": "{s}, which {0}, {1}.", "pronominalised: it": "{s} {0}, and it {1}."}
"""Ways for two predicates of one subject."""


def compositions(cases: Iterable[Case], half: Half) -> list[Case]:
    """Compositions of the cases of one half, scene by scene, the same for the same cases."""
    found: dict[tuple[str, str], Case] = {}
    ordered = sorted((one for one in cases if one.half is half), key=lambda one: one.scene)
    for scene, some in groupby(ordered, key=lambda one: one.scene):
        parts = [*filter(None, map(part, some)), *template_parts(scene, half)]
        for one in _of_scene(scene, sorted(parts, key=lambda one: digest(scene, one.text)), half):
            found.setdefault((scene, one.text), one)
    return list(found.values())


def part(case: Case) -> Part | None:
    """A case as a clause; None where it is none that stands alone."""
    if not case.is_clause:
        return None
    is_true = case.truth is Judgement.SUPPORTED
    return Part(case.text.removesuffix("."), is_true, case.claims if is_true else None)


def template_parts(scene: str, half: Half) -> list[Part]:
    """Some sentences of the scene's template description; each belongs to one half."""
    told = [one for one in sentences(scenes()[scene]) if {claim.kind for claim in one.claims} - {"map"}]
    plain = [one for one in told if one.text.endswith(".") and not MORE_THAN_A_CLAUSE.search(one.text)]
    mine = [one for one in plain if choose(list(Half), f"{scene} {one.text}") is half]
    return [Part(one.text[:-1], True, one.claims) for one in mine[:TEMPLATES_PER_SCENE]]


def _of_scene(scene: str, parts: list[Part], half: Half) -> Iterator[Case]:
    for at, one in enumerate(parts):
        others = parts[at + 1 :] + parts[:at]
        for turn in range(ROUNDS):
            way = choose(list(WAYS), f"{scene} {turn} {one.text}")
            n, pattern, truth = WAYS[way]
            some = [one, *others[turn : turn + n - 1]]
            if len(some) == n:
                yield _composed(scene, way, pattern, truth, some, half)
    yield from _shared(scene, parts, half)


def _composed(scene: str, way: str, pattern: str, truth: Truth, parts: list[Part], half: Half) -> Case:
    filled = pattern
    for at, one in enumerate(parts):
        filled = filled.replace(f"{{{at}}}", one.text).replace(f"{{{at}i}}", one.inside)
    is_true = truth([one.is_true for one in parts])
    case = Case(scene, QUESTION, filled, Judgement.SUPPORTED if is_true else Judgement.CONTRADICTED, half, way)
    return _with_claims(case, parts, can_state=truth is ALL)


def _with_claims(case: Case, parts: list[Part], *, can_state: bool) -> Case:
    """What a true text states: the claims of its parts, where it joins them and all have some."""
    if case.truth is not Judgement.SUPPORTED or not can_state or not all(one.claims for one in parts):
        return case
    return replace(case, claims=tuple(claim for one in parts for claim in one.claims or ()))


def _shared(scene: str, parts: list[Part], half: Half) -> Iterator[Case]:
    with_subject = [(one, *found) for one in parts if (found := one.predicate)]
    for (one, subject, said), (other, same, also) in zip(with_subject, with_subject[1:], strict=False):
        if subject == same:
            way = choose(list(SHARED), f"{scene} {one.text}")
            pattern = SHARED[way].replace("{s}", subject).replace("{0}", said).replace("{1}", also)
            yield _composed(scene, way, pattern, ALL, [one, other], half)
