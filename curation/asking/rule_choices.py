"""What the rule server says to a closed question: an option that is listed, in as many forms as models have.

It knows nothing of what is true. The option follows from what meets the eye, now and then from where it is listed; of
the forms most are the bare option, the others a sentence, another spelling, or nothing that can be read.
"""

import re

from schemas.fingerprint import choose, fraction

OPTION = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])[A-Z0-9]+(?:[-_][A-Z0-9]+)*(?![\w-])")
YES_NO = re.compile(r"\b(?:Yes or No|No or Yes)\b")
SEVERAL = re.compile(r"separated by commas")
ODD = 8.0  # odd forms for each sentence that is wrong on purpose
BY_PLACE, HOLDS, AGAIN = 0.15, 0.4, 0.3
SENTENCES = ("The source in the image is {}.", "I would call it {}, I think.", "It looks like {} to me.")
FORMS = (("sentence", 0.5), ("alias", 0.2), ("two", 0.06), ("blob", 0.06), ("refusal", 0.06), ("empty", 0.06),
         ("endless", 0.06))  # fmt: skip
N_ENDLESS = 60  # sentences: more than a reply may hold


def options_of(text: str) -> list[str]:
    """The answers that a question lists behind its last question mark; fewer than two: it is an open one."""
    behind = text.rsplit("?", 1)[-1]
    if YES_NO.search(text):
        return ["Yes", "No"] if "Yes or No" in text else ["No", "Yes"]
    found = [one for one in OPTION.findall(behind) if len(one) > 1]
    return list(dict.fromkeys(found))


def closed_answer(
    text: str, options: list[str], seen: str, error_share: float, earlier: tuple[str, ...] = ()
) -> str:  # fmt: skip
    """One of the options, or several where the question allows it; `seen`: what the picture shows, in words.

    Where examples were shown, the answer of the last one is now and then said again, as models do.
    """
    said = _several(options, seen) if SEVERAL.search(text) else _one(options, seen)
    if earlier and fraction(f"again:{seen}:{earlier}") < AGAIN:
        said = earlier[-1]
    drawn, form = fraction(f"odd:{text}:{seen}") / min(1.0, ODD * error_share) if error_share else 1.0, "bare"
    for name, share in FORMS:
        if drawn < share:
            form = name
            break
        drawn -= share
    return _in_form(form, said, options, seen)


def _one(options: list[str], seen: str) -> str:
    if fraction(f"place:{seen}") < BY_PLACE:
        return options[0]
    return max(options, key=lambda one: fraction(f"{seen}:{one}"))


def _several(options: list[str], seen: str) -> str:
    held = [one for one in options if one != "NONE" and fraction(f"{seen}:{one}") < HOLDS]
    return ", ".join(held) or "NONE"


def _in_form(form: str, said: str, options: list[str], seen: str) -> str:
    match form:
        case "sentence":
            return choose(SENTENCES, f"sentence:{seen}").format(said)
        case "alias":
            return said.replace("-", "")
        case "two":
            return f"{options[0]} or {options[-1]}, which are hard to tell apart"
        case "blob":
            return "A blob."
        case "refusal":
            return "I'm sorry, but I cannot tell from this image."
        case "empty":
            return ""
        case "endless":
            return " ".join([seen] * N_ENDLESS)
        case _:
            return said
