"""A hand-over as a release: what others read and validate accepts it, and what may not go out does not."""

import json
import subprocess
from pathlib import Path

import pytest

from catalogs.references import cited, references
from catalogs.survey import surveys
from curation.deposit import citations, obscore, terms
from curation.deposit.about import About, read_about
from curation.deposit.facts import facts_of
from curation.deposit.release import release
from schemas.errors import GateError, RecipeError, StoreError
from schemas.fingerprint import sha256_of
from schemas.llava import read_llava

ABOUT = """
version = "1.0.0"
date = 2026-12-01
publisher = "Zenodo"
licence = "CC-BY-4.0"
doi = "10.5281/zenodo.1"
[[creators]]
name = "Doe, Jane"
orcid = "0000-0002-1825-0097"
affiliation = "An observatory"
"""


@pytest.fixture(scope="module")
def about(tmp_path_factory) -> About:
    file = tmp_path_factory.mktemp("about") / "release.toml"
    file.write_text(ABOUT)
    return read_about(file)


@pytest.fixture(scope="module")
def made(demo_build, about, tmp_path_factory) -> Path:
    """The release of the demo's hand-over of pictures."""
    out = tmp_path_factory.mktemp("release") / "out"
    release(demo_build.handover, about, out)
    return out


@pytest.fixture(scope="module")
def with_captions(demo_build, about, tmp_path_factory) -> Path:
    """The release of the demo's hand-over of pictures and figures of papers."""
    out = tmp_path_factory.mktemp("release") / "captions"
    release(captions_handover(demo_build), about, out)
    return out


def captions_handover(demo_build) -> Path:
    return next((demo_build.store / "llava/qa_and_captions").iterdir())


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- what others read ------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib of itself
def test_croissant_is_valid_and_reads_back_the_records_of_the_hand_over(made, monkeypatch):
    import mlcroissant

    def offline(*_words: object, **_more: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", offline)
    dataset = mlcroissant.Dataset(str(made / "croissant.json"))
    assert (dataset.metadata.issues.errors, dataset.metadata.issues.warnings) == (set(), set())
    said = dataset.metadata
    assert said.data_collection.startswith("Pictures of radio surveys") and len(said.data_biases) == 2
    assert said.machine_annotation_tools and said.data_limitations and said.data_annotation_protocol
    names = {"train": "llava.json", "validation": "llava-validation.json", "test": "llava-test.json"}
    for split, name in names.items():
        found = [as_record(split, one) for one in dataset.records(split)]
        assert found == [record.as_json() for record in read_llava(made / "handover" / name)]
    picture = next(iter(dataset.records("pictures")))
    assert (made / picture["pictures/path"].decode()).is_file()
    assert picture["pictures/content"].size == obscore.png_size(made / picture["pictures/path"].decode())
    assert [one["splits/name"] for one in dataset.records("splits")] == list(names)


def as_record(split: str, row: dict) -> dict:
    turns = [
        {key: turn[f"{split}/conversations/{key}"].decode() for key in ("from", "value")}
        for turn in row[f"{split}/conversations"]
    ]
    said = {key: row[f"{split}/{key}"].decode() for key in ("id", "image")}
    return {**said, "conversations": turns}


def test_croissant_finds_a_byte_that_changed(made):
    listed = json.loads((made / "croissant.json").read_text())["distribution"]
    digests = {one["contentUrl"]: one["sha256"] for one in listed if one["@type"] == "cr:FileObject"}
    assert digests and all(sha256_of(made / name) == said for name, said in digests.items())
    beside = {name for name in files(made) if not name.startswith("handover/images/")}
    assert beside - digests.keys() == {"croissant.json", "SHA256SUMS", "_manifest.json"}


def test_the_responsible_ai_part_counts_what_is_there(made):
    said = json.loads((made / "croissant.json").read_text())
    rows = json.loads((made / "release.json").read_text())["licences"]
    for row in rows:
        assert any(f"{row['survey']} {row['n_samples']:,}" in told for told in said["rai:dataBiases"])
    assert said["conformsTo"] == ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]


def test_the_obscore_table_passes_two_validators_and_holds_every_picture(made, demo_build):
    import pyarrow.parquet as pq
    from astropy.io import votable
    from astropy.io.votable.ucd import parse_ucd
    from lxml import etree

    path = made / "obscore.vot"
    assert votable.validate(path, output=None)
    scheme = Path(votable.__file__).parent / "data/VOTable.v1.4.xsd"
    assert etree.XMLSchema(etree.parse(scheme)).validate(etree.parse(path))
    table = votable.parse_single_table(path, verify="exception")
    rows = table.to_table()
    for field in table.fields:
        parse_ucd(field.ucd, check_controlled_vocabulary=True)
    for said in set(rows["o_ucd"]):
        parse_ucd(said, check_controlled_vocabulary=True)
    provenance = pq.read_table(demo_build.handover / "provenance.parquet").to_pylist()
    assert len(rows) == len({one["cutout_id"] for one in provenance})
    assert sum(rows["n_samples"]) == len(provenance)
    assert all((made / place).is_file() for place in rows["access_url"])
    assert list(rows["obs_publisher_did"])[0].startswith("doi:10.5281/zenodo.1#cutout-")


def test_outlines_lie_on_the_coverage_maps_and_turn_as_the_sky_does(made, demo_build):
    from astropy.io import votable
    from mocpy import MOC

    rows = votable.parse_single_table(made / "obscore.vot").to_table()
    for split in ("train", "test"):
        moc = MOC.from_fits(made / f"handover/moc/{split}.fits")
        some = [row for row in rows if row["split"] == split][:20]
        for row in some:
            assert row["s_region"].startswith("POLYGON ICRS ")
            outline = MOC.from_stcs(str(row["s_region"]), max_depth=14)
            shared = outline.intersection(moc).sky_fraction / outline.sky_fraction
            assert shared > 0.97, row["access_url"]  # cells at the edge may be of one alone


@pytest.mark.parametrize(("up", "left"), [(0.0, 90.0), (30.0, 120.0), (0.0, 270.0)])
def test_corners_go_counter_clockwise(up, left):
    row = {"ra_deg": 0.001, "dec_deg": 10.0, "pixel_x_arcsec": 2.0, "pixel_y_arcsec": 2.0, "width_px": 100,
           "height_px": 50, "up_pa_deg": up, "left_pa_deg": left, "radius_arcsec": 112.0}  # fmt: skip
    numbers = [float(one) for one in obscore.region(row).split()[2:]]
    east = [(ra - 360 if ra > 180 else ra) for ra in numbers[::2]]
    pairs = list(zip(east, numbers[1::2], strict=True))
    area = sum(x * v - u * y for (x, y), (u, v) in zip(pairs, pairs[1:] + pairs[:1], strict=True)) / 2
    # East is left: counter-clockwise as seen is from north to east, which is clockwise of (RA, Dec) on paper.
    assert area < 0
    assert abs(area) == pytest.approx(200 * 100 / 3600**2 / 0.9848, rel=1e-3)


def test_without_a_turn_a_picture_has_a_circle_and_without_a_place_nothing():
    bare = dict.fromkeys(("pixel_x_arcsec", "pixel_y_arcsec", "width_px", "height_px", "up_pa_deg", "left_pa_deg"))
    placed = {**bare, "ra_deg": 10.0, "dec_deg": -5.0, "radius_arcsec": 36.0}
    assert obscore.region(placed) == "CIRCLE ICRS 10.0000000 -5.0000000 0.0100000"
    assert obscore.region({**placed, "ra_deg": None}) is None


def test_the_schema_of_datacite_accepts_it(made):
    from datacite import schema45

    said = json.loads((made / "datacite.json").read_text())
    schema45.validator.validate(said)
    assert said["doi"] == "10.5281/zenodo.1" and said["publicationYear"] == "2026"
    assert said["creators"][0]["familyName"] == "Doe"


def test_the_digests_are_those_that_sha256sum_finds(made):
    done = subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=made, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"")
    listed = (made / "SHA256SUMS").read_text().splitlines()
    assert len(listed) == len(files(made)) - 2  # itself, and the manifest that holds its digest


def test_the_hand_over_in_it_is_the_hand_over(made, demo_build):
    assert files(made / "handover") == files(demo_build.handover)


def test_the_same_bytes_each_time(demo_build, about, with_captions, tmp_path):
    release(captions_handover(demo_build), about, tmp_path / "elsewhere")
    assert files(with_captions) == files(tmp_path / "elsewhere")


# -- whom it names ---------------------------------------------------------------------------------------------------


def test_every_door_cites_papers_that_are_known_or_tells_its_own_words():
    from catalogs.catalog import catalogs
    from catalogs.dataset import datasets

    doors = [*surveys().values(), *datasets().values(), *catalogs().values()]
    own = {one.note for door in doors for one in cited(door.cite, "door") if one.note}
    assert {one for one in own if not one.startswith(("radio-corpus", "RADCAT"))} == set()
    used = {one.key for door in doors for one in cited(door.cite, "door")}
    assert {one.key for one in references().values()} <= used


def test_a_citation_is_found_by_its_first_words_and_a_doi_of_ones_own_is_kept():
    (known,) = cited("Becker, White & Helfand 1995, ApJ 450, 559", "x")
    assert known.doi == "10.1086/176166"
    first, second = cited("Riggi et al. 2025, Appendix A.1; Doe 2026, doi:10.1234/abc.5.", "survey_x", "X")
    assert (first.key, second.doi, second.title) == ("Riggi2025", "10.1234/abc.5", "X")
    (hostile,) = cited("Doe 2026, 10.1234/ab\\input{x}%", "x")
    assert hostile.doi == "10.1234/ab" and "\\input" not in hostile.bibtex
    assert "journal = {A\\&A}" in references()["Shimwell et al. 2019, A&A 622, A1"].bibtex


def test_entries_are_complete_and_a_paper_without_a_doi_is_said_to_have_none(with_captions):
    text = (with_captions / "ATTRIBUTION.bib").read_text()
    assert "doi = {10.1086/176166}" in text and "paper_" in text
    said = json.loads((with_captions / "release.json").read_text())
    assert "Bock1999" in said["without_doi"] and "10.1086/176166" in said["dois"]
    assert "Bock1999" in (with_captions / "README.md").read_text()
    thanks = (with_captions / "ACKNOWLEDGEMENTS.md").read_text()
    assert surveys()["first"].acknowledgement in thanks
    related = json.loads((with_captions / "datacite.json").read_text())["relatedIdentifiers"]
    found = {(one["relatedIdentifier"], one["relationType"]) for one in related}
    assert {("10.1086/176166", "References"), ("arXiv:2108.00569", "References")} <= found
    assert ("10.48479/3wfd-e270", "IsDerivedFrom") in found  # of the survey's data, as its door tells


# -- what may not go out ---------------------------------------------------------------------------------------------


def changed(about: About, **said: object) -> About:
    return About.model_validate({**about.model_dump(), **said})


def test_a_licence_that_nobody_stated_or_that_forbids_copies_refuses(demo_build, about, tmp_path):
    facts = facts_of(demo_build.handover)
    rows = [{"survey": "emu_main", "licence": "unknown", "n_samples": 3},
            {"survey": "papers", "licence": "arXiv-nonexclusive-distrib-1.0", "n_samples": 2},
            {"survey": "nvss", "licence": "NVSS-scholarly", "n_samples": 1}]  # fmt: skip
    facts.rows["licences"] = rows
    first, second = terms.refusals(facts, about, {})
    assert "emu_main: 3 samples under no licence that anybody stated" in first
    assert "papers: 2 samples under arXiv-nonexclusive-distrib-1.0" in second and "[granted." in second
    granted = {"arXiv-nonexclusive-distrib-1.0": {"title": "T", "basis": "a letter"}}
    assert terms.refusals(facts, changed(about, granted=granted), {}) == [first]
    with pytest.raises(ValueError, match="unknown: no licence"):
        changed(about, granted={"unknown": {"title": "T", "basis": "a letter"}})
    (own,) = terms.refusals(facts_of(demo_build.handover), changed(about, licence="mine"), {})
    assert own.startswith("licence 'mine' of the release")


def test_an_embargo_lasts_until_its_day_and_the_clock_is_not_asked(demo_build, about, tmp_path):
    waits = changed(about, embargoes={"demo_wide": "2099-01-01"})
    with pytest.raises(GateError, match="demo_wide: under embargo until 2099-01-01, and the release is dated 2026-12"):
        release(demo_build.handover, waits, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    facts = facts_of(demo_build.handover)
    assert terms.refusals(facts, changed(waits, date="2099-01-01"), {}) == []
    (strange,) = terms.refusals(facts, changed(about, embargoes={"nvss": "2030-01-01"}), {})
    assert strange.startswith("embargoes.nvss: no survey or dataset of this hand-over")


def test_a_survey_may_tell_its_embargo_itself(demo_build, about, monkeypatch):
    own = surveys()["demo_wide"].model_copy(update={"embargo_until": "2027-06-01"})
    monkeypatch.setattr(terms, "surveys", lambda: {"demo_wide": own})
    (line,) = terms.refusals(facts_of(demo_build.handover), about, {})
    assert line.startswith("demo_wide: under embargo until 2027-06-01")


def test_what_was_withdrawn_refuses(demo_build, about):
    facts = facts_of(demo_build.handover)
    source = facts.rows["sources"][0]["source_id"]
    assert terms.refusals(facts, about, {source: "its owner asked", "source-0": "not here"}) == [
        f"{source} was withdrawn (its owner asked): build again, it will be gone"
    ]


def test_the_command_refuses_with_code_3(demo_build, curation, tmp_path):
    file = tmp_path / "release.toml"
    file.write_text(ABOUT + "[embargoes]\ndemo_wide = 2027-01-01\n")
    done = curation("release", demo_build.handover, "--about", file, "--out", tmp_path / "out")
    assert done.returncode == 3 and "under embargo until 2027-01-01" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_damaged_hand_over_or_what_is_in_the_way_is_one_line(demo_build, about, tmp_path):
    with pytest.raises(RecipeError, match="no hand-over; expected a folder such as"):
        release(tmp_path, about, tmp_path / "out")
    (tmp_path / "there").mkdir()
    (tmp_path / "there/mine").write_text("")
    with pytest.raises(StoreError, match="there is something already"):
        release(demo_build.handover, about, tmp_path / "there")


@pytest.mark.parametrize(
    ("line", "wrong", "told"),
    [
        ("date = 2026-12-01", 'date = "next week"', "date"),
        ('orcid = "0000-0002-1825-0097"', 'orcid = "0000-0002-1825-0098"', "orcid"),
        ('licence = "CC-BY-4.0"', "", "licence"),
    ],
)
def test_the_file_of_a_release_is_told_what_is_wrong(tmp_path, line, wrong, told):
    file = tmp_path / "release.toml"
    file.write_text(ABOUT.replace(line, wrong))
    with pytest.raises(RecipeError, match=told):
        read_about(file)


def test_impact_finds_a_release_that_lies_elsewhere(made, demo_build, tmp_path):
    from curation.deposit.impact import handovers_below, impact

    (use,) = impact("demo_objects", handovers_below(tmp_path, [made]), {})
    assert use.place == str(made / "handover") and use.corpus == "tiny"


def test_a_door_that_changed_since_is_told(demo_build):
    facts = facts_of(demo_build.handover)
    assert citations.cited_doors(facts)[1] == []
    for one in facts.manifest["doors"]:
        one["sha256"] = "0" * 64 if one["name"] == "demo_wide" else one["sha256"]
    (line,) = citations.cited_doors(facts)[1]
    assert line.startswith("surveys/demo_wide says something else now")
