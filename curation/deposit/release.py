"""A finished, gated hand-over as a folder that explains itself: README, terms, citations, tables, digests.

    handover/             the hand-over, byte for byte
    README.md  LICENCES.md  ATTRIBUTION.bib  ACKNOWLEDGEMENTS.md
    obscore.vot  datacite.json  croissant.json  release.json  SHA256SUMS

The same hand-over and the same file of people's words give the same bytes: no clock, no host, no path.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from curation.deposit import checksums, citations, croissant, datacite, obscore, page, terms
from curation.deposit.about import About
from curation.deposit.facts import Facts, facts_of
from curation.deposit.places import FOLDER
from curation.release.certificate import verify
from curation.release.export import plain_json
from schemas.errors import GateError, StoreError
from schemas.whole import published, read_manifest

FORMAT = 1  # raised when the folder starts to look different


def release(
    handover: Path, about: About, out: Path, *, withdrawn: Mapping[str, str] | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:  # fmt: skip
    """Write the release of a hand-over to `out`, whole or not at all, and give its manifest.

    `withdrawn`: reasons by the id of a source or paper. Raises GateError with every reason why it may not go out,
    RecipeError for a folder that is no hand-over, StoreError for one that is not whole or for anything in the way.
    """
    facts = facts_of(handover)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"{out}: there is something already; choose another folder, or empty this one")
    if refused := [*terms.refusals(facts, about, withdrawn or {}), *verify(handover)]:
        raise GateError("\n".join(refused))
    used, changed = citations.cited_doors(facts)
    for line in changed:
        say(f"note: {line}")
    said = {"format": FORMAT, "corpus": facts.corpus, "handover": facts.manifest["address"], "version": about.version}
    with published(out, said) as aside:
        shutil.copytree(handover, aside / FOLDER)
        _write(aside, facts, about, used)
    return read_manifest(out)


def _write(folder: Path, facts: Facts, about: About, used: list[citations.Cited]) -> None:
    told = {"title": about.title or _title(facts), "description": _description(facts, about), "folder": FOLDER}
    licences = terms.licences(facts, about)
    own = citations.own_reference(about, told["title"], facts.corpus)
    dois, unknown = citations.dois(used), citations.without_doi(used)
    rows = obscore.rows(facts, about, folder=FOLDER)
    obscore.write_votable(rows, folder / obscore.FILE, told["title"])
    summary = {
        "title": told["title"], "version": about.version, "date": about.date, "doi": about.doi or None,
        "citation": page.citation(about, told["title"]), "corpus": facts.corpus,
        "handover": facts.manifest["address"], "counts": facts.counts, "n_pictures_of_sky": len(rows),
        "licences": facts.rows["licences"], "licence": about.licence, "dois": dois,
        "without_doi": [one.key for one in unknown if not one.note],
    }  # fmt: skip
    texts = {
        "README.md": page.readme(facts, about, told, len(rows), [one for one in unknown if not one.note]),
        "LICENCES.md": page.licence_page(facts, about, licences),
        "ATTRIBUTION.bib": citations.bibliography(used),
        "ACKNOWLEDGEMENTS.md": citations.acknowledgements(used),
        datacite.FILE: plain_json(datacite.datacite(facts, about, told, licences, citations.related(used))),
        "release.json": plain_json(summary),
    }
    _write_texts(folder, texts)
    _write_texts(folder, {croissant.FILE: plain_json(croissant.croissant(folder, facts, about, told, licences, own))})
    checksums.write_checksums(folder)


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _title(facts: Facts) -> str:
    """The title of the corpus, as the hand-over's own README tells it."""
    lines = (facts.folder / "README.md").read_text(encoding="utf-8").splitlines()
    return next((line[2:] for line in lines if line.startswith("# ")), facts.corpus)


def _description(facts: Facts, about: About) -> str:
    if about.description:
        return " ".join(about.description.split())
    n_turns = sum(one["n_turns"] for one in facts.counts)
    n_samples = sum(one["n_samples"] for one in facts.counts)
    return (
        f"Pictures of the radio sky with questions and answers, for training vision-language models: {n_samples:,} "
        f"samples with {n_turns:,} turns. Every sentence can be traced to a catalogue row or to pixels, and nothing "
        "that is tested on is trained on."
    )
