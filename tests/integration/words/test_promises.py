"""`What the words mean`: **promises and arrangements**, the sentences on promises.

Not yet testable: bankruptcy and discharge cancel both; they come with the restrictions of compliance.
"""

from tests.integration.creditor_book import Book, refused_with


async def _state(book: Book, promise_id: str) -> tuple[str, int]:
    found = await book.promise_of(promise_id)
    return found["status"], found["paid_minor"]


async def test_dues_promises_and_the_arrangement_each_see_the_same_money(book: Book) -> None:
    await book.take()
    arranged = await book.arrange(("2026-03-20", 20_000))
    promised = await book.promise(20_000, "2026-03-20")
    await book.core_pays("R1", 20_000, "2026-03-15")
    assert await book.owes() == (80_000, 0, 0)
    assert await _state(book, promised) == ("kept", 20_000)
    assert (await book.arrangement_of(arranged))["status"] == "completed"


async def test_entries_effective_after_made_on_are_counted_and_those_before_are_not(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-20")
    await book.core_pays("R1", 4_000, "2026-03-09", posted_on="2026-03-12")
    assert await _state(book, promised) == ("made", 0)
    await book.core_pays("R2", 6_000, "2026-03-11")
    assert await _state(book, promised) == ("made", 6_000)


async def test_entries_effective_on_made_on_are_counted_when_posted_later(book: Book) -> None:
    await book.take()
    await book.pay(4_000)  # on the same day, before the promise
    promised = await book.promise(10_000, "2026-03-20")
    assert await _state(book, promised) == ("made", 0)
    await book.pay(3_000)
    assert await _state(book, promised) == ("made", 3_000)
    await book.core_pays("R1", 7_000, "2026-03-10", posted_on="2026-03-11")
    assert await _state(book, promised) == ("kept", 10_000)


async def test_reversed_entries_are_not_counted(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-20")
    made = await book.pay(10_000)
    assert await _state(book, promised) == ("kept", 10_000)
    await book.take_back(made, "2026-03-10")
    assert await _state(book, promised) == ("made", 0)


async def test_promises_share_money_earliest_due_first(book: Book) -> None:
    await book.take()
    later = await book.promise(10_000, "2026-03-25")
    earlier = await book.promise(10_000, "2026-03-20")
    await book.core_pays("R1", 14_000, "2026-03-15")
    assert await _state(book, earlier) == ("kept", 10_000)
    assert await _state(book, later) == ("made", 4_000)


async def test_money_is_judged_by_effective_on(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-20")
    await book.open("2026-03-25")
    assert await _state(book, promised) == ("broken", 0)
    await book.core_pays("R1", 10_000, "2026-03-20", posted_on="2026-03-25")
    assert await _state(book, promised) == ("kept", 10_000)


async def test_grace_defaults_to_0_calendar_days(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-14")  # a Saturday
    await book.open("2026-03-14")
    assert await _state(book, promised) == ("made", 0)
    await book.open("2026-03-15")
    assert await _state(book, promised) == ("broken", 0)


async def test_tolerance_defaults_to_0(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-14")
    await book.core_pays("R1", 9_999, "2026-03-12")
    await book.open("2026-03-15")
    assert await _state(book, promised) == ("partially_kept", 9_999)


async def test_a_promise_is_kept_when_reached(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-14")
    await book.core_pays("R1", 10_000, "2026-03-14")
    assert await _state(book, promised) == ("kept", 10_000)
    await book.open("2026-03-20")
    assert await _state(book, promised) == ("kept", 10_000)


async def test_money_that_is_late_never_heals_broken(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-14")
    await book.open("2026-03-16")
    await book.core_pays("R1", 10_000, "2026-03-15")
    assert await _state(book, promised) == ("broken", 0)


async def test_money_left_of_a_broken_promise_goes_to_the_next(book: Book) -> None:
    await book.take()
    broken, held = await book.promise(10_000, "2026-03-14"), await book.promise(5_000, "2026-03-20")
    await book.open("2026-03-16")
    await book.core_pays("R1", 5_000, "2026-03-15")
    assert (await _state(book, broken), await _state(book, held)) == (("broken", 0), ("kept", 5_000))


async def test_a_reversal_recomputes_and_re_opening_sends_promise_made_again_with_a_higher_version(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-20")
    await book.core_pays("R1", 10_000, "2026-03-12")
    kept = (await book.promise_of(promised))["version"]
    await book.core_pays("R1-back", 10_000, "2026-03-13", reversal_of="R1", reason="nsf")
    assert await _state(book, promised) == ("made", 0)
    assert (await book.promise_of(promised))["version"] > kept
    topics = [topic for topic, _ in book.published("promise.made", "promise.kept", "promise.broken")]
    assert topics == ["promise.made", "promise.kept", "promise.made"]


async def test_a_reversal_after_the_due_date_breaks_a_kept_promise(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-12")
    await book.core_pays("R1", 10_000, "2026-03-12")
    await book.open("2026-03-16")
    await book.core_pays("R1-back", 10_000, "2026-03-16", reversal_of="R1", reason="nsf")
    assert await _state(book, promised) == ("broken", 0)


async def test_charge_off_cancels_promises_and_does_not_break_them(book: Book) -> None:
    await book.take()
    promised = await book.promise(10_000, "2026-03-12")
    await book.take("2026-03-11", status="charged_off", charged_off_on="2026-03-11")
    assert await _state(book, promised) == ("cancelled", 0)
    await book.open("2026-03-16")
    assert await _state(book, promised) == ("cancelled", 0)
    assert book.published("promise.broken") == []


async def test_a_due_on_before_the_business_date_is_refused(book: Book) -> None:
    await book.take()
    assert refused_with(await book.try_promise(10_000, "2026-03-09")) == (422, "due-on-in-past")
    assert (await book.try_promise(10_000, "2026-03-10")).status_code == 201


async def test_a_promise_on_an_account_not_yet_here_is_told_to_retry(book: Book) -> None:
    answer = await book.try_promise(10_000, "2026-03-20")
    assert answer.status_code == 409
    assert int(answer.headers["Retry-After"]) > 0
