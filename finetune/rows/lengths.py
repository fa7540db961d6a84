"""How many tokens every record has, known before the first step from texts and the headers of the pictures."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from finetune.data.samples import Samples
from finetune.families.family import Integers
from finetune.rows.encode import Encoder
from schemas.errors import CatalogError
from schemas.fingerprint import fingerprint

FORMAT = 2  # of the cached file
AT_ONCE = 64


@dataclass(frozen=True)
class Lengths:
    """Tokens of every record, by its number: of the prefix first, then of each turn; a dialogue has a prefix only.

    Record k's are tokens[starts[k]:starts[k + 1]], and learned[…] those of them that are learned. `wrong` says of
    records that cannot be encoded why; they have no tokens.
    """

    starts: Integers
    tokens: Integers
    learned: Integers
    prefixes: Integers
    """Of every record, the tokens that it has in common with others of the same pictures; 0 where it has none."""
    wrong: tuple[tuple[str, str], ...]
    """Sample id and reason."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, number: int, kept: Iterable[int] | None = None) -> int:
        """Tokens of a record that keeps the turns `kept`; of all of it when not given."""
        own = self.tokens[self.starts[number] : self.starts[number + 1]]
        if kept is None or len(own) <= 1:
            return int(own.sum())
        return int(own[0] + own[1:][list(kept)].sum())

    @property
    def whole(self) -> Integers:
        """Tokens of every record with all its turns."""
        return np.diff(np.concatenate([[0], np.cumsum(self.tokens)])[self.starts])

    @property
    def learned_of_record(self) -> Integers:
        """Learned tokens of every record with all its turns."""
        return np.diff(np.concatenate([[0], np.cumsum(self.learned)])[self.starts])


def lengths_of(samples: Samples, encoder: Encoder, *, workers: int = 0, cache: Path | None = None) -> Lengths:
    """The lengths of all records, measured by `workers` processes; read from `cache` where the same were measured.

    No picture is decoded. A record that cannot be encoded is told in `wrong`, not raised: all of them at once.
    """
    turns = encoder.recipe.turns.model_dump(exclude={"pack_tokens", "max_tokens", "turns_per_image", "share_pictures"})
    settings = [FORMAT, samples.digest, encoder.digest, turns, encoder.recipe.loss.on, encoder.recipe.run.seed]
    path = cache and cache / f"lengths-{fingerprint(settings)[:32]}.npz"
    if path and path.is_file():
        return _read(path)
    found = _measured(samples, encoder, workers)
    if path and not found.wrong:
        _write(path, found)
    return found


def checked(lengths: Lengths) -> Lengths:
    """The lengths themselves. Raises CatalogError when a record cannot be encoded."""
    if lengths.wrong:
        raise CatalogError(f"{len(lengths.wrong)} records cannot be encoded; the first: {lengths.wrong[0][1]}")
    return lengths


class _Measuring:
    """What a worker does for one record."""

    def __init__(self, samples: Samples, encoder: Encoder) -> None:
        self.samples, self.encoder = samples, encoder

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, number: int) -> tuple[Integers, Integers, int] | str:
        try:
            return self.encoder.turn_lengths(self.samples[number])
        except CatalogError as error:
            return str(error)


def _measured(samples: Samples, encoder: Encoder, workers: int) -> Lengths:
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(_Measuring(samples, encoder), batch_size=AT_ONCE, num_workers=workers, collate_fn=list)
    starts, tokens, learned, wrong = [0], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], []
    prefixes: list[int] = []
    for number, found in enumerate(one for batch in loader for one in batch):
        if isinstance(found, str):
            wrong.append((samples.ids[number], found))
        else:
            tokens.append(found[0])
            learned.append(np.pad(found[1], (0, len(found[0]) - len(found[1]))))
        prefixes.append(0 if isinstance(found, str) else found[2])
        starts.append(starts[-1] + (0 if isinstance(found, str) else len(found[0])))
    return Lengths(
        np.array(starts), np.concatenate(tokens), np.concatenate(learned), np.array(prefixes, np.int64), tuple(wrong)
    )


def _read(path: Path) -> Lengths:
    with np.load(path) as found:
        return Lengths(found["starts"], found["tokens"], found["learned"], found["prefixes"], ())


def _write(path: Path, lengths: Lengths) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    with aside.open("wb") as file:
        np.savez(file, starts=lengths.starts, tokens=lengths.tokens, learned=lengths.learned, prefixes=lengths.prefixes)
    aside.replace(path)
