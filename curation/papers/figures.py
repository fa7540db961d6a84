"""The figures of one paper, each with its picture and its caption; what is refused, with its reason."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from curation.papers.archive import Contents, contents_of
from curation.papers.caption import CaptionError, caption_text
from curation.papers.convert import Drawn, NotConvertedError, pages_of, picture_of
from curation.papers.files import Pictures, graphics_paths
from curation.papers.floats import FIGURE_WORDS, Found, Use, found_in
from curation.papers.floats import PROTECTED as FLOAT_NAMES
from curation.papers.latex_words import PROTECTED as CAPTION_NAMES
from curation.papers.macros import Macros, TooManyExpansionsError, learned
from curation.papers.numbers import trouble_with_numbers, trouble_with_pages
from curation.papers.opening import format_of, unpacked
from curation.papers.paper import DEFAULT_LIMITS, Figure, Limits, Paper, Reason, Refused
from curation.papers.source import Sources, TooMuchSourceError
from curation.papers.wanted import UnusableError

__all__ = ["DEFAULT_LIMITS", "Figure", "Limits", "Paper", "Reason", "Refused", "figures_of"]

LONGEST_CAPTION = 20_000  # characters of LaTeX
MOST_PICTURES = 60  # of one caption


class RefusedError(ValueError):
    """A figure that is not given."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason


def figures_of(path: Path, limits: Limits = DEFAULT_LIMITS) -> Paper:
    """The figures of a paper: a tar, a tar.gz, a .gz of one file, a folder, or a PDF.

    Several documents of one paper (a supplement) are read one after the other, the longest first, and numbers go on.
    A caption over several pictures is one figure; its subfigures that have captions of their own are further ones, with
    the letters of their panels. What the paper's own bytes say is a refusal; the machine's trouble (OSError with a
    number, MemoryError) is raised.
    """
    contents = contents_of(path, limits)
    reading = _Reading(contents)
    sources = Sources(contents)
    pdfs = [name for name in contents.files if name.lower().endswith(".pdf")]
    if sources.names:
        _of_sources(reading, sources)
    elif len(pdfs) == 1:
        _of_pdf(reading, pdfs[0])
    else:
        found = ", ".join(sorted(contents.files)[:3]) or "no file"
        reading.refuse_paper("not-a-paper", f"{path.name}: found {found[:200]}; expected LaTeX, or one PDF")
    return Paper(tuple(reading.figures), (*contents.refused, *reading.refused))


@dataclass
class _Reading:
    """What has been found of a paper so far."""

    contents: Contents
    figures: list[Figure] = field(default_factory=list[Figure])
    refused: list[Refused] = field(default_factory=list[Refused])
    drawn: dict[tuple[tuple[Use, str], ...], Drawn] = field(default_factory=dict[tuple[tuple[Use, str], ...], Drawn])

    @property
    def limits(self) -> Limits:
        return self.contents.limits

    def refuse_paper(self, reason: Reason, detail: str) -> None:
        self.refused.append(Refused(0, "", "", reason, detail))


def _of_sources(reading: _Reading, sources: Sources) -> None:
    number = 0
    try:
        for root in sources.roots():
            number = _of_document(reading, sources, root, number)
    except TooMuchSourceError as error:
        reading.refuse_paper("too-large", str(error))
    if not number:
        reading.refuse_paper("no-figures", "no figure environment, and no caption of a figure, in its LaTeX")


def _of_document(reading: _Reading, sources: Sources, root: str, number: int) -> int:
    """Read one document; gives the number of its last figure."""
    text = sources.flat(root)
    macros = learned(sources.packages(root), FLOAT_NAMES | CAPTION_NAMES)
    macros.learn(text)
    calling = macros.calling(FIGURE_WORDS)
    try:
        text = macros.expanded(text, calling, learns=True)
    except TooManyExpansionsError as error:
        reading.refuse_paper("macros-without-end", f"{root}: {error}; the text is read as it stands")
    macros.n_expansions = macros.growth = 0
    pictures = Pictures(reading.contents.files, root, graphics_paths(text))
    last = number
    for found in found_in(text):
        last = number + found.number
        if last > reading.limits.figures or len(reading.refused) > reading.limits.figures:
            reading.refuse_paper(
                "too-large", f"{root}: more than {reading.limits.figures} figures; the rest is not read"
            )
            return last
        try:
            reading.figures.append(_figure(reading, found, (last, macros, pictures)))
        except RefusedError as error:
            reading.refused.append(Refused(last, found.panel, found.label, error.reason, str(error)))
    return last


def _figure(reading: _Reading, found: Found, at: tuple[int, Macros, Pictures]) -> Figure:
    number, macros, pictures = at
    if found.trouble:
        raise RefusedError("caption-broken", found.trouble)
    caption = _caption(found.caption_latex, macros)
    files = _files(found, macros, pictures)
    uses = [(use, name, _content(reading, name)) for use, name in files]
    drawn = _drawn(reading, uses)
    digests = [hashlib.sha256(content).hexdigest() for _, _, content in uses]
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return Figure(
        number, found.panel, found.kind, found.label, found.caption_latex, caption,
        files=tuple(name for _, name in files), png=drawn.png, grey=drawn.grey, width_px=drawn.width_px,
        height_px=drawn.height_px, n_pictures=len(uses), source_format="+".join(dict.fromkeys(drawn.kinds)),
        source_sha256=whole,
    )  # fmt: skip


def _caption(latex: str, macros: Macros) -> str:
    """The clean text, its numbers found again in the source. Raises RefusedError."""
    if not latex.strip():
        raise RefusedError("no-caption", "the figure has no caption, or an empty one")
    if len(latex) > LONGEST_CAPTION:
        raise RefusedError(
            "caption-broken", f"a caption of {len(latex)} characters; expected at most {LONGEST_CAPTION}"
        )
    try:
        text, expanded = caption_text(latex, macros)
    except CaptionError as error:
        raise RefusedError("caption-broken", str(error)) from None
    if not any(one.isalnum() for one in text):
        raise RefusedError("no-caption", "nothing of the caption is left as text")
    if trouble := trouble_with_numbers(latex, expanded, text, macros.bodies(latex)):
        raise RefusedError("number-lost", trouble)
    return text


def _files(found: Found, macros: Macros, pictures: Pictures) -> list[tuple[Use, str]]:
    if not found.uses:
        if found.is_drawn:
            raise RefusedError("drawn-by-tex", "the picture is drawn by TeX (TikZ, pspicture), which is never run here")
        raise RefusedError("no-picture", "no picture stands with the caption")
    if len(found.uses) > MOST_PICTURES:
        raise RefusedError("too-large", f"{len(found.uses)} pictures for one caption; expected at most {MOST_PICTURES}")
    named = [(use, _name(use.name, macros)) for use in found.uses]
    members = [(use, name, pictures.find(name)) for use, name in named]
    missing = [name for _, name, member in members if member is None]
    if missing:
        told = ", ".join(ascii(name[:80]) for name in missing[:3])
        raise RefusedError("picture-missing", f"{told} of {len(members)} pictures: no such file in the paper")
    return [(use, member) for use, _, member in members if member]


def _name(name: str, macros: Macros) -> str:
    """A picture's name with the paper's own macros put in."""
    if "\\" not in name:
        return name
    try:
        return macros.expanded(name, macros.commands).replace("{", "").replace("}", "").strip()
    except TooManyExpansionsError:
        return name


def _content(reading: _Reading, name: str) -> bytes:
    try:
        return unpacked(reading.contents.read(name), reading.limits.member_bytes)
    except UnusableError as error:
        raise RefusedError(cast("Reason", error.reason), f"{name}: {error}") from None


def _drawn(reading: _Reading, uses: Sequence[tuple[Use, str, bytes]]) -> Drawn:
    """The pictures as one PNG; the same ones are drawn once."""
    for _, name, content in uses:
        if not content:
            raise RefusedError("picture-broken", f"{name}: an empty file")
        if not format_of(content):
            raise RefusedError(
                "picture-unknown", f"{name}: begins with {content[:8].hex(' ')}, which is no known picture"
            )
    key = tuple((use, name) for use, name, _ in uses)
    if key not in reading.drawn:
        try:
            reading.drawn[key] = picture_of([(use, content) for use, _, content in uses], reading.limits)
        except NotConvertedError as error:
            raise RefusedError(error.reason, _of_files(str(error), [name for _, name, _ in uses])) from None
    return reading.drawn[key]


def _of_files(detail: str, names: Sequence[str]) -> str:
    return detail if any(name in detail for name in names) else f"{', '.join(names[:3])[:200]}: {detail}"


def _of_pdf(reading: _Reading, name: str) -> None:
    content = reading.contents.read(name)
    try:
        found = pages_of(content, reading.limits)
    except NotConvertedError as error:
        reading.refuse_paper("not-a-paper" if error.reason == "picture-broken" else error.reason, f"{name}: {error}")
        return
    digest = hashlib.sha256(content).hexdigest()
    for number, (told, png, grey) in enumerate(found, 1):
        caption, where = str(told["caption"]), f"page {told['page']}"
        trouble = trouble_with_pages(caption, str(told["text"]))
        if not any(one.isalpha() for one in caption):
            reading.refused.append(
                Refused(number, "", "", "no-caption", f"{where}: no words behind the figure's number")
            )
        elif trouble:
            reading.refused.append(Refused(number, "", "", "number-lost", f"{where}: {trouble}"))
        elif not png:
            reading.refused.append(
                Refused(number, "", "", "no-picture", f"{where}: nothing is drawn beside the caption")
            )
        else:
            reading.figures.append(
                Figure(
                    number,
                    "",
                    "pdf-page",
                    where,
                    str(told["text"]),
                    caption,
                    files=(name,),
                    png=png,
                    grey=grey,
                    width_px=told["width"],
                    height_px=told["height"],
                    n_pictures=1,
                    source_format="pdf",
                    source_sha256=digest,
                )  # fmt: skip
            )
    if not found:
        reading.refuse_paper("no-figures", f"{name}: no line of its pages begins as a figure's caption does")
