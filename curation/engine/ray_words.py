"""What Ray says of its nodes above a build: a line each on stderr, without the last words of the process that died."""

import sys
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

PRINTS = "print_to_stdstream"  # of Ray's worker module: prints all of it on stdout, where a command's own result goes
MOST = 300


def briefly(ray: Any) -> None:
    """Let this driver's Ray say so from now on; where another Ray says it elsewhere, its words stay as they are."""
    worker = getattr(getattr(ray, "_private", None), "worker", None)
    if hasattr(worker, PRINTS):
        setattr(worker, PRINTS, _in_a_line)


def _in_a_line(said: Mapping[str, Any], *_: object, **__: object) -> None:
    for text in said["lines"]:
        first = text.strip().split("\n", 1)[0]
        tqdm.write(f"Ray: {first[:MOST]}", file=sys.stderr)
