"""The list of what the software is made of: valid, whole, the same each time."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy import sbom

EXTRAS = ("casda",)


@pytest.fixture(scope="module")
def text() -> str:
    return sbom.sbom(EXTRAS)


def test_it_is_valid_cyclonedx_and_the_validator_would_notice(text):
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    said = json.loads(text)
    said["components"][0]["type"] = "something"
    assert validator.validate_str(json.dumps(said)) is not None


def test_the_same_packages_give_the_same_bytes_without_clock_or_place(text):
    assert sbom.sbom(EXTRAS) == text
    said = json.loads(text)
    assert "timestamp" not in said["metadata"]
    assert str(sbom.ROOT) not in text


def test_it_holds_what_is_wanted_and_what_that_needs_each_in_its_pinned_version(text):
    said = json.loads(text)
    parts = {one["name"]: one for one in said["components"]}
    pins = sbom.pinned((sbom.ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert {"numpy", "click", "astroquery", "pyvo", "requests", "urllib3"} <= parts.keys()
    assert not {"pytest", "ruff", "torch"} & parts.keys()
    assert all(one["version"] == pins[name] for name, one in parts.items())
    assert parts["numpy"]["purl"] == f"pkg:pypi/numpy@{pins['numpy']}"
    needs = {one["ref"]: one.get("dependsOn", []) for one in said["dependencies"]}
    ours = said["metadata"]["component"]["bom-ref"]
    assert parts["astroquery"]["bom-ref"] in needs[ours]
    assert parts["pyvo"]["bom-ref"] in needs[parts["astroquery"]["bom-ref"]]


def test_another_version_than_the_pinned_one_is_told(monkeypatch):
    monkeypatch.setattr(sbom, "pinned", lambda _: {"click": "1.0"})
    with pytest.raises(sbom.SbomError, match=r"click: \S+ is installed, 1\.0 is pinned; `make setup` installs it"):
        sbom.sbom(EXTRAS)


def test_an_unknown_extra_and_one_that_is_not_installed_are_told_in_a_line(tmp_path, capsys):
    assert sbom.main(["--extras", "nothing", "--out", str(tmp_path)]) == 2
    assert "nothing: no such extra in pyproject.toml; it has " in capsys.readouterr().err
    assert sbom.main(["--extras", "serve", "--out", str(tmp_path)]) == 2
    assert "not installed here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_line_writes_a_file_and_says_where(tmp_path, capsys, text):
    assert sbom.main(["--extras", *EXTRAS, "--out", str(tmp_path)]) == 0
    (file,) = tmp_path.iterdir()
    assert file.read_text(encoding="utf-8") == text
    assert str(file) in capsys.readouterr().out
