"""The exam as a whole: sets made from labels and parts, figures with intervals, the command, what is written down."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

from curation.exam import exam
from curation.exams import taken, written
from curation.exams.captions import (
    FIRST,
    SECOND,
    agreement,
    agreements,
    caption_cases,
    read_verdicts,
    sentence_digest,
    sentences,
)  # fmt: skip
from curation.exams.cases import QUESTION, Case, Half, half_of, scenes, statements
from curation.exams.claims_first import nearest, true_claims
from curation.exams.compositions import NONE, Part, compositions, part
from curation.exams.figures import Counts, as_json, broken, counts, figure, misses, stored
from curation.exams.taken import CAPTIONS, Outcome, outcome, paper
from curation.verification.claims import Claim, ExtractedClaim
from curation.verification.verdicts import Judgement
from curation.verification.verify import verify
from schemas.errors import CatalogError, RecipeError

TRUE, FALSE, OPEN = Judgement.SUPPORTED, Judgement.CONTRADICTED, Judgement.UNVERIFIABLE


# -- captions ----------------------------------------------------------------------------------------------------------


def test_a_caption_is_cut_into_sentences_as_they_were_labelled(tmp_path):
    text = 'image,caption\n0,"One lobe.  Two\nlobes! Is it 1.4 GHz? yes. No."\n1,\n'
    (tmp_path / "a.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert list(sentences(tmp_path)) == ["One lobe.", "Two lobes!", "Is it 1.4 GHz? yes.", "No."]


def test_labels_meet_their_sentences_in_the_real_captions(raw):
    if not (raw / "captions").is_dir():
        pytest.skip("no captions among the real data")
    texts = {sentence_digest(one) for one in sentences(raw / "captions")}
    first = read_verdicts(FIRST)
    assert len(first) >= 600 and first.keys() <= texts and read_verdicts(SECOND).keys() <= first.keys()
    halves = [caption_cases(raw, half) for half in Half]
    assert not {one.text for one in halves[0]} & {one.text for one in halves[1]}
    # two cases a sentence, but where the two readers differ
    assert 2 * len(first) - 60 < sum(map(len, halves)) <= 2 * len(first)


def test_cohens_kappa_is_that_of_a_worked_example():
    # 50 applications, Cohen's kappa 0.40: 20 both yes, 15 both no, 5 and 10 split
    pairs = [("s", "s")] * 20 + [("c", "c")] * 15 + [("s", "c")] * 5 + [("c", "s")] * 10
    found = agreement(*map(list, zip(*pairs, strict=True)))
    assert (found.n, found.n_equal, found.share) == (50, 35, 0.7) and found.kappa == pytest.approx(0.4)
    assert agreement(["u"] * 3, ["u"] * 3).kappa == 1


def test_two_readers_agree_on_most_captions():
    assert {one.n for one in agreements().values()} == {150} and min(one.kappa for one in agreements().values()) > 0.6


@pytest.mark.parametrize("line", ["xyz,u,u", "0" * 24 + ",u,maybe"])
def test_a_file_of_labels_of_another_form_is_refused(tmp_path, line):
    path = tmp_path / "labels.csv"
    path.write_text(f"digest,fr1,fr2\n{line}\n")
    with pytest.raises(CatalogError, match="line 2"):
        read_verdicts(path)


# -- compositions ------------------------------------------------------------------------------------------------------


def test_compositions_are_true_as_their_parts_say():
    scene = next(one.scene for one in statements(Half.DEVELOPMENT) if one.is_clause)
    true = Case(scene, "", "The source is round.", TRUE, Half.DEVELOPMENT, is_clause=True)
    false = Case(scene, "", "Two squares are seen.", FALSE, Half.DEVELOPMENT, is_clause=True)
    found = compositions([true, false], Half.DEVELOPMENT)
    assert found and {one.scene for one in found} == {scene}
    for one in found:
        if "two squares are seen" in one.text.lower() and one.kind.startswith("joined"):
            assert one.truth is FALSE, one.text
        if "the source is round" in one.text.lower() and one.kind in ("negated", "negated: wrong"):
            assert one.truth is FALSE, one.text
    assert NONE([False, False]) and not NONE([False, True])


def test_a_part_stands_within_a_sentence_without_its_capital_unless_that_is_a_name():
    assert Part("The source is round", True).inside == "the source is round"
    assert Part("FR-II is its class", True).inside == "FR-II is its class"
    assert part(Case("x", "", "Indeed.", TRUE, Half.DEVELOPMENT)) is None


def test_compositions_of_a_half_are_many_of_every_way_and_the_same_each_time():
    for half in Half:
        found = compositions(statements(half), half)
        assert found == compositions(statements(half), half) and len(found) > 300
        ways = Counter(one.kind.split(":")[0] for one in found)
        assert {"joined", "negated", "quantified", "pronominalised", "relative"} <= ways.keys()
        assert all(one.half is half for one in found)


def test_no_text_of_the_held_back_half_is_in_a_composition_of_the_other():
    ours = " ".join(one.text for one in compositions(statements(Half.DEVELOPMENT), Half.DEVELOPMENT))
    theirs = [one.text.removesuffix(".")[1:] for one in statements(Half.HELD_BACK) if one.is_clause]
    also_ours = {one.text.removesuffix(".")[1:] for one in statements(Half.DEVELOPMENT)}
    assert not [text for text in theirs if text in ours and text not in also_ours]


# -- figures -----------------------------------------------------------------------------------------------------------


def outcome_of(truth, verdict, kept):
    return Outcome(Case("scene", "?", "text", truth, Half.DEVELOPMENT), verdict, (), kept)


def test_counts_tell_false_kept_true_contradicted_and_true_kept():
    found = counts([
        outcome_of(FALSE, OPEN, True), outcome_of(FALSE, FALSE, False), outcome_of(TRUE, FALSE, False),
        outcome_of(TRUE, TRUE, True), outcome_of(OPEN, OPEN, True),
    ])  # fmt: skip
    assert found == Counts(
        n_true=2, n_false=2, n_undecided=1, false_kept=1, true_contradicted=1, true_kept=1, undecided_kept=1
    )
    first = counts([
        replace(outcome_of(TRUE, TRUE, True), stated="as-written"),
        replace(outcome_of(TRUE, OPEN, False), stated="reworded"),
        replace(outcome_of(TRUE, OPEN, False), stated="cut"),
        replace(outcome_of(FALSE, OPEN, False), beside="as-written", near="as-written", stated="cut"),
        replace(outcome_of(FALSE, FALSE, False), beside="reworded", stated="reworded"),
    ])  # fmt: skip
    assert (first.n_true_stated, first.true_reached, first.n_false_stated) == (3, 2, 2)
    assert (first.false_beside_kept, first.false_near_kept, first.false_stated_kept) == (1, 1, 1)


def test_a_text_that_breaks_the_reader_is_told_without_the_text_and_counts_as_refused(monkeypatch):
    def breaks(*_given):
        raise IndexError("too short")

    monkeypatch.setattr(taken, "extract_claims", breaks)
    sheet = paper(Half.DEVELOPMENT, None)
    found = list(taken.outcomes(sheet, taken.MODELS))
    one = counts(found)
    assert one.n_broken == len(found) and not one.false_kept and not one.true_kept and one.n_true_stated > 0
    (place,) = broken(found)
    assert place.startswith("IndexError in breaks (test_curation_exams.py:") and broken(found)[place] == len(found)
    assert len(misses(found)) == len(found)


def test_a_figure_has_wilsons_interval():
    low, high = binomtest(3, 153).proportion_ci(method="wilson")
    assert figure(3, 153) == f"3 of 153: 2.0 % ({100 * low:.1f} to {100 * high:.1f})"
    assert figure(0, 0) == "none"


def test_a_miss_is_told_with_its_question_and_reasons():
    one = Outcome(Case("scene", "Which?", "None.", FALSE, Half.DEVELOPMENT, "kind"), OPEN, ("not known",), True)
    assert misses([one, outcome_of(TRUE, TRUE, True)]) == [
        "contradicted, read as unverifiable, kept (kind, scene) Q: 'Which?' A: 'None.' | not known"
    ]


def test_the_reader_keeps_a_plain_truth_and_refuses_a_plain_lie():
    known = scenes()["b-W1"]
    for text, truth in (("1C-1P", TRUE), ("3C-3P", FALSE)):
        found = outcome(Case("b-W1", "Which class is it?", text, truth, Half.DEVELOPMENT), known, (), ())
        assert found.verdict is truth and found.is_kept is (truth is TRUE)


# -- claims first ------------------------------------------------------------------------------------------------------


def test_all_that_is_stated_beside_false_words_is_true_and_it_is_much():
    known, claims = scenes()["a-A1"], true_claims(statements(Half.DEVELOPMENT), scenes())["a-A1"]
    assert {"presence", "count", "box", "beam", "survey"} <= {one.kind for one in claims} and len(claims) > 20
    assert len({one.content for one in claims}) == len(claims)
    assert all(verify(ExtractedClaim(one, 0, 0), known).judgement is TRUE for one in claims)


def test_the_nearest_true_text_is_that_of_the_same_scene_with_most_words_in_common():
    one = Case("here", "?", "The lobes fade.", FALSE, Half.DEVELOPMENT)
    claims = (Claim("presence", "A"),)
    near = replace(one, text="The lobes brighten.", truth=TRUE, claims=claims)
    far = replace(near, text="Lobes.", claims=(Claim("presence", "B"),))
    elsewhere, silent = replace(far, scene="there", text="The lobes fade."), replace(near, text=one.text, claims=None)
    assert nearest(one, [far, near, elsewhere, silent]) == claims and nearest(one, [elsewhere]) == ()


def test_claims_first_a_plain_truth_stands_and_a_lie_beside_true_claims_does_not():
    known = scenes()["b-W1"]
    claims = (Claim("presence", "1C-1P"),)
    true = Case("b-W1", QUESTION, "The source at the centre is a single island with one peak.", TRUE, Half.DEVELOPMENT,
                claims=claims)  # fmt: skip
    assert (
        outcome(true, known, claims, claims).stated in ("as-written", "reworded")
        and outcome(true, known, claims, claims).beside is None
    )
    false = replace(true, text="The source consists of three separate islands.", truth=FALSE, claims=None)
    found = outcome(false, known, claims, claims)
    assert found.beside in ("reworded", "cut") and found.stated is None


def test_most_true_texts_and_many_false_ones_have_their_claims_stated():
    cases = [one for half in Half for one in statements(half) if one.claims]
    n = Counter(one.truth for one in cases)
    assert n[TRUE] >= 150 and n[FALSE] >= 150
    known = scenes()
    good = [
        one for one in cases if one.truth is TRUE
        and all(verify(ExtractedClaim(each, 0, 0), known[one.scene]).judgement is TRUE for each in one.claims)
    ]  # fmt: skip
    assert len(good) >= 0.97 * n[TRUE]


# -- the command -------------------------------------------------------------------------------------------------------


def run(*words):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RADIO_RAW", raising=False)
        return CliRunner().invoke(exam, words)


@pytest.fixture(scope="module")
def development():
    """The command on the half that may be read, for people."""
    return run("--half", "development", "--misses")


@pytest.fixture(scope="module")
def held_back():
    """The command on the other half, for machines, looking at what should not be looked at."""
    return run("--half", "held-back", "--json", "--misses", "--look-at-held-back")


def test_without_real_captions_that_set_is_left_out_aloud(development, tmp_path):
    assert paper(Half.DEVELOPMENT, tmp_path).skipped.keys() == {CAPTIONS}
    assert "captions: LEFT OUT, no raw files: give --raw, or set RADIO_RAW" in development.output
    assert "statements, development" in development.output and "statements, held-back" not in development.output


def test_misses_are_those_of_the_development_half_unless_asked_for_loudly(development, held_back):
    held = {one.text for one in statements(Half.HELD_BACK)} - {one.text for one in statements(Half.DEVELOPMENT)}
    assert "statements: judged wrongly" in development.stdout and "LOOK AWAY" not in development.stderr
    assert not [text for text in held if f"A: {text!r}" in development.stdout]
    aloud = "\n".join(json.loads(held_back.stdout)["misses"]["statements"])
    assert "LOOK AWAY" in held_back.stderr and [text for text in held if f"A: {text!r}" in aloud]


def test_figures_for_machines_have_each_share_with_its_interval(held_back):
    found = json.loads(held_back.stdout)
    one = found["sets"]["statements"]["held-back"]
    assert one["n_false"] > 100 and len(one["false_kept_share"]) == 3 and set(found["skipped"]) == {CAPTIONS}


def test_what_is_written_down_is_whole_or_refused(tmp_path):
    assert isinstance(run("--write-docs").exception, RecipeError)
    assert isinstance(run("--write-docs", "--half", "development").exception, RecipeError)
    docs, figures = tmp_path / "truth.md", tmp_path / "figures.json"
    result = as_json({"statements": {"development": Counts(n_true=4, true_kept=3)}}, {}, agreements())
    with pytest.raises(RecipeError, match="no such file"):
        written.write(result, docs, figures)
    docs.write_text(f"before\n{written.BEGIN}\nold\n{written.END}\nafter\n")
    written.write(result, docs, figures)
    text = docs.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "3 of 4: 75.0 %" in text and json.loads(figures.read_text()) == json.loads(json.dumps(result))


def test_figures_that_are_stored_say_whether_they_are_of_this_reader():
    found = stored()
    assert found is None or isinstance(found["is_current"], bool)


def test_every_case_lies_in_the_half_of_its_digest_whatever_is_added():
    assert half_of(sentence_digest("The lobes fade outwards.")) in Half
