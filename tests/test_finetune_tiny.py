"""A model for a CPU, and an import that needs no CUDA and nothing of curation."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from finetune.families.family import library
from finetune.network.hf import read_processor
from finetune.network.template import template
from finetune.network.tiny import build_tiny
from schemas.errors import RecipeError

ROOT = Path(__file__).resolve().parent.parent


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_files(tiny_model, tmp_path):
    assert digests(build_tiny(tmp_path / "again")) == digests(tiny_model)
    assert (
        digests(build_tiny(tmp_path / "other", seed=1))["model.safetensors"] != digests(tiny_model)["model.safetensors"]
    )


def test_it_is_as_small_as_promised(tiny_model):
    model = library("LlavaOnevisionForConditionalGeneration").from_pretrained(tiny_model)
    assert sum(one.numel() for one in model.parameters()) == 168_352
    assert len(read_processor(tiny_model).tokenizer) == 400
    assert sum(path.stat().st_size for path in tiny_model.iterdir()) < 1_000_000


def test_its_template_is_the_one_that_is_trained_with(tiny_model):
    processor = read_processor(tiny_model)
    assert processor.chat_template == processor.tokenizer.chat_template == template("llava_next_qwen").for_export


def test_it_answers_a_question_about_a_picture(tiny_model):
    processor = read_processor(tiny_model)
    model = library("LlavaOnevisionForConditionalGeneration").from_pretrained(tiny_model)
    parts = [{"type": "image"}, {"type": "text", "text": "Is it extended?"}]
    text = processor.apply_chat_template([{"role": "user", "content": parts}], add_generation_prompt=True)
    given = processor(text=text, images=[Image.new("RGB", (64, 64))], return_tensors="pt")
    said = model.generate(**given, max_new_tokens=4)
    assert said.shape[1] <= given["input_ids"].shape[1] + 4
    assert model.generation_config.eos_token_id == processor.tokenizer.convert_tokens_to_ids("<|im_end|>")


@pytest.mark.slow
def test_no_network_is_asked_for_it(tmp_path):
    code = (
        "import socket, pathlib, sys\n"
        "def refuse(*_): raise OSError('no network')\n"
        "socket.socket.connect = refuse\n"
        "from finetune.network.tiny import build_tiny\n"
        "build_tiny(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "tiny"], check=True, cwd=ROOT, capture_output=True)
    assert (tmp_path / "tiny/model.safetensors").is_file()


def test_another_kind_of_model_is_refused(tiny_model, tmp_path):
    with pytest.raises(RecipeError, match="has no config.json"):
        read_processor(tmp_path)
    for path in tiny_model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    said = json.loads((tmp_path / "processor_config.json").read_text())
    said["processor_class"] = "LlavaNextProcessor"
    (tmp_path / "processor_config.json").write_text(json.dumps(said))
    with pytest.raises(RecipeError, match="LlavaNext|no processor could be read"):
        read_processor(tmp_path)


def test_an_unknown_template_is_answered_with_those_that_exist():
    with pytest.raises(RecipeError, match="known: internvl, llava_next_qwen, qwen2_5_vl, qwen3_vl"):
        template("llava_old")


@pytest.mark.slow
def test_every_module_imports_without_the_packages_of_curation():
    files = [path.relative_to(ROOT) for path in (ROOT / "finetune").rglob("*.py") if not path.stem.startswith("__")]
    names = sorted(".".join(file.with_suffix("").parts) for file in files)
    absent = ["ray", "duckdb", "vllm", "great_expectations", "trl"]
    code = (
        f"import importlib, sys; sys.modules.update(dict.fromkeys({absent}))\n"
        f"for name in {names}: importlib.import_module(name)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_transformers_has_one_door():
    """Its names come from finetune/network/hf.py, which makes torchvision ready before."""
    users = {
        path.name
        for path in (ROOT / "finetune").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("from transformers", "import transformers"))  # inside a function, hf.py came before
    }
    assert users == {"hf.py"}
