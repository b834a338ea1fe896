"""What was said on a contact, and of which number: the contact's own, unless another one is named."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.contact.domain.attempt import Attempt, Outcome, Report, Said, judge_outcome
from services.contact.domain.contact_points import PointFacts
from services.contact.domain.placing import PointOfParty
from services.contact.domain.result_codes import MEANINGS
from services.contact.handlers.outcome_facts import CloseAttempt, Closed
from services.contact.handlers.outcome_marks import invalid_points
from shared.events.contact import ContactCompleted, Heard, ResultCode

NOW = datetime(2026, 3, 11, 16, tzinfo=UTC)
PARTY, DEBT, OTHER_DEBT = uuid4(), uuid4(), uuid4()
CELL, HOME, ADDRESS = uuid4(), uuid4(), uuid4()
POINTS = {
    CELL: PointOfParty(PARTY, "+12125550101", PointFacts(CELL, "phone", is_listed=True)),
    HOME: PointOfParty(PARTY, "+12125550102", PointFacts(HOME, "phone", is_listed=True)),
    ADDRESS: PointOfParty(PARTY, "1 Main St", PointFacts(ADDRESS, "address", is_listed=True)),
}
WRONG: list[tuple[ResultCode, tuple[Said, ...], dict[Any, str]]] = [
    ("rpc_payment", (Said("wrong_number", contact_point_id=HOME),), {HOME: "wrong_number"}),
    ("rpc_payment", (Said("wrong_number", contact_point_id=ADDRESS),), {ADDRESS: "undeliverable"}),
    ("rpc_payment", (Said("wrong_number", contact_point_id=uuid4()),), {}),
    ("third_party_no_message", (Said("wrong_number"),), {CELL: "wrong_number"}),
    ("third_party_no_message", (Said("wrong_number", contact_point_id=CELL),), {CELL: "wrong_number"}),
    (
        "wrong_number",
        (Said("wrong_number", contact_point_id=HOME),),
        {CELL: "wrong_number", HOME: "wrong_number"},
    ),
    ("not_in_service", (), {CELL: "not_in_service"}),
    ("no_answer", (), {}),
]


@pytest.mark.parametrize(("code", "heard", "invalid"), WRONG)
def test_the_number_that_is_said_to_be_wrong_is_the_one_that_is_marked(
    code: ResultCode, heard: tuple[Said, ...], invalid: dict[Any, str]
) -> None:
    row: dict[str, Any] = {
        "contact_point_id": CELL, "party_id": PARTY, "creditor_id": uuid4(), "channel": "phone",
        "account_ids": [DEBT], "attempt_id": uuid4(),
    }  # fmt: skip
    outcome = Outcome(Report(code, heard=heard), MEANINGS[code], heard)
    closed = Closed(CloseAttempt(row["attempt_id"], outcome.report, "collector"), row, outcome, NOW, None)
    assert {one.contact_point_id: one.reason for one in invalid_points(closed, POINTS)} == invalid
    told = completed(code, *(Heard(kind=one.kind, contact_point_id=one.contact_point_id) for one in heard))
    assert told.is_wrong_number == (invalid.get(CELL) == "wrong_number")


def completed(code: ResultCode, *heard: Heard, **facts: Any) -> ContactCompleted:
    """The event of an outcome of a call to the cell phone."""
    state = {
        "creditor_id": uuid4(), "account_id": DEBT, "account_ids": (DEBT,), "party_id": PARTY, "attempt_id": uuid4(),
        "permit_id": uuid4(), "direction": "outbound", "channel": "phone", "purpose": "collection",
        "contact_point_id": CELL, "at": NOW, "completed_at": NOW, "result_code": code, "is_connected": True,
        "counts_as_call": True, "is_conversation": False, "is_communication": False, "is_right_party": False,
        "heard": heard,
    }  # fmt: skip
    return ContactCompleted.model_validate(state | facts)


def heard_of(*heard: Said) -> tuple[Said, ...]:
    attempt = Attempt(uuid4(), uuid4(), PARTY, (DEBT,), "outbound", "phone", "collection", CELL, "right_party", NOW)
    judged = judge_outcome(attempt, Report("rpc_payment", (DEBT,), heard))
    assert isinstance(judged, Outcome), judged
    return judged.heard


def test_restrictions_of_one_kind_are_one_for_all_the_debts_that_were_named() -> None:
    one, other = Said("attorney", account_ids=(DEBT,)), Said("attorney", account_ids=(OTHER_DEBT, DEBT))
    assert heard_of(one, other) == (Said("attorney", account_ids=(DEBT, OTHER_DEBT)),)
    assert heard_of(one, Said("attorney"), other) == (Said("attorney"),), "no debt is named: all of the party's"
    cease = Said("cease", account_ids=(OTHER_DEBT,))
    assert set(heard_of(one, cease)) == {one, cease}


def test_what_restricts_nothing_is_kept_as_it_was_said() -> None:
    said = (
        Said("stop_medium", "phone", CELL),
        Said("stop_medium", "phone", HOME),
        Said("dispute", account_ids=(DEBT,)),
        Said("dispute", account_ids=(OTHER_DEBT,)),
    )
    assert heard_of(*said) == said


@pytest.mark.parametrize(
    ("direction", "channel", "is_written"),
    [
        *(("inbound", channel, True) for channel in ("letter", "email", "sms")),
        *(("inbound", channel, False) for channel in ("phone", "voicemail", "in_person")),
        *(("outbound", channel, False) for channel in ("letter", "email", "phone")),
    ],
)
def test_what_came_by_letter_email_or_text_came_in_writing(direction: str, channel: str, is_written: bool) -> None:
    assert completed("inbound_message", direction=direction, channel=channel).is_written == is_written
