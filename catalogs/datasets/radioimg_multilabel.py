"""radioimg-multilabel: pictures of four surveys with one or more of eleven labels each, exhaustively annotated.

The lists (`train.json`, `test.json`) name pictures below `images/radioimg`, each in the folder of its survey. The test
pictures are the benchmarks B1, B3, B4 and B5. Riggi et al. 2025, A.1.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.formats.lists import ListedPicture, read_datalist
from catalogs.statements import Said, all_labels
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SOURCES

NAME = "radioimg_multilabel"
TITLE = "radioimg-multilabel: radio images with several labels each"
SCHEME, SURVEY = "radioimg_multilabel", "radioimg"
CITE = "Riggi et al. 2025, Appendix A.1 and Table 2"
LISTS = {
    "test": "annotations/radioimg_multilabel/test.json",  # first: of a picture in both, the test row stays
    "train": "annotations/radioimg_multilabel/train.json",
}
SHA256 = dict.fromkeys(LISTS.values(), "")  # not public
FOLDER = "images/radioimg"
SURVEYS = ("smgps", "emu_main", "emu_pilot", "emu_pilot_gp")
CUTOUT = CutoutRecipe(most_blank=0.95)  # a picture of the map's border may be nearly all blank, and is labelled so
BENCHMARK = "b1_extended"  # and b3_radio_galaxies, b4_artefacts, b5_peculiarity: the same pictures
PUBLISHED = Published(
    source="Riggi et al. 2025, Table 1 and Table 2",
    n_images=19_060,
    n_by_label={
        "BACKGROUND": 116, "COMPACT": 18_671, "RADIO-GALAXY": 3_269, "EXTENDED": 3_279, "DIFFUSE": 757,
        "DIFFUSE-LARGE": 1_438, "FILAMENT": 50, "ARTIFACT": 1_283, "BORDER": 453, "MOSAICKING": 260, "PECULIAR": 439,
    },
    n_by_split={"train": 13_342, "test": 5_718},
    n_by_survey={"smgps": 2_704, "emu_main": 4_456, "emu_pilot": 5_860, "emu_pilot_gp": 6_040},
)  # fmt: skip


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """The whole picture of each entry; a label that is not listed, nor implied, is absent. *In* are the entries.

    Refused: `no-picture`; `no-label`, an empty list of labels; `unknown-label`, for then nothing is known of the others
    either; what the list's reader refuses. A picture that stands in both lists is refused as a repetition later.
    """
    scheme, centres = label_scheme(SCHEME), {one["mosaic"]: one for one in mosaics.to_pylist()}
    rows, refused, n_in = list[dict[str, Any]](), list[Rejection](), 0
    for split, file in LISTS.items():
        found = read_datalist(raw / file)
        n_in += found.n_in
        refused += [Rejection(f"{file}:{one.row_id.split(':')[-1]}", one.reason, one.detail, one.row) for one in
                    found.rejections]  # fmt: skip
        for entry in found.entries:
            made = _source(entry, split, file, centres, scheme)
            (refused if isinstance(made, Rejection) else rows).append(made)  # type: ignore[arg-type]
    return sieved(SOURCES.of(rows), refused, n_in)


def survey_of(picture: str) -> str:
    """The survey whose folder a picture lies in; `radioimg` where the folders do not say."""
    folder = picture.removeprefix(f"{FOLDER}/").split("/")[0]
    return folder if folder in SURVEYS else SURVEY


def _source(
    entry: ListedPicture, split: str, file: str, centres: dict[str, dict[str, Any]], scheme: LabelScheme
) -> dict[str, Any] | Rejection:
    path, where = f"{FOLDER}/{entry.picture}", f"{file}:{entry.row}"
    seen = {"picture": entry.picture, "name": entry.name, "labels": list(entry.labels)}
    if path not in centres:
        return Rejection(where, "no-picture", f"no readable picture {path}", seen)
    if not entry.labels:
        return Rejection(where, "no-label", "its list of labels is empty", seen)
    try:
        originals = {scheme.harmonised(one): one for one in entry.labels}
    except CatalogError as error:
        return Rejection(where, "unknown-label", str(error), seen)
    present = scheme.with_implied(originals)
    truths = {label: Truth.PRESENT if label in present else Truth.ABSENT for label in scheme.labels}
    return {
        "source_id": content_id("source", NAME, FOLDER, entry.picture),
        "source_name": entry.name,
        "dataset": NAME,
        "survey": survey_of(path),
        "scheme": SCHEME,
        "ra_deg": centres[path]["ra_deg"],
        "dec_deg": centres[path]["dec_deg"],
        "image_path": path,
        "labels": all_labels(scheme, truths, originals, Said(Tier.EXPERT, file, entry.row)),
        "split": split,
        "benchmark": BENCHMARK if split == "test" else None,
        "origin_catalog": file,
        "origin_row": entry.row,
    }
