"""`python -m curation`: the command line, with every mistake of a user's as one clear line and an exit code."""

import os
import sys

import click

from schemas.errors import CorpusError
from schemas.guard import check_names


def main() -> None:
    """Run a command; exit codes are those of docs/architecture.md, section 8."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        check_names()
        from curation.cli import curation

        sys.exit(curation.main(standalone_mode=False) or 0)  # click gives the code of an Exit
    except CorpusError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        print("stopped; what was made stays, and the same command goes on from there", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
