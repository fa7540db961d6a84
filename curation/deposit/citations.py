"""Whom a release names: the papers of its surveys, datasets and catalogues, and the thanks that archives ask for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catalogs.catalog import Catalog, catalog
from catalogs.dataset import Dataset, dataset
from catalogs.references import DOI, Reference, cited
from catalogs.survey import Survey, surveys
from curation.deposit.about import About
from curation.deposit.facts import Facts
from curation.used_doors import dataset_door, used_door
from schemas.folder import one_door


@dataclass(frozen=True)
class Cited:
    """A survey, dataset or catalogue that the hand-over was made of, or a paper whose figures it holds."""

    kind: str
    name: str
    title: str
    references: tuple[Reference, ...]
    acknowledgement: str = ""
    archive_doi: str = ""
    """Of the survey's data themselves, where its door tells one."""


def cited_doors(facts: Facts) -> tuple[list[Cited], list[str]]:
    """All that a hand-over was made of; and a line for each door that says something else now than it did then.

    Raises RecipeError for a door that is not there.
    """
    then = {(one["kind"], one["name"]): one["sha256"] for one in facts.manifest["doors"]}
    found, changed = list[Cited](), list[str]()
    for kind in ("surveys", "datasets", "catalogs"):
        for name in facts.doors(kind):
            one, now = _door(kind, name)
            found.append(one)
            if now != then[kind, name]:
                changed.append(f"{kind}/{name} says something else now than when {facts.manifest['address']} was made")
    return [*found, *(_paper(one["paper_id"], one["attribution"]) for one in facts.rows["papers"])], changed


def bibliography(used: Sequence[Cited]) -> str:
    """ATTRIBUTION.bib: each paper once, by key."""
    entries = {one.key: one.bibtex for some in used for one in some.references}
    return "\n".join(entries[key] for key in sorted(entries))


def without_doi(used: Sequence[Cited]) -> list[Reference]:
    """The papers that are known here but for a DOI, by key; not what stands in a door's own words."""
    found = {one.key: one for some in used for one in some.references if not one.doi and not one.note}
    return [found[key] for key in sorted(found)]


def dois(used: Sequence[Cited]) -> list[str]:
    """Every DOI that is known, sorted."""
    return sorted({one.doi for some in used for one in some.references if one.doi})


def related(used: Sequence[Cited]) -> list[dict[str, str]]:
    """What DataCite calls related identifiers: data that the release is derived from, papers that it refers to."""
    found = {("DOI", one.archive_doi, "IsDerivedFrom") for one in used if one.archive_doi}
    for one in (one for some in used for one in some.references):
        if one.doi:
            found.add(("DOI", one.doi, "References"))
        elif one.eprint:
            found.add(("arXiv", f"arXiv:{one.eprint}", "References"))
    names = ("relatedIdentifierType", "relatedIdentifier", "relationType")
    return [dict(zip(names, one, strict=True)) for one in sorted(found)]


def acknowledgements(used: Sequence[Cited]) -> str:
    """ACKNOWLEDGEMENTS.md: what to write into a paper that uses the release."""
    lines = [
        "# Acknowledgements",
        "",
        "What the archives ask for, to be copied into a paper that uses this.",
        "",
    ]
    thanks = dict.fromkeys(one.acknowledgement for one in used if one.acknowledgement)
    lines += [f"* {one}" for one in thanks] or ["* None of the surveys asks for a sentence of its own."]
    lines += ["", "And the papers (`ATTRIBUTION.bib`):", ""]
    lines += [f"* {one.title} ({one.kind} `{one.name}`): {', '.join(ref.key for ref in one.references)}"
              for one in used if one.kind != "paper"]  # fmt: skip
    papers = [one for one in used if one.kind == "paper"]
    lines += [f"* figures of {len(papers):,} papers, each with an entry of its own"] if papers else []
    return "\n".join(lines) + "\n"


def own_reference(about: About, title: str, corpus: str) -> Reference:
    """The release itself, to be cited."""
    return Reference(
        key=f"{re.sub('[^A-Za-z0-9]+', '-', corpus)}-{about.year}",
        author=" and ".join(one.name for one in about.creators),
        title=title,
        year=about.year,
        doi=about.doi,
        note=f"Data set, version {about.version}, {about.publisher}",
    )


def _door(kind: str, name: str) -> tuple[Cited, str]:
    """What a door names, and the digest of what it says now."""
    if kind == "surveys":
        survey = one_door(surveys(), name, "survey")
        archive = DOI.search(survey.archive)
        found = _cited("survey", survey, survey.acknowledgement, archive[0] if archive else "")
        return found, used_door("surveys", survey).sha256
    if kind == "datasets":
        one = dataset(name)
        return _cited("dataset", one), dataset_door(one).sha256
    table = catalog(name)
    return _cited("catalog", table), used_door("catalogs", table).sha256


def _cited(kind: str, door: Survey | Dataset | Catalog, thanks: str = "", archive_doi: str = "") -> Cited:
    references = tuple(cited(door.cite, f"{kind}_{door.name}", door.title))
    return Cited(kind, door.name, door.title, references, thanks, archive_doi)


def _paper(paper_id: str, attribution: str) -> Cited:
    key = f"paper_{re.sub('[^A-Za-z0-9]+', '_', paper_id)}"
    arxiv = re.search(r"arXiv:([A-Za-z0-9./-]+[A-Za-z0-9])", attribution)
    (reference,) = cited(attribution.replace(";", ","), key)
    return Cited("paper", paper_id, attribution, (reference.model_copy(update={"eprint": arxiv[1] if arxiv else ""}),))
