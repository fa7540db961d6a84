"""README.md and LICENCES.md of a release: what it is, how to cite, load and check it; every number is counted."""

from collections.abc import Mapping, Sequence

from catalogs.references import Reference
from curation.deposit.about import About
from curation.deposit.facts import Facts
from curation.deposit.places import FOLDER
from curation.deposit.rai import responsible_ai
from curation.deposit.terms import Licence
from curation.release.card import FEATURES, Config, counts_table, front_matter
from curation.release.certificate import FILE_OF

HEADINGS = {
    "dataCollection": "What was collected", "dataAnnotationProtocol": "How it was annotated",
    "machineAnnotationTools": "Who wrote the words", "dataPreprocessingProtocol": "How it was prepared",
    "dataUseCases": "What it is for", "dataLimitations": "What it is not", "dataBiases": "What is uneven",
    "personalSensitiveInformation": "Persons", "dataReleaseMaintenancePlan": "Versions",
}  # fmt: skip


def citation(about: About, title: str) -> str:
    """One line to cite the release by."""
    end = f" https://doi.org/{about.doi}" if about.doi else ""
    names = "; ".join(one.name for one in about.creators)
    return f"{names} ({about.year}). {title} (Version {about.version}) [Data set]. {about.publisher}.{end}"


def readme(facts: Facts, about: About, told: Mapping[str, str], n_rows: int, unknown: Sequence[Reference]) -> str:
    """README.md. `n_rows`: of the ObsCore table; `unknown`: papers without a DOI."""
    paths = {split: f"{FOLDER}/{FILE_OF[split]}" for split in facts.splits}
    lines = [*front_matter(facts.corpus, Config("default", paths, FEATURES)), f"# {_line(told['title'])}", "",
             told["description"], "", f"Version {about.version}, {about.date}, {about.publisher}. Corpus "
             f"`{facts.corpus}`, hand-over `{facts.manifest['address']}`.", "",
             "## How to cite", "", citation(about, _line(told["title"])), "",
             "Cite the surveys and catalogues too: `ATTRIBUTION.bib`; the thanks that their archives ask for stand "
             "in `ACKNOWLEDGEMENTS.md`."]  # fmt: skip
    if unknown:
        keys = ", ".join(one.key for one in unknown)
        lines.append(f"Of these entries no DOI is known here, so none is given: {keys}.")
    lines += ["", "## What is in it", "", *counts_table(facts.counts), *_files(n_rows), *_use(), *_told(facts)]
    if about.contact:
        lines += ["## Contact", "", _line(about.contact), ""]
    return "\n".join(lines).rstrip() + "\n"


def licence_page(facts: Facts, about: About, licences: Mapping[str, Licence]) -> str:
    """LICENCES.md: the terms of pixels by survey, of figures, and of what was made here."""
    own = licences[about.licence]
    lines = ["# Licences", "", "Pictures keep the terms of their surveys or papers; `licence` of each sample stands in "
             "`provenance.parquet`, of each picture in `obscore.vot`.", "",
             "| of | samples | terms |", "|---|--:|---|"]  # fmt: skip
    for one in facts.rows["licences"]:
        lines.append(f"| {one['survey']} | {one['n_samples']:,} | {_terms(licences[one['licence']])} |")
    lines += [f"| questions, answers, splits, tables and texts made here | | {_terms(own)} |", ""]
    for one in licences.values():
        if one.notice:
            lines += [f"## {one.title}", "", f"> {_line(one.notice)}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _files(n_rows: int) -> list[str]:
    return [
        "| file | holds |", "|---|---|",
        f"| `{FOLDER}/` | the hand-over as it was made, with a README, a manifest and a certificate of its own |",
        "| `croissant.json` | Croissant 1.1 with its responsible-AI part: files, records, how they came to be |",
        f"| `obscore.vot` | {n_rows:,} pictures of the sky as an ObsCore 1.1 table (VOTable): open it in TOPCAT or "
        "Aladin |",
        f"| `{FOLDER}/moc/` | coverage maps of each split, survey and sealed benchmark |",
        "| `datacite.json` | what a registry of DOIs asks for |",
        "| `LICENCES.md`, `ATTRIBUTION.bib`, `ACKNOWLEDGEMENTS.md` | terms, papers, thanks |",
        "| `SHA256SUMS` | `sha256sum -c SHA256SUMS` |",
        "| `release.json` | the same facts for machines |", "",
    ]  # fmt: skip


def _use() -> list[str]:
    return [
        "## How to read it", "",
        "```python",
        "import mlcroissant",
        'records = mlcroissant.Dataset("croissant.json").records("train")',
        "```", "",
        f"Or `datasets.load_dataset(FOLDER)`, or LLaMA-Factory with `dataset_dir` `{FOLDER}`. Paths of pictures are "
        f"relative to `{FOLDER}/`.", "",
    ]  # fmt: skip


def _told(facts: Facts) -> list[str]:
    said = responsible_ai(facts)
    lines = list[str]()
    for name, heading in HEADINGS.items():
        found = said[name]
        lines += [f"## {heading}", "", *([found] if isinstance(found, str) else [f"* {one}" for one in found]), ""]
    return lines


def _terms(one: Licence) -> str:
    return f"[{one.title}]({one.url})" if one.url else one.title


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "/").replace("<", "&lt;")
