"""Pictures that lost their WCS are put where they are, to the pixel, and nowhere else; builds take their place over."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from catalogs.dataset import CutoutRecipe, dataset
from catalogs.pictures import Archive, read_archive
from catalogs.survey import Survey, surveys
from catalogs.wcs_sky import pixels_of_sky, read_wcs, sky_of_pixels
from curation.cli import curation
from curation.demo_annotations import write_annotations
from curation.pictures.cutouts import cutouts, windows
from curation.pictures.mosaics import find_files, mosaics, mosaics_step
from curation.pictures.render import Picture, render
from curation.registration.legacy import Legacy, fault_of, read_legacy
from curation.registration.placing import SYMMETRIES, Symmetry
from curation.registration.register import Ways, register
from curation.registration.texture import ranks, reordered
from curation.truth.splits import SplitConfig, splits
from schemas.errors import CatalogError
from schemas.tables import REGISTRATIONS

MOSAICS_OF = Survey(name="field", title="Field", files=("mosaics/*.fits",), cite="")
LEGACY = Survey(name="legacy", title="Legacy", files=("legacy/*.fits",), pictures=True, pixel_arcsec=1.8, cite="")
SHAPE = 260, 300


def sky(seed: int) -> np.ndarray:
    """Noise of a beam of 3 pixels and sources, in Jy/beam."""
    chance = np.random.default_rng(seed)
    image = chance.normal(0, 1, SHAPE)
    y, x = chance.integers(5, SHAPE[0] - 5, 25), chance.integers(5, SHAPE[1] - 5, 25)
    image[y, x] += chance.exponential(300, 25)
    return (gaussian_filter(image, 1.27) * 1e-3).astype(np.float32)


def write_mosaic(folder, name: str, image: np.ndarray, ra_deg: float = 150.0, crpix=(150.0, 130.0)) -> None:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---SIN", "DEC--SIN"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = ra_deg, 32.0, *crpix
    header["CDELT1"], header["CDELT2"] = -0.0005, 0.0005
    header["BUNIT"], header["BMAJ"], header["BMIN"] = "JY/BEAM", 0.0015, 0.0015
    (folder / "mosaics").mkdir(exist_ok=True)
    fits.PrimaryHDU(image.astype(">f4"), header).writeto(folder / "mosaics" / name)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Two mosaics of different sky."""
    folder = tmp_path_factory.mktemp("raw")
    write_mosaic(folder, "a.fits", sky(1))
    write_mosaic(folder, "b.fits", sky(2), ra_deg=160.0)
    return folder


def index(raw, survey: Survey = MOSAICS_OF):
    return mosaics(find_files(raw, survey, {}), survey, raw=raw).kept


def picture(image: np.ndarray, name: str = "p", *, is_drawn: bool = False) -> Legacy:
    image = np.ascontiguousarray(image, np.float32)
    return Legacy(name, "0" * 64, image, is_drawn, fault_of(image))


def found(raw, image: np.ndarray, ways: Ways = Ways(), **more) -> dict:
    (row,) = register([picture(image, **more)], index(raw), raw, ways).to_pylist()
    return row


def drawn(image: np.ndarray, stretch: str) -> np.ndarray:
    """Greys, with the last row of the file at the bottom as FITS has its first."""
    return render(np.ascontiguousarray(image), Picture(image.shape[0], stretch))[::-1].astype(np.float32)


@settings(deadline=None, max_examples=8)
@given(
    x=st.integers(0, 230), y=st.integers(0, 190), symmetry=st.sampled_from(SYMMETRIES),
    change=st.sampled_from(["none", "unit", "zscale", "log", "noise"]),
)  # fmt: skip
def test_a_cutout_is_found_to_the_pixel_however_it_lies_and_its_wcs_is_the_mosaics(raw, x, y, symmetry, change):
    window = sky(2)[y : y + 70, x : x + 70]
    changed = {
        "none": lambda: window,
        "unit": lambda: 1000 * window,
        "zscale": lambda: drawn(window, "zscale"),
        "log": lambda: drawn(window, "log"),
        "noise": lambda: window + np.random.default_rng(0).normal(0, 3e-4, window.shape),
    }[change]()
    row = found(raw, symmetry.of(changed), is_drawn=change in ("zscale", "log"))
    assert (row["state"], row["mosaic"]) == ("found", "mosaics/b.fits"), row["detail"]
    assert row["method"] == ("values" if change == "none" else "correlation")
    assert (row["x_min_px"], row["y_min_px"], row["x_max_px"], row["y_max_px"]) == (x, y, x + 70, y + 70)
    # The picture's own WCS says of each of its pixels what the mosaic's says of where that came from.
    of_mosaic = read_wcs(index(raw)["header"][1].as_py())
    columns, rows = np.meshgrid(np.arange(x, x + 70), np.arange(y, y + 70))
    here = [symmetry.of(one) for one in (columns, rows)]
    theirs = sky_of_pixels(of_mosaic, here[0], here[1])
    ours = sky_of_pixels(read_wcs(row["header"]), *np.meshgrid(np.arange(70), np.arange(70)))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    centre = sky_of_pixels(of_mosaic, x + 34.5, y + 34.5)
    np.testing.assert_allclose((row["ra_deg"], row["dec_deg"]), np.ravel(centre), rtol=0, atol=1e-9)
    assert row["pixel_arcsec"] == pytest.approx(1.8, rel=1e-3)


@pytest.mark.parametrize("stretch", ["zscale", "asinh", "log", "minmax", "percentile"])
def test_a_stretch_clipping_and_rounding_change_nothing_of_the_correlation(stretch):
    image = sky(3)[:64, :64]
    greys = ranks(drawn(image, stretch))
    np.testing.assert_array_equal(reordered(image, greys), greys)


@pytest.mark.parametrize("scale", [0.5, 1.5, 2.0])
def test_a_resized_picture_is_found_where_its_scale_is_said(raw, scale):
    window = sky(1)[40:136, 101:197]
    side = round(scale * 96)
    image = np.asarray(Image.fromarray(window).resize((side, side), Image.Resampling.BOX if scale < 1 else 2))
    row = found(raw, image[::-1], Ways((scale,)))
    assert (row["mosaic"], row["is_mirrored"], row["turn_deg"], row["scale"]) == ("mosaics/a.fits", True, 0, scale)
    assert abs(row["x_min_px"] - 101) + abs(row["y_min_px"] - 40) <= 1
    assert row["pixel_arcsec"] == pytest.approx(1.8 / scale, rel=1e-3)
    ours = sky_of_pixels(read_wcs(row["header"]), (side - 1) / 2, (side - 1) / 2)
    np.testing.assert_allclose(np.ravel(ours), (row["ra_deg"], row["dec_deg"]), rtol=0, atol=1e-9)


def test_a_picture_of_other_sky_is_unknown(raw):
    for seed in (7, 8):
        row = found(raw, 1000 * sky(seed)[60:160, 50:150])
        assert (row["state"], row["reason"]) == ("unknown", "not-found")
        assert row["ra_deg"] is None and row["header"] is None and row["confidence"] < 7
        assert "expected at least 7" in row["detail"]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.full((64, 64), np.nan), "all-blank"),
        (np.zeros((64, 64)), "constant"),
        (sky(1)[:10, :64], "too-small"),
        (np.tile(np.cos(np.arange(100) / 3), (100, 1)), "too-plain"),
        (np.round(sky(1)[:64, :64] * 100), "too-plain"),
    ],
)
def test_what_could_be_anywhere_is_unknown_with_its_reason(raw, image, reason):
    row = found(raw, image)
    assert (row["state"], row["reason"], row["mosaic"]) == ("unknown", reason, None) and row["detail"]


def test_a_picture_that_no_mosaic_has_room_for_is_unknown(raw):
    large = np.random.default_rng(0).normal(0, 1, (700, 700))
    assert found(raw, large)["reason"] == "no-overlap"
    assert found(raw, large[:40, :40], Ways((4.0,)))["reason"] == "too-small"


def test_a_picture_beside_the_edge_and_blank_in_part_is_found(raw):
    padded = np.full((100, 100), np.nan, np.float32)
    padded[:, 30:] = sky(1)[100:200, :70]
    for image, method in ((padded, "values"), (np.nan_to_num(padded), "values"), (1000 * padded, "correlation")):
        row = found(raw, image)
        assert (row["method"], row["x_min_px"], row["y_min_px"]) == (method, -30, 100)


def test_equal_pixels_at_two_places_are_ambiguous_and_in_two_mosaics_of_one_sky_are_not(tmp_path):
    image = sky(5)
    write_mosaic(tmp_path, "a.fits", image)
    write_mosaic(tmp_path, "b.fits", image[50:, 20:], crpix=(130.0, 80.0))
    row = found(tmp_path, image[100:170, 100:170])
    assert (row["state"], row["mosaic"], row["x_min_px"]) == ("found", "mosaics/a.fits", 100)
    row = found(tmp_path, 1000 * image[100:170, 100:170])
    assert (row["state"], row["method"]) == ("found", "correlation")
    write_mosaic(tmp_path, "c.fits", image, ra_deg=170.0)
    row = found(tmp_path, image[100:170, 100:170])
    assert (row["state"], row["reason"]) == ("unknown", "ambiguous")
    assert "mosaics/a.fits, x 100, y 100 and at mosaics/c.fits" in row["detail"]
    assert found(tmp_path, 1000 * image[100:170, 100:170])["reason"] == "not-found"


def lobes(seed: int, x: float, y: float) -> np.ndarray:
    """Noise and one bright source with its side lobes, which are the same in each field."""
    chance = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    radius = np.hypot(rows - y, columns - x)
    image = 20 * np.sinc(radius / 5) * np.exp(-((radius / 60) ** 2))
    return (image + gaussian_filter(chance.normal(0, 1, SHAPE), 1.27)).astype(np.float32)


@pytest.mark.parametrize("symmetries", [SYMMETRIES, (Symmetry(),)])
def test_side_lobes_that_two_fields_have_in_common_are_no_place(tmp_path, symmetries):
    write_mosaic(tmp_path, "a.fits", lobes(1, 150.0, 130.0))
    ways = Ways(symmetries=symmetries)
    for x, y in ((150.3, 130.2), (150.0, 130.0), (147.5, 121.5)):
        assert found(tmp_path, lobes(2, x, y)[80:180, 100:200], ways)["reason"] == "not-found"
    row = found(tmp_path, 1000 * lobes(1, 150.0, 130.0)[80:180, 100:200], ways)
    assert row["state"] == "found", row["detail"]


def test_exact_alone_looks_for_no_texture(raw):
    ways = Ways(symmetries=(Symmetry(),), is_exact_only=True)
    assert found(raw, sky(1)[:70, :70], ways)["method"] == "values"
    assert found(raw, 1000 * sky(1)[:70, :70], ways)["reason"] == "no-copy"
    assert found(raw, sky(1)[70:140, :70][::-1], ways)["reason"] == "no-copy"


def command(*words: object):
    return CliRunner().invoke(curation, ["register", *map(str, words)])


@pytest.fixture
def doors(tmp_path, monkeypatch):
    """Both surveys as doors, two mosaics, and two cutouts of FITS that overlap by half; the raw folder."""
    (tmp_path / "doors/surveys").mkdir(parents=True)
    for one, more in ((MOSAICS_OF, ""), (LEGACY, "pictures = true\npixel_arcsec = 1.8\n")):
        text = f'title = "{one.title}"\nfiles = {json.dumps(one.files)}\ncite = "nobody"\n{more}'
        (tmp_path / f"doors/surveys/{one.name}.toml").write_text(text)
    monkeypatch.setenv("RADIO_DOORS", str(tmp_path / "doors"))
    raw = tmp_path / "raw"
    raw.mkdir()
    write_mosaic(raw, "a.fits", sky(1))
    (raw / "legacy").mkdir()
    for name, x, unit in (("p", 60, 1), ("q", 100, 1000)):
        header = fits.Header({"BUNIT": "JY/BEAM" if unit == 1 else "MJY/BEAM"})
        header["BUNIT"] = "JY/BEAM" if unit == 1 else "mJy/beam"
        window = unit * sky(1)[50:130, x : x + 80]
        fits.PrimaryHDU(window.astype(">f4"), header).writeto(raw / f"legacy/{name}.fits")
    return raw


def pictures_of(raw):
    files = find_files(raw, LEGACY, {})
    step = mosaics_step(LEGACY, files, raw)
    return step, step.run([]).kept


def patches(raw, table) -> list[str]:
    """Of both pictures' cutouts, as a corpus would split them."""
    sources = read_archive(table, Archive("d", "legacy", "radioimg_multilabel", "legacy/*")).kept
    recipe = CutoutRecipe()
    planned = windows(sources, table, recipe, LEGACY).kept
    made = cutouts(planned, table, recipe, Picture(64), raw=raw).kept
    return splits([made], [sources], SplitConfig()).kept["patch_id"].to_pylist()


def test_the_sky_that_was_found_is_that_of_a_build_and_keeps_what_overlaps_in_one_split(doors):
    before, table = pictures_of(doors)
    assert table["header"].null_count == 2 and len(set(patches(doors, table))) == 2
    told = command("legacy", "--in", "field", "--raw", doors)
    assert told.exit_code == 0, told.output
    assert "legacy/p.fits: mosaics/a.fits, x 60, y 50; RA 150.0" in told.output
    assert "correlation 1; values 1\n2 of 2 pictures found" in told.output
    file = doors / "registrations/legacy/field.parquet"
    first = file.read_bytes()
    assert json.loads(command("legacy", "--in", "field", "--raw", doors, "--json").stdout)["n_found"] == 2
    assert file.read_bytes() == first
    after, table = pictures_of(doors)
    assert after.address != before.address
    rows = table.to_pylist()
    assert all(any(note.startswith("found-sky: by ") for note in row["warnings"]) for row in rows)
    centre = pixels_of_sky(read_wcs(index(doors)["header"][0].as_py()), rows[1]["ra_deg"], rows[1]["dec_deg"])
    np.testing.assert_allclose(np.ravel(centre), (139.5, 89.5), atol=1e-6)
    assert len(set(patches(doors, table))) == 1


def test_outlines_in_pixels_of_caesar_mrcnn_are_outlines_on_the_sky_once_it_is_found(tmp_path):
    write_annotations(tmp_path)
    survey, door = surveys()["caesar_mrcnn"], dataset("caesar_mrcnn")
    path = sorted((tmp_path / "images/caesar_mrcnn").glob("*.fits"))[0]
    image = read_legacy(path, path.name).image
    parent = sky(1)
    height, width = image.shape
    parent[30 : 30 + height, 40 : 40 + width] = image
    write_mosaic(tmp_path, "parent.fits", parent)
    field = MOSAICS_OF.model_copy(update={"files": ("mosaics/parent.fits",)})
    table = register([read_legacy(path, path.name)], index(tmp_path, field), tmp_path)
    (tmp_path / "registrations/caesar_mrcnn").mkdir(parents=True)
    pq.write_table(table, tmp_path / "registrations/caesar_mrcnn/field.parquet")
    made = mosaics_step(survey, find_files(tmp_path, survey, {}), tmp_path).run([]).kept
    objects = door.read_objects(tmp_path, made).kept.to_pylist()
    on_sky = [one for one in objects if one["sky_polygon_deg"]]
    assert on_sky and len(on_sky) < len(objects)  # of the other pictures nobody knows
    before = mosaics(find_files(tmp_path, survey, {}), survey, raw=tmp_path).kept
    known = {one["object_id"]: one["image_polygon_px"] for one in door.read_objects(tmp_path, before).kept.to_pylist()}
    for one in on_sky:
        places = np.reshape(one["sky_polygon_deg"], (-1, 2))
        x, y = pixels_of_sky(read_wcs(index(tmp_path, field)["header"][0].as_py()), *places.T)
        there = np.reshape(known[one["object_id"]], (-1, 2)) + [40, 30]
        np.testing.assert_allclose(np.column_stack([x, y]), there, rtol=0, atol=1e-6)


def test_two_tables_that_disagree_leave_a_picture_without_sky_and_another_file_is_refused(doors):
    assert command("legacy", "--in", "field", "--raw", doors, "--only", "*a.fits").exit_code == 0
    folder = doors / "registrations/legacy"
    table = pq.read_table(folder / "field.parquet")
    rows = [{**row, "ra_deg": row["ra_deg"] + 1} for row in table.to_pylist()]
    pq.write_table(REGISTRATIONS.of(rows), folder / "other.parquet")
    _, made = pictures_of(doors)
    assert made["header"].null_count == 2
    assert any("sky-conflict: found elsewhere in" in note for note in made["warnings"][0].as_py())
    (folder / "other.parquet").write_bytes(b"no table")
    with pytest.raises(CatalogError, match=r"other.parquet: found .*; expected a table that `register` wrote"):
        pictures_of(doors)
    for bad in ({"header": None}, {"header": "CTYPE1  = 'no sky'"}, {"ra_deg": None}):
        rows = [{**row, **bad} for row in table.to_pylist()]
        pq.write_table(REGISTRATIONS.of(rows), folder / "other.parquet")
        with pytest.raises(CatalogError, match=r"other.parquet: found legacy/p.fits without a place"):
            pictures_of(doors)
    pq.write_table(table.select(["picture"]), folder / "other.parquet")
    with pytest.raises(CatalogError, match=r"other.parquet: found REGISTRATIONS: sha256: found no such column"):
        pictures_of(doors)


def test_files_that_cannot_be_read_are_rows_and_wrong_use_is_one_line(doors, tmp_path):
    (tmp_path / "old").mkdir()
    assert "found no picture" in str(command(tmp_path / "old", "--in", "field", "--raw", doors).exception)
    (tmp_path / "old/bad.png").write_bytes(b"no picture")
    (tmp_path / "old/bad.fits").write_bytes(b"")
    Image.fromarray(drawn(sky(1)[10:90, 20:100], "zscale")[::-1].astype(np.uint8)).save(tmp_path / "old/good.png")
    out = tmp_path / "found.parquet"
    told = command(tmp_path / "old", "--in", "field", "--raw", doors, "--out", out, "--flips", "y")
    assert told.exit_code == 0, told.output
    assert "bad.fits: unknown, empty: 0 bytes" in told.output and "bad.png: unknown, unreadable: bad.png" in told.output
    assert "good.png: mosaics/a.fits, x 20, y 10; RA" in told.output
    good = read_legacy(tmp_path / "old/good.png", "good.png")
    assert good.is_drawn and good.image.shape == (80, 80)
    for words, expected in (
        ((tmp_path / "old", "--in", "field", "--raw", doors), "--out: found none; expected FILE.parquet"),
        ((tmp_path / "none", "--in", "field", "--raw", doors, "--out", out), "no such folder"),
        (("legacy", "--in", "nothing", "--raw", doors), "nothing"),
        (("legacy", "--in", "legacy", "--raw", doors), "none of them with a WCS"),
        (("legacy", "--in", "field", "--raw", doors, "--only", "x"), "found 0 images 'x'"),
        ((tmp_path / "old", "--in", "field", "--raw", doors, "--out", tmp_path / "old/bad.png/x"), "cannot write"),
    ):
        told = command(*words)
        assert told.exit_code and expected in str(told.exception), told.output
        assert len(str(told.exception).splitlines()) == 1
