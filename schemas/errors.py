"""Everything this project raises on purpose, one sentence each, by whose fault it is.

A message says where (path, row, column), what was found, what was expected and what to do.
`exit_code` is what a command line ends with when the error reaches it.
"""


class CorpusError(Exception):
    """Anything this project raises on purpose."""

    exit_code = 1


class RecipeError(CorpusError):
    """A file behind one of the doors, or a command line, says something impossible."""

    exit_code = 2


class CatalogError(CorpusError):
    """A file from outside is not what its reader expects."""


class FetchError(CorpusError):
    """An archive does not give what its list says, or nothing may be asked of it."""


class TableError(CorpusError):
    """A table breaks its contract."""


class StoreError(CorpusError):
    """The store cannot be read or written, or another build holds the table."""


class GoneError(StoreError):
    """A file of the store is not there; another process may have taken it away between two looks."""


class DamageError(StoreError):
    """What is there is not what was written, with all that is damaged."""


class ReplyError(CorpusError):
    """The model answered, but not in the agreed form; ends as a rejected row."""


class ModelError(CorpusError):
    """The served model is gone or is another one."""


class CheckpointError(CorpusError):
    """Weights that are not what they must be: incomplete, of another run, unchanged, or not equal to the live model."""


class StepError(CorpusError):
    """A step failed; names the step and the part, and carries the cause."""


class GateError(CorpusError):
    """A gate refused, with all its reasons."""

    exit_code = 3


class BudgetError(CorpusError):
    """More rows were rejected than the corpus file allows."""

    exit_code = 4
