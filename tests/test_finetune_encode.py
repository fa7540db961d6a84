"""What is learned, and where every token stands."""

import io
import re

import jinja2
import numpy as np
import pytest
from PIL import Image

from finetune.data.samples import Message, Picture, Sample
from finetune.families.family import library
from finetune.network.hf import read_processor
from finetune.network.template import template
from finetune.recipe import recipe
from finetune.rows.encode import Encoder, opened
from finetune.rows.encoded import IGNORED
from schemas.errors import CatalogError
from tests.making_handover import png

WORDS = [
    "galaxy",
    "lobe",
    "core",
    "island",
    "beam",
    "Ångström",
    "µJy",
    "3.5",
    "arcsec",
    "--",
    "(FR-II)",
    "naïve\n\nnext",
    "\tline",
    "é",
    "😀",
    "Yes",
    "No",
]


@pytest.fixture(scope="module")
def processor(tiny_model):
    return read_processor(tiny_model)


def encoder_of(processor, *, layout="sequential", on="answers", norm="sample", **more):
    return Encoder(
        processor,
        recipe(
            "smoke", {"turns.layout": layout, "turns.share_sequential": "0.0", "loss.on": on, "loss.norm": norm, **more}
        ),
    )


def picture(number, size_px=(40, 40)):
    return Picture(f"{number}.png", png(number, size_px))


def talk(*texts, pictures=1, sample_id="s"):
    said = [("<image>\n" * pictures if not at else "") + text for at, text in enumerate(texts)]
    roles = [("user", "assistant")[at % 2] for at in range(len(said))]
    messages = tuple(Message(role, text) for role, text in zip(roles, said, strict=True))
    return Sample(sample_id, "all", tuple(picture(k) for k in range(pictures)), messages)


def random_talk(rng, sample_id, pictures=1):
    n_turns = rng.integers(1, 6)
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 12))).strip() or "x" for _ in range(2 * n_turns)]
    return talk(*texts, pictures=pictures, sample_id=sample_id)


def learned(encoder, encoded):
    """The stretches of text that are learned."""
    tokenizer, runs = encoder.processor.tokenizer, []
    for at, label in enumerate(encoded.labels):
        if label != IGNORED:
            runs += [[]] if at == 0 or encoded.labels[at - 1] == IGNORED else []
            runs[-1].append(int(label))
    return [tokenizer.decode(run) for run in runs]


def test_the_answers_and_their_stop_token_are_learned_and_nothing_else(processor):
    encoder = encoder_of(processor)
    encoded = encoder.tokens(talk("Is it?", "Yes", "Which?", "EXTENDED"))
    assert learned(encoder, encoded) == ["Yes<|im_end|>", "EXTENDED<|im_end|>"]


def test_labels_stand_where_their_tokens_stand(processor):
    encoded = encoder_of(processor).tokens(talk("Is it?", "Yes"))
    is_learned = encoded.labels != IGNORED
    assert (encoded.labels[is_learned] == encoded.input_ids[is_learned]).all()
    assert (encoded.weights[~is_learned] == 0).all()


@pytest.mark.slow
def test_labels_equal_those_of_trl_on_a_thousand_conversations(processor):
    """TRL's collator as the oracle, one conversation at a time.

    Its mask comes from transformers, which below 5.18 misplaces it behind a picture's tokens, and where a batch is
    padded. So the pictures are not given to it: their placeholder stays one token, and ours are counted as one.
    """
    sft = pytest.importorskip("trl.trainer.sft_trainer")
    oracle = sft.DataCollatorForVisionLanguageModeling(
        processor, assistant_only_loss=True, chat_template=template("llava_next_qwen").text
    )
    encoder, rng = encoder_of(processor), np.random.default_rng(5)
    for number in range(1000):
        sample = random_talk(rng, f"s{number}", pictures=int(rng.integers(0, 2)))
        chat = [{"role": one.role, "content": one.text} for one in sample.messages]
        theirs = oracle([{"images": [], "messages": chat}])
        ours = encoder.tokens(sample)
        is_picture = ours.input_ids == processor.image_token_id
        is_first = ~(is_picture & np.roll(is_picture, 1))
        assert theirs["input_ids"][0].tolist() == ours.input_ids[is_first].tolist()
        assert theirs["labels"][0].tolist() == ours.labels[is_first].tolist()


def as_llava_next_does(tokenizer, sample):
    """Message by message: all of an assistant's, and the marks and newlines of the others; the mark of the first token
    has nothing to be learned from."""
    ids, labels = [], []
    marks = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"]) + tokenizer("\n")["input_ids"]
    for role, text in [("system", "You are a helpful assistant."), *((one.role, one.text) for one in sample.messages)]:
        piece = tokenizer(f"<|im_start|>{role}\n{text}<|im_end|>\n")["input_ids"]
        ids += piece
        labels += piece if role == "assistant" else [one if one in marks else IGNORED for one in piece]
    return ids, [IGNORED, *labels[1:]]


def test_the_papers_labels_are_those_of_llava_next(processor):
    encoder, rng = encoder_of(processor, on="llava_next"), np.random.default_rng(6)
    for number in range(100):
        sample = random_talk(rng, f"s{number}", pictures=0)
        encoded = encoder.tokens(sample)
        assert (encoded.input_ids.tolist(), encoded.labels.tolist()) == as_llava_next_does(processor.tokenizer, sample)


def test_the_template_is_llava_nexts_letter_by_letter(processor):
    messages = [{"role": "user", "content": "<image>\nIs it?"}, {"role": "assistant", "content": "Yes"}]
    rendered = processor.tokenizer.apply_chat_template(
        messages, chat_template=template("llava_next_qwen").text, tokenize=False
    )
    assert rendered == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<image>\nIs it?<|im_end|>\n"
        "<|im_start|>assistant\nYes<|im_end|>\n"
    )


def test_the_exported_template_renders_alike_in_plain_jinja(processor):
    ours = template("llava_next_qwen")
    plain = jinja2.Environment().from_string(ours.for_export)
    parts = [{"type": "image"}, {"type": "text", "text": "Is it?"}]
    for messages in (
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}],
        [{"role": "user", "content": "A\n\nB"}, {"role": "assistant", "content": " C "}],
    ):
        for asks in (True, False):
            marked = processor.tokenizer.apply_chat_template(
                messages, chat_template=ours.text, tokenize=False, add_generation_prompt=asks
            )
            assert plain.render(messages=messages, add_generation_prompt=asks) == marked
    with pytest.raises(jinja2.TemplateSyntaxError):
        jinja2.Environment().from_string(ours.text)


def test_isolated_turns_are_the_tokens_of_separate_conversations(processor):
    encoder = encoder_of(processor, layout="isolated")
    sample = talk("Is it?", "Yes", "Which\nclass?", "FR-II", "And?", "No")
    alone = [
        encoder_of(processor).tokens(talk(*pair))
        for pair in [("Is it?", "Yes"), ("Which\nclass?", "FR-II"), ("And?", "No")]
    ]
    for branch, (row, one) in enumerate(zip(encoder.separate(sample), alone, strict=True), start=1):
        assert row.input_ids.tolist() == one.input_ids.tolist()
        assert row.positions.tolist() == one.positions.tolist() == list(range(one.n_tokens))
        assert row.labels.tolist() == one.labels.tolist(), branch


def test_branches_go_on_where_the_picture_ends(processor):
    encoded = encoder_of(processor, layout="isolated").tokens(talk("Is it?", "Yes", "Which?", "FR-II"))
    n_prefix = int((encoded.branches == 0).sum())
    assert processor.tokenizer.decode(encoded.input_ids[n_prefix - 2 : n_prefix]) == "<image>\n"
    for branch in (1, 2):
        positions = encoded.positions[encoded.branches == branch]
        assert positions.tolist() == list(range(n_prefix, n_prefix + len(positions)))


def test_a_branchs_first_token_is_not_learned(processor):
    encoded = encoder_of(processor, layout="isolated").tokens(talk("Is it?", "Yes", "Which?", "FR-II"))
    first = np.flatnonzero(np.diff(encoded.branches)) + 1
    assert (encoded.labels[first] == IGNORED).all()


def test_a_question_that_begins_with_a_newline_cannot_be_isolated(processor):
    sample = talk("Is it?", "Yes", "\nWhich?", "FR-II")
    with pytest.raises(CatalogError, match="sample s, turn 2: its question melts"):
        encoder_of(processor, layout="isolated").tokens(sample)
    assert encoder_of(processor).tokens(sample).n_supervised


def test_text_alone_and_scattered_pictures_stay_dialogues(processor):
    encoder = encoder_of(processor, layout="isolated")
    assert encoder.tokens(talk("Hi", "Hello", pictures=0)).is_dialogue
    messages = (
        Message("user", "<image>\nA?"),
        Message("assistant", "B"),
        Message("user", "<image>\nC?"),
        Message("assistant", "D"),
    )
    assert encoder.tokens(Sample("s", "all", (picture(0), picture(1)), messages)).is_dialogue
    assert not encoder.tokens(talk("Is it?", "Yes", pictures=2)).is_dialogue


def test_a_share_of_the_records_stays_dialogues_by_key(processor):
    encoder = encoder_of(processor, layout="isolated", **{"turns.share_sequential": "0.3"})
    kept = [encoder.is_isolated(talk("A?", "B", sample_id=f"s{number}")) for number in range(1000)]
    assert kept == [encoder.is_isolated(talk("A?", "B", sample_id=f"s{number}")) for number in range(1000)]
    assert 0.25 < 1 - np.mean(kept) < 0.35


def test_some_turns_of_a_picture_are_drawn_anew_each_epoch(processor):
    encoder = encoder_of(processor, layout="isolated", **{"turns.turns_per_image": "2"})
    sample = talk(*[text for number in range(6) for text in (f"Q{number}?", f"A{number}")])
    drawn = [encoder.kept_turns(sample, epoch) for epoch in range(8)]
    assert all(len(one) == 2 and one == sorted(one) for one in drawn)
    assert len(set(map(tuple, drawn))) > 2
    assert learned(encoder, encoder.tokens(sample, epoch=3)) == [f"A{k}<|im_end|>" for k in drawn[3]]


@pytest.mark.parametrize("layout", ["sequential", "isolated"])
def test_the_norms_weigh_tokens_records_or_turns(processor, layout):
    sample = talk("Is it?", "Yes", "Tell more of it.", "A long answer of many words, and then some more.")
    n_first = encoder_of(processor).tokens(talk("Is it?", "Yes")).n_supervised
    for norm, whole, first in (("token", None, n_first), ("sample", 1, None), ("turn", 1, 0.5)):
        encoded = encoder_of(processor, layout=layout, norm=norm).tokens(sample)
        at = np.flatnonzero(encoded.labels != IGNORED)
        weights = encoded.weights[at]
        whole = encoded.n_supervised if whole is None else whole
        assert encoded.n_units == whole
        assert np.isclose(weights.sum(), whole)
        assert first is None or np.isclose(weights[:n_first].sum(), first)
        assert norm != "sample" or np.allclose(weights, 1 / encoded.n_supervised)


@pytest.mark.parametrize(("side_px", "n_tokens"), [(100, 1485), (384, 1485), (385, 3699), (768, 3699), (1000, 7371)])
def test_picture_tokens_of_the_published_model(processor, side_px, n_tokens):
    encoder = encoder_of(as_published(processor))
    assert encoder.n_picture_tokens([(side_px, side_px)]) == [n_tokens]
    assert encoder.n_picture_tokens([(side_px, side_px)] * 3) == [730] * 3


def as_published(processor):
    """The tiny tokenizer with the published model's picture geometry."""
    kind, pictures = type(processor), library("LlavaOnevisionImageProcessorPil")()
    return kind(
        pictures, processor.tokenizer, processor.video_processor, num_image_tokens=729,
        vision_feature_select_strategy="full", vision_aspect_ratio="anyres_max_9",
    )  # fmt: skip


@pytest.mark.parametrize("sizes", [[(40, 40)], [(64, 64)], [(60, 100)], [(200, 30)], [(40, 40), (60, 100)], []])
def test_ids_and_pixels_equal_the_processors(processor, sizes):
    pictures = tuple(picture(k, size) for k, size in enumerate(sizes))
    text = "<image>\n" * len(sizes) + "Is it?"
    sample = Sample("s", "all", pictures, (Message("user", text), Message("assistant", "Yes")))
    encoded = encoder_of(processor).encode(sample)
    rendered = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n" + text
    rendered += "<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n"
    images = [[opened(one) for one in pictures]]
    given = processor(text=rendered, images=images if pictures else None, return_tensors="pt")
    assert encoded.input_ids.tolist() == given["input_ids"][0].tolist()
    if pictures:
        assert all((encoded.pictures[name] == given[name]).all() for name in encoded.pictures)
        assert encoded.sizes_px == tuple(map(tuple, given["image_sizes"].tolist())) == tuple(sizes)


def test_the_model_sees_16_bit_and_transparency_as_greys_not_as_white():
    ramp = np.tile(np.arange(0, 65536, 256, dtype=np.uint16), (4, 1))
    clear = np.full((4, 256, 4), 255, np.uint8)
    clear[..., 3] = ramp >> 8
    for pixels in (ramp, clear):
        sink = io.BytesIO()
        Image.fromarray(pixels).save(sink, "PNG")
        seen = np.asarray(opened(Picture("a.png", sink.getvalue())))
        assert np.array_equal(seen, np.stack([ramp >> 8] * 3, axis=-1))


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (talk("Is <|im_end|> it?", "Yes"), "spells a special token"),
        (talk("Is it?"), "sample s: message 0 is the last, expected an answer of the assistant"),
        (Sample("s", "all", (), ()), "sample s: no message, expected a question"),
        (talk("Is <image> it?", "Yes"), "2 <image> for 1 pictures"),
        (Sample("s", "all", (Picture("x.png", b"no picture"),), talk("Is it?", "Yes").messages), "x.png: no picture"),
        (
            Sample("s", "all", (Picture("/nowhere/x.png"),), talk("Is it?", "Yes").messages),
            "/nowhere/x.png: the picture cannot be read",
        ),
    ],
)
def test_a_record_that_cannot_be_encoded_is_named(processor, sample, said):
    with pytest.raises(CatalogError, match=re.escape(said)):
        encoder_of(processor).encode(sample)
