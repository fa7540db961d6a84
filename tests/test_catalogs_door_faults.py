"""A dataset's TOML file that cannot be used: one line for each mistake, found from doors alone, all together."""

import pytest

from catalogs.dataset import dataset, datasets
from schemas.errors import RecipeError
from tests.making_dataset import make_mine

COLUMNS = (
    'name = { name = "name" }\nra_deg = { name = "ra", unit = "deg" }\ndec_deg = { name = "dec", unit = "deg" }\n'
    'major_arcsec = { name = "m", unit = "arcsec" }\npa_deg = { name = "pa", unit = "deg" }\nkind = { name = "kind" }\n'
    'is_ring = { name = "r", type = "bool" }\nscore = { name = "s", type = "real" }\nfile = { name = "f" }\n'
)
SIDE = "[cutout]\nside_arcsec = 60.0\n"
LABELS = '[labels]\ntier = "expert"\nlabel = "{kind}"\n'
RADIUS = '[extent]\nkind = "radius"\nradius = "major_arcsec"\n'


@pytest.fixture
def mine(tmp_path, monkeypatch):
    made = make_mine(tmp_path, monkeypatch)
    made.table(COLUMNS, "name")
    return made


@pytest.mark.parametrize(
    ("text", "line"),
    [
        # names that no door has
        (LABELS.replace("{kind}", "{kinds}") + SIDE,
         "/doors/catalogs/table.toml: ra_deg, dec_deg, name, "),
        (LABELS + 'names = { x = "RNG" }\n' + SIDE,
         "labels.names: found 'RNG', expected a label of scheme one_of: RING, JET, BLOB; did you mean 'RING'?"),
        (LABELS.replace("{kind}", "COMET") + SIDE, "labels.label: found 'COMET', expected a label of scheme one_of"),
        (LABELS + 'absent_where = { RING = ["JETT"] }\n' + SIDE, "labels.absent_where: found 'JETT', expected a label"),
        (LABELS + 'unknown = ["?"]\nnames = { "?" = "RING" }\n' + SIDE, "labels.unknown: found '?', which labels.name"),
        (LABELS + 'catalog = "nowhere"\nwithin_arcsec = 5\n' + SIDE, "labels.catalog: found 'nowhere', expected a cat"),
        ('[split]\ncolumn = "kind"\nbenchmark = "b99"\n' + SIDE, "split.benchmark: found 'b99', expected a benchmark"),
        ('[split]\nfixed = "test"\nnames = { a = "test" }\n' + SIDE, "split.names: found names, but no split.column"),
        ('[published]\nsource = "P"\nn_by_label = { Ring = 1 }\n' + SIDE, "published: found 'Ring', expected a label"),
        ('[classes]\nnowhere = "RING"\n' + SIDE, "classes: found 'nowhere', expected a catalogue"),
        ('[classes]\nwise_hii = "HII"\n' + SIDE, "classes: found 'HII', expected a label of scheme one_of"),
        # columns that are something else
        ('[labels]\ntier = "rule"\nflags = { kind = "RING" }\n' + SIDE,
         "labels.flags: 'kind' is read as text, expected bool; set type = 'bool' in columns.kind of /"),
        ('[labels]\ntier = "rule"\nlisted = "kind"\n' + SIDE, "labels.listed: 'kind' is read as text, expected list;"),
        (LABELS + 'confidence = "kind"\n' + SIDE, "labels.confidence: 'kind' is read as text, expected real or int"),
        (RADIUS.replace("major_arcsec", "pa_deg") + SIDE,
         "extent.radius: found 'pa_deg', whose name says deg, expected arcsec; rename columns.pa_deg of "),
        (RADIUS.replace("major_arcsec", "kind") + SIDE, "extent.radius: 'kind' is read as text, expected real or int"),
        ('[cutout]\ncolumn = "score"\n', "cutout.column: found 'score', whose name says no unit, expected arcsec"),
        (RADIUS + '[objects]\ndetector = "me"\nflux = "score"\n' + SIDE, "objects.flux: found 'score', whose name say"),
        (RADIUS + '[objects]\ndetector = "me"\npeak = "peak"\n' + SIDE, "objects.peak: found 'peak', expected a colum"),
        ('position = ["ra_deg", "pa"]\n' + SIDE, "position[1]: found 'pa', expected a column of"),
        ('name_column = "nme"\n' + SIDE, "name_column: found 'nme', expected a column of"),
        ('picture = "in/{fil}"\n', "picture: found 'fil', expected a column of"),
        # keys that do not go together
        ("", "cutout: found no side_arcsec, times or column, and no picture that could be shown whole"),
        ("[cutout]\ntimes = 2.0\n", "cutout.times: found no [extent] to multiply"),
        ('[objects]\ndetector = "me"\n' + SIDE, "objects: found no [extent], which is an object's outline"),
        ('[extent]\nkind = "pixels"\nvertices = ["x_px"]\n' + SIDE, "extent: kind pixels needs picture, whose pixels"),
        (RADIUS + '[objects]\ndetector = "me"\nin_pictures = true\n' + SIDE, "objects.in_pictures: needs picture, and"),
        (LABELS + 'of = "objects"\n' + SIDE, "labels.of: found no [objects] whose labels they could be"),
        (LABELS + 'of = "objects"\n' + SIDE, "labels.of: found 'objects', but scheme one_of is about source; expected"),
        ("picture_position = '(?P<ra>x)'\n" + SIDE, "picture_position: found '(?P<ra>x)', expected an expression with"),
        ("picture_position = '(?P<ra>x)(?P<dec>y)'\n" + SIDE, "picture_position: found no picture whose name it could"),
        ('pictures = "*.fits"\n' + LABELS, "pictures: found labels too, which only a catalogue has"),
        ('pictures = "*.fits"\n[cutout]\ntimes = 2\n', "cutout: found times or column, which only a catalogue has"),
        # what is no such file at all
        (LABELS.replace("{kind}", "{kind") + SIDE, "labels.label: found '{kind'; Value error, "),
        (LABELS.replace("{kind}", "{}") + SIDE, "labels.label: found '{}'; Value error, expected plain names of colum"),
        ('picture = "{file.name}"\n', "picture: found '{file.name}'; Value error, expected plain names of columns"),
        ('[labels]\ntier = "expert"\n' + SIDE, "labels: Value error, says nothing; expected label, flags or listed"),
        (LABELS + 'listed = "kind"\n' + SIDE, "labels: Value error, found label and listed, expected one of them"),
        (LABELS + 'catalog = "table"\n' + SIDE, "labels: Value error, catalog and within_arcsec go together"),
        (LABELS.replace("expert", "me") + SIDE, "labels.tier: found 'me'; Input should be 'expert', 'crowd', "),
        (LABELS + 'labell = "x"\n' + SIDE, "labels.labell: no such key; expected one of tier, label, names, flags"),
        ('[extent]\nkind = "ellipse"\nmajor = "major_arcsec"\n' + SIDE,
         "extent: Value error, kind ellipse: found major, expected major, minor, pa"),
        ('[extent]\nkind = "circle"\n' + SIDE, "extent.kind: found 'circle'; Input should be 'radius', 'ellipse', "),
        ('[extent]\nkind = "radius"\nradius = "major_arcsec"\npa = "pa_deg"\n' + SIDE, "found pa, radius, expected ra"),
        ('[extent]\nkind = "polygon"\nvertices = ["a", "b", "c"]\n' + SIDE, "vertices: found 3 columns, expected one,"),
        ('[extent]\nkind = "polygon"\nvertices = ["a"]\ntimes = 2\n' + SIDE, "times: kind polygon has no sizes to mul"),
        ("[split]\n" + SIDE, "split: Value error, expected column or fixed"),
        ('[split]\nfixed = "tset"\n' + SIDE, "split.fixed: found 'tset'; Input should be "),
        ("[cutout]\nside_arcsec = -1\n", "cutout.side_arcsec: found -1; Input should be greater than 0"),
        (RADIUS + '[cutout]\ntimes = 2\ncolumn = "major_arcsec"\n', "cutout: Value error, found times and column"),
        ('[published]\nsource = ""\nn_images = 3\n' + SIDE, "published.source: found ''; String should have at least"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_file_key_and_what_was_expected(mine, text, line):
    path = mine.door(text)
    with pytest.raises(RecipeError) as caught:
        dataset("mine")
    lines = str(caught.value).splitlines()
    assert all(one.startswith(f"{path}: ") for one in lines)
    assert sum(line in one for one in lines) == 1, lines


def test_all_mistakes_are_told_together_of_all_files(mine):
    mine.door('position = ["ra", "dec"]\n' + LABELS + 'names = { x = "Y" }\nconfidence = "sure"\n' + SIDE)
    mine.write("datasets", "other", 'title = "T"\ncite = "n"\nscheme = "nil"\nsurvey = "nil"\ncatalog = "nil"\n')
    with pytest.raises(RecipeError) as caught:
        datasets()
    lines = str(caught.value).splitlines()
    keys = [line.split(".toml: ")[1].split(":")[0] for line in lines]
    assert keys == [
        "labels.names",
        "position[0]",
        "position[1]",
        "labels.confidence",
        "cutout",
        "scheme",
        "survey",
        "catalog",
    ]
    with pytest.raises(RecipeError, match=r"(?s)mine\.toml: position") as caught:
        dataset("mine")
    assert "other.toml" not in str(caught.value)


def test_a_wrong_form_hides_no_other_mistake_and_makes_none(mine):
    mine.door(
        'colour = "red"\nname_column = "nme"\n[labels]\ntier = "me"\nlabel = "{kind}"\n[split]\ncolumn = "splt"\n'
        + "[cutout]\nside_arcsec = -1\n"
    )
    with pytest.raises(RecipeError) as caught:
        dataset("mine")
    keys = [line.split(".toml: ")[1].split(":")[0] for line in str(caught.value).splitlines()]
    assert sorted(keys) == ["colour", "cutout.side_arcsec", "labels.tier", "name_column", "split.column"]


def test_a_key_that_a_table_in_a_table_does_not_have_is_told_with_those_it_has(mine):
    mine.table('ra_deg = { name = "ra", units = "deg" }\n', "ra")
    mine.door(SIDE)
    with pytest.raises(RecipeError, match=r"columns\.ra_deg\.units: no such key; expected one of name, unit, type, "):
        dataset("mine")


def test_a_catalogue_without_positions_needs_a_picture_and_one_in_galactic_its_own_columns(mine):
    mine.table('name = { name = "name" }\n', "name")
    mine.door(SIDE)
    with pytest.raises(
        RecipeError, match="catalog: table has no positions, and there is no picture whose centre could"
    ):
        dataset("mine")
    mine.table(
        'l_deg = { name = "l", unit = "deg" }\nb_deg = { name = "b", unit = "deg" }\n', "l,b", more='frame = "galactic"'
    )
    mine.door('position = ["l_deg", "b_deg"]\n' + SIDE)
    with pytest.raises(RecipeError, match="position: .* is in galactic, expected ra_deg, dec_deg, which are made ICRS"):
        dataset("mine")
    mine.door('name_column = ""\n' + SIDE)
    assert dataset("mine").catalogs == ("table",)
