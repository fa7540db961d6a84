"""The command line: quick, one line for a mistake, and the whole way from a tiny model to an answer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from finetune.cli import _changes, _places, _verb, finetune
from finetune.recipe import recipe, recipes
from finetune.shown import told
from schemas.errors import RecipeError
from tests import warm

ROOT = Path(__file__).resolve().parent.parent


def run(*words):
    """`python -m finetune …` in a process of its own."""
    return warm.run("finetune", words, OMP_NUM_THREADS="1")


def test_the_list_of_recipes_is_the_golden_one():
    assert run("show").stdout == (Path(__file__).parent / "golden" / "finetune_show.txt").read_text()


@pytest.mark.parametrize("name", recipes())
def test_a_shown_recipe_can_be_given_back(name, tmp_path):
    path = tmp_path / "again.toml"
    path.write_text(told(recipe(name)))
    assert recipe(path).fingerprint == recipe(name).fingerprint


def test_a_shown_recipe_counts_what_it_trains():
    assert "#   lora           161,480,704" in told(recipe("lora_deep_qa"))
    assert "# assumption: epochs" in told(recipe("v2"))
    assert "no counts" in told(recipe("smoke", {"model.name": "./nowhere"}))


def test_help_and_show_import_nothing_heavy():
    code = (
        "import sys; from finetune.cli import finetune\n"
        "finetune.main(['show'], standalone_mode=False)\n"
        "finetune.main(['train', '--help'], standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'peft', 'deepspeed', 'numpy', 'pyarrow', 'ray'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def test_every_command_has_help_with_an_example():
    shown = {name: command for name, command in finetune.commands.items() if not command.hidden}
    assert set(shown) == {
        "check", "train", "resume", "merge-lora", "merge", "convert", "card", "show", "tiny",
    }  # fmt: skip
    assert not [name for name, command in shown.items() if "Example:" not in (command.help or "")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "full_deep"), "error: recipe 'full_deep' does not exist; known: "),
        (("train", "smoke", "--data", "X", "--out", "Y", "--set", "lr"), "error: --set lr: expected KEY=VALUE"),
        (("train", "smoke", "--data", "X", "--out", "Y", "--gpus", "2"), "error: --launcher local is one process"),
        (("resume", "nowhere"), "error: nowhere/run.json: no run to go on with"),
        (("merge", "--base", "B", "--tuned", "T", "--out", "O"), "error: model T: neither a folder nor among"),
    ],
)
def test_a_mistake_is_one_line_and_2(words, said):
    done = run(*words)
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


def test_values_and_places_are_read_from_words():
    assert _changes(["a.b=1", "c=x=y"]) == {"a.b": "1", "c": "x=y"}
    assert _places(["data"]) == Path("data")
    assert _places(["qa=one", "captions=two"]) == {"qa": Path("one"), "captions": Path("two")}
    with pytest.raises(RecipeError, match="each needs its tag: TAG=two"):
        _places(["qa=one", "two"])


def test_a_launcher_reads_its_own_words_only():
    words = ["train", "smoke", "--launcher", "slurm", "--out", "x", "--nodes=2", "--gpus", "4", "--dry-run"]
    assert _verb(words) == ["train", "smoke", "--out", "x"]


@pytest.mark.slow
def test_check_tells_a_wrong_ledger_beside_the_faults_of_the_data(tiny_model, made_handover, tmp_path):
    import shutil

    def spoil(draft):
        draft.records[0]["conversations"][1]["value"] = "An <image> in an answer"
        draft.pictures[draft.records[1]["image"]] = b"no picture"

    data = made_handover(tmp_path / "data", 12, spoil)
    model = tmp_path / "model"
    shutil.copytree(tiny_model, model)
    tensors = load_file(model / "model.safetensors")
    del tensors["language_model.model.layers.1.self_attn.q_proj.weight"]
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
    words = ["check", "smoke", "--data", data, "--set", f"model.name={model}", "--gpus", "3", "--out", tmp_path / "out"]
    done = run(*words)
    assert done.returncode == 1, done.stderr
    found = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("E  ")}
    assert found >= {"ledger", "processes", "pictures", "turns"}
    said = json.loads((tmp_path / "out" / "preflight.json").read_text())
    assert "ledger" in said["checks"]
    assert {one["check"] for one in said["findings"] if one["level"] == "E"} >= {"ledger", "processes"}


@pytest.mark.slow
def test_the_whole_way_on_a_cpu(made_handover, tmp_path):
    """tiny, check, train with low-rank weights, merge-lora, merge, and an answer."""
    tiny, out = tmp_path / "tiny", tmp_path / "run"
    data = made_handover(tmp_path / "data", 24)
    assert run("tiny", "--out", tiny).returncode == 0
    sets = {
        "model.name": tiny, "run.max_steps": 6, "run.save_every": 3, "trainable": '{llm = "lora", newline = false}',
        "lora": "{r = 4, alpha = 8}", "merges": "[0.5]",
    }  # fmt: skip
    words = ["smoke", "--data", data, *[word for key, value in sets.items() for word in ("--set", f"{key}={value}")]]
    checked = run("check", *words)
    assert checked.returncode == 0, checked.stdout
    assert "⟦" in checked.stdout
    assert "A100-hours" in checked.stdout
    trained = run("train", *words, "--out", out)
    assert trained.returncode == 0, trained.stderr
    again = run("train", *words, "--out", out)  # finished: goes straight to the export
    assert again.returncode == 0, again.stderr
    merged = run("merge-lora", "--base", tiny, "--adapter", out / "adapter", "--out", tmp_path / "merged")
    assert merged.returncode == 0, merged.stderr
    one, other = (load_file(folder / "model.safetensors") for folder in (out / "model", tmp_path / "merged"))
    assert all((one[name] == other[name]).all() for name in one)
    half = run("merge", "--base", tiny, "--tuned", out / "model", "--share", "0.5", "--out", tmp_path / "half")
    assert half.returncode == 0, half.stderr
    assert run("verify", tmp_path / "half").returncode == 0
    by_recipe = out / "merges" / "llm-0.50"
    assert (by_recipe / "model.safetensors").read_bytes() == (tmp_path / "half" / "model.safetensors").read_bytes()
    assert json.loads((out / "run.json").read_text())["merges"] == [{"share": 0.5, "folder": "merges/llm-0.50"}]


def test_check_tells_what_each_source_weighs_and_what_leaks(tiny_model, made_handover, tmp_path):
    from finetune.checks.preflight_words import words_told
    from finetune.training.run import Job

    one = recipe("smoke", {"model.name": str(tiny_model), "data": '[{tag = "demo"}, {tag = "other"}]'})
    context = Job(one, made_handover(tmp_path / "data", 12), tmp_path).context(1)
    # The number that a fourth turn asks for stands in the first answer: 6 of 12 descriptions, 9 classes and 6 numbers.
    assert words_told(context) == "share of the loss: demo 66.7%, other 33.3%; leak index: 0.22 of 27 short answers"


def test_flex_attention_on_a_cpu_is_refused_before_it_aborts(tiny_model, monkeypatch):
    import torch

    from finetune.network.model import read_model

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RecipeError, match="aborts the process on a CPU"):
        read_model(tiny_model, attention="flex_attention")
