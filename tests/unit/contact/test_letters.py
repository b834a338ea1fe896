"""A letter read back from its PDF: its words, its pages, and what the window of its envelope shows."""

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PageObject, PdfReader

from services.contact.domain.disclosures import disclosures
from services.contact.domain.envelope import PostalAddress, envelope
from services.contact.domain.shipped_templates import SHIPPED
from services.contact.domain.templates import Rendered, render
from services.contact.gateways.letter_pdf import WINDOW, letter_pdf
from services.contact.gateways.letters import LetterText
from tests.unit.contact.test_messages import NAMES

POINTS = 72
HEIGHT = 11
ADDRESS = ("Ñuño Pérez-Łukaš", "1 Avenida de la Constitución", "Albany NY 12207")


def letter(body: str, *, language: str = "es", address: Sequence[str] = ADDRESS) -> LetterText:
    sender = ("Harbor Credit Union", "1 Harbor Street, Boston, MA 02110")
    return LetterText(sender, address, date(2026, 3, 11), language, "Un mensaje de Harbor", body)


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def words(reader: PdfReader) -> str:
    """The text of all pages without its line breaks and page numbers."""
    pages = [page.extract_text().rpartition("\n")[0] for page in reader.pages]
    return " ".join(" ".join(pages).split())


def printed_in(page: PageObject) -> list[tuple[float, str]]:
    """Each text of a page with the size of its type, in points."""
    found: list[tuple[float, str]] = []

    def visit(text: str, _cm: Any, _tm: Any, _font: Any, size: Any) -> None:
        if text.strip():
            found.append((float(size), " ".join(text.split())))

    page.extract_text(visitor_text=visit)
    return found


def placed(reader: PdfReader) -> list[tuple[float, float, str]]:
    """Each text of the first page with its place, in inches from the upper left corner."""
    found: list[tuple[float, float, str]] = []

    def visit(text: str, _cm: Any, tm: Any, _font: Any, _size: Any) -> None:
        if text.strip():
            found.append((tm[4] / POINTS, HEIGHT - tm[5] / POINTS, text.strip()))

    reader.pages[0].extract_text(visitor_text=visit)
    return found


def test_a_spanish_letter_says_every_word_of_its_template_and_disclosures_with_their_accents() -> None:
    template = next(one for one in SHIPPED if (one.code, one.channel, one.language) == ("payment_due", "letter", "es"))
    demanded = disclosures(["debt_collection_initial"], "letter", "es", NAMES)
    rendered = render(template, NAMES | {"given_name": "Ñuño"}, demanded)
    assert isinstance(rendered, Rendered)
    text = words(read(letter_pdf(letter(rendered.body))))
    assert "Hola, Ñuño: según nuestros registros" in text
    assert "Este es un intento de cobrar una deuda." in text
    assert "11 de marzo de 2026" in text
    assert " ".join(rendered.body.split()) in text


def test_the_licence_number_and_all_else_that_a_letter_says_is_in_twelve_point_type() -> None:
    demanded = disclosures(["california_license_number"], "letter", "en", NAMES)
    template = next(one for one in SHIPPED if (one.code, one.channel, one.language) == ("payment_due", "letter", "en"))
    rendered = render(template, NAMES, demanded)
    assert isinstance(rendered, Rendered)
    said = printed_in(read(letter_pdf(letter(rendered.body, language="en"))).pages[0])
    first = next(number for number, (_, text) in enumerate(said) if text == "March 11, 2026")
    assert any("licence number 10000-99" in text for _, text in said[first:])
    assert {size for size, text in said[first:] if text != "1 / 1"} == {12}


def test_the_window_shows_the_address_and_nothing_else() -> None:
    left, top, right, bottom = WINDOW
    reader = read(letter_pdf(letter("Debt " * 900)))
    shown = [text for x, y, text in placed(reader) if left <= x <= right and top <= y <= bottom]
    assert tuple(shown) == ADDRESS


def test_an_address_that_is_too_long_for_the_window_is_printed_smaller_and_stays_in_it() -> None:
    long = ("A" * 40, "Building of the Third Street Improvement Association, Suite 4000, Floor 21", "Albany NY 12207")
    reader = read(letter_pdf(letter("x", address=long)))
    assert [text for _, y, text in placed(reader) if WINDOW[1] <= y <= WINDOW[3]] == list(long)


def test_a_long_letter_goes_over_numbered_pages_and_loses_no_line() -> None:
    lines = [f"Línea {number} de ciento veinte." for number in range(120)]
    reader = read(letter_pdf(letter("\n".join(lines))))
    assert len(reader.pages) > 2
    assert [page.extract_text().splitlines()[-1] for page in reader.pages] == [
        f"{number} / {len(reader.pages)}" for number in range(1, len(reader.pages) + 1)
    ]
    text = words(reader)
    assert all(line in text for line in lines)


def test_a_character_that_the_font_lacks_is_told_to_no_log(caplog: pytest.LogCaptureFixture) -> None:
    letter_pdf(letter("x", address=("王小明", "1 Main St", "Albany NY 12207")))
    assert "王" not in caplog.text


def test_the_same_letter_is_the_same_bytes() -> None:
    assert letter_pdf(letter("Hola")) == letter_pdf(letter("Hola"))
    assert letter_pdf(letter("Hola")) != letter_pdf(letter("Adiós"))


@settings(max_examples=25)
@given(st.text(max_size=400), st.lists(st.text(max_size=80), max_size=8))
def test_whatever_a_text_holds_it_can_be_printed(body: str, address: list[str]) -> None:
    assert read(letter_pdf(letter(body, address=address))).pages


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (PostalAddress("1 Main St", "Albany", "NY", "12207"), ("Pat Doe", "1 Main St", "Albany NY 12207")),
        (
            PostalAddress(None, None, None, None, "1 main st, albany, ny 12207"),
            ("Pat Doe", "1 MAIN ST", "ALBANY, NY 12207"),
        ),
        (PostalAddress(None, "Albany", "NY", None), ()),
    ],
)
def test_an_envelope_has_the_parts_of_an_address_or_its_one_line_in_capitals(
    address: PostalAddress, lines: tuple[str, ...]
) -> None:
    assert envelope("Pat Doe", address) == lines
