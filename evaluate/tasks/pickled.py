"""Numbers, texts, lists, dictionaries and NumPy's arrays out of a pickle, operation by operation.

A pickle is a program, and to load it is to run it. Here it is only read (`pickletools.genops`): what it names is never
looked up or called, and any name but the few that stand for arrays is refused.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_OPERATIONS, DEEPEST = 2_000_000, 3
KINDS = "biuf"
"""Of a dtype: truth, whole numbers, reals."""
NAMES = {
    "numpy ndarray": "ndarray", "numpy dtype": "dtype", "_codecs encode": "encode",
    "numpy.core.multiarray _reconstruct": "array", "numpy._core.multiarray _reconstruct": "array",
    "numpy.core.multiarray scalar": "scalar", "numpy._core.multiarray scalar": "scalar",
    "numpy.core.numeric _frombuffer": "buffer", "numpy._core.numeric _frombuffer": "buffer",
}  # fmt: skip
"""All that a pickle may name, and what is made instead of looking it up."""
PLAIN = """
INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES BINBYTES8
SHORT_BINBYTES BYTEARRAY8 UNICODE BINUNICODE BINUNICODE8 SHORT_BINUNICODE
""".split()  # noqa: SIM905 -- a list of words


def plain_pickle(body: bytes) -> Any:
    """What a pickle holds. ValueError, LookupError, TypeError or AttributeError for one that holds anything else."""
    reader = _Reader()
    for n, (operation, arg, _) in enumerate(pickletools.genops(body)):
        if operation.name not in OPERATIONS or n >= MOST_OPERATIONS:
            raise ValueError(f"found {operation.name} after {n} operations, expected numbers, texts and arrays alone")
        OPERATIONS[operation.name](reader, arg)
    (found,) = reader.stack
    return _bare(found)


@dataclass
class _Dtype:
    kind: str
    order: str = "="

    def numpy(self) -> np.dtype[Any]:
        if self.kind[:1] not in KINDS or not self.kind[1:].isdecimal() or self.order not in "<>=|":
            raise ValueError(f"found an array of {self.order}{self.kind}, expected numbers")
        return np.dtype(self.order.replace("|", "=") + self.kind)


@dataclass
class _Array:
    values: Any = None


class _Reader:
    """The stack of what was read, as the operations of a pickle leave it."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def taken(self, n: int | None = None) -> list[Any]:
        """The last n, or all above the last mark."""
        at = self.marks.pop() if n is None else len(self.stack) - n
        found = self.stack[at:]
        del self.stack[at:]
        return found

    def push(self, one: Any) -> None:
        self.stack.append(one)

    def mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def add(self, more: list[Any]) -> None:
        self.stack[-1].extend(more)

    def set_items(self, pairs: list[Any]) -> None:
        self.stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))

    def dictionary(self, _: Any) -> None:
        pairs = self.taken()
        self.push({})
        self.set_items(pairs)

    def keep(self, at: int | None) -> None:
        self.memo[len(self.memo) if at is None else at] = self.stack[-1]

    def name(self, name: str) -> None:
        if name not in NAMES:
            raise ValueError(f"found {name.replace(' ', '.')}, expected numbers, texts and arrays alone")
        self.push(NAMES[name])

    def reduce(self, _: Any) -> None:
        what, args = self.taken(2)
        self.push(MAKERS[what](*args))

    def build(self, _: Any) -> None:
        (state,) = self.taken(1)
        what = self.stack[-1]
        if isinstance(what, _Array):
            _, shape, dtype, is_fortran, body = state
            what.values = _array(body, dtype, shape, "F" if is_fortran else "C")
        else:
            what.order = str(state[1])


OPERATIONS: Mapping[str, Callable[[_Reader, Any], None]] = {
    **dict.fromkeys(PLAIN, _Reader.push),
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda _, __: None),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Reader.keep),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda it, at: it.push(it.memo[at])),
    "NONE": lambda it, _: it.push(None),
    "NEWTRUE": lambda it, _: it.push(True),
    "NEWFALSE": lambda it, _: it.push(False),
    "EMPTY_LIST": lambda it, _: it.push([]),
    "EMPTY_DICT": lambda it, _: it.push({}),
    "EMPTY_TUPLE": lambda it, _: it.push(()),
    "MARK": _Reader.mark,
    "LIST": lambda it, _: it.push(it.taken()),
    "DICT": _Reader.dictionary,
    "TUPLE": lambda it, _: it.push(tuple(it.taken())),
    "TUPLE1": lambda it, _: it.push(tuple(it.taken(1))),
    "TUPLE2": lambda it, _: it.push(tuple(it.taken(2))),
    "TUPLE3": lambda it, _: it.push(tuple(it.taken(3))),
    "APPEND": lambda it, _: it.add(it.taken(1)),
    "APPENDS": lambda it, _: it.add(it.taken()),
    "SETITEM": lambda it, _: it.set_items(it.taken(2)),
    "SETITEMS": lambda it, _: it.set_items(it.taken()),
    "GLOBAL": _Reader.name,
    "STACK_GLOBAL": lambda it, _: it.name(" ".join(it.taken(2))),
    "REDUCE": _Reader.reduce,
    "BUILD": _Reader.build,
}
MAKERS: Mapping[str, Callable[..., Any]] = {
    "dtype": lambda kind, *_: _Dtype(str(kind)),
    "array": lambda *_: _Array(),
    "buffer": lambda body, dtype, shape, order: _Array(_array(body, dtype, shape, order)),
    "scalar": lambda dtype, body: _array(body, dtype, (), "C").item(),
    "encode": lambda text, *_: _bytes(text),
}


def _array(body: str | bytes, dtype: _Dtype, shape: tuple[int, ...], order: Any) -> Any:
    return np.frombuffer(_bytes(body), dtype.numpy()).reshape(shape, order=order)


def _bytes(given: str | bytes) -> bytes:
    return given.encode("latin1") if isinstance(given, str) else bytes(given)


def _bare(given: Any, depth: int = 0) -> Any:
    """The same with arrays for what stands for them in dictionaries and lists."""
    if isinstance(given, _Array):
        return given.values
    if isinstance(given, dict):
        if depth == DEEPEST:
            raise ValueError(f"found dictionaries {DEEPEST + 1} deep or more")
        return {key: _bare(one, depth + 1) for key, one in given.items()}
    return [one.values if isinstance(one, _Array) else one for one in given] if isinstance(given, list) else given
