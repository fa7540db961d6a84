"""The mosaics that are open in a process: many that are mapped, which cost next to nothing, and unpacked ones."""

from collections import OrderedDict

from curation.engine.objects import AnyPath
from curation.pictures.plane import MOST_MAPPED, Plane, open_plane
from curation.pictures.unchanged import Stamp, last_stamp_of

MOST_PLANES, MOST_PLANE_BYTES = 512, 2**29


class Planes:
    """Open mosaics, at most so many, and unpacked ones at most up to some bytes; the longest unused goes first."""

    def __init__(self, most_mapped: int = MOST_MAPPED) -> None:
        """`most_mapped`: bytes of each mapped file, about, that this process holds; see `open_plane`."""
        self._most_mapped = most_mapped
        self._open = OrderedDict[tuple[AnyPath, Stamp], tuple[Plane, int]]()

    def get(self, path: AnyPath, *, is_wanted_whole: bool) -> Plane:
        """The file's image, opened once while it stays the same. Raises ImageError."""
        key = (path, last_stamp_of(path))
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key][0]
        plane = open_plane(path, is_wanted_whole=is_wanted_whole, most_mapped=self._most_mapped)
        self._open[key] = plane, 0 if plane.is_mapped else int(getattr(plane.raw, "nbytes", 0))
        while len(self._open) > MOST_PLANES or sum(n for _, n in self._open.values()) > MOST_PLANE_BYTES:
            self._open.popitem(last=False)
        return plane
