"""The pinned packages against the public index of vulnerabilities, by pip-audit: `python deploy/audit.py`.

Ends with 1 where one is known to be vulnerable. Where no index is reachable it says so, names nothing as safe, and ends
with 0: what cannot be asked is no fault of this repository.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ("constraints.txt", "constraints-serve.txt")
LIMIT_S = 60.0


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


def main() -> int:
    """Ask, and print; gives the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "pins.txt")
        wanted.write_text("\n".join(pinned(tuple(ROOT / one for one in PINS))) + "\n", encoding="utf-8")
        words = ["--requirement", str(wanted), "--no-deps", "--disable-pip", "--timeout", "10", "--format", "json"]
        try:
            asked = subprocess.run(
                [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", *words],
                capture_output=True, text=True, timeout=LIMIT_S, check=False,
            )  # fmt: skip
            lines, code = told(json.loads(asked.stdout)["dependencies"])
        except subprocess.TimeoutExpired:
            lines, code = [f"audit: NOT DONE: no answer of the index within {LIMIT_S:.0f} s"], 0
        except (ValueError, KeyError):
            why = (asked.stderr.strip().splitlines() or ["it said nothing"])[-1]
            lines, code = [f"audit: NOT DONE: {why}"], 0
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
