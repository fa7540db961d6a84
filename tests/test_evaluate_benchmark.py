"""Benchmarks: every file loads, truth rules say what is true, counts are held, pictures are left out with a reason."""

from collections import Counter

import pytest

from catalogs.benchmark import benchmarks as sealed
from catalogs.dataset import dataset
from evaluate.tasks.benchmark import HERE, Benchmark, benchmark, benchmarks, pictures
from evaluate.tasks.truth import NO_ANSWER, RULES, truth_by
from schemas.errors import CatalogError, RecipeError
from schemas.labels import Truth, label_scheme
from schemas.tables import CUTOUTS, SOURCES, SPLITS

MULTI = tuple(label_scheme("radioimg_multilabel").labels)
B1 = ("EXTENDED", "DIFFUSE", "DIFFUSE-LARGE")


def states(*present, unknown=()):
    return {
        one: Truth.PRESENT if one in present else Truth.UNKNOWN if one in unknown else Truth.ABSENT for one in MULTI
    }


def row(cutout_id="cutout-1", present=("COMPACT",), scheme="radioimg_multilabel", **changes):
    labels = [{"label": one, "state": "present" if one in present else "absent"} for one in label_scheme(scheme).labels]
    return {
        "cutout_id": cutout_id, "source_id": "source-1", "source_name": "s", "mosaic": "m.fits", "sha256": "0" * 64,
        "png": b"p", "dataset": "radioimg_multilabel", "labels": labels, "split": "test", "benchmark": "b1_extended",
        "patch_id": "patch-1", "held_out": "test", **changes,
    }  # fmt: skip


def test_the_six_benchmarks_the_codes_seventh_and_the_demos_are_there():
    assert [name.split("_")[0] for name in benchmarks() if name[0] == "b"] == [f"b{k}" for k in range(1, 7)]
    assert "gmnist" in benchmarks()
    assert sum(name.startswith("demo") for name in benchmarks()) == 5


@pytest.mark.parametrize("one", benchmarks().values(), ids=lambda one: one.name)
def test_every_benchmark_cites_and_is_of_a_dataset_and_defines_its_classes(one: Benchmark):
    assert one.cite
    assert one.title
    assert one.question.endswith("?")
    assert set(one.definitions) == (set() if one.answer == "yes-no" else set(one.classes))
    assert len({choice.text for choice in one.choices}) == len(one.choices)
    if one.name[0] == "b":
        assert sealed()[one.name].dataset == one.dataset


def test_counts_are_the_papers():
    expected = {name: one.expected_images for name, one in benchmarks().items() if name[0] == "b"}
    assert list(expected.values()) == [5718, 3835, 5718, 5718, 5718, 833]
    assert sum(benchmark("b5").published.values()) == 5718
    assert sum(benchmark("b6").published.values()) == 833
    assert benchmark("demo_extended").expected_images is None


def test_another_number_of_pictures_is_an_error_unless_somebody_says_why():
    b6 = benchmark("b6")
    assert b6.check_count(833) == "833 pictures"
    assert "435 confident FR-II" in b6.check_count(832)
    with pytest.raises(CatalogError, match=r"found 831 pictures, expected 833; 832 would do"):
        b6.check_count(831)
    assert b6.check_count(831, allowed="a disk broke") == "831 of 833 pictures: a disk broke"
    assert benchmark("demo_extended").check_count(3) == "3 pictures"


def test_classes_that_no_scheme_has_are_defined_by_the_benchmark_itself(tmp_path):
    gmnist = benchmark("gmnist")
    assert gmnist.definitions["SMOOTH_CIGAR"].startswith("a smooth galaxy")
    assert [gmnist.vocabulary.classes, gmnist.paper.classes[1:]] == [gmnist.classes] * 2
    file = tmp_path / "own.toml"
    text = (HERE / "gmnist.toml").read_text()
    file.write_text(text.replace("SMOOTH_CIGAR    =", "OTHER ="))
    with pytest.raises(RecipeError, match="every class stands in `defined`"):
        benchmark(str(file))


def test_allowed_answers_are_all_subsets_in_the_order_of_training():
    texts = [one.text for one in benchmark("b1").choices]
    assert texts == [
        "EXTENDED", "DIFFUSE", "DIFFUSE-LARGE", "EXTENDED, DIFFUSE", "EXTENDED, DIFFUSE-LARGE",
        "DIFFUSE, DIFFUSE-LARGE", "EXTENDED, DIFFUSE, DIFFUSE-LARGE", "NONE",
    ]  # fmt: skip
    assert [one.text for one in benchmark("b3").choices] == ["Yes", "No"]


@pytest.mark.parametrize(
    ("rule", "known", "truth"),
    [
        ("morphology-set", states("COMPACT"), ()),
        ("morphology-set", states("RADIO-GALAXY"), ("EXTENDED",)),
        ("morphology-set", states("DIFFUSE-LARGE", "EXTENDED", "COMPACT"), ("EXTENDED", "DIFFUSE-LARGE")),
        ("morphology-set", states("ARTIFACT"), ()),  # the original's row that no answer could match (E4)
        ("morphology-set", states("EXTENDED", unknown=("DIFFUSE",)), "unknown-truth"),
        ("morphology-set-original", states("COMPACT"), ()),
        ("morphology-set-original", states("COMPACT", "ARTIFACT"), ()),
        ("morphology-set-original", states("BACKGROUND"), ()),
        ("morphology-set-original", states("ARTIFACT"), (NO_ANSWER,)),
        ("morphology-set-original", states("COMPACT", "BACKGROUND"), (NO_ANSWER,)),
        ("morphology-set-original", states("COMPACT", "RADIO-GALAXY"), ("EXTENDED",)),
        ("peculiarity", states("COMPACT"), ("ORDINARY",)),
        ("peculiarity", states("PECULIAR", "EXTENDED"), ("PECULIAR",)),
        ("peculiarity", states("DIFFUSE-LARGE"), ("COMPLEX",)),
        ("peculiarity", states("FILAMENT"), ("COMPLEX",)),
        ("peculiarity", states("COMPACT", unknown=("FILAMENT",)), "unknown-truth"),
        ("peculiarity", states("EXTENDED", unknown=("PECULIAR",)), "unknown-truth"),
        ("peculiarity-narrow", states("DIFFUSE-LARGE"), ("ORDINARY",)),  # D2
        ("peculiarity-narrow", states("COMPACT", unknown=("FILAMENT",)), ("ORDINARY",)),
        ("peculiarity-narrow", states("RADIO-GALAXY"), ("COMPLEX",)),
    ],
)
def test_a_truth_rule_says(rule, known, truth):
    assert truth_by(rule, known, B1, ()) == truth


def test_yes_is_said_of_present_and_no_only_of_absent():
    assert truth_by("has-label", states("ARTIFACT"), (), ("ARTIFACT",)) == ("YES",)
    assert truth_by("has-label", states(), (), ("ARTIFACT",)) == ("NO",)
    assert truth_by("has-label", states(unknown=("ARTIFACT",)), (), ("ARTIFACT",)) == "unknown-truth"
    assert truth_by("has-label", {}, (), ("ARTIFACT",)) == "unknown-truth"


def test_a_class_as_annotated_may_be_another_or_unknown():
    def known(present):
        return {one: Truth.PRESENT if one == present else Truth.ABSENT for one in ("FR-I", "FR-II", "HYBRID")}

    assert truth_by("as-annotated", known("FR-II"), ("FR-I", "FR-II"), ()) == ("FR-II",)
    assert truth_by("as-annotated", known("HYBRID"), ("FR-I", "FR-II"), ()) == "other-class"
    assert truth_by("as-annotated", {"FR-I": Truth.UNKNOWN}, ("FR-I", "FR-II"), ()) == "unknown-truth"
    assert set(RULES) >= {"as-annotated", "has-label"}


def test_tasks_are_in_order_and_what_cannot_be_scored_is_left_out_with_its_reason():
    unknown = row("cutout-0")
    unknown["labels"] = [{**one, "state": "unknown"} for one in unknown["labels"]]
    found = benchmark("b5").tested([row("cutout-2", ("DIFFUSE-LARGE",)), row("cutout-1", ("PECULIAR",)), unknown])
    assert [(one.picture_id, one.truth) for one in found.tasks] == [
        ("cutout-1", ("PECULIAR",)), ("cutout-2", ("COMPLEX",))
    ]  # fmt: skip
    assert found.tasks[1].truths == {"peculiarity-narrow": ("ORDINARY",)}  # both rules from one run
    assert [(one.row_id, one.reason) for one in found.left_out] == [("cutout-0", "unknown-truth")]
    assert found.tasks[0].cluster == "patch-1"


def test_a_benchmark_takes_its_own_pictures():
    b1, demo = benchmark("b1"), benchmark("demo_extended")
    rows = [
        row("cutout-1"),
        row("cutout-2", benchmark=None, split="train", held_out="train"),
        row("cutout-3", benchmark=None, split=None, held_out="validation"),
        row("cutout-4", benchmark=None, split=None, held_out=None),  # near sealed sky: neither trained nor tested on
    ]
    assert [one.picture_id for one in b1.tasks(rows)] == ["cutout-1"]
    assert [one.picture_id for one in b1.tasks(rows, "train")] == ["cutout-2"]
    assert [one.picture_id for one in b1.tasks(rows, "validation")] == ["cutout-3"]
    assert demo.tasks(rows) == []
    ours = [{**one, "dataset": "demo_multilabel"} for one in rows]
    assert [one.picture_id for one in demo.tasks(ours)] == ["cutout-1"]


def test_pictures_join_cutouts_with_labels_and_place():
    label = {"scheme": "mirabest", "label": "FR-I", "state": "present"}
    source = {"source_id": "source-1", "source_name": "s", "dataset": "mirabest", "labels": [label], "split": "test",
              "benchmark": "b6_fanaroff_riley"}  # fmt: skip
    tables = (CUTOUTS, [{"cutout_id": "cutout-1", "source_id": "source-1", "mosaic": "m", "png": b"", "sha256": "0"}])
    cutouts = _loosely(*tables)
    (one,) = pictures(cutouts, _loosely(SOURCES, [source]), _loosely(SPLITS, []))
    assert (one["cutout_id"], one["source_name"], one["held_out"]) == ("cutout-1", "s", None)
    placed = _loosely(SPLITS, [{"cutout_id": "cutout-1", "patch_id": "patch-7", "split": "test"}])
    (one,) = pictures(cutouts, _loosely(SOURCES, [source]), placed)
    assert (one["patch_id"], one["held_out"]) == ("patch-7", "test")
    assert benchmark("b6").tasks([one])[0].truth == ("FR-I",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('truth = "no-such"', "no truth rule 'no-such'"),
        ('labels = ["EXTENDED"]', "goes with the truth rule has-label"),
        ('none = ""', "goes with answer = labels"),
        ('aliases = { A = "B" }', "aliases A"),
        ("colour = 1", "colour"),
    ],
)
def test_a_file_that_says_something_impossible_is_refused(tmp_path, text, said):
    file = tmp_path / "own.toml"
    file.write_text(f'like = "b1_extended"\n{text}\n')
    with pytest.raises(RecipeError, match=said):
        benchmark(str(file))


def test_a_name_that_is_none_lists_the_known_ones():
    with pytest.raises(RecipeError, match="known: b1_extended, b2"):
        benchmark("b9")
    assert benchmark("b2") == benchmark("b2_morphology")


@pytest.mark.parametrize(("name", "n", "other"), [("b2", 219, {}), ("b6", 205, {"other-class": 9, "unknown-truth": 1})])
def test_the_real_first_pictures_have_the_counts_that_are_explained(raw, real_mosaics, name, n, other):
    one = benchmark(name)
    sources = dataset(one.dataset).read_sources(raw, real_mosaics("first"))
    rows = [
        {**source, "cutout_id": source["source_id"], "mosaic": source["image_path"], "sha256": "", "png": b"",
         "patch_id": None, "held_out": None}
        for source in sources.kept.to_pylist()
    ]  # fmt: skip
    found = one.tested(rows)
    assert Counter(left.reason for left in found.left_out) == other
    assert one.check_count(len(found.tasks)).startswith(f"{n} of ")


def _loosely(table, rows):
    import pyarrow as pa

    return pa.table({c.name: pa.array([one.get(c.name) for one in rows], c.type) for c in table.columns})
