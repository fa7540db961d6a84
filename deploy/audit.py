"""The pinned packages against the public index of vulnerabilities, by pip-audit: `python deploy/audit.py`.

Ends with 1 where one is known to be vulnerable. Where no index is reachable it says so, names nothing as safe, and ends
with 0: what cannot be asked is no fault of this repository.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ("constraints.txt", "constraints-serve.txt")
LIMIT_S = 60.0


class NotDoneError(Exception):
    """Nothing could be asked; one line for people."""


def pinned(files: tuple[Path, ...]) -> list[str]:
    """`name==version` of every package that the files pin, once; without the local part of a version, such as +cpu."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return sorted(
        {f"{name}=={version}" for name, version in re.findall(r"^([\w.\-]+)==([^\s+;]+)", text, re.MULTILINE)}
    )


def told(dependencies: list[dict[str, Any]]) -> tuple[list[str], int]:
    """What pip-audit's reply means, for people, and the exit code."""
    bad = [one for one in dependencies if one.get("vulns")]
    unknown = [one["name"] for one in dependencies if "skip_reason" in one]
    n_asked = len(dependencies) - len(unknown)
    lines = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in bad
        for flaw in one["vulns"]
    ]
    if not n_asked:
        return ["audit: NOT DONE: no index of vulnerabilities knows these packages, or none can be reached"], 0
    if unknown:
        lines.append(f"audit: of {len(unknown)} packages the index says nothing: {', '.join(sorted(unknown))}")
    lines.append(f"audit: {n_asked} packages asked for, {len(bad)} known to be vulnerable")
    return lines, 1 if bad else 0


def asked(pins: Sequence[str]) -> list[dict[str, Any]]:
    """What pip-audit says of packages. Raises NotDoneError where it says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "pins.txt")
        wanted.write_text("\n".join(pins) + "\n", encoding="utf-8")
        words = ["--requirement", str(wanted), "--no-deps", "--disable-pip", "--timeout", "10", "--format", "json"]
        try:
            said = subprocess.run(
                [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", *words],
                capture_output=True, text=True, timeout=LIMIT_S, check=False,
            )  # fmt: skip
            return json.loads(said.stdout)["dependencies"]
        except subprocess.TimeoutExpired:
            raise NotDoneError(f"no answer of the index within {LIMIT_S:.0f} s") from None
        except (ValueError, KeyError):
            raise NotDoneError((said.stderr.strip().splitlines() or ["it said nothing"])[-1]) from None


def main() -> int:
    """Ask of each file by itself, for pip-audit takes one version of a package; print, and give the exit code."""
    worst = 0
    for file in PINS:
        try:
            lines, code = told(asked(pinned((ROOT / file,))))
        except NotDoneError as error:
            lines, code = [f"audit: NOT DONE: {error}"], 0
        print("\n".join(f"{file}: {line}" for line in lines))
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
