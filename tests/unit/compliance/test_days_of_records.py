"""The days that a record of compliance names leave room for the day before and after, in every zone."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.compliance.schemas.choices import ConsentRequest, PreferenceRequest
from services.compliance.schemas.restrictions import RestrictionRequest

_PARTY = "5a0f9b1c-2d3e-5f40-9a1b-2c3d4e5f6a7b"
_RESTRICTION = {"kind": "cease", "party_id": _PARTY, "evidence": "Letter"}
_CONSENT = {"party_id": _PARTY, "channel": "sms", "purpose": "contact", "basis": "direct", "evidence": "Said so"}


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("model", "body"),
    [
        (RestrictionRequest, _RESTRICTION | {"effective_on": "?"}),
        (RestrictionRequest, _RESTRICTION | {"ends_on": "?"}),
        (ConsentRequest, _CONSENT | {"starts_on": "?"}),
        (ConsentRequest, _CONSENT | {"ends_on": "?"}),
        (PreferenceRequest, {"party_id": _PARTY, "inconvenient_time": {"until_on": "?"}}),
    ],
)
def test_a_day_at_the_ends_of_the_calendar_is_refused(model: Any, body: Any, day: str) -> None:
    """No end is said by leaving it out: a decision asks for the day after, and there is none."""
    text = str(body).replace("'?'", f"'{day}'")
    with pytest.raises(ValidationError, match=r"date\((1900, 1, 1|2999, 12, 31)\)|a day before"):
        TypeAdapter(model).validate_json(text.replace("'", '"'))


@pytest.mark.parametrize(
    "time",
    [{"start_minute": 1200, "end_minute": 600}, {"start_minute": 600, "end_minute": 600}, {"weekdays": []}],
)
def test_a_time_that_would_never_hold_is_refused(time: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"over midnight is two|at least 1 item"):
        PreferenceRequest.model_validate({"party_id": _PARTY, "inconvenient_time": time})


def test_a_place_is_the_same_in_any_case() -> None:
    preference = PreferenceRequest.model_validate({"party_id": _PARTY, "inconvenient_place": {"place": "Work"}})
    assert preference.inconvenient_place is not None
    assert preference.inconvenient_place.place == "work"
