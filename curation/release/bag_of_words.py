"""A multinomial naive Bayes of words: what can be learnt from texts without anything else.

Words that stand equally often in every text, such as the definitions that a question always gives, say nothing and
are left out; else their sheer number would drown the prior.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = Sequence[str]
SMOOTHING = 1.0  # Laplace's


@dataclass(frozen=True)
class BagOfWords:
    """Answers learnt from words."""

    answers: tuple[str, ...]
    place: Mapping[str, int]
    log_prior: NDArray[np.float64]
    log_word: NDArray[np.float64]
    """[answer, word]."""

    @classmethod
    def learnt(cls, texts: Sequence[Words], answers: Sequence[str]) -> "BagOfWords":
        """From texts with their answers, of which there is one at least."""
        counted = Counter(answers)
        names = tuple(sorted(counted))
        place = {word: at for at, word in enumerate(_varying(texts))}
        counts = np.zeros((len(names), len(place)))
        row = {name: at for at, name in enumerate(names)}
        for text, answer in zip(texts, answers, strict=True):
            np.add.at(counts[row[answer]], [place[word] for word in text if word in place], 1.0)
        counts += SMOOTHING
        log_word = np.log(counts / counts.sum(axis=1, keepdims=True))
        log_prior = np.log([counted[name] / len(answers) for name in names])
        return cls(names, place, log_prior, log_word)

    def answer(self, text: Words) -> str:
        """The likeliest answer; of equal ones the first by name."""
        known = [self.place[word] for word in text if word in self.place]
        return self.answers[int(np.argmax(np.round(self.log_prior + self.log_word[:, known].sum(axis=1), 9)))]


def _varying(texts: Sequence[Words]) -> list[str]:
    """The words that do not stand equally often in every text, in alphabetical order."""
    counted = [Counter(text) for text in texts]
    in_texts = Counter(word for one in counted for word in one)
    return [word for word in sorted(in_texts) if in_texts[word] < len(texts) or len({one[word] for one in counted}) > 1]
