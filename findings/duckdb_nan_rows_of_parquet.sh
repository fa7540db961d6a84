#!/usr/bin/env bash
# A column of numbers in Parquet, as pyarrow writes it, with one NaN among them: DuckDB finds no row WHERE isnan(x), no row
# outside a range, and a plain number as the maximum. The statistics of a column leave NaN out (the Parquet format says
# so), and DuckDB lets them answer for the rows. The same table without statistics, or a FILTER in the place of WHERE,
# finds the NaN. So a check of a catalogue's ranges by SQL over Parquet passes although a flux is NaN.
# Exits 0 while this is so, 1 when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "duckdb==2.0.0" "pyarrow==26.0.1"
cat > "$folder/look.py" <<'PY'
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

print("duckdb", duckdb.__version__, "pyarrow", pa.__version__)
ASKED = {
    "rows WHERE isnan(flux)": "count(*) FROM fluxes WHERE isnan(flux)",
    "rows WHERE NOT flux BETWEEN 0 AND 10": "count(*) FROM fluxes WHERE NOT flux BETWEEN 0 AND 10",
    "largest flux": "max(flux) FROM fluxes",
    "rows by count(*) FILTER (isnan(flux))": "count(*) FILTER (isnan(flux)) FROM fluxes",
}
found = {}
for has_statistics in (True, False):
    path = f"{sys.argv[1]}/{has_statistics}.parquet"
    pq.write_table(pa.table({"flux": [1.0, float("nan"), 3.0]}), path, write_statistics=has_statistics)
    for what, query in ASKED.items():
        said = duckdb.sql(f"SELECT {query.replace('fluxes', repr(path))}").fetchall()[0][0]
        found[has_statistics, what] = str(said)
        print(f"{'with' if has_statistics else 'without'} statistics, {what}: {said}")
with_statistics = [found[True, what] for what in ASKED]
without = [found[False, what] for what in ASKED]
sys.exit(0 if (with_statistics, without) == (["0", "0", "3.0", "1"], ["1", "1", "nan", "1"]) else 1)
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
