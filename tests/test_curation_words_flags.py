"""Flags of a turn's form: what they say of true texts of every kind (nothing), and of texts with one thing wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.verification.claims import Claim
from curation.words.flags import entailed, flags_of, is_repetitive, names_caption
from curation.words.language import is_wrong_language
from schemas.labels import Truth, label_scheme

PLAIN = (
    "Yes.", "No, there are no extended sources in the image.", "RADIO-GALAXY, EXTENDED, COMPACT", "0", "NONE",
    "[0.100, 0.200, 0.300, 0.400], [0.500, 0.600, 0.700, 0.800]",
    "The image shows a compact source at [0.1, 0.2, 0.3, 0.4], a compact source at [0.5, 0.2, 0.6, 0.3] and "
    "a compact source at [0.7, 0.7, 0.8, 0.8].",
    "The morphology can be described as double-lobed, with a beam of 6.4 arcsec at 943 MHz and λ about 32 cm.",
    "HII region", "FR-I", "The source lies near the galaxy's nucleus, ~3σ above the noise (5 µJy).",
    "Cassiopeia A is a supernova remnant; the Vela-X nébuleuse is not in the picture.",
    "Two lobes, edge-brightened, symmetric about the core: an FR-II radio galaxy.",
)  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_answer_has_no_flag(text):
    assert not (names_caption(text) or is_repetitive(text) or is_wrong_language(text))


@pytest.mark.parametrize(
    "text",
    ["The caption says that two sources are present.", "According to the provided context, it is compact.",
     "As mentioned above, there are no sources.", "Based on the given information, the answer is yes.",
     "The annotations show one box.", "The description states that it is extended.", "Ground-truth: FR-I.",
     "As stated in the text, no.", "The prompt asks for boxes.", "As described, there are two."],
)  # fmt: skip
def test_an_answer_that_names_what_only_its_writer_saw_is_flagged(text):
    assert names_caption(text)


@pytest.mark.parametrize(
    "text",
    ["There is one compact source. It is bright. There is one compact source.", "very very very bright",
     "a source, a source, a source, a source", "The lobe is bright and the lobe is bright and the lobe is bright and"],
)  # fmt: skip
def test_an_answer_that_repeats_itself_is_flagged(text):
    assert is_repetitive(text)


@pytest.mark.parametrize(
    "text",
    ["图像中有两个致密源。", "Sí.", "Nein", "La imagen muestra una fuente compacta.", "Das Bild zeigt keine Quellen.",
     "L'image ne contient pas de source étendue et elle est sombre.", "На изображении нет источников.",
     "Η εικόνα δείχνει μία πηγή", "Obraz nie zawiera źródeł", "Het beeld toont een compacte bron en geen lobben.",
     "Kuvassa näkyy kaksi kompaktia lähdettä, joista toinen sijaitsee lähellä kuvan yläreunaa aivan vasemmalla",
     "A immagine mostra due sorgenti, una delle quali è estesa", "是", "Yes, 有一个源"],
)  # fmt: skip
def test_an_answer_in_another_language_is_flagged(text):
    assert is_wrong_language(text)


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(text):
    for look in (names_caption, is_repetitive, is_wrong_language):
        assert look(text) in (True, False)


def turn(question, answer, kind="generated"):
    return {"question": question, "answer": answer, "kind": kind}


def test_what_follows_from_earlier_answers_is_the_leak_index():
    scheme = label_scheme("mirabest")
    said = [
        [Claim("presence", "FR-I")],
        [Claim("presence", "FR-II", Truth.ABSENT)],  # follows: a source has one class
        [Claim("border", "blank", Truth.ABSENT)],
        [Claim("border", "blank", Truth.ABSENT), Claim("presence", "FR-I")],
        [],
    ]
    turns = [turn(f"Question {word}?", f"Answer {word}.") for word in ("one", "two", "three", "four", "five")]
    flags = flags_of(turns, said, scheme)
    assert ["answerable-earlier" in some for some in flags] == [False, True, False, True, False]


def test_numbers_and_boxes_tell_what_is_there_and_their_denial_does_not():
    scheme = label_scheme("caesar_mrcnn")
    label = next(iter(scheme.labels))
    present, absent = Claim("presence", label).content, Claim("presence", label, Truth.ABSENT).content
    assert present in set(entailed(Claim("count", label, count=3), scheme))
    assert present in set(entailed(Claim("box", label, box=(0.1, 0.1, 0.2, 0.2)), scheme))
    assert present not in set(entailed(Claim("count", label, Truth.ABSENT, count=3), scheme))
    assert {present, absent}.isdisjoint(entailed(Claim("count", "source", count=3), scheme))


def test_turns_that_ask_and_say_the_same_are_near_duplicates_and_those_about_two_classes_are_not():
    scheme = label_scheme("caesar_mrcnn")
    one, other = list(scheme.labels)[:2]
    turns = [
        turn("Is any extended source visible in the image?", "Yes, one is."),
        turn("Are extended sources visible in this picture?", "Yes, there is one."),
        turn("Is any compact source visible in the image?", "Yes, one is."),
        turn("How many extended sources are visible in the image?", "One."),
        turn("Is any extended source visible?", "No."),
    ]
    said = [[Claim("presence", one)], [Claim("presence", one)], [Claim("presence", other)],
            [Claim("presence", one)], [Claim("presence", one, Truth.ABSENT)]]  # fmt: skip
    flags = flags_of(turns, said, scheme)
    assert [at for at, some in enumerate(flags) if "near-duplicate" in some] == [1]


def test_the_same_question_twice_and_the_same_long_answer_twice_are_flagged_but_not_lists_of_boxes():
    scheme = label_scheme("mirabest")
    long = "The image shows one double-lobed radio galaxy near its centre."
    turns = [turn("What is it?", long), turn("Describe the object.", long), turn("what  is IT?", "FR-I"),
             turn("Boxes of galaxies?", f"[0.1]{' ' * 40}[0.2]", "boxes"),
             turn("Boxes of sources?", f"[0.1]{' ' * 40}[0.2]", "boxes")]  # fmt: skip
    flags = flags_of(turns, [[]] * 5, scheme)
    assert [at for at, some in enumerate(flags) if "duplicate-turn" in some] == [0, 1, 2]
