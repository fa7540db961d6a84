"""deploy/, without a cloud: each file held against what its own system takes, and a dry run of what would run."""

import copy
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from curation.operation.metrics import PREFIX

ROOT = Path(__file__).resolve().parent.parent
_SPEC = importlib.util.spec_from_file_location("audit", ROOT / "deploy/audit.py")
audit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(audit)
DEPLOY = ROOT / "deploy"
SCRIPT = DEPLOY / "radio-corpus.sh"
KUBERNETES = "1.34"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
IMAGES = sorted((DEPLOY / "images").iterdir())


def documents(kind: str = "") -> list[Any]:
    found = [one for file in MANIFESTS for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))]
    return [one for one in found if one["kind"] == kind or not kind]


def pods(value: object) -> list[Any]:
    """The templates of pods in a document, wherever they stand."""
    if isinstance(value, list):
        return [pod for one in value for pod in pods(one)]
    if not isinstance(value, dict):
        return []
    own = [value] if "containers" in value.get("spec", {}) else []
    return own + [pod for one in value.values() for pod in pods(one)]


@pytest.fixture(scope="module")
def cluster() -> dict:
    (found,) = documents("RayCluster")
    return found


# -- Kubernetes -----------------------------------------------------------------------------------------------------


def test_what_kubernetes_itself_knows_passes_its_published_schemas():
    known = [one for one in documents() if not one["apiVersion"].startswith("ray.io/")]
    assert {one["kind"] for one in known} == {
        "Namespace", "PersistentVolumeClaim", "ConfigMap", "NetworkPolicy", "CronJob"
    }  # fmt: skip
    for one in known:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)


def test_every_pod_of_the_cluster_passes_the_schema_of_pods_and_may_do_little(cluster):
    found = pods(documents())
    assert len(found) == 4  # head, CPU workers, GPU workers, the weekly job
    for pod in found:
        kubernetes_validate.validate({"apiVersion": "v1", "kind": "Pod", **pod}, KUBERNETES, strict=True)
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert all(not one["securityContext"]["allowPrivilegeEscalation"] for one in pod["spec"]["containers"])
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            {"apiVersion": "v1", "kind": "Pod", "spec": {"contaners": []}}, "1.34", strict=True
        )


def test_ray_reads_the_groups_of_the_cluster_as_those_of_ray_cluster_yaml(cluster):
    """By Ray's own reader of such resources, and its own schema of what comes of them."""
    code = (
        "import sys, json, yaml\n"
        "from ray.autoscaler._private.kuberay import autoscaling_config as reader\n"
        "from ray.autoscaler._private.util import validate_config\n"
        "found = reader._derive_autoscaling_config_from_ray_cr(json.load(sys.stdin))\n"
        "validate_config(found)\n"
        "print(json.dumps({'types': found['available_node_types'], 'idle_min': found['idle_timeout_minutes']}))\n"
    )
    for group in cluster["spec"]["workerGroupSpecs"]:
        assert group["rayStartParams"] == {}
    asked = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], input=json.dumps(cluster), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    found = json.loads(asked.stdout.splitlines()[-1])
    cloud = yaml.safe_load((ROOT / "ray_cluster.yaml").read_text(encoding="utf-8"))
    assert found["idle_min"] == cloud["idle_timeout_minutes"]
    for there, here in (("head", "headgroup"), ("cpu_worker", "cpu-worker"), ("gpu_worker", "gpu-worker")):
        wanted, read = cloud["available_node_types"][there], found["types"][here]
        assert {key: read["resources"].get(key, 0) for key in ("CPU", "GPU")} == {
            key: wanted["resources"].get(key, 0) for key in ("CPU", "GPU")
        }
        assert (read["min_workers"], read["max_workers"]) == (wanted["min_workers"], wanted["max_workers"])


@pytest.mark.parametrize("kind", ["RayCluster", "RayJob", "RayCronJob"])
def test_rays_resources_pass_kuberays_own_schema(kind):
    """RADIO_KUBERAY names a folder of KubeRay's CRDs, such as helm-chart/kuberay-operator/crds of its repository."""
    folder = os.environ.get("RADIO_KUBERAY")
    if not folder:
        pytest.skip("no schema of KubeRay: set RADIO_KUBERAY to its helm-chart/kuberay-operator/crds (v1.7.0)")
    said = yaml.load(
        Path(folder, f"ray.io_{kind.lower()}s.yaml").read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader")  # noqa: B009
    )  # fmt: skip
    schemas = {one["name"]: one["schema"]["openAPIV3Schema"] for one in said["spec"]["versions"]}
    (document,) = documents(kind)
    schema = strict(schemas[document["apiVersion"].removeprefix("ray.io/")])
    schema["properties"]["metadata"] = {"type": "object"}
    validator = Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(document)] == []
    wrong = copy.deepcopy(document)
    wrong["spec"]["unheardOf"] = 1
    assert len(list(validator.iter_errors(wrong))) == 1


def strict(schema: Any) -> Any:
    """A schema of the API server as it holds one strictly: no key that it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(one) for key, one in schema.items()}
    if found.pop("x-kubernetes-int-or-string", None):
        found.pop("type", None)
        found["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    is_open = found.get("x-kubernetes-preserve-unknown-fields")
    if found.get("type") == "object" and isinstance(found.get("properties"), dict) and not is_open:
        found.setdefault("additionalProperties", False)
    return found


def test_jobs_run_what_is_there_on_the_cluster_that_is_there_and_hold_no_secret(cluster):
    jobs = [documents("RayJob")[0]["spec"], documents("RayCronJob")[0]["spec"]["jobTemplate"]]
    for job in jobs:
        assert job["clusterSelector"] == {"ray.io/cluster": cluster["metadata"]["name"]}
        assert job["entrypoint"] == "/opt/radio-corpus/deploy/radio-corpus.sh nightly"
        assert (
            not {"backoffLimit", "rayClusterSpec", "shutdownAfterJobFinishes"} & job.keys()
        )  # KubeRay refuses them here
    assert cluster["spec"]["authOptions"]["mode"] == "token"
    assert not documents("Secret")
    for file in (*MANIFESTS, *UNITS, *IMAGES, DEPLOY / "environment.example", DEPLOY / "slurm/nightly.sbatch"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(?i)(secret_access_key|password|api_key\s*[:=]|AUTH_TOKEN=[^ $])", text), file


# -- images, systemd, Slurm, Prometheus -----------------------------------------------------------------------------


@pytest.mark.parametrize("file", IMAGES, ids=lambda file: file.stem)
def test_images_are_pinned_and_copy_what_is_there(file):
    text = re.sub(r"\\\n", " ", file.read_text(encoding="utf-8"))
    assert re.search(r"^ARG BASE=\S+:\d+\.\d+\.\d+\S*$", text, re.MULTILINE) and "FROM ${BASE}" in text
    copied = [source for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for source in line.split()[:-1]]
    assert copied and all((ROOT / source).exists() for source in copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert all(f"!{source}" in ignored for source in copied)
    assert re.search(r"^USER 1000$", text, re.MULTILINE)
    extras = re.findall(r"\.\[([a-z,]+)\]", text)
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert extras and all(re.search(rf"^{one} = \[", declared, re.MULTILINE) for one in extras[0].split(","))
    for version in re.findall(r"ray\[[a-z,]+\]==(\S+?)'", text):
        assert f"ray=={version}\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_units_pass_systemds_own_verification(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    for unit in UNITS:  # as installed, but in the place where this repository is
        text = unit.read_text(encoding="utf-8").replace("/opt/radio-corpus", str(ROOT))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *(tmp_path / one.name for one in UNITS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "radio-corpus" in line]
    assert (done.returncode, ours) == (0, []), done.stderr
    broken = tmp_path / "radio-corpus-broken.service"
    broken.write_text("[Service]\nType=oneshot\nExecStart=/nowhere/radio-corpus.sh\n")
    refused = subprocess.run(["systemd-analyze", "verify", "--man=no", broken], capture_output=True, check=False)
    assert refused.returncode != 0


@pytest.mark.parametrize("unit", ["nightly", "weekly"])
def test_a_timer_starts_its_service_when_it_says(unit):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    timer = (DEPLOY / f"systemd/radio-corpus-{unit}.timer").read_text(encoding="utf-8")
    (when,) = re.findall(r"^OnCalendar=(.+)$", timer, re.MULTILINE)
    said = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=3", when], capture_output=True, text=True, check=True
    ).stdout
    assert said.count("UTC") >= 3
    assert ("Sun " in when) == (unit == "weekly")
    assert "Persistent=yes" in timer


def test_scripts_are_bash_without_mistakes():
    for script in (SCRIPT, DEPLOY / "slurm/nightly.sbatch"):
        subprocess.run(["bash", "-n", script], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", SCRIPT, DEPLOY / "slurm/nightly.sbatch"], check=True)


def test_alerts_are_of_metrics_that_there_are_and_each_is_answered_for():
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    source = (ROOT / "curation/operation/metrics.py").read_text(encoding="utf-8")
    known = {PREFIX + name for name in re.findall(r'gauge\(\s*"([a-z_]+)"', source)}
    told = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    for rule in rules:
        used = set(re.findall(rf"{PREFIX}[a-z_]+", rule["expr"]))
        assert used and used <= known, rule["alert"]
        assert f"### {rule['alert']}" in told
    assert set(re.findall(r"^### (RadioCorpus\w+)", told, re.MULTILINE)) == {rule["alert"] for rule in rules}


# -- packages -------------------------------------------------------------------------------------------------------


def test_an_audit_that_could_not_ask_says_so_and_one_that_found_something_fails():
    skipped = {"name": "a", "version": "1", "skip_reason": "not found on PyPI"}
    clean, flaw = {"name": "b", "version": "1", "vulns": []}, {"id": "PYSEC-1", "fix_versions": ["1.1"]}
    lines, code = audit.told([skipped, skipped])
    assert code == 0 and "NOT DONE" in lines[0]
    lines, code = audit.told([skipped, clean])
    assert code == 0 and "of 1 packages the index says nothing: a" in lines[0]
    lines, code = audit.told([clean, {"name": "c", "version": "1", "vulns": [flaw]}])
    assert code == 1 and lines[0] == "c 1: PYSEC-1, mended in 1.1"
    pins = audit.pinned(tuple(ROOT / one for one in audit.PINS))
    assert "ray==2.60.0" in pins and not any("+" in one for one in pins) and len(pins) > 150


# -- dry runs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """Settings of a machine on which the commands are only told."""
    tells = tmp_path / "python"
    tells.write_text('#!/bin/sh\necho "ran: $*"\ncase "$*" in *build\\ bad*) exit 3;; esac\n')
    tells.chmod(0o755)
    return {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "RADIO_PYTHON": str(tells), "RADIO_KEEP": "7",
        "RADIO_CORPORA": "first_real /data/mine.toml", "RADIO_METRICS": str(tmp_path / "metrics"),
    }  # fmt: skip


def run_script(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *words], env=environment, capture_output=True, text=True, check=False)


def test_a_dry_run_makes_nothing_and_prints_the_plan_and_every_command(environment, tmp_path):
    done = run_script(environment, "nightly", "--dry-run")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["ran: -m curation plan first_real", "ran: -m curation plan /data/mine.toml"]
    metrics = tmp_path / "metrics"
    assert done.stderr.splitlines() == [
        "+ curation build first_real",
        f"+ curation status first_real --textfile {metrics}/first_real.prom",
        "+ curation build /data/mine.toml",
        f"+ curation status /data/mine.toml --textfile {metrics}/mine.prom",
    ]
    assert not metrics.exists()
    done = run_script(environment, "weekly", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "")
    checked, tagged, *_, cleared = done.stderr.splitlines()
    assert checked == "+ curation check first_real"
    assert re.fullmatch(r"\+ curation tag first_real-\d{4}-\d\d-\d\d latest-first_real --move", tagged)
    assert cleared == "+ curation gc first_real /data/mine.toml --keep 7 --yes"


def test_the_first_failure_is_the_exit_code_and_the_others_go_on(environment):
    done = run_script({**environment, "RADIO_CORPORA": "bad good", "RADIO_WORKERS": "2"}, "nightly")
    assert done.returncode == 3
    assert "ran: -m curation build good --workers 2" in done.stdout
    assert run_script(environment, "daily").returncode == 2
    assert "RADIO_CORPORA is not set" in run_script({**environment, "RADIO_CORPORA": ""}, "nightly").stderr


def test_a_dry_run_of_the_slurm_job_prints_its_launch(environment, tmp_path):
    settings = tmp_path / "environment"
    settings.write_text(
        (DEPLOY / "environment.example").read_text(encoding="utf-8").replace("/opt/radio-corpus/", "/x/")
    )
    python = tmp_path / "python"
    words = settings.read_text().replace("RADIO_PYTHON=/x/.venv/bin/python", f"RADIO_PYTHON={python}")
    settings.write_text(words)
    given = {
        **environment, "RADIO_ENVIRONMENT": str(settings), "RADIO_HOME": str(ROOT), "RADIO_DRY_RUN": "1",
        "SLURM_JOB_NUM_NODES": "4", "SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "16",
    }  # fmt: skip
    script = DEPLOY / "slurm/nightly.sbatch"
    done = subprocess.run(["bash", script], env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    launch, plan = done.stdout.splitlines()
    assert launch.startswith("+ srun --nodes=4 --ntasks=4") and "symmetric-run --min-nodes 4 --num-cpus 16" in launch
    assert plan == "ran: -m curation plan first_real"
    without = {key: value for key, value in given.items() if key != "RADIO_DRY_RUN"}
    refused = subprocess.run(["bash", script], env=without, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "readable by you alone" in refused.stderr  # before anything of Slurm is called


def test_ray_has_the_command_that_the_slurm_job_uses():
    pinned = re.search(r"^ray==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned and documents("RayCluster")[0]["spec"]["rayVersion"] == pinned.group(1)
    from ray.scripts.symmetric_run import symmetric_run

    assert {"address", "min_nodes"} <= {one.name for one in symmetric_run.params}
