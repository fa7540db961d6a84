"""Pictures asked about per second: a part of PREDICTIONS against the same questions one at a time, on one server.

    run / serial       the step's questions with many in flight, against the library's own client, one after the other
    together / apart   four benchmarks a picture at a time, against one benchmark after the other, on a server that
                       keeps the last pictures at hand and takes longer over any other

The server answers by rule and waits as a model would, so ratios say what the way of asking is worth, not the machine.

Example:
    python benchmarks/evaluation.py --quick --json
"""

import argparse
import asyncio
import hashlib
import io
import json
import statistics
import tempfile
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openai
import pyarrow as pa
from aiohttp import web
from harness import against, ratio_lines
from PIL import Image

from curation.asking.exchange import body
from curation.asking.request import Request, Served
from curation.asking.rule_answers import Asked, answer
from curation.asking.rule_faults import Turn, finished
from curation.asking.rule_server import MODEL, RuleServer, _told
from curation.asking.vlm import Asker
from curation.engine.steps import Step
from evaluate.asking.backends import ServedBackend
from evaluate.asking.predictions import Asking, Manner, asking_of, predictions, requests_of
from evaluate.tasks.benchmark import benchmark
from schemas.fingerprint import content_id, fraction
from schemas.labels import label_scheme
from schemas.tables import CUTOUTS, SOURCES, SPLITS

NAMES = ("demo_extended", "demo_radio_galaxies", "demo_artefacts", "demo_peculiarity")  # as B1, B3, B4, B5
STEPS = (Step("cutouts/x", None, CUTOUTS), Step("sources/x", None, SOURCES), Step("splits/x", None, SPLITS))
SERVED = Served(MODEL)
GOALS = {"run / serial": 8.0, "together / apart": 1.5}
SIDE_PX = 224
Tables = tuple[pa.Table, pa.Table, pa.Table]


class PrefixServer(RuleServer):
    """Keeps the last `n_kept` pictures at hand, from when it begins with them; over any other it takes longer."""

    def __init__(self, n_kept: int, picture_s: float, delay_s: float, slots: int) -> None:
        super().__init__(delay_s=delay_s, slots=slots)
        self.n_kept, self.picture_s = n_kept, picture_s
        self.kept: OrderedDict[str, None] = OrderedDict()
        self.n_hits = 0

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.n_calls += 1
        sent = json.loads(await request.read())
        text, png = _told(sent)
        async with self._slots:
            is_hit = self.looked_up(hashlib.sha256(png or b"").hexdigest())
            await asyncio.sleep(self.rules.delay_s + (0.0 if is_hit else self.picture_s))
        form = sent.get("response_format", {}).get("json_schema", {}).get("schema")
        words = answer(Asked(text, png, form, 0, 0.0))
        return finished(Turn(request, sent, png, words, self.rules.model, self.n_calls), words)

    def looked_up(self, digest: str) -> bool:
        is_hit = digest in self.kept
        self.n_hits += is_hit
        self.kept[digest] = None
        self.kept.move_to_end(digest)
        if len(self.kept) > self.n_kept:
            self.kept.popitem(last=False)
        return is_hit


@dataclass(frozen=True)
class Pass:
    """One pass over all questions."""

    n: int
    seconds: float
    hits: float
    """Share of questions whose picture the server still had."""

    @property
    def per_s(self) -> float:
        return self.n / self.seconds


def tables(n: int) -> Tables:
    """Pictures of the demo's fields, with labels by key."""
    scheme, cutouts, sources, splits = label_scheme("radioimg_multilabel"), [], [], []
    for k in range(n):
        ids = {"cutout_id": content_id("cutout", k), "source_id": content_id("source", k), "dataset": "demo_multilabel"}
        held = scheme.with_implied([one for one in scheme.labels if fraction(f"{k}:{one}") < 0.3])
        labels = [{"scheme": scheme.name, "label": one, "original": one, "tier": "expert", "catalog": "c.csv", "row": k,
                   "state": "present" if one in held else "absent"} for one in scheme.labels]  # fmt: skip
        png = picture(k)
        cutouts.append({
            **ids, "survey": "demo_wide", "mosaic": "m.fits", "mosaic_sha256": "0" * 64, "width_px": 100,
            "height_px": 100, "blank_fraction": 0.0, "pixels": b"", "png": png, "png_side_px": SIDE_PX,
            "stretch": "zscale", "channels": [], "source_px": 0, "sha256": hashlib.sha256(png).hexdigest(),
        })  # fmt: skip
        sources.append({
            "source_id": ids["source_id"], "source_name": str(k), "dataset": "demo_multilabel", "survey": "demo_wide",
            "scheme": scheme.name, "labels": labels, "origin_catalog": "c.csv", "origin_row": k,
        })  # fmt: skip
        splits.append({**ids, "guard_arcsec": 0.0, "patch_id": content_id("patch", k), "split": "test"})
    return CUTOUTS.of(cutouts), SOURCES.of(sources), SPLITS.of(splits)


def picture(k: int) -> bytes:
    """A PNG of noise."""
    sink = io.BytesIO()
    pixels = np.random.default_rng(k).normal(60, 12, (SIDE_PX, SIDE_PX)).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(sink, "PNG", compress_level=1)
    return sink.getvalue()


def askings() -> list[Asking]:
    """The four benchmarks of the same pictures."""
    manner = Manner(MODEL, "a" * 64, "", is_constrained=True)
    return [asking_of(benchmark(name), manner, STEPS) for name in NAMES]


def run(server: RuleServer, rows: Tables, in_flight: int, *, is_together: bool) -> Pass:
    """The steps as a run makes them: the first asks for all of them together, or each for itself."""
    with tempfile.TemporaryDirectory() as place:
        backend = ServedBackend(Asker((server.address,), place, in_flight=in_flight), SERVED)
        first, *rest = askings()
        n_before, hits = server.n_calls, getattr(server, "n_hits", 0)
        started = time.monotonic()
        n = predictions(backend, 0.0, rest if is_together else (), *rows, first).kept.num_rows
        n += sum(predictions(backend, 0.0, (), *rows, one).kept.num_rows for one in rest)
        seconds = time.monotonic() - started
    n_asked = server.n_calls - n_before
    if n_asked != n:
        raise SystemExit(f"{n_asked} questions were asked for {n} rows")
    return Pass(n, seconds, (getattr(server, "n_hits", 0) - hits) / n)


def serial(server: RuleServer, requests: Sequence[Request]) -> Pass:
    """One at a time, with the library's own client."""
    with openai.OpenAI(base_url=server.address, api_key="none", max_retries=0) as client:
        started = time.monotonic()
        for request in requests:
            client.chat.completions.create(**body(request))
        return Pass(len(requests), time.monotonic() - started, 0.0)


def measured(chosen: argparse.Namespace) -> dict:
    """All figures."""
    rows = tables(chosen.pictures)
    found: dict[str, list[Pass]] = {"run": [], "serial": [], "together": [], "apart": []}
    for _ in range(chosen.rounds):
        with RuleServer(delay_s=chosen.delay_s, slots=chosen.slots) as server:
            backend = ServedBackend(Asker((server.address,), "unused"), SERVED)
            asked = [one for asking in askings() for one in requests_of(asking, backend, *rows)]
            found["run"].append(run(server, rows, chosen.in_flight, is_together=True))
            found["serial"].append(serial(server, asked[:: max(1, len(asked) // chosen.serial)][: chosen.serial]))
        for name in ("together", "apart"):
            with PrefixServer(chosen.kept, chosen.picture_s, chosen.delay_s, chosen.slots) as server:
                found[name].append(run(server, rows, chosen.in_flight, is_together=name == "together"))
    ratios = {
        name: statistics.median(
            ours.per_s / theirs.per_s for ours, theirs in zip(*(found[one] for one in name.split(" / ")), strict=True)
        )
        for name in GOALS
    }
    return {
        "pictures": chosen.pictures, "benchmarks": len(NAMES), "in_flight": chosen.in_flight, "slots": chosen.slots,
        "delay_s": chosen.delay_s, "picture_s": chosen.picture_s, "kept": chosen.kept, "rounds": chosen.rounds,
        "passes": {
            name: {"answers_per_s": statistics.median(one.per_s for one in several),
                   "prefix_hits": statistics.median(one.hits for one in several)}
            for name, several in found.items()
        },
        "ratios": against(ratios, GOALS),
    }  # fmt: skip


def table(found: dict) -> str:
    """The figures as Markdown."""
    lines = [
        f"| {found['pictures']} pictures, {found['benchmarks']} questions each, {found['in_flight']} in flight "
        "| answers/s | picture at hand |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {one['answers_per_s']:,.1f} | {100 * one['prefix_hits']:.0f} % |"
        for name, one in found["passes"].items()
    ]
    return "\n".join(lines + ratio_lines("ratio of answers/s", found["ratios"]))


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], epilog="example: python benchmarks/evaluation.py --quick --json"
    )
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--slots", type=int, default=16, help="answers that the server has under way at a time")
    parser.add_argument("--delay-s", type=float, default=0.5, help="of an answer")
    parser.add_argument("--picture-s", type=float, default=1.0, help="more, for a picture that is not at hand")
    parser.add_argument("--kept", type=int, default=16, help="pictures that the server has at hand")
    parser.add_argument("--serial", type=int, default=12, help="questions that are asked one at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few pictures and one round: does it run?")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the tables")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.pictures, chosen.rounds, chosen.serial = 24, 1, 4
        chosen.delay_s, chosen.picture_s, chosen.kept = 0.1, 0.2, 8
    found = measured(chosen)
    print(json.dumps(found, indent=2) if chosen.json else table(found))


if __name__ == "__main__":
    main()
