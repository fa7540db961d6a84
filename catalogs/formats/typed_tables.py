"""Tables of text that say their types and units: VOTable, IPAC; empty text, NaN and what is masked are null."""

import io
import re
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalogs.formats.tables import RawTable, refuse_twice, whole_table
from schemas.errors import CatalogError

WHOLE_OF_IPAC = re.compile(r"\b(?:i|int|integer|l|long)\b")


def read_votable(body: bytes, where: str, table: str | int | None = None) -> RawTable:
    """A VOTable's columns by their names; `table` by ID, name or number, None: the only one."""
    from astropy.io import votable  # slow to import, and few files are one

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of units and lengths that are not quite by the standard
            found = list(votable.parse(io.BytesIO(body), verify="ignore").iter_tables())
            fitting = [one for index, one in enumerate(found) if table is None or table in (index, one.ID, one.name)]
            if len(fitting) == 1:
                fields = fitting[0].fields
                columns = {one.name: _masked_column(fitting[0].array[one.ID]) for one in fields}
                types = {one.name: f"VOTable {one.datatype}" for one in fields}
                units = {one.name: "" if one.unit is None else str(one.unit) for one in fields}
    except Exception as error:  # astropy raises whatever broken XML leads to
        raise CatalogError(f"{where}: not a readable VOTable: {error}") from error
    if len(fitting) != 1:
        listed = ", ".join(f"{index} {one.ID or one.name!r}" for index, one in enumerate(found))
        raise CatalogError(f"{where}: found {len(fitting)} tables that fit, expected one, set `hdu`; it has {listed}")
    refuse_twice([one.name for one in fields], where)
    return whole_table(columns, types, units)


def read_ipac(body: bytes, where: str) -> RawTable:
    """An IPAC table's columns, whose header gives names, types, units and what stands for null."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = _ipac(body.decode("utf-8"))
    except Exception as error:  # astropy raises whatever a broken header leads to
        raise CatalogError(f"{where}: not a readable IPAC table: {error}") from error
    columns = {name: _masked_column(table[name]) for name in table.colnames}
    types = {name: f"IPAC {table[name].dtype}" for name in table.colnames}
    units = {name: "" if table[name].unit is None else str(table[name].unit) for name in table.colnames}
    return whole_table(columns, types, units)


def _ipac(text: str) -> Any:
    """The table; where a whole number has more digits than 64 bits hold, whole numbers are texts."""
    from astropy.io import ascii as ascii_tables  # slow to import, and few files are one

    try:
        return ascii_tables.read(text, format="ipac", guess=False)
    except TypeError:
        lines = text.split("\n")
        types = [number for number, line in enumerate(lines) if line.startswith("|")][1]
        lines[types] = WHOLE_OF_IPAC.sub(lambda found: "c".rjust(len(found[0])), lines[types])
        return ascii_tables.read("\n".join(lines), format="ipac", guess=False)


def _masked_column(values: Any) -> pa.Array:
    """An astropy or numpy column, masked or not, as an Arrow array of text, bool, whole or real numbers, or lists."""
    mask = np.asarray(np.ma.getmaskarray(np.ma.asarray(values)))
    plain = np.asarray(np.ma.getdata(values))
    if plain.ndim != 1 or plain.dtype.kind == "O":
        return pa.array([None if np.all(gone) else _cell(one) for one, gone in zip(values, mask, strict=True)])
    if plain.dtype.kind in "SU":
        text = pc.utf8_trim_whitespace(pa.array(plain.astype(str).tolist(), pa.string(), mask=mask))
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    if plain.dtype.kind == "c":
        return pa.array([str(one) for one in plain.tolist()], pa.string(), mask=mask)  # so that nobody takes half of it
    if plain.dtype.kind in "biu":
        return pa.array(plain, mask=mask)
    return pa.array(plain.astype(np.float64), pa.float64(), mask=mask, from_pandas=True)


def _cell(one: Any) -> Any:
    """The cell of a column of lists or of text; what is masked or NaN within a list is null."""
    if isinstance(one, bytes):
        return one.decode("utf-8")
    if isinstance(one, str) or not np.ndim(one):
        return one if isinstance(one, str) else np.asarray(one).item()
    listed = np.ma.asarray(one).tolist()
    return [None if isinstance(each, float) and np.isnan(each) else each for each in listed]
