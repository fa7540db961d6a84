"""A rule server as a child process, for as long as something is built with it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from curation.asking.replica import dies_with_us
from schemas.errors import ModelError

STOP_S = 10.0


@contextmanager
def rule_server(model: str = "rule-server") -> Iterator[str]:
    """Its address on 127.0.0.1. It ends with the block, and with this process, however that ends.

    Raises ModelError where it does not start.
    """
    words = [sys.executable, "-m", "curation.asking.rule_server", "--port", "0", "--model", model]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=dies_with_us()) as child:
        try:
            address = (child.stdout.readline() if child.stdout else "").strip()
            if not address.startswith("http://127.0.0.1:"):
                raise ModelError(f"the rule server did not start: {' '.join(words)} said {address[:200]!r}")
            yield address
        finally:
            child.terminate()
            try:
                child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
