"""Promises on the real PostgreSQL: made, kept, broken, cancelled and opened again by what happens to their account."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import pytest_asyncio

from services.payments.handlers.approve import approve
from services.payments.handlers.evaluate_date import EvaluateDate, Offsets
from services.payments.handlers.reassess import reassess
from shared.errors import Refusal
from shared.messaging.kafka import KafkaUnavailableError
from tests.conftest import GetEngine
from tests.integration.payments.obligation_book import DAY, SUPERVISOR, Book, Person, on


@pytest_asyncio.fixture
async def book(service_engine: GetEngine) -> Book:
    return await Book(await service_engine("payments")).open()


async def test_a_promise_is_made_at_once_and_shown_with_one_instalment(book: Book) -> None:
    made = await book.promise(12_550, 5, method="ach")
    assert (made.status, made.version, made.made_on, made.total_minor) == ("made", 1, DAY, 12_550)
    assert [one.model_dump() for one in made.installments] == [
        {"due_on": on(5), "amount_minor": 12_550, "paid_minor": 0, "status": "scheduled"}
    ]
    assert [(topic, version) for topic, version, _ in await book.events("promise.")] == [("promise.made", 1)]


async def test_a_payment_keeps_a_promise_and_a_part_payment_shows_on_it(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.pay(40, 1)
    assert (await book.promise_now(made.id)).installments[0].paid_minor == 40
    await book.pay(60, 2)
    kept = await book.promise_now(made.id)
    assert (kept.status, kept.paid_minor, kept.resolved_on, kept.version) == ("kept", 100, on(2), 3)
    assert kept.installments[0].status == "paid"
    published = await book.events("promise.")
    assert [(topic, version) for topic, version, _ in published] == [
        ("promise.made", 1),
        ("promise.made", 2),
        ("promise.kept", 3),
    ]
    assert published[-1][2]["paid_minor"] == 100


async def test_the_business_date_after_the_due_date_breaks_a_promise(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.advance(5)
    assert (await book.promise_now(made.id)).status == "made"
    job = await book.advance(6)
    assert job.progress["changed"] == 1
    broken = await book.promise_now(made.id)
    assert (broken.status, broken.resolved_on, broken.installments[0].status) == ("broken", on(6), "missed")


async def test_a_part_payment_makes_it_partially_kept(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.pay(99, 5)
    await book.advance(6)
    assert (await book.promise_now(made.id)).status == "partially_kept"


async def test_money_effective_in_time_that_arrives_late_turns_broken_to_kept(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.advance(10)
    assert (await book.promise_now(made.id)).status == "broken"
    await book.pay(100, 5)
    assert (await book.promise_now(made.id)).status == "kept"


async def test_late_money_never_heals_broken(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.advance(10)
    await book.pay(100, 6)
    assert (await book.promise_now(made.id)).status == "broken"


async def test_a_reversal_opens_a_kept_promise_again_with_a_higher_version(book: Book) -> None:
    made = await book.promise(100, 5)
    payment = await book.pay(100, 1)
    await book.reverse(payment, 2)
    again = await book.promise_now(made.id)
    assert (again.status, again.paid_minor, again.resolved_on) == ("made", 0, None)
    assert [(topic, version) for topic, version, _ in await book.events("promise.")] == [
        ("promise.made", 1),
        ("promise.kept", 2),
        ("promise.made", 3),
    ]


async def test_a_reversal_after_the_due_date_breaks_it(book: Book) -> None:
    made = await book.promise(100, 5)
    payment = await book.pay(100, 1)
    await book.advance(8)
    await book.reverse(payment, 8)
    assert (await book.promise_now(made.id)).status == "broken"


async def test_promises_share_money_earliest_due_first(book: Book) -> None:
    later, sooner = await book.promise(100, 9), await book.promise(100, 5)
    await book.pay(150, 2)
    assert (await book.promise_now(sooner.id)).status == "kept"
    assert (await book.promise_now(later.id)).paid_minor == 50


async def test_money_from_before_the_promise_does_not_count(book: Book) -> None:
    await book.pay(100, 0)
    made = await book.promise(100, 5)
    await book.pay(100, -1)
    assert (await book.promise_now(made.id)).paid_minor == 0


async def test_a_due_date_before_the_business_date_is_refused(book: Book) -> None:
    refused = await book.try_promise(100, -1)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.field) == ("due-on-in-past", "due_on")
    assert (await book.promise(100, 0)).status == "made"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"account_id": "00000000-0000-4000-8000-000000000000"}, "account-not-here"),
        ({"currency": "EUR"}, "currency-mismatch"),
    ],
)
async def test_a_promise_that_cannot_be_is_refused(book: Book, facts: dict[str, Any], code: str) -> None:
    refused = await book.try_promise(100, 5, **facts)
    assert isinstance(refused, Refusal)
    assert refused.code == code


async def test_another_creditors_account_is_not_found(book: Book) -> None:
    refused = await book.try_promise(100, 5, by=Person(creditors=frozenset()))
    assert isinstance(refused, Refusal)
    assert refused.code == "account-unknown"


async def test_nothing_is_promised_where_nothing_is_owed(book: Book) -> None:
    await book.account(balance_minor=0)
    refused = await book.try_promise(100, 5)
    assert isinstance(refused, Refusal)
    assert refused.code == "account-not-eligible"


async def test_a_cancel_is_final_and_a_second_one_changes_nothing(book: Book) -> None:
    made = await book.promise(100, 5)
    assert await book.cancel("promise", made.id) == made.id
    await book.pay(100, 1)
    assert await book.cancel("promise", made.id) == made.id
    gone = await book.promise_now(made.id)
    assert (gone.status, gone.cancel_reason, gone.cancelled_by, gone.version) == ("cancelled", "request", "ana", 2)


async def test_a_kept_promise_is_not_cancelled(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.pay(100, 1)
    refused = await book.cancel("promise", made.id)
    assert isinstance(refused, Refusal)
    assert refused.code == "transition-refused"


async def test_a_charge_off_cancels_open_promises_and_breaks_none(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.account(status="charged_off", charged_off_on=on(2))
    gone = await book.promise_now(made.id)
    assert (gone.status, gone.cancel_reason, gone.resolved_on) == ("cancelled", "charge_off", on(2))


async def test_a_promise_on_an_account_that_is_charged_off_already_stands(book: Book) -> None:
    await book.account(status="charged_off")
    made = await book.promise(100, 5)
    await book.account(status="charged_off", balance_minor=999_900)
    assert (await book.promise_now(made.id)).status == "made"


async def test_a_promise_that_a_reversal_opens_after_the_charge_off_is_cancelled(book: Book) -> None:
    made = await book.promise(100, 5)
    payment = await book.pay(100, 1)
    await book.account(status="charged_off", charged_off_on=on(2))
    assert (await book.promise_now(made.id)).status == "kept"
    await book.reverse(payment, 3)
    assert (await book.promise_now(made.id)).status == "cancelled"


async def test_running_it_again_changes_and_publishes_nothing(book: Book) -> None:
    await book.promise(100, 5)
    await book.pay(40, 1)
    before = await book.events("promise.")
    done = await book.run(lambda tx: reassess(tx, [book.account_id]))
    assert done.changed == 0
    assert await book.events("promise.") == before


async def test_the_evaluation_waits_for_payments_that_the_core_had_published(book: Book) -> None:
    made = await book.promise(100, 5)
    asked: list[Offsets] = []

    async def offsets() -> Offsets:
        return {"core.payment.received/0": 7}

    async def passed(wanted: Offsets) -> bool:
        asked.append(wanted)
        if len(asked) == 2:
            await book.pay(100, 5)
        return len(asked) > 2

    await book.advance(6, evaluate=EvaluateDate(offsets, passed))
    assert asked == [{"core.payment.received/0": 7}] * 3
    assert "promise.broken" not in [topic for topic, _, _ in await book.events("promise.")]
    assert (await book.promise_now(made.id)).status == "kept"


async def test_the_evaluation_waits_within_its_bound_only(book: Book) -> None:
    made = await book.promise(100, 5)

    async def offsets() -> Offsets:
        return {"core.payment.received/0": 7}

    async def never(_: Offsets) -> bool:
        return False

    job = await book.advance(6, evaluate=EvaluateDate(offsets, never, wait=timedelta(milliseconds=300)))
    assert job.progress["waited_in_vain"] is True
    assert (await book.promise_now(made.id)).status == "broken"


async def test_the_evaluation_waits_while_kafka_does_not_answer(book: Book) -> None:
    made = await book.promise(100, 5)
    tries = 0

    async def offsets() -> Offsets:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise KafkaUnavailableError("no answer")
        return {"core.payment.received/0": 0}

    async def passed(_: Offsets) -> bool:
        return True

    job = await book.advance(6, evaluate=EvaluateDate(offsets, passed))
    assert (tries, job.progress["waited_in_vain"]) == (3, False)
    assert (await book.promise_now(made.id)).status == "broken"


async def test_an_earlier_business_date_evaluated_late_changes_nothing(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.advance(6)
    await book.advance(3)
    assert (await book.promise_now(made.id)).status == "broken"


async def test_any_order_of_arrival_ends_in_the_same_standing(service_engine: GetEngine) -> None:
    engine = await service_engine("payments")
    ends = set()
    for order in permutations(["early", "late", "date", "reversed"]):
        book = await Book(engine).open()
        first, second = await book.promise(100, 5), await book.promise(50, 8)
        for step in order:
            match step:
                case "early":
                    await book.pay(100, 4)
                case "late":
                    await book.pay(50, 7)
                case "date":
                    await book.advance(9)
                case _:
                    await book.reverse(await book.pay(500, 3), 4)
        views = [await book.promise_now(first.id), await book.promise_now(second.id)]
        ends.add(tuple((one.status, one.paid_minor, one.resolved_on) for one in views))
    assert ends == {(("kept", 100, on(4)), ("kept", 50, on(7)))}


async def test_an_older_state_of_the_account_decides_nothing(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.account(version=9)
    await book.account(version=8, status="charged_off", charged_off_on=on(1))
    assert (await book.promise_now(made.id)).status == "made"


async def test_a_bankruptcy_on_the_accounts_state_cancels_from_its_day_on(book: Book) -> None:
    early, late = await book.promise(100, 1), await book.promise(100, 9)
    await book.advance(3)
    await book.account(
        restrictions=[{"kind": "bankruptcy_stay", "since_on": on(2)}, {"kind": "cease", "since_on": on(0)}]
    )
    assert (await book.promise_now(early.id)).status == "broken"
    gone = await book.promise_now(late.id)
    assert (gone.status, gone.cancel_reason, gone.resolved_on) == ("cancelled", "bankruptcy", on(2))


@pytest.mark.parametrize("is_late", [False, True])
async def test_money_effective_before_the_charge_off_keeps_a_promise_whenever_it_arrives(
    book: Book, is_late: bool
) -> None:
    made = await book.promise(100, 5)
    if not is_late:
        await book.pay(100, 1)
    await book.account(status="charged_off", charged_off_on=on(2))
    if is_late:
        assert (await book.promise_now(made.id)).status == "cancelled"
        await book.pay(100, 1)
    kept = await book.promise_now(made.id)
    assert (kept.status, kept.cancel_reason, kept.resolved_on) == ("kept", None, on(1))


async def test_a_promise_that_a_person_cancelled_stays_cancelled_whatever_arrives(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.cancel("promise", made.id)
    await book.pay(100, 1)
    await book.account(status="charged_off", charged_off_on=on(2))
    gone = await book.promise_now(made.id)
    assert (gone.status, gone.cancel_reason) == ("cancelled", "request")


async def test_a_cancel_of_what_the_account_had_cancelled_stays_when_the_core_takes_that_back(book: Book) -> None:
    promised, arranged = await book.promise(100, 5), await book.arrange((9, 100))
    await book.account(status="charged_off", charged_off_on=on(2))
    for _ in range(2):
        assert await book.cancel("promise", promised.id) == promised.id
        assert await book.cancel("arrangement", arranged.id) == arranged.id
    await book.account()
    word, plan = await book.promise_now(promised.id), await book.arrangement_now(arranged.id)
    assert (word.status, word.cancel_reason) == ("cancelled", "request")
    assert (plan.status, plan.cancel_reason) == ("cancelled", "request")


async def test_a_charge_off_that_the_core_takes_back_cancels_nothing(book: Book) -> None:
    made = await book.promise(100, 5)
    await book.account(status="charged_off", charged_off_on=on(2))
    await book.account()
    assert (await book.promise_now(made.id)).status == "made"


async def test_a_raised_epoch_makes_every_version_newer(book: Book) -> None:
    made = await book.promise(100, 5)
    restored = replace(book, engine=book.engine.execution_options(arrears_version_epoch=2))
    await restored.pay(40, 1)
    await restored.pay(60, 2)
    versions = [version for _, version, _ in await book.events("promise.")]
    assert versions == [1, (2 << 40) + 1, (2 << 40) + 2]
    assert (await book.promise_now(made.id)).version == versions[-1]


async def test_a_promise_is_never_approved(book: Book) -> None:
    made = await book.promise(100, 5)
    refused = await book.run(lambda tx: approve(tx, SUPERVISOR, "promise", made.id))
    assert isinstance(refused, Refusal)
    assert refused.code == "transition-refused"
