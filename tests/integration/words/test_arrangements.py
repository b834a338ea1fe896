"""`What the words mean`: **promises and arrangements**, the sentences on arrangements.

Not yet testable: bankruptcy and discharge cancel them; they come with the restrictions of compliance.
"""

from tests.integration.creditor_book import Book, refused_with


async def _paid(book: Book, arrangement_id: str) -> tuple[str, list[str]]:
    found = await book.arrangement_of(arrangement_id)
    return found["status"], [one["status"] for one in found["installments"]]


async def _status(book: Book, arrangement_id: str) -> str:
    return str((await book.arrangement_of(arrangement_id))["status"])


async def test_an_arrangement_is_cumulative(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000), ("2026-03-19", 10_000), ("2026-03-26", 10_000))
    await book.core_pays("R1", 25_000, "2026-03-11")
    found = await book.arrangement_of(made)
    assert [(one["paid_minor"], one["status"]) for one in found["installments"]] == [
        (10_000, "paid"),
        (10_000, "paid"),
        (5_000, "scheduled"),
    ]
    await book.open("2026-03-21")
    assert await _status(book, made) == "active"


async def test_tolerance_counts_once_not_for_each_instalment(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000), ("2026-03-19", 10_000), tolerance_minor=500)
    await book.core_pays("R1", 9_500, "2026-03-12")
    await book.open("2026-03-13")
    assert (await _paid(book, made))[1] == ["paid", "scheduled"]
    await book.core_pays("R2", 9_500, "2026-03-19")  # 19,000 of 20,000 - 500
    await book.open("2026-03-20")
    assert await _status(book, made) == "broken"


async def test_the_total_less_the_tolerance_completes_it(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000), ("2026-03-19", 10_000), tolerance_minor=500)
    await book.core_pays("R1", 19_499, "2026-03-12")
    assert await _status(book, made) == "active"
    answer = await book.pay(1, "2026-03-12")
    assert answer["arrangements_completed"] == [made]
    assert await _status(book, made) == "completed"


async def test_its_instalments_state_everything_the_regular_payment_included(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-04-01", 15_000))  # the 10,000 of 1 April and 5,000 of what is behind
    await book.core_pays("R1", 10_000, "2026-04-01")
    await book.open("2026-04-02")
    assert await _status(book, made) == "broken"


async def test_short_after_due_on_it_is_at_risk_and_after_grace_broken(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000), ("2026-04-12", 10_000), grace_days=3)
    await book.core_pays("R1", 9_999, "2026-03-12")
    found = []
    for day in ["2026-03-12", "2026-03-13", "2026-03-15", "2026-03-16"]:
        await book.open(day)
        found.append(await _status(book, made))
    assert found == ["active", "at_risk", "at_risk", "broken"]


async def test_money_within_grace_brings_it_back_from_at_risk(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000), ("2026-04-12", 10_000), grace_days=3)
    await book.open("2026-03-14")
    assert await _status(book, made) == "at_risk"
    await book.core_pays("R1", 10_000, "2026-03-15")
    assert await _status(book, made) == "active"
    await book.open("2026-03-20")
    assert await _status(book, made) == "active"


async def test_tolerance_and_grace_default_to_0(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000))
    found = await book.arrangement_of(made)
    assert (found["tolerance_minor"], found["grace_days"]) == (0, 0)
    await book.core_pays("R1", 9_999, "2026-03-12")
    await book.open("2026-03-13")
    assert await _status(book, made) == "broken"


async def test_it_is_completed_at_payoff(book: Book) -> None:
    await book.take("2026-03-10", balance_minor=30_000)
    made = await book.arrange(("2026-03-12", 20_000), ("2026-04-12", 20_000))
    await book.core_pays("R1", 30_000, "2026-03-12")
    assert await _status(book, made) == "completed"
    assert (await book.owes())[0] == 0


async def test_money_that_is_late_never_heals_broken(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000), ("2026-03-19", 10_000))
    await book.open("2026-03-13")
    await book.core_pays("R1", 20_000, "2026-03-13")
    assert await _status(book, made) == "broken"


async def test_entries_effective_in_time_that_arrive_later_recompute(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000), ("2026-03-19", 10_000))
    await book.open("2026-03-15")
    assert await _status(book, made) == "broken"
    await book.core_pays("R1", 10_000, "2026-03-12", posted_on="2026-03-15")
    assert await _status(book, made) == "active"
    topics = [topic for topic, _ in book.published("arrangement.activated", "arrangement.broken")]
    assert topics == ["arrangement.activated", "arrangement.broken", "arrangement.activated"]


async def test_a_reversal_re_opens_and_sends_arrangement_activated_again_with_a_higher_version(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-20", 10_000))
    paid = await book.pay(10_000)
    completed = await book.arrangement_of(made)
    assert completed["status"] == "completed"
    await book.take_back(paid, "2026-03-10")
    reopened = await book.arrangement_of(made)
    assert reopened["status"] == "active"
    assert reopened["version"] > completed["version"]
    topics = [topic for topic, _ in book.published("arrangement.activated", "arrangement.completed")]
    assert topics == ["arrangement.activated", "arrangement.completed", "arrangement.activated"]


async def test_one_open_arrangement_per_account(book: Book) -> None:
    await book.take()
    await book.arrange(("2026-03-20", 10_000))
    assert refused_with(await book.try_arrange([("2026-03-25", 5_000)])) == (409, "arrangement-open")


async def test_activation_cancels_open_promises(book: Book) -> None:
    await book.take()
    promised, kept = await book.promise(10_000, "2026-03-25"), await book.promise(2_000, "2026-03-20")
    await book.core_pays("R1", 2_000, "2026-03-11")
    await book.arrange(("2026-03-20", 10_000))
    assert (await book.promise_of(promised))["status"] == "cancelled"
    assert (await book.promise_of(kept))["status"] == "kept"  # it was not open any more


async def test_charge_off_cancels_an_arrangement_and_does_not_break_it(book: Book) -> None:
    await book.take()
    made = await book.arrange(("2026-03-12", 10_000))
    await book.take("2026-03-11", status="charged_off", charged_off_on="2026-03-11")
    assert await _status(book, made) == "cancelled"
    await book.open("2026-03-15")
    assert await _status(book, made) == "cancelled"
    assert book.published("arrangement.broken") == []


async def test_a_first_due_on_before_the_business_date_is_refused(book: Book) -> None:
    await book.take()
    assert refused_with(await book.try_arrange([("2026-03-09", 10_000)])) == (422, "due-on-in-past")


async def test_equal_instalments_follow_the_frequency_and_sum_to_the_total(book: Book) -> None:
    await book.take()
    terms = {"count": 3, "first_due_on": "2026-03-31", "frequency": "monthly", "total_minor": 10_000}
    made = (await book.try_arrange(terms)).json()
    dates = ["2026-03-31", "2026-04-30", "2026-05-31"]
    amounts = [3_333, 3_333, 3_334]
    found = [(one["due_on"], one["amount_minor"]) for one in made["installments"]]
    assert found == list(zip(dates, amounts, strict=True))
