"""The shipped list of result codes means what the table of the law says, code by code."""

from typing import get_args

import pytest

from services.compliance.domain.results import EFFECTS
from services.contact.domain.result_codes import MEANINGS, NEXT_STEPS
from shared.events.contact import NextStepKind, ResultCode

# code: connected, counts toward 7, starts the cooldown, communication
TABLE: dict[str, tuple[bool | None, bool, bool, bool]] = {
    "no_answer": (True, True, False, False),
    "busy": (False, False, False, False),
    "not_in_service": (False, False, False, False),
    "network_failure": (False, False, False, False),
    "voicemail_no_message": (True, True, False, False),
    "voicemail_lcm": (True, True, False, False),
    "voicemail_other": (True, True, False, True),
    "answered_dropped": (True, True, False, False),
    "hung_up_early": (True, True, False, False),
    "third_party_no_message": (True, True, False, False),
    "rpc_promise": (True, True, True, True),
    "rpc_arrangement": (True, True, True, True),
    "rpc_payment": (True, True, True, True),
    "rpc_refused": (True, True, True, True),
    "rpc_dispute": (True, True, True, True),
    "rpc_hardship": (True, True, True, True),
    "rpc_callback": (True, True, True, True),
    "rpc_attorney_named": (True, True, True, True),
    "rpc_bankrupt": (True, True, True, True),
    "rpc_deceased_reported": (True, True, True, True),
    "rpc_military": (True, True, True, True),
    "rpc_cease_oral": (True, True, True, True),
    "rpc_inconvenient": (True, True, True, True),
    "rpc_stop_medium": (True, True, True, True),
    "inbound_rpc": (None, False, True, True),
    "attorney_call": (True, False, False, False),
    "agency_call": (True, False, False, False),
    "creditor_call": (True, False, False, False),
    "sms_sent": (None, False, False, True),
    "email_sent": (None, False, False, True),
    "letter_sent": (None, False, False, True),
    "dialer_abandoned": (True, True, False, False),
    "agent_skipped": (False, False, False, False),
}


@pytest.mark.parametrize("code", sorted(TABLE))
def test_a_code_has_the_legal_effect_of_the_list(code: ResultCode) -> None:
    meaning = MEANINGS[code]
    assert (
        meaning.is_connected,
        meaning.counts_as_call,
        meaning.is_conversation,
        meaning.is_communication,
    ) == TABLE[code]


def test_every_published_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(get_args(ResultCode))


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_compliance_reads_every_code_as_contact_writes_it(code: ResultCode) -> None:
    ours, theirs = MEANINGS[code], EFFECTS[code]
    assert theirs.is_excluded == ours.is_excluded_party
    assert theirs.is_communication == ours.is_communication
    if ours.is_connected is not None:
        assert theirs.is_connected == ours.is_connected
    if ours.channels & {"phone", "voicemail"}:
        assert theirs.is_conversation == ours.is_conversation


def test_a_code_that_names_its_next_step_needs_one_of_those() -> None:
    for code, steps in NEXT_STEPS.items():
        assert MEANINGS[code].next_step == "required"
        assert steps <= set(get_args(NextStepKind))


def test_a_dialer_reports_only_what_nobody_had_to_hear() -> None:
    for code, meaning in MEANINGS.items():
        if meaning.is_for_dialer:
            assert not meaning.is_right_party, code
            assert not meaning.is_conversation, code
