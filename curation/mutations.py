"""The command `mutations`: the checker of texts, tried on planted faults and on true texts."""

import json
from typing import Any

import click

from schemas.command_line import doors_option


@click.command()
@doors_option
@click.option("--seed", required=True, help="Any word or number: another seed, other pictures, faults and wordings.")
@click.option("--n", "n_pictures", type=click.IntRange(1), default=140, show_default=True, help="Pictures to make up.")
@click.option("--examples", type=click.IntRange(0), default=20, show_default=True, help="Most texts to show of each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
def mutations(seed: str, n_pictures: int, examples: int, as_json: bool) -> None:
    """Try the checker of texts on pictures that never were, over every label scheme.

    About each picture one text with a fault of each kind is written (curation/fault_injection/faults), and one true
    text in each style (curation/realisation/styles). What is false and what is true follows from the made-up
    annotations, not from the reader. Caught: share of the faults that the default policy refuses. False alarms: share
    of the true texts that are called contradicted.

    \b
    Example:  python -m curation mutations --seed 7 --json
    """
    from curation.fault_injection.injections import figures, synthetic_injections

    found = figures(synthetic_injections(seed, n_pictures), examples)
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(_told(found)))


def _told(found: dict[str, Any]) -> list[str]:
    lines = [f"caught        {found['caught']:8.2%}  of {found['n_faults']:,} planted faults"]
    lines += [f"  {kind:<24} {one['caught']:>5,} of {one['n']:>5,}" for kind, one in found["kinds"].items()]
    lines += [f"false alarms  {found['false_alarms']:8.2%}  of {found['n_true']:,} true texts"]
    lines += [f"  {style:<24} {one['false_alarms']:>5,} of {one['n']:>5,}" for style, one in found["styles"].items()]
    for title, some in (("missed", found["missed"]), ("false alarm", found["alarms"])):
        for one in some:
            about = f"{one['kind']}, {one['style']}, {one['dataset']}"
            lines += [f"{title} ({about})", f"  Q: {one['question']!r}", f"  A: {one['answer']!r}"]
            lines += [f"  {reason}" for reason in one["reasons"]]
    return lines
