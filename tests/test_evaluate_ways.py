"""Ways of asking: the prompt band, samples, retries of the original, blind controls, thresholds, merged models."""

import json
from dataclasses import replace

import numpy as np
import pytest

from curation.asking.rule_answers import Asked, answer
from curation.asking.rule_choices import closed_answer, options_of
from curation.engine.store import Store
from evaluate.asking.asking import asking_of
from evaluate.asking.band import asked_in, band_of, seeds_of
from evaluate.asking.local import merge_shares_of
from evaluate.asking.predictions import predictions, predictions_step
from evaluate.asking.retries import last_said
from evaluate.asking.sample import Sample, Which, sample_of
from evaluate.given import check_together, retries_of
from evaluate.report.blind import blind_controls
from evaluate.report.more_tables import blind, examples, retries, thresholds
from evaluate.scoring.numbers import headlines, of_examples, plainest, prompt_band
from evaluate.scoring.scores import scores
from evaluate.scoring.thresholds import Thresholds, kept
from evaluate.tasks.answers import read_reply
from evaluate.tasks.benchmark import benchmark, benchmarks
from evaluate.tasks.models import models
from evaluate.tasks.prompt import VARIANTS, option_orders, prompt_for
from schemas.errors import RecipeError
from schemas.tables import STATUSES
from tests.making_predictions import predictions as made_predictions
from tests.test_evaluate_fewshot import png, rows_with_examples
from tests.test_evaluate_predictions import B1, B3, B6, STEPS, Says, asked, manner, reply, tables
from tests.test_evaluate_report import answers, made, scored

GIVEN = {"band": False, "shots": 0, "variant": "fixed", "order": 0, "tuned": False, "choices": False, "seeds": 1,
         "model_dir": None, "parity_dir": None, "no_parity": False}  # fmt: skip


# -- the rule server answers what a benchmark asks ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["b1", "b2", "b3", "b6", "gmnist"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_rule_server_finds_the_options_of_every_wording(name, variant):
    one = benchmark(name)
    for order in range(len(option_orders(one))):
        prompt = prompt_for(one, variant, order)
        offered = {choice.text for choice in prompt.choices if len(choice.labels) <= 1}
        assert set(options_of(prompt.text)) == offered
        said = answer(Asked(prompt.text, png(60), None, 0, 0.0))
        assert said in {choice.text for choice in prompt.choices}


def test_the_rule_servers_forms_have_every_status_but_that_of_a_lost_reply():
    text = prompt_for(B6).text
    said = [closed_answer(text, options_of(text), f"a picture of brightness {k}", 0.05) for k in range(400)]
    found = {read_reply(one, "length" if len(one) > 1_024 else "stop", B6).status for one in said}
    assert found == set(STATUSES) - {"backend_error"}


# -- band and sample ---------------------------------------------------------------------------------------------------


def test_the_band_is_three_wordings_by_the_orders_that_a_benchmark_has():
    ways = band_of(manner())
    assert len(ways) == 12 and len({(one.variant, one.option_order) for one in ways}) == 12
    inputs, ids = dict.fromkeys((B1.name, B3.name), STEPS), dict.fromkeys((B1.name, B3.name), ["a"])
    asked_of = [one.name for one, *_ in asked_in([B1, B3], ways, inputs, ids, is_sampled=True)]
    assert (asked_of.count(B1.name), asked_of.count(B3.name)) == (12, 6)
    assert seeds_of(manner(), 3) == [manner()]
    several = seeds_of(manner(shots=1, shot_select="random"), 3)
    assert [one.shot_seed for one in several] == [0, 1, 2]


def test_a_sample_is_the_same_in_whatever_order_and_part_and_every_other_picture_is_told():
    ids = [f"cutout-{k:016x}" for k in range(50)]
    sample = sample_of(ids, 20)
    assert sample is not None and sum(map(sample.holds, ids)) == 20
    assert sample_of(ids[::-1], 20) == sample and sample_of(ids, 50) is None
    rows = tables(30)
    chosen = sample_of(rows[0]["cutout_id"].to_pylist(), 8)
    asking = asking_of(B6, manner(), STEPS, Which(sample=chosen))
    found = predictions(Says(lambda _, one: reply(one, "FR-I")), 0.0, (), *rows, asking)
    assert found.kept.num_rows == 8 and found.reasons == {"not-sampled": 22}
    assert set(found.kept["n_sampled"].to_pylist()) == {8}
    assert asking.run_id != asking_of(B6, manner(), STEPS).run_id


def test_runs_of_the_band_stand_in_its_table_and_not_among_the_headlines():
    plain = made(answers(12))
    others = [made(answers(k), variant=variant, option_order=order)
              for k, (variant, order) in enumerate((("fixed", 1), ("short", 0), ("short", 1)))]  # fmt: skip
    found = scored(plain, *others)
    assert len(headlines(found)) == 2 and [one.label for one in plainest(found)] == ["llava"]
    (band,) = prompt_band(found)
    assert len(band.values) == 4 and min(band.values) == 0.0
    assert prompt_band(scored(plain)) == []


def test_examples_have_mean_and_spread_over_seeds_beside_zero_shot():
    backend = Says(lambda k, one: reply(one, "FR-I" if k % (2 + len(one.text) % 3) else "FR-II"))
    zero = asked(backend, tables(36, untested=set(range(10, 36)))).kept
    shot = [predictions_of(rows_with_examples("balanced", seed=seed, backend=seeded(seed))[0]) for seed in range(3)]
    found = scored(zero, *shot)
    (spread,) = of_examples(found)
    assert len(spread.values) == 3 and spread.way == "2 balanced"
    assert spread.deviation == pytest.approx(np.std(spread.values, ddof=1))
    (row,) = examples(found).rows
    assert row[3] == "3" and "[" in row[-1]
    assert [one.run["shots"] for one in headlines(found)] == [0]


def seeded(seed):
    return Says(lambda k, one: reply(one, "FR-I" if (k + seed) % (2 + seed) else "FR-II"))


def predictions_of(rows):
    from schemas.tables import PREDICTIONS

    return PREDICTIONS.of(rows)


# -- retries of the original -------------------------------------------------------------------------------------------


def test_the_original_asks_again_without_the_question_and_the_scores_before_and_after_stand_side_by_side():
    def say(k, one):
        if "?" in one.text:
            return reply(one, ("FR-I", "It is FR-II", "no idea")[k % 3])
        return reply(one, "FR-II" if k % 2 else "still no idea")

    backend = Says(say)
    found = asked(backend, tables(12), n_retries=3, retry="without-question").kept
    rows = found.to_pylist()
    again = [one for one in backend.asked if "?" not in one.text]
    assert len(again) == 8 and all("FR-I or FR-II" in one.text and one.png for one in again)
    assert {(None if row["retries"] is None else len(row["retries"])) for row in rows} == {None, 1, 3}
    assert all(row["attempts"] == 1 + len(row["retries"] or ()) for row in rows)
    numbers = {(row["scoring"], row["of"], row["metric"]): row["value"]
               for row in scores(found, B6, n_draws=0).to_pylist() if not row["predicted_as"]}  # fmt: skip
    before, after = (numbers[scoring, "all", "coverage"] for scoring in ("paper", "paper-retried"))
    assert before == pytest.approx(4 / 12) and after == pytest.approx(8 / 12)
    assert (
        numbers["strict", "macro", "f1"]
        == {
            (row["scoring"], row["of"], row["metric"]): row["value"]
            for row in scores(asked(Says(say), tables(12)).kept, B6, n_draws=0).to_pylist()
        }["strict", "macro", "f1"]
    )  # ours takes no retry
    (row,) = retries(scored(found)).rows
    assert row[2].startswith("33.3") and row[4].startswith("66.7")


def test_the_same_request_again_is_not_asked_again_for_greedy_words_are_the_same():
    backend = Says(lambda _, one: reply(one, "no idea"))
    rows = asked(backend, tables(4), n_retries=1, retry="same").kept.to_pylist()
    assert len(backend.asked) == 4 and all(row["retries"] == ["no idea"] for row in rows)
    assert last_said("a", None) == "a" and last_said("a", ["b", "c"]) == "c" and last_said("a", []) == "a"


def test_families_and_their_retries_are_the_papers():
    assert retries_of("llava-onevision-qwen2-7b-ov") == (3, "without-question")
    assert retries_of("llava-onevision-qwen2-7b-ov-hf") == (1, "same") == retries_of("Qwen2-VL-7B-Instruct")
    assert retries_of("internvl") == retries_of("TinyLLaVA-Phi-2-SigLIP-3.1B") == (0, "")
    assert retries_of(None) == (0, "")
    with pytest.raises(RecipeError, match="families: tinyllava, llava"):
        retries_of("a stranger")
    assert {models().family_of(name).title for name in models().models} == {
        "LLaVA-OneVision", "TinyLLaVA", "Qwen2-VL", "InternVL2.5", "GPT-4.1"
    }  # fmt: skip


# -- what is really seen -----------------------------------------------------------------------------------------------


def test_what_is_seen_is_the_score_less_the_blind_one_with_paired_draws():
    looks = made(Says(lambda k, one: reply(one, B6.classes[k % 2])))
    rights = {row["image_id"]: row["truth"][0] for row in looks.to_pylist()}
    ids = sorted(rights)
    looks = made(Says(lambda k, one: reply(one, rights[ids[k]])))
    grey, other = (made(Says(lambda _, one: reply(one, "FR-I")), shown=shown) for shown in ("grey", "shuffled"))
    runs = scored(looks, grey, other)
    by_id = {one["run_id"][0].as_py(): one for one in (looks, grey, other)}
    found = blind_controls(runs, by_id, benchmarks())
    assert [one.control.run["shown"] for one in found] == ["grey", "shuffled"]
    rows = blind(found).rows
    assert all(row[5].startswith("+") and float(row[6]) < 0.05 for row in rows)
    same = blind_controls(scored(grey, other), by_id, benchmarks())
    assert same == []


def test_who_does_not_look_sees_nothing_more_than_blind():
    says = Says(lambda _, one: reply(one, "FR-I"))
    looks, grey = made(says), made(says, shown="grey")
    by_id = {one["run_id"][0].as_py(): one for one in (looks, grey)}
    (one,) = blind_controls(scored(looks, grey), by_id, benchmarks())
    assert one.comparison.difference.value == 0 and one.comparison.p == 1.0


# -- thresholds --------------------------------------------------------------------------------------------------------


def test_thresholds_are_kept_by_model_and_wording_and_stand_in_scores_and_report(tmp_path):
    store = Store(str(tmp_path))
    made_of = Thresholds(benchmark=B3.name, benchmark_version=B3.version, model_sha="0" * 64, prompt_variant="fixed",
                         answer=B3.answer, classes=B3.classes, values=(0.3, 0.7), n_pictures=40,
                         image_shas=("f" * 64,))  # fmt: skip
    store.publish(made_of.file, made_of.model_dump_json().encode())
    assert kept(store, B3, "0" * 64, "fixed") == made_of
    assert kept(store, B3, "1" * 64, "fixed") is None and kept(store, B3, "0" * 64, "short") is None
    prob = np.tile([[0.4, 0.6], [0.1, 0.9]], (10, 1))
    truth = [("YES",), ("NO",)] * 10
    table = made_predictions(B3, truth, ["No"] * 20, logprobs=np.log(prob))
    found = scored_with(table, made_of)
    (row,) = thresholds(found).rows
    assert row[2].startswith("33.3") and row[3].startswith("100.0") and row[4:] == ("YES 0.3, NO 0.7", "40")
    store.publish(made_of.file, b"{}")
    with pytest.raises(RecipeError, match="no thresholds"):
        kept(store, B3, "0" * 64, "fixed")


def scored_with(table, thresholds_of):
    from evaluate.scoring.numbers import scored_runs

    return scored_runs([scores(table, B3, thresholds=thresholds_of, n_draws=100)])


def test_validation_pictures_have_a_table_that_is_no_score_of_the_test():
    step = predictions_step(Says(None), B3, manner(), STEPS, which=Which("validation"))
    assert step.name == f"validation/{B3.name}"
    assert step.address != predictions_step(Says(None), B3, manner(), STEPS).address


# -- options and merged models -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"band": True, "shots": 2}, "--band"), ({"band": True, "variant": "short"}, "--band"),
        ({"tuned": True}, "--choices"), ({"seeds": 3}, "--shots"), ({"shots": 2}, "--parity-dir"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_together_are_refused(changed, told):
    with pytest.raises(RecipeError, match=told):
        check_together(GIVEN | changed)
    check_together(GIVEN | {"shots": 2, "seeds": 5, "no_parity": True})


def test_a_folder_of_a_merged_model_tells_its_shares(tmp_path):
    assert merge_shares_of(tmp_path) is None
    tuned = {"name": "tuned", "sha256sums": "", "shares": {"llm": 0.5, "vision": 0.0, "layers": [[0, 3, 0.3]]}}
    file = tmp_path / "merge.json"
    file.write_text(json.dumps({"base": {"name": "base"}, "tuned": [tuned]}))
    assert merge_shares_of(tmp_path) == "base + tuned: llm 0.5, layers 0-3 0.3"
    file.write_text(json.dumps({"base": {"name": "base"}, "adapter": {"name": "run"}}))
    assert merge_shares_of(tmp_path) == "base + run: all of it"
    file.write_text("[]")
    with pytest.raises(RecipeError, match="remove it"):
        merge_shares_of(tmp_path)


def test_a_constrained_reply_is_kept_in_words_with_its_form_beside_it():
    rows = asked(Says(lambda _, one: reply(one, '{"answer": "FR-I"}')), tables(2), is_constrained=True).kept.to_pylist()
    assert [(row["reply"], row["raw_reply"]) for row in rows] == [("FR-I", '{"answer": "FR-I"}')] * 2
    plain = asked(Says(lambda _, one: reply(one, "FR-I")), tables(2)).kept.to_pylist()
    assert [row["raw_reply"] for row in plain] == [None, None]
    assert Sample(1, 0.5) != replace(Sample(1, 0.5), n=2)
