"""What was refused at one number or address binds by the rule of its medium: calls as calls, messages as messages."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.compliance.domain.evaluate import Outcome
from services.compliance.domain.facts import Channel
from services.compliance.store.choice_forms import refusals
from tests.unit.compliance.rule_cases import DAY, NOON, PARTY, POINT, facts, outcome, request

SAID_AT = NOON - DAY


@pytest.mark.parametrize("said", ["phone", "voicemail"])
def test_a_mark_of_refused_calls_stops_calls_and_voicemails_to_the_number_and_no_text(said: str) -> None:
    marked = refusals((), [(uuid4(), POINT, said, SAID_AT)])
    for channel in ("phone", "voicemail"):
        assert outcome("regf.medium", request(channel), facts(channel=channel, refusals=marked)) is Outcome.BLOCK
    assert outcome("regf.medium", request("sms"), facts(channel="sms", refusals=marked)) is Outcome.ALLOW
    assert outcome("regf.optout", request("sms"), facts(channel="sms", refusals=marked)) is Outcome.ALLOW
    elsewhere = refusals((), [(uuid4(), uuid4(), said, SAID_AT)])
    assert outcome("regf.medium", request(), facts(refusals=elsewhere)) is Outcome.ALLOW


@pytest.mark.parametrize("said", ["sms", "email"])
def test_a_mark_of_refused_messages_is_an_opt_out_of_the_address(said: str) -> None:
    marked = refusals((), [(uuid4(), POINT, said, SAID_AT)])
    assert outcome("regf.optout", request(said), facts(channel=said, refusals=marked)) is Outcome.BLOCK


def test_an_opt_out_of_every_medium_leaves_no_medium_open() -> None:
    row = {
        "consent_id": uuid4(), "party_id": PARTY, "channel": "any", "purpose": "contact", "contact_point_id": None,
        "account_ids": [], "basis": "opted_out", "granted_at": None, "revoked_at": SAID_AT,
    }  # fmt: skip
    found = {each.channel: each.is_opt_out for each in refusals([row], ())}
    assert found == {
        Channel.PHONE: False, Channel.LETTER: False, Channel.IN_PERSON: False, Channel.EMAIL: True, Channel.SMS: True,
    }  # fmt: skip
    known = facts(refusals=refusals([row], ()))
    assert outcome("regf.medium", request(), known) is Outcome.BLOCK
    assert outcome("regf.medium", request(at=SAID_AT - timedelta(minutes=1)), known) is Outcome.ALLOW
