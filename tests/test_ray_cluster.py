"""ray_cluster.yaml, without a cloud; and a build submitted to a cluster of this machine."""

import contextlib
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest
import yaml

from tests.ray_head import BINS, ray_head

ROOT = Path(__file__).resolve().parent.parent
EVERYWHERE = {"gcs_server", "raylet", "ray::DashboardAgent", "monitor.py", "dashboard.py"}
"""What of a cluster listens on all addresses: docs/security.md names it. Of the dashboard only its metrics do."""


@pytest.fixture(scope="module")
def cluster() -> dict:
    return yaml.safe_load((ROOT / "ray_cluster.yaml").read_text(encoding="utf-8"))


def test_the_cluster_file_passes_rays_own_schema(cluster):
    code = (
        "import sys, yaml\n"
        "from ray.autoscaler._private.util import prepare_config, validate_config\n"
        "config = prepare_config(yaml.safe_load(open('ray_cluster.yaml')))\n"
        "validate_config(config)\n"
        "print(sorted(config['available_node_types']))\n"
    )
    asked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    assert "cpu_worker" in asked.stdout


def test_there_are_a_head_cpu_workers_and_gpu_workers(cluster):
    kinds = cluster["available_node_types"]
    assert cluster["head_node_type"] in kinds
    assert kinds["cpu_worker"]["resources"]["CPU"] > 0
    assert kinds["gpu_worker"]["resources"]["GPU"] > 0
    assert sum(kind["max_workers"] for kind in kinds.values()) <= cluster["max_workers"]


def test_every_node_demands_the_token_and_the_dashboard_stays_at_home(cluster):
    lines = [line for key in ("head", "worker") for line in cluster[f"{key}_start_ray_commands"]]
    starts = [line for line in lines if "ray start" in line]
    assert len(starts) == 2
    for line in starts:
        assert "RAY_AUTH_MODE=token" in line
        assert "RAY_AUTH_TOKEN_PATH=~/.ray/auth_token" in line
        assert "--disable-usage-stats" in line
    assert "--dashboard-host=127.0.0.1" in starts[0]
    assert any("chmod 600 ~/.ray/auth_token" in line for line in cluster["setup_commands"])


def test_the_file_holds_a_path_to_the_token_and_no_secret():
    text = (ROOT / "ray_cluster.yaml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)(aws_secret|password|api_key|RAY_AUTH_TOKEN=)", text)


def test_the_nodes_install_the_ray_that_is_pinned():
    pinned = re.search(r"^ray==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned
    assert f"ray[default]=={pinned.group(1)}" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.ray
@pytest.mark.slow
def test_a_build_runs_as_a_submitted_job_and_gives_the_bytes_of_a_local_run(tmp_path, demo_build, model_server):
    """`ray job submit` against a head of this machine that demands a token, as ray_cluster.yaml's does."""
    with ray_head(tmp_path, cpus=2) as head:
        asked = urllib.request.Request(f"{head.address}/api/jobs/", data=b"{}", method="POST")
        with pytest.raises(urllib.error.HTTPError, match="401"):  # without the token: refused
            urllib.request.urlopen(asked, timeout=120)
        assert listens_everywhere(head.process.pid) <= EVERYWHERE
        job = subprocess.run(
            [
                BINS / "ray",
                "job",
                "submit",
                "--",
                sys.executable,
                "-m",
                "curation",
                "build",
                "qa_and_captions",
                "--raw",
                demo_build.out / "raw",
                "--store",
                tmp_path / "store",
                "--server",
                model_server,
            ],
            env=head.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )
    assert job.returncode == 0, job.stdout[-3000:] + job.stderr[-3000:]
    stores = (tmp_path / "store", demo_build.store)
    made, local = (next((store / "llava/qa_and_captions").glob("[!.]*")) for store in stores)
    assert tree(made) == tree(local)


def listens_everywhere(pid: int) -> set[str]:
    """The processes below one that listen on all addresses, but for the dashboard at its port of metrics."""
    found = set[str]()
    for one in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            words, there = one.cmdline(), one.net_connections("tcp")
            if any(it.status == psutil.CONN_LISTEN and it.laddr.ip in ("0.0.0.0", "::") for it in there):
                script = next((Path(word).name for word in words if word.endswith(".py")), words[0])
                found.add(one.name() if one.name() in ("gcs_server", "raylet") else script)
    return found


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
