#!/usr/bin/env bash
# pylatexenc turns an angle of journals' LaTeX, 1\farcs5 for 1.5 arcsec, into "15": the decimal mark and the unit are gone.
#
# Behaviour seen (pylatexenc 2.11, the newest; latex_to_text): \farcs, \farcm and \fdg (aastex, aa and mnras
# have them: the unit is set above the decimal mark) are unknown macros, dropped without a word, so that a beam of 1.5
# arcsec reads as a beam of 15, ten times as large, and 0.25 degrees as 025. \arcsec is dropped too,
# which loses the unit only. Defining the macros in a context database gives the right text.
# Matters to: captions and abstracts taken from arXiv sources as training text; the number is plausible and wrong.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet pylatexenc==2.11
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import pylatexenc
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

source = r"The beam is 1\farcs5, the field 2\farcm5, the source 0\fdg25 away; 3\arcsec is the pixel."
text = LatexNodes2Text().latex_to_text(source)
print(f"pylatexenc {pylatexenc.__version__}")
print("source ", source)
print("as read", text)
known = get_default_latex_context_db()
known.add_context_category("angles", prepend=True, macros=[
    MacroTextSpec("farcs", "″."), MacroTextSpec("farcm", "′."), MacroTextSpec("fdg", "°."), MacroTextSpec("arcsec", "″"),
])
mended = LatexNodes2Text(latex_context=known).latex_to_text(source)
print("defined", mended)
assert "beam is 15," in text and "field 25," in text and "source 025 away" in text and "3is the pixel" in text
assert "1″.5" in mended and "2′.5" in mended and "0°.25" in mended
print("as described")
PYTHON
