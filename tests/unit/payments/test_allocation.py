"""Allocation conserves money: whatever is owed, in whatever order, the lines sum to the payment."""

from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.allocation import (
    WATERFALLS,
    Component,
    Line,
    Owed,
    Waterfall,
    allocate,
    is_contained,
    merged,
    order_for,
)
from shared.events import core
from shared.events.payload import MAX_MINOR

DAY = date(2026, 3, 2)
COMPONENTS: tuple[Component, ...] = get_args(Component)
amounts = st.integers(1, MAX_MINOR)
known = st.none() | st.integers(0, MAX_MINOR)
owed = st.builds(Owed, principal=known, interest=known, fees=known, costs=known, escrow=known)
paid = st.dictionaries(st.sampled_from([str(one) for one in COMPONENTS]), st.integers(0, MAX_MINOR))
products = st.sampled_from(["closed_end_loan", "credit_card", "mortgage", "commercial", "share_negative", "new_one"])
statuses = st.sampled_from(["open", "charged_off", "closed"])


@given(amounts, products, statuses, owed, paid)
def test_the_lines_of_a_payment_always_sum_to_it(
    amount: int, product: str, status: str, debt: Owed, before: dict[str, int]
) -> None:
    lines = allocate(amount, order_for(product, status, DAY), debt.after(before))
    assert sum(line.amount_minor for line in lines) == amount
    assert all(line.amount_minor > 0 for line in lines)
    assert len({line.component for line in lines}) == len(lines)


@given(amounts, products, statuses, owed, paid)
def test_no_component_but_principal_gets_more_than_is_known_to_be_left(
    amount: int, product: str, status: str, debt: Owed, before: dict[str, int]
) -> None:
    left = debt.after(before)
    for line in allocate(amount, order_for(product, status, DAY), left):
        assert line.component == "principal" or line.amount_minor <= (left[line.component] or 0)


@given(st.lists(st.builds(Line, st.sampled_from(COMPONENTS), amounts), min_size=1, max_size=8))
def test_merging_lines_keeps_the_amount_of_each_component(lines: list[Line]) -> None:
    for component in COMPONENTS:
        before = sum(line.amount_minor for line in lines if line.component == component)
        assert before == sum(line.amount_minor for line in merged(lines) if line.component == component)


@pytest.mark.parametrize(
    ("product", "status", "expected"),
    [
        ("closed_end_loan", "open", [("interest", 30), ("principal", 50), ("fees", 20)]),
        ("credit_card", "open", [("interest", 30), ("principal", 50), ("fees", 20)]),
        ("mortgage", "open", [("interest", 30), ("principal", 50), ("escrow", 10), ("fees", 10)]),
        ("mortgage", "charged_off", [("costs", 5), ("principal", 65), ("interest", 30)]),
    ],
)
def test_each_product_pays_in_its_own_order(product: str, status: str, expected: list[tuple[str, int]]) -> None:
    debt = Owed(principal=65 if status == "charged_off" else 50, interest=30, fees=40, costs=5, escrow=10)
    lines = allocate(100, order_for(product, status, DAY), debt.after({}))
    assert [(line.component, line.amount_minor) for line in lines] == expected


def test_what_exceeds_everything_owed_goes_to_principal() -> None:
    lines = allocate(100, ("interest", "principal", "fees"), Owed(10, 20, 30).after({}))
    assert [(line.component, line.amount_minor) for line in lines] == [
        ("interest", 20), ("principal", 50), ("fees", 30),
    ]  # fmt: skip


def test_unknown_components_make_all_of_it_principal() -> None:
    assert allocate(100, order_for("mortgage", "open", DAY), Owed().after({})) == (Line("principal", 100),)


def test_what_was_paid_already_is_not_paid_again() -> None:
    lines = allocate(100, order_for("credit_card", "open", DAY), Owed(500, 60, 0).after({"interest": 50}))
    assert lines == (Line("interest", 10), Line("principal", 90))


def test_a_waterfall_applies_from_its_date() -> None:
    rows = (*WATERFALLS, Waterfall("credit_card", DAY, ("fees", "interest", "principal")))
    assert order_for("credit_card", "open", date(2026, 3, 1), rows)[0] == "interest"
    assert order_for("credit_card", "open", DAY, rows)[0] == "fees"


def test_the_components_are_those_of_the_published_language() -> None:
    assert get_args(core.Component) == COMPONENTS


@pytest.mark.parametrize(
    ("origin", "booked_on", "snapshot_day", "expected"),
    [
        ("core", None, 2, True),
        ("core", None, 1, False),
        ("ours", None, 2, False),
        ("ours", None, 3, True),
        ("ours", date(2026, 3, 4), 3, False),
        ("ours", date(2026, 3, 4), 4, True),
    ],
)
def test_a_snapshot_contains_core_entries_of_its_day_and_ours_of_days_before(
    origin: str, booked_on: date | None, snapshot_day: int, *, expected: bool
) -> None:
    snapshot_on = date(2026, 3, snapshot_day)
    assert is_contained(origin=origin, posted_on=DAY, booked_on=booked_on, snapshot_on=snapshot_on) is expected
