"""Stands where a Python would stand that tests/warm.py has forked: signals go on to it, and it ends as that one ends.

stand_in.py SOCKET [-u] -m PACKAGE WORDS
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


def main(place, *words):
    asked = {"words": words[words.index("-m") + 1 :], "cwd": str(Path.cwd()), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as forks:
        forks.connect(place)
        socket.send_fds(forks, [json.dumps(asked).encode() + b"\n"], [0, 1, 2])
        for number in PASSED_ON:
            signal.signal(number, lambda number, _: forks.sendall(bytes([number])))
        code = int(forks.recv(16) or 1)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


main(*sys.argv[1:])
