"""A report as a PDF, by ReportLab (BSD licence; needs no program of the system).

Text is set in DejaVu Sans, which matplotlib brings: the fonts that every PDF reader has know
Western European letters only, and names of speakers have others.
"""

from __future__ import annotations

import io
from functools import cache, singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ser_core.reports.document import Code, Document, Heading, Items, Picture, Table, Text

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

FONT, BOLD, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"
_INK, _SOFT, _LINE, _BOX = "#1d2530", "#5b6673", "#d5dbe2", "#f4f6f8"
_ACCENT, _MARK, _MARK_BOX = "#11746d", "#b3261e", "#fdeeec"

MARGIN = 50.0
"""Points at every edge of the page."""

PAGE = (595.27, 841.89)
"""A4 in points."""

WIDTH = PAGE[0] - 2 * MARGIN
LARGEST = (400.0, 300.0)
"""Points of the widest and the highest picture, so that two fit on a page."""

UNDIVIDED = 20
"""Rows up to which a table stands on one page, as a confusion matrix must to be read."""

NARROWEST = 34.0
"""Points of the narrowest column of a table."""


def to_pdf(document: Document) -> bytes:
    """The whole file. The same document gives the same bytes."""
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    _fonts()
    styles = _styles()
    flow: list[Flowable] = [Paragraph(escape(document.title), styles["title"])]
    for block in document.blocks:
        flow += _block(block)
    out = io.BytesIO()
    template = SimpleDocTemplate(
        out,
        pagesize=PAGE,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 10,
        title=document.title,
        author="",
        subject="Report of speech emotion recognition",
        creator=document.made,
        invariant=1,
        lang="en",
    )

    def foot(canvas: Any, _template: Any) -> None:
        canvas.setFont(FONT, 7.5)
        canvas.setFillColor(_SOFT)
        canvas.drawString(MARGIN, MARGIN - 8, document.made)
        canvas.drawRightString(PAGE[0] - MARGIN, MARGIN - 8, str(canvas.getPageNumber()))

    template.build(flow, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


@cache
def _fonts() -> None:
    """Make the fonts known, once a process."""
    import matplotlib as mpl
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in (FONT, BOLD, MONO):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


@cache
def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    plain = ParagraphStyle(
        "plain", fontName=FONT, fontSize=9, leading=13, textColor=_INK, spaceAfter=4
    )

    def style(name: str, **given: Any) -> Any:
        return ParagraphStyle(name, parent=plain, **given)

    return {
        "plain": plain,
        "title": style("title", fontName=BOLD, fontSize=16, leading=20, spaceAfter=8),
        "h2": style(
            "h2", fontName=BOLD, fontSize=12, leading=15, spaceBefore=14, keepWithNext=True
        ),
        "h3": style("h3", fontName=BOLD, spaceBefore=8, keepWithNext=True),
        "note": style("note", fontSize=7.5, leading=10.5, textColor=_SOFT, spaceAfter=6),
        "badge": style("badge", fontName=BOLD, textColor=_ACCENT),
        "badge red": style("badge red", fontName=BOLD, textColor=_MARK),
        "warning": style(
            "warning", backColor=_MARK_BOX, borderPadding=5, spaceBefore=8, spaceAfter=10
        ),
        "item": style("item", leftIndent=12, bulletIndent=2, spaceAfter=1),
        "cell": style("cell", fontSize=8, leading=10.5, spaceAfter=0),
        "head": style(
            "head", fontName=BOLD, fontSize=7.5, leading=10, textColor=_SOFT, spaceAfter=0
        ),
        "code": style(
            "code", fontName=MONO, fontSize=7.2, leading=10, backColor=_BOX, borderPadding=5,
            spaceBefore=6, spaceAfter=10,
        ),
    }  # fmt: skip


def _paragraph(text: str, style: str) -> Flowable:
    from reportlab.platypus import Paragraph

    return Paragraph(escape(text), _styles()[style])


@singledispatch
def _block(block: object) -> list[Flowable]:
    raise TypeError(f"no form for {type(block).__name__}")


@_block.register(Heading)
def _heading(block: Heading) -> list[Flowable]:
    return [_paragraph(block.text, f"h{block.level}")]


@_block.register(Text)
def _text(block: Text) -> list[Flowable]:
    return [_paragraph(block.text, block.kind)]


@_block.register(Items)
def _items(block: Items) -> list[Flowable]:
    from reportlab.platypus import Paragraph

    style = _styles()["item"]
    return [Paragraph(escape(each), style, bulletText="•") for each in block.items]


@_block.register(Table)
def _table(block: Table) -> list[Flowable]:
    from reportlab.platypus import KeepTogether, Spacer
    from reportlab.platypus import Table as Grid

    head = [_paragraph(each, "head") for each in block.columns]
    rows = [[_paragraph(cell, "cell") for cell in row] for row in block.rows]
    grid = Grid([head, *rows], colWidths=_widths(block), repeatRows=1, hAlign="LEFT")
    grid.setStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 8),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    note = [_paragraph(block.note, "note")] if block.note else []
    whole = [Spacer(1, 3), grid, Spacer(1, 3), *note]
    return [KeepTogether(whole)] if len(block.rows) <= UNDIVIDED else whole


def _widths(block: Table) -> list[float]:
    """Width of each column in points: as its longest cell needs, all within the page."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    wanted = [
        max([stringWidth(title, BOLD, 7.5), *(stringWidth(row[at], FONT, 8) for row in block.rows)])
        + 10
        for at, title in enumerate(block.columns)
    ]
    if sum(wanted) <= WIDTH:
        return wanted
    fair = WIDTH / len(wanted)
    narrow = sum(width for width in wanted if width <= fair)
    wide = sum(width for width in wanted if width > fair)
    share = (WIDTH - narrow) / wide
    return [width if width <= fair else max(NARROWEST, share * width) for width in wanted]


@_block.register(Picture)
def _picture(block: Picture) -> list[Flowable]:
    """As PNG, at the size it is drawn for, or smaller."""
    from reportlab.lib.utils import ImageReader
    from reportlab.platypus import Image

    from ser_core.plots.publication_results import DPI

    content = block.draw("png")
    pixels = ImageReader(io.BytesIO(content)).getSize()
    width, height = (72 * side / DPI for side in pixels)
    shrink = min(1.0, LARGEST[0] / width, LARGEST[1] / height)
    return [Image(io.BytesIO(content), shrink * width, shrink * height, hAlign="LEFT")]


@_block.register(Code)
def _code(block: Code) -> list[Flowable]:
    """Lines as they are; spaces at their beginning are kept."""
    from reportlab.platypus import Paragraph

    lines = (
        "&nbsp;" * (len(line) - len(line.lstrip(" "))) + escape(line.lstrip(" "))
        for line in block.text.splitlines()
    )
    return [Paragraph("<br/>".join(lines), _styles()["code"])]
