"""What to do about a rule that does not hold, or about something that a reader of mosaics had to assume.

Of a rule between tables its file says it, in a line `-- do: …`; of a rule of a table it depends on its kind.
"""

import re
from pathlib import Path

from catalogs.database import read_sql
from curation.release.gates import BETWEEN, RULES

OF_TABLES = {
    "n_rows": "Look at the refused rows of this table and of those before it: what should be here was refused, or was "
    "never found. `python -m curation status` counts them.",
    "key_unique": "Two rows have one name. Look them up in gate/offenders.parquet: most often a catalogue lists a "
    "source twice, and one of the two has to go.",
    "columns_as_defined": "The table was made by another version of this software: `python -m curation build` makes it "
    "again.",
    "every_dataset_has_rows": "One dataset gave nothing. Its refused rows say why; a dataset that has nothing to give "
    "is better taken out of the corpus file.",
}
OF_A_COLUMN = (
    "The rows stand in gate/offenders.parquet. Lead one to its catalogue with `python -m curation why ID`, mend the "
    "column in the catalogue's door, and build again."
)
NOT_JUDGED = (
    "A column is missing or of another type, so nobody could count: run `python -m curation check`, then "
    "`python -m curation build --repair`."
)
OF_MOSAICS = {
    "header-characters": "Nothing, where nothing but names and units is meant; else mend the cards that FITS does not "
    "allow.",
    "number-as-text": "Nothing, where the number is the one that was meant; else mend the card in the file.",
    "beam-from-survey": "Nothing, where the survey's images all have this beam; else write BMAJ, BMIN and BPA into the "
    "files.",
    "beam-unknown": "Write BMAJ, BMIN and BPA into the files, or `beam_arcsec` into the survey's door: what asks for a "
    "beam leaves these pictures out.",
    "beam-refused": "Mend BMAJ and BMIN, which are in degrees.",
    "beam-in-history": "Nothing, where the line of HISTORY is of this image; else write BMAJ, BMIN and BPA.",
    "beam-doubtful": "Look at BMAJ and CDELT: one of them is in another unit.",
    "unit-in-ctype1": "Nothing, where the unit is the one that was meant; else write BUNIT.",
    "unit-differs": "Find out which of the two is right: the file wins here; mend its BUNIT or the survey's door.",
    "unit-from-survey": "Nothing, where the survey's images are all in this unit; else write BUNIT into the files.",
    "unit-unknown": "Write BUNIT into the files, or `brightness_unit` into the survey's door: without it no flux is "
    "told.",
    "brightness-doubtful": "Look at BUNIT: noise or peak are such as no radio telescope has seen.",
    "stale-wcs": "Nothing: the survey's door declares the position in these headers wrong, and none is used.",
    "no-wcs": "Nothing, where these are pictures without a place; else mend the header: nothing is asked about their "
    "sky.",
    "found-sky": "Nothing, where the table of `register` is right: look at these pictures beside their mosaic.",
    "sky-conflict": "Take one of the tables below `registrations/` away, or register these pictures again: until then "
    "they have no place.",
    "pixel-from-survey": "Nothing, where the survey's images all have this pixel; else write CDELT.",
    "no-outline": "Nothing: such an image reaches beyond the sky, and its edge is left out.",
    "duplicate-wcs": "Find out which of the two files is right, and take the other one away.",
}
LOOK = "Look at one of the files with `python -m curation inspect`."


def for_rule(table: str, rule: str, found: str, folder: Path = RULES) -> str:
    """What to do where a rule does not hold; `found`: what was found of it."""
    if found in ("not judged", "raised"):
        return NOT_JUDGED
    if table == BETWEEN:
        told = re.search(r"^-- do: (.+)$", read_sql(folder / f"{rule}.sql"), re.MULTILINE)
        return told[1] if told else LOOK
    return OF_TABLES.get(rule, OF_A_COLUMN)


def for_mosaics(warning: str) -> str:
    """What to do about something that was assumed of a mosaic; it begins with a short name."""
    return OF_MOSAICS.get(warning.split(":", 1)[0], LOOK)
