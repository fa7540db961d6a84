#!/usr/bin/env bash
# A FITS image of integers whose BLANK is 0: astropy leaves its undefined pixels as numbers, though it makes NaN of those
# of any other BLANK. FITS 4.0, 4.4.2.5: BLANK is the value of pixels whose physical value is undefined, and any
# integer may be. Many mosaics of surveys mark "no data" by 0.
# Exits 0 while this is so, 1 when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "numpy==2.3.5" "astropy==8.0.2"
cat > "$folder/look.py" <<'PY'
import sys
from pathlib import Path

import astropy
import numpy as np
from astropy.io import fits

print("astropy", astropy.__version__, "numpy", np.__version__)
folder = Path(sys.argv[1])


def pixels(name, stored, **cards):
    """The file is written byte by byte, so that nothing but BLANK, BSCALE and BZERO decides."""
    header = fits.Header([("SIMPLE", True), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 4), ("NAXIS2", 1), *cards.items()])
    body = header.tostring().encode() + np.array(stored, ">i2").tobytes()
    (folder / name).write_bytes(body + bytes(-len(body) % 2880))
    with fits.open(folder / name) as file:
        return np.array(file[0].data).ravel()


minus = pixels("minus.fits", [5, -1, 7, 8], BLANK=-1)
zero = pixels("zero.fits", [5, 0, 7, 8], BLANK=0)
scaled = pixels("scaled.fits", [5, 0, 7, 8], BLANK=0, BSCALE=0.5)
print("BLANK -1, second pixel -1:       ", minus.tolist(), "(as it should be)")
print("BLANK 0, second pixel 0:                ", zero.tolist(), "(expected: nan)")
print("BLANK 0, BSCALE 0.5, second pixel 0:    ", scaled.tolist(), "(expected: nan)")
as_seen = np.isnan(minus[1]) and zero[1] == 0 and scaled[1] == 0
sys.exit(0 if as_seen else 1)
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
