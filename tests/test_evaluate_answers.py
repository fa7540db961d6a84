"""From a reply to classes: every reply has a status, and the paper's reader accepts and drops what the original did."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluate.tasks.answers import READABLE, read_as_paper, read_reply
from evaluate.tasks.benchmark import benchmark
from schemas.tables import STATUSES

B1, B2, B3, B4, B5, B6 = (benchmark(f"b{k}") for k in range(1, 7))


@pytest.mark.parametrize(
    ("asked", "reply", "labels", "status"),
    [
        (B3, "Yes", ("YES",), "exact"),
        (B3, "no.", ("NO",), "exact"),
        (B3, "**Yes**", ("YES",), "exact"),
        (B3, "Answer: Yes", ("YES",), "exact"),
        (B3, "Yes, there is one.", ("YES",), "extracted"),
        (B3, "No, I do not see any.", ("NO",), "extracted"),
        (B3, "There is no radio galaxy.", ("NO",), "extracted"),
        (B3, "I would say yes.", ("YES",), "extracted"),
        (B3, "The answer could be yes or no.", None, "contradictory"),
        (B3, "Yes or No.", None, "contradictory"),
        (B3, "Maybe", None, "unknown_label"),
        (B2, "1C-2P", ("1C-2P",), "exact"),
        (B2, "1c–2p.", ("1C-2P",), "exact"),
        (B2, "1C_2P", ("1C-2P",), "exact"),
        (B2, '"1C 2P"', ("1C-2P",), "exact"),
        (B2, "[1C-2P]", ("1C-2P",), "exact"),
        (B2, "1C-2C", ("1C-2P",), "alias"),  # P1: the paper's misprint
        (B2, "The class is 1C-1P", ("1C-1P",), "extracted"),
        (B2, "1C-1P: single-island source", ("1C-1P",), "extracted"),
        (B2, "1C-1P or 1C-2P", None, "contradictory"),
        (B2, "11C-1P", None, "unknown_label"),
        (B2, "1C-1P-2", None, "unknown_label"),
        (B2, "4C-4P", None, "unknown_label"),
        (B6, "FR-II", ("FR-II",), "exact"),
        (B6, "FR II", ("FR-II",), "exact"),
        (B6, "FRII", ("FR-II",), "alias"),
        (B6, "FR-I/II", None, "unknown_label"),
        (B6, "It is not FR-I.", None, "unknown_label"),
        (B6, "This galaxy is an FR-I.", ("FR-I",), "extracted"),
        (B6, "This galaxy isn't an FR-I.", None, "unknown_label"),
        (B5, "Class: COMPLEX", ("COMPLEX",), "exact"),
        (B5, "WTF", ("PECULIAR",), "alias"),
        (B5, "`ordinary`", ("ORDINARY",), "exact"),
        (B1, "NONE", (), "exact"),
        (B1, "None.", (), "exact"),
        (B1, "EXTENDED", ("EXTENDED",), "exact"),
        (B1, "diffuse, extended", ("EXTENDED", "DIFFUSE"), "exact"),
        (B1, "EXTENDED,", ("EXTENDED",), "exact"),
        (B1, "EXTENDED\nDIFFUSE", ("EXTENDED", "DIFFUSE"), "exact"),
        (B1, "- EXTENDED\n- DIFFUSE", ("EXTENDED", "DIFFUSE"), "exact"),
        (B1, "['EXTENDED', 'DIFFUSE']", ("EXTENDED", "DIFFUSE"), "exact"),
        (B1, "DIFFUSE LARGE", ("DIFFUSE-LARGE",), "exact"),  # not DIFFUSE
        (B1, "diffuse—large", ("DIFFUSE-LARGE",), "exact"),
        (B1, "LARGE-DIFFUSE", ("DIFFUSE-LARGE",), "alias"),
        (B1, "EXTENDED and DIFFUSE", ("EXTENDED", "DIFFUSE"), "extracted"),
        (B1, "I see DIFFUSE-LARGE emission.", ("DIFFUSE-LARGE",), "extracted"),
        (B1, "EXTENDED, COMPACT", ("EXTENDED",), "extracted"),
        (B1, "EXTENDED, not DIFFUSE", ("EXTENDED",), "extracted"),
        (B1, "None of the above", (), "extracted"),
        (B1, "NONE, EXTENDED", None, "contradictory"),
        (B1, "COMPACT", None, "unknown_label"),
        (B1, "", None, "empty"),
        (B1, " ** . ", None, "empty"),
        (B1, "I'm sorry, I cannot tell EXTENDED from DIFFUSE.", None, "refused"),
        (B1, "As an AI model I see EXTENDED", None, "refused"),
    ],
)
def test_a_reply_is_read(asked, reply, labels, status):
    found = read_reply(reply, "stop", asked)
    assert (found.labels, found.status) == (labels, status)


@pytest.mark.parametrize(
    "reply",
    [
        "<think>FR-I?</think>FR-II", "FR-I, maybe</think>\nFR-II", "<thinking>FR-I</thinking>**FR-II**",
        "<THINK>\nFR-I\n</THINK>\n\nFR-II", "< think >FR-I</ think >FR-II", "<think/>FR-II",
        "[THINK]FR-I[/THINK]FR-II", "◁think▷FR-I◁/think▷FR-II", "<seed:think>FR-I</seed:think>FR-II",
        "<|begin_of_thought|>FR-I<|end_of_thought|><|begin_of_solution|>FR-II<|end_of_solution|>",
        "<reasoning>FR-I</reasoning><answer>FR-II</answer>", "&lt;think&gt;FR-I&lt;/think&gt;FR-II",
        "<think>Not <think>FR-I</think>, is it?</think>FR-II", "<unused94>thought\nFR-I<unused95>FR-II",
        "<|channel|>analysis<|message|>FR-I<|end|><|start|>assistant<|channel|>final<|message|>FR-II<|return|>",
        "<think>FR-I</think>$\\boxed{\\text{FR-II}}$", "<|begin_of_box|>FR-II<|end_of_box|>",
    ],
)  # fmt: skip
def test_what_a_model_only_thinks_is_no_answer(reply):
    found = read_reply(reply, "stop", B6)
    assert (found.labels, found.status) == (("FR-II",), "exact")


@pytest.mark.parametrize(
    "reply",
    ["<think>It is FR-II.", "<think>FR-II</think>", "<think>FR-I</think><think>FR-II", "[THINK]FR-II", "◁think▷FR-II",
     "<|channel|>analysis<|message|>FR-II", "<unused94>thought\nFR-II", "FR-II<think>FR-I</think>"],
)  # fmt: skip
def test_thinking_that_does_not_end_in_an_answer_is_none(reply):
    assert read_reply(reply, "stop", B6).labels is None
    assert read_as_paper(reply, B6) is None


@pytest.mark.parametrize(
    ("asked", "reply", "said"),
    [
        (B4, "The image shows strong artefacts around the bright source, with no diffuse emission.", None),
        (B4, "There are artefacts. I can see no other sources.", None),
        (B4, "Artefacts are clearly visible; no doubt.", None),
        (B4, "No doubt there are artefacts.", None),
        (B4, "No diffuse emission is visible.", None),
        (B4, "No problem: artefacts are everywhere.", None),
        (B4, "There are no strong artefacts.", None),
        (B4, "No artefact other than the ring.", None),
        (B4, "There is no lack of artefacts.", None),
        (B4, "There are no sources without artefacts.", None),
        (B4, "Are there no artefacts?", None),
        (B4, "I would not say no.", None),
        (B4, "Maybe yes.", None),
        (B4, "Yes, there is no artefact.", None),
        (B4, "Yes, I don't see any.", None),
        (B4, "No, there are artefacts.", None),
        (B4, "No. The image shows clear artefacts.", None),
        (B4, "Yes, strong artefacts with no diffuse emission.", "YES"),
        (B4, "Yes. There is no doubt about the artefacts.", "YES"),
        (B4, "Artefacts? Yes.", "YES"),
        (B4, "No artifacts are visible.", "NO"),
        (B4, "There is no evidence of ring artefacts in the image.", "NO"),
        (B4, "I don't see any imaging artefacts.", "NO"),
        (B4, "No: the image is clean.", "NO"),
        (B4, "The answer is **no**.", "NO"),
        (B3, "Yes, a radio galaxy with no visible core.", "YES"),
        (B3, "No, only compact sources are visible.", "NO"),
        (B3, "I see no artefacts.", None),
    ],
)
def test_no_before_another_noun_is_no_answer(asked, reply, said):
    assert read_reply(reply, "stop", asked).labels == (said and (said,))


@pytest.mark.parametrize(
    ("asked", "reply", "labels"),
    [
        (B6, "FR-I? No.", None),
        (B6, "Is it an FR-I?", None),
        (B6, "FR-I can be excluded.", None),
        (B6, "FR-I is ruled out.", None),
        (B6, "It lacks the jets of an FR-I.", None),
        (B6, "This is an FR-I, since it is not brighter at its edges.", ("FR-I",)),
        (B1, "There is no EXTENDED, DIFFUSE or DIFFUSE-LARGE emission.", ()),
        (B1, "EXTENDED, DIFFUSE and DIFFUSE-LARGE are not visible.", ()),
        (B1, "EXTENDED or DIFFUSE", None),
        (B1, "EXTENDED: yes, DIFFUSE: no", ("EXTENDED",)),
        (B1, "EXTENDED - Yes\nDIFFUSE - No\nDIFFUSE-LARGE - No", ("EXTENDED",)),
        (B1, "Not DIFFUSE but EXTENDED", ("EXTENDED",)),
        (B1, "Is there DIFFUSE emission? EXTENDED.", ("EXTENDED",)),
    ],
)
def test_a_class_that_is_denied_or_asked_about_is_not_said(asked, reply, labels):
    assert read_reply(reply, "stop", asked).labels == labels


def test_what_ended_the_reply_counts_before_its_words():
    assert read_reply("EXTENDED", "length", B1).status == "truncated"
    assert read_reply("EXTENDED", "content_filter", B1).status == "refused"
    assert read_reply(None, None, B1).status == "backend_error"


def test_strict_takes_whole_replies_only():
    assert read_reply("Yes.", "stop", B3).strict == ("YES",)
    assert read_reply("Yes, one.", "stop", B3).strict is None
    assert read_reply("NONE", "stop", B1).strict == ()


def test_unknown_pieces_are_counted():
    assert read_reply("EXTENDED, COMPACT, RING", "stop", B1).n_unknown == 2


@pytest.mark.parametrize("one", [B1, B2, B3, B5, B6], ids=lambda one: one.name)
def test_every_allowed_answer_reads_as_what_it_means(one):
    for choice in one.choices:
        assert read_reply(choice.text, "stop", one).strict == choice.labels
        assert read_reply(choice.text.lower() + ".", "stop", one).strict == choice.labels


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["stop", "length", None]), st.sampled_from([B1, B2, B3, B5, B6]))
def test_every_reply_has_a_status_whatever_it_is(reply, finish_reason, one):
    found = read_reply(reply, finish_reason, one)
    assert found.status in STATUSES
    assert (found.labels is not None) == (found.status in READABLE)
    assert set(found.labels or ()) <= set(one.classes)
    read_as_paper(reply, one)


# the-paper.md 8.2: what the original took, and what it dropped


@pytest.mark.parametrize(
    ("asked", "reply", "labels"),
    [
        (B3, "yes.", ("YES",)),
        (B3, " No!\n", ("NO",)),
        (B3, "Yes, there is", None),
        (B2, "1C-1P", ("1C-1P",)),
        (B2, "1c-1p;", ("1C-1P",)),
        (B2, "The class is 1C-1P", None),
        (B2, "**1C-1P**", None),
        (B2, "1C_2P", None),
        (B2, "1C–2P", None),
        (B2, '"1C-2P"', None),
        (B2, "1C-2C", None),
        (B2, "NONE", ("NONE",)),  # a class of the original's, without a picture
        (B5, "NONE", None),
        (B1, "EXTENDED, DIFFUSE", ("EXTENDED", "DIFFUSE")),
        (B1, "extended.", ("EXTENDED",)),
        (B1, "NONE", ("NONE",)),
        (B1, "NONE, EXTENDED", ("NONE", "EXTENDED")),  # both
        (B1, "EXTENDED,", None),
        (B1, "EXTENDED and DIFFUSE", None),
        (B1, "EXTENDED\nDIFFUSE", None),
        (B1, "[EXTENDED]", None),
        (B1, "'EXTENDED'", None),
        (B1, "Answer: EXTENDED", None),
        (B1, "DIFFUSE LARGE", None),
        (B1, "", None),
        (B1, None, None),
    ],
)
def test_the_papers_reader_takes_and_drops_what_the_original_did(asked, reply, labels):
    assert read_as_paper(reply, asked) == labels
