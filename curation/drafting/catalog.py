"""The door of a catalogue, drafted from a table: format, frame, and its columns under names of ours, with units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from astropy import units as u

from catalogs.units import units_of
from curation.drafting.draft import Draft, Value
from curation.drafting.roles import BY_VALUES, Role, plain_name, unit_of
from curation.looking.tables import Form, Opened

DAY_HOURS = 24
WIDE_DEG = 2.0  # an RA below 24 over so much Dec could be hours as well
SIZES = ("major", "minor", "radius", "diameter")
SEXAGESIMAL = ("h:m:s", "hms", "d:m:s", "dms")
OURS = {
    "name": "name", "label": "class_name", "confidence": "confidence", "major": "major_arcsec", "minor": "minor_arcsec",
    "pa": "pa_deg", "radius": "radius_arcsec", "diameter": "radius_arcsec", "flux": "flux_mjy",
    "peak": "peak_mjy_per_beam",
}  # fmt: skip
Row = dict[str, Any]


@dataclass
class Mapped:
    """What was mapped: our column by role, and the frame."""

    frame: str
    ours: dict[str, str] = field(default_factory=dict[str, str])


def catalog_draft(
    draft: Draft,
    name: str,
    opened: Opened,
    found: Mapping[str, Role],
    *,
    file: str,
    reading: str,
    flags: Mapping[str, str],
) -> Mapped:
    """Write the catalogue. `reading`: `deg` or `hourangle` where the mosaics tell which the RA must be in, else ""."""
    form, place = opened.form, ("ra", "dec") if "ra" in found and "dec" in found else ("l", "b")
    mapped = Mapped(_frame(found, place))
    draft.note(f"Catalogue {name}: {opened.raw.n_rows:,} rows ({form.told}).")
    draft.key("title", name, "the name")
    draft.key("file", file)
    _form(draft, form)
    draft.key("frame", mapped.frame, _frame_why(found, place))
    draft.key("cite", "unpublished", "nothing in the file says whom to cite")
    draft.note('sha256 = "…"  # pins the content of the file')
    if "name" in found and not _is_unique(found["name"], opened):
        draft.doubt(f"key: column {found['name'].name!r} has names twice or none, so it tells no rows apart")
    elif "name" in found:
        draft.key("key", "name", f"every value of {found['name'].name!r} is there and stands once")
    draft.section("columns")
    for role in (*place, "name", "label", "confidence", "major", "minor", "pa", "radius", "diameter", "flux", "peak"):
        if role in found and not (role == "diameter" and "radius" in mapped.ours.values()):
            _column(draft, role, found[role], mapped, reading)
    for ours, theirs in flags.items():
        draft.key(ours, {"name": theirs, "type": "bool"}, "a column of truths")
    _unmapped(draft, opened, {*(one.name for one in found.values()), *flags.values()})
    return mapped


def _form(draft: Draft, form: Form) -> None:
    draft.key("format", form.format, "the content")
    more: dict[str, Value | None] = {
        "member": form.member, "hdu": form.hdu, "delimiter": form.delimiter,
        "comment": form.comment or None, "below_header": list(form.below_header) or None,
    }  # fmt: skip
    for key, value in more.items():
        if value is not None:
            draft.key(key, value)


def _frame(found: Mapping[str, Role], place: tuple[str, str]) -> str:
    if place == ("l", "b"):
        return "galactic"
    return "fk5" if "2000" in plain_name(found["ra"].name) else "icrs"


def _frame_why(found: Mapping[str, Role], place: tuple[str, str]) -> str:
    where = f"columns {found[place[0]].name!r} and {found[place[1]].name!r}"
    return where if place == ("l", "b") else f"{where}; ICRS and FK5 J2000 differ by 0.02 arcsec; B1950 cannot be read"


def _column(draft: Draft, role: str, one: Role, mapped: Mapped, reading: str) -> None:
    """A line of `[columns]`, and above it what else the column could be."""
    ours = f"{role}_deg" if role in ("ra", "dec", "l", "b") else OURS[role]
    unit, unit_from = unit_of(one.column)
    if role in ("flux", "peak") and (not unit or not _is_of(unit, "mJy" if role == "flux" else "mJy/beam")):
        draft.doubt(f"columns.{ours}: {one.name!r} is in {unit or 'no unit that the file names'}; left out", tell=False)
        return
    if one.others:
        draft.doubt(f"columns.{ours}: also possible: {', '.join(map(repr, one.others))}", tell=role not in ("name",))
    if one.why == BY_VALUES:
        draft.doubt(f"columns.{ours}: no column is called a class; {one.name!r} has few values, that repeat")
    value: dict[str, Value] = {"name": one.name}
    mapped.ours[role] = ours
    if role in ("name", "label") and one.column["is"] == "int" and one.column["type"] != "text":
        value["type"] = "int"
    if role == "confidence":
        value["type"] = "real"
    if role == "diameter":
        value["times"] = 0.5
    if role in ("ra", "dec", "l", "b"):
        _place(draft, ours, role, one, value, reading)
        return
    if role in SIZES or role == "pa":
        _size(draft, ours, role, one, value)
        return
    if role in ("flux", "peak") and unit_from == "name":
        value["unit"] = unit
    draft.key(ours, value, one.why)


def _place(draft: Draft, ours: str, role: str, one: Role, value: dict[str, Value], reading: str) -> None:
    """A coordinate: sexagesimal, in degrees or in hours; which of them must be said where nobody can know."""
    unit, _ = unit_of(one.column)
    hours = role == "ra"
    if one.column["is"] == "sexagesimal" or unit.lower() in SEXAGESIMAL:
        value |= {"type": "sexagesimal", "unit": "hourangle" if hours else "deg"}
        why = "RA in sexagesimal is in hours" if hours else "sexagesimal"
        draft.key(ours, value, f"{one.why}; {why}")
        return
    if unit:
        if not one.column["unit"]:
            value["unit"] = unit
        draft.key(ours, value, f"{one.why}; unit of the {'header' if one.column['unit'] else 'name'}")
        return
    least, most = float(one.column["min"]), float(one.column["max"])
    if hours and least >= -DAY_HOURS and most <= DAY_HOURS and not reading:
        why = f"{one.name!r} goes from {least:g} to {most:g} and neither file nor mosaics say which"
        draft.todo_in(ours, value, "unit", "deg or hourangle", why)
        return
    value["unit"] = reading if hours and reading else "deg"
    draft.key(
        ours,
        value,
        f"{one.why}; {least:g} to {most:g}" + ("; so it falls onto the mosaics" if hours and reading else ""),
    )


def _size(draft: Draft, ours: str, role: str, one: Role, value: dict[str, Value]) -> None:
    unit, unit_from = unit_of(one.column)
    if unit and not _is_of(unit, "arcsec"):
        draft.doubt(f"columns.{ours}: {one.name!r} is in {unit}, which is no angle")
        unit, unit_from = "", ""
    if role == "pa" and not unit:
        value["unit"] = "deg"
        draft.key(ours, value, f"{one.why}; {_span(one)}, north through east")
    elif not unit:
        draft.todo_in(
            ours, value, "unit", "arcsec, arcmin or deg", f"{one.name!r} is {_span(one)}, and no unit is told"
        )
    else:
        if unit_from == "name":
            value["unit"] = unit
        draft.key(ours, value, f"{one.why}; unit of the {unit_from}; {_span(one)}")
    codes = [float(text) for text in one.column.get("unknown_like", {}) if _is_number(text)]
    if codes:
        draft.doubt(f"columns.{ours}: {codes} of {one.name!r} may mean not known: then add missing = {codes}")


def _is_unique(one: Role, opened: Opened) -> bool:
    return one.column["n_null"] == 0 and one.column["n_distinct"] == opened.raw.n_rows - len(opened.raw.ragged)


def _span(one: Role) -> str:
    return f"{float(one.column['min']):g} to {float(one.column['max']):g}"


def _unmapped(draft: Draft, opened: Opened, mapped: set[str]) -> None:
    rest = [name for name in opened.raw.columns if name not in mapped]
    if rest:
        draft.note(f"not mapped: {', '.join(rest)}")


def _is_of(text: str, wanted: str) -> bool:
    return any(one.is_equivalent(u.Unit(wanted)) for one in units_of(text))


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
