"""`What the words mean`: **business date**, sentence by sentence."""

from datetime import UTC, date, datetime, timedelta

from tests.integration.creditor_book import Book, refused_with
from tests.integration.world import read


async def _business_date(book: Book) -> str | None:
    items = read(await book.world.accounts.client.get("/v1/creditors", params={"limit": 200}))["items"]
    (mine,) = [one for one in items if one["creditor_id"] == str(book.creditor_id)]
    found: str | None = mine["business_date"]
    return found


async def test_the_business_date_is_first_the_first_imports(book: Book) -> None:
    assert await _business_date(book) is None
    await book.take("2026-03-10")
    assert await _business_date(book) == "2026-03-10"


async def test_after_that_only_aging_runs_move_it(book: Book) -> None:
    await book.take("2026-03-10")
    await book.take("2026-03-12")
    await book.take("2026-03-01", oldest_unpaid_due_on="2026-01-01")
    await book.core_pays("R1", 10_000, "2026-03-20")
    await book.pay(10_000, "2026-03-21")
    assert await _business_date(book) == "2026-03-10"
    await book.open("2026-03-11")
    assert await _business_date(book) == "2026-03-11"


async def test_it_never_moves_back(book: Book) -> None:
    await book.take("2026-03-10")
    await book.open("2026-03-12")
    assert refused_with(await book.try_open("2026-03-11")) == (422, "business-date-in-past")
    assert await _business_date(book) == "2026-03-12"


async def test_it_never_moves_past_today_in_the_creditors_zone(book: Book) -> None:
    await book.take("2026-03-10")
    day_after_everywhere = datetime.now(UTC).date() + timedelta(days=2)  # noqa: TID251 - the wall clock is the rule
    answer = await book.try_open(day_after_everywhere.isoformat())
    assert refused_with(answer) == (422, "business-date-in-future")
    assert await _business_date(book) == "2026-03-10"


async def test_it_is_announced_as_business_date_advanced(book: Book) -> None:
    await book.take("2026-03-10")
    await book.open("2026-03-11")
    await book.open("2026-03-13")
    announced = [body["business_date"] for _, body in book.published("business_date.advanced")]
    assert announced[-2:] == ["2026-03-11", "2026-03-13"]


async def test_payments_evaluates_promises_and_arrangements_on_it(book: Book) -> None:
    await book.take("2026-03-10")
    arranged = await book.arrange(("2026-03-11", 5_000))
    promised = await book.promise(5_000, "2026-03-11")
    await book.open("2026-03-11")
    assert (await book.promise_of(promised))["status"] == "made"
    assert (await book.arrangement_of(arranged))["status"] == "active"
    await book.open("2026-03-12")
    assert (await book.promise_of(promised))["status"] == "broken"
    assert (await book.arrangement_of(arranged))["status"] == "broken"


async def test_now_means_aged_at_the_business_date_counting_every_posted_entry(book: Book) -> None:
    await book.take("2026-03-10")
    assert await book.owes() == (100_000, 20_000, 37)  # 1 February to 10 March
    await book.core_pays("R1", 10_000, "2026-03-25")  # effective after the business date: it counts all the same
    assert await book.owes() == (90_000, 10_000, 9)  # 1 March to 10 March
    await book.open("2026-03-20")
    assert await book.owes() == (90_000, 10_000, 19)


async def test_a_year_of_history_is_replayed_in_a_minute_with_no_clock_to_fake(book: Book) -> None:
    await book.take(
        "2024-02-29", balance_minor=240_000, past_due_minor=0, oldest_unpaid_due_on=None, next_due_on="2024-03-31"
    )
    promised = await book.promise(10_000, "2024-03-31")
    day, paid = date(2024, 2, 29), 0
    while day < date(2025, 2, 28):
        day = min(day + timedelta(days=31), date(2025, 2, 28))
        await book.open(day.isoformat())
        if paid < 6:
            paid += 1
            await book.core_pays(f"R{paid}", 10_000, day.isoformat())
    # Due at the ends of March 2024 to January 2025: 11; February's is today. Six are paid: through August.
    assert await book.owes() == (180_000, 50_000, 151)  # 30 September to 28 February: 1+31+30+31+31+27
    assert (await book.account())["oldest_unpaid_due_on"] == "2024-09-30"
    assert (await book.promise_of(promised))["status"] == "kept"


async def test_wall_clock_time_decides_leases(book: Book) -> None:
    await book.take("2026-03-10")  # 37 days: stage mid
    before = datetime.now(UTC)  # noqa: TID251 - a lease runs on the wall clock
    item = None
    while item is None or item["account_id"] != book.id_of():  # other tests of this file have items here too
        answer = await book.world.accounts.client.post("/v1/queues/mid/next")
        assert answer.status_code == 200, answer.text
        item = answer.json()
    leased_for = datetime.fromisoformat(item["leased_until"]) - before
    assert timedelta(minutes=29) < leased_for < timedelta(minutes=31)


async def test_the_nightly_order_is_publish_payments_import_the_close_of_d_open_the_next_date(book: Book) -> None:
    await book.take("2026-03-10")
    await book.core_pays("R1", 10_000, "2026-03-11")
    ours = await book.pay(5_000, "2026-03-10")
    assert await book.owes() == (85_000, 5_000, 9)
    # The core has booked both on the 11th, and tells: 100,000 - 15,000, of 1 March 5,000 is left.
    await book.core_pays(ours["payment_id"], 5_000, "2026-03-10", posted_on="2026-03-11")
    await book.take("2026-03-11", balance_minor=85_000, past_due_minor=5_000, oldest_unpaid_due_on="2026-03-01")
    assert await book.owes() == (85_000, 5_000, 9)
    await book.open("2026-03-12")
    assert await book.owes() == (85_000, 5_000, 11)
