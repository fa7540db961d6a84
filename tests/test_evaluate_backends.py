"""Who answers: what a server must prove before it is asked, what a paid one may cost, what a replay needs."""

import json

import pytest

from curation.asking.request import Request, Sampling, Served
from curation.asking.rule_server import RuleServer
from curation.asking.vlm import Asker
from evaluate.asking.backends import GREEDY, ServedBackend, check_servers, choice_form, chosen
from evaluate.asking.cost import Prices, Purse, check_paid, estimate, is_paid, spent_before
from schemas.errors import GateError, ModelError, RecipeError

SERVED = Served("rule-server")
PRICES = Prices(2.0, 8.0, "2026-01-31")


def asker(place, *servers, **changed):
    return Asker(tuple(servers), str(place), **{"patience_s": 1.0, "backoff_s": 0.01, "deadline_s": 20.0, **changed})


def requests(n, **changed):
    return [
        Request(SERVED, "", f"Question {k}?", None, None, Sampling(temperature=0.0, max_tokens=20)) for k in range(n)
    ]


class Ignores(RuleServer):
    """Takes a form and answers in words."""

    def _asked(self, body, text, png):
        return super()._asked({**body, "response_format": {}}, text, png)


def test_a_server_that_obeys_its_choices_and_sees_passes_and_nothing_is_kept(tmp_path):
    with RuleServer() as server:
        check_servers(asker(tmp_path, server.address), SERVED, is_constrained=True)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_ignores_the_choices_is_refused(tmp_path):
    with Ignores() as server:
        check_servers(asker(tmp_path, server.address), SERVED, is_constrained=False)
        with pytest.raises(ModelError, match="does not obey a choice"):
            check_servers(asker(tmp_path, server.address), SERVED, is_constrained=True)


def test_a_server_that_never_shows_the_picture_is_refused(tmp_path):
    with RuleServer(mode="blind") as server, pytest.raises(ModelError, match="does not see its picture"):
        check_servers(asker(tmp_path, server.address), SERVED, is_constrained=False)


def test_every_server_is_tried_not_the_first_alone(tmp_path):
    with RuleServer() as one, RuleServer(mode="blind") as two, pytest.raises(ModelError, match=two.address):
        check_servers(asker(tmp_path, one.address, two.address), SERVED, is_constrained=False)


def test_a_choice_is_read_from_its_form_alone():
    form = json.loads(choice_form(("FR-I", "FR-II")))
    assert form["properties"]["answer"]["enum"] == ["FR-I", "FR-II"]
    assert chosen('{"answer": "FR-II"}', ("FR-I", "FR-II")) == "FR-II"
    for other in ('{"answer": "FR-III"}', '"FR-I"', "FR-I", "{", '{"answer": ["FR-I"]}', "[]"):
        assert chosen(other, ("FR-I", "FR-II")) is None


def test_a_replay_needs_no_server_and_says_what_is_missing(tmp_path):
    with RuleServer() as server:
        said = ServedBackend(asker(tmp_path, server.address), SERVED).answer(requests(3))
    replay = ServedBackend(asker(tmp_path), SERVED)
    assert [one.text for one in replay.answer(requests(3))] == [one.text for one in said]
    assert replay.describe().name == "replay" and replay.describe().model_sha == (
        ServedBackend(asker(tmp_path, "http://127.0.0.1:1/v1"), SERVED).describe().model_sha
    )
    with pytest.raises(ModelError, match="1 of 4"):
        replay.answer(requests(4))


def test_a_server_gives_no_likelihoods(tmp_path):
    with pytest.raises(RecipeError, match="--model-dir"):
        ServedBackend(asker(tmp_path), SERVED).log_likelihoods(requests(1), [["a"]])


# -- what it may cost -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "paid"),
    [
        ("http://127.0.0.1:8000/v1", False), ("http://localhost:8000/v1", False), ("http://10.1.2.3/v1", False),
        ("http://node7:8000/v1", False), ("http://gpu.cluster.internal/v1", False), ("http://[::1]:8000/v1", False),
        ("https://api.openai.com/v1", True), ("https://8.8.8.8/v1", True), ("http://api.example.org/v1", True),
    ],
)  # fmt: skip
def test_an_address_outside_counts_as_paid(server, paid):
    assert is_paid(server) == paid


def test_a_paid_server_needs_prices_and_a_cap():
    outside = ["https://api.openai.com/v1"]
    for prices, cap in ((None, None), (PRICES, None), (None, 1.0)):
        with pytest.raises(RecipeError, match="--max-cost"):
            check_paid(outside, prices, cap, is_free=False)
    check_paid(outside, PRICES, 1.0, is_free=False)
    check_paid(outside, None, None, is_free=True)
    check_paid(["http://127.0.0.1:1/v1"], None, None, is_free=False)


def test_asking_stops_before_the_cap_and_goes_on_with_a_higher_one(tmp_path):
    asked = requests(100)
    with RuleServer() as server:
        one = asker(tmp_path, server.address)
        cap = 5.5 * PRICES.most(asked[0])
        purse = Purse(one, PRICES, cap)
        with pytest.raises(GateError, match="--max-cost"):
            purse.ask(asked)
        n_first = server.n_calls
        assert 0 < n_first < 100
        assert purse.spent_usd <= cap
        assert spent_before(one, asked, PRICES) == pytest.approx(purse.spent_usd)
        left = estimate(one, asked, PRICES)
        assert (left.n_requests, left.n_kept) == (100, n_first)
        Purse(one, PRICES, 100.0).ask(asked)
        assert server.n_calls == 100
        again = Purse(one, PRICES, 0.0)
        again.ask(asked)  # costs nothing any more
        assert server.n_calls == 100 and again.spent_usd == 0.0


def test_an_estimate_is_never_below_what_it_costs(tmp_path):
    asked = requests(8)
    with RuleServer() as server:
        one = asker(tmp_path, server.address)
        most = estimate(one, asked, PRICES)
        purse = Purse(one, PRICES, 1.0)
        purse.ask(asked)
    assert purse.spent_usd <= most.most_usd
    assert "USD" in most.told() and PRICES.date in most.told()
    assert GREEDY.temperature == 0.0
