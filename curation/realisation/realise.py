"""True claims in words: which sentence of the hundreds that say them, by key.

The wordings are those of the styles that are for production (`styles/`). What comes back says exactly the claims, as
`curation.extraction` reads it; the claims are taken as true, so verify them first.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from curation.pictures.boxes import Dialect
from curation.realisation import slots as s
from curation.realisation.claim_facts import facts_told
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.wording import Style, as_sentence, is_filled, spelt, styles, told_as
from curation.verification.claims import Annotations, Claim, Sentence
from schemas.doors import VARIABLE as DOORS
from schemas.fingerprint import fingerprint


def realise(claims: Sequence[Claim], known: Annotations, dialect: Dialect, key: str) -> str | None:
    """A sentence, or a few, that say exactly these claims; None where there are no words for one of them.

    Equal keys give equal words, whatever was realised before.
    """
    told = telling(claims, known, dialect, key)
    return told.text() if told else None


@dataclass(frozen=True)
class Telling:
    """Claims that there are words for; which words, is found out when they are asked for."""

    facts: Sequence[tuple[Fact, tuple[Claim, ...]]]
    known: Annotations
    dialect: Dialect
    draw: Draw

    @cached_property
    def sentences(self) -> Sequence[Sentence]:
        """Each with the claims that it makes."""
        return [
            Sentence(str(in_words(fact, self.known, self.dialect, self.draw.to(str(at)))), said)
            for at, (fact, said) in enumerate(self.facts)
        ]

    def text(self) -> str:
        """The sentences one after the other."""
        return " ".join(one.text for one in self.sentences)


def telling(claims: Sequence[Claim], known: Annotations, dialect: Dialect, key: str) -> Telling | None:
    """How these claims are said; None where there are no words for one of them, or no claims."""
    draw = Draw(key)
    facts = facts_told(claims, known, draw.to("facts"))
    return Telling(facts, known, dialect, draw) if facts and all(can_say(one, known) for one, _ in facts) else None


def can_say(fact: Fact, known: Annotations) -> bool:
    """Whether there are words for a fact."""
    return bool(_fit(fact, known))


def in_words(fact: Fact, known: Annotations, dialect: Dialect, draw: Draw) -> str | None:
    """A sentence that tells a fact, out of all wordings of production; None where none tells it."""
    fit = _fit(fact, known)
    if not fit:
        return None
    style, template = draw.one(fit)
    filled = s.Slots(fact, known, dialect, style, draw.to(style.name))
    return spelt(as_sentence(template.format_map(filled)), style)


def _fit(fact: Fact, known: Annotations) -> Sequence[tuple[Style, str]]:
    return _fitting(told_as(fact, known), s.empty(fact, known), os.environ.get(DOORS, ""))


@lru_cache(maxsize=4096)
def _fitting(kind: str, empty: frozenset[str], doors: str) -> Sequence[tuple[Style, str]]:
    """The templates of production for a kind of fact that leaves these slots empty."""
    able = [style for style in _production(doors) if style.can_say(kind, alone=False)]
    return tuple((style, one) for style in able for one in style.templates(kind, empty))


def each_wording(fact: Fact, known: Annotations, dialect: Dialect) -> Iterator[str]:
    """The fact in each template of production once, for who checks the words of a scheme."""
    for style in production():
        filled = s.Slots(fact, known, dialect, style, Draw(style.name))
        for one in style.each_template(told_as(fact, known)):
            if is_filled(one, filled):
                yield spelt(as_sentence(one.format_map(filled)), style)


def production() -> tuple[Style, ...]:
    """The styles that corpora are written in; read once, so that a build is written in the same ones to its end."""
    return _production(os.environ.get(DOORS, ""))


@lru_cache(maxsize=8)
def _production(doors: str) -> tuple[Style, ...]:
    del doors  # whose styles they are beside ours: another folder, other styles
    return tuple(one for one in styles().values() if one.is_for_production)


def wordings_digest() -> str:
    """What decides how claims are put into words: for the recipes of what is written so."""
    return _digest(production())


@lru_cache(maxsize=8)
def _digest(of: tuple[Style, ...]) -> str:
    return fingerprint(list(of))
