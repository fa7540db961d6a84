"""What a caption says that surveys and catalogues at hand may know; the rest is its author's word.

A caption is somebody's text about this picture. Checked are: the frequency and the beam of a survey that it names, a
source that a catalogue has, a place at which a catalogue has a source, and whether a source is where the caption puts
it. Where a thing stands in the picture is not: pictures of papers have no WCS.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalogs.sky import separation_arcsec
from catalogs.survey import Survey
from curation.captions.held_out import names_in, plain
from curation.captions.places import Place
from curation.verification.surveys import SURVEYS

AGREES = 0.08  # share by which two frequencies of one band differ: 1.4 and 1.5 GHz are one, as are 20 and 21 cm
DENIES = 0.3  # from here on, 1.4 GHz is not what a survey at 1 GHz was observed at
BEAM_AGREES = 0.15
APART_ARCSEC = 300.0  # of a source from the place that its only caption gives it, before one of them must be wrong
NEAR_ARCSEC = 10.0  # of a catalogued source from a place, beside how exactly that is said
LIGHT_MHZ_CM = 29_979.2458
FREQUENCY = re.compile(
    r"(?<![\w.])(?P<value>\d{1,5}(?:\.\d+)?)\s*[-– ]?\s*(?P<unit>GHz|MHz|cm)(?![\w/]|\s*[-−–]\s*[12]\b|[⁻²])"
)
BEAM = re.compile(
    r"(?P<value>\d{1,3}(?:\.\d+)?)\s*(?:″|\"|''|arcsec(?:onds?)?)(?:\s*[x×]\s*\d{1,3}(?:\.\d+)?\s*(?:″|\"|''|arcsec\w*))?"
    r"\s*(?:\(?FWHM\)?\s*)?(?:synthesi[sz]ed\s+|restoring\s+)?(?:beam|resolution)"
    r"|(?:beam|resolution)(?:\s+size)?(?:\s*\(FWHM\))?\s*(?:is|of|=|:|,)?\s*(?:about\s+|~\s*)?(?P<after>\d{1,3}(?:\.\d+)?)\s*"
    r"(?:″|\"|''|arcsec)",
    re.IGNORECASE,
)
BETWEEN = re.compile(
    r"[\s(,]*(?:(?:survey|data|images?|maps?|radio|continuum|contours?|observations?)\s*)*(?:at|of)?[\s(,]*",
    re.IGNORECASE,
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class SurveyFact:
    """What is known of a survey by its short name; a release of its own is another row."""

    name: str
    short: str
    frequency_mhz: float | None
    beam_arcsec: float | None


@dataclass(frozen=True)
class Known:
    """What is at hand: surveys, and catalogued sources that the captions of a part may name or place."""

    surveys: tuple[SurveyFact, ...]
    names: Mapping[str, tuple[str, float, float]]
    """By plain name: the evidence, and the place in ICRS degrees."""
    evidence: Sequence[str]
    ra_deg: np.ndarray[Any, np.dtype[np.float64]]
    dec_deg: np.ndarray[Any, np.dtype[np.float64]]


def survey_facts(surveys: Mapping[str, Survey]) -> tuple[SurveyFact, ...]:
    """The doors of surveys that have a short name."""
    return tuple(
        SurveyFact(one.name, short, one.frequency_mhz, max(one.beam_arcsec) if one.beam_arcsec else None)
        for one in surveys.values()
        for short, title in SURVEYS.items()
        if one.title.startswith(title) and one.frequency_mhz
    )


def known_sky(
    captions: Sequence[str], surveys: tuple[SurveyFact, ...], sources: Sequence[pa.Table], entries: Sequence[pa.Table]
) -> Known:
    """The catalogued sources that any of the captions could name, and the places of all.

    `sources`: source_id, source_name, ra_deg, dec_deg; `entries`: entry_id, name, ra_deg, dec_deg.
    """
    said = {name for one in captions for name in names_in(one)} if sources or entries else set[str]()
    wanted = pa.array(sorted(said), pa.string())
    names: dict[str, tuple[str, float, float]] = {}
    evidence: list[str] = []
    places: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
    kinds = [("source", "source_id", "source_name", one) for one in sources]
    kinds += [("entry", "entry_id", "name", one) for one in entries]
    for kind, key, name, table in kinds:
        placed = table.filter(pc.and_(pc.is_valid(table["ra_deg"]), pc.is_valid(table["dec_deg"])))
        evidence += [f"{kind}:{one}" for one in placed[key].to_pylist()]
        places.append((placed["ra_deg"].to_numpy(), placed["dec_deg"].to_numpy()))
        short = pc.utf8_lower(pc.replace_substring_regex(placed[name], r"[^A-Za-z0-9.+\-]", ""))
        for row in placed.filter(pc.is_in(short, wanted)).select([key, name, "ra_deg", "dec_deg"]).to_pylist():
            names.setdefault(plain(row[name]), (f"{kind}:{row[key]}", row["ra_deg"], row["dec_deg"]))
    ra, dec = (np.concatenate([np.empty(0), *(one[k] for one in places)]) for k in (0, 1))
    return Known(surveys, names, evidence, ra, dec)


def statements(caption: str, places: Sequence[Place], known: Known) -> list[dict[str, str | None]]:
    """The statements of a caption in their kinds, each supported, contradicted or the author's word (`author`)."""
    surveys = _surveys(caption, known)
    found = [*_frequencies(caption, surveys), *_beams(caption, surveys)]
    bearing = {one["evidence"] for one in found if one["verdict"] == "supported"}
    named = [
        _statement("survey", short, _survey(facts) if _survey(facts) in bearing else None)
        for short, facts in _by_short(surveys).items()
    ]
    return [*named, *found, *_sources(caption, places, known), *_places(places, known)]


def verdict_of(found: Sequence[Row]) -> str:
    """`contradicted` where any statement is, else `supported` where any is, else `author`."""
    verdicts = {one["verdict"] for one in found}
    return next((one for one in ("contradicted", "supported") if one in verdicts), "author")


# -- surveys --------------------------------------------------------------------------------------------------------


def _surveys(caption: str, known: Known) -> list[tuple[re.Match[str], SurveyFact]]:
    """Each naming of a survey: its short name as it is written, or its title's beginning."""
    found: list[tuple[re.Match[str], SurveyFact]] = []
    for fact in known.surveys:
        pattern = rf"(?<![\w-]){re.escape(fact.short)}(?![\w])|{re.escape(SURVEYS[fact.short])}"
        found += [(match, fact) for match in re.finditer(pattern, caption)]
    return found


def _by_short(surveys: Sequence[tuple[re.Match[str], SurveyFact]]) -> dict[str, list[SurveyFact]]:
    found: dict[str, list[SurveyFact]] = {}
    for _, fact in surveys:
        found.setdefault(fact.short, []).append(fact)
    return found


def _survey(facts: Sequence[SurveyFact]) -> str:
    return f"survey:{facts[0].name}"


def _frequencies(caption: str, surveys: Sequence[tuple[re.Match[str], SurveyFact]]) -> list[dict[str, str | None]]:
    """A frequency is supported by a survey that is named; contradicted only where it stands right beside one."""
    found: list[dict[str, str | None]] = []
    for match in FREQUENCY.finditer(caption):
        value = float(match["value"])
        if not value:
            continue
        mhz = {"GHz": 1000 * value, "MHz": value}.get(match["unit"]) or LIGHT_MHZ_CM / value
        by_short = _by_short(surveys)
        near = {fact.short for named, fact in surveys if _is_beside(caption, match, named)}
        agreeing = next((facts for facts in by_short.values() if _differs(mhz, facts) <= AGREES), None)
        denying = next((by_short[one] for one in sorted(near) if _differs(mhz, by_short[one]) >= DENIES), None)
        if agreeing:
            found.append(_statement("frequency", match[0], _survey(agreeing)))
        elif denying:
            found.append(_statement("frequency", match[0], _survey(denying), verdict="contradicted"))
        else:
            found.append(_statement("frequency", match[0], None))
    return found


def _differs(mhz: float, facts: Sequence[SurveyFact]) -> float:
    """By which share a frequency differs from that of the nearest release of a survey."""
    return min(abs(mhz - one.frequency_mhz) / one.frequency_mhz for one in facts if one.frequency_mhz)


def _is_beside(caption: str, number: re.Match[str], named: re.Match[str]) -> bool:
    first, second = sorted((number, named), key=lambda one: one.start())
    return bool(BETWEEN.fullmatch(caption[first.end() : second.start()]))


def _beams(caption: str, surveys: Sequence[tuple[re.Match[str], SurveyFact]]) -> list[dict[str, str | None]]:
    """A beam is supported by a survey that is named; it is never contradicted: authors smooth and weight anew."""
    found: list[dict[str, str | None]] = []
    for match in BEAM.finditer(caption):
        arcsec = float(match["value"] or match["after"])
        agreeing = [one for _, one in surveys if one.beam_arcsec and abs(arcsec / one.beam_arcsec - 1) <= BEAM_AGREES]
        found.append(_statement("beam", " ".join(match[0].split()), _survey(agreeing) if agreeing else None))
    return found


# -- the sky --------------------------------------------------------------------------------------------------------


def _sources(caption: str, places: Sequence[Place], known: Known) -> list[dict[str, str | None]]:
    """Sources that a catalogue has by their name; one that the caption puts somewhere else is contradicted."""
    names = sorted(names_in(caption) & known.names.keys())
    found: list[dict[str, str | None]] = []
    for name in names:
        evidence, ra, dec = known.names[name]
        is_elsewhere = False
        if len(names) == 1 and len(places) == 1:
            apart = float(separation_arcsec(ra, dec, places[0].ra_deg, places[0].dec_deg)[0])
            is_elsewhere = apart > APART_ARCSEC + places[0].radius_arcsec
        found.append(_statement("source", name, evidence, verdict="contradicted" if is_elsewhere else "supported"))
    return found


def _places(places: Sequence[Place], known: Known) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = []
    for place in places:
        evidence = None
        if len(known.ra_deg):
            apart = separation_arcsec(known.ra_deg, known.dec_deg, place.ra_deg, place.dec_deg)
            at = int(np.argmin(apart))
            evidence = known.evidence[at] if apart[at] <= place.radius_arcsec + NEAR_ARCSEC else None
        found.append(_statement("place", place.said, evidence))
    return found


def _statement(kind: str, said: str, evidence: str | None, verdict: str = "supported") -> dict[str, str | None]:
    return {"kind": kind, "said": said, "verdict": verdict if evidence else "author", "evidence": evidence}
