"""Warnings about the words: what a model could learn without looking at the picture."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from finetune.checks.preflight import Context, Finding, told
from finetune.data.samples import Sample

MOST_YES = 0.65  # or fewer than 0.35
MOST_FREQUENT = 0.3
MOST_COPIES = 0.01
MOST_TEMPLATED = 0.05
MOST_LEAKED = 0.2
LEAST_FILL, MOST_WAITING, LEAST_SHARE = 0.9, 1.1, 0.02
SHORT_CHARACTERS, FEWEST = 60, 50
YES, NO = ("yes", "yes."), ("no", "no.")


def check_balance(context: Context) -> list[Finding]:
    """Yes and No are about as frequent; no other answer stands for a large part."""
    answers = Counter(answer.strip().lower() for sample in context.samples for _, answer in sample.turns)
    n_yes, n_no, n_all = sum(answers[one] for one in YES), sum(answers[one] for one in NO), answers.total()
    wrong: list[str] = []
    if n_yes + n_no >= FEWEST and not 1 - MOST_YES <= n_yes / (n_yes + n_no) <= MOST_YES:
        wrong.append(f"{n_yes} answers are Yes and {n_no} No: who always says the one is mostly right")
    for answer, n in answers.most_common(1):
        if n_all >= FEWEST and n > MOST_FREQUENT * n_all:
            wrong.append(f"{n} of {n_all} answers are {answer!r:.60}")
    return told("W", "balance", wrong)


def check_duplicates(context: Context) -> list[Finding]:
    """Few records are another's copy, picture and words; few sentences stand in many answers."""
    copies: Counter[tuple[object, ...]] = Counter()
    sentences: Counter[str] = Counter()
    n_long = 0
    for sample in context.samples:
        pictures = tuple(one.where for one in sample.pictures)
        copies[(pictures, sample.system, tuple(message.text for message in sample.messages))] += 1
        longer = [answer for _, answer in sample.turns if len(answer) > SHORT_CHARACTERS]
        n_long += len(longer)
        sentences.update({one.strip() for answer in longer for one in answer.split(". ")})
    n_copies = copies.total() - len(copies)
    wrong = [f"{n_copies} of {copies.total()} records are copies"] if n_copies > MOST_COPIES * copies.total() else []
    said, n = next(iter(sentences.most_common(1)), ("", 0))
    if n_long >= FEWEST and n > MOST_TEMPLATED * n_long:
        wrong.append(f"a sentence stands in {n} of {n_long} long answers: {said!r:.80}")
    return told("W", "duplicates", wrong)


def leak_index(sample: Sample) -> tuple[int, int]:
    """Short answers that stand word for word in an earlier answer of their conversation, and all short ones."""
    n_leaked = n_short = 0
    earlier = ""
    for _, answer in sample.turns:
        words = answer.strip().rstrip(".").lower()
        if len(words) <= SHORT_CHARACTERS and words not in ("yes", "no", ""):
            n_short += 1
            n_leaked += f" {words} " in earlier
        earlier += f" {_spaced(answer)} "
    return n_leaked, n_short


def check_leak(context: Context) -> list[Finding]:
    """Answers are not already told by earlier answers: otherwise the picture need not be looked at."""
    if context.recipe.turns.layout == "isolated":
        return []  # no turn sees another
    pairs = [leak_index(sample) for sample in context.samples]
    n_leaked, n_short = (sum(column) for column in zip(*pairs, strict=True))
    if n_short < FEWEST or n_leaked <= MOST_LEAKED * n_short:
        return []
    said = f"leak index {n_leaked / n_short:.2f}: {n_leaked} of {n_short} short answers stand in an earlier answer"
    return told("W", "leak", [f'{said}; turns.layout = "isolated" hides them'])


def check_shares(context: Context) -> list[Finding]:
    """No source is all but silent in the loss; rows are full; no rank waits for another."""
    if context.lengths.wrong:
        return []  # told by another check, and there are no rows yet
    shares = shares_of_loss(context)
    wrong = [f"source {tag} carries {share:.1%} of the loss" for tag, share in shares.items() if share < LEAST_SHARE]
    return told("W", "shares", [*wrong, *_slack(context)])


def shares_of_loss(context: Context) -> dict[str, float]:
    """Each source's share of the loss, as the norm weighs it."""
    learned, totals = context.lengths.learned_of_record, defaultdict(float)
    for row in context.plan.rows:
        for number in () if row.is_filler else row.numbers:
            weight = float(learned[number]) if context.recipe.loss.norm == "token" else 1.0
            totals[context.samples.sources[number]] += weight
    whole = sum(totals.values())
    return {tag: totals[tag] / whole for tag in context.recipe.tags}


def words_told(context: Context) -> str:
    """What each source weighs in the loss, and how much of the short answers an earlier answer tells."""
    shares = ", ".join(f"{tag} {share:.1%}" for tag, share in shares_of_loss(context).items())
    pairs = [leak_index(sample) for sample in context.samples]
    n_leaked, n_short = (sum(column) for column in zip(*pairs, strict=True))
    leak = f"{n_leaked / n_short:.2f} of {n_short} short answers" if n_short else "no short answers"
    return f"share of the loss: {shares}; leak index: {leak}"


def _slack(context: Context) -> Iterator[str]:
    capacity = context.recipe.turns.pack_tokens
    rows = [row for row in context.plan.rows if not row.is_filler]
    if capacity and rows:
        filled = sum(row.n_tokens for row in rows) / (capacity * len(rows))
        if filled < LEAST_FILL:
            yield f"rows are {filled:.1%} full: another pack_tokens than {capacity} may hold more"
    factor = context.plan.slowest_rank_factor()
    if factor > MOST_WAITING:
        yield f"the slowest rank has {factor:.2f} times the average work: the others wait"


def _spaced(text: str) -> str:
    """Lower case, with blanks for punctuation: whole words are compared."""
    return " ".join("".join(one if one.isalnum() or one in "-'" else " " for one in text.lower()).split())


WORD_CHECKS = (check_balance, check_duplicates, check_leak, check_shares)
