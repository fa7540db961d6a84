"""INJECTIONS: the checker tried on texts whose truth is known: planted faults, which it must refuse, and true ones.

What a text says is decided as facts, before there is a text, and whether facts hold is read from the annotations
(`curation.realisation.facts`): the reader that is tried has no part in it. Faults are files of `faults/`, ways of
telling are files of `styles/`. Nothing of INJECTIONS is read by any step: a planted fault never reaches a hand-over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalogs.dataset import dataset
from catalogs.survey import Survey, surveys
from curation.engine.steps import Input, Step
from curation.extraction.lexicon import names_digest
from curation.extraction.reading import extract_claims
from curation.fault_injection.faults import Edited, Plant, faults
from curation.fault_injection.scenes import Scene, TrueTurn, synthetic_scenes
from curation.fault_injection.telling import can_say, told
from curation.pictures.boxes import Dialect
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact, holds
from curation.realisation.wording import Style, styles
from curation.verification.annotation_tables import CUTOUT_COLUMNS, AnnotationTables
from curation.verification.claims import SurveyFacts
from curation.verification.policy import Verdicts, refusal
from curation.verification.verify import verify_turn
from curation.words.conversations import GENERATOR
from curation.words.descriptions import survey_facts
from schemas.fingerprint import content_id, fraction
from schemas.labels import LabelScheme, Truth
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import INJECTIONS
from schemas.touches import only

TRUE = "true"
AS_WRITTEN = "template"
"""The style of a true turn as it stands, and of one with a fault written into it."""
PICTURES_PER_PART = 12
"""Cutouts of a part about which injections are made."""
FAULTS_PER_PICTURE, TRUTHS_PER_PICTURE = 8, 8
OF_TRUTHS = Verdicts(unverifiable="keep", unverifiable_number="keep")
"""A true text that is not understood is no false alarm: in generation what it states is said in our own words. A fault
that is not understood is not kept, by the policy of every corpus that does not say otherwise."""
CONTEXT = 2
"""At most so many true sentences stand about a planted one."""
ALONE = 0.6
"""Share of the facts that are told alone, in answer to a question of their own."""


@dataclass(frozen=True)
class InjectionSetup:
    """How injections are made of a dataset."""

    scheme: LabelScheme
    dialect: Dialect
    survey: SurveyFacts | None
    policy: Verdicts
    styles: tuple[Style, ...]
    kinds: tuple[str, ...]
    """Of faults."""
    seed: str


@dataclass(frozen=True)
class Injection:
    """A text and whether it is true."""

    kind: str
    style: str
    question: str
    answer: str

    @property
    def is_true(self) -> bool:
        """Whether no fault was planted."""
        return self.kind == TRUE


def fault_injections(scene: Scene, planters: Mapping[str, Plant], tellers: Mapping[str, Style]) -> Iterator[Injection]:
    """One text with a fault of each kind that this picture can bear."""
    able = {name: one for name, one in tellers.items() if one.commits}
    for kind, plant in planters.items():
        draw = Draw(f"{scene.key}:{kind}")
        offered = [one for one in plant(scene, draw.to("plant")) if _is_false(one, scene)]
        written = [one for one in offered if isinstance(one, Edited)]
        tellable = [
            (one, name)
            for one in offered
            if isinstance(one, Fact)
            for name, style in able.items()
            if can_say(style, one, scene)
        ]
        if written and (not tellable or draw.chance(0.35)):
            edited = draw.one(written)
            yield Injection(kind, AS_WRITTEN, edited.question, edited.answer)
        elif tellable:
            # First the way of telling, then the fact: styles that can say little come to speak as well.
            name = draw.one(sorted({name for _, name in tellable}))
            fact = draw.one([one for one, other in tellable if other == name])
            yield Injection(kind, name, *_told(fact, scene, able[name], draw))


def true_controls(scene: Scene, tellers: Mapping[str, Style]) -> Iterator[Injection]:
    """A true text in each style that has words for what is known of this picture, and one true turn as it stands."""
    for name, style in tellers.items():
        draw = Draw(f"{scene.key}:true:{name}")
        by_kind = {kind: [one for one in some if can_say(style, one, scene)] for kind, some in scene.facts.items()}
        kinds = sorted(kind for kind, some in by_kind.items() if some)
        if kinds:
            fact = draw.one(by_kind[draw.one(kinds)])
            yield Injection(TRUE, name, *_told(fact, scene, style, draw))
    if scene.turns:
        turn = Draw(f"{scene.key}:true:turn").one(scene.turns)
        yield Injection(TRUE, AS_WRITTEN, turn.question, turn.answer)


def tried(one: Injection, scene: Scene, dataset_name: str, policy: Verdicts) -> dict[str, Any]:
    """The injection as a row of INJECTIONS: what the checker says of the text, and what the policy makes of it."""
    known = scene.known
    found = extract_claims(one.question, one.answer, known.scheme, scene.dialect)
    verdict, reasons = verify_turn(found, known)
    refused = refusal(found, known, OF_TRUTHS if one.is_true else policy)
    return {
        "injection_id": content_id("injection", known.cutout_id, one.kind, one.style, one.question, one.answer),
        "cutout_id": known.cutout_id,
        "dataset": dataset_name,
        "kind": one.kind,
        "style": one.style,
        "question": one.question,
        "answer": one.answer,
        "is_true": one.is_true,
        "verdict": str(verdict),
        "is_refused": refused is not None,
        "reasons": reasons or ([refused[1]] if refused else []),
    }


def injections(
    conversations: pa.Table,
    cutouts: pa.Table,
    sources: pa.Table,
    objects: pa.Table,
    how: InjectionSetup,
) -> Sieved:
    """Injections about some cutouts of a part; *in* are the injections. Refused: `no-source`, once for each cutout."""
    known = AnnotationTables(sources, objects, how.scheme, how.dialect, how.survey)
    turns: dict[str, list[dict[str, Any]]] = {}
    for one in conversations.select(["cutout_id", "turns"]).to_pylist():
        turns.setdefault(one["cutout_id"], []).extend(one["turns"])
    chosen = sorted(cutouts.to_pylist(), key=lambda one: fraction(f"{how.seed}:{one['cutout_id']}"))[:PICTURES_PER_PART]
    planters = {name: plant for name, plant in faults().items() if name in how.kinds}
    kept: dict[str, dict[str, Any]] = {}
    refused: list[Rejection] = []
    for cutout in sorted(chosen, key=lambda one: str(one["cutout_id"])):
        annotations = known.of(cutout)
        if annotations is None:
            refused.append(Rejection(cutout["cutout_id"], "no-source", f"no {cutout['source_id']} in SOURCES"))
            continue
        rows = turns.get(cutout["cutout_id"], ())
        fixed = tuple(TrueTurn.of(row) for row in rows if row["writer"] == GENERATOR)  # a model's may be unverifiable
        scene = Scene(annotations, fixed, how.dialect, f"{how.seed}:{annotations.cutout_id}")
        for one in _sampled(scene, planters, {style.name: style for style in how.styles}):
            row = tried(one, scene, cutout["dataset"], how.policy)
            kept[row["injection_id"]] = row
    return sieved(INJECTIONS.of(list(kept.values())), refused, len(kept) + len(refused))


def injections_step(
    dataset_name: str,
    conversations: Step,
    cutouts: Step,
    sources: Step,
    objects: Step,
    scheme: LabelScheme,
    dialect: Dialect,
    survey: Survey | None = None,
    policy: Verdicts | None = None,
) -> Step:
    """The step that makes `injections/<dataset>`, part by part; no other step may read it.

    The sample is drawn by the address of the conversations, so that another corpus is another sample and the same one
    is the same. A style or a kind of fault that is added makes another table.
    """
    survey = survey or surveys()[dataset(dataset_name).survey]
    return Step(
        name=f"injections/{dataset_name}",
        make=injections,
        table=INJECTIONS,
        version=10,  # a fault that is not understood is not kept, a true text that is not is no false alarm
        config=(
            InjectionSetup(
                only(scheme, "injections"),
                dialect,
                survey_facts(survey),
                policy or Verdicts(),
                tuple(styles().values()),
                tuple(faults()),
                seed=conversations.address,
            ),
        ),
        beside=(names_digest(scheme),),
        inputs=(
            Input(conversations, by_part=True),
            Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS),
            Input(sources),
            Input(objects),
        ),
        counts="injections",
    )


def synthetic_injections(seed: str, n: int, policy: Verdicts | None = None) -> list[dict[str, Any]]:
    """Injections about `n` pictures that never were, over every scheme: a fault of each kind, a text in each style."""
    planters, tellers, policy = faults(), styles(), policy or Verdicts()
    return [
        tried(one, scene, scene.known.scheme.name, policy)
        for scene in synthetic_scenes(seed, n)
        for one in (*fault_injections(scene, planters, tellers), *true_controls(scene, tellers))
    ]


def figures(rows: Iterable[Mapping[str, Any]], most_examples: int = 20) -> dict[str, Any]:
    """How many faults were caught and how many true texts were refused, in all, by kind and by style; some of each."""
    planted, true = [], []
    for row in rows:
        (true if row["is_true"] else planted).append(row)
    caught, alarms = _shares(planted, "kind", "caught"), _shares(true, "style", "false_alarms")
    return {
        "caught": _share(planted),
        "false_alarms": _share(true),
        "n_faults": len(planted),
        "n_true": len(true),
        "kinds": caught,
        "styles": alarms,
        "missed": [_example(one) for one in planted if not one["is_refused"]][:most_examples],
        "alarms": [_example(one) for one in true if one["is_refused"]][:most_examples],
    }


def _sampled(scene: Scene, planters: Mapping[str, Plant], tellers: Mapping[str, Style]) -> list[Injection]:
    draw = Draw(f"{scene.key}:sample")
    planted = draw.some(list(fault_injections(scene, planters, tellers)), FAULTS_PER_PICTURE)
    return [*planted, *draw.some(list(true_controls(scene, tellers)), TRUTHS_PER_PICTURE)]


def _told(fact: Fact, scene: Scene, style: Style, draw: Draw) -> tuple[str, str]:
    """The fact in words: alone, or amid a few others that are true."""
    if (
        style.bare
        or fact.kind in ("listing", "boxes")
        or draw.chance(ALONE)
        or not can_say(style, fact, scene, alone=False)
    ):
        return told([fact], scene, style, draw)
    usable = [
        one
        for kind, some in sorted(scene.facts.items())
        for one in some
        if kind not in ("listing", "boxes") and one != fact and can_say(style, one, scene, alone=False)
    ]
    facts = draw.some(usable, draw.whole(1, CONTEXT))
    facts.insert(draw.whole(0, len(facts)), fact)
    return told(facts, scene, style, draw)


def _is_false(one: Fact | Edited, scene: Scene) -> bool:
    fact = one.fact if isinstance(one, Edited) else one
    return holds(fact, scene.known) is Truth.ABSENT


def _share(rows: Sequence[Mapping[str, Any]]) -> float:
    return round(sum(one["is_refused"] for one in rows) / len(rows), 6) if rows else 0.0


def _shares(rows: Iterable[Mapping[str, Any]], by: str, name: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in sorted(rows, key=lambda one: str(one[by])):
        of = found.setdefault(row[by], {"n": 0, name: 0})
        of["n"] += 1
        of[name] += row["is_refused"]
    return found


def _example(row: Mapping[str, Any]) -> dict[str, Any]:
    wanted = ("kind", "style", "dataset", "question", "answer", "verdict", "reasons")
    return {name: row[name] for name in wanted}
