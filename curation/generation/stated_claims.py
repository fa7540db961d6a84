"""Stated claims: from the JSON of a reply to claims that can be verified, and from our own claims to that JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from curation.generation.claim_forms import BOUNDS, FACTS, THOUSANDTHS, checked, value_types
from curation.pictures.boxes import Box
from curation.verification.claims import Annotations, Claim, ExtractedClaim
from curation.words.descriptions import sentences
from schemas.errors import ReplyError
from schemas.labels import Truth


@dataclass(frozen=True)
class Told:
    """What a picture's claims may name: its scheme, and the objects whose boxes were told, by their ids."""

    known: Annotations
    objects: Mapping[str, Box]

    @cached_property
    def types(self) -> Mapping[str, Mapping[str, Any]]:
        """What the fields of its claims may hold."""
        return value_types(self.known.scheme, len(self.objects))

    @cached_property
    def facts(self) -> Mapping[str, Sequence[Claim]]:
        """What a description claims of the map and of the picture as a whole, by kind."""
        found: dict[str, list[Claim]] = {}
        for one in (claim for sentence in sentences(self.known) for claim in sentence.claims):
            if one.kind in FACTS:
                found.setdefault(one.kind, []).append(one)
        return found


def read_claims(found: object, told: Told) -> tuple[ExtractedClaim, ...]:
    """The claims of a sentence, equal ones once.

    Raises ReplyError, saying what was found and what was expected, for any that is not of the vocabulary.
    """
    if not isinstance(found, list):
        raise ReplyError(f"claims: found {str(found)[:80]!r}, expected a list")
    claims = [claim for one in found for claim in _read(one, told)]
    return tuple({claim.claim.content: claim for claim in claims}.values())


def written_claims(claims: Sequence[Claim], objects: Mapping[str, Box]) -> list[dict[str, Any]]:
    """Claims of our own sentences as a model would write them: boxes by id, the sky by its facts, each once."""
    ids = {_rounded(box): name for name, box in objects.items()}
    lists: dict[str, list[str]] = {}
    for one in claims:
        if one.kind == "box" and one.box:
            lists.setdefault(one.subject, []).append(ids.get(_rounded(one.box), ""))
    lists = {subject: held for subject, held in lists.items() if all(held)}
    counts = {one.subject: one.count for one in claims if one.kind == "count" and one.how is None}
    whole = [subject for subject, held in lists.items() if counts.get(subject) == len(held)]
    found = [
        {"kind": "boxes", "what": subject, "objects": held, "complete": subject in whole}
        for subject, held in lists.items()
    ]
    rest = [one for one in claims if one.kind != "box" and not (one.kind == "count" and one.subject in whole)]
    found = [*(written for one in rest if (written := _written(one))), *found]
    return [one for at, one in enumerate(found) if one not in found[:at]]


def _rounded(box: Box) -> tuple[float, ...]:
    return tuple(round(edge, 3) for edge in box)


def _written(one: Claim) -> dict[str, Any] | None:
    """A claim as a model would write it; None where the vocabulary has no word for it."""
    bound = next((name for name, how in BOUNDS.items() if how == one.how), None)
    if one.kind == "count" and bound:
        return {"kind": "count", "what": one.subject, "bound": bound, "n": one.count}
    if one.kind == "border" and one.count is not None:
        return {"kind": "blank_percent", "n": one.count}
    if one.kind in FACTS:
        return {"kind": "fact", "fact": one.kind}
    name = {"presence": "label", "border": "where", "peculiarity": "content"}.get(one.kind)
    return {"kind": one.kind, name: one.subject, "state": str(one.state)} if name else None


def _read(found: object, told: Told) -> list[ExtractedClaim]:
    claim = checked(found, told.types)
    is_possible = claim.get("state") == "possible"
    return [ExtractedClaim(one, 0, 0, is_hedged=is_possible) for one in claims_of(claim, told)]


def claims_of(claim: Mapping[str, Any], told: Told) -> list[Claim]:
    """What a claim of known form says. Raises ReplyError for corners that are those of no box."""
    return _CLAIMS[claim["kind"]](claim, told)


def _presence(found: Mapping[str, Any], told: Told) -> list[Claim]:
    return [Claim("presence", found["label"], Truth.ABSENT if found["state"] == "absent" else Truth.PRESENT)]


def _boxes(found: Mapping[str, Any], told: Told) -> list[Claim]:
    boxes = [Claim("box", found["what"], box=told.objects[one]) for one in found["objects"]]
    return [*([Claim("count", found["what"], count=len(boxes))] if found["complete"] else []), *boxes]


def _box(found: Mapping[str, Any], told: Told) -> list[Claim]:
    x_min, y_min, x_max, y_max = (edge / THOUSANDTHS for edge in found["corners"])
    if x_min >= x_max or y_min >= y_max:
        raise ReplyError(f"claim box: corners {found['corners']}: expected left, top, right, bottom of a box")
    return [Claim("box", found["what"], box=(x_min, y_min, x_max, y_max))]


def _place(found: Mapping[str, Any], told: Told) -> list[Claim]:
    how = None if found["share"] == "one" else found["share"]
    return [Claim("position", found["what"], how=how, other=found["place"])]


def _extent(found: Mapping[str, Any], told: Told) -> list[Claim]:
    how, scale = ("across", 1) if found["unit"] == "percent" else ("angle", 1000)
    return [Claim("extent", found["what"], count=found["n"] * scale, how=f"{how} {found['axis']}")]


def _fact(found: Mapping[str, Any], told: Told) -> list[Claim]:
    """The claims that a description makes of this fact; where it makes none, one that nobody can verify."""
    fact = found["fact"]
    return [*told.facts.get(fact, ())] or [Claim(fact, "image" if fact in ("size", "orientation") else "map")]


_CLAIMS: Mapping[str, Callable[[Mapping[str, Any], Told], list[Claim]]] = {
    "presence": _presence,
    "count": lambda one, _: [Claim("count", one["what"], count=one["n"], how=BOUNDS[one["bound"]])],
    "boxes": _boxes,
    "box": _box,
    "place": _place,
    "count_at": lambda one, _: [Claim("position", one["what"], count=one["n"], other=one["place"])],
    "compare": lambda one, _: [Claim(one["is"], one["what"], other=one["than"])],
    "extreme": lambda one, _: [Claim("extreme", one["what"], how=one["is"], other=f"in {one['place']}")],
    "extreme_class": lambda one, _: [Claim("extreme", one["what"], how=one["is"], other=f"is {one['label']}")],
    "share": lambda one, _: [Claim("share", one["label"], how=one["share"], other=one["of"])],
    "only": lambda one, _: [Claim("only", one["label"])],
    "extent": _extent,
    "structure": lambda one, _: [Claim("structure", one["what"], count=one["n"])],
    "peculiarity": lambda one, _: [Claim("peculiarity", one["content"], Truth(one["state"]))],
    "border": lambda one, _: [Claim("border", one["where"], Truth(one["state"]))],
    "blank_percent": lambda one, _: [Claim("border", "blank", count=one["n"])],
    "fact": _fact,
}
