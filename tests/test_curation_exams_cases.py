"""The exam's files: their form, and two halves that never mix."""

import json
import shutil

import pytest

from curation.exams.captions import FIRST, read_verdicts
from curation.exams.cases import FILES, FOLDER, Half, digest, digests, half_of, of_models, scenes, statements
from curation.verification.verdicts import Judgement
from schemas.errors import CatalogError


def test_every_case_speaks_of_a_scene_that_can_be_read_and_has_a_verdict_for_each_statement():
    known = scenes()
    for half in Half:
        cases = [*statements(half), *of_models(half)]
        assert cases and {one.scene for one in cases} <= known.keys()


def test_the_halves_are_disjoint_and_held_back_digests_are_listed():
    here, there = (set(digests([*statements(half), *of_models(half)])) for half in Half)
    assert not here & there
    listed = set((FOLDER / "held_back.txt").read_text().split())
    captions = {name for name in read_verdicts(FIRST) if half_of(name) is Half.HELD_BACK}
    assert there | captions <= listed and not here & listed


def test_digests_stay_what_they_are():
    one = digest("scene", "Describe the image.", "A compact source is visible.")
    assert one == "406af57ec12532af59f9c8d9b31501c7f58299195e7c504e0ac7fb0496571448"
    assert half_of("0e") is Half.DEVELOPMENT and half_of("0f") is Half.HELD_BACK


def test_no_text_is_asked_twice_of_a_scene():
    for half in Half:
        asked = [(one.scene, one.question, " ".join(one.text.lower().split())) for one in statements(half)]
        assert len(set(asked)) == len(asked)


def test_both_halves_have_true_false_and_undecided_texts():
    for half in Half:
        assert {one.truth for one in statements(half)} == set(Judgement)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdicts": "ss"}, "1 statements, 2 verdicts"),
        ({"verdicts": "x"}, "should match pattern"),
        ({"colour": "red"}, "Extra inputs"),
        ({"claims": [{"kind": "presence"}]}, "claims.0.subject"),
    ],
)
def test_a_file_of_another_form_is_refused_in_one_line(tmp_path, change, said):
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    path = tmp_path / FILES[Half.DEVELOPMENT]
    found = json.loads(path.read_text())
    one = next(case for case in found["cases"] if "¦" not in case["text"])
    path.write_text(json.dumps({"scenes": found["scenes"], "cases": [{**one, **change}]}))
    with pytest.raises(CatalogError, match=said):
        statements(Half.DEVELOPMENT, tmp_path)


def test_a_case_in_the_file_of_the_other_half_is_refused(tmp_path):
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    shutil.copy(tmp_path / FILES[Half.HELD_BACK], tmp_path / FILES[Half.DEVELOPMENT])
    with pytest.raises(CatalogError, match="belongs into held_back.json"):
        statements(Half.DEVELOPMENT, tmp_path)
