"""What a tuned model forgot, apart from what it only says in another form.

S is the harness's score of a logged answer, L the score of the same answer read leniently: ScienceQA wants the bare
letter, so a model that now speaks in sentences looks like one that forgot.

    knowledge loss = L_base - L_tuned          format loss = (S_base - S_tuned) - knowledge loss
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluate.standard import STANDARDS, Logged, Result
from schemas.errors import CatalogError

N_DRAWS = 10_000
LETTER = re.compile(r"\(?([A-Z])\)?[.:]?")
SAID_LETTER = re.compile(r"(?:answer|option|choice)\s*(?:is|:)?\s*:?\s*\(?([A-Z])\b|\(([A-Z])\)|^\s*([A-Z])\s*[.:)]")
ALONE = re.compile(r"\b([B-HJ-Z])\b")  # a lone "A" or "I" is a word
YES_NO = {"yes", "no"}


@dataclass(frozen=True)
class Loss:
    """A difference base - tuned in points of a hundred, with its 95 % interval over the same documents."""

    points: float
    low: float
    high: float


@dataclass(frozen=True)
class Forgotten:
    """One standard benchmark, before and after; shares of 1."""

    name: str
    n: int
    strict_base: float
    strict_tuned: float
    lenient_base: float
    lenient_tuned: float
    total: Loss
    knowledge: Loss
    form: Loss


def forgotten(base: Result, tuned: Result, *, seed: int = 0) -> Forgotten:
    """The loss of one task, split. CatalogError where the two runs did not answer the same documents."""
    ours, theirs = ({one.doc_id: one for one in result.samples} for result in (base, tuned))
    if base.task != tuned.task or ours.keys() != theirs.keys():
        raise CatalogError(
            f"{base.task}: base and tuned model answered different documents ({len(ours):,} and {len(theirs):,}, "
            f"{len(ours.keys() & theirs.keys()):,} in common); run both over all of them"
        )
    ids = sorted(ours)
    strict = [np.array([strict_score(side[k]) for k in ids]) for side in (ours, theirs)]
    lenient = [np.array([lenient_score(side[k]) for k in ids]) for side in (ours, theirs)]
    total, knowledge = strict[0] - strict[1], lenient[0] - lenient[1]
    draws = _draws(len(ids), seed)
    name = STANDARDS[base.task].name if base.task in STANDARDS else base.task
    return Forgotten(
        name, len(ids), *(float(one.mean()) for one in (*strict, *lenient)),
        _loss(total, draws), _loss(knowledge, draws), _loss(total - knowledge, draws),
    )  # fmt: skip


def strict_score(one: Logged) -> float:
    """The harness's own; where it told none of a single answer, whether the text is what was due."""
    if one.score is not None:
        return min(max(one.score, 0.0), 1.0)
    return float(_plain(one.reply) in {_plain(target) for target in _targets(one.target)})


def lenient_score(one: Logged) -> float:
    """Never below the strict one: 1 where the answer that is due is what the reply says, in whatever form."""
    strict = strict_score(one)
    return strict if strict >= 1 else max(strict, float(any(_says(one.reply, due) for due in _targets(one.target))))


def mean_and_worst(rows: Sequence[Forgotten]) -> tuple[float, float, str]:
    """Mean knowledge loss over the benchmarks, the worst one, and its name; in points."""
    worst = max(rows, key=lambda row: row.knowledge.points)
    return float(np.mean([row.knowledge.points for row in rows])), worst.knowledge.points, worst.name


def _says(reply: str, due: str) -> bool:
    letter = LETTER.fullmatch(due.strip())
    if letter:
        return _letter(reply) == letter.group(1)
    words, wanted = _plain(reply).split(), _plain(due).split()
    if wanted and wanted[0] in YES_NO and len(wanted) == 1:
        said = [word for word in words if word in YES_NO]
        return bool(said) and said[0] == wanted[0]
    n = len(wanted)
    return bool(n) and any(words[at : at + n] == wanted for at in range(len(words) - n + 1))


def _letter(reply: str) -> str | None:
    """The option that a reply names: said to be the answer, in brackets, in front, or alone of its kind."""
    text = unicodedata.normalize("NFKC", reply).replace("*", "").strip()
    whole = LETTER.fullmatch(text)
    if whole:
        return whole.group(1)
    said = {next(filter(None, found.groups())) for found in SAID_LETTER.finditer(text)} or set(ALONE.findall(text))
    return said.pop() if len(said) == 1 else None


def _targets(target: str) -> list[str]:
    """What was due; the harness writes several as a Python list."""
    quoted = re.findall(r"'([^']*)'|\"([^\"]*)\"", target) if target.startswith("[") else []
    return [one or other for one, other in quoted] or [target]


def _plain(text: str) -> str:
    return re.sub(r"[^\w.%-]+", " ", unicodedata.normalize("NFKC", text).lower()).replace(". ", " ").strip(" .")


def _loss(differences: NDArray[np.float64], draws: NDArray[np.int64]) -> Loss:
    means = 100 * differences[draws].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Loss(100 * float(differences.mean()), float(low), float(high))


def _draws(n: int, seed: int) -> NDArray[np.int64]:
    """The same draws for every difference of a task; fewer of long ones, whose means hardly move."""
    return np.random.default_rng(seed).integers(0, n, (min(N_DRAWS, max(1_000, 20_000_000 // n)), n))
