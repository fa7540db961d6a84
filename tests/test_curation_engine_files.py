"""Errors of disks and object stores are told alike: gone, damaged, for good, or tried again."""

import errno

import pyarrow as pa
import pytest

from curation.engine import files
from curation.engine.files import patiently
from schemas.errors import DamageError, GoneError, StoreError

AWAY = "When reading information for key 'x' in bucket 'b': AWS Error NETWORK_CONNECTION during HeadObject operation"


@pytest.fixture(autouse=True)
def waits(monkeypatch) -> list[float]:
    """The waits that would have been."""
    waited: list[float] = []
    monkeypatch.setattr(files.time, "sleep", waited.append)
    monkeypatch.setenv("RADIO_PATIENCE_S", "20")
    return waited


def failing(*errors: Exception):
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "there"

    return call


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory"),
        OSError("AWS Error NO_SUCH_KEY during GetObject operation"),
        OSError("AWS Error UNKNOWN (HTTP status 404) during HeadObject operation: No response body."),
    ],
)
def test_a_missing_file_is_gone_wherever_it_was(error, waits):
    with pytest.raises(GoneError, match="cannot read x: it is not there"):
        patiently(failing(error), "read x")
    assert waits == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(AWAY),
        OSError("AWS Error SLOW_DOWN during PutObject operation: Please reduce your request rate."),
        OSError(errno.EIO, "Input/output error"),
        ConnectionError("Connection reset"),
    ],
)
def test_what_may_pass_is_tried_again(error, waits):
    assert patiently(failing(error, error), "read x") == "there"
    assert len(waits) == 2


def test_patience_ends_with_one_line(waits):
    with pytest.raises(StoreError, match="cannot read x: .*NETWORK_CONNECTION") as caught:
        patiently(failing(*[OSError(AWAY + "\nmore")] * 50), "read x")
    assert "\n" not in str(caught.value)
    assert 10 <= sum(waits) <= 20


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        PermissionError(errno.EACCES, "Permission denied"),
        OSError("AWS Error ACCESS_DENIED during PutObject operation: Access Denied"),
        OSError("AWS Error NO_SUCH_BUCKET during PutObject operation: The specified bucket does not exist"),
    ],
)
def test_what_waiting_does_not_help_is_told_at_once(error, waits):
    with pytest.raises(StoreError, match="cannot write x"):
        patiently(failing(error), "write x")
    assert waits == []


@pytest.mark.parametrize(
    "error",
    [
        pa.ArrowInvalid("Parquet magic bytes not found in footer"),
        OSError("could not verify page integrity, CRC checksum verification failed for page_ordinal 0"),
        OSError("Couldn't deserialize thrift: TProtocolException: Invalid data"),
    ],
)
def test_bytes_that_are_wrong_are_damage_and_not_tried_again(error, waits):
    with pytest.raises(DamageError, match="--repair"):
        patiently(failing(error), "read x")
    assert waits == []
