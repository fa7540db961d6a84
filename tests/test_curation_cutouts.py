import contextlib
import gzip
import hashlib
import io
import json
import os
import resource
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from PIL import Image

from catalogs.dataset import CutoutRecipe
from catalogs.survey import Survey
from catalogs.wcs_sky import pixels_of_sky, quiet_wcs, read_wcs, sky_of_pixels
from curation.pictures.cutouts import cutouts, cutouts_step, windows, windows_step
from curation.pictures.fits_cutout import cutout_fits, fits_cutout, fits_template
from curation.pictures.mosaics import find_files, mosaics, mosaics_step
from curation.pictures.plane import _open_plane, open_plane
from curation.pictures.render import Picture
from curation.pictures.unchanged import stamps_of
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.tables import MOSAICS, SOURCES

SURVEY = Survey(name="tiny", title="Tiny", frequency_mhz=1400, files=("*.fits*",), pictures=True, cite="")
PICTURE = Picture(side_px=64)
RECIPE = CutoutRecipe()
PROJECTIONS = [
    ("RA---SIN", "DEC--SIN", 150.0, 2.0),
    ("RA---SIN", "DEC--SIN", 0.01, -89.7),
    ("RA---TAN", "DEC--TAN", 359.99, 60.0),
    ("RA---CAR", "DEC--CAR", 200.0, 0.0),
    ("RA---ZEA", "DEC--ZEA", 80.0, -45.0),
    ("RA---NCP", "DEC--NCP", 255.0, -41.0),
    ("GLON-CAR", "GLAT-CAR", 340.0, 0.0),
    ("GLON-SIN", "GLAT-SIN", 10.5, 0.2),
    ("GLON-TAN", "GLAT-TAN", 0.0, 30.0),
    ("ELON-SIN", "ELAT-SIN", 200.0, 40.0),
]


def header_of(longitude_type="RA---SIN", latitude_type="DEC--SIN", longitude=150.0, latitude=2.0) -> fits.Header:
    header = fits.Header([("CTYPE1", longitude_type), ("CTYPE2", latitude_type)])
    header["CRVAL1"], header["CRVAL2"] = longitude, latitude
    header["CRPIX1"], header["CRPIX2"] = 60.5, 40.25
    header["CDELT1"], header["CDELT2"] = -0.0005, 0.0005
    header["BUNIT"], header["BMAJ"], header["BMIN"], header["BPA"] = "JY/BEAM", 0.0015, 0.0012, 10.0
    return header


def noise(shape=(100, 120), seed=1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1e-3, shape).astype(">f4")


def write(path: Path, image: np.ndarray, header: fits.Header | None = None) -> None:
    fits.PrimaryHDU(image, header or header_of()).writeto(path)


def index(folder: Path, survey: Survey = SURVEY) -> pa.Table:
    return mosaics(find_files(folder, survey, {}), survey, raw=folder).kept


def source(ra=None, dec=None, side=None, image=None, name="s") -> dict:
    return {
        "source_id": content_id("source", name), "source_name": name, "dataset": "tiny", "survey": "tiny",
        "scheme": "x", "ra_deg": ra, "dec_deg": dec, "image_path": image, "side_arcsec": side, "labels": [],
        "origin_catalog": "c.csv", "origin_row": 0,
    }  # fmt: skip


def cut(folder: Path, rows: list[dict], recipe: CutoutRecipe = RECIPE, survey: Survey = SURVEY):
    table = index(folder, survey)
    planned = windows(SOURCES.of(rows), table, recipe, survey)
    made = cutouts(planned.kept, table, recipe, PICTURE, raw=folder)
    return planned, made


def image_of(row: dict) -> np.ndarray:
    return np.frombuffer(row["pixels"], "<f4").reshape(row["height_px"], row["width_px"])


# --- windows


def test_a_window_is_cutout2ds_and_so_are_the_pixels(tmp_path):
    image = noise()
    write(tmp_path / "a.fits", image)
    wcs = read_wcs(index(tmp_path)["header"][0].as_py())
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 119, 40), rng.uniform(0, 99, 40)
    ra, dec = sky_of_pixels(wcs, x, y)
    sides = rng.integers(4, 41, 40)
    rows = [source(ra[i], dec[i], sides[i] * 1.8, name=str(i)) for i in range(40)]
    planned, made = cut(tmp_path, rows, CutoutRecipe(most_blank=1.0))
    assert planned.kept.num_rows == made.kept.num_rows == 40
    by_source = {row["source_id"]: row for row in made.kept.to_pylist()}
    for i, row in enumerate(rows):
        theirs = Cutout2D(image, (x[i], y[i]), int(sides[i]), mode="partial", fill_value=np.nan).data
        ours = image_of(by_source[row["source_id"]])
        np.testing.assert_array_equal(ours, theirs.astype(np.float32) * np.float32(1000))


def test_the_mosaic_whose_centre_is_nearest_is_taken_and_the_others_counted(tmp_path):
    for name, longitude in (("a", 150.0), ("b", 150.02), ("c", 10.0)):
        write(tmp_path / f"{name}.fits", noise(), header_of(longitude=longitude))
    planned, _ = cut(tmp_path, [source(150.015, 2.005, 30.0), source(149.98, 2.005, 30.0, name="t")])
    rows = {row["source_id"]: row for row in planned.kept.to_pylist()}
    assert [rows[content_id("source", one)]["mosaic"] for one in "st"] == ["b.fits", "a.fits"]
    assert [rows[content_id("source", one)]["n_mosaics"] for one in "st"] == [2, 1]


def test_a_picture_is_taken_whole_and_only_from_its_own_file(tmp_path):
    for name in "ab":
        write(tmp_path / f"{name}.fits", noise(seed=ord(name)))
    planned, made = cut(tmp_path, [source(image="b.fits")])
    (row,) = made.kept.to_pylist()
    assert row["mosaic"] == "b.fits" and (row["width_px"], row["height_px"]) == (120, 100)
    assert planned.kept["n_mosaics"].to_pylist() == [1]


def test_every_refusal_of_a_window_has_its_reason(tmp_path):
    write(tmp_path / "a.fits", noise())
    bare = header_of()
    del bare["CTYPE1"], bare["CTYPE2"]
    write(tmp_path / "no_wcs.fits", noise(), bare)
    rows = [
        source(150.0, 3.0, 30.0, name="off"),
        source(330.0, -2.0, 30.0, name="antipode"),
        source(side=30.0, name="nowhere"),
        source(image="gone.fits", name="gone"),
        source(150.0, 2.0, 30.0, image="no_wcs.fits", name="unplaced"),
        source(150.0, 3.0, 30.0, image="a.fits", name="beside"),
        source(150.0, 2.0, 1e9, name="giant"),
        source(image="no_wcs.fits", name="whole"),
    ]
    planned, _ = cut(tmp_path, rows)
    reasons = {row["row_id"]: row["reason"] for row in planned.rejected.to_pylist()}
    wanted = {
        "off": "off-mosaic", "antipode": "off-mosaic", "nowhere": "no-position", "gone": "no-picture",
        "unplaced": "no-position", "beside": "off-mosaic", "giant": "too-large",
    }  # fmt: skip
    assert reasons == {content_id("source", name): reason for name, reason in wanted.items()}
    assert planned.n_in == 8 and planned.kept.num_rows == 1


def test_windows_do_not_depend_on_the_order_of_sources(tmp_path):
    write(tmp_path / "a.fits", noise((200, 200)))
    table = index(tmp_path)
    ra, dec = sky_of_pixels(read_wcs(table["header"][0].as_py()), *np.random.default_rng(0).uniform(0, 199, (2, 30)))
    rows = [source(ra[i], dec[i], 20.0, name=str(i)) for i in range(30)]
    one, two = (windows(SOURCES.of(some), table, RECIPE, SURVEY).kept for some in (rows, rows[::-1]))
    assert one.equals(two)
    bands = [y // 64 for y in one["y_min_px"].to_pylist()]
    assert bands == sorted(bands)


# --- cutouts


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_the_wcs_of_a_cutout_is_exact_in_every_projection(tmp_path, projection):
    write(tmp_path / "a.fits", noise(), header_of(*projection))
    table = index(tmp_path)
    ra, dec = sky_of_pixels(read_wcs(table["header"][0].as_py()), 70.0, 30.0)
    _, made = cut(tmp_path, [source(float(ra[0]), float(dec[0]), 36.0)])
    (row,) = made.kept.to_pylist()
    x, y = np.meshgrid(np.arange(row["width_px"]), np.arange(row["height_px"]))
    whole = quiet_wcs(fits.getheader(tmp_path / "a.fits"))
    sky = whole.pixel_to_world(x + 60, y + 20)  # the box begins at 70 - 20 / 2, 30 - 20 / 2
    for header in (
        fits.Header.fromstring(row["wcs_header"], sep="\n"),
        fits.Header.fromstring(cutout_fits(row)[:5760]),
    ):
        at = WCS(header).world_to_pixel(sky)
        assert max(np.abs(at[0] - x).max(), np.abs(at[1] - y).max()) < 0.01
    centre = SkyCoord(row["ra_deg"], row["dec_deg"], unit="deg")
    assert centre.separation(whole.pixel_to_world(69.5, 29.5).icrs).arcsec < 0.01
    corners = SkyCoord(row["sky_polygon_deg"][0::2], row["sky_polygon_deg"][1::2], unit="deg")
    wanted = whole.pixel_to_world([59.5, 79.5, 79.5, 59.5], [19.5, 19.5, 39.5, 39.5]).icrs
    assert corners.separation(wanted).arcsec.max() < 0.01


def test_a_gaussian_keeps_its_peak_and_its_flux(tmp_path):
    y, x = np.indices((100, 120))
    image = (0.25 * np.exp(-((x - 61) ** 2 + (y - 47) ** 2) / (2 * 2.0**2))).astype(">f4")
    write(tmp_path / "a.fits", image)
    ra, dec = sky_of_pixels(read_wcs(index(tmp_path)["header"][0].as_py()), 61.0, 47.0)
    _, made = cut(tmp_path, [source(float(ra[0]), float(dec[0]), 72.0)])
    (row,) = made.kept.to_pylist()
    assert row["peak_mjy_per_beam"] == pytest.approx(250, rel=1e-6)
    assert image_of(row).sum() == pytest.approx(250 * 2 * np.pi * 2.0**2, rel=0.01)


def test_beyond_the_edge_is_blank_and_too_much_of_it_is_refused(tmp_path):
    write(tmp_path / "a.fits", noise())
    ra, dec = sky_of_pixels(read_wcs(index(tmp_path)["header"][0].as_py()), [0.0, 60.0], [50.0, 0.0])
    rows = [source(ra[i], dec[i], 36.0, name=str(i)) for i in range(2)]
    _, made = cut(tmp_path, rows, CutoutRecipe(most_blank=0.6))
    assert made.kept["blank_fraction"].to_pylist() == [0.5, 0.5]
    image = image_of(made.kept.to_pylist()[0])
    assert np.isnan(image).sum() == image.size / 2 and not (image == 0).any()
    _, made = cut(tmp_path, rows, CutoutRecipe(most_blank=0.4))
    assert made.reasons == {"mostly-blank": 2} and made.n_in == 2


def test_pictures_that_show_nothing_are_refused_by_what_they_are(tmp_path):
    mixed = noise((40, 40))
    mixed[:, :10], mixed[0, 20] = np.nan, np.inf
    pictures = {
        "zeros": np.zeros((40, 40), ">f4"), "blank": np.full((40, 40), np.nan, ">f4"),
        "infinite": np.full((40, 40), np.inf, ">f4"), "mixed": mixed,
    }  # fmt: skip
    for name, image in pictures.items():
        write(tmp_path / f"{name}.fits", image)
    _, made = cut(tmp_path, [source(image=f"{name}.fits", name=name) for name in pictures])
    assert made.reasons == {"all-blank": 2, "constant": 1}
    (row,) = made.kept.to_pylist()
    assert row["blank_fraction"] == 401 / 1600 and np.isfinite(row["peak_mjy_per_beam"])


@pytest.mark.parametrize("dtype", [">f4", ">f8", "scaled", "blank-integers", ".gz", ".fz", "4-D", "second HDU"])
def test_every_kind_of_file_gives_the_same_pixels(tmp_path, dtype):
    image, header = np.round(noise() * 1e5) / 1e5, header_of()
    name = "a.fits.gz" if dtype == ".gz" else "a.fits"
    if dtype == "scaled":
        hdu = fits.PrimaryHDU(image.copy(), header)
        hdu.scale("int16", bscale=1e-5, bzero=0.25)
        hdu.writeto(tmp_path / name)
    elif dtype == "blank-integers":
        header["BLANK"], header["BSCALE"] = -32768, 1e-5
        integers = np.round(image * 1e5).astype(">i2")
        integers[90:, 110:] = -32768
        image = image.copy()
        image[90:, 110:] = np.nan
        hdu = fits.PrimaryHDU(integers, do_not_scale_image_data=True)
        hdu.header.update(header)
        hdu.writeto(tmp_path / name)
    elif dtype == ".fz":
        packed = fits.CompImageHDU(image.astype("f4"), header, compression_type="GZIP_2", quantize_level=0)
        fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / name)
    elif dtype == "second HDU":
        fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image, header)]).writeto(tmp_path / name)
    else:
        stored = image[None, None] if dtype == "4-D" else image.astype(dtype if dtype == ">f8" else ">f4")
        write(tmp_path / name, stored, header)
    wcs = read_wcs(index(tmp_path)["header"][0].as_py())
    ra, dec = sky_of_pixels(wcs, [110.0, 50.0], [90.0, 40.0])
    rows = [source(ra[i], dec[i], 54.0, name=str(i)) for i in range(2)]
    _, made = cut(tmp_path, rows)
    assert made.kept.num_rows == 2
    for row in made.kept.to_pylist():
        x, y = (110, 90) if row["source_id"] == rows[0]["source_id"] else (50, 40)
        theirs = Cutout2D(image, (x, y), 30, mode="partial", fill_value=np.nan).data
        np.testing.assert_allclose(
            image_of(row), 1000 * theirs.astype("f4"), rtol=0, atol=2e-3 if dtype == "scaled" else 1e-6
        )


def test_pixels_of_unknown_unit_stay_and_have_no_flux(tmp_path):
    header = header_of()
    del header["BUNIT"]
    write(tmp_path / "a.fits", noise(), header)
    _, made = cut(tmp_path, [source(image="a.fits")])
    (row,) = made.kept.to_pylist()
    assert row["rms_mjy_per_beam"] is None and row["peak_mjy_per_beam"] is None
    np.testing.assert_array_equal(image_of(row), noise())
    assert "BUNIT" not in fits.Header.fromstring(cutout_fits(row)[:5760])


def test_a_cutout_says_how_each_channel_was_drawn_and_what_is_left_of_the_source(tmp_path):
    image = noise()
    image[40:50, 50:62] += np.linspace(0.01, 1, 120).reshape(10, 12).astype(">f4")
    write(tmp_path / "a.fits", image)
    table = index(tmp_path)
    planned = windows(SOURCES.of([source(image="a.fits")]), table, RECIPE, SURVEY).kept
    grey, three = (
        cutouts(planned, table, RECIPE, Picture(64, stretch), raw=tmp_path).kept.to_pylist()[0]
        for stretch in ("zscale", ("zscale", "asinh", "log"))
    )
    rms, pixels = grey["rms_mjy_per_beam"], image_of(grey)
    assert grey["source_px"] == three["source_px"] == (pixels > 5 * rms).sum() > 100
    (channel,) = grey["channels"]
    of_source = pixels[pixels > 5 * rms]
    assert grey["saturated_share"] == channel["saturated_share"] == (of_source > channel["high"]).mean() > 0.9
    assert [one["stretch"] for one in three["channels"]] == ["zscale", "asinh", "log"]
    assert three["channels"][0] == channel and three["channels"][2]["high"] == pytest.approx(pixels.max())
    assert three["saturated_share"] == 0 and three["range_kept"] > 0.9 and grey["range_kept"] < 0.3
    with Image.open(io.BytesIO(three["png"])) as picture, Image.open(io.BytesIO(grey["png"])) as plain:
        assert (picture.mode, plain.mode) == ("RGB", "L")
        assert (np.asarray(picture)[..., 0] == np.asarray(plain)).all()
    assert three["stretch"].startswith("red zscale") and three["sha256"] != grey["sha256"]


def test_a_mosaic_that_changed_or_went_after_it_was_indexed_is_noticed(tmp_path):
    write(tmp_path / "a.fits", noise())
    table = index(tmp_path)
    planned = windows(SOURCES.of([source(image="a.fits")]), table, RECIPE, SURVEY)
    (tmp_path / "a.fits").write_bytes((tmp_path / "a.fits").read_bytes() + bytes(2880))
    with pytest.raises(CatalogError, match="when it was indexed"):
        cutouts(planned.kept, table, RECIPE, PICTURE, raw=tmp_path)
    (tmp_path / "a.fits").unlink()
    with pytest.raises(FileNotFoundError):  # the disk may come back: no row is refused for it
        cutouts(planned.kept, table, RECIPE, PICTURE, raw=tmp_path)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_mosaic_with_other_bytes_of_the_same_size_and_time_is_noticed(tmp_path, is_known):
    path = tmp_path / "a.fits"
    write(path, noise())
    digests: dict = {}
    files = find_files(tmp_path, SURVEY, digests)
    stamps = stamps_of(digests, ["a.fits"]) if is_known else None
    table = mosaics(files, SURVEY, raw=tmp_path, stamps=stamps).kept
    planned = windows(SOURCES.of([source(image="a.fits")]), table, RECIPE, SURVEY)
    assert cutouts(planned.kept, table, RECIPE, PICTURE, raw=tmp_path, stamps=stamps).kept.num_rows == 1
    before, body = path.stat(), bytearray(path.read_bytes())
    body[3000] ^= 1
    path.write_bytes(body)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(CatalogError, match="when it was indexed"):
        cutouts(planned.kept, table, RECIPE, PICTURE, raw=tmp_path, stamps=stamps)
    with pytest.raises(CatalogError, match="when it was indexed"):
        mosaics(files, SURVEY, raw=tmp_path, stamps=stamps)


def test_a_mosaic_that_was_only_touched_or_copied_is_the_same(tmp_path):
    path = tmp_path / "a.fits"
    write(path, noise())
    digests: dict = {}
    find_files(tmp_path, SURVEY, digests)
    stamps, table = stamps_of(digests, ["a.fits"]), index(tmp_path)
    planned = windows(SOURCES.of([source(image="a.fits")]), table, RECIPE, SURVEY)
    path.touch()
    assert cutouts(planned.kept, table, RECIPE, PICTURE, raw=tmp_path, stamps=stamps).kept.num_rows == 1


def test_a_mosaic_that_changes_while_it_is_read_gives_no_cutout_and_no_refusal(tmp_path, monkeypatch):
    path = tmp_path / "a.fits"
    write(path, noise())
    table = index(tmp_path)
    planned = windows(SOURCES.of([source(image="a.fits")]), table, RECIPE, SURVEY)

    def changed_meanwhile(*given, **named):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        return open_plane(*given, **named)

    monkeypatch.setattr("curation.pictures.cutouts.open_plane", changed_meanwhile)
    with pytest.raises(CatalogError, match="changed while it was read"):
        cutouts(planned.kept, table, RECIPE, PICTURE, raw=tmp_path)


@pytest.mark.parametrize("name", ["a.fits", "a.fits.gz", "a.fits.fz"])
def test_a_process_with_too_many_open_files_refuses_no_row(tmp_path, name):
    write(tmp_path / "plain", noise())
    body = (tmp_path / "plain").read_bytes()
    if name.endswith("fz"):
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(noise(), header_of())]).writeto(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(gzip.compress(body) if name.endswith("gz") else body)
    (tmp_path / "plain").unlink()
    survey = SURVEY.model_copy(update={"files": (name,), "pictures": True})
    files = find_files(tmp_path, survey, {})
    table = mosaics(files, survey, raw=tmp_path).kept
    planned = windows(SOURCES.of([source(image=name)]), table, RECIPE, survey)
    _open_plane.cache_clear()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(int(one.name) for one in Path("/proc/self/fd").iterdir()), hard))
    held = []
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        with pytest.raises(OSError, match="Too many open files"):
            cutouts(planned.kept, table, RECIPE, PICTURE, raw=tmp_path)
        with pytest.raises(OSError, match="Too many open files"):
            mosaics(files, survey, raw=tmp_path)
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert cutouts(planned.kept, table, RECIPE, PICTURE, raw=tmp_path).kept.num_rows == 1


def test_parts_give_the_same_rows_as_the_whole(tmp_path):
    write(tmp_path / "a.fits", noise((200, 200)))
    table = index(tmp_path)
    ra, dec = sky_of_pixels(read_wcs(table["header"][0].as_py()), *np.random.default_rng(0).uniform(20, 180, (2, 12)))
    rows = [source(ra[i], dec[i], 40.0, name=str(i)) for i in range(12)]
    planned = windows(SOURCES.of(rows), table, RECIPE, SURVEY).kept
    whole = cutouts(planned, table, RECIPE, PICTURE, raw=tmp_path).kept
    parts = [cutouts(planned.slice(i, 5), table, RECIPE, PICTURE, raw=tmp_path).kept for i in (0, 5, 10)]
    assert pa.concat_tables(parts).equals(whole)
    assert whole["cutout_id"].to_pylist() == planned["cutout_id"].to_pylist()


def test_the_steps_fit_together_and_their_address_holds_no_place(tmp_path):
    write(tmp_path / "a.fits", noise())
    files = find_files(tmp_path, SURVEY, {})

    def steps(raw: Path):
        index_step = mosaics_step(SURVEY, files, raw)
        window_step = windows_step(index_step, index_step, "tiny", RECIPE, SURVEY)
        return index_step, window_step, cutouts_step(window_step, index_step, "tiny", RECIPE, PICTURE, raw)

    here, elsewhere = steps(tmp_path), steps(tmp_path / "elsewhere")
    assert [one.address for one in here] == [one.address for one in elsewhere]
    assert [one.name for one in here] == ["mosaics/tiny", "windows/tiny", "cutouts/tiny"]
    table = here[0].run([]).kept
    planned = here[1].run([SOURCES.of([source(image="a.fits")]), table]).kept
    assert here[2].run([planned, table]).kept.num_rows == 1 and here[2].is_by_part


# --- the next mosaic, where the nearest is blank


def overlapping(folder: Path, *images: np.ndarray) -> None:
    """Mosaics of 300 pixels a side that all cover ra 150, dec 2; the first is the nearest to it."""
    for k, image in enumerate(images):
        header = header_of(latitude=2.0 + 0.005 * k)
        header["CRPIX1"] = header["CRPIX2"] = 150.5
        write(folder / f"{k}.fits", image, header)


def blank(image: np.ndarray, *where: slice) -> np.ndarray:
    made = image.copy()
    made[where] = np.nan
    return made


ALL, LEFT = (slice(None),), (slice(None), slice(0, 151))
SOURCE = source(150.0, 2.0, 72.0)


def taken(made) -> list[str]:
    return made.kept["mosaic"].to_pylist()


def test_a_source_that_is_blank_in_the_nearest_mosaic_is_cut_from_the_next(tmp_path):
    images = [blank(noise((300, 300), 1), *ALL), blank(noise((300, 300), 2), *ALL), noise((300, 300), 3)]
    overlapping(tmp_path, *images)
    planned, made = cut(tmp_path, [SOURCE])
    (window,) = planned.kept.to_pylist()
    assert window["mosaic"] == "0.fits" and window["n_mosaics"] == 3
    assert [one["mosaic"] for one in window["others"]] == ["1.fits", "2.fits"]
    assert taken(made) == ["2.fits"] and made.n_in == 1 and made.rejected.num_rows == 0
    (row,) = made.kept.to_pylist()
    box = window["others"][1]
    wanted = images[2][box["y_min_px"] : box["y_max_px"], box["x_min_px"] : box["x_max_px"]]
    np.testing.assert_array_equal(image_of(row), wanted * np.float32(1000))
    table = {one["mosaic"]: one for one in index(tmp_path).to_pylist()}
    assert row["mosaic_sha256"] == table["2.fits"]["sha256"] and row["cutout_id"] == box["cutout_id"]
    x, y = pixels_of_sky(read_wcs(row["wcs_header"]), 150.0, 2.0)
    assert (x[0], y[0]) == pytest.approx((19.5, 19.5), abs=0.51)


def test_a_cutout_that_has_pixels_but_none_of_the_source_gives_way_to_one_that_has(tmp_path):
    overlapping(tmp_path, blank(noise((300, 300)), *LEFT), noise((300, 300), 2))
    _, made = cut(tmp_path, [SOURCE], CutoutRecipe(most_blank=0.7))
    assert taken(made) == ["1.fits"]


def test_where_no_mosaic_shows_the_source_the_nearest_that_shows_anything_is_taken(tmp_path):
    overlapping(
        tmp_path, blank(noise((300, 300)), *ALL), blank(noise((300, 300), 2), *LEFT), np.zeros((300, 300), ">f4")
    )
    _, made = cut(tmp_path, [SOURCE], CutoutRecipe(most_blank=0.7))
    assert taken(made) == ["1.fits"]


def test_zeros_in_place_of_blanks_give_way_too(tmp_path):
    overlapping(tmp_path, np.zeros((300, 300), ">f4"), noise((300, 300), 2))
    assert taken(cut(tmp_path, [SOURCE])[1]) == ["1.fits"]


def test_a_source_is_refused_once_and_by_the_nearest_where_no_mosaic_has_data(tmp_path):
    overlapping(tmp_path, *(blank(noise((300, 300), k), *ALL) for k in range(3)))
    planned, made = cut(tmp_path, [SOURCE])
    assert made.n_in == 1 and made.kept.num_rows == 0
    (row,) = made.rejected.to_pylist()
    assert row["reason"] == "all-blank" and row["row_id"] == planned.kept["cutout_id"][0].as_py()
    assert row["detail"] == "every pixel is blank; of 2 other mosaics none shows more"


def test_a_mosaic_that_cannot_be_read_is_said_and_not_passed_over(tmp_path):
    overlapping(tmp_path, noise((300, 300)), noise((300, 300), 2))
    table = index(tmp_path)
    planned = windows(SOURCES.of([SOURCE]), table, RECIPE, SURVEY).kept
    body = (tmp_path / "0.fits").read_bytes()
    (tmp_path / "0.fits").write_bytes(b"NOT FITS" + body[8:])
    sha256 = hashlib.sha256((tmp_path / "0.fits").read_bytes()).hexdigest()
    rows = [one | ({"sha256": sha256} if one["mosaic"] == "0.fits" else {}) for one in table.to_pylist()]
    made = cutouts(planned, MOSAICS.of(rows), RECIPE, PICTURE, raw=tmp_path)
    assert made.reasons == {"unreadable": 1} and made.n_in == 1
    (row,) = made.rejected.to_pylist()
    assert sha256 in row["detail"] and json.loads(row["row"])["mosaic_sha256"] == sha256
    assert str(tmp_path) not in row["detail"]  # where it lies is no fact of the file


def test_a_picture_of_its_own_is_never_replaced_by_a_mosaic(tmp_path):
    overlapping(tmp_path, blank(noise((300, 300)), *ALL), noise((300, 300), 2))
    planned, made = cut(tmp_path, [source(150.0, 2.0, 72.0, image="0.fits")])
    assert planned.kept["others"].to_pylist() == [None] and made.reasons == {"all-blank": 1}


def test_falling_through_mosaics_is_the_same_in_parts_in_any_order_and_adds_up(tmp_path):
    rng = np.random.default_rng(4)
    images = [noise((300, 300), k) for k in range(3)]
    for image in images:
        image[rng.random((300, 300)).round(1) < 0.05] = np.nan
        image[:, rng.integers(0, 200) : 300] = np.nan
    overlapping(tmp_path, *images)
    table = index(tmp_path)
    x, y = rng.uniform(20, 280, (2, 60))
    ra, dec = sky_of_pixels(read_wcs(table["header"][1].as_py()), x, y)
    rows = [source(ra[i], dec[i], 54.0, name=str(i)) for i in range(60)]
    planned = windows(SOURCES.of(rows), table, RECIPE, SURVEY).kept
    assert planned.equals(windows(SOURCES.of(rows[::-1]), table, RECIPE, SURVEY).kept)
    whole = cutouts(planned, table, RECIPE, PICTURE, raw=tmp_path)
    parts = [cutouts(planned.slice(i, 7), table, RECIPE, PICTURE, raw=tmp_path) for i in range(0, 60, 7)]
    assert pa.concat_tables([one.kept for one in parts]).equals(whole.kept)
    assert whole.n_in == planned.num_rows == whole.kept.num_rows + whole.rejected.num_rows
    nearest = dict(zip(planned["source_id"].to_pylist(), planned["mosaic"].to_pylist(), strict=True))
    moved = [one for one in whole.kept.to_pylist() if one["mosaic"] != nearest[one["source_id"]]]
    assert 0 < len(moved) < whole.kept.num_rows and whole.rejected.num_rows > 0
    place = {one: i for i, one in enumerate(planned["source_id"].to_pylist())}
    assert [place[one] for one in whole.kept["source_id"].to_pylist()] == sorted(
        place[one] for one in whole.kept["source_id"].to_pylist()
    )


def test_doubles_that_no_float_can_hold_are_blank_and_not_infinite(tmp_path):
    image = noise((40, 40)).astype(">f8")
    image[3, 4] = 1e300
    write(tmp_path / "a.fits", image)
    (row,) = cut(tmp_path, [source(image="a.fits")])[1].kept.to_pylist()
    assert row["blank_fraction"] == 1 / 1600 and np.isnan(image_of(row)[3, 4])


# --- FITS out


def test_a_fits_cutout_is_bit_for_bit_cutout2d(tmp_path):
    image = noise((150, 150))
    image[:20] = np.nan
    header = header_of()
    header["DATAMAX"], header["CHECKSUM"], header["OBJECT"] = 99.0, "x", "M 87"
    header["COMMENT"] = "The survey's notice"
    write(tmp_path / "a.fits", image[None, None], header)
    (row,) = index(tmp_path).to_pylist()
    plane = open_plane(tmp_path / "a.fits")
    template = fits_template(plane, row["header"])
    rng = np.random.default_rng(5)
    whole, body = WCS(fits.getheader(tmp_path / "a.fits")).celestial, None
    for x, y in rng.uniform(-10, 160, (60, 2)):
        side = int(rng.integers(30, 64))
        theirs = Cutout2D(image, (x, y), side, wcs=whole, mode="partial", fill_value=np.nan)
        x_min, y_min = (int(np.ceil(one - side / 2)) for one in (x, y))
        body = fits_cutout(plane, template, (x_min, y_min, x_min + side, y_min + side), body)
        with fits.open(io.BytesIO(body)) as file:
            file.verify("exception")
            assert file[0].data.tobytes() == theirs.data.tobytes()
            ours = file[0].header
            at = np.array(WCS(ours).pixel_to_world_values(3, 4))
            assert np.abs(at - np.array(theirs.wcs.pixel_to_world_values(3, 4))).max() < 1e-10
            assert ours["OBJECT"] == "M 87" and "notice" in str(ours["COMMENT"]) and ours["BUNIT"] == "JY/BEAM"
            assert "DATAMAX" not in ours and "CHECKSUM" not in ours and ours["NAXIS"] == 2
        assert bytes(body) == bytes(fits_cutout(plane, template, (x_min, y_min, x_min + side, y_min + side)))


def test_a_row_of_cutouts_leaves_as_fits(tmp_path):
    write(tmp_path / "a.fits", noise())
    _, made = cut(tmp_path, [source(150.0, 2.0, 36.0)])
    (row,) = made.kept.to_pylist()
    with fits.open(io.BytesIO(cutout_fits(row))) as file:
        file.verify("exception")
        np.testing.assert_array_equal(file[0].data, image_of(row))
        header = file[0].header
    assert header["BUNIT"] == "mJy/beam" and header["BMAJ"] * 3600 == pytest.approx(5.4) and header["BPA"] == 10
    assert row["cutout_id"] in str(header["HISTORY"])


# --- what real files taught


def of_images(raw: Path, *names: str, **update) -> tuple[Survey, pa.Table]:
    survey = SURVEY.model_copy(update={"files": tuple(f"images/{name}" for name in names), **update})
    return survey, index(raw, survey)


def whole_pictures(raw: Path, *names: str, **update) -> list[dict]:
    survey, table = of_images(raw, *names, **update)
    rows = [source(image=name, name=name) for name in table["mosaic"].to_pylist()]
    planned = windows(SOURCES.of(rows), table, RECIPE, survey)
    return cutouts(planned.kept, table, RECIPE, PICTURE, raw=raw).kept.to_pylist()


def test_a_real_picture_with_a_blank_corner_says_how_much(raw):
    (row,) = whole_pictures(raw, "first_mirabest/100_016.732+000.523_0.1538_0026.95.fits.gz")
    assert row["blank_fraction"] == 8345 / 90_000
    assert row["rms_mjy_per_beam"] == pytest.approx(0.157, abs=0.01)


def test_a_real_header_with_tabs_is_written_again_with_its_notice(raw):
    name = "first_mirabest/100_016.732+000.523_0.1538_0026.95.fits.gz"
    _, table = of_images(raw, name)
    plane = open_plane(raw / "images" / name)
    body = fits_cutout(plane, fits_template(plane, table["header"][0].as_py()), (100, 100, 150, 150))
    with fits.open(io.BytesIO(body)) as file:
        file.verify("exception")
        file.writeto(io.BytesIO())
        assert "FIRST" in str(file[0].header["HISTORY"])


def test_a_real_image_in_janskys_and_doubles_comes_out_in_millijanskys_and_floats(raw):
    rows = whole_pictures(raw, "lotss_dr1/*.fits")
    assert [row["rms_mjy_per_beam"] for row in rows] == pytest.approx([0.063, 0.077], abs=0.003)


def test_a_real_target_beside_its_edge_strip_is_off_the_mosaic(raw):
    survey, table = of_images(raw, "vlass_4d/*.fits.gz")
    targets = [("J004748.82", "00h47m48.82s -06d59m39.7s"), ("J151251.87", "15h12m51.87s +28d02m58.7s")]
    targets += [("J151050.20", "15h10m50.20s +10d42m13.3s"), ("J222325.10", "22h23m25.10s -06d48m58.6s")]
    rows = [source(SkyCoord(at).ra.deg, SkyCoord(at).dec.deg, 60.0, name=name) for name, at in targets]
    planned = windows(SOURCES.of(rows), table, RECIPE, survey)
    assert planned.reasons == {"off-mosaic": 2} and planned.kept.num_rows == 2
    made = cutouts(planned.kept, table, RECIPE, PICTURE, raw=raw).kept
    assert made["width_px"].to_pylist() == [60, 60]


def test_one_real_source_is_at_one_place_in_three_surveys(raw):
    peaks = {}
    for row in whole_pictures(raw, "one_source_three_surveys/*.fits.gz"):
        y, x = np.unravel_index(np.nanargmax(image_of(row)), (row["height_px"], row["width_px"]))
        ra, dec = sky_of_pixels(read_wcs(row["wcs_header"]), x, y)
        peaks[row["mosaic"].split("/")[-1][:5]] = SkyCoord(ra[0], dec[0], unit="deg")
        assert row["peak_mjy_per_beam"] == pytest.approx(
            {"FIRST": 182.8, "NVSS_": 411.3, "VLASS": 53.2}[row["mosaic"].split("/")[-1][:5]], abs=0.1
        )
    assert peaks["FIRST"].separation(peaks["VLASS"]).arcsec == pytest.approx(1.4, abs=0.1)
    assert peaks["FIRST"].separation(peaks["NVSS_"]).arcsec == pytest.approx(11.2, abs=0.1)


def test_a_real_galactic_map_is_cut_at_equatorial_positions(raw):
    survey, table = of_images(raw, "magpis_galactic/*.fits")
    at = SkyCoord(10.52, 0.01, unit="deg", frame="galactic").icrs
    planned = windows(SOURCES.of([source(at.ra.deg, at.dec.deg, 60.0)]), table, RECIPE, survey).kept
    (row,) = cutouts(planned, table, RECIPE, PICTURE, raw=raw).kept.to_pylist()
    x, y = pixels_of_sky(read_wcs(row["wcs_header"]), at.ra.deg, at.dec.deg)
    assert (x[0], y[0]) == pytest.approx((14.5, 14.5), abs=0.51)
    assert SkyCoord(row["ra_deg"], row["dec_deg"], unit="deg").separation(at) < 2 * units.arcsec


def test_real_pictures_without_wcs_are_cut_whole_without_a_place(raw):
    for row in whole_pictures(raw, "caesar_mrcnn_samples/*.fits"):
        assert row["ra_deg"] is None and row["wcs_header"] is None and row["sky_polygon_deg"] is None
        assert row["peak_mjy_per_beam"] > 40 and (row["width_px"], row["height_px"]) == (132, 132)
        with fits.open(io.BytesIO(cutout_fits(row))) as file:
            assert file[0].data.shape == (132, 132)
