#!/usr/bin/env bash
# A system turn that does not stand first is left out of the prompt of a Qwen3-VL, and nothing is said: its template
# writes the first one before the conversation and has no branch for another. The template of Qwen2.5-VL writes the same
# conversation with every turn. Both are read here as TRL keeps them beside its code, where they are compared with the
# hub's; they are rendered by plain jinja2, set as transformers sets it.
# Exits 0 while this is so, 1 when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "jinja2==3.1.6"
"$folder/env/bin/pip" install --quiet --no-deps "trl==1.16.0"
cat > "$folder/look.py" <<'PY'
import importlib.metadata
import sys
from importlib.util import find_spec
from pathlib import Path

from jinja2.sandbox import ImmutableSandboxedEnvironment

for name in ("trl", "jinja2"):
    print(name, importlib.metadata.version(name))
templates = Path(find_spec("trl").origin).parent / "chat_templates"
environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
LATE = "From here on answer with one letter."
CHAT = [
    {"role": "system", "content": "You see radio maps."},
    {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Is a source there?"}]},
    {"role": "assistant", "content": "Yes"},
    {"role": "system", "content": LATE},
    {"role": "user", "content": "Which class? A: FR-I, B: FR-II."},
]
held = {}
for name in ("qwen2_5_vl", "qwen3_vl"):
    template = environment.from_string((templates / f"{name}.jinja").read_text(encoding="utf-8"))
    prompt = template.render(messages=CHAT, add_generation_prompt=True)
    held[name] = LATE in prompt
    print(f"{name}: {prompt.count('<|im_start|>') - 1} of {len(CHAT)} turns; the second system turn is there: {held[name]}")
sys.exit(0 if held == {"qwen2_5_vl": True, "qwen3_vl": False} else 1)
PY
"$folder/env/bin/python" "$folder/look.py"
