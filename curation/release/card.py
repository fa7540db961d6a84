"""The data card (README.md) and ATTRIBUTION.bib of a hand-over: every number in it is counted, none is typed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogs.dataset import Dataset
from catalogs.survey import Survey
from curation.release.certificate import FILE_OF, MESSAGES_OF

FEATURES = (  # of a record, as Hugging Face's datasets names them
    "  - name: id", "    dtype: string", "  - name: image", "    dtype: string", "  - name: conversations", "    list:",
    "    - name: from", "      dtype: string", "    - name: value", "      dtype: string",
)  # fmt: skip
FEATURES_OF_MESSAGES = (
    "  - name: id", "    dtype: string", "  - name: images", "    list: string", "  - name: messages", "    list:",
    "    - name: role", "      dtype: string", "    - name: content", "      dtype: string",
)  # fmt: skip


@dataclass(frozen=True)
class Credit:
    """Whom to cite for a survey, a dataset or a paper, and on which terms it may be used."""

    kind: str
    name: str
    title: str
    cite: str
    licence: str = ""
    acknowledgement: str = ""


def credits_of(datasets: Sequence[Dataset], surveys: Mapping[str, Survey]) -> list[Credit]:
    """Credits of the datasets and of the surveys that their pictures are of, by kind and name."""
    found = [Credit("dataset", one.name, one.title, one.cite) for one in datasets]
    for name in sorted({one.survey for one in datasets} & surveys.keys()):
        one = surveys[name]
        found.append(Credit("survey", one.name, one.title, one.cite, one.licence, one.acknowledgement))
    return sorted(found, key=lambda one: (one.kind, one.name))


def card(
    name: str,
    title: str,
    address: str,
    counts: Sequence[Mapping[str, Any]],
    promise: Mapping[str, Any],
    credits: Sequence[Credit],
) -> str:
    """README.md. `counts` has one row for each dataset and split, `promise` is the split certificate."""
    there = {row["split"] for row in counts if row["n_samples"]}
    configs = [
        Config(config, {split: path for split, path in paths.items() if split in there}, features)
        for config, paths, features in (("default", FILE_OF, FEATURES), ("messages", MESSAGES_OF, FEATURES_OF_MESSAGES))
    ]
    front = front_matter(name, *configs)
    opening = [*front, f"# {title}", "", f"Corpus `{name}`, hand-over `{address}`.", "", what_it_is(counts), ""]
    lines = [*opening, *counts_table(counts), *_files(), *_splits(promise), *_truth(), *_credits(credits)]
    return "\n".join(lines).rstrip() + "\n"


def frames_told(rows: Sequence[Mapping[str, Any]]) -> str:
    """A section of the card about the pixels of pictures, of the rows of numbers/frames.sql.

    No text where there are none, or all are slices of the nearest mosaic, as those that only have a `[noise]`.
    """
    if all(
        (row["overlap"], row["method"]) == ("nearest", "none") and row["beam_from"] != "convolution" for row in rows
    ):
        return ""
    lines = ["", "## Pixels", "", "The corpus file says `[frame]`, so pictures are no plain slices of mosaics:", ""]
    for row in rows:
        told = [f"{row['n']:,} pictures of {row['survey']}: where mosaics overlap {row['overlap']}"]
        told += [f"{row['n_of_several']:,} of several mosaics"] if row["n_of_several"] else []
        told += [f"pixels of {row['pixel_arcsec']:.3g} arcsec"] if row["pixel_arcsec"] else []
        if row["method"] != "none":
            told.append(f"regridded by {row['method']}")
        if row["peak_loss_most"] is not None:
            told.append(f"a point source loses at most {100 * row['peak_loss_most']:.2g} % of its peak")
        if row["beam_major_arcsec"]:
            told.append(f"beam of {row['beam_major_arcsec']:.3g} arcsec, from the {row['beam_from']}")
        lines.append(f"* {'; '.join(told)}")
    return "\n".join([*lines, "", "`provenance.parquet` names the mosaics of each, with digests and shares."]) + "\n"


def noise_told(rows: Sequence[Mapping[str, Any]]) -> str:
    """A section of the card about noise and background, of the rows of numbers/noise.sql; none: no text."""
    if not rows:
        return ""
    lines = [
        "",
        "## Noise",
        "",
        "A `[noise]` of the corpus file or of a survey's asks for boxes around each picture:",
        "",
    ]
    for row in rows:
        told = [f"{row['n']:,} pictures of {row['survey']}: boxes of {row['box_px']} pixels"]
        told += ["their noise is that around their middle" if row["rms"] == "local" else "their noise is their own"]
        told += [f"the {row['background']} background is subtracted"] if row["background"] != "none" else []
        told += [f"{row['n_window']:,} have too little sky around them"] if row["n_window"] else []
        lines.append(f"* {'; '.join(told)}")
    return "\n".join([*lines, "", "`provenance.parquet` has both of each."]) + "\n"


@dataclass(frozen=True)
class Config:
    """One of the ways in which a folder loads: `datasets.load_dataset(FOLDER, name)`."""

    name: str
    paths: Mapping[str, str]
    """The file or pattern of each split."""
    features: Sequence[str] = ()
    """Lines of YAML; without any they are those that the files say themselves."""


def front_matter(name: str, *configs: Config) -> list[str]:
    """The YAML block of a card, by which `datasets.load_dataset(FOLDER)` finds the files of each split."""
    lines = ["---", f"pretty_name: {json.dumps(name)}", "task_categories:", "- image-text-to-text"]
    lines += ["configs:"] if configs else []
    for one in configs:
        lines += [f"- config_name: {one.name}", "  data_files:"]
        lines += [line for split, path in one.paths.items() for line in (f"  - split: {split}", f"    path: {path}")]
    described = [line for one in configs if one.features
                 for line in (f"- config_name: {one.name}", "  features:", *one.features)]  # fmt: skip
    return [*lines, *(["dataset_info:", *described] if described else []), "---", ""]


def what_it_is(counts: Sequence[Mapping[str, Any]]) -> str:
    """What a hand-over holds, in a sentence."""
    n_samples, n_turns = (sum(row[name] for row in counts) for name in ("n_samples", "n_turns"))
    return (
        f"Pictures of the radio sky with questions and answers, for training vision-language models: {n_samples:,} "
        f"samples with {n_turns:,} turns."
    )


def counts_table(counts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The counts as a table of Markdown, and an empty line."""
    rows = [
        f"| {row['dataset']} | {row['split']} | {row['n_samples']:,} | {row['n_pictures']:,} | {row['n_turns']:,} |"
        for row in counts
    ]
    return ["| dataset | split | samples | pictures | turns |", "|---|---|--:|--:|--:|", *rows, ""]


def bibliography(credits: Sequence[Credit]) -> str:
    """ATTRIBUTION.bib: an entry for each survey and dataset, its citation as it stands in its door file."""
    entries = [
        f"@misc{{{one.kind}_{one.name.replace('/', '_')},\n"
        f"  title = {{{_braced(one.title)}}},\n  note = {{{_braced(one.cite)}}}\n}}\n"
        for one in credits
    ]
    return "\n".join(entries)


def _files() -> list[str]:
    return [
        "## Files", "",
        "| file | holds |", "|---|---|",
        "| `llava.json`, `llava.jsonl` | the training records, twice the same: as one array, and one a line |",
        "| `llava-validation.json`, `llava-test.json` | records that are not for training; test holds the benchmarks |",
        "| `messages.jsonl`, `messages-validation.jsonl`, `messages-test.jsonl` | the same records as `messages` and "
        "`images`, for TRL and ms-swift: `load_dataset(FOLDER, \"messages\")`; a split without records has no file |",
        "| `dataset_info.json` | the same files as LLaMA-Factory lists datasets: `dataset_dir` is this folder |",
        "| `images/` | 8-bit PNG, named by their SHA-256; cutouts are grey, up as in their FITS file, and a "
        "description says which way north is |",
        "| `provenance.parquet` | for each sample its claims with evidence, cutout, source, catalogue file and row |",
        "| `split_certificate.json` | what is promised of the splits; `python -m curation verify-split .` checks it |",
        "| `moc/` | coverage maps (MOC, FITS) of each split, each survey and the sky of each sealed benchmark |",
        "| `llava.schema.json` | the JSON Schema of a record |",
        "| `_manifest.json` | SHA-256 of every file |", "",
    ]  # fmt: skip


def _splits(promise: Mapping[str, Any]) -> list[str]:
    nearest = promise["nearest"]
    lines = ["## Splits", "", promise["rule"], ""]
    lines += [
        f"* {split}: {one['n_cutouts']:,} cutouts in {one['n_patches']:,} patches"
        for split, one in promise["splits"].items()
    ]
    lines += [f"* sealed for {name}: {len(places):,} cutouts" for name, places in promise["sealed"].items()]
    lines += [f"* sky sealed for {name}: {len(places):,} places" for name, places in promise["sealed_sky"].items()]
    lines += [f"* `{one['moc']}`: {one['area_deg2']:.3f} square degrees" for one in promise["sky"].values()]
    if nearest:
        lines.append(
            f'* the nearest two cutouts of different splits lie {nearest["separation_arcsec"]:.1f}" apart; '
            f'{nearest["required_arcsec"]:.1f}" are required'
        )
    if promise["n_cutouts_without_position"]:
        n_unplaced = promise["n_cutouts_without_position"]
        lines.append(f"* {n_unplaced:,} cutouts have no position: they are split by source and picture alone")
    return [*lines, ""]


def _truth() -> list[str]:
    return [
        "## What the answers rest on", "",
        "Of cutouts: each answer carries its claims as data, and each claim the label, object or pixels that it rests "
        "on. A label is present, absent or unknown; \"no\" is said only of absent. Conversations with a contradicted "
        "claim are refused, and so is everything else that has no reason to be here: every step's rejected rows are "
        "kept with their reasons. The answer of a figure of a paper (`captions`) is its author's caption: what surveys "
        "and catalogues know of it stands in `statements` of `provenance.parquet`, the rest is the author's word.", "",
    ]  # fmt: skip


def _credits(credits: Sequence[Credit]) -> list[str]:
    lines = ["## Licences and whom to cite", ""]
    for one in credits:
        if one.kind == "paper":
            continue
        licence = f" Licence of the pixels: {one.licence}." if one.kind == "survey" else ""
        cite = f"{one.cite.rstrip('. ')}.{licence} {one.acknowledgement}".rstrip()
        lines.append(f"* **{one.title}** ({one.kind} `{one.name}`). {cite}")
    papers = Counter(one.licence for one in credits if one.kind == "paper")
    if papers:
        told = ", ".join(f"{licence} {n:,}" for licence, n in sorted(papers.items()))
        lines.append(
            f"* **Figures and captions of {papers.total():,} papers**, by licence: {told}. Each is named in "
            "`ATTRIBUTION.bib`, and beside each sample in `provenance.parquet`; pictures were converted and captions "
            "cleaned of markup."
        )
    return [*lines, ""]


def _braced(text: str) -> str:
    return text.replace("{", "(").replace("}", ")").replace("\\", "/")
