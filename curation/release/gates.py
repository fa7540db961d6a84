"""The gate: DuckDB counts the rows that break each rule, the judge decides, every offender is written down.

Rules of a table come from its columns and its key; rules between tables are the files of `rules/`, each a query for
its offenders. In `out_dir` come to lie gate.json, offenders.parquet and data_docs/. No clock: the same tables give the
same gate.json. Great Expectations is imported when a gate runs, and only then: that takes seconds.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogs.database import read_sql
from curation.release.built import Addresses, Tables, opened
from schemas.errors import RecipeError
from schemas.table import Rule, Table
from schemas.tables import CORPUS_TABLES

if TYPE_CHECKING:
    import pyarrow.dataset as ds  # brings pandas along, which takes a while

    from schemas.expectations import Refusal

RULES = Path(__file__).parent / "rules"
BETWEEN = "between_tables"
# A corpus without a cross-match, twins, a benchmark or a model has none of their rows.
MAY_BE_EMPTY = frozenset(
    {
        "objects",
        "entries",
        "matches",
        "matchings",
        "papers",
        "figures",
        "figure_splits",
        "ratings",
        "captions",
        "twins",
        "alike",
        "frames",
        "noise",
        "sealed",
        "generated",
        "judged",
        "injections",
        "answers",
        "quotas",
        "blind",
        "decisions",
    }  # fmt: skip
)
"""Tables that a corpus may do without; every other one must have rows, in every dataset."""
OWN_KEYS = frozenset({"matches"})
"""Tables whose keys are unique in each, not over all: two cross-matches may find the same pair."""
LONGEST_VALUE = 200

OFFENDERS = pa.schema(
    [(name, pa.string()) for name in ("rule", "table", "address", "row_key", "found")]
)  # one for each row that breaks a rule, and each rule that it breaks


@dataclass(frozen=True)
class Check:
    """A rule with the query for its offenders: columns address, row_key and found."""

    rule: Rule
    offenders: str


@dataclass(frozen=True)
class TableChecks:
    """What is asked of a table: conditions on each row, counted in one scan, and queries for offenders."""

    view: str
    by_row: tuple[Check, ...]
    by_query: tuple[Check, ...]
    least_rows: int = 1

    @property
    def all(self) -> tuple[Check, ...]:
        """Every check."""
        return self.by_row + self.by_query

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every check's rule."""
        return tuple(check.rule for check in self.all)


@dataclass(frozen=True)
class GateResult:
    """What the gate said, and the folder in which all of it is written down."""

    ok: bool
    refusals: "tuple[Refusal, ...]"
    n_rules: int
    n_judged: int
    folder: Path
    examples: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict[tuple[str, str], Sequence[str]])
    """The first few offenders, by table and rule."""

    def told(self, one: "Refusal") -> str:
        """What was found of a rule that does not hold, with the first few rows that break it."""
        some = self.examples.get((one.table, one.rule), ())
        return f"{one.found}, such as {', '.join(some)}" if some else one.found

    @property
    def lines(self) -> list[str]:
        """A line for each rule that does not hold; those that shut the gate first."""
        ranked = sorted(self.refusals, key=lambda one: one.severity != "critical")
        lines = [f"{one.severity}: {one.table}: {one.meaning}: {self.told(one)}" for one in ranked]
        if self.n_judged < self.n_rules or not self.n_rules:
            lines.insert(0, f"critical: {self.n_judged} of {self.n_rules} rules could be judged")
        return lines


def run_gates(store: Tables, addresses: Addresses, out_dir: Path) -> GateResult:
    """Judge every rule over the corpus's tables, and write down what was found, in a folder that nobody reads yet."""
    from schemas.expectations import Counted, judge  # takes seconds: only a gate pays for it

    tables = _judged(addresses)
    nulls = {one.name.lower(): nulls_of_bytes(store, one, addresses.get(one.name.lower(), ())) for one in tables}
    wanted = [*map(table_checks, tables), between_checks()]
    with opened(store, addresses) as db:
        counted = [
            Counted(one.view, one.rules, counts(db, one, nulls.get(one.view, {})), one.least_rows) for one in wanted
        ]
        judgement = judge(counted, out_dir / "data_docs")
        offenders = _offenders(db, wanted, judgement.refusals)
    examples = {(one.table, one.rule): _first(offenders, one) for one in judgement.refusals}
    report = {
        "ok": judgement.is_ok,
        "n_rules": judgement.n_rules,
        "n_judged": judgement.n_judged,
        "refusals": [asdict(one) | {"first": examples[one.table, one.rule]} for one in judgement.refusals],
        "rows": {one.name: one.counts.get("n_rows") for one in counted if one.name != BETWEEN},
        "addresses": {name: list(addresses[name]) for name in sorted(addresses)},
    }
    text = json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    out_dir.mkdir(parents=True, exist_ok=True)
    pq.write_table(offenders, out_dir / "offenders.parquet")
    (out_dir / "gate.json").write_text(text, encoding="utf-8")
    return GateResult(judgement.is_ok, judgement.refusals, judgement.n_rules, judgement.n_judged, out_dir, examples)


def _judged(addresses: Addresses) -> list[Table]:
    """The tables that the corpus makes, and those that every corpus of pictures must have."""
    of_papers_alone = "captions" in addresses and "samples" not in addresses
    must = frozenset[str]() if of_papers_alone else {one.name.lower() for one in CORPUS_TABLES} - MAY_BE_EMPTY
    return [one for one in CORPUS_TABLES if one.name.lower() in {*addresses, *must}]


def table_checks(table: Table) -> TableChecks:
    """A table's rules: of its columns, of its key, and of its parts."""
    view, key = table.name.lower(), ", ".join(table.key)
    name = " || ' ' || ".join(f"CAST({column} AS VARCHAR)" for column in table.key)
    by_row = [
        Check(
            rule,
            f"SELECT address, {name} AS row_key, left(CAST({column.name} AS VARCHAR), {LONGEST_VALUE}) AS found "
            f"FROM {view} WHERE ({rule.holds}) IS NOT TRUE",
        )
        for column in table.columns
        for rule in column.rules
    ]
    twice = (
        f"SELECT string_agg(DISTINCT address, ' ' ORDER BY address) AS address, {name} AS row_key, "
        f"count(*) || ' times' AS found FROM {view} "
        f"GROUP BY {key}{', address' if view in OWN_KEYS else ''} HAVING count(*) > 1"
    )
    whole = "in each table" if view in OWN_KEYS else "over all datasets"
    of_step = f"SELECT address, address AS row_key, {{found}} AS found FROM steps WHERE step = '{view}' AND {{broken}}"
    strange = of_step.format(found="wrong_columns", broken="wrong_columns IS NOT NULL")
    empty = of_step.format(found="'no rows'", broken="n_rows = 0")
    by_query = [
        Check(Rule("key_unique", key, f"{view}: {key} unique {whole}"), twice),
        Check(Rule("columns_as_defined", "columns", f"{view}: the columns and types of its definition"), strange),
    ]
    if view in MAY_BE_EMPTY:
        return TableChecks(view, tuple(by_row), tuple(by_query), least_rows=0)
    every = Check(Rule("every_dataset_has_rows", "n_rows > 0", f"{view}: rows in every dataset"), empty)
    return TableChecks(view, tuple(by_row), (*by_query, every))


def between_checks(folder: Path = RULES) -> TableChecks:
    """The rules between tables, one for each file, by name.

    A file's first comment is the meaning; a line `-- severity: …` names another severity than critical.
    """
    found = list[Check]()
    for file in sorted(folder.glob("*.sql")):
        text = read_sql(file)
        meaning = re.match(r"-- (.+)\n", text)
        severity = re.search(r"^-- severity: (critical|warning|info)$", text, re.MULTILINE)
        if not meaning:
            raise RecipeError(f"{file}: the first line must be a comment that says what holds")
        rule = Rule(file.stem, "no offenders", meaning[1], severity[1] if severity else "critical")
        found.append(Check(rule, f"SELECT '' AS address, row_key, found FROM (\n{text}\n)"))
    return TableChecks(BETWEEN, (), tuple(found))


def nulls_of_bytes(store: Tables, table: Table, addresses: Sequence[str]) -> dict[str, int]:
    """Rows that break the rule of columns of bytes that are never null, by the footers of the parts.

    So no picture is read to see that it is there. A rule is left out where a footer does not say: then rows are read.
    """
    names = [one.name for one in table.columns if one.type == pa.binary() and not one.nullable]
    found = dict.fromkeys(names, 0)
    for address in addresses if names else ():
        for part in store.dataset(address).get_fragments():
            said = _nulls_said(part)
            found = {name: n + said[name] for name, n in found.items() if name in said}
    return {f"{name}_given": n for name, n in found.items()}


def _nulls_said(part: "ds.Fragment") -> dict[str, int]:
    """The nulls of each column of a part whose footer counts them; of a table in memory none."""
    footer = getattr(part, "metadata", None)
    said: dict[str, int] = {}
    for k in range(footer.num_row_groups if footer else 0):
        for at in range(footer.num_columns):
            column = footer.row_group(k).column(at)
            if column.statistics and column.statistics.has_null_count:
                name = column.path_in_schema
                said[name] = said.get(name, 0) + column.statistics.null_count
    return said


def counts(
    db: duckdb.DuckDBPyConnection, wanted: TableChecks, known: Mapping[str, int] = MappingProxyType({})
) -> dict[str, int]:
    """How many rows break each rule, by its name; `known`: those counted already.

    A rule that cannot be counted is left out, and the judge refuses it.
    """
    rules = [check.rule for check in wanted.by_row if check.rule.name not in known]
    if wanted.view == BETWEEN:
        found = {"n_rows": len(wanted.by_query)}
    else:
        found = _scan(db, wanted.view, rules)
        if not found:
            # A column that is not there must not hide what can be said of the others.
            one_by_one = [_scan(db, wanted.view, some) for some in [[], *([rule] for rule in rules)]]
            found = {name: n for one in one_by_one for name, n in one.items()}
    found |= known
    for check in wanted.by_query:
        found |= _numbers(db, f"SELECT count(*) AS {check.rule.name} FROM ({check.offenders})")
    return found


def _scan(db: duckdb.DuckDBPyConnection, view: str, rules: Sequence[Rule]) -> dict[str, int]:
    broken = [f"count(*) FILTER (({rule.holds}) IS NOT TRUE) AS {rule.name}" for rule in rules]
    return _numbers(db, f"SELECT {', '.join(['count(*) AS n_rows', *broken])} FROM {view}")


def _numbers(db: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    """A query's one row by the names of its columns; nothing when it cannot be answered."""
    try:
        answer = db.execute(query)
        names = [column[0] for column in answer.description]
        (row,) = answer.fetchall()  # to the end: an unfinished result blocks the connection
    except duckdb.Error:
        return {}
    return dict(zip(names, map(int, row), strict=True))


def _offenders(db: duckdb.DuckDBPyConnection, wanted: Sequence[TableChecks], refusals: "Sequence[Refusal]") -> pa.Table:
    """Every row that breaks a refused rule, by rule and key."""
    of = {(one.view, check.rule.name): check for one in wanted for check in one.all}
    broken = [(of[one.table, one.rule], one.table) for one in refusals if (one.table, one.rule) in of]
    return pa.concat_tables([OFFENDERS.empty_table(), *(_rows(db, check, table) for check, table in broken)])


def _rows(db: duckdb.DuckDBPyConnection, check: Check, table: str) -> pa.Table:
    query = (
        f"SELECT '{check.rule.name}' AS rule, '{table}' AS \"table\", address, CAST(row_key AS VARCHAR) AS row_key, "
        f"left(CAST(found AS VARCHAR), {LONGEST_VALUE}) AS found FROM ({check.offenders}) ORDER BY ALL"
    )
    try:
        return db.sql(query).to_arrow_table().cast(OFFENDERS)
    except duckdb.Error as error:
        row = {"rule": check.rule.name, "table": table, "address": "", "row_key": "", "found": str(error)}
        return pa.Table.from_pylist([row], OFFENDERS)


def _first(offenders: pa.Table, refusal: "Refusal", most: int = 3) -> list[str]:
    is_its = pc.and_(pc.equal(offenders["table"], refusal.table), pc.equal(offenders["rule"], refusal.rule))
    return offenders.filter(is_its)["row_key"].slice(0, most).to_pylist()
