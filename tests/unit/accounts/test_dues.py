"""A snapshot row and the dues behind its past-due sum: each sentence of the surface by name."""

from datetime import date
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.dues import Due, Snapshot, dues_of, refusals

D = date


def loan(**changes: object) -> Snapshot:
    row: dict[str, object] = {
        "business_date": D(2025, 4, 10),
        "product_class": "closed_end_loan",
        "status": "open",
        "balance_minor": 1_000_000,
        "past_due_minor": 25_000,
        "oldest_unpaid_due_on": D(2025, 2, 1),
        "installment_minor": 10_000,
        "frequency": "monthly",
        "next_due_on": D(2025, 5, 1),
    }
    return Snapshot(**{**row, **changes})  # type: ignore[arg-type]  # a test states only what it is about


def codes(snapshot: Snapshot) -> list[str]:
    return [doubt.code for doubt in dues_of(snapshot).doubts]


def test_the_oldest_due_carries_what_is_left_of_a_part_payment() -> None:
    dues = dues_of(loan())
    assert dues.past == (Due(D(2025, 2, 1), 5_000), Due(D(2025, 3, 1), 10_000), Due(D(2025, 4, 1), 10_000))
    assert dues.doubts == ()


def test_amounts_that_do_not_fit_stand_at_the_oldest_date_with_a_warning() -> None:
    for past_due in (20_000, 30_001):
        dues = dues_of(loan(past_due_minor=past_due))
        assert dues.past == (Due(D(2025, 2, 1), past_due),)
        assert [doubt.code for doubt in dues.doubts] == ["past-due-misfit"]


def test_a_due_on_the_snapshot_date_is_not_past_due() -> None:
    dues = dues_of(loan(business_date=D(2025, 4, 1), past_due_minor=15_000, next_due_on=D(2025, 4, 1)))
    assert [due.due_on for due in dues.past] == [D(2025, 2, 1), D(2025, 3, 1)]
    assert dues.upcoming is not None
    assert dues.upcoming.nth(0) == Due(D(2025, 4, 1), 10_000)


def test_a_past_due_sum_needs_a_date_before_the_business_date() -> None:
    assert [doubt.code for doubt in refusals(loan(oldest_unpaid_due_on=None))] == ["oldest-unpaid-due-on-required"]
    late = loan(oldest_unpaid_due_on=D(2025, 4, 10))
    assert [doubt.code for doubt in refusals(late)] == ["oldest-unpaid-due-on-not-past"]
    assert refusals(loan()) == ()
    assert refusals(loan(past_due_minor=0, oldest_unpaid_due_on=None)) == ()


def test_an_earlier_next_due_date_moves_along_the_frequency_with_a_warning() -> None:
    snapshot = loan(past_due_minor=0, oldest_unpaid_due_on=None, next_due_on=D(2025, 1, 31))
    dues = dues_of(snapshot)
    assert codes(snapshot) == ["next-due-on-before-snapshot"]
    assert dues.upcoming is not None
    assert list(islice(dues.upcoming.schedule, 3)) == [D(2025, 4, 30), D(2025, 5, 31), D(2025, 6, 30)]


def test_the_dues_of_a_closed_end_loan_go_on_where_the_next_date_is_empty() -> None:
    dues = dues_of(loan(next_due_on=None))
    assert dues.upcoming is not None
    assert dues.upcoming.nth(0) == Due(D(2025, 5, 1), 10_000)
    assert dues_of(loan(next_due_on=None, product_class="mortgage")).upcoming is None
    assert dues_of(loan(next_due_on=None, past_due_minor=0, oldest_unpaid_due_on=None)).upcoming is None


def test_cards_and_negative_shares_fall_due_with_the_next_snapshot_only() -> None:
    assert dues_of(loan(product_class="credit_card")).upcoming is None
    assert dues_of(loan(product_class="share_negative")).upcoming is None
    assert dues_of(loan(product_class="commercial")).upcoming is not None


def test_a_negative_share_is_past_due_whole_since_its_first_negative_day() -> None:
    share = loan(
        product_class="share_negative",
        balance_minor=12_300,
        past_due_minor=12_300,
        installment_minor=None,
        frequency="once",
        next_due_on=None,
    )
    assert dues_of(share).past == (Due(D(2025, 2, 1), 12_300),)
    assert dues_of(share).doubts == ()


def test_a_charged_off_debt_is_past_due_whole_and_nothing_falls_due() -> None:
    dues = dues_of(loan(status="charged_off", balance_minor=70_000, past_due_minor=1))
    assert dues.past == (Due(D(2025, 2, 1), 70_000),)
    assert dues.upcoming is None


def test_a_charged_off_debt_without_an_oldest_date_runs_from_its_charge_off() -> None:
    without = loan(status="charged_off", oldest_unpaid_due_on=None, charged_off_on=D(2025, 3, 9))
    assert refusals(without) == ()
    assert dues_of(without).past[0].due_on == D(2025, 3, 9)
    assert dues_of(loan(status="charged_off", oldest_unpaid_due_on=None)).past[0].due_on == D(2025, 4, 10)


def test_nothing_falls_due_on_a_closed_account() -> None:
    assert dues_of(loan(status="closed")).upcoming is None


def test_more_past_due_than_owed_is_doubted() -> None:
    assert codes(loan(balance_minor=24_999)) == ["past-due-above-balance"]


@given(
    past_due=st.integers(1, 2_000),
    installment=st.integers(1, 500),
    oldest=st.dates(D(2024, 1, 1), D(2025, 4, 9)),
    frequency=st.sampled_from(["weekly", "biweekly", "semimonthly", "monthly", "quarterly", "once"]),
    next_due=st.none() | st.dates(D(2024, 1, 1), D(2026, 1, 1)),
)
def test_dues_always_sum_to_what_is_past_due_and_lie_before_the_snapshot(
    past_due: int, installment: int, oldest: date, frequency: str, next_due: date | None
) -> None:
    snapshot = loan(
        past_due_minor=past_due,
        installment_minor=installment,
        oldest_unpaid_due_on=oldest,
        frequency=frequency,
        next_due_on=next_due,
    )
    dues = dues_of(snapshot)
    assert sum(due.amount_minor for due in dues.past) == past_due
    assert dues.past[0].due_on == oldest
    assert all(due.due_on < snapshot.business_date and due.amount_minor > 0 for due in dues.past)
    if dues.upcoming is not None:
        assert dues.upcoming.schedule.start >= snapshot.business_date
