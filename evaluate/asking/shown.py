"""What a picture of a benchmark is shown as: itself, an even grey, or another picture of the benchmark."""

import io
from collections.abc import Callable, Sequence

from PIL import Image

from evaluate.tasks.benchmark import Task
from schemas.fingerprint import content_id
from schemas.pictures import opened

GREY_LEVEL = 128


def pictures_shown(how: str, tasks: Sequence[Task]) -> list[bytes]:
    """The PNG that each task is asked about; `how` is one of SHOWN."""
    return SHOWN[how](tasks)


def _pictures(tasks: Sequence[Task]) -> list[bytes]:
    return [task.png for task in tasks]


def _grey(tasks: Sequence[Task]) -> list[bytes]:
    """An even grey picture of the same size: what a model says without looking."""
    return [_grey_like(task.png) for task in tasks]


def _shuffled(tasks: Sequence[Task]) -> list[bytes]:
    """Each picture's neighbour in an order by key; alone in its part, a picture has none and becomes grey."""
    if len(tasks) < 2:  # noqa: PLR2004
        return _grey(tasks)
    order = sorted(range(len(tasks)), key=lambda k: content_id("shuffled", tasks[k].picture_id))
    other = {k: order[(at + 1) % len(order)] for at, k in enumerate(order)}
    return [tasks[other[k]].png for k in range(len(tasks))]


def _grey_like(png: bytes) -> bytes:
    picture = opened(png, "a picture of a benchmark")
    sink = io.BytesIO()
    Image.new("L", picture.size, GREY_LEVEL).convert(picture.mode).save(sink, "PNG")
    return sink.getvalue()


SHOWN: dict[str, Callable[[Sequence[Task]], list[bytes]]] = {
    "picture": _pictures, "grey": _grey, "shuffled": _shuffled,
}  # fmt: skip
