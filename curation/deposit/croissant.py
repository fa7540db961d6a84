"""croissant.json: Croissant 1.1 with its responsible-AI part, by which loaders find files and records.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html and croissant-rai-spec.html. Places are
relative to the folder, so that it reads back offline wherever it lies.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from catalogs.references import Reference
from curation.deposit.about import About, Creator
from curation.deposit.facts import Facts
from curation.deposit.rai import responsible_ai
from curation.deposit.terms import Licence
from curation.release.certificate import FILE_OF, PROVENANCE
from schemas.fingerprint import sha256_of

FILE = "croissant.json"
CONFORMS = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
OWN = ("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileProperty",
       "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
       "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator",
       "source", "subField", "transform")  # fmt: skip
"""Of Croissant's vocabulary, by their own names."""
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{name: f"cr:{name}" for name in OWN},
}
FORMATS = {".json": "application/json", ".jsonl": "application/jsonlines", ".parquet": "application/x-parquet",
           ".fits": "application/fits", ".vot": "application/x-votable+xml", ".md": "text/markdown",
           ".bib": "application/x-bibtex"}  # fmt: skip
TYPES = {"string": "sc:Text", "int64": "cr:Int64", "double": "cr:Float64"}
TEXT, PICTURE = "sc:Text", "sc:ImageObject"


def croissant(
    release: Path, facts: Facts, about: About, told: Mapping[str, str], licences: Mapping[str, Licence], own: Reference
) -> dict[str, Any]:
    """What croissant.json says of a release folder that is all there but for it; `told`: title, description, folder."""
    folder = told["folder"]
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": facts.corpus,
        "alternateName": told["title"],
        "description": told["description"],
        "license": [one.url or one.title for one in licences.values()],
        "version": about.version,
        "datePublished": about.date,
        "creator": [_creator(one) for one in about.creators],
        "publisher": {"@type": "Organization", "name": about.publisher},
        "citeAs": own.bibtex,
        "keywords": list(about.keywords),
        "inLanguage": "en",
        "isLiveDataset": False,
        **({"url": about.url or f"https://doi.org/{about.doi}"} if about.url or about.doi else {}),
        **({"identifier": f"https://doi.org/{about.doi}"} if about.doi else {}),
        **{f"rai:{name}": said for name, said in responsible_ai(facts).items()},
        "distribution": _distribution(release, folder),
        "recordSet": [_splits(facts), *(_records(split, folder) for split in facts.splits), _provenance(facts, folder),
                      _pictures()],
    }  # fmt: skip
    return found


def _distribution(release: Path, folder: str) -> list[dict[str, Any]]:
    """Every file but the pictures, which are a set; `pictures` is its name."""
    names = sorted(path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file())
    images = f"{folder}/images/"
    listed = [_file(release, name) for name in names if not name.startswith(images)]
    return [*listed, {
        "@type": "cr:FileSet",
        "@id": "picture-files",
        "name": "picture-files",
        "description": "The pictures, named by their SHA-256.",
        "encodingFormat": "image/png",
        "includes": f"{images}*/*.png",
    }]  # fmt: skip


def _file(release: Path, name: str) -> dict[str, Any]:
    path = release / name
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": FORMATS.get(path.suffix, "application/octet-stream"),
        "sha256": sha256_of(path),
    }


def _splits(facts: Facts) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [_field("splits/name", TEXT, "Name of a split; its records are the record set of that name")],
        "data": [{"splits/name": split} for split in facts.splits],
    }


def _records(split: str, folder: str) -> dict[str, Any]:
    """The records of a split as llava.json has them."""
    file = f"{folder}/{FILE_OF[split]}"
    turns = {**_field(f"{split}/conversations", "", "The turns in order"), "repeated": True,
             "source": _json(file, "$[*].conversations")}  # fmt: skip
    turns["subField"] = [
        {
            **_field(f"{split}/conversations/{key}", TEXT, means),
            "repeated": True,
            "source": {**_json(file, "$[*].conversations"), "transform": {"jsonPath": key}},
        }
        for key, means in (("from", "human or gpt"), ("value", "What is said; <image> is where the picture goes"))
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"Records of the split {split}.",
        "key": {"@id": f"{split}/id"},
        "field": [
            {**_field(f"{split}/id", TEXT, "The sample's id"), "source": _json(file, "$[*].id")},
            {**_field(f"{split}/image", TEXT, f"Its picture, relative to {folder}/: {folder}/ and this is the path of "
                      "a record of `pictures`"), "source": _json(file, "$[*].image")},
            turns,
        ],
    }  # fmt: skip


def _provenance(facts: Facts, folder: str) -> dict[str, Any]:
    """The plain columns of provenance.parquet."""
    schema = pq.read_schema(facts.folder / PROVENANCE)
    plain = [column for column in schema if str(column.type) in TYPES]
    return {
        "@type": "cr:RecordSet",
        "@id": "provenance",
        "name": "provenance",
        "description": "Where each sample is from; the file has turns, claims and labels beside these columns.",
        "key": {"@id": "provenance/sample_id"},
        "field": [
            {
                **_field(f"provenance/{column.name}", TYPES[str(column.type)], column.name.replace("_", " ")),
                "source": {"fileObject": {"@id": f"{folder}/{PROVENANCE}"}, "extract": {"column": column.name}},
            }
            for column in plain
        ],
    }


def _pictures() -> dict[str, Any]:
    means = {"path": "Where it lies in this folder", "content": "The picture"}
    properties = {"path": ("fullpath", TEXT), "content": ("content", PICTURE)}
    return {
        "@type": "cr:RecordSet",
        "@id": "pictures",
        "name": "pictures",
        "description": "Every picture once.",
        "key": {"@id": "pictures/path"},
        "field": [
            {
                **_field(f"pictures/{name}", kind, means[name]),
                "source": {"fileSet": {"@id": "picture-files"}, "extract": {"fileProperty": of_file}},
            }
            for name, (of_file, kind) in properties.items()
        ],
    }


def _json(file: str, path: str) -> dict[str, Any]:
    return {"fileObject": {"@id": file}, "extract": {"jsonPath": path}}


def _field(name: str, kind: str, means: str) -> dict[str, Any]:
    said = {"@type": "cr:Field", "@id": name, "name": name, "description": means}
    return said | ({"dataType": kind} if kind else {})


def _creator(one: Creator) -> dict[str, Any]:
    kind = "Organization" if one.is_organisation else "Person"
    link = {"url": f"https://orcid.org/{one.orcid}"} if one.orcid else {}
    return {"@type": kind, "name": one.name, **link}
