"""Pictures of archives as datasets: every real file has its row, its place and no label."""

import pyarrow as pa
import pytest

from catalogs.dataset import Published, dataset
from catalogs.pictures import Archive, read_archive, target_deg
from catalogs.survey import surveys
from curation.pictures.windows import windows
from schemas.tables import MOSAICS

COLUMNS = ("mosaic", "ra_deg", "dec_deg")
N_PICTURES = {
    "first_small": 8, "three_surveys_first": 1, "three_surveys_nvss": 1, "three_surveys_vlass": 1, "sumss_pictures": 8,
    "nvss_pictures": 5, "vlssr_pictures": 5, "vlass_pictures": 4,
}  # fmt: skip


def index(*rows: tuple[str, float | None, float | None]) -> pa.Table:
    schema = pa.schema([MOSAICS.schema.field(name) for name in COLUMNS])
    return pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in rows], schema)


def real(raw, files, name):
    door = dataset(name)
    survey = surveys()[door.survey]
    files = files(door.survey)
    found = door.read_sources(raw, files)
    return found, windows(found.kept, files, door.cutout, survey)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("images/a/J085556.090+491113.15.fits", (133.983708, 49.186986)),
        ("FIRST_J001357-091951.fits.gz", (3.4875, -9.330833)),
        ("VLASS__1.1.ql.T09t02.J004748.82-065939.7.10.2048.v1.I.iter1.fits.gz", (11.953417, -6.994361)),
        ("J000000.0-000001.fits", (0.0, -1 / 3600)),
        ("EXTmwacs1110_nvss.fits.gz", None),
        ("images/J001357-091951/other.fits", None),
    ],
)
def test_a_target_is_read_from_a_name(name, target):
    assert target_deg(name) == (None if target is None else pytest.approx(target, abs=1e-6))


def test_a_whole_picture_stands_at_its_own_centre_and_a_square_at_its_target():
    files = index(("images/x/J001357-091951.fits", 3.5, -9.33), ("images/y/J001357-091951.fits", 3.5, -9.33))
    whole = Archive("tiny", "first", "radioimg_multilabel", "images/x/*.fits")
    (row,) = read_archive(files, whole).kept.to_pylist()
    assert (row["ra_deg"], row["side_arcsec"], row["source_name"]) == (3.5, None, "J001357-091951")
    assert row["name_offset_arcsec"] == pytest.approx(44.5, abs=0.1)
    assert {one["state"] for one in row["labels"]} == {"unknown"}
    square = Archive("tiny", "first", "radioimg_multilabel", "images/x/*.fits", side_arcsec=60.0)
    (row,) = read_archive(files, square).kept.to_pylist()
    assert (row["ra_deg"], row["side_arcsec"]) == (pytest.approx(3.4875), 60.0)


def test_a_square_about_no_target_is_refused_and_a_picture_without_wcs_has_no_place():
    square = Archive("tiny", "first", "radioimg_multilabel", "images/*.fits", side_arcsec=60.0)
    found = read_archive(index(("images/a.fits", 1.0, 1.0), ("images/J001357-091951.fits", None, None)), square)
    assert (found.n_in, found.reasons) == (2, {"no-target": 1})
    whole = read_archive(index(("images/a.fits", None, None)), Archive("tiny", "first", "mirabest", "images/*.fits"))
    assert whole.kept.to_pylist()[0]["ra_deg"] is None


@pytest.mark.parametrize("name", sorted(N_PICTURES))
def test_every_real_picture_has_a_row(raw, real_mosaics, name):
    found, squares = real(raw, real_mosaics, name)
    assert (found.n_in, found.kept.num_rows, found.reasons) == (N_PICTURES[name], N_PICTURES[name], {})
    assert dataset(name).published == Published()  # our own count beside itself would always be right
    n_strips = 2 if name == "vlass_pictures" else 0
    assert squares.reasons == ({"off-mosaic": 2} if n_strips else {})
    assert squares.kept.num_rows == N_PICTURES[name] - n_strips
    assert all(one["state"] == "unknown" for row in found.kept.to_pylist() for one in row["labels"])


def test_the_edge_strips_of_vlass_are_refused_for_their_targets_are_elsewhere(raw, real_mosaics):
    _, squares = real(raw, real_mosaics, "vlass_pictures")
    assert all(
        "the position is not on the picture it came with" in one for one in squares.rejected["detail"].to_pylist()
    )
    strips = "\n".join(squares.rejected["detail"].to_pylist())
    assert "J004748.82-065939.7" in strips and "J151251.87+280258.7" in strips


def test_fourteen_hii_regions_lie_in_the_magpis_picture(raw, real_mosaics):
    found, squares = real(raw, real_mosaics, "magpis_hii")
    assert (found.n_in, squares.kept.num_rows, set(squares.reasons)) == (8412, 14, {"off-mosaic"})
    names = {row["source_id"]: row for row in found.kept.to_pylist()}
    inside = [names[one] for one in squares.kept["source_id"].to_pylist()]
    known = {row["source_name"] for row in inside if "present" in {one["state"] for one in row["labels"]}}
    assert {row["source_name"] for row in inside} - known == {
        "G010.423+00.043", "G010.479+00.069", "G010.486+00.042", "G010.533+00.032",
    }  # fmt: skip
    assert all(one["state"] != "absent" for row in inside for one in row["labels"])
    assert found.reasons == {"unknown-class": 1}
