"""Every sentence that a scheme can make is read once by the grammar check; a scheme that would write a bad one is
refused before anything is spent, with the sentence."""

import pytest

from curation.corpus import Corpus, graph
from curation.engine.store import Store
from curation.extraction.reading import extract_claims
from curation.verification.entailment import are_equal
from curation.verification.verify import Judgement, verify_turn
from curation.words.descriptions import description
from curation.words.english import faults
from curation.words.every_text import every_picture, every_text
from curation.words.question import expanded, questions
from curation.words.scheme_faults import nouns_of, question_faults, scheme_faults
from curation.words.turns import turns_about
from schemas.errors import CorpusError
from schemas.labels import label_scheme, label_schemes
from tests.making_schemes import INVENTED, invented, invented_text

ASKED = tuple(questions().values())
EVERY = [*sorted(label_schemes()), *INVENTED]


def scheme_of(name):
    return invented(name) if name in INVENTED else label_scheme(name)


@pytest.mark.parametrize("name", EVERY)
def test_every_sentence_of_a_scheme_is_english(name):
    scheme, texts = scheme_of(name), list(every_text(scheme_of(name), ASKED))
    wrong = [(one.by, one.text, found) for one in texts
             if (found := faults(one.text, nouns_of(scheme), is_sentence=one.is_sentence))]  # fmt: skip
    assert not wrong
    for label, words in scheme.labels.items():
        said = " ".join(one.text for one in texts if one.label == label)
        assert words.phrase in said
        assert words.noun_one in said
        assert words.definition in said
    assert scheme_faults(scheme, ASKED) == []


@pytest.mark.parametrize("name", INVENTED)
def test_what_is_said_of_a_new_scheme_is_read_as_it_was_meant(name):
    scheme, n_turns = invented(name), 0
    asked = expanded(ASKED, scheme)
    for at, (known, _) in enumerate(every_picture(scheme)):
        told = description(known)
        row = {"text": told.text, "claims": [claim.row() for claim in told.claims]}
        for turn in turns_about(known, row, asked, ("xyxy_norm", "xyxy_1000")[at % 2]):
            found = extract_claims(turn.question, turn.answer, scheme, ("xyxy_norm", "xyxy_1000")[at % 2])
            assert are_equal(turn.claims, found), (turn, found)
            assert verify_turn(found, known) == (Judgement.SUPPORTED, []), turn
            n_turns += 1
    assert n_turns > 10 * len(scheme.labels)


REFUSED = [
    (('noun       = "HII regions"\n', ""), "labels.HII.noun", "missing", "There are two ."),
    (('noun_one   = "HII region"\n', ""), "labels.HII.noun_one", "missing", "There is one ."),
    (('noun_one   = "HII region"', 'noun_one   = " "'), "labels.HII.noun_one", "missing", "There is one  ."),
    (('noun       = "HII regions"', 'noun       = "HII region"'), "labels.HII.noun", "in the plural",
     "two HII region."),
    (('noun_one   = "HII region"', 'noun_one   = "an HII region"'), "labels.HII.noun_one", "without an article",
     "There is one an HII region."),
    (('"HII regions"\nnoun_one   = "HII region"', '"HII region"\nnoun_one   = "HII regions"'), "labels.HII.noun",
     "the one for the other", "two HII region."),
    (('"shells of emission"', '"shell of emissions"'), "labels.Shell.noun", "in the plural", "two shell of emissions."),
    (('phrase     = "The source at the centre is an HII region."\n', ""), "labels.HII.phrase", "missing", '""'),
    (("an HII region.", "a HII region."), "labels.HII.phrase", 'expected "an"', "centre is a HII region."),
    (("an HII region.", "an HII region"), "labels.HII.phrase", "no full stop", "is an HII region"),
    (("is an HII region.", "is  an HII region."), "labels.HII.phrase", "doubled blank", "is  an HII"),
    (("The source at the centre is an HII", "the source at the centre is an HII"), "labels.HII.phrase", "no capital",
     "the source"),
    (('"a round shell, bright at its rim"', '""'), "labels.Shell.definition", "missing", "Shell: "),
    (('"a round shell, bright at its rim"', '"an round shell"'), "labels.Shell.definition", 'expected "a"', "an round"),
    (('title = "Shapes of the sources of my survey"', 'title = ""'), "title", "one line of text", "''"),
    (('noun_one   = "shell of emission"', 'noun_one   = "HII region"'), "labels.Shell.noun_one", "tell the two apart",
     "labels.HII.noun_one"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "key", "why", "sentence"), REFUSED)
def test_a_scheme_is_refused_with_its_key_and_the_sentence_it_would_write(change, key, why, sentence):
    found = scheme_faults(invented("my_sources", change), ASKED)
    (line,) = [one for one in found if one.startswith(f"label_schemes/my_sources.toml: {key}: ")]
    assert why in line
    assert sentence in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("my_objects", ("No blob is visible.", "No blobs is visible."), "No blobs is visible."),
        ("my_objects", ("Blobs are visible.", "Blobs is visible."), "Blobs is visible."),
        ("my_objects", ("One or more arcs are visible.", "There is two arcs."), "There is two arcs."),
        ("my_objects", ("One or more arcs are visible.", "There are one arc."), "There are one arc."),
        ("my_objects", ("One or more arcs are visible.", "One arcs is visible."), "One arcs is visible."),
        ("my_pictures", ("No stripes cross the image.", "No stripes cross the image ."), "the image ."),
        ("my_kinds", ("is no YSO.", "is not an YSO."), "is not an YSO."),
    ],
)
def test_numbers_and_articles_in_phrases_are_held_to_each_other(name, change, sentence):
    (line,) = scheme_faults(invented(name, change), ASKED)
    assert sentence in line


def test_an_article_of_ones_own_stands_before_the_noun():
    said = [one.text for one in every_text(invented("my_kinds"), ASKED)]
    assert "Is the source at the centre a YSO?" in said
    other = invented("my_kinds", ('noun_one      = "YSO"', 'noun_one      = "NAT"\narticle       = "a"'))
    assert "Is the source at the centre a NAT?" in [one.text for one in every_text(other, ASKED)]


def test_all_faults_of_a_scheme_come_together_one_line_a_key():
    changes = [('noun       = "HII regions"\n', ""), ('noun_one   = "FR0 radio galaxy"\n', ""), ("shell.", "shell")]
    found = scheme_faults(invented("my_sources", *changes), ASKED)
    assert len(found) == 3
    assert {one.split(": ")[1] for one in found} == {"labels.HII.noun", "labels.FR0.noun_one", "labels.Shell.phrase"}


def test_a_question_about_a_label_that_is_not_there_is_told():
    door = questions()["radio_galaxy_smgps"].model_copy(update={"schemes": ("my_kinds",)})
    found = scheme_faults(invented("my_kinds"), [door])
    assert found == ["question radio_galaxy_smgps: label_schemes/my_kinds.toml has no label GALAXY; "
                     "known: JET, YSO, X-RAY"]  # fmt: skip


def test_a_question_that_names_no_scheme_and_no_question_is_told():
    door = ASKED[0].model_copy(update={"schemes": ("mirabset",), "replaces": ("fr_clas",)})
    found = question_faults({"describe": door})
    assert [one.split(";")[0] for one in found] == ["question describe: no label scheme 'mirabset'",
                                                    "question describe: no question 'fr_clas'"]  # fmt: skip


DATASET = """
import pyarrow as pa
from catalogs.dataset import CutoutRecipe, Published
TITLE, SCHEME, SURVEY, CITE = "Mine", "my_sources", "demo_wide", "me"
SHA256, CUTOUT, PUBLISHED = {}, CutoutRecipe(), Published("me")
def read_sources(raw, mosaics):
    raise AssertionError("nothing is read of a corpus that is refused")
"""


def test_plan_refuses_a_corpus_whose_scheme_cannot_be_spoken_of(tmp_path, monkeypatch):
    for kind, file, text in (
        ("label_schemes", "my_sources.toml", invented_text("my_sources", ('noun_one   = "HII region"\n', ""))),
        ("datasets", "mine.py", DATASET),
    ):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / file).write_text(text, encoding="utf-8")
    monkeypatch.setenv("RADIO_DOORS", str(tmp_path))
    wanted = Corpus(name="own", title="My own", datasets=("mine",))
    with pytest.raises(CorpusError) as caught:
        graph(wanted, tmp_path / "raw", Store(str(tmp_path / "store")))
    (line,) = [one for one in str(caught.value).splitlines() if "my_sources" in one]
    assert line.startswith(f"{tmp_path / 'label_schemes/my_sources.toml'}: labels.HII.noun_one: missing")
    assert line.endswith('a description would say "There is one ."')
