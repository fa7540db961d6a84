"""Yes or no in a reply: "no" before a noun does not answer, and what is asked about may be denied in plain words.

Nothing but the standard library is used here: an exported lmms-eval task carries this file along.
"""

import re
from collections.abc import Mapping
from typing import Any

from evaluate.tasks.maps import truth_of
from evaluate.tasks.reply_words import DENIED, NEGATION, Answer, Vocabulary, sentences

IDIOMS = re.compile(
    r"\b(?:THERE(?: IS|'S) )?(?:NO|WITHOUT(?: AN?Y?)?|BEYOND(?: AN?Y?)?) (?:DOUBTS?|QUESTION|MISTAKE|UNCERTAINTY)\b|"
    r"\bNOT ONLY\b|\bNO (?:FEWER|LESS) THAN\b|\b(?:THERE(?: IS|'S) )?NO DENYING\b"
)
SYNONYMS = (
    (re.compile(r"^(?:YEP|YEAH|YUP|TRUE)(?=$|[\s,.:!])"), "YES"),
    (re.compile(r"^(?:NOPE|NAH|FALSE)(?=$|[\s,.:!])"), "NO"),
    (re.compile(r"^(?:THERE (?:IS|ARE) )?NONE(?=$|\s*[,.;]|\s+(?:IS|ARE)?\s*(?:VISIBLE|PRESENT|SEEN|FOUND)\b)"), "NO"),
)
EITHER = re.compile(r"\bYES\s*(?:/|\||-|OR\b|AND\b)\s*NO\b|\bNO\s*(?:/|\||-|OR\b|AND\b)\s*YES\b")
# "No" as an answer, not before a noun: in front of a sentence, or said to be it.
ANSWERED_NO = re.compile(
    r"^(?:(?:SO|THUS|HENCE|THEREFORE|OVERALL|WELL|SADLY|UNFORTUNATELY|ACTUALLY|HONESTLY|CLEARLY|DEFINITELY|"
    r"OKAY)\b[, ]*)?NO"
    r"(?=$|\s*[,:.]|\s+-|\s+(?:I|THERE|IT|THIS|THE|THESE|BECAUSE|SINCE|BUT)\b)|\bQUESTION\s*:\s*NO(?=$|\s*[,.])|"
    r"\b(?:ANSWER|RESPONSE|REPLY|VERDICT|CONCLUSION)(?:\s+TO\s+[\w ]+?)?(?:\s+(?:IS|WOULD BE|MUST BE|SHOULD BE))?"
    r"\s*[:=-]?\s*(?:(?:DEFINITELY|CLEARLY|SIMPLY|THEREFORE|THUS|PROBABLY|LIKELY|A)\s+)?NO(?=$|\s*[,:.])|"
    r"\b(?:SAY|SAYING|A|SO,?|DEFINITELY|IT IS|IT'S|CALL IT|CALL THIS)\s+NO(?=$|\s*[,:.])"
)
UNSURE = re.compile(
    r"\b(?:SOME(?:ONE)? (?:WOULD|MIGHT|COULD|SAY)|OTHERS|MAYBE|PERHAPS|POSSIBLY|MIGHT|MAY|COULD|IF|WHETHER|UNLESS|"
    r"EITHER|BETWEEN|UNSURE|UNCERTAIN|UNCLEAR|"
    r"HARD TO|DIFFICULT TO|WRONG|INCORRECT)\b"
)
DENYING = re.compile(  # what a "yes" does not go with, whatever the noun
    r"\b(?:I|WE) (?:DO NOT|DON'T|CANNOT|CAN'T|CAN NOT|COULD NOT|DID NOT|DIDN'T|SEE NO|FIND NO|SEE NONE)\b|"
    r"\b(?:THERE (?:IS|ARE)|IMAGE (?:DOES|SHOWS|CONTAINS|HAS)|IT (?:IS|DOES|SHOWS|HAS))\s*(?:NO|NOT|N'T|NONE)\b|"
    r"\bNONE (?:IS|ARE)\b"
)
PLAIN_WORDS = """
    A ABLE ALL AN ANY ANYWHERE APPARENT ARE AT BE CAN CLEAR CLEARLY CONTAINS CUTOUT DATA DETECTABLE DETECTED
    DISCERNIBLE DISTINCT EVIDENCE EVIDENT FIELD FIND FOR FOUND HAS HAVE HERE I IDENTIFIABLE IDENTIFIED IMAGE IN
    INDICATION IS IT LIKELY MAP NOTICEABLE OBSERVED OBVIOUS OF ON PICTURE PRESENT SEE SEEN SHOWN SHOWS SIGN SIGNS SUCH
    THE THERE THIS TO TRACE TRACES VIEW VISIBLE WITH
"""
HELD = re.compile(
    r"\b(?:THERE(?:'S| IS| ARE)|I (?:CAN |DO )?(?:SEE|FIND|DETECT))\s+(?:ONE|SOME|SEVERAL|MANY|TWO|A FEW)"
    r"(?=$|\s*[,.]|\s+(?:IN|AROUND|VISIBLE)\b)"
)


def yes_or_no(said: str, words: Vocabulary) -> Answer:
    """The answer of a text in capitals without markup."""
    if said.strip("?") in ("YES", "NO"):
        return Answer((said.strip("?"),), "exact", 0, (said.strip("?"),))
    said = re.sub(r"^[\s,:;-]+", "", IDIOMS.sub(" ", said))
    instead = ""
    for form, meant in SYNONYMS:
        found_word = form.match(said)
        if found_word:
            instead, said = found_word[0].strip(), form.sub(meant, said)
    if EITHER.search(said):
        return Answer(None, "contradictory")
    told = [one for one, is_asked in sentences(said) if not is_asked]
    found = {one for sentence in told for one in _answered(sentence)}
    held = {one for sentence in told for one in _held(sentence, words)}
    if not found:
        none = tuple(one for one in told if _is_none_of_it(one, words)) if held == {False} else ()
        return Answer(("NO",), "extracted", 0, none) if none else Answer(None, "unknown_label", 1)
    is_denying = any(DENYING.search(one) for one in told)
    clash = True in held if found == {"NO"} else False in held or (is_denying and True not in held)
    if len(found) > 1 or clash:
        return Answer(None, "contradictory")
    word = found.pop()
    return Answer((word,), "extracted", 0, (instead or word,))


def yes_no_of_data(data: Mapping[str, Any], words: Vocabulary) -> Answer | None:
    """The answer of JSON whose one yes or no stands under the name of what is asked about; None where there is none."""
    named = {name.upper().replace("_", " "): truth_of(value) for name, value in data.items() if isinstance(name, str)}
    found = {name: held for name, held in named.items() if held is not None and _subject(words).search(name)}
    if len(set(found.values())) != 1:
        return None
    name, held = next(iter(found.items()))
    return Answer(("YES" if held else "NO",), "extracted", 0, (f"{name}: {'YES' if held else 'NO'}",))


def _answered(sentence: str) -> list[str]:
    """YES and NO where they answer, neither denied nor in doubt; "no" before a noun does not."""
    yes = [("YES", one.start()) for one in re.finditer(r"\bYES\b", sentence)]
    no = [("NO", one.end() - 2) for one in ANSWERED_NO.finditer(sentence)]
    before = [(word, sentence[:at].split(":")[-1]) for word, at in (*yes, *no)]
    return [word for word, lead in before if not (NEGATION.search(lead) or UNSURE.search(lead))]


def _held(sentence: str, words: Vocabulary) -> list[bool]:
    """For each mention of what is asked about, whether the sentence says that it is there; in doubt, both."""
    found: list[bool] = []
    for clause in re.split(r"[,:]|\b(?:BUT|HOWEVER|ALTHOUGH|THOUGH|WHILE|WHEREAS|YET|AND|EXCEPT)\b", sentence):
        for mention in _subject(words).finditer(clause):
            n_before = len(NEGATION.findall(clause[: mention.start()]))
            is_denied = n_before == 1 or (not n_before and bool(DENIED.search(clause[mention.end() :])))
            found += [True, False] if n_before > 1 else [not is_denied]
        if HELD.search(clause) and not NEGATION.search(clause):
            found.append(True)
    return found


def _is_none_of_it(sentence: str, words: Vocabulary) -> bool:
    """Whether a sentence says, in plain words alone, that there is none of what is asked about."""
    denial = re.compile(
        r"\bNO\b|\bLACKS\b|\b(?:FREE|DEVOID) OF\b|\bTHERE\s+(?:IS|ARE)\s*(?:NOT|N'T) (?:AN?|ANY)\b|\b(?:DOES NOT|"
        r"DOESN'T) (?:CONTAIN|SHOW|HAVE|EXHIBIT|DISPLAY)\b|\bI (?:DO NOT|DON'T|CANNOT|CAN'T|CAN NOT) (?:SEE|FIND)\b"
    )
    denied = denial.search(sentence)
    if not denied or len(NEGATION.findall(sentence)) != 1 or not _subject(words).search(sentence[denied.end() :]):
        return False
    known = set(PLAIN_WORDS.split()) | set(re.findall(r"[A-Z]+", " ".join((*words.subjects, words.question)).upper()))
    rest = _subject(words).sub(" ", denial.sub(" ", sentence))
    return set(re.findall(r"[A-Z']+", rest)) <= known


def _subject(words: Vocabulary) -> re.Pattern[str]:
    """The last word of each noun, in American spelling too; matches nothing where there is none."""
    heads = {one.upper().split()[-1] for one in words.subjects if one.strip()}
    spelled = sorted(re.escape(one).replace("ARTEFACT", "ART[EI]FACT") for one in heads)
    return re.compile(rf"\b(?:{'|'.join(spelled)})\b" if spelled else r"(?!)")
