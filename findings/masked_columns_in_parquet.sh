#!/usr/bin/env bash
# astropy writes a masked column to Parquet as plain values, with the mask in a second column: a null of the catalogue is
# the number under the mask for every other reader.
#
# Behaviour seen (astropy 8.0.2, pyarrow 26.0.1, duckdb 2.0.0): a column "flux" with one masked value is written
# as "flux", which has no null, and "flux.mask". astropy reads both back as one masked column; pyarrow and DuckDB
# see the number that stands under the mask, and count it in a mean.
# Matters to: catalogues handed on as Parquet, where missing fluxes turn into whatever filled the array (often 0 or -99).
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet astropy==8.0.2 pyarrow==26.0.1 duckdb==2.0.0 pandas==3.1.1
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import astropy
import duckdb
import pyarrow
import pyarrow.parquet as pq
from astropy.table import MaskedColumn, Table

print(f"astropy {astropy.__version__}, pyarrow {pyarrow.__version__}, duckdb {duckdb.__version__}")
sources = Table({"name": ["a", "b", "c"]})
sources["flux"] = MaskedColumn([1.5, -99.0, 3.5], mask=[False, True, False], unit="mJy")
sources.write("sources.parquet")

read = pq.read_table("sources.parquet")
mean = duckdb.sql("SELECT avg(flux) FROM 'sources.parquet'").fetchall()[0][0]
again = Table.read("sources.parquet")
print("columns", read.column_names, "nulls of flux", read["flux"].null_count, "values", read["flux"].to_pylist())
print(f"mean of the two fluxes that are known: {again['flux'].mean():.2f}; DuckDB's mean of the column: {mean:.2f}")
assert read.column_names == ["name", "flux", "flux.mask"]
assert read["flux"].null_count == 0
assert read["flux"].to_pylist() == [1.5, -99.0, 3.5]
assert again["flux"].mean() == 2.5 and mean < 0
print("as described")
PYTHON
