"""GENERATED: questions and answers that a served model wrote about a cutout, and its description in other words.

Reads CUTOUTS with their pictures and DESCRIPTIONS by part, SOURCES and OBJECTS whole. Riggi et al. 2025, 3.1.1. Every
turn is read into claims and judged by rule before it is kept; a cutout whose replies gave too little is asked again
with another seed; what is refused stands with its reason and the raw reply among the rejected rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import pyarrow as pa

from curation.asking.request import Reply, Request
from curation.engine.steps import Input, Resources, Step
from curation.extraction.lexicon import names_digest
from curation.generation.page import Page
from curation.generation.writing import PAIRS, REWORDING, Writing
from curation.verification.annotation_tables import CUTOUT_COLUMNS, AnnotationTables
from curation.verification.claims import Claim
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import GENERATED

SHARED = 32
"""Pictures whose second task follows so soon after the first that a server still has them at hand."""


class Asks(Protocol):
    """Who has requests answered: `curation.asking.vlm.Asker`."""

    def ask(self, requests: Sequence[Request]) -> list[Reply]: ...


def generated(
    asks: Asks, cutouts: pa.Table, descriptions: pa.Table, sources: pa.Table, objects: pa.Table, writing: Writing
) -> Sieved:
    """The turns that are fit to be used. *In* are turns found, and replies that were missing, cut or broken.

    Refused, a turn: `empty-turn`, `wrong-form`, `refusal`, `wrong-language`, `names-caption`, `repetition`,
    `duplicate-turn`, `contradicted`, `unverifiable-number`, `unverifiable`, and for a rewording `claims-differ`.
    A reply: `truncated`, `empty`, `no-json`, `wrong-form`, `refusal` or a problem of the server's, such as
    `server-error`. A cutout: `no-source`, `no-description`.
    """
    pages, refused = _pages(cutouts, descriptions, sources, objects, writing)
    for attempt in range(1, writing.generation.attempts + 1):
        wanted = list(_in_order([(page, task) for page in pages for task in page.wanted(attempt)]))
        requests = [page.request(task, attempt) for page, task in wanted]
        for (page, task), request, reply in zip(wanted, requests, asks.ask(requests) if requests else [], strict=True):
            page.take(task, request, reply, attempt)
    kept = [row for page in sorted(pages, key=lambda one: one.known.cutout_id) for row in page.rows()]
    refused += [one for page in pages for one in page.refused]
    n_unknown = cutouts.num_rows - len(pages)
    return sieved(GENERATED.of(kept), refused, sum(page.n_found for page in pages) + n_unknown)


def generated_step(
    asks: Asks, dataset_name: str, cutouts: Step, descriptions: Step, sources: Step, objects: Step, writing: Writing
) -> Step:
    """The step that makes `generated/<dataset>`, part by part. Where the model is served is no part of the recipe."""
    return Step(
        name=f"generated/{dataset_name}",
        make=partial(generated, asks),
        table=GENERATED,
        version=3,  # none is asked for a direction on the sky where north is not up; each axis of a beam has its unit
        config=(writing,),
        beside=(names_digest(writing.scheme),),
        inputs=(
            Input(cutouts, by_part=True, columns=(*CUTOUT_COLUMNS, "png")),
            Input(descriptions, by_part=True),
            Input(sources),
            Input(objects),
        ),
        counts="turns found, and replies that were missing, cut or broken",
        resources=Resources(cpus=0.5, memory_mb=700),
    )


def _pages(
    cutouts: pa.Table, descriptions: pa.Table, sources: pa.Table, objects: pa.Table, writing: Writing
) -> tuple[list[Page], list[Rejection]]:
    """A page for each cutout, equal pictures beside each other; those that nothing is known of are refused."""
    known = AnnotationTables(sources, objects, writing.scheme, writing.dialect, writing.survey)
    told = {one["cutout_id"]: [Claim.of(claim) for claim in one["claims"]] for one in descriptions.to_pylist()}
    pages, refused = list[Page](), list[Rejection]()
    for cutout in sorted(cutouts.to_pylist(), key=lambda one: (one["sha256"], one["cutout_id"])):
        annotations, claims = known.of(cutout), told.get(cutout["cutout_id"])
        if annotations is None or claims is None:
            refused.append(_unknown(cutout, "no-source" if annotations is None else "no-description"))
        else:
            pages.append(Page(cutout["dataset"], annotations, cutout["png"], claims, writing))
    return pages, refused


def _unknown(cutout: Mapping[str, Any], reason: str) -> Rejection:
    row = {"cutout_id": cutout["cutout_id"], "source_id": cutout["source_id"]}
    return Rejection(cutout["cutout_id"], reason, f"nothing is known of the cutout: {reason}", row)


def _in_order(wanted: list[tuple[Page, str]]) -> Iterator[tuple[Page, str]]:
    """First one task of some pictures, then the other of the same, so that a server has both picture and prefix."""
    pages = list({id(page): page for page, _ in wanted}.values())
    for start in range(0, len(pages), SHARED):
        some = {id(page) for page in pages[start : start + SHARED]}
        for task in (PAIRS, REWORDING):
            yield from ((page, one) for page, one in wanted if one == task and id(page) in some)
