"""Files from an archive that misbehaves: the right file or one clear line, and nothing half under a file's name."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from catalogs.archive import Archive as List
from catalogs.archive import archives, manifest_rows
from curation.fetching import download as room
from curation.fetching import line as line_room
from curation.fetching.download import download, is_here
from curation.fetching.line import Line, Manners
from curation.fetching.records import Records, fetched_by_digest
from curation.fetching.wanted import Wanted, wanted
from schemas.errors import FetchError, RecipeError
from tests.archive_server import chunked, cut, drip, file, serving, status, until_closed
from tests.conftest import ROOT, run_curation

CONTENT = bytes(range(256)) * 400
SHA = hashlib.sha256(CONTENT).hexdigest()
QUICK = Manners(pause_s=0, tries=3, first_wait_s=0.0, longest_wait_s=60, silent_s=0.3, least_bytes_per_s=2000)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def slept(monkeypatch):
    """Waits, told and not waited."""
    found: list[float] = []
    monkeypatch.setattr(line_room.time, "sleep", found.append)
    return found


def a_list(host: str, **more: object) -> List:
    files = more.pop("files", [{"url": f"http://{host}/one", "path": "sub/one.dat"}])
    said = {"name": "mine", "title": "Mine", "hosts": [host], "licence": "Ask me.", "cite": "Me 2026", "files": files}
    return List.model_validate({**said, **more})


def fetched(archive, raw: Path, *, manners: Manners = QUICK, path: str = "sub/one.dat", **known: object):
    line = Line([archive.host], manners)
    try:
        one = Wanted(f"{archive.url}/one", path, **known)  # type: ignore[arg-type]
        return download(one, raw, line, Records(raw, a_list(archive.host)))
    finally:
        line.close()


def left(raw: Path) -> list[str]:
    return sorted(one.name for one in (raw / "sub").iterdir())


def refused(archive, raw: Path, match: str, **how: object) -> None:
    """One line, and nothing under the file's name."""
    with pytest.raises(FetchError, match=match) as told:
        fetched(archive, raw, **how)  # type: ignore[arg-type]
    assert "\n" not in str(told.value)
    assert not (raw / "sub/one.dat").exists()


def test_a_good_archive_is_asked_once_and_recorded(tmp_path):
    with serving(one=[file(CONTENT)]) as archive:
        found = fetched(archive, tmp_path)
        heads = archive.headers("/one")
    assert (tmp_path / "sub/one.dat").read_bytes() == CONTENT
    assert (found.sha256, found.n_bytes, found.url) == (SHA, len(CONTENT), f"{archive.url}/one")
    assert left(tmp_path) == ["one.dat"]
    assert len(heads) == 1
    assert heads[0]["accept-encoding"] == "identity"
    assert "range" not in heads[0]
    kept = fetched_by_digest(tmp_path)[SHA]
    assert (kept.path, kept.archive, kept.licence, kept.cite) == ("sub/one.dat", "mine", "Ask me.", "Me 2026")


@pytest.mark.parametrize("stall_s", [0.0, 0.8])
def test_a_line_that_is_cut_or_stalls_goes_on_by_range(tmp_path, stall_s):
    with serving(one=[cut(CONTENT, 30_000, stall_s=stall_s), cut(CONTENT, 30_000), file(CONTENT)]) as archive:
        assert fetched(archive, tmp_path).sha256 == SHA
        heads = archive.headers("/one")
    assert [one.get("range") for one in heads] == [None, "bytes=30000-", "bytes=60000-"]
    assert {one.get("if-range") for one in heads[1:]} == {f'"{hashlib.md5(CONTENT).hexdigest()}"'}


def test_a_line_that_drips_is_given_up(tmp_path):
    with serving(one=[drip(CONTENT, 0.02), file(CONTENT)]) as archive:
        assert fetched(archive, tmp_path).sha256 == SHA
        assert len(archive.asked) == 2


def test_a_line_that_always_stalls_is_one_line_and_what_came_waits(tmp_path):
    with serving(one=[cut(CONTENT, 1000, stall_s=0.6), *[cut(CONTENT, 0, stall_s=0.6)] * 9]) as archive:
        refused(archive, tmp_path, r"nothing came for 0.3 s; tried 3 times; run the same command later")
    assert (tmp_path / "sub/.one.dat.part").read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize(
    ("behaviour", "known", "match"),
    [
        (lambda a: a.answer(200, CONTENT, n_told=50_000), {"n_bytes": len(CONTENT)}, "is 50,000 bytes long there"),
        (lambda a: a.answer(200, CONTENT, n_told=50_000), {"sha256": SHA}, "SHA256 .* came, the list says .* twice"),
        (chunked(CONTENT[:-1]), {"n_bytes": len(CONTENT)}, "102,399 bytes came, the list says 102,400, twice"),
        (chunked(CONTENT + b"x"), {"n_bytes": len(CONTENT)}, "more than the 102,400 bytes that it has, twice"),
        (chunked(CONTENT, is_ended=False), {}, "incomplete chunked read.*tried 3 times"),
        (until_closed(CONTENT[:9999]), {}, "nobody says how long it is"),
        (until_closed(CONTENT[:9999]), {"sha256": SHA}, "SHA256 .* came"),
        (file(CONTENT[:-1] + b"x"), {"sha256": SHA}, "SHA256 .* came, the list says .* twice; nothing is kept"),
        (file(CONTENT[:-1] + b"x"), {"md5": hashlib.md5(CONTENT).hexdigest()}, "MD5 .* came"),
        (file(b"<!DOCTYPE html><p>Down for maintenance"), {}, "a web page came"),
        (file(b""), {}, "nothing came"),
        (file(CONTENT, Content_Encoding="gzip"), {}, "packed by gzip"),
        (status(404), {}, "404 Not Found: /one"),
        (status(403), {}, "403 Forbidden: /one wants a login"),
        (status(302), {}, "answers 302 without saying where to"),
        (status(999), {}, r"999 \(no known code\)"),
    ],
)  # fmt: skip
def test_lies_and_wrong_bytes_are_one_line(tmp_path, behaviour, known, match):
    with serving(one=[behaviour]) as archive:
        refused(archive, tmp_path, match, **known)


def test_wrong_bytes_once_are_fetched_again(tmp_path):
    with serving(one=[file(CONTENT[::-1], etag='"a"'), file(CONTENT, etag='"b"')]) as archive:
        assert fetched(archive, tmp_path, sha256=SHA).sha256 == SHA
        assert [one.get("range") for one in archive.headers("/one")] == [None, None]


def test_a_length_that_is_too_long_ends_in_one_line(tmp_path):
    with serving(
        one=[lambda a: (setattr(a, "close_connection", True), a.answer(200, CONTENT, n_told=200_000))]
    ) as archive:
        refused(archive, tmp_path, "tried 3 times")


def test_an_archive_that_sends_elsewhere_is_not_followed(tmp_path):
    with serving(one=[file(CONTENT)]) as other, serving(one=[status(302, Location=f"{other.url}/one")]) as archive:
        refused(
            archive,
            tmp_path,
            rf"sends on to {other.host}: not a host of this list, so it is not asked; known: {archive.host}",
        )
        assert other.asked == []


@pytest.mark.parametrize(
    ("to", "match"),
    [
        ("ftp://127.0.0.1/one", "not a host of this list"),
        ("http://example.org/one", "not a host of this list"),
        ("//user:word@{host}/one", "a name or a password"),
        ("ftp://{host}/one", "found ftp, expected https"),
        ("http://[::bad/one", "sends on to no address"),
    ],
)
def test_no_redirect_leads_out_of_the_list(tmp_path, to, match):
    with serving() as archive:
        archive.paths["/one"] = [status(301, Location=to.replace("{host}", archive.host))]
        refused(archive, tmp_path, match)


def test_redirects_within_the_list_are_followed_and_have_an_end(tmp_path):
    with serving(one=[status(307, Location="/two")], two=[file(CONTENT)]) as archive:
        found = fetched(archive, tmp_path)
    assert (found.url, found.came_from) == (f"{archive.url}/one", f"{archive.url}/two")
    with serving(one=[status(307, Location="/one")]) as archive:
        refused(archive, tmp_path / "other", "sends on more than 5 times")


def test_only_loopback_is_asked_without_tls():
    line = Line(["archive.example"], QUICK)
    assert line.checked("https://archive.example/a").host == "archive.example"
    for url in (
        "http://archive.example/a",
        "https://archive.example.evil.org/a",
        "https://archive.example:8443/a",
        "file:///etc",
    ):
        with pytest.raises(FetchError):
            line.checked(url)
    line.close()


def test_a_certificate_that_nobody_trusts_is_one_line(tmp_path):
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1)).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    kept = tmp_path / "own.pem"
    kept.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(kept)
    with serving(context=context, one=[file(CONTENT)]) as archive:
        line = Line([archive.host], QUICK)
        with pytest.raises(FetchError, match="its certificate is none that this machine trusts"):
            download(
                Wanted(f"https://{archive.host}/one", "sub/one.dat"),
                tmp_path,
                line,
                Records(tmp_path, a_list(archive.host)),
            )
        line.close()
        assert archive.asked == []
    assert left(tmp_path) == []


def day(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("code", [429, 503])
def test_an_archive_that_asks_to_wait_is_given_that_time(tmp_path, slept, code):
    with serving(one=[status(code, Retry_After="7"), status(code, Retry_After=day(30)), file(CONTENT)]) as archive:
        told = list[str]()
        line = Line([archive.host], QUICK, told.append)
        download(
            Wanted(f"{archive.url}/one", "sub/one.dat", sha256=SHA),
            tmp_path,
            line,
            Records(tmp_path, a_list(archive.host)),
        )
        line.close()
    assert told[0].startswith(f"127.0.0.1: {code} ")
    assert told[0].endswith("; asked again in 7 s")
    assert slept[0] == 7
    assert 25 < slept[1] <= 30


@pytest.mark.parametrize("said", ["86400", "9" * 400, "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_wait_is_one_line(tmp_path, slept, said):
    with serving(one=[status(503, Retry_After=said)]) as archive:
        refused(archive, tmp_path, "asks to wait .*: longer than 60 s; run the same command later")
        assert len(archive.asked) == 1
    assert slept == []


@pytest.mark.parametrize("said", ["-5", "soon", "", "1e9", "٣", "Mon, 01 Jan 2024 00:00:00 GMT", "Fri, 99 Foo 2026"])
def test_a_wait_that_says_nothing_is_ours(tmp_path, slept, said):
    manners = Manners(pause_s=0, tries=4, first_wait_s=2, longest_wait_s=60, silent_s=5)
    with serving(one=[status(429, Retry_After=said.encode().decode("latin-1")), status(500), file(CONTENT)]) as archive:
        assert fetched(archive, tmp_path, manners=manners).sha256 == SHA
    assert 1 <= slept[0] <= 2 <= 2 * slept[1] <= 8


def test_waits_grow_with_jitter_and_have_an_end(tmp_path, slept):
    manners = Manners(pause_s=0, tries=6, first_wait_s=2, longest_wait_s=10, silent_s=5)
    with serving(one=[status(502)]) as archive:
        refused(archive, tmp_path, "502 Bad Gateway; tried 6 times", manners=manners)
    assert len(slept) == 5
    assert all(most / 2 <= one <= most for one, most in zip(slept, (2, 4, 8, 10, 10), strict=True))
    assert len(set(slept)) == 5


def started(raw: Path, lists: Path, *words: str) -> subprocess.Popen[bytes]:
    given = ["mine", "--raw", str(raw), "--doors", str(lists), *words]
    command = [sys.executable, "-m", "curation", "fetch", *given]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def lists(folder: Path, archive, **more: object) -> Path:
    """A user's doors with one list of this archive."""
    (folder / "archives").mkdir(parents=True)
    text = {
        "title": "Mine",
        "hosts": [archive.host],
        "licence": "Ask me first.",
        "cite": "Me 2026",
        "pause_s": 0,
        **more,
    }
    said = "".join(f"{name} = {json.dumps(value)}\n" for name, value in text.items() if name != "files")
    files = more.get("files") or [{"url": f"{archive.url}/one", "path": "sub/one.dat"}]
    said += "".join("[[files]]\n" + "".join(f"{n} = {json.dumps(v)}\n" for n, v in one.items()) for one in files)  # type: ignore[attr-defined]
    (folder / "archives/mine.toml").write_text(said)
    return folder


@pytest.mark.parametrize("changed", [False, True])
def test_a_killed_fetch_goes_on_where_it_stopped_and_only_with_the_same_file(tmp_path, changed):
    other = CONTENT[::-1] if changed else CONTENT
    with serving(one=[cut(CONTENT, 40_000, stall_s=9), file(other)]) as archive:
        child = started(tmp_path, lists(tmp_path / "doors", archive))
        part = tmp_path / "sub/.one.dat.part"
        until = time.monotonic() + 300
        while not (part.exists() and part.stat().st_size == 40_000) and time.monotonic() < until:
            time.sleep(0.02)
        child.kill()
        child.communicate()
        assert child.returncode == -signal.SIGKILL
        assert left(tmp_path) == [".one.dat.part", ".one.dat.part.json"]
        assert fetched(archive, tmp_path).sha256 == hashlib.sha256(other).hexdigest()
        heads = archive.headers("/one")
    assert heads[1]["range"] == "bytes=40000-"
    assert heads[1]["if-range"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert left(tmp_path) == ["one.dat"]


def a_part(raw: Path, archive, content: bytes, **version: object) -> None:
    (raw / "sub").mkdir()
    (raw / "sub/.one.dat.part").write_bytes(content)
    told = {"url": f"{archive.url}/one", "etag": '"old"', "last_modified": "", "n_total": len(CONTENT), "came_from": ""}
    (raw / "sub/.one.dat.part.json").write_text(json.dumps(told | version))


def test_a_range_of_another_version_is_thrown_away_though_the_archive_ignores_if_range(tmp_path):
    with serving(one=[file(CONTENT, honest=False)]) as archive:
        a_part(tmp_path, archive, b"x" * 5000)
        assert fetched(archive, tmp_path).sha256 == SHA
        assert [one.get("range") for one in archive.headers("/one")] == ["bytes=5000-", None]


@pytest.mark.parametrize(
    ("version", "condition"),
    [
        ({"etag": 'W/"weak"', "last_modified": "Mon, 02 Nov 2026 10:00:00 GMT"}, "Mon, 02 Nov 2026 10:00:00 GMT"),
        ({"etag": 'W/"weak"'}, None),
        ({"etag": ""}, None),
        ({"url": "http://127.0.0.1/another"}, None),
    ],
)
def test_a_part_goes_on_only_by_something_that_can_be_compared(tmp_path, version, condition):
    with serving(one=[file(CONTENT)]) as archive:
        a_part(tmp_path, archive, CONTENT[:5000], **version)
        assert fetched(archive, tmp_path).sha256 == SHA
        (heads,) = archive.headers("/one")
    assert heads.get("if-range") == condition
    assert ("range" in heads) == (condition is not None)


def test_a_part_that_is_whole_is_not_asked_for_again(tmp_path):
    with serving(one=[status(500)]) as archive:
        a_part(tmp_path, archive, CONTENT)
        assert fetched(archive, tmp_path, sha256=SHA).sha256 == SHA
        assert archive.asked == []


def test_a_part_that_is_longer_than_the_file_starts_again(tmp_path):
    with serving(one=[file(CONTENT, etag='"old"')]) as archive:
        a_part(tmp_path, archive, CONTENT + b"more")
        assert fetched(archive, tmp_path).sha256 == SHA


def test_a_range_that_nobody_asked_for_is_not_taken(tmp_path):
    def wrong(asked):
        asked.answer(206, CONTENT[1:], Content_Range=f"bytes 1-{len(CONTENT) - 1}/{len(CONTENT)}", ETag='"old"')

    with serving(one=[wrong]) as archive:
        a_part(tmp_path, archive, CONTENT[:5000])
        refused(archive, tmp_path, "was asked for bytes from 5,000 on, and sends 'bytes 1-102399/102400'")


def test_a_full_disk_is_told_before_it_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: type("Usage", (), {"free": room.RESERVE_BYTES + 100})())
    with serving(one=[file(CONTENT)]) as archive:
        refused(archive, tmp_path, r"0.00 GB are to come, 0.27 GB are free, and 0.27 GB stay free; make room")


def test_two_at_once_do_not_write_one_file(tmp_path):
    with serving(one=[cut(CONTENT, 40_000, stall_s=3), file(CONTENT)]) as archive:
        child = started(tmp_path, lists(tmp_path / "doors", archive))
        part = tmp_path / "sub/.one.dat.part"
        while not (part.exists() and part.stat().st_size) and child.poll() is None:
            time.sleep(0.02)
        refused(archive, tmp_path, "another process fetches it")
        child.kill()
        child.communicate()


def test_it_is_not_faster_than_it_may_be(tmp_path):
    began = time.monotonic()
    with serving(one=[file(CONTENT)]) as archive:
        fetched(archive, tmp_path, manners=Manners(pause_s=0, most_bytes_per_s=len(CONTENT) / 0.5))
    assert time.monotonic() - began > 0.3


def test_requests_are_apart(tmp_path, slept):
    with serving(one=[status(307, Location="/two")], two=[file(CONTENT)]) as archive:
        fetched(archive, tmp_path, manners=Manners(pause_s=5))
    assert len(slept) == 1
    assert 4 < slept[0] <= 5


def test_a_proxy_of_the_environment_is_asked(tmp_path, monkeypatch):
    with serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        proxy.paths["http://localhost:1/one"] = [file(CONTENT)]
        line = Line(["localhost:1"], QUICK)
        download(
            Wanted("http://localhost:1/one", "sub/one.dat"), tmp_path, line, Records(tmp_path, a_list("localhost:1"))
        )
        line.close()
    assert (tmp_path / "sub/one.dat").read_bytes() == CONTENT


# -- what a file is, where nobody knows its checksum ------------------------------------------------------------------


def fits(n: int = 40) -> bytes:
    import io

    import numpy as np
    from astropy.io import fits as astropy_fits

    sink = io.BytesIO()
    astropy_fits.PrimaryHDU(np.zeros((n, n), np.float32)).writeto(sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("path", "content", "match"),
    [
        ("sub/one.fits", fits()[:-2880], "HDU 0 claims 6400 bytes"),
        ("sub/one.fits", b"no fits at all", "begins with b'no fits at a' came, and no .fits"),
        ("sub/one.fits.gz", gzip.compress(fits())[:-9], "its gzip is broken"),
        ("sub/one.fits.gz", fits(), "came, and no .gz"),
        ("sub/one.parquet", b"PAR1 and no end", "no PAR1 stands there"),
        ("sub/one.xml", b"<VOTABLE> cut", "no </VOTABLE> stands there"),
        (
            "sub/one.xml",
            b'<VOTABLE><INFO name="QUERY_STATUS" value="OVERFLOW"/></VOTABLE>',
            "the service cut the table",
        ),
    ],
)
def test_half_a_file_is_seen_by_its_form(tmp_path, path, content, match):
    with serving(one=[file(content)]) as archive, pytest.raises(FetchError, match=match):
        fetched(archive, tmp_path, path=path)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("sub/one.fits", fits()),
        ("sub/one.fits.gz", gzip.compress(fits())),
        ("sub/one.xml", b"<VOTABLE/></VOTABLE>\n"),
    ],
)
def test_whole_files_are_taken(tmp_path, path, content):
    encoding = {"Content_Encoding": "x-gzip"} if path.endswith(".gz") else {}
    with serving(one=[file(content, **encoding)]) as archive:
        fetched(archive, tmp_path, path=path)
    assert (tmp_path / path).read_bytes() == content


# -- lists ------------------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_asked_for_and_never_written_over(tmp_path):
    with serving(one=[file(CONTENT)]) as archive:
        asked = a_list(archive.host)
        fetched(archive, tmp_path)
        one, place = Wanted(f"{archive.url}/one", "sub/one.dat"), tmp_path / "sub/one.dat"
        assert is_here(one, tmp_path, Records(tmp_path, asked))
        os.utime(place)
        assert is_here(one, tmp_path, Records(tmp_path, asked))
        place.write_bytes(b"mine")
        with pytest.raises(FetchError, match="is there already, SHA-256 .*; move it away"):
            is_here(one, tmp_path, Records(tmp_path, asked))
        assert place.read_bytes() == b"mine"
        (tmp_path / "sub/own.dat").write_bytes(CONTENT)
        assert is_here(Wanted(one.url, "sub/own.dat", sha256=SHA), tmp_path, Records(tmp_path, asked))
        with pytest.raises(FetchError, match="nobody knows where from"):
            (tmp_path / "sub/new.dat").write_bytes(b"x")
            is_here(Wanted(one.url, "sub/new.dat"), tmp_path, Records(tmp_path, asked))


BUCKET = """<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>{}</IsTruncated>
{}</ListBucketResult>"""
KEY = "<Contents><Key>{}</Key><Size>{}</Size><ETag>&quot;{}&quot;</ETag></Contents>"


def test_the_listing_of_a_bucket_names_files_with_their_sizes(tmp_path):
    md5 = hashlib.md5(CONTENT).hexdigest()
    first = BUCKET.format("true", KEY.format("d/G005.5+0.0_Mom0.fits", 7, md5) + KEY.format("d/../../G.fits", 1, ""))
    second = BUCKET.format("false", KEY.format("d/G008.5+0.0_Mom0.fits", 9, "x-2") + KEY.format("d/other.txt", 1, ""))
    with serving() as archive:
        archive.paths["/?prefix=d/"] = [file(first.encode())]
        archive.paths["/?prefix=d/&marker=d%2F..%2F..%2FG.fits"] = [status(503), file(second.encode())]
        kept = {"listing": "s3", "listed": f"{archive.url}/?prefix=d/", "url": f"{archive.url}/{{key}}",
                "pattern": "G*.fits", "path": "images/{file}"}  # fmt: skip
        line = Line([archive.host], QUICK)
        found = wanted(a_list(archive.host, files=[kept]), (), "*", line)
        (only,) = wanted(a_list(archive.host, files=[kept]), (), "G008*", line)
        line.close()
    assert found[0] == Wanted(f"{archive.url}/d/../../G.fits", "images/G.fits", 1, None, None)
    assert found[1] == Wanted(f"{archive.url}/d/G005.5%2B0.0_Mom0.fits", "images/G005.5+0.0_Mom0.fits", 7, None, md5)
    assert only.path == "images/G008.5+0.0_Mom0.fits"
    assert only.md5 is None


def test_the_links_of_a_page_name_files_and_none_leads_away(tmp_path):
    links = (b"?C=N", b"13090+10273I.fits", b"https://evil.example/1.fits", b"/up/")
    page = b"<html>" + b"".join(b'<a href="' + one + b'">x</a>' for one in links)
    with serving() as archive:
        archive.paths["/13090/"] = [file(page)]
        kept = {"listing": "index", "listed": f"{archive.url}/{{name}}/", "url": f"{archive.url}/{{name}}/{{file}}",
                "pattern": "*.fits", "path": "images/{name}/{file}"}  # fmt: skip
        asked = a_list(archive.host, files=[kept], names="[0-9]{5}", names_told="a folder")
        line = Line([archive.host], QUICK)
        assert wanted(asked, ["13090"], "*", line) == [
            Wanted(f"{archive.url}/13090/13090%2B10273I.fits", "images/13090/13090+10273I.fits")
        ]
        for names, match in ((["../.."], "expected a folder"), ([], "which\\? Name a folder")):
            with pytest.raises(RecipeError, match=match):
                wanted(asked, names, "*", line)
        line.close()


@pytest.mark.parametrize(
    "listing",
    [
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>",
        b"<a",
        BUCKET.format("true", "").encode(),
        BUCKET.format("false", "").encode(),
    ],
)
def test_a_listing_that_is_none_is_one_line(listing):
    with serving() as archive:
        archive.paths["/?prefix=d/"] = [file(listing)]
        kept = {
            "listing": "s3",
            "listed": f"{archive.url}/?prefix=d/",
            "url": f"{archive.url}/{{key}}",
            "path": "i/{file}",
        }
        line = Line([archive.host], QUICK)
        with pytest.raises(FetchError) as told:
            wanted(a_list(archive.host, files=[kept]), (), "*", line)
        line.close()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"files": [{"url": "https://a.b/c", "path": "../out"}]}, "below the raw folder"),
        ({"files": [{"url": "https://a.b/c", "path": "/etc/passwd"}]}, "below the raw folder"),
        ({"files": [{"url": "https://a.b/{name}", "path": "one"}], "names": "x", "names_told": "x"}, "same place"),
        ({"files": [{"url": "https://a.b/{name}", "path": "{name}"}]}, "what {name} may be"),
        ({"files": []}, "nothing could be fetched"),
        ({"hosts": ["https://a.b/"]}, "expected names such as"),
        ({"files": [{"url": "https://a.b/c", "path": "c", "listing": "s3"}]}, "listing and listed"),
        ({"files": [{"url": "https://a.b/c", "path": "c", "manifest": "m.csv"}]}, "where a listing or manifest"),
    ],
)
def test_lists_that_cannot_be_are_refused(said, match):
    with pytest.raises(ValueError, match=match):
        a_list("a.b", **said)


def test_a_manifest_beside_a_list_of_the_users_own_says_what_each_file_is(tmp_path, monkeypatch):
    monkeypatch.setenv("RADIO_DOORS", str(tmp_path / "doors"))
    with serving(a=[file(CONTENT)], b=[file(CONTENT[::-1])]) as archive:
        files = [{"url": f"{archive.url}/{{file}}", "path": "sub/{file}", "manifest": "mine.csv"}]
        lists(tmp_path / "doors", archive, files=files)
        (tmp_path / "doors/archives/mine.csv").write_text(
            "file,bytes,sha256\n" + "".join(f"{one},{len(CONTENT)},{SHA}\n" for one in "ab")
        )
        line, told = Line([archive.host], QUICK), list[str]()
        line.say = told.append
        right, wrong = wanted(archives()["mine"], (), "*", line)
        records = Records(tmp_path, archives()["mine"])
        assert download(right, tmp_path, line, records).sha256 == SHA
        with pytest.raises(FetchError, match="twice; nothing is kept"):
            download(wrong, tmp_path, line, records)
        (tmp_path / "doors/archives/mine.csv").write_text("file,bytes,sha256\n../a,1,x\n")
        with pytest.raises(RecipeError, match="expected a file's name, its bytes and its SHA-256"):
            wanted(archives()["mine"], (), "*", line)
        line.close()
    assert left(tmp_path) == ["a"]
    assert all("SHA256" in one for one in told)


def test_every_list_of_ours_asks_its_own_hosts_by_https_and_says_its_terms():
    lines = {name: Line(one.hosts, QUICK) for name, one in archives().items()}
    assert {
        "smgps",
        "emu",
        "first",
        "first_catalog",
        "lotss_dr2",
        "lotss_catalogs",
        "racs",
        "mirabest",
        "rgz",
        "vizier",
    } == set(lines)
    for name, one in archives().items():
        assert len(one.licence) > 10
        for kept in one.files:
            for url in filter(None, (kept.url, kept.listed)):
                assert lines[name].checked(url.replace("{", "").replace("}", "")).scheme == "https"
        lines[name].close()


def test_the_manifest_of_mirabest_is_of_the_files_that_we_have(raw):
    known = {name: (n_bytes, sha256) for name, n_bytes, sha256 in manifest_rows("mirabest.csv")}
    ours = sorted((raw / "images/first_mirabest").glob("*.fits.gz"))[::20]
    assert len(known) == 1255
    assert ours
    for one in ours:
        content = gzip.decompress(one.read_bytes())
        assert known[one.stem] == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("IV/24", True), ("J/A+A/659/A1", True), ("VIII/92/first14", True), ("J/ApJS/212/1", True), ("../etc", False),
     ("IV/24&-out=x", False), ("J/A+A/659/A1/../..", False)],
)  # fmt: skip
def test_tables_of_vizier_are_named_and_nothing_else(name, is_one):
    line = Line(["vizier.cds.unistra.fr"], QUICK)
    if is_one:
        (one,) = wanted(archives()["vizier"], [name], "*", line)
        assert name.replace("/", "%2F").replace("+", "%2B") in one.url
        assert one.path == f"catalogs/vizier/{name.replace('/', '_')}.tsv"
    else:
        with pytest.raises(RecipeError, match="expected a catalogue"):
            wanted(archives()["vizier"], [name], "*", line)
    line.close()


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_shows_the_terms_once_and_what_fails_does_not_stop_the_rest(tmp_path):
    with serving(one=[file(CONTENT)], two=[status(404), file(CONTENT)]) as archive:
        files = [
            {"url": f"{archive.url}/two", "path": "sub/two.dat"},
            {"url": f"{archive.url}/one", "path": "sub/one.dat", "sha256": SHA},
        ]
        doors, raw = lists(tmp_path / "doors", archive, files=files), tmp_path / "raw"
        raw.mkdir()
        words = ("fetch", "mine", "--raw", raw, "--doors", doors)
        dry = run_curation(*words, "--dry-run")
        assert (dry.returncode, dry.stdout.splitlines()[-1]) == (0, "2 files; 0 bytes of the 0 whose size is known")
        assert archive.asked == []
        first = run_curation(*words)
        assert first.returncode == 1
        assert first.stderr.index("Ask me first.") < first.stderr.index("sub/one.dat")
        assert "not fetched: 127.0.0.1: 404 Not Found: /two" in first.stderr
        assert first.stdout == f"mine: 1 fetched, 0 were here, 1 not; below {raw}\n"
        second = run_curation(*words, "--json")
    assert second.returncode == 0
    assert "Ask me first." not in second.stderr
    assert json.loads(second.stdout) == {
        "archive": "mine", "fetched": ["sub/two.dat"], "here": ["sub/one.dat"], "failed": {}
    }  # fmt: skip
    assert [path for path, _ in archive.asked] == ["/two", "/one", "/two"]


def test_the_command_lists_the_lists_and_refuses_what_is_none(tmp_path):
    told = run_curation("fetch")
    assert "smgps" in told.stdout
    assert "name a pointing, such as P205+55" in told.stdout
    for words, match in (
        (("nowhere",), "no archive 'nowhere'; known: emu, first"),
        (("rgz", "x"), "this list takes none"),
        (("lotss_dr2",), "which? Name a pointing"),
        (("emu", "2042-55"), "CASDA wants a login"),
    ):
        wrong = run_curation("fetch", *words, "--raw", tmp_path)
        assert wrong.returncode == 2
        assert match in wrong.stderr


# -- where it came from, told -----------------------------------------------------------------------------------------


def test_why_and_a_release_tell_where_a_mosaic_was_had_from(demo_build, tmp_path):
    from curation.deposit.about import read_about
    from curation.deposit.facts import facts_of
    from curation.deposit.release import release
    from curation.engine.store import Store
    from curation.fetching.records import Fetched, fetched_in
    from curation.release.why import chain

    (mosaic, *_) = facts_of(demo_build.handover).rows["mosaics"]
    records = Records(tmp_path, a_list("archive.example"))
    came = Fetched(mosaic["mosaic"], 9, mosaic["mosaic_sha256"], "https://archive.example/m.fits", "https://archive.example/m.fits",
                   '"a"', "", "2026-11-30T06:00:00+00:00", 1)  # fmt: skip
    records.add(came)
    records.add(
        Fetched("unused.fits", 1, "0" * 64, "https://archive.example/u", "", "", "", "2026-11-30T06:00:00+00:00", 1)
    )
    (sample_id, *_) = pq.read_table(demo_build.handover / "provenance.parquet", columns=["sample_id"])[
        "sample_id"
    ].to_pylist()
    found = chain(sample_id, Store(str(demo_build.store)))
    found["cutout"]["mosaic_sha256"] = mosaic["mosaic_sha256"]
    (told,) = fetched_in(found, tmp_path)
    assert told.line == "https://archive.example/m.fits (mine, 2026-11-30); Ask me."
    about = tmp_path / "about.toml"
    about.write_text(
        'version = "1"\ndate = 2026-12-01\npublisher = "X"\nlicence = "CC-BY-4.0"\n[[creators]]\nname = "Doe, Jane"\n'
    )
    fetched = {sha256: one.published for sha256, one in fetched_by_digest(tmp_path).items()}
    release(demo_build.handover, read_about(about), tmp_path / "out", fetched=fetched)
    (row,) = json.loads((tmp_path / "out/fetched.json").read_text())["files"]
    assert (row["path"], row["url"], row["licence"]) == (mosaic["mosaic"], "https://archive.example/m.fits", "Ask me.")
    assert "fetched.json" in (tmp_path / "out/SHA256SUMS").read_text()
    release(demo_build.handover, read_about(about), tmp_path / "without")
    assert not (tmp_path / "without/fetched.json").exists()
