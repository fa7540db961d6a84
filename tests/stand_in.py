"""Stands where a Python would that tests/warm_service.py has forked: signals go on to it, and it ends as that one ends.

stand_in.py SOCKET [-u] (-m PACKAGE | -c CODE) WORDS
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


def main(place, *words):
    begin = next(at for at, word in enumerate(words) if word in ("-m", "-c"))
    own = str(Path(place).with_name("python")) if words[begin] == "-m" else ""  # what commands start is forked, too
    asked = {"words": words[begin:], "cwd": str(Path.cwd()), "environment": dict(os.environ), "session": False}
    with socket.socket(socket.AF_UNIX) as forks:
        forks.connect(place)
        socket.send_fds(forks, [json.dumps({**asked, "python": own}).encode() + b"\n"], [0, 1, 2])
        for number in PASSED_ON:
            signal.signal(number, lambda number, _: forks.sendall(bytes([number])))
        said = forks.makefile()
        said.readline()
        code = int(said.readline() or 1)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


main(*sys.argv[1:])
