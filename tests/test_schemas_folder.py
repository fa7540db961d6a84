"""What a TOML file may say, whoever wrote it: every mistake is a line with the file, the key and what was expected."""

import os
import threading
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from curation.corpus import Corpus, corpus, graph, known_digests
from curation.engine.steps import Step
from curation.engine.store import Store
from evaluate.tasks.models import models
from finetune.recipe import recipe
from schemas.errors import CorpusError, RecipeError
from schemas.folder import read_door
from schemas.rejection import Sieved
from schemas.tables import SOURCES


class Door(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    title: str = ""
    words: dict[str, str] = {}


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("titel = 'x'", "titel: no such key; expected one of title, words"),
        ('title = "a\\u0007b"', "title: found the control character '\\x07'"),
        ('title = "a\\u202eb"', "title: found the control character '\\u202e'"),
        ('title = "a <|IM_END|> b"', "title: found <|im_end|>, which a chat template takes for its own"),
        ('title = "look: <image>"', "title: found <image>, which"),
        (f'title = "{"x" * 100_000}"', "title: a text of 100,000 characters, expected at most 50,000"),
        (f'[words]\n{"k" * 1000} = "x"', "a key of 1000 characters, expected at most 200"),
        ('[words]\n"a\\nb" = "x"', "expected at most 200, on one line"),
        (b"title = 'caf\xe9'", "not UTF-8"),
        ("title = " + "[" * 5000 + "]" * 5000, "nested too deep"),
        ("title = ", "not TOML"),
    ],
)
def test_what_is_wrong_in_a_door_is_one_line_with_its_key(tmp_path, text, told):
    file = written(tmp_path / "mine.toml", text)
    with pytest.raises(RecipeError) as caught:
        read_door(Door, file)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}: ") and told in line and len(line) < 1000


@pytest.mark.parametrize("name", ["..", ".", "a b", "a\nb", "-x", "ünï", "a" * 150])
def test_a_file_whose_name_is_no_folders_name_is_refused(tmp_path, name):
    file = written(tmp_path / f"{name}.toml", "title = 'x'")
    with pytest.raises(RecipeError, match="no name of a folder") as caught:
        read_door(Door, file)
    assert len(str(caught.value).splitlines()) == 1


def test_a_pipe_a_device_and_a_folder_are_no_doors(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    (tmp_path / "folder.toml").mkdir()
    for name, told in (("pipe", "a pipe"), ("device", "a pipe, a socket or a device"), ("folder", "Is a directory")):
        with pytest.raises(RecipeError, match=told):
            in_time(lambda name=name: read_door(Door, tmp_path / f"{name}.toml"))


def in_time(work):
    """What `work` raises or gives; a reader that waits for a pipe is told by it."""
    came = []

    def run():
        try:
            came.append((work(), None))
        except Exception as error:  # handed over to the test
            came.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert came, "it waits for ever"
    if came[0][1]:
        raise came[0][1]
    return came[0][0]


def test_a_corpus_file_of_another_encoding_or_with_a_misspelt_budget_is_told(tmp_path):
    with pytest.raises(RecipeError, match="not UTF-8"):
        corpus(str(written(tmp_path / "latin.toml", 'title = "é"\n'.encode("latin-1"))))
    known = Corpus(name="mine", title="x", datasets=("demo_objects",), most_rejected={"cutuots": 0.1})
    with pytest.raises(CorpusError, match=r"most_rejected\.cutuots: no such step; expected one of mosaics, .*cutouts"):
        graph(known, tmp_path, Store(str(tmp_path / "store")))
    wrong = written(tmp_path / "mine.toml", 'title = "x"\ndatasets = ["a"]\n[most_rejected]\ncutouts = 10\n')
    with pytest.raises(RecipeError, match=r"most_rejected\.cutouts: found 10; .*less than or equal to 1"):
        corpus(str(wrong))


def test_a_step_stays_in_its_folder():
    for name in ("../x", "a/../b", "/a", "a//b", "a\nb", "", "a" * 200, "a/.hidden"):
        with pytest.raises(RecipeError, match="its name is a folder of the store"):
            Step(name, Sieved, SOURCES)
    assert Step("cutouts/my-data_2.1", Sieved, SOURCES).name == "cutouts/my-data_2.1"


def test_an_unknown_key_of_a_recipe_or_of_the_list_of_models_is_told_with_the_known_ones(tmp_path):
    for read, said in ((recipe, "epoch = 3\n"), (models, "famlies = 3\n")):
        with pytest.raises(RecipeError, match="no such key; expected one of "):
            read(written(tmp_path / "mine.toml", said))


@pytest.mark.parametrize("body", ["{", "[1]", '{"a.fits": 3}', '{"a.fits": [1, 2, null]}', "[" * 5000, "\xff"])
def test_kept_digests_that_are_damaged_are_made_again_with_a_warning(tmp_path, capsys, body):
    store = Store(str(tmp_path))
    written(tmp_path / "_digests.json", body.encode("latin-1"))
    assert known_digests(store) == {}
    assert capsys.readouterr().err.endswith("_digests.json is damaged; the raw images are hashed again\n")
    written(tmp_path / "_digests.json", '{"a.fits": [1, 2, "00"]}')
    assert known_digests(store) == {"a.fits": [1, 2, "00"]} and not capsys.readouterr().err
