"""Runs a command and prints what it took, as JSON: python -S benchmarks/measured_process.py COMMAND …

A process of its own, and a small one: the kernel counts the peak memory of whoever starts a process as the process's.
"""

import json
import os
import sys
import time

begun = time.monotonic()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(child, 0)
took = {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": time.monotonic() - begun, "peak_mb": usage.ru_maxrss / 1024}
print(json.dumps(took))
sys.exit(os.waitstatus_to_exitcode(status))
