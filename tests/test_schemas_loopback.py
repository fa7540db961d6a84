"""What a build on one machine opens to others: no port, and no token."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from curation.engine.run import join_ray
from schemas.errors import StepError
from schemas.loopback import own_token

ROOT = Path(__file__).resolve().parent.parent
BUILD = "from curation.engine.run import join_ray\nray, _ = join_ray(1)\n"
TRAINING = "from finetune.ray_train import join_ray\nray = join_ray()\n"
LISTED = """
import json, psutil

@ray.remote
def where():
    return ray.util.get_node_ip_address()

address = ray.get(where.remote())
processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
found = []
for one in processes:
    try:
        found += [(one.name(), two.laddr.ip) for two in one.net_connections("inet")
                  if two.status == psutil.CONN_LISTEN]
    except psutil.NoSuchProcess:  # it ended since, and listens nowhere
        continue
print(json.dumps([address, found]))
ray.shutdown()
"""


@pytest.mark.ray
@pytest.mark.parametrize("begun", [BUILD, f"import ray\n{BUILD}", TRAINING], ids=["build", "ray before", "training"])
def test_a_local_ray_listens_on_loopback_alone(tmp_path, begun):
    import json

    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", begun + LISTED], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False,
        env={**environment, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    address, found = json.loads(done.stdout.splitlines()[-1])
    assert address == "127.0.0.1"
    assert {name for name, _ in found} >= {"gcs_server", "raylet"}  # they were looked at
    assert {ip.removeprefix("::ffff:") for _, ip in found} == {"127.0.0.1"}, found
    token = tmp_path / ".ray" / "auth_token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600


def test_a_ray_that_cannot_be_started_is_one_line_with_its_folder(monkeypatch):
    def fails(*_given, **_named):
        raise Exception("The current node timed out during startup.\nThis could happen because …")  # noqa: TRY002 -- as Ray does

    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RAY_TMPDIR", "/full")
    monkeypatch.setattr("curation.engine.run._start", fails)
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    with pytest.raises(StepError, match="Ray cannot be started: The current node timed out .* its files are in /full"):
        join_ray(1)


def test_a_token_that_others_may_read_is_made_its_users_alone_and_keeps_its_value(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN_PATH", "RAY_AUTH_TOKEN", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / ".ray" / "auth_token"
    own_token()
    made = file.read_text()
    assert len(made) >= 32 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["auth_token"]
    file.chmod(0o644)
    own_token()
    assert file.read_text() == made and stat.S_IMODE(file.stat().st_mode) == 0o600
