"""Windows of mosaics in mJy/beam, at a common beam where a corpus has one: for FRAMES and what is made of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.objects import AnyPath
from curation.pictures.cards import ImageError
from curation.pictures.common_beam import (
    area_ratio,
    convolved,
    covariance_px,
    own_beam,
    reach_px,
    smoothing,
)
from curation.pictures.cutouts import in_mjy_per_beam, of_the_file
from curation.pictures.frame import Beam
from curation.pictures.grids import steps_of
from curation.pictures.plane import Box
from curation.pictures.planes import Planes
from curation.pictures.unchanged import Stamps, unchanged

Row = dict[str, Any]
_PLANES = Planes()


@dataclass(frozen=True)
class Readings:
    """Mosaics that are read by windows."""

    raw: AnyPath
    mosaics: Mapping[str, Row]
    """Rows of MOSAICS, by name."""
    beam: Beam | None = None
    """What each window is brought to; None: as it is."""
    stamps: Stamps | None = None
    """See `unchanged`."""
    often: Collection[str] = ()
    """Mosaics of which so many windows are wanted that a tile-compressed one is best decoded whole."""

    def read(self, name: str, box: Box, *, only_sure: bool = False) -> NDArray[np.floating]:
        """image[y, x] of the box in mJy/beam (of a mosaic of unknown unit as it stands), NaN where it is blank.

        `only_sure`: see `convolved`. Raises ImageError for a file that cannot be read, and where its beam cannot become
        the common one.
        """
        mosaic = self.mosaics[name]
        kernel = self._kernel(mosaic, box)
        if kernel is None:
            return self._pixels(mosaic, box)
        reach, own = reach_px(kernel), own_beam(mosaic)
        x_min, y_min, x_max, y_max = box
        wider = self._pixels(mosaic, (x_min - reach, y_min - reach, x_max + reach, y_max + reach))
        if not np.isfinite(wider).any():
            return np.full((y_max - y_min, x_max - x_min), np.nan, np.float32)
        made = convolved(wider, kernel, only_sure=only_sure)[reach:-reach, reach:-reach]
        return made * area_ratio(own, self.beam) if own and self.beam else made

    def _kernel(self, mosaic: Row, box: Box) -> NDArray[np.float64] | None:
        """What the window is convolved with, in its pixels; None: nothing."""
        if self.beam is None:
            return None
        try:
            by = smoothing(mosaic, self.beam)
        except ImageError as error:
            raise ImageError(error.reason, str(error), mosaic["sha256"]) from None
        if by is None:
            return None
        steps = steps_of(mosaic["header"], (box[0] + box[2] - 1) / 2, (box[1] + box[3] - 1) / 2)
        if not np.isfinite(steps).all():
            raise ImageError("no-wcs", f"{mosaic['mosaic']}: the middle of the window is off the sky", mosaic["sha256"])
        return covariance_px(by, steps)

    def _pixels(self, mosaic: Row, box: Box) -> NDArray[np.float32]:
        path, name = self.raw / mosaic["mosaic"], mosaic["mosaic"]
        with unchanged(path, mosaic["sha256"], (self.stamps or {}).get(name)):
            try:
                image = _PLANES.get(path, is_wanted_whole=name in self.often).read(box)
            except ImageError as error:
                raise of_the_file(error, mosaic) from error
            return in_mjy_per_beam(image, mosaic["to_mjy_per_beam"])
