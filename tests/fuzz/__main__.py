"""Readers of what comes from outside, fed with valid input that was spoilt at random: each refuses, or reads.

A reader may raise what this project raises on purpose, in one short line, and nothing else, and takes seconds at most.

python -m tests.fuzz                        a minute, with a seed of its own, which it prints
python -m tests.fuzz --seed 7 --rounds 400  so many inputs for each reader, whatever the time: what CI does
python -m tests.fuzz --only latex           one reader
python -m tests.fuzz --case 7.latex.31      input 31 of seed 7 again, written to the folder that --keep names
"""

import argparse
import json
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

from schemas.errors import CorpusError
from tests.fuzz.readers import READERS, Reader
from tests.fuzz.spoiling import spoilt

MOST_S = 5.0
"""CPU time of one input; a spoilt input is a few thousand bytes."""
NO_END_S = 20.0
"""CPU time after which an input is given up."""
LONGEST_LINE = 2_000


class NoEnd(BaseException):  # noqa: N818 -- no error of a reader, that it could catch
    """An input takes too long."""


@dataclass(frozen=True)
class Case:
    """An input: of which seed and reader, and which one."""

    seed: int
    reader: str
    number: int

    def __str__(self) -> str:
        return f"{self.seed}.{self.reader}.{self.number}"

    @property
    def body(self) -> bytes:
        """The input itself; the same for the same case."""
        return spoilt(Random(str(self)), READERS[self.reader])


def fault_of(read: Callable[[bytes], object], body: bytes) -> str | None:
    """What is wrong with how a reader took an input; None where it read or refused it as it should."""
    began = time.process_time()
    signal.signal(signal.SIGPROF, _give_up)
    signal.setitimer(signal.ITIMER_PROF, NO_END_S)
    try:
        read(body)
    except NoEnd:
        return f"no end within {NO_END_S:g} s of CPU"
    except CorpusError as error:
        said = str(error)
        if not said or "\n" in said or len(said) > LONGEST_LINE:
            return f"refused in {said.count(chr(10)) + 1} lines of {len(said)} characters, expected a short one"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    took = time.process_time() - began
    return f"took {took:.1f} s of CPU, expected at most {MOST_S:g} s" if took > MOST_S else None


def _give_up(*_: object) -> None:
    raise NoEnd


def main() -> int:
    """Do what the command line says; the exit code is 1 where a reader failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=60.0, help="for all readers together (60)")
    parser.add_argument("--rounds", type=int, help="inputs for each reader, in place of a time")
    parser.add_argument("--only", choices=sorted(READERS), help="one reader")
    parser.add_argument("--case", help="one input again, such as 7.latex.31")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz"), help="where inputs go that a reader failed on (fuzz/)"
    )
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # of libraries, about spoilt files
    if given.case:
        seed, name, number = given.case.split(".")
        return _again(Case(int(seed), name, int(number)), given.keep)
    names = [given.only] if given.only else list(READERS)
    print(f"seed {given.seed}: {', '.join(names)}", flush=True)
    n_failed = sum(_of_reader(READERS[name], name, given, given.seconds / len(names)) for name in names)
    print(f"{n_failed} inputs failed" if n_failed else "every input was read, or refused in a line")
    return int(n_failed > 0)


def _of_reader(reader: Reader, name: str, given: argparse.Namespace, seconds: float) -> int:
    until, number, n_failed = time.monotonic() + seconds, 0, 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        read = reader.opened(Path(folder))
        while number < given.rounds if given.rounds else time.monotonic() < until:
            case = Case(given.seed, name, number)
            fault = fault_of(read, case.body)
            n_failed += _told(case, fault, given.keep) if fault else 0
            number += 1
    print(f"{name}: {number} inputs, {n_failed} failed", flush=True)
    return n_failed


def _told(case: Case, fault: str, keep: Path) -> int:
    print(f"FAILED {case}: {json.dumps(fault, ensure_ascii=False)}; the input is {_kept(case, keep)}", flush=True)
    return 1


def _kept(case: Case, keep: Path) -> Path:
    keep.mkdir(parents=True, exist_ok=True)
    (keep / str(case)).write_bytes(case.body)
    return keep / str(case)


def _again(case: Case, keep: Path) -> int:
    print(f"{case}: {_kept(case, keep)}")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        READERS[case.reader].opened(Path(folder))(case.body)  # with its traceback
    return 0


if __name__ == "__main__":
    sys.exit(main())
