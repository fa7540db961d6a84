"""The training pictures of a picture set as conversations for a trainer: a plain LLaVA file with its pictures."""

import json
from pathlib import Path

from evaluate.tasks.benchmark import pictures
from evaluate.tasks.picture_set import PictureSet, inputs_of_set
from evaluate.tasks.prompt import prompt_for
from schemas.errors import RecipeError

RECORDS = "llava.json"


def write_lessons(one: PictureSet, raw: Path, out: Path, *, variant: str = "fixed") -> dict[str, int]:
    """Write `llava.json`, `images/` and README.md to a new folder; gives the number of pictures of each class.

    Of split train alone, each asked as `run` asks, system turn included, and answered by its class. Raises RecipeError
    where there is nothing to learn from, or the folder is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise RecipeError(f"{out}: not empty; give a new folder")
    benchmark = one.asked_as_published(raw)
    prompt = prompt_for(benchmark, variant)
    before = [{"from": "system", "value": prompt.system}] if prompt.system else []
    cutouts, sources, splits = (step.run([]).kept for step in inputs_of_set(one, raw))
    tasks = benchmark.tasks(pictures(cutouts, sources, splits), "train")
    if not tasks:
        raise RecipeError(f"{one.name}: no picture of it may be learned from")
    (out / "images").mkdir(parents=True, exist_ok=True)
    records, counts = list[dict[str, object]](), dict.fromkeys(benchmark.classes, 0)
    for task in tasks:
        name, answer = f"images/{task.image_sha}.png", prompt.answer(task.truth)
        (out / name).write_bytes(task.png)
        for label in task.truth:
            counts[label] += 1
        said = [{"from": "human", "value": f"<image>\n{prompt.text}"}, {"from": "gpt", "value": answer}]
        records.append({"id": task.picture_id, "image": name, "conversations": [*before, *said]})
    told = f"Training pictures of the picture set `{one.name}`, wording `{variant}`: {counts}."
    (out / "README.md").write_text(f"# {one.title}\n\n{told}\n\n{one.cite}\n", encoding="utf-8")
    (out / RECORDS).write_text(json.dumps(records, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return counts
