"""From a reply to classes: every reply has a status, and the paper's reader accepts and drops what the original did."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluate.tasks.answers import READABLE, read_as_paper, read_reply
from evaluate.tasks.benchmark import benchmark
from schemas.tables import STATUSES

B1, B2, B3, B5, B6 = (benchmark(f"b{k}") for k in (1, 2, 3, 5, 6))


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
