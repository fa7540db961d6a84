"""The cache of replies: any number of writers, no lost reply, one answer for one request, on disk and on S3."""

import hashlib
import threading
from dataclasses import replace

import pytest

from curation.asking import replies as module
from curation.asking.replies import Ledger, Replies, ledgers, served_of
from curation.asking.request import Reply, Served
from curation.engine.store import Store
from schemas.errors import StoreError

SERVED = Served("OpenGVLab/InternVL2_5-8B-MPO", "main")


def key(k: int) -> str:
    return hashlib.sha256(f"{k}".encode()).hexdigest()


def reply(k: int, text: str = "", **changed) -> Reply:
    given = {"finish_reason": "stop", "n_prompt_tokens": 5, "n_completion_tokens": 7, "seconds": 0.25}
    return Reply(key(k), text or f"reply {k}", **{**given, **changed})


def kept(folder) -> Replies:
    return Replies(Store(str(folder)), SERVED)


def files(folder) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.parquet"))


def test_what_was_kept_is_found_by_another_process_as_it_was(tmp_path):
    odd = reply(2, 'ünï\x00 "quoted"\n', problem="truncated", detail="x", finish_reason="length")
    kept(tmp_path).keep([reply(1), odd])
    found = kept(tmp_path).find([key(1), key(2), key(3)])
    assert found == {key(1): replace(reply(1), is_cached=True), key(2): replace(odd, is_cached=True)}


def test_small_files_are_put_together_and_nobody_loses_sight_of_a_reply(tmp_path):
    one, other = kept(tmp_path), kept(tmp_path)
    for k in range(40):
        one.keep([reply(k)])
    assert len(other.find(key(k) for k in range(40))) == 40
    assert len(files(tmp_path)) == 40
    one.settle()
    assert len(files(tmp_path)) == 1
    assert len(other.find(key(k) for k in range(40))) == 40


def test_files_settle_by_themselves_when_there_are_enough_replies(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "N_TOGETHER", 100)
    one = kept(tmp_path)
    for k in range(25):
        one.keep([reply(10 * k + n) for n in range(10)])
    assert len(files(tmp_path)) == 2 + 5
    assert len(one.find(key(k) for k in range(250))) == 250


def test_of_two_replies_to_one_request_the_first_counts_for_everybody(tmp_path, monkeypatch):
    one, other, late = kept(tmp_path), kept(tmp_path), kept(tmp_path)
    one.keep([reply(1, "first"), reply(2)])
    other.keep([reply(1, "second"), reply(3)])
    for who in (one, other, late):
        assert who.find([key(1)])[key(1)].text == "first"
    one.keep([reply(4)])
    one.settle()
    for who in (one, other, late, kept(tmp_path)):
        assert who.find([key(1)])[key(1)].text == "first"


def test_a_file_that_goes_while_it_is_read_is_looked_for_again(tmp_path, monkeypatch):
    one, other = kept(tmp_path), kept(tmp_path)
    one.keep([reply(1)])
    one.keep([reply(2)])
    other._look()
    looks = []
    real = other._look

    def look() -> bool:
        looks.append(1)
        return real() if len(looks) > 1 else True

    monkeypatch.setattr(other, "_look", look)  # the first look is one that was too early
    one.settle()
    assert len(other.find([key(1), key(2)])) == 2
    assert len(looks) == 2


def test_a_file_of_an_object_store_that_goes_between_opening_and_reading_is_looked_for_again(tmp_path, monkeypatch):
    one, other = kept(tmp_path), kept(tmp_path)
    one.keep([reply(1)])
    one.keep([reply(2)])
    real, reads = module.pq.read_table, []

    def read_table(file, **options):
        reads.append(1)
        if len(reads) == 1:  # S3 opens by a HEAD request, and says only at the GET that there is nothing
            one.settle()
            raise OSError("AWS Error NO_SUCH_KEY during GetObject operation")
        return real(file, **options)

    monkeypatch.setattr(module.pq, "read_table", read_table)
    assert len(other.find([key(1), key(2)])) == 2
    assert len(reads) > 1


def test_files_that_never_stand_still_end_in_one_line(tmp_path, monkeypatch):
    one = kept(tmp_path)
    one.keep([reply(1)])
    monkeypatch.setattr(one, "_look", lambda: False)
    monkeypatch.setattr("curation.asking.replies.LONGEST_WAIT_S", 0.01)
    with pytest.raises(StoreError, match="build again"):
        one.find([key(1)])


def test_many_writers_at_once(tmp_path):
    writers = [kept(tmp_path) for _ in range(4)]

    def write(n: int) -> None:
        for k in range(15):
            writers[n].keep([reply(100 * n + k)])
            writers[n].find([key(0)])
        writers[n].settle()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept(tmp_path).find(key(100 * n + k) for n in range(4) for k in range(15))) == 60
    assert len(files(tmp_path)) == 4


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    kept(tmp_path).keep([reply(1)])
    (path,) = tmp_path.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StoreError, match="remove it, and what it held is asked again"):
        kept(tmp_path).find([key(1)])


def test_what_a_killed_writer_left_aside_is_no_reply(tmp_path):
    one = kept(tmp_path)
    one.keep([reply(1)])
    (path,) = tmp_path.rglob("*.parquet")
    path.with_name(f".{path.name}.0123").write_bytes(b"half of")
    assert len(kept(tmp_path).find([key(1)])) == 1


def test_models_and_revisions_keep_apart_and_no_name_leaves_the_folder(tmp_path):
    names = [Served("a/b"), Served("a-b"), Served("a/b", "r2"), Served("../../etc"), Served("...")]
    stores = [Replies(Store(str(tmp_path)), served) for served in names]
    for k, one in enumerate(stores):
        one.keep([reply(1, f"of {k}")])
    for k, one in enumerate(stores):
        assert one.find([key(1)])[key(1)].text == f"of {k}"
    assert [path.name for path in tmp_path.iterdir()] == ["replies"]
    assert {(one.model, one.revision) for one in served_of(Store(str(tmp_path)))} == {
        (one.model, one.revision) for one in names
    }


def test_forgotten_replies_are_missing_and_the_others_stay(tmp_path):
    one = kept(tmp_path)
    one.keep([reply(1), reply(2, problem="timeout"), reply(3, problem="empty")])
    one.keep([reply(4, problem="timeout")])
    assert len(one.find(key(k) for k in range(5))) == 4
    assert kept(tmp_path).forget("timeout") == 2
    assert set(one.find(key(k) for k in range(5))) == {key(1), key(3)}


def test_the_ledger_adds_up_over_asks(tmp_path):
    one = kept(tmp_path)
    one.count(Ledger(10, 4, 6, 1, 100, 50, 2.0, 1.0))
    one.count(Ledger(10, 10))
    one.keep([reply(1)])
    (told,) = ledgers(Store(str(tmp_path)))
    assert (told["model"], told["n_requests"], told["n_hits"], told["n_asked"]) == (SERVED.model, 20, 14, 6)
    assert (told["n_completion_tokens"], told["wall_s"], told["n_kept"]) == (50, 1.0, 1)


def test_a_store_without_replies_has_no_ledger(tmp_path):
    assert ledgers(Store(str(tmp_path))) == []


def test_replies_live_on_s3(monkeypatch):
    moto = pytest.importorskip("moto.server")
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
        client.create_bucket(Bucket="corpus")
        place = f"s3://corpus/store?endpoint_override={host}:{port}&scheme=http&region=us-east-1"
        one, other = Replies(Store(place), SERVED), Replies(Store(place), SERVED)
        assert one.find([key(1)]) == {}
        one.keep([reply(1)])
        one.keep([reply(2)])
        assert len(other.find([key(1), key(2)])) == 2
        one.settle()
        one.count(Ledger(2, 0, 2))
        assert len(other.find([key(1), key(2)])) == 2
        assert ledgers(Store(place))[0]["n_kept"] == 2
    finally:
        server.stop()
