"""The line to an archive: its hosts alone, by https, slowly, with patience. Nothing here knows of files.

Redirects are followed by hand, so that none leads elsewhere. What may pass by itself raises AgainError; what does not
is a FetchError.
"""

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from schemas.errors import FetchError

MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
PASSING = (408, 425, 429, 500, 502, 503, 504)
WHO = "radio-corpus (https; one file after the other)"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Only these may be asked without TLS: nobody else listens on the way."""


class AgainError(Exception):
    """What may pass by itself. `wait_s`: for how long the archive asks to wait; None: it says nothing."""

    def __init__(self, told: str, wait_s: float | None = None) -> None:
        super().__init__(told)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Manners:
    """How an archive is asked."""

    pause_s: float = 1.0
    """Between two requests."""
    most_bytes_per_s: float = math.inf
    tries: int = 6
    """In a row that bring nothing."""
    first_wait_s: float = 2.0
    longest_wait_s: float = 900.0
    """Who asks for more is asked again on another day."""
    silent_s: float = 60.0
    """Nothing comes for so long: the line is given up, and asked again."""
    least_bytes_per_s: float = 500.0
    """On average over `silent_s`; below it a line counts as silent."""


@dataclass
class Line:
    """Asks the hosts of an archive, one request at a time."""

    hosts: Sequence[str]
    manners: Manners = field(default_factory=Manners)
    say: Callable[[str], None] = field(default=lambda _: None)
    """Told of every wait."""

    def __post_init__(self) -> None:
        timeout = httpx.Timeout(self.manners.silent_s, connect=min(20.0, self.manners.silent_s))
        self.client = httpx.Client(timeout=timeout, headers={"User-Agent": WHO, "Accept-Encoding": "identity"})
        self.asked_at = -math.inf

    def close(self) -> None:
        """Hang up."""
        self.client.close()

    def checked(self, url: str | httpx.URL) -> httpx.URL:
        """The address, if it may be asked. Raises FetchError."""
        try:
            found = httpx.URL(url)
        except (httpx.InvalidURL, TypeError, ValueError):
            raise FetchError(f"found {url!r:.200}, no address") from None
        host = found.host if found.port is None else f"{found.host}:{found.port}"
        known = f"known: {', '.join(self.hosts)}"
        if found.userinfo:
            raise FetchError(f"{host}: found an address with a name or a password in it, which nobody wrote")
        if host not in self.hosts:
            raise FetchError(f"{host or 'no host'}: not a host of this list, so it is not asked; {known}")
        if found.scheme != "https" and not (found.scheme == "http" and found.host in LOOPBACK):
            raise FetchError(f"{host}: found {found.scheme}, expected https")
        return found

    @contextmanager
    def asked(self, url: str, headers: dict[str, str] | None = None) -> Iterator[httpx.Response]:
        """An answer with code 200, 206 or 416, not yet read. Raises AgainError and FetchError."""
        at = self.checked(url)
        for _ in range(MOST_REDIRECTS + 1):
            self._pause()
            try:
                with self.client.stream("GET", at, headers=headers) as answer:
                    if answer.status_code not in REDIRECTS:
                        yield _usable(answer)
                        return
                    at = self._moved(at, answer)
            except httpx.TimeoutException:
                raise AgainError(f"{at.host}: nothing came for {self.manners.silent_s:g} s") from None
            except (httpx.TransportError, httpx.StreamError) as error:
                if "location header" in str(error):
                    raise FetchError(f"{at.host} sends on to no address: {_told(error)}") from None
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise FetchError(f"{at.host}: its certificate is none that this machine trusts") from None
                raise AgainError(f"{at.host}: {_told(error)}") from None
        raise FetchError(f"{at.host}: sends on more than {MOST_REDIRECTS} times")

    def text(self, url: str, most_bytes: int = 64_000_000) -> bytes:
        """A whole answer, asked again as often as manners allow. Raises FetchError."""

        def whole() -> bytes:
            with self.asked(url) as answer:
                found = bytearray()
                for part in self.parts(answer):
                    found += part
                    if len(found) > most_bytes:
                        raise FetchError(f"{answer.url.host}: a listing of more than {most_bytes:,} bytes")
                return bytes(found)

        waits = Waits(self)
        while True:
            try:
                return whole()
            except AgainError as error:
                waits.wait(error)

    def parts(self, answer: httpx.Response) -> Iterator[bytes]:
        """The bytes of an answer as they come, not faster than manners allow. Raises AgainError where too few come."""
        began = window = time.monotonic()
        n_all = n_window = 0
        for part in answer.iter_raw():
            n_all, n_window, now = n_all + len(part), n_window + len(part), time.monotonic()
            yield part
            if now - window >= self.manners.silent_s:
                if n_window < self.manners.least_bytes_per_s * (now - window):
                    told = f"{n_window:,} bytes in {now - window:.0f} s"
                    raise AgainError(f"{answer.url.host}: {told}; the line is given up")
                window, n_window = now, 0
            ahead = n_all / self.manners.most_bytes_per_s - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)

    def _pause(self) -> None:
        left = self.asked_at + self.manners.pause_s - time.monotonic()
        if left > 0:
            time.sleep(left)
        self.asked_at = time.monotonic()

    def _moved(self, at: httpx.URL, answer: httpx.Response) -> httpx.URL:
        to = answer.headers.get("Location", "")
        if not to:
            raise FetchError(f"{at.host}: answers {answer.status_code} without saying where to")
        try:
            return self.checked(at.join(to))
        except FetchError as error:
            raise FetchError(f"{at.host} sends on to {error}") from None
        except httpx.InvalidURL:
            raise FetchError(f"{at.host} sends on to {to!r:.200}, no address") from None


@dataclass
class Waits:
    """How often and how long something is tried again."""

    line: Line
    n_tried: int = 0

    def wait(self, error: AgainError) -> None:
        """Wait before the next try. Raises FetchError where there is none, or the archive asks for too long."""
        self.n_tried += 1
        manners = self.line.manners
        if error.wait_s is not None and error.wait_s > manners.longest_wait_s:
            told = f"longer than {manners.longest_wait_s:g} s; run the same command later, it goes on from there"
            raise FetchError(f"{error}, and asks to wait {_time(error.wait_s)}: {told}")
        if self.n_tried >= manners.tries:
            raise FetchError(f"{error}; tried {self.n_tried} times; run the same command later, it goes on from there")
        own = min(manners.first_wait_s * 2 ** (self.n_tried - 1), manners.longest_wait_s) * random.uniform(0.5, 1.0)
        wait_s = max(own, error.wait_s or 0.0)
        self.line.say(f"{error}; asked again in {wait_s:.0f} s")
        time.sleep(wait_s)

    def gained(self) -> None:
        """Something came: what comes next is no longer in a row with what failed."""
        self.n_tried = 0


def _usable(answer: httpx.Response) -> httpx.Response:
    code = answer.status_code
    told = f"{answer.url.host}: {code} {_phrase(code)}"
    if code in (200, 206, 416):
        return answer
    if code in PASSING:
        raise AgainError(told, _retry_after_s(answer.headers.get("Retry-After", "")))
    if code in (401, 403):
        raise FetchError(f"{told}: {answer.url.path} wants a login, or is not for everybody")
    raise FetchError(f"{told}: {answer.url.path}")


def _retry_after_s(said: str) -> float | None:
    """Seconds, from seconds or a day; None for what is neither, or lies in the past."""
    said = said.strip()
    if said.isascii() and said.isdigit():
        return float(said) if len(said) < 300 else math.inf  # noqa: PLR2004 - what a float can hold
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError):
        return None
    left = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return left if left > 0 else None


def _time(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 1e12 else "for ever"  # noqa: PLR2004 - thirty thousand years


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "(no known code)"


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
