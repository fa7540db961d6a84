#!/usr/bin/env bash
# WebDataset takes what stands before the first dot of a file's name as the key of a sample. Names of radio sources hold
# dots (J1234.5+67, as the IAU asks for), so two sources whose names agree up to the dot become one sample, with the rest
# of each name as a field of its own, and nothing is said.
# Exits 0 while this is so, 1 when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "webdataset==1.0.2"
cat > "$folder/look.py" <<'PY'
import importlib.metadata
import io
import sys
import tarfile

import webdataset

print("webdataset", importlib.metadata.version("webdataset"))
shard = f"{sys.argv[1]}/shard.tar"
with tarfile.open(shard, "w") as tar:
    for name, label in (("J1234.5+67", "FR-I"), ("J1234.9+12", "FR-II")):
        info = tarfile.TarInfo(f"{name}.txt")
        info.size = len(label)
        tar.addfile(info, io.BytesIO(label.encode()))
samples = [
    {name: value for name, value in one.items() if name == "__key__" or not name.startswith("__")}
    for one in webdataset.WebDataset(shard, shardshuffle=False)
]
print(f"two sources written, {len(samples)} sample read:", samples)
sys.exit(0 if samples == [{"__key__": "J1234", "5+67.txt": b"FR-I", "9+12.txt": b"FR-II"}] else 1)
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
