"""What the report draws and says beside its numbers: marks on pictures, which rows are shown, chance, what to do."""

import math
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from catalogs.database import connect, read_sql
from curation.pictures.local_sky import local_sky
from curation.release.advice import OF_MOSAICS, for_mosaics, for_rule
from curation.release.figures import histogram, sky_near
from curation.release.galleries import _picked  # pyright: ignore[reportPrivateUsage]
from curation.release.gates import BETWEEN, RULES, GateResult
from curation.release.histograms import Quantity, histograms, separations
from curation.release.notices import notices
from curation.release.picked import rows_of, sampled
from curation.release.report import NUMBERS
from curation.release.report_json import as_json
from curation.release.sky_marks import scale_bar, sky_marks
from schemas.expectations import Refusal

CUTOUT = {"width_px": 100, "height_px": 80, "pixel_x_arcsec": 1.5, "up_pa_deg": 0.0, "left_pa_deg": 90.0,
          "beam_major_arcsec": 15.0, "beam_minor_arcsec": 7.5, "beam_pa_deg": 90.0, "beam_from": "header"}  # fmt: skip


# -- marks -------------------------------------------------------------------------------------------------------------


def test_north_is_up_and_east_is_left_in_a_picture_as_astronomers_print_it():
    marks = sky_marks(CUTOUT)
    assert marks.north == pytest.approx((0, -1)) and marks.east == pytest.approx((-1, 0))
    assert (marks.bar, marks.bar_told) == (40, "1 arcmin")  # of 150 arcsec
    assert (marks.beam.major, marks.beam.minor) == (5, 2.5) and abs(math.cos(math.radians(marks.beam.turn_deg))) == 1
    mirrored = sky_marks(CUTOUT | {"left_pa_deg": 270.0})
    assert mirrored.north == pytest.approx((0, -1)) and mirrored.east == pytest.approx((1, 0))


@given(st.floats(0, 359), st.booleans(), st.floats(-80, 80))
def test_marks_point_where_the_sky_of_a_turned_header_lies(turn_deg, is_mirrored, dec_deg):
    """The ends of the arrows, put through the header itself, lie north and east of the centre."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [120.0, dec_deg], [50.5, 50.5]
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    wcs.wcs.cd = np.array([[cos, -sin], [sin, cos]]) @ np.diag([1 if is_mirrored else -1, 1]) / 3600
    there = local_sky(wcs, 49.5, 49.5)
    marks = sky_marks(CUTOUT | {"up_pa_deg": there.up_pa_deg[0], "left_pa_deg": there.left_pa_deg[0]})
    (ra, dec), *ends = (
        wcs.wcs_pix2world([[49.5 + 10 * x, 49.5 - 10 * y]], 0)[0] for x, y in ((0, 0), marks.north, marks.east)
    )
    (north_ra, north_dec), (east_ra, east_dec) = ends
    assert (north_dec - dec) * 3600 == pytest.approx(10, rel=1e-3) and abs(north_ra - ra) * 3600 < 0.1
    assert (east_ra - ra) * np.cos(np.radians(dec)) * 3600 == pytest.approx(10, rel=1e-3)
    assert abs(east_dec - dec) * 3600 < 0.1


def test_what_is_not_known_of_the_sky_is_not_drawn():
    assert sky_marks(CUTOUT | {"pixel_x_arcsec": None}) is None
    assert sky_marks(CUTOUT | {"up_pa_deg": None}).north is None
    assert sky_marks(CUTOUT | {"beam_pa_deg": None}).beam is None  # an ellipse needs its angle, a circle does not
    assert sky_marks(CUTOUT | {"beam_pa_deg": None, "beam_minor_arcsec": 15.0}).beam.major == 5
    assert sky_marks(CUTOUT | {"beam_major_arcsec": 90.0}).beam is None  # wider than half the picture


@pytest.mark.parametrize(
    ("side", "told"), [(2, None), (30, "10 arcsec"), (150, "1 arcmin"), (3600, "20 arcmin"), (40000, "2 deg")]
)
def test_a_scale_bar_has_a_round_length(side, told):
    bar, name = scale_bar(side)
    assert (name or None) == told and (bar is None or 10 < bar <= 40)


# -- which rows --------------------------------------------------------------------------------------------------------


class Shelf:
    """A store of one table, in parts."""

    def __init__(self, *parts: pa.Table) -> None:
        self.parts = parts

    def dataset(self, address: str) -> ds.Dataset:
        return ds.dataset([ds.dataset(part) for part in self.parts])


def numbered(n: int) -> pa.Table:
    return pa.table({"id": [f"id-{k:04d}" for k in range(n)], "survey": ["one", "two", "two", "two"] * (n // 4)})


def test_which_rows_are_sampled_does_not_depend_on_where_parts_begin():
    rows = numbered(400)

    def taken(*parts: pa.Table) -> dict[str, list[str]]:
        found = sampled(Shelf(*parts), ["cutouts/x/1"], "id", "survey", 24)
        return {value: [name for _, ids in some for name in ids] for value, some in found.items()}

    whole = taken(rows)
    assert taken(rows.slice(0, 97), rows.slice(97, 3), rows.slice(100)) == whole
    assert {value: len(set(ids)) for value, ids in whole.items()} == {"one": 24, "two": 24}
    assert [k for k in whole["two"] if k < "id-0020"] and [k for k in whole["two"] if k > "id-0250"]
    assert {value: len(ids) for value, ids in taken(numbered(20)).items()} == {"one": 5, "two": 15}


def test_rows_are_read_by_id_from_the_parts_that_have_them(tmp_path):
    folder = tmp_path / "table"
    folder.mkdir()
    for k in range(4):
        pq.write_table(numbered(40).slice(10 * k, 10), folder / f"part-{k}.parquet")

    class Parts:
        def dataset(self, address: str) -> ds.Dataset:
            return ds.dataset(sorted(folder.iterdir()))

    found = rows_of(Parts(), ["x"], "id", ["id-0031", "id-0007", "id-9999"], ("survey",))
    assert found == {"id-0007": {"id": "id-0007", "survey": "two"}, "id-0031": {"id": "id-0031", "survey": "two"}}


def test_no_picture_is_shown_twice_and_the_rarest_label_has_the_first_choice():
    def row(label: str, n: int, place: int | None, cutout: str, extreme: str = "") -> dict[str, Any]:
        return {"dataset": "d", "label": label, "n": n, "place": place, "cutout_id": cutout, "sample_id": f"s-{cutout}",
                "extreme": extreme}  # fmt: skip

    chosen = [row("common", 90, k, f"c{k}") for k in range(1, 11)] + [row("rare", 2, 1, "c1"), row("rare", 2, 2, "x")]
    chosen += [row("", None, None, "c1", "faintest"), row("", None, None, "y", "brightest")]
    picked = [(one["label"], one["cutout_id"]) for one in _picked(chosen)]
    assert picked == [*(("common", f"c{k}") for k in range(2, 8)), ("rare", "c1"), ("rare", "x"), ("", "y")]


def test_a_sky_of_any_size_is_a_bounded_number_of_cells():
    chance = np.random.default_rng(3)
    n = 20_000
    sky = pa.table({"ra_deg": chance.uniform(0, 360, n), "dec_deg": np.degrees(np.arcsin(chance.uniform(-1, 1, n))),
                    "split": ["train", "test"] * (n // 2), "benchmark": pa.nulls(n, pa.string())})  # fmt: skip
    with connect({"splits": sky}) as db:
        cells = db.sql(read_sql(NUMBERS / "sky.sql")).to_arrow_table().to_pylist()
        assert 300 < len(cells) <= 1500 and sum(one["n"] for one in cells) == n
        assert db.sql(read_sql(NUMBERS / "sky_near.sql")).fetchall() == []
    with connect({"splits": sky.slice(0, 5)}) as db:
        assert {row["side_deg"] for row in db.sql(read_sql(NUMBERS / "sky.sql")).to_arrow_table().to_pylist()} == {1}
    assert sky_near([{"ra_deg": 1.0, "dec_deg": 0.0}, {"ra_deg": 40.0, "dec_deg": 0.0}]) == ""


# -- distributions -----------------------------------------------------------------------------------------------------


def test_chance_is_drawn_beside_separations_and_adds_up_to_its_share():
    n, radius = 10_000, 30.0
    strewn = radius * np.sqrt(np.random.default_rng(5).uniform(0, 1, 300))  # by chance: as the area grows
    rows = pa.table({"separation_arcsec": strewn, "is_best": [True] * 300, "address": ["matches/pair/1"] * 300})
    matching = {"matching": "pair", "radius_arcsec": radius, "n_left": n, "chance_share": 0.03, "mode": "position"}
    with connect({"matches": rows}) as db:
        (found,) = separations(db, [matching])
        (silent,) = separations(db, [matching | {"chance_share": None}])
    assert sum(found.expected) == pytest.approx(300) and silent.expected == ()
    counted = np.array(found.counts["pair"])
    chi2 = float(np.sum((counted - np.array(found.expected)) ** 2 / np.array(found.expected)))
    assert chi2 < 2 * len(counted) and found.edges[0] == 0 and found.edges[-1] == radius
    assert "by chance" in histogram(found, {"pair": 0})


def test_a_histogram_says_what_it_leaves_out_and_what_is_in_it():
    values = [1.0, 10.0, 100.0, 0.0, -1.0, math.nan, math.inf, None]
    with connect({"t": pa.table({"dataset": ["a<b"] * 8, "value": pa.array(values, pa.float64())})}) as db:
        (found,) = histograms(db, [Quantity("peak", "SELECT dataset, value FROM t", log=True)])
        assert histograms(db, [Quantity("none", "SELECT dataset, NULL AS value FROM t")]) == []
    assert (found.n, found.n_left_out, sum(found.counts["a<b"])) == (3, 5, 3)
    assert (found.spread[0].least, found.spread[0].median, found.spread[0].most) == (1, 10, 100)
    drawn = histogram(found, {"a<b": 3})
    assert "a&lt;b: median 10, 1 to 100" in drawn and "a<b" not in drawn and "var(--series-3)" in drawn
    assert not re.search(r"#[0-9a-f]{6}\b", drawn) and "<style" not in drawn  # no colour, no rule of its own


# -- what to do --------------------------------------------------------------------------------------------------------


def test_every_rule_and_every_doubt_says_what_to_do():
    for file in RULES.glob("*.sql"):
        assert re.search(r"^-- do: [A-Z].{20,}[.]$", file.read_text(encoding="utf-8"), re.MULTILINE), file.name
        assert for_rule(BETWEEN, file.stem, "3 rows break it").endswith(".")
    assert "build --repair" in for_rule("samples", "key_unique", "not judged")
    assert "gate/offenders.parquet" in for_rule("samples", "split_one_of", "3 rows break it")
    assert "BMAJ" in for_mosaics("beam-from-survey: no beam in the file, 12 x 12 arcsec is assumed")
    told = "".join(file.read_text(encoding="utf-8") for file in (NUMBERS.parents[1] / "pictures").glob("*.py"))
    assert set(re.findall(r'f?"([a-z]+(?:-[a-z0-9]+)+): ', told)) <= set(OF_MOSAICS)
    assert "inspect" in for_mosaics("something new: of a later version")


def test_notices_come_with_the_worst_first():
    refusals = (Refusal("samples", "a_rule", "warning", "1 row breaks it", "it holds"),
                Refusal(BETWEEN, "leak_patch", "critical", "2 rows break it", "no leak"))  # fmt: skip
    gate = GateResult(False, refusals, 2, 2, RULES)
    numbers = {
        "labels": [{"dataset": "d", "label": "FR-I", "n_shown": 4, "n_train": 0}],
        "twins": [{"n_conflicts": 1}], "warnings": [],
        "matchings": [{"matching": "m", "n_left": 100, "n_left_matched": 10, "chance_share": 0.05,
                       "radius_arcsec": 60}],
        "drawn": [{"survey": "s", "drawn": "zscale", "n_with_source": 10, "n_burnt": 9}],
    }  # fmt: skip
    found = notices(gate, numbers, exam_is_current=False)
    assert [one.severity for one in found] == ["critical", "warning"] + ["notice"] * 5
    assert found[0].what == "no leak" and found[0].todo.startswith("Do not release.")
    assert {one.anchor for one in found[2:]} == {"labels", "twins", "matchings", "statistics", "exam"}
    assert "about 5.0 of 10 matched rows" in found[4].found


def test_numbers_that_json_does_not_have_are_null_and_pictures_are_left_out():
    assert as_json({"a": (1.5, math.inf, math.nan), "picture": "data:", ("b", 1): None}) == {
        "a": [1.5, None, None], "('b', 1)": None,
    }  # fmt: skip
