"""Parts made by forked processes, in place of Ray: a task costs milliseconds, and a worker dies as Ray's do."""

import os
import pickle
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from curation.asking.replica import dies_with_us
from curation.engine import run
from curation.engine.steps import Step

AT_ONCE = 2


@dataclass
class Task:
    """A part being made in a process."""

    step: Step
    k: int
    where: str
    n_deaths: int = 0
    pid: int = 0
    pipe: int = -1

    def start(self) -> None:
        self.pipe, end = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(end)
            return
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the driver's way to stop is its own
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            dies_with_us()()
            outcome = pickle.dumps(run.attempt(self.step, self.k, self.where))
            with os.fdopen(end, "wb") as out:
                out.write(outcome)
        finally:
            os._exit(0)

    def outcome(self) -> run.Outcome | None:
        """What it gave back; None when it died before that."""
        with os.fdopen(self.pipe, "rb") as pipe:
            said = pipe.read()
        os.waitpid(self.pid, 0)
        return pickle.loads(said) if said else None


@contextmanager
def forked(where: str, workers: int | None) -> Iterator[run._Tasks]:
    """As `curation.engine.run` gets them of Ray: tasks given away, waited for, and how many at a time."""
    tasks: dict[int, Task] = {}

    def submit(step: Step, k: int) -> int:
        task = Task(step, k, where)
        task.start()
        tasks[id(task)] = task
        return id(task)

    def wait(handles: list[int], timeout_s: float | None) -> tuple[int, run.Outcome] | None:
        by_pipe = {tasks[one].pipe: one for one in handles}
        ready, _, _ = select.select(list(by_pipe), [], [], timeout_s)
        if not ready:
            return None
        task = tasks[by_pipe[ready[0]]]
        outcome = task.outcome()
        if outcome:
            return by_pipe[ready[0]], outcome
        task.n_deaths += 1
        if task.n_deaths > run.TRIES:
            return by_pipe[ready[0]], run.Outcome(error="StepError", message="its worker died", may_pass=True)
        task.start()
        return wait(handles, timeout_s)

    sys.stdout.flush()
    sys.stderr.flush()
    yield run._Tasks(submit, wait, AT_ONCE)
