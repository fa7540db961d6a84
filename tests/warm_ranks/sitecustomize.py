"""Read by every Python with this folder on its path: DeepSpeed's launcher starts its processes by tests/stand_in.py."""

import os
import sys

if "deepspeed.launcher.launch" in sys.orig_argv:
    sys.executable = os.environ["WARM_PYTHON"]
