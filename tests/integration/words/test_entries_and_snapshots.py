"""`What the words mean`: **entries and snapshots**, sentence by sentence."""

from tests.integration.creditor_book import LOAN, Book
from tests.integration.world import read

RETURN = {"reversal_of": "R1", "reason": "nsf"}


async def test_a_file_holds_the_postings_of_its_business_date_completely(book: Book) -> None:
    await book.core_pays("R1", 10_000, "2026-03-10")
    await book.core_pays("R2", 7_000, "2026-03-11")
    await book.take("2026-03-10")
    assert (await book.owes())[0] == 93_000


async def test_the_latest_date_rules(book: Book) -> None:
    await book.take("2026-03-10", balance_minor=100_000)
    await book.take("2026-03-12", balance_minor=90_000)
    assert (await book.account())["snapshot_on"] == "2026-03-12"
    assert (await book.owes())[0] == 90_000


async def test_of_the_same_date_the_last_received_rules(book: Book) -> None:
    await book.take("2026-03-10", balance_minor=100_000)
    await book.take("2026-03-10", balance_minor=90_000)
    assert (await book.owes())[0] == 90_000
    await book.take("2026-03-10", balance_minor=100_000)
    assert (await book.owes())[0] == 100_000


async def test_older_ones_only_fill_history(book: Book) -> None:
    await book.take("2026-03-10", balance_minor=100_000)
    await book.take("2026-03-05", balance_minor=77_000)
    assert (await book.owes())[0] == 100_000
    assert (await book.owes(as_of="2026-03-06"))[0] == 77_000


async def test_posted_on_defaults_to_effective_on_for_the_core(book: Book) -> None:
    await book.take("2026-03-10")
    await book.core_pays("R1", 10_000, "2026-03-08")
    (found,) = await book.world.payments_of("/v1/payments", book.creditor_id, "L1")
    assert (found["effective_on"], found["posted_on"], found["origin"]) == ("2026-03-08", "2026-03-08", "core")


async def test_posted_on_defaults_to_the_business_date_when_taken_for_ours(book: Book) -> None:
    await book.take("2026-03-10")
    await book.open("2026-03-12")
    found = await book.payment_of(await book.pay(10_000, "2026-03-08"))
    assert (found["effective_on"], found["posted_on"], found["origin"]) == ("2026-03-08", "2026-03-12", "ours")


async def test_a_snapshot_contains_core_entries_posted_on_its_date_or_before(book: Book) -> None:
    await book.take("2026-03-10")
    await book.core_pays("R1", 1_000, "2026-03-09")
    await book.core_pays("R2", 2_000, "2026-03-10")
    assert (await book.owes())[0] == 100_000
    await book.core_pays("R3", 4_000, "2026-03-11")
    assert (await book.owes())[0] == 96_000


async def test_a_snapshot_contains_ours_posted_before_its_date(book: Book) -> None:
    await book.take("2026-03-10")
    await book.pay(1_000, posted_on="2026-03-09")
    assert (await book.owes())[0] == 100_000
    await book.pay(2_000, posted_on="2026-03-10")
    assert (await book.owes())[0] == 98_000


async def test_all_others_count_on_top_whatever_their_effective_on(book: Book) -> None:
    await book.take("2026-03-10")
    await book.core_pays("R1", 1_000, "2025-12-24", posted_on="2026-03-11")
    await book.core_pays("R2", 2_000, "2026-03-31", posted_on="2026-03-11")
    assert (await book.owes())[0] == 97_000


async def test_all_others_count_on_top_whenever_they_arrive(book: Book) -> None:
    await book.core_pays("R1", 1_000, "2026-03-11")  # before its account
    await book.take("2026-03-10")
    await book.open("2026-05-01")
    await book.core_pays("R2", 2_000, "2026-03-11")  # seven weeks late
    assert (await book.owes())[0] == 97_000


async def test_an_echo_posts_nothing(book: Book) -> None:
    await book.take("2026-03-10")
    ours = await book.pay(10_000)
    assert book.published("payment.posted")[0][1]["payment_id"] == ours["payment_id"]
    await book.core_pays(ours["payment_id"], 10_000, "2026-03-10", posted_on="2026-03-11")
    assert (await book.owes())[0] == 90_000
    assert len(await book.world.payments_of("/v1/payments", book.creditor_id, "L1")) == 1


async def test_an_echo_makes_ours_a_core_entry_with_the_echos_posted_on(book: Book) -> None:
    await book.take("2026-03-10")
    ours = await book.pay(10_000)  # posted on 10 March, so contained from 11 March on
    await book.take("2026-03-11")
    assert (await book.owes())[0] == 100_000
    await book.core_pays(ours["payment_id"], 10_000, "2026-03-10", posted_on="2026-03-12")
    assert (await book.owes())[0] == 90_000  # the file of the 11th does not hold what the core booked on the 12th
    await book.take("2026-03-12", balance_minor=90_000, past_due_minor=10_000, oldest_unpaid_due_on="2026-03-01")
    assert (await book.owes())[0] == 90_000
    assert (await book.payment_of(ours))["booked_on"] == "2026-03-12"


async def test_an_echo_of_the_same_day_puts_ours_into_that_days_file(book: Book) -> None:
    await book.take("2026-03-10")
    ours = await book.pay(10_000)
    assert (await book.owes())[0] == 90_000
    await book.core_pays(ours["payment_id"], 10_000, "2026-03-10", posted_on="2026-03-10")
    assert (await book.owes())[0] == 100_000


async def test_a_reversal_not_contained_of_a_payment_that_is_adds_the_amount_back_on_the_oldest_date_it_had_paid(
    book: Book,
) -> None:
    await book.take("2026-03-10")  # 1 February and 1 March are open
    await book.core_pays("R1", 20_000, "2026-03-11")  # pays both
    await book.take("2026-03-11", balance_minor=80_000, past_due_minor=0, oldest_unpaid_due_on=None)
    assert await book.owes() == (80_000, 0, 0)
    await book.core_pays("R1-back", 20_000, "2026-03-12", **RETURN)
    assert await book.owes() == (100_000, 20_000, 37)
    assert await book.dues() == [("2026-02-01", 20_000)]


async def test_of_a_reversed_payment_that_paid_nothing_known_the_amount_is_due_on_its_effective_on(book: Book) -> None:
    await book.core_pays("R1", 10_000, "2026-03-04")
    await book.take("2026-03-10", balance_minor=80_000, past_due_minor=0, oldest_unpaid_due_on=None)
    await book.core_pays("R1-back", 10_000, "2026-03-11", **RETURN)
    assert await book.owes() == (90_000, 10_000, 6)
    assert await book.dues() == [("2026-03-04", 10_000)]


async def test_a_reversal_on_top_of_a_payment_on_top_leaves_what_was(book: Book) -> None:
    await book.take("2026-03-10")
    await book.core_pays("R1", 20_000, "2026-03-11")
    await book.core_pays("R1-back", 20_000, "2026-03-12", **RETURN)
    assert await book.owes() == (100_000, 20_000, 37)
    assert await book.dues() == [("2026-02-01", 10_000), ("2026-03-01", 10_000)]


async def test_an_import_dated_after_the_business_date_takes_effect_at_once(book: Book) -> None:
    await book.take("2026-03-10", past_due_minor=0, oldest_unpaid_due_on=None)
    await book.take("2026-03-13", past_due_minor=10_000, oldest_unpaid_due_on="2026-03-01")
    assert await book.owes() == (100_000, 10_000, 9)  # days past due stay at the business date, 10 March


async def test_days_past_due_stay_at_the_business_date_at_least_0(book: Book) -> None:
    await book.take("2026-03-10", past_due_minor=0, oldest_unpaid_due_on=None)
    await book.take("2026-03-13", past_due_minor=10_000, oldest_unpaid_due_on="2026-03-12")
    assert await book.owes() == (100_000, 10_000, 0)
    await book.open("2026-03-13")
    assert await book.owes() == (100_000, 10_000, 1)


async def test_an_account_missing_from_a_complete_file_has_nothing_past_due_until_it_returns(book: Book) -> None:
    others = [{**LOAN, "core_account_number": f"N{n}"} for n in range(10)]
    await book.send_file("2026-03-10", LOAN, *others)
    counts = await book.send_file("2026-03-11", *others, complete=True)
    assert counts["absent"] == 1
    assert await book.owes() == (100_000, 0, 0)
    await book.open("2026-04-05")
    assert await book.owes() == (100_000, 0, 0)  # 1 April does not fall due
    await book.core_pays("R1", 10_000, "2026-04-04")
    assert await book.owes() == (90_000, 0, 0)
    await book.take("2026-04-05", balance_minor=90_000, past_due_minor=10_000, oldest_unpaid_due_on="2026-04-01")
    assert await book.owes() == (90_000, 10_000, 4)


async def test_a_complete_file_without_above_10_percent_of_the_delinquent_accounts_changes_none(book: Book) -> None:
    others = [{**LOAN, "core_account_number": f"N{n}"} for n in range(8)]
    await book.send_file("2026-03-10", LOAN, *others)  # 1 of 9 is more than 10 %
    counts = await book.send_file("2026-03-11", *others, complete=True)
    assert (counts["absent"], counts["warnings"]) == (0, 1)
    assert await book.lines_of(counts, "warnings") == [(0, "absences-above-limit")]
    assert await book.owes() == (100_000, 20_000, 37)


async def test_as_of_a_past_day_counts_entries_effective_by_then_as_known_now(book: Book) -> None:
    await book.take("2026-03-10")
    await book.open("2026-03-20")
    await book.core_pays("R1", 10_000, "2026-03-12", posted_on="2026-03-18")
    await book.core_pays("R2", 5_000, "2026-03-14")
    assert await book.owes(as_of="2026-03-11") == (100_000, 20_000, 38)
    assert await book.owes(as_of="2026-03-12") == (90_000, 10_000, 11)
    assert await book.owes(as_of="2026-03-14") == (85_000, 5_000, 13)
    assert await book.owes() == (85_000, 5_000, 19)
    assert read(await book.world.accounts.client.get(f"/v1/accounts/{book.id_of()}"))["as_of"] == "2026-03-20"
