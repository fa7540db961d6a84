"""Questions of standard benchmarks into a Parquet file, by lmms-eval's own tasks. Runs in its environment, not in ours.

    .venv-standard/bin/python evaluate/standard/quick_docs.py --tasks ai2d,mme --questions 300 --out quick.parquet

Taken are documents with one picture whose answer is a letter or yes or no, in the order of a hash of their number: the
same ones on any machine, and the first 100 are part of the first 300.
"""

import argparse
import hashlib
import io
import re
from typing import Any

ANSWER = re.compile(r"(?i)[a-h]|yes|no")


def question_of(task: Any, number: int, doc: Any) -> dict[str, Any] | None:
    """A row; None where the document has not exactly one picture, or another kind of answer."""
    from PIL import Image

    target = str(task.doc_to_target(doc)).strip()
    if not ANSWER.fullmatch(target):
        return None
    parts = [part for turn in task.doc_to_messages(doc) for part in turn["content"]]
    pictures = [part["url"] for part in parts if part["type"] == "image"]
    if len(pictures) != 1 or not isinstance(pictures[0], Image.Image):
        return None
    sink = io.BytesIO()
    pictures[0].save(sink, "PNG")
    text = "\n".join(part["text"] for part in parts if part["type"] == "text")
    return {"task": task.config.task, "doc_id": number, "question": text, "target": target, "png": sink.getvalue()}


def questions_of(name: str, task: Any, n_questions: int) -> list[dict[str, Any]]:
    """As many rows of a task as are wanted, or as it has."""
    docs, rows = task.eval_docs, list[dict[str, Any]]()
    for number in sorted(range(len(docs)), key=lambda k: hashlib.blake2b(f"{name}:{k}".encode()).digest()):
        row = question_of(task, number, docs[number])
        rows += [row] if row else []
        if len(rows) == n_questions:
            break
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", required=True)
    parser.add_argument("--questions", type=int, required=True)
    parser.add_argument("--out", required=True)
    given = parser.parse_args()

    import pyarrow as pa
    import pyarrow.parquet as pq
    from lmms_eval.tasks import TaskManager, get_task_dict

    tasks = get_task_dict(given.tasks.split(","), TaskManager("ERROR", model_name="async_openai"), "chat")
    rows = [row for name, task in sorted(tasks.items()) for row in questions_of(name, task, given.questions)]
    pq.write_table(pa.Table.from_pylist(rows), given.out)


if __name__ == "__main__":
    main()
