"""A Ray cluster of several nodes on this machine: a head that makes no parts, and nodes of one core each.

Each node has an address of its own (127.0.0.2 and up: Linux gives all of 127/8 to loopback), its own folder and its own
raylet, agents and workers, which know each other by these addresses alone. Every call carries a token. The head keeps
what it knows in a folder that outlives it, as on a volume (`RAY_gcs_storage=rocksdb`), so that nodes join it again.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from curation.asking.replica import dies_with_us
from tests.faults.real_ray import SESSION
from tests.ray_head import BINS, free_ports

ROOT = Path(__file__).resolve().parents[2]
HEAD = 0
N_NODES = 3
STARTED = "Ray runtime started"
STARTS_S = 400.0  # of a busy machine
DEAD_AFTER = {
    "RAY_health_check_initial_delay_ms": "3000", "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000", "RAY_health_check_failure_threshold": "3",
}  # fmt: skip
"""The head gives a silent node up after some 9 s; by default after half a minute."""
SMALL = ("--object-store-memory=80000000", "--memory=3000000000", "--include-log-monitor=false")


@dataclass
class Cluster:
    """Head and nodes, each to be killed, paused and started again. Node 0 is the head."""

    told: Path
    """The pipe by which workers tell what they ask a model."""
    short: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rc", dir="/tmp")))
    """For Ray's files: its names of sockets have a length limit."""
    n_starts: int = 0
    _running: dict[int, tuple[subprocess.Popen, Path]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port, self.client, *self.agents = free_ports(2 + 1 + N_NODES)
        self.token = self.short / "token"
        self.token.touch(mode=0o600)
        self.token.write_text("0123456789abcdef" * 4)

    @property
    def environment(self) -> dict[str, str]:
        """Of whoever speaks to the cluster."""
        return {
            "RAY_ADDRESS": f"{_ip(HEAD)}:{self.port}", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(self.token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }  # fmt: skip

    def start(self, k: int) -> None:
        """Let a node begin; it is there when `wait` comes back."""
        self.n_starts += 1
        folder = self.short / f"{k}-{self.n_starts}"
        folder.mkdir()
        own = (
            ["--head", f"--port={self.port}", "--num-cpus=0", "--include-dashboard=false",
             f"--ray-client-server-port={self.client}"]
            if k == HEAD
            else [f"--address={_ip(HEAD)}:{self.port}", "--num-cpus=1"]
        )  # fmt: skip
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [BINS / "ray", "start", "--block", f"--node-ip-address={_ip(k)}", f"--temp-dir={folder}",
                 f"--dashboard-agent-listen-port={self.agents[k]}", *SMALL, *own],
                env=self._environment_of(k), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=dies_with_us(),
            )  # fmt: skip
        self._running[k] = process, folder

    def wait(self) -> None:
        """Until every node that was begun is there; one that ended by itself is begun again. Raises TimeoutError."""
        until = time.monotonic() + STARTS_S
        for k in sorted(self._running):
            while STARTED not in (self._running[k][1] / "log").read_text(errors="replace"):
                if not self.is_up(k):
                    self.start(k)
                if time.monotonic() > until:
                    raise TimeoutError(f"{_ip(k)} did not start: {self._running[k][1] / 'log'}")
                time.sleep(0.1)

    def up(self) -> None:
        """All nodes there, whatever became of them."""
        for k in range(N_NODES + 1):
            if not self.is_up(k):
                self.kill(k)
                self.start(k)
                if k == HEAD:
                    self.wait()
        self.wait()

    def is_up(self, k: int) -> bool:
        return k in self._running and self._running[k][0].poll() is None

    def kill(self, k: int) -> None:
        """A machine without power: all its processes at once."""
        for one in self._of(k):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        if k in self._running:
            self._running[k][0].wait()

    def signal(self, k: int, sent: signal.Signals) -> None:
        """To every process of a node."""
        for one in self._of(k):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(sent)

    def pids(self, k: int) -> set[int]:
        return {one.pid for one in self._of(k)}

    def n_workers(self, k: int) -> int:
        """How many workers a node has had so far."""
        return len(list(self.short.glob(f"{k}-*/session_2*/logs/worker-*.out")))

    def end(self) -> None:
        for k in range(N_NODES + 1):
            self.kill(k)
        shutil.rmtree(self.short, ignore_errors=True)

    def _of(self, k: int) -> Iterator[psutil.Process]:
        """Whatever runs on a node, also what its parent has left."""
        wanted = self._session(k)
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if one.environ().get(SESSION) == wanted and one.status() != psutil.STATUS_ZOMBIE:
                    yield one

    def _session(self, k: int) -> str:
        return f"{self.short.name}-{k}"

    def _environment_of(self, k: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        at_head = {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(self._volume)} if k == HEAD else {}
        own = {SESSION: self._session(k), "RADIO_FAULTS_ASKED": str(self.told), "RADIO_PATIENCE_S": "20",
               "RAY_worker_niceness": "0"}  # fmt: skip
        path = {"PATH": f"{BINS}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        address = {name: value for name, value in self.environment.items() if name != "RAY_ADDRESS"}
        return kept | address | DEAD_AFTER | at_head | own | path

    @property
    def _volume(self) -> Path:
        (self.short / "gcs").mkdir(exist_ok=True)
        return self.short / "gcs"


def _ip(k: int) -> str:
    return f"127.0.0.{k + 2}"


@contextlib.contextmanager
def cluster(told: Path) -> Iterator[Cluster]:
    """A head and three nodes that are there; all of them end with the block."""
    if sys.platform != "linux":
        raise SystemExit("several nodes on one machine need Linux, where all of 127/8 is loopback")
    made = Cluster(told)
    try:
        made.up()
        yield made
    finally:
        made.end()
