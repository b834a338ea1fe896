"""The vocabulary of queue definitions: what is read, what is refused and where, and what the defaults say."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given

from deploy.local.books.queues import Facts, holds
from services.accounts.domain.default_queues import DEFAULT_QUEUES
from services.accounts.domain.predicate_parser import parse_predicate
from services.accounts.domain.predicates import ALWAYS, Predicate, predicate_json
from services.accounts.domain.queues import QueueDefinition, definition_json, parse_definition, rank_order
from services.accounts.store.predicates import placement_sql, queue_scan_condition
from shared.errors import Refusal
from tests.unit.accounts.queue_reference import BUSINESS_DATE, predicates

BY_RANK = [
    "restricted", "escalated", "broken_promise", "arrangement_follow_up", "high_risk", "recovery", "pre_charge_off",
    "high_balance", "negative_shares", "late", "mid", "early_stage",
]  # fmt: skip
DEFINITION: dict[str, Any] = {"name": "Mine", "rank": 5, "predicate": {"all": []}, "priority": {"past_due_minor": 1}}


def _parsed(raw: object) -> Predicate:
    predicate = parse_predicate(raw)
    assert not isinstance(predicate, Refusal), predicate
    return predicate


@given(predicates)
def test_a_predicate_survives_its_json_form(raw: dict[str, Any]) -> None:
    predicate = _parsed(raw)
    assert parse_predicate(predicate_json(predicate)) == predicate


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        ([], "predicate-invalid", "predicate"),
        (None, "predicate-invalid", "predicate"),
        ({}, "predicate-invalid", "predicate"),
        ({"all": [], "any": []}, "predicate-invalid", "predicate"),
        ({"all": {}}, "predicate-invalid", "predicate"),
        ({"not": []}, "predicate-invalid", "predicate"),
        ({"field": "stage", "op": "eq", "value": "mid", "sql": "1=1"}, "predicate-invalid", "predicate"),
        ({"field": "balance_minor; --", "op": "eq", "value": 1}, "predicate-field-unknown", "predicate.field"),
        ({"field": ["balance_minor"], "op": "eq", "value": 1}, "predicate-field-unknown", "predicate.field"),
        ({"field": "account_id", "op": "is_null"}, "predicate-field-unknown", "predicate.field"),
        ({"field": "stage", "op": "lt", "value": "mid"}, "predicate-operator-invalid", "predicate.op"),
        ({"field": "stage", "op": "= 1 OR", "value": "mid"}, "predicate-operator-invalid", "predicate.op"),
        ({"field": "escalated_at", "op": "eq", "value": "x"}, "predicate-operator-invalid", "predicate.op"),
        ({"field": "stage", "op": "eq", "value": "Mid"}, "predicate-value-invalid", "predicate.value"),
        ({"field": "stage", "op": "eq"}, "predicate-value-invalid", "predicate.value"),
        ({"field": "stage", "op": "is_null", "value": 1}, "predicate-value-invalid", "predicate.value"),
        ({"field": "stage", "op": "in", "value": []}, "predicate-value-invalid", "predicate.value"),
        ({"field": "stage", "op": "in", "value": ["mid", 1]}, "predicate-value-invalid", "predicate.value[1]"),
        ({"field": "balance_minor", "op": "eq", "value": "1"}, "predicate-value-invalid", "predicate.value"),
        ({"field": "balance_minor", "op": "eq", "value": 1.5}, "predicate-value-invalid", "predicate.value"),
        ({"field": "balance_minor", "op": "eq", "value": True}, "predicate-value-invalid", "predicate.value"),
        ({"field": "balance_minor", "op": "eq", "value": 10**16}, "predicate-value-invalid", "predicate.value"),
        (
            {"field": "follow_up_due_on", "op": "eq", "value": "2026-02-30"},
            "predicate-value-invalid",
            "predicate.value",
        ),
        ({"field": "follow_up_due_on", "op": "eq", "value": "20260201"}, "predicate-value-invalid", "predicate.value"),
        ({"field": "restrictions", "op": "contains", "value": "a\x00b"}, "predicate-value-invalid", "predicate.value"),
        ({"field": "restrictions", "op": "contains", "value": "x" * 65}, "predicate-value-invalid", "predicate.value"),
        (
            {"all": [{"any": []}, {"not": {"field": "nope", "op": "eq"}}]},
            "predicate-field-unknown",
            "predicate.all[1].not.field",
        ),
        ({"all": [{"any": []}] * 200}, "predicate-too-large", "predicate.all[199]"),
    ],
)
def test_a_bad_predicate_is_refused_with_its_place(raw: object, code: str, place: str) -> None:
    refusal = parse_predicate(raw)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (code, place)


def test_a_predicate_has_a_bounded_depth() -> None:
    raw: dict[str, Any] = {"all": []}
    for _ in range(8):
        raw = {"not": raw}
    refusal = parse_predicate(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "predicate-too-large"


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ({"name": ""}, "queue-definition-invalid", "name"),
        ({"name": "a\nb"}, "queue-definition-invalid", "name"),
        ({"rank": -1}, "queue-definition-invalid", "rank"),
        ({"rank": True}, "queue-definition-invalid", "rank"),
        ({"priority": {"days_past_due": 1}}, "priority-invalid", "priority"),
        ({"priority": {"balance_minor": 1.5}}, "priority-invalid", "priority.balance_minor"),
        ({"priority": {"balance_minor": 1001}}, "priority-invalid", "priority.balance_minor"),
        ({"priority": [1]}, "priority-invalid", "priority"),
        ({"offer_when": {"field": "nope", "op": "eq"}}, "predicate-field-unknown", "offer_when.field"),
        ({"reasons": [{"code": "x"}]}, "queue-definition-invalid", "reasons[0]"),
        ({"reasons": [{"code": "x", "when": {}}]}, "predicate-invalid", "reasons[0].when"),
        ({"skills": ["Not a code"]}, "queue-definition-invalid", "skills"),
        ({"offer_when": {"all": [{"any": []}] * 199}}, "predicate-too-large", "predicate"),
    ],
)
def test_a_bad_definition_is_refused_with_its_place(change: dict[str, Any], code: str, place: str) -> None:
    refusal = parse_definition("mine", {**DEFINITION, **change})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (code, place)


@pytest.mark.parametrize("code", ["", "Mine", "1st", "a-b", "a b", "x" * 49, "a'"])
def test_a_queue_code_is_lower_case_letters_digits_and_underscores(code: str) -> None:
    refusal = parse_definition(code, DEFINITION)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "queue-code-invalid"


def test_a_definition_survives_its_json_form() -> None:
    for definition in DEFAULT_QUEUES:
        assert parse_definition(definition.code, definition_json(definition)) == definition


def test_the_defaults_stand_in_the_documented_order() -> None:
    assert [definition.code for definition in sorted(DEFAULT_QUEUES, key=rank_order)] == BY_RANK


@given(predicates)
def test_no_value_of_a_predicate_is_written_into_its_sql(raw: dict[str, Any]) -> None:
    predicate = _parsed(raw)
    bare = placement_sql((_definition(_parsed(_without_values(raw))),))
    full = placement_sql((_definition(predicate),))
    # the same shape with other values is the same text but for the numbers of its parameters
    assert _numbers_removed(full.text) == _numbers_removed(bare.text)


def test_the_sql_of_a_hostile_value_is_that_of_a_plain_one() -> None:
    hostile, plain = (
        queue_scan_condition(
            (_definition(_parsed({"field": "restrictions", "op": "contains", "value": value})),),
            first_parameter=1,
            business_date="$9",
        )
        for value in ("x' OR 'a'='a", "cease")
    )
    assert hostile.text == plain.text
    assert hostile.args[0] == "x' OR 'a'='a"


def _definition(predicate: Predicate) -> QueueDefinition:
    return QueueDefinition("mine", "Mine", 1, predicate, (("balance_minor", 1),), offer_when=predicate)


def _without_values(raw: Any) -> Any:  # noqa: PLR0911 - one line per word
    if "all" in raw:
        return {"all": [_without_values(part) for part in raw["all"]]}
    if "any" in raw:
        return {"any": [_without_values(part) for part in raw["any"]]}
    if "not" in raw:
        return {"not": _without_values(raw["not"])}
    match raw.get("value"):
        case None:
            return raw
        case int():
            return {**raw, "value": 7}
        case list(items):
            return {**raw, "value": items[:1]}
    return raw


def _numbers_removed(text: str) -> str:
    head, *parts = text.split("$")
    return head + "".join("$" + part.lstrip("0123456789") for part in parts)


def _queue_of(**facts: Any) -> str | None:
    """The default queue of an account, by the reference reading."""
    current: Facts = {
        "balance_minor": 0, "past_due_minor": 0, "credit_limit_minor": None, "oldest_unpaid_due_on": None,
        "bucket": "current", "stage": "current", "product_class": "closed_end_loan", "status": "open",
        "open_promise_due_on": None, "broken_promise_on": None, "broken_promise_count": 0,
        "arrangement_status": None, "follow_up_due_on": None, "restrictions": [], "escalated_at": None,
        **facts,
    }  # fmt: skip
    for definition in sorted(DEFAULT_QUEUES, key=rank_order):
        if holds(predicate_json(definition.predicate), current, BUSINESS_DATE):
            return definition.code
    return None


def _days_ago(days: int) -> date:
    return BUSINESS_DATE - timedelta(days=days)


LATE_CARD = {"past_due_minor": 5000, "balance_minor": 20000, "product_class": "credit_card"}


@pytest.mark.parametrize(
    ("facts", "queue"),
    [
        ({}, None),
        ({"restrictions": ["cease"], "escalated_at": BUSINESS_DATE, "broken_promise_count": 5}, None),
        (LATE_CARD | {"stage": "early"}, "early_stage"),
        (LATE_CARD | {"stage": "mid"}, "mid"),
        (LATE_CARD | {"stage": "late"}, "late"),
        (LATE_CARD | {"stage": "pre_charge_off"}, "pre_charge_off"),
        (LATE_CARD | {"stage": "recovery"}, "recovery"),
        (LATE_CARD | {"stage": "late", "product_class": "share_negative"}, "negative_shares"),
        (LATE_CARD | {"stage": "early", "balance_minor": 999_999}, "early_stage"),
        (LATE_CARD | {"stage": "early", "balance_minor": 1_000_000}, "high_balance"),
        (LATE_CARD | {"stage": "pre_charge_off", "balance_minor": 1_000_000}, "pre_charge_off"),
        (LATE_CARD | {"stage": "early", "broken_promise_count": 1}, "early_stage"),
        (LATE_CARD | {"stage": "early", "broken_promise_count": 2}, "high_risk"),
        (LATE_CARD | {"stage": "recovery", "broken_promise_count": 2}, "high_risk"),
        (
            LATE_CARD | {"stage": "early", "credit_limit_minor": 100, "oldest_unpaid_due_on": _days_ago(29)},
            "early_stage",
        ),
        (LATE_CARD | {"stage": "mid", "credit_limit_minor": 100, "oldest_unpaid_due_on": _days_ago(30)}, "high_risk"),
        (LATE_CARD | {"stage": "mid", "credit_limit_minor": 20000, "oldest_unpaid_due_on": _days_ago(30)}, "mid"),
        (LATE_CARD | {"stage": "mid", "broken_promise_on": _days_ago(30)}, "broken_promise"),
        (LATE_CARD | {"stage": "mid", "broken_promise_on": _days_ago(31)}, "mid"),
        ({"broken_promise_on": _days_ago(1)}, None),
        (
            LATE_CARD | {"broken_promise_on": _days_ago(1), "open_promise_due_on": _days_ago(-9)},
            "arrangement_follow_up",
        ),
        ({"open_promise_due_on": _days_ago(-9)}, "arrangement_follow_up"),
        ({"arrangement_status": "active"}, "arrangement_follow_up"),
        ({"arrangement_status": "at_risk"}, "arrangement_follow_up"),
        ({"arrangement_status": "proposed"}, None),
        ({"arrangement_status": "broken"}, None),
        (LATE_CARD | {"escalated_at": BUSINESS_DATE, "broken_promise_on": _days_ago(1)}, "escalated"),
        ({"arrangement_status": "active", "escalated_at": BUSINESS_DATE}, "arrangement_follow_up"),
        (LATE_CARD | {"escalated_at": BUSINESS_DATE, "restrictions": ["unheard_of"]}, "restricted"),
        ({"arrangement_status": "active", "restrictions": ["cease"]}, "restricted"),
    ],
)
def test_the_default_queue_of_an_account(facts: dict[str, Any], queue: str | None) -> None:
    assert _queue_of(**facts) == queue


def test_only_promises_and_arrangements_wait_to_be_offered() -> None:
    waiting = {definition.code for definition in DEFAULT_QUEUES if definition.offer_when != ALWAYS}
    assert waiting == {"arrangement_follow_up"}
