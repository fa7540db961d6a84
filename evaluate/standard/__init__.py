"""The standard benchmarks by lmms-eval, what was forgotten, and our benchmarks as its tasks."""
