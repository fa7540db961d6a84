"""Angle, side and box that a text tells of a cutout, against astropy's own computation, however the image lies."""

import re
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from catalogs.dataset import CutoutRecipe
from catalogs.sky import ellipse_polygon
from catalogs.survey import Survey
from curation.extraction.reading import extract_claims
from curation.generation.caption import caption
from curation.pictures.cutouts import cutouts, windows
from curation.pictures.mosaics import find_files, mosaics, read_mosaic
from curation.pictures.render import Picture
from curation.verification.annotation_tables import AnnotationTables
from curation.verification.compass import NORTH_UP_DEG
from curation.verification.entailment import are_equal
from curation.verification.verdicts import Judgement
from curation.verification.verify import verify_turn
from curation.words.descriptions import description
from schemas.fingerprint import content_id
from schemas.labels import label_scheme
from schemas.tables import OBJECTS, SOURCES

SURVEY = Survey(name="tiny", title="Tiny", frequency_mhz=1400, files=("*.fits",), pictures=True, cite="")
SCHEME = label_scheme("caesar_mrcnn")
SIDE_PX, PIXEL_ARCSEC = 160, 2.0
UNIT_ARCSEC = {"arcsec": 1, "arcmin": 60, "deg": 3600}


def header_of(projection="SIN", frame="RA/DEC", at=(150.0, 2.0), turned_deg=0.0, pixel=PIXEL_ARCSEC, **cards):
    """An image whose reference is at `at`, turned so that its up is at that position angle; cards come last."""
    longitude, latitude = {"RA/DEC": ("RA--", "DEC-"), "l/b": ("GLON", "GLAT")}[frame]
    header = fits.Header([("CTYPE1", f"{longitude}-{projection}"), ("CTYPE2", f"{latitude}-{projection}")])
    header["CRVAL1"], header["CRVAL2"] = at
    header["CRPIX1"] = header["CRPIX2"] = SIDE_PX / 2 + 0.5
    angle, step = np.radians(turned_deg), pixel / 3600
    header["CD1_1"], header["CD1_2"] = -step * np.cos(angle), step * np.sin(angle)
    header["CD2_1"], header["CD2_2"] = step * np.sin(angle), step * np.cos(angle)
    header["BUNIT"], header["BMAJ"], header["BMIN"] = "Jy/beam", 3 * step, 3 * step
    header.update(cards)
    return header


def mirrored(header: fits.Header) -> fits.Header:
    """The same sky, its columns in the other order."""
    header["CRPIX1"] = SIDE_PX + 1 - header["CRPIX1"]
    header["CD1_1"], header["CD2_1"] = -header["CD1_1"], -header["CD2_1"]
    return header


def away(header: fits.Header, x_deg: float, y_deg: float) -> fits.Header:
    """The image moved away from its reference by so much, as the projection counts."""
    header["CRPIX1"] -= -x_deg * 3600 / PIXEL_ARCSEC
    header["CRPIX2"] -= y_deg * 3600 / PIXEL_ARCSEC
    return header


def sky_of(wcs: WCS, x, y) -> SkyCoord:
    return wcs.pixel_to_world(x, y).icrs


def write(folder: Path, header: fits.Header) -> WCS:
    image = np.random.default_rng(0).normal(0, 1e-3, (SIDE_PX, SIDE_PX)).astype(">f4")
    fits.PrimaryHDU(image, header).writeto(folder / "a.fits")
    return WCS(header)


def told(folder: Path, place: SkyCoord, side_arcsec: float | None, size_arcsec: float):
    """The cutout about a place with one round object there, what is known of it, and its description."""
    labels = [{"scheme": SCHEME.name, "label": "COMPACT", "state": "present", "tier": "expert", "origin": "c"}]
    row = {
        "source_id": content_id("source", "s"), "source_name": "s", "dataset": "tiny", "survey": "tiny",
        "scheme": SCHEME.name, "ra_deg": float(place.ra.deg), "dec_deg": float(place.dec.deg),
        "side_arcsec": side_arcsec, "image_path": None if side_arcsec else "a.fits", "labels": labels,
        "origin_catalog": "c.csv", "origin_row": 0,
    }  # fmt: skip
    outline = ellipse_polygon(row["ra_deg"], row["dec_deg"], size_arcsec, size_arcsec, 0.0)
    of = {
        "object_id": content_id("object", "o"), "object_name": "o", "dataset": "tiny", "source_id": None,
        "detector": "tiny",
        "ra_deg": row["ra_deg"], "dec_deg": row["dec_deg"], "sky_polygon_deg": outline, "labels": labels,
        "origin_catalog": "c.csv", "origin_row": 0,
    }  # fmt: skip
    index = mosaics(find_files(folder, SURVEY, {}), SURVEY, raw=folder).kept
    sources = SOURCES.of([row])
    planned = windows(sources, index, CutoutRecipe(), SURVEY)
    assert planned.kept.num_rows == 1, planned.rejected.to_pylist()
    made = cutouts(planned.kept, index, CutoutRecipe(most_blank=1.0), Picture(side_px=256), raw=folder)
    (cutout,) = made.kept.to_pylist()
    known = AnnotationTables(sources, OBJECTS.of([of]), SCHEME).of(cutout)
    assert known is not None
    return cutout, known, description(known)


def sides_in(text: str) -> tuple[float, float]:
    """The two sides that a description tells, in arcsec."""
    one = re.search(r"cutout, ([\d.]+) (\w+)(?: by ([\d.]+) (\w+))?(?: on a side)?,", text)
    assert one, text
    width = float(one[1]) * UNIT_ARCSEC[one[2]]
    return width, float(one[3]) * UNIT_ARCSEC[one[4]] if one[3] else width


def is_north_up(text: str) -> bool:
    """Whether a description says in words that north is up."""
    return re.search(r"(?i)north is (?:up|at the top)", text) is not None


def up_in(text: str) -> tuple[float, bool]:
    """The position angle of up that a description tells, and whether the picture is mirrored."""
    is_mirrored = "mirrored" in text
    if is_north_up(text):
        assert re.search(r"east is (?:to the )?(\w+)", text)[1] == ("right" if is_mirrored else "left")
        return 0.0, is_mirrored
    one = re.search(r"Up in [\w ]+ is at a position angle of ([\d.]+) degrees", text)
    assert one, text
    return float(one[1]), is_mirrored


def apart(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)


def middle_px(cutout, wcs: WCS) -> tuple[float, float]:
    """The centre of a cutout in pixels of its image, by astropy."""
    x, y = wcs.world_to_pixel(SkyCoord(cutout["ra_deg"], cutout["dec_deg"], unit="deg"))
    return float(x), float(y)


def astropys_sides(cutout, wcs: WCS) -> tuple[float, float]:
    """Separations on the sky between the middles of opposite edges, by way of the centre."""
    (x, y), half = middle_px(cutout, wcs), (cutout["width_px"] / 2, cutout["height_px"] / 2)
    centre = sky_of(wcs, x, y)
    ends = [(x - half[0], y), (x + half[0], y)], [(x, y - half[1]), (x, y + half[1])]
    width, height = (sum(float(sky_of(wcs, *end).separation(centre).arcsec) for end in both) for both in ends)
    return width, height


def astropys_up(cutout, wcs: WCS) -> tuple[float, bool]:
    """Position angle of a step up, and whether a step right lies east of it, going clockwise as on the sky."""
    x, y = middle_px(cutout, wcs)
    centre = sky_of(wcs, x, y)
    steps = ((0, 0.5), (0.5, 0))
    up, right = (float(centre.position_angle(sky_of(wcs, x + dx, y + dy)).deg) for dx, dy in steps)
    return up, apart(right, up + 90) < apart(right, up - 90)


def check(cutout, known, said, wcs: WCS, place: SkyCoord, size_arcsec: float) -> None:
    """Side, angle and box of the text are astropy's within one per cent, and the checker reads them as true."""
    assert sides_in(said.text) == pytest.approx(astropys_sides(cutout, wcs), rel=0.01), said.text
    up, is_mirrored = astropys_up(cutout, wcs)
    told_up, told_mirrored = up_in(said.text)
    assert told_mirrored == is_mirrored
    if is_north_up(said.text):
        assert apart(up, 0) <= NORTH_UP_DEG
    else:
        assert apart(told_up, up) <= max(0.01 * up, 0.01)
    check_box(cutout, known, wcs, place, size_arcsec)
    for text, claims in [(said.text, said.claims), *((one.text, one.claims) for one in caption(known, "xyxy_norm"))]:
        found = extract_claims("", text, SCHEME, "xyxy_norm")
        assert verify_turn(found, known)[0] is Judgement.SUPPORTED, (text, verify_turn(found, known)[1])
        assert are_equal(claims, found), text


def check_box(cutout, known, wcs: WCS, centre: SkyCoord, size_arcsec: float) -> None:
    """The box in the caption is that of places at half the object's size from its centre, all around, by astropy."""
    around = centre.directional_offset_by(np.linspace(0, 360, 721) * units.deg, size_arcsec / 2 * units.arcsec)
    x, y = wcs.world_to_pixel(around)
    first = np.array(middle_px(cutout, wcs)) - np.array([cutout["width_px"], cutout["height_px"]]) / 2
    sides = np.array([cutout["width_px"], cutout["height_px"]])
    low, high = (np.array([x.min(), y.min()]) - first) / sides, (np.array([x.max(), y.max()]) - first) / sides
    theirs = low[0], 1 - high[1], high[0], 1 - low[1]
    text = " ".join(one.text for one in caption(known, "xyxy_norm"))
    ours = [float(one) for one in re.search(r"\[([\d., ]+)\]", text)[1].split(",")]
    assert ours == pytest.approx(theirs, abs=0.01 * max(high - low)), (ours, theirs)


def run(folder: Path, header: fits.Header, side_arcsec: float | None = 200.0, at_px=(80.0, 79.0), size=60.0) -> str:
    wcs = write(folder, header)
    place = sky_of(wcs, *at_px)
    cutout, known, said = told(folder, place, side_arcsec, size)
    check(cutout, known, said, wcs, place, size)
    if side_arcsec:
        assert min(astropys_sides(cutout, wcs)) >= 0.985 * side_arcsec  # nothing that was asked for is cut off
    return said.text


@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("turned_deg", [0, 1, 2.5, 3.5, 17, 45, 74, 90, 135, 180, 203.7, 270, 299, 357.5, 358.4])
def test_an_image_turned_by_any_angle_is_told_as_it_lies(tmp_path, turned_deg, is_mirrored):
    header = header_of(turned_deg=turned_deg)
    text = run(tmp_path, mirrored(header) if is_mirrored else header)
    assert is_north_up(text) == (apart(turned_deg, 0) <= NORTH_UP_DEG)


@pytest.mark.parametrize("declination", range(0, -81, -10))
def test_the_axes_of_a_car_image_are_told_apart(tmp_path, declination):
    text = run(tmp_path, away(header_of("CAR", at=(150.0, 0.0)), 0, declination), size=30.0)
    width, height = sides_in(text)
    assert width / height == pytest.approx(np.cos(np.radians(declination)), rel=0.01)
    assert up_in(text) == (0.0, False)


@pytest.mark.parametrize("is_whole", [False, True])
def test_a_whole_image_is_measured_as_a_cutout_is(tmp_path, is_whole):
    header = away(header_of("CAR", at=(150.0, 0.0)), 0, -23.5)
    width, height = sides_in(run(tmp_path, header, None if is_whole else 320.0, at_px=(79.5, 79.5)))
    assert (width, height) == pytest.approx((320 * np.cos(np.radians(23.5)), 320), rel=0.01) or not is_whole


@pytest.mark.parametrize("projection", ["SIN", "TAN", "ZEA", "STG", "ARC"])
@pytest.mark.parametrize(("x_deg", "y_deg"), [(1.0, 2.0), (8.0, -20.0), (-30.0, 5.0)])
def test_the_edge_of_a_field_has_its_own_scale_and_angle(tmp_path, projection, x_deg, y_deg):
    run(tmp_path, away(header_of(projection, at=(40.0, 30.0)), x_deg, y_deg))


@pytest.mark.parametrize("x_deg", [-40.0, -53.0, 56.0])
def test_the_limb_of_a_hemisphere_is_measured_edge_to_edge(tmp_path, x_deg):
    run(tmp_path, away(header_of("SIN", at=(40.0, -30.0)), x_deg, 0.0))


@pytest.mark.parametrize("at", [(10.5, 0.2), (95.0, 27.0), (340.0, -40.0)])
@pytest.mark.parametrize("projection", ["SIN", "CAR", "TAN"])
def test_a_galactic_image_has_the_angle_of_its_place(tmp_path, projection, at):
    text = run(tmp_path, header_of(projection, "l/b", at if projection != "CAR" else (at[0], 0.0)))
    assert not is_north_up(text)


@pytest.mark.parametrize("declination", [84.0, 89.5, -89.9])
def test_near_a_pole_north_is_not_said_to_be_up_where_it_turns(tmp_path, declination):
    text = run(tmp_path, header_of(at=(77.0, declination)))
    assert is_north_up(text) == (declination == 84.0)


def test_a_car_image_of_11_by_12_arcsec_is_told_so(tmp_path):
    header = away(header_of("CAR", at=(150.0, 0.0)), 0, -23.556)
    header["CD1_1"], header["CD2_2"] = -0.2 / 3600, 0.2 / 3600
    header["CRPIX2"] = 80.5 + 23.556 * 18000
    text = run(tmp_path, header, 11.0, at_px=(79.5, 79.5), size=4.0)
    assert "11 arcsec by 12 arcsec" in text


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("turns_deg", [-208.36, 208.36, 180.0, 340.0, -359.0])
@pytest.mark.parametrize("projection", ["CAR", "CEA", "MER"])
def test_a_tile_far_from_the_reference_of_its_mosaic_is_read(tmp_path, projection, turns_deg, axis):
    far = header_of(projection, "l/b", (0.0, 0.0))
    far["CRPIX1"] = 80.5 + turns_deg * 1800
    near = header_of(projection, "l/b", (turns_deg % 360, 0.0))
    if axis:
        for header in (far, near):
            header["CTYPE1"], header["CTYPE2"] = header["CTYPE2"], header["CTYPE1"]
            for left, right in (("CRVAL1", "CRVAL2"), ("CD1_1", "CD2_1"), ("CD1_2", "CD2_2")):
                header[left], header[right] = header[right], header[left]
    write(tmp_path, far)
    row = read_mosaic(tmp_path / "a.fits", "a.fits", SURVEY)
    theirs = sky_of(WCS(near), 79.5, 79.5)
    ours = SkyCoord(row["ra_deg"], row["dec_deg"], unit="deg")
    assert float(ours.separation(theirs).arcsec) < 1e-3
    place = sky_of(WCS(near), 70.0, 90.0)
    check(*told(tmp_path, place, 100.0, 30.0), WCS(near), place, 30.0)
