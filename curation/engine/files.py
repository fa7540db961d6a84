"""The errors of local disks and object stores, told alike: gone, for good, or for a moment.

pyarrow raises FileNotFoundError for a file that a disk does not have, and of S3 sometimes an OSError with
NO_SUCH_KEY, for S3 says at the GET only that nothing is there. What may pass is tried again with patience.
"""

import errno
import time
from collections.abc import Callable
from typing import TypeVar

import pyarrow as pa

from curation.engine.patience import patience
from schemas.errors import DamageError, GoneError, StoreError
from schemas.trouble import in_one_line

WAITS_S = (0.3, 1.0, 3.0)  # between tries of a disk; whoever asked for a part tries it again after that
LONGEST_WAIT_S = 10.0  # of an object store, for as long as RADIO_PATIENCE_S says
GONE = ("NO_SUCH_KEY", "RESOURCE_NOT_FOUND", "HTTP status 404", "HTTP response code 404")
OF_NETWORK = ("AWS", "google::cloud", "Azure", "HTTP", "onnection", "curl", "imeout", "etwork")
FOR_GOOD = (
    "ACCESS_DENIED", "NO_SUCH_BUCKET", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_CLIENT_TOKEN_ID",
    "UNRECOGNIZED_CLIENT", "EXPIRED_TOKEN", "HTTP status 403", "HTTP status 401", "HTTP status 301",
)  # fmt: skip
NUMBERS_FOR_GOOD = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EISDIR,
        errno.ENOTDIR,
        errno.EEXIST,
        errno.ENAMETOOLONG,
        errno.ELOOP,
        errno.EINVAL,
    }  # fmt: skip
)
REPAIR = "`curation check` tells all that is damaged, `curation build --repair` makes it again"

Given = TypeVar("Given")


def patiently(call: Callable[[], Given], what: str) -> Given:
    """What `call` gives, tried again while its error may pass. `what`: "read store/x", for the error.

    Raises GoneError where the file is not there, DamageError where its bytes are not what they were, and StoreError, in
    one line, for every other error of disk or network.
    """
    began, waited_s, n_tries = time.monotonic(), 0.0, 0
    while True:
        try:
            return call()
        except pa.ArrowInvalid as error:
            raise DamageError(f"cannot {what}: damaged ({in_one_line(error)}); {REPAIR}") from error
        except OSError as error:
            if is_gone(error):
                raise GoneError(f"cannot {what}: it is not there") from error
            if is_of_content(error):
                raise DamageError(f"cannot {what}: damaged ({in_one_line(error)}); {REPAIR}") from error
            wait_s = WAITS_S[n_tries] if n_tries < len(WAITS_S) else LONGEST_WAIT_S
            most_s = patience() if error.errno is None else sum(WAITS_S)
            spent_s = max(waited_s, time.monotonic() - began)  # a call to a store that stalls takes long by itself
            if is_for_good(error) or spent_s + wait_s > most_s:
                raise StoreError(f"cannot {what}: {in_one_line(error)}") from error
            time.sleep(wait_s)
            waited_s, n_tries = waited_s + wait_s, n_tries + 1


def is_gone(error: OSError) -> bool:
    """Whether an error says that there is no such file."""
    said = str(error)
    return isinstance(error, FileNotFoundError) or ("NO_SUCH_BUCKET" not in said and any(one in said for one in GONE))


def is_of_content(error: OSError) -> bool:
    """Whether an error says that bytes were read, and are wrong: what pyarrow says of a page's checksum, of a cut file.

    An error of a disk has a number, one of an object store names the store or the connection.
    """
    return error.errno is None and not any(one in str(error) for one in OF_NETWORK)


def is_for_good(error: OSError) -> bool:
    """Whether waiting will not help: no space, no permission, no such bucket."""
    return error.errno in NUMBERS_FOR_GOOD or any(one in str(error) for one in FOR_GOOD)
