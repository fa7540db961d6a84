"""Stops a run when it is told to, between two steps, with a checkpoint.

Clusters send SIGTERM before they take a machine away, and SIGUSR1 before a job's time is over.
"""

import signal
import threading
from typing import Any

import torch

from finetune.network.hf import TrainerCallback

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class Stop(TrainerCallback):
    """Ends the run after the step in which any rank got a signal, on all ranks alike."""

    def __init__(self, after: int | None = None) -> None:
        self.after, self.is_asked, self.is_stopped = after, False, False
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                signal.signal(number, self._ask)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Saves and stops when asked; the last step ends the run by itself."""
        is_asked = self.is_asked or (self.after is not None and state.global_step >= self.after)
        if any_rank(is_asked, args.device) and state.global_step < state.max_steps:
            self.is_stopped = control.should_save = control.should_training_stop = True
        return control

    def _ask(self, *_: Any) -> None:
        self.is_asked = True


def ignore_signals() -> None:
    """For the last moments of a process: launchers end all ranks when the first has gone, and 75 must remain 75."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def any_rank(is_so: bool, device: Any) -> bool:
    """Whether it is so on any of the processes."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return is_so
    flag = torch.tensor([int(is_so)], device=device)
    torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
    return bool(flag.item())
