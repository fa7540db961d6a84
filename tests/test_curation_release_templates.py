"""How often the same wording answers: counted without names, numbers and boxes, and told where it is too often."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from catalogs.database import read_sql
from curation.release import gates
from curation.release.templates import templates_view

NUMBERS = Path(gates.RULES).parent / "numbers"


@pytest.fixture
def counted():
    """The templates of these turns (kind, answer), and what a query says of them."""

    def run(turns, query="SELECT template, n FROM templates ORDER BY n DESC, template"):
        with duckdb.connect() as db:
            rows = [{"dataset": "d", "turns": [{"kind": kind, "answer": answer}]} for kind, answer in turns]
            db.register("conversations", pa.Table.from_pylist(rows))
            db.execute(templates_view())
            return db.sql(query).fetchall()

    return run


def test_answers_that_differ_in_names_numbers_and_boxes_are_of_one_template(counted):
    turns = [
        ("boxes", "There is one compact source in the image: [0.100, 0.200, 0.300, 0.400]."),
        ("boxes", "There is one spurious source in the image: [10, 20, 30, 40], [1, 2, 3, 4]."),
        ("count", "There are two FR-II radio galaxies in the image."),
        ("count", "There are 13 catalogued radio sources in the image."),
        ("yes-no", "Yes, the central source is an FR-I radio galaxy."),
        ("yes-no", "Yes, the central source is a hybrid radio galaxy."),
        ("border", "No part of the image is blank."),
    ]
    assert counted(turns) == [
        ("There are # NAME in the image.", 2),
        ("There is # NAME in the image: [].", 2),
        ("Yes, the central source is NAME.", 2),
        ("No part of the image is blank.", 1),
    ]


def test_answers_in_a_form_that_the_question_prescribes_are_left_out(counted):
    turns = [
        ("class", "FR-I"), ("labels", "COMPACT, EXTENDED"), ("boxes", "[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]"),
        ("boxes", "[1, 2, 3, 4]"), ("count", "3"), ("yes-no", "Yes."), ("peculiarity", "ORDINARY"),
    ]  # fmt: skip
    assert counted(turns) == []


@pytest.mark.parametrize(("n", "n_all", "n_told"), [(21, 1000, 1), (20, 1000, 0), (21, 999, 0)])
def test_a_template_of_more_than_two_per_cent_is_warned_of(counted, n, n_all, n_told):
    letters = "abcdefghij"
    others = [("generated", f"said {''.join(letters[int(d)] for d in str(at))}") for at in range(n_all - n)]
    turns = [*[("border", "No part is blank.")] * n, *others]
    found = counted(turns, read_sql(Path(gates.RULES) / "no_template_too_frequent.sql"))
    assert found == [("No part is blank.", f"{n} of {n_all} answers")] * n_told
    (first, *_) = counted(turns, read_sql(NUMBERS / "templates.sql"))
    assert first[:5] == ("border", "No part is blank.", "No part is blank.", n, n_all)
