"""What a release says of how its data came to be and what it is good for: the responsible-AI part of Croissant.

Numbers are counted in the hand-over; what nobody counted is not said.
"""

from collections import Counter

from curation.deposit.facts import Facts
from curation.deposit.places import FOLDER
from curation.release.certificate import CERTIFICATE, PROVENANCE


def responsible_ai(facts: Facts) -> dict[str, str | list[str]]:
    """The properties of Croissant RAI 1.0, by name without prefix."""
    return {
        "dataCollection": _collection(facts),
        "dataCollectionType": ["Secondary Data analysis", "Others"],
        "dataCollectionMissingData": "What a catalogue does not know is null and is asked of nobody: a label "
        "is present, absent or unknown, and no is said only of absent.",
        "dataCollectionRawData": "Images and catalogues of " + ", ".join(facts.doors("surveys")) + "; each sample "
        f"names its mosaic with SHA-256, the pixels cut, and the row of the catalogue ({FOLDER}/{PROVENANCE}).",
        "dataImputationProtocol": "Nothing is imputed.",
        "dataPreprocessingProtocol": [
            "A square around each source is cut out of a mosaic and drawn as an 8-bit PNG: " + _stretches(facts),
            f"Splits are made by patches of sky with a guard between them; {FOLDER}/{CERTIFICATE} lists them, "
            f"and `python -m curation verify-split {FOLDER}` measures every distance again.",
        ],
        "dataManipulationProtocol": "Rows that a rule refuses are kept beside the tables with their reasons; answers "
        "are made even by leaving out pictures, by a key and not by chance.",
        "dataAnnotationProtocol": "Answers rest on claims, each with the label, object or pixels that it is known "
        "from; a conversation with a claim that the annotations contradict is refused. " + _tiers(facts),
        "dataAnnotationPlatform": ["radio-corpus"],
        "machineAnnotationTools": _tools(facts),
        "dataUseCases": ["Fine-tuning of vision-language models on radio-astronomical pictures",
                         "Evaluation on the test split, whose sky is in no training sample"],
        "dataLimitations": [
            "A PNG has 8 bits a channel: brightness cannot be measured in it.",
            "Questions and answers are English; those written by templates repeat their wordings.",
            "A class that no catalogue here names is never asked for.",
        ],
        "dataBiases": [_by_survey(facts), _by_label(facts)],
        "dataSocialImpact": "The sky has no persons in it. A model trained on this must not replace the measurement of "
        "a source: its answers are as good as the catalogues behind them.",
        "personalSensitiveInformation": ["None, but for the names of authors in citations."],
        "dataReleaseMaintenancePlan": "A version is never changed. What is withdrawn later is missing in the next "
        "version, which says so; digests are in SHA256SUMS. " + _withdrawn(facts),
    }  # fmt: skip


def _collection(facts: Facts) -> str:
    counts = ", ".join(f"{split} {facts.n_of(split):,}" for split in facts.splits)
    n_papers = len(facts.rows["papers"])
    papers = f", and figures of {n_papers:,} papers with their captions" if n_papers else ""
    return (
        f"Pictures of radio surveys around sources of catalogues ({', '.join(facts.doors('datasets'))})"
        f"{papers}. Samples: {counts}."
    )


def _stretches(facts: Facts) -> str:
    names = [one["stretch"] for one in facts.rows["stretches"]]
    return "; ".join(names) if names else "none of this hand-over"


def _tiers(facts: Facts) -> str:
    found = Counter[str]()
    for one in facts.rows["labels"]:
        found[one["tier"]] += one["n_sources"]
    told = ", ".join(f"{tier} {n:,}" for tier, n in sorted(found.items()))
    return f"Labels that are present, by who says so: {told}." if told else "No label is present."


def _tools(facts: Facts) -> list[str]:
    return [f"{one['generator']}: {one['n_samples']:,} samples" for one in facts.rows["generators"]]


def _withdrawn(facts: Facts) -> str:
    found = facts.manifest.get("withdrawn", [])
    told = "; ".join(f"{one['kind']} {one['id']} ({one['reason']})" for one in found)
    return f"Withdrawn, and not in this version: {told}." if found else "Nothing has been withdrawn so far."


def _by_survey(facts: Facts) -> str:
    found = ", ".join(f"{one['survey']} {one['n_samples']:,}" for one in facts.rows["licences"])
    return f"Samples by survey: {found}."


def _by_label(facts: Facts) -> str:
    found = ", ".join(f"{one['dataset']}/{one['label']} {one['n_sources']:,}" for one in facts.rows["labels"])
    return f"Classes are as even as their catalogues are; sources by label: {found or 'no label'}."
