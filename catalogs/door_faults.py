"""What is wrong with a dataset's TOML file beside its form: names that no door has, columns that the catalogue lacks.

Found from doors alone, before any table or image is opened. A line says the key, what stands there, what was expected
and what to do.
"""

import difflib
import re
from collections.abc import Iterable, Iterator

from catalogs.benchmark import benchmarks
from catalogs.catalog import Catalog, catalogs
from catalogs.columns import our_unit
from catalogs.dataset_door import DatasetDoor, DatasetLabels, Objects, Split
from catalogs.positions import POSITION
from catalogs.survey import surveys
from schemas.errors import CatalogError
from schemas.labels import LabelScheme, label_schemes
from schemas.tables import SPLITS_OF

NUMBERS = ("real", "int")
UNIT_OF = {
    "radius": "arcsec", "major": "arcsec", "minor": "arcsec", "width": "arcsec", "height": "arcsec", "pa": "deg",
}  # fmt: skip


def faults(door: DatasetDoor) -> list[str]:
    """Every fault of it, one line each; none for a door that can be used."""
    schemes, known = label_schemes(), catalogs()
    found = [
        *_misfits(door),
        *_named("scheme", door.scheme, schemes, "label scheme"),
        *_named("survey", door.survey, surveys(), "survey"),
        *(_named("catalog", door.catalog, known, "catalogue") if door.catalog else ()),
        *(one for name in door.classes for one in _named("classes", name, known, "catalogue")),
    ]
    scheme = schemes.get(door.scheme)
    if scheme:
        found += [*_labels_faults(door, scheme), *_kind_faults(door, scheme)]
    if door.split:
        found += _split_faults(door.split)
    if door.catalog in known:
        found += _columns_faults(door, known[door.catalog])
    if door.labels:
        says = door.labels.catalog or door.catalog
        found += _named("labels.catalog", says, known, "catalogue") if door.labels.catalog else []
        if says in known:
            found += _label_columns_faults(door.labels, known[says])
            if door.labels.catalog and not known[says].has_positions:
                found.append(f"labels.catalog: {says} has no positions, so that no row of it can be the nearest")
    if door.picture_position and not _is_position(door.picture_position):
        found.append(
            f"picture_position: found {door.picture_position!r}, expected an expression with groups ra and dec"
        )
    return found


def _misfits(door: DatasetDoor) -> list[str]:
    """Keys that do not go together."""
    cutout, extent, objects, rule = door.cutout, door.extent, door.objects, door.labels
    if door.pictures and not door.catalog:
        beside = [name for name in ("extent", "labels", "objects", "split", "picture") if getattr(door, name)]
        wrong = {f"pictures: found {', '.join(beside)} too, which only a catalogue has": bool(beside)}
        wrong["cutout: found times or column, which only a catalogue has; expected side_arcsec, or nothing"] = bool(
            cutout.times or cutout.column
        )
        return [line for line, is_wrong in wrong.items() if is_wrong]
    needs_side = "cutout: found no side_arcsec, times or column, and no picture that could be shown whole"
    wrong = {
        "catalog: expected a catalogue, or pictures where no table lists them": bool(door.catalog)
        == bool(door.pictures),
        needs_side: bool(door.catalog) and cutout.is_whole and not door.picture,
        "cutout.times: found no [extent] to multiply": bool(cutout.times) and extent is None,
        "objects: found no [extent], which is an object's outline": objects is not None and extent is None,
        "extent: kind pixels needs picture, whose pixels they are": bool(extent and extent.kind == "pixels")
        and not door.picture,
        "objects.in_pictures: needs picture, and a cutout without a side": door.is_of_pictures
        and not (door.picture and cutout.is_whole),
        "labels.of: found no [objects] whose labels they could be": bool(rule and rule.of != "sources")
        and objects is None,
        "picture_position: found no picture whose name it could be in": bool(
            door.picture_position and not door.picture
        ),
    }
    return [line for line, is_wrong in wrong.items() if is_wrong]


def column_kind(catalog: Catalog, name: str) -> str | None:
    """`real`, `int`, `bool`, `text`, `list`; None for a column that the catalogue does not have."""
    if name in POSITION and catalog.has_positions:
        return "real"
    column = catalog.columns.get(name)
    if column is None:
        return None
    if column.separator is not None:
        return "list"
    kind = column.type or ("real" if our_unit(name) or name.endswith("_px") else "text")
    return "real" if kind == "sexagesimal" else kind


def _named(key: str, name: str, known: Iterable[str], what: str) -> list[str]:
    if name in known:
        return []
    return [f"{key}: found {name!r}, expected a {what}; known: {', '.join(known)}; {_near(name, known)}"]


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else "write its file, or correct the name"


def _labels_faults(door: DatasetDoor, scheme: LabelScheme) -> Iterator[str]:
    """Labels that the scheme does not have."""
    rule = door.labels
    told = list[tuple[str, str]]()
    if rule:
        told += [("labels.names", name) for name in rule.names.values() if name]
        told += [("labels.flags", name) for name in rule.flags.values()]
        for name, others in rule.absent_where.items():
            told += [("labels.absent_where", one) for one in (name, *others)]
        if rule.label and not rule.template_columns and rule.names.get(rule.label, rule.label):
            told.append(("labels.label", rule.names.get(rule.label, rule.label)))
        yield from _doubly_meant(rule)
    counts = door.published
    exact = [("classes", name) for name in door.classes.values()]
    exact += [("published", name) for name in (*counts.n_by_label, *counts.n_by_class)] if counts else []
    for key, name in exact:
        if name not in scheme.labels:
            yield _no_label(key, name, scheme)
    for key, name in told:
        try:
            scheme.harmonised(name)
        except CatalogError:
            yield _no_label(key, name, scheme)


def _no_label(key: str, name: str, scheme: LabelScheme) -> str:
    labels = ", ".join(scheme.labels)
    return f"{key}: found {name!r}, expected a label of scheme {scheme.name}: {labels}; {_near(name, scheme.labels)}"


def _kind_faults(door: DatasetDoor, scheme: LabelScheme) -> Iterator[str]:
    """Labels that are said of something else than what the scheme's are about: nobody would be asked about them."""
    rule = door.labels
    if rule and (scheme.about == "objects") != (rule.of == "objects") and rule.of != "both":
        fits = "objects" if scheme.about == "objects" else "sources"
        yield f"labels.of: found {rule.of!r}, but scheme {scheme.name} is about {scheme.about}; expected {fits} or both"


def _doubly_meant(rule: DatasetLabels) -> Iterator[str]:
    for word in sorted(set(rule.unknown) & rule.names.keys()):
        yield f"labels.unknown: found {word!r}, which labels.names translates too; expected it in one of them"


def _split_faults(split: Split) -> Iterator[str]:
    if split.benchmark:
        yield from _named("split.benchmark", split.benchmark, benchmarks(), "benchmark")
    if split.names and not split.column:
        yield f"split.names: found names, but no split.column with them; expected one of {', '.join(SPLITS_OF)} alone"


def _columns_faults(door: DatasetDoor, catalog: Catalog) -> Iterator[str]:
    """Columns of the dataset's own catalogue that are not there, or of another kind than their use demands."""
    yield from _place_faults(door, catalog)
    if door.extent:
        for key, name in door.extent.columns.items():
            yield from _extent_column(key, name, catalog, in_pixels=door.extent.kind == "pixels")
    if door.cutout.column:
        yield from _column("cutout.column", door.cutout.column, catalog, NUMBERS, "arcsec")
    if door.split and door.split.column:
        yield from _column("split.column", door.split.column, catalog, ("text", "int", "bool"))
    yield from _objects_faults(door.objects, catalog) if door.objects else ()


def _place_faults(door: DatasetDoor, catalog: Catalog) -> Iterator[str]:
    if catalog.has_positions or door.position != POSITION:
        for k, name in enumerate(door.position):
            yield from _column(f"position[{k}]", name, catalog, NUMBERS, "deg")
        if door.position != POSITION and catalog.frame != "icrs":
            yield f"position: {catalog.door} is in {catalog.frame}, expected ra_deg, dec_deg, which are made ICRS"
    elif not door.picture:
        yield f"catalog: {catalog.name} has no positions, and there is no picture whose centre could stand for them"
    if door.name_column and (door.name_column != "name" or "name" in catalog.columns):
        yield from _column("name_column", door.name_column, catalog)
    for name in door.picture_columns:
        yield from _column("picture", name, catalog, ("text", "int"))


def _objects_faults(objects: Objects, catalog: Catalog) -> Iterator[str]:
    for key, unit in (("score", ""), ("flux", "mJy"), ("peak", "mJy/beam")):
        name = getattr(objects, key)
        if name and (key in objects.model_fields_set or name in catalog.columns):
            yield from _column(f"objects.{key}", name, catalog, NUMBERS, unit)


def _extent_column(key: str, name: str, catalog: Catalog, *, in_pixels: bool) -> Iterator[str]:
    kinds = ("list",) if key.startswith("vertices") else NUMBERS
    unit = "px" if in_pixels else "deg" if kinds == ("list",) else UNIT_OF[key]
    yield from _column(f"extent.{key}", name, catalog, kinds, unit)


def _label_columns_faults(rule: DatasetLabels, catalog: Catalog) -> Iterator[str]:
    for name in rule.template_columns:
        yield from _column("labels.label", name, catalog, ("text", "int", "bool", "real"))
    for name in rule.flags:
        yield from _column("labels.flags", name, catalog, ("bool",))
    uses = (
        ("listed", rule.listed, ("list",)), ("confidence", rule.confidence, NUMBERS),
        ("doubtful", rule.doubtful, ("bool",)), ("votes", rule.votes, ("list",)),
    )  # fmt: skip
    for key, name, kinds in uses:
        if name:
            yield from _column(f"labels.{key}", name, catalog, kinds)


def _column(key: str, name: str, catalog: Catalog, kinds: tuple[str, ...] = (), unit: str = "") -> Iterator[str]:
    """A line where the catalogue has no such column, or one that is read as something else."""
    kind, where = column_kind(catalog, name), f"columns.{name} of {catalog.door}"
    if kind is None:
        known = ", ".join(dict.fromkeys((*(POSITION if catalog.has_positions else ()), *catalog.columns)))
        yield f"{key}: found {name!r}, expected a column of {catalog.door}: {known}; {_near(name, catalog.columns)}"
    elif kinds and kind not in kinds:
        way = "give it a separator" if kinds == ("list",) else f"set type = {kinds[0]!r}"
        yield f"{key}: {name!r} is read as {kind}, expected {' or '.join(kinds)}; {way} in {where}"
    elif unit == "px":
        if not name.endswith("_px"):
            yield f"{key}: found {name!r}, expected a column in pixels, whose name ends in _px; rename {where}"
    elif unit and our_unit(name) != unit:
        yield f"{key}: found {name!r}, whose name says {our_unit(name) or 'no unit'}, expected {unit}; rename {where}"


def _is_position(pattern: str) -> bool:
    try:
        return set(re.compile(pattern).groupindex) >= {"ra", "dec"}
    except re.error:
        return False
