"""Label schemes: harmonised spellings, implied labels, and what every scheme file must hold."""

import re

import pytest
from pydantic import BaseModel

from schemas.errors import CatalogError, RecipeError
from schemas.folder import read_door
from schemas.labels import LabelScheme, label_scheme, label_schemes, plain_label
from schemas.touches import only
from tests.making_schemes import invented_text

EVERY = [(scheme.name, label) for scheme in label_schemes().values() for label in scheme.labels]
OURS = {"radioimg_multilabel", "rgz_smorph", "smgps_extcat", "caesar_mrcnn", "rgcat", "mirabest"}


def test_the_six_schemes_of_the_paper_are_there():
    assert label_schemes().keys() >= OURS


@pytest.mark.parametrize(
    ("scheme", "written", "meant"),
    [
        ("radioimg_multilabel", "ARTEFACT", "ARTIFACT"),
        ("radioimg_multilabel", "ARTIFACT", "ARTIFACT"),
        ("radioimg_multilabel", "WTF", "PECULIAR"),
        ("radioimg_multilabel", "peculiar", "PECULIAR"),
        ("radioimg_multilabel", "MOSAICING", "MOSAICKING"),
        ("radioimg_multilabel", "diffuse_large", "DIFFUSE-LARGE"),
        ("radioimg_multilabel", "Radio Galaxy", "RADIO-GALAXY"),
        ("rgz_smorph", "1C-2C", "1C-2P"),
        ("rgz_smorph", "1c–2p", "1C-2P"),
        ("rgz_smorph", "1C_2P", "1C-2P"),
        ("caesar_mrcnn", "sidelobe", "SPURIOUS"),
        ("caesar_mrcnn", "ARTEFACT", "SPURIOUS"),
        ("caesar_mrcnn", "extended-multiisland", "EXTENDED-MULTISLAND"),
        ("rgcat", "FR-x", "FR-X"),
        ("rgcat", "FRII", "FR-II"),
        ("rgcat", "Pec", "PEC"),
        ("mirabest", "hybrid", "HYBRID"),
        ("mirabest", "FR1", "FR-I"),
        ("smgps_extcat", "HII region", "HII"),
        ("smgps_extcat", "low-mass X-ray binary", "LMXB"),
    ],
)
def test_a_label_is_known_in_all_its_spellings(scheme, written, meant):
    assert label_scheme(scheme).harmonised(written) == meant


@pytest.mark.parametrize("written", ["RING", "ARC", "DUBIOUS", "UNKNOWN", "", "FR-III"])
def test_an_unknown_label_is_refused_with_the_known_ones(written):
    with pytest.raises(CatalogError, match="known: BACKGROUND, COMPACT"):
        label_scheme("radioimg_multilabel").harmonised(written)


def test_an_unknown_scheme_is_refused_with_the_known_ones():
    with pytest.raises(RecipeError, match="known: .*mirabest"):
        label_scheme("mirabset")


def test_a_radio_galaxy_is_extended():
    scheme = label_scheme("radioimg_multilabel")
    assert scheme.with_implied(["RADIO-GALAXY", "COMPACT"]) == {"RADIO-GALAXY", "EXTENDED", "COMPACT"}


@pytest.mark.parametrize("name", sorted(label_schemes()))
def test_a_scheme_is_whole(name):
    scheme = label_scheme(name)
    assert scheme.cite
    assert scheme.title
    ids = [one.id for one in scheme.labels.values()]
    assert len(set(ids)) == len(ids)
    for label, one in scheme.labels.items():
        assert plain_label(label) == label
        assert scheme.harmonised(label) == label
        assert all(scheme.harmonised(alias) == label for alias in one.aliases)
        assert set(one.implies) <= scheme.labels.keys()
    words = [
        word
        for one in scheme.labels.values()
        for word in {one.phrase, one.absent_phrase, one.noun, one.noun_one} - {""}
    ]
    assert len(set(words)) == len(words), "two labels share a phrase or a noun"


@pytest.mark.parametrize(("scheme", "label"), EVERY)
def test_every_label_has_a_sentence_a_noun_and_a_meaning(scheme, label):
    one = label_scheme(scheme).labels[label]
    assert re.fullmatch(r"[A-Z].*\.", one.phrase)
    assert not one.absent_phrase or re.fullmatch(r"[A-Z].*\.", one.absent_phrase)
    assert one.definition and not one.definition.endswith(".")
    assert one.noun and one.noun_one and one.noun != one.noun_one


def test_high_mass_and_low_mass_binaries_are_not_mixed_up():
    labels = label_scheme("smgps_extcat").labels
    for label, ours, other in (("HMXB", "high-mass", "low-mass"), ("LMXB", "low-mass", "high-mass")):
        words = " ".join([labels[label].phrase, labels[label].noun, labels[label].noun_one, labels[label].definition])
        assert ours in words
        assert other not in words


def test_a_scheme_without_what_a_table_does_not_read_stays_one():
    class Config(BaseModel):
        scheme: LabelScheme

    for name in label_schemes():
        part = only(label_scheme(name), "sources")
        assert Config(scheme=part).scheme is part


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("labels.Shell]", 'labels."Shell, Ring"]'), "labels.Shell, Ring: expected a name of letters"),
        (("labels.Shell]", "labels.none]"), "labels.none: expected a name of letters"),
        (("id         = 2", "id         = 1"), "labels.Shell.id: found 1, which HII has"),
        (("id         = 2", 'id         = 2\naliases    = ["h ii", "fr0"]'), "labels.FR0: 'FR0' names Shell too"),
        (
            ("id         = 2", 'id         = 2\nimplies    = ["HI"]'),
            "labels.Shell.implies: no label HI; known: HII, Sh",
        ),
        (("id         = 2", 'id         = 2\nimplies    = ["HII"]'), "of kind single exactly one label holds"),
        (('kind  = "single"', 'kind  = "one"'), "kind: "),
        (('kind  = "single"', 'kind  = "single"\nabout = "pictures"'), "about: found 'pictures'"),
    ],
)
def test_a_scheme_that_contradicts_itself_is_refused_when_it_is_read(tmp_path, change, said):
    file = tmp_path / "mine.toml"
    file.write_text(invented_text("my_sources", change), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        read_door(LabelScheme, file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
