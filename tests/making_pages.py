"""A page of ours served in a thread, and opened in a real browser: no error of its script is let pass."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from curation.pages.served import Page, Served

SIZES = {"desk": {"width": 1300, "height": 900}, "phone": {"width": 360, "height": 740}}
LONGEST_MS = 300_000  # that a page may take on a busy machine


@contextmanager
def served(page: Page) -> Iterator[str]:
    """The page's address, served in a thread."""
    loop, began, address = asyncio.new_event_loop(), threading.Event(), list[str]()
    end = asyncio.Event()

    async def serve() -> None:
        async with Served(page) as where:
            address.append(where)
            began.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert began.wait(300)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(20)
        loop.close()


@contextmanager
def opened(browser, address: str, ready: str, **options):
    """A page of it in a window of its own, once `ready` (a selector) is there."""
    context = browser.new_context(**{"viewport": SIZES["desk"], **options})
    context.set_default_timeout(LONGEST_MS)
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(address)
    page.wait_for_selector(ready)
    yield page
    assert not errors
    context.close()


def serious(page) -> list[tuple[str, str]]:
    """What axe finds that is serious or critical: the rule, and where it is broken first."""
    from axe_playwright_python.sync_playwright import Axe

    found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]


def asking(address: str) -> Callable[..., tuple[int, str]]:
    """`asked(path, body, Header=…)`: the status, and the policy or the error that came back."""
    base = address.partition("/?key=")[0]

    def asked(path: str, body: object = None, **headers: str) -> tuple[int, str]:
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {one.replace("_", "-"): value for one, value in headers.items()}
        try:
            with urllib.request.urlopen(urllib.request.Request(base + path, sent, head), timeout=120) as answer:
                return answer.status, answer.headers["Content-Security-Policy"]
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["error"]

    return asked


def cookie(address: str, name: str) -> str:
    """That of whoever opened the address, of the page with this name."""
    base, key = address.split("/?key=")
    return f"{name}-{base.rpartition(':')[2]}={key}"
