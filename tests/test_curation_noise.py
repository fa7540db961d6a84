"""Noise and background of boxes around a cutout: held against what was planted, and against astropy."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.stats import sigma_clipped_stats
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter

from catalogs.noise import BOX_BEAMS, NoiseOptions, NoiseRecipe, noise_recipe
from catalogs.survey import HERE, Survey, surveys
from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.corpus import Corpus, corpus, graph
from curation.engine.run import build
from curation.pictures.boxed_noise import NoiseBoxes, Side, box_side_px, noise_of_box
from curation.pictures.cards import ImageError
from curation.pictures.frame import AS_CUT, Frame
from curation.pictures.framed import framed_cutouts, levelled_cutouts
from curation.pictures.frames import frames
from curation.pictures.noise import noise
from curation.pictures.windows import windows
from curation.release.built import opened
from curation.release.export import export
from curation.release.gates import counts, table_checks
from curation.release.why import chain, told
from curation.stream import stream
from curation.used_doors import used_door
from schemas.errors import RecipeError
from schemas.folder import read_door
from schemas.manifest import door_of
from schemas.tables import CORPUS_TABLES, SOURCES
from tests.test_curation_cutouts import (
    PICTURE,
    RECIPE,
    SURVEY,
    header_of,
    image_of,
    index,
    overlapping,
    source,
    write,
)

LOCAL = NoiseRecipe("local", "local", None, 80)
SIDE_PX = 600
SIGMA = 1.5  # of the beam, in pixels
FAR = 0.1  # of a value: what a box of some 80 independent beams may be off


def beamed(shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    """Noise of rms 1 that a beam has smoothed."""
    made = gaussian_filter(np.random.default_rng(seed).normal(size=shape), SIGMA)
    return made / made.std()


def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A mosaic in Jy/beam, of noise and level that grow, with sources; rms[y, x] and level[y, x] in mJy/beam."""
    y, x = np.indices((SIDE_PX, SIDE_PX)) / SIDE_PX
    rms, level = 0.1 + 0.3 * x, 2.0 * y - 0.5
    image = rms * beamed((SIDE_PX, SIDE_PX)) + level
    for place in np.random.default_rng(2).integers(10, SIDE_PX - 10, (60, 2)):
        image[tuple(place)] += 50.0
    return (image / 1000).astype(">f4"), rms, level


def made(folder: Path, rows: list[dict], recipe: NoiseRecipe, frame: Frame = AS_CUT) -> tuple[list[dict], list[dict]]:
    """NOISE and CUTOUTS; nothing is refused."""
    table, sources = index(folder), SOURCES.of(rows)
    planned = windows(sources, table, RECIPE, SURVEY).kept
    framed = frames(planned, table, sources, RECIPE, frame, raw=folder).kept
    found = noise(framed, table, recipe, frame, raw=folder)
    cut = levelled_cutouts(found.kept, framed, table, RECIPE, PICTURE, frame, raw=folder)
    assert found.kept.num_rows == cut.kept.num_rows == len(rows)
    return found.kept.to_pylist(), cut.kept.to_pylist()


def places(folder: Path, at: np.ndarray, side_px: int = 40) -> list[dict]:
    """Sources at pixels (x, y) of the first mosaic."""
    ra, dec = sky_of_pixels(read_wcs(index(folder)["header"][0].as_py()), *at.T)
    return [source(ra[i], dec[i], side_px * 1.8, name=str(i)) for i in range(len(at))]


# --- against what is known


def test_the_noise_and_the_level_that_were_planted_are_found_and_the_level_is_gone(tmp_path):
    image, rms, level = planted()
    write(tmp_path / "a.fits", image)
    at = np.random.default_rng(3).integers(30, SIDE_PX - 30, (40, 2))
    found, cut = made(tmp_path, places(tmp_path, at), LOCAL)
    by_source = {row["source_id"]: row for row in found}
    off, far = [], []
    for (x, y), row in zip(at, places(tmp_path, at), strict=True):
        told_ = by_source[row["source_id"]]
        off.append(told_["rms_local_mjy_per_beam"] / rms[y, x] - 1)
        far.append((told_["background_local_mjy_per_beam"] - level[y, x]) / rms[y, x])
        assert (
            told_["state"] == "local" and told_["box_px"] == 80 and told_["box_arcsec"] == pytest.approx(144, rel=1e-4)
        )
    # The level grows by 0.27 mJy/beam over a box, which counts as noise: more where there is little of it.
    assert np.abs(np.array(far)).max() < 0.5 and abs(np.mean(far)) < 0.1
    noisy = rms[at[:, 1], at[:, 0]] > 0.2
    assert np.abs(np.array(off))[noisy].max() < 2 * FAR and abs(np.mean(np.array(off)[noisy])) < FAR
    for row in cut:
        told_ = by_source[row["source_id"]]
        assert row["rms_mjy_per_beam"] == told_["rms_local_mjy_per_beam"]
        assert abs(np.median(image_of(row))) < 0.5 * row["rms_mjy_per_beam"] < told_["rms_local_mjy_per_beam"]
        assert row["stretch"].startswith("less the local background; log")


def test_each_box_is_what_astropy_clips(tmp_path):
    image, _, _ = planted()
    image[200:330, 100:260] = np.nan
    write(tmp_path / "a.fits", image)
    at = np.array([[90.0, 190.0]])
    ((row,), _) = made(tmp_path, places(tmp_path, at), LOCAL)
    (boxes,) = row["boxes"]
    background, rms = (np.array(boxes[name]).reshape(len(boxes["y_px"]), -1) for name in ("background", "rms"))
    for j, y in enumerate(boxes["y_px"]):
        for i, x in enumerate(boxes["x_px"]):
            part = image[int(y - 39.5) : int(y + 40.5), int(x - 39.5) : int(x + 40.5)].astype(float) * 1000
            part = part[np.isfinite(part)]
            mean, _, deviation = sigma_clipped_stats(part, sigma=3, maxiters=20)
            assert rms[j, i] == pytest.approx(deviation, rel=0.02), (x, y)
            assert background[j, i] == pytest.approx(mean, abs=0.1 * deviation)


@settings(deadline=None, max_examples=30)
@given(
    st.integers(40, 700),
    st.sampled_from([16, 30, 80, 200]),
    st.tuples(st.integers(-50, 720), st.integers(1, 300)),
    st.integers(0, 1000),
)
def test_between_boxes_it_is_bilinear_as_scipy_has_it(n_px, box_px, window, seed):
    side, other = Side(n_px, box_px), Side(200, 80)
    ends = [side.edges(k) for k in range(side.n_boxes)]
    assert ends[0][0] == 0 and ends[-1][1] == n_px  # no pixel is in no box
    assert all(one[1] >= next_[0] for one, next_ in zip(ends, ends[1:], strict=False))
    assert all(high - low >= box_px / 2 or high == n_px for low, high in ends)
    start, width = min(window[0], n_px - 1), window[1]
    box = (start, 10, start + width, 60)
    values = np.random.default_rng(seed)
    known: dict[tuple[int, ...], np.ndarray] = {}

    def read(_name: str, asked: tuple[int, ...]) -> np.ndarray:
        shape = asked[3] - asked[1], asked[2] - asked[0]
        return known.setdefault(asked, values.normal(values.normal(), 1, shape))

    mosaic = {"width_px": n_px, "height_px": 200, "mosaic": "a", "sha256": ""}
    boxes = NoiseBoxes({"a": mosaic}, read, NoiseRecipe("local", "local", None, box_px))
    found = boxes.under("a", box)
    assert boxes.under("a", box).rms.tolist() == found.rms.tolist()
    x, y = np.clip(np.arange(box[0], box[2]), *found.x_px[[0, -1]]), np.clip(np.arange(10, 60), *found.y_px[[0, -1]])
    assert found.x_px[0] <= max(start, side.middles[0]) and found.x_px[-1] >= min(start + width - 1, side.middles[-1])
    wanted = _interpolated(found, y, x)
    np.testing.assert_allclose(found.background_of(box), wanted, rtol=1e-9, atol=1e-12)
    assert other.n_boxes == 4


def _interpolated(found, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    axes, values = [found.y_px, found.x_px], found.background
    for axis in (0, 1):  # scipy wants two along each axis
        if len(axes[axis]) == 1:
            axes[axis] = np.array([axes[axis][0], axes[axis][0] + 1])
            values = np.repeat(values, 2, axis=axis)
    return RegularGridInterpolator(axes, values)(np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1))


# --- the same whoever asks, and blanks


def test_a_picture_is_the_same_alone_in_another_order_and_beside_others(tmp_path):
    image, _, _ = planted()
    write(tmp_path / "a.fits", image)
    rows = places(tmp_path, np.array([[100.0, 100.0], [130.0, 110.0], [500.0, 420.0], [12.0, 585.0]]))
    together = [{row["source_id"]: row for row in some} for some in made(tmp_path, rows, LOCAL)]
    for row in reversed(rows):
        alone = [some[0] for some in made(tmp_path, [row], LOCAL)]
        assert [some[row["source_id"]] for some in together] == alone


def test_where_boxes_are_blank_others_stand_for_them_and_where_all_are_the_picture_does(tmp_path):
    image, _, _ = planted()
    image[:, 265:] = np.nan
    image[280:320, 440:480] = 0.001 * beamed((40, 40))  # an island of known sky, too small for a box
    write(tmp_path / "a.fits", image)
    rows = places(tmp_path, np.array([[255.0, 200.0], [460.0, 300.0], [200.0, 200.0]]), 30)
    found, cut = made(tmp_path, rows, NoiseRecipe("local", "local", None, 120))
    state = {row["source_id"]: row for row in found}
    pictures = {row["source_id"]: row for row in cut}
    edge, island, inside = (state[row["source_id"]] for row in rows)
    assert [edge["state"], island["state"], inside["state"]] == ["nearest", "window", "local"]
    assert edge["rms_local_mjy_per_beam"] > 0.2 and None in edge["boxes"][0]["rms"]
    shown = pictures[rows[1]["source_id"]]
    assert island["rms_local_mjy_per_beam"] is None and island["n_boxes"] == 0
    assert shown["rms_mjy_per_beam"] == pytest.approx(1, rel=0.2) and "less" not in shown["stretch"]


@pytest.mark.parametrize(
    ("image", "known"),
    [
        (np.full((40, 40), np.nan), False),
        (np.zeros((40, 40)), False),
        (np.where(np.arange(1600).reshape(40, 40) < 390, 1.0, np.nan) * beamed((40, 40)), False),
        (np.where(np.arange(1600).reshape(40, 40) < 500, 1.0, np.nan) * beamed((40, 40)), True),
        (beamed((7, 7)), False),
    ],
)
def test_a_box_of_too_little_sky_is_no_measurement(image, known):
    found = noise_of_box(np.ascontiguousarray(image, np.float32))
    assert bool(np.isfinite(found).all()) is known


# --- options


def test_the_level_of_a_mosaic_is_one_number_and_noise_of_the_window_stays_its_own(tmp_path):
    image, _, _ = planted()
    write(tmp_path / "a.fits", image)
    rows = places(tmp_path, np.array([[100.0, 100.0], [400.0, 450.0]]))
    found, cut = made(tmp_path, rows, NoiseRecipe("window", "global", None, 80))
    taken = {row["background_taken_mjy_per_beam"] for row in found}
    assert len(taken) == 1 and taken.pop() == pytest.approx(0.5, abs=0.1)  # the level in the middle
    table, sources = index(tmp_path), SOURCES.of(rows)
    framed = frames(windows(sources, table, RECIPE, SURVEY).kept, table, sources, RECIPE, AS_CUT, raw=tmp_path).kept
    for was, now in zip(
        framed_cutouts(framed, table, RECIPE, PICTURE, AS_CUT, raw=tmp_path).kept.to_pylist(), cut, strict=True
    ):
        level = found[0]["background_taken_mjy_per_beam"]
        np.testing.assert_array_equal(image_of(now), (image_of(was) - level).astype(np.float32))
        assert now["rms_mjy_per_beam"] == pytest.approx(was["rms_mjy_per_beam"], rel=1e-4)
        assert now["stretch"] == f"less the global background; {was['stretch']}"


def test_without_a_background_the_pixels_stay(tmp_path):
    image, _, _ = planted()
    write(tmp_path / "a.fits", image)
    rows = places(tmp_path, np.array([[100.0, 100.0]]))
    (row,), (cut,) = made(tmp_path, rows, NoiseRecipe("local", "none", None, 80))
    assert row["background_taken_mjy_per_beam"] is None and row["background_local_mjy_per_beam"] < 0
    np.testing.assert_array_equal(image_of(cut), image[80:120, 80:120].astype(np.float32) * np.float32(1000))


def test_of_several_mosaics_and_on_other_pixels_each_is_less_its_own_level(tmp_path):
    level = (2e-3, -3e-3, 0.0)
    overlapping(tmp_path, *((1e-3 * beamed((300, 300), k) + level[k]).astype(">f4") for k in range(3)))
    row = source(150.0, 2.0, 72.0)
    frame = Frame(overlap="combined", pixel_arcsec=1.8, north_up=True)
    (told_,), (cut,) = made(tmp_path, [row], LOCAL, frame)
    assert len(told_["boxes"]) > 1
    seen = image_of(cut)
    assert abs(np.nanmean(seen)) < 0.3 * told_["rms_local_mjy_per_beam"]
    assert told_["rms_local_mjy_per_beam"] < 0.85  # of several that are independent


@pytest.mark.parametrize(
    ("of_corpus", "of_survey", "wanted"),
    [
        ({}, {}, None),
        ({}, {"box_beams": 40}, None),
        ({"rms": "local"}, {}, NoiseRecipe("local", "none", BOX_BEAMS, None)),
        ({"rms": "local"}, {"box_beams": 40}, NoiseRecipe("local", "none", 40, None)),
        ({"rms": "local", "box_px": 64}, {"box_beams": 40}, NoiseRecipe("local", "none", None, 64)),
        ({}, {"background": "local"}, NoiseRecipe("window", "local", BOX_BEAMS, None)),
        ({"background": "none"}, {"background": "local"}, None),
    ],
)
def test_the_corpus_file_goes_before_the_surveys(of_corpus, of_survey, wanted):
    assert noise_recipe(NoiseOptions(**of_corpus), NoiseOptions(**of_survey)) == wanted


def test_a_box_is_so_many_beams_or_is_refused():
    mosaic = {"mosaic": "a", "sha256": "", "pixel_arcsec": 1.5, "beam_major_arcsec": 8.0, "beam_minor_arcsec": 4.5}
    of_beams = NoiseRecipe("local", "none", 40.0, None)
    assert box_side_px(mosaic, of_beams) == 160
    assert box_side_px(mosaic, of_beams, (12.0, 12.0, 0.0)) == 320
    assert box_side_px(mosaic, NoiseRecipe("local", "none", None, 51)) == 50
    for changed, reason in (({"beam_major_arcsec": None}, "beam-unknown"), ({"pixel_arcsec": 0.01}, "box-too-large")):
        with pytest.raises(ImageError) as error:
            box_side_px({**mosaic, **changed}, of_beams)
        assert error.value.reason == reason and "in [noise]" in str(error.value)


def test_a_picture_without_a_beam_is_refused_with_what_to_do(tmp_path):
    header = header_of()
    del header["BMAJ"]
    write(tmp_path / "a.fits", planted()[0], header)
    table, sources = index(tmp_path), SOURCES.of(places(tmp_path, np.array([[100.0, 100.0]])))
    framed = frames(windows(sources, table, RECIPE, SURVEY).kept, table, sources, RECIPE, AS_CUT, raw=tmp_path).kept
    found = noise(framed, table, NoiseRecipe("local", "none", 30.0, None), AS_CUT, raw=tmp_path)
    assert found.reasons == {"beam-unknown": 1}
    assert found.rejected["detail"][0].as_py().endswith("say box_px in [noise]")


@pytest.mark.parametrize(
    ("lines", "told_"),
    [
        ('rms = "globe"', "noise.rms: found 'globe'"),
        ("box_beams = 30\nbox_px = 90", "found box_beams and box_px, expected one of them"),
        ("box_px = 2", "noise.box_px: "),
        ("boxes = 2", "noise.boxes"),
    ],
)
def test_a_mistake_in_the_corpus_file_is_told(tmp_path, lines, told_):
    file = tmp_path / "mine.toml"
    file.write_text(f'title = "mine"\ndatasets = ["demo_fanaroff"]\n[noise]\n{lines}\n')
    with pytest.raises(RecipeError) as error:
        read_door(Corpus, file)
    assert told_ in str(error.value) and len(str(error.value).splitlines()) <= 2


CHOICE = """
[noise]
rms        = "local"
background = "local"
"""


def test_a_corpus_with_local_noise_is_built_and_told_and_moves_no_other(reviewed_corpus, tmp_path):
    before = reviewed_corpus.graph()
    mine = reviewed_corpus.copied(tmp_path)
    file = tmp_path / "noisy.toml"
    file.write_text(reviewed_corpus.file.read_text() + CHOICE)
    wanted = corpus(str(file))
    found = graph(wanted, mine.raw, mine.store)
    old, new = ({step.name.split("/")[0]: step.address for step in one.steps} for one in (before, found))
    same = {kind for kind in old if old[kind] == new[kind]}
    assert same == {"mosaics", "sources", "objects", "windows"} and set(new) - set(old) == {"frames", "noise"}
    build(found.steps, mine.store, workers=0, say=lambda _: None)
    folder = Path(mine.store.root) / found.handover
    export(mine.store, found, folder)
    with opened(mine.store, found.addresses()) as db:
        for one in [table_checks(table) for table in CORPUS_TABLES if table.name in ("NOISE", "CUTOUTS")]:
            assert not {name: n for name, n in counts(db, one).items() if n and name != "n_rows"}
        ((sample,),) = db.sql("SELECT min(sample_id) FROM samples").fetchall()
    lines = told(chain(sample, mine.store))
    assert any(line.startswith("  noise   ") and "boxes of" in line for line in lines)
    with pytest.raises(RecipeError, match=r"its \[noise\], or that of a survey"):
        stream(str(file), raw=mine.raw, store=str(mine.store.root))
    card = (folder / "README.md").read_text()
    assert "## Noise" in card and "the local background is subtracted" in card and "## Pixels" not in card
    kept = pq.read_table(folder / "provenance.parquet").to_pylist()
    assert all(row["noise_of"] == "local" and row["rms_local_mjy_per_beam"] == row["rms_mjy_per_beam"] for row in kept)


def test_a_survey_that_says_nothing_of_noise_has_the_digest_of_before():
    silent = surveys()["first"]
    fields = {name: getattr(silent, name) for name in Survey.model_fields if name != "noise"}
    before = door_of("surveys", "first", HERE / "first.toml", fields).sha256
    assert used_door("surveys", silent).sha256 == before
    aloud = Survey.model_validate({**fields, "noise": NoiseOptions(rms="local")})
    assert used_door("surveys", aloud).sha256 != before
