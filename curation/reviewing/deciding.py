"""Decisions about what was seen, as a reviewer makes them: an act, which may be of several."""

from dataclasses import dataclass
from typing import Any

from curation.decisions.rows import Decision, Verdict, decision, now
from curation.decisions.standing import not_undone
from curation.reviewing.desk import Desk, Seen
from schemas.errors import RecipeError


@dataclass(frozen=True)
class Corrected:
    """What a reviewer says of a label."""

    label: str
    """Its name in the scheme, or an alias."""
    state: str = "present"
    subject_id: str | None = None
    """Whose: an object's; None: the source's."""
    is_instead: bool = False
    """It is in the place of the labels that are present now: these are absent."""


def acted(
    desk: Desk, seen: Seen, *, reviewer: str, verdict: str, corrected: Corrected, note: str = ""
) -> list[Decision]:
    """An act of any verdict; `corrected`: what is said of a label, looked at for `correct` alone."""
    if verdict == Verdict.UNDO:
        return undoing(desk, seen, reviewer, note)
    if verdict == Verdict.CORRECT:
        return corrections(desk, seen, reviewer, corrected, note)
    return [decided(seen, reviewer, verdict, note=note)]


def decided(seen: Seen, reviewer: str, verdict: str, *, at: str | None = None, **said: Any) -> Decision:
    """A decision about what was seen. `said`: note, undoes; of a correction subject_id, scheme, label, state.

    `at`: when, of an act of several decisions; None: now. Raises CatalogError, one line, for what it cannot be.
    """
    return decision(
        decided_at=at or now(), reviewer=reviewer, verdict=verdict, dataset=seen.dataset, sample_id=seen.sample_id,
        conversation_id=seen.conversation["conversation_id"], cutout_id=seen.cutout["cutout_id"],
        source_id=seen.cutout["source_id"], picture_sha256=seen.evidence.picture_sha256,
        labels_sha256=seen.evidence.labels_sha256, **said,
    )  # fmt: skip


def corrections(desk: Desk, seen: Seen, reviewer: str, said: Corrected, note: str = "") -> list[Decision]:
    """That a label of the source or of an object is another one than was said; of one act, so that one undo is enough.

    Raises RecipeError for a label that the scheme does not have, or an object that the picture does not show.
    """
    scheme = desk.scheme(seen.dataset)
    name = scheme.spelt(said.label)
    if name is None:
        raise RecipeError(f"no label {said.label!r} in scheme {scheme.name}; known: {', '.join(scheme.labels)}")
    subject = said.subject_id or seen.cutout["source_id"]
    known = desk.annotations(seen.dataset).of(seen.cutout)
    shown = {one.object_id for one in (known.objects if known else None) or ()} | {seen.cutout["source_id"]}
    if subject not in shown:
        raise RecipeError(f"{subject}: the picture shows no such source or object; known: {', '.join(sorted(shown))}")
    states = {name: said.state}
    if said.is_instead and scheme.kind == "multi":
        labels = (desk.objects(seen.dataset)[subject] if said.subject_id else seen.source)["labels"] or ()
        present = [one["label"] for one in labels if (one["scheme"], one["state"]) == (scheme.name, "present")]
        states |= {label: "absent" for label in present if label not in scheme.with_implied([name])}
    about = {"at": now(), "subject_id": subject, "scheme": scheme.name, "note": note}
    rows = states.items()
    return [decided(seen, reviewer, Verdict.CORRECT, label=label, state=state, **about) for label, state in rows]


def undoing(desk: Desk, seen: Seen, reviewer: str, note: str = "") -> list[Decision]:
    """That all of the reviewer's last act about the sample is taken back. Raises RecipeError where there is none."""
    rows = not_undone(desk.reviews([seen.dataset])[seen.dataset])
    mine = [one for one in rows if one.reviewer == reviewer and one.cutout_id == seen.cutout["cutout_id"]]
    about = [one for one in mine if one.sample_id == seen.sample_id or one.verdict is Verdict.CORRECT]
    if not about:
        raise RecipeError(f"{seen.sample_id}: {reviewer} decided nothing about it that could be taken back")
    act, at = [one for one in about if one.decided_at == about[-1].decided_at], now()
    return [decided(seen, reviewer, Verdict.UNDO, at=at, undoes=one.decision_id, note=note) for one in act]
