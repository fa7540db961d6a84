"""Sentences of no known form, and answers that only name something: true ones are kept, false ones never."""

import pytest

from curation.exams.cases import scenes
from curation.extraction.reading import extract_claims
from curation.extraction.verbs import Forms, forms
from curation.verification.claims import Claim, ExtractedClaim
from curation.verification.policy import Verdicts, refusal
from curation.verification.verdicts import Judgement
from curation.verification.verify import verify, verify_turn

YES, NO, OPEN = Judgement.SUPPORTED, Judgement.CONTRADICTED, Judgement.UNVERIFIABLE
FIELD = "a-A1"
"""Five compact sources, two extended ones, one of several islands, one flagged; EMU, 943 MHz, 25 arcmin, 15 arcsec."""
FALSE = """
a-A1||What we have here is a field with nine catalogued objects, six of them compact.
a-A1||Of the nine detections, only two had to be flagged.
a-A1||The eye is drawn to the flagged source right in the middle of the frame.
a-A1||No fewer than seven compact sources are scattered over the field.
a-A1||The only flagged source sits on the right-hand side.
a-A1||Three of the five compact sources are found in the upper left.
a-A1|Are there any artefacts?|Several, I think.
a-A1||Apart from compact sources there is nothing in this field.
a-A1||The multi-island source is taller than it is wide.
a-A2||All but one of the six objects are spurious.
a-A2||Two artefacts encircle the extended source at the centre.
a-A2||The sole compact source occupies the centre, and around it artefacts appear.
a-A2||It is the compact source, not the extended one, that lies at the centre.
a-A2||Half of the detections are artefacts.
a-A2|Is the compact source at the centre?|Yes, it lies in the middle.
a-A3||There is nothing in the picture but a single compact source.
a-A3||Its emission forms a single island rather than several.
a-A3||It is an EMU image, taken at 1.4 GHz.
a-A4||All nine sources are extended, without exception.
a-A4||Most of the sources congregate in the left half of the image.
a-A4||More sources are on the left than on the right.
a-A4||Fewer than eight sources are visible.
a-A4|Do you see an extended source?|Yes, there's one.
a-A5||Two extended sources coexist with a single compact one.
a-A5||The compact source at lower left has an artefact beside it.
a-A5||We can identify two extended sources, three flagged ones, one compact source and one artefact.
a-A5||Among the seven objects, the compact ones form the largest group.
a-B2||Genuine artefacts around sources are noticeable, while a mosaicking pattern is not.
a-B2||Joining the pointings has left no residual pattern across the map.
a-B2|Does the image touch the border of the map?|It does.
a-B3||Some 60 per cent of the picture is blank because the map ends there.
a-B3||More than half of the pixels are blank.
a-B3||Only extended sources are present, near the edge of the map.
a-B4||While free of filaments, the image does show compact sources.
a-B5||The picture is marred by an artefact.
a-B5||Nothing here resembles a radio galaxy.
a-B6||Compact sources rise above the noise here.
a-B6||Less than half of the image is blank.
a-B7||The diffuse emission is small and roundish rather than of the large kind.
a-B7||This picture is free from imaging artefacts.
a-C1||The source isn't a supernova remnant but an HII region.
a-C1||We see a planetary nebula instead of a supernova remnant.
a-C1||All of its emission is spread over many islands.
a-C1|Is it a planetary nebula or a supernova remnant?|The former.
a-C2||Far from being sharp-edged, the source is diffuse.
a-C3||This planetary nebula is diffuse.
a-C4||The star behind it is a luminous blue variable, not a Wolf-Rayet.
a-C5||Its edges are nothing if not sharp.
a-C5||The remnant's emission is all within one island.
a-D1||We'd classify this galaxy as FR II rather than FR I.
a-D1||Instead of being brightest close to the core, it has hotspots at its ends.
a-D1|FR-I or FR-II?|The latter.
a-D1||The jets become brighter with distance from the nucleus.
a-D2||It would be a mistake to take this galaxy for an FR-II.
a-D2||Not FR-II but FR-I is the right class.
a-D2||The lobes are at their brightest close to the core.
a-D3||Both of its sides resemble an FR-I.
a-E1||The emission shows one island and two peaks.
a-E2||Two components make up the source, and each has a single peak.
a-E2||There are more peaks than islands.
a-E3||It's not two islands but one.
a-E3|How many peaks does it have?|Three.
a-E4||All three peaks sit within separate islands.
a-H1||This is a wide-angle tail rather than a narrow-angle tail.
a-H1|Is it a WAT?|Indeed it is.
a-H2||It shows just one pair of lobes.
a-H2||The source is of the first Fanaroff-Riley type.
a-H3||Its Fanaroff-Riley class is clearly FR I.
a-K1||The biggest galaxy in the field is an FR-I in the upper left.
a-K1||In the very middle we find a peculiar radio galaxy.
a-K1||Four out of seven galaxies are compact.
a-K1||The FR-I galaxy is larger than the FR-II galaxy.
a-K1||The peculiar galaxy lies right of centre.
a-K2||Both resolved galaxies are on the left.
a-K2||Three quarters of the galaxies are of the resolved, single-peaked kind.
a-K3||A pair of FR-II galaxies and half a dozen compact ones are in view.
a-K3||One FR-I lies in the upper right and one in the lower left.
a-K3||All the remaining galaxies, five in number, are compact.
b-M1||Roughly at the centre sits an extended source with several islands.
b-M1||Three compact sources, one in the upper half and two in the lower, are seen.
b-M1||Some of the sources needed flagging.
b-M2||Half of the image has no data.
b-M2||With the exception of one extended source near the centre, everything is compact.
b-M2||There are fewer than ten compact sources.
b-M3||One big extended source dominates the upper right part of the image.
b-M3||The compact source is bigger than the extended one.
b-M4||A compact source is found, and there's an artefact in the top right.
b-M4||The artefact lies in the lower right.
b-K1||Extended emission was found.
b-K3||This image is blank in part.
b-K4||Compact sources can be seen.
b-K5||It shows a radio galaxy but no long thin filaments.
b-G2||The central source is a radio galaxy, composed of one island.
b-G5||It's a high-mass X-ray binary.
b-B1||Surface brightness rises with distance from the core.
b-B2||It is an FR-I, for it fades towards its ends.
b-C1||Three of the seven galaxies are compact.
b-C2||The FR-II galaxy appears in the bottom right corner, the compact one in the top left.
b-C3||Both galaxies are compact.
c-N1||The extended source of one island is in the south-west.
c-N2||The FR-II galaxy is towards the south.
a-C1||Filamentary or not, as is any HII region, the source is a planetary nebula.
a-C1||Not in one piece, the supernova remnant has soft edges.
a-C1||The supernova remnant lacks the soft edges that one expects.
a-C1||Despite being a supernova remnant, it has sharp edges.
a-C1||A diffuse source, yet no supernova remnant, lies at the centre.
a-C1||A supernova remnant is missing at the centre of this diffuse source.
a-C1||This SNR used to be an island but now falls into several.
a-C1||Its soft edges set it apart from a supernova remnant.
a-C1||The soft-edged source hardly resembles a supernova remnant.
a-C1||The soft-edged source was mistaken for a supernova remnant.
a-C1||The soft-edged source fails to be a supernova remnant.
a-C1||It is too diffuse to be a supernova remnant.
a-C2||A galaxy it may look like, but in several islands it is not.
a-C2||The galaxy's sharp edges are all but gone.
a-C3||The planetary nebula's sharp edges are an illusion.
a-C3||What looks like a planetary nebula is none.
a-C4||The Wolf-Rayet star has no link to this extended island.
a-C4||A Wolf-Rayet star can be excluded for this extended source in one island.
a-C5||The supernova remnant is older than the pulsar would suggest, so they are not associated.
a-C5||The pulsar lies outside the remnant and has nothing to do with it.
a-D1||An FR-I at first sight, it turns out to be an FR-II.
a-D1||It would be an FR-I if its ends were not so bright.
a-D1||The core of this FR-I is fainter than its tips.
a-D1||Rather than the core of an FR-I, we see bright hotspots.
a-D2||The hotspots of this FR-II are less bright than its core.
a-D2||FR-II though it seems, the ends of its lobes are faint.
a-D2||Hotspots do not belong to this FR-II.
a-D2||The lobes of the FR-II end without hotspots.
a-D3||A hybrid it isn't, though one side is FR-I-like and the other FR-II-like.
a-E1||One peak and one island would be too few for this source.
a-E2||Three islands share one peak.
a-E2||Only one of the three islands has a peak.
a-E3||Two islands share the two peaks unequally.
a-E4||Three islands hide behind one peak.
a-E4||The three peaks belong to as many islands.
a-H1||The FR I source is no narrow-angle tail.
a-H1||The narrow-angle tail opens at a wide angle.
a-H2||The double-double has lost its inner lobes.
a-H2||An FR2 it is, but hardly a double-double.
a-A1||A compact source sits below the extended source in the upper left.
a-A1||The extended source near the flagged one is in the centre.
a-A1||An artefact and a flagged source lie on the left.
a-A1||The multi-island source lies to the left of the flagged source.
a-A1||A source of several islands sits in the very centre.
a-A1||The flagged source consists of several islands.
a-A1||The extended source in the middle is smaller than the flagged source.
a-A2||The compact source, near the centre, is next to the extended one.
a-A2||An artefact at the centre surrounds the extended source.
a-A2||An extended source of several islands is at the centre, artefacts around it.
a-A3||A single island makes up the extended source at the centre.
a-A5||A compact source and an artefact lie in the upper left.
a-A5||The compact source has a flagged source beside it.
a-A5||An extended source, flagged, lies in the upper left.
a-B2||As compact sources are absent, so are diffuse ones.
a-B2||Compact sources are seen, as is a radio galaxy.
a-B2||Neither compact sources nor a mosaicking pattern fail to be absent.
a-B3||Compact sources are seen only beyond the border.
a-B3||Diffuse emission is seen as well as compact sources.
a-B4||Filaments are rare here, that is, there are none.
a-B4||A peculiar object and an artefact vie for attention.
a-B5||A radio galaxy, peculiar in shape, catches the eye.
a-B5||The radio galaxy is a mere artefact.
a-B5||Such images usually show a radio galaxy; this one does not.
a-B6||The noise hides a compact source.
a-B7||Large-scale diffuse emission and a filament meet here.
a-K1||The peculiar galaxy lies to the right of the compact galaxy in the centre.
a-K1||A galaxy of class FR-II sits in the upper left beside an FR-I.
a-K1||An FR-X galaxy is seen next to the FR-I.
a-K1||A compact galaxy smaller than the FR-I lies above the peculiar galaxy in the upper left.
a-K2||The FR-X galaxy, on the right, is close to the resolved galaxies.
a-K2||The compact galaxy, at the centre, is smaller than the FR-X galaxy.
b-M1||A multi-island source sits at the centre between two artefacts.
b-M3||The compact source, at the lower left, is smaller than the extended one.
b-M4||An artefact at the centre neighbours an extended source.
b-K5||A radio galaxy lies amid the filaments.
b-C1||The FR-I galaxy is to the right of the FR-X galaxy.
b-C2||A compact galaxy, peculiar in shape, lies in the middle.
b-C3||The resolved galaxy on the left is larger than the compact one on the right.
a-K1|Which is larger, the FR-I or the FR-II galaxy?|The FR-I one.
a-K1|Which is larger, the FR-I or the FR-II galaxy?|The FR-I galaxy, on the left.
a-K1|Which galaxy is at the centre?|The FR-I galaxy.
a-K1|Which galaxy is at the centre?|A peculiar galaxy.
a-A1|Where is the flagged source?|With the compact source at the lower right.
a-A1|Where is the flagged source?|In the company of the compact sources.
a-A1|What lies at the centre?|The flagged source.
a-A1|What lies at the centre?|A source of several islands.
a-A1|What lies in the upper right?|A compact source, I would say.
a-A1|Which source is the largest?|The extended source in the middle.
a-A1|Which source is the largest?|The extended source at the centre it is.
a-A1|Which is the leftmost object?|The flagged source on the left.
a-A1|Which sources outnumber the others?|The extended ones do.
a-A1|What surrounds the extended source?|Flagged sources.
a-A1|What is the most frequent class?|Extended, of one island.
a-A2|What lies next to the extended source?|The compact source in the upper left.
a-D1|What kind of radio galaxy is this not?|FR-I.
a-D1|Which class can be ruled out?|FR-I, by its look.
a-D1|Which class does not apply?|The FR-I class.
a-C1|Which types are excluded?|A supernova remnant.
a-C1|What is it not?|A diffuse source.
a-B2|Which of these labels are absent?|COMPACT and DIFFUSE
a-B2|What is missing?|Compact sources and a mosaicking pattern.
a-B2|What can't be seen here?|Diffuse emission.
a-E2|How many peaks does each island have?|Three, in three islands.
a-E4|How many islands are there?|Three peaks in one.
a-E4|How many islands does it have?|Three.
b-M4|Which object is the smallest?|The extended source at the centre.
b-M3|Which source is in the lower left?|The compact one.
b-M3|What is at the upper right?|The extended one, I see.
"""
"""Scene, question (empty: describe the image) and answer, each false."""


def read(scene, question, answer):
    known = scenes()[scene]
    found = extract_claims(question or "Describe the image.", answer, known.scheme, "xyxy_norm")
    return verify_turn(found, known)[0], refusal(found, known, Verdicts()) is None


@pytest.mark.parametrize("line", FALSE.strip().splitlines())
def test_what_is_false_is_not_kept_however_it_is_said(line):
    _, is_kept = read(*line.split("|", 2))
    assert not is_kept


@pytest.mark.parametrize(
    ("scene", "answer"),
    [
        ("a-C4", "Its contiguous emission belongs to a Wolf-Rayet star."),
        ("a-E4", "All three peaks sit within a single island."),
        ("b-O2", "Inner and outer lobes reveal it as a double-double."),
        ("a-B4", "The image is by no means pure noise."),
        ("b-M3", "A much smaller compact source is to the upper right of the extended one."),
        ("b-C1", "Towards the lower right there's a galaxy classified as FR-X."),
        ("a-A5", "The compact source at lower right has an artefact beside it."),
        ("b-M2", "One source is flagged, the others aren't."),
        ("b-M3", "The extended source is on the left, the compact one on the right."),
        ("a-E2", "There aren't two islands but three."),
        ("a-A2", "Not one but four imaging artefacts are seen."),
        ("a-A2", "It is the extended source, not the compact one, that lies at the centre."),
        ("a-D1", "Had it been an FR-II, its ends would be bright; they are not."),
        ("a-A4", "There is no sign of artefacts or of extended emission."),
        ("a-A4", "Most of the sources congregate in the right half of the image."),
        ("a-A1", "The field is less than half a degree across."),
        ("b-M2", "The flagged source is more than one arcminute across."),
    ],
)
def test_what_is_true_is_kept_though_it_is_said_in_an_unusual_way(scene, answer):
    assert read(scene, "", answer) == (YES, True)


@pytest.mark.parametrize(
    ("scene", "answer"),
    [
        (FIELD, "The lower left corner hosts a compact source; it is the only object there."),
        ("a-A5", "Two sources, one of them at the upper right, were flagged as badly imaged."),
        ("a-C5", "It's a remnant, not a nebula."),
        ("a-A5", "Two extended sources are on the left, the third is near the centre."),
        ("a-K2", "One compact, two resolved, one FR-X: four in all."),
        ("b-M3", "The one source is extended, the other compact."),
        ("b-G1", "It's diffuse rather than extended with sharp edges."),
        ("a-B5", "There's nothing extended but a radio galaxy."),
        (FIELD, "No compact source is at the centre, nor is the flagged one."),
        ("a-A2", "Not the compact but the extended source is surrounded by artefacts."),
        (FIELD, "The image is more than 20 arcmin wide."),
        (FIELD, "The beam is more than 10 arcsec wide."),
        (FIELD, "The image is more than 500 pixels wide."),
        ("b-M2", "The flagged source is less than five arcminutes across."),
    ],
)
def test_what_is_true_is_not_contradicted(scene, answer):
    assert read(scene, "", answer)[0] is not NO


@pytest.mark.parametrize(
    ("scene", "question", "answer"),
    [
        ("a-A4", "Do you see an extended source?", "I'm afraid not; they're all compact."),
        ("b-C3", "Is there a compact galaxy?", "No, both are resolved."),
        ("a-A3", "Are there compact sources?", "No, it is extended."),
        (FIELD, "Is there an artefact at the centre?", "No, it is an extended source."),
        (FIELD, "Is the source at the centre compact?", "No, it is extended."),
        (FIELD, "Is the flagged source in the centre?", "No, that one is extended."),
        (FIELD, "Is the largest source compact?", "No, it is extended, with several islands."),
        ("a-B2", "Are there artefacts?", "Only mosaicking residuals."),
        ("a-E2", "How many peaks does each island have?", "One."),
        (FIELD, "What is the frequency?", "Below 2 GHz."),
        (FIELD, "How large is the image?", "More than 20 arcmin."),
    ],
)
def test_what_is_true_as_an_answer_is_not_contradicted(scene, question, answer):
    assert read(scene, question, answer)[0] is not NO


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Which class can be ruled out?", "FR-II.", YES),
        ("Which class can be ruled out?", "FR-I.", NO),
        ("Which class is it not?", "FR-II", YES),
    ],
)
def test_a_class_that_is_named_where_the_absent_is_asked_for_is_absent(question, answer, expected):
    assert read("a-D1", question, answer)[0] is expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (Claim("size", "image", count=1_200_000, how="at least"), YES),
        (Claim("size", "image", count=1_400_000, how="at most"), OPEN),
        (Claim("size", "image", count=1_200_000, how="at most"), NO),
        (Claim("beam", "map", count=10_000, how="at least"), YES),
        (Claim("beam", "map", count=10_000, how="at most"), NO),
        (Claim("frequency", "map", count=1000, how="at most"), YES),
        (Claim("frequency", "map", count=700, how="at most"), NO),
        (Claim("pixels", "image", count=500, how="at least", other="width"), YES),
        (Claim("pixels", "image", count=700, how="at least", other="width"), NO),
        (Claim("extent", "FLAGGED", count=120_000, how="angle at least"), YES),
        (Claim("extent", "FLAGGED", count=120_000, how="angle at most"), NO),
    ],
)
def test_a_measure_with_a_limit_is_held_against_the_measure(claim, expected):
    assert verify(ExtractedClaim(claim, 0, 0), scenes()[FIELD]).judgement is expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("spot", ("spot", "spots", "spotted", "spotted", "spotting")),
        ("see/saw/seen", ("see", "sees", "saw", "seen", "seeing")),
        ("reside", ("reside", "resides", "resided", "resided", "residing")),
        ("pop up", ("pop up", "pops up", "popped up", "popped up", "popping up")),
        ("make/made/made out", ("make out", "makes out", "made out", "made out", "making out")),
        ("carry", ("carry", "carries", "carried", "carried", "carrying")),
        ("lie/lay/lain", ("lie", "lies", "lay", "lain", "lying")),
    ],
)  # fmt: skip
def test_the_forms_of_a_verb_follow_from_its_base(written, expected):
    assert forms(written) == Forms(*expected)
