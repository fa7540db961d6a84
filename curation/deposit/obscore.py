"""The ObsCore table of a release: a row for each picture of the sky, as a VOTable that astronomers' tools read.

Columns, units, UCDs and utypes of ObsCore 1.1 stand in `obscore.toml`. Figures of papers have no row: nobody knows
their sky. What images do not tell (time, band, polarisation) is null.
"""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogs.database import connect
from catalogs.survey import Survey, surveys
from curation.deposit.about import About
from curation.deposit.facts import Facts
from curation.deposit.places import FOLDER
from curation.release.certificate import PROVENANCE
from curation.release.export import PNG_SIGNATURE
from schemas.errors import TableError
from schemas.folder import read_toml

FILE = "obscore.vot"
COLUMNS = Path(__file__).with_name("obscore.toml")
LIGHT_M_PER_S = 299_792_458.0
BANDS = (  # of UCD1+, upper ends in MHz
    (100, "em.radio.20-100MHz"), (200, "em.radio.100-200MHz"), (400, "em.radio.200-400MHz"),
    (750, "em.radio.400-750MHz"), (1500, "em.radio.750-1500MHz"), (3000, "em.radio.1500-3000MHz"),
    (6000, "em.radio.3-6GHz"), (12000, "em.radio.6-12GHz"), (30000, "em.radio.12-30GHz"),
    (100000, "em.radio.30-100GHz"),
)  # fmt: skip
PICTURES = """
SELECT cutout_id, any_value(image) AS image, any_value(survey) AS survey, any_value(mosaic) AS mosaic,
       any_value(source_name) AS source_name, any_value(ra_deg) AS ra_deg, any_value(dec_deg) AS dec_deg,
       any_value(radius_arcsec) AS radius_arcsec, any_value(pixel_x_arcsec) AS pixel_x_arcsec,
       any_value(pixel_y_arcsec) AS pixel_y_arcsec, any_value(width_px) AS width_px,
       any_value(height_px) AS height_px, any_value(up_pa_deg) AS up_pa_deg,
       any_value(left_pa_deg) AS left_pa_deg, any_value(beam_major_arcsec) AS beam_major_arcsec,
       any_value(beam_minor_arcsec) AS beam_minor_arcsec, any_value(split) AS split, any_value(licence) AS licence,
       count(*) AS n_samples
FROM provenance WHERE cutout_id IS NOT NULL GROUP BY cutout_id ORDER BY cutout_id
"""
SIDES = {"width_px": ("x_max_px", "x_min_px"), "height_px": ("y_max_px", "y_min_px")}
"""Of a picture: columns of its own where a corpus has a `[frame]`, else those of its window."""
EMPTY = {"text": "", "whole": 0, "real": math.nan}
"""What stands behind the mask where a column of that type is null."""
Row = dict[str, Any]


def rows(facts: Facts, about: About) -> list[Row]:
    """A row for each picture of a hand-over, by cutout."""
    name = f"doi:{about.doi}" if about.doi else f"{facts.corpus}-{about.version}"
    there = pq.read_schema(facts.folder / PROVENANCE).names
    sides = [name for name in SIDES if name in there]
    wanted = ["cutout_id", "image", "survey", "mosaic", "source_name", "ra_deg", "dec_deg", "radius_arcsec",
              "pixel_x_arcsec", "pixel_y_arcsec", "x_min_px", "x_max_px", "y_min_px", "y_max_px", "up_pa_deg",
              "left_pa_deg", "beam_major_arcsec", "beam_minor_arcsec", "split", "licence", *sides]  # fmt: skip
    with connect({"provenance": _with_sides(pq.read_table(facts.folder / PROVENANCE, columns=wanted))}) as db:
        pictures = db.sql(PICTURES).to_arrow_table().to_pylist()
    known, root = surveys(), f"{about.url.rstrip('/')}/{FOLDER}" if about.url else FOLDER
    return [
        {
            **_row(one, known.get(one["survey"]), facts.folder),
            "obs_publisher_did": f"{name}#{one['cutout_id']}",
            "access_url": f"{root}/{one['image']}",
        }
        for one in pictures
    ]


def write_votable(found: Sequence[Row], path: Path, title: str) -> None:
    """Write the rows as a VOTable of one table; the same rows give the same bytes."""
    from astropy.io.votable import tree, writeto  # takes a second

    votable = tree.VOTableFile(version="1.4")
    resource = tree.Resource(name="ObsCore")
    table = tree.TableElement(votable, name="obscore", utype="ivo://ivoa.net/std/ObsCore#table-1.1")
    table.description = title
    frame = tree.CooSys(ID="sky", system="ICRS")
    resource.coordinate_systems.append(frame)
    columns = read_columns()
    table.fields.extend(_field(votable, name, said) for name, said in columns.items())
    empty = [EMPTY[said["type"]] for said in columns.values()]
    table.create_arrays(len(found))
    for k, row in enumerate(found):
        values = [row.get(name) for name in columns]
        table.array[k] = tuple(blank if value is None else value for value, blank in zip(values, empty, strict=True))
        table.array.mask[k] = tuple(value is None for value in values)
    resource.tables.append(table)
    votable.resources.append(resource)
    votable.set_all_tables_format("tabledata")
    writeto(votable, str(path))


@cache
def read_columns() -> dict[str, Row]:
    """Columns by name, in order: type, unit, utype, ucd, meaning."""
    return read_toml(COLUMNS)


def _with_sides(provenance: pa.Table) -> pa.Table:
    for name, (far, near) in SIDES.items():
        if name not in provenance.schema.names:
            provenance = provenance.append_column(name, pc.subtract(provenance[far], provenance[near]))
    return provenance


def region(row: Row) -> str | None:
    """The outline of a picture: its corners by size and turn, else the circle around it; None without a position."""
    if row["ra_deg"] is None or row["dec_deg"] is None:
        return None
    sides = [row[name] for name in ("pixel_x_arcsec", "pixel_y_arcsec", "width_px", "height_px", "up_pa_deg",
                                    "left_pa_deg")]  # fmt: skip
    if any(one is None for one in sides):
        if row["radius_arcsec"] is None:
            return None
        return f"CIRCLE ICRS {row['ra_deg']:.7f} {row['dec_deg']:.7f} {row['radius_arcsec'] / 3600:.7f}"
    corners = _corners(row)
    return "POLYGON ICRS " + " ".join(f"{ra:.7f} {dec:.7f}" for ra, dec in corners)


def observable(frequency_mhz: float | None) -> str:
    """The UCD of brightness in a radio band."""
    if frequency_mhz is None:
        return "phot.flux.density;em.radio"
    return f"phot.flux.density;{next((band for end, band in BANDS if frequency_mhz < end), 'em.radio')}"


def png_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, of its first chunk. Raises TableError for a file that is none."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(PNG_SIGNATURE) or head[12:16] != b"IHDR":  # noqa: PLR2004 -- PNG's own
        raise TableError(f"{path}: no PNG")
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def _row(one: Row, known: Survey | None, handover: Path) -> Row:
    width, height = png_size(handover / one["image"])
    frequency = known.frequency_mhz if known else None
    wavelength = LIGHT_M_PER_S / (frequency * 1e6) if frequency else None
    beams = [one["beam_major_arcsec"], one["beam_minor_arcsec"]]
    return {
        "dataproduct_type": "image",
        "calib_level": 4,
        "obs_collection": known.title if known else one["survey"],
        "obs_id": one["mosaic"],
        "access_format": "image/png",
        "access_estsize": math.ceil((handover / one["image"]).stat().st_size / 1000),
        "target_name": one["source_name"],
        "s_ra": one["ra_deg"],
        "s_dec": one["dec_deg"],
        "s_fov": one["radius_arcsec"] and one["radius_arcsec"] / 1800,
        "s_region": region(one),
        "s_resolution": math.sqrt(beams[0] * beams[1]) if all(beams) else None,
        "s_xel1": width,
        "s_xel2": height,
        "em_min": wavelength,
        "em_max": wavelength,
        "em_xel": 1,
        "o_ucd": observable(frequency),
        "facility_name": (known and known.facility) or None,
        "split": one["split"],
        "n_samples": one["n_samples"],
        "licence": one["licence"],
    }


def _corners(row: Row) -> list[tuple[float, float]]:
    """The corners in degrees, on the plane that touches the sky at the centre; counter-clockwise as the sky is seen."""
    up, left = math.radians(row["up_pa_deg"]), math.radians(row["left_pa_deg"])
    high = math.radians(row["pixel_y_arcsec"] * row["height_px"] / 7200)
    wide = math.radians(row["pixel_x_arcsec"] * row["width_px"] / 7200)
    found = list[tuple[float, float]]()
    turns = ((1, 1), (-1, 1), (-1, -1), (1, -1))  # from top left; in a mirrored picture the other way round
    for vertical, across in turns if math.sin(left - up) > 0 else turns[::-1]:
        east = vertical * high * math.sin(up) + across * wide * math.sin(left)
        north = vertical * high * math.cos(up) + across * wide * math.cos(left)
        found.append(_off(row["ra_deg"], row["dec_deg"], east, north))
    return found


def _off(ra_deg: float, dec_deg: float, east: float, north: float) -> tuple[float, float]:
    """The place so far east and north of another, in radians on its tangent plane (Calabretta & Greisen 2002, TAN)."""
    dec = math.radians(dec_deg)
    below = math.cos(dec) - north * math.sin(dec)
    ra = math.radians(ra_deg) + math.atan2(east, below)
    found = math.atan2(math.sin(dec) + north * math.cos(dec), math.hypot(east, below))
    return float(np.degrees(ra)) % 360, float(np.degrees(found))


def _field(votable: Any, name: str, said: Row) -> Any:
    from astropy.io.votable import tree

    types = {"text": {"datatype": "char", "arraysize": "*"}, "whole": {"datatype": "long"},
             "real": {"datatype": "double"}}  # fmt: skip
    optional = {key: said[key] for key in ("unit", "utype") if said.get(key)}
    if name in ("s_ra", "s_dec", "s_region"):
        optional["ref"] = "sky"
    if name == "s_region":
        optional["xtype"] = "adql:REGION"
    field = tree.Field(votable, name=name, ID=name, ucd=said["ucd"], **types[said["type"]], **optional)
    if said["type"] == "whole":
        field.values.null = -1
    field.description = said["means"]
    return field
