"""How a table would be read as a catalogue's door says."""

from collections import Counter
from pathlib import Path
from typing import Any

from catalogs.catalog import catalog, description, read_catalog
from schemas.errors import CorpusError


def catalog_facts(file: Path, name: str) -> dict[str, Any]:
    """`columns`, a line each; rows in, kept, refused by reason.

    `error` is the line that a build would print; `columns` are there even so where the file can be opened at all.
    """
    door, found = catalog(name), dict[str, Any]({"file": str(file), "kind": "catalog", "catalog": name})
    if not file.is_file():
        return {**found, "error": f"{file}: no such file"}
    try:
        found["columns"] = [line.strip() for line in description(file, door).splitlines()[1:]]
        rows = read_catalog(file, door)
    except CorpusError as error:
        return {**found, "error": str(error)}
    reasons = Counter(one.reason for one in rows.rejections)
    return {
        **found, "n_in": rows.n_in, "n_kept": rows.table.num_rows,
        "reasons": dict(sorted(reasons.items())), "absent": list(rows.absent), "n_published": door.n_rows,
    }  # fmt: skip


def catalog_lines(one: dict[str, Any]) -> list[str]:
    """The facts as a list of columns and a last line with the counts, or with the error."""
    lines = [f"{one['file']}, read as {one['catalog']}:", *(f"  {column}" for column in one.get("columns", ()))]
    if "error" in one:
        return [*lines, f"error: {one['error']}"]
    why = "".join(f"; {reason} {n:,}" for reason, n in one["reasons"].items())
    published = "" if one["n_published"] is None else f"; published were {one['n_published']:,}"
    n_refused = one["n_in"] - one["n_kept"]
    return [*lines, f"{one['n_in']:,} rows in = {one['n_kept']:,} kept + {n_refused:,} refused{why}{published}"]
