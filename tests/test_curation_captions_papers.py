"""Which papers are taken: known by their records, chosen by category, year and keyword, each once."""

import json

import pytest

from curation.captions.found import find_papers, paper_of
from curation.captions.licences import licence_of
from curation.captions.papers import keywords_in, papers
from curation.captions.settings import KEYWORDS, PaperChoice
from schemas.errors import CatalogError

RECORD = {
    "id": "2401.00001", "title": "Radio galaxies", "abstract": "We map them.", "categories": "astro-ph.GA gr-qc",
    "license": "http://creativecommons.org/licenses/by/4.0/", "authors": "A. One, B. Two and C. Three",
    "versions": [{"version": "v1", "created": "Mon, 8 Jan 2024 10:00:00 GMT"}], "update_date": "2025-02-01",
}  # fmt: skip


def chosen(folder, names, records, **choice):
    """What becomes of sources with these names, each with its own content."""
    (folder / "papers").mkdir()
    for name in names:
        (folder / "papers" / name).write_bytes(name.encode())
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    (folder / "papers/metadata.jsonl").write_text("\n".join(lines) + "\n")
    wanted = PaperChoice(**choice)
    there = find_papers(folder, wanted, {})
    return papers(there.sources, there.metadata, wanted, raw=folder, stamps=there.stamps)


@pytest.mark.parametrize(
    ("name", "paper", "version"),
    [
        ("papers/2401.00001v2.tar.gz", "2401.00001", 2),
        ("0704.0001.gz", "0704.0001", 0),
        ("astro-ph0601001.tar", "astro-ph/0601001", 0),
        ("astro-ph_0601001v12.pdf", "astro-ph/0601001", 12),
        ("cond-mat.GA0601001.gz", "cond-mat/0601001", 0),
        ("a_folder_of_mine", "", 0),
    ],
)
def test_a_source_is_known_by_its_name(name, paper, version):
    assert paper_of(name) == (paper, version)


@pytest.mark.parametrize(
    ("listed", "name", "may_be_passed_on"),
    [
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0", True),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0", True),
        ("http://creativecommons.org/licenses/by-nc-nd/4.0/", "CC-BY-NC-ND-4.0", False),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0", True),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "arXiv-nonexclusive-distrib-1.0", False),
        ("MIT", "MIT", True),
        (None, "unknown", False),
        ("", "unknown", False),
        ("<script>", "unknown", False),
        ("http://creativecommons.org.evil.example/licenses/by/4.0/", None, False),
    ],
)
def test_licences_have_short_names_and_the_unknown_allows_nothing(listed, name, may_be_passed_on):
    found = licence_of(listed)
    assert found.is_redistributable == may_be_passed_on
    assert name is None or found.name == name


def test_a_paper_is_taken_with_all_that_is_told_of_it(tmp_path):
    found = chosen(tmp_path, ["2401.00001v2.tar.gz"], [RECORD])
    (row,) = found.kept.to_pylist()
    assert row | {"n_bytes": 0, "sha256": ""} == {
        "paper_id": "2401.00001", "version": 2, "title": "Radio galaxies", "categories": ["astro-ph.GA", "gr-qc"],
        "keywords": ["radio galaxies"], "published": "2024-01-08", "licence": "CC-BY-4.0", "is_redistributable": True,
        "attribution": "A. One & B. Two & C. Three 2024, Radio galaxies, arXiv:2401.00001", "doi": None,
        "source": "papers/2401.00001v2.tar.gz", "n_bytes": 0, "sha256": "",
    }  # fmt: skip


def test_whatever_is_not_taken_has_its_reason_and_nothing_is_lost(tmp_path):
    records = [
        RECORD,
        RECORD | {"id": "2401.00002", "categories": "hep-th"},
        RECORD | {"id": "2401.00003", "title": "Stars", "abstract": "Spectra, and the firsts."},
        RECORD | {"id": "2401.00004", "versions": [{"created": "Fri, 1 Jan 1999 10:00:00 GMT"}]},
        RECORD | {"id": "2401.00005", "versions": "soon", "update_date": "never"},
        "no record", "[1]", '{"id": 7}', "",
    ]  # fmt: skip
    names = [
        "2401.00001v1.tar.gz",
        "2401.00001v3.pdf",
        "2401.00001v3.tar.gz",
        *(f"2401.0000{k}.gz" for k in range(2, 7)),
    ]
    found = chosen(tmp_path, names, records)
    assert found.kept["source"].to_pylist() == ["papers/2401.00001v3.tar.gz"]  # LaTeX before PDF, the newest version
    reasons = {row["row_id"].removeprefix("papers/"): row["reason"] for row in found.rejected.to_pylist()}
    assert reasons == {
        "2401.00001v1.tar.gz": "older-version", "2401.00001v3.pdf": "second-source", "2401.00002.gz": "other-category",
        "2401.00003.gz": "no-keyword", "2401.00004.gz": "other-years", "2401.00005.gz": "no-date",
        "2401.00006.gz": "no-metadata",
    }  # fmt: skip
    told = next(row["detail"] for row in found.rejected.to_pylist() if row["reason"] == "no-metadata")
    assert "2 lines are no record, first papers/metadata.jsonl: line 6" in told


def test_a_record_may_name_a_source_of_any_name(tmp_path):
    (tmp_path / "papers/mine").mkdir(parents=True)
    (tmp_path / "papers/mine/main.tex").write_text("x")
    (tmp_path / "papers/metadata.jsonl").write_text(
        json.dumps(RECORD | {"source_file": "papers/mine", "license": "MIT"})
    )
    there = find_papers(tmp_path, PaperChoice(), {})
    (row,) = papers(there.sources, there.metadata, PaperChoice(), raw=tmp_path, stamps=there.stamps).kept.to_pylist()
    assert (row["paper_id"], row["source"], row["licence"]) == ("2401.00001", "papers/mine", "MIT")


def test_keywords_are_whole_words_and_capitals_count():
    assert keywords_in("Radio-loud AGN with the VLA", KEYWORDS) == ["VLA", "radio-loud"]
    assert keywords_in("villa, evla and ska; emulate", KEYWORDS) == []
    assert keywords_in("a radio\n  galaxy", KEYWORDS) == ["radio galaxy"]


def test_nothing_there_is_one_line_that_says_what_to_do(tmp_path):
    with pytest.raises(CatalogError, match=r"nothing matches papers/metadata.jsonl below .*fetch them"):
        find_papers(tmp_path, PaperChoice(), {})
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers/metadata.jsonl").write_text("{}\n")
    with pytest.raises(CatalogError, match=r"nothing matches papers/\* below"):
        find_papers(tmp_path, PaperChoice(), {})


def test_a_digest_is_taken_again_only_where_a_file_changed(tmp_path):
    chosen(tmp_path, ["2401.00001.gz"], [RECORD])
    digests = {}
    first = find_papers(tmp_path, PaperChoice(), digests)
    assert set(digests) == {"papers/2401.00001.gz", "papers/metadata.jsonl"}
    (tmp_path / "papers/2401.00001.gz").write_bytes(b"something else")
    assert find_papers(tmp_path, PaperChoice(), digests).sources != first.sources


@pytest.mark.parametrize("pattern", ["/etc/*", "../x", "a/../../b"])
def test_patterns_stay_below_the_raw_folder(pattern):
    with pytest.raises(ValueError, match="leaves the raw folder"):
        PaperChoice(files=(pattern,))
