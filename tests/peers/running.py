"""Runs a peer's own loader on the demo's hand-over, in the peer's environment of `make peers-setup`."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
PEERS = Path(os.environ.get("RADIO_PEERS", HERE.parent.parent / ".venv-peers"))
LLAVA_NEXT = Path(os.environ.get("LLAVA_NEXT") or PEERS / "LLaVA-NeXT")
LIMIT_S = 1500  # a busy machine


def said_by(peer: str, *words: object, **more: str) -> dict[str, Any]:
    """What `<peer>_loads.py` prints of what it did; skipped aloud where there is no environment of the peer."""
    python = PEERS / peer / "bin" / "python"
    if not (PEERS / f".{peer}").exists():
        pytest.skip(f"no environment of {peer}: `make peers-setup` makes {python.parent.parent}")
    apart = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    done = subprocess.run(
        [str(python), str(HERE / f"{peer}_loads.py"), *map(str, words)],
        env={**kept, **apart, **more}, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def records_of(handover: Path, name: str = "llava.jsonl") -> list[dict[str, Any]]:
    """The records of a file of the hand-over, in its order."""
    text = (handover / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else [json.loads(line) for line in text.splitlines()]


def turns(record: dict[str, Any]) -> list[str]:
    """What is said in a record, without the picture's placeholder."""
    return [one["value"].removeprefix("<image>\n") for one in record["conversations"]]


def rendered(record: dict[str, Any], *, placeholders: str = "", system: str = "") -> str:
    """A record as Qwen's chat format has it; `placeholders` stand before the first question."""
    roles = {"human": "user", "gpt": "assistant"}
    opening = [placeholders, *[""] * len(record["conversations"])]
    said = [
        f"<|im_start|>{roles[one['from']]}\n{before}{text}<|im_end|>\n"
        for one, text, before in zip(record["conversations"], turns(record), opening, strict=False)
    ]
    return (f"<|im_start|>system\n{system}<|im_end|>\n" if system else "") + "".join(said)
