"""What an evaluation by a paid model may cost: told before anything is sent, and never more than was allowed.

Prices change: they are flags with a date, and no constants of ours. A request is counted at its most: as many tokens
out as it may give, and in by a bound that no tokenizer passes in plain English.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from curation.asking.replies import replies
from curation.asking.request import Reply, Request
from curation.asking.vlm import Asker
from schemas.errors import GateError, RecipeError

CHARACTERS_A_TOKEN = 2.0  # English has about four; capitals, digits and dashes have fewer
MILLION = 1e6
N_AT_A_TIME = 32


@dataclass(frozen=True)
class Prices:
    """In US dollars for a million tokens, as of a date that somebody looked them up."""

    of_input: float
    of_output: float
    date: str
    picture_tokens: int = 1_000
    """Tokens that one picture is counted as, at most."""

    def most(self, request: Request) -> float:
        """What the request costs at most."""
        told = "".join(one.text + one.answer for one in request.examples)
        n_in = math.ceil(len(request.system + told + request.text + (request.form or "")) / CHARACTERS_A_TOKEN) + 50
        n_in += self.picture_tokens * request.n_pictures
        return (n_in * self.of_input + request.sampling.max_tokens * self.of_output) / MILLION

    def of(self, reply: Reply) -> float:
        """What the reply has cost by what the server counted."""
        return (reply.n_prompt_tokens * self.of_input + reply.n_completion_tokens * self.of_output) / MILLION


@dataclass(frozen=True)
class Estimate:
    """What is still to be asked, and what it costs at most."""

    n_requests: int
    n_kept: int
    """Requests whose replies the store has: they cost nothing."""
    most_usd: float
    date: str

    def told(self) -> str:
        """One line for a person."""
        return (
            f"{self.n_requests:,} requests, {self.n_kept:,} of them answered before; the other "
            f"{self.n_requests - self.n_kept:,} cost at most {self.most_usd:.2f} USD at the prices of {self.date}"
        )


def is_paid(server: str) -> bool:
    """Whether an address lies outside: neither this machine nor a private network."""
    host = urlsplit(server).hostname or ""
    if host == "localhost" or "." not in host.strip("[]") and ":" not in host:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return not host.endswith((".local", ".internal", ".lan"))


def check_paid(servers: Sequence[str], prices: Prices | None, max_cost_usd: float | None, *, is_free: bool) -> None:
    """Raise RecipeError for a server outside without prices and a cap, unless it is said to be free."""
    outside = [server for server in servers if is_paid(server)]
    if outside and not is_free and (prices is None or max_cost_usd is None):
        raise RecipeError(
            f"--server {outside[0]} is no machine of a private network, so it may cost money: give --max-cost USD, "
            "--price-in and --price-out (USD for a million tokens) and --price-date; or --free where it costs nothing"
        )


def estimate(asker: Asker, requests: Sequence[Request], prices: Prices) -> Estimate:
    """What is left to be asked of the requests, and its price."""
    missing = asker.missing(requests)
    n_different = len({(one.served, one.key) for one in requests})
    return Estimate(n_different, n_different - len(missing), sum(prices.most(one) for one in missing), prices.date)


@dataclass
class Purse:
    """Asks as long as the next requests cannot pass the cap."""

    asker: Asker
    prices: Prices
    max_cost_usd: float
    spent_usd: float = 0.0

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies. Raises GateError before the request that might pass the cap; what was answered is kept."""
        missing = self.asker.missing(requests)
        done = 0
        while done < len(missing):
            some = self._affordable(missing[done : done + N_AT_A_TIME])
            if not some:
                raise GateError(
                    f"--max-cost {self.max_cost_usd:g} USD: {self.spent_usd:.4f} USD spent, and the next request may "
                    f"cost {self.prices.most(missing[done]):.4f}; {len(missing) - done:,} of {len(missing):,} requests "
                    "are left. Everything answered is kept: with a higher cap the same command goes on from here"
                )
            self.spent_usd += sum(
                self.prices.of(reply) if reply.n_prompt_tokens else self.prices.most(request)
                for request, reply in zip(some, self.asker.ask(some), strict=True)
            )
            done += len(some)
        return self.asker.ask(requests)

    def _affordable(self, requests: Sequence[Request]) -> list[Request]:
        left_usd, some = self.max_cost_usd - self.spent_usd, list[Request]()
        for request in requests:
            left_usd -= self.prices.most(request)
            if left_usd < 0:
                break
            some.append(request)
        return some


def spent_before(asker: Asker, requests: Sequence[Request], prices: Prices) -> float:
    """What the replies that the store has of these requests have cost."""
    by_model = {one.served for one in requests}
    keys = {one.key for one in requests}
    return sum(prices.of(reply) for one in by_model for reply in replies(asker.place, one).find(keys).values())
