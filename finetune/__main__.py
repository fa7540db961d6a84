"""`python -m finetune`: the command line, with every mistake of a user's as one clear line and an exit code."""

import os
import sys
from pathlib import Path

import click

from schemas.errors import CorpusError
from schemas.guard import check_names


def main() -> None:
    """Run a command. 0 done, 1 failed, 2 wrong recipe or use, 3 a gate refused, 75 stopped and can go on."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads and our processes do not go together
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if not Path("/dev/nvidiactl").exists() and not Path("/dev/kfd").exists():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        check_names()
        from finetune.cli import finetune

        sys.exit(finetune.main(standalone_mode=False) or 0)
    except CorpusError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        print("stopped; the run goes on from its last checkpoint with the same command", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
