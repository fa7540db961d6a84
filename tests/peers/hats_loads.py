"""What hats reads of a split that `curation export --to hats` wrote: whether it is valid, and every row.

python hats_loads.py FOLDER/train
"""

import hashlib
import json
import sys
from pathlib import Path

import hats
import pyarrow.parquet as pq
from hats.io.paths import pixel_catalog_file
from hats.io.validation import is_valid_catalog

catalog = hats.read_hats(sys.argv[1])
pixels = catalog.get_healpix_pixels()
files = [Path(str(pixel_catalog_file(catalog.catalog_base_dir, pixel))) for pixel in pixels]
rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
near = catalog.filter_by_cone(rows[0]["ra"], rows[0]["dec"], 10.0)
said = {
    "versions": {"hats": hats.__version__},
    "is_valid": is_valid_catalog(sys.argv[1], strict=True),
    "n": len(catalog),
    "tiles": [[int(one.order), int(one.pixel)] for one in pixels],
    "near": [[int(one.order), int(one.pixel)] for one in near.get_healpix_pixels()],
    "rows": [{"id": row["id"], "ra": row["ra"], "dec": row["dec"], "messages": row["messages"],
              "sha256": hashlib.sha256(row["image"]["bytes"]).hexdigest()} for row in rows],
}  # fmt: skip
print(json.dumps(said))
