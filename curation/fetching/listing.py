"""What a listing of an archive names: the XML of a bucket, or the links of a page. Odd names are left out.

A listing is told by somebody else: it decides which files there are, never which host is asked or where a file goes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

from catalogs.archive import FILE
from curation.fetching.line import Line
from schemas.errors import FetchError

MOST_PAGES = 1000
MD5_DIGITS = 32


@dataclass(frozen=True)
class Listed:
    """A file that a listing names; `key`: with the folders before it, as it stands in an address."""

    file: str
    key: str
    n_bytes: int | None = None
    md5: str | None = None


def listed(line: Line, kind: str, address: str, pattern: str) -> list[Listed]:
    """The files of a listing whose names fit a pattern, each name once, by name. Raises FetchError."""
    found = _of_bucket(line, address) if kind == "s3" else _of_page(line, address)
    named = {one.file: one for one in found if FILE.fullmatch(one.file) and fnmatchcase(one.file, pattern)}
    if not named:
        raise FetchError(f"{address}: lists no file that is called {pattern}")
    return [named[name] for name in sorted(named)]


def _of_bucket(line: Line, address: str) -> Iterator[Listed]:
    """Page after page of ListBucketResult, by marker."""
    marker = ""
    for _ in range(MOST_PAGES):
        more = f"&marker={quote(marker, safe='')}" if marker else ""
        root = _parsed(line.text(address + more), address)
        keys = list[str]()
        for one in root.iter():
            if _tag(one) == "Contents":
                said = {_tag(child): (child.text or "").strip() for child in one}
                keys.append(said.get("Key", ""))
                yield _listed(said)
        told = {_tag(one): (one.text or "").strip() for one in root}
        if told.get("IsTruncated") != "true":
            return
        after = told.get("NextMarker") or (keys[-1] if keys else "")
        if not after or after == marker:
            raise FetchError(f"{address}: the listing says that there is more, and not where")
        marker = after
    raise FetchError(f"{address}: a listing of more than {MOST_PAGES} pages")


def _listed(said: dict[str, str]) -> Listed:
    key, etag = said.get("Key", ""), said.get("ETag", "").strip('"').lower()
    size = said.get("Size", "")
    is_md5 = len(etag) == MD5_DIGITS and all(one in "0123456789abcdef" for one in etag)
    return Listed(
        key.rsplit("/", 1)[-1], quote(key, safe="/"), int(size) if size.isascii() and size.isdigit() else None,
        etag if is_md5 else None,
    )  # fmt: skip


def _parsed(text: bytes, address: str) -> ElementTree.Element:
    if b"<!DOCTYPE" in text[:2000] or b"<!ENTITY" in text[:2000]:  # entities could grow without end
        raise FetchError(f"{address}: found a page, expected the listing of a bucket")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - without a DOCTYPE there are no entities
    except ElementTree.ParseError as error:
        raise FetchError(f"{address}: no XML: {error}") from None


def _tag(one: ElementTree.Element) -> str:
    return one.tag.rsplit("}", 1)[-1]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _of_page(line: Line, address: str) -> Iterator[Listed]:
    links = _Links()
    links.feed(line.text(address).decode("utf-8", "replace"))
    for one in links.found:
        split = urlsplit(one)
        if not split.scheme and not split.netloc and not split.query:
            name = unquote(split.path.rsplit("/", 1)[-1])
            yield Listed(name, quote(name, safe=""))
