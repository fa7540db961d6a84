"""Great Expectations as judge and record: rules and counts of broken rows go in, refusals and Data Docs come out.

The only importer of great_expectations. It never sees the tables: DuckDB counts, it judges one row of counts for
each table. What it says is matched with the rules by name, because a suite that is empty, that raised or that lost
an expectation calls itself a success.
"""

import html
import os
import re
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.v1 import PrivateAttr

from schemas.stopping import go_on
from schemas.table import Rule

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # this version has no telemetry; others had
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    import great_expectations.expectations as of_gx
    import pandas as pd
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

gxe: Any = of_gx  # its expectations are made at run time, and no type checker can see them

N_ROWS = "n_rows"
QUIET: Any = {"globally": False}
RANDOM_NAME = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ExpectNoRowToBreakTheRule(gxe.ExpectColumnMaxToBeBetween):
    """That a rule's count of broken rows is zero.

    The library makes an expectation's configuration, which never changes here, some fifty times to judge it: that
    was half of a gate's time. Here it is made once.
    """

    _made: Any = PrivateAttr(None)

    @property
    def configuration(self) -> Any:
        """The rule as the library writes it down."""
        if self._made is None:
            self._made = super().configuration
        return self._made


@dataclass(frozen=True)
class Counted:
    """A table's rules, and how many rows break each; a rule that could not be counted is not in `counts`."""

    name: str
    rules: tuple[Rule, ...]
    counts: Mapping[str, int]
    least_rows: int = 1

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """The rules, and before them the number of rows: an empty table breaks no other rule."""
        least = Rule(N_ROWS, f"count(*) >= {self.least_rows}", f"at least {self.least_rows} rows")
        return (least, *self.rules)


@dataclass(frozen=True, order=True)
class Refusal:
    """A rule that does not hold, or that nobody could judge (then it is critical, whatever it declares)."""

    table: str
    rule: str
    severity: str
    found: str
    meaning: str


@dataclass(frozen=True)
class Judgement:
    """What the judge said of every rule."""

    refusals: tuple[Refusal, ...]
    n_rules: int
    n_judged: int

    @property
    def is_ok(self) -> bool:
        """No critical refusal, and every rule judged. `success` of the library is not asked."""
        return self.n_rules == self.n_judged > 0 and all(one.severity != "critical" for one in self.refusals)


def judge(tables: Sequence[Counted], docs: Path | None = None) -> Judgement:
    """Judge every rule of every table; with `docs`, write Data Docs there that open without a network."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = _results(tables)
        go_on()  # the library takes ctrl-C for a rule that raised
        told = {
            name: {one.expectation_config.meta["rule"]: one for one in result.results}
            for name, result in results.items()
        }
        refusals = sorted(one for table in tables for one in refusals_of(table, told[table.name]))
        n_judged = sum(bool(one.result) for of_table in told.values() for one in of_table.values())
        judgement = Judgement(tuple(refusals), sum(len(table.all_rules) for table in tables), n_judged)
        if docs is not None:
            shutil.rmtree(docs, ignore_errors=True)
            docs.mkdir(parents=True)
            _write_docs(docs, results, tables, judgement)
    return judgement


def refusals_of(table: Counted, told: Mapping[str, Any]) -> list[Refusal]:
    """The refusals in what was told of a table's rules, by the name of the rule."""
    found: list[Refusal] = []
    for rule in table.all_rules:
        said = told.get(rule.name)
        if said is None:
            found.append(Refusal(table.name, rule.name, "critical", "not judged", rule.meaning))
        elif not said.result:
            found.append(Refusal(table.name, rule.name, "critical", "raised", rule.meaning))
        elif not said.success:
            value = int(said.result["observed_value"])
            words = (
                f"{value:,} rows"
                if rule.name == N_ROWS
                else f"{value:,} {'row breaks' if value == 1 else 'rows break'} it"
            )
            found.append(Refusal(table.name, rule.name, rule.severity, words, rule.meaning))
    return found


def suite(table: Counted) -> gx.ExpectationSuite:
    """The table's rules as expectations about its row of counts: no rule is broken by any row."""
    rows = gxe.ExpectColumnMinToBeBetween(
        column=N_ROWS, min_value=table.least_rows, severity="critical",
        description=f"{table.name}: at least {table.least_rows} rows", meta={"rule": N_ROWS},
    )  # fmt: skip
    broken = [
        ExpectNoRowToBreakTheRule(
            column=rule.name, min_value=0, max_value=0, severity=rule.severity, description=rule.meaning,
            meta={"rule": rule.name},
        )
        for rule in table.rules
    ]  # fmt: skip
    return gx.ExpectationSuite(name=table.name, expectations=[rows, *broken])


def _results(tables: Sequence[Counted]) -> dict[str, Any]:
    """What the library says, by the name of the table: its stores, written whole each time, keep nothing."""
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context: Any = gx.get_context(
        mode="ephemeral", project_config=DataContextConfig(store_backend_defaults=stores, progress_bars=QUIET)
    )
    source = context.data_sources.add_pandas("tables")
    rows = source.add_dataframe_asset("counts").add_batch_definition_whole_dataframe("whole")
    return {
        table.name: rows.get_batch({"dataframe": pd.DataFrame([dict(table.counts)])}).validate(suite(table))
        for table in tables
    }


STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:75rem;padding:1.5rem;color:#1d2733;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}td,th{border:1px solid #d9dfe7;padding:.35rem .6rem;
text-align:left;vertical-align:top}th{background:#f3f6fa}.navbar,footer,#ge-cta-footer,.ge-breadcrumbs,.cooltip .top,
.modal,button,form,input,label,.nav-link i{display:none}.fa-check-circle:before{content:"\\2714";color:#1a7f4b}
.fa-times:before,.fa-times-circle:before{content:"\\2718";color:#b3261e}
.fa-exclamation-triangle:before{content:"!";color:#a15c00}.collapse{display:block}i{font-style:normal}
.ok{color:#1a7f4b}.refused{color:#b3261e}.num{text-align:right}
"""


def offline(page: str) -> str:
    """A page without scripts and without anything that a browser would fetch: it calls nobody when it is opened."""
    page = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL | re.IGNORECASE)
    page = re.sub(r"<link\b[^>]*\bhttps?:[^>]*>", "", page, flags=re.IGNORECASE)
    page = re.sub(r"<(img|iframe)\b[^>]*\bhttps?:[^>]*>", "", page, flags=re.IGNORECASE)
    page = re.sub(r"\s(src|href)\s*=\s*([\"'])\s*(https?:)?//[^\"']*\2", "", page, flags=re.IGNORECASE)
    page = re.sub(r"\shref=\"[^\"#]*\.html\"", "", page)  # a site of the library's, which is not made
    page = re.sub(r"url\(\s*[\"']?\s*(https?:)?//[^)]*\)", "none", page, flags=re.IGNORECASE)
    policy = "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self'"
    guard = f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{STYLE}</style>'
    return page.replace("</head>", f"{guard}</head>", 1)


def _write_docs(folder: Path, results: Mapping[str, Any], tables: Sequence[Counted], judgement: Judgement) -> None:
    """A page by the library for each table, and a first page of ours: the same tables give the same bytes."""
    view, renderer = DefaultJinjaPageView(), ValidationResultsPageRenderer()
    for table in tables:
        result = results[table.name]
        result.meta = {"great_expectations_version": gx.__version__}  # the rest says when, and names by chance
        page = RANDOM_NAME.sub("", offline(str(view.render(renderer.render(result)))))
        (folder / f"{table.name}.html").write_text(page, encoding="utf-8")
    (folder / "index.html").write_text(_index(tables, judgement), encoding="utf-8")


def _index(tables: Sequence[Counted], judgement: Judgement) -> str:
    """Our own first page: the one that comes with the library is filled by scripts from elsewhere."""
    refused = {table.name: [one for one in judgement.refusals if one.table == table.name] for table in tables}
    lines = [
        f"<tr><td>{_link(table.name)}</td><td class=num>{len(table.all_rules)}</td>"
        f"<td class=num>{len(refused[table.name])}</td>"
        f"<td>{html.escape('; '.join(f'{one.rule}: {one.found}' for one in refused[table.name]))}</td></tr>"
        for table in tables
    ]
    verdict, mark = ("OK", "ok") if judgement.is_ok else ("REFUSED", "refused")
    return (
        f"<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>Gate</title></head><body>"
        f"<h1>Gate: <span class={mark}>{verdict}</span></h1>"
        f"<p>{judgement.n_judged:,} of {judgement.n_rules:,} rules judged, {len(judgement.refusals)} refused.</p>"
        f"<table><tr><th>Table<th class=num>Rules<th class=num>Refused<th>What</tr>{''.join(lines)}</table>"
        "</body></html>"
    ).replace("</head>", f"<style>{STYLE}</style></head>", 1)


def _link(name: str) -> str:
    return f'<a href="{html.escape(name)}.html">{html.escape(name)}</a>'
