"""The standing of an account equals the brute-force model's on random histories: "What the words mean" as one test."""

from datetime import date, timedelta
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.books.account import AccountModel
from deploy.local.books.postings import Entry as ModelEntry
from deploy.local.books.postings import Snapshot as ModelSnapshot
from services.accounts.domain.account import AccountFacts, evaluate
from services.accounts.domain.delinquency import default_stages
from services.accounts.domain.dues import Snapshot, refusals
from services.accounts.domain.ledger import Booking, Entry, Reversal

EPOCH = date(2024, 1, 1)
SPACE = UUID(int=7)
PRODUCTS = ["closed_end_loan", "credit_card", "share_negative", "mortgage", "commercial"]
FREQUENCIES = ["weekly", "biweekly", "semimonthly", "monthly", "quarterly", "once", None]
days = st.integers(0, 420).map(lambda n: EPOCH + timedelta(days=n))


@st.composite
def snapshots(draw: st.DrawFn, received: int) -> ModelSnapshot:
    on = draw(days)
    installment = draw(st.sampled_from([None, 0, 1, 50, 100]))
    behind = draw(st.integers(0, 4))
    past_due = draw(st.one_of(st.just(behind * (installment or 30)), st.integers(0, 400)))
    oldest = on - timedelta(days=draw(st.integers(1, 130))) if past_due else None
    return ModelSnapshot(
        on=on,
        received=received,
        balance=draw(st.one_of(st.just(past_due), st.integers(-50, 1500))),
        past_due=past_due,
        oldest=oldest,
        installment=installment,
        frequency=draw(st.sampled_from(FREQUENCIES)),
        next_due=draw(st.one_of(st.none(), st.integers(-40, 60).map(lambda n: on + timedelta(days=n)))),
        status=draw(st.sampled_from(["open", "open", "open", "charged_off", "closed"])),
    )


@st.composite
def entries(draw: st.DrawFn, number: int) -> ModelEntry:
    posted = draw(days)
    amount = draw(st.integers(1, 300))
    is_core = draw(st.booleans())
    has_reversal = draw(st.booleans())
    return ModelEntry(
        id=str(uuid5(SPACE, str(number))),
        amount=amount,
        dues=draw(st.one_of(st.just(amount), st.integers(0, amount))),
        effective=posted - timedelta(days=draw(st.integers(0, 40))),
        posted=posted,
        is_core=is_core,
        booked=None
        if is_core
        else draw(st.one_of(st.none(), st.just(posted + timedelta(days=draw(st.integers(0, 3)))))),
        reversal_posted=posted + timedelta(days=draw(st.integers(0, 60))) if has_reversal else None,
        reversal_is_core=draw(st.booleans()),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[AccountModel, date]:
    product = draw(st.sampled_from(PRODUCTS))
    number = draw(st.integers(1, 3))
    taken: dict[date, ModelSnapshot] = {}
    for received in range(number):
        snapshot = draw(snapshots(received))
        taken[snapshot.on] = snapshot  # same date: the last received
    ledger = [draw(entries(n)) for n in range(draw(st.integers(0, 5)))]
    model = AccountModel(product, list(taken.values()), {entry.id: entry for entry in ledger})
    return model, draw(days)


def as_domain(model: AccountModel) -> AccountFacts:
    """The same facts in the domain's words."""
    ordered = [_snapshot(one, model.product) for one in sorted(model.snapshots, key=lambda one: (one.on, one.received))]
    return AccountFacts(
        snapshot=ordered[-1],
        history=ordered[:-1],
        entries=[
            Entry(
                UUID(one.id), one.amount, one.dues, one.effective, _booking(one.posted, one.booked, is_core=one.is_core)
            )
            for one in model.entries.values()
        ],
        reversals={
            UUID(one.id): Reversal(
                UUID(one.id), one.effective, _booking(one.reversal_posted, None, is_core=one.reversal_is_core)
            )
            for one in model.entries.values()
            if one.reversal_posted
        },
    )


def _snapshot(one: ModelSnapshot, product: str) -> Snapshot:
    return Snapshot(
        business_date=one.on,
        product_class=product,  # type: ignore[arg-type]  # drawn from the list above
        status=one.status,  # type: ignore[arg-type]  # as above
        balance_minor=one.balance,
        past_due_minor=one.past_due,
        oldest_unpaid_due_on=one.oldest,
        installment_minor=one.installment,
        frequency=one.frequency,  # type: ignore[arg-type]  # as above
        next_due_on=one.next_due,
    )


def _booking(posted: date, booked: date | None, *, is_core: bool) -> Booking:
    return Booking("core" if is_core else "ours", posted, booked)


@settings(max_examples=1500)
@given(histories())
def test_the_standing_of_any_history_equals_the_model(history: tuple[AccountModel, date]) -> None:
    model, business_date = history
    facts = as_domain(model)
    assert not refusals(facts.snapshot)
    expected = model.standing(business_date)
    found = evaluate(facts, business_date, default_stages(model.product))  # type: ignore[arg-type]  # as above
    assert (
        found.balance_minor,
        found.past_due_minor,
        found.days_past_due,
        found.oldest_unpaid_due_on,
        found.bucket,
        found.stage,
    ) == (expected.balance, expected.past_due, expected.days_past_due, expected.oldest, expected.bucket, expected.stage)
