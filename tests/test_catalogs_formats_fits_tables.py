"""FITS tables: what is stored comes out as the standard means it, undefined is null, no digit changes."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from catalogs.formats.fits_tables import read_fits
from catalogs.formats.values import typed
from schemas.errors import CatalogError

INTS = {"B": np.uint8, "I": np.int16, "J": np.int32, "K": np.int64}


def written(path, columns, cards=None, kind=fits.BinTableHDU):
    hdu = kind.from_columns(columns)
    hdu.header.update(cards or {})
    hdu.writeto(path, overwrite=True)
    return path


def patched(path, change):
    """The same file with the bytes of its table changed."""
    with fits.open(path) as hdus:
        start = hdus[1].fileinfo()["datLoc"]
    body = path.read_bytes()
    path.write_bytes(body[:start] + change(body[start:]))
    return path


@given(data=st.data(), letter=st.sampled_from(list(INTS)), has_null=st.booleans(), width=st.sampled_from([0, 3]))
@settings(deadline=None, max_examples=60)
def test_whole_numbers_are_those_of_astropy_and_the_stored_null_is_null(
    tmp_path_factory, data, letter, has_null, width
):
    kind = INTS[letter]
    shape = (4, width) if width else (4,)
    stored = data.draw(arrays.arrays(kind, shape, elements=arrays.from_dtype(np.dtype(kind))))
    scale = data.draw(st.sampled_from([1, 1, 0.01, 2]))
    unsigned = [{"B": -128, "I": 2**15, "J": 2**31, "K": 2**63}[letter]] if scale == 1 else []
    zero = data.draw(st.sampled_from([0, 7, *unsigned]))
    null = int(stored.flat[0]) if has_null else None
    path = tmp_path_factory.mktemp("t") / "t.fits"
    cards = {"TZERO1": zero, "TSCAL1": scale} | ({"TNULL1": null} if has_null else {})
    written(path, [fits.Column("N", f"{width or 1}{letter}", array=stored)], cards)
    found = read_fits(path).columns["N"].to_pylist()
    theirs = None
    if letter != "K" or zero != 7:  # astropy fails on such a TZERO of 64 bits
        with fits.open(path) as hdus:
            theirs = np.asarray(hdus[1].data["N"]).flat
    for ours, raw, scaled in zip(
        np.ravel(np.array(found, object)), stored.flat, stored.flat if theirs is None else theirs, strict=True
    ):
        if has_null and raw == null:
            assert ours is None
        elif scale == 1:
            assert int(ours) == int(raw) + zero
            assert zero == 7 or int(ours) == int(scaled)
        else:
            assert ours == float(raw) * scale + zero
            assert theirs is None or ours == float(scaled)


def test_a_logical_that_is_neither_true_nor_false_is_null_also_in_lists(tmp_path):
    columns = [
        fits.Column("A", "L", array=[True, False, True]),
        fits.Column("B", "2L", array=[[True, False]] * 3),
        fits.Column(
            "C", "PL()", array=np.array([np.array([True, False]), np.array([False]), np.array([True])], object)
        ),
    ]
    path = written(tmp_path / "t.fits", columns)
    width = 1 + 2 + 8

    def no_truth(body):
        heap = 3 * width
        changed = bytearray(body)
        changed[2 * width] = changed[2 * width + 1] = changed[heap] = 0
        changed[width] = ord("x")
        return bytes(changed)

    found = read_fits(patched(path, no_truth)).columns
    assert found["A"].to_pylist() == [True, None, None]
    assert found["B"].to_pylist() == [[True, False], [True, False], [None, False]]
    assert found["C"].to_pylist() == [[None, False], [False], [True]]


def test_an_ascii_table_has_null_for_tnull_and_for_a_blank_field(tmp_path):
    columns = [
        fits.Column("Name", "A4", array=["a", "b", "c", "d"], null="b"),
        fits.Column("S", "F10.3", array=[100.5, 222.5, 333.5, 4.5], null="-"),
        fits.Column("N", "I6", array=[7, 888, 999, 1], null="-"),
        fits.Column("E", "D12.4", array=[1e5, 2e-5, 3.0, 4.0]),
    ]
    path = written(tmp_path / "t.fits", columns, {"TSCAL3": 1, "TZERO3": 2**63}, fits.TableHDU)
    before = path.read_bytes()
    path.write_bytes(before.replace(b"   222.500", b"-         ").replace(b"   333.500", b" " * 10)
                     .replace(b"   888", b"     -").replace(b"   999", b" " * 6))  # fmt: skip
    found = read_fits(path)
    assert found.columns["Name"].to_pylist() == ["a", None, "c", "d"]
    assert typed(found.columns["S"], "real")[0].to_pylist() == [100.5, None, None, 4.5]
    assert typed(found.columns["N"], "text")[0].to_pylist() == [str(2**63 + 7), None, None, str(2**63 + 1)]
    assert typed(found.columns["E"], "real")[0].to_pylist() == [1e5, 2e-5, 3.0, 4.0]
    assert found.types["S"] == "FITS F10.3"


@given(
    reals=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4),
    words=st.lists(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=5), min_size=4, max_size=4
    ),
)
@settings(deadline=None, max_examples=40)
def test_reals_and_texts_are_those_of_astropy(tmp_path_factory, reals, words):
    path = tmp_path_factory.mktemp("t") / "t.fits"
    values = np.array([*reals, np.nan])
    words = (words * 2)[: len(values)]
    columns = [
        fits.Column("E", "E", array=values),
        fits.Column("D", "D", array=values),
        fits.Column("A", "5A", array=words),
    ]
    found = read_fits(written(path, columns)).columns
    with fits.open(path) as hdus:
        for name in ("E", "D"):
            theirs = [None if np.isnan(one) else one for one in hdus[1].data[name].astype(float).tolist()]
            assert found[name].to_pylist() == theirs
        assert found["A"].to_pylist() == hdus[1].data["A"].tolist() == words


def test_lists_bits_texts_and_complex_numbers_keep_what_they_hold(tmp_path):
    columns = [
        fits.Column("P", "PJ()", array=np.array([np.array([1, 2], "i4"), np.array([], "i4")], object)),
        fits.Column("D", "6I", dim="(2,3)", array=np.arange(12).reshape(2, 3, 2)),
        fits.Column("X", "9X", array=np.eye(2, 9, dtype=bool)),
        fits.Column("PA", "PA()", array=np.array(["abc", "d"], object)),
        fits.Column("SA", "6A", dim="(3,2)", array=np.array([["abc", "d"], ["e", "f"]])),
        fits.Column("C", "C", array=np.array([1 + 2j, 3])),
        fits.Column("A", "4A", array=["ab", "zz"]),
    ]
    path = written(tmp_path / "t.fits", columns, {"TNULL1": 2, "TNULL2": 5})
    found = read_fits(patched(path, lambda body: body.replace(b"zz", b"z\xff"))).columns
    assert found["P"].to_pylist() == [[1, None], []]
    assert found["D"].to_pylist() == [[[0, 1], [2, 3], [4, None]], [[6, 7], [8, 9], [10, 11]]]
    assert found["X"].to_pylist()[1] == [False, True] + [False] * 7
    assert found["PA"].to_pylist() == ["abc", "d"]
    assert found["SA"].to_pylist() == [["abc", "d"], ["e", "f"]]
    assert typed(found["A"], "text") == (typed(found["A"], "text")[0], {1: "found the bytes b'z\\xff', expected UTF-8"})
    with pytest.raises(ValueError, match=r"found '\(1\+2j\)', expected real, in every row"):
        typed(found["C"], "real")


def test_two_columns_of_one_name_and_a_null_that_is_no_number_are_one_line(tmp_path):
    column = fits.Column("N", "I", array=[1])
    path = written(tmp_path / "t.fits", [column, fits.Column("M", "I", array=[2])])
    path.write_bytes(path.read_bytes().replace(b"'M       '", b"'N       '"))
    with pytest.raises(CatalogError, match="two columns have the same name: 'N'"):
        read_fits(path)
    with pytest.raises(CatalogError, match="not a readable FITS table"):
        read_fits(written(path, [column], {"TNULL1": "none"}))
    empty = read_fits(
        written(path, [fits.Column("N", "K", array=np.zeros(0, "i8")), fits.Column("T", "PJ()", array=[])])
    )
    assert empty.n_rows == 0
