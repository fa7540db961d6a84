"""DESCRIPTIONS: a cutout told in template text, together with its claims.

Reads CUTOUTS by part, SOURCES and OBJECTS whole. Riggi et al. 2025, 3.1.1, step 1. Every present label adds a sentence;
of the absent ones a few do, for a text that denies ten things tells nobody anything.
"""

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from catalogs.survey import Survey
from curation.engine.steps import Input, Step
from curation.realisation.draw import Draw
from curation.realisation.realise import telling, wordings_digest
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
SHOWN = ("The image is", "This is", "This image is", "The picture is", "This picture is", "The image shows",
         "The picture shows", "This image shows", "This picture shows")  # fmt: skip
CUT = ("a cutout{side} of", "a cutout{side} taken from", "a cutout{side} from")
MAPS = ("a larger", "a wider", "a")
OPENINGS = tuple(
    f"{shown} {cut} {wide} radio continuum map{{survey}}{{frequency}}."
    for shown in SHOWN
    for cut in CUT
    for wide in MAPS
)
OWN_WORDS = 0.5
"""Share of the labels that are told in the words of the realiser, the others in the scheme's own sentence."""
AMONG = ("Among them there", "Among these there")
LEANS = re.compile(r"(?i)(?:it|its|by its)\b")
"""How a sentence begins that needs another one before it, which names the source."""


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
        version=8,  # no share of blank pixels where bands beside the picture look so
        config=(only(scheme, "descriptions"), survey_facts(survey)),
        beside=(wordings_digest(),),
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
    """The sentences of the description: where the picture is from first, the rest in an order by key."""
    first, *sky = _sky(known)
    groups = [sky, [*_orientation(known)], _labels(known), [*_blank(known)], [*_objects(known)]]
    ordered = Draw(f"{known.cutout_id}:order").some(groups, len(groups))
    return [first, *(one for group in ordered for one in group)]


def _told(claims: Sequence[Claim], known: Annotations) -> list[Sentence]:
    """The claims in wordings of the realiser; a description has no boxes, so their dialect is no matter."""
    key = f"{known.cutout_id}:{':'.join(f'{one.kind}-{one.subject}' for one in claims)}"
    told = telling(claims, known, "xyxy_norm", key)
    return told.sentences if told else ()


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
        axes = dict.fromkeys(angle_words(axis)[1] for axis in known.beam_arcsec)
        yield from _told([Claim("beam", "map", count=mas, evidence=known.pixels) for mas in axes], known)


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
    angle = f"{sky.up_pa_deg:.3g}" if sky.up_pa_deg >= 1 else f"{sky.up_pa_deg:.2f}"
    east = "right" if sky.is_mirrored else "left"
    ways = (("up", "north"), (east, "east"))
    up = [Claim("orientation", "up", count=round(100 * float(angle)), evidence=known.pixels)]
    if sky.is_north_up:
        up = [Claim("orientation", side, other=way, evidence=known.pixels) for side, way in ways]
    yield from _told([*up, *also], known)


def _labels(known: Annotations) -> list[Sentence]:
    """What is there in the order of the scheme, then some of what is not: one by one, or two in a sentence."""
    absent = [
        label for label, one in known.scheme.labels.items() if known.state(label) is Truth.ABSENT and one.absent_phrase
    ]
    by_key = sorted(absent, key=lambda label: fraction(f"{known.cutout_id}:{label}"))
    here = [label for label in known.scheme.labels if known.state(label) is Truth.PRESENT]
    denied = [label for label in known.scheme.labels if label in by_key[:MOST_ABSENT]]
    draw = Draw(f"{known.cutout_id}:labels")
    told = [_label(label, known, draw, is_first=not at) for at, label in enumerate(here)]
    together = _told([_presence(one, known) for one in denied], known) if draw.chance(OWN_WORDS) else []
    apart = [_label(one, known, draw, is_first=not (at or told)) for at, one in enumerate(denied)]
    return [*told, *(together or apart)]


def _label(label: str, known: Annotations, draw: Draw, *, is_first: bool) -> Sentence:
    """A label in the scheme's own sentence or in ours; in ours where that one needs a sentence before it."""
    claim, one = _presence(label, known), known.scheme.labels[label]
    phrase = one.phrase if claim.state is Truth.PRESENT else one.absent_phrase
    is_own = draw.chance(OWN_WORDS) or (is_first and LEANS.match(phrase) is not None)
    if known.scheme.about == "picture" and not one.absent_phrase:  # said of the picture as a whole, not of some in it
        is_own = False
    own = _told([claim], known) if is_own else []
    return own[0] if own else Sentence(phrase, (claim,))


def _presence(label: str, known: Annotations) -> Claim:
    return Claim("presence", label, known.state(label), evidence=known.evidence(label))


def _blank(known: Annotations) -> Iterator[Sentence]:
    share = percent_claim(known)
    if share:
        yield from _told(share.claims, known)


def _objects(known: Annotations) -> Iterator[Sentence]:
    held = known.with_class(ANY_OBJECT)
    if held is None:
        return
    yield from _told([counted(known, ANY_OBJECT, held)], known)
    of_class = [(label, known.with_class(label)) for label in known.scheme.labels if label not in NO_SOURCE]
    told = [(label, found) for label, found in of_class if found]
    if not told or any(found is None for _, found in of_class):
        return
    claims = [counted(known, label, found) for label, found in told]
    if Draw(f"{known.cutout_id}:classes").chance(OWN_WORDS):
        yield from _told(claims, known)
        return
    nouns = [count_noun(known, label, len(found)) for label, found in told]
    be = "is" if len(told[0][1]) == 1 else "are"
    listed = " and ".join([", ".join(nouns[:-1]), nouns[-1]] if len(nouns) > 1 else nouns)
    there = choose(AMONG, f"{known.cutout_id}:among") if len(held) > 1 else "There"
    yield Sentence(f"{there} {be} {listed}.", tuple(claims))
