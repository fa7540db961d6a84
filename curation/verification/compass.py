"""Directions on the sky in a picture: which way north is, what may be said of it, and the words for it.

A position angle counts from north through east. In a picture as the sky is seen, left is 90 degrees more than up; in a
mirrored one 90 degrees less.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from curation.pictures.boxes import Box

NORTH_UP_DEG = 3.0
"""How far up may be from north where a text says "north up". An object at the edge of the picture, half a side from its
centre, is then seen 0.5 x tan(3 deg) = 0.026 of a side beside where its direction says: less than the 0.03 within
which the checker calls things neither left nor right of each other (relations.LEAST_APART)."""
SURELY_OTHER_DEG = 22.5
"""From here another of the eight points of the compass is nearer."""
ANGLE_NEAR_DEG, ANGLE_FAR_DEG = 1.0, 5.0
"""Of a position angle as told: within it is right, beyond it wrong."""
BEARING = {"north": 0.0, "east": 90.0, "south": 180.0, "west": 270.0}
SEEN = {"north": "upper", "south": "lower", "east": "left", "west": "right"}
"""Where the sides of the sky are in a picture with north up and east left."""
_BY_LETTER = {"n": "north", "s": "south", "e": "east", "w": "west"}
DIRECTION = re.compile(
    r"(?i)\b(?:(?:north|south)[\s-]*(?:east|west)|north|south|east|west)(?:ern(?:most)?|wards?|erly)?\b"
    r"|(?<![\w.])(?:N[EW]|S[EW])(?![\w.])"
)


@dataclass(frozen=True)
class Orientation:
    """How a picture lies on the sky."""

    up_pa_deg: float
    """Position angle of up at its centre."""
    left_pa_deg: float
    """The same of left."""
    turn_deg: float = 0.0
    """By how much up is another at the left or right edge: much near a pole."""
    height_to_width: float = 1.0
    """Of what it shows, in angles on the sky."""

    @property
    def is_mirrored(self) -> bool:
        """Whether it is the sky as a mirror shows it."""
        return math.sin(math.radians(self.left_pa_deg - self.up_pa_deg)) < 0

    @property
    def is_north_up(self) -> bool:
        """Whether "north up" may be said, with "east left" or, of a mirrored one, "east right"."""
        east = "right" if self.is_mirrored else "left"
        return max(self.off_deg("up", "north"), self.off_deg(east, "east")) + self.turn_deg <= NORTH_UP_DEG

    @property
    def is_as_on_maps(self) -> bool:
        """Whether north is up and east is left."""
        return self.is_north_up and not self.is_mirrored

    def off_deg(self, side: str, direction: str) -> float:
        """By how much a side of the picture, such as "left", is another way than a direction, such as "east"."""
        angle = self.up_pa_deg if side in ("up", "down") else self.left_pa_deg
        return apart_deg(angle + (180 if side in ("down", "right") else 0), BEARING[direction])

    def says_so(self, side: str, direction: str) -> bool | None:
        """Whether a side of the picture is a direction; None where some would say so."""
        off = self.off_deg(side, direction)
        return (
            True if off + self.turn_deg <= NORTH_UP_DEG else False if off - self.turn_deg > SURELY_OTHER_DEG else None
        )

    def as_on_maps(self, box: Box) -> Box:
        """Where a box would be if the whole picture were turned so that north is up and east is left."""
        corners = [self._east_and_north(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        frame = [self._east_and_north(x, y) for x in (0.0, 1.0) for y in (0.0, 1.0)]
        width, height = (max(one[axis] for one in frame) * 2 for axis in (0, 1))
        across, down = [0.5 - east / width for east, _ in corners], [0.5 - north / height for _, north in corners]
        return min(across), min(down), max(across), max(down)

    def _east_and_north(self, x: float, y: float) -> tuple[float, float]:
        """From the picture's centre to a point of it, the picture's width being 1."""
        left, up = 0.5 - x, (0.5 - y) * self.height_to_width
        sides = ((left, math.radians(self.left_pa_deg)), (up, math.radians(self.up_pa_deg)))
        return sum(far * math.sin(angle) for far, angle in sides), sum(far * math.cos(angle) for far, angle in sides)


def apart_deg(one: float, other: float) -> float:
    """Between two directions, 0 to 180."""
    return abs((one - other + 180) % 360 - 180)


def directions(words: str) -> list[str]:
    """The sides of the sky in such words as "north-east", "southern" or "NW", in full."""
    if re.fullmatch(r"(?i)[ns][ew]", words.strip()):
        return [_BY_LETTER[one] for one in words.strip().lower()]
    return re.findall(r"north|south|east|west", words.lower())


@lru_cache(maxsize=4096)
def speaks_of_the_sky(text: str) -> bool:
    """Whether a text names a direction on the sky. "Right ascension" is none; nor is the name of a survey."""
    return bool(DIRECTION.search(re.sub(r"(?i)\bnorthern sky survey\b", " ", text)))
