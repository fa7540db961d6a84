"""Files from outside are read as the address of a table says that they are, also where a build takes days."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from schemas.errors import CatalogError


@contextmanager
def as_indexed(indexed: object, found: Callable[[], object], whose: str) -> Generator[None]:
    """Hold files to their digests after they were read in this block.

    Raises CatalogError where `found` gives others than were `indexed`: what was read is not to be used.
    """
    yield
    if found() != indexed:
        raise CatalogError(f"{whose}: its files changed since the build began; run `build` again, it will notice")
