"""The assistant: a file asked about in a real browser, boxes where the sky has them, hostile files, marks that hold."""

import asyncio
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from astropy.io import fits
from click.testing import CliRunner
from PIL import Image

from catalogs.wcs_sky import pixels_of_sky, read_wcs
from curation.asking.exchange import Exchange, body
from curation.asking.request import Served
from curation.asking.rule_faults import Turn as Reply
from curation.asking.rule_faults import finished
from curation.asking.rule_server import RuleServer, _told
from curation.assisting.marked import Mark, drawn_boxes, marked
from curation.assisting.page import page_of, served_name
from curation.assisting.room import Model, Room
from curation.assisting.saved import annotations, conversation
from curation.assisting.sight import box_on_sky
from curation.assisting.talk import Asked, Turn
from curation.claims import claims
from curation.corpus import corpus
from curation.engine.store import Store
from curation.pages.places import place_deg
from curation.pictures.boxes import box_norm
from curation.pictures.fits_cutout import cutout_fits
from curation.reviewing.desk import Desk
from curation.verification.annotation_files import Reading, form_annotations
from schemas.errors import CorpusError, ModelError, RecipeError
from schemas.llava import read_llava
from tests import making_pages
from tests.conftest import Built
from tests.making_review import SCRIPT

BOX = "Give the bounding box of the brightest source."
PAIR = {"scheme": "caesar_mrcnn", "objects": [{"label": "COMPACT", "box": [0.1, 0.1, 0.16, 0.16]},
                                              {"label": "EXTENDED", "box": [0.6, 0.2, 0.8, 0.4]}]}  # fmt: skip


class Answering(RuleServer):
    """A server by rule that remembers what it was sent; `said`: its words instead of its own."""

    def __init__(self, said: str | None = None) -> None:
        super().__init__()
        self.said, self.sent = said, list[list[dict]]()

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        sent = json.loads(await request.read())
        self.sent.append(sent["messages"])
        if self.said is None:
            return await super()._answered(request)
        turn = Reply(request, sent, _told(sent)[1], self.said, self.rules.model, self.n_calls)
        return finished(turn, self.said)


@pytest.fixture(scope="module")
def desk(demo_build: Built) -> Desk:
    """The demo's newest hand-over."""
    return Desk.of(Store(str(demo_build.store)), corpus("tiny"), None)


@pytest.fixture(scope="module")
def raw(demo_build: Built) -> Path:
    """The demo's mosaics."""
    return demo_build.out / "raw"


@contextmanager
def roomed(desk: Desk, raw: Path, said: str | None = None) -> Iterator[tuple[Room, Answering]]:
    """A room with a model that answers."""
    with Answering(said) as server:
        yield Room(desk.corpus, desk, raw, Model(Exchange(server.address, 30, 2), Served("rule-server"))), server


@pytest.fixture(scope="module")
def room(desk: Desk, raw: Path) -> Room:
    """A room that is never asked anything."""
    return Room(desk.corpus, desk, raw, Model(Exchange("http://127.0.0.1:9/v1", 1, 1), Served("none")))


def source(desk: Desk, name: str) -> dict:
    """A row of SOURCES of the objects of the demo."""
    rows = desk.annotations("demo_objects").sources.to_pylist()
    return next(row for row in rows if row["source_name"] == name)


def as_fits(desk: Desk, name: str, **cards: str) -> bytes:
    """The cutout of a source as a FITS file of a person, with more cards."""
    wanted = source(desk, name)["source_id"]
    table = desk.store.read(next(one for one in desk.tables["cutouts"] if "demo_objects" in one))
    row = next(row for row in table.to_pylist() if row["source_id"] == wanted)
    with fits.open(io.BytesIO(cutout_fits(row))) as file:
        file[0].header.update(cards)
        sink = io.BytesIO()
        file.writeto(sink)
    return sink.getvalue()


def asked(page, question: str, n: int) -> None:
    """Ask by keyboard, and wait for the n-th answer."""
    page.fill("#question", question)
    page.press("#question", "Enter")
    page.wait_for_selector(f"#turns li.turn:nth-child({n}) .answer")
    page.wait_for_selector("#desk[aria-busy=false]")


# -- in a browser ----------------------------------------------------------------------------------------------------


def test_a_fits_file_is_asked_about_and_the_box_is_drawn_where_the_sky_has_the_source(desk, raw, in_browser):
    body, wanted = as_fits(desk, "O031a"), source(desk, "O031a")

    def work(browser) -> dict:
        with making_pages.opened(browser, address, "#open") as page:
            assert "key=" not in page.url
            page.set_input_files("#file", {"name": "mine.fits", "mimeType": "image/fits", "buffer": body})
            page.wait_for_selector("#whole:not([hidden])")
            asked(page, BOX, 1)
            asked(page, "Describe the image.", 2)
            page.click("button.place:has-text('show its boxes')")
            rect, picture = (page.locator(one).bounding_box() for one in ("#over rect.answered", "#picture"))
            page.reload()
            page.wait_for_selector("#turns li.turn:nth-child(2)")  # the conversation outlives the page
            return {"rect": rect, "picture": picture, "drawn": page.inner_text("#facts"),
                    "where": page.inner_text(".where"), "marks": page.locator(".answer .sign").all_inner_texts(),
                    "known": page.locator("#known option").first.inner_text()}  # fmt: skip

    with roomed(desk, raw) as (room, server), making_pages.served(page_of(room)) as address:
        shown = in_browser(work)
        (talk,) = room.talks.values()
    cutout, picture, rect = talk.sight.cutout, shown["picture"], shown["rect"]
    x, y = (float(one[0]) for one in pixels_of_sky(read_wcs(cutout["wcs_header"]), wanted["ra_deg"], wanted["dec_deg"]))
    at = box_norm((x + 0.5, y + 0.5, x + 0.5, y + 0.5), cutout["width_px"], cutout["height_px"], 256)
    found = [(rect["x"] + rect["width"] / 2 - picture["x"]) / picture["width"],
             (rect["y"] + rect["height"] / 2 - picture["y"]) / picture["height"]]  # fmt: skip
    assert found == pytest.approx(at[:2], abs=1.0 / cutout["width_px"])  # a pixel of the image
    assert rect["width"] / picture["width"] == pytest.approx(18.2 / 120, abs=0.02)  # half of the beam's light
    assert talk.sight.drawn in shown["drawn"].replace("\n", " ") and "asinh" in talk.sight.drawn
    assert "shares" in shown["where"] and "O031a" in shown["where"]
    assert shown["marks"] == ["✗ contradicted", "… not understood"] and "O031a" in shown["known"]
    first, second = server.sent
    assert [one["role"] for one in second] == ["user", "assistant", "user"] and second[0] == first[0]
    assert [part["type"] for part in first[0]["content"]] == ["image_url", "text"]
    assert second[1]["content"] == talk.turns[0].answer
    assert [part["type"] for part in second[2]["content"]] == ["text"]  # the picture stands once


def test_a_planted_script_does_not_run_and_everybody_can_use_the_page_on_a_phone(desk, raw, in_browser):
    body = as_fits(desk, "O031a", OBJECT=SCRIPT[:40], TELESCOP="<script>document.title='ran'</script>")

    def work(browser) -> Iterator[tuple]:
        for scheme in ("light", "dark"):
            with making_pages.opened(
                browser, address, "#open", viewport=making_pages.SIZES["phone"], color_scheme=scheme
            ) as page:
                page.evaluate("document.getElementById('open').open = true")
                page.set_input_files("#file", {"name": f"{SCRIPT}.fits", "mimeType": "x/y", "buffer": body})
                page.wait_for_selector("#name:has-text('.fits')")
                asked(page, SCRIPT, 1)
                page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
                page.check("#catalogued")
                widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
                yield page.title(), page.inner_text("body"), widths, making_pages.serious(page)

    said = f"{SCRIPT} A pulsar is visible. The image shows no artefacts. Box [0.4, 0.4, 0.6, 0.6]."
    with roomed(desk, raw, said) as (room, _), making_pages.served(page_of(room)) as address:
        shown = in_browser(lambda browser: list(work(browser)))
    for title, text, widths, found in shown:
        assert title == "Assistant: tiny" and text.count("<script>document.title='ran'</script>") >= 2
        assert widths[0] <= widths[1] == 360
        assert not found


def test_nobody_without_the_key_and_no_other_page_asks_or_uploads(room, desk):
    with making_pages.served(page_of(room)) as address:
        base, ask = address.partition("/?key=")[0], making_pages.asking(address)
        own = {"Cookie": making_pages.cookie(address, "assistant"), "Origin": base}
        raw = {**own, "Content_Type": "application/octet-stream"}
        assert ask("/api/start")[0] == ask("/")[0] == ask("/common.js")[0] == 403
        assert ask("/", Cookie=own["Cookie"])[0] == ask("/sky.js", Cookie=own["Cookie"])[0] == 200
        assert ask("/api/start", Host="evil.example", **own)[0] == 403
        for other in ({"Origin": "https://evil.example"}, {"Content_Type": "text/plain"}, {"Cookie": "x=y"}):
            assert ask("/api/upload?name=a", b"x", **{**raw, **other})[0] == 403
        assert ask("/api/upload?name=a", b"x" * (21 * 2**20), **raw)[0] == 413
        assert ask("/api/upload?name=a", b"nothing", **raw)[0] == 400
        assert ask("/api/talk/none/ask", {"question": "?"}, **own, Content_Type="application/json") == (
            400, "no such conversation; it may have made way for newer ones")  # fmt: skip
        assert ask("/api/look", {"survey": "demo_wide", "place": {}}, **own, Content_Type="application/json")[0] == 400


# -- what is brought -------------------------------------------------------------------------------------------------


def _png(side: int) -> bytes:
    sink = io.BytesIO()
    Image.fromarray(np.zeros((side, side), np.uint8)).save(sink, "PNG")
    return sink.getvalue()


def _header(**cards: object) -> bytes:
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), *cards.items()])
    return header.tostring(padding=True).encode()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: b"", "found none of PNG"),
        (lambda: b"<svg onload='x'/>", "found none of PNG"),
        (lambda: _png(5000), "found 5000 x 5000 pixels, expected at most 16,777,216"),
        (lambda: _header(NAXIS1=200_000, NAXIS2=200_000), "are over"),
        (lambda: _header(NAXIS1=5000, NAXIS2=5000), "the file has 2880"),
        (lambda: gzip.compress(bytes(2**27 + 10), 1), "unpacks to more than"),
        (lambda: gzip.compress(b"x" * 9000)[:40], "cannot be unpacked"),
        (lambda: _header(NAXIS1=8, NAXIS2=8) + np.full(720, np.nan, ">f4").tobytes(), "all-blank"),
    ],
)  # fmt: skip
def test_a_hostile_or_empty_file_is_one_line(room: Room, made: Callable[[], bytes], told: str):
    with pytest.raises(CorpusError, match=told) as error:
        room.upload(made(), "a\nb\u202e.fits")
    assert "\n" not in str(error.value) and not room.talks


def test_a_picture_goes_to_the_model_with_its_pixels_and_nothing_else(room: Room):
    sink = io.BytesIO()
    grey = np.arange(600, dtype=np.uint8).reshape(20, 30)
    Image.fromarray(grey).save(sink, "PNG", pnginfo=None)
    told = room.upload(sink.getvalue()[:8] + sink.getvalue()[8:], "a.png")
    talk = room.talk(told["talk_id"])
    with Image.open(io.BytesIO(talk.sight.png)) as image:
        assert (np.asarray(image) == grey).all() and not image.info
    assert told["sight"]["drawn"] == "as it is in the file" and told["sight"]["sky"] is None
    assert told["known"]["told"].startswith("nothing but the picture") and box_on_sky((0, 0, 1, 1), talk.sight) is None


def test_a_place_is_drawn_byte_for_byte_as_the_build_drew_it(room: Room, desk: Desk):
    wanted = source(desk, "O031a")
    told = room.look({"survey": "demo_galactic", "place": "O031a", "side_arcsec": None})
    table = desk.store.read(next(one for one in desk.tables["cutouts"] if "demo_objects" in one))
    (row,) = [row for row in table.to_pylist() if row["source_id"] == wanted["source_id"]]
    assert room.talk(told["talk_id"]).sight.png == row["png"]
    assert told["known"]["told"] == "demo_objects: the source O031a at the centre and 2 objects in the picture"
    with pytest.raises(RecipeError, match="on none of 1 mosaics"):
        room.look({"survey": "demo_galactic", "place": "10 -80"})
    with pytest.raises(RecipeError, match="no source of tiny has this name"):
        room.look({"survey": "demo_galactic", "place": SCRIPT})


def test_what_was_said_of_a_picture_is_held_against_one_of_that_size_alone(room: Room):
    told = room.look({"survey": "demo_wide", "place": "F017", "side_arcsec": 128.0})["choices"]
    assert told[0]["told"] == "demo_multilabel: the source F017 at the centre"
    names = [
        one["name"] for one in room.look({"survey": "demo_wide", "place": "F017", "side_arcsec": 400.0})["choices"]
    ]
    assert "demo_multilabel" not in names  # its labels name all that a picture shows
    assert names[0] == "demo_fanaroff"  # its label is the source's, in a picture of any size
    assert names.index("demo_objects") > names.index("header mirabest")  # of another survey: the person's choice


def test_places_as_people_type_them():
    assert place_deg(" 187.7, +12.4 ") == (187.7, 12.4)
    assert place_deg("12:30:49.42 +12:23:28") == pytest.approx((187.7059, 12.3911), abs=1e-3)
    assert place_deg("12h30m49s -12d23m28s") == pytest.approx((187.7042, -12.3911), abs=1e-3)
    assert place_deg("O031a") is None
    for wrong in ("400 10", "10 -91", "25:00:00 +10:00:00", "1" * 200):
        with pytest.raises(RecipeError):
            place_deg(wrong)


# -- what is said of an answer ---------------------------------------------------------------------------------------


def test_each_sentence_has_a_mark_and_nothing_of_the_answer_is_lost():
    known = form_annotations(Path("x"), PAIR, Reading())
    answer = ("There are two radio sources: [0.100, 0.100, 0.160, 0.160], [0.6, 0.2, 0.8, 0.4]. There are three "
              "compact sources. A pulsar is visible.\nThat is a lovely sight.  The image shows no artefacts."
              )  # fmt: skip
    found = marked("Describe.", answer, known, "xyxy_norm", (256, 256))
    said = [(answer[start:end], mark) for start, end, mark in found.pieces if mark]
    assert [mark for _, mark in said] == [
        Mark.SUPPORTED, Mark.CONTRADICTED, Mark.UNKNOWN, Mark.NOT_UNDERSTOOD, Mark.SUPPORTED]  # fmt: skip
    assert said[1][0] == "There are three compact sources." and said[3][0] == "That is a lovely sight."
    told = found.told
    assert "".join(part["text"] for piece in told for part in piece["parts"]) == answer
    assert [part["box"] for part in told[0]["parts"] if part["box"] is not None] == [0, 1]
    assert [found.mark_of(one) for one in found.boxes] == [Mark.SUPPORTED, Mark.SUPPORTED]
    assert marked("", "", known, "xyxy_norm", (8, 8)).told == [{"mark": None, "claims": [], "parts": []}]


def test_boxes_in_pixels_are_drawn_where_they_are_meant_and_others_nowhere():
    (box,) = drawn_boxes("It lies at [64, 32, 128, 96].", "xyxy_norm", (256, 128))
    assert box.box_norm == (0.25, 0.25, 0.5, 0.75) and box.is_from_pixels
    assert not list(drawn_boxes("It lies at [64, 32, 900, 96].", "xyxy_norm", (256, 128)))


def test_a_saved_conversation_is_judged_alike_by_the_command_claims(room: Room, tmp_path: Path):
    talk = room.talk(room.look({"survey": "demo_galactic", "place": "O031a"})["talk_id"])
    with pytest.raises(RecipeError, match="nothing was asked yet"):
        conversation(talk)
    sampling = Asked(question="?").sampling
    talk.turns += [
        Turn("Describe the image.", "There are two compact sources. The image shows no artefacts.", sampling),
        Turn("How many sources are there?", "There are four sources.", sampling),
    ]
    text, known = tmp_path / "conversation.json", tmp_path / "annotations.json"
    text.write_text(conversation(talk), encoding="utf-8")
    known.write_text(annotations(talk), encoding="utf-8")
    (record,) = read_llava(text)
    assert [(one.question, one.answer) for one in record.turns()] == [(one.question, one.answer) for one in talk.turns]
    said = CliRunner().invoke(claims, ["--objects", str(known), "--text", str(text), "--json"], catch_exceptions=False)
    verdicts = [claim["verdict"] for turn in json.loads(said.output)["turns"] for claim in turn["claims"]]
    marks = [claim["mark"] for turn in talk.told["turns"] for piece in turn["pieces"] for claim in piece["claims"]]
    assert verdicts == [str(one) for one in marks] == ["supported", "supported", "contradicted"]


def test_a_file_of_annotations_takes_the_place_of_the_catalogue(room: Room):
    talk_id = room.look({"survey": "demo_galactic", "place": "O031a"})["talk_id"]
    told = room.annotate(talk_id, json.dumps(PAIR).encode())
    assert told["known"]["told"] == "your file (caesar_mrcnn, 2 objects)" and len(told["known"]["boxes"]) == 2
    assert room.talk(talk_id).known.annotations.side_arcsec == pytest.approx(120, rel=0.01)  # of the header, still
    assert room.hold_against(talk_id, "demo_objects")["known"]["name"] == "demo_objects"
    for wrong in (b"{", b"[1]", b'{"scheme": "none"}'):
        with pytest.raises(CorpusError):
            room.annotate(talk_id, wrong)


def test_sampling_is_bounded_and_the_picture_stands_in_the_first_turn_alone(room: Room):
    for wrong in ({"temperature": -1}, {"temperature": float("nan")}, {"max_tokens": 0}, {"seed": True}, {"key": "x"}):
        with pytest.raises(ValueError):
            Asked.model_validate({"question": "What?", **wrong})
    talk = room.talk(room.look({"survey": "demo_galactic", "place": "O031a"})["talk_id"])
    sampling = Asked(question="What?", temperature=0.0, seed=7).sampling
    talk.turns.append(Turn("First?", "This.", sampling))
    sent = body(talk.request(Asked(question="Second?"), Served("m")))
    assert [len(one["content"]) if one["role"] == "user" else one["content"] for one in sent["messages"]] == [
        2,
        "This.",
        1,
    ]
    assert sent["temperature"] == 0.0


def test_the_model_is_named_and_no_key_is_told(monkeypatch: pytest.MonkeyPatch):

    async def names(*wanted: str | None) -> list[str]:
        exchange = Exchange(server.address, 10, 1)
        try:
            return [await served_name(exchange, one) for one in wanted]
        finally:
            await exchange.close()

    monkeypatch.setenv("RADIO_SERVER_KEY", "a-key-of-mine")
    with RuleServer(key="another") as server, pytest.raises(ModelError, match="refuses") as error:
        asyncio.run(names(None))  # this server says the key that it was sent
    assert "a-key-of-mine" not in str(error.value)
    with RuleServer() as server:
        assert asyncio.run(names(None, "rule-server")) == ["rule-server"] * 2
        with pytest.raises(RecipeError, match="no model 'other'.*one of rule-server"):
            asyncio.run(names("other"))
