"""Datasets that are TOML files: what their rows become, for every kind of extent, label, split and cutout."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import Galactic, SkyCoord
from astropy.table import Table

from catalogs.dataset import dataset
from schemas.errors import CatalogError
from tests.making_dataset import CENTRE, PIXEL_ARCSEC, make_mine, states, wcs

PLACE = 'name = { name = "name" }\nra_deg = { name = "ra", unit = "deg" }\ndec_deg = { name = "dec", unit = "deg" }\n'
CLASS = 'kind = { name = "kind" }\n'
SIDE = "[cutout]\nside_arcsec = 60.0\n"
WORD = '[labels]\ntier = "expert"\nlabel = "{kind}"\n'
AT = f"{CENTRE[0]},{CENTRE[1]}"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    return make_mine(tmp_path, monkeypatch)


def sky(polygon):
    return SkyCoord(polygon[0::2], polygon[1::2], unit="deg")


def centre_of(row):
    return SkyCoord(row["ra_deg"], row["dec_deg"], unit="deg")


# -- extents ----------------------------------------------------------------------------------------------------------

SIZES = "".join(f'{name} = {{ name = "{name[0]}", unit = "arcsec" }}\n' for name in ("major_arcsec", "b_arcsec"))
ELLIPSE = '[extent]\nkind = "ellipse"\nmajor = "major_arcsec"\nminor = "b_arcsec"\npa = "pa_deg"\n'
PA = 'pa_deg = { name = "pa", unit = "deg" }\n'


def test_a_radius_is_a_circle_and_the_side_is_its_full_width_times(mine):
    mine.table(PLACE + 'radius_arcsec = { name = "r", unit = "arcmin" }\n', "name,ra,dec,r", f"a,{AT},0.5", f"b,{AT},2")
    mine.door(
        '[extent]\nkind = "radius"\nradius = "radius_arcsec"\n[cutout]\nside_arcsec = 100\ntimes = 1.5\n', "any_of"
    )
    small, large = mine.sources().kept.to_pylist()
    assert (small["side_arcsec"], large["side_arcsec"]) == (100.0, pytest.approx(1.5 * 240))
    assert np.allclose(centre_of(large).separation(sky(large["sky_polygon_deg"])).arcsec, 120, atol=1e-6)
    assert large["labels"] == []


def test_an_ellipse_has_full_axes_that_can_be_doubled_along_its_angle_from_north_through_east(mine):
    mine.table(PLACE + SIZES + PA, "name,ra,dec,m,b,pa", f"a,{AT},20,10,30")
    mine.door(ELLIPSE + "times = 2.0\n[cutout]\ntimes = 3.0\n")
    (row,) = mine.sources().kept.to_pylist()
    outline = sky(row["sky_polygon_deg"])
    reach = centre_of(row).separation(outline).arcsec
    assert (reach.max(), reach.min()) == (pytest.approx(20, abs=1e-6), pytest.approx(10, abs=1e-6))
    assert centre_of(row).position_angle(outline[np.argmax(reach)]).deg % 180 == pytest.approx(30, abs=1e-3)
    assert row["side_arcsec"] == pytest.approx(120)


@pytest.mark.parametrize("kind", ["ellipse", "box"])
def test_an_angle_may_be_counted_from_galactic_north(mine, kind):
    keys = ELLIPSE if kind == "ellipse" else '[extent]\nkind = "box"\nwidth = "b_arcsec"\nheight = "major_arcsec"\n'
    mine.table(PLACE + SIZES + PA, "name,ra,dec,m,b,pa", f"a,{AT},40,10,0")
    mine.door(keys + 'north = "galactic"\n' + SIDE)
    (row,) = mine.sources().kept.to_pylist()
    outline = sky(row["sky_polygon_deg"]).galactic
    centre = centre_of(row).galactic
    up = (outline.b - centre.b).to_value(u.arcsec)
    along = centre.spherical_offsets_to(outline)[0].to_value(u.arcsec)
    assert (np.abs(up).max(), np.abs(along).max()) == (pytest.approx(20, abs=0.01), pytest.approx(5, abs=0.01))


def test_a_box_has_its_height_to_the_north(mine):
    mine.table(PLACE + SIZES, "name,ra,dec,m,b", f"a,{AT},40,10")
    mine.door('[extent]\nkind = "box"\nwidth = "b_arcsec"\nheight = "major_arcsec"\n' + SIDE)
    (row,) = mine.sources().kept.to_pylist()
    east, north = centre_of(row).spherical_offsets_to(sky(row["sky_polygon_deg"]))
    assert np.allclose(np.abs(east.arcsec), 5, atol=1e-3)
    assert np.allclose(np.abs(north.arcsec), 20, atol=1e-3)


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_a_polygon_is_its_vertices_in_icrs_the_closing_one_left_out(mine, frame):
    place = SkyCoord(*CENTRE, unit="deg")
    corners = place.directional_offset_by([0, 90, 180, 0] * u.deg, [10, 20, 30, 10] * u.arcsec)
    theirs = corners if frame == "icrs" else corners.transform_to(Galactic())
    middle = place if frame == "icrs" else place.transform_to(Galactic())
    numbers = [[float(one.spherical.lon.deg), float(one.spherical.lat.deg)] for one in theirs]
    text = ";".join(f"{one:.9f}" for pair in numbers for one in pair)
    names = ("l_deg", "b_deg") if frame == "galactic" else ("ra_deg", "dec_deg")
    columns = 'name = { name = "name" }\n' + "".join(
        f'{ours} = {{ name = "{their}", unit = "deg" }}\n' for ours, their in zip(names, ("ra", "dec"), strict=True)
    )
    mine.table(
        columns + 'outline_deg = { name = "outline", unit = "deg", separator = ";" }\n',
        "name,ra,dec,outline",
        f"a,{middle.spherical.lon.deg:.9f},{middle.spherical.lat.deg:.9f},{text}",
        more=f'frame = "{frame}"',
    )
    mine.door('[extent]\nkind = "polygon"\nvertices = ["outline_deg"]\n[cutout]\ntimes = 1.0\n')
    (row,) = mine.sources().kept.to_pylist()
    assert len(row["sky_polygon_deg"]) == 6
    assert corners[:3].separation(sky(row["sky_polygon_deg"])).arcsec.max() < 1e-3
    assert row["side_arcsec"] == pytest.approx(60, abs=0.01)


def test_a_polygon_in_two_columns_must_have_as_many_of_both(mine):
    columns = PLACE + "".join(f'{n}s_deg = {{ name = "{n}s", unit = "deg", separator = ";" }}\n' for n in ("ra", "dec"))
    mine.table(
        columns, "name,ra,dec,ras,decs", f"a,{AT},150;150.01;150.01,2;2;2.01", f"b,{AT},150;150.01;150.01,2;2",
        f"c,{AT},150;150.01,2;2", f"d,{AT},,",
    )  # fmt: skip
    mine.door('[extent]\nkind = "polygon"\nvertices = ["ras_deg", "decs_deg"]\n' + SIDE)
    found = mine.sources()
    assert found.reasons == {"bad-extent": 2}
    assert found.kept["sky_polygon_deg"].to_pylist() == [[150, 2, 150.01, 2, 150.01, 2.01], None]


PIXELS = "".join(f'{n}_px = {{ name = "{n}", type = "real" }}\n' for n in ("x0", "y0", "x1", "y1"))
IN_PIXELS = '[extent]\nkind = "pixels"\nx_min = "x0_px"\ny_min = "y0_px"\nx_max = "x1_px"\ny_max = "y1_px"\n'
FILE = 'name = { name = "name" }\nfile = { name = "file" }\n'


@pytest.mark.parametrize("first", [0, 1])
def test_pixels_of_a_picture_become_sky_and_its_box_the_place(mine, first):
    mine.table(FILE + PIXELS, "name,file,x0,y0,x1,y1", f"a,p.fits,{9 + first},{19 + first},{28 + first},{28 + first}")
    mine.door(
        f'picture = "in/{{file}}"\n{IN_PIXELS}first_pixel = {first}\n[objects]\ndetector = "me"\n[cutout]\ntimes = 2'
    )
    (row,) = mine.sources("in/p.fits").kept.to_pylist()
    x, y = wcs().world_to_pixel(sky(row["sky_polygon_deg"]))
    assert np.allclose(x, [8.5, 28.5, 28.5, 8.5], atol=1e-6)  # the pixels 9 to 28, whole
    assert np.allclose(y, [18.5, 18.5, 28.5, 28.5], atol=1e-6)
    assert centre_of(row).separation(wcs().pixel_to_world(18.5, 23.5)).arcsec < 1e-6
    assert row["side_arcsec"] == pytest.approx(2 * 20 * PIXEL_ARCSEC)


def test_pixels_of_a_picture_without_wcs_stay_pixels_and_a_box_without_a_width_is_refused(mine):
    mine.table(FILE + PIXELS, "name,file,x0,y0,x1,y1", "a,p.fits,9,19,28,28", "b,p.fits,9,19,5,28", "c,q.fits,1,1,2,2")
    mine.door(f'picture = "in/{{file}}"\n{IN_PIXELS}[objects]\ndetector = "me"\n[cutout]\n')
    found = mine.objects("in/p.fits", header=False)
    assert found.reasons == {"bad-extent": 1, "no-picture": 1}
    (row,) = found.kept.to_pylist()
    assert row["image_polygon_px"] == [8.5, 18.5, 28.5, 18.5, 28.5, 28.5, 8.5, 28.5]
    assert (row["image_path"], row["sky_polygon_deg"], row["ra_deg"]) == ("in/p.fits", None, None)


def test_a_size_that_is_none_is_no_outline_one_below_zero_is_refused(mine):
    mine.table(
        PLACE + SIZES + PA, "name,ra,dec,m,b,pa", f"a,{AT},20,10,30", f"none,{AT},,,", f"point,{AT},0,0,0",
        f"below,{AT},-1,-1,0", f"round,{AT},20,20,", f"turned,{AT},20,10,",
    )  # fmt: skip
    mine.door(ELLIPSE + '[objects]\ndetector = "me"\n[cutout]\nside_arcsec = 30\ntimes = 2')
    found = mine.sources()
    assert found.reasons == {"negative-extent": 1}
    sides = {row["source_name"]: (row["side_arcsec"], row["sky_polygon_deg"] is None) for row in found.kept.to_pylist()}
    assert sides == {
        "a": (40, False), "none": (30, True), "point": (30, True), "round": (40, False), "turned": (40, True),
    }  # fmt: skip
    objects = mine.objects()
    assert objects.kept["object_name"].to_pylist() == ["a", "round"]
    assert objects.reasons == {"negative-extent": 1, "no-outline": 3}
    assert set(objects.kept["source_id"].to_pylist()) <= set(found.kept["source_id"].to_pylist())


# -- labels -----------------------------------------------------------------------------------------------------------


def test_a_class_of_a_scheme_with_one_makes_the_others_absent_and_unknown_stays_unknown(mine):
    mine.table(
        PLACE + CLASS, "name,ra,dec,kind", f"a,{AT},ring", f"b,{AT},J", f"c,{AT},?", f"d,{AT},", f"e,{AT},ringg",
        f"f,{AT},nothing",
    )  # fmt: skip
    mine.door(WORD + 'names = { J = "JET", nothing = "" }\nunknown = ["?"]\n' + SIDE)
    found = mine.sources()
    assert found.reasons == {"unknown-class": 1}
    assert "unknown label 'ringg' in scheme one_of; known: RING, JET, BLOB" in found.rejected["detail"][0].as_py()
    rows = {row["source_name"]: row for row in found.kept.to_pylist()}
    nothing = {"RING": "unknown", "JET": "unknown", "BLOB": "unknown"}
    assert states(rows["a"]) == {"RING": "present", "JET": "absent", "BLOB": "absent"}
    assert states(rows["b"]) == {"RING": "absent", "JET": "present", "BLOB": "absent"}
    assert [states(rows[name]) for name in "cdf"] == [nothing, nothing, nothing]
    assert {one["original"] for one in rows["b"]["labels"]} == {"J"}
    assert {(one["catalog"], one["row"], one["tier"]) for one in rows["b"]["labels"]} == {("table.csv", 1, "expert")}


def test_a_row_without_a_label_is_refused_where_one_is_required(mine):
    mine.table(PLACE + CLASS, "name,ra,dec,kind", f"a,{AT},ring", f"b,{AT},?", f"c,{AT},")
    mine.door(WORD + 'unknown = ["?"]\nrequired = true\n' + SIDE)
    assert mine.sources().reasons == {"no-label": 2}


def test_a_class_of_a_scheme_with_several_says_nothing_of_the_others_unless_rows_are_exhaustive(mine):
    mine.table(PLACE + CLASS, "name,ra,dec,kind", f"a,{AT},ring", f"b,{AT},?")
    for more, others in (("", "unknown"), ("exhaustive = true\n", "absent")):
        mine.door(WORD + 'unknown = ["?"]\n' + more + SIDE, "any_of")
        said, unsaid = (states(row) for row in mine.sources().kept.to_pylist())
        assert said == {"RING": "present", "JET": others, "BLOB": others}
        assert set(unsaid.values()) == {"unknown"}


def test_a_list_of_classes_with_an_unknown_one_denies_nothing(mine):
    mine.table(
        PLACE + 'kinds = { name = "kind", separator = "+" }\n', "name,ra,dec,kind", f"a,{AT},ring+jet",
        f"b,{AT},ring+?", f"c,{AT},", f"d,{AT},ring+comet",
    )  # fmt: skip
    mine.door('[labels]\ntier = "crowd"\nlisted = "kinds"\nexhaustive = true\nunknown = ["?"]\n' + SIDE, "any_of")
    found = mine.sources()
    assert [tuple(states(row).values()) for row in found.kept.to_pylist()] == [
        ("present", "present", "absent"), ("present", "unknown", "unknown"), ("unknown", "unknown", "unknown"),
    ]  # fmt: skip
    assert found.reasons == {"unknown-class": 1}


FLAGS = "".join(f'is_{n} = {{ name = "{n}", type = "bool" }}\n' for n in ("ring", "jet"))
FLAGGED = '[labels]\ntier = "rule"\nflags = { is_ring = "RING", is_jet = "JET" }\n'


def test_a_flag_that_is_not_set_is_absent_only_where_the_door_says_so_and_a_null_one_never(mine):
    mine.table(PLACE + FLAGS, "name,ra,dec,ring,jet", f"a,{AT},true,false", f"b,{AT},,true", f"c,{AT},false,false")
    told = {
        "": [("present", "unknown"), ("unknown", "present"), ("unknown", "unknown")],
        "exhaustive = true\n": [("present", "absent"), ("unknown", "present"), ("absent", "absent")],
        'absent_where = { JET = ["RING"] }\n': [("present", "absent"), ("unknown", "present"), ("unknown", "unknown")],
    }
    for more, expected in told.items():
        mine.door(FLAGGED + more + SIDE, "any_of")
        rows = [states(row) for row in mine.sources().kept.to_pylist()]
        assert [(row["RING"], row["JET"]) for row in rows] == expected, more
        assert {row["BLOB"] for row in rows} == {"unknown"}


def test_two_flags_in_a_scheme_with_one_label_are_a_conflict(mine):
    mine.table(PLACE + FLAGS, "name,ra,dec,ring,jet", f"a,{AT},true,true", f"b,{AT},true,false", f"c,{AT},false,false")
    mine.door(FLAGGED + SIDE)
    found = mine.sources()
    assert found.reasons == {"label-conflict": 1}
    assert [tuple(states(row).values()) for row in found.kept.to_pylist()] == [
        ("present", "absent", "absent"), ("unknown", "unknown", "unknown"),
    ]  # fmt: skip


def test_doubt_and_votes_that_differ_say_nothing_and_confidence_is_kept(mine):
    more = 'doubt = { name = "doubt", type = "bool" }\nsure = { name = "sure", type = "real" }\n'
    votes = 'votes = { name = "votes", separator = ";" }\n'
    mine.table(
        PLACE + CLASS + more + votes, "name,ra,dec,kind,doubt,sure,votes", f"a,{AT},ring,false,0.75,ring;RING",
        f"b,{AT},ring,true,0.5,ring", f"c,{AT},ring,false,0.5,ring;jet",
    )  # fmt: skip
    mine.door(WORD + 'doubtful = "doubt"\nvotes = "votes"\nconfidence = "sure"\n' + SIDE)
    rows = mine.sources().kept.to_pylist()
    assert [states(row)["RING"] for row in rows] == ["present", "unknown", "unknown"]
    assert {one["confidence"] for one in rows[0]["labels"]} == {0.75}


def test_a_confidence_in_per_cent_is_one_line_that_says_what_to_set(mine):
    mine.table(PLACE + CLASS + 'sure = { name = "s", type = "real" }\n', "name,ra,dec,kind,s", f"a,{AT},ring,75")
    mine.door(WORD + 'confidence = "sure"\n' + SIDE)
    with pytest.raises(
        CatalogError, match=r"table\.csv: 1 of 1 values of s are not from 0 to 1, the first 75 in data "
    ):
        mine.sources()
    mine.table(
        PLACE + CLASS + 'sure = { name = "s", type = "real", times = 0.01 }\n', "name,ra,dec,kind,s", f"a,{AT},ring,75"
    )
    assert mine.sources().kept.to_pylist()[0]["labels"][0]["confidence"] == 0.75


def test_labels_of_another_catalogue_are_those_of_the_row_that_is_mutually_nearest(mine):
    mine.table(PLACE + CLASS, "name,ra,dec,kind", "a,150,2,", "b,150.001,2,", "c,151,2,")
    (mine.root / "other.csv").write_text("ra,dec,kind\n150.0009,2,jet\n10,2,ring\n151,2.1,blob\n")
    columns = PLACE.split("\n", 1)[1] + CLASS
    mine.write(
        "catalogs", "other", f'title = "T"\nfile = "other.csv"\nformat = "csv"\ncite = "n"\n[columns]\n{columns}'
    )
    mine.door('[labels]\ntier = "match"\ncatalog = "other"\nwithin_arcsec = 5.0\nlabel = "{kind}"\n' + SIDE)
    rows = mine.sources().kept.to_pylist()
    assert [states(row)["JET"] for row in rows] == ["unknown", "present", "unknown"]
    assert [{(one["catalog"], one["row"]) for one in row["labels"]} for row in rows] == [
        {("other.csv", -1)}, {("other.csv", 0)}, {("other.csv", -1)},
    ]  # fmt: skip
    assert set(dataset("mine").files) == {"table.csv", "other.csv"}
    assert dataset("mine").catalogs == ("table", "other")


# -- objects and whole pictures ---------------------------------------------------------------------------------------

OBJECTS = '[objects]\ndetector = "me"\nscore = "score"\n'
SCORE = 'score = { name = "score", type = "real" }\nflux_mjy = { name = "flux", unit = "Jy" }\n'


def test_rows_are_objects_with_outline_class_flux_and_score(mine):
    mine.table(
        PLACE + SIZES + PA + CLASS + SCORE, "name,ra,dec,m,b,pa,kind,score,flux", f"a,{AT},20,10,30,ring,0.9,0.001",
        f"b,{AT},20,10,30,comet,0.8,", f"c,{AT},20,10,30,,,",
    )  # fmt: skip
    mine.door(ELLIPSE + WORD + 'of = "objects"\n' + OBJECTS + SIDE, "of_objects")
    assert [(row["labels"], row["sky_polygon_deg"]) for row in mine.sources().kept.to_pylist()] == [([], None)] * 3
    found = mine.objects()
    ring, comet, nothing = found.kept.to_pylist()
    assert [(one["label"], one["state"], one["original"]) for one in ring["labels"]] == [("RING", "present", "ring")]
    # what is no class is there all the same, and counted
    assert {(one["state"], one["original"]) for one in comet["labels"]} == {("unknown", "comet")}
    assert {one["state"] for one in nothing["labels"]} == {"unknown"}
    assert (ring["score"], ring["flux_mjy"], ring["detector"], nothing["score"]) == (0.9, pytest.approx(1), "me", None)
    assert [row["source_id"] for row in found.kept.to_pylist()] == mine.sources().kept["source_id"].to_pylist()


def test_objects_need_no_class(mine):
    mine.table(PLACE + SIZES + PA, "name,ra,dec,m,b,pa", f"a,{AT},20,10,30")
    mine.door(ELLIPSE + '[objects]\ndetector = "me"\n' + SIDE)
    (row,) = mine.objects().kept.to_pylist()
    assert (row["labels"], row["flux_mjy"], len(row["sky_polygon_deg"])) == ([], None, 48)


def test_an_object_whose_source_is_refused_names_none(mine):
    mine.table(PLACE + SIZES + PA + CLASS, "name,ra,dec,m,b,pa,kind", f"a,{AT},20,10,30,comet")
    mine.door(ELLIPSE + WORD + 'of = "both"\n[objects]\ndetector = "me"\n' + SIDE, "of_objects")
    assert mine.sources().reasons == {"unknown-class": 1}
    assert mine.objects().kept["source_id"].to_pylist() == [None]


@pytest.mark.parametrize("complete", [True, False])
def test_a_whole_picture_has_several_rows_and_the_labels_of_its_objects(mine, complete):
    mine.table(
        FILE + PIXELS + CLASS, "name,file,x0,y0,x1,y1,kind", "p,p.fits,9,19,28,28,ring", "p,p.fits,40,40,50,50,jet",
        "q,q.fits,40,40,50,50,ring", "q,q.fits,1,1,5,5,?", "r,r.fits,9,9,1,9,ring", "r,r.fits,1,1,5,5,ring",
        "s,s.fits,1,1,5,5,jet",
    )  # fmt: skip
    objects = f'[objects]\ndetector = "me"\nin_pictures = true\ncomplete = {str(complete).lower()}\n'
    mine.door('picture = "in/{file}"\n' + IN_PIXELS + WORD + 'unknown = ["?"]\nof = "both"\n' + objects, "of_objects")
    images = ("in/p.fits", "in/q.fits", "in/r.fits")
    found = mine.sources(*images)
    assert (found.n_in, found.reasons) == (4, {"no-picture": 1, "objects-refused": 1})
    p, q = found.kept.to_pylist()
    rest = "absent" if complete else "unknown"
    assert (p["image_path"], p["source_name"], p["side_arcsec"], p["ra_deg"]) == ("in/p.fits", "p", None, CENTRE[0])
    assert states(p) == {"RING": "present", "JET": "present", "BLOB": rest}
    assert states(q) == {"RING": "present", "JET": "unknown", "BLOB": "unknown"}
    kept = mine.objects(*images)
    assert (kept.n_in, kept.reasons) == (7, {"bad-extent": 1, "no-picture": 1})
    ids = kept.kept["source_id"].to_pylist()
    assert ids == [p["source_id"]] * 2 + [q["source_id"]] * 2 + [None]
    assert len(set(kept.kept["object_id"].to_pylist())) == 5


# -- names, places, splits, sides -------------------------------------------------------------------------------------


def test_a_row_without_a_name_is_called_by_its_number_and_one_without_a_place_is_refused(mine):
    mine.table(PLACE, "name,ra,dec", f",{AT}", "b,,", "c,400,2", f"d,{AT}")
    mine.door(SIDE)
    found = mine.sources()
    assert found.kept["source_name"].to_pylist() == ["row 0", "d"]
    assert found.reasons == {"no-position": 1, "position-out-of-range": 1}


def test_a_place_may_stand_in_other_columns_of_which_a_null_is_refused(mine):
    host = 'host_ra_deg = { name = "hra", unit = "deg" }\nhost_dec_deg = { name = "hdec", unit = "deg" }\n'
    mine.table(PLACE + host, "name,ra,dec,hra,hdec", f"a,{AT},10,-5", f"b,{AT},,", f"c,{AT},10,95")
    mine.door('position = ["host_ra_deg", "host_dec_deg"]\n' + SIDE)
    found = mine.sources()
    assert [(row["ra_deg"], row["dec_deg"]) for row in found.kept.to_pylist()] == [(10, -5)]
    assert found.reasons == {"no-position": 2}


def test_a_picture_names_the_row_and_is_its_place_where_the_catalogue_has_none(mine):
    mine.table('file = { name = "file" }\n', "file", "J1_150.01+2.0.fits.gz", "no.fits.gz", '""')
    mine.door(
        'name_column = "file"\npicture = "in/{file}"\n'
        "picture_position = '_(?P<ra>[0-9.]+)(?P<dec>[+-][0-9.]+)[.]fits'\n" + SIDE
    )
    found = mine.sources("in/J1_150.01+2.0.fits.gz")
    (row,) = found.kept.to_pylist()
    assert (row["source_name"], row["ra_deg"], row["image_path"]) == (
        "J1_150.01+2.0",
        150.0,
        "in/J1_150.01+2.0.fits.gz",
    )
    assert row["name_offset_arcsec"] == pytest.approx(36, abs=0.05)
    assert found.reasons == {"no-picture": 2}


@pytest.mark.parametrize(
    ("column", "names", "found", "reasons"),
    [
        ("text", 'names = { 1 = "train", 2 = "test", 3 = "" }', ["train", "test", None, None], {"unknown-split": 1}),
        ("bool", 'names = { true = "test", false = "" }', ["test", None, None], {}),
        ("text", "", ["train", None], {"unknown-split": 1}),
    ],
)
def test_a_split_is_the_columns_word_or_what_the_door_makes_of_it(mine, column, names, found, reasons):
    words = {"bool": ["true", "false", ""], "text": ["1", "2", "3", "", "4"] if names else ["train", "", "Train"]}[
        column
    ]
    mine.table(
        PLACE + f'split = {{ name = "split", type = "{column}" }}\n', "name,ra,dec,split",
        *(f"{k},{AT},{word}" for k, word in enumerate(words)),
    )  # fmt: skip
    mine.write("benchmarks", "b", 'title = "T"\ncite = "n"\ndataset = "mine"\n')
    mine.door(f'[split]\ncolumn = "split"\nbenchmark = "b"\n{names}\n' + SIDE)
    read = mine.sources()
    assert read.kept["split"].to_pylist() == found
    assert read.kept["benchmark"].to_pylist() == ["b" if one == "test" else None for one in found]
    assert read.reasons == reasons


def test_a_fixed_split_is_everybodys(mine):
    mine.table(PLACE, "name,ra,dec", f"a,{AT}")
    mine.door('[split]\nfixed = "validation"\n' + SIDE)
    assert mine.sources().kept["split"].to_pylist() == ["validation"]


def test_a_side_of_a_column_is_refused_where_it_is_none_unless_there_is_a_least_one(mine):
    rows = ("name,ra,dec,s", f"a,{AT},60", f"b,{AT},", f"c,{AT},-5", f"d,{AT},inf")
    mine.table(PLACE + 'size_arcsec = { name = "s", unit = "arcsec" }\n', *rows)
    mine.door('[cutout]\ncolumn = "size_arcsec"\n')
    found = mine.sources()
    assert found.kept["side_arcsec"].to_pylist() == [60]
    assert found.reasons == {"no-side": 3}
    mine.door('[cutout]\ncolumn = "size_arcsec"\nside_arcsec = 80\n')
    assert mine.sources().kept["side_arcsec"].to_pylist() == [80] * 4


def test_a_table_without_rows_gives_empty_tables(mine):
    mine.table(PLACE + SIZES + PA + CLASS, "name,ra,dec,m,b,pa,kind")
    mine.door(ELLIPSE + WORD + '[objects]\ndetector = "me"\n' + SIDE)
    assert (mine.sources().n_in, mine.objects().n_in) == (0, 0)


def test_many_rows_of_a_fits_table_are_read_at_once(mine):
    n = 20_000
    place = np.random.default_rng(1).uniform(-1, 1, (2, n))
    table = Table(
        {"name": [f"s{k}" for k in range(n)], "ra": 150 + place[0], "dec": place[1], "m": np.full(n, 9.0),
         "b": np.full(n, 5.0), "pa": np.zeros(n), "kind": np.tile(["ring", "jet"], n // 2)},
        units={"ra": "deg", "dec": "deg", "m": "arcsec", "b": "arcsec", "pa": "deg"},
    )  # fmt: skip
    mine.fits(PLACE + SIZES + PA + CLASS, table)
    mine.door(ELLIPSE + WORD + '[objects]\ndetector = "me"\n' + SIDE)
    found = mine.sources()
    assert (found.n_in, found.kept.num_rows, mine.objects().kept.num_rows) == (n, n, n)


def test_pictures_without_a_table_are_sources_of_which_nothing_is_known(mine):
    mine.door('pictures = "in/*.fits"\n')
    found = mine.sources("in/a.fits", "other/b.fits")
    assert [(row["source_name"], set(states(row).values())) for row in found.kept.to_pylist()] == [("a", {"unknown"})]
    assert dataset("mine").read_objects is None
    with pytest.raises(
        CatalogError, match=r"pictures 'in/\*\.fits' matches none of the 1 images of survey sky, such as o"
    ):
        mine.sources("other/b.fits")
