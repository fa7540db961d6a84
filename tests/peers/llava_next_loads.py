"""LLaVA-NeXT's own data set and collator on a hand-over, in an environment of its own with its code on PYTHONPATH.

    python llava_next_loads.py HANDOVER     what came of it: one JSON object on the last line

Nothing of this project is imported. Its data set puts the next record in the place of one that it cannot read, in
silence, so every record is asked for and has to come under its own id.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from llava import conversation
from llava.model.multimodal_encoder.siglip_encoder import SigLipImageProcessor
from llava.train.train import DataArguments, DataCollatorForSupervisedDataset, LazySupervisedDataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

handover = Path(sys.argv[1])
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
bytes_alone = Tokenizer(models.BPE({letter: at for at, letter in enumerate(alphabet)}, []))
bytes_alone.pre_tokenizer, bytes_alone.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=bytes_alone, pad_token="<|endoftext|>", model_max_length=4096, padding_side="right",
    additional_special_tokens=["<|im_start|>", "<|im_end|>"],
)  # fmt: skip
conversation.default_conversation = conversation.conv_templates["qwen_1_5"]
settings = DataArguments(
    data_path=str(handover / "llava.json"), image_folder=str(handover), is_multimodal=True, image_aspect_ratio="anyres",
    image_grid_pinpoints=[[56, 112], [112, 56], [112, 112]],
)  # fmt: skip
settings.image_processor = SigLipImageProcessor(size=(56, 56), crop_size={"height": 56, "width": 56})
settings.mm_use_im_start_end = False
there = LazySupervisedDataset(settings.data_path, tokenizer, settings)
ids, n_crops, shown = [], set(), []
for at in range(len(there)):
    row = there[at]
    ids.append(row["id"])
    n_crops.add(tuple(row["image"][0][0].shape))
    if at < 2:
        shown.append(row)
batch = DataCollatorForSupervisedDataset(tokenizer)(shown)
picture_token = -200
said = {
    "versions": {name: version(name) for name in ("transformers", "torch", "numpy")},
    "ids": ids,
    "pictures": sorted(n_crops),
    "batch": {name: list(batch[name].shape) for name in ("input_ids", "labels")},
    "n_placeholders": [int((row["input_ids"] == picture_token).sum()) for row in shown],
    "texts": [tokenizer.decode([one for one in row["input_ids"].tolist() if one != picture_token]) for row in shown],
    "supervised": [tokenizer.decode([one for one in row["labels"].tolist() if one != -100]) for row in shown],
}
print(json.dumps(said))
