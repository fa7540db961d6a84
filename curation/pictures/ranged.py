"""The pixels of an image on an object store: of a plain one the rows of the windows, of a tiled one their tiles."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.objects import Held, ObjectPath
from curation.pictures.cards import ImageError, whole_number
from curation.pictures.fits_header import FitsImage

MOST_AHEAD = 2**24  # bytes of windows that are fetched together
MOST_TABLE = 2**28  # bytes of a table of tiles: 16 million of them
BYTES_OF = {"B": 1, "I": 2, "J": 4, "E": 4}  # of a value, by the letter of its column; 8 of any other
Window = tuple[slice, slice]
Key = tuple[int, int, int, int]


@dataclass
class RangedPixels:
    """A plain image as an array [y, x] that is read by windows; those that are expected are fetched together."""

    path: ObjectPath
    dtype: np.dtype[Any]
    data_offset: int
    width_px: int
    _expected: list[Key] = field(default_factory=list[Key])
    _fetched: dict[Key, NDArray[Any]] = field(default_factory=dict[Key, NDArray[Any]])
    _n_wanted: Counter[Key] = field(default_factory=Counter[Key])

    def expect(self, windows: Sequence[Window]) -> None:
        """These are read next, about in this order."""
        self._expected = [_key(one) for one in windows]
        self._fetched.clear()

    def __getitem__(self, window: Window) -> NDArray[Any]:
        key = _key(window)
        if key not in self._fetched:
            self._fetch(self._batch(key))
        self._n_wanted[key] -= 1
        return self._fetched[key] if self._n_wanted[key] > 0 else self._fetched.pop(key)

    def _batch(self, key: Key) -> list[Key]:
        """That window, and those that are expected after it, while they are few bytes together."""
        at = self._expected.index(key) if key in self._expected else len(self._expected)
        batch, n_bytes = [key], self._n_bytes(key)
        for one in self._expected[at + 1 :]:
            n_bytes += self._n_bytes(one)
            if n_bytes > MOST_AHEAD:
                break
            batch.append(one)
        self._expected = self._expected[at + len(batch) :]
        return batch

    def _n_bytes(self, key: Key) -> int:
        y_min, y_max, x_min, x_max = key
        return max(0, y_max - y_min) * max(0, x_max - x_min) * self.dtype.itemsize

    def _fetch(self, batch: Sequence[Key]) -> None:
        self._n_wanted = Counter(batch)
        self._fetched.clear()
        rows = list[tuple[int, int, memoryview]]()
        for key in self._n_wanted:
            y_min, y_max, x_min, x_max = key
            image = self._fetched[key] = np.empty((max(0, y_max - y_min), max(0, x_max - x_min)), self.dtype)
            if image.size:
                n_bytes = image.shape[1] * self.dtype.itemsize
                for y, row in enumerate(image.view(np.uint8), start=y_min):
                    start = self.data_offset + (y * self.width_px + x_min) * self.dtype.itemsize
                    rows.append((start, start + n_bytes, row.data))
        rows.sort(key=lambda row: row[:2])
        left = iter(rows)
        row = next(left, None)
        for first, body in self.path.pieces([one[:2] for one in rows]):
            while row is not None and row[1] <= first + len(body):
                row[2][:] = body[row[0] - first : row[1] - first]
                row = next(left, None)


@dataclass
class RangedTiles:
    """The file of a tile-compressed image: its header and its table of tiles are held, tiles come for a window."""

    path: ObjectPath
    image: FitsImage
    held: Held = field(default_factory=Held)
    places: list[NDArray[np.int64]] = field(default_factory=list[NDArray[np.int64]])
    """[tile, first byte and the one behind the last]: of each column that says where tiles are."""

    def __post_init__(self) -> None:
        """Fetch the header and the table."""
        n_table = whole_number(self.image.header, "NAXIS1") * whole_number(self.image.header, "NAXIS2")
        if n_table > MOST_TABLE:
            raise ImageError("too-large", f"a table of tiles of {n_table} bytes, expected at most {MOST_TABLE}")
        self.held.head.extend(self.path.pieces([(0, self.image.data_offset + n_table)]))
        self._heap = self.image.data_offset + whole_number(self.image.header, "THEAP", n_table)

    def add_places(self, sizes: NDArray[np.int64], starts: NDArray[np.int64], form: str) -> None:
        """Of each tile how many values it has, and from which byte of the heap on. `form`: of the column: 1PB(1194)."""
        first = self._heap + starts
        kind = form[max(form.find("P"), form.find("Q")) + 1]
        behind = np.minimum(first + sizes * BYTES_OF.get(kind, 8), self.path.last_stamp()[0])
        self.places.append(np.column_stack([first, behind]))

    def fetch(self, window: Window) -> None:
        """Hold the tiles under a window, until the next."""
        width, height = self.image.tile_px
        n_across = -(-self.image.width_px // width)
        rows, columns = (
            np.arange(one.start // side, -(-one.stop // side))
            for one, side in zip(window, (height, width), strict=True)
        )
        tiles = (rows[:, None] * n_across + columns).ravel()
        wanted = np.concatenate([places[tiles] for places in self.places])
        wanted = wanted[wanted[:, 1] > wanted[:, 0]]
        self.held.pieces = list(self.path.pieces([tuple(one) for one in wanted[np.argsort(wanted[:, 0])].tolist()]))

    def drop(self) -> None:
        """Let go of the tiles."""
        self.held.pieces = []


def _key(window: Window) -> Key:
    rows, columns = window
    return rows.start, rows.stop, columns.start, columns.stop
