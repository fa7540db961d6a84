"""How much of a served model the generation stage uses: against a bare client, and against one request at a time.

The same requests, the same server, one run, rounds interleaved:
    stage    `generated` of curation/generation/generation.py, part by part: prompts, cache, client, claims
    asker    the client alone in one process: cache, retries, ledger; no prompts made, no claims read
    direct   a bare aiohttp client with ready-made bodies and as many in flight; reads the replies, keeps nothing
    serial   one request at a time, as the paper's code asks
    replay   the stage again from the store, with no server

Tokens per second are the slope between a few parts and many, so that beginning and end weigh nothing: a corpus has
thousands of parts. The server answers by rule after a delay, in so many slots, as a process of its own; --server names
a real one.

Example:
    python benchmarks/generation.py
    python benchmarks/generation.py --server http://127.0.0.1:8000/v1 --model tiny-internvl --in-flight 8
"""

import argparse
import asyncio
import io
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import numpy as np
import openai
import pyarrow as pa
from astropy.wcs import WCS
from harness import against, ratio_lines
from PIL import Image

from catalogs.survey import surveys
from curation.asking import canary
from curation.asking.exchange import body
from curation.asking.request import Reply, Request, Served
from curation.asking.vlm import Asker
from curation.generation.generation import generated
from curation.generation.writing import Generation, Writing, writing_about
from schemas.fingerprint import content_id, fraction
from schemas.labels import label_scheme
from schemas.tables import CUTOUTS, OBJECTS, SOURCES

SIDE_PX = 224
SCHEME, SURVEY = "radioimg_multilabel", "first"
GOALS = {"stage / direct": 0.95, "asker / direct": 0.95, "stage / serial": 8.0}


@dataclass(frozen=True)
class Part:
    """The tables of one task of the stage."""

    cutouts: pa.Table
    sources: pa.Table
    objects: pa.Table


@dataclass
class Recorder:
    """Asks as the asker does, and remembers what it asked and got."""

    asker: Asker
    asked: list[Request] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        got = self.asker.ask(requests)
        self.asked += requests
        self.replies += got
        return got


@dataclass(frozen=True)
class Pass:
    """One pass over all requests."""

    n_requests: int
    n_tokens: int
    seconds: float

    def minus(self, fewer: "Pass") -> "Pass":
        """What the larger of two passes had besides the smaller."""
        return Pass(self.n_requests - fewer.n_requests, self.n_tokens - fewer.n_tokens, self.seconds - fewer.seconds)

    @property
    def tokens_per_s(self) -> float:
        return self.n_tokens / self.seconds

    @property
    def requests_per_s(self) -> float:
        return self.n_requests / self.seconds


def part(first: int, n: int) -> Part:
    """Pictures with noise and sources, each with labels of its own."""
    cutouts, sources = [], []
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [10.0, 30.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [50.5, 50.5], [-2 / 3600, 2 / 3600]
    header, scheme = wcs.to_header().tostring(sep="\n"), label_scheme(SCHEME)
    for k in range(first, first + n):
        name = {"cutout_id": content_id("cutout", k), "source_id": content_id("source", k), "dataset": "synthetic"}
        cutouts.append({
            **name, "survey": SURVEY, "mosaic": "m.fits", "mosaic_sha256": "0" * 64, "ra_deg": 10.0, "dec_deg": 30.0,
            "width_px": 100, "height_px": 100,
            "pixel_x_arcsec": 2.0, "pixel_y_arcsec": 2.0, "wcs_header": header, "beam_major_arcsec": 5.4,
            "beam_minor_arcsec": 5.4, "beam_pa_deg": 0.0, "beam_from": "survey", "blank_fraction": 0.0, "pixels": b"",
            "png": picture(k), "png_side_px": SIDE_PX, "stretch": "zscale",
            "channels": [], "source_px": 0, "sha256": f"{k:064x}",
        })  # fmt: skip
        held = scheme.with_implied([one for one in scheme.labels if fraction(f"{k}:{one}") < 0.3])
        labels = [{"scheme": SCHEME, "label": one, "original": one, "tier": "expert", "catalog": "c.csv", "row": k,
                   "state": "present" if one in held else "absent"} for one in scheme.labels]  # fmt: skip
        sources.append({
            "source_id": name["source_id"], "source_name": str(k), "dataset": "synthetic", "survey": SURVEY,
            "scheme": SCHEME, "labels": labels, "origin_catalog": "c.csv", "origin_row": k,
        })  # fmt: skip
    tables = CUTOUTS.of(cutouts), SOURCES.of(sources), OBJECTS.of([])
    return Part(*tables)


def picture(k: int) -> bytes:
    """A PNG of noise with a bright spot."""
    rng = np.random.default_rng(k)
    image = rng.normal(60, 12, (SIDE_PX, SIDE_PX))
    y, x = rng.integers(20, SIDE_PX - 20, 2)
    image[y - 9 : y + 9, x - 9 : x + 9] += 150
    sink = io.BytesIO()
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(sink, "PNG", compress_level=1)
    return sink.getvalue()


def writing(model: str) -> Writing:
    """What the stage is to write; the task is that of the corpora."""
    return writing_about("synthetic", label_scheme(SCHEME), surveys()[SURVEY], "xyxy_norm", Generation(model=model))


def made(asker: Asker, one: Part, model: str) -> Recorder:
    """One task of the stage, in a process of its own."""
    recorder = Recorder(asker)
    generated(recorder, one.cutouts, one.sources, one.objects, writing(model))
    return recorder


class Bench:
    """A server, the stage's parts, the processes that make them."""

    def __init__(self, server: str, model: str, chosen: argparse.Namespace, pool: ProcessPoolExecutor) -> None:
        self.server, self.model, self.pool = server, model, pool
        self.workers, self.in_flight, self.n_serial = chosen.workers, chosen.in_flight, chosen.serial
        n = chosen.cutouts // chosen.parts
        self.parts = [part(k * n, n) for k in range(chosen.parts)]

    def passes(self, place: str, n_parts: int) -> dict[str, Pass]:
        """Each way once over the first parts."""
        stage, requests = self.stage(f"{place}/stage", n_parts)
        step = max(1, len(requests) // self.n_serial)
        return {
            "stage": stage,
            "asker": self.asker(requests, f"{place}/asker"),
            "direct": self.direct(requests),
            "serial": self.serial(requests[::step][: self.n_serial]),
            "replay": self.stage(f"{place}/stage", n_parts, is_replay=True)[0],
        }

    def stage(self, place: str, n_parts: int, *, is_replay: bool = False) -> tuple[Pass, list[Request]]:
        """The first parts; nothing is in the store, or everything."""
        servers = () if is_replay else (self.server,)
        asker = Asker(servers, place, in_flight=self.in_flight)
        started = time.monotonic()
        done = [self.pool.submit(made, asker, one, self.model) for one in self.parts[:n_parts]]
        recorders = [one.result() for one in done]
        seconds = time.monotonic() - started
        replies = [reply for one in recorders for reply in one.replies]
        return told(replies, seconds), [request for one in recorders for request in one.asked]

    def asker(self, requests: Sequence[Request], place: str) -> Pass:
        """What the stage asks with, alone; as many in flight as all processes of the stage together."""
        asker = Asker((self.server,), place, in_flight=self.in_flight * self.workers)
        started = time.monotonic()
        return told(asker.ask(requests), time.monotonic() - started)

    def direct(self, requests: Sequence[Request]) -> Pass:
        """A bare client."""
        bodies = [json.dumps(body(request)).encode() for request in requests]
        return asyncio.run(self._direct(bodies))

    async def _direct(self, bodies: Sequence[bytes]) -> Pass:
        waiting, n_tokens = iter(bodies), 0
        head = {"Content-Type": "application/json"}

        async def work(session: aiohttp.ClientSession) -> None:
            nonlocal n_tokens
            for one in waiting:
                async with session.post(f"{self.server}/chat/completions", data=one, headers=head) as response:
                    response.raise_for_status()
                    n_tokens += (await response.json())["usage"]["completion_tokens"]

        n = self.in_flight * self.workers
        limit = aiohttp.TCPConnector(limit=n)
        async with aiohttp.ClientSession(connector=limit, timeout=aiohttp.ClientTimeout(600)) as session:
            started = time.monotonic()
            await asyncio.gather(*(work(session) for _ in range(n)))
            return Pass(len(bodies), n_tokens, time.monotonic() - started)

    def serial(self, requests: Sequence[Request]) -> Pass:
        """One at a time, with the library's own client."""
        with openai.OpenAI(base_url=self.server, api_key="none", max_retries=0) as client:
            started = time.monotonic()
            got = [client.chat.completions.create(**body(request)) for request in requests]
            seconds = time.monotonic() - started
        return Pass(len(got), sum(one.usage.completion_tokens for one in got if one.usage), seconds)


def told(replies: Sequence[Reply], seconds: float) -> Pass:
    """What the replies of a pass amount to."""
    return Pass(len(replies), sum(reply.n_completion_tokens for reply in replies), seconds)


def measured(server: str, model: str, chosen: argparse.Namespace) -> dict:
    """All figures of one run."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(chosen.workers, context) as pool, tempfile.TemporaryDirectory() as folder:
        bench = Bench(server, model, chosen, pool)
        canary.check(Asker((server,), folder), Served(model))
        bench.stage(f"{folder}/warm", chosen.workers)  # processes start: not counted
        passes: dict[str, list[Pass]] = {"stage": [], "asker": [], "direct": [], "serial": [], "replay": []}
        for k in range(chosen.rounds):
            few, many = (bench.passes(f"{folder}/{k}-{n}", n) for n in (chosen.workers, chosen.parts))
            for name, several in passes.items():
                several.append(many[name] if name == "serial" else many[name].minus(few[name]))
    ratios = {
        f"{one} / {peer}": statistics.median(
            ours.tokens_per_s / theirs.tokens_per_s for ours, theirs in zip(passes[one], passes[peer], strict=True)
        )
        for one, peer in (("stage", "direct"), ("asker", "direct"), ("stage", "serial"))
    }
    return {
        "server": "by rule" if chosen.server is None else "given", "model": model, "in_flight": chosen.in_flight,
        "delay_s": chosen.delay_s, "slots": chosen.slots, "workers": chosen.workers, "cutouts": chosen.cutouts,
        "rounds": chosen.rounds, "n_requests": passes["stage"][0].n_requests,
        "passes": {
            name: {
                "requests_per_s": statistics.median(one.requests_per_s for one in several),
                "tokens_per_s": statistics.median(one.tokens_per_s for one in several),
            }
            for name, several in passes.items()
        },
        "ratios": against(ratios, GOALS),
    }  # fmt: skip


def table(found: dict) -> str:
    """The figures as Markdown."""
    lines = [
        f"| {found['n_requests']} requests, {found['in_flight']} in flight | requests/s | tokens/s |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {one['requests_per_s']:,.1f} | {one['tokens_per_s']:,.0f} |"
        for name, one in found["passes"].items()
    ]
    return "\n".join(lines + ratio_lines("ratio of tokens/s", found["ratios"]))


@contextmanager
def rule_server(delay_s: float, slots: int) -> Iterator[str]:
    """The address of a rule server in a process of its own."""
    words = ["--delay-s", str(delay_s), "--slots", str(slots), "--error-share", "0.02"]
    with subprocess.Popen(
        [sys.executable, "-m", "curation.asking.rule_server", *words],
        cwd=Path(__file__).resolve().parent.parent, stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        try:
            yield child.stdout.readline().strip() if child.stdout else ""
        finally:
            child.terminate()


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], epilog="example: python benchmarks/generation.py --quick --json"
    )
    parser.add_argument("--server", help="a real one; default: one that answers by rule")
    parser.add_argument("--model", default="rule-server", help="the name that the server answers to")
    parser.add_argument("--in-flight", type=int, default=32, help="of each process")
    parser.add_argument("--workers", type=int, default=4, help="processes of the stage")
    parser.add_argument("--cutouts", type=int, default=288)
    parser.add_argument("--parts", type=int, default=12)
    parser.add_argument("--serial", type=int, default=8, help="requests that are asked one at a time")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--delay-s", type=float, default=3.0, help="of the rule server")
    parser.add_argument("--slots", type=int, default=32, help="of the rule server")
    parser.add_argument("--quick", action="store_true", help="few pictures and one round: does it run?")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the tables")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.cutouts, chosen.parts, chosen.workers, chosen.rounds, chosen.serial = 24, 3, 1, 1, 3
        chosen.delay_s = min(chosen.delay_s, 0.2)
    if chosen.server:
        found = measured(chosen.server, chosen.model, chosen)
    else:
        with rule_server(chosen.delay_s, chosen.slots) as server:
            found = measured(server, chosen.model, chosen)
    print(json.dumps(found, indent=2) if chosen.json else table(found))


if __name__ == "__main__":
    main()
