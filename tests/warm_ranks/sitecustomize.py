"""Read by every Python with this folder on its path: what DeepSpeed's launcher and Ray's workers start is forked."""

import os
import sys

if "deepspeed.launcher.launch" in sys.orig_argv or any(one.endswith("default_worker.py") for one in sys.orig_argv):
    sys.executable = os.environ["WARM_PYTHON"]
