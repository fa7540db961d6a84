"""The central idea: steps, the store, the runner."""
