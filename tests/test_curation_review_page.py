"""The page of `review` in a real browser: by keyboard, on a phone, by two at once, with a script planted in names."""

import io
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.browsing import room as browsing
from curation.browsing.page import page_of as browsing_page_of
from curation.corpus import corpus
from curation.engine.store import Store
from curation.reviewing.desk import Desk
from curation.reviewing.page import Room, page_of
from schemas.errors import RecipeError
from tests import making_pages
from tests.conftest import Built
from tests.making_review import SCRIPT, Small


@pytest.fixture
def planted(reviewed_corpus: Small) -> Small:
    """The small corpus, whose catalogue names every other source by a script. To be read, not to be written to."""
    return reviewed_corpus


@pytest.fixture
def small(planted: Small, tmp_path: Path) -> Small:
    """A copy of it, for the test alone."""
    return planted.copied(tmp_path)


class Planting(Room):
    """A room whose conversations say scripts, as a model's might."""

    def sample(self, conversation_id):
        said = super().sample(conversation_id)
        for turn in said["turns"]:
            turn.update(question=SCRIPT, answer=SCRIPT, reasons=[SCRIPT], flags=[SCRIPT])
        return {**said, "doubts": [SCRIPT]}


def served(small: Small, reviewer: str = "ann", kind: type[Room] = Room) -> AbstractContextManager[str]:
    """The page's address."""
    return making_pages.served(page_of(kind(small.desk, reviewer)))


def opened(browser, address: str, **options) -> AbstractContextManager:
    """The page with the first sample shown."""
    return making_pages.opened(browser, address, "#turns li", **options)


def pressed(page, key: str) -> str:
    """What the page says after a key that decides."""
    page.evaluate("document.getElementById('status').textContent = ''")
    page.keyboard.press(key)
    page.wait_for_selector("#status:not(:empty)")
    page.wait_for_selector("#sample[aria-busy=false]")
    return page.inner_text("#status")


def test_accept_reject_and_correct_by_keyboard_are_in_the_next_hand_over(small: Small, in_browser):
    good, bad, wrong = (small.desk.queue[k].sample_id for k in range(3))

    def work(browser) -> None:
        with opened(browser, address) as page:
            assert "key=" not in page.url
            assert "accept" in pressed(page, "a") and "reject" in pressed(page, "r")
            page.keyboard.press("c")
            page.keyboard.type("HYBRID")  # chooses in the list of labels
            page.fill("#correct-note", "one lobe of each kind")
            assert "HYBRID is present" in pressed(page, "Enter")
            assert "accept" in pressed(page, "a") and "taken back" in pressed(page, "u")
            assert "ann: accept" in page.inner_text("#decisions") and "taken back" in page.inner_text("#decisions")
            assert "3 of " in page.inner_text("#count")

    with served(small) as address:
        in_browser(work)
    assert [one.verdict for one in small.reviews["demo_fanaroff"]] == ["accept", "reject", "correct", "accept", "undo"]
    before = small.provenance()
    source = before[wrong]["source_id"]
    small.build()
    rows = small.provenance()
    assert rows[good]["review"] == "accepted" and bad in before and bad not in rows
    told = [row for row in rows.values() if row["source_id"] == source]
    assert {one["label"] for one in told[0]["labels"] if (one["state"], one["tier"]) == ("present", "expert")} == {
        "HYBRID"
    }
    assert all("hybrid" in turn["answer"].lower() for row in told for turn in row["turns"])
    (fixed,) = [one for one in small.reviews["demo_fanaroff"] if one.verdict == "correct"]
    assert fixed.note == "one lobe of each kind"


def test_two_reviewers_at_once_lose_nothing_and_see_how_they_agree(small: Small, in_browser):
    n = 3

    def work(browser) -> str:
        with opened(browser, one) as ann, opened(browser, two) as ben:
            for k in range(n):
                pressed(ann, "a")
                pressed(ben, "r" if k == 0 else "a")
            ann.reload()
            ann.wait_for_selector("#turns li")
            ann.click("#agreement-button")
            return ann.inner_text("#agreement")

    with served(small, "ann") as one, served(small, "ben") as two:
        told = in_browser(work)
    said = small.reviews["demo_fanaroff"]
    assert len(said) == 2 * n and sorted({(one.reviewer, one.verdict) for one in said}) == [
        ("ann", "accept"), ("ben", "accept"), ("ben", "reject")]  # fmt: skip
    assert told == f"ann and ben: {n - 1} of {n} samples alike, Cohen's kappa 0.00"


def test_the_pointer_tells_sky_and_brightness_of_the_pixel_under_it(planted: Small, in_browser):
    desk = planted.desk
    seen = desk.seen(desk.queue[0])
    width, height = seen.cutout["width_px"], seen.cutout["height_px"]
    image = np.frombuffer(seen.cutout["pixels"], "<f4").reshape(height, width)
    places = ((0.1, 0.2), (0.5, 0.5), (0.93, 0.07))

    def work(browser) -> list[tuple[float, float, str]]:
        with opened(browser, address) as page:
            box, found = page.locator("#canvas").bounding_box(), []
            for right, down in places:
                x, y = round(box["x"] + right * box["width"]), round(box["y"] + down * box["height"])
                page.mouse.move(x, y)
                found.append(
                    ((x - box["x"]) / box["width"], (y - box["y"]) / box["height"], page.inner_text("#pointer"))
                )
            page.keyboard.press("g")
            assert page.locator("#over .net").count() == 6
            return found

    with served(planted) as address:
        found = in_browser(work)
    wcs = read_wcs(seen.cutout["wcs_header"])
    for right, down, told in found:
        x, y = right * width, (1 - down) * height
        ra, dec = (float(one[0]) for one in sky_of_pixels(wcs, [x - 0.5], [y - 0.5]))
        shown = [float(one) for one in re.search(r"\((\S+) (\S+)\)", told).groups()]
        assert shown == pytest.approx([ra, dec], abs=2e-6)
        value, said = image[int(y), int(x)], re.search(r"(\S+) mJy/beam", told)
        assert "blank" in told if np.isnan(value) else float(said[1]) == pytest.approx(value, rel=1e-3)
        assert f"x {int(x)} y {int(y)} " in told


def test_a_planted_script_does_not_run_and_everybody_can_use_the_page_on_a_phone(planted: Small, in_browser):
    def work(browser) -> Iterator[tuple]:
        for scheme in ("light", "dark"):
            phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
            with opened(browser, address, **phone) as page:
                page.keyboard.press("j")
                page.wait_for_timeout(200)
                page.keyboard.press("c")
                page.keyboard.press("Escape")
                widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
                yield page.title(), page.inner_text("body"), widths, making_pages.serious(page)

    with served(planted, SCRIPT[:80], Planting) as address:
        shown = in_browser(lambda browser: list(work(browser)))
    for title, texts, widths, found in shown:
        assert title == "Review: small" and texts.count("<script>document.title='ran'</script>") >= 4
        assert widths[0] <= widths[1] == 360
        assert not found


# Here, for the corpus with planted names is at hand.
def test_neither_in_browse(planted: Small, in_browser):
    room = browsing.Room(planted.desk)
    planted = next(row for row in room.samples({})["rows"] if SCRIPT in row["name"])
    views = {"#": ".card", f"#{planted['sample_id']}": ".chain", "#compare?a=0&b=0": "#changes li"}

    def work(browser) -> Iterator[tuple]:
        for scheme in ("light", "dark"):
            options = {"viewport": making_pages.SIZES["phone"], "color_scheme": scheme}
            with making_pages.opened(browser, address, ".card", **options) as page:
                for view, ready in views.items():
                    page.goto(f"{address.partition('/?')[0]}/{view}")
                    page.wait_for_selector(ready)
                    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
                    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
                    yield view, page.title(), page.inner_text("body"), widths, making_pages.serious(page)

    with making_pages.served(browsing_page_of(room)) as address:
        shown = in_browser(lambda browser: list(work(browser)))
    room.shelf.close()
    for view, title, text, widths, found in shown:
        assert title == "Browse: small" and widths[0] <= widths[1] == 360 and not found
        assert "compare" in view or "<script>document.title='ran'</script>" in text
    assert "Both say the same" in shown[2][2]


def test_the_same_sky_in_another_survey_is_shown_where_a_mosaic_covers_it(demo_build: Built, in_browser):
    desk, raw = Desk.of(Store(str(demo_build.store)), corpus("tiny"), None), demo_build.out / "raw"
    wide = [row["cutout_id"] for row in desk._table("cutouts", "demo_multilabel").select(["cutout_id"]).to_pylist()]
    talks = desk._table("conversations", "demo_multilabel").select(["conversation_id", "cutout_id"]).to_pylist()
    of_cutout = {row["cutout_id"]: row["conversation_id"] for row in talks}
    rooms = {here: Room(desk, "ann", here) for here in (raw, None)}
    alone = [of_cutout[name] for name in wide if name not in desk.twins and of_cutout.get(name) in desk.by_conversation]
    name = next(name for name in alone if rooms[raw].sample(name)["skies"])
    assert rooms[raw].sample(name)["skies"] == ["demo_galactic"] and not rooms[None].sample(name)["skies"]
    with Image.open(io.BytesIO(rooms[raw].sky(name, "demo_galactic"))) as picture:
        assert picture.size == (256, 256) and np.asarray(picture).std() > 5
    for survey in ("demo_wide", "none"):
        with pytest.raises(RecipeError, match="no mosaic of this corpus shows that sky"):
            rooms[raw].sky(name, survey)

    def work(browser) -> tuple[str, int]:
        with making_pages.opened(browser, address, "#turns li") as page:
            page.evaluate("id => import('/page.js').then((module) => module.show(id))", name)
            page.wait_for_selector("#twins img")
            page.locator("#twins img").scroll_into_view_if_needed()
            page.wait_for_timeout(500)
            width = page.locator("#twins img").evaluate("one => one.naturalWidth")
            return page.inner_text("#twins"), width

    with making_pages.served(page_of(rooms[raw])) as address:
        assert in_browser(work) == ("demo_galactic, no sample there", 256)


def test_nobody_without_the_key_and_no_other_page_decides(planted: Small):
    with served(planted) as address:
        base, asked = address.partition("/?key=")[0], making_pages.asking(address)
        cookie = {"Cookie": making_pages.cookie(address, "review")}
        one = {"conversation_id": planted.desk.queue[0].conversation_id, "sample_id": "", "verdict": "accept"}
        own = {**cookie, "Origin": base, "Content_Type": "application/json"}
        assert asked("/api/queue")[0] == asked("/")[0] == asked("/page.js")[0] == 403
        assert asked("/api/queue", Cookie=cookie["Cookie"] + "x")[0] == 403
        assert asked("/api/queue", Host="evil.example", **cookie) == (403, "another host was asked for")
        status, policy = asked("/", **cookie)
        assert status == 200 and "script-src 'self'" in policy and "unsafe" not in policy
        for other in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Content_Type": "text/plain"}):
            assert asked("/api/decide", one, **(own | other))[0] == 403
        assert asked("/api/decide", one, **cookie, Content_Type="application/json")[0] == 403
        assert asked("/api/decide", one, **own) == (400, "the hand-over is another one now: look at the sample again")
        assert asked("/api/decide", b"{", **own) == (400, "expected JSON")
        assert asked("/api/decide", [1], **own) == (400, "expected an object")
        assert asked("/api/decide", {**one, "verdict": {}}, **own) == (400, "a decision is of texts")
        assert asked("/api/decide", {**one, "conversation_id": "x"}, **own)[1].startswith(
            "no sample or conversation 'x'"
        )
        assert asked("/api/decide", b" " * 100_000, **own)[0] == 413
        assert asked("/../pyproject.toml", **cookie)[0] == asked("/%2e%2e%2fetc", **cookie)[0] == 404
        assert asked("/api/picture/..", **cookie)[0] in (400, 404)
    assert not planted.reviews["demo_fanaroff"]
