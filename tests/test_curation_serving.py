"""`curation serve` against a stand-in for vLLM; the real one is in test_curation_serving_real.py."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from curation.asking.balance import Balance
from curation.asking.launch import TINY_SERVING, Launch, Serving, last_line, serving_python
from curation.asking.request import Served
from curation.asking.serving import Place, check_identity, launch_of, serve, use
from schemas.errors import ModelError, RecipeError
from schemas.loopback import free_port

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    spec = spec_from_file_location("fake_vllm", Path(__file__).with_name("fake_vllm.py"))
    fake = module_from_spec(spec)
    spec.loader.exec_module(fake)
    return str(fake.install(tmp_path_factory.mktemp("fake")))


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    for name in ("RADIO_SERVER_KEY", "RADIO_SERVER_KEY_FILE", "RAY_ADDRESS", "RADIO_SERVE_PYTHON", "FAKE_VLLM"):
        monkeypatch.delenv(name, raising=False)


def post(address, **asked):
    data = json.dumps(asked).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{address}/chat/completions", data=data), timeout=120) as reply:
        return json.loads(reply.read())


def launch(python, **serving):
    return Launch(Served("some/model", "r1"), "some/model", Serving(**serving), python)


ANY = Place(port=0)


@contextmanager
def command(python, *words, **environment):
    """`curation serve` as a user starts it; gives the process and its address once that is told."""
    child = subprocess.Popen(
        [sys.executable, "-m", "curation", "serve", "--python", python, "--port", "0", *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    try:
        yield child, child.stdout.readline().strip()
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def is_gone(pid, within_s=10.0):
    """Whether a process that is no child of ours ends soon."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


# -- the command ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_command_tells_the_address_and_takes_its_child_along_however_it_ends(python, how):
    with command(python, "--model", "some/model") as (child, address):
        answer = post(address, model="some/model")
        assert answer["path"] == "/v1/chat/completions"
        child.send_signal(how)
        assert child.wait(120) == (0 if how != signal.SIGKILL else -9)
        assert is_gone(answer["pid"])


def test_a_model_that_does_not_load_ends_in_one_line_with_the_reason_and_the_log(python):
    with command(python, "--model", "some/model", FAKE_VLLM="die") as (child, address):
        _, said = child.communicate(timeout=600)
    assert (child.returncode, address) == (1, "")
    assert "error: the server at http://127.0.0.1:" in said
    assert "ValueError: this model cannot be loaded (log /" in said
    assert "Traceback" not in said


def test_a_stop_while_it_starts_leaves_nothing_behind(python):
    began = subprocess.Popen(
        [sys.executable, "-m", "curation", "serve", "--python", python, "--port", "0", "--model", "some/model"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "FAKE_VLLM": "never"},
    )  # fmt: skip
    assert "starting 1 x some/model" in began.stderr.readline()
    time.sleep(1)
    began.terminate()
    out, said = began.communicate(timeout=600)
    assert (began.returncode, out) == (143, "")
    assert "Traceback" not in said


def test_words_that_exclude_each_other_are_told_in_one_line(curation, python):
    for words, said in (
        (["--tiny", "--tiny-words"], "--tiny says which model is served: it goes without --tiny-words"),
        (["--tiny", "--model", "x"], "it goes without --model"),
        ([], "which model? Name a corpus"),
        (["no_such_corpus"], "no corpus 'no_such_corpus'; known: "),
        (["--model", "x", "--python", "/no/such/python"], "no vLLM in /no/such/python"),
        (["--model", "x", "--server", "http://127.0.0.1:9/v1"], "no server there, or it is not well"),
    ):
        done = curation("serve", "--python", python, *words)
        assert done.returncode in (1, 2)
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_a_corpus_file_says_what_is_served_and_how(tmp_path, python):
    file = tmp_path / "mine.toml"
    file.write_text(
        'title = "mine"\ndatasets = ["demo_objects"]\n'
        '[serving]\ndtype = "bfloat16"\nmax_model_len = 4096\nreplicas = 2\nvllm = ["--seed", "3"]\n',
        encoding="utf-8",
    )
    with command(python, str(file), "--model", "their/model", "--revision", "abc", "--json") as (_, told):
        found = json.loads(told)
        assert (found["model"], found["revision"], len(found["replicas"])) == ("their/model", "abc", 2)
        said = Path(found["logs"][0]).read_text(encoding="utf-8")
    for words in ("'--dtype', 'bfloat16'", "'--max-model-len', '4096'", "'--seed', '3'", "'--revision', 'abc'"):
        assert words in said
    assert "'their/model', 'their/model@abc'" in said


# -- one replica or several -----------------------------------------------------------------------------------------


def test_several_replicas_share_the_work_behind_one_address(python):
    with serve(launch(python, replicas=2), ANY, say=lambda _: None) as endpoint:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda k: post(endpoint.address, sleep_s=0.1, k=k), range(16)))
        assert sorted(answer["asked"]["k"] for answer in answers) == list(range(16))
        counts = [sum(answer["pid"] == pid for answer in answers) for pid in {answer["pid"] for answer in answers}]
        assert sorted(counts) == [8, 8]


def test_a_replica_that_dies_is_left_out_while_the_other_goes_on(python):
    with serve(launch(python, replicas=2), ANY, say=lambda _: None) as endpoint:
        first = post(endpoint.address)["pid"]
        os.kill(first, signal.SIGKILL)
        assert is_gone(first)
        others = {post(endpoint.address)["pid"] for _ in range(6)}
        assert len(others) == 1
        assert first not in others
        assert [child.has_ended() for child in endpoint.children].count(True) == 1


def test_a_request_that_breaks_its_replica_goes_to_another_and_then_has_a_clear_answer(python):
    with serve(launch(python, replicas=2), ANY, say=lambda _: None) as endpoint:
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(endpoint.address, die=True)
        assert refused.value.code == 503
        assert refused.value.headers["Retry-After"] == "2"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(endpoint.address.replace("/v1", "/health"), timeout=5)


def test_half_an_answer_does_not_look_like_a_whole_one():
    import socketserver
    import threading

    class Half(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            self.request.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n')

    with socketserver.TCPServer(("127.0.0.1", 0), Half) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Balance([f"http://127.0.0.1:{server.server_address[1]}"]) as balance:
            with pytest.raises((OSError, urllib.error.URLError, ValueError, Exception)) as broken:
                post(f"{balance.address}/v1")
            assert type(broken.value).__name__ in ("IncompleteRead", "RemoteDisconnected", "ConnectionResetError")
        server.shutdown()


# -- who it is ------------------------------------------------------------------------------------------------------


def test_another_model_or_revision_is_refused(python, monkeypatch):
    with serve(launch(python), ANY, say=lambda _: None) as endpoint:
        base = endpoint.address.removesuffix("/v1")
        check_identity(base, Served("some/model", "r1"))
        with pytest.raises(ModelError, match=r"at revision r1; r2 is wanted"):
            check_identity(base, Served("some/model", "r2"))
        with pytest.raises(ModelError, match=r"serves some/model, some/model@r1, not other/model"):
            check_identity(base, Served("other/model"))
    monkeypatch.setenv("FAKE_VLLM", "other-name")
    with pytest.raises(ModelError, match="serves another, not some/model"), serve(launch(python), ANY, say=print):
        pass


def test_servers_that_run_already_are_used_as_they_are(python):
    with serve(launch(python), ANY, say=lambda _: None) as one, serve(launch(python), ANY, say=lambda _: None) as two:
        with use([one.address], Served("some/model", "r1"), ANY) as endpoint:
            assert endpoint.address == one.address
            assert not endpoint.children
        with use([one.address, two.address], Served("some/model", "r1"), ANY) as both, ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: post(both.address, sleep_s=0.2)["pid"], range(4)))
            assert len(set(answers)) == 2


def test_a_port_that_is_taken_is_said_with_what_to_do(python):
    with serve(launch(python), ANY, say=lambda _: None) as endpoint:
        port = int(endpoint.address.split(":")[2].split("/")[0])
        with pytest.raises(RecipeError, match=rf"port {port} .* --server http://127.0.0.1:{port}/v1"):
            serve(launch(python), Place(port=port), say=print).__enter__()


def test_a_server_that_never_gets_ready_is_given_up_at_its_deadline(python, monkeypatch):
    monkeypatch.setenv("FAKE_VLLM", "never")
    with pytest.raises(ModelError, match=r"was not ready within 1.5 s"):
        serve(launch(python, deadline_s=1.5), ANY, say=print).__enter__()


def test_the_key_is_asked_for_and_is_in_no_command_line_and_no_log(python, monkeypatch, tmp_path):
    secret = "s3cret-words"
    (tmp_path / "key").write_text(secret, encoding="utf-8")
    (tmp_path / "key").chmod(0o600)
    monkeypatch.setenv("RADIO_SERVER_KEY_FILE", str(tmp_path / "key"))
    said = []
    with serve(launch_of(Served("some/model"), Serving(), python), ANY, say=said.append) as endpoint:
        base = endpoint.address.removesuffix("/v1")
        check_identity(base, Served("some/model"), secret)
        with pytest.raises(ModelError, match=r"HTTP 401; set RADIO_SERVER_KEY"):
            check_identity(base, Served("some/model"))
        commands = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists()]
        assert not [line for line in commands if secret.encode() in line]
        logs = "".join(Path(log).read_text(encoding="utf-8") for log in endpoint.logs)
    assert secret not in logs + "".join(said) + repr(launch_of(Served("some/model"), Serving(), python))


# -- how it is started ----------------------------------------------------------------------------------------------


def test_on_gpus_it_is_spread_and_bounded_on_a_cpu_it_is_not():
    one = Launch(Served("m", "r"), "m", Serving(tensor_parallel_size=4, gpu_memory_utilization=0.8, max_num_seqs=64))
    on_gpu = one.words("python", "127.0.0.1", 1, is_cpu=False)
    assert on_gpu[on_gpu.index("--tensor-parallel-size") + 1] == "4"
    assert on_gpu[on_gpu.index("--max-num-seqs") + 1] == "64"
    assert "--trust-remote-code" not in on_gpu
    on_cpu = one.words("python", "127.0.0.1", 1, is_cpu=True)
    assert "--enforce-eager" in on_cpu
    assert "--tensor-parallel-size" not in on_cpu
    assert one.environment({}, is_cpu=True)["OMP_NUM_THREADS"] == "1"
    assert "OMP_NUM_THREADS" not in one.environment({}, is_cpu=False)


def test_every_reply_is_held_to_its_form_without_endless_whitespace():
    words = Launch(Served("m"), "m").words("python", "127.0.0.1", 1, is_cpu=False)
    how = json.loads(words[words.index("--structured-outputs-config") + 1])
    assert how == {"backend": "guidance", "disable_any_whitespace": True}


def test_weights_in_a_folder_are_not_looked_up(tmp_path):
    inside = Launch(Served("m", "r"), str(tmp_path), Serving(**TINY_SERVING))
    assert "--revision" not in inside.words("python", "h", 1, is_cpu=True)
    assert inside.environment({}, is_cpu=True)["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in Launch(Served("m", "r"), "their/model").environment({}, is_cpu=False)


def test_the_python_with_vllm_is_found_or_named(python, monkeypatch):
    assert serving_python(python) == (python, True)
    monkeypatch.setenv("RADIO_SERVE_PYTHON", python)
    assert serving_python() == (python, True)
    with pytest.raises(RecipeError, match=r"no vLLM in .*make serve-setup"):
        serving_python(sys.executable)


def test_the_line_that_says_most_of_a_log():
    log = "(EngineCore pid=7) RuntimeError: no such weights\n(APIServer pid=1) INFO shutting down\n\n"
    assert last_line(log) == "RuntimeError: no such weights"
    assert last_line(log, is_over=False) == "INFO shutting down"
    assert last_line("") == "it said nothing"


@pytest.mark.ray
def test_on_a_cluster_each_replica_has_a_node_with_its_gpus_and_a_key(python, monkeypatch):
    import ray

    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray.init(address="local", num_cpus=2, num_gpus=2, include_dashboard=False, log_to_driver=False)
    try:
        where = Place(port=0, is_cluster=True, gpus=1)
        with serve(launch(python, replicas=2), where, say=lambda _: None) as endpoint:
            assert endpoint.address.startswith("http://127.0.0.1:")
            with ThreadPoolExecutor(4) as pool:
                pids = set(pool.map(lambda _: post(endpoint.address, sleep_s=0.2)["pid"], range(4)))
            assert len(pids) == 2
            with pytest.raises(ModelError, match="HTTP 401"):  # on its node nobody else uses it
                check_identity(endpoint.replicas[0], Served("some/model", "r1"))
        assert all(is_gone(pid) for pid in pids)
        with pytest.raises(ModelError, match=r"no node with room for a replica within 2 s"):
            serve(
                launch(python, replicas=1, deadline_s=2), Place(port=0, is_cluster=True, gpus=3), say=print
            ).__enter__()
    finally:
        ray.shutdown()


def test_a_free_port_is_free():
    assert free_port() != free_port()
