"""The server that answers by rule: true to the caption but for a planted share, and a process of its own."""

import io
import json
import re
import signal
import subprocess
import sys
import urllib.request

from PIL import Image

from curation.asking.rule_answers import Asked, answer, caption_sentences
from schemas.fingerprint import canonical_json

LINES = [
    "This is a cutout, 2 arcmin on a side, taken from a larger radio continuum map (Synthetic survey) at 1300 MHz.",
    "Compact radio sources of a single island are visible.",
    "No spurious sources are visible.",
    "No imaging artefacts surround the sources.",
    "There are two compact sources.",
    "The source at the centre is a radio galaxy of class FR-I, which is brightest near its core.",
]
TEXT = "Known:\n<<<CAPTION\n" + "\n".join(LINES) + "\nCAPTION>>>\nTask: write at least 5 pairs of questions."
TURN = {"type": "object", "properties": {"question": {"type": "string"}, "answer": {"type": "string"}}}
PAIRS = {"type": "object", "properties": {"pairs": {"type": "array", "maxItems": 12, "items": TURN}}}
REWORDING = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 3000}}}
SCORE = {"type": "integer", "minimum": 0, "maximum": 10}
AXES = ("coherence", "informativeness", "completeness", "clarity", "english", "agreement")
JUDGE = {"type": "object", "properties": dict.fromkeys(AXES, SCORE)}


def png(grey: int = 90) -> bytes:
    sink = io.BytesIO()
    Image.new("L", (32, 32), grey).save(sink, "PNG")
    return sink.getvalue()


def asked(form, seed: int = 0, error_share: float = 0.0, text: str = TEXT, grey: int = 90) -> dict:
    return json.loads(answer(Asked(text, png(grey), form, seed, error_share)))


def test_it_writes_as_many_pairs_as_asked_each_about_another_sentence():
    pairs = asked(PAIRS)["pairs"]
    assert len(pairs) == 5
    assert len({pair["answer"] for pair in pairs}) == 5
    assert all(pair["question"].endswith("?") for pair in pairs)


def test_the_same_request_gets_the_same_words_and_another_seed_others():
    assert asked(PAIRS, 1) == asked(PAIRS, 1)
    assert len({canonical_json(asked(PAIRS, seed)) for seed in range(8)}) == 8


def test_about_the_planted_share_of_answers_is_wrong_and_without_it_none():
    answers = [pair["answer"] for seed in range(300) for pair in asked(PAIRS, seed, 0.2)["pairs"]]
    wrong = [one for one in answers if is_wrong(one)]
    assert 0.1 < len(wrong) / len(answers) < 0.3
    assert not [pair for seed in range(100) for pair in asked(PAIRS, seed)["pairs"] if is_wrong(pair["answer"])]
    assert any("three compact" in one.lower() for one in wrong)
    assert any("FR-II" in one for one in wrong)


def is_wrong(said: str) -> bool:
    bare = re.sub(r"^(?:No|Yes)[.,] ", "", said).lower()
    same = bare.replace("what is shown is a", "this is a").replace("the image contains", "there are")
    same = same.replace("can be seen", "are visible")
    return same not in {line.lower() for line in LINES}


def test_a_rewording_says_every_sentence_once_with_the_first_one_first():
    text = asked(REWORDING, 3)["text"]
    assert text.count(".") == len(LINES)
    assert "1300 MHz" in text.split(". ")[0]


def test_it_scores_on_every_axis_within_the_form():
    scores = asked(JUDGE)
    assert set(scores) == set(AXES)
    assert all(isinstance(score, int) and 0 <= score <= 10 for score in scores.values())


def test_what_it_says_of_a_picture_depends_on_the_picture():
    form = {"type": "object", "properties": {"description": {"type": "string", "maxLength": 120}}}
    assert asked(form, grey=10) != asked(form, grey=240)


def test_sentences_on_one_line_are_told_apart_but_not_at_numbers():
    text = "<<<CAPTION\nIt is 1.87 arcmin wide. No source is seen.\nTwo are.\nCAPTION>>>"
    assert caption_sentences(text) == ["It is 1.87 arcmin wide.", "No source is seen.", "Two are."]
    assert caption_sentences("no fence") == []


def test_it_runs_as_a_process_that_prints_its_address_and_ends_when_told():
    words = [sys.executable, "-m", "curation.asking.rule_server", "--port", "0", "--model", "tiny"]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        address = child.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}/models", timeout=10) as got:
            assert json.load(got)["data"][0]["id"] == "tiny"
        with urllib.request.urlopen(f"{address.removesuffix('/v1')}/health", timeout=10) as got:
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
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
