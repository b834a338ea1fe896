"""The checker of contacts, on made-up rows: it is silent about a lawful history, and names each thing that is wrong."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
            "creditor": [
                {"creditor_id": CREDITOR, "kind": "third_party_collector", "time_zone": "America/New_York"}
            ],
            "party": [{"party_id": PARTY, "region": "OH"}],
            "account": [{"account_id": DEBT, "product_class": "closed_end_loan"}],
        }  # fmt: skip
        self.messages: dict[str, list[Message]] = {"contact.attempted": [], "contact.completed": []}

    def contacted(self, at: datetime = NOON, result: str | None = "no_answer", **facts: Any) -> Row:
        """Contact the member, lawfully told and counted."""
        row = {
            "attempt_id": uuid4(), "permit_id": uuid4(), "creditor_id": CREDITOR, "party_id": PARTY,
            "account_ids": [DEBT], "direction": "outbound", "channel": "phone", "purpose": "collection",
            "contact_point_id": PHONE, "value": "+12125550134", "placed_at": at, "completed_at": at,
            "result_code": result, "debts_discussed": [DEBT] if (result or "").startswith("rpc_") else [],
        } | facts  # fmt: skip
        self.contact["attempt"].append(row)
        self.compliance["attempt"].append(row)
        same = ("permit_id", "party_id", "channel", "contact_point_id", "account_ids")
        permit = {name: row[name] for name in same} | {"outcome": "allow", "state": "placed", "reserved_at": at}
        self.compliance["permit"].append(permit | {"expires_at": at + timedelta(minutes=2)})
        for topic in self.messages:
            self.messages[topic].append(
                Message(topic, 0, 0, 0, str(uuid4()), None, {"attempt_id": str(row["attempt_id"])})
            )
        return row

    def restricted(self, kind: str, at: datetime, **facts: Any) -> None:
        self.compliance["restriction"].append(
            {
                "party_id": PARTY, "account_ids": [], "kind": kind, "placed_at": at, "effective_at": at,
                "lifted_at": None, "ends_on": None, "citation": "12 CFR 1006.6(c)(1)",
            } | facts
        )  # fmt: skip

    def consented(self, purpose: str, at: datetime) -> None:
        self.compliance["consent"].append(
            {"party_id": PARTY, "purpose": purpose, "channel": "any", "granted_at": at, "revoked_at": None}
        )

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


def _wrong_number(past: Past) -> None:
    standing = {"contact_point_id": PHONE, "invalid_at": NOON, "invalid_reason": "wrong_number", "verified_at": None}
    past.contact["standing"].append(standing)
    past.contacted(NOON + timedelta(days=1))


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
    (_wrong_number, "contact: none: wrong_number since"),
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
