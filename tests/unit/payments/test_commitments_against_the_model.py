"""Promises and arrangements stand as the brute-force model says, on random histories and in any order of arrival."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.books import commitments as model
from deploy.local.books import terms as words
from services.payments.domain.account_case import AccountCase, judge_account
from services.payments.domain.account_facts import AccountFacts, End, Payoff
from services.payments.domain.arrangement import ArrangementTerms, Installment, judge_arrangement
from services.payments.domain.counting import Entry, Start
from services.payments.domain.promise import PromiseTerms, judge_promises

EPOCH = date(2024, 2, 20)  # a leap day lies ahead
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
days = st.integers(0, 40).map(lambda n: EPOCH + timedelta(days=n))


@st.composite
def moneys(draw: st.DrawFn, number: int) -> words.Money:
    day = draw(days)
    posted = day + timedelta(days=draw(st.sampled_from([0, 0, 1])))
    return words.Money(str(number), draw(st.integers(1, 120)), day, posted, number)


def instant(taken: int) -> datetime:
    return MIDNIGHT + timedelta(seconds=taken)


def entries_of(purse: Sequence[words.Money]) -> list[Entry]:
    return [Entry(money.effective, money.posted, instant(money.taken), money.amount) for money in purse]


@st.composite
def purses(draw: st.DrawFn) -> list[words.Money]:
    return [draw(moneys(2 * n)) for n in range(draw(st.integers(0, 6)))]


@st.composite
def promises(draw: st.DrawFn, number: int) -> words.Promise:
    made_on = draw(days)
    amount = draw(st.integers(1, 150))
    return words.Promise(
        id=str(number),
        amount=amount,
        due_on=made_on + timedelta(days=draw(st.integers(0, 20))),
        made_on=made_on,
        made=2 * draw(st.integers(0, 6)) + 1,
        grace=draw(st.integers(0, 5)),
        tolerance=draw(st.integers(0, amount - 1)),
    )


@settings(max_examples=800)
@given(
    st.lists(st.integers(0, 3), max_size=3).flatmap(lambda some: st.tuples(*[promises(n) for n in range(len(some))])),
    purses(),
    days,
    st.randoms(use_true_random=False),
)
def test_promises_share_money_as_the_model_says(
    promised: tuple[words.Promise, ...], purse: list[words.Money], business_date: date, chance: Random
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
def arrangements(draw: st.DrawFn) -> words.Arrangement:
    made_on = draw(days)
    due_on = made_on
    installments: list[tuple[date, int]] = []
    for _ in range(draw(st.integers(1, 4))):
        due_on += timedelta(days=draw(st.integers(0 if not installments else 1, 12)))
        installments.append((due_on, draw(st.integers(1, 100))))
    made = 2 * draw(st.integers(0, 6)) + 1
    return words.Arrangement(
        id="1",
        installments=tuple(installments),
        made_on=made_on,
        made=made,
        activated=(made_on, made),
        grace=draw(st.integers(0, 4)),
        tolerance=draw(st.integers(0, min(10, installments[0][1] - 1))),
    )


@settings(max_examples=1200)
@given(
    arrangements(),
    purses(),
    st.integers(0, 60).map(lambda n: EPOCH + timedelta(days=n)),
    st.randoms(use_true_random=False),
)
def test_an_arrangement_stands_as_the_model_says(
    agreed: words.Arrangement, purse: list[words.Money], business_date: date, chance: Random
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
    reached = sum(one.amount for one in purse if words.counts(one, agreed.made_on, agreed.made))
    total = sum(amount for _, amount in agreed.installments)
    if standing.status == "completed":
        assert reached >= total - agreed.tolerance
    if reached >= total - agreed.tolerance:
        assert standing.status in {"completed", "broken"}
    if standing.next_review_on:
        eve = standing.next_review_on - timedelta(days=1)
        assert judge_arrangement(terms, entries, max(eve, business_date)).status == standing.status
        assert judge_arrangement(terms, entries, standing.next_review_on).status != standing.status


@st.composite
def cases(draw: st.DrawFn) -> model.Case:
    """Promises, arrangements and proposals of one account with its ends, payoff and requests."""
    cancels = st.none() | st.none() | days
    promised = [draw(promises(n)) for n in range(draw(st.integers(0, 2)))]
    agreed = [draw(arrangements()) for _ in range(draw(st.integers(0, 2)))]
    return model.Case(
        promises=[
            replace(one, made=_at(one.made_on, one.made), cancelled_on=draw(cancels), is_recovery=draw(st.booleans()))
            for one in promised
        ],
        arrangements=[
            replace(
                one,
                id=str(10 + n),
                made=_at(one.made_on, 2 * n + 1),
                activated=draw(st.sampled_from(_approvals(one.made_on, 2 * n + 1))),
                cancelled_on=draw(cancels),
            )
            for n, one in enumerate(agreed)
        ],
        entries=[replace(one, taken=_at(one.posted, 100 * n)) for n, one in enumerate(draw(purses()))],
        ends=[model.End(draw(days), reason) for reason in draw(st.sets(st.sampled_from(["charge_off", "bankruptcy"])))],
        payoffs=draw(st.lists(st.tuples(days, st.none() | days), max_size=3)),
    )


@st.composite
def crowded(draw: st.DrawFn) -> model.Case:
    """A case with much money on few days: those of its starts and ends, and those around them."""
    case = draw(cases())
    marks = [*((one.made_on, one.made) for one in _words(case)),
             *(one.activated for one in case.arrangements if one.activated)]  # fmt: skip
    near = [day + timedelta(days=by) for day in {EPOCH, *(day for day, _ in marks)} for by in (-1, 0, 1)]
    instants = [at + by for _, at in marks for by in (-1, 0, 1)] or [0]
    money = st.builds(
        words.Money,
        st.just("0"),
        st.integers(1, 60),
        st.sampled_from(near),
        st.sampled_from(near),
        st.sampled_from(instants),
    )
    return replace(case, entries=draw(st.lists(money, max_size=14)))


def _at(day: date, nth: int) -> int:
    """Instants rise with the days."""
    return 10_000 * (day - EPOCH).days + nth


def _approvals(made_on: date, nth: int) -> list[tuple[date, int] | None]:
    """At once, on the next day, or never."""
    return [(made_on, _at(made_on, nth)), (made_on + ONE_DAY, _at(made_on + ONE_DAY, nth)), None]


def _words(case: model.Case) -> list[words.Promise | words.Arrangement]:
    return [*case.promises, *case.arrangements]


def _account_case(case: model.Case, business_date: date) -> AccountCase:
    """The same in the domain's words."""

    def number(one: words.Promise | words.Arrangement) -> UUID:
        return UUID(int=int(one.id) + 100)

    return AccountCase(
        promises=[
            PromiseTerms(
                number(one), one.amount, one.due_on, Start(one.made_on, instant(one.made)), one.tolerance, one.grace,
                cancelled_on=one.cancelled_on,
            )
            for one in case.promises
        ],
        arrangements=[
            ArrangementTerms(
                number(one), tuple(Installment(*part) for part in one.installments),
                Start(one.made_on, instant(one.made)), one.tolerance, one.grace,
                is_approved=one.activated is not None, cancelled_on=one.cancelled_on,
            )
            for one in case.arrangements
        ],
        entries=entries_of(case.entries),
        account=AccountFacts(
            tuple(End(end.on, end.reason) for end in case.ends),  # type: ignore[arg-type]  # drawn from its reasons
            tuple(Payoff(*times) for times in case.payoffs),
        ),
        business_date=business_date,
        activations=[Start(one.activated[0], instant(one.activated[1])) for one in case.arrangements if one.activated],
        made_charged_off={number(one) for one in _words(case) if one.is_recovery},
    )  # fmt: skip


@settings(max_examples=1000)
@given(cases(), st.integers(0, 60).map(lambda n: EPOCH + timedelta(days=n)))
def test_whole_accounts_stand_as_the_model_says(case: model.Case, business_date: date) -> None:
    business_date = max([business_date, *(one.made_on + ONE_DAY for one in _words(case))])
    expected = model.judge(case, business_date)
    found = judge_account(_account_case(case, business_date))
    assert {str(key.int - 100): (one.status, one.paid_minor) for key, (_, one) in found.promises.items()} == {
        key: (one.status, one.paid) for key, one in expected.promises.items()
    }
    assert {
        str(key.int - 100): (one.status, one.paid_minor, one.next_due_on, one.resolved_on)
        for key, (_, one) in found.arrangements.items()
    } == {key: (one.status, one.paid, one.next_due_on, one.resolved_on) for key, one in expected.arrangements.items()}


def added_up(case: AccountCase) -> list[Entry]:
    """The payments as PostgreSQL adds them up: those that nothing tells apart are one, taken when the first was."""
    starts = [*(one.start for one in case.promises), *(one.start for one in case.arrangements), *case.activations]
    instants = [start.made_at for start in starts]
    groups: dict[tuple[object, ...], list[Entry]] = {}
    for entry in case.entries:
        side = tuple((entry.taken_at > at) - (entry.taken_at < at) for at in instants)
        groups.setdefault((entry.effective_on, entry.posted_on, side), []).append(entry)
    return [
        min(alike)._replace(
            amount_minor=sum(entry.amount_minor for entry in alike), taken_at=min(e.taken_at for e in alike)
        )
        for alike in groups.values()
    ]


@settings(max_examples=1500)
@given(crowded(), st.integers(0, 60).map(lambda n: EPOCH + timedelta(days=n)), st.randoms(use_true_random=False))
def test_money_that_nothing_tells_apart_may_be_added_up(case: model.Case, business_date: date, chance: Random) -> None:
    found = _account_case(case, business_date)
    summed = added_up(found)
    chance.shuffle(summed)
    assert judge_account(replace(found, entries=summed)) == judge_account(found)
