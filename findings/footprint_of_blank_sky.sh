#!/usr/bin/env bash
# reproject_exact says that blank sky is covered: its footprint is 1 where the image it gives is NaN. Its documentation
# says that 0 means no coverage or no valid values, and so it is with reproject_interp and reproject_adaptive. Who puts
# mosaics together by footprints, as one does with weights, halves the sky where one of two mosaics has a hole.
# Exits 0 while this is so, 1 when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "reproject==0.21.0" "astropy==8.0.2" "numpy==2.3.5"
cat > "$folder/look.py" <<'PY'
import importlib.metadata
import sys

import numpy as np
from astropy.wcs import WCS
from reproject import reproject_adaptive, reproject_exact, reproject_interp

print("reproject", importlib.metadata.version("reproject"), "numpy", np.__version__)
SIDE = 40


def pixels(turn_deg):
    wcs, (c, s) = WCS(naxis=2), (f(np.radians(turn_deg)) for f in (np.cos, np.sin))
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---SIN", "DEC--SIN"], [150, 2], [(SIDE + 1) / 2] * 2
    wcs.wcs.cdelt, wcs.wcs.pc = [-1 / 3600, 1 / 3600], [[c, -s], [s, c]]
    wcs.wcs.set()
    return wcs


whole = np.ones((SIDE, SIDE))  # an even sky of 1 Jy/beam
hole = whole.copy()
hole[15:25, 15:25] = np.nan
seen = {}
for by in (reproject_interp, reproject_adaptive, reproject_exact):
    images, covered = zip(*(by((one, pixels(20)), pixels(0), shape_out=(SIDE, SIDE)) for one in (whole, hole)))
    middle = (SIDE // 2, SIDE // 2)
    mean = np.nansum([a * f for a, f in zip(images, covered)], axis=0) / np.sum(covered, axis=0)
    seen[by.__name__] = covered[1][middle], mean[middle]
    print(f"{by.__name__:18} in the hole: value {images[1][middle]}, footprint {covered[1][middle]:.3f} (expected: 0); "
          f"both mosaics by their footprints: {mean[middle]:.3f} Jy/beam (expected: 1)")
others = [seen[name] for name in ("reproject_interp", "reproject_adaptive")]
as_seen = abs(seen["reproject_exact"][0] - 1) < 1e-6 and abs(seen["reproject_exact"][1] - 0.5) < 1e-6
sys.exit(0 if as_seen and all(f == 0 and abs(m - 1) < 1e-6 for f, m in others) else 1)
PY
"$folder/env/bin/python" "$folder/look.py"
