"""Recipes: the paper's runs, what a recipe refuses, and what its fingerprint covers."""

import subprocess
import sys
from pathlib import Path

import pytest

from finetune.recipe import FOLDER, Recipe, recipe, recipes
from schemas.errors import RecipeError

ROOT = Path(__file__).resolve().parent.parent
QA = {"data": '[{tag = "qa"}]'}
# Riggi et al. 2025, section 3.2 and table 1: tags, LLM, r, epochs, lr, schedule, warm-up, global batch, vision
PAPER = {
    "full_shallow_qa": ("qa", "full", None, 1, 1e-5, "cosine", 0.03, 8, "frozen"),
    "full_shallow_qacap": ("qa+captions", "full", None, 1, 1e-5, "cosine", 0.03, 8, "frozen"),
    "full_deep_qa": ("qa", "full", None, 3, 1e-5, "cosine", 0.03, 8, "frozen"),
    "full_deep_qacap": ("qa+captions", "full", None, 3, 1e-5, "cosine", 0.03, 8, "frozen"),
    "lora_shallow_qa": ("qa", "lora", 64, 1, 1e-5, "cosine", 0.03, 8, "frozen"),
    "lora_shallow_qacap": ("qa+captions", "lora", 64, 1, 1e-5, "cosine", 0.03, 8, "frozen"),
    "lora_deep_qa": ("qa", "lora", 64, 3, 1e-5, "cosine", 0.03, 8, "frozen"),
    "lora_deep_qacap": ("qa+captions", "lora", 64, 3, 1e-5, "cosine", 0.03, 8, "frozen"),
    "v1": ("qa", "full", None, 1, 5e-5, "cosine", 0.03, 8, "frozen"),
    "v2": ("qa", "full", None, 1, 5e-6, "cosine", 0.03, 8, "frozen"),
    "v3": ("qa", "full", None, 1, 1e-5, "cosine", 0.01, 8, "frozen"),
    "v4": ("qa", "full", None, 1, 1e-5, "cosine_with_min_lr", 0.03, 8, "frozen"),
    "v5": ("qa", "full", None, 1, 1e-5, "cosine", 0.03, 256, "frozen"),
    "v6": ("qa", "lora", 128, 1, 1e-5, "cosine", 0.03, 8, "frozen"),
    "vision_unfrozen": ("qa", "full", None, 1, 1e-5, "cosine", 0.03, 8, "full"),
}


def settings(one: Recipe) -> tuple:
    return (
        "+".join(one.tags), one.trainable.llm, one.lora and one.lora.r, one.run.epochs, one.optim.lr,
        one.optim.schedule, one.optim.warmup, one.batch.global_batch, one.trainable.vision,
    )  # fmt: skip


def test_the_fifteen_runs_of_the_paper_are_presets():
    assert {name: settings(one) for name, one in recipes().items() if one.family == "paper"} == PAPER


def test_what_the_paper_shares_among_its_runs_is_shared():
    for name in PAPER:
        one = recipe(name)
        assert (one.loss.on, one.loss.norm, one.turns.layout, one.trainable.projector) == (
            "llava_next", "sample", "sequential", "full",
        )  # fmt: skip
        assert one.batch.n_gpus == 4
        assert one.lora is None or one.lora.alpha == 2 * one.lora.r


def test_ours_small_and_smoke_are_presets_too():
    families = {name: one.family for name, one in recipes().items() if one.family != "paper"}
    assert families == {
        "drozdova2025_qwen2_5_vl_7b": "ours",
        "internvl3_2b_isolated": "ours", "internvl3_2b_lora": "ours", "internvl3_8b_isolated": "ours",
        "internvl3_8b_lora": "ours", "isolated_qacap": "ours", "isolated_replay": "ours", "lora_lr1e-4": "ours",
        "qwen2_5_vl_3b_isolated": "ours", "qwen2_5_vl_3b_lora": "ours", "qwen2_5_vl_7b_isolated": "ours",
        "qwen2_5_vl_7b_lora": "ours", "qwen3_vl_2b_isolated": "ours", "qwen3_vl_2b_lora": "ours",
        "qwen3_vl_4b_isolated": "ours", "qwen3_vl_4b_lora": "ours", "qwen3_vl_8b_isolated": "ours",
        "qwen3_vl_8b_lora": "ours",
        "small_full": "small", "small_isolated": "small", "small_lora": "small", "smoke": "smoke",
    }  # fmt: skip


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_preset_says_first_how_it_is_started(path):
    assert path.read_text(encoding="utf-8").startswith(f"# python -m finetune train {path.stem} ")


def test_an_assumption_is_told_where_the_paper_is_silent():
    told = {name for name in PAPER if recipe(name).assumptions}
    assert told == {name for name in PAPER if name.startswith(("v", "lora"))}


def test_what_was_not_tried_with_a_model_is_told_as_an_assumption():
    others = [one for one in recipes().values() if not one.model.is_folder and "llava" not in one.model.name]
    assert all(any("not tried" in said for said in one.assumptions) for one in others)


def test_all_mistakes_of_a_recipe_are_told_at_once():
    wrong = {**QA, "optim.lr": "-1", "batch.acumulate": "3", "loss.norm": "mean", "run.zero": "1"}
    with pytest.raises(RecipeError) as error:
        recipe("full_shallow_qa", wrong)
    assert all(key in str(error.value) for key in ("optim.lr", "batch.acumulate", "loss.norm", "run.zero"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"trainable.llm": "lora"}, "lora goes with"),
        ({"turns.layout": "isolated"}, "answers"),
        ({"turns.pack_tokens": "64", "turns.max_tokens": "32"}, "above max_tokens"),
        ({"turns.share_sequential": "0.5"}, "isolated"),
        ({"batch.global_batch": "7"}, "no multiple"),
        ({"optim.schedule": "cosine_with_min_lr"}, "min_lr"),
        ({"turns.pack_tokens": "64", "model.attention": "eager"}, "see each other, in silence"),
        ({"batch.per_device": "2", "model.attention": "eager"}, "see each other, in silence"),
        ({"model.dtype": "float32", "model.attention": "flash_attention_2"}, "needs dtype"),
        ({"merges": "[0.3, 0.3]"}, "stands twice in merges"),
        ({"data": '[{tag = "qa"}, {tag = "qa"}]'}, "twice"),
        ({"data": '[{tag = "qa", weight = 0.5}, {tag = "b", weight = 0.4}]'}, "sum to 1"),
        ({"data": '[{tag = "qa"}, {tag = "b", weight = 1.0}]'}, "room below 1"),
        ({"data": '[{tag = "qa", weight = 0.5, count = 3}]'}, "exclude"),
        ({"trainable.lr_vision": "1e-6"}, "lr_vision"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(wrong, said):
    with pytest.raises(RecipeError, match=said):
        recipe("full_shallow_qa", wrong)


def test_lora_beside_a_newline_weight_is_refused():
    with pytest.raises(RecipeError, match="newline"):
        recipe("lora_shallow_qa", {"trainable.newline": "true"})


def test_an_unknown_preset_is_answered_with_those_that_exist():
    with pytest.raises(RecipeError, match="full_deep_qa, .*v6"):
        recipe("full_deap_qa")


def test_a_file_that_is_no_toml_is_one_clear_line(tmp_path):
    (tmp_path / "mine.toml").write_text("title = ", encoding="utf-8")
    with pytest.raises(RecipeError, match="not a TOML file"):
        recipe(tmp_path / "mine.toml")


def test_a_recipe_may_be_a_file_of_the_users(tmp_path):
    (tmp_path / "mine.toml").write_text('title = "Mine"\ndata = [{ tag = "qa" }]\n', encoding="utf-8")
    assert recipe(tmp_path / "mine.toml").fingerprint == recipe("full_shallow_qa").fingerprint


def test_the_fingerprint_covers_what_changes_weights():
    base = recipe("full_shallow_qa").fingerprint
    for key, value in {"optim.lr": "2e-5", "run.seed": "1", "loss.norm": "token", "run.epochs": "2"}.items():
        assert recipe("full_shallow_qa", {key: value}).fingerprint != base, key


def test_the_fingerprint_does_not_cover_what_changes_none():
    base = recipe("full_shallow_qa").fingerprint
    free = {"run.keep": "5", "run.save_every": "7", "run.workers": "0", "run.probe_every": "1", "title": "Other"}
    assert recipe("full_shallow_qa", free).fingerprint == base
    one, other = (recipe("smoke", {"model.name": path}) for path in ("/models/tiny", "./tiny"))
    assert one.fingerprint == other.fingerprint


def test_the_published_models_are_pinned_to_a_commit():
    assert all(len(one.model.revision) == 40 for one in recipes().values() if not one.model.is_folder)
    assert recipe("smoke").model.revision is None


def test_reading_recipes_and_samples_loads_nothing_heavy():
    code = (
        "import sys, finetune.recipe, finetune.data.samples, finetune.checks.preflight, finetune.network.template\n"
        "heavy = {'torch', 'transformers', 'deepspeed', 'ray', 'duckdb'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize(("schedule", "rates"), [("constant", [5e-6, 1e-5, 1e-5]), ("linear", [5e-6, 1e-5, 8.75e-6])])
def test_a_constant_rate_warms_up_as_any_other(schedule, rates, tmp_path):
    """The Trainer's own schedule of that name knows no warm-up."""
    import schemas.torchvision_cpu  # noqa: F401  before transformers

    # isort: split
    import torch
    from transformers import get_scheduler

    from finetune.training.distributed import arguments

    one = recipe("smoke", {"optim.schedule": schedule, "optim.lr": "1e-5", "optim.warmup": "0.2"})
    args = arguments(one, tmp_path)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=one.optim.lr)
    following = get_scheduler(args.lr_scheduler_type, optimizer, args.get_warmup_steps(10), 10)
    found = []
    for _ in rates:
        optimizer.step()
        following.step()
        found.append(following.get_last_lr()[0])
    assert found == pytest.approx(rates)
