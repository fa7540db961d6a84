"""Truth rules: from what is known of a picture's labels to the classes that a benchmark scores.

A rule gives the true classes (none: the benchmark's answer NONE), or the reason why the picture cannot be scored.
A rule costs no model call: replies are kept, so one run is scored by several.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.labels import Truth

UNKNOWN, OTHER_CLASS, SEVERAL = "unknown-truth", "other-class", "several-classes"
NO_ANSWER = "(no answer fits)"
"""The truth of a row that no allowed answer could match: the original kept such rows."""
EXTENDED_BY = ("EXTENDED", "RADIO-GALAXY")
COMPLEX_BY = ("EXTENDED", "DIFFUSE", "RADIO-GALAXY", "DIFFUSE-LARGE", "FILAMENT")
COMPLEX_BY_ORIGINAL = COMPLEX_BY[:3]
SEEN_BY_ORIGINAL = ("BACKGROUND", "COMPACT", "EXTENDED", "RADIO-GALAXY", "DIFFUSE", "DIFFUSE-LARGE")

States = Mapping[str, Truth]
Outcome = tuple[str, ...] | str
"""True classes, or the reason for leaving the picture out."""


def states_of(labels: Sequence[Mapping[str, Any]]) -> dict[str, Truth]:
    """What a `labels` column says of each label; one that is not there is unknown."""
    found: dict[str, Truth] = {}
    for one in labels:
        state = Truth(one["state"])
        if found.get(one["label"], Truth.UNKNOWN) != Truth.PRESENT:  # several catalogues may speak: present wins
            found[one["label"]] = state
    return found


def truth_by(rule: str, states: States, classes: Sequence[str], labels: Sequence[str]) -> Outcome:
    """The true classes by a rule of RULES; `labels` are those that a rule `has-label` looks for."""
    return RULES[rule](states, classes, labels)


def _as_annotated(states: States, classes: Sequence[str], labels: Sequence[str]) -> Outcome:
    present = [label for label, state in states.items() if state == Truth.PRESENT]
    if not present:
        return UNKNOWN
    among = [label for label in classes if label in present]
    if not among:
        return OTHER_CLASS
    return tuple(among) if len(among) == 1 else SEVERAL


def _has_label(states: States, classes: Sequence[str], labels: Sequence[str]) -> Outcome:
    return _told(_any_of(states, labels), ("YES",), ("NO",))


def _morphology_set(states: States, classes: Sequence[str], labels: Sequence[str]) -> Outcome:
    found = {one: _any_of(states, EXTENDED_BY if one == "EXTENDED" else (one,)) for one in classes}
    if Truth.UNKNOWN in found.values():
        return UNKNOWN
    return tuple(one for one in classes if found[one] == Truth.PRESENT)


def _morphology_set_original(states: States, classes: Sequence[str], labels: Sequence[str]) -> Outcome:
    """NONE only where one single label, COMPACT or BACKGROUND, is left of those that the original looked at."""
    found = _morphology_set(states, classes, labels)
    if found:
        return found
    left = [one for one in SEEN_BY_ORIGINAL if states.get(one) == Truth.PRESENT]
    return () if len(left) == 1 else (NO_ANSWER,)


def _peculiarity(states: States, classes: Sequence[str], labels: Sequence[str]) -> Outcome:
    return _peculiar(states, COMPLEX_BY)


def _peculiarity_narrow(states: States, classes: Sequence[str], labels: Sequence[str]) -> Outcome:
    return _peculiar(states, COMPLEX_BY_ORIGINAL)


def _peculiar(states: States, complex_by: Sequence[str]) -> Outcome:
    peculiar = states.get("PECULIAR", Truth.UNKNOWN)
    if peculiar != Truth.ABSENT:
        return _told(peculiar, ("PECULIAR",), ())
    return _told(_any_of(states, complex_by), ("COMPLEX",), ("ORDINARY",))


def _any_of(states: States, labels: Sequence[str]) -> Truth:
    """Present where one of the labels is, absent where all are, else unknown."""
    said = [states.get(one, Truth.UNKNOWN) for one in labels]
    if Truth.PRESENT in said:
        return Truth.PRESENT
    return Truth.UNKNOWN if Truth.UNKNOWN in said else Truth.ABSENT


def _told(truth: Truth, present: tuple[str, ...], absent: tuple[str, ...]) -> Outcome:
    if truth == Truth.UNKNOWN:
        return UNKNOWN
    return present if truth == Truth.PRESENT else absent


RULES: dict[str, Callable[[States, Sequence[str], Sequence[str]], Outcome]] = {
    "as-annotated": _as_annotated,
    "has-label": _has_label,
    "morphology-set": _morphology_set,
    "morphology-set-original": _morphology_set_original,
    "peculiarity": _peculiarity,
    "peculiarity-narrow": _peculiarity_narrow,
}
