"""Promises and arrangements stand as the brute-force model says, on random histories and in any order of arrival."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.books import commitments as model
from services.payments.domain.arrangement import ArrangementTerms, Installment, judge_arrangement
from services.payments.domain.counting import Entry, Start
from services.payments.domain.promise import PromiseTerms, judge_promises

EPOCH = date(2024, 2, 20)  # a leap day lies ahead
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
days = st.integers(0, 40).map(lambda n: EPOCH + timedelta(days=n))


@st.composite
def moneys(draw: st.DrawFn, number: int) -> model.Money:
    """Booked on the day on which it is effective, so that only the instant orders a day."""
    day = draw(days)
    return model.Money(str(number), draw(st.integers(1, 120)), day, day, number)


def instant(taken: int) -> datetime:
    return MIDNIGHT + timedelta(seconds=taken)


def entries_of(purse: list[model.Money]) -> list[Entry]:
    return [
        Entry(UUID(int=money.taken + 1), money.amount, money.effective, money.posted, instant(money.taken))
        for money in purse
    ]


@st.composite
def purses(draw: st.DrawFn) -> list[model.Money]:
    return [draw(moneys(2 * n)) for n in range(draw(st.integers(0, 6)))]


@st.composite
def promises(draw: st.DrawFn, number: int) -> model.Promise:
    made_on = draw(days)
    amount = draw(st.integers(1, 150))
    return model.Promise(
        id=str(number),
        amount=amount,
        due_on=made_on + timedelta(days=draw(st.integers(0, 20))),
        made_on=made_on,
        made=2 * draw(st.integers(0, 6)) + 1,
        grace=draw(st.integers(0, 5)),
        tolerance=draw(st.integers(0, amount - 1)),
    )


@settings(max_examples=800, deadline=None)
@given(
    st.lists(st.integers(0, 3), max_size=3).flatmap(lambda some: st.tuples(*[promises(n) for n in range(len(some))])),
    purses(),
    days,
    st.randoms(use_true_random=False),
)
def test_promises_share_money_as_the_model_says(
    promised: tuple[model.Promise, ...], purse: list[model.Money], business_date: date, chance: Random
) -> None:
    expected = model.judge(model.Case(promises=promised, entries=purse), business_date).promises
    terms = [
        PromiseTerms(
            UUID(int=int(one.id) + 100),
            one.amount,
            one.due_on,
            Start(one.made_on, instant(one.made)),
            one.tolerance,
            one.grace,
        )
        for one in promised
    ]
    entries = entries_of(purse)
    chance.shuffle(entries)
    chance.shuffle(terms)
    found = judge_promises(terms, entries, business_date)
    assert {str(key.int - 100): (one.status, one.paid_minor, one.resolved_on) for key, one in found.items()} == {
        key: (one.status, one.paid, one.resolved_on) for key, one in expected.items()
    }


@st.composite
def arrangements(draw: st.DrawFn) -> model.Arrangement:
    made_on = draw(days)
    due_on = made_on
    installments: list[tuple[date, int]] = []
    for _ in range(draw(st.integers(1, 4))):
        due_on += timedelta(days=draw(st.integers(0 if not installments else 1, 12)))
        installments.append((due_on, draw(st.integers(1, 100))))
    made = 2 * draw(st.integers(0, 6)) + 1
    return model.Arrangement(
        id="1",
        installments=tuple(installments),
        made_on=made_on,
        made=made,
        activated=(made_on, made),
        grace=draw(st.integers(0, 4)),
        tolerance=draw(st.integers(0, min(10, installments[0][1] - 1))),
    )


@settings(max_examples=1200, deadline=None)
@given(
    arrangements(),
    purses(),
    st.integers(0, 60).map(lambda n: EPOCH + timedelta(days=n)),
    st.randoms(use_true_random=False),
)
def test_an_arrangement_stands_as_the_model_says(
    agreed: model.Arrangement, purse: list[model.Money], business_date: date, chance: Random
) -> None:
    business_date = max(business_date, agreed.made_on)
    terms = ArrangementTerms(
        UUID(int=1),
        tuple(Installment(due_on, amount) for due_on, amount in agreed.installments),
        Start(agreed.made_on, instant(agreed.made)),
        agreed.tolerance,
        agreed.grace,
    )
    entries = entries_of(purse)
    chance.shuffle(entries)
    standing = judge_arrangement(terms, entries, business_date)
    case = model.Case(arrangements=[agreed], entries=purse)
    expected = model.judge(case, business_date).arrangements["1"]
    assert (standing.status, standing.paid_minor, standing.next_due_on, standing.resolved_on) == (
        expected.status,
        expected.paid,
        expected.next_due_on,
        expected.resolved_on,
    )
    reached = sum(one.amount for one in purse if model.counts(one, agreed.made_on, agreed.made))
    total = sum(amount for _, amount in agreed.installments)
    if standing.status == "completed":
        assert reached >= total - agreed.tolerance
    if reached >= total - agreed.tolerance:
        assert standing.status in {"completed", "broken"}
    if standing.next_review_on:
        eve = standing.next_review_on - timedelta(days=1)
        assert judge_arrangement(terms, entries, max(eve, business_date)).status == standing.status
        assert judge_arrangement(terms, entries, standing.next_review_on).status != standing.status
