"""What lies before a reviewer: the newest hand-over of a corpus, a conversation at a time, with all that is known.

Only tables are read; a decision is about what they show, and the next build is made by it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalogs.dataset import dataset
from catalogs.survey import surveys
from curation.corpus import Corpus, known_digests
from curation.decisions.evidence import Annotated, Evidence
from curation.decisions.rows import Decision, decisions_of
from curation.engine.store import Store
from curation.pictures.outlines import SkyOutlines
from curation.pictures.unchanged import Stamps, stamps_of
from curation.reviewing.queue import Waiting, waiting
from curation.reviewing.standings import Went
from curation.verification.annotation_tables import AnnotationTables
from curation.verification.claims import SurveyFacts
from schemas.errors import RecipeError
from schemas.labels import LabelScheme, label_scheme
from schemas.rows import Rows
from schemas.whole import read_manifest

HELD = 8  # parts of tables that stay in memory: what is looked at is asked for several times
Row = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A conversation, and what is known of its picture."""

    sample_id: str
    dataset: str
    conversation: Row
    cutout: Row
    """A row of CUTOUTS, with its pixels."""
    source: Row
    """Its id and labels, as reviewers corrected them."""
    before: Sequence[Row]
    """The labels of the source before any review."""
    turns: Sequence[Row]
    """Rows of QUALITY."""
    evidence: Evidence


class Desk:
    """The tables of the newest hand-over of a corpus, for reading."""

    def __init__(self, store: Store, corpus: Corpus, handover: Path, tables: Mapping[str, Sequence[str]]) -> None:
        """`tables`: the addresses of each kind, as the manifest of the hand-over has them."""
        self.store, self.corpus, self.handover, self.tables = store, corpus, handover, tables
        self._part = lru_cache(maxsize=HELD)(store.read_part)
        self._whole = cache(store.read)
        self._acts = dict[str, list[Decision]]()

    @classmethod
    def of(cls, store: Store, corpus: Corpus, out: Path | None) -> "Desk":
        """The newest hand-over's. Raises RecipeError where there is none, or it lies elsewhere than `out`."""
        address = store.tagged(corpus.latest)
        if address is None:
            raise RecipeError(f"{store.where}: no hand-over of {corpus.name} yet: run `curation build` first")
        folder = (out or Path(store.root)) / address
        if not folder.is_dir():
            raise RecipeError(f"{folder}: no such folder; say with --out where hand-overs of {corpus.name} are")
        return cls(store, corpus, folder, read_manifest(folder)["tables"])

    def newest(self) -> "Desk":
        """This one, or that of a hand-over which was made since."""
        address = self.store.tagged(self.corpus.latest)
        out = self.handover.parents[2]
        if address is None or out / address == self.handover or not (out / address).is_dir():
            return self
        return Desk.of(self.store, self.corpus, out)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Those of the corpus that have conversations."""
        return tuple(one.split("/")[1] for one in self.tables.get("conversations", ()))

    @cached_property
    def queue(self) -> list[Waiting]:
        """Every conversation to look at, the most doubtful first."""
        return waiting(self.store, self.tables)

    @cached_property
    def went(self) -> Went:
        """What this hand-over was made by."""
        return Went(self.store, self.tables)

    def reviews(self, datasets: Iterable[str] | None = None) -> dict[str, tuple[Decision, ...]]:
        """All decisions about each dataset as they are kept now, by time; None: about all datasets."""
        return decisions_of(self.store, self.datasets if datasets is None else datasets, self._acts)

    @cached_property
    def by_conversation(self) -> dict[str, Waiting]:
        """The same by id."""
        return {one.conversation_id: one for one in self.queue}

    @cached_property
    def by_sample(self) -> dict[str, Waiting]:
        """The same by the sample's id, those too that were rejected in review."""
        return {one.sample_id: one for one in self.queue}

    def found(self, name: str) -> Waiting:
        """By the id of a sample or a conversation. Raises RecipeError for another."""
        one = self.by_sample.get(name) or self.by_conversation.get(name)
        if one is None:
            example = self.queue[0].sample_id if self.queue else "none"
            raise RecipeError(
                f"no sample or conversation {name!r} in the newest hand-over of {self.corpus.name}, expected an id "
                f"such as {example}; `curation review list {self.corpus.name}` tells which decisions are open again"
            )
        return one

    def scheme(self, dataset_name: str) -> LabelScheme:
        """The labels of a dataset."""
        return label_scheme(dataset(dataset_name).scheme)

    def seen(self, one: Waiting) -> Seen:
        """All that is shown of a conversation."""
        k = self._places[one.conversation_id]
        conversation = self._row("conversations", one.dataset, k, ("conversation_id", one.conversation_id))
        cutout = self._row("cutouts", one.dataset, k, ("cutout_id", conversation["cutout_id"]))
        turns = self._rows("quality", one.dataset, k, ("conversation_id", one.conversation_id))
        known = self._before[one.dataset]
        evidence, before = known.of(cutout), known.labels(cutout["source_id"])
        source = self.annotations(one.dataset).source_rows.get(cutout["source_id"])
        if evidence is None or before is None or source is None:
            raise RecipeError(f"source {cutout['source_id']} is not there: build again")
        turns = sorted(turns, key=lambda turn: turn["turn"])
        return Seen(one.sample_id, one.dataset, conversation, cutout, source, before, turns, evidence)

    def annotations(self, dataset_name: str) -> AnnotationTables:
        """What words of a dataset were held against."""
        return self._annotations[dataset_name]

    def objects(self, dataset_name: str) -> Mapping[str, Row]:
        """Names and labels of OBJECTS of a dataset by id, as reviewers corrected them."""
        return self._objects[dataset_name]

    def outlines(self, dataset_name: str) -> SkyOutlines:
        """Their outlines on the sky."""
        return self.annotations(dataset_name).outlines

    def picture(self, cutout_id: str) -> bytes | None:
        """The PNG of a cutout; None where there is no such one."""
        for name in self.datasets:
            k = self._cutouts[name].get(cutout_id)
            if k is not None:
                return self._row("cutouts", name, k, ("cutout_id", cutout_id))["png"]
        return None

    @cached_property
    def twins(self) -> dict[str, list[Row]]:
        """Of each cutout the same sky in other surveys, with the labels on which they differ."""
        found: dict[str, list[Row]] = {}
        for address in self.tables.get("twins", ()):
            for row in self.store.read(address).to_pylist():
                for side, other in (("left", "right"), ("right", "left")):
                    twin = {"cutout_id": row[f"{other}_id"], "survey": row[f"{other}_survey"]}
                    found.setdefault(row[f"{side}_id"], []).append({**twin, "conflicts": row["conflicts"]})
        return found

    @cached_property
    def mosaics(self) -> dict[str, pa.Table]:
        """The indexed mosaics of each survey of the corpus that have a place on the sky."""
        found = {one.split("/")[1]: self.store.read(one) for one in self.tables.get("mosaics", ())}
        return {name: table for name, table in found.items() if table["header"].null_count < table.num_rows}

    @cached_property
    def sides_arcsec(self) -> dict[str, dict[str, float]]:
        """Of each dataset how much sky the picture of a source shows along x, by the source's id, where known."""
        columns, found = ["source_id", "width_px", "pixel_x_arcsec"], dict[str, dict[str, float]]()
        for name in self.datasets:
            table = self.store.read(self._address("cutouts", name) or "", columns)
            sides = pc.multiply(table["width_px"].cast(pa.float64()), table["pixel_x_arcsec"])
            named = zip(table["source_id"].to_pylist(), sides.to_pylist(), strict=True)
            found[name] = {source_id: side for source_id, side in named if side is not None}
        return found

    def stamps(self, survey: str) -> Stamps:
        """Of the files of a survey's mosaics: one that has its stamp is not read for its digest again."""
        return stamps_of(known_digests(self.store), self.mosaics[survey]["mosaic"].to_pylist())

    # -- reading --------------------------------------------------------------------------------------------------

    def _address(self, kind: str, dataset_name: str) -> str | None:
        return next((one for one in self.tables.get(kind, ()) if one.split("/")[1] == dataset_name), None)

    def _table(self, kind: str, dataset_name: str) -> pa.Table:
        return self._whole(self._address(kind, dataset_name) or "")

    def _rows(self, kind: str, dataset_name: str, k: int, wanted: tuple[str, str]) -> list[Row]:
        table = self._part(self._address(kind, dataset_name) or "", k)
        return table.filter(pc.equal(table[wanted[0]], wanted[1])).to_pylist()

    def _row(self, kind: str, dataset_name: str, k: int, wanted: tuple[str, str]) -> Row:
        rows = self._rows(kind, dataset_name, k, wanted)
        if not rows:
            raise RecipeError(f"{wanted[0]} {wanted[1]} is not in part {k} of {kind}/{dataset_name}: build again")
        return rows[0]

    @cached_property
    def _places(self) -> dict[str, int]:
        """The part that each conversation is in: cutouts and verdicts are in the same part of theirs."""
        return {name: k for one in self.datasets for name, k in self._parts("conversations", one, "conversation_id")}

    @cached_property
    def _cutouts(self) -> dict[str, dict[str, int]]:
        return {one: dict(self._parts("cutouts", one, "cutout_id")) for one in self.datasets}

    def _parts(self, kind: str, dataset_name: str, key: str) -> Iterator[tuple[str, int]]:
        address = self._address(kind, dataset_name) or ""
        for k in range(len(self.store.manifest(address).parts)):
            yield from ((name, k) for name in self.store.read_part(address, k, [key])[key].to_pylist())

    @cached_property
    def _objects(self) -> dict[str, Rows]:
        columns = ("object_name", "labels")
        return {one: Rows(self._table("objects", one), "object_id", columns) for one in self.datasets}

    @cached_property
    def _before(self) -> dict[str, Annotated]:
        def table(kind: str, name: str) -> pa.Table:
            return self._table(f"{kind}_before_review" if self._address(f"{kind}_before_review", name) else kind, name)

        return {one: Annotated(table("sources", one), table("objects", one)) for one in self.datasets}

    @cached_property
    def _annotations(self) -> dict[str, AnnotationTables]:
        found: dict[str, AnnotationTables] = {}
        for one in self.datasets:
            survey = surveys()[dataset(one).survey]
            facts = SurveyFacts(survey.title, survey.frequency_mhz)
            tables = self._table("sources", one), self._table("objects", one)
            found[one] = AnnotationTables(*tables, self.scheme(one), self.corpus.dialect, facts)  # pyright: ignore
        return found
