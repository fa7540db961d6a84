"""The process that opens pictures: `python -m curation.papers.converter MEMORY FOLDER`, a frame in, a frame out.

It has a limit of memory and of the files it may write, opens no network, and is ended from outside when it is too slow.
"""

import json
import resource
import shutil
import signal
import sys
from dataclasses import fields
from typing import Any

from PIL import Image

from curation.papers import frames, postscript
from curation.papers.opening import as_image, joined
from curation.papers.pages import figures_of_pages
from curation.papers.png import grey_of, png_of
from curation.papers.wanted import UnusableError, Want, limit_cpu
from schemas.trouble import in_one_line

WRITTEN_BYTES = 500_000_000
OF_WANT = {one.name for one in fields(Want)}


def main() -> None:
    """Answer until the pipe ends; the folder is for temporary files, and goes with the process."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints is no answer
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN_BYTES, WRITTEN_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    Image.MAX_IMAGE_PIXELS = None  # sizes are held to the limits of the request
    frames.write(sink, {"ready": True})
    while frame := frames.read(source):
        answer, payload = _answered(*frame)
        frames.write(sink, answer, payload)
    postscript.close()
    shutil.rmtree(sys.argv[2], ignore_errors=True)  # who asked came to an end and cannot


def _answered(message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    limit_cpu(message["seconds"])
    try:
        return _pages(message, payload) if message["what"] == "pages" else _pictures(message, payload)
    except UnusableError as error:
        return {"reason": error.reason, "detail": str(error)}, b""
    except MemoryError:
        return {"reason": "picture-too-large", "detail": "needs more memory than a picture may take"}, b""
    except OSError as error:
        if error.errno is not None:  # the machine's: no room for a file, no process
            return {"errno": error.errno, "detail": in_one_line(error)}, b""
        return {"reason": "picture-broken", "detail": in_one_line(error)}, b""
    except Exception as error:  # whatever a library raises on a hostile picture is told, and the next one is asked
        return {"reason": "picture-broken", "detail": f"{type(error).__name__}: {in_one_line(error)}"}, b""


def _pictures(message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    images: list[tuple[Image.Image, int]] = []
    kinds: list[str] = []
    at = 0
    for one in message["pictures"]:
        want = Want(**{key: value for key, value in one.items() if key in OF_WANT})
        image, kind = as_image(payload[at : at + one["bytes"]], want)
        at += one["bytes"]
        images.append((image, want.row))
        kinds.append(kind)
    whole = joined(images, message["side_px"])
    if whole.width * whole.height > message["pixels"]:
        raise UnusableError("picture-too-large", f"{len(images)} pictures of {whole.width} x {whole.height} pixels")
    told, given = _given(whole)
    return {"kinds": kinds, **told}, given


def _pages(message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    found, pictures = [], []
    for figure, image in figures_of_pages(payload, message["side_px"], message["figures"]):
        told, given = _given(image) if image else ({"n_png": 0, "n_grey": 0}, b"")
        found.append({**figure, **told})
        pictures.append(given)
    return json.loads(json.dumps({"figures": found})), b"".join(pictures)


def _given(image: Image.Image) -> tuple[dict[str, int], bytes]:
    """A picture's sides and the lengths of what is given of it; its PNG and its greys."""
    png, grey = png_of(image), grey_of(image)
    return {"width": image.width, "height": image.height, "n_png": len(png), "n_grey": len(grey)}, png + grey


if __name__ == "__main__":
    main()
