"""GENERATED: questions and answers that a served model wrote about a cutout, every sentence with its claims.

Reads CUTOUTS with their pictures by part, SOURCES and OBJECTS whole. Riggi et al. 2025, 3.1.1. The claims come first:
each is verified by rule, then the words are read back, by rule and by a model where one is named, and may say no more;
what is true and was not understood is said in our own words. A cutout whose replies gave too little is asked again with
another seed; what is refused stands with its reason and the raw reply among the rejected rows.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from curation.asking.request import Asks
from curation.engine.steps import Input, Resources, Step
from curation.extraction.lexicon import names_digest
from curation.generation.fates import judged
from curation.generation.model_reader import ModelReader, ReadBack
from curation.generation.page import Page
from curation.generation.readers import Reader, rule_reader
from curation.generation.writing import Writing
from curation.realisation.realise import wordings_digest
from curation.verification.annotation_tables import CUTOUT_COLUMNS, AnnotationTables
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import GENERATED


def generated(
    asks: Asks,
    cutouts: pa.Table,
    sources: pa.Table,
    objects: pa.Table,
    writing: Writing,
    reading: ReadBack | None = None,
) -> Sieved:
    """The turns that are fit to be used. *In* are turns found, and replies that were missing, cut or broken.

    Refused, a turn: `empty-turn`, `wrong-form`, `no-question`, `false-premise`, `direction`, `refusal`,
    `wrong-language`, `names-caption`, `repetition`, `echo`, `duplicate-turn`, `all-cut`, `not-answered`,
    `contradicted`. A reply: `truncated`, `empty`, `no-json`, `wrong-form`, `refusal` or a problem of the server's, such
    as `server-error`. A cutout: `no-source`. What became of each sentence of a turn is told in `fates`.
    """
    readers: list[Reader] = [rule_reader, *([ModelReader(asks, reading)] if reading else [])]
    pages, refused = _pages(cutouts, sources, objects, writing)
    for attempt in range(1, writing.generation.attempts + 1):
        wanted = [page for page in pages if page.is_wanted(attempt)]
        requests = [page.request(attempt) for page in wanted]
        replies = asks.ask(requests) if requests else []
        drafts = [
            (page, draft)
            for page, request, reply in zip(wanted, requests, replies, strict=True)
            for draft in page.drafts(request, reply, attempt)
        ]
        found = judged([draft.judged for _, draft in drafts], readers, writing.dialect)
        for (page, draft), one in zip(drafts, found, strict=True):
            page.take(replace(draft, judged=one))
    kept = [row for page in sorted(pages, key=lambda one: one.known.cutout_id) for row in page.rows()]
    refused += [one for page in pages for one in page.refused]
    n_unknown = cutouts.num_rows - len(pages)
    return sieved(GENERATED.of(kept), refused, sum(page.n_found for page in pages) + n_unknown)


def generated_step(
    asks: Asks,
    dataset_name: str,
    cutouts: Step,
    sources: Step,
    objects: Step,
    writing: Writing,
    *,
    reading: ReadBack | None = None,
) -> Step:
    """The step that makes `generated/<dataset>`, part by part. Where models are served is no part of the recipe."""
    return Step(
        name=f"generated/{dataset_name}",
        make=partial(generated, asks),
        table=GENERATED,
        version=8,  # 4: claims are stated first; 5: a question holds no pieces of a form; 6 to 8: the reader reads more
        config=(writing, reading) if reading else (writing,),
        beside=(names_digest(writing.scheme), wordings_digest()),
        inputs=(Input(cutouts, by_part=True, columns=(*CUTOUT_COLUMNS, "png")), Input(sources), Input(objects)),
        counts="turns found, and replies that were missing, cut or broken",
        resources=Resources(cpus=0.5, memory_mb=700),
    )


def _pages(
    cutouts: pa.Table, sources: pa.Table, objects: pa.Table, writing: Writing
) -> tuple[list[Page], list[Rejection]]:
    """A page for each cutout, equal pictures beside each other; those that nothing is known of are refused."""
    known = AnnotationTables(sources, objects, writing.scheme, writing.dialect, writing.survey)
    pages, refused = list[Page](), list[Rejection]()
    for cutout in sorted(cutouts.to_pylist(), key=lambda one: (one["sha256"], one["cutout_id"])):
        annotations = known.of(cutout)
        if annotations is None:
            refused.append(_unknown(cutout, "no-source"))
        else:
            pages.append(Page(cutout["dataset"], annotations, cutout["png"], writing))
    return pages, refused


def _unknown(cutout: Mapping[str, Any], reason: str) -> Rejection:
    row = {"cutout_id": cutout["cutout_id"], "source_id": cutout["source_id"]}
    return Rejection(cutout["cutout_id"], reason, f"nothing is known of the cutout: {reason}", row)
