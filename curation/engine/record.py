"""What is written down of a finished table: its recipe, its parts, who made it when, and with which versions."""

import getpass
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from curation.engine.parts import PartRecord, as_part
from curation.engine.steps import Step
from schemas.fingerprint import canonical_json
from schemas.manifest import Manifest, Part

PACKAGES = (
    "astropy", "duckdb", "numpy", "opencv-python-headless", "pyarrow", "radio-beam", "radio-corpus", "ray", "reproject",
    "scipy",
)  # fmt: skip


def made_manifest(step: Step, made: Mapping[str, PartRecord]) -> Manifest:
    """The manifest of a step whose parts are made, by their names."""
    records = [made[name] for name in sorted(made)]
    reasons: dict[str, int] = {}
    for record in records:
        for reason, n in record.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + n
    return Manifest(
        address=step.address,
        table=step.table.name,
        recipe=json.loads(canonical_json(step.recipe)),
        inputs=[one.step.address for one in step.inputs],
        doors=list(step.doors),
        counts=step.counts or (f"rows of {step.inputs[0].step.name}" if step.inputs else "rows"),
        n_in=sum(record.n_in for record in records),
        n_kept=sum(record.n_kept for record in records),
        n_rejected=sum(record.n_rejected for record in records),
        reasons=dict(sorted(reasons.items())),
        parts=[as_part(record) for record in records],
        rejected=[
            Part(name=record.name, n_rows=record.n_rejected, sha256=record.rejected_sha256)
            for record in records
            if record.n_rejected
        ],
        versions=dict(package_versions()),
        commit=_commit(),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        made_by=_user(),
    )


@lru_cache(maxsize=1)
def package_versions() -> Mapping[str, str]:
    """The versions that made a table: Python's, and those of the packages whose output it is."""
    versions = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a passwd entry
        return f"uid {os.getuid()}"


@lru_cache(maxsize=1)
def _commit() -> str:
    folder = Path(__file__).resolve().parent
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=folder, capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip()
