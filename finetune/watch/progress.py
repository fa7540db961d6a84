"""What a run says while it goes: its speed and its losses, line by line, and a bar for the person who waits."""

import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

PEAKS = {  # bfloat16 without sparsity, operations a second, as the vendor states them
    "B200": 2250e12, "H200": 989e12, "H100 PCIe": 756e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12,
    "A40": 150e12, "A10": 125e12, "L4": 121e12,
}  # fmt: skip


class Meter:
    """Adds up rows between two lines of the log, and gives the figures of all ranks."""

    def __init__(self, tags: Sequence[str], n_weights: int) -> None:
        self.tags, self.n_weights = tuple(tags), n_weights
        self._losses: torch.Tensor | None = None
        self._n_tokens, self._n_rows, self._wait_s, self._start = 0, 0, 0.0, time.perf_counter()

    def waited(self, seconds: float) -> None:
        """Time that went by without rows."""
        self._wait_s += seconds

    def row(self, n_tokens: int, source: torch.Tensor | None, weight: torch.Tensor, nll: torch.Tensor) -> None:
        """One forward of a row."""
        self._n_tokens += n_tokens
        self._n_rows += 1
        if source is not None and len(self.tags) > 1:
            if self._losses is None:
                self._losses = torch.zeros(2, len(self.tags), device=nll.device)
            self._losses.index_add_(1, source, torch.stack([weight * nll, weight]).float())

    def read(self, accelerator: Any) -> dict[str, Any]:
        """The figures since the last reading. Every rank must call it."""
        seconds = time.perf_counter() - self._start
        counts = torch.tensor([self._n_tokens, self._n_rows], dtype=torch.float64, device=accelerator.device)
        if accelerator.device.type == "mps":
            counts = counts.float()
        n_tokens, n_rows = accelerator.gather(counts.reshape(1, 2)).sum(0).tolist()
        found: dict[str, Any] = {
            "tokens_per_s": round(n_tokens / seconds, 1),
            "rows_per_s": round(n_rows / seconds, 3),
            "data_wait": round(self._wait_s / seconds, 4),
            "share_of_peak": self._share(n_tokens / seconds / accelerator.num_processes),
            "peak_memory_gb": round(peak_memory_bytes() / 1e9, 3),
        }
        if len(self.tags) > 1:
            found["loss_of"] = self._loss_of(accelerator)
        self._n_tokens, self._n_rows, self._wait_s, self._start = 0, 0, 0.0, time.perf_counter()
        self._losses = None
        return found

    def _share(self, tokens_per_s: float) -> float | None:
        peak = device_peak()
        return round(6 * self.n_weights * tokens_per_s / peak, 4) if peak else None

    def _loss_of(self, accelerator: Any) -> dict[str, float | None]:
        own = torch.zeros(2, len(self.tags), device=accelerator.device) if self._losses is None else self._losses
        summed, weights = accelerator.gather(own[None]).sum(0).tolist()
        return {
            tag: round(loss / weight, 6) if weight else None
            for tag, loss, weight in zip(self.tags, summed, weights, strict=True)
        }


def device_peak() -> float | None:
    """Operations a second that the accelerator can do; None on a CPU, or where its name is not known."""
    if not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name()
    return next((peak for known, peak in PEAKS.items() if known in name), None)


def peak_memory_bytes() -> int:
    """The most memory that this process held: of the GPU where there is one."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Log:
    """A file of JSON lines, one a step. Going on from a step drops what a stopped run wrote after it."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        kept = [line for line in lines_of(path) if line["step"] <= step]
        path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    def __call__(self, line: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; a last one that a killed process left half written is dropped."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


class Bar:
    """A progress bar on a terminal; nothing elsewhere."""

    def __init__(self, n_steps: int, step: int) -> None:
        from tqdm import tqdm

        self.bar = tqdm(total=n_steps, initial=step, unit="step", disable=None, dynamic_ncols=True)

    def __call__(self, line: dict[str, Any]) -> None:
        self.bar.update(line["step"] - self.bar.n)
        self.bar.set_postfix_str(f"loss {line['loss']:.4f}, {line['tokens_per_s']:,.0f} tokens/s")
