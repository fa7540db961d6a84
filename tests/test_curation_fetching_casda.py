"""What CASDA stages for a login: astroquery itself asks a server of ours that speaks as CASDA does."""

from pathlib import Path

import pytest

from catalogs.archive import archives
from curation.fetching import casda as room
from curation.fetching.casda import login_of, staged
from curation.fetching.line import Line, Manners
from schemas.errors import FetchError, RecipeError
from tests.archive_server import file, serving

pytest.importorskip("astroquery", reason="astroquery is not installed: pip install radio-corpus[casda]")
NAME = "image.i.EMU_2042-55.SB72149.cont.taylor.0.restored.conv.fits"
FIELD = '<FIELD name="{}" datatype="char" arraysize="*"/>'
TABLE = """<?xml version="1.0"?><VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3" version="1.3">
<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/><TABLE>{}<DATA><TABLEDATA>{}</TABLEDATA></DATA></TABLE>
</RESOURCE>
{}</VOTABLE>"""
SERVICE = """<RESOURCE type="meta" ID="async_service" utype="adhoc:service">
<PARAM name="accessURL" datatype="char" arraysize="*" value="{}"/></RESOURCE>"""
JOB = """<uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink">
<uws:phase>{}</uws:phase><uws:results>{}</uws:results></uws:job>"""


def table(rows: dict[str, str], more: str = "") -> bytes:
    cells = "<TR>" + "".join(f"<TD>{one}</TD>" for one in rows.values()) + "</TR>"
    return TABLE.format("".join(FIELD.format(one) for one in rows), cells, more).encode()


@pytest.fixture
def login(tmp_path) -> Path:
    kept = tmp_path / "casda.login"
    kept.write_text("me@example.org\nsecret words\n")
    kept.chmod(0o600)
    return kept


@pytest.fixture
def casda(monkeypatch):
    from astroquery.casda import CasdaClass

    with serving() as archive:
        monkeypatch.setattr(room, "TAP", f"{archive.url}/tap")
        monkeypatch.setattr(CasdaClass, "_login_url", f"{archive.url}/login")
        monkeypatch.setattr(CasdaClass, "POLL_INTERVAL", 0)
        link = {"service_def": "async_service", "authenticated_id_token": "TOKEN"}
        archive.paths |= {
            "/tap/sync": [file(table({"filename": NAME, "access_url": f"{archive.url}/link"}))],
            "/login": [lambda a: a.answer(200 if a.headers.get("Authorization") == WORDS else 401)],
            "/link": [file(table(link, SERVICE.format(f"{archive.url}/async")))],
            "/async?ID=TOKEN": [lambda a: a.answer(303, Location=f"{archive.url}/job")],
            "/job": [file(JOB.format("COMPLETED", "").encode(), ranges=False), done(archive.url, archive.url)],
            "/job/phase": [file(b"")],
        }
        yield archive


WORDS = "Basic bWVAZXhhbXBsZS5vcmc6c2VjcmV0IHdvcmRz"


def done(*urls: str):
    results = "".join(
        f'<uws:result id="{k}" xlink:href="{url.replace(":", "%3A").replace("/", "%2F")}%2Fweb%2F{name}"/>'
        for k, url in enumerate(urls)
        for name in (NAME, f"{NAME}.checksum")
    )
    return file(JOB.format("COMPLETED", results).encode(), ranges=False)


def asked(archive, login: tuple[str, str], *, only: str = "*"):
    line = Line([archive.host], Manners(pause_s=0))
    try:
        return staged(archives()["emu"], ["2042-55"], only, login, line)
    finally:
        line.close()


def test_files_are_found_staged_and_named(casda, login):
    casda.paths["/job"] = [done(casda.url)]
    (one,) = asked(casda, login_of(login))
    assert (one.url, one.path) == (f"{casda.url}/web/{NAME}", f"images/emu_main/{NAME}")
    assert casda.headers("/login")[0]["authorization"] == WORDS


def test_a_wrong_password_and_a_strange_host_are_one_line(casda, login):
    with pytest.raises(FetchError, match="does not take the login of the file"):
        asked(casda, ("me@example.org", "wrong"))
    with pytest.raises(FetchError, match=r"no file ready where \(filename LIKE 'image.i.EMU_2042-55.SB%"):
        asked(casda, login_of(login), only="nothing*")
    casda.paths["/job"] = [done("http://elsewhere.example")]
    with pytest.raises(FetchError, match=r"elsewhere.example: not a host of this list"):
        asked(casda, login_of(login))
    casda.paths["/tap/sync"] = [file(b"<html>no")]
    with pytest.raises(FetchError, match="CASDA: ") as told:
        asked(casda, login_of(login))
    assert "\n" not in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "mode", "match"),
    [
        ("me\nword\n", 0o644, "others may read it; chmod 600"),
        ("me\n", 0o600, "expected two lines"),
        (None, 0, "No such file"),
    ],
)
def test_a_login_is_a_file_of_two_lines_that_nobody_else_reads(tmp_path, text, mode, match):
    kept = tmp_path / "login"
    if text is not None:
        kept.write_text(text)
        kept.chmod(mode)
    with pytest.raises(RecipeError, match=match):
        login_of(kept)
