"""The doors of a dataset and of a corpus, drafted from what was found of images, table and classes."""

from collections.abc import Mapping, Sequence

from curation.drafting.catalog import Mapped
from curation.drafting.classes import Classes
from curation.drafting.draft import Draft, Value
from curation.drafting.roles import Role

TIERS = "expert, crowd, model, match or rule"
SIDE_BEAMS, SIDE_PX, TIMES = 20, 64, 3.0
UNCLASSED = "SOURCE"


def dataset_draft(
    draft: Draft, title: str, names: Mapping[str, str], mapped: Mapped, found: Mapping[str, Role], classes: Classes,
    *, flags: Mapping[str, str], side_arcsec: float | None,
) -> None:  # fmt: skip
    """Write the dataset. `names`: those of scheme, survey and catalogue. `flags`: label by truth column of ours."""
    draft.note("Columns are named as in the catalogue's door.")
    draft.key("title", title, "the name")
    draft.key("cite", "unpublished", "nothing in the files says whom to cite")
    for key in ("scheme", "survey", "catalog"):
        draft.key(key, names[key])
    if "name" not in mapped.ours:
        draft.key("name_column", "", "no column names the rows; they are called by their numbers")
    has_extent = _extent(draft, mapped, found)
    _labels(draft, mapped, classes, flags)
    _cutout(draft, side_arcsec, has_extent=has_extent)
    draft.lines += [
        "",
        "# [objects]  # the rows are all there is to be seen in a picture: asks for counts and boxes too",
    ]
    draft.lines += ['# detector = "…"', "# [split]  # a published split", '# column = "…"']


def corpus_draft(draft: Draft, title: str, datasets: Sequence[str]) -> None:
    """Write the corpus file."""
    draft.note(f"python -m curation build {draft.path} --raw RAW --store STORE")
    draft.note("The folder doors/ beside this file is read with it.")
    draft.key("title", title, "the name")
    draft.key("datasets", list(datasets))


def _extent(draft: Draft, mapped: Mapped, found: Mapping[str, Role]) -> bool:
    ours = mapped.ours
    if {"major", "minor", "pa"} <= ours.keys():
        draft.section("extent")
        draft.key("kind", "ellipse", "columns of two axes and a position angle")
        for key in ("major", "minor", "pa"):
            draft.key(key, ours[key])
        is_semi = any(
            "semi" in found[one].name.lower() or found[one].name.lower() in ("a", "b") for one in ("major", "minor")
        )
        draft.doubt("extent.times: 1 where the axes are full widths of an outline; 2 for semi-axes, and for FWHM")
        draft.key("times", 2.0 if is_semi else 1.0, "the axes' names" if is_semi else "full widths")
        if mapped.frame == "galactic":
            draft.doubt(
                "extent.pa: is read from celestial north through east; the catalogue is Galactic: is its angle too?"
            )
        return True
    radius = ours.get("radius") or ours.get("diameter") or ours.get("major")
    if radius:
        draft.section("extent")
        draft.key("kind", "radius", "one column of a size")
        draft.key("radius", radius)
        if "radius" not in ours and "diameter" not in ours:
            draft.key("times", 0.5, "a major axis alone is taken for a diameter")
        return True
    draft.doubt(
        "extent: found no columns of two axes and an angle, of a radius or a diameter; all cutouts are of one size"
    )
    return False


def _labels(draft: Draft, mapped: Mapped, classes: Classes, flags: Mapping[str, str]) -> None:
    if not flags and "label" not in mapped.ours:
        draft.doubt("labels: no column of classes was found, so no class is known, and none is asked for")
        return
    draft.section("labels")
    draft.todo("tier", TIERS, "who says the classes: only you know")
    if flags:
        draft.key("flags", dict(flags), "columns of truths; one that is not set is unknown, unless exhaustive = true")
        return
    draft.key("label", f"{{{mapped.ours['label']}}}", "the column of classes")
    if classes.renamed:
        renamed: dict[str, Value] = dict(classes.renamed)
        draft.key("names", renamed, "values that are no names of labels")
    for value, base in classes.unsure.items():
        draft.doubt(
            f"labels.unknown: {value!r} ({classes.unknown[value]:,}) looks like {base!r} in doubt; it says nothing here"
        )
    words = {value: n for value, n in classes.unknown.items() if value.strip()}
    draft.key(
        "unknown",
        list(words),
        "they mean not known elsewhere: " + ", ".join(f"{one!r} ({n:,})" for one, n in words.items()) if words else "",
    )
    if words:
        draft.doubts.append(
            "labels.unknown: taken for not known: " + ", ".join(f"{one!r} ({n:,})" for one, n in words.items())
        )
    if "confidence" in mapped.ours:
        draft.key("confidence", mapped.ours["confidence"], "a column from 0 to 1")


def _cutout(draft: Draft, side_arcsec: float | None, *, has_extent: bool) -> None:
    draft.section("cutout")
    if side_arcsec is None:
        draft.todo("side_arcsec", "a number of arcsec", "the images give neither beam nor pixel to guess it from")
    else:
        more = f"{SIDE_BEAMS} beams, but at least {SIDE_PX} pixels" + ("; the least side" if has_extent else "")
        draft.key("side_arcsec", side_arcsec, more)
    if has_extent:
        draft.key("times", TIMES, "the side over the greater width of the extent")
