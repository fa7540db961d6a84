"""Lets `import torchvision` succeed beside a torch without CUDA.

torchvision's wheel from PyPI links CUDA libraries. On a CPU its compiled operators do not load, and its pure Python
part stops at `operator torchvision::nms does not exist`, because it registers shapes for operators nobody declared.
Declaring the two names is enough. `nms` and `decode_image` stay without a kernel: pictures are read with PIL.
"""

import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@cache  # keeps the library object alive: its declarations go when it goes
def declared_operators() -> Any:
    """The declarations, made once and before torchvision or transformers is imported; None where torchvision works."""
    found = importlib.util.find_spec("torchvision")
    if found is None or not found.origin or "torchvision" in sys.modules:
        return None
    import torch

    if torch.version.cuda or torch.version.hip or _loads(Path(found.origin).parent):
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}{SIGNATURE}")
    return library


def _loads(folder: Path) -> bool:
    """Whether torchvision's compiled part fits this torch."""
    import torch

    for extension in sorted(folder.glob("_C*.so")):
        try:
            torch.ops.load_library(str(extension))
        except OSError:
            continue
        return True
    return False
