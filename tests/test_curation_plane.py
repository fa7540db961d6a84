"""Pixels, whole and by windows, held against what astropy reads from the same bytes."""

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.fits.hdu.compressed import _codecs
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.pictures import plane as plane_module
from curation.pictures.cards import ImageError
from curation.pictures.fits_header import read_image_header
from curation.pictures.plane import open_plane

HEIGHT, WIDTH = 37, 45
DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
ZEROS = (0.0, 0.25, -3.0, 100.0, -128.0, 2.0**15, 2.0**31, 2.0**63)
quiet = pytest.mark.filterwarnings("ignore")  # of astropy: BLANK on floats, and what it thinks of such headers


def numbers(bitpix: int, seed: int, spread: str) -> np.ndarray:
    """Pixels of a type, over all of its range or near its middle; floats with NaN."""
    rng = np.random.default_rng(seed)
    if bitpix < 0:
        image = rng.normal(0, 1e-3, (HEIGHT, WIDTH)) * (1.0 if spread == "near" else 10.0 ** rng.uniform(-20, 20))
        image[rng.random(image.shape) < 0.1] = np.nan
        return image.astype(DTYPES[bitpix])
    info = np.iinfo(DTYPES[bitpix])
    low, high = (info.min, info.max) if spread == "all" else (max(info.min, -90), 90)
    return rng.integers(low, high, (HEIGHT, WIDTH), info.dtype.newbyteorder("="), endpoint=True).astype(DTYPES[bitpix])


def written(path: Path, image: np.ndarray, cards: dict, kind: str) -> Path:
    """The image and the cards as they are, nothing scaled: plain, in a later HDU, packed, or in tiles."""
    if kind.startswith("tiles"):
        packed = fits.CompImageHDU(image, compression_type=kind.split()[1], tile_shape=(16, 16), quantize_level=0)
        fits.HDUList([fits.PrimaryHDU(), packed]).writeto(path)
        with fits.open(path, mode="update", disable_image_compression=True) as file:
            file[1].header.update(cards)
        return path
    header = fits.Header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0)])
    structure = [("BITPIX", -8 * image.itemsize if image.dtype.kind == "f" else 8 * image.itemsize), ("NAXIS", 2)]
    structure += [("NAXIS1", image.shape[1]), ("NAXIS2", image.shape[0])]
    own = fits.Header([("XTENSION", "IMAGE") if kind == "later" else ("SIMPLE", True), *structure])
    own.update({"PCOUNT": 0, "GCOUNT": 1} if kind == "later" else {})
    own.update(cards)
    body = (header.tostring() if kind == "later" else "").encode() + own.tostring().encode() + image.tobytes()
    body += bytes(-len(body) % 2880)
    path.write_bytes(gzip.compress(body) if kind == "gzip" else body)
    return path


def by_astropy(path: Path) -> np.ndarray | None:
    """What astropy makes of it, as doubles; infinite is blank to us. None where it fails on a file that is valid."""
    try:
        with fits.open(path, memmap=False, uint=False) as file:  # with `uint` BLANK is left out
            hdu = next(one for one in file if one.shape and len(one.shape) >= 2)
            image = np.array(hdu.data).astype(np.float64)
    except (TypeError, OverflowError):  # BITPIX 8 with BZERO -128; a BLANK that no pixel can have, in tiles
        return None
    image[np.isinf(image)] = np.nan
    return image


def by_the_standard(image: np.ndarray, cards: dict) -> np.ndarray:
    made = image.astype(np.longdouble) * cards.get("BSCALE", 1.0) + cards.get("BZERO", 0.0)
    made[image == cards.get("BLANK", np.nan)] = np.nan
    return made.astype(np.float64)


def assert_equal(ours: np.ndarray, theirs: np.ndarray, scale: float) -> None:
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    kept = ~np.isnan(theirs)
    precision = 2e-7 if ours.dtype == np.float32 or abs(scale) != 1 else 1e-12
    np.testing.assert_allclose(
        ours[kept], theirs[kept], rtol=precision, atol=precision * np.abs(theirs[kept]).max(initial=0)
    )


@quiet
@given(
    bitpix=st.sampled_from(sorted(DTYPES)),
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from(["near", "all"]),
    scale=st.sampled_from([None, 1.0, 1e-5, -0.5, 2.0]),
    zero=st.sampled_from([None, *ZEROS]),
    blank=st.sampled_from(["none", "least", "zero", "some", "out of range"]),
    kind=st.sampled_from(
        ["plain", "later", "gzip", "tiles GZIP_1", "tiles GZIP_2", "tiles RICE_1", "tiles NOCOMPRESS"]
    ),
    box=st.tuples(st.integers(-9, WIDTH), st.integers(-9, HEIGHT), st.integers(1, 60), st.integers(1, 60)),
)
@settings(deadline=None, max_examples=200)
def test_pixels_are_what_astropy_reads_from_the_same_bytes(  # noqa: PLR0913, PLR0917
    tmp_path_factory, bitpix, seed, spread, scale, zero, blank, kind, box
):
    image = numbers(bitpix, seed, spread)
    if kind == "tiles RICE_1" and bitpix in (64, -32, -64):
        kind = "tiles GZIP_1"  # no writer packs these so
    cards = {"BSCALE": scale, "BZERO": zero}
    if blank != "none":
        least = int(np.iinfo(DTYPES[abs(bitpix)]).min)
        found = int(image[0, 0]) if bitpix > 0 else -1
        cards["BLANK"] = {"least": least, "zero": 0, "some": found, "out of range": -(2**15) - 5}[blank]
    cards = {key: one for key, one in cards.items() if one is not None}
    path = written(tmp_path_factory.mktemp("plane") / "a.fits", image, cards, kind)
    theirs = by_astropy(path)
    if theirs is None or zero == 2.0**63 or (bitpix > 0 and cards.get("BLANK") == 0):
        # To astropy a BLANK of 0 is none, and a double beside 2**63 has lost its digits.
        theirs = by_the_standard(image, cards)
    assert read_image_header(path).bitpix == bitpix
    corner = box[0], box[1], box[0] + box[2], box[1] + box[3]
    framed = np.pad(theirs, 100, constant_values=np.nan)
    for is_whole in (False, True):
        plane = open_plane(path, is_wanted_whole=is_whole)
        ours = plane.read((0, 0, WIDTH, HEIGHT))
        assert_equal(ours, theirs, scale or 1.0)
        part = plane.read(corner)
        assert_equal(part, framed[100 + corner[1] : 100 + corner[3], 100 + corner[0] : 100 + corner[2]], scale or 1.0)
        assert part.shape == (box[3], box[2])


@quiet
@pytest.mark.parametrize("method", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("level", [16.0, 4.0, -1e-4])
def test_quantised_floats_are_what_astropy_reads_and_keep_their_blanks(tmp_path, method, level):
    image = np.random.default_rng(3).normal(0, 1e-3, (96, 96)).astype("f4")
    if method != "HCOMPRESS_1":
        image[10:20, 30:50] = np.nan
    packed = fits.CompImageHDU(image, compression_type=method, quantize_level=level, quantize_method=2, dither_seed=7)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "a.fits")
    theirs = by_astropy(tmp_path / "a.fits")
    for is_whole in (False, True):
        ours = open_plane(tmp_path / "a.fits", is_wanted_whole=is_whole).read((0, 0, 96, 96))
        np.testing.assert_array_equal(ours, theirs)
    assert np.isnan(theirs).sum() == np.isnan(image).sum()


@quiet
def test_a_number_that_stands_for_nan_means_nothing_where_floats_are_not_quantised(tmp_path):
    image = np.random.default_rng(1).integers(-50, 50, (64, 64)).astype("f4")
    image[3, 4] = np.nan
    path = written(tmp_path / "a.fits", image, {"ZBLANK": -1}, "tiles GZIP_2")
    for is_whole in (False, True):
        np.testing.assert_array_equal(open_plane(path, is_wanted_whole=is_whole).read((0, 0, 64, 64)), image)


@quiet
@pytest.mark.parametrize("level", [0, 16.0])
def test_a_blank_card_means_nothing_on_tiles_of_floats(tmp_path, level):
    image = np.random.default_rng(1).integers(-50, 50, (64, 64)).astype("f4")
    packed = fits.CompImageHDU(image, compression_type="RICE_1" if level else "GZIP_2", quantize_level=level)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "a.fits")
    wanted = open_plane(tmp_path / "a.fits").read((0, 0, 64, 64))
    for blank in (-1, 0, 7, -(2**31)):
        path = tmp_path / f"{blank}.fits"
        path.write_bytes((tmp_path / "a.fits").read_bytes())
        with fits.open(path, mode="update", disable_image_compression=True) as file:
            file[1].header["BLANK"] = blank
        for is_whole in (False, True):
            ours = open_plane(path, is_wanted_whole=is_whole).read((0, 0, 64, 64))
            np.testing.assert_array_equal(ours, wanted)
            assert not np.isnan(ours).any()


@quiet
@pytest.mark.parametrize("keyword", ["BLANK", "ZBLANK"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4"])
def test_tiles_of_integers_are_blank_where_either_card_says(tmp_path, keyword, dtype):
    image = np.random.default_rng(2).integers(0, 120, (64, 64)).astype(dtype)
    blank = int(np.iinfo(dtype).min)
    image[:8, :8] = blank
    path = written(tmp_path / "a.fits", image, {keyword: blank, "BSCALE": 1e-5, "BZERO": 2.0}, "tiles RICE_1")
    for is_whole in (False, True):
        ours = open_plane(path, is_wanted_whole=is_whole).read((0, 0, 64, 64))
        assert np.isnan(ours[image == blank]).all()
        np.testing.assert_allclose(ours[image != blank], 2 + 1e-5 * image[image != blank], rtol=1e-6)


@pytest.mark.parametrize("bits", [16, 32, 64])
def test_unsigned_numbers_keep_their_value(tmp_path, bits):
    image = np.array([[0, 1, 5, 2**bits - 1], [7, 8, 9, 2 ** (bits - 1)]], dtype=f"u{bits // 8}")
    fits.PrimaryHDU(image).writeto(tmp_path / "a.fits")
    ours = open_plane(tmp_path / "a.fits").read((0, 0, 4, 2))
    np.testing.assert_array_equal(ours, image.astype(ours.dtype))
    assert ours[0, :3].tolist() == [0, 1, 5]


def test_doubles_and_long_integers_keep_their_digits(tmp_path):
    for name, image in (("d", np.array([[1e300, 1 / 3]])), ("i", np.array([[2**24 + 1, 3]], "i4"))):
        fits.PrimaryHDU(image).writeto(tmp_path / name)
        with fits.open(tmp_path / name, mode="update", do_not_scale_image_data=True) as file:
            file[0].header["BZERO"] = 1.0
        ours = open_plane(tmp_path / name).read((0, 0, 2, 1))
        assert ours.dtype == np.float64
        np.testing.assert_array_equal(ours, image.astype(float) + 1)


@pytest.mark.parametrize("method", ["RICE_1", "GZIP_2"])
def test_tiles_that_cannot_be_decoded_are_one_line_however_they_are_read(tmp_path, method):
    image = np.random.default_rng(1).integers(0, 1000, (64, 64)).astype("i2")
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(image, compression_type=method)]).writeto(tmp_path / "a.fits")
    body = bytearray((tmp_path / "a.fits").read_bytes())
    at = body.index(b"ZCMPTYPE= 'GZIP_2" if method == "GZIP_2" else b"ZCMPTYPE= 'RICE_1")
    body[at : at + 21] = b"ZCMPTYPE= 'ZIPPED_9' "
    (tmp_path / "a.fits").write_bytes(bytes(body))
    for is_whole in (False, True):
        with pytest.raises(ImageError, match="its pixels cannot be decoded") as error:
            open_plane(tmp_path / "a.fits", is_wanted_whole=is_whole).read((0, 0, 64, 64))
        assert error.value.reason == "unreadable" and "\n" not in str(error.value)


# --- bombs: what is decoded for a window is bounded, whatever the file claims


@pytest.mark.parametrize(
    "place", [(8, -1_915_710_542), (-8, 0), (8, 2**30)], ids=["before", "less than none", "behind"]
)
def test_a_tile_that_lies_outside_of_the_tiles_is_no_memory_to_read(tmp_path, place):
    """Astropy 8 maps the file, and takes any offset for a place in it."""
    path = tiled(tmp_path / "a.fits", (32, 32), (16, 16))
    with fits.open(path, disable_image_compression=True) as file:
        at = file[1].fileinfo()["datLoc"]
    body = bytearray(path.read_bytes())
    body[at : at + 8] = np.array(place, ">i4").tobytes()
    path.write_bytes(body)
    with pytest.raises(ImageError, match="COMPRESSED_DATA: a tile outside of its"):
        open_plane(path).read((0, 0, 4, 4))


def tiled(path: Path, shape: tuple[int, int], tile: tuple[int, int], method: str = "RICE_1") -> Path:
    packed = fits.CompImageHDU(np.zeros(shape, "u1"), compression_type=method, tile_shape=tile)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(path)
    return path


def peak_mb(path: Path) -> float:
    """The largest memory of a process that reads 64 pixels, beyond what it takes to start."""
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom curation.pictures.cards import ImageError\n"
        "from curation.pictures.plane import open_plane\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nbefore = used()\n"
        "try:\n    print(open_plane(Path(sys.argv[1])).read((0, 0, 64, 64)).shape)\n"
        "except ImageError as error:\n    print(error.reason)\n"
        "print((used() - before) / 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=600)
    return float(done.stdout.splitlines()[-1])


def test_a_window_of_a_large_tile_costs_no_more_than_a_tile_may(tmp_path):
    largest = tiled(tmp_path / "largest.fits", (5792, 5792), (5792, 5792))
    larger = tiled(tmp_path / "larger.fits", (5800, 5800), (5800, 5800))
    assert largest.stat().st_size < 1_000_000 and peak_mb(largest) < 400
    with pytest.raises(ImageError, match="ZTILEn: 5800 x 5800, a tile of over") as told:
        open_plane(larger)
    assert told.value.reason == "too-large"


def test_a_window_across_many_long_tiles_is_refused_before_any_is_decoded(tmp_path):
    columns = tiled(tmp_path / "columns.fits", (4_000_000, 64), (4_000_000, 1))
    plane = open_plane(columns)
    with pytest.raises(ImageError, match="tiles of 1 x 4000000 pixels: 256000000 pixels would be decoded for 4096"):
        plane.read((0, 0, 64, 64))
    assert plane.read((0, 0, 3, 64)).shape == (64, 3)


def test_tiles_by_rows_as_fpack_makes_them_are_read_however_large_the_image(tmp_path):
    rows = tiled(tmp_path / "rows.fits", (9000, 9000), (1, 9000))
    assert open_plane(rows).read((4000, 8936, 4064, 9000)).shape == (64, 64)


def test_a_tile_of_gzip_that_unpacks_to_more_than_a_tile_is_refused(tmp_path, monkeypatch):
    bomb = gzip.compress(bytes(10_000_000))
    monkeypatch.setattr(_codecs, "gzip_compress", lambda _: bomb)
    path = tiled(tmp_path / "bomb.fits", (64, 64), (64, 64), "GZIP_1")
    monkeypatch.setattr(plane_module, "MAX_TILE_BYTES", 1_000_000)
    with pytest.raises(ImageError, match="unpacks to over 1000000"):
        open_plane(path).read((0, 0, 8, 8))


@pytest.mark.parametrize("sides", [(0, 64), (-1, 64)])
def test_tiles_without_a_side_are_a_bad_header(tmp_path, sides):
    path = tiled(tmp_path / "a.fits", (64, 64), (16, 64))
    with fits.open(path, mode="update", disable_image_compression=True) as file:
        file[1].header["ZTILE1"], file[1].header["ZTILE2"] = sides
    with pytest.raises(ImageError, match="ZTILEn: found"):
        open_plane(path)


def test_a_mosaic_that_is_let_go_of_at_every_read_gives_the_same_pixels(tmp_path):
    image = np.random.default_rng(1).normal(size=(300, 500)).astype(np.float32)
    fits.PrimaryHDU(image).writeto(path := tmp_path / "a.fits")
    held = open_plane(path)
    dropped = open_plane(path, most_mapped=0)
    assert held.is_mapped and dropped.is_mapped
    views = list[np.ndarray]()
    for box in ((0, 0, 500, 300), (10, 20, 90, 70), (480, 280, 520, 310), (10, 20, 90, 70)):
        views.append(dropped.read(box))
        np.testing.assert_array_equal(views[-1], held.read(box))
    np.testing.assert_array_equal(views[0], image)  # what was read stays, though its pages are gone
