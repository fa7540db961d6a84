"""Is `evaluate` ours? Hugging Face publishes a module of the same name."""

import importlib.util
from pathlib import Path

from schemas.errors import RecipeError


def check_names() -> None:
    """Raise when another package hides this project's `evaluate/`; called by every command line."""
    ours = Path(__file__).resolve().parent.parent
    spec = importlib.util.find_spec("evaluate")
    theirs = Path(spec.origin).resolve().parent.parent if spec and spec.origin else None
    if theirs != ours:
        raise RecipeError(
            f"Hugging Face's 'evaluate' hides this project's evaluate/ (found {theirs}, expected {ours}): "
            "pip uninstall evaluate"
        )
