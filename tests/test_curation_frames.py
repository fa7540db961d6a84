"""Pictures of several mosaics, on other pixels, at a common beam: held against what was drawn, and reproject."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from reproject import reproject_interp

from catalogs.dataset import CutoutRecipe
from catalogs.sky import unit_vectors
from catalogs.wcs_sky import pixels_of_sky, quiet_wcs, read_wcs, sky_of_pixels
from curation.corpus import Corpus, corpus, graph
from curation.deposit.impact import impact
from curation.engine.run import build
from curation.pictures import regrid
from curation.pictures.frame import Frame
from curation.pictures.framed import framed_cutouts
from curation.pictures.frames import frames
from curation.pictures.grids import grid_at
from curation.pictures.regrid import peak_loss, regridded
from curation.pictures.sights import side_in_px, sight_at
from curation.pictures.sky_pixels import wcs_text
from curation.pictures.windows import windows
from curation.release.built import opened
from curation.release.export import export
from curation.release.gates import between_checks, counts, table_checks
from curation.release.why import chain, told
from curation.stream import stream
from schemas.errors import RecipeError
from schemas.folder import read_door
from schemas.tables import CORPUS_TABLES, SOURCES
from tests.test_curation_cutouts import (
    PICTURE,
    RECIPE,
    SURVEY,
    blank,
    cut,
    header_of,
    image_of,
    index,
    noise,
    overlapping,
    source,
    write,
)

FWHM_OF_SIGMA = np.sqrt(8 * np.log(2))
SOURCE = source(150.0, 2.0, 72.0)
HEADERS = {
    "SIN": {},
    "TAN across RA 0": {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 359.9999, "CRVAL2": 60.0},
    "near the pole": {"CRVAL1": 30.0, "CRVAL2": -89.7},
    "CAR": {"CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CRVAL1": 200.0, "CRVAL2": 0.0},
    "ZEA": {"CTYPE1": "RA---ZEA", "CTYPE2": "DEC--ZEA", "CRVAL1": 80.0, "CRVAL2": -45.0},
    "AIT": {"CTYPE1": "RA---AIT", "CTYPE2": "DEC--AIT", "CRVAL1": 80.0, "CRVAL2": 0.0},
    "NCP": {"CTYPE1": "RA---NCP", "CTYPE2": "DEC--NCP", "CRVAL1": 255.0, "CRVAL2": -41.0},
    "Galactic": {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRVAL1": 340.0, "CRVAL2": 0.0},
    "ecliptic": {"CTYPE1": "ELON-SIN", "CTYPE2": "ELAT-SIN", "CRVAL1": 200.0, "CRVAL2": 40.0, "EQUINOX": 2000.0},
    "rotated": {"CROTA2": 37.0},
    "mirrored": {"CDELT1": 0.0005, "CROTA2": 20.0},
    "non-square": {"CDELT1": -0.0006, "CDELT2": 0.0004},
}
"""On top of `header_of`: 1.8 arcsec pixels, a beam of 5.4 x 4.32 arcsec at 10 deg."""
BEAM = (5.4, 4.32, 10.0)


@dataclass(frozen=True)
class Sky:
    """A mosaic with one Gaussian source on an empty sky, and where that is."""

    ra_deg: float
    dec_deg: float
    header: fits.Header
    image: np.ndarray


def offsets(header: fits.Header | str, shape: tuple[int, int], ra: float, dec: float) -> tuple[np.ndarray, np.ndarray]:
    """East and north of a place in arcsec (gnomonic), of every pixel."""
    wcs = quiet_wcs(header) if isinstance(header, fits.Header) else read_wcs(header)
    y, x = np.indices(shape)
    sky = unit_vectors(*sky_of_pixels(wcs, x, y))
    centre, alpha, delta = unit_vectors(ra, dec)[0], np.radians(ra), np.radians(dec)
    east = np.array([-np.sin(alpha), np.cos(alpha), 0])
    north = np.array([-np.sin(delta) * np.cos(alpha), -np.sin(delta) * np.sin(alpha), np.cos(delta)])
    plane = sky / (sky @ centre)[:, None]
    return tuple((plane @ axis).reshape(shape) * np.degrees(3600) for axis in (east, north))


def gaussian(east: np.ndarray, north: np.ndarray, beam: tuple[float, float, float]) -> np.ndarray:
    """A point source of one mJy seen by a beam."""
    angle = np.radians(beam[2])
    along, across = east * np.sin(angle) + north * np.cos(angle), east * np.cos(angle) - north * np.sin(angle)
    return np.exp(-4 * np.log(2) * ((along / beam[0]) ** 2 + (across / beam[1]) ** 2))


def sky_of(changes: dict, beam: tuple[float, float, float] = BEAM) -> Sky:
    """A source of 100 mJy between the pixels of a mosaic of 120 x 100 pixels."""
    header = header_of()
    header.update(changes)
    header["BMAJ"], header["BMIN"], header["BPA"] = beam[0] / 3600, beam[1] / 3600, beam[2]
    ra, dec = (float(one[0]) for one in sky_of_pixels(quiet_wcs(header), 61.3, 47.6))
    image = 0.1 * gaussian(*offsets(header, (100, 120), ra, dec), beam)
    return Sky(ra, dec, header, image.astype(">f4"))


def framed(folder: Path, rows: list[dict], frame: Frame, recipe=RECIPE) -> tuple[list[dict], list[dict], dict]:
    """FRAMES, CUTOUTS, and how often each reason for a refusal was given."""
    table, sources = index(folder), SOURCES.of(rows)
    planned = windows(sources, table, recipe, SURVEY).kept
    found = frames(planned, table, sources, recipe, frame, raw=folder)
    made = framed_cutouts(found.kept, table, recipe, PICTURE, frame, raw=folder)
    return found.kept.to_pylist(), made.kept.to_pylist(), {**found.reasons, **made.reasons}


def taken(found: list[dict]) -> list[str]:
    return [row["mosaic"] for row in found]


# --- where mosaics overlap


def test_the_best_has_least_noise_and_of_equals_the_farthest_edge(tmp_path):
    overlapping(tmp_path, 3 * noise((300, 300), 1), noise((300, 300), 2), noise((300, 300), 3))
    found, made, _ = framed(tmp_path, [SOURCE], Frame(overlap="best"))
    assert taken(found) == taken(made) == ["1.fits"]  # 0 is nearest and noisiest; of 1 and 2 the edge of 1 is farther
    (row,), (picture,) = found, made
    assert [(one["mosaic"], one["weight"]) for one in row["mosaics"]] == [
        ("1.fits", 1.0),
        ("0.fits", 0.0),
        ("2.fits", 0),
    ]
    why = [one["why_not"] for one in row["mosaics"]]
    assert why[0] is None and why[1].startswith("more noise") and why[2] == "as good, but its edge is nearer"
    edges = [row["mosaics"][0][name] for name in ("x_min_px", "y_min_px", "x_max_px", "y_max_px")]
    wanted = noise((300, 300), 2)[edges[1] : edges[3], edges[0] : edges[2]] * np.float32(1000)
    np.testing.assert_array_equal(image_of(picture), wanted)
    assert row["method"] is None and row["peak_loss"] is None
    table = {one["mosaic"]: one["sha256"] for one in index(tmp_path).to_pylist()}
    assert all(table[one["mosaic"]] == one["sha256"] for one in row["mosaics"])


def test_where_the_best_is_blank_the_next_is_taken_and_where_all_are_the_first_is_the_reason(tmp_path):
    overlapping(
        tmp_path,
        3 * noise((300, 300), 1),
        blank(noise((300, 300), 2), slice(130, 150), slice(None)),
        noise((300, 300), 3),
    )
    found, _, _ = framed(tmp_path, [SOURCE], Frame(overlap="best"))
    assert taken(found) == ["2.fits"]
    assert {one["mosaic"]: one["why_not"] for one in found[0]["mosaics"]}["1.fits"] == "blank where the source is"
    for k in range(3):
        write_over(tmp_path / f"{k}.fits", np.full((300, 300), np.nan, ">f4"))
    assert framed(tmp_path, [SOURCE], Frame(overlap="best"))[2] == {"all-blank": 1}


def write_over(path: Path, image: np.ndarray) -> None:
    header = fits.getheader(path)
    path.unlink()
    write(path, image, header)


def test_as_slices_of_the_nearest_frames_give_the_same_cutouts_as_without(tmp_path):
    images = [blank(noise((300, 300)), slice(None)), noise((300, 300), 2)]
    overlapping(tmp_path, *images)
    wanted = cut(tmp_path, [SOURCE])[1].kept
    _, made, _ = framed(tmp_path, [SOURCE], Frame.model_construct(overlap="nearest"))
    assert [{name: value for name, value in one.items() if name != "png"} for one in made] == [
        {name: value for name, value in one.items() if name != "png"} for one in wanted.to_pylist()
    ]


def test_a_picture_across_two_mosaics_is_whole_and_keeps_peak_and_flux(tmp_path):
    # Halves of one sky with a seam of 10 pixels through the source, on pixels that are a third of one apart.
    for name, crpix in (("a", 80.0), ("b", 10.3)):
        header = header_of()
        header["CRPIX1"], header["CRPIX2"] = crpix, 50.5 + (crpix - 80) / 100
        image = (
            0.1 * gaussian(*offsets(header, (100, 90), 150.0, 2.0), (8.0, 8.0, 0.0)) + noise((100, 90), ord(name)) / 1e3
        )
        header["BMAJ"] = header["BMIN"] = 8 / 3600
        write(tmp_path / f"{name}.fits", image.astype(">f4"), header)
    (row,), (picture,), refused = framed(tmp_path, [source(150.0, 2.0, 90.0)], Frame(overlap="combined"))
    alone = cut(tmp_path, [source(150.0, 2.0, 90.0)])[1].kept["blank_fraction"][0].as_py()
    assert not refused and picture["blank_fraction"] == 0 < alone
    assert sum(one["weight"] for one in row["mosaics"]) == pytest.approx(1) and len(row["mosaics"]) == 2
    image = image_of(picture)
    drawn = 100 * gaussian(*offsets(picture["wcs_header"], image.shape, 150.0, 2.0), (8.0, 8.0, 0.0))
    assert np.abs(image - drawn).max() < 1.0
    assert image.sum() == pytest.approx(drawn.sum(), rel=0.01)


def test_mosaics_of_other_beams_are_combined_at_a_common_one_only(tmp_path):
    for k, beam in enumerate((5.4, 7.0)):
        header = header_of(latitude=2.0 + 0.005 * k)
        header["BMAJ"] = header["BMIN"] = beam / 3600
        header["CRPIX1"] = header["CRPIX2"] = 150.5
        write(tmp_path / f"{k}.fits", noise((300, 300), k), header)
    found, _, _ = framed(tmp_path, [SOURCE], Frame(overlap="combined"))
    assert [one["why_not"] for one in found[0]["mosaics"]] == [None, "of another beam"]
    found, made, _ = framed(tmp_path, [SOURCE], Frame(overlap="combined", beam_arcsec=8.0))
    assert all(one["weight"] for one in found[0]["mosaics"])
    assert (made[0]["beam_major_arcsec"], made[0]["beam_from"]) == (8.0, "convolution")


def test_frames_are_the_same_in_parts_and_in_any_order_of_mosaics(tmp_path):
    overlapping(tmp_path, *(noise((300, 300), k) for k in range(3)))
    table, frame = index(tmp_path), Frame(overlap="combined", pixel_arcsec=2.0)
    rows = [source(150.0 + 0.01 * k, 2.0, 54.0, name=str(k)) for k in range(4)]
    sources = SOURCES.of(rows)
    planned = windows(sources, table, RECIPE, SURVEY).kept
    turned = table.take(pa.array([2, 0, 1]))
    whole = frames(planned, table, sources, RECIPE, frame, raw=tmp_path).kept
    parts = [frames(planned.slice(k, 1), turned, sources, RECIPE, frame, raw=tmp_path).kept for k in range(4)]
    assert pa.concat_tables(parts).equals(whole) and whole.num_rows == 4


# --- other pixels


@pytest.mark.parametrize("changes", HEADERS.values(), ids=HEADERS)
def test_north_up_is_right_to_a_hundredth_of_a_pixel_and_keeps_flux_in_every_projection(tmp_path, changes):
    sky = sky_of(changes, (9.0, 7.2, 10.0))
    write(tmp_path / "a.fits", sky.image, sky.header)
    frame = Frame(north_up=True, pixel_arcsec=1.5)
    (row,), (picture,), _ = framed(tmp_path, [source(sky.ra_deg, sky.dec_deg, 60.0)], frame)
    image, n = image_of(picture), picture["width_px"]
    assert (n, picture["height_px"]) == (40, 40) and picture["blank_fraction"] == 0
    at = SkyCoord(sky.ra_deg, sky.dec_deg, unit="deg")
    x, y = WCS(fits.Header.fromstring(picture["wcs_header"], sep="\n")).world_to_pixel(at)
    assert (float(x), float(y)) == pytest.approx(((n - 1) / 2, (n - 1) / 2), abs=1e-4)
    assert (picture["up_pa_deg"] + 1) % 360 == pytest.approx(1, abs=1e-3)
    assert picture["left_pa_deg"] == pytest.approx(90, abs=1e-3)
    rows, columns = np.indices(image.shape)
    assert (image * columns).sum() / image.sum() == pytest.approx(x, abs=0.01)
    assert (image * rows).sum() / image.sum() == pytest.approx(y, abs=0.01)
    drawn = 100 * gaussian(*offsets(picture["wcs_header"], image.shape, sky.ra_deg, sky.dec_deg), (9.0, 7.2, 10.0))
    assert np.abs(image - drawn).max() < 0.6 and row["peak_loss"] < 0.01
    assert image.sum() == pytest.approx(drawn.sum(), rel=0.01)


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "adaptive"])
def test_blank_sky_stays_blank_and_all_else_is_what_reproject_gives_of_the_whole_mosaic(tmp_path, method):
    sky = sky_of({"CROTA2": 37.0})
    write(tmp_path / "a.fits", blank(sky.image, slice(0, 40), slice(20, 45)), sky.header)
    frame = Frame(north_up=True, pixel_arcsec=2.0, method=method)
    rows = [source(sky.ra_deg, sky.dec_deg, 100.0)]
    _, (picture,), _ = framed(tmp_path, rows, frame)
    image = image_of(picture)
    out = WCS(fits.Header.fromstring(picture["wcs_header"], sep="\n"))
    holes = np.isnan(fits.getdata(tmp_path / "a.fits")).astype(float)
    how = {"shape_out": image.shape, "return_footprint": False}
    under = reproject_interp((holes, WCS(sky.header)), out, order="bilinear", **how)
    is_blank = ~(under <= 1e-3)  # beyond the mosaic, too
    assert 0 < is_blank.mean() < 0.3 and (np.isnan(image) == is_blank).all()
    if method == "adaptive":
        return  # it looks at its neighbours: near blanks the whole mosaic gives others
    whole = reproject_interp((sky.image.astype(float), WCS(sky.header)), out, order=method, **how)
    far = reproject_interp((holes, WCS(sky.header)), out, order="nearest-neighbor", **how)
    assert np.abs(image - 1000 * whole)[~is_blank & (far == 0)].max() < (1e-4 if method == "bilinear" else 1e-2)


def test_what_a_point_source_loses_is_what_was_measured_by_hand():
    beam = np.eye(2) * (3 / FWHM_OF_SIGMA) ** 2  # three pixels to a beam
    assert peak_loss(beam, np.eye(2), "bilinear") == pytest.approx(1 - np.exp(-4 * np.log(2) * 0.5 / 9), abs=0.003)
    assert peak_loss(beam, np.eye(2), "bicubic") == pytest.approx(0.012, abs=0.003)
    assert 0.15 < peak_loss(beam, np.eye(2), "adaptive") < 0.25
    assert peak_loss(16 * beam, np.eye(2), "bicubic") < 1e-4


def test_orientation_stays_where_only_the_pixel_is_asked_for(tmp_path):
    sky = sky_of(HEADERS["mirrored"])
    write(tmp_path / "a.fits", sky.image, sky.header)
    rows = [source(sky.ra_deg, sky.dec_deg, 60.0)]
    before = cut(tmp_path, rows)[1].kept.to_pylist()[0]
    _, (picture,), _ = framed(tmp_path, rows, Frame(pixel_arcsec=1.0))
    for name in ("up_pa_deg", "left_pa_deg"):
        assert picture[name] == pytest.approx(before[name], abs=0.01)
    assert [picture["pixel_x_arcsec"], picture["pixel_y_arcsec"]] == pytest.approx([1, 1], abs=1e-6)


def test_a_place_that_somebody_looks_at_is_shown_as_the_corpus_makes_pictures(tmp_path):
    sky = sky_of(HEADERS["Galactic"])
    write(tmp_path / "a.fits", sky.image + noise() / 1e3, sky.header)
    frame = Frame(north_up=True, beam_arcsec=9.0)
    at, table = (sky.ra_deg, sky.dec_deg), index(tmp_path)
    shown = sight_at(at, table, side_in_px(40), PICTURE, raw=tmp_path, frame=frame)
    _, (picture,), _ = framed(tmp_path, [source(*at, 40 * 1.8)], frame)
    assert shown["up_pa_deg"] % 360 == pytest.approx(0, abs=1e-3) and shown["beam_from"] == "convolution"
    assert shown["peak_mjy_per_beam"] == pytest.approx(picture["peak_mjy_per_beam"], rel=0.1)  # half a pixel apart
    with pytest.raises(RecipeError, match="beam-too-large"):
        sight_at(at, table, side_in_px(40), PICTURE, raw=tmp_path, frame=Frame(beam_arcsec=5.0))


def test_a_grid_in_bands_is_the_grid(monkeypatch):
    sky = sky_of({"CROTA2": 20.0})
    grid = grid_at(sky.ra_deg, sky.dec_deg, (60, 50), 1.2)
    image, header = blank(sky.image, slice(0, 30)), wcs_text(quiet_wcs(sky.header))
    for method in ("bicubic", "adaptive"):
        whole = regridded(image, header, grid, method)
        with monkeypatch.context() as patched:
            patched.setattr(regrid, "MOST_AT_ONCE_PX", 60 * 17)
            np.testing.assert_allclose(regridded(image, header, grid, method), whole, atol=1e-4)
        assert 0 < np.isnan(whole).mean() < 0.5


def test_pixels_that_are_too_coarse_for_a_beam_are_refused_unless_they_are_means(tmp_path):
    sky = sky_of({})
    write(tmp_path / "a.fits", sky.image + noise() / 1e3, sky.header)
    rows = [source(sky.ra_deg, sky.dec_deg, 90.0)]
    assert framed(tmp_path, rows, Frame(pixel_arcsec=4.0))[2] == {"too-coarse": 1}
    (row,), _, _ = framed(tmp_path, rows, Frame(pixel_arcsec=4.0, method="adaptive"))
    assert 0.4 < row["peak_loss"] < 0.8


# --- a common beam


@pytest.mark.parametrize("changes", [HEADERS[one] for one in ("SIN", "rotated", "mirrored", "non-square", "Galactic")])
@pytest.mark.parametrize("target", [(5.6, 5.6, 0.0), (12.0, 8.0, 60.0)])
def test_a_point_source_has_the_common_beam_whatever_the_pixels(tmp_path, changes, target):
    sky = sky_of(changes)
    write(tmp_path / "a.fits", sky.image, sky.header)
    _, (picture,), _ = framed(tmp_path, [source(sky.ra_deg, sky.dec_deg, 60.0)], Frame(beam_arcsec=target))
    image = image_of(picture)
    drawn = 100 * gaussian(*offsets(picture["wcs_header"], image.shape, sky.ra_deg, sky.dec_deg), target)
    assert np.abs(image - drawn).max() < 0.5  # of a peak of 100
    assert image.sum() == pytest.approx(drawn.sum(), rel=0.01)
    assert tuple(picture[f"beam_{one}"] for one in ("major_arcsec", "minor_arcsec", "pa_deg")) == target


def test_a_beam_whose_longer_axis_is_the_common_one_fits_into_it(tmp_path):
    sky = sky_of({}, (6.0, 4.3, 45.0))  # radio-beam's rounding may find it too large
    write(tmp_path / "a.fits", sky.image, sky.header)
    _, (picture,), _ = framed(tmp_path, [source(sky.ra_deg, sky.dec_deg, 60.0)], Frame(beam_arcsec=6.0))
    image = image_of(picture)
    drawn = 100 * gaussian(*offsets(picture["wcs_header"], image.shape, sky.ra_deg, sky.dec_deg), (6.0, 6.0, 0.0))
    assert np.abs(image - drawn).max() < 0.5


@pytest.mark.parametrize("changes", HEADERS.values(), ids=HEADERS)
def test_a_plain_cutout_is_where_astropy_says_also_over_an_edge(tmp_path, changes):
    sky = sky_of(changes)
    drawn = (sky.image + noise()).astype(">f4")
    write(tmp_path / "a.fits", drawn, sky.header)
    whole = quiet_wcs(fits.getheader(tmp_path / "a.fits"))
    for x, y in ((60.2, 50.7), (2.0, 97.4)):
        ra, dec = (float(one[0]) for one in sky_of_pixels(whole, x, y))
        made = cut(tmp_path, [source(ra, dec, 36.0)], CutoutRecipe(most_blank=0.9))[1].kept.to_pylist()[0]
        rows, columns = np.indices((made["height_px"], made["width_px"]))
        here = read_wcs(made["wcs_header"])
        sky_here = sky_of_pixels(here, columns, rows)
        in_whole = [one.reshape(rows.shape) for one in pixels_of_sky(whole, *sky_here)]
        left, bottom = (round(float(one[0, 0])) for one in in_whole)
        assert max(np.abs(in_whole[0] - left - columns).max(), np.abs(in_whole[1] - bottom - rows).max()) < 0.01
        image = image_of(made)
        for row, column in zip(*np.nonzero(np.isfinite(image)), strict=True):
            assert image[row, column] == np.float32(drawn[row + bottom, column + left]) * np.float32(1000)
        is_off = (columns + left < 0) | (rows + bottom >= 100)
        assert (np.isnan(image) == is_off).all()


@settings(max_examples=15, deadline=None)
@given(
    longitude=st.floats(0, 359.9), latitude=st.floats(-88, 88), turn=st.floats(-180, 180), ratio=st.floats(0.6, 1.6),
    mirrored=st.booleans(),
)  # fmt: skip
def test_anywhere_on_the_sky_a_frame_has_north_up_and_the_flux(longitude, latitude, turn, ratio, mirrored):
    changes = {"CRVAL1": longitude, "CRVAL2": latitude, "CROTA2": turn, "CDELT1": 0.0005 if mirrored else -0.0005}
    sky = sky_of(changes, (9.0, 7.2, 10.0))
    grid = grid_at(sky.ra_deg, sky.dec_deg, (round(60 / ratio), round(60 / ratio)), 1.2 * ratio)
    made = regridded(sky.image, wcs_text(quiet_wcs(sky.header)), grid, "bicubic")
    east, north = offsets(grid.header, made.shape, sky.ra_deg, sky.dec_deg)
    assert (np.diff(north, axis=0) > 0).all() and (np.diff(east, axis=1) < 0).all()
    drawn = 0.1 * gaussian(east, north, (9.0, 7.2, 10.0))
    assert np.nansum(made) == pytest.approx(drawn.sum(), rel=0.01)
    assert np.nanmax(np.abs(made - drawn)) < 0.001


def test_blanks_take_no_part_in_a_convolution_and_noise_is_known_up_to_their_edge(tmp_path):
    write(tmp_path / "a.fits", blank(noise(), slice(0, 45), slice(None)))
    ra, dec = (float(one[0]) for one in sky_of_pixels(quiet_wcs(header_of()), 60.0, 50.0))
    _, (picture,), _ = framed(tmp_path, [source(ra, dec, 36.0)], Frame(beam_arcsec=8.0))
    made = image_of(picture)
    assert np.isnan(made[:5]).all() and np.isnan(made).mean() == pytest.approx(0.25, abs=0.03)


def test_where_a_blank_edge_cuts_a_source_only_what_is_sure_is_told(tmp_path):
    sky = sky_of({"CROTA2": 30.0})
    write(tmp_path / "a.fits", blank(sky.image + noise() / 1e3, slice(0, 47), slice(None)), sky.header)
    target = (12.0, 10.0, 60.0)
    frame, recipe = Frame(beam_arcsec=target, north_up=True), CutoutRecipe(most_blank=0.9)
    _, (picture,), _ = framed(tmp_path, [source(sky.ra_deg, sky.dec_deg, 60.0)], frame, recipe)
    image = image_of(picture)
    drawn = 100 * gaussian(*offsets(picture["wcs_header"], image.shape, sky.ra_deg, sky.dec_deg), target)
    assert 0.4 < picture["blank_fraction"] < 0.7 and np.nanmax(image) > 25
    assert np.nanmax(np.abs(image - drawn)) < 2.5


places = st.tuples(
    st.sampled_from(["SIN", "TAN", "ZEA", "ARC", "STG"]), st.floats(-180, 180), st.floats(1.2, 2.0), st.booleans(),
    st.floats(-50, 50), st.floats(-50, 50), st.integers(0, 60),
)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(
    mosaics=st.lists(places, min_size=2, max_size=3), dec=st.sampled_from([0.0, -60.0, 88.0, -89.95]),
    beam=st.sampled_from([None, 12.5]), pixel=st.sampled_from([None, 1.5]), north_up=st.booleans(),
)  # fmt: skip
def test_combined_of_any_mosaics_the_sky_is_what_it_is(tmp_path_factory, mosaics, dec, beam, pixel, north_up):
    folder, own = tmp_path_factory.mktemp("any"), (9.0, 7.0, 20.0)
    for k, (projection, turn, arcsec, is_mirrored, east, north, n_blank) in enumerate(mosaics):
        header = header_of(f"RA---{projection}", f"DEC--{projection}", 359.99, dec)
        header["CRPIX1"], header["CRPIX2"] = 60 + east / arcsec, 55 + north / arcsec
        header["CDELT1"], header["CDELT2"] = (1 if is_mirrored else -1) * arcsec / 3600, arcsec / 3600
        header["BMAJ"], header["BMIN"], header["BPA"], header["CROTA2"] = own[0] / 3600, own[1] / 3600, own[2], turn
        image = 0.1 * gaussian(*offsets(header, (110, 120), 359.99, dec), own) + noise((110, 120), k) / 1e3
        write(folder / f"{k}.fits", blank(image.astype(">f4"), slice(None), slice(0, n_blank)), header)
    frame = Frame(overlap="combined", beam_arcsec=beam, pixel_arcsec=pixel, north_up=north_up)
    _, made, refused = framed(folder, [source(359.99, dec, 70.0)], frame, CutoutRecipe(most_blank=0.95))
    assert refused.keys() <= {"all-blank", "mostly-blank", "constant", "off-mosaic"}
    for row in made:
        target = (beam, beam, 0.0) if beam else own
        image = image_of(row)
        drawn = 100 * gaussian(*offsets(row["wcs_header"], image.shape, 359.99, dec), target)
        assert np.nanmax(np.abs(image - drawn)) < (1.2 if row["blank_fraction"] == 0 else 2.5)


def test_a_beam_that_is_too_large_or_unknown_is_refused_by_name(tmp_path):
    write(tmp_path / "a.fits", noise())
    bare = header_of(longitude=10.0)
    del bare["BMAJ"]
    write(tmp_path / "b.fits", noise(), bare)
    rows = [source(150.0, 2.0, 30.0), source(10.0, 2.0, 30.0, name="b")]
    found, _, refused = framed(tmp_path, rows, Frame(beam_arcsec=(6.0, 4.0, 90.0)))
    assert refused == {"beam-too-large": 1, "beam-unknown": 1} and not found
    found, made, _ = framed(tmp_path, rows[:1], Frame(beam_arcsec=BEAM))
    assert made[0]["beam_from"] == "header"  # it has that beam: nothing is done
    np.testing.assert_array_equal(image_of(made[0]), image_of(cut(tmp_path, rows[:1])[1].kept.to_pylist()[0]))


def test_a_picture_without_wcs_is_refused_where_north_is_asked_for_and_kept_where_not(tmp_path):
    bare = header_of()
    del bare["CTYPE1"], bare["CTYPE2"]
    write(tmp_path / "a.fits", noise(), bare)
    assert framed(tmp_path, [source(image="a.fits")], Frame(north_up=True))[2] == {"no-wcs": 1}
    assert taken(framed(tmp_path, [source(image="a.fits")], Frame(overlap="best"))[1]) == ["a.fits"]


# --- a corpus file that chooses


@pytest.mark.parametrize(
    ("lines", "told_"),
    [
        ("overlap = 'worst'", "frame.overlap: found 'worst'"),
        (
            "pixel = 1.0",
            "frame.pixel: no such key; expected one of overlap, beam_arcsec, pixel_arcsec, north_up, method",
        ),
        ("", "frame: Value error, nothing is chosen"),
        ("overlap = 'best'\nmethod = 'bicubic'", "frame: Value error, method: pixels stay as they are"),
        ("beam_arcsec = [4.0, 6.0, 0.0]", "frame: Value error, beam_arcsec: found 4.0 and 6.0"),
        ("beam_arcsec = 6.0\npixel_arcsec = 3.5", "frame: Value error, pixel_arcsec: found 3.5, expected at most half"),
        ("pixel_arcsec = 0.0", "frame.pixel_arcsec: found 0.0"),
        ("beam_arcsec = -1.0", "frame.beam_arcsec"),
        ("north_up = true\nmethod = 'exact'", "frame.method: found 'exact'"),
    ],
)
def test_a_frame_that_cannot_be_is_told_by_its_key(tmp_path, lines, told_):
    file = tmp_path / "mine.toml"
    file.write_text(f'title = "mine"\ndatasets = ["demo_fanaroff"]\n[frame]\n{lines}\n')
    with pytest.raises(RecipeError) as error:
        read_door(Corpus, file)
    assert str(error.value).startswith(f"{file}: {told_}") and len(str(error.value).splitlines()) <= 2


CHOICE = """
[frame]
overlap = "combined"
beam_arcsec = 12.0
pixel_arcsec = 3.0
north_up = true
"""


def test_a_corpus_that_chooses_is_built_and_told_and_moves_no_other(reviewed_corpus, tmp_path):
    before = reviewed_corpus.graph()
    mine = reviewed_corpus.copied(tmp_path)
    file = tmp_path / "framed.toml"
    file.write_text(reviewed_corpus.file.read_text() + CHOICE)
    made = graph(corpus(str(file)), mine.raw, mine.store)
    old, new = ({step.name.split("/")[0]: step.address for step in one.steps} for one in (before, made))
    same = {kind for kind in old if old[kind] == new[kind]}
    assert same == {"mosaics", "sources", "objects", "windows"} and set(new) - set(old) == {"frames"}
    build(made.steps, mine.store, workers=0, say=lambda _: None)
    folder = Path(mine.store.root) / made.handover
    export(mine.store, made, folder)
    with opened(mine.store, made.addresses()) as db:
        for wanted in [
            *(table_checks(one) for one in CORPUS_TABLES if one.name in ("FRAMES", "CUTOUTS")),
            between_checks(),
        ]:
            broken = {name: n for name, n in counts(db, wanted).items() if n and name != "n_rows"}
            assert broken.keys() <= {"every_split_has_samples", "verification_is_of_use"}, (
                broken
            )  # of so small a corpus
        both = "SELECT sample_id FROM samples JOIN frames USING (cutout_id) WHERE len(mosaics) > 1 ORDER BY ALL"
        (sample, *_) = (row[0] for row in db.sql(both).fetchall())
    lines = told(chain(sample, mine.store))
    assert "  overlap combined" in lines and "  beam    12 x 12 arcsec, from the convolution" in lines
    assert any(line.startswith("  grid    ") and "by bicubic; a point source loses at most" in line for line in lines)
    shares = [line for line in lines if line.startswith("    images/demo_wide_")]
    assert len(shares) == 2 and all(" %, noise " in one and "SHA-256 " in one for one in shares)
    card = (folder / "README.md").read_text()
    assert "## Pixels" in card and "; regridded by bicubic; a point source loses at most " in card
    for mosaic in ("images/demo_wide_east.fits", "images/demo_wide_west.fits"):
        (use,) = impact(mosaic, [folder], {})
        assert "mosaics" in use.by
    with pytest.raises(RecipeError, match=r"its \[frame\] makes pictures that are no windows"):
        stream(str(file), raw=mine.raw, store=str(mine.store.root))
