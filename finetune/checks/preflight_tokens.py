"""Checks of what a model would read and learn: labels, picture tokens, lengths, template, isolated turns."""

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from finetune.checks.preflight import Context, Finding, told
from finetune.checks.preflight_data import sizes_of
from finetune.data.samples import Picture, Sample
from finetune.rows.encode import Encoder, opened
from finetune.rows.encoded import IGNORED
from schemas.fingerprint import fraction

N_DECODED, N_COMPARED, N_SHOWN = 200, 8, 3
TOLERANCE = 1e-4
STOP = "<|im_end|>"
MARKS = re.compile(r"<\|im_start\|>|<\|im_end\|>|\n")  # what LLaVA-NeXT learns of every turn
QUESTION = "Is the source extended?"


def check_encoding(context: Context) -> list[Finding]:
    """Every record can be encoded, and something in it is learned. What is wrong with turns is told by their check."""
    ids = {sample_id for sample_id, _ in context.lengths.wrong}
    of_turns = (
        {one for sample in context.samples if sample.sample_id in ids for one in sample.problems()} if ids else ()
    )
    return told("E", "encoding", (reason for _, reason in context.lengths.wrong if reason not in of_turns))


def check_labels(context: Context) -> list[Finding]:
    """What is learned of 200 records, decoded, is their answers and their stop token, and nothing else."""
    encoder = context.encoder
    wanted = "answers" if context.recipe.loss.on == "answers" else "turns"
    wrong = (one for sample in _some(context, N_DECODED) for one in _wrong_labels(encoder, sample, wanted))
    return told("E", "labels", wrong)


def check_picture_tokens(context: Context) -> list[Finding]:
    """For every size of picture: tokens predicted = placeholders of the processor = features of the model."""
    sizes = sorted(sizes_of(context))
    encoder = context.encoder
    model = small_model(context, "meta") if sizes else None
    return told("E", "picture_tokens", (one for size in sizes for one in _wrong_counts(encoder, model, size)))


def check_lengths(context: Context) -> list[Finding]:
    """No record is longer than max_tokens, but for those that --allow-drop leaves out. None is ever cut."""
    ids, whole = context.samples.ids, context.lengths.whole
    too_long = sorted(context.too_long, key=lambda number: -whole[number])
    level = "W" if len(too_long) <= context.allow_drop else "E"
    limit = context.recipe.turns.max_tokens
    remedy = "left out by --allow-drop" if level == "W" else f"shorten it, or --allow-drop {len(too_long)}"
    return told(
        level, "lengths",
        (f"sample {ids[number]}: {whole[number]} tokens, max_tokens is {limit}: {remedy}" for number in too_long),
    )  # fmt: skip


def check_template(context: Context) -> list[Finding]:
    """A question comes through the tokenizer and through the processor, as text and in parts, word for word."""
    encoder = context.encoder
    text = encoder.template.for_export
    parts = [{"type": "image"}, {"type": "text", "text": QUESTION}]
    picture = encoder.family.picture_in_template
    wanted = f"<|im_start|>user\n{picture}{QUESTION}{STOP}\n<|im_start|>assistant\n"
    ways = {
        "the tokenizer, given text": (encoder.processor.tokenizer, f"{picture}{QUESTION}"),
        "the processor, given parts": (encoder.processor, parts),
    }
    rendered = {
        how: by.apply_chat_template(
            [{"role": "user", "content": content}], chat_template=text, tokenize=False, add_generation_prompt=True
        )
        for how, (by, content) in ways.items()
    }
    wrong = (f"{how} makes {one!r} of a question" for how, one in rendered.items() if not one.endswith(wanted))
    return told("E", "template", wrong)


def check_isolated(context: Context) -> list[Finding]:
    """Isolated and packed turns have the loss of separate samples: real records, a small model like the real one."""
    from finetune.rows.agreement import largest_difference

    turns = context.recipe.turns
    if turns.layout == "sequential" and turns.pack_tokens is None:
        return []
    model = small_model(context, "cpu")
    samples = _some(context, N_COMPARED)
    difference = largest_difference(model, context.encoder, samples)
    wrong = [] if difference < TOLERANCE else [f"separate samples differ from their row by {difference:.2g} in loss"]
    return told("E", "isolated", wrong)


def marked(encoder: Encoder, sample: Sample) -> str:
    """A record as it is read, pictures as their number of tokens; what is learned stands between ⟦ and ⟧."""
    encoded, picture = encoder.tokens(sample), encoder.picture_id
    said: list[str] = []
    for ids, is_learned in _runs(encoded.input_ids, encoded.labels != IGNORED):
        parts = [
            f"[{len(one)} picture tokens]" if is_picture else encoder.processor.tokenizer.decode(one)
            for one, is_picture in _runs(ids, ids == picture)
        ]
        said.append(f"⟦{''.join(parts)}⟧" if is_learned else "".join(parts))
    return "".join(said)


def examples(context: Context) -> list[str]:
    """Three records with what is learned of them marked."""
    return [f"{one.sample_id} ({one.source})\n{marked(context.encoder, one)}" for one in _some(context, N_SHOWN)]


def small_model(context: Context, device: str) -> Any:
    """The model's own architecture and picture geometry with two thin layers; random weights, nothing downloaded."""
    context.check_model()
    import torch

    from finetune.families.known import family_named
    from finetune.network.attention import implementation
    from finetune.network.hf import read_config
    from finetune.network.model import built

    config = read_config(context.model, context.recipe.model.revision)
    thin = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 64, "intermediate_size": 64}
    for name, value in thin.items():
        setattr(config.text_config, name, value)
    config.text_config.num_key_value_heads = 1
    config.text_config.initializer_range = 0.2  # with small weights a model hardly minds what it sees
    config.text_config.head_dim = 32
    config._attn_implementation = implementation("sdpa")
    if getattr(config.text_config, "layer_types", None):
        config.text_config.layer_types = config.text_config.layer_types[:2]
    family_named(config.model_type).small_config(config)
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(0)
        return built(config).eval()


def _some(context: Context, wanted: int) -> list[Sample]:
    """Records chosen by key, those that can be encoded."""
    wrong = {sample_id for sample_id, _ in context.lengths.wrong}
    ids = context.samples.ids
    numbers = sorted((number for number, one in enumerate(ids) if one not in wrong), key=lambda k: fraction(ids[k]))
    return [context.samples[number] for number in numbers[:wanted]]


def _wrong_labels(encoder: Encoder, sample: Sample, wanted: str) -> Iterator[str]:
    encoded = encoder.tokens(sample)
    kept = range(len(sample.turns)) if encoded.is_dialogue else encoder.kept_turns(sample)
    answers = [sample.turns[number][1] for number in kept]
    runs = _runs(encoded.input_ids, encoded.labels != IGNORED)
    learned = [encoder.processor.tokenizer.decode(ids) for ids, is_learned in runs if is_learned]
    if wanted == "answers":
        expected = [f"{answer}{STOP}" for answer in answers]
        if learned != expected:
            at = next((k for k, pair in enumerate(zip(learned, expected, strict=False)) if len(set(pair)) > 1), 0)
            got = learned[at] if at < len(learned) else ""
            yield f"sample {sample.sample_id}: learned is {got!r:.80}, expected {expected[at]!r:.80}"
    else:
        rest, missing = "".join(learned), []
        for answer in answers:
            turn = f"<|im_start|>assistant\n{answer}{STOP}\n"
            missing += [] if turn in rest else [answer]
            rest = rest.replace(turn, "", 1)
        yield from (f"sample {sample.sample_id}: the answer {one!r:.80} is not learned whole" for one in missing[:1])
        stray = MARKS.sub("", rest)
        if stray and not missing:
            yield f"sample {sample.sample_id}: {stray!r:.80} is learned, and is no answer"


def _runs(ids: Any, is_learned: Any) -> Iterator[tuple[Any, bool]]:
    """Stretches of tokens that are learned, or are not."""
    cuts = np.flatnonzero(np.diff(is_learned)) + 1
    for part, flags in zip(np.split(ids, cuts), np.split(is_learned, cuts), strict=True):
        yield part, bool(flags[0])


def _wrong_counts(encoder: Encoder, model: Any, size: tuple[int, int]) -> Iterator[str]:
    height, width = size
    canvas = io.BytesIO()
    Image.new("L", (width, height)).save(canvas, "png")
    picture = Picture(f"a picture of {width} x {height}", canvas.getvalue())
    for n_pictures in (1, 2):
        question = encoder.family.picture_in_template * n_pictures + QUESTION
        images = [[opened(picture) for _ in range(n_pictures)]]
        given = encoder.processor(text=question, images=images, return_tensors="pt")
        counts = (
            sum(encoder.n_picture_tokens([size] * n_pictures)),
            int((given["input_ids"] == encoder.picture_id).sum()),
            _n_features(encoder, model, given),
        )
        if len(set(counts)) > 1:
            yield (
                f"{n_pictures} x {width} x {height} px: {counts[0]} tokens predicted, {counts[1]} placeholders of the "
                f"processor, {counts[2]} features of the model"
            )


def _n_features(encoder: Encoder, model: Any, given: Any) -> int:
    """Features of the pictures, on the meta device: shapes only."""
    import torch

    with torch.device("meta"):
        return encoder.family.n_features(model, given)


def lengths_told(context: Context) -> str:
    """Lengths and rows of the run in one paragraph."""
    plan, whole = context.plan, context.lengths.whole
    per_row = [row.n_tokens for row in plan.rows if not row.is_filler]
    n_tokens, capacity = sum(per_row), context.recipe.turns.pack_tokens
    filled = f", {n_tokens / (capacity * max(len(per_row), 1)):.1%} of {capacity} filled" if capacity else ""
    return (
        f"{len(context.samples)} records of {whole.min()} to {whole.max()} tokens; {len(per_row)} rows{filled}; "
        f"{plan.n_steps} steps ({', '.join(map(str, plan.steps_of_epoch))} an epoch), {n_tokens} tokens; the slowest "
        f"rank has {plan.slowest_rank_factor():.3f} of the average"
    )


TOKEN_CHECKS = (check_encoding, check_labels, check_picture_tokens, check_lengths, check_template, check_isolated)
