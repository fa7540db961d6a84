"""How a picture lies on a mosaic: turned, mirrored, scaled and moved, all as one affine map between their pixels.

Pixels are 0-based, centres at integers, row 0 at the bottom.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.wcs_sky import read_wcs
from curation.pictures.sky_pixels import wcs_text
from curation.pictures.window_sky import moved_header

Reals = NDArray[np.float64]
QUARTER_DEG = 90


@dataclass(frozen=True, order=True)
class Symmetry:
    """What is done to a picture so that it lies as the mosaic does: first its rows reversed, then quarter turns."""

    is_mirrored: bool = False
    n_quarters: int = 0

    def of(self, image: NDArray[Any]) -> NDArray[Any]:
        """The image[y, x] so changed; x comes to lie on y with each quarter."""
        return np.rot90(image[::-1] if self.is_mirrored else image, -self.n_quarters)

    @property
    def turn_deg(self) -> int:
        """How far the picture is turned counterclockwise, row 0 at the bottom, after it was mirrored."""
        return QUARTER_DEG * self.n_quarters

    @property
    def upside_down(self) -> "Symmetry":
        """The same, half a turn further."""
        return Symmetry(self.is_mirrored, (self.n_quarters + 2) % 4)


SYMMETRIES = tuple(Symmetry(is_mirrored, n) for is_mirrored in (False, True) for n in range(4))


@dataclass(frozen=True)
class Placing:
    """Where a picture of `picture_px` (width, height) lies: on a box of the mosaic, after its symmetry."""

    symmetry: Symmetry
    x_min_px: int
    y_min_px: int
    width_px: int
    height_px: int
    picture_px: tuple[int, int]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x_min, y_min, x_max, y_max on the mosaic; it may reach beyond."""
        return self.x_min_px, self.y_min_px, self.x_min_px + self.width_px, self.y_min_px + self.height_px

    @property
    def centre_px(self) -> tuple[float, float]:
        """x, y of the middle of the box."""
        return self.x_min_px + (self.width_px - 1) / 2, self.y_min_px + (self.height_px - 1) / 2

    def affine(self) -> tuple[Reals, Reals]:
        """Matrix [2, 2] and shift [2]: mosaic x, y = matrix @ (picture x, y) + shift."""
        width, height = self.picture_px
        corners = np.array([[0, 0], [width - 1, 0], [0, height - 1]], float)
        places = np.zeros((height, width), np.int8)
        turned = np.array([_place_of(self.symmetry, places, int(x), int(y)) for x, y in corners], float)
        sides = np.array(self.symmetry.of(places).shape[::-1], float)
        turned = (turned + 0.5) * (np.array([self.width_px, self.height_px]) / sides) - 0.5
        turned += [self.x_min_px, self.y_min_px]
        across = (turned[1] - turned[0]) / max(width - 1, 1)
        up = (turned[2] - turned[0]) / max(height - 1, 1)
        return np.column_stack([across, up]), turned[0]

    def header(self, mosaic_header: str) -> str | None:
        """The cards of the picture's own WCS; None where the mosaic is distorted in pixels that the picture turns."""
        matrix, shift = self.affine()
        if np.array_equal(matrix, np.eye(2)):
            return moved_header(mosaic_header, self.x_min_px, self.y_min_px)
        if "-SIP" in mosaic_header or "A_ORDER" in mosaic_header:
            return None
        wcs = read_wcs(mosaic_header).deepcopy()
        wcs.wcs.crpix = np.linalg.solve(matrix, wcs.wcs.crpix - 1 - shift) + 1
        pixels = wcs.wcs.get_pc() @ matrix
        wcs.wcs.pc = pixels
        return wcs_text(wcs)


def _place_of(symmetry: Symmetry, empty: NDArray[np.int8], x: int, y: int) -> tuple[int, int]:
    marked = empty.copy()
    marked[y, x] = 1
    row, column = np.argwhere(symmetry.of(marked))[0]
    return int(column), int(row)
