"""The reader on the templates' texts over random annotations, and on the same texts with a fault planted in each."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.extraction.reading import extract_claims
from curation.extraction.text import NUMBER, number, plain
from curation.extraction.tokens import tokens_of
from curation.pictures.boxes import DIALECTS, decode_box, encode_box
from curation.realisation.nouns import number_words
from curation.verification.claims import Annotations, SeenObject, SurveyFacts
from curation.verification.entailment import are_equal
from curation.verification.verify import Judgement, verify_turn
from curation.words.descriptions import description
from curation.words.question import expanded, questions
from curation.words.turns import turns_about
from schemas.labels import Truth, label_scheme, label_schemes

SCHEMES = sorted(label_schemes())
QUESTIONS = {name: expanded(questions().values(), label_scheme(name)) for name in SCHEMES}
QUICK = settings(max_examples=30, deadline=None, derandomize=True)


@st.composite
def truths_of(draw, scheme_name):
    """What could be known of a picture: any labels, any objects, any blank share, with or without scale and survey."""
    scheme = label_scheme(scheme_name)
    labels = list(scheme.labels)
    if scheme.kind == "single":
        one = draw(st.sampled_from([*labels, None]))
        states = {name: Truth.PRESENT if name == one else Truth.ABSENT if one else Truth.UNKNOWN for name in labels}
    else:
        state_of = st.sampled_from([Truth.PRESENT, Truth.ABSENT, Truth.ABSENT, Truth.UNKNOWN])
        states = {name: draw(state_of) for name in labels}
        present = [name for name, state in states.items() if state is Truth.PRESENT]
        states |= dict.fromkeys(scheme.with_implied(present), Truth.PRESENT)
    objects = draw(st.none() | st.lists(object_of(labels), max_size=5, unique_by=lambda one: one[0]))
    seen = None
    if objects is not None:
        has_classes = draw(st.booleans())
        seen = tuple(
            SeenObject(f"obj-{at:016x}", box, frozenset(scheme.with_implied([label])) if has_classes else None)
            for at, (box, label) in enumerate(objects)
        )
        if has_classes:
            held = {label for one in seen for label in one.labels}
            states = {name: Truth.PRESENT if name in held else Truth.ABSENT for name in labels}
    blank_fraction = draw(st.sampled_from([0.0, 0.0, 0.0004, 0.0099, 0.012, 0.093, 0.5]))
    if blank_fraction and states.get("BORDER") is Truth.ABSENT:
        states["BORDER"] = Truth.UNKNOWN
    return Annotations(
        cutout_id=f"cutout-{draw(st.integers(0, 2**60)):016x}",
        source_id="source-0",
        scheme=scheme,
        labels=states,
        objects=seen,
        blank_fraction=blank_fraction,
        side_arcsec=draw(st.none() | st.floats(5, 20_000)),
        beam_arcsec=draw(st.sampled_from([None, (5.4, 5.4), (6.43, 5.41), (75.0, 74.9)])),
        survey=draw(st.sampled_from([None, SurveyFacts("Deep (and wide) Survey, part 1", 943.491), SurveyFacts("EM")])),
    )


@st.composite
def object_of(draw, labels):
    width, height = draw(st.integers(8, 60)), draw(st.integers(8, 60))
    x_min, y_min = draw(st.integers(0, 199 - width)), draw(st.integers(0, 199 - height))
    box = (x_min / 199, y_min / 199, (x_min + width) / 199, (y_min + height) / 199)
    return box, draw(st.sampled_from(labels))


def turns_of(known, dialect="xyxy_norm"):
    told = description(known)
    row = {"text": told.text, "claims": [claim.row() for claim in told.claims]}
    return turns_about(known, row, QUESTIONS[known.scheme.name], dialect)


def verdict(question, answer, known, dialect="xyxy_norm"):
    return verify_turn(extract_claims(question, answer, known.scheme, dialect), known)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_the_templates_say_is_read_as_recorded_and_supported(scheme):
    @QUICK
    @given(truths_of(scheme), st.sampled_from(DIALECTS))
    def holds(known, dialect):
        for turn in turns_of(known, dialect):
            found = extract_claims(turn.question, turn.answer, known.scheme, dialect)
            assert are_equal(turn.claims, found), (turn, found)
            assert verify_turn(found, known) == (Judgement.SUPPORTED, []), turn
            assert all(one.text == turn.answer[one.start : one.end] for one in found)

    holds()


def faults(turn, known):
    """Every fault that this answer can bear, by its name: (name, answer with the fault)."""
    yield from _other_numbers(turn, known)
    yield from _other_boxes(turn, known)
    yield from _other_classes(turn, known)
    reply = re.match(r"(Yes|No)\b(?=[.,])", turn.answer)
    if reply:
        yield "flipped yes/no", {"Yes": "No", "No": "Yes"}[reply[1]] + turn.answer[reply.end() :]
    if turn.kind in ("class", "labels"):
        yield (
            "invented class",
            turn.answer.replace(turn.answer.split(",")[0], "XYZ" if len(turn.answer) % 2 else "4C-7P"),
        )
    if turn.kind == "peculiarity":
        words = ("ordinary", "complex", "peculiar")
        said = next(word for word in words if word in turn.answer.lower())
        for other in set(words) - {said}:
            yield "another peculiarity", turn.answer.replace(said, other).replace(said.upper(), other.upper())


def _other_numbers(turn, known):
    nouns = [noun for one in known.scheme.labels.values() for noun in (one.noun, one.noun_one)]
    counted = "|".join(map(re.escape, ["catalogued", *nouns]))
    for found in re.finditer(rf"(?i)\b({NUMBER})(?= (?:{counted})\b)|^({NUMBER})$", turn.answer):
        for count in {number(found[0]) - 1, number(found[0]) + 1} - {0}:
            yield "off by one", turn.answer[: found.start()] + number_words(count) + turn.answer[found.end() :]
    for found in re.finditer(r"\d+(?= %)", turn.answer):
        yield "another percentage", turn.answer[: found.start()] + str(int(found[0]) + 5) + turn.answer[found.end() :]


def _other_boxes(turn, known):
    texts = re.findall(r"\[[^]]*\]", turn.answer)
    true = [encode_box(one.box_norm) for one in known.objects or ()]
    for text in texts:
        x_min, y_min, x_max, y_max = decode_box(text)
        shift = 0.25 * (x_max - x_min) * (1 if x_max < 0.7 else -1)
        for name, box in (
            ("shifted box", (x_min + shift, y_min, x_max + shift, y_max)),
            ("box mirrored left to right", (1 - x_max, y_min, 1 - x_min, y_max)),
            ("box mirrored top to bottom", (x_min, 1 - y_max, x_max, 1 - y_min)),
        ):
            if not any(_nearly(box, decode_box(one)) for one in true):
                yield name, turn.answer.replace(text, encode_box(box))
        yield "twice the same box", turn.answer.replace(text, f"{text}, {text}")
        if len(texts) > 1:
            yield "a box left out", turn.answer.replace(f"{text}, ", "").replace(f", {text}", "")


def _nearly(left, right):
    return max(abs(one - other) for one, other in zip(left, right, strict=True)) < 0.02


def _other_classes(turn, known):
    """Each label that the answer names, in the words of another label of which the same is not true."""
    labels = known.scheme.labels
    for mention in tokens_of(plain(turn.answer), known.scheme, "xyxy_norm"):
        if mention.category not in ("noun", "sign", "phrase"):
            continue
        name = mention.value[0] if isinstance(mention.value, tuple) else mention.value
        if name not in labels:
            continue
        ours, span = labels[name], turn.answer[mention.start : mention.end]
        for label, other in labels.items():
            as_phrase = {ours.phrase.rstrip("."): other.phrase, ours.absent_phrase.rstrip("."): other.absent_phrase}
            as_noun = {ours.noun: other.noun, ours.noun_one: other.noun_one}
            words = as_phrase.get(span, as_noun.get(span, label)).rstrip(".")
            held = [known.with_class(one) for one in (name, label)]
            is_same = known.state(label) is known.state(name)
            is_counted = re.search(rf"(?i)\b(?:{NUMBER}) $", turn.answer[: mention.start])
            if turn.kind == "description" and mention.category != "phrase" and is_counted:
                is_same = None in held or len(held[0]) == len(held[1])
            elif turn.kind in ("boxes", "count"):  # nothing is the same as what was asked for
                is_same = False
            if words and label != name and not is_same:
                yield "another class", turn.answer[: mention.start] + words + turn.answer[mention.end :]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_planted_fault_is_caught(scheme):
    planted = dict[str, int]()

    @QUICK
    @given(truths_of(scheme))
    def caught(known):
        for turn in turns_of(known):
            for name, answer in faults(turn, known):
                if answer != turn.answer:
                    planted[name] = planted.get(name, 0) + 1
                    assert verdict(turn.question, answer, known)[0] is not Judgement.SUPPORTED, (name, turn, answer)

    caught()
    wanted = {"another class", "flipped yes/no", "off by one", "shifted box", "a box left out"}
    assert wanted | {"box mirrored left to right", "twice the same box"} <= planted.keys(), planted
