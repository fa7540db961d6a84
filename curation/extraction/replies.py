"""How an answer opens and closes: what says nothing, "yes" and "no", and the question said again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from curation.extraction.asked import Asked, denied
from curation.verification.claims import Claim

_PICTURE = (
    r"(?:(?:this|the|your|given|provided|radio|astronomical) )*(?:image|picture|field|map|cut-?out|scene"
    r"|frame)"
)
_WHAT = (
    rf"(?:(?:description|summary|analysis|overview|breakdown|list|table|answer|caption|json|result"
    rf"|response|classification|report|boxes|bounding boxes|coordinates)s?(?: (?:of|for|in|you (?:asked"
    rf"|wanted)) {_PICTURE}| you (?:asked for|requested|wanted)| (?:in|as) (?:a )?(?:json|table"
    rf"|list)(?: (?:form|format))?| below| requested)*)"
)
_SHORT = (
    r"(?:(?:a|an|my|the|your|brief|short|quick|detailed|concise|full|possible|final|requested|simple"
    r"|complete|corresponding|structured|following) )*"
)
_IN_PICTURE, _IN_WHAT, _IN_SHORT = (one.replace(" ", r"\ ") for one in (_PICTURE, _WHAT, _SHORT))
HARMLESS = re.compile(
    rf"""(?ix)\W*(?:
    here(?:\ is|\ are|'s)\ {_IN_SHORT}(?:{_IN_WHAT}|what\ (?:i|we|you)\ (?:can\ )?(?:see|find)(?:\ in\ {_IN_PICTURE})?)
    |{_IN_SHORT}{_IN_WHAT}|(?:certainly|sure|of\ course|absolutely|great|good|okay|ok|alright|right|gladly|hmm+|well
    |let's\ see|happy\ to\ help|no\ problem)
    |(?:what\ a\ )?(?:great|good|nice|excellent|interesting|fair)\ question|thanks?(?:\ you)?(?:\ (?:very\ much
    |for\ (?:asking|the\ (?:question|image|picture)|your\ question|sharing|uploading)(?:\ {_IN_PICTURE})?))?
    |(?:i\ )?hope\ (?:that|this|it)\ (?:helps|is\ (?:helpful|useful)|answers\ your\ question)
    |(?:please\ )?(?:feel\ free\ to\ ask|let\ me\ know)\ (?:if|should|whether)\ (?:you|i|anything
    |there)[\w\s,']*(?:questions?|help|details?|anything\ else|something\ else|information|else|that\ way)
    |(?:let|allow)\ (?:me|us)\ (?:see|think|(?:take\ a\ (?:closer\ )?)?look|check|describe\ {_IN_PICTURE}|explain
    |have\ a\ (?:closer\ )?look|answer\ (?:that|your\ question))(?:\ at\ (?:it|this|{_IN_PICTURE})|\ again|\ first
    |\ closely)?
    |(?:hmm+,?\ )?let\ me\ take\ a\ (?:closer\ )?look|(?:i\ |we\ )?(?:looked|have\ looked|look)\ (?:(?:closely
    |carefully)\ )?at\ {_IN_PICTURE}|looking\ (?:closely\ )?at\ {_IN_PICTURE}
    |(?:that\ is|that's|this\ is)\ (?:about\ it|all(?:\ i\ (?:can\ )?see)?|it
    |what\ i\ (?:can\ )?see(?:\ in\ {_IN_PICTURE})?|how\ i\ see\ it)
    |(?:in|by\ way\ of|as\ a|to)\ (?:summary|short|brief|conclusion|summari[sz]e|sum\ up|conclude)
    |based\ on\ {_IN_PICTURE}(?:\ provided)?
    |(?:what\ i\ see|visible\ features|observations?|findings?|image\ (?:description|analysis|content)|overview
    |(?:key|notable|main|visible|important|prominent|noteworthy)\ (?:features|elements|observations
    |characteristics|aspects|components|details|objects)|(?:class|source|image)?\ ?classification|summary|description
    |conclusion|explanation|analysis|reasoning|answer|contents?|results?|notes?|details|radio\ image)
    |i\ (?:have\ )?(?:checked|examined|inspected|analy[sz]ed)\ {_IN_PICTURE}(?:\ (?:carefully|closely))?|json
    |output|response
    )\W*"""
)
TOPIC = re.compile(
    r"(?i)^\W*(?:(?:(?:short|brief|final|my|the|direct|long|one-line|quick) )*(?:answer|description"
    r"|summary|explanation|justification|reason(?:ing)?|conclusion|verdict|overview|reply|response"
    r"|analysis|caption|result|overall|tl;? ?dr"
    r"|(?:key|notable|main|visible|important|prominent|noteworthy) (?:features|elements|observations|objects))"
    r"|(?:(?:the|this) (?:source|image|picture|field|map) |i (?:can )?|we (?:can )?)(?:has|have|shows?"
    r"|contains?|displays?|includes?|features?|see|identify|find|detect)(?: the following(?: \w+){0,2})?"
    r"|(?:the )?following(?: \w+){0,2} (?:are|is|can be) (?:visible|present|seen|found"
    r"|identified)(?: in the (?:image|picture|field|map))?"
    r"|in (?:summary|short|brief|conclusion)|to sum up|to summari[sz]e|note|nb|a)\s*:\s*(?=\S)"
)
VERDICT = re.compile(
    r"(?i)^\W*(?:that|this|which|it|the (?:statement|claim|description))(?: is|'s| would be| seems)(?: indeed"
    r"| certainly| clearly| quite| simply| just)? (?:(?P<yes>right|true|correct|so|the case|accurate)"
    r"|(?:(?:not|n't)(?: at all| quite)? (?:right|true|correct|so|the case|accurate)|wrong|false|untrue|incorrect"
    r"|inaccurate|mistaken))\W*$"
)
"""What is said of the statement before: that it is right, or that it is not."""
OPENING = re.compile(
    rf"""(?ix)^\W*(?:(?:unfortunately|fortunately|luckily|sadly|alas|hmm+|well|oh|ah|so|ok|okay|alright
    |honestly|frankly|clearly|evidently|actually|certainly|sure|of\ course|in\ short|in\ brief|in\ summary
    |in\ a\ word|in\ one\ word|to\ summari[sz]e|to\ be\ (?:honest|precise|clear)
    |good\ question|great\ question|sure\ thing|let\ me\ see|let's\ see|as\ requested|as\ (?:asked|you\ asked
    |far\ as\ i\ can\ (?:see|tell)|it\ happens)|to\ answer\ your\ question|in\ (?:answer|response
    |reply)\ to\ your\ question|from\ what\ i\ can\ see|if\ i\ see\ it\ right|i(?:'m|\ am)\ (?:afraid|glad
    |happy|sorry|pleased)(?:\ to\ say)?(?:\ that)?
    |based\ on\ {_IN_PICTURE}(?:\ provided)?|looking\ at\ {_IN_PICTURE}|(?:i\ would|i'd)\ say(?:\ that)?
    |i\ (?:think|believe|guess)(?:\ that)?)(?:\s*[,:;!.-]+\s*|\s+(?=(?:yes|no|nope|yep|there|i|it|the|we)\b)))+(?=\S)"""
)
CLOSING = re.compile(
    r"(?i)\s*[,;]\s*(?:i (?:see|think|believe|guess|would say|suppose)|i'd say|as far as i can (?:see|tell)"
    r"|to me|it seems|if i (?:counted|see it) right(?:ly)?|in my (?:opinion|view))\s*$"
)
YES = re.compile(
    r"(?i)^\W*(?P<said>yes|yeah|yep|yup|affirmative|correct|indeed|absolutely|definitely|true|right"
    r"|certainly|of course|sure|it (?:certainly|definitely|clearly|indeed|surely) (?:is|does|has)"
    r"|it does|it is|they are|it has|they do|there is|there are|i do"
    r"|(?:i (?:do|would) |i'd )?(?:think|believe|say) so|(?:so it|it) seems so|apparently so|so it (?:seems"
    r"|appears))\b(?P<more>(?:\s+(?:indeed|of course|certainly|sir|definitely"
    r"|absolutely))?)\s*(?:(?P<mark>[,;:.!(-]+)\s*(?P<rest>.*?)\)?)?$",
    re.DOTALL,
)
NO = re.compile(
    r"(?i)^\W*(?P<said>no|nope|nah|neither|negative|not at all|certainly not|definitely not|not really"
    r"|by no means|of course not|absolutely not|not any|not (?:a single )?one(?: of (?:them|these|those))?"
    r"|none(?: of (?:them|these|those))?|neither(?: of (?:them|these|the two))?|not a single one|never|false"
    r"|it (?:certainly|definitely|clearly) (?:is|does|has)(?: not|n't)|it does(?: not|n't)|it is(?: not"
    r"|n't)|they are(?: not|n't)|it has(?: not|n't)|they do(?: not|n't)|there (?:is|are) (?:none|not)"
    r"|there (?:is|are)n't|i do(?: not|n't)|not that i can see|not as far as i can (?:see|tell)"
    r"|i (?:do(?:n't| not)) (?:think|believe) so|i (?:can(?:not|'t)|do(?:n't| not)) see (?:one|any|it)"
    r"|i (?:can )?(?:see|find) none|none (?:that )?i can (?:see|find)|i'm afraid not|apparently not|unfortunately not"
    r"|nothing of the (?:kind|sort))\b(?P<more>(?:\s+(?:sir|any|at all|whatsoever"
    r"|indeed))?)\s*(?:(?P<mark>[,;:.!(-]+)\s*(?P<rest>.*?)\)?)?$",
    re.DOTALL,
)
AGAIN = re.compile(
    r"(?i)^\W*(?:(?:quite |just |exactly |rather )*(?:the )?(?:opposite|contrary|reverse)|on the contrary"
    r"|(?:quite |very |most )?(?:clearly|plainly|obviously|evidently|definitely|certainly|much) so"
    r"|far from it|not at all|none at all|not (?:quite|really|any)|by no means|of course(?: not)?"
    r"|i (?:can(?:not| not|'t)|do(?: not|n't)) (?:see|find|identify|detect) (?:one|any|it|them|any here)"
    r"|certainly(?: not)?|definitely(?: not)?|absolutely(?: not)?|indeed|that is (?:right|correct|so|true"
    r"|not (?:right|so|the case|true|correct))|that's (?:right|correct|so|true)|(?:it|they|there"
    r"|i) (?:does|do|is|are)(?: not|n't)|it (?:does|is)|they (?:are|do)|there (?:is|are)(?! \w)"
    r"|there (?:is|are)(?:n't| not) any|there (?:is|are) none|i (?:do"
    r"|can)|looks clean to me|all clean|looks clean)(?:\s*[,;:.!-]+\s*|$)"
)
"""After a yes or no, the same once more: each must be of its sign, which `reply` sees to."""
DENIES = re.compile(r"(?i)opposite|cannot|can't|contrary|reverse|far from|\bno(?:t|ne)\b|n't|clean")
RESTATED = re.compile(
    r"(?i)^\W*(?:(?:you (?:asked|ask|want(?:ed)? to know|wish to know|wonder(?:ed)?)(?: me)?|(?:regarding"
    r"|concerning|as to|as for|on) (?:your|the) question(?: (?:of|about|as to))?|(?:to"
    r"|in) answer (?:to )?(?:your|the) question(?: of)?|to your question|the question (?:is|was)"
    r"|your question (?:is|was)|asked)[\s,:]*(?=whether|if)|(?=whether))"
    r"(?:whether|if)\s+(?:or not )?(?P<said>.+?)\s*(?:[:;]\s*(?P<rest>.+)|,\s*(?P<reply>(?:yes|no|nope"
    r"|it does|it is|they are|it has|there (?:is|are)|i |the answer is|my answer is).*))?$",
    re.DOTALL,
)
ANSWER_IS = re.compile(
    r"(?i)^\W*(?:(?:my|the) answer(?: to (?:that|your question))? is(?: a)?(?: clear| plain| simple)?"
    r"|(?:i|we) (?:must |have to |can only |would )?(?:say|answer))\s*[:,]?\s*[\"']?(?=(?:yes|no|nope)\b)"
)


CHATTY = ("right", "certainly", "of course", "sure")
"""They say yes where nothing follows."""


ABOUT = re.compile(
    r"(?i)^\W*(?:(?:image )?(?:borders?|edges?)|(?:the )?(?:background|noise|morphology|structure"
    r"|appearance|shape|positions?|locations?|size|extent"
    r"|field|field of view|content|brightness|survey|frequency|resolution|beam|sources?|objects?|emission"
    r"|blank (?:pixels|areas?|regions?)|coverage|overall|general|other|further remarks|remarks?|centre"
    r"|center))\s*:\s+(?=\S)"
)
"""What a sentence is about, before it: it says nothing by itself."""


@dataclass(frozen=True)
class Reply:
    """An opening yes or no: what it says of what was asked, and where in the statement the rest begins."""

    claims: tuple[Claim, ...]
    end: int
    rest: int
    is_yes: bool


def opening(text: str) -> int:
    """How many characters of a statement are an opening that says nothing."""
    at = 0
    while found := (OPENING.match(text[at:]) or TOPIC.match(text[at:]) or ANSWER_IS.match(text[at:])):
        at += found.end()
    return at


def closing(text: str) -> str:
    """The statement without a closing that says nothing."""
    return CLOSING.sub("", text)


def reply(text: str, asked: Asked) -> Reply | None:
    """What an opening yes or no says of what was asked; of no polar question, nothing where more follows."""
    for form, is_yes in ((NO, False), (YES, True)):
        found = form.match(text)
        if found is None:
            continue
        rest = found.start("rest") if found["rest"] else len(text)
        is_echo = " " in found["said"] and re.match(r"(?i)(?:it|they|there|i) ", found["said"]) is not None
        if is_echo and found["rest"] and found["mark"].startswith(","):
            return None  # "it is, in fact, another one"
        if found["rest"] and found["said"].lower() in CHATTY:
            return Reply((), found.end("said"), rest, is_yes)
        while rest < len(text) and (again := AGAIN.match(text[rest:])):
            if is_yes == bool(DENIES.search(again[0])):
                break
            rest += again.end()
        rest += opening(text[rest:])
        if not asked.is_polar:
            return (
                Reply((), found.end("said"), rest, is_yes)
                if rest < len(text) and found["said"].lower() in ("yes", "no", "neither")
                else None
            )
        claims = () if asked.is_negative and rest < len(text) else replied(asked, is_yes=is_yes)
        return Reply(tuple(claims), found.end("said"), rest, is_yes)
    return None


def replied(asked: Asked, *, is_yes: bool) -> Sequence[Claim]:
    """What yes or no says of a polar question."""
    if not asked.proposition or asked.is_negative:
        return [Claim("unread", f"{'yes' if is_yes else 'no'} to a question that was not understood")]
    return asked.proposition if is_yes else [denied(asked.proposition)]
