"""A server that answers the benchmarks' questions: an option by the picture, in many forms; and a look where asked."""

import asyncio
import hashlib
import json
import re
from typing import Any

from aiohttp import web

from curation.asking.rule_answers import Asked, answer, look
from curation.asking.rule_faults import Turn, finished
from curation.asking.rule_server import RuleServer, _told
from schemas.fingerprint import choose

OPTIONS = re.compile(r"### Question: [^\n]*\n((?:[^\n]+\n)+)(?:Answer|Report)")
FORMS = ("{}", "{}", "{}.", "**{}**", "Answer: {}", "The source is {}.", "I would call it {}, I think.")
EDGES = ("", "I'm sorry, I cannot tell.", "FR-I or FR-II", "A blob.")


class AnsweringServer(RuleServer):
    """`is_clean`: the answer alone, always. `poison`: pictures whose SHA-256 begins so get a 500."""

    def __init__(self, *, is_clean: bool = True, poison: str | None = None, **rules: Any) -> None:
        super().__init__(**rules)
        self.is_clean, self.poison = is_clean, poison
        self.seen: list[str] = []
        """SHA-256 of each picture, in the order of questions."""

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.n_calls += 1
        body = json.loads(await request.read())
        text, png = _told(body)
        digest = hashlib.sha256(png or b"").hexdigest()
        self.seen.append(digest)
        async with self._slots:
            await asyncio.sleep(self.rules.delay_s)
        if self.poison is not None and digest.startswith(self.poison):
            return web.json_response({"error": {"message": "out of memory"}}, status=500)
        form = body.get("response_format", {}).get("json_schema", {}).get("schema")
        words = answer(Asked(text, png, form, 0, 0.0)) if form else self.said(text, png, digest)
        return finished(Turn(request, body, png, words, self.rules.model, self.n_calls), words)

    def said(self, text: str, png: bytes | None, digest: str) -> str:
        """The answer to a question in words."""
        listed = OPTIONS.search(text)
        options = listed.group(1).strip().split("\n") if listed else ["Yes", "No"] if "Yes or No" in text else []
        if not options:
            return look(png)
        label = choose(options, digest)
        if self.is_clean:
            return label
        return choose(EDGES, digest) if int(digest[-1], 16) < 3 else choose(FORMS, f"form:{digest}").format(label)
