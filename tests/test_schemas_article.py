"""The article before English words, by their sound."""

import pytest

from schemas.article import article, fits

AN = (
    "HII region", "FR-I radio galaxy", "SNR", "LBV", "X-ray binary", "S-shaped source", "HMXB", "AGN", "OIII line",
    "Hα line",
    "unusual source", "unidentified source", "hour", "extended source", "isolated galaxy", "8-shaped source", "11",
    "e-folding",
)  # fmt: skip
A = (
    "YSO", "WR star", "PN", "U-shaped source", "one-sided jet", "uniform disc", "unique source", "European array",
    "usual one",
    "1C-1P source", "180", "spurious source", "MeerKAT image", "LINER", "FIRST source", "hybrid", "1800",
)  # fmt: skip


@pytest.mark.parametrize(("said", "words"), [*(("an", one) for one in AN), *(("a", one) for one in A)])
def test_the_article_is_the_one_that_is_said(said, words):
    assert article(words) == said
    assert fits(said, words)
    assert fits(said.capitalize(), words)


@pytest.mark.parametrize("words", ["HII region", "SNR", "YSO", "source", "FRI source", "hour"])
def test_the_other_article_does_not_fit(words):
    assert not fits({"a": "an", "an": "a"}[article(words)], words)


def test_before_a_short_form_that_some_say_and_some_spell_either_fits():
    assert fits("a", "NAT") and fits("an", "NAT")
