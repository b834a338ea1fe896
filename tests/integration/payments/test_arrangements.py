"""Arrangements on the real PostgreSQL: activated, at risk, completed, broken, opened again, superseded and approved."""

import asyncio
from itertools import permutations
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from services.payments.handlers import evaluate_date
from services.payments.handlers.cancel import cancel
from shared.errors import Refusal
from tests.conftest import GetEngine
from tests.integration.payments.obligation_book import COLLECTOR, SUPERVISOR, Book, Person, on

TWO = ((5, 100), (35, 100))
OTHER_SUPERVISOR = Person("sam", frozenset({"supervisor"}))


@pytest_asyncio.fixture
async def book(service_engine: GetEngine) -> Book:
    return await Book(await service_engine("payments")).open()


async def test_within_authority_it_is_active_at_once(book: Book) -> None:
    made = await book.arrange(*TWO)
    assert (made.status, made.version, made.total_minor, made.next_due_on) == ("active", 1, 200, on(5))
    assert [(topic, version) for topic, version, _ in await book.events("arrangement.")] == [
        ("arrangement.activated", 1)
    ]


async def test_payments_complete_it_and_it_is_published(book: Book) -> None:
    made = await book.arrange(*TWO)
    await book.pay(100, 5)
    shown = await book.arrangement_now(made.id)
    assert [(one.paid_minor, one.status) for one in shown.installments] == [(100, "paid"), (0, "scheduled")]
    await book.pay(100, 20)
    done = await book.arrangement_now(made.id)
    assert (done.status, done.paid_minor, done.next_due_on, done.resolved_on) == ("completed", 200, None, on(20))
    topic, version, body = (await book.events("arrangement."))[-1]
    assert (topic, version, body["status"], body["installments"][1]["status"]) == (
        "arrangement.completed",
        3,
        "completed",
        "paid",
    )


async def completed_by(book: Book, payment: UUID) -> list[UUID]:
    """The arrangements that a payment says it has completed."""
    found: list[UUID] = await book.run(
        lambda tx: tx.fetchval("SELECT arrangements_completed FROM payment WHERE payment_id = $1", payment)
    )
    return found


async def test_the_payment_that_completes_it_says_so(book: Book) -> None:
    made = await book.arrange((5, 100))
    assert await completed_by(book, await book.pay(100, 1)) == [made.id]


async def test_a_payment_that_waited_for_its_day_says_so_too(book: Book) -> None:
    made = await book.arrange((20_000, 100), by=SUPERVISOR)
    payment = await book.pay(100, 19_999, is_booked=True)
    assert await completed_by(book, payment) == []
    await book.advance(19_999)
    assert (await book.arrangement_now(made.id)).status == "completed"
    assert await completed_by(book, payment) == [made.id]


async def test_a_payment_that_waited_for_its_account_says_so_too(book: Book) -> None:
    made = await book.arrange((5, 100))
    await book.account(currency="EUR")
    payment = await book.pay(100, 1, is_booked=True)
    assert await completed_by(book, payment) == []
    await book.account()
    assert (await book.arrangement_now(made.id)).status == "completed"
    assert await completed_by(book, payment) == [made.id]


async def test_time_puts_it_at_risk_and_then_breaks_it(book: Book) -> None:
    made = await book.arrange(*TWO, grace_days=3)
    seen = []
    for day in (5, 6, 8, 9):
        await book.advance(day)
        seen.append((await book.arrangement_now(made.id)).status)
    assert seen == ["active", "at_risk", "at_risk", "broken"]
    assert [topic for topic, _, _ in await book.events("arrangement.")] == [
        "arrangement.activated",
        "arrangement.at_risk",
        "arrangement.broken",
    ]


async def test_a_skipped_business_date_breaks_it_all_the_same(book: Book) -> None:
    made = await book.arrange(*TWO)
    await book.advance(20)
    broken = await book.arrangement_now(made.id)
    assert (broken.status, broken.resolved_on, broken.installments[0].status) == ("broken", on(6), "missed")


async def test_money_in_time_that_arrives_late_heals_broken_and_late_money_does_not(book: Book) -> None:
    made = await book.arrange(*TWO)
    await book.advance(10)
    await book.pay(200, 7)
    assert (await book.arrangement_now(made.id)).status == "broken"
    await book.pay(100, 5)
    healed = await book.arrangement_now(made.id)
    assert healed.status == "completed"


async def test_a_reversal_opens_a_completed_one_again(book: Book) -> None:
    made = await book.arrange(*TWO)
    payment = await book.pay(200, 4)
    assert (await book.arrangement_now(made.id)).status == "completed"
    await book.reverse(payment, 5)
    again = await book.arrangement_now(made.id)
    assert (again.status, again.paid_minor, again.version) == ("active", 0, 3)
    assert [topic for topic, _, _ in await book.events("arrangement.")][-1] == "arrangement.activated"


async def test_the_tolerance_counts_once(book: Book) -> None:
    made = await book.arrange(*TWO, tolerance_minor=10)
    await book.pay(90, 5)
    await book.advance(6)
    assert (await book.arrangement_now(made.id)).status == "active"
    await book.pay(90, 30)
    await book.advance(36)
    assert (await book.arrangement_now(made.id)).status == "broken"


async def test_payoff_completes_it_for_good_and_a_payoff_that_was_none_opens_it_again(book: Book) -> None:
    made = await book.arrange(*TWO)
    await book.account(balance_minor=0, payoffs=[{"paid_off_on": on(3)}])
    done = await book.arrangement_now(made.id)
    assert (done.status, done.resolved_on) == ("completed", on(3))
    await book.advance(60)
    await book.account(balance_minor=500, payoffs=[{"paid_off_on": on(3), "owed_again_on": on(4)}])
    assert (await book.arrangement_now(made.id)).status == "completed"
    await book.account(balance_minor=500, business_date=on(60))
    assert (await book.arrangement_now(made.id)).status == "broken"


async def test_payoff_does_not_heal_what_was_broken(book: Book) -> None:
    made = await book.arrange(*TWO)
    await book.advance(7)
    await book.account(balance_minor=0, payoffs=[{"paid_off_on": on(7)}])
    assert (await book.arrangement_now(made.id)).status == "broken"


async def test_payoff_is_of_the_day_that_the_accounts_newest_state_says(book: Book) -> None:
    made = await book.arrange(*TWO)
    await book.account(version=5, balance_minor=0, payoffs=[{"paid_off_on": on(3)}])
    await book.account(version=4, balance_minor=0, payoffs=[{"paid_off_on": on(9)}])
    await book.advance(9)
    done = await book.arrangement_now(made.id)
    assert (done.status, done.resolved_on) == ("completed", on(3))


async def test_a_charge_off_cancels_it_and_a_second_arrangement_can_be_made(book: Book) -> None:
    made = await book.arrange(*TWO)
    await book.account(status="charged_off", charged_off_on=on(2))
    gone = await book.arrangement_now(made.id)
    assert (gone.status, gone.cancel_reason) == ("cancelled", "charge_off")
    second = await book.arrange(*TWO)
    await book.account(status="charged_off", charged_off_on=on(2))
    assert (await book.arrangement_now(second.id)).status == "active"


async def test_one_open_arrangement_per_account(book: Book) -> None:
    await book.arrange(*TWO)
    refused = await book.try_arrange(*TWO)
    assert isinstance(refused, Refusal)
    assert refused.code == "arrangement-open"


async def test_twenty_proposals_at_once_leave_one_open(book: Book) -> None:
    answers = await asyncio.gather(*(book.try_arrange(*TWO) for _ in range(20)))
    assert sorted(answer.code for answer in answers if isinstance(answer, Refusal)) == ["arrangement-open"] * 19
    assert len(await book.arrangements()) == 1


async def test_activation_cancels_open_promises(book: Book) -> None:
    kept, open_one = await book.promise(50, 5), await book.promise(100, 9)
    await book.pay(50, 1)
    await book.arrange(*TWO)
    assert (await book.promise_now(kept.id)).status == "kept"
    gone = await book.promise_now(open_one.id)
    assert (gone.status, gone.cancel_reason) == ("cancelled", "arrangement")


async def test_beyond_authority_it_is_proposed_and_cancels_no_promise(book: Book) -> None:
    promise = await book.promise(100, 9)
    made = await book.arrange((5, 2_000_000))
    assert (made.status, made.version, made.approved_at) == ("proposed", 1, None)
    assert (await book.promise_now(promise.id)).status == "made"
    await book.pay(2_000_000, 5)
    await book.advance(30)
    assert (await book.arrangement_now(made.id)).status == "proposed"


async def test_a_supervisor_has_no_limits(book: Book) -> None:
    assert (await book.arrange((5, 2_000_000), by=SUPERVISOR)).status == "active"


async def test_approval_activates_it_counts_money_from_the_proposal_and_cancels_promises(book: Book) -> None:
    promise = await book.promise(100, 9)
    made = await book.arrange((5, 1_000_000), (35, 1_000_000))
    await book.pay(1_000_000, 2)
    assert await book.approve(made.id) == made.id
    active = await book.arrangement_now(made.id)
    assert (active.status, active.paid_minor, active.approved_by) == ("active", 1_000_000, "sue")
    assert (await book.promise_now(promise.id)).status == "kept"
    assert [topic for topic, _, _ in await book.events("arrangement.")][-1] == "arrangement.activated"


async def test_nobody_approves_their_own_proposal(book: Book) -> None:
    both = Person("sue", frozenset({"collector"}))
    made = await book.arrange((5, 2_000_000), by=both)
    refused = await book.approve(made.id, by=SUPERVISOR)
    assert isinstance(refused, Refusal)
    assert refused.code == "same-person"
    assert await book.approve(made.id, by=OTHER_SUPERVISOR) == made.id


async def test_a_proposal_whose_first_due_date_has_passed_is_not_approved(book: Book) -> None:
    made = await book.arrange((5, 2_000_000))
    await book.advance(6)
    refused = await book.approve(made.id)
    assert isinstance(refused, Refusal)
    assert refused.code == "due-on-in-past"


async def test_only_a_proposal_is_approved(book: Book) -> None:
    made = await book.arrange(*TWO)
    refused = await book.approve(made.id)
    assert isinstance(refused, Refusal)
    assert refused.code == "transition-refused"


async def test_a_cancelled_one_keeps_what_it_had_received_and_frees_its_place(book: Book) -> None:
    made = await book.arrange(*TWO)
    await book.pay(70, 0)
    await book.cancel("arrangement", made.id)
    await book.pay(30, 3)
    gone = await book.arrangement_now(made.id)
    assert (gone.status, gone.paid_minor, gone.cancel_reason) == ("cancelled", 70, "request")
    assert (await book.arrange(*TWO)).status == "active"


async def test_money_from_the_start_of_the_next_arrangement_on_counts_for_that_one(book: Book) -> None:
    older = await book.arrange(*TWO)
    await book.advance(10)
    newer = await book.arrange((20, 100))
    await book.pay(100, 12)
    assert (await book.arrangement_now(older.id)).paid_minor == 0
    assert (await book.arrangement_now(newer.id)).status == "completed"


async def test_re_opening_an_older_one_never_fails_because_a_newer_one_exists(book: Book) -> None:
    older = await book.arrange(*TWO)
    await book.advance(10)
    newer = await book.arrange((20, 100))
    await book.pay(100, 5)
    assert (await book.arrangement_now(older.id)).status == "active"
    assert (await book.arrangement_now(newer.id)).status == "active"
    refused = await book.try_arrange(*((40, 100),))
    assert isinstance(refused, Refusal)
    assert refused.code == "arrangement-open"


async def test_a_proposal_that_is_cancelled_gives_the_older_one_its_window_back(book: Book) -> None:
    older = await book.arrange((5, 100), (60, 100))
    await book.advance(10)
    proposal = await book.arrange((20, 2_000_000))
    await book.pay(100, 12)
    await book.pay(100, 5)
    assert (await book.arrangement_now(older.id)).paid_minor == 100
    await book.cancel("arrangement", proposal.id)
    assert (await book.arrangement_now(older.id)).status == "completed"


async def test_a_schedule_is_made_from_count_and_frequency(book: Book) -> None:
    made = await book.arrange(
        installments={"count": 3, "first_due_on": "2026-03-31", "frequency": "monthly", "total_minor": 100}
    )
    assert [(one.due_on.isoformat(), one.amount_minor) for one in made.installments] == [
        ("2026-03-31", 33),
        ("2026-04-30", 33),
        ("2026-05-31", 34),
    ]


async def test_a_due_date_before_the_business_date_is_refused(book: Book) -> None:
    refused = await book.try_arrange((-1, 100), (5, 100))
    assert isinstance(refused, Refusal)
    assert refused.code == "due-on-in-past"


async def test_what_does_not_exist_or_is_another_creditors_is_unknown(book: Book) -> None:
    made = await book.arrange(*TWO)
    stranger = Person(creditors=frozenset())
    for found in (await book.cancel("arrangement", uuid4()), await book.cancel("arrangement", made.id, by=stranger)):
        assert isinstance(found, Refusal)
        assert found.code == "arrangement-unknown"


async def test_a_cancel_and_a_completing_payment_at_once_leave_one_truth(book: Book) -> None:
    made = await book.arrange((5, 100))
    answer, _ = await asyncio.gather(
        book.run(lambda tx: cancel(tx, COLLECTOR, "arrangement", made.id)), book.pay(100, 1)
    )
    status = (await book.arrangement_now(made.id)).status
    assert status == ("completed" if isinstance(answer, Refusal) else "cancelled")
    versions = [version for _, version, _ in await book.events("arrangement.")]
    assert versions == list(range(1, len(versions) + 1))


async def test_many_accounts_are_evaluated_in_chunks_and_each_once(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_date, "CHUNK_ACCOUNTS", 2)
    for _ in range(5):
        account_id = uuid4()
        await book.account(account_id=account_id)
        await book.promise(100, 5, account_id=account_id)
    job = await book.advance(6)
    assert (job.progress["evaluated"], job.progress["changed"]) == (5, 5)
    topics = [topic for topic, _, _ in await book.events("promise.")]
    assert topics.count("promise.broken") == 5


async def test_any_order_of_arrival_ends_in_the_same_standing(service_engine: GetEngine) -> None:
    engine = await service_engine("payments")
    ends = set()
    orders = list(permutations(["early", "late", "date", "reversed", "paid off", "owed again"]))
    for order in orders[::13]:  # a sample, spread over all 720
        book = await Book(engine).open()
        made = await book.arrange((5, 100), (35, 100), (60, 100))
        for step in order:
            match step:
                case "early":
                    await book.pay(100, 4)
                case "late":
                    await book.pay(100, 30)
                case "date":
                    await book.advance(36)
                case "reversed":
                    await book.reverse(await book.pay(5_000, 3), 4)
                case "paid off":
                    await book.account(version=5, balance_minor=0, payoffs=[{"paid_off_on": on(10)}])
                case _:
                    await book.account(version=6, balance_minor=900, business_date=on(12))
        shown = await book.arrangement_now(made.id)
        ends.add((shown.status, shown.paid_minor, shown.next_due_on, shown.resolved_on))
    assert ends == {("active", 200, on(60), None)}
