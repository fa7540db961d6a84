"""Whether pictures without WCS are found again, and none in the wrong place: real images and a synthetic mosaic.

    nice -n 15 python benchmarks/registration.py --raw RAW --out found.jsonl      # can be stopped, and goes on
    python benchmarks/registration.py --out found.jsonl --table                   # the tables of docs/pictures.md

Cutouts of images are changed as those of old datasets were, and looked for among mosaics that have them, and among
mosaics of other sky. The least confidence is chosen on a half of the pictures, by the parity of the digest of their
names, and tried on the other half.
"""

import argparse
import hashlib
import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from astropy.wcs import WCS

from catalogs.sky import nearest, separation_arcsec, unit_vectors
from catalogs.survey import Survey
from curation.demo_sky import KINDS as SITE_KINDS
from curation.demo_sky import Mosaic, Site, blobs, draw_sites, noise, write_image
from curation.pictures.mosaics import find_files, mosaics
from curation.pictures.plane import open_plane
from curation.pictures.render import Picture, render
from curation.registration.decided import LEAST_CONFIDENCE
from curation.registration.legacy import Legacy, fault_of
from curation.registration.placing import SYMMETRIES
from curation.registration.register import Ways, register

SEED, SYNTHETIC_PX, N_SITES = 34, 2500, 400
LOBES_PX, N_LOBES = 180, 9
MARGIN = 1.5  # of the least confidence over the highest of any picture that is nowhere
Image = np.ndarray


def drawn(stretch: str) -> Callable[[Image, np.random.Generator], Image]:
    """Greys of 8 bit, as FITS rows go."""
    return lambda image, _: render(image, Picture(image.shape[0], stretch))[::-1].astype(np.float32)


def noisy(times: float) -> Callable[[Image, np.random.Generator], Image]:
    """With white noise of so many times its own."""

    def made(image: Image, chance: np.random.Generator) -> Image:
        rms = 1.4826 * np.nanmedian(np.abs(image - np.nanmedian(image)))
        return image + chance.normal(0, times * rms, image.shape).astype(np.float32)

    return made


def sized(scale: float, stretch: str) -> Callable[[Image, np.random.Generator], Image]:
    """Greys that were made larger or smaller."""

    def made(image: Image, _: np.random.Generator) -> Image:
        grey = render(image, Picture(image.shape[0], stretch))[::-1]
        side = round(scale * image.shape[0])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return cv2.resize(grey, (side, side), interpolation=how).astype(np.float32)

    return made


def half_blank(image: Image, _: np.random.Generator) -> Image:
    """A third of it blank, as at the edge of a field, in another unit."""
    made = 1000 * image
    made[:, : image.shape[1] // 3] = np.nan
    return made


def jpeg(image: Image, _: np.random.Generator) -> Image:
    """Greys packed with loss."""
    grey = render(image, Picture(image.shape[0], "zscale"))
    return cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_GRAYSCALE)[
        ::-1
    ].astype(np.float32)


CHANGES: dict[str, tuple[Callable[[Image, np.random.Generator], Image], float]] = {
    "none: the same pixels": (lambda image, _: image, 1.0),
    "in another unit": (lambda image, _: 1000 * image, 1.0),
    "in another unit, a third blank": (half_blank, 1.0),
    "zscale": (drawn("zscale"), 1.0),
    "asinh": (drawn("asinh"), 1.0),
    "log": (drawn("log"), 1.0),
    "minmax": (drawn("minmax"), 1.0),
    "zscale, JPEG of quality 75": (jpeg, 1.0),
    "noise of 1 rms added": (noisy(1), 1.0),
    "noise of 2 rms added": (noisy(2), 1.0),
    "zscale, 0.5 times as wide": (sized(0.5, "zscale"), 0.5),
    "asinh, 1.5 times as wide": (sized(1.5, "asinh"), 1.5),
    "log, 2 times as wide": (sized(2, "log"), 2.0),
}


@dataclass(frozen=True)
class Sky:
    """Mosaics to look in, images of them and of other sky, and the sides of cutouts."""

    name: str
    raw: Path
    within: Sequence[str]
    elsewhere: Sequence[str]
    sides_px: tuple[int, ...]
    n_each: int
    """Cutouts of either kind, side and change."""


def first_images(raw: Path) -> list[str]:
    """MiraBest, by name."""
    return sorted(one.relative_to(raw).as_posix() for one in raw.glob("images/first_mirabest/*.fits.gz"))


def skies(raw: Path, made: Path) -> Iterator[Sky]:
    """FIRST; surveys with diffuse emission, oversampled pixels, artefacts; a large synthetic mosaic; side lobes."""
    first = first_images(raw)
    # In the order of class and right ascension; none of the others is nearer than 2.7 degrees to one of these.
    yield Sky("FIRST", raw, first[::8], [one for k, one in enumerate(first) if k % 8 == 4], (132, 64), 16)
    others = sorted(one.relative_to(raw).as_posix() for one in raw.glob("images/sumss_nvss_vlssr/*.fits.gz"))
    within = [one for one in others if any(name in one for name in ("1110_", "11991_", "12561_"))]
    away = [one for one in others if one not in within]
    within += ["images/lotss_dr1/P205+55-mosaic.fits", "images/magpis_galactic/G10.5+0.0_20cm.fits"]
    away += ["images/lotss_dr1/P218+55-mosaic.fits"]
    yield Sky("LoTSS, SUMSS, NVSS, VLSSr, MAGPIS", raw, within, away, (132,), 22)
    # The third of these images is no other sky: a part of it is the first's, pixel by pixel.
    within, away = (f"images/scorpio_atca/Scorpio{one}Field.fits.gz" for one in ("S17", "FaintSNR"))
    yield Sky("SCORPIO", raw, [within], [away], (132,), 12)
    names = [f"images/{k}.fits" for k in range(2 + N_LOBES)]
    for k, name in enumerate(names):
        if not (made / name).exists():
            synthetic(made / name, k) if k < 2 else side_lobes(made / name, k)
    yield Sky("synthetic", made, names[:1], names[1:2], (132, 64), 12)
    yield Sky("side lobes", made, names[2:3], names[3:], (132,), 12)


def field(name: str, side_px: int, seed: int) -> Mosaic:
    """An empty mosaic."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---SIN", "DEC--SIN"], [40.0 + 20 * seed, 12.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [side_px / 2] * 2, [-2 / 3600, 2 / 3600]
    return Mosaic(name, wcs, side_px, side_px, (8.0, 6.0, 30.0), "JY/BEAM", 1e-3)


def side_lobes(path: Path, seed: int) -> None:
    """Noise, and in the middle one bright source with the rings that a bad cleaning leaves: the same in each field."""
    chance = np.random.default_rng([SEED, seed])
    mosaic = field(path.name, LOBES_PX, seed)
    (place,) = mosaic.wcs.pixel_to_world(*(LOBES_PX / 2 + chance.uniform(-1, 1, (2, 1)))).icrs
    bright = 10 ** chance.uniform(0.7, 1.6)
    image = noise(mosaic, chance)
    draw_sites(image, mosaic, [Site("0", "ring", place.ra.deg, place.dec.deg, 0, blobs("ring", 0, bright), ring=True)])
    write_image(path, image * 1e-3, header_of(mosaic))


def header_of(mosaic: Mosaic) -> Any:
    """Its WCS and unit."""
    header = mosaic.wcs.to_header()
    header["BUNIT"] = mosaic.unit
    return header


def synthetic(path: Path, seed: int) -> None:
    """A mosaic of noise with a beam and sources of the demo's kinds anywhere."""
    chance = np.random.default_rng([SEED, seed])
    mosaic = field(path.name, SYNTHETIC_PX, seed)
    places = mosaic.wcs.pixel_to_world(*chance.uniform(0, SYNTHETIC_PX, (2, N_SITES))).icrs
    sites = list[Site]()
    for k, place in enumerate(places):
        kind, pa, bright = SITE_KINDS[k % len(SITE_KINDS)], chance.uniform(0, 180), 10 ** chance.uniform(0, 1.6)
        sites.append(Site(str(k), kind, place.ra.deg, place.dec.deg, pa, blobs(kind, pa, bright), ring=kind == "ring"))
    image = noise(mosaic, chance)
    draw_sites(image, mosaic, sites)
    write_image(path, image * 1e-3, header_of(mosaic))


def cutouts(sky: Sky, files: Sequence[str], side: int, change: str) -> Iterator[tuple[Legacy, dict[str, Any]]]:
    """Changed cutouts with what they are of; each turned and mirrored by chance."""
    for k in range(sky.n_each):
        chance = np.random.default_rng([SEED, side, k, *f"{change} {files[0]}".encode()])
        file = files[k % len(files)]
        plane = open_plane(sky.raw / file)
        x, y = (int(chance.integers(0, n - side + 1)) for n in (plane.width_px, plane.height_px))
        image = plane.read((x, y, x + side, y + side)).astype(np.float32)
        made = np.ascontiguousarray(CHANGES[change][0](image, chance), np.float32)
        symmetry = SYMMETRIES[int(chance.integers(len(SYMMETRIES)))]
        back = next(one for one in SYMMETRIES if np.array_equal(one.of(symmetry.of(CORNER)), CORNER))
        name = f"{sky.name} {change} {side} {file} {x} {y}"
        turned = np.ascontiguousarray(symmetry.of(made))
        given = Legacy(f"{k:03d}", hashlib.sha256(name.encode()).hexdigest(), turned, False, fault_of(turned))
        yield given, {"mosaic": file, "x": x, "y": y, "mirrored": back.is_mirrored, "turn": back.turn_deg}


CORNER = np.arange(4).reshape(2, 2)


def measured(sky: Sky, done: set[str]) -> Iterator[dict[str, Any]]:
    """A row for each picture: what was found of it."""
    survey = Survey(name="looked_in", title="", files=tuple(sky.within), cite="")
    index = mosaics(find_files(sky.raw, survey, {}), survey, raw=sky.raw).kept
    for side in sky.sides_px:
        for change, (_, scale) in CHANGES.items():
            for where, files in (("within", sky.within), ("elsewhere", sky.elsewhere)):
                group = f"{sky.name} {side} {change} {where}"
                if group in done:
                    continue
                given = list(cutouts(sky, files, side, change))
                begin = time.process_time()
                table = register([one for one, _ in given], index, sky.raw, Ways((scale,)))
                seconds = (time.process_time() - begin) / len(given)
                told = {"group": group, "sky": sky.name, "side": side, "change": change, "where": where}
                for (one, true), row in zip(given, table.to_pylist(), strict=True):
                    yield {**told, **_told(one, row), "fate": _fate(row, true, where), "cpu_s": seconds}


def griese(raw: Path, done: set[str]) -> Iterator[dict[str, Any]]:
    """Published pictures of FIRST, greys that were clipped: those that show the sky of a mosaic, and others.

    Their names have the position of the middle. Right is a place no more than 10 arcsec from it.
    """
    survey = Survey(name="first", title="", files=tuple(first_images(raw)[::8]), cite="")
    index = mosaics(find_files(raw, survey, {}), survey, raw=raw).kept
    centres = unit_vectors(index["ra_deg"].to_numpy(), index["dec_deg"].to_numpy())
    with zipfile.ZipFile(raw / "images/first_griese2023_png.zip") as packed:
        names = sorted(one for one in packed.namelist() if "/all/" in one and one.endswith(".png"))
        places = np.array([one.split("/")[-1].split("_")[:2] for one in names], float)
        apart = nearest(unit_vectors(*places.T), centres, 4e5).separation_arcsec
        for where, is_there in (("within", apart < 10), ("elsewhere", apart > 3600)):
            if (group := f"Griese {where}") in done:
                continue
            chosen = np.flatnonzero(is_there)[:: 1 if where == "within" else 8]
            given = [_drawn(packed.read(names[k]), f"{k:05d}") for k in chosen]
            begin = time.process_time()
            rows = register(given, index, raw).to_pylist()
            seconds = (time.process_time() - begin) / len(given)
            told = {"group": group, "sky": "Griese set", "side": 300, "change": "as published", "where": where}
            for one, row in zip(given, rows, strict=True):
                at, fate = places[int(one.name)], "unknown"
                if row["state"] == "found":
                    away = separation_arcsec(*at, row["ra_deg"], row["dec_deg"])[0]
                    fate = "right" if where == "within" and away < 10 else "wrong"
                yield {**told, **_told(one, row), "fate": fate, "cpu_s": seconds}


def _drawn(body: bytes, name: str) -> Legacy:
    grey = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_GRAYSCALE)[::-1].astype(np.float32)
    return Legacy(name, hashlib.sha256(body).hexdigest(), grey, True, fault_of(grey))


def _told(one: Legacy, row: dict[str, Any]) -> dict[str, Any]:
    names = ("confidence", "correlation", "reason", "method")
    return {"half": int(one.sha256, 16) % 2, **{name: row[name] for name in names}}


def _fate(row: dict[str, Any], true: dict[str, Any], where: str) -> str:
    if row["state"] == "unknown":
        return "unknown"
    is_there = row["mosaic"] == true["mosaic"] and abs(row["x_min_px"] - true["x"]) + abs(row["y_min_px"] - true["y"])
    is_right = where == "within" and is_there is not False and is_there <= (0 if row["scale"] == 1 else 1)
    return (
        "right" if is_right and (row["is_mirrored"], row["turn_deg"]) == (true["mirrored"], true["turn"]) else "wrong"
    )


def tables(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Recall and false places by change, then the confidence of pictures that are nowhere."""
    nowhere = [one for one in rows if one["where"] == "elsewhere"]
    most = [max(one["confidence"] or 0 for one in nowhere if one["half"] == half) for half in (0, 1)]
    told = f"highest confidence of a picture that is nowhere: {most[0]:.1f} in one half, {most[1]:.1f} in the other"
    yield f"{told}; chosen on the first {MARGIN * most[0]:.1f}, used {LEAST_CONFIDENCE:g}"
    yield "\n| changed | within: right, of | wrong | least confidence | elsewhere: false, of | highest confidence |"
    yield "|---|---|---|---|---|---|"
    for change in CHANGES:
        yield _line(change, [one for one in rows if one["change"] == change and one["half"] == 1])
    yield _line("all", [one for one in rows if one["half"] == 1])
    yield "\n| sky, side in px | within: right, of | wrong | least confidence | elsewhere: false, of | highest |"
    yield "|---|---|---|---|---|---|"
    for sky, side in dict.fromkeys((one["sky"], one["side"]) for one in rows):
        yield _line(f"{sky}, {side}", [one for one in rows if (one["sky"], one["side"]) == (sky, side)])
    yield _line("all, both halves", rows)


def _line(name: str, rows: Sequence[dict[str, Any]]) -> str:
    within, away = ([one for one in rows if one["where"] == where] for where in ("within", "elsewhere"))
    right = [one for one in within if one["fate"] == "right"]
    wrong = sum(one["fate"] == "wrong" for one in within)
    least = min((one["confidence"] for one in right if one["confidence"] is not None), default=None)
    false, most = (
        sum(one["fate"] != "unknown" for one in away),
        max((one["confidence"] or 0 for one in away), default=0),
    )
    share = f"{100 * len(right) / max(1, len(within)):.1f} % of {len(within)}"
    low = "" if least is None else f"{least:.1f}"
    return f"| {name} | {share} | {wrong} | {low} | {false} of {len(away)} | {most:.1f} |"


def main() -> None:
    """Read the command line, measure what is not there yet, print."""
    said = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    said.add_argument("--raw", type=Path)
    said.add_argument("--out", type=Path, required=True)
    said.add_argument("--table", action="store_true")
    chosen = said.parse_args()
    rows = [json.loads(line) for line in chosen.out.read_text().splitlines()] if chosen.out.exists() else []
    if not chosen.table:
        made = Path(tempfile.gettempdir()) / f"registration-{SEED}-{SYNTHETIC_PX}"
        with chosen.out.open("a") as file:
            done = {row["group"] for row in rows}
            for one in chain(*(measured(sky, done) for sky in skies(chosen.raw, made)), griese(chosen.raw, done)):
                rows.append(one)
                print(json.dumps(one), file=file, flush=True)
    for line in tables(rows):
        print(line)


if __name__ == "__main__":
    main()
