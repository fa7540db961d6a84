"""TRL's own loading of a hand-over, in an environment of TRL's: load_dataset, SFTTrainer, two steps of it.

    python trl_loads.py HANDOVER MODEL OUT     what came of it: one JSON object on the last line

Nothing of this project is imported: these lines are what somebody who uses TRL would write.
"""

import json
import os
import sys

import datasets
import torch
import transformers
import trl
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor
from trl import SFTConfig, SFTTrainer

handover, model, out = sys.argv[1:]
there = datasets.load_dataset(handover, "messages", cache_dir=f"{out}/cache")
os.chdir(handover)  # pictures are named by their place in it
processor = AutoProcessor.from_pretrained(model)
processor.image_processor = AutoImageProcessor.from_pretrained(model, backend="pil")  # for a torchvision without files
settings = SFTConfig(
    output_dir=out, max_steps=2, per_device_train_batch_size=2, use_cpu=True, report_to="none", logging_steps=1,
    max_length=None, save_strategy="no", dataloader_num_workers=0, bf16=False, gradient_checkpointing=False,
    remove_unused_columns=False, learning_rate=1e-3, shuffle_dataset=False,
)  # fmt: skip
trainer = SFTTrainer(
    AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32),
    settings,
    train_dataset=there["train"],
    eval_dataset=there["validation"].select(range(2)),
    processing_class=processor,
)
rows = [there["train"][at] for at in (0, 1)]
batch = trainer.data_collator([dict(row) for row in rows])
trained = trainer.train()
said = {
    "versions": {one.__name__: one.__version__ for one in (trl, transformers, torch, datasets)},
    "n": {split: one.num_rows for split, one in there.items()},
    "first": rows,
    "texts": processor.batch_decode(batch["input_ids"]),
    "supervised": [int((one != -100).sum()) for one in batch["labels"]],
    "pictures": list(batch["pixel_values"].shape),
    "losses": [one["loss"] for one in trainer.state.log_history if "loss" in one],
    "eval_loss": trainer.evaluate()["eval_loss"],
    "steps": trained.global_step,
}
print(json.dumps(said))
