"""`curation new`: from images and tables to the door files of a corpus of one's own."""

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs.catalog import HERE as CATALOGS
from catalogs.dataset import HERE as DATASETS
from catalogs.formats.values import typed
from catalogs.survey import HERE as SURVEYS
from curation.corpus import HERE as CORPORA
from curation.drafting.catalog import catalog_draft
from curation.drafting.classes import Classes, classes_of, scheme_draft
from curation.drafting.dataset import SIDE_BEAMS, SIDE_PX, UNCLASSED, corpus_draft, dataset_draft
from curation.drafting.draft import Draft
from curation.drafting.gather import Given, Sheet, given_images, given_table, n_inside
from curation.drafting.survey import survey_draft
from curation.looking.columns import value_counts
from curation.words.question import questions
from curation.words.scheme_faults import scheme_faults
from schemas.doors import door_files
from schemas.errors import CorpusError, RecipeError
from schemas.folder import read_door
from schemas.labels import HERE as SCHEMES
from schemas.labels import LabelScheme

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
MOST_LISTED = 50
DOORS = {"surveys": SURVEYS, "catalogs": CATALOGS, "label_schemes": SCHEMES, "datasets": DATASETS}
Row = dict[str, Any]


@dataclass
class Written:
    """What was written, and what is left for the user: doubts, keys without a value, files that were left out."""

    corpus: Path
    raw: Path
    files: list[Path] = field(default_factory=list[Path])
    doubts: list[str] = field(default_factory=list[str])
    open_keys: list[str] = field(default_factory=list[str])
    left_out: list[str] = field(default_factory=list[str])


def new_corpus(name: str, mosaics: Sequence[str], tables: Sequence[str], *, out: Path, raw: Path | None) -> Written:
    """Look at images and tables and write the doors of corpus `name` into `out`. Overwrites nothing.

    Raises RecipeError and CatalogError, a line for each mistake, before anything is written.
    """
    names = _names(name, tables)
    _check_free(name, names, out)
    wrong, given, sheets = list[str](), Given(), list[Sheet]()
    try:
        given = given_images(mosaics)
    except CorpusError as error:
        wrong.append(str(error))
    for word in tables:
        try:
            sheets.append(given_table(word))
        except (CorpusError, OSError) as error:
            wrong.append(str(error))
    if wrong:
        raise RecipeError("\n".join(wrong))
    paths = [*(Path(one["file"]) for one in given.images), *(one.path for one in sheets)]
    where = _raw_folder(paths, raw)
    written = Written(out / f"{name}.toml", where, left_out=given.left_out)
    drafts = _drafts(name, names, given, sheets, out=out, raw=where)
    for draft in drafts:
        draft.path.parent.mkdir(parents=True, exist_ok=True)
        draft.path.write_text(draft.text, encoding="utf-8")
        written.files.append(draft.path)
        written.doubts += [f"{draft.path}: {one}" for one in draft.doubts]
        written.open_keys += [f"{draft.path}: {one}" for one in draft.open_keys]
    written.doubts += _word_doubts([draft.path for draft in drafts if draft.path.parent.name == "label_schemes"])
    return written


def told(written: Written) -> list[str]:
    """For people: what was written, what is to be looked at, and the next command."""
    lines = [f"wrote {path}" for path in written.files]
    lines += [f"left out: {one}" for one in written.left_out]
    lines += [f"doubt: {one}" for one in written.doubts]
    lines += [f"to write: {one}" for one in written.open_keys]
    edit = "write what is open, correct the guesses, then" if written.open_keys else "correct the guesses, then"
    return [*lines, f"{edit}: python -m curation plan {written.corpus} --raw {written.raw}"]


def _names(name: str, tables: Sequence[str]) -> list[str]:
    """A door's name for each table: that of the corpus, with the file's where there are several."""
    if not NAME.fullmatch(name):
        raise RecipeError(f"NAME {name!r}: expected letters, digits and _ alone, a letter first, such as my_survey")
    if not tables:
        raise RecipeError("--table: found none, expected at least one table of sources")
    if len(tables) == 1:
        return [name]
    found = list[str]()
    for word in tables:
        stem = re.sub(r"[^A-Za-z0-9]+", "_", Path(word).name.split(".")[0]).strip("_").lower() or "table"
        own = f"{name}_{stem}"
        found.append(own if own not in found else f"{own}_{len(found) + 1}")
    return found


def _check_free(name: str, names: Sequence[str], out: Path) -> None:
    """Raise RecipeError where a file is there already, or another door has the name."""
    files = _files(name, names, out)
    there = [str(path) for path in files if path.exists()]
    if there:
        raise RecipeError(f"{', '.join(there)}: there already, and nothing is overwritten; give another NAME or --out")
    for kind, ours in (*DOORS.items(), ("corpora", CORPORA)):
        wanted = {path.stem for path in files if path.parent.name == kind or (kind == "corpora" and path.parent == out)}
        for one in sorted(wanted & door_files(kind, ours, (".toml", ".py")).keys()):
            other = door_files(kind, ours, (".toml", ".py"))[one]
            raise RecipeError(f"NAME {one!r}: stands already in {kind}, in {other}; give another NAME")


def _files(name: str, names: Sequence[str], out: Path) -> list[Path]:
    doors = out / "doors"
    of_tables = [doors / kind / f"{one}.toml" for one in names for kind in ("catalogs", "label_schemes", "datasets")]
    return [out / f"{name}.toml", doors / "surveys" / f"{name}.toml", *of_tables]


def _raw_folder(paths: Sequence[Path], raw: Path | None) -> Path:
    """The folder that all paths of doors are relative to: the one given, else the deepest that holds all."""
    absolute = [path.absolute() for path in paths]
    if raw is None:
        return Path(os.path.commonpath([path.parent for path in absolute]))
    outside = [str(path) for path in absolute if not path.is_relative_to(raw.absolute())]
    if outside:
        raise RecipeError(f"--raw {raw}: does not hold {', '.join(outside)}; give a folder that holds all files")
    return raw


def _drafts(
    name: str, names: Sequence[str], given: Given, sheets: Sequence[Sheet], *, out: Path, raw: Path
) -> list[Draft]:
    corpus, survey, *rest = (Draft(path) for path in _files(name, names, out))
    corpus_draft(corpus, name, names)
    survey_draft(survey, name, given.images, _patterns([Path(one["file"]) for one in given.images], given, raw))
    for at, (own, sheet) in enumerate(zip(names, sheets, strict=True)):
        _of_table(rest[3 * at : 3 * at + 3], own, name, sheet, given.images, raw)
    return [corpus, survey, *rest]


def _of_table(drafts: Sequence[Draft], name: str, survey: str, sheet: Sheet, images: Sequence[Row], raw: Path) -> None:
    """The doors of one table: catalogue, scheme, dataset."""
    catalog, scheme, dataset = drafts
    reading = _reading(sheet, images)
    file = sheet.path.absolute().relative_to(raw.absolute()).as_posix()
    mapped = catalog_draft(catalog, name, sheet.opened, sheet.roles, file=file, reading=reading, flags=sheet.flags)
    inside = n_inside(sheet, images, reading or "deg")
    if inside == 0:
        catalog.doubts.append("no row lies in a mosaic: look at frame, units and the columns of the position")
    classes, column, kind, why = _classes(sheet)
    scheme_draft(scheme, name, classes, column, kind=kind, kind_why=why)
    labels = {ours: next(iter(_classes_of_flag(theirs).labels)) for ours, theirs in sheet.flags.items()}
    names = {"scheme": name, "survey": survey, "catalog": name}
    dataset_draft(dataset, name, names, mapped, sheet.roles, classes, flags=labels, side_arcsec=_side(images))


def _classes_of_flag(column: str) -> Classes:
    return classes_of({column: 0})


def _classes(sheet: Sheet) -> tuple[Classes, str, str, str]:
    """The classes, the column they are of, and whether one or several hold, with why."""
    if sheet.flags:
        return classes_of(dict.fromkeys(sheet.flags.values(), 0)), ", ".join(sheet.flags.values()), "multi", (
            "several columns of truths can be set at once"
        )  # fmt: skip
    if "label" not in sheet.roles:
        return Classes({UNCLASSED: {}}), "none", "multi", "no classes were found"
    column = sheet.roles["label"].name
    values = sheet.opened.raw.columns[column]
    text = typed(values, "text")[0] if pa.types.is_string(values.type) else values.cast(pa.string())
    counts = {str(value): n for value, n in value_counts(text).items()}
    return classes_of(counts), column, "single", "a column has one value; multi where others may hold as well"


def _reading(sheet: Sheet, images: Sequence[Row]) -> str:
    """The unit of RA in which rows fall onto the mosaics, where they do in one alone; else an empty text."""
    found = {unit: n_inside(sheet, images, unit) or 0 for unit in ("deg", "hourangle")}
    fitting = [unit for unit, n in found.items() if n]
    return fitting[0] if len(fitting) == 1 else ""


def _patterns(paths: Sequence[Path], given: Given, raw: Path) -> list[str]:
    """Globs of the images: a folder's where all of its files of that ending are meant, else each by its name."""
    folders: Mapping[tuple[Path, str], list[Path]] = {}
    for path in paths:
        folders.setdefault(
            (path.absolute().parent, "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix), []
        ).append(path)
    found = list[str]()
    for (folder, ending), some in sorted(folders.items()):
        place = folder.relative_to(raw.absolute()).as_posix()
        place = "" if place == "." else f"{escape(place)}/"
        every = {one.name for one in folder.glob(f"*{escape(ending)}")}
        is_all = every == {one.name for one in some} and not (given.left_out and len(some) <= MOST_LISTED)
        found += [f"{place}*{escape(ending)}"] if is_all else [f"{place}{escape(one.name)}" for one in some]
    return found


def _side(images: Sequence[Row]) -> float | None:
    """So many beams, at least so many pixels, in tens of arcsec where it is large."""
    beams = sorted(one["beam_major_arcsec"] for one in images if one.get("beam_major_arcsec"))
    pixels = sorted(max(one["pixel_arcsec"]) for one in images if one.get("pixel_arcsec"))
    wanted = max([SIDE_BEAMS * beams[len(beams) // 2]] if beams else [0.0])
    wanted = max(wanted, SIDE_PX * pixels[len(pixels) // 2] if pixels else 0.0)
    return float(10 * math.ceil(wanted / 10)) if wanted else None


def _word_doubts(files: Sequence[Path]) -> list[str]:
    """What a plan would say of the words of the schemes."""
    found = list[str]()
    for path in files:
        try:
            found += scheme_faults(read_door(LabelScheme, path), questions().values(), str(path))
        except CorpusError as error:
            found += str(error).splitlines()
    return found
