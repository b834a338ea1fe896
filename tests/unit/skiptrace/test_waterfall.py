"""The waterfall asks in the order that costs least on average, never above a budget, and gives up at the right time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.skiptrace.domain.breaker import CLOSED, FAILURES_TO_OPEN, FIRST_PAUSE, LONGEST_PAUSE, Breaker
from services.skiptrace.domain.waterfall import MAX_ATTEMPTS, RETRY_AFTER, Tried, Vendor, Wanted, choose

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
ALL = frozenset({"fcra_collection"})
WANTED = Wanted("fcra_collection", "USD", 10_000, {})

vendors = st.lists(
    st.builds(
        lambda hit, miss, searches, hits: (hit, miss, searches, min(hits, searches)),
        st.integers(0, 300), st.integers(0, 300), st.integers(0, 50), st.integers(0, 50),
    ),
    min_size=1, max_size=5,
).map(
    lambda rows: [
        Vendor(f"v{place}", "USD", hit, miss, ALL, searches=searches, hits=hits)
        for place, (hit, miss, searches, hits) in enumerate(rows)
    ]
)  # fmt: skip


def _order(known: list[Vendor]) -> list[Vendor]:
    """The order in which a case that never finds anybody asks."""
    asked: dict[str, Tried] = {}
    order = []
    while (choice := choose(known, replace(WANTED, tried=asked), NOW)).vendor is not None:
        order.append(choice.vendor)
        asked[choice.vendor.code] = Tried(is_answered=True, attempts=1)
    return order


def _expected_cost(order: tuple[Vendor, ...]) -> Fraction:
    """What a case costs on average that asks in this order until somebody is found: written from the definition."""
    cost, is_still_lost = Fraction(0), Fraction(1)
    for vendor in order:
        rate = Fraction(vendor.hits + 1, vendor.searches + 2)
        cost += is_still_lost * (rate * vendor.cost_hit_minor + (1 - rate) * vendor.cost_no_hit_minor)
        is_still_lost *= 1 - rate
    return cost


@given(vendors)
@settings(max_examples=200)
def test_no_other_order_costs_less_on_average(known: list[Vendor]) -> None:
    chosen = _order(known)
    assert sorted(one.code for one in chosen) == sorted(one.code for one in known)
    assert _expected_cost(tuple(chosen)) == min(_expected_cost(order) for order in permutations(known))


@given(vendors, st.integers(0, 400), st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=200)
def test_nobody_is_asked_whose_price_could_pass_a_budget(
    known: list[Vendor], left: int, month: int, spent: int
) -> None:
    limited = [replace(one, month_budget_minor=month, month_spent_minor=spent) for one in known]
    choice = choose(limited, replace(WANTED, left_minor=left), NOW)
    payable = [one for one in limited if max(one.cost_hit_minor, one.cost_no_hit_minor) <= min(left, month - spent)]
    assert (choice.vendor is not None) == bool(payable)
    assert choice.vendor is None or choice.vendor in payable
    assert choice.is_for_money == (not payable)


def test_a_vendor_of_another_purpose_or_currency_is_not_left_for_money() -> None:
    one = Vendor("a", "USD", 9, 0, ALL)
    assert choose([one], replace(WANTED, purpose="dppa_debt_recovery"), NOW).is_for_money is False
    assert choose([one], replace(WANTED, currency="CAD"), NOW).vendor is None


def test_a_vendor_that_failed_waits_while_another_is_asked_and_is_given_up_after_its_attempts() -> None:
    first, second = Vendor("a", "USD", 1, 0, ALL), Vendor("b", "USD", 50, 0, ALL)
    failed = {"a": Tried(is_answered=False, attempts=1, failed_at=NOW)}
    chosen = choose([first, second], replace(WANTED, tried=failed), NOW)
    assert chosen.vendor == second
    alone = choose([first], replace(WANTED, tried=failed), NOW)
    assert (alone.vendor, alone.wait_until) == (None, NOW + RETRY_AFTER[0])
    assert choose([first], replace(WANTED, tried=failed), NOW + RETRY_AFTER[0]).vendor == first
    over = {"a": Tried(is_answered=False, attempts=MAX_ATTEMPTS, failed_at=NOW)}
    assert choose([first], replace(WANTED, tried=over), NOW + timedelta(days=1)).vendor is None


def test_a_breaker_opens_lets_one_probe_through_and_closes_or_waits_longer() -> None:
    breaker = CLOSED
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker = breaker.failed(NOW)
    assert breaker.passes_at(NOW)
    breaker = breaker.failed(NOW)
    assert not breaker.passes_at(NOW)
    assert breaker.free_at(NOW) == NOW + FIRST_PAUSE
    later = NOW + FIRST_PAUSE
    assert breaker.passes_at(later)
    probing = breaker.let_through(later)
    assert not probing.passes_at(later)
    assert probing.succeeded() == CLOSED
    assert probing.failed(later).open_until == later + 2 * FIRST_PAUSE


def test_searches_that_were_under_way_when_a_breaker_opened_do_not_keep_it_open_longer() -> None:
    breaker = CLOSED
    for _ in range(FAILURES_TO_OPEN):
        breaker = breaker.failed(NOW)
    for second in range(1, 8):
        breaker = breaker.failed(NOW + timedelta(seconds=second))
    assert breaker.failures == FAILURES_TO_OPEN + 7
    assert breaker.free_at(NOW + timedelta(seconds=8)) == NOW + FIRST_PAUSE
    probe = breaker.let_through(NOW + FIRST_PAUSE)
    assert probe.failed(NOW + FIRST_PAUSE).open_until == NOW + 3 * FIRST_PAUSE


@given(st.lists(st.sampled_from(["fail", "succeed", "wait", "send"]), max_size=60))
def test_a_breaker_never_waits_longer_than_its_limit_and_always_lets_somebody_through_in_the_end(
    steps: list[str],
) -> None:
    breaker, now = Breaker(), NOW
    for step in steps:
        now += timedelta(seconds=40 if step == "wait" else 1)
        if step == "fail":
            breaker = breaker.failed(now)
        elif step == "succeed":
            breaker = breaker.succeeded()
        elif step == "send" and breaker.passes_at(now):
            breaker = breaker.let_through(now)
        free = breaker.free_at(now)
        assert now <= free <= now + LONGEST_PAUSE
        assert breaker.passes_at(free)
