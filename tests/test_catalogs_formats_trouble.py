"""Catalogues that are none, or that the machine cannot read now: a line, never a wait and never a row."""

import os

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from catalogs.formats.ds9 import read_ds9
from catalogs.formats.fits_masks import read_mask
from catalogs.formats.plain_json import RefusedError, read_json
from catalogs.formats.tables import read_bytes
from catalogs.formats.values import typed
from catalogs.formats.yolo import _lines
from schemas.errors import CatalogError
from schemas.trouble import machine_failed


@pytest.mark.parametrize("read", [read_bytes, read_json, read_ds9, _lines])
def test_a_pipe_and_a_device_are_no_catalogues(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device"):
        with pytest.raises(CatalogError, match="found a pipe, a socket or a device, expected a plain file"):
            read(tmp_path / name)


@pytest.mark.parametrize("read", [read_bytes, read_json, read_ds9, _lines])
def test_a_catalogue_that_is_away_is_known_for_the_machines_fault(tmp_path, read):
    with pytest.raises(CatalogError) as away:
        read(tmp_path / "gone" / "a")
    assert machine_failed(away.value)
    (tmp_path / "bad").write_bytes(b"\x1f\x8b\xff\xff")
    with pytest.raises(CatalogError) as bad:
        read(tmp_path / "bad")
    assert not machine_failed(bad.value)


def test_a_mask_that_is_not_there_is_refused_and_a_folder_that_is_away_is_not(tmp_path):
    with pytest.raises(RefusedError, match="no such file beside the JSON"):
        read_mask(tmp_path, "a.fits", (4, 4))
    with pytest.raises(FileNotFoundError):
        read_mask(tmp_path / "gone", "a.fits", (4, 4))
    fits.PrimaryHDU(np.ones((4, 4), "u1")).writeto(tmp_path / "a.fits")
    assert read_mask(tmp_path, "a.fits", (4, 4)).all()


def test_a_text_that_breaks_a_line_or_a_page_is_told_by_its_row():
    texts = ["NGC 1265", "a\x00b", "a\x1b[31mb", "x" * 100_000, None, "a\tb"]
    made, bad = typed(pa.array(texts), "text")
    assert made[0].as_py() == "NGC 1265" and sorted(bad) == [1, 2, 3]
    assert bad[1] == "found 'a\\x00b', expected no control character"
    assert bad[3].endswith("expected at most 10,000 characters") and len(bad[3]) < 100
