"""A release goes to a hub that stands here, whole and once; what may not go out does not, and no secret is told."""

import asyncio
import base64
import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner

from curation.cli import curation
from curation.deposit.about import read_about
from curation.deposit.publish import Plan, plan, publish
from curation.deposit.release import release
from schemas.errors import GateError, RecipeError, StepError

TOKEN = "hf_thisIsASecretOfTheTest"
ABOUT = """
version = "1.0.0"
date = 2026-06-01
publisher = "An institute"
licence = "CC-BY-4.0"
[[creators]]
name = "Doe, Jane"
"""
TODAY = "2026-11-30"
TO = "institute/radio"


class Hub:
    """As much of the hub as an upload of small files asks for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.private: bool | None = None
        self.commits: list[str] = []
        self.tags: list[str] = []
        self.tokens: set[str | None] = set()
        self.loses = ""
        self.refuses = False
        self.loop = asyncio.new_event_loop()
        self.address = ""
        self.ready = threading.Event()

    def __enter__(self) -> "Hub":
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.ready.wait(20)
        return self

    def __exit__(self, *_error: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        app = web.Application(client_max_size=2**28)
        api = f"/api/datasets/{TO}"
        app.add_routes([
            web.post("/api/repos/create", self._create), web.post("/api/validate-yaml", self._yaml),
            web.post(f"{api}/preupload/main", self._preupload), web.post(f"{api}/commit/main", self._commit),
            web.get(f"{api}/tree/main", self._tree), web.get(f"{api}/refs", self._refs),
            web.post(f"{api}/tag/main", self._tag),
        ])  # fmt: skip
        runner = web.AppRunner(app)
        self.loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self.loop.run_until_complete(site.start())
        self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(runner.cleanup())
        self.loop.close()

    async def _create(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("Authorization"))
        if self.refuses:
            return web.json_response({"error": f"not with {request.headers['Authorization']}"}, status=403)
        said = await request.json()
        self.private = said.get("visibility") == "private" or bool(said.get("private"))
        return web.json_response({"url": f"{self.address}/datasets/{TO}"})

    async def _yaml(self, request: web.Request) -> web.Response:
        assert (await request.json())["content"].startswith("---\n")
        return web.json_response({"errors": [], "warnings": []})

    async def _preupload(self, request: web.Request) -> web.Response:
        asked = [one["path"] for one in (await request.json())["files"]]
        return web.json_response({
            "files": [{"path": one, "uploadMode": "regular", "shouldIgnore": False, "oid": None} for one in asked]
        })  # fmt: skip

    async def _commit(self, request: web.Request) -> web.Response:
        for line in (await request.text()).splitlines():
            said = json.loads(line)
            if said["key"] == "header":
                self.commits.append(said["value"]["summary"])
            elif said["value"]["path"] != self.loses:
                self.files[said["value"]["path"]] = base64.b64decode(said["value"]["content"])
        return web.json_response({
            "success": True, "commitOid": "0" * 40, "commitUrl": f"{self.address}/datasets/{TO}/commit/{'0' * 40}"
        })  # fmt: skip

    async def _refs(self, _request: web.Request) -> web.Response:
        tags = [{"name": one, "ref": f"refs/tags/{one}", "targetCommit": "0" * 40} for one in self.tags]
        return web.json_response({"branches": [], "converts": [], "tags": tags})

    async def _tag(self, request: web.Request) -> web.Response:
        self.tags.append((await request.json())["tag"])
        return web.json_response({})

    async def _tree(self, _request: web.Request) -> web.Response:
        return web.json_response([
            {"type": "file", "path": path, "size": len(body), "oid": hashlib.sha256(body).hexdigest()}
            for path, body in self.files.items()
        ])  # fmt: skip


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with Hub() as one:
        yield one


@pytest.fixture(scope="module")
def about_file(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("about") / "release.toml"
    file.write_text(ABOUT)
    return file


@pytest.fixture(scope="module")
def made(demo_build, about_file, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("publish") / "radio-1.0"
    release(demo_build.handover, read_about(about_file), out)
    return out


@pytest.fixture(scope="module")
def planned(made, about_file) -> Plan:
    return plan(made, read_about(about_file), TO, TODAY)


def in_folder(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_release_goes_up_whole_and_is_then_tagged(hub, planned, made):
    before = in_folder(made)
    address = publish(replace(planned, endpoint=hub.address))
    assert hub.files == before == in_folder(made)
    assert all(one.startswith("Version 1.0.0") for one in hub.commits) and hub.tags == ["1.0.0"]
    assert hub.private is True and hub.tokens == {f"Bearer {TOKEN}"}
    assert address == f"{hub.address}/datasets/{TO}/commit/{'0' * 40}"
    with pytest.raises(RecipeError, match=r"version 1\.0\.0 is there already"):
        publish(replace(planned, endpoint=hub.address))
    hub.files.clear()
    hub.tags.clear()
    hub.loses = "handover/llava.json"
    with pytest.raises(StepError, match="1 files are not there as they are here, first handover/llava.json"):
        publish(replace(planned, endpoint=hub.address, is_public=True))
    assert hub.private is False and hub.tags == []


def test_without_yes_the_command_tells_and_asks_nobody(hub, made, about_file, planned):
    words = ["publish", str(made), "--about", str(about_file), "--to", TO, "--endpoint", hub.address]
    said = CliRunner().invoke(curation, words)
    assert said.exit_code == 0, said.output
    assert (
        f"{hub.address}/datasets/{TO}; made private where it is new" in said.output
        and "nothing was done" in said.output
    )
    assert f"hf repos create {TO} --repo-type dataset --private" in said.output
    assert f"hf upload {TO} {made} . --repo-type dataset" in said.output and "CC-BY-4.0" in said.output
    assert f"files    {len(planned.files):,}, {sum(planned.files.values()):,} bytes" in said.output
    assert TOKEN not in said.output and hub.tokens == set()


def test_no_secret_is_told_where_the_hub_refuses(hub, planned, monkeypatch):
    hub.refuses = True
    with pytest.raises(StepError, match="was not published: .*403") as told:
        publish(replace(planned, endpoint=hub.address))
    assert TOKEN not in str(told.value) and told.value.__cause__ is None
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(RecipeError, match="no token of the hub: set HF_TOKEN"):
        publish(planned)


def test_the_gate_comes_first(made, about_file, demo_build, monkeypatch):
    about = read_about(about_file)
    monkeypatch.setattr("curation.deposit.publish.verify", lambda handover: [f"{handover.name}: does not hold"])
    with pytest.raises(GateError, match="handover: does not hold"):
        plan(made, about, TO, TODAY)
    with pytest.raises(GateError, match="dated 2026-06-01, and today is 2026-05-31: it comes out then"):
        plan(made, about, TO, "2026-05-31")
    with pytest.raises(GateError, match="under embargo until 2027-01-01"):
        plan(made, about.model_copy(update={"embargoes": {"demo_wide": "2027-01-01"}}), TO, TODAY)
    with pytest.raises(GateError, match=r"version 1\.0\.0, and the file of the release says 2\.0\.0"):
        plan(made, about.model_copy(update={"version": "2.0.0"}), TO, TODAY)
    (made / "note.txt").write_text("mine")
    try:
        with pytest.raises(GateError, match="note.txt: not in the manifest"):
            plan(made, about, TO, TODAY)
    finally:
        (made / "note.txt").unlink()
    with pytest.raises(RecipeError, match="no release; `python -m curation release"):
        plan(demo_build.handover, about, TO, TODAY)


@pytest.mark.parametrize(
    ("endpoint", "to", "wrong"),
    [("http://hub.example", TO, "in the clear"), ("https://me:secret@hub.example", TO, "holds a secret"),
     ("https://hub.example", "radio", "expected OWNER/NAME")],
)  # fmt: skip
def test_an_address_that_cannot_be_is_one_line(made, about_file, endpoint, to, wrong):
    with pytest.raises(RecipeError, match=wrong) as told:
        plan(made, read_about(about_file), to, TODAY, endpoint=endpoint)
    assert "secret@" not in str(told.value)
