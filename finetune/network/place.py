"""Where a model is: a folder, the hub's files that were downloaded, or the hub itself, which is asked once.

Nothing of transformers or torch is imported, so that a model that is not there is told at once.
"""

import json
import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from finetune.families.known import CONFIG, FAMILIES, unknown
from schemas.errors import RecipeError

PATIENCE_S = 3.0
"""How long the hub has for its one answer: a name that is looked up without a network may take minutes to fail."""


def check_model(name: str | Path, revision: str | None = None) -> None:
    """Raise RecipeError unless a model of a known family is there, or at the hub, which is asked once."""
    reason = _reason(str(name), revision)
    if reason:
        raise RecipeError(f"model {name}: {reason}")


def _reason(name: str, revision: str | None) -> str | None:
    path = Path(name).expanduser()
    if path.is_dir():
        return _of_config(path / CONFIG)
    if path.exists():
        return "is a file; expected the folder of a model, with config.json and its weights"
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        return "no such folder; expected one with config.json and its weights, or a name at the hub such as org/model"
    downloaded = _downloaded(name, revision)
    if downloaded:
        return _of_config(downloaded)
    if _is_told_offline():
        return (
            "no such folder, and not among the files downloaded from the hub (HF_HUB_OFFLINE is set); "
            "download it where there is internet (hf download) or give its folder by --set model.name=FOLDER"
        )
    return _of_hub(name, revision)


def _of_config(path: Path) -> str | None:
    """What keeps a config from being a known family's; None where nothing does."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"{path.parent} has no {CONFIG}; expected the folder of a model in Hugging Face's form"
    except (OSError, ValueError, RecursionError) as error:
        return f"{path} cannot be read as JSON ({type(error).__name__}); expected a model's config"
    reason = unknown(said)
    return f"{path} {reason}" if reason else None


def _downloaded(name: str, revision: str | None) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, CONFIG, revision=revision)
    except HFValidationError:
        return None
    return Path(found) if isinstance(found, str) else None


def _is_told_offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")


@cache
def _of_hub(name: str, revision: str | None) -> str | None:
    """What the hub says against a model, or that it does not answer."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    answer = in_time(lambda: HfApi().model_info(name, revision=revision, timeout=PATIENCE_S), PATIENCE_S)
    if answer is None:
        return (
            f"no such folder, and the hub gave no answer within {PATIENCE_S:.0f} s: no internet here? "
            "Download it elsewhere (hf download) and give its folder by --set model.name=FOLDER"
        )
    if isinstance(answer, HFValidationError | HfHubHTTPError):
        return f"no such folder, and the hub has none that may be read: {' '.join(str(answer).split())[:200]}"
    if isinstance(answer, Exception):
        return (
            f"no such folder, and the hub cannot be reached ({type(answer).__name__}): no internet here? "
            "Download it elsewhere (hf download) and give its folder by --set model.name=FOLDER"
        )
    found = (answer.config or {}).get("model_type")
    known = " or ".join(map(repr, FAMILIES))
    return None if found is None or found in FAMILIES else f"is a {found!r}; expected model_type {known}"


def in_time(asked: Callable[[], Any], seconds: float) -> Any:
    """What a call gives, or the exception that it raises; None where it takes longer. The call itself goes on."""
    found = list[Any]()

    def ask() -> None:
        try:
            found.append(asked())
        except Exception as error:  # noqa: BLE001 -- whatever a client of the network raises is its answer
            found.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None
