"""How every command line ends: a user's mistake as one clear line, and the exit code that belongs to it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from schemas.doors import VARIABLE, use_doors, use_doors_beside
from schemas.errors import CorpusError
from schemas.guard import check_names


def doors_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --doors, which holds for the whole process."""
    text = f"Your own surveys, catalogues, schemes, datasets …; else {VARIABLE}, else doors/ beside the corpus file."
    return click.option(
        "--doors", type=click.Path(path_type=Path), metavar="FOLDER", help=text, expose_value=False, is_eager=True,
        callback=lambda _context, _option, folder: use_doors(folder),
    )(command)  # fmt: skip


def corpus_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --corpus, a name or a file, as `named`; the folder `doors/` beside a file is the user's doors."""

    def beside(_context: click.Context, _option: click.Parameter, named: str | None) -> str | None:
        if named and named.endswith(".toml"):
            use_doors_beside(Path(named))
        return named

    text = "Whose pictures; needed where several have the dataset."
    return click.option("--corpus", "named", metavar="CORPUS", help=text, callback=beside)(command)


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
