"""States change through their tables only, and every message can come to an end from wherever it stands."""

from datetime import UTC, datetime, timedelta
from itertools import product
from types import ModuleType
from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contact.domain import attempt, callback, dialing, field_visit, message
from services.contact.domain.attempt import Attempt, AttemptStatus, Outcome, Report, Said, judge_outcome
from services.contact.domain.callback import CallbackStatus
from services.contact.domain.dialing import RecordStatus
from services.contact.domain.field_visit import FieldVisitStatus
from services.contact.domain.message import (
    TERMINAL,
    TRANSITIONS,
    MessageStatus,
    Result,
    next_try_at,
    settled_without_receipt,
    status_after,
)
from services.contact.domain.result_codes import MEANINGS
from shared.errors import Refusal
from shared.events.contact import ResultCode

NOW = datetime(2026, 3, 11, 16, tzinfo=UTC)
DEBT = uuid4()


@pytest.mark.parametrize(
    ("module", "states"),
    [
        (attempt, get_args(AttemptStatus)),
        (message, get_args(MessageStatus)),
        (callback, get_args(CallbackStatus)),
        (dialing, get_args(RecordStatus)),
        (field_visit, get_args(FieldVisitStatus)),
    ],
)
def test_every_pair_of_states_is_in_the_table_or_refused(module: ModuleType, states: tuple[str, ...]) -> None:
    assert {state for pair in module.TRANSITIONS for state in pair} <= set(states)
    for pair in product(states, states):
        assert module.may_become(*pair) == (pair in module.TRANSITIONS)


def test_a_message_comes_to_an_end_from_every_state_and_never_leaves_it() -> None:
    for status in get_args(MessageStatus):
        onward = {target for source, target in TRANSITIONS if source == status}
        assert (status in TERMINAL) == (not onward)
        reached, grown = {status}, set[str]()
        while grown != reached:
            grown = set(reached)
            reached |= {target for source, target in TRANSITIONS if source in reached}
        assert reached & TERMINAL


@given(
    st.builds(
        Result,
        st.sampled_from(["taken", "later", "refused", "undeliverable", "opted_out", "unknown"]),
        is_permanent=st.booleans(),
    )
)
def test_whatever_a_gateway_says_a_message_that_is_sending_moves_on(result: Result) -> None:
    assert ("sending", status_after(result)) in TRANSITIONS


def test_silence_after_a_hand_over_is_delivery_by_mail_and_post_and_failure_by_text() -> None:
    assert [settled_without_receipt(channel)[0] for channel in ("email", "letter", "sms")] == [
        "delivered",
        "delivered",
        "failed",
    ]


@given(st.integers(min_value=1, max_value=1000))
def test_the_pause_between_tries_grows_and_stays_within_half_an_hour(tries: int) -> None:
    pause = next_try_at(NOW, tries) - NOW
    assert timedelta(0) < pause <= timedelta(minutes=30)
    assert pause <= next_try_at(NOW, tries + 1) - NOW


def an_attempt(status: AttemptStatus, code: ResultCode) -> Attempt:
    meaning = MEANINGS[code]
    channel = min(meaning.channels)
    return Attempt(uuid4(), uuid4(), uuid4(), (DEBT,), meaning.direction, channel, "collection", None, status, NOW)


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_nobody_is_the_right_party_who_was_not_verified(code: ResultCode) -> None:
    meaning = MEANINGS[code]
    debts = (DEBT,) if meaning.is_communication else ()
    step = {"rpc_promise": "promise", "rpc_arrangement": "arrangement", "rpc_dispute": "dispute"}.get(code)
    step = step or {"rpc_callback": "callback"}.get(code) or ("refusal" if meaning.next_step == "required" else None)
    report = Report(code, debts, next_step=step)  # type: ignore[arg-type]
    unverified = judge_outcome(an_attempt("placed", code), report)
    verified = judge_outcome(an_attempt("right_party", code), report)
    assert isinstance(verified, Outcome), verified
    if meaning.is_right_party:
        assert isinstance(unverified, Refusal)
        assert unverified.code == "verification-required"
    else:
        assert isinstance(unverified, Outcome)
    closed = judge_outcome(an_attempt("closed", code), report)
    assert isinstance(closed, Refusal)
    assert closed.code == "attempt-closed"


def test_what_a_code_implies_is_heard_once_and_what_was_said_of_it_stands_for_it() -> None:
    plain = judge_outcome(an_attempt("right_party", "rpc_stop_medium"), Report("rpc_stop_medium", (DEBT,)))
    assert isinstance(plain, Outcome)
    assert plain.heard == (Said("stop_medium"),)
    said = Said("stop_medium", "sms")
    told = judge_outcome(an_attempt("right_party", "rpc_stop_medium"), Report("rpc_stop_medium", (DEBT,), (said,)))
    assert isinstance(told, Outcome)
    assert told.heard == (said,)


def test_a_call_is_not_closed_by_the_result_of_a_letter_nor_an_outbound_one_by_an_inbound_result() -> None:
    for code in ("letter_sent", "inbound_rpc"):
        refused = judge_outcome(an_attempt("placed", "no_answer"), Report(code))
        assert isinstance(refused, Refusal)
        assert refused.code == "result-code-invalid"
