"""What is different between two hand-overs: pictures, labels, splits, answers, and why.

Sources and figures are held against each other by their ids, which come of the catalogue and not of the build; the
answers of a picture by their question. What the store still has of the tables tells why: the refused rows of what is
gone, and what differs in the recipes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

import pyarrow.parquet as pq

from curation.operation.reasons import recipe_differences
from curation.release.built import Tables, rejections
from curation.release.certificate import PROVENANCE
from curation.release.export import handover_manifest, no_handover
from schemas.tables import EDGES

Row = dict[str, Any]
Turn = tuple[str, str, str]
"""Question id, question, answer."""
COLUMNS = ("source_id", "figure_id", "source_name", "paper_id", "dataset", "survey", "split", "benchmark", "patch_id",
           "image", "png_sha256", "mosaic", "mosaic_sha256", "x_min_px", "y_min_px", "x_max_px", "y_max_px", "stretch",
           "labels", "turns", "generator", "sample_id", "cutout_id", "conversation_id", "origin_catalog",
           "origin_row", "overlap", "method", "width_px", "beam_major_arcsec")  # fmt: skip
FRAME = ("overlap", "method", "width_px", "beam_major_arcsec")
"""What tells one `[frame]` from another."""
KINDS = ("added", "removed", "pictures", "labels", "splits", "answers")
MOST_NAMED = 5
BESIDE = ("injections", "twins", "blind", "matchings")
"""Tables that no sample is made of."""


class Store(Tables, Protocol):
    """A store, also asked whether a table is there."""

    def is_done(self, address: str) -> bool: ...


@dataclass(frozen=True)
class Side:
    """A hand-over, by source or figure."""

    manifest: Row
    shown: dict[str, "Shown"]


@dataclass
class Shown:
    """A source or figure with all that a hand-over says of it."""

    first: Row
    turns: Counter[Turn] = field(default_factory=Counter)
    generators: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    """By which refused rows may name it."""

    @property
    def labels(self) -> dict[str, Row]:
        """Statements by scheme and label."""
        return {f"{one['scheme']}/{one['label']}": one for one in self.first["labels"] or ()}


@dataclass(frozen=True)
class Diff:
    """Every difference, each a row for machines with `id`, `name`, `dataset` and `why`; and what the recipes say."""

    a: str
    b: str
    changes: dict[str, list[Row]]
    """By the names of KINDS."""
    recipes: list[str]

    @property
    def told(self) -> Row:
        """For machines."""
        counts = {kind: len(rows) for kind, rows in self.changes.items()}
        return {"a": self.a, "b": self.b, "counts": counts, **self.changes, "recipes": self.recipes}

    @property
    def lines(self) -> list[str]:
        """For people: the counts, the first of each kind with its reason, and what the recipes say."""
        if not any(self.changes.values()):
            return [f"{self.a} and {self.b} say the same of the same pictures", *self._recipe_lines()]
        lines = [f"{self.a} -> {self.b}"]
        for kind, rows in self.changes.items():
            lines.append(f"{kind:<9}{len(rows):>7,}")
            lines += [f"  {_line(kind, one)}" for one in rows[:MOST_NAMED]]
            lines += [f"  and {len(rows) - MOST_NAMED:,} more: --json tells all"] if len(rows) > MOST_NAMED else []
        return [*lines, *self._recipe_lines()]

    def _recipe_lines(self) -> list[str]:
        return ["recipes", *(f"  {one}" for one in self.recipes)] if self.recipes else []


def diff(a: Path, b: Path, store: Store | None) -> Diff:
    """What is different in hand-over `b` from `a`. `store`: where their tables are, if anywhere.

    Raises RecipeError for a folder that is no hand-over.
    """
    old, new = read_side(a), read_side(b)
    is_less = any(one.ids - new.shown[key].ids if key in new.shown else True for key, one in old.shown.items())
    refused = _refused(store, new.manifest) if store and is_less else {}
    changes = {kind: list[Row]() for kind in KINDS}
    for key in sorted(old.shown.keys() | new.shown.keys()):
        for kind, row in _changes(key, old.shown.get(key), new.shown.get(key), refused):
            changes[kind].append(row)
    recipes = [
        *_withdrawn(old.manifest, new.manifest),
        *_doors(old.manifest, new.manifest),
        *_recipes(store, old.manifest, new.manifest),
    ]
    return Diff(old.manifest["address"], new.manifest["address"], changes, recipes)


def read_side(folder: Path) -> Side:
    """A hand-over by its sources and figures."""
    manifest = handover_manifest(folder)
    if manifest is None or not (folder / PROVENANCE).is_file():
        raise no_handover(folder)
    shown = dict[str, Shown]()
    there = set(pq.read_schema(folder / PROVENANCE).names)
    with pq.ParquetFile(folder / PROVENANCE) as file:
        for batch in file.iter_batches(1000, columns=[name for name in COLUMNS if name in there]):
            for row in batch.to_pylist():
                row = {**dict.fromkeys(COLUMNS), **row}
                _take(shown.setdefault(row["source_id"] or row["figure_id"], Shown(row)), row)
    return Side(manifest, shown)


def _take(one: Shown, row: Row) -> None:
    one.turns.update((turn["question_id"], turn["question"], turn["answer"]) for turn in row.pop("turns"))
    one.generators.add(row["generator"])
    named = (row[name] for name in ("source_id", "figure_id", "cutout_id", "conversation_id", "sample_id", "paper_id"))
    one.ids |= {str(name) for name in named if name}
    one.ids.add(f"{row['origin_catalog']}:{row['origin_row']}")


# -- changes ---------------------------------------------------------------------------------------------------------


def _changes(key: str, old: Shown | None, new: Shown | None, refused: Mapping[str, Row]) -> Iterator[tuple[str, Row]]:
    one = new or old
    if one is None:
        return
    name = one.first["source_name"] or one.first["paper_id"]
    base = {"id": key, "name": name, "dataset": one.first["dataset"]}
    if new is None:
        yield "removed", {**base, "split": one.first["split"], "n_turns": one.turns.total(), "why": _gone(one, refused)}
    elif old is None:
        yield "added", {**base, "split": one.first["split"], "n_turns": one.turns.total(), "why": "was not there"}
    else:
        yield from ((kind, {**base, **row}) for kind, row in _both(old, new, refused))


def _both(old: Shown, new: Shown, refused: Mapping[str, Row]) -> Iterator[tuple[str, Row]]:
    was, now = old.first, new.first
    is_redrawn, labels = was["png_sha256"] != now["png_sha256"], list(_labels(old.labels, new.labels))
    if is_redrawn:
        yield "pictures", {"from": was["image"], "to": now["image"], "why": _redrawn(was, now)}
    yield from (("labels", row) for row in labels)
    if was["split"] != now["split"]:
        yield "splits", {"from": was["split"], "to": now["split"], "why": _moved(was, now)}
    because = ["its labels changed"] * bool(labels) + ["its picture changed"] * is_redrawn
    if old.generators != new.generators:
        because.append(f"written by {', '.join(sorted(new.generators))}, before by {', '.join(sorted(old.generators))}")
    because += [_refusal(refused[name]) for name in sorted(old.ids - new.ids) if name in refused]
    why = "; ".join(because) or "other words, or another choice of questions: see recipes"
    yield from (("answers", {**row, "why": why}) for row in _answers(old.turns, new.turns))


def _labels(old: Mapping[str, Row], new: Mapping[str, Row]) -> Iterator[Row]:
    for name in sorted(old.keys() | new.keys()):
        was, now = (side.get(name, {}).get("state", "unknown") for side in (old, new))
        if was != now:
            said = new.get(name) or old[name]
            yield {"label": name, "from": was, "to": now,
                   "why": f"{said['catalog']}, data row {said['row']}, says {said['original']} ({said['tier']})"
                   if name in new else "nobody states it any more"}  # fmt: skip


def _answers(old: Counter[Turn], new: Counter[Turn]) -> Iterator[Row]:
    """Turns that are not the same on both sides: of a question changed in pairs, the rest removed or added."""
    gone, came = old - new, new - old
    for question_id in sorted({one[0] for one in [*gone, *came]}):
        left = sorted(one for one in gone.elements() if one[0] == question_id)
        right = sorted(one for one in came.elements() if one[0] == question_id)
        left, right, same = _paired(left, right)
        for was, now in [*same, *zip_longest(left, right)]:
            yield {"change": "added" if was is None else "removed" if now is None else "changed",
                   "question_id": question_id, "question_from": was and was[1], "question_to": now and now[1],
                   "from": was and was[2], "to": now and now[2]}  # fmt: skip


def _paired(left: list[Turn], right: list[Turn]) -> tuple[list[Turn], list[Turn], list[tuple[Turn, Turn]]]:
    """What is left of both sides, and the pairs that ask in the same words."""
    pairs = list[tuple[Turn, Turn]]()
    for was in list(left):
        partner = next((now for now in right if now[1] == was[1]), None)
        if partner:
            left.remove(was)
            right.remove(partner)
            pairs.append((was, partner))
    return left, right, pairs


def _redrawn(was: Row, now: Row) -> str:
    found = list[str]()
    if was["mosaic"] != now["mosaic"]:
        found.append(f"cut from {now['mosaic']}, before from {was['mosaic']}")
    elif was["mosaic_sha256"] != now["mosaic_sha256"]:
        found.append(f"{now['mosaic']} has other bytes")
    if [was[edge] for edge in EDGES] != [now[edge] for edge in EDGES]:
        found.append("other pixels are cut")
    if was["stretch"] != now["stretch"]:
        found.append(f"drawn by {now['stretch']}, before by {was['stretch']}")
    if any(was.get(name) != now.get(name) for name in FRAME):
        found.append("made on other pixels, at another beam or of its mosaics in another way")
    return "; ".join(found) or "drawn otherwise: see recipes"


def _moved(was: Row, now: Row) -> str:
    if was["benchmark"] != now["benchmark"]:
        return f"benchmark {now['benchmark'] or 'none'}, before {was['benchmark'] or 'none'}"
    if was["patch_id"] != now["patch_id"]:
        return "its patch of sky is another one"
    return "its patch is in another split: published splits, sealed sky or shares changed"


# -- why -------------------------------------------------------------------------------------------------------------


def _refused(store: Store, manifest: Row) -> dict[str, Row]:
    """The refused rows of a hand-over's tables by what they name; nothing where the tables are gone."""
    tables = {kind: [one for one in some if store.is_done(one)] for kind, some in manifest.get("tables", {}).items()}
    return {row["row_id"]: row for row in rejections(store, tables).to_pylist()}


def _gone(one: Shown, refused: Mapping[str, Row]) -> str:
    """Why something is not there any more: the refused row that names it."""
    for name in sorted(one.ids):
        if row := refused.get(name):
            return _refusal(row)
    return "no refused row names it: its catalogue has it no more, or no question is asked of it: see recipes"


def _refusal(row: Row) -> str:
    return f"{row['step']}: {row['reason']}: {row['detail']}"


def _withdrawn(old: Row, new: Row) -> Iterator[str]:
    was, now = ({one["id"]: one["reason"] for one in side.get("withdrawn", ())} for side in (old, new))
    yield from (f"withdrawn: {name}: {now[name]}" for name in sorted(now.keys() - was.keys()))
    yield from (f"no longer withdrawn: {name}" for name in sorted(was.keys() - now.keys()))


def _doors(old: Row, new: Row) -> Iterator[str]:
    was, now = ({(one["kind"], one["name"]): one["sha256"] for one in side.get("doors", ())} for side in (old, new))
    for kind, name in sorted(was.keys() | now.keys()):
        digests = was.get((kind, name)), now.get((kind, name))
        if digests[0] != digests[1]:
            how = "changed" if all(digests) else "is new" if digests[1] else "is no longer used"
            yield f"door {kind}/{name} {how}"


def _recipes(store: Store | None, old: Row, new: Row) -> Iterator[str]:
    """What differs in the recipes of tables of the same name that samples are made of, where both are still there."""
    if store is None:
        return
    was, now = (_by_name(side.get("tables", {})) for side in (old, new))
    for name in sorted(was.keys() & now.keys()):
        if was[name] != now[name] and store.is_done(was[name]) and store.is_done(now[name]):
            found = recipe_differences(store.manifest(was[name]).recipe, store.manifest(now[name]).recipe)
            yield from (f"{name}: {line}" for line in found)


def _by_name(tables: Mapping[str, Sequence[str]]) -> dict[str, str]:
    of_samples = (some for kind, some in tables.items() if kind not in BESIDE)
    return {address.rpartition("/")[0]: address for some in of_samples for address in some}


def _line(kind: str, row: Row) -> str:
    who = f"{row['name']} ({row['id']})"
    if kind in ("added", "removed"):
        return f"{who}, {row['split']}, {row['n_turns']} turns: {row['why']}"
    if kind == "answers":
        return (
            f"{who}, {row['question_id']} {row['change']}: {_short(row['from'])} -> {_short(row['to'])}: {row['why']}"
        )
    label = f" {row['label']}" if kind == "labels" else ""
    return f"{who}{label}: {_short(row['from'])} -> {_short(row['to'])}: {row['why']}"


def _short(text: str | None, most: int = 60) -> str:
    flat = "nothing" if text is None else " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
