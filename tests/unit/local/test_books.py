"""The checker of the books on a made-up book: it finds nothing in one in order, and names each thing that is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from uuid import UUID

import pytest

from benchmarks.settings import accounts_settings, payments_settings
from deploy.local.books.topics import GROUPS
from shared.settings import ServiceSettings
from tests.unit.local.made_up_books import ACCOUNT, CREDITOR, EVENTS, PAYMENT, MadeUp, message

OTHER_EVENT = EVENTS[5]


@pytest.fixture
def book() -> MadeUp:
    return MadeUp()


def test_nothing_differs_in_a_book_in_order(book: MadeUp) -> None:
    assert book.differences() == []


def test_a_core_payment_that_came_to_nothing_is_lost(book: MadeUp) -> None:
    body = {**book.messages[0].body, "source_ref": "P-2"}
    book.messages.append(message("core.payment.received", 1, body))
    assert book.differences() == [("payment P-2 of the core", "payment", "posted or held", "nothing")]


def test_a_core_payment_sent_twice_is_one(book: MadeUp) -> None:
    book.messages.append(replace(book.messages[0], offset=1))
    assert book.differences() == []


def test_poison_is_a_dead_letter_or_lost(book: MadeUp) -> None:
    book.messages.append(message("core.payment.received", 7, None))
    assert book.differences() == [("message core.payment.received/0@7", "message", "a dead letter", "nothing")]
    parked = {
        "topic": "core.payment.received",
        "partition": 0,
        "offset": 7,
        "produced_at": datetime(1970, 1, 1, tzinfo=UTC),
    }
    book.payments["dead_letter"].append({**parked, "event_id": None, "replayed_at": None})
    assert book.differences() == []


def test_a_core_reversal_is_made_or_held(book: MadeUp) -> None:
    body = {**book.messages[0].body, "source_ref": "R-1", "reversal_of": "P-9", "reason": "nsf"}
    book.messages.append(message("core.payment.received", 1, body))
    assert book.differences() == [("reversal R-1 of the core", "reversal", "made or held", "nothing")]
    book.payments["held_reversal"].append({"creditor_id": CREDITOR, "source_ref": "R-1"})
    assert book.differences() == []


def test_a_payment_taken_with_another_amount_is_named_wherever_it_is(book: MadeUp) -> None:
    book.payments["payment"][0]["amount_minor"] = 6_000
    found = {(subject, field) for subject, field, _, _ in book.differences()}
    mine = f"payment {PAYMENT}"
    assert {("payment P-1 of the core", "amount_minor"), (mine, "allocation"), (mine, "amount_minor")} <= found


def test_two_payments_of_one_reference_are_one_too_many(book: MadeUp) -> None:
    twin = {**book.payments["payment"][0], "payment_id": UUID(int=9)}
    book.payments["payment"].append(twin)
    assert ("core P-1", "payments", "1", "2") in book.differences()


def test_the_same_event_may_stand_twice_and_two_events_of_one_payment_may_not(book: MadeUp) -> None:
    book.messages.append(replace(book.messages[1], offset=1))
    assert book.differences() == []
    book.messages.append(replace(book.messages[1], offset=2, event_id=OTHER_EVENT))
    book.accounts["inbox"].append({"id": OTHER_EVENT})
    assert book.differences() == [(f"payment {PAYMENT}", "payment.posted", "1 event", "2 events, 0 booked")]


def test_an_event_without_its_mark_and_a_mark_without_its_event_are_named(book: MadeUp) -> None:
    book.accounts["inbox"] = [{"id": OTHER_EVENT}]
    assert book.differences() == [
        (f"event {EVENTS[0]}", "inbox", "1 mark in accounts", "none"),
        (f"event {OTHER_EVENT}", "inbox", "a message on a topic", "a mark in accounts alone"),
    ]


def test_money_in_fractions_is_named(book: MadeUp) -> None:
    book.messages[5].body["past_due_minor"] = 12.0
    book.accounts["money_column"][0]["data_type"] = "numeric"
    assert book.differences() == [
        ("accounts", "payment.amount_minor", "bigint", "numeric in the database"),
        ("message queue.item_entered/0@0", "past_due_minor", "whole minor units", "12.0"),
    ]


def test_what_is_told_and_what_is_kept_are_held_against_the_same_facts(book: MadeUp) -> None:
    book.answers.accounts[ACCOUNT]["days_past_due"] = 22
    book.payments["account_view"][0]["stage"] = "mid"
    assert book.differences() == [
        ("account L-1", "days_past_due", "23", "22 in GET /v1/accounts"),
        ("account L-1", "stage", "early", "mid in payments.account_view"),
    ]


def test_an_older_version_in_the_other_service_is_named(book: MadeUp) -> None:
    book.payments["account_view"][0]["aggregate_version"] = 1
    assert book.differences() == [("account L-1", "version", "2", "1 in payments.account_view")]


def test_paused_days_are_counted_out(book: MadeUp) -> None:
    pauses = [(date(2025, 12, 1), date(2026, 1, 12)), (date(2026, 1, 11), date(2026, 1, 15))]
    book.accounts["pause"] = [{"account_id": ACCOUNT, "starts_on": first, "ends_on": last} for first, last in pauses]
    assert book.differences() == [("account L-1", "delinquent_days", "18", "23 in GET /v1/accounts")]


def test_a_queue_follows_from_the_definitions(book: MadeUp) -> None:
    book.answers.queues.append({**book.answers.queues[0], "code": "first", "rank": 1, "depth": 0})
    ((subject, field, expected, found),) = book.differences()
    assert (subject, field, expected) == ("account L-1", "queue", "first")
    assert all(place in found for place in ("accounts.account", "accounts.work_item", "the topics", "GET /v1/accounts"))


def test_a_work_item_says_what_the_definition_says(book: MadeUp) -> None:
    book.accounts["work_item"][0] |= {"priority": 1, "is_offerable": False}
    book.answers.queues[0]["depth"] = 2
    assert book.differences() == [
        ("account L-1", "priority", "5000", "1 in accounts.work_item"),
        ("account L-1", "is_offerable", "True", "False in accounts.work_item"),
        ("queue early_stage", "depth", "1", "2 in GET /v1/queues"),
    ]


def test_a_book_that_is_not_at_rest_is_named(book: MadeUp) -> None:
    book.payments["outbox"] = [{"waiting": 3}]
    book.accounts["job"].append({"kind": "age", "status": "failed", "error": "no"})
    book.payments["creditor_view"][0]["business_date"] = date(2026, 2, 1)
    assert book.differences() == [
        (f"creditor {CREDITOR}", "business_date", "2026-02-02", "2026-02-01 in payments.creditor_view"),
        ("payments", "outbox", "0", "3 in payments.outbox"),
        ("accounts", "job age", "done", "failed"),
    ]


@pytest.mark.parametrize(("service", "settings"), [("accounts", accounts_settings), ("payments", payments_settings)])
def test_what_a_service_reads_is_read_by_the_checker_too(
    service: str, settings: Callable[[str], ServiceSettings]
) -> None:
    subscribed = import_module(f"services.{service}.consumers").subscriptions(settings("127.0.0.1:1"))
    topics = {topic for each in subscribed for topic in each.topics}
    assert topics == {topic for group, read in GROUPS.items() if group.startswith(service) for topic in read}
