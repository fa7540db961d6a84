"""`python -m evaluate`: the command line, with every mistake of a user's as one clear line and an exit code."""

import os
import sys

import click

from schemas.errors import CorpusError
from schemas.guard import check_names


def main() -> None:
    """Run a command. 0 done, 1 failed (run it again), 2 wrong use, 3 a gate refused."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        check_names()
        from evaluate.cli import evaluate

        sys.exit(evaluate.main(standalone_mode=False) or 0)
    except CorpusError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        print("stopped; every reply that came is kept, and the same command goes on from there", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
