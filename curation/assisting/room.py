"""A person with a model: what the page asks for. One model, some pictures, a conversation about each."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalogs.dataset import dataset
from catalogs.noise import noise_recipe
from catalogs.survey import surveys
from curation.asking.exchange import Exchange, Failure
from curation.asking.request import Served
from curation.assisting.known import NOBODY, Known, by_file, by_header, by_tables
from curation.assisting.sight import Sight, sight_of_cutout, sight_of_fits, sight_of_picture
from curation.assisting.talk import MOST_TURNS, Asked, Talk, Turn
from curation.assisting.upload import Brought, brought_fits, is_fits, plain_name
from curation.corpus import Corpus
from curation.engine.objects import AnyPath
from curation.pages.places import FORMS, place_deg
from curation.pages.served import validated
from curation.pictures.boxes import DIALECT_WORDS, Dialect
from curation.pictures.sights import side_in_arcsec, side_in_px, sight_at
from curation.pictures.unchanged import Stamps
from curation.reviewing.desk import Desk
from curation.verification.claims import SurveyFacts
from schemas.errors import ModelError, RecipeError
from schemas.labels import label_scheme
from schemas.tables import MOSAICS

FILE = "file"
"""In the place of a survey: the FITS image that was brought last."""
MOST_TALKS = 20
"""Conversations that are kept; of more the oldest goes."""
PROBLEMS = {
    "truncated": "cut at the limit of tokens",
    "empty": "the model said nothing",
    "refused-by-server": "the server refused",
}


@dataclass(frozen=True)
class Model:
    """A served model."""

    exchange: Exchange
    served: Served


@dataclass(frozen=True)
class Field:
    """Images in which a place is looked for, and the folder that they are in."""

    mosaics: pa.Table
    raw: AnyPath
    title: str
    facts: SurveyFacts | None = None
    stamps: Stamps | None = None


class Room:
    """The conversations of one person with one model, about pictures drawn as a corpus has them."""

    def __init__(self, corpus: Corpus, desk: Desk | None, raw: AnyPath | None, model: Model) -> None:
        """`desk`: the newest hand-over's tables; None: nothing is built, so that no catalogue is at hand."""
        self.corpus, self.desk, self.raw, self.model = corpus, desk, raw, model
        self.talks, self.lock = OrderedDict[str, Talk](), Lock()
        self.brought: Brought | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What the page needs first."""
        dialect: Any = self.corpus.dialect
        return {
            "corpus": self.corpus.name, "title": self.corpus.title, "model": self.model.served.model,
            "stretch": self.corpus.picture.stretch, "side_px": self.corpus.picture.side_px,
            "surveys": [{"name": name, "title": surveys()[name].title} for name in self._mosaics],
            "datasets": list(self.corpus.datasets), "example": self._example,
            "questions": [
                "Describe the image.",
                f"Which radio sources can be seen in the image? Give the bounding box of each as "
                f"{DIALECT_WORDS[dialect]}.",
                "Is there any artefact in the image?",
            ],
            "talks": [{"talk_id": one.talk_id, "name": one.sight.name, "n_turns": len(one.turns)}
                      for one in reversed(self.talks.values())],
        }  # fmt: skip

    def talk(self, talk_id: str) -> Talk:
        """A conversation by its id. Raises RecipeError for another."""
        found = self.talks.get(talk_id)
        if found is None:
            raise RecipeError("no such conversation; it may have made way for newer ones")
        return found

    # -- pictures -------------------------------------------------------------------------------------------------

    def upload(self, body: bytes, name: str) -> dict[str, Any]:
        """A conversation about a person's own file. A FITS image stays at hand, to look at places in it."""
        called = plain_name(name)
        with self.lock:
            if not is_fits(body):
                return self._opened(sight_of_picture(body, called)).told
            brought = brought_fits(body, called)
            sight = sight_of_fits(brought, self.corpus.picture)
            self.brought = brought
            return self._opened(sight).told

    def look(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """A conversation about a place: `survey` (an indexed one, or FILE), `place`, and `side_arcsec` or nothing."""
        survey, place, side_arcsec = said.get("survey"), said.get("place"), said.get("side_arcsec")
        if not isinstance(place, str) or not isinstance(survey, str):
            raise RecipeError("expected a place, and a survey")
        if side_arcsec is not None and (isinstance(side_arcsec, bool) or not isinstance(side_arcsec, int | float)):
            raise RecipeError("side: expected a number of arcsec")
        with self.lock:
            return self._looked(survey, place, side_arcsec)

    def _looked(self, survey: str, place: str, side_arcsec: float | None) -> dict[str, Any]:
        field = self._field(survey)
        position = place_deg(place) or self._position_of(place)
        side_arcsec = side_arcsec or self._side_arcsec(survey)
        side = side_in_arcsec(side_arcsec) if side_arcsec else side_in_px(self.corpus.picture.side_px)
        cutout = sight_at(
            position, field.mosaics, side, self.corpus.picture,
            raw=field.raw, stamps=field.stamps, frame=self.corpus.frame,
            noise=noise_recipe(self.corpus.noise, surveys()[survey].noise),
        )  # fmt: skip
        name = f"{place.strip()}, {field.title}"
        return self._opened(sight_of_cutout(cutout, name, field.facts)).told

    def annotate(self, talk_id: str, body: bytes) -> dict[str, Any]:
        """Hold the answers of a conversation against a file of annotations."""
        talk = self.talk(talk_id)
        talk.hold_against(FILE, by_file(talk.sight, body, talk.known.annotations.scheme))
        return talk.told

    def hold_against(self, talk_id: str, name: object) -> dict[str, Any]:
        """Hold the answers of a conversation against another of its choices."""
        talk = self.talk(talk_id)
        if not isinstance(name, str) or name not in talk.choices:
            raise RecipeError(f"expected one of {', '.join(talk.choices)}")
        talk.hold_against(name, talk.choices[name])
        return talk.told

    # -- words ----------------------------------------------------------------------------------------------------

    async def ask(self, talk_id: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the model; gives the conversation with the new turn. Raises ModelError where there is no answer."""
        talk = self.talk(talk_id)
        asked = validated(Asked, said)
        async with talk.lock:
            if len(talk.turns) >= MOST_TURNS:
                raise RecipeError(f"{MOST_TURNS} turns are as many as one conversation may have; start another")
            reply = await self.model.exchange.ask(talk.request(asked, self.model.served))
            if isinstance(reply, Failure):
                raise ModelError(f"{self.model.exchange.server}: {reply.detail}; ask again")
            if reply.problem and not reply.text.strip():
                raise ModelError(f"{PROBLEMS.get(reply.problem, reply.problem)}: {reply.detail}")
            problem = reply.problem and PROBLEMS.get(reply.problem, reply.problem)
            talk.turns.append(
                Turn(asked.question, reply.text, asked.sampling, problem, reply.seconds, reply.n_prompt_tokens,
                     reply.n_completion_tokens)
            )  # fmt: skip
            return await asyncio.to_thread(lambda: talk.told)

    async def take_back(self, talk_id: str, *, is_all: bool) -> dict[str, Any]:
        """The conversation without its last turn, or without any."""
        talk = self.talk(talk_id)
        async with talk.lock:
            del talk.turns[0 if is_all else -1 :]
            return await asyncio.to_thread(lambda: talk.told)

    # -- what is at hand ------------------------------------------------------------------------------------------

    def _opened(self, sight: Sight) -> Talk:
        choices = {one.name: one for one in self._known(sight)}
        known = next(iter(choices.values()))
        dialect: Dialect = self.corpus.dialect  # pyright: ignore -- held by the corpus file's own pattern
        talk = Talk(secrets.token_hex(8), sight, known, choices, dialect)
        self.talks[talk.talk_id] = talk
        while len(self.talks) > MOST_TALKS:
            self.talks.popitem(last=False)
        return talk

    def _known(self, sight: Sight) -> list[Known]:
        """What an answer can be held against, the most telling first: who knows the source, who knows objects.

        What was said of another survey's pictures comes last: what is compact there may not be here.
        """
        found = list[Known]()
        if self.desk:
            for name in self.desk.datasets:
                tables, sides = self.desk.annotations(name), self.desk.sides_arcsec[name]
                if known := by_tables(sight, name, tables, sides):
                    found.append(known)
        found.sort(key=lambda one: (one.annotations.source_id == NOBODY["source_id"], not one.annotations.objects))
        own = [one for one in found if sight.survey is None or dataset(one.name).survey == sight.cutout["survey"]]
        schemes = dict.fromkeys(dataset(name).scheme for name in self.corpus.datasets)
        header = [by_header(sight, label_scheme(name)) for name in schemes]
        return [*own, *header, *(one for one in found if one not in own)]

    @property
    def _mosaics(self) -> dict[str, pa.Table]:
        return self.desk.mosaics if self.desk else {}

    def _field(self, survey: str) -> "Field":
        """Where a place is looked for. Raises RecipeError where that is not at hand."""
        if survey == FILE and self.brought:
            return Field(MOSAICS.of([self.brought.mosaic]), self.brought.raw, self.brought.name)
        if survey not in self._mosaics or self.desk is None:
            raise RecipeError(
                f"survey {survey!r:.60}: expected one of {', '.join(self._mosaics) or 'none: none is indexed'}"
            )
        if self.raw is None:
            raise RecipeError("the mosaics are not at hand: start again with --raw, or bring a file")
        mosaics, door = self._mosaics[survey], surveys()[survey]
        facts = SurveyFacts(door.title, door.frequency_mhz)
        return Field(mosaics, self.raw, door.title, facts, self.desk.stamps(survey))

    def _position_of(self, name: str) -> tuple[float, float]:
        wanted = name.strip()
        for table in self._sources.values():
            rows = table.filter(pc.or_(pc.equal(table["source_name"], wanted), pc.equal(table["source_id"], wanted)))
            for row in rows.select(["ra_deg", "dec_deg"]).to_pylist():
                if row["ra_deg"] is not None and row["dec_deg"] is not None:
                    return row["ra_deg"], row["dec_deg"]
        raise RecipeError(
            f"place {wanted!r:.80}: no source of {self.corpus.name} has this name, and it is no position; expected "
            f"{FORMS}"
        )

    def _side_arcsec(self, survey: str) -> float | None:
        """Of the windows of a dataset of this survey; None where whole pictures are shown."""
        for name, table in self._sources.items():
            if dataset(name).survey == survey and (sides := pc.drop_null(table["side_arcsec"])):
                return float(pc.approximate_median(sides).as_py())
        return None

    @cached_property
    def _example(self) -> str:
        """The name of a source that a mosaic shows; empty where nothing is built."""
        for address in self.desk.tables.get("windows", ()) if self.desk else ():
            name = address.split("/")[1]
            table = self._sources.get(name)
            ids = self.desk.store.read(address, ["source_id"])["source_id"] if self.desk else pa.chunked_array([[""]])
            if table is not None and len(ids) and dataset(name).survey in self._mosaics:
                shown = table.filter(pc.equal(table["source_id"], ids[0]))["source_name"].to_pylist()
                return str(shown[0] or "") if shown else ""
        return ""

    @cached_property
    def _sources(self) -> dict[str, pa.Table]:
        return {name: self.desk.annotations(name).sources for name in self.desk.datasets} if self.desk else {}
