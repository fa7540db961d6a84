"""What LaTeX papers do, one construction at a time: the right picture with the right caption, or a reason."""

import pytest

from curation.papers.convert import ghostscript
from curation.papers.figures import figures_of
from tests.making_papers import ALL, Construction, shown


@pytest.mark.parametrize("construction", ALL, ids=[one.name for one in ALL])
def test_each_construction_gives_its_picture_and_caption_or_a_reason(construction: Construction, tmp_path):
    if construction.needs_gs and not ghostscript():
        pytest.skip("no Ghostscript on this machine: install `gs` (Debian: ghostscript)")
    paper = figures_of(construction.write(tmp_path))
    found = [(one.number, one.panel, one.caption, shown(one.png)) for one in paper.figures]
    assert found == [(one.number, one.panel, one.caption, one.shows) for one in construction.wants], paper.refused
    assert tuple(one.reason for one in paper.refused) == construction.refused, paper.refused
    labels = [(want.label, one.label) for want, one in zip(construction.wants, paper.figures, strict=True)]
    assert all(wanted in (None, given) for wanted, given in labels), labels


def test_the_list_has_the_sixty_that_are_promised_and_no_name_twice():
    names = [one.name for one in ALL]
    assert len(set(names)) == len(names) >= 60
