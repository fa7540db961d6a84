"""Where a model is: what is not here is said at once, and the hub is asked once and not waited for."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import huggingface_hub
import pytest

from finetune.checked import checked
from finetune.checks.preflight import Context
from finetune.checks.preflight_model import check_gpus
from finetune.network import place
from finetune.network.place import check_model, in_time
from finetune.recipe import recipe
from finetune.training.run import Job
from schemas.errors import RecipeError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def hub(monkeypatch):
    """A hub that answers as it is told; gives the list of what it was asked."""
    asked = list[str]()

    def answers(answer):
        def model_info(_self, name, **_given):
            asked.append(name)
            return answer()

        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
        return asked

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    place._of_hub.cache_clear()
    yield answers
    place._of_hub.cache_clear()


def said_of(name) -> str:
    with pytest.raises(RecipeError) as caught:
        check_model(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_that_is_not_there_is_no_question_for_the_hub(hub, tmp_path):
    asked = hub(lambda: None)
    for name in ("./nowhere", str(tmp_path / "nowhere"), "~/no/where/at/all", "a/b/c", "nowhere"):
        assert "no such folder" in said_of(name)
    assert asked == []


def test_what_lies_in_a_folder_must_be_a_model(tmp_path, tiny_model):
    check_model(tiny_model)
    assert "has no config.json" in said_of(tmp_path)
    (tmp_path / "config.json").write_text("{")
    assert "cannot be read as JSON" in said_of(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    assert "is of a 'llama'; expected model_type 'llava_onevision'" in said_of(tmp_path)
    assert "is a file; expected the folder" in said_of(tmp_path / "config.json")


def test_a_hub_that_cannot_be_reached_is_asked_once(hub):
    def refuse():
        raise ConnectionError("no route")

    asked = hub(refuse)
    for _ in range(3):
        assert "the hub cannot be reached (ConnectionError)" in said_of("someone/nowhere")
    assert asked == ["someone/nowhere"]


def test_a_hub_that_says_nothing_is_not_waited_for(hub, monkeypatch):
    monkeypatch.setattr(place, "PATIENCE_S", 0.05)
    over = threading.Event()
    hub(lambda: over.wait(60))
    assert "the hub gave no answer within" in said_of("someone/silent")
    over.set()


def test_told_to_be_offline_nobody_is_asked(hub, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = hub(lambda: None)
    assert "HF_HUB_OFFLINE is set" in said_of("someone/offline")
    assert asked == []


def test_another_kind_of_model_at_the_hub_is_refused(hub):
    hub(lambda: huggingface_hub.ModelInfo(id="someone/other", config={"model_type": "qwen2_vl"}))
    assert "is a 'qwen2_vl'" in said_of("someone/other")
    hub(lambda: huggingface_hub.ModelInfo(id="someone/right", config={"model_type": "llava_onevision"}))
    check_model("someone/right")


def test_a_call_is_given_its_time_and_no_more():
    assert in_time(lambda: 3, 5) == 3
    assert isinstance(in_time(lambda: 1 // 0, 5), ZeroDivisionError)


def test_missing_places_are_told_before_anything_slow_begins():
    code = (
        "import sys\nfrom pathlib import Path\nfrom finetune.checked import checked\n"
        "from finetune.recipe import recipe\nfrom finetune.training.run import Job\n"
        "job = Job(recipe('smoke', {'model.name': './nowhere'}), Path('nowhere'), Path(sys.argv[1]))\n"
        "print(checked(job, 1).short)\n"
        "sys.exit(', '.join({'torch', 'transformers'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", code, "/proc/nowhere"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["E", "out"], ["E", "data"], ["E", "model"], ["W", "rest"]]


def test_an_output_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    job = Job(recipe("smoke", {"model.name": "./nowhere"}), tmp_path, tmp_path / "file" / "run")
    result = checked(job, 1)
    assert result.is_stopped
    assert sum(line.startswith("E  out") for line in result.short.splitlines()) == 1


def test_missing_gpus_are_told_where_a_recipe_needs_them(monkeypatch, tmp_path):
    def told(n_here, n_processes, name="full_shallow_qa"):
        monkeypatch.setattr("finetune.checks.preflight_model.n_gpus_here", lambda: n_here)
        found = check_gpus(Context(recipe(name), tmp_path, "", n_processes=n_processes))
        assert all(one.level == "W" for one in found)
        return [one.message for one in found]

    assert "no GPU is seen here, 4 asked for" in told(0, 4)[0]
    assert "4 processes on each node, 2 GPUs here" in told(2, 4)[0]
    assert told(4, 4) == told(0, 1, "smoke") == []


def test_an_unknown_key_of_set_is_told_with_those_that_are_known():
    with pytest.raises(RecipeError) as caught:
        recipe("smoke", {"batch.accumulat": "3", "modle.name": "x"})
    lines = str(caught.value).splitlines()
    assert lines[0] == ("--set: batch.accumulat: no such key; expected one of per_device, accumulate, global_batch")
    assert lines[1].startswith("--set: modle: no such key; expected one of title, family, assumptions, model, ")
