"""The synthetic caption: all that is known of a picture, for a model that is to write about it.

Riggi et al. 2025, 3.1.1. It opens with the sentences of the description, and goes on with what a description leaves
out: every class that is known to be absent, boxes, blank edges, peculiarity. What is not known is not spoken of. Each
sentence stands with its claims, as the model is to write its own.
"""

import json
from collections.abc import Iterator, Mapping

from curation.generation.prompt import Topic
from curation.generation.stated_claims import written_claims
from curation.pictures.boxes import Box, Dialect, encode_box
from curation.verification.claims import ANY_OBJECT, Annotations, Claim, Sentence
from curation.words.answers import count_noun, counted
from curation.words.descriptions import sentences
from schemas.labels import Truth

MOST_OBJECTS = 24
"""A class with more objects than these is told without boxes: an answer that lists them all would be cut short."""


def caption(known: Annotations, dialect: Dialect) -> list[Sentence]:
    """What is known of a cutout, a sentence each with its claims; equal sentences once."""
    opening = sentences(known)
    told = {claim.content for one in opening for claim in one.claims}
    found = [*opening, *_absent(known, told), *_borders(known), *_boxes(known, dialect), *_peculiarity(known)]
    return list({one.text: one for one in found}.values())


def caption_lines(known: Annotations, dialect: Dialect, objects: Mapping[str, Box]) -> list[str]:
    """The caption as lines of a prompt: each sentence, then its claims as JSON."""
    told = [(one.text, written_claims(one.claims, objects)) for one in caption(known, dialect)]
    return [f"{text} {json.dumps(claims, ensure_ascii=False)}" for text, claims in told]


def told_objects(known: Annotations) -> dict[str, Box]:
    """The objects whose boxes the caption tells, by the ids that claims name them by: "o1", "o2" … in reading order."""
    told = {claim.box for one in _boxes(known, "xyxy_norm") for claim in one.claims if claim.box}
    boxes = [one.box_norm for one in known.objects or () if one.box_norm in told and one.box_norm]
    return {f"o{at}": box for at, box in enumerate(dict.fromkeys(boxes), start=1)}


def object_lines(known: Annotations, dialect: Dialect, objects: Mapping[str, Box]) -> list[str]:
    """The told objects as lines of a prompt: id, what is known of its class, box."""
    classes = {one.box_norm: sorted(one.labels or ()) for one in known.objects or ()}
    return [
        f"{name}: {', '.join(classes.get(box, ())) or ANY_OBJECT} {encode_box(box, dialect)}"
        for name, box in objects.items()
    ]


def topics_of(known: Annotations, topics: tuple[Topic, ...]) -> list[Topic]:
    """Those whose answer is known of this picture: nothing is asked that the caption does not tell."""
    return [one for one in topics if _is_known(known, one)]


def n_boxes(known: Annotations) -> int:
    """Objects whose boxes the caption tells."""
    return sum(len(one.claims) - 1 for one in _boxes(known, "xyxy_norm"))


def _is_known(known: Annotations, topic: Topic) -> bool:
    if topic.needs == "labels":
        return any(known.state(label) is not Truth.UNKNOWN for label in topic.labels or known.scheme.labels)
    if topic.needs == "objects":
        return any(True for _ in _boxes(known, "xyxy_norm"))
    if topic.needs == "edge":
        return known.edge is not Truth.UNKNOWN
    return topic.needs == "" or known.peculiarity is not None


def _absent(known: Annotations, told: set[tuple[object, ...]]) -> Iterator[Sentence]:
    rest: list[str] = []
    for label, one in known.scheme.labels.items():
        claim = Claim("presence", label, Truth.ABSENT, evidence=known.evidence(label))
        if known.state(label) is Truth.ABSENT and claim.content not in told:
            if one.absent_phrase:
                yield Sentence(one.absent_phrase, (claim,))
            else:
                rest.append(label)
    if rest and len(rest) < len(known.scheme.labels):
        claims = tuple(Claim("presence", label, Truth.ABSENT, evidence=known.evidence(label)) for label in rest)
        what = "The source at the centre is of" if known.scheme.about == "source" else "The image shows"
        yield Sentence(f"{what} none of the classes {', '.join(rest)}.", claims)


def _borders(known: Annotations) -> Iterator[Sentence]:
    blank = Claim("border", "blank", Truth.ABSENT, evidence=known.pixels)
    edge = Claim("border", "edge", known.edge, evidence=known.evidence("BORDER"))
    if known.blank is Truth.ABSENT:
        yield Sentence("No pixel of the image is blank.", (blank,))
    if known.edge is Truth.ABSENT:
        yield Sentence("There are no blank pixels along the edges of the image.", (edge,))
    elif known.edge is Truth.PRESENT:
        yield Sentence("Blank pixels lie along the edges of the image.", (edge,))


def _boxes(known: Annotations, dialect: Dialect) -> Iterator[Sentence]:
    """Number and boxes of each class that has objects in the picture; of all of them where their class is not known."""
    by_class = [(label, known.boxes(label)) for label in known.scheme.labels]
    subjects = [(label, held) for label, held in by_class if held]
    for subject, held in subjects or [(ANY_OBJECT, known.boxes(ANY_OBJECT))]:
        if not held or len(held) > MOST_OBJECTS:
            continue
        texts = [encode_box(one.box_norm, dialect) for one in held if one.box_norm]
        if len(set(texts)) < len(texts):  # two objects that the words cannot tell apart
            continue
        boxes = [
            Claim("box", subject, box=one.box_norm, evidence=(f"object:{one.object_id}",))
            for one in held
            if one.box_norm
        ]
        be = "is" if len(held) == 1 else "are"
        count = count_noun(known, subject, len(held))
        yield Sentence(f"There {be} {count}: {', '.join(texts)}.", (counted(known, subject, held), *boxes))


def _peculiarity(known: Annotations) -> Iterator[Sentence]:
    if known.peculiarity:
        claim = Claim("peculiarity", known.peculiarity, evidence=known.evidence("PECULIAR"))
        yield Sentence(f"The content of the image is {known.peculiarity.lower()}.", (claim,))
