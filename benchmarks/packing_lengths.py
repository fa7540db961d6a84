"""What a token costs in rows of 2,048 to 32,768 tokens: the tiny model, one core, for benchmarks/packing.py --lengths.

Row building, forward, loss and backward count. Rows are whole records of one shape: a short dialogue, a record of
short isolated turns, and one of the paper's size (1,485 tokens of the picture, 27 turns of 80). The shortest row is one
record where the record is longer.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from finetune.network.model import read_model
from finetune.network.tiny import build_tiny
from finetune.rows.agreement import token_losses
from finetune.rows.encoded import IGNORED, Encoded
from finetune.rows.pack import row_of
from finetune.training.memory import keep_memory

LENGTHS = (2048, 4096, 8192, 16384, 32768)
SHAPES = {"dialogues of 256": (256, ()), "60 and 4 x 30": (60, (30,) * 4), "1,485 and 27 x 80": (1485, (80,) * 27)}
EVERY = 5  # one token of so many is learned


def on_lengths(n_rounds):
    """A table: microseconds of CPU a token, the least of interleaved rounds, and the largest over the smallest."""
    torch.set_num_threads(1)
    keep_memory()  # as a run does
    with tempfile.TemporaryDirectory() as folder:
        model = read_model(build_tiny(Path(folder))).train()
    lines = ["| record | " + " | ".join(f"{n:,}" for n in LENGTHS) + " | largest / smallest |", "|---" * 7 + "|"]
    for name, shape in SHAPES.items():
        rows = {n: [record(shape, number) for number in range(max(round(n / tokens(shape)), 1))] for n in LENGTHS}
        for records in rows.values():
            cost(model, records, 1)
        rounds = [{n: cost(model, rows[n], LENGTHS[-1] // n) for n in LENGTHS} for _ in range(n_rounds)]
        costs = [min(one[n] for one in rounds) for n in LENGTHS]
        told = " | ".join(f"{one:.1f}" for one in costs)
        lines.append(f"| {name} | {told} | {max(costs) / min(costs):.2f} |")
    return "\n".join(lines)


def tokens(shape):
    return shape[0] + sum(shape[1])


def record(shape, number):
    """One of random words without a picture."""
    prefix, turns = shape
    n = tokens(shape)
    branches = np.repeat(np.arange(len(turns) + 1), [prefix, *turns])
    positions = np.concatenate([np.arange(prefix), *(prefix + np.arange(one) for one in turns)])
    ids = np.random.default_rng(number).integers(10, 300, n)
    labels = np.where((np.arange(n) % EVERY == 0) & ((branches > 0) | (not turns)) & (positions > 0), ids, IGNORED)
    labels[np.flatnonzero(np.diff(branches)) + 1] = IGNORED
    weights = (labels != IGNORED) / 1.0
    return Encoded(str(number), "all", not turns, ids, labels, weights, positions, branches, n_units=1, sizes_px=())


def cost(model, records, n_times):
    start = time.process_time()
    for _ in range(n_times):
        row = row_of(records)
        losses, weights = token_losses(model, row)
        (losses * weights).sum().backward()
        model.zero_grad()
    return (time.process_time() - start) / n_times / sum(one.n_tokens for one in records) * 1e6
