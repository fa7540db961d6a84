"""What was published of a dataset beside what was found: the lines of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogs.dataset import Dataset

Numbers = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Line:
    """One number twice: as published (None: nobody did), and as found."""

    what: str
    published: int | None
    found: int

    @property
    def difference(self) -> int | None:
        """Found minus published."""
        return None if self.published is None else self.found - self.published


def lines(dataset: Dataset, numbers: Numbers) -> list[Line]:
    """Pictures, by published split and by survey; pictures by label; objects, and each of their classes.

    Labels that pictures have are told also where nobody published their number; all else only where somebody did.
    """
    said = dataset.published
    pictures = next((row["n_cutouts"] for row in numbers["found"] if row["dataset"] == dataset.name), 0)
    labels = {row["label"]: row["n_present"] for row in numbers["labels"] if row["dataset"] == dataset.name}
    names = [*said.n_by_label, *(one for one, n in labels.items() if n and one not in said.n_by_label)]
    counted = {(row["kind"], row["name"]): row["n"] for row in numbers["counted"] if row["dataset"] == dataset.name}
    found = [Line("pictures", said.n_images, pictures)]
    found += [Line(f"… for {name}", n, counted.get(("split", name), 0)) for name, n in said.n_by_split.items()]
    found += [Line(f"… of {name}", n, counted.get(("survey", name), 0)) for name, n in said.n_by_survey.items()]
    found += [Line(name, said.n_by_label.get(name), labels.get(name, 0)) for name in names]
    if said.n_objects is not None:
        found.append(Line("objects", said.n_objects, counted.get(("objects", ""), 0)))
    found += [
        Line(f"objects of class {name}", n, counted.get(("class", name), 0)) for name, n in said.n_by_class.items()
    ]
    return found
