"""A model in this process: what it says, and the likelihood of what it might have said."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from curation.asking.replies import replies
from curation.asking.request import Request, Sampling, Served
from evaluate.asking import local
from evaluate.asking.local import local_backend
from schemas.errors import RecipeError

ANSWERS = ("DIFFUSE", "DIFFUSE-LARGE", "EXTENDED", "EXTENDED, DIFFUSE", "NONE")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def png(seed=0, side_px=64):
    sink = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (side_px, side_px), dtype=np.uint8)
    Image.fromarray(pixels).save(sink, "PNG")
    return sink.getvalue()


def backend(tiny_model, tmp_path, **changed):
    return local_backend(tiny_model, str(tmp_path), **changed)


def request(one, k=0, text="Which class is the source?", n_new=6, side_px=64, system=""):
    return Request(one.served, system, text, png(k, side_px), None, Sampling(temperature=0.0, max_tokens=n_new))


def separate(one, asked, answers):
    """The oracle: a forward for each answer, alone in its row, causal, with everything as the processor gives it."""
    model = local._model(one.folder, one.dtype, one.device)
    found = []
    for answer in answers:
        whole = model.given(asked, answer)
        n_prompt = model.given(asked)["input_ids"].shape[1]
        ids = whole["input_ids"][0].tolist()
        stop = next(at for at in range(n_prompt, len(ids)) if ids[at] in model.stops)
        with torch.inference_mode():
            logits = model.model(**whole).logits[0].log_softmax(-1)
        found.append(sum(float(logits[at - 1, ids[at]]) for at in range(n_prompt, stop + 1)))
    return found


@pytest.mark.parametrize("family", ["llava_onevision", "internvl", "qwen2_5_vl", "qwen3_vl"])
def test_all_answers_in_one_forward_are_as_likely_as_each_in_its_own(tiny_of, tmp_path, family):
    one = backend(tiny_of(family), tmp_path)
    inner = local._model(one.folder, one.dtype, one.device).model
    with torch.no_grad():
        for weight in inner.parameters():  # as they come, they hardly mind where a token stands
            weight *= 2 if weight.ndim == 2 else 1
    for k, side_px in ((0, 64), (1, 40), (2, 112)):
        asked = request(one, k, side_px=side_px, system="You see." if k else "")
        (together,) = one.log_likelihoods([asked], [ANSWERS])
        assert together == pytest.approx(separate(one, asked, ANSWERS), abs=1e-4)


def test_an_answer_that_begins_another_one_can_be_less_likely_for_its_stop_token_counts(tiny_model, tmp_path):
    one = backend(tiny_model, tmp_path)
    model = local._model(one.folder, one.dtype, one.device)
    asked = request(one)
    prompt = model.given(asked)["input_ids"][0].tolist()
    short, long = model.branches(asked, prompt, ["DIFFUSE", "DIFFUSE-LARGE"])
    assert short[-1] in model.stops and long[-1] in model.stops
    assert long[: len(short) - 1] == short[:-1] and len(long) > len(short)


def test_what_was_said_and_scored_is_kept_and_not_made_again(tiny_model, tmp_path, monkeypatch):
    one = backend(tiny_model, tmp_path)
    asked = [request(one, k) for k in range(3)]
    said, scored = one.answer(asked), one.log_likelihoods(asked, [ANSWERS] * 3)
    assert len(replies(str(tmp_path), one.served).find([x.key for x in asked])) == 3
    monkeypatch.setattr(local, "_model", lambda *_: pytest.fail("the model was asked again"))
    assert [reply.text for reply in one.answer(asked)] == [reply.text for reply in said]
    assert one.log_likelihoods(asked, [ANSWERS] * 3) == scored


def test_what_is_said_does_not_depend_on_the_batch(tiny_model, tmp_path):
    alone, together = (backend(tiny_model, tmp_path / str(n), batch=n) for n in (1, 4))
    asked = [
        request(alone, k, text, side_px=side) for k, text in enumerate(("Is it?", "What is seen?")) for side in (48, 64)
    ]
    said = [
        [(one.text, one.finish_reason, one.n_prompt_tokens) for one in each.answer(asked)] for each in (alone, together)
    ]
    assert said[0] == said[1]
    assert all(reason in ("stop", "length") for _, reason, _ in said[0])


def test_a_reply_that_does_not_end_is_truncated(tiny_model, tmp_path):
    one = backend(tiny_model, tmp_path)
    for reply in one.answer([request(one, k, n_new=1) for k in range(4)]):
        assert (reply.problem == "truncated") == (reply.finish_reason == "length")
        assert reply.n_completion_tokens == 1


def test_the_model_is_known_by_its_content_not_by_its_folder(tiny_model, tmp_path):
    import shutil

    copy = shutil.copytree(tiny_model, tmp_path / "copy")
    one, two = local_backend(tiny_model, "p", name="tiny"), local_backend(copy, "p", name="tiny")
    assert one.served == two.served and one.describe() == two.describe()
    (copy / "chat_template.jinja").write_text("{{ messages }}")
    assert local_backend(copy, "p", name="tiny").served != one.served
    (copy / "chat_template.jinja").unlink()
    with pytest.raises(RecipeError, match="template"):
        local_backend(copy, "p")
    with pytest.raises(RecipeError, match="no model there"):
        local_backend(tmp_path, "p")


def test_a_choice_cannot_be_forced_on_it(tiny_model, tmp_path):
    with pytest.raises(RecipeError, match="--choices"):
        backend(tiny_model, tmp_path).check(is_constrained=True)


def test_the_revision_holds_the_number_format(tiny_model):
    assert local_backend(tiny_model, "p").served != local_backend(tiny_model, "p", dtype="bfloat16").served
    assert local_backend(tiny_model, "p").served.model == Served(tiny_model.name).model
