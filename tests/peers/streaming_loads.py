"""What mosaicml-streaming reads of a split that `curation export --to mds` wrote: every sample, one JSON object.

python streaming_loads.py FOLDER/train
"""

import hashlib
import json
import sys
from importlib.metadata import version

from streaming import StreamingDataset

there = StreamingDataset(local=sys.argv[1], batch_size=1, shuffle=False)
rows = [there[at] for at in range(len(there))]
said = {
    "versions": {"mosaicml-streaming": version("mosaicml-streaming")},
    "shards": len(there.shards),
    "rows": [{"id": row["id"], "messages": row["messages"], "size": row["image"].size,
              "pixels": hashlib.sha256(row["image"].convert("RGB").tobytes()).hexdigest()} for row in rows],
}  # fmt: skip
print(json.dumps(said))
