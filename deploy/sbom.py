"""What the software is made of, as CycloneDX JSON: `python deploy/sbom.py --out dist`.

The packages that the extras of pyproject.toml bring, with those that these need, as they are installed here: name,
version, terms, and who needs whom. Each version must be the pinned one. The same packages give the same bytes: no
clock, no host, no path, and the serial number is made of the rest.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("curation", "casda", "train", "encoders")
"""Of the environment of `make setup`, without what only its tests need."""
LONGEST = 80  # characters of a licence's name; some packages give its whole text there
NO_TERMS = ("", "UNKNOWN", "Dual License")


class SbomError(Exception):
    """The list cannot be made here; one line for people."""


def packages(wanted: Iterable[str]) -> dict[str, set[str]]:
    """Every package that requirements bring on this platform, by canonical name, with those that it needs.

    Raises SbomError for one that is not installed.
    """
    found: dict[str, set[str]] = {}
    todo = [Requirement(one) for one in wanted]
    seen = set[tuple[str, tuple[str, ...]]]()
    while todo:
        one = todo.pop()
        name, extras = canonicalize_name(one.name), tuple(sorted(one.extras))
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        needed = [Requirement(line) for line in _installed(name).requires or ()]
        needed = [it for it in needed if _applies(it, extras)]
        found.setdefault(name, set()).update(canonicalize_name(it.name) for it in needed)
        todo += needed
    return found


def _applies(one: Requirement, extras: Sequence[str]) -> bool:
    return one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _installed(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise SbomError(
            f"{name}: wanted by these extras, and not installed here; run this where they are (`make setup`)"
        ) from None


def check_pinned(found: Iterable[str], pins: dict[str, str]) -> None:
    """Raise SbomError, with a line for each, where a package is installed in another version than the pinned one."""
    other = [
        f"{name}: {_version(name)} is installed, {pins.get(name, 'no version')} is pinned; `make setup` installs it"
        for name in sorted(found)
        if pins.get(name) != _version(name)
    ]
    if other:
        raise SbomError("\n".join(other))


def _version(name: str) -> str:
    """As it is pinned: without the local part, such as +cpu."""
    return _installed(name).version.partition("+")[0]


def pinned(text: str) -> dict[str, str]:
    """The versions of a file of constraints, by canonical name."""
    lines = (line.split("#")[0].split(";")[0].strip() for line in text.splitlines())
    pairs = (line.split("==") for line in lines if "==" in line)
    return {canonicalize_name(name): version.partition("+")[0] for name, version in pairs}


def sbom(extras: Sequence[str]) -> str:
    """The list of what the extras bring, as JSON of CycloneDX 1.6. Raises SbomError."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if unknown := sorted(set(extras) - set(project["optional-dependencies"])):
        known = ", ".join(sorted(project["optional-dependencies"]))
        raise SbomError(f"--extras {', '.join(unknown)}: no such extra in pyproject.toml; it has {known}")
    direct = [*project["dependencies"], *(one for extra in extras for one in project["optional-dependencies"][extra])]
    found = packages(direct)
    check_pinned(found, pinned((ROOT / "constraints.txt").read_text(encoding="utf-8")))
    bom = Bom()
    bom.metadata.timestamp = None
    ours = _component(project["name"], project["version"], ComponentType.APPLICATION)
    bom.metadata.component = ours
    parts = {name: _component(name, _version(name)) for name in sorted(found)}
    for name, part in parts.items():
        _with_terms(part, name)
        bom.components.add(part)
        bom.register_dependency(part, [parts[one] for one in sorted(found[name])])
    bom.register_dependency(
        ours, [parts[name] for name in sorted({canonicalize_name(Requirement(one).name) for one in direct})]
    )
    bom.serial_number = uuid5(NAMESPACE_URL, _written(bom, serial=False))
    return _written(bom)


def _written(bom: Bom, *, serial: bool = True) -> str:
    said = json.loads(JsonV1Dot6(bom).output_as_string())
    if not serial:
        del said["serialNumber"]
    return json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _component(name: str, version: str, kind: ComponentType = ComponentType.LIBRARY) -> Component:
    where = PackageURL("pypi", name=canonicalize_name(name), version=version)
    return Component(name=name, version=version, type=kind, purl=where, bom_ref=str(where))


def _with_terms(part: Component, name: str) -> None:
    """The licence that a package's own metadata names; none where it names none, or gives a text."""
    said = _installed(name).metadata
    listed = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or () if one.startswith("License :: ")]
    for terms in (said.get("License-Expression") or "", said.get("License") or "", *listed):
        if terms.strip() not in NO_TERMS and len(terms) <= LONGEST and "\n" not in terms:
            part.licenses.add(LicenseFactory().make_from_string(terms.strip()))
            return


def main(words: Sequence[str] | None = None) -> int:
    """Write the list; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python deploy/sbom.py", description=__doc__.split("\n\n")[0],
        epilog="Example: python deploy/sbom.py --out dist; in an image: python deploy/sbom.py --extras curation",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the file")
    parser.add_argument("--extras", nargs="+", default=list(EXTRAS), help=f"of pyproject.toml; {' '.join(EXTRAS)}")
    chosen = parser.parse_args(words)
    try:
        text = sbom(chosen.extras)
    except SbomError as error:
        print(error, file=sys.stderr)
        return 2
    said = json.loads(text)
    about = said["metadata"]["component"]
    chosen.out.mkdir(parents=True, exist_ok=True)
    file = chosen.out / f"{about['name']}-{about['version']}.cdx.json"
    file.write_text(text, encoding="utf-8")
    n_silent = sum("licenses" not in one for one in said["components"])
    print(f"{file}: {len(said['components'])} packages, {n_silent} of them without a licence in their metadata")
    return 0


if __name__ == "__main__":
    sys.exit(main())
