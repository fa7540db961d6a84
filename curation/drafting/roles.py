"""Which column of a table is which: by UCD, else by name; and in which unit, by header, else by name."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogs.units import NO_UNIT

Row = dict[str, Any]
NUMBERS = ("int", "real")
BY_UCD = {
    "ra": r"pos\.eq\.ra", "dec": r"pos\.eq\.dec", "l": r"pos\.galactic\.lon", "b": r"pos\.galactic\.lat",
    "major": r"phys\.angsize\.smajaxis", "minor": r"phys\.angsize\.sminaxis", "pa": r"pos\.posang",
    "name": r"meta\.id(;|$)", "label": r"(src\.class|meta\.code\.class|src\.morph\.type)",
    "flux": r"phot\.flux\.density(;em\.radio)?(;|$)",
}  # fmt: skip
"""Beginnings of UCDs; errors begin with stat.error and are none of these."""
NAMES = {
    "name": """name sourcename srcname objectname objname iauname islandname componentname mainname designation id
        sourceid srcid objectid objid mainid source object psrj""",
    "ra": """ra raj2000 ra2000 raicrs radeg rajdeg raj rajd rahms rah rahour rahours ramean radegcont rahmscont alpha
        alphaj2000 rightascension""",
    "dec": """dec decl de dej2000 decj2000 de2000 dec2000 decicrs deicrs decdeg dedeg decjdeg decj decjd decdms decmean
        decdegcont decdmscont delta deltaj2000 declination""",
    "l": """l ldeg glon glong gallon gall gl lii longitude gallong gallongitude galacticlong galacticlongitude
        galacticlon""",
    "b": "b bdeg glat gallat galb gb bii latitude gallatitude galacticlat galacticlatitude",
    "major": """maj major majax majaxis majoraxis semimajor semimajoraxis semimaj smaj bmaj fwhmmaj fwhmmajor majfwhm
        majorfwhm dmaj diammaj diammajor diametermajor majordiam majordiameter a aimage aworld ellipsea""",
    "minor": """min minor minax minaxis minoraxis semiminor semiminoraxis semimin smin bmin fwhmmin fwhmminor minfwhm
        minorfwhm dmin diammin diamminor diameterminor minordiam minordiameter b bimage bworld ellipseb""",
    "pa": "pa posang posangle positionangle theta bpa posa orientation angle",
    "radius": "radius rad r reff angradius angularradius rmax",
    "diameter": """diam diameter size dmean d angsize angularsize las largestangularsize largestangsize lgzsize
        angextent sizeradiomean""",
    "label": """class type label morphology morph category kind classification classname sourceclass sourcetype srctype
        srcclass objectclass objecttype objtype objclass morphclass morphtype radioclass radiotype myclass mclass cls
        frclass frtype frlabel""",
    "confidence": "conf confidence score prob probability p consensus cl consensuslevel likelihood",
    "flux": """flux totalflux totflux intflux integratedflux fluxdensity totalfluxdensity integratedfluxdensity fluxint
        fluxtotal fluxtot fluxdensityint sint stot stotal""",
    "peak": "peak peakflux peakfluxdensity fluxpeak speak peakbrightness",
}
"""Names of columns by role, in small letters and digits alone."""
BY_NAME = {role: frozenset(names.split()) for role, names in NAMES.items()}
KINDS = {
    "name": ("text", "int"), "label": ("text", "int"),
    "ra": (*NUMBERS, "sexagesimal"), "dec": (*NUMBERS, "sexagesimal"),
}  # fmt: skip
UNIT_IN_NAME = {
    "deg": "deg", "degree": "deg", "degrees": "deg", "arcsec": "arcsec", "arcmin": "arcmin", "asec": "arcsec",
    "amin": "arcmin", "mas": "mas", "mjy": "mJy", "jy": "Jy", "hours": "hourangle", "hour": "hourangle",
    "hms": "hourangle", "dms": "deg", "mjybeam": "mJy/beam", "jybeam": "Jy/beam",
}  # fmt: skip
FEWEST, MOST_CLASSES = 2, 30
BY_VALUES = "few values that repeat"
SIGMA = re.compile(r"(e|err|error|unc|sigma|d?e)_.*|.*_(err|error|unc|rms)|.*(error|uncert).*")


@dataclass(frozen=True)
class Role:
    """The column that is something, by what it was known, and the other columns that could be it."""

    column: Row
    why: str
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The column's name in the file."""
        return str(self.column["name"])


def roles(columns: Sequence[Row], n_rows: int) -> dict[str, Role]:
    """The column of each role, as far as there is one; a column has one role only."""
    found, taken = dict[str, Role](), set[str]()
    for role in BY_NAME:
        ranked = sorted(
            ((rank, why, at) for at, one in enumerate(columns) if one["name"] not in taken
             for rank, why in [_rank(role, one)] if rank),
            key=lambda one: (-one[0], one[2]),
        )  # fmt: skip
        if ranked and (role not in ("l", "b") or _pair(role, columns)):
            _, why, at = ranked[0]
            found[role] = Role(columns[at], why, tuple(str(columns[other]["name"]) for _, _, other in ranked[1:]))
            taken.add(columns[at]["name"])
    if "name" not in found:
        found |= _by_names(columns, n_rows, taken)
    if "label" not in found:
        found |= _by_values(columns, n_rows, taken)
    return found


def plain_name(name: str) -> str:
    """A column's name in small letters, without what stands in brackets: `GLong<br>(deg.)` -> glong."""
    plain = re.sub(r"<[^>]*>|\([^)]*\)|\[[^\]]*\]", " ", name)
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def unit_of(column: Row) -> tuple[str, str]:
    """The column's unit and where it is from: `header`, `name`; two empty texts where nobody says."""
    if column["unit"] and column["unit"] not in NO_UNIT:
        return str(column["unit"]), "header"
    name = str(column["name"])
    told = (
        re.findall(r"[(\[]([^)\]]*)[)\]]", name) + re.split(r"[^A-Za-z]+", plain_name(name))[1:] + name.split("/")[1:]
    )
    for text in told:
        unit = UNIT_IN_NAME.get(re.sub(r"[^a-z]", "", text.lower()))
        if unit:
            return unit, "name"
    return "", ""


def _rank(role: str, column: Row) -> tuple[int, str]:
    """How sure a column is of a role, 0 for not at all, and by what."""
    if column["is"] not in KINDS.get(role, NUMBERS) or column.get("n_distinct") == 0:
        return 0, ""
    if role == "label" and not FEWEST <= column["n_distinct"] <= MOST_CLASSES:
        return 0, ""
    if role == "confidence" and not (column["min"] >= 0 and column["max"] <= 1):
        return 0, ""
    meaning = str(column["meaning"] or "").lower()
    if role in BY_UCD and re.match(BY_UCD[role], meaning):
        return 3 + ("meta.main" in meaning), f"UCD {meaning.split()[0]}"
    plain = plain_name(str(column["name"]))
    if SIGMA.fullmatch(plain):
        return 0, ""
    if plain.replace("_", "") in BY_NAME[role]:
        return 2 + _surer(role, column), "its name"
    first = re.sub(r"_?(deg|degrees?|arcsec|arcmin|asec|amin|mas|hours?|mjy|jy|mjy_beam|jy_beam)$", "", plain)
    if first != plain and first.replace("_", "") in BY_NAME[role]:
        return 2 + _surer(role, column), "its name"
    return 0, ""


def _surer(role: str, column: Row) -> int:
    """Of two columns of one coordinate the one in numbers of degrees: `RAh` holds what somebody took for hours."""
    if role not in ("ra", "dec") or column["is"] not in NUMBERS:
        return 0
    return 1 + (unit_of(column)[0].lower().startswith("deg"))


def _pair(role: str, columns: Sequence[Row]) -> bool:
    """Whether the other coordinate is there: an `l` or `b` alone is something else."""
    other = {"l": "b", "b": "l"}[role]
    return any(_rank(other, one)[0] for one in columns)


def _by_names(columns: Sequence[Row], n_rows: int, taken: set[str]) -> dict[str, Role]:
    """A text column each of whose values stands once, where no name says which column has the names."""
    fitting = [one for one in columns if one["is"] == "text" and one["name"] not in taken
               and one["n_distinct"] == n_rows > 1]  # fmt: skip
    return {"name": Role(fitting[0], "every value stands once")} if fitting else {}


def _by_values(columns: Sequence[Row], n_rows: int, taken: set[str]) -> Mapping[str, Role]:
    """A text column of few values that repeat, where no name says which column has the classes."""
    fitting = [one for one in columns if one["is"] == "text" and one["name"] not in taken
               and FEWEST <= one["n_distinct"] <= MOST_CLASSES and 2 * one["n_distinct"] <= n_rows]  # fmt: skip
    if not fitting:
        return {}
    others = tuple(str(one["name"]) for one in fitting[1:])
    return {"label": Role(fitting[0], BY_VALUES, others)}
