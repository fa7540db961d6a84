#!/usr/bin/env bash
# Asked how many tokens a picture would have with other settings, a processor of transformers keeps these settings: from
# then on every processor of its class in the process cuts every picture by them, and nothing is said. The method that
# counts updates the class's own table of defaults in place. Seen here of AyaVisionProcessor, which needs no torch;
# InternVLProcessor has the same lines and cuts pictures with the same code, and does the same.
# Exits 0 while this is so, 1 when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "transformers==5.16.1" "pillow==12.3.0" "numpy==2.4.6" "tokenizers==0.23.3"
cat > "$folder/look.py" <<'PY'
import importlib.metadata
import sys

import numpy as np
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.models.aya_vision.processing_aya_vision import AyaVisionProcessor
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

print("transformers", importlib.metadata.version("transformers"), "without torch")


def processor():
    words = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[UNK]")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>", "<|IMG_PATCH|>"]})
    return AyaVisionProcessor(GotOcr2ImageProcessorPil(size={"height": 364, "width": 364}), tokenizer)


def tokens(one):
    """Tokens of a picture of 1,000 x 1,000 pixels, in what the model is given."""
    given = one(text="<image>", images=Image.new("RGB", (1000, 1000)), return_tensors="np")
    patch = one.tokenizer.convert_tokens_to_ids("<|IMG_PATCH|>")
    return int((np.asarray(given["input_ids"]) == patch).sum())


first = processor()
before = tokens(first)
asked = first._get_num_multimodal_tokens([(1000, 1000)], max_patches=1)["num_image_tokens"]
after, other = tokens(first), tokens(processor())
print(f"a picture has {before} tokens; asked how many with max_patches=1: {asked[0]}")
print(f"the same picture now has {after} tokens, and {other} by a processor made anew")
sys.exit(0 if before > after == other else 1)
PY
"$folder/env/bin/python" "$folder/look.py"
