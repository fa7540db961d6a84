"""Licences of papers, as arXiv lists them, by short names; and whether changed copies may be passed on."""

import re
from dataclasses import dataclass

UNKNOWN = "unknown"
CREATIVE_COMMONS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/([a-z+-]+)/(\d\.\d)(?:/[a-z/]*)?"
)
ARXIV = re.compile(r"https?://(?:www\.)?arxiv\.org/licenses/([a-z-]+)/(\d\.\d)/?")
OPEN_BY_NAME = {"MIT", "BSD-3-Clause", "Apache-2.0"}
"""Of sources that stand in a public repository."""


@dataclass(frozen=True)
class Licence:
    """A licence by its short name, and what it allows."""

    name: str
    is_redistributable: bool
    """Whether changed copies may be passed on: a picture is converted and a caption cleaned, so ND does not do."""


def licence_of(listed: object) -> Licence:
    """The licence that a record names, an address or a short name; what is not known allows nothing."""
    said = listed.strip() if isinstance(listed, str) else ""
    if found := CREATIVE_COMMONS.fullmatch(said):
        kind, version = found.groups()
        if kind in ("zero", "mark"):
            return Licence({"zero": f"CC0-{version}", "mark": "public-domain"}[kind], is_redistributable=True)
        return Licence(f"CC-{kind.upper()}-{version}", is_redistributable="nd" not in kind.split("-"))
    if found := ARXIV.fullmatch(said):
        return Licence(f"arXiv-{found[1]}-{found[2]}", is_redistributable=False)
    if said in OPEN_BY_NAME or re.fullmatch(r"CC0-1\.0|CC-BY(-NC)?(-SA)?-[234]\.[05]", said):
        return Licence(said, is_redistributable=True)
    return Licence(said[:60] if re.fullmatch(r"[A-Za-z0-9 ./:+-]+", said) else UNKNOWN, is_redistributable=False)
