"""Samples a second and padding: packed rows against the plain Trainer, with equal loss, as ratios in one run.

    python benchmarks/packing.py                     # the tiny model on one core; --records 60, --rounds 3, --json
    python benchmarks/packing.py --data HANDOVER     # the mixture of a hand-over, such as the demo's
    python benchmarks/packing.py --gpu 0.5b          # that shape with random weights on a GPU: tokens a second

Two pairs, each the same work both ways: whole conversations (ours packed; the plain Trainer one a batch, padded to the
longest), and turns by themselves (ours isolated in packed rows; the plain Trainer with a sample for each turn). The
rate is next to zero, so the losses of all tokens must agree. Encoding counts on both sides. Seconds are those of the
processor; rounds are interleaved (A B A B).
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("DS_ACCELERATOR", "cpu")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch

from finetune.encode import IGNORED, Encoder
from finetune.hf import Trainer, TrainingArguments, read_processor
from finetune.lengths import lengths_of
from finetune.model import load, with_trainables
from finetune.pack import row_of
from finetune.progress import Meter, device_peak
from finetune.recipe import recipe
from finetune.sampler import Collate, Rows, plan_of_run
from finetune.samples import Message, Sample, open_handover
from finetune.shapes import HUB, PUBLISHED, Shape
from finetune.tiny import build_tiny
from finetune.trainer import CorpusTrainer

PACK_TOKENS = 2048
TEMPLATES = ("Describe the image.", "Is there an extended source?", "Which class is it?", "Is it bright?", "What else?")


class Ours(CorpusTrainer):
    """Adds up the loss of all tokens and the tokens of all rows."""

    total = n_learned = n_tokens = n_given = 0.0

    def compute_loss(self, model, inputs, **given):
        n, tokens = len(inputs["target"]), inputs["input_ids"].numel()
        loss = super().compute_loss(model, inputs, **given)
        self.total += float(loss.detach()) * float(given["num_items_in_batch"])
        self.n_learned += n
        self.n_tokens += tokens
        self.n_given += tokens
        return loss

    def log(self, logs, start_time=None):
        """Nothing is written while it is timed."""


class Plain(Trainer):
    """Hugging Face's, with the loss of all tokens added up."""

    total = n_learned = n_tokens = n_given = 0.0

    def compute_loss(self, model, inputs, **given):
        n = int((inputs["labels"][:, 1:] != IGNORED).sum())
        loss = super().compute_loss(model, inputs, **given)
        self.total += float(loss.detach()) * n
        self.n_learned += n
        self.n_tokens += inputs["input_ids"].numel()
        self.n_given += int(inputs["attention_mask"].sum())
        return loss

    def log(self, logs, start_time=None):
        """Nothing is written while it is timed."""


class Each(torch.utils.data.Dataset):
    """A record, or a turn of one with its picture, encoded when it is asked for."""

    def __init__(self, records, encoder):
        self.records, self.encoder = records, encoder

    def __len__(self):
        return len(self.records)

    def __getitem__(self, number):
        return self.encoder.encode(self.records[number])


class Padded:
    """One sample a batch, padded to `length`."""

    def __init__(self, length, pad):
        self.length, self.pad = length, pad

    def __call__(self, one):
        row = row_of(one)
        labels = torch.from_numpy(one[0].labels)[None]
        short = max(self.length - labels.shape[1], 0)
        padded = torch.nn.functional.pad
        found = {
            "input_ids": padded(row["input_ids"], (0, short), value=self.pad),
            "labels": padded(labels, (0, short), value=IGNORED),
            "attention_mask": padded(torch.ones_like(labels), (0, short)),
        }
        return {**found, **{name: row[name] for name in ("pixel_values", "image_sizes") if name in row}}


def settings(folder, n_steps):
    return TrainingArguments(
        output_dir=str(folder), max_steps=n_steps, per_device_train_batch_size=1, learning_rate=0.0, use_cpu=True,
        train_sampling_strategy="sequential", save_strategy="no", logging_strategy="no", report_to=[],
        remove_unused_columns=False, disable_tqdm=True, max_grad_norm=0.0, dataloader_pin_memory=False,
    )  # fmt: skip


def timed(trainer, n_samples):
    start = time.process_time()
    trainer.train()
    seconds = time.process_time() - start
    return {
        "samples_per_s": n_samples / seconds,
        "loss": trainer.total / trainer.n_learned,
        "padding": 1 - trainer.n_given / trainer.n_tokens,
        "n_learned": int(trainer.n_learned),
    }


def ours(chosen, samples, processor, n_samples, folder):
    encoder = Encoder(processor, chosen)
    plan = plan_of_run(samples, lengths_of(samples, encoder), encoder, n_processes=1)
    trainer = Ours(
        model=load(chosen), args=settings(folder, plan.n_steps), train_dataset=Rows(samples, encoder, plan),
        data_collator=Collate(), recipe=chosen, meter=Meter((), 1),
    )  # fmt: skip
    return timed(trainer, n_samples)


def plain(chosen, records, processor, length, folder):
    encoder = Encoder(processor, chosen)
    trainer = Plain(
        model=load(chosen), args=settings(folder, len(records)), train_dataset=Each(records, encoder),
        data_collator=Padded(length, processor.tokenizer.pad_token_id),
    )  # fmt: skip
    return timed(trainer, len(records))


def turns_of(samples, encoder):
    """Every turn as a record of its own, with the picture."""
    opening = "<image>\n"
    for sample in samples:
        if not encoder.is_isolated(sample):
            yield sample
            continue
        for number in range(len(sample.turns)):
            asked, said = sample.messages[2 * number : 2 * number + 2]
            question = Message("user", opening + asked.text.removeprefix(opening))
            yield Sample(f"{sample.sample_id}-{number}", sample.source, sample.pictures, (question, said))


def made_up(folder, n_records):
    """Conversations of five to twenty turns about pictures of noise, and captions: lengths as the demo's."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    lines = []
    for number in range(n_records):
        chance = np.random.default_rng(number)
        Image.fromarray(chance.integers(0, 255, (60, 60), np.uint8)).save(folder / f"{number}.png")
        n_turns = 1 if number % 4 == 0 else int(chance.integers(5, 20))
        turns = []
        for turn in range(n_turns):
            words = " ".join(chance.choice(["lobe", "core", "jet", "source", "bright"], int(chance.integers(1, 12))))
            question = f"{TEMPLATES[turn % len(TEMPLATES)]} {turn}"
            turns += [{"from": "human", "value": ("" if turn else "<image>\n") + question}]
            turns += [{"from": "gpt", "value": words}]
        lines.append(json.dumps({"id": f"record-{number}", "image": f"{number}.png", "conversations": turns}))
    (folder / "llava.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def on_a_cpu(options):
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        tiny = build_tiny(folder / "tiny")
        data = Path(options.data) if options.data else made_up(folder / "data", options.records)
        samples = open_handover(data, tags=["all"], index_dir=folder / "index")
        processor = read_processor(tiny)
        common = {
            "model.name": str(tiny), "batch": "{per_device = 1, accumulate = 1, global_batch = 1}",
            "loss": '{on = "answers", norm = "token"}', "optim.lr": "1e-30",
        }  # fmt: skip
        isolated = recipe("smoke", {**common, "turns": f'{{layout = "isolated", pack_tokens = {PACK_TOKENS}}}'})
        packed = recipe("smoke", {**common, "turns": f'{{layout = "sequential", pack_tokens = {PACK_TOKENS}}}'})
        alone = recipe("smoke", {**common, "turns": '{layout = "sequential"}'})
        turns = list(turns_of(samples, Encoder(processor, isolated)))
        longest = int(lengths_of(samples, Encoder(processor, packed)).whole.max())
        ways = {
            "conversations, packed": lambda: ours(packed, samples, processor, len(samples), folder / "a"),
            "conversations, plain Trainer": lambda: plain(alone, list(samples), processor, longest, folder / "b"),
            "turns, isolated and packed": lambda: ours(isolated, samples, processor, len(turns), folder / "c"),
            "turns, plain Trainer": lambda: plain(alone, turns, processor, 0, folder / "d"),
        }
        rounds = [{name: way() for name, way in ways.items()} for _ in range(options.rounds)]
    found = {
        name: {**rounds[0][name], "samples_per_s": statistics.median(one[name]["samples_per_s"] for one in rounds)}
        for name in ways
    }
    return {"ways": found, "ratios": ratios(found), "n_records": len(samples), "n_turns": len(turns)}


def ratios(found):
    """Ours over the plain Trainer, and how far the losses are apart."""
    pairs = {
        "conversations": ("conversations, packed", "conversations, plain Trainer"),
        "turns": ("turns, isolated and packed", "turns, plain Trainer"),
    }
    told = {}
    for name, (mine, theirs) in pairs.items():
        one, other = found[mine], found[theirs]
        told[name] = {
            "speed": one["samples_per_s"] / other["samples_per_s"],
            "loss_difference": abs(one["loss"] - other["loss"]) / other["loss"],
        }
    return told


def on_a_gpu(options):
    """Tokens a second, share of peak and memory of a published shape with random weights: one GPU, no data loading."""
    from finetune.model import config_of

    if not torch.cuda.is_available():
        raise SystemExit("--gpu needs a GPU; none is here")
    shape = Shape.of(PUBLISHED[HUB.format(options.gpu)])
    found = []
    for how in ("full", "lora"):
        for attention in ("sdpa", "flash_attention_2", "flex_attention"):
            for is_packed in (False, True):
                if is_packed and attention == "flash_attention_2":
                    continue  # takes no 4-D mask
                said = {"how": how, "attention": attention, "packed": is_packed}
                try:
                    found.append({**said, **_measured(options, shape, config_of, how, attention, is_packed)})
                except (RuntimeError, ImportError, ValueError) as error:
                    found.append({**said, "error": str(error).splitlines()[0][:120]})
                torch.cuda.empty_cache()
    return {"gpu": torch.cuda.get_device_name(), "shape": options.gpu, "ways": found}


def _measured(options, shape, config_of, how, attention, is_packed):
    from finetune.hf import LlavaOnevisionForConditionalGeneration

    changes = {"model.attention": attention, "run.zero": "2"}  # 2: trainables stay bfloat16, as under ZeRO
    name = {"full": "full_shallow_qa", "lora": "lora_shallow_qa"}[how]
    chosen = recipe(name, changes)
    config = config_of(shape)
    config._attn_implementation = attention
    with torch.device("cuda"):
        torch.set_default_dtype(torch.bfloat16)
        try:
            model = with_trainables(LlavaOnevisionForConditionalGeneration(config), chosen)
        finally:
            torch.set_default_dtype(torch.float32)
    model.train()
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    row = _row(options.tokens, is_packed, config)
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=1e-6)
    torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(options.rounds + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        logits = model(**row, logits_to_keep=256).logits
        logits.float().logsumexp(-1).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    rate = options.tokens / statistics.median(seconds[1:])
    peak = device_peak()
    return {
        "tokens_per_s": round(rate), "memory_gb": round(torch.cuda.max_memory_allocated() / 1e9, 1),
        "share_of_peak": round(6 * shape.n_weights * rate / peak, 3) if peak else None,
    }  # fmt: skip


def _row(n_tokens, is_packed, config):
    """A row of one picture and text, or of as many records as fit, with their mask."""
    from finetune.pack import may_see

    side = config.vision_config.image_size
    n_picture = 1485  # of a square picture up to 384 px
    n_records = max(n_tokens // 3600, 1) if is_packed else 1
    each = n_tokens // n_records
    ids = torch.randint(1000, 100000, (n_records, each))
    ids[:, 14 : 14 + n_picture] = config.image_token_id
    row = {
        "input_ids": ids.reshape(1, -1).cuda(),
        "pixel_values": torch.randn(n_records, 2, 3, side, side).bfloat16().cuda(),
        "image_sizes": torch.tensor([[side, side]] * n_records).cuda(),
        "batch_num_images": torch.ones(n_records, dtype=torch.long).cuda(),
        "position_ids": torch.arange(each).repeat(n_records)[None].cuda(),
    }
    if is_packed:
        images = torch.arange(n_records).repeat_interleave(each).cuda()
        row["attention_mask"] = may_see(images, torch.zeros_like(images))[None, None]
    return row


def table(found):
    lines = ["| way | samples/s | padding | loss |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {one['samples_per_s']:.1f} | {one['padding']:.1%} | {one['loss']:.6f} |"
        for name, one in found["ways"].items()
    ]
    lines += ["", "| ours / plain | samples/s | loss differs by |", "|---|---|---|"]
    lines += [
        f"| {name} | **{one['speed']:.1f}x** | {one['loss_difference']:.1e} |" for name, one in found["ratios"].items()
    ]
    return "\n".join(lines)


def main():
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--records", type=int, default=60)
    reader.add_argument("--rounds", type=int, default=3)
    reader.add_argument("--data")
    reader.add_argument("--gpu", choices=["0.5b", "7b"])
    reader.add_argument("--tokens", type=int, default=8192)
    reader.add_argument("--json", action="store_true")
    options = reader.parse_args()
    found = on_a_gpu(options) if options.gpu else on_a_cpu(options)
    print(json.dumps(found, indent=1) if options.json or options.gpu else table(found))


if __name__ == "__main__":
    main()
