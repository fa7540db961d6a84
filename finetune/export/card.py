"""The model card: where a model comes from, what was trained, what it was measured to do, and what is not known of it.

The part on evaluation is filled later, from the scores.json and the forgetting.csv of `evaluate report`; nothing in it
is typed, and what was not measured says so.
"""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finetune.data.origins import UNKNOWN, Origin
from finetune.export.publish import CARD, SUMS, sums_of
from schemas.errors import CheckpointError, RecipeError

BEGIN, END = "<!-- evaluation -->", "<!-- end of evaluation -->"
BENCHMARKS = ("b1", "b2", "b3", "b4", "b5", "b6")
NOT_MEASURED = "not measured"
FORGETTING = ("benchmark", "questions", "base", "tuned", "loss", "of knowledge", "of form")
PLAIN = {"prompt_variant": "fixed", "option_order": 0, "shots": 0}
LIMITS = """## Limits

Trained on radio-astronomy pictures. It may have forgotten what its base knew, and may answer from the question alone.
Its answers are drawn from a closed set of labels that others made, with their errors. Do not use them without looking
at the picture."""


def card(made: Any, changed: Mapping[str, tuple[int, int]]) -> str:
    """README.md of an export; `made` is the export's."""
    recipe, facts, template = made.recipe, made.facts, made.encoder.template
    batch, base = recipe.batch, recipe.model.name
    named = Path(base).name if recipe.model.is_folder else base  # where a folder lies is nobody's business
    trained = ", ".join(
        f"{name} {count.n_trainable:,}" for name, count in made.ledger.groups.items() if count.n_trainable
    )
    return "\n".join(
        [
            "---", f"base_model: {json.dumps(named)}", "pipeline_tag: image-text-to-text",
            "library_name: transformers", "---", "", f"# {recipe.title}", "",
            f"- base: {named}, revision {recipe.model.revision or 'none: a folder'}",
            f"- recipe: fingerprint {recipe.fingerprint[:16]}; {_told(recipe)}",
            f"- template: {template.name}, {template.digest[:16]}",
            f"- trained: {facts['n_steps']:,} steps of {batch.global_batch} rows on {facts['n_records']:,} records; "
            f"{facts['gpu_hours']:.2f} device-hours",
            f"- weights trained: {trained}",
            *(f"- assumption: {one}" for one in recipe.assumptions), "",
            *_data(facts["origins"], facts["data"]), "",
            "| group | tensors changed |", "|---|---|",
            *(f"| {group} | {n_changed} of {n} |" for group, (n_changed, n) in changed.items()), "",
            evaluation({}, None), "", LIMITS, "",
        ]
    )  # fmt: skip


def fill(model: Path, scores: Path, *, name: str | None = None, base: str | None = None,
         forgetting: Path | None = None) -> Path:  # fmt: skip
    """Write what was measured into the card of `model`; gives the card. Other files stay as they are.

    `name` is the model in the scores, needed where they are of several; `base` the one that it is held against.
    RecipeError where the files are not those of `evaluate report`, CheckpointError where the model was changed.
    """
    path = model / CARD
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CheckpointError(f"{path}: no model card: {error.strerror}") from error
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise CheckpointError(f"{path}: has no place for an evaluation; expected one {BEGIN} and one {END}")
    _check_untouched(model)
    runs = _runs(scores)
    mine = _of(runs, name, scores)
    theirs = _of(runs, base, scores) if base else {}
    body = evaluation(mine, theirs if base else None, base=base, forgot=_forgot(forgetting) if forgetting else None)
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    _replace(path, before + body + after)
    _replace(model / SUMS, sums_of(model))
    return path


def evaluation(
    mine: Mapping[str, Mapping[str, Any]],
    theirs: Mapping[str, Mapping[str, Any]] | None,
    *,
    base: str | None = None,
    forgot: Sequence[Sequence[str]] | None = None,
) -> str:
    """The part on evaluation, between its marks: B1 to B6 whatever was measured, then others, then forgetting."""
    rows = [_row(one, mine, theirs) for one in [*BENCHMARKS, *sorted(n for n in mine if n[:2] not in BENCHMARKS)]]
    head = ["benchmark", "macro-F1", *([f"of {base}"] if theirs is not None else []), "pictures"]
    lines = [
        BEGIN, "## Evaluation", "",
        "Macro-F1 in per cent with 95 % intervals; the prompt is the fixed one, and only an allowed answer counts.",
        "", *_table(head, rows), "", "### Forgetting", "",
    ]  # fmt: skip
    if forgot:
        lines += ["Standard benchmarks, in points; what is lost of knowledge and what only in form.", ""]
        lines += _table(FORGETTING, forgot)
    else:
        lines.append(f"Standard benchmarks: {NOT_MEASURED}.")
    return "\n".join([*lines, "", END])


def _told(recipe: Any) -> str:
    llm = recipe.trainable.llm + (f" {recipe.lora.r}/{recipe.lora.alpha}" if recipe.lora else "")
    if recipe.lora and not recipe.lora.is_everywhere:
        llm += f" on {', '.join(recipe.lora.on)}"
    llm += " and vision tower" if recipe.changes_vision else ""
    optim, turns = recipe.optim, recipe.turns
    return (
        f"llm {llm}, lr {optim.lr:g} ({optim.schedule}, warm-up {optim.warmup:g}), {recipe.run.epochs} epochs, "
        f"turns {turns.layout}, loss on {recipe.loss.on} by {recipe.loss.norm}, seed {recipe.run.seed}"
    )


def _data(found: Sequence[Origin], digest: str) -> list[str]:
    rows = [
        (one.tag, one.version, *(", ".join(said) for said in (one.surveys, one.writers, one.licences))) for one in found
    ]
    lines = ["## Data", "", f"Digest of all: {digest[:16]}.", ""]
    lines += _table(("tag", "version", "surveys", "words by", "licence of the pixels"), rows)
    if any(UNKNOWN in one.licences for one in found):
        lines += ["", "Some pictures have no licence that is known: ask their owners before you pass this model on."]
    return [*lines, "", "The licence of the weights is that of the base."]


def _row(
    name: str, mine: Mapping[str, Mapping[str, Any]], theirs: Mapping[str, Mapping[str, Any]] | None
) -> tuple[str, ...]:
    found = [key for key in mine if key == name or key.startswith(f"{name}_")]
    one = mine[found[0]] if found else None
    if one is None:
        return (name.upper(), NOT_MEASURED, *([NOT_MEASURED] if theirs is not None else []), "–")
    other = (theirs or {}).get(found[0])
    columns = [_percent(one), *([_percent(other) if other else NOT_MEASURED] if theirs is not None else [])]
    return (found[0], *columns, f"{one['n']:,}")


def _percent(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "–"
    has_interval = one["low"] is not None and one["high"] is not None
    between = f" [{100 * one['low']:.1f}, {100 * one['high']:.1f}]" if has_interval else ""
    return f"{100 * one['value']:.1f}{between}"


def _runs(path: Path) -> list[dict[str, Any]]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        runs = [one for one in said["runs"] if isinstance(one["model"], str) and isinstance(one["numbers"], list)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        told = f"{type(error).__name__}: {error}"
        raise RecipeError(f"{path}: {told}; expected the scores.json of `python -m evaluate report`") from error
    return runs


def _of(runs: Sequence[Mapping[str, Any]], name: str | None, path: Path) -> dict[str, dict[str, Any]]:
    """Of each benchmark the strict macro-F1 of a model that looked, asked in the plain way, by the benchmark's rule."""
    models = sorted({one["model"] for one in runs})
    if name is None and len(models) == 1:
        name = models[0]
    if name not in models:
        asked = f"no model {name!r}" if name else "several models, so --name says which"
        raise RecipeError(f"{path}: {asked}; there are {', '.join(models) or 'none'}")
    found: dict[str, dict[str, Any]] = {}
    for run in sorted(runs, key=lambda one: len(str(one.get("decode", "")))):  # the plain way before a constrained one
        is_plain = all(run.get(key, value) == value for key, value in PLAIN.items())
        if run["model"] == name and run.get("shown") == "picture" and is_plain and not run.get("n_sampled"):
            number = next((one for one in run["numbers"] if _is_headline(one)), None)
            if number:
                found.setdefault(str(run["benchmark"]), {key: number.get(key) for key in ("value", "low", "high", "n")})
    return found


def _is_headline(one: Mapping[str, Any]) -> bool:
    wanted = {"metric": "f1", "of": "macro", "scoring": "strict"}
    return all(one.get(key) == value for key, value in wanted.items())


def _forgot(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise RecipeError(f"{path}: cannot be read: {error}") from error
    if tuple(head) != FORGETTING or any(len(row) != len(FORGETTING) for row in rows):
        raise RecipeError(
            f"{path}: columns are {', '.join(head)}; expected {', '.join(FORGETTING)}, those of tables/forgetting.csv"
        )
    return rows


def _check_untouched(model: Path) -> None:
    """A digest that is written again must not cover up that something else was changed."""
    try:
        said = (model / SUMS).read_text(encoding="utf-8")
    except OSError as error:
        raise CheckpointError(f"{model / SUMS}: {error.strerror}; is this a model of ours?") from error
    mine, theirs = (
        [line for line in one.splitlines() if not line.endswith(f"  {CARD}")] for one in (sums_of(model), said)
    )
    if mine != theirs:
        changed = sorted({line.split("  ", 1)[1] for line in set(mine) ^ set(theirs)})
        raise CheckpointError(f"{model / SUMS}: {', '.join(changed)}: not as it says")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [
        [re.sub(r"\s+", " ", cell).replace("|", "/").replace("<", "&lt;") for cell in row] for row in (head, *rows)
    ]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], "|---" * len(head) + "|", *lines[1:]]


def _replace(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.aside")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
