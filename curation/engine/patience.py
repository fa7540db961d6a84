"""How long a part is tried again after the machine failed: a network disk comes back, a full one is emptied."""

import os
import time
from dataclasses import dataclass, field

from schemas.errors import RecipeError

PATIENCE_S = 60.0
PATIENCE = "RADIO_PATIENCE_S"  # names another time
MOST_PATIENCE_S = 86_400.0
PAUSE_S, MAX_PAUSE_S = 0.5, 10.0  # before the second try, doubled for each one more


def patience() -> float:
    """Seconds for which a part is tried again. Raises RecipeError for a variable that is no such number."""
    named = os.environ.get(PATIENCE)
    try:
        found = float(named) if named else PATIENCE_S
    except ValueError:
        found = -1.0
    if not 0 <= found <= MOST_PATIENCE_S:
        raise RecipeError(f"{PATIENCE}: found {named!r:.40}, expected seconds, 0 to {MOST_PATIENCE_S:.0f}")
    return found


@dataclass
class Trouble:
    """Of a part that the machine failed: since when, how often, and from when on it may be tried again."""

    since: float = field(default_factory=time.monotonic)
    n_tries: int = 0
    not_before: float = 0.0

    @property
    def pause_s(self) -> float:
        """Before the next try."""
        return min(MAX_PAUSE_S, PAUSE_S * 2 ** min(self.n_tries - 1, 10))

    def again(self) -> None:
        """It failed once more."""
        self.n_tries += 1
        self.not_before = time.monotonic() + self.pause_s

    def is_bearable(self, patience_s: float) -> bool:
        """Whether there is time for another try."""
        return self.not_before - self.since <= patience_s

    @property
    def told(self) -> str:
        """What to say when patience is at its end."""
        spent_s = time.monotonic() - self.since
        times = "once" if self.n_tries == 1 else f"{self.n_tries} times in {spent_s:.0f} s"
        return f" (tried {times}; what was made stays: mend it, then run this again)"
