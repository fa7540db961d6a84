"""Makes PyPI's torchvision, built for CUDA, importable beside a CPU build of torch: import this before torchvision.

That torchvision cannot load its compiled operators there, and its Python code then dies on declaring stand-ins for
operators that nobody defined ("operator torchvision::nms does not exist"). Declaring their forms lets the transforms
work, which is all that picture processors need; nms itself, and reading files, still do not. Where the compiled
operators load, nothing is changed. The work waits for the first import of torchvision. Environments of other programs
have a copy of this one file and a `.pth` file that imports it at each start of Python, so it imports nothing of ours.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

MISSING = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept: list[Any] = []  # a Library takes its declarations back when it is collected


class _Watch:
    """Sees the first import of torchvision, and steps aside."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name == "torchvision":
            sys.meta_path.remove(self)
            declare()
        return None


def declare() -> bool:
    """Whether the operators had to be declared."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    import torch
    from torch import library as declarations

    if torch.version.cuda or torch.version.hip:
        return False
    for compiled in sorted(Path(spec.origin).parent.glob("_C*.so")):
        try:
            torch.ops.load_library(str(compiled))
        except OSError:  # the CUDA libraries that it is linked to are absent
            continue
        return False
    library = declarations.Library("torchvision", "DEF")
    for form in MISSING:
        library.define(form)
    _kept.append(library)
    return True


if "torchvision" not in sys.modules:
    sys.meta_path.insert(0, _Watch())
