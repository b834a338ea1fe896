"""A moment that comes from outside leaves room on both sides: for the hour of every zone, and the days of a rule."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.events.payload import Moment

_MOMENT = TypeAdapter(Moment)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59"]
)
def test_a_moment_at_the_ends_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="years 1900 to 2999"):
        _MOMENT.validate_python(text)


@pytest.mark.parametrize("text", ["1900-01-01T00:00:00Z", "2999-12-31T23:59:59Z"])
def test_every_other_moment_is_taken(text: str) -> None:
    assert _MOMENT.validate_python(text).isoformat().replace("+00:00", "Z") == text


@pytest.mark.parametrize("value", [0, 1_767_225_600, 1.5, True, "1767225600", "2026-01-31", "2026-01-31T00:00:00"])
def test_a_moment_is_a_text_with_a_zone(value: object) -> None:
    with pytest.raises(ValidationError, match=r"RFC 3339|distance from UTC"):
        _MOMENT.validate_python(value)
