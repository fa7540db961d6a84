"""Directions on the sky: judged by the true angle of the picture, asked for only where north is up."""

import json
import math

import pytest

from catalogs.survey import surveys
from curation.asking.request import Reply
from curation.extraction.reading import extract_claims
from curation.generation.page import Page
from curation.generation.writing import Generation, writing_about
from curation.verification.claims import Annotations, SeenObject
from curation.verification.compass import NORTH_UP_DEG, Orientation, speaks_of_the_sky
from curation.verification.relations import LEAST_APART
from curation.verification.verdicts import Judgement
from curation.verification.verify import verify_turn
from curation.words.question import ask, questions
from schemas.labels import Truth, label_scheme

SCHEME = label_scheme("caesar_mrcnn")
WAYS = {"north": 0.0, "north-east": 45.0, "east": 90.0, "south-east": 135.0, "south": 180.0, "south-west": 225.0,
        "west": 270.0, "north-west": 315.0}  # fmt: skip
YES, NO, OPEN = Judgement.SUPPORTED, Judgement.CONTRADICTED, Judgement.UNVERIFIABLE


def box_at(pa_deg: float, sky: Orientation, far: float = 0.35, half: float = 0.03):
    """A box of a picture that lies at a position angle from its centre, found by trying every point of a circle."""
    best, centre = 360.0, (0.5, 0.5)
    for step in range(3600):
        x, y = 0.5 + far * math.sin(math.radians(step / 10)), 0.5 - far * math.cos(math.radians(step / 10))
        left, up = math.radians(sky.left_pa_deg), math.radians(sky.up_pa_deg)
        east = (0.5 - x) * math.sin(left) + (0.5 - y) * sky.height_to_width * math.sin(up)
        north = (0.5 - x) * math.cos(left) + (0.5 - y) * sky.height_to_width * math.cos(up)
        off = abs((math.degrees(math.atan2(east, north)) - pa_deg + 180) % 360 - 180)
        best, centre = min((best, centre), (off, (x, y)))
    return centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half


def known(sky: Orientation | None, *boxes, labels=("COMPACT", "EXTENDED")) -> Annotations:
    seen = tuple(
        SeenObject(f"object-{at}", box, frozenset(SCHEME.with_implied([label])))
        for at, (box, label) in enumerate(zip(boxes, labels, strict=False))
    )
    held = {label for one in seen for label in one.labels or ()}
    states = {label: Truth.PRESENT if label in held else Truth.ABSENT for label in SCHEME.labels}
    return Annotations("cutout-0", "source-0", SCHEME, states, objects=seen, orientation=sky)


def verdict(text: str, annotations: Annotations) -> Judgement:
    return verify_turn(extract_claims("", text, SCHEME, "xyxy_norm"), annotations)[0]


def lying(up_pa_deg: float, *, is_mirrored=False, height_to_width=1.0, turn_deg=0.0) -> Orientation:
    left = (up_pa_deg + (-90 if is_mirrored else 90)) % 360
    return Orientation(up_pa_deg, left, turn_deg, height_to_width)


@pytest.mark.parametrize("height_to_width", [1.0, 2.5])
@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("up", [0, 2, 30, 74, 90, 180, 233, 299])
@pytest.mark.parametrize("way", WAYS)
def test_the_side_of_the_sky_that_an_object_lies_on_is_found_however_the_picture_lies(
    way, up, is_mirrored, height_to_width
):
    sky = lying(up, is_mirrored=is_mirrored, height_to_width=height_to_width)
    annotations = known(sky, box_at(WAYS[way], sky))
    opposite = next(other for other, pa in WAYS.items() if abs(pa - WAYS[way]) == 180)
    assert verdict(f"A compact source lies in the {way} of the image.", annotations) is YES
    assert verdict(f"A compact source lies in the {way}ern part of the image.", annotations) is YES
    assert verdict(f"A compact source lies in the {opposite} of the image.", annotations) is NO


@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("up", [0, 74, 180, 299])
@pytest.mark.parametrize("way", WAYS)
def test_an_object_is_north_of_another_by_the_true_angle(way, up, is_mirrored):
    sky = lying(up, is_mirrored=is_mirrored)
    annotations = known(sky, box_at(WAYS[way], sky), (0.47, 0.47, 0.53, 0.53), labels=("COMPACT", "SPURIOUS"))
    opposite = next(other for other, pa in WAYS.items() if abs(pa - WAYS[way]) == 180)
    pair = "The compact source lies {} of the spurious source."
    assert verdict(pair.format(way), annotations) is YES
    assert verdict(pair.format(f"to the {opposite}"), annotations) is NO


@pytest.mark.parametrize("up", [0, 74, 180, 299])
@pytest.mark.parametrize("way", ["north", "east", "south", "west"])
def test_the_northernmost_is_found_by_the_true_angle(way, up):
    sky = lying(up)
    boxes = box_at(WAYS[way], sky), box_at((WAYS[way] + 180) % 360, sky)
    annotations = known(sky, *boxes, labels=("COMPACT", "SPURIOUS"))
    text = f"The {way}ernmost object is a {{}} source."
    assert verdict(text.format("compact"), annotations) is YES
    assert verdict(text.format("spurious"), annotations) is not YES
    assert verdict(text.format("compact"), known(None, *boxes, labels=("COMPACT", "SPURIOUS"))) is OPEN


def test_without_a_place_on_the_sky_no_direction_is_judged():
    for sky in (None, lying(0, turn_deg=80)):
        annotations = known(sky, (0.1, 0.1, 0.2, 0.2), (0.7, 0.7, 0.8, 0.8), labels=("COMPACT", "SPURIOUS"))
        for text in ("A compact source lies in the north-east.", "The compact source is north of the spurious source."):
            assert verdict(text, annotations) is OPEN, text


@pytest.mark.parametrize(
    ("text", "sky", "wanted"),
    [
        ("North is up and east is left.", lying(0), YES),
        ("North is up and east is left.", lying(359), YES),
        ("North is up and east is left.", lying(10), OPEN),
        ("North is up and east is left.", lying(74), NO),
        ("North is up and east is left.", lying(0, is_mirrored=True), NO),
        ("North is up and east is left.", lying(0, turn_deg=20), OPEN),
        ("North is at the top and east to the right.", lying(0, is_mirrored=True), YES),
        ("East is up.", lying(90), YES),
        ("The top of the image points to the south.", lying(180), YES),
        ("North is not up.", lying(74), YES),
        ("North is not up.", lying(0), NO),
        ("The image is mirrored.", lying(40), NO),
        ("The image is mirrored.", lying(40, is_mirrored=True), YES),
        ("Up in the image is at a position angle of 74 degrees.", lying(74.3), YES),
        ("Up in the image is at a position angle of 0.5 deg.", lying(359.9), YES),
        ("Up in the image is at a position angle of 299 degrees.", lying(74), NO),
        ("North is up.", None, OPEN),
    ],
)
def test_a_text_on_how_the_picture_lies_is_judged(text, sky, wanted):
    assert verdict(text, known(sky)) is wanted


def test_a_position_angle_is_no_size():
    found = extract_claims("", "The beam has a position angle of 30 degrees.", SCHEME, "xyxy_norm")
    assert {one.claim.kind for one in found} & {"size", "beam"} == set()


def test_north_is_said_to_be_up_only_where_nothing_is_seen_elsewhere():
    assert 0.5 * math.tan(math.radians(NORTH_UP_DEG)) < LEAST_APART
    assert lying(NORTH_UP_DEG).is_north_up and lying(360 - NORTH_UP_DEG).is_north_up
    assert not lying(NORTH_UP_DEG + 0.01).is_north_up and not lying(0, turn_deg=NORTH_UP_DEG + 0.01).is_north_up
    assert not Orientation(0, 70).is_north_up  # axes that do not stand upright on each other
    mirrored = lying(0, is_mirrored=True)
    assert mirrored.is_north_up and not mirrored.is_as_on_maps


@pytest.mark.parametrize(
    ("sky", "is_asked"),
    [(None, False), (lying(0), True), (lying(357.5), True), (lying(4), False), (lying(0, is_mirrored=True), False)],
)
def test_a_question_of_a_direction_on_the_sky_is_asked_only_where_north_is_up(sky, is_asked):
    annotations = known(sky, (0.1, 0.1, 0.2, 0.2))
    plain = questions()["count_of_sources"]
    of_the_sky = plain.model_copy(update={"wordings": ("How many sources are there, counted from north to south?",)})
    assert ask(plain, annotations, "key", "xyxy_norm") is not None
    assert (ask(of_the_sky, annotations, "key", "xyxy_norm") is not None) == is_asked


@pytest.mark.parametrize(("sky", "is_taken"), [(None, False), (lying(1), True), (lying(74), False)])
def test_a_models_question_of_a_direction_is_taken_only_where_north_is_up(sky, is_taken):
    seen = known(sky)
    writing = writing_about("demo", seen.scheme, surveys()["first"], "xyxy_norm", Generation())
    page = Page("demo", seen, b"", writing)
    turn = {"question": "Is there a source in the north-east?", "answer": [{"text": "There is.", "claims": []}]}
    drafts = page.drafts(page.request(1), Reply("0" * 64, json.dumps({"turns": [turn]})), 1)
    assert (len(drafts), [one.reason for one in page.refused]) == ((1, []) if is_taken else (0, ["direction"]))


@pytest.mark.parametrize(
    ("text", "is_of_the_sky"),
    [
        ("Which source is the northernmost?", True), ("Is it in the NE?", True), ("What lies south-west of it?", True),
        ("What is its right ascension?", False), ("Is it from the Westerbork Northern Sky Survey?", False),
        ("What is the answer?", False), ("At least how many?", False),
    ],
)  # fmt: skip
def test_words_for_directions_on_the_sky_are_known(text, is_of_the_sky):
    assert speaks_of_the_sky(text) == is_of_the_sky
