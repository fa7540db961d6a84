"""What the report tells of people's decisions: which conversations most of them found faulty."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from curation.decisions.rows import Decision as Row
from curation.decisions.rows import Verdict
from curation.decisions.standing import Agreement, agreements, not_undone


@dataclass(frozen=True)
class Decision:
    """What one person said of one sample or conversation."""

    id: str
    is_faulty: bool
    reviewer: str = ""


@dataclass(frozen=True)
class People:
    """What people said of a corpus."""

    decisions: tuple[Decision, ...] = ()
    """See `judgements`."""
    pairs: tuple[Agreement, ...] = ()
    """How far each two reviewers agree about samples."""

    @classmethod
    def of(cls, reviews: Mapping[str, Sequence[Row]]) -> "People":
        """By dataset, decisions by time."""
        every = [one for name in sorted(reviews) for one in reviews[name]]
        return cls(judgements(reviews), tuple(agreements(every)))


def judgements(reviews: Mapping[str, Sequence[Row]]) -> tuple[Decision, ...]:
    """What reviewers said of conversations, in the order of time; one whose labels they correct is faulty."""
    every: Iterable[Row] = (one for name in sorted(reviews) for one in not_undone(reviews[name]))
    said = (one for one in every if one.verdict is not Verdict.NOTE)
    return tuple(Decision(one.conversation_id, one.verdict is not Verdict.ACCEPT, one.reviewer) for one in said)


def by_majority(decisions: Sequence[Decision], owner: Mapping[str, str]) -> tuple[dict[str, bool], int]:
    """Of each conversation whether most said that it is faulty, and how many conversations are left open by a draw.

    `owner`: the conversation of each id. Of one person's decisions about a conversation the last one counts.
    """
    votes: dict[str, dict[str, bool]] = {}
    for at, one in enumerate(decisions):
        if one.id in owner:
            votes.setdefault(owner[one.id], {})[one.reviewer or f"#{at}"] = one.is_faulty
    told = {name: sum(said.values()) * 2 - len(said) for name, said in sorted(votes.items())}
    return {name: balance > 0 for name, balance in told.items() if balance}, sum(not one for one in told.values())
