"""Is a text English? By its script, else by the small words that every sentence of a language needs; no model."""

import re
from functools import lru_cache

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NOT_LATIN = re.compile(r"[^\W\d_A-Za-z\u00aa-\u024f\u1e00-\u1eff\u2100-\u214f\ufb00-\ufb06\U0001d400-\U0001d7ff]+")
_GREEK = re.compile(r"[\u0370-\u03ff]{1,2}")
FEW, MANY = 3, 10
"""Words of a bare reply; words from which a text without English ones is not English."""
LEAST_SHARE = 0.08
SHORT_REPLY = 10
"""Letters of a text in which one letter of another script is enough."""
MOST_KEPT = 50_000
"""Texts that a process remembers: templates say the same ones again and again."""


def _split(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


ENGLISH = _split(
    "the a an of in on at is are was be been and or but to with without from by for as it its this that these those",
    "there here no not yes none any some all each both one two three has have can does do which what where how many",
    "near left right top bottom image picture source sources radio map show shows contains object objects only same",
    "than more most very into within across about around while also between like so i you we they",
)
ELSEWHERE = _split(
    "la los las una del que por para es está hay sí ninguna ningún imagen fuente fuentes muestra",
    "os uma não sim da dos das em há imagem fonte fontes sem com",
    "il lo gli della delle che è sono sì nessuna nessun immagine sorgente sorgenti nella",
    "le les une et est sont dans pas oui aucune aucun avec cette ces au aux",
    "der das ein eine einen und ist sind nicht nein ja kein keine im mit auf bild quelle quellen zeigt",
    "het een zijn niet nee geen bron bronnen afbeelding toont",
    "och är inte ett på og ikke til bilde",
    "nie jest są obrazie źródło źródła się",
    "bir ve bu yok evet hayır görüntüde kaynak",
    "yang tidak ada ini gambar sumber",
)
"""Spanish, Portuguese, Italian, French, German, Dutch, Scandinavian, Polish, Turkish, Indonesian; none is English."""
REPLIES = _split("sí sì não oui nein ja nee nie hayır evet tidak keine kein geen aucune ninguna nessuna")


@lru_cache(maxsize=MOST_KEPT)
def is_wrong_language(text: str) -> bool:
    """Whether a text is not English. One too short to tell, such as a list of classes, is not flagged."""
    if _has_foreign_letters(text):
        return True
    words = [one[0].lower() for one in WORD.finditer(text) if not (one[0].isupper() and len(one[0]) > 1)]
    english = sum(one in ENGLISH for one in words)
    elsewhere = sum(one in ELSEWHERE for one in words)
    if not english:
        return any(one in (REPLIES if len(words) <= FEW else ELSEWHERE) for one in words) or len(words) >= MANY
    return (elsewhere > 1 and elsewhere > english) or (len(words) >= MANY and english < LEAST_SHARE * len(words))


def _has_foreign_letters(text: str) -> bool:
    """Whether letters of another script than the Latin stand in a text; one or two Greek ones are symbols."""
    if text.isascii():
        return False
    n_foreign = sum(len(one) for one in _NOT_LATIN.findall(text) if not _GREEK.fullmatch(one))
    return n_foreign > 1 or (n_foreign == 1 and sum(map(str.isalpha, text)) < SHORT_REPLY)
