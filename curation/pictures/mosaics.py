"""MOSAICS: the index of a survey's image files, each header read once and held against its file."""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from astropy.wcs import WCS
from tqdm import tqdm

from catalogs.survey import Survey
from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.engine.objects import AnyPath, ObjectPath, stamps_now
from curation.engine.steps import Step
from curation.pictures.beams import beam_columns, beams_table
from curation.pictures.brightness import to_mjy_per_beam
from curation.pictures.cards import ImageError, value
from curation.pictures.doubts import beam_doubts, brightness_doubts
from curation.pictures.fits_header import FitsImage, read_image_header
from curation.pictures.found_sky import SkyFile, found_sky, sky_files
from curation.pictures.local_sky import local_sky
from curation.pictures.plane import scaling
from curation.pictures.sky_pixels import celestial_wcs, mean_pixel_arcsec, outline, wcs_text
from curation.pictures.unchanged import Stamps, digest_of, last_stamp_of, stamp_of, unchanged
from schemas.errors import CatalogError
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import MOSAICS
from schemas.touches import only

MANY_FILES = 50
Row = dict[str, Any]


@dataclass(frozen=True)
class ImageFile:
    """An image file as it counts for an address: name relative to the folder of images, size and content."""

    mosaic: str
    n_bytes: int
    sha256: str


def find_files(raw: AnyPath, survey: Survey, digests: dict[str, list[Any]]) -> tuple[ImageFile, ...]:
    """The survey's image files below `raw`, by name. Raises CatalogError where there is none.

    `digests` holds [size, mtime_ns, sha256, ctime_ns] by name, of an object its ETag for the last: a file that still
    has these is not read again, the others are put in.
    """
    paths = _matching(raw, survey.files)
    if not paths:
        patterns, option = ", ".join(survey.files), "--images" if isinstance(raw, ObjectPath) else "--raw"
        raise CatalogError(
            f"survey {survey.name}: nothing matches {patterns} below {raw}; fetch it, or give another {option}"
        )
    odd = [name for name in paths if not name.isprintable()]  # half a character counts: no table can hold it
    if odd:
        raise CatalogError(
            f"{raw}: survey {survey.name}: found the file name {min(odd)!a:.200}, expected one that can be printed; "
            "give it another name"
        )
    folders = [name for name, is_folder in paths.items() if is_folder]
    if folders:
        raise CatalogError(
            f"{raw / min(folders)}: a folder, expected an image file of survey {survey.name}; move it away"
        )
    names = tqdm(
        sorted(paths),
        desc=f"hash {survey.name}",
        file=sys.stderr,
        disable=len(paths) <= MANY_FILES or not sys.stderr.isatty(),
    )
    if isinstance(raw, ObjectPath):
        stamps_now([raw / name for name in paths])
    return tuple(indexed(name, raw / name, digests) for name in names)


def _matching(raw: AnyPath, patterns: Sequence[str]) -> dict[str, bool]:
    """Names below `raw` that match any of the patterns, and whether each is a folder."""
    if isinstance(raw, ObjectPath):
        return raw.matching(patterns)
    return {path.relative_to(raw).as_posix(): path.is_dir() for glob in patterns for path in raw.glob(glob)}


def mosaics(
    files: tuple[ImageFile, ...],
    survey: Survey,
    *,
    raw: Path,
    images: AnyPath | None = None,
    stamps: Stamps | None = None,
    sky: tuple[SkyFile, ...] = (),
) -> Sieved:
    """MOSAICS of one survey; *in* are its image files.

    A file that cannot be read is a rejected row where the survey's files are pictures. Where they are mosaics it
    raises CatalogError with all such files, one a line: a whole patch of sky would be missing. Raises OSError where
    the machine fails, and CatalogError for a file whose content is not the one of `files`; `stamps`: see `unchanged`.
    `sky`: where files without a WCS lie, see `found_sky`; it is in `raw`. `images`: where files are; None: there too.
    """
    where = images or raw
    rows, refused, places = list[Row](), list[Rejection](), found_sky(raw, sky)
    for file in sorted(files, key=lambda one: one.mosaic):
        try:
            with unchanged(where / file.mosaic, file.sha256, (stamps or {}).get(file.mosaic)):
                rows.append(_row(where / file.mosaic, file, survey, places.get(file.sha256)))
        except ImageError as error:
            came_in = {"mosaic": file.mosaic, "n_bytes": file.n_bytes, "sha256": file.sha256}
            refused.append(Rejection(file.mosaic, error.reason, str(error), came_in))
    if refused and not survey.pictures:
        raise CatalogError("\n".join(f"{where / one.row_id}: {one.reason}: {one.detail}" for one in refused))
    return sieved(MOSAICS.of(_with_duplicates_named(rows)), refused, len(files))


def mosaics_step(
    survey: Survey,
    files: tuple[ImageFile, ...],
    raw: Path,
    stamps: Stamps | None = None,
    *,
    images: AnyPath | None = None,
) -> Step:
    """The step that makes `mosaics/<survey>`; its address holds the content of every file, and of `sky_files`."""
    sky = sky_files(raw, survey.name)
    return Step(
        name=f"mosaics/{survey.name}",
        make=partial(mosaics, raw=raw, images=images, stamps=stamps, sky=sky),
        table=MOSAICS,
        version=4,  # a refusal names the file's digest; of a beam behind the image nothing is lost to a failing disk
        config=(files, only(survey, "mosaics")),
        beside=sky,
        counts="image files of the survey",
    )


def read_mosaic(path: Path, name: str, survey: Survey) -> Row:
    """The row of MOSAICS of one file. Raises ImageError, a CatalogError with a reason."""
    return _row(path, indexed(name, path, {}), survey)


def indexed(name: str, path: AnyPath, digests: dict[str, list[Any]]) -> ImageFile:
    try:
        n_bytes, mtime_ns, ctime_ns = last_stamp_of(path)
        known = digests.get(name)
        if known is None or [*known[:2], *known[3:]] != [n_bytes, mtime_ns, ctime_ns]:
            known = [n_bytes, mtime_ns, digest_of(path), ctime_ns]
            if stamp_of(path) != (n_bytes, mtime_ns, ctime_ns):
                raise CatalogError(f"{path}: changed while it was read; build again once it is there as a whole")
            digests[name] = known
    except ImageError as error:
        raise CatalogError(f"{path}: {error}; move it away") from error
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror or error}") from error
    return ImageFile(name, n_bytes, str(known[2]))


def _row(path: AnyPath, file: ImageFile, survey: Survey, place: Row | None = None) -> Row:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy remarks on dates and cards that we do not use
        image = read_image_header(path)
        scaling(image)
        notes = list(image.repairs)
        if image.n_cleaned:
            what = "were read as blanks, beyond ASCII as `?` or as the sign of a unit"
            notes.insert(0, f"header-characters: {image.n_cleaned} that FITS does not allow {what}")
        row: Row = {
            "mosaic": file.mosaic,
            "survey": survey.name,
            "n_bytes": file.n_bytes,
            "sha256": file.sha256,
            "hdu": image.hdu,
            "data_offset": -1 if image.is_gzip or image.is_tiled else image.data_offset,
            "bitpix": image.bitpix,
            "width_px": image.width_px,
            "height_px": image.height_px,
            "n_axes": image.n_axes,
            "to_mjy_per_beam": to_mjy_per_beam(image.header, survey, notes),
            **beam_columns(image.header, survey, notes, lambda: beams_table(path)),
            **_sky(image, file.mosaic, survey, notes, place),
        }
        notes += beam_doubts(row["beam_major_arcsec"], row["beam_minor_arcsec"], row["pixel_arcsec"])
        notes += brightness_doubts(path, image, row["to_mjy_per_beam"])
        return {**row, "warnings": notes}


def _sky(image: FitsImage, name: str, survey: Survey, notes: list[str], place: Row | None) -> Row:
    """Columns of place and scale; all null, but the scale, for a picture whose WCS is absent or known to be stale.

    `place`: its row of REGISTRATIONS, which stands in for such a WCS.
    """
    nowhere = {"header": None, "pixel_arcsec": None, "ra_deg": None, "dec_deg": None, "sky_polygon_deg": None}
    wcs = celestial_wcs(image.header, image.width_px, image.height_px)
    is_stale = any(fnmatch(name, pattern) for pattern in survey.stale_wcs)
    if place and (wcs is None or is_stale):
        if place["header"] is not None:
            notes.append(
                f"found-sky: by {place['method']} in {place['mosaic']}; the header has no place, or a wrong one"
            )
            return _placed(read_wcs(place["header"]), image, notes)
        notes.append(f"sky-conflict: {place['detail']}")
    if is_stale:
        notes.append("stale-wcs: the survey declares the position in this header wrong; read without WCS")
        return {**nowhere, "pixel_arcsec": None if wcs is None else mean_pixel_arcsec(wcs)}
    if wcs is None:
        found = f"CTYPE1 {value(image.header, 'CTYPE1')!r}, CTYPE2 {value(image.header, 'CTYPE2')!r}"
        if not survey.pictures:
            raise ImageError("no-wcs", f"{found}: expected the axes of the sky, such as RA---SIN and DEC--SIN")
        notes.append(f"no-wcs: {found}: a picture without a place on the sky")
        if survey.pixel_arcsec:
            notes.append(f"pixel-from-survey: {survey.pixel_arcsec} arcsec is assumed")
        return {**nowhere, "pixel_arcsec": survey.pixel_arcsec}
    return _placed(wcs, image, notes)


def _placed(wcs: WCS, image: FitsImage, notes: list[str]) -> Row:
    """Columns of place and scale by a WCS."""
    x, y = outline(image.width_px, image.height_px)
    ra, dec = sky_of_pixels(wcs, x, y)
    if not np.isfinite(ra[-1]):
        raise ImageError("bad-wcs", "the centre of the image is not on the sky; correct the header")
    polygon = np.column_stack([ra[:4], dec[:4]]).ravel()
    if not np.isfinite(polygon).all():
        notes.append("no-outline: a corner of the image is not on the sky")
    return {
        "header": wcs_text(wcs),
        "pixel_arcsec": float(local_sky(wcs, x[-1], y[-1]).mean_arcsec[0]),
        "ra_deg": float(ra[-1]),
        "dec_deg": float(dec[-1]),
        "sky_polygon_deg": polygon.tolist() if np.isfinite(polygon).all() else None,
    }


def _with_duplicates_named(rows: list[Row]) -> list[Row]:
    """Say where one WCS stands over different pixels: at most one of such files can be in its place."""
    first = dict[tuple[str, int, int], Row]()
    for row in rows:
        if row["header"] is None:
            continue
        other = first.setdefault((row["header"], row["width_px"], row["height_px"]), row)
        if other["sha256"] != row["sha256"]:
            for one, two in ((other, row), (row, other)):
                one["warnings"].append(f"duplicate-wcs: the same place as {two['mosaic']}, but other pixels")
    return rows
