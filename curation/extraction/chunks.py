"""Chunks: tokens put together, step by step, into amounts, measures, noun phrases, and verbs with their denials.

Each rule is a pattern over categories (see tokens.pattern) and what is made of it; the rules are tried in order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from curation.extraction import phrases
from curation.extraction.lexicon import SchemeKey, scheme_key
from curation.extraction.phrases import PRE, THIS
from curation.extraction.places import Place
from curation.extraction.source_chunks import LINKED, THINGS, VERBS
from curation.extraction.tokens import Token, letters, pattern, rewritten, tokens_of
from curation.pictures.boxes import Dialect
from schemas.labels import LabelScheme

MOST_STATEMENTS, MOST_FORMS = 30_000, 100_000


def chunks_of(text: str, scheme: LabelScheme, dialect: Dialect) -> list[Token]:
    """The chunks of a statement; the same statements stand in many texts, and none is taken apart twice."""
    return list(_chunks(text, scheme_key(scheme), dialect))


@lru_cache(maxsize=MOST_STATEMENTS)
def _chunks(text: str, key: SchemeKey, dialect: Dialect) -> tuple[Token, ...]:
    return tuple(chunked(tokens_of(text, key.scheme, dialect)))


def chunked(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without decoration, their amounts, measures, verbs and nouns put together."""
    found = [one for one in _both(tokens) if one.category not in ("decoration", "hedge")]
    found = [one for one in found if one.text.lower() not in AFFIRMING or len(found) <= len(AFFIRMING)]
    at = _next_rule(letters(found), 0)
    while at < len(RULES):
        found = rewritten(found, *RULES[at])
        at = _next_rule(letters(found), at + 1)
    found = _only_first(_sides_as_places([one for one in found if one.category != "decoration"]))
    following = [one.category for one in [*found[1:], *found[-1:]]]
    return [
        replace(one, category="np", value=THIS)
        if one.category == "the" and one.text.lower() in POINTING and after in ("be", "have", "lie", "span")
        else one
        for one, after in zip(found, following, strict=True)
    ]


def _both(tokens: Sequence[Token]) -> Iterator[Token]:
    """Takes "both compact sources" as "the two compact sources"; "both A and B" says no more than "A and B"."""
    for at, one in enumerate(tokens):
        yield one
        if one.text.lower() != "both" or one.category != "decoration":
            continue
        kinds = [each.category for each in tokens[at + 1 :]]
        n = next(
            (n for n, kind in enumerate(kinds) if kind not in ("adjective", "qualifier", "the", "sign")), len(kinds)
        )
        is_plural = n < len(kinds) and kinds[n] in BOTH and tokens[at + 1 + n].text.lower().endswith(("s", "nebulae"))
        if is_plural and (n + 1 == len(kinds) or kinds[n + 1] not in ("and", "or", "comma", *BOTH)):
            yield replace(one, category="the", text="the")
            yield replace(one, category="counted", value=2.0, text="two")


AFFIRMING = ("indeed", "absolutely")
"""They say yes where they stand alone, nothing within a sentence."""
BOTH = ("noun", "object", "galaxy", "ones")


@lru_cache(maxsize=MOST_FORMS)
def _next_rule(form: str, start: int) -> int:
    """The first rule from `start` on that may change tokens of a form (`letters`); len(RULES) where none does."""
    return next((at for at in range(start, len(RULES)) if pattern(RULES[at][0]).search(form)), len(RULES))


POINTING = ("this", "that", "these", "those")


def _only_first(tokens: list[Token]) -> list[Token]:
    """Takes "only has extended sources" as "has only extended sources", and "which also has" as "which has"."""
    found = list[Token]()
    for at, one in enumerate(tokens):
        before, after = found[-1:], tokens[at + 1 : at + 2]
        is_before_verb = bool(after) and after[0].category in ("have", "see") and not after[0].is_denied
        is_only = one.category == "np" and [each.category for each in found[-2:]] in (["only", "have"], ["only", "see"])
        if is_only:
            nouns = one.value.nouns
            found[-2:] = [
                found[-1],
                replace(one, value=replace(one.value, nouns=(replace(nouns[0], is_only=True), *nouns[1:]))),
            ]
        elif not (one.text.lower() == "also" and is_before_verb and before):
            found.append(one)
    return found


def _sides_as_places(tokens: Sequence[Token]) -> list[Token]:
    """Sides that belong to no noun as places, but for "right" of "right in the middle" and of "that is right"."""
    found: list[Token] = []
    for at, one in enumerate(tokens):
        after = [each.category for each in tokens[at + 1 :] if each.category not in ("at", "the", "by")]
        is_emphasis = one.text.lower() == "right" and after[:1] == ["place"]
        is_said = bool(found) and found[-1].category == "be" and not is_emphasis and one.value != "centre"
        if one.category != "side" or is_said:
            found.append(one)
        elif not is_emphasis:
            found.append(replace(one, category="place", value=Place(one.start, one.end, str(one.value))))
    return found


_HEAD = "(noun (object|klass|field)?|sign (object|galaxy|noun|klass|field)?|object|galaxy|ones|klass)"
RULES = [
    ("between number and number", phrases.as_range),
    ("number (to|dash|or) number", phrases.as_range),
    ("not only", phrases.as_category("not_but")),
    ("(number|decimal) ((by|unit by) (number|decimal))? unit", phrases.as_angle),
    ("fraction a? unit", phrases.as_part_of_a_unit),
    ("vague", phrases.as_more_than_one),
    ("unit", phrases.as_one_unit),
    ("(number|decimal) (by (number|decimal))? pixel", phrases.as_pixels),
    ("(number|decimal) (hertz|wave)", phrases.as_frequency),
    ("pixel", phrases.as_category("portion")),
    ("bound* (number|decimal) percent_sign", phrases.as_percent),
    ("number denominator", phrases.as_fraction),
    ("bound? fraction", phrases.as_percent),
    ("percent of? the? (axis of|portion)? the? image ((poss|be)? axis)?", phrases.as_share),
    ("percent of? the? axis of the? image", phrases.as_share),
    ("percent (as axis as|axis) the? image", phrases.as_share),
    ("(compare than|beside)", phrases.as_limit),
    ("bound angle", lambda match: match.matched[1] if match.matched[0].value in ("about", "exact") else None),
    ("bound? (number|counted|vague) bound_after?", phrases.as_amount),
    ("bound", phrases.as_preposition),
    ("bound portion", lambda match: match.matched[1] if match.matched[0].text.lower() == "a good" else None),
    ("of the? image", lambda match: phrases.joined(match, "decoration")),
    ("amount lpar amount rpar", phrases.as_again),
    ("(person|number|amount) (do|have)* not? do? (perceive|visible)", phrases.as_seen),
    ("person do? not? do? (have|see)", phrases.as_seen),
    ("be all", lambda match: match.matched[0]),
    ("not all", phrases.as_category("not_all")),
    ("do not? klass", phrases.as_forming),
    ("do? not? do? (have|lack|see|exist|lie|span|consist|number_verb)", phrases.as_verb),
    ("(have|lack|see|exist|lie) not", phrases.as_verb),
    ("do? not? do? be not?", phrases.as_verb),
    ("be (visible|absent)", phrases.as_visible),
    ("be not? consist", phrases.as_category("consist")),
    ("be be", phrases.as_category("be")),
    ("be not? have", phrases.as_passive),
    ("some (percent|share)", phrases.as_some_share),
    ("some angle", lambda match: match.matched[1]),
    ("amount kind_of (object|galaxy|noun)?", phrases.as_kinds),
    ("only? amount kind_noun", phrases.as_kinds),
    ("kind_of", phrases.as_category("decoration")),
    ("percent of it", phrases.as_share),
    ("(of|with) a? qualifier+ klass", phrases.as_category("decoration")),
    ("the? centre_word colon", phrases.as_centre),
    ("at the? centre_word", phrases.as_centre),
    ("comma so", lambda match: phrases.joined(match, "semi") if match.matched[1].text.lower() == "so" else None),
    *LINKED,
    ("be not? (located|lie)", phrases.as_category("lie")),
    ("of (the|a)* (adjective|sign) (klass|kindred)", phrases.as_of_kind),
    ("(kindred|klass) of", phrases.as_category("decoration")),
    (f"{PRE} qualifier* (blank_noun|border_noun)", phrases.as_blank),
    *THINGS,
    (f"{PRE} part", phrases.as_parts),
    (f"{PRE} (adjective (comma|and|or|nor)* (the|a|qualifier)*)* {_HEAD}", phrases.as_noun),
    ("(amount|no) qualifier* adjective", phrases.as_noun),
    (f"{PRE} adjective* qualifier* amount", phrases.as_one),
    ("np all", phrases.as_floated),
    ("np lpar (np|sign|adjective) rpar", phrases.as_named_twice),
    ("(the|it) klass", phrases.as_pronoun),
    ("the? compare of (the|it|np|all)* amount?", phrases.as_superlative),
    ("the compare np", phrases.as_larger),
    ("(none_of|all|most|not_all|minority)? it", phrases.as_pronoun),
    ("(nothing|not anything)", phrases.as_nothing),
    ("everything object? visible?", phrases.as_everything),
    ("np (np|the) be (adjective|np)", phrases.as_restricted),
    ("np adjective", phrases.as_of_class),
    *VERBS,
]  # fmt: skip
