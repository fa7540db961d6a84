"""Masks of single objects as FITS images, read with distrust: their names and sizes come from files from outside."""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from catalogs.formats.paths import inside
from catalogs.formats.plain_json import RefusedError
from catalogs.formats.tables import check_plain
from schemas.trouble import pass_on

Mask = NDArray[np.bool_]
MOST_BYTES = 1 << 28  # of a mask's pixels; pictures are 132 x 132


def read_mask(folder: Path, name: str, shape: tuple[int, int]) -> Mask:
    """A mask below `folder` as bool[y, x], rows as in the file; `shape` is the picture's (height, width).

    Raises RefusedError: `bad-path`, `bad-mask` for one that is absent, unreadable, empty or of another size.
    """
    path = inside(folder, name)
    try:
        check_plain(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path, memmap=False) as hdus:
                data = _mask_pixels(hdus[0], name)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise  # a disk that is away, and not a JSON that names what is not there
        raise RefusedError("bad-mask", f"{name}: no such file beside the JSON") from None
    except RefusedError:
        raise
    except Exception as error:  # astropy raises whatever a broken file leads to
        pass_on(error)
        raise RefusedError("bad-mask", f"{name}: not a readable FITS image: {error}") from error
    if data is None or data.shape != shape:
        found = "no image" if data is None else f"{data.shape[::-1]} pixels"
        raise RefusedError("bad-mask", f"{name}: found {found}, the picture has {shape[::-1]}")
    mask = np.isfinite(data) & (data != 0)
    if not mask.any():
        raise RefusedError("bad-mask", f"{name}: found no pixel in it, expected an object")
    return mask


def _mask_pixels(hdu: Any, name: str) -> NDArray[np.float64] | None:
    axes = [hdu.header.get(f"NAXIS{axis + 1}", 0) for axis in range(hdu.header.get("NAXIS", 0))]
    if math.prod(axes) > MOST_BYTES:
        raise RefusedError("bad-mask", f"{name}: claims {axes} pixels")
    return None if hdu.data is None else np.squeeze(np.asarray(hdu.data, float))
