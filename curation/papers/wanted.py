"""What is asked of one picture, and why it is not given. In the converting process only."""

import math
import resource
from dataclasses import dataclass

DOS_EPS = b"\xc5\xd0\xd3\xc6"  # how an EPS with a preview begins
LEAST_PT, MOST_PT = 1.0, 20_000.0


class UnusableError(ValueError):
    """A picture that is not given, with the reason of the closed list."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Want:
    """One picture as the paper shows it, and what it may cost."""

    name: str
    angle_deg: float = 0.0
    page: int = 1
    trim: str = ""
    viewport: str = ""
    row: int = 0
    side_px: int = 1024
    pixels: int = 1 << 26
    seconds: float = 20.0
    ghostscript: str = ""


def scale_of(size_pt: tuple[float, float], side_px: int, name: str) -> float:
    """Pixels of a point, so that the longer side has the wanted pixels. Raises UnusableError."""
    longest = max(size_pt)
    if not (all(math.isfinite(one) and one >= LEAST_PT for one in size_pt) and longest <= MOST_PT):
        raise UnusableError("picture-broken", f"{name}: a page of {size_pt[0]:g} x {size_pt[1]:g} points")
    return side_px / longest


def limit_cpu(seconds: float) -> None:
    """This process ends by SIGXCPU after so many more seconds of the processor, however busy the machine is."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))
