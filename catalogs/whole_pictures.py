"""SOURCES that are whole pictures with several objects each, the objects being the rows of a dataset's catalogue."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from catalogs.pictures import SUFFIX
from catalogs.positions import ROW
from catalogs.row_statements import Statements
from catalogs.statements import Said, all_labels
from catalogs.table_rows import PlacedRow, ReadTable, Row, benchmark_of, fault_of_object, split_of
from schemas.labels import Truth
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SOURCES


def picture_sources(table: ReadTable) -> Sieved:
    """One source a picture. *In* are the pictures that rows name, and the rows that could not be read.

    Refused: `no-picture`; `unknown-split`; `objects-refused`, where a row of the picture cannot be used: how many
    objects it shows is not known then.
    """
    rows, refused, groups = list[Row](), list(table.refused), _groups(table)
    for group in groups.values():
        made = _source(table, group)
        if isinstance(made, Rejection):
            refused.append(made)
        else:
            rows.append(made)
    return sieved(SOURCES.of(rows), refused, len(table.refused) + len(groups))


def usable_pictures(table: ReadTable) -> set[str]:
    """The paths of pictures all of whose rows can be used."""
    return {path for path, group in _groups(table).items() if not any(fault_of_object(table, one) for one in group)}


def _groups(table: ReadTable) -> dict[str, list[PlacedRow]]:
    """The rows of each picture."""
    groups = dict[str, list[PlacedRow]]()
    for one in table.rows:
        groups.setdefault(one.path or "", []).append(one)
    return groups


def _source(table: ReadTable, group: Sequence[PlacedRow]) -> Row | Rejection:
    first, bad = group[0], [fault for one in group if (fault := fault_of_object(table, one))]
    if bad and first.image is None:
        return table.refusal(first, *bad[0])
    if bad:
        why = "; ".join(sorted({f"{reason}: {detail}" for reason, detail in bad}))
        return table.refusal(first, "objects-refused", f"{len(bad)} of {len(group)} objects: {why}")
    split = split_of(table, first)
    if isinstance(split, tuple):
        return table.refusal(first, *split)
    image, path = first.image or {}, first.path or ""
    return {
        "source_id": table.source_id(first),
        "source_name": SUFFIX.sub("", PurePosixPath(path).name),
        "dataset": table.door.name,
        "survey": table.door.survey,
        "scheme": table.door.scheme,
        "ra_deg": image["ra_deg"],
        "dec_deg": image["dec_deg"],
        "image_path": path,
        "labels": _together(table, group),
        "split": split,
        "benchmark": benchmark_of(table, split),
        "origin_catalog": table.file,
        "origin_row": first.cells[ROW],
    }


def _together(table: ReadTable, group: Sequence[PlacedRow]) -> Statements:
    """What its objects say together: a label that one of them has is present.

    Others are absent only where the table has every object, and the class of each is known.
    """
    rule, sayings, objects = table.door.labels, table.sayings, table.door.objects
    if rule is None or sayings is None or rule.of == "objects":
        return []
    has = [{label: one.saying.originals.get(label, "") for label, state in one.saying.truths.items()
            if state == Truth.PRESENT} for one in group]  # fmt: skip
    words = {label: word for one in has for label, word in one.items()}
    is_known = objects is not None and objects.complete and all(has)
    truths = dict.fromkeys(sayings.scheme.labels if is_known else (), Truth.ABSENT) | dict.fromkeys(
        words, Truth.PRESENT
    )
    return all_labels(sayings.scheme, truths, words, Said(rule.tier, table.file))
