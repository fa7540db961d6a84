"""How every command line ends: a user's mistake as one clear line, and the exit code that belongs to it."""

import os
import sys
from collections.abc import Callable

import click

from schemas.errors import CorpusError
from schemas.guard import check_names


def run(load: Callable[[], click.Command], *, when_stopped: str) -> None:
    """Load a command and run it; never returns. `when_stopped` is said at ctrl-C.

    Exit codes: 0 done, 2 wrong use, 1 stopped, that of a CorpusError, else what the command itself gives.
    """
    try:
        check_names()
        sys.exit(load().main(standalone_mode=False) or 0)  # click gives the code of an Exit
    except CorpusError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        print(when_stopped, file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
