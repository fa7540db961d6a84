"""Small papers, one LaTeX construction each, with what must come of them. The list of habits: docs/captions.md.

Each picture has a colour of its own, by its name, so that a test sees which picture it was given.
"""

# ruff: noqa: E501 - a construction of LaTeX stands in one line

import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

WIDTH, HEIGHT = 48, 36
COLOURS = {
    "a": (200, 30, 30), "b": (30, 170, 30), "c": (30, 30, 200), "d": (210, 160, 0), "e": (0, 160, 170), "f": (150, 0, 150),
}  # fmt: skip
ENDINGS = (".png", ".jpg", ".tif", ".pdf", ".eps", ".ps")


@dataclass(frozen=True)
class Want:
    """A figure that must be found."""

    caption: str
    shows: str  # letters of its pictures, in order
    panel: str = ""
    number: int = 1
    label: str | None = None


@dataclass(frozen=True)
class Construction:
    """A paper: its LaTeX (a document is put around it unless it has one), other files, and what must come of it."""

    name: str
    tex: str
    wants: tuple[Want, ...] = ()
    refused: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ("a.png",)
    preamble: str = ""
    files: dict[str, str] = field(default_factory=dict[str, str])
    needs_gs: bool = False

    def write(self, folder: Path) -> Path:
        """The paper as a folder."""
        root = folder / "paper"
        whole = self.tex
        if "\\document" not in whole:
            whole = (
                f"\\documentclass{{article}}\n{self.preamble}\n\\begin{{document}}\nText.\n{whole}\n\\end{{document}}\n"
            )
        for name, text in {"main.tex": whole, **self.files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        for name in self.pictures:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(picture(name))
        return root


def letter(name: str) -> str:
    """Which colour a file has: the first letter of its name."""
    return name.rpartition("/")[2][0].lower()


def picture(name: str) -> bytes:
    """A small picture in the colour of its letter, of the kind of its ending."""
    colour = COLOURS[letter(name)]
    if name.lower().endswith((".eps", ".ps")):
        return postscript(colour)
    sink = io.BytesIO()
    kinds = {".jpg": "JPEG", ".tif": "TIFF", ".pdf": "PDF", ".gif": "GIF"}
    kind = kinds.get(name[name.rfind(".") :].lower(), "PNG")
    Image.new("RGB", (WIDTH, HEIGHT), colour).save(sink, kind, **({"resolution": 72} if kind == "PDF" else {}))
    return sink.getvalue()


def postscript(colour: tuple[int, int, int], body: str = "", head: str = "%!PS-Adobe-3.0 EPSF-3.0") -> bytes:
    """Encapsulated PostScript that fills its bounding box, which does not begin at the origin."""
    red, green, blue = (one / 255 for one in colour)
    fill = f"{red:.3f} {green:.3f} {blue:.3f} setrgbcolor 10 20 {WIDTH} {HEIGHT} rectfill"
    box = f"%%BoundingBox: 10 20 {10 + WIDTH} {20 + HEIGHT}"
    return f"{head}\n{box}\n%%EndComments\n{fill}\n{body}\nshowpage\n%%EOF\n".encode()


def shown(png: bytes) -> str:
    """The letters of the colours in a picture, by rows from above, in a row from the left."""
    with Image.open(io.BytesIO(png)) as image:
        rgb = image.convert("RGB")
    found: list[str] = []
    step = max(2, min(rgb.size) // 16)
    for y in range(step, rgb.height, step):
        row = [_nearest(rgb.getpixel((x, y))) for x in range(step // 2, rgb.width, step)]  # type: ignore[arg-type]
        found += [one for one in dict.fromkeys(row) if one and one not in found]
    return "".join(found)


def _nearest(colour: tuple[int, int, int]) -> str:
    def distance(letter: str) -> int:
        return sum(abs(one - other) for one, other in zip(COLOURS[letter], colour, strict=True))

    best = min(COLOURS, key=distance)
    return best if distance(best) < 90 else ""


def figure(inside: str, kind: str = "figure") -> str:
    """A float around what it holds."""
    return f"\\begin{{{kind}}}\n{inside}\n\\end{{{kind}}}\n"


def plain(caption: str, picture: str = r"\includegraphics[width=\hsize]{a.png}") -> str:
    """A figure of one picture."""
    return figure(f"\\centering\n{picture}\n\\caption{{{caption}}}\n\\label{{fig:one}}")


RADIO = "A radio image at 1.4 GHz."
ONE = (Want(RADIO, "a"),)
AB = (Want(RADIO, "ab"),)


def _one(name: str, tex: str, **other: object) -> Construction:
    return Construction(name, tex, **{"wants": ONE, **other})  # type: ignore[arg-type]


def _two(name: str, tex: str, **other: object) -> Construction:
    return Construction(name, tex, **{"wants": AB, "pictures": ("a.png", "b.png"), **other})  # type: ignore[arg-type]


def _text(name: str, latex: str, text: str, preamble: str = "") -> Construction:
    return Construction(f"text: {name}", plain(latex), (Want(text, "a"),), preamble=preamble)


FLOATS = (
    _one("figure", plain(RADIO), wants=(Want(RADIO, "a", label="fig:one"),)),
    _one("figure*", figure(rf"\includegraphics{{a.png}}\caption{{{RADIO}}}", "figure*")),
    _one("sidewaysfigure", figure(rf"\includegraphics{{a.png}}\caption{{{RADIO}}}", "sidewaysfigure")),
    _one("wrapfigure with arguments", rf"\begin{{wrapfigure}}[12]{{r}}{{0.5\hsize}}\includegraphics{{a.png}}\caption{{{RADIO}}}\end{{wrapfigure}}"),
    _one("placement", rf"\begin{{figure}}[!htbp]\includegraphics[scale=0.5]{{a.png}}\caption{{{RADIO}}}\end{{figure}}"),
    _one("caption above", figure(rf"\caption{{{RADIO}}}\includegraphics{{a.png}}")),
    _one("short caption in brackets", figure(rf"\includegraphics{{a.png}}\caption[Short, 3 words]{{{RADIO}}}")),
    _one("caption*", figure(rf"\includegraphics{{a.png}}\caption*{{{RADIO}}}")),
    _one("label inside the caption", figure(rf"\includegraphics{{a.png}}\caption{{\label{{fig:x9}}{RADIO}}}"), wants=(Want(RADIO, "a", label="fig:x9"),)),
    _one("doubled braces", figure(rf"\includegraphics{{{{a}}.png}}\caption{{{{{RADIO}}}}}")),
    _one("a dot in the name", plain(RADIO, r"\includegraphics{{a.v2}.png}"), pictures=("a.v2.png",)),
    _one("no ending", plain(RADIO, r"\includegraphics{a}")),
    _one("wrong case", plain(RADIO, r"\includegraphics{FIGS/A.PNG}"), pictures=("figs/a.png",)),
    _one("another ending than in the archive", plain(RADIO, r"\includegraphics{a.eps}"), pictures=("a.pdf",)),
    _one("a path that is not there", plain(RADIO, r"\includegraphics{../plots/final/a.png}"), pictures=("a.png",)),
    _one("graphicspath", r"\graphicspath{{./plots/}{figs/}}" + plain(RADIO, r"\includegraphics{a}"), pictures=("figs/a.png",)),
    _one("quoted name", plain(RADIO, '\\includegraphics{"a one.png"}'), pictures=("a one.png",)),
    _one("a picture's folder in a macro", plain(RADIO, r"\includegraphics{\plots/a.png}"), preamble=r"\newcommand{\plots}{./figs}", pictures=("figs/a.png",)),
    _one("centerline and resizebox", plain(RADIO, r"\centerline{\resizebox{\hsize}{!}{\includegraphics*[0,0][10,10]{a.png}}}")),
    _one("plotone of AASTeX", figure(rf"\epsscale{{0.8}}\plotone{{a.png}}\caption{{{RADIO}}}")),
    _two("plottwo of AASTeX", figure(rf"\plottwo{{a.png}}{{b.png}}\caption{{{RADIO}}}")),
    _one("plotfiddle of AASTeX", figure(rf"\plotfiddle{{a.png}}{{5cm}}{{0}}{{50}}{{50}}{{-100}}{{0}}\caption{{{RADIO}}}")),
    _one("figcaption with its picture in brackets", rf"\figcaption[a.png]{{{RADIO}\label{{f1}}}}"),
    _two("figcaptions apart from the pictures", rf"\figcaption{{{RADIO}}}\figcaption{{Another.}}\clearpage\plotone{{a.png}}\clearpage\plotone{{b.png}}", wants=(Want(RADIO, "a"), Want("Another.", "b", number=2))),
    _two("gridline of AASTeX", figure(rf"\gridline{{\fig{{a.png}}{{0.4\textwidth}}{{(a)}}\fig{{b.png}}{{0.4\textwidth}}{{(b)}}}}\caption{{{RADIO}}}")),
    _one("psfig", figure(rf"\centerline{{\psfig{{figure=a.png,height=5cm,angle=0}}}}\caption{{{RADIO}}}")),
    _one("epsfig", figure(rf"\epsfig{{file=a.png,width=\hsize}}\caption{{{RADIO}}}")),
    _one("epsfbox", figure(rf"\epsfxsize=8cm\epsfbox{{a.png}}\caption[]{{{RADIO}}}")),
    _one("epsfbox with its box", figure(rf"\leavevmode\epsffile[18 144 592 718]{{a.png}}\caption{{{RADIO}}}")),
    _one("special", figure(rf"\vspace{{5cm}}\special{{psfile=a.png hoffset=10 vscale=50}}\caption{{{RADIO}}}")),
    _one("rotatebox", plain(RADIO, r"\rotatebox{270}{\includegraphics{a.png}}")),
    _one("overpic", figure(rf"\begin{{overpic}}[width=5cm]{{a.png}}\put(3,4){{N}}\end{{overpic}}\caption{{{RADIO}}}")),
    _two("several pictures of one caption", figure(rf"\includegraphics{{a.png}}\includegraphics{{b.png}}\caption{{{RADIO}}}")),
    _two("pictures below each other", figure(rf"\includegraphics{{a.png}}\\ \includegraphics{{b.png}}\caption{{{RADIO}}}")),
    _two("a tabular of pictures", figure(rf"\begin{{tabular}}{{cc}}\includegraphics{{a.png}} & \includegraphics{{b.png}} \\\end{{tabular}}\caption{{{RADIO}}}")),
    _two("minipages of one caption", figure(rf"\begin{{minipage}}[b]{{0.4\hsize}}\includegraphics{{a.png}}\end{{minipage}}\begin{{minipage}}{{0.4\hsize}}\includegraphics{{b.png}}\end{{minipage}}\caption{{{RADIO}}}")),
    _two("minipages with captions of their own", figure(rf"\begin{{minipage}}{{5cm}}\includegraphics{{a.png}}\caption{{{RADIO}}}\label{{p1}}\end{{minipage}}\begin{{minipage}}{{5cm}}\includegraphics{{b.png}}\caption{{Another.}}\label{{p2}}\end{{minipage}}"), wants=(Want(RADIO, "a", label="p1"), Want("Another.", "b", number=2, label="p2"))),
    _two("two captions of one float", figure(rf"\includegraphics{{a.png}}\caption{{{RADIO}}}\includegraphics{{b.png}}\caption{{Another.}}"), wants=(Want(RADIO, "a"), Want("Another.", "b", number=2))),
    _two("subfigure environments", figure(rf"\begin{{subfigure}}[b]{{0.4\textwidth}}\includegraphics{{a.png}}\caption{{Left.}}\label{{l}}\end{{subfigure}}\begin{{subfigure}}{{0.4\textwidth}}\includegraphics{{b.png}}\caption{{Right.}}\end{{subfigure}}\caption{{{RADIO}}}"), wants=(*AB, Want("Left.", "a", "a", label="l"), Want("Right.", "b", "b"))),
    _two("subfigures with empty captions", figure(rf"\begin{{subfigure}}{{5cm}}\includegraphics{{a.png}}\caption{{}}\end{{subfigure}}\begin{{subfigure}}{{5cm}}\includegraphics{{b.png}}\caption{{}}\end{{subfigure}}\caption{{{RADIO}}}"), refused=("no-caption", "no-caption")),
    _two("subfloat", figure(rf"\subfloat[Left.]{{\includegraphics{{a.png}}}}\quad\subfloat[Right.\label{{r}}]{{\includegraphics{{b.png}}}}\caption{{{RADIO}}}"), wants=(*AB, Want("Left.", "a", "a"), Want("Right.", "b", "b", label="r"))),
    _two("subfloat without captions", figure(rf"\subfloat[]{{\includegraphics{{a.png}}}}\subfloat{{\includegraphics{{b.png}}}}\caption{{{RADIO}}}")),
    _two("subfigure macro", figure(rf"\subfigure[Left.]{{\includegraphics{{a.png}}}}\subfigure{{\includegraphics{{b.png}}}}\caption{{{RADIO}}}"), wants=(*AB, Want("Left.", "a", "a"))),
    _two("subcaptionbox", figure(rf"\subcaptionbox{{Left.\label{{s}}}}[5cm]{{\includegraphics{{a.png}}}}\subcaptionbox{{Right.}}{{\includegraphics{{b.png}}}}\caption{{{RADIO}}}"), wants=(*AB, Want("Left.", "a", "a", label="s"), Want("Right.", "b", "b"))),
    _one("captionof", rf"\begin{{center}}\includegraphics{{a.png}}\captionof{{figure}}{{{RADIO}}}\label{{c}}\end{{center}}"),
    _one("a commented figure", "%" + plain("Old, 9 beams.").replace("\n", "\n%") + "\n" + plain(RADIO)),
    _one("a figure switched off", r"\iffalse" + plain("Old.") + r"\else \fi" + plain(RADIO)),
    _one("a figure behind the end", plain(RADIO) + r"\end{document}" + plain("Never shown.")),
    _one("comments in the caption", figure("\\includegraphics{a.png}\\caption{A radio %}{ 3\n  image at 1.4~GHz.% 77\n}")),
    _one("verbatim that shows a figure", r"\begin{verbatim}\begin{figure}\caption{None.}\end{figure}\end{verbatim}" + plain(RADIO)),
    _one("a table beside it", r"\begin{table}\caption{A table of 7 rows.}\end{table}\begin{deluxetable}{cc}\tablecaption{Nine.}\startdata 1 & 2 \enddata\end{deluxetable}" + plain(RADIO)),
    _one("input of a figure", r"\input{figs/one}", files={"figs/one.tex": plain(RADIO)}),
    _one("include of a section, input without braces", r"\include{sec/results}", files={"sec/results.tex": "\\input sec/fig.tex\n", "sec/fig.tex": plain(RADIO)}),
    _one("subfiles", r"\subfile{sec/one}" + plain("More.", r"\includegraphics{b.png}"), files={"sec/one.tex": r"\documentclass[../main]{subfiles}\begin{document}" + plain(RADIO) + r"\end{document}"}, wants=(*ONE, Want("More.", "b", number=2)), pictures=("a.png", "b.png")),
    _one("a supplement of its own", plain(RADIO) + "Words of the longer text." * 9, wants=(*ONE, Want("More.", "b", number=2)), files={"supp.tex": r"\documentclass{article}\begin{document}" + plain("More.", r"\includegraphics{b.png}") + r"\end{document}"}, pictures=("a.png", "b.png")),
    _one("plain old LaTeX 2.09", rf"\documentstyle[epsf]{{mn}}\begin{{document}}\begin{{figure}}\epsfbox{{a.png}}\caption{{{RADIO}}}\end{{figure}}\end{{document}}"),
)  # fmt: skip
MACROS = (
    _one("a macro for the whole figure", rf"\onefig{{a.png}}{{{RADIO}}}{{fig:m}}", preamble=r"\newcommand{\onefig}[3]{\begin{figure}\includegraphics[width=\hsize]{#1}\caption{#2}\label{#3}\end{figure}}", wants=(Want(RADIO, "a", label="fig:m"),)),
    _one("a macro with def", rf"\putfig{{a}}{{{RADIO}}}", preamble=r"\def\putfig#1#2{\begin{figure}\centerline{\psfig{file=#1.png}}\caption{#2}\end{figure}}"),
    _one("macros for begin and end", rf"\bef\includegraphics{{a.png}}\caption{{{RADIO}}}\eef", preamble=r"\newcommand{\bef}{\begin{figure}}\newcommand{\eef}{\end{figure}}"),
    _one("an environment of the paper's own", rf"\begin{{fig}}{{a.png}}\caption{{{RADIO}}}\end{{fig}}", preamble=r"\newenvironment{fig}[1]{\begin{figure}\includegraphics{#1}}{\end{figure}}"),
    _one("a macro with an optional argument", rf"\afig{{a.png}}{{{RADIO}}}", preamble=r"\newcommand{\afig}[3][8cm]{\begin{figure}\includegraphics[width=#1]{#2}\caption{#3}\end{figure}}"),
    _one("a macro that wraps the picture", figure(rf"\pic{{a}}\caption{{{RADIO}}}"), preamble=r"\newcommand\pic[1]{\includegraphics[width=3in]{#1.png}}"),
    _one("macros of a style file of the paper", rf"\onefig{{a.png}}{{{RADIO}}}", preamble=r"\usepackage{mine}", files={"mine.sty": r"\newcommand{\onefig}[2]{\begin{figure}\includegraphics{#1}\caption{#2}\end{figure}}"}),
    _one("another name for a macro", figure(rf"\pic{{a.png}}\caption{{{RADIO}}}"), preamble=r"\let\pic=\includegraphics"),
    _one("a macro that calls itself", plain(RADIO) + figure(r"\includegraphics{a.png}\caption{\loop{} of 3}"), preamble=r"\newcommand{\loop}{\loop\loop}", refused=("caption-broken",)),
)  # fmt: skip
NONE = (
    Construction("drawn by TikZ", figure(r"\begin{tikzpicture}\draw (0,0)--(1,1);\end{tikzpicture}\caption{Drawn.}"), refused=("drawn-by-tex",)),
    Construction("no picture", figure(r"\vspace{8cm}\caption{To be pasted in.}"), refused=("no-picture",)),
    Construction("no caption", figure(r"\includegraphics{a.png}"), refused=("no-caption",)),
    Construction("a picture that is missing", plain("Gone.", r"\includegraphics{lost.eps}"), refused=("picture-missing",)),
    Construction("a macro that nobody knows behind a number", plain(r"A beam of 5\jyperbeam."), refused=("caption-broken",)),
    Construction("no figure at all", "Only words.", refused=("no-figures",)),
)  # fmt: skip
TEXTS = (
    _text("decimal marks of angles", r"A beam of 1\farcs5 by $2\farcs25$, 3\farcm1, 4\fdg2, {5}{\farcs}6.", "A beam of 1.5″ by 2.25″, 3.1′, 4.2°, 5.6″."),
    _text("decimal marks of times", r"At 12\fh5, 3\fm25 and 7\fs125.", "At 12.5h, 3.25m and 7.125s."),
    _text("decimal marks by hand", r"$1.\!\!^{\prime\prime}5$, $2^{\prime\prime}.5$, 3\hbox{$.\!\!^{\prime\prime}$}5 wide.", "1.5″, 2.5″, 3.5″ wide."),
    _text("a decimal mark of the paper's own", r"A beam of 6\myarcs 25.", "A beam of 6.25″.", r"\def\myarcs{\hbox{$.\!\!^{\prime\prime}$}}"),
    _text("decimal marks with spaces and braces", r"1\,\farcs\,5, 2\farcs{5}, $3^{s}\!\!.5$ and 4$\farcm$5.", "1.5″, 2.5″, 3.5s and 4.5′."),
    _text("Unicode in the source", "5 mJy beam⁻¹, −30° and 2″.", "5 mJy beam⁻¹, −30° and 2″."),
    _text("symbols of legends", r"$\bigstar$ 3, $\blacktriangle$ 4, $\dagger$ 5, $\Box$ 6.", "★ 3, ▴ 4, † 5, □ 6."),
    _text("angles", r"5\arcsec, 6\arcmin, 7\degr, $8''$, $9'$, 10$^\circ$, $11^{\circ}$.", "5″, 6′, 7°, 8″, 9′, 10°, 11°."),
    _text("a position", r"$12^{\rm h}34^{\rm m}56\fs7$, $-30^\circ 12' 13\farcs4$ (J2000).", "12h34m56.7s, -30°12′13.4″ (J2000)."),
    _text("exponents", r"10\,mJy\,beam$^{-1}$ at $10^{-3}$ and $10^{25.3}$~W\,Hz$^{-1}$.", "10 mJy beam⁻¹ at 10⁻³ and 10^25.3 W Hz⁻¹."),
    _text("errors and ranges", r"$5.2\pm0.3$, $1.5^{+0.2}_{-0.1}$, 4--8\,GHz, $\alpha=-0.7$.", "5.2 ± 0.3, 1.5 +0.2/-0.1, 4–8 GHz, α = -0.7."),
    _text("siunitx", r"\SI{1.5}{\mJy\per\beam}, \qty{3}{\kilo\hertz}, \num{1.4e9}, \SIrange{1}{2}{\GHz}, \ang{12;30;15.5}.", "1.5 mJy/beam, 3 kHz, 1.4 × 10⁹, 1–2 GHz, 12°30′15.5″."),
    _text("unit", r"At \unit{3.6}{\micro\meter} and \unit[10]{mJy}.", "At 3.6 µm and 10 mJy."),
    _text("macros in a caption", r"Dust of 1.3\msun at 20 \kms\ in \src.", "Dust of 1.3M_⊙ at 20 km s⁻¹ in 3C 31.", r"\newcommand{\msun}{$M_\odot$}\newcommand{\kms}{\,km\,s$^{-1}$}\newcommand{\src}{3C\,31}"),
    _text("citations and references", r"Map \citep[see][Fig. 3]{a99} (e.g. \citealt{b06}; Fig.~\ref{fig:x2}) from VLA\cite{c01}.", "Map from VLA."),
    _text("source names", r"J0332$-$2824, NGC\,1068, Cyg~A and PKS\,2153$-$69.", "J0332-2824, NGC 1068, Cyg A and PKS 2153-69."),
    _text("accents and quotes", r"M\'exico, Schr\"odinger's ``map'', \AA{} and na\"{\i}ve.", "México, Schrödinger's “map”, Å and naïve."),
    _text("fonts", r"{\bf Left:} \textit{WISE} 22\,$\mu$m; \textbf{right:} H$\alpha$, \ion{H}{ii}.", "Left: WISE 22 μm; right: Hα, H II."),
    _text("lengths are no numbers", r"A\vspace{3mm} map\hspace{2mm}of \hskip 4pt dust\\[5mm] here\footnote{Of 7.}.", "A map of dust here."),
    _text("lengths of boxes", r"A \protect\makebox[1.5cm][r]{map} \parbox[t]{0.5\hsize}{of 3} \resizebox{4cm}{!}{gas}, \raisebox{1ex}[2pt]{dust}, \framebox[6mm]{7}.", "A map of 3 gas, dust, 7."),
    _text("a caption in a minipage", r"\begin{minipage}[t]{0.9\hsize}\linespread{1.3}A map of 5 fields.\end{minipage}", "A map of 5 fields."),
    _text("xspace, and names with numbers", r"Cluster \macs0416 of \src, \src and \macs0717.", "Cluster MACS 0416 of HFF14 Spo, HFF14 Spo and MACS 0717.", r"\def\macs0416{MACS\,0416\xspace}\def\macs0717{MACS\,0717\xspace}\newcommand{\src}{HFF14 Spo\xspace}"),
    _text("spaces behind symbols, small capitals", r"A beam of 5\arcsec wide in H{\sc i}, \ion{Ca}{2} and [O\,\textsc{iii}], by {\sc casa}.", "A beam of 5″ wide in H I, Ca II and [O III], by casa."),
    _text("citations by a macro that nobody defined", r"A map \citeref{Caminha:2017} of 3C\,31.", "A map of 3C 31."),
    _text("citations in a sentence", r"Counts by \citet{a}, limits of \citet{b} at 5\,mJy (21cmFAST, \citealt{c}; see eq.~[\ref{d}]), as in Fig.~\ref{e}. End (\S\ref{f}).", "Counts, limits at 5 mJy (21cmFAST; see eq.), as in Fig. End."),
    _text("fractions and roots", r"$\frac{1}{2}\sigma$ and $\sqrt{3}\times5$.", "1/2σ and √3 × 5."),
)  # fmt: skip
POSTSCRIPT = (
    _one("an EPS", plain(RADIO, r"\includegraphics{a.eps}"), pictures=("a.eps",), needs_gs=True),
    _one("a PS that is no EPS", figure(rf"\psfig{{figure=a.ps}}\caption{{{RADIO}}}"), pictures=("a.ps",), needs_gs=True),
    _two("an EPS beside a PNG", figure(rf"\plottwo{{a}}{{b}}\caption{{{RADIO}}}"), pictures=("a.eps", "b.png"), needs_gs=True),
)  # fmt: skip
ALL = (*FLOATS, *MACROS, *NONE, *TEXTS, *POSTSCRIPT)
