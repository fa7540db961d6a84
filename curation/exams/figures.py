"""The figures of the exam: counts by set and half, with intervals, for people, for machines and for a file.

`claims/figures.json` holds those of the last run that was written down, with a digest of the reader they are of.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curation.exams.captions import Agreement
from curation.exams.cases import FOLDER
from curation.exams.taken import Outcome
from curation.verification.verdicts import Judgement
from schemas.estimate import share

STORED = FOLDER / "figures.json"
READER = ("extraction", "verification")
"""The rooms whose files make the reader what it is."""


@dataclass(frozen=True)
class Counts:
    """Texts of one set and half by what they are, and what became of them."""

    n_true: int = 0
    n_false: int = 0
    n_undecided: int = 0
    false_kept: int = 0
    true_contradicted: int = 0
    true_kept: int = 0
    undecided_kept: int = 0
    n_true_stated: int = 0
    """True texts whose claims somebody stated."""
    true_as_written: int = 0
    true_reworded: int = 0
    n_false_stated: int = 0
    false_stated_kept: int = 0
    """With the false claims that they make."""
    false_near_kept: int = 0
    """As written, with the claims of the nearest true text."""
    false_beside_kept: int = 0
    """As written, with all that is true of the scene."""
    undecided_beside_kept: int = 0
    n_broken: int = 0
    """Texts that the code broke on; they count as refused and as cut."""

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(*(one + two for one, two in zip(self._numbers, other._numbers, strict=True)))

    @property
    def true_reached(self) -> int:
        """True texts that reach the corpus claims first, in whatever words."""
        return self.true_as_written + self.true_reworded

    @property
    def _numbers(self) -> tuple[int, ...]:
        return tuple(asdict(self).values())


ALL = "all together"

BARE = (
    ("false kept", "false_kept", "n_false"),
    ("true contradicted", "true_contradicted", "n_true"),
    ("true kept", "true_kept", "n_true"),
    ("undecided kept", "undecided_kept", "n_undecided"),
)
CLAIMS_FIRST = (
    ("true, as written or reworded", "true_reached", "n_true_stated"),
    ("as written", "true_as_written", "n_true_stated"),
    ("reworded", "true_reworded", "n_true_stated"),
    ("false, its own claims", "false_stated_kept", "n_false_stated"),
    ("false, nearest true claims", "false_near_kept", "n_false"),
    ("false, all true claims", "false_beside_kept", "n_false"),
    ("undecided, all true claims", "undecided_beside_kept", "n_undecided"),
)
"""Name, what is counted, and of how many."""
WAYS = {"bare": BARE, "claims first": CLAIMS_FIRST}


def counts(found: Iterable[Outcome]) -> Counts:
    """What became of these texts."""
    return sum(map(_one, found), Counts())


def by_set(found: Mapping[str, Mapping[str, Iterable[Outcome]]]) -> dict[str, dict[str, Counts]]:
    """Counts by set and half, those of all sets together last."""
    told = {name: {half: counts(some) for half, some in halves.items()} for name, halves in found.items()}
    halves = dict.fromkeys(half for one in told.values() for half in one)
    together = {half: sum((one[half] for one in told.values() if half in one), Counts()) for half in halves}
    return {**told, ALL: together}


def figure(n_of: int, n: int) -> str:
    """A share with its interval, such as `3 of 153: 2.0 % (0.7 to 5.6)`."""
    one = share(n_of, n)
    if one is None:
        return "none"
    return f"{n_of} of {n}: {100 * one.value:.1f} % ({100 * one.low:.1f} to {100 * one.high:.1f})"


def values(one: Counts) -> dict[str, int]:
    """All that is counted, by name."""
    return {**asdict(one), "true_reached": one.true_reached}


def lines(found: Mapping[str, Mapping[str, Counts]]) -> list[str]:
    """By set and half, for people."""
    told = list[str]()
    for name, halves in found.items():
        for half, one in halves.items():
            told.append(f"{name}, {half}")
            counted = values(one)
            for way, figures in WAYS.items():
                some = [(label, counted[of], counted[n]) for label, of, n in figures if counted[n]]
                told += [f"  {way:<13} {label:<29} {figure(n_of, n)}" for label, n_of, n in some]
            told += [f"  BROKEN: the reader breaks on {one.n_broken} of these texts"] if one.n_broken else []
    return told


def as_json(
    found: Mapping[str, Mapping[str, Counts]], skipped: Mapping[str, str], agreed: Mapping[str, Agreement]
) -> dict[str, Any]:
    """The same for machines and for `figures.json`; every share with its interval."""
    return {
        "reader": reader_digest(),
        "sets": {name: {half: _shares(one) for half, one in halves.items()} for name, halves in found.items()},
        "skipped": dict(skipped),
        "agreement": {label: {**asdict(one), "share": one.share} for label, one in agreed.items()},
    }


def reader_digest() -> str:
    """Twelve digits of the SHA-256 of all files of the reader: figures of another are not this one's."""
    whole, rooms = hashlib.sha256(), Path(__file__).parent.parent
    files = [file for room in READER for file in (rooms / room).rglob("*") if file.suffix in (".py", ".toml")]
    for file in sorted(files):
        whole.update(file.relative_to(rooms).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()[:12]


def stored() -> dict[str, Any] | None:
    """Figures of the last run that was written down, with `is_current`: whether they are of this reader."""
    if not STORED.is_file():
        return None
    found = json.loads(STORED.read_text(encoding="utf-8"))
    return {**found, "is_current": found["reader"] == reader_digest()}


def _one(found: Outcome) -> Counts:
    broken = int(bool(found.broke))
    truth, kept, through = found.case.truth, int(found.is_kept), int(found.beside == "as-written")
    if truth is Judgement.UNVERIFIABLE:
        return Counts(n_undecided=1, undecided_kept=kept, undecided_beside_kept=through, n_broken=broken)
    is_stated = int(found.stated is not None or bool(found.broke and found.case.claims is not None))
    if truth is Judgement.CONTRADICTED:
        stated_kept = int(found.stated in ("as-written", "reworded"))
        return Counts(
            n_false=1, false_kept=kept, n_false_stated=is_stated, false_stated_kept=stated_kept,
            false_near_kept=int(found.near == "as-written"), false_beside_kept=through, n_broken=broken,
        )  # fmt: skip
    return Counts(
        n_true=1, true_kept=kept, true_contradicted=int(found.verdict is Judgement.CONTRADICTED),
        n_true_stated=is_stated, true_as_written=int(found.stated == "as-written"),
        true_reworded=int(found.stated == "reworded"), n_broken=broken,
    )  # fmt: skip


def _shares(one: Counts) -> dict[str, Any]:
    counted: dict[str, Any] = values(one)
    for _, of, n in (*BARE, *CLAIMS_FIRST):
        found = share(counted[of], counted[n])
        counted[f"{of}_share"] = None if found is None else [round(edge, 4) for edge in asdict(found).values()]
    return counted


def broken(found: Iterable[Outcome]) -> dict[str, int]:
    """Where in the code texts broke it, and how many; the texts themselves are not told."""
    return dict(Counter(one.broke for one in found if one.broke))


def misses(found: Sequence[Outcome]) -> list[str]:
    """A line for each text whose verdict is not its truth, or that fares badly claims first."""
    wrong = [one for one in found if one.verdict is not one.case.truth or one.broke or _fares_badly(one)]
    return [
        f"{one.case.truth}, read as {one.verdict}{', kept' if one.is_kept else ''}"
        f"{_first(one)} ({one.case.kind}, {one.case.scene}) "
        f"Q: {one.case.question!r} A: {one.case.text!r}{''.join(f' | {reason}' for reason in one.reasons[:2])}"
        for one in sorted(wrong, key=lambda one: (one.case.truth, one.verdict, one.case.scene, one.case.text))
    ]


def _fares_badly(one: Outcome) -> bool:
    if one.case.truth is Judgement.SUPPORTED:
        return one.stated == "cut"
    return "as-written" in (one.near, one.beside) or (
        one.case.truth is Judgement.CONTRADICTED and one.stated in ("as-written", "reworded")
    )


def _first(one: Outcome) -> str:
    """How it fares claims first, for a line."""
    told = [f"with its claims {one.stated}"] if one.stated else []
    told += [f"with the nearest true claims {one.near}"] if one.near else []
    told += [f"with all true claims {one.beside}"] if one.beside else []
    return "".join(f"; {part}" for part in told)
