"""A corpus that asks a model: what its file may say, where the model is served, and what is checked before a build."""

import pytest

from curation.asking.rule_server import RuleServer
from curation.build import check_models
from curation.corpus import corpus, graph
from curation.engine.store import Store
from curation.settings import server_addresses, settings
from schemas.errors import ModelError, RecipeError

FILE = 'title = "asked"\ndatasets = ["demo_fanaroff"]\n'


def made(tmp_path, raw, text, *servers):
    file = tmp_path / "asked.toml"
    file.write_text(FILE + text)
    store = Store(str(tmp_path / "store"))
    return graph(corpus(str(file)), raw, store, servers), store


def kinds(one):
    return {step.name.split("/")[0] for step in one.steps}


def test_without_a_model_nothing_is_asked_and_no_server_is_looked_at(tmp_path, demo_raw):
    one, store = made(tmp_path, demo_raw, "", "http://127.0.0.1:9/v1")
    assert one.asker is None and one.asking == {}
    assert not kinds(one) & {"generated", "judged"}
    check_models(one, store)


def test_with_one_its_tables_come_in_and_no_server_changes_an_address(tmp_path, demo_raw):
    text = '[generation]\nmodel = "m"\n[judge]\nmodel = "j"\n'
    bare, _ = made(tmp_path, demo_raw, text)
    served, _ = made(tmp_path, demo_raw, text, "http://127.0.0.1:9/v1")
    assert {"generated", "judged"} <= kinds(bare)
    assert bare.handover == served.handover
    assert [[step.name for step in steps] for steps in bare.asking.values()] == [
        ["generated/demo_fanaroff"], ["judged/demo_fanaroff"],
    ]  # fmt: skip
    steps = {step.name: step for step in bare.steps}
    assert "generated/demo_fanaroff" in [one.step.name for one in steps["conversations/demo_fanaroff"].inputs]
    assert "judged/demo_fanaroff" in [one.step.name for one in steps["quality/demo_fanaroff"].inputs]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[generation]\nprompt = "none"\n', "no prompt 'none'; known: caption_rating, claims, judge"),
        ('[generation]\nprompt = "judge"\n', "prompt judge: no task turns"),
        ('[judge]\nmodel = "m"\nprompt = "claims"\n', "prompt claims: no task judge"),
        ("[generation]\ntemperature = -1\n", "generation.temperature"),
        ("[generation]\nattempts = 0\n", "generation.attempts"),
        ('[generation]\nflavour = "x"\n', "generation.flavour"),
        ('[generation.verdicts]\nunverifiable = "maybe"\n', "generation.verdicts.unverifiable"),
        ("[generation.turns]\ndemo_other = 3\n", "generation.turns: no dataset demo_other"),
        ("[generation.turns]\ndemo_fanaroff = 0\n", "generation.turns.demo_fanaroff"),
        ("[generation.turns]\ndemo_fanaroff = 13\n", "13 turns are asked for, the form of prompt claims allows 12"),
    ],
)
def test_a_mistake_in_the_file_is_told_before_anything_is_made(tmp_path, demo_raw, text, message):
    with pytest.raises(RecipeError) as caught:
        made(tmp_path, demo_raw, text)
    assert message in str(caught.value)


def test_a_model_that_nobody_serves_and_that_never_answered_is_told_at_once(tmp_path, demo_raw):
    one, store = made(tmp_path, demo_raw, '[generation]\nmodel = "m"\n')
    with pytest.raises(ModelError, match=r"generated/demo_fanaroff/\w+: m \(main\) is to be asked.*--server") as caught:
        check_models(one, store)
    assert "\n" not in str(caught.value)


def test_a_server_is_tried_before_anything_is_spent(tmp_path, demo_raw):
    text = '[generation]\nmodel = "rule-server"\n'
    with RuleServer() as server:
        check_models(*made(tmp_path, demo_raw, text, server.address))
    with RuleServer(mode="blind") as server, pytest.raises(ModelError, match="rule-server"):
        check_models(*made(tmp_path, demo_raw, text, server.address))
    with RuleServer(model="another") as server, pytest.raises(ModelError, match="another"):
        check_models(*made(tmp_path, demo_raw, text, server.address))


def test_servers_come_from_the_flags_else_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("RADIO_SERVER", "http://a/v1, http://b/v1/,,http://a/v1")
    assert server_addresses(()) == ("http://a/v1", "http://b/v1")
    assert settings(str(tmp_path), "s", ["http://c/v1/"]).servers == ("http://c/v1",)
    monkeypatch.delenv("RADIO_SERVER")
    assert server_addresses(()) == ()


def test_what_is_no_address_is_refused(tmp_path, demo_raw):
    with pytest.raises(RecipeError, match="--server localhost:8000: not an address"):
        made(tmp_path, demo_raw, "[generation]\n", "localhost:8000")


def test_a_build_that_lacks_its_model_ends_with_one_line_before_it_starts(curation, tmp_path, demo_raw):
    done = curation("build", "tiny", "--raw", demo_raw, "--store", tmp_path / "store", RADIO_SERVER="")
    assert done.returncode == 1
    assert "--server" in done.stderr and "Traceback" not in done.stderr
    assert not list((tmp_path / "store").rglob("_manifest.json"))
