"""croissant.json: Croissant 1.1 with its responsible-AI part, by which loaders find files and records.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html and croissant-rai-spec.html. Places are
relative to the folder, so that it reads back offline wherever it lies.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pyarrow.parquet as pq

from catalogs.references import Reference
from curation.deposit.about import About, Creator
from curation.deposit.facts import Facts
from curation.deposit.places import FOLDER
from curation.deposit.rai import responsible_ai
from curation.deposit.terms import Licence
from curation.release.certificate import FILE_OF, PROVENANCE

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
Files = Mapping[str, Mapping[str, Any]]
"""`n_bytes` and `sha256` by the path in the folder."""


def croissant(
    files: Files, facts: Facts, about: About, told: Mapping[str, str], licences: Mapping[str, Licence], own: Reference
) -> dict[str, Any]:
    """What croissant.json says of a release; `files`: all others of its folder; `told`: title, description."""
    return {
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
        "distribution": _distribution(files),
        "recordSet": [_splits(facts), *(_records(split) for split in facts.splits), _provenance(facts), _pictures()],
    }


def _distribution(files: Files) -> list[dict[str, Any]]:
    """Every file but the pictures, which are a set."""
    images = f"{FOLDER}/images/"
    listed = [_file(name, files[name]) for name in sorted(files) if not name.startswith(images)]
    return [*listed, {
        "@type": "cr:FileSet",
        "@id": "picture-files",
        "name": "picture-files",
        "description": "The pictures, named by their SHA-256.",
        "encodingFormat": "image/png",
        "includes": f"{images}*/*.png",
    }]  # fmt: skip


def _file(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{said['n_bytes']} B",
        "encodingFormat": FORMATS.get(PurePosixPath(name).suffix, "application/octet-stream"),
        "sha256": said["sha256"],
    }


def _splits(facts: Facts) -> dict[str, Any]:
    name = _field("splits/name", TEXT, "Name of a split; its records are the record set of that name")
    data = [{"splits/name": split} for split in facts.splits]
    return {**_record_set("splits", "name", [name]), "dataType": "cr:Split", "data": data}


def _records(split: str) -> dict[str, Any]:
    """The records of a split as llava.json has them."""
    file = f"{FOLDER}/{FILE_OF[split]}"
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
    fields = [
        {**_field(f"{split}/id", TEXT, "The sample's id"), "source": _json(file, "$[*].id")},
        {**_field(f"{split}/image", TEXT, f"Its picture, relative to {FOLDER}/: {FOLDER}/ and this is the path of "
                  "a record of `pictures`"), "source": _json(file, "$[*].image")},
        turns,
    ]  # fmt: skip
    return {**_record_set(split, "id", fields), "description": f"Records of the split {split}."}


def _provenance(facts: Facts) -> dict[str, Any]:
    """The plain columns of provenance.parquet."""
    schema = pq.read_schema(facts.folder / PROVENANCE)
    plain = [column for column in schema if str(column.type) in TYPES]
    fields = [
        {
            **_field(f"provenance/{column.name}", TYPES[str(column.type)], column.name.replace("_", " ")),
            "source": {"fileObject": {"@id": f"{FOLDER}/{PROVENANCE}"}, "extract": {"column": column.name}},
        }
        for column in plain
    ]
    means = "Where each sample is from; the file has turns, claims and labels beside these columns."
    return {**_record_set("provenance", "sample_id", fields), "description": means}


def _pictures() -> dict[str, Any]:
    means = {"path": "Where it lies in this folder", "content": "The picture"}
    properties = {"path": ("fullpath", TEXT), "content": ("content", PICTURE)}
    fields = [
        {
            **_field(f"pictures/{name}", kind, means[name]),
            "source": {"fileSet": {"@id": "picture-files"}, "extract": {"fileProperty": of_file}},
        }
        for name, (of_file, kind) in properties.items()
    ]
    return {**_record_set("pictures", "path", fields), "description": "Every picture once."}


def _record_set(name: str, key: str, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": {"@id": f"{name}/{key}"},
        "field": list(fields),
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
