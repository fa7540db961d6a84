"""Encoder baselines: heads against their oracle, features kept, fits that repeat, and no test picture in a fit."""

import dataclasses
import hashlib
import io
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load
from sklearn.linear_model import LogisticRegression

import schemas.torchvision_cpu  # noqa: F401  before transformers
from curation.engine.store import Store
from evaluate.asking.choices import label_probabilities
from evaluate.cli import evaluate
from evaluate.encoders.encoders import choice_logprobs, run_encoders, subjects
from evaluate.encoders.eyes import SmallEyes, TowerEyes
from evaluate.encoders.features import features, make_features
from evaluate.encoders.heads import fitted_weights, lightgbm, linear, logistic
from evaluate.encoders.learners import FineTuned, FromScratch, OnFeatures, heads_on
from evaluate.encoders.lessons import Known, lessons
from evaluate.encoders.networks import FROM_SCRATCH, OF_TOWER, trained, with_options
from evaluate.encoders.towers import LoadedTower, load_tower, tower
from evaluate.report.report import scored_in
from evaluate.tasks.benchmark import benchmark, pictures
from evaluate.tasks.picture_set import inputs_of_set, picture_set, picture_sets
from evaluate.tasks.prompt import prompt_for
from evaluate.tasks.zipped import read_pictures
from schemas.errors import CatalogError, RecipeError, StoreError
from schemas.fingerprint import content_id
from tests.making_pictures import CLASSES, known, png, png_of, task, taught, zipped

RNG = np.random.default_rng(3)
QUICK = with_options(FROM_SCRATCH, epochs=8, batch=8, learning_rate=5e-3)
BRIGHT = with_options(OF_TOWER, epochs=14, learning_rate=5e-3)  # enough for a tiny tower
SMALL = SmallEyes(side_px=32, middle=1.0, width=4)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def siglip(tmp_path_factory):
    """A SigLIP tower of a few thousand weights, as a Hugging Face folder."""
    from transformers import SiglipImageProcessorPil, SiglipVisionConfig, SiglipVisionModel

    folder = tmp_path_factory.mktemp("towers") / "tiny-siglip"
    config = SiglipVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=56, patch_size=14
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SiglipVisionModel(config)
        with torch.no_grad():
            model.get_input_embeddings().weight.mul_(8)  # so that it sees more than its own places
        model.save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 56, "width": 56}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def four():
    return picture_set("griese").asked


def right(probabilities, some):
    return float((probabilities.argmax(1) == some.truth.argmax(1)).mean())


# -- heads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_logistic_regression_is_scikit_learns(strength):
    seen, n = RNG.normal(size=(120, 5)), 120
    of = (seen @ RNG.normal(size=(5, 3)) + RNG.normal(size=(n, 3))).argmax(1)
    oracle = LogisticRegression(C=1 / (n * strength), tol=1e-8, max_iter=1000).fit(seen, of)
    ours = fitted_weights(seen, np.eye(3, dtype=bool)[of], strength, is_one=True)
    assert linear(seen, ours, is_one=True) == pytest.approx(oracle.predict_proba(seen), abs=2e-4)
    several = RNG.random((n, 2)) < 1 / (1 + np.exp(-seen[:, :2]))
    alone = fitted_weights(seen, several, strength, is_one=False)
    for k in range(2):
        oracle = LogisticRegression(C=1 / (n * strength), tol=1e-8, max_iter=1000).fit(seen, several[:, k])
        assert linear(seen, alone, is_one=False)[:, k] == pytest.approx(oracle.predict_proba(seen)[:, 1], abs=2e-4)


@pytest.mark.parametrize("head", [logistic, lightgbm])
@pytest.mark.parametrize("is_one", [True, False])
def test_a_head_finds_planted_classes_and_ignores_features_that_never_change(head, is_one):
    if head is lightgbm:
        pytest.importorskip("lightgbm", reason="no LightGBM: pip install -e '.[encoders]'")
    seen = RNG.normal(size=(300, 4)).astype(np.float32)
    seen[:, 3] = 7.0
    truth = np.eye(3, dtype=bool)[seen[:, :3].argmax(1)] if is_one else seen[:, :2] > 0.3
    made = head(seen[:150], truth[:150], seen[150:220], truth[150:220], is_one=is_one)
    given = made.predict(seen[220:])
    said = given.argmax(1)[:, None] == np.arange(3) if is_one else given > 0.5
    assert (said == truth[220:]).mean() > 0.9
    if is_one:
        assert given.sum(1) == pytest.approx(np.ones(80))
    assert made.files
    assert made.predict(seen[220:]).tobytes() == given.tobytes()


def test_where_lightgbm_is_absent_it_is_said_how_to_have_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(RecipeError, match=r"not installed.*\.\[encoders\].*or take --head logistic"):
        lightgbm(*[np.zeros((2, 2), np.float32)] * 4, is_one=True)


@pytest.mark.parametrize("name", ["b1", "b2", "b3", "griese"])
def test_the_likelihoods_of_all_answers_add_up_to_one_and_give_the_classes_back(name):
    one = picture_set(name).asked if picture_set(name) else benchmark(name)
    given = RNG.random((6, len(one.classes)))
    given = given if one.answer == "labels" else given / given.sum(1, keepdims=True)
    likely = np.exp(choice_logprobs(one, given))
    assert likely.sum(1) == pytest.approx(np.ones(6))
    back = [label_probabilities(row, [choice.labels for choice in one.choices], one.classes) for row in likely]
    assert np.array(back) == pytest.approx(given)


# -- features ---------------------------------------------------------------------------------------------------------


def test_features_are_patches_beside_the_pooled_vector_and_are_made_once(siglip, tmp_path, monkeypatch):
    store, encoder = Store(str(tmp_path)), tower(siglip, batch=3)
    tasks = [task(k, CLASSES[k % 4], "train") for k in range(8)]
    found = features(encoder, encoder.kinds[0], tasks, store)
    assert found.shape == (8, 64)  # 32 of the patches' mean, 32 pooled
    loaded = load_tower(encoder.folder, "cpu")
    with torch.inference_mode():
        seen = loaded.network(pixel_values=loaded.pixels(tasks[:1]))
    assert found[0, :32] == pytest.approx(seen.last_hidden_state.mean(1)[0].numpy(), abs=1e-5)
    assert found[0, 32:] == pytest.approx(seen.pooler_output[0].numpy(), abs=1e-5)
    monkeypatch.setattr(type(encoder), "encoded", lambda *_: pytest.fail("made again"))
    again = features(encoder, encoder.kinds[0], tasks[::-1], store)
    assert again.tobytes() == found[::-1].tobytes()


def test_a_damaged_file_of_features_is_named(siglip, tmp_path):
    store, encoder = Store(str(tmp_path)), tower(siglip)
    make_features(encoder, [task(1, "FR-I", "train")], store)
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(StoreError, match=f"{file.name}: damaged"):
        features(encoder, encoder.kinds[0], [task(1, "FR-I", "train")], store)


def test_a_folder_that_holds_no_encoder_is_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"config.json and \*.safetensors"):
        tower(tmp_path)


# -- networks ---------------------------------------------------------------------------------------------------------


def test_the_small_network_learns_and_the_same_pictures_give_the_same_weights(four, tmp_path):
    given, store = taught(n_train=64), Store(str(tmp_path))
    learner = FromScratch(SMALL, QUICK)
    one, other = (learner.fit(four, given, store) for _ in range(2))
    assert one.files == other.files
    said = one.probabilities(given.test.tasks)
    assert right(said, given.test) >= 0.75
    assert said.sum(1) == pytest.approx(np.ones(16))
    assert one.files != FromScratch(SMALL, with_options(QUICK, seed=1)).fit(four, given, store).files


def test_a_picture_and_its_quarter_turns_are_answered_alike(four, tmp_path):
    given = taught(n_train=16)
    made = FromScratch(SMALL, with_options(QUICK, epochs=1)).fit(four, given, Store(str(tmp_path)))
    image = np.zeros((48, 48))
    image[5:9, 20:40] = 200
    turned = [task(90 + k, "FR-I", "test", png(one)) for k, one in enumerate((image, np.rot90(image), image[:, ::-1]))]
    said = made.probabilities(turned)
    assert said[1:] == pytest.approx(np.repeat(said[:1], 2, axis=0), abs=1e-3)


@pytest.mark.parametrize("has_class_weights", [True, False])
def test_a_tower_is_fine_tuned_in_a_copy_of_its_own(siglip, four, tmp_path, has_class_weights):
    encoder, store = tower(siglip), Store(str(tmp_path))
    given = taught(n_train=65, labels=(*CLASSES, "FR-II"))
    before = features(encoder, encoder.kinds[0], given.test.tasks, store)
    made = FineTuned(encoder, with_options(BRIGHT, has_class_weights=has_class_weights)).fit(four, given, store)
    assert right(made.probabilities(given.test.tasks), given.test) >= 0.6
    weights = load(made.files["network.safetensors"])
    frozen = load_tower(encoder.folder, "cpu").network.state_dict()
    moved = [name for name, one in frozen.items() if not torch.equal(one, weights[f"body.{name}"])]
    assert len(moved) > len(frozen) / 2
    assert encoder.encoded(given.test.tasks)[encoder.kinds[0]].tobytes() == before.tobytes()


def test_several_labels_are_learned_each_alone_by_binary_cross_entropy(siglip):
    tasks = [task(k, CLASSES[k % 4], "train") for k in range(80)]
    labels = ("FR-I", "FR-II", "BENT"), ("COMPACT",)  # two spots, or one; the third label is of every picture
    pairs = np.array([[*(one.truth[0] in some for some in labels), True] for one in tasks])
    train, validation = (Known(tuple(tasks[part]), pairs[part]) for part in (slice(0, 64), slice(64, 80)))
    made = trained(TowerEyes(LoadedTower(str(siglip), "cpu")), BRIGHT, train, validation, is_one=False)
    given = made.probabilities(validation.tasks)
    assert ((given > 0.5) == validation.truth).mean() > 0.85
    assert given.sum(1).min() > 1.2  # each alone: they do not share one


# -- what is learned from ---------------------------------------------------------------------------------------------


def test_test_pictures_never_enter_a_fit(siglip, four, tmp_path):
    given, store = taught(n_train=16), Store(str(tmp_path))
    wrong = dataclasses.replace(given, train=known([*given.train.tasks, given.test.tasks[0]]))
    learners = [FromScratch(SMALL, QUICK), FineTuned(tower(siglip), OF_TOWER), *heads_on(tower(siglip), "logistic")]
    for learner in learners:
        with pytest.raises(RecipeError, match="1 pictures of the split test in a fit"):
            learner.fit(four, wrong, store)


@pytest.mark.parametrize("kind", ["logistic", "scratch"])
def test_what_is_true_of_test_pictures_changes_nothing_that_is_fitted(siglip, four, tmp_path, kind):
    given, store = taught(n_train=16), Store(str(tmp_path))
    blind = dataclasses.replace(given, test=known([task(500 + k, "BENT", "test") for k in range(4)]))
    learner = FromScratch(SMALL, with_options(QUICK, epochs=1))
    if kind == "logistic":
        (learner,) = heads_on(tower(siglip), "logistic")
    assert learner.fit(four, given, store).files == learner.fit(four, blind, store).files


def row(k, label, held_out, **changed):
    body = png_of(label, k)
    one = task(k, label, held_out, body)
    labels = [{"label": name, "state": "present" if name == label else "absent"} for name in CLASSES]
    return {
        "cutout_id": one.picture_id, "source_id": one.source_id, "source_name": "s", "mosaic": one.mosaic,
        "sha256": one.image_sha, "png": body, "dataset": "griese", "labels": labels, "split": None, "benchmark": None,
        "patch_id": one.patch_id, "held_out": held_out, **changed,
    }  # fmt: skip


def test_what_shares_bytes_source_or_sky_with_a_test_picture_is_not_learned_from(four):
    rows = [row(k, CLASSES[k % 4], "train") for k in range(20)] + [
        row(20, "BENT", "validation"),
        row(30, "BENT", "test"),
    ]
    same = rows[-1]
    shared = {"sha256": same["sha256"], "source_id": same["source_id"], "patch_id": same["patch_id"]}
    rows += [row(40 + k, "BENT", "train", **{name: value}) for k, (name, value) in enumerate(shared.items())]
    rows.append(row(50, "FR-I", "validation", patch_id=rows[0]["patch_id"]))
    found = lessons(four, rows)
    assert [len(some.tasks) for some in (found.train, found.validation, found.test)] == [20, 1, 1]
    assert "4 left out for what they share" in found.told


def test_without_validation_pictures_whole_patches_of_training_are_put_aside(four):
    rows = [row(k, CLASSES[k % 4], "train", patch_id=f"patch-{k // 2}") for k in range(80)] + [row(99, "BENT", "test")]
    found = lessons(four, rows)
    assert 4 <= len(found.validation.tasks) <= 30
    assert not {one.patch_id for one in found.validation.tasks} & {one.patch_id for one in found.train.tasks}
    assert {one.split for one in found.validation.tasks} == {"validation"}
    assert "put aside" in found.told
    with pytest.raises(RecipeError, match="nothing to learn from"):
        lessons(four, rows[-1:]).check()


# -- picture sets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", picture_sets().values(), ids=lambda one: one.name)
def test_every_picture_set_can_be_asked_about(one):
    assert one.cite
    assert set(one.asked.definitions) == set(one.asked.classes)
    assert all(label in prompt_for(one.asked).text for label in one.asked.classes)


def spots(raw, **changed):
    """Every class in every split, degrees apart, and four rows that must not be learned from or tell of nothing."""
    splits = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    rows = [(split, CLASSES[k % 4], f"{10 + k}", "5.0", png_of(CLASSES[k % 4], k)) for k, split in enumerate(splits)]
    rows += [
        ("train", "FR-I", "42.01", "5.0", png_of("FR-I", 901)),  # 36" from a test picture
        ("validation", "FR-I", "43.01", "5.0", png_of("FR-I", 902)),
        ("train", "FR-I", "30.01", "5.0", png_of("FR-I", 903)),  # of validation: 24 to 31 deg are ra 34 to 41
        ("train", "FR-I", "200.0", "5.0", png(np.zeros((48, 48)))),
    ]
    return zipped(raw, rows, **changed)


def test_a_picture_set_keeps_its_test_split_and_takes_out_of_the_rest_what_shows_the_same_sky(tmp_path):
    steps = inputs_of_set(spots(tmp_path), tmp_path)
    cutouts, sources, splits = (step.run([]) for step in steps)
    assert cutouts.kept.num_rows == sources.kept.num_rows == splits.n_in == 44
    assert splits.reasons == {"blank": 1, "sky-of-another-split": 2}
    rows = pictures(cutouts.kept, sources.kept, splits.kept)
    found = lessons(spots(tmp_path).asked, rows)
    assert [len(some.tasks) for some in (found.train, found.validation, found.test)] == [25, 8, 8]
    assert found.test.tasks[0].truth


def test_a_picture_set_that_is_another_one_is_refused(tmp_path):
    with pytest.raises(CatalogError, match="no such file"):
        inputs_of_set(spots(tmp_path, file="other.zip"), tmp_path)
    with pytest.raises(CatalogError, match="pin the new one"):
        inputs_of_set(spots(tmp_path, sha256="0" * 64), tmp_path)
    counts = {"train": 26, "validation": 9, "test": 9}
    with pytest.raises(CatalogError, match=r"found .*'test': 8.*expected .*'test': 9"):
        inputs_of_set(spots(tmp_path, n_pictures=counts), tmp_path)[0].run([])
    twice = zipped(
        tmp_path, [("train", "BENT", "1", "1", png_of("BENT", 1)), ("test", "BENT", "9", "9", png_of("BENT", 1))]
    )
    with pytest.raises(CatalogError, match="stands in it twice"):
        inputs_of_set(twice, tmp_path)[0].run([])
    broken = zipped(tmp_path, [("train", "BENT", "1", "1", b"no picture")])
    with pytest.raises(CatalogError, match="not a PNG"):
        inputs_of_set(broken, tmp_path)[0].run([])


def test_a_picture_of_16_bit_in_a_set_is_shown_as_greys_under_the_id_of_its_own_bytes(tmp_path):
    ramp, sink = np.tile(np.arange(0, 65536, 1024, dtype=np.uint16), (4, 1)), io.BytesIO()
    Image.fromarray(ramp).save(sink, "PNG")
    deep = zipped(tmp_path, [("test", "BENT", "1", "1", sink.getvalue()), ("train", "BENT", "2", "2", png(ramp >> 8))])
    seen = {one.split: one for one in read_pictures(tmp_path, "spots", deep.pictures)}
    for one in seen.values():
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(one.png))), ramp >> 8)
        assert not one.is_blank
    assert seen["test"].picture_id == content_id("cutout", "spots", hashlib.sha256(sink.getvalue()).hexdigest())


# -- the whole way ----------------------------------------------------------------------------------------------------


@pytest.mark.ray
@pytest.mark.slow
def test_encoders_are_scored_and_reported_as_any_model_and_nothing_is_fitted_twice(siglip, tmp_path, monkeypatch):
    store = Store(str(tmp_path / "store"))
    ready = subjects([spots(tmp_path)], (tmp_path, store), None, workers=0, say=lambda _: None)
    learners = [*heads_on(tower(siglip), "logistic"), FromScratch(SMALL, QUICK)]
    found = run_encoders(ready, lambda _: learners, store, workers=1, say=lambda _: None)
    for one in found:
        assert 0 <= one.numbers["accuracy"].value <= 1
        assert one.numbers["macro_f1"].low is not None
        rows = store.read(one.predictions).to_pylist()
        assert len(rows) == 8
        assert {row["status"] for row in rows} == {"exact"}
        assert {row["backend"] for row in rows} == {"encoder"}
        metrics = {(row["scoring"], row["metric"]) for row in store.read(one.scores).to_pylist()}
        assert {("strict", "balanced_accuracy"), ("strict", "count"), ("choice", "auroc"), ("tuned", "f1")} <= metrics
    assert {one.run.run["model"] for one in scored_in(store)} == {"tiny-siglip logistic", "small-network"}
    for kind in (OnFeatures, FromScratch):
        monkeypatch.setattr(kind, "fit", lambda *_: pytest.fail("fitted again"))
    assert run_encoders(ready, lambda _: learners, store, workers=0, say=lambda _: None) == found


def test_the_small_network_sees_three_channels_where_pictures_have_them():
    plain = np.full((48, 48), 100.0)
    red = task(1, "FR-I", "train", png(np.stack([plain * 2, plain, plain * 0], axis=2)))
    grey, shown = task(2, "FR-II", "train", png(plain)), task(3, "FR-I", "train", png(np.stack([plain] * 3, axis=2)))
    assert not SMALL.seeing([grey, shown]).in_colour  # of three equal channels one is enough
    eyes = SMALL.seeing([grey, red])
    seen = eyes.pixels([red, grey])
    assert eyes.in_colour and seen.shape == (2, 3, 32, 32)
    assert seen[0].mean((1, 2)).tolist() == pytest.approx([(200 / 255) ** 0.5, (100 / 255) ** 0.5, 0])
    assert seen[1].mean((1, 2)).tolist() == pytest.approx([(100 / 255) ** 0.5] * 3)
    assert eyes.scores(eyes.network(4), seen).shape == (2, 4)


@pytest.mark.slow
def test_on_the_real_griese_pictures_a_few_epochs_beat_the_majority(raw):
    door = picture_set("griese")
    cutouts, sources, splits = (step.run([]) for step in inputs_of_set(door, raw))
    assert splits.reasons == {"blank": 1, "sky-of-another-split": 38, "tested-elsewhere": 185}
    given = lessons(door.asked, pictures(cutouts.kept, sources.kept, splits.kept))
    assert [len(some.tasks) for some in (given.train, given.validation, given.test)] == [1548, 186, 200]
    assert given.test.truth.sum(0).tolist() == [50, 50, 50, 50]
    eyes, how = SmallEyes(side_px=40, width=8), with_options(FROM_SCRATCH, epochs=6)
    made = trained(eyes, how, given.train, given.validation, is_one=True)
    assert right(made.probabilities(given.test.tasks), given.test) > 0.45  # one class for all: 0.25


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--head", "logistic"], "--head logistic needs --encoder"),
        (["--head", "scratch", "--encoder", "."], "--head scratch takes no --encoder"),
        (["--head", "probes"], "--head probes and --model-dir FOLDER go together"),
        (["--head", "logistic", "--encoder", ".", "--epochs", "3"], "--epochs is for --head finetuned and scratch"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_a_line(words, said):
    done = CliRunner().invoke(evaluate, ["encoders", "griese", *words])
    assert isinstance(done.exception, RecipeError)
    assert said in str(done.exception)


def test_the_help_gives_examples():
    assert "Example:" in CliRunner().invoke(evaluate, ["encoders", "--help"]).output
