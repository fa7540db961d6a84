"""The words by which a clause points at sources: nouns, pronouns, superlatives, quantifiers, shares."""

import re

from curation.extraction.amounts import (
    NUMBER,
    PLAIN,
    RESTRICTING,
)

GENERIC = re.compile(
    r"(?i)\b(?:radio[\s-]+|catalogu?ed\s+|astronomical\s+|celestial\s+)*"
    r"(?P<word>sources?|objects?|detections?|blobs?)\b(?!\s+(?:finder|catalogue|catalog|type|class|name|count"
    r"|list|extraction|detection)\b)"
)

FEATURE = re.compile(
    r"(?i)\b(?:lobes?|jets?|cores?|hot-?\s?spots?|tails?|peaks?|components?|emission|structures?|rings?"
    r"|halo(?:s|es)?|plumes?|bridges?|arcs?"
    r"|shells?|knots?|nucle(?:us|i)|counterparts?|hosts?|features?|blemish(?:es)?|stripes?|streaks?|glow"
    r"|cavit(?:y|ies)|islands?|maxim(?:um|a)|patterns?|rays|spikes)\b"
)

OF_THEM = (
    r"(?:\s+of\s+(?:them|these|those|which|the\s+(?:two|three|four|five|six|seven|eight|nine|ten|\d+|latter|former)))"
)

ANAPHOR = re.compile(
    rf"(?i)(?<![\w.-])(?P<word>(?P<number>{NUMBER}){OF_THEM}?|another(?:\s+one)?|(?:each|all|both|none"
    rf"|neither|most|some|any|half|many){OF_THEM}"
    rf"|the\s+(?:other|others|rest|remaining\s+(?:ones?|{NUMBER})|former|latter|first|second|third"
    rf"|last)(?:\s+(?:ones?|{NUMBER}))?|both|all|none|each|they|it|them|which|this|these|those)\b"
    rf"(?=\s*(?:$|[,.;:)!?]|\b(?:is|are|was|were|visible|in|on|at|near|lies?|sits?|appears?|looks?|seems?|to"
    rf"|towards?|along|has|have|stands?|can|belongs?|located|close|isn't|aren't|do|does|occup\w+|resides?"
    rf"|falls?|being|and|or)\b))"
)

ANAPHOR_OF = re.compile(
    rf"(?i)(?<![\w.-])(?P<word>(?P<number>{NUMBER}){OF_THEM}|(?:each|all|both|none|neither|most|some|any"
    rf"|half){OF_THEM})\b"
)

EXTREMES = {
    "largest": "largest", "biggest": "largest", "most extended": "largest", "greatest": "largest", "widest": "largest",
    "smallest": "smallest", "tiniest": "smallest", "leftmost": "leftmost", "rightmost": "rightmost",
    "topmost": "uppermost", "uppermost": "uppermost", "highest": "uppermost", "lowest": "lowermost",
    "lowermost": "lowermost", "bottommost": "lowermost", "most central": "most central", "brightest": "brightest",
    "faintest": "faintest", "strongest": "brightest", "weakest": "faintest", "most prominent": "brightest",
    "most luminous": "brightest", "dominant": "brightest", "nearest": "nearest", "most massive": "heaviest",
    "most conspicuous": "brightest", "most distant": "farthest", "second largest": "second largest",
    "northernmost": "northernmost", "southernmost": "southernmost", "easternmost": "easternmost",
    "westernmost": "westernmost",
}  # fmt: skip

EXTREME = re.compile(
    rf"(?i)\b(?P<word>{'|'.join(sorted(EXTREMES, key=len, reverse=True))})\s+(?:(?:of\s+(?:all\s+)?(?:the\s+"
    rf"|these\s+|its\s+)?)|(?:visible|single|catalogu?ed|known|radio|and\s+\w+)\s+)*(?:(?:{NUMBER})\s+)?$"
)

EXTREME_ALONE = re.compile(
    rf"(?i)\bthe\s+(?P<noun>(?P<word>{'|'.join(sorted(EXTREMES, key=len, reverse=True))})(?:\s+one)?)\s+(?=is\b|lies\b"
    rf"|sits\b|of\s+(?:them|these|which|all)\b|appears\b|,|\()"
)

MOST_CENTRAL = re.compile(r"(?i)\s*(?:that\s+is\s+)?(?:closest|nearest)(?:\s+to)?\s+the\s+(?:image\s+)?cent(?:re|er)\b")

DEFINITE = re.compile(
    rf"(?i)\b(?:the|this|that|its)\s+(?:(?:{PLAIN}|{RESTRICTING}|only|same|{'|'.join(EXTREMES)})\s+)*$"
)

QUANTIFIER = re.compile(
    r"(?i)\b(?P<word>not\s+(?:all|every|each)|all|every|each|most|(?:the\s+)?(?:vast\s+|great\s+"
    r"|large\s+)?majority|half|both|none|neither|no)"
    r"(?:\s+(?:single|one))?(?:\s+of)?(?:\s+the|\s+these|\s+those|\s+its|\s+them)?(?:\s+(?:visible"
    r"|catalogu?ed|detected|radio|individual|two|three|four|five|six|seven|eight|nine|ten|\d+))*\s*$"
)

SHARES = {
    "a third": 33, "one third": 33, "two thirds": 67, "two-thirds": 67, "a quarter": 25, "one quarter": 25,
    "one fourth": 25,
    "three quarters": 75, "three-quarters": 75, "a fifth": 20, "one fifth": 20, "two fifths": 40, "three fifths": 60,
    "four fifths": 80, "a tenth": 10,
}  # fmt: skip

SHARE = re.compile(
    rf"(?i)\b(?:(?P<percent>\d+(?:\.\d+)?)\s*(?:%|per\s?cent)"
    rf"|(?P<words>{'|'.join(SHARES)}))\s+of\s+(?:all\s+)?(?:the\s+|these\s+|its\s+)?(?:(?:{PLAIN})\s+)*$"
)

IS_THE = re.compile(r"(?i)\s*(?:(?:is|are|seems? to be|appears? to be)\s+)(?:also\s+)?the\s+(?:[\w-]+\s+){1,3}")

CLASSIFIED = re.compile(
    r"(?i)\b(?:classify|call|describe|label|consider|identify|regard|categori[sz]e)\s+(?:[\w-]+\s+){0,3}$"
)

AS_A = re.compile(r"(?i)\s*(?:as\s+|to be\s+)?(?:an?\s+|the\s+)?")

SIZED = re.compile(
    r"(?i)\s+(?:with|of|that has|which has)\s+the\s+(?P<word>largest|smallest|biggest"
    r"|greatest)\s+(?:\w+\s+)?(?:extent|size|area|box|diameter)\b"
)

APART = re.compile(r"(?i)\b(?:there|that|which|who|and|but|than|as well)\b|;")

BLANKISH = re.compile(r"(?i)\b(?:blank|NaN|no data|missing data)\b")

QUANTIFIERS = {
    "all": "all", "both": "all", "each": "all", "none": "none", "neither": "none", "most": "most", "half": "half",
}  # fmt: skip
