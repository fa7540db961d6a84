"""A run: exact to the bit however often it is stopped, one denominator for all ways to deal its rows, its words."""

import contextlib
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from finetune.data.samples import open_handover
from finetune.export.merge import Shares, merge, merge_lora
from finetune.recipe import recipe
from finetune.training.run import Job
from finetune.training.train import train
from finetune.watch.probes import probes_of
from finetune.watch.progress import Log, Meter, lines_of
from schemas.errors import CheckpointError, RecipeError, StepError
from tests import warm

ROOT = Path(__file__).resolve().parent.parent
LORA = {"trainable": '{llm = "lora", newline = false}', "lora": "{r = 4, alpha = 8, dropout = 0.2}"}
SHORT = {"run.max_steps": "6", "run.save_every": "2", "run.probe_every": "0", "turns.pack_tokens": "400"}


def undecided(draft):
    """Answers to one question differ between pictures."""
    for number, record in enumerate(draft.records):
        record["conversations"][3]["value"] = ("Yes", "No")[number // 4 % 2]


@pytest.fixture(scope="module")
def data(made_handover, tmp_path_factory):
    return made_handover(tmp_path_factory.mktemp("train") / "data", 24, undecided)


@pytest.fixture(scope="module")
def job(tiny_model, data):
    """A job of the smoke recipe on the tiny model and a small hand-over, with changes of the recipe."""

    def made(out, *, place=data, stop_after=None, **changes):
        one = recipe("smoke", {"model.name": str(tiny_model), **SHORT, **changes})
        return Job(one, place, out, stop_after=stop_after)

    return made


@pytest.fixture
def unverified(monkeypatch):
    """Exports are not opened by a fresh process: that takes seconds, and has tests of its own."""
    monkeypatch.setattr("finetune.export.publish.verify", lambda *_: None)


def weights(out):
    return (out / "model" / "model.safetensors").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, LORA], ids=["full", "lora"])
def test_a_stopped_run_ends_with_the_same_weights_to_the_bit(job, tmp_path, unverified, changes):
    assert train(job(tmp_path / "whole", **changes)) == 0
    for stop in (1, 4):
        assert train(job(tmp_path / "parts", stop_after=stop, **changes)) == 75
    assert json.loads((tmp_path / "parts" / "run.json").read_text())["reason"] == "stopped by a signal"
    assert train(job(tmp_path / "parts", **changes)) == 0
    assert weights(tmp_path / "whole") == weights(tmp_path / "parts")
    losses = [[line["loss"] for line in lines_of(tmp_path / one / "log.jsonl")] for one in ("whole", "parts")]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 6
    sessions = json.loads((tmp_path / "parts" / "run.json").read_text())["sessions"]
    assert [one["from_step"] for one in sessions] == [0, 1, 4]


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, LORA], ids=["full", "lora"])
def test_weights_alone_go_on_at_their_place_in_data_and_schedule(job, tmp_path, unverified, changes):
    assert train(job(tmp_path / "whole", **changes)) == 0
    assert train(job(tmp_path / "parts", stop_after=3, **changes)) == 75
    assert train(replace(job(tmp_path / "parts", **changes), is_weights_only=True)) == 0
    whole, parts = (lines_of(tmp_path / one / "log.jsonl") for one in ("whole", "parts"))
    assert [line["learning_rate"] for line in whole] == pytest.approx([line["learning_rate"] for line in parts])
    assert whole[3]["loss"] == pytest.approx(parts[3]["loss"], rel=1e-2)  # the weights are there: dropout alone differs
    assert weights(tmp_path / "whole") != weights(tmp_path / "parts")


def started(job, said, *words):
    """`train` in a process of its own, which says what it says to a file."""
    changes = {"model.name": job.recipe.model.name, **SHORT, "run.epochs": "10", "run.max_steps": "60"}
    sets = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    command = ["train", "smoke", "--data", str(job.data), "--out", str(job.out), "--no-check", *sets, *words]
    return warm.started("finetune", command, (said, said), OMP_NUM_THREADS="1", **warm.ranks())


def in_float16(folder, out):
    """A copy of a model with its weights in float16, as the published ones are kept."""
    shutil.copytree(folder, out)
    halves = {name: weight.half() for name, weight in load_file(folder / "model.safetensors").items()}
    save_file(halves, out / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (out / "config.json").write_text(json.dumps({**config, "dtype": "float16"}))
    return out


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, LORA], ids=["full", "lora"])
def test_a_base_kept_in_float16_is_trained_in_bfloat16_and_verified(job, tiny_model, tmp_path, changes):
    """Rounding the base to bfloat16 is no training: frozen groups count as unchanged. Masters are float32."""
    base = in_float16(tiny_model, tmp_path / "base")
    one = job(
        tmp_path / "run", **{"model.name": str(base), "model.dtype": "bfloat16", "run.max_steps": "16"}, **changes
    )
    one = replace(one, recipe=one.recipe.model_copy(update={"run": one.recipe.run.model_copy(update={"epochs": 10})}))
    assert train(one) == 0
    losses = [line["loss"] for line in lines_of(one.out / "log.jsonl")]
    assert sum(losses[-4:]) < sum(losses[:4])
    groups = json.loads((one.out / "trainable.json").read_text())["groups"]
    assert {dtype for group in groups.values() for dtype in group["dtypes"]} == {"float32"}
    assert {weight.dtype for weight in load_file(one.out / "model" / "model.safetensors").values()} == {torch.bfloat16}
    half = merge(base, [(one.out / "model", Shares.even(0.5))], tmp_path / "half")  # opened by a fresh process
    assert {weight.dtype for weight in load_file(half / "model.safetensors").values()} == {torch.float16}
    if changes:
        assert "vision | 0 of 37" in (one.out / "model" / "README.md").read_text()
        merged = merge_lora(base, one.out / "adapter", tmp_path / "merged")
        ours, theirs = (load_file(folder / "model.safetensors") for folder in (one.out / "model", merged))
        assert all(torch.allclose(ours[name].float(), theirs[name].float(), atol=2e-2) for name in ours)


@pytest.mark.slow
def test_a_run_of_another_recipe_or_data_does_not_go_on_here(job, tmp_path, unverified, made_handover):
    assert train(job(tmp_path / "run", stop_after=2)) == 75
    with pytest.raises(RecipeError, match="made with another recipe"):
        train(job(tmp_path / "run", **{"optim.lr": "0.5"}))
    with pytest.raises(RecipeError, match="made with another data, order"):
        train(job(tmp_path / "run", place=made_handover(tmp_path / "other", 25)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "norm"),
    [("llava_onevision", "sample"), ("llava_onevision", "token"), ("qwen2_5_vl", "token"), ("qwen3_vl", "token")],
)
def test_rows_at_once_and_rows_after_one_another_make_one_step(job, tiny_of, tmp_path, unverified, family, norm):
    """Under SGD: Adam's first step hides a wrong scale. transformers divides a Qwen-VL's loss once more."""
    found, tiny = [], str(tiny_of(family))
    for per_device, accumulate in ((1, 4), (2, 2), (4, 1)):
        batch = f"{{per_device = {per_device}, accumulate = {accumulate}, global_batch = 4}}"
        changes = {"batch": batch, "optim.name": "sgd", "optim.clip": "1e9", "loss.norm": norm, "run.max_steps": "2"}
        changes["model.name"] = tiny
        out = tmp_path / f"{per_device}"
        assert train(job(out, **changes)) == 0
        found.append(load_file(out / "model" / "model.safetensors"))
    base = load_file(Path(tiny) / "model.safetensors")
    update = max(float((found[0][name] - base[name]).abs().max()) for name in base)
    for other in found[1:]:
        difference = max(float((found[0][name] - other[name]).abs().max()) for name in base)
        assert difference < max(1e-5 * update, 1e-8)  # below it lies the rounding of a weight


@pytest.mark.slow
def test_a_finished_run_tells_what_it_did(job, tmp_path, made_handover, unverified):
    for tag in ("qa", "captions"):
        made_handover(tmp_path / "data" / tag, 12, undecided)
    sources = '[{tag = "qa"}, {tag = "captions"}]'
    one = job(tmp_path / "run", place=tmp_path / "data", data=sources, **{"run.probe_every": "3"})
    told = []
    assert train(one, [told.append]) == 0
    lines = lines_of(one.out / "log.jsonl")
    assert lines == told
    assert {"step", "loss", "grad_norm", "learning_rate", "tokens_per_s", "data_wait", "share_of_peak"} <= set(lines[0])
    assert set(lines[0]["loss_of"]) == {"qa", "captions"}
    probes = lines_of(one.out / "probes.jsonl")
    assert [line["step"] for line in probes] == [0, 3, 6]
    assert 0 <= probes[0]["accuracy"] <= 1
    said = json.loads((one.out / "run.json").read_text())
    assert said["reason"] == "finished"
    assert said["packages"]["torch"] == torch.__version__
    ledger = json.loads((one.out / "trainable.json").read_text())
    assert ledger["groups"]["vision"]["n_trainable"] == 0
    assert "vision | 0 of 37" in (one.out / "model" / "README.md").read_text()
    assert len(list(one.checkpoints.iterdir())) == 2


@pytest.mark.slow
def test_probes_change_nothing(job, tmp_path, unverified):
    assert train(job(tmp_path / "with", **LORA, **{"run.probe_every": "1"})) == 0
    assert train(job(tmp_path / "without", **LORA)) == 0
    assert weights(tmp_path / "with") == weights(tmp_path / "without")


def test_a_loss_that_is_no_number_stops_the_run(job, tmp_path):
    with pytest.raises(StepError, match=r"step \d: the loss is (nan|inf)"):
        train(job(tmp_path / "run", **{"optim.lr": "1e30", "optim.clip": "1e30", "optim.warmup": "0"}))
    assert "StepError: step" in json.loads((tmp_path / "run" / "run.json").read_text())["reason"]


def test_a_group_that_is_trained_by_mistake_stops_the_run_before_its_first_step(job, tmp_path, monkeypatch):
    from finetune.network import model

    def wrong(loaded, one):
        return right(loaded, one.model_copy(update={"trainable": one.trainable.model_copy(update={"vision": "full"})}))

    right = model.with_trainables
    monkeypatch.setattr(model, "with_trainables", wrong)
    with pytest.raises(CheckpointError, match="vision: 36,512 trainable weights, expected 0"):
        train(job(tmp_path / "run"))
    assert not (tmp_path / "run" / "log.jsonl").exists()


@pytest.mark.slow
def test_a_group_that_changed_by_mistake_stops_the_export(job, tmp_path, monkeypatch):
    from finetune.training import stopping

    def moved(self, args, state, control, **kwargs):
        with torch.no_grad():
            kwargs["model"].model.vision_tower.post_layernorm.weight += 1
        return control

    monkeypatch.setattr(stopping.Stop, "on_step_end", moved)
    with pytest.raises(CheckpointError, match="vision: 1 of 37 tensors changed, though frozen"):
        train(job(tmp_path / "run"))
    assert not (tmp_path / "run" / "model").exists()


def test_each_group_has_the_rate_that_the_recipe_gives_it(job, tmp_path, tiny_model):
    from finetune.network.model import load
    from finetune.training.trainer import CorpusTrainer

    trainable = '{llm = "full", vision = "full", lr_vision = 2e-6, lr_projector = 1e-3}'
    one = job(tmp_path, trainable=trainable, **{"optim.weight_decay": "0.1"}).recipe
    model = load(one)
    trainer = object.__new__(CorpusTrainer)
    trainer.recipe = one
    trainer.get_decay_parameter_names = lambda _: [name for name, weight in model.named_parameters() if weight.ndim > 1]
    groups = {(group["lr"], group["weight_decay"]): group["params"] for group in trainer._parameters(model)}
    assert set(groups) == {(rate, decay) for rate in (2e-3, 2e-6, 1e-3) for decay in (0.1, 0.0)}
    assert sum(len(found) for found in groups.values()) == 69
    assert len(groups[1e-3, 0.1]) == 2


def test_going_on_drops_what_a_killed_run_wrote_after_its_checkpoint(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"ste')
    Log(path, 2)({"step": 3, "loss": 1.0})
    assert [line["step"] for line in lines_of(path)] == [1, 2, 3]


def test_losses_are_told_by_source():
    class One:
        device, num_processes = torch.device("cpu"), 1

        def gather(self, tensor):
            return tensor

    meter = Meter(("qa", "captions"), 100)
    meter.row(7, torch.tensor([0, 0, 1]), torch.tensor([0.5, 0.5, 1.0]), torch.tensor([1.0, 3.0, 5.0]))
    assert meter.read(One())["loss_of"] == {"qa": 2.0, "captions": 5.0}
    assert meter.read(One())["loss_of"] == {"qa": None, "captions": None}


def test_probes_are_questions_of_training_pictures_with_few_answers(data, tmp_path):
    samples = open_handover(data, tags=["all"], index_dir=tmp_path)
    found = probes_of(samples, 0)
    assert "Is there a compact core?" in {probe.question for probe in found}
    assert all(probe.truth in probe.choices and 2 <= len(probe.choices) <= 6 for probe in found)
    assert found == probes_of(samples, 0)


@pytest.mark.slow
@pytest.mark.parametrize("zero", [2, 3])
def test_two_processes_under_deepspeed_make_the_step_of_one(job, tmp_path, unverified, made_handover, zero):
    """With text-only rows, which leave some weights unused and would let the other rank wait for ever."""
    (tmp_path / "data").mkdir()
    made_handover(tmp_path / "data" / "qa", 12)
    talk = [{"from": "human", "value": "What is a lobe?"}, {"from": "gpt", "value": "A lobe of plasma."}]
    lines = [json.dumps({"id": f"text-{number}", "conversations": talk}) for number in range(6)]
    (tmp_path / "data" / "general.jsonl").write_text("\n".join(lines) + "\n")
    changes = {
        "data": '[{tag = "qa"}, {tag = "general"}]', "optim.name": "sgd", "optim.clip": "1e9", "run.max_steps": "4",
        "turns": '{layout = "sequential"}', "batch": "{per_device = 1, accumulate = 2, global_batch = 4}",
    }  # fmt: skip
    assert train(job(tmp_path / "one", place=tmp_path / "data", **changes)) == 0
    two = job(tmp_path / "two", place=tmp_path / "data")
    sets = {**changes, "run.zero": str(zero)}
    process = started(
        two, tmp_path / "said", *[word for key, value in sets.items() for word in ("--set", f"{key}={value}")],
        "--launcher", "deepspeed", "--gpus", "2",
    )  # fmt: skip
    try:
        process.join(300)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.exitcode == 0, (tmp_path / "said").read_text()[-3000:]
    one, other = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    base = load_file(Path(two.recipe.model.name) / "model.safetensors")
    update = max(float((one[name] - base[name]).abs().max()) for name in base)
    assert max(float((one[name] - other[name]).abs().max()) for name in base) < 1e-4 * update
