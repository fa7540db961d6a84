"""On a CPU the memory of a step is kept for the next one."""

import ctypes

import torch

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # of mallopt(3)
NEVER, NONE = -1, 0


def keep_memory() -> None:
    """Have the allocator keep what is freed. Asking the system anew for large tensors costs a page fault each 4 kB.

    Of a row of 32,768 tokens that was a quarter of the time. Of this process, with glibc; elsewhere nothing is done.
    """
    if torch.cuda.is_available():
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(TRIM_THRESHOLD, NEVER)
        mallopt(MMAP_MAX, NONE)
