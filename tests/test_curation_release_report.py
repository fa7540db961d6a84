"""The report as people meet it: in a real browser, on a phone and a desktop, light and dark, by keyboard and by axe."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

import pytest

from curation.engine.store import Store
from curation.release.built import opened
from curation.release.report import NUMBERS, report
from curation.release.report_json import as_json
from tests.making_pages import LONGEST_MS
from tests.test_curation_release_handover import OPEN, Made, Shelf, corpus, tables

PHONE, DESKTOP = (360, 780), (1366, 800)
CORPORA = ("tiny", "paper_doors", "qa_and_captions")
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true })"
TOO_WIDE = """
() => [...document.querySelectorAll('body *')].filter(one => !one.closest('.scroll, .vh, .skip, svg'))
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 120))
"""
CELLS = """
label => [...document.querySelectorAll(`[aria-label="${label}"] tbody tr`)]
    .map(row => [...row.children].map(cell => cell.textContent.trim()))
"""
LOOKS = "([part, name]) => getComputedStyle(document.querySelector(part))[name]"
LOOKED_AT = (
    ["body", "backgroundColor"], ["section", "backgroundColor"], ["section p", "color"], [".plot svg text", "fill"],
    [".sky svg text", "fill"], ['.plot svg path[style*="stroke: var(--series"]', "stroke"],
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A report of the demo, and the store that it is of."""

    file: Path
    store: Store

    @cached_property
    def numbers(self) -> dict[str, Any]:
        return json.loads(self.file.with_suffix(".json").read_text(encoding="utf-8"))

    @property
    def addresses(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self.numbers["lineage"]:
            found.setdefault(row["address"].split("/")[0], []).append(row["address"])
        return found


@pytest.fixture(scope="module")
def pages(demo_build) -> dict[str, Page]:
    store = Store(str(demo_build.store))
    files = {name: next((demo_build.store / "reports" / name).glob("*/report.html")) for name in CORPORA}
    return {name: Page(file, store) for name, file in files.items()}


class Shown:
    """Opens files in the browser of all tests, in the browser's own thread, and closes them at the end of the test."""

    def __init__(self, in_browser: Callable[[Callable[[Any], Any]], Any]) -> None:
        self.in_browser = in_browser
        self.browser, self.looks = in_browser(lambda browser: browser), list[Any]()

    def __call__(self, file: Path, size: tuple[int, int] = PHONE, scheme: str = "light") -> Any:
        width, height = size
        looks = {"color_scheme": scheme, "reduced_motion": "reduce"}
        self.looks.append(self.browser.new_context(viewport={"width": width, "height": height}, **looks))
        self.looks[-1].set_default_timeout(LONGEST_MS)
        tab = self.looks[-1].new_page()
        tab.goto(file.as_uri())
        return tab


@pytest.fixture
def show(in_browser):
    """A function that opens a file, phone size and light if nothing else is said; for tests that are `browsing`."""
    shown = Shown(in_browser)
    yield shown
    in_browser(lambda _: [one.close() for one in shown.looks])


def browsing(test: Callable[..., None]) -> Callable[..., None]:
    """A test that runs in the browser's thread."""

    @wraps(test)
    def run(**given: Any) -> None:
        given["show"].in_browser(lambda _: test(**given))

    return run


# -- in a browser ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CORPORA)
@browsing
def test_nothing_scrolls_sideways_and_a_phone_is_not_endless(pages, show, name):
    tab = show(pages[name].file)
    assert tab.evaluate("document.documentElement.scrollHeight") < 25_000
    for width in (360, 768, 1366):
        tab.set_viewport_size({"width": width, "height": 780})
        for is_open in (False, True):
            if is_open:
                tab.evaluate(OPEN_ALL)
            assert tab.evaluate("document.documentElement.scrollWidth") == width
            assert tab.evaluate(TOO_WIDE) == []


@browsing
def test_nothing_is_fetched(pages, show):
    tab, asked = show(pages["tiny"].file), list[str]()
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda line: asked.append(line.text))
    tab.reload()
    tab.evaluate(OPEN_ALL)
    assert [one for one in asked if not one.startswith("data:image/webp")] == [pages["tiny"].file.as_uri()]
    broken = "[...document.images].filter(one => !one.complete || !one.naturalWidth).length"
    assert tab.evaluate("document.images.length") > 50 and tab.evaluate(broken) == 0


@browsing
def test_light_and_dark_reach_text_plots_and_maps(pages, show):
    seen: dict[str, list[float]] = {}
    for scheme in ("light", "dark"):
        tab = show(pages["tiny"].file, DESKTOP, scheme)
        looks = [tab.evaluate(LOOKS, part) for part in LOOKED_AT]
        seen[scheme] = [sum(map(int, re.findall(r"\d+", one)[:3])) / 3 for one in looks]
    assert all(one > 200 for one in seen["light"][:2]) and all(one < 130 for one in seen["light"][2:]), seen
    assert all(one < 60 for one in seen["dark"][:2]) and all(one > 130 for one in seen["dark"][2:]), seen


@pytest.mark.parametrize(("size", "scheme", "is_open"), [(DESKTOP, "light", True), (PHONE, "dark", False)])
@browsing
def test_axe_finds_nothing(pages, show, size, scheme, is_open):
    """On the page with most parts and fewest rows: thousands of cells would take the check a minute."""
    from axe_playwright_python.sync_playwright import Axe

    tab = show(pages["qa_and_captions"].file, size, scheme)
    tab.evaluate(OPEN_ALL if is_open else "0")
    found = Axe().run(tab).response["violations"]
    told = [f"{one['impact']}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    assert told == []


@browsing
def test_the_keyboard_reaches_the_report_its_parts_and_its_folds(pages, show):
    tab = show(pages["tiny"].file, DESKTOP)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the report"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0  # seen once it has the focus
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    fold = tab.locator("#lineage details.fold").first
    assert fold.get_attribute("open") is None
    fold.locator("summary").first.focus()
    tab.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None
    tab.locator("#with-boxes").focus()
    tab.keyboard.press("Space")
    assert tab.evaluate("getComputedStyle(document.querySelector('.boxes')).display") == "none"
    tab.evaluate("scrollTo(0, 5000)")
    assert 0 <= tab.evaluate("document.querySelector('.toc.side').getBoundingClientRect().top") < 100  # it stays
    phone = show(pages["tiny"].file)
    phone.locator(".toc.folded summary").press("Enter")
    phone.locator(".toc.folded a[href='#lineage']").press("Enter")
    assert phone.evaluate("Math.abs(document.querySelector('#lineage').getBoundingClientRect().top)") < 700


@browsing
def test_headings_tables_pictures_and_links_are_told_to_who_does_not_see_them(pages, show):
    tab = show(pages["paper_doors"].file)
    levels = tab.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(one => +one.tagName[1])")
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    assert tab.evaluate("document.querySelectorAll('th:not([scope])').length") == 0
    assert tab.evaluate("[...document.images].filter(one => !one.alt).length") == 0
    assert tab.evaluate("document.querySelectorAll('svg:not([aria-hidden]):not([role=img][aria-label])').length") == 0
    targets = tab.evaluate("[...document.links].map(one => one.getAttribute('href'))")
    gone = [
        one for one in set(targets) if one.startswith("#") and not tab.evaluate(f"!!document.querySelector('{one}')")
    ]
    assert gone == []
    beside = {one for one in targets if not one.startswith("#")}
    assert beside == {"gate/data_docs/index.html", "report.json"}
    assert all((pages["paper_doors"].file.parent / one).is_file() for one in beside)


@browsing
def test_bins_and_dots_have_their_numbers_and_a_command_is_taken_with_one_click(pages, show):
    tab = show(pages["tiny"].file, DESKTOP)
    bins = tab.evaluate(
        "[...document.querySelector('#statistics .plot').querySelectorAll('.bin title')].map(one => one.textContent)"
    )
    (first, *_) = pages["tiny"].numbers["histograms"]["pictures"]
    told = [int(n.replace(",", "")) for one in bins for n in re.findall(r" ([\d,]+)(?:, |$)", one.split(": ", 1)[1])]
    assert sum(told) == first["n"] == sum(map(sum, first["counts"].values()))
    dots = tab.evaluate(
        "[...document.querySelector('.sky').querySelectorAll('.dot title')].map(one => one.textContent)"
    )
    n_cutouts = sum(int(re.search(r": ([\d,]+) in ", one)[1].replace(",", "")) for one in dots)
    assert n_cutouts == sum(row["n"] for row in pages["tiny"].numbers["numbers"]["sky_near"])
    tab.locator(".tile .copy").first.click()
    assert re.fullmatch(r"curation why sample-[0-9a-f]{16}", tab.evaluate("getSelection().toString()"))


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "qa_and_captions"])
def test_the_numbers_beside_the_page_are_queries_on_the_tables(pages, name):
    page = pages[name]
    with opened(page.store, page.addresses) as db:
        for file in sorted(NUMBERS.glob("*.sql")):
            if file.stem not in ("shown", "chosen"):
                rows = db.sql(file.read_text(encoding="utf-8")).to_arrow_table().to_pylist()
                assert as_json(rows) == page.numbers["numbers"][file.stem], file.stem


@pytest.mark.parametrize("name", ["tiny", "qa_and_captions"])
@browsing
def test_every_whole_number_of_a_table_of_the_page_stands_beside_it(pages, show, name):
    tab = show(pages[name].file, DESKTOP)
    cells = tab.evaluate("[...document.querySelectorAll('td.n')].map(one => one.textContent.trim())")
    shown = {int(one.replace(",", "")) for one in cells}
    assert len(cells) > 200 and shown - set(whole_numbers(pages[name].numbers)) == set()


def whole_numbers(value: Any) -> list[int]:
    """Every whole number in some JSON, and the difference of figures and whole figures, which the page takes itself."""
    if isinstance(value, dict):
        panels = [value["n_figures"] - value["n_whole"]] if "n_whole" in value else []
        return panels + [n for one in value.values() for n in whole_numbers(one)]
    if isinstance(value, list):
        return [n for one in value for n in whole_numbers(one)]
    return (
        [int(value)] if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value) else []
    )


@browsing
def test_what_the_page_shows_is_what_the_tables_hold(pages, show):
    """Counted here with pyarrow, not by the queries of the page."""
    page, tab = pages["tiny"], show(pages["tiny"].file, DESKTOP)
    samples = [row for address in page.addresses["samples"] for row in page.store.read(address, ["dataset", "split",
               "n_turns", "png_sha256"]).to_pylist()]  # fmt: skip
    cards = tab.locator(".cards b").all_text_contents()
    n_turns, n_pictures = sum(row["n_turns"] for row in samples), len({row["png_sha256"] for row in samples})
    assert cards[:3] == [f"{n:,}" for n in (len(samples), n_pictures, n_turns)]
    for dataset, *cells in tab.evaluate(CELLS, "How far the rows of each dataset came"):
        counted = [
            sum(page.store.read(one).num_rows for one in page.addresses[step] if f"/{dataset}/" in one)
            for step in ("sources", "objects", "cutouts", "samples")
        ]
        assert cells == [f"{n:,}" for n in counted], dataset
    for dataset, split, _, _, n_samples, _ in tab.evaluate(CELLS, "Splits of each dataset"):
        some = [row for row in samples if (row["dataset"], row["split"]) == (dataset, split)]
        assert n_samples == f"{len(some):,}", (dataset, split)
    refused = [reason for one in page.addresses.values() for address in one
               for reason in page.store.rejected(address)["reason"].to_pylist()]  # fmt: skip
    shown = tab.evaluate(CELLS, "Refused rows by step, table and reason")
    assert sum(int(row[2].replace(",", "")) for row in shown) == len(refused)


def test_pictures_of_every_label_are_shown_once_each_with_their_marks(pages):
    page = pages["tiny"]
    shown = page.numbers["pictures"]
    ids = [row["sample_id"] for row in shown]
    assert len(ids) == len(set(ids)) and not any("picture" in row for row in shown)
    of_fanaroff = {row["group"]: row["n_of_group"] for row in shown if row["dataset"] == "demo_fanaroff"}
    assert of_fanaroff["FR-I"] == 28 and of_fanaroff["FR-II"] == 33 and "extremes" in of_fanaroff
    assert all(row["marks"]["bar_told"] and row["marks"]["north"] for row in shown)
    html = page.file.read_text(encoding="utf-8")
    assert html.count('class="marks"') == len(ids) + 3  # and a conversation of each dataset
    assert page.file.stat().st_size < 3e6


# -- what others wrote -------------------------------------------------------------------------------------------------

PLANTED = '</script><script>window.planted = 1</script><img src=x onerror="window.planted = 1">'


@browsing
def test_a_script_in_a_name_or_an_answer_does_not_run(show, tmp_path):
    shelf = planted()
    file = report(shelf, Made(shelf), OPEN, tmp_path / "report.html")
    tab = show(file)
    tab.evaluate(OPEN_ALL)
    assert tab.evaluate("window.planted === undefined")
    assert tab.evaluate("document.scripts.length") == 0 and tab.locator("img[src=x]").count() == 0
    text = tab.evaluate("document.body.textContent")
    assert text.count(PLANTED) >= 3  # as a dataset's name, a label, an answer
    assert tab.evaluate(
        "[...document.querySelectorAll('.plot title')].some(one => one.textContent.includes('planted'))"
    )


def planted() -> Shelf:
    """A corpus whose dataset, labels and answers are scripts."""
    import pyarrow as pa

    shelf = corpus(12, 3)

    def renamed(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        for row in rows:
            row |= {"dataset": PLANTED} if "dataset" in row else {}
            for label in row.get("labels") or []:
                label["label"] = PLANTED
            for turn in row.get("turns") or []:
                turn["answer"] = PLANTED
        return pa.Table.from_pylist(rows, table.schema)

    for step in ("sources", "cutouts", "conversations", "samples", "splits"):
        for k in range(len(shelf.addresses[step])):
            shelf.change(step, renamed, k)
    assert tables(shelf, "samples")[0]["dataset"][0].as_py() == PLANTED
    return shelf
