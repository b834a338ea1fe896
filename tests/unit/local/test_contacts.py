"""The checker of contacts, on made-up rows: it is silent about a lawful history, and names each thing that is wrong."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.books.difference import Check
from deploy.local.books.topics import History, Message
from deploy.local.contacts.facts import Facts
from deploy.local.contacts.verify import check_all
from deploy.local.contacts.wishes import FORBIDS

NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)
"""In New York, after the clocks were put forward on the eighth."""
CREDITOR, PARTY, DEBT = uuid4(), uuid4(), uuid4()
PHONE = uuid4()
Row = dict[str, Any]


class Past:
    """What was stored of one member of a third-party collector in Ohio, with a number in New York."""

    def __init__(self) -> None:
        self.contact: dict[str, list[Row]] = {"attempt": [], "message": [], "standing": [], "opt_out": []}
        self.contact["outbox"] = [{"waiting": 0, "now": NOON + timedelta(days=30)}]
        self.compliance: dict[str, list[Row]] = {
            "attempt": [], "permit": [], "restriction": [], "representation": [], "consent": [], "switch": [],
            "preference": [], "point_mark": [],
            "creditor": [
                {"creditor_id": CREDITOR, "kind": "third_party_collector", "time_zone": "America/New_York"}
            ],
            "party": [{"party_id": PARTY, "region": "OH", "postal_code": "43085"}],
            "account": [
                {"account_id": DEBT, "product_class": "closed_end_loan", "oldest_unpaid_due_on": date(2026, 2, 1)}
            ],
        }  # fmt: skip
        self.messages: dict[str, list[Message]] = {"contact.attempted": [], "contact.completed": []}

    def contacted(self, at: datetime = NOON, result: str | None = "no_answer", **facts: Any) -> Row:
        """Contact the member, lawfully told and counted."""
        row = {
            "attempt_id": uuid4(), "permit_id": uuid4(), "creditor_id": CREDITOR, "party_id": PARTY,
            "account_ids": [DEBT], "direction": "outbound", "channel": "phone", "purpose": "collection",
            "contact_point_id": PHONE, "value": "+12125550134", "label": "mobile", "placed_at": at, "completed_at": at,
            "result_code": result, "debts_discussed": [DEBT] if (result or "").startswith("rpc_") else [],
        } | facts  # fmt: skip
        self.contact["attempt"].append(row)
        self.compliance["attempt"].append(row)
        same = ("permit_id", "party_id", "channel", "contact_point_id", "account_ids", "purpose")
        permit = {name: row[name] for name in same} | {"outcome": "allow", "state": "placed", "reserved_at": at}
        self.compliance["permit"].append(permit | {"expires_at": at + timedelta(minutes=2)})
        for topic in ("contact.attempted", "contact.completed"):
            self.told(topic, at, attempt_id=row["attempt_id"])
        return row

    def told(self, topic: str, sent_at: datetime, **body: Any) -> None:
        """Publish something."""
        texts = {key: value.isoformat() if isinstance(value, datetime) else str(value) for key, value in body.items()}
        message = Message(topic, 0, 0, int(sent_at.timestamp() * 1000), str(uuid4()), None, texts)
        self.messages.setdefault(topic, []).append(message)

    def wrong_since(self, at: datetime, reason: str = "wrong_number") -> None:
        """Learn that the number is no good. The topic tells all that was learnt, the row the latest."""
        self._stands(invalid_at=at, invalid_reason=reason)
        self.told("contact_point.invalidated", at, contact_point_id=PHONE, reason=reason, at=at)

    def right_since(self, at: datetime) -> None:
        """Learn that the number is the member's."""
        self._stands(verified_at=at)
        self.told("contact_point.verified", at, contact_point_id=PHONE, verified_at=at)

    def _stands(self, **facts: Any) -> None:
        never = {"invalid_at": None, "invalid_reason": None, "verified_at": None}
        row = self.contact["standing"].pop() if self.contact["standing"] else {"contact_point_id": PHONE} | never
        self.contact["standing"].append(row | facts)

    def restricted(self, kind: str, at: datetime, **facts: Any) -> None:
        self.compliance["restriction"].append(
            {
                "restriction_id": uuid4(), "party_id": PARTY, "account_ids": [], "kind": kind, "placed_at": at,
                "effective_at": at, "lifted_at": None, "ends_on": None, "is_written": True,
                "citation": "12 CFR 1006.6(c)(1)",
            } | facts
        )  # fmt: skip

    def consented(self, purpose: str, at: datetime, **facts: Any) -> None:
        self.compliance["consent"].append(
            {
                "party_id": PARTY, "purpose": purpose, "channel": "any", "granted_at": at, "revoked_at": None,
                "account_ids": [], "contact_point_id": None, "starts_on": None, "ends_on": None, "basis": "direct",
                "recorded_at": at,
            } | facts
        )  # fmt: skip

    def refused(self, channel: str, at: datetime, **facts: Any) -> None:
        self.consented("contact", at, channel=channel, granted_at=None, revoked_at=at, basis="refused", **facts)

    def inconvenient(self, at: datetime, **facts: Any) -> None:
        """Call the hour from 12 to 13 inconvenient, on every day."""
        terms = {"weekdays": list(range(7)), "start_minute": 720, "end_minute": 780, "until_on": None}
        self.compliance["preference"].append(
            {
                "party_id": PARTY, "kind": "inconvenient_time", "known_at": at, "recorded_at": at, "ends_at": None,
                "withdrawn_at": None, "terms": terms | facts,
            }
        )  # fmt: skip

    def off(self, rule: str) -> None:
        """Switch a policy off."""
        self.compliance["switch"].append({"creditor_id": CREDITOR, "rule_id": rule, "is_on": False})

    def checks(self) -> list[Check]:
        return check_all(Facts(self.contact, self.compliance, History(self.messages, is_whole=True)))

    def wrong(self) -> list[str]:
        """The words of each difference."""
        return [f"{one.field}: {one.expected}: {one.found}" for check in self.checks() for one in check.differences]


def test_nothing_is_said_of_a_history_in_which_every_rule_was_kept() -> None:
    past = Past()
    for day in range(6):
        past.contacted(NOON + timedelta(days=day))
    past.contacted(NOON + timedelta(days=6), "rpc_promise")
    past.contacted(NOON + timedelta(days=13))
    past.restricted("cease", NOON + timedelta(days=14))
    past.contacted(NOON + timedelta(days=15), purpose="required_notice", channel="letter", value="1 High Street")
    assert past.wrong() == []


def _no_permit(past: Past) -> None:
    past.contacted()["permit_id"] = uuid4()


def _for_another(past: Past) -> None:
    past.contacted()
    past.compliance["permit"][0]["party_id"] = uuid4()


def _not_kept(past: Past) -> None:
    past.contacted()
    past.compliance["permit"][0]["state"] = "reserved"


def _late(past: Past) -> None:
    past.contacted()["placed_at"] = NOON + timedelta(minutes=3)


def _refused(past: Past) -> None:
    past.contacted()
    past.compliance["permit"][0]["outcome"] = "block"


def _twice(past: Past) -> None:
    permit_id = past.contacted()["permit_id"]
    past.contacted(permit_id=permit_id)


def _uncounted(past: Past) -> None:
    past.contacted()
    past.compliance["attempt"].clear()


def _counted_otherwise(past: Past) -> None:
    known = past.contacted()
    past.compliance["attempt"] = [known | {"result_code": "busy"}]


def _outcome_told_twice(past: Past) -> None:
    past.contacted()
    past.messages["contact.completed"] *= 2


def _untold(past: Past) -> None:
    past.contacted()
    past.messages["contact.attempted"].clear()


def _eighth(past: Past) -> None:
    for hour in range(8):
        past.contacted(NOON + timedelta(hours=18 * hour - 0.2 * hour))


def _too_soon(past: Past) -> None:
    past.contacted(NOON, "rpc_refused")
    past.contacted(NOON + timedelta(days=6, hours=11, minutes=59))


def _at_night(past: Past) -> None:
    past.contacted(datetime(2026, 3, 12, 1, 0, tzinfo=UTC))


def _before_eight_further_west(past: Past) -> None:
    past.compliance["party"][0]["region"] = "CA"
    past.contacted(datetime(2026, 3, 11, 14, 59, tzinfo=UTC))


def _after_a_cease(past: Past) -> None:
    past.restricted("cease", NOON - timedelta(minutes=1))
    past.contacted()


def _on_the_last_day_of_a_hold(past: Past) -> None:
    past.restricted("disaster", NOON - timedelta(days=9), ends_on=NOON.date())
    past.contacted()


def _represented(past: Past) -> None:
    past.restricted("attorney", NOON - timedelta(minutes=1), account_ids=[DEBT])
    past.contacted()


def _bankrupt(past: Past) -> None:
    past.restricted("bankruptcy_stay", NOON - timedelta(minutes=1))
    past.contacted(channel="letter", value="1 High Street")


def _opted_out(past: Past) -> None:
    past.contact["opt_out"].append({"contact_point_id": PHONE, "channel": "sms", "opted_out_at": NOON})
    past.contacted(NOON + timedelta(seconds=1), "sms_sent", channel="sms")


def _voicemail_after_calls_were_refused(past: Past) -> None:
    past.contact["opt_out"].append({"contact_point_id": PHONE, "channel": "phone", "opted_out_at": NOON})
    past.contacted(NOON + timedelta(seconds=1), "voicemail_no_message", channel="voicemail")


def _confirmed(past: Past, after: timedelta) -> None:
    past.contact["opt_out"].append({"contact_point_id": PHONE, "channel": "sms", "opted_out_at": NOON})
    past.contacted(NOON + after, "sms_sent", channel="sms", purpose="reply")


def _confirmed_late(past: Past) -> None:
    _confirmed(past, timedelta(minutes=5, seconds=1))


def _confirmed_twice(past: Past) -> None:
    _confirmed(past, timedelta(seconds=2))
    _confirmed(past, timedelta(seconds=9))


def test_one_text_may_confirm_an_opt_out_within_five_minutes() -> None:
    past = Past()
    _confirmed(past, timedelta(minutes=5))
    assert past.wrong() == []


def test_what_did_not_leave_has_confirmed_no_opt_out() -> None:
    past = Past()
    _confirmed(past, timedelta(seconds=2))
    past.contact["attempt"][0]["result_code"] = "network_failure"
    past.contacted(NOON + timedelta(seconds=17), "sms_sent", channel="sms", purpose="reply")
    assert past.wrong() == []


def _texted_after(past: Past, agreed: timedelta, *refused: timedelta) -> None:
    """A text an hour after NOON, at which the number was refused for the first time."""
    for each in (timedelta(), *refused):
        past.contact["opt_out"].append({"contact_point_id": PHONE, "channel": "sms", "opted_out_at": NOON + each})
    past.consented("contact", NOON + agreed, channel="sms")
    past.contacted(NOON + timedelta(hours=1), "sms_sent", channel="sms")


def test_an_opt_out_that_the_person_has_taken_back_stops_nothing() -> None:
    past = Past()
    _texted_after(past, timedelta(minutes=30))
    assert past.wrong() == []


def _refused_again(past: Past) -> None:
    _texted_after(past, timedelta(minutes=30), timedelta(minutes=45))


def test_each_opt_out_may_be_confirmed() -> None:
    past = Past()
    _confirmed(past, timedelta(seconds=2))
    past.consented("contact", NOON + timedelta(minutes=30), channel="sms")
    past.contact["opt_out"].append(
        {"contact_point_id": PHONE, "channel": "sms", "opted_out_at": NOON + timedelta(hours=1)}
    )
    past.contacted(NOON + timedelta(hours=1, seconds=2), "sms_sent", channel="sms", purpose="reply")
    assert past.wrong() == []


def _wrong_number(past: Past) -> None:
    standing = {"contact_point_id": PHONE, "invalid_at": NOON, "invalid_reason": "wrong_number", "verified_at": None}
    past.contact["standing"].append(standing)
    past.contacted(NOON + timedelta(days=1))


def _wrong_number_that_is_verified_later(past: Past) -> None:
    past.wrong_since(NOON)
    past.contacted(NOON + timedelta(hours=1))
    past.right_since(NOON + timedelta(hours=2))


def _wrong_number_that_is_marked_again_later(past: Past) -> None:
    past.wrong_since(NOON)
    past.contacted(NOON + timedelta(hours=1))
    past.wrong_since(NOON + timedelta(hours=2))


def _called_before_the_day_that_was_asked_for(past: Past) -> None:
    past.contacted(NOON, "rpc_callback")
    monday = (NOON + timedelta(days=5)).date()
    past.consented("call_frequency", NOON, starts_on=monday, ends_on=monday, account_ids=[DEBT])
    past.contacted(NOON + timedelta(days=2))


def _called_about_another_debt_than_was_asked_for(past: Past) -> None:
    past.contacted(NOON, "rpc_callback")
    past.consented("call_frequency", NOON, account_ids=[uuid4()])
    past.contacted(NOON + timedelta(days=1))


def _called_after_the_consent_was_revoked(past: Past) -> None:
    past.contacted(NOON, "rpc_callback")
    past.consented("call_frequency", NOON, revoked_at=NOON + timedelta(hours=1))
    past.contacted(NOON + timedelta(days=1))


def _called_after_the_talk_that_was_asked_for(past: Past) -> None:
    past.consented("call_frequency", NOON)
    past.contacted(NOON + timedelta(days=1), "rpc_refused")
    past.contacted(NOON + timedelta(days=2))


def _eight_to_a_number_that_does_not_answer_any_more(past: Past) -> None:
    _eighth(past)
    past.wrong_since(NOON + timedelta(days=6), "bounced")


def _eight_to_a_number_that_is_found_wrong_later(past: Past) -> None:
    _eighth(past)
    past.wrong_since(NOON + timedelta(days=20))


def _voicemail_after_an_opt_out(past: Past) -> None:
    past.contact["opt_out"].append({"contact_point_id": PHONE, "channel": "phone", "opted_out_at": NOON})
    past.contacted(NOON + timedelta(seconds=1), "voicemail_lcm", channel="voicemail")


def _refused_medium(past: Past) -> None:
    past.refused("phone", NOON - timedelta(minutes=1))
    past.contacted(channel="voicemail")


def _refused_number(past: Past) -> None:
    past.refused("any", NOON - timedelta(minutes=1), contact_point_id=PHONE)
    past.contacted()


def _refused_after_consenting(past: Past) -> None:
    past.consented("contact", NOON - timedelta(days=9))
    past.refused("phone", NOON - timedelta(minutes=1))
    past.contacted()


def _written_cease_without_the_policy(past: Past) -> None:
    past.off("policy.cease_oral")
    _after_a_cease(past)


def _stay_of_a_codebtor(past: Past) -> None:
    past.restricted("bankruptcy_stay", NOON - timedelta(minutes=1), party_id=uuid4(), account_ids=[DEBT])
    past.contacted()


def _dispute_of_a_codebtor_that_was_told(past: Past) -> None:
    past.restricted("dispute_hold", NOON - timedelta(minutes=1), party_id=uuid4())
    held = past.compliance["restriction"][0]["restriction_id"]
    past.told("restriction.placed", NOON - timedelta(minutes=1), restriction_id=held, account_id=DEBT)
    past.contacted()


def _policy_of_who_repossesses(past: Past) -> None:
    past.compliance["creditor"][0]["kind"] = "repossessor"
    _on_the_last_day_of_a_hold(past)


def _policy_for_a_commercial_debt(past: Past) -> None:
    past.compliance["account"][0]["product_class"] = "commercial"
    _on_the_last_day_of_a_hold(past)


def _for_another_purpose(past: Past) -> None:
    past.contacted()
    past.compliance["permit"][0]["purpose"] = "service"


def _fourth_in_the_city(past: Past) -> None:
    past.compliance["party"] = [{"party_id": PARTY, "region": "NY", "postal_code": "11201-1234"}]
    for day, channel in enumerate(("letter", "email", "letter", "letter")):
        at = datetime(2026, 9, 2, 16, tzinfo=UTC) + timedelta(days=2 * day)
        past.contacted(at, f"{channel}_sent", channel=channel, contact_point_id=uuid4(), value="1 High Street")


def _third_in_massachusetts(past: Past) -> None:
    for day, channel in enumerate(("phone", "sms", "phone")):
        past.contacted(NOON + timedelta(days=3 * day), channel=channel, value="+16175550134")


def _at_an_inconvenient_time(past: Past) -> None:
    past.inconvenient(NOON - timedelta(days=1))
    past.contacted()


def _stuck(past: Past) -> None:
    message = {"message_id": uuid4(), "status": "sending", "lease_until": NOON, "next_try_at": None}
    past.contact["message"].append(message | {"queued_at": NOON})


BROKEN: list[tuple[Callable[[Past], None], str]] = [
    (_no_permit, "permit: one that compliance gave: none"),
    (_for_another, "permit: for this contact"),
    (_not_kept, "permit: kept as placed"),
    (_counted_otherwise, "result: no_answer: busy"),
    (_outcome_told_twice, "contact.completed: 1: 2"),
    (_on_the_last_day_of_a_hold, "contact: none: disaster since"),
    (_late, "placed before it expired"),
    (_refused, "given by a decision that allows"),
    (_twice, "used once: used 2 times"),
    (_uncounted, "attempt: counted by compliance: nothing"),
    (_untold, "contact.attempted: 1: 0"),
    (_eighth, "at most seven in seven days: the eighth since"),
    (_too_soon, "after the seventh day: talked on"),
    (_at_night, "from 8:00 to 21:00: 21:00 in America/New_York"),
    (_before_eight_further_west, "07:59 in America/Los_Angeles"),
    (_after_a_cease, "contact: none: cease since"),
    (_represented, "contact: none: attorney since"),
    (_bankrupt, "contact: none: bankruptcy_stay since"),
    (_opted_out, "contact: none: opted out at"),
    (_voicemail_after_calls_were_refused, "contact: none: opted out at"),
    (_confirmed_late, "contact: none: opted out at"),
    (_confirmed_twice, "contact: none: opted out at"),
    (_refused_again, "contact: none: opted out at"),
    (_wrong_number, "contact: none: wrong_number since"),
    (_wrong_number_that_is_verified_later, "contact: none: wrong_number since"),
    (_wrong_number_that_is_marked_again_later, "contact: none: wrong_number since"),
    (_called_before_the_day_that_was_asked_for, "after the seventh day: talked on"),
    (_called_about_another_debt_than_was_asked_for, "after the seventh day: talked on"),
    (_called_after_the_consent_was_revoked, "after the seventh day: talked on"),
    (_called_after_the_talk_that_was_asked_for, "after the seventh day: talked on"),
    (_eight_to_a_number_that_does_not_answer_any_more, "at most seven in seven days: the eighth since"),
    (_eight_to_a_number_that_is_found_wrong_later, "at most seven in seven days: the eighth since"),
    (_voicemail_after_an_opt_out, "contact: none: opted out at"),
    (_refused_medium, "contact: none: refused at"),
    (_refused_number, "contact: none: refused at"),
    (_refused_after_consenting, "contact: none: refused at"),
    (_written_cease_without_the_policy, "contact: none: cease since"),
    (_stay_of_a_codebtor, "contact: none: bankruptcy_stay since"),
    (_dispute_of_a_codebtor_that_was_told, "contact: none: dispute_hold since"),
    (_policy_of_who_repossesses, "contact: none: disaster since"),
    (_policy_for_a_commercial_debt, "contact: none: disaster since"),
    (_for_another_purpose, "permit: for its purpose"),
    (_fourth_in_the_city, "at most three in seven days: the fourth since"),
    (_third_in_massachusetts, "at most two in seven days: the third since"),
    (_at_an_inconvenient_time, "one that is convenient: Wed 12:00 in America/New_York"),
    (_stuck, "status: ended: sending since"),
]


@pytest.mark.parametrize(("break_it", "says"), BROKEN)
def test_each_thing_that_a_rule_forbids_is_named(break_it: Callable[[Past], None], says: str) -> None:
    past = Past()
    break_it(past)
    assert any(says in each for each in past.wrong()), past.wrong()


def test_no_check_is_one_that_nothing_breaks() -> None:
    broken: set[str] = set()
    for break_it, _ in BROKEN:
        past = Past()
        break_it(past)
        broken |= {check.name for check in past.checks() if check.differences}
    assert broken == {check.name for check in Past().checks()}


@pytest.mark.parametrize("purpose", ["collection", "location", "service", "required_notice", "remedy_notice", "reply"])
@pytest.mark.parametrize("kind", sorted(FORBIDS))
def test_each_restriction_forbids_its_purposes_and_no_other(kind: str, purpose: str) -> None:
    past = Past()
    past.restricted(kind, NOON - timedelta(minutes=1))
    past.contacted(purpose=purpose, channel="letter", value="1 High Street")
    assert [f"{kind} since" in each for each in past.wrong()] == [True] * (purpose in FORBIDS[kind])


def test_a_restriction_that_ended_the_day_before_holds_no_more() -> None:
    past = Past()
    past.restricted("disaster", NOON - timedelta(days=9), ends_on=NOON.date() - timedelta(days=1))
    past.contacted()
    assert past.wrong() == []


def test_what_the_facts_leave_open_is_not_named() -> None:
    past = Past()
    # Seven calls, one that did not connect, one with consent to more; a cease that came after the permit.
    for hour in range(7):
        past.contacted(NOON + timedelta(hours=hour / 2))
    past.contacted(NOON + timedelta(hours=4), "busy")
    past.consented("call_frequency", NOON + timedelta(hours=4))
    past.contacted(NOON + timedelta(hours=5))
    past.restricted("cease", NOON + timedelta(hours=5, seconds=1))
    assert past.wrong() == []


def test_a_member_who_agreed_to_any_hour_may_be_called_at_night() -> None:
    past = Past()
    past.consented("time", NOON)
    past.contacted(datetime(2026, 3, 12, 4, 0, tzinfo=UTC))
    assert past.wrong() == []


def test_a_rule_that_does_not_bind_the_creditor_is_not_held_against_it() -> None:
    past = Past()
    past.compliance["creditor"][0]["kind"] = "creditor"
    past.compliance["switch"].append({"creditor_id": CREDITOR, "rule_id": "regf.time.8to21", "is_on": False})
    past.contacted(datetime(2026, 3, 12, 4, 0, tzinfo=UTC))
    assert past.wrong() == []


def test_calls_to_a_number_that_was_learnt_to_be_wrong_count_no_more() -> None:
    past = Past()
    for hour in range(7):
        past.contacted(NOON + timedelta(hours=hour / 2))
    past.wrong_since(NOON + timedelta(hours=4))
    past.contacted(NOON + timedelta(hours=5), contact_point_id=uuid4())
    assert past.wrong() == []


def test_a_number_that_was_verified_after_it_was_wrong_may_be_called() -> None:
    past = Past()
    past.wrong_since(NOON)
    past.right_since(NOON + timedelta(hours=1))
    past.contacted(NOON + timedelta(hours=2))
    assert past.wrong() == []


def test_who_asked_to_be_called_on_a_day_may_be_called_on_it() -> None:
    past = Past()
    past.contacted(NOON, "rpc_callback")
    monday = (NOON + timedelta(days=5)).date()
    past.consented("call_frequency", NOON, starts_on=monday, ends_on=monday, account_ids=[DEBT])
    past.contacted(NOON + timedelta(days=5))
    assert past.wrong() == []


def test_a_refusal_that_is_taken_back_or_is_of_another_medium_or_not_known_yet_stops_nothing() -> None:
    past = Past()
    past.refused("phone", NOON - timedelta(days=2))
    past.consented("contact", NOON - timedelta(days=1))
    past.refused("email", NOON - timedelta(days=1))
    past.refused("phone", NOON - timedelta(hours=1), recorded_at=NOON + timedelta(hours=1))
    past.contacted()
    past.contacted(NOON + timedelta(hours=2), purpose="required_notice", channel="letter", value="1 High Street")
    assert past.wrong() == []


def test_what_is_a_codebtors_own_or_was_told_of_the_debt_later_stops_nobody_else() -> None:
    past = Past()
    past.restricted("cease", NOON - timedelta(minutes=1), party_id=uuid4(), account_ids=[DEBT])
    past.restricted("dispute_hold", NOON - timedelta(minutes=1), party_id=uuid4())
    held = past.compliance["restriction"][1]["restriction_id"]
    past.told("restriction.placed", NOON + timedelta(minutes=1), restriction_id=held, account_id=DEBT)
    past.contacted()
    assert past.wrong() == []


def test_what_was_only_said_is_a_cease_by_policy_alone() -> None:
    past = Past()
    past.off("policy.cease_oral")
    past.restricted("cease", NOON - timedelta(minutes=1), is_written=False)
    past.contacted()
    assert past.wrong() == []


@pytest.mark.parametrize(
    "facts",
    [
        {"oldest_unpaid_due_on": None},
        {"oldest_unpaid_due_on": date(2026, 9, 20)},
        {"product_class": "commercial"},
    ],
)
def test_a_debt_that_is_not_past_due_or_is_commercial_has_no_limit_in_the_city(facts: Row) -> None:
    past = Past()
    past.compliance["account"][0] |= facts
    _fourth_in_the_city(past)
    assert past.wrong() == []


def test_what_did_not_leave_has_no_limit_in_the_city_and_a_call_that_did_not_connect_has() -> None:
    past = Past()
    _fourth_in_the_city(past)
    for row in past.contact["attempt"]:
        row["result_code"] = "network_failure"
    assert past.wrong() == []
    for row in past.contact["attempt"]:
        row["channel"] = "phone"
    assert "contacts: at most three in seven days: the fourth since 2026-09-02 16:00:00" in past.wrong()


def test_the_limit_of_massachusetts_is_for_a_persons_own_numbers_and_seven_days() -> None:
    past = Past()
    for day, label in enumerate(("work", "home", "work", "home", "other")):
        past.contacted(NOON + timedelta(days=day), label=label, value="+16175550134")
    past.contacted(NOON + timedelta(days=8), label="home", value="+16175550134")
    assert past.wrong() == []


def test_a_time_is_convenient_on_other_days_after_it_was_taken_back_and_to_who_agreed_to_it() -> None:
    past = Past()
    past.inconvenient(NOON - timedelta(days=1), weekdays=[3])
    past.inconvenient(NOON - timedelta(days=9), until_on=(NOON - timedelta(days=1)).date().isoformat())
    past.inconvenient(NOON - timedelta(days=1))
    past.compliance["preference"][-1]["withdrawn_at"] = NOON - timedelta(hours=1)
    past.inconvenient(NOON + timedelta(minutes=1))
    past.contacted()
    assert past.wrong() == []
    past.inconvenient(NOON - timedelta(days=1))
    past.consented("time", NOON - timedelta(hours=1))
    assert past.wrong() == []


def test_of_who_has_said_where_they_are_no_hour_is_named() -> None:
    past = Past()
    past.inconvenient(NOON - timedelta(days=1))
    past.compliance["preference"].append(
        past.compliance["preference"][0] | {"kind": "location", "terms": {"region": "HI"}}
    )
    past.contacted()
    past.contacted(datetime(2026, 3, 12, 4, 0, tzinfo=UTC))
    assert past.wrong() == []
