"""The arithmetic of benchmarks/scale.py, on costs that can be reckoned by hand."""

import json
from dataclasses import replace

import pytest

from benchmarks import scale
from benchmarks.scale import Assumed, Cost

FAST = Assumed(cores=10, rows_per_part=100, latency_s=0.0, reads_s=1e12, writes_s=1e12, tasks_s=1e12, driver_part_s=0.0,
               wait_task_s=0.0, file_s=0.0)  # fmt: skip
WORK = Cost("cutouts", "part", rest_s=0.0, cutout_s=0.01)


def test_work_by_part_is_shared_by_all_cores_and_ends_with_the_last_wave():
    assert scale.took(WORK, 100_000, 1, FAST).seconds == pytest.approx(100.0)  # 1,000 s of CPU on 10 cores
    assert scale.took(WORK, 100_000, 10, FAST).seconds == pytest.approx(10.0)
    assert scale.took(WORK, 101, 10, FAST).seconds == pytest.approx(1.0)  # two parts of up to a second, side by side
    assert scale.took(WORK, 100_000, 10, FAST).limit == "cores"


def test_a_whole_table_and_the_driver_take_one_core_however_many_nodes_there_are():
    whole = Cost("splits", "whole", rest_s=5.0, cutout_s=0.001)
    for nodes in (1, 400):
        assert scale.took(whole, 10_000, nodes, FAST).seconds == pytest.approx(15.0)
    out = Cost("hand-over", "driver", rest_s=0.0, cutout_s=0.001)
    found = scale.took(out, 10_000, 4, replace(FAST, file_s=0.01), files=1.5)
    assert (found.seconds, found.limit) == (pytest.approx(160.0), "small files")


@pytest.mark.parametrize(
    ("changed", "limit", "seconds"),
    [
        ({"tasks_s": 10.0}, "tasks that Ray starts", 100.0),
        ({"driver_part_s": 0.1}, "the driver's loop", 100.0),
        ({"reads_s": 10.0, "requests": (4, 6)}, "reads of the store", 1000.0),  # ten reads a part
        ({"writes_s": 10.0}, "writes of the store", 600.0),
        ({"latency_s": 100.0}, "latency of the store", 2100.0 + 1.0),
    ],
)
def test_the_slowest_resource_is_named_and_decides(changed, limit, seconds):
    found = scale.took(WORK, 100_000, 100, replace(FAST, **changed))  # 1,000 parts on 1,000 cores
    assert (found.limit, found.seconds) == (limit, pytest.approx(seconds))


def test_a_model_answers_as_fast_as_its_gpus_do():
    asking = replace(WORK, name="generated", replies=4.0)
    by = replace(FAST, gpus=10, replies_per_gpu_s=20.0)
    found = scale.took(asking, 100_000, 100, by)
    assert (found.limit, found.seconds) == ("GPUs", pytest.approx(2000.0))
    assert scale.took(asking, 100_000, 100, replace(by, gpus=0)).seconds == pytest.approx(200.0)  # one for each node


def test_slope_and_rest_lie_between_the_two_measured_sizes():
    few = {"n": 100, "cpu_s": {"cutouts": 3.0, "gate": 4.0}, "whole": [], "rows": {}}
    many = {"n": 300, "cpu_s": {"cutouts": 7.0, "gate": 4.0}, "whole": [], "rows": {}}
    cutouts, gate = scale.costs([many, few])
    assert (cutouts.cutout_s, cutouts.rest_s, cutouts.kind) == (pytest.approx(0.02), pytest.approx(1.0), "part")
    assert (gate.cutout_s, gate.rest_s, gate.kind) == (0.0, 4.0, "driver")
    with pytest.raises(SystemExit, match="of one size only"):
        scale.costs([few])


def test_times_by_what_limits_them_come_the_longest_first():
    steps = [scale.Took("a", 1.0, "cores"), scale.Took("b", 5.0, "GPUs"), scale.Took("c", 2.0, "cores")]
    assert list(scale.by_limit(steps).items()) == [("GPUs", 5.0), ("cores", 3.0)]


def test_the_measured_costs_are_there_and_give_a_table(capsys, monkeypatch):
    measured = json.loads(scale.COSTS.read_text(encoding="utf-8"))
    known = {one.name: one for one in scale.costs(measured)}
    assert {"cutouts", "generated", "judged", "quality", "gate", "hand-over", "report"} <= known.keys()
    assert known["splits"].kind == "whole" and known["cutouts"].kind == "part"
    monkeypatch.setattr("sys.argv", ["scale.py", "--cutouts", "1e6", "--nodes", "4", "64", "--price-node", "2"])
    scale.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[2].startswith("| 1e6 | 4 | 4 |")
