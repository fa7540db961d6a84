"""A served model under every fault: each request ends once, in a reply or in one clear line; nothing is asked twice."""

import base64
import hashlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import quote

import pytest
from PIL import Image

from curation.asking.exchange import Exchange, _retry_after_s, body
from curation.asking.key import without_key
from curation.asking.replies import replies
from curation.asking.request import PROBLEMS, Request, Sampling, Served
from curation.asking.rule_faults import FAULTS
from curation.asking.rule_server import RuleServer
from curation.asking.vlm import Asker, _shown
from schemas.errors import ModelError, RecipeError
from schemas.loopback import free_port

SERVED = Served("rule-server")
FORM = json.dumps(
    {
        "type": "object", "additionalProperties": False, "required": ["turns"],
        "properties": {"turns": {"type": "array", "maxItems": 12, "items": {
            "type": "object", "additionalProperties": False, "required": ["question"],
            "properties": {"question": {"type": "string", "maxLength": 400}}}}},
    }
)  # fmt: skip
CAPTION = """What is known:
<<<CAPTION
This is a cutout of a larger radio continuum map at 1300 MHz. [{"kind": "fact", "fact": "map"}]
No spurious sources are visible. [{"kind": "presence", "label": "SPURIOUS", "state": "absent"}]
There is one compact source. [{"kind": "count", "what": "COMPACT", "bound": "exactly", "n": 1}]
CAPTION>>>
Task: write at least 3 questions."""


def png(k: int) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (32, 32), (k % 256, 40, k // 256)).save(sink, "PNG")
    return sink.getvalue()


def request(k: int = 0, **changed) -> Request:
    given = {"system": "You see.", "text": CAPTION, "png": png(k), "form": FORM, "sampling": Sampling(seed=k)}
    return Request(SERVED, **{**given, **changed})


def requests(n: int) -> list[Request]:
    return [request(k) for k in range(n)]


def asker(store, *servers: RuleServer, **changed) -> Asker:
    quick = {"deadline_s": 20.0, "patience_s": 0.8, "backoff_s": 0.01, "attempts": 4}
    return Asker(tuple(server.address for server in servers), str(store), **{**quick, **changed})


def stopped_after(server: RuleServer, n_calls: int) -> None:
    while server.n_calls < n_calls:
        time.sleep(0.005)
    server.stop()


# -- asked once, kept, replayed ----------------------------------------------------------------------------------------


def test_replies_come_in_the_order_of_the_requests_and_equal_requests_are_asked_once(tmp_path):
    asked = [*requests(6), request(2), request(0)]
    with RuleServer(delay_s=0.01) as server:
        got = asker(tmp_path, server).ask(asked)
    assert [reply.key for reply in got] == [one.key for one in asked]
    assert server.n_calls == 6
    assert got[2] == got[6]
    assert not any(reply.problem or reply.is_cached for reply in got)
    assert all(len(json.loads(reply.text)["turns"]) == 3 for reply in got)


def test_a_rebuild_needs_no_server_and_gets_the_same_replies(tmp_path):
    with RuleServer() as server:
        first = asker(tmp_path, server).ask(requests(5))
    again = asker(tmp_path).ask(requests(5))
    assert [(one.key, one.text, one.n_completion_tokens) for one in first] == [
        (one.key, one.text, one.n_completion_tokens) for one in again
    ]
    assert all(reply.is_cached for reply in again)


def test_without_a_server_what_is_missing_is_counted_and_the_way_out_named(tmp_path):
    with RuleServer() as server:
        asker(tmp_path, server).ask(requests(2))
    with pytest.raises(ModelError, match=r"3 of 5 replies of rule-server .* give --server"):
        asker(tmp_path).ask(requests(5))
    assert len(asker(tmp_path).missing(requests(5))) == 3


def test_another_seed_prompt_or_picture_is_another_request(tmp_path):
    ones = [request(), request(sampling=Sampling(seed=9)), request(text="x"), request(png=png(7)), request(form=None)]
    with RuleServer() as server:
        asker(tmp_path, server).ask(ones)
    assert server.n_calls == 5


def test_an_asker_travels(tmp_path):
    one = asker(tmp_path)
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize(
    "address",
    ["localhost:8000", "ftp://host/v1", "http:///v1", "http://127.0.0.1:99999/v1", "http://host:port/v1",
     "http://[bad/v1", "http://a host/v1"],
)  # fmt: skip
def test_an_address_must_be_one(address, tmp_path):
    with pytest.raises(RecipeError, match="looks like http"):
        Asker((address,), str(tmp_path))


def test_nothing_asked_is_nothing_answered(tmp_path):
    assert asker(tmp_path).ask([]) == []


def test_the_picture_goes_once_as_png_before_the_text_and_the_form_is_strict():
    sent = body(request(3))
    parts = sent["messages"][1]["content"]
    assert [part["type"] for part in parts] == ["image_url", "text"]
    head, _, packed = parts[0]["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(packed) == png(3)
    assert sent["response_format"]["json_schema"] == {"name": "reply", "schema": json.loads(FORM), "strict": True}
    assert (sent["temperature"], sent["max_tokens"], sent["seed"]) == (0.5, 1024, 3)
    assert "response_format" not in body(request(form=None))
    assert [one["role"] for one in body(request(system=""))["messages"]] == ["user"]


def test_as_many_are_in_flight_as_allowed_and_no_more(tmp_path):
    with RuleServer(delay_s=0.05) as server:
        asker(tmp_path, server, in_flight=5).ask(requests(30))
    assert server.most_at_once == 5


def test_a_model_asked_without_a_picture_answers_too(tmp_path):
    with RuleServer() as server:
        (reply,) = asker(tmp_path, server).ask([request(png=None)])
    assert reply.problem is None


# -- faults ------------------------------------------------------------------------------------------------------------

ENDS = {  # what becomes of a single request among good ones; None: a whole reply, for whoever reads it to judge
    "400": "refused-by-server", "cut": "truncated", "cut-valid": "truncated", "whitespace": "truncated",
    "empty": "empty", "null": "empty", "huge": "too-long-body", "huge-told": "too-long-body",
    "packed": "unreadable-body", "wrong-types": None, "extra-keys": None, "refusal": None, "no-json": None,
    "wrong-language": None, "flaky": None, "blind": None, "": None,
}  # fmt: skip
STOPS = {  # what is said when nothing better comes
    "500": "no usable answer", "503": "no usable answer", "429": "no usable answer", "hang": "no usable answer",
    "drip": "no usable answer", "reset": "no usable answer", "html": "no list of models",
    "broken-body": "no usable answer", "no-choices": "no usable answer", "wrong-envelope": "no usable answer",
    "abort": "no usable answer", "redirect": "sends on", "wrong-model": "serves another-model",
}  # fmt: skip


def test_every_fault_is_tried():
    assert {*ENDS, *STOPS} == {*FAULTS, ""} - {"poison", "killer"}
    assert {problem for problem in ENDS.values() if problem} <= set(PROBLEMS)


@pytest.mark.parametrize("mode", ENDS)
def test_a_fault_of_replies_ends_as_the_problem_of_each_and_is_kept(mode, tmp_path):
    with RuleServer(mode=mode) as server:
        got = asker(tmp_path, server, attempts=12).ask(requests(3))
    assert [reply.problem for reply in got] == [ENDS[mode]] * 3
    assert all(reply.detail for reply in got if reply.problem)
    again = asker(tmp_path).ask(requests(3))
    assert [(one.problem, one.text) for one in again] == [(one.problem, one.text) for one in got]


@pytest.mark.parametrize("mode", STOPS)
def test_a_fault_of_the_server_stops_the_run_with_one_line(mode, tmp_path):
    started = time.monotonic()
    with RuleServer(mode=mode) as server, pytest.raises(ModelError, match=STOPS[mode]) as stopped:
        asker(tmp_path, server, deadline_s=0.3, patience_s=0.5).ask(requests(3))
    assert "\n" not in str(stopped.value)
    assert "127.0.0.1" in str(stopped.value)
    assert time.monotonic() - started < 300


DEADLINES = {"hang": 1.5, "drip": 1.5}  # s; elsewhere long enough for a machine that is busy
# Of two answers that cannot be read, both to one request, that request ends: one such fault, so that none gets two.
N_FAULTS = {"no-choices": 1, "broken-body": 1}


@pytest.mark.parametrize("mode", ["500", "503", "429", "reset", "broken-body", "abort", "hang", "no-choices"])
def test_a_fault_that_passes_costs_nothing_but_time(mode, tmp_path):
    with RuleServer(mode=mode, n_faults=N_FAULTS.get(mode, 5)) as server:
        got = asker(tmp_path, server, patience_s=10, attempts=8, deadline_s=DEADLINES.get(mode, 20.0)).ask(requests(12))
    assert [reply.problem for reply in got] == [None] * 12
    assert {len(json.loads(reply.text)["turns"]) for reply in got} == {3}


def test_a_request_that_the_server_drops_is_asked_as_often_as_any_that_it_fails(tmp_path):
    with RuleServer(mode="abort", n_faults=3) as server:
        (reply,) = asker(tmp_path, server, in_flight=1).ask(requests(1))
    assert (reply.problem, server.n_calls) == (None, 4)


def test_what_cannot_pass_is_not_tried_again(tmp_path):
    with RuleServer(mode="400") as server:
        asker(tmp_path, server).ask(requests(1))
    assert server.n_calls == 1


def test_a_cut_reply_keeps_what_came(tmp_path):
    with RuleServer(mode="cut") as server:
        (reply,) = asker(tmp_path, server).ask(requests(1))
    assert (reply.problem, reply.finish_reason) == ("truncated", "length")
    assert reply.text.startswith('{"turns"')


@pytest.mark.parametrize("mode", ["poison", "killer"])
def test_one_poisonous_picture_ends_its_own_request_only(mode, tmp_path):
    poison = hashlib.sha256(png(3)).hexdigest()
    with RuleServer(mode=mode, poison=poison, delay_s=0.01) as server:
        got = asker(tmp_path, server).ask(requests(20))
    assert [reply.problem for reply in got] == ["server-error" if k == 3 else None for k in range(20)]
    assert "answers others" in got[3].detail


def test_several_poisonous_pictures_in_a_row_do_not_stop_the_run(tmp_path):
    with RuleServer(mode="poison") as server:  # one in eight
        got = asker(tmp_path, server, in_flight=4).ask(requests(60))
    bad = [hashlib.sha256(png(k)).hexdigest()[0] in "01" for k in range(60)]
    assert [reply.problem == "server-error" for reply in got] == bad


def test_a_slow_drip_meets_the_deadline_of_the_whole_call(tmp_path):
    with RuleServer(mode="drip", n_faults=2) as server:
        started = time.monotonic()
        got = asker(tmp_path, server, in_flight=1, patience_s=20, deadline_s=DEADLINES["drip"]).ask(requests(3))
    assert got[0].problem in (None, "timeout")
    assert [reply.problem for reply in got[1:]] == [None, None]
    assert time.monotonic() - started < 100


def test_a_busy_server_is_asked_less_at_a_time(tmp_path):
    with RuleServer(mode="429", n_faults=16, delay_s=0.02) as server:
        got = asker(tmp_path, server, in_flight=16, patience_s=20).ask(requests(40))
        assert server.n_calls == 40 + 16
    assert [reply.problem for reply in got] == [None] * 40


def test_a_wrong_name_of_a_model_is_told_with_the_names_there_are(tmp_path):
    with RuleServer() as server, pytest.raises(ModelError, match="no server serves 'InternVL9'.* serves rule-server"):
        asker(tmp_path, server).ask([Request(Served("InternVL9"), "", "x")])
    assert server.n_calls == 0


def test_a_server_that_is_not_there_stops_the_run(tmp_path):
    with pytest.raises(ModelError, match="start the server and run this again") as stopped:
        Asker((f"http://127.0.0.1:{free_port()}/v1",), str(tmp_path), patience_s=0.3).ask(requests(2))
    assert "\n" not in str(stopped.value)


def test_an_address_without_v1_is_told(tmp_path):
    with RuleServer() as server, pytest.raises(ModelError, match="ends in /v1"):
        Asker((server.address.removesuffix("/v1"),), str(tmp_path), patience_s=0.3).ask(requests(1))


# -- the server dies and comes back ------------------------------------------------------------------------------------


def test_a_server_killed_in_mid_run_and_started_again_loses_nothing(tmp_path):
    server = RuleServer(delay_s=0.02).start()
    got = []
    one = asker(tmp_path, server, in_flight=4, patience_s=20)
    run = threading.Thread(target=lambda: got.extend(one.ask(requests(60))))
    run.start()
    while server.n_calls < 20:
        time.sleep(0.005)
    server.stop()
    n_before = server.n_calls
    time.sleep(0.3)
    assert run.is_alive()
    with server:
        run.join(20)
    assert [reply.problem for reply in got] == [None] * 60
    assert n_before >= 20
    twice = [n for n in server.asked.values() if n > 1]
    assert len(twice) <= 5  # those that were under way, and the canary


def test_a_server_that_stays_away_stops_the_run_and_the_next_one_goes_on_from_there(tmp_path):
    server = RuleServer(delay_s=0.02).start()
    stopper = threading.Thread(target=stopped_after, args=(server, 40))
    stopper.start()
    with pytest.raises(ModelError, match="requests are left; start the server"):
        asker(tmp_path, server, in_flight=4).ask(requests(300))
    stopper.join()
    n_kept = 300 - len(asker(tmp_path).missing(requests(300)))
    assert n_kept > 5
    with RuleServer() as second:
        got = asker(tmp_path, second).ask(requests(300))
    assert second.n_calls == 300 - n_kept
    assert [reply.problem for reply in got] == [None] * 300


def test_a_server_that_comes_back_with_another_model_stops_the_run(tmp_path):
    server = RuleServer(delay_s=0.02).start()
    errors = []

    def run() -> None:
        try:
            asker(tmp_path, server, in_flight=2, patience_s=20).ask(requests(60))
        except ModelError as error:
            errors.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    while server.n_calls < 6:
        time.sleep(0.005)
    server.stop()
    server.rules.model = "another-model"
    with server:
        thread.join(20)
    assert len(errors) == 1
    assert "rule-server" in errors[0]


def test_a_killed_build_loses_a_small_batch_and_asks_the_rest(tmp_path):
    script = (
        "import sys; sys.path[:0] = sys.argv[3:]; from test_curation_asking_vlm import *; "
        "Asker((sys.argv[1],), sys.argv[2], in_flight=4).ask(requests(400))"
    )
    with RuleServer(delay_s=0.02) as server:
        words = [script, server.address, str(tmp_path), os.path.dirname(__file__), os.getcwd()]  # noqa: PTH109, PTH120
        child = subprocess.Popen([sys.executable, "-c", *words])
        while server.n_calls < 120 and child.poll() is None:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.wait()
        n_answered = server.n_calls
        n_kept = 400 - len(asker(tmp_path).missing(requests(400)))
        assert n_answered - n_kept <= 4 + 3 * 16  # in flight, waiting to be written, being written
        got = asker(tmp_path, server, patience_s=20).ask(requests(400))
    assert server.n_calls == n_answered + 400 - n_kept
    assert [reply.problem for reply in got] == [None] * 400


# -- several servers ---------------------------------------------------------------------------------------------------


def test_requests_spread_over_several_servers(tmp_path):
    with RuleServer(delay_s=0.02) as one, RuleServer(delay_s=0.02) as two:
        got = asker(tmp_path, one, two, in_flight=4).ask(requests(60))
    assert one.n_calls + two.n_calls == 60
    assert min(one.n_calls, two.n_calls) > 15
    assert [reply.problem for reply in got] == [None] * 60


def test_a_dead_server_is_left_out_while_another_lives(tmp_path):
    one, two = RuleServer(delay_s=0.02).start(), RuleServer(delay_s=0.02).start()
    stopper = threading.Thread(target=stopped_after, args=(one, 20))
    stopper.start()
    with two:
        got = asker(tmp_path, one, two, in_flight=2, deadline_s=3.0).ask(requests(120))
    stopper.join()
    assert [reply.problem for reply in got] == [None] * 120
    assert two.n_calls > one.n_calls


def test_a_server_of_another_model_is_not_asked_for_this_one(tmp_path):
    with RuleServer() as one, RuleServer(model="judge") as two:
        got = asker(tmp_path, one, two).ask([*requests(8), *(Request(Served("judge"), "", f"{k}") for k in range(3))])
    assert (one.n_calls, two.n_calls) == (8, 3)
    assert [reply.problem for reply in got] == [None] * 11


# -- the key -----------------------------------------------------------------------------------------------------------


def test_the_key_opens_the_server_and_is_told_nowhere(tmp_path, monkeypatch, capfd):
    key = "sk-canary-5e1f"
    monkeypatch.setenv("RADIO_SERVER_KEY", key)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-canary")
    with RuleServer(key=key) as server:
        asker(tmp_path, server).ask(requests(60))
        assert server.heads[0]["Authorization"] == f"Bearer {key}"
        assert not [name for name in server.heads[0] if "organization" in name.lower()]
    with RuleServer(key="another") as server, pytest.raises(ModelError, match="RADIO_SERVER_KEY") as refused:
        asker(tmp_path, server).ask(requests(61))
    told = capfd.readouterr()
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert key not in str(refused.value) + told.out + told.err + repr(asker(tmp_path))
    assert key.encode() not in stored


def test_the_key_may_stand_in_a_file_that_is_ones_own(tmp_path, monkeypatch):
    file = tmp_path / "key"
    file.write_text("sk-of-a-file\n")
    monkeypatch.delenv("RADIO_SERVER_KEY", raising=False)
    monkeypatch.setenv("RADIO_SERVER_KEY_FILE", str(file))
    with RuleServer(key="sk-of-a-file") as server:
        file.chmod(0o644)
        with pytest.raises(ModelError, match="chmod 600"):
            asker(tmp_path, server).ask(requests(1))
        file.chmod(0o600)
        assert asker(tmp_path, server).ask(requests(1))[0].problem is None
    monkeypatch.setenv("RADIO_SERVER_KEY_FILE", str(tmp_path / "none"))
    with RuleServer() as server, pytest.raises(ModelError, match="cannot be read"):
        asker(tmp_path, server).ask(requests(2))


@pytest.mark.parametrize("wrong", ["sk-canary\nX-Other: 1", "sk-canary two", "sk-canary-\u00e9", " \n "])
def test_a_key_that_no_header_takes_is_told_without_it(tmp_path, monkeypatch, wrong):
    monkeypatch.setenv("RADIO_SERVER_KEY", wrong)
    with RuleServer() as server, pytest.raises(ModelError, match="RADIO_SERVER_KEY") as refused:
        asker(tmp_path, server).ask(requests(1))
    assert "canary" not in str(refused.value) and len(str(refused.value).splitlines()) == 1


def test_a_key_that_a_server_repeats_is_neither_told_nor_kept():
    key = 'sk/canary"5e1f'
    for said in (key, quote(key, safe=""), json.dumps(key)):
        assert b"canary" not in without_key(f"no such key: {said}".encode(), key)
    assert without_key(b"none of these", "none") == b"none of these"


def completion(model: str, **more) -> bytes:
    choice = {"message": {"content": "{}"}, "finish_reason": "stop"}
    return json.dumps({"model": model, "choices": [choice], **more}).encode()


@pytest.mark.parametrize("n", [-1, 2**63, 10**30, 1e400])
def test_a_count_of_tokens_that_is_none_makes_an_answer_unreadable_and_no_traceback(n):
    exchange = Exchange("http://127.0.0.1:1/v1", 1.0, 1)
    got = exchange._read(request(), completion("rule-server", usage={"prompt_tokens": n}), 0.0)
    assert got.kind == "unreadable" and got.detail.startswith(("usage.prompt_tokens: ", "body: "))


@pytest.mark.parametrize("model", ["rule-server-2", "rule-server/other", "Rule-Server", "rule"])
def test_what_a_model_of_a_longer_or_shorter_name_says_is_not_taken(model):
    exchange = Exchange("http://127.0.0.1:1/v1", 1.0, 1)
    assert exchange._read(request(), completion("rule-server"), 0.0).text == "{}"
    with pytest.raises(ModelError, match=f"was asked for 'rule-server', and '{model}' answered"):
        exchange._read(request(), completion(model), 0.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0), ("31557600000", 120.0), ("1e300", 120.0), ("inf", None), ("nan", None), ("-5", 0.0), ("soon", None),
        ("Fri, 31 Dec 3026 23:59:59 GMT", 120.0), ("Fri, 31 Dec 9999 23:59:59 GMT", 120.0), ("", None),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None), ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
    ],
)  # fmt: skip
def test_a_server_may_ask_for_two_minutes_and_not_for_a_thousand_years(header, seconds):
    assert _retry_after_s(header) == seconds


# -- told --------------------------------------------------------------------------------------------------------------


def test_a_large_ask_is_told_and_the_ledger_adds_up(tmp_path, capsys):
    with RuleServer() as server:
        asker(tmp_path, server).ask([*requests(60), *requests(4)])
        asker(tmp_path).ask(requests(60))
    assert "64 requests, 4 from the store, 60 asked" in capsys.readouterr().err
    from curation.asking.replies import ledgers

    (ledger,) = ledgers(replies(str(tmp_path), SERVED).store)
    assert (ledger["n_requests"], ledger["n_hits"], ledger["n_asked"], ledger["n_kept"]) == (124, 64, 60, 60)
    assert ledger["n_completion_tokens"] > 60


def test_the_command_replies_tells_and_forgets(tmp_path, curation):
    with RuleServer(mode="empty") as server:
        asker(tmp_path, server).ask(requests(3))
        server.rules.mode = ""
        asker(tmp_path, server).ask(requests(5))
    told = json.loads(curation("replies", "--store", tmp_path, "--json").stdout)["models"]
    assert [(one["model"], one["n_kept"], one["problems"]) for one in told] == [("rule-server", 5, {"empty": 3})]
    assert "problems   empty 3" in curation("replies", "--store", tmp_path).stdout
    assert curation("replies", "--store", tmp_path, "--forget", "empty").stdout == "3 replies dropped\n"
    assert len(asker(tmp_path).missing(requests(5))) == 3
    wrong = curation("replies", "--store", tmp_path, "--forget", "nonsense")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_the_keys_of_a_store_are_not_told():
    assert _shown("s3://key:secret@bucket/store?endpoint_override=x") == "s3://bucket/store"
    assert _shown("/data/store") == "/data/store"
