"""Sentences that a served model wrote of real radio galaxies, labelled by hand under either Fanaroff-Riley class.

The sentences stay where the raw files are, in `captions/*.csv`; here stand labels by the sentence's digest:
`claims/captions.csv` (digest, file, row, fr1, fr2) and, by a second reader of some of them who did not see the first
labels, `claims/captions_second.csv` (digest, fr1, fr2). `fr1` is the verdict where the source at the centre is an FR-I,
`fr2` where it is an FR-II, in the letters of cases.py. A sentence on which the two differ is in no figure.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curation.exams.cases import FOLDER, QUESTION, Case, Half, half_of, truth_of
from curation.verification.annotation_files import Reading, form_annotations
from curation.verification.claims import Annotations, Claim
from schemas.errors import CatalogError

FIRST, SECOND = FOLDER / "captions.csv", FOLDER / "captions_second.csv"
CLASSES = {"fr1": "FR-I", "fr2": "FR-II"}
"""The label of the source by the column of verdicts."""
CUT = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
DIGITS = 24
"""Of a sentence's digest."""
Verdicts = Mapping[str, Mapping[str, str]]
"""By digest, then by column."""


@dataclass(frozen=True)
class Agreement:
    """How far two readers of the same sentences agree."""

    n: int
    n_equal: int
    kappa: float
    """Cohen's: 1 for full agreement, 0 for as much as by chance."""

    @property
    def share(self) -> float:
        """Of the verdicts that are equal."""
        return self.n_equal / self.n


def sentences(folder: Path) -> Iterator[str]:
    """Every sentence of the column `caption` of the .csv files, in the order of file and row.

    A sentence ends with . ! or ? where blank and capital follow; blanks are made single.
    """
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                cut = CUT.split((row.get("caption") or "").strip())
                yield from (" ".join(one.split()) for one in cut if one.strip())


def sentence_digest(sentence: str) -> str:
    """24 digits of the SHA-256 of the sentence in UTF-8."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:DIGITS]


def caption_cases(raw: Path, half: Half) -> list[Case]:
    """Each labelled sentence of a half under both classes; the scene is the class, which true ones state."""
    texts = {sentence_digest(one): one for one in sentences(raw / "captions")}
    first, second = read_verdicts(FIRST), read_verdicts(SECOND)
    return [
        Case(CLASSES[column], QUESTION, texts[name], truth_of(letter), half, "caption", claims=_stated(column, letter))
        for name, said in first.items()
        if name in texts and half_of(name) is half
        for column, letter in said.items()
        if second.get(name, said)[column] == letter
    ]


def _stated(column: str, letter: str) -> tuple[Claim, ...] | None:
    return (Claim("presence", CLASSES[column]),) if letter == "s" else None


def caption_scenes() -> dict[str, Annotations]:
    """What is known of a source of either class, and nothing else."""
    return {
        label: form_annotations(FIRST, {"scheme": "mirabest", "labels": [label]}, Reading())
        for label in CLASSES.values()
    }


def agreements() -> dict[str, Agreement]:
    """By the label of the source."""
    first, second = read_verdicts(FIRST), read_verdicts(SECOND)
    both = [name for name in second if name in first]
    return {
        label: agreement([first[name][column] for name in both], [second[name][column] for name in both])
        for column, label in CLASSES.items()
    }


def agreement(here: Sequence[str], there: Sequence[str]) -> Agreement:
    """Of the verdicts of two readers, one of each a sentence, in the same order."""
    n, n_equal = len(here), sum(one == other for one, other in zip(here, there, strict=True))
    by_chance = sum(here.count(letter) * there.count(letter) for letter in {*here, *there}) / n**2
    return Agreement(n, n_equal, 1.0 if by_chance == 1 else (n_equal / n - by_chance) / (1 - by_chance))


def read_verdicts(path: Path) -> Verdicts:
    """Verdicts of a file by digest. Raises CatalogError for another form, or a digest that stands twice."""
    found: dict[str, dict[str, str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for at, row in enumerate(csv.DictReader(file), start=2):
            name, said = row.get("digest") or "", {column: row.get(column) or "" for column in CLASSES}
            if not re.fullmatch(f"[0-9a-f]{{{DIGITS}}}", name) or name in found:
                raise CatalogError(f"{path}: line {at}: digest {name!r}: expected {DIGITS} hex digits, each once")
            if any(letter not in ("s", "c", "u") for letter in said.values()):
                raise CatalogError(f"{path}: line {at}: found {said}, expected s, c or u for each")
            found[name] = said
    return found
