"""docs/tour.md: its commands are there with their options, its pictures are those that the script makes, and small."""

import re
import shlex
from pathlib import Path

import pytest

from curation.cli import curation

ROOT = Path(__file__).parent.parent
TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
SCRIPT = (ROOT / "docs" / "tour" / "pictures.py").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m curation (?!\.)(.*?)(?:\s+#.*|\s*&)?$", TOUR, re.MULTILINE)


def test_the_tour_has_commands():
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_of_the_tour_is_one(words: str):
    """Parsed, not run: an unknown command, option or value is an error."""
    command, given = curation, shlex.split(words)
    while hasattr(command, "commands"):
        with command.make_context("curation", given[:], resilient_parsing=True) as context:
            _, command, given = command.resolve_command(context, given)
    with command.make_context("command", given) as context:
        assert not context.args


def test_each_picture_is_made_by_the_script_and_small():
    shown = re.findall(r"!\[[^\]]{20,}\]\(tour/(\w+)\.webp\)", TOUR)
    there = {path.stem: path.stat().st_size for path in (ROOT / "docs" / "tour").glob("*.webp")}
    made = {*re.findall(r'self\.shoot\(\s*"(\w+)"', SCRIPT), "phone"}
    assert set(shown) == there.keys() == made and len(shown) == len(set(shown))
    assert max(there.values()) < 100_000 and sum(there.values()) < 500_000


def test_links_of_the_tour_lead_somewhere():
    for name in re.findall(r"\]\(([^)#]+)\)", TOUR):
        assert (ROOT / "docs" / name).is_file(), name
