"""LLaMA-Factory's own loading of a hand-over, in an environment of its own: its data sets by name, two steps of it.

    python llama_factory_loads.py HANDOVER MODEL OUT     what came of it: one JSON object on the last line

Nothing of this project is imported: the settings below are what somebody would write into LLaMA-Factory's YAML.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from llamafactory.data import SFTDataCollatorWith4DAttentionMask, get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer
from llamafactory.train.tuner import run_exp

handover, model, out = sys.argv[1:]
settings = {
    "model_name_or_path": model, "stage": "sft", "do_train": True, "finetuning_type": "full",
    "dataset_dir": handover, "dataset": "radio_train", "eval_dataset": "radio_validation",
    "template": "llava_next_qwen", "cutoff_len": 4096, "output_dir": out,
    "max_steps": 2, "per_device_train_batch_size": 2, "learning_rate": 1e-3, "logging_steps": 1, "save_strategy": "no",
    "report_to": "none", "use_cpu": True, "bf16": False, "fp16": False, "preprocessing_num_workers": 1,
    "overwrite_cache": True, "disable_gradient_checkpointing": True,
}  # fmt: skip
model_args, data_args, training_args, _, _ = get_train_args(dict(settings))
tokenizer = load_tokenizer(model_args)
template = get_template_and_fix_tokenizer(tokenizer["tokenizer"], data_args)
there = get_dataset(template, model_args, data_args, training_args, stage="sft", **tokenizer)
rows = [there["train_dataset"][at] for at in (0, 1)]
collate = SFTDataCollatorWith4DAttentionMask(template=template, label_pad_token_id=-100, **tokenizer)
batch = collate([dict(row) for row in rows])
run_exp({**settings, "max_samples": 4})
log = [json.loads(line) for line in (Path(out) / "trainer_log.jsonl").read_text().splitlines()]
said = {
    "versions": {name: version(name) for name in ("llamafactory", "transformers", "torch", "datasets")},
    "n": {"train": len(there["train_dataset"]), "validation": len(there["eval_dataset"])},
    "first": [{"images": row["images"], "input": tokenizer["tokenizer"].decode(row["input_ids"]),
               "answers": tokenizer["tokenizer"].decode([one for one in row["labels"] if one != -100])}
              for row in rows],
    "pictures": list(batch["pixel_values"].shape),
    "losses": [one["loss"] for one in log if "loss" in one],
    "steps": log[-1]["current_steps"],
}  # fmt: skip
print(json.dumps(said))
