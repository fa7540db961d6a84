"""How claims in pixels are judged: places and sizes of objects, the size of the picture and of one of its pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from curation.verification.claims import Annotations, Claim, SeenObject
from curation.verification.relations import SIZE_FAR, SIZE_NEAR
from curation.verification.verdicts import BASIC, Rule, Verdict, held_by, told, within
from schemas.labels import Truth

NEAR_PX = 2.0
PIXEL_NEARNESS = 0.06
"""Of the size of a pixel, which texts give with one digit or two."""


def _pixels(claim: Claim, known: Annotations) -> Verdict:
    width, height = known.width_px, known.height_px
    if not width or not height:
        return told(None, claim, "the picture's size in pixels is not known")
    if claim.box is not None:
        x, y, far_x, far_y = claim.box
        scaled = replace(
            claim, kind=claim.other or "box", other=None, how=None,
            box=(x / width, y / height, far_x / width, far_y / height),
        )  # fmt: skip
        return BASIC[scaled.kind](scaled, known)
    truth, compared = _size(claim, known, (width, height))
    return told(truth if truth is None else truth is (claim.state is Truth.PRESENT), claim, compared)


def _size(claim: Claim, known: Annotations, size: tuple[int, int]) -> tuple[bool | None, str]:
    """Whether a pixel, the picture or an object is so large, and what was compared."""
    if claim.subject == "pixel":
        if not known.side_arcsec or claim.count is None:
            return None, "the picture has no scale"
        pixel = 1000 * known.side_arcsec / size[0]
        return abs(pixel - claim.count) <= PIXEL_NEARNESS * pixel, f"{pixel / 1000:.2f} arcsec"
    if claim.subject == "image":
        sides = {"width": size[:1], "height": size[1:]}.get(claim.other or "", size)
        if claim.how and claim.count:
            return within(sides, claim.count, claim.how), f"{size[0]} by {size[1]} pixels"
        return all(one == claim.count for one in sides), f"{size[0]} by {size[1]} pixels"
    held = held_by(claim.subject, known) if ":" not in claim.subject else None
    return None if held is None else _is_so_large(claim, held, size), "by their boxes"


def _is_so_large(claim: Claim, held: Sequence[SeenObject], size: tuple[int, int]) -> bool | None:
    """Whether one of the objects has a side of so many pixels; None where one is not far from it."""
    boxes = [one.box_norm for one in held]
    if not boxes or claim.count is None or None in boxes:
        return False if not boxes else None
    across = [(box[2] - box[0]) * size[0] for box in boxes if box]
    down = [(box[3] - box[1]) * size[1] for box in boxes if box]
    sides = {"width": across, "height": down}.get(claim.other or "", across + down)
    if claim.how:
        return within(sides, claim.count, claim.how) if claim.count else None
    off = min(abs(one - claim.count) / max(one, claim.count, 1) for one in sides)
    is_close = min(abs(one - claim.count) for one in sides) <= NEAR_PX
    return True if is_close or off <= SIZE_NEAR else None if off <= SIZE_FAR else False


PIXELS: Mapping[str, Rule] = {"pixels": _pixels}
