"""Nothing is spent on a model that is another one, does not see, or does not obey."""

import pytest

from curation.asking import canary
from curation.asking.request import Served
from curation.asking.rule_server import RuleServer
from curation.asking.vlm import Asker
from schemas.errors import ModelError

SERVED = Served("rule-server")
REFUSED = {
    "blind": "does not see its picture", "wrong-language": "does not see its picture",
    "wrong-types": "does not obey the form", "extra-keys": "does not obey the form",
    "no-json": "does not obey the form", "refusal": "does not obey the form",
    "cut": "cannot answer about a .* picture: truncated", "empty": "cannot answer about a .* picture: empty",
    "whitespace": "truncated", "huge": "too-long-body", "400": "refused-by-server", "500": "no usable answer",
    "html": "no list of models", "wrong-model": "serves another-model", "redirect": "sends on",
}  # fmt: skip


def asker(folder, *servers: RuleServer) -> Asker:
    addresses = tuple(server.address for server in servers)
    return Asker(addresses, str(folder), deadline_s=20.0, patience_s=0.5, backoff_s=0.01)


def test_a_model_that_sees_and_obeys_passes_and_nothing_is_kept(tmp_path):
    with RuleServer() as server:
        canary.check(asker(tmp_path, server), SERVED)
    assert server.n_calls == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", REFUSED)
def test_a_model_that_fails_is_refused_with_what_it_fails(mode, tmp_path):
    with RuleServer(mode=mode) as server, pytest.raises(ModelError, match=REFUSED[mode]) as refused:
        canary.check(asker(tmp_path, server), SERVED)
    assert "\n" not in str(refused.value)
    assert server.n_calls <= 40


def test_a_server_that_fails_now_and_then_passes(tmp_path):
    with RuleServer(mode="flaky") as server:
        canary.check(asker(tmp_path, server), SERVED)


def test_each_of_several_servers_is_checked(tmp_path):
    with (
        RuleServer() as good,
        RuleServer(mode="blind") as bad,
        pytest.raises(ModelError, match=bad.address),
    ):
        canary.check(asker(tmp_path, good, bad), SERVED)


def test_without_a_server_the_way_out_is_named(tmp_path):
    with pytest.raises(ModelError, match="--server"):
        canary.check(asker(tmp_path), SERVED)
