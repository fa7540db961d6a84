"""`curation new`: a corpus of one's own, from images and a table to a hand-over, without Python."""

import hashlib
import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table
from click.testing import CliRunner

from catalogs.catalog import Catalog
from catalogs.dataset_door import DatasetDoor
from catalogs.survey import Survey
from curation.cli import curation as group
from curation.corpus import Corpus
from schemas.errors import CorpusError
from schemas.folder import read_door
from schemas.labels import LabelScheme, label_schemes

ROOT = Path(__file__).resolve().parent.parent
SIDE_PX, STEP_PX, PIXEL_ARCSEC = 420, 70, 3.0
CLASSES = ("Ring", "Bent tail", "compact", "?", "")
MODELS = {
    "surveys": Survey, "catalogs": Catalog, "label_schemes": LabelScheme, "datasets": DatasetDoor,
}  # fmt: skip


AFTER_SOURCES = {
    "sources", "windows", "cutouts", "descriptions", "answers", "quotas", "conversations", "quality", "splits",
    "samples", "injections", "blind", "alike",
}  # fmt: skip
"""What is made of the rows of a table, which has no objects; mosaics are not."""


def write_mosaic(path, l_deg, *, unit: str | None = "Jy/beam", kind="GLON-SIN GLAT-SIN", b_deg=0.5):
    """A mosaic with a source at every site; gives their longitudes and latitudes, widths along both axes and angles."""
    chance = np.random.default_rng(int(l_deg))
    image = chance.normal(0, 2e-4, (SIDE_PX, SIDE_PX))
    header = fits.Header()
    for axis, (name, value) in enumerate(zip(kind.split(), (l_deg, b_deg), strict=True), 1):
        header[f"CTYPE{axis}"], header[f"CRVAL{axis}"], header[f"CUNIT{axis}"] = name, value, "deg"
        header[f"CRPIX{axis}"], header[f"CDELT{axis}"] = (SIDE_PX + 1) / 2, (-1) ** axis * PIXEL_ARCSEC / 3600
    header["BMAJ"], header["BMIN"], header["BPA"] = 9 / 3600, 9 / 3600, 0.0
    header["RESTFRQ"] = 1.3e9
    if unit:
        header["BUNIT"] = unit
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    rows = []
    for at_y in range(STEP_PX // 2, SIDE_PX, STEP_PX):
        for at_x in range(STEP_PX // 2, SIDE_PX, STEP_PX):
            major = chance.uniform(20, 40)
            image += 0.01 * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * (major / PIXEL_ARCSEC / 2.355) ** 2))
            offset = (SIDE_PX - 1) / 2
            rows.append(
                (l_deg - (at_x - offset) * PIXEL_ARCSEC / 3600 / np.cos(np.radians(b_deg)),
                 b_deg + (at_y - offset) * PIXEL_ARCSEC / 3600, major, 0.7 * major, chance.uniform(0, 180))
            )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.PrimaryHDU(image.astype(np.float32), header).writeto(path)
    return rows


def write_survey(folder, **more):
    """Two mosaics and a table of ellipses with three classes, of some rows not known."""
    rows = [row for k in (30, 31) for row in write_mosaic(folder / f"data/field{k}.fits", float(k), **more)]
    lines = ["id,GLON,GLAT,maj,min,pa,class"]
    lines += [
        f"S{n:03d},{l_deg:.6f},{b_deg:.6f},{major:.2f},{minor:.2f},{pa:.1f},{CLASSES[n % len(CLASSES)]}"
        for n, (l_deg, b_deg, major, minor, pa) in enumerate(rows)
    ]
    (folder / "data/sources.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(rows)


def new(*words: object):
    return CliRunner().invoke(group, ["new", *map(str, words)])


def made(folder, *words: object, name="mine"):
    done = new(name, *words, "--out", folder)
    assert done.exit_code == 0, done.output
    return done.output


def edited(file, *changes: tuple[str, str]):
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text, (file, before, text)
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")


def digests(*folders: str):
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }  # fmt: skip


@pytest.mark.ray
@pytest.mark.slow
def test_one_survey_and_one_table_become_a_hand_over_that_asks_for_the_classes(curation, tmp_path):
    n_rows = write_survey(tmp_path)
    before = digests("catalogs", "curation", "schemas")
    done = curation("new", "mine", "--mosaics", tmp_path / "data", "--table", tmp_path / "data/sources.csv",
                    "--out", tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "to write:" in done.stdout
    words = (tmp_path / "mine.toml", "--raw", tmp_path / "data", "--store", tmp_path / "store")
    refused = curation("plan", *words)
    assert refused.returncode == 2
    open_keys = ("columns.major_arcsec.unit", "columns.minor_arcsec.unit", "labels.tier")
    assert [key for key in open_keys if key in refused.stderr] == list(open_keys)
    # Three edits by hand.
    edited(tmp_path / "doors/catalogs/mine.toml", ("TODO: arcsec, arcmin or deg", "arcsec"))
    edited(tmp_path / "doors/datasets/mine.toml", ("TODO: expert, crowd, model, match or rule", "expert"))
    edited(tmp_path / "doors/label_schemes/mine.toml",
           ("a source that the catalogue calls Ring", "a source that is brightest at its edge"))  # fmt: skip
    built = curation("build", *words, "--workers", 0)
    assert built.returncode == 0, built.stderr[-3000:]
    folder = Path(built.stdout.partition("hand-over:")[2].split("\n")[0].strip())
    samples = [json.loads(line) for line in (folder / "llava.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = [turn["value"] for one in samples for turn in one["conversations"] if turn["from"] == "human"]
    answers = [turn["value"] for one in samples for turn in one["conversations"] if turn["from"] == "gpt"]
    assert {"Ring", "Bent tail", "compact"} <= set(answers)
    assert any("a source that is brightest at its edge" in text for text in asked)
    manifest = json.loads(next((tmp_path / "store/sources/mine").glob("*/_manifest.json")).read_text(encoding="utf-8"))
    assert (manifest["n_in"], manifest["n_kept"]) == (n_rows, n_rows)
    assert digests("catalogs", "curation", "schemas") == before
    change_in_turn(curation, tmp_path, words)


def change_in_turn(curation, folder, words):
    """A unit, a column's name and a cutout's side are changed in turn: the right tables are made, and only they."""
    seen = tables(folder)
    assert made_again(curation, folder, words, seen) == set()
    # A unit: of the ellipses, so that the mosaics stay.
    catalog, dataset = folder / "doors/catalogs/mine.toml", folder / "doors/datasets/mine.toml"
    edited(catalog, ('unit = "arcsec"', 'unit = "mas"'))
    assert made_again(curation, folder, words, seen) == AFTER_SOURCES
    edited(catalog, ('unit = "mas"', 'unit = "arcsec"'))
    assert made_again(curation, folder, words, seen) == set()
    # A column's name: the same values under another name are another table.
    table = folder / "data/sources.csv"
    edited(table, ("id,GLON", "label,GLON"))
    edited(catalog, ('name = "id"', 'name = "label"'))
    assert made_again(curation, folder, words, seen) == AFTER_SOURCES
    # A side of cutouts.
    text = dataset.read_text(encoding="utf-8")
    before = re.search(r"^side_arcsec = .*$", text, re.MULTILINE)[0]
    edited(dataset, (before, "side_arcsec = 61.0"))
    assert made_again(curation, folder, words, seen) == AFTER_SOURCES
    # A title is told to people alone.
    edited(folder / "doors/surveys/mine.toml", ("cite = ", 'acknowledgement = "thanks"\ncite = '))
    assert made_again(curation, folder, words, seen) == set()


def made_again(curation, folder, words, seen):
    """The kinds of the tables that a build makes; `seen` are those that were there, and is brought up to date."""
    planned = curation("plan", *words, "--json")
    assert planned.returncode == 0, planned.stderr
    todo = {one["address"] for one in json.loads(planned.stdout)["tables"] if not one["done"]}
    built = curation("build", *words, "--workers", 0)
    assert built.returncode == 0, built.stderr[-3000:]
    new_ones = tables(folder) - seen
    assert new_ones == todo
    seen |= new_ones
    return {one.split("/")[0] for one in new_ones}


def tables(folder):
    return {
        path.parent.relative_to(folder / "store").as_posix() for path in (folder / "store").glob("*/*/*/_manifest.json")
        if path.relative_to(folder / "store").parts[0] not in ("llava", "reports")
    }  # fmt: skip


def test_what_is_written_loads_once_the_open_keys_are(tmp_path):
    write_survey(tmp_path)
    told = made(tmp_path, "--mosaics", tmp_path / "data/*.fits", "--table", tmp_path / "data/sources.csv")
    edited(tmp_path / "doors/catalogs/mine.toml", ("TODO: arcsec, arcmin or deg", "arcsec"))
    edited(tmp_path / "doors/datasets/mine.toml", ("TODO: expert, crowd, model, match or rule", "crowd"))
    doors = {kind: read_door(model, tmp_path / f"doors/{kind}/mine.toml") for kind, model in MODELS.items()}
    assert read_door(Corpus, tmp_path / "mine.toml").datasets == ("mine",)
    survey, catalog, scheme, dataset = doors["surveys"], doors["catalogs"], doors["label_schemes"], doors["datasets"]
    assert isinstance(survey, Survey)
    assert (survey.frequency_mhz, survey.beam_arcsec, survey.files) == (1300, (9, 9), ("*.fits",))
    assert isinstance(catalog, Catalog)
    assert (catalog.frame, catalog.format, catalog.key, catalog.file) == ("galactic", "csv", "name", "sources.csv")
    assert {ours: one.name for ours, one in catalog.columns.items()} == {
        "l_deg": "GLON", "b_deg": "GLAT", "name": "id", "class_name": "class", "major_arcsec": "maj",
        "minor_arcsec": "min", "pa_deg": "pa",
    }  # fmt: skip
    assert isinstance(scheme, LabelScheme)
    assert set(scheme.labels) == {"Ring", "Bent tail", "compact"}
    assert scheme.labels["Ring"].noun == "rings"
    assert scheme.labels["Ring"].phrase == "The source at the centre is a ring."
    assert isinstance(dataset, DatasetDoor)
    assert dataset.labels is not None
    assert dataset.labels.unknown == ("?",)
    assert "'?' (14)" in told
    text = (tmp_path / "doors/label_schemes/mine.toml").read_text(encoding="utf-8")
    assert "'Ring' (15)" in text
    assert "# guess:" in text


def test_what_cannot_be_guessed_is_told_by_its_key_and_nothing_is_overwritten(tmp_path):
    write_survey(tmp_path, unit=None)
    words = ("--mosaics", tmp_path / "data", "--table", tmp_path / "data/sources.csv")
    told = made(tmp_path, *words)
    assert "brightness_unit: Jy/beam, mJy/beam or uJy/beam (BUNIT is missing in 2 of 2 images; peaks from 0.0" in told
    again = new("mine", *words, "--out", tmp_path)
    assert again.exit_code != 0
    assert "there already" in str(again.exception)
    assert len(str(again.exception).splitlines()) == 1


def columns_of(folder, table, *, name="mine", file="data/sources.fits"):
    """The columns and the whole of the catalogue's door for a table of one's own beside two mosaics."""
    (folder / file).unlink(missing_ok=True)
    if isinstance(table, Table):
        table.write(folder / file, format="fits" if file.endswith("fits") else "ascii.csv")
    told = made(folder, "--mosaics", folder / "data", "--table", folder / file, name=name)
    door = tomllib.loads((folder / f"doors/catalogs/{name}.toml").read_text(encoding="utf-8"))
    return door["columns"], door, told


@pytest.fixture
def equatorial(tmp_path):
    """Two mosaics in RA and Dec, low enough in RA that hours and degrees look alike."""
    for ra in (15, 16):
        write_mosaic(tmp_path / f"data/f{ra}.fits", float(ra), kind="RA---SIN DEC--SIN", b_deg=-30.0)
    return tmp_path


RA_DEG, DEC_DEG = np.array([14.9, 15.0, 15.1, 16.0]), np.full(4, -30.0)


def test_degrees_and_hours_are_told_apart_by_the_mosaics(equatorial):
    base = {"name": list("abcd"), "kind": ["x", "x", "y", "y"]}
    columns, *_ = columns_of(equatorial, Table({**base, "RA": RA_DEG, "Dec": DEC_DEG}))
    assert columns["ra_deg"] == {"name": "RA", "unit": "deg"}
    columns, *_ = columns_of(equatorial, Table({**base, "RA": RA_DEG / 15, "Dec": DEC_DEG}), name="other")
    assert columns["ra_deg"] == {"name": "RA", "unit": "hourangle"}
    columns, _, told = columns_of(equatorial, Table({**base, "RA": RA_DEG - 8, "Dec": DEC_DEG}), name="third")
    assert columns["ra_deg"]["unit"].startswith("TODO")
    assert "deg or hourangle" in told
    assert "no row lies in a mosaic" in told


def test_sexagesimal_positions_units_of_the_header_and_several_candidates_are_told(equatorial):
    table = Table({
        "Source": list("abcd"), "RAJ2000": ["00 59 36.0", "01 00 00.0", "01 00 24.0", "01 04 00.0"],
        "DEJ2000": ["-30 00 00", "-29 59 59", "-30 00 01", "-30 00 00"],
        "Maj": [1.0, 2.0, 1.0, 3.0], "Min": [1.0, 1.0, 1.0, 2.0], "PA": [0.0, 10.0, 20.0, 30.0],
        "Total_flux": [1.0, 2.0, 3.0, 4.0], "class": ["A", "B", "A", "B"], "type": ["u", "v", "v", "v"],
    })  # fmt: skip
    table["Maj"].unit = table["Min"].unit = "arcmin"
    table["PA"].unit, table["Total_flux"].unit = "deg", "mJy"
    columns, door, told = columns_of(equatorial, table)
    assert door["frame"] == "fk5"
    assert columns["ra_deg"] == {"name": "RAJ2000", "type": "sexagesimal", "unit": "hourangle"}
    assert columns["dec_deg"] == {"name": "DEJ2000", "type": "sexagesimal", "unit": "deg"}
    assert columns["major_arcsec"] == {"name": "Maj"}
    assert columns["flux_mjy"] == {"name": "Total_flux"}
    assert columns["class_name"] == {"name": "class"}
    assert "class_name: also possible: 'type'" in told


def test_of_two_right_ascensions_that_in_degrees_is_taken_whatever_the_other_is_called(equatorial):
    table = Table({"Object": list("abcd"), "RAh": RA_DEG, "RA/deg": RA_DEG, "DEC/deg": DEC_DEG, "n": [1, 1, 2, 2]})
    columns, *_ = columns_of(equatorial, table, file="data/sources.csv")
    assert columns["ra_deg"] == {"name": "RA/deg", "unit": "deg"}
    assert columns["dec_deg"] == {"name": "DEC/deg", "unit": "deg"}


def test_a_table_without_classes_makes_a_corpus_that_says_nothing_of_them(equatorial):
    table = Table({"PK": list("abcd"), "RA": RA_DEG, "Dec": DEC_DEG})
    columns, _, told = columns_of(equatorial, table)
    assert columns["name"] == {"name": "PK"}
    assert "no class is known, and none is asked for" in told
    assert "to write" not in told
    assert "labels" not in tomllib.loads((equatorial / "doors/datasets/mine.toml").read_text(encoding="utf-8"))


def test_a_column_that_is_no_class_by_name_is_taken_with_a_doubt(equatorial):
    table = Table({"name": list("abcd"), "RA": RA_DEG, "Dec": DEC_DEG, "S_Code": ["S", "M", "S", "M"]})
    columns, _, told = columns_of(equatorial, table)
    assert columns["class_name"] == {"name": "S_Code"}
    assert "no column is called a class; 'S_Code' has few values" in told


def test_columns_of_truths_become_labels_that_may_hold_together(equatorial):
    table = Table({
        "name": list("abcd"), "RA": RA_DEG, "Dec": DEC_DEG, "FR1": [True, False, False, True],
        "Small": [True, True, False, False],
    })  # fmt: skip
    columns, *_ = columns_of(equatorial, table)
    assert columns["is_fr1"] == {"name": "FR1", "type": "bool"}
    dataset = tomllib.loads((equatorial / "doors/datasets/mine.toml").read_text(encoding="utf-8"))
    assert dataset["labels"]["flags"] == {"is_fr1": "FR1", "is_small": "Small"}
    scheme = tomllib.loads((equatorial / "doors/label_schemes/mine.toml").read_text(encoding="utf-8"))
    assert scheme["kind"] == "multi"
    assert list(scheme["labels"]) == ["FR1", "Small"]


def test_odd_class_names_and_values_in_doubt_make_a_scheme_that_loads(equatorial):
    values = ["S", "S?", 'he said "hi"', "a\\b", "ring", "Ring", "HII", "100", "none", "-99", "snr (shell)", "é"]
    table = Table({"name": [f"n{k}" for k in range(24)], "RA": np.linspace(14.9, 16, 24), "Dec": np.full(24, -30.0),
                   "class": values * 2})  # fmt: skip
    _, _, told = columns_of(equatorial, table, file="data/sources.csv")
    scheme = read_door(LabelScheme, equatorial / "doors/label_schemes/mine.toml")
    assert isinstance(scheme, LabelScheme)
    assert not {"none", "-99"} & scheme.labels.keys()
    assert scheme.harmonised("ring") == scheme.harmonised("Ring")
    assert scheme.labels["HII"].noun == "HII regions"
    assert "'S?' (2) looks like 'S' in doubt" in told
    dataset = tomllib.loads((equatorial / "doors/datasets/mine.toml").read_text(encoding="utf-8"))
    known = set(dataset["labels"]["unknown"])
    for value in set(values) - known:
        scheme.harmonised(dataset["labels"].get("names", {}).get(value, value))


@pytest.mark.parametrize("form", ["votable", "parquet", "tsv", "fits", "srl"])
def test_a_table_of_any_format_makes_a_catalogue_that_reads_it(equatorial, form):
    from catalogs.catalog import read_catalog

    table = Table({"name": list("abcd"), "RA": RA_DEG, "Dec": DEC_DEG, "class": ["A", "B", "A", "B"]})
    file = equatorial / f"data/sources.{form}"
    if form == "votable":
        table.write(file, format="votable")
    elif form == "parquet":
        pq.write_table(pa.table({one: table[one].tolist() for one in table.colnames}), file)
    elif form == "srl":  # as PyBDSF writes
        table.write(file, format="ascii.commented_header")
    else:
        table.write(file, format="fits" if form == "fits" else "ascii.tab")
    made(equatorial, "--mosaics", equatorial / "data", "--table", file)
    catalog = read_door(Catalog, equatorial / "doors/catalogs/mine.toml")
    assert isinstance(catalog, Catalog)
    read = read_catalog(file, catalog)
    assert (read.n_in, read.table.num_rows) == (4, 4)
    assert read.table["ra_deg"].to_pylist() == pytest.approx(RA_DEG.tolist())


def test_two_tables_make_two_datasets_of_one_corpus(equatorial):
    for name in ("one", "two"):
        table = Table({"name": list("abcd"), "RA": RA_DEG, "Dec": DEC_DEG, "class": ["A", "B", "A", name]})
        table.write(equatorial / f"data/{name}.csv", format="ascii.csv")
    words = [word for name in ("one", "two") for word in ("--table", equatorial / f"data/{name}.csv")]
    made(equatorial, "--mosaics", equatorial / "data", *words)
    assert tomllib.loads((equatorial / "mine.toml").read_text())["datasets"] == ["mine_one", "mine_two"]
    assert (equatorial / "doors/datasets/mine_two.toml").is_file()


def test_a_bad_image_among_good_ones_is_left_out_and_told(equatorial):
    (equatorial / "data/bad.fits").write_bytes((equatorial / "data/f15.fits").read_bytes()[:4000])
    Table({"name": list("abcd"), "RA": RA_DEG, "Dec": DEC_DEG}).write(equatorial / "data/a.csv", format="ascii.csv")
    told = made(equatorial, "--mosaics", equatorial / "data", "--table", equatorial / "data/a.csv")
    assert "left out: " in told
    assert "bad.fits" in told
    survey = tomllib.loads((equatorial / "doors/surveys/mine.toml").read_text())
    assert survey["files"] == ["f15.fits", "f16.fits"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("my survey", "--mosaics", "data", "--table", "data/a.csv"), "letters, digits and _"),
        (("../x", "--mosaics", "data", "--table", "data/a.csv"), "letters, digits and _"),
        (("first", "--mosaics", "data", "--table", "data/a.csv"), "stands already in surveys"),
        (("mine", "--mosaics", "nowhere", "--table", "data/a.csv"), "no such file or folder"),
        (("mine", "--mosaics", "data/*.fit", "--table", "data/a.csv"), "nothing matches"),
        (("mine", "--mosaics", "empty", "--table", "data/a.csv"), "without a FITS image"),
        (("mine", "--mosaics", "table.fits", "--table", "data/a.csv"), "no HDU holds an image"),
        (("mine", "--mosaics", "data", "--table", "none.csv"), "no such file"),
        (("mine", "--mosaics", "data", "--table", "flat.csv"), "no positions: found the columns name, flux"),
        (("mine", "--mosaics", "data", "--table", "two.fits"), "found 2 tables"),
        (("mine", "--mosaics", "data", "--table", "data/a.csv", "--raw", "empty"), "does not hold"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(equatorial, monkeypatch, words, told):
    monkeypatch.chdir(equatorial)
    table = Table({"name": list("abcd"), "RA": RA_DEG, "Dec": DEC_DEG})
    table.write("data/a.csv", format="ascii.csv")
    Table({"name": ["a"], "flux": [1.0]}).write("flat.csv", format="ascii.csv")
    table.write("table.fits")
    fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(table), fits.table_to_hdu(table)]).writeto("two.fits")
    Path("empty").mkdir()
    done = new(*words)
    assert isinstance(done.exception, CorpusError)
    assert told in str(done.exception)
    assert len(str(done.exception).strip().splitlines()) == 1
    assert not Path("doors").exists()


def test_one_of_two_tables_can_be_named(equatorial):
    table = Table({"name": list("abcd"), "RA": RA_DEG, "Dec": DEC_DEG})
    fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(table), fits.table_to_hdu(table)]).writeto(
        equatorial / "data/two.fits"
    )
    made(equatorial, "--mosaics", equatorial / "data/f15.fits", "--table", f"{equatorial / 'data/two.fits'}:2")
    assert tomllib.loads((equatorial / "doors/catalogs/mine.toml").read_text())["hdu"] == 2


def test_words_of_a_scheme_of_ours_are_borrowed_for_a_class_of_the_same_name():
    from curation.drafting.classes import words

    assert words("SNR")["noun"][0] == label_schemes()["smgps_extcat"].labels["SNR"].noun
    assert words("Shell")["noun"] == ("shells", "from the value")
    assert words("100")["noun_one"][0] == "source of class 100"
    assert words("diffuse_emission")["noun"][0] == "diffuse emission sources"
    # C is a compact radio galaxy in one catalogue and a candidate in the next.
    assert words("C")["definition"] == ("a source that the catalogue calls C", "from the value")
