"""A reviewer at a desk: what the page asks for, and what it decides."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from curation.decisions.rows import Decision, Verdict, keep
from curation.decisions.standing import agreements
from curation.engine.objects import AnyPath
from curation.reviewing.deciding import Corrected, acted
from curation.reviewing.desk import Desk
from curation.reviewing.other_skies import other_sky, other_surveys
from curation.reviewing.queue import Waiting
from curation.reviewing.shown import pixels, shown
from curation.reviewing.standings import TOLD, Standing, standings
from schemas.errors import RecipeError

AT_ONCE = 100
VIEWS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "todo": lambda row: row["mine"] is None,
    "open": lambda row: row["is_open"],
    "mine": lambda row: row["mine"] is not None,
    "all": lambda _row: True,
}
OPEN_AGAIN = 100.0  # added to the weight of what somebody should look at again


class Room:
    """A reviewer at a desk. One thread at a time; the desk is that of the newest hand-over."""

    def __init__(self, desk: Desk, reviewer: str, raw: AnyPath | None = None) -> None:
        """`desk`: opened again when a newer hand-over is there. `raw`: where mosaics are; None: not at hand."""
        self.desk, self.reviewer, self.raw, self.lock = desk, reviewer, raw, Lock()
        self.every, self.listed, self.view = list[dict[str, Any]](), list[dict[str, Any]](), ""

    def queue(self, view: str = "all", start: int = 0) -> dict[str, Any]:
        """What waits of a view, the most doubtful first, from place `start` on and at most AT_ONCE; and the counts.

        At the start decisions are read anew; further on the order stays what it was then.
        """
        if view not in VIEWS:
            raise RecipeError(f"view {view!r:.40}: expected one of {', '.join(VIEWS)}")
        agreement = list[str]()
        with self.lock:
            if start == 0 or view != self.view:
                self.desk = self.desk.newest()
                reviews = self.desk.reviews()
                agreement = [one.told for one in agreements([one for rows in reviews.values() for one in rows])]
                self.every, self.view = self._rows(standings(self.desk.went, reviews)), view
                self.listed = [row for row in self.every if VIEWS[view](row)]
            return {
                "corpus": self.desk.corpus.name,
                "title": self.desk.corpus.title,
                "reviewer": self.reviewer,
                "rows": self.listed[start : start + AT_ONCE],
                "n_listed": len(self.listed),
                "n_mine": sum(row["mine"] is not None for row in self.every),
                "n_all": len(self.every),
                "agreement": agreement,
            }

    def sample(self, conversation_id: str) -> dict[str, Any]:
        """All that is shown of a conversation."""
        with self.lock:
            found = self.desk.found(conversation_id)
            told = shown(self.desk, found, standings(self.desk.went, self.desk.reviews([found.dataset])))
            seen = {one["survey"] for one in told["twins"]}
            others = other_surveys(self.desk, self.desk.seen(found).cutout) if self.raw else []
            return {**told, "skies": [name for name in others if name not in seen]}

    def pixels(self, conversation_id: str) -> bytes:
        """The image of its cutout, as float32."""
        with self.lock:
            return pixels(self.desk.seen(self.desk.found(conversation_id)))

    def picture(self, cutout_id: str) -> bytes:
        """The PNG of a cutout. Raises RecipeError where there is none."""
        with self.lock:
            found = self.desk.picture(cutout_id)
        if found is None:
            raise RecipeError(f"no cutout {cutout_id!r:.80}")
        return found

    def sky(self, conversation_id: str, survey: str) -> bytes:
        """The PNG of the same sky in another survey. Raises RecipeError where there is none."""
        with self.lock:
            if self.raw is None:
                raise RecipeError("the mosaics are not at hand: start again with --raw")
            return other_sky(self.desk, self.desk.seen(self.desk.found(conversation_id)).cutout, survey, self.raw)

    def decide(self, said: dict[str, Any]) -> dict[str, Any]:
        """Keep a decision; gives it as the page tells it. Raises CorpusError, one line, for what it cannot be."""
        text = {name: said.get(name) for name in ("conversation_id", "sample_id", "verdict", "note", "label", "state",
                                                  "subject_id")}  # fmt: skip
        if not all(value is None or isinstance(value, str) for value in text.values()):
            raise RecipeError("a decision is of texts")
        with self.lock:
            act = self._act(text, is_instead=said.get("is_instead") is True)
            keep(self.desk.store, act)
            one = act[0]
            for row in self.every:
                if row["sample_id"] == one.sample_id and one.verdict not in (Verdict.NOTE, Verdict.UNDO):
                    row["mine"] = str(one.verdict)
        return {
            "decision_id": one.decision_id,
            "told": "; ".join(each.told for each in act),
            "verdict": str(one.verdict),
        }

    def _act(self, said: dict[str, str | None], *, is_instead: bool) -> list[Decision]:
        verdict, note = said["verdict"] or "", said["note"] or ""
        seen = self.desk.seen(self.desk.found(said["conversation_id"] or ""))
        if said["sample_id"] != seen.sample_id:
            raise RecipeError("the hand-over is another one now: look at the sample again")
        told = Corrected(said["label"] or "", said["state"] or "", said["subject_id"] or None, is_instead)
        return acted(self.desk, seen, reviewer=self.reviewer, verdict=verdict, corrected=told, note=note)

    def _rows(self, found: Sequence[Standing]) -> list[dict[str, Any]]:
        mine, others, again = dict[str, str](), dict[str, set[str]](), dict[str, str]()
        for one in found:
            said = one.decision
            if one.standing in ("undone", "changed", "note"):
                continue
            if one.is_open:
                again[said.source_id] = TOLD[one.standing]
            elif said.reviewer == self.reviewer:
                mine[said.sample_id] = str(said.verdict)
            else:
                others.setdefault(said.sample_id, set()).add(said.reviewer)
        rows = [_row(one, mine, others, again) for one in self.desk.queue]
        return sorted(rows, key=lambda row: -row["weight"])


def _row(one: Waiting, mine: dict[str, str], others: dict[str, set[str]], again: dict[str, str]) -> dict[str, Any]:
    opened = again.get(one.source_id)
    doubts = [*([f"open again: {opened}"] if opened else []), *one.doubts]
    return {
        "id": one.conversation_id, "sample_id": one.sample_id, "name": one.source_name, "dataset": one.dataset,
        "refused": one.refused, "doubts": doubts, "weight": one.weight + (OPEN_AGAIN if opened else 0.0),
        "mine": mine.get(one.sample_id), "n_others": len(others.get(one.sample_id, ())), "is_open": bool(opened),
    }  # fmt: skip
