"""The one form of a way to reach somebody, whoever names it."""

import pytest

from shared.contact_points import address_line, normalised


def test_an_address_has_one_form() -> None:
    parts = {"street": " 12  Example AVENUE", "city": "Springfield", "region": "IL", "postal_code": "62704"}
    assert address_line(parts) == "12 example avenue, springfield, il 62704"
    assert address_line(parts | {"street": None}) is None
    assert normalised("address", " 12 Example  Avenue, SPRINGFIELD, IL 62704\n") == address_line(parts)
    assert normalised("address", " \n") is None


@pytest.mark.parametrize("written", ["(202) 555-0123", "+1 202 555 0123", "202.555.0123"])
def test_a_phone_number_has_one_form(written: str) -> None:
    assert normalised("phone", written) == "+12025550123"


def test_what_cannot_be_reached_has_no_form() -> None:
    assert normalised("address", "x" * 2001) is None
    assert normalised("address", "\U00010348" * 501) is None
    assert normalised("email", f"{'x' * 2000}@example.com") is None
    assert normalised("phone", "12") is None
    assert normalised("email", "nobody") is None
    assert normalised("email", " Ada@EXAMPLE.com ") == "Ada@example.com"
