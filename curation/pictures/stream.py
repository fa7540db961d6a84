"""Pictures of the sky for models, batch by batch out of the mosaics themselves, with no file in between.

The batches of an epoch are numbered, and a number means the same views to everybody: so any number of processes share
an epoch, each view is delivered or refused once, and a stream goes on where a saved state says.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalogs.dataset import CutoutRecipe
from curation.engine.objects import AnyPath
from curation.pictures.cards import ImageError
from curation.pictures.cutouts import MANY_WINDOWS, is_blank_in_the_middle, of_the_file, read_window
from curation.pictures.plane import Plane
from curation.pictures.planes import Planes
from curation.pictures.render import Picture, render
from curation.pictures.turn import Turn
from curation.pictures.unchanged import Stamps, unchanged
from curation.pictures.views import Views
from curation.pictures.window_sky import moved_header
from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint
from schemas.rejection import Rejection

NEIGHBOURS = 64  # views that stay together when an epoch is shuffled: of one region, read from neighbouring pages
MIXED = 256  # such groups whose views are mixed with each other: all of them in a set of up to 16,384
MOST_MAPPED = 2**31  # of each mosaic, about: shuffled views come back to the same pages
Row = dict[str, Any]
Window = tuple[int, int, int, int, int]
"""A mosaic by its place, and the box in it."""


class Batch(NamedTuple):
    """Some views of an epoch. As a named tuple it is what torch's DataLoader turns arrays into tensors in."""

    images: NDArray[Any]
    """uint8[n, side, side] (of three channels: [n, side, side, 3]), row 0 at the top; or, as brightness,
    float32[n, y, x] in mJy/beam, NaN where it is blank, row 0 at the bottom."""
    ids: list[str]
    ra_deg: NDArray[np.float64]
    """ICRS, of the row that came in; NaN where it has no position."""
    dec_deg: NDArray[np.float64]
    wcs_headers: list[str | None]
    """The cards of the celestial WCS of each window, before it is drawn: `sky_pixels.read_wcs` reads them."""
    labels: list[dict[str, str]]
    """What is said of each: label -> present, absent or unknown."""
    refused: list[Rejection]
    """Views of this batch that show nothing, or whose file cannot be read, each with the reason."""
    state: dict[str, Any]
    """Where the stream goes on once this batch is used: give it to `resumed`. JSON holds it."""


@dataclass(frozen=True)
class Delivery:
    """How views are delivered. Part of a state: a stream of another kind does not take it."""

    batch_size: int = 64
    picture: Picture | None = Picture()
    """How pictures are drawn; None: brightness, as float32."""
    most_blank: float = 0.5
    """Share of blank pixels; above it a view is refused as mostly-blank."""
    seed: int | None = None
    """Shuffles each epoch; None: in the order of the mosaics, the quickest, for using a model on a whole survey."""

    def __post_init__(self) -> None:
        """Refuse what cannot be delivered."""
        if self.batch_size < 1 or not 0 <= self.most_blank <= 1 or (self.seed is not None and self.seed < 0):
            raise RecipeError(
                f"delivery: found batch_size {self.batch_size}, most_blank {self.most_blank}, seed {self.seed}; "
                "expected 1 or more, 0 to 1, and 0 or more"
            )


@dataclass(frozen=True)
class Stream:
    """The batches of one epoch that one process gets: iterate over it, or give it to a DataLoader as its dataset.

    `raw`: the folder that mosaics are named in. `stamps`: see `unchanged`. `rank` of `world`: this process among those
    that share the epoch; the workers of a DataLoader need none, for it deals the batches out itself.
    """

    views: Views
    raw: AnyPath
    delivery: Delivery = Delivery()
    stamps: Stamps | None = None
    epoch: int = 0
    rank: int = 0
    world: int = 1
    start: int = 0
    """The first batch of the epoch that is not delivered yet, by any process."""

    def __post_init__(self) -> None:
        """Refuse shares that cannot be, and brightness of different sizes."""
        if not 0 <= self.rank < self.world or self.epoch < 0 or self.start < 0:
            raise RecipeError(
                f"stream: found rank {self.rank} of {self.world}, epoch {self.epoch}, start {self.start}; expected a "
                "rank from 0 on and below the number of processes"
            )
        sides = np.unique(self.views.windows[:, 3:] - self.views.windows[:, 1:3])
        if self.delivery.picture is None and sides.size > 1:
            raise RecipeError(
                f"brightness: windows are of {sides[0]} to {sides[-1]} px, which no array holds; ask for one side_px, "
                "or for pictures"
            )

    @property
    def refused(self) -> tuple[Rejection, ...]:
        """What came in and is in no batch, for it is on no mosaic."""
        return self.views.refused

    @property
    def numbers(self) -> range:
        """The batches of the epoch that are this process's and not delivered yet."""
        n_batches = -(-len(self.views) // self.delivery.batch_size)
        return range(self.start + self.rank, n_batches, self.world)

    def at_epoch(self, epoch: int) -> "Stream":
        """The whole of another epoch; with a seed, in another order."""
        return replace(self, epoch=epoch, start=0)

    def shard(self, rank: int, world: int) -> "Stream":
        """The share of one of several processes: every `world`-th batch. Shares may differ by one batch."""
        return replace(self, rank=rank, world=world)

    def resumed(self, state: Mapping[str, Any]) -> "Stream":
        """What is left after the batch that carried this state, for as many processes as there are now.

        The processes are to have used as many batches each. Raises RecipeError for a state of another stream.
        """
        if state.get("stream") != self.name:
            raise RecipeError(
                f"state: found one of stream {str(state.get('stream'))[:12]}, expected {self.name}: the positions, the "
                "mosaics or the delivery are not those it was saved with"
            )
        epoch, start = state.get("epoch"), state.get("next_batch")
        if not isinstance(epoch, int) or not isinstance(start, int):
            raise RecipeError(f"state: found epoch {epoch!r} and next_batch {start!r}, expected whole numbers")
        return replace(self, epoch=epoch, start=start)

    @cached_property
    def name(self) -> str:
        """Twelve digits of a hash of what is delivered, and how; not of who gets which share."""
        whole = hashlib.sha256(fingerprint(self.delivery).encode())
        whole.update("\n".join(one["sha256"] for one in self.views.mosaics).encode())
        for array in (self.views.first, self.views.windows):
            whole.update(np.ascontiguousarray(array, "<i8"))
        whole.update("\n".join(self.views.shown["id"].to_pylist()).encode())
        return whole.hexdigest()[:12]

    def __len__(self) -> int:
        """Batches that are left for this process."""
        return len(self.numbers)

    def __iter__(self) -> Iterator[Batch]:
        """Each batch that is left for this process, once."""
        for number in self.numbers:
            yield self._batch(number)

    def __getitem__(self, place: int) -> Batch:
        """The batch at a place among those that are left; raises IndexError behind the last."""
        return self._batch(self.numbers[place])

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """The views in the order of the epoch: the same in every process."""
        order = self.views.in_sky_order
        if self.delivery.seed is None:
            return order
        rng = np.random.default_rng((self.delivery.seed, self.epoch))
        groups = np.array_split(order, max(1, -(-order.size // NEIGHBOURS)))
        shuffled = np.concatenate([groups[i] for i in rng.permutation(len(groups))])
        at_once = NEIGHBOURS * MIXED
        return np.concatenate([rng.permutation(shuffled[i : i + at_once]) for i in range(0, order.size, at_once)])

    def _batch(self, number: int) -> Batch:
        size = self.delivery.batch_size
        views = self._order[number * size : (number + 1) * size]
        made = self._made(views)
        rows = self.views.shown.take(views).to_pylist()
        kept = [place for place, one in enumerate(made) if not isinstance(one, ImageError)]
        seen = [one for one in made if isinstance(one, _Seen)]
        refused = [
            Rejection(row["id"], one.reason, str(one), row)
            for row, one in zip(rows, made, strict=True)
            if isinstance(one, ImageError)
        ]
        ra, dec = (
            np.array([np.nan if rows[place][name] is None else rows[place][name] for place in kept])
            for name in ("ra_deg", "dec_deg")
        )
        return Batch(
            images=np.stack([one.image for one in seen]) if seen else np.empty((0, 0, 0), np.uint8),
            ids=[rows[place]["id"] for place in kept],
            ra_deg=ra,
            dec_deg=dec,
            wcs_headers=[self._wcs_header(one.window) for one in seen],
            labels=[{one["label"]: one["state"] for one in rows[place]["labels"] or ()} for place in kept],
            refused=refused,
            state=self._state_after(number),
        )

    def _state_after(self, number: int) -> dict[str, Any]:
        rounds = (number - self.start) // self.world + 1
        return {"stream": self.name, "epoch": self.epoch, "next_batch": self.start + rounds * self.world}

    def _wcs_header(self, window: Window) -> str | None:
        header = self.views.mosaics[window[0]]["header"]
        return None if header is None else moved_header(header, window[1], window[2])

    def _made(self, views: NDArray[np.int64]) -> list["_Seen | ImageError"]:
        """Of each view its image and the window that it is from, or why there is none."""
        first, windows = self.views.first, self.views.windows
        turns = [_Turn([tuple(one) for one in windows[first[i] : first[i + 1]].tolist()]) for i in views]
        todo = turns
        while todo:
            todo = sorted(todo, key=lambda one: one.left[0])
            for mosaic, group in groupby(todo, key=lambda one: one.left[0][0]):
                self._of_mosaic(self.views.mosaics[mosaic], list(group))
            todo = [one for one in todo if one.made is None]
        return [one.made for one in turns if one.made is not None]

    def _of_mosaic(self, mosaic: Row, turns: "list[_Turn]") -> None:
        path, known = self.raw / mosaic["mosaic"], (self.stamps or {}).get(mosaic["mosaic"])
        with unchanged(path, mosaic["sha256"], known):
            for place, turn in enumerate(turns):
                try:
                    plane = _PLANES.get(path, is_wanted_whole=len(self.views) > MANY_WINDOWS * len(self.views.mosaics))
                    if place == 0:
                        plane.expect([one.left[0][1:] for one in turns])
                    seen, is_blank = self._seen(plane, turn.left[0], mosaic)
                    turn.take(seen, is_blank=is_blank)
                except ImageError as error:
                    turn.fail(of_the_file(error, mosaic))

    def _seen(self, plane: Plane, window: Window, mosaic: Row) -> "tuple[_Seen, bool]":
        """What a window shows, and whether it is blank where the source is. Raises ImageError if it shows nothing."""
        image, blank_fraction = read_window(plane, window[1:], mosaic["to_mjy_per_beam"], self._recipe)
        is_whole = window[1:] == (0, 0, mosaic["width_px"], mosaic["height_px"])
        is_blank = blank_fraction > 0 and not is_whole and is_blank_in_the_middle(image)
        picture = self.delivery.picture
        return _Seen(image if picture is None else render(image, picture), window), is_blank

    @cached_property
    def _recipe(self) -> CutoutRecipe:
        return CutoutRecipe(self.delivery.most_blank)


@dataclass(frozen=True)
class _Seen:
    image: NDArray[Any]
    window: Window


_Turn = Turn[Window, _Seen]


_PLANES = Planes(MOST_MAPPED)
