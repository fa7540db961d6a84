"""How a process that makes parts asks the system for memory, so that a large part does not stay with it for good."""

import ctypes
from functools import cache

import pyarrow as pa

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of mallopt(3)
LARGE = 2**23  # bytes; what is larger is given back as soon as it is free, of the rest the next part is made
KEPT = 2**24


@cache
def keep_little() -> None:
    """Arrow's and Python's memory from the C library, once in a process, and large pieces of it apart.

    Arrow's own allocator keeps what a part needed beside what Python keeps. Buffers of a column and of a file are
    apart, and go when they are free; smaller pieces stay, for asking anew costs a page fault each 4 kB. With glibc;
    elsewhere only the former. No byte of a table depends on it.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGE)
        mallopt(TRIM_THRESHOLD, KEPT)
