"""Suppositions: "if it were an FR I, it would fade outwards; it does not, so it is an FR II".

What is supposed, and what would follow, is said not to be so; what stands behind is a sentence of its own.
"""

from collections.abc import Callable, Sequence

from curation.extraction.constructions import Context, negated
from curation.extraction.tokens import Token
from curation.verification.claims import Claim

Read = Callable[[Sequence[Token], Context], tuple[list[Claim], Context] | None]
JOINTS = ("semi", "but", "colon")
WOULD = ("would", "should")
INVERTED = ("were", "had", "was")
DENIALS = (
    ["np", "do", "not"],
    ["np", "be", "so"],
    ["np", "do"],
    ["np", "be"],
    ["there_none", "be"],
    ["there", "be", "there_none"],
    ["there_none"],
)
"""Of what would be, that it is not: it says no more than the supposition."""


def supposition(
    tokens: Sequence[Token], read: Read, context: Context
) -> tuple[list[Claim], Sequence[Token], Context] | None:
    """The claims of a supposition at the beginning, what stands behind it, and what "it" means there.

    None where a sentence begins with none, or one of its two parts is not understood. `read`: the claims of some
    tokens, and what "it" means after them.
    """
    kinds = [one.category for one in tokens]
    is_inverted = tokens[0].text.lower() in INVERTED and kinds[0] in ("be", "have")
    if not (kinds[0] == "if" or is_inverted) or "comma" not in kinds:
        return None
    comma = kinds.index("comma")
    end = next((at for at in range(comma, len(kinds)) if kinds[at] in JOINTS), len(kinds))
    would = tokens[comma + 1 : end]
    if not any(set(WOULD) & set(one.text.lower().split()) for one in would):
        return None
    rest = [one for one in tokens[1:comma] if one.category != "if"]
    if is_inverted and kinds[0] == "be" and len(rest) > 1:
        rest = [rest[0], tokens[0], *rest[1:]]
    one = read(rest, context)
    two = read([one for one in would if one.category not in ("would", "if")], one[1]) if one is not None else None
    if one is None or two is None:
        return None
    no, nor = negated(one[0]), negated(two[0])
    return None if no is None or nor is None else ([*no, *nor], _behind(tokens[end + 1 :]), two[1])


def _behind(tokens: Sequence[Token]) -> Sequence[Token]:
    """What stands behind, without "it does not"."""
    kinds = [one.category for one in tokens]
    end = next((at for at, kind in enumerate(kinds) if kind in (*JOINTS, "comma")), len(kinds))
    is_denial = kinds[:end] in DENIALS and (
        {"there_none", "not"} & set(kinds[:end]) or any(one.is_denied for one in tokens[:end])
    )
    return tokens[end + 1 :] if is_denial else tokens
