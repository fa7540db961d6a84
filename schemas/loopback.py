"""An embedded Ray stays on its machine: it listens on the loopback address alone, and its token is its user's alone."""

import os
import secrets
import socket
import sys
import tempfile
from pathlib import Path

from schemas.errors import StepError
from schemas.trouble import in_one_line

# Ray binds GCS, raylet, workers and metrics to all addresses, unless its node has the loopback address; and it replaces
# that one by the machine's, whatever it is told, unless clusters are switched off. The variable is of Ray's for
# platforms without clusters, and is read where ray is imported, here and in every process that it starts.
NO_CLUSTER = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
LOOPBACK = "127.0.0.1"


def names_cluster() -> bool:
    """Whether RAY_ADDRESS names a cluster: then work goes there. `local` is Ray's word for none."""
    return os.environ.get("RAY_ADDRESS", "") not in ("", "local")


def free_port(host: str = LOOPBACK) -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind((host, 0))
        return one.getsockname()[1]


def stay_at_home() -> None:
    """Make the next `ray.init` of this process, with the node address 127.0.0.1, listen on loopback alone."""
    os.environ[NO_CLUSTER] = "0"
    if constants := sys.modules.get("ray._private.ray_constants"):
        vars(constants)["ENABLE_RAY_CLUSTER"] = False  # ray was imported before
    own_token()


def own_token() -> None:
    """Make Ray's token file before Ray does, which lets everybody read it; take that right away where it was given.

    Raises StepError where the file can be read by others and is not ours to change.
    """
    if os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        return
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    file = Path(named) if named else Path.home() / ".ray" / "auth_token"
    try:
        if not file.exists() and not named:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(file)
        if file.exists() and file.stat().st_mode & 0o077:
            file.chmod(0o600)
    except OSError as error:
        raise StepError(
            f"{file}: Ray's token cannot be kept for its user alone: {error.strerror or error}; set HOME to a folder "
            "of your own, or RAY_AUTH_TOKEN_PATH to a file of yours with mode 600"
        ) from error


def _make(file: Path) -> None:
    """Whole or not at all, also where two builds begin together."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_hex(32))
    try:
        os.link(aside, file)
    except FileExistsError:
        pass
    finally:
        aside.unlink()


def not_started(error: Exception) -> StepError:
    """What to say of a Ray that cannot be started; of a full folder and of a busy machine it raises any Exception."""
    return StepError(
        f"Ray cannot be started: {in_one_line(error)[:500]}; its files are in {ray_folder()}, and RAY_TMPDIR names "
        "another folder"
    )


def ray_folder() -> str:
    """Where Ray keeps sockets, logs and what it spills."""
    return os.environ.get("RAY_TMPDIR") or os.environ.get("RAY_TEMP_DIR") or f"{tempfile.gettempdir()}/ray"
