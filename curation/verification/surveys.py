"""Short names of radio surveys and of others that a text may confuse them with."""

SURVEYS = {
    "FIRST": "Faint Images of the Radio Sky at Twenty-cm", "EMU": "Evolutionary Map of the Universe",
    "LoTSS": "LOFAR Two-metre Sky Survey", "NVSS": "NRAO VLA Sky Survey", "VLASS": "VLA Sky Survey",
    "SMGPS": "SARAO MeerKAT Galactic Plane Survey", "MAGPIS": "Multi-Array Galactic Plane Imaging Survey",
    "SUMSS": "Sydney University Molonglo Sky Survey", "VLSSr": "VLA Low-frequency Sky Survey Redux",
    "SCORPIO": "SCORPIO", "RACS": "Rapid ASKAP Continuum Survey", "TGSS": "TIFR GMRT Sky Survey",
    "WENSS": "Westerbork Northern Sky Survey", "GLEAM": "GaLactic and Extragalactic All-sky MWA",
    "MIGHTEE": "MeerKAT International GHz Tiered Extragalactic Exploration", "CORNISH": "CORNISH", "THOR": "THOR",
    "WISE": "Wide-field Infrared Survey Explorer", "SDSS": "Sloan Digital Sky Survey",
}  # fmt: skip
"""Short names of surveys, and how their titles begin."""
TELESCOPES = {
    "MeerKAT": ("SMGPS", "MIGHTEE"), "ASKAP": ("EMU", "RACS", "SCORPIO"), "LOFAR": ("LoTSS",), "GMRT": ("TGSS",),
    "VLA": ("FIRST", "NVSS", "VLASS", "VLSSr", "MAGPIS", "CORNISH", "THOR"), "MWA": ("GLEAM",), "WSRT": ("WENSS",),
}  # fmt: skip
"""Telescopes, and the surveys above that they made."""
