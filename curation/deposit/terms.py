"""Whether a hand-over may go out: licences that let changed copies be passed on, embargoes that are over.

A licence that nobody stated allows nothing. The day is that of the release's own file, never the clock's: a folder that
is prepared for January is the same in December.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from catalogs.survey import surveys
from curation.captions.licences import UNKNOWN, licence_of
from curation.deposit.about import About
from curation.deposit.facts import Facts
from schemas.folder import read_toml

FILE = Path(__file__).with_name("licences.toml")
CREATIVE_COMMONS = re.compile(r"CC-(BY[A-Z-]*)-(\d\.\d)")


@dataclass(frozen=True)
class Licence:
    """A licence as a release tells it."""

    name: str
    title: str
    url: str = ""
    notice: str = ""
    is_redistributable: bool = True


def licence(name: str, about: About) -> Licence:
    """A licence by the name that a door gives it; one that nobody knows allows nothing."""
    if name in about.granted:
        own = about.granted[name]
        return Licence(name, own.title, own.url, f"By the word of this release's makers: {own.basis}")
    if name in _notices():
        return _notices()[name]
    said = licence_of(name)
    return Licence(said.name, _title(said.name), _url(said.name), is_redistributable=said.is_redistributable)


def licences(facts: Facts, about: About) -> dict[str, Licence]:
    """Every licence of the samples, by name, and that of the words."""
    names = {one["licence"] for one in facts.rows["licences"]} | {about.licence}
    return {name: licence(name, about) for name in sorted(names)}


def refusals(facts: Facts, about: About, withdrawn: Mapping[str, str]) -> list[str]:
    """Why a hand-over may not go out, a line each; `withdrawn`: reasons by the id of a source or a paper."""
    return [*_by_licence(facts, about), *_by_embargo(facts, about), *_by_withdrawal(facts, withdrawn)]


def _by_licence(facts: Facts, about: About) -> list[str]:
    lines = list[str]()
    for one in facts.rows["licences"]:
        said, whose = licence(one["licence"], about), f"{one['survey']}: {one['n_samples']:,} samples"
        if one["licence"] == UNKNOWN:
            lines.append(
                f"{whose} under no licence that anybody stated: write it as `licence` into the survey's door, or leave "
                "the survey out of the corpus"
            )
        elif not said.is_redistributable:
            lines.append(
                f"{whose} under {one['licence']}, which is not known to let changed copies be passed on: a permission "
                f'in writing is told under [granted."{one["licence"]}"] of the release\'s file'
            )
    own = licence(about.licence, about)
    if not own.is_redistributable:
        lines.append(f"licence {about.licence!r} of the release: expected one that allows copies, such as CC-BY-4.0")
    return lines


def _by_embargo(facts: Facts, about: About) -> list[str]:
    ends = dict(about.embargoes)
    for name in facts.doors("surveys"):
        if (known := surveys().get(name)) and known.embargo_until:
            ends[name] = max(known.embargo_until, ends.get(name, ""))
    there = {one[kind] for one in facts.rows["datasets"] for kind in ("dataset", "survey")}
    strange = [
        f"embargoes.{name}: no survey or dataset of this hand-over; there are {', '.join(sorted(there))}"
        for name in sorted(about.embargoes)
        if name not in there
    ]
    return strange + [
        f"{name}: under embargo until {ends[name]}, and the release is dated {about.date}"
        for name in sorted(ends)
        if name in there and about.date < ends[name]
    ]


def _by_withdrawal(facts: Facts, withdrawn: Mapping[str, str]) -> list[str]:
    used = [one["source_id"] for one in facts.rows["sources"]] + [one["paper_id"] for one in facts.rows["papers"]]
    return [f"{one} was withdrawn ({withdrawn[one]}): build again, it will be gone" for one in used if one in withdrawn]


@cache
def _notices() -> dict[str, Licence]:
    return {name: Licence(name, **said) for name, said in read_toml(FILE).items()}


def _title(name: str) -> str:
    if found := CREATIVE_COMMONS.fullmatch(name):
        return f"Creative Commons {found[1]} {found[2]}"
    return {"CC0-1.0": "Creative Commons Zero 1.0", "public-domain": "Public domain"}.get(name, name)


def _url(name: str) -> str:
    if found := CREATIVE_COMMONS.fullmatch(name):
        return f"https://creativecommons.org/licenses/{found[1].lower()}/{found[2]}/"
    return {"CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/"}.get(name, "")
