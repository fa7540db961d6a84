"""Images of a survey on an object store: the same tables as from a disk, few bytes of it, and its troubles told."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogs.dataset import CutoutRecipe
from catalogs.noise import NoiseRecipe
from catalogs.survey import Survey
from curation.corpus import corpus, graph, keep_digests, known_digests
from curation.engine import objects
from curation.engine.objects import GAP, MOST_AT_ONCE, ObjectPath, open_images, together
from curation.engine.store import Store
from curation.pictures.cutouts import cutouts, windows
from curation.pictures.frame import AS_CUT
from curation.pictures.frames import frames
from curation.pictures.mosaics import find_files, mosaics, mosaics_step
from curation.pictures.noise import noise
from curation.pictures.plane import open_plane
from curation.pictures.render import Picture
from curation.pictures.unchanged import stamps_of
from curation.settings import images_place
from schemas.errors import CatalogError, RecipeError, StoreError
from schemas.fingerprint import content_id
from schemas.tables import SOURCES

SURVEY = Survey(name="tiny", title="Tiny", frequency_mhz=1400, files=("images/*.fits*",), cite="")
PICTURE, RECIPE = Picture(side_px=64), CutoutRecipe()
WIDTH, HEIGHT, SIDE = 18_000, 40, 24  # a row is more than what is read along
PIXEL_DEG = 0.0005


def header_of(longitude: float) -> fits.Header:
    header = fits.Header([("CTYPE1", "RA---SIN"), ("CTYPE2", "DEC--SIN"), ("BUNIT", "JY/BEAM")])
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = longitude, 0.0, 50.0, 20.0
    header["CDELT1"], header["CDELT2"] = -PIXEL_DEG, PIXEL_DEG
    header["BMAJ"], header["BMIN"], header["BPA"] = 0.0015, 0.0012, 10.0
    return header


def write_survey(folder: Path) -> None:
    """A wide plain mosaic, one by tiles, one packed as a file, a plane of a cube with a table of beams behind it."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    wide = rng.normal(0, 1e-3, (HEIGHT, WIDTH)).astype("f4")
    wide[5:9, 60:70] = np.nan
    fits.PrimaryHDU(wide, header_of(10)).writeto(folder / "wide.fits")
    small = rng.normal(0, 1e-3, (90, 100)).astype("f4")
    tiled = fits.CompImageHDU(small, header_of(20), compression_type="RICE_1", tile_shape=(10, 30))
    fits.HDUList([fits.PrimaryHDU(), tiled]).writeto(folder / "tiles.fits.fz")
    plain = folder / "packed.fits"
    fits.PrimaryHDU(small[::-1], header_of(30)).writeto(plain)
    (folder / "packed.fits.gz").write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    plain.unlink()
    header = header_of(40)
    for name in ("BMAJ", "BMIN", "BPA"):
        del header[name]
    beams = fits.BinTableHDU.from_columns(
        [fits.Column(name, "E", unit="arcsec", array=[value]) for name, value in (("BMAJ", 6.0), ("BMIN", 5.0))],
        name="BEAMS",
    )
    numbers = (small[:, ::-1] * 1e6).astype("i2")
    header["BSCALE"], header["BZERO"] = 1e-6, 0.0
    cube = fits.PrimaryHDU(numbers[None, None], do_not_scale_image_data=True)
    cube.header.extend(header)
    fits.HDUList([cube, beams]).writeto(folder / "cube.fits")


def put(folder: Path, where: str) -> ObjectPath:
    place = open_images(where)
    assert isinstance(place, ObjectPath)
    files, root = pafs.FileSystem.from_uri(where)
    for path in (one for one in folder.rglob("*") if one.is_file()):
        files.create_dir(root.partition("/")[0])
        with files.open_output_stream(f"{root}/{path.relative_to(folder).as_posix()}", compression=None) as out:
            out.write(path.read_bytes())
    return place


@pytest.fixture
def survey(tmp_path, object_store) -> tuple[Path, ObjectPath]:
    write_survey(tmp_path / "raw/images")
    return tmp_path / "raw", put(tmp_path / "raw", f"s3://sky/survey?{object_store}")


@pytest.fixture
def came(monkeypatch) -> Counter[str]:
    """Bytes and requests, by the object's name."""
    counts = Counter[str]()
    ours = ObjectPath.read

    def counted(path: ObjectPath, start: int, n_bytes: int) -> bytes:
        counts[path.name] += n_bytes
        counts[f"{path.name}: requests"] += 1
        return ours(path, start, n_bytes)

    monkeypatch.setattr(ObjectPath, "read", counted)
    return counts


def sources_at(x_px: list[float], longitudes: tuple[float, ...] = (10, 20, 30, 40)) -> pa.Table:
    rows = [
        {
            "source_id": content_id("source", longitude, x), "source_name": "s", "dataset": "d", "survey": "tiny",
            "scheme": "x", "ra_deg": longitude - (x - 49) * PIXEL_DEG, "dec_deg": 0.0, "labels": [],
            "side_arcsec": SIDE * PIXEL_DEG * 3600, "origin_catalog": "c.csv", "origin_row": 0,
        }
        for longitude in longitudes
        for x in x_px
    ]  # fmt: skip
    return SOURCES.of(rows)


def made_from(place: Path | ObjectPath, raw: Path) -> dict[str, pa.Table]:
    digests: dict[str, list] = {}
    files = find_files(place, SURVEY, digests)
    stamps = stamps_of(digests, [one.mosaic for one in files])
    index = mosaics(files, SURVEY, raw=raw, images=place, stamps=stamps).kept
    rows = sources_at([12.0, 40.0, 47.5, 66.0])
    boxes = windows(rows, index, RECIPE, SURVEY).kept
    made = cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps=stamps)
    some = boxes.take([0, 4, 8, 12])
    shown = frames(some, index, rows, RECIPE, AS_CUT, raw=place, stamps=stamps).kept
    levels = noise(
        shown,
        index,
        NoiseRecipe(rms="local", background="local", box_beams=None, box_px=20),
        AS_CUT,
        raw=place,
        stamps=stamps,
    ).kept
    address = pa.table({"address": [mosaics_step(SURVEY, files, raw, stamps, images=place).address]})
    return {
        "address": address,
        "mosaics": index,
        "windows": boxes,
        "cutouts": made.kept,
        "refused": made.rejected,
        "noise": levels,
    }


def test_an_object_store_and_a_disk_give_the_same_tables(survey):
    raw, place = survey
    ours, theirs = made_from(place, raw), made_from(raw, raw)
    assert ours["mosaics"].num_rows == 4 and ours["cutouts"].num_rows >= 12 and ours["noise"].num_rows >= 3
    for name, table in theirs.items():
        assert ours[name].equals(table), name


def test_a_corpus_whose_images_are_elsewhere_has_the_addresses_of_one_below_a_folder(demo_raw, tmp_path, monkeypatch):
    (tmp_path / "raw").mkdir()
    for one in demo_raw.iterdir():
        (tmp_path / ("elsewhere" if one.name == "images" else "raw") / one.name).parent.mkdir(exist_ok=True)
        (tmp_path / ("elsewhere" if one.name == "images" else "raw") / one.name).symlink_to(one)
    wanted, store = corpus("tiny"), Store(str(tmp_path / "store"))
    theirs = graph(wanted, demo_raw, store, ["http://127.0.0.1:1/v1"]).handover
    monkeypatch.setenv("RADIO_IMAGES", str(tmp_path / "elsewhere"))
    assert graph(wanted, tmp_path / "raw", store, ["http://127.0.0.1:1/v1"]).handover == theirs


def test_of_a_plain_mosaic_only_the_rows_of_its_windows_are_read_those_near_each_other_together(survey, came):
    raw, place = survey
    index = mosaics(find_files(raw, SURVEY, {}), SURVEY, raw=raw).kept
    boxes = windows(sources_at([20.0, 30.0, 70.0], (10,)), index, RECIPE, SURVEY).kept
    assert boxes.num_rows == 3
    made = cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps={})
    assert made.kept.num_rows == 3
    assert came["images/wide.fits"] > WIDTH * HEIGHT * 4  # nothing was known of it, so it was read once for its digest
    came.clear()
    again = cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps={})
    assert again.kept.equals(made.kept)
    # Once more only windows, whose rows come together, with the few pixels between them.
    assert came["images/wide.fits: requests"] == SIDE
    assert came["images/wide.fits"] == SIDE * (SIDE + 50) * 4
    assert came["images/wide.fits"] < WIDTH * HEIGHT * 4 / 100


def test_of_a_tiled_mosaic_its_table_and_the_tiles_of_a_window_are_read(tmp_path, object_store, came):
    image = np.random.default_rng(1).normal(0, 1e-3, (3000, 300)).astype("f4")  # more than one request, packed
    tiled = fits.CompImageHDU(image, header_of(10), compression_type="GZIP_2", quantize_level=0)
    (tmp_path / "raw").mkdir()
    fits.HDUList([fits.PrimaryHDU(), tiled]).writeto(tmp_path / "raw/a.fits.fz")
    path = put(tmp_path / "raw", f"s3://sky/tiles?{object_store}") / "a.fits.fz"
    plane = open_plane(path)
    in_head, box = came.pop("a.fits.fz"), (10, 2000, 60, 2020)
    np.testing.assert_array_equal(plane.read(box), image[2000:2020, 10:60])
    assert in_head < 150_000  # cards, 3,000 rows of the table, and what a stream reads ahead
    assert 20 * 300 * 2 < came["a.fits.fz"] < 20 * 300 * 4 + 2 * GAP
    np.testing.assert_array_equal(plane.read((0, 0, 300, 3000)), image)


def test_a_packed_mosaic_is_fetched_once_for_all_its_windows(survey, came):
    raw, place = survey
    index = mosaics(find_files(raw, SURVEY, {}), SURVEY, raw=raw).kept
    boxes = windows(sources_at([20.0, 50.0, 70.0], (30,)), index, RECIPE, SURVEY).kept
    size = (raw / "images/packed.fits.gz").stat().st_size
    for _ in range(2):
        assert cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps={}).kept.num_rows == 3
    assert came["images/packed.fits.gz"] <= 3 * size  # its first bytes, its digest, itself


def test_what_is_known_of_an_object_is_not_read_again_until_it_changes(survey, came, tmp_path):
    raw, place = survey
    digests: dict[str, list] = {}
    files = find_files(place, SURVEY, digests)
    assert sum(came.values()) > 0 and [one.sha256 for one in files] == [
        one.sha256 for one in find_files(raw, SURVEY, {})
    ]
    came.clear()
    store = Store(str(tmp_path / "store"))
    keep_digests(digests, store)
    digests = known_digests(store)
    assert find_files(place, SURVEY, digests) == files
    assert not came
    body = bytearray((raw / "images/wide.fits").read_bytes())
    body[-3000] ^= 1
    (raw / "images/wide.fits").write_bytes(body)  # of the same size, within the same second perhaps
    put(raw, f"{place.address}")
    changed = find_files(place, SURVEY, digests)
    assert [one.mosaic for one, two in zip(files, changed, strict=True) if one != two] == ["images/wide.fits"]


def test_an_object_that_changes_while_a_build_runs_is_noticed(survey, monkeypatch):
    raw, place = survey
    digests: dict[str, list] = {}
    files = find_files(place, SURVEY, digests)
    stamps = stamps_of(digests, [one.mosaic for one in files])
    index = mosaics(files, SURVEY, raw=raw, images=place, stamps=stamps).kept
    boxes = windows(sources_at([20.0], (10,)), index, RECIPE, SURVEY).kept
    body = bytearray((raw / "images/wide.fits").read_bytes())
    body[-3000] ^= 1
    (raw / "images/wide.fits").write_bytes(body)
    put(raw, place.address)
    with pytest.raises(CatalogError, match=r"s3://sky/survey/images/wide.fits: changed while it was read"):
        cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps=stamps)
    with pytest.raises(CatalogError, match=r"not the file it was when it was indexed"):
        cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps=stamps)
    pafs.FileSystem.from_uri(place.address)[0].delete_file("sky/survey/images/wide.fits")
    monkeypatch.setenv("RADIO_PATIENCE_S", "0")
    with pytest.raises(StoreError, match=r"cannot read s3://sky/survey/images/wide.fits: it is not there"):
        cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps=stamps)


@pytest.mark.parametrize("name", ["wide.fits", "tiles.fits.fz", "packed.fits.gz"])
def test_a_store_that_fails_is_the_machines_trouble_and_refuses_no_row(survey, monkeypatch, name):
    raw, place = survey
    index = mosaics(find_files(raw, SURVEY, {}), SURVEY, raw=raw).kept
    longitude = {"wide.fits": 10, "tiles.fits.fz": 20, "packed.fits.gz": 30}[name]
    boxes = windows(sources_at([20.0], (longitude,)), index, RECIPE, SURVEY).kept
    fails, look = [True], ObjectPath._look

    class Failing:
        def __init__(self, file):
            self.file = file

        def read_at(self, n_bytes, offset):
            if fails[0]:
                raise OSError("AWS Error SLOW_DOWN during GetObject operation: Please reduce your request rate")
            return self.file.read_at(n_bytes, offset)

    def looked(path):
        stamp, file = look(path)
        return stamp, Failing(file)

    monkeypatch.setattr(ObjectPath, "_look", looked)
    monkeypatch.setenv("RADIO_PATIENCE_S", "0")
    with pytest.raises(StoreError, match=rf"cannot read s3://sky/survey/images/{name}: AWS Error SLOW_DOWN") as told:
        cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps={})
    assert "\n" not in str(told.value) and isinstance(told.value.__cause__, OSError)
    fails[0] = False
    theirs = cutouts(boxes, index, RECIPE, PICTURE, raw=raw, stamps={})
    assert cutouts(boxes, index, RECIPE, PICTURE, raw=place, stamps={}).kept.equals(theirs.kept)


def test_a_place_that_is_none_is_one_line(survey, object_store, monkeypatch, tmp_path):
    monkeypatch.setenv("RADIO_PATIENCE_S", "0")
    missing = {
        f"s3://sky/elsewhere?{object_store}": "nothing matches images/.* below s3://sky/elsewhere; .* --images",
        f"s3://no-such-bucket/x?{object_store}": "nothing matches images/.* below s3://no-such-bucket/x; .* --images",
    }
    for address, told in missing.items():
        with pytest.raises((CatalogError, StoreError), match=told) as caught:
            find_files(open_images(address), SURVEY, {})
        assert "\n" not in str(caught.value) and "endpoint" not in str(caught.value)
    monkeypatch.setenv("RADIO_IMAGES", str(tmp_path / "nowhere"))
    with pytest.raises(RecipeError, match=r"--images .*nowhere: no such folder"):
        images_place(tmp_path)
    monkeypatch.setenv("RADIO_IMAGES", "s4://bucket/x")
    with pytest.raises(RecipeError, match="--images s4://bucket/x: .*; expected a folder or s3://bucket/folder"):
        images_place(tmp_path)
    monkeypatch.setenv("RADIO_IMAGES", f"s3://sky/survey?{object_store}")
    assert images_place(tmp_path) == survey[1]
    monkeypatch.setenv("RADIO_IMAGES", "")
    assert images_place(tmp_path) == tmp_path


PATTERNS = ["images/*.fits", "images/*/*.fits*", "**/*.fits", "im*/[ab]?/x.fits.gz", "images/a1/x.fits"]


def test_names_match_as_they_do_on_a_disk(tmp_path, object_store):
    for name in ("images/a.fits", "images/a1/x.fits", "images/b2/x.fits.gz", "images/b2/c/.x.fits", "top.fits", "im/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    place = put(tmp_path, f"s3://sky/names?{object_store}")
    for pattern in PATTERNS:
        theirs = {one.relative_to(tmp_path).as_posix(): one.is_dir() for one in tmp_path.glob(pattern)}
        ours = place.matching([pattern])
        assert {name for name, is_folder in ours.items() if not is_folder} == {
            name for name, is_folder in theirs.items() if not is_folder
        }, pattern


@given(st.lists(st.tuples(st.integers(0, 3 * MOST_AT_ONCE), st.integers(1, 3 * GAP)), max_size=30))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_ranges_that_are_asked_for_hold_each_that_is_wanted_and_waste_no_more_than_the_gaps(wanted):
    ranges = sorted((start, start + n) for start, n in wanted)
    asked = list(together(ranges))
    assert all(any(a <= start and end <= b for a, b in asked) for start, end in ranges)
    assert all(b - a <= MOST_AT_ONCE for a, b in asked)
    covered = sum(b - a for a, b in asked)
    assert covered <= sum(n for _, n in wanted) + GAP * len(ranges)


def test_a_process_remembers_only_so_many_objects(survey, monkeypatch):
    _, place = survey
    monkeypatch.setattr(objects, "MOST_REMEMBERED", 2)
    names = ["images/wide.fits", "images/cube.fits", "images/tiles.fits.fz"]
    for name in names:
        (place / name).stamp()
    assert len(objects._SEEN) == 2
    assert (place / names[0]).read(0, 6) == b"SIMPLE"
