"""Pictures for models straight from mosaics: of a built corpus, of any positions in a survey, or of all of a survey.

    for batch in stream("lotss_real", raw="RAW", store="STORE", delivery=Delivery(seed=1)):
        step(batch.images, batch.labels)                     # the corpus's own pictures of its training split

    table = pyarrow.table({"ra_deg": ra, "dec_deg": dec, "id": names})
    for batch in stream(table, "lotss_dr1", raw="RAW", side_px=128, delivery=Delivery(picture=None)):
        found.append((batch.ids, model(batch.images)))       # float32 in mJy/beam

With torch, `DataLoader(stream(…).shard(rank, world), batch_size=None, num_workers=4)` gives them as tensors.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import compute

from catalogs.catalog import catalog
from catalogs.survey import Survey, surveys
from curation.corpus import Corpus, corpus, graph, keep_digests, known_digests
from curation.dataset_steps import DatasetSteps
from curation.engine.objects import AnyPath, open_images
from curation.engine.steps import Step
from curation.engine.store import Store
from curation.pictures.mosaics import find_files, mosaics, mosaics_step
from curation.pictures.stream import Batch, Delivery, Stream
from curation.pictures.unchanged import Stamps, stamps_of
from curation.pictures.views import (
    SHOWN,
    Views,
    as_shown,
    side_in_arcsec,
    side_in_px,
    views_of_everything,
    views_of_positions,
    views_of_windows,
)
from curation.settings import images_place
from curation.truth.entries import entries_step
from schemas.errors import CatalogError, RecipeError
from schemas.folder import one_door
from schemas.tables import EDGES, NOISE

__all__ = ["EVERYTHING", "Batch", "Delivery", "Stream", "stream"]

EVERYTHING = "everything"
ENTRIES_OF = "entries:"
Row = dict[str, Any]


def stream(
    what: str | pa.Table,
    survey: str | None = None,
    *,
    raw: str | Path,
    images: str | None = None,
    store: str | None = None,
    side_px: int | None = None,
    side_arcsec: float | None = None,
    split: str | None = "train",
    delivery: Delivery | None = None,
) -> Stream:
    """The pictures of a corpus, of positions in a survey, or of all of it, as a stream of batches.

    `what`: without `survey` the name or file of a corpus that is built in `store`, whose cutouts of `split` (None: of
    all splits) come as they are there. With `survey`, a table with ra_deg and dec_deg (ICRS; SOURCES, ENTRIES or any
    other), "entries:NAME" for a published catalogue, or "everything": each mosaic in squares, half a side apart. Then
    one of `side_px` and `side_arcsec` says how large a window is; `store`, where given, spares reading all headers
    and hashing all files again. `images`: where the survey's images are, a folder or an address such as
    s3://bucket/folder; None: RADIO_IMAGES, else `raw`. `delivery`: None is 64 pictures a batch, unshuffled, drawn
    as the corpus says.

    Raises RecipeError for what cannot be asked for, CatalogError for files that are not what they must be.
    """
    folder, kept = Path(raw), None if store is None else Store(store)
    place = images_place(folder) if images is None else open_images(images)
    if survey is None:
        if isinstance(what, pa.Table) or kept is None:
            raise RecipeError("stream: name a survey for positions; a corpus needs the store that it is built in")
        return _of_corpus(corpus(what), folder, kept, split, delivery, images=place)
    if (side_px is None) == (side_arcsec is None):
        raise RecipeError("stream: expected one of side_px and side_arcsec")
    index, stamps = _index(one_door(surveys(), survey, "survey"), folder, kept, images=place)
    if isinstance(what, str) and what == EVERYTHING:
        if side_px is None:
            raise RecipeError(f"stream: {EVERYTHING} of a survey is cut in squares of side_px")
        views = views_of_everything(index, side_px, max(1, side_px // 2))
    else:
        side = side_in_px(side_px) if side_px is not None else side_in_arcsec(side_arcsec or 0)
        views = views_of_positions(as_shown(_positions(what, folder)), index, side)
    return Stream(views, place, delivery or Delivery(), stamps)


def _positions(what: str | pa.Table, raw: Path) -> pa.Table:
    if isinstance(what, pa.Table):
        return what
    if not what.startswith(ENTRIES_OF):
        raise RecipeError(f"stream: found {what!r}, expected a table, {ENTRIES_OF}NAME of a catalogue, or {EVERYTHING}")
    return entries_step(catalog(what.removeprefix(ENTRIES_OF)), raw).run([]).kept


def _index(survey: Survey, raw: Path, store: Store | None, *, images: AnyPath) -> tuple[pa.Table, Stamps]:
    """MOSAICS of a survey, from the store where it is there, and the stamps of its files."""
    digests = {} if store is None else known_digests(store)
    files = find_files(images, survey, digests)
    stamps = stamps_of(digests, [one.mosaic for one in files])
    if store is None:
        return mosaics(files, survey, raw=raw, images=images, stamps=stamps).kept, stamps
    keep_digests(digests, store)
    step = mosaics_step(survey, files, raw, stamps, images=images)
    return (store.read(step.address) if store.is_done(step.address) else step.run([]).kept), stamps


def _of_corpus(  # noqa: PLR0913
    wanted: Corpus, raw: Path, store: Store, split: str | None, delivery: Delivery | None, *, images: AnyPath
) -> Stream:
    if wanted.frame and not wanted.frame.is_as_cut:
        raise RecipeError(
            f"corpus {wanted.name}: its [frame] makes pictures that are no windows of a mosaic, and a stream reads "
            "windows; take `pixels` and `png` of its CUTOUTS, or positions of the survey"
        )
    made = graph(wanted, raw, store, images=images)
    if any(step.table is NOISE for step in made.steps):
        raise RecipeError(
            f"corpus {wanted.name}: its [noise], or that of a survey, asks for boxes around each picture, and a stream "
            "reads windows alone; take `pixels` and `png` of its CUTOUTS, or positions of the survey"
        )
    splits = next((step for step in made.steps if step.name == f"splits/{wanted.name}"), None)
    if splits is None:
        raise RecipeError(f"corpus {wanted.name}: has no datasets, so there are no pictures to stream")
    rows = _read(store, splits, ("cutout_id", "split"))
    chosen = rows if split is None else rows.filter(compute.equal(rows["split"], split))
    if not chosen.num_rows:
        found = ", ".join(sorted(set(rows["split"].to_pylist())))
        raise RecipeError(f"corpus {wanted.name}: no cutout is of split {split!r}; found: {found}")
    views = _together([_of_dataset(one, store, chosen["cutout_id"]) for one in made.of.values()])
    stamps = stamps_of(made.digests, [one["mosaic"] for one in views.mosaics])
    # What is in CUTOUTS has passed its own dataset's bound.
    return Stream(views, images, replace(delivery or Delivery(picture=wanted.picture), most_blank=1.0), stamps)


def _of_dataset(one: DatasetSteps, store: Store, chosen: pa.ChunkedArray) -> Views:
    cutouts = _read(store, one.cutouts, ("cutout_id", "source_id", "ra_deg", "dec_deg"))
    cutouts = cutouts.filter(compute.is_in(cutouts["cutout_id"], chosen.combine_chunks()))
    sources = _read(store, one.sources, ("source_id", "labels"))
    place = compute.index_in(cutouts["source_id"], sources["source_id"].combine_chunks())
    labels = sources["labels"].combine_chunks().take(place.combine_chunks())
    shown = pa.table([cutouts["cutout_id"], cutouts["ra_deg"], cutouts["dec_deg"], labels], schema=SHOWN)
    windows = dict[str, Row]()
    for window in _read(store, one.windows).to_pylist():
        windows |= {box["cutout_id"]: box for box in (window, *(window["others"] or ()))}
    found = [windows[name] for name in cutouts["cutout_id"].to_pylist()]
    return views_of_windows(shown, found, _read(store, one.mosaics).to_pylist())


def _together(parts: list[Views]) -> Views:
    """The views of several datasets, which may share a survey, as one."""
    mosaics_ = {one["mosaic"]: one for part in parts for one in part.mosaics}
    boxes = [{"mosaic": part.mosaics[row[0]]["mosaic"], **_box(row)} for part in parts for row in part.windows.tolist()]
    shown = pa.concat_tables([part.shown for part in parts])
    return views_of_windows(shown, boxes, mosaics_.values())


def _box(row: list[int]) -> dict[str, int]:
    return dict(zip(EDGES, row[1:], strict=True))


def _read(store: Store, step: Step, columns: tuple[str, ...] | None = None) -> pa.Table:
    if not store.is_done(step.address):
        raise CatalogError(f"{store.path(step.address)}: not built; run `python -m curation build` on the corpus first")
    return store.read(step.address, columns)
