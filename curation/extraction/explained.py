"""Each claim of a text with its span, its verdict, and what it was compared with: the checker shown at work."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from catalogs.formats.plain_json import read_json
from curation.extraction.reading import extract_claims
from curation.pictures.boxes import Dialect
from curation.verification.claims import Annotations, ExtractedClaim
from curation.verification.evidence import with_evidence
from curation.verification.policy import Verdicts, refusal
from curation.verification.verify import verify, verify_turn
from schemas.errors import CatalogError

Asked = tuple[str, str]
"""Question and answer."""


def read_turns(path: Path, question: str) -> list[Asked]:
    """The turns of a file: JSON of turns or of LLaVA records, else the whole text as one answer to `question`.

    Raises CatalogError for a file that cannot be read, or JSON of another form.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CatalogError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: not a text file: {error}") from error
    if path.suffix.lower() != ".json" and text.lstrip()[:2] not in ("[{", "[\n", '{"', "{\n"):
        return [(question, text.strip("\n"))]
    found = read_json(path)
    turns = _turns(found if isinstance(found, list) else [found])
    if turns is None:
        expected = "a list of objects with question and answer, or LLaVA records with conversations"
        raise CatalogError(f"{path}: expected {expected}")
    return turns


def looked(turns: Iterable[Asked], known: Annotations, dialect: Dialect) -> list[dict[str, Any]]:
    """Each turn with its verdict, what the default policy makes of it, and its claims."""
    rows: list[dict[str, Any]] = []
    for question, answer in turns:
        found = extract_claims(question, answer, known.scheme, dialect)
        verdict, reasons = verify_turn(found, known)
        refused, *_ = refusal(found, known, Verdicts()) or (None,)
        row = {"question": question, "answer": answer, "verdict": str(verdict), "reasons": reasons, "refused": refused}
        rows.append({**row, "claims": [_claim(one, known) for one in found]})
    return rows


def told(turns: Sequence[dict[str, Any]]) -> list[str]:
    """The same in lines for people."""
    lines: list[str] = []
    for one in turns:
        lines += [f"Q: {one['question']}", f"A: {one['answer']}"]
        for claim in one["claims"]:
            where, why = f"[{claim['start']}:{claim['end']}]", claim["reason"] or claim["compared"]
            lines.append(f"  {claim['verdict']:<13} {claim['says']}  {where} {claim['text']!r}")
            lines += [f"  {'':<13}   {why}"] if why else []
        if not one["claims"]:
            lines.append("  no claim was found in the answer")
        refused = f"; refused by the default policy: {one['refused']}" if one["refused"] else ""
        lines += [f"  -> {one['verdict']}{refused}", ""]
    counts = Counter(one["verdict"] for one in turns)
    return [*lines, f"{len(turns)} turns: {', '.join(f'{n} {verdict}' for verdict, n in sorted(counts.items()))}"]


def _claim(one: ExtractedClaim, known: Annotations) -> dict[str, Any]:
    said, claim = verify(one, known), with_evidence(one, known)
    parts = [claim.kind, claim.subject, str(claim.state), claim.how, claim.count, claim.other]
    says = " ".join(str(part) for part in parts if part is not None) + (" (possibly)" if one.is_hedged else "")
    return {
        **claim.row(),
        **{"says": says, "is_hedged": one.is_hedged, "start": one.start, "end": one.end, "text": one.text},
        **{"verdict": str(said.judgement), "reason": said.reason, "compared": said.compared},
    }


def _turns(items: Sequence[Any]) -> list[Asked] | None:
    """Questions and answers of any of the forms; None where an item is of none."""
    turns: list[Asked] = []
    for item in items:
        held = item.get("turns", item.get("conversations", item)) if isinstance(item, dict) else None
        if isinstance(held, dict) and isinstance(held.get("answer"), str):
            turns.append((str(held.get("question") or ""), held["answer"]))
        elif isinstance(held, list) and held and all(isinstance(one, dict) and "value" in one for one in held):
            values = [str(one["value"]).removeprefix("<image>").lstrip("\n") for one in held]
            turns += list(zip(values[::2], values[1::2], strict=False))
        elif isinstance(held, list) and (below := _turns(held)) is not None:
            turns += below
        else:
            return None
    return turns or None
