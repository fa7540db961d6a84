"""PAPERS: the sources that are there and about the radio sky; the others with the reason.

A source is known by its name, an arXiv identifier, or by a record whose `source_file` names it. Records are JSON
objects, one a line, as arXiv publishes them: id, title, abstract, categories, license, versions, update_date, authors,
doi. Only the records of sources that are there are kept in memory. Riggi et al. 2025, section 3.1.2.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from curation.captions.found import PaperFile, PaperFiles, paper_of, stem_of
from curation.captions.licences import licence_of
from curation.captions.settings import Captions, PaperChoice
from curation.engine.steps import Resources, Step
from curation.pictures.unchanged import Stamps, unchanged
from curation.truth.withdrawn import REASON, Withdrawn
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import PAPERS

MOST_OF_A_LINE = 2_000_000  # characters of a record
MOST_AUTHORS = 3  # named in an attribution; of more, the first one
Row = dict[str, Any]


@dataclass(frozen=True)
class Records:
    """The records of sources that are there, by source; and lines that are none."""

    by_source: Mapping[str, Row]
    n_unreadable: int = 0
    first_unreadable: str = ""


def papers(
    sources: tuple[PaperFile, ...], metadata: tuple[tuple[str, str], ...], choice: PaperChoice,
    withdrawn: tuple[Withdrawn, ...] = (), *, raw: Path, stamps: Stamps,
) -> Sieved:  # fmt: skip
    """PAPERS; *in* are the sources.

    Refused: `no-metadata`; `other-category`, `other-years`, `no-keyword`, by the choice of the corpus; `no-date`;
    `older-version` and `second-source` of a paper that has a newer or a better one (LaTeX before PDF); `withdrawn`.
    """
    why = {one.id: one.reason for one in withdrawn}
    records = _records(sources, metadata, raw, stamps)
    found: dict[str, Row] = {}
    refused: list[Rejection] = []
    for source in sorted(sources, key=_rank):
        row = _chosen(source, records, choice)
        if isinstance(row, Rejection):
            refused.append(row)
        elif row["paper_id"] in why:
            refused.append(_refusal(row, REASON, why[row["paper_id"]]))
        elif other := found.get(row["paper_id"]):
            reason = "older-version" if row["version"] < other["version"] else "second-source"
            refused.append(Rejection(source.name, reason, f"{other['source']} is of the same paper", _brief(row)))
        else:
            found[row["paper_id"]] = row
    return sieved(PAPERS.of(found[one] for one in sorted(found)), refused, len(sources))


def papers_step(
    corpus: str, wanted: Captions, there: PaperFiles, raw: Path, withdrawn: tuple[Withdrawn, ...] = ()
) -> Step:
    """`papers/<corpus>`, sliced into parts; its address holds the content of every source and of the metadata."""
    where = PaperChoice.model_fields["files"].default, PaperChoice.model_fields["metadata"].default
    choice = wanted.papers.model_copy(update={"files": where[0], "metadata": where[1]})  # what they find is in there
    return Step(
        f"papers/{corpus}",
        partial(papers, raw=raw, stamps=there.stamps),
        PAPERS,
        config=(there.sources, there.metadata, choice, *([withdrawn] if withdrawn else [])),
        rows_per_part=wanted.papers_per_part,
        counts="sources of papers",
        resources=Resources(cpus=1, memory_mb=1000),
    )


def _rank(source: PaperFile) -> tuple[str, int, bool, str]:
    """Of one paper the newest version first, and its LaTeX before its PDF."""
    paper, version = paper_of(source.name)
    return paper, -version, source.name.lower().endswith(".pdf"), source.name


# -- records --------------------------------------------------------------------------------------------------------


def _records(sources: Sequence[PaperFile], metadata: Sequence[tuple[str, str]], raw: Path, stamps: Stamps) -> Records:
    by_paper: dict[str, list[str]] = {}
    by_file: dict[str, str] = {}
    for source in sources:
        by_paper.setdefault(paper_of(source.name)[0], []).append(source.name)
        by_file |= {source.name: source.name, source.name.rsplit("/", 1)[-1]: source.name}
    by_paper.pop("", None)
    found: dict[str, Row] = {}
    n_unreadable, first = 0, ""
    for name, digest in metadata:
        with unchanged(raw / name, digest, stamps.get(name)):
            for at, record in _lines(raw / name):
                if record is None:
                    n_unreadable, first = n_unreadable + 1, first or f"{name}: line {at}"
                    continue
                named = record.get("source_file")
                known = [by_file[named]] if isinstance(named, str) and named in by_file else []
                for source in known or by_paper.get(_plain_id(record.get("id")), ()):
                    found[source] = record  # of two records the later one stands
    return Records(found, n_unreadable, first)


def _lines(file: Path) -> Iterator[tuple[int, Row | None]]:
    """Each record with its line's number; None for a line that is no JSON object."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        at = 0
        while line := lines.readline(MOST_OF_A_LINE):
            at += 1
            if not line.strip():
                continue
            try:
                said = json.loads(line)
            except (ValueError, RecursionError):
                said = None
            yield at, said if isinstance(said, dict) else None


def _plain_id(said: object) -> str:
    """An identifier as `paper_of` gives it: of an old one without the class, astro-ph/0601001."""
    return paper_of(said.replace("/", "_"))[0] if isinstance(said, str) else ""


# -- the choice -----------------------------------------------------------------------------------------------------


def _chosen(source: PaperFile, records: Records, choice: PaperChoice) -> Row | Rejection:
    record = records.by_source.get(source.name)
    if record is None:
        lost = f"; {records.n_unreadable} lines are no record, first {records.first_unreadable}" * bool(
            records.n_unreadable
        )
        detail = f"no record has the identifier of its name, or names it as source_file{lost}"
        return Rejection(source.name, "no-metadata", detail, {"sha256": source.sha256})
    row = _row(source, record)
    first, last = choice.years
    words = keywords_in(f"{row['title']}. {_text(record, 'abstract')}", choice.keywords)
    if row["published"] is None:
        return _refusal(row, "no-date", "its record has neither versions nor update_date that are dates")
    if not set(row["categories"]) & set(choice.categories):
        return _refusal(row, "other-category", f"found {', '.join(row['categories']) or 'none'}")
    if not first <= int(row["published"][:4]) <= last:
        return _refusal(row, "other-years", f"published {row['published']}, wanted are {first} to {last}")
    if not words:
        return _refusal(row, "no-keyword", "neither title nor abstract has a keyword of [captions.papers]")
    return {**row, "keywords": words}


def keywords_in(text: str, keywords: Sequence[str]) -> list[str]:
    """The keywords that a text has as whole words; one with a capital only as it is written."""
    seen = {" ".join(one.split()) for one in _pattern(tuple(keywords), exact=True).findall(text)}
    seen |= {" ".join(one.lower().split()) for one in _pattern(tuple(keywords), exact=False).findall(text)}
    return sorted(seen)


@lru_cache(maxsize=4)
def _pattern(keywords: tuple[str, ...], *, exact: bool) -> re.Pattern[str]:
    chosen = sorted((one for one in keywords if (one != one.lower()) == exact), key=len, reverse=True)
    words = "|".join(r"\s+".join(map(re.escape, one.split())) for one in chosen) or r"(?!)"
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", 0 if exact else re.IGNORECASE)


def _row(source: PaperFile, record: Row) -> Row:
    name, version = paper_of(source.name)
    paper = _plain_id(record.get("id")) or name or _text(record, "id")[:60] or stem_of(source.name)
    licence = licence_of(record.get("license"))
    title, published = _text(record, "title"), _published(record)
    return {
        "paper_id": paper, "version": version, "title": title, "categories": _categories(record),
        "published": published, "licence": licence.name, "is_redistributable": licence.is_redistributable,
        "attribution": _attribution(record, title, published, paper),
        "doi": _text(record, "doi") or None, "source": source.name, "n_bytes": source.n_bytes, "sha256": source.sha256,
    }  # fmt: skip


def _text(record: Row, name: str) -> str:
    said = record.get(name)
    plain = "".join(one if one.isprintable() else " " for one in said) if isinstance(said, str) else ""
    return " ".join(plain.split())


def _categories(record: Row) -> list[str]:
    said = record.get("categories")
    return said.split() if isinstance(said, str) else [one for one in said or () if isinstance(one, str)]


def _published(record: Row) -> str | None:
    """The day of the first version, else that of the last change; None where neither is a date."""
    versions = record.get("versions")
    try:
        return parsedate_to_datetime(versions[0]["created"]).date().isoformat()  # type: ignore[index]
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        pass
    try:
        return date.fromisoformat(_text(record, "update_date")).isoformat()
    except ValueError:
        return None


def _attribution(record: Row, title: str, published: str | None, paper: str) -> str:
    parsed = record.get("authors_parsed")
    names = [one[0] for one in parsed if isinstance(one, list) and one and isinstance(one[0], str)] if parsed else []
    if not names:
        names = re.split(r",\s*|\s+and\s+", _text(record, "authors"))
    names = [" ".join(one.split()) for one in names if one.strip()]
    who = f"{names[0]} et al." if len(names) > MOST_AUTHORS else " & ".join(names) or "unknown authors"
    where = f"arXiv:{paper}" if paper_of(paper.replace("/", "_"))[0] else paper
    doi = _text(record, "doi")
    return f"{who} {(published or '')[:4]}, {title}, {where}{f', doi:{doi}' if doi else ''}"


def _refusal(row: Row, reason: str, detail: str) -> Rejection:
    return Rejection(row["source"], reason, detail, _brief(row))


def _brief(row: Row) -> Row:
    return {name: row[name] for name in ("paper_id", "version", "title", "categories", "published", "licence")}
