"""The pictures of docs/tour.md: the demo's pages in headless Chromium, as somebody who takes the tour sees them.

    python docs/tour/pictures.py --demo demo        # `make tour`; minutes, for a corpus is built again on the way

The demo is copied and its copy decided about, built and released, by the commands that the tour tells. Needs the
system's Chromium.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DESK, PHONE = {"width": 1180, "height": 800}, {"width": 360, "height": 640}
CORPUS, QUALITY = "tiny", 80
BAD, WRONG, ASKED = "F042", "F011", "O031a"
"""Sources of the demo: a ring that is rejected, one that is corrected, and one that is asked about."""


def main() -> None:
    """Make all of them, and print what the commands said."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--demo", type=Path, default=Path("demo"), help="made by `make demo`")
    parser.add_argument("--out", type=Path, default=HERE, help="where pictures go")
    given = parser.parse_args()
    if not (given.demo / "store" / "llava" / CORPUS).is_dir():
        sys.exit(f"{given.demo}: no demo; make one with `make demo`")
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="radio-tour-") as folder:
        demo = Path(folder) / "demo"
        shutil.copytree(given.demo, demo, symlinks=True)
        with server() as address, browser() as program:
            Tour(demo, address, program, given.out).take()


class Tour:
    """A walk through a copy of the demo."""

    def __init__(self, demo: Path, server_address: str, program: Any, out: Path) -> None:
        """`program`: Playwright's browser; `server_address`: of a model's server."""
        self.demo, self.server, self.browser, self.out = demo, server_address, program, out
        self.store = ["--store", str(demo / "store")]
        self.raw = ["--raw", str(demo / "raw")]

    def take(self) -> None:
        """From the report to the release."""
        before = self.handover
        self.shoot("report", f"file://{self.report}", lambda page: page.wait_for_timeout(300))
        with self.served("browse", CORPUS, *self.store) as address:
            self.shoot("browse", address, _loaded)
            self.shoot("chain", address, lambda page: self._chain(page))
        with self.served("review", CORPUS, "--reviewer", "ann", *self.store, *self.raw) as address:
            self.shoot("review", address, lambda page: self._review(page))
        self.say("review", "list", CORPUS, *self.store)
        self.say("plan", CORPUS, *self.store, *self.raw)
        self.say("build", CORPUS, *self.store, *self.raw, "--workers", "0", "--server", self.server)
        self.say("diff", str(before), f"latest-{CORPUS}", *self.store)
        with self.served("browse", CORPUS, *self.store) as address:
            self.shoot("compare", address, lambda page: self._compare(page))
        asking = ("assistant", CORPUS, *self.store, *self.raw, "--server", self.server)
        with self.served(*asking) as address:
            self.shoot("assistant", address, _asked)
            self.phones(address)
        release = ("release", str(self.handover), "--about", str(HERE / "release.toml"))
        self.say(*release, "--out", str(self.demo / "radio-demo-1.0"))

    @property
    def handover(self) -> Path:
        """The newest one."""
        folders = (self.demo / "store" / "llava" / CORPUS).iterdir()
        return max((one for one in folders if one.is_dir()), key=lambda one: one.stat().st_mtime)

    @property
    def report(self) -> Path:
        """The page of the newest one."""
        return self.demo / "store" / "reports" / CORPUS / self.handover.name / "report.html"

    def say(self, *words: str) -> None:
        """Run a command as a person would, and show what it says; it must not fail."""
        print(f"\n$ python -m curation {' '.join(words)}", flush=True)
        subprocess.run([sys.executable, "-m", "curation", *words], check=True, cwd=ROOT)

    @contextmanager
    def served(self, *words: str) -> Iterator[str]:
        """The address that a command prints which serves a page; it is ended behind the block."""
        command = [sys.executable, "-u", "-m", "curation", *words]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                line = next(one for one in iter(process.stdout.readline, "") if "/?key=" in one)  # pyright: ignore
                yield line.split()[-1]
            finally:
                process.terminate()

    def shoot(self, name: str, address: str, act: Callable[[Any], None], **options: Any) -> Image.Image:
        """A picture of a page after something was done there; `name`: of the file, empty for none."""
        page = self.browser.new_context(**{"viewport": DESK, **options}).new_page()
        page.goto(address)
        act(page)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        page.context.close()
        if name:
            picture.save(self.out / f"{name}.webp", quality=QUALITY, method=6)
            print(f"{name}.webp {(self.out / f'{name}.webp').stat().st_size / 1000:.0f} kB", flush=True)
        return picture

    def phones(self, assistant: str) -> None:
        """Report, list and assistant on a phone in the dark, side by side."""
        dark = {"viewport": PHONE, "color_scheme": "dark", "device_scale_factor": 1}
        shots = [self.shoot("", f"file://{self.report}", lambda page: page.wait_for_timeout(300), **dark)]
        with self.served("browse", CORPUS, *self.store) as address:
            shots.append(self.shoot("", address, _loaded, **dark))
        shots.append(
            self.shoot("", assistant, lambda page: page.locator(".frame").scroll_into_view_if_needed(), **dark)
        )
        sheet = Image.new("RGB", (sum(one.width for one in shots) + 40, PHONE["height"]), (128, 136, 146))
        for place, one in enumerate(shots):
            sheet.paste(one, (place * (PHONE["width"] + 20), 0))
        sheet.save(self.out / "phone.webp", quality=QUALITY, method=6)
        print(f"phone.webp {(self.out / 'phone.webp').stat().st_size / 1000:.0f} kB", flush=True)

    # -- by hand ---------------------------------------------------------------------------------------------------

    def _chain(self, page: Any) -> None:
        page.goto(f"{page.url.partition('#')[0]}#?text=bounding&near={ASKED}&radius_arcmin=1")
        page.wait_for_selector(f".card:has-text('{ASKED}')")
        page.locator(f".card:has-text('{ASKED}')").first.click()
        page.wait_for_selector(".chain")
        _loaded(page)

    def _review(self, page: Any) -> None:
        """Reject one, correct another by its dialog, and stop before the third."""
        samples = self._samples()
        for source, keys in ((BAD, ("r",)), (WRONG, ())):
            self._go(page, samples[source])
            for key in keys:
                page.keyboard.press(key)
                _decided(page)
        page.keyboard.press("c")
        page.select_option("#label", "DIFFUSE-LARGE")
        page.check("#instead")
        page.fill("#correct-note", "it fills half of the picture")
        page.keyboard.press("Enter")
        _decided(page)
        self._go(page, samples[WRONG])
        page.keyboard.press("g")
        page.wait_for_timeout(300)

    def _go(self, page: Any, conversation_id: str) -> None:
        page.evaluate("id => import('/page.js').then((module) => module.show(id))", conversation_id)
        page.wait_for_selector("#sample:not([aria-busy=true]) #turns li")
        page.wait_for_timeout(300)

    def _samples(self) -> dict[str, str]:
        """A conversation of each source that the tour decides about."""
        import pyarrow.parquet as pq

        columns = ["source_name", "conversation_id"]
        rows = pq.read_table(self.handover / "provenance.parquet", columns=columns).to_pylist()
        return {row["source_name"]: row["conversation_id"] for row in rows}

    def _compare(self, page: Any) -> None:
        page.wait_for_selector(".card")
        page.keyboard.press("c")
        page.wait_for_selector("#compare:not([hidden])")
        page.click("#compare-form button")
        page.wait_for_selector("#kinds button:has-text('other labels')")
        page.click("#kinds button:has-text('other labels')")
        page.wait_for_selector("#changes .change")
        _loaded(page)


def _decided(page: Any) -> None:
    """Once a decision is kept and the next sample shown."""
    page.wait_for_selector("#status:has-text('takes it back')")
    page.wait_for_selector("#sample[aria-busy=false]")


def _asked(page: Any) -> None:
    page.wait_for_selector("#survey option", state="attached")
    page.select_option("#survey", "demo_galactic")
    page.fill("#place", ASKED)
    page.press("#place", "Enter")
    page.wait_for_selector("#whole:not([hidden])")
    page.locator("#suggestions button").nth(1).click()
    page.press("#question", "Enter")
    page.wait_for_selector("#turns .answer")
    page.check("#catalogued")
    _loaded(page)


def _at_the_picture(page: Any) -> None:
    page.wait_for_selector("#turns .answer")
    page.locator(".frame").scroll_into_view_if_needed()
    _loaded(page)


def _loaded(page: Any) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)


@contextmanager
def server() -> Iterator[str]:
    """A server that answers by rule, in a process of its own, in the place of a model's."""
    command = [sys.executable, "-m", "curation.asking.rule_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield str(process.stdout and process.stdout.readline().strip())
        finally:
            process.terminate()


@contextmanager
def browser() -> Iterator[Any]:
    """The system's Chromium."""
    from playwright.sync_api import sync_playwright

    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if program is None:
        sys.exit("no Chromium: install the system's package chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


if __name__ == "__main__":
    main()
