"""The grammar check on sentences with one fault each, and on good ones that look like them."""

import pytest

from curation.words.english import Nouns, faults, head, plurals

NOUNS = Nouns.of([("spurious source", "spurious sources"), ("blob", "blobs"), ("HII region", "HII regions")])
BAD = {
    "an empty slot": (
        "There is one .", "There are two  in the image.", "Does the image contain any ?", "Are there  in the image?",
        "Is the source at the centre a ?", "Is there a?",
    ),
    "an empty bracket": ("It is () a source.",),
    "not filled": ("There are {noun}.",),
    "number": (
        "Is any spurious sources seen in the image?", "There is two HII regions.", "There is 12 blobs.",
        "There are one HII region in the image.", "There is one HII regions.", "There are a blob in the image.",
        "The image contains one compact sources.", "Are there two HII region?", "Are there HII region in the image?",
        "There are no compact source in the image.", "Spurious sources is visible.", "Two spurious source are visible.",
        "How many HII region are there in the image?", "Are any spurious source seen in the image?", "Is there blobs?",
        "Each blobs lies there.", "One source are visible.", "The image shows three blob.", "An blobs is there.",
        "Every galaxies is seen.", "Several nebula are seen.", "A nebulae is seen.", "Is the sources bright?",
        "Many galaxy are seen.", "Was any blobs found?", "The image has a sources.", "No source are seen.",
    ),
    "expected": ("It is a HII region.", "It is an YSO.", "It is an source.", "A extended source is seen.",
                 "It holds a island.", "It is an uniform disc."),
    "two articles": ("Is it a an HII region?", "There is one an HII region.", "There is no a source.", "It is the a."),
    "a word twice": ("It is is bright.", "The the source is bright."),
    "no capital": ("it is known.",),
    "no full stop": ("It is known", "There are two blobs,"),
    "blank": (" It is known.", "It is known. ", "It is known , here.", "It is  known."),
    "punctuation twice": ("It is known..", "It is known,.", "It is known?."),
    "a sentence without a capital": ("Yes. it is known.",),
}  # fmt: skip
GOOD = (
    "There is one.", "There is one HII region and two blobs.", "Among them there is one blob and two HII regions.",
    "How many of the sources are there?", "The number of sources is three.", "One of the sources is large.",
    "There are a few sources.", "There are no HII regions.", "Are there sources in the image?",
    "There are three AGN.", "One or more extended radio sources are visible.", "A source with two peaks is visible.",
    "Is any pixel blank?", "Is the source at the centre an HII region?", "There is a group of sources in the image.",
    "The image shows blobs.", "A core and one source are visible.", "It is a two component source.",
    "Are any pixels blank?", "All is well.",
    "Give the box of every HII region in the image, each as [x_min, y_min] in fractions of the picture's width.",
    "The image is 5.00 arcmin on a side, at 1400 MHz in the survey's image.", "There is no sign of sources.",
    "Do you notice any imaging artefact, such as rings or rays around a bright source?", "Is it an X-ray source?",
    "Does the image have a blank area at one of its sides?", "Can you see HII regions in this picture?", "None is.",
    "It consists of two separate islands with one peak of brightness each.",
    "Which class A source is it, e.g. an SNR?", "The source at the centre has two lobes, one of which is brighter.",
    "Each of the lobes has a hotspot.", "It has one bright core and two fainter lobes on either side.",
    "A pair of lobes is seen on both sides of a core.",
    "There is a bright source at the centre with a number of jets.", "No jet is visible.", "No jets are visible.",
    "Two components, each with its own core, are visible.", "Its lobes, jets and core are detected.",
    "The lobes of the galaxy are bright.", "A 3C source is seen at the centre.", "It is a radio galaxy, i.e. an AGN.",
    "It is a mJy source.", "Many of the sources are double.", "Neither of the sources is resolved.",
    "It is an 8C source.", "There is more than one source.", "There are up to 12 sources.",
    "There are a lot of sources.", "Few sources are seen.", "In a 5 arcmin image two sources are seen.",
    "What is seen are sources of many kinds.", "All source pixels are bright.", "Two source components are seen.",
    "Three radio galaxy candidates are visible.", "A sources list is given.", "One source's lobes are bright.",
    "There is one one-sided jet.", "There are two two-component sources.",
    "How many sources without a host are there in the image?", "The source is 30 arcsec across, with 2 peaks.",
    "There is one spurious source, which two blobs surround.", "Where are the blobs in the image?", "Is it a YSO?",
)  # fmt: skip


@pytest.mark.parametrize(("why", "text"), [(why, one) for why, texts in BAD.items() for one in texts])
def test_a_fault_is_found(why, text):
    assert any(why in one for one in faults(text, NOUNS)), faults(text, NOUNS)


@pytest.mark.parametrize("text", GOOD)
def test_good_english_is_let_pass(text):
    assert faults(text, NOUNS) == []


@pytest.mark.parametrize("text", ["[0.100, 0.200, 0.300, 0.400]", "2", "FR-I, HYBRID", "NONE", "HII: a region"])
def test_names_numbers_and_lists_need_no_capital_and_no_full_stop(text):
    assert faults(text, NOUNS, is_sentence=False) == []


def test_the_head_of_a_noun_phrase_bears_its_number():
    assert head("fields of pure background noise") == "fields"
    assert head("extended multi-island source") == "source"
    assert head("flagged source of poor imaging quality") == "source"
    assert head("") == ""


@pytest.mark.parametrize(("one", "several"), [
    ("galaxy", "galaxies"), ("nebula", "nebulae"), ("lens", "lenses"), ("source", "sources"), ("maximum", "maxima"),
    ("axis", "axes"), ("nucleus", "nuclei"), ("half", "halves"), ("jet", "jets"), ("binary", "binaries"),
])  # fmt: skip
def test_how_words_are_written_for_several(one, several):
    assert several in plurals(one)
