"""A dataset of the user's, made of a table and the keys of its doors, with one image of its survey."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from astropy.table import Table
from astropy.wcs import WCS

from catalogs.dataset import dataset
from schemas.doors import VARIABLE
from schemas.tables import MOSAICS

SCHEMES = {
    "one_of": ('kind = "single"', ("RING", "JET", "BLOB")),
    "any_of": ('kind = "multi"', ("RING", "JET", "BLOB")),
    "of_objects": ('kind = "multi"\nabout = "objects"', ("RING", "JET", "BLOB")),
}
COLUMNS = ("mosaic", "ra_deg", "dec_deg", "width_px", "height_px", "pixel_arcsec", "header")
SIDE_PX, PIXEL_ARCSEC, CENTRE = 100, 2.0, (150.0, 2.0)


def wcs() -> WCS:
    made = WCS(naxis=2)
    made.wcs.ctype, made.wcs.crval, made.wcs.crpix = ["RA---SIN", "DEC--SIN"], CENTRE, [50.5, 50.5]
    made.wcs.cdelt = [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
    return made


def index(*names: str, header: bool = True) -> pa.Table:
    """MOSAICS with images of one and the same sky."""
    cards = wcs().to_header().tostring(sep="\n") if header else None
    ra, dec = CENTRE if header else (None, None)
    pixel = PIXEL_ARCSEC if header else None
    rows = [dict(zip(COLUMNS, (name, ra, dec, SIDE_PX, SIDE_PX, pixel, cards), strict=True)) for name in names]
    return pa.Table.from_pylist(rows, pa.schema([MOSAICS.schema.field(name) for name in COLUMNS]))


@dataclass
class Mine:
    """A folder of doors and a raw folder."""

    root: Path

    def write(self, kind: str, name: str, text: str) -> Path:
        path = self.root / "doors" / kind / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def table(self, columns: str, *rows: str, head: str = "", more: str = "") -> None:
        """The catalogue `table`: `columns` as TOML, rows of CSV whose first is the header."""
        (self.root / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        head = head or 'file = "table.csv"\nformat = "csv"\n'
        self.write("catalogs", "table", f'title = "Mine"\n{head}cite = "nobody"\n{more}\n[columns]\n{columns}')

    def fits(self, columns: str, table: Table, more: str = "") -> None:
        table.write(self.root / "table.fits", overwrite=True)
        head = 'file = "table.fits"\nformat = "fits"\n'
        self.write("catalogs", "table", f'title = "Mine"\n{head}cite = "nobody"\n{more}\n[columns]\n{columns}')

    def door(self, text: str, scheme: str = "one_of") -> Path:
        head = f'title = "Mine"\ncite = "nobody"\nscheme = "{scheme}"\nsurvey = "sky"\n'
        return self.write(
            "datasets", "mine", head + ("" if text.startswith("pictures =") else 'catalog = "table"\n') + text
        )

    def sources(self, *images: str, header: bool = True):
        return dataset("mine").read_sources(self.root, index(*images, header=header))

    def objects(self, *images: str, header: bool = True):
        read = dataset("mine").read_objects
        assert read
        return read(self.root, index(*images, header=header))


def make_mine(root: Path, monkeypatch) -> Mine:
    """The doors in force for the test, with schemes and a survey."""
    mine = Mine(root)
    for name, (head, labels) in SCHEMES.items():
        words = "\n".join(
            f'[labels.{label}]\nid = {k}\ndefinition = "a thing"\nphrase = "A {label.lower()} is seen."\n'
            f'noun = "{label.lower()}s"\nnoun_one = "{label.lower()}"'
            for k, label in enumerate(labels)
        )
        mine.write("label_schemes", name, f'title = "Mine"\ncite = "nobody"\n{head}\n{words}\n')
    mine.write("surveys", "sky", 'title = "Mine"\ncite = "nobody"\nfiles = ["*.fits"]\n')
    monkeypatch.setenv(VARIABLE, str(root / "doors"))
    return mine


def states(row) -> dict[str, str]:
    """Truth by label."""
    return {one["label"]: one["state"] for one in row["labels"]}
