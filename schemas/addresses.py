"""Addresses that hold a name and a password, and how these are kept out of every output.

Keys of an object store come from the environment of the machine (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), or from
what the provider's own library reads. A person may have put them into the address all the same: then they are moved to
the environment with a warning, and the address goes on without them, also in the list of processes.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

from schemas.errors import RecipeError

# The secret ends at the first @: one of Amazon's may hold a slash, and none an @.
CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^/@:?#\s]*):(?P<secret>[^@\s]*)@")
NAMED_SECRET = re.compile(r"(?i)[?&;][^=&;]*(secret|passw|token|credential|signature|[_-]key|api_?key|sig)[^=&;]*=")
AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
STORE, IMAGES = "RADIO_STORE", "RADIO_IMAGES"


def shown(address: str) -> str:
    """The address without names, passwords and what stands behind a question mark: for people."""
    plain = CREDENTIALS.sub(lambda found: f"{found['scheme']}://", address)
    return re.sub(r"//[^/@?#]*@", "//", plain).partition("?")[0]


def without_keys(address: str) -> str:
    """The address of a store without its keys, which go into the environment, with a warning on stderr.

    Raises RecipeError for keys that cannot be moved there, without naming them.
    """
    found = CREDENTIALS.match(address)
    if NAMED_SECRET.search(address.partition("://")[2]) or CREDENTIALS.search(address[found.end() if found else 1 :]):
        raise RecipeError(
            f"{shown(address)}: a key or a password stands in this address; take it out, and set {' and '.join(AWS)}"
        )
    if found is None:
        return address
    if found["scheme"].lower() != "s3":
        raise RecipeError(
            f"{shown(address)}: a name and a password stand in this address; take them out, and give them by the "
            "environment, as the provider's library reads it"
        )
    os.environ |= dict(zip(AWS, (unquote(found["user"]), unquote(found["secret"])), strict=True))
    os.environ.pop("AWS_SESSION_TOKEN", None)  # of other keys
    print(
        f"warning: keys in the address of a store ({shown(address)}) stand in shell histories and lists of processes; "
        f"set {' and '.join(AWS)} instead, and change these keys",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    return f"{found['scheme']}://{address[found.end() :]}"


def start_without_keys(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start this process anew where keys stand in its command line, RADIO_STORE or RADIO_IMAGES: nobody then sees them.

    `words`: those after the interpreter. Comes back where there is none. Raises RecipeError as `without_keys`.
    """
    clean = [_without_keys_of_word(word) for word in words]
    named = {name: environment[name] for name in (STORE, IMAGES) if environment.get(name)}
    if clean == list(words) and not any(map(CREDENTIALS.search, named.values())):
        return
    moved = {name: without_keys(address) for name, address in named.items()}
    os.execve(sys.executable, [sys.executable, *clean], {**os.environ, **moved})  # noqa: S606 -- ourselves


def _without_keys_of_word(word: str) -> str:
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    found = CREDENTIALS.match(value)
    is_store = found is not None and found["scheme"].lower() not in ("http", "https")  # a server's: refused elsewhere
    return f"{option}{equals}{without_keys(value)}" if is_store else word


def is_web_address(address: str) -> bool:
    """Whether it is `http://` or `https://` with a host, and with a port only where that is one: 0 to 65535."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 -- raises for what is none
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", address)


def server_address(address: str) -> str:
    """The address of a model server. Raises RecipeError for one that holds a password or a query, without naming it."""
    if CREDENTIALS.search(address) or re.match(r"[^/]*//[^/?#]*@", address) or "?" in address or "#" in address:
        raise RecipeError(
            f"--server {shown(address)}: found a name, a password or a `?` in this address, expected none; the "
            "server's key comes from RADIO_SERVER_KEY, or from the file that RADIO_SERVER_KEY_FILE names"
        )
    return address
