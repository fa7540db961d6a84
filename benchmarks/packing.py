"""Samples a second: packed rows against TRL and the plain Trainer, with equal loss, as ratios in one run.

    python benchmarks/packing.py                     # the tiny model on one core; --records 60, --rounds 3, --json
    python benchmarks/packing.py --data HANDOVER     # the mixture of a hand-over, such as the demo's
    python benchmarks/packing.py --trl PYTHON        # TRL beside it, in an environment of its own (`make peers-setup`)
    python benchmarks/packing.py --lengths           # what a token costs in rows of 2,048 to 32,768 tokens
    python benchmarks/packing.py --gpu 0.5b          # or 7b: that shape with random weights; see packing_gpu.py

Two kinds, each the same work all ways, for "samples" has two meanings. Whole conversations: ours packed; the others one
a batch. Turns by themselves, which only see the picture: ours isolated and packed; the others must take a sample for
each turn to learn from the same loss. Nobody pads at a batch of one; the plain Trainer is also given conversations
padded to the longest, as many recipes do. The rate is next to zero, so the losses of all tokens must agree. Encoding
counts on all sides, and on ours measuring the lengths and planning the rows. Seconds are those of the processor, on one
thread; rounds are interleaved (A B A B).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("DS_ACCELERATOR", "cpu")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from packing_gpu import SHAPES, on_a_gpu
from packing_lengths import on_lengths

from finetune.data.samples import Message, Sample, open_handover
from finetune.network.hf import Trainer, TrainingArguments, read_processor
from finetune.network.model import load
from finetune.network.tiny import build_tiny
from finetune.recipe import recipe
from finetune.rows.encode import Encoder
from finetune.rows.encoded import IGNORED
from finetune.rows.lengths import lengths_of
from finetune.rows.pack import row_of
from finetune.rows.sampler import Collate, Rows, plan_of_run
from finetune.training.memory import keep_memory
from finetune.training.trainer import CorpusTrainer
from finetune.watch.progress import Meter

PACKED = {"rows of 2,048": (2048, True), "rows of 8,192": (8192, True), "rows of 2,048, nothing shared": (2048, False)}
HERE = Path(__file__).resolve().parent
TRL = HERE.parent / ".venv-peers" / "trl" / "bin" / "python"
WORDS = ("lobe", "core", "jet", "source", "bright")
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


def timed(trainer, n_samples, before_s=0.0):
    start = time.process_time()
    trainer.train()
    seconds = before_s + time.process_time() - start
    return {
        "samples_per_s": n_samples / seconds,
        "loss": trainer.total / trainer.n_learned,
        "padding": 1 - trainer.n_given / trainer.n_tokens,
        "n_learned": int(trainer.n_learned),
    }


def ours(chosen, samples, processor, n_samples, folder):
    encoder, start = Encoder(processor, chosen), time.process_time()
    plan = plan_of_run(samples, lengths_of(samples, encoder), encoder, n_processes=1)
    before_s = time.process_time() - start
    trainer = Ours(
        model=load(chosen), args=settings(folder, plan.n_steps), train_dataset=Rows(samples, encoder, plan),
        data_collator=Collate(), recipe=chosen, meter=Meter((), 1),
    )  # fmt: skip
    return timed(trainer, n_samples, before_s)


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
    """Conversations about pictures of noise: pictures, turns and lengths of texts as the demo's."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    lines = []
    for number in range(n_records):
        chance = np.random.default_rng(number)
        Image.fromarray(chance.integers(0, 255, (256, 256), np.uint8)).save(folder / f"{number}.png")
        turns = []
        for turn in range(int(chance.choice([5, 14, 20], p=[0.15, 0.55, 0.3]))):
            said = " ".join(chance.choice(WORDS, 60 if turn == 0 else int(chance.integers(1, 10))))
            question = f"{TEMPLATES[turn % len(TEMPLATES)]} {turn}"
            turns += [{"from": "human", "value": ("" if turn else "<image>\n") + question}]
            turns += [{"from": "gpt", "value": said}]
        lines.append(json.dumps({"id": f"record-{number}", "image": f"{number}.png", "conversations": turns}))
    (folder / "llava.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def with_trl(python, model, template, records, folder):
    """TRL's SFTTrainer at a batch of one, which is its quickest here: a process of its own, on the same core."""
    folder.mkdir(exist_ok=True)
    path, marked = folder / "records.jsonl", folder / "template.jinja"
    path.write_text("".join(json.dumps(as_messages(one)) + "\n" for one in records))
    marked.write_text(template)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    apart = dict.fromkeys(("OMP_NUM_THREADS", "HF_HUB_OFFLINE"), "1")
    apart |= {"CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false"}
    words = [python, HERE / "packing_trl.py", model, path, marked, "1"]
    done = subprocess.run(
        [str(one) for one in words], env={**kept, **apart}, capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"TRL failed: {done.stderr[-2000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return {
        "samples_per_s": said["n_records"] / said["seconds"],
        **{name: said[name] for name in ("loss", "padding", "n_learned", "versions")},
    }


def as_messages(sample):
    said = [{"role": one.role, "content": one.text.removeprefix("<image>\n")} for one in sample.messages]
    return {"messages": said, "images": [one.where for one in sample.pictures]}


def packed_turns(layout, pack_tokens, is_shared):
    shared = str(is_shared).lower()
    return f'{{layout = "{layout}", pack_tokens = {pack_tokens}, max_tokens = 32768, share_pictures = {shared}}}'


def on_a_cpu(options):
    torch.set_num_threads(1)
    keep_memory()  # as a run does; the plain Trainer here has it too
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
        of = {
            (layout, how): recipe("smoke", {**common, "turns": packed_turns(layout, *given)})
            for layout in ("sequential", "isolated") for how, given in PACKED.items()
        }  # fmt: skip
        alone = recipe("smoke", {**common, "turns": '{layout = "sequential"}'})
        turns = list(turns_of(samples, Encoder(processor, of["isolated", "rows of 2,048"])))
        longest = int(lengths_of(samples, Encoder(processor, alone)).whole.max())
        whole, template = list(samples), Encoder(processor, alone).template.text
        packed = {
            f"{kind}, {how}": lambda chosen=of[layout, how], n=len(done): ours(
                chosen, samples, processor, n, folder / "a"
            )
            for kind, layout, done in (("conversations", "sequential", whole), ("turns", "isolated", turns))
            for how in PACKED
        }
        ways = {
            **packed,
            "conversations, plain Trainer": lambda: plain(alone, whole, processor, 0, folder / "b"),
            "conversations, plain Trainer, padded": lambda: plain(alone, whole, processor, longest, folder / "b"),
            "turns, plain Trainer": lambda: plain(alone, turns, processor, 0, folder / "d"),
        }  # fmt: skip
        if options.trl.exists():
            trl = {
                "conversations, TRL": lambda: with_trl(options.trl, tiny, template, whole, folder / "e"),
                "turns, TRL": lambda: with_trl(options.trl, tiny, template, turns, folder / "e"),
            }
            ways |= trl
        if options.only:
            ways = {name: way for name, way in ways.items() if any(one in name for one in options.only)}
        rounds = []
        for _ in range(options.rounds):
            rounds.append({})
            for name, way in ways.items():
                rounds[-1][name] = way()
                print(f"{name}: {rounds[-1][name]['samples_per_s']:.2f} samples/s", file=sys.stderr, flush=True)
    found = {
        name: {**rounds[0][name], "samples_per_s": statistics.median(one[name]["samples_per_s"] for one in rounds)}
        for name in ways
    }
    return {"ways": found, "ratios": ratios(found), "n_records": len(whole), "n_turns": len(turns)}


def ratios(found):
    """Ours over each of the others, and how far the losses are apart."""
    told = {}
    for mine, one in found.items():
        for theirs, other in found.items():
            kind, how = mine.split(", ", 1)
            if how.startswith("rows") and theirs.startswith(kind) and not theirs.startswith(f"{kind}, rows"):
                difference = abs(one["loss"] - other["loss"]) / other["loss"]
                speed = one["samples_per_s"] / other["samples_per_s"]
                told[f"{mine} / {theirs.split(', ', 1)[1]}"] = {"speed": speed, "loss_difference": difference}
    return told


def table(found):
    lines = ["| way | samples/s | padding | loss |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {one['samples_per_s']:.1f} | {one['padding']:.1%} | {one['loss']:.6f} |"
        for name, one in found["ways"].items()
    ]
    lines += ["", "| ours / theirs | samples/s | loss differs by |", "|---|---|---|"]
    lines += [
        f"| {name} | **{one['speed']:.2f}x** | {one['loss_difference']:.1e} |" for name, one in found["ratios"].items()
    ]
    return "\n".join(lines)


def main():
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--records", type=int, default=60)
    reader.add_argument("--rounds", type=int, default=3)
    reader.add_argument("--data")
    reader.add_argument("--trl", type=Path, default=TRL, metavar="PYTHON")
    reader.add_argument("--only", nargs="*", metavar="WORDS", help="ways whose names hold one of these")
    reader.add_argument("--lengths", action="store_true")
    reader.add_argument("--gpu", choices=SHAPES)
    reader.add_argument("--tokens", type=int, default=8192)
    reader.add_argument("--json", action="store_true")
    options = reader.parse_args()
    if options.lengths:
        print(on_lengths(options.rounds))
        return
    found = on_a_gpu(options) if options.gpu else on_a_cpu(options)
    print(json.dumps(found, indent=1) if options.json or options.gpu else table(found))


if __name__ == "__main__":
    main()
