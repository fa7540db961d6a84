"""The command `replies`: what the store keeps of served models, and what it took."""

import json
from typing import Any

import click

from curation.settings import store_place


@click.command()
@click.option("--store", metavar="PLACE", help="The store: a folder or s3://…; else RADIO_STORE, else ./store.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")
@click.option("--forget", metavar="PROBLEM", help="Drop the replies with this problem, so that they are asked again.")
def replies(store: str | None, as_json: bool, forget: str | None) -> None:
    """The ledger of served models: requests, those answered from the store, tokens, seconds, problems.

    Replies are kept by model, revision, prompt, picture and sampling, so a rebuild needs no server. Those that came to
    nothing are kept too, with their problem. --forget drops them for tables that are still to be made; a finished table
    stays as it is.

    \b
    Example:  python -m curation replies --store STORE --json
    """
    from curation.asking.replies import Replies, ledgers, served_of
    from curation.asking.request import PROBLEMS
    from curation.engine.store import Store
    from schemas.errors import RecipeError

    place = Store(store_place(store))
    if forget is not None:
        if forget not in PROBLEMS:
            raise RecipeError(f"--forget {forget}: no such problem; there are {', '.join(PROBLEMS)}")
        n_dropped = sum(Replies(place, served).forget(forget) for served in served_of(place))
        return click.echo(json.dumps({"forgotten": n_dropped}) if as_json else f"{n_dropped:,} replies dropped")
    found = ledgers(place)
    if as_json:
        return click.echo(json.dumps({"models": found}))
    for one in found:
        click.echo("\n".join(_told(one)))
    return None if found else click.echo(f"{place.where} keeps no replies")


def _told(one: dict[str, Any]) -> list[str]:
    speed = one["n_completion_tokens"] / one["wall_s"] if one["wall_s"] else 0.0
    problems = ", ".join(f"{problem} {n:,}" for problem, n in one["problems"].items()) or "none"
    return [
        f"{one['model']} ({one['revision']}): {one['n_kept']:,} replies in {one['folder']}",
        f"  requests   {one['n_requests']:,}: {one['n_hits']:,} from the store, {one['n_asked']:,} asked",
        f"  tokens     {one['n_prompt_tokens']:,} in, {one['n_completion_tokens']:,} out",
        f"  seconds    {one['wall_s']:,.1f} ({one['request_s']:,.1f} of requests, {speed:,.0f} tokens out a second)",
        f"  problems   {problems}",
    ]
