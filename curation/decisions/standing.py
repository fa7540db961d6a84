"""Which decisions speak, what most reviewers say, and how far they agree."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from curation.decisions.rows import Decision, Verdict

Spoken = Callable[[str], bool]


def not_undone(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """All that their own reviewer did not take back, in the same order; what takes back is left out."""
    whose = {one.decision_id: one.reviewer for one in decisions}
    undone = {one.undoes for one in decisions if one.undoes and whose.get(one.undoes) == one.reviewer}
    return tuple(one for one in decisions if one.verdict is not Verdict.UNDO and one.decision_id not in undone)


def speaking(decisions: Sequence[Decision], is_single: Spoken) -> tuple[Decision, ...]:
    """Those of decisions in the order of time that count: not taken back, of each reviewer the last about a thing.

    Notes are left out. `is_single` says of a scheme whether exactly one of its labels holds: then all corrections of a
    source by one reviewer are about one thing, else each label is one.
    """
    last: dict[tuple[str, Hashable], Decision] = {}
    for one in not_undone(decisions):
        if one.verdict is Verdict.NOTE:
            continue
        about = (one.reviewer, subject(one, is_single))
        last.pop(about, None)
        last[about] = one
    return tuple(last.values())


def subject(one: Decision, is_single: Spoken) -> Hashable:
    """What a decision is about: a sample, a label of a source or object, or all its labels where one alone holds."""
    if one.verdict is not Verdict.CORRECT:
        return one.sample_id
    return one.subject_id, one.scheme, "" if is_single(one.scheme or "") else one.label


def outcomes(decisions: Sequence[Decision], is_single: Spoken) -> dict[str, str]:
    """Of each decision by id: `""` where most of the reviewers who spoke say so, `outvoted`, or `draw`.

    Decisions as `speaking` gives them, that is one a reviewer and subject.
    """
    said: dict[Hashable, list[Decision]] = {}
    for one in decisions:
        said.setdefault(subject(one, is_single), []).append(one)
    found: dict[str, str] = {}
    for votes in said.values():
        counted = Counter(_vote(one) for one in votes)
        first, n_first = counted.most_common(1)[0]
        is_settled = 2 * n_first > len(votes)
        for one in votes:
            found[one.decision_id] = ("" if _vote(one) == first else "outvoted") if is_settled else "draw"
    return found


@dataclass(frozen=True)
class Agreement:
    """Of two reviewers: samples that both judged, those judged alike, and Cohen's kappa (None: undefined)."""

    left: str
    right: str
    n: int
    n_alike: int
    kappa: float | None

    @property
    def told(self) -> str:
        """For people."""
        kappa = "undefined: each said one thing alone" if self.kappa is None else f"{self.kappa:.2f}"
        return f"{self.left} and {self.right}: {self.n_alike} of {self.n} samples alike, Cohen's kappa {kappa}"


def agreements(decisions: Sequence[Decision]) -> list[Agreement]:
    """Each pair of reviewers who judged the same samples. A sample with a correction was found faulty: `correct`.

    `decisions` are all, by time; of one reviewer the last about a sample counts.
    """
    said: dict[str, dict[str, str]] = {}
    for one in not_undone(decisions):
        if one.verdict is not Verdict.NOTE:
            said.setdefault(one.reviewer, {})[one.sample_id] = str(one.verdict)
    pairs = combinations(sorted(said), 2)
    return [_agreement(left, right, said) for left, right in pairs if said[left].keys() & said[right].keys()]


def kappa(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Cohen's kappa of pairs of judgements: agreement beyond chance; None without pairs, or where chance is all."""
    rows = list(pairs)
    if not rows:
        return None
    left, right = (Counter(row[k] for row in rows) for k in (0, 1))
    observed = sum(a == b for a, b in rows) / len(rows)
    expected = sum(left[name] * right[name] for name in left) / len(rows) ** 2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def _agreement(left: str, right: str, said: Mapping[str, Mapping[str, str]]) -> Agreement:
    both = sorted(said[left].keys() & said[right].keys())
    pairs = [(said[left][one], said[right][one]) for one in both]
    return Agreement(left, right, len(pairs), sum(a == b for a, b in pairs), kappa(pairs))


def _vote(one: Decision) -> Hashable:
    return (one.label, one.state) if one.verdict is Verdict.CORRECT else one.verdict
