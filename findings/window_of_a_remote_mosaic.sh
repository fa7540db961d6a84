#!/usr/bin/env bash
# A window of 64 x 64 pixels, 16 kB, of a mosaic of 20,000 pixels a row behind a web server that answers ranges, by
# `fits.open(url, use_fsspec=True)` and `.section`, astropy's way to read a part of a remote image. As it is, 5.2 MB
# come, 320 times what was asked for, since fsspec reads ahead 5 MiB and a section is read row by row; without that cache
# the bytes are those of the window, by 64 requests, one for each row, each sent when the one before has come. So a
# survey's cutouts from an object store cost whole mosaics or a round trip a row, unless ranges are asked for together.
# Exits 0 while this is so, 1 when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "astropy==8.0.2" "fsspec==2026.9.0" "aiohttp==3.14.5" "numpy==2.3.5"
cat > "$folder/look.py" <<'PY'
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import astropy
import fsspec
import numpy as np
from astropy.io import fits

print("astropy", astropy.__version__, "fsspec", fsspec.__version__)
SIDE, WINDOW = 20_000, 64
path = f"{sys.argv[1]}/mosaic.fits"
header = fits.Header({"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": SIDE, "NAXIS2": SIDE})
with open(path, "wb") as out:  # all zeros, and no bytes on the disk for them
    out.write(header.tostring().encode())
    out.truncate(-(-(out.tell() + 4 * SIDE * SIDE) // 2880) * 2880)
size, sent = os.path.getsize(path), []


class Ranges(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def do_GET(self):
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-"))
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
        with open(path, "rb") as image:
            image.seek(first)
            body = image.read(last - first + 1)
        sent.append(len(body))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Ranges)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/mosaic.fits"
told = {}
for name, options in {"as it is": {}, "without a cache": {"cache_type": "none"}}.items():
    sent.clear()
    with fits.open(url, use_fsspec=True, fsspec_kwargs=options) as image:
        opened = len(sent), sum(sent)
        window = image[0].section[10_000 : 10_000 + WINDOW, 10_000 : 10_000 + WINDOW]
    assert window.shape == (WINDOW, WINDOW) and not np.any(window)
    told[name] = len(sent) - opened[0], sum(sent) - opened[1]
    print(f"{name}: opened by {opened[0]} requests, {opened[1]:,} bytes; the window of {window.nbytes:,} bytes by "
          f"{told[name][0]} requests, {told[name][1]:,} bytes: {told[name][1] / window.nbytes:.0f} times")
server.shutdown()
sys.exit(0 if told == {"as it is": (1, 5_243_136), "without a cache": (WINDOW, 4 * WINDOW**2)} else 1)
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"
