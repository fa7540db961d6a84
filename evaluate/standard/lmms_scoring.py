"""What the harness calls: written into an exported task, beside the reader of replies. Not used here."""

import importlib.util
import io
import json
import sys
from pathlib import Path
from typing import Any

NAME = "NAME_OF_TASK"
HERE = Path(__file__).parent


def _reader() -> Any:
    """The reader beside this file; the harness does not put our folder on the path."""
    spec = importlib.util.spec_from_file_location(f"{NAME}_answers", HERE / f"{NAME}_answers.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{NAME}_answers.py is not beside {__file__}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def doc_to_visual(doc: dict[str, Any]) -> list[Any]:
    """The picture, in colour as models want it."""
    from PIL import Image

    # Our Parquet holds PNG of 8 bit without transparency only, so nothing is lost by `convert`.
    return [Image.open(io.BytesIO(doc["png"])).convert("RGB")]


def doc_to_text(doc: dict[str, Any], lmms_eval_specific_kwargs: dict[str, Any] | None = None) -> str:
    """The question."""
    return doc["question"]


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, Any]:
    """Truth and answer, strictly and leniently read, for the aggregation; whether the whole reply was an answer.

    The picture's id stands in the log with them: the harness itself keeps nothing of a document but its number.
    """
    reader = _reader()
    words = json.loads((HERE / f"{NAME}.json").read_text(encoding="utf-8"))
    benchmark = reader.Vocabulary(**{k: tuple(v) if isinstance(v, list) else v for k, v in words.items()})
    found, truth = reader.read_reply(results[0], None, benchmark), json.loads(doc["truth"])
    shared = {"id": doc["id"], "classes": words["classes"], "truth": truth}
    return {
        "macro_f1": {**shared, "said": list(found.strict or ())},
        "macro_f1_lenient": {**shared, "said": list(found.labels or ())},
        "accuracy": float(found.strict is not None and set(found.strict) == set(truth)),
        "coverage": float(found.strict is not None),
    }


def macro_f1(results: list[dict[str, Any]]) -> float:
    """The mean F1 over the true classes; what could not be read says nothing: a miss of its class, no false alarm."""
    total = 0.0
    classes = results[0]["classes"]
    for label in classes:
        hit = sum(label in one["truth"] and label in one["said"] for one in results)
        named = sum((label in one["truth"]) + (label in one["said"]) for one in results)
        total += 2 * hit / named if named else 0.0
    return total / len(classes)
