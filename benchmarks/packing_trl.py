"""TRL's SFTTrainer on the records of benchmarks/packing.py, in an environment of TRL's: `make peers-setup`.

    python packing_trl.py MODEL RECORDS TEMPLATE BATCH     one JSON object on the last line

Nothing of this project is imported: these lines are what somebody who uses TRL would write. RECORDS is JSON lines with
`messages` and `images`; TEMPLATE a chat template that marks the answers. Its packing takes no pictures.
"""

import json
import sys
import tempfile
import time

import datasets
import torch
import transformers
import trl
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor
from trl import SFTConfig, SFTTrainer


class Summed(SFTTrainer):
    """With the loss of all tokens added up."""

    total, n_learned, n_tokens, n_given = 0.0, 0, 0, 0

    def compute_loss(self, model, inputs, **given):
        n = int((inputs["labels"][:, 1:] != -100).sum())
        n_tokens, n_given = inputs["input_ids"].numel(), int(inputs["attention_mask"].sum())
        loss = super().compute_loss(model, inputs, **given)
        self.total += float(loss.detach()) * n
        self.n_learned += n
        self.n_tokens += n_tokens
        self.n_given += n_given
        return loss

    def log(self, logs, start_time=None):
        """Nothing is written while it is timed."""


def main():
    model, records, template, batch = sys.argv[1:]
    torch.set_num_threads(1)
    processor = AutoProcessor.from_pretrained(model)
    processor.image_processor = AutoImageProcessor.from_pretrained(model, backend="pil")  # as ours
    processor.chat_template = open(template).read()  # noqa: PTH123, SIM115
    with tempfile.TemporaryDirectory() as out:
        data = datasets.load_dataset("json", data_files=records, split="train", cache_dir=f"{out}/cache")
        settings = SFTConfig(
            output_dir=out, num_train_epochs=1, per_device_train_batch_size=int(batch), use_cpu=True, report_to="none",
            max_length=None, save_strategy="no", logging_strategy="no", bf16=False, gradient_checkpointing=False,
            learning_rate=0.0, max_grad_norm=0.0, assistant_only_loss=True, dataloader_pin_memory=False,
            train_sampling_strategy="sequential", disable_tqdm=True, shuffle_dataset=False,
        )  # fmt: skip
        network = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32)
        trainer = Summed(network, settings, train_dataset=data, processing_class=processor)
        start = time.process_time()
        trainer.train()
        seconds = time.process_time() - start
    said = {
        "seconds": seconds, "n_records": len(data), "loss": trainer.total / trainer.n_learned,
        "padding": 1 - trainer.n_given / trainer.n_tokens, "n_learned": trainer.n_learned,
        "versions": {one.__name__: one.__version__ for one in (trl, transformers, torch)},
    }  # fmt: skip
    print(json.dumps(said))


if __name__ == "__main__":
    main()
