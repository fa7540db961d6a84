"""The demo's examples of annotations that are not public: each format of the paper, on fields of the synthetic sky.

What is written has the names and the forms that the doors expect of the real files, so that the six datasets of the
paper run unchanged on it: radioimg_multilabel, rgz_smorph, smgps_extcat, caesar_mrcnn, emu_pilot_rgcat, mirabest.
Nothing in it is anybody's measurement: every header says so, and `_generated.json` lists what stands in for a real
file. Each set lies on its own piece of sky, far from the others and from the demo's mosaics. A few entries are planted
faults, which must be refused with a reason, or spellings that must be understood.
"""

import gzip
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.ndimage import label as islands_of

from catalogs.formats.caesar import MaskedObject, write_detections, write_training
from catalogs.formats.ds9 import Region, write_ds9
from catalogs.formats.lists import ListedSource, write_datalist, write_smgps_list
from catalogs.formats.outlines import Outline, box_of, hull_of_mask
from catalogs.formats.yolo import write_yolo
from catalogs.generated import write_record
from catalogs.wcs_sky import sky_of_pixels
from curation.demo_sky import NOISE_MJY_PER_BEAM, SEED, Blob, Image, Mosaic, Site, blobs, draw_sites, noise, write_image

SYNTHETIC = "synthetic sky, made by radio-corpus; nobody's measurement"
Mask = NDArray[np.bool_]
THRESHOLD_MJY = 5 * NOISE_MJY_PER_BEAM
SIDE_PX, PIXEL_ARCSEC = 96, 2.5
CAESAR_CLASS = {
    "compact": "compact", "pair": "compact", "fr1": "extended", "fr2": "extended", "diffuse": "extended",
    "long": "extended", "ring": "compact",
}  # fmt: skip
CLASS_IDS = {0: "SPURIOUS", 1: "COMPACT", 2: "EXTENDED", 3: "EXTENDED-MULTISLAND", 4: "FLAGGED"}


def write_annotations(raw: Path) -> None:
    """Write pictures, mosaics, catalogues and annotations below `raw`; files that are there are written again."""
    (raw / "catalogs").mkdir(parents=True, exist_ok=True)
    _write_radioimg(raw)
    _write_caesar(raw)
    _write_galactic_catalogs(raw, _write_smgps(raw))
    _write_emu(raw)
    _write_first(raw)
    write_record(raw, [*GALACTIC_CATALOGS.values(), FIRST_TABLE])


# -- radioimg-multilabel: pictures with several labels ----------------------------------------------------------------

RADIOIMG_KINDS = ("compact", "fr1", "fr2", "diffuse", "ring", "long", "large", "empty", "pair", "filament")
RADIOIMG_WORDS = {
    "compact": ("COMPACT",), "pair": ("COMPACT",), "fr1": ("RADIO-GALAXY", "EXTENDED"), "fr2": ("RADIO-GALAXY",),
    "diffuse": ("DIFFUSE",), "ring": ("COMPACT", "ARTEFACT"), "long": ("EXTENDED", "WTF"), "large": ("DIFFUSE LARGE",),
    "empty": ("BACKGROUND",), "filament": ("FILAMENT",),
}  # fmt: skip
RADIOIMG_IDS = {
    "BACKGROUND": 1, "COMPACT": 2, "RADIO-GALAXY": 3, "EXTENDED": 4, "DIFFUSE": 5, "DIFFUSE LARGE": 6, "FILAMENT": 7,
    "ARTEFACT": 8, "RING": 9, "BORDER": 11, "MOSAICING": 12, "WTF": 13,
}  # fmt: skip
RADIOIMG_FOLDERS = ("smgps", "emu_main", "emu_pilot", "emu_pilot_gp")
N_RADIOIMG, BORDER_EVERY, BLANK_COLUMNS = 36, 7, 20
RADIOIMG_APART_DEG = 0.3


def _write_radioimg(raw: Path) -> None:
    lists: dict[str, list[dict[str, object]]] = {"train": [], "test": []}
    for k in range(N_RADIOIMG):
        kind, picture = RADIOIMG_KINDS[k % len(RADIOIMG_KINDS)], f"{RADIOIMG_FOLDERS[k % 4]}/r{k:03d}.fits"
        ra, dec = 30 + RADIOIMG_APART_DEG * (k % 6), -40 + RADIOIMG_APART_DEG * (k // 6)
        mosaic = _equatorial(f"images/radioimg/{picture}", ra, dec, SIDE_PX, PIXEL_ARCSEC, (12.0, 10.0, 20.0))
        image = noise(mosaic, np.random.default_rng([SEED, 100, k]))
        sites = _a_field(f"r{k}", kind, ra, dec)
        draw_sites(image, mosaic, sites)
        words = [*RADIOIMG_WORDS[kind]]
        if len(sites) > 1 and "COMPACT" not in words:
            words.append("COMPACT")
        if k % BORDER_EVERY == 1:
            image[:, :BLANK_COLUMNS] = np.nan
            words.append("BORDER")
        if k % BORDER_EVERY == 3:  # noqa: PLR2004
            rows, columns = np.indices(image.shape)
            image += 3 * NOISE_MJY_PER_BEAM * (np.sin((rows + columns) / 3) > 0.9)  # noqa: PLR2004
            words.append("MOSAICING")
        _write(raw, mosaic, image)
        lists["test" if k % 10 in (0, 1, 3) else "train"].append(_listed(picture, words))
    train = lists["train"]
    lists["train"] = [
        *train,
        _listed("emu_main/r998.fits", ["COMPACT"]),  # no such picture
        _listed("../radioimg/smgps/r004.fits", ["COMPACT"]),  # leads out of its folder
        {**lists["test"][0]},  # stands in both lists
        {**train[1], "labels": ["COMPACT", "RING"], "ids": [2, 9]},  # a label without a published meaning
        {**train[2], "labels": [], "ids": []},
    ]
    for split, pictures in lists.items():
        write_datalist(raw / f"annotations/radioimg_multilabel/{split}.json", pictures)


def _listed(picture: str, words: Sequence[str]) -> dict[str, object]:
    ids = [RADIOIMG_IDS[one] for one in words]
    return {"picture": picture, "name": Path(picture).stem, "labels": list(words), "ids": ids}


# -- caesar-mrcnn: pictures without WCS, a mask for each object --------------------------------------------------------

CAESAR_KINDS = ("fr2", "compact", "fr1", "ring", "pair", "diffuse", "long", "empty")
N_CAESAR, NOT_SQUARE = 30, 5


def _write_caesar(raw: Path) -> None:
    folder = raw / "annotations/caesar_mrcnn"
    yolo = list[str]()
    for k in range(N_CAESAR):
        kind, picture = CAESAR_KINDS[k % len(CAESAR_KINDS)], f"c{k:03d}.fits"
        mosaic = _equatorial(f"images/caesar_mrcnn/{picture}", 0, 0, SIDE_PX, PIXEL_ARCSEC, (10.0, 9.0, 0.0))
        if k == NOT_SQUARE:
            mosaic = replace(mosaic, height_px=72)
            mosaic.wcs.wcs.crpix = [SIDE_PX / 2 + 0.5, 36.5]
        sites = _a_field(f"c{k}", kind, 0, 0)
        image = noise(mosaic, np.random.default_rng([SEED, 200, k]))
        draw_sites(image, mosaic, sites)
        header = _header(mosaic)
        for keyword in list(header["*[12]"]) + ["LONPOLE", "LATPOLE", "RADESYS", "WCSAXES", "MJDREF", "EQUINOX"]:
            header.remove(keyword, ignore_missing=True)
        if kind == "ring":  # as in a public sample, where the unit stands in the wrong card
            header.remove("BUNIT")
            header["CTYPE1"] = "Jy/beam"
        write_image(raw / mosaic.file, image * mosaic.per_mjy, header)
        found = _masked(mosaic, sites)
        if k == 10:  # noqa: PLR2004
            found = [replace(found[0], label="galaxy"), *found[1:]]  # a class that is not in the table
        more = {"dx": PIXEL_ARCSEC, "dy": PIXEL_ARCSEC, "bmaj": 10.0, "bmin": 9.0, "bkg": 0.0,
                "rms": NOISE_MJY_PER_BEAM / 1000, "telescope": "vla"}  # fmt: skip
        write_training(folder, picture, image.shape, found, **more)
        if k < 8:  # noqa: PLR2004
            _write_as_yolo(raw, picture, found, image.shape)
            yolo.append(f"images/{picture.replace('.fits', '.png')}")
    (raw / "annotations/caesar_mrcnn_yolo/images.txt").write_text("\n".join(yolo) + "\n")
    _plant_faults(folder)
    _write_a_detection(raw)


def _plant_faults(folder: Path) -> None:
    """A mask that is not there but for its rectangle; one of another size; a picture that is not there, or twice."""
    (folder / "mask_c002_obj1.fits").unlink()
    (folder / "mask_c004_obj1.fits").unlink()
    fits.PrimaryHDU(np.ones((5, 7), np.uint8)).writeto(folder / "mask_c004_obj1.fits")
    text = (folder / "mask_c004.json").read_text().replace('"bbox_w"', '"bbox_width"', 1)
    (folder / "mask_c004.json").write_text(text)
    once = (folder / "mask_c001.json").read_text()
    (folder / "mask_c900.json").write_text(once.replace("c001.fits", "c900.fits"))
    (folder / "mask_d001.json").write_text(once)


def _write_as_yolo(raw: Path, picture: str, found: Sequence[MaskedObject], shape: tuple[int, int]) -> None:
    """The boxes of the same objects; of an empty picture an empty file."""
    outlines = [
        Outline(picture, _final(one), row, hull_of_mask(one.mask), box_of(hull_of_mask(one.mask)), is_prediction=False)
        for row, one in enumerate(found)
    ]
    path = raw / "annotations/caesar_mrcnn_yolo/labels" / picture.replace(".fits", ".txt")
    write_yolo(path, outlines, CLASS_IDS, shape[1], shape[0])


def _write_a_detection(raw: Path) -> None:
    """One picture's detections, as JSON and as DS9 regions with tags."""
    mosaic = _equatorial("images/caesar_mrcnn/c000.fits", 0, 0, SIDE_PX, PIXEL_ARCSEC, (10.0, 9.0, 0.0))
    found = [
        replace(one, label=_final(one), score=0.9) for one in _masked(mosaic, _a_field("c0", CAESAR_KINDS[0], 0, 0))
    ]
    folder = raw / "annotations/caesar_mrcnn_detections"
    write_detections(folder / "out_c000.json", "c000", found, {label: k for k, label in CLASS_IDS.items()})
    regions = [
        Region(0, "polygon", None, hull_of_mask(one.mask), (one.label, "BORDER"), f"S{k}")
        for k, one in enumerate(found, 1)
    ]
    write_ds9(folder / "out_c000.reg", regions)


def _final(one: MaskedObject) -> str:
    if one.is_mixed_with_sidelobe:
        return "FLAGGED"
    if one.label in ("sidelobe", "artefact"):
        return "SPURIOUS"
    is_multi = one.label == "extended" and islands_of(one.mask, np.ones((3, 3)))[1] > 1
    return "EXTENDED-MULTISLAND" if is_multi else one.label.upper()


# -- smgps-extcat: tiles, boxes in their pixels, morphology and types --------------------------------------------------

SMGPS_TILES = {"G005.5+0.0IFx": 5.5, "G008.5+000IFx": 8.5}  # latitude is written in several ways
SMGPS_KINDS = ("diffuse", "fr2", "fr1", "long", "pair")
SMGPS_TYPES = (("HII",), ("GALAXY",), ("SNR", "PULSAR"), (), ("UNKNOWN",), ("H II region",), ("Planetary nebula",))
SMGPS_SIDE_PX, SMGPS_COLUMNS, SMGPS_ROWS, SMGPS_SPACING_ARCSEC = (600, 360), 5, 3, 275.0
SMGPS_COLUMNS_OF_TABLE = (
    "tile_name", "sname", "sname_iau", "npix", "morph_type", "bbox_x", "bbox_y", "bbox_w", "bbox_h", "x", "y",
    "RA", "Dec",
)  # fmt: skip


def _write_smgps(raw: Path) -> list[SkyCoord]:
    """Tiles, catalogue and list; gives where the sources are."""
    rows, listed = list[list[object]](), list[ListedSource]()
    for t, (tile, longitude) in enumerate(SMGPS_TILES.items()):
        mosaic = _galactic_tile(tile, longitude)
        image = noise(mosaic, np.random.default_rng([SEED, 300, t]))
        sites = _grid(
            f"s{t}", longitude, 0.0, (SMGPS_COLUMNS, SMGPS_ROWS), SMGPS_SPACING_ARCSEC, SMGPS_KINDS, "galactic"
        )
        draw_sites(image, mosaic, sites)
        _write(raw, mosaic, image)
        for site in sites:
            k, one = len(rows), _whole(mosaic, site)
            if one is None:
                continue
            row, islands = _smgps_row(mosaic, tile, f"S{k:03d}", one)
            rows.append(row)
            if k % 6 != 5:  # noqa: PLR2004 -- the others stand in the catalogue only
                morphology = ("DIFFUSE",) if row[4] else ("EXTENDED",)
                types = ("QUASAR",) if k == 7 else SMGPS_TYPES[k % len(SMGPS_TYPES)]  # noqa: PLR2004
                listed.append(
                    ListedSource(len(listed), f"smgps/{row[1]}.fits", morphology, types, islands > 1, islands)
                )
    rows += [
        [*rows[3]],  # a source twice
        ["G300.5+0.0IFx", "S900", *rows[4][2:]],  # no such tile
        [rows[5][0], "S901", "", 10, 7, *rows[5][5:]],  # a morphology that is not published
    ]
    listed += [
        ListedSource(0, "smgps/S999.fits", ("EXTENDED",), ("HII",), False, 1),  # no such source
        ListedSource(0, "smgps/S002.fits", ("EXTENDED",), ("HII",), False, 1),  # twice
        ListedSource(0, "smgps/S005.fits", ("EXTENDED",), (), True, 1),  # contradicts itself
    ]
    columns = dict(zip(SMGPS_COLUMNS_OF_TABLE, map(list, zip(*rows, strict=True)), strict=True))
    Table(columns, units={"RA": "deg", "Dec": "deg"}).write(
        raw / "catalogs/smgps_extended_sources.fits", overwrite=True
    )
    write_smgps_list(raw / "annotations/smgps_extcat/list.json", listed)
    return [SkyCoord(row[-2], row[-1], unit="deg") for row in rows[:-3]]


def _smgps_row(mosaic: Mosaic, tile: str, name: str, one: MaskedObject) -> tuple[list[object], int]:
    """A row of the catalogue, and the number of its islands; pixels are 0-based, the box's centre between edges."""
    y, x = np.nonzero(one.mask)
    x_mean, y_mean = float(x.mean()), float(y.mean())
    ra, dec = sky_of_pixels(mosaic.wcs, x_mean, y_mean)
    box = [
        (x.min() + x.max()) / 2, (y.min() + y.max()) / 2, float(x.max() - x.min() + 1), float(y.max() - y.min() + 1)
    ]  # fmt: skip
    is_diffuse = int(one.name.endswith("diffuse"))
    row = [tile, name, f"SYNTHETIC {name}", int(one.mask.sum()), is_diffuse, *map(float, box), x_mean, y_mean]
    return [*row, float(ra[0]), float(dec[0])], int(islands_of(one.mask, np.ones((3, 3)))[1])


def _galactic_tile(tile: str, longitude_deg: float) -> Mosaic:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.cunit = ["GLON-CAR", "GLAT-CAR"], ["deg", "deg"]
    wcs.wcs.crval, wcs.wcs.crpix = [longitude_deg, 0.0], [side / 2 + 0.5 for side in SMGPS_SIDE_PX]
    wcs.wcs.cdelt = [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
    file = f"images/smgps/{tile}_Mosaic_Mom0.fits"
    return Mosaic(file, wcs, *SMGPS_SIDE_PX, (8.0, 8.0, 0.0), "Jy/beam", 1e-3)


# -- what Galactic catalogues say of the same places -------------------------------------------------------------------

GALACTIC_CATALOGS = {
    "wise_hii": "catalogs/wise_hii_v2.2.csv", "green_snr": "catalogs/green_snr_2014-05.fits.gz",
    "manitoba_snrcat": "catalogs/manitoba_snrcat.fits.gz", "atnf_pulsars": "catalogs/atnf_pulsars_v1.54.fits.gz",
    "kohoutek_pn": "catalogs/kohoutek_pn.tsv",
}  # fmt: skip
WISE_NAMES = (
    "WISE Name", "Catalog", "GLong<br>(deg.)", "GLat<br>(deg.)", "Radius<br>(arcsec.)", "HII Region", "Membership",
    "VLSR<br>(km/s)", "Dist.<br>(kpc)", "MAGPIS 20cm<br>(Jy)",
)  # fmt: skip
HII_EVERY, PN_EVERY, SNRS = 4, 9, (2, 17)


def _write_galactic_catalogs(raw: Path, places: Sequence[SkyCoord]) -> None:
    """A few rows each in the form of the published files, at the places of sources; one or two where nothing is."""
    wise = list[list[object]]()
    for k, place in enumerate(places):
        if k % HII_EVERY < 2:  # noqa: PLR2004 -- known ones and radio-quiet candidates in turn
            lon, lat = place.galactic.l.deg, place.galactic.b.deg
            kind = "QK"[k % HII_EVERY == 0]
            wise.append(
                [f"G{lon:07.3f}{lat:+07.3f}", kind, f"{lon:.3f}", f"{lat:.3f}", 25, "", "", "7.5;-12.1", "", "0.00"]
            )
    _write_text(raw / GALACTIC_CATALOGS["wise_hii"], ",", [list(WISE_NAMES), *wise])
    remnants = [places[k] for k in SNRS]
    _write_remnants(raw, remnants)
    names = [f"J{one.ra.to_string('hour', sep='', precision=0, pad=True)[:4]}" for one in remnants]
    names = [f"{name}{one.dec.deg:+03.0f}" for name, one in zip(names, remnants, strict=True)]
    pulsars = {
        "PSRJ": names, "PSRB": ["N/A"] * 2, "P0": [0.1, 1.5], "DM": [300.0, math.nan], "DIST": [4.0, 5.0],
        "AGE": [1e4, 1e6], "DATE": [2001, 2002], "ASSOC": ["N/A"] * 2, "RAJ2000": [one.ra.deg for one in remnants],
        "DEJ2000": [one.dec.deg for one in remnants],
    }  # fmt: skip
    _write_table(raw / GALACTIC_CATALOGS["atnf_pulsars"], pulsars, {"RAJ2000": "deg", "DEJ2000": "deg"})
    lines = ["# synthetic", "", "PK;RAJ2000;DEJ2000", ' ;"h:m:s";"d:m:s"', "---------;-------;------"]
    for k, place in enumerate(places):
        if k % PN_EVERY == 6:  # noqa: PLR2004
            hours, degrees = place.ra.hour, abs(place.dec.deg)
            ra = f"{int(hours):02d} {hours % 1 * 60:04.1f}"
            lines.append(f"{k:03d}+00.1 ;{ra};-{int(degrees):02d} {degrees % 1 * 60:02.0f}")
    (raw / GALACTIC_CATALOGS["kohoutek_pn"]).write_text("\n".join(lines) + "\n\n")


def _write_remnants(raw: Path, places: Sequence[SkyCoord]) -> None:
    """Both catalogues of remnants: the one with positions, and the one whose positions have one decimal."""
    lon, lat = ([float(getattr(one.galactic, axis).deg) for one in places] for axis in "lb")
    names = [f"G{x:05.1f}{y:+05.1f}" for x, y in zip(lon, lat, strict=True)]
    ra, dec, n = [one.ra.deg for one in places], [one.dec.deg for one in places], len(places)
    green = {
        "Source_Name": names, "RAJ2000": ra, "DEJ2000": dec, "Dmaj": [1.2] * n, "Dmin": [math.nan] * n,
        "S_1GHz_": [0.5] * n, "alpha": [0.5] * n, "type": ["S"] * n, "Names": ["synthetic"] * n,
    }  # fmt: skip
    units = {"RAJ2000": "deg", "DEJ2000": "deg"}
    _write_table(
        raw / GALACTIC_CATALOGS["green_snr"], green, {**units, "Dmaj": "arcmin", "Dmin": "arcmin", "S_1GHz_": "Jy"}
    )
    far = SkyCoord(15.0, 1.0, unit="deg", frame="galactic").icrs  # where no tile is
    manitoba = {
        "Source_Name": ["G015.0+01.0"], "RAJ2000": [far.ra.deg], "DEJ2000": [far.dec.deg], "size_radio_mean": [0.0],
        "id_uncertain": [0], "type": ["shell"], "id_alt": ["N/A"], "age": [0], "distance": [0.0],
    }  # fmt: skip
    units |= {"size_radio_mean": "arcmin", "age": "yr", "distance": "kpc"}
    _write_table(raw / GALACTIC_CATALOGS["manitoba_snrcat"], manitoba, units)


def _write_table(path: Path, columns: dict[str, Any], units: dict[str, str]) -> None:
    written = io.BytesIO()
    Table(columns, units=units).write(written, format="fits")
    path.write_bytes(gzip.compress(written.getvalue(), 6, mtime=0))  # a gzip header holds a clock


def _write_text(path: Path, separator: str, rows: Sequence[Sequence[object]]) -> None:
    path.write_text("".join(separator.join(map(str, row)) + "\n" for row in rows), encoding="utf-8")


# -- MiraBest and Radio Galaxy Zoo: FIRST pictures ---------------------------------------------------------------------

FIRST_TABLE, N_FIRST, FIRST_SIDE_PX = "catalogs/first_mirabest_labels.csv", 22, 140
FIRST_NAMES = (
    "file", "mirabest_class", "fr_label", "confident", "rgz_first_id", "rgz_label", "rgz_consensus",
    "separation_arcsec",
)  # fmt: skip
FIRST_CODES = {"fr1": ("100", "110"), "fr2": ("200", "210")}  # confident, uncertain
FIRST_LABELS = {"fr1": ("FR-I", "1C-1P"), "fr2": ("FR-II", "2C-2P")}


def _write_first(raw: Path) -> None:
    rows = list[list[object]]()
    for k in range(N_FIRST):
        kind, ra, dec = ("fr1", "fr2")[k % 2], 120 + 0.4 * (k % 6), 30 + 0.3 * (k // 6)
        is_confident = k % 5 == 0
        code = FIRST_CODES[kind][not is_confident]
        name = f"{code}_{ra:07.3f}{dec:+08.3f}_0.{1000 + k}_{40 + k:07.2f}.fits.gz"
        file = f"images/first_mirabest/{name}"
        mosaic = _equatorial(file, ra, dec, FIRST_SIDE_PX, 1.8, (5.4, 5.4, 0.0))
        mosaic.wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        image = noise(mosaic, np.random.default_rng([SEED, 500, k]))
        draw_sites(image, mosaic, [_site(f"f{k}", kind, _Place(ra, dec))])
        header = _header(mosaic)
        for keyword in ("BMAJ", "BMIN", "BPA"):  # as in the real ones: the beam is known from the survey
            header.remove(keyword)
        write_image(raw / mosaic.file, image * mosaic.per_mjy, header)
        label, morphology = FIRST_LABELS[kind]
        rgz = ["SYNTHETIC", morphology, f"{0.6 + 0.02 * (k % 20):.4f}", "1.0"] if k % 4 else [""] * 4
        rows.append([name, code, label, str(is_confident).lower(), *rgz])
    rows += [
        [rows[0][0].replace("120.000", "121.500"), *rows[0][1:]],  # no such picture
        [rows[1][0], *rows[1][1:]],  # a row twice
    ]
    rows[7][2] = "FR-I"  # against its own code
    _write_text(raw / FIRST_TABLE, ",", [list(FIRST_NAMES), *rows])


# -- emu-pilot: mosaics with a catalogue of radio galaxies and a second detector ---------------------------------------

EMU_FIELDS = {"SB00001": (330.0, -55.0), "SB00002": (335.0, -55.0), "SB00003": (340.0, -55.0)}
EMU_KINDS = ("compact", "fr2", "pair", "fr1", "ring", "long", "diffuse", "fr2", "compact", "fr1", "compact", "fr2")
RGCAT_CLASS = {"compact": "C", "pair": "C", "ring": "C", "fr1": "FR-I", "fr2": "FRII", "diffuse": "R", "long": "Pec"}
EMU_SIDE_PX, EMU_PIXEL_ARCSEC, EMU_SPACING_ARCSEC, EMU_COLUMNS = 400, 3.0, 240.0, 4


def _write_emu(raw: Path) -> None:
    rows = list[list[object]]()
    for f, (block, (ra, dec)) in enumerate(EMU_FIELDS.items()):
        name = f"image.i.{block}.cont.taylor.0.restored.conv"
        mosaic = _equatorial(
            f"images/emu_pilot/{name}.fits", ra, dec, EMU_SIDE_PX, EMU_PIXEL_ARCSEC, (15.0, 13.0, 60.0)
        )
        image = noise(mosaic, np.random.default_rng([SEED, 400, f]))
        sites = _grid(f"e{f}", ra, dec, (EMU_COLUMNS, EMU_COLUMNS), EMU_SPACING_ARCSEC, EMU_KINDS[f:] + EMU_KINDS[:f])
        draw_sites(image, mosaic, sites)
        _write(raw, mosaic, image)
        detected = list[MaskedObject]()
        for k, site in enumerate(sites):
            for one in _masked(mosaic, [site]):
                if k % 7 != 6:  # noqa: PLR2004 -- the second detector misses some
                    detected.append(replace(one, label=_final(one), score=round(0.71 + 0.02 * (k % 14), 2)))
                is_in_rgcat = one.label not in ("sidelobe", "artefact") and k % 5 != 2  # noqa: PLR2004
                if is_in_rgcat:
                    rows.append(_rgcat_row(mosaic, site, one, f"RG{len(rows):04d}", round(0.5 + 0.03 * (k % 16), 2)))
        ids = {label: number for number, label in CLASS_IDS.items()}
        write_detections(
            raw / f"annotations/emu_pilot_rgcat/catalog_{name}.json", f"{name}.fits", detected, ids, is_tiled=True
        )
    rows[8][3] = "FR-x"
    rows += [
        [*rows[0]],  # a name twice
        ["RG9001", math.nan, -55.0, "C", 0.9, 20.0, 20.0, 1.0],
        ["RG9002", *EMU_FIELDS["SB00001"], "FR-9", 0.9, 20.0, 20.0, 1.0],  # a class that is not in the scheme
        ["RG9003", *EMU_FIELDS["SB00002"], "C", 0.9, 0.0, 20.0, 1.0],  # a box without a size
    ]
    names = ("name", "ra", "dec", "class", "score", "box_width", "box_height", "flux")
    units = {"ra": "deg", "dec": "deg", "box_width": "arcsec", "box_height": "arcsec", "flux": "mJy"}
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    Table(columns, units=units).write(raw / "catalogs/rgcat.fits", overwrite=True)


def _rgcat_row(mosaic: Mosaic, site: Site, one: MaskedObject, name: str, score: float) -> list[object]:
    y, x = np.nonzero(one.mask)
    ra, dec = sky_of_pixels(mosaic.wcs, (x.min() + x.max()) / 2, (y.min() + y.max()) / 2)
    width, height = (float(side.max() - side.min() + 1) * EMU_PIXEL_ARCSEC for side in (x, y))
    flux = round(sum(blob.peak_mjy for blob in site.blobs), 3)
    return [name, float(ra[0]), float(dec[0]), RGCAT_CLASS[site.kind], score, width, height, flux]


# -- what they share --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Where a site stands."""

    ra_deg: float
    dec_deg: float


def _site(name: str, kind: str, place: _Place) -> Site:
    chance = np.random.default_rng([SEED, *name.encode()])
    pa, bright = float(chance.uniform(0, 180)), float(10 ** chance.uniform(0.9, 1.5))
    own = {
        "large": (Blob(0, 0, 1.6, 110, 80, pa), Blob(45, 30, 1.1, 70, 50, pa)),
        "filament": tuple(Blob(20 * s, 14 * s * (1 + 0.2 * s), 2.0, 42, 4, 55 + 4 * s) for s in (-2, -1, 0, 1, 2)),
    }.get(kind)
    return Site(f"{name}-{kind}", kind, place.ra_deg, place.dec_deg, pa, own or blobs(kind, pa, bright), kind == "ring")


def _a_field(name: str, kind: str, ra_deg: float, dec_deg: float) -> list[Site]:
    """One site at the centre of a picture and, but for an empty field, a compact source beside it."""
    if kind == "empty":
        return []
    chance = np.random.default_rng([SEED, 7, *name.encode()])
    turn, away = chance.uniform(0, 2 * np.pi), chance.uniform(62, 78)
    beside = _Place(
        ra_deg + away * math.sin(turn) / 3600 / math.cos(math.radians(dec_deg)),
        dec_deg + away * math.cos(turn) / 3600,
    )
    return [_site(name, kind, _Place(ra_deg, dec_deg)), _site(f"{name}b", "compact", beside)]


def _grid(
    name: str, lon_deg: float, lat_deg: float, shape: tuple[int, int], spacing_arcsec: float,
    kinds: Sequence[str], frame: str = "icrs",
) -> list[Site]:  # fmt: skip
    columns, rows = shape
    sites = list[Site]()
    for k in range(columns * rows):
        row, column = divmod(k, columns)
        lat = lat_deg + (row - (rows - 1) / 2) * spacing_arcsec / 3600
        lon = lon_deg + (column - (columns - 1) / 2) * spacing_arcsec / 3600 / math.cos(math.radians(lat))
        sky = SkyCoord(lon, lat, unit="deg", frame=frame).icrs
        sites.append(_site(f"{name}{k}", kinds[k % len(kinds)], _Place(float(sky.ra.deg), float(sky.dec.deg))))
    return sites


def _equatorial(
    file: str, ra_deg: float, dec_deg: float, side_px: int, pixel_arcsec: float, beam: tuple[float, float, float]
) -> Mosaic:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.cunit = ["RA---SIN", "DEC--SIN"], ["deg", "deg"]
    wcs.wcs.crval, wcs.wcs.crpix = [ra_deg, dec_deg], [side_px / 2 + 0.5] * 2
    wcs.wcs.cdelt = [-pixel_arcsec / 3600, pixel_arcsec / 3600]
    wcs.wcs.radesys, wcs.wcs.equinox = "FK5", 2000.0
    return Mosaic(file, wcs, side_px, side_px, beam, "JY/BEAM", 1e-3)


def _masked(mosaic: Mosaic, sites: Sequence[Site]) -> list[MaskedObject]:
    """Every object of the sites as its pixels above the threshold in a sky without noise."""
    found = list[MaskedObject]()
    for site in sites:
        parts = [replace(site, blobs=(blob,)) for blob in site.blobs] if site.kind == "pair" else [site]
        for part in parts:
            one = _whole(mosaic, part)
            if one is not None:
                found.append(one)
        ring = _drawn(mosaic, site, only_ring=True) > THRESHOLD_MJY if site.ring else np.zeros(1, bool)
        if ring.any():
            word = ("sidelobe", "artefact")[len(site.name) % 2]
            found.append(MaskedObject(f"{site.name}-ring", word, ring))
    return found


def _whole(mosaic: Mosaic, site: Site) -> MaskedObject | None:
    mask = _drawn(mosaic, site) > THRESHOLD_MJY
    if not mask.any():
        return None
    return MaskedObject(site.name, CAESAR_CLASS[site.kind], mask, is_near_sidelobe=site.ring, is_mixed_with_sidelobe=(
        site.ring and len(site.name) % 2 == 0
    ))  # fmt: skip


def _drawn(mosaic: Mosaic, site: Site, *, only_ring: bool = False) -> Image:
    image = np.zeros((mosaic.height_px, mosaic.width_px))
    draw_sites(image, mosaic, [site], with_rings=only_ring)
    if only_ring:
        without = np.zeros_like(image)
        draw_sites(without, mosaic, [site], with_rings=False)
        image -= without
    return image


def _header(mosaic: Mosaic) -> fits.Header:
    header = mosaic.wcs.to_header()
    major, minor, pa = mosaic.beam_arcsec
    header["BUNIT"], header["BMAJ"], header["BMIN"], header["BPA"] = mosaic.unit, major / 3600, minor / 3600, pa
    header["OBJECT"] = "synthetic sky"
    header["COMMENT"] = SYNTHETIC
    return header


def _write(raw: Path, mosaic: Mosaic, image: Image) -> None:
    write_image(raw / mosaic.file, image * mosaic.per_mjy, _header(mosaic))
