"""A run as a job of a Ray cluster: the only module here that knows Ray.

Ray places the processes, starts them again when one dies, and carries figures and the path of a checkpoint; never
weights. A retry finds the run's folder, which must be on a file system that all nodes share, and goes on from there.
"""

import json
import os
from pathlib import Path
from typing import Any

from finetune.training.run import FINISHED, RUN, STOPPED, Job
from schemas.errors import StepError
from schemas.loopback import LOOPBACK, names_cluster, not_started, stay_at_home

MOST_FAILURES = 3
ENVIRONMENT = ("DS_ACCELERATOR", "OMP_NUM_THREADS", "HF_HUB_OFFLINE", "HF_HOME", "PYTHONPATH", "TOKENIZERS_PARALLELISM")


def train_on_ray(job: Job, n_processes: int) -> int:
    """Train in `n_processes` workers of the cluster that this process is in, or of a local one. Gives the exit code."""
    import torch
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    ray = join_ray()
    is_gpu = bool(ray.cluster_resources().get("GPU"))
    trainer = TorchTrainer(
        _worker,
        train_loop_config={"job": job},
        torch_config=TorchConfig(backend="nccl" if is_gpu and torch.cuda.is_available() else "gloo"),
        scaling_config=ScalingConfig(num_workers=n_processes, use_gpu=is_gpu),
        run_config=RunConfig(
            name="ray",
            storage_path=str(job.out.absolute()),
            failure_config=FailureConfig(max_failures=MOST_FAILURES),
        ),
    )
    try:
        trainer.fit()
    except Exception as error:  # Ray wraps what a worker raised in classes of its own
        raise StepError(f"the workers failed {MOST_FAILURES + 1} times: {error}") from error
    reason = json.loads((job.out / RUN).read_text(encoding="utf-8"))["reason"]
    return {FINISHED: 0, STOPPED: 75}.get(reason, 1)


def join_ray() -> Any:
    """The module ray, joined to the cluster that RAY_ADDRESS names, or started here, listening on loopback alone."""
    root = str(Path(__file__).resolve().parent.parent)
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH")]))
    given: dict[str, Any] = {"runtime_env": {"env_vars": kept}, "include_dashboard": False, "log_to_driver": True}
    if not names_cluster():
        stay_at_home()
        given |= {"address": "local", "_node_ip_address": LOOPBACK}
    import ray

    if not ray.is_initialized():
        try:
            ray.init(**given)
        except Exception as error:
            raise not_started(error) from error
    return ray


def _worker(config: dict[str, Any]) -> None:
    """One process: Ray has set the environment and made the group."""
    import ray.train

    from finetune.training.train import train

    def tell(line: dict[str, Any]) -> None:
        plain = {name: value for name, value in line.items() if isinstance(value, (int, float))}
        figures.append(plain)

    figures: list[dict[str, Any]] = []
    code = train(config["job"], [tell])
    # Every worker must report equally often, and only the first is told figures: so the last line, once.
    last = figures[-1] if figures else {}
    ray.train.report({**last, "exit_code": code, "folder": str(config["job"].out)})
