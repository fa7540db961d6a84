"""How every command line ends: a user's mistake as one clear line, and the exit code that belongs to it."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from schemas.addresses import IMAGES, start_without_keys
from schemas.doors import VARIABLE, use_doors, use_doors_beside
from schemas.errors import CorpusError, RecipeError
from schemas.guard import check_names
from schemas.stopping import asked_to_stop, listen
from schemas.trouble import in_one_line

PLACES = ("--raw", "--images", "--store", "--out", "--doors", "--data", "--base", "--model-dir")


def doors_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --doors, which holds for the whole process."""
    text = f"Your own surveys, catalogues, schemes, datasets …; else {VARIABLE}, else doors/ beside the corpus file."
    return click.option(
        "--doors", type=click.Path(path_type=Path), metavar="FOLDER", help=text, expose_value=False, is_eager=True,
        callback=lambda _context, _option, folder: use_doors(folder),
    )(command)  # fmt: skip


def images_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --images, which holds for the whole process and for those that it starts."""

    def use(_context: click.Context, _option: click.Parameter, place: str | None) -> None:
        if place:
            os.environ[IMAGES] = place

    text = f"Where images of surveys are: a folder or s3://bucket/folder; else {IMAGES}, else --raw."
    return click.option(
        "--images", metavar="PLACE", help=text, expose_value=False, is_eager=True, callback=use
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
    """Load a command and run it; never returns. `when_stopped` is said when a signal stopped it.

    Exit codes: 0 done, 2 wrong use, that of a CorpusError, 130 stopped by ctrl-C, 143 by SIGTERM, else what the
    command itself gives. What the machine does wrong is one line and code 1.
    """
    listen()
    try:
        code = _run(load)
    except (KeyboardInterrupt, click.Abort):
        code = 128 + signal.SIGINT
    if number := asked_to_stop():  # whatever a library made of it
        code = 128 + number
    if code > 128:  # noqa: PLR2004 -- as shells count
        print(when_stopped, file=sys.stderr)
    sys.exit(code)


def _run(load: Callable[[], click.Command]) -> int:
    try:
        _check_places(sys.argv[1:])
        start_without_keys(sys.orig_argv[1:], os.environ)
        check_names()
        return load().main(standalone_mode=False) or 0  # click gives the code of an Exit
    except CorpusError as error:
        if not asked_to_stop():
            _tell(str(error))
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, MemoryError) as error:
        _tell(in_one_line(error))
        return 1
    except RecursionError:
        _tell("a file is nested too deep to be read; expected some tens of levels")
        return 1


def _check_places(words: Sequence[str]) -> None:
    """Raise RecipeError for an option of a place without one: a variable of a script that was never set."""
    for option, value in zip(words, [*words[1:], "-"], strict=False):
        name, equals, own = option.partition("=")
        if name in PLACES and not (own if equals else value).strip():
            raise RecipeError(f"{name}: found nothing, expected a place; leave the option away for the usual one")


def _tell(text: str) -> None:
    for line in text.splitlines():
        print(f"error: {line}", file=sys.stderr)
