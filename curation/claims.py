"""The command `claims`: what is read from a text, and how it is judged against annotations."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.command_line import doors_option
from schemas.errors import RecipeError

if TYPE_CHECKING:
    from curation.pictures.boxes import Dialect

DIALECTS = ("xyxy_norm", "xywh_center_norm", "xyxy_1000")
"""Those of curation/pictures/boxes.py, which takes a while to import; a test holds them together."""
FORM = """\
{
  "scheme": "caesar_mrcnn",
  "labels": {"SPURIOUS": "absent"},
  "objects": [
    {"label": "COMPACT", "box": [0.10, 0.10, 0.16, 0.16]},
    {"label": "EXTENDED", "box": [0.60, 0.20, 0.80, 0.40]}
  ],
  "picture": {"blank_fraction": 0.0, "side_arcsec": 540, "beam_arcsec": [5.4, 5.4],
              "survey": "Faint Images of the Radio Sky at Twenty-cm", "frequency_mhz": 1400}
}"""

HELP = f"""Show each claim of a text, where it stands, its verdict, and what it was compared with.

By rule and without a model: supported, contradicted, or unverifiable where the annotations do not say. Try to fool it.

--objects is a JSON file of our own:

\b
{FORM}

Boxes are fractions, x_min, y_min, x_max, y_max from the top left; "box_format" may be xywh_center_norm, xyxy_1000,
xyxy_px or xywh_px. Labels not named are unknown; a list of labels names those present. A list of objects is complete;
without one nothing is known of objects. Or it is a file that we read anyway: a COCO dataset, YOLO text (.txt),
caesar-mrcnn JSON (training or detections), the emu-pilot list.

--text is plain text, one answer to --question; or JSON, a list of {{"question": …, "answer": …}} or LLaVA records.

\b
Example:  python -m curation claims --objects objects.json --text answer.txt --json
"""


@click.command(help=HELP)
@doors_option
@click.option("--objects", required=True, type=click.Path(path_type=Path), metavar="FILE", help="What is known.")
@click.option("--text", required=True, type=click.Path(path_type=Path), metavar="FILE", help="What is said.")
@click.option("--scheme", help="Label scheme, where the file does not name it; see schemas/label_schemes.")
@click.option(
    "--dialect", type=click.Choice(DIALECTS), default="xyxy_norm", show_default=True, help="Of boxes in the text."
)
@click.option("--question", default="Describe the image.", show_default=True, help="That a plain text answers.")
@click.option("--image", help="Which picture of a file of many: its id or name.")
@click.option("--size", metavar="WxH", help="Of the picture in pixels, where a file of pixel boxes does not say.")
@click.option("--classes", metavar="ID:LABEL,…", help="Class ids of a YOLO file; default: those of the scheme.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def claims(
    objects: Path,
    text: Path,
    scheme: str | None,
    dialect: "Dialect",
    question: str,
    image: str | None,
    size: str | None,
    classes: str | None,
    as_json: bool,
) -> None:
    """Show each claim of a text with its verdict; see HELP."""
    from curation.extraction.explained import looked, read_turns, told
    from curation.verification.annotation_files import Reading, read_annotations

    known = read_annotations(objects, Reading(scheme, image, _size(size), _classes(classes)))
    turns = looked(read_turns(text, question), known, dialect)
    if as_json:
        return click.echo(json.dumps({"scheme": known.scheme.name, "turns": turns}, ensure_ascii=False))
    return click.echo("\n".join(told(turns)))


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not width.isdigit() or not height.isdigit() or not int(width) or not int(height):
        raise RecipeError(f"--size {text}: expected width x height in pixels, such as 256x256")
    return int(width), int(height)


def _classes(text: str | None) -> dict[int, str]:
    found: dict[int, str] = {}
    for one in (text or "").split(",") if text else ():
        number, _, label = one.partition(":")
        if not number.strip().isdigit() or not label.strip():
            raise RecipeError(f"--classes {one}: expected id:label, such as 0:SPURIOUS,1:COMPACT")
        found[int(number)] = label.strip()
    return found
