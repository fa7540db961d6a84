"""Imported last by the process that tests fork commands from: no collection of garbage looks at what it imported."""

import gc

gc.freeze()
