"""The shape of the house, as tests: who may import whom, that doors load, that documentation holds."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "schemas": set(),
    "catalogs": {"schemas"},
    "curation": {"schemas", "catalogs"},
    "evaluate": {"schemas", "catalogs", "curation"},
    "finetune": {"schemas"},
}
# Within a package a room imports only of the rooms told here; modules beside the rooms may use all.
ROOMS = {
    "curation": {
        "engine": set(),
        "truth": {"engine"},
        "pictures": {"engine"},
        "asking": {"engine"},
        "decisions": {"engine", "pictures"},
        "looking": {"engine", "pictures"},
        "registration": {"engine", "pictures"},
        "verification": {"engine", "truth", "pictures"},
        "extraction": {"engine", "pictures", "verification"},
        "realisation": {"engine", "pictures", "verification", "extraction"},
        "words": {"engine", "truth", "pictures", "asking", "verification", "extraction", "realisation"},
        "generation": {"engine", "pictures", "asking", "verification", "extraction", "words", "realisation"},
        "exams": {"engine", "pictures", "verification", "extraction", "words", "realisation", "generation"},
        "drafting": {"engine", "pictures", "looking", "extraction", "words", "corpus"},
        "papers": {"engine", "truth", "pictures", "asking"},
        "fetching": {"pictures"},
        "captions": {"engine", "truth", "pictures", "asking", "verification", "generation", "papers"},
        "fault_injection": {"engine", "truth", "pictures", "verification", "extraction", "words", "realisation"},
        "release": {
            "engine",
            "decisions",
            "truth",
            "pictures",
            "asking",
            "verification",
            "extraction",
            "words",
            "realisation",
            "generation",
            "papers",
            "captions",
            "fault_injection",
            "exams",
        },
        "operation": {"engine", "truth", "decisions", "corpus", "build", "whole"},
        "deposit": {"engine", "truth", "captions", "release", "operation", "used_doors"},
        "pages": {"pictures"},
        "reviewing": {"engine", "pictures", "verification", "decisions", "release", "pages", "corpus"},
        "browsing": {"engine", "truth", "pictures", "pages", "release", "deposit", "reviewing", "corpus"},
        "assisting": {
            "engine",
            "pictures",
            "asking",
            "verification",
            "extraction",
            "pages",
            "reviewing",
            "corpus",
        },
    },
    "finetune": {
        "data": set(),
        "families": set(),
        "network": {"families", "recipe"},
        "rows": {"data", "families", "network", "recipe"},
        "watch": {"data", "families", "network", "rows"},
        "checks": {"data", "families", "network", "rows", "watch", "recipe"},
        "export": {"data", "families", "network", "rows", "recipe"},
        "training": {"data", "families", "network", "rows", "watch", "checks", "export", "recipe"},
    },
    "evaluate": {
        "tasks": set(),
        "asking": {"tasks"},
        "scoring": {"tasks", "asking"},
        "encoders": {"tasks", "asking", "scoring"},
        "standard": {"tasks", "asking", "scoring"},
        "report": {"tasks", "asking", "scoring", "standard"},
    },
}


@cache
def imports(file: Path) -> set[str]:
    """The modules that a file imports by absolute name, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_imports_point_at_schemas():
    wrong = [
        f"{file.relative_to(ROOT)} imports {package}"
        for owner, allowed in MAY_IMPORT.items()
        for file in sorted((ROOT / owner).rglob("*.py"))
        for package in {name.split(".")[0] for name in imports(file)} & (MAY_IMPORT.keys() - allowed - {owner})
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ROOMS)
def test_inside_a_package_the_rooms_keep_their_order(package):
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for room, allowed in ROOMS[package].items()
        for file in sorted((ROOT / package / room).rglob("*.py"))
        for name in sorted(imports(file))
        if name.startswith(f"{package}.") and name.split(".")[1] not in allowed | {room}
    ]
    assert not wrong, "\n".join(wrong)
    told = {path.name for path in (ROOT / package).iterdir() if (path / "__init__.py").is_file()}
    assert told <= ROOMS[package].keys(), "a room that nobody told of"


@pytest.mark.parametrize(
    ("package", "owners"),
    [
        ("ray", {f"curation/engine/{one}.py" for one in ("run", "task", "nodes")} | {"finetune/ray_train.py"}),
        ("great_expectations", {"schemas/expectations.py"}),
        ("vllm", set()),  # only ever a process of its own, in its own environment
    ],
)
def test_heavy_packages_have_their_importers(package, owners):
    files = [file for folder in MAY_IMPORT for file in sorted((ROOT / folder).rglob("*.py"))]
    users = {str(file.relative_to(ROOT)) for file in files if package in {name.split(".")[0] for name in imports(file)}}
    assert users == owners


def test_the_environment_of_curation_needs_no_torch():
    of_the_server = {"curation/asking/tiny.py"}  # run in the server's environment
    files = [str(file.relative_to(ROOT)) for file in sorted((ROOT / "curation").rglob("*.py"))]
    users = {
        file for file in files if {"torch", "transformers"} & {name.split(".")[0] for name in imports(ROOT / file)}
    }
    assert users == of_the_server


def test_finetune_imports_without_the_packages_of_curation():
    absent = ["ray", "duckdb", "vllm", "great_expectations"]
    code = f"import sys; sys.modules.update(dict.fromkeys({absent})); import finetune"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_no_assert_outside_tests():
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for folder in MAY_IMPORT
        for file in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert not wrong


def test_every_command_is_told_in_the_readme():
    from curation.cli import curation

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in curation.commands if f"`{name}`" not in readme and f"curation {name}" not in readme]
    assert not missing, f"README.md says nothing of {missing}"


def test_every_command_has_help_with_an_example():
    from curation.cli import curation

    missing = [name for name, command in curation.commands.items() if "Example:" not in (command.help or "")]
    assert not missing


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from curation.cli import curation\n"
        "try: curation.main(['build', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'ray', 'duckdb', 'astropy', 'numba', 'cv2', 'great_expectations', 'pyarrow'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def test_our_evaluate_is_the_one_that_is_imported():
    from schemas.guard import check_names

    check_names()
    assert "evaluate<0" in (ROOT / "constraints.txt").read_text(encoding="utf-8")
