"""A finished, gated hand-over as a folder that explains itself: README, terms, citations, tables, digests.

    handover/             the hand-over, byte for byte
    README.md  LICENCES.md  ATTRIBUTION.bib  ACKNOWLEDGEMENTS.md
    obscore.vot  datacite.json  croissant.json  release.json  SHA256SUMS
    fetched.json          where mosaics were had from, if `fetch` brought them

The same hand-over and the same file of people's words give the same bytes: no clock, no host, no path.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from curation.deposit import citations, croissant, datacite, obscore, page, terms
from curation.deposit.about import About
from curation.deposit.facts import Facts, facts_of
from curation.deposit.places import FOLDER
from curation.release.card import what_it_is
from curation.release.certificate import verify
from curation.release.export import plain_json
from schemas.errors import GateError
from schemas.fingerprint import sha256_of
from schemas.whole import DIGEST, check_free, entries, published, read_manifest

FORMAT = 1  # raised when the folder starts to look different
SUMS, FETCHED = "SHA256SUMS", "fetched.json"


def release(
    handover: Path, about: About, out: Path, *, withdrawn: Mapping[str, str] | None = None,
    fetched: Mapping[str, Mapping[str, Any]] | None = None, say: Callable[[str], None] = print,
) -> dict[str, Any]:  # fmt: skip
    """Write the release of a hand-over to `out`, whole or not at all, and give its manifest.

    `withdrawn`: reasons by the id of a source or paper; `fetched`: where files were had from, by their SHA-256. Raises
    GateError with every reason why it may not go out, RecipeError for a folder that is no hand-over, StoreError for one
    that is not whole or for anything in the way.
    """
    facts = facts_of(handover)
    check_free(out)
    if refused := [*terms.refusals(facts, about, withdrawn or {}), *verify(handover)]:
        raise GateError("\n".join(refused))
    used, changed = citations.cited_doors(facts)
    for line in changed:
        say(f"note: {line}")
    said = {"format": FORMAT, "corpus": facts.corpus, "handover": facts.manifest["address"], "version": about.version}
    with published(out, said) as aside:
        shutil.copytree(handover, aside / FOLDER)
        if rows := [
            fetched[sha256] for one in facts.rows["mosaics"] if (sha256 := one["mosaic_sha256"]) in (fetched or {})
        ]:
            _write_texts(aside, {FETCHED: plain_json({"files": rows})})
        _write(aside, facts, about, used)
    return read_manifest(out)


def _write(folder: Path, facts: Facts, about: About, used: list[citations.Cited]) -> None:
    told = {"title": about.title or _title(facts), "description": _description(facts, about)}
    licences = terms.licences(facts, about)
    own = citations.own_reference(about, told["title"], facts.corpus)
    unknown = citations.without_doi(used)
    rows = obscore.rows(facts, about)
    obscore.write_votable(rows, folder / obscore.FILE, told["title"])
    summary = {
        "title": told["title"], "version": about.version, "date": about.date, "doi": about.doi or None,
        "citation": page.citation(about, told["title"]), "corpus": facts.corpus,
        "handover": facts.manifest["address"], "counts": facts.counts, "n_pictures_of_sky": len(rows),
        "licences": facts.rows["licences"], "licence": about.licence, "dois": citations.dois(used),
        "without_doi": [one.key for one in unknown],
    }  # fmt: skip
    texts = {
        "README.md": page.readme(facts, about, told, len(rows), unknown),
        "LICENCES.md": page.licence_page(facts, about, licences),
        "ATTRIBUTION.bib": citations.bibliography(used),
        "ACKNOWLEDGEMENTS.md": citations.acknowledgements(used),
        datacite.FILE: plain_json(datacite.datacite(facts, about, told, licences, citations.related(used))),
        "release.json": plain_json(summary),
    }
    _write_texts(folder, texts)
    files = entries(folder)
    _write_texts(folder, {croissant.FILE: plain_json(croissant.croissant(files, facts, about, told, licences, own))})
    sums = {name: said[DIGEST] for name, said in files.items()} | {croissant.FILE: sha256_of(folder / croissant.FILE)}
    _write_texts(folder, {SUMS: "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))})


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
    return (
        f"{what_it_is(facts.counts)} Every sentence can be traced to a catalogue row or to pixels, and nothing that is "
        "tested on is trained on."
    )
