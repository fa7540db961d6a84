"""`python -m finetune.ask MODEL PICTURE QUESTION`: what a model says of a picture, through transformers alone."""

import sys
from pathlib import Path
from typing import Any


def answer(folder: str | Path, picture: Path, question: str, n_tokens: int = 32) -> str:
    """The likeliest words, in the template that the model's folder holds."""
    import torch

    from finetune.data.samples import Picture
    from finetune.network.hf import read_processor
    from finetune.network.model import read_model
    from finetune.rows.encode import opened

    processor, model = read_processor(folder), read_model(folder).eval()
    model.config.use_cache = True
    asked = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    text = processor.apply_chat_template(asked, add_generation_prompt=True)
    given: Any = processor(text=text, images=opened(Picture(str(picture))), return_tensors="pt").to(dtype=model.dtype)
    with torch.no_grad():
        said = model.generate(**given, max_new_tokens=n_tokens)
    return processor.tokenizer.decode(said[0, given["input_ids"].shape[1] :], skip_special_tokens=True).strip()


if __name__ == "__main__":
    model_folder, picture_file, *words = sys.argv[1:]
    print(answer(model_folder, Path(picture_file), " ".join(words)))
