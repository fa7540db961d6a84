"""ms-swift's own loading of a hand-over, in an environment of its own: its data set, its template, two steps of it.

    python ms_swift_loads.py HANDOVER MODEL OUT     what came of it: one JSON object on the last line

Nothing of this project is imported: the words below are what somebody would give to `swift sft`. ms-swift puts the
number of the real LLaVA-OneVision's picture token into every row, so the tiny model gets that number, and a vocabulary
as long.
"""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

handover, tiny, out = sys.argv[1:]
os.environ["ROOT_IMAGE_DIR"] = handover  # where ms-swift looks for pictures; read when it is imported

from swift import get_processor, get_template, load_dataset, sft_main  # noqa: E402
from transformers import AutoConfig, AutoProcessor, LlavaOnevisionForConditionalGeneration  # noqa: E402

PICTURE_TOKEN = 151646
files = [f"{handover}/messages.jsonl"], [f"{handover}/messages-validation.jsonl"]

model = f"{out}/model"
config = AutoConfig.from_pretrained(tiny)
config.image_token_index = config.image_token_id = PICTURE_TOKEN
config.text_config.vocab_size = PICTURE_TOKEN + 2
LlavaOnevisionForConditionalGeneration(config).save_pretrained(model)
AutoProcessor.from_pretrained(tiny).save_pretrained(model)
words = Path(model) / "tokenizer.json"
told = json.loads(words.read_text())
told["model"]["vocab"]["<image>"] = PICTURE_TOKEN
for one in told["added_tokens"]:
    one["id"] = PICTURE_TOKEN if one["content"] == "<image>" else one["id"]
words.write_text(json.dumps(told))

rows = {split: load_dataset(some)[0] for split, some in zip(("train", "validation"), files, strict=True)}
template = get_template(get_processor(model, model_type="llava_onevision_hf"))
template.set_mode("train")
encoded = [template.encode(rows["train"][at]) for at in (0, 1)]
batch = template.data_collator(encoded)
tokenizer = template.tokenizer
sft_main([
    "--model", model, "--model_type", "llava_onevision_hf", "--dataset", *files[0], "--val_dataset", *files[1],
    "--tuner_type", "full", "--torch_dtype", "float32", "--max_steps", "2",
    "--gradient_accumulation_steps", "1", "--per_device_train_batch_size", "2",
    "--learning_rate", "1e-3", "--logging_steps", "1", "--save_strategy", "no", "--eval_strategy", "no",
    "--output_dir", f"{out}/run", "--add_version", "false", "--report_to", "none", "--dataloader_num_workers", "0",
    "--gradient_checkpointing", "false", "--freeze_vit", "false", "--dataset_num_proc", "1", "--strict", "true",
])  # fmt: skip
log = [json.loads(line) for line in (Path(out) / "run" / "logging.jsonl").read_text().splitlines()]
said = {
    "versions": {name: version(name) for name in ("ms_swift", "transformers", "torch", "datasets")},
    "n": {split: len(some) for split, some in rows.items()},
    "first": [{"messages": rows["train"][at]["messages"], "images": rows["train"][at]["images"]} for at in (0, 1)],
    "texts": [tokenizer.decode([one for one in row["input_ids"] if one != PICTURE_TOKEN]) for row in encoded],
    "answers": [tokenizer.decode([one for one in row["labels"] if one != -100]) for row in encoded],
    "n_placeholders": [row["input_ids"].count(PICTURE_TOKEN) for row in encoded],
    "pictures": list(batch["pixel_values"].shape),
    "losses": [one["loss"] for one in log if "loss" in one],
}
print(json.dumps(said))
