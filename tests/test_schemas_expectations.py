"""The judge: every rule is judged, or the gate stays shut."""

import re
from pathlib import Path

import pytest

from schemas.expectations import Counted, judge, offline, refusals_of
from schemas.table import Rule

RULES = (
    Rule("ra_deg_given", "ra_deg IS NOT NULL", "ra_deg: never null"),
    Rule("ra_deg_least", "ra_deg >= 0", "ra_deg: at least 0 deg", "warning"),
)
GOOD = Counted("sources", RULES, {"n_rows": 7, "ra_deg_given": 0, "ra_deg_least": 0})


def counted(**counts: int) -> Counted:
    return Counted("sources", RULES, {**GOOD.counts, **counts})


def test_a_good_table_gives_no_refusal_and_an_empty_one_does():
    judgement = judge([GOOD])
    assert judgement.is_ok and judgement.refusals == ()
    assert judgement.n_rules == judgement.n_judged == 3
    empty = judge([counted(n_rows=0)])
    assert not empty.is_ok
    assert [(one.rule, one.found) for one in empty.refusals] == [("n_rows", "0 rows")]


def test_a_broken_rule_is_refused_with_its_own_severity():
    judgement = judge([counted(ra_deg_least=3)])
    (refusal,) = judgement.refusals
    assert (refusal.table, refusal.rule, refusal.severity) == ("sources", "ra_deg_least", "warning")
    assert refusal.found == "3 rows break it"
    assert judgement.is_ok
    assert not judge([counted(ra_deg_given=1)]).is_ok


def test_a_rule_that_could_not_be_counted_is_critical_whatever_it_declares():
    lost = Counted("sources", RULES, {"n_rows": 7, "ra_deg_given": 0})
    judgement = judge([lost])
    assert [(one.rule, one.severity, one.found) for one in judgement.refusals] == [
        ("ra_deg_least", "critical", "raised")
    ]
    assert not judgement.is_ok and judgement.n_judged == 2


def test_a_rule_that_nobody_speaks_of_is_not_judged():
    assert {one.found for one in refusals_of(GOOD, {})} == {"not judged"}


def test_nothing_to_judge_is_not_a_success():
    assert not judge([]).is_ok


def test_a_table_that_may_be_empty_may_be_empty():
    assert judge([Counted("objects", (), {"n_rows": 0}, least_rows=0)]).is_ok


def test_the_docs_open_without_a_network_and_say_which_rule_was_refused(tmp_path: Path):
    tables = [GOOD, Counted("objects", RULES, {**GOOD.counts, "ra_deg_given": 2})]
    judge(tables, tmp_path / "docs")
    pages = sorted((tmp_path / "docs").rglob("*.html"))
    assert len(pages) == 3  # the first, and one for each table
    judge(tables, tmp_path / "again")
    assert all(page.read_bytes() == (tmp_path / "again" / page.name).read_bytes() for page in pages)
    assert "ra_deg: never null" in (tmp_path / "docs" / "objects.html").read_text()
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(src|href)\s*=\s*[\"']?\s*(https?:)?//", text), page
        assert not re.search(r"url\(\s*[\"']?\s*(https?:)?//", text) and "<script" not in text, page
    index = (tmp_path / "docs" / "index.html").read_text()
    assert "REFUSED" in index and "ra_deg_given: 2 rows break it" in index
    links = re.findall(r'href="([^"]+)"', index)
    to_others = [(page, link) for page in pages for link in re.findall(r'href="([^"#]+\.html)"', page.read_text())]
    assert all((page.parent / link).is_file() for page, link in to_others)
    assert len(links) == 2 and all((tmp_path / "docs" / link).is_file() for link in links)


@pytest.mark.parametrize(
    "page",
    [
        "<script src='https://x.org/a.js'></script>",
        '<link rel="stylesheet" href="https://x.org/a.css" integrity="sha">',
        '<img alt="logo" src="https://x.org/logo.png?d=2026">',
        '<a href="https://x.org">words</a>',
        "<style>body{background:url('https://x.org/dark.png')}</style>",
        '<a href="//x.org">words</a>',
    ],
)
def test_whatever_would_call_home_is_cut_out(page: str):
    assert "x.org" not in offline(f"<html><head></head><body>{page}</body></html>")
