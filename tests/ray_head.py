"""The head of a cluster on this machine that demands a token, as ray_cluster.yaml's does."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
BINS = Path(sys.executable).parent


@dataclass(frozen=True)
class Head:
    """A head that runs jobs."""

    process: subprocess.Popen
    address: str
    """Of its dashboard, to which jobs are submitted."""
    environment: dict[str, str]
    """Of its users: home folder, token, address."""


@contextlib.contextmanager
def ray_head(folder: Path, cpus: int, **changed: str) -> Iterator[Head]:
    """A head with so many CPUs, beside whatever Ray runs on this machine; killed with all its children at the end.

    `changed`: of its environment.
    """
    port, dashboard, client, agent = free_ports(4)
    token = folder / "home" / ".ray" / "auth_token"
    token.parent.mkdir(parents=True)
    token.write_text("0123456789abcdef" * 4)
    token.chmod(0o600)
    address = f"http://127.0.0.1:{dashboard}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
        "HOME": str(folder / "home"), "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0", "PATH": f"{BINS}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), **changed,
    }  # fmt: skip
    short = tempfile.mkdtemp(prefix="rc", dir="/tmp")  # Ray's socket names have a length limit
    process = subprocess.Popen(
        [BINS / "ray", "start", "--head", "--block", f"--port={port}", "--node-ip-address=127.0.0.1",
         f"--num-cpus={cpus}", "--include-dashboard=true", "--dashboard-host=127.0.0.1",
         f"--dashboard-port={dashboard}", f"--ray-client-server-port={client}",
         f"--dashboard-agent-listen-port={agent}", f"--temp-dir={short}", "--object-store-memory=200000000"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _wait_for(f"{address}/api/version", token.read_text())
        _wait_for_agent(process, agent)
        yield Head(process, address, environment | {"RAY_ADDRESS": address})
    finally:
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for one in tree:  # asked to end, it takes half a minute
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait(timeout=600)
        shutil.rmtree(short, ignore_errors=True)


def free_ports(n: int) -> list[int]:
    holders = [socket.socket() for _ in range(n)]
    for one in holders:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in holders]
    for one in holders:
        one.close()
    return ports


def _wait_for(url: str, token: str) -> None:
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    for _ in range(240):
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                json.load(answer)
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"no answer from {url}")


def _wait_for_agent(head: subprocess.Popen, port: int) -> None:
    """Until the part of a head that starts jobs listens; it comes after the dashboard."""
    for _ in range(240):
        below = [one for one in psutil.Process(head.pid).children(recursive=True) if "DashboardAgent" in one.name()]
        if any(there.laddr and there.laddr.port == port for one in below for there in one.net_connections("tcp")):
            return
        time.sleep(0.5)
    raise AssertionError(f"nothing listens at {port}")
