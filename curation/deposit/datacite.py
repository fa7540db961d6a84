"""datacite.json: what a registry of DOIs wants to know, in the JSON of DataCite's schema 4 (kernel-4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from curation.deposit.about import About, Creator
from curation.deposit.facts import Facts
from curation.deposit.terms import Licence

FILE = "datacite.json"
SPDX = "https://spdx.org/licenses/"


def datacite(
    facts: Facts,
    about: About,
    told: Mapping[str, str],
    licences: Mapping[str, Licence],
    related: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """The attributes of a DOI; `related` is what the release is derived from or refers to."""
    n = sum(one["n_samples"] for one in facts.counts)
    return {
        **({"doi": about.doi} if about.doi else {}),
        **({"url": about.url} if about.url else {}),
        "creators": [_creator(one) for one in about.creators],
        "titles": [{"title": told["title"], "lang": "en"}],
        "publisher": {"name": about.publisher},
        "publicationYear": str(about.year),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Training data for vision-language models"},
        "subjects": [{"subject": one} for one in dict.fromkeys(about.keywords)],
        "dates": [{"date": about.date, "dateType": "Issued"}],
        "language": "en",
        "alternateIdentifiers": [
            {"alternateIdentifier": facts.manifest["address"], "alternateIdentifierType": "radio-corpus hand-over"}
        ],
        "relatedIdentifiers": list(related),
        "sizes": [f"{n} samples"],
        "formats": ["application/json", "image/png", "application/x-parquet", "application/x-votable+xml"],
        "version": about.version,
        "rightsList": [_rights(one) for one in licences.values()],
        "descriptions": [{"description": told["description"], "descriptionType": "Abstract", "lang": "en"}],
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }


def _creator(one: Creator) -> dict[str, Any]:
    found: dict[str, Any] = {"name": one.name, "nameType": "Organizational" if one.is_organisation else "Personal"}
    if one.family and not one.is_organisation:
        found |= {"familyName": one.family, "givenName": one.given}
    if one.orcid:
        found["nameIdentifiers"] = [{"nameIdentifier": f"https://orcid.org/{one.orcid}",
                                     "nameIdentifierScheme": "ORCID", "schemeUri": "https://orcid.org"}]  # fmt: skip
    if one.affiliation:
        found["affiliation"] = [{"name": one.affiliation}]
    return found


def _rights(one: Licence) -> dict[str, str]:
    found = {"rights": one.title}
    if one.url:
        found["rightsUri"] = one.url
    if one.url.startswith("https://creativecommons.org/"):
        found |= {"rightsIdentifier": one.name.lower(), "rightsIdentifierScheme": "SPDX", "schemeUri": SPDX}
    return found
