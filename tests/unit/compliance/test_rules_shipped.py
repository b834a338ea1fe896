"""Each shipped rule that is active stops, or asks something of, one contact and leaves another alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid5

import pytest

from services.compliance.domain.evaluate import Outcome
from services.compliance.domain.facts import (
    Channel,
    Consent,
    ContactPoint,
    Debt,
    Direction,
    Dispute,
    Party,
    PlaceDesignation,
    Purpose,
    Recipient,
    Refusal,
    Representation,
    Restriction,
    Role,
    TimeDesignation,
    Trait,
)
from tests.unit.compliance.rule_cases import (
    BOOK,
    DAY,
    DEBT,
    NAMES,
    NOON,
    POINT,
    STOPPED,
    STRANGER,
    answer,
    attempts,
    decided,
    facts,
    outcome,
    request,
)

COLLECTOR, CREDITOR = "third_party_collector", "creditor"
LONG_AGO = NOON - 100 * DAY
SOME_ID = uuid5(NAMES, "some")


@pytest.mark.parametrize("role", [COLLECTOR, "debt_buyer", "attorney", CREDITOR, "servicer", "repossessor"])
@pytest.mark.parametrize("region", ["WI", "MA", "DC", "WA", "WV", "CA", "NYC", "FL"])
def test_a_plain_call_at_noon_is_allowed_everywhere_and_in_every_role(role: str, region: str) -> None:
    assert decided(request(), facts(role, region)).is_allowed


@pytest.mark.parametrize(
    ("rule_id", "role", "region", "channel", "opens", "closes"),
    [
        ("regf.time.8to21", COLLECTOR, "MA", "phone", "08:00", "21:00"),
        ("regf.time.8to21", CREDITOR, "MA", "in_person", "08:00", "21:00"),
        ("regf.time.8to21_messages", COLLECTOR, "MA", "email", "08:00", "21:00"),
        ("ma.ag.hours", CREDITOR, "MA", "phone", "08:00", "21:00"),
        ("wv.hours", COLLECTOR, "WV", "phone", "08:00", "21:00"),
        ("ca.hours", CREDITOR, "CA", "sms", "08:00", "21:00"),
        ("wa.hours", COLLECTOR, "WA", "phone", "07:30", "21:00"),
        ("policy.visit_hours", CREDITOR, "MA", "in_person", "09:00", "18:00"),
    ],
)
def test_hours(*, rule_id: str, role: str, region: str, channel: str, opens: str, closes: str) -> None:
    # In November New York is five hours behind UTC, Los Angeles eight.
    behind = timedelta(hours=8 if region in {"CA", "WA"} else 5)
    midnight = datetime(2026, 11, 23, tzinfo=UTC) + behind

    def at(clock: str, seconds: int = 0) -> Outcome:
        hour, minute = clock.split(":")
        moment = midnight + timedelta(hours=int(hour), minutes=int(minute), seconds=seconds)
        return outcome(rule_id, request(channel, at=moment), facts(role, region, channel))

    assert at(opens) == at(closes, -1) == Outcome.ALLOW
    assert at(opens, -1) == at(closes) == Outcome.BLOCK_UNTIL


def test_third_parties_have_hours_too() -> None:
    """policy.third_party_hours."""
    asked = request(purpose=Purpose.LOCATION, recipient=Recipient.THIRD_PARTY, recipient_id=STRANGER)
    assert outcome("policy.third_party_hours", asked, facts()) is Outcome.ALLOW
    night = replace(asked, at=datetime(2026, 11, 24, 4, 0, tzinfo=UTC))
    assert outcome("policy.third_party_hours", night, facts()) is Outcome.BLOCK_UNTIL
    assert answer("policy.third_party_hours", request(), facts()) is None


def test_hours_need_a_person_while_no_zone_is_known() -> None:
    assert outcome("regf.time.8to21", request(), facts(locations=())) is Outcome.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("rule_id", "role", "region"), [("regf.time.designated", COLLECTOR, "WI"), ("ca.inconvenient_time", CREDITOR, "CA")]
)
def test_inconvenient_times(rule_id: str, role: str, region: str) -> None:
    mondays = TimeDesignation(SOME_ID, LONG_AGO, frozenset({0}))
    known = facts(role, region, inconvenient_times=(mondays,))
    assert outcome(rule_id, request(), known) in STOPPED
    assert outcome(rule_id, request(at=NOON + DAY), known) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "role", "region"),
    [("regf.place.designated", COLLECTOR, "WI"), ("ca.inconvenient_place", CREDITOR, "CA")],
)
def test_inconvenient_places(rule_id: str, role: str, region: str) -> None:
    home = PlaceDesignation(SOME_ID, "home", LONG_AGO)
    landline = ContactPoint(POINT, "phone", "home")
    known = facts(role, region, inconvenient_places=(home,))
    assert outcome(rule_id, request(), replace(known, contact_points=(landline,))) in STOPPED
    assert outcome(rule_id, request(), known) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "role", "region", "changes"),
    [
        ("regf.attorney", COLLECTOR, "WI", {}),
        ("wv.attorney", COLLECTOR, "WV", {}),
        ("ca.attorney", CREDITOR, "CA", {}),
        (
            "regf.location.attorney",
            COLLECTOR,
            "WI",
            {"purpose": Purpose.LOCATION, "recipient": Recipient.THIRD_PARTY, "recipient_id": STRANGER},
        ),
    ],
)
def test_attorneys(rule_id: str, role: str, region: str, changes: dict[str, Any]) -> None:
    attorney = Representation(SOME_ID, LONG_AGO, is_reachable=True)
    asked = request(**changes)
    assert outcome(rule_id, asked, facts(role, region, representations=(attorney,))) in STOPPED
    silent = replace(attorney, unresponsive_since=LONG_AGO + DAY)
    assert outcome(rule_id, asked, facts(role, region, representations=(silent,))) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "role", "region", "is_for_ten_days"),
    [
        ("regf.work", COLLECTOR, "WI", False),
        ("ca.work", CREDITOR, "CA", False),
        ("ma.ag.work", CREDITOR, "MA", True),
        ("ma.dob.work", COLLECTOR, "MA", True),
    ],
)
def test_work(rule_id: str, role: str, region: str, is_for_ten_days: bool) -> None:
    def asked_days_ago(days: int) -> Outcome:
        said = PlaceDesignation(SOME_ID, "work", NOON - days * DAY)
        at_work = ContactPoint(POINT, "phone", "work")
        return outcome(rule_id, request(), facts(role, region, contact_points=(at_work,), inconvenient_places=(said,)))

    assert asked_days_ago(9) in STOPPED
    assert (asked_days_ago(11) in STOPPED) is not is_for_ten_days
    assert outcome(rule_id, request(), facts(role, region)) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "field"),
    [("regf.work_email", {"is_employer_provided": True}), ("regf.leaked_address", {"leaked_since": LONG_AGO})],
)
def test_addresses_that_are_not_used(rule_id: str, field: dict[str, Any]) -> None:
    point = ContactPoint(POINT, "email")
    asked, known = request("email"), facts(CREDITOR, channel="email", contact_points=(point,))
    assert outcome(rule_id, asked, known) is Outcome.ALLOW
    assert outcome(rule_id, asked, replace(known, contact_points=(replace(point, **field),))) in STOPPED


@pytest.mark.parametrize(
    ("rule_id", "role", "region", "kind", "is_written", "purpose"),
    [
        ("regf.cease", COLLECTOR, "WI", "cease", True, "collection"),
        ("ca.cease", CREDITOR, "CA", "cease", True, "collection"),
        ("policy.cease_oral", CREDITOR, "WI", "cease", False, "collection"),
        ("bk.stay", "repossessor", "WI", "bankruptcy_stay", False, "collection"),
        ("bk.codebtor", CREDITOR, "WI", "codebtor_stay", False, "collection"),
        ("bk.discharge", CREDITOR, "WI", "discharged", False, "remedy_notice"),
        ("regf.deceased", COLLECTOR, "WI", "deceased", False, "collection"),
        ("policy.deceased", "repossessor", "WI", "deceased", False, "required_notice"),
        ("policy.identity_theft", CREDITOR, "WI", "identity_theft", False, "collection"),
        ("policy.attorney_restriction", CREDITOR, "WI", "attorney", False, "collection"),
        ("policy.dispute_hold", CREDITOR, "WI", "dispute_hold", False, "collection"),
        ("policy.disaster", CREDITOR, "WI", "disaster", False, "collection"),
    ],
)
def test_restrictions_that_stop(
    *, rule_id: str, role: str, region: str, kind: str, is_written: bool, purpose: str
) -> None:
    placed = Restriction(SOME_ID, kind, LONG_AGO, is_written=is_written)
    asked = request(purpose=Purpose(purpose))
    assert outcome(rule_id, asked, facts(role, region, restrictions=(placed,))) is Outcome.BLOCK
    lifted = replace(placed, lifted_at=NOON - DAY)
    assert outcome(rule_id, asked, facts(role, region, restrictions=(lifted,))) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "kind", "purpose"),
    [
        ("policy.bankruptcy_notice", "bankruptcy_stay", "required_notice"),
        ("policy.complaint", "complaint_hold", "collection"),
        ("policy.litigation", "litigation", "collection"),
    ],
)
def test_restrictions_that_ask_for_a_person(rule_id: str, kind: str, purpose: str) -> None:
    placed = Restriction(SOME_ID, kind, LONG_AGO)
    asked = request(purpose=Purpose(purpose))
    assert outcome(rule_id, asked, facts(CREDITOR, restrictions=(placed,))) is Outcome.NEEDS_REVIEW
    assert outcome(rule_id, asked, facts(CREDITOR)) is Outcome.ALLOW


def test_a_written_cease_leaves_the_permitted_notices_open() -> None:
    """regf.cease, policy.cease_oral: 12 CFR 1006.6(c)(2)."""
    known = facts(restrictions=(Restriction(SOME_ID, "cease", LONG_AGO, is_written=True),))
    assert decided(request("letter"), facts(channel="letter", restrictions=known.restrictions)).outcome is Outcome.BLOCK
    for purpose in (Purpose.REMEDY_NOTICE, Purpose.REQUIRED_NOTICE):
        asked = request("letter", purpose=purpose)
        assert decided(asked, facts(channel="letter", restrictions=known.restrictions)).is_allowed


def test_an_oral_cease_is_policy_and_no_law() -> None:
    """regf.cease: 12 CFR 1006.6(c)(1) asks for writing."""
    known = facts(restrictions=(Restriction(SOME_ID, "cease", LONG_AGO),))
    assert outcome("regf.cease", request(), known) is Outcome.ALLOW
    assert outcome("policy.cease_oral", request(), known) is Outcome.BLOCK


@pytest.mark.parametrize(
    ("rule_id", "role", "region"), [("regf.third_party", COLLECTOR, "WI"), ("ca.third_party", CREDITOR, "CA")]
)
def test_third_parties(rule_id: str, role: str, region: str) -> None:
    stranger: dict[str, Any] = {"recipient": Recipient.THIRD_PARTY, "recipient_id": STRANGER}
    assert outcome(rule_id, request(**stranger), facts(role, region)) in STOPPED
    assert outcome(rule_id, request(purpose=Purpose.LOCATION, **stranger), facts(role, region)) is Outcome.ALLOW


def test_a_third_party_is_asked_once() -> None:
    asked = request(purpose=Purpose.LOCATION, recipient=Recipient.THIRD_PARTY, recipient_id=STRANGER)
    before = attempts(
        "phone",
        [LONG_AGO],
        "third_party_no_message",
        purpose=Purpose.LOCATION,
        recipient=Recipient.THIRD_PARTY,
        recipient_id=STRANGER,
    )
    assert outcome("regf.location.once", asked, facts()) is Outcome.ALLOW
    assert outcome("regf.location.once", asked, facts(attempts=before)) in STOPPED


@pytest.mark.parametrize(
    ("rule_id", "channel", "is_fresh_for"), [("regf.email.basis", "email", 1000), ("regf.sms.basis", "sms", 60)]
)
def test_grounds_for_an_address(rule_id: str, channel: str, is_fresh_for: int) -> None:
    def used(days_ago: int | None) -> Outcome:
        at = None if days_ago is None else NOON - days_ago * DAY
        point = ContactPoint(POINT, "email" if channel == "email" else "phone", used_by_consumer_at=at)
        return outcome(rule_id, request(channel), facts(channel=channel, contact_points=(point,)))

    assert used(None) in STOPPED
    assert used(is_fresh_for - 1) is Outcome.ALLOW
    if channel == "sms":
        assert used(is_fresh_for + 1) in STOPPED
    assert answer(rule_id, request(channel), facts(CREDITOR, channel=channel)) is None


@pytest.mark.parametrize(
    ("rule_id", "role", "region", "channel", "code"),
    [
        ("regf.optout_line.email", CREDITOR, "WI", "email", "email_opt_out"),
        ("regf.optout_line.sms", CREDITOR, "WI", "sms", "sms_opt_out"),
        ("regf.lcm", CREDITOR, "WI", "voicemail", "limited_content_message"),
        ("regf.disclose.initial", COLLECTOR, "WI", "phone", "debt_collection_initial"),
        ("regf.disclose.first_written", COLLECTOR, "WI", "letter", "debt_collection_initial"),
        ("ma.ag.identify", CREDITOR, "MA", "phone", "creditor_and_caller_name"),
        ("ca.license_number", COLLECTOR, "CA", "letter", "california_license_number"),
    ],
)
def test_disclosures(rule_id: str, role: str, region: str, channel: str, code: str) -> None:
    decision = decided(request(channel), facts(role, region, channel))
    assert code in decision.disclosures
    assert outcome(rule_id, request(channel), facts(role, region, channel)) is Outcome.ALLOW_WITH
    other = "in_person" if channel == "letter" else "letter"
    found = answer(rule_id, request(other), facts(role, region, other))
    assert found is None or found.outcome is Outcome.ALLOW or rule_id == "regf.disclose.initial"


def test_later_communications_say_from_whom_they_are() -> None:
    """regf.disclose.subsequent, and regf.disclose.initial no more."""
    talked = attempts("phone", [LONG_AGO], "rpc_refused", debts_discussed=(DEBT,))
    decision = decided(request(), facts(attempts=talked))
    assert decision.disclosures == ("debt_collector_subsequent",)
    assert outcome("regf.disclose.subsequent", request(), facts(attempts=talked)) is Outcome.ALLOW_WITH
    assert outcome("regf.disclose.initial", request(), facts(attempts=talked)) is Outcome.ALLOW
    assert "debt_collection_initial" not in decided(request(), facts(CREDITOR)).disclosures


def test_a_message_that_came_back_has_disclosed_nothing() -> None:
    """1006.18(e)(1): what did not reach the consumer was no communication with the consumer."""
    returned = attempts("letter", [LONG_AGO], "letter_sent", is_bounced=True)
    arrived = attempts("letter", [LONG_AGO + DAY], "letter_sent")
    for made, expected in ((returned, Outcome.ALLOW_WITH), (returned + arrived, Outcome.ALLOW)):
        known = facts(channel="letter", attempts=made)
        assert outcome("regf.disclose.initial", request("letter"), known) is expected
        assert outcome("regf.disclose.first_written", request("letter"), known) is expected


@pytest.mark.parametrize("channel", ["email", "sms", "letter", "voicemail"])
def test_what_the_consumer_sent_has_disclosed_nothing(channel: str) -> None:
    """1006.18(e)(1): our initial communication, also in a talk that the consumer began; STOP is none of ours."""
    sent = attempts(channel, [LONG_AGO], "inbound_message", direction=Direction.INBOUND)
    rang = attempts("phone", [LONG_AGO + DAY], "inbound_rpc", direction=Direction.INBOUND)
    for asked in ("email", "letter"):
        known = facts(channel=asked, attempts=sent)
        assert outcome("regf.disclose.initial", request(asked), known) is Outcome.ALLOW_WITH
        assert outcome("regf.disclose.first_written", request(asked), known) is Outcome.ALLOW_WITH
    assert decided(request(), facts(attempts=sent)).disclosures == ("debt_collection_initial",)
    assert decided(request(), facts(attempts=sent + rang)).disclosures == ("debt_collector_subsequent",)


def test_the_one_who_is_asked_for_a_location_hears_the_script() -> None:
    """regf.location.script."""
    asked = request(purpose=Purpose.LOCATION, recipient=Recipient.THIRD_PARTY, recipient_id=STRANGER)
    assert outcome("regf.location.script", asked, facts()) is Outcome.ALLOW_WITH
    assert decided(asked, facts()).disclosures == ("location_script",)
    assert answer("regf.location.script", request(), facts()) is None


@pytest.mark.parametrize(
    ("rule_id", "role", "region"),
    [
        ("regf.disclose.language", COLLECTOR, "WI"),
        ("nyc.language", CREDITOR, "NYC"),
        ("policy.language", CREDITOR, "WI"),
    ],
)
def test_languages(rule_id: str, role: str, region: str) -> None:
    def speaks(language: str) -> Outcome:
        return outcome(rule_id, request(), facts(role, region, party=Party(DEBT, "natural_person", language)))

    assert speaks("fr") is Outcome.NEEDS_REVIEW
    assert speaks("es") is Outcome.ALLOW
    assert speaks("es-MX") is Outcome.ALLOW
    assert speaks("EN_us") is Outcome.ALLOW
    assert speaks("est") is Outcome.NEEDS_REVIEW
    spanish = facts(role, region, party=Party(DEBT, "natural_person", "es-419"))
    assert decided(request(), spanish).language == "es"


@pytest.mark.parametrize(("rule_id", "role"), [("regf.optout", CREDITOR), ("tcpa.revoke", "repossessor")])
def test_opt_outs(rule_id: str, role: str) -> None:
    stop = Refusal(SOME_ID, Channel.SMS, LONG_AGO, POINT, is_opt_out=True)
    assert outcome(rule_id, request("sms"), facts(role, channel="sms", refusals=(stop,))) is Outcome.BLOCK
    assert outcome(rule_id, request("sms"), facts(role, channel="sms")) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "role", "region"), [("regf.medium", COLLECTOR, "WI"), ("nyc.medium", CREDITOR, "NYC")]
)
def test_refused_media(rule_id: str, role: str, region: str) -> None:
    stop_calling = Refusal(SOME_ID, Channel.PHONE, LONG_AGO)
    assert outcome(rule_id, request(), facts(role, region, refusals=(stop_calling,))) is Outcome.BLOCK
    assert outcome(rule_id, request("letter"), facts(role, region, "letter", refusals=(stop_calling,))) is Outcome.ALLOW


def test_from_2027_a_text_that_says_stop_ends_automated_calls_too() -> None:
    """tcpa.revoke_all."""
    stop = Refusal(SOME_ID, Channel.SMS, LONG_AGO, SOME_ID, is_opt_out=True)
    known = facts(CREDITOR, refusals=(stop,))
    robot = request(traits=frozenset({Trait.PRERECORDED}), at=datetime(2027, 1, 30, 18, tzinfo=UTC))
    assert answer("tcpa.revoke_all", robot, known) is None
    assert outcome("tcpa.revoke_all", replace(robot, at=robot.at + DAY), known) in STOPPED
    assert answer("tcpa.revoke_all", request(at=robot.at + DAY), known) is None


@pytest.mark.parametrize(
    ("rule_id", "role", "region", "changes", "scope", "given_to"),
    [
        ("tcpa.automated", "repossessor", "WI", {"traits": frozenset({Trait.AUTOMATED})}, "automated", "creditor"),
        ("nyc.electronic_consent", CREDITOR, "NYC", {"channel": Channel.SMS}, "electronic", "collector"),
        ("dc.electronic_consent", CREDITOR, "DC", {"channel": Channel.EMAIL}, "electronic", "collector"),
    ],
)
def test_consents(*, rule_id: str, role: str, region: str, changes: dict[str, Any], scope: str, given_to: str) -> None:
    asked = request(**changes)
    known = facts(role, region, asked.channel)
    consent = Consent(SOME_ID, scope, LONG_AGO, given_to)
    assert outcome(rule_id, asked, known) in STOPPED
    assert outcome(rule_id, asked, replace(known, consents=(consent,))) is Outcome.ALLOW
    revoked = replace(consent, revoked_at=NOON - DAY)
    assert outcome(rule_id, asked, replace(known, consents=(revoked,))) in STOPPED


@pytest.mark.parametrize(
    ("rule_id", "trait"),
    [
        ("regf.mail.postcard", Trait.POSTCARD),
        ("regf.mail.envelope", Trait.MARKED_ENVELOPE),
        ("regf.social", Trait.PUBLIC),
    ],
)
def test_ways_of_writing(rule_id: str, trait: Trait) -> None:
    known = facts(CREDITOR, channel="letter")
    assert outcome(rule_id, request("letter", traits=frozenset({trait})), known) is Outcome.BLOCK
    assert outcome(rule_id, request("letter"), known) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "role", "kind", "is_written", "is_whole", "expected"),
    [
        ("regf.dispute", COLLECTOR, "fdcpa_validation", True, True, Outcome.BLOCK),
        ("regf.dispute_part", COLLECTOR, "fdcpa_validation", True, False, Outcome.NEEDS_REVIEW),
        ("regf.original_creditor", COLLECTOR, "original_creditor_request", True, True, Outcome.BLOCK),
        ("policy.dispute_any", CREDITOR, "fcra_direct", False, True, Outcome.NEEDS_REVIEW),
    ],
)
def test_disputes(*, rule_id: str, role: str, kind: str, is_written: bool, is_whole: bool, expected: Outcome) -> None:
    dispute = Dispute(SOME_ID, DEBT, kind, LONG_AGO, is_written, is_whole)
    assert outcome(rule_id, request(), facts(role, disputes=(dispute,))) is expected
    answered = replace(dispute, answered_at=NOON - DAY)
    assert outcome(rule_id, request(), facts(role, disputes=(answered,))) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "role", "region", "channel", "label", "limit", "days"),
    [
        ("regf.call_freq.7in7", CREDITOR, "WI", "phone", "mobile", 7, 7),
        ("ma.ag.calls_7d", CREDITOR, "MA", "sms", "mobile", 2, 7),
        ("ma.ag.calls_30d", CREDITOR, "MA", "phone", "work", 2, 30),
        ("ma.dob.calls_7d", COLLECTOR, "MA", "phone", "home", 2, 7),
        ("ma.dob.calls_30d", COLLECTOR, "MA", "voicemail", "other", 2, 30),
        ("ma.ag.visits", CREDITOR, "MA", "in_person", "home", 1, 30),
        ("ma.dob.visits", COLLECTOR, "MA", "in_person", "home", 1, 30),
        ("nyc.contacts_7d", CREDITOR, "NYC", "email", None, 3, 7),
        ("dc.calls_7d", CREDITOR, "DC", "phone", "mobile", 4, 7),
        ("dc.messages_7d", CREDITOR, "DC", "email", None, 5, 7),
        ("wa.contacts_7d", COLLECTOR, "WA", "letter", "home", 3, 7),
        ("wa.work_7d", COLLECTOR, "WA", "phone", "work", 1, 7),
        ("wv.calls_7d", COLLECTOR, "WV", "phone", "mobile", 30, 7),
        ("policy.max_per_day", CREDITOR, "WI", "phone", "mobile", 3, 1),
        ("policy.messages_7d", CREDITOR, "WI", "email", None, 3, 7),
        ("policy.visits_30d", CREDITOR, "WI", "in_person", "home", 1, 30),
    ],
)
def test_limits(
    *, rule_id: str, role: str, region: str, channel: str, label: str | None, limit: int, days: int
) -> None:
    kind = {"email": "email", "letter": "address", "in_person": "address"}.get(channel, "phone")
    point = ContactPoint(POINT, kind, label)
    code = {"email": "email_sent", "sms": "sms_sent", "letter": "letter_sent"}.get(channel, "no_answer")

    def after(count: int, *, days_later: int = 0) -> Outcome:
        made = attempts(channel, [NOON - timedelta(minutes=10 * nth) for nth in range(1, count + 1)], code)
        asked = request(channel, at=NOON + days_later * DAY)
        return outcome(rule_id, asked, facts(role, region, channel, contact_points=(point,), attempts=made))

    assert after(limit - 1) is Outcome.ALLOW
    assert after(limit) is Outcome.BLOCK_UNTIL
    assert after(limit, days_later=days - 1) is (Outcome.BLOCK_UNTIL)
    assert after(limit, days_later=days) is Outcome.ALLOW


@pytest.mark.parametrize(
    ("rule_id", "role", "region", "channel"),
    [
        ("nyc.contacts_7d", CREDITOR, "NYC", "letter"),
        ("dc.messages_7d", CREDITOR, "DC", "email"),
        ("policy.messages_7d", CREDITOR, "WI", "email"),
        ("policy.messages_7d", CREDITOR, "WI", "sms"),
        ("policy.visits_30d", CREDITOR, "WI", "in_person"),
    ],
)
def test_what_did_not_leave_counts_against_no_limit(rule_id: str, role: str, region: str, channel: str) -> None:
    """A mail server that was down, a gateway that answered 429: nobody was contacted. A failed call was placed."""
    moments = [NOON - timedelta(minutes=10 * nth) for nth in range(1, 8)]
    known = facts(role, region, channel, attempts=attempts(channel, moments, "network_failure"))
    assert outcome(rule_id, request(channel), known) is Outcome.ALLOW
    called = facts(CREDITOR, "NYC", attempts=attempts("phone", moments, "network_failure"))
    assert outcome("nyc.contacts_7d", request(), called) is Outcome.BLOCK_UNTIL


@pytest.mark.parametrize(
    ("rule_id", "region", "talks", "days"),
    [("regf.call_freq.cooldown", "WI", 1, 7), ("wv.conversations_7d", "WV", 10, 7)],
)
def test_conversations(rule_id: str, region: str, talks: int, days: int) -> None:
    moments = [NOON - timedelta(minutes=10 * nth) for nth in range(1, talks + 1)]
    known = facts(region=region, attempts=attempts("phone", moments, "rpc_refused", debts_discussed=(DEBT,)))
    assert outcome(rule_id, request(at=NOON + (days - 1) * DAY), known) is Outcome.BLOCK_UNTIL
    assert outcome(rule_id, request(at=NOON + days * DAY), known) is Outcome.ALLOW
    assert outcome(rule_id, request(), facts(region=region)) is Outcome.ALLOW


def test_new_york_city_counts_from_september_2026() -> None:
    """nyc.contacts_7d: the same facts on 31 August and on 1 September."""
    last_day = datetime(2026, 8, 31, 16, 0, tzinfo=UTC)
    made = attempts("letter", [last_day - timedelta(minutes=nth) for nth in (1, 2, 3)], "letter_sent")
    known = facts(CREDITOR, "NYC", "letter", attempts=made)
    assert answer("nyc.contacts_7d", request("letter", at=last_day), known) is None
    assert decided(request("letter", at=last_day), known).is_allowed
    assert outcome("nyc.contacts_7d", request("letter", at=last_day + DAY), known) is Outcome.BLOCK_UNTIL


@pytest.mark.parametrize(
    "debt",
    [
        Debt(DEBT, "open", "credit_card", is_consumer=True, days_past_due=30),
        Debt(DEBT, "open", "mortgage", is_consumer=True, days_past_due=90),
        Debt(DEBT, "open", "closed_end_loan", is_consumer=True, days_past_due=90, secured_by="motor_vehicle"),
    ],
)
def test_the_district_leaves_young_debts_mortgages_and_car_loans_alone(debt: Debt) -> None:
    """dc.calls_7d, dc.messages_7d, dc.electronic_consent."""
    for rule_id, channel in (
        ("dc.calls_7d", "phone"),
        ("dc.messages_7d", "email"),
        ("dc.electronic_consent", "email"),
    ):
        assert outcome(rule_id, request(channel), facts(CREDITOR, "DC", channel, debts=(debt,))) is Outcome.ALLOW


def test_commercial_debts_are_outside_regulation_f() -> None:
    debt = Debt(DEBT, "open", "commercial", is_consumer=False, days_past_due=40)
    known = facts(debts=(debt,), attempts=attempts("phone", [NOON - nth * DAY for nth in range(7)]))
    assert outcome("regf.call_freq.7in7", request(), known) is Outcome.ALLOW


def test_a_consumer_of_unknown_state_is_looked_at_first() -> None:
    """policy.jurisdiction."""
    assert outcome("policy.jurisdiction", request(), facts(CREDITOR, locations=())) is Outcome.NEEDS_REVIEW
    assert outcome("policy.jurisdiction", request(), facts(CREDITOR)) is Outcome.ALLOW


@pytest.mark.parametrize("status", ["paid", "settled", "sold", "discharged", "closed"])
def test_what_is_no_longer_owed_is_not_collected(status: str) -> None:
    """policy.debt_collectable."""
    debt = Debt(DEBT, status, "credit_card", is_consumer=True)
    assert outcome("policy.debt_collectable", request(), facts(CREDITOR, debts=(debt,))) is Outcome.BLOCK
    assert outcome("policy.debt_collectable", request(), facts(CREDITOR)) is Outcome.ALLOW


def test_a_number_that_is_anothers_is_not_called() -> None:
    """policy.contact_point."""
    wrong = ContactPoint(POINT, "phone", "mobile", wrong_since=LONG_AGO)
    assert outcome("policy.contact_point", request(), facts(CREDITOR, contact_points=(wrong,))) in STOPPED
    assert outcome("policy.contact_point", request(), facts(CREDITOR)) is Outcome.ALLOW
    assert outcome("policy.contact_point", request(contact_point_id=None), facts(CREDITOR)) is Outcome.NEEDS_REVIEW


def test_a_number_that_was_said_to_be_anothers_and_then_verified_is_called_again() -> None:
    """policy.contact_point."""
    for verified_at, is_called in ((LONG_AGO - DAY, False), (LONG_AGO + DAY, True), (NOON + DAY, False)):
        point = ContactPoint(POINT, "phone", "mobile", wrong_since=LONG_AGO, verified_at=verified_at)
        found = outcome("policy.contact_point", request(), facts(CREDITOR, contact_points=(point,)))
        assert (found is Outcome.ALLOW) == is_called, verified_at


def test_no_call_while_the_last_has_no_outcome() -> None:
    """policy.open_attempt."""
    [done] = attempts("phone", [NOON - DAY])
    assert outcome("policy.open_attempt", request(), facts(CREDITOR, attempts=(done,))) is Outcome.ALLOW
    still_open = replace(done, result_code=None)
    assert outcome("policy.open_attempt", request(), facts(CREDITOR, attempts=(still_open,))) in STOPPED


def test_five_minutes_pass_between_calls_that_nobody_answers() -> None:
    """policy.min_gap."""

    def after(minutes: int) -> Outcome:
        made = attempts("phone", [NOON - timedelta(minutes=minutes)])
        return outcome("policy.min_gap", request(), facts(CREDITOR, attempts=made))

    assert after(4) is Outcome.BLOCK_UNTIL
    assert after(6) is Outcome.ALLOW


def test_a_creditor_switches_a_policy_off_and_no_law() -> None:
    off = frozenset({"policy.cease_oral", "regf.call_freq.7in7", "bk.stay"})
    calls = attempts("phone", [NOON - timedelta(minutes=10 * nth) for nth in range(1, 8)])
    for role, is_law in ((CREDITOR, False), (COLLECTOR, True)):
        known = facts(role, attempts=calls, restrictions=(Restriction(SOME_ID, "bankruptcy_stay", LONG_AGO),))
        assert known.creditor is not None
        known = replace(known, creditor=replace(known.creditor, policies_off=off))
        assert (outcome("regf.call_freq.7in7", request(), known) in STOPPED) is is_law
        assert outcome("bk.stay", request(), known) is Outcome.BLOCK


@pytest.mark.parametrize(
    ("role", "bound_by"),
    [
        (CREDITOR, {"bk", "tcpa", "ma.ag", "nyc", "dc", "ca"}),
        ("servicer", {"bk", "tcpa", "ma.ag", "nyc", "dc", "ca"}),
        (COLLECTOR, {"regf", "bk", "tcpa", "ma.dob", "nyc", "dc", "wa", "wv", "ca"}),
        ("debt_buyer", {"regf", "bk", "tcpa", "ma.dob", "nyc", "dc", "wa", "wv", "ca"}),
        ("attorney", {"regf", "bk", "tcpa", "ma.dob", "nyc", "dc", "wv", "ca"}),
        ("repossessor", {"bk", "tcpa"}),
    ],
)
def test_which_law_binds_a_role(role: str, bound_by: set[str]) -> None:
    """12 CFR 1006.2(i); the state rules by whom they name. regf.lcm is policy, ca.license_number for the licensed."""
    law = {rule.rule_id for rule in BOOK.rules if rule.status == "active" and rule.force(Role(role)) == "law"}
    families = {".".join(rule_id.split(".")[: 2 if rule_id.startswith("ma.") else 1]) for rule_id in law}
    assert families == bound_by
    assert ("ca.license_number" in law) is (role in {COLLECTOR, "debt_buyer", "attorney"})
    if "regf" in bound_by:
        all_of_it = {rule.rule_id for rule in BOOK.rules if rule.rule_id.startswith("regf.")}
        assert all_of_it - law == {"regf.lcm"}


@pytest.mark.parametrize("role", [CREDITOR, "servicer"])
def test_what_would_be_false_or_needless_for_a_creditor_is_off(role: str) -> None:
    off = {rule.rule_id for rule in BOOK.rules if rule.rule_id.startswith("regf.") and rule.force(Role(role)) == "off"}
    assert off == {
        "regf.disclose.initial",
        "regf.disclose.first_written",
        "regf.disclose.subsequent",
        "regf.disclose.language",
        "regf.email.basis",
        "regf.sms.basis",
        "regf.dispute",
        "regf.dispute_part",
        "regf.original_creditor",
    }


def test_what_the_consumer_begins_is_not_forbidden() -> None:
    known = facts(restrictions=(Restriction(SOME_ID, "cease", LONG_AGO, is_written=True),))
    inbound = decided(request(direction=Direction.INBOUND), known)
    assert inbound.is_allowed
    assert inbound.disclosures == ("debt_collection_initial",)


def test_rules_are_those_of_the_day_of_the_attempt() -> None:
    before = request(at=datetime(2021, 11, 29, 18, tzinfo=UTC))
    assert answer("regf.call_freq.7in7", before, facts()) is None
    assert answer("regf.call_freq.7in7", replace(before, at=before.at + DAY), facts()) is not None
    assert date(2021, 11, 30) == (before.at + DAY).date()


def test_a_text_of_the_consumer_has_its_one_answer_without_another_basis() -> None:
    """12 CFR 1006.6(d)(5); comment 6(b)(1)-2: one answer to each, by the same medium."""
    reply = request("sms", purpose=Purpose.REPLY)
    texted = attempts("sms", [NOON - timedelta(hours=1)], "inbound_message", direction=Direction.INBOUND)
    answered = attempts("sms", [NOON - timedelta(minutes=5)], "sms_sent", purpose=Purpose.REPLY)
    silent = facts(channel="sms")
    assert outcome("regf.sms.basis", reply, silent) in STOPPED
    assert outcome("regf.sms.basis", reply, replace(silent, attempts=texted)) is Outcome.ALLOW
    assert outcome("regf.sms.basis", request("sms"), replace(silent, attempts=texted)) in STOPPED
    assert outcome("regf.sms.basis", reply, replace(silent, attempts=texted + answered)) in STOPPED
