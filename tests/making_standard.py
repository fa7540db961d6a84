"""Small data sets with the columns of the eleven standard benchmarks, and a server that answers them; all made up here.

lmms-eval's own tasks then run as they are: a data set's name is a folder below the one that it is started in. What it
wrote is kept under tests/recorded; again, with an environment of `make standard-setup`:

    python -m tests.making_standard --python .venv-standard/bin/python --out tests/recorded
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from evaluate.standard.lmms_task import export_task
from evaluate.standard.standard import LMMS_EVAL, STANDARDS, Harness, command, environment
from evaluate.tasks.benchmark import Task, benchmark
from schemas.fingerprint import choose
from tests.answering_server import AnsweringServer

N_DOCS = 12
EVERY_WRONG = 4
BENCHMARKS = ("b1", "b2", "b3", "b4", "b5", "b6")
LETTERS = "ABCD"
OPTIONS = ("a red dwarf", "a spiral", "a quasar", "a pulsar")
PLACES = {
    "ai2d": ("lmms-lab-encoder/ai2d", None, "test"),
    "chartqa": ("lmms-lab-encoder/ChartQA", None, "test"),
    "docvqa_val": ("lmms-lab-encoder/DocVQA", "DocVQA", "validation"),
    "infovqa_val": ("lmms-lab-encoder/DocVQA", "InfographicVQA", "validation"),
    "mme": ("lmms-lab-encoder/MME", None, "test"),
    "mmmu_val": ("lmms-lab-encoder/MMMU", None, "validation"),
    "mmstar": ("Lin-Chen/MMStar", None, "val"),
    "ocrbench": ("echo840/OCRBench", None, "test"),
    "seedbench": ("lmms-lab-encoder/SEED-Bench", None, "test"),
    "scienceqa_img": ("lmms-lab-encoder/ScienceQA", "ScienceQA-IMG", "test"),
    "realworldqa": ("lmms-lab-encoder/RealWorldQA", None, "test"),
}
RUNS = {"base": [*STANDARDS], "spoken": [*STANDARDS], "broken": ["mmmu_val", "realworldqa"], "radio": []}
SENTENCES = ("The answer is {}.", "I would say that it is {}.", "The answer is {}, as the picture shows.")


def png(shade: int = 7) -> bytes:
    sink = io.BytesIO()
    Image.new("L", (8, 8), shade).save(sink, "PNG")
    return sink.getvalue()


def docs(task: str) -> list[dict[str, object]]:
    """The documents of a task, each with its number in the question; the options change places."""
    return [DOCS[task](k, LETTERS[k % 4], f"[{task} {k}] What is seen?") for k in range(N_DOCS)]


def _listed(k: int) -> list[str]:
    """Options, the right one ("a quasar") at the place of letter k."""
    others = [one for one in OPTIONS if one != "a quasar"]
    return [*others[: k % 4], "a quasar", *others[k % 4 :]]


def _choices(k: int) -> str:
    return "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, _listed(k), strict=True))


DOCS = {
    "ai2d": lambda k, right, q: {"question": q, "options": _listed(k), "answer": str(k % 4), "image": png()},
    "chartqa": lambda k, right, q: {"type": ("human_test", "augmented_test")[k % 2], "question": q,
                                    "answer": ("0.57", "Peru", "42%")[k % 3], "image": png()},
    "docvqa_val": lambda k, right, q: {"question": q, "answers": ["Green Bank", "the Green Bank"],
                                       "questionId": str(k), "image": png()},
    "infovqa_val": lambda k, right, q: {"question": q, "answers": ["1,420 MHz"], "questionId": str(k), "image": png()},
    "mme": lambda k, right, q: {"question_id": f"m{k // 2}", "question": f"{q} Please answer yes or no.",
                                "answer": ("Yes", "No")[k % 2], "image": png(),
                                "category": "color" if k < 8 else "code_reasoning"},
    "mmmu_val": lambda k, right, q: {
        "id": f"validation_{('Art', 'Physics')[k % 2]}_{k}", "question": f"<image 1> {q}",
        "options": repr(_listed(k) if k % 3 else []), "question_type": "multiple-choice" if k % 3 else "open",
        "answer": right if k % 3 else "3.14", "image_1": png()},
    "mmstar": lambda k, right, q: {
        "index": k, "question": f"{q}\nOptions: " + _choices(k).replace(". ", ": ").replace("\n", ", "),
        "image": png(), "answer": right, "category": ("math", "coarse perception")[k % 2],
        "l2_category": ("geometry", "image emotion", "recognition")[0 if k < 2 else 1 if k < 6 else 2]},
    "ocrbench": lambda k, right, q: {"dataset": "IIIT5K", "question": q, "question_type": "Regular Text Recognition",
                                     "answer": ["GALAXY"], "image": png()},
    "seedbench": lambda k, right, q: {
        "question": q, "image": [png()], "answer": right, "data_type": "video" if k > 9 else "image",
        "question_id": str(k), **dict(zip(("choice_a", "choice_b", "choice_c", "choice_d"), _listed(k), strict=True))},
    "scienceqa_img": lambda k, right, q: {"question": q, "choices": _listed(k), "answer": k % 4, "hint": "",
                                          "image": png()},
    "realworldqa": lambda k, right, q: {"question": f"{q}\n{_choices(k)}" if k % 3 else q, "image": png(),
                                        "answer": right if k % 3 else "Downhill"},
}  # fmt: skip


def write_datasets(folder: Path) -> None:
    """Every data set, at the place where `datasets` looks for its name before it asks a hub."""
    configs: dict[str, list[str]] = {}
    for task, (name, config, split) in PLACES.items():
        place = folder / name / "data" / f"{task}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        made = docs(task)
        features = {key: _feature(value) for key, value in made[0].items()}
        table = pa.table({key: pa.array([_stored(doc[key]) for doc in made], _arrow(features[key])) for key in made[0]})
        about = {"huggingface": json.dumps({"info": {"features": features}})}
        pq.write_table(table.replace_schema_metadata(about), place)
        lines = [f"- config_name: {config or 'default'}", "  data_files:", f"  - split: {split}",
                 f"    path: data/{task}.parquet"]  # fmt: skip
        configs.setdefault(name, []).extend(lines)
    for name, lines in configs.items():
        (folder / name / "README.md").write_text("\n".join(["---", "configs:", *lines, "---", ""]), encoding="utf-8")


def _feature(value: object) -> dict[str, object]:
    """What `datasets` calls the type of a column."""
    if isinstance(value, bytes):
        return {"_type": "Image"}
    if isinstance(value, list):
        return {"feature": _feature(value[0]), "_type": "List"}
    return {"dtype": "int64" if isinstance(value, int) else "string", "_type": "Value"}


def _arrow(feature: dict[str, object]) -> pa.DataType:
    if feature["_type"] == "List":
        return pa.list_(_arrow(feature["feature"]))
    if feature["_type"] == "Image":  # any other form is not taken for a picture
        return pa.struct({"bytes": pa.binary(), "path": pa.string()})
    return pa.int64() if feature["dtype"] == "int64" else pa.string()


def _stored(value: object) -> object:
    if isinstance(value, bytes):
        return {"bytes": value, "path": None}
    return [_stored(one) for one in value] if isinstance(value, list) else value


class StandardServer(AnsweringServer):
    """Knows the documents above, three of four right; `is_spoken`: the same answers, in sentences; or it only fails."""

    def __init__(self, *, is_spoken: bool = False, is_broken: bool = False, **rules: object) -> None:
        super().__init__(is_clean=False, poison="" if is_broken else None, **rules)
        self.is_spoken = is_spoken

    def said(self, text: str, png: bytes | None, digest: str) -> str:
        if "[" not in text:
            return super().said(text, png, digest)
        task, k = text[text.index("[") + 1 : text.index("]")].split(" ")
        bare = answer(task, int(k))
        return choose(SENTENCES, f"{task} {k}").format(bare) if self.is_spoken else bare


def answer(task: str, k: int) -> str:
    """What the model believes: every fourth time something wrong, now and then something nearly right."""
    due = {
        "chartqa": ("0.58", "Peru", "42%")[k % 3], "docvqa_val": ("Green Bank", "Green Bnak")[k % 2],
        "infovqa_val": "1,420 MHz", "mme": ("Yes", "No")[k % 2], "ocrbench": "GALAXY",
    }.get(task, LETTERS[k % 4])  # fmt: skip
    wrong = {"chartqa": "17", "docvqa_val": "Effelsberg", "infovqa_val": "7 K", "mme": ("No", "Yes")[k % 2],
             "ocrbench": "STAR"}.get(task, LETTERS[(k + 1) % 4])  # fmt: skip
    if k % 3 == 0 and task in ("mmmu_val", "realworldqa"):
        due, wrong = ("3.14", "2.72") if task == "mmmu_val" else ("Downhill", "Uphill")
    return wrong if (k // 2 if task == "mme" else k) % EVERY_WRONG == EVERY_WRONG - 1 else due


def write_tasks(folder: Path, n_pictures: int = 12) -> None:
    """B1 to B6 on made pictures, as tasks of the harness."""
    for name in BENCHMARKS:
        one = benchmark(name)
        tasks = [
            Task(f"{one.name}-{k:03d}", f"{k:064x}", one.choices[k % len(one.choices)].labels, {}, f"c{k}", "test",
                 png=png(k))
            for k in range(n_pictures)
        ]  # fmt: skip
        export_task(one, tasks, folder)


def tasks_of(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*/*.yaml"))


def _run(python: Path, server: str, model: str, out: Path, tasks: list[str], include: Path | None = None) -> None:
    """All tasks in one process: one result file and a log each."""
    words = command(Harness(python, server, model, out, include=include), ",".join(tasks))
    home = {"HF_HOME": str(out / "hub"), "HF_HUB_OFFLINE": "1"}
    subprocess.run(words, cwd=out, env={**environment(os.environ), **home}, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="A folder for everything else.")
    given = parser.parse_args()
    kept, work = given.out / f"lmms_eval_{LMMS_EVAL}", given.work.absolute()
    tasks = work / "tasks"
    write_tasks(tasks)
    for name, wanted in RUNS.items():
        place = work / name
        write_datasets(place)
        with StandardServer(is_spoken=name == "spoken", is_broken=name == "broken") as server:
            include = None if wanted else tasks
            _run(given.python.absolute(), server.address, f"tests/{name}", place, wanted or tasks_of(tasks), include)
        shutil.rmtree(kept / name, ignore_errors=True)
        (kept / name).mkdir(parents=True)
        for file in sorted((place / f"tests__{name}").iterdir()):
            text = file.read_text(encoding="utf-8").replace(str(work), "FOLDER")
            (kept / name / file.name).write_text(text, encoding="utf-8")
        print(kept / name, file=sys.stderr)


if __name__ == "__main__":
    main()
