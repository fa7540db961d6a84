"""Whose fault a failure is: the machine's, which may pass, or that of a file, which stays."""

from schemas.errors import StoreError

MOST_TOLD = 1000  # characters: a name or a message may be of any length


def machine_failed(error: BaseException | None) -> bool:
    """Whether the machine failed: no memory, or an OSError to which the system gave a number.

    A disk that is away, a permission, too many open files: such errors have a number. What a library says of the
    content of a file is an OSError without one. What the error was raised from is looked at as well.
    """
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None):
            return True
        error = error.__cause__ or error.__context__
    return False


def store_failed(error: BaseException) -> bool:
    """Whether a store could not be reached: the errors of an object store have no number."""
    return isinstance(error, StoreError) and isinstance(error.__cause__, OSError)


def pass_on(error: BaseException) -> None:
    """Raise the error again where the machine failed: nothing may be said of the file then."""
    if machine_failed(error):
        raise error


def in_one_line(error: BaseException) -> str:
    """What happened, without a traceback: of an OSError the file and the system's words."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where[:MOST_TOLD]}{error.strerror}"
    told = " ".join(str(error).split())[:MOST_TOLD]
    if isinstance(error, MemoryError):
        return f"no memory{f': {told}' if told else ''}"
    return told or type(error).__name__
