"""From the command line: run, killed and run again, scored, compared, reported; and what is refused in one line."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curation.asking.rule_server import RuleServer
from curation.engine.store import Store
from evaluate.cli import evaluate
from tests import warm
from tests.answering_server import AnsweringServer

ROOT = Path(__file__).resolve().parent.parent
OF_FIELDS = ("demo_extended", "demo_radio_galaxies", "demo_artefacts", "demo_peculiarity")
N_CANARIES = 3


def words(place, *given):
    return [sys.executable, "-m", "evaluate", *map(str, given), "--store", str(place)]


def environment(**changed):
    return {**os.environ, "PYTHONPATH": str(ROOT), "RADIO_SERVER": "", **changed}


def run(place, *given, **changed):
    return warm.run("evaluate", (*given, "--store", place), PYTHONPATH=str(ROOT), RADIO_SERVER="", **changed)


@pytest.fixture(scope="module")
def place(demo_build, tmp_path_factory):
    """The demo's store, to be written to."""
    return shutil.copytree(demo_build.store, tmp_path_factory.mktemp("evaluate") / "store")


@pytest.fixture(scope="module")
def given(demo_build):
    return ("--corpus", "tiny", "--raw", demo_build.out / "raw", "--model", "rule-server", "--workers", 0)


@pytest.fixture(scope="module")
def finished(place, given, tmp_path_factory):
    """All benchmarks of the demo's fields by a server that was slow, in a run that was killed and run again."""
    with AnsweringServer(is_clean=False, delay_s=0.15, slots=3) as server:
        asked = (
            "run",
            *OF_FIELDS,
            "demo_fanaroff_riley",
            *given[:-1],
            2,
            "--server",
            server.address,
            "--in-flight",
            3,
            "--json",
        )
        said = tmp_path_factory.mktemp("killed")
        first = warm.started("evaluate", (*asked, "--store", place), (said / "out", said / "err"), RADIO_SERVER="")
        until = time.monotonic() + 900
        while server.n_calls < 60 and time.monotonic() < until:
            time.sleep(0.05)
        first.kill()
        first.join()
        time.sleep(2)
        n_first = server.n_calls
        server.rules.delay_s = 0.0
        done = run(place, *asked)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout), n_first, server.n_calls, server.seen


@pytest.mark.ray
@pytest.mark.slow
class TestARun:
    def test_has_a_row_for_every_picture(self, finished, place):
        said, *_ = finished
        for one in said["benchmarks"]:
            rows = Store(str(place)).read(one["predictions"])
            assert rows.num_rows == one["n_rows"] > 0
            assert len(set(rows["image_id"].to_pylist())) == rows.num_rows
        assert {one["benchmark"] for one in said["benchmarks"]} == {*OF_FIELDS, "demo_fanaroff_riley"}

    def test_killed_and_run_again_asks_for_what_is_missing_alone(self, finished):
        said, n_first, n_all, _ = finished
        n_pictures = sum(one["n_rows"] for one in said["benchmarks"])
        assert 60 <= n_first < n_pictures
        # Lost with the killed run: what was in flight, and what was not yet written (16 for each of two parts).
        assert n_all <= n_pictures + 2 * N_CANARIES + 2 * (3 + 16)

    def test_asks_all_questions_about_a_picture_together(self, finished):
        *_, seen = finished
        fields = seen[N_CANARIES:60]
        together = sum(fields[max(0, k - 6) : k].count(one) > 0 for k, one in enumerate(fields))
        assert together > 0.4 * len(fields)

    def test_needs_no_server_when_it_is_done_and_gives_the_same(self, finished, place, given):
        said, *_ = finished
        again = run(place, "run", *OF_FIELDS, "demo_fanaroff_riley", *given, "--json")
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout) == said

    def test_without_looking_is_another_run(self, finished, place, given):
        with AnsweringServer() as server:
            done = run(
                place, "run", "demo_fanaroff_riley", *given, "--shown", "grey", "--server", server.address, "--json"
            )
        assert done.returncode == 0, done.stderr
        (one,) = json.loads(done.stdout)["benchmarks"]
        assert one["coverage"]["value"] == 1.0 and one["run_id"] not in {x["run_id"] for x in finished[0]["benchmarks"]}

    def test_by_a_model_in_the_process_has_likelihoods_and_a_comparison(self, finished, place, given, tiny_model):
        of_tiny = [*given[:4], "--model-dir", tiny_model, "--model", "tiny", "--choices", "--workers", 0]
        done = run(place, "run", "demo_fanaroff_riley", *of_tiny, "--tuned", "--json")
        assert done.returncode == 0, done.stderr
        (one,) = json.loads(done.stdout)["benchmarks"]
        (fitted,) = (place / "thresholds" / "demo_fanaroff_riley").iterdir()
        before = fitted.stat().st_mtime_ns
        made = json.loads(run(place, "score", "demo_fanaroff_riley", "--json").stdout)
        assert one["tuned_f1"] is not None and one["scores"] in {each["scores"] for each in made}
        assert fitted.stat().st_mtime_ns == before  # never refitted
        rows = Store(str(place)).read(one["predictions"]).to_pylist()
        assert all(len(row["choice_prob"]) == 2 and 0 <= row["mass"] <= 1 for row in rows)
        held = run(place, "compare", "demo_fanaroff_riley", "--base", "rule-server", "--json")
        assert held.returncode == 0, held.stderr
        (difference,) = json.loads(held.stdout)
        assert (difference["ours"], difference["theirs"]) == ("tiny", "rule-server")
        assert run(place, "compare", "--base", "nobody").returncode == 2

    def test_with_examples_is_a_run_for_each_seed_and_needs_proof_that_pictures_are_taken_alike(
        self, finished, place, given
    ):
        asked = ("run", "demo_fanaroff_riley", *given, "--shots", 2, "--seeds", 2, "--json")
        with RuleServer() as server:
            assert "--parity-dir" in run(place, *asked, "--server", server.address).stderr
            done = run(place, *asked, "--server", server.address, "--no-parity")
        assert done.returncode == 0, done.stderr
        first, second = json.loads(done.stdout)["benchmarks"]
        rows = [Store(str(place)).read(one["predictions"]).to_pylist() for one in (first, second)]
        assert (first["seed"], second["seed"]) == (0, 1)
        assert all(len(row["examples"]) == 2 for some in rows for row in some)
        assert [row["examples"] for row in rows[0]] != [row["examples"] for row in rows[1]]

    def test_is_reported_from_its_scores_byte_for_byte(self, finished, place, tmp_path):
        for name in ("one", "two"):
            done = run(place, "report", "--out", tmp_path / name)
            assert done.returncode == 0, done.stderr
        files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
        names = {str(file) for file in files}
        assert {"report.html", "report.md", "scores.json", "figures/classes.svg", "tables/summary.tex"} <= names
        for file in files:
            assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file
        page = (tmp_path / "one" / "report.html").read_text()
        assert "Worst pictures" in page and "invalid" in page and "data:image/webp" in page
        assert 'src="http' not in page and 'href="http' not in page and "<script" not in page

    def test_is_scored_again_without_a_model(self, finished, place):
        done = run(place, "score", "demo_peculiarity", "--json")
        assert done.returncode == 0, done.stderr
        (made,) = json.loads(done.stdout)
        assert made["scores"] in {one["scores"] for one in finished[0]["benchmarks"]}

    def test_is_exported_as_a_task_for_others(self, finished, place, given, tmp_path):
        done = run(place, "export-task", "demo_fanaroff_riley", *given[:4], "--out", tmp_path)
        assert done.returncode == 0, done.stderr
        assert Path(done.stdout.strip()).is_file()

    def test_by_a_paid_server_stops_before_its_cap_and_a_second_run_costs_nothing(self, finished, place, given):
        prices = ("--price-in", 1000, "--price-out", 1000, "--price-date", "2026-01-31")
        with AnsweringServer() as server:
            asked = ("run", "demo_fanaroff_riley", *given, "--variant", "short", "--server", server.address, *prices)
            refused = run(place, *asked, "--max-cost", 4)
            assert refused.returncode == 3 and "--max-cost" in refused.stderr, refused.stderr
            n_first = server.n_calls
            done = run(place, *asked, "--max-cost", 1000)
            assert done.returncode == 0 and "at most" in done.stderr, done.stderr
            n_second = server.n_calls
            assert run(place, *asked, "--max-cost", 0).returncode == 0
            assert server.n_calls == n_second and 0 < n_first - N_CANARIES < 21


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (("run", "b9", "--raw", "."), 2, "which model"),
        (("run", "b9", "--raw", ".", "--model", "m"), 2, "no benchmark 'b9'"),
        (("run", "b6", "--raw", ".", "--model", "m"), 2, "--corpus"),
        (("run", "b6", "--raw", ".", "--model", "m", "--corpus", "tiny"), 2, "no dataset mirabest"),
        (("run", "b6", "--raw", ".", "--model", "m", "--choices"), 2, "--model-dir"),
        (("run", "b6", "--raw", ".", "--model", "m", "--server", "https://api.example.org/v1"), 2, "--max-cost"),
        (("run", "b6", "--raw", ".", "--model", "m", "--shown", "nothing"), 2, "shown"),
        (("run", "b6", "--raw", "nowhere", "--model", "m"), 2, "no such folder"),
        (("run", "b6", "--raw", ".", "--model-dir", "."), 2, "no model there"),
        (("report", "--out", "x"), 2, "no scores"),
        (("standard", "--server", "s", "--model", "m", "--python", sys.executable, "--out", "x"), 2, "lmms-eval"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line_and_its_exit_code(tmp_path, given, code, told):
    with_store = given if given[0] == "standard" else (*given, "--store", str(tmp_path))
    done = warm.run("evaluate", with_store, RADIO_SERVER="")
    assert done.returncode == code, done.stderr
    assert told in done.stderr and "Traceback" not in done.stderr


def test_every_command_has_help_with_an_example():
    assert [name for name, one in evaluate.commands.items() if "Example:" not in (one.help or "")] == []


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from evaluate.cli import evaluate\n"
        "try: evaluate.main(['run', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'ray', 'torch', 'duckdb', 'matplotlib', 'pyarrow', 'numpy', 'astropy'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
