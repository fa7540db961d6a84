"""Papers, figures and small builds of captions, in one process and without Ray."""

import hashlib
import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from curation.captions.looks import panels, picture_hash, small
from curation.corpus import Corpus, Graph, graph
from curation.demo_papers import write_demo_papers
from curation.engine.record import made_manifest
from curation.engine.run import make_parts
from curation.engine.store import Store
from curation.papers import png as papers_png
from curation.papers.paper import looked_at
from schemas.fingerprint import content_id
from schemas.pictures import opened

GOOD = "Radio map of a double source at 1.4 GHz with contours at 1, 2 and 4 mJy per beam over grey scale"


@lru_cache(maxsize=64)
def picture(number: int, side_px: int = 64) -> bytes:
    """A smooth grey picture, by number."""
    coarse = np.random.default_rng(number).integers(0, 255, (6, 6), dtype=np.uint8)
    sink = io.BytesIO()
    Image.fromarray(coarse).resize((side_px, side_px), Image.Resampling.BICUBIC).save(sink, "PNG")
    return sink.getvalue()


def grey_of(png: bytes) -> np.ndarray:
    """As rules look at a picture."""
    image = opened(png, "a figure")
    width, height = looked_at(*image.size)
    return np.frombuffer(papers_png.grey_of(image), np.uint8).reshape(height, width)


def figure(number: int = 1, caption: str = GOOD, *, paper: str = "2401.00001", **given: Any) -> dict[str, Any]:
    """A row of FIGURES; its picture is `png`, else one of its number."""
    png = given.pop("png", None) or picture(number)
    grey = grey_of(png)
    return {
        "figure_id": content_id("figure", paper, number), "paper_id": paper, "number": number, "panel": "",
        "kind": "figure", "label": "", "caption_latex": caption, "caption": caption, "n_words": len(caption.split()),
        "files": ["a.png"], "n_pictures": 1, "source_format": "png", "source_sha256": "0" * 64, "png": png,
        "sha256": hashlib.sha256(png).hexdigest(), "width_px": 64, "height_px": 64, "picture_hash": picture_hash(grey),
        "small": small(grey), "n_panels": panels(grey), "published": "2024-01-01", "licence": "CC-BY-4.0",
        "is_redistributable": True, "attribution": "Demo 2024", **given,
    }  # fmt: skip


def papers_corpus(**captions: Any) -> Corpus:
    """A corpus of captions alone."""
    given = {"model": "rule-server", "papers_per_part": 4, **captions}
    return Corpus.model_validate({"name": "papers", "title": "Figures of papers", "captions": given})


def demo_raw(folder: Path) -> Path:
    """A raw folder with the demo's papers and nothing else."""
    write_demo_papers(folder)
    return folder


def make(
    wanted: Corpus, raw: Path, store: Store, servers: tuple[str, ...] = (), most_parts: int | None = None
) -> Graph:
    """Make what is missing of a corpus, one part after the other; at most so many parts, as if killed after them."""
    made = graph(wanted, raw, store, servers)
    left = most_parts
    for step in made.steps:
        if store.is_done(step.address):
            continue
        n_parts = len(store.manifest(step.inputs[0].step.address).parts) if step.is_by_part else 1
        records = {}
        for k in range(n_parts):
            there = store.part_record(step.address, k) if step.is_by_part else None
            if there is None:
                if left == 0:
                    return made
                left = None if left is None else left - 1
                made_now = make_parts(step, k, store)
            else:
                made_now = (there,)
            records |= {one.name: one for one in made_now}
        store.finish(made_manifest(step, records))
    return made
