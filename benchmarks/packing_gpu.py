"""Tokens a second, share of peak and memory of a published shape with random weights, for benchmarks/packing.py.

One device, no data loading: a forward, a backward and an optimiser step of one row, by what is trained, by attention,
and with one record in the row or as many as fit. `tiny` is for a machine without a GPU: that it runs, not how fast.
"""

import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from finetune.families.llava_onevision import HUB, PUBLISHED
from finetune.network.attention import implementation, way
from finetune.network.blocks import Blocks
from finetune.network.hf import read_config
from finetune.network.model import built as model_of
from finetune.network.model import config_of, with_trainables
from finetune.network.shapes import Shape
from finetune.network.tiny import build_tiny
from finetune.recipe import recipe
from finetune.watch.progress import device_peak

SHAPES = ("tiny", "0.5b", "7b")
RECIPES = {"full": "full_shallow_qa", "lora": "lora_shallow_qa"}
ATTENTIONS = ("sdpa", "flash_attention_2", "flex_attention")
RECORD_TOKENS = 3600  # of a conversation of the paper: 1,485 of the picture, and 27 turns
N_LEARNED = 256


def on_a_gpu(options):
    """The rows of the table, one for each way; what does not go says why."""
    is_gpu = torch.cuda.is_available()
    if not is_gpu and options.gpu != "tiny":
        raise SystemExit(f"--gpu {options.gpu} needs a GPU; none is here. --gpu tiny runs on a CPU")
    device = torch.device("cuda" if is_gpu else "cpu")
    config = config_named(options.gpu)
    ways = []
    for how, attention, is_packed in wanted(is_gpu):
        said = {"how": how, "attention": attention, "packed": is_packed}
        try:
            ways.append({**said, **measured(options, config, device, how, attention, is_packed)})
        except Exception as error:  # noqa: BLE001 a way that fails, in whatever library, is a row of the table
            ways.append({**said, "error": f"{type(error).__name__}: {error}".splitlines()[0][:160]})
        if is_gpu:
            torch.cuda.empty_cache()
        print(json.dumps(ways[-1]), file=sys.stderr)  # a way that ends the process leaves those before it
    name = torch.cuda.get_device_name() if is_gpu else "cpu"
    return {"device": name, "shape": options.gpu, "tokens": options.tokens, "torch": torch.__version__, "ways": ways}


def wanted(is_gpu):
    """Flash and flex attention need a GPU."""
    for how in RECIPES:
        for attention in ATTENTIONS if is_gpu else ("sdpa",):
            yield how, attention, False
            yield how, attention, True


def config_named(name):
    if name != "tiny":
        return config_of(Shape.of(PUBLISHED[HUB.format(name)]))
    with tempfile.TemporaryDirectory() as folder:
        return read_config(build_tiny(Path(folder)))


def measured(options, config, device, how, attention, is_packed):
    # 2: what is trained stays bfloat16, as under ZeRO, whose float32 masters are shared out to all GPUs
    chosen = recipe(RECIPES[how], {"run.zero": "2", "model.attention": attention})
    model = built(config, chosen, attention, device)
    row = row_of(options.tokens, is_packed, config, device)
    trained = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-6)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = [step(model, row, optimizer, device) for _ in range(options.rounds + 2)][2:]
    rate = row["input_ids"].numel() / statistics.median(seconds)
    peak, n_weights = device_peak(), Shape.of(model.config.to_dict()).n_weights
    return {
        "tokens_per_s": round(rate), "seconds_per_step": round(statistics.median(seconds), 4),
        "memory_gb": round(memory_bytes(device) / 1e9, 2), "n_trained": sum(one.numel() for one in trained),
        "share_of_peak": round(6 * n_weights * rate / peak, 3) if peak else None,
    }  # fmt: skip


def built(config, chosen, attention, device):
    config._attn_implementation = implementation(way(attention, torch.bfloat16))
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            model = with_trainables(model_of(config), chosen)
    finally:
        torch.set_default_dtype(torch.float32)
    model.to(device, torch.bfloat16)
    model.config.use_cache = False
    model.train()
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


def step(model, row, optimizer, device):
    synchronized(device)
    start = time.perf_counter()
    logits = model(**row, logits_to_keep=N_LEARNED).logits
    logits.float().logsumexp(-1).mean().backward()
    optimizer.step()
    optimizer.zero_grad()
    synchronized(device)
    return time.perf_counter() - start


def row_of(n_tokens, is_packed, config, device):
    """A row of one record with one picture, or of as many as fit."""
    side, vocabulary = config.vision_config.image_size, config.text_config.vocab_size
    n_side = side // config.vision_config.patch_size
    n_picture = n_side**2 + n_side * (n_side + 1)  # the picture and its one crop, a newline after every line
    n_records = max(n_tokens // RECORD_TOKENS, 2) if is_packed else 1
    each = n_tokens // n_records
    ids = torch.randint(vocabulary // 4, vocabulary // 2, (n_records, each), generator=torch.Generator().manual_seed(0))
    ids[:, 14 : 14 + n_picture] = config.image_token_id
    row = {
        "input_ids": ids.reshape(1, -1),
        "pixel_values": torch.zeros(n_records, 2, 3, side, side, dtype=torch.bfloat16),
        "image_sizes": torch.tensor([[side, side]] * n_records),
        "batch_num_images": torch.ones(n_records, dtype=torch.long),
        "position_ids": torch.arange(each).repeat(n_records)[None],
    }
    there = {name: value.to(device) for name, value in row.items()}
    if is_packed:
        there["blocks"] = Blocks(((each,),) * n_records)
    return there


def synchronized(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def memory_bytes(device):
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
