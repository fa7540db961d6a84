"""Keys in addresses: moved away with a warning, or refused; never said."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from curation.settings import server_addresses, store_place
from schemas.addresses import server_address, shown, without_keys
from schemas.errors import RecipeError

ROOT = Path(__file__).resolve().parent.parent
SECRET = "canary/Secret+1"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "before")  # so that it is put back


@pytest.mark.parametrize("written", [SECRET, "canary%2FSecret%2B1"])
def test_keys_in_the_address_of_a_store_go_to_the_environment_with_a_warning(capsys, written):
    assert without_keys(f"s3://AKIACANARY:{written}@bucket/a@b?region=x") == "s3://bucket/a@b?region=x"
    assert (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]) == ("AKIACANARY", SECRET)
    assert "AWS_SESSION_TOKEN" not in os.environ
    said = capsys.readouterr().err
    assert said.startswith("warning: keys in the address of a store (s3://bucket/a@b)")
    assert "AKIACANARY" not in said and "anary/" not in said and written not in said


@pytest.mark.parametrize(
    "plain", ["store", "/a/b:c@d", "s3://bucket/a?region=us-east-1", "gs://anonymous@bucket/x", "s3://bucket/a:b@c"]
)
def test_an_address_without_keys_stays(capsys, plain):
    assert without_keys(plain) == plain and not capsys.readouterr().err


@pytest.mark.parametrize(
    "address",
    [
        f"abfs://account:{SECRET}@bucket/x", f"s3://bucket/x?secret_key={SECRET}", f"abfs://c@a/x?sig={SECRET}",
        f"s3://bucket/x?endpoint_override=http://user:{SECRET}@host",
    ],
)  # fmt: skip
def test_keys_that_cannot_be_moved_are_refused_without_being_told(address):
    with pytest.raises(RecipeError, match="in this address") as told:
        without_keys(address)
    assert "anary" not in str(told.value)


@pytest.mark.parametrize("server", [f"http://user:{SECRET}@host/v1", f"http://host/v1?api_key={SECRET}"])
def test_a_servers_address_holds_no_key(server, monkeypatch):
    with pytest.raises(RecipeError, match="RADIO_SERVER_KEY") as told:
        server_addresses([server])
    assert "anary" not in str(told.value)
    assert server_address("http://127.0.0.1:8000/v1") == "http://127.0.0.1:8000/v1"


def test_what_people_are_shown_holds_no_key():
    assert shown(f"s3://KEY:{SECRET}@bucket/x?region=y") == "s3://bucket/x"
    assert shown("store/x") == "store/x"


@pytest.mark.parametrize("how", ["flag", "equals", "variable"])
def test_no_key_stands_in_the_list_of_processes_or_in_what_a_command_says(tmp_path, how):
    """A command that shows its own command line and environment, as Ray and `ps` see them."""
    place = f"s3://AKIACANARY:{SECRET}@bucket/x"
    told = "print(open('/proc/self/cmdline').read(), open('/proc/self/environ').read().replace(chr(0), chr(10)))"
    module = tmp_path / "shows.py"
    module.write_text(
        "import click, os\nfrom schemas.command_line import run\n@click.command()\n@click.option('--store')\n"
        f"def command(store):\n    {told}\n"
        f"    print('store', store, os.environ['AWS_SECRET_ACCESS_KEY'] == {SECRET!r})\n"
        "run(lambda: command, when_stopped='')\n"
    )
    words = {"flag": ["--store", place], "equals": [f"--store={place}"], "variable": []}[how]
    variable = {"RADIO_STORE": place} if how == "variable" else {}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, str(module), *words], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
        env={**environment, "PYTHONPATH": str(ROOT), **variable},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"store {'None' if how == 'variable' else 's3://bucket/x'} True" in done.stdout
    lines = [line for line in done.stdout.splitlines() if "canary" in line.lower()]
    assert sorted(lines) == ["AWS_ACCESS_KEY_ID=AKIACANARY", f"AWS_SECRET_ACCESS_KEY={SECRET}"]
    assert "@bucket" not in done.stdout and done.stderr.count("warning: keys") == 1 and "anary" not in done.stderr


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_place_is_a_variable_that_was_never_set(empty):
    with pytest.raises(RecipeError, match="--store: found"):
        store_place(empty)
