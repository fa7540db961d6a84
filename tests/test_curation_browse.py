"""Looking through a hand-over: filters equal its rows, a chain is that of `why`, two differ as `diff` says."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from catalogs.sky import separation_arcsec
from curation.browsing.page import page_of
from curation.browsing.room import Room
from curation.corpus import corpus
from curation.deposit.diff import diff
from curation.engine.store import Store
from curation.release.why import chain
from curation.reviewing.desk import Desk
from schemas.errors import RecipeError
from tests import making_pages
from tests.conftest import Built


@pytest.fixture(scope="module")
def room(demo_build: Built) -> Iterator[Room]:
    """The demo's newest hand-over on a shelf."""
    made = Room(Desk.of(Store(str(demo_build.store)), corpus("tiny"), None))
    yield made
    made.shelf.close()


@pytest.fixture(scope="module")
def rows(demo_build: Built) -> list[dict]:
    """Its provenance."""
    return pq.read_table(demo_build.handover / "provenance.parquet").to_pylist()


def present(row: dict) -> list[str]:
    return [one["label"] for one in row["labels"] if one["state"] == "present"]


def test_filters_find_what_the_hand_over_has(room: Room, rows: list[dict]):
    assert room.samples({})["n"] == room.told["facets"]["n"] == len(rows)
    for label in ("COMPACT", "FR-II"):
        for split in ("train", "test"):
            wanted = {row["sample_id"] for row in rows if label in present(row) and row["split"] == split}
            found = room.samples({"label": label, "split": split})
            assert found["n"] == len(wanted) and {row["sample_id"] for row in found["rows"]} <= wanted
    said = [row for row in rows if any("bounding" in turn["question"].lower() for turn in row["turns"])]
    assert room.samples({"text": "BOUNDING", "survey": "demo_galactic"})["n"] == sum(
        row["survey"] == "demo_galactic" for row in said
    )
    centre = next(row for row in rows if row["source_name"] == "F017")
    place = centre["ra_deg"], centre["dec_deg"]
    near = [row for row in rows if separation_arcsec(*place, row["ra_deg"], row["dec_deg"])[0] <= 600]
    for told in ("F017", f"{place[0]} {place[1]}"):
        found = room.samples({"near": told, "radius_arcmin": "10"})
        assert found["n"] == len(near) == len(found["sky"])
    scores = [
        room.samples({"least": "9"})["n"],
        room.samples({"most": "9"})["n"],
        room.samples({"least": "9", "most": "9"})["n"],
    ]
    assert scores[0] + scores[1] - scores[2] == len(rows) and min(scores) > 0
    facets = {one["value"]: one["n"] for one in room.told["facets"]["label"]}
    assert facets == Counter(label for row in rows for label in present(row))


def test_the_list_shows_each_picture_before_any_twice_and_nothing_doubled(room: Room):
    seen, pictures = list[str](), list[str]()
    while len(seen) < 400:
        found = room.samples({"dataset": "demo_fanaroff", "start": str(len(seen))})
        seen += [row["sample_id"] for row in found["rows"]]
        pictures += [row["png_sha256"] for row in found["rows"]]
        if len(seen) >= found["n"]:
            break
    assert len(seen) == len(set(seen)) == found["n"]
    n = len(set(pictures))
    assert len(set(pictures[:n])) == n


@pytest.mark.parametrize(
    "wrong", [{"least": "eleven"}, {"least": "11"}, {"near": "nowhere"}, {"start": "-1"}, {"other": "x"},
              {"text": "a" * 300}, {"near": "10 -100"}]
)  # fmt: skip
def test_what_cannot_be_looked_for_is_one_line(room: Room, wrong: dict):
    with pytest.raises(RecipeError) as error:
        room.samples(wrong)
    assert "\n" not in str(error.value)


def test_words_that_look_like_sql_are_words(room: Room):
    for text in ("' OR 1=1 --", "x') OR ('1'='1", "%"):
        assert room.samples({"text": text, "dataset": text})["n"] == 0


def test_a_sample_has_the_whole_chain_that_why_tells(room: Room, rows: list[dict]):
    row = next(row for row in rows if row["dataset"] == "demo_objects" and any(t["claims"] for t in row["turns"]))
    found, known = room.sample(row["sample_id"]), chain(row["sample_id"], room.desk.store)
    links = {title: dict(facts) for title, facts in found["links"]}
    assert list(links) == ["Sample", "Picture", "Mosaic", "Source", "Catalogue row", "Doors", "Tables"]
    assert links["Mosaic"]["file"] == row["mosaic"] and links["Mosaic"]["SHA-256"] == row["mosaic_sha256"]
    assert links["Catalogue row"] == {"file": row["origin_catalog"], "data row": f"{row['origin_row']} (0-based)"}
    assert [value for title, facts in found["links"] if title == "Tables" for _, value in facts] == known["tables"]
    assert [(one["question"], one["answer"]) for one in found["turns"]] == [
        (one["question"], one["answer"]) for one in row["turns"]]  # fmt: skip
    assert room.picture("here", row["png_sha256"]) == (room.desk.handover / row["image"]).read_bytes()
    for sha in ("../../pyproject", "0" * 64):
        with pytest.raises(RecipeError, match="no such picture"):
            room.picture("here", sha)


def test_two_hand_overs_side_by_side_are_what_diff_says(room: Room, demo_build: Built):
    one, other = (next(each for each in room.told["handovers"] if each["corpus"] == name)
                  for name in ("qa_and_captions", "tiny"))  # fmt: skip
    known = diff(demo_build.store / one["address"], demo_build.store / other["address"], room.desk.store)
    sides = {"a": one["number"], "b": other["number"]}
    found = room.difference({**sides, "kind": "pictures"})
    assert found["counts"] == {kind: len(some) for kind, some in known.changes.items()}
    assert [row["id"] for row in found["rows"]] == [row["id"] for row in known.changes["pictures"][:50]]
    first, second = found["rows"][0]["pictures"]
    assert first != second and room.picture(one["number"], first) != room.picture(other["number"], second)
    with pytest.raises(RecipeError, match="two of the hand-overs"):
        room.difference({"a": "0", "b": "99", "kind": "added"})


def test_looked_through_in_a_browser_by_hand_and_by_keyboard(room: Room, rows: list[dict], in_browser):
    n = sum("FR-I" in present(row) and row["split"] == "test" for row in rows)

    def work(browser) -> dict:
        with making_pages.opened(browser, address, ".card") as page:
            page.select_option("[name=label]", "FR-I")
            page.select_option("[name=split]", "test")
            page.wait_for_selector(f"#count:has-text('{n} samples')")
            dots = page.locator("#sky .dot").count()
            page.keyboard.press("Escape")
            page.locator(".card").first.click()
            page.wait_for_selector(".chain")
            first = page.url
            page.keyboard.press("j")
            page.wait_for_url(lambda url: url != first)
            page.wait_for_selector(".chain")
            told = page.inner_text(".chain")
            page.keyboard.press("Escape")
            page.wait_for_selector("#samples:not([hidden])")
            assert page.inner_text("#count") == f"{n} samples"  # the list is as it was left
            page.locator("#sky").scroll_into_view_if_needed()
            box = page.locator("#sky").bounding_box()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.mouse.down()
            page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2, steps=3)
            page.mouse.up()
            page.wait_for_selector(f"#count:not(:has-text('{n} samples'))")
            near = page.input_value("[name=near]"), page.input_value("[name=radius_arcmin]")
            return {"dots": dots, "told": told, "near": near, "count": page.inner_text("#count")}

    with making_pages.served(page_of(room)) as address:
        shown = in_browser(work)
    assert shown["dots"] == n and "catalogs/" in shown["told"] and "Catalogue row" in shown["told"]
    found = room.samples(
        {"label": "FR-I", "split": "test", "near": shown["near"][0], "radius_arcmin": shown["near"][1]}
    )
    assert 0 < found["n"] < n and shown["count"] == f"{found['n']} samples"


def test_nobody_without_the_key_looks(room: Room, tmp_path: Path):
    with making_pages.served(page_of(room)) as address:
        ask, own = making_pages.asking(address), {"Cookie": making_pages.cookie(address, "browse")}
        assert ask("/api/start")[0] == ask("/")[0] == 403
        assert ask("/api/start", **own)[0] == 200 and ask("/api/start", Host="evil.example", **own)[0] == 403
        assert ask("/api/picture/here/..%2f..%2fllava.json", **own)[0] in (400, 404)
        assert ask("/api/sample/none", **own)[1].startswith("no sample 'none'")
        assert ask("/api/difference?a=0&b=1&kind=added&start=x", **own) == (400, "start 'x': expected a number")
