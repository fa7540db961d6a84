"""The stream of pictures, on real FITS files: each view once, in one order, as CUTOUTS has it."""

import json

import numpy as np
import pyarrow as pa
import pytest
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from catalogs.dataset import CutoutRecipe
from catalogs.wcs_sky import pixels_of_sky, read_wcs, sky_of_pixels
from curation.pictures.covering import covered
from curation.pictures.cutouts import cutouts
from curation.pictures.mosaics import find_files, mosaics
from curation.pictures.png import png_bytes
from curation.pictures.render import Picture
from curation.pictures.stream import Delivery, Stream
from curation.pictures.views import as_shown, side_in_arcsec, side_in_px, views_of_everything, views_of_positions
from curation.pictures.windows import windows
from curation.stream import stream
from schemas.errors import CatalogError, RecipeError
from schemas.tables import SOURCES
from tests.test_curation_cutouts import SURVEY, header_of, index, noise, source, write

PICTURE = Picture(side_px=32)
BRIGHTNESS = Delivery(batch_size=7, picture=None)
N = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three mosaics: two that overlap, one of them compressed and blank in the middle, and a Galactic one elsewhere."""
    where = tmp_path_factory.mktemp("mosaics")
    write(where / "a.fits", noise())
    half = noise(seed=2)
    half[:, 50:70] = np.nan
    write(where / "b.fits.gz", half, header_of(longitude=150.01))
    write(where / "c.fits", noise((300, 200), seed=3), header_of("GLON-CAR", "GLAT-CAR", 340.0, 0.0))
    return where


@pytest.fixture(scope="module")
def positions(folder):
    """Positions on the mosaics, over their edges, and some off them or without a number."""
    table, rng = index(folder).to_pylist(), np.random.default_rng(5)
    ra, dec = list[float](), list[float]()
    for mosaic in table:
        x, y = rng.uniform(0, mosaic["width_px"] - 1, N // 3), rng.uniform(0, mosaic["height_px"] - 1, N // 3)
        for found, kept in zip(sky_of_pixels(read_wcs(mosaic["header"]), x, y), (ra, dec), strict=True):
            kept.extend(found.tolist())
    labels = [[{"scheme": "x", "label": f"kind-{i % 3}", "state": "present"}] for i in range(N)]
    names = [f"source-{i}" for i in range(N)] + ["far", "nowhere"]
    return pa.table(
        {
            "source_id": names, "ra_deg": pa.array([*ra, 10.0, None]), "dec_deg": pa.array([*dec, -70.0, None]),
            "labels": pa.array([*labels, [], []], SOURCES.schema.field("labels").type),
        }
    )  # fmt: skip


def made(folder, table, delivery=BRIGHTNESS, side=20, **more) -> Stream:
    return Stream(views_of_positions(as_shown(table), index(folder), side_in_px(side)), folder, delivery, **more)


def names(batches) -> list[str]:
    return [name for batch in batches for name in [*batch.ids, *(one.row_id for one in batch.refused)]]


def test_pictures_in_colour_are_the_three_grey_ones(folder, positions):
    three = ("zscale", "asinh", "log")
    ways = [Picture(32, three), *(Picture(32, one) for one in three)]
    colour, *grey = (next(iter(made(folder, positions, Delivery(5, picture)))).images for picture in ways)
    assert colour.shape == (*grey[0].shape, 3) and colour.dtype == np.uint8
    for k, one in enumerate(grey):
        np.testing.assert_array_equal(colour[..., k], one)


def test_every_row_is_delivered_or_refused_once(folder, positions):
    whole = made(folder, positions, Delivery(batch_size=7, picture=None, most_blank=0.3, seed=3))
    batches = list(whole)
    assert sorted(names(batches)) == sorted(f"source-{i}" for i in range(N))
    reasons = {one.reason for batch in batches for one in batch.refused}
    assert reasons <= {"mostly-blank", "all-blank"} and "mostly-blank" in reasons
    assert {one.row_id: one.reason for one in whole.refused} == {"far": "off-mosaic", "nowhere": "no-position"}
    n_out = sum(len(batch.ids) + len(batch.refused) for batch in batches) + len(whole.refused)
    assert n_out == positions.num_rows


def test_a_view_is_the_slice_that_cutout2d_gives_with_its_wcs_and_labels(folder, positions):
    by_name = {one["source_id"]: one for one in positions.to_pylist()}
    table = {one["mosaic"]: one for one in index(folder).to_pylist()}
    n_seen = 0
    for batch in made(folder, positions, Delivery(batch_size=16, picture=None, most_blank=1.0)):
        for i, name in enumerate(batch.ids):
            row, wcs = by_name[name], read_wcs(batch.wcs_headers[i])
            assert (batch.ra_deg[i], batch.dec_deg[i]) == (row["ra_deg"], row["dec_deg"])
            assert batch.labels[i] == {one["label"]: "present" for one in row["labels"]}
            x, y = (float(one[0]) for one in pixels_of_sky(wcs, row["ra_deg"], row["dec_deg"]))
            assert max(abs(x - 9.5), abs(y - 9.5)) <= 0.5 + 1e-6
            if "CAR" in batch.wcs_headers[i]:
                mosaic = WCS(read_wcs(table["c.fits"]["header"]).to_header())
                at = pixels_of_sky(mosaic, row["ra_deg"], row["dec_deg"])
                image = noise((300, 200), seed=3)
                theirs = Cutout2D(image, (at[0][0], at[1][0]), 20, mode="partial", fill_value=np.nan).data
                np.testing.assert_array_equal(batch.images[i], theirs.astype(np.float32) * np.float32(1000))
                n_seen += 1
    assert n_seen == N // 3


def test_pictures_and_refusals_are_those_of_cutouts(folder, positions):
    rows = [source(one["ra_deg"], one["dec_deg"], 30.0, name=one["source_id"]) for one in positions.to_pylist()[:N]]
    sources, table = SOURCES.of(rows), index(folder)
    ours = Stream(views_of_positions(as_shown(sources), table, side_in_arcsec(30.0)), folder, Delivery(picture=PICTURE))
    planned = windows(sources, table, CutoutRecipe(), SURVEY)
    theirs = cutouts(planned.kept, table, CutoutRecipe(), PICTURE, raw=folder)
    pictures = {name: png_bytes(image) for batch in ours for name, image in zip(batch.ids, batch.images, strict=True)}
    assert pictures == {one["source_id"]: one["png"] for one in theirs.kept.to_pylist()}
    refused = sorted(one.reason for batch in ours for one in batch.refused)
    assert refused == sorted(theirs.rejected["reason"].to_pylist())
    assert len({one["mosaic"] for one in theirs.kept.to_pylist()}) == 3


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_any_number_of_processes_share_an_epoch_in_one_order(folder, positions, world):
    whole = made(folder, positions, Delivery(batch_size=7, picture=None, seed=4))
    alone = [batch.ids for batch in whole]
    shares = [[batch.ids for batch in whole.shard(rank, world)] for rank in range(world)]
    together = [shares[k % world][k // world] for k in range(len(alone))]
    assert together == alone and sum(map(len, shares)) == len(alone)


def test_a_seed_gives_one_order_and_each_epoch_its_own(folder, positions):
    one, same = (made(folder, positions, Delivery(picture=None, seed=4)) for _ in range(2))
    other, plain = made(folder, positions, Delivery(picture=None, seed=5)), made(folder, positions)
    assert names(one) == names(same) != names(other)
    assert names(one.at_epoch(1)) != names(one) and sorted(names(one.at_epoch(1))) == sorted(names(one))
    assert names(plain) == names(plain.at_epoch(1))


@pytest.mark.parametrize("world", [1, 2, 3])
def test_a_stream_goes_on_from_a_saved_state_with_other_processes(folder, positions, world):
    whole = made(folder, positions, Delivery(batch_size=5, picture=None, seed=1)).at_epoch(2)
    alone, used, state = names(whole), list[str](), {}
    halves = [iter(whole.shard(rank, 2)) for rank in range(2)]
    for _ in range(2):  # both processes have used two batches
        for half in halves:
            batch = next(half)
            used += names([batch])
            state = json.loads(json.dumps(batch.state))
    left = made(folder, positions, Delivery(batch_size=5, picture=None, seed=1)).resumed(state)
    assert left.epoch == 2 and len(left) == len(whole) - 4
    rest = sorted(name for rank in range(world) for name in names(left.shard(rank, world)))
    assert used == alone[: len(used)] and rest == sorted(alone[len(used) :])


def test_a_state_of_another_stream_is_refused(folder, positions):
    one = made(folder, positions)
    state = next(iter(one)).state
    for other in (
        made(folder, positions, side=22),
        made(folder, positions.slice(1)),
        made(folder, positions, Delivery()),
    ):
        with pytest.raises(RecipeError, match=f"state: found one of stream {one.name}, expected {other.name}"):
            other.resumed(state)
    with pytest.raises(RecipeError, match="found epoch None and next_batch 'x', expected whole numbers"):
        one.resumed({"stream": one.name, "next_batch": "x"})


def test_torchs_loader_deals_the_batches_out_to_its_workers_in_order(folder, positions):
    torch = pytest.importorskip("torch")
    whole = made(folder, positions, Delivery(batch_size=7, picture=PICTURE, seed=9))
    share = whole.shard(1, 2)
    loaded = list(torch.utils.data.DataLoader(share, batch_size=None, num_workers=2))
    assert [batch.ids for batch in loaded] == [batch.ids for batch in share]
    for ours, theirs in zip(share, loaded, strict=True):
        assert isinstance(theirs.images, torch.Tensor) and theirs.images.dtype == torch.uint8
        np.testing.assert_array_equal(theirs.images.numpy(), ours.images)
        assert theirs.state == ours.state


def test_a_broken_file_refuses_its_views_and_no_others(tmp_path, positions):
    for name, longitude in (("a", 150.0), ("c", 10.0)):
        write(tmp_path / f"{name}.fits", noise(), header_of(longitude=longitude))
    table = pa.table({"ra_deg": [150.0, 10.0], "dec_deg": [2.0, 2.0]})
    good = mosaics(find_files(tmp_path, SURVEY, {}), SURVEY, raw=tmp_path).kept
    with (tmp_path / "a.fits").open("r+b") as file:
        file.truncate(3000)
    with pytest.raises(CatalogError, match=r"a\.fits: not the file it was when it was indexed"):
        list(Stream(views_of_positions(as_shown(table), good, side_in_px(8)), tmp_path))
    bad = good.to_pylist()
    bad[0]["sha256"] = index_sha(tmp_path / "a.fits")
    views = views_of_positions(as_shown(table), pa.Table.from_pylist(bad, good.schema), side_in_px(8))
    (batch,) = Stream(views, tmp_path)
    assert batch.ids == ["1"] and [(one.row_id, one.reason) for one in batch.refused] == [("0", "unreadable")]


def index_sha(path) -> str:
    from schemas.fingerprint import sha256_of

    return sha256_of(path)


def test_everything_is_each_pixel_of_each_mosaic(folder):
    views = views_of_everything(index(folder), 64, 50)
    seen = {one["mosaic"]: np.zeros((one["height_px"], one["width_px"]), bool) for one in views.mosaics}
    for place, x_min, y_min, x_max, y_max in views.windows.tolist():
        seen[views.mosaics[place]["mosaic"]][y_min:y_max, x_min:x_max] = True
    assert all(one.all() for one in seen.values())
    delivered = list(Stream(views, folder, Delivery(picture=None)))
    assert sum(len(one.ids) + len(one.refused) for one in delivered) == len(views)
    i = delivered[0].ids.index("a.fits:50,36")
    np.testing.assert_array_equal(delivered[0].images[i], noise()[36:100, 50:114].astype("f4") * np.float32(1000))
    assert views_of_everything(index(folder), 500, 500).windows[0].tolist() == [0, 0, 0, 500, 500]


def test_mosaics_are_found_as_one_by_one(folder):
    rng, rows = np.random.default_rng(6), index(folder).to_pylist()
    ra, dec = rng.uniform(149.95, 150.05, 500), rng.uniform(1.97, 2.03, 500)
    ra[0], dec[1] = np.nan, np.nan
    found = {(one.mosaic, place) for one in covered(ra, dec, rows) for place in one.positions.tolist()}
    wanted = set[tuple[int, int]]()
    for place, one in enumerate(rows):
        x, y = pixels_of_sky(read_wcs(one["header"]), np.nan_to_num(ra), np.nan_to_num(dec))
        on = (x >= -0.5) & (x < one["width_px"] - 0.5) & (y >= -0.5) & (y < one["height_px"] - 0.5)
        wanted |= {(place, i) for i in np.flatnonzero(on & np.isfinite(ra) & np.isfinite(dec)).tolist()}
    assert found == wanted and len(found) > 100


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"delivery": Delivery(), "side_px": 2}, "side_px: found 2, expected 4 to 8192"),
        ({"side_px": 20, "side_arcsec": 30.0}, "expected one of side_px and side_arcsec"),
        ({"side_arcsec": -1.0}, "side_arcsec: found -1.0, expected a size above 0"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(raw, positions, more, told):
    with pytest.raises(RecipeError, match=told):
        stream(positions, "lotss_dr1", raw=raw, **more)


def test_brightness_of_many_sizes_is_refused_before_anything_is_read(folder, positions):
    sides = np.arange(positions.num_rows)
    views = views_of_positions(as_shown(positions), index(folder), lambda _, one: 20 + sides[one.positions] % 5)
    with pytest.raises(RecipeError, match="windows are of 20 to 24 px, which no array holds"):
        Stream(views, folder, BRIGHTNESS)
    assert sum(len(batch.ids) for batch in Stream(views, folder, Delivery(picture=PICTURE)))


def test_a_table_without_positions_says_what_it_has():
    with pytest.raises(CatalogError, match="no column ra_deg and no dec_deg; it has: ra, dec"):
        as_shown(pa.table({"ra": [1.0], "dec": [2.0]}))
    with pytest.raises(CatalogError, match="expected degrees"):
        as_shown(pa.table({"ra_deg": ["1h"], "dec_deg": [2.0]}))


def test_a_real_survey_is_streamed_with_and_without_a_catalogue(raw):
    ours = stream("everything", "lotss_dr1", raw=raw, side_px=200, delivery=Delivery(batch_size=32, picture=None))
    batch = next(iter(ours))
    assert batch.images.shape[1:] == (200, 200) and batch.images.dtype == np.float32
    catalogued = stream("entries:lotss_dr1_sources", "lotss_dr1", raw=raw, side_arcsec=120.0)
    (batch,) = catalogued
    assert batch.images.shape == (len(catalogued.views), 384, 384) and 0 < len(batch.ids) < len(catalogued.refused)


def test_a_corpus_streams_the_pictures_that_it_has(demo_build):
    from curation.corpus import corpus, graph
    from curation.engine.store import Store

    store = Store(str(demo_build.store))
    cut = graph(corpus("tiny"), demo_build.out / "raw", store).addresses()["cutouts"]  # others cut them otherwise
    png = {row["cutout_id"]: row["png"] for one in cut for row in store.read(one).to_pylist()}
    (splits,) = (store.read(one).to_pylist() for one in store.addresses("splits/tiny"))
    ours = stream("tiny", raw=demo_build.out / "raw", store=str(demo_build.store), delivery=None)
    found = {name: png_bytes(image) for batch in ours for name, image in zip(batch.ids, batch.images, strict=True)}
    assert not [one for batch in ours for one in batch.refused]
    wanted = {one["cutout_id"]: png[one["cutout_id"]] for one in splits if one["split"] == "train"}
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if found[name] != wanted[name]] == []
    assert {state for batch in ours for one in batch.labels for state in one.values()} >= {"present"}
    with pytest.raises(RecipeError, match="no cutout is of split 'other'; found: "):
        stream("tiny", raw=demo_build.out / "raw", store=str(demo_build.store), split="other")
