"""A small sky in rows, and conversations about it in which everything is asked that can be, of pictures in no split."""

from astropy.wcs import WCS

from curation.verification.annotation_tables import CUTOUT_COLUMNS
from curation.words.conversations import with_generated
from curation.words.quotas import answers_with_generated, quotas
from curation.words.turns import asking
from schemas.fingerprint import content_id
from schemas.tables import CUTOUTS, GENERATED, SPLITS

SIDE_PX, PIXEL_ARCSEC = 100, 2.0
RA_DEG, DEC_DEG = 0.01, 30.0  # east of the centre crosses RA 0


def wcs():
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crval = [RA_DEG, DEC_DEG]
    made.wcs.crpix = [(SIDE_PX + 1) / 2] * 2
    made.wcs.cdelt = [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
    return made


def cutout(name="a", **changed):
    row = {
        "cutout_id": content_id("cutout", name), "source_id": content_id("source", name), "dataset": "demo",
        "survey": "first", "mosaic": f"{name}.fits", "mosaic_sha256": "0" * 64, "ra_deg": RA_DEG, "dec_deg": DEC_DEG,
        "width_px": SIDE_PX, "height_px": SIDE_PX, "pixel_x_arcsec": PIXEL_ARCSEC, "pixel_y_arcsec": PIXEL_ARCSEC,
        "wcs_header": wcs().to_header().tostring(sep="\n"),
        "beam_major_arcsec": 5.4, "beam_minor_arcsec": 5.4, "beam_pa_deg": 0.0, "beam_from": "survey",
        "blank_fraction": 0.0, "pixels": b"", "png": b"", "png_side_px": 200, "stretch": "zscale",
        "small": b"", "channels": [], "source_px": 0, "sha256": "0" * 64,
    }  # fmt: skip
    return row | changed


def source(name="a", scheme="mirabest", **states):
    labels = [
        {"scheme": scheme, "label": label.replace("_", "-"), "original": label, "state": state, "tier": "expert",
         "catalog": "c.csv", "row": 0}
        for label, state in states.items()
    ]  # fmt: skip
    return {
        "source_id": content_id("source", name), "source_name": name, "dataset": "demo", "survey": "first",
        "scheme": scheme, "labels": labels, "origin_catalog": "c.csv", "origin_row": 0,
    }  # fmt: skip


def an_object(name, x_px, y_px, half_px=4.0, label=None, scheme="caesar_mrcnn"):
    """A square on the sky around a FITS pixel."""
    corners = [(x_px - half_px, y_px - half_px), (x_px + half_px, y_px - half_px), (x_px + half_px, y_px + half_px),
               (x_px - half_px, y_px + half_px)]  # fmt: skip
    sky = wcs().all_pix2world(corners, 0)
    found = {"scheme": scheme, "label": label, "original": label, "state": "present", "tier": "model", "row": 0}
    labels = [found | {"catalog": "o.csv"}] if label else []
    return {
        "object_id": content_id("object", name), "object_name": name, "dataset": "demo",
        "sky_polygon_deg": sky.ravel().tolist(), "labels": labels, "detector": "test", "origin_catalog": "o.csv",
        "origin_row": 0,
    }  # fmt: skip


def seen(cutouts):
    """Rows of CUTOUTS without their pictures, as words read them."""
    return CUTOUTS.of(cutouts).select(list(CUTOUT_COLUMNS))


def all_asked(cutouts, sources, objects, scheme, questions, dialect="xyxy_norm", generated=None):
    """The last three that `conversations` takes: QUOTAS, SPLITS, and what is asked."""
    how, written = asking(scheme, questions, dialect), GENERATED.of([]) if generated is None else generated
    able = answers_with_generated(cutouts, written, sources, objects, how).kept
    return quotas(able, SPLITS.of([]), 1.0).kept, SPLITS.of([]), how


def spoken_of(tables, scheme, questions, generated=None, dialect="xyxy_norm"):
    """CONVERSATIONS from cutouts, descriptions, sources and objects, and what a model wrote."""
    cutouts, told, sources, objects = tables
    asked = all_asked(cutouts, sources, objects, scheme, questions, dialect, generated)
    written = GENERATED.of([]) if generated is None else generated
    return with_generated(cutouts, told, written, sources, objects, *asked)


def turns_of(spoken):
    """Every turn of CONVERSATIONS, one conversation after the other."""
    return [turn for turns in spoken["turns"].to_pylist() for turn in turns]
