"""Units and numbers as siunitx, SIunits and units write them, as text."""

import re

PREFIXES = {
    "pico": "p", "nano": "n", "micro": "µ", "milli": "m", "centi": "c", "deci": "d", "kilo": "k", "mega": "M",
    "giga": "G", "tera": "T", "peta": "P", "exa": "E", "hecto": "h", "deca": "da",
}  # fmt: skip
UNITS = {
    "meter": "m", "metre": "m", "second": "s", "gram": "g", "kilogram": "kg", "hertz": "Hz", "kelvin": "K",
    "jansky": "Jy", "Jy": "Jy", "mJy": "mJy", "uJy": "µJy", "beam": "beam", "parsec": "pc", "pc": "pc", "kpc": "kpc",
    "Mpc": "Mpc", "watt": "W", "joule": "J", "erg": "erg", "tesla": "T", "gauss": "G", "angstrom": "Å", "year": "yr",
    "hour": "h", "minute": "min", "day": "d", "arcsecond": "arcsec", "arcminute": "arcmin", "degree": "°",
    "percent": "%", "electronvolt": "eV", "steradian": "sr", "radian": "rad", "astronomicalunit": "au",
    "lightyear": "ly",
    "micron": "µm", "um": "µm", "nm": "nm", "mm": "mm", "cm": "cm", "km": "km", "Hz": "Hz", "kHz": "kHz", "MHz": "MHz",
    "GHz": "GHz", "THz": "THz", "eV": "eV", "keV": "keV", "MeV": "MeV", "GeV": "GeV", "decibel": "dB", "mag": "mag",
    "metrepersecond": "m/s", "bel": "B", "byte": "B", "bit": "bit", "kilometer": "km", "gigahertz": "GHz",
    "megahertz": "MHz", "Msun": "M⊙", "solarmass": "M⊙", "newton": "N", "pascal": "Pa", "volt": "V", "ampere": "A",
}  # fmt: skip
POWERS = {"squared": "²", "cubed": "³"}
_WORD = re.compile(r"\\([a-zA-Z]+)\s*(?:\{([^{}]*)\})?")
_EXPONENT = re.compile(r"(?<=[\d.])[eEdD]([+-]?\d+)")


def unit_text(latex: str) -> str | None:
    """Units of macros such as `\\mJy\\per\\beam`, or as they stand (`mJy.beam^{-1}`); None where one is not known."""
    if "\\" not in latex:
        return latex
    words = _WORD.findall(latex)
    if not words or _WORD.sub("", latex).strip(" .~{}"):
        return None
    parts: list[str] = []
    joint, power = "", ""
    for name, given in words:
        if name in PREFIXES:
            joint += PREFIXES[name]
        elif name == "per":
            joint = "/"
        elif name in ("square", "cubic"):
            power = "²" if name == "square" else "³"
        elif name in POWERS or name == "tothe":
            parts.append(POWERS.get(name) or f"^{given}")
        elif name in UNITS:
            apart = " " if parts and not joint.startswith("/") else ""
            parts.append(apart + joint + UNITS[name] + power)
            joint = power = ""
        else:
            return None
    return "".join(parts)


def number_text(latex: str) -> str:
    """A number of \\num: `1.4e9` as `1.4 × 10^9`, `1 +- 2` as `1 ± 2`."""
    text = re.sub(r"\\,|~|\s+", "", latex).replace("+-", " ± ").replace("\\pm", " ± ")
    text = re.sub(r"\s*x\s*", " × ", text)
    return _EXPONENT.sub(lambda found: f" × 10^{found[1].lstrip('+')}", text)


def angle_text(latex: str) -> str:
    """An angle of \\ang: `12;30;15.5` as `12°30′15.5″`."""
    parts = [one.strip() for one in latex.split(";")]
    return "".join(f"{one}{mark}" for one, mark in zip(parts, "°′″", strict=False) if one)
