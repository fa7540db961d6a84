"""Tables, figures and contact sheets: from scores alone, the same bytes for the same scores."""

import hashlib
import io
import json

import jsonschema
import pytest
from PIL import Image

from curation.asking.request import Reply
from evaluate.report.figures import Point, colours, merge_figure, undominated
from evaluate.report.report import Contents, drawings, report_tables, write_report
from evaluate.report.reporting import read_points
from evaluate.report.tables import TEX, dropping, rules, summary
from evaluate.report.worst import is_right, sheets, wanted
from evaluate.scoring.compare import compared, together
from evaluate.scoring.numbers import Number, blinds_of, prompt_band, scored_runs, seen
from evaluate.scoring.scores import scores
from evaluate.standard.forgetting import forgotten
from evaluate.tasks.benchmark import benchmark
from schemas.errors import CatalogError, RecipeError
from tests.test_evaluate_forgetting import result
from tests.test_evaluate_predictions import B5, B6, Says, asked, manner, tables

N = 24


def answers(right, wrong="It could be anything"):
    """A model that answers so many of the pictures with FR-I, and the others with `wrong`."""
    return Says(lambda k, one: Reply(one.key, "FR-I" if k < right else wrong, None, "", "stop", 1, 1, 0.1))


def made(backend, rows=None, door=B6, model="llava", **changed):
    """PREDICTIONS of a run."""
    found = asked(backend, rows or tables(N, door), door, **changed).kept
    for name, value in (("model", model), ("model_sha", hashlib.sha256(model.encode()).hexdigest())):
        column = found.schema.get_field_index(name)
        found = found.set_column(column, found.schema.field(column), [[value] * found.num_rows])
    return found


def scored(*several, door=B6):
    return scored_runs(scores(one, door, n_draws=200) for one in several)


def contents(*several, **given):
    return Contents(scored(*several), **given)


def table(found, name):
    return next(one for one in report_tables(found) if one.name == name)


@pytest.fixture(scope="module")
def runs():
    return [
        made(answers(12), model="llava-onevision"),
        made(answers(N), model="qwen2-vl"),
        made(answers(12), model="llava-onevision", variant="structured"),
        made(answers(N), model="qwen2-vl", shown="grey"),
        made(answers(20, "FR-II"), model="tuned", has_choices=True),
    ]


def test_every_run_that_looked_has_a_row_with_interval_coverage_and_blind_score(runs):
    found = scored(*runs)
    rows = {row[1]: dict(zip(summary(found).head, row, strict=True)) for row in summary(found).rows}
    assert set(rows) == {"llava-onevision", "llava-onevision (structured)", "qwen2-vl", "tuned"}
    assert "[" in rows["qwen2-vl"]["strict"] and rows["qwen2-vl"]["blind"] == rows["qwen2-vl"]["strict"]
    assert rows["llava-onevision"]["coverage"].startswith("50.0") and rows["llava-onevision"]["blind"] == "–"
    assert rows["tuned"]["choice"] != "–" and rows["qwen2-vl"]["choice"] == "–"
    assert [not blinds_of(one, found) for one in seen(found)] == [True, True, False, True]


def test_what_dropping_inflates_stands_beside_ours(runs):
    rows = {row[1]: dict(zip(dropping(scored(*runs)).head, row, strict=True)) for row in dropping(scored(*runs)).rows}
    assert rows["llava-onevision"]["kept"].startswith("50.0")
    assert float(rows["llava-onevision"]["inflation"]) > 0
    assert rows["qwen2-vl"]["inflation"] == "+0.0"


def test_where_the_original_kept_nothing_nothing_is_said_of_inflation():
    assert dropping(scored(made(answers(0)))).rows[0][-1] == "–"


def test_both_truth_rules_are_told_of_the_same_replies():
    found = made(Says(lambda _, one: Reply(one.key, "COMPLEX", None, "", "stop", 1, 1, 0.1)), door=B5)
    told = rules(scored(found, door=B5)).rows
    assert [row[2] for row in told] == ["peculiarity", "peculiarity-narrow"]
    assert told[0][4] != told[1][4]


def test_an_unreadable_answer_has_its_column_in_the_confusion(runs):
    (run,) = scored(runs[0])
    matrix = dict(run.matrix())
    assert set(matrix) == {"FR-I", "FR-II"} and all(row[-1][0] == "invalid" for row in matrix.values())
    assert sum(n for row in matrix.values() for _, n in row) == N
    assert sum(row[-1][1] for row in matrix.values()) == 12


def test_the_prompt_band_says_how_much_the_wording_decides(runs):
    more = made(answers(3), model="llava-onevision", option_order=1)
    (band,) = prompt_band(scored(*runs, more))
    assert (band.benchmark, band.model, len(band.values)) == (B6.name, "llava-onevision", 3)
    (row,) = table(Contents(scored(*runs, more)), "prompt-band").rows
    assert row[:4] == (B6.name, "llava-onevision", "all", "3")
    least, median, most = map(float, row[4:])
    assert least < median <= most


def test_a_newer_run_takes_the_place_of_an_equal_one(runs):
    twice = scored(made(answers(2)), made(answers(N)))
    assert len(twice) == 1 and twice[0].number("coverage", "all", "all").value == 1.0


def test_the_report_is_made_again_byte_for_byte_and_needs_nothing_else(runs, tmp_path):
    whole = contents(
        *runs,
        comparisons=together([compared(runs[1], runs[0], B6, n_draws=200)]),
        forgotten=[forgotten(result("ai2d", ["A"] * 9, ["A"] * 9), result("ai2d", ["B"] * 9, ["A"] * 9))],
        points=[Point("merge", 0.5, 60.0, 70.0), Point("base", 0.0, 30.0, 80.0)],
        base="llava-onevision",
    )
    write_report(whole, tmp_path / "one")
    write_report(whole, tmp_path / "two")
    files = {str(one.relative_to(tmp_path / "one")): one.read_bytes() for one in (tmp_path / "one").rglob("*.*")}
    assert files == {
        str(one.relative_to(tmp_path / "two")): one.read_bytes() for one in (tmp_path / "two").rglob("*.*")
    }
    drawn = {"classes", "differences", "variants", "calibration", "merging"}
    assert {f"figures/{name}.{kind}" for name in drawn for kind in ("svg", "png")} <= files.keys()
    assert {"tables/forgetting.csv", "tables/summary.tex", "tables/differences.csv", "report.md"} <= files.keys()
    numbers = json.loads(files["scores.json"])
    assert len(numbers["runs"]) == 5 and numbers["form"] == 2
    jsonschema.validate(numbers, json.loads(files["scores.schema.json"]))
    assert b"<script" not in files["report.html"] and b'src="http' not in files["report.html"]
    with Image.open(io.BytesIO(files["figures/classes.png"])) as image:
        assert image.width > 400


def test_without_scores_there_is_no_report(tmp_path):
    with pytest.raises(RecipeError, match="no scores"):
        write_report(Contents([]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_reply_cannot_put_anything_into_the_page(tmp_path):
    evil = made(Says(lambda _, one: Reply(one.key, "<script>alert(1)</script>", None, "", "stop", 1, 1, 0.1)))
    rows = evil.to_pylist()
    worst = sheets(rows, dict.fromkeys([row["image_id"] for row in rows], b""), B6, "evil")
    page = write_report(contents(evil, worst=worst), tmp_path).read_text()
    assert "<script" not in page and "&lt;script&gt;" in page


def test_the_worst_pictures_are_those_whose_truth_was_least_likely():
    rows = made(answers(20, "FR-II"), has_choices=True).to_pylist()
    found = sheets(rows, {row["image_id"]: b"" for row in rows}, B6, "run")
    wrong = [row for row in rows if not is_right(row)]
    assert sum(one.n_wrong for one in found) == len(wrong) and {one.of for one in found} <= set(B6.classes)
    for one in found:
        assert len(one.tiles) <= 10 and all(tile.truth == one.of for tile in one.tiles)
        likely = [float(tile.likely.removesuffix(" %")) for tile in one.tiles]
        assert likely == sorted(likely)
    shown = {tile.image_id for one in found for tile in one.tiles}
    assert shown == wanted(rows, B6)


def test_colours_are_the_papers_by_family_and_with_a_base_by_place():
    assert colours(["llava-onevision-7b", "tinyllava", "qwen2-vl-7b", "internvl2.5"]) == {
        "llava-onevision-7b": "#2b6cb0", "tinyllava": "#2f855a", "qwen2-vl-7b": "#c0392b", "internvl2.5": "#dd7a1f",
    }  # fmt: skip
    assert len(set(colours([f"llava-{k}" for k in range(6)]).values())) == 6
    assert colours(["qa", "base"], base="base")["base"] == "#c0392b"


def test_merged_models_that_another_beats_in_both_are_off_the_curve(tmp_path):
    points = [Point("a", 0, 30, 80), Point("b", 0.5, 60, 70), Point("c", 0.7, 50, 60), Point("d", 1, 70, 40)]
    assert [one.name for one in undominated(points)] == ["d", "b", "a"]
    file = tmp_path / "points.csv"
    file.write_text(
        "name,share,radio,general\n" + "".join(f"{p.name},{p.share},{p.radio},{p.general}\n" for p in points)
    )
    assert read_points(file) == points
    assert merge_figure("m", "", points).svg.startswith("<svg")
    file.write_text("name,share\na,1\n")
    with pytest.raises(CatalogError, match="name, share, radio, general"):
        read_points(file)


def test_numbers_are_told_with_their_ends_and_latex_is_escaped():
    assert Number(0.5, 0.4, 0.6, 9).percent == "50.0 [40.0, 60.0]" and Number(None, None, None, 0).percent == "–"
    assert "a_b & 5 % – $".translate(TEX) == r"a\_b \& 5 \% -- \$"


def test_nothing_is_drawn_that_there_are_no_numbers_for(runs):
    assert [one.name for one in drawings(contents(runs[1]))] == ["classes"]
    assert table(contents(runs[1]), "forgetting").rows == ()
    assert benchmark("b6").name == B6.name and manner().decode == "greedy-256"
