"""DESCRIPTIONS: a cutout told in template text, together with its claims.

Reads CUTOUTS by part, SOURCES and OBJECTS whole. Riggi et al. 2025, 3.1.1, step 1. Every present label adds a sentence;
of the absent ones a few do, for a text that denies ten things tells nobody anything.
"""

from collections.abc import Iterator

import pyarrow as pa

from catalogs.survey import Survey
from curation.engine.steps import Input, Step
from curation.verification.annotation_tables import CUTOUT_COLUMNS, AnnotationTables
from curation.verification.claims import ANY_OBJECT, NO_SOURCE, Annotations, Claim, Sentence, SurveyFacts
from curation.words.answers import count_noun, counted, percent_claim
from schemas.fingerprint import choose, fraction
from schemas.labels import LabelScheme, Truth
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import DESCRIPTIONS
from schemas.touches import only

MOST_ABSENT = 3
LEAST_TOLD_ARCSEC = 0.1  # claims are in whole milliarcseconds, so of a smaller beam they would not have three digits
OPENINGS = (
    "The image is a cutout{side} of a larger radio continuum map{survey}{frequency}.",
    "This is a cutout{side} taken from a larger radio continuum map{survey}{frequency}.",
    "The picture shows a cutout{side} of a wider radio continuum map{survey}{frequency}.",
)
BEAMS = (
    "The synthesised beam of the map is {beam} wide.",
    "The map has a synthesised beam of {beam}.",
)
LIE = {True: "lies in the image.", False: "lie in the image."}


def descriptions(
    cutouts: pa.Table, sources: pa.Table, objects: pa.Table, scheme: LabelScheme, survey: SurveyFacts | None = None
) -> Sieved:
    """One description per cutout; *in* are the cutouts. Refused: `no-source`, a cutout whose source is not there."""
    known = AnnotationTables(sources, objects, scheme, survey=survey)
    kept, refused = [], []
    for cutout in cutouts.to_pylist():
        annotations = known.of(cutout)
        if annotations is None:
            row = {"source_id": cutout["source_id"]}
            refused.append(Rejection(cutout["cutout_id"], "no-source", f"no {cutout['source_id']} in SOURCES", row))
            continue
        told = description(annotations)
        kept.append(
            {"cutout_id": annotations.cutout_id, "text": told.text, "claims": [one.row() for one in told.claims]}
        )
    return sieved(DESCRIPTIONS.of(kept), refused, cutouts.num_rows)


def descriptions_step(
    dataset_name: str, cutouts: Step, sources: Step, objects: Step, scheme: LabelScheme, survey: Survey
) -> Step:
    """The step that makes `descriptions/<dataset>`, part by part with the cutouts."""
    return Step(
        name=f"descriptions/{dataset_name}",
        make=descriptions,
        table=DESCRIPTIONS,
        version=5,  # nothing is said where no label is known
        config=(only(scheme, "descriptions"), survey_facts(survey)),
        inputs=(Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS), Input(sources), Input(objects)),
    )


def survey_facts(survey: Survey) -> SurveyFacts:
    """What a text may say of a survey."""
    return SurveyFacts(survey.title, survey.frequency_mhz)


def description(known: Annotations) -> Sentence:
    """One paragraph about a cutout, with all it claims; equal claims once."""
    parts = sentences(known)
    claims = {claim.content: claim for part in parts for claim in reversed(part.claims)}
    in_order = dict.fromkeys(claim.content for part in parts for claim in part.claims)
    return Sentence(" ".join(part.text for part in parts), tuple(claims[one] for one in in_order))


def sentences(known: Annotations) -> list[Sentence]:
    """The sentences of the description, in order."""
    return [*_sky(known), *_orientation(known), *_labels(known), *_blank(known), *_objects(known)]


def angle_words(angle_arcsec: float) -> tuple[str, int]:
    """An angle with three digits in the unit that suits it, and what these words mean in milliarcseconds."""
    units = (("deg", 3600.0), ("arcmin", 60.0), ("arcsec", 1.0))
    unit, factor = next((one for one in units if angle_arcsec >= one[1]), units[-1])
    value = f"{angle_arcsec / factor:.3g}"
    return f"{value} {unit}", round(float(value) * factor * 1000)


def _sky(known: Annotations) -> Iterator[Sentence]:
    side = survey = frequency = ""
    claims = [Claim("map", "radio-continuum", evidence=known.pixels)]
    if known.side_arcsec:
        side, sizes = _side(known)
        claims += sizes
    if known.survey:
        survey = f" ({known.survey.name})"
        claims.append(Claim("survey", known.survey.name, evidence=known.pixels))
        if known.survey.frequency_mhz:
            frequency = f" at {known.survey.frequency_mhz:.4g} MHz"
            mhz = round(float(f"{known.survey.frequency_mhz:.4g}"))
            claims.append(Claim("frequency", "map", count=mhz, evidence=known.pixels))
    opening = choose(OPENINGS, f"{known.cutout_id}:opening")
    yield Sentence(opening.format(side=side, survey=survey, frequency=frequency), tuple(claims))
    if known.beam_arcsec and min(known.beam_arcsec) >= LEAST_TOLD_ARCSEC:
        axes = dict(angle_words(axis) for axis in known.beam_arcsec)
        beam = choose(BEAMS, f"{known.cutout_id}:beam").format(beam=" by ".join(axes))
        yield Sentence(beam, tuple(Claim("beam", "map", count=mas, evidence=known.pixels) for mas in axes.values()))


def _side(known: Annotations) -> tuple[str, list[Claim]]:
    """The side of what is shown; width and height where they differ on the sky."""
    width, height = known.side_arcsec or 0.0, known.height_arcsec
    if height is None:
        words, mas = angle_words(width)
        return f", {words} on a side,", [Claim("size", "image", count=mas, evidence=known.pixels)]
    told = [angle_words(one) for one in (width, height)]
    sizes = [Claim("size", "image", count=mas, how="one axis", evidence=known.pixels) for _, mas in told]
    return f", {' by '.join(words for words, _ in told)},", sizes


def _orientation(known: Annotations) -> Iterator[Sentence]:
    """Which way north is: in words only where it is so, else as the position angle of up."""
    sky = known.orientation
    if sky is None:
        return
    mirrored = Claim("orientation", "image", how="mirrored", evidence=known.pixels)
    also = (mirrored,) if sky.is_mirrored else ()
    if sky.is_north_up:
        east = "right" if sky.is_mirrored else "left"
        claims = [Claim("orientation", side, other=way, evidence=known.pixels) for side, way in
                  (("up", "north"), (east, "east"))]  # fmt: skip
        mirror = ": the image is mirrored" if sky.is_mirrored else ""
        yield Sentence(f"North is up and east is {east}{mirror}.", (*claims, *also))
        return
    angle = f"{sky.up_pa_deg:.3g}" if sky.up_pa_deg >= 1 else f"{sky.up_pa_deg:.2f}"
    up = Claim("orientation", "up", count=round(100 * float(angle)), evidence=known.pixels)
    mirror = ", and the image is mirrored" if sky.is_mirrored else ""
    yield Sentence(
        f"Up in the image is at a position angle of {angle} degrees, north through east{mirror}.", (up, *also)
    )


def _labels(known: Annotations) -> Iterator[Sentence]:
    absent = [
        label for label, one in known.scheme.labels.items() if known.state(label) is Truth.ABSENT and one.absent_phrase
    ]
    by_key = sorted(absent, key=lambda label: fraction(f"{known.cutout_id}:{label}"))
    denied = set(by_key[:MOST_ABSENT])
    for wanted in (Truth.PRESENT, Truth.ABSENT):
        for label, one in known.scheme.labels.items():
            if known.state(label) is wanted and (wanted is Truth.PRESENT or label in denied):
                phrase = one.phrase if wanted is Truth.PRESENT else one.absent_phrase
                yield Sentence(phrase, (Claim("presence", label, wanted, evidence=known.evidence(label)),))


def _blank(known: Annotations) -> Iterator[Sentence]:
    share = percent_claim(known)
    if share:
        yield Sentence(f"{share.text[0].upper()}{share.text[1:]} of the image is blank.", share.claims)


def _objects(known: Annotations) -> Iterator[Sentence]:
    held = known.with_class(ANY_OBJECT)
    if held is None:
        return
    claim = counted(known, ANY_OBJECT, held)
    words = count_noun(known, ANY_OBJECT, len(held)) if held else "no catalogued radio source"
    yield Sentence(f"{words[0].upper()}{words[1:]} {LIE[len(held) <= 1]}", (claim,))
    of_class = [(label, known.with_class(label)) for label in known.scheme.labels if label not in NO_SOURCE]
    told = [(label, found) for label, found in of_class if found]
    if told and all(found is not None for _, found in of_class):
        nouns = [count_noun(known, label, len(found)) for label, found in told]
        be = "is" if len(told[0][1]) == 1 else "are"
        listed = " and ".join([", ".join(nouns[:-1]), nouns[-1]] if len(nouns) > 1 else nouns)
        there = "Among them there" if len(held) > 1 else "There"
        yield Sentence(f"{there} {be} {listed}.", tuple(counted(known, label, found) for label, found in told))
