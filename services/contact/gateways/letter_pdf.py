"""Prints a letter: US Letter pages, folded in three for a #10 envelope with one window, in a font with real Unicode.

The window shows the address and nothing else: nothing tells of a debt on an envelope (1006.22(f)(2)). The same letter
is the same bytes, so that what is shown later is what was printed.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final

from babel.dates import format_date
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from services.contact.gateways.letters import LetterText

# It names the characters that a font lacks, which are those of somebody's name.
logging.getLogger("fpdf").setLevel(logging.ERROR)

WINDOW: Final = (0.875, 2.05, 5.375, 3.15)
"""Left, top, right and bottom of the window on the first page, in inches from its upper left corner."""
_FONT: Final = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_MARGIN: Final = 1.0
_SENDER_Y, _ADDRESS_Y, _TEXT_Y = 0.6, 2.2, 3.75
_SIZE, _LINE = 12, 0.23
"""A licence number stands in at least 12-point type (Cal. Civ. Code 1788.11), and so does all that the letter says."""
_ADDRESS_SIZE, _ADDRESS_LINE, _ADDRESS_LINES = 10, 0.17, 5
_SMALL, _SMALLEST = 8, 5
_LOCALES: Final = {"en": "en_US", "es": "es_US"}


class _Paper(FPDF):
    """Numbers the pages where there are several; the first says nothing of the others in its window."""

    def footer(self) -> None:
        self.set_y(-0.7)
        self.set_font("letter", size=_SMALL)
        self.cell(0, _LINE, f"{self.page_no()} / {{nb}}", align="R")


def letter_pdf(letter: LetterText) -> bytes:
    """Return the PDF of a letter, on as many pages as it takes."""
    paper = _Paper(unit="in", format="letter")
    paper.set_creation_date(datetime.combine(letter.written_on, time(), UTC))
    paper.set_lang(_LOCALES.get(letter.language, "en_US").replace("_", "-"))
    paper.add_font("letter", fname=_FONT)
    paper.set_margin(_MARGIN)
    paper.set_auto_page_break(auto=True, margin=_MARGIN)
    paper.add_page()
    paper.set_font("letter", size=_SMALL)
    _lines(paper, _SENDER_Y, _ADDRESS_LINE, letter.sender)
    _address(paper, letter.address[:_ADDRESS_LINES])
    paper.set_font("letter", size=_SIZE)
    paper.set_y(_TEXT_Y)
    day = format_date(letter.written_on, format="long", locale=_LOCALES.get(letter.language, "en_US"))
    for paragraph in (day, "", *((letter.subject, "") if letter.subject else ()), *letter.body.splitlines()):
        _paragraph(paper, paragraph)
    return bytes(paper.output())


def _address(paper: FPDF, lines: Sequence[str]) -> None:
    """An address whose lines are too long for the window is printed smaller."""
    size: float = _ADDRESS_SIZE
    paper.set_font("letter", size=size)
    while size > _SMALLEST and any(paper.get_string_width(_shown(line)) > WINDOW[2] - _MARGIN for line in lines):
        size -= 0.5
        paper.set_font("letter", size=size)
    _lines(paper, _ADDRESS_Y, _ADDRESS_LINE, lines)


def _lines(paper: FPDF, top: float, height: float, lines: Sequence[str]) -> None:
    paper.set_y(top)
    for line in lines:
        paper.cell(WINDOW[2] - _MARGIN, height, _shown(line), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _paragraph(paper: FPDF, text: str) -> None:
    if shown := _shown(text):
        paper.multi_cell(0, _LINE, shown, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    else:
        paper.ln(_LINE)


def _shown(text: str) -> str:
    """Characters that print nothing, and those that do not exist alone, have no place on paper."""
    return "".join(char if char.isprintable() else " " for char in text).strip()
