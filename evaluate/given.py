"""What the options of `run` mean together: who is asked, in which ways, at which prices."""

from collections.abc import Mapping
from typing import Any

from curation.asking.request import Served
from curation.asking.vlm import Asker
from evaluate.asking.asking import Manner
from evaluate.asking.backends import Backend, ServedBackend
from evaluate.asking.band import band_of, seeds_of
from evaluate.asking.cost import Prices, check_paid
from evaluate.asking.local import local_backend
from evaluate.run import served_manner
from evaluate.tasks.models import Retry, models
from schemas.errors import RecipeError

Given = Mapping[str, Any]
"""Options by name."""


def check_together(given: Given) -> None:
    """Raise RecipeError for options that make no sense together, before anything is read."""
    if given["band"] and (given["shots"] or given["variant"] != "fixed" or given["order"]):
        raise RecipeError("--band asks in every wording and order: leave --variant, --order and --shots")
    if given["tuned"] and not given["choices"]:
        raise RecipeError("--tuned: thresholds are on the likelihoods of answers; give --choices too")
    if given["seeds"] > 1 and not given["shots"]:
        raise RecipeError("--seeds: without --shots there are no examples to choose")
    if given["shots"] and not given["model_dir"] and not given["parity_dir"] and not given["no_parity"]:
        raise RecipeError(
            "--shots: servers may encode several pictures otherwise than the model was trained with. Give --parity-dir "
            "FOLDER with the served model's weights, to be held against, or --no-parity where nobody has them"
        )


def asked(given: Given, servers: tuple[str, ...], store: str) -> tuple[Backend, list[Manner], Prices | None]:
    """The backend, the ways in which it is asked, and its prices."""
    prices = _prices(given)
    if given["model_dir"]:
        backend: Backend = _local(given, given["model_dir"], store, given["model"] or "")
    elif not given["model"]:
        raise RecipeError("which model? Give --model NAME (as its server calls it), or --model-dir FOLDER")
    else:
        check_paid(servers, prices, given["max_cost"], is_free=given["is_free"])
        asker = Asker(servers, store, in_flight=given["in_flight"])
        backend = ServedBackend(asker, Served(given["model"], given["revision"]))
    n_retries, retry = retries_of(given["retries"])
    manner = Manner(
        "", "", "", given["variant"], given["order"], given["shown"], given["constrained"], given["choices"],
        given["merge_shares"], given["shots"], 0, given["select"] if given["shots"] else "", n_retries, retry,
    )  # fmt: skip
    if manner.has_choices and not backend.describe().can_score:
        raise RecipeError("--choices: a server gives no likelihoods of given answers; use --model-dir")
    manner = served_manner(manner, backend)
    return backend, band_of(manner) if given["band"] else seeds_of(manner, given["seeds"]), prices


def like(given: Given, store: str) -> Backend | None:
    """The weights that a server is held against; None without."""
    return _local(given, given["parity_dir"], store, "") if given["parity_dir"] and given["shots"] else None


def retries_of(name: str | None) -> tuple[int, Retry]:
    """How often the original asked a model again, and in which way. RecipeError for a stranger."""
    if name is None:
        return 0, ""
    found = models().retries_of(name)
    if found is None:
        told = ", ".join(models().families)
        raise RecipeError(f"--retries {name}: no model or family of evaluate/tasks/models.toml; families: {told}")
    return found


def _local(given: Given, folder: Any, store: str, name: str) -> Backend:
    return local_backend(
        folder, store, name=name, dtype=given["dtype"], device=given["device"], batch=given["batch"]
    )  # fmt: skip


def _prices(given: Given) -> Prices | None:
    if given["price_in"] is None or given["price_out"] is None or not given["price_date"]:
        return None
    return Prices(given["price_in"], given["price_out"], given["price_date"])
