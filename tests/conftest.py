"""What tests share: where the real data is, and a store of their own."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def raw() -> Path:
    """The folder of real data; tests that need it are skipped aloud where it is not."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("RADIO_RAW") or beside)
    if not (folder / "catalogs").is_dir():
        pytest.skip(f"no real data: set RADIO_RAW to a folder with catalogs/ and images/ (looked in {folder})")
    return folder
