"""The server that answers by rule: true to the caption but for a planted share, and a process of its own."""

import asyncio
import contextlib
import io
import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from PIL import Image

from curation.asking.rule_answers import Asked, answer
from curation.asking.rule_server import MODEL, RuleServer
from curation.asking.rule_turns import caption_statements
from schemas.fingerprint import canonical_json

STATEMENTS = {
    "This is a cutout, 2 arcmin on a side, taken from a larger radio continuum map (Synthetic survey) at 1300 MHz.":
        [{"kind": "fact", "fact": "map"}, {"kind": "fact", "fact": "frequency"}],
    "Compact radio sources of a single island are visible.":
        [{"kind": "presence", "label": "COMPACT", "state": "present"}],
    "No spurious sources are visible.": [{"kind": "presence", "label": "SPURIOUS", "state": "absent"}],
    "No imaging artefacts surround the sources.": [{"kind": "presence", "label": "ARTIFACT", "state": "absent"}],
    "There are two compact sources.": [{"kind": "count", "what": "COMPACT", "bound": "exactly", "n": 2}],
    "The source at the centre is a radio galaxy of class FR-I, which is brightest near its core.":
        [{"kind": "presence", "label": "FR-I", "state": "present"}],
}  # fmt: skip
LINES = [f"{text} {json.dumps(claims)}" for text, claims in STATEMENTS.items()]
TEXT = "Known:\n<<<CAPTION\n" + "\n".join(LINES) + "\nCAPTION>>>\nTask: write at least 5 questions about the image."
TURNS = {"type": "object", "properties": {"turns": {"type": "array", "maxItems": 12, "items": {"type": "object"}}}}
SCORE = {"type": "integer", "minimum": 0, "maximum": 10}
AXES = ("coherence", "informativeness", "completeness", "clarity", "english", "agreement")
JUDGE = {"type": "object", "properties": dict.fromkeys(AXES, SCORE)}


def png(grey: int = 90) -> bytes:
    sink = io.BytesIO()
    Image.new("L", (32, 32), grey).save(sink, "PNG")
    return sink.getvalue()


def asked(form, seed: int = 0, error_share: float = 0.0, text: str = TEXT, grey: int = 90) -> dict:
    return json.loads(answer(Asked(text, png(grey), form, seed, error_share)))


def sentences(seed: int, error_share: float) -> list[dict]:
    try:
        found = asked(TURNS, seed, error_share)["turns"]
    except json.JSONDecodeError:
        return []
    return [one for turn in found for one in turn["answer"]]


def test_it_writes_as_many_turns_as_asked_each_about_another_statement_with_its_claims():
    turns = asked(TURNS)["turns"]
    assert len(turns) == 5
    assert len({turn["answer"][0]["text"] for turn in turns}) == 5
    assert all(turn["question"][-1] in "?." for turn in turns)
    assert all(one["claims"] in STATEMENTS.values() for turn in turns for one in turn["answer"])


def test_the_same_request_gets_the_same_words_and_another_seed_others():
    assert asked(TURNS, 1) == asked(TURNS, 1)
    assert len({canonical_json(asked(TURNS, seed)) for seed in range(8)}) == 8


def test_about_the_planted_share_of_sentences_is_wrong_in_every_way_and_without_it_none():
    said = [one for seed in range(300) for one in sentences(seed, 0.2)]
    wrong = [one for one in said if is_wrong(one)]
    assert 0.1 < len(wrong) / len(said) < 0.3
    assert not [one for seed in range(100) for one in sentences(seed, 0.0) if is_wrong(one)]
    texts, claims = " ".join(one["text"].lower() for one in wrong), [one["claims"] for one in wrong]
    for mark in (
        "three compact",
        "fr-ii",
        "ignore what the catalogue says",
        "prumble",
        "12 mjy",
        "it is not true that",
    ):
        assert mark in texts, mark
    assert [] in claims and [{"kind": "brightness", "n": 12}] in claims
    assert [{"kind": "presence", "label": "COMPACT", "state": "absent"}] in claims
    broken = [seed for seed in range(300) if not sentences(seed, 0.2)]
    assert 5 < len(broken) < 40


def is_wrong(said: dict) -> bool:
    bare = said["text"].removeprefix("No, ").lower()
    same = bare.replace("what is shown is a", "this is a").replace("the image contains", "there are")
    same = same.replace("can be seen", "are visible")
    return same not in {text.lower() for text in STATEMENTS} or said["claims"] not in STATEMENTS.values()


def test_it_scores_on_every_axis_within_the_form():
    scores = asked(JUDGE)
    assert set(scores) == set(AXES)
    assert all(isinstance(score, int) and 0 <= score <= 10 for score in scores.values())


def test_what_it_says_of_a_picture_depends_on_the_picture():
    form = {"type": "object", "properties": {"description": {"type": "string", "maxLength": 120}}}
    assert asked(form, grey=10) != asked(form, grey=240)


def test_lines_without_claims_and_claims_of_no_json_are_no_statements():
    text = '<<<CAPTION\nIt is 1.87 arcmin wide. [{"kind": "fact"}]\nNo source is seen.\nTwo are. [{no}]\nCAPTION>>>'
    assert [one.text for one in caption_statements(text)] == ["It is 1.87 arcmin wide."]
    assert caption_statements("no fence") == []


def test_it_runs_as_a_process_that_prints_its_address_and_ends_when_told():
    words = [sys.executable, "-m", "curation.asking.rule_server", "--port", "0", "--model", "tiny"]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        address = child.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}/models", timeout=120) as got:
            assert json.load(got)["data"][0]["id"] == "tiny"
        with urllib.request.urlopen(f"{address.removesuffix('/v1')}/health", timeout=120) as got:
            assert got.status == 200
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(10)
        child.stdout.close()


def test_a_taken_port_is_one_line():
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = str(one.getsockname()[1])
        words = [sys.executable, "-m", "curation.asking.rule_server", "--port", port]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_nobody_waits_for_a_server_that_has_stopped():
    """Connections that it accepts in its last moment are closed, too."""

    body = {"model": MODEL, "messages": [{"role": "user", "content": "Describe the image."}], "max_tokens": 5}

    async def asking(address, is_over):
        once = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=once, timeout=aiohttp.ClientTimeout(total=10)) as session:

            async def again():
                while not is_over.is_set():
                    with contextlib.suppress(aiohttp.ClientError):  # refused, or cut
                        async with session.post(f"{address}/chat/completions", json=body) as reply:
                            await reply.read()
                    await asyncio.sleep(0.001)

            await asyncio.gather(*(again() for _ in range(24)))

    for _ in range(10):
        is_over = threading.Event()
        with ThreadPoolExecutor() as pool, RuleServer(delay_s=0.01) as server:
            waiting = pool.submit(asyncio.run, asking(server.address, is_over))
            while server.n_calls < 24:
                time.sleep(0.005)
            server.stop()
            is_over.set()
            waiting.result()  # raises TimeoutError where one waited for the whole of its ten seconds
