"""Claims read from a text alone: what a question asks, what an answer says, and what of it was not understood.

Nothing is guessed: a statement is understood when every word of it stands in a construction, else it is "unread".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from curation.extraction.asked import Asked, read_question
from curation.extraction.boxed import boxed
from curation.extraction.boxes_in_words import IN_UNITS, written_boxes
from curation.extraction.chunks import chunks_of
from curation.extraction.clauses import FINITE, Reading, pieces, sentence, trimmed, unread
from curation.extraction.constructions import LABELS_OF_A_PICTURE, MOST_TRIES, Context, negated
from curation.extraction.entries import head, is_head, read_entries
from curation.extraction.frames import framed, is_framed
from curation.extraction.lexicon import SchemeKey, scheme_key
from curation.extraction.phrases import Group, Noun
from curation.extraction.replies import (
    ABOUT,
    AGAIN,
    DENIES,
    HARMLESS,
    RESTATED,
    VERDICT,
    Reply,
    closing,
    opening,
    reply,
)
from curation.extraction.rows import statements
from curation.extraction.short import chosen, short
from curation.extraction.stand_ins import stood_in
from curation.extraction.stated import subject_of, there
from curation.extraction.text import NUMBER, Statement, flattened
from curation.extraction.tokens import Token
from curation.pictures.boxes import Box, Dialect
from curation.verification.claims import ANY_OBJECT, NO_SOURCE, Claim, ExtractedClaim
from schemas.labels import LabelScheme, Truth, plain_label

LONGEST = 6000
"""Characters of an answer that are read; nobody writes more of a picture."""
LONGEST_LIST, LONGEST_NAME = 400, 3
"""Characters of an answer that may be a list of classes, and words of a name."""
HEDGED = re.compile(
    r"(?i)\b(?:might|may|could(?! not|n't)|possibly|perhaps|maybe|conceivably|(?:not|n't) (?:\w+ )?(?:sure|certain)"
    r"|(?:if|unless) i(?: am|'m)(?: not)? mistaken)\b"
)
ASKS = re.compile(r"(?i)\W*(?:and |so |but )?(?:what|which|where|how|who|why|when|any)\b")
NONE = re.compile(
    rf"(?i)\W*(?:none|nothing|no|nil|n/a|{NUMBER})(?: (?:at all|here|visible|present|detected|seen|found))*\W*"
)
"""Under a heading: of what it names there is none, or are so many."""
TAKEN_BACK = re.compile(
    r"(?i)\b(?:no, wait|wait, no|scratch that|strike that|i take (?:that|it) back|correction:|let me correct)\b"
)
"""Words after which what stands before them no longer holds."""
UNIT_FIRST = re.compile(rf"{IN_UNITS.pattern}\s*[:,]\s*")
CONCEDES = re.compile(
    r"(?i)\b(?:while|whilst|though|although|even if|albeit)\b[^,;]*\b(?:resembl\w+"
    r"|(?:looks?|looking|appears?|seems?|is|somewhat) like|similar|reminiscent|appears?|seems?|tempt\w+)\b"
)
"""What something is granted to look like, before what it is: "while it resembles a nebula, it is a remnant"."""
THERE = re.compile(r"(?i)(?<!^)\bthere\b(?=\W*(?:$|[,;:]|(?:and|but|or|while)\b))")
"""The place that was just spoken of: how many there are elsewhere is not said."""
IN_GENERAL = re.compile(
    r"(?i)\b(?:typically|usually|generally|normally|commonly|often|frequently|sometimes|rarely|in general|as a rule"
    r"|tends?|used to|no longer|until|without|hardly|barely|scarcely|all but gone|too (?!small\b)\w+ (?:to|for))\b"
)
"""What is so as a rule, or was, or nearly is: no sentence to be read by what it names alone."""
THAT = re.compile(
    r"(?i)^\W*(?:(?:the|any) (?:claim|idea|notion|statement|suggestion|assertion|fact) )?that (?P<said>.+?)"
    r" (?:is|was|'s)(?P<no> not|n't)? (?:(?P<yes>true|right|correct|the case|certain|clear|evident|plain|obvious"
    r"|undeniable|beyond (?:doubt|question))|false|wrong|untrue|incorrect|mistaken|out of the question)\W*$"
)
"""A statement that is said to be so, or not, behind it."""
COUNTED = (["amount", "colon"], ["amount", "comma"])
MOST_READ = 50_000
"""Answers, questions and statements that a process keeps, of each: templates say the same ones again and again."""


def extract_claims(question: str, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[ExtractedClaim]:
    """The claims of an answer with their spans, from its text and its question alone; nothing is read twice."""
    key = scheme_key(scheme)
    asked, box = _asked(question, key, dialect)
    with_stand_ins = stood_in(answer, dialect)
    found = None
    if with_stand_ins is not None:
        found = with_stand_ins.put_back(_answered(asked, with_stand_ins.text, key, dialect), answer)
    if found is None:
        found = list(_answered(asked, answer, key, dialect))
    return _in_the_box(found, box) if box else found


@lru_cache(maxsize=MOST_READ)
def _answered(asked: Asked, answer: str, key: SchemeKey, dialect: Dialect) -> tuple[ExtractedClaim, ...]:
    return tuple(read_answer(asked, answer, key.scheme, dialect))


@lru_cache(maxsize=MOST_READ)
def _asked(question: str, key: SchemeKey, dialect: Dialect) -> tuple[Asked, Box | None]:
    """What a question asks, and the one box that it asks about."""
    boxes = [one.box for one in written_boxes(question, dialect) if one.box and not one.is_point]
    return read_question(question, key.scheme), boxes[0] if len(boxes) == 1 else None


def _in_the_box(found: list[ExtractedClaim], box: Box) -> list[ExtractedClaim]:
    """Of an answer to what is in a box: a class that it names is that of what lies there."""
    return [
        replace(one, claim=Claim("box", one.claim.subject, box=box, how="rounded"))
        if one.claim.kind == "presence" and one.claim.state is Truth.PRESENT
        else one
        for one in found
    ]


def read_answer(asked: Asked, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[ExtractedClaim]:
    """Every claim of an answer, in the order of the text, equal ones once (boxes as often as they stand)."""
    text, where = flattened(answer)
    if TAKEN_BACK.search(text):
        return [ExtractedClaim(Claim("unread", "what is taken back"), 0, len(answer), answer)]
    text, rest = text[:LONGEST], text[LONGEST:]
    found = _as_list(asked, text, scheme) or list(_as_prose(asked, text, scheme, dialect))
    found += _off_topic(asked, found, len(text))
    named = {each for one in found for each in one.claim.subject.split("|")}
    is_of_another = asked.is_polar and not named & set((asked.subject or ANY_OBJECT).split("|"))
    if asked.is_of_some or (is_of_another and asked.subject != ANY_OBJECT):  # "only A" of those that were asked for
        found = [replace(one, claim=Claim("unread", "only")) if one.claim.kind == "only" else one for one in found]
    if (
        asked.place == "centre"
        and scheme.about == "objects"
        and not (asked.is_polar or asked.is_count or asked.is_where)
    ):
        found = [replace(one, claim=_at_the_centre(one.claim)) for one in found]
    found = _told_apart(found)
    if rest.strip():
        found.append(unread("the rest", len(text), len(text) + len(rest)))
    once: dict[object, ExtractedClaim] = {}
    for at, one in enumerate(found):
        once.setdefault((at,) if one.claim.kind in ("box", "unread", "number") else one.claim.content, one)
    return [_placed(one, answer, where) for one in sorted(once.values(), key=lambda one: (one.start, one.end))]


def _at_the_centre(one: Claim) -> Claim:
    """Of an answer to what lies at the centre: what is nearest to it, not whatever is near."""
    is_one = one.kind == "position" and one.state is Truth.PRESENT and one.count in (None, 1) and one.how != "all"
    if not is_one or one.other != "centre" or one.subject == ANY_OBJECT:
        return one
    if NO_SOURCE & set(one.subject.split("|")):
        return Claim("unread", "what lies at the centre, and is no source")
    return Claim("extreme", ANY_OBJECT, how="most central", other=f"is {one.subject}")


def _placed(one: ExtractedClaim, answer: str, where: list[int]) -> ExtractedClaim:
    """With its span in the text as it was written, without blanks and commas around it."""
    start, end = where[one.start], where[max(one.start, one.end - 1)] + 1 if one.end > one.start else where[one.start]
    end = min(end, len(answer))
    while start < end and answer[start] in " \t\n,;":
        start += 1
    while end > start and answer[end - 1] in " \t\n,;":
        end -= 1
    return ExtractedClaim(one.claim, start, end, answer[start:end], one.is_hedged)


def _as_prose(asked: Asked, text: str, scheme: LabelScheme, dialect: Dialect) -> Iterator[ExtractedClaim]:
    """The claims of each statement; what it leans on is the question until one is answered, or one of its own."""
    found: list[ExtractedClaim] = []
    subject = asked.subject if asked.is_where else None
    noun = Noun(subject, is_definite=True, is_plural=asked.is_plural) if subject else None
    said, key, before, tries = list(statements(text)), scheme_key(scheme), Before(asked, noun), MOST_TRIES
    last = 0
    for one in said:
        verdict = VERDICT.match(one.text) if found and before.asked is None else None
        if verdict and last and (turned := _judged(found[-last:], is_so=bool(verdict["yes"]))):
            found[-last:], last = turned, 0
            continue
        plainly = Statement(one.text, 0, 0, one.is_question, one.is_item)
        made = read_statement(plainly, before, key, dialect, is_alone=len(said) == 1)
        if made.n_tries > tries:
            made = _State(before, key.scheme, dialect, tries).read(plainly, is_alone=len(said) == 1)
        before, tries, last = made.after, tries - made.n_tries, len(made.claims)
        for each in made.claims:
            start, end = (one.start, one.end) if one.is_made else (each.start + one.start, each.end + one.start)
            limit = len(text)
            found.append(ExtractedClaim(each.claim, min(start, limit), min(end, limit), each.text, each.is_hedged))
    yield from found
    boxes = [one for one in found if one.claim.kind == "box"]
    if boxes and asked.is_boxes and not asked.is_one and not any(one.claim.kind == "count" for one in found):
        subjects = [one.claim.subject for one in boxes]
        subject = max(subjects, key=subjects.count) or ANY_OBJECT
        if set(subjects) <= set((asked.subject or "").split("|")):
            subject = str(asked.subject)
        yield ExtractedClaim(Claim("count", subject, count=len(boxes)), boxes[0].start, boxes[-1].end)


def _judged(said: list[ExtractedClaim], *, is_so: bool) -> list[ExtractedClaim]:
    """The claims of a statement that the next one confirms or denies; none where the denial says nothing."""
    if any(one.claim.kind == "unread" for one in said):
        return []
    said = [replace(one, is_hedged=False) for one in said]
    turned = said if is_so else None
    if turned is None and (no := negated([one.claim for one in said])) is not None:
        turned = [replace(said[0], claim=one, end=said[-1].end) for one in no]
    return turned or []


@dataclass(frozen=True)
class Before:
    """What earlier statements leave to the next."""

    asked: Asked | None
    """The question that is open."""
    noun: Noun | None = None
    """Of "it"."""
    head: str | None = None
    """Of a list."""
    is_yes: bool | None = None
    """Whether the last statement was a yes or a no, and nothing else."""


@dataclass(frozen=True)
class Made:
    """The claims of a statement, with spans in it, and what it leaves to the next."""

    claims: tuple[ExtractedClaim, ...]
    after: Before
    n_tries: int
    """Sentences that were tried, of MOST_TRIES for a text."""


@lru_cache(maxsize=MOST_READ)
def read_statement(one: Statement, before: Before, key: SchemeKey, dialect: Dialect, *, is_alone: bool) -> Made:
    """A statement read as it stands, wherever that is (its span is that of nothing)."""
    return _State(before, key.scheme, dialect, MOST_TRIES).read(one, is_alone=is_alone)


class _State:
    """A statement being read: what it leans on, and in the end leaves."""

    def __init__(self, before: Before, scheme: LabelScheme, dialect: Dialect, n_tries: int) -> None:
        self.context = Context(scheme, before.noun, before.asked, [n_tries])
        self.n_tries = n_tries
        self.dialect: Dialect = dialect
        self.head = before.head
        self.is_yes = before.is_yes

    def read(self, one: Statement, *, is_alone: bool) -> Made:
        """The statement's claims; `is_alone` where it is the whole answer."""
        claims = self._read(one, is_alone=is_alone)
        if HEDGED.search(one.text):
            claims = [replace(each, is_hedged=True) for each in claims]
        after = Before(self.context.asked, self.context.noun, self.head, self.is_yes)
        return Made(tuple(claims), after, self.n_tries - self.context.tries[0])

    def _read(self, one: Statement, *, is_alone: bool) -> list[ExtractedClaim]:
        """The claims of a statement, with spans in it; `is_alone` where it is the whole answer."""
        asked: Asked | None = self.context.asked
        is_reply = asked is not None and asked.is_polar and reply(one.text, asked) is not None
        if (HARMLESS.fullmatch(one.text) and not (is_reply and is_alone)) or (
            one.text.endswith(":") and opening(f"{one.text} .") > len(one.text)
        ):
            return []
        said = RESTATED.match(one.text)
        if one.is_question and said is None:
            return self._question(one.text)
        if said:
            return self._restated(one.text, said)
        again = AGAIN.fullmatch(one.text)
        if again and self.is_yes is not None and self.is_yes != bool(DENIES.search(again[0])):
            return []
        self.is_yes = None
        at = opening(one.text)
        text = closing(one.text[at:])
        unit = UNIT_FIRST.match(text)
        if unit:
            text, at = f"{text[unit.end() :]}, {unit[0].strip(' :,')}", at + unit.end()
        if not re.search(r"\w|\[", text):
            return []
        is_under_head = one.is_item or bool(NONE.fullmatch(text))
        if not is_under_head:
            self.head = None
        made = self._said(text, is_item=is_under_head)
        return [replace(each, start=each.start + at, end=each.end + at) for each in made] if at else made

    def _question(self, text: str) -> list[ExtractedClaim]:
        """A question in an answer says nothing; what follows answers it."""
        asked = read_question(text, self.context.scheme)
        if not asked.proposition:
            subject = subject_of(trimmed(chunks_of(text, self.context.scheme, self.dialect)), self.context)
            if subject is not None:
                asked = replace(asked, subject=subject, is_polar=True, proposition=tuple(there(subject, is_there=True)))
        self.context = replace(self.context, asked=asked)
        is_form = asked.is_polar or ASKS.match(text)
        return [] if is_form and (asked.proposition or asked.subject) else [unread("question", 0, len(text))]

    def _restated(self, text: str, said: re.Match[str]) -> list[ExtractedClaim]:
        """The question said again, with the answer to it or before the sentence with that."""
        tokens = trimmed(chunks_of(said["said"], self.context.scheme, self.dialect))
        made = sentence(tokens, replace(self.context, asked=None))
        if made is None:
            return [unread("sentence", 0, len(text))]
        again = replace(
            self.context.asked or Asked(), is_polar=True, proposition=tuple(one.claim for one in made.claims)
        )
        self.context = replace(self.context, asked=again, noun=made.noun)
        for group in ("rest", "reply"):
            if said[group]:
                at = said.start(group)
                return [
                    replace(one, start=one.start + at, end=one.end + at)
                    for one in self._said(said[group], is_item=False)
                ]
        return []

    def _said(self, text: str, *, is_item: bool) -> list[ExtractedClaim]:
        """The claims of a statement that says something, of its clauses at least."""
        context = self.context
        if text.endswith(":") and is_head(text[:-1], context, self.dialect):
            self.head = text
            return []
        if that := THAT.match(text):
            is_so = bool(that["yes"]) != bool(that["no"])
            reading = self._plain(f"{'' if is_so else 'it is not true that '}{that['said']}", context, is_framed=True)
            claims = reading.claims if reading else ()
            reading = Reading(tuple(replace(one, start=0, end=len(text)) for one in claims), None) if claims else None
        elif is_framed(text):
            alone = replace(context, asked=None)
            reading = framed(text, lambda part: self._plain(part, alone, is_framed=True))
        else:
            reading = None if CONCEDES.search(text) else self._reading(text, context, is_item=is_item)
        if reading is None or _is_of_both(reading, context.scheme):
            tokens = chunks_of(text, context.scheme, self.dialect)
            return [*pieces(tokens, context), unread("sentence", 0, max(1, len(text)))]
        self.context = replace(context, noun=reading.noun, asked=None if reading.claims else context.asked)
        claims = _but_for_the_named(reading.claims)
        return [replace(one, is_hedged=True) for one in claims] if THERE.search(text) else claims

    def _reading(self, text: str, context: Context, *, is_item: bool) -> Reading | None:
        """A reply with what follows, else entries, boxes, an answer in few words, or a sentence."""
        asked: Asked = context.asked or Asked()
        said = reply(text, asked) if context.asked is not None else None
        if said is not None:
            claims = [ExtractedClaim(one, 0, said.end) for one in said.claims]
            if said.rest >= len(text):
                self.is_yes = said.is_yes
                return Reading(tuple(claims), context.noun)
            more = self._after(text, said, asked, context)
            if more is None:
                return None
            moved = [replace(one, start=one.start + said.rest, end=one.end + said.rest) for one in more.claims]
            return Reading((*claims, *moved), more.noun)
        if self.head and is_item:
            made = read_entries(f"{self.head} {text}", context, self.dialect)
            if made is not None:
                return Reading(tuple(replace(one, start=0, end=len(text)) for one in made.claims), made.noun)
        made = read_entries(text, context, self.dialect)
        if made is not None:
            return made
        about = ABOUT.match(text)
        if about is not None and (made := self._plain(text[about.end() :], context)) is not None:
            return Reading(
                tuple(replace(one, start=one.start + about.end(), end=one.end + about.end()) for one in made.claims),
                made.noun,
            )
        return None if about or head(text, context, self.dialect) is not None else self._plain(text, context)

    def _after(self, text: str, said: Reply, asked: Asked, context: Context) -> Reading | None:
        """What follows yes or no. After a no to "is there one?" there is none that "it" could be, but one elsewhere."""
        rest, noun = text[said.rest :], context.noun or _asked_of(asked)
        noun = None if ANOTHER.match(rest) else noun
        is_none = not said.is_yes and bool(asked.proposition) and asked.proposition[0].kind in THERE_IS
        if not is_none:
            return self._plain(rest, replace(context, noun=noun), is_after=True)
        made = self._plain(rest, replace(context, noun=ALL_SOURCES if THEY.search(rest) else None), is_after=True)
        if made is None and noun is not None:
            made = self._plain(rest, replace(context, noun=noun), is_after=True)
            made = None if made and any(one.claim.kind != "position" for one in made.claims) else made
        return made

    def _plain(self, text: str, context: Context, *, is_after: bool = False, is_framed: bool = False) -> Reading | None:
        """Boxes, an answer in few words, or a sentence; one of no known form by what it names."""
        asked: Asked = context.asked or Asked()
        tokens = chunks_of(text, context.scheme, self.dialect)
        is_noun = [one.category for one in tokens] == ["np"]
        if (
            is_noun
            and not chosen(text, asked, context)
            and any(one.subject == "it" for one in tokens[0].value.nouns)
            and not tokens[0].value.nouns[0].quantifier
        ):
            return short(tokens, asked, context)  # "the latter": of what, nobody knows
        is_counted = asked.is_count and not asked.parts and [one.category for one in tokens[:2]] in COUNTED
        if is_counted and asked.subject and (tokens[1].category == "colon" or asked.subject != ANY_OBJECT):
            noun = Noun(asked.subject, is_plural=True, amount=tokens[0].value)
            tokens = [replace(tokens[0], category="np", value=Group((noun,))), *tokens[1:]]
        if is_after and asked.proposition:
            tokens = _of_the_asked(tokens, asked.proposition[0].subject)
        made = (
            chosen(text, asked, context)
            or boxed(tokens, asked.subject, context)
            or (short(tokens, asked, context) if context.asked else None)
        )
        is_open = made is None and not is_after and _is_fragment(tokens)
        if is_open and (asked.is_turned or (asked.is_where and _is_of_another(tokens, asked.subject))):
            return None
        context = replace(context, asked=None) if is_after else context
        made = made or sentence(tokens, context)
        is_plain = made or is_framed or IN_GENERAL.search(text) or (is_open and (asked.place or asked.is_where))
        return made if is_plain else _loosely(tokens, replace(context, is_loose=True))


def _is_of_another(tokens: list[Token], subject: str | None) -> bool:
    """Whether another thing is named than the one that was asked for."""
    nouns = [noun for one in tokens if one.category == "np" for noun in one.value.nouns]
    return any(one.subject not in ("it", subject) and not set(one.subject.split("|")) & set(str(subject).split("|"))
               for one in nouns)  # fmt: skip


def _is_fragment(tokens: Sequence[Token]) -> bool:
    """Whether an answer names something and says nothing of it: "the extended one", "the extended one it is"."""
    kinds = [one.category for one in tokens]
    rest = tokens[:-2] if kinds[-2:] == ["np", "be"] else tokens
    return not any(one.category in FINITE and (one.category != "visible" or kinds[0] != "np") for one in rest)


ANOTHER = re.compile(r"(?i)\W*(?:that|this|the other|another) one\b")
"""After "no": something else than what was asked of."""


THERE_IS = ("presence", "count", "position")
THEY = re.compile(r"(?i)\b(?:they|them|these|those)\b")
ALL_SOURCES = Noun(ANY_OBJECT, is_definite=True, is_plural=True)


def _asked_of(asked: Asked) -> Noun | None:
    """What "it" means after yes or no."""
    said = asked.proposition[0].kind if asked.proposition else None
    if not asked.subject or asked.is_negative or said == "extreme":
        return None
    if asked.leading == ANY_OBJECT and asked.subject != ANY_OBJECT:  # "is the central source compact?"
        return ALL_SOURCES if said == "share" else None
    return Noun(asked.subject, is_definite=True)


def _loosely(tokens: list[Token], context: Context) -> Reading | None:
    """A reading that may say more than its words, so that it supports but contradicts nothing."""
    made = sentence(tokens, context)
    return made and Reading(tuple(replace(one, is_hedged=True) for one in made.claims), made.noun)


def _is_of_both(reading: Reading, scheme: LabelScheme) -> bool:
    """Whether a source of one class is said to be of two: so people describe a hybrid, too."""
    said = [one.claim for one in reading.claims]
    said = [one.subject for one in said if one.kind == "presence" and one.state is Truth.PRESENT and one.how is None]
    sets = [set(one.split("|")) for one in said if ":" not in one]
    return "HYBRID" in scheme.labels and bool(sets) and not set.intersection(*sets)


def _but_for_the_named(claims: Sequence[ExtractedClaim]) -> list[ExtractedClaim]:
    """The claims, where a word for several classes is denied beside one of them: "a remnant, not a nebula"."""
    named = {one.claim.subject for one in claims if one.claim.kind == "presence" and one.claim.state is Truth.PRESENT}
    found: list[ExtractedClaim] = []
    for one in claims:
        is_denied = one.claim.kind == "presence" and one.claim.state is Truth.ABSENT
        left = [each for each in one.claim.subject.split("|") if each not in named] if is_denied else []
        found.append(replace(one, claim=replace(one.claim, subject="|".join(left))) if left else one)
    return found


def _of_the_asked(tokens: list[Token], subject: str) -> list[Token]:
    """After yes or no, "one source on the left" means one of those that were asked for."""
    if any(one.category in FINITE for one in tokens) or subject in LABELS_OF_A_PICTURE:
        return tokens
    found: list[Token] = []
    for one in tokens:
        nouns = one.value.nouns if one.category == "np" else ()
        is_bare = any(each.subject == ANY_OBJECT and not each.is_other and not each.is_definite for each in nouns)
        said = tuple(replace(each, subject=subject) if each.subject == ANY_OBJECT else each for each in nouns)
        found.append(replace(one, value=replace(one.value, nouns=said)) if is_bare else one)
    return found


def _as_list(asked: Asked, text: str, scheme: LabelScheme) -> list[ExtractedClaim]:
    """An answer that is a list of classes and nothing else; the options that it leaves out are denied."""
    if (
        len(text) > LONGEST_LIST
        or asked.is_turned
        or not (asked.options or asked.is_class)
        or re.search(r"\s;\s|:", text)
    ):
        return []
    known = {plain_label(option): option for option in asked.options}
    for label, one in () if asked.is_peculiarity else scheme.labels.items():
        known |= {plain_label(spelling): label for spelling in (label, *one.aliases)}
    found_pieces = [one for one in re.finditer(r"(?:(?!\s+and\s|[,;\n]).)+", text) if one[0].strip(" .")]
    bare = [re.sub(r"(?i)^(?:and|or)\s+", "", one[0].strip(" .*`\"'")) for one in found_pieces]
    named = [known.get(plain_label(one)) for one in bare]
    is_none = [one.upper() == "NONE" for one in bare]
    if (
        not found_pieces
        or any(len(one[0].split()) > LONGEST_NAME for one in found_pieces)
        or not (any(named) or all(is_none))
    ):
        return []
    if any(not label and not none and one.islower() for one, label, none in zip(bare, named, is_none, strict=True)):
        return []  # words of prose: "FR2, plain and simple"
    kind = "peculiarity" if asked.is_peculiarity else "presence"
    found = [
        ExtractedClaim(Claim(kind, label) if label else _unnamed(one[0].strip(" .")), *one.span())
        for one, label, none in zip(found_pieces, named, is_none, strict=True)
        if not (none and all(is_none))
    ]
    if not asked.is_peculiarity:
        left_out = [option for option in asked.options if option not in named]
        found += [ExtractedClaim(Claim("presence", option, Truth.ABSENT), 0, len(text)) for option in left_out]
    return found


def _unnamed(piece: str) -> Claim:
    """A word in a list of classes that is none; with a number before it, it may be anything."""
    return Claim("unread" if re.match(r"\d+\s+\w", piece) else "class", piece)


def _told_apart(found: list[ExtractedClaim]) -> list[ExtractedClaim]:
    """The claims, where a number is of a word for two classes and one of these is spoken of by itself: of either."""
    subjects = {one.claim.subject for one in found}
    return [
        replace(one, claim=replace(one.claim, other="either"))
        if one.claim.kind == "count" and "|" in one.claim.subject and subjects & set(one.claim.subject.split("|"))
        else one
        for one in found
    ]


def _off_topic(asked: Asked, found: list[ExtractedClaim], end: int) -> list[ExtractedClaim]:
    """The claim that this answers the question, where it speaks of something else: which may well be true."""
    is_wanted = asked.subject and (asked.is_count or asked.is_boxes)
    subjects = {each for one in found for each in (one.claim.subject, one.claim.other)}
    if subjects & set(str(asked.subject).split("|")):
        return []
    if (
        asked.subject == ANY_OBJECT
        and len({one.claim.subject for one in found if one.claim.kind in ("count", "box")}) > 1
    ):
        return []  # class by class
    if not found or not is_wanted or asked.subject in subjects or asked.parts:
        return []
    return [ExtractedClaim(Claim("topic", str(asked.subject)), 0, end)]
