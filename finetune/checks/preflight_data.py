"""Checks of the records and their pictures: manifest, ids, turns, pictures, and what belongs to the benchmarks."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from finetune.checks.preflight import Context, Finding, told
from finetune.data.samples import Message, Picture, Sample
from finetune.data.sources import CERTIFICATE, PROVENANCE, Location, problems
from schemas.conversation import PLACEHOLDER, checked_text
from schemas.errors import CatalogError
from schemas.pictures import opened

PLACE = ("ra_deg", "dec_deg", "radius_arcsec", "guard_arcsec")
ROUNDING_ARCSEC = 1e-3
WORDS_OF_A_QUESTION = 3  # fewer may stand in an answer by chance
N_THREADS = 8


def check_manifest(context: Context) -> list[Finding]:
    """Every byte is the one that a manifest promises."""
    plain = [one for one in context.locations if one.kind == "llava"]
    unpromised = (f"{one.files[0]}: a plain file, so no manifest says what it should be" for one in plain)
    return [*told("E", "manifest", problems(context.locations)), *told("W", "manifest", unpromised)]


def check_ids(context: Context) -> list[Finding]:
    """No id stands twice."""
    counts = Counter(context.samples.ids)
    return told("E", "ids", (f"sample {one} stands {n} times" for one, n in sorted(counts.items()) if n > 1))


def check_turns(context: Context) -> list[Finding]:
    """Turns alternate, none is empty, placeholders are as many as pictures, no text spells a special token."""
    return told("E", "turns", (problem for sample in context.samples for problem in _turn_problems(sample)))


def check_pictures(context: Context) -> list[Finding]:
    """Every picture opens."""
    return told("E", "pictures", sorted(one.wrong for one in _pictures(context).values() if one.wrong))


def check_test_pictures(context: Context) -> list[Finding]:
    """No picture of a test set is trained on, whatever its file is called."""
    sealed = {sha256: what for location in context.locations for sha256, what in _test_pictures(location)}
    pictures = _pictures(context)
    return told(
        "E", "test_pictures",
        (
            f"sample {sample.sample_id}: its picture {picture.where} is one of {sealed[sha256]}"
            for sample in context.samples
            for picture in sample.pictures
            if (sha256 := pictures[_name(sample, picture)].sha256) in sealed
        ),
    )  # fmt: skip


def check_test_sky(context: Context) -> list[Finding]:
    """No training picture lies within reach of a test position: radius + radius + the wider guard."""
    plain = [one for one in context.locations if one.kind == "llava"]
    unknown = (f"{one.files[0]}: nothing says where on the sky its pictures lie" for one in plain)
    trained = [place for one in _whole(context.locations) for place in _trained(one, set(context.samples.ids))]
    tested = [place for one in _whole(context.locations) for place in _tested(one)]
    return [*told("E", "test_sky", _too_near(trained, tested)), *told("W", "test_sky", unknown)]


@dataclass(frozen=True)
class _Seen:
    """A picture that was opened: its digest, its size, or what is wrong with it."""

    sha256: str = ""
    size_px: tuple[int, int] = (0, 0)
    wrong: str = ""


@dataclass(frozen=True)
class _Place:
    """A disc on the sky that somebody's picture covers."""

    who: str
    ra_deg: float
    dec_deg: float
    radius_arcsec: float
    guard_arcsec: float


def sizes_of(context: Context) -> set[tuple[int, int]]:
    """Every height and width that a picture has."""
    return {one.size_px for one in _pictures(context).values() if not one.wrong}


def _turn_problems(sample: Sample) -> Iterator[str]:
    yield from sample.problems()
    said = [] if sample.system is None else [(0, Message("system", sample.system))]
    said += [(sample.number_of(at), message) for at, message in enumerate(sample.messages)]
    for number, message in said:
        where = f"{sample.name}, message {number}"
        if message.role != "user" and PLACEHOLDER in message.text.lower():
            yield f"{where}: {PLACEHOLDER} in {'an answer' if message.role == 'assistant' else 'a system turn'}"
        try:
            checked_text(message.text.replace(PLACEHOLDER, ""))
        except ValueError as error:
            yield f"{where}: {error}"
    for number, (asked, answer) in enumerate(sample.turns):
        question = asked.replace(PLACEHOLDER, "").strip()
        if len(question.split()) >= WORDS_OF_A_QUESTION and question in answer:
            at = sample.number_of(2 * number + 1)
            yield f"{sample.name}, message {at}: it repeats its question, so human text would be in the loss"


def _name(sample: Sample, picture: Picture) -> str:
    """Bytes in a table have a name of their own for each record; files are opened once."""
    return picture.where if picture.content is None else f"{sample.sample_id} {picture.where}"


@lru_cache(maxsize=1)  # three checks look at them
def _pictures_of(samples: Any) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    with ThreadPoolExecutor(N_THREADS) as pool:
        waiting: dict[str, Picture] = {}
        for sample in samples:
            waiting.update({_name(sample, one): one for one in sample.pictures if _name(sample, one) not in seen})
            if len(waiting) >= 16 * N_THREADS:
                seen.update(zip(waiting, pool.map(_seen, waiting.values()), strict=True))
                waiting = {}
        seen.update(zip(waiting, pool.map(_seen, waiting.values()), strict=True))
    return seen


def _pictures(context: Context) -> dict[str, _Seen]:
    return _pictures_of(context.samples)


def _seen(picture: Picture) -> _Seen:
    try:
        content = picture.read()
        image = opened(content, picture.where)
        return _Seen(hashlib.sha256(content).hexdigest(), (image.height, image.width))
    except CatalogError as error:
        return _Seen(wrong=str(error))


def _whole(locations: list[Location]) -> list[Location]:
    """One location for each hand-over or table, also where several tags share it."""
    return list({one.root: one for one in locations if one.kind != "llava"}.values())


def _rows(location: Location, columns: list[str]) -> list[dict[str, Any]]:
    paths = [location.root / PROVENANCE] if location.kind == "handover" else list(location.files)
    try:
        return [row for path in paths for row in pq.read_table(path, columns=columns).to_pylist()]
    except (OSError, ValueError, KeyError) as error:
        raise CatalogError(f"{paths[0]}: cannot be read: {error}") from error


def _test_pictures(location: Location) -> Iterator[tuple[str, str]]:
    if location.kind == "llava":
        return
    for row in _rows(location, ["sample_id", "split", "benchmark", "png_sha256"]):
        if row["split"] == "test" or row["benchmark"]:
            of = f"benchmark {row['benchmark']}" if row["benchmark"] else "the test split"
            yield row["png_sha256"], f"{of} (sample {row['sample_id']})"


def _trained(location: Location, ids: set[str]) -> Iterator[_Place]:
    guard = ["guard_arcsec"] if location.kind == "handover" else []
    for row in _rows(location, ["sample_id", *PLACE[:3], *guard]):
        if row["sample_id"] in ids and row["ra_deg"] is not None:
            yield _place(f"sample {row['sample_id']}", row)


def _tested(location: Location) -> Iterator[_Place]:
    if location.kind == "samples":
        columns = ["sample_id", "split", "benchmark", *PLACE[:3]]
        rows = [row for row in _rows(location, columns) if row["split"] == "test" or row["benchmark"]]
        yield from (_place(f"test sample {row['sample_id']}", row) for row in rows if row["ra_deg"] is not None)
        return
    path = location.root / CERTIFICATE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        for name in ("sealed", "sealed_sky"):
            for benchmark, places in said.get(name, {}).items():
                for row in places:
                    who = row.get("cutout_id") or row.get("source_name") or "a position"
                    if row["ra_deg"] is not None:
                        yield _place(f"{who} of {benchmark}", row)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogError(f"{path}: no split certificate can be read: {type(error).__name__}: {error}") from error


def _place(who: str, row: dict[str, Any]) -> _Place:
    ra_deg, dec_deg, radius, guard = (float(row.get(name) or 0.0) for name in PLACE)
    return _Place(who, ra_deg, dec_deg, radius, guard)


def _too_near(trained: list[_Place], tested: list[_Place]) -> Iterator[str]:
    """Pairs that overlap or touch, by bands of declination."""
    if not trained or not tested:
        return
    dec, _, radius, guard = (_column(tested, name) for name in ("dec_deg", "ra_deg", "radius_arcsec", "guard_arcsec"))
    order = np.argsort(dec, kind="stable")
    dec, radius, guard = dec[order], radius[order], guard[order]
    vectors = _vectors(tested)[order]
    for place, vector in zip(trained, _vectors(trained), strict=True):
        reach_deg = (place.radius_arcsec + radius.max() + max(place.guard_arcsec, guard.max())) / 3600
        band = slice(
            np.searchsorted(dec, place.dec_deg - reach_deg), np.searchsorted(dec, place.dec_deg + reach_deg, "right")
        )
        chord = np.linalg.norm(vectors[band] - vector, axis=1)
        apart = np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))) * 3600
        required = place.radius_arcsec + radius[band] + np.maximum(place.guard_arcsec, guard[band])
        for at in np.flatnonzero(apart < required - ROUNDING_ARCSEC)[:1]:
            other = tested[order[band][at]]
            yield f'{place.who} is {apart[at]:.1f}" from {other.who}; {required[at]:.1f}" are required'


def _column(places: list[_Place], name: str) -> NDArray[np.float64]:
    return np.array([getattr(place, name) for place in places], np.float64)


def _vectors(places: list[_Place]) -> NDArray[np.float64]:
    ra, dec = np.radians(_column(places, "ra_deg")), np.radians(_column(places, "dec_deg"))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


DATA_CHECKS = (check_manifest, check_ids, check_turns, check_pictures, check_test_pictures, check_test_sky)
