"""What CASDA stages for a login, by astroquery: found in its ObsCore table, asked for, and then files as any others.

The login is a file of two lines, the account and its password, that nobody else may read. It is never shown or kept.
"""

import stat
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from catalogs.archive import FILE, Archive
from curation.fetching.line import Line
from curation.fetching.wanted import Wanted, check_names
from schemas.errors import FetchError, RecipeError

TAP = "https://casda.csiro.au/casda_vo_tools/tap"
QUERY = "SELECT * FROM ivoa.obscore WHERE {}"
SUMS = ".checksum"


def login_of(file: Path) -> tuple[str, str]:
    """Account and password. Raises RecipeError for a file that is none, or that others may read."""
    try:
        mode = file.stat().st_mode
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"--login {file}: {getattr(error, 'strerror', None) or 'no text'}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise RecipeError(f"--login {file}: others may read it; chmod 600 {file}")
    if len(lines) < 2 or not lines[0].strip() or not lines[1]:  # noqa: PLR2004
        raise RecipeError(f"--login {file}: expected two lines, the account and its password")
    return lines[0].strip(), lines[1]


def staged(archive: Archive, names: Sequence[str], only: str, login: tuple[str, str], line: Line) -> list[Wanted]:
    """The files of a list that CASDA has made ready. Waits until they are. Raises RecipeError and FetchError."""
    check_names(archive, names)
    try:
        from astroquery.casda import CasdaClass
        from pyvo.dal import TAPService
    except ImportError:
        raise RecipeError(
            "CASDA is asked by astroquery, which is not installed: pip install radio-corpus[casda]"
        ) from None
    wanted = " OR ".join(f"({archive.casda.replace('{name}', one)})" for one in names)  # names fit the list's pattern
    try:
        found = TAPService(TAP).search(QUERY.format(wanted)).to_table()
        rows = [k for k, one in enumerate(found["filename"]) if fnmatchcase(str(one), only)]
        urls = _logged_in(CasdaClass(), login).stage_data(found[rows]) if rows else []
    except FetchError:
        raise
    except Exception as error:  # whatever astroquery, pyvo and requests raise, in one line
        raise FetchError(f"CASDA: {type(error).__name__}: {' '.join(str(error).split())[:300]}") from None
    if not urls:
        raise FetchError(f"CASDA has no file ready where {wanted}")
    return [one for url in urls if (one := _wanted(archive, url, line))]


def _logged_in(casda: Any, login: tuple[str, str]) -> Any:
    """With the password of the file, by a keyring of its own that lasts as long as this. Raises FetchError."""
    import keyring
    from keyring.backend import KeyringBackend

    account, password = login

    class OfFile(KeyringBackend):
        priority = 1  # type: ignore[assignment]

        def get_password(self, service: str, username: str) -> str | None:
            return password

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

        def delete_password(self, service: str, username: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(OfFile())
    try:
        casda.login(username=account)
    finally:
        keyring.set_keyring(before)
    if not casda.authenticated():
        raise FetchError("CASDA does not take the login of the file; is the password right, and the account open?")
    return casda


def _wanted(archive: Archive, url: str, line: Line) -> Wanted | None:
    """A staged file; None for the sums beside it, whose form is not published."""
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    if name.endswith(SUMS):
        return None
    if not FILE.fullmatch(name):
        raise FetchError(f"CASDA: found a file that is called {name!r:.100}, which is no plain name")
    line.checked(url)
    return Wanted(url, archive.casda_path.replace("{file}", name))
