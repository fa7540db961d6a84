"""A benchmark as an lmms-eval task: a folder that others can run in their harness, with our way of reading replies.

    python -m lmms_eval --include_path FOLDER --tasks radio_b1_extended --model … --batch_size 1

The folder holds the task (YAML), the pictures with question and truth (Parquet), and the code that reads and scores,
which is our own reader (the files of `READER`) beside the few lines that the harness calls.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evaluate.tasks.answers import READER
from evaluate.tasks.benchmark import Benchmark, Task
from evaluate.tasks.prompt import prompt_for
from schemas.errors import RecipeError

HERE = Path(__file__).resolve().parent
OWN_IMPORT = re.compile(r"^from evaluate\.tasks\.\w+ import (?:\([^)]*\)|.*)\n", re.MULTILINE)
MAX_NEW_TOKENS = 256
YAML = """# {cite}. Written by radio-corpus; greedy, at most 256 new tokens, every picture scored.
task: "{task}"
dataset_path: parquet
dataset_kwargs:
  data_files:
    test: {pictures}
test_split: test
output_type: generate_until
doc_to_visual: !function {module}.doc_to_visual
doc_to_text: !function {module}.doc_to_text
doc_to_target: "answer"
generation_kwargs:
  max_new_tokens: 256
  temperature: 0
  do_sample: false
  num_beams: 1
process_results: !function {module}.process_results
metric_list:
  - metric: macro_f1
    aggregation: !function {module}.macro_f1
    higher_is_better: true
  - metric: macro_f1_lenient
    aggregation: !function {module}.macro_f1
    higher_is_better: true
  - metric: accuracy
    aggregation: mean
    higher_is_better: true
  - metric: coverage
    aggregation: mean
    higher_is_better: true
metadata:
  version: {version}
"""


def export_task(benchmark: Benchmark, tasks: Sequence[Task], folder: Path, variant: str = "fixed") -> Path:
    """Write the task into a folder of its own below `folder`; gives the YAML.

    The YAML names its Parquet by absolute path, as the harness reads it from anywhere; moved, it must be written again.
    """
    if not tasks:
        raise RecipeError(f"benchmark {benchmark.name}: no picture to export")
    name = f"radio_{benchmark.name}" + ("" if variant == "fixed" else f"_{variant}")
    place, asked = folder / name, prompt_for(benchmark, variant)
    place.mkdir(parents=True, exist_ok=True)
    ordered = sorted(tasks, key=lambda one: one.picture_id)
    rows = {
        "id": [one.picture_id for one in ordered],
        "png": pa.array([one.png for one in ordered], pa.binary()),
        "question": [asked.text for _ in ordered],
        "answer": [asked.answer(one.truth) for one in ordered],
        "truth": [json.dumps(one.truth) for one in ordered],
    }
    pictures = (place / f"{name}.parquet").resolve()
    pq.write_table(pa.table(rows), pictures)
    # Module names are those of files in sys.path order of the harness: of two tasks they must differ.
    module, reader = f"{name}_scoring", f"{name}_answers"
    (place / f"{reader}.py").write_text(_reader(), encoding="utf-8")
    (place / f"{name}.json").write_text(json.dumps(_vocabulary(benchmark), indent=1) + "\n", encoding="utf-8")
    scoring = (HERE / "lmms_scoring.py").read_text(encoding="utf-8").replace("NAME_OF_TASK", name)
    (place / f"{module}.py").write_text(scoring, encoding="utf-8")
    written = place / f"{name}.yaml"
    text = YAML.format(
        cite=benchmark.cite, task=name, pictures=json.dumps(str(pictures)), module=module, version=benchmark.version
    )
    written.write_text(text, encoding="utf-8")
    return written


def _reader() -> str:
    """Our reader as one file, for the harness has none of our packages."""
    texts = [(HERE.parent / "tasks" / name).read_text(encoding="utf-8") for name in READER]
    return "\n\n".join(OWN_IMPORT.sub("", text) for text in texts)


def _vocabulary(benchmark: Benchmark) -> dict[str, object]:
    words = benchmark.vocabulary
    return {
        "answer": words.answer,
        "classes": words.classes,
        "none": words.none,
        "joiner": words.joiner,
        "aliases": dict(words.aliases),
        "paper_classes": words.paper_classes,
        "subjects": words.subjects,
        "question": words.question,
    }
