"""Layer probes of a vision-language model: each finds what can be seen where it looks, and nothing elsewhere."""

import hashlib

import numpy as np
import pytest
import torch

from curation.engine.store import Store
from evaluate.asking.local import local_backend
from evaluate.encoders import probes
from evaluate.encoders.features import features
from evaluate.encoders.learners import heads_on
from evaluate.encoders.lessons import Lessons
from evaluate.encoders.probes import AFTER_PROJECTOR, probed
from evaluate.tasks.benchmark import benchmark
from schemas.errors import RecipeError
from tests.making_pictures import known, png, task

B6 = benchmark("b6")
N = 90


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def tiny(tiny_model, tmp_path):
    """The tiny model, ready to be probed; loaded anew, for a test may plant something in it."""
    probes._loaded.cache_clear()
    yield probed(local_backend(tiny_model, str(tmp_path)), B6)
    probes._loaded.cache_clear()


def lessons(pngs, labels):
    """Sixty training pictures, ten for validation, twenty for the test."""
    splits = ["train"] * 60 + ["validation"] * 10 + ["test"] * 20
    tasks = [
        task(k, label, split, body) for k, (body, label, split) in enumerate(zip(pngs, labels, splits, strict=True))
    ]
    parts = [[one for one in tasks if one.split == name] for name in ("train", "validation", "test")]
    return Lessons(*(known(some, B6.classes) for some in parts), told="made for a test")


def found_by(model, given, store):
    """The share of test pictures that a logistic head on each place has right."""
    said = {}
    for learner in heads_on(model, "logistic"):
        probabilities = learner.fit(B6, given, store).probabilities(given.test.tasks)
        said[learner.kind] = float((probabilities.argmax(1) == given.test.truth.argmax(1)).mean())
    return said


def noise(k, level=90):
    return png(np.random.default_rng(k).integers(0, level, (40, 40)))


def test_every_place_is_looked_at_in_one_forward_and_kept(tiny, tmp_path, monkeypatch):
    assert tiny.kinds == (AFTER_PROJECTOR, "llm_layer_1", "llm_layer_2")
    tasks = [task(k, "FR-I", "train", noise(k)) for k in range(3)]
    store = Store(str(tmp_path))
    seen = features(tiny, AFTER_PROJECTOR, tasks, store)
    assert seen.shape == (3, 64)
    monkeypatch.setattr(type(tiny), "encoded", lambda *_: pytest.fail("a second forward"))
    assert features(tiny, "llm_layer_2", tasks, store).shape == (3, 64)


def test_the_picture_is_looked_at_as_it_enters_the_language_model_and_the_prompt_at_its_end(tiny):
    """Held against the model's own parts: its embeddings and, for the last layer, its logits."""
    one = task(1, "FR-I", "train", noise(1))
    loaded = probes._loaded(tiny.model.folder, "float32", "cpu")
    seen = {}
    language = loaded.model.model.language_model
    hook = language.register_forward_pre_hook(lambda _, __, given: seen.update(given), with_kwargs=True)
    found = tiny.encoded([one])
    hook.remove()
    request = probes.Request(probes.Served("m"), tiny.system, tiny.text, one.png)
    given = loaded.given(request)
    of_picture = given["input_ids"][0] == loaded.model.config.image_token_id
    assert of_picture.sum() >= 16
    assert found[AFTER_PROJECTOR][0] == pytest.approx(seen["inputs_embeds"][0][of_picture].mean(0).numpy(), abs=1e-5)
    with torch.inference_mode():
        logits = loaded.model(**given).logits[0, -1]
        again = loaded.model.lm_head(torch.from_numpy(found["llm_layer_2"][0]))
    assert again.numpy() == pytest.approx(logits.numpy(), abs=1e-4)


def test_what_is_bright_is_found_after_the_projector(tiny, tmp_path):
    labels = [B6.classes[k % 2] for k in range(N)]
    pngs = [noise(k, level=60 if label == "FR-I" else 250) for k, label in enumerate(labels)]
    assert found_by(tiny, lessons(pngs, labels), Store(str(tmp_path)))[AFTER_PROJECTOR] >= 0.95


@pytest.mark.parametrize(("planted", "layers"), [(1, ("llm_layer_1", "llm_layer_2")), (2, ("llm_layer_2",))])
def test_a_planted_feature_is_found_at_its_layer_and_not_before(tiny, tmp_path, planted, layers):
    """Classes that no picture shows: from one layer on, and at the prompt's last token, the model is made to know."""
    labels = [B6.classes[int(hashlib.sha256(bytes([k])).hexdigest(), 16) % 2] for k in range(N)]
    pngs = [noise(k) for k in range(N)]
    given = lessons(pngs, labels)
    loaded = probes._loaded(tiny.model.folder, "float32", "cpu")
    sign_of = {body: 1.0 if label == "FR-I" else -1.0 for body, label in zip(pngs, labels, strict=True)}
    now, plain = {}, loaded.given
    loaded.given = lambda request, *more: now.update(png=request.png) or plain(request, *more)

    def plant(_, __, out):
        state = out[0] if isinstance(out, tuple) else out
        state[:, -1, ::2] += 3.0 * sign_of[now["png"]]

    loaded.model.model.language_model.layers[planted - 1].register_forward_hook(plant)
    found = found_by(tiny, given, Store(str(tmp_path)))
    assert {kind for kind, share in found.items() if share == 1.0} == set(layers)
    assert all(share < 0.8 for kind, share in found.items() if kind not in layers)


def test_a_model_without_pictures_cannot_be_probed(tiny_model, tmp_path, monkeypatch):
    loaded = probes._loaded(str(tiny_model.resolve()), "float32", "cpu")
    monkeypatch.setattr(loaded.model, "config", loaded.model.config.text_config)
    with pytest.raises(RecipeError, match="tells no picture tokens"):
        probed(local_backend(tiny_model, str(tmp_path)), B6)
    probes._loaded.cache_clear()
