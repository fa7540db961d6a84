"""Boxes: from the sky to a picture, into words, and back."""

import math
import time

import numpy as np
import pyarrow as pa
import pytest
from astropy.wcs import WCS
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catalogs.dataset import dataset
from catalogs.sky import box_polygon, ellipse_polygon, separation_arcsec
from catalogs.survey import surveys
from catalogs.wcs_sky import sky_of_pixels
from curation.pictures.boxes import (
    DIALECTS,
    box_fits_px,
    box_iou,
    box_norm,
    box_of_polygon,
    box_png_px,
    clipped,
    decode_box,
    encode_box,
    polygon_px,
    refusal,
    sky_polygon_of_box,
    visible_boxes,
)
from curation.pictures.cutouts import cutouts
from curation.pictures.mosaics import find_files, mosaics
from curation.pictures.outlines import sky_outlines
from curation.pictures.render import Picture
from curation.pictures.sky_pixels import wcs_text
from curation.pictures.windows import windows
from schemas.errors import RecipeError, ReplyError, TableError
from schemas.fingerprint import content_id
from schemas.tables import OBJECTS

PIXEL_ARCSEC = 1.5


def a_wcs(projection="TAN", centre=(150.0, 2.0), width=100, height=100, turn_deg=0.0, flip=1, stretch=1.0):
    """A WCS with its reference at the middle; `flip` 1 is east to the left, `stretch` how high a pixel is."""
    galactic = projection == "CAR"
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = (
        [f"GLON-{projection}", f"GLAT-{projection}"] if galactic else [f"RA---{projection}", f"DEC--{projection}"]
    )
    wcs.wcs.crval = (centre[0], 0.0) if galactic else centre  # CAR's reference is on its equator
    wcs.wcs.crpix = (width + 1) / 2, (height + 1) / 2 - (centre[1] * 3600 / PIXEL_ARCSEC / stretch if galactic else 0)
    wcs.wcs.cdelt = -flip * PIXEL_ARCSEC / 3600, stretch * PIXEL_ARCSEC / 3600
    turn = math.radians(turn_deg)
    wcs.wcs.pc = [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    if not galactic:
        wcs.wcs.radesys = "ICRS"
    return wcs


def a_cutout(wcs, width=100, height=100, side=100, **more):
    return {
        "cutout_id": "cutout-1", "mosaic": "m.fits", "width_px": width, "height_px": height, "png_side_px": side,
        "wcs_header": None if wcs is None else wcs_text(wcs), **more,
    }  # fmt: skip


def an_object(polygon, name="a", **more):
    return {
        "object_id": content_id("object", name), "object_name": name, "dataset": "d", "labels": [], "detector": "x",
        "sky_polygon_deg": polygon, "image_polygon_px": None, "image_path": None, "origin_catalog": "f",
        "origin_row": 0, **more,
    }  # fmt: skip


def sky_box(wcs, box):
    """The outline on the sky of a box in FITS pixels."""
    x_min, y_min, x_max, y_max = box
    x, y = np.array([x_min, x_max, x_max, x_min]) - 0.5, np.array([y_min, y_min, y_max, y_max]) - 0.5
    return np.column_stack(sky_of_pixels(wcs, x, y)).ravel().tolist()


def test_the_box_of_a_pixel_reaches_from_edge_to_edge():
    centre_of_pixel_3_7 = np.array([[3.0, 7.0]])
    assert box_of_polygon(centre_of_pixel_3_7) == (3.5, 7.5, 3.5, 7.5)
    corners = np.array([[2.5, 6.5], [3.5, 7.5]])
    assert box_of_polygon(corners) == (3.0, 7.0, 4.0, 8.0)  # half-open: pixel 3 is [3, 4)


def test_a_source_in_the_north_is_at_the_top_and_one_in_the_east_at_the_left():
    cutout = a_cutout(a_wcs())
    north = an_object(box_polygon(150.0, 2.0 + 40 / 3600, 15, 15), "north")
    east = an_object(box_polygon(150.0 + 40 / 3600, 2.0, 15, 15), "east")
    boxes = {one.object_id: one.box_norm for one in visible_boxes([north, east], cutout)}
    x_min, y_min, x_max, y_max = boxes[north["object_id"]]
    assert (x_min + x_max) / 2 == pytest.approx(0.5, abs=0.001)
    assert (y_min + y_max) / 2 == pytest.approx(0.5 - 40 / 150, abs=0.001)
    x_min, _, x_max, _ = boxes[east["object_id"]]
    assert (x_min + x_max) / 2 == pytest.approx(0.5 - 40 / 150, abs=0.001)
    assert x_max - x_min == pytest.approx(0.1, abs=0.001)


def test_the_box_encloses_the_bright_pixels_of_the_picture():
    wcs = a_wcs(projection="SIN", turn_deg=30)
    polygon = ellipse_polygon(150.005, 2.004, 24, 12, 60)
    x, y = np.meshgrid(np.arange(100), np.arange(100))
    ra, dec = sky_of_pixels(wcs, x.ravel(), y.ravel())
    image = (separation_arcsec(150.005, 2.004, ra, dec) < 3).reshape(100, 100)
    png = image[::-1]
    (found,) = visible_boxes([an_object(polygon)], a_cutout(wcs))
    x_min, y_min, x_max, y_max = box_png_px(found.box_norm, 100)
    rows, columns = np.nonzero(png)
    assert x_min <= columns.min() < columns.max() + 1 <= x_max
    assert y_min <= rows.min() < rows.max() + 1 <= y_max


def test_a_box_at_the_edge_is_clipped_and_says_how_much_is_left():
    wcs = a_wcs()
    (half,) = visible_boxes([an_object(sky_box(wcs, (-10, 40, 10, 60)))], a_cutout(wcs))
    assert half.share_inside == pytest.approx(0.5, abs=0.01)
    assert half.box_norm == pytest.approx((0, 0.4, 0.1, 0.6), abs=1e-4)
    assert half.reason is None
    assert visible_boxes([an_object(sky_box(wcs, (-20, 40, -1, 60)))], a_cutout(wcs)) == []


def test_an_object_on_blank_sky_is_not_seen_and_one_at_its_border_has_a_reason():
    wcs, image = a_wcs(), np.zeros((100, 100), "<f4")
    image[:, :50] = np.nan
    cutout = a_cutout(wcs, blank_mask=np.packbits(np.isnan(image)).tobytes())
    blank, border, clear = ((10, 10, 20, 20), (42, 10, 52, 20), (70, 10, 80, 20))
    objects = [an_object(sky_box(wcs, box), str(box)) for box in (blank, border, clear)]
    found = visible_boxes(objects, cutout)
    assert [(one.object_id, one.reason) for one in found] == [
        (objects[1]["object_id"], "box-mostly-blank"),
        (objects[2]["object_id"], None),
    ]
    assert found[0].share_inside < 0.4
    assert len(visible_boxes(objects, a_cutout(wcs))) == 3


def test_a_sliver_is_there_with_its_reason():
    wcs = a_wcs()
    (sliver,) = visible_boxes([an_object(sky_box(wcs, (-18, 40, 2, 60)))], a_cutout(wcs))
    assert sliver.reason == "box-too-small"
    assert sliver.share_inside == pytest.approx(0.1, abs=0.01)


def test_a_box_that_words_would_change_is_refused():
    assert refusal((0.1004, 0.1004, 0.1056, 0.1056), 1000) == "box-not-encodable"  # [0.100, 0.106]: IoU 0.75
    assert refusal((0.1000, 0.1000, 0.1060, 0.1060), 1000) is None
    assert refusal((0.1, 0.1, 0.103, 0.2), 1000) == "box-too-small"


def test_boxes_come_from_the_top_left_whatever_the_order_of_the_objects():
    wcs = a_wcs()
    found = [an_object(sky_box(wcs, (x, y, x + 10, y + 10)), f"{x}-{y}") for x in (5, 60) for y in (5, 70)]
    one, other = visible_boxes(found, a_cutout(wcs)), visible_boxes(found[::-1], a_cutout(wcs))
    assert one == other
    assert [(box.box_norm[1] < 0.5, box.box_norm[0] < 0.5) for box in one] == [
        (True, True), (True, False), (False, True), (False, False),
    ]  # fmt: skip


def test_an_object_twice_or_without_an_outline_is_an_error():
    with pytest.raises(TableError, match="1 objects stand twice"):
        sky_outlines([an_object([0, 0, 1, 0, 1, 1]), an_object([0, 0, 1, 0, 1, 1])])
    with pytest.raises(TableError, match="has no outline"):
        sky_outlines([an_object(None)])


def test_a_picture_without_wcs_shows_the_objects_of_its_own_pixels():
    polygon = [9.5, 19.5, 19.5, 19.5, 19.5, 39.5, 9.5, 39.5]
    mine = an_object(None, "mine", image_polygon_px=polygon, image_path="m.fits")
    other = an_object(None, "other", image_polygon_px=polygon, image_path="n.fits")
    on_sky = an_object([0, 0, 1, 0, 1, 1], "sky")
    (found,) = visible_boxes([mine, other, on_sky], a_cutout(None))
    assert found.box_norm == pytest.approx((0.1, 0.6, 0.2, 0.8))
    with pytest.raises(TableError, match="no WCS"):
        sky_polygon_of_box(found.box_norm, a_cutout(None))


def test_an_object_behind_the_projection_is_not_seen():
    wcs = a_wcs(projection="SIN")
    behind = an_object(ellipse_polygon(330.0, -2.0, 20, 20, 0), "behind")
    assert np.isnan(polygon_px(behind["sky_polygon_deg"], wcs)).all()
    assert visible_boxes([behind], a_cutout(wcs)) == []


def test_an_object_across_the_limb_of_the_projection_is_refused_a_box():
    wcs = a_wcs(projection="SIN", width=400, height=400)
    wcs.wcs.cdelt = -0.3, 0.3  # half a sphere is 382 px wide
    limb = an_object(ellipse_polygon(150.0 + 89.5, 2.0, 36000, 36000, 0))
    (found,) = visible_boxes([limb], a_cutout(wcs, 400, 400, 400))
    assert found.reason == "box-cut-by-projection"


def test_an_object_across_the_ends_of_an_all_sky_map_is_refused_a_box():
    wcs = a_wcs(projection="CAR", centre=(0.0, 0.0), width=360, height=180)
    wcs.wcs.cdelt = -1.0, 1.0
    ra, dec = sky_of_pixels(wcs, [0.0], [89.5])
    (found,) = visible_boxes([an_object(ellipse_polygon(ra[0], dec[0], 36000, 36000, 0))], a_cutout(wcs, 360, 180, 360))
    assert found.reason == "box-cut-by-projection"


@pytest.mark.parametrize("centre", [(0.0, 0.0), (359.9999, -30.0), (10.0, 89.999), (200.0, -90.0)])
def test_boxes_are_right_at_ra_0_and_at_the_poles(centre):
    wcs = a_wcs(projection="TAN", centre=centre)
    (found,) = visible_boxes([an_object(ellipse_polygon(*centre, 30, 30, 0, n=72))], a_cutout(wcs))
    assert found.box_norm == pytest.approx((0.4, 0.4, 0.6, 0.6), abs=0.002)


def test_a_galactic_map_is_asked_in_its_own_frame():
    wcs = a_wcs(projection="CAR", centre=(10.5, 0.02))
    ra, dec = sky_of_pixels(wcs, [30.0], [70.0])
    (found,) = visible_boxes([an_object(ellipse_polygon(ra[0], dec[0], 15, 15, 0))], a_cutout(wcs))
    x_min, y_min, x_max, y_max = box_fits_px(found.box_norm, 100, 100, 100)
    assert ((x_min + x_max) / 2 - 0.5, (y_min + y_max) / 2 - 0.5) == pytest.approx((30, 70), abs=0.02)


def test_a_letterboxed_picture_moves_the_box_with_the_image():
    box = box_norm((0.0, 0.0, 100.0, 50.0), 100, 50, 200)
    assert box == pytest.approx((0.0, 0.25, 1.0, 0.75))
    assert box_fits_px(box, 100, 50, 200) == pytest.approx((0, 0, 100, 50))


def test_clipping_leaves_nothing_of_what_only_touches():
    assert clipped((-5.0, 0.0, 0.0, 5.0), 10, 10) is None
    assert clipped((3.0, 3.0, 3.0, 8.0), 10, 10) is None
    assert clipped((-5.0, -5.0, 50.0, 50.0), 10, 20) == (0.0, 0.0, 10.0, 20.0)


def test_each_dialect_says_what_it_is():
    box = (0.125, 0.25, 0.375, 0.75)
    assert encode_box(box) == "[0.125, 0.250, 0.375, 0.750]"
    assert encode_box(box, "xywh_center_norm") == "[0.250, 0.500, 0.250, 0.500]"
    assert encode_box(box, "xyxy_1000") == "[125, 250, 375, 750]"
    assert all(decode_box(encode_box(box, dialect), dialect) == pytest.approx(box) for dialect in DIALECTS)
    with pytest.raises(RecipeError, match="no box dialect 'pixels'; known: xyxy_norm"):
        encode_box(box, "pixels")


@pytest.mark.parametrize(
    "words",
    [
        "", "here", "[0.1, 0.2, 0.3]", "[0.1, 0.2, 0.3, 0.4, 0.5]", "[0.3, 0.2, 0.1, 0.4]", "[0.1, 0.2, 0.1, 0.4]",
        "[0.1, 0.2, 0.3, 1.4]", "[-0.1, 0.2, 0.3, 0.4]", "[nan, 0.2, 0.3, 0.4]", "(0.1, 0.2, 0.3, 0.4)",
        "[0.1, 0.2, 0.3, 1e9]", "[12, 20, 30, 40]",
    ],
)  # fmt: skip
def test_words_that_are_no_box_are_never_guessed_at(words):
    with pytest.raises(ReplyError, match="not a box"):
        decode_box(words)


def test_half_of_a_box_is_a_third_of_both():
    assert box_iou((0, 0, 2, 1), (1, 0, 3, 1)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 1, 1), (1, 0, 2, 1)) == 0


def test_two_objects_in_the_same_words_are_told_once():
    wcs = a_wcs()
    same = [an_object(sky_box(wcs, (10, 10, 20 + k * 1e-3, 20)), str(k)) for k in range(2)]
    assert sorted(one.reason or "" for one in visible_boxes(same, a_cutout(wcs))) == ["", "box-twice"]


def test_a_table_of_objects_gives_the_same_boxes_as_its_rows():
    wcs = a_wcs()
    rows = [an_object(sky_box(wcs, (x, 20, x + 10, 40)), str(x)) for x in (10, 30, 50)]
    table = OBJECTS.of(rows)
    assert isinstance(table, pa.Table)
    assert visible_boxes(table, a_cutout(wcs)) == visible_boxes(rows, a_cutout(wcs))
    assert visible_boxes(OBJECTS.of([]), a_cutout(wcs)) == []


def test_what_is_near_is_what_measuring_every_outline_finds():
    rng = np.random.default_rng(5)
    radius = np.where(np.arange(400) % 50, 0.01, 20.0)  # degrees; a few are as wide as the sky is for the others
    rows = [
        an_object(ellipse_polygon(ra, dec, 3600 * r, 3600 * r, 0, n=8), str(k))
        for k, (ra, dec, r) in enumerate(zip(rng.uniform(0, 360, 400), rng.uniform(-60, 60, 400), radius, strict=True))
    ]
    outlines = sky_outlines(rows)
    n_found = 0
    for direction in rng.normal(size=(50, 3)):
        direction /= np.linalg.norm(direction)
        for reach in (0.001, 0.1, 1.0):
            measured = np.linalg.norm(outlines.centres - direction, axis=1) <= reach + outlines.chords
            assert (outlines.near(direction, reach) == np.flatnonzero(measured)).all()
            n_found += measured.sum()
    assert n_found > 1000


def test_many_objects_are_sifted_quickly_for_many_cutouts():
    rng = np.random.default_rng(4)
    n = 12_000
    rows = [
        an_object(ellipse_polygon(150 + x, 2 + y, 12, 12, 0, n=12), str(k))
        for k, (x, y) in enumerate(rng.uniform(-1, 1, (n, 2)))
    ]
    outlines = sky_outlines(rows)
    cutout = a_cutout(a_wcs(width=200, height=200), 200, 200, 200)
    begin = time.process_time()
    found = [visible_boxes(outlines, cutout) for _ in range(20)][0]
    assert (time.process_time() - begin) / 20 < 0.1
    assert 5 < len(found) < 60


corner, size = st.floats(0.02, 0.7), st.floats(0.045, 0.28)
frames = st.tuples(
    st.sampled_from(["TAN", "SIN", "CAR"]), st.floats(-180, 180), st.sampled_from([1, -1]), st.floats(0.6, 1.6)
)
shapes = st.tuples(st.integers(60, 250), st.integers(60, 250), st.floats(0.7, 3.0))


@settings(max_examples=60, deadline=None)
@given(frames, shapes, st.tuples(corner, corner, size, size), st.sampled_from(DIALECTS))
def test_sky_to_words_and_back_is_within_a_tenth_of_a_beam(frame, shape, place, dialect):
    (projection, turn, flip, stretch), (width, height, scale), (left, bottom, wide, high) = frame, shape, place
    longest = max(width, height)
    side = round(longest * scale)
    box = left * width, bottom * height, left * width + wide * longest, bottom * height + high * longest
    assume(box[2] < width and box[3] < height)
    wcs = a_wcs(projection, (150.0, 2.0), width, height, turn, flip, stretch)
    cutout = a_cutout(wcs, width, height, side)
    polygon = sky_box(wcs, box)
    (found,) = visible_boxes([an_object(polygon)], cutout, dialect)
    assert found.share_inside == pytest.approx(1)
    if found.reason == "box-too-small":
        return
    assert found.reason is None
    told = decode_box(encode_box(found.box_norm, dialect), dialect)
    assert box_iou(told, found.box_norm) >= 0.95
    back, before = np.reshape(sky_polygon_of_box(told, cutout), (-1, 2)), np.reshape(polygon, (-1, 2))
    apart = separation_arcsec(before[:, 0], before[:, 1], back[:, 0], back[:, 1])
    beam_arcsec = 4 * PIXEL_ARCSEC * max(1, stretch)
    assert apart.max() <= 0.1 * beam_arcsec


@settings(max_examples=200, deadline=None)
@given(
    st.floats(0, 0.9),
    st.floats(0, 0.9),
    st.floats(4, 300),
    st.floats(4, 300),
    st.integers(64, 1000),
    st.sampled_from(DIALECTS),
)
def test_a_box_of_4_px_or_more_keeps_its_iou_or_is_refused(x, y, wide_px, high_px, side, dialect):
    box = x, y, x + wide_px / side, y + high_px / side
    assume(box[2] <= 1 and box[3] <= 1)
    reason = refusal(box, side, dialect)
    if reason is None:
        assert box_iou(box, decode_box(encode_box(box, dialect), dialect)) >= 0.95
    if min(wide_px, high_px) / side >= 0.04 and dialect != "xywh_center_norm":
        assert reason is None


def test_the_boxes_of_lotss_enclose_their_sources_peaks(raw):
    survey, door = surveys()["lotss_dr1"], dataset("lotss_dr1")
    index = mosaics(find_files(raw, survey, {}), survey, raw=raw).kept
    objects = door.read_objects(raw, index).kept
    found = windows(door.read_sources(raw, index).kept, index, door.cutout, survey).kept
    rows = cutouts(found, index, door.cutout, Picture(), raw=raw).kept.to_pylist()
    assert len(rows) == 34
    catalogued, outlines, ratios = {one["object_id"]: one for one in objects.to_pylist()}, sky_outlines(objects), []
    for row in rows:
        (own,) = [b for b in visible_boxes(outlines, row) if catalogued[b.object_id]["source_id"] == row["source_id"]]
        assert own.reason is None
        box = box_fits_px(own.box_norm, row["width_px"], row["height_px"], row["png_side_px"])
        x_min, y_min, x_max, y_max = (int(one) for one in (*np.floor(box[:2]), *np.ceil(box[2:])))
        image = np.frombuffer(row["pixels"], "<f4").reshape(row["height_px"], row["width_px"])
        peak = catalogued[own.object_id]["peak_mjy_per_beam"]
        ratios.append((peak, image[y_min:y_max, x_min:x_max].max() / peak))
    bright, faint = ([ratio for peak, ratio in ratios if (peak >= 0.3) == is_bright] for is_bright in (True, False))
    assert (len(bright), len(faint)) == (27, 7)
    assert 0.925 < min(bright) < max(bright) < 1.185
    assert 1.225 < min(faint) < max(faint) < 1.515
