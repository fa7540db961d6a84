"""Free text against annotations: a table of what is known, a text, and the verdict that it must get."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.extraction.reading import extract_claims
from curation.verification.claims import NO_SOURCE, Annotations, SeenObject, SurveyFacts
from curation.verification.verify import verify_turn
from schemas.labels import Truth, label_scheme

YES, NO, OPEN = "supported", "contradicted", "unverifiable"
NOT_YES = "not supported"  # contradicted or unverifiable
NOT_NO = "not contradicted"
CUT = "not read"  # what no construction covers is not kept, be it true or false

# Three compact sources and an extended one, a multi-island one below; the largest is the multi-island one.
FINDER = (
    ((0.10, 0.10, 0.16, 0.16), "COMPACT"),
    ((0.22, 0.30, 0.27, 0.35), "COMPACT"),
    ((0.80, 0.12, 0.86, 0.18), "COMPACT"),
    ((0.60, 0.20, 0.80, 0.40), "EXTENDED"),
    ((0.20, 0.60, 0.60, 0.90), "EXTENDED-MULTISLAND"),
)


def finder(objects=FINDER, **more):
    """A picture of the source finder's classes, all of whose objects are known."""
    scheme = label_scheme("caesar_mrcnn")
    held = {label for _, label in objects}
    states = {label: Truth.PRESENT if label in held else Truth.ABSENT for label in scheme.labels}
    seen = tuple(
        SeenObject(f"obj-{at}", box, frozenset([label]), label not in NO_SOURCE)
        for at, (box, label) in enumerate(objects)
    )
    return Annotations("cutout-0", "source-0", scheme, states, objects=seen, **more)


def labelled(scheme, *present, absent=(), unknown=(), **more):
    """A picture with labels of a scheme: those not named are absent, or unknown where `unknown` is "rest"."""
    one = label_scheme(scheme)
    held = one.with_implied(present)
    rest = Truth.UNKNOWN if unknown == "rest" else Truth.ABSENT
    states = {
        label: Truth.PRESENT if label in held else Truth.ABSENT if label in absent
        else Truth.UNKNOWN if label in unknown else rest
        for label in one.labels
    }  # fmt: skip
    return Annotations("cutout-0", "source-0", one, states, **more)


def verdict(known, question, answer, dialect="xyxy_norm"):
    return verify_turn(extract_claims(question, answer, known.scheme, dialect), known)


WHAT = "What do you see?"

OF_FINDER = [
    # presence and absence
    (YES, "There are compact sources in the image."),
    (YES, "All but two of the sources are compact."),
    (NOT_YES, "Apart from one extended source, the field is empty."),
    (YES, "The image shows compact sources as well as an extended single-island source."),
    (YES, "Both compact and extended sources are visible."),
    (YES, "Compact radio sources and extended multi-island sources can be seen."),
    (YES, "No spurious sources are visible."),
    (YES, "The image is free of imaging artefacts."),
    (YES, "No imaging artifact can be seen."),
    (YES, "Imaging artefacts are absent."),
    (YES, "I see no evidence of artefacts."),
    (YES, "There does not appear to be any spurious source."),
    (YES, "The picture contains neither artefacts nor flagged sources."),
    (YES, "There are no artefacts, and compact sources are visible."),
    (YES, "Spurious sources are not visible, but compact sources are."),
    (YES, "Neither flagged nor spurious sources are present."),
    (YES, "There are compact sources but no artefacts."),
    (YES, "It is not true that there are no compact sources."),
    (YES, "The image is not without compact sources."),
    (YES, "The image does not lack extended sources."),
    (YES, "Artefacts could not be found."),
    (YES, "No source is flagged."),
    (YES, "None of the sources is spurious."),
    (YES, "The field is devoid of artefacts."),
    (YES, "There are neither artefacts nor flagged sources, yet compact sources abound."),
    (YES, "Not only compact sources but also an extended source can be seen."),
    (NO, "There are no compact sources."),
    (NO, "The image shows imaging artefacts."),
    (NO, "Spurious sources are visible."),
    (NO, "The image is free of compact sources."),
    (NO, "Compact sources are absent from the image."),
    (NO, "Compact sources are nowhere to be seen."),
    (NO, "I see no evidence of extended sources."),
    (NO, "Neither compact nor extended sources are present."),
    (NO, "The image does not appear to contain compact sources."),
    (NO, "It is not true that there are compact sources."),
    (NO, "The image is not free of artefacts."),
    (NO, "It is not the case that no artefacts are present."),
    (NO, "The image contains compact sources but no extended ones."),
    (NO, "There are flagged sources as well as compact ones."),
    (NO, "Compact sources, extended sources and spurious sources are visible."),
    (NO, "No compact sources, extended sources or artefacts are seen."),
    (NO, "The image doesn't show any compact sources."),
    (NO, "Compact sources aren't visible."),
    (NO, "The image lacks compact sources."),
    (NO, "Compact sources are missing."),
    (NO, "There are artefacts, and no compact sources."),
    (NO, "Only compact sources are visible."),
    (NO, "Nothing but compact sources is visible."),
    (NO, "There are no sources other than compact ones."),
    (OPEN, "There might be artefacts."),
    (OPEN, "Possibly, some sources are spurious."),
    (NOT_YES, "Artefacts cannot be ruled out."),
    (OPEN, "It is not known whether there are artefacts."),
    (OPEN, "If there were artefacts, they would look like rings."),
    (OPEN, "A quasar is visible."),
    (OPEN, "The image shows a supernova remnant."),
    (OPEN, "There is a cat in the picture."),
    (OPEN, "The weather was fine."),
    (OPEN, "Compact sources are visible, and a black hole as well."),
    # numbers
    (YES, "There are three compact sources."),
    (YES, "There are 3 compact sources, one extended source and one multi-island source."),
    (YES, "Five sources are visible."),
    (YES, "The image contains a total of five catalogued radio sources."),
    (YES, "Three of the five sources are compact."),
    (YES, "Of the five sources, three are compact."),
    (YES, "There are five sources: three compact, one extended and one extended multi-island."),
    (YES, "There are at least two compact sources."),
    (YES, "There are more than two compact sources."),
    (YES, "There are fewer than four compact sources."),
    (YES, "There are no more than three compact sources."),
    (YES, "There are between two and four compact sources."),
    (YES, "The number of compact sources is three."),
    (YES, "Compact sources: 3"),
    (YES, "compact sources (3)"),
    (YES, "Exactly three compact radio sources lie in the image."),
    (YES, "There is a single extended multi-island source."),
    (YES, "Several compact sources are visible."),
    (YES, "There are no fewer than three compact sources."),
    (YES, "There are three compact ones."),
    (YES, "**3** compact sources"),
    (YES, "There are zero spurious sources."),
    (YES, "No fewer than five sources are seen."),
    (YES, "There are not two but three compact sources."),
    (NO, "There are two compact sources."),
    (NO, "There are four compact sources."),
    (NO, "I count 4 compact sources."),
    (NO, "There are at least four compact sources."),
    (NO, "There are at most two compact sources."),
    (NO, "There are more than three compact sources."),
    (NO, "There are fewer than three compact sources."),
    (NO, "A pair of compact sources is visible."),
    (NO, "There is only one compact source."),
    (NO, "A single compact source is visible."),
    (NO, "Six sources are visible."),
    (NO, "There are six radio sources."),
    (NO, "Of the five sources, four are compact."),
    (NO, "Two of the five sources are compact."),
    (NO, "There are five sources: two compact and three extended."),
    (NO, "The number of compact sources is four."),
    (NO, "Compact sources: 4"),
    (NO, "A dozen compact sources are scattered over the field."),
    (NO, "There are twenty-one compact sources."),
    (NO, "There are four bright compact sources."),
    (NO, "Two extended single-island sources are visible."),
    (NO, "There are no sources in the image."),
    (NO, "The image is empty."),
    (NO, "All sources are compact."),
    (NO, "There is one spurious source."),
    (NO, "Three spurious sources can be seen."),
    (YES, "Most of the sources are compact."),
    (YES, "The majority of the sources are compact."),
    (YES, "Not all sources are compact."),
    (NO, "Most of the sources are extended."),
    (NO, "None of the sources is compact."),
    (NO, "No source is extended."),
    # positions
    (YES, "A compact source lies in the upper left."),
    (YES, "There is a compact source in the top-right corner."),
    (YES, "Two compact sources are located in the left half of the image."),
    (YES, "There are two compact sources on the left and one on the right."),
    (YES, "There are three compact sources, two on the left and one in the upper right."),
    (YES, "In the upper right there are a compact source and an extended source."),
    (YES, "The multi-island source is at the bottom of the image."),
    (YES, "No compact sources are seen in the lower half."),
    (YES, "There are no compact sources in the lower right."),
    (YES, "All compact sources lie in the upper half of the image."),
    (CUT, "The upper-left compact source is isolated."),
    (YES, "The lower left quadrant contains the multi-island source."),
    (YES, "The extended single-island source is not in the lower left."),
    (NO, "A compact source lies in the lower right."),
    (NO, "There is a compact source in the bottom-left corner."),
    (NO, "Three compact sources are located in the left half of the image."),
    (NO, "Two compact sources are on the right side."),
    (NO, "There are three compact sources, one on the left and two on the right."),
    (NO, "The extended single-island source is in the upper left."),
    (NO, "The extended single-island source is on the left side."),
    (NO, "The multi-island source is at the top of the image."),
    (NO, "The multi-island source is in the upper right quadrant."),
    (NO, "No compact sources are seen in the upper half."),
    (NO, "All compact sources lie on the left."),
    (NO, "There are no extended single-island sources in the upper right."),
    (NO, "A compact source sits at the centre of the image."),
    (NO, "The extended single-island source lies exactly in the middle."),
    (NO, "In the lower right there is a compact source."),
    (NO, "The lower right contains a compact source."),
    (NO, "An artefact is visible in the upper left."),
    (OPEN, "A compact source lies in the north-east."),
    (NOT_NO, "A lobe extends to the upper left."),
    # the largest and the like
    (YES, "The largest source is in the lower left."),
    (YES, "The largest source is an extended multi-island source."),
    (YES, "The largest source lies in the lower half and is extended."),
    (YES, "The rightmost source is compact."),
    (YES, "The leftmost compact source is in the upper left."),
    (YES, "The extended single-island source is larger than the compact sources."),
    (YES, "The compact sources are smaller than the multi-island source."),
    (YES, "There are more compact sources than extended sources."),
    (YES, "Compact sources outnumber extended single-island sources."),
    (YES, "The extended single-island source is above the multi-island source."),
    (YES, "The multi-island source lies to the left of the extended single-island source."),
    (NO, "The largest source is on the right."),
    (NO, "The largest source is in the upper right."),
    (NO, "The largest source is compact."),
    (NO, "The smallest source is extended."),
    (NO, "The rightmost source is extended."),
    (NO, "The compact sources are larger than the multi-island source."),
    (NO, "There are more extended single-island sources than compact sources."),
    (NO, "There are fewer compact sources than extended single-island sources."),
    (NO, "There are as many compact sources as multi-island sources."),
    (NO, "Extended single-island sources outnumber compact sources."),
    (NO, "The extended single-island source is below the multi-island source."),
    (NO, "The multi-island source lies to the right of the extended single-island source."),
    (NO, "The brightest source is in the lower right."),
    (OPEN, "The brightest source is in the upper left."),
    (OPEN, "The brightest source is compact."),
    (OPEN, "The compact source is brighter than the extended source."),
    # boxes and sizes
    (YES, "A compact source lies at [0.100, 0.100, 0.160, 0.160]."),
    (YES, "The extended source has the box (0.60, 0.20, 0.80, 0.40)."),
    (YES, "The extended single-island source spans x from 0.6 to 0.8 and y from 0.2 to 0.4."),
    (YES, "A compact source has x_min = 0.10, y_min = 0.10, x_max = 0.16, y_max = 0.16."),
    (YES, "The extended single-island source is centred at (0.70, 0.30)."),
    (YES, "The multi-island source covers about 12 % of the image."),
    (YES, "The multi-island source spans 40 % of the image width."),
    (NO, "A compact source lies at [0.840, 0.100, 0.900, 0.160]."),
    (NO, "An extended source lies at [0.100, 0.100, 0.160, 0.160]."),
    (NO, "The extended single-island source spans x from 0.2 to 0.4 and y from 0.2 to 0.4."),
    (NO, "The extended single-island source is centred at (0.30, 0.30)."),
    (NO, "The multi-island source covers half of the image."),
    (NO, "The multi-island source fills two thirds of the picture."),
    (NO, "A compact source has x_min = 0.40, y_min = 0.10, x_max = 0.46, y_max = 0.16."),
    (OPEN, "The compact source has a flux density of 3.4 mJy."),
    # parts, shares, comparisons, lists
    (YES, "The image shows a total of five sources, of which three are compact."),
    (NOT_NO, "Two of the compact sources lie on the left, the third one on the right."),
    (YES, "The three compact sources are all located in the upper half."),
    (CUT, "An extended source lies between two compact sources."),
    (YES, "The lower right quadrant is empty."),
    (YES, "There is nothing in the lower right corner."),
    (YES, "COMPACT: 3, EXTENDED: 1, EXTENDED-MULTISLAND: 1"),
    (YES, "Other than three compact sources, there are two extended ones."),
    (YES, "The two largest sources are extended."),
    (YES, "The extended sources are both larger than the compact ones."),
    (YES, "The image does not contain more than five sources."),
    (CUT, "There isn't just one compact source; there are three."),
    (YES, "The number of sources is not four."),
    (YES, "Not a single artefact mars the image."),
    (CUT, "There are three (not four) compact sources."),
    (YES, "60 % of the sources are compact."),
    (YES, "The source at (0.7, 0.3) is extended."),
    (YES, "The compact sources lie at the top, the multi-island source at the bottom."),
    (YES, "Compact sources are by no means absent."),
    (NO, "Three quarters of the sources are compact."),
    (NO, "The source at (0.7, 0.3) is compact."),
    (CUT, "Five sources, all of them compact, are visible."),
    (NO, "Every source in the image is compact."),
    (NO, "There are more than a dozen sources."),
    (NO, "Dozens of compact sources fill the field."),
    (NO, "Nothing is visible in the upper left."),
    (NO, "Bottom right: compact source."),
    (NO, "Neither of the two extended sources lies on the right."),
    (NO, "The two largest sources are compact."),
    (NO, "There are twice as many compact sources as extended sources."),
    (NO, "The image does not contain more than four sources."),
    (CUT, "At no point do compact sources appear."),
    (OPEN, "The multi-island source stretches from the lower left to the centre."),
    (OPEN, "There is one extended source in each half of the image."),
    (OPEN, "Hardly any compact sources are visible."),
    (OPEN, "Few sources are visible."),
    (OPEN, "If I am not mistaken, there are four compact sources."),
    (NOT_YES, "The extended sources are brighter than the compact ones."),
    # what hides
    (NOT_YES, "Whereas it is unknown who made it, there are no compact sources."),
    (NO, "com\u200bpact sources: none; in fact there are no comp\u00adact sources."),
    (NO, "There are no \u0441ompact sources."),
    (NO, "There are no  compact\nsources."),
    (NO, "THERE ARE NO COMPACT SOURCES."),
    (NO, "There are ４ compact sources."),
    (YES, "There are 3 (three) compact sources."),
    (NO, "There are 4 (four) compact sources."),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "answer"), OF_FINDER)
def test_free_text_about_objects(expected, answer):
    check(expected, *verdict(finder(), WHAT, answer), answer)


def check(expected, judgement, reasons, answer):
    if expected is NOT_YES:
        assert judgement != YES, answer
    elif expected is NOT_NO:
        assert judgement != NO, (answer, reasons)
    elif expected is CUT:
        assert judgement == OPEN, (answer, reasons)
        assert any("unread" in one for one in reasons), (answer, reasons)
    else:
        assert judgement == expected, (answer, reasons)


MULTI = labelled("radioimg_multilabel", "COMPACT", "RADIO-GALAXY", "ARTIFACT", unknown=("DIFFUSE",))
OF_IMAGES = [
    (YES, "The image shows point sources and at least one extended radio galaxy."),
    (CUT, "Point-like sources dominate the field, and ring-like artefacts surround the brightest ones."),
    (YES, "There is an extended radio galaxy, but no filaments are seen."),
    (YES, "No large-scale diffuse emission is present."),
    (YES, "The image is disturbed by artefacts."),
    (YES, "There is no blank area at the border of the image."),
    (YES, "The content of the image is complex."),
    (YES, "This image is complex rather than ordinary."),
    (YES, "The image is not peculiar."),
    (YES, "There are no objects of peculiar morphology."),
    (CUT, "Filamentary structures are absent, as is any large-scale diffuse emission."),
    (NO, "The image is free of artefacts."),
    (NO, "No radio galaxy can be seen."),
    (NO, "There are filaments."),
    (NO, "The image shows a filamentary structure."),
    (NO, "A large area of diffuse emission fills the image."),
    (NO, "The content of the image is ordinary."),
    (NO, "The image is ordinary."),
    (NO, "The image is peculiar."),
    (NO, "The image is not complex."),
    (NO, "Part of the image is blank."),
    (NO, "About half of the image is blank."),
    (NO, "There are no sources in the image."),
    (NO, "A region along the left side is blank."),
    (NO, "At least one object has a peculiar morphology."),
    (NO, "It would be wrong to say that there are artefacts."),
    (NO, "Nothing but compact sources is visible."),
    (OPEN, "Diffuse sources are visible."),
    (OPEN, "There are five compact sources."),
    (OPEN, "A compact source lies in the upper left."),
    (YES, "The image shows an FR-II radio galaxy."),
    (OPEN, "The largest source is a radio galaxy."),
    (OPEN, "The source was observed on a Tuesday."),
    (NOT_NO, "Typically, such images show filaments."),
    (NOT_NO, "Filaments would look like long thin structures."),
    (NOT_NO, "Is there a filament? That is the question."),
]  # fmt: skip

FR2 = labelled("mirabest", "FR-II")
OF_FR2 = [
    (YES, "The source at the centre is an FR-II radio galaxy."),
    (YES, "It is an FR II."),
    (YES, "This is a Fanaroff-Riley class II radio galaxy."),
    (NOT_NO, "The radio galaxy belongs to class FR-II, not FR-I."),
    (YES, "The source is edge-brightened and therefore of type FR II."),
    (YES, "The source at the centre is not an FR-I."),
    (YES, "It is neither an FR-I nor a hybrid."),
    (YES, "The galaxy is an FR2 rather than an FR1."),
    (YES, "It does not have FR-I morphology."),
    (YES, "fr-ii"),
    (NO, "The source at the centre is an FR-I radio galaxy."),
    (NO, "It is an FR I."),
    (NO, "This is a Fanaroff-Riley class I radio galaxy."),
    (NO, "The source is edge-darkened."),
    (NO, "It is a hybrid radio galaxy."),
    (NO, "It is not an FR-II."),
    (NO, "The source at the centre is an FR-I rather than an FR-II radio galaxy."),
    (NO, "It is anything but an FR-II radio galaxy."),
    (NO, "The FR-II radio galaxy lies in the upper left corner."),
    (CUT, "It is an FR-III radio galaxy."),
    (NO, "This cannot be an FR-II radio galaxy."),
    (OPEN, "It could be an FR-I radio galaxy."),
    (YES, "It is an FR-I or an FR-II radio galaxy."),
    (OPEN, "The source is a wide-angle tail."),
    (OPEN, "The jets are 20 arcsec long."),
    (NOT_NO, "It has two lobes, one on the left and one on the right."),
]  # fmt: skip

ISLANDS = labelled("rgz_smorph", "2C-3P")
OF_ISLANDS = [
    (YES, "The class is 2C-3P."),
    (YES, "The source has two islands and three peaks."),
    (YES, "The emission falls into two separate islands."),
    (YES, "It is a two-component source with three peaks."),
    (NOT_NO, "The source at the centre consists of two components with a total of three peaks."),
    (YES, "Three peaks of brightness can be made out."),
    (NO, "The source has two islands and two peaks."),
    (NO, "The source is a single island."),
    (NO, "The source has three islands."),
    (NO, "It is a 3C-3P source."),
    (NO, "The emission forms one island with three peaks."),
    (NO, "It is a single-component source with three peaks."),
    (NO, "There are two islands with one peak each."),
    (NO, "It is not a 2C-3P source."),
    (NO, "2C-2P"),
]  # fmt: skip

XRB = labelled("smgps_extcat", "LMXB", "EXTENDED", "SINGLE-ISLAND")
OF_TYPES = [
    (YES, "The source is associated with a low-mass X-ray binary."),
    (YES, "It is an X-ray binary."),
    (YES, "It is not an HII region."),
    (YES, "It is neither a planetary nebula nor a supernova remnant."),
    (YES, "The source is extended and forms a single island."),
    (NOT_NO, "The source has an extended morphology with sharp edges."),
    (NO, "The source is associated with a high-mass X-ray binary."),
    (NO, "It is an HMXB."),
    (NO, "It is a high mass X-ray binary."),
    (NO, "It is an HII region."),
    (NO, "It is an H II region."),
    (NO, "A planetary nebula is seen at the centre."),
    (NO, "The source is a supernova remnant."),
    (NO, "It is a multi-island source."),
    (NO, "Its emission falls into several islands."),
    (NO, "The source is diffuse."),
    (NO, "It is a star."),
    (NO, "It is a young stellar object."),
    (NO, "It is not an LMXB."),
    (NO, "The source is likely a radio galaxy."),
    (OPEN, "It may be a planetary nebula."),
    (OPEN, "It is a quasar."),
    (OPEN, "It is a magnetar."),
]  # fmt: skip

SKY = labelled(
    "mirabest", "FR-I", side_arcsec=540.0, beam_arcsec=(5.4, 5.4), blank_fraction=0.25,
    survey=SurveyFacts("Faint Images of the Radio Sky at Twenty-cm", 1400.0),
)  # fmt: skip
OF_SKY = [
    (YES, "The image is 9 arcmin on a side."),
    (YES, "The field of view is 9' x 9'."),
    (YES, "The image measures 540 arcseconds across."),
    (YES, "The beam is 5.4 arcsec wide."),
    (YES, "The angular resolution is 5.4\u2033."),
    (YES, "The map was made at 1.4 GHz."),
    (YES, "The picture comes from the FIRST survey at 1400 MHz."),
    (YES, "A quarter of the image is blank."),
    (YES, "About 25 % of the pixels are blank."),
    (YES, "Less than half of the image is blank."),
    (YES, "Some pixels are blank."),
    (NO, "The image is 5 arcmin on a side."),
    (NO, "The field of view is 9 arcsec."),
    (NO, "The beam is 45 arcsec wide."),
    (NO, "The map was made at 944 MHz."),
    (NO, "The picture comes from the NVSS survey."),
    (NO, "This cutout was taken from the LoTSS survey."),
    (NO, "Half of the image is blank."),
    (NO, "More than a third of the image is blank."),
    (NO, "No pixels are blank."),
    (NO, "The image is not blank anywhere: no blank pixels."),
    (OPEN, "The right half of the image is blank."),
    (OPEN, "The noise is 0.15 mJy per beam."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "expected", "answer"),
    [
        (known, *case)
        for known, cases in ((MULTI, OF_IMAGES), (FR2, OF_FR2), (ISLANDS, OF_ISLANDS), (XRB, OF_TYPES), (SKY, OF_SKY))
        for case in cases
    ],
)
def test_free_text_about_labels_and_the_sky(known, expected, answer):
    check(expected, *verdict(known, WHAT, answer), answer)


ASKED = [
    (YES, "Are there compact sources in the upper left?", "Yes."),
    (NO, "Are there compact sources in the upper left?", "No."),
    (NO, "Are there compact sources in the lower right?", "Yes."),
    (YES, "Are there compact sources in the lower right?", "No."),
    (YES, "Is the largest source on the left?", "Yes."),
    (NO, "Is the largest source on the right?", "Yes."),
    (YES, "Is the largest source on the right?", "No."),
    (YES, "Are there more than two compact sources?", "Yes."),
    (NO, "Are there more than three compact sources?", "Yes."),
    (YES, "Are there more than three compact sources?", "No."),
    (NO, "Are there exactly three compact sources?", "No."),
    (YES, "Is the image free of artefacts?", "Yes."),
    (NO, "Is the image free of artefacts?", "No."),
    (NO, "Is the image free of compact sources?", "Yes, it is."),
    (OPEN, "Are there no artefacts?", "No."),
    (YES, "Does the image show compact sources?", "Indeed, there are three compact sources."),
    (NO, "Does the image show spurious sources?", "Absolutely."),
    (YES, "Does the image show spurious sources?", "Not at all."),
    (NO, "Does the image show compact sources?", "No, it does not."),
    (YES, "Does the image show compact sources?", "It does."),
    (NO, "Does the image show compact sources?", "Yes. There are no compact sources."),
    (YES, "Where is the largest source?", "In the lower left."),
    (NO, "Where is the largest source?", "In the upper right."),
    (YES, "How many compact sources are there?", "I can see three of them."),
    (NO, "How many compact sources are there?", "I can see four of them."),
    (YES, "How many compact sources are there?", "Three."),
    (NO, "How many compact sources are there?", "None."),
    (NO, "How many compact sources are there?", "At least four."),
    (YES, "How many compact sources lie on the left?", "2"),
    (NO, "How many compact sources lie on the left?", "3"),
    (YES, "What is the largest source?", "An extended multi-island source."),
    (NO, "What is the largest source?", "A compact source."),
    (YES, "Which class is more common, compact or flagged?", "There are more compact sources than flagged sources."),
    (OPEN, "Is it nice?", "Yes."),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "question", "answer"), ASKED)
def test_answers_lean_on_their_questions(expected, question, answer):
    check(expected, *verdict(finder(), question, answer), answer)


def test_the_span_of_a_claim_is_of_the_text_as_it_was_written():
    answer = "In fact, com\u200bpact sources\u00a0\u2014 **three** of them \u2014 are seen; no arte\u00adfacts."
    found = extract_claims(WHAT, answer, label_scheme("caesar_mrcnn"), "xyxy_norm")
    assert found
    assert all(one.text == answer[one.start : one.end] for one in found)


@pytest.mark.parametrize(
    "answer",
    ["", "   ", "?", "\n\n", "[", "[]", "()", "\u200b", "." * 500, "no " * 400, "not " * 300 + "compact sources"],
)
def test_no_text_breaks_the_reader(answer):
    verdict(finder(), WHAT, answer)


SALAD = [
    "the", "a", "no", "not", "never", "two", "three", "7", "at", "least", "more", "than", "fewer", "about",
    "compact", "extended", "diffuse", "source", "sources", "artefacts", "is", "are", "on", "the", "left", "upper",
    "right", "in", "the", "centre", "of", "the", "image", "largest", "smallest", ",", ".", ";", ":", "and", "or",
    "but", "neither", "nor", "without", "free", "of", "all", "none", "of", "them", "most", "half", "a", "third",
    "20", "%", "blank", "pixels", "[0.1,", "0.2,", "0.3,", "0.4]", "(0.1,", "0.2)", "x", "from", "0.1", "to", "0.3",
    "radio", "galaxy", "FR-II", "HMXB", "1C-2P", "islands", "peaks", "it", "one", "another", "both", "each",
    "which", "only", "except", "possibly", "unlikely", "9", "arcmin", "1.4", "GHz", "beam", "survey", "EMU",
    "larger", "left", "of", "number", "of", "the", "same", "as", "exceeds", "there", "is", "single", "island",
    "with", "twice", "as", "many", "whether", "yes", "no", "!", "?", "(", ")", "-", "pair", "dozens", "several",
    "ordinary", "peculiar", "width", "covers", "spans",
]  # fmt: skip
KNOWN = (finder(), MULTI, ISLANDS, XRB, SKY)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SALAD), max_size=30), st.lists(st.sampled_from(SALAD), max_size=10), st.integers(0, 4))
def test_any_words_in_any_order_are_read_with_spans_of_the_text(words, asked, at):
    answer, question = " ".join(words), " ".join(asked) + "?"
    found = extract_claims(question, answer, KNOWN[at].scheme, "xyxy_norm")
    verify_turn(found, KNOWN[at])
    assert all(one.text == answer[one.start : one.end] for one in found)


@pytest.mark.parametrize(
    "piece",
    ["not ", "no compact sources, ", "compact and ", "[0.1, ", "1 ", "number of islands ", "compact" + " " * 99],
)
def test_a_hostile_length_costs_seconds_at_most(piece):
    started = time.process_time()
    verdict(finder(), WHAT, piece * (30_000 // len(piece)))
    assert time.process_time() - started < 30
