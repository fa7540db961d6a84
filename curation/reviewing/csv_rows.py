"""Decisions as CSV: written whole, and read from our own form or from any file with `id` and `decision`.

A file of our own form carries the evidence, so that it counts in any store that shows the same. Another file has the
columns `id` (of a sample or a conversation) and `decision`, and where wanted `reviewer`, `label`, `state`, `note`; it
is about what the newest hand-over shows. Columns of other names are left alone.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from curation.decisions.rows import Decision, Verdict, decision
from curation.reviewing.deciding import Corrected, corrections, decided
from curation.reviewing.desk import Desk
from schemas.errors import CatalogError, CorpusError

COLUMNS = ("decision_id", *Decision.model_fields)
NO_LABEL = "to be corrected: the file does not say how"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def written(decisions: Sequence[Decision]) -> str:
    """Decisions as CSV, by time. A note that a spreadsheet would run gets an apostrophe before it."""
    out = io.StringIO()
    rows = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for one in decisions:
        said = {name: "" if value is None else str(value) for name, value in one.model_dump(mode="json").items()}
        rows.writerow({"decision_id": one.decision_id} | {name: _safe(value) for name, value in said.items()})
    return out.getvalue()


def read(file: Path, desk: Desk, reviewer: str | None) -> tuple[list[Decision], list[str]]:
    """The decisions of a file, and a line for each row that could not be taken as it is.

    `reviewer`: whose rows are that name nobody. Raises CatalogError for a file of another form, with all that is wrong.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CatalogError(f"{file}: not CSV in UTF-8: {error}") from error
    except OSError as error:
        raise CatalogError(f"{file}: cannot be read: {error.strerror}") from None
    found, remarks, wrong = list[Decision](), list[str](), list[str]()
    for line, raw in enumerate(rows, start=2):
        row = {name: (value or "").strip() for name, value in raw.items() if name and not isinstance(value, list)}
        try:
            for one, remark in _decisions(row, desk, reviewer):
                found.append(one)
                remarks += [f"row {line}: {remark}"] if remark else []
        except CorpusError as error:
            wrong.append(f"{file}: row {line}: {error}")
    if wrong:
        raise CatalogError("\n".join(wrong))
    return found, remarks


def _decisions(row: dict[str, str], desk: Desk, reviewer: str | None) -> Iterator[tuple[Decision, str]]:
    if row.get("picture_sha256"):
        yield _own(row), ""
        return
    name, said = row.get("id", ""), row.get("decision", "").lower()
    takes = (Verdict.ACCEPT, Verdict.REJECT, Verdict.CORRECT, Verdict.NOTE)
    if not name or said not in takes:
        raise CatalogError(
            f"found id {name!r} and decision {said!r}; expected columns id and decision, one of {', '.join(takes)}"
        )
    who = row.get("reviewer") or reviewer
    if not who:
        raise CatalogError("names no reviewer; expected a column reviewer, or --reviewer NAME for such rows")
    seen, note = desk.seen(desk.found(name)), row.get("note", "")
    if said != Verdict.CORRECT:
        yield decided(seen, who, said, note=note), ""
    elif row.get("label"):
        told = Corrected(row["label"], row.get("state") or "present", row.get("subject_id") or None)
        yield from ((one, "") for one in corrections(desk, seen, who, told, note))
    else:
        kept = f"{NO_LABEL}{'; ' if note else ''}{note}"
        yield decided(seen, who, Verdict.REJECT, note=kept), f"{name} is rejected: no column label says what is right"


def _own(row: dict[str, str]) -> Decision:
    """A row that `written` wrote. Raises CatalogError where its id is not its own: it was changed by hand."""
    said = {name: _bare(value) for name, value in row.items() if name in Decision.model_fields}
    one = decision(**{name: value for name, value in said.items() if value})
    if (claimed := row.get("decision_id")) and claimed != one.decision_id:
        raise CatalogError(f"{claimed} was changed by hand: decide anew, or leave its column decision_id empty")
    return one


def _safe(value: str) -> str:
    return f"'{value}" if value.startswith((*FORMULA, "'")) else value


def _bare(value: str) -> str:
    return value[1:] if value.startswith("'") else value
