"""Money against a snapshot: what is contained, what counts on top, and that none of it is lost."""

from datetime import date, timedelta
from itertools import permutations
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.account import AccountFacts, Judged, as_of, evaluate, reasons
from services.accounts.domain.delinquency import LOAN_STAGES
from services.accounts.domain.dues import Due, Snapshot, Upcoming
from services.accounts.domain.ledger import Booking, Entry, Reversal, on_top, paying_dues, settle
from services.accounts.domain.schedule import Schedule

DAY = date(2026, 3, 10)
ONE = timedelta(days=1)
LOAN = Snapshot(
    business_date=DAY,
    product_class="closed_end_loan",
    status="open",
    balance_minor=100_000,
    past_due_minor=20_000,
    oldest_unpaid_due_on=date(2026, 2, 1),
    installment_minor=10_000,
    frequency="monthly",
    next_due_on=date(2026, 4, 1),
)


def entry(number: int, amount: int, posted_on: date, *, origin: str = "core", booked_on: date | None = None) -> Entry:
    booking = Booking(origin, posted_on, booked_on)  # type: ignore[arg-type]  # "core" or "ours"
    return Entry(UUID(int=number), amount, amount, posted_on, booking)


def returned(of: Entry, posted_on: date) -> dict[UUID, Reversal]:
    return {of.payment_id: Reversal(of.payment_id, posted_on, Booking("core", posted_on))}


def test_core_entries_are_contained_from_their_day_and_ours_from_the_day_after() -> None:
    assert Booking("core", DAY).contained_on == DAY
    assert Booking("ours", DAY).contained_on == DAY + ONE
    assert Booking("ours", DAY, DAY + 3 * ONE).contained_on == DAY + 3 * ONE
    assert on_top(LOAN, [entry(1, 500, DAY)], {}).balance_minor == 0
    assert on_top(LOAN, [entry(1, 500, DAY + ONE)], {}).balance_minor == -500
    assert on_top(LOAN, [entry(1, 500, DAY, origin="ours")], {}).balance_minor == -500
    assert on_top(LOAN, [entry(1, 500, DAY - ONE, origin="ours")], {}).balance_minor == 0


def test_a_payment_and_its_return_both_on_top_cancel() -> None:
    payment = entry(1, 500, DAY + ONE)
    assert on_top(LOAN, [payment], returned(payment, DAY + ONE)) == on_top(LOAN, [], {})


def test_a_return_of_a_contained_payment_is_due_on_its_effective_date_when_nothing_is_known_of_it() -> None:
    payment = entry(1, 500, DAY - 5 * ONE)
    found = on_top(LOAN, [payment], returned(payment, DAY + ONE))
    assert (found.balance_minor, found.dues_money_minor, found.returned) == (500, 0, (Due(DAY - 5 * ONE, 500),))


def test_a_return_goes_to_the_oldest_date_that_the_payment_had_paid_after_those_before_it() -> None:
    before = LOAN._replace(business_date=DAY - 5 * ONE)
    first, second = entry(1, 10_000, DAY - 3 * ONE), entry(2, 10_000, DAY - 2 * ONE)
    ruling = Snapshot(DAY, "closed_end_loan", "open", 80_000)
    for order in permutations([first, second]):
        found = on_top(ruling, order, returned(second, DAY + ONE), [before])
        assert found.returned == (Due(date(2026, 3, 1), 10_000),)


def test_only_interest_principal_and_escrow_of_a_directed_payment_pay_dues() -> None:
    lines = [("interest", 1), ("principal", 20), ("principal_only", 300), ("fees", 4_000), ("costs", 5), ("escrow", 6)]
    assert paying_dues(4_332, "directed", lines) == 27
    assert paying_dues(4_332, "waterfall", lines) == 4_332


def test_a_large_sum_over_small_instalments_takes_no_longer() -> None:
    upcoming = Upcoming(Schedule(DAY, "weekly", 1), 1)
    assert settle([], upcoming, 20_000, 10**15, DAY).next_due == Due(DAY + timedelta(weeks=20_000), 1)
    assert settle([], upcoming, 10**14, 10**15, DAY).next_due is None


def test_open_dues_never_exceed_the_balance_and_the_latest_are_cut() -> None:
    dues = [Due(DAY, 60), Due(DAY + ONE, 60), Due(DAY + 2 * ONE, 60)]
    found = settle(dues, None, 0, 100, date.max)
    assert found.past_due == (Due(DAY, 60), Due(DAY + ONE, 40))


sums = st.integers(1, 30_000)
posted = st.integers(-20, 20).map(lambda n: DAY + timedelta(days=n))


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[list[Entry], dict[UUID, Reversal]]:
    entries = [entry(n, draw(sums), draw(posted), origin=draw(st.sampled_from(["core", "ours"]))) for n in range(1, 6)]
    reversals: dict[UUID, Reversal] = {}
    for each in entries:
        if draw(st.booleans()):
            reversals.update(returned(each, each.booking.posted_on + ONE * draw(st.integers(0, 5))))
    return entries, reversals


@given(ledgers(), st.integers(0, 90))
def test_money_is_conserved(ledger: tuple[list[Entry], dict[UUID, Reversal]], later: int) -> None:
    entries, reversals = ledger
    facts = AccountFacts(LOAN, entries=entries, reversals=reversals)
    standing = evaluate(facts, DAY + timedelta(days=later), LOAN_STAGES)
    expected = LOAN.balance_minor
    for each in entries:
        if each.booking.contained_on > DAY:
            expected -= each.amount_minor
        if each.payment_id in reversals and reversals[each.payment_id].booking.contained_on > DAY:
            expected += each.amount_minor
    assert standing.balance_minor == expected
    assert 0 <= standing.past_due_minor <= max(standing.balance_minor, 0)
    assert standing.past_due_minor == sum(standing.past_due_by_bucket.values())


@given(ledgers(), st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(ledger: tuple[list[Entry], dict[UUID, Reversal]], random: Random) -> None:
    entries, reversals = ledger
    one = evaluate(AccountFacts(LOAN, entries=entries, reversals=reversals), DAY + 30 * ONE, LOAN_STAGES)
    shuffled = list(entries)
    random.shuffle(shuffled)
    back = dict(reversed(list(reversals.items())))
    assert evaluate(AccountFacts(LOAN, entries=shuffled, reversals=back), DAY + 30 * ONE, LOAN_STAGES) == one


@given(ledgers())
def test_without_new_facts_days_past_due_and_past_due_only_grow(
    ledger: tuple[list[Entry], dict[UUID, Reversal]],
) -> None:
    facts = AccountFacts(LOAN, entries=ledger[0], reversals=ledger[1])
    before = evaluate(facts, DAY, LOAN_STAGES)
    for n in range(1, 150):
        now = evaluate(facts, DAY + timedelta(days=n), LOAN_STAGES)
        assert now.past_due_minor >= before.past_due_minor
        if before.oldest_unpaid_due_on is not None:
            assert now.days_past_due == before.days_past_due + 1
        if before.next_aging_on is None or DAY + timedelta(days=n) < before.next_aging_on:
            assert (now.bucket, now.stage, now.past_due_minor) == (
                before.bucket,
                before.stage,
                before.past_due_minor,
            )
        before = now


@given(ledgers(), sums)
def test_another_payment_never_makes_an_account_older(
    ledger: tuple[list[Entry], dict[UUID, Reversal]], amount: int
) -> None:
    entries, reversals = ledger
    before = evaluate(AccountFacts(LOAN, entries=entries, reversals=reversals), DAY + 30 * ONE, LOAN_STAGES)
    more = [*entries, entry(99, amount, DAY + 2 * ONE)]
    after = evaluate(AccountFacts(LOAN, entries=more, reversals=reversals), DAY + 30 * ONE, LOAN_STAGES)
    assert after.days_past_due <= before.days_past_due
    assert after.past_due_minor <= before.past_due_minor


def test_a_past_day_leaves_out_what_became_effective_later() -> None:
    facts = AccountFacts(LOAN, entries=[entry(1, 500, DAY + ONE), entry(2, 700, DAY + 5 * ONE)])
    assert evaluate(as_of(facts, DAY + 2 * ONE), DAY + 2 * ONE, LOAN_STAGES).balance_minor == 99_500


def test_an_absent_account_keeps_its_balance_and_owes_nothing_now() -> None:
    standing = evaluate(AccountFacts(LOAN, is_absent=True), DAY + 90 * ONE, LOAN_STAGES)
    assert (standing.balance_minor, standing.past_due_minor, standing.next_due) == (100_000, 0, None)


def test_the_reasons_of_a_change() -> None:
    current, early, late = (
        Judged("open", "current", "current", 0),
        Judged("open", "b1_29", "early", 5),
        Judged("open", "b60_89", "late", 5),
    )
    assert reasons(None, early) == ("opened",)
    assert reasons(early, late) == ("aged",)
    assert reasons(early, current) == ("cured", "aged")
    assert reasons(early, early) == ("updated",)
    assert reasons(early, Judged("charged_off", "b1_29", "recovery", 5)) == ("charged_off", "aged")


def test_of_payments_of_one_day_the_reference_says_which_paid_first_not_the_id() -> None:
    earlier = LOAN._replace(business_date=DAY - ONE)
    cured = LOAN._replace(past_due_minor=0, oldest_unpaid_due_on=None, balance_minor=80_000)
    for first, second in permutations((1, 2)):
        one = entry(first, 10_000, DAY)._replace(reference=("A", "core"))
        two = entry(second, 10_000, DAY)._replace(reference=("B", "core"))
        found = on_top(cured, [two, one], returned(two, DAY + ONE), [earlier])
        assert found.returned == (Due(date(2026, 3, 1), 10_000),)
